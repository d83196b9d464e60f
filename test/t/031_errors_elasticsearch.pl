# What does one read when something is wrong with an index, a document, an option or an answer of Elasticsearch?

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = 50;

sub index_of
{
	my ($name, $properties, $documents, %more) = @_;
	es(DELETE => "/$name?ignore_unavailable=true");
	es(PUT => "/$name", { mappings => { properties => $properties, %{ $more{mappings} // {} } } });
	es_bulk($name, $documents) if @$documents;
}

my %vector = (type => 'dense_vector', dims => 4, index => \0);
index_of('tap031', { id => { type => 'long' }, title => { type => 'keyword' }, v => \%vector },
	[ map { { _id => "k$_", id => $_, title => "t$_", v => [ $_, 1, 2, 3 ] } } 1 .. $rows ]);

fresh_database();
sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\es_url}', retry_timeout '0')");

my $tables = 0;

# A new foreign table.
sub table
{
	my ($columns, %options) = @_;
	my $server = delete $options{server} // 'es';
	my $name = 't' . ++$tables;
	%options = (index => 'tap031', %options);
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER $server OPTIONS (" . join(', ', map { "$_ '$options{$_}'" } sort keys %options) . ')');
	return $name;
}

# A table behind a double.
sub behind
{
	my ($script, %options) = @_;
	my $double = double('http_server', to => real_es(), script => $script);
	my %server = (retry_timeout => 0, map { $_ => delete $options{$_} } grep { /timeout|memory_limit/ } keys %options);
	my $server = 's' . ++$tables;
	sql("CREATE SERVER $server FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\$double->url}'" . join('', map { ", $_ '$server{$_}'" } sort keys %server) . ')');
	my $table = table('id bigint, v real[]', server => $server, fetch_size => 10, slices => 1, %options);
	return ($table, $double);
}

sub requests { my ($double, $path) = @_; return scalar grep { ($_->{path} // '') =~ $path } $double->seen }

subtest 'names' => sub {
	my $t = table('id bigint', index => 'tap031_none');
	my %missing = (sqlstate => 'HV00R', message => 'index "tap031_none" does not exist', detail => qr/index_not_found_exception/,
		context => qr/collection "tap031_none", server "es", foreign table "public\.$t"/);
	fails('an index that does not exist', "SELECT * FROM $t", %missing);
	fails('counting it', "SELECT count(*) FROM $t", %missing);
	fails('a name that cannot be one', 'SELECT * FROM ' . table('id bigint', index => 'TAP031'), sqlstate => qr/^(22023|HV00R)$/,
		message => qr/index( name)? "TAP031"/);
	fails('a path in a name', 'SELECT * FROM ' . table('id bigint', index => 'tap031/_search'), sqlstate => qr/^(22023|HV00R|HV000)$/,
		message => qr{tap031/_search});
	fails('a field that does not exist', 'SELECT * FROM ' . table('id bigint, nothing text'), sqlstate => 'HV005',
		message => 'field "nothing" does not exist in index "tap031"', hint => qr/option "field"/, context => qr/column "nothing"/);
	fails('a field named by option', 'SELECT * FROM ' . table(q{id bigint OPTIONS (field 'no.such')}), sqlstate => 'HV005',
		message => 'field "no.such" does not exist in index "tap031"');
	is(value('SELECT sum(id) FROM ' . table('id bigint, nothing text')), $rows * ($rows + 1) / 2, 'what is not asked for does not matter');

	es(POST => '/tap031/_close');
	fails('a closed index', 'SELECT * FROM ' . table('id bigint'), sqlstate => '55000', message => 'index "tap031" is closed');
	es(POST => '/tap031/_open');
	es(GET => '/_cluster/health/tap031?wait_for_status=yellow');
	fails('a schema that does not exist', 'IMPORT FOREIGN SCHEMA nothing FROM SERVER es INTO public', message => qr/"nothing"/);
};

subtest 'options' => sub {
	my $server = 'CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (%s)';
	my %value  = (sqlstate => '22023');
	fails('no URL', 'CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (fetch_size $$10$$)',
		message => 'option "url" is required for a server of elasticsearch_fdw', hint => qr/localhost:9200/);
	fails('an unknown option', sprintf($server, q{url 'http://localhost', fetchsize '3'}), sqlstate => 'HV00D',
		message => 'invalid option "fetchsize" for a server of elasticsearch_fdw', hint => 'Perhaps you meant the option "fetch_size".');
	fails('one of another wrapper', sprintf($server, q{url 'http://localhost', collection 'x'}), sqlstate => 'HV00D',
		hint => qr/Valid options in this context are: .*url/);
	fails('one that belongs elsewhere', sprintf($server, q{url 'http://localhost', "index" 'x'}), sqlstate => 'HV00D',
		hint => qr/"index" is an option of a foreign table/);
	for ([ 'a number that is none', q{fetch_size 'ten'}, qr/^invalid value for option "fetch_size": "ten"$/, qr/integer from 1 to / ],
		[ 'zero', q{batch_size '0'}, qr/"0"/, qr/integer from 1/ ], [ 'too large', q{slices '1000000'}, qr/slices/, qr/from 1 to/ ],
		[ 'no boolean', q{keep_connections 'perhaps'}, qr/perhaps/, qr/true or false/ ],
		[ 'no choice', q{sslmode 'maybe'}, qr/maybe/, qr/disable.*verify-full/ ],
		[ 'no time', q{keep_alive 'long'}, qr/keep_alive.*long/, qr/2m/ ],
		[ 'a negative cost', q{fdw_tuple_cost '-1'}, qr/fdw_tuple_cost/, qr/0 or more/ ],
		[ 'a file by a relative path', q{sslrootcert 'ca.crt'}, qr/sslrootcert.*ca\.crt/, qr/absolute/ ])
	{
		my ($name, $option, $message, $detail) = @$_;
		fails($name, sprintf($server, "url 'http://localhost', $option"), %value, message => $message, detail => $detail);
	}
	for ([ 'no scheme', 'localhost:9200' ], [ 'another scheme', 'ftp://localhost' ], [ 'file', 'file:///etc/passwd' ], [ 'credentials', 'http://a:b@localhost' ])
	{
		my ($name, $url) = @$_;
		fails("URL: $name", sprintf($server, "url '$url'"), %value, message => qr/^invalid value for option "url"/, detail => qr/^[iI]t must/);
	}
	for ([ 'a bad port', 'http://localhost:99999' ], [ 'a query', 'http://localhost/?q' ])
	{
		my ($name, $url) = @$_;
		my $e = error_of(sprintf $server, "url '$url'");
		if (!$e)
		{
			sql(q{CREATE FOREIGN TABLE pg_temp.x (id bigint) SERVER x OPTIONS (index 'x')});
			$e = error_of('SELECT * FROM pg_temp.x');
			sql('DROP SERVER x CASCADE');
		}
		like("$e->{sqlstate} $e->{message} " . ($e->{detail} // ''), qr/^(22023|HV024) .*(url|URL|port)/, "URL: $name");
	}
	fails('a column option', q{CREATE FOREIGN TABLE y (id bigint OPTIONS (dim 'x')) SERVER es OPTIONS (index 'tap031')}, %value);
};

subtest 'documents' => sub {
	index_of('tap031_docs', { n => { type => 'long' }, x => { type => 'float' }, tags => { type => 'keyword' }, v => \%vector,
			o => { type => 'object' }, day => { type => 'date' }, w => { type => 'float' }, note => { type => 'keyword' } },
		[ { _id => 'plain', n => 1, tags => 'a', v => [ 1, 2, 3, 4 ] },
			{ _id => 'bare', n => 2 },
			{ _id => 'many', n => 3, tags => [ 'a', 'b' ], v => [ 1, 2, 3, 4 ] },
			{ _id => 'big', n => 3_000_000_000, v => [ 1, 2, 3, 4 ], w => [ 1, 2, 3 ] },
			{ _id => 'zero', n => 5, note => "x\0y" } ]);
	my $t = sub { table($_[0], index => 'tap031_docs') };
	is_deeply([ sql('SELECT count(*), count(v) FROM ' . $t->('n bigint, v real[]')) ], [ [ 5, 3 ] ], 'one without the vector: NULL');

	my $many = $t->(q{n bigint, tags text});
	fails('several values in a scalar column', "SELECT tags FROM $many WHERE n = 3", sqlstate => qr{^(22000|42804)$},
		message => qr{field "tags" (has more than one value|holds an array)}, hint => qr/Declare the column as an array/,
		context => qr/column "tags", row \d+, key "many", collection "tap031_docs".*"public\.$many"/);
	my $zero = $t->('note text');
	fails('U+0000 in a text', "SELECT * FROM $zero", sqlstate => '22021', message => qr/field "note" holds the character U\+0000/,
		context => qr/column "note", row \d, key "zero"/);
	my $narrow = $t->('n integer');
	fails('a number too large', "SELECT n FROM $narrow", sqlstate => '22003', message => qr/"3000000000"/, context => qr/column "n", row \d/);
	fails('an array too short for its dimensions', 'SELECT * FROM ' . $t->(q{w real[] OPTIONS (dim '4')}), sqlstate => '22000',
		message => qr/expected 4 dimensions, not 3/, context => qr/column "w".*key "big"/);
	fails('dimensions other than the mapping\'s', 'SELECT * FROM ' . $t->(q{v real[] OPTIONS (dim '8')}), sqlstate => '22000',
		message => 'expected 8 dimensions, not 4', detail => qr/Field "v" is mapped with 4/, context => qr/column "v"/);
	fails('a vector as a number', 'SELECT * FROM ' . $t->('v real'), sqlstate => qr/^(42804|22000|HV004)$/, message => qr/field "v"/);
	fails('a word as a number', 'SELECT * FROM ' . $t->('tags integer'), sqlstate => qr/^22/, context => qr/"tags"/);
	fails('a column type of no use', 'SELECT * FROM ' . $t->('n point'), sqlstate => qr/^(42804|22P02|22000|HV004)$/);

	index_of('tap031_nosource', { id => { type => 'long' }, v => \%vector }, [ { _id => 'a', id => 1, v => [ 1, 2, 3, 4 ] } ],
		mappings => { _source => { enabled => \0 } });
	my $no = sub { table($_[0], index => 'tap031_nosource') };
	fails('an index without _source', 'SELECT * FROM ' . $no->('id bigint, v real[]'), sqlstate => '0A000',
		message => 'index "tap031_nosource" does not keep "_source"', hint => qr/only "_id"/);
	is(value('SELECT count(*) FROM ' . $no->('id bigint')), 1, 'but it can be counted');
	is(value('SELECT _id FROM ' . $no->('_id text')), 'a', 'and its ids read');
	fails('writing', 'INSERT INTO ' . $t->('n bigint') . ' VALUES (1)', sqlstate => qr/^(55000|0A000)$/, message => qr/does not allow inserts/);
};

# -------------------------------------------------------------- a server that misbehaves

my $sum = $rows * ($rows + 1) / 2;

subtest 'too busy for a moment' => sub {
	for ([ '429 with Retry-After', { status => 429, headers => { 'Retry-After' => '1' }, body => { error => { type => 'es_rejected_execution_exception', reason => 'queue full' } } } ],
		[ 503 => { status => 503, body => { error => 'starting' } } ], [ 502 => { status => 502, body => '<html>proxy' } ])
	{
		my ($name, $answer) = @$_;
		for my $path (qw(_search _pit ^/tap031\?))
		{
			my ($t, $double) = behind([ { path => $path, answers => [ $answer, { forward => \1 } ] } ], retry_timeout => 30);
			my $start = time;
			is(value("SELECT sum(id) FROM $t"), $sum, "$name in $path, then well");
			cmp_ok(time - $start, '>=', 0.9, 'not before it was asked to') if $name =~ /After/;
		}
	}
	my ($t, $double) = behind([ { path => '_search', answers => [ { forward => \1, times => 2 },
		{ status => 429, body => { error => { type => 'es_rejected_execution_exception', reason => 'queue full' } } } ] } ]);
	fails('busy for longer than retry_timeout', "SELECT sum(id) FROM $t", sqlstate => '53000', message => 'Elasticsearch has too much to do',
		detail => qr/answered 429, es_rejected_execution_exception: queue full/, context => qr/collection "tap031"/);
	($t, $double) = behind([ { path => '_search', answers => [ { status => 429, headers => { 'Retry-After' => '3000' }, body => '' } ] } ], retry_timeout => 30);
	my $start = time;
	fails('one that wants more time than that', "SELECT sum(id) FROM $t", sqlstate => '53000');
	cmp_ok(time - $start, '<', 20, 'is not waited for');
	($t, $double) = behind([ { path => '_search', answers => [ { status => 503, body => '' } ] } ], retry_timeout => 1);
	fails('unavailable for longer than that', "SELECT sum(id) FROM $t", sqlstate => '53000', message => 'Elasticsearch is not available');
	cmp_ok(requests($double, '_search'), '>', 2, 'asked several times');
};

subtest 'a line that breaks' => sub {
	my ($t) = behind([ { path => '_search', answers => [ { forward => \1 }, { forward => \1, cut => 300 }, { forward => \1 }, { forward => \1, cut => 0 }, { forward => \1 } ] } ],
		retry_timeout => 30);
	is_deeply([ sql("SELECT count(id), sum(id), count(DISTINCT id), sum(v[1]) FROM $t") ], [ [ $rows, $sum, $rows, $sum ] ],
		'twice, in the middle of a page: each row once');
	($t) = behind([ { path => '_search', answers => [ { forward => \1 }, { forward => \1, cut => 300 } ] } ]);
	fails('for good', "SELECT sum(id) FROM $t", sqlstate => '08006', message => qr/^lost the connection to server "s\d+"/, detail => qr/_search/);
	($t) = behind([ { path => '_search', answers => [ { forward => \1 }, { raw => '' } ] } ]);
	fails('without a word', "SELECT sum(id) FROM $t", sqlstate => '08006', message => qr/^lost the connection to server "s\d+"/);

	my $line = double('line', to => real_es(), after_reply => 2000, then => 'reset', times => 2);
	sql("CREATE SERVER torn FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\$line->url}', retry_timeout '30')");
	is(value('SELECT sum(id) FROM ' . table('id bigint', server => 'torn', fetch_size => 10)), $sum, 'a reset of the line');
};

subtest 'answers that are none' => sub {
	my %unusable = (sqlstate => 'HV00L', message => qr/^Elasticsearch sent/);
	my $hit = sub { return { _index => 'tap031', _id => "k$_[0]", sort => [ $_[0] ], _source => { id => $_[0], v => [ 1, 2, 3, 4 ] } } };
	my %bodies = (
		'broken JSON'          => '{"pit_id":"x","hits":{"hits":[{"_id":"k1","_source":{"id":1,"v":[1,2',
		'no JSON at all'       => '<html>hello</html>',
		'nothing'              => '',
		'garbage after it'     => '{"pit_id":"x","hits":{"hits":[]}} x',
		'no hits'              => '{"took":1}',
		'hits of another kind' => '{"pit_id":"x","hits":{"hits":17}}',
		'a hit of another kind' => '{"pit_id":"x","hits":{"hits":[1,2]}}',
		'deep nesting'         => '{"a":' . '[' x 100_000,
	);
	for my $name (sort keys %bodies)
	{
		my ($t) = behind([ { path => '_search', answers => [ { body => $bodies{$name} } ] } ]);
		fails($name, "SELECT * FROM $t", %unusable);
	}
	my ($t) = behind([ { path => '_search', answers => [ { body => '<html>', headers => { 'Content-Type' => 'text/html' } } ] } ]);
	fails('another content type', "SELECT * FROM $t", %unusable);

	($t) = behind([ { path => '_search', answers => [ { body => { pit_id => 'x', hits => { hits => [ map { $hit->($_) } 1 .. 11 ] } } } ] } ]);
	fails('more hits than were asked for', "SELECT * FROM $t", %unusable, detail => qr/more hits than were asked for/);
	($t) = behind([ { path => '_search', answers => [ { body => { pit_id => 'x', hits => { hits => [ map { my $h = $hit->($_); delete $h->{sort}; $h } 1 .. 10 ] } } } ] } ]);
	fails('hits without sort values', "SELECT * FROM $t", %unusable, detail => qr/sort/);
	($t) = behind([ { path => '_search', answers => [ { body => { timed_out => \1, pit_id => 'x', hits => { hits => [] } } } ] } ]);
	fails('a search that timed out', "SELECT * FROM $t", sqlstate => 'HV00L', message => 'search in index "tap031" timed out on the server');
	($t) = behind([ { path => '_search', answers => [ { body => { pit_id => 'x', _shards => { failed => 1 }, hits => { hits => [ $hit->(1) ] } } } ] } ]);
	fails('a shard that failed', "SELECT * FROM $t", sqlstate => 'HV00L', message => 'search in index "tap031" failed on some shards');
	for ([ '_pit', '{}' ], [ '_pit', '[1' ], [ '^/tap031\?', '[1' ], [ '^/tap031\?', '{"tap031":{"mappings":7}}' ], [ '_count', '{"count":-5}' ], [ '_count', '{' ])
	{
		my ($path, $body) = @$_;
		($t) = behind([ { path => $path, answers => [ { body => $body } ] } ]);
		fails("$path: $body", 'SELECT ' . ($path eq '_count' ? 'count(*)' : '*') . " FROM $t", sqlstate => qr/^HV0/);
	}
	($t) = behind([ { path => '_search', answers => [ { body => "{\"pit_id\":\"x\",\"hits\":{\"hits\":[{\"_id\":\"a\xff\",\"_source\":{}}]}}", latin1 => \1 } ] } ]);
	my $ids = table('_id text', server => value("SELECT srvname FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = ftserver WHERE ftrelid = '$t'::regclass"), slices => 1);
	fails('bytes that are no UTF-8', "SELECT * FROM $ids", sqlstate => qr/^(22021|HV00L)$/);
};

subtest 'answers without end' => sub {
	my ($t, $double) = behind([ { path => '_search', answers => [ { endless => '{"x":' } ] } ], memory_limit => 64, fetch_size => 1);
	fails('more than memory_limit', "SELECT * FROM $t", sqlstate => 'HV001', message => qr/out of memory/);
	($t, $double) = behind([ { path => '_search', answers => [ { endless => ' ' } ] } ], fetch_size => 1);
	fails('more than an answer may have', "SELECT * FROM $t", sqlstate => '53400', message => qr/^the answer of server "s\d+" is too large/,
		detail => qr/more than \d+ bytes/, hint => qr/"fetch_size"/);
	($t) = behind([ { path => '^/tap031\?', answers => [ { endless => ' ' } ] } ]);
	fails('so for a mapping', "SELECT * FROM $t", sqlstate => qr/^(53400|HV001)$/);
};

subtest 'a search that is forgotten' => sub {
	my %lost = (sqlstate => '55000', message => 'the search in index "tap031" is no longer open on the server', hint => qr/"keep_alive"/,
		detail => qr/search_context_missing_exception/);
	my $answer = { status => 404, body => { status => 404, error => { type => 'search_phase_execution_exception', reason => 'all shards failed',
		root_cause => [ { type => 'search_context_missing_exception', reason => 'No search context found for id [7]' } ] } } };
	my ($t, $double) = behind([ { path => '_search', answers => [ { forward => \1 }, $answer ] } ], retry_timeout => 30);
	fails('a point in time', "SELECT * FROM $t", %lost);
	is(requests($double, '_search'), 2, 'it is not begun again behind one\'s back');

	# A server without points in time, as Elasticsearch before 7.10 was.
	my $without = { path => '_pit', answers => [ { status => 405, body => { error => 'Incorrect HTTP method for uri [/tap031/_pit]', status => 405 } } ] };
	($t, $double) = behind([$without]);
	is(value("SELECT sum(id) FROM $t"), $sum, 'without points in time: a scroll');
	($t, $double) = behind([ $without, { path => '_search/scroll', method => 'POST', answers => [ { forward => \1 }, $answer ] } ], retry_timeout => 30);
	fails('a scroll', "SELECT * FROM $t", %lost);

	# A page of a scroll that was lost would be lost for good: the next call gives the one after it.
	($t, $double) = behind([ $without, { path => '_search/scroll', method => 'POST', answers => [ { forward => \1, cut => 100 }, { forward => \1 } ] } ], retry_timeout => 5);
	my $e = error_of("SELECT sum(id) FROM $t");
	ok($e, 'a page of a scroll that was lost is an error') and is($e->{sqlstate}, '08006', 'a lost connection')
		or diag('sum ' . value("SELECT sum(id) FROM $t"));

	index_of('tap031_gone', { id => { type => 'long' } }, [ map { { _id => $_, id => $_ } } 1 .. $rows ]);
	my $gone = table('id bigint', index => 'tap031_gone', fetch_size => 10, slices => 1);
	sql('BEGIN');
	sql("DECLARE c CURSOR FOR SELECT * FROM $gone");
	sql('FETCH 5 FROM c');
	es(DELETE => '/tap031_gone');
	$e = error_of('FETCH ALL FROM c');
	ok($e, 'an index that is deleted while it is read') and like($e->{sqlstate}, qr/^(55000|HV00R)$/, $e->{message});
	sql('ROLLBACK');
};

es(DELETE => '/tap031,tap031_docs,tap031_nosource');
done_testing();
