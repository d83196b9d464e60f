# How long does reading a Milvus 1.x data directory take, beside cat?     milvus1.pl [ROWS] [DIMS] [SEGMENTS] [ROUNDS]
#
# In turn, warm: cat of all its files and SELECT count(vector), which hands every vector to the executor; cp of them and
# INSERT into a Faiss file.  The ids rise within a segment, but the segments' ranges overlap, so finding repeated ids takes
# its hash table.  The bar: at most 2 x cat (cp) + 0.3 s, and 64 MB over the backend's start.  Prints medians; exits with 1
# where the bar is missed.

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

sql('CREATE SERVER files FOREIGN DATA WRAPPER faiss_fdw');
mkdir "$dir/out" or die;
chmod 0777, "$dir/out";
sql(qq{CREATE FOREIGN TABLE file (id bigint, vector real[] OPTIONS (dim '$dims')) SERVER files OPTIONS (filename '$dir/out/large.faiss', index 'IDMap2,Flat')});

my %ours = (
	cat => sub { my ($session) = @_; die if $session->value('SELECT count(vector) FROM large') != $rows },
	cp  => sub { my ($session) = @_; $session->sql('INSERT INTO file SELECT * FROM large') });
my %theirs = (
	cat => sub { system("cat $dir/db/tables/large/*/* >/dev/null") == 0 or die },
	cp  => sub { system("cp -r $dir/db/tables $dir/out/tables") == 0 or die });
my (%took, %grown);
for my $round (0 .. $rounds)
{
	for my $what (qw(cat cp))
	{
		my $theirs = timed($theirs{$what});
		system("rm -rf $dir/out/*");
		my $session = connect_to('bench_milvus1');
		$session->value('SELECT 1');
		my $base = memory($session->pid);
		my $ours = timed(sub { $ours{$what}->($session) });
		system("rm -rf $dir/out/*");
		next if $round == 0;
		$grown{$what} = (memory($session->pid) - $base) / 1024;
		push @{ $took{$what}{theirs} }, $theirs;
		push @{ $took{$what}{ours} }, $ours;
	}
}
my $missed = 0;
for my $what (qw(cat cp))
{
	my ($theirs, $ours) = map { median(@{ $took{$what}{$_} }) } qw(theirs ours);
	printf "%d x %d in %d segments: %s %.3f s, %s %.3f s (2 x %s + 0.3 = %.3f), %.0f MiB over the start, %.1f million rows/s\n",
		$rows, $dims, $segments, $what, $theirs, $what eq 'cat' ? 'count(vector)' : 'into a Faiss file', $ours, $what,
		2 * $theirs + 0.3, $grown{$what}, $rows / $ours / 1e6;
	$missed ||= $ours > 2 * $theirs + 0.3 || $grown{$what} > 64;
}
exit $missed;
