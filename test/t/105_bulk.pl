# Does write_mode 'bulk' bring every row to a real Milvus, each once, whatever the format?

use MilvusFdw;

my $rows = $ENV{MILVUS_FDW_BULK_ROWS} // 10_000;
fresh_database();
both_servers();
bulk_store('place');
bulk_source($rows);

my $columns = 'id bigint, b boolean, i1 smallint, i2 smallint, i4 integer, i8 bigint, f real, d double precision, t text, j jsonb';
my @simple = qw(b i1 i2 i4 i8 f d t j);

for my $format (qw(auto parquet numpy json))
{
	for my $vector ('v', 'bits')
	{
		next if $vector eq 'bits' && $format eq 'auto';
		my $lists = $format eq 'numpy' ? '' : ', ai integer[], at text[], ab boolean[], a1 smallint[], a2 smallint[], a8 bigint[], af real[]' . ($format eq 'json' ? '' : ', ad double precision[]');
		my $type = $vector eq 'v' ? 'v real[]' : 'bits bit(64)';
		my @all = (@simple, $lists ? (qw(ai at ab a1 a2 a8 af), $format eq 'json' ? () : 'ad') : (), $vector);
		my $name = "t105_${format}_$vector";
		bulk_target($name, "$columns$lists, $type", { bulk_format => $format, stage_file_bytes => 4_000_000 }, fields => join(' ', 'id', @all), load => $format eq 'auto');
		my $list = join ', ', 'id', @all;
		sql("INSERT INTO $name ($list) SELECT $list FROM source");
		is(value("SELECT count(*) FROM $name"), $rows, "$name: all rows are seen at once");
		is(bulk_differences($name, @all), 0, "$name: every bit is there");
		is(value("SELECT count(*) FROM milvus_fdw.staged('place')"), 0, "$name: no file stays");
		my ($jobs, $imported) = @{ (sql("SELECT count(*), sum(rows) FROM milvus_fdw.imports('$name') WHERE state = 'completed'"))[0] };
		is($imported, $rows, "$name: $jobs imports");
	}
}

done_testing();
