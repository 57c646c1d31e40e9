/* transport.c - the bounds of RSA key transport whose private power is taken
 * somewhere else. */
#include "proof.h"

#include "crypto/transport.c"

enum { NUMBER = 24 };

/* Too short for any secret: nothing happens. */
void prove_unpad_short(void)
{
    struct hf_span block = any_bytes(2 + 8 + HF_PREMASTER_LEN);
    uint8_t secret[HF_PREMASTER_LEN] = { 0 };
    size_t any = nondet_size();

    ASSUME(any < HF_PREMASTER_LEN);
    hf_premaster_unpad(UINT32_MAX, block, 0x0303, secret);
    PROVE(secret[any] == 0);
}

/* What is sent to be raised is below the modulus, whatever came. */
void prove_premaster_number(void)
{
    uint8_t modulus[NUMBER], number[NUMBER];
    struct hf_span sealed = any_bytes(NUMBER + 1);
    struct hf_public_key key = { .modulus = HF_SPAN(modulus) };
    size_t any = nondet_size();
    bool below = false, same = true;
    uint32_t fits;

    for (size_t i = 0; i < NUMBER; i++)
        modulus[i] = nondet_byte();
    ASSUME(modulus[0] != 0 && any < NUMBER);
    fits = hf_premaster_number(&key, sealed, number);
    PROVE(fits == 0 || fits == UINT32_MAX);
    PROVE(!fits || (sealed.len == NUMBER && number[any] == sealed.at[any]));
    for (size_t i = 0; i < NUMBER; i++) {
        below = below || (same && number[i] < modulus[i]);
        same = same && number[i] == modulus[i];
    }
    PROVE(below);
}
