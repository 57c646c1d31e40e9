/* taint.h - a provider at whose border secrets end: libcrypto is not ours to
 * prove, and what it gives back of a cipher is for everybody to see. */
#ifndef HF_TEST_TAINT_H
#define HF_TEST_TAINT_H

#include "handfast/crypto.h"

const struct hf_provider *taint_provider(const struct hf_provider *under);
/* Nobody has it any more. */
void taint_close(void);
/* A cipher is loaded with @key, or it is encrypted. */
void taint_key(const void *key, size_t len);

#endif
