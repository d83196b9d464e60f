# Do files reach a real object store whole, whatever happens on the way, and is nothing left of those that do not?
# alone: it measures how soon a cancel is obeyed

use MilvusFdw;

fresh_database();
my $certs = certs();
my $minio = start_server('minio', '--bucket', 'stage', '--bucket', 'other');
my $url   = "http://localhost:$minio->{port}";
my $keys  = "access_key 'testkey', secret_key 'testsecret'";
my $big   = q{SELECT g AS id, md5(g::text) || repeat('x', 1000) AS t FROM generate_series(1, 20000) g};

sub store
{
	my ($name, $options, $mapping) = @_;
	sql("DROP SERVER IF EXISTS $name CASCADE");
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER object_store_fdw OPTIONS ($options)");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($mapping)") if $mapping;
	return $name;
}

# What is in a bucket, asked with MinIO's own client: objects and unfinished uploads.
sub bucket
{
	my ($bucket) = @_;
	my $out = python(<<'P', $minio->{port}, $bucket // 'stage');
import hashlib, zlib
from minio import Minio
c = Minio("localhost:" + args[0], "testkey", "testsecret", secure=False)
for o in c.list_objects(args[1], recursive=True):
    data = c.get_object(args[1], o.object_name).read()
    print("%s\tcrc32:%08x\tsha256:%s" % (o.object_name, zlib.crc32(data), hashlib.sha256(data).hexdigest()))
for u in c._list_multipart_uploads(args[1]).uploads:
    print("upload\t" + u.object_name)
P
	return map { [ split /\t/ ] } grep { length } split /\n/, $out;
}

# Stage, and ask MinIO for the same names and checksums.
sub arrives
{
	my ($name, $server, $query, $arguments, $prefix) = @_;
	my @files = sql("SELECT name, checksum, bytes, manifest FROM milvus_fdw.stage(\$q\$$query\$q\$, '$server'$arguments)");
	my %there = map { $_->[0] => { $_->[1] => 1, $_->[2] // '' => 1 } } bucket();
	ok($there{ ($prefix // '') . $_->[0] }{ $_->[1] }, "$name: $_->[0], $_->[2] bytes") for @files;
	is_deeply([ sql("SELECT name, bytes FROM milvus_fdw.verify('$server', '$files[0][3]') WHERE ok OFFSET 1") ], [ map { [ @$_[ 0, 2 ] ] } @files ], "$name: verify reads them back");
	sql("SELECT milvus_fdw.unstage('$server', manifest) FROM milvus_fdw.staged('$server')");
	is_deeply([ bucket() ], [], "$name: unstage leaves nothing");
	return @files;
}

subtest 'S3' => sub {
	store(s3 => "url 's3://stage', endpoint '$url', part_bytes '5242880'", $keys);
	arrives('one request', 's3', 'SELECT 1 AS a', '');
	arrives('many parts', 's3', $big, q{, 'parquet', 'none'});
	arrives('several files', 's3', $big, q{, 'json', file_bytes => 6000000});
	arrives('a set', 's3', "$big LIMIT 9000", q{, 'numpy'});
	arrives('odd names', 's3', q{SELECT 1 AS "$meta", 2 AS "a b+c%d=é&'"}, q{, 'numpy'});
	store(prefixed => "url 's3://stage/a b/c', endpoint '$url'", $keys);
	arrives('a prefix', 'prefixed', 'SELECT 1 AS a', '', 'a b/c/');
	store(strict => "url 's3://stage', endpoint '$url', checksum 'sha256', part_bytes '5242880'", $keys);
	my ($file) = arrives('with SHA-256', 'strict', $big, q{, 'parquet', 'none'});
	like($file->[1], qr/^sha256:[0-9a-f]{64}$/, 'which it shows');
	store(virtual => "url 's3://stage', endpoint '$url', addressing 'virtual'", $keys);
	arrives('the bucket in the host name', 'virtual', $big, q{, 'parquet', 'none'});
};

subtest 'verify' => sub {
	my ($file) = sql("SELECT name, checksum, bytes, manifest FROM milvus_fdw.stage(\$q\$$big\$q\$, 's3', 'parquet', 'none')");
	my $wrong = sub { sql("SELECT name, reason FROM milvus_fdw.verify('s3', '$file->[3]') WHERE NOT ok") };
	is_deeply([ $wrong->() ], [], 'well');
	python(<<'P', $minio->{port}, $file->[0]);
import io
from minio import Minio
c = Minio("localhost:" + args[0], "testkey", "testsecret", secure=False)
data = bytearray(c.get_object("stage", args[1]).read())
data[9000000] ^= 1
c.put_object("stage", args[1], io.BytesIO(data), len(data))
P
	like(($wrong->())[0][1], qr/^its checksum is crc32:\w{8}, not $file->[1]$/, 'a bit is flipped in the second range');
	python(<<'P', $minio->{port}, $file->[0]);
from minio import Minio
Minio("localhost:" + args[0], "testkey", "testsecret", secure=False).remove_object("stage", args[1])
P
	is_deeply([ $wrong->() ], [ [ $file->[0], 'missing' ] ], 'gone');
	python(<<'P', $minio->{port}, $file->[0]);
import io
from minio import Minio
c = Minio("localhost:" + args[0], "testkey", "testsecret", secure=False)
for name, n in (("/a", 12), ("/b", 0), ("/c", 7000000)):
    c.put_object("stage", args[1] + name, io.BytesIO(b"x" * n), n)
P
	is_deeply([ sql("SELECT substr(name, length('$file->[0]') + 1), bytes FROM milvus_fdw.verify('s3', '$file->[3]') WHERE reason ~ 'not in the manifest'") ],
		[ [ '/a', 12 ], [ '/b', 0 ], [ '/c', 7000000 ] ], 'strangers, with their lengths');
	sql("SELECT milvus_fdw.unstage('s3', '$file->[3]')");
};

subtest 'TLS' => sub {
	my $secure = start_server('minio', '--tls', $certs);
	store(tls => "url 's3://stage', endpoint 'https://localhost:$secure->{port}', sslrootcert '$certs/ca.crt'", $keys);
	is(value(q{SELECT rows FROM milvus_fdw.stage('SELECT 1 AS a', 'tls')}), 1, 'with the authority that it names');
	store(untrusted => "url 's3://stage', endpoint 'https://localhost:$secure->{port}', retry_timeout '0'", $keys);
	fails('without', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'untrusted')}, sqlstate => '08001', hint => qr/sslrootcert/);
	$secure->stop;
};

subtest 'refusals' => sub {
	my $stage = sub { "SELECT milvus_fdw.stage('SELECT 1 AS a', '$_[0]')" };
	store(missing => "url 's3://nothere', endpoint '$url'", $keys);
	fails('no such bucket', $stage->('missing'), sqlstate => 'HV00R', message => qr/bucket "nothere" does not exist/);
	store(stranger => "url 's3://stage', endpoint '$url'", "access_key 'nobody', secret_key 'testsecret'");
	fails('an unknown key', $stage->('stranger'), sqlstate => '28P01', hint => qr/access_key/);
	store(wrong => "url 's3://stage', endpoint '$url'", "access_key 'testkey', secret_key 'hunter2hunter2'");
	fails('a wrong secret', $stage->('wrong'), sqlstate => '28P01', message => qr/refuses the credentials/);
	store(nobody => "url 's3://stage', endpoint '$url'");
	fails('no key at all', $stage->('nobody'), sqlstate => '42501', message => qr/denies access to bucket "stage"/);
	my $elsewhere = double('http_server', script => [ { path => '', answers => [ { status => 400, headers => { 'x-amz-bucket-region' => 'eu-west-3' },
		body => '<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message></Error>' } ] } ]);
	store(region => "url 's3://stage', endpoint '" . $elsewhere->url . "'", $keys);
	fails('another region', $stage->('region'), sqlstate => 'HV024', message => qr/not in region "us-east-1"/, hint => qr/"region" of the server to 'eu-west-3'/);
	my $port = free_port();
	store(refused => "url 's3://stage', endpoint 'http://localhost:$port'", $keys);
	fails('nobody there', $stage->('refused'), sqlstate => '08001');
	my $denied = double('http_server', script => [ { path => '', answers => [ { status => 403, body => '<Error><Code>AccessDenied</Code><Message>no</Message></Error>' } ] } ]);
	store(denied => "url 's3://stage', endpoint '" . $denied->url . "'", $keys . ", session_token 'tokentokentoken'");
	fails('status 403', $stage->('denied'), sqlstate => '42501', detail => qr/HTTP status 403, AccessDenied: no/);
	my ($seen) = $denied->seen;
	is($seen->{headers}{'x-amz-security-token'}, 'tokentokentoken', 'a session token is sent');
	like($seen->{headers}{Authorization}, qr/SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token/, 'and signed');
	fails('a store is no Milvus', q{SELECT milvus_fdw.version('denied')}, sqlstate => '0A000');
	sql(q{CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost')});
	fails('and Milvus no store', $stage->('milvus'), sqlstate => '42809');
};

subtest 'options' => sub {
	my $create = sub { "CREATE SERVER x FOREIGN DATA WRAPPER object_store_fdw OPTIONS ($_[0])" };
	fails("url '$_'", $create->("url '$_'"), sqlstate => '22023') for 's3://', 'http://x', 's3://a/../b', 'azure://account', 'file://host/x', 'x';
	fails('none', 'CREATE SERVER x FOREIGN DATA WRAPPER object_store_fdw', sqlstate => 'HV002');
	fails('a password in the endpoint', $create->("url 's3://b', endpoint 'http://a:hunter2\@b'"), sqlstate => '22023', detail => qr/user or a password/);
	fails('parts too small for S3', $create->("url 's3://b', part_bytes '1000'"), sqlstate => '22023');
	fails('an endpoint of a directory', $create->("url 'file:///tmp', endpoint 'http://b'"), sqlstate => 'HV024');
	for my $secret (qw(access_key secret_key session_token account_key sas_token))
	{
		fails("$secret of a server", $create->("url 's3://b', $secret 'hunter2'"), sqlstate => 'HV00D', hint => qr/user mapping/);
	}
	store(half => "url 's3://b'");
	fails('half of a pair', q{CREATE USER MAPPING FOR CURRENT_USER SERVER half OPTIONS (access_key 'a')}, sqlstate => 'HV00J', message => qr/"access_key" needs option "secret_key"/);
};

# Between us and MinIO: answers once otherwise, then as MinIO does.
sub between
{
	my ($name, @rules) = @_;
	my $double = double('http_server', to => "localhost:$minio->{port}", script => \@rules);
	store($name => "url 's3://stage', endpoint '" . $double->url . "', part_bytes '5242880'", $keys);
	return $double;
}

subtest 'what passes' => sub {
	my $busy = between(busy => { method => 'PUT', path => 'partNumber=2', answers => [ { status => 503, body => '<Error><Code>SlowDown</Code></Error>', times => 2 }, { forward => \1 } ] },
		{ method => 'POST', path => 'uploads=', answers => [ { status => 500 }, { forward => \1 } ] });
	arrives('503, 500, then success', 'busy', $big, q{, 'parquet', 'none'});
	is(scalar(grep { $_->{path} =~ /partNumber=2/ } $busy->seen), 3, 'the part was sent three times');
	my $damaged = between(damaged => { method => 'PUT', path => 'partNumber=1&', answers => [ { forward => \1, corrupt => \1 }, { forward => \1 } ] });
	arrives('a part damaged on the way', 'damaged', $big, q{, 'parquet', 'none'});
	is(scalar(grep { $_->{path} =~ /partNumber=1&/ } $damaged->seen), 2, 'its checksum did not match, and it was sent again');
	my $always = double('http_server', to => "localhost:$minio->{port}", script => [ { method => 'PUT', path => '', answers => [ { forward => \1, corrupt => \1 } ] } ]);
	store(always => "url 's3://stage', endpoint '" . $always->url . "', retry_timeout '1'", $keys);
	fails('all that is damaged', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'always')}, sqlstate => '53000', detail => qr/XAmzContentSHA256Mismatch/);
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('always')}), 0, 'MinIO has none of it');
	my $line = double('line', to => "localhost:$minio->{port}", after => 7_000_000, then => 'reset', times => 2);
	store(cut => "url 's3://stage', endpoint '" . $line->url . "', part_bytes '5242880'", $keys);
	# the host that is signed is the double's, and MinIO checks what it is told
	arrives('a line that breaks twice', 'cut', $big, q{, 'parquet', 'none'});
	my $thin = double('line', to => "localhost:$minio->{port}", delay => 5);
	store(thin => "url 's3://stage', endpoint '" . $thin->url . "', part_bytes '5242880'", $keys);
	arrives('a slow line', 'thin', $big, q{, 'parquet', 'none'});
	my $late = between(late => { method => 'PUT', path => 'partNumber=1&', answers => [ { forward => \1, delay_ms => 1500 }, { forward => \1 } ] });
	arrives('a slow answer', 'late', $big, q{, 'parquet', 'none'});
};

subtest 'a completion whose answer is lost' => sub {
	my $lost = between(lost => { method => 'POST', path => 'uploadId=', answers => [ { forward => \1, cut => 10 }, { forward => \1 } ] });
	arrives('it was carried out', 'lost', $big, q{, 'parquet', 'none'});
	is(scalar(grep { $_->{method} eq 'POST' && $_->{path} =~ /uploadId=/ } $lost->seen), 2, 'it was asked for again');
	is(scalar(grep { ($_->{headers}{Range} // '') eq 'bytes=0-0' } $lost->seen), 1, 'and the file looked for');
	between(forgotten => { method => 'POST', path => 'uploadId=', answers => [ { status => 404, body => '<Error><Code>NoSuchUpload</Code></Error>' } ] });
	fails('it was not', "SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'forgotten', 'parquet', 'none')", sqlstate => 'HV00L', message => qr/forgotten an unfinished upload/);
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('forgotten')}), 0, 'cleaned up');
	is_deeply([ bucket() ], [], 'wholly');
};

subtest 'the store dies midway and comes back' => sub {
	store(comes => "url 's3://stage', endpoint '$url', part_bytes '5242880', retry_timeout '60'", $keys);
	my $slow = q{SELECT g AS id, repeat(md5(g::text), 32) AS t, CASE WHEN g % 500 = 0 THEN length(pg_sleep(0.1)::text) END AS w FROM generate_series(1, 20000) g};
	for my $times (1, 2)
	{
		my $b = background("SELECT manifest FROM milvus_fdw.stage(\$q\$$slow\$q\$, 'comes', 'json', file_bytes => 6000000)");
		for (1 .. 400) { last if () = glob "$minio->{dir}/data/stage/stage-*/[0-9]*.json/xl.meta"; select undef, undef, undef, 0.05 }
		open my $f, '<', "$minio->{dir}/pid" or die;
		kill 'KILL', <$f> + 0;
		select undef, undef, undef, $times;
		is($b->wait(1), undef, 'it waits');
		$minio->start;
		my $r = $b->wait(60_000);
		is($r->{error}, undef, 'and goes on');
		is_deeply([ sql(q{SELECT bool_and(ok), count(*) > 4 FROM milvus_fdw.staged('comes') s, milvus_fdw.verify('comes', s.manifest)}) ], [ [ 't', 't' ] ], 'every byte is there');
		is(value(q{SELECT rows FROM milvus_fdw.staged('comes')}), 20000, 'every row');
		sql(q{SELECT milvus_fdw.unstage('comes', manifest) FROM milvus_fdw.staged('comes')});
		is_deeply([ bucket() ], [], 'and nothing else');
	}
};

subtest 'keys for a while, and those of the machine' => sub {
	my ($id, $secret, $token) = split /\n/, python(<<'P', $minio->{port});
from minio.credentials import AssumeRoleProvider
c = AssumeRoleProvider(sts_endpoint="http://localhost:" + args[0], access_key="testkey", secret_key="testsecret", duration_seconds=3600).retrieve()
print(c.access_key, c.secret_key, c.session_token, sep="\n")
P
	my $options = "url 's3://stage', endpoint '$url'";
	store(session => $options, "access_key '$id', secret_key '$secret', session_token '$token'");
	arrives('a session token', 'session', 'SELECT 1 AS a', '');
	store(stolen => $options, "access_key '$id', secret_key '$secret'");
	fails('without it', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'stolen')}, sqlstate => '28P01');

	my $answer = sub { return { AccessKeyId => $id, SecretAccessKey => $secret, Token => $token, Expiration => $_[0] } };
	my $instance = double('http_server', script => [
		{ method => 'PUT', path => '^/latest/api/token$', answers => [ { status => 503 }, { body => 'metatoken' } ] },
		{ method => 'GET', path => '^/latest/meta-data/iam/security-credentials/$', answers => [ { body => 'some-role' } ] },
		{ method => 'GET', path => '/security-credentials/some-role$', answers => [ { body => $answer->('2100-01-01T00:00:00Z') } ] } ]);
	store(instance => $options, "iam 'instance', iam_endpoint '" . $instance->url . "'");
	arrives('the role of an instance', 'instance', 'SELECT 1 AS a', '');
	my @seen = $instance->seen;
	is(scalar @seen, 4, 'its keys are kept');
	is($seen[0]{headers}{'X-aws-ec2-metadata-token-ttl-seconds'}, 21600, 'a token is asked for');
	is($seen[$_]{headers}{'X-aws-ec2-metadata-token'}, 'metatoken', 'and shown') for 2, 3;

	my $soon = do { my @t = gmtime(time + 100); sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ] };
	my $container = double('http_server', script => [ { path => '^/v2/credentials/some-id$', answers => [ { body => $answer->($soon) }, { body => $answer->('2100-01-01T00:00:00Z') } ] } ]);
	store(container => $options, "iam 'container', iam_endpoint '" . $container->url . "/v2/credentials/some-id'");
	arrives('the role of a container', 'container', 'SELECT 1 AS a', '');
	is(scalar(() = $container->seen), 2, 'keys that expire soon are fetched anew');

	for my $case ([ 'no role', { status => 404 }, qr/HTTP status 404/ ], [ 'garbage', { body => '{"Code": "Failed"}' }, qr/without keys/ ], [ 'a line break', { body => { %{ $answer->('2100-01-01T00:00:00Z') }, Token => "a\nb" } }, qr/without keys/ ])
	{
		my $double = double('http_server', script => [ { path => '', answers => [ $case->[1] ] } ]);
		store(norole => $options, "iam 'container', iam_endpoint '" . $double->url . "/x'");
		fails($case->[0], q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'norole')}, sqlstate => '28000', message => qr/has no credentials/, detail => $case->[2], hint => qr/role/);
	}
	store(nowhere => $options, "iam 'container'");
	fails('nowhere to ask', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'nowhere')}, sqlstate => '28000', hint => qr/iam_endpoint/);
	{
		# of PostgreSQL's environment, not of the client's
		local $ENV{AWS_WEB_IDENTITY_TOKEN_FILE} = '/etc/hostname';
		local $ENV{AWS_ROLE_ARN} = 'arn:aws:iam::123456789012:role/mine';
		store(noweb => $options, "iam 'web_identity', iam_endpoint '" . $instance->url . "'");
		my $e = connect_to('101_stores')->error_of(q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'noweb')});
		is($e->{sqlstate}, '28000', 'no web identity');
		like($e->{hint}, qr/AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN in PostgreSQL's environment/, 'the client has none to give');
	}
	my $echo = double('http_server', script => [ { path => '', answers => [ { status => 403, body => "<Error><Code>AccessDenied</Code><Message>not with $token</Message></Error>" } ] } ]);
	store(echo => "url 's3://stage', endpoint '" . $echo->url . "'", "iam 'instance', iam_endpoint '" . $instance->url . "'");
	my $e = error_of(q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'echo')});
	is($e->{sqlstate}, '42501', 'a store that repeats the token');
	unlike(join("\n", map { $_ // '' } values %$e), qr/\Q$token\E/, 'is not repeated');

	sql($_) for 'DROP ROLE IF EXISTS t101', 'CREATE ROLE t101', 'GRANT USAGE ON FOREIGN SERVER instance TO t101', 'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA milvus_fdw TO t101', 'SET ROLE t101';
	fails("who may take them: $_", "CREATE USER MAPPING FOR t101 SERVER instance OPTIONS (iam '$_')", sqlstate => '42501', detail => qr/Only a superuser/) for qw(instance container web_identity);
	sql($_) for 'RESET ROLE', "CREATE USER MAPPING FOR t101 SERVER instance OPTIONS (iam 'instance', iam_endpoint '" . $instance->url . "')", 'SET ROLE t101';
	fails('and use them', q{SELECT milvus_fdw.staged('instance')}, sqlstate => '2F003', message => qr/password or API key is required/);
	sql($_) for 'RESET ROLE', q{ALTER USER MAPPING FOR t101 SERVER instance OPTIONS (ADD password_required 'false')}, 'SET ROLE t101';
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('instance')}), 0, 'where a superuser allows it');
	sql($_) for 'RESET ROLE', 'DROP OWNED BY t101', 'DROP ROLE t101';
};

subtest 'what does not' => sub {
	my $broken = between(broken => { method => 'PUT', path => 'partNumber=2', answers => [ { status => 403, body => '<Error><Code>AccessDenied</Code></Error>' } ] });
	fails('a part is refused', "SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'broken', 'parquet', 'none')", sqlstate => '42501');
	cmp_ok(scalar(bucket()), '>', 0, 'something is left');
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('broken')}), 0, 'the next command removes it');
	is_deeply([ bucket() ], [], 'with the unfinished upload');
	my $liar = between(liar => { method => 'POST', path => 'uploadId', answers => [ { status => 200, body => '<Error><Code>InternalError</Code><Message>sorry</Message></Error>' }, { forward => \1 } ] });
	fails('a completion that fails with status 200', "SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'liar', 'parquet', 'none')", sqlstate => 'HV000', detail => qr/InternalError: sorry/);
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('liar')}), 0, 'cleaned up');
	is_deeply([ bucket() ], [], 'wholly');
	my $garbage = double('http_server', script => [ { path => '', answers => [ { status => 200, body => '<<<<not XML' } ] } ]);
	store(garbage => "url 's3://stage', endpoint '" . $garbage->url . "', part_bytes '5242880'", $keys);
	fails('garbage', "SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'garbage', 'parquet', 'none')", sqlstate => 'HV00L', message => qr/no upload id/);
};

subtest 'giving up while a directory is written' => sub {
	my $place = scratch() . '/place';
	mkdir $place;
	chmod 0777, $place;
	for my $sync ('false', 'true')
	{
		store(place => "url 'file://$place', sync '$sync'");
		is(value(q{SELECT bool_and(ok) FROM milvus_fdw.stage('SELECT 1 AS a', 'place', 'numpy') s, milvus_fdw.verify('place', s.manifest)}), 't', "sync $sync: files are whole");
		for my $format ('json', 'parquet')
		{
			my @ms;
			for (1 .. 3)
			{
				my $b = background("SELECT milvus_fdw.stage(\$q\$SELECT generate_series(1, 100000000) AS g, repeat('x', 1000) AS t\$q\$, 'place', '$format', 'none', 20000000)");
				for (1 .. 600) { last if (() = glob "$place/stage-*/*.$format") > 1; select undef, undef, undef, 0.05 }
				select undef, undef, undef, rand 0.2;
				$b->cancel;
				my $r = $b->wait(10_000);
				is($r->{error}{sqlstate}, '57014', "sync $sync, $format: cancelled");
				push @ms, $r->{ms_since_signal};
				is($b->session->value(q{SELECT count(*) FROM milvus_fdw.staged('place') WHERE state = 'staging'}), 0, 'and removed by the next command');
			}
			# the least of them: a flush of the disk is not ours to hasten, and others use the machine
			cmp_ok((sort { $a <=> $b } @ms)[0], '<', 100, sprintf 'within 100 ms: %.0f, %.0f, %.0f', @ms);
		}
		sql(q{SELECT milvus_fdw.unstage('place', manifest) FROM milvus_fdw.staged('place')});
		is_deeply([ glob "$place/*" ], [], "sync $sync: nothing is left");
	}
};

subtest 'giving up' => sub {
	my $hang = between(hang => { method => 'PUT', path => 'partNumber=2', answers => [ { hang => \1 } ] });
	my $reached = sub { scalar grep { ($_->{path} // '') =~ /partNumber=2/ } $hang->seen };
	obeys('while a part is on its way', "SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'hang', 'parquet', 'none')", reached => $reached);
	cmp_ok(scalar(grep { $_->[0] eq 'upload' } bucket()), '>', 0, 'sessions that ended leave uploads');
	sql(q{SELECT milvus_fdw.unstage('hang', manifest) FROM milvus_fdw.staged('hang')});
	is_deeply([ bucket() ], [], 'which unstage removes');

	my $b = hangs("SELECT milvus_fdw.stage(\$q\$$big\$q\$, 'hang', 'parquet', 'none')", reached => $reached);
	$b->cancel;
	is($b->wait(5000)->{error}{sqlstate}, '57014', 'cancelled');
	cmp_ok(scalar(grep { $_->[0] eq 'upload' } bucket()), '>', 0, 'its upload is there');
	is($b->session->value(q{SELECT count(*) FROM milvus_fdw.staged('hang')}), 0, 'until its session\'s next command');
	is_deeply([ bucket() ], [], 'which leaves nothing');
};

done_testing();
