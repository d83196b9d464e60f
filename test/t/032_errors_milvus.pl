# What does one read when something is wrong with a collection, a row or an answer of Milvus, and what became of the rows?
#
# starts: milvus

use MilvusFdw;

# tap032 to write, tap032_cold not loaded, tap032_bare without index, tap032_auto with auto id, tap032_big with long vectors,
# tap032_text with texts as keys.  Loading takes a second each, so only what is read is loaded.
python(<<'P');
milvus()
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, utility
key = FieldSchema("id", DataType.INT64, is_primary=True)
def vector(dim=4):
    return FieldSchema("v", DataType.FLOAT_VECTOR, dim=dim)
schemas = {
    "tap032": [key, FieldSchema("small", DataType.INT8), FieldSchema("name", DataType.VARCHAR, max_length=16), vector()],
    "tap032_cold": [key, vector()],
    "tap032_bare": [key, vector()],
    "tap032_auto": [FieldSchema("id", DataType.INT64, is_primary=True, auto_id=True), FieldSchema("n", DataType.INT64), vector()],
    "tap032_big": [key, vector(20000)],
    "tap032_text": [FieldSchema("id", DataType.VARCHAR, is_primary=True, max_length=64), vector()],
}
for name, fields in schemas.items():
    if utility.has_collection(name):
        utility.drop_collection(name)
    c = Collection(name, CollectionSchema(fields))
    if name in ("tap032", "tap032_cold", "tap032_auto"):
        c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    if name in ("tap032", "tap032_auto"):
        c.load(_async=name == "tap032")
utility.wait_for_loading_complete("tap032")
P

# Every subtest writes keys of its own, counted from 1 in its text and from $base in the collection.
my $base = 0;
sub new_keys { $base += 100_000; notices() }

# The keys that are there, as ranges: "1-20 31-40".
sub keys_there
{
	return python(<<'P', $base);
milvus()
from pymilvus import Collection
base = int(args[0])
mine = "id > %d and id <= %d" % (base, base + 100000)
c = Collection("tap032")
found = sorted(r["id"] - base for r in c.query(mine, output_fields=["id"], limit=16384, consistency_level="Strong"))
total = c.query(mine, output_fields=["count(*)"])[0]["count(*)"]
ranges = []
for k in found:
    if ranges and ranges[-1][1] + 1 == k:
        ranges[-1][1] = k
    else:
        ranges.append([k, k])
print(" ".join("%d-%d" % tuple(r) for r in ranges) + ("" if total == len(found) else " but %d rows" % total))
P
}

fresh_database();
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '${\milvus_host}', port '${\milvus_port}', retry_timeout '0')");

my $tables = 0;
sub table
{
	my ($columns, %options) = @_;
	my $server = delete $options{server} // 'milvus';
	my $name = 't' . ++$tables;
	%options = (collection => 'tap032', %options);
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER $server OPTIONS (" . join(', ', map { "$_ '$options{$_}'" } sort keys %options) . ')');
	return $name;
}

my $columns = 'id bigint, small smallint, name text, v real[]';

# A table behind a double that plays the script, with batches of 10 rows, one after the other.
sub behind
{
	my ($script, %options) = @_;
	my %double = map { $_ => delete $options{$_} } grep { exists $options{$_} } qw(max_receive);
	my %server = (retry_timeout => 0, map { $_ => delete $options{$_} } grep { /_timeout|memory_limit/ } keys %options);
	my $double = double('grpc_server', to => real_milvus(), script => $script, %double);
	my $server = server_at($double->port, %server);
	return (table(delete $options{columns} // $columns, server => $server, batch_size => 10, max_in_flight => 1, %options), $double);
}

sub server_at
{
	my ($port, %options) = @_;
	my $server = 's' . ++$tables;
	sql("CREATE SERVER $server FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$port'" . join('', map { ", $_ '$options{$_}'" } sort keys %options) . ')');
	return $server;
}

sub calls { my ($double, $method) = @_; return scalar grep { ($_->{method} // '') eq $method && !$_->{event} } $double->seen }

sub insert { my ($t, $from, $to) = @_; return "INSERT INTO $t SELECT $base + i, 1, 'n' || i, array[i,1,2,3] FROM generate_series($from, $to) i" }

# A key of this subtest as messages show it.
sub key_text { return '"' . ($base + $_[0]) . '"' }

sub counts
{
	my ($acknowledged, $rejected, $unknown, $unsent) = @_;
	return qr/Rows acknowledged: $acknowledged, rejected: $rejected, unknown: $unknown, not sent: $unsent\./;
}

subtest 'names' => sub {
	my $t = table('id bigint', collection => 'tap032_none');
	my %missing = (sqlstate => 'HV00R', message => 'collection "tap032_none" does not exist on server "milvus"',
		detail => qr/Milvus answered code/, context => qr/server "milvus"/);
	fails('a collection that does not exist', "SELECT * FROM $t", %missing);
	fails('counting it', "SELECT count(*) FROM $t", %missing);
	fails('inserting into it', "INSERT INTO $t VALUES (1)", %missing);
	fails('loading it', "SELECT milvus_fdw.load('$t')", %missing);
	fails('its fields', q{SELECT * FROM milvus_fdw.fields('milvus', 'tap032_none')}, %missing);
	fails('a field that does not exist', 'SELECT * FROM ' . table('id bigint, nothing text'), sqlstate => 'HV005', message => qr/"nothing"/,
		context => qr/collection "tap032"/);
	my $u = table('id bigint, nothing text, v real[]');
	fails('inserting into one', "INSERT INTO $u VALUES (1, 'x', '{1,2,3,4}')", sqlstate => 'HV005', message => qr/has no field "nothing" in collection "tap032"/,
		hint => qr/The fields are: id, small, name, v, \$partition\./);
	is(error_of('SELECT id FROM ' . table('id bigint, nothing text')), undef, 'what is not asked for does not matter');
	my $d = table('id bigint', database => 'tap032_none');
	fails('a database that does not exist', "SELECT * FROM $d", sqlstate => 'HV00R', detail => qr/database=tap032_none/);
	fails('a schema that does not exist', 'IMPORT FOREIGN SCHEMA tap032_none FROM SERVER milvus INTO public', message => qr/tap032_none|database/);
};

subtest 'options' => sub {
	my $server = q{CREATE SERVER x FOREIGN DATA WRAPPER milvus_fdw OPTIONS (%s)};
	fails('no host', sprintf($server, q{port '19530'}), message => 'option "host" or "uri" is required for a server of milvus_fdw', hint => qr/host/);
	for ([ 'no port', q{port '0'}, qr/"port": "0"/, qr/1 to 65535/ ], [ 'no number', q{port 'x'}, qr/"port": "x"/, qr/integer/ ],
		[ 'no level', q{consistency_level 'sometimes'}, qr/sometimes/, qr/strong.*session/ ],
		[ 'no boolean', q{auto_load 'x'}, qr/auto_load/, qr/true or false/ ], [ 'no batch', q{batch_size '0'}, qr/batch_size/, qr/from 1/ ])
	{
		my ($name, $option, $message, $detail) = @$_;
		fails($name, sprintf($server, "host 'localhost', $option"), sqlstate => '22023', message => $message, detail => $detail);
	}
	fails('a word for another', sprintf($server, q{host 'localhost', prot '1'}), sqlstate => 'HV00D', hint => qr/"port"/);
	fails('a place for another', sprintf($server, q{host 'localhost', collection 'x'}), sqlstate => 'HV00D', hint => qr/"collection" is an option of a foreign table/);
};

subtest 'a collection that is not loaded' => sub {
	sql('CREATE SCHEMA "it\'s Mine"');
	for ([ 'public.cold', 'tap032_cold' ], [ q{"it's Mine"."the Table"}, 'tap032_cold' ])
	{
		my ($name, $collection) = @$_;
		sql(qq{CREATE FOREIGN TABLE $name (id bigint, v real[]) SERVER milvus OPTIONS (collection '$collection')});
		my $e = error_of("SELECT * FROM $name");
		is($e->{sqlstate}, '55000', $name);
		is($e->{message}, 'collection "tap032_cold" is not loaded', 'message');
		my $literal = value('SELECT quote_literal($1)', $name);
		my $call = "milvus_fdw.load($literal)";
		like($e->{hint}, qr/\Q$call\E/, 'the exact call in the hint');
		like($e->{hint}, qr/auto_load/, 'and the option');
		my ($said) = ($e->{hint} // '') =~ /(milvus_fdw\.load\('(?:[^']|'')*'\))/;
		is(error_of('SELECT ' . ($said // 'NULL::no_hint')), undef, 'it works');
		is(error_of("SELECT * FROM $name"), undef, 'and then so does the query');
		is(error_of("SELECT milvus_fdw.release($literal)"), undef, 'released again');
	}
	is(error_of(q{INSERT INTO cold VALUES (1, '{1,2,3,4}')}), undef, 'writing needs no loading');
	sql(q{ALTER FOREIGN TABLE cold OPTIONS (ADD auto_load 'true')});
	is(value('SELECT count(id) FROM cold'), 1, 'auto_load');
	my $bare = table('id bigint, v real[]', collection => 'tap032_bare');
	fails('one without an index', "SELECT * FROM $bare", sqlstate => '55000', message => qr/not loaded/);
	fails('loading that', "SELECT milvus_fdw.load('$bare')", sqlstate => '55000', hint => qr/milvus_fdw\.create_index/);
};

subtest 'values that a field cannot hold' => sub {
	my $t = table('id bigint, small bigint, name text, v real[]', batch_size => 10, max_in_flight => 1);
	my $row = sub {
		my ($values) = @_;
		return "INSERT INTO $t SELECT * FROM (SELECT i, i % 100, 'n' || i, array[i,1,2,3]::real[] FROM generate_series(1, 25) i
			UNION ALL SELECT * FROM (VALUES $values) x(a, b, c, d)) y";
	};
	my $n = 0;
	my $try = sub {
		my ($name, $values, $column, %expected) = @_;
		fails($name, $row->($values), %expected, detail => counts(20, 0, 0, 5),
			context => qr/column "$column", row 26, key "77", collection "tap032", server "milvus", foreign table "public\.$t"/);
		my ($warning) = grep { $_->{message} =~ /stay there/ } @{ notices() };
		is($warning->{message}, 'rows written to collection "tap032" on server "milvus" stay there', "$name: an abort warns");
		like($warning->{detail}, qr/acknowledged 20 rows;/, 'with the count');
		$n++;
	};
	$try->('dimensions', q{(77::bigint, 1::bigint, 'x', '{1,2,3}'::real[])}, 'v', sqlstate => '22000', message => 'expected 4 dimensions, not 3');
	$try->('more dimensions', q{(77::bigint, 1::bigint, 'x', '{1,2,3,4,5}'::real[])}, 'v', sqlstate => '22000', message => 'expected 4 dimensions, not 5');
	$try->('an empty vector', q{(77::bigint, 1::bigint, 'x', '{}'::real[])}, 'v', sqlstate => '22000', message => 'expected 4 dimensions, not 0');
	$try->('a matrix', q{(77::bigint, 1::bigint, 'x', '{{1,2},{3,4}}'::real[])}, 'v', sqlstate => '2202E', message => qr/one dimension, not 2/);
	$try->('NULL in a vector', q{(77::bigint, 1::bigint, 'x', '{1,2,NULL,4}'::real[])}, 'v', sqlstate => '22004', message => qr/NULL/);
	$try->('NULL for a vector', q{(77::bigint, 1::bigint, 'x', NULL::real[])}, 'v', sqlstate => '23502', message => qr/^null value in field "v" of type FloatVector\(4\), which cannot hold it/);
	$try->('NULL for a text', q{(77::bigint, 1::bigint, NULL, '{1,2,3,4}'::real[])}, 'name', sqlstate => '23502', message => qr/^null value in field "name" of type VarChar\(16\)/);
	$try->('an integer out of range', q{(77::bigint, 128::bigint, 'x', '{1,2,3,4}'::real[])}, 'small', sqlstate => '22003',
		message => 'value "128" is out of range for field "small" of type Int8');
	$try->('a text too long, counted in bytes', q{(77::bigint, 1::bigint, repeat('é', 9), '{1,2,3,4}'::real[])}, 'name', sqlstate => '22001',
		message => 'value too long for field "name" of type VarChar(16)', hint => qr/text_truncate_bytes/);
	is(error_of("INSERT INTO $t VALUES (1000, 1, repeat('é', 8), '{1,2,3,4}')"), undef, 'one that just fits');
	fails('how many bytes', "INSERT INTO $t VALUES (77, 1, repeat('é', 9), '{1,2,3,4}')", detail => qr/has 18 bytes in UTF-8, the field holds 16/);
	fails('NULL for the key', "INSERT INTO $t VALUES (NULL, 1, 'x', '{1,2,3,4}')", sqlstate => '23502', message => qr/^null value in field "id"/,
		context => qr/column "id", row 1,/);
	fails('a column of no use', 'INSERT INTO ' . table('id bigint, small text, name text, v real[]') . q{ VALUES (1, '1', 'x', '{1,2,3,4}')},
		sqlstate => '42804', message => qr/column "small" of type text cannot be written to field "small" of type Int8/);
	notices();

	# What only the remote knew is checked on the way to it: with the batch, so the rows after it count as not sent.
	for my $bad (qw(NaN Infinity -Infinity))
	{
		fails("$bad in a vector", $row->("(77::bigint, 1::bigint, 'x', '{1,2,$bad,4}'::real[])"), sqlstate => '22000', message => qr/NaN or infinity/,
			detail => qr/Rows acknowledged: 20, rejected: \d+, unknown: 0, not sent: \d+\./, context => qr/column "v".*key "77".*collection "tap032"/);
	}
	is($n, 9, 'all were tried');
	notices();

	fails('COPY names its line', qq{COPY $t FROM PROGRAM \$\$printf '1\\t1\\ta\\t{1,2,3,4}\\n2\\t1\\tb\\t{1,2}\\n'\$\$}, sqlstate => '22000',
		message => 'expected 4 dimensions, not 2', context => qr/row 2, key "2".*\n.*COPY $t, line 2/s);

	my $text = table('id text, v real[]', collection => 'tap032_text');
	fails('a text as key', "INSERT INTO $text VALUES ('it''s me', '{1,2,3}')", sqlstate => '22000', context => qr/key "it's me"/);
	my $auto = table('id bigint, n bigint, v real[]', collection => 'tap032_auto');
	fails('a value for auto id', "INSERT INTO $auto VALUES (1, 1, '{1,2,3,4}')", sqlstate => '428C9', message => qr/cannot insert a value into field "id"/,
		hint => qr/Leave the column out/);
	is(error_of("INSERT INTO $auto (n, v) VALUES (1, '{1,2,3,4}')"), undef, 'without it');
	is(value("SELECT count(id) FROM $auto"), 1, 'a row is there');
};

subtest 'a document without the vector' => sub {
	new_keys();
	es(DELETE => '/tap032?ignore_unavailable=true');
	es(PUT => '/tap032', { mappings => { properties => { id => { type => 'long' }, v => { type => 'dense_vector', dims => 4, index => \0 } } } });
	es_bulk('tap032', [ map { { _id => "d$_", id => $base + $_, $_ == 3 ? () : (v => [ $_, 1, 2, 3 ]) } } 1 .. 5 ]);
	sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\es_url}')");
	sql(q{CREATE FOREIGN TABLE source (id bigint, v real[]) SERVER es OPTIONS (index 'tap032')});
	my $t = table($columns);
	fails('names its key and column', "INSERT INTO $t SELECT id, 1, 'x', v FROM source ORDER BY id", sqlstate => '23502',
		message => qr/^null value in field "v" of type FloatVector\(4\)/, detail => counts(0, 0, 0, 2), context => qr/column "v", row 3, key ${\key_text(3)}/);
	is_deeply(notices(), [], 'nothing was sent: no warning');
	is(error_of("INSERT INTO $t SELECT id, 1, 'x', v FROM source WHERE v IS NOT NULL"), undef, 'and can be left out');
	is(keys_there(), '1-2 4-5', 'the others are there');
	es(DELETE => '/tap032');
};

# -------------------------------------------------------------- what became of the rows

subtest 'refused for a while' => sub {
	new_keys();
	my $busy = { milvus => { code => 8, error_code => 49, reason => 'request is rejected by grpc RateLimiter middleware, please retry later', retriable => \1 } };
	my ($t, $double) = behind({ Insert => [ { forward => \1 }, { %$busy, times => 3 }, { forward => \1 }, $busy, { forward => \1 } ] }, retry_timeout => 30);
	is(error_of(insert($t, 1, 50)), undef, 'a rate limit is waited for');
	is(keys_there(), '1-50', 'each row is there once');
	is(calls($double, 'Insert'), 9, 'sent as often as needed');
	notices();

	($t) = behind({ Insert => [ { forward => \1, times => 2 }, $busy ] });
	fails('but not for ever', insert($t, 101, 150), sqlstate => '53000', message => "Milvus's rate limit is reached",
		detail => qr/RateLimiter.*Rows acknowledged: 20, rejected: 0, unknown: 0, not sent: \d+\./s, hint => qr/quotaAndLimits/);
	like(notices()->[0]{detail}, qr/acknowledged 20 rows;/, 'the abort warns');

	($t) = behind({ Insert => [ { status => 8, details => 'too many requests', times => 2 }, { forward => \1 } ] }, retry_timeout => 30);
	is(error_of(insert($t, 201, 230)), undef, 'a limit told by gRPC is waited for, too');
	is(keys_there(), '1-50 101-120 201-230', 'the rows so far');

	($t) = behind({ Insert => [ { forward => \1 }, { milvus => { code => 9, error_code => 53, reason => 'memory quota exhausted' } } ] }, retry_timeout => 1);
	fails('a quota is waited for, but not for ever', insert($t, 301, 330), sqlstate => '53000', message => "Milvus's quota is exhausted",
		detail => qr/memory quota exhausted.*Rows acknowledged: 10, rejected: 0, unknown: 0, not sent: \d+\./s, hint => qr/retry_timeout/);
};

subtest 'refused for good' => sub {
	new_keys();
	my ($t, $double) = behind({ Insert => [ { forward => \1 }, { milvus => { code => 1100, error_code => 1, reason => "invalid parameter: no\nstack trace: secret inner life" } } ] });
	fails('by Milvus', insert($t, 1, 50), sqlstate => '22023', message => 'Milvus refused the request',
		detail => qr/Milvus answered code 1100: invalid parameter: no\nRows acknowledged: 10, rejected: 10, unknown: 0, not sent: \d+\./,
		context => qr/collection "tap032"/);
	is(calls($double, 'Insert'), 2, 'nothing is sent after it');
	($t, $double) = behind({ Insert => [ { forward => \1 }, { status => 3, details => 'bad request' } ] });
	fails('by gRPC', insert($t, 11, 50), sqlstate => '22023', message => qr/^server "s\d+" refused the request/, detail => qr/INVALID_ARGUMENT: bad request.*rejected: 10/s);
	is(keys_there(), '1-20', 'only what was acknowledged is there');

	# With several in flight the others' answers are awaited.
	new_keys();
	($t, $double) = behind({ Insert => [ { forward => \1, delay_ms => 100 }, { milvus => { code => 1100, error_code => 1, reason => 'no' } }, { forward => \1, delay_ms => 200 } ] },
		max_in_flight => 4);
	my $e = error_of(insert($t, 1, 100));
	my ($acknowledged, $rejected, $unknown, $unsent) = ($e->{detail} // '') =~ /acknowledged: (\d+), rejected: (\d+), unknown: (\d+), not sent: (\d+)/;
	is($rejected, 10, 'one batch among several: rejected');
	is($unknown, 0, 'no row is unknown');
	is($acknowledged + $rejected + $unsent, 100, 'the others are acknowledged or were not sent') if defined $acknowledged && $acknowledged + $unsent > 50;
	is(value("SELECT count(*) FROM ${\table($columns, consistency_level => 'strong')} WHERE id > $base"), $acknowledged, 'as many are there as were acknowledged');
};

subtest 'nobody knows' => sub {
	new_keys();
	my ($t, $double) = behind({ Insert => [ { forward => \1 }, { after => \1, status => 14, details => 'connection reset' }, { forward => \1 } ] }, retry_timeout => 30);
	my $unknown = qr/Rows acknowledged: 10, rejected: 0, unknown: 10, not sent: \d+\. The unknown are among the keys ${\key_text(11)} to ${\key_text(20)}\./;
	fails('the answer is lost', insert($t, 1, 50), sqlstate => '08006', message => qr/^lost the connection to server "s\d+"/, detail => $unknown,
		context => qr/collection "tap032"/);
	like(notices()->[0]{detail}, qr/acknowledged 10 rows and may hold 10 more;/, 'the abort warns of both');
	is(calls($double, 'Insert'), 2, 'it is not sent again');
	is(keys_there(), '1-20', 'so no row is there twice');

	($t, $double) = behind({ Insert => [ { forward => \1 }, { status => 14, details => 'connection reset' }, { forward => \1 } ] }, retry_timeout => 30);
	fails('the request is lost: the same from here', insert($t, 101, 150), sqlstate => '08006',
		detail => qr/unknown: 10, not sent: \d+\. The unknown are among the keys ${\key_text(111)} to ${\key_text(120)}/);
	is(keys_there(), '1-20 101-110', 'although they are not there');

	for ([ 'bytes that are no message', 'ff' ], [ 'a message cut off', '0a7f00' ])
	{
		my ($name, $hex) = @$_;
		($t, $double) = behind({ Insert => [ { after => \1, hex => $hex } ] });
		fails($name, insert($t, 201, 205), sqlstate => 'HV00L', message => qr/^the answer to Milvus Insert is not usable/, detail => qr/unknown: 5/);
		is(calls($double, 'Insert'), 1, 'and it is not sent again');
	}
	($t, $double) = behind({ Insert => [ { hex => '' } ] });
	fails('an answer that counts no rows', insert($t, 301, 305), sqlstate => 'HV000', message => 'Milvus stored 0 of 5 rows', detail => qr/acknowledged: 0/);

	($t, $double) = behind({ Insert => [ { after => \1, hang => \1 } ] }, request_timeout => 1);
	fails('no answer in time', insert($t, 401, 405), sqlstate => '08006', message => qr/did not answer within 1 s/, detail => qr/unknown: 5.*${\key_text(401)} to ${\key_text(405)}/s);

	# A real line: cut in the middle of the second Insert.
	new_keys();
	my $line = double('line', to => real_milvus(), after => 30_000, then => 'reset');
	$t = table($columns, server => server_at($line->port, retry_timeout => 0), batch_size => 400, max_in_flight => 1);
	my $e = error_of(insert($t, 1, 2000));
	like($e->{sqlstate}, qr/^08/, 'a line that is cut: ' . $e->{message});
	my ($acknowledged, $lost, $first, $last) = $e->{detail} =~ /acknowledged: (\d+), rejected: 0, unknown: (\d+), .*"(\d+)" to "(\d+)"/s;
	is($lost, 400, 'one batch is unknown');
	is_deeply([ $first, $last ], [ $base + $acknowledged + 1, $base + $acknowledged + 400 ], 'its keys are named');
	is(keys_there(), $acknowledged ? "1-$acknowledged" : '', 'it was not stored twice, nor sent again');
};

subtest 'an error of one\'s own' => sub {
	new_keys();
	my $t = table($columns, batch_size => 10, max_in_flight => 1);
	notices();
	fails('a division by zero on the way', "INSERT INTO $t SELECT $base + i, 1 / (36 - i), 'x', array[i,1,2,3] FROM generate_series(1, 100) i", sqlstate => '22012');
	my ($warning) = @{ notices() };
	like($warning->{detail}, qr/^The remote acknowledged (\d+) rows/, 'what is there already is told');
	my ($acknowledged, $maybe) = ($warning->{detail} // '') =~ /acknowledged (\d+) rows(?: and may hold (\d+))?/;
	cmp_ok($acknowledged + ($maybe // 0), '<=', 40, 'nothing is sent after it');
	fails('the same in a transaction', "DO \$\$ BEGIN ${\insert($t, 101, 120)}; RAISE 'no'; END \$\$", sqlstate => 'P0001');
	like(notices()->[0]{detail}, qr/^The remote acknowledged 20 rows;/, 'counts what was written');
	sql('BEGIN');
	sql(insert($t, 201, 220));
	sql('ROLLBACK');
	like(notices()->[0]{detail}, qr/^The remote acknowledged 20 rows;/, 'ROLLBACK, too');
	sql('BEGIN');
	sql(insert($t, 301, 320));
	sql('COMMIT');
	is_deeply(notices(), [], 'COMMIT is silent');
};

subtest 'messages too large' => sub {
	new_keys();
	my ($t, $double) = behind({}, max_receive => 20_000, batch_size => 5000, max_in_flight => 4);
	is(error_of(insert($t, 1, 5000)), undef, 'batches are split until they fit');
	is(keys_there(), '1-5000', 'each row is there once');
	my ($big) = behind({}, max_receive => 60_000, columns => 'id bigint, v real[]', collection => 'tap032_big');
	fails('a row that is too large alone', "INSERT INTO $big SELECT i, array_fill(1::real, array[20000]) FROM generate_series(7, 9) i", sqlstate => '54000',
		message => 'a row is too large for Milvus', detail => qr/larger than max.*60000.*Rows acknowledged: 0, rejected: 1/s, hint => qr/serverMaxRecvSize/,
		context => qr/row 1, key "7".*collection "tap032_big"/);
};

subtest 'reading' => sub {
	new_keys();
	sql(insert(table($columns), 1, 50));
	# The double's connection did not write these rows, so it would see them only after a while.
	my @strong = (consistency_level => 'strong', fetch_size => 1000);
	my ($t, $double) = behind({ Query => [ { forward => \1 }, { status => 14, details => 'connection reset' }, { forward => \1 } ],
		DescribeCollection => [ { status => 14, details => 'x' }, { forward => \1 } ] }, retry_timeout => 30, @strong);
	is_deeply([ sql("SELECT count(id), count(DISTINCT id), sum(id - $base) FROM $t WHERE id > $base") ], [ [ 50, 50, 1275 ] ], 'a lost connection is made again: each row once');
	($t) = behind({ Query => [ { forward => \1 }, { status => 14, details => 'connection reset' } ] }, @strong);
	fails('unless it stays lost', "SELECT * FROM $t", sqlstate => '08006', detail => qr/UNAVAILABLE: connection reset/);
	($t) = behind({ Query => [ { milvus => { code => 8, error_code => 49, reason => 'rate' }, times => 2 }, { forward => \1 } ] }, retry_timeout => 30, @strong);
	is(value("SELECT count(id) FROM $t WHERE id > $base"), 50, 'a rate limit is waited for');
	for ([ 'Query', 'ff' ], [ 'Query', '0a7f00' ], [ 'DescribeCollection', 'ff' ], [ 'DescribeCollection', '' ], [ 'Query', '12041a020800' ])
	{
		my ($method, $hex) = @$_;
		($t) = behind({ $method => [ { hex => $hex } ] });
		fails("$method answered with '$hex'", "SELECT * FROM $t", sqlstate => 'HV00L');
	}
	($t) = behind({ Query => [ { milvus => { code => 65535, error_code => 1, reason => 'panic' } } ] });
	fails('Milvus does not know itself', "SELECT * FROM $t", sqlstate => 'HV000', detail => qr/Milvus answered code 65535: panic/);
	my $line = double('line', to => real_milvus(), after_reply => 1500, then => 'reset', times => 1);
	$t = table($columns, server => server_at($line->port, retry_timeout => 30), @strong);
	is(value("SELECT sum(id - $base) FROM $t WHERE id > $base"), 1275, 'a line that is reset once');
};

# The real thing, slowly: 0.1 MB a second for what is sent at once otherwise.
subtest 'a real rate limit' => sub {
	my $slow = start_server('milvus', '--set', 'quotaAndLimits.enabled=true', '--set', 'quotaAndLimits.dml.enabled=true',
		'--set', 'quotaAndLimits.dml.insertRate.max=0.2');
	my $server = server_at($slow->{port}, retry_timeout => 60);
	sql('CREATE TABLE local (id bigint, v real[])');
	sql(q{INSERT INTO local SELECT i, array_fill(1::real, array[64]) FROM generate_series(1, 4000) i});
	is(error_of("SELECT milvus_fdw.create_collection('$server', 'tap032', like => 'local', primary_key => 'id')"), undef, 'a collection');
	my $t = table('id bigint, v real[]', server => $server, batch_size => 400);
	is(error_of("INSERT INTO $t SELECT * FROM local"), undef, 'an INSERT beyond the limit gets through');
	is(value("SELECT count(DISTINCT id) FROM $t"), 4000, 'with all rows');
	is(value("SELECT count(*) FROM $t"), 4000, 'once');
	$slow->stop;
};

python(<<'P');
milvus()
from pymilvus import utility
for name in utility.list_collections():
    if name.startswith("tap032"):
        utility.drop_collection(name)
P
done_testing();
