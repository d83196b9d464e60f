# How long does a Faiss file take into Milvus, beside what the server itself can do?     faiss_milvus.pl [ROWS] [DIMS] [ROUNDS]
#
# In turn: a client whose insert requests are ready (ids and vectors, as a file has them), and our INSERT ... SELECT out of
# an IDMap2,Flat file.  Prints medians; exits with 1 where ours takes more than 1.15 x as long.

use FindBin;
use lib $FindBin::Bin;
use MilvusFdw;
use Turns;

my ($rows, $dims, $rounds) = (@ARGV, (100_000, 128, 5)[ @ARGV .. 2 ]);
my $dir    = server_directory();

fresh_database(name => 'bench_faiss');
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '" . milvus_host() . "', port '" . milvus_port() . "')");
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw');
file_python(<<'P', args => [ $rows, $dims, "$dir/source.faiss" ]);
import faiss
n, d = int(args[0]), int(args[1])
index = faiss.index_factory(d, "IDMap2,Flat")
index.add_with_ids(np.random.RandomState(0).rand(n, d).astype("f4"), np.arange(n) * 3)
faiss.write_index(index, args[2])
P
sql("CREATE FOREIGN TABLE source (id bigint, vector real[] OPTIONS (dim '$dims')) SERVER f OPTIONS (filename '$dir/source.faiss')");
sql(q{CREATE FOREIGN TABLE target (id bigint, vector real[]) SERVER milvus OPTIONS (collection 'bench_faiss_target')});

my (%took, $cpu, $grown);
for (0 .. $rounds)
{
	settle();
	my $insert = python_wall('test/bench/insert_milvus.py', $rows, $dims, 'vectors');
	eval { sql(q{SELECT milvus_fdw.drop_collection('milvus', 'bench_faiss_target')}) };
	sql(q{SELECT milvus_fdw.create_collection('milvus', 'bench_faiss_target', like => 'source', primary_key => 'id', index => 'none', load => false)});
	settle();
	(my $ours, $cpu, $grown) = our_insert('bench_faiss', $rows);
	next if $_ == 0;
	push @{ $took{insert} }, $insert;
	push @{ $took{ours} }, $ours;
}
sql(q{SELECT milvus_fdw.drop_collection('milvus', 'bench_faiss_target')});
my ($insert, $ours) = map { median(@{ $took{$_} }) } qw(insert ours);
printf "Faiss to Milvus, %d x %d: insert %.2f s, ours %.2f s = %.2f x; %.2f CPU s, %.0f MiB over the start\n",
	$rows, $dims, $insert, $ours, $ours / $insert, $cpu, $grown;
exit($ours <= 1.15 * $insert ? 0 : 1);
