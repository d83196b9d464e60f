# Does a statement that waits for a gRPC server end at once when told?
#
# alone: measures within 100 ms, and a name server that is silent for everybody

use MilvusFdw;
use Time::HiRes qw(sleep);

my $rows = 50;
python(<<'P', $rows);
milvus()
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, utility
for name in ("tap021", "tap021_in"):
    if utility.has_collection(name):
        utility.drop_collection(name)
    c = Collection(name, CollectionSchema([FieldSchema("id", DataType.INT64, is_primary=True),
                                           FieldSchema("v", DataType.FLOAT_VECTOR, dim=4)]))
    c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    if name == "tap021":
        c.insert([list(range(int(args[0]))), [[i, 1, 2, 3] for i in range(int(args[0]))]])
        c.flush()
        c.load()
P

fresh_database();

# A server and two tables of it: NAME to read, NAME_in to write.
sub remote
{
	my ($name, $host, $port, %options) = @_;
	my $options = join '', map { ", $_ '$options{$_}'" } sort keys %options;
	sql("CREATE SERVER $name FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '$host', port '$port'$options)");
	sql("CREATE FOREIGN TABLE $name (id bigint, v real[]) SERVER $name OPTIONS (collection 'tap021', fetch_size '10')");
	sql("CREATE FOREIGN TABLE ${name}_in (id bigint, v real[]) SERVER $name OPTIONS (collection 'tap021_in', batch_size '10', max_in_flight '2')");
}

remote('real', milvus_host(), milvus_port());
my $good = sub {
	my ($session) = @_;
	is($session->value('SELECT count(id) FROM real'), $rows, 'and so do its foreign tables');
};

sub insert { return "INSERT INTO $_[0]_in SELECT i, array[i,1,2,3] FROM generate_series(1, ${\($_[1] // 100)}) i" }

sub accepting { my ($double) = @_; return sub { scalar grep { $_->{event} eq 'accepted' } $double->seen } }
sub calling { my ($double, $method) = @_; return sub { scalar grep { !$_->{event} && $_->{method} =~ $method } $double->seen } }

# A server that hangs in one method and passes the rest on.
sub hanging
{
	my ($name, $method, @answers) = @_;
	@answers = { hang => \1 } unless @answers;
	my $double = double('grpc_server', to => real_milvus(), script => { $method => \@answers });
	remote($name, 'localhost', $double->port);
	return calling($double, qr/^$method$/);
}

subtest 'connecting' => sub {
	my $silent = double('black_hole', refuse_silently => 1);
	remote('syn', 'localhost', $silent->port);
	obeys('nobody takes the connection', 'SELECT * FROM syn', then => $good);

	my $hole = double('black_hole');
	my $accepted = accepting($hole);
	remote('tls', 'localhost', $hole->port, sslmode => 'require');
	obeys('no TLS handshake', 'SELECT * FROM tls', reached => $accepted, then => $good);
	remote('mute', 'localhost', $hole->port);
	obeys('no HTTP/2 handshake', 'SELECT * FROM mute', reached => $accepted, then => $good);
	obeys('the same in INSERT', insert('mute'), reached => $accepted, then => $good);
	obeys('the same in IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" FROM SERVER mute INTO public',
		reached => $accepted, then => $good);

	my $port = free_port();
	remote('refusing', 'localhost', $port, retry_timeout => 60);
	obeys('a port that refuses', 'SELECT * FROM refusing', then => $good);
};

subtest 'a name server that never answers' => sub {
	my $dns = double('silent_dns');
	my $asked = sub { scalar grep { $_->{name} =~ /^milvus\.tap021/ } $dns->seen };
	remote('nameless', 'milvus.tap021.example', 19530);
	obeys('looking up a name', 'SELECT * FROM nameless', reached => $asked, then => $good);

	my $b = hangs('SELECT * FROM nameless', reached => $asked);
	$b->cancel;
	is($b->wait(5000)->{error}{sqlstate}, '57014', 'cancelled once more');
	my $pid = $b->pid;
	$b->session->disconnect;
	ok(MilvusFdw::Obeys::gone($pid), 'the session ends while the look-up still hangs');
};

subtest 'describing' => sub {
	my $asked = hanging('describe', 'DescribeCollection');
	obeys('IMPORT FOREIGN SCHEMA', 'IMPORT FOREIGN SCHEMA "default" LIMIT TO (tap021) FROM SERVER describe INTO public',
		reached => $asked, then => $good);
	obeys('the start of an INSERT', insert('describe'), reached => $asked, then => $good);
	obeys('the start of a scan', 'SELECT * FROM describe', reached => $asked, then => $good);
};

subtest 'reading' => sub {
	my $asked = hanging('first', 'Query');
	obeys('the first page', 'SELECT * FROM first', reached => $asked, then => $good);
	obeys('counting', 'SELECT count(*) FROM first', reached => $asked, then => $good);

	$asked = hanging('third', 'Query', map { ({ forward => \1, times => 2 }, { hang => \1 }) } 1 .. 30);
	obeys('the third page', 'SELECT * FROM third', reached => $asked, grows => 3, then => $good);

	my $line = double('line', to => real_milvus(), after_reply => 1500, then => 'stall');
	remote('stall', 'localhost', $line->port);
	obeys('a line that stalls', 'SELECT * FROM stall', reached => sub { scalar grep { $_->{event} eq 'stall' } $line->seen }, then => $good);
};

subtest 'writing' => sub {
	my $asked = hanging('insert', 'Insert');
	obeys('the first batch', insert('insert'), reached => $asked, then => $good);
	obeys('the only batch, at the end of the statement', insert('insert', 5), reached => $asked, then => $good);
	obeys('COPY', q{COPY insert_in FROM PROGRAM $$printf '1\\t{1,2,3,4}\\n2\\t{1,2,3,4}\\n'$$}, reached => $asked, then => $good);

	obeys('an error of another row, which waits for the answers',
		"INSERT INTO insert_in SELECT i, CASE i WHEN 25 THEN array[1] ELSE array[1,2,3,4] END FROM generate_series(1, 100) i", reached => $asked, grows => 2, then => $good);

	my $line = double('line', to => real_milvus(), after => 60_000, then => 'stall');
	remote('halfway', 'localhost', $line->port);
	sql(q{ALTER FOREIGN TABLE halfway_in OPTIONS (SET batch_size '10000')});
	obeys('a message that is half sent', insert('halfway', 20_000), reached => sub { scalar grep { $_->{event} eq 'stall' } $line->seen },
		then => $good);

	my $busy = hanging('busy', 'Insert', { milvus => { code => 8, error_code => 49, reason => 'rate limit', retriable => \1 } });
	obeys('a server that is always too busy', insert('busy'), reached => $busy, grows => 2, then => $good);
};

subtest 'functions' => sub {
	my $asked = hanging('creating', 'CreateCollection');
	sql('CREATE TABLE local (id bigint, v real[])');
	sql(q{INSERT INTO local VALUES (1, '{1,2,3,4}')});
	obeys('create_collection', q{SELECT milvus_fdw.create_collection('creating', 'tap021_new', like => 'local', primary_key => 'id')},
		reached => $asked, then => $good);

	my $double = double('grpc_server', to => real_milvus(), script => { LoadCollection => [ { hang => \1 } ], Flush => [ { hang => \1 } ],
		ShowCollections => [ { hang => \1 } ], GetVersion => [ { hang => \1 } ], Connect => [ { hang => \1 } ] });
	remote('functions', 'localhost', $double->port);
	obeys('load', q{SELECT milvus_fdw.load('functions_in')}, reached => calling($double, qr/LoadCollection/), then => $good);
	my $asked_progress = hanging('progress', 'GetLoadingProgress');
	obeys('load, while it goes on', q{SELECT milvus_fdw.load('progress_in')}, reached => $asked_progress, then => $good);
	obeys('flush', q{SELECT milvus_fdw.flush('functions')}, reached => calling($double, qr/Flush/), then => $good);
	obeys('collections', q{SELECT * FROM milvus_fdw.collections('functions')}, reached => calling($double, qr/ShowCollections/), then => $good);
	obeys('version', q{SELECT milvus_fdw.version('functions')}, reached => calling($double, qr/GetVersion|Connect/), then => $good);

	my $b = hangs(q{SELECT milvus_fdw.flush($$functions$$)}, reached => calling($double, qr{Flush}));
	my $before = cpu_seconds($b->pid);
	sleep 1;
	cmp_ok(cpu_seconds($b->pid) - $before, '<', 0.3, 'waiting takes next to no CPU time');
	$b->cancel;
	$b->wait(5000);
};

# What an interrupted INSERT leaves behind is told.
subtest 'the rows that are there already' => sub {
	my $count = sub { python(<<'P') };
milvus()
from pymilvus import Collection
Collection("tap021_in").load()
print(Collection("tap021_in").query("", output_fields=["count(*)"], consistency_level="Strong")[0]["count(*)"])
P
	my $before = $count->();
	my $asked = hanging('two', 'Insert', map { ({ forward => \1, times => 2 }, { hang => \1 }) } 1 .. 3);
	sql(q{ALTER FOREIGN TABLE two_in OPTIONS (SET max_in_flight '1')});
	for my $way (qw(cancel terminate))
	{
		my $b = hangs(insert('two'), reached => $asked, grows => 3);
		$b->$way;
		my $r = $b->wait(5000);
		is($r->{error}{sqlstate}, $way eq 'cancel' ? '57014' : '57P01', $way);
		my ($warning) = grep { $_->{severity} eq 'WARNING' } @{ $b->session->notices };
		is($warning->{sqlstate}, '01000', 'a warning');
		is($warning->{message}, 'rows written to collection "tap021_in" on server "two" stay there', 'of the collection');
		is($warning->{detail}, 'The remote acknowledged 20 rows and may hold 10 more; it has no transactions to roll back.', 'with the counts');
		is($count->(), $before += 20, 'which are right');
	}
	my $b = hangs(q{DO $$ BEGIN INSERT INTO two_in SELECT i, array[i,1,2,3] FROM generate_series(1, 100) i;
		EXCEPTION WHEN query_canceled THEN RAISE NOTICE 'caught'; END $$}, reached => $asked, grows => 3);
	$b->cancel;
	is($b->wait(5000)->{error}, undef, 'a savepoint that is rolled back');
	my @said = map { $_->{message} } @{ $b->session->notices };
	like($said[0], qr/^rows written to collection/, 'warns, too');
	is($said[1], 'caught', 'and the transaction goes on');
	is(scalar(@said), 2, 'without another warning');
};

python(<<'P');
milvus()
from pymilvus import utility
for name in ("tap021", "tap021_in", "tap021_new"):
    if utility.has_collection(name):
        utility.drop_collection(name)
P
median_of_all();
done_testing();
