# Does the README's example do what it says?  Its statements are read from the README itself.

use MilvusFdw;
use File::Basename qw(dirname);

my $readme = do { local (@ARGV, $/) = (dirname($0) . '/../../README.md'); <> };
utf8::decode($readme);
my ($block) = $readme =~ /^```sql\n(.*?)^```/ms or BAIL_OUT('no SQL in the README');
my @statements = grep { /\S/ } split /;\s*$/m, $block =~ s/^--.*\n//mgr;

# The servers of a test run may listen elsewhere.
for (@statements)
{
	s/^\s+//;
	s{http://localhost:9200}{es_url()}e;
	s{host 'localhost', port '19530'}{sprintf "host '%s', port '%s'", milvus_host(), milvus_port()}e;
}

my $rows = 100_000;
ours(es => [qw(docs t010_shards t010_nasty)], milvus => [qw(docs t010_shards t010_nasty t010_again)]);

my $differ = q{SELECT count(*) FROM es.%1$s s FULL JOIN milvus2.%1$s t USING (id)
	WHERE s.title IS DISTINCT FROM t.title OR float8send(s.price) IS DISTINCT FROM float8send(t.price)
	OR array_send(s.embedding) IS DISTINCT FROM array_send(t.embedding)};

# Not through the extension, so that reading and writing cannot be wrong in the same way.
sub wrong_rows_in_milvus
{
	my ($collection, $n, $dims) = @_;
	return python(<<'P', test_data(), $collection, $n, $dims);
sys.dont_write_bytecode = True
sys.path.insert(0, args[0])
import numpy
from docs import blocks
from pymilvus import Collection
milvus()
collection, seen, wrong = Collection(args[1]), 0, 0
for ids, titles, prices, vectors in blocks(int(args[2]), int(args[3])):
    rows = collection.query("id >= %d and id <= %d" % (ids[0], ids[-1]), limit=16384, consistency_level="Strong",
                            output_fields=["id", "title", "price", "embedding"])
    seen += len(rows)
    rows = {r["id"]: r for r in rows}
    for n, title, price, vector in zip(ids, titles, prices, vectors):
        r = rows.get(n)
        wrong += (r is None or r["title"] != title or r["price"] != price
                  or numpy.array(r["embedding"], dtype="float32").tobytes() != vector.tobytes())
print("%d rows, %d wrong" % (seen, wrong))
P
}

subtest 'the statements of the README' => sub {
	is(docs_into_es('docs', $rows, 128), $rows, 'Elasticsearch has the documents');
	my $db = fresh_database(without_extension => 1);
	my %answers = (count => $rows, differ => 0);
	for my $statement (@statements)
	{
		my ($answer, $error) = $db->try($statement);
		my ($words) = $statement =~ /(\S+(?:\s+\S+){0,3})/;
		ok(!$error, $words) or diag(explain($error), $statement), last;
		my ($name) = $statement =~ /^SELECT count\(\*\)(?: AS (\w+))?/ or next;
		$name = $1 // 'count';
		is($answer->[0][0], delete $answers{$name}, "its answer: $name");
	}
	is_deeply(\%answers, {}, 'the README asks for the count and for what differs');
	is_deeply([ map { $_->{message} } grep { $_->{severity} ne 'NOTICE' } @{ notices() } ], [], 'no warnings');
};

subtest 'what Milvus holds now' => sub {
	is(value(sprintf $differ, 'docs'), 0, 'no row differs in any column or any bit');
	is(value('SELECT count(*) FROM es.docs s JOIN milvus2.docs t USING (id) WHERE s.embedding = t.embedding'), $rows,
		'and the rows do meet in the join');
	is(wrong_rows_in_milvus('docs', $rows, 128), "$rows rows, 0 wrong", 'a client of Milvus says the same');
};

subtest 'once more' => sub {
	sql(q{SELECT milvus_fdw.drop_collection('milvus', 'docs')});
	is(error_of('SELECT count(*) FROM milvus2.docs')->{sqlstate}, 'HV00R', 'the collection is gone');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 'docs', like => 'es.docs', primary_key => 'id')});
	is(value('SELECT count(*) FROM milvus2.docs'), 0, 'a new one is empty, through the same foreign table');

	# As after an error half way.
	sql(q{INSERT INTO milvus2.docs (id, title, price, embedding) SELECT id, title, price, embedding FROM es.docs WHERE id % 3 = 0});
	is(value('SELECT count(*) FROM milvus2.docs'), int($rows / 3), 'a third is there');
	sql(q{INSERT INTO milvus2.docs (id, title, price, embedding) SELECT id, title, price, embedding FROM es.docs s
		WHERE NOT EXISTS (SELECT FROM milvus2.docs t WHERE t.id = s.id)});
	is(value('SELECT count(*) FROM milvus2.docs'), $rows, 'the rest followed');
	is(value(sprintf $differ, 'docs'), 0, 'no row differs');
	sql(q{SELECT milvus_fdw.drop_collection('milvus', 'docs')});
};

subtest 'shards, slices, and sizes of pages and batches' => sub {
	is(docs_into_es('t010_shards', 20_500, 24, shards => 3), 20_500, 'an index of three shards');
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t010_shards) FROM SERVER es INTO es');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't010_shards', like => 'es.t010_shards', primary_key => 'id')});
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t010_shards) FROM SERVER milvus INTO milvus2');
	my @expected = ([ 20_500, 20_500, value('SELECT sum(n) FROM generate_series(1, 20500) n') ]);
	for my $options ([ "ADD slices '1'" ], [ "SET slices '2'" ], [ "SET slices '7', ADD fetch_size '333'" ],
		[ "SET slices '3', SET fetch_size '10000'" ])
	{
		sql("ALTER FOREIGN TABLE es.t010_shards OPTIONS (@$options)");
		is_deeply([ sql('SELECT count(id), count(DISTINCT id), sum(id) FROM es.t010_shards') ], \@expected, "@$options");
	}
	sql("ALTER FOREIGN TABLE milvus2.t010_shards OPTIONS (ADD batch_size '700', ADD batch_bytes '20000', ADD max_in_flight '2',
		ADD fetch_size '900')");
	sql('INSERT INTO milvus2.t010_shards (id, title, price, embedding) SELECT id, title, price, embedding FROM es.t010_shards');
	is(value(sprintf $differ, 't010_shards'), 0, 'no row differs after small batches');
	is(wrong_rows_in_milvus('t010_shards', 20_500, 24), '20500 rows, 0 wrong', 'a client of Milvus says the same');
};

subtest 'values that are hard to carry' => sub {
	# Documents are written as text, so that their digits stay as they are; `expected` is what each value means.
	my $expected = python(exact() . <<'P', es_url());
import http.client
from urllib.parse import urlsplit
vectors = [
    ["0.1", "-0.0", "1e-45", "0.30000001192092896"],
    ["1.17549421e-38", "1.40129846e-45", "-1.40129846e-45", "7.0064923216240853e-46"],
    ["7.0064923216240855e-46", "1e-400", "-1e-400", "9.2e18"],
    ["16777217", "16777219", "33554433", "123456789012345678"],
    ["1E+2", "1e2", "100e-0", "0.00001e5"],
    # Half way between two floats, and a digit too far on: a way through double rounds the second one down.
    ["1.00000005960464477539", "1.000000059604644775390625", "1.00000005960464477539062500000000000001", "1.000000178813934326171875"],
    ["0.123456789012345678901234567890123456789", "3.14159265358979323846264338327950288", "-2.71828182845904523536", "0"],
    ["-9.2e18", "5e-39", "2.3509887e-38", "0.999999970197677612"],
]
prices = ["5e-324", "1.7976931348623157e308", "-0.0", "9007199254740993", "123456789012345678901234567890",
          "2.2250738585072011e-308", "0.1000000000000000055511151231257827021181583404541015625", "1E+2"]
ids = ["9223372036854775806", "-9223372036854775808", "9007199254740993", "-9007199254740993", "0", "-1", "4611686018427387905", "42"]
titles = [
    '""',
    r'"\u0001\u0008\t\n\u000b\f\r\u001f \u007f\"\\\/"',
    r'"\ud83d\ude42 \uD834\uDD1E \u00e9 \uFFFF"',
    json.dumps("🙂𝄞 é \ufeff\u2028\u2029 москва 東京 \U0010ffff", ensure_ascii=False),
    json.dumps("é" * 32767 + "x", ensure_ascii=False),
    '"' + r"\u00e9" * 32767 + 'x"',
    '" leading and trailing "',
    r'"NULL \\N \\. , ; \t {} \"\" $$ \'"'.replace(r"\'", "'"),
]
lines, expected = "", []
for i, (n, t, p, v) in enumerate(zip(ids, titles, prices, vectors)):
    lines += '{"index":{"_id":"%d"}}\n{"id":%s,"title":%s,"price":%s,"embedding":[ %s ]}\n' % (i, n, t, p, " ,".join(v))
    expected.append([n, digest(json.loads(t)), hex64(f64(p)), hex32(*map(f32, v))])
def call(method, path, body):
    connection = http.client.HTTPConnection(urlsplit(args[0]).netloc)
    connection.request(method, path, body.encode(), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    assert not answer.get("error") and not answer.get("errors"), str(answer)[:2000]
# `text` without an index, because a keyword may have no more than 32766 bytes.
call("PUT", "/t010_nasty", json.dumps({"mappings": {"properties": {
    "id": {"type": "long"}, "title": {"type": "text", "index": False}, "price": {"type": "double"},
    "embedding": {"type": "dense_vector", "dims": 4, "index": False}}}}))
call("POST", "/t010_nasty/_bulk?refresh=true", lines)
print("\n".join(" ".join(e) for e in sorted(expected)))
P
	my $seen = 'SELECT concat_ws(\' \', id, ' . join(', ', bits_of(text => 'title'), bits_of(double => 'price'),
		bits_of(vector => 'embedding')) . q{) FROM %s ORDER BY id::text COLLATE "C"};
	my $seen_by = sub { join "\n", map { $_->[0] } sql(sprintf $seen, $_[0]) };

	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t010_nasty) FROM SERVER es INTO es');
	is($seen_by->('es.t010_nasty'), $expected, 'read from Elasticsearch');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't010_nasty', like => 'es.t010_nasty', primary_key => 'id')});
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t010_nasty) FROM SERVER milvus INTO milvus2');
	sql('INSERT INTO milvus2.t010_nasty (id, title, price, embedding) SELECT id, title, price, embedding FROM es.t010_nasty');
	is($seen_by->('milvus2.t010_nasty'), $expected, 'read back from Milvus');
	is(python(exact() . <<'P'), $expected, 'a client of Milvus says the same');
from pymilvus import Collection
milvus()
rows = Collection("t010_nasty").query("id < 0 or id >= 0", limit=100, consistency_level="Strong",
                                      output_fields=["id", "title", "price", "embedding"])
print("\n".join(sorted(" ".join([str(r["id"]), digest(r["title"]), hex64(r["price"]), hex32(*r["embedding"])]) for r in rows)))
P
};

done_testing();
