# Do files reach Azure Blob Storage?  A double checks each request's signature: no real server of it is to be had here.

use MilvusFdw;
use Compress::Zlib ();
use HTTP::Tiny;
use MIME::Base64 qw(encode_base64);

fresh_database();
my $key = encode_base64(join('', map { chr(($_ * 37) % 256) } 1 .. 64), '');
my $sas = 'sv=2021-08-06&sr=c&sig=hunter2Zq7Kx9Lw4Vt%3D';
my $big = q{SELECT g AS id, md5(g::text) || repeat('x', 1000) AS t FROM generate_series(1, 20000) g};

sub store
{
	my ($name, $double, $mapping, $container) = @_;
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'azure://devacct/" . ($container // 'box') . "/a b', endpoint '" . $double->url . "', part_bytes '5242880')");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($mapping)");
}

my $shared = double('azure_blob', key => $key);
store(shared => $shared, "account_key '$key'");
my $signed = double('azure_blob', key => $key, sas => $sas);
store(signed => $signed, "sas_token '?$sas'");

subtest 'shared key' => sub {
	is(value(q{SELECT rows FROM milvus_fdw.stage('SELECT 1 AS a', 'shared')}), 1, 'a small file');
	is(value("SELECT rows FROM milvus_fdw.stage(\$q\$$big\$q\$, 'shared', 'parquet', 'none')"), 20000, 'a file of many blocks');
	is(scalar(sql("SELECT * FROM milvus_fdw.stage(\$q\$$big LIMIT 10\$q\$, 'shared', 'numpy')")), 2, 'a set');
	is_deeply([ sql(q{SELECT format, state, rows FROM milvus_fdw.staged('shared') ORDER BY rows}) ],
		[ [ 'parquet', 'complete', 1 ], [ 'numpy', 'complete', 10 ], [ 'parquet', 'complete', 20000 ] ], 'listed, by pages');
	is_deeply([ sql(q{SELECT count(*), bool_and(ok) FROM milvus_fdw.staged('shared') s, milvus_fdw.verify('shared', s.manifest)}) ], [ [ 7, 't' ] ], 'verify reads all of it');
};

subtest 'shared access signature' => sub {
	my ($file) = sql("SELECT name, checksum FROM milvus_fdw.stage(\$q\$$big\$q\$, 'signed', 'parquet', 'none')");
	my $blob = HTTP::Tiny->new->get($signed->url . "/box/a%20b/$file->[0]?$sas")->{content};
	is(sprintf('crc32:%08x', Compress::Zlib::crc32($blob)), $file->[1], 'what is there is what was sent');
	is(substr($blob, 0, 4), 'PAR1', 'in order');
	is_deeply([ sql(q{SELECT count(*), bool_and(ok) FROM milvus_fdw.staged('signed') s, milvus_fdw.verify('signed', s.manifest)}) ], [ [ 2, 't' ] ], 'verify reads it back');
	HTTP::Tiny->new->put($signed->url . "/box/a%20b/$file->[0].$_?$sas", { content => 'x' x $_, headers => { 'x-ms-blob-type' => 'BlockBlob' } }) for 3, 0, 12;
	is_deeply([ sql(q{SELECT v.bytes FROM milvus_fdw.staged('signed') s, milvus_fdw.verify('signed', s.manifest) v WHERE NOT ok ORDER BY 1}) ], [ [0], [3], [12] ], 'strangers, with their lengths');
	HTTP::Tiny->new->delete($signed->url . "/box/a%20b/$file->[0].$_?$sas") for 3, 0, 12;
	is(value(q{SELECT milvus_fdw.unstage('signed', manifest) FROM milvus_fdw.staged('signed')}), 2, 'and removed');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.staged('signed')}) ], [], 'wholly');
};

subtest 'refusals' => sub {
	store(wrong => $shared, "account_key '" . encode_base64('another key', '') . "'");
	fails('a wrong key', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'wrong')}, sqlstate => '28P01', hint => qr/account_key/);
	store(broken => $shared, q{account_key 'not*base64'});
	fails('no key at all', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'broken')}, sqlstate => '28000', message => qr/could not sign/);
	store(denied => $signed, "sas_token 'sv=1&sig=hunter2'");
	my $e = error_of(q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'denied')});
	is($e->{sqlstate}, '28P01', 'a wrong signature');
	unlike(join("\n", map { $_ // '' } values %$e), qr/hunter2/, 'which is not told');
	store(missing => $shared, "account_key '$key'", 'nothere');
	fails('no such container', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'missing')}, sqlstate => 'HV00R', message => qr/container "nothere" does not exist/);
	fails('two credentials', "CREATE USER MAPPING FOR PUBLIC SERVER shared OPTIONS (account_key '$key', sas_token 'x')", sqlstate => 'HV024');
};

subtest 'what arrives is checked' => sub {
	is(scalar(grep { $_->{method} eq 'PUT' && !$_->{headers}{'x-ms-content-crc64'} } $shared->seen), 0, 'each request that brings something has a checksum of it');
	for my $case ([ block => 'comp=block(&|$)', $big ], [ list => 'comp=blocklist', $big ], [ blob => '[.]parquet$', 'SELECT 1 AS a' ])
	{
		my ($what, $path, $query) = @$case;
		my $line = double('http_server', to => 'localhost:' . $shared->port, script => [ { method => 'PUT', path => $path, answers => [ { forward => \1, corrupt => \1 }, { forward => \1 } ] } ]);
		store("damaged_$what" => $line, "account_key '$key'");
		my ($manifest) = value("SELECT manifest FROM milvus_fdw.stage(\$q\$$query\$q\$, 'damaged_$what', 'parquet', 'none')");
		is_deeply([ sql("SELECT count(*), bool_and(ok) FROM milvus_fdw.verify('damaged_$what', '$manifest')") ], [ [ 2, 't' ] ], "a $what damaged on the way is sent again");
		my %times;
		$times{ $_->{path} }++ for grep { $_->{method} eq 'PUT' && $_->{path} =~ /$path/ } $line->seen;
		is(scalar(grep { $_ == 2 } values %times), 1, 'once');
	}
	my $never = double('http_server', to => 'localhost:' . $shared->port, script => [ { method => 'PUT', path => '', answers => [ { forward => \1, corrupt => \1 } ] } ]);
	sql("CREATE SERVER never FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'azure://devacct/box', endpoint '" . $never->url . "', retry_timeout '1')");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER never OPTIONS (account_key '$key')");
	fails('always', q{SELECT milvus_fdw.stage('SELECT 1 AS a', 'never')}, sqlstate => '53000', detail => qr/Crc64Mismatch/);
	my $old = double('azure_blob', key => $key, old => 1);
	store(old => $old, "account_key '$key'");
	is(value("SELECT rows FROM milvus_fdw.stage(\$q\$$big\$q\$, 'old', 'parquet', 'none')"), 20000, 'one that knows no such checksum gets none');
	is_deeply([ sql(q{SELECT count(*), bool_and(ok) FROM milvus_fdw.staged('old') s, milvus_fdw.verify('old', s.manifest)}) ], [ [ 2, 't' ] ], 'and all of it');
	is(scalar(grep { $_->{headers}{'x-ms-content-crc64'} } $old->seen), 1, 'after one question');
};

subtest 'an error in the middle' => sub {
	fails('of the query', q{SELECT milvus_fdw.stage('SELECT 1 / (20000 - g) AS a, repeat(''x'', 1000) AS t FROM generate_series(1, 30000) g', 'signed', 'json')}, sqlstate => '22012');
	is_deeply([ sql(q{SELECT * FROM milvus_fdw.staged('signed')}) ], [], 'leaves nothing after the next command');
};

done_testing();
