# Are imports asked of Milvus's REST interface, and of Zilliz Cloud, as their documentation says?  (Both played by a double.)

use MilvusFdw;
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

fresh_database();
both_servers();
my $place = bulk_store('place');
bulk_source(50);
bulk_target('t108', 'id bigint, t text, v real[]', {}, fields => 'id t v');

sub rest
{
	my ($name, $rules, $options) = @_;
	my $double = double('http_server', script => $rules);
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ milvus_port()}', import_url '${\ $double->url}'$options)");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (user 'root', password 'hunter2')");
	sql("CREATE FOREIGN TABLE t108_$name (id bigint, t text, v real[]) SERVER $name OPTIONS (collection 't108', write_mode 'bulk', stage 'place', bulk_wait 'indexed')");
	return $double;
}
sub bodies { my ($double, $path) = @_; return map { JSON::PP::decode_json($_->{body}) } grep { ($_->{path} // '') =~ /\/$path$/ } $double->seen }
sub answer { my ($data) = @_; return { status => 200, body => { code => 0, data => $data } } }

my %job = (jobId => '448', collectionName => 't108');
subtest 'Milvus 2.4' => sub {
	my $double = rest(open => [
		{ path => 'import/create$', answers => [ answer({ jobId => '448' }) ] },
		{ path => 'import/list$', answers => [ { %{ answer({ records => [] }) }, times => 1 }, answer({ records => [ { %job, state => 'Importing', progress => 30 }, { jobId => '1', collectionName => 'other' } ] }) ] },
		{ path => 'import/get_progress$', answers => [ { %{ answer({ %job, state => 'Importing', progress => 30 }) }, times => 1 },
			answer({ %job, state => 'Completed', progress => 100, importedRows => 50, details => [ { fileName => 'id:1 paths:"a/b.parquet" ' } ] }) ] } ], '');
	sql('INSERT INTO t108_open SELECT id, t, v FROM source');
	my ($create) = bodies($double, 'create');
	is($create->{collectionName}, 't108', 'the collection');
	is($create->{dbName}, 'default', 'the database');
	like($create->{files}[0][0], qr{^\Q$place\E/stage-[^/]+/000001\.parquet$}, 'a list of lists of files');
	my ($progress) = bodies($double, 'get_progress');
	is_deeply($progress, { dbName => 'default', jobId => '448' }, 'the progress of the one job');
	is((grep { ($_->{path} // '') =~ /create$/ } $double->seen)[0]{headers}{Authorization} // (grep { ($_->{path} // '') =~ /create$/ } $double->seen)[0]{headers}{authorization}, 'Bearer root:hunter2', 'the user as a token');
	is_deeply([ sql(q{SELECT id, state, percent, rows, files FROM milvus_fdw.imports('t108_open')}) ], [ [ 448, 'completed', 100, 50, '{a/b.parquet}' ] ], 'imports()');
	is(value(q{SELECT asked FROM milvus_fdw.import_files('t108_open', ARRAY['a/b.parquet'])}), 'f', 'a file that was imported is known by its name');
};

subtest 'lists of many jobs' => sub {
	my $done = { path => 'get_progress$', answers => [ answer({ %job, state => 'Completed', progress => 100, importedRows => 1, details => [ { fileName => 'a.json' } ] }) ] };
	my $jobs = sub { my ($first, $last) = @_; return [ map { { jobId => "$_", collectionName => 't108', state => 'Completed' } } $first .. $last ] };
	for my $case (
		# what the pages are (the last for ever), how many jobs that is, how many pages are asked for
		[ paged => [ { records => $jobs->(1, 100) }, { records => $jobs->(101, 200) }, { records => $jobs->(201, 230) } ], 230, 3 ],
		[ exact => [ { records => $jobs->(1, 100) }, { records => [] } ], 100, 2 ],
		[ small => [ { records => $jobs->(1, 10), pageSize => 10 }, { records => $jobs->(11, 13), pageSize => 10 } ], 13, 2 ],
		[ shifts => [ { records => $jobs->(1, 100) }, { records => $jobs->(100, 120) } ], 120, 2 ],
		[ same => [ { records => $jobs->(1, 100) } ], 100, 2 ],
		[ whole => [ { records => $jobs->(1, 150) } ], 150, 1 ],
		[ nothing => [ {} ], 0, 1 ])
	{
		my ($name, $pages, $number, $asked) = @$case;
		my @answers = map { { %{ answer($_) }, times => 1 } } @$pages;
		delete $answers[-1]{times};
		my $double = rest($name => [ { path => 'list$', answers => \@answers }, $done ], '');
		is(join(' ', @{ (sql("SELECT count(*), count(DISTINCT id) FROM milvus_fdw.imports('t108_$name')"))[0] }), "$number $number", "$name: each job once");
		is(join(' ', map { "$_->{currentPage}/$_->{pageSize}" } bodies($double, 'list')), join(' ', map { "$_/100" } 1 .. $asked), "$name: $asked pages are asked for");
	}
};

subtest 'a server that is busy' => sub {
	my $jobs = [ { jobId => 'a', collectionName => 't108' }, { jobId => 'b', collectionName => 't108' } ];
	my $start = Time::HiRes::time();
	my $double = rest(busy => [
		{ path => 'list$', answers => [ { status => 503, headers => { 'Retry-After' => '2' }, body => 'away', times => 1 }, { status => 502, body => 'away', times => 1 }, answer({ records => $jobs }) ] },
		{ path => 'get_progress$', answers => [ { status => 429, body => { code => 429 }, times => 1 }, { status => 200, body => { code => 8, message => 'rate limit' }, times => 1 }, answer({ state => 'Importing' }) ] } ], '');
	is(value(q{SELECT count(*) FROM milvus_fdw.imports('t108_busy')}), 2, 'is asked again');
	cmp_ok(Time::HiRes::time() - $start, '>=', 2, 'not before it said');
	is(join(' ', scalar bodies($double, 'list'), scalar bodies($double, 'get_progress')), '3 4', 'what was answered is not asked again');
	rest(gone => [ { path => 'list$', answers => [ { status => 503, body => 'away' } ] } ], ", retry_timeout '1'");
	fails('for as long as retry_timeout says', q{SELECT * FROM milvus_fdw.imports('t108_gone')}, sqlstate => '08006', message => qr/too busy or not available/, detail => qr/HTTP status 503/);
	rest(odd => [ { path => 'list$', answers => [ { status => 404, body => 'what' } ] } ], '');
	fails('but a refusal is one at once', q{SELECT * FROM milvus_fdw.imports('t108_odd')}, sqlstate => 'HV000', detail => qr/HTTP status 404/);

	$start = Time::HiRes::time();
	$double = rest(away => [
		{ path => 'create$', answers => [ { status => 503, body => 'away', times => 1 }, answer({ jobId => 'c' }) ] },
		{ path => 'list$', answers => [ { %{ answer({ records => [] }) }, times => 20 }, answer({ records => [ { jobId => 'c', collectionName => 't108' } ] }) ] },
		{ path => 'get_progress$', answers => [ answer({ state => 'Completed', importedRows => 50 }) ] } ], '');
	sql('INSERT INTO t108_away SELECT id, t, v FROM source');
	is(scalar bodies($double, 'create'), 2, 'an import whose answer is 503 is asked for again');
	cmp_ok(Time::HiRes::time() - $start, '>=', 5, 'once the list has not shown it for a while');
};

subtest 'jobs that have ended' => sub {
	my $jobs = [ map { { jobId => "$_", collectionName => 't108' } } 1 .. 30 ];
	my $double = rest(ended => [
		{ path => 'list$', answers => [ answer({ records => $jobs }) ] },
		{ path => 'get_progress$', answers => [ { %{ answer({ state => 'Completed', importedRows => 7, details => [ { fileName => 'a.json' } ] }) }, times => 15 },
			{ %{ answer({ state => 'Failed', reason => 'broken' }) }, times => 14 }, answer({ state => 'Importing' }) ] } ], '');
	my $list = q{SELECT count(*), string_agg(state || rows || files[1], '' ORDER BY id::int) FILTER (WHERE id = '1'), max(reason) FROM milvus_fdw.imports('t108_ended')};
	my @first = sql($list);
	is_deeply($first[0], [ 30, 'completed7a.json', 'broken' ], 'are listed');
	is_deeply([ sql($list) ], \@first, 'and so again');
	is_deeply([ map { $_->{jobId} } splice @{ [ bodies($double, 'get_progress') ] }, 30 ], [ 30 ], 'but only the one that runs is asked about');
};

subtest 'a refusal' => sub {
	rest(no => [ { path => 'list$', answers => [ answer({ records => [] }) ] }, { path => 'create$', answers => [ { status => 200, body => { code => 2100, message => 'importing failed: quota' } } ] } ], '');
	fails('names code and reason', 'INSERT INTO t108_no SELECT id, t, v FROM source', sqlstate => 'HV000', detail => qr/code 2100: importing failed: quota/, hint => qr/import_files/);
	rest(failed => [ { path => 'create$', answers => [ answer({ jobId => 9 }) ] },
		{ path => 'list$', answers => [ answer({ records => [ { jobId => 9, collectionName => 't108', state => 'Failed' } ] }) ] },
		{ path => 'get_progress$', answers => [ answer({ jobId => 9, state => 'Failed', progress => 0, reason => 'the file is broken' }) ] } ], '');
	fails('a job that fails', 'INSERT INTO t108_failed SELECT id, t, v FROM source', sqlstate => 'HV000', detail => qr/000001\.parquet": failed, job 9, the file is broken/);
	rest(garbage => [ { path => '.', answers => [ { status => 200, body => 'no JSON' } ] } ], '');
	fails('garbage', 'INSERT INTO t108_garbage SELECT id, t, v FROM source', sqlstate => 'HV000', detail => qr/without a JSON object/);
};

subtest 'Zilliz Cloud' => sub {
	my $double = rest(cloud => [
		{ path => 'create$', answers => [ answer({ jobId => 'job-1' }) ] },
		{ path => 'list$', answers => [ { %{ answer({ records => [] }) }, times => 1 }, answer({ records => [ { jobId => 'job-1', collectionName => 't108', state => 'Completed' } ] }) ] },
		{ path => 'getProgress$', answers => [ answer({ jobId => 'job-1', state => 'Completed', progress => 100 }) ] } ], ", cluster_id 'in01-x'");
	sql("ALTER FOREIGN TABLE t108_cloud OPTIONS (ADD stage_path 's3://bucket/x')");
	sql('INSERT INTO t108_cloud SELECT id, t, v FROM source');
	my ($create) = bodies($double, 'create');
	is($create->{clusterId}, 'in01-x', 'the cluster');
	like($create->{objectUrls}[0][0], qr{^s3://bucket/x/stage-[^/]+/000001\.parquet$}, 'URLs of the files');
	sql("ALTER SERVER cloud OPTIONS (ADD volume 'vol')");
	sql('INSERT INTO t108_cloud SELECT id, t, v FROM source');
	($create) = (bodies($double, 'create'))[-1];
	is($create->{volumeName}, 'vol', 'or a volume');
	ok($create->{dataPaths}[0][0], 'and paths in it');
};

subtest 'waiting for jobs by their names' => sub {
	my $double = rest(wait => [
		{ path => 'list$', answers => [ answer({ records => [ { jobId => '1', collectionName => 't108' }, { jobId => '2', collectionName => 't108' } ] }) ] },
		{ path => 'get_progress$', answers => [ answer({ state => 'Completed', importedRows => 7, details => [ { fileName => 'id:1 paths:"x/a.npy" paths:"x/b.npy"' } ] }) ] } ], '');
	is_deeply([ sql(q{SELECT id, state, rows, files FROM milvus_fdw.wait_for_import('t108_wait', ARRAY['1', '1'])}) ], [ [ 1, 'completed', 7, '{x/a.npy,x/b.npy}' ] ], 'one named twice; its files are those of the set');
	fails('those that are not known', q{SELECT * FROM milvus_fdw.wait_for_import('t108_wait', ARRAY['1', '3', '3', '2', '1'])}, sqlstate => '42704', message => qr/^1 of 3 jobs/);
};

subtest 'EXPLAIN does not connect' => sub {
	sql("DROP ROLE IF EXISTS t108_maker; DROP ROLE IF EXISTS t108_caller; CREATE ROLE t108_maker; CREATE ROLE t108_caller; GRANT USAGE ON FOREIGN DATA WRAPPER milvus_fdw TO t108_maker");
	rest(hidden => [], '');
	sql('ALTER SERVER hidden OWNER TO t108_maker');
	sql('CREATE VIEW t108_view AS SELECT * FROM t108_hidden; GRANT INSERT ON t108_view TO t108_caller; GRANT SELECT ON source TO t108_caller; SET ROLE t108_caller');
	my $plan = join "\n", map { $_->[0] } sql('EXPLAIN (COSTS OFF) INSERT INTO t108_view SELECT id, t, v FROM source');
	like($plan, qr/Write Mode: bulk\n\s+Store: place\n/, 'for a caller who has no user mapping: the view has its owner\'s');
	sql('RESET ROLE');
};

subtest 'a collection made anew in the cloud' => sub {
	my $old = '2020-01-01T00:00:00Z';
	my $new = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 60));
	my %told = (all => [ createTime => $old, completeTime => $old ], began => [ createTime => $old ], ended => [ completeTime => $old ], later => [ createTime => $new, completeTime => $new ],
		after => [ completeTime => $new ], zone => [ completeTime => '2020-01-01T00:00:00+08:00' ], silent => [], nonsense => [ createTime => 'x' ]);
	my @names = sort keys %told;
	my $double = rest(anew => [
		{ path => 'create$', answers => [ answer({ jobId => 'new' }) ] },
		{ path => 'list$', answers => [ answer({ records => [ map { { jobId => $_, collectionName => 't108' } } @names ] }) ] },
		{ path => 'getProgress$', answers => [ map { { %{ answer({ state => 'Completed', importedRows => 1, details => [ { fileName => "$_.json" } ], @{ $told{$_} } }) }, times => 1 } } @names ] } ], ", cluster_id 'in01-x'");
	my @listed = map { $_->[0] } sql(q{SELECT id FROM milvus_fdw.imports('t108_anew') ORDER BY id});
	is("@listed", 'after later nonsense silent', 'jobs that began or ended before it was made are not its own');
	is_deeply([ map { $_->[0] } sql(q{SELECT id FROM milvus_fdw.imports('t108_anew') ORDER BY id}) ], \@listed, 'also when they are remembered');
	is(value(q{SELECT to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM milvus_fdw.imports('t108_anew') WHERE id = 'later'}), $new, 'when a job began is told');
	is(value(q{SELECT asked FROM milvus_fdw.import_files('t108_anew', ARRAY['later.json'])}), 'f', 'what was imported is not asked for');
	is(value(q{SELECT asked FROM milvus_fdw.import_files('t108_anew', ARRAY['ended.json'], wait => false)}), 't', 'what the collection before it got is');
	is(scalar bodies($double, 'create'), 1, 'once');
};

subtest 'keys of the store' => sub {
	my $place = bulk_store('locked');
	sql("CREATE USER MAPPING FOR PUBLIC SERVER locked OPTIONS (access_key 'AKhunter2', secret_key 'testsecret/of+S3', session_token 'tokenhunter2')");
	sql('GRANT USAGE ON FOREIGN SERVER locked TO PUBLIC; GRANT SELECT ON source TO PUBLIC');
	sql("DROP ROLE IF EXISTS t108_owner; DROP ROLE IF EXISTS t108_user; CREATE ROLE t108_owner; CREATE ROLE t108_user");
	sql('GRANT USAGE ON FOREIGN DATA WRAPPER milvus_fdw, object_store_fdw TO t108_owner; GRANT pg_read_server_files, pg_write_server_files TO t108_owner');
	my $cloud = sub {
		my ($name, $options, @more) = @_;
		my $double = rest($name => [ @more,
			{ path => 'create$', answers => [ answer({ jobId => 'j' }) ] },
			{ path => 'list$', answers => [ { %{ answer({ records => [] }) }, times => 1 }, answer({ records => [ { jobId => 'j', collectionName => 't108', state => 'Completed' } ] }) ] },
			{ path => 'getProgress$', answers => [ answer({ jobId => 'j', state => 'Completed', progress => 100 }) ] } ], ", cluster_id 'in01-x'$options");
		sql("ALTER FOREIGN TABLE t108_$name OPTIONS (SET stage 'locked', ADD stage_path 's3://bucket/x')");
		sql("CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (user 'root', password 'hunter2'); GRANT USAGE ON FOREIGN SERVER $name TO PUBLIC; GRANT ALL ON t108_$name TO PUBLIC");
		return $double;
	};
	my $insert = sub { "INSERT INTO t108_$_[0] SELECT id, t, v FROM source" };
	my $told = sub { scalar grep { "@{[ %$_ ]}" =~ /testsecret|AKhunter2|tokenhunter2/ } $_[0]->seen };
	my @names = sort glob "$place/*";

	my $evil = $cloud->(evil => ", sslmode 'disable'");
	sql('ALTER SERVER evil OWNER TO t108_owner; ALTER FOREIGN TABLE t108_evil OWNER TO t108_owner; SET ROLE t108_user');
	fails('a server of somebody else is not told them', $insert->('evil'), sqlstate => '42501', message => qr/keys of server "locked" are not shown to server "evil"/, detail => qr/t108_owner/, hint => qr/one owner/);
	is_deeply([ sort glob "$place/*" ], \@names, 'nothing is staged');
	is(scalar bodies($evil, 'create'), 0, 'no import is asked for');
	sql('RESET ROLE');
	my $manifest = value("SELECT manifest FROM milvus_fdw.stage('SELECT id, t, v FROM source', 'locked')");
	fails('nor by import_files()', "SELECT * FROM milvus_fdw.import_files('t108_evil', 'locked', '$manifest')", sqlstate => '42501', message => qr/not shown/);
	is(scalar bodies($evil, 'create'), 0, 'still none is asked for');
	is($told->($evil), 0, 'it has heard of no key');

	sql('ALTER SERVER evil OPTIONS (ADD volume $$v$$)');
	sql('SET ROLE t108_user');
	sql($insert->('evil'));
	is($told->($evil), 0, 'a volume needs none');
	sql('RESET ROLE; ALTER SERVER evil OPTIONS (DROP volume); ALTER SERVER locked OWNER TO t108_owner; SET ROLE t108_user');
	sql($insert->('evil'));
	is((bodies($evil, 'create'))[-1]{secretKey}, 'testsecret/of+S3', 'the same owner: it is told them');
	sql('RESET ROLE');

	my $good = $cloud->(good => ", sslmode 'disable'");
	sql('SET ROLE t108_user');
	sql($insert->('good'));
	sql('RESET ROLE');
	my ($create) = bodies($good, 'create');
	is("$create->{accessKey} $create->{secretKey} $create->{token}", 'AKhunter2 testsecret/of+S3 tokenhunter2', 'a server of a superuser is told them');

	my $plain = $cloud->(plain => '');
	fails('not without encryption', $insert->('plain'), sqlstate => '22023', message => qr/without encryption/, hint => qr/https.*sslmode/);
	is(scalar bodies($plain, 'create'), 0, 'no import is asked for');
	is($told->($plain), 0, 'no key is sent');

	$cloud->(talks => ", sslmode 'disable'", { path => 'create$', answers => [ { status => 200, body => { code => 2100, message => 'what is testsecret/of+S3 for?' } } ] });
	fails('a key that is repeated is hidden', $insert->('talks'), sqlstate => 'HV000', detail => qr/what is \*\*\* for/);
	$cloud->(gossips => ", sslmode 'disable'",
		{ path => 'list$', answers => [ answer({ records => [ { jobId => 'j', collectionName => 't108', state => 'Failed' } ] }) ] },
		{ path => 'getProgress$', answers => [ answer({ jobId => 'j', state => 'Failed', reason => 'testsecret/of+S3 and hunter2 are wrong' }) ] });
	fails('and in a reason', $insert->('gossips'), sqlstate => 'HV000', detail => qr/\*\*\* and \*\*\* are wrong/);
	is(value(q{SELECT reason FROM milvus_fdw.imports('t108_gossips')}), '*** and *** are wrong', 'and by imports()');
	$cloud->(refuses => ", sslmode 'disable'", { path => 'list$', answers => [ { status => 403, body => { code => 1800, message => 'not with testsecret/of+S3' } } ] });
	fails('and where the list is refused', q{SELECT * FROM milvus_fdw.imports('t108_refuses')}, detail => qr/not with \*\*\*/);
};

done_testing();
