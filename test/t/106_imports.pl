# Is each staged file imported once, whatever is lost on the way, and does the user see how far it is and why it failed?
# alone: it measures how soon a cancel is obeyed

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = 2000;
fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

sub calls { my ($double, $method) = @_; return grep { ($_->{method} // '') eq $method && !$_->{event} } $double->seen }

# A foreign table of the collection of another, through a double.
sub behind
{
	my ($name, $script, %options) = @_;
	my $double = double('grpc_server', to => real_milvus(), script => $script);
	my $server = 'behind' . $double->port;
	sql("CREATE SERVER $server FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ $double->port}', retry_timeout '5')");
	my $more = join ', ', "collection '$name'", "write_mode 'bulk'", "stage 'place'", map { "$_ '$options{$_}'" } sort keys %options;
	sql("CREATE FOREIGN TABLE $server ($columns) SERVER $server OPTIONS ($more)");
	return ($server, $double);
}

sub staged { return map { $_->[0] } sql("SELECT manifest FROM milvus_fdw.staged('place')") }
sub clean  { sql("SELECT milvus_fdw.unstage('place', '$_')") for staged() }
sub stage
{
	my ($query, @more) = @_;
	return value("SELECT min(manifest) FROM milvus_fdw.stage(\$q\$$query\$q\$, 'place'" . join('', map { ", $_" } @more) . ')');
}

subtest 'a manifest' => sub {
	bulk_target('t106_twice', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source', q{'parquet'}, 'file_bytes => 300000');
	my @first = sql("SELECT state, asked, rows, id FROM milvus_fdw.import_files('t106_twice', 'place', '$manifest')");
	cmp_ok(scalar @first, '>', 1, scalar(@first) . ' files are imported');
	is(scalar(grep { $_->[0] eq 'completed' && $_->[1] eq 't' } @first), scalar @first, 'each by this call');
	is(bulk_differences('t106_twice', 't', 'v'), 0, 'every bit is there');
	my @second = sql("SELECT state, asked, rows, id FROM milvus_fdw.import_files('t106_twice', 'place', '$manifest')");
	is(scalar(grep { $_->[1] eq 't' } @second), 0, 'a second call asks for none');
	is(join(' ', sort map { $_->[3] } @second), join(' ', sort map { $_->[3] } @first), 'and shows the same jobs');
	is(value('SELECT count(*) FROM t106_twice'), $rows, 'no row is doubled');
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_twice') WHERE state = 'completed' AND files[1] LIKE '$place/%' AND started > now() - interval '1 h'"), scalar @first, 'imports() shows them');
	my $one = value("SELECT (array_agg(name ORDER BY name))[1] FROM unnest((SELECT array_agg(f) FROM milvus_fdw.imports('t106_twice') i, unnest(files) f)) name");
	is(value("SELECT count(*) FROM milvus_fdw.import_files('t106_twice', ARRAY['$one']) WHERE asked"), 0, 'a file by its name is known, too');
	sql("ALTER FOREIGN TABLE t106_twice OPTIONS (DROP keep_staged)");
	sql("SELECT * FROM milvus_fdw.wait_for_import('t106_twice', 'place', '$manifest')");
	is_deeply([ staged() ], [], 'waiting for it removes the files');
	fails('which are gone then', "SELECT * FROM milvus_fdw.import_files('t106_twice', 'place', '$manifest')", sqlstate => '42704');
};

subtest 'without waiting' => sub {
	bulk_target('t106_later', $columns, {}, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source', q{'numpy'});
	fails('waiting for what was not asked for', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', 'place', '$manifest')", sqlstate => '55000', hint => qr/import_files\('public\.t106_later', 'place', '\Q$manifest\E'\)/);
	my ($id, $state) = @{ (sql("SELECT id, state FROM milvus_fdw.import_files('t106_later', 'place', '$manifest', wait => false)"))[0] };
	is($state, 'running', 'import_files(wait => false) comes back at once');
	fails('a deadline', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', ARRAY['$id'], 0.001)", sqlstate => '57014', message => qr/did not end within/, detail => qr/job $id, \d+ %/);
	fails('an unknown job', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', ARRAY['17'])", sqlstate => '42704');
	is(value("SELECT state FROM milvus_fdw.wait_for_import('t106_later', ARRAY['$id'])"), 'completed', 'wait_for_import() waits');
	is(bulk_differences('t106_later', 't', 'v'), 0, 'every bit is there');
	clean();
};

subtest 'what does not fit is refused' => sub {
	bulk_target('t106_fit', $columns, {}, fields => $fields);
	for my $case (
		[ 'a missing column', 'SELECT id, v FROM public.source', qr/no column for field "t"/ ],
		[ 'a column too many', 'SELECT id, t, v, extra FROM public.source', qr/Column "extra" is no field/ ],
		[ 'another type', 'SELECT id::text, t, v FROM public.source', qr/Column "id" is text, but the field is int64/ ],
		[ 'a wider type', 'SELECT id, t, v, bits FROM public.source', qr/no field/ ])
	{
		my ($name, $query, $detail) = @$case;
		my $manifest = stage($query);
		fails($name, "SELECT * FROM milvus_fdw.import_files('t106_fit', 'place', '$manifest')", sqlstate => '42804', detail => $detail, hint => qr/Nothing was imported/);
	}
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_fit')"), 0, 'nothing was sent');
	clean();
	fails('UPDATE', "UPDATE t106_fit SET t = 'x'", sqlstate => '0A000', message => qr/write_mode is 'bulk'/);
	fails('DELETE', 'DELETE FROM t106_fit', sqlstate => '0A000', message => qr/write_mode is 'bulk'/);
	fails('a row that Milvus would refuse', "INSERT INTO t106_fit SELECT 9223372036854775807, 'x', v FROM source LIMIT 1", sqlstate => '22003', message => qr/largest integer/);
	sql('ALTER FOREIGN TABLE t106_fit OPTIONS (DROP stage)');
	fails('no store', 'INSERT INTO t106_fit VALUES (1)', sqlstate => 'HV002', message => qr/needs option "stage"/);
	sql("ALTER FOREIGN TABLE t106_fit OPTIONS (ADD stage 'nowhere')");
	fails('a store that is not there', 'INSERT INTO t106_fit VALUES (1)', sqlstate => '42704', message => qr/server "nowhere"/);
	sql("ALTER FOREIGN TABLE t106_fit OPTIONS (SET stage 'milvus')");
	fails('a store that is none', 'INSERT INTO t106_fit VALUES (1)', sqlstate => '42809');
};

subtest 'a manifest that is damaged is refused' => sub {
	bulk_target('t106_damaged', $columns, {}, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source');
	my $import = "SELECT * FROM milvus_fdw.import_files('t106_damaged', 'place', '$manifest')";
	my $text = do { open my $in, '<:raw', "$place/$manifest" or die $!; local $/; <$in> };
	(my $changed = $text) =~ s/"rows": $rows/"rows": 1/;
	for my $case ([ 'another number of rows', $changed, qr/its checksum does not fit/ ], [ 'cut', substr($text, 0, 500), qr/it cannot be read/ ])
	{
		my ($name, $what, $why) = @$case;
		open my $out, '>:raw', "$place/$manifest" or die $!;
		print $out $what;
		close $out;
		fails($name, $import, sqlstate => 'XX001', message => $why, hint => qr/Stage the rows again/);
		fails("$name: waiting for it", "SELECT * FROM milvus_fdw.wait_for_import('t106_damaged', 'place', '$manifest')", sqlstate => 'XX001', message => $why);
	}
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_damaged')"), 0, 'nothing was sent');
	clean();
	is(scalar(staged()), 0, 'and it can be removed');
};

subtest 'files that are not what they were' => sub {
	bulk_target('t106_files', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source', q{'parquet'}, 'file_bytes => 300000');
	my ($job) = $manifest =~ m{(.*)/};
	my $import = "SELECT state, asked FROM milvus_fdw.import_files('t106_files', 'place', '$manifest')";
	my @files = sort map { m{([^/]+)$} } glob "$place/$job/*.parquet";
	cmp_ok(scalar @files, '>', 2, 'there are some');
	my $last = "$place/$job/$files[-1]";
	my $size = -s $last;
	my %told = (sqlstate => 'XX001', detail => qr/No import was asked for/, hint => qr/verify\('place', '$job'\)/);
	{ open my $out, '>>', $last or die $!; print $out 'x'; }
	fails('one is longer', $import, %told, message => qr{file "$job/$files[-1]" in the store of server "place" has @{[ $size + 1 ]} bytes, not $size$});
	truncate $last, $size - 8 or die $!;
	fails('shorter', $import, %told, message => qr/has @{[ $size - 8 ]} bytes, not $size$/);
	rename $last, "$last.away" or die $!;
	fails('missing', $import, %told, message => qr{file "$job/$files[-1]" is not in the store});
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_files')"), 0, 'the others were not asked for');
	is(value("SELECT bytes FROM milvus_fdw.verify('place', '$manifest') WHERE reason ~ 'not in the manifest'"), $size - 8, 'verify tells the length of a stranger');
	sql("SELECT milvus_fdw.unstage('place', '$job')");

	$manifest = stage('SELECT id, t, v FROM public.source', q{'numpy'}, 'file_bytes => 300000');
	$import =~ s/stage-[^']+/$manifest/;
	is((sql("$import"))[0][1], 't', 'whole ones are');
	is(bulk_differences('t106_files', 't', 'v'), 0, 'every bit is there');
	unlink glob "$place/" . $manifest =~ s{/.*}{/*/*}r;
	is((sql("$import"))[0][1], 'f', 'what is imported already need not be there');
	clean();
};

subtest 'an import that fails' => sub {
	my $name = bulk_target('t106_failed', $columns, { stage_path => '/nowhere' }, fields => $fields);
	my $e = error_of("INSERT INTO $name SELECT id, t, v FROM source");
	is($e->{sqlstate}, 'HV000', 'is an error');
	like($e->{message}, qr/1 of 1 imports into collection "t106_failed" failed/, 'of the collection');
	like($e->{detail}, qr{File "/nowhere/stage-[^"]+/000001.parquet": failed, job \d+, .}, 'with file, job and reason');
	like($e->{hint}, qr/minio\.bucketName.*stage_path/s, 'what it may be');
	like($e->{hint}, qr/SELECT \* FROM milvus_fdw\.import_files\('public\.t106_failed', 'place', '(stage-[^']+)'\)/, 'and the call that finishes it');
	my ($call) = $e->{hint} =~ /(SELECT \* FROM .*\))/;
	is(scalar(staged()), 1, 'the files are there still');
	sql("ALTER FOREIGN TABLE $name OPTIONS (DROP stage_path)");
	is(scalar(sql($call)), 1, 'which it does');
	is(bulk_differences($name, 't', 'v'), 0, 'every bit is there');
	is(scalar(staged()), 0, 'and no file');
};

subtest 'an answer that is lost' => sub {
	bulk_target('t106_lost', $columns, {}, fields => $fields);
	my ($t, $double) = behind('t106_lost', { Import => [ { after => \1, status => 14, details => 'lost' }, { forward => \1 } ] }, stage_file_bytes => 300_000);
	sql("INSERT INTO $t SELECT id, t, v FROM source");
	my $jobs = value("SELECT count(*) FROM milvus_fdw.imports('t106_lost')");
	is(value('SELECT count(*) FROM t106_lost'), $rows, 'no row is doubled');
	is(scalar(calls($double, 'Import')), $jobs, "$jobs files are asked for once each");
	bulk_target('t106_unheard', $columns, {}, fields => $fields);
	($t, $double) = behind('t106_unheard', { Import => [ { status => 14, details => 'cut' }, { forward => \1 } ] });
	sql("INSERT INTO $t SELECT id, t, v FROM source");
	is(value('SELECT count(*) FROM t106_unheard'), $rows, 'what was not heard is asked for again');
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_unheard')"), 1, 'once');
};

# A job of the number 7, as Milvus lists it.
sub job_seven
{
	my ($state, $rows) = @_;
	my $varint = sub { my ($n, $bytes) = ($_[0], ''); $bytes .= chr($n & 127 | ($n > 127 ? 128 : 0)), $n >>= 7 while $n || $bytes eq ''; $bytes };
	return unpack 'H*', pack 'C C/a* C C/a*', 0x0a, '', 0x12, pack('C C', 0x10, $state) . "\x18" . $varint->($rows) . pack('C C', 0x30, 0x07);
}

subtest 'what Milvus has forgotten' => sub {
	my %forgetful = (ListImportTasks => [ { hex => '0a00' } ]);
	bulk_target('t106_old', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source');
	sql("SELECT * FROM milvus_fdw.import_files('t106_old', 'place', '$manifest')");
	my ($t, $double) = behind('t106_old', \%forgetful, keep_staged => 'true');
	is(value("SELECT string_agg(state || ' ' || asked, ',') FROM milvus_fdw.import_files('$t', 'place', '$manifest')"), 'completed false', 'the store knows that it is imported');
	is(value('SELECT count(*) FROM t106_old'), $rows, 'no row is doubled');
	is(value("SELECT count(*) FROM milvus_fdw.verify('place', '$manifest') WHERE NOT ok"), 0, 'verify() takes no offence');
	bulk_target('t106_old', $columns, { keep_staged => 'true' }, fields => $fields);
	is(value("SELECT count(*) FROM milvus_fdw.import_files('t106_old', 'place', '$manifest') WHERE asked"), 1, 'a collection made anew gets the rows anew');
	is(bulk_differences('t106_old', 't', 'v'), 0, 'every bit of them');
	bulk_target('t106_open', $columns, { keep_staged => 'true' }, fields => $fields);
	my ($id) = map { $_->[0] } sql("SELECT id FROM milvus_fdw.import_files('t106_open', 'place', '$manifest', wait => false)");
	($t, $double) = behind('t106_open', \%forgetful);
	fails('one whose end nobody saw', "SELECT * FROM milvus_fdw.import_files('$t', 'place', '$manifest')", sqlstate => '55000',
		message => qr/not known whether file "[^"]+" has been imported into collection "t106_open"/, detail => qr/became job $id/);
	is(scalar(calls($double, 'Import')), 0, 'is not asked for again');
	sql("SELECT * FROM milvus_fdw.wait_for_import('t106_open', ARRAY['$id'])");
	is(value('SELECT count(*) FROM t106_open'), $rows, 'and was imported');
	clean();
};

subtest 'a job that lies' => sub {
	bulk_target('t106_lies', $columns, {}, fields => $fields);
	my ($t, $double) = behind('t106_lies', { Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => '0a00' }, { hex => job_seven(6, 10) } ] });
	my $e = error_of("INSERT INTO $t SELECT id, t, v FROM source");
	is($e->{sqlstate}, 'HV000', 'completed with some of the rows only: an error');
	like($e->{detail}, qr/calls it completed, with 10 of $rows rows/, 'which says so');
	($t, $double) = behind('t106_lies', { Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => '0a00' }, ({ hex => job_seven(6, 0) }) x 2, { hex => job_seven(6, $rows) } ] });
	$e = error_of("INSERT INTO $t SELECT id, t, v FROM source");
	like($e->{detail}, qr/calls it completed, with 0 of $rows rows/, 'with none, too');
	my ($call) = $e->{hint} =~ /(SELECT \* FROM .*\))/;
	is(scalar(sql($call)), 1, 'but that may be asked for again');
	is(scalar(calls($double, 'Import')), 2, 'and is');
	clean();
};

subtest 'one session at a time' => sub {
	bulk_target('t106_busy', $columns, {}, fields => $fields);
	my $manifest = stage('SELECT id, t, v FROM public.source');
	my $other = connect_to('106_imports');
	$other->sql('BEGIN');
	$other->sql("SELECT * FROM milvus_fdw.import_files('t106_busy', 'place', '$manifest', wait => false)");
	fails('a manifest that is being imported', "SELECT * FROM milvus_fdw.import_files('t106_busy', 'place', '$manifest')", sqlstate => '55P03', message => qr/another session/);
	fails('is not removed, either', "SELECT milvus_fdw.unstage('place', '$manifest')", sqlstate => '55P03');
	$other->sql('COMMIT');
	is(value("SELECT string_agg(asked::text, ',') FROM milvus_fdw.import_files('t106_busy', 'place', '$manifest')"), 'false', 'afterwards it is waited for');
	is(value('SELECT count(*) FROM t106_busy'), $rows, 'each row once');
};

subtest 'one that never ends' => sub {
	bulk_target('t106_never', $columns, {}, fields => $fields);
	my %never = (Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => job_seven(2, 0) } ]);
	my ($t) = behind('t106_never', \%never, bulk_timeout => 1);
	my $start = time;
	fails('without progress', "INSERT INTO $t SELECT id, t, v FROM source", sqlstate => '57014', message => qr/make no progress/, detail => qr/running, job 7, 0 %/, hint => qr/import_files/);
	cmp_ok(time - $start, '<', 5, 'ends in time');
	my ($cancelled) = behind('t106_never', \%never);
	for my $how (qw(cancel terminate))
	{
		my $session = connect_to('106_imports');
		my $b = $session->background("INSERT INTO $cancelled SELECT id, t, v FROM source");
		select undef, undef, undef, 1.5;
		ok($b->running, 'it waits');
		my $at = time;
		$how eq 'cancel' ? $b->cancel : $b->terminate;
		my $r = $b->wait(5000);
		cmp_ok(1000 * (time - $at), '<', 300, "$how is obeyed at once");
		is($r->{error}{sqlstate}, $how eq 'cancel' ? '57014' : '57P01', 'with its SQLSTATE');
		next if $how eq 'terminate';
		like(join(' ', map { $_->{detail} // '' } @{ $b->session->notices }), qr/may hold $rows more/, 'and a warning of what may come');
	}
	is(scalar(staged()), 3, 'manifests and files stay, to be finished or removed');
	clean();
};

subtest 'an error before anything is asked for' => sub {
	my $name = bulk_target('t106_error', $columns, { stage_file_bytes => 200_000 }, fields => $fields);
	fails('in the query', "INSERT INTO $name SELECT id, t, CASE WHEN id < 1900 THEN v ELSE (1 / (id - id)::int)::text::real[] END FROM source", sqlstate => '22012');
	is(scalar(sql("SELECT FROM milvus_fdw.imports('$name')")), 0, 'imports nothing');
	is(scalar(staged()), 0, 'and the next command removes what was staged');
	is(value("SELECT count(*) FROM $name"), 0, 'no row is there');
};

subtest 'what tables may be like' => sub {
	my $name = bulk_target('t106_dynamic', 'id bigint, t text, v real[], extra integer, word text', {}, fields => $fields, dynamic => 1);
	sql("INSERT INTO $name SELECT id, t, v, extra, word FROM source");
	is(bulk_differences($name, 't', 'v', 'extra', 'word'), 0, 'dynamic keys');
	$name = bulk_target('t106_auto', 'id bigint, t text, v real[], i4 integer', {}, fields => "$fields i4", auto => 1);
	sql("INSERT INTO $name (t, v, i4) SELECT t, v, i4 FROM source");
	is(value("SELECT count(*) FROM source x JOIN $name y USING (i4) WHERE x.t = y.t AND array_send(x.v) = array_send(y.v)"), $rows, 'keys that Milvus makes');
	fails('which it does not return', "INSERT INTO $name (t, v, i4) SELECT t, v, i4 FROM source LIMIT 1 RETURNING id", sqlstate => '0A000');
	$name = bulk_target('t106_key', $columns, {}, fields => $fields, key => 't');
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(bulk_differences($name, 't', 'v'), 0, 'a partition key');
	$name = bulk_target('t106_part', $columns, { partition => 'p1' }, fields => $fields);
	sql("SELECT milvus_fdw.create_partition('$name', 'p1')");
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(bulk_differences($name, 't', 'v'), 0, 'a partition');
	is(value("SELECT partition FROM milvus_fdw.imports('$name')"), 'p1', 'that is the one named');
	sql("ALTER FOREIGN TABLE $name OPTIONS (SET partition 'nono')");
	fails('a partition that is not there', "INSERT INTO $name SELECT id, t, v FROM source", sqlstate => 'HV00R', message => qr/nono/, hint => qr/create_partitions/);
	is(scalar(staged()), 0, 'is told before a file is written');
	sql("ALTER FOREIGN TABLE $name OPTIONS (ADD create_partitions 'true')");
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	is(value("SELECT count(*) FROM milvus_fdw.imports('$name') WHERE partition = 'nono'"), 1, 'or made');
	$name = bulk_target('t106_copy', $columns, { stage_file_bytes => 300_000, bulk_start => 'file' }, fields => $fields);
	my $file = "$place/copy";
	sql("COPY (SELECT id, t, v FROM source) TO '$file'");
	sql("COPY $name FROM '$file'");
	is(bulk_differences($name, 't', 'v'), 0, 'COPY');
	cmp_ok(value("SELECT count(*) FROM milvus_fdw.imports('$name')"), '>', 1, 'file by file');
	my $plan = join "\n", map { $_->[0] } sql("EXPLAIN (COSTS OFF) INSERT INTO $name SELECT id, t, v FROM source");
	like($plan, qr/Write Mode: bulk\n\s+Store: place\n\s+Format: chosen by/, 'EXPLAIN');
	$plan = join "\n", map { $_->[0] } sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) INSERT INTO $name SELECT id + 100000, t, v FROM source");
	like($plan, qr/Format: parquet: Milvus \S+ takes every field from it\n\s+File Bytes: 300000\n\s+Imports: [2-9]/, 'EXPLAIN ANALYZE');
	my ($imports) = $plan =~ /Imports: (\d+)/;
	is($plan =~ /Remote Requests: (\d+)/ ? $1 : '', $imports, 'an import is a request');
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'did it');
	my $set = bulk_target('t106_set', $columns, { bulk_format => 'numpy' }, fields => $fields);
	$plan = join "\n", map { $_->[0] } sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) INSERT INTO $set SELECT id, t, v FROM source");
	like($plan, qr/Format: numpy.*\n.*\n\s+Imports: 1\n/, 'the files of all columns are one import');
	sql("INSERT INTO $name SELECT id, t, v FROM source WHERE false");
	is(value("SELECT count(*) FROM $name"), 2 * $rows, 'no row, no file');
	sql('BEGIN');
	sql("INSERT INTO $name SELECT id + 200000, t, v FROM source LIMIT 10");
	notices();
	sql('ROLLBACK');
	like(join(' ', map { "$_->{message} $_->{detail}" } @{ notices() }), qr/stay there.*acknowledged 10 rows/, 'ROLLBACK warns');
};

subtest 'memory' => sub {
	my @more = map { "x$_" } 1 .. 40;
	for my $limit (256, 16)
	{
		sql("CREATE SERVER m$limit FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ milvus_port()}', memory_limit '$limit')");
		bulk_target("t106_m$limit", join(', ', 'id bigint, bits bit(64)', map { "$_ text" } @more), {}, fields => 'id bits', dynamic => 1, load => 1, server => "m$limit");
	}
	my $list = join ', ', 'id', 'bits', @more;
	my $select = join ', ', 'id', 'bits', map { "'v' || id" } @more;
	sql("INSERT INTO t106_m256 ($list) SELECT $select FROM source");
	is(value('SELECT count(*) FROM t106_m256 WHERE x40 = $$v$$ || id'), $rows, 'many columns fit into it');
	fails('too little of it', "INSERT INTO t106_m16 ($list) SELECT $select FROM source", sqlstate => '53200', hint => qr/^Lower stage_file_bytes, or raise memory_limit/);
	sql("ALTER FOREIGN TABLE t106_m16 OPTIONS (ADD stage_file_bytes '1000000')");
	sql("INSERT INTO t106_m16 ($list) SELECT $select FROM source");
	is(value('SELECT count(*) FROM t106_m16'), $rows, 'what the hint says helps');
};

done_testing();
