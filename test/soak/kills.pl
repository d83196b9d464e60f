# When a server, the line to it or the backend dies in the middle of INSERT ... SELECT: is what was said what is there?
#
# Rounds of one INSERT each into a Milvus of this file's own.  At a random moment the line is cut or stalls, the backend is
# told to end or is killed, or Milvus is killed (as `kill -9` does) and started again.  Then the rows are counted.
# MILVUS_FDW_SECONDS (12) and MILVUS_FDW_SEED choose how long and what (make soak); each kind has one round at least.
#
# starts: milvus

use MilvusFdw;
use POSIX ();
use Time::HiRes qw(time sleep);

my $seconds = $ENV{MILVUS_FDW_SECONDS} // 12;
my $seed    = $ENV{MILVUS_FDW_SEED} // 1;
my $wanted  = 20_000;
my $block   = 1_000_000;
srand $seed;
note("seed $seed, $seconds s");

# A killed backend takes every other session of its PostgreSQL along.
my $postgres = start_server('postgres');
local @ENV{qw(PGHOST PGPORT)} = ('localhost', $postgres->{port});
my $milvus = start_server('milvus');
fresh_database(name => 'kills');
sql("CREATE SERVER direct FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$milvus->{port}', batch_size '500', retry_timeout '2', request_timeout '4', consistency_level 'strong')");
sql('CREATE TABLE docs (id bigint, v real[])');
sql(q{ALTER TABLE docs ALTER v SET STORAGE PLAIN});
sql(q{INSERT INTO docs SELECT i, ARRAY(SELECT i + j FROM generate_series(1, 16) j) FROM generate_series(1, 10) i});
sql(q{SELECT milvus_fdw.create_collection('direct', 'kills', like => 'docs', primary_key => 'id')});
sql(q{CREATE FOREIGN TABLE kills (id bigint, v real[]) SERVER direct OPTIONS (collection 'kills')});
sql('CREATE SEQUENCE taken');
sql('CREATE SERVER cut FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host \'localhost\', port \'1\', batch_size \'500\', retry_timeout \'0\', request_timeout \'2\')');
sql(q{CREATE FOREIGN TABLE through (id bigint, v real[]) SERVER cut OPTIONS (collection 'kills')});

my $round = 0;
my %rounds;
my (@wrong, @odd);

sub insert
{
	my ($table) = @_;
	sql('ALTER SEQUENCE taken RESTART');
	return background(sprintf q{INSERT INTO %s SELECT %d::bigint + nextval('taken'), d.v FROM generate_series(1, %d) i, docs d}, $table, ++$round * $block, $wanted / 10);
}

sub rows_there
{
	for (1 .. 60)
	{
		my ($r) = MilvusFdw::default_session()->try("SELECT count(id), count(DISTINCT id) FROM kills WHERE id > ${\($round * $block)} AND id < ${\(($round + 1) * $block)}");
		return @{ $r->[0] } if $r;
		sleep 0.5;
	}
	die "the collection cannot be read any more\n";
}

# What the session said, against what is there and against what the SELECT gave.
sub account
{
	my ($kind, $r, $session) = @_;
	my $taken = value('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM taken');
	my ($found, $distinct) = rows_there();
	my $e = $r->{error};
	my ($least, $most, $sum) = (0, $taken, $taken);
	if (!$e) { $least = $most = $wanted }
	elsif (($e->{detail} // '') =~ /Rows acknowledged: (\d+), rejected: (\d+), unknown: (\d+), not sent: (\d+)/)
	{
		($least, $most, $sum) = ($1, $1 + $3, $1 + $2 + $3 + $4);
		push @wrong, "rejected $2" if $2;
	}
	elsif ($e->{sqlstate} !~ /^(57P01|57P02|08006)$/) { push @odd, "$kind, round $round: $e->{sqlstate} $e->{message}" }
	push @wrong, "$kind, round $round: said $least to $most, found $found ($distinct different)" if $found < $least || $found > $most || $found != $distinct;
	# The row that was being handed over when it failed is taken and not yet counted.
	push @wrong, "$kind, round $round: the counts add up to $sum, taken were $taken" if $sum != $taken && $sum != $taken - 1;
	$rounds{$kind}{ $e ? $e->{sqlstate} : 'ok' }++;
}

my %kinds = (
	line => sub {
		my $line = double('line', to => "localhost:$milvus->{port}", after => 2000 + int rand 1_200_000, then => (qw(close reset stall))[ int rand 3 ]);
		sql("ALTER SERVER cut OPTIONS (SET port '${\$line->port}')");
		my $b = insert('through');
		my $r = $b->wait(60_000) // die "it hangs\n";
		account('line', $r, $b->session);
		$line->stop;
	},
	terminate => sub {
		my $b = insert('kills');
		some_time();
		kill 'TERM', $b->pid if $b->running;
		account('terminate', $b->wait(60_000) // die("it hangs\n"), $b->session);
	},
	cancel => sub {
		my $b = insert('kills');
		some_time();
		kill 'INT', $b->pid if $b->running;
		my $r = $b->wait(60_000) // die "it hangs\n";
		# A cancelled statement's own error says nothing; the warning does.
		my $said = join ' ', map { $_->{detail} // '' } @{ $b->session->notices };
		my ($ok)    = $said =~ /acknowledged (\d+) rows/;
		my ($maybe) = $said =~ /may hold (\d+) more/;
		my ($found) = rows_there();
		push @wrong, "cancel, round $round: said " . ($ok // 0) . ' and ' . ($maybe // 0) . ", found $found"
			if $r->{error} && ($found < ($ok // 0) || $found > ($ok // 0) + ($maybe // 0));
		$rounds{cancel}{ $r->{error} ? $r->{error}{sqlstate} : 'ok' }++;
	},
	backend => sub {
		my $b = insert('kills');
		some_time();
		kill 'KILL', $b->pid if $b->running;
		my $r = $b->wait(60_000) // die "it hangs\n";
		# PostgreSQL ends everybody and starts anew.
		my $again;
		for (1 .. 300) { last if $again = eval { my $s = connect_to('kills'); $s->value('SELECT 1'); $s }; sleep 0.1 }
		$again // die "PostgreSQL does not come back\n";
		fresh_session($again);
		my ($found, $distinct) = rows_there();
		push @wrong, "backend, round $round: $found rows, $distinct different" if $found > $wanted || $found != $distinct;
		$rounds{backend}{ $r->{error} ? 'gone' : 'ok' }++;
	},
	server => sub {
		my $b = insert('kills');
		some_time();
		$milvus->stop;
		my $r = $b->wait(60_000) // die "it hangs\n";
		$milvus->start;
		account('server', $r, $b->session);
	});

sub fresh_session { my ($s) = @_; no warnings 'redefine'; *MilvusFdw::default_session = sub { $s } }

# How long does one take that nobody disturbs?
my $undisturbed = insert('kills')->wait(60_000)->{ms} / 1000;
is((rows_there())[0], $wanted, 'an undisturbed one is whole');
note(sprintf 'it took %.2f s', $undisturbed);
sub some_time { return sleep rand() * $undisturbed }

my @plan = qw(line line terminate cancel server line line terminate cancel backend);
my $end = time + $seconds;
for my $kind (@plan) { $kinds{$kind}->() }
while (time < $end) { my @any = ((sort keys %kinds), qw(line line line terminate cancel)); $kinds{ $any[ int rand @any ] }->() }
for my $kind (sort keys %rounds) { note("$kind: " . join ', ', map { "$_ $rounds{$kind}{$_}" } sort keys %{ $rounds{$kind} }) }

is(scalar(@wrong), 0, "$round rounds: the rows that are there are those that were acknowledged, and none but those that may be (seed $seed)") or diag(join "\n", @wrong);
is(scalar(@odd), 0, 'every failed INSERT counts its rows') or diag(join "\n", @odd);
my $failed = 0;
for my $states (values %rounds) { $failed += $states->{$_} for grep { $_ ne 'ok' } keys %$states }
cmp_ok($failed, '>', @plan / 3, "$failed of them were met in the middle");
done_testing();
