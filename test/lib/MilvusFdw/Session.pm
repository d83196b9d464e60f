package MilvusFdw::Session;

# What does one PostgreSQL session answer to a statement?

use strict;
use warnings;
use DBI;
use DBD::Pg;
use MilvusFdw::Background;

my %FIELDS = (
	sqlstate => 'state', message => 'message_primary', detail => 'message_detail', hint => 'message_hint',
	context => 'context', severity => 'severity_nonlocalized');

sub new
{
	my ($class, $database, %opt) = @_;
	my $self = bless { database => $database, opt => \%opt, notices => [] }, $class;
	local $SIG{__WARN__} = sub { };
	$self->{dbh} = DBI->connect("dbi:Pg:dbname=$database;application_name=" . ($opt{application_name} // 'tap'),
		$opt{user} // $ENV{PGUSER}, $opt{password} // '',
		{ RaiseError => 0, PrintError => 0, PrintWarn => 1, AutoCommit => 1, AutoInactiveDestroy => 1,
			pg_enable_utf8 => -1, pg_server_prepare => 0, pg_expand_array => 0, pg_bool_tf => 1 })
		or die "cannot connect: $DBI::errstr";
	$self->{dbh}{pg_placeholder_dollaronly} = 1;
	# Verbose, so that SQLSTATE is in the text where the fields are lost (notices, a connection that ends).
	$self->{dbh}{pg_errorlevel} = 2;
	return $self;
}

sub dbh { return $_[0]{dbh} }
sub pid { return $_[0]{dbh}{pg_pid} }

# Runs; returns (rows, undef) or (undef, error).
sub try
{
	my ($self, $query, @bind) = @_;
	my $dbh = $self->{dbh};
	local $SIG{__WARN__} = sub { $self->_note($_[0]) };
	my $sth = $dbh->prepare($query) or return (undef, $self->_error);
	$sth->execute(@bind) or return (undef, $self->_error);
	my $rows = ($sth->{NUM_OF_FIELDS} // 0) > 0 ? $sth->fetchall_arrayref : [];
	$self->{affected} = $sth->rows;
	return ($rows, undef);
}

# One plain command, as psql sends it: several statements are allowed, rows are dropped.
sub sql
{
	my ($self, $query, @bind) = @_;
	my ($rows, $error) = $self->try($query, @bind);
	die _text($error, $query) if $error;
	return @$rows;
}

sub value
{
	my ($self, $query, @bind) = @_;
	my ($row) = $self->sql($query, @bind);
	return $row ? $row->[0] : undef;
}

sub error_of
{
	my ($self, $query, @bind) = @_;
	my (undef, $error) = $self->try($query, @bind);
	return $error;
}

sub affected { return $_[0]{affected} }

# What the last statements said besides rows.  Clears the list.
sub notices
{
	my ($self) = @_;
	my $taken = $self->{notices};
	$self->{notices} = [];
	return $taken;
}

# Its own connection with the same settings, since one connection does one thing at a time.
sub background
{
	my ($self, $query, %opt) = @_;
	my $session = MilvusFdw::Session->new($self->{database}, %{ $self->{opt} });
	$session->sql($_) for @{ $opt{first} // [] };
	return MilvusFdw::Background->new($session, $query);
}

sub disconnect { $_[0]{dbh}->disconnect }

sub _error
{
	my ($self) = @_;
	my $dbh    = $self->{dbh};
	my $text   = $dbh->errstr // 'unknown';
	my $state  = $dbh->state;
	my %error  = map { $_ => scalar $dbh->pg_error_field($FIELDS{$_}) } keys %FIELDS;
	# A lost connection has no fields, only the text of what was said last.
	if (!defined $error{message})
	{
		my $last = _parse($text) // {};
		%error = (%error, %$last);
		$error{message}  //= $text;
		$error{sqlstate} //= $state || '08006';
	}
	for (values %error) { utf8::decode($_) if defined && !utf8::is_utf8($_) }
	return \%error;
}

# libpq hands a notice over as text: SEVERITY:  SQLSTATE: message, then DETAIL:, HINT:, CONTEXT: and LOCATION: lines.
sub _note
{
	my ($self, $text) = @_;
	utf8::decode($text) unless utf8::is_utf8($text);
	my $note = _parse($text);
	push @{ $self->{notices} }, $note if $note;
}

sub _parse
{
	my ($text) = @_;
	my ($severity, $state, $rest) = $text =~ /^([A-Z0-9]+):\s+([0-9A-Z]{5}): (.*)/s or return undef;
	my %note = (severity => $severity, sqlstate => $state);
	my $field = 'message';
	for my $line (split /\n/, $rest)
	{
		last if $line =~ /^(LOCATION: |server closed the connection|SSL connection)/;
		if ($line =~ /^(DETAIL|HINT|CONTEXT):\s+(.*)/) { $field = lc $1; $line = $2; }
		$note{$field} = defined $note{$field} ? "$note{$field}\n$line" : $line;
	}
	return \%note;
}

sub _text
{
	my ($error, $query) = @_;
	return join("\n", "$error->{sqlstate}: $error->{message}",
		(map { defined $error->{$_} ? "$_: $error->{$_}" : () } qw(detail hint context)), "query: $query") . "\n";
}

1;
