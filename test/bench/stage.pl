# How long does staging a Faiss index take, beside cp of it?     stage.pl [ROWS] [DIMS] [ROUNDS]
#
# An IVFFlat index of 1,000,000 x 128 by faiss-cpu into NumPy files and into Parquet without and with compression, on
# local disk, in turn with cp.  The bar, for NumPy: at most 2 x cp + 0.3 s, and 64 MB over the backend's start.  Prints
# medians, and exits with 1 where the bar is missed.

use MilvusFdw;
use Time::HiRes qw(time);

my ($rows, $dims, $rounds) = (@ARGV, (1_000_000, 128, 5)[ @ARGV .. 2 ]);
my $dir = server_directory();
mkdir "$dir/place" or die;
chmod 0777, "$dir/place";

fresh_database(name => 'bench_stage');
file_python(<<'P', args => [ $rows, $dims, "$dir/big.faiss" ]);
import faiss
n, d = int(args[0]), int(args[1])
x = np.random.RandomState(0).rand(n, d).astype("f4")
index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, 1024)
index.own_fields = False
index.cp.niter = 2    # how well it clusters is not what is measured
index.train(x[:10000])
index.add_with_ids(x, np.arange(n) * 3)
faiss.write_index(index, args[2])
P
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw');
sql("CREATE FOREIGN TABLE big (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/big.faiss')");
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$dir/place')");

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }
sub worst { my @s = sort { $a <=> $b } @_; return $s[-1] }
sub memory { my ($pid) = @_; open my $f, '<', "/proc/$pid/status" or die; my ($kb) = map { /^VmHWM:\s*(\d+)/ } <$f>; return $kb / 1024 }

# On a virtual machine memory that was not used for a while costs more to write to than the copy itself: before each
# that writes, as much is written and removed again.
sub timed
{
	my ($do) = @_;
	system("cp $dir/big.faiss $dir/warm && cp $dir/big.faiss $dir/warm2") == 0 or die "cp\n";
	unlink "$dir/warm", "$dir/warm2";
	my $start = time;
	$do->();
	return time() - $start;
}

my (%took, %grown, %bytes);
for my $round (0 .. $rounds)
{
	my $cp = timed(sub { system("cp $dir/big.faiss $dir/copy") == 0 or die "cp\n" });
	unlink "$dir/copy";
	push @{ $took{cp} }, $cp if $round;
	for my $how (q('numpy'), q('parquet', 'none'), q('parquet', 'snappy'), q('parquet', 'zstd'))
	{
		my $session = connect_to('bench_stage');
		$session->sql('SET jit = off');
		$session->value('SELECT count(*) FROM big WHERE false');
		my $base = memory($session->pid);
		my @files;
		my $seconds = timed(sub { @files = $session->sql("SELECT bytes FROM milvus_fdw.stage('SELECT * FROM public.big', 'place', $how, file_bytes => 4000000000)") });
		my $grown = memory($session->pid) - $base;
		$session->sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
		next if !$round;
		push @{ $took{$how} }, $seconds;
		push @{ $grown{$how} }, $grown;
		$bytes{$how} = 0;
		$bytes{$how} += $_->[0] for @files;
	}
}
my $bar = 2 * median(@{ $took{cp} }) + 0.3;
printf "%d x %d, %.0f MB: cp %.3f s, so the bar is %.3f s\n", $rows, $dims, (-s "$dir/big.faiss") / 1e6, median(@{ $took{cp} }), $bar;
printf "%-20s %.3f s, %.0f MB of files, %.0f MiB over the start\n", $_, median(@{ $took{$_} }), $bytes{$_} / 1e6, worst(@{ $grown{$_} }) for sort keys %grown;
exit(median(@{ $took{q('numpy')} }) <= $bar && worst(@{ $grown{q('numpy')} }) <= 64 ? 0 : 1);
