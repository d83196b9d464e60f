# What does our own INSERT ... SELECT cost?     insert_select.pl DIMS [NAME]
#
# A new session each time, so that the backend's CPU time and peak memory are those of this statement; base_mb is what
# it had before.

use MilvusFdw;
use Time::HiRes qw(time);

my ($dims, $name) = @ARGV;
$name //= 'insert_select';
my $db = MilvusFdw::Session->new('bench');
$db->sql($_) for 'DROP SCHEMA IF EXISTS es, milvus2 CASCADE', 'CREATE SCHEMA es', 'CREATE SCHEMA milvus2',
	'IMPORT FOREIGN SCHEMA "default" LIMIT TO (docs) FROM SERVER es INTO es';
python(<<'P');
milvus()
from pymilvus import utility
if utility.has_collection("docs"):
    utility.drop_collection("docs")
P
$db->sql($_) for
	q{SELECT milvus_fdw.create_collection('milvus', 'docs', like => 'es.docs', primary_key => 'id', index => 'none', load => false)},
	'IMPORT FOREIGN SCHEMA "default" LIMIT TO (docs) FROM SERVER milvus INTO milvus2';

my $session = MilvusFdw::Session->new('bench');
$session->sql('SELECT 1');
my $pid  = $session->pid;
my $base = peak_kb($pid);
my $cpu  = cpu_seconds($pid);
my $wall = time;
$session->sql('INSERT INTO milvus2.docs (id, title, price, embedding) SELECT id, title, price, embedding FROM es.docs');
$wall = time - $wall;
printf "name=%s rows=%d dims=%d wall=%.3f cpu=%.3f rss_mb=%.0f base_mb=%.0f\n", $name, $session->affected, $dims,
	$wall, cpu_seconds($pid) - $cpu, peak_kb($pid) / 1024, $base / 1024;
