# Does anything break, leak or get lost when statements are interrupted at random moments, again and again?
#
# Several sessions read and write the real servers; each statement runs to its end or is cancelled, timed out, terminated
# or showered with harmless signals after a random while.  MILVUS_FDW_SECONDS (12) and MILVUS_FDW_SEED choose how long
# and what (make soak).

use MilvusFdw;
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(time sleep);

my $seconds  = $ENV{MILVUS_FDW_SECONDS} // 12;
my $seed     = $ENV{MILVUS_FDW_SEED} // 1;
my $sessions = $ENV{MILVUS_FDW_SESSIONS} // 4;
my $rows     = 6000;
my $block    = 1_000_000;
my $json     = JSON::PP->new->canonical;
note("seed $seed, $seconds s, $sessions sessions");

ours(es => [qw(storm)], milvus => [qw(storm storm_sink)]);
docs_into_es('storm', $rows, 32, shards => 2);
fresh_database(name => 'storm');
both_servers();
sql(q{ALTER SERVER es OPTIONS (ADD keep_alive '5s', ADD fetch_size '400')});
sql(q{ALTER SERVER milvus OPTIONS (ADD fetch_size '400', ADD batch_size '150')});
sql('CREATE SCHEMA es');
sql('CREATE SCHEMA m');
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (storm) FROM SERVER es INTO es');
sql(qq{SELECT milvus_fdw.create_collection('milvus', '$_', like => 'es.storm', primary_key => 'id')}) for qw(storm storm_sink);
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (storm, storm_sink) FROM SERVER milvus INTO m');
sql('INSERT INTO m.storm (id, title, price, embedding) SELECT id, title, price, embedding FROM es.storm');
sql(q{CREATE FUNCTION caught(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE query; RETURN 'done'; EXCEPTION WHEN query_canceled THEN RETURN 'cancelled'; END $$});
sql(q{CREATE FUNCTION looped(enough bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r record; n bigint := 0;
BEGIN FOR r IN SELECT id, embedding FROM es.storm LOOP n := n + 1; EXIT WHEN n >= enough; END LOOP; RETURN n; END $$});
my $removes = value(q{SELECT pg_relation_is_updatable('m.storm_sink', false) & 16});

# A read's answer never changes; it is asked for once, in peace.
my @reads = (
	'SELECT sum(id), sum(embedding[1]::float8 * id) FROM es.storm',
	'SELECT sum(id), sum(embedding[1]::float8 * id) FROM m.storm',
	'SELECT count(*), sum(price) FROM es.storm e JOIN m.storm m USING (id, price) WHERE e.embedding = m.embedding',
	'SELECT count(*) FROM (SELECT id FROM es.storm LIMIT 700) x', 'SELECT count(*) FROM (SELECT title FROM m.storm LIMIT 700) x',
	'SELECT count(*) FROM es.storm', 'SELECT count(*) FROM m.storm', 'SELECT count(id) FROM m.storm WHERE id < 100',
	'SELECT count(id) FROM es.storm WHERE id < 100', 'SELECT looped(1500)',
	'SELECT x.i, (SELECT e.id FROM es.storm e WHERE e.id = x.i), (SELECT m.id FROM m.storm m WHERE m.id = x.i) FROM generate_series(1, 5) x (i)',
	q{SELECT count(*) > 0 FROM milvus_fdw.collections('milvus')}, q{SELECT count(*) > 0 FROM milvus_fdw.collections('es')});
my %answers = map { my @r = sql($_); ($_ => $json->encode(\@r)) } @reads;
my $insert = "INSERT INTO m.storm_sink (id, title, price, embedding) SELECT id + %d, title, price, embedding FROM es.storm WHERE id <= %d";

# ----------------------------------------------------------------- one session

sub pick { return $_[ int rand @_ ] }

# What became of a statement: {kind, state, ...}; dies of nothing.
sub one
{
	my ($session, $op, $query, $way) = @_;
	$session->notices;
	$session->sql('SET statement_timeout = ' . ($way eq 'timeout' ? 1 + int rand 150 : 0));
	my $b = MilvusFdw::Background->new($session, $query);
	my $until = time + (rand) ** 2 * 0.4;
	if ($way =~ /^(cancel|terminate|shower)$/)
	{
		while (time < $until && $b->running)
		{
			if ($way eq 'shower') { kill $_, $session->pid for qw(ALRM USR1 HUP URG) }
			sleep 0.001;
		}
		kill($way eq 'cancel' ? 'INT' : 'TERM', $session->pid) if $way ne 'shower' && $b->running;
	}
	my $r = $b->wait(60_000) // return { state => 'hangs' };
	my $state = $r->{error} ? $r->{error}{sqlstate} // '?' : 'ok';
	my $said = join ' ', map { $_->{detail} // '' } @{ $session->notices };
	my %what = (state => $state, message => $r->{error} ? $r->{error}{message} : undef, rows => $r->{rows}, ms => int $r->{ms});
	$what{ok} = $1 if $said =~ /acknowledged (\d+) rows/;
	$what{maybe} = $1 if $said =~ /may hold (\d+) more/;
	# A signal that came too late must not meet the next statement.
	if ($way eq 'cancel') { sleep 0.02; $session->try('SELECT 1') }
	return \%what;
}

sub storm
{
	my ($number, $out, $kept) = @_;
	srand($seed * 1000 + $number);
	my $session = connect_to('storm');
	my $end = time + $seconds;
	my $op = 0;
	while (time < $end)
	{
		$op++;
		my $way = pick(qw(peace cancel cancel cancel timeout timeout shower), $kept ? () : 'terminate');
		my %done = (session => $number, op => $op, way => $way);
		my ($query, $sort) = rand() < 0.3 ? (sprintf($insert, ($number * 1000 + $op) * $block, $done{wanted} = 1 + int rand $rows), 'insert') : (pick(@reads), 'read');
		if ($sort eq 'read' && rand() < 0.15) { $query = "SELECT caught(\$q\$$query\$q\$)"; $sort = 'caught' }
		if ($removes && $sort eq 'insert' && rand() < 0.2)
		{
			$sort = 'delete';
			$query = sprintf 'DELETE FROM m.storm_sink WHERE id >= %d AND id < %d', (800_000 + $number) * $block, (800_001 + $number) * $block;
		}
		my $r = one($session, $op, $query, $way);
		%done = (%done, %$r, sort => $sort, query => $query);
		$done{wrong} = 1 if $sort eq 'read' && $r->{state} eq 'ok' && $json->encode($r->{rows}) ne $answers{$query};
		delete $done{rows};
		print $out $json->encode(\%done), "\n";
		if ($r->{state} eq '57P01' || $r->{state} =~ /^08/) { $session = connect_to('storm') }
	}
}

# -------------------------------------------------------- before and afterwards

# The session that measures is one of those that are interrupted, never terminated.
sub measured
{
	my ($session) = @_;
	$session->sql('SET statement_timeout = 0');
	for (1 .. 2) { $session->sql($_) for @reads, sprintf($insert, 900_000 * $block, 50) }
	my $pid = $session->pid;
	my ($contexts, $bytes) = @{ ($session->sql(q{SELECT count(*), sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'milvus_fdw%'}))[0] };
	my $all = $session->value('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
	return { contexts => $contexts, bytes => $bytes, all => $all, files => open_files($pid), threads => scalar keys %{ threads($pid) }, rss => rss($pid) };
}

sub rss { my ($pid) = @_; open my $f, '<', "/proc/$pid/status" or return 0; return (grep { s/^VmRSS:\s+(\d+).*/$1/s } <$f>)[0] }
sub open_searches { return es(GET => '/storm/_stats/search')->{_all}{total}{search}{open_contexts} }

my $searches = open_searches();
my $survivor = connect_to('storm');
my $before = measured($survivor);

# To a file: a pipe that nobody reads yet would stop them once it is full.
open my $out, '>>', scratch() . '/said' or die $!;
my @children;
for my $number (1 .. $sessions)
{
	my $pid = fork // die $!;
	if ($pid) { push @children, $pid; next }
	$out->autoflush(1);
	my $fine = eval { storm($number, $out, 0); 1 };
	print $out $json->encode({ session => $number, state => "died: $@" }), "\n" unless $fine;
	POSIX::_exit(0);
}

# This process plays along with a session that lives on.
my $pid = fork // die $!;
if (!$pid)
{
	# Its own random moments of cancelling, by signal only.
	srand $seed;
	my $end = time + $seconds;
	while (time < $end) { sleep 0.02 + rand() * 0.3; kill 'INT', $survivor->pid }
	POSIX::_exit(0);
}
push @children, $pid;
close $out;
my %survived;
my $end = time + $seconds;
srand($seed + 7);
while (time < $end)
{
	my $query = pick(@reads);
	my ($r, $error) = $survivor->try($query);
	$survived{ $error ? $error->{sqlstate} : $json->encode($r) eq $answers{$query} ? 'ok' : "wrong answer of $query" }++;
}
waitpid $_, 0 for @children;
open my $in, '<', scratch() . '/said' or die $!;
my @ops = map { $json->decode($_) } <$in>;

note(sprintf 'the storm is over after %.0f s', time - $^T);
my %states;
$states{"$_->{state}"}++ for @ops;
note(scalar(@ops) . ' statements: ' . join(', ', map { "$_ $states{$_}" } sort keys %states) . '; survivor: ' . join(', ', map { "$_ $survived{$_}" } sort keys %survived));

for my $sort (qw(read caught insert delete))
{
	my @of = sort { $a->{ms} <=> $b->{ms} } grep { ($_->{sort} // '') eq $sort } @ops or next;
	note(sprintf '%s: %d, half of them within %d ms, all within %d ms: %s %s', $sort, scalar @of, $of[ @of / 2 ]{ms}, $of[-1]{ms}, $of[-1]{way}, $of[-1]{query});
}

subtest 'every statement succeeds or says it was interrupted' => sub {
	cmp_ok(scalar(@ops), '>', $seconds, scalar(@ops) . ' statements');
	my @odd = grep { $_->{state} !~ /^(ok|57014|57P01)$/ || ($_->{state} eq '57P01' && $_->{way} ne 'terminate') || ($_->{state} ne 'ok' && $_->{way} =~ /peace|shower/) } @ops;
	is(scalar(@odd), 0, 'nothing else') or diag(map { $json->encode($_) . "\n" } @odd[ 0 .. ($#odd > 4 ? 4 : $#odd) ]);
	my @wrong = grep { $_->{wrong} } @ops;
	is(scalar(@wrong), 0, 'no wrong answer') or diag(map { $json->encode($_) . "\n" } @wrong[ 0 .. ($#wrong > 4 ? 4 : $#wrong) ]);
	cmp_ok($states{57014} // 0, '>', $seconds / 4, 'enough were interrupted');
	is(join(' ', grep { !/^(ok|57014)$/ } sort keys %survived), '', 'the same for the session that survives');
};

subtest 'what was written is what was said' => sub {
	my $fresh = connect_to('storm');
	$fresh->sql(q{ALTER FOREIGN TABLE m.storm_sink OPTIONS (ADD consistency_level 'strong', ADD fetch_size '10000')});
	my %found = map { $_->[0] => $_->[1] } $fresh->sql("SELECT (id - 1) / $block, count(*) FROM m.storm_sink WHERE id >= $block GROUP BY 1");
	my (@wrong, $written);
	for my $o (grep { ($_->{sort} // '') eq 'insert' } @ops)
	{
		my $n = $found{ $o->{session} * 1000 + $o->{op} } // 0;
		my ($least, $most) = $o->{state} eq 'ok' ? ($o->{wanted}) x 2 : $o->{state} eq '57014' ? ($o->{ok} // 0, ($o->{ok} // 0) + ($o->{maybe} // 0)) : (0, $o->{wanted});
		push @wrong, { %$o, found => $n } if $n < $least || $n > $most;
		$written++;
	}
	is(scalar(@wrong), 0, "$written statements that write") or diag(map { $json->encode($_) . "\n" } @wrong[ 0 .. ($#wrong > 4 ? 4 : $#wrong) ]);
	my ($counted, $distinct) = @{ ($fresh->sql("SELECT count(id), count(DISTINCT id) FROM m.storm_sink WHERE id >= $block AND id < 900000::bigint * $block"))[0] };
	is($counted, $distinct, 'no row twice');
};

subtest 'nothing is left' => sub {
	my $after = measured($survivor);
	note($json->encode($before), ' ', $json->encode($after));
	is($after->{contexts}, $before->{contexts}, 'as many memory contexts of ours');
	is($after->{bytes}, $before->{bytes}, 'of the same size');
	cmp_ok($after->{all}, '<', $before->{all} * 1.5 + 1_000_000, 'PostgreSQL\'s have not grown');
	cmp_ok($after->{rss}, '<', $before->{rss} + 40_000, 'nor has the process');
	cmp_ok($after->{files}, '<=', $before->{files} + 4, "files and connections: $before->{files} then $after->{files}");
	cmp_ok($after->{threads}, '<=', $before->{threads} + 4, "threads: $before->{threads} then $after->{threads}");
	is_deeply([ unguarded_threads($survivor->pid) ], [], 'all guarded');
	$survivor->disconnect;
	my $left;
	for (1 .. 400) { last if ($left = value(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'storm' AND pid <> pg_backend_pid()})) <= 1; sleep 0.05 }
	cmp_ok($left, '<=', 1, 'no session lingers');
	# What a terminated session had open expires: keep_alive, and the server looks once a minute.
	my $still;
	for (1 .. 900) { last if ($still = open_searches()) <= $searches; sleep 0.1 }
	cmp_ok($still, '<=', $searches, 'no search stays open on Elasticsearch');
};

done_testing();
