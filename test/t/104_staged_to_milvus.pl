# Does a real Milvus import what was staged, and have every row then?  (By its own client: we do not ask for imports yet.)

use MilvusFdw;

my $rows = 3000;
fresh_database();
both_servers();
my $place = scratch() . '/place';
mkdir $place;
chmod 0777, $place;
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
sql(<<"S");
CREATE TABLE source AS SELECT g::bigint AS id, g % 2 = 0 AS b, g::smallint AS s, g AS i, (g / 7.0)::real AS f, g / 3.0::float8 AS d, 'tü' || g AS t,
	jsonb_build_object('k', g, 'l', 'ä') AS j, ARRAY[g, g / 3.0, -1, 0.1]::real[] AS v, g::bit(16) AS bits FROM generate_series(1, $rows) g
S

# The same import as its users do it: a file, or a set, at a time.
sub import_files
{
	my ($collection, $vector, @groups) = @_;
	return python(<<'P', $collection, $vector, @groups);
import time
from pymilvus import Collection, CollectionSchema, DataType, utility, FieldSchema as F
milvus()
name, vector = args[:2]
fields = [F("id", DataType.INT64, is_primary=True), F("b", DataType.BOOL), F("s", DataType.INT16), F("i", DataType.INT32), F("f", DataType.FLOAT),
          F("d", DataType.DOUBLE), F("t", DataType.VARCHAR, max_length=100), F("j", DataType.JSON)]
if vector == "v":
    c = Collection(name, CollectionSchema(fields + [F("v", DataType.FLOAT_VECTOR, dim=4)]))
    c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
else:
    c = Collection(name, CollectionSchema(fields + [F("bits", DataType.BINARY_VECTOR, dim=16)]))
    c.create_index("bits", {"index_type": "BIN_FLAT", "metric_type": "HAMMING", "params": {}})
states = []
for group in args[2:]:
    task = utility.do_bulk_insert(name, group.split("|"))
    for _ in range(300):
        state = utility.get_bulk_insert_state(task)
        if state.state_name in ("Completed", "Failed", "Failed and cleaned"):
            break
        time.sleep(0.2)
    states.append("%s %s" % (state.state_name, state.failed_reason))
c.load()
print("; ".join(sorted(set(states))))
P
}

for my $case ([ 'parquet', 'zstd' ], [ 'parquet', 'snappy' ], [ 'parquet', 'none' ], ['json'], ['numpy'])
{
	my ($format, $compression) = @$case;
	for my $vector ('v', 'bits')
	{
		next if $vector eq 'bits' && ($compression // 'zstd') ne 'zstd';
		my $name = join '_', 't094', @$case, $vector;
		ours(milvus => [$name]);
		my $size = $format eq 'parquet' ? 60_000 : 150_000;
		my $arguments = $compression ? ", '$compression'" : ', NULL';
		my @files = sql("SELECT name FROM milvus_fdw.stage('SELECT id, b, s, i, f, d, t, j, $vector FROM public.source', 'place', '$format'$arguments, $size)");
		my %group;
		push @{ $group{ $format eq 'numpy' ? ($_->[0] =~ m{(.*)/})[0] : $_->[0] } }, "$place/$_->[0]" for @files;
		cmp_ok(scalar keys %group, '>', 1, "$name: " . scalar(keys %group) . ' files or sets');
		is(import_files($name, $vector, map { join '|', @{ $group{$_} } } sort keys %group), 'Completed ', "$name: Milvus takes them");
		my $type = $vector eq 'v' ? q{real[] OPTIONS (dim '4')} : 'bit(16)';
		sql("CREATE FOREIGN TABLE $name (id bigint, b boolean, s smallint, i integer, f real, d double precision, t text, j jsonb, $vector $type) SERVER milvus");
		my $send = $vector eq 'v' ? 'array_send(x.v) = array_send(y.v)' : 'x.bits = y.bits';
		is(value("SELECT count(*) FROM source x JOIN $name y USING (id) WHERE (x.b, x.s, x.i, x.t, x.j) = (y.b, y.s, y.i, y.t, y.j) AND float4send(x.f) = float4send(y.f) AND float8send(x.d) = float8send(y.d) AND $send"),
			$rows, "$name: every row is there, every bit of it");
		is(value("SELECT count(*) FROM $name"), $rows, "$name: and no other");
	}
}

done_testing();
