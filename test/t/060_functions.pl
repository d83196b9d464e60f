# Do the functions make in Milvus what they say?  Milvus is asked by another client.

use MilvusFdw;

my @made = map { "t060_$_" } qw(auto none hnsw ivf cosine l2 ip over local view wide unloaded failed state index wait twice);
ours(es => [qw(t060_cosine t060_l2 t060_ip t060_plain)], milvus => \@made);
fresh_database();
both_servers();
sql("CREATE SCHEMA $_") for qw(es m);

# One line a field, then one an index, then whether it is loaded.
sub described
{
	my (@names) = @_;
	my %said;
	my $name;
	for (split /\n/, python(<<'P', @names))
from pymilvus import Collection, utility
milvus()
for name in args:
    c = Collection(name)
    print("=" + name)
    for f in c.schema.fields:
        print(f.name, f.dtype.name, f.params.get("max_length", f.params.get("dim", "")), "key" if f.is_primary else "")
    for i in c.indexes:
        print("index", i.field_name, i.params.get("index_type"), i.params.get("metric_type"), json.dumps(i.params.get("params", {}), sort_keys=True))
    print(utility.load_state(name).name)
P
	{
		s/\s+$//;
		if (/^=(.*)/) { $name = $1; next }
		push @{ $said{$name} }, $_;
	}
	return \%said;
}

sub import_m { sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', @_) . ') FROM SERVER milvus INTO m') }

for ([ cosine => { similarity => 'cosine' } ], [ l2 => { similarity => 'l2_norm' } ], [ ip => { similarity => 'dot_product' } ], [ plain => { index => \0 } ])
{
	es(PUT => "/t060_$_->[0]", { mappings => { properties => { id => { type => 'long' }, small => { type => 'byte' }, name => { type => 'keyword' },
		v => { type => 'dense_vector', dims => 4, %{ $_->[1] } } } } });
}
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t060_cosine, t060_l2, t060_ip, t060_plain) FROM SERVER es INTO es');

subtest 'create_collection: index, metric and load' => sub {
	my @fields = ('id INT64  key', 'name VARCHAR 65535', 'small INT8', 'v FLOAT_VECTOR 4');
	my %cases = (
		cosine   => [ 'cosine', '', 'index v AUTOINDEX COSINE {}', 'Loaded' ],
		l2       => [ 'l2', '', 'index v AUTOINDEX L2 {}', 'Loaded' ],
		ip       => [ 'ip', '', 'index v AUTOINDEX IP {}', 'Loaded' ],
		auto     => [ 'plain', '', 'index v AUTOINDEX COSINE {}', 'Loaded' ],
		over     => [ 'cosine', q{, metric_type => 'L2'}, 'index v AUTOINDEX L2 {}', 'Loaded' ],
		none     => [ 'cosine', q{, index => 'none'}, 'NotLoad' ],
		unloaded => [ 'l2', q{, load => false}, 'index v AUTOINDEX L2 {}', 'NotLoad' ],
		hnsw     => [ 'l2', q{, index => 'HNSW'}, 'index v HNSW L2 {"M": 16, "efConstruction": 200}', 'Loaded' ],
		ivf      => [ 'ip', q{, index => 'IVF_FLAT', load => true}, 'index v IVF_FLAT IP {"nlist": 1024}', 'Loaded' ],
	);
	sql("SELECT milvus_fdw.create_collection('milvus', 't060_$_', like => 'es.t060_$cases{$_}[0]', primary_key => 'id'$cases{$_}[1])") for sort keys %cases;
	my $said = described(map { "t060_$_" } sort keys %cases);
	for my $name (sort keys %cases)
	{
		my ($from, $options, @rest) = @{ $cases{$name} };
		is_deeply($said->{"t060_$name"}, [ @fields, @rest ], "like $from$options");
	}
	is_deeply([ sql(q{SELECT name, index, metric_type FROM milvus_fdw.fields('milvus', 't060_hnsw') WHERE index IS NOT NULL}) ], [ [ 'v', 'HNSW', 'L2' ] ], 'fields() knows the index');
	is_deeply([ sql(q{SELECT sql_type, dim, metric_type FROM milvus_fdw.fields('es', 't060_l2') WHERE name = 'v'}) ], [ [ 'real[]', 4, 'L2' ] ], "and Elasticsearch's measure");
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('milvus') WHERE name LIKE 't060\_%'}), scalar keys %cases, 'collections() lists them');
};

subtest 'create_collection like a local table, a view, or a collection' => sub {
	sql('CREATE TABLE local (key int, b boolean, s smallint, i integer, l bigint, r real, d double precision, n numeric(10,2), u uuid, t text, v10 varchar(10), c3 char(3),
		at timestamptz, j jsonb, addr inet, many text[], raw bytea, gone int, "Other Vector" double precision[])');
	sql('ALTER TABLE local DROP COLUMN gone');
	my $error = error_of(q{SELECT milvus_fdw.create_collection('milvus', 't060_local', like => 'local', primary_key => 'key')});
	like($error->{message}, qr/dimensions.*"Other Vector"/, 'dimensions have to come from somewhere');
	sql(q{INSERT INTO local (key, "Other Vector") VALUES (1, NULL), (2, '{1,2,3}')});
	notices();
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_local', like => 'local', primary_key => 'key')});
	my @notices = @{ notices() };
	like((grep { $_->{message} =~ /"at"/ } @notices)[0]{hint}, qr/timestamptz_to_epoch_ms\(at\)/, 'a NOTICE for the time');
	like((grep { $_->{message} =~ /left out/ } @notices)[0]{message}, qr/left out.*: raw \(bytea\)$/, 'and for what no field can hold');
	sql(q{CREATE VIEW seen AS SELECT key AS "my-key", '{0.5,1}'::real[] AS v, t::varchar(100) AS text FROM local});
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_view', like => 'seen', primary_key => 'my-key', index => 'FLAT', metric_type => 'IP')});
	import_m('t060_local');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_twice', like => 'm.t060_local', index => 'none')});
	my $said = described(qw(t060_local t060_view t060_twice));
	my @fields = ('key INT64  key', 'b BOOL', 's INT16', 'i INT32', 'l INT64', 'r FLOAT', 'd DOUBLE', 'n VARCHAR 1024', 'u VARCHAR 36', 't VARCHAR 65535',
		'v10 VARCHAR 40', 'c3 VARCHAR 12', 'at INT64', 'j JSON', 'addr VARCHAR 65535', 'many ARRAY 65535', 'Other_Vector FLOAT_VECTOR 3');
	is_deeply($said->{t060_local}, [ @fields, 'index Other_Vector AUTOINDEX COSINE {}', 'Loaded' ], 'a local table');
	is_deeply($said->{t060_view}, [ 'my_key INT64  key', 'v FLOAT_VECTOR 2', 'text VARCHAR 400', 'index v FLAT IP {}', 'Loaded' ], 'a view');
	is_deeply($said->{t060_twice}, [ @fields, 'NotLoad' ], 'a collection: its key and lengths');
	sql(q{INSERT INTO local VALUES (3, true, -5, 6, 7, 0.1, 0.2, 12345678.90, '00000000-0000-0000-0000-0000000000ff', 't', 'éééééééééé', 'é', '2024-02-29 00:00:00.001Z', '{"a":1}', '10.0.0.1/8', '{x}', '\x00', '{1,2,3}')});
	sql(q{INSERT INTO m.t060_local SELECT key, b, s, i, l, r, d, n, u, t, v10, c3, milvus_fdw.timestamptz_to_epoch_ms(at), j, addr, many, "Other Vector" FROM local WHERE key = 3});
	is_deeply([ sql('SELECT * FROM m.t060_local') ], [ [ 3, 't', -5, 6, 7, 0.1, 0.2, '12345678.90', '00000000-0000-0000-0000-0000000000ff', 't', 'éééééééééé', 'é', '1709164800001', '{"a": 1}',
		'10.0.0.1/8', '{x}', '{1,2,3}' ] ], 'and a row goes in');
};

subtest 'create_collection refuses' => sub {
	sql('CREATE TABLE no_vector (id bigint)');
	sql('CREATE TABLE bad_key (id double precision, v real[])');
	sql(q{INSERT INTO bad_key VALUES (1, '{1}')});
	my @cases = (
		[ q{'milvus', 't060_auto', like => 'es.t060_l2', primary_key => 'id'}, '42P07', qr/"t060_auto" already exists/ ],
		[ q{'milvus', 't060_x', like => 'es.t060_l2', primary_key => 'nix'}, '42703', qr/"nix"/ ],
		[ q{'milvus', 't060_x', like => 'seen'}, '22023', qr/primary key/ ],
		[ q{'milvus', 't060_x', like => 'bad_key', primary_key => 'id'}, '42804', qr/"id".*primary key/ ],
		[ q{'milvus', 't060_x', like => 'no_vector', primary_key => 'id'}, '22023', qr/no vector/ ],
		[ q{'milvus', 't060_x', like => 'es.t060_l2', primary_key => 'id', index => 'none', load => true}, '22023', qr/without index/ ],
		[ q{'milvus', NULL, like => 'es.t060_l2'}, '22004', qr/null/ ],
		[ q{'nix', 't060_x', like => 'es.t060_l2'}, '42704', qr/"nix"/ ],
		[ q{'es', 't060_x', like => 'es.t060_l2'}, '0A000', qr/"es" cannot/ ],
		[ q{'milvus', 't060_x', like => 'es.t060_nix'}, '42P01', qr/t060_nix/ ],
	);
	for (@cases)
	{
		my ($arguments, $state, $message) = @$_;
		my $error = error_of("SELECT milvus_fdw.create_collection($arguments)") // {};
		is($error->{sqlstate}, $state, $arguments);
		like($error->{message}, $message, 'message');
	}
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('milvus') WHERE name = 't060_x'}), 0, 'none of them made anything');
	my $error = error_of(q{SELECT milvus_fdw.create_collection('milvus', 't060_failed', like => 'es.t060_l2', primary_key => 'id', index => 'NO_SUCH')});
	like($error->{context}, qr/creating the index of field "v"; collection "t060_failed" has been created/, 'an error after the first step says what stands');
	ok(!error_of(q{SELECT milvus_fdw.drop_collection('milvus', 't060_failed')}), 'so it can be dropped');
	is(error_of(q{SELECT milvus_fdw.drop_collection('milvus', 't060_failed')})->{sqlstate}, 'HV00R', 'once');
};

subtest 'create_index and drop_index' => sub {
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_index', like => 'es.t060_l2', primary_key => 'id', index => 'none')});
	import_m('t060_index');
	sql(q{INSERT INTO m.t060_index SELECT n, n::text, 1, ARRAY[n, 1, 2, 3] FROM generate_series(1, 1500) n});
	sql(q{SELECT milvus_fdw.flush('m.t060_index')});
	my $index = sub { join ', ', grep { /^index/ } @{ described('t060_index')->{t060_index} } };
	sql(q{SELECT milvus_fdw.create_index('m.t060_index', 'v', index_type => 'HNSW', metric_type => 'L2', params => '{"M": 8, "efConstruction": 64}')});
	is($index->(), 'index v HNSW L2 {"M": 8, "efConstruction": 64}', 'type, metric and parameters');
	my $error = error_of(q{SELECT milvus_fdw.create_index('m.t060_index', 'v')});
	is($error->{sqlstate}, '55000', 'there is one already');
	like($error->{hint}, qr/drop_index/, 'and a way out');
	sql(q{SELECT milvus_fdw.drop_index('m.t060_index', 'v')});
	is($index->(), '', 'dropped');
	is(error_of(q{SELECT milvus_fdw.drop_index('m.t060_index', 'v')})->{sqlstate}, '55000', 'there is none to drop');
	sql(q{SELECT milvus_fdw.create_index('m.t060_index', 'v')});
	is($index->(), 'index v AUTOINDEX COSINE {}', 'without arguments');
	sql(q{SELECT milvus_fdw.load('m.t060_index')});
	$error = error_of(q{SELECT milvus_fdw.drop_index('m.t060_index', 'v')});
	is($error->{sqlstate}, '55000', 'not while it is loaded');
	like($error->{hint}, qr/milvus_fdw\.release\(/, 'with a hint');
	$error = error_of(q{SELECT milvus_fdw.create_index('m.t060_index', 'w')});
	is($error->{sqlstate}, 'HV005', 'no such field');
	is(value('SELECT count(*) FROM m.t060_index'), 1500, 'the rows are all there');
};

subtest 'load, release, flush' => sub {
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_state', like => 'es.t060_l2', primary_key => 'id', load => false)});
	import_m('t060_state');
	my $error = error_of('SELECT * FROM m.t060_state');
	is($error->{sqlstate}, '55000', 'a collection that is not loaded cannot be read');
	like($error->{hint}, qr/SELECT milvus_fdw\.load\('m\.t060_state'\);/, 'the hint is the exact call');
	my ($call) = $error->{hint} =~ /(SELECT milvus_fdw\.load\('m\.t060_state'\))/;
	sql($call);
	is(value('SELECT count(*) FROM m.t060_state'), 0, 'which helps');
	ok(!error_of($call), 'loading twice does no harm');
	sql(q{INSERT INTO m.t060_state SELECT n, 'x', 1, '{1,2,3,4}' FROM generate_series(1, 100) n});
	sql(q{SELECT milvus_fdw.flush('m.t060_state')});
	is(python(<<'P'), 100, 'after flush() the rows are in storage');
from pymilvus import connections
from pymilvus.grpc_gen import milvus_pb2 as m
milvus()
reply = connections._fetch_handler("default")._stub.GetPersistentSegmentInfo(m.GetPersistentSegmentInfoRequest(collectionName="t060_state"))
print(sum(s.num_rows for s in reply.infos if s.state == 4))  # Flushed
P
	sql(q{SELECT milvus_fdw.release('m.t060_state')});
	is(described('t060_state')->{t060_state}[-1], 'NotLoad', 'released');
	sql(q{ALTER FOREIGN TABLE m.t060_state OPTIONS (ADD auto_load 'true')});
	is(value('SELECT count(*) FROM m.t060_state'), 100, 'auto_load loads it');
	is(described('t060_state')->{t060_state}[-1], 'Loaded', 'and it stays so');
	is(error_of(q{SELECT milvus_fdw.load('local')})->{sqlstate}, '42809', 'a local table is not loaded');
	is(error_of(qq{SELECT milvus_fdw.$_('es.t060_l2')})->{sqlstate}, '0A000', "$_() of an index of Elasticsearch") for qw(load release flush);
};

# A server that never gets ready, which no real one can be made to be.
subtest 'waiting, progress and cancel' => sub {
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't060_wait', like => 'es.t060_l2', primary_key => 'id', load => false)});
	# GetLoadStateResponse: loading; GetLoadingProgressResponse: 37 %; GetFlushStateResponse: not flushed.
	my $double = double('grpc_server', to => real_milvus(), script => { GetLoadState => [ { hex => '1002' } ], GetLoadingProgress => [ { hex => '1025' } ], GetFlushState => [ { hex => '1000' } ] });
	sql("CREATE SERVER slow FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '" . $double->port . "')");
	sql(q{CREATE FOREIGN TABLE m.slow (id bigint) SERVER slow OPTIONS (collection 't060_wait')});
	for ([ load => qr/^loading collection "t060_wait": 37 %$/ ], [ flush => qr/^flushing collection "t060_wait"$/ ])
	{
		my ($function, $notice) = @$_;
		my $b = background("SELECT milvus_fdw.$function('m.slow')");
		my @seen;
		for (1 .. 300)
		{
			last if $b->wait(100) || (@seen = @{ $b->session->notices });
		}
		is($seen[0]{severity}, 'NOTICE', "$function() waits, and says so");
		like($seen[0]{message}, $notice, 'with what it waits for');
		$b->cancel;
		is($b->wait(10_000)->{error}{sqlstate}, '57014', 'and can be cancelled');
		is($b->session->value('SELECT count(*) FROM pg_class WHERE false'), 0, 'the session goes on');
	}
};

subtest 'version' => sub {
	like(value('SELECT milvus_fdw.version()'), qr/^milvus_fdw 0\.1\.0\b.*grpc.*curl/i, 'of the extension and its libraries');
	is(value(q{SELECT milvus_fdw.version('milvus')}), 'Milvus 2.3.5-lite', 'of Milvus');
	is(value(q{SELECT milvus_fdw.version('es')}), 'Elasticsearch 8.15.5', 'of Elasticsearch');
};

subtest 'privileges' => sub {
	sql(q{DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 't060_user') THEN DROP OWNED BY t060_user; DROP ROLE t060_user; END IF; END $$});
	sql('CREATE ROLE t060_user');
	is_deeply([ map { $_->[0] } sql(q{SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'milvus_fdw'::regnamespace
		AND NOT has_function_privilege('t060_user', oid, 'EXECUTE') ORDER BY 1}) ],
		[ qw(aliases alter_alias alter_collection check_schema collection_statistics collections compact compaction_state create_alias create_collection create_database
			create_index create_partition databases drop_alias drop_collection drop_database drop_index drop_partition export_metadata fields flush import_files imports load load_state partitions release
			rename_collection search search_text segments splits stage staged unstage verify version wait_for_import) ], 'what reaches a remote is not for everybody');
	is(value(q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'milvus_fdw'::regnamespace AND proname = 'version'
		AND has_function_privilege('t060_user', oid, 'EXECUTE')}), 1, 'version() without a server is');
	my $user = connect_to('060_functions');
	sql('GRANT USAGE ON SCHEMA es, m TO t060_user');
	sql('GRANT SELECT ON ALL TABLES IN SCHEMA es, m TO t060_user');
	$user->sql('SET ROLE t060_user');
	my $error = $user->error_of(q{SELECT milvus_fdw.version('milvus')});
	is($error->{sqlstate}, '42501', 'no EXECUTE');
	like($error->{message}, qr/function version/, 'it is the function');
	sql('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA milvus_fdw TO t060_user');
	my @calls = (q{version('milvus')}, q{collections('milvus')}, q{fields('milvus', 't060_state')}, q{drop_collection('milvus', 't060_state')},
		q{create_collection('milvus', 't060_x', like => 'es.t060_l2', primary_key => 'id')}, map { "$_('m.t060_state')" } qw(load release flush));
	for (@calls)
	{
		$error = $user->error_of("SELECT milvus_fdw.$_");
		is($error->{sqlstate}, '42501', "no USAGE: $_");
		like($error->{message}, qr/foreign server milvus/, 'it is the server');
	}
	sql('GRANT USAGE ON FOREIGN SERVER milvus TO t060_user');
	is($user->value(q{SELECT milvus_fdw.version('milvus')}), 'Milvus 2.3.5-lite', 'USAGE lets in');
	like($user->error_of(q{SELECT milvus_fdw.create_collection('milvus', 't060_x', like => 'es.t060_l2', primary_key => 'id')})->{message}, qr/foreign server es/, 'the source needs it too');
	for (map({ "$_('m.t060_state')" } qw(load release flush)), q{create_index('m.t060_state', 'v')}, q{drop_index('m.t060_state', 'v')})
	{
		$error = $user->error_of("SELECT milvus_fdw.$_");
		is($error->{sqlstate}, '42501', "not the owner: $_");
		like($error->{message}, qr/owner of foreign table t060_state/, 'it is the table');
	}
	$user->disconnect;
	sql('DROP OWNED BY t060_user');
	sql('DROP ROLE t060_user');
};

subtest 'read-only transactions' => sub {
	my $session = connect_to('060_functions');
	$session->sql('SET default_transaction_read_only = on');
	for (q{create_collection('milvus', 't060_x', like => 'es.t060_l2', primary_key => 'id')}, q{drop_collection('milvus', 't060_state')}, q{create_index('m.t060_state', 'v')},
		q{drop_index('m.t060_state', 'v')}, map { "$_('m.t060_state')" } qw(load release flush))
	{
		is($session->error_of("SELECT milvus_fdw.$_")->{sqlstate}, '25006', $_);
	}
	is($session->error_of("SELECT * FROM milvus_fdw.$_"), undef, $_) for q{version('milvus')}, q{collections('milvus')}, q{fields('milvus', 't060_state')};
	is(value('SELECT count(*) FROM m.t060_state'), 100, 'nothing happened');
};

done_testing();
