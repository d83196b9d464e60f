# Do requests, and credentials with them, go where the options say, whatever the remote or the environment suggests?
#
# alone: a name server that is silent for everybody

use MilvusFdw;

my $certs = certs();

# Whatever connects to it is recorded, and never answered.
my $trap = double('black_hole');
my $trapped = sub { return scalar grep { $_->{event} eq 'accepted' } $trap->seen };

# A cluster of its own, in whose environment everything points to the trap.
my $home = scratch() . '/home';
mkdir $home;
chmod 0755, $home;
my %files = (
	'.netrc' => "machine localhost login elastic password hunter2\ndefault login elastic password hunter2\n",
	'.curlrc' => 'proxy = "' . $trap->url . qq("\ninsecure\n),
	'roots.crt' => do { local (@ARGV, $/) = "$certs/ca.crt"; <> });
for my $name (keys %files)
{
	open my $file, '>', "$home/$name" or die $!;
	print $file $files{$name};
}
mkdir "$home/log";
chmod 0777, "$home/log";
my $proxy = $trap->url;
my %environment = (
	(map { $_ => $proxy, uc $_ => $proxy } qw(http_proxy https_proxy all_proxy grpc_proxy socks_proxy)),
	no_proxy => '', no_grpc_proxy => '', HOME => $home, CURL_HOME => $home, XDG_CONFIG_HOME => $home, NETRC => "$home/.netrc",
	CURL_CA_BUNDLE => "$home/roots.crt", CURL_SSL_CERT_FILE => "$home/roots.crt",
	GRPC_DEFAULT_SSL_ROOTS_FILE_PATH => "$home/roots.crt", GRPC_SSL_CIPHER_SUITES => 'NULL-SHA256',
	GRPC_TRACE => 'all', GRPC_VERBOSITY => 'DEBUG', SSLKEYLOGFILE => "$home/log/keys");
my $postgres = start_server('postgres', (map { ('--env', "$_=$environment{$_}") } sort keys %environment),
	'-c', 'log_min_messages=debug5', '-c', 'log_statement=none', '-c', 'log_min_error_statement=panic');
local $ENV{PGHOST} = $postgres->{dir};
local $ENV{PGPORT} = $postgres->{port};
fresh_database();

sub both
{
	my ($es, $milvus, %options) = @_;
	my $options = join '', map { ", $_ '$options{$_}'" } sort keys %options;
	sql("DROP SERVER IF EXISTS $_ CASCADE") for qw(es milvus);
	sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '$es', retry_timeout '0'$options)");
	sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (uri '$milvus', retry_timeout '0'$options)");
	sql(q{CREATE FOREIGN TABLE from_es (id bigint) SERVER es OPTIONS (index 'tap054')});
	sql(q{CREATE FOREIGN TABLE from_milvus (id bigint) SERVER milvus OPTIONS (collection 'tap054')});
}

sub log_text
{
	open my $file, '<', "$postgres->{dir}/log" or die $!;
	local $/;
	return scalar <$file>;
}

subtest 'proxies, .netrc and .curlrc' => sub {
	my $es = double('http_server', to => real_es());
	both($es->url, 'http://' . real_milvus());
	like(value(q{SELECT milvus_fdw.version('es')}), qr/^Elasticsearch 8/, 'Elasticsearch is reached');
	like(value(q{SELECT milvus_fdw.version('milvus')}), qr/^Milvus 2/, 'and Milvus');
	is($trapped->(), 0, 'not by a proxy');
	my ($seen) = $es->seen;
	ok($seen && !grep { /^authorization$/i } keys %{ $seen->{headers} }, 'and no password comes from .netrc') or diag explain $seen;
	# the trap does trap: a client that follows its environment
	my $client = system("env http_proxy=$proxy timeout 1 /usr/bin/curl -s -o /dev/null http://no-such-host.example/ 2>/dev/null");
	$client = system("env http_proxy=$proxy timeout 2 /usr/bin/python3 -c 'import urllib.request as u; u.urlopen(\"http://no-such-host.example/\")' 2>/dev/null") unless $trapped->();
	is($trapped->(), 1, '(the trap works)');
};

subtest 'authorities, ciphers, keys and traces of gRPC' => sub {
	my $milvus = double('grpc_server', to => real_milvus(), cert => "$certs/server.crt", key => "$certs/server.key");
	my $es = double('http_server', to => real_es(), cert => "$certs/server.crt", key => "$certs/server.key");
	my ($es_url, $milvus_url) = map { 'https://' . $_->host_port } $es, $milvus;
	both($es_url, $milvus_url);
	my %unknown = (sqlstate => '08001', detail => qr/certificate/);
	fails('Milvus is not trusted because the environment says so', q{SELECT milvus_fdw.version('milvus')}, %unknown);
	fails('nor is Elasticsearch', q{SELECT milvus_fdw.version('es')}, %unknown);
	both($es_url, $milvus_url, sslrootcert => "$certs/ca.crt");
	sql(q{CREATE USER MAPPING FOR CURRENT_USER SERVER milvus OPTIONS (token 'root:hunter2')});
	sql(q{CREATE USER MAPPING FOR CURRENT_USER SERVER es OPTIONS (user 'elastic', password 'hunter2')});
	like(value(q{SELECT milvus_fdw.version('milvus')}), qr/^Milvus 2/, 'ciphers are gRPC\'s own');
	like(value(q{SELECT milvus_fdw.version('es')}), qr/^Elasticsearch 8/, 'Elasticsearch by TLS');
	ok(!-e "$home/log/keys", 'no keys of the connection are written') or diag `cat $home/log/keys`;
	like(log_text(), qr/StartTransaction/, 'PostgreSQL logs at debug5');
	# PostgreSQL itself logs its environment
	unlike(log_text(), qr/chttp2|OP\[|\bauthorization\b|\.cc:\d+|grpc_[a-z]+\(/, 'gRPC traces nothing');
	unlike(log_text(), secrets(), 'and no secret is in the log');
};

subtest 'TLS versions' => sub {
	# a server that has only the old ones; OpenSSL must be told that this is on purpose
	my $port = free_port();
	my $pid = fork // die $!;
	if (!$pid)
	{
		open STDIN, '<', '/dev/zero';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec 'openssl', 's_server', '-accept', $port, '-cert', "$certs/server.crt", '-key', "$certs/server.key", '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0', '-quiet';
	}
	my $control;
	for (1 .. 50)
	{
		$control = `echo | timeout 5 openssl s_client -connect localhost:$port -tls1_1 -cipher 'ALL:\@SECLEVEL=0' 2>&1`;
		last if $control =~ /Protocol *: TLSv1\.1/;
		select undef, undef, undef, 0.1;
	}
	like($control, qr/Protocol *: TLSv1\.1\n *Cipher *: [A-Z]/, '(it speaks TLS 1.1)');
	both("https://localhost:$port", "https://localhost:$port", sslmode => 'require');
	fails('Elasticsearch by TLS 1.1', q{SELECT milvus_fdw.version('es')}, sqlstate => '08001', detail => qr/protocol version|unsupported protocol|alert/i);
	fails('Milvus by TLS 1.1', q{SELECT milvus_fdw.version('milvus')}, sqlstate => '08001', detail => qr/protocol|handshake/i);
	kill 'KILL', $pid;
	waitpid $pid, 0;
};

subtest 'redirects' => sub {
	for my $status (301, 302, 303, 307, 308)
	{
		my $before = $trapped->();
		my $es = double('http_server', script => [ { path => '', answers => [ { status => $status, body => {},
			headers => { Location => $trap->url . '/stolen' } } ] } ]);
		both($es->url, 'http://' . real_milvus());
		sql(q{CREATE USER MAPPING FOR CURRENT_USER SERVER es OPTIONS (user 'elastic', password 'hunter2')});
		for my $query (q{SELECT milvus_fdw.version('es')}, 'SELECT id FROM from_es', 'SELECT count(*) FROM from_es',
			q{SELECT * FROM milvus_fdw.collections('es')}, q{IMPORT FOREIGN SCHEMA "default" FROM SERVER es INTO public})
		{
			fails("$status, $query", $query, sqlstate => '08P01', message => qr/redirect/, detail => qr/HTTP status $status/, hint => qr/"url"/);
		}
		is($trapped->(), $before, "$status leads nowhere");
	}
	my $grpc = double('http_server', script => [ { path => '', answers => [ { status => 307, headers => { Location => $trap->url } } ] } ]);
	my $before = $trapped->();
	both('http://' . real_es(), 'http://' . $grpc->host_port, connect_timeout => 2);
	fails('Milvus', q{SELECT milvus_fdw.version('milvus')}, sqlstate => qr/^08/);
	is($trapped->(), $before, 'leads nowhere');
};

subtest 'schemes' => sub {
	for my $scheme (qw(ftp gopher file dict ldap smb telnet imap scp HTTPX unix))
	{
		my %wrong = (sqlstate => '22023', detail => qr/must begin with "http:/);
		fails("$scheme: for Elasticsearch", "CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '$scheme://localhost/etc/passwd')", %wrong);
		fails("$scheme: for Milvus", "CREATE SERVER x FOREIGN DATA WRAPPER milvus_fdw OPTIONS (uri '$scheme://localhost/etc/passwd')", %wrong);
	}
	fails('one of several', q{CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'http://localhost:9200, file:///etc/passwd')}, sqlstate => '22023');
	# what got into the catalog by another way is refused when it is used
	both('http://' . real_es(), 'http://' . real_milvus());
	sql(q{UPDATE pg_foreign_server SET srvoptions = '{url=file:///etc/passwd}' WHERE srvname = 'es'});
	sql(q{UPDATE pg_foreign_server SET srvoptions = '{uri=unix:///tmp/x}' WHERE srvname = 'milvus'});
	my $s = connect_to('054_nowhere_else');
	fails('Elasticsearch at run time', 'SELECT id FROM from_es', session => $s, sqlstate => '22023', message => qr/invalid URL/);
	fails('Milvus at run time', 'SELECT id FROM from_milvus', session => $s, sqlstate => '22023', message => qr/"uri"/);
	$s->disconnect;
};

subtest 'nothing is asked of DNS but the host' => sub {
	my $dns = double('silent_dns');
	both('http://host-es.example:9200', 'http://host-milvus.example:19530', connect_timeout => 1);
	fails('Elasticsearch', q{SELECT milvus_fdw.version('es')}, sqlstate => '08001');
	fails('Milvus', q{SELECT milvus_fdw.version('milvus')}, sqlstate => '08001');
	my %names = map { lc $_->{name} => 1 } $dns->seen;
	delete $names{$_} for qw(host-es.example host-milvus.example);
	is_deeply([ keys %names ], [], 'no service config (_grpc_config), no balancer (_grpclb)');
	$dns->stop;
};

$postgres->stop;
done_testing();
