/* mutate_der.c - changes something deep inside DER and puts the lengths of all
 * that is around it right again, so that what comes out is still read to
 * where it was changed.
 *
 * A certificate is a tree of lengths: whoever changes a byte of it at random
 * is told so at the root.  Here a random way is taken down the tree, the
 * contents at its end are given to libFuzzer, or an element there is doubled
 * or dropped, and the headers above are written anew.  For fuzz_cert the
 * outermost of them may be the three bytes before a certificate of a chain. */
#define HF_UNPOISONED
#include "x509/x509.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed);

enum { LEVELS = 20, ROOM = 1 << 17, FRAME = 3 };

/* Contents [at, end) behind a header that begins at start. */
struct level {
    size_t start, at, end;
    bool frame; /* the header is that of a chain, not DER */
};

static uint32_t below(uint64_t *dice, size_t n)
{
    *dice = *dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*dice >> 33) % n);
}

/* A random element of the contents of @in; false if it has none. */
static bool pick(const uint8_t *data, const struct level *in, uint64_t *dice,
                 struct level *out)
{
    struct hf_der r = hf_der(hf_span(data + in->at, in->end - in->at));
    struct hf_tlv tlv;
    unsigned n = 0;

    while (hf_der_next(&r, &tlv)) {
        size_t start = in->at + tlv.start;

        if (below(dice, ++n) == 0)
            *out = (struct level){ start, start + tlv.whole.len - tlv.value.len,
                                   start + tlv.whole.len, false };
    }
    return n > 0;
}

/* The certificate of a chain that lies around a random byte. */
static bool pick_frame(const uint8_t *data, size_t size, uint64_t *dice,
                       struct level *out)
{
    size_t target = below(dice, size), at = 2;

    while (size > FRAME && at < size - FRAME) {
        size_t len = hf_number(data + at + 1, 2), left = size - at - FRAME;

        *out = (struct level){ at, at + FRAME,
                               at + FRAME + (len < left ? len : left), true };
        if (out->end > target)
            return true;
        at = out->end;
    }
    return false;
}

/* From the outermost to where something is to be changed. */
static size_t descend(const uint8_t *data, size_t size, uint64_t *dice,
                      struct level *levels)
{
    size_t n = 0;
    struct level next;

    if (data[0] == HF_DER_SEQUENCE) /* fuzz_der */
        levels[n++] = (struct level){ 0, 0, size, false };
    else if (data[0] % 4 == 3 && size > 8 &&
             pick_frame(data, size, dice, &levels[0]))
        n = 1;
    else
        levels[n++] = (struct level){ 1, 1, size, false };
    while (n < LEVELS && below(dice, 6) &&
           pick(data, &levels[n - 1], dice, &next))
        levels[n++] = next;
    return n;
}

/* Change the contents at @level, which are @len bytes at @to. */
static size_t change(const uint8_t *data, const struct level *level,
                     uint8_t *to, size_t len, uint64_t *dice)
{
    struct level child;
    size_t before, child_len;

    if (below(dice, 3) || !pick(data, level, dice, &child))
        return LLVMFuzzerMutate(to, len, len + 64);
    before = child.start - level->at;
    child_len = child.end - child.start;
    if (below(dice, 2)) { /* drop it */
        memmove(to + before, to + before + child_len, len - before - child_len);
        return len - child_len;
    }
    memmove(to + before + child_len, to + before, len - before);
    return len + child_len;
}

/* Write the header of @level before @len bytes of contents at @to. */
static size_t put_header(const uint8_t *data, const struct level *level,
                         uint8_t *to, size_t len)
{
    uint8_t header[4] = { data[level->start] };
    size_t n = level->at - level->start;

    if (!n) /* nothing is around it */
        return len;
    if (level->frame) {
        len = len <= 0xffff ? len : 0xffff;
        hf_store_number(header + 1, len, 2);
    } else if (len < 0x80) {
        header[1] = (uint8_t)len;
        n = 2;
    } else if (len < 0x100) {
        header[1] = 0x81;
        header[2] = (uint8_t)len;
        n = 3;
    } else {
        header[1] = 0x82;
        hf_store_number(header + 2, len, 2);
        n = 4;
    }
    memmove(to + n, to, len);
    memcpy(to, header, n);
    return len + n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    static uint8_t inner[ROOM], outer[ROOM];
    struct level levels[LEVELS];
    uint64_t dice = seed;
    size_t n, len;

    below(&dice, 2);
    if (size < 4 || size > ROOM / 4 || below(&dice, 8) == 0)
        return LLVMFuzzerMutate(data, size, max);
    n = descend(data, size, &dice, levels);
    len = levels[n - 1].end - levels[n - 1].at;
    memcpy(inner, data + levels[n - 1].at, len);
    len = change(data, &levels[n - 1], inner, len, &dice);
    while (n--) {
        const struct level *level = &levels[n];
        size_t from = n ? levels[n - 1].at : 0;
        size_t to = n ? levels[n - 1].end : size;
        size_t head = level->start - from, tail = to - level->end;

        len = put_header(data, level, inner, len);
        if (head + len + tail > ROOM / 2)
            return LLVMFuzzerMutate(data, size, max);
        memcpy(outer, data + from, head);
        memcpy(outer + head, inner, len);
        memcpy(outer + head + len, data + level->end, tail);
        len += head + tail;
        memcpy(inner, outer, len);
    }
    if (len > max)
        return LLVMFuzzerMutate(data, size, max);
    memcpy(data, inner, len);
    return len;
}
