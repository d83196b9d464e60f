# Does a large INSERT get through when Milvus takes only so much a second, as fast as it may, and end when it takes nothing?
#
# MILVUS_FDW_RATE_ROWS=1000000 for the long run.
#
# alone: measures a rate, and a cancel within 100 ms

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = $ENV{MILVUS_FDW_RATE_ROWS} // 50_000;
my $dim  = 8;
my $mb_a_second = $rows > 100_000 ? 2 : 0.5;
my @limited = ('--set', 'quotaAndLimits.dml.enabled=true');

fresh_database();
my $limited = start_server('milvus', @limited, map { ('--set', "quotaAndLimits.dml.$_.max=$mb_a_second") } qw(insertRate upsertRate));
sql("CREATE SERVER slow FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$limited->{port}', retry_timeout '30')");
sql(qq{CREATE TABLE local AS SELECT i AS id, array_fill(i::real, array[$dim]) AS v FROM generate_series(1, $rows) i});
sql(q{SELECT milvus_fdw.create_collection('slow', 't046', like => 'local', primary_key => 'id')});
sql(q{CREATE FOREIGN TABLE t (id bigint OPTIONS (key 'true'), v real[]) SERVER slow OPTIONS (collection 't046')});
sql(q{CREATE FOREIGN TABLE upserts (id bigint OPTIONS (key 'true'), v real[]) SERVER slow OPTIONS (collection 't046', write_mode 'upsert')});

sub analyzed
{
	my ($query) = @_;
	my $start = time;
	my $plan = join "\n", map { $_->[0] } sql("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) $query");
	my ($bytes) = $plan =~ /Remote Bytes: (\d+)/;
	my ($retries) = $plan =~ /Remote Retries: (\d+)/;
	return (time - $start, $bytes, $retries, $plan);
}

subtest 'a rate limit' => sub {
	for my $table ('t', 'upserts')
	{
		my ($seconds, $bytes, $retries) = analyzed("INSERT INTO $table SELECT * FROM local");
		# A key takes up to three bytes.  What a second may take was saved up before, and does not count.
		my $payload = $rows * (2.5 + 4 * $dim);
		my $ratio = ($payload / 2**20 / $mb_a_second - 1) / $seconds;
		diag(sprintf '%s: %d rows, %.1f MB in %.1f s at a limit of %s MB/s: %.0f %% of it, %d requests again', $table, $rows,
			$payload / 2**20, $seconds, $mb_a_second, 100 * $ratio, $retries // 0);
		cmp_ok($retries // 0, '>', 0, "$table: requests were refused");
		# two seconds of a busy machine are no measurement; to wait a second too long would still show
		cmp_ok($ratio, '>=', $rows > 100_000 ? 0.9 : 0.4, "$table: nearly as fast as the server takes it");
		is(value('SELECT count(*) FROM t'), $rows, "$table: all rows are there");
		is(value('SELECT count(DISTINCT id) FROM t'), $rows, "$table: each once");
	}
};

subtest 'a statement that waits can be cancelled' => sub {
	my @ms;
	for (1 .. 3)
	{
		my $b = background('INSERT INTO t SELECT -id, v FROM local');
		$b->wait_until(q{wait_event_type = 'Extension'}, 5000);
		$b->wait(700);
		$b->cancel;
		my $r = $b->wait(5000);
		is($r->{error}{sqlstate}, '57014', 'cancelled');
		push @ms, $r->{ms_since_signal};
	}
	my ($best) = sort { $a <=> $b } @ms;
	cmp_ok($best, '<', 100, sprintf 'at once (%.0f ms)', $best);
};
$limited->stop;

subtest 'no writing at all' => sub {
	my $denied = start_server('milvus', @limited, '--set', 'quotaAndLimits.limitWriting.forceDeny=true');
	sql("CREATE SERVER denying FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$denied->{port}', retry_timeout '3')");
	sql(q{SELECT milvus_fdw.create_collection('denying', 't046', like => 'local', primary_key => 'id')});
	sql(q{CREATE FOREIGN TABLE denied (id bigint OPTIONS (key 'true'), v real[]) SERVER denying OPTIONS (collection 't046')});
	# the server takes a while to put it into force
	my $e;
	for (1 .. 10)
	{
		last if $e = error_of(q{INSERT INTO denied SELECT * FROM local LIMIT 10});
		sleep 1;
	}
	ok($e, 'writing is denied');
	my $start = time;
	fails('an INSERT', 'INSERT INTO denied SELECT * FROM local LIMIT 20', sqlstate => '53000', message => qr/^Milvus's quota is exhausted/,
		detail => qr/Rows acknowledged: 0, rejected: 0, unknown: 0, not sent: 20/, hint => qr/retry_timeout/);
	my $seconds = time - $start;
	ok($seconds >= 2.5 && $seconds < 15, sprintf 'after retry_timeout (%.1f s)', $seconds);
	my $place = bulk_store('place');
	sql(q{ALTER FOREIGN TABLE denied OPTIONS (ADD write_mode 'bulk', ADD stage 'place')});
	fails('a bulk INSERT', 'INSERT INTO denied SELECT * FROM local', sqlstate => '53400', message => qr/^Milvus denies writing to collection "t046"/,
		detail => qr/deactivated by the administrator/, hint => qr/quotaAndLimits/);
	is(scalar(glob "$place/*"), undef, 'before a file is staged');
	$denied->stop;
};

subtest 'a collection that is full' => sub {
	my $full = start_server('milvus', @limited, map { ('--set', "quotaAndLimits.limitWriting.diskProtection.$_") } 'enabled=true', 'diskQuotaPerCollection=1');
	sql("CREATE SERVER full_disk FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$full->{port}')");
	for my $name ('t046_full', 't046_empty')
	{
		sql("SELECT milvus_fdw.create_collection('full_disk', '$name', like => 'local', primary_key => 'id')");
		sql("CREATE FOREIGN TABLE $name (id bigint OPTIONS (key 'true'), v real[]) SERVER full_disk OPTIONS (collection '$name')");
	}
	sql('INSERT INTO t046_full SELECT * FROM local');
	sql(q{SELECT milvus_fdw.flush('t046_full')});
	sql("ALTER FOREIGN TABLE $_ OPTIONS (ADD write_mode 'bulk', ADD stage 'place')") for 't046_full', 't046_empty';
	my $e;
	for (1 .. 30)
	{
		last if $e = error_of('INSERT INTO t046_full SELECT * FROM local WHERE false');
		sleep 1;
	}
	is($e->{sqlstate}, '53100', 'takes no bulk INSERT');
	like($e->{detail}, qr/disk quota/, 'because of its quota');
	is(error_of('INSERT INTO t046_empty SELECT * FROM local LIMIT 10'), undef, 'and another does');
	$full->stop;
};

done_testing();
