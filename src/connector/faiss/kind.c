/*
 * kind.c - Which kinds of Faiss index are there, and what is in each?
 *
 * After faiss/impl/index_read.cpp and index_write.cpp of Faiss 1.7.3 and
 * 1.15.1.  A layout is read from left to right; its letters are in walk.c,
 * coder.c and lists.c.  A kind that is not here is refused; of those that are
 * known it is said why.
 */
#include <string.h>

#include "faiss.h"

#define EXACT MF_FAISS_EXACT
#define LIBRARY MF_FAISS_LIBRARY
#define NEW MF_FAISS_NEW
#define QUANTIZER MF_FAISS_QUANTIZER
#define BINARY MF_FAISS_BINARY

static const MfFaissKind kinds[] = {
	{"IxF2", "IndexFlatL2", EXACT, "hF"},
	{"IxFI", "IndexFlatIP", EXACT, "hF"},
	{"IxFl", "IndexFlat", EXACT, "hF"},
	{"IxMp", "IndexIDMap", EXACT, "hSM"},
	{"IxM2", "IndexIDMap2", EXACT, "hSM"},
	{"IwFl", "IndexIVFFlat", EXACT, "iL"},
	{"IvFL", "IndexIVFFlat", EXACT, "jg"},
	{"IvFl", "IndexIVFFlat", EXACT, "jk"},
	{"IwFd", "IndexIVFFlatDedup", EXACT | LIBRARY, "iEL"},
	{"IHNf", "IndexHNSWFlat", EXACT, "hHS"},
	{"IHNp", "IndexHNSWPQ", EXACT, "hHS"},
	{"IHNs", "IndexHNSWSQ", EXACT, "hHS"},
	{"IHN2", "IndexHNSW2Level", EXACT, "hHS"},
	{"IH00", "IndexHNSW", EXACT | NEW, "hHS"},
	{"IHNc", "IndexHNSWCagra", EXACT | NEW, "h114HS"},
	{"IHc2", "IndexHNSWCagra", EXACT | NEW, "h1144HS"},
	{"INSf", "IndexNSGFlat", EXACT, "h414444GS"},
	{"INSp", "IndexNSGPQ", EXACT, "h414444GS"},
	{"INSs", "IndexNSGSQ", EXACT, "h414444GS"},
	{"INNf", "IndexNNDescentFlat", EXACT, "h4444444441v4S"},
	{"IxRF", "IndexRefine", EXACT, "hNS4"},

	{"IxSQ", "IndexScalarQuantizer", LIBRARY, "hZC"},
	{"IxPQ", "IndexPQ", LIBRARY, "hPC"},
	{"IxPo", "IndexPQ", LIBRARY, "hPC414"},
	{"IxPq", "IndexPQ", LIBRARY, "hPC414"},
	{"IxHE", "IndexLSH", LIBRARY, "hl"},
	{"IxHe", "IndexLSH", LIBRARY, "hl"},
	{"IxRQ", "IndexResidualQuantizer", LIBRARY, "hOcC"},
	{"IxRq", "IndexResidualQuantizer", LIBRARY, "hRcC"},
	{"IxLS", "IndexLocalSearchQuantizer", LIBRARY, "hQcC"},
	{"IxPR", "IndexProductResidualQuantizer", LIBRARY, "hXcC"},
	{"IxPL", "IndexProductLocalSearchQuantizer", LIBRARY, "hYcC"},
	{"ILfs", "IndexLocalSearchQuantizerFastScan", LIBRARY, "hQ444888o"},
	{"IRfs", "IndexResidualQuantizerFastScan", LIBRARY, "hR444888o"},
	{"IPRf", "IndexProductResidualQuantizerFastScan", LIBRARY, "hX444888o"},
	{"IPLf", "IndexProductLocalSearchQuantizerFastScan", LIBRARY, "hY444888o"},
	{"IPfs", "IndexPQFastScan", LIBRARY, "hPp"},
	{"Ix2L", "Index2Layer", LIBRARY, "hN81P88dC"},
	{"IxPT", "IndexPreTransform", LIBRARY, "ht"},

	{"IwSQ", "IndexIVFScalarQuantizer", LIBRARY, "iZcL"},
	{"IwSq", "IndexIVFScalarQuantizer", LIBRARY, "iZc1L"},
	{"IvSQ", "IndexIVFScalarQuantizer", LIBRARY, "jZcg"},
	{"IwPQ", "IndexIVFPQ", LIBRARY, "i1dPL"},
	{"IvPQ", "IndexIVFPQ", LIBRARY, "j1dPg"},
	{"IwQR", "IndexIVFPQR", LIBRARY, "i1dPLr"},
	{"IvQR", "IndexIVFPQR", LIBRARY, "j1dPgr"},
	{"IwPf", "IndexIVFPQFastScan", LIBRARY, "i1duPL"},
	{"IwRQ", "IndexIVFResidualQuantizer", LIBRARY, "idR14L"},
	{"IwLS", "IndexIVFLocalSearchQuantizer", LIBRARY, "idQ14L"},
	{"IwPR", "IndexIVFProductResidualQuantizer", LIBRARY, "idX14L"},
	{"IwPL", "IndexIVFProductLocalSearchQuantizer", LIBRARY, "idY14L"},
	{"IVLf", "IndexIVFLocalSearchQuantizerFastScan", LIBRARY, "iQxL"},
	{"IVRf", "IndexIVFResidualQuantizerFastScan", LIBRARY, "iRxL"},
	{"NPLf", "IndexIVFProductLocalSearchQuantizerFastScan", LIBRARY, "iYxL"},
	{"NPRf", "IndexIVFProductResidualQuantizerFastScan", LIBRARY, "iXxL"},
	{"IwSh", "IndexIVFSpectralHash", LIBRARY, "isL"},

	{"Imiq", "MultiIndexQuantizer", QUANTIZER, "hP"},
	{"ImRQ", "ResidualCoarseQuantizer", QUANTIZER, "hR4"},

	{"IBxF", "IndexBinaryFlat", BINARY | EXACT, "bf"},
	{"IBwF", "IndexBinaryIVF", BINARY | EXACT, "yL"},
	{"IBHf", "IndexBinaryHNSW", BINARY | EXACT, "bHS"},
	{"IBHc", "IndexBinaryHNSWCagra", BINARY | EXACT | NEW, "b114HS"},
	{"IBMp", "IndexBinaryIDMap", BINARY | EXACT, "bSM"},
	{"IBM2", "IndexBinaryIDMap2", BINARY | EXACT, "bSM"},
	{"IBFf", "IndexBinaryFromFloat", BINARY | EXACT | LIBRARY, "bS"},
	{"IBHh", "IndexBinaryHash", BINARY | EXACT, "bB"},
	{"IBHm", "IndexBinaryMultiHash", BINARY | EXACT, "bSm"},
};

const MfFaissKind *
mf_faiss_kind(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		if (memcmp(kinds[i].fourcc, &fourcc, 4) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* ------------------------------------------------------------------- refused ones */

#define NOT_ADDED "Nothing can be added to such an index: it holds no rows."
#define NEWER "Only Faiss 1.11 and later decode it, and libfaiss here is 1.7.3."
#define PANORAMA "Faiss 1.13 and later keep its vectors in levels, which is not read."
#define INTEL "Its vectors are in the form of Intel's SVS library."

static const struct
{
	char		fourcc[5];
	const char *name;
	const char *why;
}			refused[] = {
	{"IxLa", "IndexLattice", NOT_ADDED},
	{"IRMf", "IndexRowwiseMinMax", NOT_ADDED},
	{"IRMh", "IndexRowwiseMinMaxFP16", NOT_ADDED},
	{"Ixrq", "IndexRaBitQ", NEWER},
	{"Ixrr", "IndexRaBitQ", NEWER},
	{"Irfs", "IndexRaBitQFastScan", NEWER},
	{"Irfn", "IndexRaBitQFastScan", NEWER},
	{"Iwrq", "IndexIVFRaBitQ", NEWER},
	{"Iwrr", "IndexIVFRaBitQ", NEWER},
	{"Iwrf", "IndexIVFRaBitQFastScan", NEWER},
	{"Iwrn", "IndexIVFRaBitQFastScan", NEWER},
	{"IxEd", "IndexEDEN", NEWER},
	{"IxEe", "IndexEDEN", NEWER},
	{"IwEd", "IndexIVFEDEN", NEWER},
	{"IwEe", "IndexIVFEDEN", NEWER},
	{"IwIQ", "IndexIVFIndependentQuantizer", "Its lists belong to another quantizer, which libfaiss 1.7.3 does not know."},
	{"IxFP", "IndexFlatL2Panorama", PANORAMA},
	{"IxFp", "IndexFlatIPPanorama", PANORAMA},
	{"IwPn", "IndexIVFFlatPanorama", PANORAMA},
	{"IwP2", "IndexIVFFlatPanorama", PANORAMA},
	{"IHfP", "IndexHNSWFlatPanorama", PANORAMA},
	{"IxRP", "IndexRefinePanorama", PANORAMA},
	{"ISVD", "IndexSVSVamana", INTEL},
	{"ISV2", "IndexSVSVamana", INTEL},
	{"ILVQ", "IndexSVSVamanaLVQ", INTEL},
	{"ISVL", "IndexSVSVamanaLeanVec", INTEL},
	{"ISVF", "IndexSVSFlat", INTEL},
	{"ISID", "IndexSVSIVF", INTEL},
	{"ISIQ", "IndexSVSIVFLVQ", INTEL},
	{"ISIL", "IndexSVSIVFLeanVec", INTEL},
};

bool
mf_faiss_refused(uint32_t fourcc, const char **name, const char **why)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		if (memcmp(refused[i].fourcc, &fourcc, 4) != 0)
			continue;
		*name = refused[i].name;
		*why = refused[i].why;
		return true;
	}
	return false;
}
