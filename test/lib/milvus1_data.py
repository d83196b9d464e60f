#!/usr/bin/env python3
"""How is a data directory of Milvus 1.x made for a test?

    milvus1_data.py DIR         everything a test needs, and DIR/expected.json: what a reader must find
    milvus1_data.py DIR ROWS DIM SEGMENTS    one collection `large`, for measuring

The layout is the servers' own: db/tables/TABLE/SEGMENT/{SEGMENT.rv, SEGMENT.uid, deleted_docs}, db/meta.sqlite.
"""
import json
import os
import random
import sqlite3
import struct
import sys

import numpy as np

L2, IP, HAMMING, JACCARD, TANIMOTO = 1, 2, 3, 4, 5
NEW, RAW, TO_INDEX, INDEX, TO_DELETE, NEW_MERGE, NEW_INDEX, BACKUP = range(8)

SCHEMA = """
CREATE TABLE Environment (global_lsn INTEGER DEFAULT 0);
CREATE TABLE Tables (id INTEGER PRIMARY KEY, table_id TEXT UNIQUE, state INTEGER, dimension INTEGER, created_on INTEGER,
    flag INTEGER DEFAULT 0, index_file_size INTEGER, engine_type INTEGER, index_params TEXT, metric_type INTEGER,
    owner_table TEXT DEFAULT '', partition_tag TEXT DEFAULT '', version TEXT, flush_lsn INTEGER);
CREATE TABLE TableFiles (id INTEGER PRIMARY KEY, table_id TEXT, segment_id TEXT DEFAULT '', engine_type INTEGER,
    file_id TEXT, file_type INTEGER, file_size INTEGER DEFAULT 0, row_count INTEGER DEFAULT 0, updated_time INTEGER,
    created_on INTEGER, date INTEGER DEFAULT -1, flush_lsn INTEGER);
CREATE TABLE Fields (collection_id TEXT, field_name TEXT, field_type INTEGER, field_params TEXT);
"""


def write_counted(path, data):
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(data)))
        f.write(data)


class Directory:
    def __init__(self, path):
        self.path = path
        self.tables = os.path.join(path, "db", "tables")
        os.makedirs(self.tables)
        self.db = sqlite3.connect(os.path.join(path, "db", "meta.sqlite"), isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.executescript(SCHEMA)
        self.db.execute("INSERT INTO Environment VALUES (1 << 32)")
        self.next = 1600000000000000000
        self.expected = {}

    def collection(self, name, dim, metric=L2, engine=1, state=0, owner="", tag="", flag=2):
        self.db.execute("INSERT INTO Tables (table_id, state, dimension, created_on, flag, index_file_size, engine_type,"
                        " index_params, metric_type, owner_table, partition_tag, version, flush_lsn)"
                        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                        (name, state, dim, self.next // 1000, flag, 1 << 30, engine, '{"nlist":16384}', metric, owner, tag,
                         "1.1.1", 1 << 32))
        if state == 0 and not owner:
            self.expected[name] = {"dim": dim, "metric": metric, "rows": []}

    def partition(self, owner, tag, dim, metric=L2):
        self.next += 1
        name = str(self.next)
        self.collection(name, dim, metric, owner=owner, tag=tag)
        return name

    def file(self, table, segment, file_id, file_type, engine, rows):
        self.next += 1
        self.db.execute("INSERT INTO TableFiles (table_id, segment_id, engine_type, file_id, file_type, file_size, row_count,"
                        " updated_time, created_on, date, flush_lsn) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                        (table, segment, engine, file_id, file_type, 0, rows, self.next // 1000, self.next, 1201021, 1 << 32))

    def segment(self, table, ids, vectors, deleted=None, file_type=RAW, collection=None, tag="_default", engine=1):
        self.next += 1
        name = str(self.next)
        where = os.path.join(self.tables, table, name)
        os.makedirs(where)
        write_counted(os.path.join(where, name + ".rv"), vectors.tobytes())
        write_counted(os.path.join(where, name + ".uid"), np.asarray(ids, "<i8").tobytes())
        if deleted is not None:
            write_counted(os.path.join(where, "deleted_docs"), np.asarray(deleted, "<i4").tobytes())
        gone = {d for d in (deleted if deleted is not None else []) if 0 <= d < len(ids)}
        self.file(table, name, name, file_type, engine, len(ids) - len(gone))
        for offset, (id_, vector) in enumerate(zip(ids, vectors)):
            if offset not in gone:
                self.expected[collection or table]["rows"].append(
                    [int(id_), vector.tobytes().hex(), tag, name, offset])
        return name

    def close(self, keep_wal=False):
        with open(os.path.join(self.path, "expected.json"), "w") as f:
            json.dump(self.expected, f)
        if keep_wal:
            # a copy taken while the log is not yet in the database
            os.rename(os.path.join(self.path, "db", "meta.sqlite-wal"), os.path.join(self.path, "wal.kept"))
            os.link(os.path.join(self.path, "wal.kept"), os.path.join(self.path, "db", "meta.sqlite-wal"))
            os._exit(0)
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()


def floats(rng, n, dim):
    v = rng.standard_normal((n, dim), dtype=np.float32)
    v[0, 0] = -0.0
    v[n // 2, 0] = np.float32(1e-40)
    return v


def everything(path):
    rng = np.random.default_rng(11)
    pick = random.Random(11)
    d = Directory(path)
    d.collection("docs", 8)
    eu = d.partition("docs", "eu", 8)
    odd = d.partition("docs", "Grüße 'quoted' \"x\"", 8)
    n = 1000
    # scattered, repeated, unsorted and out-of-range deletes
    d.segment("docs", range(0, n), floats(rng, n, 8), [5, 17, 900, 17, 3, 999, 0, n, -1, 2 ** 31 - 1])
    many = pick.sample(range(n), 400)
    d.segment("docs", range(n, 2 * n), floats(rng, n, 8), many, file_type=BACKUP)
    d.segment("docs", range(2 * n, 3 * n), floats(rng, n, 8), [], file_type=TO_INDEX)
    d.segment(eu, range(3 * n, 4 * n), floats(rng, n, 8), range(n), collection="docs", tag="eu")
    s = d.segment(eu, range(4 * n, 5 * n), floats(rng, n, 8), None, collection="docs", tag="eu")
    d.segment(odd, [-7, 2 ** 63 - 1, -2 ** 63], floats(rng, 3, 8), [1], collection="docs", tag="Grüße 'quoted' \"x\"")
    # an index of the same rows, and files on their way out: none of them is read
    d.file(eu, s, s + "9", INDEX, 2, n)
    d.file("docs", "gone", "gone", TO_DELETE, 1, 5)

    d.collection("binary", 64, HAMMING, engine=9)
    d.segment("binary", range(50), rng.integers(0, 256, (50, 8), dtype=np.uint8), [7])
    d.collection("tanimoto", 16, TANIMOTO, engine=9)
    d.segment("tanimoto", [1], rng.integers(0, 256, (1, 2), dtype=np.uint8))

    d.collection("repeated", 4)
    d.segment("repeated", [1, 2, 3, 2], floats(rng, 4, 4))
    d.segment("repeated", [3, 4, 1, 9], floats(rng, 4, 4), [3])
    d.segment("repeated", [9, 9], floats(rng, 2, 4), [1])

    d.collection("empty", 4)
    d.collection("dropped", 4, state=1)
    d.collection("größe \"1\"", 4)
    d.segment("größe \"1\"", [1], floats(rng, 1, 4))
    return d


def large(path, rows, dim, segments):
    rng = np.random.default_rng(5)
    d = Directory(path)
    d.collection("large", dim)
    d.expected = {}
    each = rows // segments
    for s in range(segments):
        d.next += 1
        name = str(d.next)
        where = os.path.join(d.tables, "large", name)
        os.makedirs(where)
        write_counted(os.path.join(where, name + ".rv"), rng.standard_normal((each, dim), dtype=np.float32).tobytes())
        ids = np.arange(s, rows, segments, dtype="<i8")     # ranges that overlap: the dear case
        write_counted(os.path.join(where, name + ".uid"), ids.tobytes())
        d.file("large", name, name, RAW, 1, each)
    return d


if __name__ == "__main__":
    if len(sys.argv) == 2:
        everything(sys.argv[1]).close()
    elif sys.argv[2] == "--wal":
        everything(sys.argv[1]).close(keep_wal=True)
    else:
        large(sys.argv[1], *map(int, sys.argv[2:5])).close()
