# Does every type of Elasticsearch arrive as what it is, in every way that a document may write it?

use MilvusFdw;

my @indices = qw(t040_types t040_arrays t040_paths t040_m1 t040_m2 t040_c t040_dates t040_bad);
ours(es => \@indices);
fresh_database();
both_servers();
sql('CREATE SCHEMA es');

# Documents as text, because their digits and the form of their keys matter.
sub documents
{
	my ($index, $mapping, @documents) = @_;
	es(PUT => "/$index", { mappings => $mapping });
	my $n = 0;
	my $lines = join '', map { ref $_ ? qq({"index":{"_id":"$_->[0]"}}\n$_->[1]\n) : sprintf(qq({"index":{"_id":"%d"}}\n%s\n), ++$n, $_) } @documents;
	my $answer = es(POST => "/$index/_bulk?refresh=true", $lines);
	my @refused = map { "$_->{index}{error}{reason}: " . ($_->{index}{error}{caused_by}{reason} // '') }
		grep { $_->{index}{error} } @{ $answer->{items} };
	die join "\n", @refused, '' if @refused;
}

sub import_tables
{
	my (@names) = @_;
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', map { qq("$_") } @names) . ') FROM SERVER es INTO es');
}

sub columns_of
{
	return { map { @$_ } sql(q{SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0}, $_[0]) };
}

# field => [mapping, column's type, [value as written, what it is as text], ...]
my %types = (
	l => [ { type => 'long' }, 'bigint', map { ref $_ ? $_ : [ $_, $_ ] } '9223372036854775807', '-9223372036854775808',
		'9007199254740993', [ '"42"', 42 ], [ '5.0', 5 ], [ '1e3', 1000 ], [ '-0', 0 ] ],
	i => [ { type => 'integer' }, 'integer', [ '2147483647', '2147483647' ], [ '-2147483648', '-2147483648' ], [ '"-7"', '-7' ] ],
	s => [ { type => 'short' }, 'smallint', [ '32767', '32767' ], [ '-32768', '-32768' ], [ '"12"', '12' ] ],
	y => [ { type => 'byte' }, 'smallint', [ '127', '127' ], [ '-128', '-128' ], [ '"-1"', '-1' ] ],
	d => [ { type => 'double' }, 'double precision', [ '0.1', '0.1' ], [ '5e-324', '5e-324' ], [ '"2.5e-3"', '0.0025' ],
		[ '1.7976931348623157e308', '1.7976931348623157e+308' ], [ '-0.0', '-0' ], [ '9007199254740993', '9.007199254740992e+15' ],
		[ '0.1000000000000000055511151231257827', '0.1' ], [ '7', '7' ] ],
	f => [ { type => 'float' }, 'real', [ '3.4028235e38', '3.4028235e+38' ], [ '1e-45', '1e-45' ], [ '0.1', '0.1' ],
		[ '16777217', '1.6777216e+07' ], [ '"0.5"', '0.5' ], [ '-0.0', '-0' ], [ '1.00000005960464477539062500000000000001', '1.0000001' ] ],
	h => [ { type => 'half_float' }, 'real', [ '65504', '65504' ], [ '0.333251953125', '0.33325195' ], [ '"0.25"', '0.25' ] ],
	t => [ { type => 'boolean' }, 'boolean', [ 'true', 'true' ], [ 'false', 'false' ], [ '"true"', 'true' ], [ '"false"', 'false' ], [ '""', 'false' ] ],
	k => [ { type => 'keyword' }, 'text', [ '"é 🙂"', 'é 🙂' ], [ '"\\u00e9\\ud83d\\ude42\\u0001\\/"', "é🙂\x01/" ], [ '5', '5' ], [ 'true', 'true' ], [ '""', '' ] ],
	x => [ { type => 'text', fields => { raw => { type => 'keyword' } } }, 'text', [ '"two\\nlines"', "two\nlines" ], [ '"\\"\\\\"', '"\\' ] ],
	p => [ { type => 'ip' }, 'inet', [ '"192.168.0.1"', '192.168.0.1' ], [ '"::1"', '::1' ], [ '"2001:DB8::FF"', '2001:db8::ff' ] ],
	z => [ { type => 'binary' }, 'bytea', [ '"AQID/w=="', '\\x010203ff' ], [ '""', '\\x' ] ],
	o => [ { properties => { a => { type => 'long' }, b => { properties => { c => { type => 'keyword' } } } } }, 'jsonb',
		[ '{"a": 1, "b": {"c": "é\\u0001"}}', '{"a": 1, "b": {"c": "é\\u0001"}}' ], [ '[{"a": 1}, {"a": 9007199254740993}]', '[{"a": 1}, {"a": 9007199254740993}]' ] ],
	n => [ { type => 'nested', properties => { q => { type => 'double' } } }, 'jsonb', [ '[{"q":1},{"q":2.50}]', '[{"q": 1}, {"q": 2.50}]' ], [ '{"q":3}', '{"q": 3}' ] ],
	g => [ { type => 'flattened' }, 'jsonb', [ '{"any":"thing","x":{"y":["1","2"]}}', '{"x": {"y": ["1", "2"]}, "any": "thing"}' ] ],
	v => [ { type => 'dense_vector', dims => 3, index => \0 }, 'real[]', [ '[1,2.5,-3]', '{1,2.5,-3}' ], [ '[1e-45, -0.0 ,9.2e18]', '{1e-45,-0,9.2e+18}' ] ],
	w => [ { type => 'dense_vector', dims => 4, element_type => 'byte' }, 'smallint[]', [ '[1,-128,127,0]', '{1,-128,127,0}' ], [ '"01807f00"', '{1,-128,127,0}' ] ],
	u => [ { type => 'dense_vector', dims => 16, element_type => 'bit' }, 'bit(16)', [ '"ff01"', '1111111100000001' ], [ '[-1,1]', '1111111100000001' ] ],
	geo => [ { type => 'geo_point' }, 'jsonb', [ '{"lat":1.5,"lon":2}', '{"lat": 1.5, "lon": 2}' ], [ '"1,2"', '"1,2"' ] ],
	range => [ { type => 'integer_range' }, 'jsonb', [ '{"gte":1,"lt":5}', '{"lt": 5, "gte": 1}' ] ],
);

subtest 'scalars, objects and vectors' => sub {
	my (@documents, %expected);
	for my $field (sort keys %types)
	{
		my (undef, undef, @values) = @{ $types{$field} };
		my $n = 0;
		for (@values)
		{
			push @documents, [ "$field" . ++$n, qq({"$field":$_->[0]}) ];
			$expected{$field}{"$field$n"} = $_->[1];
		}
	}
	push @documents, [ nulls => '{' . join(',', map { qq("$_":null) } grep { !/^[vwu]$/ } sort keys %types) . '}' ], [ nothing => '{}' ];
	documents('t040_types', { properties => { (map { $_ => $types{$_}[0] } keys %types), alias_of_l => { type => 'alias', path => 'l' } } }, @documents);
	import_tables('t040_types');

	is_deeply(columns_of('es.t040_types'), { _id => 'text', alias_of_l => 'bigint', map { $_ => $types{$_}[1] } keys %types }, 'column types');
	is_deeply([ sql(q{SELECT attname, attfdwoptions::text FROM pg_attribute WHERE attrelid = 'es.t040_types'::regclass AND attfdwoptions IS NOT NULL ORDER BY 1}) ],
		[ [ '_id', '{key=true}' ], [ 'v', '{dim=3}' ], [ 'w', '{dim=4}' ] ], 'column options');
	for my $field (sort keys %types)
	{
		my $text = $types{$field}[1] eq 'inet' ? "host($field)" : "$field\::text";
		is_deeply({ map { @$_ } sql("SELECT _id, $text FROM es.t040_types WHERE $field IS NOT NULL") }, $expected{$field},
			"$field: " . ($types{$field}[0]{type} // 'object'));
	}
	is_deeply({ map { @$_ } sql('SELECT _id, alias_of_l FROM es.t040_types WHERE alias_of_l IS NOT NULL') }, $expected{l}, 'an alias of a field');
	my $columns = join ', ', map { qq("$_") } sort keys %types;
	is_deeply([ sql("SELECT _id, num_nonnulls($columns) FROM es.t040_types WHERE _id IN ('nulls', 'nothing') ORDER BY 1") ],
		[ [ nothing => 0 ], [ nulls => 0 ] ], 'null and what is missing are NULL');
	is(value('SELECT count(*) FROM es.t040_types'), scalar @documents, 'every document is a row');

	# What the server itself makes of the same documents.
	my $answer = es(POST => '/t040_types/_search?size=1000', { _source => \0, fields => [ qw(l i s y t p k) ] });
	my %says;
	for my $hit (@{ $answer->{hits}{hits} })
	{
		for my $field (keys %{ $hit->{fields} // {} })
		{
			my $value = $hit->{fields}{$field}[0];
			$says{$field}{ $hit->{_id} } = ref $value ? ($value ? 'true' : 'false') : "$value";
		}
	}
	is_deeply(\%says, { map { $_ => $expected{$_} } qw(l i s y t p k) }, 'the server itself says the same of what it indexed');
};

subtest 'dates' => sub {
	my @iso = qw("2024-02-29T23:59:59.999Z" "2024-02-29T23:59:59.999+05:30" "2024-02-29T23:59-1100" "2024-02-29" "2024-02" "2024"
		"2024-02-29T10" "2024-02-29T10:11" "2024-02-29T10:11:12" "1969-12-31T23:59:59.999Z" "0001-01-01T00:00:00Z" "9999-12-31T23:59:59.999Z");
	my @millis = qw(0 -1 1700000000123 "1700000000123" -62135596800000 253402300799999);
	my %fields = (
		plain   => [ { type => 'date' }, @iso, @millis, 2024 ],
		strict  => [ { type => 'date', format => 'strict_date_optional_time' }, @iso ],
		millis  => [ { type => 'date', format => 'epoch_millis' }, @millis ],
		seconds => [ { type => 'date', format => 'epoch_second' }, qw(0 1700000000 "-1") ],
		mixed   => [ { type => 'date', format => 'yyyy-MM-dd HH:mm:ss||epoch_millis' }, '"2024-02-29 01:02:03"', @millis ],
		nanos   => [ { type => 'date_nanos' }, qw("2024-02-29T23:59:59.123456Z" 1700000000123 "2262-04-11T23:47:16.854775Z" "1970-01-01T00:00:00.000001Z") ],
	);
	my @documents;
	for my $field (sort keys %fields)
	{
		my $n = 0;
		push @documents, map { [ $field . ++$n, qq({"$field":$_}) ] } @{ $fields{$field} }[ 1 .. $#{ $fields{$field} } ];
	}
	documents('t040_dates', { properties => { (map { $_ => $fields{$_}[0] } keys %fields), odd => { type => 'date', format => 'dd/MM/yyyy' } } },
		@documents, [ odd => '{"odd":"29/02/2024"}' ]);
	import_tables('t040_dates');
	my $answer = es(POST => '/t040_dates/_search?size=1000',
		{ _source => \0, fields => [ map { { field => $_, format => q(yyyy-MM-dd HH:mm:ss.SSSSSS) } } keys %fields ] });
	my %says;
	for my $hit (@{ $answer->{hits}{hits} }) { $says{$_}{ $hit->{_id} } = $hit->{fields}{$_}[0] for keys %{ $hit->{fields} // {} } }
	is_deeply(columns_of('es.t040_dates'), { _id => 'text', odd => 'timestamp with time zone', map { $_ => 'timestamp with time zone' } keys %fields }, 'column types');
	for my $field (sort keys %fields)
	{
		is_deeply({ map { @$_ } sql(qq{SELECT _id, to_char($field AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM es.t040_dates WHERE $field IS NOT NULL}) },
			$says{$field}, $field);
	}

	my $error = error_of('SELECT odd FROM es.t040_dates');
	like($error->{message}, qr{"29/02/2024".*"odd".*date}, 'a format that is not understood is an error');
	like($error->{detail}, qr{dd/MM/yyyy}, 'which names it');
	like($error->{context}, qr/key "odd"/, 'and the document');
	sql('ALTER FOREIGN TABLE es.t040_dates ALTER odd TYPE text');
	is(value(q{SELECT to_date(odd, 'DD/MM/YYYY') FROM es.t040_dates WHERE odd IS NOT NULL}), '2024-02-29', 'and is read as text, as the hint says');
};

subtest 'several values' => sub {
	documents('t040_arrays', { properties => { n => { type => 'long' }, k => { type => 'keyword' }, t => { type => 'boolean' }, d => { type => 'date' },
		f => { type => 'double' }, o => { properties => { a => { type => 'long' } } } } },
		[ several => '{"n":[1,9007199254740993,-3],"k":["a","","é\\n",5],"t":[true,"false"],"d":[0,"2024"],"f":[0.5,"1e3"],"o":[{"a":1},{"a":[2,3]}]}' ],
		[ one => '{"n":[7],"k":"x","t":true,"d":0,"f":1,"o":{"a":4}}' ],
		[ none => '{"n":[],"k":null}' ],
		[ deep => '{"n":[[1,2],[3,[4]]],"k":["a",null,"b"]}' ]);
	sql(q{CREATE FOREIGN TABLE es.arrays (_id text, n bigint[], k text[], t boolean[], d timestamptz[], f double precision[],
		oa int[] OPTIONS (field 'o.a'), o jsonb) SERVER es OPTIONS (index 't040_arrays')});
	is_deeply([ sql('SELECT _id, n, k, t, d::text, f, oa, o FROM es.arrays ORDER BY 1') ], [
		[ 'deep', '{1,2,3,4}', '{a,NULL,b}', undef, undef, undef, undef, undef ],
		[ 'none', '{}', (undef) x 6 ],
		[ 'one', '{7}', '{x}', '{t}', '{"1970-01-01 00:00:00+00"}', '{1}', '{4}', '{"a": 4}' ],
		[ 'several', '{1,9007199254740993,-3}', qq({a,"","é\n",5}), '{t,f}', '{"1970-01-01 00:00:00+00","2024-01-01 00:00:00+00"}', '{0.5,1000}',
			'{1,2,3}', '[{"a": 1}, {"a": [2, 3]}]' ] ], 'arrays into arrays, a single value too');
	import_tables('t040_arrays');
	for my $column (qw(n k t d f))
	{
		my $error = error_of("SELECT $column FROM es.t040_arrays WHERE _id <> 'one'");
		like($error->{context} . $error->{message}, qr/key "(several|deep|none)".*"$column"/s, "$column: several in a scalar are an error with document and field");
		like($error->{hint}, qr/array/, 'and a hint');
	}
	sql('ALTER FOREIGN TABLE es.arrays ALTER oa TYPE int');
	my $error = error_of('SELECT oa FROM es.arrays');
	like($error->{message}, qr/"o\.a"/, 'so are several objects with one value each');
};

subtest 'paths' => sub {
	my $inner = { properties => { c => { type => 'keyword' }, d => { type => 'long' } } };
	documents('t040_paths', { properties => { o => { properties => { b => $inner, v => { type => 'dense_vector', dims => 2, index => \0 } } },
		m => { type => 'text', fields => { raw => { type => 'keyword' } } }, 'x-y' => { type => 'long' }, off => { type => 'object', enabled => \0 } } },
		'{"o":{"b":{"c":"nested"}},"m":"text"}', '{"o.b.c":"flat"}', '{"o":{"b.c":"half"}}', '{"o.b":{"c":"other half"}}',
		'{"o":{"x":1},"o.b.c":"both","o.b.d":5}', '{"o":[{"b":[{"c":"in arrays"}]}]}', '{"o":{"v":[1,2]},"x-y":3,"off":{"any":["thing"]}}', '{"\u006f":{"\u0062":{"\u0063":"escaped keys"}}}');
	sql(q{CREATE FOREIGN TABLE es.paths (_id text, c text OPTIONS (field 'o.b.c'), "Any Name" bigint OPTIONS (field 'o.b.d'),
		again text OPTIONS (field 'o.b.c'), doc jsonb OPTIONS (field '_source'), idx text OPTIONS (field '_index'), m text,
		"any" jsonb OPTIONS (field 'off.any')) SERVER es OPTIONS (index 't040_paths')});
	is_deeply([ sql('SELECT c FROM es.paths ORDER BY _id') ], [ map { [$_] } 'nested', 'flat', 'half', 'other half', 'both', 'in arrays', undef, 'escaped keys' ],
		'a path is found in every form that a document may write it');
	is(value('SELECT count(*) FROM es.paths WHERE c IS NOT DISTINCT FROM again'), 8, 'two columns of one field');
	is_deeply([ sql(q{SELECT _id, "Any Name", idx, c FROM es.paths WHERE "Any Name" = 5}) ], [ [ 5, 5, 't040_paths', 'both' ] ], 'column names are free');
	is_deeply([ sql('SELECT doc FROM es.paths WHERE _id IN ($1, $2) ORDER BY _id', 2, 7) ],
		[ ['{"o.b.c": "flat"}'], ['{"o": {"v": [1, 2]}, "off": {"any": ["thing"]}, "x-y": 3}'] ], '_source is the document as it is');
	is(value('SELECT "any" FROM es.paths WHERE _id = $1', 7), '["thing"]', 'inside what the mapping does not look into');
	import_tables('t040_paths');
	is_deeply(columns_of('es.t040_paths'), { _id => 'text', o => 'jsonb', o_v => 'real[]', m => 'text', x_y => 'bigint', off => 'jsonb' }, 'imported columns');
	is_deeply([ sql('SELECT o_v, x_y FROM es.t040_paths WHERE _id = $1', 7) ], [ [ '{1,2}', 3 ] ], 'a vector inside an object has its own column');
	is_deeply([ sql('SELECT o FROM es.t040_paths ORDER BY _id LIMIT 5') ],
		[ map { [$_] } '{"b": {"c": "nested"}}', '{"b.c": "flat"}', '{"b.c": "half"}', '{"b": {"c": "other half"}}', '{"x": 1, "b.c": "both", "b.d": 5}' ],
		'an object as jsonb holds all that is below it, however the keys are written');
	for ([ 'm.raw', qr/"m\.raw" does not exist/, qr/"m"/ ], [ 'nix', qr/"nix" does not exist/, qr/field/ ])
	{
		my ($field, $message, $hint) = @$_;
		es(PUT => '/t040_paths/_mapping', { dynamic => 'strict' });
		sql("CREATE FOREIGN TABLE es.bad (x text OPTIONS (field '$field')) SERVER es OPTIONS (index 't040_paths')");
		my $error = error_of('SELECT x FROM es.bad');
		is($error->{sqlstate}, 'HV005', "$field is no field");
		like($error->{message}, $message, 'it is named');
		like($error->{hint}, $hint, 'with a hint');
		sql('DROP FOREIGN TABLE es.bad');
	}
};

subtest 'values that do not fit' => sub {
	documents('t040_bad', { properties => { n => { type => 'long' }, k => { type => 'keyword' }, d => { type => 'double' }, o => { type => 'object', enabled => \0 }, tw => { type => 'object', enabled => \0 } } },
		[ twice => '{"tw":[{"o.b":1},{"o.b":2}]}' ], [ fraction => '{"n":5.7}' ], [ zero => '{"k":"a\\u0000b"}' ], [ half => '{"k":"\\ud800"}' ], [ big => '{"d":1e300}' ], [ object => '{"o":{"n":1}}' ]);
	sql(q{CREATE FOREIGN TABLE es.bad (_id text, n bigint, k text, d real, o text, s smallint OPTIONS (field 'n'), tw jsonb OPTIONS (field 'tw.o')) SERVER es OPTIONS (index 't040_bad')});
	# Elasticsearch cuts 5.7 to 5 in its index; the document says 5.7.
	my @expected = ([ n => '22', qr/5\.7/, 'fraction' ], [ k => '22', qr/U\+0000|surrogate/, 'zero|half' ], [ d => '22003', qr/1e\+?300/, 'big' ], [ o => '42804', qr/"o" of type object/ ],
		[ tw => '22', qr/more than one/, 'twice' ]);
	for (@expected)
	{
		my ($column, $state, $message, $key) = @$_;
		my $error = error_of("SELECT $column FROM es.bad") // {};
		like($error->{sqlstate}, qr/^$state/, "$column: SQLSTATE");
		like($error->{message}, $message, 'the message says why');
		like($error->{context}, $key ? qr/column "$column".*key "$key"/ : qr/column "$column"/, 'the context says where');
	}
	is(value('SELECT count(*) FROM es.bad'), 6, 'the session goes on');
};

subtest 'several indices behind one name' => sub {
	documents('t040_m1', { properties => { id => { type => 'long' }, same => { type => 'keyword' }, other => { type => 'long' }, v => { type => 'dense_vector', dims => 2, index => \0 } } },
		'{"id":1,"same":"a","other":5,"v":[1,2]}', '{"id":2}');
	documents('t040_m2', { properties => { id => { type => 'long' }, same => { type => 'keyword' }, other => { type => 'keyword' }, v => { type => 'dense_vector', dims => 2, index => \0 }, more => { type => 'double' } } },
		'{"id":3,"same":"b","other":"x","v":[3,4],"more":0.5}');
	es(POST => '/_aliases', { actions => [ { add => { indices => [ 't040_m1', 't040_m2' ], alias => 't040_both' } } ] });
	import_tables('t040_both');
	is_deeply(columns_of('es.t040_both'), { _id => 'text', id => 'bigint', same => 'text', more => 'double precision', v => 'real[]' }, 'an alias has the fields of all');
	my ($notice) = grep { $_->{message} =~ /t040_both/ } @{ notices() };
	like($notice->{detail}, qr/"other".*keyword.*long|"other".*long.*keyword/, 'a field of two types is left out with a NOTICE');
	is_deeply([ sql('SELECT id, same, more, v FROM es.t040_both ORDER BY id') ], [ [ 1, 'a', undef, '{1,2}' ], [ 2, undef, undef, undef ], [ 3, 'b', 0.5, '{3,4}' ] ], 'rows of both');
	for my $name ('t040_m1,t040_m2', 't040_m*', 't040_*,-t040_types,-t040_arrays,-t040_paths,-t040_c,-t040_dates,-t040_bad')
	{
		sql(qq{CREATE FOREIGN TABLE es.many (id bigint, other text, _index text) SERVER es OPTIONS (index '$name')});
		is_deeply([ sql('SELECT id, other, _index FROM es.many ORDER BY id') ], [ [ 1, '5', 't040_m1' ], [ 2, undef, 't040_m1' ], [ 3, 'x', 't040_m2' ] ], "index '$name', a field of two types as text");
		is(value('SELECT count(*) FROM es.many'), 3, 'counted alike');
		sql('DROP FOREIGN TABLE es.many');
	}
};

subtest 'an index without documents, or without fields' => sub {
	es(PUT => '/t040_c', { mappings => { properties => { id => { type => 'long' }, v => { type => 'dense_vector', dims => 2 } } } });
	import_tables('t040_c');
	is_deeply([ sql('SELECT * FROM es.t040_c') ], [], 'no rows');
	is(value('SELECT count(*) FROM es.t040_c'), 0, 'count');
	is(value('SELECT count(id) FROM es.t040_c'), 0, 'count of a column');
	es(DELETE => '/t040_c');
	es(PUT => '/t040_c', {});
	sql('DROP FOREIGN TABLE es.t040_c');
	import_tables('t040_c');
	is_deeply(columns_of('es.t040_c'), { _id => 'text' }, 'without fields there is still _id');
	is_deeply([ sql('SELECT * FROM es.t040_c') ], [], 'no rows');
};

done_testing();
