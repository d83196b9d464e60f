"""How fast does Milvus take rows from a client that has its requests ready?

insert_milvus.py ROWS DIMS [vectors]    plain gRPC, 5,000 rows a request, serialized beforehand, 4 in flight; or only ids
                                        and vectors
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "data"))

import grpc
import numpy
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from collection import fresh
from docs import blocks
from measure import Measure

rows, dims = int(sys.argv[1]), int(sys.argv[2])
scalars = sys.argv[3:] != ["vectors"]
NAME, PART, FLIGHT = "bench_insert" if scalars else "bench_insert_vectors", 5000, 4


def request(ids, titles, prices, vectors):
    message = milvus_pb2.InsertRequest(collection_name=NAME, num_rows=len(ids))
    message.base.msg_type = common_pb2.MsgType.Insert

    def field(name, kind):
        f = message.fields_data.add()
        f.field_name, f.type = name, kind
        return f
    field("id", schema_pb2.DataType.Int64).scalars.long_data.data.extend(ids)
    if scalars:
        field("title", schema_pb2.DataType.VarChar).scalars.string_data.data.extend(titles)
        field("price", schema_pb2.DataType.Double).scalars.double_data.data.extend(prices)
    vector = field("embedding", schema_pb2.DataType.FloatVector)
    vector.vectors.dim = dims
    vector.vectors.float_vector.data.extend(vectors.ravel())
    return message.SerializeToString()


def requests():
    held = [[], [], [], []]
    for block in blocks(rows, dims):
        for column, part in zip(held, block):
            column.append(part) if column is held[3] else column.extend(part)
        if len(held[0]) >= PART:
            yield request(*held[:3], numpy.concatenate(held[3]))
            held = [[], [], [], []]
    if held[0]:
        yield request(*held[:3], numpy.concatenate(held[3]))


fresh(NAME, dims, scalars)
ready = list(requests())
channel = grpc.insecure_channel(
    "%s:%s" % (os.environ["MILVUS_FDW_MILVUS_HOST"], os.environ["MILVUS_FDW_MILVUS_PORT"]),
    options=[("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
grpc.channel_ready_future(channel).result(10)
insert = channel.unary_unary("/milvus.proto.milvus.MilvusService/Insert",
                             response_deserializer=milvus_pb2.MutationResult.FromString)

measure = Measure("insert_milvus")
flying, done = [], 0


def land():
    global done
    result = flying.pop(0).result()
    if result.status.code or result.status.error_code:
        sys.exit(result.status.reason)
    done += result.insert_cnt


for message in ready:
    if len(flying) == FLIGHT:
        land()
    flying.append(insert.future(message, timeout=300))
while flying:
    land()
measure.done(done, dims)
