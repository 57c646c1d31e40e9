/* mutate_engine.c - for fuzz_engine.c: changes one record of what a peer says,
 * and leaves all lengths right.
 *
 * Behind two bytes come records.  With the mild provider they are in the clear,
 * sealed ones too: contents, type, a tag that nobody looks at.  So one is dropped,
 * doubled or moved, or a message in it is changed, hellos as hellos. */
#define HF_UNPOISONED
#include "mutate_hello.h"

#include <string.h>

enum { ROOM = 1 << 15, HEAD = 2, RECORD = 5, MESSAGE = 4, SEAL = 17 };

/* A random record; *len with its header, 0: there is none. */
static size_t pick(struct dice *dice, const uint8_t *data, size_t size,
                   size_t *len)
{
    return mutate_pick(dice, data, size, HEAD, RECORD, len);
}

static enum hf_place place_of(const uint8_t *message, size_t len)
{
    switch (message[0]) {
    case 1: return HF_CH;
    case 2: return hf_wire_server_hello_place(hf_span(message + MESSAGE, len));
    case 8: return HF_EE;
    default: return HF_ANY;
    }
}

/* Change the first message of @len bytes of contents. */
static size_t change_contents(struct dice *dice, uint8_t *at, size_t len,
                              size_t max)
{
    static uint8_t rest[ROOM];
    size_t body, behind, now;
    enum hf_place place;

    if (len < MESSAGE || hf_number(at + 1, 3) > len - MESSAGE)
        return LLVMFuzzerMutate(at, len, max);
    body = hf_number(at + 1, 3);
    behind = len - MESSAGE - body;
    place = place_of(at, body);
    memcpy(rest, at + MESSAGE + body, behind);
    max -= MESSAGE + behind;
    now = place == HF_ANY ? LLVMFuzzerMutate(at + MESSAGE, body, max)
                          : mutate_hello(dice, at + MESSAGE, body, max, place);
    hf_store_number(at + 1, (uint32_t)now, 3);
    memcpy(at + MESSAGE + now, rest, behind);
    return MESSAGE + now + behind;
}

static size_t change_record(struct dice *dice, uint8_t *record, size_t len)
{
    uint8_t seal[SEAL];
    bool sealed = record[0] == 23 && len > RECORD + SEAL;
    size_t tail = sealed ? SEAL : 0;

    memcpy(seal, record + len - tail, tail);
    len = change_contents(dice, record + RECORD, len - RECORD - tail,
                          len - RECORD - tail + 200);
    memcpy(record + RECORD + len, seal, tail);
    len += tail;
    hf_store_number(record + 3, (uint32_t)len, 2);
    return len + RECORD;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    static uint8_t record[ROOM];
    struct dice dice = { 0x9e3779b97f4a7c15u ^ seed };
    size_t at, len, now, to, other;

    if (size < HEAD + RECORD || size > ROOM / 2 || dice_below(&dice, 8) == 0)
        return LLVMFuzzerMutate(data, size, max);
    at = pick(&dice, data, size, &len);
    if (!len)
        return LLVMFuzzerMutate(data, size, max);
    memcpy(record, data + at, len);
    now = dice_below(&dice, 6) ? change_record(&dice, record, len) : len;
    if (size + now + len > max)
        return LLVMFuzzerMutate(data, size, max);
    to = at;
    if (now == len && dice_below(&dice, 2)) /* doubled */
        to = pick(&dice, data, size, &other);
    else {
        memmove(data + at, data + at + len, size - at - len);
        size -= len;
    }
    memmove(data + to + now, data + to, size - to);
    memcpy(data + to, record, now);
    size += now;
    if (dice_below(&dice, 16) == 0) { /* one less */
        at = pick(&dice, data, size, &len);
        memmove(data + at, data + at + len, size - at - len);
        size -= len;
    }
    return size;
}
