"""What is document number n?  Made from a seed alone, so that source, target and expectations can be made apart."""
import numpy

BLOCK = 1000
WORDS = ["Lampe", "übung", "crème", "naïve", "москва", "東京", "Øre", "plain", "žluť", "ελλάδα", "emoji 🙂", "quote \"q\"",
         "back\\slash", "tab\tbed", "straße", "data"]


def vectors(block, dims, seed=1):
    """The BLOCK unit vectors of one block, float32."""
    v = numpy.random.default_rng([seed, block]).standard_normal((BLOCK, dims), dtype=numpy.float32)
    return v / numpy.linalg.norm(v, axis=1, keepdims=True)


def title(n):
    return "%s %d" % (WORDS[n % len(WORDS)], n)


def price(n):
    return (n * 7919 % 100000) / 100 + 0.05


def blocks(rows, dims, seed=1):
    """(ids, titles, prices, vectors) of up to BLOCK documents each; ids count from 1."""
    for block in range(-(-rows // BLOCK)):
        ids = list(range(block * BLOCK + 1, min((block + 1) * BLOCK, rows) + 1))
        yield ids, [title(n) for n in ids], [price(n) for n in ids], vectors(block, dims, seed)[:len(ids)]
