# Does what h5py writes come back, and does h5py read what we write?

use MilvusFdw;

fresh_database();
my $dir = server_directory();
sql('CREATE SERVER h FOREIGN DATA WRAPPER hdf5_fdw');
mkdir "$dir/$_" for qw(in out);
chmod 0777, "$dir/out";
sub rows_of { return [ sql(@_) ] }
sub h5 { return file_python("import hdf5_files as hf\n$_[0]", args => [ "$dir/in", @_[ 1 .. $#_ ] ]) }

sub table
{
	my ($name, $columns, $file, $more) = @_;
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER h OPTIONS (filename '$dir/$file'" . ($more // '') . ')');
}
h5('hf.make_all(args[0])');

# ----------------------------------------------------------------------------------- import

sql('CREATE SCHEMA i');
fails('a damaged file', qq{IMPORT FOREIGN SCHEMA "$dir/in" FROM SERVER h INTO i}, sqlstate => 'HV00L', message => qr/not a sound HDF5 file/);
mkdir "$dir/bad";
h5('hf.damaged(args[0], args[1])', "$dir/bad");
fails('a file that ends libhdf5', qq{SELECT * FROM milvus_fdw.fields('h', '$dir/bad/crash.h5')}, sqlstate => 'HV00L',
	message => qr{the program that should read file ".*/crash.h5" failed}, detail => qr/ended by signal/, hint => 'The file may be damaged.');
sql(qq{IMPORT FOREIGN SCHEMA "$dir/in" EXCEPT (damaged) FROM SERVER h INTO i});
is_deeply(rows_of(q{SELECT relname, string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE attnum > 0 AND relnamespace = 'i'::regnamespace
	AND relname !~ 'types|links' GROUP BY relname ORDER BY relname}), [
	[ 'ann-4-euclidean_test', 'distances real[], neighbors integer[], test real[]' ],
	[ 'ann-4-euclidean_train', 'train real[]' ],
	[ 'bytes', 'embeddings bit(64), ids bigint' ],
	[ 'milvusdm', 'embeddings real[], ids bigint' ],
	[ 'milvusdm_float', 'embeddings real[]' ],
	[ 'strings', 'embeddings bit(512), ids bigint' ] ], 'MilvusDM\'s and ann-benchmarks\' layouts are found');
like(join("\n", map { $_->[0] } @{ rows_of('EXPLAIN SELECT * FROM i.milvusdm') }), qr/rows=5000 width=432/, 'the planner knows rows and width');

# ----------------------------------------------------------------------------------- reading

my $compare = <<'P';
import h5py
f = h5py.File(args[0] + "/" + args[1])
got = [line.rstrip("\n").split("\t") for line in open(args[2])]
x = f[args[3]][:].astype("f4")
ids = f["ids"][:] if "ids" in f else np.arange(len(x))
ok = len(got) == len(x) and all(int(g[0]) == i and ff.text_vector(g[1]).tobytes() == v.tobytes() for g, i, v in zip(got, ids, x))
print("equal" if ok else "differs")
P
for (
	[ 'milvusdm.h5', 'SELECT ids, embeddings FROM i.milvusdm', 'embeddings' ],
	[ 'ann-4-euclidean.hdf5', 'SELECT row_number() OVER () - 1, train FROM i."ann-4-euclidean_train"', 'train' ],
	[ 'milvusdm_float.h5', 'SELECT row_number() OVER () - 1, embeddings FROM i.milvusdm_float', 'embeddings' ])
{
	my ($file, $query, $dataset) = @$_;
	is(h5($compare, $file, write_text("$dir/rows", rows_of($query)), $dataset), 'equal', "vectors of $file");
}
table('doubles', 'ids bigint, embeddings double precision[]', 'in/milvusdm.h5');
is(value('SELECT sum(e)::text FROM (SELECT embeddings[17] AS e FROM doubles) d'),
	value('SELECT $1::float8::text', h5('import h5py; print(repr(sum(h5py.File(args[0] + "/milvusdm.h5")["embeddings"][:, 16].tolist())))')), 'doubles are read as they are');
is(h5('import numpy; print("".join("%02x" % b for b in numpy.load(args[0] + "/strings.npy").tobytes()))'),
	join('', map { unpack 'H*', pack 'B*', $_->[0] } @{ rows_of('SELECT embeddings FROM i.strings') }), 'bits kept as strings, with their NULs');
is_deeply(rows_of('SELECT ids FROM i.strings'), [ map { [$_] } -1, '9223372036854775807', '-9223372036854775808', 0, 7 ], 'ids of any size');
is_deeply(rows_of('SELECT distances[1] IS NOT NULL, array_length(neighbors, 1), test[4] IS NOT NULL FROM i."ann-4-euclidean_test" LIMIT 1'), [ [ 't', 10, 't' ] ], 'row-aligned datasets');
is(value('SELECT count(*) FROM i."ann-4-euclidean_test"'), 20, 'counted by the rows of its own datasets');

for my $t (qw(types types_v110))
{
	my @columns = map { $_->[0] } @{ rows_of('SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0', "i.$t") };
	cmp_ok(scalar @columns, '>=', 21, "$t: every type that has a column");
	my $sum = join ' + ', map { "$_\::numeric" } grep { /^g_(be)?[iuf]\d$/ } @columns;
	is(value("SELECT sum($sum) FROM i.$t"), 45 * 13, "$t: numbers");
	is_deeply(rows_of("SELECT g_fixed, g_text, g_growing, g_chunked3 FROM i.$t OFFSET 9"), [ [ 'a9', "x9\x{fc}\x{2603}", 9, '{27,28,29}' ] ], "$t: texts and chunks");
}
is_deeply(rows_of('SELECT g_bool, g_bits FROM i.types OFFSET 9'), [ [ 't', join '', split / /, h5('import h5py; print(*h5py.File(args[0] + "/types.h5")["g/bits"][9].astype(int))') ] ], 'booleans');
is_deeply(rows_of(q{SELECT name, note FROM milvus_fdw.fields('h', $1) WHERE note IS NOT NULL ORDER BY 1}, "$dir/in/links.h5"),
	[ [ 'cube', 'it does not have one or two dimensions' ], [ 'raw', 'its data lies in another file' ],
		[ 'scalar', 'it does not have one or two dimensions' ], [ 'virtual', 'it is a view of other datasets' ] ], 'what is not read, and why');

table('more', 'ids bigint, _file text, _row bigint', 'in/[bs]*s.h5');
is_deeply(rows_of(q{SELECT regexp_replace(_file, '.*/', ''), _row, ids FROM more WHERE _row IN (0, 4) ORDER BY 1, 2}),
	[ [ 'bytes.h5', 0, 0 ], [ 'bytes.h5', 4, 4 ], [ 'strings.h5', 0, -1 ], [ 'strings.h5', 4, 7 ] ], 'a pattern is one table');

for (
	[ 'an external link', 'x real[] OPTIONS (dataset \'external\')', 'HV005', qr/no dataset "external"/ ],
	[ 'a soft link',      'x bigint OPTIONS (dataset \'soft\')', 'HV005', qr/no dataset "soft"/ ],
	[ 'raw data elsewhere', 'x bigint OPTIONS (dataset \'raw\')', '0A000', qr/"raw" cannot be read: its data lies in another file/ ],
	[ 'a virtual dataset', 'x bigint OPTIONS (dataset \'virtual\')', '0A000', qr/view of other datasets/ ],
	[ 'no such dataset', 'nothing bigint', 'HV005', qr/no dataset "nothing" in file/ ],
	[ 'rows that differ', 'ids bigint, empty real[]', 'HV00L', qr/have 3 and 0 rows/ ],
	[ 'a double that is no float', 'wide real[]', '22003', qr/value "1e\+300" in row 1 of dataset "wide" is out of range/ ],
	[ 'a scalar as a vector', 'ids real[]', '42804', qr/does not hold vectors/ ])
{
	my ($what, $columns, $state, $message) = @$_;
	table('t', $columns, 'in/links.h5');
	fails($what, 'SELECT * FROM t', sqlstate => $state, message => $message);
}
table('t', 'empty real[]', 'in/links.h5');
is_deeply(rows_of('SELECT * FROM t'), [], 'a dataset without rows');
for ([ 'none.h5', '58P01' ], [ 'strings.npy', 'HV00L' ], [ '', '42809' ])
{
	table('t', 'ids bigint', "in/$_->[0]");
	fails("reading $_->[0]", 'SELECT * FROM t', sqlstate => $_->[1]);
}

# ----------------------------------------------------------------------------------- writing

for my $compression (0, 6)
{
	table('w', q{ids bigint, embeddings real[], bits bit(16) OPTIONS (dataset 'more/bits'), t text, b boolean, d double precision[], n smallint},
		"out/w$compression.h5", ", compression '$compression'");
	sql(q{INSERT INTO w SELECT i * 3, array[i, 0.1, -i]::real[], i::bit(16), 'té' || i, i % 2 = 0, array[i, 0.1], i FROM generate_series(1, 30000) i});
	is_deeply(rows_of('SELECT count(*), sum(ids), sum(embeddings[1]::bigint), count(DISTINCT bits), max(t), count(*) FILTER (WHERE b), sum(d[2])::numeric(9, 3), max(n) FROM w'),
		[ [ 30000, 1350045000, 450015000, 30000, "t\x{e9}9999", 15000, '3000.000', 30000 ] ], "written and read, compression $compression");
	my $g = $compression ? 'gzip' : 'None';
	my $s = $compression ? 'True' : 'False';
	is(h5('hf.dump(args[1])', "$dir/out/w$compression.h5"), join("\n",
		"b|bool|(30000,)|$g|$s|[False]|[True]", "d|float64|(30000, 2)|$g|$s|[[1.0, 0.1]]|[[30000.0, 0.1]]",
		"embeddings|float32|(30000, 3)|$g|$s|[[1.0, 0.10000000149011612, -1.0]]|[[30000.0, 0.10000000149011612, -30000.0]]",
		"ids|int64|(30000,)|$g|$s|[3]|[90000]", "n|int16|(30000,)|$g|$s|[1]|[30000]",
		"t|object|(30000,)|None|False|[b't\\xc3\\xa91']|[b't\\xc3\\xa930000']"), '... as h5py sees it');
	is(h5('import h5py; print(h5py.File(args[1])["more/bits"][42].tolist())', "$dir/out/w$compression.h5"), '[0, 43]', '... bits are bytes, in a group');
}
# Those of fixed width are written by us; a ninth column, a group or a text is for libhdf5.
for my $more ([], ['z integer'])
{
	my $path = 'out/plain' . @$more . '.h5';
	table('w', join(', ', 'zz smallint', 'embeddings real[]', 'ids bigint', 'bits bit(8)', 'b boolean', 'd double precision[]', 'l bigint[]', '"a b" real', @$more), $path);
	sql(q{INSERT INTO w SELECT -i, array[i, '-0', 'NaN', 3e38]::real[], 9223372036854775807 - i, i::bit(8), i % 2 = 0, array[i * 1e300::float8], array[i, -i], 1e-45::real} . (@$more ? ', i' : '') . ' FROM generate_series(1, 20001) i');
	is(h5(<<'P', "$dir/$path"), 'equal', 'fixed width, ' . (8 + @$more) . ' columns, as h5py sees them');
import h5py
n = np.arange(1, 20002)
with h5py.File(args[1], "r+") as f:
    want = {"zz": -n.astype("i2"), "embeddings": np.stack([n, n * 0 - 0.0, n * np.nan, n * 0 + 3e38], 1).astype("f4"), "ids": 2**63 - 1 - n,
            "bits": (n % 256).astype("u1")[:, None], "b": n % 2 == 0, "d": (n * 1e300)[:, None], "l": np.stack([n, -n], 1), "a b": (n * 0 + 1e-45).astype("f4")}
    if "z" in f:
        want["z"] = n.astype("i4")
    want["embeddings"][:, 1] = -0.0
    bad = [k for k in want if f[k].dtype != want[k].dtype or f[k].shape != want[k].shape or f[k][:].tobytes() != want[k].tobytes()]
    f["added"] = np.arange(3)
    f["group/added"] = "text"
    del f["b"]
    print("equal" if not bad and set(f) == set(want) - {"b"} | {"added", "group"} else bad)
P
	is(value(q{SELECT sum(9223372036854775807 - ids) FROM (SELECT ids, bits FROM w) w WHERE bits = B'00000001'}), 788815, '... and we, after h5py changed it');
}
table('w', 'ids bigint, l integer[]', 'out/x.h5');
fails('lists of different lengths', q{INSERT INTO w VALUES (1, '{1,2}'), (2, '{1}')}, sqlstate => '22000', message => 'row 2 of dataset "l" has 1 elements, not 2');
table('w', 'ids bigint, embeddings real[]', 'out/x.h5');
sql('INSERT INTO w SELECT 1, array[1]::real[] WHERE false');
fails('rows of other dimensions', q{INSERT INTO w VALUES (1, '{1,2}'), (2, '{1}')}, sqlstate => '22000', message => 'expected 2 dimensions, not 1');
fails('a NULL', q{INSERT INTO w VALUES (1, '{1,2}'), (NULL, '{1,2}')}, sqlstate => '23502', message => qr/null value in dataset "ids"/);
fails('an error in the middle', 'INSERT INTO w SELECT 1 / (200000 - i), array[1]::real[] FROM generate_series(1, 300000) i', sqlstate => '22012');
is_deeply([ glob "$dir/out/{,.}x*" ], [], 'nothing is left of any of them');
sql(q{INSERT INTO w VALUES (1, '{1,2}')});
fails('a file that is there', q{INSERT INTO w VALUES (1, '{1,2}')}, sqlstate => '42P07', message => qr/exists already/);
my $fuzz = `test/unit/build/file_fuzz hdf5 500 71 $dir/in/[bstl]*.h5 $dir/in/*.hdf5 2>&1`;
like($fuzz, qr/^ok 1/m, 'five hundred mutated files') or diag $fuzz;

# ----------------------------------------------------------------------------------- from one to the other

sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw');
sql("CREATE FOREIGN TABLE faiss (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/out/a.faiss', index 'IDMap2,Flat')");
sql('INSERT INTO faiss SELECT ids, embeddings FROM i.milvusdm');
is(value('SELECT count(*) FROM faiss JOIN i.milvusdm ON id = ids AND vector = embeddings'), 5000, 'HDF5 to Faiss');

# ----------------------------------------------------------------------------------- a module that is not there

chomp(my $lib = `\${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config} --pkglibdir`);
SKIP:
{
	skip 'the library directory cannot be written', 3 unless -w $lib;
	for my $missing ([ 'milvus_fdw_hdf5.so', 'hdf5_fdw is not installed' ], [ 'milvus_fdw_hdf5_helper', 'program "milvus_fdw_hdf5_helper" is not installed' ])
	{
		rename "$lib/$missing->[0]", "$lib/$missing->[0].away" or die "$lib: $!\n";
		my $new = connect_to('071_hdf5');
		my $e = $new->error_of('SELECT * FROM i.bytes');
		rename "$lib/$missing->[0].away", "$lib/$missing->[0]";
		is_deeply([ @$e{qw(sqlstate message)} ], [ '58P01', $missing->[1] ], "without $missing->[0]");
	}
	rename "$lib/milvus_fdw_hdf5.so", "$lib/milvus_fdw_hdf5.so.away" or die "$lib: $!\n";
	my $empty = connect_to('postgres');
	$empty->sql('DROP DATABASE IF EXISTS "071_without"'), $empty->sql('CREATE DATABASE "071_without"');
	my $e = connect_to('071_without')->error_of('CREATE EXTENSION milvus_fdw');
	rename "$lib/milvus_fdw_hdf5.so.away", "$lib/milvus_fdw_hdf5.so";
	is($e, undef, 'the extension can be created without it');
}

done_testing();
