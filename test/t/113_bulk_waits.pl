# How does waiting for an import end that does not end by itself?
# alone: it measures how soon a cancel is obeyed

use MilvusFdw;
use Time::HiRes qw(time);

my $rows = 2000;
fresh_database();
both_servers();
bulk_store('place');
bulk_source($rows);
my $columns = 'id bigint, t text, v real[]';
my $fields = 'id t v';

subtest 'one that never ends' => sub {
	bulk_target('t113_never', $columns, {}, fields => $fields);
	my %never = (Import => [ { hex => '0a00120107' } ], ListImportTasks => [ { hex => job_seven(2, 0) } ]);
	my ($t) = bulk_behind('t113_never', \%never, bulk_timeout => 1);
	my $start = time;
	fails('without progress', "INSERT INTO $t SELECT id, t, v FROM source", sqlstate => '57014', message => qr/make no progress/, detail => qr/running, job 7, 0 %/, hint => qr/import_files/);
	cmp_ok(time - $start, '<', 5, 'ends in time');
	my ($cancelled, $double) = bulk_behind('t113_never', \%never);
	my $insert = "INSERT INTO $cancelled SELECT id, t, v FROM source LIMIT 20";
	my $looked = sub { scalar bulk_calls($double, 'ListImportTasks') };
	# once before the first row, and the rest is waiting
	obeys('waiting for an import', $insert, reached => $looked, grows => 4);
	my $b = hangs($insert, reached => $looked, grows => 4);
	$b->cancel;
	$b->wait(5000);
	like(join(' ', map { $_->{detail} // '' } @{ $b->session->notices }), qr/may hold 20 more/, 'a warning of what may come');
	cmp_ok(scalar(bulk_staged()), '>', 5, 'manifests and files stay, to be finished or removed');
	bulk_clean();
};

subtest 'rows that are imported and not seen' => sub {
	my $name = bulk_target('t113_unseen', $columns, {}, fields => $fields, load => 1);
	sql("INSERT INTO $name SELECT id, t, v FROM source");
	# 50 % refreshed, for ever
	my ($t) = bulk_behind($name, { GetLoadingProgress => [ { hex => '1832' } ] }, bulk_timeout => 2);
	notices();
	my $start = time;
	is(value("SELECT state FROM milvus_fdw.wait_for_import('$t', ARRAY[(SELECT id FROM milvus_fdw.imports('$name'))])"), 'completed', 'what is imported is imported');
	cmp_ok(time - $start, '<', 10, 'and not waited for much longer');
	my ($warning) = grep { $_->{severity} eq 'WARNING' } @{ notices() };
	like($warning->{message} // '', qr/imported rows of collection "$name" are seen a little later/, 'but for a warning');
	like($warning->{detail} // '', qr/has stood at 50 % of what was imported for 2 s/, 'that says why');
	my ($patient, $double) = bulk_behind($name, { GetLoadingProgress => [ { hex => '1832' } ] });
	obeys('waiting for imported rows to be seen', "SELECT * FROM milvus_fdw.wait_for_import('$patient', ARRAY[(SELECT id FROM milvus_fdw.imports('$patient'))])",
		reached => sub { scalar bulk_calls($double, 'GetLoadingProgress') });
};

done_testing();
