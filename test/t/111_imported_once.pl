# Is each staged file imported once, whatever is lost, forgotten or wrongly told on the way?

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = 2000;
fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

subtest 'an answer that is lost' => sub {
	bulk_target('t111_lost', $columns, {}, fields => $fields);
	# the first one is of the manifest
	my ($t, $double) = bulk_behind('t111_lost', { Import => [ { forward => \1, times => 1 }, { after => \1, status => 14, details => 'lost', times => 1 }, { forward => \1 } ] }, stage_file_bytes => 300_000);
	sql("INSERT INTO $t SELECT id, t, v FROM source");
	my $jobs = value("SELECT count(*) FROM milvus_fdw.imports('t111_lost')");
	is(value('SELECT count(*) FROM t111_lost'), $rows, 'no row is doubled');
	is(scalar(bulk_calls($double, 'Import')), $jobs, "$jobs files are asked for once each");
	bulk_target('t111_unheard', $columns, {}, fields => $fields);
	($t, $double) = bulk_behind('t111_unheard', { Import => [ { status => 14, details => 'cut' }, { forward => \1 } ] });
	sql("INSERT INTO $t SELECT id, t, v FROM source");
	is(value('SELECT count(*) FROM t111_unheard'), $rows, 'what was not heard is asked for again');
	is(value("SELECT count(*) FROM milvus_fdw.imports('t111_unheard')"), 1, 'once');
};

subtest 'what Milvus has forgotten' => sub {
	my %forgetful = (ListImportTasks => [ { hex => '0a00' } ]);
	bulk_target('t111_old', $columns, { keep_staged => 'true' }, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source');
	sql("SELECT * FROM milvus_fdw.import_files('t111_old', 'place', '$manifest')");
	my ($t, $double) = bulk_behind('t111_old', \%forgetful, keep_staged => 'true');
	is(value("SELECT string_agg(state || ' ' || asked, ',') FROM milvus_fdw.import_files('$t', 'place', '$manifest')"), 'completed false', 'the store knows that it is imported');
	is(value('SELECT count(*) FROM t111_old'), $rows, 'no row is doubled');
	is(value("SELECT count(*) FROM milvus_fdw.verify('place', '$manifest') WHERE NOT ok"), 0, 'verify() takes no offence');
	bulk_target('t111_old', $columns, { keep_staged => 'true' }, fields => $fields);
	is(value("SELECT count(*) FROM milvus_fdw.import_files('t111_old', 'place', '$manifest') WHERE asked"), 1, 'a collection made anew gets the rows anew');
	is(bulk_differences('t111_old', 't', 'v'), 0, 'every bit of them');
	bulk_target('t111_open', $columns, { keep_staged => 'true' }, fields => $fields);
	my ($id) = map { $_->[0] } sql("SELECT id FROM milvus_fdw.import_files('t111_open', 'place', '$manifest', wait => false)");
	($t, $double) = bulk_behind('t111_open', \%forgetful);
	fails('one whose end nobody saw', "SELECT * FROM milvus_fdw.import_files('$t', 'place', '$manifest')", sqlstate => '55000',
		message => qr/not known whether file "[^"]+" has been imported into collection "t111_open"/, detail => qr/became job $id/);
	is(scalar(bulk_calls($double, 'Import')), 0, 'is not asked for again');
	sql("SELECT * FROM milvus_fdw.wait_for_import('t111_open', ARRAY['$id'])");
	is(value('SELECT count(*) FROM t111_open'), $rows, 'and was imported');
	bulk_clean();
};

subtest 'a job that lies' => sub {
	bulk_target('t111_lies', $columns, {}, fields => $fields);
	my ($t, $double) = bulk_behind('t111_lies', { Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => '0a00' }, { hex => job_seven(6, 10) } ] });
	my $e = error_of("INSERT INTO $t SELECT id, t, v FROM source");
	is($e->{sqlstate}, 'HV000', 'completed with some of the rows only: an error');
	like($e->{detail}, qr/calls it completed, with 10 of $rows rows/, 'which says so');
	($t, $double) = bulk_behind('t111_lies', { Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => '0a00' }, ({ hex => job_seven(6, 0) }) x 2, { hex => job_seven(6, $rows) } ] });
	$e = error_of("INSERT INTO $t SELECT id, t, v FROM source");
	like($e->{detail}, qr/calls it completed, with 0 of $rows rows/, 'with none, too');
	my ($call) = $e->{hint} =~ /(SELECT \* FROM .*\))/;
	is(scalar(sql($call)), 1, 'but that may be asked for again');
	is(scalar(bulk_calls($double, 'Import')), 2, 'and is');
	bulk_clean();
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source');
	my $file = "$place/" . $manifest =~ s/manifest\.json/000001.parquet/r;
	($t, $double) = bulk_behind('t111_lies', { Import => [ { status => 14, details => 'lost' } ], ListImportTasks => [ { hex => '0a00' }, { hex => job_seven(6, 10, $file) } ] });
	fails('completed in part, after a lost answer', "SELECT * FROM milvus_fdw.import_files('$t', 'place', '$manifest')", sqlstate => 'HV000', detail => qr/with 10 of $rows rows/);
	fails('once and for all', "SELECT * FROM milvus_fdw.import_files('$t', 'place', '$manifest')", sqlstate => 'HV000', detail => qr/with 10 of $rows rows/);
	is(scalar(bulk_calls($double, 'Import')), 1, 'is not asked for again');
	bulk_clean();
};

subtest 'what a newer Milvus tells of a job only if asked for it' => sub {
	bulk_target('t111_newer', $columns, {}, fields => $fields);
	my $version = unpack 'H*', pack 'C C/a* C C/a*', 0x0a, '', 0x12, 'v2.4.9';
	# the one job, as a list tells of it, and as it is told by itself
	my $listed = job_seven(6, 0);
	my $alone = sub { my ($rows) = @_; my $hex = job_seven(6, $rows); return { hex => '0a00' . substr $hex, 4 + ($rows > 127 ? 4 : 4) } };
	my $e;
	for my $told (3, $rows)
	{
		my ($t, $double) = bulk_behind('t111_newer', { GetVersion => [ { hex => $version } ], Import => [ { hex => '0a00120107' } ],
			ListImportTasks => [ { hex => '0a00' }, { hex => $listed } ], GetImportState => [ $alone->($told) ] });
		$e = error_of("INSERT INTO $t SELECT id, t, v FROM source");
		cmp_ok(scalar(bulk_calls($double, 'GetImportState')), '>', 0, 'it is asked');
		if ($told == $rows) { is($e, undef, 'all rows') }
		else { like($e->{detail}, qr/with 3 of $rows rows/, 'some rows') }
	}
	bulk_clean();
};

subtest 'names and places' => sub {
	my $name = bulk_target('t111_names', $columns, { keep_staged => 'true', stage_path => "$place/." }, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source');
	sql("SELECT * FROM milvus_fdw.import_files('$name', 'place', '$manifest')");
	sql("ALTER FOREIGN TABLE $name OPTIONS (DROP stage_path)");
	is(value("SELECT string_agg(asked::text, ',') FROM milvus_fdw.import_files('$name', 'place', '$manifest')"), 'false', 'a file is the same by another name');
	is(value("SELECT count(*) FROM $name"), $rows, 'no row is doubled');
	my $file = "$place/" . $manifest =~ s/manifest\.json/000001.parquet/r;
	fails('a file that is named twice', "SELECT * FROM milvus_fdw.import_files('$name', ARRAY['$file', '$file'])", sqlstate => '22023', message => qr/named twice/);
	sql("ALTER FOREIGN TABLE $name OPTIONS (ADD updatable 'false')");
	fails('a table that takes no rows', "SELECT * FROM milvus_fdw.import_files('$name', 'place', '$manifest')", sqlstate => '55000', message => qr/does not allow inserts/);
	bulk_clean();
	$name = bulk_target('t111_with', $columns, {}, fields => $fields);
	sql("WITH i AS (INSERT INTO $name SELECT id, t, v FROM source RETURNING id) SELECT id FROM i LIMIT 1");
	is(bulk_differences($name, 't', 'v'), 0, 'two flushes of one statement');
	is(scalar(bulk_staged()), 0, 'and nothing stays');
	$name = bulk_target('t111_half', $columns, { stage_file_bytes => 200_000, bulk_start => 'file' }, fields => $fields);
	fails('in the middle, files being imported', "INSERT INTO $name SELECT id, t, CASE WHEN id < 1900 THEN v ELSE (1 / (id - id)::int)::text::real[] END FROM source", sqlstate => '22012');
	($manifest) = bulk_staged();
	fails('half a set', "SELECT * FROM milvus_fdw.import_files('$name', 'place', '$manifest')", sqlstate => '55000', detail => qr/some rows may be in the collection/, hint => qr/Remove those rows/);
	bulk_clean();
};

subtest 'one session at a time' => sub {
	bulk_target('t111_busy', $columns, {}, fields => $fields);
	my $manifest = bulk_stage('SELECT id, t, v FROM public.source');
	my $other = connect_to('111_imported_once');
	$other->sql('BEGIN');
	$other->sql("SELECT * FROM milvus_fdw.import_files('t111_busy', 'place', '$manifest', wait => false)");
	fails('a manifest that is being imported', "SELECT * FROM milvus_fdw.import_files('t111_busy', 'place', '$manifest')", sqlstate => '55P03', message => qr/another session/);
	fails('is not removed, either', "SELECT milvus_fdw.unstage('place', '$manifest')", sqlstate => '55P03');
	$other->sql('COMMIT');
	is(value("SELECT string_agg(asked::text, ',') FROM milvus_fdw.import_files('t111_busy', 'place', '$manifest')"), 'false', 'afterwards it is waited for');
	is(value('SELECT count(*) FROM t111_busy'), $rows, 'each row once');
};

done_testing();
