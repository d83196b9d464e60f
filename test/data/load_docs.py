"""How does index `docs` get N made-up documents of D dimensions?

load_docs.py N D [--url http://localhost:9200] [--index docs] [--shards 1] [--seed 1]
"""
import argparse
import os
import time

from docs import blocks
from elastic import Elastic

options = argparse.ArgumentParser()
options.add_argument("rows", type=int)
options.add_argument("dims", type=int)
options.add_argument("--url", default=os.environ.get("MILVUS_FDW_ES_URL", "http://localhost:9200"))
options.add_argument("--index", default="docs")
options.add_argument("--shards", type=int, default=1)
options.add_argument("--seed", type=int, default=1)
args = options.parse_args()

started = time.time()
server = Elastic(args.url)
server.create(args.index, args.dims, args.shards)
rows = server.fill(args.index, blocks(args.rows, args.dims, args.seed))
print("%d documents of %d dimensions into %s in %.1f s" % (rows, args.dims, args.index, time.time() - started))
