/* compress.h - certificate compression (RFC 8879), between the list of ways and
 * the files that each speak to one library.
 *
 * Expanding is done on bytes of somebody who is not yet anybody, so what it may
 * cost is bounded by what the caller said and by one limit here, whatever the
 * bytes say.  Compressing is done on our own certificates while a config is
 * frozen, never during a handshake. */
#ifndef HF_COMPRESS_H
#define HF_COMPRESS_H

#include "crypto/suite.h"

/* Memory that a library may hold while it expands one message.  A window as
 * large as the message, tables and a state need less than half of it. */
enum { HF_EXPAND_MEMORY_MAX = 512 * 1024 };

/* Gives memory to a library that asks for it by call-backs, up to the limit. */
struct hf_lender {
    size_t lent;
    bool starved; /* it was the end of memory, and not of the limit */
};
/* As brotli wants them; @lender is a struct hf_lender. */
void *hf_lend(void *lender, size_t size);
void hf_lend_back(void *lender, void *p);

/* Those that were found when this was built: zlib, brotli, zstd. */
extern const struct hf_compression *const hf_libcrypto_compressions[];
extern const struct hf_compression hf_compress_zlib;
extern const struct hf_compression hf_compress_brotli;
extern const struct hf_compression hf_compress_zstd;

#endif
