"""How does index `docs` get real data?  scikit-learn's 1,797 scans of handwritten digits, 8 x 8 pixels = 64 dimensions.

load_digits.py [--url http://localhost:9200] [--index docs]
title names the digit and the scan, price is its mean ink, embedding the pixels (0 to 16).
"""
import argparse
import os

from elastic import Elastic
from sklearn.datasets import load_digits

options = argparse.ArgumentParser()
options.add_argument("--url", default=os.environ.get("MILVUS_FDW_ES_URL", "http://localhost:9200"))
options.add_argument("--index", default="docs")
args = options.parse_args()

digits = load_digits()
pixels = digits.data.astype("float32")
count = len(pixels)
ids = list(range(1, count + 1))
titles = ["digit %d, sample %d" % (digit, n) for n, digit in zip(ids, digits.target)]
prices = [float(p) for p in digits.data.mean(axis=1)]
server = Elastic(args.url)
server.create(args.index, pixels.shape[1])
rows = server.fill(args.index, ((ids[at:at + 500], titles[at:at + 500], prices[at:at + 500], pixels[at:at + 500])
                                for at in range(0, count, 500)))
print("%d scanned digits, %d dimensions, into %s" % (rows, pixels.shape[1], args.index))
