/* fault_test.c - no memory: every allocation of libcrypto's and of ours fails, once
 * and from then on, in turn, in everything that the provider does.  What must hold then:
 * nobody crashes, nothing leaks, what is wrong is never called right, and what
 * is called right is right. */
#include "vectors.h"

#include "crypto/libcrypto.h"

#include <openssl/rsa.h>

/* ---- memory that runs out ------------------------------------------------------------ */

static long until_failure = -1; /* allocations that still succeed; -1: all */
static bool for_good;           /* and all after it fail, too */
static bool out_of_memory;
static bool blinds; /* what is tried uses an RSA key, see recover() */
static long live;

static bool fails(void)
{
    if (until_failure >= 0 && until_failure-- == 0) {
        out_of_memory = for_good;
        return true;
    }
    return out_of_memory;
}

/* From here on there is enough again. */
static void feed(void)
{
    until_failure = -1;
    out_of_memory = false;
}

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (fails())
        return NULL;
    void *p = malloc(size);
    live += p != NULL;
    return p;
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    live -= p != NULL;
    free(p);
}

static void *counted_realloc(void *p, size_t size, const char *file, int line)
{
    if (!p)
        return counted_malloc(size, file, line);
    if (!size) {
        counted_free(p, file, line);
        return NULL;
    }
    return fails() ? NULL : realloc(p, size);
}

/* hf_alloc() calls calloc; a program's own goes before the C library's.  (A
 * sanitizer brings one itself, and is left alone.) */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *calloc(size_t count, size_t size)
{
    if (fails() || (size && count > SIZE_MAX / size))
        return NULL;
    void *p = malloc(count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}
#endif

/* ---- what is tried ----------------------------------------------------------------------- */

static const struct hf_span message = { (const uint8_t *)"the message", 11 };

enum result { DONE, REFUSED };

/* Once there is memory again, all works again.  Where it ended in the middle of a
 * new blinding value, libcrypto keeps what it has of that, and makes another
 * after 32 uses of the RSA key: until then nothing it decrypts is right. */
static void recover(enum result (*work)(void))
{
    unsigned tries = 0;

    while (work() != DONE)
        assert_true(++tries <= 32);
}

/* Try @work with the first allocation failing, then the second, until none is
 * left to fail; it must fail at least @least times, and then be done. */
static void starve_so(enum result (*work)(void), long least)
{
    long n = 0;

    assert_int_equal(work(), DONE); /* what is made once is made now */
    for (;; n++) {
        hf_ecdsa_forget(opened()->self);
        const long before = live;
        until_failure = n;
        const enum result result = work();
        const bool starved = until_failure < 0;
        feed();
        if (for_good && blinds)
            recover(work);
        ERR_clear_error();
        hf_ecdsa_forget(opened()->self);
        if (live > before + 2) /* libcrypto may keep an error's place */
            fail_msg("%ld blocks are left of failure %ld", live - before, n);
        if (!starved) {
            assert_int_equal(result, DONE);
            break;
        }
    }
    assert_true(n >= least);
}

static void starve(enum result (*work)(void), long least)
{
    for_good = false;
    starve_so(work, least);
    for_good = true;
    starve_so(work, least);
    for_good = false;
}

/* ---- key exchange ------------------------------------------------------------------------ */

static const struct hf_kx *kx;

/* libcrypto's own ML-KEM does not say when it could not decapsulate: as for a
 * wrong ciphertext, a secret comes out that nobody else has. */
static bool hides_failures(const struct hf_kx *group)
{
    return group->part &&
           (OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 5);
}

static enum result exchange(void)
{
    _Alignas(16) uint8_t state[HF_KX_STATE_MAX] = { 0 };
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
    uint8_t ours[HF_SECRET_MAX] = { 1 }, theirs[HF_SECRET_MAX] = { 2 };
    void *self = opened()->self;
    bool fault = false;

    bool ok = kx->generate(self, state, share);
    if (!ok)
        goto out;
    ok = kx->encapsulate(self, hf_span(share, kx->share_len), reply, theirs,
                         &fault);
    if (!ok) {
        if (!fault) /* the peer did nothing wrong */
            fail_msg("%s blames the peer", kx->name);
        goto out;
    }
    ok = kx->decapsulate(self, state, hf_span(reply, kx->reply_len), ours,
                         &fault);
    if (!ok)
        assert_true(fault);
    else if (until_failure < 0 && hides_failures(kx))
        ok = hf_equal(ours, theirs, kx->secret_len);
    else
        assert_memory_equal(ours, theirs, kx->secret_len);
out:
    kx->wipe(state);
    return ok ? DONE : REFUSED;
}

static void each_group_survives_hunger(void **state)
{
    (void)state;
    for (size_t i = 0; hf_libcrypto.groups[i]; i++) {
        kx = hf_libcrypto.groups[i];
        if (kx->group != 24) /* the same code as 23, and slow */
            starve(exchange, 5);
    }
}

/* ---- signatures --------------------------------------------------------------------------- */

static const struct hf_signature *how;
static struct hf_private_key *key;

static enum result sign_and_verify(void)
{
    uint8_t sig[HF_SIGNATURE_MAX];
    struct hf_public_key public;
    size_t len;
    bool fault;

    if (!how->sign(opened()->self, how, key, message, sig, sizeof(sig), &len))
        return REFUSED;
    assert_true(len > 0 && len <= sizeof(sig));
    hf_libcrypto.key_public(key, &public);
    if (!how->verify(opened()->self, how, &public, message, hf_span(sig, len),
                     &fault)) {
        /* libcrypto does not always say what was missing, so the fault may
         * be laid on the signature; but it must be a right one. */
        feed();
        assert_true(how->verify(opened()->self, how, &public, message,
                                hf_span(sig, len), &fault));
        until_failure = -2; /* starved, all the same */
        return REFUSED;
    }
    sig[len - 1] ^= 1;
    assert_false(how->verify(opened()->self, how, &public, message,
                             hf_span(sig, len), &fault));
    return fault ? REFUSED : DONE;
}

/* A wrong signature stays wrong, whatever runs out. */
static enum result verify_wrong(void)
{
    static uint8_t sig[HF_SIGNATURE_MAX];
    static size_t len;
    static const struct hf_signature *last;
    struct hf_public_key public;
    bool fault;

    if (last != how) { /* the first time, before anything fails */
        assert_true(how->sign(opened()->self, how, key, message, sig,
                              sizeof(sig), &len));
        last = how;
    }
    hf_libcrypto.key_public(key, &public);
    assert_false(how->verify(opened()->self, how, &public,
                             hf_span("another message", 15), hf_span(sig, len),
                             &fault));
    return fault ? REFUSED : DONE;
}

static EVP_PKEY *make(unsigned kind)
{
    switch (kind) {
    case HF_KEY_RSA: return EVP_RSA_gen(2048);
    case HF_KEY_P256: return EVP_EC_gen("P-256");
    case HF_KEY_ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default: return NULL; /* the other curves and paddings go the same ways */
    }
}

static uint8_t *der;
static size_t der_len;

static enum result load_key(void)
{
    struct hf_error error = { 0 };
    struct hf_private_key *loaded;

    if (!hf_libcrypto.key_load(opened()->self, hf_span(der, der_len), NULL,
                               NULL, &loaded, &error)) {
        assert_true(error.code != HF_OK);
        return REFUSED;
    }
    hf_libcrypto.key_free(loaded);
    return DONE;
}

static void keys_and_signatures_survive_hunger(void **state)
{
    struct hf_error error = { 0 };

    (void)state;
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++) {
        how = hf_libcrypto.signatures[i];
        EVP_PKEY *pkey = how->hash > HF_SHA256 ? NULL : make(how->key);
        if (!pkey)
            continue;
        der_len = (size_t)i2d_PrivateKey(pkey, &der);
        assert_true(hf_libcrypto.key_load(opened()->self, hf_span(der, der_len),
                                          NULL, NULL, &key, &error));
        blinds = how->key == HF_KEY_RSA;
        starve(sign_and_verify, 5);
        blinds = false;
        starve(verify_wrong, 3);
        starve(load_key, 10);
        hf_libcrypto.key_free(key);
        OPENSSL_free(der);
        der = NULL;
        EVP_PKEY_free(pkey);
    }
}

/* ---- key transport --------------------------------------------------------------------------- */

static uint8_t transport[HF_SIGNATURE_MAX];
static size_t transport_len;

static void make_secret(uint8_t *out, uint8_t fill)
{
    memset(out, fill, HF_PREMASTER_LEN);
    out[0] = out[1] = 3;
}

static enum result seal_secret(void)
{
    struct hf_public_key public;
    uint8_t secret[HF_PREMASTER_LEN];
    bool fault;

    make_secret(secret, 1);
    hf_libcrypto.key_public(key, &public);
    if (!hf_libcrypto.premaster_seal(opened()->self, &public, secret, transport,
                                     sizeof(transport), &transport_len,
                                     &fault)) {
        assert_true(fault);
        return REFUSED;
    }
    return DONE;
}

/* Without memory it is as with a wrong one: nothing is said. */
static enum result open_secret(void)
{
    uint8_t want[HF_PREMASTER_LEN], other[HF_PREMASTER_LEN];
    uint8_t secret[HF_PREMASTER_LEN];

    make_secret(want, 1);
    make_secret(other, 2);
    memcpy(secret, other, sizeof(secret));
    hf_libcrypto.premaster_open(
        opened()->self, key, hf_span(transport, transport_len), 0x0303, secret);
    assert_int_equal(ERR_peek_error(), 0);
    if (!memcmp(secret, want, sizeof(want)))
        return DONE;
    assert_memory_equal(secret, other, sizeof(other));
    return REFUSED;
}

static void key_transport_survives_hunger(void **state)
{
    struct hf_error error = { 0 };
    EVP_PKEY *pkey = make(HF_KEY_RSA);

    (void)state;
    der_len = (size_t)i2d_PrivateKey(pkey, &der);
    assert_true(hf_libcrypto.key_load(opened()->self, hf_span(der, der_len),
                                      NULL, NULL, &key, &error));
    starve(seal_secret, 5);
    assert_int_equal(seal_secret(), DONE);
    blinds = true;
    starve(open_secret, 5);
    blinds = false;
    hf_libcrypto.key_free(key);
    OPENSSL_free(der);
    der = NULL;
    EVP_PKEY_free(pkey);
}

/* ---- AEADs ----------------------------------------------------------------------------------- */

static const struct hf_aead *aead;

static enum result seal_and_open(void)
{
    static const uint8_t secret[32] = { 1 }, nonce[12] = { 2 };
    _Alignas(16) uint8_t state[HF_AEAD_STATE_MAX] = { 0 };
    uint8_t sealed[64], text[32];
    const struct hf_seal seal = {
        .nonce = nonce, .aad = message, .in = message, .out = sealed
    };
    const struct hf_open open = { .nonce = nonce,
                                  .aad = message,
                                  .in = hf_span(sealed, 11 + HF_TAG_LEN),
                                  .out = text };
    enum result result = REFUSED;

    if (aead->load(opened()->self, state, secret) && aead->seal(state, &seal) &&
        aead->open(state, &open)) {
        assert_memory_equal(text, message.at, message.len);
        sealed[0] ^= 1;
        assert_false(aead->open(state, &open));
        result = DONE;
    }
    aead->unload(state);
    return result;
}

static void each_aead_survives_hunger(void **state)
{
    (void)state;
    for (size_t i = 0; hf_libcrypto.aeads[i]; i++) {
        aead = hf_libcrypto.aeads[i];
        starve(seal_and_open, 2);
    }
}

/* ---- opening ----------------------------------------------------------------------------------- */

static enum result open_and_close(void)
{
    struct hf_error error = { 0 };
    struct hf_crypto c;

    if (!hf_crypto_open(&c, &hf_libcrypto, &error)) {
        assert_true(error.code == HF_E_PROVIDER ||
                    error.code == HF_E_OUT_OF_MEMORY);
        return REFUSED;
    }
    hf_crypto_close(&c);
    return DONE;
}

/* Where libcrypto itself forgets blocks when it cannot open, a sanitizer for
 * leaks must look away. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature) /* how clang says it */
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif
#if SANITIZED
#include <sanitizer/lsan_interface.h>
#define LOOK_AWAY() __lsan_disable()
#define LOOK_AGAIN() __lsan_enable()
#else
#define LOOK_AWAY() ((void)0)
#define LOOK_AGAIN() ((void)0)
#endif

/* Some thousand allocations, nearly all of them libcrypto's tables: each
 * of the first hundred, then one of forty. */
static void opening_survives_hunger(void **state)
{
    (void)state;
    assert_int_equal(open_and_close(), DONE);
    LOOK_AWAY();
    for (long n = 0;; n += n < 100 ? 1 : 41) {
        until_failure = n;
        const enum result result = open_and_close();
        const bool starved = until_failure < 0;
        until_failure = -1;
        ERR_clear_error();
        if (!starved) {
            assert_int_equal(result, DONE);
            assert_true(n > 200);
            break;
        }
    }
    LOOK_AGAIN();
    assert_int_equal(open_and_close(), DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_group_survives_hunger),
        cmocka_unit_test(keys_and_signatures_survive_hunger),
        cmocka_unit_test(key_transport_survives_hunger),
        cmocka_unit_test(each_aead_survives_hunger),
        cmocka_unit_test(opening_survives_hunger),
    };
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc,
                                 counted_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
