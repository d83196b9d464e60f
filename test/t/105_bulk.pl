# Does write_mode 'bulk' bring every row to a real Milvus, each once, whatever is in the way?

use MilvusFdw;

my $rows = $ENV{MILVUS_FDW_BULK_ROWS} // 10_000;
fresh_database();
both_servers();
my $place = scratch() . '/place105';
mkdir $place;
chmod 0777, $place;
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
sql(<<"S");
CREATE TABLE source AS SELECT g::bigint AS id, g % 2 = 0 AS b, (g % 256 - 128)::smallint AS i1, (g % 60000 - 30000)::smallint AS i2, g AS i4, g * 1000000007::bigint AS i8,
	(g / 7.0)::real AS f, g / 3.0::float8 AS d, CASE WHEN g % 100 = 0 THEN '' ELSE 'tü' || g END AS t, jsonb_build_object('k', g, 'l', 'ä') AS j,
	ARRAY[g, -g, 0] AS ai, ARRAY['x' || g, 'ü'] AS at, (SELECT array_agg(sin(g * 131 + k)::real ORDER BY k) FROM generate_series(1, 128) k WHERE g > 0) AS v,
	g::bit(32) || (~g)::bit(32) AS bits, g AS extra, 'e' || g AS word FROM generate_series(1, $rows) g
S

# A collection of the test's own, empty and loaded, and a foreign table of it.
sub target
{
	my ($name, $columns, $options, %opt) = @_;
	ours(milvus => [$name]);
	python(<<'P', $name, $opt{fields}, $opt{dynamic} // 0, $opt{auto} // 0, $opt{key} // '', $opt{load} // 1);
import json
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
name, fields, dynamic, auto, key, load = args
have = {
  "id": F("id", DataType.INT64, is_primary=True, auto_id=auto == "1"), "b": F("b", DataType.BOOL), "i1": F("i1", DataType.INT8), "i2": F("i2", DataType.INT16),
  "i4": F("i4", DataType.INT32, is_partition_key=False), "i8": F("i8", DataType.INT64, is_partition_key=key == "i8"), "f": F("f", DataType.FLOAT), "d": F("d", DataType.DOUBLE),
  "t": F("t", DataType.VARCHAR, max_length=100, is_partition_key=key == "t"), "j": F("j", DataType.JSON),
  "ai": F("ai", DataType.ARRAY, element_type=DataType.INT32, max_capacity=10),
  "at": F("at", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=10, max_length=20),
  "v": F("v", DataType.FLOAT_VECTOR, dim=128), "bits": F("bits", DataType.BINARY_VECTOR, dim=64)}
c = Collection(name, CollectionSchema([have[f] for f in fields.split()], enable_dynamic_field=dynamic == "1"))
vector = "v" if "v" in fields.split() else "bits"
c.create_index(vector, {"index_type": "FLAT", "metric_type": "L2", "params": {}} if vector == "v" else {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
if load == "1":
    c.load()
