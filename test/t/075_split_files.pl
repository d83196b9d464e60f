# Are the parts of a file table together its rows, and does each token mean one part of one file only?

use MilvusFdw;

fresh_database();
plan skip_all => 'this build has no function splits()' unless value(q{SELECT count(*) FROM pg_proc WHERE proname = 'splits'});
my $dir = server_directory();
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw'), sql('CREATE SERVER h FOREIGN DATA WRAPPER hdf5_fdw');

file_python(<<'P', args => [$dir]);
import faiss, h5py
x = ff.data(30000, 8)
for name, factory in (("flat", "Flat"), ("ivf", "IVF100,Flat"), ("map", "IDMap2,Flat"), ("hnsw", "IDMap,HNSW8"), ("sq", "SQ8"), ("shard1", "Flat"), ("shard2", "Flat"), ("shard3", "Flat")):
    index = faiss.index_factory(8, factory)
    index.train(x)
    n = {"shard1": 7, "shard2": 20000, "shard3": 0, "hnsw": 3000}.get(name, 30000)
    if n and name not in ("ivf", "map", "hnsw"):
        index.add(x[:n])
    elif n:
        index.add_with_ids(x[:n], ff.ids_of(n))
    faiss.write_index(index, "%s/%s.faiss" % (args[0], name))
faiss.write_index(faiss.IndexFlatL2(8), args[0] + "/none.faiss")
for name in ("whole", "part1", "part2"):
    with h5py.File("%s/%s.h5" % (args[0], name), "w") as f:
        f.create_dataset("embeddings", data=x, chunks=(700, 8), compression="gzip")
        f["ids"] = np.arange(30000)
        f["t"] = ["text %d" % i for i in range(30000)]
P

sub faiss_table { my ($name, $file, @more) = @_; sql("CREATE FOREIGN TABLE $name (id bigint, vector real[], _file text, _row bigint) SERVER f OPTIONS (filename '$dir/$file.faiss'" . join('', @more) . ')') }
sub hdf5_table { my ($name, $file) = @_; sql("CREATE FOREIGN TABLE $name (ids bigint, embeddings real[], t text, _file text, _row bigint) SERVER h OPTIONS (filename '$dir/$file.h5')") }
faiss_table($_, $_) for qw(flat ivf map hnsw none);
faiss_table('shards', 'shard*');
faiss_table('sq', 'sq', q{, allow_lossy 'true'});
hdf5_table('whole', 'whole'), hdf5_table('parts', 'part?');

# Independent of the rows' order.
my $all = 'SELECT count(*) || \' \' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM';
sub tokens { my ($table, $wanted) = @_; return sql("SELECT token, rows, durable FROM milvus_fdw.splits('$table', $wanted)") }

sub in_parts
{
	my ($table, @tokens) = @_;
	my ($n, $sum) = (0, 0);
	sql("ALTER FOREIGN TABLE $table OPTIONS (ADD split 'x')");
	for (@tokens)
	{
		my ($token, $rows, $durable) = @$_;
		sql("ALTER FOREIGN TABLE $table OPTIONS (SET split '$token')");
		my ($count, $hash) = split / /, value("$all $table t");
		return "$token: $count rows, not $rows" if $count != $rows || value("SELECT count(*) FROM $table") != $rows;
		return "$token: rows from another place" if $rows && value("SELECT min(_row) FROM $table") ne ($token =~ /^rows=(\d+)/)[0];
		$n += $count;
		$sum = value("SELECT ${sum}::numeric + $hash");
	}
	sql("ALTER FOREIGN TABLE $table OPTIONS (DROP split)");
	return "$n $sum";
}

for my $table (qw(flat ivf map hnsw none shards sq whole parts))
{
	my $whole = value("$all $table t");
	for my $wanted (0, 1, 3, 8)
	{
		my @tokens = tokens($table, $wanted);
		is(in_parts($table, @tokens), $whole, "$table in " . @tokens . ' parts');
	}
	sql("ALTER FOREIGN TABLE $table OPTIONS (ADD splits '4')");
	is(value("$all $table t"), $whole, '... side by side');
	sql("ALTER FOREIGN TABLE $table OPTIONS (DROP splits)");
}
is_deeply([ map { scalar tokens($_, 8) } qw(flat sq none shards whole parts) ], [ 8, 1, 1, 9, 8, 8 ], 'ranges of rows where a file can be read from any row on');
is(scalar(grep { $_->[2] ne 't' && $_->[2] ne '1' } tokens('flat', 5)), 0, 'all are durable');

sql("ALTER FOREIGN TABLE $_ OPTIONS (ADD parallel_workers '2')") for qw(flat whole);
my $cheap = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0';
my $flat = value("$all flat t");
sql($_) for split /; /, $cheap;
like(join("\n", map { $_->[0] } sql("EXPLAIN SELECT count(vector) FROM flat")), qr/Workers Planned: 2/, 'a parallel plan');
is(value("$all flat t"), $flat, '... has the same rows');
is(value('SELECT count(t) FROM whole'), 30000, '... of HDF5, too');

# ----------------------------------------------------------------------- tokens of something else

sql(q{ALTER FOREIGN TABLE flat OPTIONS (ADD split 'x')}), sql(q{ALTER FOREIGN TABLE whole OPTIONS (ADD split 'x')});
my ($token) = map { $_->[0] } grep { $_->[0] =~ /rows=0\+/ } tokens('shards', 1);
my %good;
for ([ flat => 'faiss', 4 ], [ whole => 'h5', 4 ])
{
	my ($table, $suffix) = @$_;
	sql("ALTER FOREIGN TABLE $table OPTIONS (DROP split)");
	$good{$table} = (tokens($table, 4))[1][0];
	sql("ALTER FOREIGN TABLE $table OPTIONS (ADD split 'x')");
	for my $bad ('x', "$good{$table} ", " $good{$table}", $good{$table} =~ s/rows=7500/rows=07500/r, $good{$table} =~ s/\+7500/+30000/r, $good{$table} =~ s/of=\d+ //r, $good{$table} =~ s/\.$suffix/.other/r)
	{
		sql("ALTER FOREIGN TABLE $table OPTIONS (SET split '$bad')");
		fails("$table: $bad", "SELECT * FROM $table", sqlstate => '22023', message => qr/is not a split of these files/);
		fails("$table, counted: $bad", "SELECT count(*) FROM $table", sqlstate => '22023');
	}
	for my $bad ($good{$table} =~ s/of=30000/of=30001/r, $good{$table} =~ s/bytes=(\d)/bytes=1$1/r)
	{
		sql("ALTER FOREIGN TABLE $table OPTIONS (SET split '$bad')");
		fails("$table: $bad", "SELECT * FROM $table", sqlstate => '55000', message => qr/split/);
		fails("$table, counted: $bad", "SELECT count(*) FROM $table", sqlstate => '55000', message => qr/is not the one that was split/);
	}
	sql("ALTER FOREIGN TABLE $table OPTIONS (SET split '$good{$table}')");
	is(value("SELECT count(*) FROM $table"), 7500, "$table: its own");
}
my ($sq) = map { $_->[0] } tokens('sq', 1);
sql('ALTER FOREIGN TABLE sq OPTIONS (ADD split \'' . ($sq =~ s/\+30000/+10000/r) . q{')});
fails('a range of what is read as a whole', 'SELECT * FROM sq', sqlstate => '22023', message => qr/can only be read as a whole/);
file_python('import faiss; index = faiss.IndexFlatL2(8); index.add(ff.data(100, 8)); faiss.write_index(index, args[0])', args => ["$dir/flat.faiss"]);
fails('the file is another by now', 'SELECT * FROM flat', sqlstate => '55000', message => qr/is not the one that was split/, detail => qr/It has 100 rows/);

done_testing();
