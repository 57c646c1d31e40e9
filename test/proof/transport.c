/* transport.c - what is taken out of an RSA block without a branch is what a
 * reader with branches would take (RFC 8017 7.2.2, RFC 5246 7.4.7.1). */
#include "proof.h"

#include "crypto/transport.c"

/* Blocks of a key of 2048 bits: each byte is treated as its neighbour is. */
enum { BLOCK = 256, NUMBER = 24 };

static bool is_padded(const uint8_t *block, unsigned version)
{
    size_t zero = 2;

    if (block[0] != 0 || block[1] != 2)
        return false;
    while (zero < BLOCK && block[zero] != 0)
        zero++;
    return zero == BLOCK - HF_PREMASTER_LEN - 1 &&
           (block[zero + 1] << 8 | block[zero + 2]) == version;
}

void prove_unpad(void)
{
    uint8_t block[BLOCK], secret[HF_PREMASTER_LEN], before[HF_PREMASTER_LEN];
    unsigned version = nondet_word();
    uint32_t fits = nondet_bool() ? UINT32_MAX : 0;
    size_t any = nondet_size();
    bool good;

    ASSUME(version <= UINT16_MAX && any < HF_PREMASTER_LEN);
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = nondet_byte();
    for (size_t i = 0; i < HF_PREMASTER_LEN; i++)
        before[i] = secret[i] = nondet_byte();
    good = fits && is_padded(block, version);
    hf_premaster_unpad(fits, HF_SPAN(block), version, secret);
    PROVE(secret[any] ==
          (good ? block[BLOCK - HF_PREMASTER_LEN + any] : before[any]));
}

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
