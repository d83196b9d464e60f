package MilvusFdw::Doubles;

# What does a remote do that no real server can be made to do?  (programs in test/lib/doubles, each explains its options)
#
#   my $d = double('black_hole');                             accepts, never answers
#   my $d = double('black_hole', refuse_silently => 1);       the connection itself hangs
#   my $d = double('line', to => 'localhost:19530', after => 100_000, then => 'reset');
#   my $d = double('http_server', to => $real, script => [{ path => '_search', answers => [{ status => 429 }, { forward => 1 }] }]);
#   my $d = double('grpc_server', to => $real, script => { Insert => [{ milvus => { code => 8 }, times => 2 }, { forward => 1 }] });
#   both servers also with  cert => certs() . '/expired.crt', key => certs() . '/expired.key'
#   my $d = double('milvus1_server', segment_rows => 100);    a Milvus 1.1 server in memory
#   my $d = double('azure_blob', key => $base64);            Azure Blob Storage in memory; checks each signature
#   my $d = double('silent_dns');                             every look-up not in /etc/hosts hangs, until stop; such a file runs alone
#   $d->port; $d->host_port; $d->seen (list of what it saw, as hashes); $d->stop

use strict;
use warnings;
use File::Basename qw(dirname);
use Cwd qw(abs_path);
use POSIX ();
use JSON::PP ();
use MilvusFdw::Header;
use MilvusFdw::Servers;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(double real_es real_milvus);

my $programs = abs_path(dirname(__FILE__) . '/../doubles');
my $json     = JSON::PP->new->utf8->canonical;
my $owner    = $$;
my (@doubles, $count);

# HOST:PORT of the real servers, for `to`.
sub real_es     { return MilvusFdw::Remote::es_url() =~ s{^https?://}{}r }
sub real_milvus { return MilvusFdw::Remote::milvus_host() . ':' . MilvusFdw::Remote::milvus_port() }

sub double
{
	my ($kind, %options) = @_;
	MilvusFdw::Header::must_say('alone', "silences everybody's name server") if $kind eq 'silent_dns';
	my $base = MilvusFdw::Servers::scratch() . "/double" . ++$count;
	my $cache = $ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw';
	my %python = (grpc_server => "$cache/venv/bin/python", milvus1_server => "$cache/venv-milvus1/bin/python");
	my @command = ($python{$kind} // '/usr/bin/python3', "$programs/$kind.py", '--log', "$base.log");
	if (ref $options{script})
	{
		open my $file, '>', "$base.json" or die $!;
		print $file $json->encode(delete $options{script});
		close $file;
		push @command, '--script', "\@$base.json";
	}
	for my $name (sort keys %options)
	{
		(my $option = "--$name") =~ tr/_/-/;
		push @command, $option, $name eq 'refuse_silently' ? () : $options{$name};
	}
	pipe(my $read, my $write) or die $!;
	my $pid = fork // die $!;
	if (!$pid)
	{
		open STDOUT, '>&', $write;
		open STDERR, '>', "$base.err";
		$ENV{PYTHONDONTWRITEBYTECODE} = 1;
		exec @command or POSIX::_exit(127);
	}
	close $write;
	my $line = <$read>;
	my $self = bless { pid => $pid, log => "$base.log" }, __PACKAGE__;
	push @doubles, $self;
	($self->{port}) = ($line // '') =~ /^ready (\d+)/ or die "double $kind did not start: " . _slurp("$base.err");
	return $self;
}

sub port      { return $_[0]{port} }
sub host_port { return "localhost:$_[0]{port}" }
sub url       { return "http://localhost:$_[0]{port}" }
# A line that is still being written is not there yet.
sub seen      { return map { $json->decode($_) } grep { s/\n\z// } split /(?<=\n)/, _slurp($_[0]{log}) }

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;
	kill 'KILL', $pid;
	waitpid $pid, 0;
}

sub _slurp
{
	open my $file, '<', $_[0] or return '';
	local $/;
	return <$file> // '';
}

END
{
	if ($$ == $owner)
	{
		local $?;
		$_->stop for @doubles;
	}
}

1;
