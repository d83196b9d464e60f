# Is the backend safe from its libraries' threads, and the libraries' names from PostgreSQL's?
#
# alone: a name server that is silent for everybody

use MilvusFdw;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use POSIX ();
use Time::HiRes qw(sleep);

my $rows = 20_000;
es(DELETE => '/tap022?ignore_unavailable=true');
es(PUT => '/tap022', { mappings => { properties => {
	id => { type => 'long' }, v => { type => 'dense_vector', dims => 16, index => \0 } } } });
es_bulk('tap022', [ map { my $id = $_; { _id => $id, id => $id, v => [ map { $id + $_ } 1 .. 16 ] } } 1 .. $rows ]);

fresh_database(without_extension => 1);
my $database = '022_threads';

sub thread_names { my ($pid) = @_; my $t = threads($pid); return map { $t->{$_}{name} } sort { $a <=> $b } keys %$t }

subtest 'no thread before the first use' => sub {
	my $new = connect_to($database);
	is(scalar(thread_names($new->pid)), 1, 'a new session');
	$new->sql('CREATE EXTENSION milvus_fdw');
	is(scalar(thread_names($new->pid)), 1, 'CREATE EXTENSION');
	$new->sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\es_url}')");
	$new->sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '${\milvus_host}', port '${\milvus_port}')");
	$new->sql("CREATE FOREIGN TABLE docs (id bigint, v real[]) SERVER es OPTIONS (index 'tap022', fetch_size '500')");
	$new->sql('EXPLAIN (VERBOSE) SELECT * FROM docs');
	$new->sql(q{SELECT milvus_fdw.version(), milvus_fdw.l2_normalize('{3,4}')});
	is(scalar(thread_names($new->pid)), 1, 'definitions, plans and conversions');

	my $other = connect_to($database);
	$other->sql('SELECT count(*) FROM pg_class');
	is(scalar(thread_names($other->pid)), 1, 'a session that does not use it');
	$other->sql(q{LOAD 'milvus_fdw'});
	is(scalar(thread_names($other->pid)), 1, 'LOAD');
	$_->disconnect for $new, $other;

	my $own = start_server('postgres', '-c', 'shared_preload_libraries=milvus_fdw');
	open my $file, '<', "$own->{dir}/data/postmaster.pid" or die $!;
	chomp(my $postmaster = <$file>);
	is(scalar(thread_names($postmaster)), 1, 'shared_preload_libraries: the postmaster');
	local $ENV{PGHOST} = 'localhost';
	local $ENV{PGPORT} = $own->{port};
	my $preloaded = connect_to('postgres');
	is($preloaded->value('SHOW shared_preload_libraries'), 'milvus_fdw', 'its session');
	is(scalar(thread_names($preloaded->pid)), 1, 'has one thread');
	$preloaded->sql('CREATE EXTENSION milvus_fdw');
	$preloaded->sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '${\es_url}')");
	$preloaded->sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '${\milvus_host}', port '${\milvus_port}')");
	$preloaded->sql("CREATE FOREIGN TABLE docs (id bigint) SERVER es OPTIONS (index 'tap022')");
	is($preloaded->value('SELECT count(id) FROM docs'), $rows, 'and reads Elasticsearch');
	ok(defined $preloaded->value(q{SELECT count(*) FROM milvus_fdw.collections('milvus')}), 'and Milvus');
	my $second = connect_to('postgres');
	ok(defined $second->value(q{SELECT count(*) FROM milvus_fdw.collections('milvus')}), 'and so does the next one');
	$_->disconnect for $preloaded, $second;
	$own->stop;
};

# Everything that may start a thread, in one backend.
my $session = connect_to($database);
my $pid = $session->pid;

# All signals that can be blocked: SIGKILL and SIGSTOP cannot, nor can 32 and 33, which are the C library's own.
my $all = ~0;
$all &= ~(1 << ($_ - 1)) for POSIX::SIGKILL, POSIX::SIGSTOP, 32, 33;

sub guarded
{
	my ($name) = @_;
	my $threads = threads($pid);
	my @others = grep { $_ != $pid } sort { $a <=> $b } keys %$threads;
	my @open = map { sprintf '%s: %x', $threads->{$_}{name}, $all & ~$threads->{$_}{blocked} } grep { $all & ~$threads->{$_}{blocked} } @others;
	is("@open", '', "$name: all threads but the main one block all signals (" . @others . ' of them)');
	return scalar @others;
}

subtest 'threads of both transports' => sub {
	is($session->value('SELECT count(id) FROM docs'), $rows, 'Elasticsearch');
	guarded('after HTTP');
	ok(defined $session->value(q{SELECT count(*) FROM milvus_fdw.collections('milvus')}), 'Milvus');
	cmp_ok(guarded('after gRPC'), '>', 0, 'there are some');

	my $certs = certs();
	my $http = double('http_server', to => real_es(), cert => "$certs/server.crt", key => "$certs/server.key");
	my $grpc = double('grpc_server', to => real_milvus(), cert => "$certs/server.crt", key => "$certs/server.key");
	$session->sql("CREATE SERVER es_tls FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'https://${\$http->host_port}', sslrootcert '$certs/ca.crt')");
	$session->sql("CREATE SERVER milvus_tls FOREIGN DATA WRAPPER milvus_fdw
		OPTIONS (host 'localhost', port '${\$grpc->port}', sslmode 'verify-full', sslrootcert '$certs/ca.crt')");
	for my $server (qw(es_tls milvus_tls))
	{
		ok(defined $session->value("SELECT count(*) FROM milvus_fdw.collections('$server')"), "$server, over TLS");
		guarded("after $server");
	}

	my $dns = double('silent_dns');
	$session->sql(q{CREATE SERVER es_name FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url 'http://tap022.example')});
	$session->sql(q{CREATE SERVER milvus_name FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'tap022.example')});
	$session->sql(q{SET statement_timeout = 300});
	for my $server (qw(es_name milvus_name))
	{
		is($session->error_of("SELECT count(*) FROM milvus_fdw.collections('$server')")->{sqlstate}, '57014', "$server: a look-up that hangs");
		guarded("while $server still looks up");
	}
	$dns->stop;
	$session->sql(q{SET statement_timeout = 0});
	for my $server (qw(es_name milvus_name))
	{
		$session->sql("ALTER SERVER $server OPTIONS (ADD connect_timeout '1', ADD retry_timeout '0')");
		is($session->error_of("SELECT count(*) FROM milvus_fdw.collections('$server')")->{sqlstate}, '08001', "$server: one that fails");
		guarded("after $server failed");
	}
	is($session->value('SELECT count(id) FROM docs'), $rows, 'all still works');
};

subtest 'a storm of signals' => sub {
	my @expected = map { [ $_->[0], $_->[1] ] } $session->sql('SELECT sum(id), sum(v[16]::float8) FROM docs');
	# SIGALRM is PostgreSQL's timeouts, SIGUSR1 its mail, SIGUSR2 nothing, SIGHUP its configuration: all harmless, on the main thread.
	my $run = MilvusFdw::Background->new($session, 'SELECT sum(a.id), sum(a.v[16]::float8) FROM docs a UNION ALL SELECT sum(a.id), sum(a.v[16]::float8) FROM docs a
		UNION ALL SELECT count(*), 0 FROM milvus_fdw.collections($$milvus$$)');
	my ($sent, $during) = (0, 0);
	while ($run->running && $sent < 200_000)
	{
		for my $signal (qw(ALRM USR1 ALRM USR1 HUP URG))
		{
			kill $signal, $pid and $sent++;
		}
		$during++;
		guarded('in the middle') if $during == 50;
		sleep 0.0005;
	}
	my $r = $run->wait(60_000);
	is($r->{error}, undef, 'the scan succeeds');
	is_deeply([ map { [@$_] } @{ $r->{rows} }[ 0, 1 ] ], [ @expected, @expected ], 'with the right rows');
	cmp_ok($sent, '>', 300, "$sent signals");
	is($session->value('SELECT 42'), 42, 'and the session goes on');
};

subtest 'the end of a session that has threads' => sub {
	$session->disconnect;
	ok(MilvusFdw::Obeys::gone($pid), 'is its end');
	my $idle = connect_to($database);
	$idle->value(q{SELECT count(*) FROM milvus_fdw.collections('milvus'), docs});
	cmp_ok(scalar(thread_names($idle->pid)), '>', 1, 'an idle one that has threads');
	sql('SELECT pg_terminate_backend($1)', $idle->pid);
	ok(MilvusFdw::Obeys::gone($idle->pid), 'can be terminated');
};

# ------------------------------------------------------------------ symbols

my $library = do { my $dir = `pg_config --pkglibdir`; chomp $dir; "$dir/milvus_fdw.so" };

sub symbols
{
	my ($file, @options) = @_;
	open my $nm, '-|', 'nm', @options, $file or die "nm: $!";
	my %symbols;
	while (<$nm>) { $symbols{$1} = 1 if /\s[A-Za-z]\s+(\S+?)(@.*)?$/ }
	close $nm or die "nm $file failed\n";
	return \%symbols;
}

subtest 'what the library shows' => sub {
	sql('CREATE EXTENSION IF NOT EXISTS milvus_fdw');
	my %entry = map { $_ => 1 } qw(Pg_magic_func _PG_init),
		map { ($_->[0], "pg_finfo_$_->[0]") } sql(q{SELECT prosrc FROM pg_proc WHERE probin = '$libdir/milvus_fdw'});
	my $shown = symbols($library, '-D', '--defined-only');
	my @extra = grep { !$entry{$_} } sort keys %$shown;
	is("@extra", '', 'nothing but what PostgreSQL calls');
	my @missing = grep { !$shown->{$_} } sort keys %entry;
	is("@missing", '', 'and all of that');
};

subtest 'whose functions it calls' => sub {
	my $root = dirname(dirname(dirname(abs_path($0))));
	my @objects = grep { !m{/test/} } split /\n/, `find '$root' -name '*.o' -not -path '*/test/*'`;
	SKIP:
	{
		skip 'built elsewhere', 1 unless @objects;
		my @bad = grep { symbols($_, '-u')->{json_object} } @objects;
		is("@bad", '', scalar(@objects) . ' object files: none asks for json_object, which PostgreSQL has too');
	}
	my $asked = symbols($library, '-D', '-u');
	ok(!$asked->{json_object}, 'nor does the library');

	# json_object is the one that is known; this finds the next: a name that PostgreSQL and one of our libraries both have
	# is PostgreSQL's, because it was there first.
	my ($postgres) = grep { -e } readlink("/proc/${\(value('SELECT pg_backend_pid()'))}/exe") // '';
	SKIP:
	{
		skip 'no postgres program to read', 1 unless $postgres;
		my $theirs = symbols($postgres, '-D', '--defined-only');
		my @twice;
		for my $line (split /\n/, `ldd '$library'`)
		{
			my ($name, $path) = $line =~ /^\s*(lib(?:grpc|gpr|protobuf-c|curl|jansson|crypto|ssl)\b\S*) => (\S+)/ or next;
			my $has = symbols($path, '-D', '--defined-only');
			push @twice, map { "$_ of $name" } grep { $asked->{$_} && $theirs->{$_} } sort keys %$has;
		}
		is("@twice", '', 'no name that we take from a library is one of PostgreSQL\'s');
	}
};

es(DELETE => '/tap022');
done_testing();
