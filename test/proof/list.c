/* list.c - the smallest readers of lists: what is taken off the front lies in
 * front, and what stays is the rest. */
#include "proof.h"

#include "wire/ext.c"

void prove_next_number(void)
{
    struct hf_span list = any_bytes(65536), before = list;
    unsigned width = nondet_bool() ? 1 : 2;
    uint32_t number;

    if (!hf_wire_next_number(width, &list, &number)) {
        PROVE(before.len < width && list.len == before.len);
        return;
    }
    PROVE(list.at == before.at + width && list.len == before.len - width);
    PROVE(number == (width == 1 ? before.at[0]
                                : (uint32_t)before.at[0] << 8 | before.at[1]));
}

void prove_next_extension(void)
{
    struct hf_span block = any_bytes(65536), before = block, body;
    uint32_t number;

    if (!hf_wire_next_extension(&block, &number, &body)) {
        PROVE(block.len == before.len && block.at == before.at);
        return;
    }
    PROVE(body.at == before.at + 4 && WITHIN(body, before));
    PROVE(block.len == before.len - 4 - body.len);
    PROVE(block.len == 0 || block.at == body.at + body.len);
}
