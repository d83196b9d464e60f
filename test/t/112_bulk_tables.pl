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
	my ($imports) = $plan =~ /Imports: (\d+)/;
	is($plan =~ /Remote Requests: (\d+)/ ? $1 : '', $imports, 'an import is a request');
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'did it');
	my $set = bulk_target('t112_set', $columns, { bulk_format => 'numpy' }, fields => $fields);
	$plan = join "\n", map { $_->[0] } sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) INSERT INTO $set SELECT id, t, v FROM source");
	like($plan, qr/Format: numpy.*\n.*\n\s+Imports: 1\n/, 'the files of all columns are one import');
	sql("INSERT INTO $name SELECT id, t, v FROM source WHERE false");
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'no row, no file');
	sql('BEGIN');
	sql("INSERT INTO $name SELECT id + 200000, t, v FROM source LIMIT 10");
	notices();
	sql('ROLLBACK');
	like(join(' ', map { "$_->{message} $_->{detail}" } @{ notices() }), qr/stay there.*acknowledged 10 rows/, 'ROLLBACK warns');
};

subtest 'memory' => sub {
	my @more = map { "x$_" } 1 .. 40;
	for my $limit (256, 16)
	{
		sql("CREATE SERVER m$limit FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ milvus_port()}', memory_limit '$limit')");
		bulk_target("t112_m$limit", join(', ', 'id bigint, bits bit(64)', map { "$_ text" } @more), {}, fields => 'id bits', dynamic => 1, load => 1, server => "m$limit");
	}
	my $list = join ', ', 'id', 'bits', @more;
	my $select = join ', ', 'id', 'bits', map { "'v' || id" } @more;
	sql("INSERT INTO t112_m256 ($list) SELECT $select FROM source");
	is(value('SELECT count(*) FROM t112_m256 WHERE x40 = $$v$$ || id'), $rows, 'many columns fit into it');
	fails('too little of it', "INSERT INTO t112_m16 ($list) SELECT $select FROM source", sqlstate => '53200', hint => qr/^Lower stage_file_bytes, or raise memory_limit/);
	sql("ALTER FOREIGN TABLE t112_m16 OPTIONS (ADD stage_file_bytes '1000000')");
	sql("INSERT INTO t112_m16 ($list) SELECT $select FROM source");
	is(value('SELECT count(*) FROM t112_m16'), $rows, 'what the hint says helps');
};

done_testing();
