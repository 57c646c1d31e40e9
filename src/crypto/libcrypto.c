/* libcrypto.c - the provider made of OpenSSL's libcrypto, 3.0 or later: what
 * it can do, how it is opened, and random bytes.
 *
 * libcrypto.h tells the rules of calling libcrypto; the algorithms are in
 * libcrypto_hash.c, _aead.c, _x25519.c, _ecdh.c, _sign.c, _ecdsa.c, _rsa.c and
 * _transport.c; private keys in _key.c and _keyfile.c; the self-test is in
 * _check.c. */
#include "crypto/libcrypto.h"
#include "crypto/compress.h"

#include <openssl/rand.h>

#include <errno.h>
#include <sys/random.h>

/* ---- the instance ----------------------------------------------------------------- */

void hf_libcrypto_keep(struct hf_libcrypto *lib)
{
    atomic_fetch_add_explicit(&lib->users, 1, memory_order_relaxed);
}

void hf_libcrypto_free(struct hf_libcrypto *lib)
{
    if (!lib ||
        atomic_fetch_sub_explicit(&lib->users, 1, memory_order_acq_rel) > 1)
        return;
    hf_ecdsa_forget(lib);
    for (size_t i = 0; i < HF_COUNT(lib->curves); i++)
        EC_GROUP_free(lib->curves[i]);
    for (size_t i = 0; i < HF_COUNT(lib->ciphers); i++)
        EVP_CIPHER_free(lib->ciphers[i]);
    for (size_t i = 0; i < HF_COUNT(lib->digests); i++)
        EVP_MD_free(lib->digests[i]);
    if (lib->provider)
        OSSL_PROVIDER_unload(lib->provider);
    OSSL_LIB_CTX_free(lib->lib);
    hf_free(lib, sizeof(*lib));
}

bool hf_libcrypto_failed(void)
{
    ERR_clear_error();
    return false;
}

bool hf_libcrypto_starved(void)
{
    bool found = false;

    for (unsigned long e; (e = ERR_get_error()) != 0;)
        found = found || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE ||
                (ERR_GET_LIB(e) == ERR_LIB_BN &&
                 ERR_GET_REASON(e) == BN_R_TOO_MANY_TEMPORARY_VARIABLES);
    return found;
}

/* ---- opening ------------------------------------------------------------------------ */

/* Each returns the name of what is not there, or NULL. */
static const char *find_digests(struct hf_libcrypto *lib)
{
#ifndef HF_LOW_SHA
    static const char *const names[] = { "SHA2-256", "SHA2-384", "SHA2-512",
                                         "SHA1" };
    for (size_t i = 0; i < HF_COUNT(lib->digests); i++)
        if (!(lib->digests[i] = EVP_MD_fetch(lib->lib, names[i], NULL)))
            return names[i];
#else
    (void)lib;
#endif
    return NULL;
}

static const char *find_ciphers(struct hf_libcrypto *lib)
{
    static const char *const names[] = {
        [HF_SLOT_AES128] = "AES-128-GCM",
        [HF_SLOT_AES256] = "AES-256-GCM",
        [HF_SLOT_CHACHA] = "ChaCha20-Poly1305",
    };

    for (size_t i = 0; i < HF_COUNT(lib->ciphers); i++)
        if (!(lib->ciphers[i] = EVP_CIPHER_fetch(lib->lib, names[i], NULL)))
            return names[i];
    return NULL;
}

/* Only newer ones have it, and it need not be there. */
static void find_mldsa(struct hf_libcrypto *lib)
{
    EVP_KEYMGMT *there = EVP_KEYMGMT_fetch(lib->lib, "ML-DSA-44", NULL);

    lib->mldsa = there != NULL;
    EVP_KEYMGMT_free(there);
    if (!there)
        hf_libcrypto_failed();
}

static const char *find_curves(struct hf_libcrypto *lib)
{
    static const struct {
        int nid;
        const char *name;
    } curves[] = {
        [HF_SLOT_P256] = { NID_X9_62_prime256v1, "P-256" },
        [HF_SLOT_P384] = { NID_secp384r1, "P-384" },
        [HF_SLOT_P521] = { NID_secp521r1, "P-521" },
    };

    for (size_t i = 0; i < HF_COUNT(lib->curves); i++) {
        lib->curves[i] = EC_GROUP_new_by_curve_name_ex(lib->lib, NULL,
                                                       curves[i].nid);
        if (!lib->curves[i])
            return curves[i].name;
    }
    return NULL;
}

static const char *fill(struct hf_libcrypto *lib)
{
    const char *missing;

    if (!(lib->lib = OSSL_LIB_CTX_new()))
        return "a library context";
    if (!(lib->provider = OSSL_PROVIDER_load(lib->lib, "default")))
        return "the default provider";
    if ((missing = find_digests(lib)) || (missing = find_ciphers(lib)) ||
        (missing = find_curves(lib)))
        return missing;
    if (!hf_x25519_find(lib))
        return "X25519";
    find_mldsa(lib);
    return NULL;
}

static void *open_libcrypto(struct hf_error *error)
{
    struct hf_libcrypto *lib = hf_alloc(sizeof(*lib));

    if (!lib) {
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    atomic_init(&lib->users, 1);
    const char *missing = fill(lib);
    const char *wrong = missing ? NULL : hf_libcrypto_check(lib);
    if (!missing && !wrong)
        return lib;
    hf_fail(error, HF_E_PROVIDER, "%s %s %s",
            OpenSSL_version(OPENSSL_VERSION_STRING),
            missing ? "lacks" : "computes wrongly:", missing ? missing : wrong);
    hf_libcrypto_free(lib);
    hf_libcrypto_failed();
    return NULL;
}

static void close_libcrypto(void *self)
{
    hf_libcrypto_free(self);
}

/* ---- random bytes --------------------------------------------------------------------- */

/* From the kernel, not from libcrypto's generator.  Both are sound; the
 * kernel's keeps no state in this process, so there is nothing that a fork or
 * a resumed snapshot could make two processes share, nothing to reseed and
 * nothing to wipe; and it costs 0.3 us where RAND_bytes() costs 0.8.  Only
 * where the call is missing or forbidden does libcrypto's private generator
 * stand in, which finds its own sources. */
bool hf_libcrypto_random(void *self, void *out, size_t len)
{
    const struct hf_libcrypto *lib = self;
    uint8_t *at = out;

    for (size_t left = len; left;) {
        ssize_t n = getrandom(at, left, 0);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            if (RAND_priv_bytes_ex(lib->lib, at, left, 256) == 1)
                return true;
            hf_wipe(out, len);
            return hf_libcrypto_failed();
        }
    }
    return true;
}

/* ---- the provider ------------------------------------------------------------------------ */

static const struct hf_hash *const hashes[] = { &hf_libcrypto_sha256,
                                                &hf_libcrypto_sha384,
                                                &hf_libcrypto_sha512,
                                                &hf_libcrypto_sha1, NULL };
static const struct hf_aead *const aeads[] = { &hf_libcrypto_aes128gcm,
                                               &hf_libcrypto_aes256gcm,
                                               &hf_libcrypto_chacha, NULL };
static const struct hf_kx *const groups[] = { &hf_libcrypto_x25519mlkem768,
                                              &hf_libcrypto_x25519,
                                              &hf_libcrypto_p256,
                                              &hf_libcrypto_p384,
                                              &hf_libcrypto_secp256r1mlkem768,
                                              &hf_libcrypto_p521,
                                              NULL };

static void key_public(const struct hf_private_key *key,
                       struct hf_public_key *out)
{
    *out = key->public;
}

const struct hf_provider hf_libcrypto = {
    .name = "libcrypto",
    .open = open_libcrypto,
    .close = close_libcrypto,
    .hashes = hashes,
    .aeads = aeads,
    .groups = groups,
    .signatures = hf_libcrypto_signatures,
    .signature_works = hf_libcrypto_signature_works,
    .random = hf_libcrypto_random,
    .key_load = hf_libcrypto_key_load,
    .key_keep = hf_libcrypto_key_keep,
    .key_free = hf_libcrypto_key_free,
    .key_public = key_public,
    .premaster_seal = hf_libcrypto_premaster_seal,
    .premaster_open = hf_libcrypto_premaster_open,
    .key_raise = hf_libcrypto_key_raise,
    .compressions = hf_libcrypto_compressions,
};
