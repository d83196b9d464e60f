# Which HDF5 files are tested with?
import os
import sys
import h5py
import numpy as np

TYPES = "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 >f4 >i8 ?".split()


def damaged(of, out):
    """The two kinds of file that end libhdf5 1.10.8: their virtual dataset's description is not what it says."""
    data = open(of + "/links.h5", "rb").read()
    heap = data.find(b"GCOL")
    circle = bytearray(data)
    circle[heap + 16:heap + 32] = bytes(16)  # an object of no size: the next one is where it is
    open(out + "/circle.h5", "wb").write(circle)
    crash = bytearray(data)
    crash[heap + 105], crash[heap + 109] = 255, 0  # a selection of 255 dimensions, which is written past a buffer
    open(out + "/crash.h5", "wb").write(crash)


def make_all(out):
    r = np.random.RandomState(1)
    with h5py.File(out + "/milvusdm.h5", "w") as f:
        f["embeddings"] = r.randn(5000, 100)
        f["ids"] = np.arange(5000) - 2500
    with h5py.File(out + "/milvusdm_float.h5", "w") as f:
        f["embeddings"] = r.randn(300, 4096).astype("f4")
    with h5py.File(out + "/bytes.h5", "w") as f:
        f["embeddings"] = r.randint(0, 256, (5, 8)).astype("u1")
        f["ids"] = np.arange(5)
    with h5py.File(out + "/strings.h5", "w") as f:
        x = r.randint(0, 256, (5, 64)).astype("u1")
        x[:, -2:] = 0  # NumPy would drop these from a string
        f.create_dataset("embeddings", (5,), "S64")
        f["embeddings"].id.write(h5py.h5s.ALL, h5py.h5s.ALL, x.view("S64").copy())
        f["ids"] = [-1, 2**63 - 1, -2**63, 0, 7]
        np.save(out + "/strings.npy", x)
    with h5py.File(out + "/ann-4-euclidean.hdf5", "w") as f:
        f.attrs["type"], f.attrs["distance"], f.attrs["dimension"] = "dense", "euclidean", 4
        f.create_dataset("train", data=r.randn(1000, 4).astype("f4"), chunks=(64, 4), compression="gzip", shuffle=True, fletcher32=True)
        f["test"] = r.randn(20, 4).astype("f4")
        f["neighbors"] = r.randint(0, 1000, (20, 10)).astype("i4")
        f["distances"] = r.rand(20, 10).astype("f4")
    for name, libver in (("types", "earliest"), ("types_v110", ("v110", "v110"))):
        with h5py.File(out + "/%s.h5" % name, "w", libver=libver) as f:
            g = f.create_group("g")
            for t in TYPES:
                g[t.replace(">", "be").replace("?", "bool")] = (np.arange(10) % 2 if t == "?" else np.arange(10)).astype(t)
            g["fixed"] = np.array([b"a%d" % i for i in range(10)])
            g["text"] = ["x%d\u00fc\u2603" % i for i in range(10)]
            g["compound"] = np.zeros(10, dtype="i4,f4")
            g["bits"] = r.randint(0, 2, (10, 12)).astype(bool)
            for n in (1, 2, 3, 20):
                g.create_dataset("chunked%d" % n, data=np.arange(10 * n).reshape(10, n), maxshape=(None, n), chunks=(3, n))
            g.create_dataset("growing", data=np.arange(10), maxshape=(None,), chunks=(4,), compression="gzip")
    with h5py.File(out + "/links.h5", "w") as f:
        f["external"] = h5py.ExternalLink("milvusdm.h5", "/embeddings")
        f["soft"] = h5py.SoftLink("/ids")
        f["ids"] = np.arange(3)
        f.create_dataset("raw", (3,), "i8", external=[("/etc/hostname", 0, 24)])
        layout = h5py.VirtualLayout((3,), "i8")
        layout[:] = h5py.VirtualSource("milvusdm.h5", "ids", (5000,))[:3]
        f.create_virtual_dataset("virtual", layout)
        f["big"] = np.array([1e300, 1, 2])
        f["wide"] = np.array([[1e300], [1], [2]])
        f["empty"] = np.zeros((0, 4), "f4")
        f["cube"] = np.zeros((3, 3, 3))
        f["scalar"] = 5
    open(out + "/damaged.h5", "wb").write(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)


def dump(path):
    """What h5py reads of a file, for comparison with SQL."""
    with h5py.File(path) as f:
        for name in sorted(n for n in f if isinstance(f[n], h5py.Dataset)):
            d = f[name]
            print(name, d.dtype, d.shape, d.compression, d.shuffle, np.asarray(d[:1]).tolist(), np.asarray(d[-1:]).tolist(), sep="|")
