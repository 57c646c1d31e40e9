/* proof.h - what a proof harness stands on.
 *
 * A harness includes the file that it proves, gives it any input that its
 * contract allows, and states what must hold.  CBMC (scripts/proofs.py) tries
 * them all, with checks of bounds, pointers, overflow and shifts beside. */
#ifndef HF_PROOF_H
#define HF_PROOF_H

#include <stdlib.h>
#include <string.h>

#define HF_UNPOISONED
/* Of hf_load64(), which is told plainly here. */
#define __builtin_memcpy(word, from, len) load_word(word, from)
static inline void load_word(void *word, const void *from);
#include "base/base.h"

uint8_t nondet_byte(void);
uint16_t nondet_half(void);
uint32_t nondet_word(void);
size_t nondet_size(void);
_Bool nondet_bool(void);

#define ASSUME(what) __CPROVER_assume(what)
#define PROVE(what) __CPROVER_assert((what), #what)

static inline void load_word(void *word, const void *from)
{
    const uint8_t *p = from;

    *(uint64_t *)word = (uint64_t)p[0] | (uint64_t)p[1] << 8 |
                        (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
                        (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
                        (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* Any bytes, at most @most of them, in memory of just that size. */
static inline struct hf_span any_bytes(size_t most)
{
    size_t len = nondet_size();
    uint8_t *at;

    ASSUME(len <= most);
    at = malloc(len);
    ASSUME(at != NULL);
    return (struct hf_span){ at, len };
}

/* Does @part lie in @whole? */
#define WITHIN(part, whole)                                  \
    ((part).len <= (whole).len && (part).at >= (whole).at && \
     (size_t)((part).at - (whole).at) <= (whole).len - (part).len)

/* Reasons are not what is proved. */
bool hf_fail(struct hf_error *e, enum hf_error_code code, const char *form, ...)
{
    (void)form;
    e->code = code;
    return false;
}

#endif
