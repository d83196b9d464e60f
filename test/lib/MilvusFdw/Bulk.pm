package MilvusFdw::Bulk;

# What do the tests of bulk loading share: rows of every type, collections for them, and a comparison of every bit?
#
#   bulk_source($rows)                          table source: id b i1 i2 i4 i8 f d t j ai at v bits extra word
#   bulk_store($name)                           a server of object_store_fdw that is a directory; its path
#   bulk_target($name, $columns, \%options, fields => 'id t v', server =>, dynamic => 1, auto => 1, key => 't', load => 1, port => of another Milvus)
#                                               a new collection of these fields, and a foreign table with write_mode bulk
#   bulk_differences($name, @columns)           rows of source and table that differ, in a full join
#   bulk_stage($query, @more)                   stages into the store "place"; the manifest
#   bulk_staged(), bulk_clean()                 the manifests that are in that store; removes them
#   bulk_behind($name, \%script, %options)      a foreign table of the collection (id bigint, t text, v real[]) through a double of its
#                                               own, which answers by the script and else passes on to the real Milvus: (table, double)
#   bulk_calls($double, $method)                which requests of one kind it has seen
#   job_seven($state, $rows, $file)             ListImportTasks's answer with one job of the number 7, in hex; file may be left out

use strict;
use warnings;
use utf8;
use MilvusFdw::Doubles;
use MilvusFdw::Remote;
use MilvusFdw::Servers;
use MilvusFdw::Sides;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(bulk_source bulk_store bulk_target bulk_differences bulk_stage bulk_staged bulk_clean bulk_behind bulk_calls job_seven);

sub sql   { return MilvusFdw::sql(@_) }
sub value { return MilvusFdw::value(@_) }

sub bulk_staged { return map { $_->[0] } sql("SELECT manifest FROM milvus_fdw.staged('place')") }
sub bulk_clean  { sql("SELECT milvus_fdw.unstage('place', '$_')") for bulk_staged() }

sub bulk_stage
{
	my ($query, @more) = @_;
	return value("SELECT min(manifest) FROM milvus_fdw.stage(\$q\$$query\$q\$, 'place'" . join('', map { ", $_" } @more) . ')');
}

sub bulk_calls { my ($double, $method) = @_; return grep { ($_->{method} // '') eq $method && !$_->{event} } $double->seen }

sub bulk_behind
{
	my ($name, $script, %options) = @_;
	my $double = MilvusFdw::Doubles::double('grpc_server', to => MilvusFdw::Doubles::real_milvus(), script => $script);
	my $server = 'behind' . $double->port;
	sql("CREATE SERVER $server FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ $double->port}', retry_timeout '5')");
	my $more = join ', ', "collection '$name'", "write_mode 'bulk'", "stage 'place'", map { "$_ '$options{$_}'" } sort keys %options;
	sql("CREATE FOREIGN TABLE $server (id bigint, t text, v real[]) SERVER $server OPTIONS ($more)");
	return ($server, $double);
}

sub job_seven
{
	my ($state, $rows, $file) = @_;
	my $varint = sub { my ($n, $bytes) = ($_[0], ''); $bytes .= chr($n & 127 | ($n > 127 ? 128 : 0)), $n >>= 7 while $n || $bytes eq ''; $bytes };
	my $text = sub { my ($field, $bytes) = @_; return chr($field << 3 | 2) . $varint->(length $bytes) . $bytes };
	my $job = pack('C C', 0x10, $state) . "\x18" . $varint->($rows) . pack('C C', 0x30, 0x07);
	$job .= $text->(5, $text->(1, 'files') . $text->(2, $file)) if defined $file;
	return unpack 'H*', $text->(1, '') . $text->(2, $job);
}

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
	(g / 7.0)::real AS f, g / 3.0::float8 AS d, CASE WHEN g % 100 = 0 THEN '' ELSE 'tü' || g END AS t, jsonb_build_object('k', g, 'l', 'ä') AS j,
	ARRAY[g, -g, 0] AS ai, ARRAY['x' || g, 'ü'] AS at, (SELECT array_agg(sin(g * 131 + k)::real ORDER BY k) FROM generate_series(1, 128) k WHERE g > 0) AS v,
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
	my $more = join ', ', "write_mode 'bulk'", "auto_load 'true'", "stage '${\($opt{store} // 'place')}'", map { "$_ '$options->{$_}'" } sort keys %$options;
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER ${\($opt{server} // 'milvus')} OPTIONS ($more)");
	return $name;
}

# Rows of the source and of a table that differ in these columns; 0 = the same rows, bit by bit.
sub bulk_differences
{
	my ($name, @columns) = @_;
	my %send = (f => 'float4send', d => 'float8send', v => 'array_send', ai => 'array_send', at => 'array_send');
	my $both = join ' OR ', map { $send{$_} ? "$send{$_}(x.$_) IS DISTINCT FROM $send{$_}(y.$_)" : "x.$_ IS DISTINCT FROM y.$_" } @columns;
	return value("SELECT count(*) FROM source x FULL JOIN $name y USING (id) WHERE $both");
}

1;
