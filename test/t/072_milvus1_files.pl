# Are the rows of a Milvus 1.x data directory read exactly: partitions, deletes, repeated ids, damage, each kind of metadata?
#
# alone: measures within 100 ms

use MilvusFdw;
use JSON::PP ();
use File::Copy qw(copy);

fresh_database();
my $dir = scratch() . '/m1';
is(run_python('milvus1_data.py', $dir), 0, 'a data directory') or BAIL_OUT('no data');
system('chmod', '-R', 'a+rX', $dir);
my $expected = JSON::PP->new->utf8->decode(slurp("$dir/expected.json"));
my $sqlite = "$dir/db/meta.sqlite";

sub slurp { my ($f) = @_; open my $h, '<:raw', $f or die "$f: $!\n"; local $/; return <$h> }
sub spew { my ($f, $bytes) = @_; open my $h, '>:raw', $f or die "$f: $!\n"; print $h $bytes; close $h or die; return }

# Our own, so that a loss in the harness could not hide one in the reader.
sub run_python
{
	my ($program, @args) = @_;
	my $python = $ENV{MILVUS_FDW_CACHE} . '/venv/bin/python';
	return system($python, (map { "$_/../lib/$program" } $0 =~ m{(.*)/}), @args);
}

sub server
{
	my ($name, %options) = @_;
	my $list = join ', ', map { (my $v = $options{$_}) =~ s/'/''/g; "$_ '$v'" } sort keys %options;
	sql("DROP SERVER IF EXISTS $name CASCADE");
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER milvus1_fdw OPTIONS ($list)");
}

sub tables
{
	my ($schema, $server) = @_;
	sql("DROP SCHEMA IF EXISTS $schema CASCADE");
	sql("CREATE SCHEMA $schema");
	sql(qq{IMPORT FOREIGN SCHEMA "default" FROM SERVER $server INTO $schema});
}

# A table with every column there is.
sub whole_table
{
	my ($name, $server, $collection, %options) = @_;
	my $type = $expected->{$collection}{metric} >= 3 ? "bit($expected->{$collection}{dim})" : 'real[]';
	my %all = (collection => $collection, %options);
	my $list = join ', ', map { (my $v = $all{$_}) =~ s/'/''/g; "$_ '$v'" } sort keys %all;
	sql("DROP FOREIGN TABLE IF EXISTS $name");
	sql(qq{CREATE FOREIGN TABLE $name (id bigint, vector $type, _partition text, _segment text, _offset int) SERVER $server OPTIONS ($list)});
}

# The bits of a vector as the file has them: PostgreSQL sends float4 big-endian.
sub bytes_of
{
	my ($table, $binary) = @_;
	return $binary
		? "(SELECT string_agg(lpad(to_hex(substring(vector from i for 8)::bit(8)::int), 2, '0'), '' ORDER BY i) FROM generate_series(1, length(vector), 8) i)"
		: "(SELECT string_agg(encode(substr(f, 4, 1) || substr(f, 3, 1) || substr(f, 2, 1) || substr(f, 1, 1), 'hex'), '' ORDER BY o) FROM (SELECT float4send(v) f, o FROM unnest(vector) WITH ORDINALITY u (v, o)) x)";
}

sub rows_of
{
	my ($table, $collection) = @_;
	my $bytes = bytes_of($table, $expected->{$collection}{metric} >= 3);
	return [ map { join '|', @$_ } sql("SELECT id, $bytes, _partition, _segment, _offset FROM $table ORDER BY _segment, _offset") ];
}

sub expected_rows
{
	my ($collection) = @_;
	return [ map { join '|', @$_ } sort { $a->[3] cmp $b->[3] || $a->[4] <=> $b->[4] } @{ $expected->{$collection}{rows} } ];
}

server('m1', directory => $dir, meta => "sqlite:$sqlite");
tables('m1', 'm1');

subtest 'collections' => sub {
	is_deeply([ map { $_->[0] } sql("SELECT name FROM milvus_fdw.collections('m1') ORDER BY name COLLATE \"C\"") ],
		[ sort keys %$expected ], 'those that were not dropped, partitions not among them');
	is_deeply([ sql("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'm1.docs'::regclass AND attnum > 0 ORDER BY attnum") ],
		[ [ 'id', 'bigint' ], [ 'vector', 'real[]' ], [ '_partition', 'text' ] ], 'a collection with partitions');
	is_deeply([ sql("SELECT name, type, sql_type, metric_type FROM milvus_fdw.fields('m1', 'tanimoto') WHERE name = 'vector'") ],
		[ [ 'vector', 'binary vector', 'bit(16)', 'JACCARD' ] ], 'TANIMOTO orders as JACCARD');
};

subtest 'every row, bit by bit' => sub {
	for my $collection (sort keys %$expected)
	{
		whole_table('t', 'm1', $collection, on_duplicate => 'keep');
		is_deeply(rows_of('t', $collection), expected_rows($collection), $collection);
		is(value('SELECT count(*) FROM t'), scalar @{ $expected->{$collection}{rows} }, "$collection: count(*)");
	}
	notices();
	value('SELECT count(*) FROM m1.docs');
	my @notices = @{ notices() };
	is(scalar @notices, 1, 'offsets of deletes beyond the segment are told');
	like($notices[0]{detail}, qr/3 of its offsets are beyond its 1000 rows/, 'and counted');
};

subtest 'partitions' => sub {
	for my $tag ('_default', 'eu', q{Grüße 'quoted' "x"})
	{
		my @want = grep { $_->[2] eq $tag } @{ $expected->{docs}{rows} };
		is(value('SELECT count(*) FROM m1.docs WHERE _partition = $1', $tag), scalar @want, "condition: $tag");
		whole_table('t', 'm1', 'docs', partition => $tag);
		is(value('SELECT count(id) FROM t'), scalar @want, "option: $tag");
	}
	is(value(q{SELECT count(*) FROM m1.docs WHERE _partition IN ('eu', 'none')}), 1000, 'IN');
	is(value(q{SELECT count(*) FROM m1.docs WHERE _partition <> 'eu'}), 2596, 'another condition');
	whole_table('t', 'm1', 'docs', partition => 'none');
	fails('a partition that does not exist', 'SELECT * FROM t', sqlstate => 'HV00R', message => qr/"docs" has no partition "none"/);
};

subtest 'one id' => sub {
	whole_table('t', 'm1', 'docs');
	my ($row) = grep { $_->[0] == 1500 } @{ $expected->{docs}{rows} };
	is_deeply([ sql('SELECT _segment, _offset FROM t WHERE id = 1500') ], $row ? [ [ @$row[ 3, 4 ] ] ] : [], 'by id');
	is(value('SELECT count(*) FROM t WHERE id = ANY ($1)', '{1,2,3,4,4999,-7}'), 5, 'by several, one of them deleted');
	like(join('', map { $_->[0] } sql('EXPLAIN (VERBOSE) SELECT * FROM t WHERE id = 7')), qr/Remote Filter: \(t.id = 7\)/, 'EXPLAIN');
};

subtest 'ids that repeat' => sub {
	whole_table('t', 'm1', 'repeated');
	fails('an error', 'SELECT * FROM t', sqlstate => '23505', message => 'ids repeat in collection "repeated"',
		detail => qr/3 rows have the id of another: id \d+ in segment \d+ offset \d+ and segment/, hint => qr/on_duplicate/);
	fails('also when only counted', 'SELECT count(*) FROM t', sqlstate => '23505');
	my @rows = @{ $expected->{repeated}{rows} };
	for my $keep ('first', 'last')
	{
		whole_table('t', 'm1', 'repeated', on_duplicate => $keep);
		my %kept;
		for my $r ($keep eq 'first' ? reverse @rows : @rows) { $kept{ $r->[0] } = "$r->[0]|$r->[3]|$r->[4]" }
		is_deeply([ map { join '|', @$_ } sql('SELECT id, _segment, _offset FROM t ORDER BY id') ], [ map { $kept{$_} } sort { $a <=> $b } keys %kept ], $keep);
		is(value('SELECT count(*) FROM t'), scalar keys %kept, "$keep: count(*)");
	}
	whole_table('t', 'm1', 'repeated', on_duplicate => 'keep');
	is(value('SELECT count(*) FROM t'), scalar @rows, 'keep');
};

subtest 'in parts' => sub {
	plan skip_all => 'no splits() here' unless value(q{SELECT count(*) FROM pg_proc WHERE proname = 'splits' AND pronamespace = 'milvus_fdw'::regnamespace});
	for ([ 'docs', 'error' ], [ 'repeated', 'first' ], [ 'repeated', 'last' ], [ 'repeated', 'keep' ], [ 'empty', 'error' ], [ 'binary', 'keep' ])
	{
		my ($collection, $what) = @$_;
		whole_table('t', 'm1', $collection, on_duplicate => $what);
		my @whole = map { "@$_" } sql('SELECT id, _segment, _offset FROM t ORDER BY _segment, _offset');
		for my $wanted (0, 2)
		{
			my @parts = map { $_->[0] } sql('SELECT token FROM milvus_fdw.splits($1, $2)', 't', $wanted);
			my @rows;
			for my $token (@parts)
			{
				whole_table('part', 'm1', $collection, on_duplicate => $what, split => $token);
				push @rows, map { "@$_" } sql('SELECT id, _segment, _offset FROM part');
			}
			is_deeply([ sort @rows ], [ sort @whole ], "$collection, on_duplicate $what: " . @parts . ' parts');
			cmp_ok(scalar @parts, '<=', 2, 'not more than wanted') if $wanted;
		}
	}
	whole_table('part', 'm1', 'docs', split => 'segments=1');
	fails('a segment that is not there', 'SELECT * FROM part', sqlstate => '55000', message => 'collection "docs" has no segment "1"');
	whole_table('t', 'm1', 'repeated');
	fails('ids that repeat', 'SELECT count(id) FROM part', sqlstate => '23505') for map { whole_table('part', 'm1', 'repeated', split => $_->[0]); 1 } sql(q{SELECT token FROM milvus_fdw.splits('t') LIMIT 1});
};

subtest 'metadata kept elsewhere' => sub {
	my $json = value("SELECT milvus_fdw.export_metadata('m1')");
	utf8::encode(my $bytes = $json);
	spew("$dir/meta.json", $bytes);
	server('m1j', directory => "$dir/db", meta => "json:$dir/meta.json");
	for my $collection (sort keys %$expected)
	{
		whole_table('t', 'm1j', $collection, on_duplicate => 'keep', allow_unflushed => 'true');
		is_deeply(rows_of('t', $collection), expected_rows($collection), "JSON: $collection");
	}
	is(value("SELECT milvus_fdw.export_metadata('m1j')"), $json, 'exported again it is the same');
	my %segment = map { $_->[3] => 1 } @{ $expected->{empty}{rows} }, @{ $expected->{binary}{rows} };
	spew("$dir/old.json", JSON::PP->new->utf8->encode({ rows => 49, collections => [ { collection => 'binary', metric => 'HAMMING', rows => 49, dim => 64,
		segments => [ map { { collection => 'binary', segment => $_, dim => 64, rows => 49, fileSize => 1 } } sort keys %segment ] } ] }));
	server('m1o', directory => $dir, meta => "json:$dir/old.json");
	whole_table('t', 'm1o', 'binary', allow_unflushed => 'true');
	is_deeply(rows_of('t', 'binary'), expected_rows('binary'), 'the meta.json of milvus-migration');
	spew("$dir/bad.json", '{"collections": 5');
	server('m1b', directory => $dir, meta => "json:$dir/bad.json");
	fails('broken JSON', "SELECT * FROM milvus_fdw.collections('m1b')", sqlstate => 'HV000', detail => qr/Line 1/);
	spew("$dir/bad.json", '{"answer": 42}');
	fails('other JSON', "SELECT * FROM milvus_fdw.collections('m1b')", sqlstate => 'HV000', message => qr/no metadata of Milvus 1\.x/);
	server('m1b', directory => $dir, meta => "sqlite:$dir/bad.json");
	fails('not SQLite', "SELECT * FROM milvus_fdw.collections('m1b')", sqlstate => 'HV000', detail => qr/SQLite says: /);
	server('m1b', directory => $dir, meta => "sqlite:$dir/none");
	fails('no such file', "SELECT * FROM milvus_fdw.collections('m1b')", sqlstate => 'HV00N', message => qr/could not open metadata file/);
};

subtest 'metadata in MySQL' => sub {
	my $init = scratch() . '/init.sql';
	is(system("$ENV{MILVUS_FDW_CACHE}/venv/bin/python", $0 =~ s{[^/]*$}{../lib/milvus1_mysql.py}r, $sqlite, $init), 0, 'the same rows') or return;
	my $s = start_server('mariadb', '--init', $init);
	server('m1m', directory => $dir, meta => "mysql://127.0.0.1:$s->{port}/milvus");
	sql(q{CREATE USER MAPPING FOR CURRENT_USER SERVER m1m OPTIONS (user 'milvus', password 'testsecret')});
	for my $collection (sort keys %$expected)
	{
		whole_table('t', 'm1m', $collection, on_duplicate => 'keep');
		is_deeply(rows_of('t', $collection), expected_rows($collection), $collection);
	}
	is(value("SELECT milvus_fdw.export_metadata('m1m')"), value("SELECT milvus_fdw.export_metadata('m1')"), 'exported it is what SQLite gives');
	sql(q{ALTER USER MAPPING FOR CURRENT_USER SERVER m1m OPTIONS (SET password 'hunter2')});
	fails('a wrong password', 'SELECT * FROM t', sqlstate => '28P01', detail => qr/Access denied/);
	server('m1m', directory => $dir, meta => "mysql://127.0.0.1:$s->{port}/none");
	sql(q{CREATE USER MAPPING FOR CURRENT_USER SERVER m1m OPTIONS (user 'milvus', password 'testsecret')});
	fails('a database that is not there', "SELECT * FROM milvus_fdw.collections('m1m')", sqlstate => '28P01', detail => qr/none/);
	$s->stop;
	fails('no server', "SELECT * FROM milvus_fdw.collections('m1m')", sqlstate => '08001', message => qr/could not connect/);
};

subtest 'a server that says nothing' => sub {
	my $hole = double('black_hole');
	server('m1m', directory => $dir, meta => 'mysql://127.0.0.1:' . $hole->port . '/milvus');
	obeys('cancelled', "SELECT * FROM milvus_fdw.collections('m1m')", reached => sub { scalar(my @seen = $hole->seen) });
};

subtest 'a log that is not yet in the database' => sub {
	my $wal = scratch() . '/m1wal';
	is(run_python('milvus1_data.py', $wal, '--wal'), 0, 'made');
	system('chmod', '-R', 'a+rX', $wal);
	ok(-s "$wal/db/meta.sqlite-wal", 'there is a log');
	my $before = join ',', map { (stat "$wal/db/$_")[ 7, 9 ] } sort map { s{.*/}{}r } glob "$wal/db/meta*";
	server('m1w', directory => $wal, meta => "sqlite:$wal/db/meta.sqlite");
	whole_table('t', 'm1w', 'docs');
	is(value('SELECT count(*) FROM t'), scalar @{ $expected->{docs}{rows} }, 'it is read');
	is(join(',', map { (stat "$wal/db/$_")[ 7, 9 ] } sort map { s{.*/}{}r } glob "$wal/db/meta*"), $before, 'and left as it was');
};

# A copy of the directory to break, its first segment of docs, and a table on it.
my $broken = scratch() . '/broken';
my $segment = (sort map { $_->[3] } grep { $_->[2] eq '_default' } @{ $expected->{docs}{rows} })[0];
my $files = "$broken/db/tables/docs/$segment";
sub restore
{
	system('rm', '-rf', $broken);
	system('cp', '-r', $dir, $broken) == 0 or die;
	server('m1x', directory => $broken, meta => "sqlite:$broken/db/meta.sqlite");
	whole_table('t', 'm1x', 'docs');
}

subtest 'damage' => sub {
	my $rest = grep { $_->[3] ne $segment } @{ $expected->{docs}{rows} };
	my @damage = (
		[ 'vectors cut short', sub { truncate "$files/$segment.rv", 1000 }, qr/\.rv", offset 0: the length in its header is not the file's/ ],
		[ 'a header cut short', sub { truncate "$files/$segment.uid", 5 }, qr/\.uid", offset 5: the file has no whole header/ ],
		[ 'an id too few', sub { my $b = slurp("$files/$segment.uid"); spew("$files/$segment.uid", pack('Q<', length($b) - 16) . substr $b, 8, -8) }, qr/not one id for each vector/ ],
		[ 'a header of 2^63', sub { my $b = slurp("$files/$segment.rv"); substr($b, 0, 8) = pack 'Q<', 1 << 63; spew("$files/$segment.rv", $b) }, qr/offset 0/ ],
		[ 'half a vector', sub { my $b = slurp("$files/$segment.rv"); spew("$files/$segment.rv", pack('Q<', length($b) - 12) . substr $b, 8, -4) }, qr/whole number of vectors/ ],
		[ 'half a deleted offset', sub { spew("$files/deleted_docs", pack 'Q<C2', 2, 1, 1) }, qr/deleted_docs", offset 0/ ],
		[ 'no vectors', sub { unlink "$files/$segment.rv" }, qr/No such file/ ],
		[ 'no directory', sub { system 'rm', '-rf', $files }, qr/No such file/ ],
		[ 'a link to elsewhere', sub { unlink "$files/$segment.rv"; symlink '/etc/passwd', "$files/$segment.rv" }, qr/symbolic links/ ],
		[ 'a pipe', sub { unlink "$files/$segment.rv"; system 'mkfifo', "$files/$segment.rv" }, qr/not a regular file/ ]);
	for my $d (@damage)
	{
		my ($name, $break, $detail) = @$d;
		restore();
		$break->();
		fails($name, 'SELECT * FROM t', sqlstate => qr/^(HV000|58030)$/, message => qr/\Q$segment\E/, detail => $detail);
		sql(q{ALTER FOREIGN TABLE t OPTIONS (ADD skip_damaged 'true')});
		notices();
		is(value('SELECT count(id) FROM t'), $rest, "$name: left out");
		my ($warning) = grep { $_->{severity} eq "WARNING" } @{ notices() };
		like($warning->{message}, qr/segment "docs\/$segment" of collection "docs" is left out/, 'with a warning');
	}
};

subtest 'a directory that is not at rest' => sub {
	restore();
	mkdir "$broken/wal" or die;
	spew("$broken/wal/7.wal", 'x' x 100);
	fails('a log that goes on', 'SELECT * FROM t', sqlstate => 'HV000', message => qr/write-ahead log/, hint => qr/allow_unflushed/);
	sql(q{ALTER FOREIGN TABLE t OPTIONS (ADD allow_unflushed 'true')});
	is(value('SELECT count(id) FROM t'), scalar @{ $expected->{docs}{rows} }, 'unless the option says so');
	sql(q{ALTER FOREIGN TABLE t OPTIONS (DROP allow_unflushed)});
	rename "$broken/wal/7.wal", "$broken/wal/0.wal" or die;
	is(value('SELECT count(id) FROM t'), scalar @{ $expected->{docs}{rows} }, 'a log that was flushed');
	# as a server would hold it
	spew("$broken/lock", '');
	chmod 0666, "$broken/lock";
	my $pid = fork // die;
	if ($pid == 0)
	{
		open my $h, '+<', "$broken/lock" or POSIX::_exit(1);
		my $lock = pack 's s l! l! i', 1, 0, 0, 0, 0;
		require Fcntl;
		fcntl($h, Fcntl::F_SETLK(), $lock) or POSIX::_exit(1);
		sleep 60;
		POSIX::_exit(0);
	}
	select undef, undef, undef, 0.5;
	fails('a server that runs', 'SELECT * FROM t', sqlstate => '55006', detail => qr/A Milvus server is running/);
	kill 'KILL', $pid;
	waitpid $pid, 0;
	is(value('SELECT count(id) FROM t'), scalar @{ $expected->{docs}{rows} }, 'once it ended');
};

subtest 'who may read files' => sub {
	sql('DROP ROLE IF EXISTS t072_reader');
	sql('CREATE ROLE t072_reader LOGIN');
	sql('GRANT USAGE ON FOREIGN DATA WRAPPER milvus1_fdw TO t072_reader');
	my $reader = connect_to('072_milvus1_files', user => 't072_reader');
	my $create = "CREATE SERVER mine FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '$dir', meta 'sqlite:$sqlite')";
	fails('without the role', $create, session => $reader, sqlstate => '42501', detail => qr/pg_read_server_files/);
	sql('GRANT pg_read_server_files TO t072_reader');
	$reader->sql($create);
	sql('GRANT CREATE ON SCHEMA public TO t072_reader');
	$reader->sql(q{CREATE FOREIGN TABLE mine (id bigint) SERVER mine OPTIONS (collection 'docs')});
	is($reader->value('SELECT count(id) FROM mine'), scalar @{ $expected->{docs}{rows} }, 'with it');
	sql('REVOKE pg_read_server_files FROM t072_reader');
	my $again = connect_to('072_milvus1_files', user => 't072_reader');
	fails('not any more', 'SELECT count(id) FROM mine', session => $again, sqlstate => '42501');
	sql('DROP OWNED BY t072_reader CASCADE');
};

subtest 'wrong options' => sub {
	fails('a relative path', "CREATE SERVER s FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory 'data', meta 'sqlite:/x')", sqlstate => '22023', detail => qr/absolute/);
	fails('metadata of another kind', "CREATE SERVER s FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '/x', meta 'oracle:/x')", sqlstate => '22023', detail => qr/sqlite:/);
	server('m1n', directory => scratch(), meta => "sqlite:$sqlite");
	whole_table('t', 'm1n', 'docs');
	fails('not such a directory', 'SELECT * FROM t', sqlstate => 'HV00N', message => qr/holds no collections/);
	sql('DROP FOREIGN TABLE t');
	sql(q{CREATE FOREIGN TABLE t (id bigint, title text) SERVER m1 OPTIONS (collection 'docs')});
	fails('a column that is not there', 'SELECT * FROM t', sqlstate => 'HV005', hint => qr/_partition/);
	sql('DROP FOREIGN TABLE t');
	sql(q{CREATE FOREIGN TABLE t (id bigint) SERVER m1 OPTIONS (collection 'none')});
	fails('a collection that is not there', 'SELECT * FROM t', sqlstate => 'HV00R');
};

done_testing();
