/* compress_zstd.c - certificates compressed with Zstandard (RFC 8478).
 *
 * The library's stable interface takes its memory from malloc.  It is one
 * context of a fixed size, about 100 KiB: what is expanded in one go needs no
 * window beside the output. */
#include "crypto/compress.h"

#include <zstd.h>

/* One frame and nothing behind it: the library would also read several, skip
 * some, and know formats from before the RFC. */
static bool one_frame(struct hf_span in)
{
    static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

    return in.len >= sizeof(magic) && hf_equal(in.at, magic, sizeof(magic)) &&
           ZSTD_findFrameCompressedSize(in.at, in.len) == in.len;
}

static bool expand(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    ZSTD_DCtx *context;
    size_t written;

    (void)self;
    *fault = false;
    if (!one_frame(in))
        return false;
    context = ZSTD_createDCtx();
    if (!context) {
        *fault = true;
        return false;
    }
    written = ZSTD_decompressDCtx(context, out, len, in.at, in.len);
    ZSTD_freeDCtx(context);
    return written == len; /* an error is larger than any length */
}

static bool compress_it(void *self, struct hf_span in, uint8_t *out, size_t cap,
                        size_t *len)
{
    (void)self;
    *len = ZSTD_compress(out, cap, in.at, in.len, ZSTD_maxCLevel());
    return !ZSTD_isError(*len);
}

const struct hf_compression hf_compress_zstd = {
    .name = "zstd", .number = 3, .expand = expand, .compress = compress_it
};
