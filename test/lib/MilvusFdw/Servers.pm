package MilvusFdw::Servers;

# How does a TAP file get a server of its own, and who ends it?
#
#   my $s = start_server('milvus', '--auth');      also 'elasticsearch', 'postgres', ...; options as in test/servers
#   $s->{port}, $s->{dir}; $s->stop; $s->start again on the same data and port; $s->running.  Ended at the latest with the file.
#   certs()       directory with ca.crt, server.crt, client.crt, expired.crt, foreign.crt, ... (test/servers/certs)
#   scratch()     a directory of this file's own, removed at the end
#   free_port($n) first of n free consecutive ports, which nobody else who asks gets while this file runs

use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path ();
use Cwd qw(abs_path);
use IO::Socket::INET;
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);
use MilvusFdw::Header;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(start_server certs scratch free_port);

my $programs = abs_path(dirname(__FILE__) . '/../../servers');
my $owner    = $$;
my ($scratch, @servers, @claims);
my $next_port = 21000;

sub scratch
{
	return $scratch if $scratch;
	(my $name = $0) =~ s{.*/|\.pl$}{}g;
	my $parent = $ENV{MILVUS_FDW_SCRATCH} // '/tmp';
	$scratch = "$parent/tap-$name-$$";
	File::Path::make_path($scratch, { mode => 0755 });
	return $scratch;
}

sub certs
{
	my $dir = ($ENV{MILVUS_FDW_SCRATCH} // scratch()) . '/certs';
	system("$programs/certs", $dir) == 0 or die "no certificates\n";
	return $dir;
}

my %ports = (milvus => 12, elasticsearch => 2);

# A name without a file: it belongs to the network namespace, as ports do, and ends with the process.
sub claim
{
	my ($port) = @_;
	socket my $claim, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
	return bind($claim, pack_sockaddr_un("\0milvus_fdw test port $port")) ? $claim : undef;
}

# Not from the kernel's ephemeral range, or a client's own socket could take it in between.
sub free_port
{
	my ($count) = @_;
	$count //= 1;
	while ($next_port + $count < 32000)
	{
		my @held = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $_, Listen => 1, ReuseAddr => 1) }
			$next_port .. $next_port + $count - 1;
		my @claimed = map { claim($_) } $next_port .. $next_port + $count - 1;
		my $port = $next_port;
		$next_port += $count;
		next if grep { !defined } @held, @claimed;
		push @claims, @claimed;
		return $port;
	}
	die "no free port\n";
}

sub start_server
{
	my ($kind, @options) = @_;
	MilvusFdw::Header::must_say('starts', "starts $kind") if $ports{$kind};
	my $self = bless { kind => $kind, options => \@options, dir => scratch() . "/$kind" . @servers,
		port => free_port($ports{$kind} // 1) }, __PACKAGE__;
	push @servers, $self;
	return $self->start;
}

sub start
{
	my ($self) = @_;
	system("$programs/$self->{kind}", 'start', $self->{dir}, '--port', $self->{port}, @{ $self->{options} }) == 0
		or die "cannot start $self->{kind}\n";
	return $self;
}

# Is its process there?  One may have ended by itself.
sub running
{
	my ($self) = @_;
	return system("$programs/$self->{kind} status '$self->{dir}' >/dev/null 2>&1") == 0;
}

sub stop
{
	my ($self) = @_;
	system("$programs/$self->{kind}", 'stop', $self->{dir}) == 0 or warn "cannot stop $self->{kind}\n";
	return $self;
}

END
{
	if ($$ == $owner)
	{
		local $?;
		$_->stop for grep { -e "$_->{dir}/pid" } @servers;
		File::Path::remove_tree($scratch) if $scratch && !$ENV{MILVUS_FDW_KEEP};
	}
}

1;
