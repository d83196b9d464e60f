# What of foreign tables in statements that wait for other sessions, or are waited for?

use MilvusFdw;

ours(es => [qw(t090)], milvus => [qw(t090)]);
docs_into_es('t090', 3000, 8);
fresh_database();
both_servers();
sql('CREATE SCHEMA es');
sql('CREATE SCHEMA m');
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t090) FROM SERVER es INTO es');
sql(q{SELECT milvus_fdw.create_collection('milvus', 't090', like => 'es.t090', primary_key => 'id')});
sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t090) FROM SERVER milvus INTO m');
sql('INSERT INTO m.t090 (id, title, price, embedding) SELECT id, title, price, embedding FROM es.t090');
sql(q{CREATE TABLE local AS SELECT id, 'old' AS state FROM es.t090 WHERE id <= 20});

for my $table (qw(es.t090 m.t090))
{
	subtest "a local row of a join with $table changes while it is waited for" => sub {
		sql(q{UPDATE local SET state = 'old'});
		my ($want) = sql("SELECT title, embedding FROM $table WHERE id = 3");
		my $other = connect_to('090_two_sessions');
		$other->sql('BEGIN');
		$other->sql(q{UPDATE local SET state = 'new' WHERE id IN (3, 4)});
		my $b = background("SELECT l.state, f.title, f.embedding FROM local l JOIN $table f USING (id) WHERE id = 3 FOR UPDATE");
		ok($b->wait_until(q{wait_event_type = 'Lock'}), 'it waits for the lock');
		my $u = background("UPDATE local l SET state = f.title FROM $table f WHERE f.id = l.id AND f.id = 4 AND l.state <> 'gone' RETURNING (l.state = f.title)::int");
		ok($u->wait_until(q{wait_event_type = 'Lock'}), 'and so does an UPDATE');
		$other->sql('COMMIT');
		is_deeply($b->wait->{rows}, [ [ 'new', @$want ] ], 'it sees the new row beside the foreign one');
		is_deeply($u->wait->{rows}, [ [ 1 ] ], 'the UPDATE as well');
	};
}

subtest 'a session that idles in a transaction with open scans' => sub {
	my $s = connect_to('090_two_sessions');
	$s->sql(q{SET idle_in_transaction_session_timeout = '300ms'});
	$s->sql('BEGIN');
	$s->sql("DECLARE c$_ CURSOR FOR SELECT id, embedding FROM " . ($_ ? 'es.t090' : 'm.t090')) for 0, 1;
	is(scalar(my @r = $s->sql("FETCH 5 FROM c$_")), 5, 'a cursor') for 0, 1;
	select undef, undef, undef, 0.8;
	is($s->error_of('FETCH 5 FROM c1')->{sqlstate}, '25P03', 'is ended by the timeout');
	ok(MilvusFdw::Obeys::gone($s->pid), 'and is gone');
	is(value('SELECT count(id) FROM es.t090'), 3000, 'others go on');
};

done_testing();
