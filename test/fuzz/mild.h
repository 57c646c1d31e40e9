/* mild.h - a provider that means no harm: hashes are zeroes, keys are zeroes,
 * nothing is encrypted, every tag and nearly every signature is right.  With
 * it a fuzzer gets past Finished and into everything behind, and the same
 * bytes always take the same way. */
#ifndef HF_MILD_H
#define HF_MILD_H

#include "handfast/crypto.h"

extern const struct hf_provider mild_provider;
/* Its one way of compression: as it is, behind a byte. */
extern const struct hf_compression *const mild_compressions[];
/* A signature that begins with this byte is a wrong one. */
enum { MILD_WRONG = 0xff };

#endif
