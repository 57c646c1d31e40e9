/* mem.c - memory: the one place that allocates, copies, compares and wipes.
 *
 * Allocation goes through calloc and free and nothing else, so that a test can
 * put its own in front of them at link time and fail any one of them; there
 * is no hook to set, and so no global that could be written. */
#define HF_UNPOISONED
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

void *hf_alloc(size_t size)
{
    return calloc(1, size ? size : 1);
}

void *hf_alloc_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return hf_alloc(count * size);
}

void hf_free(void *p, size_t size)
{
    hf_wipe(p, size); /* for both, NULL is fine */
    free(p);
}

/* The empty assembly says that it reads all memory, so the memset before it
 * cannot be a dead store. */
void hf_wipe(void *p, size_t size)
{
    if (!p || !size)
        return;
    memset(p, 0, size);
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

void hf_copy(void *to, const void *from, size_t len)
{
    if (len && to != from)
        memcpy(to, from, len);
}

void hf_move(void *to, const void *from, size_t len)
{
    if (len)
        memmove(to, from, len);
}

void hf_fill(void *to, uint8_t byte, size_t len)
{
    if (len)
        memset(to, byte, len);
}

bool hf_equal(const void *a, const void *b, size_t len)
{
    return !len || memcmp(a, b, len) == 0;
}

int hf_compare(const void *a, const void *b, size_t len)
{
    return len ? memcmp(a, b, len) : 0;
}

/* ---- constant time ---------------------------------------------------------- */

/* A value whose origin the compiler cannot see, so that it cannot turn the
 * arithmetic below back into a branch. */
static uint32_t barrier(uint32_t v)
{
    __asm__("" : "+r"(v));
    return v;
}

uint32_t hf_mask_equal(uint32_t a, uint32_t b)
{
    uint32_t x = barrier(a ^ b);

    /* The top bit of x | -x is set exactly when x is not zero. */
    return barrier(((x | (0u - x)) >> 31) - 1u);
}

uint8_t hf_select_ct(uint32_t mask, uint8_t yes, uint8_t no)
{
    uint32_t m = barrier(mask);

    return (uint8_t)((m & yes) | (~m & no));
}

bool hf_equal_ct(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;
    uint32_t diff = 0;

    for (size_t i = 0; i < len; i++)
        diff |= (uint32_t)(x[i] ^ y[i]);
    diff = hf_mask_equal(diff, 0);
    HF_DECLASSIFY(&diff, sizeof(diff));
    return diff;
}

/* ---- spans and numbers ---------------------------------------------------------- */

size_t hf_text_len(const char *text)
{
    return strlen(text);
}

bool hf_text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

struct hf_span hf_span_text(const char *text)
{
    return hf_span(text, text ? strlen(text) : 0);
}

bool hf_span_equal(struct hf_span a, struct hf_span b)
{
    return a.len == b.len && hf_equal(a.at, b.at, a.len);
}
