/* fuzz_der.c - the DER reader.
 *
 *   an element lies within the bytes, its value within it, and together they
 *   are all that was read;
 *   there is one encoding: header and value written anew are the same bytes;
 *   numbers, times, OIDs: what is read can be written back, or is refused;
 *   a whole tree is sound exactly if every element of it is. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "x509/x509.h"

#include <stdio.h>
#include <string.h>

/* The header that the value of @tlv must have. */
static void check_header(const struct hf_tlv *tlv)
{
    size_t len = tlv->value.len, header = tlv->whole.len - len;
    const uint8_t *p = tlv->whole.at;

    MUST(tlv->whole.len >= len + 2);
    MUST(p + header == tlv->value.at);
    MUST(p[0] == tlv->tag);
    if (len < 0x80)
        MUST(header == 2 && p[1] == len);
    else if (len < 0x100)
        MUST(header == 3 && p[1] == 0x81 && p[2] == len);
    else
        MUST(header == 4 && p[1] == 0x82 && hf_number(p + 2, 2) == len);
}

/* The time as text again, without its zone. */
static void check_time(const struct hf_tlv *tlv, int64_t seconds)
{
    char text[40], digits[16];
    size_t n = 0;

    hf_time_text(text, sizeof(text), seconds);
    for (const char *p = text; *p && n < 14; p++)
        if (*p >= '0' && *p <= '9')
            digits[n++] = *p;
    MUST(n == 14);
    if (tlv->tag == HF_DER_UTC_TIME)
        MUST(memcmp(tlv->value.at, digits + 2, 12) == 0);
    else
        MUST(memcmp(tlv->value.at, digits, 14) == 0);
}

static void check_text(struct hf_span oid)
{
    char text[64];

    memset(text, 'x', sizeof(text));
    hf_oid_text(oid, text, sizeof(text));
    MUST(strnlen(text, sizeof(text)) < sizeof(text));
    for (const char *p = text; *p; p++)
        MUST(*p > ' ' && *p < 0x7f);
}

/* One element as everything that it might be; is it sound as what it says? */
static bool check_value(const struct hf_tlv *tlv)
{
    struct hf_span bytes;
    unsigned unused;
    uint32_t small;
    int64_t seconds;
    struct hf_der r;
    bool b, ok = true;

    r = hf_der(tlv->whole);
    if (hf_der_integer(&r, &bytes))
        MUST(tlv->tag == HF_DER_INTEGER && bytes.len > 0);
    else
        ok &= tlv->tag != HF_DER_INTEGER;
    r = hf_der(tlv->whole);
    if (hf_der_small(&r, &small)) {
        uint8_t again[4];

        hf_store_number(again, small, 4);
        r = hf_der(tlv->whole);
        MUST(hf_der_natural(&r, &bytes) && bytes.len <= 4);
        MUST(memcmp(again + 4 - bytes.len, bytes.at, bytes.len) == 0);
        MUST(bytes.len == 1 || bytes.at[0]);
    }
    r = hf_der(tlv->whole);
    if (hf_der_boolean(&r, &b))
        MUST(tlv->tag == HF_DER_BOOLEAN && tlv->value.at[0] == (b ? 0xff : 0));
    else
        ok &= tlv->tag != HF_DER_BOOLEAN;
    r = hf_der(tlv->whole);
    if (hf_der_oid(&r, &bytes))
        check_text(bytes);
    else
        ok &= tlv->tag != HF_DER_OID;
    r = hf_der(tlv->whole);
    if (hf_der_bits(&r, &bytes, &unused))
        MUST(bytes.len + 1 == tlv->value.len && unused < 8 &&
             (bytes.len || !unused));
    else
        ok &= tlv->tag != HF_DER_BIT_STRING;
    r = hf_der(tlv->whole);
    if (hf_der_time(&r, &seconds))
        check_time(tlv, seconds);
    return ok && (tlv->tag != HF_DER_NULL || !tlv->value.len);
}

/* Every element, by a walk that is not the library's. */
static bool walk(struct hf_span all)
{
    struct hf_der stack[HF_DER_DEPTH];
    size_t depth = 1;
    bool ok = true;

    stack[0] = hf_der(all);
    while (depth) {
        struct hf_der *r = &stack[depth - 1];
        struct hf_der again;
        uint32_t before = r->at;
        struct hf_tlv tlv;

        if (hf_der_done(r)) {
            depth--;
            continue;
        }
        if (!hf_der_next(r, &tlv))
            return false;
        MUST(r->at > before && r->at <= r->end && r->end <= all.len);
        MUST(tlv.start == before && tlv.whole.len == r->at - before);
        MUST(tlv.whole.at == all.at + before);
        check_header(&tlv);
        if (!(tlv.tag & HF_DER_CONSTRUCTED)) {
            ok &= check_value(&tlv);
            continue;
        }
        if (depth == HF_DER_DEPTH)
            return false;
        again = *r;
        again.at = before;
        MUST(hf_der_open(&again, tlv.tag, &stack[depth]));
        MUST(stack[depth].end == r->at && again.at == r->at);
        depth++;
    }
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_span all = hf_span(data, size);
    struct hf_public_key key;
    uint8_t padding, hash;
    char text[64];

    if (size <= HF_DER_MAX)
        MUST(walk(all) == hf_der_is_sound(all));
    else
        MUST(!hf_der_is_sound(all));
    if (hf_spki_read(all, &key) && key.kind) {
        MUST(hf_der_is_sound(all));
        hf_key_text(&key, text, sizeof(text));
    } else {
        MUST(!key.kind);
    }
    if (hf_algorithm_parts(all, &padding, &hash))
        MUST(hf_der_is_sound(all));
    hf_algorithm_text(all, text, sizeof(text));
    MUST(strnlen(text, sizeof(text)) < sizeof(text));
    return 0;
}
