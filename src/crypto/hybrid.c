/* hybrid.c - X25519MLKEM768 (RFC 10024): an exchange that holds while either
 * X25519 or ML-KEM-768 does.
 *
 *     client's share   ek (1184)  x25519 (32)
 *     server's reply   ct (1088)  x25519 (32)
 *     secret           ss (32)    x25519 (32)
 *
 * The classic half is hf_libcrypto_x25519, whole: its state lies at the start
 * of ours and its share at the end, so that a client that offers both groups
 * makes one X25519 key.
 *
 * ML-KEM is libcrypto's from 3.5 on (HF_NATIVE_MLKEM), else mlkem.c.  Measured
 * side by side with 3.5.7, for that half alone: key 37, encapsulation 28,
 * decapsulation 38 us there; 24, 30 and 18 here. */
#include "crypto/libcrypto.h"
#include "crypto/mlkem.h"

enum { EK = HF_MLKEM_EK, CT = HF_MLKEM_CT, SS = HF_MLKEM_SS, X = 32 };

/* ---- ML-KEM-768 -------------------------------------------------------------------- */

#ifdef HF_NATIVE_MLKEM

typedef EVP_PKEY kem_key;

static kem_key *kem_generate(struct hf_libcrypto *lib, uint8_t *ek)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(lib->lib, NULL, "ML-KEM-768");
    size_t len = EK;

    if (key && EVP_PKEY_get_raw_public_key(key, ek, &len) == 1 && len == EK)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool kem_encapsulate(struct hf_libcrypto *lib, const uint8_t *ek,
                            uint8_t *ct, uint8_t *ss, bool *fault)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(lib->lib, "ML-KEM-768", NULL,
                                                   ek, EK);
    EVP_PKEY_CTX *ctx = NULL;
    size_t ct_len = CT, ss_len = SS;

    *fault = false;
    if (!key) {
        *fault = hf_libcrypto_starved(); /* else it is not reduced */
        return false;
    }
    bool ok = (ctx = EVP_PKEY_CTX_new_from_pkey(lib->lib, key, NULL)) &&
              EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
              EVP_PKEY_encapsulate(ctx, ct, &ct_len, ss, &ss_len) == 1 &&
              ct_len == CT && ss_len == SS;
    *fault = !ok;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return ok;
}

static bool kem_decapsulate(struct hf_libcrypto *lib, kem_key *key,
                            const uint8_t *ct, uint8_t *ss)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib->lib, key, NULL);
    size_t len = SS;

    bool ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
              EVP_PKEY_decapsulate(ctx, ss, &len, ct, CT) == 1 && len == SS;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static void kem_free(kem_key *key)
{
    EVP_PKEY_free(key);
}

#else

typedef struct hf_mlkem_key kem_key;

static void kem_free(kem_key *key)
{
    hf_free(key, sizeof(*key));
}

static kem_key *kem_generate(struct hf_libcrypto *lib, uint8_t *ek)
{
    kem_key *key = hf_alloc(sizeof(*key));
    uint8_t seed[HF_MLKEM_SEED];

    if (key && hf_libcrypto_random(lib, seed, sizeof(seed))) {
        HF_SECRET(seed, sizeof(seed));
        hf_mlkem_generate(key, seed, ek);
        hf_wipe(seed, sizeof(seed));
        return key;
    }
    kem_free(key);
    return NULL;
}

static bool kem_encapsulate(struct hf_libcrypto *lib, const uint8_t *ek,
                            uint8_t *ct, uint8_t *ss, bool *fault)
{
    struct hf_mlkem_public *public = hf_alloc(sizeof(*public));
    uint8_t m[32];

    *fault = !public;
    bool ok = public && hf_mlkem_public_read(public, ek);
    if (ok)
        *fault = !(ok = hf_libcrypto_random(lib, m, sizeof(m)));
    if (ok) {
        HF_SECRET(m, sizeof(m));
        hf_mlkem_encapsulate(public, m, ct, ss);
        hf_wipe(m, sizeof(m));
    }
    hf_free(public, sizeof(*public));
    return ok;
}

static bool kem_decapsulate(struct hf_libcrypto *lib, kem_key *key,
                            const uint8_t *ct, uint8_t *ss)
{
    (void)lib;
    hf_mlkem_decapsulate(key, ct, ss);
    return true;
}

#endif

/* ---- with X25519 ---------------------------------------------------------------------- */

static const struct hf_kx *const classic = &hf_libcrypto_x25519;

struct hybrid_state {
    uint8_t classic[X]; /* hf_libcrypto_x25519's state, first */
    kem_key *key;
};

static void wipe(void *state)
{
    struct hybrid_state *s = state;

    classic->wipe(s->classic);
    kem_free(s->key);
    s->key = NULL;
}

static bool generate(void *self, void *state, uint8_t *share)
{
    struct hybrid_state *s = state;

    *s = (struct hybrid_state){ 0 };
    if (classic->generate(self, s->classic, share + EK) &&
        (s->key = kem_generate(self, share)))
        return true;
    wipe(s);
    return hf_libcrypto_failed();
}

static bool encapsulate(void *self, struct hf_span share, uint8_t *reply,
                        uint8_t *secret, bool *fault)
{
    *fault = false;
    if (share.len != EK + X)
        return false;
    if (kem_encapsulate(self, share.at, reply, secret, fault) &&
        classic->encapsulate(self, hf_span(share.at + EK, X), reply + CT,
                             secret + SS, fault))
        return true;
    hf_wipe(secret, SS + X);
    return hf_libcrypto_failed();
}

static bool decapsulate(void *self, void *state, struct hf_span reply,
                        uint8_t *secret, bool *fault)
{
    struct hybrid_state *s = state;

    *fault = false;
    if (reply.len != CT + X)
        return false;
    *fault = !s->key || !kem_decapsulate(self, s->key, reply.at, secret);
    if (!*fault &&
        classic->decapsulate(self, s->classic, hf_span(reply.at + CT, X),
                             secret + SS, fault))
        return true;
    hf_wipe(secret, SS + X);
    return hf_libcrypto_failed();
}

const struct hf_kx hf_libcrypto_x25519mlkem768 = {
    .group = 4588,
    .name = "X25519MLKEM768",
    .share_len = EK + X,
    .reply_len = CT + X,
    .secret_len = SS + X,
    .state_size = sizeof(struct hybrid_state),
    .part = &hf_libcrypto_x25519,
    .generate = generate,
    .encapsulate = encapsulate,
    .decapsulate = decapsulate,
    .wipe = wipe,
};
