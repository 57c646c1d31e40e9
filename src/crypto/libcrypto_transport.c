/* libcrypto_transport.c - RSA key transport: a premaster secret encrypted to a
 * key and decrypted with it, PKCS#1 v1.5 (RFC 8017 7.2, RFC 5246 7.4.7.1).
 *
 *   00 02 | random, no byte of it zero | 00 | version | 46 random bytes
 *
 * Whoever can find out whether a ciphertext of his own making decrypts to
 * something of this form can decrypt everything, some thousand questions
 * later (Bleichenbacher).  So the one who decrypts never knows:
 *
 * - What came is replaced by another number of the same length if it is none
 *   that the key could have made.  The private power is taken in any case.
 * - libcrypto's own mode for TLS looks at padding, length and version without
 *   a branch, and gives 48 random bytes of its own where one is wrong.
 * - What it says, and a second look at the version, become a mask here, which
 *   chooses byte for byte between its bytes and those that the caller drew
 *   before.  No error comes out, because there is nothing to put it into.
 *
 * That mode raises without padding and looks at the padding itself, so the
 * implicit rejection of libcrypto 3.2 and later has no part in it. */
#include "crypto/libcrypto.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

/* ---- to encrypt ------------------------------------------------------------------- */

/* Random bytes, none of them zero: those that are, one in 256, are drawn
 * again.  Where they stood is no secret worth keeping: they are gone. */
static bool fill_nonzero(struct hf_libcrypto *lib, uint8_t *out, size_t len)
{
    enum { SPARE = 64, POOLS = 16 };
    uint8_t spare[SPARE];
    size_t at = 0, left = 0;
    unsigned pools = 0;

    if (!hf_libcrypto_random(lib, out, len))
        return false;
    while (at < len) {
        if (out[at]) {
            at++;
            continue;
        }
        if (!left) {
            /* A source that gives nothing but zeroes is none. */
            if (pools++ == POOLS ||
                !hf_libcrypto_random(lib, spare, sizeof(spare)))
                return false;
            left = SPARE;
        }
        out[at] = spare[--left];
    }
    hf_wipe(spare, sizeof(spare));
    return true;
}

/* 00 02 padding 00 secret, @len bytes. */
static bool pad(struct hf_libcrypto *lib, uint8_t *out, size_t len,
                const uint8_t *secret)
{
    const size_t fill = len - 3 - HF_PREMASTER_LEN; /* 205 at least */

    out[0] = 0;
    out[1] = 2;
    out[2 + fill] = 0;
    hf_copy(out + 3 + fill, secret, HF_PREMASTER_LEN);
    return fill_nonzero(lib, out + 2, fill);
}

bool hf_libcrypto_premaster_seal(void *self, const struct hf_public_key *key,
                                 const uint8_t secret[HF_PREMASTER_LEN],
                                 uint8_t *out, size_t cap, size_t *len,
                                 bool *fault)
{
    struct hf_libcrypto *lib = self;
    uint8_t block[HF_RSA_BYTES_MAX];
    bool ok = false;

    *fault = false;
    *len = key->modulus.len;
    if (key->kind != HF_KEY_RSA || *len > sizeof(block) || *len > cap ||
        key->exponent.len > 4)
        return false;
    BIGNUM *n = BN_bin2bn(key->modulus.at, (int)key->modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.len, NULL);
    *fault = !n || !e;
    if (!*fault && hf_rsa_acceptable(n, e, HF_RSA_BITS_MIN)) {
        ok = pad(lib, block, *len, secret) &&
             hf_rsa_raise(lib, n, e, NULL, hf_span(block, *len), out, fault);
        *fault = !ok;
    }
    hf_wipe(block, sizeof(block));
    BN_free(n);
    BN_free(e);
    return ok || hf_libcrypto_failed();
}

/* ---- to decrypt --------------------------------------------------------------------- */

/* All ones if libcrypto gives 48 bytes, which it does whatever the padding
 * hides.  Anything else would be its failure, and is not told either. */
static uint32_t open_number(const struct hf_private_key *key,
                            const uint8_t *number, unsigned version,
                            uint8_t out[HF_PREMASTER_LEN])
{
    OSSL_PARAM params[2] = {
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION,
                                  &version),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->opens);
    size_t len = HF_PREMASTER_LEN;
    int done = 0;

    if (ctx && EVP_PKEY_CTX_set_params(ctx, params) == 1)
        done = EVP_PKEY_decrypt(ctx, out, &len, number,
                                key->public.modulus.len);
    EVP_PKEY_CTX_free(ctx);
    HF_SECRET(&done, sizeof(done));
    HF_SECRET(&len, sizeof(len));
    return hf_mask_equal((uint32_t)done, 1) &
           hf_mask_equal((uint32_t)len, HF_PREMASTER_LEN);
}

void hf_libcrypto_premaster_open(void *self, const struct hf_private_key *key,
                                 struct hf_span sealed, unsigned version,
                                 uint8_t secret[HF_PREMASTER_LEN])
{
    uint8_t number[HF_RSA_BYTES_MAX], opened[HF_PREMASTER_LEN] = { 0 };
    uint32_t good;

    (void)self;
    if (!key->opens)
        return; /* no RSA key: never chosen for this */
    good = hf_premaster_number(&key->public, sealed, number);
    good &= open_number(key, number, version, opened);
    HF_SECRET(opened, sizeof(opened));
    /* "the version number ... offered by the client in ClientHello" */
    good &= hf_mask_equal(opened[0], version >> 8 & 0xff) &
            hf_mask_equal(opened[1], version & 0xff);
    for (size_t i = 0; i < HF_PREMASTER_LEN; i++)
        secret[i] = hf_select_ct(good, opened[i], secret[i]);
    hf_wipe(opened, sizeof(opened));
    ERR_clear_error();
}

/* ---- for somebody else to look at -------------------------------------------------- */

/* Signing without padding and decrypting without padding are the same power. */
bool hf_libcrypto_key_raise(void *self, const struct hf_private_key *key,
                            struct hf_span number, uint8_t *out)
{
    EVP_PKEY_CTX *ctx = NULL;
    size_t len = number.len;
    bool ok;

    (void)self;
    if (!key->opens || number.len != key->public.modulus.len)
        return false;
    ok = (ctx = EVP_PKEY_CTX_dup(key->raw)) != NULL &&
         EVP_PKEY_sign(ctx, out, &len, number.at, number.len) == 1 &&
         len == number.len;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return true;
    hf_wipe(out, number.len);
    return hf_libcrypto_failed();
}
