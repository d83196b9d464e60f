# Which Faiss files are tested with, and what does faiss itself say is in them?
import os
import signal
import struct
import faiss
import numpy as np

D, N = 32, 600
faiss.omp_set_num_threads(1)

# Every kind that this faiss-cpu can write, by its factory string; those that it cannot are left out.
EXACT = """Flat|IDMap,Flat|IDMap2,Flat|IDMap2,IVF8,Flat|IVF8,Flat|IVF8_HNSW8,Flat|IMI2x2,Flat|IVF8,FlatDedup|HNSW8,Flat
IDMap,HNSW8,Flat|NSG8,Flat|IVF16(RCQ2x2),Flat|IVF8,SQ8,RFlat|PQ4np,RFlat|IVF512,Flat""".replace("\n", "|").split("|")
LOSSY = """HNSW8,SQ8|HNSW8_PQ8np|NSG8,PQ8x4np|NSG8,SQ8|PQ8x4np|PQ8x4fs|IVF8,PQ8x4np|IVF8,PQ8+8|IVF8,PQ8x4fs|SQ8|SQ6|SQ4|SQfp16
IVF8,SQ8|IVF8,SQfp16|LSH|LSHr|RQ2x4|LSQ2x4|PRQ2x1x4|PLSQ2x1x4|IVF8,RQ2x4|IVF8,LSQ2x4|IVF8,PRQ2x1x4|IVF8,PLSQ2x1x4
RQ3x4fs_Nrq2x4|LSQ3x4fs_Nlsq2x4|IVF8,RQ3x4fs_Nrq2x4|PCA16,Flat|L2norm,Flat|RR32,Flat|PCAR16,IVF8,SQ8|PQ4x4np,Refine(SQ8)
IDMap2,PCA16,SQ8|OPQ4_16,PQ4x4np|SQ8 of 30|SQ6 of 30|SQ4 of 31|IVF8,SQ8 of 30|IVF8,SQ4 of 40""".replace("\n", "|").split("|")
BINARY = "BFlat|BIVF8|BHNSW8|BHash8|BHash2x8".split("|")


def ids_of(n):
    ids = np.random.RandomState(3).permutation(np.arange(n, dtype="i8") * 1000003 - 2**40)
    if n > 3:
        ids[:4] = [-1, 2**63 - 1, -2**63, 0]
    return ids


def data(n=N, d=D):
    return np.random.RandomState(1).randn(n, d).astype("f4")


def bits(n=N, d=64):
    return np.random.RandomState(2).randint(0, 256, (n, d // 8)).astype("u1")


def rows(index):
    """All (id, vector) that faiss itself takes out of an index, in any order."""
    index = faiss.downcast_index(index) if isinstance(index, faiss.Index) else index
    if isinstance(index, (faiss.IndexIDMap, faiss.IndexIDMap2)):
        ids = faiss.vector_to_array(index.id_map)
        inner_ids, x = rows(index.index)
        return ids[inner_ids], x
    if isinstance(index, faiss.IndexPreTransform):
        ids, x = rows(index.index)
        return ids, reverse(index, x)
    if isinstance(index, faiss.IndexRefine):
        return rows(index.refine_index)
    if isinstance(index, faiss.IndexHNSW) or isinstance(index, faiss.IndexNSG):
        return rows(index.storage)
    if isinstance(index, faiss.IndexIVF):
        return lists(index)
    return np.arange(index.ntotal), index.reconstruct_n(0, index.ntotal) if index.ntotal else np.zeros((0, index.d), "f4")


def reverse(index, x):
    for i in reversed(range(index.chain.size())):
        x = faiss.downcast_VectorTransform(index.chain.at(i)).reverse_transform(np.ascontiguousarray(x))
    return x


def lists(ivf):
    ids, xs = [], []
    x = np.zeros(ivf.d, "f4")
    dedup = {}
    for l in range(ivf.nlist):
        n = ivf.invlists.list_size(l)
        if n:
            ids.append(faiss.rev_swig_ptr(ivf.invlists.get_ids(l), n).copy())
        for i in range(n):
            if isinstance(ivf, faiss.IndexIVFFlatDedup):
                code = faiss.rev_swig_ptr(ivf.invlists.get_codes(l), n * ivf.code_size).reshape(n, -1)[i]
                xs.append(np.frombuffer(code.tobytes(), "f4"))
            elif isinstance(ivf, faiss.IndexIVFAdditiveQuantizer):
                code = faiss.rev_swig_ptr(ivf.invlists.get_codes(l), n * ivf.code_size).reshape(n, -1)[i:i + 1].copy()
                y = ivf.aq.decode(code)[0]
                xs.append(y + ivf.quantizer.reconstruct(l) if ivf.by_residual else y)
            else:
                ivf.reconstruct_from_offset(l, i, faiss.swig_ptr(x))
                xs.append(x.copy())
    return (np.concatenate(ids) if ids else np.zeros(0, "i8")), (np.array(xs) if xs else np.zeros((0, ivf.d), "f4"))


class Slow(Exception):
    pass


def alarm(*_):
    raise Slow


def bound_of(index):
    """
    How far from faiss's may a vector be after a matrix was undone?  Any BLAS adds the products in an order of its
    own, in blocks by the number of vectors: of n products each result is within n * 2^-24 of the sum of their
    sizes (Higham, Accuracy and Stability, 3.1), so two of them are within twice that.
    """
    while isinstance(index, faiss.IndexIDMap):
        index = faiss.downcast_index(index.index)
    if not isinstance(index, faiss.IndexPreTransform):
        return None
    matrices = [m for m in map(faiss.downcast_VectorTransform, map(index.chain.at, range(index.chain.size())))
                if isinstance(m, faiss.LinearTransform)]
    if not matrices:
        return None
    m, = matrices
    a = np.abs(faiss.vector_to_array(m.A).reshape(m.d_out, m.d_in)).astype("f8")
    y = rows(index.index)[1].astype("f8") - (faiss.vector_to_array(m.b) if m.have_bias else 0)
    return 2 * (m.d_out + 1) * 2.0**-24 * (np.abs(y) @ a)


def rounded_twice(index):
    """
    Before it chose instructions at run time, faiss-cpu rounded minimum + value * range once whatever the number of
    dimensions: where that is no multiple of 8, as far as one more rounding is its scalar quantizer from the newest.
    """
    if tuple(map(int, faiss.__version__.split(".")[:2])) >= (1, 10) or index.d % 8 == 0:
        return None
    sq = faiss.downcast_index(index).sq
    low, span = np.abs(faiss.vector_to_array(sq.trained).reshape(2, -1).astype("f8"))
    return 2.0**-23 * (2 * span + 2 * low + np.abs(rows(index)[1]))


def make(out, factory, binary=False):
    """Write one file and what is in it; None if this faiss cannot make it."""
    name = factory.translate(str.maketrans(",()+ ", "_--p_"))
    factory, _, d = factory.partition(" of ")
    d = int(d or D)
    x, d = (bits(), 64) if binary else (data(d=d), d)
    ids = ids_of(len(x))
    # IndexIVFPQR finds its second codes by id; duplicates come together in Dedup
    if "+" in factory:
        ids = np.arange(len(x))[::-1].copy()
    if "Dedup" in factory:
        x[300:] = x[:300]
    signal.signal(signal.SIGALRM, alarm)
    signal.alarm(30)
    try:
        index = faiss.index_binary_factory(d, factory) if binary else faiss.index_factory(d, factory)
        index.train(x)
        try:
            index.add_with_ids(x, ids)
        except RuntimeError:
            index.add(x)
            ids = np.arange(len(x))
        if binary or "Dedup" in factory:
            expected = (ids, x)
        else:
            expected = rows(index)
        path = "%s/%s.faiss" % (out, name)
        (faiss.write_index_binary if binary else faiss.write_index)(index, path)
        bound = None if binary else bound_of(faiss.downcast_index(index))
        if bound is None and "SQ" in factory and not binary:
            bound = rounded_twice(index)
        np.savez(path + ".npz", ids=expected[0], x=expected[1], **({} if bound is None else {"bound": bound}))
        return name
    except (RuntimeError, AttributeError, Slow):
        return None
    finally:
        signal.alarm(0)


def make_all(out):
    for kind, factories in (("exact", EXACT), ("lossy", LOSSY), ("binary", BINARY)):
        for factory in factories:
            name = make(out, factory, kind == "binary")
            print(kind if name else "none", factory, name or "-", sep="\t")


def text_vector(text):
    if text[0] == "{":
        return np.array(text[1:-1].split(","), dtype="f8").astype("f4") if text != "{}" else np.zeros(0, "f4")
    return np.packbits(np.frombuffer(text.encode(), "u1") - 48)


def compare(path, expected_path):
    """What is wrong between rows as SQL gave them (id, vector) and those expected."""
    got = [line.rstrip("\n").split("\t") for line in open(path)]
    e = np.load(expected_path)
    ids, x = e["ids"], e["x"]
    if len(got) != len(ids):
        return "%d rows, %d expected" % (len(got), len(ids))
    if not got:
        return "equal"
    got_ids = np.array([int(g[0]) for g in got], dtype="i8")
    got_x = np.array([text_vector(g[1]) for g in got])
    a, b = np.lexsort(tuple(got_x.T[:3]) + (got_ids,)), np.lexsort(tuple(x.T[:3]) + (ids,))
    if not (got_ids[a] == ids[b]).all():
        return "ids differ"
    if got_x[a].tobytes() == np.ascontiguousarray(x[b]).tobytes():
        return "equal"
    # as far as the arithmetic is defined
    off = np.abs(got_x[a].astype("f8") - x[b])
    if "bound" in e and (off <= e["bound"][b]).all():
        return "equal"
    return "%d values differ, by %g" % ((off > 0).sum(), off.max())


def legacy(out):
    """IVFFlat as Faiss 1.5 and before wrote it: ids and vectors of the lists apart from each other."""
    x, ids = data(), ids_of(N)
    index = faiss.index_factory(D, "IVF8,Flat")
    index.train(x)
    index.add_with_ids(x, ids)
    faiss.write_index(faiss.downcast_index(index.quantizer), out + "/q")
    quantizer = open(out + "/q", "rb").read()
    os.unlink(out + "/q")
    lists_of = [faiss.rev_swig_ptr(index.invlists.get_ids(l), index.invlists.list_size(l)).copy() for l in range(8)]
    by_id = dict(zip(ids.tolist(), x))
    head = struct.pack("<iqqqbi", D, N, 1 << 20, 1 << 20, 1, 1) + struct.pack("<qq", 8, 1) + quantizer
    head += b"".join(struct.pack("<q", len(l)) + l.tobytes() for l in lists_of) + struct.pack("<bq", 0, 0)
    for fourcc, unit in (("IvFL", 1), ("IvFl", 4)):
        body = b""
        for l in lists_of:
            v = b"".join(by_id[i].tobytes() for i in l.tolist())
            body += struct.pack("<q", len(v) // unit) + v
        path = "%s/%s.faiss" % (out, fourcc)
        open(path, "wb").write(fourcc.encode() + head + body)
        np.savez(path + ".npz", ids=ids, x=x)
        faiss.read_index(path)  # that it is one
