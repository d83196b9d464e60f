# What does staging cost beside the import itself?     bulk.pl [ROWS] [DIMS] [ROUNDS]
#
# In turn: the import of a file that is there already, and an INSERT with write_mode 'bulk', which stages the same rows and
# has them imported.  Both wait until Milvus has the rows in its storage.  The bars: 1.3 x the import, and 64 MiB over the
# backend's start.  Prints medians, the CPU seconds and the highest memory of our backend; exits with 1 where a bar is missed.

use MilvusFdw;
use Time::HiRes qw(time);

my ($rows, $dims, $rounds) = (@ARGV, (200_000, 128, 3)[ @ARGV .. 2 ]);
fresh_database(name => 'bench_bulk');
both_servers();
bulk_store('place');
sql("CREATE UNLOGGED TABLE vectors AS SELECT g::bigint AS id, ARRAY(SELECT ((g * i) % 1009 / 7.0)::real FROM generate_series(1, $dims) i) AS v FROM generate_series(1, 1000) g");
my $times = $rows / 1000;
my $query = "SELECT (t - 1) * 1000 + v.id AS id, v.v FROM public.vectors v, generate_series(1, $times) t";

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }
sub timed { my ($do) = @_; my $start = time; $do->(); return time() - $start }

# An empty collection of the name, without an index, and a table of it.
sub target
{
	my ($name) = @_;
	ours(milvus => [$name]);
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	sql("CREATE FOREIGN TABLE $name (id bigint OPTIONS (key 'true'), v real[] OPTIONS (dim '$dims')) SERVER milvus OPTIONS (write_mode 'bulk', stage 'place', bulk_wait 'persisted')");
	sql("SELECT milvus_fdw.create_collection('milvus', '$name', like => '$name', index => 'none', load => false)");
}

# The INSERT in a session of its own; seconds.
my (%took, $cpu, $grown);
sub insert
{
	my $session = connect_to('bench_bulk');
	$session->value('SELECT 1');
	my $pid = $session->pid;
	my ($base, $before) = (peak_kb($pid), cpu_seconds($pid));
	my $seconds = timed(sub { $session->sql("INSERT INTO bench_bulk_insert $query") });
	die 'rows: ' . $session->affected . "\n" if $session->affected != $rows;
	($cpu, $grown) = (cpu_seconds($pid) - $before, (peak_kb($pid) - $base) / 1024);
	return $seconds;
}

for my $round (0 .. $rounds)
{
	target($_) for qw(bench_bulk_import bench_bulk_insert);
	my $manifest = value("SELECT min(manifest) FROM milvus_fdw.stage('$query', 'place', 'parquet', 'none')");
	my $import = timed(sub { sql("SELECT * FROM milvus_fdw.import_files('bench_bulk_import', 'place', '$manifest')") });
	my $insert = insert();
	next if $round == 0;
	push @{ $took{import} }, $import;
	push @{ $took{insert} }, $insert;
}
ours(milvus => [qw(bench_bulk_import bench_bulk_insert)]);
my ($import, $insert) = map { median(@{ $took{$_} }) } qw(import insert);
printf "%d x %d: import alone %.2f s, staging and import %.2f s: %.2f x (bar 1.3); ours %.2f CPU s, %.0f MiB over the start (bar 64)\n",
	$rows, $dims, $import, $insert, $insert / $import, $cpu, $grown;
exit($insert <= 1.3 * $import && $grown < 64 ? 0 : 1);
