# Does check_schema() tell every mismatch before a row moves, and nothing where there is none?

use MilvusFdw;

ours(milvus => [qw(t063_target t063_same t063_dynamic)], es => ['t063_source']);
fresh_database();
both_servers();
sql("CREATE SCHEMA $_") for qw(es m);

python(<<'P');
from pymilvus import *
milvus()
T, F = DataType, FieldSchema
fields = [F("id", T.INT64, is_primary=True), F("title", T.VARCHAR, max_length=64), F("small", T.INT8), F("ratio", T.FLOAT), F("tags", T.ARRAY, element_type=T.VARCHAR, max_length=10, max_capacity=4),
    F("needed", T.VARCHAR, max_length=9), F("hidden", T.INT32), F("kind", T.INT64), F("v", T.FLOAT_VECTOR, dim=8)]
Collection("t063_target", CollectionSchema(fields)).create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
Collection("t063_dynamic", CollectionSchema([F("id", T.INT64, is_primary=True, auto_id=True), F("v", T.FLOAT_VECTOR, dim=4)], enable_dynamic_field=True)).create_index("v", {"index_type": "FLAT", "metric_type": "COSINE", "params": {}})
P
es(PUT => '/t063_source', { mappings => { properties => { id => { type => 'long' }, title => { type => 'keyword' }, small => { type => 'integer' }, ratio => { type => 'double' },
	tags => { type => 'keyword' }, kind => { type => 'keyword' }, surplus => { type => 'keyword' }, v => { type => 'dense_vector', dims => 4, similarity => 'cosine' } } } });
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t063_source) FROM SERVER es INTO es');
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t063_target, t063_dynamic) FROM SERVER milvus INTO m');
sql('ALTER FOREIGN TABLE es.t063_source ALTER tags TYPE text[], DROP COLUMN _id');
sql('ALTER FOREIGN TABLE m.t063_target DROP COLUMN hidden, ALTER kind TYPE bytea');

sub findings
{
	my ($from, $to) = @_;
	my %found;
	push @{ $found{"$_->[0] $_->[1]"} }, $_->[2] for sql('SELECT field, severity, problem FROM milvus_fdw.check_schema($1, $2)', $from, $to);
	return { map { ($_ => join '; ', @{ $found{$_} }) } keys %found };
}

subtest 'everything that is wrong' => sub {
	my $found = findings('es.t063_source', 'm.t063_target');
	my %expected = (
		'v error' => qr/4 dimensions become 8/,
		'kind error' => qr/text cannot be assigned to bytea/,
		'needed error' => qr/no such column, and the target needs a value/,
		'hidden error' => qr/its foreign table has no column/,
		'surplus warning' => qr/would be lost/,
		'small warning' => qr/Int8 does not hold every integer/,
		'ratio warning' => qr/Float does not hold every double/,
	);
	like($found->{$_}, $expected{$_}, $_) for sort keys %expected;
	my @rows = sql(q{SELECT field, problem, hint FROM milvus_fdw.check_schema('es.t063_source', 'm.t063_target') WHERE field IN ('title', 'v', 'tags')});
	ok((grep { $_->[0] eq 'title' && $_->[1] =~ /texts of any length, where 64 bytes/ && $_->[2] =~ /text_truncate_bytes\(title, 64\)/ } @rows), 'texts that are too long, and what cuts them');
	ok((grep { $_->[0] eq 'v' && $_->[1] =~ /compared by L2, where the source is by COSINE/ } @rows), 'another metric');
	ok((grep { $_->[0] eq 'title' && $_->[1] =~ /NULL may come/ && $_->[2] =~ /COALESCE\(title/ } @rows), 'NULL');
	ok((grep { $_->[0] eq 'tags' && $_->[1] =~ /arrays of any length, where 4 elements/ } @rows), 'arrays that are too long');
	ok((grep { $_->[0] eq 'tags' && $_->[1] =~ /texts of any length, where 10 bytes/ } @rows), 'and their elements');
};

subtest 'a dynamic field, and keys that the remote makes' => sub {
	sql(q{CREATE TABLE docs (id bigint NOT NULL, v real[] NOT NULL, color text)});
	my @rows = sql(q{SELECT field, severity, hint FROM milvus_fdw.check_schema('docs', 'm.t063_dynamic')});
	is_deeply([ map { "$_->[0] $_->[1]" } @rows ], [ 'id error', 'color notice' ], 'what they are');
	like($rows[0][2], qr/Leave the column out/, 'a key of its own');
	is($rows[1][2], 'ALTER FOREIGN TABLE m.t063_dynamic ADD COLUMN color text makes it a key of that.', 'and how a column gets into the dynamic field');
	sql('ALTER FOREIGN TABLE m.t063_dynamic ADD COLUMN color text, DROP COLUMN id');
	sql('ALTER TABLE docs DROP COLUMN id');
	is_deeply(findings('docs', 'm.t063_dynamic'), {}, 'so nothing is wrong any more');
	sql(q{INSERT INTO m.t063_dynamic (v, color) SELECT v, color FROM (VALUES ('{1,2,3,4}'::real[], 'red')) AS d(v, color)});
};

subtest 'nothing' => sub {
	sql(q{CREATE TABLE good (id bigint PRIMARY KEY, title varchar(16) NOT NULL, small smallint NOT NULL, v real[] NOT NULL)});
	sql(q{INSERT INTO good VALUES (1, 'x', 2, '{1,2,3}')});
	sql(q{SELECT milvus_fdw.create_collection('milvus', 't063_same', like => 'good', primary_key => 'id', load => false)});
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t063_same) FROM SERVER milvus INTO m');
	is_deeply(findings('good', 'm.t063_same'), {}, 'from a local table into a collection made like it');
	is_deeply(findings('m.t063_same', 'm.t063_same'), {}, 'from a collection into itself');
	is_deeply(findings('good', 'good'), {}, 'between local tables');
	sql('CREATE TABLE other (id integer, title bytea, more text NOT NULL)');
	is_deeply(findings('good', 'other'), { 'id warning' => 'integer does not hold every bigint', 'title error' => 'character varying cannot be assigned to bytea',
		'more error' => 'the source has no such column, and the target needs a value', 'small warning' => 'the target has no such column: it would be lost',
		'v warning' => 'the target has no such column: it would be lost' }, 'which need not be alike');
};

done_testing;
