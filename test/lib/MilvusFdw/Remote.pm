package MilvusFdw::Remote;

# What is in the real servers, asked without the extension?
#
#   es($method, $path, $body, %opt)   decoded answer; dies on an HTTP error.  In list context (status, answer, headers).
#                                     $body: a reference is sent as JSON, a string as it is.  %opt: url, user, password,
#                                     headers, ca
#   es_bulk($index, \@documents)      a document's _id is taken out; refreshes
#   python($code, @args)              output of a snippet in the cache's environment (pymilvus, elasticsearch, numpy);
#                                     `milvus(...)`, `args` and `json` are there already
#   newest_python($code, @args)       the same in the environment of milvus-lite: pymilvus 3, numpy, ml_dtypes

use strict;
use warnings;
use HTTP::Tiny;
use JSON::PP ();
use IPC::Run ();
use MIME::Base64 qw(encode_base64);

our %EXPORT = map { $_ => __PACKAGE__->can($_) } qw(es es_bulk python newest_python es_url milvus_host milvus_port);

my $json = JSON::PP->new->utf8->allow_nonref->canonical;

sub es_url      { return $ENV{MILVUS_FDW_ES_URL} // die "MILVUS_FDW_ES_URL is not set; run by test/run or test/dev\n" }
sub milvus_host { return $ENV{MILVUS_FDW_MILVUS_HOST} // 'localhost' }
sub milvus_port { return $ENV{MILVUS_FDW_MILVUS_PORT} // 19530 }

sub es
{
	my ($method, $path, $body, %opt) = @_;
	my %headers = %{ $opt{headers} // {} };
	if (defined $body)
	{
		$headers{'content-type'} = !ref $body && $path =~ /_bulk/ ? 'application/x-ndjson' : 'application/json';
		if (ref $body) { $body = $json->encode($body) }
		elsif (utf8::is_utf8($body)) { utf8::encode($body) }
	}
	$headers{authorization} = 'Basic ' . encode_base64("$opt{user}:$opt{password}", '') if defined $opt{user};
	my $http = HTTP::Tiny->new(timeout => 120, verify_SSL => 1, proxy => undef, http_proxy => undef, https_proxy => undef,
		$opt{ca} ? (SSL_options => { SSL_ca_file => $opt{ca} }) : ());
	my $url = ($opt{url} // es_url()) . ($path =~ m{^/} ? $path : "/$path");
	my $answer = $http->request($method, $url, { headers => \%headers, defined $body ? (content => $body) : () });
	my $content = $answer->{content};
	my $decoded = ($answer->{headers}{'content-type'} // '') =~ /json/ ? eval { $json->decode($content) } : undef;
	$decoded //= $content;
	return ($answer->{status}, $decoded, $answer->{headers}) if wantarray;
	die "$method $url: $answer->{status} $content\n" unless $answer->{success} || $opt{may_fail};
	return $decoded;
}

sub es_bulk
{
	my ($index, $documents, %opt) = @_;
	my @documents = @$documents;
	while (my @part = splice @documents, 0, 1000)
	{
		my $lines = '';
		for my $document (@part)
		{
			my %d  = %$document;
			my $id = delete $d{_id};
			$lines .= $json->encode({ index => { defined $id ? (_id => "$id") : () } }) . "\n" . $json->encode(\%d) . "\n";
		}
		my $answer = es('POST', "/$index/_bulk", $lines, %opt);
		next unless $answer->{errors};
		my ($bad) = grep { $_->{error} } map { values %$_ } @{ $answer->{items} };
		die "bulk: " . $json->encode($bad) . "\n";
	}
	scalar es('POST', "/$index/_refresh", undef, %opt);
	return scalar @$documents;
}

my $prelude = <<'P';
import json, os, sys
args = sys.argv[1:]
def milvus(**more):
    from pymilvus import connections
    connections.connect(host=os.environ.get("MILVUS_FDW_MILVUS_HOST", "localhost"),
                        port=os.environ.get("MILVUS_FDW_MILVUS_PORT", "19530"), **more)
P

sub python        { return _python('venv', @_) }
sub newest_python { return _python('lite', @_) }

sub _python
{
	my ($environment, $code, @args) = @_;
	my $interpreter = ($ENV{MILVUS_FDW_CACHE} // '/var/cache/milvus_fdw') . "/$environment/bin/python";
	my ($out, $err) = ('', '');
	my $text = $prelude . $code;
	utf8::encode($text) if utf8::is_utf8($text);
	IPC::Run::run([ $interpreter, '-', @args ], \$text, \$out, \$err) or die "python: $err\n";
	utf8::decode($out);
	chomp $out;
	return $out;
}

1;
