# How long does staging to NumPy files take, beside cp of the same bytes?     stage.pl [ROWS] [DIMS] [ROUNDS]
#
# In turn, warm, on local disk: a query that repeats 1000 vectors in memory, so that its own time is little.  The bar: at
# most 2 x cp + 0.3 s, and 64 MB over the backend's start.  Prints medians; exits with 1 where the bar is missed.

use MilvusFdw;
use Time::HiRes qw(time);

my ($rows, $dims, $rounds) = (@ARGV, (1_000_000, 128, 5)[ @ARGV .. 2 ]);
my $place = scratch() . '/stage';
mkdir $place or die;
chmod 0777, $place;

fresh_database(name => 'bench_stage');
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
sql("CREATE UNLOGGED TABLE vectors AS SELECT g::bigint AS id, ARRAY(SELECT ((g * i) % 1009 / 7.0)::real FROM generate_series(1, $dims) i) AS v FROM generate_series(1, 1000) g");
my $times = $rows / 1000;

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }
sub timed { my ($do) = @_; my $start = time; $do->(); return time() - $start }
sub memory { my ($pid) = @_; open my $f, '<', "/proc/$pid/status" or die; my ($kb) = map { /^VmHWM:\s*(\d+)/ } <$f>; return $kb }

my (%took, $grown, $bytes);
for my $round (0 .. $rounds)
{
	my $session = connect_to('bench_stage');
	$session->sql("SET jit = off");	# it would cost more than it gains, and memory that is not ours
	$session->value("SELECT count(*) FROM vectors");
	my $base = memory($session->pid);
	my @files;
	my $ours = timed(sub { @files = $session->sql("SELECT name, bytes FROM milvus_fdw.stage('SELECT v.id, v.v FROM public.vectors v, generate_series(1, $times)', 'place', 'numpy', file_bytes => 4000000000)") });
	$grown = (memory($session->pid) - $base) / 1024;
	$bytes = 0;
	$bytes += $_->[1] for @files;
	my $cp = timed(sub { system('cp', (map { "$place/$_->[0]" } @files), scratch()) == 0 or die });
	my $query = timed(sub { $session->value("SELECT count(v.v) FROM public.vectors v, generate_series(1, $times)") });
	unlink glob(scratch() . '/*.npy');
	$session->sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
	next if $round == 0;
	push @{ $took{ours} }, $ours;
	push @{ $took{cp} }, $cp;
	push @{ $took{query} }, $query;
}
my ($ours, $cp, $query) = map { median(@{ $took{$_} }) } qw(ours cp query);
printf "%d x %d, %.0f MB: cp %.3f s, stage %.3f s (2 x cp + 0.3 = %.3f), the query alone %.3f s, %.0f MiB over the start\n",
	$rows, $dims, $bytes / 1e6, $cp, $ours, 2 * $cp + 0.3, $query, $grown;
exit($ours <= 2 * $cp + 0.3 && $grown <= 64 ? 0 : 1);
