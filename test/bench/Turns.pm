package Turns;

# What do measurements share that take turns with a client of Milvus's own?
#
#   settle()              wait until Milvus has done what the client before left it to do, at most a minute: one that
#                         others use, too, never rests
#   python_wall(@args)    seconds that a script of test/bench says it took
#   median(@numbers)
#   our_insert($database, $rows)   INSERT INTO target SELECT * FROM source in a session of its own: seconds, CPU seconds, and
#                         MiB over the session's start

use strict;
use warnings;
use MilvusFdw;
use Time::HiRes ();
use Exporter 'import';
our @EXPORT = qw(settle python_wall median our_insert);

my $python = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv/bin/python';
my $server;

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }

sub python_wall
{
	my ($line) = grep { /wall=/ } qx($python @_);
	my ($wall) = ($line // '') =~ /wall=([\d.]+)/ or die "@_ failed\n";
	return $wall;
}

sub settle
{
	($server) = map { /^(\d+)/ } qx(pgrep -f 'milvus run standalone') unless $server;
	my $until = time + 60;
	for (my ($quiet, $before) = (0, 0); $quiet < 3 && time < $until;)
	{
		my $now = cpu_seconds($server);
		$quiet  = $now - $before < 0.1 ? $quiet + 1 : 0;
		$before = $now;
		select undef, undef, undef, 0.5;
	}
}

sub our_insert
{
	my ($database, $rows) = @_;
	my $session = connect_to($database);
	$session->value('SELECT 1');
	my $pid = $session->pid;
	my ($base, $before, $start) = (peak_kb($pid), cpu_seconds($pid), Time::HiRes::time);
	$session->sql('INSERT INTO target SELECT * FROM source');
	my $took = Time::HiRes::time - $start;
	die 'rows: ' . $session->affected . "\n" if $session->affected != $rows;
	return ($took, cpu_seconds($pid) - $before, (peak_kb($pid) - $base) / 1024);
}

1;
