"""What do pyarrow, numpy and json read from staged files, as PostgreSQL would write the same values?

staged.py MANIFEST EXPECTED    EXPECTED: a line of JSON for each row, values in the form of canonical() below
Prints "same ROWS" or the first difference.  Checks sizes, SHA-256 and row counts of all files against the manifest.
"""
import hashlib
import json
import os
import struct
import sys
import zlib


def canonical(value, kind, element=None):
    """Exact and printable: floats as the hex of their bytes, times as microseconds, bytes as hex."""
    if value is None:
        return None
    if kind == "float":
        return struct.pack(">f", value).hex()
    if kind == "double":
        return struct.pack(">d", value).hex()
    if kind in ("list", "float vector"):
        element = element or "float"
        return [canonical(x, element) for x in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if kind == "JSON":
        return json.loads(value) if isinstance(value, str) else value
    return value


def check_statistics(name, file):
    """What the footer says of a chunk, against its values: exactly, or not at all."""
    import math
    said = 0
    for g in range(file.num_row_groups):
        table = file.read_row_group(g)
        group = file.metadata.row_group(g)
        for c in range(group.num_columns):
            chunk = group.column(c)
            assert (chunk.statistics is None) == ("." in chunk.path_in_schema), chunk.path_in_schema
            if chunk.statistics is None:
                continue
            column = table.column(chunk.path_in_schema)
            assert chunk.statistics.null_count == column.null_count, (name, chunk.path_in_schema, chunk.statistics)
            if chunk.statistics.has_min_max:
                values = [v for v in column.to_pylist() if v is not None] if not str(column.type).startswith("timestamp") else \
                    column.cast("int64").drop_null().to_pylist()
                least, greatest = chunk.statistics.min_raw, chunk.statistics.max_raw
                if isinstance(values[0], str):
                    values = [v.encode() for v in values]
                    least, greatest = (v.encode() if isinstance(v, str) else v for v in (least, greatest))
                assert not any(isinstance(v, float) and math.isnan(v) for v in values), chunk.path_in_schema
                assert (min(values), max(values)) == (least, greatest), (chunk.path_in_schema, least, greatest, min(values), max(values))
                for zero, sign in (least, -1), (greatest, 1):
                    assert not isinstance(zero, float) or zero != 0 or math.copysign(1, zero) == sign, chunk.path_in_schema
                said += 1
    return said


def parquet_rows(parts, columns):
    import pyarrow as pa
    import pyarrow.parquet as pq
    groups, said = 0, 0
    codec = {"none": "UNCOMPRESSED", "zstd": "ZSTD", "snappy": "SNAPPY"}[job["compression"]]
    for name, rows in parts:
        file = pq.ParquetFile(name, page_checksum_verification=True)
        table = file.read()
        table.validate(full=True)
        assert table.num_rows == rows, (name, table.num_rows, rows)
        groups += file.num_row_groups
        said += check_statistics(name, file)
        assert all(file.metadata.row_group(g).column(0).compression == codec for g in range(file.num_row_groups)), codec
        values = []
        for column in columns:
            data = table.column(column["name"])
            if column["kind"] == "timestamp":
                data = data.cast(pa.int64())
            values.append([canonical(v, column["kind"], column.get("element")) for v in data.to_pylist()])
        yield from (list(row) for row in zip(*values))
    print("groups", groups, "bounds", said)


def numpy_rows(sets, columns):
    import numpy as np
    for files in sets:
        values = []
        for column in columns:
            name, rows = files[column["name"]]
            array = np.load(name, allow_pickle=False)
            assert len(array) == rows, (name, len(array), rows)
            if column["kind"] == "binary vector":
                values.append([bytes(v).hex() for v in array])
            else:
                values.append([canonical(v, column["kind"], column.get("element")) for v in array.tolist()])
        yield from (list(row) for row in zip(*values))


def json_rows(parts, columns):
    for name, rows in parts:
        data = json.load(open(name, encoding="utf-8"))["rows"]
        assert len(data) == rows, (name, len(data), rows)
        for row in data:
            assert list(row) == [c["name"] for c in columns], list(row)
            yield [bytes(row[c["name"]]).hex() if c["kind"] == "binary vector" and row[c["name"]] is not None
                   else canonical(row[c["name"]], c["kind"], c.get("element")) for c in columns]


def main(manifest, expected):
    global job
    root = os.path.dirname(os.path.dirname(manifest))
    job = json.load(open(manifest, encoding="utf-8"))
    assert job["state"] == "complete", job["state"]
    sets = {}
    for file in job["files"]:
        path = os.path.join(root, file["name"])
        data = open(path, "rb").read()
        assert len(data) == file["bytes"], (path, len(data), file["bytes"])
        kind, wanted_sum = file["checksum"].split(":")
        got_sum = "%08x" % zlib.crc32(data) if kind == "crc32" else hashlib.sha256(data).hexdigest()
        assert got_sum == wanted_sum, "checksum of %s" % path
        sets.setdefault(file["part"], {})[file.get("column")] = (path, file["rows"])
    columns = job["columns"]
    if job["format"] == "numpy":
        rows = numpy_rows([sets[k] for k in sorted(sets)], columns)
    else:
        parts = [sets[k][None] for k in sorted(sets)]
        rows = (parquet_rows if job["format"] == "parquet" else json_rows)(parts, columns)
    count = 0
    wanted = open(expected, encoding="utf-8")
    for got in rows:
        line = wanted.readline()
        if not line:
            return print("more rows than", count)
        want = json.loads(line)
        if got != want:
            where = [c["name"] for c, g, w in zip(columns, got, want) if g != w]
            return print("row", count + 1, where, [g for g, w in zip(got, want) if g != w], [w for g, w in zip(got, want) if g != w])
        count += 1
    if wanted.readline():
        return print("fewer rows:", count)
    assert count == job["rows"], (count, job["rows"])
    print("same", count)


main(*sys.argv[1:3])
