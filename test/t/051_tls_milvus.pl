# Is the right Milvus trusted, and no other; are credentials sent, and never shown?
#
# starts: milvus

use MilvusFdw;

my $certs = certs();
fresh_database();

my $milvus = start_server('milvus', '--auth', '--tls', 1, $certs);
python(<<'P', $milvus->{port}, "$certs/ca.crt");
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections, utility
connections.connect(host="localhost", port=args[0], user="root", password="Milvus", secure=True, server_pem_path=args[1])
utility.create_user("reader", "hunter2")
c = Collection("tap051", CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True),
                                           FieldSchema("v", DataType.FLOAT_VECTOR, dim=2),
                                           FieldSchema("other", DataType.VARCHAR, max_length=9)]))
c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
c.insert([[1, 2, 3], [[i, 1] for i in range(3)], ["a"] * 3])
c.load()
P

tls_side(name => 'm', wrapper => 'milvus_fdw', address => sub { "host 'localhost', port '$_[0]'" }, columns => 'id bigint, v real[], other text',
	table => "collection 'tap051'", mapping => { user => 'root', password => 'Milvus' });

my $port   = $milvus->{port};
my $ca     = "$certs/ca.crt";
my %cannot = (sqlstate => '08001', message => qr/^could not connect to server "(m|uri)\d+"$/);
my %other  = (%cannot, detail => qr/certificate/i, hint => qr/"sslrootcert"/);

# Only certificates differ: what is behind them is the other Milvus, and knows no such collection.
my %double = map { $_ => double('grpc_server', to => real_milvus(), cert => "$certs/$_.crt", key => "$certs/$_.key")->port }
	qw(server expired foreign elsewhere);
my %through = (sqlstate => 'HV00R', message => qr/"tap051" does not exist/);

subtest 'sslmode' => sub {
	works("$_, with its authority", $port, sslrootcert => $ca, sslmode => $_) for qw(verify-full verify-ca require);
	works('require, with no authority', $port, sslmode => 'require');
	refused("$_, the system's authorities", $port, { sslmode => $_ }, %other) for qw(verify-ca verify-full);
	refused("$_, another authority", $port, { sslmode => $_, sslrootcert => "$certs/foreign-ca.crt" }, %other)
		for qw(verify-ca verify-full);
	refused('disable, to a server with TLS', $port, { sslmode => 'disable', connect_timeout => 2 }, %cannot);
	refused('TLS, to a server without', milvus_port(), { sslmode => 'require' }, %cannot, hint => qr/expect TLS/);
	my $plain = remote(milvus_port());
	fails('by default no TLS', query($plain), %through);
};

subtest 'certificates' => sub {
	refused('a good one', $double{server}, { sslrootcert => $ca, sslmode => 'verify-full' }, %through);
	for my $name (qw(expired foreign))
	{
		refused("$name, $_", $double{$name}, { sslrootcert => $ca, sslmode => $_ }, %cannot, detail => qr/certificate|handshake/i)
			for qw(verify-ca verify-full);
		refused("$name, require", $double{$name}, { sslmode => 'require' }, %through);
	}
	refused("another host's, verify-full", $double{elsewhere}, { sslrootcert => $ca, sslmode => 'verify-full' }, %cannot,
		hint => qr/host/);
	refused("another host's by its name, $_", $double{elsewhere}, { sslrootcert => $ca, sslmode => $_, server_name => 'elsewhere.example' }, %through)
		for qw(verify-full verify-ca require);
	refused('server_name alone asks for TLS', $double{elsewhere}, { server_name => 'elsewhere.example' }, %other);
	refused('sslrootcert alone, too', $double{elsewhere}, { sslrootcert => $ca }, %cannot, hint => qr/"server_name"/);
	refused('a name that is not in the certificate', $port, { sslrootcert => $ca, server_name => 'elsewhere.example' }, %cannot);
	works('one that is', $port, sslrootcert => $ca, server_name => 'localhost');
	fails('a name that is none', "CREATE SERVER x FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', server_name 'a b')", sqlstate => '22023');
	refused("another host's, $_", $double{elsewhere}, { sslrootcert => $ca, sslmode => $_ }, %through) for qw(verify-ca require);
	refused('no such file', $port, { sslrootcert => "$certs/none.crt", sslmode => 'verify-full' }, sqlstate => '58030', message => qr/sslrootcert|none\.crt|certificates/);
	refused('a file without a certificate', $port, { sslrootcert => "$certs/server.key", sslmode => 'verify-full' },
		message => qr/sslrootcert|server\.key|certificates/);
};

subtest 'credentials' => sub {
	my $name  = remote($port, sslrootcert => $ca, sslmode => 'verify-full');
	my $query = query($name);
	my %wrong = (sqlstate => '28P01', message => qr/credentials/, hint => qr/"user" and "password", or "token"/);

	mapping($name);
	fails('none', $query, %wrong);
	mapping($name, user => 'root', password => 'hunter2');
	fails('a wrong password', $query, %wrong);
	fails('a wrong password, in INSERT', "INSERT INTO $name VALUES (4, '{1,2}', 'a')", %wrong);
	fails('a wrong password, in IMPORT FOREIGN SCHEMA', "IMPORT FOREIGN SCHEMA \"default\" FROM SERVER $name INTO public", %wrong);
	mapping($name, user => 'nobody', password => 'hunter2');
	fails('a wrong user', $query, %wrong);
	mapping($name, token => 'root:hunter2');
	fails('a wrong token', $query, %wrong);
	mapping($name, token => 'root:Milvus');
	is(value($query), 6, 'the right token');
	mapping($name, user => 'root', password => 'Milvus');
	is(value($query), 6, 'the right password');
	sql("ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (SET password 'hunter2')");
	fails('a changed mapping counts at once', $query, %wrong);
};

# What Milvus checks, by its own names; DescribeCollection and ShowCollections are everybody's.
subtest 'a user without rights' => sub {
	my $name = remote($port, sslrootcert => $ca);
	mapping($name, user => 'reader', password => 'hunter2');
	sql('CREATE TABLE IF NOT EXISTS tap051_like (id bigint, v real[])');
	sql(q{INSERT INTO tap051_like VALUES (1, '{1,2}')});
	my @calls = (
		[ Query => query($name) ],
		[ Query => "SELECT count(*) FROM $name" ],
		[ Insert => "INSERT INTO $name VALUES (4, '{1,2}', 'a')" ],
		[ Load => "SELECT milvus_fdw.load('$name')" ],
		[ Release => "SELECT milvus_fdw.release('$name')" ],
		[ Flush => "SELECT milvus_fdw.flush('$name')" ],
		[ CreateIndex => "SELECT milvus_fdw.create_index('$name', 'other')" ],
		[ DropIndex => "SELECT milvus_fdw.drop_index('$name', 'v')" ],
		[ DropCollection => "SELECT milvus_fdw.drop_collection('$name', 'tap051')" ],
		[ CreateCollection => "SELECT milvus_fdw.create_collection('$name', 'tap051_new', 'tap051_like', primary_key => 'id')" ],
	);
	for my $call (@calls)
	{
		my ($privilege, $statement) = @$call;
		fails("$statement needs $privilege", $statement, sqlstate => '42501',
			message => qr/^permission denied (for collection "tap051(_new)?"|by server "m\d+")$/,
			detail => qr/Privilege$privilege: permission deny to reader/, hint => qr/privilege "$privilege"/);
	}
	is(value("SELECT count(*) FROM milvus_fdw.fields('$name', 'tap051')"), 3, 'describing needs none here');
	python(<<'P', $port, $ca);
from pymilvus import Role, connections
connections.connect(host="localhost", port=args[0], user="root", password="Milvus", secure=True, server_pem_path=args[1])
role = Role("querier")
role.create()
role.grant("Collection", "tap051", "Query")
role.add_user("reader")
P
	# Milvus tells its proxies about a grant within moments
	my $e;
	for (1 .. 50) { $e = error_of(query($name)); last if !$e; select undef, undef, undef, 0.2 }
	is($e ? $e->{message} : value(query($name)), 6, 'with the privilege it works');
	fails('and only that', "INSERT INTO $name VALUES (4, '{1,2}', 'a')", sqlstate => '42501');
};

subtest 'uri' => sub {
	my $try = 0;
	my $at = sub {
		my ($options) = @_;
		my $name = 'uri' . ++$try;
		sql("CREATE SERVER $name FOREIGN DATA WRAPPER milvus_fdw OPTIONS (retry_timeout '0', $options)");
		sql("CREATE FOREIGN TABLE $name (id bigint) SERVER $name OPTIONS (collection 'tap051')");
		sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (token 'root:Milvus')");
		return query($name);
	};
	is(value($at->("uri 'https://localhost:$port', sslrootcert '$ca'")), 6, 'https, with a token');
	is(value($at->("uri 'HTTPS://127.0.0.1:$port/', sslrootcert '$ca'")), 6, 'an address, a slash at the end');
	fails('https is verified by default', $at->("uri 'https://localhost:$port'"), %other);
	is(value($at->("uri 'https://localhost:$port', sslmode 'require'")), 6, 'but where a superuser says otherwise');
	fails('http is not encrypted', $at->("uri 'http://localhost:" . milvus_port() . "'"), %through);
	fails('https to a server without TLS', $at->("uri 'https://localhost:" . milvus_port() . "', sslrootcert '$ca'"), %cannot, hint => qr/expect TLS/);
	fails('the port of https is 443', $at->("uri 'https://localhost'"), %cannot, detail => qr/^localhost:443: /);
	my $make = 'CREATE SERVER bad FOREIGN DATA WRAPPER milvus_fdw OPTIONS (%s)';
	my %invalid = (sqlstate => '22023');
	fails("$_->[0] is refused", sprintf($make, $_->[0]), %invalid, detail => $_->[1], message => qr/^(invalid value for option|options|sslmode)/) for
		[ "uri 'https://localhost:1', host 'localhost'", qr/"uri" says host and port/ ],
		[ "uri 'https://localhost:1', port '1'", qr/"uri" says host and port/ ],
		[ "uri 'https://root:hunter2\@localhost:1'", qr/must not contain a user or a password/ ],
		[ "uri 'https://hunter2\@localhost:1'", qr/must not contain a user or a password/ ],
		[ "uri 'unix:/tmp/milvus.sock'", qr/must begin with "http:/ ],
		[ "uri 'unix:///tmp/milvus.sock'", qr/must begin with "http:/ ],
		[ "uri 'file:///tmp/milvus.db'", qr/must begin with "http:/ ],
		[ "uri '/tmp/milvus.db'", qr/must begin with "http:/ ],
		[ "uri 'tcp://localhost:19530'", qr/must begin with "http:/ ],
		[ "uri 'localhost:19530'", qr/must begin with "http:/ ],
		[ "uri 'https://localhost:1/database'", qr/must end after host and port/ ],
		[ "uri 'https://localhost:1?a=b'", qr/query/ ],
		[ "uri 'https://localhost:x'", qr/must look like/ ],
		[ "uri 'https://'", qr/must look like/ ],
		[ "uri 'https://localhost:1', sslmode 'disable'", qr// ],
		[ "uri 'http://localhost:1', sslmode 'verify-full'", qr// ],
		[ "uri 'http://localhost:1', sslrootcert '$ca'", qr// ],
		[ "host 'unix:/tmp/milvus.sock'", qr/host name, or an address/ ],
		[ "host 'a/b'", qr/host name, or an address/ ],
		[ "host 'root:hunter2\@localhost'", qr/host name, or an address/ ];
	fails('neither uri nor host', sprintf($make, "database 'x'"), sqlstate => 'HV002', message => qr/"host" or "uri" is required/);
	my $name = remote(milvus_port());
	fails('nor when it is taken away', "ALTER SERVER $name OPTIONS (DROP host)", sqlstate => 'HV002');
	fails('nor both in the end', "ALTER SERVER $name OPTIONS (ADD uri 'http://localhost')", %invalid);
	is(error_of("ALTER SERVER $name OPTIONS (DROP host, DROP port, ADD uri 'http://localhost:" . milvus_port() . "')"), undef, 'one for the other');
	fails('is the same', query($name), %through);
};

subtest 'where credentials may stand' => sub {
	fails('in the server', q{CREATE SERVER x FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', token 'hunter2')},
		sqlstate => 'HV00D', hint => qr/"token" is an option of a user mapping/);
	my $name = remote($port, sslrootcert => $ca, sslmode => 'verify-full');
	fails('an unknown option', "CREATE USER MAPPING FOR PUBLIC SERVER $name OPTIONS (tokn 'hunter2')", sqlstate => 'HV00D',
		hint => qr/"token"/);
	mapping($name, token => 'root:Milvus', password => 'hunter2', user => 'nobody');
	my $e = error_of(query($name));
	unlike($e ? "@$e{grep { defined $e->{$_} } keys %$e}" : '', secrets(), 'both ways at once');
};

subtest 'nothing secret is shown' => sub {
	my $name = remote($port, sslrootcert => $ca, sslmode => 'verify-full');
	my $plan = join "\n", map { $_->[0] } sql('EXPLAIN (ANALYZE, VERBOSE) ' . query($name));
	like($plan, qr/Remote/, 'EXPLAIN shows a request');
	unlike($plan, secrets(), 'without the password');
	notices();
	sql('SET client_min_messages = debug5');
	value(query($name));
	error_of(query(remote(1, sslmode => 'require')));
	sql('RESET client_min_messages');
	unlike(join("\n", map { values %$_ } grep { ($_->{message} // '') !~ /CREATE USER MAPPING/ } @{ notices() }),
		secrets(), 'nor do debug messages show it');
	unlike(server_log(), secrets(), 'nor does the server\'s log');
};

done_testing();
