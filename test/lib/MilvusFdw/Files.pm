package MilvusFdw::Files;

# What do faiss-cpu and h5py, which wrote the files or have to read ours, say of them?
#
#   file_python($code, %opt)   output of a snippet; test/data/faiss_files.py is imported as `ff`.  %opt: version => 'old'
#                              for the oldest faiss-cpu, args => [...] as `args`
#   server_directory()         a new directory that the server may write to; gone at the end
#   write_text($path, $rows)   rows of sql(), a line each, for the snippet to compare

use strict;
use warnings;
use File::Temp ();
use IPC::Run ();
use FindBin ();

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(file_python server_directory write_text);

my @directories;

sub file_python
{
	my ($code, %opt) = @_;
	my $version = $opt{version} // 'new';
	my $interpreter = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . '/venv-files' . ($version eq 'old' ? '-old' : '') . '/bin/python';
	my $text = "import sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, '$FindBin::Bin/../data')\nimport faiss_files as ff\nimport numpy as np\nargs = sys.argv[1:]\n$code";
	my ($out, $err) = ('', '');
	IPC::Run::run([ $interpreter, '-', @{ $opt{args} // [] } ], \$text, \$out, \$err) or die "python: $err\n";
	chomp $out;
	return $out;
}

sub server_directory
{
	my $dir = File::Temp->newdir('/tmp/milvus_fdw_files.XXXXXX');
	chmod 0777, "$dir" or die "$dir: $!\n";
	push @directories, $dir;
	return "$dir";
}

sub write_text
{
	my ($path, $rows) = @_;
	open my $f, '>', $path or die "$path: $!\n";
	print $f join("\t", map { $_ // '\N' } @$_), "\n" for @$rows;
	close $f or die "$path: $!\n";
	return $path;
}

1;
