# Does a signed token in a file, which PostgreSQL's environment names, become keys of S3?  MinIO's own STS gives them.

use MilvusFdw;
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

my $home = scratch() . '/identity';
mkdir $home;
chmod 0755, $home;
my $token_file = "$home/token";

sub run { my ($in, @command) = @_; open my $f, '>:raw', "$home/in" or die $!; print $f $in; close $f; open my $p, '-|:raw', @command or die $!; local $/; return scalar <$p> }
sub json { my ($value) = @_; return JSON::PP->new->canonical->encode($value) }

# Who vouches: a key, its public half where MinIO asks for it, and tokens signed with it.
system('openssl', 'genrsa', '-out', "$home/key", '2048') == 0 or die;
my ($modulus) = run('', 'openssl', 'rsa', '-in', "$home/key", '-noout', '-modulus') =~ /Modulus=(\w+)/;
my $issuer = double('http_server', script => [
	{ path => '^/keys$', answers => [ { body => { keys => [ { kty => 'RSA', alg => 'RS256', use => 'sig', kid => 'k', e => 'AQAB', n => encode_base64url(pack 'H*', $modulus) } ] } } ] } ]);
my $discovery = double('http_server', script => [ { path => '', answers => [ { body => { issuer => $issuer->url, jwks_uri => $issuer->url . '/keys',
	authorization_endpoint => $issuer->url . '/auth', token_endpoint => $issuer->url . '/token', response_types_supported => ['id_token'],
	subject_types_supported => ['public'], id_token_signing_alg_values_supported => ['RS256'] } } ] } ]);

sub token
{
	my (%claims) = @_;
	my $text = join '.', map { encode_base64url(json($_)) } { alg => 'RS256', typ => 'JWT', kid => 'k' },
		{ iss => $issuer->url, aud => 'milvus_fdw', sub => 'postgres', policy => 'readwrite', iat => time - 10, exp => time + 3600, %claims };
	return "$text." . encode_base64url(run($text, 'openssl', 'dgst', '-sha256', '-sign', "$home/key", "$home/in"));
}

sub give { my ($text) = @_; open my $f, '>', "$token_file.new" or die $!; print $f $text; close $f; chmod 0644, "$token_file.new"; rename "$token_file.new", $token_file or die $! }

my $minio = start_server('minio', '--bucket', 'stage', '--env', 'MINIO_IDENTITY_OPENID_CONFIG_URL=' . $discovery->url . '/.well-known/openid-configuration',
	'--env', 'MINIO_IDENTITY_OPENID_CLIENT_ID=milvus_fdw');
my $url = "http://localhost:$minio->{port}";
my $role = 'arn:aws:iam::123456789012:role/some role+x';
my $postgres = start_server('postgres', '--env', "AWS_WEB_IDENTITY_TOKEN_FILE=$token_file", '--env', "AWS_ROLE_ARN=$role", '--env', 'AWS_ROLE_SESSION_NAME=t110');
local $ENV{PGHOST} = $postgres->{dir};
local $ENV{PGPORT} = $postgres->{port};
fresh_database();

sub store
{
	my ($name, $sts) = @_;
	sql("DROP SERVER IF EXISTS $name CASCADE");
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 's3://stage', endpoint '$url', retry_timeout '5')");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (iam 'web_identity', iam_endpoint '$sts')");
}
my $stage = sub { "SELECT milvus_fdw.stage('SELECT 1 AS a', '$_[0]')" };
my $answer = sub { my ($id, $secret, $session, $expires) = @_;
	return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>$session</SessionToken><SecretAccessKey>$secret</SecretAccessKey>"
		. "<Expiration>$expires</Expiration><AccessKeyId>$id</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>" };

subtest 'keys that MinIO gives' => sub {
	my $token = token();
	give("$token\n");
	my $sts = double('http_server', to => "localhost:$minio->{port}");
	store(web => $sts->url);
	is_deeply([ sql(q{SELECT bool_and(ok), count(*) FROM milvus_fdw.stage('SELECT 1 AS a', 'web') s, milvus_fdw.verify('web', s.manifest)}) ], [ [ 't', 2 ] ], 'a file is written and read');
	my @seen = $sts->seen;
	is(scalar @seen, 1, 'they are asked for once');
	my %form = map { my ($k, $v) = split /=/, $_, 2; $v =~ s/%(..)/chr hex $1/ge; $k => $v } split /&/, $seen[0]{body};
	is_deeply(\%form, { Action => 'AssumeRoleWithWebIdentity', Version => '2011-06-15', RoleArn => $role, RoleSessionName => 't110', WebIdentityToken => $token }, 'as STS wants it');
	is("$seen[0]{method} $seen[0]{path}", 'POST /', 'by POST');
	is($seen[0]{headers}{'Content-Type'}, 'application/x-www-form-urlencoded', 'as a form');
	is($seen[0]{headers}{Accept}, 'text/xml', 'to be answered in XML');
	is($seen[0]{headers}{Authorization}, undef, 'without a signature');
	sql(q{SELECT milvus_fdw.unstage('web', manifest) FROM milvus_fdw.staged('web')});
};

subtest 'tokens that are not good' => sub {
	for my $case ([ 'expired' => token(exp => time - 600) ], [ 'for somebody else' => token(aud => 'another') ], [ 'forged' => do { my $t = token(); substr($t, -20) = 'A' x 20; $t } ])
	{
		my ($what, $token) = @$case;
		give($token);
		store(web => $url);
		my $e = error_of($stage->('web'));
		is($e->{sqlstate}, '28000', $what);
		like($e->{detail}, qr/POST \S+: HTTP status 4\d\d, \w+\.$/, 'MinIO says why');
		like($e->{hint}, qr/AWS_ROLE_ARN/, 'what to look at');
		unlike(join("\n", map { $_ // '' } values %$e), qr/\Q$token\E/, 'the token is not told');
	}
	my %bad = ('an empty file' => '', 'only a line break' => "\nx", 'too long' => 'x' x 20_001);
	for my $what (sort keys %bad)
	{
		give($bad{$what});
		store(web => $url);
		fails($what, $stage->('web'), sqlstate => '28000', message => qr/could not read the web identity/, hint => qr/AWS_WEB_IDENTITY_TOKEN_FILE/);
	}
	unlink $token_file;
	store(web => $url);
	fails('no file', $stage->('web'), sqlstate => '28000', message => qr/could not read the web identity/);
};

subtest 'answers that are not' => sub {
	my $token = token();
	give($token);
	my $good = sub { return $answer->('testkey', 'testsecret', 'x', $_[0]) };
	for my $case (
		[ 'garbage', { body => '<<<' }, qr/without keys/ ], [ 'JSON', { body => { AccessKeyId => 'a', SecretAccessKey => 'b', SessionToken => 'c' } }, qr/without keys/ ],
		[ 'a line break', { body => $answer->("a\nb", 'b', 'c', '2100-01-01T00:00:00Z') }, qr/without keys/ ], [ 'no time', { body => $good->('soon') }, qr/without keys/ ],
		[ 'refused', { status => 403, body => '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>' }, qr/HTTP status 403, AccessDenied\.$/ ],
		[ 'the token comes back', { status => 400, body => "<Error><Code>$token</Code><Message>$token</Message></Error>" }, qr/HTTP status 400\.$/ ])
	{
		my ($what, $how, $detail) = @$case;
		my $sts = double('http_server', script => [ { path => '', answers => [$how] } ]);
		store(web => $sts->url);
		my $e = error_of($stage->('web'));
		is($e->{sqlstate}, '28000', $what);
		like($e->{detail}, $detail, 'with what it said');
		unlike(join("\n", map { $_ // '' } values %$e), qr/\Q$token\E/, 'but no token');
	}
};

subtest 'anew' => sub {
	my ($first, $second) = (token(sub => 'first'), token(sub => 'second'));
	give($first);
	my $soon = do { my @t = gmtime(time + 100); sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[ 3, 2, 1, 0 ] };
	my $sts = double('http_server', to => "localhost:$minio->{port}", script => [ { path => '', answers => [
		{ status => 503 }, { status => 400, body => '<Error><Code>IDPCommunicationError</Code></Error>' },
		{ forward => \1, replace => [ '<Expiration>[^<]*', "<Expiration>$soon" ] }, { forward => \1 } ] } ]);
	store(web => $sts->url);
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('web')}), 0, 'an STS that is busy is asked again');
	is(scalar($sts->seen), 3, 'until it answers');
	give($second);
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('web')}), 0, 'keys that expire soon');
	my @seen = $sts->seen;
	is(scalar @seen, 4, 'are asked for anew');
	like($seen[3]{body}, qr/WebIdentityToken=\Q$second\E/, 'with the token that is there by then');
	is(value(q{SELECT count(*) FROM milvus_fdw.staged('web')}), 0, 'and then kept');
	is(scalar(() = $sts->seen), 4, 'without a question');
};

done_testing();
