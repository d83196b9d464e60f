# Is a collection the sum of its parts, whatever its keys and partitions are, and does each token mean one part only?

use MilvusFdw;

ours(milvus => [qw(t057_dense t057_wide t057_edges t057_one t057_text t057_parts t057_named)]);
ours(es => [qw(t057_docs t057_none)]);
fresh_database();
both_servers();

# Keys: one after the other; spread and crowded; at the ends of what there is; all equal; texts; in partitions.
python(<<'P');
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
number = F("id", DataType.INT64, is_primary=True)
text = F("id", DataType.VARCHAR, is_primary=True, max_length=64)
def make(name, key, keys, partition_key=False):
    c = Collection(name, CollectionSchema([key, F("n", DataType.INT64, is_partition_key=partition_key), F("v", DataType.FLOAT_VECTOR, dim=4)]))
    c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    c.load()
    for start in range(0, len(keys), 10000):
        k = keys[start:start + 10000]
        c.insert([k, list(range(start, start + len(k))), [[1.0, 2.0, 3.0, 4.0]] * len(k)])
    if len(keys) > 10000:
        c.flush()
    return c
make("t057_dense", number, list(range(1, 20001)))
make("t057_wide", number, [(1 << 62) + 5 * i for i in range(9000)] + [-(1 << 61) + i for i in range(500)] + [i * (1 << 55) + 999 for i in range(-100, 100)] + list(range(1000000, 1000300)))
make("t057_edges", number, [-(1 << 63), -(1 << 63) + 1, -1, 0, 1, (1 << 63) - 2])
make("t057_one", number, [42])
make("t057_text", text, ["key %d" % i for i in range(3000)])
c = make("t057_parts", number, [])
c.release()
parts = (("a", 6000), ("b", 0), ("c", 1000), ("d", 10))
for name, rows in parts:
    c.create_partition(name)
c.load()
for name, rows in parts:
    if rows:
        base = ord(name) * 1000000
        c.insert([list(range(base, base + rows)), list(range(base, base + rows)), [[1.0, 2.0, 3.0, 4.0]] * rows], partition_name=name)
make("t057_named", number, list(range(4000)), partition_key=True)
P

my %rows = (dense => 20000, wide => 10000, edges => 6, one => 1, text => 3000, parts => 7010, named => 4000);
for my $kind (sort keys %rows)
{
	my $type = $kind eq 'text' ? 'text' : 'bigint';
	sql("CREATE FOREIGN TABLE $kind (id $type OPTIONS (key 'true'), n bigint, v real[]) SERVER milvus OPTIONS (collection 't057_$kind', consistency_level 'strong')");
	value("SELECT count(*) FROM $kind");    # what is loaded has been seen from here on
	sql("ALTER FOREIGN TABLE $kind OPTIONS (SET consistency_level 'session')");
}

# The parts of a table, and how many rows each has when it is read by itself.
sub tokens { my ($table, $wanted) = @_; return sql("SELECT token, rows, durable FROM milvus_fdw.splits('$table', $wanted)") }

sub read_each
{
	my ($table, @tokens) = @_;
	my (%seen, @each);
	sql("ALTER FOREIGN TABLE $table OPTIONS (ADD split 'all')");
	for my $token (@tokens)
	{
		sql("ALTER FOREIGN TABLE $table OPTIONS (SET split '$token')");
		my @rows = map { $_->[0] } sql("SELECT n FROM $table");
		$seen{$_}++ for @rows;
		push @each, scalar @rows;
		is(value("SELECT count(*) FROM $table"), scalar @rows, "$token: counted as well as read");
	}
	sql("ALTER FOREIGN TABLE $table OPTIONS (DROP split)");
	return (\%seen, @each);
}

for my $kind (sort keys %rows)
{
	subtest "Milvus: $kind" => sub {
		for my $wanted (2, 13)
		{
			my @splits = tokens($kind, $wanted);
			my ($seen, @each) = read_each($kind, map { $_->[0] } @splits);
			my $sum = 0;
			$sum += $_ for @each;
			is($sum, $rows{$kind}, "$wanted wanted: all rows") or diag(map { "$_->[0]: $_->[1]\n" } @splits);
			is(scalar keys %$seen, $rows{$kind}, 'each once');
			cmp_ok(scalar @splits, '<=', $wanted, 'not more parts');
			is(scalar(grep { $_->[2] eq 't' } @splits), scalar @splits, 'all durable');
			is("@{[ map { $_->[1] } @splits ]}", "@each", 'each as large as was said');
			next if $kind !~ /dense|wide|named/;
			is(scalar @splits, $wanted, 'as many parts as wanted');
			my $even = $rows{$kind} / $wanted;
			is(scalar(grep { $_ > $even * 1.5 } @each), 0, 'none much larger than the others') or diag("@each");
		}
		my $whole = 'SELECT count(*), count(DISTINCT n), sum(n) FROM (SELECT * FROM %s OFFSET 0) x';
		my @alone = sql(sprintf $whole, $kind);
		for my $n (3, 16)
		{
			sql("ALTER FOREIGN TABLE $kind OPTIONS (ADD splits '$n')");
			is_deeply([ sql(sprintf $whole, $kind) ], \@alone, "$n side by side");
			sql("ALTER FOREIGN TABLE $kind OPTIONS (DROP splits)");
		}
	};
}

subtest 'Milvus: which parts' => sub {
	is_deeply([ map { $_->[0] } tokens('parts', 0) ], [ map { "partition=$_" } qw(_default a b c d) ], 'each partition by itself');
	is_deeply([ sort map { join ' ', $_->[0] =~ /^partition=(\S+)$/, $_->[1] } tokens('parts', 2) ], [ 'a 6000', 'c,d,_default,b 1010' ], 'small ones together');
	my @cut = map { $_->[0] } tokens('parts', 7);
	is(scalar(grep { /^partition=a / } @cut), 3, 'a large one in pieces') or diag(join "\n", @cut);
	is_deeply([ map { $_->[0] } tokens('text', 8) ], ['all'], 'text keys are not cut');
	is_deeply([ map { $_->[0] } tokens('one', 8) ], ['all'], 'nor is one row');
	is_deeply([ map { $_->[0] } tokens('dense', 0) ], ['all'], 'few rows are one part');
	like(join('|', map { $_->[0] } tokens('dense', 3)), qr/^key<(\d+)\|key>=\1 key<(\d+)\|key>=\2$/, 'ranges of keys');
	unlike(join('', map { $_->[0] } tokens('named', 3)), qr/partition/, 'partitions of a partition key cannot be named');
	sql("CREATE FOREIGN TABLE one_partition (id bigint, n bigint) SERVER milvus OPTIONS (collection 't057_parts', partition 'a', splits '3')");
	like(join('|', map { $_->[0] } tokens('one_partition', 2)), qr/^key<\d+\|key>=\d+$/, 'of one partition');
	is(value('SELECT count(*) FROM (SELECT * FROM one_partition OFFSET 0) x'), 6000, 'which is read');
	sql("CREATE FOREIGN TABLE filtered (id bigint, n bigint) SERVER milvus OPTIONS (collection 't057_dense', filter 'n < 1000', splits '4')");
	is(scalar(grep { $_->[1] > 200 && $_->[1] < 300 } tokens('filtered', 4)), 4, 'as even as what the table holds');
	is(value('SELECT count(*) FROM (SELECT * FROM filtered OFFSET 0) x'), 1000, 'and that is read');
};

subtest 'Milvus: conditions' => sub {
	sql(q{ALTER FOREIGN TABLE dense OPTIONS (ADD splits '4')});
	is(value('SELECT count(*) FROM (SELECT n FROM dense WHERE n < 4000 OFFSET 0) x'), 4000, 'exact');
	is(value("SELECT count(*) FROM (SELECT n FROM dense WHERE n % 10 = 0 OFFSET 0) x"), 2000, 'checked here');
	my ($plan) = map { join "\n", map { $_->[0] } @$_ } [ sql('EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT n FROM dense WHERE n < 4000') ];
	like($plan, qr/Remote Splits: 4\n.*Remote Rows: 4000\n.*Snapshot: no/s, 'in four parts, no snapshot');
	is(value('SELECT n FROM dense WHERE id = 17'), 16, 'a row by its key');
	is(value('EXPLAIN (ANALYZE, FORMAT JSON) SELECT n FROM dense WHERE id = 17') =~ /"Remote Splits": (\d+)/ ? $1 : 0, 1, 'is not cut');
	sql(q{ALTER FOREIGN TABLE dense OPTIONS (DROP splits)});
	sql(q{CREATE FOREIGN TABLE part_of (id bigint, n bigint, p text OPTIONS (field '$partition')) SERVER milvus OPTIONS (collection 't057_parts', splits '6')});
	is_deeply([ sql('SELECT p, count(*) FROM part_of GROUP BY p ORDER BY p') ], [ [ a => 6000 ], [ c => 1000 ], [ d => 10 ] ], 'each row knows its partition');
	is(value(q{SELECT count(*) FROM (SELECT n FROM part_of WHERE p IN ('c', 'd') OFFSET 0) x}), 1010, 'conditions on the partition');
};

subtest 'Milvus: wrong tokens' => sub {
	for my $token ('', 'al', 'all ', ' all', 'all all', 'key>=', 'key>=1 ', 'key>=1  key<2', 'key<1 key>=0', 'key>=5 key<5', 'key>=1;', 'key>=1 or n > 0', 'key>=01', 'key>=+1',
		'key>=9223372036854775808', 'key<-9223372036854775808', 'partition=', 'partition=a,', 'partition=a"', 'partition=a b', 'id >= 1', 'seen=1', 'all seen=0', 'all seen=x', 'key>=0x10')
	{
		sql("ALTER FOREIGN TABLE dense OPTIONS (ADD split 'all')");
		my $e = error_of('ALTER FOREIGN TABLE dense OPTIONS (SET split $t$' . $token . '$t$)');
		if ($e) { is($e->{sqlstate}, '22023', "\"$token\" cannot be set"); }
		else
		{
			$e = error_of('SELECT count(*) FROM dense');
			is("$e->{sqlstate} $e->{message}", qq{22023 "$token" is no part of collection "t057_dense"}, "\"$token\"");
		}
		sql('ALTER FOREIGN TABLE dense OPTIONS (DROP split)');
	}
	sql("ALTER FOREIGN TABLE dense OPTIONS (ADD split 'partition=none')");
	is(error_of('SELECT * FROM dense')->{message}, 'there is no partition "none" in collection "t057_dense"', 'no such partition');
	sql(q{ALTER FOREIGN TABLE dense OPTIONS (SET split 'key>=-9223372036854775808 key<3')});
	is(value('SELECT count(*) FROM dense'), 2, 'from the smallest number on');
	sql('ALTER FOREIGN TABLE dense OPTIONS (DROP split)');
	sql("ALTER FOREIGN TABLE text OPTIONS (ADD split 'key>=1')");
	is(error_of('SELECT * FROM text')->{sqlstate}, '22023', 'a range of numbers of text keys');
	sql('ALTER FOREIGN TABLE text OPTIONS (DROP split)');
};

subtest 'Milvus: writing' => sub {
	sql(q{CREATE FOREIGN TABLE target (id bigint OPTIONS (key 'true'), n bigint, v real[]) SERVER milvus OPTIONS (collection 't057_one', splits '4')});
	sql('DELETE FROM target');
	sql(q{ALTER FOREIGN TABLE dense OPTIONS (ADD splits '4')});
	my $s = connect_to('057_splits');
	$s->sql('INSERT INTO target SELECT * FROM dense');
	is($s->affected, 20000, 'INSERT ... SELECT');
	is_deeply([ $s->sql('SELECT count(*), count(DISTINCT id), min(id), max(id), sum(n) FROM (SELECT * FROM target OFFSET 0) x') ],
		[ [ 20000, 20000, 1, 20000, 199990000 ] ], 'and what was written is seen at once, in parts too');
	$s->sql('INSERT INTO target SELECT id + 20000, n, v FROM target WHERE id <= 5000');
	is($s->value('SELECT count(*) FROM (SELECT * FROM target OFFSET 0) x'), 25000, 'not what the statement itself writes');
	sql("ALTER FOREIGN TABLE target OPTIONS (ADD split 'key>=100 key<200')");
	$s->sql('DELETE FROM target WHERE n >= 0');
	is($s->affected, 100, 'DELETE stays in its part');
	is(error_of('TRUNCATE target')->{sqlstate}, '0A000', 'TRUNCATE would not');
	sql('ALTER FOREIGN TABLE target OPTIONS (DROP split)');
	is($s->value('SELECT count(*) FROM (SELECT * FROM target OFFSET 0) x'), 24900, 'the rest is there');
	sql('ALTER FOREIGN TABLE dense OPTIONS (DROP splits)');
};

subtest 'parallel plans' => sub {
	my $s = connect_to('057_splits');
	$s->sql("SET $_") for 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', 'max_parallel_workers_per_gather = 2';
	my $query = 'SELECT count(v), count(DISTINCT id), sum(n) FROM target';
	my $plan = join "\n", map { $_->[0] } $s->sql("EXPLAIN (COSTS OFF) SELECT sum(n) FROM target");
	like($plan, qr/Gather.*Parallel Foreign Scan/s, 'is planned');
	is_deeply([ $s->sql($query) ], [ [ 24900, 24900, value('SELECT sum(n) FROM (SELECT * FROM target OFFSET 0) x') ] ], 'all rows');
	$s->sql('CREATE TABLE copied AS SELECT * FROM target');
	is($s->value('SELECT count(*) FROM copied'), 24900, 'CREATE TABLE AS');
	for my $n (1 .. 5)
	{
		$s->sql("INSERT INTO target SELECT g, g, '{1,2,3,4}' FROM generate_series(90000 + $n * 1000, 90999 + $n * 1000) g");
		is($s->value('SELECT count(*) FROM (SELECT sum(n) FROM target WHERE id >= 90000 GROUP BY id) x'), $n * 1000, 'workers see what this session wrote');
	}
	$s->sql('DELETE FROM target WHERE id >= 90000');
	is($s->value('SELECT count(sin(n)) FROM target'), 24900, 'and what it deleted');
	is(scalar(my @ones = $s->sql('SELECT 1 FROM dense')), 20000, 'without a column');
	sql(q{CREATE ROLE t057_user});
	sql('GRANT SELECT ON dense TO t057_user');
	$s->sql('SET ROLE t057_user');
	is($s->value('SELECT sum(n) FROM dense WHERE n >= 0'), 199990000, 'as another role');
	$s->sql('RESET ROLE');
	sql(q{DROP OWNED BY t057_user});
	sql(q{DROP ROLE t057_user});
};

subtest 'Elasticsearch' => sub {
	es(PUT => '/t057_docs', '{"settings": {"number_of_shards": 2, "number_of_replicas": 0}, "mappings": {"properties": {"n": {"type": "long"}, "t": {"type": "keyword"}}}}');
	es(PUT => '/t057_none', '{"settings": {"number_of_replicas": 0}, "mappings": {"properties": {"n": {"type": "long"}}}}');
	es_bulk('t057_docs', [ map { { _id => "d$_", n => $_, t => 't' . $_ % 7 } } 4000 * $_ .. 4000 * $_ + 3999 ]) for 0 .. 2;
	sql("CREATE FOREIGN TABLE docs (n bigint, t text) SERVER es OPTIONS (index 't057_docs')");
	sql("CREATE FOREIGN TABLE none (n bigint) SERVER es OPTIONS (index 't057_none', splits '4')");
	my @splits = tokens('docs', 4);
	is(scalar @splits, 4, 'slices');
	is(scalar(grep { $_->[2] eq 'f' } @splits), 4, 'bound to a point in time');
	my $contexts = sub { return es(GET => '/t057_docs/_stats/search')->{_all}{total}{search}{open_contexts} };
	sql("ALTER FOREIGN TABLE docs OPTIONS (ADD split '$splits[1][0]')");
	like(error_of('SELECT n FROM docs')->{message}, qr/^the search in index "t057_docs" is no longer open/, 'which is over when the function returns');
	for my $token ('all ', 'slice=4/4 pit=abc', 'slice=0/0 pit=abc', 'slice=0/4 pit=', 'slice=0/4 pit=a"b', 'slice=0/4', 'slice=00/4 pit=abc', 'slice=0/2000 pit=abc', 'slice=-1/4 pit=abc')
	{
		sql('ALTER FOREIGN TABLE docs OPTIONS (SET split $t$' . $token . '$t$)');
		my $e = error_of('SELECT n FROM docs');
		is("$e->{sqlstate} $e->{message}", qq{22023 "$token" is no part of index "t057_docs"}, "\"$token\"");
	}
	sql("ALTER FOREIGN TABLE docs OPTIONS (DROP split)");
	for my $n (2, 5, 64)
	{
		sql("ALTER FOREIGN TABLE docs OPTIONS (ADD splits '$n')");
		is_deeply([ sql('SELECT count(*), count(DISTINCT n), sum(n) FROM (SELECT * FROM docs OFFSET 0) x') ], [ [ 12000, 12000, 71994000 ] ], "$n side by side");
		is_deeply([ sql("SELECT count(*) FROM (SELECT * FROM docs WHERE t = 't3' AND n < 7000 OFFSET 0) x") ], [ [1000] ], 'with conditions');
		sql("ALTER FOREIGN TABLE docs OPTIONS (DROP splits)");
	}
	is(value('SELECT count(*) FROM (SELECT * FROM none OFFSET 0) x'), 0, 'an empty index');
	sql("ALTER FOREIGN TABLE docs OPTIONS (ADD splits '3', ADD slices '2', ADD fetch_size '100')");
	my $plan = join "\n", map { $_->[0] } sql('EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT n FROM docs');
	like($plan, qr/Remote Splits: 3\n.*Snapshot: yes/s, 'one point in time');
	my $s = connect_to('057_splits');
	$s->sql("SET $_") for 'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0', 'max_parallel_workers_per_gather = 2';
	like(join("\n", map { $_->[0] } $s->sql('EXPLAIN (COSTS OFF) SELECT sum(n) FROM docs')), qr/Parallel Foreign Scan/, 'parallel');
	is_deeply([ $s->sql('SELECT count(sin(n)), sum(n) FROM docs') ], [ [ 12000, 71994000 ] ], 'all rows');
	is(scalar(my @ones = $s->sql('SELECT 1 FROM docs')), 12000, 'without a column');
	is_deeply([ $s->sql('SELECT n FROM docs WHERE sin(n) <= 1 LIMIT 3') ]->$#*, 2, 'a LIMIT');
	is($s->value('SELECT count(*) FROM (SELECT * FROM docs OFFSET 0) x'), 12000, 'and again');
	undef $s;
	for (1 .. 50) { last if !$contexts->(); select undef, undef, undef, 0.1 }
	is($contexts->(), 0, 'no search is left open');
};

done_testing();
