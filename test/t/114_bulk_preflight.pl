# What does a bulk INSERT find out before its rows are staged, or while they are?

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = 2000;
fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

subtest 'a place that Milvus does not read' => sub {
	sql('CREATE SEQUENCE taken');
	# half-way it waits until Milvus has told what it found, which may take a while if others import
	sql(<<'S');
CREATE FUNCTION slow(v real[], target regclass) RETURNS real[] LANGUAGE plpgsql AS $$
BEGIN
	IF nextval('public.taken') % 2000 = 1000 THEN
		FOR i IN 1 .. 600 LOOP
			EXIT WHEN EXISTS (SELECT FROM milvus_fdw.imports(target) WHERE state = 'failed' AND files[1] LIKE '%/manifest.json');
			PERFORM pg_sleep(0.2);
		END LOOP;
	END IF;
	RETURN v;
END $$
S
	my $name = bulk_target('t114_place', $columns, { stage_path => '/nowhere', stage_file_bytes => 50_000 }, fields => $fields);
	my $e = error_of("INSERT INTO $name SELECT id, t, slow(v, '$name') FROM source");
	is($e->{sqlstate}, 'HV000', 'is an error');
	like($e->{message}, qr/files staged for collection "$name" are not where they are looked for/, 'of the collection');
	note($e->{detail});
	like($e->{detail}, qr{File "/nowhere/stage-[^"]+/manifest.json", which is there: failed, job \d+, .}, 'with the reason');
	like($e->{hint}, qr/minio\.bucketName.*stage_path/s, 'what it may be');
	my $taken = value('SELECT last_value FROM taken');
	cmp_ok($taken, '<', $rows, "before the last row ($taken of $rows)");
	is(scalar(bulk_staged()), 0, 'no file stays');
	is(join(' ', map { @$_ } sql("SELECT count(*), max(state) FROM milvus_fdw.imports('$name')")), '1 failed', 'nothing else was asked for');
	is(value("SELECT count(*) FROM $name"), 0, 'no row is there');

	sql('SELECT setval(\'taken\', 2000)');
	sql("ALTER FOREIGN TABLE $name OPTIONS (DROP stage_path, SET stage_file_bytes '300000')");
	sql("INSERT INTO $name SELECT id, t, slow(v, '$name') FROM source");
	is(bulk_differences($name, 't', 'v'), 0, 'in the right place every bit is there');
	my ($failed) = sql("SELECT files[1], reason, count(*) OVER () FROM milvus_fdw.imports('$name') WHERE state = 'failed' AND files[1] LIKE '$place/%'");
	like($failed->[0], qr{/manifest\.json$}, 'the manifest is refused');
	like($failed->[1], qr/rows/, 'for what is in it');
	is($failed->[2], 1, 'once');
	is(value("SELECT sum(rows) FROM milvus_fdw.imports('$name')"), $rows, 'and gives no row');
	is(scalar(bulk_staged()), 0, 'no file stays');

	sql("ALTER FOREIGN TABLE $name OPTIONS (SET stage_file_bytes '50000000')");
	sql("INSERT INTO $name SELECT id + 10000, t, v FROM source");
	is(value("SELECT count(*) FROM milvus_fdw.imports('$name') WHERE files[1] LIKE '%/manifest.json'"), 2, 'one file is not tried');

	for my $case (
		[ 'asking is refused', Import => [ { milvus => { code => 65535, error_code => 1, reason => 'no' }, times => 1 }, { forward => \1 } ] ],
		[ 'asking is not answered', Import => [ { hang => \1, times => 1 }, { forward => \1 } ] ],
		[ 'looking is not answered', ListImportTasks => [ { forward => \1, times => 1 }, { hang => \1, times => 1 }, { forward => \1 } ] ])
	{
		my ($what, @script) = @$case;
		my ($t, $double) = bulk_behind($name, { @script }, stage_file_bytes => 200_000);
		my $start = time;
		sql("INSERT INTO $t SELECT id + 100000, t, v FROM source WHERE id <= 1000");
		cmp_ok(time - $start, '<', 60, "$what: so what");
	}
	is(value("SELECT count(*) FROM $name"), 2 * $rows + 3000, 'all rows are there');

	# a job that waits, of no collection's but a manifest's file
	my $info = pack 'C C/a* C C/a*', 0x0a, 'files', 0x12, 'stage-x/manifest.json';
	my $pending = unpack 'H*', pack 'C C/a* C C/a*', 0x0a, '', 0x12, pack('C C/a* C C', 0x2a, $info, 0x30, 0x07);
	my ($t) = bulk_behind($name, { ListImportTasks => [ { hex => $pending } ] });
	is(scalar(sql("SELECT id FROM milvus_fdw.imports('$t')")), 1, 'a manifest that is tried by somebody else');
	is(scalar(sql("SELECT id FROM milvus_fdw.wait_for_import('$t')")), 0, 'is not waited for');
};

subtest 'quotas' => sub {
	bulk_target('t114_quota', $columns, {}, fields => $fields);
	my $deny = sub { unpack 'H*', pack 'C C C C/a* C C C', 0x10, 1, 0x1a, $_[0], 0x22, 1, 5 };
	my $insert = sub { "INSERT INTO $_[0] SELECT id, t, v FROM source LIMIT 5" };
	my ($t, $double) = bulk_behind('t114_quota', { CheckHealth => [ { hex => $deny->('disk quota exhausted') } ], Import => [ { milvus => { code => 9, reason => 'quota exceeded[reason=disk quota exhausted]' } } ] });
	fails('a full disk', $insert->($t), sqlstate => '53100', message => qr/denies writing to collection "t114_quota"/, detail => qr/Milvus answered code 9: quota exceeded\[reason=disk quota exhausted\]/, hint => qr/quotaAndLimits/);
	is(scalar(bulk_staged()), 0, 'is told before a file is staged');
	for my $case (
		[ 'another collection is denied', CheckHealth => [ { hex => $deny->('disk quota exhausted') } ], Import => [ { forward => \1 } ] ],
		[ 'it is not known', CheckHealth => [ { status => 12, details => 'unknown method' } ] ],
		[ 'the user may not ask', CheckHealth => [ { status => 7, details => 'PrivilegeGetFlushState: permission deny' } ] ],
		[ 'it is not healthy', CheckHealth => [ { milvus => { code => 1, error_code => 1, reason => 'not ready' } } ] ])
	{
		my ($what, @script) = @$case;
		($t, $double) = bulk_behind('t114_quota', { @script });
		is(error_of($insert->($t)), undef, "$what: rows go in");
		ok(scalar(bulk_calls($double, 'CheckHealth')), 'it was asked');
	}
};

subtest 'an error before anything is asked for' => sub {
	my $name = bulk_target('t114_error', $columns, { stage_file_bytes => 200_000 }, fields => $fields);
	fails('in the query', "INSERT INTO $name SELECT id, t, CASE WHEN id < 1900 THEN v ELSE (1 / (id - id)::int)::text::real[] END FROM source", sqlstate => '22012');
	is(scalar(sql("SELECT id FROM milvus_fdw.imports('$name') WHERE files[1] NOT LIKE '%/manifest.json'")), 0, 'imports nothing');
	is(scalar(bulk_staged()), 0, 'and the next command removes what was staged');
	is(value("SELECT count(*) FROM $name"), 0, 'no row is there');
};

done_testing();
