/* text.c - base64 and hex from files and command lines: read and written within
 * bounds, and one text for each sequence of bytes. */
#include "proof.h"

#include "base/text.c"

enum { TEXT = 9, GROUPS = 9, TEXT64 = 6, BYTES = 3 };

static void marked(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = 0xa5;
}

void prove_unhex(void)
{
    struct hf_span text = any_bytes(TEXT);
    uint8_t out[TEXT];
    size_t cap = nondet_size(), len = 0, any = nondet_size();

    ASSUME(cap <= sizeof(out) && any < sizeof(out));
    marked(out, sizeof(out));
    if (hf_unhex(text, out, cap, &len))
        PROVE(2 * len <= text.len);
    PROVE(len <= cap && (any < cap || out[any] == 0xa5));
}

/* ---- base64 ------------------------------------------------------------------------- */

void prove_groups(void)
{
    struct hf_span text = any_bytes(GROUPS);
    uint8_t out[GROUPS];
    size_t most = nondet_size(), any = nondet_size(), n;

    ASSUME(most <= sizeof(out) / 3 && any < sizeof(out));
    marked(out, sizeof(out));
    n = whole_groups(text, out, most);
    PROVE(n <= most && 4 * n <= text.len);
    PROVE(any < 3 * n || out[any] == 0xa5);
    PROVE(n == most || text.len - 4 * n < 4 ||
          (values64[text.at[4 * n]] | values64[text.at[4 * n + 1]] |
           values64[text.at[4 * n + 2]] | values64[text.at[4 * n + 3]]) > 63);
}

size_t any_groups(struct hf_span text, uint8_t *out, size_t most)
{
    size_t n = nondet_size();

    PROVE(__CPROVER_w_ok(out, 3 * most));
    ASSUME(n <= most && n <= text.len / 4);
    return n;
}

void prove_unbase64(void)
{
    struct hf_span text = any_bytes(TEXT64);
    uint8_t out[TEXT64];
    size_t cap = nondet_size(), len = 0, any = nondet_size();

    ASSUME(cap <= sizeof(out) && any < sizeof(out));
    marked(out, sizeof(out));
    if (hf_unbase64(text, out, cap, &len))
        PROVE(len <= cap && 4 * len <= 3 * text.len);
    PROVE(any < cap || out[any] == 0xa5);
}

static void there_and_back(size_t len)
{
    uint8_t bytes[BYTES], back[BYTES]; /* any */
    char text[5];
    size_t got = 0;

    PROVE(hf_base64(text, sizeof(text), hf_span(bytes, len)));
    PROVE(hf_unbase64(hf_span(text, 4), back, len, &got));
    PROVE(got == len && text[4] == '\0');
    for (size_t i = 0; i < len; i++)
        PROVE(back[i] == bytes[i]);
}

void prove_base64_back(void)
{
    there_and_back(1);
    there_and_back(2);
    there_and_back(3);
}
