package MilvusFdw::Fails;

# Does a statement fail with the error it should fail with?
#
#   fails('a wrong password', 'SELECT ...', sqlstate => '28P01', message => qr/credentials/, hint => undef);
#   fails(..., session => $s)    in that session, otherwise in the default one
#
# A subtest: the fields that are named (a text: exactly, a pattern: contains, undef: there is none), no secret in any
# field, and the session's next query works.

use strict;
use warnings;
use Test::More;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(fails secrets);

# What the tests use as passwords and keys, plain and encoded.
my $secrets = qr/testsecret|hunter2|root:Milvus|c2VjcmV0|c2VjcmV0OnNlY3JldA|dGVzdHNlY3JldA|cm9vdDpNaWx2dXM|aHVudGVyMg/;

sub secrets { return $secrets }

sub fails
{
	my ($name, $query, %expected) = @_;
	my $session = delete $expected{session} // MilvusFdw::default_session();
	subtest $name => sub {
		my $e = $session->error_of($query);
		ok($e, 'fails') or return;
		for my $field (sort keys %expected)
		{
			my $want = $expected{$field};
			if (ref $want) { like($e->{$field} // '', $want, $field) }
			else { is($e->{$field}, $want, $field) }
		}
		my $all = join "\n", map { "$_: " . ($e->{$_} // '') } sort keys %$e;
		unlike($all, $secrets, 'no secret is told');
		diag($all) unless Test::More->builder->is_passing;
		is($session->value('SELECT 42'), 42, 'the session goes on');
	};
}

1;
