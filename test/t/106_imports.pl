# Are staged files imported by their manifest, refused where they do not fit, and does the user see how far it is and why it failed?

use MilvusFdw;

my $rows = 2000;
fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

subtest 'a manifest' => sub {
	bulk_target('t106_twice', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source', q{'parquet'}, 'file_bytes => 300000');
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
	is_deeply([ bulk_staged() ], [], 'waiting for it removes the files');
	fails('which are gone then', "SELECT * FROM milvus_fdw.import_files('t106_twice', 'place', '$manifest')", sqlstate => '42704');
};

subtest 'without waiting' => sub {
	bulk_target('t106_later', $columns, {}, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source', q{'numpy'});
	fails('waiting for what was not asked for', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', 'place', '$manifest')", sqlstate => '55000', hint => qr/import_files\('public\.t106_later', 'place', '\Q$manifest\E'\)/);
	my ($id, $state) = @{ (sql("SELECT id, state FROM milvus_fdw.import_files('t106_later', 'place', '$manifest', wait => false)"))[0] };
	is($state, 'running', 'import_files(wait => false) comes back at once');
	fails('a deadline', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', ARRAY['$id'], 0.001)", sqlstate => '57014', message => qr/did not end within/, detail => qr/job $id, \d+ %/);
	fails('an unknown job', "SELECT * FROM milvus_fdw.wait_for_import('t106_later', ARRAY['17'])", sqlstate => '42704');
	is(value("SELECT state FROM milvus_fdw.wait_for_import('t106_later', ARRAY['$id'])"), 'completed', 'wait_for_import() waits');
	is(bulk_differences('t106_later', 't', 'v'), 0, 'every bit is there');
	bulk_clean();
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
		my $manifest = bulk_stage($query);
		fails($name, "SELECT * FROM milvus_fdw.import_files('t106_fit', 'place', '$manifest')", sqlstate => '42804', detail => $detail, hint => qr/Nothing was imported/);
	}
	is(value("SELECT count(*) FROM milvus_fdw.imports('t106_fit')"), 0, 'nothing was sent');
	bulk_clean();
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
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source');
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
	bulk_clean();
	is(scalar(bulk_staged()), 0, 'and it can be removed');
};

subtest 'files that are not what they were' => sub {
	bulk_target('t106_files', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source', q{'parquet'}, 'file_bytes => 300000');
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

	$manifest = bulk_stage('SELECT id, t, v FROM public.source', q{'numpy'}, 'file_bytes => 300000');
	$import =~ s/stage-[^']+/$manifest/;
	is((sql("$import"))[0][1], 't', 'whole ones are');
	is(bulk_differences('t106_files', 't', 'v'), 0, 'every bit is there');
	unlink glob "$place/" . $manifest =~ s{/.*}{/*/*}r;
	is((sql("$import"))[0][1], 'f', 'what is imported already need not be there');
	bulk_clean();
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
	is(scalar(bulk_staged()), 1, 'the files are there still');
	sql("ALTER FOREIGN TABLE $name OPTIONS (DROP stage_path)");
	is(scalar(sql($call)), 1, 'which it does');
	is(bulk_differences($name, 't', 'v'), 0, 'every bit is there');
	is(scalar(bulk_staged()), 0, 'and no file');
};

done_testing();
