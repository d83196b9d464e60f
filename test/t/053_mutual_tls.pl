# Is our own certificate shown to servers that ask for one, and to nobody by mistake?
#
# starts: milvus, elasticsearch

use MilvusFdw;

my $certs = certs();
fresh_database();
my @client = ("$certs/ca.crt", "$certs/client.crt", "$certs/client.key");

my $milvus = start_server('milvus', '--tls', 2, $certs);
python(<<'P', $milvus->{port}, @client);
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections
connections.connect(host="localhost", port=args[0], secure=True, ca_pem_path=args[1], client_pem_path=args[2], client_key_path=args[3],
                    server_name="localhost")
c = Collection("tap053", CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True), FieldSchema("v", DataType.FLOAT_VECTOR, dim=2)]))
c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
c.insert([[1, 2, 3], [[i, 1] for i in range(3)]])
c.load()
P
my $es = start_server('elasticsearch', '--tls', $certs, '--mutual', '--heap', '512m');
python(<<'P', "https://localhost:$es->{port}/tap053", @client);
import base64, ssl, urllib.request
context = ssl.create_default_context(cafile=args[1])
context.load_cert_chain(args[2], args[3])
def put(path, body, method="PUT"):
    request = urllib.request.Request(args[0] + path, body.encode(), method=method, headers={
        "Content-Type": "application/json", "Authorization": "Basic " + base64.b64encode(b"elastic:testsecret").decode()})
    urllib.request.urlopen(request, context=context).read()
put("", '{"mappings":{"properties":{"id":{"type":"long"}}}}')
for i in (1, 2, 3):
    put("/_doc/%d?refresh=true" % i, '{"id":%d}' % i)
P

my %sides = (
	milvus => { name => 'm', wrapper => 'milvus_fdw', address => sub { "host 'localhost', port '$_[0]', sslrootcert '$certs/ca.crt'" },
		table => "collection 'tap053'", where => $milvus->{port}, mapping => {} },
	elasticsearch => { name => 'es', wrapper => 'elasticsearch_fdw', address => sub { "url 'https://localhost:$_[0]', sslrootcert '$certs/ca.crt'" },
		table => "index 'tap053', slices '1'", where => $es->{port}, mapping => { user => 'elastic', password => 'testsecret' } });
my $key    = key_of('client');
my %pair   = (sslcert => "$certs/client.crt", sslkey => $key);
my %no_key = (sqlstate => '58030', message => qr/^could not read file/);

for my $kind (sort keys %sides)
{
	my %side  = %{ $sides{$kind} };
	my $where = $side{where};
	tls_side(%side, columns => 'id bigint');

	subtest "certificates, $kind" => sub {
		# TLS 1.3: a client is through before its certificate is looked at, so the refusal may come with the request
		my %refused = (sqlstate => qr/^08/, message => qr/^(could not connect to|lost the connection to) server/);
		works("the right one, $_", $where, %pair, sslmode => $_) for qw(verify-full verify-ca require);
		refused('none', $where, {}, %refused);
		refused("$_", $where, { sslcert => "$certs/$_.crt", sslkey => key_of($_) }, %refused) for qw(expired-client foreign-client);
		refused('of another', $where, { sslcert => "$certs/client.crt", sslkey => key_of('foreign-client') },
			sqlstate => qr/^(08001|58030)$/, message => qr/certificates|connect/);
	};

	subtest "files, $kind" => sub {
		refused('no such key', $where, { %pair, sslkey => "$key.none" }, %no_key, detail => qr/"sslkey".*No such file/);
		refused('no such certificate', $where, { %pair, sslcert => "$certs/none.crt" }, %no_key, detail => qr/"sslcert".*No such file/);
		refused(sprintf('a key with mode %o', $_), $where, { %pair, sslkey => key_of('client', mode => $_) }, %no_key, detail => qr/group or world access.*0600/)
			for 0644, 0640, 0604, 0660;
		works(sprintf('a key with mode %o', $_), $where, %pair, sslkey => key_of('client', mode => $_)) for 0600, 0400;
		refused('a certificate in place of the key', $where, { %pair, sslkey => key_of('client', from => "$certs/client.crt") }, %no_key, detail => qr/not a PEM file/);
		my $encrypted = scratch() . "/encrypted-$kind";
		system("openssl rsa -aes256 -passout pass:hunter2 -in $certs/client.key -out $encrypted 2>/dev/null") == 0 or die;
		refused('a key with a password', $where, { %pair, sslkey => key_of('client', from => $encrypted) }, %no_key, detail => qr/encrypted/);
		my $fifo = scratch() . "/fifo-$kind";
		system('mkfifo', '-m', '644', $fifo);
		refused('a FIFO does not block', $where, { %pair, sslcert => $fifo }, %no_key, detail => qr/not a regular file/);
		refused('a directory', $where, { %pair, sslcert => $certs }, %no_key, detail => qr/not a regular file/);
		refused('one without the other', $where, { sslcert => "$certs/client.crt" }, sqlstate => '22023', message => qr/must be set together/, detail => qr/only "sslcert"/);
		fails('a relative path', "CREATE SERVER x FOREIGN DATA WRAPPER $side{wrapper} OPTIONS ("
				. $side{address}->($where) . ", sslcert 'client.crt')", sqlstate => '22023', detail => qr/absolute/);
	};

	subtest "who may show it, $kind" => sub {
		sql($_) for 'DROP ROLE IF EXISTS tap053_user', 'CREATE ROLE tap053_user';
		my $name = remote($where, %pair);
		sql("GRANT USAGE ON FOREIGN SERVER $name TO tap053_user");
		sql("GRANT SELECT ON $name TO tap053_user");
		my @good = map { "$_ '$side{mapping}{$_}'" } sort keys %{ $side{mapping} };
		my $secret = $kind eq 'milvus' ? "token 'hunter2'" : "password 'testsecret'";
		my $map = sub {
			my (@options) = @_;
			sql("DROP USER MAPPING IF EXISTS FOR tap053_user SERVER $name");
			sql("CREATE USER MAPPING FOR tap053_user SERVER $name OPTIONS (" . join(', ', @options) . ')');
		};
		sql('SET ROLE tap053_user');
		my %required = (sqlstate => '2F003', message => 'password or API key is required', detail => qr/certificate of the server's machine/,
			hint => qr/password_required 'false'/);
		fails('not a role with no mapping', query($name), %required);
		sql('RESET ROLE');
		$map->($secret);
		sql('SET ROLE tap053_user');
		fails('nor one with a password of its own', query($name), %required);
		fails('which may not say otherwise', "ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (ADD password_required 'false')", sqlstate => '42501');
		fails('nor bring a file', "ALTER USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (ADD sslkey '$key')", sqlstate => '42501', detail => qr/superuser/);
		sql('RESET ROLE');
		$map->(@good, "password_required 'false'");
		sql('SET ROLE tap053_user');
		is(value(query($name)), 6, 'but one of whom a superuser says so');
		sql('RESET ROLE');

		my $bare = remote($where);
		sql("GRANT USAGE ON FOREIGN SERVER $bare TO tap053_user");
		sql("GRANT SELECT ON $bare TO tap053_user");
		$name = $bare;
		$map->(@good, "sslcert '$certs/client.crt'", "sslkey '$key'");
		sql('SET ROLE tap053_user');
		fails('in the mapping it is not enough', query($bare), %required);
		sql('RESET ROLE');
		sql("ALTER USER MAPPING FOR tap053_user SERVER $bare OPTIONS (ADD password_required 'false')");
		sql('SET ROLE tap053_user');
		is(value(query($bare)), 6, 'without a superuser\'s word');
		sql('RESET ROLE');
		mapping($bare, %{ $side{mapping} }, %pair);
		is(value(query($bare)), 6, 'a superuser needs no word');
		# the mapping's counts, not the server's
		my $both = remote($where, sslcert => "$certs/foreign-client.crt", sslkey => key_of('foreign-client'));
		mapping($both, %{ $side{mapping} }, %pair);
		is(value(query($both)), 6, 'the mapping\'s certificate comes before the server\'s');
		sql("DROP SERVER $_ CASCADE") for $both, $bare;
		sql('DROP OWNED BY tap053_user');
		sql('DROP ROLE tap053_user');
	};
}

done_testing();
