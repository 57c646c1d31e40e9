/* text.c - base64, hex and PEM from files and command lines: read within their
 * bounds, and one text for each sequence of bytes. */
#include "proof.h"

#include "base/text.c"

enum { TEXT = 9, BYTES = 5, BLOCK = 40 };

void prove_unbase64(void)
{
    struct hf_span text = any_bytes(TEXT);
    uint8_t out[TEXT];
    size_t cap = nondet_size(), len = 0, any = nondet_size();

    ASSUME(cap <= sizeof(out) && any < sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = 0xa5;
    if (hf_unbase64(text, out, cap, &len))
        PROVE(len <= cap && 4 * len <= 3 * text.len);
    PROVE(any < cap || out[any] == 0xa5);
}

void prove_base64_back(void)
{
    uint8_t bytes[BYTES], back[BYTES + 1];
    char text[4 * ((BYTES + 2) / 3) + 1];
    size_t len = nondet_size(), got = 0, any = nondet_size();

    ASSUME(len <= BYTES && any < len);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = nondet_byte();
    PROVE(hf_base64(text, sizeof(text), hf_span(bytes, len)));
    PROVE(hf_unbase64(hf_span(text, (len + 2) / 3 * 4), back, sizeof(back),
                      &got));
    PROVE(got == len && back[any] == bytes[any]);
}

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
