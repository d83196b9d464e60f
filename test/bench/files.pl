# What do file tables cost beside cat and cp?     files.pl [ROWS DIMS ROUNDS]
#
# An IVFFlat index of 1,000,000 x 128 by faiss-cpu: read (count of its vectors) beside cat of it, copied into a Faiss and
# into an HDF5 table beside cp of it.  They take turns within a round; medians.  Memory is the backend's peak over what
# it was when it began, shared buffers not counted.

use MilvusFdw;
use Time::HiRes qw(time);
use List::Util qw(sum);

my ($rows, $dims, $rounds) = (@ARGV, 1_000_000, 128, 5)[ 0 .. 2 ];
my $dir = server_directory();
fresh_database(name => 'bench_files');
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw'), sql('CREATE SERVER h FOREIGN DATA WRAPPER hdf5_fdw');
file_python(<<'P', args => [ $rows, $dims, "$dir/big.faiss" ]);
import faiss
n, d = int(args[0]), int(args[1])
x = np.random.RandomState(0).rand(n, d).astype("f4")
index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, 1024)
index.own_fields = False
index.train(x[:20000])
index.add_with_ids(x, np.arange(n) * 3)
faiss.write_index(index, args[2])
P
sql("CREATE FOREIGN TABLE big (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/big.faiss')");
sql("CREATE FOREIGN TABLE to_faiss (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/to.faiss', index 'IDMap2,Flat')");
sql("CREATE FOREIGN TABLE to_hdf5 (ids bigint, embeddings real[]) SERVER h OPTIONS (filename '$dir/to.h5')");

my (%seconds, %mb);

# On a virtual machine memory that was not used for a while costs more to write to than the copy itself: before each
# program that writes, as much is written and removed again.
sub warm
{
	system("cp $dir/big.faiss $dir/warm && cp $dir/big.faiss $dir/warm2") == 0 or die "cp\n";
	unlink "$dir/warm", "$dir/warm2";
}

sub anonymous_kb
{
	my ($pid) = @_;
	open my $f, '<', "/proc/$pid/status" or return 0;
	my ($kb) = join('', <$f>) =~ /^RssAnon:\s+(\d+)/m;
	return $kb // 0;
}

# One statement in a session of its own, watched by a second process.
sub statement
{
	my ($name, $query) = @_;
	my $session = connect_to('bench_files');
	$session->sql('SELECT count(*) FROM big WHERE false');
	my $base = anonymous_kb($session->pid);
	pipe my $read, my $write or die $!;
	my $pid = fork // die $!;
	if (!$pid)
	{
		my $peak = 0;
		my $going = 1;
		local $SIG{TERM} = sub { $going = 0 };
		while ($going) { my $kb = anonymous_kb($session->pid); $peak = $kb if $kb > $peak; select undef, undef, undef, 0.005 }
		syswrite $write, "$peak\n";
		require POSIX;
		POSIX::_exit(0);
	}
	my $start = time;
	$session->sql($query);
	push @{ $seconds{$name} }, time - $start;
	kill 'TERM', $pid;
	my $peak = <$read>;
	waitpid $pid, 0;
	push @{ $mb{$name} }, ($peak - $base) / 1024;
}

sub command
{
	my ($name, @command) = @_;
	my $start = time;
	system("@command") == 0 or die "@command\n";
	push @{ $seconds{$name} }, time - $start;
}

for (1 .. $rounds)
{
	command('cat', "cat $dir/big.faiss > /dev/null");
	statement('SELECT count(vector)', 'SELECT count(vector) FROM big');
	warm();
	command('cp', "cp $dir/big.faiss $dir/copy");
	unlink "$dir/copy";
	warm();
	statement('INSERT into Faiss', 'INSERT INTO to_faiss SELECT id, vector FROM big');
	unlink "$dir/to.faiss";
	warm();
	command('cp', "cp $dir/big.faiss $dir/copy");
	unlink "$dir/copy";
	warm();
	statement('INSERT into HDF5', 'INSERT INTO to_hdf5 SELECT id, vector FROM big');
	unlink "$dir/to.h5";
}

sub median { my @s = sort { $a <=> $b } @_; return $s[ @s / 2 ] }
sub worst { my @s = sort { $a <=> $b } @_; return $s[-1] }
printf "%d x %d, %.0f MB, %d rounds\n", $rows, $dims, (-s "$dir/big.faiss") / 1e6, $rounds;
for ([ cat => 'SELECT count(vector)' ], [ cp => 'INSERT into Faiss', 'INSERT into HDF5' ])
{
	my ($base, @ours) = @$_;
	my $b = median(@{ $seconds{$base} });
	printf "%-24s %6.2f s\n", $base, $b;
	printf "%-24s %6.2f s  (2 x %s + 0.3 = %.2f)  %.0f MB over the start\n", $_, median(@{ $seconds{$_} }), $base, 2 * $b + 0.3, worst(@{ $mb{$_} }) for @ours;
}
