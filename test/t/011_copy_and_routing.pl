# Does every way in which SQL makes rows bring them into Milvus: COPY, partitions, joins, conversions, prepared statements?

use MilvusFdw;

ours(es => ['t011_docs'], milvus => [map { "t011_$_" } qw(docs copy part second text hash)]);
my $db = fresh_database();
both_servers();
sql("CREATE SCHEMA $_") for qw(es m);

sub import_m { sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (' . join(', ', @_) . ') FROM SERVER milvus INTO m') }

# An empty collection of these columns, as a foreign table.
sub collection
{
	my ($name, $columns) = @_;
	sql("CREATE TABLE like_it ($columns)");
	sql(q{INSERT INTO like_it (id, v) VALUES (0, '{0,0,0}')});
	sql("SELECT milvus_fdw.create_collection('milvus', 't011_$name', like => 'like_it', primary_key => 'id')");
	sql('DROP TABLE like_it');
	import_m("t011_$name");
}

collection($_, 'id bigint, title varchar(30), v real[]') for qw(copy part second);

sub copy_in
{
	my ($statement, @lines) = @_;
	my $dbh = $db->dbh;
	my @notices;
	local $SIG{__WARN__} = sub { push @notices, @_ };
	$dbh->do($statement) or return $dbh->errstr;
	$dbh->pg_putcopydata("$_\n") for @lines;
	return $dbh->pg_putcopyend ? undef : $dbh->errstr;
}

subtest 'COPY FROM' => sub {
	my @lines = map { "$_\ttitle $_\t{$_,0.1,1e-45}" } 1 .. 12_000;
	is(copy_in('COPY m.t011_copy FROM STDIN', @lines), undef, 'as text');
	is_deeply([ sql('SELECT count(*), sum(id), count(*) FILTER (WHERE title = \'title \' || id AND array_send(v) = array_send(ARRAY[id, 0.1, 1e-45]::real[])) FROM m.t011_copy') ],
		[ [ 12_000, 72_006_000, 12_000 ] ], 'several batches of it');
	is(copy_in('COPY m.t011_copy (v, id, title) FROM STDIN (FORMAT csv)', q("{1,2,3}",-1,"a ""quoted"", é
line"), q("{1,2,3}",-2,"")), undef, 'as CSV, columns in another order');
	is_deeply([ sql('SELECT id, title, v FROM m.t011_copy WHERE id < 0 ORDER BY id') ], [ [ -2, '', '{1,2,3}' ], [ -1, qq(a "quoted", é\nline), '{1,2,3}' ] ], 'arrives');
	like(copy_in('COPY m.t011_copy FROM STDIN', "-3\tx\t{1,2}"), qr/expected 3 dimensions, not 2.*row 1, key "-3"/s, 'an error names row and key');
	like(copy_in('COPY m.t011_copy FROM STDIN', "-3\t\\N\t{1,2,3}"), qr/null value/, 'NULL where there can be none');
	is(value('SELECT count(*) FROM m.t011_copy'), 12_002, 'and nothing more arrives');
	is(copy_in('COPY m.t011_copy FROM STDIN WHERE id % 2 = 0', "-4\tx\t{1,2,3}", "-5\tx\t{1,2,3}"), undef, 'COPY ... WHERE');
	is(value('SELECT count(*) FROM m.t011_copy WHERE id IN (-4, -5)'), 1, 'takes what fits');
};

subtest 'a partition in Milvus' => sub {
	sql('CREATE TABLE parted (id bigint, title text, v real[]) PARTITION BY RANGE (id)');
	sql('CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (100)');
	# Column order of a partition is its own.
	sql(q{CREATE FOREIGN TABLE parted_part (v real[] OPTIONS (dim '3'), title text, id bigint) SERVER milvus OPTIONS (collection 't011_part')});
	sql('ALTER TABLE parted ATTACH PARTITION parted_part FOR VALUES FROM (100) TO (20000)');
	sql(q{CREATE FOREIGN TABLE parted_second PARTITION OF parted FOR VALUES FROM (20000) TO (40000) SERVER milvus OPTIONS (collection 't011_second')});
	sql(q{INSERT INTO parted SELECT n, 't' || n, ARRAY[n, 0, 1] FROM generate_series(0, 29999) n});
	is_deeply([ sql('SELECT tableoid::regclass, count(*), min(id), max(id) FROM parted GROUP BY 1 ORDER BY 3') ],
		[ [ 'parted_low', 100, 0, 99 ], [ 'parted_part', 19_900, 100, 19_999 ], [ 'parted_second', 10_000, 20_000, 29_999 ] ], 'INSERT routes each row');
	is(value(q{SELECT count(*) FROM parted WHERE title <> 't' || id OR v <> ARRAY[id, 0, 1]::real[]}), 0, 'with its own values');
	is(copy_in('COPY parted FROM STDIN', "50\tx\t{1,2,3}", "30001\ty\t{1,2,3}", "15\tz\t{1,2,3}", "30002\ty\t{4,5,6}"), undef, 'COPY');
	is(value(q{SELECT string_agg(id || title, ' ' ORDER BY id) FROM parted WHERE title IN ('x', 'y', 'z')}), '15z 50x 30001y 30002y', 'routes too');
	my $error = error_of(q{INSERT INTO parted VALUES (50000, '', '{1,2,3}')});
	is($error->{sqlstate}, '23514', 'a row for no partition');
	is(value('SELECT count(*) FROM m.t011_part'), 19_900, 'the collection has what its partition has');
};

subtest 'joins, conversions and keys made of text' => sub {
	es(PUT => '/t011_docs', { mappings => { properties => { key => { type => 'keyword' }, created => { type => 'date' }, title => { type => 'text' }, raw => { type => 'keyword', index => \0, doc_values => \0 },
		meta => { type => 'object', enabled => \0 } } } });
	es_bulk('t011_docs', [ map { { _id => "doc/$_", key => "k$_", created => 1_700_000_000_123 + $_, title => 'é' x 20, raw => "[$_, 0.1, -1e-45]", meta => { n => $_, vec => [ $_, 0.5, 0.25 ] } } } 1 .. 300 ]);
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t011_docs) FROM SERVER es INTO es');
	sql('CREATE TABLE vectors (key text PRIMARY KEY, n numeric[], b bytea)');
	sql(q{INSERT INTO vectors SELECT 'k' || n, ARRAY[n, 0.1, 7.0064923216240854e-46]::numeric[], milvus_fdw.vector_to_bytea(ARRAY[n, 3.4028235e38, real '-0']::real[]) FROM generate_series(1, 300, 2) n});
	collection('docs', 'id bigint, key text, created bigint, title varchar(5), n_squared double precision, v real[]');
	sql(q{INSERT INTO m.t011_docs (id, key, created, title, n_squared, v)
		SELECT milvus_fdw.id_from_text(d._id), d.key, milvus_fdw.timestamptz_to_epoch_ms(d.created), milvus_fdw.text_truncate_bytes(d.title, 20), sqrt(count(*) OVER ()),
			CASE (d.meta ->> 'n')::int % 3 WHEN 0 THEN milvus_fdw.to_vector(x.n, 3) WHEN 1 THEN milvus_fdw.to_vector(x.b, 3) ELSE milvus_fdw.to_vector(d.raw, 3) END
		FROM es.t011_docs d JOIN vectors x USING (key)});
	is_deeply([ sql('SELECT count(*), count(DISTINCT id), min(title), max(n_squared) FROM m.t011_docs') ], [ [ 150, 150, 'é' x 10, sqrt 150 ] ], 'a join of Elasticsearch and PostgreSQL');
	is(value(q{SELECT count(*) FROM m.t011_docs m JOIN es.t011_docs d ON m.id = milvus_fdw.id_from_text(d._id) AND m.created = milvus_fdw.timestamptz_to_epoch_ms(d.created)
		AND milvus_fdw.epoch_ms_to_timestamptz(m.created) = d.created}), 150, 'ids and times');
	is_deeply([ sql(q{SELECT key, encode(milvus_fdw.vector_to_bytea(v), 'hex') FROM m.t011_docs WHERE key IN ('k3', 'k5', 'k7') ORDER BY key}) ],
		[ [ k3 => '00004040' . 'cdcccc3d' . '01000000' ], [ k5 => '0000a040' . 'cdcccc3d' . '01000080' ], [ k7 => '0000e040' . 'ffff7f7f' . '00000080' ] ], 'vectors from numeric[], text and bytea');
	sql('TRUNCATE vectors');
	sql(q{SELECT milvus_fdw.drop_collection('milvus', 't011_docs')});

	# The key of Elasticsearch is the key of Milvus.
	sql('CREATE VIEW to_text AS SELECT _id AS id, title, milvus_fdw.to_vector(meta -> \'vec\', 3) AS v FROM es.t011_docs');
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't011_text', like => 'to_text', primary_key => 'id')});
	import_m('t011_text');
	sql('INSERT INTO m.t011_text SELECT * FROM to_text');
	is(value('SELECT count(*) FROM m.t011_text m JOIN to_text e USING (id) WHERE array_send(m.v) = array_send(e.v) AND m.title = e.title'), 300, '_id as a text key, vectors out of JSON');
};

subtest 'the ways of INSERT' => sub {
	collection('hash', 'id bigint, title text, v real[]');
	is_deeply([ sql(q{INSERT INTO m.t011_hash VALUES (1, 'a', '{1,2,3}'), (2, 'b', '{4,5,6}') RETURNING id, upper(title), v}) ], [ [ 1, 'A', '{1,2,3}' ], [ 2, 'B', '{4,5,6}' ] ], 'RETURNING');
	my $session = connect_to('011_copy_and_routing');
	# Not the driver's parameters, but PREPARE's own.
	my $prepare = sub { $session->dbh->do($_[0], { pg_direct => 1 }) or die $session->dbh->errstr };
	$prepare->('PREPARE put (bigint, text, real[]) AS INSERT INTO m.t011_hash VALUES ($1, $2, $3)');
	# Past the fifth, PostgreSQL takes one plan for all.
	$session->sql("EXECUTE put ($_, 'p', '{1,2,$_}')") for 10 .. 20;
	is($session->value(q{SELECT sum(id) FROM m.t011_hash WHERE title = 'p'}), 165, 'a prepared statement');
	$prepare->('PREPARE get (bigint) AS SELECT v FROM m.t011_hash WHERE id = $1');
	is($session->value("EXECUTE get ($_)"), "{1,2,$_}", "prepared SELECT of $_") for 10, 15, 20;
	$session->sql('BEGIN');
	$session->sql(q{INSERT INTO m.t011_hash SELECT n, 'tx', ARRAY[n, n, n] FROM generate_series(100, 6100) n});
	$session->sql(q{INSERT INTO m.t011_second SELECT -n, 'tx', ARRAY[n, n, n] FROM generate_series(100, 6100) n});
	$session->sql(q{INSERT INTO m.t011_hash VALUES (7000, 'tx', '{1,1,1}')});
	is($session->value(q{SELECT (SELECT count(*) FROM m.t011_hash WHERE title = 'tx') + (SELECT count(*) FROM m.t011_second WHERE title = 'tx')}), 12_003, 'two targets in one transaction');
	$session->sql('COMMIT');
	sql(q{WITH one AS (INSERT INTO m.t011_hash SELECT n, 'cte', '{1,1,1}' FROM generate_series(8001, 8010) n RETURNING id)
		INSERT INTO m.t011_second SELECT -id, 'cte', '{2,2,2}' FROM one});
	is(value(q{SELECT (SELECT count(*) FROM m.t011_hash WHERE title = 'cte') || ' ' || (SELECT sum(id) FROM m.t011_second WHERE title = 'cte')}), '10 -80055', 'one statement with two targets');
	# Milvus would show a later page what an earlier one led to, for ever.
	sql(q{CREATE FOREIGN TABLE m.pages (title text, v real[] OPTIONS (dim '3'), id bigint) SERVER milvus OPTIONS (collection 't011_hash', fetch_size '200', batch_size '100')});
	my $before = value('SELECT count(*) FROM m.t011_hash');
	sql(q{INSERT INTO m.pages (id, title, v) SELECT id + 100000, title, v FROM m.pages});
	is(value('SELECT count(*) FROM m.t011_hash'), 2 * $before, 'a collection into itself');
	is(value('SELECT count(*) FROM m.t011_hash a JOIN m.t011_hash b ON b.id = a.id + 100000 AND a.title = b.title AND a.v = b.v'), $before, 'row by row');
	sql('CREATE TABLE half (id bigint, title text, v real[]) PARTITION BY RANGE (id)');
	sql(q{ALTER TABLE half ATTACH PARTITION m.pages FOR VALUES FROM (0) TO (10000000)});
	sql(q{INSERT INTO half SELECT a.id + 1000000, a.title, a.v FROM m.t011_hash a WHERE a.id > 100000});
	is(value('SELECT count(*) FROM m.t011_hash'), 3 * $before, 'also through a partitioned table');
	sql('SET work_mem = 64');
	sql(q{INSERT INTO m.t011_hash SELECT a.id + 2000000, a.title, a.v FROM m.t011_hash a JOIN (VALUES (0), (1)) x (i) ON a.id % 2 = x.i WHERE a.id < 100000});
	sql('RESET work_mem');
	is(value('SELECT count(*) FROM m.t011_hash'), 4 * $before, 'and in a join, with little memory');
	sql(q{CREATE FUNCTION after() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.id, (SELECT count(*) FROM m.t011_hash t WHERE t.id = NEW.id)); RETURN NULL; END $$});
	sql('CREATE TABLE log (id bigint, there bigint)');
	sql('CREATE TRIGGER after AFTER INSERT ON m.t011_hash FOR EACH ROW EXECUTE FUNCTION after()');
	sql(q{INSERT INTO m.t011_hash VALUES (9001, 'trigger', '{1,1,1}'), (9002, 'trigger', '{1,1,1}')});
	is_deeply([ sql('SELECT * FROM log ORDER BY id') ], [ [ 9001, 1 ], [ 9002, 1 ] ], 'an AFTER trigger finds its row in Milvus');
	sql('DROP TRIGGER after ON m.t011_hash');
	sql(q{CREATE VIEW only_x AS SELECT * FROM m.t011_hash WHERE title = 'x' WITH CHECK OPTION});
	is(error_of(q{INSERT INTO only_x VALUES (9101, 'y', '{1,1,1}')})->{sqlstate}, '44000', 'a view checks its rows');
	sql(q{INSERT INTO only_x VALUES (9102, 'x', '{1,1,1}')});
	is(value('SELECT string_agg(id::text, $1) FROM m.t011_hash WHERE id > 9100 AND id < 10000', ' '), 9102, 'and only good ones are sent');
};

subtest 'what cannot be done' => sub {
	for ([ q{UPDATE es.t011_docs SET key = 'x'}, '0A000|55000|42809' ], [ 'DELETE FROM es.t011_docs', '0A000|55000|42809' ], [ 'TRUNCATE es.t011_docs', '0A000|55000|42809' ],
		[ q{INSERT INTO m.t011_hash VALUES (1, 'a', '{1,2,3}') ON CONFLICT DO NOTHING}, '0A000' ], [ q{INSERT INTO es.t011_docs (key) VALUES ('x')}, '0A000|55000|42809' ])
	{
		like((error_of($_->[0]) // {})->{sqlstate}, qr/^($_->[1])$/, $_->[0]);
	}
	sql(q{ALTER FOREIGN TABLE m.t011_hash OPTIONS (ADD updatable 'false')});
	is(error_of(q{INSERT INTO m.t011_hash VALUES (1, 'a', '{1,2,3}')})->{sqlstate}, '55000', 'a table that is not updatable');
};

done_testing();
