/* any_der.h - in the place of hf_der_next(): what prove_der_next says of it.
 * An element has any tag and any length that fits; what calls it (hf_der_take(),
 * hf_der_open() and the values) is der.c itself.
 *
 * There may be up to `most_elements` of them in all, which each harness sets. */
#ifndef HF_ANY_DER_H
#define HF_ANY_DER_H

#include "x509/inside.h"

static unsigned most_elements;

bool any_der_next(struct hf_der *r, struct hf_tlv *out)
{
    uint32_t used = nondet_word(), len = nondet_word(), left;

    if (r->at >= r->end || r->end - r->at < 2 || nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    left = r->end - r->at;
    ASSUME(used >= 2 && used <= 6 && used <= left && len <= left - used);
    out->tag = r->base[r->at];
    ASSUME(out->tag != 0 && (out->tag & 0x1f) != 0x1f);
    out->start = r->at;
    out->whole = hf_span(r->base + r->at, used + len);
    out->value = hf_span(r->base + r->at + used, len);
    r->at += used + len;
    return true;
}

/* Bytes of a certificate, and a reader of them. */
static inline struct hf_der any_reader(struct hf_span *bytes)
{
    *bytes = any_bytes(HF_DER_MAX);
    return hf_der(*bytes);
}

/* Nothing, or in @bytes. */
#define NONE_OR_WITHIN(part, bytes) (!(part).at || WITHIN(part, bytes))

#endif
