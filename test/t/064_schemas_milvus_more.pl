# Does a collection made anew keep what Milvus 2.3 lacks?  Asked of milvus-lite, which takes NULL, defaults, sparse vectors
# and several vectors, but is no proof of what Milvus does.
#
# starts: milvus-lite

use MilvusFdw;

fresh_database();
my $lite = start_server('milvus_lite');
sql("CREATE SERVER lite FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$lite->{port}')");
sql('CREATE SCHEMA l');

sub described
{
	return map { s/\s+$//r } split /\n/, python(<<'P', $lite->{port}, @_);
from pymilvus import connections
from pymilvus.grpc_gen import milvus_pb2 as m
import subprocess
connections.connect(host="localhost", port=args[0])
stub = connections._fetch_handler("default")._stub
for name in args[1:]:
    d = stub.DescribeCollection(m.DescribeCollectionRequest(collection_name=name))
    for f in d.schema.fields: f.fieldID = 0
    i = stub.DescribeIndex(m.DescribeIndexRequest(collection_name=name))
    # whole messages as bytes: this pymilvus is older than some of their fields
    print(json.dumps({"fields": [f.SerializeToString(deterministic=True).hex() for f in d.schema.fields], "description": d.schema.description, "dynamic": d.schema.enable_dynamic_field,
        "indexes": sorted([x.index_name, x.field_name, sorted((p.key, p.value) for p in x.params)] for x in i.index_descriptions)}, sort_keys=True))
P
}

sql(q{CREATE TABLE wide (id bigint NOT NULL, maybe integer, name varchar(20) NOT NULL, tags text[], v real[], w real[], at timestamptz)});
sql(q{INSERT INTO wide VALUES (1, NULL, 'n', '{a}', '{1,2}', '{1,2,3}')});
sql(q{SELECT milvus_fdw.create_collection('lite', 't064_first', like => 'wide', primary_key => 'id', description => 'first')});
sql(q{IMPORT FOREIGN SCHEMA "default" FROM SERVER lite INTO l});
sql(q{ALTER FOREIGN TABLE l.t064_first ALTER maybe OPTIONS (ADD default_value '007'), ALTER name OPTIONS (ADD default_value 'it''s', ADD nullable 'false')});
sql(q{SELECT milvus_fdw.drop_collection('lite', 't064_first')});

subtest 'NULL, defaults and several vectors' => sub {
	is(error_of(q{SELECT milvus_fdw.create_collection('lite', 't064_first', like => 'l.t064_first')}), undef, 'made from its foreign table, with defaults');
	sql('DROP FOREIGN TABLE l.t064_first');
	sql(q{IMPORT FOREIGN SCHEMA "default" FROM SERVER lite INTO l});
	is_deeply([ sql(q{SELECT column_name, string_agg(option_name || '=' || option_value, ' ' ORDER BY option_name) FROM information_schema.column_options
		WHERE table_schema = 'l' AND table_name = 't064_first' AND column_name IN ('maybe', 'name') GROUP BY 1 ORDER BY 1}) ],
		[ [ 'maybe', 'default_value=7' ], [ 'name', q{default_value=it's max_length=80 nullable=false} ] ], 'which IMPORT FOREIGN SCHEMA keeps');
	is_deeply([ sql(q{SELECT name, nullable FROM milvus_fdw.fields('lite', 't064_first') WHERE name IN ('id', 'maybe', 'name', 'tags') ORDER BY 1}) ],
		[ [ 'id', 'f' ], [ 'maybe', 't' ], [ 'name', 'f' ], [ 'tags', 't' ] ], 'NULL where the columns may be NULL');
	my ($was) = described('t064_first');
	like($was, qr/"v".*"w"/, 'each vector has an index');
	sql(q{SELECT milvus_fdw.create_collection('lite', 't064_second', like => 'l.t064_first')});
	is((described('t064_second'))[0], $was, 'a copy of it differs in nothing');
	sql(q{SELECT milvus_fdw.drop_collection('lite', 't064_first')});
	sql(q{SELECT milvus_fdw.create_collection('lite', 't064_first', like => 'l.t064_first')});
	is((described('t064_first'))[0], $was, 'nor does it when it is made again from the foreign table alone');
};

subtest 'sparse vectors' => sub {
	sql(q{CREATE FOREIGN TABLE l.described (id bigint OPTIONS (key 'true') NOT NULL, s jsonb OPTIONS (data_type 'SparseFloatVector'), v real[] OPTIONS (dim '4', index_type 'none')) SERVER lite OPTIONS (collection 't064_sparse', dynamic 'true')});
	is(error_of(q{SELECT milvus_fdw.create_collection('lite', 't064_sparse', like => 'l.described')}), undef, 'a foreign table says what the collection is to be');
	is_deeply([ sql(q{SELECT name, type, index, metric_type FROM milvus_fdw.fields('lite', 't064_sparse') ORDER BY 1}) ],
		[ [ '$meta', 'dynamic field', undef, undef ], [ 'id', 'Int64', undef, undef ], [ 's', 'SparseFloatVector', 'SPARSE_INVERTED_INDEX', 'IP' ], [ 'v', 'FloatVector(4)', undef, undef ] ], 'with the index that suits it, or none');
	sql(q{SELECT milvus_fdw.drop_collection('lite', 't064_sparse')});
	sql(q{SELECT milvus_fdw.create_collection('lite', 't064_sparse', like => 'l.described', index => 'auto')});
	is_deeply([ sql(q{SELECT name, index, metric_type FROM milvus_fdw.fields('lite', 't064_sparse') WHERE index IS NOT NULL ORDER BY 1}) ],
		[ [ 's', 'SPARSE_INVERTED_INDEX', 'IP' ], [ 'v', 'AUTOINDEX', 'COSINE' ] ], q{index => 'auto' gives every vector one});
};

subtest 'what it lacks' => sub {
	sql(q{CREATE FOREIGN TABLE l.t064_sparse (id bigint) SERVER lite});
	my $error = error_of(q{SELECT * FROM milvus_fdw.segments('l.t064_sparse')});
	is($error->{sqlstate}, '0A000', 'segments()');
	like($error->{hint}, qr/too old for it, or not a whole Milvus/, 'with a hint');
};

done_testing;
