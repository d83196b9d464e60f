"""How fast does Milvus give all rows to a client that looks at none of them?

drain_milvus.py fill ROWS DIMS     collection bench_source, indexed and loaded
drain_milvus.py ROWS DIMS          plain gRPC, key ranges of 10,000, two in flight, replies not parsed
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "data"))

import grpc
from pymilvus import Collection, connections
from pymilvus.grpc_gen import milvus_pb2

from collection import fresh
from docs import blocks
from measure import Measure

NAME, WIDTH, FLIGHT = "bench_source", 10000, 2
host, port = os.environ["MILVUS_FDW_MILVUS_HOST"], os.environ["MILVUS_FDW_MILVUS_PORT"]
rows, dims = map(int, sys.argv[-2:])

if sys.argv[1] == "fill":
    fresh(NAME, dims)
    connections.connect(host=host, port=port)
    collection = Collection(NAME)
    for ids, titles, prices, vectors in blocks(rows, dims):
        collection.insert([list(ids), list(titles), list(prices), vectors])
    collection.flush()
    collection.create_index("embedding", {"index_type": "FLAT", "metric_type": "COSINE", "params": {}})
    collection.load()
    sys.exit()

channel = grpc.insecure_channel(f"{host}:{port}", options=[("grpc.max_receive_message_length", -1)])
grpc.channel_ready_future(channel).result(10)
query = channel.unary_unary("/milvus.proto.milvus.MilvusService/Query")
measure = Measure("drain_milvus")
flying, nbytes = [], 0
for first in range(0, rows + 1, WIDTH):
    request = milvus_pb2.QueryRequest(collection_name=NAME, expr=f"{first} <= id < {first + WIDTH}", guarantee_timestamp=1,
                                      output_fields=["id", "title", "price", "embedding"])
    if len(flying) == FLIGHT:
        nbytes += len(flying.pop(0).result())
    flying.append(query.future(request.SerializeToString(), timeout=300))
nbytes += sum(len(f.result()) for f in flying)
if nbytes < rows * dims * 4:
    sys.exit(f"only {nbytes} bytes came")
measure.done(rows, dims)
