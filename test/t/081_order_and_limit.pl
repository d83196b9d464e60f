# Which part of ORDER BY, LIMIT, count(*), min and max does each remote do, and is it right where its own order is doubtful?
#
# 080 asks whether generated queries are answered rightly; here EXPLAIN says who did it, on segments, partitions, shards,
# pages and the values where a remote's order and PostgreSQL's part.

use MilvusFdw;

ours(es => [qw(t081 t081_a t081_b)], milvus => [qw(t081_number t081_text)]);
fresh_database();
both_servers();

# What EXPLAIN ANALYZE says of the foreign scan: {'Sorted' => 'remotely', 'Remote Rows' => 3, ...}
sub ran
{
	my ($query) = @_;
	my %said = map { /^\s*([A-Z][A-Za-z ]+): (.*)$/ ? ($1 => $2) : () } map { $_->[0] }
		sql("EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) $query");
	return \%said;
}

sub same
{
	my ($query, $name) = @_;
	my $got = join '|', map { join ',', map { $_ // 'NULL' } @$_ } sql($query);
	(my $local = $query) =~ s/\bfar\./near./g;
	is($got, join('|', map { join ',', map { $_ // 'NULL' } @$_ } sql($local)), $name // $query);
}

sql('CREATE SCHEMA far');
sql('CREATE SCHEMA near');

# ------------------------------------------------------------------ Milvus

# Both types of key; two shards, two partitions, a sealed segment and growing ones, rows in no order.
python(<<'P');
milvus()
import random
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema
random.seed(81)
for name in ("number", "text"):
    key = FieldSchema("id", DataType.INT64, is_primary=True) if name == "number" else FieldSchema("id", DataType.VARCHAR, max_length=64, is_primary=True)
    c = Collection("t081_" + name, CollectionSchema([key, FieldSchema("n", DataType.INT32), FieldSchema("v", DataType.FLOAT_VECTOR, dim=2)]), shards_num=2, consistency_level="Strong")
    c.create_partition("other")
    ids = random.sample(range(-3000, 3000), 3000)
    if name == "text":
        ids = [random.choice(("", "Z", "a", "é", "日", "\U0001F600")) + str(i) for i in ids]
    for part in range(6):
        some = ids[part * 500:part * 500 + 500]
        c.insert([some, [(i * 7) % 1000 for i in range(len(some))], [[0.0, 1.0]] * len(some)], partition_name=("_default", "other")[part % 2])
        if part == 3:
            c.flush()
            c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
            c.load()
P
sql(qq{CREATE FOREIGN TABLE far.number (id bigint OPTIONS (key 'true'), n integer, v real[]) SERVER milvus OPTIONS (collection 't081_number', consistency_level 'strong')});
sql(qq{CREATE FOREIGN TABLE far.text (id text OPTIONS (key 'true') COLLATE "C", n integer, v real[]) SERVER milvus OPTIONS (collection 't081_text', consistency_level 'strong')});
for my $table (qw(number text))
{
	subtest "Milvus, key of type $table" => sub {
		sql("CREATE TABLE near.$table AS SELECT * FROM far.$table");
		is(value("SELECT count(*) FROM near.$table"), 3000, 'all rows');
		sql("ALTER FOREIGN TABLE far.$table OPTIONS (DROP consistency_level)");
		for my $pages ('', q{ADD fetch_size '173'})
		{
			sql("ALTER FOREIGN TABLE far.$table OPTIONS ($pages)") if $pages;
			my $ran = ran("SELECT id, n FROM far.$table ORDER BY id");
			is($ran->{Sorted}, 'remotely', 'the key is an order that comes by itself' . ($pages ? ', in many pages' : ''));
			cmp_ok($ran->{'Remote Requests'}, '>', $pages ? 10 : 0, "$ran->{'Remote Requests'} requests");
			same("SELECT id, n FROM far.$table ORDER BY id");
			same("SELECT id, n FROM far.$table WHERE n < 500 ORDER BY id LIMIT 700 OFFSET 5");
		}
		sql("ALTER FOREIGN TABLE far.$table OPTIONS (DROP fetch_size)");
		my $ran = ran("SELECT id FROM far.$table WHERE n <> 5 ORDER BY id LIMIT 3");
		is_deeply([ @$ran{'Remote Order', 'Remote Limit', 'Remote Requests', 'Remote Rows'} ], [ 'id', 3, 1, 3 ], 'the first three are one request of three rows');
		$ran = ran("SELECT min(id) FROM far.$table");
		is_deeply([ @$ran{'Remote Requests', 'Remote Rows'} ], [ 1, 1 ], 'the smallest key is one row');
		same("SELECT min(id), max(id) FROM far.$table");
		same("SELECT min(id) FROM far.$table WHERE n > 998");
		same("SELECT min(id) FROM far.$table WHERE n > 2000");
		$ran = ran("SELECT id FROM far.$table ORDER BY n, id LIMIT 3");
		ok(!exists $ran->{'Remote Order'}, 'another column is no order of Milvus');
		my ($first, $last) = map { @$_ } sql("SELECT min(id), max(id) FROM near.$table");
		$_ = "'$_'" for $first, $last;
		same("SELECT id FROM far.$table WHERE id IN ($last, $first, (SELECT id FROM near.$table ORDER BY n, id LIMIT 1)) ORDER BY id");
		same("SELECT id FROM far.$table WHERE id > $first AND id < $last AND n * 1 > 500 ORDER BY id LIMIT 4");
		$ran = ran("SELECT id FROM far.$table WHERE n * 1 >= 0 LIMIT 4");
		cmp_ok($ran->{'Remote Rows'}, '<', 200, "a LIMIT that cannot be sent begins with a small page ($ran->{'Remote Rows'} rows)");
		$ran = ran("SELECT count(*) FROM far.$table WHERE n > 100");
		is_deeply([ @$ran{'Counted', 'Remote Requests'} ], [ 'remotely', 1 ], 'a count is one request');
		same("SELECT count(*) FROM far.$table WHERE n > 100");
		same("SELECT count(*) FILTER (WHERE n < 200) FROM far.$table WHERE n > 100");
		same("SELECT count(n) FROM far.$table WHERE n > 100");
		same("SELECT count(*) FROM far.$table WHERE false");
		same("SELECT count(*), max(n) FROM far.$table WHERE n > 100");
	};
}
is(ran('SELECT id FROM far.number WHERE id = 3 LIMIT 1')->{Snapshot}, 'no', 'Milvus 2.3 reads no snapshot');
is(ran('SELECT count(*) FROM far.number WHERE n > 3')->{Snapshot}, 'yes', 'but counts one');
ok(defined ran('SELECT id FROM far.number')->{'Remote Wait'}, 'how long was waited');
same('SELECT a.id, b.n FROM (SELECT id FROM near.number ORDER BY id LIMIT 20) a, LATERAL (SELECT n FROM far.number b WHERE b.id > a.id ORDER BY b.id LIMIT 1) b ORDER BY a.id',
	'an ordered scan within a nested loop');

subtest 'the table option filter' => sub {
	sql(q{ALTER FOREIGN TABLE far.number OPTIONS (ADD filter 'n > 900 or id == 5')});
	sql('CREATE TABLE near.part AS SELECT * FROM near.number WHERE n > 900 OR id = 5');
	my $local = sub { is(join('|', map { $_->[0] } sql($_[0] =~ s/TABLE/far.number/r)), join('|', map { $_->[0] } sql($_[0] =~ s/TABLE/near.part/r)), $_[0]) };
	$local->("SELECT $_") for 'count(*) FROM TABLE', 'count(*) FROM TABLE WHERE n < 950', 'id FROM TABLE ORDER BY id', 'id FROM TABLE WHERE n < 950 ORDER BY id LIMIT 7',
		'count(*) FROM (SELECT id FROM TABLE OFFSET 0) x', 'min(id) FROM TABLE', 'id FROM TABLE WHERE id IN (5, 6, 7)',
		'count(*) FROM TABLE WHERE id = (SELECT min(id) FROM near.number WHERE n < 900)';
	is(ran('SELECT id FROM far.number')->{'Table Filter'}, 'n > 900 or id == 5', 'EXPLAIN tells it');
	like(ran('SELECT id FROM far.number')->{'Remote Request'}, qr/expr="\(n > 900 or id == 5\)"/, 'and the request');
	is(error_of(q{ALTER FOREIGN TABLE far.number OPTIONS (SET filter 'n > 1) or (n < 5')})->{sqlstate}, '22023', 'what leaves its parentheses is refused');
	is(error_of(q{ALTER FOREIGN TABLE far.number OPTIONS (SET filter 'n == "x')})->{sqlstate}, '22023', 'and an open string');
	for my $wrong ('n >>> 5', 'nothing == 5', 'n')
	{
		sql("ALTER FOREIGN TABLE far.number OPTIONS (SET filter '$wrong')");
		for my $query ('SELECT * FROM far.number', 'SELECT count(*) FROM far.number')
		{
			my $error = error_of($query);
			like(($error->{message} // '') . ($error->{hint} // ''), qr/option "filter".*\Q$wrong\E/, "$wrong: the error names the option");
		}
	}
	sql('ALTER FOREIGN TABLE far.number OPTIONS (DROP filter)');
};

# ----------------------------------------------------------- Elasticsearch

my %mapping = (n => { type => 'long' }, i => { type => 'integer' }, d => { type => 'double' }, f => { type => 'float' }, b => { type => 'boolean' },
	k => { type => 'keyword' }, cut => { type => 'keyword', ignore_above => 5 }, low => { type => 'keyword', null_value => 'x' },
	plain => { type => 'keyword', doc_values => \0 }, t => { type => 'text' }, at => { type => 'date' });
es(PUT => '/t081', { settings => { number_of_shards => 3 }, mappings => { properties => \%mapping } });
my @big = qw(9223372036854775807 -9223372036854775808 9007199254740993 9007199254740992 9007199254740995);
my @words = ('', 'a', 'B', 'é', '日', "\x{1F600}", 'aaaaaaaaa', 'zz');
es_bulk('t081', [ map {
	my $r = $_;
	my %d = (n => $r % 10 < 5 ? $r : 0 + $big[ $r % 5 ], i => ($r * 13) % 50, d => ($r % 7) / 4 - 0.5, f => $r % 3 ? 0.1 * ($r % 11) : -0.0, b => \($r % 2),
		(map { $_ => $words[ $r % 8 ] } qw(k cut low plain t)), at => '2024-01-01T00:00:00.000' . sprintf('%03d', ($r * 37) % 1000) . 'Z');
	delete @d{ (qw(n i d f b k cut low at))[ $r % 9 ] } if $r % 4 == 0;
	{ _id => $r, %d };
} 1 .. 700 ]);
my $columns = 'n bigint, i integer, d double precision, f real, b boolean, k text COLLATE "C", cut text COLLATE "C", low text COLLATE "C", plain text COLLATE "C", t text COLLATE "C", at timestamptz';
sql("CREATE FOREIGN TABLE far.docs (_id text, $columns) SERVER es OPTIONS (index 't081')");
sql('CREATE TABLE near.docs AS SELECT * FROM far.docs');

subtest 'Elasticsearch' => sub {
	for my $size ('', '90')
	{
		sql("ALTER FOREIGN TABLE far.docs OPTIONS (ADD fetch_size '$size')") if $size;
		for my $order ('i', 'i DESC', 'i NULLS FIRST', 'd', 'd DESC NULLS LAST', 'f', 'f DESC', 'b', 'b DESC', 'k', 'k DESC', 'k NULLS FIRST', 'i, k DESC, b', 'b, k, d')
		{
			(my $by = $order) =~ s/ (DESC|NULLS \w+)//g;
			is(ran("SELECT $by FROM far.docs ORDER BY $order")->{Sorted}, 'remotely', "$order: by the server");
			same("SELECT $by FROM far.docs ORDER BY $order");
		}
		for my $order ('n', 'n DESC', 'n DESC NULLS LAST', 'cut', 'low', 'plain', 't', 'at')
		{
			(my $by = $order) =~ s/ (DESC|NULLS \w+)//g;
			my $ran = ran("SELECT $by FROM far.docs ORDER BY $order");
			isnt($ran->{Sorted} // '', 'remotely', "$order: here");
			same("SELECT $by FROM far.docs ORDER BY $order");
			same("SELECT $by FROM far.docs ORDER BY $order LIMIT 20");
		}
	}
	sql('ALTER FOREIGN TABLE far.docs OPTIONS (DROP fetch_size)');
	same("SELECT n FROM far.docs WHERE n IS NOT NULL ORDER BY n DESC LIMIT 200", 'numbers beyond 2^53 in their order');
	is(ran('SELECT n FROM far.docs WHERE n IS NOT NULL ORDER BY n')->{Sorted}, 'remotely', 'by the server, where none is missing');
	my $ran = ran('SELECT i FROM far.docs WHERE k <> \'a\' ORDER BY i LIMIT 3');
	is_deeply([ @$ran{'Remote Order', 'Remote Limit', 'Remote Rows', 'Sorted'} ], [ 'i', 3, 3, 'remotely' ], 'three hits for LIMIT 3');
	$ran = ran('SELECT max(d) FROM far.docs');
	is($ran->{'Remote Rows'}, 1, 'the largest is one hit');
	same('SELECT min(n), max(n), min(i), max(i), min(d), max(d), min(f), max(f), min(k), max(k), min(cut), max(at) FROM far.docs');
	is(ran('SELECT count(*) FROM far.docs WHERE i > 5 AND k IS NOT NULL')->{Counted}, 'remotely', 'an exact condition is counted there');
	$ran = ran(q{SELECT count(*) FROM far.docs WHERE cut = 'a' AND t LIKE 'a%'});
	is($ran->{Counted}, 'locally', 'another one here');
	cmp_ok($ran->{'Remote Rows'}, '<', 300, "among those that it may be true for ($ran->{'Remote Rows'} rows)");
	same(q{SELECT count(*) FROM far.docs WHERE i > 5 AND k IS NOT NULL});
	same(q{SELECT count(*) FROM far.docs WHERE cut = 'aaaaaaaaa'});
	same(q{SELECT count(cut) FROM far.docs WHERE i > 5});
	es(PUT => '/t081/_settings', { 'index.max_terms_count' => 3 });
	my $many = "k IN ('a', 'B', 'é', 'zz', 'nothing') AND i IN (1, 2, 3, 14, 26)";
	is(ran("SELECT count(*) FROM far.docs WHERE $many")->{Counted}, 'locally', 'what the server refuses to count is counted here');
	same("SELECT count(*) FROM far.docs WHERE $many");
	same("SELECT i, k FROM far.docs WHERE $many ORDER BY i, k LIMIT 5");
	es(PUT => '/t081/_settings', { 'index.max_terms_count' => undef });
	is(ran('SELECT i FROM far.docs WHERE i > 5')->{Snapshot}, 'yes', 'a search is of one moment');
};

subtest 'several indices' => sub {
	es(PUT => '/t081_a', { mappings => { properties => { k => { type => 'keyword' }, i => { type => 'integer' } } } });
	es(PUT => '/t081_b', { mappings => { properties => { k => { type => 'keyword', ignore_above => 3 }, i => { type => 'integer' } } } });
	es_bulk('t081_a', [ map { { _id => $_, k => "word$_", i => $_ } } 1 .. 20 ]);
	es_bulk('t081_b', [ map { { _id => $_, k => "word$_", i => -$_ } } 10 .. 30 ]);
	sql(q{CREATE FOREIGN TABLE far.both (k text COLLATE "C", i integer) SERVER es OPTIONS (index 't081_a,t081_b')});
	sql('CREATE TABLE near.both AS SELECT * FROM far.both');
	is(ran('SELECT k FROM far.both ORDER BY k')->{Sorted}, 'locally', 'mappings that differ give no order');
	same('SELECT k FROM far.both ORDER BY k');
	is(ran('SELECT i FROM far.both ORDER BY i')->{Sorted}, 'remotely', 'those that agree do');
	same('SELECT i FROM far.both ORDER BY i DESC');
};

subtest 'cursors and prepared statements' => sub {
	for my $table (qw(number docs))
	{
		my $by = $table eq 'docs' ? 'at' : 'id';
		for my $kind ('SCROLL', 'NO SCROLL')
		{
			my %text;
			for my $schema (qw(far near))
			{
				sql('BEGIN');
				sql("DECLARE c $kind CURSOR WITH HOLD FOR SELECT $by FROM $schema.$table ORDER BY $by");
				my @rows = map { [ sql("FETCH $_ FROM c") ] } 10, 100, $kind eq 'SCROLL' ? ('BACKWARD 20', 30) : ();
				sql('COMMIT');
				push @rows, [ sql('FETCH 40 FROM c') ], $kind eq 'SCROLL' ? [ sql('FETCH LAST FROM c') ] : ();
				sql('CLOSE c');
				$text{$schema} = join ';', map { join ',', map { $_->[0] // 'NULL' } @$_ } @rows;
			}
			is($text{far}, $text{near}, "$kind cursor WITH HOLD on $table");
		}
	}
	sql('SET plan_cache_mode = force_generic_plan');
	sql("DO 'BEGIN EXECUTE ''PREPARE l(bigint, bigint) AS SELECT id FROM far.number WHERE n > '' || chr(36) || ''2 ORDER BY id LIMIT '' || chr(36) || ''1''; END'");
	is(join(',', map { $_->[0] } sql("EXECUTE l($_->[0], $_->[1])")),
		join(',', map { $_->[0] } sql("SELECT id FROM near.number WHERE n > $_->[1] ORDER BY id LIMIT $_->[0]")), "LIMIT as a parameter: $_->[0]")
		for [ 3, 100 ], [ 0, 100 ], [ 'NULL', 990 ], [ 5, 100 ];
	is(ran('EXECUTE l(3, 100)')->{'Remote Rows'}, 3, 'which the remote obeys');
	sql('RESET plan_cache_mode');
};

done_testing();
