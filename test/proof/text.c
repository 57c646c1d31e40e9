/* text.c - hex from files and command lines: read and written within bounds. */
#include "proof.h"

#include "base/text.c"

enum { TEXT = 9 };

void prove_unhex(void)
{
    struct hf_span text = any_bytes(TEXT);
    uint8_t out[TEXT];
    size_t cap = nondet_size(), len = 0, any = nondet_size();

    ASSUME(cap <= sizeof(out) && any < sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = 0xa5;
    if (hf_unhex(text, out, cap, &len))
        PROVE(2 * len <= text.len);
    PROVE(len <= cap && (any < cap || out[any] == 0xa5));
}
