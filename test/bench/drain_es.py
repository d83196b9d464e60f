"""How fast can Elasticsearch be drained by a client that does nothing with what it gets?

drain_es.py DIMS [INDEX]      PIT and search_after, pages of 5,000, raw bytes, never parsed
"""
import http.client
import json
import os
import sys
from urllib.parse import urlsplit

from measure import Measure

dims = int(sys.argv[1])
index = sys.argv[2] if len(sys.argv) > 2 else "docs"
connection = http.client.HTTPConnection(urlsplit(os.environ["MILVUS_FDW_ES_URL"]).netloc, timeout=300)


def call(method, path, body=None):
    connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    if answer.status != 200:
        sys.exit("%s: %s" % (path, data[:300]))
    return data


measure = Measure("drain_es")
pit = json.loads(call("POST", "/%s/_pit?keep_alive=5m" % index))["id"]
rows, after = 0, None
while True:
    # No list of fields: the stored documents then pass through untouched, three times as fast.
    query = {"size": 5000, "pit": {"id": pit, "keep_alive": "5m"}, "sort": ["_shard_doc"], "track_total_hits": False}
    if after is not None:
        query["search_after"] = after
    page = call("POST", "/_search", query)
    got = page.count(b'"_id":"')
    if not got:
        break
    rows += got
    at = page.rindex(b'"sort":[') + 7
    after = json.loads(page[at:page.index(b"]", at) + 1])
call("DELETE", "/_pit", {"id": pit})
measure.done(rows, dims)
