# How long does Milvus to Milvus take, beside what the server itself can do?     copy_milvus.pl [ROWS] [DIMS] [ROUNDS] [SPLITS]
#
# In turn: a client that only takes the bytes, one whose insert requests are ready, and our INSERT ... SELECT.  The bar: at
# most 1.3 x the sum of the first two.  Prints medians; exits with 1 where the bar is missed.  SPLITS: "1,2,4" has ours read
# its source in so many parts, in turn; the last one decides.

use FindBin;
use lib $FindBin::Bin;
use MilvusFdw;
use Turns;

my ($rows, $dims, $rounds, $splits) = (@ARGV, (100_000, 128, 5, 1)[ @ARGV .. 3 ]);
my @splits = split /,/, $splits;
my $python = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv/bin/python';
system($python, 'test/bench/drain_milvus.py', 'fill', $rows, $dims) == 0 or die "cannot fill the collection\n";

fresh_database(name => 'bench_copy');
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '" . milvus_host() . "', port '" . milvus_port() . "')");
my $columns = 'id bigint, title text, price double precision, embedding real[]';
sql("CREATE FOREIGN TABLE source ($columns) SERVER milvus OPTIONS (collection 'bench_source', splits '1')");
sql("CREATE FOREIGN TABLE target ($columns) SERVER milvus OPTIONS (collection 'bench_target')");

my (%took, $cpu, $grown);
for (0 .. $rounds)
{
	settle();
	my $drain  = python_wall('test/bench/drain_milvus.py', $rows, $dims);
	settle();
	my $insert = python_wall('test/bench/insert_milvus.py', $rows, $dims);
	if ($_ > 0)
	{
		push @{ $took{drain} }, $drain;
		push @{ $took{insert} }, $insert;
	}
	for my $n (@splits)
	{
		eval { sql(q{SELECT milvus_fdw.drop_collection('milvus', 'bench_target')}) };
		sql(q{SELECT milvus_fdw.create_collection('milvus', 'bench_target', like => 'source', index => 'none', load => false)});
		sql("ALTER FOREIGN TABLE source OPTIONS (SET splits '$n')");
		settle();
		(my $ours, $cpu, $grown) = our_insert('bench_copy', $rows);
		next if $_ == 0;
		push @{ $took{$n} }, $ours;
	}
}
my ($drain, $insert) = map { median(@{ $took{$_} }) } qw(drain insert);
my $ours;
for my $n (@splits)
{
	$ours = median(@{ $took{$n} });
	printf "Milvus to Milvus, %d x %d%s: drain %.2f s, insert %.2f s, ours %.2f s = %.2f x their sum; %.2f CPU s, %.0f MiB over the start\n",
		$rows, $dims, $n > 1 ? " in $n parts" : '', $drain, $insert, $ours, $ours / ($drain + $insert), $cpu, $grown;
}
exit($ours <= 1.3 * ($drain + $insert) ? 0 : 1);
