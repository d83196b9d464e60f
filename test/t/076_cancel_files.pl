# Does a query that reads or writes a file end at once when it is told to?
#
# alone: measures within 100 ms

use MilvusFdw;

fresh_database();
my $dir = server_directory();
sql('CREATE SERVER f FOREIGN DATA WRAPPER faiss_fdw'), sql('CREATE SERVER h FOREIGN DATA WRAPPER hdf5_fdw');

# Files with holes in them: long to read, and they take no room.
file_python(<<'P', args => [$dir]);
import struct, h5py, hdf5_files
def index(name, head, body, n):
    with open(args[0] + "/" + name, "wb") as f:
        f.write(head + struct.pack("<Q", body))
        f.truncate(f.tell() + n)
header = lambda fourcc, d, n: fourcc + struct.pack("<iqqqbi", d, n, 1 << 20, 1 << 20, 1, 1)
n = 60_000_000
index("flat.faiss", header(b"IxF2", 128, n), 128 * n, 512 * n)
n = 400_000
index("sq6.faiss", header(b"IxSQ", 1024, n) + struct.pack("<iifQQQ2048f", 6, 0, 0, 1024, 768, 2048, *([1.0] * 2048)), 768 * n, 768 * n)
with h5py.File(args[0] + "/big.h5", "w") as f:
    f.create_dataset("embeddings", (60_000_000, 128), "f4")
hdf5_files.make_all(args[0])
hdf5_files.damaged(args[0], args[0])
P
sql("CREATE FOREIGN TABLE flat (id bigint, vector real[]) SERVER f OPTIONS (filename '$dir/flat.faiss')");
sql("CREATE FOREIGN TABLE sq6 (id bigint, vector real[]) SERVER f OPTIONS (allow_lossy 'true', filename '$dir/sq6.faiss')");
sql("CREATE FOREIGN TABLE h5 (embeddings real[]) SERVER h OPTIONS (filename '$dir/big.h5')");
sql("CREATE FOREIGN TABLE to_flat (id bigint, vector real[]) SERVER f OPTIONS (index 'IDMap2,Flat', filename '$dir/new.faiss')");
sql("CREATE FOREIGN TABLE to_sq (id bigint, vector real[]) SERVER f OPTIONS (index 'SQ8', filename '$dir/new.faiss')");
sql("CREATE FOREIGN TABLE to_h5 (ids bigint, embeddings real[]) SERVER h OPTIONS (filename '$dir/new.h5')");
sql("CREATE FOREIGN TABLE to_text (ids bigint, embeddings real[], t text) SERVER h OPTIONS (filename '$dir/new.h5')");

# not FROM generate_series(), which would be written to a file first
my $rows = q{SELECT generate_series(0, 2000000000), '{1,2,3,4,5,6,7,8}'::real[]};
obeys('reading a Flat index',      'SELECT count(vector) FROM flat', busy => 200);
obeys('reading what is decoded',   'SELECT count(vector) FROM sq6', busy => 100);
obeys('reading HDF5',              'SELECT count(embeddings) FROM h5', busy => 200);
obeys('libhdf5 going in circles',  "SELECT * FROM milvus_fdw.fields('h', '$dir/circle.h5')");
obeys('writing a Flat index',      "INSERT INTO to_flat $rows", busy => 200);
obeys('sending what is trained',   "INSERT INTO to_sq $rows", busy => 200);
obeys('writing HDF5',              "INSERT INTO to_h5 $rows", busy => 200);
obeys('writing HDF5 by libhdf5',   "INSERT INTO to_text $rows, 'text'", busy => 200);
obeys('copying from file to file', 'INSERT INTO to_h5 SELECT id, vector FROM flat', busy => 200);

is_deeply([ glob "$dir/{,.}new*" ], [], 'nothing is left of what was written');
is(`pgrep -c milvus_fdw_` + 0, 0, 'nor a program');

done_testing();
