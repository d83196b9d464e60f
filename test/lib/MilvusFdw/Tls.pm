package MilvusFdw::Tls;

# How does a file about TLS and credentials make servers, and what is the log saying?
#
#   tls_side(wrapper => 'milvus_fdw', address => sub { "host 'localhost', port '$_[0]'" },
#       table => "collection 'x'", columns => 'id bigint', mapping => { user => .., password => .. })
#   remote($where, %options)                 a server with its table, and the mapping above; its name
#   mapping($server, %options)               the current user's mapping anew; without options none
#   query($server)                           a SELECT from its table whose answer is 6
#   works($name, $where, %options)           it answers
#   refused($name, $where, \%options, %expected)   it fails, as in fails()
#   server_log()                             what PostgreSQL has logged of this database since tls_side, without the DDL that
#                                            one typed secrets into
#   key_of($name, %opt)                      a copy of certs/NAME.key that PostgreSQL may use; mode => 0644 as you like it

use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use MilvusFdw::Servers;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(tls_side remote mapping query works refused server_log key_of);

my ($names, $keys) = (0, 0);
my (%side, $log_before);

sub tls_side
{
	%side = @_;
	$log_before = -s _log_file() // 0;
}

sub remote
{
	my ($where, %options) = @_;
	my $name    = ($side{name} // 'remote') . ++$names;
	my $options = join '', map { ", $_ '$options{$_}'" } sort keys %options;
	my $address = $side{address}->($where);
	MilvusFdw::sql("CREATE SERVER $name FOREIGN DATA WRAPPER $side{wrapper} OPTIONS ($address, retry_timeout '0'$options)");
	MilvusFdw::sql("CREATE FOREIGN TABLE $name ($side{columns}) SERVER $name OPTIONS ($side{table})");
	mapping($name, %{ $side{mapping} });
	return $name;
}

sub mapping
{
	my ($server, %options) = @_;
	MilvusFdw::sql("DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER $server");
	MilvusFdw::sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $server OPTIONS (" . join(', ', map { "$_ '$options{$_}'" } sort keys %options) . ')')
		if %options;
}

sub query { return "SELECT sum(id) FROM $_[0]" }

sub works
{
	my ($name, $where, %options) = @_;
	my $remote = remote($where, %options);
	my $e = MilvusFdw::error_of(query($remote));
	is($e ? "$e->{message}: " . ($e->{detail} // '') : MilvusFdw::value(query($remote)), 6, $name);
}

sub refused
{
	my ($name, $where, $options, %expected) = @_;
	MilvusFdw::Fails::fails($name, query(remote($where, %$options)), %expected);
}

sub _log_file
{
	my $dir = MilvusFdw::value('SHOW data_directory') =~ s{/data$}{}r;
	return "$dir/log";
}

sub server_log
{
	open my $file, '<', _log_file() or die $!;
	seek $file, $log_before, 0;
	my $database = MilvusFdw::value('SELECT current_database()');
	my ($ours, @lines) = (0);
	while (<$file>)
	{
		# A message may have several lines.
		$ours = $1 eq $database if /^\S+ \S+ \S+ \[\d+\] (\S*)/;
		push @lines, $_ if $ours;
	}
	die "PostgreSQL has logged nothing of $database\n" unless @lines;
	return join '', grep { !/(CREATE|ALTER) (SERVER|USER MAPPING)/ } @lines;
}

# PostgreSQL runs as another user than root, and takes a key only if others cannot read it.
sub key_of
{
	my ($name, %opt) = @_;
	my $file = MilvusFdw::Servers::scratch() . '/key' . ++$keys;
	copy($opt{from} // MilvusFdw::Servers::certs() . "/$name.key", $file) or die $!;
	my $owner = (stat MilvusFdw::value('SHOW data_directory'))[4];
	chown $owner, -1, $file if $> == 0;
	chmod $opt{mode} // 0600, $file;
	return $file;
}

1;
