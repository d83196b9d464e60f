# Is every document read once, whatever the index's limits and the server's age, and is nothing left open there?

use MilvusFdw;

ours(es => [qw(t044_many t044_small t044_odd t044_empty)]);
fresh_database();
both_servers();
sql('CREATE SCHEMA es');

my $many = 12_345;

sub import_es { sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', @_) . ') FROM SERVER es INTO es') }

# Until the server has no search open; it closes them in its own time, so this is asked, not waited for blindly.
sub open_searches
{
	my ($index, $server) = @_;
	my $open;
	for (1 .. 500)
	{
		$open = es(GET => "/$index/_stats/search")->{_all}{total}{search}{open_contexts};
		return 0 unless $open;
		# What an interrupted statement left is closed by the next one on its server.
		value("SELECT milvus_fdw.version('$server')") if $server;
		select undef, undef, undef, 0.02;
	}
	return $open;
}

is(docs_into_es('t044_many', $many, 8, shards => 2), $many, 'documents');
import_es('t044_many');
my @all = ([ $many, $many, $many * ($many + 1) / 2 ]);
my $all = 'SELECT count(id), count(DISTINCT id), sum(id) FROM %s';

subtest 'more documents than one search may answer' => sub {
	for my $options ([], [ "ADD fetch_size '10000'" ], [ "SET fetch_size '1000000'" ], [ "SET fetch_size '100'" ], [ "SET fetch_size '5000', ADD slices '1'" ], [ "SET slices '5'" ])
	{
		sql("ALTER FOREIGN TABLE es.t044_many OPTIONS (@$options)") if @$options;
		is_deeply([ sql(sprintf $all, 'es.t044_many') ], \@all, @$options ? "@$options" : 'pages as they come');
	}
	is(value('SELECT count(*) FROM es.t044_many'), $many, 'count');
	is(value('SELECT count(*) FROM es.t044_many WHERE array_length(embedding, 1) = 8 AND title IS NOT NULL'), $many, 'whole documents');
	is(scalar(my @few = sql('SELECT id FROM es.t044_many LIMIT 10001')), 10_001, 'LIMIT');
	sql('ALTER FOREIGN TABLE es.t044_many OPTIONS (DROP fetch_size, DROP slices)');
};

subtest 'one document a page' => sub {
	es(PUT => '/t044_small', { settings => { number_of_shards => 3, 'index.max_result_window' => 10 }, mappings => { properties => { id => { type => 'long' } } } });
	es_bulk('t044_small', [ map { { _id => $_, id => $_ } } 1 .. 123 ]);
	import_es('t044_small');
	is_deeply([ sql(sprintf $all, 'es.t044_small') ], [ [ 123, 123, 7626 ] ], 'an index that allows pages of 10');
	for my $size (1, 2, 10, 41)
	{
		sql("ALTER FOREIGN TABLE es.t044_small OPTIONS ($_ fetch_size '$size')") for $size == 1 ? 'ADD' : 'SET';
		is_deeply([ sql(sprintf $all, 'es.t044_small') ], [ [ 123, 123, 7626 ] ], "$size a page");
	}
	is(value('SELECT sum(y.id) FROM (VALUES (3), (120), (7)) x (i), LATERAL (SELECT id FROM es.t044_small WHERE id = i OFFSET 0) y'), 130, 'read again for each row of another');
	my @pairs = sql('SELECT a.id FROM es.t044_small a JOIN es.t044_small b ON b.id = a.id + 1');
	is(scalar @pairs, 122, 'two scans of one index side by side');
};

subtest 'one point in time' => sub {
	sql('BEGIN');
	sql(q{ALTER FOREIGN TABLE es.t044_small OPTIONS (SET fetch_size '5', ADD slices '1')});
	sql('DECLARE c CURSOR FOR SELECT id FROM es.t044_small');
	my @seen = map { $_->[0] } sql('FETCH 1 FROM c');
	es_bulk('t044_small', [ map { { _id => $_, id => $_ } } 200 .. 299 ]);
	es(POST => '/t044_small/_bulk?refresh=true', join '', map { qq({"delete":{"_id":"$_"}}\n) } 50 .. 123);
	push @seen, map { $_->[0] } sql('FETCH ALL FROM c');
	is(join(' ', sort { $a <=> $b } @seen), join(' ', 1 .. 123), 'a scan sees what was there when it began');
	sql('ROLLBACK');
	is(value('SELECT count(id) FROM es.t044_small'), 149, 'the next one what is there now');
};

subtest 'nothing stays open' => sub {
	is(open_searches('t044_many'), 0, 'after whole scans') or diag('the server closes what is not closed only minutes later');
	sql('SELECT id FROM es.t044_many LIMIT 3');
	is(open_searches('t044_many', 'es'), 0, 'after a LIMIT');
	is(error_of('SELECT 1 / (id - 500) FROM es.t044_many')->{sqlstate}, '22012', 'an error half way');
	is(open_searches('t044_many', 'es'), 0, 'after it');
	sql('BEGIN');
	sql('DECLARE c CURSOR FOR SELECT id FROM es.t044_many');
	sql('FETCH 1 FROM c');
	cmp_ok(es(GET => '/t044_many/_stats/search')->{_all}{total}{search}{open_contexts}, '>', 0, 'an open cursor holds one');
	sql('ROLLBACK');
	is(open_searches('t044_many', 'es'), 0, 'after ROLLBACK');
};

# Elasticsearch before 7.10, OpenSearch before 2.4, and whatever forbids it.
subtest 'servers without points in time' => sub {
	for my $case ([ 400, { error => 'no handler found for uri [/t044_many/_pit] and method [POST]' } ], [ 404, { error => 'no handler found', status => 404 } ], [ 405, { error => 'Incorrect HTTP method for uri', status => 405 } ])
	{
		my ($status, $body) = @$case;
		my $old = double('http_server', to => real_es(), script => [ { path => '/_pit', answers => [ { status => $status, body => $body } ] } ]);
		sql("CREATE SERVER old$status FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '" . $old->url . "')");
		sql(qq{CREATE FOREIGN TABLE es.old$status (_id text, id bigint, title text, embedding real[] OPTIONS (dim '8')) SERVER old$status OPTIONS (index 't044_many', fetch_size '1000')});
		is_deeply([ sql(sprintf $all, "es.old$status") ], \@all, "$status: every document by scrolling");
		ok((grep { $_->{path} =~ m{/_search/scroll} && $_->{method} eq 'POST' } grep { $_->{path} } $old->seen), 'it did scroll');
		is(open_searches('t044_many', "old$status"), 0, 'the scroll is closed');
		is(value("SELECT count(*) FROM (SELECT id, embedding FROM es.old$status EXCEPT SELECT id, embedding FROM es.t044_many) x"), 0, 'the same documents');
		is(value("SELECT count(*) FROM (SELECT id FROM es.old$status LIMIT 1234) x"), 1234, 'LIMIT');
		is(open_searches('t044_many', "old$status"), 0, 'closed again');
	}
	my $forbidden = double('http_server', to => real_es(), script => [ { path => '/_pit', answers => [ { status => 403, body => { error => { type => 'security_exception', reason => 'no' }, status => 403 } } ] } ]);
	sql("CREATE SERVER forbidden FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '" . $forbidden->url . "')");
	sql(q{CREATE FOREIGN TABLE es.forbidden (id bigint) SERVER forbidden OPTIONS (index 't044_many')});
	is(error_of('SELECT id FROM es.forbidden')->{sqlstate}, '42501', 'what is forbidden is an error');
};

subtest 'what is asked for' => sub {
	my $eye = double('http_server', to => real_es(), script => []);
	sql("CREATE SERVER seen FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '" . $eye->url . "')");
	sql('CREATE SCHEMA seen');
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t044_many) FROM SERVER seen INTO seen');
	my $searches = sub { grep { $_->{path} =~ m{^/_search} } grep { $_->{path} } $eye->seen };
	my $before = () = $searches->();
	sql('SELECT id, embedding FROM seen.t044_many');
	my @asked = $searches->();
	splice @asked, 0, $before;
	unlike($asked[0]{body}, qr/"_source"/, 'vectors: whole documents, which is faster');
	$before += @asked;
	sql('SELECT count(*) FROM seen.t044_many');
	@asked = $searches->();
	is(@asked - $before, 0, 'a count needs no documents');
};

done_testing();
