# When the backend, Milvus or its object store is killed in the middle of a bulk INSERT: is every row there once in the end?
#
# Rounds of one INSERT each into a new collection of a Milvus of this file's own, which keeps its data in a MinIO of this
# file's own.  At a random moment one of the three is killed and started again.  Then the user does what the manifests in
# the store tell him: a complete one is finished by import_files(), else the INSERT is run again.
# MILVUS_FDW_BULK_ROUNDS (2) and MILVUS_FDW_SEED choose how many and what (make soak); MILVUS_FDW_BULK_ROWS (20000) how large.
#
# starts: milvus

use MilvusFdw;
use Time::HiRes qw(time sleep);

my $rounds = $ENV{MILVUS_FDW_BULK_ROUNDS} // 2;
my $seed   = $ENV{MILVUS_FDW_SEED} // 1;
my $rows   = $ENV{MILVUS_FDW_BULK_ROWS} // 20_000;
srand $seed;
note("seed $seed, $rounds rounds of $rows rows");

# A killed backend takes every other session of its PostgreSQL along.
my $postgres = start_server('postgres');
local @ENV{qw(PGHOST PGPORT)} = ('localhost', $postgres->{port});
my $minio = start_server('minio', '--bucket', 'milvus');
my $milvus = start_server('milvus', map { ('--set', $_) } 'common.storageType=remote', 'minio.address=localhost', "minio.port=$minio->{port}",
	'minio.accessKeyID=testkey', 'minio.secretAccessKey=testsecret', 'minio.bucketName=milvus', 'minio.rootPath=files', 'minio.useSSL=false',
	# what a killed Milvus was importing it gives up after this, by default after a quarter of an hour
	'rootCoord.importTaskExpiration=30');
fresh_database(name => 'bulk_kills');
sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '$milvus->{port}', retry_timeout '3', request_timeout '5')");
sql("CREATE SERVER place FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 's3://milvus/staged', endpoint 'http://localhost:$minio->{port}', retry_timeout '3')");
sql("CREATE USER MAPPING FOR CURRENT_USER SERVER place OPTIONS (access_key 'testkey', secret_key 'testsecret')");
bulk_source($rows);

my $round = 0;
my %met;

sub fresh_session { my ($s) = @_; no warnings 'redefine'; *MilvusFdw::default_session = sub { $s } }

# Again until it works: what was killed takes its time to come back.  Milvus ends by itself where its store is gone for long;
# whoever watches over it starts it again.
sub patiently
{
	my ($query) = @_;
	my $e;
	for (1 .. 120)
	{
		my $session = eval { connect_to('bulk_kills') };
		if ($session)
		{
			fresh_session($session);
			$e = error_of($query) or return;
			note("$e->{sqlstate} $e->{message}") if $_ % 20 == 0;
		}
		unless ($milvus->running) { $met{'milvus ended by itself'}++; $milvus->start }
		sleep 0.5;
	}
	die "it never works: $e->{message} $e->{detail}\n";
}

sub new_target { return bulk_target('kills_' . ++$round, 'id bigint, t text, v real[]', { stage_file_bytes => 1_500_000 }, fields => 'id t v', port => $milvus->{port}) }

sub insert { return "INSERT INTO $_[0] SELECT id, t, v FROM source" }

# Milvus and MinIO serve again; then what a user would do.
sub finish
{
	my ($name, $kind, $error) = @_;
	patiently("SELECT count(*) FROM milvus_fdw.staged('place')");
	patiently("SELECT count(*) FROM milvus_fdw.imports('$name')");
	my ($manifest, $state) = @{ (sql("SELECT manifest, state FROM milvus_fdw.staged('place')"))[0] // [] };
	my $jobs = value("SELECT count(*) FROM milvus_fdw.imports('$name') WHERE files[1] NOT LIKE '%/manifest.json'");
	my $how = 'nothing';
	if ($manifest && $state eq 'complete')
	{
		$how = 'import_files';
		patiently("SELECT * FROM milvus_fdw.import_files('$name', 'place', '$manifest')");
	}
	elsif ($error && ($manifest || !$jobs))
	{
		$how = 'again';
		is($jobs, 0, 'nothing is imported of what was not staged whole') if $manifest;
		sql("SELECT milvus_fdw.unstage('place', '$manifest')") if $manifest;
		patiently(insert($name));
	}
	$met{ $error ? "$kind, then $how" : "$kind came too late" }++;
	return $how;
}

my $undisturbed = new_target();
my $start = time;
sql(insert($undisturbed));
my $took = time - $start;
is(bulk_differences($undisturbed, 't', 'v'), 0, sprintf 'an undisturbed one is whole, after %.1f s', $took);

my @kinds = qw(backend milvus minio);
for my $n (1 .. $rounds)
{
	my $kind = $kinds[ ($n + $seed) % @kinds ];
	my $name = new_target();
	my $b = background(insert($name));
	sleep rand($took);
	if ($kind eq 'backend') { kill 'KILL', $b->pid if $b->running }
	else { ($kind eq 'milvus' ? $milvus : $minio)->stop }
	my $r = $b->wait(120_000) // die "it hangs\n";
	if ($kind ne 'backend') { ($kind eq 'milvus' ? $milvus : $minio)->start }
	my $how = finish($name, $kind, $r->{error});
	patiently("SELECT count(*) FROM $name");
	is(value("SELECT count(*) || ' ' || count(DISTINCT id) FROM $name"), "$rows $rows", "$kind killed, $how: no row is lost, none doubled ($name)");
	is(bulk_differences($name, 't', 'v'), 0, 'and every bit is there');
	is(value("SELECT count(*) FROM milvus_fdw.staged('place')"), 0, 'and no file');
}
note("$_: $met{$_}") for sort keys %met;
done_testing();
