package MilvusFdw::Header;

# What does a TAP file's first comment say about running it beside others?  (test/tap explains the words)
#
#   says($file)             ('alone' => WHY, 'starts' => WHAT), as far as it says so
#   must_say($word, $why)   dies unless the running file says it: the harness's own check that nobody forgets

use strict;
use warnings;

sub says
{
	my ($path) = @_;
	my %says;
	open my $file, '<', $path or return;
	while (<$file>)
	{
		last unless /^#|^$/;
		$says{$1} = $2 if /^# (alone|starts): (.*)/;
	}
	return %says;
}

# Only a program of its own; a snippet on a command line may do as it likes.
sub must_say
{
	my ($word, $why) = @_;
	return unless -f $0 && $0 =~ /\.pl$/;
	my %says = says($0);
	return if $says{alone} || $says{$word};
	die "$0 $why: its first comment has to say \"# $word: ...\" (test/tap)\n";
}

1;
