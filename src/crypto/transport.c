/* transport.c - RSA key transport where the private power is taken somewhere
 * else: all of it but that power (RFC 8017 7.2, RFC 5246 7.4.7.1).
 *
 *   what came -> a number that the key could have made -> [ elsewhere: ^d mod n ]
 *             -> 00 02 | padding without zero | 00 | version | 46 bytes ?
 *
 * Elsewhere nobody looks at padding: whoever does not look cannot tell (see
 * libcrypto_transport.c for what could be told).  What comes back is looked at
 * here, at fixed places and without a branch, for the length of the secret is
 * known and so is where each part must stand.  All that comes of it is a mask,
 * which chooses between the bytes that came and those that were drawn before. */
#include "crypto/suite.h"

uint32_t hf_premaster_number(const struct hf_public_key *key,
                             struct hf_span sealed, uint8_t *number)
{
    const struct hf_span n = key->modulus;
    const bool fits = sealed.len == n.len &&
                      hf_compare(sealed.at, n.at, n.len) < 0;

    hf_copy(number, fits ? sealed.at : n.at, n.len);
    if (!fits)
        number[0] = 0; /* below the modulus, which begins with another */
    return hf_mask_equal(fits, true);
}

void hf_premaster_unpad(uint32_t good, struct hf_span block, unsigned version,
                        uint8_t secret[HF_PREMASTER_LEN])
{
    enum { HEAD = 2, BLOCK_MIN = HEAD + 8 + 1 + HF_PREMASTER_LEN };
    size_t zero = block.len - HF_PREMASTER_LEN - 1;

    if (block.len < BLOCK_MIN)
        return; /* no key that we know is so short */
    good &= hf_mask_equal(block.at[0], 0) & hf_mask_equal(block.at[1], 2);
    for (size_t i = HEAD; i < zero; i++)
        good &= ~hf_mask_equal(block.at[i], 0);
    good &= hf_mask_equal(block.at[zero], 0);
    /* "the version number ... offered by the client in ClientHello" */
    good &= hf_mask_equal(block.at[zero + 1], version >> 8 & 0xff) &
            hf_mask_equal(block.at[zero + 2], version & 0xff);
    for (size_t i = 0; i < HF_PREMASTER_LEN; i++)
        secret[i] = hf_select_ct(good, block.at[zero + 1 + i], secret[i]);
}
