"""What do pymilvus's own messages, numpy and ml_dtypes say of each type?

milvus2_types.py DIR writes, for milvus2_types.c to hold its own work against:
  schema        a DescribeCollectionResponse with a field of each type
  reply         QueryResults with rows of it
  NAME.insert   the FieldData that pymilvus sends for the same rows
  NAME.values   the rows as plain bytes: the present ones back to back, with a uint32 of their length before those that
                vary, and of their count before lists; JSON as text
  NAME.floats   vectors as float32
  widen, narrow every half and bfloat16 as float32; doubles and floats with the nearest half and bfloat16
"""
import json
import struct
import sys

import ml_dtypes
import numpy as np
from pymilvus import DataType as T
from pymilvus.client.prepare import Prepare
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

out = sys.argv[1]


def write(name, data):
    with open(f"{out}/{name}", "wb") as f:
        f.write(data)


def half(*values):
    return np.array(values, dtype=np.float16)


def bfloat(*values):
    return np.array(values, dtype=ml_dtypes.bfloat16)


ROWS = 4
TIMES = ["0001-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z", "2024-02-29T12:34:56.789012Z", "9999-12-31T23:59:59.999999Z"]
MICROS = [-62135596800000000, -1, 1709210096789012, 253402300799999999]

# name: type, what the schema says more, values (None = NULL)
FIELDS = {
    "id": (T.INT64, {"is_primary": True}, [1, 2, 3, 4]),
    "bf": (T.BFLOAT16_VECTOR, {"dim": 4}, [bfloat(0, -0.0, 1e-40, -1e-40), bfloat(3.3895314e38, -3.3895314e38, 1, 2), bfloat(1.17e-38, 0.1, 5, -7), bfloat(1, 2, 3, 4)]),
    "hf": (T.FLOAT16_VECTOR, {"dim": 4}, [half(0, -0.0, 6e-8, -6e-8), half(65504, -65504, 1, 2), half(6.1e-5, 0.1, 5, -7), half(1, 2, 3, 4)]),
    "iv": (T.INT8_VECTOR, {"dim": 4}, [np.array(v, dtype=np.int8) for v in ([-128, 127, 0, -1], [1, 2, 3, 4], [0, 0, 0, 0], [-5, 5, -6, 6])]),
    "bv": (T.BINARY_VECTOR, {"dim": 16}, [b"\x00\x00", b"\xff\xff", b"\x80\x01", b"\xa5\x5a"]),
    "sv": (T.SPARSE_FLOAT_VECTOR, {}, [{}, {0: 1.0}, {7: -0.0, 300: 1e-45, 4294967294: 3.4028234663852886e38}, {5: -2.5}]),
    "nsv": (T.SPARSE_FLOAT_VECTOR, {"nullable": True}, [None, {1: 1.0}, None, {2: 2.0, 3: 3.0}]),
    "fv": (T.FLOAT_VECTOR, {"dim": 4}, [[0.0, -0.0, 1e-45, -1e-45], [3.4028234663852886e38] * 4, [1.1754943508222875e-38, 0.10000000149011612, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]]),
    "nv": (T.FLOAT_VECTOR, {"dim": 4, "nullable": True}, [None, [1.0, 2.0, 3.0, 4.0], None, [5.0, 6.0, 7.0, 8.0]]),
    "niv": (T.INT8_VECTOR, {"dim": 4, "nullable": True}, [np.array([1, 2, 3, -4], dtype=np.int8), None, None, np.array([5, 6, 7, 8], dtype=np.int8)]),
    "ab": (T.ARRAY, {"element": T.BOOL}, [[], [True], [False, True], [True] * 20]),
    "a8": (T.ARRAY, {"element": T.INT8}, [[], [-128, 127], [0], [1] * 20]),
    "a16": (T.ARRAY, {"element": T.INT16}, [[], [-32768, 32767], [0], [1] * 20]),
    "a32": (T.ARRAY, {"element": T.INT32}, [[], [-2**31, 2**31 - 1], [0], [1] * 20]),
    "a64": (T.ARRAY, {"element": T.INT64}, [[], [-2**63, 2**63 - 1], [0], [1] * 20]),
    "af": (T.ARRAY, {"element": T.FLOAT}, [[], [-0.0, 1e-45], [float("inf")], [1.5] * 20]),
    "ad": (T.ARRAY, {"element": T.DOUBLE}, [[], [-0.0, 5e-324], [float("-inf")], [0.1] * 20]),
    "as": (T.ARRAY, {"element": T.VARCHAR, "max_length": 40}, [[], ["", "é🙂"], ["x" * 40], ["a"] * 20]),
    "na": (T.ARRAY, {"element": T.INT32, "nullable": True}, [None, [1], [], None]),
    "g": (T.GEOMETRY, {}, ["POINT (1 2)", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 1 0, 1 1, 0 0))", "POINT (-0.5 1e10)"]),
    "ng": (T.GEOMETRY, {"nullable": True}, ["POINT (1 2)", None, None, "POINT (3 4)"]),
    "ts": (T.TIMESTAMPTZ, {}, TIMES),
    "nts": (T.TIMESTAMPTZ, {"nullable": True}, [None, TIMES[1], None, TIMES[3]]),
    "txt": (T.TEXT, {}, ["", "é", "🙂" * 30, "x"]),
    "ni": (T.INT16, {"nullable": True}, [None, -32768, 32767, None]),
    "di": (T.INT64, {"default": 5}, [None, -1, None, 2**62]),
    "j": (T.JSON, {}, ['{"a":1}', "[1,null]", '"text"', "null"]),
}
MEMBERS = {
    "n": (T.INT32, {}), "big": (T.INT64, {}), "t": (T.VARCHAR, {"max_length": 30}), "b": (T.BOOL, {}), "d": (T.DOUBLE, {}), "f": (T.FLOAT, {}),
    "v": (T.FLOAT_VECTOR, {"dim": 2}), "h": (T.FLOAT16_VECTOR, {"dim": 2}), "i8": (T.INT8_VECTOR, {"dim": 2}), "bits": (T.BINARY_VECTOR, {"dim": 8}),
}


def one(n, t, bits):
    return {"n": n, "big": n * 2**40, "t": t, "b": n > 0, "d": n / 8, "f": n / 4, "v": [n + 0.5, -0.25], "h": [n + 0.5, 0.125], "i8": [n, -n], "bits": bits}


STRUCTS = {
    "st": (False, [[], [one(1, "é\"\\", "10110000")], [one(-2, "", "00000000"), one(3, "x", "11111111")], [one(n, "t", "00000001") for n in range(5)]]),
    "nst": (True, [None, [one(1, "a", "10110000")], None, []]),
}


def params(more):
    return {k: v for k, v in more.items() if k in ("dim", "max_length")}


def pairs(values):
    return [common_pb2.KeyValuePair(key=k, value=str(v)) for k, v in values.items()]


# ---- schema
schema = schema_pb2.CollectionSchema(name="all")
for number, (name, (kind, more, _)) in enumerate(FIELDS.items()):
    values = params(more)
    if kind == T.ARRAY:
        values["max_capacity"] = 20
    f = schema.fields.add(fieldID=100 + number, name=name, data_type=int(kind), is_primary_key=name == "id", nullable=more.get("nullable", False),
                          element_type=int(more.get("element", 0)), type_params=pairs(values))
    if "default" in more:
        f.default_value.long_data = more["default"]
schema.fields.add(fieldID=200, name="bm25", data_type=int(T.SPARSE_FLOAT_VECTOR), is_function_output=True)
for name, (nullable, _) in STRUCTS.items():
    s = schema.struct_array_fields.add(name=name, nullable=nullable)
    for member, (kind, more) in MEMBERS.items():
        vector = int(kind) >= 100
        s.fields.add(name=f"{name}[{member}]", data_type=106 if vector else 22, element_type=int(kind), type_params=pairs({**params(more), "max_capacity": 7}))
write("schema", milvus_pb2.DescribeCollectionResponse(schema=schema, collection_name="all").SerializeToString())

# ---- what pymilvus sends
fields_info = [{"name": name, "type": kind, "params": {**params(more), "max_capacity": 20}, "is_primary": name == "id", "nullable": more.get("nullable", False),
                "element_type": more.get("element"), **({"default_value": more["default"]} if "default" in more else {})} for name, (kind, more, _) in FIELDS.items()]
structs_info = [{"name": name, "nullable": nullable, "fields": [
    {"name": member, "type": T._ARRAY_OF_VECTOR if int(kind) >= 100 else T.ARRAY, "element_type": kind, "nullable": nullable, "params": {**params(more), "max_capacity": 7}}
    for member, (kind, more) in MEMBERS.items()]} for name, (nullable, _) in STRUCTS.items()]


def for_client(struct_value):
    if struct_value is None:
        return None
    return [{**s, "h": half(*s["h"]), "i8": np.array(s["i8"], dtype=np.int8), "bits": int(s["bits"], 2).to_bytes(1, "big")} for s in struct_value]


entities = []
for row in range(ROWS):
    entity = {name: values[row] for name, (_, _, values) in FIELDS.items()}
    entity.update({name: for_client(values[row]) for name, (_, values) in STRUCTS.items()})
    entities.append(entity)
request = Prepare.row_insert_param("all", entities, "", fields_info, structs_info)
sent = {f.field_name: f for f in request.fields_data}


def fill_element_types(field):
    """Only some clients say it; we always do, and so do servers."""
    if field.field_name in FIELDS and FIELDS[field.field_name][0] == T.ARRAY:
        field.scalars.array_data.element_type = int(FIELDS[field.field_name][1]["element"])
    for member in field.struct_arrays.fields:
        if member.type == 22:
            member.scalars.array_data.element_type = int(MEMBERS[member.field_name][0])


def canonical(field):
    """Empty arrays are there, and a sparse vector's dimensions are those of all rows."""
    fill_element_types(field)
    arrays = [field.scalars.array_data] if field.type == 22 else [m.scalars.array_data for m in field.struct_arrays.fields if m.type == 22]
    for array in arrays:
        for row in array.data:
            if row.WhichOneof("data") is None:
                getattr(row, {1: "bool_data", 2: "int_data", 3: "int_data", 4: "int_data", 5: "long_data", 10: "float_data", 11: "double_data",
                              21: "string_data"}[array.element_type]).SetInParent()
    for member in field.struct_arrays.fields:
        for row in member.vectors.vector_array.data:
            if row.WhichOneof("data") is None and member.vectors.vector_array.element_type == 101:
                row.float_vector.SetInParent()
            elif row.WhichOneof("data") is None:
                setattr(row, {102: "float16_vector", 105: "int8_vector", 100: "binary_vector"}[member.vectors.vector_array.element_type], b"")
    if field.type == 104:
        indices = [struct.unpack_from("<I", row, len(row) - 8)[0] + 1 for row in field.vectors.sparse_float_vector.contents if row]
        field.vectors.sparse_float_vector.dim = max(indices, default=0)


for name, field in sent.items():
    canonical(field)
    write(f"{name}.insert", field.SerializeToString(deterministic=True))

# ---- what a server answers: scalars keep a slot where there is none, members are called by their struct
reply = milvus_pb2.QueryResults()
for name, field in sent.items():
    answer = reply.fields_data.add()
    answer.CopyFrom(field)
    if field.valid_data and field.type < 100:
        slot = field.scalars.WhichOneof("data")
        data = getattr(answer.scalars, slot).data
        filled = list(data)
        del data[:]
        for valid in field.valid_data:
            value = filled.pop(0) if valid else None
            if slot == "array_data":
                data.add().CopyFrom(value if valid else schema_pb2.ScalarField())
            else:
                data.append(value if valid else type(getattr(field.scalars, slot).data[0])())
    for member in answer.struct_arrays.fields:
        member.field_name = f"{name}[{member.field_name}]"
write("reply", reply.SerializeToString())

# ---- values
FIXED = {T.INT64: "<q", T.INT16: "<h"}
ELEMENTS = {T.BOOL: np.uint8, T.INT8: np.int8, T.INT16: np.int16, T.INT32: np.int32, T.INT64: np.int64, T.FLOAT: np.float32, T.DOUBLE: np.float64}


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<I", len(data)) + data


def value_bytes(kind, more, value):
    if kind == T.ARRAY:
        count = struct.pack("<I", len(value))
        if more["element"] == T.VARCHAR:
            return count + b"".join(text(v) for v in value)
        return count + np.array(value, dtype=ELEMENTS[more["element"]]).tobytes()
    if kind == T.TIMESTAMPTZ:
        return struct.pack("<q", MICROS[TIMES.index(value)])
    if kind in FIXED:
        return struct.pack(FIXED[kind], value)
    if kind == T.SPARSE_FLOAT_VECTOR:
        return text(b"".join(struct.pack("<If", i, w) for i, w in sorted(value.items())))
    if kind == T.FLOAT_VECTOR:
        return np.array(value, dtype=np.float32).tobytes()
    return value.tobytes() if isinstance(value, np.ndarray) else value if int(kind) >= 100 else text(value)


for name, (kind, more, values) in FIELDS.items():
    there = [v for v in values if v is not None]
    write(f"{name}.values", b"".join(value_bytes(kind, more, v) for v in there))
    if kind in (T.BFLOAT16_VECTOR, T.FLOAT16_VECTOR):
        write(f"{name}.floats", b"".join(v.astype(np.float32).tobytes() for v in there))
for name, (_, values) in STRUCTS.items():
    write(f"{name}.values", b"".join(text(json.dumps(v, ensure_ascii=False)) for v in values if v is not None))

# ---- two bytes and four
every = np.arange(65536, dtype=np.uint16)
write("widen", every.view(np.float16).astype(np.float32).tobytes() + every.view(ml_dtypes.bfloat16).astype(np.float32).tobytes())
random = np.random.default_rng(1)
bits = random.integers(0, 2**64, 200000, dtype=np.uint64).view(np.float64)
halves = every.view(np.float16).astype(np.float64)
halves = halves[np.isfinite(halves)]
ties = (halves[:-1] + halves[1:]) / 2
near = np.concatenate([halves, ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf), random.normal(0, 1, 100000), random.normal(0, 1e-6, 100000),
                       random.normal(0, 60000, 100000), bits[~np.isnan(bits)], [65519.999999, 65520, -65520, np.inf, -np.inf, 0.0, -0.0, 2.0**-25, np.nextafter(2.0**-25, 1)]])
singles = np.concatenate([random.integers(0, 2**32, 300000, dtype=np.uint32).view(np.float32), np.arange(0x7F7F0000, 0x7F800001, 1, dtype=np.uint32).view(np.float32)])
singles = singles[~np.isnan(singles)]
with np.errstate(over="ignore", under="ignore"):
    write("narrow", struct.pack("<II", len(near), len(singles)) + near.astype(np.float64).tobytes() + near.astype(np.float16).view(np.uint16).tobytes()
          + singles.tobytes() + singles.astype(ml_dtypes.bfloat16).view(np.uint16).tobytes())
