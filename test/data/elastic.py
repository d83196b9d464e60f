"""How do documents get into Elasticsearch quickly?"""
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit


class Elastic:
    def __init__(self, url):
        self.where = urlsplit(url).netloc

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.where, timeout=300)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        kind = "application/x-ndjson" if "_bulk" in path else "application/json"
        connection.request(method, path, body, {"Content-Type": kind} if body is not None else {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if answer.status >= 400 and not (method == "DELETE" and answer.status == 404):
            raise RuntimeError("%s %s: %d %s" % (method, path, answer.status, data[:500]))
        return json.loads(data)

    def create(self, index, dims, shards=1):
        self.call("DELETE", "/" + index)
        self.call("PUT", "/" + index, {
            "settings": {"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": -1},
            "mappings": {"dynamic": "strict", "properties": {
                "id": {"type": "long"}, "title": {"type": "keyword"}, "price": {"type": "double"},
                # Not indexed: nobody searches here, and building the graph would take most of the time.
                "embedding": {"type": "dense_vector", "dims": dims, "index": False}}}})

    def fill(self, index, blocks):
        """blocks: (ids, titles, prices, vectors) each; returns the number of documents."""
        def send(block):
            ids, titles, prices, vectors = block
            # Nine digits bring every float32 back exactly.
            form = "[" + ",".join(["%.9g"] * vectors.shape[1]) + "]"
            lines = ['{"index":{"_id":"%d"}}\n{"id":%d,"title":%s,"price":%r,"embedding":%s}\n'
                     % (n, n, json.dumps(t, ensure_ascii=False), p, form % tuple(v))
                     for n, t, p, v in zip(ids, titles, prices, vectors.tolist())]
            answer = self.call("POST", "/%s/_bulk?filter_path=errors,items.*.error" % index, "".join(lines).encode())
            if answer.get("errors"):
                raise RuntimeError("bulk: %s" % json.dumps(answer)[:500])
            return len(ids)

        total, pending = 0, []
        with ThreadPoolExecutor(2) as pool:
            for block in blocks:
                pending.append(pool.submit(send, block))
                if len(pending) >= 4:
                    total += pending.pop(0).result()
            total += sum(p.result() for p in pending)
        self.call("POST", "/%s/_refresh" % index)
        return total
