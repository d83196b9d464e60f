/*
 * scalar.h - How does a scalar quantizer's code become a vector again?
 */
#ifndef MF_FAISS_SCALAR_H
#define MF_FAISS_SCALAR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

/* By ScalarQuantizer::QuantizerType. */
typedef struct MfFaissScalar
{
	int			type;
	size_t		dim;
	size_t		code_size;		/* bytes of a code */
	const float *trained;		/* of each dimension: minimum and then range; of
								 * uniform types: one of each */
} MfFaissScalar;

/* Is it a type whose codes can be decoded here? */
extern int	mf_faiss_scalar_known(int type);

/*
 * Bit by bit what faiss-cpu 1.15 decodes on a processor with AVX2 (or NEON):
 * minimum + value * range is rounded once where the dimensions are a multiple
 * of 8, and twice where not, for there it uses no vector instructions.
 */
extern void mf_faiss_scalar_decode(const MfFaissScalar *sq, const uint8_t *codes, size_t n, float *x);

#ifdef __cplusplus
}
#endif

#endif							/* MF_FAISS_SCALAR_H */
