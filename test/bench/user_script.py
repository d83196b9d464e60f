"""What would a user of Python write?  helpers.scan on one side, insert in batches of 1,000 on the other.

user_script.py DIMS [INDEX]
"""
import os
import sys

from elasticsearch import Elasticsearch, helpers

from collection import fresh
from measure import Measure

dims = int(sys.argv[1])
index = sys.argv[2] if len(sys.argv) > 2 else "docs"
FIELDS = ["id", "title", "price", "embedding"]
collection = fresh("bench_user", dims)
source = Elasticsearch(os.environ["MILVUS_FDW_ES_URL"], request_timeout=300)

measure = Measure("user_script")
rows, batch = 0, [[], [], [], []]
for hit in helpers.scan(source, index=index, query={"_source": FIELDS, "query": {"match_all": {}}}, size=1000):
    for column, name in zip(batch, FIELDS):
        column.append(hit["_source"][name])
    if len(batch[0]) == 1000:
        rows += collection.insert(batch).insert_count
        batch = [[], [], [], []]
if batch[0]:
    rows += collection.insert(batch).insert_count
measure.done(rows, dims)
