package MilvusFdw::Bulk;

# What do the tests of bulk loading share: rows of every type, collections for them, and a comparison of every bit?
#
#   bulk_source($rows)                          table source: id b i1 i2 i4 i8 f d t j ai at ab a1 a2 a8 af ad v bits extra word
#   bulk_store($name)                           a server of object_store_fdw that is a directory; its path
#   bulk_target($name, $columns, \%options, fields => 'id t v', server =>, dynamic => 1, auto => 1, key => 't', load => 1, port => of another Milvus)
#                                               a new collection of these fields, and a foreign table with write_mode bulk
#   bulk_differences($name, @columns)           rows of source and table that differ, in a full join

use strict;
use warnings;
use utf8;
use MilvusFdw::Remote;
use MilvusFdw::Servers;
use MilvusFdw::Sides;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(bulk_source bulk_store bulk_target bulk_differences);

sub sql   { return MilvusFdw::sql(@_) }
sub value { return MilvusFdw::value(@_) }

sub bulk_store
{
	my ($name) = @_;
	my ($number) = $0 =~ /(\d+)_[^\/]*$/;
	my $place = MilvusFdw::Servers::scratch() . '/place' . ($number // '') . $name;
	mkdir $place;
	chmod 0777, $place;
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
	return $place;
}

sub bulk_source
{
	my ($rows) = @_;
	sql(<<"S");
CREATE TABLE source AS SELECT g::bigint AS id, g % 2 = 0 AS b, (g % 256 - 128)::smallint AS i1, (g % 60000 - 30000)::smallint AS i2, g AS i4, g * 1000000007::bigint AS i8,
	(g / 7.0)::real AS f, g / 3.0::float8 AS d, CASE WHEN g % 100 = 0 THEN '' ELSE 'tü' || g END AS t, jsonb_build_object('k', g, 'l', 'ä', 'n', 9007199254740993 + g, 'd', g / 7.0, 'e', NULL, 'a', jsonb_build_array(g, '"\\', jsonb_build_object('', 0.1))) AS j,
	ARRAY[g, -g, 0] AS ai, ARRAY['x' || g, 'ü'] AS at, ARRAY[g % 2 = 0, false] AS ab, ARRAY[g % 256 - 128]::smallint[] AS a1, ARRAY[g % 60000 - 30000, 7]::smallint[] AS a2,
	ARRAY[g * 1000000007::bigint] AS a8, ARRAY[g / 7.0, -0.5]::real[] AS af, CASE WHEN g % 50 = 0 THEN '{}' ELSE ARRAY[g / 3.0] END::float8[] AS ad, (SELECT array_agg(sin(g * 131 + k)::real ORDER BY k) FROM generate_series(1, 128) k WHERE g > 0) AS v,
	g::bit(32) || (~g)::bit(32) AS bits, g AS extra, 'e' || g AS word FROM generate_series(1, $rows) g
S
}

# A collection of the test's own, empty and loaded, and a foreign table of it.
sub bulk_target
{
	my ($name, $columns, $options, %opt) = @_;
	local $ENV{MILVUS_FDW_MILVUS_PORT} = $opt{port} // MilvusFdw::Remote::milvus_port();
	MilvusFdw::Sides::ours(milvus => [$name]) unless $opt{port};
	MilvusFdw::Remote::python(<<'P', $name, $opt{fields}, $opt{dynamic} // 0, $opt{auto} // 0, $opt{key} // '', $opt{load} // 0);
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
name, fields, dynamic, auto, key, load = args
have = {
  "id": F("id", DataType.INT64, is_primary="key" not in fields.split(), auto_id=auto == "1"),
  "key": F("key", DataType.VARCHAR, is_primary=True, max_length=100), "b": F("b", DataType.BOOL), "i1": F("i1", DataType.INT8), "i2": F("i2", DataType.INT16),
  "i4": F("i4", DataType.INT32), "i8": F("i8", DataType.INT64, is_partition_key=key == "i8"), "f": F("f", DataType.FLOAT), "d": F("d", DataType.DOUBLE),
  "t": F("t", DataType.VARCHAR, max_length=100, is_partition_key=key == "t"), "j": F("j", DataType.JSON),
  "ai": F("ai", DataType.ARRAY, element_type=DataType.INT32, max_capacity=10),
  "at": F("at", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=10, max_length=20),
  **{n: F(n, DataType.ARRAY, element_type=e, max_capacity=10) for n, e in
     [("ab", DataType.BOOL), ("a1", DataType.INT8), ("a2", DataType.INT16), ("a8", DataType.INT64), ("af", DataType.FLOAT), ("ad", DataType.DOUBLE)]},
  "v": F("v", DataType.FLOAT_VECTOR, dim=128), "bits": F("bits", DataType.BINARY_VECTOR, dim=64)}
c = Collection(name, CollectionSchema([have[f] for f in fields.split()], enable_dynamic_field=dynamic == "1"))
vector = "v" if "v" in fields.split() else "bits"
c.create_index(vector, {"index_type": "FLAT", "metric_type": "L2", "params": {}} if vector == "v" else {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
if load == "1":
    c.load()
P
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	my $more = join ', ', "write_mode 'bulk'", "auto_load 'true'", "stage '${\($opt{store} // 'place')}'", map { "$_ '$options->{$_}'" } sort keys %$options;
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER ${\($opt{server} // 'milvus')} OPTIONS ($more)");
	return $name;
}

# Rows of the source and of a table that differ in these columns; 0 = the same rows, bit by bit.
sub bulk_differences
{
	my ($name, @columns) = @_;
	my %send = (f => 'float4send', d => 'float8send', v => 'array_send', ai => 'array_send', at => 'array_send', af => 'array_send', ad => 'array_send');
	my $both = join ' OR ', map { $send{$_} ? "$send{$_}(x.$_) IS DISTINCT FROM $send{$_}(y.$_)" : "x.$_ IS DISTINCT FROM y.$_" } @columns;
	return value("SELECT count(*) FROM source x FULL JOIN $name y USING (id) WHERE $both");
}

1;
