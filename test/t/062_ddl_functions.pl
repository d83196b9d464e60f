# Do partitions, aliases, databases, settings, segments and compaction follow what SQL says?  Milvus is asked by another client.

use MilvusFdw;

my @made = map { "t062_$_" } qw(docs other renamed key wait);
ours(milvus => \@made, es => ['t062_source']);
fresh_database();
both_servers();
my ($host, $port) = (MilvusFdw::Remote::milvus_host(), MilvusFdw::Remote::milvus_port());
sql($_) for 'CREATE SCHEMA m', 'CREATE TABLE docs (id bigint, v real[])', q{INSERT INTO docs SELECT n, ARRAY[n, 1, 2] FROM generate_series(1, 200) n},
	q{SELECT milvus_fdw.create_collection('milvus', 't062_docs', like => 'docs', primary_key => 'id')},
	q{SELECT milvus_fdw.create_collection('milvus', 't062_other', like => 'docs', primary_key => 'id')},
	q{SELECT milvus_fdw.create_collection('milvus', 't062_key', like => 'docs', primary_key => 'id', load => false, auto_id => false, description => 'described')},
	q{IMPORT FOREIGN SCHEMA "default" LIMIT TO (t062_docs, t062_other, t062_key) FROM SERVER milvus INTO m};

sub milvus_says { my ($code, @args) = @_; return python("from pymilvus import *\nmilvus()\n$code", @args) =~ s/\s+$//r }

# Each of [SQLSTATE, message, call].
sub refuses
{
	for (@_)
	{
		my ($state, $message, $call, $hint) = @$_;
		my $error = error_of("SELECT * FROM milvus_fdw.$call") // {};
		is($error->{sqlstate}, $state, $call);
		like($error->{message}, $message, 'message');
		like($error->{hint}, $hint, 'hint') if $hint;
	}
}

subtest 'partitions' => sub {
	sql(q{SELECT milvus_fdw.create_partition('m.t062_docs', 'hot')});
	sql(q{SELECT milvus_fdw.create_partition('m.t062_docs', 'cold')});
	is(milvus_says('print(sorted(p.name for p in Collection("t062_docs").partitions))'), "['_default', 'cold', 'hot']", 'created');
	milvus_says('Collection("t062_docs").insert([[1, 2], [[1, 2, 3], [4, 5, 6]]], partition_name="hot"); Collection("t062_docs").flush()');
	my @partitions = sql(q{SELECT name, rows, state, id > 0, created > now() - interval '1 hour' AND created < now() + interval '1 hour' FROM milvus_fdw.partitions('m.t062_docs') ORDER BY name});
	is_deeply(\@partitions, [ [ '_default', 0, 'loaded', 't', 't' ], [ 'cold', 0, 'loaded', 't', 't' ], [ 'hot', 2, 'loaded', 't', 't' ] ], 'partitions() tells names, rows and state');
	refuses([ '42710', qr/"hot" of collection "t062_docs" already exists/, q{create_partition('m.t062_docs', 'hot')} ],
		[ '42704', qr/"nix".*does not exist/, q{drop_partition('m.t062_docs', 'nix')} ],
		[ 'HV000', qr/./, q{drop_partition('m.t062_docs', 'cold')}, qr/release\(/ ]);
	sql(q{SELECT milvus_fdw.release('m.t062_docs', partitions => '{cold}')});
	is_deeply([ sql(q{SELECT name, state FROM milvus_fdw.partitions('m.t062_docs') ORDER BY name}) ], [ [ '_default', 'loaded' ], [ 'cold', 'not loaded' ], [ 'hot', 'loaded' ] ], 'one is released');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.load_state('m.t062_docs', '{cold}')}) ], [ [ 'not loaded', 0 ] ], 'load_state() of a partition');
	sql(q{SELECT milvus_fdw.load('m.t062_docs', partitions => '{cold}')});
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.load_state('m.t062_docs', '{cold}')}) ], [ [ 'loaded', 100 ] ], 'and loaded again');
	sql(q{SELECT milvus_fdw.release('m.t062_docs', partitions => '{cold}')});
	sql(q{SELECT milvus_fdw.drop_partition('m.t062_docs', 'cold')});
	is(milvus_says('print(sorted(p.name for p in Collection("t062_docs").partitions))'), "['_default', 'hot']", 'dropped');
};

subtest 'aliases' => sub {
	sql(q{SELECT milvus_fdw.create_alias('m.t062_docs', 't062_alias')});
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.aliases('milvus') WHERE alias LIKE 't062%'}) ], [ [ 't062_alias', 't062_docs' ] ], 'created, and listed');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.aliases('milvus', 't062_docs')}) ], [ [ 't062_alias', 't062_docs' ] ], 'of one collection');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.aliases('milvus', 't062_other')}) ], [], 'not of another');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.aliases('milvus', 't062_alias')}) ], [ [ 't062_alias', 't062_docs' ] ], 'or asked for by an alias');
	is(error_of(q{SELECT milvus_fdw.drop_collection('milvus', 't062_alias')})->{detail}, 'It stands for collection "t062_docs".', 'an alias is not dropped as a collection');
	sql(q{SELECT milvus_fdw.alter_alias('m.t062_other', 't062_alias')});
	is(milvus_says('print(Collection("t062_alias").name, Collection("t062_other").aliases)'), "t062_alias ['t062_alias']", 'now it stands for another');
	refuses([ '42710', qr/./, q{create_alias('m.t062_docs', 't062_alias')} ],
		[ '42710', qr/./, q{create_alias('m.t062_docs', 't062_other')} ],
		[ '42704', qr/"t062_docs" has no alias "t062_alias"/, q{drop_alias('m.t062_docs', 't062_alias')} ],
		[ '42704', qr/./, q{alter_alias('m.t062_docs', 't062_nix')} ],
		[ '22023', qr/"a b" cannot be an alias/, q{create_alias('m.t062_docs', 'a b')} ],
		[ 'HV00R', qr/"t062_alias" is an alias/, q{rename_collection('milvus', 't062_alias', 't062_x')} ]);
	sql(q{SELECT milvus_fdw.drop_alias('m.t062_other', 't062_alias')});
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.aliases('milvus') WHERE alias LIKE 't062%'}) ], [], 'dropped');
};

subtest 'databases' => sub {
	error_of(q{SELECT milvus_fdw.drop_collection('milvus', 't062_there', database => 't062_db')});
	error_of(q{SELECT milvus_fdw.drop_database('milvus', 't062_db')});
	sql(q{SELECT milvus_fdw.create_database('milvus', 't062_db')});
	like(milvus_says('print(db.list_database())'), qr/'t062_db'/, 'created');
	is_deeply([ sql(q{SELECT name, created > now() - interval '1 hour' FROM milvus_fdw.databases('milvus') WHERE name = 't062_db'}) ], [ [ 't062_db', 't' ] ], 'and listed');
	refuses([ '42P04', qr/"t062_db" already exists/, q{create_database('milvus', 't062_db')} ], [ '42704', qr/"t062_nix" does not exist/, q{drop_database('milvus', 't062_nix')} ],
		[ '22023', qr/"a b" cannot be/, q{create_database('milvus', 'a b')} ],
		[ '0A000', qr/cannot set properties of a database/, q{create_database('milvus', 't062_x', '{"database.replica.number": 1}')} ]);
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't062_there', like => 'm.t062_key', database => 't062_db')});
	is(milvus_says('connections.disconnect("default"); milvus(db_name="t062_db"); print(utility.list_collections(), Collection("t062_there").indexes[0].params["index_type"], utility.load_state("t062_there").name)'),
		"['t062_there'] AUTOINDEX Loaded", 'create_collection() in it');
	sql(q{SELECT milvus_fdw.drop_collection('milvus', 't062_there', database => 't062_db')});
	sql(q{SELECT milvus_fdw.drop_database('milvus', 't062_db')});
	unlike(milvus_says('print(db.list_database())'), qr/'t062_db'/, 'dropped');
};

subtest 'names and settings' => sub {
	sql(q{SELECT milvus_fdw.alter_collection('m.t062_key', '{"collection.ttl.seconds": 90}')});
	is(milvus_says(<<'P'), 'collection.ttl.seconds 90', 'alter_collection()');
from pymilvus.grpc_gen import milvus_pb2 as m
for p in connections._fetch_handler("default")._stub.DescribeCollection(m.DescribeCollectionRequest(collection_name="t062_key")).properties: print(p.key, p.value)
P
	refuses([ '0A000', qr/cannot reset properties/, q{alter_collection('m.t062_key', '{"collection.ttl.seconds": null}')} ],
		[ '22023', qr/"properties"/, q{alter_collection('m.t062_key', '{"a": [1]}')} ], [ '22023', qr/"properties"/, q{alter_collection('m.t062_key', '1')} ]);
	sql(q{SELECT milvus_fdw.rename_collection('milvus', 't062_key', 't062_renamed')});
	is(milvus_says('print(utility.has_collection("t062_renamed"), utility.has_collection("t062_key"))'), 'True False', 'rename_collection()');
	is(value(q{SELECT count(*) FROM milvus_fdw.fields('milvus', 't062_renamed')}), 2, 'it is described by the new name');
	refuses([ 'HV00R', qr/"t062_key" does not exist/, q{rename_collection('milvus', 't062_key', 't062_x')} ],
		[ '22023', qr/"1x" cannot be/, q{rename_collection('milvus', 't062_renamed', '1x')} ], [ '42P07', qr/./, q{rename_collection('milvus', 't062_renamed', 't062_docs')} ]);
};

subtest 'statistics, segments, compaction' => sub {
	for my $n (0 .. 3)
	{
		sql('INSERT INTO m.t062_other SELECT id + $1, v FROM docs', $n * 1000);
		sql(q{SELECT milvus_fdw.flush('m.t062_other')});
	}
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.collection_statistics('m.t062_other')}) ], [ [ 'row_count', 800 ] ], 'collection_statistics()');
	my @segments = sql(q{SELECT partition, rows, state, loaded_rows, index IS NULL OR index = 'v', nodes <> '{}', id > 0 FROM milvus_fdw.segments('m.t062_other') WHERE state = 'flushed'});
	is(eval { my $n = 0; $n += $_->[1] for @segments; $n }, 800, 'segments(): all rows are in them');
	is_deeply([ @{ $segments[0] }[ 0, 2, 6 ] ], [ '_default', 'flushed', 't' ], 'and which they are'); # Milvus may have merged some itself
	my $compaction = value(q{SELECT milvus_fdw.compact('m.t062_other')});
	like($compaction, qr/^\d+$/, 'compact() waits, and gives its id');
	my ($state) = sql(q{SELECT * FROM milvus_fdw.compaction_state('m.t062_other', $1)}, $compaction);
	is_deeply([ @$state[ 0, 1, 3, 4 ] ], [ 'completed', 0, 0, 0 ], 'so it is done then');
	is(value('SELECT count(*) FROM m.t062_other'), 800, 'no row is lost');
	like(value(q{SELECT milvus_fdw.compact('m.t062_other', wait => false)}), qr/^-?\d+$/, 'or does not wait');
};

# A server that never gets done, which no real one can be made to be.
subtest 'waiting, progress and cancel' => sub {
	# ManualCompactionResponse: id 7; GetCompactionStateResponse: executing, 3 running, 1 done; GetLoadState: loading; progress 37
	my $double = double('grpc_server', to => real_milvus(), script => { ManualCompaction => [ { hex => '1007' } ], GetCompactionState => [ { hex => '100118032801' } ],
		GetLoadState => [ { hex => '1002' } ], GetLoadingProgress => [ { hex => '1025' } ] });
	sql("CREATE SERVER slow FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '" . $double->port . "')");
	sql(q{CREATE FOREIGN TABLE m.slow (id bigint) SERVER slow OPTIONS (collection 't062_other')});
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.load_state('m.slow')}) ], [ [ 'loading', 37 ] ], 'load_state() on the way');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.compaction_state('m.slow', 7)}) ], [ [ 'executing', 3, 1, 0, 0 ] ], 'compaction_state() on the way');
	for ([ q{compact('m.slow')} => qr/^compacting collection "t062_other": 25 %$/ ], [ q{load('m.slow', partitions => '{_default}')} => qr/^loading collection "t062_other": 37 %$/ ])
	{
		my ($call, $notice) = @$_;
		my $b = background("SELECT milvus_fdw.$call");
		my @seen;
		for (1 .. 300)
		{
			last if $b->wait(100) || (@seen = @{ $b->session->notices });
		}
		like($seen[0]{message}, $notice, "$call says how far it is");
		my $asked = Time::HiRes::time();
		$b->cancel;
		is($b->wait(10_000)->{error}{sqlstate}, '57014', 'and can be cancelled');
		cmp_ok(Time::HiRes::time() - $asked, '<', 0.5, 'at once');
	}
};

my %changes = (create_partition => q{'m.t062_docs', 'x'}, drop_partition => q{'m.t062_docs', 'hot'}, create_alias => q{'m.t062_docs', 'x'}, alter_alias => q{'m.t062_docs', 'x'},
	drop_alias => q{'m.t062_docs', 'x'}, create_database => q{'milvus', 'x'}, drop_database => q{'milvus', 'x'}, rename_collection => q{'milvus', 't062_docs', 't062_x'},
	drop_collection => q{'milvus', 't062_docs'}, alter_collection => q{'m.t062_docs', '{}'}, compact => q{'m.t062_docs'}, load => q{'m.t062_docs', '{hot}'}, release => q{'m.t062_docs', '{hot}'},
	create_index => q{'m.t062_docs', 'v'}, drop_index => q{'m.t062_docs', 'v'}, create_collection => q{'milvus', 't062_x', like => 'docs', primary_key => 'id'});
my %looks = (partitions => q{'m.t062_docs'}, aliases => q{'milvus'}, databases => q{'milvus'}, collection_statistics => q{'m.t062_docs'}, segments => q{'m.t062_docs'},
	load_state => q{'m.t062_docs'}, compaction_state => q{'m.t062_docs', 1}, check_schema => q{'docs', 'm.t062_docs'});

subtest 'who may, and when' => sub {
	sql(q{DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 't062_user') THEN DROP OWNED BY t062_user; DROP ROLE t062_user; END IF; END $$});
	sql('CREATE ROLE t062_user');
	sql($_) for 'GRANT USAGE ON SCHEMA m TO t062_user', 'GRANT ALL ON ALL TABLES IN SCHEMA m, public TO t062_user';
	for my $name (sort keys %changes, keys %looks)
	{
		is(value(q{SELECT bool_or(has_function_privilege('t062_user', oid, 'EXECUTE')) FROM pg_proc WHERE pronamespace = 'milvus_fdw'::regnamespace AND proname = $1}, $name), 'f', "$name() is not for everybody");
		isnt(value(q{SELECT min(obj_description(oid, 'pg_proc')) FROM pg_proc WHERE pronamespace = 'milvus_fdw'::regnamespace AND proname = $1 HAVING count(*) = count(obj_description(oid, 'pg_proc'))}, $name), undef, 'and described');
	}
	sql('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA milvus_fdw TO t062_user');
	my %both = (%changes, %looks);
	my $user = connect_to('062_ddl_functions');
	$user->sql('SET ROLE t062_user');
	for my $name (sort keys %both)
	{
		my $error = $user->error_of("SELECT * FROM milvus_fdw.$name($both{$name})") // {};
		is($error->{sqlstate}, '42501', "$name() needs more than EXECUTE");
		like($error->{message}, qr/foreign server milvus/, 'USAGE on the server');
	}
	sql('GRANT USAGE ON FOREIGN SERVER milvus TO t062_user');
	for my $name (sort grep { $changes{$_} =~ /^'m\./ } keys %changes)
	{
		my $error = $user->error_of("SELECT * FROM milvus_fdw.$name($changes{$name})") // {};
		like($error->{message}, qr/must be owner of foreign table t062_docs/, "$name() is for the owner");
	}
	is($user->error_of("SELECT * FROM milvus_fdw.$_($looks{$_})"), undef, "$_() is not only for the owner") for grep { $_ ne 'compaction_state' } sort keys %looks;
	$user->sql('RESET ROLE');
	for my $name (sort keys %changes)
	{
		sql('BEGIN READ ONLY');
		is((error_of("SELECT * FROM milvus_fdw.$name($changes{$name})") // {})->{sqlstate}, '25006', "$name() changes something");
		sql('ROLLBACK');
	}
	es(PUT => '/t062_source', { mappings => { properties => { id => { type => 'long' } } } });
	sql('CREATE SCHEMA es');
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t062_source) FROM SERVER es INTO es');
	for my $name (sort grep { $both{$_} =~ /^'m\./ && $_ ne 'check_schema' } keys %both)
	{
		(my $arguments = $both{$name}) =~ s/m\.t062_docs/es.t062_source/;
		is((error_of("SELECT * FROM milvus_fdw.$name($arguments)") // {})->{sqlstate}, '0A000', "$name() is nothing for Elasticsearch");
	}
};

subtest 'Zilliz Cloud' => sub {
	# a double of it: what tells is its version; GetVersionResponse, with Status left out
	my $version = 'Zilliz Cloud Vector Database(Compatible with Milvus 2.4)';
	my $double = double('grpc_server', to => real_milvus(), script => { GetVersion => [ { hex => sprintf('12%02x%s', length $version, unpack 'H*', $version) } ],
		ManualCompaction => [ { status => 12 } ], CreateDatabase => [ { status => 12 } ] });
	sql("CREATE SERVER cloud FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '" . $double->port . "')");
	sql(q{CREATE FOREIGN TABLE m.cloud (id bigint, v real[]) SERVER cloud OPTIONS (collection 't062_docs')});
	is(value(q{SELECT milvus_fdw.version('cloud')}), "Milvus $version", 'its version');
	refuses([ '0A000', qr/./, q{compact('m.cloud')}, qr/compacts by itself/ ], [ '0A000', qr/./, q{create_database('cloud', 't062_cloud')}, qr/console/ ]);
	sql(q{SELECT milvus_fdw.release('m.t062_docs')});
	sql(q{SELECT milvus_fdw.drop_index('m.t062_docs', 'v')});
	notices();
	sql(q{SELECT milvus_fdw.create_index('m.cloud', 'v', 'HNSW', 'L2')});
	like((map { $_->{message} } @{ notices() })[0], qr/AUTOINDEX instead of HNSW/, 'another index than AUTOINDEX is not asked for, with a NOTICE');
	is(value(q{SELECT index FROM milvus_fdw.fields('milvus', 't062_docs') WHERE name = 'v'}), 'AUTOINDEX', 'it is that');
};

done_testing;
