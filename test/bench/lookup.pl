# How long does one row by its key take, and a count, beside pymilvus?     lookup.pl [CALLS] [ROWS] [DIMS]
#
# Both ask the same Milvus, call by call in turn: pymilvus, SQL as text, SQL prepared.  The bar: the median through SQL is
# at most pymilvus's and 1 ms.  Prints a table; exits with 1 where the bar is missed.

use MilvusFdw;
use IPC::Open2;
use Time::HiRes qw(time);

my ($calls, $rows, $dims) = (@ARGV, (1000, 1_000_000, 8)[ @ARGV .. 2 ]);
my $script = 'test/bench/lookup.py';
my $python = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv/bin/python';
system($python, $script, 'fill', $rows, $dims) == 0 or die "cannot fill the collection\n";
my $pid = open2(my $answers, my $questions, $python, $script, 'serve');

fresh_database(name => 'bench_lookup');
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '" . milvus_host() . "', port '" . milvus_port() . "')");
sql(q{CREATE FOREIGN TABLE t (id bigint OPTIONS (key 'true'), embedding real[]) SERVER milvus OPTIONS (collection 'bench_lookup')});
my $dbh = MilvusFdw::default_session()->dbh;
my %prepared = map { $_->[0] => $dbh->prepare($_->[1], { pg_server_prepare => 1, pg_switch_prepared => 1 }) }
	[ row => 'SELECT id, embedding FROM t WHERE id = $1::bigint' ], [ count => 'SELECT count(*) FROM t' ];
my %by = (
	pymilvus => sub {
		my ($what, $key) = @_;
		print $questions "$what $key\n";
		return split ' ', scalar <$answers>;
	},
	'SQL as text' => sub {
		my ($what, $key) = @_;
		my $query = $what eq 'row' ? "SELECT id, embedding FROM t WHERE id = $key" : 'SELECT count(*) FROM t';
		my $start = time;
		my $found = $dbh->selectall_arrayref($query)->[0][0];
		return ((time() - $start) * 1000, $found);
	},
	'SQL prepared' => sub {
		my ($what, $key) = @_;
		my $start = time;
		$prepared{$what}->execute($what eq 'row' ? $key : ());
		my $found = $prepared{$what}->fetchall_arrayref->[0][0];
		return ((time() - $start) * 1000, $found);
	});
$questions->autoflush(1);

my %took;
srand 1;
for my $n (-10 .. $calls - 1)
{
	for my $what (qw(row count))
	{
		my $key = int rand $rows;
		for my $who (sort { $n % 2 ? $a cmp $b : $b cmp $a } keys %by)
		{
			my ($ms, $found) = $by{$who}->($what, $key);
			die "$who: $what gave $found\n" if $found != ($what eq 'row' ? $key : $rows);
			push @{ $took{$what}{$who} }, $ms if $n >= 0;
		}
	}
}
close $questions;
waitpid $pid, 0;
system($python, $script, 'drop');

sub part { my ($sorted, $p) = @_; return $sorted->[ int($#$sorted * $p) ] }

my $missed = 0;
print "| $rows rows x $dims | program | calls | p50 ms | p95 ms | p50 - pymilvus's |\n|---|---|---|---|---|---|\n";
for my $what (qw(row count))
{
	my $base = part([ sort { $a <=> $b } @{ $took{$what}{pymilvus} } ], 0.5);
	for my $who (sort { $b cmp $a } keys %by)
	{
		my @sorted = sort { $a <=> $b } @{ $took{$what}{$who} };
		my $more = part(\@sorted, 0.5) - $base;
		printf "| %s | %s | %d | %.2f | %.2f | %+.2f |\n", $what, $who, scalar @sorted, part(\@sorted, 0.5), part(\@sorted, 0.95), $more;
		$missed = 1 if $more > 1;
	}
}
print $missed ? "The bar of 1 ms is missed.\n" : "The bar of 1 ms is kept.\n";
exit $missed;
