/* ct_check.c - is our own code constant in time?  Runs under valgrind's
 * memcheck, from a build in which HF_SECRET() marks bytes as undefined: a
 * branch or an address that depends on a secret then is an error to memcheck,
 * in the machine code that the compiler really made.
 *
 *     valgrind --error-exitcode=1 constant-time           must pass
 *     valgrind --error-exitcode=1 constant-time branch    must not
 *     valgrind --error-exitcode=1 constant-time index     must not
 *
 * Without arguments it runs ML-KEM, the key derivation, what is done with an
 * RSA premaster secret after libcrypto, and the helpers of base on secrets, and
 * checks that the results are right as well. */
#define HF_UNPOISONED
#include "crypto/mlkem.h"
#include "crypto/oracle.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool ok, const char *what)
{
    if (ok)
        return;
    printf("wrong result: %s\n", what);
    exit(1);
}

/* ---- the check can fail ------------------------------------------------------------- */

static int leak(const char *how)
{
    static volatile int sink;
    static const int table[256] = { 1, 2, 3 };
    uint8_t secret[1] = { 2 };

    HF_SECRET(secret, sizeof(secret));
    if (!strcmp(how, "index"))
        sink = table[secret[0]];
    else if (secret[0] & 1)
        sink = 1;
    return sink < 0;
}

/* ---- ML-KEM --------------------------------------------------------------------------- */

static void check_mlkem(void)
{
    static struct hf_mlkem_key key;
    static struct hf_mlkem_public public;
    uint8_t seed[HF_MLKEM_SEED], m[32], ek[HF_MLKEM_EK], ct[HF_MLKEM_CT];
    uint8_t ours[32], theirs[32];

    for (unsigned i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(i * 11), m[i % 32] = (uint8_t)(i * 5 + 1);
    HF_SECRET(seed, sizeof(seed));
    HF_SECRET(m, sizeof(m));
    hf_mlkem_generate(&key, seed, ek);
    expect(hf_mlkem_public_read(&public, ek), "encapsulation key");
    hf_mlkem_encapsulate(&public, m, ct, theirs);
    hf_mlkem_decapsulate(&key, ct, ours);
    expect(hf_equal_ct(ours, theirs, 32), "shared secret");
    ct[7] ^= 1; /* whether it was made otherwise is a secret too */
    hf_mlkem_decapsulate(&key, ct, ours);
    expect(!hf_equal_ct(ours, theirs, 32), "implicit rejection");
}

/* ---- key derivation ---------------------------------------------------------------------- */

static void check_kdf(const struct hf_crypto *c)
{
    const struct hf_span none = hf_span(NULL, 0);

    for (size_t i = 0; c->provider->hashes[i]; i++) {
        const struct hf_hash *hash = c->provider->hashes[i];
        uint8_t secret[64], long_key[200], prk[64], one[64], two[64];
        struct hf_hmac h;
        for (unsigned k = 0; k < sizeof(long_key); k++)
            long_key[k] = (uint8_t)k, secret[k % 64] = (uint8_t)(k * 3);
        HF_SECRET(secret, sizeof(secret));
        HF_SECRET(long_key, sizeof(long_key));
        bool ok = hf_hkdf_extract(c, hash, none, HF_SPAN(secret), prk) &&
                  hf_hmac_key(&h, c, hash, hf_span(prk, hash->len)) &&
                  hf_expand_label(&h, "c hs traffic", hf_span(prk, hash->len),
                                  one, sizeof(one)) &&
                  hf_expand_label(&h, "c hs traffic", hf_span(prk, hash->len),
                                  two, sizeof(two));
        hf_hmac_wipe(&h);
        expect(ok && hf_equal_ct(one, two, sizeof(one)), "HKDF");
        const struct hf_span seed = HF_SPAN(secret);
        ok = hf_prf12(c, hash, HF_SPAN(long_key), "master secret", &seed, 1,
                      one, 48) &&
             hf_prf12(c, hash, HF_SPAN(long_key), "master secret", &seed, 1,
                      two, 48);
        expect(ok && hf_equal_ct(one, two, 48), "PRF");
    }
}

/* ---- RSA key transport ------------------------------------------------------------------- */

/* The same where only the power is taken by libcrypto. */
static void check_unpad(const struct hf_crypto *c,
                        const struct hf_private_key *key, struct hf_span sealed,
                        uint8_t *out)
{
    uint8_t number[HF_SIGNATURE_MAX], block[HF_SIGNATURE_MAX];
    struct hf_public_key public;
    uint32_t good;

    c->provider->key_public(key, &public);
    good = hf_premaster_number(&public, sealed, number);
    expect(c->provider->key_raise(c->self, key,
                                  hf_span(number, public.modulus.len), block),
           "the private power");
    memset(out, 0x77, HF_PREMASTER_LEN);
    HF_SECRET(out, HF_PREMASTER_LEN);
    HF_SECRET(block, public.modulus.len);
    HF_SECRET(&good, sizeof(good));
    hf_premaster_unpad(good, hf_span(block, public.modulus.len), 0x0303, out);
    HF_DECLASSIFY(out, HF_PREMASTER_LEN);
}

/* Whether it was well formed, what was in it, and which of the two comes out:
 * all that is marked secret where libcrypto hands it over. */
static void check_premaster(const struct hf_crypto *c)
{
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    struct hf_private_key *key = NULL;
    struct hf_public_key public;
    struct hf_error error = { 0 };
    static struct oracle o;
    uint8_t secret[HF_PREMASTER_LEN], out[HF_PREMASTER_LEN], *der = NULL;
    int len = pkey ? i2d_PrivateKey(pkey, &der) : 0;

    expect(len > 0 && c->provider->key_load(c->self, hf_span(der, (size_t)len),
                                            NULL, NULL, &key, &error),
           "an RSA key");
    c->provider->key_public(key, &public);
    for (unsigned i = 0; i < sizeof(secret); i++)
        secret[i] = i < 2 ? 3 : (uint8_t)(i * 5 + 1);
    for (size_t i = 0; oracle_make(&o, i, &public, secret); i += i ? 23 : 1) {
        memset(out, 0x77, sizeof(out));
        HF_SECRET(out, sizeof(out));
        c->provider->premaster_open(c->self, key, hf_span(o.bytes, o.len),
                                    0x0303, out);
        HF_DECLASSIFY(out, sizeof(out));
        expect(hf_equal(out, secret, sizeof(out)) == (i == 0), o.name);
        check_unpad(c, key, hf_span(o.bytes, o.len), out);
        expect(hf_equal(out, secret, sizeof(out)) == (i == 0), o.name);
    }
    c->provider->key_free(key);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

/* ---- helpers ------------------------------------------------------------------------------ */

static void check_helpers(void)
{
    for (unsigned a = 0; a < 4; a++)
        for (unsigned b = 0; b < 4; b++) {
            uint32_t x = a, y = b;
            HF_SECRET(&x, sizeof(x));
            HF_SECRET(&y, sizeof(y));
            uint8_t got = hf_select_ct(hf_mask_equal(x, y), 7, 9);
            HF_DECLASSIFY(&got, sizeof(got));
            expect(got == (a == b ? 7 : 9), "hf_select_ct");
            expect(hf_equal_ct(&x, &y, sizeof(x)) == (a == b), "hf_equal_ct");
        }
}

int main(int argc, char **argv)
{
    struct hf_crypto crypto;
    struct hf_error error = { 0 };

    if (argc > 1)
        return leak(argv[1]);
    if (!hf_crypto_open(&crypto, &hf_libcrypto, &error)) {
        printf("%s: %s\n", hf_error_name(error.code), error.detail);
        return 1;
    }
    check_helpers();
    check_mlkem();
    check_kdf(&crypto);
    check_premaster(&crypto);
    hf_crypto_close(&crypto);
    printf("nothing depends on a secret\n");
    return 0;
}
