# Does a statement that waits for an HTTP server end at once when told?
#
# alone: measures within 100 ms, and a name server that is silent for everybody

use MilvusFdw;
use Time::HiRes qw(sleep);

my $rows = 50;
my $page = 10;
es(DELETE => '/tap020?ignore_unavailable=true');
es(PUT => '/tap020', { mappings => { properties => {
	id => { type => 'long' }, v => { type => 'dense_vector', dims => 4, index => \0 } } } });
es_bulk('tap020', [ map { { _id => $_, id => $_, v => [ $_, 1, 2, 3 ] } } 1 .. $rows ]);

fresh_database();

# A server and a table t of it, named alike.
sub remote
{
	my ($name, $url, %options) = @_;
	my $options = join '', map { ", $_ '$options{$_}'" } sort keys %options;
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '$url'$options)");
	sql("CREATE FOREIGN TABLE $name (id bigint, v real[]) SERVER $name
		OPTIONS (index 'tap020', fetch_size '$page', slices '1')");
}

remote('real', es_url());
my $good = sub {
	my ($session) = @_;
	is($session->value('SELECT count(id) FROM real'), $rows, 'and so do its foreign tables');
};

# How often the double saw such a thing.
sub seeing
{
	my ($double, %what) = @_;
	return sub {
		scalar grep { my $seen = $_; !grep { ($seen->{$_} // '') !~ $what{$_} } keys %what } $double->seen;
	};
}

subtest 'connecting' => sub {
	my $silent = double('black_hole', refuse_silently => 1);
	remote('syn', $silent->url);
	obeys('nobody takes the connection', 'SELECT * FROM syn', then => $good);

	my $hole = double('black_hole');
	my $accepted = seeing($hole, event => 'accepted');
	remote('tls', 'https://' . $hole->host_port);
	obeys('no TLS handshake', 'SELECT * FROM tls', reached => $accepted, then => $good);

	remote('mute', $hole->url);
	obeys('no answer to the first request', 'SELECT * FROM mute', reached => $accepted, then => $good);
	obeys('the same in IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" FROM SERVER mute INTO public',
		reached => $accepted, then => $good);
	obeys('the same in a function', q{SELECT * FROM milvus_fdw.collections('mute')}, reached => $accepted);
	sql(q{ALTER FOREIGN TABLE mute OPTIONS (ADD use_remote_estimate 'true')});
	obeys('the same in planning', 'EXPLAIN SELECT * FROM mute', reached => $accepted, then => $good);
};

subtest 'a name server that never answers' => sub {
	my $dns = double('silent_dns');
	my $asked = seeing($dns, name => qr/^es\.tap020/);
	remote('nameless', 'http://es.tap020.example:9200');
	obeys('looking up a name', 'SELECT * FROM nameless', reached => $asked, then => $good);

	# curl joins its resolver thread when it forgets a connection in the usual way; it must not when the session ends either.
	my $b = hangs('SELECT * FROM nameless', reached => $asked);
	$b->cancel;
	is($b->wait(5000)->{error}{sqlstate}, '57014', 'cancelled once more');
	my $pid = $b->pid;
	$b->session->disconnect;
	ok(MilvusFdw::Obeys::gone($pid), 'the session ends while the look-up still hangs');
};

subtest 'describing' => sub {
	my $d = double('http_server', to => real_es(), script => [ { path => '^/tap020\?', answers => [ { hang => \1 } ] } ]);
	my $asked = seeing($d, path => qr{^/tap020\?});
	remote('describe', $d->url);
	obeys('IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" LIMIT TO (tap020) FROM SERVER describe INTO public',
		reached => $asked, then => $good);
	obeys('the start of a scan', 'SELECT * FROM describe', reached => $asked, then => $good);
};

subtest 'reading' => sub {
	my $open = double('http_server', to => real_es(), script => [ { path => '_pit', method => 'POST', answers => [ { hang => \1 } ] } ]);
	remote('opening', $open->url);
	obeys('opening the search', 'SELECT * FROM opening', reached => seeing($open, path => qr/_pit/), then => $good);

	my $count = double('http_server', to => real_es(), script => [ { path => '_count', answers => [ { hang => \1 } ] } ]);
	remote('counting', $count->url);
	obeys('counting', 'SELECT count(*) FROM counting', reached => seeing($count, path => qr/_count/), then => $good);

	# Two pages, then silence: once for each try.
	my $pages = double('http_server', to => real_es(), script => [
		{ path => '_search', answers => [ map { ({ forward => \1, times => 2 }, { hang => \1 }) } 1 .. 30 ] } ]);
	my $asked = seeing($pages, path => qr/_search/);
	remote('pages', $pages->url);
	obeys('the third page', 'SELECT * FROM pages', reached => $asked, grows => 3, then => $good);

	my $drip = double('http_server', to => real_es(), script => [
		{ path => '_search', answers => [ { forward => \1, drip_ms => 50 } ] } ]);
	remote('drip', $drip->url);
	obeys('a page that comes byte by byte', 'SELECT * FROM drip', reached => seeing($drip, path => qr/_search/), then => $good);

	my $stall = double('line', to => real_es(), after_reply => 2500, then => 'stall');
	remote('stall', $stall->url);
	obeys('a line that stalls within a page', 'SELECT * FROM stall', reached => seeing($stall, event => 'stall'), then => $good);

	# The server is told that the search is over; that must not be waited for.
	my $closing = double('http_server', to => real_es(), script => [
		{ path => '_pit', method => 'DELETE', answers => [ { hang => \1 } ] },
		{ path => '_search', answers => [ map { ({ forward => \1 }, { hang => \1 }) } 1 .. 30 ] } ]);
	remote('closing', $closing->url);
	obeys('when the search cannot be closed either', 'SELECT * FROM closing', reached => seeing($closing, path => qr/_search/),
		grows => 2, then => $good);
};

subtest 'between two tries' => sub {
	my $busy = double('http_server', script => [ { path => '', answers => [ { status => 503, headers => { 'Retry-After' => '30' } } ] } ]);
	remote('busy', $busy->url);
	obeys('a server that wants us to come back in 30 s', 'SELECT * FROM busy', reached => seeing($busy, path => qr/./), then => $good);
	my $port = free_port();
	remote('refusing', "http://localhost:$port", retry_timeout => 60);
	obeys('a port that refuses', 'SELECT * FROM refusing', then => $good);
};

subtest 'other statements' => sub {
	my $hole = double('black_hole');
	my $accepted = seeing($hole, event => 'accepted');
	remote('fetched', $hole->url);
	obeys('CREATE TABLE AS', 'CREATE TABLE copied AS SELECT * FROM fetched', reached => $accepted, then => $good);

	my $b = hangs('SELECT * FROM fetched', reached => $accepted);
	my $before = cpu_seconds($b->pid);
	sleep 1;
	cmp_ok(cpu_seconds($b->pid) - $before, '<', 0.3, 'waiting takes next to no CPU time');
	$b->cancel;
	$b->wait(5000);

	sql('CREATE TABLE local (n int)');
	my $m = hangs(q{DO $$ BEGIN INSERT INTO local VALUES (1); PERFORM * FROM fetched; EXCEPTION WHEN query_canceled THEN
		INSERT INTO local VALUES (2); END $$}, reached => $accepted);
	$m->cancel;
	is($m->wait(5000)->{error}, undef, 'PL/pgSQL can catch it');
	is(value('SELECT sum(n) FROM local'), 2, 'and only the subtransaction is undone');
};

es(DELETE => '/tap020');
median_of_all();
done_testing();
