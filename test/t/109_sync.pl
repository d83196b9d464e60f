# Is every staged file on the disk before the manifest says that it is complete, if the option sync says so, and is a disk that fails told?

use MilvusFdw;
use Cwd qw(abs_path);
use File::Basename qw(dirname);

sub put_text { my ($path, $text) = @_; open my $f, '>', $path or die "$path: $!"; print $f $text }

# A PostgreSQL of its own, whose flushes and renames are written down.
my $trace = scratch() . '/trace';
my $library = scratch() . '/fsync_trace.so';
my $source = abs_path(dirname(__FILE__) . '/../lib/fsync_trace.c');
is(system($ENV{CC} // 'cc', qw(-shared -fPIC -Wall -Wextra -Werror -O1 -o), $library, $source), 0, 'the library that watches is built');
put_text($trace, '');
chmod 0666, $trace;
my $postgres = start_server('postgres', '--env', "LD_PRELOAD=$library", '--env', "FSYNC_TRACE=$trace");
local $ENV{PGHOST} = $postgres->{dir};
local $ENV{PGPORT} = $postgres->{port};
fresh_database();

my $place = scratch() . '/place';
mkdir $place;
chmod 0777, $place;
sql("CREATE SERVER durable FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place', sync 'true')");
sql("CREATE SERVER quick FOREIGN DATA WRAPPER object_store_fdw OPTIONS (url 'file://$place')");

# What was done since the last call, below the place.
sub events
{
	open my $in, '<', $trace or die $!;
	my @events = map { chomp; [ split / /, $_, 2 ] } <$in>;
	truncate $trace, 0 or die $!;
	return grep { $_->[1] =~ m{^\Q$place\E(/|$)} } @events;
}

# The number of the event, from the given one on; -1 = there is none.
sub find
{
	my ($events, $from, @what) = @_;
	for my $i ($from .. $#$events)
	{
		return $i if "@{ $events->[$i] }" eq "@what";
	}
	return -1;
}

# Flushed, then given its name, then that and the directories' names flushed; answers when.
sub is_durable
{
	my ($events, $file, $times) = @_;
	my $renamed = -1;
	$renamed = find($events, $renamed + 1, rename => "$place/$file") for 1 .. $times;
	cmp_ok($renamed, '>=', 0, "$file gets its name");
	my @before = grep { "@{ $events->[$_] }" eq "fsync $place/$file.part" } 0 .. $renamed - 1;
	is(scalar @before, $times, 'when it is on the disk');
	my ($dir, $last) = (dirname("$place/$file"), -1);
	for (;; $dir = dirname($dir))
	{
		my $flushed = find($events, $renamed + 1, fsync => $dir);
		cmp_ok($flushed, '>', $renamed, 'and so is the name, in ' . ($dir eq $place ? 'the place' : substr $dir, length($place) + 1));
		$last = $flushed if $flushed > $last;
		last if $dir eq $place;
	}
	return ($renamed, $last);
}

my $query = q{SELECT g AS id, repeat('x', 1000) AS t FROM generate_series(1, 3000) g};
for my $format (qw(parquet json numpy))
{
	subtest $format => sub {
		events();
		my @files = sql("SELECT name, manifest FROM milvus_fdw.stage(\$q\$$query\$q\$, 'durable', '$format', 'none', 1000000)");
		my @events = events();
		cmp_ok(scalar @files, '>', 2, scalar(@files) . ' files');
		# written twice: before the first file, and when all are complete
		my $manifest = $files[0][1];
		my ($begun, $seen) = is_durable(\@events, $manifest, 1);
		my ($complete) = is_durable(\@events, $manifest, 2);
		for my $file (map { $_->[0] } @files)
		{
			my ($renamed, $flushed) = is_durable(\@events, $file, 1);
			cmp_ok($renamed, '>', $seen, 'the manifest was there before');
			cmp_ok($flushed, '<', $complete, 'and did not say complete yet');
		}
		sql("SELECT milvus_fdw.stage(\$q\$$query\$q\$, 'quick', '$format', 'none', 1000000)");
		@events = events();
		is(scalar(grep { $_->[0] eq 'fsync' } @events), 0, 'without sync nothing is flushed');
		cmp_ok(scalar(grep { $_->[0] eq 'rename' } @events), '>', 2, 'but written');
		sql(q{SELECT milvus_fdw.unstage('quick', manifest) FROM milvus_fdw.staged('quick')});
	};
}

subtest 'a disk that fails' => sub {
	my $stage = "SELECT milvus_fdw.stage(\$q\$$query\$q\$, 'durable', 'parquet', 'none', 1000000)";
	my %patterns = ('a file' => [ '*/000002.parquet.part', qr/could not flush file/ ], 'the manifest' => [ '*/manifest.json.part', qr/could not flush file/ ],
		'its folder' => [ "$place/stage-*[0-9a-f]", qr/could not flush the directory of/ ], 'the place' => [ $place, qr/could not flush the directory of/ ]);
	for my $what (sort keys %patterns)
	{
		put_text("$trace.fail", $patterns{$what}[0]);
		fails($what, $stage, sqlstate => '58030', message => $patterns{$what}[1], detail => qr{Input/output error});
		unlink "$trace.fail" or die $!;
		is(value(q{SELECT count(*) FROM milvus_fdw.staged('durable')}), 0, 'what it left is removed');
		is_deeply([ glob "$place/*" ], [], 'all of it');
	}
};

done_testing();
