# Do collections of a live Milvus 1.x server read and write as tables?  (against a double: no such server can be had)
#
# alone: measures within 100 ms

use MilvusFdw;
use JSON::PP ();

fresh_database();
both_servers();
my $double = double('milvus1_server', segment_rows => 300);
sql('CREATE SERVER m1 FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (host \'localhost\', port \'' . $double->port . '\')');
sql('CREATE SCHEMA m1');

sub calls { my ($call) = @_; return scalar grep { $_->{call} eq $call } $double->seen }

sql(q{CREATE TABLE source AS SELECT i::bigint AS id, ARRAY[i, -i, i / 7.0, 'NaN']::real[] AS vector FROM generate_series(0, 1999) i});
my $same = 'SELECT count(*) FROM source s FULL JOIN %s t USING (id) WHERE array_send(s.vector) IS DISTINCT FROM array_send(t.vector)';

subtest 'a collection is made, filled and read' => sub {
	like(value(q{SELECT milvus_fdw.version('m1')}), qr/^Milvus 1\.1\.1/, 'version');
	sql(q{SELECT milvus_fdw.create_collection('m1', 'docs', "like" => 'source', primary_key => 'id', metric_type => 'L2')});
	is_deeply([ sql(q{SELECT name FROM milvus_fdw.collections('m1')}) ], [ ['docs'] ], 'collections()');
	is_deeply([ sql(q{SELECT name, type, dim, primary_key, metric_type, index FROM milvus_fdw.fields('m1', 'docs') LIMIT 2}) ],
		[ [ 'id', 'id', undef, 't', undef, undef ], [ 'vector', 'float vector', 4, 'f', 'L2', 'FLAT' ] ], 'fields()');
	sql(q{IMPORT FOREIGN SCHEMA "default" FROM SERVER m1 INTO m1});
	sql('INSERT INTO m1.docs SELECT * FROM source');
	is(value('SELECT count(*) FROM m1.docs'), 2000, 'an INSERT is seen by the next SELECT');
	is(value(sprintf $same, 'm1.docs'), 0, 'every bit');
	my $before = calls('GetVectorsByID');
	is(value('SELECT vector[1] FROM m1.docs WHERE id = 1234'), 1234, 'one id');
	is(calls('GetVectorsByID') - $before, 1, 'asks for that one');
	is(value('SELECT count(*) FROM m1.docs WHERE id = ANY ($1)', '{5,6,7,100000}'), 3, 'several, one of them not there');
	sql(q{CREATE FOREIGN TABLE m1.where_is (id bigint, _segment text, _offset int) SERVER m1 OPTIONS (collection 'docs')});
	is(value('SELECT count(DISTINCT _segment) FROM m1.where_is'), 7, 'segments');
	is(value('SELECT max(_offset) FROM m1.where_is'), 299, 'offsets');
};

subtest 'counting' => sub {
	sql(q{CREATE FOREIGN TABLE m1.counted (id bigint) SERVER m1 OPTIONS (collection 'docs', on_duplicate 'keep')});
	my $before = calls('GetVectorsByID');
	is(value('SELECT count(*) FROM m1.counted'), 2000, 'count(*)');
	is(calls('GetVectorsByID'), $before, 'fetches no row');
};

subtest 'deletes' => sub {
	plan skip_all => 'the core has no DELETE' unless value(q{SELECT pg_relation_is_updatable('m1.docs', false) & 16});
	sql('DELETE FROM m1.docs WHERE id % 10 = 3');
	is(value('SELECT count(*) FROM m1.docs'), 1800, 'DELETE');
	is(value('SELECT count(*) FROM m1.docs WHERE id % 10 = 3'), 0, 'none is left');
	sql('INSERT INTO m1.docs SELECT * FROM source WHERE id % 10 = 3');
	is(value(sprintf $same, 'm1.docs'), 0, 'and back');
};

subtest 'partitions' => sub {
	sql(q{CREATE FOREIGN TABLE m1.parted (id bigint, vector real[], _partition text) SERVER m1 OPTIONS (collection 'parted')});
	sql(q{SELECT milvus_fdw.create_collection('m1', 'parted', "like" => 'source', primary_key => 'id', metric_type => 'IP')});
	fails('one that does not exist', q{INSERT INTO m1.parted SELECT id, vector, 'eu' FROM source}, sqlstate => 'HV00R',
		message => qr/has no partition "eu"/, hint => qr/create_partitions/, detail => qr/Rows acknowledged: 0/);
	sql(q{ALTER FOREIGN TABLE m1.parted OPTIONS (ADD create_partitions 'true')});
	sql(q{INSERT INTO m1.parted SELECT id, vector, (ARRAY['eu', 'us', NULL])[id % 3 + 1] FROM source});
	is_deeply([ sql('SELECT _partition, count(*) FROM m1.parted GROUP BY 1 ORDER BY 1') ],
		[ [ '_default', 666 ], [ 'eu', 667 ], [ 'us', 667 ] ], 'rows go where their column says');
	is(value(sprintf $same, 'm1.parted'), 0, 'every bit');
	is(value(q{SELECT count(*) FROM m1.parted WHERE _partition = 'eu' AND id < 30}), 10, 'a condition');
	sql(q{CREATE FOREIGN TABLE m1.us (id bigint, vector real[]) SERVER m1 OPTIONS (collection 'parted', partition 'us')});
	is(value('SELECT count(id) FROM m1.us'), 667, 'option');
	sql('INSERT INTO m1.us VALUES (5000, ARRAY[1,2,3,4])');
	is(value('SELECT _partition FROM m1.parted WHERE id = 5000 AND _partition IS NOT NULL'), 'us', 'writes there too');
};

subtest 'ids' => sub {
	sql(q{SELECT milvus_fdw.create_collection('m1', 'auto', "like" => 'source', primary_key => 'id', metric_type => 'L2')});
	sql(q{CREATE FOREIGN TABLE m1.auto (id bigint, vector real[]) SERVER m1 OPTIONS (collection 'auto')});
	sql('INSERT INTO m1.auto (vector) SELECT vector FROM source LIMIT 10');
	is(value('SELECT count(DISTINCT id) FROM m1.auto'), 10, 'made by the server');
	fails('some given, some not', 'INSERT INTO m1.docs SELECT CASE WHEN id <> 5 THEN id END, vector FROM source LIMIT 10',
		sqlstate => '23502', message => qr/some rows have an id/, context => qr/row 6/);
	fails('not those of the collection', 'INSERT INTO m1.auto SELECT * FROM source LIMIT 1', sqlstate => 'HV000', detail => qr/auto-generated/);
	fails('a negative one', 'INSERT INTO m1.docs VALUES (-1, ARRAY[1,2,3,4])', sqlstate => '22003', context => qr/key "-1"/);
	sql(q{SELECT milvus_fdw.create_collection('m1', 'twice', "like" => 'source', primary_key => 'id', metric_type => 'L2')});
	sql(q{CREATE FOREIGN TABLE m1.twice (id bigint, vector real[]) SERVER m1 OPTIONS (collection 'twice')});
	sql('INSERT INTO m1.twice SELECT * FROM source');
	sql('INSERT INTO m1.twice VALUES (7, ARRAY[7,7,7,7])');
	fails('one that is there already is stored again', 'SELECT id FROM m1.twice', sqlstate => '23505', detail => qr/Id 7 is there more than once/);
	sql(q{ALTER FOREIGN TABLE m1.twice OPTIONS (ADD on_duplicate 'first')});
	is(value('SELECT count(id) FROM m1.twice'), 2000, 'on_duplicate first');
	sql(q{ALTER FOREIGN TABLE m1.twice OPTIONS (SET on_duplicate 'keep')});
	is(value('SELECT count(id) FROM m1.twice'), 2001, 'keep');
	is(value('SELECT count(*) FROM m1.twice WHERE id = 7'), 2, 'keep, by id');
	sql(q{ALTER FOREIGN TABLE m1.twice OPTIONS (SET on_duplicate 'last')});
	fails('last', 'SELECT id FROM m1.twice', sqlstate => '0A000', hint => qr/data directory/);
};

subtest 'binary vectors' => sub {
	sql(q{CREATE TABLE bits AS SELECT i::bigint AS id, (i::bit(24)) AS vector FROM generate_series(1, 50) i});
	sql(q{CREATE FOREIGN TABLE m1.bits (id bigint, vector bit(24)) SERVER m1 OPTIONS (collection 'bits')});
	eval { sql(q{SELECT milvus_fdw.create_collection('m1', 'bits', "like" => 'bits', primary_key => 'id', metric_type => 'HAMMING')}); 1 }
		or do { diag $@; return fail('created') };
	sql('INSERT INTO m1.bits SELECT * FROM bits');
	is(value('SELECT count(*) FROM bits JOIN m1.bits m USING (id, vector)'), 50, 'every bit');
	is(value(q{SELECT index FROM milvus_fdw.fields('m1', 'bits') WHERE name = 'vector'}), 'BIN_FLAT', 'FLAT is BIN_FLAT');
};

subtest 'search' => sub {
	my $q = q{'{1,2,3,4}'::real[]};
	sql(q{CREATE TABLE near AS SELECT i::bigint AS id, ARRAY[i % 13, i % 7, i / 50, 1]::real[] AS vector FROM generate_series(1, 700) i});
	sql(q{CREATE FUNCTION l2(a real[], b real[]) RETURNS real LANGUAGE sql IMMUTABLE AS 'SELECT sum((x - y) * (x - y))::real FROM unnest(a, b) t (x, y)'});
	for my $metric ('L2', 'IP')
	{
		my $name = lc "near_$metric";
		sql(qq{SELECT milvus_fdw.create_collection('m1', '$name', "like" => 'near', primary_key => 'id', metric_type => '$metric')});
		sql(qq{CREATE FOREIGN TABLE m1.$name (id bigint, vector real[]) SERVER m1 OPTIONS (collection '$name')});
		sql("INSERT INTO m1.$name SELECT * FROM near");
	}
	is_deeply([ map { $_->[0] } sql("SELECT distance FROM milvus_fdw.search('m1.near_l2', $q, 30)") ], [ map { $_->[0] } sql("SELECT l2(vector, $q) d FROM near ORDER BY d LIMIT 30") ],
		'L2: as exact; what was just written is found');
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.near_l2', $q, 30) s JOIN near n USING (id) WHERE s.distance = l2(n.vector, $q)"), 30, 'joined');
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.near_l2', $q, 30) s JOIN m1.near_l2 n USING (id) WHERE s.distance = l2(n.vector, $q)"), 30, 'with the foreign table');
	is_deeply([ map { $_->[0] } sql("SELECT distance FROM milvus_fdw.search('m1.near_ip', $q, 30)") ],
		[ map { $_->[0] } sql(qq{SELECT (SELECT sum(x * y) FROM unnest(vector, $q) t (x, y))::real d FROM near ORDER BY d DESC LIMIT 30}) ], 'IP: the largest first');
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.near_l2', $q, 1000)"), 700, 'fewer than asked for: nothing is made up');
	is_deeply([ sql("SELECT query, count(*) FROM milvus_fdw.search('m1.near_l2', (SELECT array_agg(vector) FROM near WHERE id < 4), 2) GROUP BY 1 ORDER BY 1") ],
		[ [ 1, 2 ], [ 2, 2 ], [ 3, 2 ] ], 'several queries');
	my $bits = value('SELECT vector FROM bits WHERE id = 21');
	is_deeply([ sql("SELECT id, distance FROM milvus_fdw.search('m1.bits', B'$bits', 1)") ], [ [ 21, 0 ] ], 'binary vectors');
	for my $metric ('JACCARD', 'SUBSTRUCTURE', 'SUPERSTRUCTURE', 'TANIMOTO')
	{
		my $name = lc "bits_$metric";
		sql(qq{SELECT milvus_fdw.create_collection('m1', '$name', "like" => 'bits', primary_key => 'id', metric_type => '$metric')});
		sql(qq{CREATE FOREIGN TABLE m1.$name (id bigint, vector bit(24)) SERVER m1 OPTIONS (collection '$name')});
		sql("INSERT INTO m1.$name SELECT * FROM bits");
		is(value("SELECT distance FROM milvus_fdw.search('m1.$name', B'$bits', 1)"), 0, $metric);
	}
	sql(q{SELECT milvus_fdw.create_index('m1.near_l2', 'vector', 'IVF_FLAT', params => '{"nlist": 8}')});
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.near_l2', $q, 5)"), 5, 'nprobe has a default');
	fails('a bad one', qq{SELECT * FROM milvus_fdw.search('m1.near_l2', $q, 5, '{"nprobe": 0}')}, sqlstate => '22023', message => 'Milvus 1.x Search was refused', detail => qr/nprobe.*code 5/);
	sql(q{SELECT milvus_fdw.drop_index('m1.near_l2', 'vector')});
	sql(q{SELECT milvus_fdw.create_index('m1.near_l2', 'vector', 'HNSW')});
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.near_l2', $q, 200)"), 200, 'and ef, which is never less than k');
	fails('a bad one', qq{SELECT * FROM milvus_fdw.search('m1.near_l2', $q, 50, params => '{"ef": 10}')}, sqlstate => '22023', detail => qr/ef/);
	fails('dimensions', q{SELECT * FROM milvus_fdw.search('m1.near_l2', '{1,2}')}, sqlstate => '22000', message => 'expected 4 dimensions, not 2');
	fails('k', "SELECT * FROM milvus_fdw.search('m1.near_l2', $q, 20000)", sqlstate => '22023', detail => qr/topk.*code 10/);
	fails('metric', "SELECT * FROM milvus_fdw.search('m1.near_l2', $q, metric_type => 'IP')", sqlstate => '22023', message => 'collection "near_l2" compares by L2, not by IP', hint => qr/leave metric_type out/);
	fails('filter', "SELECT * FROM milvus_fdw.search('m1.near_l2', $q, filter => 'id < 3')", sqlstate => '0A000');
	sql(q{SELECT milvus_fdw.create_collection('m1', 'tagged', "like" => 'near', primary_key => 'id', metric_type => 'L2')});
	sql(q{CREATE FOREIGN TABLE m1.tagged (id bigint, vector real[], _partition text) SERVER m1 OPTIONS (collection 'tagged', create_partitions 'true')});
	sql(q{INSERT INTO m1.tagged SELECT id, vector, (ARRAY['e.u', 'exu', NULL])[id % 3 + 1] FROM near WHERE id <= 30});
	is_deeply([ sql("SELECT count(*), bool_and(id % 3 = 0)::int FROM milvus_fdw.search('m1.tagged', $q, 100, partitions => '{e.u}')") ], [ [ 10, 1 ] ], 'a partition, and none whose tag it would match');
	is(value("SELECT count(*) FROM milvus_fdw.search('m1.tagged', $q, 100, partitions => '{e.u,_default}')"), 20, 'two');
	sql(q{CREATE FOREIGN TABLE m1.tagged_exu (id bigint, vector real[]) SERVER m1 OPTIONS (collection 'tagged', partition 'exu')});
	is_deeply([ sql("SELECT count(*), bool_and(id % 3 = 1)::int FROM milvus_fdw.search('m1.tagged_exu', $q, 100)") ], [ [ 10, 1 ] ], 'that of the table');
	fails('another', "SELECT * FROM milvus_fdw.search('m1.tagged_exu', $q, 100, partitions => '{e.u}')", sqlstate => '22023', message => qr/holds partition "exu" only/);
	fails('none such', "SELECT * FROM milvus_fdw.search('m1.tagged', $q, 100, partitions => '{none}')", sqlstate => 'HV000', detail => qr/does not exist/);
};

subtest 'in parts' => sub {
	plan skip_all => 'no splits() here' unless value(q{SELECT count(*) FROM pg_proc WHERE proname = 'splits' AND pronamespace = 'milvus_fdw'::regnamespace});
	my $ids = sub {
		my ($from, $what, $wanted) = @_;
		sql('DROP FOREIGN TABLE IF EXISTS m1.whole');
		sql("CREATE FOREIGN TABLE m1.whole (id bigint, vector real[]) SERVER m1 OPTIONS (collection '$from', on_duplicate '$what')");
		my @all;
		my @parts = map { $_->[0] } sql(q{SELECT token FROM milvus_fdw.splits('m1.whole', $1)}, $wanted);
		for my $token (@parts)
		{
			sql('DROP FOREIGN TABLE IF EXISTS m1.part');
			sql("CREATE FOREIGN TABLE m1.part (id bigint, vector real[]) SERVER m1 OPTIONS (collection '$from', on_duplicate '$what', split '$token')");
			push @all, map { $_->[0] } sql('SELECT id FROM m1.part');
		}
		is_deeply([ sort { $a <=> $b } @all ], [ map { $_->[0] } sql('SELECT id FROM m1.whole ORDER BY id') ], "$from, on_duplicate $what: " . @parts . ' parts');
		return scalar @parts;
	};
	is($ids->('docs', 'error', 0), value('SELECT count(DISTINCT _segment) FROM m1.where_is'), 'as many as segments');
	is($ids->('docs', 'keep', 3), 3, 'as many as wanted');
	$ids->('twice', $_, 0) for 'first', 'keep';
	is($ids->('parted', 'error', 1), 1, 'one');
	my @parts = map { $_->[0] } sql(q{SELECT token FROM milvus_fdw.splits('m1.twice')});
	my $refused = 0;
	for my $token (@parts)
	{
		sql('DROP FOREIGN TABLE IF EXISTS m1.part');
		sql("CREATE FOREIGN TABLE m1.part (id bigint) SERVER m1 OPTIONS (collection 'twice', split '$token')");
		$refused += (error_of('SELECT id FROM m1.part') // { sqlstate => '' })->{sqlstate} eq '23505';
	}
	is($refused, 2, 'an id in two segments: both parts refuse it, the others are read');
	sql('DROP FOREIGN TABLE m1.part');
	sql(q{CREATE FOREIGN TABLE m1.part (id bigint) SERVER m1 OPTIONS (collection 'docs', split 'segments=5')});
	fails('a segment that was merged away', 'SELECT id FROM m1.part', sqlstate => '55000', message => 'collection "docs" has no segment "5"');
};

subtest 'what a collection cannot be' => sub {
	sql(q{CREATE TABLE titled (id bigint, title text, vector real[])});
	sql(q{INSERT INTO titled VALUES (1, 'x', ARRAY[1,2,3,4])});
	fails('another column', q{SELECT milvus_fdw.create_collection('m1', 'no', "like" => 'titled', primary_key => 'id', metric_type => 'L2')},
		sqlstate => '0A000', message => qr/cannot hold column "title"/, hint => qr/view/);
	fails('another metric', q{SELECT milvus_fdw.create_collection('m1', 'no', "like" => 'source', primary_key => 'id', metric_type => 'COSINE')},
		sqlstate => '0A000', message => qr/no metric COSINE/, hint => qr/l2_normalize/);
	fails('a metric of its own for the index', q{SELECT milvus_fdw.create_index('m1.docs', 'vector', 'IVF_FLAT', 'IP')},
		sqlstate => '22023', message => qr/compares by L2, not by IP/);
	sql(q{SELECT milvus_fdw.create_index('m1.docs', 'vector', 'IVF_SQ8', params => '{"nlist": 64}')});
	is(value(q{SELECT index FROM milvus_fdw.fields('m1', 'docs') WHERE name = 'vector'}), 'IVF_SQ8', 'an index');
	sql(q{SELECT milvus_fdw.drop_index('m1.docs', 'vector')});
	sql(q{SELECT milvus_fdw.load('m1.docs')});
	sql(q{SELECT milvus_fdw.release('m1.docs')});
	sql(q{SELECT milvus_fdw.flush('m1.docs')});
	fails('a collection that does not exist', q{SELECT * FROM milvus_fdw.fields('m1', 'none')}, sqlstate => 'HV00R', message => 'collection "none" does not exist');
};

subtest 'channels of the old tool' => sub {
	ours(milvus => ['t073_docs']);
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't073_docs', "like" => 'm1.docs', primary_key => 'id')});
	sql('CREATE SCHEMA milvus2');
	sql(q{CREATE FOREIGN TABLE milvus2.docs (id bigint, vector real[] OPTIONS (dim '4')) SERVER milvus OPTIONS (collection 't073_docs')});
	sql('INSERT INTO milvus2.docs SELECT id, vector[1:3] || 1::real FROM m1.docs');
	is(value(q{SELECT count(*) FROM source s JOIN milvus2.docs t USING (id) WHERE array_send(s.vector[1:3]) = array_send(t.vector[1:3])}), 2000, 'Milvus 1.x to Milvus 2.x');
	my $other = double('milvus1_server');
	sql('CREATE SERVER other FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (host \'localhost\', port \'' . $other->port . '\')');
	sql(q{SELECT milvus_fdw.create_collection('other', 'docs', "like" => 'm1.docs', primary_key => 'id')});
	sql(q{CREATE FOREIGN TABLE other_docs (id bigint, vector real[]) SERVER other OPTIONS (collection 'docs')});
	sql('INSERT INTO other_docs SELECT * FROM m1.docs');
	is(value(sprintf $same, 'other_docs'), 0, 'Milvus 1.x to Milvus 1.x');

	mkdir(my $out = scratch() . '/h5') or die;
	chmod 0777, $out;
	sql('CREATE SERVER h5 FOREIGN DATA WRAPPER hdf5_fdw');
	sql(qq{CREATE FOREIGN TABLE file (ids bigint, embeddings real[] OPTIONS (dim '4')) SERVER h5 OPTIONS (filename '$out/docs.h5')});
	sql('INSERT INTO file SELECT * FROM m1.docs ORDER BY id');
	is(value('SELECT count(*) FROM source s JOIN file f ON s.id = f.ids AND array_send(s.vector) = array_send(f.embeddings)'), 2000, 'Milvus 1.x to HDF5');
	sql(q{SELECT milvus_fdw.create_collection('other', 'from_file', "like" => 'm1.docs', primary_key => 'id')});
	sql(q{CREATE FOREIGN TABLE from_file (id bigint, vector real[]) SERVER other OPTIONS (collection 'from_file')});
	sql('INSERT INTO from_file SELECT ids, embeddings FROM file');
	is(value(sprintf $same, 'from_file'), 0, 'HDF5 to Milvus 1.x');
};

subtest 'a server that fails' => sub {
	my $slow = double('milvus1_server', hang => 'GetVectorsByID');
	sql('CREATE SERVER slow FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (retry_timeout \'1\', host \'localhost\', port \'' . $slow->port . '\')');
	sql(q{SELECT milvus_fdw.create_collection('slow', 'docs', "like" => 'source', primary_key => 'id', metric_type => 'L2')});
	sql(q{CREATE FOREIGN TABLE slow_docs (id bigint, vector real[]) SERVER slow OPTIONS (collection 'docs')});
	sql('INSERT INTO slow_docs SELECT * FROM source');
	sql(q{SELECT milvus_fdw.flush('slow_docs')});
	obeys('while it reads', 'SELECT * FROM slow_docs', reached => sub { scalar grep { $_->{call} eq 'GetVectorsByID' } $slow->seen });
	$slow->stop;
	fails('gone', 'SELECT * FROM slow_docs', sqlstate => qr/^08/);
	my $no = double('milvus1_server', refuse => 'Insert');
	sql('CREATE SERVER no FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (host \'localhost\', port \'' . $no->port . '\')');
	sql(q{SELECT milvus_fdw.create_collection('no', 'docs', "like" => 'source', primary_key => 'id', metric_type => 'L2')});
	sql(q{CREATE FOREIGN TABLE no_docs (id bigint, vector real[]) SERVER no OPTIONS (collection 'docs')});
	fails('refused', 'INSERT INTO no_docs SELECT * FROM source', sqlstate => 'HV000', message => 'Milvus 1.x Insert was refused',
		detail => qr/refused by the test \(code 1\).*rejected: 2000/s);
	fails('a server of Milvus 2.x', q{SELECT milvus_fdw.version('m2')}, sqlstate => qr/./, hint => qr/milvus_fdw/)
		if eval { sql('CREATE SERVER m2 FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (host \'' . $ENV{MILVUS_FDW_MILVUS_HOST} . '\', port \'' . $ENV{MILVUS_FDW_MILVUS_PORT} . '\')'); 1 };
};

subtest 'a directory is only read' => sub {
	sql(q{CREATE SERVER dir FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '/nowhere', meta 'sqlite:/nowhere/meta.sqlite')});
	sql(q{CREATE FOREIGN TABLE dir_docs (id bigint, vector real[]) SERVER dir});
	fails('creating', q{SELECT milvus_fdw.create_collection('dir', 'no', "like" => 'source', primary_key => 'id')}, sqlstate => '0A000', message => qr/only read/);
	fails('both', q{CREATE SERVER two FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (host 'localhost', directory '/nowhere', meta 'sqlite:/nowhere/meta.sqlite')},
		sqlstate => 'HV024', message => 'options "host" and "directory" do not go together');
	fails('neither', q{CREATE SERVER two FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '/nowhere')},
		sqlstate => 'HV00J', message => 'option "meta" is not set');
};

done_testing();
