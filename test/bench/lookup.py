"""How long does pymilvus take for one row by its key, and for a count?     lookup.py fill ROWS DIMS | serve | drop

fill makes collection bench_lookup.  serve answers each line of its input, "row KEY" or "count", with the milliseconds
that the call took and what it found, so that lookup.pl can let it and PostgreSQL take turns.
"""
import os
import sys
import time

import numpy
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections, utility

NAME = "bench_lookup"
connections.connect(host=os.environ["MILVUS_FDW_MILVUS_HOST"], port=os.environ["MILVUS_FDW_MILVUS_PORT"])


def fill(rows, dims):
    if utility.has_collection(NAME):
        if Collection(NAME).num_entities == rows:
            return
        utility.drop_collection(NAME)
    c = Collection(NAME, CollectionSchema([
        FieldSchema("id", DataType.INT64, is_primary=True),
        FieldSchema("embedding", DataType.FLOAT_VECTOR, dim=dims)]))
    random = numpy.random.default_rng(1)
    for start in range(0, rows, 100000):
        n = min(100000, rows - start)
        c.insert([list(range(start, start + n)), random.random((n, dims), dtype=numpy.float32)])
    c.flush()
    c.create_index("embedding", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    c.load()


def serve():
    c = Collection(NAME)
    for line in sys.stdin:
        what = line.split()
        start = time.perf_counter()
        if what[0] == "row":
            answer = c.query(expr="id == " + what[1], output_fields=["id", "embedding"])
            took = time.perf_counter() - start
            found = answer[0]["id"]
        else:
            found = c.query(expr="", output_fields=["count(*)"])[0]["count(*)"]
            took = time.perf_counter() - start
        print("%.4f %d" % (took * 1000, found), flush=True)


if sys.argv[1] == "fill":
    fill(int(sys.argv[2]), int(sys.argv[3]))
elif sys.argv[1] == "drop":
    utility.drop_collection(NAME)
else:
    serve()
