package MilvusFdw::Background;

# How long does a running statement take to obey, and what does it say in the end?
#
#   my $b = background('SELECT pg_sleep(60)');
#   $b->cancel;  my $r = $b->wait(5000);
#   $r: {ms, ms_since_signal, rows, error}; undef if it is still running after that many ms

use strict;
use warnings;
use DBD::Pg qw(:async);
use Time::HiRes qw(time sleep);

sub new
{
	my ($class, $session, $query) = @_;
	my $self = bless { session => $session, pid => $session->pid, started => time }, $class;
	local $SIG{__WARN__} = sub { $session->_note($_[0]) };
	$self->{sth} = $session->dbh->prepare($query, { pg_async => PG_ASYNC });
	$self->{sth}->execute;
	return $self;
}

sub pid     { return $_[0]{pid} }
sub session { return $_[0]{session} }

sub cancel    { $_[0]->_signal('pg_cancel_backend') }
sub terminate { $_[0]->_signal('pg_terminate_backend') }

sub _signal
{
	my ($self, $function) = @_;
	my $control = MilvusFdw::Session->new('postgres');
	$self->{signalled} = time;
	$control->sql("SELECT $function($self->{pid})");
}

sub running
{
	my ($self) = @_;
	return !$self->{done} && !$self->{session}->dbh->pg_ready;
}

# Until the server shows this statement in such a state, for instance ("wait_event_type", "Extension").
sub wait_until
{
	my ($self, $condition, $ms) = @_;
	my $control = MilvusFdw::Session->new('postgres');
	my $end = time + ($ms // 10_000) / 1000;
	while (time < $end)
	{
		return 1 if $control->value("SELECT count(*) FROM pg_stat_activity WHERE pid = $self->{pid} AND ($condition)");
		sleep 0.005;
	}
	return 0;
}

sub wait
{
	my ($self, $ms) = @_;
	my $session = $self->{session};
	my $dbh     = $session->dbh;
	my $end     = time + ($ms // 60_000) / 1000;
	return $self->{done} if $self->{done};
	local $SIG{__WARN__} = sub { $session->_note($_[0]) };
	my $ready;
	until ($ready = $dbh->pg_ready)
	{
		my $left = $end - time;
		return undef if $left <= 0;
		my $bits = '';
		vec($bits, $dbh->{pg_socket}, 1) = 1;
		select($bits, undef, undef, $left);
	}
	my $now    = time;
	my $rows   = $dbh->pg_result;
	my $result = { ms => 1000 * ($now - $self->{started}) };
	$result->{ms_since_signal} = 1000 * ($now - $self->{signalled}) if $self->{signalled};
	if (!defined $rows) { $result->{error} = $session->_error }
	else
	{
		$result->{affected} = $rows;
		$result->{rows} = ($self->{sth}{NUM_OF_FIELDS} // 0) > 0 ? $self->{sth}->fetchall_arrayref : [];
	}
	return $self->{done} = $result;
}

1;
