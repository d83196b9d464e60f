# Do names that one side cannot have, or SQL would fold or split, reach the right thing on the other side?

use MilvusFdw;

my $odd = 't043_a+b%2f&c=d;é.日本';
ours(es => [qw(t043-my.index t043_clash t043_plain), escaped($odd)],
	milvus => [qw(t043_names t043_Mixed t043_my_index t043_made t043_id t043_long)]);
fresh_database();
both_servers();
sql("CREATE SCHEMA $_") for qw(es m);

# %XX for all that a path could mistake.
sub escaped
{
	my ($name) = @_;
	utf8::encode($name);
	return $name =~ s/([^a-z0-9_.-])/sprintf '%%%02X', ord $1/ger;
}

sub import_es { sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', map { qq("$_") } @_) . ') FROM SERVER es INTO es') }
sub import_m { sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', map { qq("$_") } @_) . ') FROM SERVER milvus INTO m') }

subtest 'fields with names that Milvus refuses' => sub {
	es(PUT => '/t043-my.index', { mappings => { properties => { (map { $_ => { type => 'keyword' } } 'user-name', '@timestamp', '2nd', 'Größe', 'with space', 'select', 'UPPER', q(quo"te'd), 'plain'),
		vec => { type => 'dense_vector', dims => 2, index => \0 } } } });
	es_bulk('t043-my.index', [ { _id => 'é/"1"', 'user-name' => 'a', '@timestamp' => 'b', '2nd' => 'c', 'Größe' => 'd', 'with space' => 'e', select => 'f', UPPER => 'g', q(quo"te'd) => 'h', plain => 'i', vec => [ 1, 2 ] } ]);
	import_es('t043-my.index');
	my %field = map { @$_ } sql(q{SELECT attname, substring(o FROM 7) FROM pg_attribute LEFT JOIN LATERAL unnest(attfdwoptions) o ON o LIKE 'field=%'
		WHERE attrelid = 'es."t043-my.index"'::regclass AND attnum > 0});
	is_deeply(\%field, { 'Gr__e' => 'Größe', UPPER => undef, _2nd => '2nd', _id => undef, _timestamp => '@timestamp', plain => undef, 'quo_te_d' => q(quo"te'd),
		select => undef, user_name => 'user-name', vec => undef, with_space => 'with space' }, 'columns, and the original in option "field"');
	is_deeply([ sql('SELECT user_name, _timestamp, _2nd, "Gr__e", with_space, "select", "UPPER", quo_te_d, plain, _id FROM es."t043-my.index"') ], [ [ 'a' .. 'i', 'é/"1"' ] ], 'each column has its own field');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't043_my_index', like => 'es."t043-my.index"')});
	import_m('t043_my_index');
	my $names = q{SELECT string_agg(attname, ' ' ORDER BY attname COLLATE "C") FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0};
	is(value($names, 'm.t043_my_index'), value($names, 'es."t043-my.index"'), 'the collection has fields of the same names');
	my $columns = join ', ', map { qq("$_->[0]") } sql(q{SELECT attname FROM pg_attribute WHERE attrelid = 'm.t043_my_index'::regclass AND attnum > 0});
	sql(qq{INSERT INTO m.t043_my_index ($columns) SELECT $columns FROM es."t043-my.index"});
	is(value(qq{SELECT count(*) FROM (SELECT $columns FROM m.t043_my_index INTERSECT SELECT $columns FROM es."t043-my.index") x}), 1, 'and gets the row');
	is(python(<<'P'), '_id 512', '_id became the key, wide enough');
from pymilvus import Collection
milvus()
f = [f for f in Collection("t043_my_index").schema.fields if f.is_primary][0]
print(f.name, f.params["max_length"])
P
};

subtest 'two names that would become one' => sub {
	es(PUT => '/t043_clash', { mappings => { properties => { 'a-b' => { type => 'long' }, 'a.b' => { type => 'keyword' }, a_b => { type => 'long' }, v => { type => 'dense_vector', dims => 2 } } } });
	my $error = error_of('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t043_clash) FROM SERVER es INTO es');
	is($error->{sqlstate}, '42701', 'refused by IMPORT');
	like($error->{message}, qr/"a-b" and "a_b" of collection "t043_clash".*"a_b"/, 'both are named');
	like($error->{hint}, qr/EXCEPT.*field/, 'with a way out');
	sql(q{CREATE FOREIGN TABLE es.clash (one bigint OPTIONS (field 'a-b'), two bigint OPTIONS (field 'a_b'), v real[] OPTIONS (dim '2')) SERVER es OPTIONS (index 't043_clash')});
	is(value('SELECT count(*) FROM es.clash'), 0, 'which works');
	sql('CREATE TABLE clash (id bigint, "a-b" text, "a.b" text, v real[])');
	sql(q{INSERT INTO clash VALUES (1, 'x', 'y', '{1,2}')});
	$error = error_of(q{SELECT milvus_fdw.create_collection('milvus', 't043_names', like => 'clash', primary_key => 'id')});
	is($error->{sqlstate}, '42701', 'refused by create_collection()');
	like($error->{message}, qr/"a\.b".*"a_b"/, 'and named');
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('milvus') WHERE name = 't043_names'}), 0, 'nothing was created');
};

subtest 'names of indices' => sub {
	es(PUT => '/' . escaped($odd), { mappings => { properties => { id => { type => 'long' } } } });
	es(POST => '/' . escaped($odd) . '/_doc?refresh=true', { id => 7 });
	import_es($odd);
	is(value(qq{SELECT id FROM es."$odd"}), 7, 'any that Elasticsearch takes');
	is(value(q{SELECT ftoptions::text FROM pg_foreign_table WHERE ftrelid = $1::regclass}, qq(es."$odd")) =~ s/^\{"?|"?\}$//gr, "index=$odd", 'stands in option "index"');
	is(value(qq{SELECT count(*) FROM milvus_fdw.collections('es') WHERE name = \$1}, $odd), 1, 'is listed');
	is(value(q{SELECT string_agg(name, ',') FROM milvus_fdw.fields('es', $1)}, $odd), '_id,id,_index,_source', 'is described');
	es(DELETE => '/' . escaped($odd));
	my $error = error_of(qq{SELECT id FROM es."$odd"});
	is($error->{sqlstate}, 'HV00R', 'when it is gone');
	like($error->{message}, qr/\Q"$odd"\E/, 'its name is in the message');
};

subtest 'names of collections' => sub {
	python(<<'P');
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
milvus()
Collection("t043_Mixed", CollectionSchema([F("Id", DataType.INT64, is_primary=True), F("select", DataType.INT32), F("V", DataType.FLOAT_VECTOR, dim=2)]))
Collection("t043_made", CollectionSchema([F("id", DataType.INT64, is_primary=True, auto_id=True, description="made by Milvus"), F("tags", DataType.ARRAY, element_type=DataType.INT64, max_capacity=5),
    F("v", DataType.FLOAT_VECTOR, dim=2)], enable_dynamic_field=True, description="a 'text'"))
P
	import_m('t043_Mixed');
	is(join(' ', map { $_->[0] } sql(q{SELECT attname FROM pg_attribute WHERE attrelid = 'm."t043_Mixed"'::regclass AND attnum > 0 ORDER BY attnum})), 'Id select V', 'case and key words stay');
	sql(q{SELECT milvus_fdw.create_index('m."t043_Mixed"', 'V'), milvus_fdw.load('m."t043_Mixed"')});
	sql(q{INSERT INTO m."t043_Mixed" VALUES (1, 2, '{3,4}')});
	is_deeply([ sql(q{SELECT "Id", "select", "V" FROM m."t043_Mixed"}) ], [ [ 1, 2, '{3,4}' ] ], 'and work');
	for my $bad ('a-b', '1a', 'é', 'a b', '', 'x' x 256)
	{
		my $error = error_of(q{SELECT milvus_fdw.create_collection('milvus', $1, like => 'm."t043_Mixed"')}, $bad) // {};
		like($error->{sqlstate}, qr/^22/, "no collection '" . substr($bad, 0, 20) . "'");
	}

	import_m('t043_made');
	is_deeply([ sql(q{SELECT name, type, sql_type, dim, primary_key, auto_id, nullable, description FROM milvus_fdw.fields('milvus', 't043_made')}) ],
		[ [ 'id', 'Int64', 'bigint', undef, 't', 't', 'f', 'made by Milvus' ], [ 'tags', 'Array of Int64', 'bigint[]', undef, 'f', 'f', 'f', undef ],
			[ 'v', 'FloatVector(2)', 'real[]', 2, 'f', 'f', 'f', undef ], [ '$meta', 'dynamic field', 'jsonb', undef, 'f', 'f', 't', undef ] ], 'fields() has all');
	is(join(' ', map { $_->[0] } sql(q{SELECT attname FROM pg_attribute WHERE attrelid = 'm.t043_made'::regclass AND attnum > 0 AND attnotnull})), 'tags v', 'a key that Milvus makes may be left out');
};

subtest 'which tables are imported' => sub {
	es(PUT => '/t043_plain', { mappings => { properties => { id => { type => 'long' } } } });
	sql('CREATE SCHEMA one');
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO ("t043-my.index", t043_plain, t043_nix) FROM SERVER es INTO one');
	is(value(q{SELECT string_agg(relname, ' ' ORDER BY 1) FROM pg_class WHERE relnamespace = 'one'::regnamespace}), 't043-my.index t043_plain', 'LIMIT TO');
	my ($warning) = grep { $_->{severity} eq 'WARNING' } @{ notices() };
	like($warning->{message}, qr/"t043_nix" does not exist/, 'a name that is not there gets a WARNING');
	my $error = error_of('IMPORT FOREIGN SCHEMA other FROM SERVER es INTO one');
	is($error->{sqlstate}, 'HV00Q', 'Elasticsearch has one schema');
	like($error->{hint}, qr/"default"/, 'and its name is told');
	$error = error_of('IMPORT FOREIGN SCHEMA "default" FROM SERVER es INTO one OPTIONS (x \'1\')');
	is($error->{sqlstate}, 'HV00D', 'no options');
};

subtest 'other databases of Milvus' => sub {
	python(<<'P');
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F, connections, db, utility
milvus()
if "t043_Other" in db.list_database():
    db.using_database("t043_Other")
    for name in utility.list_collections():
        utility.drop_collection(name)
else:
    db.create_database("t043_Other")
    db.using_database("t043_Other")
c = Collection("t043_names", CollectionSchema([F("id", DataType.INT64, is_primary=True), F("v", DataType.FLOAT_VECTOR, dim=2)]))
c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
c.load()
P
	sql('CREATE SCHEMA other');
	sql('IMPORT FOREIGN SCHEMA "t043_Other" FROM SERVER milvus INTO other');
	is(value(q{SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'other'::regnamespace}), 't043_names', 'its collections are imported');
	like(value(q{SELECT ftoptions::text FROM pg_foreign_table WHERE ftrelid = 'other.t043_names'::regclass}), qr/database=t043_Other/, 'with option "database"');
	sql(q{INSERT INTO other.t043_names SELECT n, ARRAY[n, n] FROM generate_series(1, 10) n});
	is(value('SELECT sum(id) FROM other.t043_names'), 55, 'rows go there and come from there');
	is(value(q{SELECT count(*) FROM milvus_fdw.collections('milvus') WHERE name = 't043_names'}), 0, 'not into the default one');
	my $database = sub { sprintf "CREATE SERVER t043_%s FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '%s', port '%s', database '%s')", $_[0], milvus_host(), milvus_port(), $_[1] };
	sql($database->(other => 't043_Other'));
	is(value(q{SELECT string_agg(name, ' ') FROM milvus_fdw.collections('t043_other')}), 't043_names', 'a server may name the database');
	sql(q{SELECT milvus_fdw.create_collection('t043_other', 't043_more', like => 'other.t043_names')});
	sql('CREATE SCHEMA again');
	sql('IMPORT FOREIGN SCHEMA "t043_Other" FROM SERVER t043_other INTO again');
	sql('INSERT INTO again.t043_more SELECT * FROM again.t043_names');
	is(value('SELECT count(*) FROM again.t043_more'), 10, 'and create collections there');
	# Here, because nobody else makes and drops collections in this database.
	sql('CREATE SCHEMA two');
	sql('IMPORT FOREIGN SCHEMA "t043_Other" EXCEPT (t043_names) FROM SERVER milvus INTO two');
	is(value(q{SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'two'::regnamespace}), 't043_more', 'EXCEPT');
	sql(qq{SELECT milvus_fdw.drop_collection('t043_other', '$_')}) for qw(t043_more t043_names);
	sql('CREATE SCHEMA plain');
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO ("t043_Mixed") FROM SERVER t043_other INTO plain');
	is(value('SELECT "select" FROM plain."t043_Mixed"'), 2, '"default" means that one there too');
	my $error = error_of('IMPORT FOREIGN SCHEMA nix FROM SERVER milvus INTO other');
	like($error->{message}, qr/database/, 'no such database');
	python("from pymilvus import db\nmilvus()\ndb.drop_database('t043_Other')\n");
};

done_testing();
