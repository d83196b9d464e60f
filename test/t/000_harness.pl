# Do the servers run, and do the doubles do the harm they promise?  (nothing of the extension is used here)
#
# alone: a name server that is silent for everybody

use MilvusFdw;
use Socket;
use Time::HiRes qw(time);

fresh_database(without_extension => 1);

subtest 'PostgreSQL' => sub {
	like(value('SHOW server_version'), qr/^15\./, 'version');
	is(value('SHOW TimeZone'), 'UTC', 'time zone');
	is_deeply([ sql('SELECT $1::int, $2::text', 7, 'é') ], [ [ 7, 'é' ] ], 'bound values come back');
	is(value(q{SELECT '{"a":1}'::jsonb ? 'a'}), 't', 'a question mark is an operator');
	is(value(q{SELECT '{1.5,2}'::real[]}), '{1.5,2}', 'arrays stay text');

	my $e = error_of(q{DO $$BEGIN RAISE 'no' USING ERRCODE='HV000', DETAIL='d', HINT='h'; END$$});
	is_deeply([ @$e{qw(sqlstate message detail hint)} ], [ 'HV000', 'no', 'd', 'h' ], 'error fields');
	like($e->{context}, qr/PL\/pgSQL/, 'error context');
	is(error_of('SELECT 1'), undef, 'no error');

	sql(q{DO $$BEGIN RAISE WARNING 'careful' USING DETAIL='why'; END$$});
	my ($n) = @{ notices() };
	is_deeply([ @$n{qw(severity sqlstate message detail)} ], [ 'WARNING', '01000', 'careful', 'why' ], 'notice');
	is_deeply(notices(), [], 'notices are taken once');
};

subtest 'a statement in the background' => sub {
	my $b = background('SELECT pg_sleep(60)');
	ok($b->wait_until(q{wait_event = 'PgSleep'}), 'is seen running');
	is($b->wait(50), undef, 'still runs');
	$b->cancel;
	my $r = $b->wait(5000);
	is($r->{error}{sqlstate}, '57014', 'was cancelled');
	cmp_ok($r->{ms_since_signal}, '<', 1000, 'soon');
	my $t = background('SELECT pg_sleep(60)');
	$t->terminate;
	is($t->wait(5000)->{error}{sqlstate}, '57P01', 'was terminated');
	is_deeply(background('SELECT 1, 2')->wait->{rows}, [ [ 1, 2 ] ], 'rows');
	is_deeply([ unguarded_threads($b->pid) ], [], 'a plain backend has no threads');
	cmp_ok(keys %{ threads($b->pid) }, '==', 1, 'but the main one');
	cmp_ok(peak_kb($b->pid), '>', 1000, 'peak memory');
	cmp_ok(cpu_seconds($b->pid), '<', 10, 'CPU time');
};

subtest 'Elasticsearch' => sub {
	my $root = es(GET => '/');
	is($root->{version}{number}, '8.15.5', 'version');
	es(PUT => '/harness', { mappings => { properties => {
		title => { type => 'keyword' }, v => { type => 'dense_vector', dims => 2, index => \0 } } } });
	es_bulk('harness', [ map { { _id => $_, title => "é$_", v => [ $_, 0.5 ] } } 1 .. 3 ]);
	is(scalar(es(GET => '/harness/_count'))->{count}, 3, 'documents');
	my ($status) = es(GET => '/no_such_index/_search');
	is($status, 404, 'status of an error');
	es(DELETE => '/harness');
};

subtest 'Milvus' => sub {
	is(python("milvus()\nfrom pymilvus import utility\nprint(utility.get_server_version())"), 'v2.3.5-lite', 'version');
};

# A client with a short patience: what came, and how long it took.
sub client
{
	my ($port, $send, $patience) = @_;
	my $started = time;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => $patience)
		or return ('no connection', time - $started);
	print $s $send;
	$s->flush;
	my $bits = '';
	vec($bits, fileno $s, 1) = 1;
	return ('hangs', time - $started) unless select($bits, undef, undef, $patience);
	my $n = sysread $s, my $data, 65536;
	return (defined $n ? $n ? $data : 'closed' : 'reset', time - $started);
}

subtest 'doubles on a TCP level' => sub {
	is((client(double('black_hole')->port, "hello", 0.5))[0], 'hangs', 'a black hole hangs a client');
	is((client(double('black_hole', refuse_silently => 1)->port, "hello", 0.5))[0], 'no connection', 'even while connecting');
	is((client(double('line', after => 3)->port, "hello", 2))[0], 'closed', 'the line is cut');
	is((client(double('line', after => 3, then => 'reset')->port, "hello", 2))[0], 'reset', 'the line is reset');
	is((client(double('line', after => 30)->port, "hello", 0.3))[0], 'hangs', 'but not before its time');
	my $line = double('line', to => real_es(), after_reply => 20, then => 'close');
	my ($data) = client($line->port, "GET / HTTP/1.0\r\n\r\n", 2);
	is(length $data, 20, 'an answer is cut');
};

subtest 'HTTP double' => sub {
	my $http = double('http_server', to => real_es(), script => [
		{ path => '^/busy', answers => [ { status => 429, headers => { 'Retry-After' => '1' } }, { status => 503 }, { body => { ok => 1 } } ] },
		{ path => '^/broken', answers => [ { body => '{"a":' } ] },
		{ path => '^/garbage', answers => [ { raw => "\x00\xff nonsense" } ] },
		{ path => '^/cut', answers => [ { body => 'x' x 1000, cut => 10 } ] },
		{ path => '^/endless', answers => [ { endless => 'abc' } ] },
		{ path => '^/hang', answers => [ { hang => \1 } ] } ]);
	my @seen = map { [ es(GET => '/busy', undef, url => $http->url) ] } 1 .. 4;
	is_deeply([ map { $_->[0] } @seen ], [ 429, 503, 200, 200 ], 'answers in order');
	is($seen[0][2]{'retry-after'}, 1, 'header');
	is(scalar(es(GET => '/broken', undef, url => $http->url)), '{"a":', 'broken JSON');
	is((es(GET => '/garbage', undef, url => $http->url))[0], 599, 'garbage');
	is((es(GET => '/cut', undef, url => $http->url))[0], 599, 'cut body');
	is((client($http->port, "GET /hang HTTP/1.1\r\n\r\n", 0.5))[0], 'hangs', 'hang');
	like((client($http->port, "GET /endless HTTP/1.1\r\n\r\n", 2))[0], qr/200/, 'endless body');
	is(scalar(es(GET => '/', undef, url => $http->url))->{version}{number}, '8.15.5', 'the rest goes to the real server');
	is((grep { $_->{path} eq '/busy' } grep { $_->{path} } $http->seen), 4, 'what it saw is known');
};

subtest 'certificates' => sub {
	my $certs = certs();
	my %seen;
	for my $name (qw(server expired foreign))
	{
		my $http = double('http_server', cert => "$certs/$name.crt", key => "$certs/$name.key",
			script => [ { path => '', answers => [ { body => {} } ] } ]);
		my ($status, $text) = es(GET => '/', undef, url => 'https://localhost:' . $http->port, ca => "$certs/ca.crt");
		my $grpc = double('grpc_server', cert => "$certs/$name.crt", key => "$certs/$name.key", to => real_milvus());
		my $said = python(<<'P', $grpc->port, "$certs/ca.crt");
import grpc
channel = grpc.secure_channel("localhost:" + args[0], grpc.ssl_channel_credentials(open(args[1], "rb").read()))
try:
    print(channel.unary_unary("/milvus.proto.milvus.MilvusService/GetVersion")(b"", timeout=5)[-11:].decode())
except grpc.RpcError as e:
    print(e.code().name)
P
		$seen{$name} = "$status $said";
	}
	is_deeply(\%seen, { server => '200 v2.3.5-lite', expired => '599 UNAVAILABLE', foreign => '599 UNAVAILABLE' },
		'only the good one is taken');
};

subtest 'gRPC double' => sub {
	my $grpc = double('grpc_server', to => real_milvus(), max_receive => 1000, script => {
		GetVersion => [ { milvus => { code => 8, error_code => 49, reason => 'slow down' }, times => 2 }, { forward => \1 } ],
		Flush      => [ { status => 14, details => 'gone' } ],
		Query      => [ { hang => \1 } ],
		Search     => [ { hex => 'ff' } ] });
	my $said = python(<<'P', $grpc->port);
import grpc
channel = grpc.insecure_channel("localhost:" + args[0])
def call(method, message=b"", timeout=5):
    try:
        return channel.unary_unary("/milvus.proto.milvus.MilvusService/" + method)(message, timeout=timeout)
    except grpc.RpcError as e:
        return e.code().name
for what in ([call("GetVersion") for _ in range(3)] + [call("Flush"), call("Query", timeout=0.3), call("Search"), call("Insert", b"x" * 2000)]):
    print(what)
P
	my @said = split /\n/, $said;
	like($said[0], qr/slow down/, 'rate limit');
	like($said[1], qr/slow down/, 'twice');
	like($said[2], qr/v2\.3\.5/, 'then the real one');
	is($said[3], 'UNAVAILABLE', 'status');
	is($said[4], 'DEADLINE_EXCEEDED', 'hang');
	is($said[5], "b'\\xff'", 'garbage');
	is($said[6], 'RESOURCE_EXHAUSTED', 'too large a message');
	is((grep { $_->{method} eq 'GetVersion' } $grpc->seen), 3, 'what it saw is known');
};

subtest 'a silent name server' => sub {
	my $dns = double('silent_dns');
	my $pid = fork // die $!;
	if (!$pid) { my @a = gethostbyname('no-such-host.example'); exec 'true' }
	select undef, undef, undef, 0.7;
	is(waitpid($pid, 1), 0, 'a look-up hangs');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	is(($dns->seen)[0]{name}, 'no-such-host.example', 'it was asked');
	ok(defined gethostbyname('localhost'), 'localhost is still known');
};

subtest 'a server of one\'s own' => sub {
	my $certs = certs();
	my $milvus = start_server('milvus', '--auth', '--tls', 1, $certs);
	is(python(<<'P', $milvus->{port}, "$certs/ca.crt"), 'v2.3.5-lite', 'Milvus with password and TLS, beside the other one');
from pymilvus import connections, utility
connections.connect(host="localhost", port=args[0], user="root", password="Milvus", secure=True, server_pem_path=args[1])
print(utility.get_server_version())
P
	$milvus->stop;
	my $es = start_server('elasticsearch', '--tls', $certs, '--heap', '512m');
	my @as = (url => "https://localhost:$es->{port}", ca => "$certs/ca.crt", user => 'elastic', password => 'testsecret');
	my ($status) = es(GET => '/', undef, @as[0..3]);
	is($status, 401, 'Elasticsearch asks for a password');
	my $key = es(POST => '/_security/api_key', { name => 'k' }, @as);
	is((es(GET => '/', undef, @as[0..3], headers => { authorization => "ApiKey $key->{encoded}" }))[0], 200, 'and takes an API key');
};

done_testing();
