/* libcrypto_sign.c - every way to sign that we know, as rows; and Ed25519 and
 * ML-DSA, which need no files of their own.
 *
 * A row fixes scheme, kind of key, padding and hash together.  The rows that
 * have no number in TLS 1.3 sign certificates only, such as a P-256 key with
 * SHA-384.  PKCS#1 v1.5 has numbers, because they are offered for the sake of
 * certificates (and of TLS 1.2), but no TLS 1.3 message may be signed so
 * (RFC 8446 4.2.3): whoever checks a CertificateVerify refuses rows whose
 * padding is HF_PADDING_PKCS1. */
#include "crypto/libcrypto.h"

/* ---- Ed25519 (RFC 8032) ------------------------------------------------------------ */

enum { ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

/* With a key that libcrypto takes as bytes, and a signature that hashes by
 * itself. */
static bool verify_raw(struct hf_libcrypto *lib, const char *name,
                       struct hf_span point, struct hf_span message,
                       struct hf_span signature, bool *fault)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(lib->lib, name, NULL,
                                                    point.at, point.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *fault = !pkey || !ctx ||
             EVP_DigestVerifyInit_ex(ctx, NULL, NULL, lib->lib, NULL, pkey,
                                     NULL) != 1;
    bool ok = !*fault && EVP_DigestVerify(ctx, signature.at, signature.len,
                                          message.at, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ok && hf_libcrypto_starved())
        *fault = true;
    return ok;
}

static bool verify_ed25519(struct hf_libcrypto *lib, struct hf_span point,
                           struct hf_span message, struct hf_span signature,
                           bool *fault)
{
    return point.len == ED25519_KEY && signature.len == ED25519_SIGNATURE &&
           verify_raw(lib, "ED25519", point, message, signature, fault);
}

static bool sign_ed25519(const struct hf_private_key *key,
                         struct hf_span message, uint8_t *out, size_t cap,
                         size_t *len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    *len = cap;
    bool ok = ctx && cap >= ED25519_SIGNATURE &&
              EVP_MD_CTX_copy_ex(ctx, key->ed25519) == 1 &&
              EVP_DigestSign(ctx, out, len, message.at, message.len) == 1 &&
              *len == ED25519_SIGNATURE;
    EVP_MD_CTX_free(ctx);
    if (ok)
        return true;
    *len = 0;
    return hf_libcrypto_failed();
}

/* ---- ML-DSA (FIPS 204), in certificates (RFC 9881) ---------------------------------- */

static const struct mldsa {
    const char *name;
    uint16_t key, signature; /* bytes; FIPS 204, table 2 */
} mldsas[] = {
    { "ML-DSA-44", 1312, 2420 },
    { "ML-DSA-65", 1952, 3309 },
    { "ML-DSA-87", 2592, 4627 },
};

static bool is_mldsa(unsigned key)
{
    return key >= HF_KEY_MLDSA44 && key <= HF_KEY_MLDSA87;
}

bool hf_libcrypto_signature_works(void *self, const struct hf_signature *how)
{
    const struct hf_libcrypto *lib = self;

    return lib->mldsa || !is_mldsa(how->key);
}

/* Of the pure kind, with an empty context (RFC 9881 2). */
static bool verify_mldsa(struct hf_libcrypto *lib,
                         const struct hf_public_key *key,
                         struct hf_span message, struct hf_span signature,
                         bool *fault)
{
    const struct mldsa *size = &mldsas[key->kind - HF_KEY_MLDSA44];

    *fault = !lib->mldsa;
    return lib->mldsa && key->point.len == size->key &&
           signature.len == size->signature &&
           verify_raw(lib, size->name, key->point, message, signature, fault);
}

/* ---- any --------------------------------------------------------------------------- */

/* May this key make or check signatures of this row? */
static bool fits(const struct hf_signature *how,
                 const struct hf_public_key *key)
{
    return key->kind == how->key &&
           (!key->pss_hash || key->pss_hash == how->hash);
}

static bool digest_of(void *self, const struct hf_hash *hash,
                      struct hf_span message, uint8_t *out)
{
    const struct hf_crypto c = { &hf_libcrypto, self };

    return hf_hash_parts(&c, hash, &message, 1, out);
}

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    uint8_t bytes[HF_HASH_MAX];

    *fault = false;
    if (!fits(how, key))
        return false;
    if (how->key == HF_KEY_ED25519)
        return verify_ed25519(self, key->point, message, signature, fault);
    if (is_mldsa(how->key))
        return verify_mldsa(self, key, message, signature, fault);
    const struct hf_hash *hash = hf_libcrypto_hash(how->hash);
    const struct hf_span digest = hf_span(bytes, hash->len);
    *fault = !digest_of(self, hash, message, bytes);
    if (*fault)
        return false;
    if (how->padding != HF_PADDING_NONE)
        return hf_rsa_verify(self, how, key, digest, signature, HF_RSA_BITS_MIN,
                             fault);
    return hf_ecdsa_verify(self, hf_curve_slot(how->key), key->point, digest,
                           signature, fault);
}

static bool sign(void *self, const struct hf_signature *how,
                 const struct hf_private_key *key, struct hf_span message,
                 uint8_t *out, size_t cap, size_t *len)
{
    uint8_t bytes[HF_HASH_MAX];

    *len = 0;
    if (!fits(how, &key->public))
        return false;
    if (how->key == HF_KEY_ED25519)
        return sign_ed25519(key, message, out, cap, len);
    if (is_mldsa(how->key))
        return false; /* no such key is loaded */
    const struct hf_hash *hash = hf_libcrypto_hash(how->hash);
    const struct hf_span digest = hf_span(bytes, hash->len);
    if (!digest_of(self, hash, message, bytes))
        return false;
    return how->padding == HF_PADDING_NONE
               ? hf_ecdsa_sign(key, digest, out, cap, len)
               : hf_rsa_sign(key, how, digest, out, cap, len);
}

/* ---- rows, most wanted first --------------------------------------------------------- */

/* clang-format off */
#define ROW(id, name, scheme, key, padding, hash)                             \
    static const struct hf_signature id = {                                   \
        name, scheme, HF_KEY_##key, HF_PADDING_##padding, HF_##hash,          \
        verify, sign,                                                         \
    };
#define ROWS                                                                  \
    ROW(p256_sha256, "ecdsa_secp256r1_sha256", 0x0403, P256,    NONE,  SHA256)\
    ROW(ed25519,     "ed25519",                0x0807, ED25519, NONE,  HASH_NONE)\
    ROW(p384_sha384, "ecdsa_secp384r1_sha384", 0x0503, P384,    NONE,  SHA384)\
    ROW(p521_sha512, "ecdsa_secp521r1_sha512", 0x0603, P521,    NONE,  SHA512)\
    ROW(rsae_sha256, "rsa_pss_rsae_sha256",    0x0804, RSA,     PSS,   SHA256)\
    ROW(rsae_sha384, "rsa_pss_rsae_sha384",    0x0805, RSA,     PSS,   SHA384)\
    ROW(rsae_sha512, "rsa_pss_rsae_sha512",    0x0806, RSA,     PSS,   SHA512)\
    ROW(pss_sha256,  "rsa_pss_pss_sha256",     0x0809, RSA_PSS, PSS,   SHA256)\
    ROW(pss_sha384,  "rsa_pss_pss_sha384",     0x080a, RSA_PSS, PSS,   SHA384)\
    ROW(pss_sha512,  "rsa_pss_pss_sha512",     0x080b, RSA_PSS, PSS,   SHA512)\
    ROW(pkcs_sha256, "rsa_pkcs1_sha256",       0x0401, RSA,     PKCS1, SHA256)\
    ROW(pkcs_sha384, "rsa_pkcs1_sha384",       0x0501, RSA,     PKCS1, SHA384)\
    ROW(pkcs_sha512, "rsa_pkcs1_sha512",       0x0601, RSA,     PKCS1, SHA512)\
    ROW(p256_sha384, "ecdsa P-256 SHA-384",    0,      P256,    NONE,  SHA384)\
    ROW(p256_sha512, "ecdsa P-256 SHA-512",    0,      P256,    NONE,  SHA512)\
    ROW(p384_sha256, "ecdsa P-384 SHA-256",    0,      P384,    NONE,  SHA256)\
    ROW(p384_sha512, "ecdsa P-384 SHA-512",    0,      P384,    NONE,  SHA512)\
    ROW(p521_sha256, "ecdsa P-521 SHA-256",    0,      P521,    NONE,  SHA256)\
    ROW(p521_sha384, "ecdsa P-521 SHA-384",    0,      P521,    NONE,  SHA384)\
    ROW(mldsa44,     "ML-DSA-44",              0,      MLDSA44, NONE,  HASH_NONE)\
    ROW(mldsa65,     "ML-DSA-65",              0,      MLDSA65, NONE,  HASH_NONE)\
    ROW(mldsa87,     "ML-DSA-87",              0,      MLDSA87, NONE,  HASH_NONE)
ROWS
#undef ROW
#define ROW(id, name, scheme, key, padding, hash) &id,
const struct hf_signature *const hf_libcrypto_signatures[] = { ROWS NULL };
/* clang-format on */
