/*
 * library.cpp - How does C reach libfaiss?
 *
 * Debian ships the headers of Faiss's C API without objects for it: those of
 * its functions that we use are here, over libfaiss.a, unless the build found
 * libfaiss_c.  And here is what that API lacks.  No exception leaves this file.
 */
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <faiss/Index2Layer.h>
#include <faiss/IndexAdditiveQuantizerFastScan.h>
#include <faiss/IndexBinary.h>
#include <faiss/IndexBinaryFlat.h>
#include <faiss/IndexBinaryFromFloat.h>
#include <faiss/IndexBinaryHNSW.h>
#include <faiss/IndexBinaryHash.h>
#include <faiss/IndexBinaryIVF.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFAdditiveQuantizer.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexIVFPQR.h>
#include <faiss/IndexIVFSpectralHash.h>
#include <faiss/IndexNNDescent.h>
#include <faiss/IndexNSG.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/IndexRefine.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>

#include "library.h"
#include "src/connector/faiss/scalar.h"

namespace {

using idx_t = int64_t;

std::string last_error;

template <typename Body>
int guarded(Body body)
{
	try
	{
		body();
		return 0;
	}
	catch (const faiss::FaissException &e)
	{
		last_error = e.msg;
		return -2;
	}
	catch (const std::bad_alloc &)
	{
		last_error = "out of memory";
		return -4;
	}
	catch (const std::exception &e)
	{
		last_error = e.what();
		return -4;
	}
	catch (...)
	{
		last_error = "unknown exception";
		return -1;
	}
}

void require(bool ok, const char *what)
{
	if (!ok)
		throw std::runtime_error(what);
}

/* What is emitted at once, in bytes. */
constexpr size_t PIECE = 256 * 1024;

/* Ids, transforms to be undone, and where to. */
struct Output
{
	bool vectors;
	MfFaissEmit emit;
	const std::vector<idx_t> *id_map = nullptr;
	const faiss::IndexPreTransform *transform = nullptr;

	void rows(idx_t n, const idx_t *ids, const float *x) const
	{
		std::vector<idx_t> mapped;
		std::unique_ptr<float[]> back;

		if (id_map)
		{
			for (idx_t i = 0; i < n; i++)
			{
				require(ids[i] >= 0 && ids[i] < (idx_t) id_map->size(), "an id beyond the map of ids");
				mapped.push_back((*id_map)[ids[i]]);
			}
			ids = mapped.data();
		}
		if (vectors && transform)
		{
			back.reset(new float[n * transform->d]);
			transform->reverse_chain(n, x, back.get());
			x = back.get();
		}
		emit(n, ids, vectors ? (const void *) x : nullptr);
	}
};

/* As faiss-cpu does it, whose last bits are not those of Debian's build. */
void decode(const faiss::ScalarQuantizer &sq, const uint8_t *codes, idx_t n, float *x)
{
	MfFaissScalar scalar{(int) sq.qtype, sq.d, sq.code_size, sq.trained.data()};

	mf_faiss_scalar_decode(&scalar, codes, (size_t) n, x);
}

void add_centroid(const faiss::IndexIVF *ivf, size_t list, float *x)
{
	std::vector<float> centroid(ivf->d);

	ivf->quantizer->reconstruct(list, centroid.data());
	for (int i = 0; i < ivf->d; i++)
		x[i] += centroid[i];
}

/* One row of an inverted list. */
void decode(const faiss::IndexIVF *ivf, size_t list, size_t offset, float *x)
{
	auto additive = dynamic_cast<const faiss::IndexIVFAdditiveQuantizer *>(ivf);
	auto scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer *>(ivf);

	if (!additive && !scalar)
	{
		/* its second codes are found by id, which libfaiss asserts */
		if (dynamic_cast<const faiss::IndexIVFPQR *>(ivf))
		{
			idx_t id = ivf->invlists->get_single_id(list, offset);
			require(id >= 0 && id < ivf->ntotal, "the refined codes of an IndexIVFPQR cannot be found by ids "
					"that are not the numbers of its rows");
		}
		ivf->reconstruct_from_offset(list, offset, x);
		return;
	}
	faiss::InvertedLists::ScopedCodes codes(ivf->invlists, list);
	if (scalar)
		decode(scalar->sq, codes.get() + offset * ivf->code_size, 1, x);
	else
		additive->aq->decode(codes.get() + offset * ivf->code_size, x, 1);
	if (scalar ? scalar->by_residual : additive->by_residual)
		add_centroid(ivf, list, x);
}

void lists(const faiss::IndexIVF *ivf, const Output &out)
{
	auto dedup = dynamic_cast<const faiss::IndexIVFFlatDedup *>(ivf);
	size_t at_once = std::max<size_t>(1, PIECE / (ivf->d * sizeof(float)));
	std::vector<idx_t> ids;
	std::vector<float> x;

	require(!out.vectors || !dynamic_cast<const faiss::IndexIVFSpectralHash *>(ivf),
			"vectors cannot be decoded from a spectral hash");
	auto flush = [&]() {
		if (!ids.empty())
			out.rows((idx_t) ids.size(), ids.data(), x.data());
		ids.clear();
		x.clear();
	};
	auto add = [&](idx_t id, const float *v) {
		ids.push_back(id);
		if (out.vectors)
			x.insert(x.end(), v, v + ivf->d);
		if (ids.size() >= at_once)
			flush();
	};
	for (size_t list = 0; list < ivf->nlist; list++)
	{
		size_t n = ivf->invlists ? ivf->invlists->list_size(list) : 0;
		std::vector<float> one(ivf->d);

		if (n == 0)
			continue;
		faiss::InvertedLists::ScopedIds list_ids(ivf->invlists, list);
		for (size_t i = 0; i < n; i++)
		{
			if (out.vectors && dedup)
			{
				faiss::InvertedLists::ScopedCodes codes(ivf->invlists, list);
				memcpy(one.data(), codes.get() + i * ivf->code_size, ivf->code_size);
			}
			else if (out.vectors)
				decode(ivf, list, i, one.data());
			add(list_ids[i], one.data());
			if (dedup)
			{
				auto same = dedup->instances.equal_range(list_ids[i]);
				for (auto it = same.first; it != same.second; ++it)
					add(it->second, one.data());
			}
		}
	}
	flush();
}

void sequence(const faiss::Index *index, const Output &out)
{
	auto scalar = dynamic_cast<const faiss::IndexScalarQuantizer *>(index);
	idx_t at_once = std::max<idx_t>(1, PIECE / (index->d * sizeof(float)));
	std::vector<idx_t> ids(at_once);
	std::vector<float> x(out.vectors ? at_once * index->d : 0);

	for (idx_t i = 0; i < index->ntotal; i += at_once)
	{
		idx_t n = std::min(at_once, index->ntotal - i);

		for (idx_t j = 0; j < n; j++)
			ids[j] = i + j;
		if (out.vectors && scalar)
			decode(scalar->sq, scalar->codes.data() + i * scalar->code_size, n, x.data());
		else if (out.vectors)
			index->reconstruct_n(i, n, x.data());
		out.rows(n, ids.data(), x.data());
	}
}

void all_rows(const faiss::Index *index, Output out)
{
	if (auto map = dynamic_cast<const faiss::IndexIDMap *>(index))
	{
		require(!out.id_map, "a map of ids within another");
		out.id_map = &map->id_map;
		all_rows(map->index, out);
	}
	else if (auto transform = dynamic_cast<const faiss::IndexPreTransform *>(index))
	{
		require(!out.transform, "transforms within transforms");
		if (!transform->chain.empty())
			out.transform = transform;
		all_rows(transform->index, out);
	}
	else if (auto refine = dynamic_cast<const faiss::IndexRefine *>(index))
		all_rows(refine->refine_index, out);
	else if (auto hnsw = dynamic_cast<const faiss::IndexHNSW *>(index))
		all_rows(hnsw->storage, out);
	else if (auto nsg = dynamic_cast<const faiss::IndexNSG *>(index))
		all_rows(nsg->storage, out);
	else if (auto nnd = dynamic_cast<const faiss::IndexNNDescent *>(index))
		all_rows(nnd->storage, out);
	else if (auto ivf = dynamic_cast<const faiss::IndexIVF *>(index))
		lists(ivf, out);
	else
		sequence(index, out);
}

/* Floats of -1 and 1 as bits, first dimension lowest, as libfaiss makes them. */
struct Bits
{
	static MfFaissEmit emit;
	static int d;
	static void floats(int64_t n, const int64_t *ids, const void *x)
	{
		std::vector<uint8_t> bytes(n * (d / 8), 0);

		for (int64_t i = 0; x && i < n * d; i++)
		{
			if (((const float *) x)[i] > 0)
				bytes[i / 8] |= (uint8_t) (1 << (i % 8));
		}
		emit(n, ids, x ? bytes.data() : nullptr);
	}
};
MfFaissEmit Bits::emit;
int Bits::d;

} // namespace

#ifndef MF_HAVE_FAISS_C

/* ------------------------------------------------ the C API, as far as we use it */

extern "C" {

const char *faiss_get_last_error()
{
	return last_error.c_str();
}

int faiss_read_index(FILE *f, int io_flags, FaissIndex **out)
{
	return guarded([&] { *out = reinterpret_cast<FaissIndex *>(faiss::read_index(f, io_flags)); });
}

int faiss_read_index_binary(FILE *f, int io_flags, FaissIndexBinary **out)
{
	return guarded([&] { *out = reinterpret_cast<FaissIndexBinary *>(faiss::read_index_binary(f, io_flags)); });
}

int faiss_write_index(const FaissIndex *index, FILE *f)
{
	return guarded([&] { faiss::write_index(reinterpret_cast<const faiss::Index *>(index), f); });
}

int faiss_write_index_binary(const FaissIndexBinary *index, FILE *f)
{
	return guarded([&] { faiss::write_index_binary(reinterpret_cast<const faiss::IndexBinary *>(index), f); });
}

int faiss_index_factory(FaissIndex **out, int d, const char *description, FaissMetricType metric)
{
	return guarded([&] {
		*out = reinterpret_cast<FaissIndex *>(faiss::index_factory(d, description, (faiss::MetricType) metric));
	});
}

int faiss_Index_d(const FaissIndex *index)
{
	return reinterpret_cast<const faiss::Index *>(index)->d;
}

int faiss_IndexBinary_d(const FaissIndexBinary *index)
{
	return reinterpret_cast<const faiss::IndexBinary *>(index)->d;
}

int faiss_Index_is_trained(const FaissIndex *index)
{
	return reinterpret_cast<const faiss::Index *>(index)->is_trained;
}

int faiss_Index_train(FaissIndex *index, idx_t n, const float *x)
{
	return guarded([&] { reinterpret_cast<faiss::Index *>(index)->train(n, x); });
}

int faiss_Index_add(FaissIndex *index, idx_t n, const float *x)
{
	return guarded([&] { reinterpret_cast<faiss::Index *>(index)->add(n, x); });
}

int faiss_Index_add_with_ids(FaissIndex *index, idx_t n, const float *x, const idx_t *ids)
{
	return guarded([&] { reinterpret_cast<faiss::Index *>(index)->add_with_ids(n, x, ids); });
}

int faiss_IndexBinary_is_trained(const FaissIndexBinary *index)
{
	return reinterpret_cast<const faiss::IndexBinary *>(index)->is_trained;
}

int faiss_IndexBinary_train(FaissIndexBinary *index, idx_t n, const uint8_t *x)
{
	return guarded([&] { reinterpret_cast<faiss::IndexBinary *>(index)->train(n, x); });
}

int faiss_IndexBinary_add(FaissIndexBinary *index, idx_t n, const uint8_t *x)
{
	return guarded([&] { reinterpret_cast<faiss::IndexBinary *>(index)->add(n, x); });
}

int faiss_IndexBinary_add_with_ids(FaissIndexBinary *index, idx_t n, const uint8_t *x, const idx_t *ids)
{
	return guarded([&] { reinterpret_cast<faiss::IndexBinary *>(index)->add_with_ids(n, x, ids); });
}

}

#endif

/* ------------------------------------------------------------- what it lacks */

/* Where libfaiss_c has the C API, it does not know of what failed here. */
extern "C" const char *mf_faiss_error()
{
	return last_error.empty() ? faiss_get_last_error() : last_error.c_str();
}

extern "C" int mf_faiss_rows(FaissIndex *index, int vectors, MfFaissEmit emit)
{
	return guarded([&] { all_rows(reinterpret_cast<faiss::Index *>(index), Output{vectors != 0, emit}); });
}

extern "C" int mf_faiss_rows_binary(FaissIndexBinary *index, int vectors, MfFaissEmit emit)
{
	return guarded([&] {
		auto binary = reinterpret_cast<faiss::IndexBinary *>(index);
		Output out{vectors != 0, Bits::floats};

		/* all other binary kinds are read without libfaiss */
		if (auto map = dynamic_cast<faiss::IndexBinaryIDMap *>(binary))
		{
			out.id_map = &map->id_map;
			binary = map->index;
		}
		auto floats = dynamic_cast<faiss::IndexBinaryFromFloat *>(binary);
		require(floats != nullptr, "a binary index of this kind cannot be decoded");
		Bits::emit = emit;
		Bits::d = binary->d;
		all_rows(floats->index, out);
	});
}

extern "C" int mf_faiss_index_binary_factory(FaissIndexBinary **index, int d, const char *description)
{
	return guarded([&] {
		std::string text(description);
		int map = text.rfind("IDMap2,", 0) == 0 ? 2 : text.rfind("IDMap,", 0) == 0 ? 1 : 0;
		size_t skip = map == 2 ? 7 : map == 1 ? 6 : 0;
		faiss::IndexBinary *inner = faiss::index_binary_factory(d, text.c_str() + skip);

		if (map == 1)
			inner = new faiss::IndexBinaryIDMap(inner);
		else if (map == 2)
			inner = new faiss::IndexBinaryIDMap2(inner);
		*index = reinterpret_cast<FaissIndexBinary *>(inner);
	});
}
