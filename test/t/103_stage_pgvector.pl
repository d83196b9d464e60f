# Are pgvector's types staged bit by bit?  On a PostgreSQL of its own (16, from PyPI), because Debian 12's has no pgvector.

use MilvusFdw;

my $postgres = start_server('pgvector');
@ENV{qw(PGHOST PGPORT)} = ($postgres->{dir}, $postgres->{port});
fresh_database();
my $place = scratch() . '/place';
mkdir $place;
chmod 0777, $place;
sql('CREATE EXTENSION vector');
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
sql(q{CREATE TABLE t AS SELECT g AS id, ARRAY[g, g / 10.0, -1e-30]::vector AS v, ARRAY[g, g / 10.0, -0.5]::vector::vector(3) AS w, ARRAY[g, 0.5]::vector::halfvec(2) AS h,
	('{1:' || g || ',7:0.25}/9')::sparsevec(9) AS s FROM generate_series(1, 500) g});

sub staged
{
	my ($query, $format) = @_;
	my @files = sql("SELECT name FROM milvus_fdw.stage(\$q\$$query\$q\$, 'place', '$format')");
	return map { "$place/$_->[0]" } @files;
}

subtest 'every type' => sub {
	my ($parquet) = staged('SELECT v, w, h, s FROM public.t', 'parquet');
	is(newest_python(<<'P', $parquet), 'True True [0.5] {"0":7,"6":0.25}', 'Parquet');
import numpy as np, pyarrow.parquet as pq
t = pq.read_table(args[0]).to_pylist()
f = np.float32
print(all(np.array_equal(f(r["v"]), f([g, f(g / 10), f(-1e-30)])) for g, r in enumerate(t, 1)),
      all(np.array_equal(f(r["w"]), f([g, f(g / 10), -0.5])) for g, r in enumerate(t, 1)),
      np.frombuffer(t[9]["h"], "<f2")[1:].tolist(), t[6]["s"])
P
	my ($v, $h) = staged('SELECT v, h FROM public.t', 'numpy');
	is(newest_python(<<'P', $v, $h), 'float32 (500, 3) [7.0, 0.5]', 'NumPy');
import numpy as np
v, h = np.load(args[0]), np.load(args[1])
print(v.dtype, v.shape, np.ascontiguousarray(h).view("<f2")[6].tolist())
P
	my ($json) = staged('SELECT h, s FROM public.t', 'json');
	is(newest_python('print(json.load(open(args[0]))["rows"][6])', $json), q({'h': [7, 0.5], 's': {'0': 7, '6': 0.25}}), 'JSON');
};

subtest 'dimensions' => sub {
	fails('that no row has told yet', q{SELECT milvus_fdw.stage('SELECT NULL::public.vector AS v', 'place')}, sqlstate => '42804', message => qr/dimensions of column "v"/, hint => qr/\(n\)/);
	fails('that differ', q{SELECT milvus_fdw.stage('SELECT CASE WHEN g < 3 THEN ''[1,2]'' ELSE ''[1]'' END::public.vector AS v FROM generate_series(1, 5) g', 'place')}, sqlstate => '22000', context => qr/column "v", row 3/);
	fails('sparse vectors in NumPy', q{SELECT milvus_fdw.stage('SELECT s FROM public.t', 'place', 'numpy')}, sqlstate => '0A000', message => qr/column "s"/);
	is(value(q{SELECT rows FROM milvus_fdw.stage('SELECT v FROM public.t WHERE false', 'place')}), 0, 'no rows need none');
};

done_testing();
