# May anyone do with a function what he should not?  The catalog says which functions there are, so none is forgotten.

use MilvusFdw;

fresh_database();
both_servers();
my $table = 'tap055';
sql("CREATE FOREIGN TABLE $table (id bigint) SERVER milvus OPTIONS (collection 'tap055_none')");
sql('CREATE TABLE tap055_local (id bigint)');

# How to call each function that reaches a remote: by a server, by a table that one owns, or by one that is only looked at.
my %remote = (
	'create_collection(name, text, regclass, text, text, text, boolean, integer, text, text, integer, boolean, boolean, text, jsonb, text[], text, jsonb, text)' => [ server => q{'milvus', 'x', 'tap055_local', 'id'} ],
	'rename_collection(name, text, text, text)' => [ server => q{'milvus', 'tap055_none', 'x'} ],
	'create_database(name, text, jsonb)' => [ server => q{'milvus', 'not a name'} ],
	'drop_database(name, text)' => [ server => q{'milvus', 'tap055_none'} ],
	'databases(name)' => [ server => q{'milvus'} ],
	'aliases(name, text, text)' => [ server => q{'milvus'} ],
	'alter_collection(regclass, jsonb)' => [ table => q{'tap055', '{}'} ],
	'compact(regclass, boolean)' => [ table => q{'tap055'} ],
	(map { ("$_(regclass, text)" => [ table => q{'tap055', 'x'} ]) } qw(create_partition drop_partition create_alias alter_alias drop_alias)),
	(map { ("$_(regclass)" => [ look => q{'tap055'} ]) } qw(partitions collection_statistics segments)),
	'splits(regclass, integer)' => [ look => q{'tap055', 2} ],
	'load_state(regclass, text[])' => [ look => q{'tap055'} ],
	'compaction_state(regclass, bigint)' => [ look => q{'tap055', 1} ],
	'check_schema(regclass, regclass)' => [ look => q{'tap055_local', 'tap055'} ],
	'drop_collection(name, text, text)' => [ server => q{'milvus', 'tap055_none'} ],
	'collections(name)' => [ server => q{'milvus'} ],
	'fields(name, text)' => [ server => q{'milvus', 'tap055_none'} ],
	'version(name)' => [ server => q{'milvus'} ],
	'export_metadata(name)' => [ server => q{'milvus'} ],
	'stage(text, name, text, text, bigint)' => [ server => q{'SELECT 1 AS a', 'milvus'} ],
	'stage(regclass, name, text, text, bigint)' => [ server => q{'tap055_local'::regclass, 'milvus'} ],
	'staged(name)' => [ server => q{'milvus'} ],
	'verify(name, text)' => [ server => q{'milvus', 'x'} ],
	'unstage(name, text)' => [ server => q{'milvus', 'x'} ],
	'import_files(regclass, name, text, boolean)' => [ look => q{'tap055', 'milvus', 'x'} ],
	'import_files(regclass, text[], boolean)' => [ look => q{'tap055', ARRAY['x.json']} ],
	'imports(regclass)' => [ look => q{'tap055'} ],
	'wait_for_import(regclass, text[], double precision)' => [ look => q{'tap055'} ],
	'wait_for_import(regclass, name, text, double precision)' => [ look => q{'tap055', 'milvus', 'x'} ],
	'create_index(regclass, text, text, text, jsonb, text)' => [ table => q{'tap055', 'id'} ],
	'drop_index(regclass, text)' => [ table => q{'tap055', 'id'} ],
	'load(regclass, text[], integer)' => [ table => q{'tap055'} ],
	'release(regclass, text[])' => [ table => q{'tap055'} ],
	(map { ("$_(regclass, \"any\", integer, jsonb, name, text[], text, text)" => [ look => q{'tap055', '{1,2}'} ]) } qw(search search_text)),
	'flush(regclass)' => [ table => q{'tap055'} ],
);
# What everybody may call: this session's own, and what computes.
my %session = map { $_ => 1 } 'connections()', 'disconnect(name)', 'disconnect_all()', 'version()';

# What runs the caller's own query has to find names as he does, and looks up nothing else by name.
my %callers_path = map { $_ => 1 } 'stage(text, name, text, text, bigint)';

my %signature = map { $_->[0] => $_ } sql(<<'S');
SELECT p.proname || '(' || (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY n), '') FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u (t, n)) || ')',
       p.proname, p.provolatile, p.prosecdef::int, coalesce(array_to_string(p.proconfig, ';'), ''), l.lanname,
       (EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE'))::int,
       p.prokind, (p.prorettype = 'fdw_handler'::regtype OR p.proname ~ '_validator$')::int
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'milvus_fdw'::regnamespace
S

subtest 'each function' => sub {
	cmp_ok(scalar keys %signature, '>', 30, 'there are some');
	for my $name (sort keys %signature)
	{
		my (undef, undef, $volatile, $definer, $config, $language, $public, $kind, $wrapper) = @{ $signature{$name} };
		ok(!$definer, "$name runs as who calls it");
		next if $wrapper;
		if ($volatile eq 'i')
		{
			is($language, 'c', "$name is immutable: in C, which looks up nothing by name");
			ok(!$remote{$name}, "$name reaches nothing");
			next;
		}
		if ($callers_path{$name}) { is($config, '', "$name keeps the caller's search_path") }
		elsif ($kind eq 'p') { is($config, '', "$name is a procedure that commits: it cannot pin search_path") }
		else { is($config, 'search_path=pg_catalog, pg_temp', "$name pins search_path") }
		if ($session{$name}) { ok($public, "$name is everybody's") }
		else
		{
			ok(!$public, "$name is not granted to PUBLIC");
			ok($remote{$name}, "$name: this test knows how to call it");
		}
	}
	ok($signature{$_}, "$_ exists") for sort(keys %remote, keys %session);
};

sql($_) for 'DROP ROLE IF EXISTS tap055_user', 'CREATE ROLE tap055_user', 'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA milvus_fdw TO tap055_user',
	'GRANT ALL ON tap055, tap055_local TO tap055_user', 'GRANT CREATE ON SCHEMA public TO tap055_user';

sub call { my ($name) = @_; return "SELECT milvus_fdw.$signature{$name}[1]($remote{$name}[1])" }

subtest 'without USAGE on the server' => sub {
	sql('SET ROLE tap055_user');
	fails($_, call($_), sqlstate => '42501', message => 'permission denied for foreign server milvus') for sort keys %remote;
	fails('IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" FROM SERVER milvus INTO public', sqlstate => '42501');
	fails('CREATE FOREIGN TABLE', 'CREATE FOREIGN TABLE mine (id bigint) SERVER milvus', sqlstate => '42501');
	fails('CREATE USER MAPPING', 'CREATE USER MAPPING FOR CURRENT_USER SERVER milvus', sqlstate => '42501');
	fails('CREATE SERVER', q{CREATE SERVER mine FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost')}, sqlstate => '42501');
	sql('RESET ROLE');
};

subtest 'without owning the table' => sub {
	sql('GRANT USAGE ON FOREIGN SERVER milvus TO tap055_user');
	sql('SET ROLE tap055_user');
	fails($_, call($_), sqlstate => '42501', message => 'must be owner of foreign table tap055')
		for grep { $remote{$_}[0] eq 'table' } sort keys %remote;
	# with USAGE it is the remote that answers
	for my $name (grep { $remote{$_}[0] ne 'table' } sort keys %remote)
	{
		next if $name =~ /^create_collection/;
		my $e = error_of(call($name));
		ok(!$e || $e->{sqlstate} ne '42501', "$name reaches Milvus") or diag $e->{message};
	}
	fails('reading needs SELECT all the same', 'SELECT * FROM es_table', sqlstate => '42P01');
	sql('RESET ROLE');
	sql('ALTER TABLE tap055 OWNER TO tap055_user');
	sql('SET ROLE tap055_user');
	for my $name (grep { $remote{$_}[0] eq 'table' } sort keys %remote)
	{
		fails("$name as owner asks Milvus", call($name), sqlstate => 'HV00R', message => qr/tap055_none/);
	}
	sql('RESET ROLE');
};

subtest 'traps in the search_path' => sub {
	# objects that would be found before pg_catalog's or instead of them
	sql($_) for 'CREATE SCHEMA trap AUTHORIZATION tap055_user', 'CREATE TABLE trap.sprung (what text)',
		q{CREATE FUNCTION trap.array_length(anyarray, integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO trap.sprung VALUES (''array_length''); RETURN 9; END'},
		q{CREATE FUNCTION trap.note(real[], real[]) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO trap.sprung VALUES (''=''); RETURN true; END'},
		'CREATE OPERATOR trap.= (LEFTARG = real[], RIGHTARG = real[], FUNCTION = trap.note)',
		'CREATE TABLE public.vectors (id bigint, v real[])', q{INSERT INTO public.vectors VALUES (1, '{1,2,3}')};
	ours(milvus => ['tap055_like']);
	sql('SET search_path = trap, pg_catalog, public');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 'tap055_like', 'vectors', 'id', index => 'none')});
	is(value(q{SELECT dim FROM milvus_fdw.fields('milvus', 'tap055_like') WHERE name = 'v'}), 3, 'create_collection measures with PostgreSQL\'s own function');
	is(value('SELECT count(*) FROM trap.sprung'), 0, 'and springs none');
	sql('RESET search_path');
};

sql($_) for 'DROP OWNED BY tap055_user CASCADE', 'DROP ROLE tap055_user';

subtest 'installation' => sub {
	fresh_database(name => 'tap055_install', without_extension => 1);
	sql($_) for 'DROP ROLE IF EXISTS tap055_squatter', 'CREATE ROLE tap055_squatter', 'CREATE SCHEMA milvus_fdw AUTHORIZATION tap055_squatter';
	fails('a schema of somebody else', 'CREATE EXTENSION milvus_fdw', sqlstate => '42501', message => qr/schema "milvus_fdw" belongs to another role/, hint => qr/owner/);
	fails('by the name of it', 'CREATE EXTENSION milvus_fdw SCHEMA milvus_fdw', sqlstate => '42501');
	fails('another schema', 'CREATE EXTENSION milvus_fdw SCHEMA public', sqlstate => '0A000', message => qr/must be installed in schema "milvus_fdw"/);
	sql('SET ROLE tap055_squatter');
	fails('by somebody else', 'CREATE EXTENSION milvus_fdw', sqlstate => '42501');
	sql($_) for 'RESET ROLE', 'DROP SCHEMA milvus_fdw', 'CREATE EXTENSION milvus_fdw';
	fails('it stays there', 'ALTER EXTENSION milvus_fdw SET SCHEMA public', sqlstate => '0A000');
	is(value(q{SELECT has_schema_privilege('tap055_squatter', 'milvus_fdw', 'usage')::int}), 1, 'everybody may look');
	is(value(q{SELECT has_schema_privilege('tap055_squatter', 'milvus_fdw', 'create')::int}), 0, 'and put nothing there');
	is(value(q{SELECT count(*) FROM pg_foreign_data_wrapper WHERE has_foreign_data_wrapper_privilege('tap055_squatter', fdwname, 'usage')}), 0, 'no wrapper is everybody\'s');
	sql('DROP ROLE tap055_squatter');
};

subtest 'what the library shows' => sub {
	my $libraries = value(q{SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'});
	my @modules = glob "$libraries/milvus_fdw.so $libraries/milvus_fdw_*.so";
	for my $module (grep { -e && !/milvus_fdw_test\.so$/ } @modules)
	{
		my @names = map { (split)[-1] } grep { / [TDBRWVi] / } `nm -D --defined-only $module`;
		cmp_ok(scalar @names, '>=', 2, "$module has entry points");
		my @others = grep { !/^(Pg_magic_func|_PG_init|\w+_fdw_(handler|validator)|milvus_fdw_\w+|pg_finfo_\w+)$/ } @names;
		is_deeply(\@others, [], 'and nothing else');
	}
};

done_testing();
