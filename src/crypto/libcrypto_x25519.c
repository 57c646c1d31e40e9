/* libcrypto_x25519.c - X25519 (RFC 7748) from libcrypto.
 *
 * All of X25519 is one function of a scalar and a coordinate:
 *
 *     share  = multiply(private, 9)
 *     secret = multiply(private, the peer's share)
 *
 * libcrypto has that function but does not export it.  Through EVP it costs an
 * EVP_PKEY, an EVP_PKEY_CTX and, hidden in EVP_PKEY_derive_init(), a fetch
 * under the locks that all threads share.  So we call the provider as EVP
 * itself does, by the documented functions of provider-keymgmt(7) and
 * provider-keyexch(7), found once at open; no lock is left on the path.
 * Measured on 3.0: 34.8 us, of which 34.5 are arithmetic; by EVP 37.5, and by
 * EVP's key generation 51.
 *
 * A key is imported with a public half, which a private key alone would make
 * libcrypto compute; the exchange never reads it. */
#include "crypto/libcrypto.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

enum { LEN = 32 };

struct x25519_state {
    uint8_t scalar[LEN];
};

/* ---- the provider's functions ------------------------------------------------------ */

static const OSSL_DISPATCH *functions_of(const OSSL_ALGORITHM *list)
{
    static const char name[] = "X25519"; /* before other names of the same */
    const size_t len = sizeof(name) - 1;

    for (; list && list->algorithm_names; list++) {
        struct hf_span names = hf_span_text(list->algorithm_names);
        if (names.len >= len && hf_equal(names.at, name, len) &&
            (names.len == len || names.at[len] == ':'))
            return list->implementation;
    }
    return NULL;
}

bool hf_x25519_find(struct hf_libcrypto *lib)
{
    struct hf_x25519_calls *calls = &lib->x25519;
    int changes; /* "do not cache this": only a provider under change says so */

    calls->provider = OSSL_PROVIDER_get0_provider_ctx(lib->provider);
    const OSSL_DISPATCH *f = functions_of(OSSL_PROVIDER_query_operation(
        lib->provider, OSSL_OP_KEYMGMT, &changes));
    for (; f && f->function_id; f++)
        if (f->function_id == OSSL_FUNC_KEYMGMT_NEW)
            calls->key_new = OSSL_FUNC_keymgmt_new(f);
        else if (f->function_id == OSSL_FUNC_KEYMGMT_FREE)
            calls->key_free = OSSL_FUNC_keymgmt_free(f);
        else if (f->function_id == OSSL_FUNC_KEYMGMT_IMPORT)
            calls->key_import = OSSL_FUNC_keymgmt_import(f);
    f = functions_of(OSSL_PROVIDER_query_operation(lib->provider,
                                                   OSSL_OP_KEYEXCH, &changes));
    for (; f && f->function_id; f++)
        if (f->function_id == OSSL_FUNC_KEYEXCH_NEWCTX)
            calls->open = OSSL_FUNC_keyexch_newctx(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_FREECTX)
            calls->close = OSSL_FUNC_keyexch_freectx(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_INIT)
            calls->init = OSSL_FUNC_keyexch_init(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_SET_PEER)
            calls->set_peer = OSSL_FUNC_keyexch_set_peer(f);
        else if (f->function_id == OSSL_FUNC_KEYEXCH_DERIVE)
            calls->derive = OSSL_FUNC_keyexch_derive(f);
    return calls->key_new && calls->key_free && calls->key_import &&
           calls->open && calls->close && calls->init && calls->set_peer &&
           calls->derive;
}

static void free_key(const struct hf_x25519_calls *calls, void *key)
{
    if (key)
        calls->key_free(key);
}

/* A key in the provider's hands; NULL without memory. */
static void *import_key(const struct hf_x25519_calls *calls, uint8_t *scalar,
                        uint8_t *point)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, LEN),
        scalar ? OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY,
                                                   scalar, LEN)
               : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    void *key = calls->key_new(calls->provider);

    if (key && calls->key_import(key,
                                 scalar ? OSSL_KEYMGMT_SELECT_KEYPAIR
                                        : OSSL_KEYMGMT_SELECT_PUBLIC_KEY,
                                 params) == 1)
        return key;
    free_key(calls, key);
    return NULL;
}

/* ---- the function -------------------------------------------------------------------- */

/* False with *fault unset: the result would be all zeroes, which a point of
 * small order does, on purpose (RFC 7748 6.1, RFC 8446 7.4.2). */
static bool multiply(struct hf_libcrypto *lib, const uint8_t *scalar,
                     const uint8_t *coordinate, uint8_t *out, bool *fault)
{
    static const uint8_t zeroes[LEN];
    const struct hf_x25519_calls *calls = &lib->x25519;
    uint8_t own[LEN], peer[LEN];
    size_t len = LEN;

    hf_copy(own, scalar, LEN);
    hf_copy(peer, coordinate, LEN);
    HF_DECLASSIFY(own, LEN); /* what libcrypto does is not ours to prove */
    void *key = import_key(calls, own, peer);
    void *other = import_key(calls, NULL, peer);
    void *exchange = calls->open(calls->provider);
    *fault = !key || !other || !exchange ||
             calls->init(exchange, key, NULL) != 1 ||
             calls->set_peer(exchange, other) != 1;
    bool ok = !*fault && calls->derive(exchange, out, &len, LEN) == 1 &&
              len == LEN && !hf_equal_ct(out, zeroes, LEN);
    if (exchange)
        calls->close(exchange);
    free_key(calls, other);
    free_key(calls, key);
    hf_wipe(own, LEN);
    HF_SECRET(out, LEN);
    if (!ok)
        hf_wipe(out, LEN);
    return ok || hf_libcrypto_failed();
}

/* ---- as a key exchange ----------------------------------------------------------------- */

static bool generate(void *self, void *state, uint8_t *share)
{
    static const uint8_t base[LEN] = { 9 };
    struct x25519_state *s = state;
    bool fault;

    if (!hf_libcrypto_random(self, s->scalar, LEN))
        return false;
    HF_SECRET(s->scalar, LEN);
    if (!multiply(self, s->scalar, base, share, &fault))
        return false;
    HF_DECLASSIFY(share, LEN);
    return true;
}

static bool decapsulate(void *self, void *state, struct hf_span reply,
                        uint8_t *secret, bool *fault)
{
    const struct x25519_state *s = state;

    *fault = false;
    if (reply.len != LEN)
        return false;
    return multiply(self, s->scalar, reply.at, secret, fault);
}

static bool encapsulate(void *self, struct hf_span share, uint8_t *reply,
                        uint8_t *secret, bool *fault)
{
    struct x25519_state s;

    *fault = false;
    if (share.len != LEN)
        return false;
    *fault = !generate(self, &s, reply);
    bool ok = !*fault && decapsulate(self, &s, share, secret, fault);
    hf_wipe(&s, sizeof(s));
    return ok;
}

static void wipe(void *state)
{
    hf_wipe(state, sizeof(struct x25519_state));
}

const struct hf_kx hf_libcrypto_x25519 = {
    .group = 29,
    .name = "x25519",
    .share_len = LEN,
    .reply_len = LEN,
    .secret_len = LEN,
    .state_size = sizeof(struct x25519_state),
    .generate = generate,
    .encapsulate = encapsulate,
    .decapsulate = decapsulate,
    .wipe = wipe,
};
