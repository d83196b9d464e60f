package MilvusFdw::Proc;

# What does the kernel know about a backend?
#
#   threads($pid)             {tid => {name, blocked (bit mask), caught}} from /proc
#   unguarded_threads($pid)   names of threads other than the main one on which a signal could run PostgreSQL's handlers
#   peak_kb($pid), cpu_seconds($pid), open_files($pid)

use strict;
use warnings;
use POSIX ();

# Masks have 64 bits.
no warnings 'portable';

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(threads unguarded_threads peak_kb cpu_seconds open_files);

sub threads
{
	my ($pid) = @_;
	my %threads;
	for my $path (glob "/proc/$pid/task/*/status")
	{
		my ($tid) = $path =~ m{task/(\d+)/};
		my $status = _read($path);
		next if $status eq '';
		my %t;
		$t{name}    = $1      if $status =~ /^Name:\s+(.*)$/m;
		$t{blocked} = hex($1) if $status =~ /^SigBlk:\s+([0-9a-f]+)$/m;
		$t{caught}  = hex($1) if $status =~ /^SigCgt:\s+([0-9a-f]+)$/m;
		$threads{$tid} = \%t;
	}
	return \%threads;
}

# A thread is safe if every signal that the process has a handler for is blocked on it.  SIGSEGV and the like are raised
# by the thread itself, so they do not count; 32 and 33 are the C library's own and cannot be blocked.
sub unguarded_threads
{
	my ($pid) = @_;
	my $threads = threads($pid);
	my $own = 0;
	$own |= 1 << ($_ - 1) for POSIX::SIGSEGV, POSIX::SIGBUS, POSIX::SIGFPE, POSIX::SIGILL, 32, 33;
	return map { $threads->{$_}{name} } grep
	{
		$_ != $pid && ($threads->{$_}{caught} & ~$threads->{$_}{blocked} & ~$own)
	} sort { $a <=> $b } keys %$threads;
}

sub peak_kb
{
	my ($pid) = @_;
	return _read("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : undef;
}

sub cpu_seconds
{
	my ($pid) = @_;
	my ($rest) = _read("/proc/$pid/stat") =~ /\)\s+(.*)/s or return undef;
	my @field = split ' ', $rest;
	return ($field[11] + $field[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub open_files { my ($pid) = @_; return scalar(my @f = glob "/proc/$pid/fd/*") }

sub _read
{
	open my $file, '<', $_[0] or return '';
	local $/;
	return <$file> // '';
}

1;
