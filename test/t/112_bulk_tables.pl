# Does a bulk INSERT serve every kind of collection and statement?

use MilvusFdw;

my $rows = 2000;
fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

subtest 'what tables may be like' => sub {
	my $name = bulk_target('t112_dynamic', 'id bigint, t text, v real[], extra integer, word text', {}, fields => $fields, dynamic => 1);
	sql("INSERT INTO $name SELECT id, t, v, extra, word FROM source");
	is(bulk_differences($name, 't', 'v', 'extra', 'word'), 0, 'dynamic keys');
	$name = bulk_target('t112_auto', 'id bigint, t text, v real[], i4 integer', {}, fields => "$fields i4", auto => 1);
	sql("INSERT INTO $name (t, v, i4) SELECT t, v, i4 FROM source");
	is(value("SELECT count(*) FROM source x JOIN $name y USING (i4) WHERE x.t = y.t AND array_send(x.v) = array_send(y.v)"), $rows, 'keys that Milvus makes');
	fails('which it does not return', "INSERT INTO $name (t, v, i4) SELECT t, v, i4 FROM source LIMIT 1 RETURNING id", sqlstate => '0A000');
	$name = bulk_target('t112_key', $columns, {}, fields => $fields, key => 't');
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(bulk_differences($name, 't', 'v'), 0, 'a partition key');
	$name = bulk_target('t112_part', $columns, { partition => 'p1' }, fields => $fields);
	sql("SELECT milvus_fdw.create_partition('$name', 'p1')");
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(bulk_differences($name, 't', 'v'), 0, 'a partition');
	is(value("SELECT partition FROM milvus_fdw.imports('$name')"), 'p1', 'that is the one named');
	sql("ALTER FOREIGN TABLE $name OPTIONS (SET partition 'nono')");
	fails('a partition that is not there', "INSERT INTO $name SELECT id, t, v FROM source", sqlstate => 'HV00R', message => qr/nono/, hint => qr/create_partitions/);
	is(scalar(bulk_staged()), 0, 'is told before a file is written');
	sql("ALTER FOREIGN TABLE $name OPTIONS (ADD create_partitions 'true')");
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(value("SELECT count(*) FROM milvus_fdw.imports('$name') WHERE partition = 'nono'"), 1, 'or made');
	$name = bulk_target('t112_copy', $columns, { stage_file_bytes => 300_000, bulk_start => 'file' }, fields => $fields);
	my $file = "$place/copy";
	sql("COPY (SELECT id, t, v FROM source) TO '$file'");
	sql("COPY $name FROM '$file'");
	is(bulk_differences($name, 't', 'v'), 0, 'COPY');
	cmp_ok(value("SELECT count(*) FROM milvus_fdw.imports('$name')"), '>', 1, 'file by file');
	my $plan = join "\n", map { $_->[0] } sql("EXPLAIN (COSTS OFF) INSERT INTO $name SELECT id, t, v FROM source");
	like($plan, qr/Write Mode: bulk\n\s+Store: place\n\s+Format: chosen by/, 'EXPLAIN');
	$plan = join "\n", map { $_->[0] } sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) INSERT INTO $name SELECT id + 100000, t, v FROM source");
	like($plan, qr/Format: parquet: Milvus \S+ takes every field from it\n\s+File Bytes: 300000\n\s+Imports: [2-9]/, 'EXPLAIN ANALYZE');
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'did it');
	sql("INSERT INTO $name SELECT id, t, v FROM source WHERE false");
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'no row, no file');
	sql('BEGIN');
	sql("INSERT INTO $name SELECT id + 200000, t, v FROM source LIMIT 10");
	notices();
	sql('ROLLBACK');
	like(join(' ', map { "$_->{message} $_->{detail}" } @{ notices() }), qr/stay there.*acknowledged 10 rows/, 'ROLLBACK warns');
};

done_testing();
