# Is every row that is there all the time read exactly once while others write, and does no deleted row come back?
#
# MILVUS_FDW_SCANS=100 for the long run.

use MilvusFdw;
use POSIX ();

my $scans = $ENV{MILVUS_FDW_SCANS} // 10;
ours(milvus => [qw(t047_int t047_text t047_parts)]);
fresh_database();
both_servers();

python(<<'P');
milvus()
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema as F
number = F("id", DataType.INT64, is_primary=True)
text = F("id", DataType.VARCHAR, is_primary=True, max_length=64)
for name, key in ("t047_int", number), ("t047_text", text), ("t047_parts", number):
    c = Collection(name, CollectionSchema([key, F("n", DataType.INT64), F("v", DataType.FLOAT_VECTOR, dim=4)]))
    c.create_index("v", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    c.load()
P

my $pool = 30_000;    # keys 0 .. : even ones stay, odd ones come and go, those of the last tenth were deleted before
my $kept = $pool * 0.9;

sub make
{
	my ($kind, $columns, $values) = @_;
	sql("CREATE FOREIGN TABLE $kind ($columns) SERVER milvus OPTIONS (collection 't047_$kind', consistency_level 'strong', fetch_size '2000', create_partitions 'true')");
	sql("CREATE FOREIGN TABLE ${kind}_cut ($columns) SERVER milvus OPTIONS (collection 't047_$kind', consistency_level 'strong', fetch_size '2000', splits '4')");
	sql("INSERT INTO $kind SELECT " . sprintf($values, 'i') . " FROM generate_series(0, $pool - 1) i WHERE i % 2 = 0 OR i >= $kept");
	sql("DELETE FROM $kind WHERE n >= $kept");
}
make(int => q{id bigint OPTIONS (key 'true'), n bigint, v real[]}, q{%1$s, %1$s, '{1,2,3,4}'});
make(text => q{id text OPTIONS (key 'true'), n bigint, v real[]}, q{md5(%1$s::text) || '"' || %1$s, %1$s, '{1,2,3,4}'});
make(parts => q{id bigint OPTIONS (key 'true'), n bigint, v real[], part text OPTIONS (field '$partition')}, q{%1$s, %1$s, '{1,2,3,4}', 'p' || (%1$s / 2) %% 3});

# Another process adds, replaces and deletes odd keys until its end is written to.
sub writer
{
	my ($kind) = @_;
	pipe(my $read, my $write) or die $!;
	my $pid = fork // die $!;
	if (!$pid)
	{
		close $write;
		eval {
			my $s = connect_to('047_concurrent_reads');
			my $columns = $kind eq 'parts' ? "i, i, '{1,2,3,4}', 'p' || i % 3" : $kind eq 'text' ? "md5(i::text) || '\"' || i, i, '{1,2,3,4}'" : "i, i, '{1,2,3,4}'";
			my $ready = '';
			vec($ready, fileno($read), 1) = 1;
			for (my $round = 0; ; $round++)
			{
				$s->sql("INSERT INTO $kind SELECT $columns FROM generate_series(1, $kept - 1, 2) i WHERE i % 17 = $round % 17");
				$s->sql("DELETE FROM $kind WHERE n IN (SELECT i FROM generate_series(1, $kept - 1, 2) i WHERE i % 17 = ($round + 9) % 17)");
				my $now = $ready;
				last if select $now, undef, undef, 0;
			}
		};
		print STDERR $@ if $@;
		POSIX::_exit($@ ? 1 : 0);
	}
	close $read;
	return sub { close $write; waitpid $pid, 0; return $? };
}

for my $kind (qw(int text parts))
{
	subtest $kind => sub {
		my $stop = writer($kind);
		my (%wrong, $others);
		for my $n (1 .. $scans * 2)
		{
			my $table = $n % 2 ? $kind : "${kind}_cut";    # as a whole, and four parts side by side
			my ($rows, $stay, $distinct, $back, $keys, $all, $odd) = @{ (sql(qq{SELECT count(*), count(*) FILTER (WHERE n % 2 = 0), count(DISTINCT n) FILTER (WHERE n % 2 = 0),
				count(*) FILTER (WHERE n >= $kept), count(DISTINCT id), count(id), count(*) FILTER (WHERE n % 2 = 1)
				FROM (SELECT * FROM $table OFFSET 0) x}))[0] };
			$wrong{"$table: $stay rows that stay, $distinct of them different"}++ if $stay != $kept / 2 || $distinct != $stay;
			$wrong{"$table: $back rows that were deleted"}++ if $back > 0;
			$wrong{"$table: keys twice"}++ if $keys != $all;
			$others += $odd;
		}
		is_deeply(\%wrong, {}, "$scans scans: each row that stays once, none that was deleted");
		cmp_ok($others // 0, '>', 0, 'others were written meanwhile');
		is($stop->(), 0, 'the writer was well');
		is(value("SELECT count(*) FROM $kind WHERE n % 2 = 0"), $kept / 2, 'and all is there in the end');
	};
}

done_testing();
