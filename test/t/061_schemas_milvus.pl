# Does a collection keep all that makes it work when it is made anew?  Milvus is asked by another client.

use MilvusFdw;

my @made = map { "t061_$_" } qw(all plain auto binary from_es options args surplus gone clone);
ours(milvus => \@made, es => ['t061_source']);
fresh_database();
both_servers();
my ($host, $port) = (MilvusFdw::Remote::milvus_host(), MilvusFdw::Remote::milvus_port());
sql($_) for 'CREATE SCHEMA old', 'CREATE SCHEMA new', 'CREATE SCHEMA es', "CREATE SERVER other FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '$host', port '$port', database 't061_db')";

# Everything that Milvus says of collections, one line each, but names and ids.
sub described
{
	my ($database, @names) = @_;
	return map { s/\s+$//r } split /\n/, python(<<'P', $database, @names);
from pymilvus import connections
from pymilvus.grpc_gen import milvus_pb2 as m
from google.protobuf.json_format import MessageToDict
milvus()
stub = connections._fetch_handler("default")._stub
def said(message, *without):
    d = MessageToDict(message, preserving_proto_field_name=True)
    for w in without: d.pop(w, None)
    return d
database = args[0]
for name in args[1:]:
    c = said(stub.DescribeCollection(m.DescribeCollectionRequest(db_name=database, collection_name=name)), "collectionID", "virtual_channel_names",
        "physical_channel_names", "created_timestamp", "created_utc_timestamp", "collection_name", "db_name", "start_positions")
    c["schema"].pop("name")
    i = said(stub.DescribeIndex(m.DescribeIndexRequest(db_name=database, collection_name=name)))
    for x in i.get("index_descriptions", []):
        for w in ("indexID", "indexed_rows", "total_rows", "pending_index_rows", "state"): x.pop(w, None)
    i.get("index_descriptions", []).sort(key=lambda x: x["field_name"])
    p = said(stub.ShowPartitions(m.ShowPartitionsRequest(db_name=database, collection_name=name)))
    print(json.dumps({"collection": c, "indexes": i, "partitions": sorted(p["partition_names"])}, sort_keys=True))
P
}

# What 2.3.5 has: all types that it can load, keys, indexes of each kind, settings.
python(<<'P');
from pymilvus import *
milvus()
if "t061_db" not in db.list_database(): db.create_database("t061_db")
connections.connect("there", host=connections.get_connection_addr("default")["address"].split(":")[0], port=connections.get_connection_addr("default")["address"].split(":")[1], db_name="t061_db")
for name in utility.list_collections(using="there"): utility.drop_collection(name, using="there")
T, F = DataType, FieldSchema
c = Collection("t061_all", CollectionSchema([F("id", T.INT64, is_primary=True, description="the key"), F("tenant", T.VARCHAR, max_length=33, is_partition_key=True, description="who's \"it\""),
    F("b", T.BOOL), F("i8", T.INT8), F("i16", T.INT16), F("i32", T.INT32), F("i64", T.INT64), F("f", T.FLOAT), F("d", T.DOUBLE), F("s", T.VARCHAR, max_length=65535), F("j", T.JSON),
    F("texts", T.ARRAY, element_type=T.VARCHAR, max_length=17, max_capacity=9), F("bytes", T.ARRAY, element_type=T.INT8, max_capacity=5), F("longs", T.ARRAY, element_type=T.INT64, max_capacity=4096),
    F("floats", T.ARRAY, element_type=T.FLOAT, max_capacity=3), F("flags", T.ARRAY, element_type=T.BOOL, max_capacity=2), F("v", T.FLOAT_VECTOR, dim=4, description="the vector")],
    description="all of it: 'quoted', \"twice\", and ü", enable_dynamic_field=True), shards_num=2, consistency_level="Bounded", num_partitions=7, properties={"collection.ttl.seconds": "86400"})
c.create_index("v", {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 9, "efConstruction": 65}}, index_name="by_v")
c.create_index("tenant", index_name="by_tenant")
c.create_index("i64", {"index_type": "STL_SORT"}, index_name="by_number")
c.load()
c.insert([{"id": n, "tenant": f"t{n % 5}", "b": n % 2 == 0, "i8": -n, "i16": n, "i32": n, "i64": 2**53 + n, "f": n / 8, "d": n / 3, "s": "ü" * n, "j": {"n": n}, "texts": ["x" * (n % 18)],
    "bytes": [-128, n], "longs": [2**62], "floats": [0.5, 1.5], "flags": [True], "v": [n, 1, 2, 3], "extra": n, "more": "m"} for n in range(1, 101)])
c = Collection("t061_plain", CollectionSchema([F("key", T.VARCHAR, is_primary=True, max_length=100), F("v", T.FLOAT_VECTOR, dim=3)]), consistency_level="Strong")
for name in ("first", "second"): c.create_partition(name)
c.create_index("v", {"index_type": "IVF_PQ", "metric_type": "L2", "params": {"nlist": 4, "m": 3, "nbits": 8}})
c = Collection("t061_auto", CollectionSchema([F("id", T.INT64, is_primary=True, auto_id=True), F("v", T.FLOAT_VECTOR, dim=2)]), consistency_level="Eventually")
c = Collection("t061_binary", CollectionSchema([F("id", T.INT64, is_primary=True), F("v", T.BINARY_VECTOR, dim=16)]), consistency_level="Session")
c.create_index("v", {"index_type": "BIN_IVF_FLAT", "metric_type": "JACCARD", "params": {"nlist": 8}})
P
my @all = qw(t061_all t061_plain t061_auto t061_binary);
my $import = join ', ', @all;
sql(qq{IMPORT FOREIGN SCHEMA "default" LIMIT TO ($import) FROM SERVER milvus INTO old});
my %was;
@was{@all} = described('default', @all);
like($was{$_}, qr/"fields".*"partitions"/, "$_ is there") for @all;

subtest 'a collection like another one, in another database' => sub {
	for my $name (@all)
	{
		is(error_of("SELECT milvus_fdw.create_collection('other', '$name', like => 'old.$name')"), undef, $name);
		is((described('t061_db', $name))[0], $was{$name}, 'nothing differs but names and ids');
	}
	is_deeply([ sql(qq{SELECT * FROM milvus_fdw.load_state('old.t061_all')}) ], [ [ 'loaded', 100 ] ], 'the old one is loaded as before');
	sql('IMPORT FOREIGN SCHEMA t061_db FROM SERVER other INTO new');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.load_state('new.t061_all')}) ], [ [ 'loaded', 100 ] ], 'and so is the new one');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.load_state('new.t061_auto')}) ], [ [ 'not loaded', 0 ] ], 'but not one without an index');
	sql('INSERT INTO new.t061_all SELECT * FROM old.t061_all');
	is(value('SELECT count(*) FROM new.t061_all'), 100, 'its rows go there');
	is(value('SELECT count(*) FROM (SELECT * FROM new.t061_all EXCEPT SELECT * FROM old.t061_all) d'), 0, 'each the same');
	is(value('SELECT count(*) FROM (SELECT * FROM old.t061_all EXCEPT SELECT * FROM new.t061_all) d'), 0, 'both ways');
	is_deeply([ sql(q{SELECT field, problem FROM milvus_fdw.check_schema('old.t061_all', 'new.t061_all')}) ], [], 'check_schema() finds nothing');
};

subtest 'a foreign table alone says all of it' => sub {
	sql("SELECT milvus_fdw.drop_collection('other', '$_')") for @all;
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('other')}), 0, 'the collections are gone');
	for my $name (@all)
	{
		is(error_of("SELECT milvus_fdw.create_collection('other', '$name', like => 'new.$name')"), undef, $name);
		is((described('t061_db', $name))[0], $was{$name}, 'the same again from the options');
	}
	is(value(q{SELECT string_agg(o.option_name || '=' || o.option_value, ' ' ORDER BY o.option_name) FROM information_schema.column_options o
		WHERE table_schema = 'new' AND table_name = 't061_all' AND column_name = 'texts'}), 'data_type=Array of VarChar max_capacity=9 max_length=17', 'options of a column');
	is(value(q{SELECT string_agg(o.option_name || '=' || o.option_value, ' ' ORDER BY o.option_name) FROM information_schema.column_options o
		WHERE table_schema = 'new' AND table_name = 't061_all' AND column_name = 'v'}),
		'description=the vector dim=4 index_name=by_v index_params={"M":9,"efConstruction":65} index_type=HNSW metric_type=IP', 'of the vector');
	is(value(q{SELECT string_agg(o.foreign_table_name || ' ' || o.option_name || '=' || o.option_value, ', ' ORDER BY o.foreign_table_name, o.option_name) FROM information_schema.foreign_table_options o
		WHERE foreign_table_schema = 'new' AND option_name IN ('shards', 'num_partitions', 'partitions', 'default_consistency_level', 'dynamic', 'properties')}),
		't061_all default_consistency_level=bounded, t061_all dynamic=true, t061_all num_partitions=7, t061_all properties={"collection.ttl.seconds": "86400"}, t061_all shards=2, '
		. 't061_auto default_consistency_level=eventually, t061_auto shards=1, t061_binary default_consistency_level=session, t061_binary shards=1, '
		. 't061_plain default_consistency_level=strong, t061_plain partitions=first,second, t061_plain shards=1', 'and of the tables');
	like(error_of(q{ALTER FOREIGN TABLE new.t061_all OPTIONS (SET properties '[1]')})->{detail}, qr/JSON object/, 'properties are checked');
	like(error_of(q{ALTER FOREIGN TABLE new.t061_all ALTER v OPTIONS (ADD data_type 'Float17Vector')})->{detail}, qr/no type of this name/, 'and so are types');
};

subtest 'every argument wins over the source' => sub {
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't061_args', like => 'old.t061_all', partition_key => 'i64', num_partitions => 3, shards => 1, consistency_level => 'Strong',
		dynamic => false, description => 'other', properties => '{"collection.ttl.seconds": 60}', index => 'IVF_FLAT', metric_type => 'L2', index_params => '{"nlist": 5}', load => false)});
	my $c = JSON::PP->new->decode((described('default', 't061_args'))[0]);
	my %field = map { $_->{name} => $_ } @{ $c->{collection}{schema}{fields} };
	ok($field{i64}{is_partition_key} && !$field{tenant}{is_partition_key}, 'partition_key');
	is($c->{collection}{num_partitions}, 3, 'num_partitions');
	is($c->{collection}{shards_num}, 1, 'shards');
	is($c->{collection}{consistency_level} // 'Strong', 'Strong', 'consistency_level');
	ok(!$c->{collection}{schema}{enable_dynamic_field}, 'dynamic');
	is($c->{collection}{schema}{description}, 'other', 'description');
	is_deeply($c->{collection}{properties}, [ { key => 'collection.ttl.seconds', value => '60' } ], 'properties');
	my ($v) = grep { $_->{field_name} eq 'v' } @{ $c->{indexes}{index_descriptions} };
	is_deeply({ map { $_->{key} => $_->{value} } @{ $v->{params} } }, { index_type => 'IVF_FLAT', metric_type => 'L2', params => '{"nlist": 5}' }, 'index, metric_type, index_params');
	is(scalar @{ $c->{indexes}{index_descriptions} }, 3, 'the indexes of scalars are the source\'s');
	sql(q{SELECT milvus_fdw.drop_collection('milvus', 't061_args')});
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't061_args', like => 'old.t061_plain', partitions => '{a,b,c}', index => 'none')});
	is_deeply(JSON::PP->new->decode((described('default', 't061_args'))[0])->{partitions}, [qw(_default a b c)], 'partitions');
	is_deeply([ sql(q{SELECT field, index FROM (SELECT name AS field, index FROM milvus_fdw.fields('milvus', 't061_args')) f WHERE index IS NOT NULL}) ], [], 'no index');
	for ([ q{shards => 0}, qr/at least 1/ ], [ q{consistency_level => 'weak'}, qr/consistency level "weak"/ ], [ q{num_partitions => 4}, qr/needs a partition key/ ],
		[ q{partition_key => 'nix'}, qr/"nix"/ ], [ q{partition_key => 'v'}, qr/"v" cannot be the partition key/ ], [ q{partition_key => 'key'}, qr/"key" cannot be the partition key/ ],
		[ q{properties => '[]'}, qr/"properties"/ ], [ q{clustering_key => 'key'}, qr/Milvus 2\.3\.5-lite cannot sort rows/ ])
	{
		like((error_of("SELECT milvus_fdw.create_collection('milvus', 't061_gone', like => 'old.t061_plain', $_->[0])") // {})->{message}, $_->[1], $_->[0]);
	}
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('milvus') WHERE name = 't061_gone'}), 0, 'none of them made anything');
};

subtest 'options of a foreign table of Elasticsearch' => sub {
	es(PUT => '/t061_source', { mappings => { properties => { id => { type => 'long' }, title => { type => 'keyword' }, who => { type => 'keyword' }, small => { type => 'short' },
		v => { type => 'dense_vector', dims => 3, similarity => 'l2_norm' } } } });
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t061_source) FROM SERVER es INTO es');
	sql(q{ALTER FOREIGN TABLE es.t061_source ALTER title OPTIONS (ADD max_length '99', ADD description 'what it is called'), ALTER who OPTIONS (ADD partition_key 'true'),
		ALTER small OPTIONS (ADD data_type 'Int8'), ALTER id OPTIONS (ADD key 'true'), ALTER v OPTIONS (ADD index_type 'HNSW', ADD index_params '{"M": 4, "efConstruction": 8}')});
	sql(q{ALTER FOREIGN TABLE es.t061_source OPTIONS (ADD description 'from elsewhere', ADD num_partitions '4')});
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't061_from_es', like => 'es.t061_source', primary_key => 'id')});
	my $c = JSON::PP->new->decode((described('default', 't061_from_es'))[0]);
	my %field = map { $_->{name} => $_ } @{ $c->{collection}{schema}{fields} };
	is_deeply([ $field{title}{type_params}[0]{value}, $field{title}{description}, $field{small}{data_type}, $field{who}{is_partition_key} ? 1 : 0 ], [ 99, 'what it is called', 'Int8', 1 ], 'say what its fields become');
	is_deeply({ map { $_->{key} => $_->{value} } @{ $c->{indexes}{index_descriptions}[0]{params} } }, { index_type => 'HNSW', metric_type => 'L2', params => '{"M": 4, "efConstruction": 8}' }, 'and their index');
	is_deeply([ $c->{collection}{schema}{description}, $c->{collection}{num_partitions} ], [ 'from elsewhere', 4 ], 'and the collection');
};

subtest 'more columns than a collection has fields' => sub {
	sql('CREATE TABLE wide (id bigint, v real[], ' . join(', ', map { "c$_ integer" } 1 .. 70) . ')');
	sql(q{INSERT INTO wide VALUES (1, '{1,2}')});
	notices();
	is(error_of(q{SELECT milvus_fdw.create_collection('milvus', 't061_surplus', like => 'wide', primary_key => 'id')}), undef, 'the others go into the dynamic field');
	my ($notice) = grep { $_->{message} =~ /dynamic/ } @{ notices() };
	like($notice->{message}, qr/at most 64 fields: "c70", "c69".*"c63"$/, 'and are named in a NOTICE');
	is(value(q{SELECT count(*) FROM milvus_fdw.fields('milvus', 't061_surplus') WHERE type <> 'dynamic field'}), 64, 'the rest are fields');
	like(error_of(q{SELECT milvus_fdw.create_collection('milvus', 't061_gone', like => 'wide', primary_key => 'id', dynamic => false)})->{hint}, qr/dynamic => true/, 'unless that is not wanted');
	sql(q{CREATE FOREIGN TABLE new.wide (id bigint, v real[], c1 integer, } . join(', ', map { "c$_ integer" } 2 .. 70) . q{) SERVER milvus OPTIONS (collection 't061_surplus')});
	sql('INSERT INTO new.wide (id, v, c70, ' . join(', ', map { "c$_" } 1 .. 62) . ") SELECT 7, '{1,2}', 70, " . join(', ', 1 .. 62));
	is_deeply([ sql('SELECT id, c62, c63, c70 FROM new.wide') ], [ [ 7, 62, undef, 70 ] ], 'where they are found again');
};

python(<<'P');
from pymilvus import *
milvus()
connections.connect("there", host=connections.get_connection_addr("default")["address"].split(":")[0], port=connections.get_connection_addr("default")["address"].split(":")[1], db_name="t061_db")
for name in utility.list_collections(using="there"): utility.drop_collection(name, using="there")
import time
for n in range(50):
    try: db.drop_database("t061_db"); break
    except MilvusException: time.sleep(0.2) # the collections go a moment later
P
done_testing;
