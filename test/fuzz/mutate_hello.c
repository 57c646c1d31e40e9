/* mutate_hello.c - see mutate_hello.h.
 *
 * A hello is lengths within lengths; whoever changes one byte at random is
 * mostly told that a length is wrong.  Here one vector is found, its contents are
 * changed, and the lengths around it are written anew.  Most bodies of
 * extensions are one list behind its length, or one inside another: so a change
 * goes down as far as these lengths lead. */
#define HF_UNPOISONED
#include "mutate_hello.h"

#include <string.h>

enum { ROOM = 1 << 15 };

/* Put @len bytes in the place of @old at @at; false: no room. */
static bool splice(uint8_t *data, size_t *size, size_t max, size_t at,
                   size_t old, const uint8_t *bytes, size_t len)
{
    if (*size - old + len > max)
        return false;
    memmove(data + at + len, data + at + old, *size - at - old);
    if (len)
        memcpy(data + at, bytes, len);
    *size = *size - old + len;
    return true;
}

/* ---- one body ------------------------------------------------------------------------ */

/* Drop, double, exchange or change an item of two bytes. */
static size_t change_pairs(struct dice *dice, uint8_t *at, size_t len,
                           size_t max)
{
    size_t n = len / 2, i, j;
    uint8_t pair[2];

    if (n < 1)
        return LLVMFuzzerMutate(at, len, max < len + 8 ? max : len + 8);
    i = 2 * dice_below(dice, (uint32_t)n);
    j = 2 * dice_below(dice, (uint32_t)n);
    memcpy(pair, at + i, 2);
    switch (dice_below(dice, 4)) {
    case 0: splice(at, &len, max, i, 2, NULL, 0); break;
    case 1: splice(at, &len, max, j, 0, pair, 2); break;
    case 2:
        memcpy(at + i, at + j, 2);
        memcpy(at + j, pair, 2);
        break;
    default: at[i + 1] = (uint8_t)dice_roll(dice); break;
    }
    return len;
}

/* How wide is the length at the front, if what is there is one vector? */
static unsigned prefix(const uint8_t *at, size_t len)
{
    if (len >= 2 && hf_number(at, 2) == len - 2)
        return 2;
    return len >= 1 && at[0] == len - 1 ? 1 : 0;
}

static size_t change_body(struct dice *dice, uint8_t *at, size_t len,
                          size_t max)
{
    unsigned width[3], depth = 0;
    size_t skip = 0;

    while (depth < 3 && dice_below(dice, 6)) {
        width[depth] = prefix(at + skip, len - skip);
        if (!width[depth])
            break;
        skip += width[depth++];
    }
    len -= skip;
    max -= skip;
    if (max > len + 64)
        max = len + 64;
    len = dice_below(dice, 2) ? change_pairs(dice, at + skip, len, max)
                              : LLVMFuzzerMutate(at + skip, len, max);
    while (depth--) {
        skip -= width[depth];
        hf_store_number(at + skip, len, width[depth]);
        len += width[depth];
    }
    return len;
}

/* ---- a block of extensions -------------------------------------------------------------- */

size_t mutate_pick(struct dice *dice, const uint8_t *data, size_t size,
                   size_t from, size_t header, size_t *len)
{
    size_t found = from;
    uint32_t n = 0;

    *len = 0;
    for (size_t at = from; at + header <= size;) {
        size_t whole = header + hf_number(data + at + header - 2, 2);

        if (whole > size - at)
            break;
        if (dice_below(dice, ++n) == 0) {
            found = at;
            *len = whole;
        }
        at += whole;
    }
    return found;
}

static size_t pick(struct dice *dice, const uint8_t *data, size_t size,
                   size_t *len)
{
    return mutate_pick(dice, data, size, 0, 4, len);
}

/* One that may stand there, made up from the tables. */
static size_t make_one(struct dice *dice, uint8_t *out, size_t cap,
                       enum hf_place place)
{
    struct hf_writer w = hf_writer(out, cap);
    size_t mark;

    for (unsigned tries = 0; tries < 50; tries++) {
        unsigned ext = dice_below(dice, HF_EXT_COUNT);
        hf_layout_fn *layout = hf_extension_table[ext].in[place];

        if (!layout)
            continue;
        hf_put(&w, hf_extension_table[ext].number, 2);
        mark = hf_writer_open(&w, 2);
        random_message(dice, layout, &w);
        hf_writer_close(&w, mark, 2);
        return w.full ? 0 : hf_written(&w).len;
    }
    return 0;
}

size_t mutate_extensions(struct dice *dice, uint8_t *data, size_t size,
                         size_t max, enum hf_place place)
{
    static uint8_t one[ROOM];
    size_t len, at = pick(dice, data, size, &len), to, other;

    if (!len || dice_below(dice, 8) == 0) {
        len = make_one(dice, one, sizeof(one), place);
        splice(data, &size, max, at, 0, one, len);
        return size;
    }
    memcpy(one, data + at, len);
    switch (dice_below(dice, 12)) {
    case 0: splice(data, &size, max, at, len, NULL, 0); break;
    case 1: splice(data, &size, max, at, 0, one, len); break;
    case 2: /* to another place */
        splice(data, &size, max, at, len, NULL, 0);
        to = pick(dice, data, size, &other);
        splice(data, &size, max, to, 0, one, len);
        break;
    case 3: hf_store_number(data + at, dice_below(dice, 60), 2); break;
    default:
        to = sizeof(one) / 2;
        other = change_body(dice, one + 4, len - 4, to);
        hf_store_number(one + 2, other, 2);
        splice(data, &size, max, at, len, one, other + 4);
    }
    return size;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* The vectors of a hello: at *at begins the length of the next, of @width bytes;
 * false: there is none. */
static bool vector(const uint8_t *data, size_t size, size_t at, unsigned width,
                   size_t *len)
{
    if (at + width > size)
        return false;
    *len = hf_number(data + at, width);
    return *len <= size - at - width;
}

/* Where the length of the extensions stands; 0: nowhere. */
static size_t block_of(const uint8_t *data, size_t size, enum hf_place place,
                       size_t *suites)
{
    size_t at = 34, len;

    if (place == HF_EE)
        return vector(data, size, 0, 2, &len) ? SIZE_MAX : 0;
    if (!vector(data, size, at, 1, &len))
        return 0;
    *suites = at += 1 + len;
    if (place != HF_CH)
        return vector(data, size, at + 3, 2, &len) ? at + 3 : 0;
    if (!vector(data, size, at, 2, &len))
        return 0;
    at += 2 + len;
    if (!vector(data, size, at, 1, &len))
        return 0;
    at += 1 + len;
    return vector(data, size, at, 2, &len) ? at : 0;
}

/* Change the contents of the vector at @at and write its length. */
static size_t change_vector(struct dice *dice, uint8_t *data, size_t size,
                            size_t max, size_t at, unsigned width,
                            enum hf_place place, bool extensions)
{
    static uint8_t room[ROOM];
    size_t len, old = hf_number(data + at, width);

    memcpy(room, data + at + width, old);
    len = extensions ? mutate_extensions(dice, room, old, ROOM, place)
                     : change_pairs(dice, room, old, ROOM);
    if (len < (size_t)1 << 8 * width &&
        splice(data, &size, max, at + width, old, room, len))
        hf_store_number(data + at, len, width);
    return size;
}

size_t mutate_hello(struct dice *dice, uint8_t *data, size_t size, size_t max,
                    enum hf_place place)
{
    size_t suites = 0, block;

    if (size < 2 || size > ROOM / 2 || dice_below(dice, 16) == 0)
        return LLVMFuzzerMutate(data, size, max);
    block = block_of(data, size, place, &suites);
    if (!block)
        return LLVMFuzzerMutate(data, size, max);
    if (block == SIZE_MAX)
        return change_vector(dice, data, size, max, 0, 2, place, true);
    if (dice_below(dice, 6))
        return change_vector(dice, data, size, max, block, 2, place, true);
    if (place == HF_CH && dice_below(dice, 2))
        return change_vector(dice, data, size, max, suites, 2, place, false);
    if (place == HF_CH && dice_below(dice, 2)) /* compression */
        return change_vector(dice, data, size, max,
                             suites + 2 + hf_number(data + suites, 2), 1, place,
                             false);
    if (dice_below(dice, 2)) /* session id */
        return change_vector(dice, data, size, max, 34, 1, place, false);
    /* versions, random, and what lies between */
    LLVMFuzzerMutate(data, block, block);
    return size;
}
