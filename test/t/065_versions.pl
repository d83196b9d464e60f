# Does the README say what the code's one table of Milvus's versions says?

use strict;
use warnings;
use Test::More;

sub slurp { my ($f) = @_; open my $h, '<', $f or die "$f: $!\n"; local $/; return <$h> }

my ($root) = $0 =~ m{(.*)/} ? "$1/../.." : '../..';
my $code   = slurp("$root/src/connector/milvus2/version.c");
my %code;
while ($code =~ /\{M2_\w+, M2_VERSION\((\d+), (\d+), (\d+)\)(?:, M2_VERSION\((\d+), (\d+), (\d+)\))?, "([^"]+)"\}/g)
{
	# where two are named, the second is what a new field needs
	$code{$7} = defined $4 ? "$4.$5.$6" : "$1.$2.$3";
}
my ($section) = slurp("$root/README.md") =~ /^### Versions of Milvus\n(.*?)^## /ms;
my %readme = ($section // '') =~ /^\| (?!can )([^|]+?) \| ([\d.]+) \|$/mg;
cmp_ok(scalar keys %code, '>', 20, 'the table is found');
is_deeply(\%readme, \%code, 'and is the same');
done_testing();
