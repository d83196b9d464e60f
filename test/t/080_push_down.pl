# Do conditions, orders, LIMITs, counts and extremes that a remote sees to give what PostgreSQL would find itself?
#
# Generated queries over rows with edges and NULLs, each asked of the remote and of a local copy of the same table.
# MILVUS_FDW_SEED and MILVUS_FDW_QUERIES choose others and more (make soak).

use MilvusFdw;

my $seed    = $ENV{MILVUS_FDW_SEED} // 80;
my $queries = $ENV{MILVUS_FDW_QUERIES} // 1000;

ours(es => [qw(t080)], milvus => [qw(t080)]);
fresh_database();
both_servers();
sql('CREATE SCHEMA es');
sql('CREATE SCHEMA m');

my @texts = ('', 'a', 'ab', 'abc', 'A', 'b%c', 'b_c', 'b\\c', "it's", 'say "x"', 'é', "e\x{301}", '日本', "\x{1F600}", ' ', 'a b',
	"tab\there", "line\nbreak", 'true', 'null', '0', '10', '9', 'x' x 300, '*', '?', 'a*c');
my @longs   = (0, 1, -1, 2, 7, 10, 127, 128, -128, 2147483647, -2147483648, 9007199254740993, '9223372036854775806', '-9223372036854775807');
my @ints    = (0, 1, -1, 3, 100, 2147483647, -2147483648);
my @reals   = (0, '-0.0', 1, 0.1, -2.5, 1.1, 16777217, 3.4e37, 1e-40, 0.3);
my @doubles = (0, '-0.0', 1, 0.1, -2.5, 1.1, 9007199254740993, 1e300, 1e-300, 0.30000000000000004);
my @jsons   = ('{}', '{"a": 1}', '{"a": 1.0, "b": "x"}', '{"a": "1"}', '{"a": null}', '{"a": {"b": [1, 2, "z"]}}', '{"a": true, "b": "é"}',
	'{"a": 9007199254740993}', '{"b": ""}', '{"a": [1]}', '{"a": -1.5}');

srand $seed;
sub pick { return $_[ int rand @_ ] }
sub quoted { my ($s) = @_; $s =~ s/'/''/g; return $s =~ s/\\/\\\\/g ? "E'$s'" : "'$s'" }

# Rows: most values common enough that conditions hold for some and not for all.
sql('CREATE TABLE rows (id bigint PRIMARY KEY, n bigint, i integer, f real, d double precision, t text, b boolean, j jsonb, tags text[])');
my @values = map {
	my $tags = join ',', map { '"' . ($_ =~ s/(["\\])/\\$1/gr) . '"' } map { pick(@texts[1 .. 9]) } 1 .. int rand 3;
	"($_, " . join(', ', pick(@longs), pick(@ints), "'" . pick(@reals) . "'", "'" . pick(@doubles) . "'", quoted(pick(@texts)),
		pick('true', 'false'), quoted(pick(@jsons)), quoted("{$tags}")) . ')'
} 1 .. 400;
sql('INSERT INTO rows VALUES ' . join ', ', @values);

# Milvus holds no NULL and no array here; Elasticsearch holds both, and documents without a field.
sql('CREATE VIEW milvus_rows AS SELECT id, n, i, f, d, t::varchar(1000) AS t, b, j FROM rows');
sql('CREATE VIEW with_vector AS SELECT *, ARRAY[1, 2]::real[] AS v FROM milvus_rows');
sql(q{SELECT milvus_fdw.create_collection('milvus', 't080', like => 'with_vector', primary_key => 'id')});
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t080) FROM SERVER milvus INTO m');
sql('INSERT INTO m.t080 (id, n, i, f, d, t, b, j, v) SELECT id, n, i, f, d, t, b, j, v FROM with_vector');

es(PUT => '/t080', { settings => { number_of_shards => 2 }, mappings => { properties => {
	id => { type => 'long' }, n => { type => 'long' }, i => { type => 'integer' }, f => { type => 'float' }, d => { type => 'double' },
	t => { type => 'keyword', ignore_above => 200 }, txt => { type => 'text' }, b => { type => 'boolean' },
	j => { type => 'object', enabled => \0 }, tags => { type => 'keyword' } } } });
python(<<'P', es_url(), value(q{SELECT json_agg(r) FROM (SELECT id, n, i, f, d, t, t AS txt, b, j, tags FROM rows) r}));
import urllib.request
lines = []
for n, row in enumerate(json.loads(args[1])):
    for k, name in enumerate(("n", "i", "f", "d", "t", "txt", "b", "tags")):
        if (n + k) % 11 == 0:
            row[name] = None
        elif (n + k) % 13 == 0:
            del row[name]
    lines += [json.dumps({"index": {"_id": "k%d" % row["id"]}}), json.dumps(row)]
request = urllib.request.Request(args[0] + "/t080/_bulk?refresh=true", ("\n".join(lines) + "\n").encode(), {"Content-Type": "application/x-ndjson"})
answer = json.load(urllib.request.urlopen(request))
assert not answer["errors"], [i for i in answer["items"] if i["index"].get("error")][:2]
P
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t080) FROM SERVER es INTO es');
sql('ALTER FOREIGN TABLE es.t080 ALTER COLUMN tags TYPE text[]');
sql("CREATE TABLE local_$_->[0] AS SELECT * FROM $_->[1]") for [ milvus => 'm.t080' ], [ es => 'es.t080' ];
is(value("SELECT count(*) FROM local_$_"), 400, "400 rows in $_") for qw(milvus es);
sql('ALTER FOREIGN TABLE m.t080 ALTER COLUMN id OPTIONS (ADD key ' . q{'true')})
	unless value(q{SELECT attfdwoptions::text LIKE '%key=true%' FROM pg_attribute WHERE attrelid = 'm.t080'::regclass AND attname = 'id'});

# ------------------------------------------------------------------ the grammar

my %kinds = (id => [ 1 .. 12, 399, 400, 401, -1 ], n => \@longs, i => \@ints, f => \@reals, d => \@doubles);

sub constant
{
	my ($column) = @_;
	my $value = pick(@{ $kinds{$column} });
	return rand() < 0.06 ? 'NULL' : "'$value'";
}

sub leaf
{
	my ($side) = @_;
	my $column = pick(qw(id n i f d t t b j), $side eq 'es' ? qw(tags txt) : ());
	if ($column eq 'b') { return pick('b', 'NOT b', 'b = true', 'b IS TRUE', 'b IS NULL', 'b <> false') }
	if ($column eq 'j')
	{
		return pick("j ->> 'a' = " . quoted(pick('1', 'x', 'true', '-1.5')), "j ->> 'b' = " . quoted(pick('x', 'é', '')),
			"j @> '{\"a\": 1}'", "j -> 'a' = '1'", "j -> 'a' -> 'b' ->> 0 = '1'", 'j IS NOT NULL', "j ->> 'b' <> 'x'");
	}
	if ($column eq 'tags')
	{
		my @some = map { quoted(pick(@texts[1 .. 9])) } 1 .. 2;
		return pick("$some[0] = ANY (tags)", "tags \@> ARRAY[$some[0]]", "tags && ARRAY[$some[0], $some[1]]", 'tags IS NULL', "tags \@> ARRAY[$some[0], $some[1]]");
	}
	if ($column eq 't' || $column eq 'txt')
	{
		my $text = quoted(pick(@texts));
		my $op = pick('=', '=', '<>', '<', '<=', '>', '>=');
		my $collate = $op =~ /^(=|<>)$/ && rand() < 0.5 ? '' : ' COLLATE "C"';
		return pick("$column $op $text$collate", "$column $op $text$collate", "$column IN ($text, " . quoted(pick(@texts)) . ')',
			"$column NOT IN ($text, " . quoted(pick(@texts)) . pick('', ', NULL') . ')', "$column LIKE " . quoted(pick('a%', '%a%', 'b\\%c', 'a_c', '_', '%', 'x%x', 'é%', '', 'a*%')),
			"$column NOT LIKE " . quoted(pick('a%', '%b', '_')), "$column IS NULL", "$column IS NOT NULL",
			"$column = ANY (ARRAY[$text, 'b'])", "$column COLLATE \"C\" BETWEEN 'a' AND 'b'");
	}
	my $cast = { id => 'bigint', n => 'bigint', i => 'integer', f => 'real', d => 'double precision' }->{$column};
	my @c = map { constant($column) . '::' . pick($cast, $column =~ /^[fd]$/ ? 'double precision' : 'bigint') } 1 .. 3;
	my $op = pick('=', '<>', '<', '<=', '>', '>=');
	return pick("$column $op $c[0]", "$column $op $c[0]", "$c[0] $op $column", "$column IN ($c[0], $c[1], $c[2])", "$column NOT IN ($c[0], $c[1])",
		"$column BETWEEN $c[0] AND $c[1]", "$column IS NULL", "$column IS NOT NULL", "$column * 1 > $c[0]", "$column = ANY (ARRAY[$c[0], $c[1]])");
}

sub condition
{
	my ($side, $depth) = @_;
	return leaf($side) if $depth == 0 || rand() < 0.35;
	return 'NOT (' . condition($side, $depth - 1) . ')' if rand() < 0.25;
	return '(' . join(pick(' AND ', ' OR '), map { condition($side, $depth - 1) } 1 .. 2 + int rand 2) . ')';
}

# Rows, an order perhaps with LIMIT, a number, or the smallest and the largest: [what is compared, query, shape].
sub query
{
	my ($side) = @_;
	my $where = rand() < 0.15 ? '' : ' WHERE ' . condition($side, 2);
	my $shape = pick(qw(rows rows order order order limit count count extreme));
	if ($shape eq 'rows') { return ("SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM TABLE$where", $shape) }
	if ($shape eq 'count')
	{
		my $what = pick('*', '*', '*', qw(n t b id));
		my $filter = rand() < 0.2 ? ' FILTER (WHERE ' . condition($side, 1) . ')' : '';
		return ("SELECT count($what)$filter FROM TABLE$where", $shape);
	}
	if ($shape eq 'extreme')
	{
		my $column = pick(qw(id id n i f d), 't COLLATE "C"');
		return ('SELECT ' . join(', ', map { "$_($column)" } pick(['min'], ['max'], [qw(min max)])->@*) . " FROM TABLE$where", $shape);
	}
	if ($shape eq 'limit')
	{
		# Which rows come is not said, only how many.
		return ("SELECT count(*) FROM (SELECT id FROM TABLE$where LIMIT " . pick(0, 1, 5, 50, 399, 1000) . pick('', '', ' OFFSET 3') . ') x', $shape);
	}
	my %seen;
	my @by = $side eq 'milvus' && rand() < 0.7 ? 'id' :
		grep { !$seen{$_}++ } map { pick(qw(id n n i f d b t)) } 1 .. pick(1, 1, 2, 3);
	my @columns = @by;
	$_ = ($_ eq 't' ? 't COLLATE "C"' : $_) . pick('', '', ' DESC') . pick('', '', ' NULLS FIRST', ' NULLS LAST') for @by;
	my $limit = rand() < 0.5 ? '' : ' LIMIT ' . pick(0, 1, 2, 10, 100, 399) . pick('', '', ' OFFSET 2', ' OFFSET 50');
	# Rows that are equal in all of these may come in any order.
	return ("SELECT string_agg(r, '|') FROM (SELECT row(" . join(', ', @columns) . ")::text AS r FROM TABLE$where ORDER BY " . join(', ', @by) . "$limit) x", $shape);
}

# -------------------------------------------------------------------- the runs

for my $side ([ milvus => 'm.t080' ], [ es => 'es.t080' ])
{
	my ($name, $table) = @$side;
	subtest $name => sub {
		my ($wrong, $shipped, $ordered, $hit) = (0, 0, 0, 0);
		my %asked;
		for my $n (1 .. $queries)
		{
			# Many small pages for half of them.
			sql("ALTER FOREIGN TABLE $table OPTIONS (ADD fetch_size '60')") if $n == int($queries / 2);
			my ($query, $shape) = query($name);
			my $here  = $query =~ s/TABLE/local_$name/r;
			my $there = $query =~ s/TABLE/$table/r;
			my $want  = value($here) // 'NULL';
			my $got   = eval { value($there) // 'NULL' } // "error: $@";
			$asked{$shape}++;
			$hit++ if $want ne '' && $want ne 'NULL' && $want ne '0';
			my $plan = $n % 4 ? '' : join "\n", map { $_->[0] } sql("EXPLAIN $there");
			$shipped++ if $plan =~ /Remote (Filter|Aggregate)/;
			$ordered++ if $plan =~ /Remote Order/;
			next if $want eq $got;
			diag("seed $seed, query $n: $there\n  here:   $want\n  remote: $got") if ++$wrong <= 5;
		}
		sql("ALTER FOREIGN TABLE $table OPTIONS (DROP fetch_size)");
		is($wrong, 0, "$queries queries (seed $seed) give the same answers");
		note(join ', ', map { "$asked{$_} $_" } sort keys %asked);
		cmp_ok($shipped * 4, '>', $queries / 3, "about " . 4 * $shipped . " of them are checked remotely at least in part");
		cmp_ok($ordered * 4, '>', $queries / 20, "about " . 4 * $ordered . " ordered");
		cmp_ok($hit, '>', $queries / 3, "$hit find something");

		is(value("SELECT count(*) FROM $table"), 400, 'count(*)');
		ok((grep { $_->[0] =~ /Remote Aggregate: count/ } sql("EXPLAIN SELECT count(*) FROM $table")), 'by the remote');
		is(scalar(my @rows = sql("SELECT id FROM $table LIMIT 5 OFFSET 3")), 5, 'LIMIT and OFFSET');
		sql('SET plan_cache_mode = force_generic_plan');
		# The driver would take a dollar and a digit for its own placeholder.
		sql("DO 'BEGIN EXECUTE ''PREPARE p_$name(bigint, text[]) AS SELECT count(id) FROM $table WHERE id = '' || chr(36) || ''1 OR t = ANY ('' || chr(36) || ''2)''; END'");
		is(value("EXECUTE p_$name($_, ARRAY['a', 'abc'])"), value("SELECT count(*) FROM local_$name WHERE id = $_ OR t IN ('a', 'abc')"), "parameters: $_")
			for 1, 7, 1000;
		is(value("EXECUTE p_$name(NULL, NULL)"), 0, 'NULL as a parameter');
		sql('RESET plan_cache_mode');
		sql(($name eq 'es' ? 'ALTER SERVER es' : 'ALTER SERVER milvus') . q{ OPTIONS (ADD fdw_startup_cost '0')});
		sql('SET enable_material = off');
		sql('SET enable_hashjoin = off');
		sql('SET enable_mergejoin = off');
		my $join = "SELECT count(r.id), sum(r.id) FROM (VALUES (3), (5), (3), (999), (NULL)) x (k) JOIN $table r ON r.id = x.k";
		is_deeply([ sql($join) ], [ [ 3, 11 ] ], 'looked up by key in a nested loop');
		ok((grep { $_->[0] =~ /Remote Filter: .*\bid\b/ } sql("EXPLAIN (COSTS OFF) $join")), 'each time asking for one key');
		sql('RESET enable_material');
		sql('RESET enable_hashjoin');
		sql('RESET enable_mergejoin');
	};
}

subtest 'the table option query' => sub {
	sql(q{ALTER FOREIGN TABLE es.t080 OPTIONS (ADD query '{"term": {"b": true}}')});
	my $count = value('SELECT count(*) FROM local_es WHERE b');
	is(value('SELECT count(*) FROM es.t080'), $count, 'counts what it finds');
	is(value('SELECT count(*) FROM es.t080 WHERE b'), $count, 'reads what it finds');
	is(value('SELECT count(*) FROM es.t080 WHERE NOT b OR b IS NULL'), 0, 'and nothing else');
	is(error_of(q<ALTER FOREIGN TABLE es.t080 OPTIONS (SET query '{"term": ')>)->{sqlstate}, '22023', 'broken JSON is refused when it is set');
	is(error_of(q{ALTER FOREIGN TABLE es.t080 OPTIONS (SET query '[1]')})->{sqlstate}, '22023', 'and what is no object');
	sql(q{ALTER FOREIGN TABLE es.t080 OPTIONS (SET query '{"nonsense": {}}')});
	is(error_of('SELECT count(id) FROM es.t080')->{sqlstate} =~ /^(HV|42|22)/ ? 1 : 0, 1, 'what the server refuses is an error');
};

done_testing();
