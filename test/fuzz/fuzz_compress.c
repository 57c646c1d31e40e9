/* fuzz_compress.c - compressed certificates.
 *
 * One byte picks the way, three say how long the certificate is announced to
 * be; the rest is the stream.  Then:
 *
 *   nothing is written behind what was announced, and memory is never to blame;
 *   the same bytes give the same, twice;
 *   what expands to so many bytes expands to no other number of them;
 *   what came out can be compressed and comes out again. */
#define HF_UNPOISONED
#include "crypto/compress.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 4, MOST = 65536, GUARD = 16 };

static const struct hf_compression *pick(uint8_t byte)
{
    const struct hf_crypto c = { &hf_libcrypto, NULL };

    return hf_compression_by_number(&c, byte % 3u + 1u);
}

/* Into memory of that size and a guard behind it. */
static bool expand(const struct hf_compression *way, struct hf_span in,
                   uint8_t *out, size_t len)
{
    bool fault, ok;

    memset(out, 0xa5, len + GUARD);
    ok = way->expand(NULL, in, out, len, &fault);
    for (size_t i = len; i < len + GUARD; i++)
        MUST(out[i] == 0xa5);
    MUST(!fault);
    return ok;
}

static void comes_out_again(const struct hf_compression *way,
                            const uint8_t *plain, size_t len)
{
    size_t cap = len + len / 64 + 512, packed_len;
    uint8_t *packed = malloc(cap), *again = malloc(len + GUARD);

    MUST(packed && again);
    MUST(way->compress(NULL, hf_span(plain, len), packed, cap, &packed_len));
    MUST(packed_len <= cap);
    MUST(expand(way, hf_span(packed, packed_len), again, len));
    MUST(!memcmp(again, plain, len));
    free(packed);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hf_compression *way = size < HEAD ? NULL : pick(data[0]);
    struct hf_span in;
    uint8_t *out, *again;
    size_t len;

    if (!way)
        return 0;
    len = hf_number(data + 1, 3) % (MOST + 1);
    in = hf_span(data + HEAD, size - HEAD);
    out = malloc(len + 1 + GUARD);
    again = malloc(len + 1 + GUARD);
    MUST(out && again);
    if (expand(way, in, out, len)) {
        MUST(expand(way, in, again, len) && !memcmp(out, again, len));
        MUST(!expand(way, in, again, len + 1));
        MUST(!len || !expand(way, in, again, len - 1));
        if (len <= 4096) /* what is large takes long at the best quality */
            comes_out_again(way, out, len);
    }
    free(out);
    free(again);
    return 0;
}
