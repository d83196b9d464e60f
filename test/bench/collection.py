"""What collection do the baselines fill?  The one that create_collection(like => 'es.docs') makes, under another name."""
import os

from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, connections, utility


def fresh(name, dims, scalars=True):
    connections.connect(host=os.environ["MILVUS_FDW_MILVUS_HOST"], port=os.environ["MILVUS_FDW_MILVUS_PORT"])
    if utility.has_collection(name):
        utility.drop_collection(name)
    return Collection(name, CollectionSchema([
        FieldSchema("id", DataType.INT64, is_primary=True)] + ([
            FieldSchema("title", DataType.VARCHAR, max_length=65535),
            FieldSchema("price", DataType.DOUBLE)] if scalars else []) + [
        FieldSchema("embedding", DataType.FLOAT_VECTOR, dim=dims)]))
