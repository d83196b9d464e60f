# Is every row of a large collection read once, whatever its keys, segments and pages, and whoever writes meanwhile?

use MilvusFdw;
use IPC::Run ();

ours(milvus => [qw(t042_int t042_text t042_busy)]);
fresh_database();
both_servers();
sql('CREATE SCHEMA m');

my $rows = 150_000;

# Three sealed segments of different key ranges that overlap, rows deleted before and after the seal, and a growing rest.
python(<<'P', $rows);
import numpy
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
rows = int(args[0])
numbers = numpy.random.default_rng(42).permutation(rows)
def text(n):
    return "key %d é" % (n * 7919 % rows)
collections = [
    (Collection("t042_int", CollectionSchema([F("k", DataType.INT64, is_primary=True), F("n", DataType.INT64), F("v", DataType.FLOAT_VECTOR, dim=4)])), lambda n: int(n) * 3 - rows),
    (Collection("t042_text", CollectionSchema([F("k", DataType.VARCHAR, is_primary=True, max_length=30), F("n", DataType.INT64), F("v", DataType.FLOAT_VECTOR, dim=4)])), lambda n: text(int(n)))]
for collection, key in collections:
    collection.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    collection.load()
    total = rows if collection.name == "t042_int" else rows // 10
    mine = [n for n in numbers if n < total]
    for start in range(0, total, 10000):
        part = mine[start:start + 10000]
        vectors = numpy.array(part, dtype="float32").reshape(-1, 1) + numpy.array([0.0, 0.25, 0.5, 0.75], dtype="float32")
        collection.insert([[key(n) for n in part], [int(n) for n in part], vectors.tolist()])
        if start in (total // 3 // 10000 * 10000, total * 2 // 3 // 10000 * 10000):
            # Rows of this segment and of those before, every hundredth.
            gone = [key(n) for n in mine[:start:100]]
            collection.delete("k in " + json.dumps(gone, ensure_ascii=False))
            collection.flush()
    gone = [key(n) for n in range(0, total, 100)]
    collection.delete("k in " + json.dumps(gone, ensure_ascii=False))
P

# What must be there, asked of Milvus in another way than by pages.
sub expected
{
	my ($collection, $total) = @_;
	return [ map { [ split / /, $_ ] } split /\n/, python(<<'P', $collection, $total) ];
from pymilvus import Collection
milvus()
total, seen = int(args[1]), []
for start in range(0, total, 10000):
    seen += [r["n"] for r in Collection(args[0]).query("n >= %d and n < %d" % (start, start + 10000), output_fields=["n"], limit=16384, consistency_level="Strong")]
print(len(seen), len(set(seen)), sum(seen))
P
}

for my $collection (qw(t042_int t042_text))
{
	my $total = $collection eq 't042_int' ? $rows : $rows / 10;
	subtest "$total rows, $collection" => sub {
		sql(qq{IMPORT FOREIGN SCHEMA "default" LIMIT TO ($collection) FROM SERVER milvus INTO m});
		my $expected = expected($collection, $total);
		# Once seen by a strong reader, the rows are there for any.
		sql(qq{ALTER FOREIGN TABLE m.$collection OPTIONS (ADD consistency_level 'strong')});
		is_deeply([ sql("SELECT count(n), count(DISTINCT k), sum(n) FROM m.$collection") ], $expected, 'pages as they come, strong');
		sql(qq{ALTER FOREIGN TABLE m.$collection OPTIONS (DROP consistency_level)});
		cmp_ok($expected->[0][0], '<', $total, 'rows are deleted');
		cmp_ok($expected->[0][0], '>', $total * 0.97, 'not many');
		for my $options ([], [ "ADD fetch_size '1000'" ], [ "SET fetch_size '16384'" ], [ "SET fetch_size '1000000'" ])
		{
			sql("ALTER FOREIGN TABLE m.$collection OPTIONS (@$options)") if @$options;
			is_deeply([ sql("SELECT count(n), count(DISTINCT k), sum(n) FROM m.$collection") ], $expected, @$options ? "@$options" : 'pages as they come');
		}
		is(value("SELECT count(*) FROM m.$collection WHERE v <> ARRAY[n, n + 0.25, n + 0.5, n + 0.75]::real[]"), 0, 'each with its own vector');
		is(value("SELECT count(*) FROM m.$collection"), $expected->[0][0], 'count without columns');
		is_deeply([ sql("SELECT n FROM m.$collection WHERE n IN (1, 2, 3) ORDER BY n") ], [ [1], [2], [3] ], 'a few of them');
		is(scalar(my @few = sql("SELECT k FROM m.$collection LIMIT 7")), 7, 'LIMIT');
		is(value("SELECT count(*) FROM (VALUES (1), (2), (3)) x (i), LATERAL (SELECT n FROM m.$collection WHERE n = i OFFSET 0) y"), 3, 'read again for each row of another') if $total < 50_000;
	};
}

subtest 'while another client writes' => sub {
	python(<<'P');
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
c = Collection("t042_busy", CollectionSchema([F("k", DataType.INT64, is_primary=True), F("v", DataType.FLOAT_VECTOR, dim=2)]))
c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
c.load()
# Even keys stay, odd ones come and go.
for start in range(0, 20000, 5000):
    c.insert([list(range(start * 2, (start + 5000) * 2, 2)), [[1.0, 2.0]] * 5000])
P
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t042_busy) FROM SERVER milvus INTO m');
	sql(q{ALTER FOREIGN TABLE m.t042_busy OPTIONS (ADD consistency_level 'strong', ADD fetch_size '3000')});
	my $stop = scratch() . '/stop';
	my $log  = scratch() . '/rounds';
	my $writer = IPC::Run::start([ ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv/bin/python', '-c', <<'P', milvus_host(), milvus_port(), $stop, $log ], '>', \my $said, '2>', \my $complained);
import os, random, sys
from pymilvus import Collection, connections
connections.connect(host=sys.argv[1], port=sys.argv[2])
c, rounds = Collection("t042_busy"), 0
while not os.path.exists(sys.argv[3]):
    keys = random.sample(range(1, 40000, 2), 500)
    c.insert([keys, [[3.0, 4.0]] * len(keys)])
    c.delete("k in %s" % keys)
    rounds += 1
    open(sys.argv[4], "a").write("x")
P
	my $rounds = sub { -s $log // 0 };
	select undef, undef, undef, 0.01 until $rounds->() || !$writer->pumpable;
	my $before = $rounds->();
	my ($reads, @wrong) = (0);
	# Until the writer has come round a few times while we read.
	while ($writer->pumpable && ($reads < 3 || $rounds->() < $before + 5) && $reads < 200)
	{
		my ($row) = sql('SELECT count(*) FILTER (WHERE k % 2 = 0), count(DISTINCT k) FILTER (WHERE k % 2 = 0), count(*) FILTER (WHERE v <> CASE WHEN k % 2 = 0 THEN ARRAY[1, 2] ELSE ARRAY[3, 4] END::real[]) FROM m.t042_busy');
		push @wrong, "@$row" if "@$row" ne '20000 20000 0';
		$reads++;
	}
	cmp_ok($rounds->(), '>=', $before + 5, 'the writer was busy meanwhile');
	is_deeply(\@wrong, [], "in $reads scans no row that stays is lost or doubled");
	open my $file, '>', $stop or die $!;
	close $file;
	ok($writer->finish, 'the writer had no error') or diag($complained);
};

subtest 'what one wrote is seen next' => sub {
	sql(q{ALTER FOREIGN TABLE m.t042_busy OPTIONS (DROP consistency_level)});
	sql(q{CREATE FOREIGN TABLE m.second (k bigint, v real[] OPTIONS (dim '2')) SERVER milvus OPTIONS (collection 't042_busy', consistency_level 'session')});
	my ($seen, $seen_by_second) = (0, 0);
	for my $k (1 .. 8)
	{
		sql("INSERT INTO m.t042_busy SELECT -$k * 1000 - n, ARRAY[5, 6] FROM generate_series(1, 50) n");
		$seen += value("SELECT count(*) FROM m.t042_busy WHERE k BETWEEN -$k * 1000 - 50 AND -$k * 1000 - 1");
		$seen_by_second += value("SELECT count(v) FROM m.second WHERE k BETWEEN -$k * 1000 - 50 AND -$k * 1000 - 1");
	}
	is($seen, 400, 'each INSERT by the next SELECT');
	is($seen_by_second, 400, 'also through another foreign table');
	my $other = connect_to('042_reading_milvus');
	$other->sql(q{INSERT INTO m.t042_busy VALUES (-1, '{7,8}')});
	is($other->value('SELECT count(*) FROM m.t042_busy WHERE k = -1'), 1, 'and by a session of its own');
	is_deeply([ sql(q{WITH w AS (INSERT INTO m.t042_busy VALUES (-2, '{7,8}'), (-3, '{9,9}') RETURNING k, v) SELECT * FROM w}) ], [ [ -2, '{7,8}' ], [ -3, '{9,9}' ] ], 'RETURNING');
};

done_testing();
