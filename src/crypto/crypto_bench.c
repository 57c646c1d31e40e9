/* crypto_bench.c - what each primitive costs, called as connections call it:
 * through the provider.  CPU time of this thread, in nanoseconds; the best of
 * many rounds but the luckiest two, since others use the machine too.
 *
 *     ninja crypto-bench && ./crypto-bench [words of names]
 *
 * Then the memory that libcrypto holds for a loaded AEAD state. */
#define HF_UNPOISONED
#define _GNU_SOURCE /* mallinfo2 */
#include "crypto/suite.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 41, LUCKY = 2 };

static struct hf_crypto crypto;
static char **wanted;

/* What is measured, and what it works on; one at a time. */
static struct {
    const struct hf_hash *hash;
    const struct hf_aead *aead;
    const struct hf_kx *kx;
    const struct hf_signature *how;
    struct hf_private_key *key;
    struct hf_public_key public;
    struct hf_hmac hmac;
    struct hf_hash_state hashing;
    _Alignas(16) uint8_t state[HF_KX_STATE_MAX], other[HF_KX_STATE_MAX];
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX], secret[HF_SECRET_MAX];
    uint8_t sig[HF_SIGNATURE_MAX], out[64];
    size_t sig_len, size;
    uint8_t record[16384 + 256];
} w;
static const uint8_t key[32] = { 1 }, nonce[12] = { 2 }, aad[5] = { 23, 3, 3 };

/* ---- measuring ------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static bool is_wanted(const char *name)
{
    if (!*wanted)
        return true;
    for (char **word = wanted; *word; word++)
        if (strstr(name, *word))
            return true;
    return false;
}

static void measure(const char *name, bool (*work)(void))
{
    double rounds[ROUNDS];

    if (!is_wanted(name))
        return;
    double start = now();
    bool good = work();
    good = work() && good;
    if (!good) {
        printf("%-44s failed\n", name);
        exit(1);
    }
    double once = (now() - start) / 2;
    const int n = once > 1e6 ? 1 : (int)(4e5 / (once + 1)) + 1;
    for (int r = 0; r < ROUNDS; r++) {
        start = now();
        for (int i = 0; i < n; i++)
            if (!work())
                exit(1);
        rounds[r] = (now() - start) / n;
    }
    qsort(rounds, ROUNDS, sizeof(rounds[0]), order);
    printf("%-44s %9.0f\n", name, rounds[LUCKY]);
    fflush(stdout);
}

static const char *named(const char *a, const char *b)
{
    static char text[96];

    snprintf(text, sizeof(text), "%s %s", a, b);
    return text;
}

/* ---- hashes and key derivation ------------------------------------------------------ */

static bool hash_64(void)
{
    const struct hf_span part = hf_span(w.record, 64);

    return hf_hash_parts(&crypto, w.hash, &part, 1, w.out);
}

static bool snapshot(void)
{
    return w.hash->digest(&w.hashing, w.out);
}

static bool hmac_fresh(void)
{
    struct hf_span part = hf_span(w.record, 32);

    if (!hf_hmac_key(&w.hmac, &crypto, w.hash, HF_SPAN(key)) ||
        !hf_hmac_sum(&w.hmac, &part, 1, w.out))
        return false;
    hf_hmac_wipe(&w.hmac);
    return true;
}

static bool hmac_cached(void)
{
    struct hf_span part = hf_span(w.record, 32);

    return hf_hmac_sum(&w.hmac, &part, 1, w.out);
}

static bool label_fresh(void)
{
    if (!hf_hmac_key(&w.hmac, &crypto, w.hash, HF_SPAN(key)) ||
        !hf_expand_label(&w.hmac, "key", hf_span(NULL, 0), w.out, 16))
        return false;
    hf_hmac_wipe(&w.hmac);
    return true;
}

static bool label_cached(void)
{
    return hf_expand_label(&w.hmac, "key", hf_span(NULL, 0), w.out, 16);
}

static bool random_32(void)
{
    return hf_random(&crypto, w.out, 32);
}

static void bench_hashes(void)
{
    for (size_t i = 0; crypto.provider->hashes[i]; i++) {
        w.hash = crypto.provider->hashes[i];
        measure(named(w.hash->name, "of 64 bytes"), hash_64);
        memset(&w.hashing, 0, sizeof(w.hashing));
        if (!w.hash->start(crypto.self, &w.hashing) ||
            !w.hash->add(&w.hashing, hf_span(w.record, 300)))
            exit(1);
        measure(named(w.hash->name, "snapshot of a transcript"), snapshot);
        w.hash->wipe(&w.hashing);
        measure(named(w.hash->name, "HMAC of 32 bytes"), hmac_fresh);
        measure(named(w.hash->name, "HKDF-Expand-Label"), label_fresh);
        if (!hf_hmac_key(&w.hmac, &crypto, w.hash, HF_SPAN(key)))
            exit(1);
        measure(named(w.hash->name, "HMAC, pads cached"), hmac_cached);
        measure(named(w.hash->name, "HKDF-Expand-Label, pads cached"),
                label_cached);
        hf_hmac_wipe(&w.hmac);
    }
    measure("32 random bytes", random_32);
}

/* ---- AEADs ------------------------------------------------------------------------------ */

static bool load_fresh(void)
{
    if (!w.aead->load(crypto.self, w.state, key))
        return false;
    w.aead->unload(w.state);
    return true;
}

static bool load_again(void)
{
    return w.aead->load(crypto.self, w.state, key);
}

static bool seal(void)
{
    const struct hf_seal one = { .nonce = nonce,
                                 .aad = HF_SPAN(aad),
                                 .in = hf_span(w.record, w.size),
                                 .tail = hf_span(aad, 1),
                                 .out = w.record };

    return w.aead->seal(w.state, &one);
}

/* Sealed again first, by another state, which is taken off in the end. */
static bool seal_and_open(void)
{
    const struct hf_open one = { .nonce = nonce,
                                 .aad = HF_SPAN(aad),
                                 .in = hf_span(w.record,
                                               w.size + 1 + HF_TAG_LEN),
                                 .out = w.record };

    return seal() && w.aead->open(w.other, &one);
}

static void bench_aeads(void)
{
    static const size_t sizes[] = { 64, 1024, 16384 };
    char what[64];

    for (size_t i = 0; crypto.provider->aeads[i]; i++) {
        w.aead = crypto.provider->aeads[i];
        measure(named(w.aead->name, "load and unload"), load_fresh);
        measure(named(w.aead->name, "load over another key"), load_again);
        if (!w.aead->load(crypto.self, w.state, key) ||
            !w.aead->load(crypto.self, w.other, key))
            exit(1);
        for (size_t k = 0; k < HF_COUNT(sizes); k++) {
            w.size = sizes[k];
            snprintf(what, sizeof(what), "seal %zu", w.size);
            measure(named(w.aead->name, what), seal);
            snprintf(what, sizeof(what), "seal and open %zu", w.size);
            measure(named(w.aead->name, what), seal_and_open);
        }
        w.aead->unload(w.state);
        w.aead->unload(w.other);
    }
}

/* ---- key exchange ------------------------------------------------------------------------- */

static bool generate(void)
{
    w.kx->wipe(w.state);
    return w.kx->generate(crypto.self, w.state, w.share);
}

static bool encapsulate(void)
{
    bool fault;

    return w.kx->encapsulate(crypto.self, hf_span(w.share, w.kx->share_len),
                             w.reply, w.secret, &fault);
}

static bool decapsulate(void)
{
    bool fault;

    return w.kx->decapsulate(crypto.self, w.state,
                             hf_span(w.reply, w.kx->reply_len), w.secret,
                             &fault);
}

static void bench_groups(void)
{
    for (size_t i = 0; crypto.provider->groups[i]; i++) {
        w.kx = crypto.provider->groups[i];
        memset(w.state, 0, sizeof(w.state));
        if (!generate() || !encapsulate())
            exit(1);
        measure(named(w.kx->name, "generate (client)"), generate);
        measure(named(w.kx->name, "encapsulate (server)"), encapsulate);
        measure(named(w.kx->name, "decapsulate (client)"), decapsulate);
        w.kx->wipe(w.state);
    }
}

/* ---- signatures ----------------------------------------------------------------------------- */

static bool sign(void)
{
    return w.how->sign(crypto.self, w.how, w.key, hf_span(w.record, 130), w.sig,
                       sizeof(w.sig), &w.sig_len);
}

static bool verify(void)
{
    bool fault;

    return w.how->verify(crypto.self, w.how, &w.public, hf_span(w.record, 130),
                         hf_span(w.sig, w.sig_len), &fault);
}

static EVP_PKEY *make(unsigned kind)
{
    return kind == HF_KEY_RSA       ? EVP_RSA_gen(2048)
           : kind == HF_KEY_P256    ? EVP_EC_gen("P-256")
           : kind == HF_KEY_P384    ? EVP_EC_gen("P-384")
           : kind == HF_KEY_P521    ? EVP_EC_gen("P-521")
           : kind == HF_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                    : NULL;
}

static void bench_signatures(void)
{
    for (size_t i = 0; crypto.provider->signatures[i]; i++) {
        struct hf_error error = { 0 };
        uint8_t *der = NULL;
        w.how = crypto.provider->signatures[i];
        if (!w.how->scheme || !is_wanted(w.how->name))
            continue;
        EVP_PKEY *pkey = make(w.how->key);
        if (!pkey)
            continue;
        const int len = i2d_PrivateKey(pkey, &der);
        if (!crypto.provider->key_load(crypto.self, hf_span(der, (size_t)len),
                                       NULL, NULL, &w.key, &error))
            exit(1);
        crypto.provider->key_public(w.key, &w.public);
        measure(named(w.how->name, "sign"), sign);
        if (!sign())
            exit(1);
        measure(named(w.how->name, "verify, new key"), verify);
        crypto.provider->key_free(w.key);
        OPENSSL_free(der);
        EVP_PKEY_free(pkey);
    }
}

/* ---- memory, and opening --------------------------------------------------------------------- */

static bool open_and_close(void)
{
    struct hf_error error = { 0 };
    void *self = crypto.provider->open(&error);

    crypto.provider->close(self);
    return self != NULL;
}

static void weigh_aeads(void)
{
    for (size_t i = 0; crypto.provider->aeads[i]; i++) {
        const struct hf_aead *aead = crypto.provider->aeads[i];
        enum { MANY = 100 };
        static _Alignas(16) uint8_t states[MANY][HF_AEAD_STATE_MAX];
        const size_t before = mallinfo2().uordblks;
        memset(states, 0, sizeof(states));
        for (size_t k = 0; k < MANY; k++)
            if (!aead->load(crypto.self, states[k], key))
                exit(1);
        printf("%-44s %9zu bytes of heap, %zu in place\n",
               named(aead->name, "loaded"),
               (mallinfo2().uordblks - before) / MANY, aead->state_size);
        for (size_t k = 0; k < MANY; k++)
            aead->unload(states[k]);
    }
}

int main(int argc, char **argv)
{
    struct hf_error error = { 0 };

    (void)argc;
    wanted = argv + 1;
    if (!hf_crypto_open(&crypto, &hf_libcrypto, &error)) {
        printf("%s: %s\n", hf_error_name(error.code), error.detail);
        return 1;
    }
    printf("%-44s %s\n", "libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING));
    measure("open and close the provider", open_and_close);
    bench_hashes();
    bench_aeads();
    bench_groups();
    bench_signatures();
    weigh_aeads();
    hf_crypto_close(&crypto);
    return 0;
}
