# What becomes of names and messages that are no text at all, in any database?
#
# Bytes that are not UTF-8, U+0000, control characters: never a crash, never wrong characters.

use MilvusFdw;

fresh_database();
my $latin1 = 'tap056_latin1';
{
	my $admin = connect_to('postgres');
	$admin->sql("DROP DATABASE IF EXISTS $latin1 WITH (FORCE)");
	$admin->sql("CREATE DATABASE $latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
	$admin->disconnect;
}

# Protobuf by hand: varint and length-delimited fields.
sub varint { my ($n) = @_; my $out = ''; while ($n > 127) { $out .= chr($n & 127 | 128); $n >>= 7 } return $out . chr $n }
sub field { my ($number, $bytes) = @_; return chr($number << 3 | 2) . varint(length $bytes) . $bytes }
sub number { my ($number, $value) = @_; return chr($number << 3) . varint($value) }

# Names that a remote has no right to: raw bytes here, as gRPC carries them.
my %text = (
	'not UTF-8' => "a\xff\xfeb", 'half a character' => "a\xc3", 'a surrogate' => "a\xed\xa0\x80b", 'too long a form' => "a\xc0\xaf", 'beyond Unicode' => "a\xf4\x90\x80\x80",
	'control characters' => "a\x01\x1b[31m\x7f", 'line breaks' => "a\nERROR:  b\r\n", 'quotes' => q{a'b"c\\d}, 'not in Latin 1' => "\xe6\x9d\xb1\xe4\xba\xac",
	'in Latin 1' => "caf\xc3\xa9", 'very long' => 'x' x 70000);
# json strings of HTTP: what jansson makes of escapes
my %escaped = ('U+0000' => 'a\\u0000b', 'a lone surrogate' => 'a\\ud800b', 'an escape' => 'a\\u001bb', 'not in Latin 1' => '\\u6771', 'in Latin 1' => 'caf\\u00e9');

$ENV{PGCLIENTENCODING} = 'UTF8';
my @databases = map { [ $_ => connect_to($_) ] } '056_hostile_text', $latin1;
$databases[1][1]->sql('CREATE EXTENSION milvus_fdw');

sub server
{
	my ($session, $kind, $options) = @_;
	my %of = (es => [ 'elasticsearch_fdw', "index 'tap056'" ], milvus => [ 'milvus_fdw', "collection 'tap056'" ]);
	$session->sql("DROP SERVER IF EXISTS $kind CASCADE");
	$session->sql("CREATE SERVER $kind FOREIGN DATA WRAPPER $of{$kind}[0] OPTIONS (retry_timeout '0', $options)");
	$session->sql("CREATE FOREIGN TABLE t_$kind (id bigint) SERVER $kind OPTIONS ($of{$kind}[1])");
}

# Whatever is said is text of the database, and the backend lives.
sub survives
{
	my ($name, $kind, $options) = @_;
	for my $in (@databases)
	{
		my ($database, $session) = @$in;
		server($session, $kind, $options);
		$session->notices;	# of what was dropped: PostgreSQL's own, with names as they are
		my $pid = $session->value('SELECT pg_backend_pid()');
		my @bad;
		for my $query ("SELECT milvus_fdw.version('$kind')", "SELECT * FROM milvus_fdw.collections('$kind')", "SELECT * FROM milvus_fdw.fields('$kind', 'tap056')",
			"SELECT * FROM t_$kind", "IMPORT FOREIGN SCHEMA \"default\" FROM SERVER $kind INTO public")
		{
			my ($rows, $e) = $session->try($query);
			push @bad, "$query: $e->{message}" if $e && ($e->{sqlstate} =~ /^(XX|57P)/ || $e->{message} =~ /invalid byte sequence/ && $query !~ /^(SELECT \* FROM t_|IMPORT)/);
			my @messages = ((map { $_ // '' } values %{ $e // {} }), map { values %$_ } @{ $session->notices });
			my @said = ((map { $_ // '' } map { @$_ } @{ $rows // [] }), @messages);
			# U+FFFD, C1 controls and the bytes of UTF-8 read as Latin 1 are what mistakes look like
			push @bad, map { "$query: $_" } grep { defined && /\x{fffd}|\x00|[\x80-\x9f]|\xc3[\x80-\xbf]|\xe6\x9d/ } @said;
			# a terminal or a log must not obey a remote; IMPORT's messages are PostgreSQL's own, with names as they are
			push @bad, map { "$query: control: $_" } grep { defined && $query !~ /^IMPORT/ && /[\x01-\x09\x0b-\x1f\x7f]/ } @messages;
			push @bad, map { "$query: lines: $_" } grep { defined && $query !~ /^IMPORT/ && /\nERROR:/ } map { $e->{$_} } $e ? qw(message) : ();
		}
		is_deeply(\@bad, [], "$name, in $database");
		is($session->value('SELECT pg_backend_pid()'), $pid, 'the same backend');
	}
}

subtest 'Milvus: names and descriptions' => sub {
	for my $name (sort keys %text)
	{
		my $t = $text{$name};
		my $hex = sub { return unpack 'H*', $_[0] };
		# ShowCollections: collection_names = 2; DescribeCollection: schema = 2 {name = 1, description = 2, fields = 4 {fieldID = 1, name = 2,
		# is_primary_key = 3, description = 4, data_type = 5}}; GetVersion: version = 2
		my $key   = field(4, number(1, 100) . field(2, 'id') . number(3, 1) . number(5, 5));
		my $other = field(4, number(1, 101) . field(2, $t) . field(4, $t) . number(5, 5));
		my $double = double('grpc_server', script => {
			ShowCollections => [ { hex => $hex->(field(2, $t) . field(2, 'tap056')) } ],
			DescribeCollection => [ { hex => $hex->(field(2, field(1, $t) . field(2, $t) . $key . $other)) } ],
			GetVersion => [ { hex => $hex->(field(2, $t)) } ],
			'*' => [ { hex => '' } ] });
		survives($name, 'milvus', "host 'localhost', port '" . $double->port . "'");
		$double->stop;
	}
};

subtest 'Milvus: errors' => sub {
	for my $name (sort grep { length $text{$_} < 10000 } keys %text)
	{
		# Status: error_code = 1, reason = 2, code = 3
		my $status = number(1, 1) . field(2, $text{$name}) . number(3, 65535);
		my $bare = double('grpc_server', script => { '*' => [ { hex => unpack 'H*', field(1, $status) } ] });
		survives($name, 'milvus', "host 'localhost', port '" . $bare->port . "'");
		$bare->stop;
	}
};

subtest 'Elasticsearch: errors' => sub {
	for my $case ((map { [ $_ => $escaped{$_}, 0 ] } sort keys %escaped), (map { [ $_ => $text{$_}, 1 ] } grep { !/control|line/ && length $text{$_} < 10000 } sort keys %text))
	{
		my ($name, $t, $latin1) = @$case;
		$t =~ s/(["\\])/\\$1/g if $latin1;
		for my $status (200, 400, 404)
		{
			my $double = double('http_server', script => [ { path => '', answers => [ { status => $status, $latin1 ? (latin1 => \1) : (),
				body => qq({"error":{"type":"t","reason":"$t"},"version":{"number":"$t"}}) } ] } ]);
			survives("$name, $status", 'es', "url '" . $double->url . "'");
			$double->stop;
		}
	}
};

subtest 'Elasticsearch: names' => sub {
	for my $case ((map { [ $_ => $escaped{$_}, 0 ] } sort keys %escaped), (map { [ $_ => $text{$_}, 1 ] } grep { !/control|line|quotes/ && length $text{$_} < 10000 } sort keys %text))
	{
		my ($name, $t, $latin1) = @$case;
		my $double = double('http_server', script => [
			{ path => '_cat|_resolve|_alias|_stats', answers => [ { $latin1 ? (latin1 => \1) : (),
				body => qq([{"index":"$t","docs.count":"3","status":"open","health":"green"}]) } ] },
			{ path => '', answers => [ { $latin1 ? (latin1 => \1) : (),
				body => qq({"tap056":{"mappings":{"properties":{"id":{"type":"long"},"$t":{"type":"$t"}}},"settings":{}},"version":{"number":"$t"}}) } ] } ]);
		survives($name, 'es', "url '" . $double->url . "'");
		$double->stop;
	}
};

$_->[1]->disconnect for @databases;
connect_to('postgres')->sql("DROP DATABASE $latin1 WITH (FORCE)");
done_testing();
