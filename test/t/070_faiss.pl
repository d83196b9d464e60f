# Does every kind of Faiss file come back as faiss itself reads it, and does faiss read what we write?
#
# alone: measures within 100 ms

use MilvusFdw;

fresh_database();
my $dir = server_directory();
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw');
mkdir "$dir/$_" for qw(new old out odd);
chmod 0777, "$dir/out";

sub rows_of { return [ sql(@_) ] }

sub table
{
	my ($name, $columns, %options) = @_;
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER f OPTIONS (" . join(', ', map { "$_ '$options{$_}'" } sort keys %options) . ')');
}

sub compared
{
	my ($path, $version) = @_;
	my $rows = rows_of('SELECT id, vector FROM t');
	return file_python('print(ff.compare(args[0], args[1]))', version => $version,
		args => [ write_text("$dir/rows", $rows), "$path.npz" ]);
}

# ----------------------------------------------------------------------- every kind of two versions

for my $version (qw(new old))
{
	my %number;
	my @made = map { [ split /\t/ ] } split /\n/, file_python('ff.make_all(args[0])', version => $version, args => ["$dir/$version"]);
	for (@made)
	{
		my ($kind, $factory, $name) = @$_;
		$number{$kind}++;
		next if $kind eq 'none';
		my $path = "$dir/$version/$name.faiss";
		table('t', 'id bigint, vector ' . ($kind eq 'binary' ? 'bit(64)' : 'real[]'), filename => $path,
			$kind eq 'lossy' ? (allow_lossy => 'true') : ());
		is(eval { compared($path, $version) } // $@, 'equal', "$version faiss-cpu: $factory");
	}
	cmp_ok($number{exact}, '>=', 13, "$version faiss-cpu made exact kinds");
	cmp_ok($number{lossy}, '>=', 25, "... and lossy ones");
	note("not made by the $version faiss-cpu: " . join ' ', map { $_->[1] } grep { $_->[0] eq 'none' } @made);
}

file_python('ff.legacy(args[0])', args => ["$dir/odd"]);
for my $fourcc (qw(IvFL IvFl))
{
	table('t', 'id bigint, vector real[]', filename => "$dir/odd/$fourcc.faiss");
	is(compared("$dir/odd/$fourcc.faiss"), 'equal', "$fourcc, as Faiss 1.5 and before wrote it");
}

# ----------------------------------------------------------------------------------- edges

file_python(<<'P', args => ["$dir/odd"]);
import faiss
for name, factory, d, n in (("empty", "Flat", 8, 0), ("empty_ivf", "IVF4,Flat", 8, 0), ("empty_map", "IDMap2,Flat", 8, 0), ("wide", "IDMap2,Flat", 4096, 5), ("one", "IVF1,Flat", 1, 3)):
    x = ff.data(max(n, 40), d)
    index = faiss.index_factory(d, factory)
    index.train(x)
    if n:
        index.add_with_ids(x[:n], ff.ids_of(n))
    faiss.write_index(index, "%s/%s.faiss" % (args[0], name))
    np.savez("%s/%s.faiss.npz" % (args[0], name), ids=ff.ids_of(n), x=x[:n])
P
for my $name (qw(empty empty_ivf empty_map wide one))
{
	table('t', 'id bigint, vector real[]', filename => "$dir/odd/$name.faiss");
	is(compared("$dir/odd/$name.faiss"), 'equal', "edge: $name");
}
is_deeply(rows_of(q{SELECT name, sql_type, dim, auto_id::int FROM milvus_fdw.fields('f', $1)}, "$dir/odd/wide.faiss"),
	[ [qw(id bigint), undef, 0], [qw(vector real[] 4096 0)], [ '_file', 'text', undef, 1 ], [ '_row', 'bigint', undef, 1 ] ], 'fields of a file');
like(join("\n", map { $_->[0] } @{ rows_of('EXPLAIN SELECT * FROM t') }), qr/rows=3 width=/, 'the planner knows the rows of the header');

# ----------------------------------------------------------------------------------- many files as one

file_python(<<'P', args => [$dir]);
import faiss, os
os.mkdir(args[0] + "/shards")
for i in range(3):
    index = faiss.IndexFlatL2(2)
    index.add(np.array([[i, j] for j in range(4)], "f4"))
    faiss.write_index(index, "%s/shards/s%d.faiss" % (args[0], i))
P
table('shards', 'id bigint, v real[] OPTIONS (field \'vector\'), _file text, _row bigint', filename => "$dir/shards/*.faiss");
is_deeply(rows_of("SELECT id, v, regexp_replace(_file, '.*/', ''), _row FROM shards WHERE v[2] = 3 ORDER BY _file"),
	[ map { [ 3, "{$_,3}", "s$_.faiss", 3 ] } 0 .. 2 ], 'a pattern is one table; file and row tell equal ids apart');
is(value('SELECT count(*) FROM shards'), 12, 'count of a pattern');
sql('CREATE SCHEMA i');
sql(qq{IMPORT FOREIGN SCHEMA "$dir/shards" LIMIT TO (s1) FROM SERVER f INTO i});
is_deeply(rows_of('SELECT * FROM i.s1 WHERE id = 2'), [ [ 2, '{1,2}' ] ], 'IMPORT FOREIGN SCHEMA of a directory');
file_python('import faiss; index = faiss.IndexFlatL2(3); faiss.write_index(index, args[0])', args => ["$dir/shards/s9.faiss"]);
fails('files of different dimensions', 'SELECT * FROM shards', sqlstate => '42804', message => qr/holds float vectors of 3 dimensions/);
unlink "$dir/shards/s9.faiss";

# ----------------------------------------------------------------------------------- writing

my $n = 0;
for my $factory ('Flat', 'IDMap,Flat', 'IDMap2,Flat', 'IVF4,Flat', 'IDMap2,HNSW8', 'IDMap2,IVF4,SQ8', 'PCA2,IVF4,Flat', 'HNSW8')
{
	my $path  = "$dir/out/w" . $n++ . '.faiss';
	my $ids   = $factory =~ /^(Flat|HNSW8)$/ ? 'i - 1' : 'CASE i WHEN 1 THEN -9223372036854775808 WHEN 2 THEN 9223372036854775807 ELSE -i * 7 END';
	my $exact = $factory !~ /SQ|PCA/;
	table('w', 'id bigint, vector real[]', filename => $path, index => $factory, $factory =~ /Flat/ ? (metric => 'IP') : ());
	sql("INSERT INTO w SELECT $ids, array[i, 1e-30::real, -i * 0.1, 3]::real[] FROM generate_series(1, 1000) i");
	for my $version (qw(new old))
	{
		is(file_python(<<'P', version => $version, args => [ $path, $exact ? 1 : 0, $factory ]), 'equal', "$version faiss-cpu reads what $factory wrote");
import faiss
index = faiss.read_index(args[0])
ids, x = ff.rows(index)
n = np.arange(1, 1001)
e = n - 1 if args[2] in ("Flat", "HNSW8") else -n * 7
if args[2] not in ("Flat", "HNSW8"):
    e[0], e[1] = -2**63, 2**63 - 1
want = np.stack([n, np.full(1000, 1e-30), -n * 0.1, np.full(1000, 3)], 1).astype("f4")
a, b = np.argsort(ids), np.argsort(e)
ok = index.ntotal == 1000 and (ids[a] == e[b]).all() and (x[a].tobytes() == want[b].tobytes() if args[1] == "1" else np.abs(x[a] - want[b]).max() < 30)
D, I = index.search(want[:5], 1)
print("equal" if ok and index.metric_type == (0 if "Flat" in args[2] else 1) and (I >= -2**63).all() else "differs")
P
	}
	is(value('SELECT count(*) FROM w'), 1000, '... and so do we') if $exact;
	is((stat $path)[2] & 07777, 0644, '... which others may read');
}
for my $factory ('BFlat', 'IDMap2,BFlat', 'BIVF2')
{
	my $path = "$dir/out/b" . $n++ . '.faiss';
	table('w', 'id bigint, vector bit(16)', filename => $path, index => $factory);
	sql(q{INSERT INTO w SELECT i, i::bit(16) FROM generate_series(0, 299) i});
	is(file_python(<<'P', args => [$path]), '300 0 1 43', "faiss-cpu reads what $factory wrote");
import faiss
index = faiss.read_index_binary(args[0])
index.nprobe = 2
D, I = index.search(np.array([[1, 43]], "u1"), 1)
print(index.ntotal, D[0][0], *divmod(int(I[0][0]), 256))
P
	is_deeply(rows_of('SELECT min(id), max(id), count(DISTINCT vector) FROM w'), [ [ 0, 299, 300 ] ], '... and so do we');
}

table('w', 'id bigint, vector real[]', filename => "$dir/out/x.faiss", index => 'IDMap2,Flat');
sql('INSERT INTO w SELECT 1, array[1]::real[] WHERE false');
ok(!-e "$dir/out/x.faiss", 'no row, no dimensions: no file');
fails('a row of other dimensions', q{INSERT INTO w VALUES (1, '{1,2}'), (2, '{1}')}, sqlstate => '22000', message => 'expected 2 dimensions, not 1');
fails('a NULL', q{INSERT INTO w VALUES (NULL, '{1,2}')}, sqlstate => '23502');
fails('a factory string that is none', q{INSERT INTO bad VALUES (0, '{1,2}')}, sqlstate => 'HV00L', message => 'libfaiss could not make an index of this factory string')
	if eval { table('bad', 'id bigint, vector real[]', filename => "$dir/out/x.faiss", index => 'Nonsense'); 1 };
fails('too few rows to train with', q{INSERT INTO few VALUES (1, '{1,2}')}, sqlstate => 'HV00L', message => 'libfaiss could not train the index')
	if eval { table('few', 'id bigint, vector real[]', filename => "$dir/out/x.faiss", index => 'IVF64,Flat'); 1 };
fails('ids that an index does not keep', q{INSERT INTO seq VALUES (5, '{1,2}')}, sqlstate => '22000', message => qr/cannot keep the id 5/, hint => qr/IDMap2,HNSW8/)
	if eval { table('seq', 'id bigint, vector real[]', filename => "$dir/out/x.faiss", index => 'HNSW8'); 1 };
fails('an error in the middle', 'INSERT INTO w SELECT i, array[1 / (5000 - i)]::real[] FROM generate_series(1, 6000) i', sqlstate => '22012');
is_deeply([ glob "$dir/out/{,.}x*" ], [], 'nothing is left of any of them');
sql(q{INSERT INTO w VALUES (1, '{1,2}')});
fails('a file that is there', q{INSERT INTO w VALUES (1, '{1,2}')}, sqlstate => '42P07', message => qr/exists already/);
fails('no index named', q{INSERT INTO noindex VALUES (1, '{1,2}')}, sqlstate => 'HV00B', hint => qr/IDMap2,Flat/)
	if eval { table('noindex', 'id bigint, vector real[]', filename => "$dir/out/y.faiss"); 1 };

# ----------------------------------------------------------------------------------- cancel

table('slow', 'id bigint, vector real[]', filename => "$dir/out/slow.faiss", index => 'HNSW32,Flat');
sql('CREATE TABLE many AS SELECT i - 1 AS id, array(SELECT random() FROM generate_series(1, 64) WHERE i > 0)::real[] AS vector FROM generate_series(1, 20000) i');
obeys('training and adding in libfaiss', 'INSERT INTO slow SELECT * FROM many ORDER BY id');
is_deeply([ glob "$dir/out/{,.}slow*" ], [], 'nothing is left after a cancel');
is(`pgrep -c milvus_fdw_fais` + 0, 0, 'nor a program');

# ----------------------------------------------------------------------------------- mutated files

my $fuzz = `test/unit/build/file_fuzz faiss 1000 70 $dir/new/*.faiss $dir/old/*.faiss $dir/odd/Iv*.faiss 2>&1`;
like($fuzz, qr/^ok 1/m, 'a thousand mutated files') or diag $fuzz;
unlike($fuzz, qr/ended by signal/, '... of which none ended libfaiss');

# ----------------------------------------------------------------------------------- refusals

table('t', 'id bigint, vector real[]', filename => "$dir/new/SQ8.faiss");
fails('approximate vectors', 'SELECT * FROM t', sqlstate => '0A000', message => qr/holds approximate vectors only/, hint => qr/allow_lossy/);
is(value('SELECT count(*) FROM t'), 600, '... but they can be counted');
is(value('SELECT sum(id) FROM t'), 599 * 300, '... and their ids read');
file_python(<<'P', args => ["$dir/odd"]);
import faiss
index = faiss.index_factory(8, "IVF4,Flat"); x = ff.data(100, 8); index.train(x); index.add(x)
lists = faiss.OnDiskInvertedLists(index.nlist, index.code_size, args[0] + "/lists.ivfdata")
lists.merge_from(index.invlists, 0); index.replace_invlists(lists, False)
faiss.write_index(index, args[0] + "/ondisk.faiss")
index = faiss.index_factory(32, "IVF4,RaBitQ"); index.train(ff.data()); index.add(ff.data()); faiss.write_index(index, args[0] + "/rabitq.faiss")
for name, factory in (("lattice", "ZnLattice4x10_4"), ("minmax", "MinMax,SQ8"), ("itq", "ITQ16,Flat"), ("spectral", "IVF4,ITQ16,SH"), ("bf16", "SQbf16")):
    x = ff.data()
    if name == "spectral":
        index = faiss.IndexIVFSpectralHash(faiss.IndexFlatL2(32), 32, 4, 16, 1.0)
    else:
        index = faiss.index_factory(32, factory)
    index.train(x)
    try:
        index.add(x)
    except RuntimeError:
        pass
    faiss.write_index(index, args[0] + "/%s.faiss" % name)
index = faiss.IndexFlatL2Panorama(32, 4)
index.add(ff.data())
faiss.write_index(index, args[0] + "/panorama.faiss")
open(args[0] + "/cut.faiss", "wb").write(open(args[0] + "/wide.faiss", "rb").read()[:-1])
open(args[0] + "/text.faiss", "w").write("hello, world, this is not an index")
P
system('mkfifo', "$dir/odd/pipe");
symlink "$dir/odd/wide.faiss", "$dir/odd/link.faiss";
for (
	[ 'ondisk.faiss', '0A000', qr/keeps its inverted lists in another file/ ],
	[ 'rabitq.faiss', '0A000', qr/holds an IndexIVFRaBitQ, which cannot be read/ ],
	[ 'lattice.faiss', '0A000', qr/holds an IndexLattice, which cannot be read/ ],
	[ 'minmax.faiss', '0A000', qr/holds an IndexRowwiseMinMax, which cannot be read/ ],
	[ 'panorama.faiss', '0A000', qr/holds an IndexFlatL2Panorama, which cannot be read/ ],
	[ 'itq.faiss',    '0A000', qr/holds an ITQ transform, which cannot be undone/ ],
	[ 'spectral.faiss', 'HV00L', qr/libfaiss could not decode the index/ ],
	[ 'bf16.faiss',   '0A000', qr/was written by a newer Faiss/ ],
	[ 'cut.faiss',    'HV00L', qr/is not a sound Faiss index/ ],
	[ 'text.faiss',   '0A000', qr/kind "hell"/ ],
	[ 'none.faiss',   '58P01', qr/No such file/ ],
	[ 'pipe',         '42809', qr/is not a regular file/ ],
	[ '',             '42809', qr/is not a regular file/ ],
	[ 'link.faiss',   '42809', qr/is not a regular file/ ],
	[ 'no*.faiss',    '58P01', qr/no file matches/ ])
{
	my ($file, $state, $message) = @$_;
	table('t', 'id bigint, vector real[]', filename => "$dir/odd/$file", allow_lossy => 'true');
	fails("reading $file", 'SELECT * FROM t', sqlstate => $state, message => $message);
}
fails('a path that is not absolute', q{CREATE FOREIGN TABLE r (id bigint) SERVER f OPTIONS (filename 'a.faiss')}, sqlstate => '22023', detail => 'The path must be absolute.');
fails('no path', 'CREATE FOREIGN TABLE r (id bigint) SERVER f', sqlstate => 'HV002', message => qr/"filename" is required/);
fails('a field that is none', 'SELECT * FROM nofield', sqlstate => 'HV005', hint => qr/id, vector, _file, _row/)
	if eval { table('nofield', 'number bigint', filename => "$dir/odd/wide.faiss"); 1 };

# ----------------------------------------------------------------------------------- roles

sql('DROP ROLE IF EXISTS t070_reader'), sql('DROP ROLE IF EXISTS t070_plain'), sql('CREATE ROLE t070_reader LOGIN'), sql('CREATE ROLE t070_plain LOGIN');
sql('GRANT USAGE ON FOREIGN SERVER f TO t070_reader, t070_plain'), sql('GRANT ALL ON SCHEMA public TO t070_reader, t070_plain');
sql('GRANT pg_read_server_files TO t070_reader');
my $reader = connect_to('070_faiss', user => 't070_reader');
my $plain  = connect_to('070_faiss', user => 't070_plain');
fails('naming a file without the role', "CREATE FOREIGN TABLE p (id bigint) SERVER f OPTIONS (filename '$dir/odd/wide.faiss')", session => $plain, sqlstate => '42501', detail => qr/pg_read_server_files/);
fails('listing a directory without the role', qq{IMPORT FOREIGN SCHEMA "$dir/shards" FROM SERVER f INTO public}, session => $plain, sqlstate => '42501');
fails('describing a file without the role', "SELECT * FROM milvus_fdw.fields('f', '$dir/odd/wide.faiss')", session => $plain, sqlstate => '42501');
$reader->sql("CREATE FOREIGN TABLE p (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/odd/wide.faiss')");
$reader->sql("CREATE FOREIGN TABLE q (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/out/q.faiss')");
fails('saying what is to be written without the role', q{ALTER FOREIGN TABLE q OPTIONS (index 'Flat')}, session => $reader, sqlstate => '42501', detail => qr/pg_write_server_files/);
fails('writing without the role', q{INSERT INTO q VALUES (0, '{1}')}, session => $reader, sqlstate => '42501', message => 'permission denied to write files of the server');
is($reader->value('SELECT count(*) FROM p'), 5, 'a reader reads');
$reader->sql('GRANT SELECT ON p TO t070_plain');
is($plain->value('SELECT count(*) FROM p'), 5, 'who is granted the table reads it by its owner\'s right');
sql('REVOKE pg_read_server_files FROM t070_reader');
fails('the owner lost the role', 'SELECT * FROM p', session => $_->[1], sqlstate => '42501', message => 'permission denied to read files of the server') for [ reader => $reader ], [ plain => $plain ];
undef $reader, undef $plain;
sql('DROP OWNED BY t070_reader, t070_plain'), sql('DROP ROLE t070_reader, t070_plain');

done_testing();
