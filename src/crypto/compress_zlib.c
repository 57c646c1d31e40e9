/* compress_zlib.c - certificates compressed with zlib (RFC 1950). */
#include "crypto/compress.h"

#include <limits.h>
#include <zlib.h>

static void *lend(void *lender, unsigned count, unsigned size)
{
    return size && count > HF_EXPAND_MEMORY_MAX / size
               ? NULL
               : hf_lend(lender, (size_t)count * size);
}

static bool expand(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    struct hf_lender lender = { .lent = 0 };
    z_stream z = { .zalloc = lend, .zfree = hf_lend_back, .opaque = &lender };
    int end;

    (void)self;
    *fault = false;
    if (in.len > UINT_MAX || len > UINT_MAX)
        return false;
    z.next_in = (Bytef *)(uintptr_t)in.at; /* which it only reads */
    z.avail_in = (unsigned)in.len;
    z.next_out = out;
    z.avail_out = (unsigned)len;
    if (inflateInit(&z) != Z_OK) {
        *fault = true;
        return false;
    }
    /* The end of the stream, and its checksum, take no room in the output. */
    end = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    *fault = lender.starved;
    return end == Z_STREAM_END && !z.avail_in && !z.avail_out;
}

static bool compress_it(void *self, struct hf_span in, uint8_t *out, size_t cap,
                        size_t *len)
{
    uLongf written = cap;

    (void)self;
    if (compress2(out, &written, in.at, in.len, Z_BEST_COMPRESSION) != Z_OK)
        return false;
    *len = written;
    return true;
}

const struct hf_compression hf_compress_zlib = {
    .name = "zlib", .number = 1, .expand = expand, .compress = compress_it
};
