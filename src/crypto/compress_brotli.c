/* compress_brotli.c - certificates compressed with brotli (RFC 7932).
 *
 * A stream may ask for a window of 16 MiB in its first byte; the library takes
 * it when the data needs it, from us, and we lend less than that. */
#include "crypto/compress.h"

#include <brotli/decode.h>
#include <brotli/encode.h>

static bool expand(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    struct hf_lender lender = { .lent = 0 };
    BrotliDecoderState *state;
    BrotliDecoderResult end;

    (void)self;
    state = BrotliDecoderCreateInstance(hf_lend, hf_lend_back, &lender);
    if (!state) {
        *fault = true;
        return false;
    }
    end = BrotliDecoderDecompressStream(state, &in.len, &in.at, &len, &out,
                                        NULL);
    BrotliDecoderDestroyInstance(state);
    *fault = lender.starved;
    return end == BROTLI_DECODER_RESULT_SUCCESS && !in.len && !len;
}

static bool compress_it(void *self, struct hf_span in, uint8_t *out, size_t cap,
                        size_t *len)
{
    (void)self;
    *len = cap;
    return BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW,
                                 BROTLI_MODE_GENERIC, in.len, in.at, len, out);
}

const struct hf_compression hf_compress_brotli = {
    .name = "brotli", .number = 2, .expand = expand, .compress = compress_it
};
