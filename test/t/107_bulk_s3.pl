# Does a real Milvus that keeps its data in MinIO import what is staged there, and what does it say of files elsewhere?
# starts: milvus

use MilvusFdw;

my $rows = $ENV{MILVUS_FDW_BULK_ROWS} // 10_000;
my $minio = start_server('minio', '--bucket', 'milvus', '--bucket', 'other');
my $milvus = start_server('milvus', map { ('--set', $_) } 'common.storageType=remote', 'minio.address=localhost', "minio.port=$minio->{port}",
	'minio.accessKeyID=testkey', 'minio.secretAccessKey=testsecret', 'minio.bucketName=milvus', 'minio.rootPath=files', 'minio.useSSL=false');
fresh_database();
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$milvus->{port}')");
for my $store ([ place => 'milvus/staged' ], [ root => 'milvus' ], [ elsewhere => 'other' ])
{
	sql("CREATE SERVER $store->[0] FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 's3://$store->[1]', endpoint 'http://localhost:$minio->{port}')");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $store->[0] OPTIONS (access_key 'testkey', secret_key 'testsecret')");
}
bulk_source($rows);

my $columns = 'id bigint, b boolean, i1 smallint, i2 smallint, i4 integer, i8 bigint, f real, d double precision, t text, j jsonb';
my @simple = qw(b i1 i2 i4 i8 f d t j);

for my $case ([ 'parquet', 'v', 'place' ], [ 'parquet', 'bits', 'root' ], [ 'numpy', 'v', 'place' ], [ 'json', 'v', 'root' ])
{
	my ($format, $vector, $store) = @$case;
	my $lists = $format eq 'numpy' ? '' : ', ai integer[], at text[]';
	my $type = $vector eq 'v' ? 'v real[]' : 'bits bit(64)';
	my @all = (@simple, $lists ? ('ai', 'at') : (), $vector);
	my $name = "t107_${format}_$vector";
	bulk_target($name, "$columns$lists, $type", { bulk_format => $format, stage_file_bytes => 4_000_000 }, fields => join(' ', 'id', @all), port => $milvus->{port}, store => $store);
	my $list = join ', ', 'id', @all;
	sql("INSERT INTO $name ($list) SELECT $list FROM source");
	is(value("SELECT count(*) FROM $name"), $rows, "$name: all rows are seen");
	is(bulk_differences($name, @all), 0, "$name: every bit is there");
	is(value("SELECT count(*) FROM milvus_fdw.staged('$store')"), 0, "$name: no file stays");
	unlike(join(' ', map { $_->[0] } sql("SELECT unnest(files) FROM milvus_fdw.imports('$name')")), qr{(^| )/}, "$name: keys have no slash before them");
}

my $name = bulk_target('t107_wrong', 'id bigint, v real[]', {}, fields => 'id v', port => $milvus->{port}, store => 'elsewhere');
fails('a bucket that Milvus does not read', "INSERT INTO $name SELECT id, v FROM source", sqlstate => 'HV000', hint => qr/minio\.bucketName.*import_files/s);
my $long = bulk_target('t107_long', 'id bigint, v real[]', { stage_file_bytes => 50_000 }, fields => 'id v', port => $milvus->{port}, store => 'elsewhere');
my $e = error_of("INSERT INTO $long SELECT id, v FROM source, pg_sleep(0.002 + id * 0)");
like($e->{message} // '', qr/not where they are looked for/, 'shows while rows are staged');
like($e->{detail} // '', qr{File "stage-[^"]+/manifest\.json", which is there: failed, job \d+, .*NoSuchKey}, 'by the manifest');
is(value("SELECT count(*) FROM milvus_fdw.staged('elsewhere') WHERE manifest NOT LIKE '%' || (SELECT min(manifest) FROM milvus_fdw.staged('elsewhere'))"), 0, 'nothing of it stays');
sql("ALTER FOREIGN TABLE $name OPTIONS (SET stage 'root')");
sql("INSERT INTO $name SELECT id, v FROM source");
is(bulk_differences($name, 'v'), 0, 'and one that it does');

my ($manifest, $file) = @{ (sql("SELECT manifest, name FROM milvus_fdw.stage('SELECT id + 1000000 AS id, v FROM public.source', 'root') LIMIT 1"))[0] };
my $import = "SELECT bool_and(asked AND state = 'completed') FROM milvus_fdw.import_files('$name', 'root', '$manifest')";
sub object { return python(<<'P', $minio->{port}, @_) }
import io
from minio import Minio
c = Minio("localhost:" + args[0], "testkey", "testsecret", secure=False)
if args[2] == "cut":
    data = c.get_object("milvus", args[1]).read()
    c.put_object("milvus", args[1] + ".whole", io.BytesIO(data), len(data))
    c.put_object("milvus", args[1], io.BytesIO(data[:-1]), len(data) - 1)
else:
    data = c.get_object("milvus", args[1] + ".whole").read()
    c.put_object("milvus", args[1], io.BytesIO(data), len(data))
P
object($file, 'cut');
fails('a staged file that was cut', $import, sqlstate => 'XX001', message => qr/\Q$file\E.* has \d+ bytes, not \d+$/);
object($file, 'whole');
is(value($import), 't', 'whole it is imported by its manifest');
is(value("SELECT count(*) FROM $name"), 2 * $rows, 'once');

done_testing();
