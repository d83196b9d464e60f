#!/usr/bin/env python3
"""A Milvus 1.1 server, as far as its facts are known: no real one can be had.

    milvus1_server.py [--port N] [--log FILE] [--segment-rows N] [--refuse CALL]... [--hang CALL]... [--later CALL=SECONDS]

Built on the service that pymilvus 1.1.2 brings, so what it takes and gives are that client's messages.  Its semantics:
  - rows are visible once flushed; a flush makes one segment of a partition's new rows (or several, of --segment-rows)
  - ids are not unique: giving one again stores a second row; DeleteByID removes every copy
  - a collection takes ids with its first rows and always, or makes all of them
  - GetVectorsByID answers in the order of the ids asked, an empty record where there is none, any one copy of several
  - Search answers row_num times topk ids and distances (L2 squared; the larger the better for IP only), filled up with -1;
    partition tags are regular expressions; an IVF index wants nprobe, HNSW an ef of at least topk
"""
import json
import re
import threading
import time
from concurrent import futures

import grpc
from milvus.grpc_gen import milvus_pb2 as pb
from milvus.grpc_gen import milvus_pb2_grpc as service
from milvus.grpc_gen import status_pb2

from common import Double

NOT_THERE, ILLEGAL, WRONG_DIMENSION, WRONG_ID = 4, 5, 7, 12


class Refused(Exception):
    def __init__(self, code, reason):
        super().__init__(reason)
        self.status = status_pb2.Status(error_code=code, reason=reason)


OK = status_pb2.Status(error_code=0, reason="OK")


def distance(metric, query, row):
    if metric <= 2:
        pairs = zip(query.float_data, row.float_data)
        return sum((a - b) ** 2 for a, b in pairs) if metric == 1 else sum(a * b for a, b in pairs)
    a, b = (int.from_bytes(v.binary_data, "big") for v in (query, row))
    common, either = (a & b).bit_count(), (a | b).bit_count()
    jaccard = 1 - common / either if either else 0.0
    return {3: (a ^ b).bit_count(), 4: jaccard, 5: jaccard, 6: 0.0 if a & b == a else 1.0, 7: 0.0 if a & b == b else 1.0}[metric]


class Segment:
    def __init__(self, name, rows):
        self.name, self.rows = name, rows


class Collection:
    def __init__(self, schema):
        self.dimension, self.metric = schema.dimension, schema.metric_type
        self.index_file_size = schema.index_file_size
        self.index, self.index_params = 1, []
        self.own_ids = None
        self.partitions = {"_default": []}
        self.pending = []


class Servicer(service.MilvusServiceServicer):
    def __init__(self, segment_rows):
        self.collections = {}
        self.lock = threading.RLock()
        self.segment_rows = segment_rows
        self.next_id = 1_600_000_000_000_000_000

    def collection(self, name):
        if name not in self.collections:
            raise Refused(NOT_THERE, f"Collection not exist: {name}")
        return self.collections[name]

    def number(self):
        self.next_id += 1
        return self.next_id

    # --- what a server is asked

    def Cmd(self, request, context):
        return pb.StringReply(status=OK, string_reply="1.1.1" if request.cmd == "version" else "OK")

    def ShowCollections(self, request, context):
        return pb.CollectionNameList(status=OK, collection_names=sorted(self.collections))

    def HasCollection(self, request, context):
        return pb.BoolReply(status=OK, bool_reply=request.collection_name in self.collections)

    def DescribeCollection(self, request, context):
        c = self.collection(request.collection_name)
        return pb.CollectionSchema(status=OK, collection_name=request.collection_name, dimension=c.dimension,
                                   index_file_size=c.index_file_size, metric_type=c.metric)

    def CountCollection(self, request, context):
        c = self.collection(request.collection_name)
        return pb.CollectionRowCount(status=OK, collection_row_count=sum(len(s.rows) for p in c.partitions.values() for s in p))

    def ShowCollectionInfo(self, request, context):
        c = self.collection(request.collection_name)
        info = {"row_count": 0, "partitions": [
            {"tag": tag, "row_count": sum(len(s.rows) for s in segments),
             "segments": [{"name": s.name, "index_name": "IDMAP", "row_count": len(s.rows), "data_size": 0} for s in segments]}
            for tag, segments in c.partitions.items()]}
        return pb.CollectionInfo(status=OK, json_info=json.dumps(info))

    def DescribeIndex(self, request, context):
        c = self.collection(request.collection_name)
        return pb.IndexParam(status=OK, collection_name=request.collection_name, index_type=c.index, extra_params=c.index_params)

    def ShowPartitions(self, request, context):
        return pb.PartitionList(status=OK, partition_tag_array=list(self.collection(request.collection_name).partitions))

    def HasPartition(self, request, context):
        return pb.BoolReply(status=OK, bool_reply=request.tag in self.collection(request.collection_name).partitions)

    def GetVectorIDs(self, request, context):
        c = self.collection(request.collection_name)
        for segments in c.partitions.values():
            for s in segments:
                if s.name == request.segment_name:
                    return pb.VectorIds(status=OK, vector_id_array=[r[0] for r in s.rows])
        raise Refused(ILLEGAL, f"no segment {request.segment_name}")

    def GetVectorsByID(self, request, context):
        c = self.collection(request.collection_name)
        found = {r[0]: r[1] for p in c.partitions.values() for s in p for r in s.rows}
        return pb.VectorsData(status=OK, vectors_data=[found.get(i, pb.RowRecord()) for i in request.id_array])

    def Search(self, request, context):
        c = self.collection(request.collection_name)
        params = {p.key: json.loads(p.value) for p in request.extra_params}.get("params", {})
        if not 1 <= request.topk <= 16384:
            raise Refused(10, "Invalid topk: %d. The topk must be within the range of 1 ~ 16384" % request.topk)
        if c.index in (2, 3, 5, 6) and not 1 <= params.get("nprobe", 0) <= 65536:
            raise Refused(ILLEGAL, "Invalid search params: nprobe. The value must be within the range of 1 ~ 65536")
        if c.index == 11 and not request.topk <= params.get("ef", 0) <= 32768:
            raise Refused(ILLEGAL, "Invalid search params: ef. The value must be within the range of topk ~ 32768")
        tags = [t for t in c.partitions if not request.partition_tag_array or
                any(t == p or re.fullmatch(p, t) for p in request.partition_tag_array)]
        if not tags:
            raise Refused(1, "The specified partition does not exist")
        rows = [r for t in tags for s in c.partitions[t] for r in s.rows]
        reply = pb.TopKQueryResult(status=OK, row_num=len(request.query_record_array))
        for query in request.query_record_array:
            size = len(query.binary_data) * 8 if c.metric >= 3 else len(query.float_data)
            if size != c.dimension:
                raise Refused(WRONG_DIMENSION, f"vector dimension {size}, expected {c.dimension}")
            measured = sorted(((distance(c.metric, query, row), i) for i, row in rows), reverse=c.metric == 2)[:request.topk]
            measured += [(3.4028234663852886e38, -1)] * (request.topk - len(measured))
            reply.ids.extend(i for _, i in measured)
            reply.distances.extend(d for d, _ in measured)
        return reply

    # --- what it is told

    def CreateCollection(self, request, context):
        if request.collection_name in self.collections:
            raise Refused(9, f"Collection already exists: {request.collection_name}")
        if request.dimension < 1 or not 1 <= request.metric_type <= 7:
            raise Refused(ILLEGAL, "illegal schema")
        self.collections[request.collection_name] = Collection(request)
        return OK

    def DropCollection(self, request, context):
        self.collection(request.collection_name)
        del self.collections[request.collection_name]
        return OK

    def CreateIndex(self, request, context):
        c = self.collection(request.collection_name)
        for p in request.extra_params:
            json.loads(p.value)
        c.index, c.index_params = request.index_type, list(request.extra_params)
        return OK

    def DropIndex(self, request, context):
        self.collection(request.collection_name).index = 1
        return OK

    def CreatePartition(self, request, context):
        self.collection(request.collection_name).partitions.setdefault(request.tag, [])
        return OK

    def DropPartition(self, request, context):
        self.collection(request.collection_name).partitions.pop(request.tag, None)
        return OK

    def Insert(self, request, context):
        c = self.collection(request.collection_name)
        tag = request.partition_tag or "_default"
        if tag not in c.partitions:
            raise Refused(ILLEGAL, f"Partition tag does not exist: {tag}")
        for row in request.row_record_array:
            size = len(row.binary_data) * 8 if c.metric >= 3 else len(row.float_data)
            if size != c.dimension:
                raise Refused(WRONG_DIMENSION, f"vector dimension {size}, expected {c.dimension}")
        given = len(request.row_id_array) > 0
        if given and len(request.row_id_array) != len(request.row_record_array):
            raise Refused(WRONG_ID, "ids and rows differ in number")
        if c.own_ids is None:
            c.own_ids = given
        elif c.own_ids != given:
            raise Refused(WRONG_ID, "Entities IDs are user-defined: please provide IDs for all of them" if c.own_ids else
                          "Entities IDs are auto-generated: please do not provide them")
        ids = list(request.row_id_array) or [self.number() for _ in request.row_record_array]
        c.pending += [(tag, i, row) for i, row in zip(ids, request.row_record_array)]
        return pb.VectorIds(status=OK, vector_id_array=ids)

    def DeleteByID(self, request, context):
        c = self.collection(request.collection_name)
        gone = set(request.id_array)
        c.pending = [r for r in c.pending if r[1] not in gone]
        for segments in c.partitions.values():
            for s in segments:
                s.rows = [r for r in s.rows if r[0] not in gone]
        return OK

    def Flush(self, request, context):
        for name in request.collection_name_array or list(self.collections):
            c = self.collection(name)
            for tag, segments in c.partitions.items():
                rows = [(i, row) for t, i, row in c.pending if t == tag]
                step = self.segment_rows or len(rows) or 1
                segments += [Segment(str(self.number()), rows[at:at + step]) for at in range(0, len(rows), step)]
            c.pending = []
        return OK

    def Compact(self, request, context):
        self.collection(request.collection_name)
        return OK

    def PreloadCollection(self, request, context):
        self.collection(request.collection_name)
        return OK

    def ReleaseCollection(self, request, context):
        self.collection(request.collection_name)
        return OK


class Answers(grpc.ServerInterceptor):
    """Logs each call, turns Refused into the reply's status, and does what --refuse, --hang and --later say."""

    def __init__(self, double, servicer):
        self.double, self.servicer = double, servicer
        self.later = dict(word.split("=") for word in double.args.later)

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        call = details.method.rsplit("/", 1)[1]
        if handler is None:
            return None

        def answer(request, context):
            self.double.saw(call=call, rows=len(getattr(request, "row_record_array", ())))
            if call in self.double.args.hang:
                while context.is_active():
                    time.sleep(0.02)
            if call in self.later:
                time.sleep(float(self.later[call]))
            try:
                if call in self.double.args.refuse:
                    raise Refused(1, "refused by the test")
                with self.servicer.lock:
                    return handler.unary_unary(request, context)
            except Refused as e:
                reply = REPLIES[call]()
                (reply if isinstance(reply, status_pb2.Status) else reply.status).CopyFrom(e.status)
                return reply
        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)


REPLIES = {
    "Cmd": pb.StringReply, "ShowCollections": pb.CollectionNameList, "HasCollection": pb.BoolReply,
    "DescribeCollection": pb.CollectionSchema, "CountCollection": pb.CollectionRowCount, "ShowCollectionInfo": pb.CollectionInfo,
    "DescribeIndex": pb.IndexParam, "ShowPartitions": pb.PartitionList, "HasPartition": pb.BoolReply,
    "Search": pb.TopKQueryResult, "GetVectorIDs": pb.VectorIds, "GetVectorsByID": pb.VectorsData, "Insert": pb.VectorIds,
}
for other in ("CreateCollection", "DropCollection", "CreateIndex", "DropIndex", "CreatePartition", "DropPartition",
              "DeleteByID", "Flush", "Compact", "PreloadCollection", "ReleaseCollection"):
    REPLIES[other] = status_pb2.Status

double = Double(__doc__, [("--segment-rows", {"type": int, "default": 0}), ("--refuse", {"action": "append", "default": []}),
                          ("--hang", {"action": "append", "default": []}), ("--later", {"action": "append", "default": []})])
servicer = Servicer(double.args.segment_rows)
server = grpc.server(futures.ThreadPoolExecutor(16), interceptors=[Answers(double, servicer)],
                     options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
service.add_MilvusServiceServicer_to_server(servicer, server)
port = server.add_insecure_port(f"127.0.0.1:{double.args.port}")
server.start()
double.ready(port)
server.wait_for_termination()
