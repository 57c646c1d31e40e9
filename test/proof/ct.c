/* ct.c - what compares without branching answers as what branches would. */
#include "proof.h"

#include "base/mem.c"

enum { MOST = 64 };

void prove_equal_ct(void)
{
    uint8_t a[MOST], b[MOST];
    size_t len = nondet_size();
    bool same = true;

    ASSUME(len <= MOST);
    for (size_t i = 0; i < MOST; i++) {
        a[i] = nondet_byte();
        b[i] = nondet_byte();
        same = same && (i >= len || a[i] == b[i]);
    }
    PROVE(hf_equal_ct(a, b, len) == same);
}

void prove_masks(void)
{
    uint32_t a = nondet_word(), b = nondet_word();
    uint8_t yes = nondet_byte(), no = nondet_byte();

    PROVE(hf_mask_equal(a, b) == (a == b ? UINT32_MAX : 0));
    PROVE(hf_mask_zero(yes) == (yes == 0 ? UINT32_MAX : 0));
    PROVE(hf_select_ct(UINT32_MAX, yes, no) == yes);
    PROVE(hf_select_ct(0, yes, no) == no);
}
