# Does write_mode 'bulk' bring every row to a real Milvus, each once, whatever the format?

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
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
name, fields, dynamic, auto, key, load = args
have = {
  "id": F("id", DataType.INT64, is_primary=True, auto_id=auto == "1"), "b": F("b", DataType.BOOL), "i1": F("i1", DataType.INT8), "i2": F("i2", DataType.INT16),
  "i4": F("i4", DataType.INT32), "i8": F("i8", DataType.INT64, is_partition_key=key == "i8"), "f": F("f", DataType.FLOAT), "d": F("d", DataType.DOUBLE),
  "t": F("t", DataType.VARCHAR, max_length=100, is_partition_key=key == "t"), "j": F("j", DataType.JSON),
  "ai": F("ai", DataType.ARRAY, element_type=DataType.INT32, max_capacity=10),
  "at": F("at", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=10, max_length=20),
  "v": F("v", DataType.FLOAT_VECTOR, dim=128), "bits": F("bits", DataType.BINARY_VECTOR, dim=64)}
c = Collection(name, CollectionSchema([have[f] for f in fields.split()], enable_dynamic_field=dynamic == "1"))
vector = "v" if "v" in fields.split() else "bits"
c.create_index(vector, {"index_type": "FLAT", "metric_type": "L2", "params": {}} if vector == "v" else {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
if load == "1":
    c.load()
P
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	my $more = join ', ', "write_mode 'bulk'", "stage 'place'", map { "$_ '$options->{$_}'" } sort keys %$options;
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER milvus OPTIONS ($more)");
	return $name;
}

# Rows of the source and of a table that differ in these columns; 0 = the same rows, bit by bit.
sub differences
{
	my ($name, @columns) = @_;
	my %send = (f => 'float4send', d => 'float8send', v => 'array_send', ai => 'array_send', at => 'array_send');
	my $both = join ' OR ', map { $send{$_} ? "$send{$_}(x.$_) IS DISTINCT FROM $send{$_}(y.$_)" : "x.$_ IS DISTINCT FROM y.$_" } @columns;
	return value("SELECT count(*) FROM source x FULL JOIN $name y USING (id) WHERE $both");
}

my $columns = 'id bigint, b boolean, i1 smallint, i2 smallint, i4 integer, i8 bigint, f real, d double precision, t text, j jsonb';
my @simple = qw(b i1 i2 i4 i8 f d t j);

for my $format (qw(auto parquet numpy json))
{
	for my $vector ('v', 'bits')
	{
		next if $vector eq 'bits' && $format eq 'auto';
		my $lists = $format eq 'numpy' ? '' : ', ai integer[], at text[]';
		my $type = $vector eq 'v' ? 'v real[]' : 'bits bit(64)';
		my @all = (@simple, $lists ? ('ai', 'at') : (), $vector);
		my $name = "t105_${format}_$vector";
		target($name, "$columns$lists, $type", { bulk_format => $format, stage_file_bytes => 2_000_000 }, fields => join ' ', 'id', @all);
		my $list = join ', ', 'id', @all;
		sql("INSERT INTO $name ($list) SELECT $list FROM source");
		is(value("SELECT count(*) FROM $name"), $rows, "$name: all rows are seen at once");
		is(differences($name, @all), 0, "$name: every bit is there");
		is(value("SELECT count(*) FROM milvus_fdw.staged('place')"), 0, "$name: no file stays");
		my ($jobs, $imported) = @{ (sql("SELECT count(*), sum(rows) FROM milvus_fdw.imports('$name') WHERE state = 'completed'"))[0] };
		is($imported, $rows, "$name: $jobs imports");
	}
}

done_testing();
