# How long does reading a Milvus 1.x data directory take, beside cat?     milvus1.pl [ROWS] [DIMS] [SEGMENTS] [ROUNDS]
#
# In turn, warm: cat of all its files, and SELECT count(vector), which hands every vector to the executor.  The ids rise
# within a segment, but the segments' ranges overlap, so finding repeated ids takes its hash table.  The bar: at most
# 2 x cat + 0.3 s, and 64 MB over the backend's start.  Prints medians; exits with 1 where the bar is missed.

use MilvusFdw;
use Time::HiRes qw(time);

my ($rows, $dims, $segments, $rounds) = (@ARGV, (1_000_000, 128, 10, 5)[ @ARGV .. 3 ]);
my $dir = scratch() . '/m1';
my $python = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv/bin/python';
system($python, 'test/lib/milvus1_data.py', $dir, $rows, $dims, $segments) == 0 or die "no data\n";
system('chmod', '-R', 'a+rX', $dir);

fresh_database(name => 'bench_milvus1');
sql("CREATE SERVER m1 FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '$dir', meta 'sqlite:$dir/db/meta.sqlite')");
sql(q{CREATE FOREIGN TABLE large (id bigint, vector real[]) SERVER m1});

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }
sub timed { my ($do) = @_; my $start = time; $do->(); return time() - $start }

# kB, of the backend: its most, and what is its own at the start
sub memory { my ($pid) = @_; open my $f, '<', "/proc/$pid/status" or die; my ($kb) = map { /^VmHWM:\s*(\d+)/ } <$f>; return $kb }

my (%took, $grown);
for (0 .. $rounds)
{
	my $cat = timed(sub { system("cat $dir/db/tables/large/*/* >/dev/null") == 0 or die });
	my $session = connect_to('bench_milvus1');
	$session->value('SELECT 1');
	my $base = memory($session->pid);
	my $count;
	my $ours = timed(sub { $count = $session->value('SELECT count(vector) FROM large') });
	die "$count rows\n" if $count != $rows;
	$grown = (memory($session->pid) - $base) / 1024;
	next if $_ == 0;
	push @{ $took{cat} }, $cat;
	push @{ $took{ours} }, $ours;
}
my ($cat, $ours) = map { median(@{ $took{$_} }) } qw(cat ours);
printf "%d x %d in %d segments: cat %.3f s, count(vector) %.3f s (2 x cat + 0.3 = %.3f), %.0f MiB over the start, %.1f million rows/s\n",
	$rows, $dims, $segments, $cat, $ours, 2 * $cat + 0.3, $grown, $rows / $ours / 1e6;
exit($ours <= 2 * $cat + 0.3 && $grown <= 64 ? 0 : 1);
