/* mutate_duel.c - for fuzz_duel.c: changes the hello, or one message of the
 * script, with all lengths right; and now and then how both are set up. */
#define HF_UNPOISONED
#include "duel.h"
#include "mutate_hello.h"

#include <string.h>

enum { PART_ROOM = 1 << 15 };

/* The message at the front of a script. */
static enum hf_place place_of(unsigned way, const uint8_t *body, size_t len,
                              unsigned part)
{
    if (part == 1 && !(way & DUEL_ONLY12))
        return HF_EE;
    return part ? HF_ANY : hf_wire_server_hello_place(hf_span(body, len));
}

/* Change one of the messages, each behind two bytes of length. */
static size_t mutate_script(struct dice *dice, unsigned way, uint8_t *data,
                            size_t size, size_t max)
{
    static uint8_t room[PART_ROOM];
    size_t at = 0, len = 0, now;
    unsigned part = 0, parts = 1 + dice_below(dice, 3);

    for (; part < parts && at + 2 <= size; part++) {
        len = hf_number(data + at, 2);
        if (len > size - at - 2)
            break;
        if (part + 1 == parts) {
            enum hf_place place = place_of(way, data + at + 2, len, part);

            memcpy(room, data + at + 2, len);
            now = place == HF_ANY
                      ? LLVMFuzzerMutate(room, len, len + 100)
                      : mutate_hello(dice, room, len, PART_ROOM, place);
            if (now > 0xffff || size - len + now > max)
                break;
            memmove(data + at + 2 + now, data + at + 2 + len,
                    size - at - 2 - len);
            memcpy(data + at + 2, room, now);
            hf_store_number(data + at, now, 2);
            return size - len + now;
        }
        at += 2 + len;
    }
    return LLVMFuzzerMutate(data, size, max);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    struct dice dice = { 0x9e3779b97f4a7c15u ^ seed };
    unsigned way;

    if (size < 3 || dice_below(&dice, 64) == 0)
        return LLVMFuzzerMutate(data, size, max);
    if (dice_below(&dice, 32) == 0)
        data[0] ^= (uint8_t)(2u << dice_below(&dice, 4));
    way = data[0] % DUEL_WAYS;
    if (way & DUEL_CLIENT)
        return 1 + mutate_script(&dice, way, data + 1, size - 1, max - 1);
    return 1 + mutate_hello(&dice, data + 1, size - 1, max - 1, HF_CH);
}
