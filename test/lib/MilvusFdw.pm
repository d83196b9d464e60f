package MilvusFdw;

# What does a TAP file need to say what it means?
#
#   use MilvusFdw;                  # brings Test::More, strict, warnings, utf8 and all functions below
#   my $db = fresh_database();      # a database of this file's own, with the extension; the default of sql() and friends
#
#   sql($q, @bind)                  rows, each an array reference; arrays stay text ('{1,2}'), bind with $1
#   value($q, @bind)                first column of the first row
#   error_of($q, @bind)             undef, or {sqlstate, message, detail, hint, context, severity}
#   notices()                       [{severity, message, detail, hint, ...}] since the last call
#   background($q)                  see MilvusFdw::Background: cancel, terminate, wait with times in ms
#   connect_to($database, %opt)     another session: an object with the same sql, value, error_of, notices, background
#   See also MilvusFdw::Remote (es, es_bulk, python), MilvusFdw::Servers (start_server, certs), MilvusFdw::Doubles,
#   MilvusFdw::Obeys (obeys), MilvusFdw::Fails (fails), MilvusFdw::Sides (both_servers, ours, docs_into_es),
#   MilvusFdw::Files (file_python, server_directory, write_text),
#   MilvusFdw::Bulk (bulk_store, bulk_source, bulk_target, bulk_differences),
#   MilvusFdw::Tls (tls_side, remote, mapping, works, refused, server_log).

use strict;
use warnings;
use utf8;
use Test::More;
use MilvusFdw::Session;
use MilvusFdw::Remote;
use MilvusFdw::Servers;
use MilvusFdw::Doubles;
use MilvusFdw::Proc;
use MilvusFdw::Obeys;
use MilvusFdw::Fails;
use MilvusFdw::Sides;
use MilvusFdw::Files;
use MilvusFdw::Tls;
use MilvusFdw::Bulk;

my $default;

sub import
{
	my $caller = caller;
	strict->import;
	warnings->import;
	utf8->import;
	binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output,
		Test::More->builder->todo_output;
	my %functions = (
		(map { $_ => __PACKAGE__->can($_) }
			qw(fresh_database connect_to sql value error_of notices background)),
		%MilvusFdw::Remote::EXPORT, %MilvusFdw::Servers::EXPORT, %MilvusFdw::Doubles::EXPORT, %MilvusFdw::Proc::EXPORT,
		%MilvusFdw::Obeys::EXPORT, %MilvusFdw::Fails::EXPORT, %MilvusFdw::Sides::EXPORT, %MilvusFdw::Files::EXPORT,
		%MilvusFdw::Tls::EXPORT, %MilvusFdw::Bulk::EXPORT);
	no strict 'refs';
	*{"${caller}::$_"} = $functions{$_} for keys %functions;
	# Test::More's own exports, so that a file opens with one line.
	eval "package $caller; Test::More->import; 1" or die $@;
}

# A database named after the running file, made anew.  without_extension => 1 leaves it empty.
sub fresh_database
{
	my (%opt) = @_;
	(my $name = $opt{name} // $0) =~ s{.*/|\.pl$}{}g;
	my $admin = MilvusFdw::Session->new('postgres');
	$admin->sql(qq{DROP DATABASE IF EXISTS "$name" WITH (FORCE)});
	$admin->sql(qq{CREATE DATABASE "$name"});
	$default = MilvusFdw::Session->new($name);
	$default->sql('CREATE EXTENSION milvus_fdw') unless $opt{without_extension};
	return $default;
}

sub connect_to { return MilvusFdw::Session->new(@_) }

sub default_session { return $default //= MilvusFdw::Session->new($ENV{PGDATABASE} // 'postgres') }

sub sql        { return default_session()->sql(@_) }
sub value      { return default_session()->value(@_) }
sub error_of   { return default_session()->error_of(@_) }
sub notices    { return default_session()->notices }
sub background { return default_session()->background(@_) }

1;
