# Does search() find the nearest rows, as an exact search in SQL does, by each kind of vector and argument?

use MilvusFdw;

ours(milvus => [qw(t082_floats t082_bits t082_texts)]);
fresh_database();
both_servers();
sql('CREATE SCHEMA m');

# Whole numbers: sums of them are exact in float4, whoever adds them in whatever order.
sql(q{CREATE TABLE floats AS SELECT i::bigint AS id, (SELECT array_agg((CASE j WHEN 1 THEN i % 61 WHEN 2 THEN i / 61 ELSE (i::bigint * (j + 3) * 7919) % 101 - 50 END)::real ORDER BY j) FROM generate_series(1, 16) j) AS v, i % 7 AS n FROM generate_series(1, 3000) i});
sql(q{CREATE TABLE bits AS SELECT i::bigint AS id, (SELECT string_agg(((i::bigint * (j + 5) * 104729 / 64) % 2)::text, '' ORDER BY j) FROM generate_series(1, 64) j)::bit(64) AS v FROM generate_series(1, 500) i});
sql(q{CREATE FUNCTION l2(a real[], b real[]) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT sum((x - y) * (x - y))::real FROM unnest(a, b) t (x, y)'});
sql(q{CREATE FUNCTION ip(a real[], b real[]) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT sum(x * y)::real FROM unnest(a, b) t (x, y)'});
sql(q{CREATE FUNCTION hamming(a bit, b bit) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT length(replace((a # b)::text, ''0'', ''''))::real'});

# A foreign table and its collection, indexed, loaded and filled.
sub collection
{
	my ($name, $columns, $select, $index, $metric) = @_;
	sql(qq{CREATE FOREIGN TABLE m.$name ($columns) SERVER milvus OPTIONS (collection 't082_$name')});
	sql(qq{SELECT milvus_fdw.create_collection('milvus', 't082_$name', "like" => 'm.$name', primary_key => 'id', index => '$index', metric_type => '$metric')});
	sql(qq{INSERT INTO m.$name $select});
}

collection('floats', q{id bigint, v real[] OPTIONS (dim '16'), n bigint}, 'SELECT id, v, n FROM floats', 'FLAT', 'L2');
collection('bits', q{id bigint, v bit(64)}, 'SELECT id, v FROM bits', 'BIN_FLAT', 'HAMMING');
collection('texts', q{id varchar(40), v real[] OPTIONS (dim '16')}, q{SELECT 'é ' || id, v FROM floats WHERE id <= 100}, 'FLAT', 'IP');

# As many of the best as asked for; rows of the same distance may come in any order, so only distances are compared, and each id's own.
sub exact_distances
{
	my ($query, $k, $function, $order, $where) = @_;
	return [ map { $_->[0] } sql("SELECT $function(v, $query) AS d FROM " . ($function eq 'hamming' ? 'bits' : 'floats') . " WHERE $where ORDER BY d $order LIMIT $k") ];
}

sub same_as_exact
{
	my ($name, $table, $local, $query, $k, $function, $order, $more, $where) = @_;
	my @found = sql("SELECT query, id, distance FROM milvus_fdw.search('m.$table', $query, $k $more)");
	is_deeply([ map { $_->[2] } @found ], exact_distances($query, $k, $function, $order, $where // 'true'), "$name: distances");
	is_deeply([ map { $_->[0] } @found ], [ (1) x @found ], "$name: of the one query");
	is(value("SELECT count(DISTINCT s.id) FROM milvus_fdw.search('m.$table', $query, $k $more) s JOIN $local l ON l.id = s.id WHERE s.distance = $function(l.v, $query)"),
		scalar @found, "$name: each row has its distance");
}

my $one = '(SELECT v FROM floats WHERE id = 17)';
my $off = q{'{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}'::real[]};

subtest 'floats, L2' => sub {
	same_as_exact('a row itself', 'floats', 'floats', $one, 10, 'l2', 'ASC', '');
	same_as_exact('another vector', 'floats', 'floats', $off, 100, 'l2', 'ASC', '');
	same_as_exact('k = 1', 'floats', 'floats', $off, 1, 'l2', 'ASC', '');
	is(value("SELECT id FROM milvus_fdw.search('m.floats', $one, 1)"), 17, 'the row itself is nearest');
	is(value("SELECT count(*) FROM milvus_fdw.search('m.floats', $off, 5000)"), 3000, 'more than there are');
	is(value("SELECT count(*) FROM milvus_fdw.search('m.floats', $off)"), 10, 'k is 10 by itself');
};

subtest 'queries of other types' => sub {
	my $want = [ map { $_->[0] } sql("SELECT distance FROM milvus_fdw.search('m.floats', $off)") ];
	for my $query (q{'{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}'}, 'ARRAY[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]', 'ARRAY[1.0,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]',
		q{'{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}'::text}, q{'{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}'::double precision[]})
	{
		is_deeply([ map { $_->[0] } sql("SELECT distance FROM milvus_fdw.search('m.floats', $query)") ], $want, $query);
	}
	is_deeply([ sql("SELECT query, count(*), min(distance) FROM milvus_fdw.search('m.floats', (SELECT array_agg(v ORDER BY id) FROM floats WHERE id IN (3, 17, 2999)), 7) GROUP BY 1 ORDER BY 1") ],
		[ [ 1, 7, 0 ], [ 2, 7, 0 ], [ 3, 7, 0 ] ], 'an array of two dimensions is several queries');
	is_deeply([ sql("SELECT query, id FROM milvus_fdw.search('m.floats', (SELECT array_agg(v ORDER BY id) FROM floats WHERE id IN (3, 17, 2999)), 1)") ],
		[ [ 1, 3 ], [ 2, 17 ], [ 3, 2999 ] ], 'numbered as they stand there');
	fails('NULL', q{SELECT * FROM milvus_fdw.search('m.floats', NULL::real[])}, sqlstate => '22004');
	fails('too few dimensions', q{SELECT * FROM milvus_fdw.search('m.floats', '{1,2,3}')}, sqlstate => '22000', message => 'expected 16 dimensions, not 3');
	fails('a number', q{SELECT * FROM milvus_fdw.search('m.floats', 1)}, sqlstate => '42804', message => 'a query of type integer cannot be compared with field "v" of type FloatVector(16)');
	fails('bits for floats', q{SELECT * FROM milvus_fdw.search('m.floats', B'1010')}, sqlstate => '42804');
	fails('not an array', q{SELECT * FROM milvus_fdw.search('m.floats', 'x')}, sqlstate => '22P02');
};

subtest 'binary vectors' => sub {
	my $query = '(SELECT v FROM bits WHERE id = 77)';
	my @found = sql("SELECT id, distance FROM milvus_fdw.search('m.bits', $query, 20)");
	is_deeply([ map { $_->[1] } @found ], [ map { $_->[0] } sql("SELECT hamming(v, $query) AS d FROM bits ORDER BY d LIMIT 20") ], 'HAMMING: distances');
	is(value("SELECT count(*) FROM milvus_fdw.search('m.bits', $query, 20) s JOIN bits USING (id) WHERE distance = hamming(v, $query)"), 20, 'each row has its distance');
	is_deeply([ sql("SELECT query, count(*) FROM milvus_fdw.search('m.bits', (SELECT array_agg(v) FROM bits WHERE id < 4), 5) GROUP BY 1 ORDER BY 1") ],
		[ [ 1, 5 ], [ 2, 5 ], [ 3, 5 ] ], 'an array of bit strings');
	is(value("SELECT id FROM milvus_fdw.search('m.bits', '" . value('SELECT v FROM bits WHERE id = 5') . "', 1)"), value('SELECT min(id) FROM bits WHERE v = (SELECT v FROM bits WHERE id = 5)'), 'a literal');
	fails('too few bits', q{SELECT * FROM milvus_fdw.search('m.bits', B'1010')}, sqlstate => '22000', message => 'expected 64 bits, not 4');
};

subtest 'text keys, IP' => sub {
	my $want = [ map { $_->[0] } sql("SELECT 'é ' || id FROM floats WHERE id <= 100 ORDER BY ip(v, $one) DESC, id LIMIT 1") ];
	is_deeply([ map { $_->[0] } sql("SELECT id FROM milvus_fdw.search_text('m.texts', $one, 1)") ], $want, 'ids as text');
	is_deeply([ map { $_->[0] } sql("SELECT distance FROM milvus_fdw.search_text('m.texts', $one, 20)") ],
		[ map { $_->[0] } sql("SELECT ip(v, $one) AS d FROM floats WHERE id <= 100 ORDER BY d DESC LIMIT 20") ], 'the largest inner products');
	fails('ids as numbers', "SELECT * FROM milvus_fdw.search('m.texts', $one)", sqlstate => '42804', hint => qr/search_text/);
};

subtest 'conditions' => sub {
	same_as_exact('filter', 'floats', 'floats', $off, 20, 'l2', 'ASC', q{, filter => 'n == 3 or n == 5'}, 'n IN (3, 5)');
	sql(q{CREATE FOREIGN TABLE m.some (id bigint, v real[]) SERVER milvus OPTIONS (collection 't082_floats', filter 'n < 3')});
	same_as_exact('the table has one', 'some', 'floats', $off, 20, 'l2', 'ASC', '', 'n < 3');
	same_as_exact('both', 'some', 'floats', $off, 20, 'l2', 'ASC', q{, filter => 'n == 1 or n == 6'}, 'n = 1');
	fails('one that would leave its parentheses', "SELECT * FROM milvus_fdw.search('m.some', $off, filter => 'n == 1) or (n > 0')", sqlstate => '22023', message => qr/not a whole expression/);
	fails('no such field', "SELECT * FROM milvus_fdw.search('m.floats', $off, filter => 'nothing == 1')", sqlstate => qr/./);
	sql(q{SELECT milvus_fdw.create_partition('m.floats', 'p1')});
	sql(q{CREATE FOREIGN TABLE m.p1 (id bigint, v real[], n bigint) SERVER milvus OPTIONS (collection 't082_floats', partition 'p1')});
	sql('INSERT INTO m.p1 SELECT id + 10000, v, n FROM floats WHERE id <= 50');
	is_deeply([ sql("SELECT id, distance FROM milvus_fdw.search('m.floats', $one, 1, partitions => '{p1}')") ], [ [ 10017, 0 ] ], 'a partition; what was just written is found');
	is_deeply([ sql("SELECT min(id), max(id), count(*) FROM milvus_fdw.search('m.p1', $one, 100)") ], [ [ 10001, 10050, 50 ] ], 'that the table is');
	is_deeply([ sql("SELECT id FROM milvus_fdw.search('m.floats', $one, 2, partitions => '{p1,_default}') ORDER BY 1") ], [ [17], [10017] ], 'two');
	fails('another than the table is', "SELECT * FROM milvus_fdw.search('m.p1', $one, partitions => '{_default}')", sqlstate => '22023', message => qr/holds partition "p1" only/);
	fails('one that is not there', "SELECT * FROM milvus_fdw.search('m.floats', $one, partitions => '{none}')", sqlstate => qr/./, message => qr/./);
	sql('DELETE FROM m.p1 WHERE id = 10017');
	is(value("SELECT count(*) FROM milvus_fdw.search('m.p1', $one, 100)"), 49, 'what was just deleted is not found');
	sql(q{DELETE FROM m.p1 WHERE id > 10000});
};

subtest 'with a join' => sub {
	is(value("SELECT count(*) FROM milvus_fdw.search('m.floats', $off, 25) s JOIN m.floats f USING (id) WHERE s.distance = l2(f.v, $off)"), 25, 'the rows themselves');
	is(value("SELECT count(*) FROM m.floats WHERE id = ANY (ARRAY(SELECT id FROM milvus_fdw.search('m.floats', $off, 25)))"), 25, 'by their keys');
	is(value("SELECT count(*) FROM floats q, milvus_fdw.search('m.floats', q.v, 1) s WHERE q.id <= 20 AND s.id = q.id"), 20, 'LATERAL');
};

subtest 'an index that is not exact' => sub {
	sql(q{SELECT milvus_fdw.release('m.floats')});
	sql(q{SELECT milvus_fdw.drop_index('m.floats', 'v')});
	fails('not loaded', "SELECT * FROM milvus_fdw.search('m.floats', $off)", sqlstate => '55000', hint => qr/load/);
	sql(q{SELECT milvus_fdw.create_index('m.floats', 'v', 'IVF_FLAT', 'COSINE', params => '{"nlist": 16}')});
	sql(q{ALTER FOREIGN TABLE m.floats OPTIONS (ADD auto_load 'true')});
	is(value("SELECT id FROM milvus_fdw.search('m.floats', $one, 1, params => '{\"nprobe\": 16}')"), 17, 'auto_load; all lists are looked at');
	is(value("SELECT round(distance::numeric, 5) FROM milvus_fdw.search('m.floats', $one, 1, params => '{\"nprobe\": 16}', metric_type => 'COSINE')"), '1.00000', 'COSINE');
	fails('another metric', "SELECT * FROM milvus_fdw.search('m.floats', $one, metric_type => 'L2')", sqlstate => qr/./, detail => qr/metric/i);
	fails('parameters that are none', "SELECT * FROM milvus_fdw.search('m.floats', $one, params => '[1]')", sqlstate => '22023');
};

subtest 'columns and arguments' => sub {
	fails('no such column', "SELECT * FROM milvus_fdw.search('m.floats', $one, column_name => 'none')", sqlstate => '42703', message => 'column "none" of foreign table m.floats does not exist');
	fails('no vectors', "SELECT * FROM milvus_fdw.search('m.floats', $one, column_name => 'n')", sqlstate => '42809', message => 'column "n" of foreign table m.floats holds no vectors');
	is(value("SELECT id FROM milvus_fdw.search('m.floats', $one, 1, column_name => 'v', params => '{\"nprobe\": 16}')"), 17, 'by name');
	sql(q{CREATE FOREIGN TABLE m.other_name (id bigint, embedding real[] OPTIONS (field 'v')) SERVER milvus OPTIONS (collection 't082_floats')});
	is(value("SELECT id FROM milvus_fdw.search('m.other_name', $one, 1, column_name => 'embedding', params => '{\"nprobe\": 16}')"), 17, 'under another name');
	sql(q{CREATE FOREIGN TABLE m.no_vector (id bigint) SERVER milvus OPTIONS (collection 't082_floats')});
	is(value("SELECT id FROM milvus_fdw.search('m.no_vector', $one, 1, params => '{\"nprobe\": 16}')"), 17, 'a table without the column');
	fails('k = 0', "SELECT * FROM milvus_fdw.search('m.floats', $one, 0)", sqlstate => '22023', message => 'k must be at least 1, not 0');
	fails('k too large', "SELECT * FROM milvus_fdw.search('m.floats', $one, 100000)", sqlstate => qr/./, detail => qr/16384/);
	fails('no foreign table', "SELECT * FROM milvus_fdw.search('floats', $one)", sqlstate => '42809');
	sql(q{CREATE FOREIGN TABLE m.gone (id bigint, v real[]) SERVER milvus OPTIONS (collection 't082_none')});
	fails('no such collection', "SELECT * FROM milvus_fdw.search('m.gone', $one)", sqlstate => 'HV00R');
};

subtest 'who may' => sub {
	sql('DROP ROLE IF EXISTS t082_reader');
	sql('CREATE ROLE t082_reader LOGIN');
	my $reader = connect_to('082_search', user => 't082_reader');
	my $ask = "SELECT count(*) FROM milvus_fdw.search('m.p1'::regclass, '{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}', 1)";
	sql('GRANT USAGE ON SCHEMA m TO t082_reader');
	fails('not everybody', $ask, session => $reader, sqlstate => '42501', message => qr/function search/);
	sql(q{GRANT EXECUTE ON FUNCTION milvus_fdw.search(regclass, "any", integer, jsonb, name, text[], text, text) TO t082_reader});
	fails('without USAGE on the server', $ask, session => $reader, sqlstate => '42501', message => qr/foreign server milvus/);
	sql('GRANT USAGE ON FOREIGN SERVER milvus TO t082_reader');
	fails('without SELECT on the table', $ask, session => $reader, sqlstate => '42501', message => qr/foreign table p1/);
	sql('GRANT SELECT ON m.p1 TO t082_reader');
	my $mapping = value(q{SELECT count(*) FROM pg_user_mappings WHERE srvname = 'milvus'});
	is(eval { $reader->value($ask) } // $@, $reader->value($ask), 'with all') if $mapping == 0;
	sql('DROP OWNED BY t082_reader CASCADE');
};

subtest 'remotes that cannot' => sub {
	sql(q{CREATE FOREIGN TABLE es_docs (_id text) SERVER es OPTIONS (index 't082_none')});
	fails('Elasticsearch', q{SELECT * FROM milvus_fdw.search('es_docs', '{1,2}')}, sqlstate => '0A000', message => qr/server "es" cannot do this/);
};

done_testing();
