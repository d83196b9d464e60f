# Is the right Elasticsearch trusted, and no other; are credentials sent, and never shown?
#
# starts: elasticsearch

use MilvusFdw;

my $certs = certs();
fresh_database();

my $es = start_server('elasticsearch', '--tls', $certs, '--heap', '512m');
my $url = "https://localhost:$es->{port}";
my @as = (url => $url, ca => "$certs/ca.crt", user => 'elastic', password => 'testsecret');
scalar es(PUT => '/tap050', { mappings => { properties => { id => { type => 'long' } } } }, @as);
es_bulk('tap050', [ map { { _id => $_, id => $_ } } 1 .. 3 ], @as);

tls_side(name => 'es', wrapper => 'elasticsearch_fdw', address => sub { "url '$_[0]'" }, columns => 'id bigint',
	table => "index 'tap050', slices '1'", mapping => { user => 'elastic', password => 'testsecret' });

my $ca     = "$certs/ca.crt";
my %cannot = (sqlstate => '08001', message => qr/^could not connect to server "es\d+"$/);
my %other  = (%cannot, detail => qr/certificate/i, hint => qr/"sslrootcert"/);

# The same address, but with certificates that are no good.
my %double;
for my $name (qw(server expired foreign elsewhere))
{
	$double{$name} = 'https://' . double('http_server', cert => "$certs/$name.crt", key => "$certs/$name.key",
		script => [
			{ path => '_count', answers => [ { body => { count => 3, _shards => { failed => 0 } } } ] },
			{ path => '_pit', answers => [ { body => { id => 'p' } } ] },
			{ path => '_search', answers => [ { body => { pit_id => 'p', hits => { hits => [ map {
				{ _id => $_, _source => { id => $_ }, sort => [$_] } } 1 .. 3 ] } } } ] },
			{ path => '', answers => [ { body => { tap050 => { mappings => { properties => { id => { type => 'long' } } },
				settings => {} } } } ] } ])->host_port;
}

subtest 'sslmode' => sub {
	works('default, with its authority', $url, sslrootcert => $ca);
	works("$_, with its authority", $url, sslrootcert => $ca, sslmode => $_) for qw(verify-full verify-ca require);
	works('require, with no authority', $url, sslmode => 'require');
	refused('the system\'s authorities do not know it', $url, {}, %other);
	refused("$_, the system's authorities", $url, { sslmode => $_ }, %other) for qw(verify-ca verify-full);
	refused("$_, another authority", $url, { sslmode => $_, sslrootcert => "$certs/foreign-ca.crt" }, %other)
		for qw(verify-ca verify-full);
	refused('disable', $url, { sslmode => 'disable' }, sqlstate => qr/^(22023|HV024)$/, message => qr/sslmode|https/);
	refused("http with $_", $url =~ s/https/http/r, { sslmode => $_ }, sqlstate => qr/^(22023|HV024)$/, message => qr/sslmode|http/)
		for qw(require verify-full);
	refused('http to a port with TLS', $url =~ s/https/http/r, {}, sqlstate => '08006', hint => qr/expect https/);
};

subtest 'certificates' => sub {
	works('a good one', $double{server}, sslrootcert => $ca);
	for my $name (qw(expired foreign))
	{
		refused("$name, by default", $double{$name}, { sslrootcert => $ca }, %cannot, detail => qr/certificate/i);
		refused("$name, $_", $double{$name}, { sslrootcert => $ca, sslmode => $_ }, %cannot, detail => qr/certificate/i)
			for qw(verify-ca verify-full);
		works("$name, require", $double{$name}, sslmode => 'require');
	}
	refused("another host's, by default", $double{elsewhere}, { sslrootcert => $ca }, %cannot, detail => qr/localhost/,
		hint => qr/host name that the certificate was issued for/);
	works("another host's by its name, $_", $double{elsewhere}, sslrootcert => $ca, sslmode => $_, server_name => 'elsewhere.example')
		for qw(verify-full verify-ca require);
	refused('a name that is not in the certificate', $double{server}, { sslrootcert => $ca, server_name => 'elsewhere.example' }, %cannot,
		hint => qr/"server_name"/);
	works('one that is, with the real server', $url, sslrootcert => $ca, server_name => '127.0.0.1');
	refused('a name without TLS', $url =~ s/https/http/r, { server_name => 'localhost' }, sqlstate => '22023', message => qr/server_name/);
	works("another host's, verify-ca", $double{elsewhere}, sslrootcert => $ca, sslmode => 'verify-ca');
	works("another host's, require", $double{elsewhere}, sslrootcert => $ca, sslmode => 'require');
	my %file = (sqlstate => '58030', message => qr/^could not read file ".*(none\.crt|server\.key)"$/, detail => qr/"sslrootcert"/);
	refused('no such file', $url, { sslrootcert => "$certs/none.crt" }, %file);
	refused('a file without a certificate', $url, { sslrootcert => "$certs/server.key" }, %file);
};

subtest 'credentials' => sub {
	my $name  = remote($url, sslrootcert => $ca);
	my $query = query($name);
	my %wrong = (sqlstate => '28P01', message => 'Elasticsearch refused the credentials', detail => qr/answered 401/,
		hint => qr/"user" and "password", or "api_key", in the user mapping/);
	my $key = es(POST => '/_security/api_key', { name => 'k' }, @as)->{encoded};
	my $narrow = es(POST => '/_security/api_key', { name => 'n', role_descriptors => { r => {
		indices => [ { names => ['other'], privileges => ['all'] } ] } } }, @as)->{encoded};

	mapping($name);
	fails('none', $query, %wrong);
	mapping($name, user => 'elastic', password => 'hunter2');
	fails('a wrong password', $query, %wrong);
	fails('a wrong password, in IMPORT FOREIGN SCHEMA', "IMPORT FOREIGN SCHEMA \"default\" FROM SERVER $name INTO public", %wrong);
	mapping($name, user => 'nobody', password => 'testsecret');
	fails('a wrong user', $query, %wrong);
	mapping($name, api_key => 'c2VjcmV0OnNlY3JldA==');
	fails('a wrong API key', $query, %wrong);
	mapping($name, api_key => $narrow);
	fails('an API key for something else', $query, sqlstate => '42501', message => 'permission denied for index "tap050"',
		detail => qr/answered 403/);
	mapping($name, user => 'elastic', password => 'testsecret');
	is(value($query), 6, 'the right password');
	mapping($name, api_key => $key);
	is(value($query), 6, 'the right API key');
	sql("ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (SET api_key 'c2VjcmV0OnNlY3JldA==')");
	fails('a changed mapping counts at once', $query, %wrong);
};

subtest 'where credentials may stand' => sub {
	fails('in the URL', q{CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'https://elastic:hunter2@localhost')},
		sqlstate => '22023');
	fails('in the server', q{CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'https://localhost', password 'hunter2')},
		sqlstate => 'HV00D', hint => qr/"password" is an option of a user mapping/);
	my $name = remote($url, sslrootcert => $ca);
	fails('an unknown option', "CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (passwort 'hunter2')",
		sqlstate => 'HV00D', hint => qr/"password"/);
	mapping($name, api_key => "hunter2\r\nX-Evil: 1");
	fails('a line break in a key is not sent', query($name), message => qr/cannot be sent|api_key|credentials/) ;
};

subtest 'who may weaken the check' => sub {
	sql('CREATE ROLE tap050_user') unless value(q{SELECT count(*) FROM pg_roles WHERE rolname = 'tap050_user'});
	my $name = remote($url, sslrootcert => $ca);
	sql('GRANT USAGE ON FOREIGN DATA WRAPPER elasticsearch_fdw TO tap050_user');
	sql('SET ROLE tap050_user');
	my $new = "CREATE SERVER theirs FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '$url', %s)";
	fails("sslmode $_", sprintf($new, "sslmode '$_'"), sqlstate => '42501') for qw(require verify-ca);
	fails('a file of the server', sprintf($new, "sslrootcert '$ca'"), sqlstate => '42501', detail => qr/pg_read_server_files/);
	is(error_of(sprintf $new, "sslmode 'verify-full'"), undef, 'strictness is for all');
	sql('RESET ROLE');
	sql('GRANT pg_read_server_files TO tap050_user');
	sql('SET ROLE tap050_user');
	is(error_of("ALTER SERVER theirs OPTIONS (ADD sslrootcert '$ca')"), undef, 'a file, for those who may read it');
	sql('CREATE USER MAPPING FOR CURRENT_USER SERVER theirs OPTIONS (user $$elastic$$, password $$testsecret$$)');
	sql(q{CREATE FOREIGN TABLE pg_temp.theirs (id bigint) SERVER theirs OPTIONS (index 'tap050')});
	is(value(query('theirs')), 6, 'and it is read for them');
	sql('RESET ROLE');
	sql('REVOKE pg_read_server_files FROM tap050_user');
	sql('SET ROLE tap050_user');
	my $again = connect_to('050_tls_elasticsearch');
	$again->sql('SET ROLE tap050_user');
	$again->sql(q{CREATE FOREIGN TABLE pg_temp.theirs (id bigint) SERVER theirs OPTIONS (index 'tap050')});
	fails('but no longer when the right is taken away', query('theirs'), session => $again, sqlstate => '42501');
	$again->disconnect;
	sql('RESET ROLE');
	sql('DROP SERVER theirs CASCADE');
	sql('DROP OWNED BY tap050_user');
	sql('DROP ROLE tap050_user');
};

subtest 'nothing secret is shown' => sub {
	my $name = remote($url, sslrootcert => $ca);
	my $plan = join "\n", map { $_->[0] } sql('EXPLAIN (ANALYZE, VERBOSE) ' . query($name));
	like($plan, qr/Remote/, 'EXPLAIN shows a request');
	unlike($plan, secrets(), 'without the password');
	notices();
	sql(qq{SET client_min_messages = debug5});
	value(query($name));
	error_of('SELECT * FROM ' . remote('https://localhost:1', sslrootcert => $ca));
	sql('RESET client_min_messages');
	unlike(join("\n", map { values %$_ } grep { ($_->{message} // '') !~ /CREATE USER MAPPING|StartTransaction|CommitTransaction/ } @{ notices() }),
		secrets(), 'nor do debug messages show it');
	unlike(server_log(), secrets(), 'nor does the server\'s log');
};

done_testing();
