# Is what a query returns in the files that were staged, every bit of it, as pyarrow, numpy and json read them?

use MilvusFdw;
use Compress::Zlib ();
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run ();
use Time::HiRes ();

fresh_database();
my $place = scratch() . '/place';
mkdir $place or die $!;
chmod 0777, $place;
my $reader = abs_path(dirname(__FILE__)) . '/../lib/staged.py';
my $python = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/lite/bin/python';
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");

sub read_text { my ($path) = @_; open my $f, '<:raw', $path or die "$path: $!"; local $/; return <$f> }
sub put_text { my ($path, $text) = @_; open my $f, '>:raw', $path or die "$path: $!"; print $f $text }

# How a value is expected, by its type: see canonical() in staged.py.
my %form = (
	f4 => q{encode(float4send(%s), 'hex')}, f8 => q{encode(float8send(%s), 'hex')},
	f4a => q{(SELECT coalesce(jsonb_agg(encode(float4send(x), 'hex') ORDER BY o), '[]') FROM unnest(%1$s) WITH ORDINALITY u (x, o) HAVING %1$s IS NOT NULL)},
	us => q{(extract(epoch FROM %s) * 1000000)::bigint}, hex => q{encode(%s, 'hex')}, text => q{%s::text}, same => q{%s},
	bit16 => q{lpad(to_hex(%s::int), 4, '0')},
	iso => q{to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')},
);

# Stage, and compare with what PostgreSQL has; answers what the reader said.
sub same
{
	my ($name, $query, $forms, @arguments) = @_;
	my $arguments = join '', map { ", $_" } @arguments;
	my @files = sql("SELECT * FROM milvus_fdw.stage(\$q\$$query\$q\$, 'place'$arguments)");
	my $expected = scratch() . '/expected';
	my $list = join ', ', map { sprintf $form{ $_->[1] }, "q.$_->[0]" } @$forms;
	open my $out, '>:utf8', $expected or die $!;
	print $out "$_->[0]\n" for sql("SELECT jsonb_build_array($list)::text FROM ($query) q");
	close $out;
	my ($said, $err) = ('', '');
	IPC::Run::run([ $python, $reader, "$place/$files[0][0]", $expected ], \'', \$said, \$err) or diag $err;
	my ($rows) = value("SELECT count(*) FROM ($query) q");
	like($said, qr/^same $rows$/m, $name) or diag $said;
	return ($said, @files);
}

sql('SET bytea_output = hex');

sql(<<'S');
CREATE TABLE everything (id bigint, b boolean, i2 smallint, i4 integer, f4 real, f8 double precision, t text, j jsonb, ts timestamptz, lt timestamp,
	n numeric, u uuid, by bytea, v real[], iv integer[], ta text[], bits bit(16));
INSERT INTO everything VALUES
	(1, true, 1, 1, 1.5, 2.5, 'text', '{"a": [1, "ü"]}', '2024-02-29 12:34:56.789012+03', '1999-12-31 23:59:59.999999', 12345.6789,
		'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\xdeadbeef', '{1,-2.5,0.1}', '{1,2,3}', '{"a","b c",""}', B'1010000011110001'),
	(-9223372036854775808, false, -32768, -2147483648, '-0', 'NaN', '', '{}', '4713-11-24 00:00:00+00 BC', '0001-01-01', 'NaN',
		'00000000-0000-0000-0000-000000000000', '', '{}', '{}', '{}', B'0000000000000000'),
	(9223372036854775807, true, 32767, 2147483647, '3.4028235e38', '1.7976931348623157e308', E'\U0001F600 \u0001 "quoted" \\ \n', '[1, null, "x"]',
		'294000-12-31 23:59:59.999999+00', '5000-01-01', 1e30, 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\x00ff', '{NaN,Infinity,-Infinity,1e-45}',
		'{-2147483648}', '{"ü"}', B'1111111111111111'),
	(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(0, false, 0, 0, 'Infinity', '-Infinity', repeat('long ', 300000), to_jsonb(repeat('x', 70000)), '1970-01-01 00:00:00+00', '1970-01-01', 0,
		'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', decode(repeat('ab', 70000), 'hex'), array_fill(1.25::real, ARRAY[5000]), '{}', '{}', B'0000000000000001');
INSERT INTO everything SELECT g, g % 2 = 0, g % 30000, g, g / 7.0, g / 3.0, 'row ' || g, jsonb_build_object('g', g), to_timestamp(g * 86400.5), timestamp '2000-01-01' + g * interval '1 h',
	g / 100.0, gen_random_uuid(), int8send(g), ARRAY[g, g / 2.0, -g]::real[], ARRAY[g], ARRAY['x' || g], g::bit(16) FROM generate_series(1, 20000) g;
INSERT INTO everything SELECT CASE WHEN g % 2 = 0 THEN g END, CASE WHEN g % 3 = 0 THEN true END, CASE WHEN g % 5 < 2 THEN g END, NULL, CASE WHEN g % 7 = 0 THEN g END, g,
	CASE WHEN g % 11 < 9 THEN 'x' END, NULL, now(), NULL, NULL, NULL, NULL, CASE WHEN g % 4 < 3 THEN array_fill(1::real, ARRAY[g % 20]) END, NULL, CASE WHEN g % 4 = 1 THEN ARRAY['y'] END, NULL
	FROM generate_series(1, 3000) g;
S
my @all = ([ id => 'same' ], [ b => 'same' ], [ i2 => 'same' ], [ i4 => 'same' ], [ f4 => 'f4' ], [ f8 => 'f8' ], [ t => 'same' ], [ j => 'same' ],
	[ ts => 'us' ], [ lt => 'us' ], [ n => 'text' ], [ u => 'text' ], [ by => 'hex' ], [ v => 'f4a' ], [ iv => 'same' ], [ ta => 'same' ], [ bits => 'bit16' ]);

subtest 'Parquet' => sub {
	same('every type, NULLs, extremes', 'SELECT * FROM everything', \@all);
	same('without compression', 'SELECT * FROM everything', \@all, q{compression => 'none'});
	same('with snappy', 'SELECT * FROM everything', \@all, q{compression => 'snappy'});
	my ($told) = same('statistics', q{SELECT id, b, i2, i4, ts, lt, left(t, 20) AS t, (f4 * 0)::real AS zero FROM everything WHERE id IS NOT NULL AND abs(f4) < 'Infinity' AND f8 <> 'NaN'},
		[ [ id => 'same' ], [ b => 'same' ], [ i2 => 'same' ], [ i4 => 'same' ], [ ts => 'us' ], [ lt => 'us' ], [ t => 'same' ], [ zero => 'f4' ] ]);
	is(($told =~ /bounds (\d+)/)[0], 8, 'of every column');
	my ($said, @files) = same('several files', 'SELECT * FROM everything', \@all, 'file_bytes => 300000');
	cmp_ok(scalar @files, '>', 3, scalar(@files) . ' files');
	same('no rows', 'SELECT * FROM everything WHERE false', \@all);
	same('only NULLs', 'SELECT NULL::int AS a, NULL::real[] AS v FROM generate_series(1, 100)', [ [ a => 'same' ], [ v => 'f4a' ] ]);
	($said) = same('several row groups', 'SELECT g AS id, array_fill(g::real, ARRAY[512]) AS v FROM generate_series(1, 20000) g', [ [ id => 'same' ], [ v => 'f4a' ] ]);
	cmp_ok(($said =~ /groups (\d+)/)[0], '>', 2, 'there are several');
};

subtest 'NumPy' => sub {
	my $query = q{SELECT id, b, i2, i4, f4, f8, t, u, array_fill(f4, ARRAY[3]) AS v, ARRAY[id, id] AS w, bits FROM everything WHERE id IS NOT NULL AND i4 IS NOT NULL AND length(t) < 100};
	my @forms = ([ id => 'same' ], [ b => 'same' ], [ i2 => 'same' ], [ i4 => 'same' ], [ f4 => 'f4' ], [ f8 => 'f8' ], [ t => 'same' ], [ u => 'text' ], [ v => 'f4a' ], [ w => 'same' ], [ bits => 'bit16' ]);
	same('what it can hold', $query, \@forms, q{'numpy'});
	my ($said, @files) = same('several sets', $query, \@forms, q{'numpy', file_bytes => 500000});
	cmp_ok(scalar @files, '>', 2 * @forms, scalar(@files) . ' files');
	same('no rows', "$query AND false", \@forms, q{'numpy'});
	same('long text', q{SELECT g AS id, repeat('ü', g * 1000) AS t FROM generate_series(0, 300) g}, [ [ id => 'same' ], [ t => 'same' ] ], q{'numpy'});
};

subtest 'JSON' => sub {
	my $query = q{SELECT id, b, i2, i4, f4, f8, t, jsonb_build_object('j', j) AS j, n, u, iv, ta, bits FROM everything WHERE f8 IS NULL OR abs(f8) < 'Infinity' AND (f4 IS NULL OR abs(f4) < 'Infinity')};
	same('what it can hold', $query, [ [ id => 'same' ], [ b => 'same' ], [ i2 => 'same' ], [ i4 => 'same' ], [ f4 => 'f4' ], [ f8 => 'f8' ], [ t => 'same' ], [ j => 'same' ],
		[ n => 'text' ], [ u => 'text' ], [ iv => 'same' ], [ ta => 'same' ], [ bits => 'bit16' ] ], q{'json'});
	same('times', q{SELECT ts, lt FROM (SELECT timestamptz '2024-02-29 12:34:56.789012+03' AS ts, '1999-12-31T23:59:59'::text AS lt) x}, [ [ ts => 'iso' ], [ lt => 'same' ] ], q{'json'});
	same('no rows', 'SELECT 1 AS a WHERE false', [ [ a => 'same' ] ], q{'json'});
};

subtest 'what a format cannot carry' => sub {
	my $before = () = glob "$place/*";
	my %refused = (sqlstate => '0A000', detail => qr/./);
	fails('bytes in JSON', q{SELECT milvus_fdw.stage('SELECT ''\x00''::bytea AS by', 'place', 'json')}, %refused, message => qr/format "json" cannot carry column "by" of type bytea/);
	fails('bytes in NumPy', q{SELECT milvus_fdw.stage('SELECT ''\x00''::bytea AS by', 'place', 'numpy')}, %refused, message => qr/"numpy".*"by"/);
	fails('lists of text in NumPy', q{SELECT milvus_fdw.stage('SELECT ARRAY[''a''] AS ta', 'place', 'numpy')}, %refused, message => qr/"ta" of type text\[\]/);
	fails('a name that leads elsewhere', q{SELECT milvus_fdw.stage('SELECT 1 AS "../x"', 'place', 'numpy')}, %refused, message => qr{"\.\./x"});
	fails('two columns of one name', q{SELECT milvus_fdw.stage('SELECT 1 AS a, 2 AS a', 'place')}, sqlstate => '42701');
	is(scalar(() = glob "$place/*"), $before, 'nothing was written');
	fails('NULL in NumPy', q{SELECT milvus_fdw.stage('SELECT nullif(g, 7) AS a FROM generate_series(1, 9) g', 'place', 'numpy')}, sqlstate => '23502', context => qr/column "a", row 7\b/);
	fails('arrays of several lengths in NumPy', q{SELECT milvus_fdw.stage('SELECT array_fill(1, ARRAY[g / 5]) AS a FROM generate_series(1, 9) g', 'place', 'numpy')}, sqlstate => '22000', context => qr/row 5\b/);
	fails('NaN in JSON', q{SELECT milvus_fdw.stage('SELECT ''NaN''::real AS a', 'place', 'json')}, sqlstate => '22003', context => qr/column "a", row 1\b/);
	fails('an infinite time', q{SELECT milvus_fdw.stage('SELECT timestamptz ''infinity'' AS a', 'place')}, sqlstate => '22008', context => qr/column "a", row 1 /);
	fails('an unknown format', q{SELECT milvus_fdw.stage('SELECT 1', 'place', 'orc')}, sqlstate => '22023', hint => qr/parquet, numpy and json/);
	fails('an unknown compression', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'place', 'json', 'zstd')}, sqlstate => '22023');
	fails('two statements', q{SELECT milvus_fdw.stage('SELECT 1; SELECT 2', 'place')}, sqlstate => '22023', message => qr/not one query/);
	fails('no rows to give', q{SELECT milvus_fdw.stage('CREATE TABLE x ()', 'place')}, sqlstate => '22023');
	sql('SET default_transaction_read_only = on');
	fails('in a read-only transaction', q{SELECT milvus_fdw.stage('SELECT 1', 'place')}, sqlstate => '25006');
	sql('RESET default_transaction_read_only');
};

subtest 'manifests' => sub {
	sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
	is_deeply([ glob "$place/*" ], [], 'unstage leaves nothing, not even a directory');
	sql('CREATE SCHEMA other');
	sql('CREATE TABLE other.t AS SELECT g AS a FROM generate_series(1, 10) g');
	sql('SET search_path = other');
	is(value(q{SELECT rows FROM milvus_fdw.stage('SELECT * FROM t', 'place')}), 10, 'names are found as the caller finds them');
	is(value(q{SELECT rows FROM milvus_fdw.stage('t'::regclass, 'place', 'json')}), 10, 'a table by itself');
	sql('RESET search_path');
	is_deeply([ sql(q{SELECT state, format, files, rows FROM milvus_fdw.staged('place') ORDER BY format}) ], [ [ 'complete', 'json', 1, 10 ], [ 'complete', 'parquet', 1, 10 ] ], 'both are listed');
	my $manifest = value(q{SELECT min(manifest) FROM milvus_fdw.staged('place')});
	is(value(q{SELECT milvus_fdw.unstage('place', $1)}, $manifest), 2, 'the file and the manifest go');
	fails('again', "SELECT milvus_fdw.unstage('place', '$manifest')", sqlstate => '42704');
	mkdir "$place/precious" or die $!;
	{ open my $f, '>', "$place/precious/file" or die $!; }
	fails('what is not ours', q{SELECT milvus_fdw.unstage('place', 'precious')}, sqlstate => '42704');
	ok(-e "$place/precious/file", 'stays');
	fails("the name '$_'", "SELECT milvus_fdw.unstage('place', '$_')", sqlstate => '22023') for '', '..', '../x', 'a/b', '.', '/etc';
};

subtest 'verify' => sub {
	sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
	sql(q{CREATE SERVER strict FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://} . $place . q{', checksum 'sha256')});
	my $wrong = sub { sql("SELECT name, reason FROM milvus_fdw.verify('place', '$_[0]') WHERE NOT ok") };
	for my $how (q('place', 'numpy'), q('strict', 'numpy'), q('place', 'parquet'), q('place', 'json'))
	{
		my @files = sql("SELECT name, checksum, manifest, bytes FROM milvus_fdw.stage('SELECT g::bigint AS id, array_fill(g::real, ARRAY[100]) AS v, repeat(''t'', g) AS t FROM generate_series(1, 5000) g', $how)");
		my $manifest = $files[0][2];
		my $kind = $how =~ /strict/ ? qr/^sha256:[0-9a-f]{64}$/ : qr/^crc32:[0-9a-f]{8}$/;
		like($files[0][1], $kind, "$how: the checksum is told");
		is_deeply([ sql("SELECT name, bytes FROM milvus_fdw.verify('place', '$manifest') WHERE ok AND reason IS NULL") ],
			[ [ $manifest, -s "$place/$manifest" ], map { [ @$_[ 0, 3 ] ] } @files ], 'all is well');
		my ($name, $sum) = @{ $files[-1] };
		my $flip = sub { my ($file, $at, $byte) = @_; open my $f, '+<', "$place/$file" or die; seek $f, $at, 0; print $f $byte };
		my $there = sub { my ($file, $at) = @_; open my $f, '<', "$place/$file" or die; seek $f, $at, 0; read $f, my $b, 1; $b };
		for my $at (0, 127, 1_048_576, $files[-1][3] - 1)
		{
			next if $at >= $files[-1][3];
			my $was = $there->($name, $at);
			$flip->($name, $at, chr(ord($was) ^ 4));
			my ($row) = $wrong->($manifest);
			is($row->[0], $name, "a bit is flipped at $at");
			like($row->[1], qr/^its checksum is \w+:\w+, not \Q$sum\E$/, 'and that is told');
			$flip->($name, $at, $was);
		}
		is_deeply([ $wrong->($manifest) ], [], 'well again');
		{ open my $f, '>>', "$place/$name" or die; print $f 'x'; }
		is_deeply([ $wrong->($manifest) ], [ [ $name, 'it has ' . ($files[-1][3] + 1) . " bytes, not $files[-1][3]" ] ], 'a byte more');
		rename "$place/$name", "$place/$name.away";
		is_deeply([ $wrong->($manifest) ], [ [ $name, 'missing' ], [ "$name.away", 'it is not in the manifest' ] ], 'gone, and a stranger there');
		rename "$place/$name.away", "$place/$name";
		my $text = read_text("$place/$manifest");
		(my $forged = $text) =~ s/"rows": 5000/"rows": 4999/;
		put_text("$place/$manifest", $forged);
		is(($wrong->($manifest))[0][1], 'its checksum does not fit', 'a manifest that was changed');
		put_text("$place/$manifest", $text);
		sql("SELECT milvus_fdw.unstage('place', '$manifest')");
	}
	fails('none', q{SELECT milvus_fdw.verify('place', 'nothing')}, sqlstate => '42704');
};

subtest 'a manifest that is damaged' => sub {
	sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
	my $manifest = value(q{SELECT manifest FROM milvus_fdw.stage('SELECT g AS a FROM generate_series(1, 10) g', 'place')});
	my ($job) = $manifest =~ m{(.*)/};
	my $text = read_text("$place/$manifest");
	my $sum = sub { my ($all) = @_; $all =~ s/(,\n "checksum": "crc32:)\w{8}/$1 . sprintf '%08x', Compress::Zlib::crc32($`)/se; $all };
	is($sum->($text), $text, 'the checksum is that of what is before it');
	my $changed = sub { my ($from, $to) = @_; (my $all = $text) =~ s/$from/$to/ or die $from; $all };
	my $verify = "SELECT milvus_fdw.verify('place', '$manifest')";
	my %unreadable = (
		nothing => '', cut => substr($text, 0, length($text) / 2), 'the last line gone' => ($text =~ /(.*\n)./s)[0], garbage => "\0\xff" x 1000,
		'other JSON' => '[1, {"files": 2}]', 'of a later version' => $sum->($changed->(qr/fdw_manifest": 1/, 'fdw_manifest": 2')), 'deeply nested' => '[' x 100_000);
	for my $what (sort keys %unreadable)
	{
		put_text("$place/$manifest", $unreadable{$what});
		fails("$what: verify", $verify, sqlstate => 'XX001', message => qr/manifest "\Q$manifest\E" in the store of server "place" is damaged: it cannot be read/, hint => qr/unstage\('place', '$job'\)/);
		is_deeply([ sql(q{SELECT * FROM milvus_fdw.staged('place')}) ], [ [ $manifest, 'damaged', (undef) x 5 ] ], "$what: staged shows it");
	}
	for my $name ('../precious/file', "$job/../precious/file", "$job/./x", "$job//x", "$job/", $job, '/etc/passwd')
	{
		put_text("$place/$manifest", $sum->($changed->(qr{"$job/000001.parquet"}, "\"$name\"")));
		fails("it leads to $name", $verify, sqlstate => 'XX001', message => qr/names a file outside of its folder/);
	}
	put_text("$place/$manifest", $sum->($changed->(qr{"job": "$job"}, '"job": "stage-20200101-000000-00000000"')));
	fails('of another folder', $verify, sqlstate => 'XX001', message => qr/written for another folder/);
	put_text("$place/$manifest", $changed->(qr/"rows": 10/, '"rows": 11'));
	is_deeply([ sql(q{SELECT state, rows FROM milvus_fdw.staged('place')}) ], [ [ 'damaged', 11 ] ], 'one whose checksum does not fit');
	put_text("$place/$manifest", $changed->(qr/"created": "\d+/, '"created": "x'));
	is_deeply([ sql(q{SELECT state, created FROM milvus_fdw.staged('place')}) ], [ [ 'damaged', undef ] ], 'a time that is none');
	put_text("$place/$manifest", $text);
	is_deeply([ sql(q{SELECT state, created > now() - interval '1 h' FROM milvus_fdw.staged('place')}) ], [ [ 'complete', 't' ] ], 'well again');
	put_text("$place/$manifest", 'garbage');
	is(value(q{SELECT milvus_fdw.unstage('place', $1)}, $manifest), 2, 'unstage removes it');
	ok(!-e "$place/$job", 'with its folder');

	$manifest = value(q{SELECT manifest FROM milvus_fdw.stage('SELECT 1 AS a', 'place')});
	($job) = $manifest =~ m{(.*)/};
	unlink "$place/$manifest" or die $!;
	is_deeply([ sql(q{SELECT manifest, state FROM milvus_fdw.staged('place')}) ], [ [ $manifest, 'missing' ] ], 'one that is gone leaves its files to be seen');
	fails('verify', "SELECT milvus_fdw.verify('place', '$manifest')", sqlstate => '42704');
	is(value(q{SELECT milvus_fdw.unstage('place', $1)}, $manifest), 1, 'and removed');
	ok(!-e "$place/$job", 'with the folder');

	for my $name ('mine', 'stage-20200101-000000-0000000', 'stage-20200101-000000-0000000G', 'stage-2020-101-000000-00000000', 'xtage-20200101-000000-00000000')
	{
		mkdir "$place/$name" or die $!;
		put_text("$place/$name/manifest.json", 'garbage');
		fails("a folder $name", "SELECT milvus_fdw.unstage('place', '$name')", sqlstate => '42704');
		fails('is none of ours', "SELECT milvus_fdw.verify('place', '$name')", sqlstate => '42704');
		is(value(q{SELECT count(*) FROM milvus_fdw.staged('place')}), 0, 'and not shown');
		system 'rm', '-r', "$place/$name";
	}
};

subtest 'what goes wrong on the way' => sub {
	sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
	fails('an error in the query', q{SELECT milvus_fdw.stage('SELECT 1 / (300000 - g) AS a, repeat(''x'', 100) AS t FROM generate_series(1, 400000) g', 'place', file_bytes => 1000000, compression => 'none')}, sqlstate => '22012');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.staged('place')}) ], [], 'what it left is removed by the next command');
	my $b = background(q{SELECT milvus_fdw.stage('SELECT generate_series(1, 100000000) AS g, repeat(''x'', 1000) AS t', 'place', compression => 'none', file_bytes => 2000000)});
	for (1 .. 100) { last if (() = glob "$place/stage-*/*.parquet") > 1; select undef, undef, undef, 0.1 }
	is(value(q{SELECT state FROM milvus_fdw.staged('place')}), 'staging', 'it is to be seen while it runs');
	my $t = Time::HiRes::time();
	$b->cancel;
	is($b->wait(5000)->{error}{sqlstate}, '57014', 'cancelled');
	cmp_ok(Time::HiRes::time() - $t, '<', 1, 'soon');
	is($b->session->value(q{SELECT count(*) FROM milvus_fdw.staged('place')}), 0, 'its session removes what it left');
	is_deeply([ grep { !/precious/ } glob "$place/*" ], [], 'all of it');

	my $small = scratch() . '/small';
	mkdir $small;
	SKIP: {
		skip 'no file system can be mounted here', 2 if system('mount', '-t', 'tmpfs', '-o', 'size=3m,mode=777', 'tmpfs', $small) != 0;
		sql("CREATE SERVER small FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$small')");
		fails('the disk is full', q{SELECT milvus_fdw.stage('SELECT g, repeat(''x'', 1000) FROM generate_series(1, 10000) g', 'small', 'json')}, sqlstate => '53100', hint => qr/disk space/);
		is(value(q{SELECT count(*) FROM milvus_fdw.staged('small')}), 0, 'there is room again');
		system('umount', $small);
	}
	sql("CREATE SERVER nowhere FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file:///nowhere/at/all')");
	fails('the directory is missing', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'nowhere')}, sqlstate => '58P01');
	symlink '/tmp', "$place/link";
	fails('no link is followed', q{SELECT milvus_fdw.unstage('place', 'link')}, sqlstate => '42704');
};

subtest 'who may' => sub {
	sql($_) for 'DROP ROLE IF EXISTS tap090', 'CREATE ROLE tap090', 'GRANT USAGE ON FOREIGN DATA WRAPPER object_store_fdw TO tap090',
		'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA milvus_fdw TO tap090', 'SET ROLE tap090';
	fails('make a server that writes files', q{CREATE SERVER mine FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file:///tmp')}, sqlstate => '42501', detail => qr/pg_write_server_files/);
	fails('use one without USAGE', q{SELECT milvus_fdw.stage('SELECT 1', 'place')}, sqlstate => '42501');
	sql($_) for 'RESET ROLE', 'GRANT USAGE ON FOREIGN SERVER place TO tap090', 'REVOKE ALL ON everything FROM tap090', 'GRANT pg_write_server_files TO tap090', 'SET ROLE tap090';
	is(value(q{SELECT rows FROM milvus_fdw.stage('SELECT 1 AS a', 'place')}), 1, 'with USAGE he may write');
	fails('but reads only what is his', q{SELECT milvus_fdw.stage('SELECT * FROM everything', 'place')}, sqlstate => '42501', message => qr/table everything/);
	sql("CREATE SERVER mine FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");
	sql($_) for 'RESET ROLE', 'REVOKE pg_write_server_files FROM tap090', 'SET ROLE tap090';
	fails('his right is asked for at run time too', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'mine')}, sqlstate => '42501', detail => qr/pg_write_server_files/);
	sql($_) for 'RESET ROLE', 'DROP OWNED BY tap090', 'DROP ROLE tap090';
	fails('no foreign table', 'CREATE FOREIGN TABLE x (a int) SERVER place', sqlstate => '0A000', message => qr/no foreign tables/);
	fails('no schema to import', 'IMPORT FOREIGN SCHEMA "default" FROM SERVER place INTO public', sqlstate => '0A000');
};

done_testing();
