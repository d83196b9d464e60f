# Is the right Milvus trusted, and no other; are credentials sent, and never shown?

use MilvusFdw;

my $certs = certs();
fresh_database();

my $milvus = start_server('milvus', '--auth', '--tls', 1, $certs);
python(<<'P', $milvus->{port}, "$certs/ca.crt");
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections, utility
connections.connect(host="localhost", port=args[0], user="root", password="Milvus", secure=True, server_pem_path=args[1])
utility.create_user("reader", "hunter2")
c = Collection("tap051", CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True),
                                           FieldSchema("v", DataType.FLOAT_VECTOR, dim=2)]))
c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
c.insert([[1, 2, 3], [[i, 1] for i in range(3)]])
c.load()
P

tls_side(name => 'm', wrapper => 'milvus_fdw', address => sub { "host 'localhost', port '$_[0]'" }, columns => 'id bigint, v real[]',
	table => "collection 'tap051'", mapping => { user => 'root', password => 'Milvus' });

my $port   = $milvus->{port};
my $ca     = "$certs/ca.crt";
my %cannot = (sqlstate => '08001', message => qr/^could not connect to server "m\d+"$/);
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
	fails('a wrong password, in INSERT', "INSERT INTO $name VALUES (4, '{1,2}')", %wrong);
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
	mapping($name, user => 'reader', password => 'hunter2');
	my %denied = (sqlstate => '42501', detail => qr/PrivilegeQuery|Query|permission|privilege/i);
	fails('a user who may not read', $query, %denied);
	fails('a user who may not write', "INSERT INTO $name VALUES (4, '{1,2}')", sqlstate => '42501');
	fails('a user who may not drop', "SELECT milvus_fdw.drop_collection('$name', 'tap051')", sqlstate => '42501');
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
