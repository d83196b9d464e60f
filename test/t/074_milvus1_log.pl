# Which changes does the write-ahead log of a Milvus 1.x data directory hold that its segments do not have?
#
# The log's form and the server's rules are those of Milvus 1.1's own sources (src/connector/milvus1/wal.c says which).

use MilvusFdw;
use JSON::PP ();

fresh_database();
my $dir = scratch() . '/m1log';
my $python = $ENV{MILVUS_FDW_CACHE} . '/venv/bin/python';
is(system($python, $0 =~ s{[^/]*$}{../lib/milvus1_data.py}r, $dir), 0, 'a data directory') or BAIL_OUT('no data');
sql("CREATE SERVER m1 FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '$dir', meta 'sqlite:$dir/db/meta.sqlite')");
my $meta = JSON::PP->new->decode(value(q{SELECT milvus_fdw.export_metadata('m1')}));
sql("CREATE SERVER log FOREIGN DATA WRAPPER milvus1_fdw OPTIONS (directory '$dir', meta 'json:$dir/meta.json')");
sql(q{CREATE FOREIGN TABLE docs (id bigint) SERVER log});

my $odd = q{Grüße 'quoted' "x"};
my ($INSERT_BINARY, $INSERT, $DELETE, $UPDATE, $FLUSH, $NONE, $ENTITY) = 0 .. 6;

sub spew { my ($f, $bytes) = @_; open my $h, '>:raw', $f or die "$f: $!\n"; print $h $bytes; close $h or die; return }
sub lsn { my ($file, $offset) = @_; return ($file << 32) + $offset }

# The bytes of a file's records: [type, collection, tag, rows, bytes of vectors, more].
sub records
{
	my ($file, @records) = @_;
	my $bytes = '';
	for (@records)
	{
		my ($type, $name, $tag, $rows, $data, $more) = (@$_, 0, 0)[ 0 .. 5 ];
		utf8::encode($name);
		utf8::encode($tag);
		my $body = $name . $tag . ("\0" x (8 * $rows)) . ("\1" x $data) . ("\2" x ($more // 0));
		$bytes .= pack('Q<CvvVV', lsn($file, length($bytes) + 21 + length $body), $type, length $name, length $tag, $rows, $data) . $body;
	}
	return $bytes;
}

# The directory's log: {N => records or bytes}, its end (undef: no mxlog.meta; a list: as it is), what was flushed.
sub log_is
{
	my (%is) = @_;
	system('rm', '-rf', "$dir/wal");
	mkdir "$dir/wal" or die;
	for my $file (keys %{ $is{files} // {} })
	{
		my $content = $is{files}{$file};
		spew("$dir/wal/$file.wal", ref $content ? records($file, @$content) : $content);
	}
	my $end = $is{end};
	spew("$dir/wal/mxlog.meta", pack 'Q<*', ref $end ? @$end : (0, $end, $end)) if defined $end;
	$meta->{global_lsn} = $is{global} // 0;
	for my $c (@{ $meta->{collections} })
	{
		$c->{flush_lsn} = $is{flushed} // 0;
		$_->{flush_lsn} = $is{tags}{ $_->{tag} } // $is{flushed} // 0 for @{ $c->{partitions} // [] };
	}
	spew("$dir/meta.json", JSON::PP->new->utf8->encode($meta));
	system('chmod', '-R', 'a+rX', $dir);
	return;
}

my $rows;

sub at_rest
{
	my ($name, %is) = @_;
	log_is(%is);
	my $n = eval { value('SELECT count(id) FROM docs') };
	is($n, $rows, $name) or diag $@;
	return;
}

sub not_at_rest
{
	my ($name, $detail, %is) = @_;
	log_is(%is);
	fails($name, 'SELECT count(id) FROM docs', sqlstate => qr/^(55006|HV000)$/, detail => $detail, hint => qr/allow_unflushed/);
	return;
}

log_is();
$rows = value('SELECT count(id) FROM docs');
cmp_ok($rows, '>', 3000, 'without a log');

my @insert = ($INSERT, 'docs', '', 3, 96);
my $size = length records(0, \@insert);

subtest 'flushed' => sub {
	at_rest('an empty log', end => 0);
	at_rest('by the collection', files => { 0 => [ \@insert ] }, end => lsn(0, $size), flushed => lsn(0, $size));
	at_rest('by all', files => { 0 => [ \@insert ] }, end => lsn(0, $size), global => lsn(0, $size));
	at_rest('later files too', files => { 3 => [ \@insert ], 4 => [ \@insert ] }, end => lsn(4, $size), flushed => lsn(4, $size));
	at_rest('files were removed', end => lsn(7, 12345), flushed => lsn(6, 1));
	at_rest('older files were removed', files => { 5 => [ [ $INSERT, 'binary', '', 1, 8 ] ] }, end => lsn(5, length records(5, [ $INSERT, 'binary', '', 1, 8 ])), flushed => lsn(2, 50));
	at_rest('a server began a file anew', files => { 5 => '' }, end => lsn(4, 77), flushed => lsn(4, 77));
	at_rest('other files beside it', files => { 0 => [ \@insert ], 'x1' => 'x', '99999999999' => 'x' }, end => lsn(0, $size), flushed => lsn(0, $size));
};

subtest 'not flushed' => sub {
	not_at_rest('an insert', qr{3 rows inserted and 0 ids deleted, from file "wal/0\.wal", offset 0, on}, files => { 0 => [ \@insert ] }, end => lsn(0, $size));
	not_at_rest('after one that was', qr{3 rows inserted.*offset $size,}, files => { 0 => [ \@insert, \@insert ] }, end => lsn(0, 2 * $size), flushed => lsn(0, $size));
	not_at_rest('in a later file', qr{6 rows inserted.*"wal/4\.wal", offset 0,}, files => { 3 => [ \@insert ], 4 => [ \@insert, \@insert ] }, end => lsn(4, 2 * $size), flushed => lsn(3, $size));
	not_at_rest('whose older files are gone', qr{3 rows inserted}, files => { 5 => [ \@insert ] }, end => lsn(5, $size), flushed => lsn(2, 50));
	my @delete = ($DELETE, 'docs', '', 12);
	not_at_rest('a delete', qr{0 rows inserted and 12 ids deleted}, files => { 0 => [ \@delete ] }, end => lsn(0, length records(0, \@delete)));
	my @binary = ($INSERT_BINARY, 'docs', '', 5, 40);
	not_at_rest('binary vectors', qr{5 rows inserted}, files => { 0 => [ \@binary ] }, end => lsn(0, length records(0, \@binary)));
	my @entity = ($ENTITY, 'docs', '', 2, 64, 100);
	not_at_rest('an entity, which is longer than it says', qr{5 rows inserted}, files => { 0 => [ \@entity, \@insert ] }, end => lsn(0, length records(0, \@entity, \@insert)));
	not_at_rest('when a flush found nothing and put the global number to 0', qr{3 rows}, files => { 2 => [ \@insert ] }, end => lsn(2, $size), flushed => lsn(1, 9), global => 0);
};

subtest 'of others' => sub {
	my @other = ($INSERT, 'binary', '', 1, 8);
	at_rest('another collection', files => { 0 => [ \@other, [ $INSERT, 'doc', 's', 1, 1 ], [ $DELETE, 'docs2', '', 1 ] ] }, end => lsn(0, length records(0, \@other, [ $INSERT, 'doc', 's', 1, 1 ], [ $DELETE, 'docs2', '', 1 ])));
	my @gone = ($INSERT, 'docs', 'dropped', 1, 32);
	at_rest('a partition that was dropped', files => { 0 => [ \@gone ] }, end => lsn(0, length records(0, \@gone)));
	my @marks = ([ $FLUSH, 'docs', '', 0 ], [ $UPDATE, 'docs', '', 0 ], [ $NONE, '', '', 0 ]);
	at_rest('what changes nothing', files => { 0 => \@marks }, end => lsn(0, length records(0, @marks)));
};

subtest 'partitions are flushed one by one' => sub {
	my @eu = ($INSERT, 'docs', 'eu', 7, 32 * 7);
	my $end = length records(0, \@eu);
	not_at_rest('that of the row was not', qr{7 rows inserted}, files => { 0 => [ \@eu ] }, end => lsn(0, $end), flushed => lsn(0, $end), tags => { eu => 0 });
	at_rest('it was, the others were not', files => { 0 => [ \@eu ] }, end => lsn(0, $end), tags => { eu => lsn(0, $end) });
	not_at_rest('a tag with blanks', qr{1 rows inserted}, files => { 0 => [ [ $INSERT, 'docs', ' eu ', 1, 32 ] ] }, end => lsn(0, length records(0, [ $INSERT, 'docs', ' eu ', 1, 32 ])));
	not_at_rest('the default one by its name', qr{1 rows inserted}, files => { 0 => [ [ $INSERT, 'docs', '_default', 1, 32 ] ] }, end => lsn(0, length records(0, [ $INSERT, 'docs', '_default', 1, 32 ])));
	not_at_rest('a name in UTF-8', qr{1 rows inserted}, files => { 0 => [ [ $INSERT, 'docs', $odd, 1, 32 ] ] }, end => lsn(0, length records(0, [ $INSERT, 'docs', $odd, 1, 32 ])));
	my @delete = ($DELETE, 'docs', 'eu', 2);
	not_at_rest('a delete in one', qr{2 ids deleted}, files => { 0 => [ \@delete ] }, end => lsn(0, length records(0, \@delete)));
};

subtest 'where it ends' => sub {
	at_rest('what was never acknowledged is not applied', files => { 0 => [ \@insert, \@insert ] }, end => lsn(0, $size), flushed => lsn(0, $size));
	at_rest('nor half of it', files => { 0 => records(0, \@insert) . substr records(0, \@insert), 0, 30 }, end => lsn(0, $size), flushed => lsn(0, $size));
	at_rest('an end that was not written whole: the one before holds', files => { 0 => [ \@insert, \@insert ] }, end => [ lsn(0, $size), lsn(0, 2 * $size), 5 ], flushed => lsn(0, $size));
	not_at_rest('and the whole one', qr{3 rows inserted}, files => { 0 => [ \@insert, \@insert ] }, end => [ lsn(0, $size), lsn(0, 2 * $size), lsn(0, 2 * $size) ], flushed => lsn(0, $size));
	not_at_rest('without mxlog.meta all records count', qr{3 rows inserted}, files => { 0 => [ \@insert ] });
	at_rest('without it, flushed', files => { 0 => [ \@insert ] }, flushed => lsn(0, $size));
	not_at_rest('without it, half a record', qr{offset $size: there is no record}, files => { 0 => records(0, \@insert) . 'half' }, flushed => lsn(0, $size));
	not_at_rest('a metadata that knows no numbers', qr{1 rows inserted}, files => { 0 => [ [ $INSERT, 'binary', '', 1, 8 ] ] }, end => lsn(0, length records(0, [ $INSERT, 'binary', '', 1, 8 ])), global => -1);
};

subtest 'damage' => sub {
	not_at_rest('cut short', qr{File "wal/0\.wal", offset 0: there is no record}, files => { 0 => substr records(0, \@insert), 0, 15 }, end => lsn(0, $size));
	not_at_rest('cut between records', qr{offset $size: the log goes on beyond it}, files => { 0 => [ \@insert ] }, end => lsn(0, 2 * $size), flushed => lsn(0, $size));
	not_at_rest('a number that is not its place', qr{offset 0: there is no record}, files => { 0 => 'x' x 200 }, end => lsn(0, 200));
	not_at_rest('a file is missing', qr{File "wal/1\.wal", offset 0: the file is missing}, files => { 0 => [ \@insert ], 2 => [ \@insert ] }, end => lsn(2, $size), flushed => lsn(0, $size));
	not_at_rest('the last file is missing', qr{the log goes on beyond it}, files => { 0 => [ \@insert ] }, end => lsn(1, $size), flushed => lsn(0, $size));
	log_is(files => { 0 => [ \@insert ] }, end => lsn(0, $size));
	sql(q{ALTER FOREIGN TABLE docs OPTIONS (ADD allow_unflushed 'true')});
	is(value('SELECT count(id) FROM docs'), $rows, 'what is in segments can be read all the same');
	sql(q{ALTER FOREIGN TABLE docs OPTIONS (DROP allow_unflushed)});
};

subtest 'a long log' => sub {
	log_is(files => { 0 => [ (\@insert) x 30000 ] }, end => lsn(0, 30000 * $size), flushed => lsn(0, 29999 * $size));
	my $from = 29999 * $size;
	fails('its end', 'SELECT count(id) FROM docs', sqlstate => '55006', detail => qr{3 rows inserted.*offset $from,});
	log_is(files => { 0 => [ (\@insert) x 30000 ] }, end => lsn(0, 30000 * $size));
	fails('all of it', 'SELECT count(id) FROM docs', sqlstate => '55006', detail => qr{90000 rows inserted.*offset 0,});
};

done_testing();
