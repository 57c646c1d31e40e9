/* compress.c - the ways of compressing certificates that there are here, and
 * the memory that their libraries get.
 *
 * Which libraries were found is Meson's answer (src/crypto/meson.build). */
#include "crypto/compress.h"

const struct hf_compression *const hf_libcrypto_compressions[] = {
#ifdef HF_BROTLI
    &hf_compress_brotli,
#endif
#ifdef HF_ZSTD
    &hf_compress_zstd,
#endif
#ifdef HF_ZLIB
    &hf_compress_zlib,
#endif
    NULL
};

/* ---- memory on loan ------------------------------------------------------------ */

/* Stands before what is lent: who gives it back does not say how much it was.
 * As large as the strictest alignment. */
union loan {
    size_t size;
    _Alignas(16) uint8_t room[16];
};

void *hf_lend(void *lender, size_t size)
{
    struct hf_lender *from = lender;
    union loan *loan;

    if (size > HF_EXPAND_MEMORY_MAX - from->lent)
        return NULL;
    loan = hf_alloc(sizeof(*loan) + size);
    if (!loan) {
        from->starved = true;
        return NULL;
    }
    loan->size = size;
    from->lent += size;
    return loan + 1;
}

void hf_lend_back(void *lender, void *p)
{
    struct hf_lender *to = lender;
    union loan *loan = p;

    if (!loan)
        return;
    loan--;
    to->lent -= loan->size;
    hf_free(loan, sizeof(*loan) + loan->size);
}
