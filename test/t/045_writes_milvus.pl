# What becomes of rows of Milvus that are replaced, changed, deleted, divided into partitions, or inserted twice?

use MilvusFdw;

my @collections = map { "t045_$_" } qw(docs text auto parts key dynamic);
ours(milvus => \@collections);
fresh_database();
both_servers();

# Made by the other client, each with a vector v, indexed and loaded.
python(<<'P');
milvus()
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
key = F("id", DataType.INT64, is_primary=True)
n, t, v = F("n", DataType.INT64), F("t", DataType.VARCHAR, max_length=64), F("v", DataType.FLOAT_VECTOR, dim=2)
def make(name, fields, **options):
    partitions = options.pop("num_partitions", None)
    c = Collection(name, CollectionSchema(fields, **options), **({"num_partitions": partitions} if partitions else {}))
    c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    c.load()
make("t045_docs", [key, n, t, v])
make("t045_text", [F("id", DataType.VARCHAR, is_primary=True, max_length=64), n, v])
make("t045_auto", [F("id", DataType.INT64, is_primary=True, auto_id=True), n, v])
make("t045_parts", [key, n, v])
make("t045_key", [key, F("n", DataType.INT64, is_partition_key=True), v], num_partitions=4)
make("t045_dynamic", [key, v], enable_dynamic_field=True)
P

my $tables = 0;
sub table
{
	my ($columns, $collection, %options) = @_;
	my $name = $options{name} // 't' . ++$tables;
	delete $options{name};
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER milvus OPTIONS ("
		. join(', ', "collection 't045_$collection'", map { "$_ '$options{$_}'" } sort keys %options) . ')');
	return $name;
}
sub rows_of { return join ' ', map { join '=', map { $_ // 'NULL' } @$_ } sql(@_) }

# The rows that another client sees.
sub seen
{
	my ($collection, $field, @partitions) = @_;
	return python(<<'P', "t045_$collection", $field // 'n', @partitions);
milvus()
from pymilvus import Collection
c = Collection(args[0])
found = c.query("id < 9223372036854775807" if c.schema.fields[0].dtype == 5 else 'id != "~"', output_fields=["id", args[1]], limit=16384,
                partition_names=args[2:] or None, consistency_level="Strong")
print(" ".join("%s=%s" % (r["id"], r[args[1]]) for r in sorted(found, key=lambda r: (r["id"], str(r[args[1]])))))
P
}

my $plain = table(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs', name => 'docs');
my $upsert = table(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs', name => 'docs_upsert', write_mode => 'upsert');
my $fill = q{SELECT i, i * 10, 'row ' || i, array[i, 1] FROM generate_series(%d, %d) i};

subtest 'an INSERT that runs twice' => sub {
	sql("INSERT INTO docs " . sprintf $fill, 1, 3);
	sql("INSERT INTO docs " . sprintf $fill, 1, 3);
	is(value('SELECT count(*) FROM docs'), 6, 'has doubled its rows');
	sql('DELETE FROM docs');
	is(value('SELECT count(*) FROM docs'), 0, 'DELETE removes both');
	sql("INSERT INTO docs_upsert " . sprintf $fill, 1, 3) for 1, 2;
	is(value('SELECT count(*) FROM docs'), 3, 'with write_mode upsert it has not');
	is(seen('docs'), '1=10 2=20 3=30', 'nor for another client');
};

subtest 'upsert' => sub {
	sql(q{INSERT INTO docs_upsert VALUES (2, 21, 'new', '{1,1}'), (4, 40, 'four', '{1,1}')});
	is(rows_of('SELECT id, n, t FROM docs ORDER BY id'), '1=10=row 1 2=21=new 3=30=row 3 4=40=four', 'replaces and adds');
	sql(q{INSERT INTO docs_upsert SELECT i % 5 + 100, i, 'x', '{1,1}' FROM generate_series(1, 23) i});
	is(rows_of('SELECT id, n FROM docs WHERE id >= 100 ORDER BY id'), '100=20 101=21 102=22 103=23 104=19', 'of several rows with a key the last stays');
	sql('DELETE FROM docs WHERE id >= 100');
};

subtest 'UPDATE' => sub {
	is(rows_of(q{UPDATE docs SET n = n + 1, t = 'u' WHERE id IN (1, 4) RETURNING id, n}), '1=11 4=41', 'changes what is read');
	is(seen('docs', 't'), '1=u 2=new 3=row 3 4=u', 'the other fields stay as they were');
	is(rows_of('SELECT v FROM docs WHERE id = 2'), '{1,1}', 'vectors too');
	my $less = table(q{id bigint OPTIONS (key 'true'), n bigint, v real[]}, 'docs');
	fails('a table without a column for each field', "UPDATE $less SET n = 0", sqlstate => '0A000',
		message => 'UPDATE would lose field "t" of collection "t045_docs"', hint => qr/column with option field 't'/);
	is(seen('docs'), '1=11 2=21 3=30 4=41', 'nothing was changed');
	my $dynamic = table(q{id bigint OPTIONS (key 'true'), v real[], a int}, 'dynamic');
	sql("INSERT INTO $dynamic VALUES (1, '{1,1}', 5)");
	fails('a table without a column for the dynamic field', "UPDATE $dynamic SET a = 0", sqlstate => '0A000',
		message => 'UPDATE would lose the dynamic field of collection "t045_dynamic"');
	my $whole = table(q{id bigint OPTIONS (key 'true'), v real[], meta jsonb OPTIONS (field '$meta')}, 'dynamic');
	sql(qq{UPDATE $whole SET meta = meta || '{"b": 6}'});
	is(value("SELECT meta FROM $whole"), '{"a": 5, "b": 6}', 'with one it works');
};

subtest 'DELETE' => sub {
	sql("INSERT INTO docs " . sprintf $fill, 1001, 9000);
	my $explain = join "\n", map { $_->[0] } sql('EXPLAIN (COSTS OFF) DELETE FROM docs WHERE id > 1500 AND n < 80000');
	is(scalar(my @d = sql('DELETE FROM docs WHERE id > 1500 AND n < 80000 RETURNING id')), 6499, 'by key, with RETURNING');
	is(value('SELECT count(*) FROM docs WHERE id > 1500'), 1001, 'just inserted rows are gone at once');
	my $b = background('DELETE FROM docs WHERE id > 1500')->wait;
	is($b->{affected}, 1001, "by condition, and counted\n$explain");
	is(background(q{DELETE FROM docs WHERE t LIKE '%ow 14__'})->wait->{affected}, 100, 'by a condition that Milvus cannot check');
	is(background('DELETE FROM docs WHERE id BETWEEN 1001 AND 1010 AND id % 2 = 0')->wait->{affected}, 5, 'by one that is checked here');
	is(background('DELETE FROM docs WHERE id = 999999')->wait->{affected} + 0, 0, 'a key that is not there');
	is(background('DELETE FROM docs WHERE id IN (1, 1001, 999999)')->wait->{affected}, 2, 'a list of keys');
	is(value('SELECT count(*) FROM docs'), 3 + 394, 'the others stay');
	my $part = table(q{id bigint OPTIONS (key 'true'), n bigint}, 'docs', filter => 'id > 1000');
	sql("DELETE FROM $part");
	is(seen('docs'), '2=21 3=30 4=41', 'a table with a filter loses its own rows');
	my $other = connect_to('045_writes_milvus');
	sql('DELETE FROM docs WHERE id = 2');
	$other->sql(q{ALTER FOREIGN TABLE docs OPTIONS (ADD consistency_level 'strong')});
	is(join(' ', map { $_->[0] } $other->sql('SELECT id FROM docs ORDER BY id')), '3 4', 'another session does not see them either');
	sql(q{ALTER FOREIGN TABLE docs OPTIONS (DROP consistency_level)});
};

subtest 'text keys' => sub {
	my $t = table(q{id text OPTIONS (key 'true'), n int, v real[]}, 'text', write_mode => 'upsert');
	my @odd = ("'", '"', '\\', "a\nb", '%', 'é', '');
	sql("INSERT INTO $t VALUES (\$1, 1, '{1,1}')", $_) for @odd, @odd;
	is(value("SELECT count(*) FROM $t"), scalar @odd, 'replaced');
	sql("UPDATE $t SET n = 2 WHERE id = \$1", $_) for @odd[0 .. 3];
	is(value("SELECT sum(n) FROM $t"), @odd + 4, 'changed');
	sql("DELETE FROM $t WHERE id = \$1", $_) for @odd[0 .. 3];
	is(rows_of("SELECT id FROM $t ORDER BY id COLLATE \"C\""), ' % é', 'deleted');
	sql("INSERT INTO $t SELECT repeat('k', 50) || i, i, '{1,1}' FROM generate_series(1, 5000) i");
	sql("DELETE FROM $t WHERE n % 3 > 0");
	is(value("SELECT count(*) || ' ' || sum(n) FROM $t WHERE n > 2"), '1666 4166667' =~ s/4166667/value('SELECT sum(i) FROM generate_series(1, 5000) i WHERE i % 3 = 0')/er,
		'thousands by key');
};

subtest 'TRUNCATE' => sub {
	sql("INSERT INTO docs " . sprintf $fill, 1, 30000);
	sql('TRUNCATE docs');
	is(value('SELECT count(*) FROM docs'), 0, 'nothing is left for the next SELECT');
	is(seen('docs'), '', 'nor for others');
};

subtest 'keys that Milvus makes' => sub {
	my $t = table(q{id bigint OPTIONS (key 'true'), n int, v real[]}, 'auto');
	my $returned = rows_of("INSERT INTO $t (n, v) SELECT i, '{1,1}' FROM generate_series(1, 5) i RETURNING id, n");
	is($returned, rows_of("SELECT id, n FROM $t ORDER BY n"), 'RETURNING tells them');
	like($returned, qr/^\d{15,}=1 /, 'as numbers');
	fails('UPDATE', "UPDATE $t SET n = 0", sqlstate => '0A000', message => qr/Milvus 2\.3\.5\S* cannot replace rows whose keys it makes itself/, detail => qr/2\.5\.0/);
	sql("DELETE FROM $t WHERE n IN (2, 3)");
	is(rows_of("SELECT n FROM $t ORDER BY n"), '1 4 5', 'DELETE works');
};

subtest 'partitions' => sub {
	my $columns = q{id bigint OPTIONS (key 'true'), n int, v real[], part text OPTIONS (field '$partition')};
	my $t = table($columns, 'parts', batch_size => 100);
	my $into = "INSERT INTO %s SELECT i, i, '{1,1}', (array[NULL, 'a', 'b'])[i %% 3 + 1] FROM generate_series(1, 9) i";
	fails('one that is not there', sprintf($into, $t), sqlstate => 'HV00R', message => 'there is no partition "a" in collection "t045_parts"', hint => qr/create_partitions/);
	is(seen('parts'), '', 'nothing of it was written');
	sql("ALTER FOREIGN TABLE $t OPTIONS (ADD create_partitions 'true')");
	sql(sprintf $into, $t);
	is(rows_of("SELECT part, string_agg(id::text, ',' ORDER BY id) FROM $t GROUP BY part ORDER BY part"), '_default=3,6,9 a=1,4,7 b=2,5,8', 'a column divides rows, and tells where they are');
	is(seen('parts', 'n', 'b'), '2=2 5=5 8=8', 'as another client sees');
	is(rows_of("SELECT id FROM $t WHERE part = 'a' ORDER BY id"), '1 4 7', 'a condition reads one');
	is(value("SELECT count(*) FROM $t WHERE part IN ('a', '_default') AND n > 3"), 4, 'or some');
	is(value("SELECT count(*) FROM $t WHERE part LIKE 'a%' OR id = 2"), 4, 'conditions of other kinds are checked here');
	is(value("SELECT count(*) FROM $t WHERE part IS NULL"), 0, 'every row has one');
	is(rows_of("SELECT id, part FROM $t ORDER BY id LIMIT 4"), '1=a 2=b 3=_default 4=a', 'in order of keys');
	like(join("\n", map { $_->[0] } sql("EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM $t WHERE part = 'a'")), qr/partition_names=\[by condition\]/, 'EXPLAIN says so');
	sql("UPDATE $t SET n = n + 100 WHERE id < 4");
	is(rows_of("SELECT id, n, part FROM $t WHERE n > 100 ORDER BY id"), '1=101=a 2=102=b 3=103=_default', 'UPDATE keeps rows where they are');
	is(value("SELECT count(*) FROM $t"), 9, 'and none is there twice');
	fails('UPDATE of the partition', "UPDATE $t SET part = 'b'", sqlstate => '0A000', message => 'UPDATE cannot move rows to another partition', hint => qr/DELETE/);
	fails('a bad name', "INSERT INTO $t VALUES (50, 1, '{1,1}', 'a'), (51, 1, '{1,1}', 'a b')", sqlstate => '22023',
		message => '"a b" cannot be the name of a partition', context => qr/row 2, key "51"/);
	my $whole = table(q{id bigint OPTIONS (key 'true'), n int, v real[]}, 'parts', write_mode => 'upsert');
	fails('replacing without naming one', "INSERT INTO $whole VALUES (1, 1, '{1,1}')", sqlstate => '0A000', hint => qr/\$partition/);
	my $a = table(q{id bigint OPTIONS (key 'true'), n int, v real[]}, 'parts', partition => 'a');
	is(rows_of("SELECT id FROM $a ORDER BY id"), '1 4 7', 'a table can be one partition');
	sql("UPDATE $a SET n = 0 WHERE id = 4");
	sql("INSERT INTO $a VALUES (10, 10, '{1,1}')");
	is(seen('parts', 'n', 'a'), '1=101 10=10 4=0 7=7' =~ s/10=10 4=0 7=7/4=0 7=7 10=10/r, 'and is written to as one');
	is(background("DELETE FROM $t WHERE part = 'b'")->wait->{affected}, 3, 'DELETE by partition');
	fails('TRUNCATE of one', "TRUNCATE $a", sqlstate => '0A000', hint => qr/DELETE/);
	sql("DELETE FROM $a");
	is(rows_of("SELECT id, part FROM $t ORDER BY id"), '3=_default 6=_default 9=_default', 'DELETE of one leaves the others');
	fails('a table of none', 'SELECT * FROM ' . table(q{id bigint}, 'parts', partition => 'c'), sqlstate => 'HV00R', message => qr/no partition "c"/);
	sql('IMPORT FOREIGN SCHEMA "default" LIMIT TO (t045_parts) FROM SERVER milvus INTO public');
	is(value(q{SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't045_parts'::regclass AND attnum > 0}), 'id n v', 'the column is not imported by itself');
};

subtest 'a partition key' => sub {
	my $t = table(q{id bigint OPTIONS (key 'true'), n int, v real[]}, 'key');
	sql("INSERT INTO $t SELECT i, i % 3, '{1,1}' FROM generate_series(1, 9) i");
	is(value("SELECT count(*) FROM $t WHERE n = 1"), 3, 'divides rows by itself');
	# 2.3.5 would put the new rows where conditions on the partition key do not find them
	fails('UPDATE', "UPDATE $t SET v = '{2,2}' WHERE n = 1", sqlstate => '0A000',
		message => qr/Milvus 2\.3\.5\S* cannot replace rows of a collection with a partition key/, detail => qr/2\.3\.11/);
	is(background("DELETE FROM $t WHERE n = 1")->wait->{affected}, 3, 'DELETE works');
	my %illegal = (sqlstate => '0A000', message => 'no partition of collection "t045_key" can be named', detail => qr/"n" is a partition key/);
	my $column = table(q{id bigint OPTIONS (key 'true'), n int, v real[], part text OPTIONS (field '$partition')}, 'key');
	fails('reading their names', "SELECT * FROM $column", %illegal);
	fails('writing to one', "INSERT INTO $column VALUES (1, 1, '{1,1}', 'a')", %illegal);
	my $one = table(q{id bigint OPTIONS (key 'true'), n int, v real[]}, 'key', partition => '_default_0');
	fails('a table that is one', "SELECT * FROM $one", %illegal);
	fails('writing to that', "INSERT INTO $one VALUES (1, 1, '{1,1}')", %illegal);
	fails('emptying that', "DELETE FROM $one", %illegal);
};

# What 2.3.5 cannot do, played by a double in front of it.
sub behind
{
	my ($columns, $collection, $script, %options) = @_;
	my $double = double('grpc_server', to => real_milvus(), script => $script);
	my $server = "behind" . $double->port;
	sql("CREATE SERVER $server FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host 'localhost', port '${\ $double->port}', retry_timeout '20')");
	my $name = 't' . ++$tables;
	sql("CREATE FOREIGN TABLE $name ($columns) SERVER $server OPTIONS (" . join(', ', "collection 't045_$collection', consistency_level 'strong'", map { "$_ '$options{$_}'" } sort keys %options) . ')');
	return ($name, $double);
}
sub calls { my ($double, $method) = @_; return grep { ($_->{method} // '') eq $method && !$_->{event} } $double->seen }
sub version { my ($version) = @_; return [ { hex => unpack 'H*', pack 'C C/a*', 0x12, "v$version" } ] }

subtest 'newer servers' => sub {
	sql('DELETE FROM docs');
	sql("INSERT INTO docs " . sprintf $fill, 1, 3);
	my $one_stored = [ { hex => '300140014801' } ];
	my ($t, $double) = behind(q{id bigint OPTIONS (key 'true'), n bigint, t text}, 'docs', { GetVersion => version('2.6.11'), Upsert => $one_stored, TruncateCollection => [ { hex => '' } ] });
	is(error_of("UPDATE $t SET n = 5 WHERE id = 2"), undef, 'UPDATE of some fields');
	my ($upsert) = calls($double, 'Upsert');
	my $message = pack 'H*', $upsert->{message};
	like($message, qr/\x12\x02id/, 'sends the key');
	like($message, qr/\x12\x01n/, 'and what was changed');
	unlike($message, qr/\x12\x01[tv]/, 'and no more');
	like($upsert->{message}, qr/38014801$/, 'as partial_update of one row');
	is(error_of("TRUNCATE $t"), undef, 'TRUNCATE');
	is(scalar(calls($double, 'TruncateCollection')), 1, 'is one request');
	is(value('SELECT count(*) FROM docs'), 3, 'and no Delete');
	($t) = behind(q{id bigint OPTIONS (key 'true')}, 'docs', { GetVersion => version('2.6.11'), TruncateCollection => [ { status => 12 } ] });
	sql("TRUNCATE $t");
	is(value('SELECT count(*) FROM docs'), 0, 'a service without it is emptied by Delete');
	($t) = behind(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs', { GetVersion => version('2.2.16') }, write_mode => 'upsert');
	fails('upsert of 2.2', "INSERT INTO $t VALUES (1, 1, 'x', '{1,1}')", sqlstate => '0A000', message => 'Milvus 2.2.16 cannot replace rows (upsert)', detail => qr/2\.3\.0/);
	sql("INSERT INTO docs " . sprintf $fill, 1, 9);
	($t, $double) = behind(q{id bigint OPTIONS (key 'true'), n bigint}, 'docs', { GetVersion => version('2.2.16'), Delete => [ { forward => \1 } ] });
	is(background("DELETE FROM $t WHERE n > 40")->wait->{affected}, 5, 'DELETE of 2.2 by condition');
	is(join(' ', map { pack('H*', $_->{message}) =~ /(id in .*\])/ } calls($double, 'Delete')), 'id in [5,6,7,8,9]', 'goes by key');
};

# Marks of what a connection wrote are those of the collection, whatever it is called.
subtest 'an alias' => sub {
	python(<<'P');
milvus()
from pymilvus import utility
try:
    utility.drop_alias("t045_alias")
except Exception:
    pass
utility.create_alias("t045_docs", "t045_alias")
P
	my $t = table(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'alias', fetch_size => 10, name => 'aliased');
	sql('TRUNCATE docs');
	for my $round (1 .. 5)
	{
		sql("INSERT INTO $t SELECT i + $round * 100, i, 'a', '{1,1}' FROM generate_series(1, 60) i");
		is(value("SELECT count(*) FROM $t"), 60, 'what was written through it is seen through it');
		is(value("SELECT count(*) FROM (SELECT id FROM docs OFFSET 0) x"), 60, 'and through the collection');
		sql("DELETE FROM $t WHERE n > 0");
		is(value("SELECT count(*) FROM (SELECT id FROM $t OFFSET 0) x"), 0, 'as is what was deleted');
	}
	sql("INSERT INTO docs SELECT i, i, 'a', '{1,1}' FROM generate_series(1, 500) i");
	my $small = table(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs', batch_size => 20, max_in_flight => 1);
	sql("INSERT INTO $small SELECT id + 1000, n, t, v FROM $t");
	is(value('SELECT count(*) FROM docs'), 1000, 'no statement reads what it writes');
	sql("INSERT INTO $t SELECT id + 10000, n, t, v FROM docs");
	is(value('SELECT count(*) FROM docs'), 2000, 'the other way round, too');
	python("milvus()\nfrom pymilvus import utility\nutility.drop_alias('t045_alias')");
};

subtest 'an answer that is lost' => sub {
	my @lost = ({ after => \1, status => 14, details => 'lost' }, { after => \1, milvus => { code => 65535, error_code => 2, reason => 'lost' } });
	for my $how ([ Upsert => 'upsert' ], [ Delete => 'insert' ])
	{
		my ($method, $mode) = @$how;
		my ($t, $double) = behind(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs',
			{ $method => [ $lost[0], { forward => \1 } ] }, write_mode => $mode);
		my $query = $method eq 'Upsert' ? "INSERT INTO $t VALUES (3, 333, 'x', '{1,1}')" : "DELETE FROM $t WHERE id = 3 RETURNING id";
		is(error_of($query), undef, "$method is sent again");
		is(scalar(calls($double, $method)), 2, 'once');
		is(value("SELECT count(*) FROM $t WHERE id = 3"), $method eq 'Upsert' ? 1 : 0, 'with one effect');
	}
	my ($t, $double) = behind(q{id bigint OPTIONS (key 'true'), n bigint, t text, v real[]}, 'docs', { Insert => [ $lost[0], { forward => \1 } ] });
	fails('an INSERT is not', "INSERT INTO $t VALUES (3, 333, 'x', '{1,1}')", detail => qr/unknown: 1/);
	is(scalar(calls($double, 'Insert')), 1, 'sent again');
};

done_testing();
