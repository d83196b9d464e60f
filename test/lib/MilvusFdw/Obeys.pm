package MilvusFdw::Obeys;

# How soon does a statement end that a remote keeps waiting?
#
#   obeys('while it reads', 'SELECT ...',
#         reached => sub { a number that grows when the statement has reached the hanging place },
#         grows => 3,                          by so much (1)
#         busy  => 200,                        it does not hang but works: interrupted after so many ms
#         first => ['SET ...'],                statements of the same session before it
#         then  => sub { my ($session) = @_; ... });   more checks of the session that was interrupted
#
# A subtest: pg_cancel_backend, statement_timeout and pg_terminate_backend each end it with PostgreSQL's own SQLSTATE, and
# the session, if there still is one, goes on.  The bar is 100 ms from the request to the client's seeing it.  A busy
# machine may be slow at any one moment, so the best of up to 5 tries counts; the median of all is told.  A file that uses it
# runs alone.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time sleep);
use MilvusFdw::Header;
use MilvusFdw::Proc;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(obeys hangs median_of_all);

my $bar_ms     = 100;
my $timeout_ms = 250;
my %all;

# Runs it until it hangs; the background statement.
sub hangs
{
	my ($query, %opt) = @_;
	my $before = $opt{reached} ? $opt{reached}->() : 0;
	my $b = MilvusFdw::background($query, first => $opt{first} // []);
	my $end = time + 20;
	if ($opt{busy})
	{
		my $r = $b->wait($opt{busy}) // return $b;
		die 'it ended before: ' . ($r->{error} ? "$r->{error}{sqlstate} $r->{error}{message}" : 'it succeeds') . "\n";
	}
	while (time < $end)
	{
		if ((!$opt{reached} || $opt{reached}->() >= $before + ($opt{grows} // 1))
			&& $b->wait_until(q{wait_event_type = 'Extension'}, 20))
		{
			# Without a sign from the remote: not just passing through.
			return $b if $opt{reached} || ($b->wait(30) // 1) == 1 && $b->wait_until(q{wait_event_type = 'Extension'}, 20);
		}
		if (!$b->running)
		{
			my $r = $b->wait;
			die "it does not hang: " . ($r->{error} ? "$r->{error}{sqlstate} $r->{error}{message}" : 'it succeeds') . "\n";
		}
		sleep 0.002;
	}
	$b->cancel;
	die "the hanging place was not reached\n";
}

my %ways = (
	cancel => {
		state => '57014',
		run => sub {
			my ($query, %opt) = @_;
			my $b = hangs($query, %opt);
			my @unguarded = unguarded($b);
			$b->cancel;
			my $r = $b->wait(5000) // return;
			return ($r->{ms_since_signal}, $r, $b, @unguarded);
		} },
	statement_timeout => {
		state => '57014',
		run => sub {
			my ($query, %opt) = @_;
			my $b = MilvusFdw::background($query, first => [ @{ $opt{first} // [] }, "SET statement_timeout = $timeout_ms" ]);
			my $r = $b->wait(5000 + $timeout_ms) // return;
			return ($r->{ms} - $timeout_ms, $r, $b, unguarded($b));
		} },
	terminate => {
		state => '57P01',
		run => sub {
			my ($query, %opt) = @_;
			my $b = hangs($query, %opt);
			$b->terminate;
			my $r = $b->wait(5000) // return;
			return ($r->{ms_since_signal}, $r, $b);
		} });

sub obeys
{
	my ($name, $query, %opt) = @_;
	MilvusFdw::Header::must_say('alone', "measures within $bar_ms ms");
	subtest $name => sub {
		my @told;
		for my $way (qw(cancel statement_timeout terminate))
		{
			my (@ms, %states, @unguarded, @broken, $lingering);
			while (@ms < 3 || (@ms < 5 && best(@ms) >= $bar_ms))
			{
				my ($ms, $r, $b, @more) = eval { $ways{$way}{run}->($query, %opt) };
				if (!defined $ms)
				{
					fail("$way: " . ($@ || 'no answer for seconds') =~ s/\n$//r);
					last;
				}
				push @ms, $ms;
				$states{ $r->{error}{sqlstate} // 'success' } = 1;
				push @unguarded, @more;
				if ($way eq 'terminate') { $lingering = 1 unless gone($b->pid) }
				else
				{
					my $ok = eval { $b->session->sql('SET statement_timeout = 0'); $b->session->value('SELECT 42') };
					push @broken, $@ unless ($ok // 0) == 42;
					$opt{then}->($b->session) if $opt{then} && @ms == 1;
				}
			}
			next unless @ms;
			is(join(' ', sort keys %states), $ways{$way}{state}, "$way: SQLSTATE");
			cmp_ok(best(@ms), '<', $bar_ms, "$way: ends it within $bar_ms ms");
			is_deeply(\@unguarded, [], "$way: no thread can run PostgreSQL's signal handlers");
			if ($way eq 'terminate') { ok(!$lingering, "$way: the process is gone") }
			else { is("@broken", '', "$way: the session goes on") }
			push @{ $all{$way} }, @ms;
			push @told, sprintf '%s %.1f', $way, median(@ms);
		}
		diag("$name: " . join(', ', @told) . ' ms (medians)');
	};
}

# For the last line of a file.
sub median_of_all
{
	diag('all: ' . join ', ', map { sprintf '%s %.1f ms of %d', $_, median(@{ $all{$_} }), scalar @{ $all{$_} } } sort keys %all);
}

sub unguarded { return unguarded_threads($_[0]->pid) }
*unguarded_threads = $MilvusFdw::Proc::EXPORT{unguarded_threads};

sub best   { my ($best) = sort { $a <=> $b } @_; return $best }
sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ $#sorted / 2 ] }

# A thread that somebody joins, or a library's exit handler, could keep a process long after it said goodbye.
sub gone
{
	my ($pid) = @_;
	my $end = time + 5;
	while (time < $end)
	{
		return 1 unless -e "/proc/$pid/stat";
		sleep 0.005;
	}
	return 0;
}

1;
