/* expand.c - a compressed certificate as it was before (RFC 8879), with the
 * library's own ways and limits. */
#include "expand.h"

#include "crypto/suite.h"
#include "record/record.h"

#include <stdlib.h>

uint8_t *expand_certificate(unsigned algorithm, size_t len,
                            struct hf_span packed, const char **why)
{
    const struct hf_crypto c = { &hf_libcrypto, NULL };
    const struct hf_compression *way = hf_compression_by_number(&c, algorithm);
    uint8_t *out = way && len <= HF_CHAIN_BYTES_MAX ? malloc(len + 1) : NULL;
    bool fault;

    *why = !way                       ? "this handfast cannot expand it"
           : len > HF_CHAIN_BYTES_MAX ? "it announces more than is taken"
                                      : "out of memory";
    if (!out || way->expand(NULL, packed, out, len, &fault))
        return out;
    free(out);
    *why = fault ? "out of memory" : "it does not expand to what it announces";
    return NULL;
}
