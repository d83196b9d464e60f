package MilvusFdw::Sides;

# What do the two sides of a migration need before a test can begin?
#
#   both_servers()                          servers "es" and "milvus" in the default database
#   ours(es => [...], milvus => [...])      these indices and collections are this file's: gone now and at its end
#   docs_into_es($index, $rows, $dims, %opt)   made-up documents (test/data/docs.py); shards => n
#   exact()                                 Python: f32(text), f64(text) round decimal digits once, hex32 and hex64 show bits
#                                           and digest(text) stands for a text however long
#   bits_of('vector', $expression)          SQL for the same: 'vector', 'real', 'double', 'text'

use strict;
use warnings;
use File::Basename qw(dirname);
use Cwd qw(abs_path);
use MilvusFdw::Remote;

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(both_servers ours docs_into_es exact bits_of test_data);

my $owner = $$;
my %ours;

sub test_data { return abs_path(dirname(__FILE__) . '/../../data') }

sub both_servers
{
	MilvusFdw::sql("CREATE SERVER es FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '" . MilvusFdw::Remote::es_url() . "')");
	MilvusFdw::sql("CREATE SERVER milvus FOREIGN DATA WRAPPER milvus_fdw OPTIONS (host '" . MilvusFdw::Remote::milvus_host()
		. "', port '" . MilvusFdw::Remote::milvus_port() . "')");
}

sub ours
{
	my (%names) = @_;
	push @{ $ours{$_} }, @{ $names{$_} } for keys %names;
	_remove(%names);
}

sub _remove
{
	my (%names) = @_;
	MilvusFdw::Remote::es(DELETE => "/$_", undef, may_fail => 1) for @{ $names{es} // [] };
	MilvusFdw::Remote::python(<<'P', @{ $names{milvus} }) if @{ $names{milvus} // [] };
milvus()
from pymilvus import utility
for name in args:
    utility.drop_collection(name)
P
}

sub docs_into_es
{
	my ($index, $rows, $dims, %opt) = @_;
	return MilvusFdw::Remote::python(<<'P', test_data(), MilvusFdw::Remote::es_url(), $index, $rows, $dims, $opt{shards} // 1);
sys.dont_write_bytecode = True
sys.path.insert(0, args[0])
from docs import blocks
from elastic import Elastic
server = Elastic(args[1])
server.create(args[2], int(args[4]), int(args[5]))
print(server.fill(args[2], blocks(int(args[3]), int(args[4]))))
P
}

# numpy and float() read a float32 through a double, which rounds twice; fractions do not.
sub exact
{
	return <<'P';
import hashlib, struct
from fractions import Fraction
def f32(text):
    import numpy
    near = numpy.float32(float(text))
    if near == 0:
        candidates = [near, numpy.copysign(numpy.float32(1e-45), near)]
    else:
        candidates = [near, numpy.nextafter(near, numpy.float32(-numpy.inf)), numpy.nextafter(near, numpy.float32(numpy.inf))]
    candidates = [c for c in candidates if numpy.isfinite(c)]
    exact = Fraction(text)
    def key(c):
        return (abs(Fraction(float(c)) - exact), struct.unpack("<I", struct.pack("<f", c))[0] & 1)
    return float(min(candidates, key=key))
def f64(text):
    return float(text)
def hex32(*floats):
    return struct.pack(">%df" % len(floats), *floats).hex()
def hex64(double):
    return struct.pack(">d", double).hex()
def digest(text):
    return "%d:%s" % (len(text.encode()), hashlib.md5(text.encode()).hexdigest())
P
}

sub bits_of
{
	my ($kind, $e) = @_;
	return "encode(float4send($e), 'hex')" if $kind eq 'real';
	return "encode(float8send($e), 'hex')" if $kind eq 'double';
	return "octet_length(convert_to($e, 'UTF8')) || ':' || md5(convert_to($e, 'UTF8'))" if $kind eq 'text';
	return "(SELECT string_agg(encode(float4send(x), 'hex'), '' ORDER BY n) FROM unnest($e) WITH ORDINALITY u (x, n))";
}

# The servers outlive the file, and must not fill up.
END
{
	if ($$ == $owner && %ours)
	{
		local ($?, $@);
		eval { _remove(%ours) };
	}
}

1;
