# Are pgvector's types taken and given wherever there are vectors?
#
# On a PostgreSQL of its own (16, from PyPI), because Debian 12's has no pgvector.
#
# starts: milvus-lite and a PostgreSQL

use MilvusFdw;

my @collections = qw(t049_float t049_float_2 t049_half t049_half_2 t049_bits t049_dynamic);
ours(milvus => \@collections, es => ['t049_docs']);
my $lite     = start_server('milvus_lite');
my $postgres = start_server('pgvector');
@ENV{qw(PGHOST PGPORT)} = ($postgres->{dir}, $postgres->{port});
fresh_database();
sql('CREATE EXTENSION vector');
both_servers();
sql("CREATE SERVER lite FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$lite->{port}', auto_load 'true')");

newest_python(<<'P');
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
def make(name, vector, metric="L2", index="FLAT", **more):
    c = Collection(name, CollectionSchema([F("id", DataType.INT64, is_primary=True), vector], **more))
    c.create_index("v", {"index_type": index, "metric_type": metric, "params": {"nlist": 1}})
    c.load()
for suffix in "", "_2":
    make("t049_float" + suffix, F("v", DataType.FLOAT_VECTOR, dim=3))
    make("t049_half" + suffix, F("v", DataType.FLOAT16_VECTOR, dim=3))
make("t049_bits", F("v", DataType.BINARY_VECTOR, dim=16), "HAMMING", "BIN_FLAT")
make("t049_dynamic", F("v", DataType.FLOAT_VECTOR, dim=3), enable_dynamic_field=True)
P
newest_python('from pymilvus import MilvusClient, DataType' . "\n" . 'c = MilvusClient("http://localhost:' . $lite->{port} . '")' . "\n" . <<'P');
for name in "t049_sparse", "t049_sparse_2":
    s = c.create_schema()
    s.add_field("id", DataType.INT64, is_primary=True)
    s.add_field("s", DataType.SPARSE_FLOAT_VECTOR)
    i = c.prepare_index_params()
    i.add_index("s", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    c.create_collection(name, schema=s, index_params=i)
P

sub table { my ($name, $columns, $collection, $server) = @_; sql("CREATE FOREIGN TABLE $name ($columns) SERVER " . ($server // 'milvus') . " OPTIONS (collection '$collection')") }
sub bits  { my ($table, $send, $column) = @_; return join "\n", map { "$_->[0] $_->[1]" } sql("SELECT id, coalesce(encode($send($column), 'hex'), 'NULL') FROM $table ORDER BY id") }

# From a local table into one collection, from there into another; each bit by bit.
sub round_trip
{
	my ($local, $type, $send, $column, $first, $second, $server) = @_;
	table("${local}_1", "id bigint, $column $type", $first, $server);
	table("${local}_2", "id bigint, $column $type", $second, $server);
	sql("INSERT INTO ${local}_1 SELECT * FROM $local");
	is(bits("${local}_1", $send, $column), bits($local, $send, $column), "$type: read back as written");
	sql("INSERT INTO ${local}_2 SELECT * FROM ${local}_1");
	is(bits("${local}_2", $send, $column), bits($local, $send, $column), "$type: and from a second collection, filled from the first");
}

subtest 'vector and FloatVector' => sub {
	sql('CREATE TABLE vectors (id bigint, v vector(3))');
	sql('INSERT INTO vectors VALUES ($1, $2)', @$_) for [ 1, '[0,-0,1e-45]' ], [ 2, '[3.4028235e38,-3.4028235e38,1.1754944e-38]' ], [ 3, '[0.1,16777217,1]' ];
	round_trip('vectors', 'vector(3)', 'vector_send', 'v', 't049_float', 't049_float_2');
	is(value('SELECT v FROM vectors_1 WHERE id = 3'), '[0.1,1.6777216e+07,1]', 'as text');
	table('plain', 'id bigint, v vector', 't049_float');
	is(value('SELECT v <-> $1::vector FROM plain WHERE id = 3', '[0.1,16777216,0]'), 1, 'of no declared dimensions, under an operator of pgvector');
	is(value('SELECT count(DISTINCT v) FROM plain'), 3, 'sorted and compared');
	is(value('WITH m AS MATERIALIZED (SELECT * FROM plain) SELECT sum(vector_norm(v)) > 0 FROM m'), 't', 'kept beyond its row');
	table('arrays', "id bigint, v real[] OPTIONS (dim '3')", 't049_float');
	is_deeply([ sql('SELECT v::real[] FROM vectors_1 ORDER BY id') ], [ sql('SELECT v FROM arrays ORDER BY id') ], 'the same as real[]');
	table('four', 'id bigint, v vector(4)', 't049_float');
	my $error = error_of('SELECT * FROM four');
	is($error->{sqlstate}, '42804', 'other dimensions are refused before a row is read');
	like($error->{detail}, qr/FloatVector\(3\), but the column has 4 dimensions/, 'and named');
	$error = error_of(q{INSERT INTO four VALUES (9, '[1,2,3,4]')});
	is($error->{sqlstate}, '22000', 'and in a row that is written');
	like($error->{message}, qr/expected 3 dimensions, not 4/, 'too');
};

subtest 'halfvec and Float16Vector' => sub {
	sql('CREATE TABLE halves (id bigint, v halfvec(3))');
	sql('INSERT INTO halves VALUES ($1, $2)', @$_) for [ 1, '[0,-0,5.9604645e-08]' ], [ 2, '[65504,-65504,6.1035156e-05]' ], [ 3, '[0.1,1,-2.5]' ];
	round_trip('halves', 'halfvec(3)', 'halfvec_send', 'v', 't049_half', 't049_half_2');
	table('wide', 'id bigint, v vector(3)', 't049_half');
	is(value('SELECT v FROM wide WHERE id = 3'), '[0.099975586,1,-2.5]', 'as vector');
	sql(q{INSERT INTO wide VALUES (4, '[1.00048828125,1.00146484375,0.1]')});
	is(value('SELECT v FROM halves_1 WHERE id = 4'), value(q{SELECT '[1.00048828125,1.00146484375,0.1]'::halfvec}), 'a vector is rounded as pgvector rounds it');
	my $error = error_of(q{INSERT INTO wide VALUES (5, '[1,2,70000]')});
	is($error->{sqlstate}, '22003', 'what is too large for it is refused');
	like($error->{message}, qr/"70000" is out of range for field "v" of type Float16Vector\(3\)/, 'and named');
	table('narrow', 'id bigint, v halfvec(3)', 't049_float');
	is(value('SELECT v FROM narrow WHERE id = 1'), '[0,-0,0]', 'a FloatVector as halfvec');
	is(error_of('SELECT v FROM narrow WHERE id = 2')->{sqlstate}, '22003', 'unless it is too large');
	sql(q{INSERT INTO narrow VALUES (7, '[0.1,2,3]')});
	is(value('SELECT v FROM plain WHERE id = 7'), '[0.099975586,2,3]', 'a halfvec into a FloatVector');
};

subtest 'bit and BinaryVector' => sub {
	table('bits', 'id bigint, v bit(16)', 't049_bits');
	sql(q{INSERT INTO bits VALUES (1, B'1010000011110001'), (2, B'0000000000000000')});
	is(value(q{SELECT v <~> B'1010000011110000' FROM bits WHERE id = 1}), 1, 'under an operator of pgvector');
};

subtest 'sparsevec and SparseFloatVector' => sub {
	sql('CREATE TABLE sparse (id bigint, s sparsevec(1000000000))');
	sql('INSERT INTO sparse VALUES ($1, $2)', @$_) for [ 1, '{1:1}/1000000000' ], [ 2, '{2:0.1,8:1e-45,1000000000:3.4028235e38}/1000000000' ];
	round_trip('sparse', 'sparsevec(1000000000)', 'sparsevec_send', 's', 't049_sparse', 't049_sparse_2', 'lite');
	table('json', 'id bigint, s jsonb', 't049_sparse_2', 'lite');
	is_deeply([ sql('SELECT s FROM json WHERE id = 1') ], [ ['{"0": 1}'] ], 'indices count from 1 in its text, from 0 in Milvus');
	table('unsaid', 'id bigint, s sparsevec', 't049_sparse', 'lite');
	is(value('SELECT s FROM unsaid WHERE id = 1'), '{1:1}/1', 'without dimensions of its own it has those it needs');
	table('small', 'id bigint, s sparsevec(5)', 't049_sparse', 'lite');
	my $error = error_of('SELECT * FROM small ORDER BY id');
	is($error->{sqlstate}, '22000', 'an index that does not fit is refused');
	like($error->{message}, qr/index 999999999 does not fit into 5 dimensions/, 'and named');
};

subtest 'keys of the dynamic field' => sub {
	table('dynamic', 'id bigint, v vector(3), w vector, x vector(2)', 't049_dynamic');
	sql(q{INSERT INTO dynamic VALUES (1, '[1,2,3]', '[0.1,2]', '[3,4.5]')});
	table('whole', 'id bigint, m jsonb OPTIONS (field $$$meta$$)', 't049_dynamic');
	is(value('SELECT m FROM whole'), '{"w": [0.1, 2], "x": [3, 4.5]}', 'are lists of numbers');
	sql('CREATE FOREIGN TABLE key (id bigint, x vector(2)) SERVER milvus OPTIONS (collection $$t049_dynamic$$)');
	is(value('SELECT x FROM key'), '[3,4.5]', 'and read back');
};

subtest 'Elasticsearch' => sub {
	es(PUT => '/t049_docs', { mappings => { properties => { id => { type => 'long' }, v => { type => 'dense_vector', dims => 3 } } } });
	es_bulk('t049_docs', [ map { +{ id => $_, v => [ $_ / 10, -$_, 1 ] } } 1 .. 5 ]);
	sql("CREATE FOREIGN TABLE docs (id bigint, v vector(3)) SERVER es OPTIONS (index 't049_docs')");
	is(value('SELECT v FROM docs WHERE id = 3'), '[0.3,-3,1]', 'a dense_vector as vector');
	sql("CREATE FOREIGN TABLE half_docs (id bigint, v halfvec(3)) SERVER es OPTIONS (index 't049_docs')");
	is(value('SELECT v FROM half_docs WHERE id = 3'), value(q{SELECT '[0.3,-3,1]'::halfvec}), 'and as halfvec');
	sql('DELETE FROM vectors');
	sql('INSERT INTO vectors_2 SELECT id + 100, v FROM docs');
	is(value('SELECT count(*) FROM vectors_2 JOIN docs ON vectors_2.id = docs.id + 100 AND vectors_2.v = docs.v'), 5, 'into Milvus');
};

subtest 'a type of that name that is not pgvector\'s' => sub {
	sql('CREATE SCHEMA mine');
	sql('CREATE DOMAIN mine.vector AS real[]');
	sql(q{CREATE FOREIGN TABLE mine.t (id bigint, v mine.vector OPTIONS (dim '3')) SERVER milvus OPTIONS (collection 't049_float')});
	is(value('SELECT v FROM mine.t WHERE id = 3'), '{0.1,1.6777216e+07,1}', 'is what it is');
	sql(q{CREATE TYPE mine.halfvec AS ENUM ('a')});
	sql(q{CREATE FOREIGN TABLE mine.e (id bigint, v mine.halfvec) SERVER milvus OPTIONS (collection 't049_float')});
	is(error_of('SELECT * FROM mine.e')->{sqlstate}, '42804', 'and no vector');
};

done_testing();
