# What does one read when a server cannot be reached, or does not answer?  (Credentials: 050 and 051.)

use MilvusFdw;
use Time::HiRes qw(time sleep);

fresh_database();

sub elasticsearch
{
	my ($name, $url, %options) = @_;
	my %all = (retry_timeout => 0, %options, url => $url);
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (" . join(', ', map { "$_ '$all{$_}'" } sort keys %all) . ')');
	sql("CREATE FOREIGN TABLE $name (id bigint) SERVER $name OPTIONS (index 'tap030')");
}

sub milvus
{
	my ($name, $host, $port, %options) = @_;
	my %all = (retry_timeout => 0, %options, host => $host, port => $port);
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER milvus_fdw OPTIONS (" . join(', ', map { "$_ '$all{$_}'" } sort keys %all) . ')');
}

sub collections { return "SELECT * FROM milvus_fdw.collections('$_[0]')" }

subtest 'nobody listens' => sub {
	my $port = free_port();
	elasticsearch('es_refused', "http://localhost:$port");
	milvus('milvus_refused', 'localhost', $port);
	fails('Elasticsearch', 'SELECT * FROM es_refused', sqlstate => '08001',
		message => 'could not connect to server "es_refused"', detail => qr{http://localhost:$port: Connection refused});
	fails('Milvus', collections('milvus_refused'), sqlstate => '08001',
		message => 'could not connect to server "milvus_refused"', detail => qr/localhost:$port.*refused/i);
	fails('IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" FROM SERVER milvus_refused INTO public', sqlstate => '08001',
		message => 'could not connect to server "milvus_refused"');

	elasticsearch('es_several', "http://localhost:$port,http://127.0.0.1:$port");
	fails('each of several addresses is told', 'SELECT * FROM es_several', sqlstate => '08001',
		detail => qr{http://localhost:$port: .*http://127\.0\.0\.1:$port: });
};

subtest 'a host that does not exist' => sub {
	elasticsearch('es_nohost', 'http://no-such-host.example:9200');
	milvus('milvus_nohost', 'no-such-host.example', 19530);
	fails('Elasticsearch', 'SELECT * FROM es_nohost', sqlstate => '08001',
		message => 'could not connect to server "es_nohost"', detail => qr{no-such-host\.example.*resolve}i);
	fails('Milvus', collections('milvus_nohost'), sqlstate => '08001',
		message => 'could not connect to server "milvus_nohost"', detail => qr/no-such-host\.example/);
};

# The clock only guards against a default in place of the option: 10 s and 120 s.
sub within
{
	my ($name, $seconds, $code) = @_;
	my $start = time;
	$code->();
	cmp_ok(time - $start, '<', $seconds, "$name: in less than $seconds s");
}

subtest 'connect_timeout' => sub {
	my $silent = double('black_hole', refuse_silently => 1);
	my $hole   = double('black_hole');
	elasticsearch('es_syn', $silent->url, connect_timeout => 1);
	elasticsearch('es_tls', 'https://' . $hole->host_port, connect_timeout => 1);
	milvus('milvus_syn', 'localhost', $silent->port, connect_timeout => 1);
	milvus('milvus_mute', 'localhost', $hole->port, connect_timeout => 1);
	milvus('milvus_tls', 'localhost', $hole->port, connect_timeout => 1, sslmode => 'require');
	my %same = (sqlstate => '08001', message => qr/^could not connect to server/, detail => qr/localhost:\d+: no connection within 1 s/,
		hint => qr/"connect_timeout"/);
	for ([ 'Elasticsearch, TCP', 'SELECT * FROM es_syn' ], [ 'Elasticsearch, TLS', 'SELECT * FROM es_tls' ],
		[ 'Milvus, TCP', collections('milvus_syn') ], [ 'Milvus, HTTP/2', collections('milvus_mute') ],
		[ 'Milvus, TLS', collections('milvus_tls') ])
	{
		my @what = @$_;
		within($what[0], 8, sub { fails(@what, %same) });
	}
};

subtest 'request_timeout' => sub {
	my $hole = double('black_hole');
	my $grpc = double('grpc_server', script => { '*' => [ { hang => \1 } ] });
	elasticsearch('es_hang', $hole->url, request_timeout => 1);
	milvus('milvus_hang', 'localhost', $grpc->port, request_timeout => 1);
	my %same = (sqlstate => '08006', message => qr/^server "\w+_hang" did not answer within 1 s/,
		detail => qr/^The request was: /, hint => qr/"request_timeout"/);
	for ([ 'Elasticsearch', 'SELECT * FROM es_hang' ], [ 'Milvus', collections('milvus_hang') ])
	{
		my @what = @$_;
		within($what[0], 30, sub { fails(@what, %same) });
	}
	my @deadlines = map { $_->{deadline} } grep { $_->{method} && !$_->{event} } $grpc->seen;
	cmp_ok($deadlines[-1] // 1e9, '<', 3, 'the server is told as well');
};

subtest 'something else listens' => sub {
	my $grpc = double('grpc_server');
	my $http = double('http_server', script => [ { path => '', answers => [ { status => 200, headers => { 'Content-Type' => 'text/html' },
		body => '<html>a web site' } ] } ]);
	my $garbage = double('http_server', script => [ { path => '', answers => [ { raw => "\x00\xff\x01 nonsense\r\n\r\n" } ] } ]);
	elasticsearch('es_grpc', $grpc->url);
	elasticsearch('es_web', $http->url);
	elasticsearch('es_garbage', $garbage->url);
	elasticsearch('es_http', 'https://' . $http->host_port);
	milvus('milvus_http', 'localhost', $http->port, connect_timeout => 3);
	milvus('milvus_other', 'localhost', $grpc->port);
	fails('Elasticsearch: a web site', 'SELECT * FROM es_web', sqlstate => 'HV00L',
		message => 'Elasticsearch sent an unusable reply', hint => qr/Is there an Elasticsearch at this address/);
	fails('Elasticsearch: a gRPC server', 'SELECT * FROM es_grpc', sqlstate => qr/^08/, message => qr/server "es_grpc"/);
	fails('Elasticsearch: garbage', 'SELECT * FROM es_garbage', sqlstate => '08P01', message => qr/server "es_garbage" does not speak HTTP/);
	fails('Elasticsearch: no TLS there', 'SELECT * FROM es_http', sqlstate => '08001', hint => qr/Does the server expect TLS on this port/);
	fails('Milvus: an HTTP server', collections('milvus_http'), sqlstate => '08001', message => qr/^could not connect to server/);
	fails('Milvus: a gRPC server of another kind', collections('milvus_other'), sqlstate => '0A000',
		message => qr/server "milvus_other"/, detail => qr/UNIMPLEMENTED/);
};

subtest 'never there' => sub {
	my $port = free_port();
	sql("CREATE SERVER es_never FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'http://localhost:$port')");
	sql("SET statement_timeout = '20s'");
	is(error_of(q{SELECT count(*) FROM milvus_fdw.collections('es_never')})->{sqlstate}, '08001',
		'a server that never answered is not waited for unless retry_timeout says so');
	sql('RESET statement_timeout');
};

subtest 'it comes back' => sub {
	my $port = free_port();
	my $count = "SELECT count(*) FROM milvus_fdw.collections('%s')";
	elasticsearch('es_back', "http://localhost:$port", retry_timeout => 30);
	my $b = background(sprintf $count, 'es_back');
	ok($b->wait_until(q{wait_event_type = 'Extension'}), 'a query waits for a server that is down');
	my $line = double('line', to => real_es(), port => $port);
	my $r = $b->wait(20_000);
	is($r && $r->{error}, undef, 'and succeeds once it is there');

	sql("ALTER SERVER es_back OPTIONS (SET retry_timeout '0')");
	ok(defined value(sprintf $count, 'es_back'), 'another session');
	$line->stop;
	is(error_of(sprintf $count, 'es_back')->{sqlstate}, '08001', 'is told when the server goes away');
	$line = double('line', to => real_es(), port => $port);
	ok(defined value(sprintf $count, 'es_back'), 'and reconnects when it is back');
	$line->stop;

	milvus('milvus_back', 'localhost', $port, retry_timeout => 30);
	$b = background(sprintf $count, 'milvus_back');
	ok($b->wait_until(q{wait_event_type = 'Extension'}), 'Milvus: a query waits for a server that is down');
	$line = double('line', to => real_milvus(), port => $port);
	$r = $b->wait(30_000);
	is($r && $r->{error}, undef, 'and succeeds once it is there');
	ok(defined value(sprintf $count, 'milvus_back'), 'another session');
	$line->stop;
	sql("ALTER SERVER milvus_back OPTIONS (SET retry_timeout '0')");
	like(error_of(sprintf $count, 'milvus_back')->{sqlstate}, qr/^08/, 'is told when the server goes away');
	$line = double('line', to => real_milvus(), port => $port);
	ok(defined value(sprintf $count, 'milvus_back'), 'and reconnects when it is back');
};

done_testing();
