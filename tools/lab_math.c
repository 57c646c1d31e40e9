/* lab_math.c - what TLS 1.2 computes, written a second time on libcrypto's own
 * functions: nothing in here calls the library that is being checked. */
#include "lab.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* ---- hashes and the PRF ----------------------------------------------------------- */

static const EVP_MD *md_of(unsigned hash)
{
    return hash == HF_SHA256   ? EVP_sha256()
           : hash == HF_SHA384 ? EVP_sha384()
                               : EVP_sha512();
}

size_t lab_hash_len(unsigned hash)
{
    return (size_t)EVP_MD_get_size(md_of(hash));
}

const char *lab_hash_name(unsigned hash)
{
    return hash == HF_SHA256   ? "SHA-256"
           : hash == HF_SHA384 ? "SHA-384"
                               : "SHA-512";
}

bool lab_hash(unsigned hash, struct hf_span bytes, uint8_t *out)
{
    return EVP_Digest(bytes.at, bytes.len, out, NULL, md_of(hash), NULL) == 1;
}

/* HMAC of @a and @b, one behind the other. */
static bool hmac(unsigned hash, struct hf_span key, struct hf_span a,
                 struct hf_span b, uint8_t *out)
{
    uint8_t room[HF_HASH_MAX + 256];
    struct hf_writer w = hf_writer(room, sizeof(room));

    hf_put_bytes(&w, a);
    hf_put_bytes(&w, b);
    return !w.full && HMAC(md_of(hash), key.at, (int)key.len, room, w.len, out,
                           NULL) != NULL;
}

/* RFC 5246 5: P_hash. */
bool lab_prf(unsigned hash, struct hf_span secret, struct hf_span seed,
             uint8_t *out, size_t len, lab_prf_fn *see, void *ctx)
{
    uint8_t a[HF_HASH_MAX], next[HF_HASH_MAX], block[HF_HASH_MAX];
    size_t step = lab_hash_len(hash), done = 0;
    struct hf_span before = seed;

    for (unsigned i = 1; done < len; i++) {
        size_t n = len - done < step ? len - done : step;

        if (!hmac(hash, secret, before, hf_span(NULL, 0), next) ||
            !hmac(hash, secret, hf_span(next, step), seed, block))
            return false;
        hf_copy(a, next, step);
        before = hf_span(a, step);
        if (see)
            see(ctx, i, before, hf_span(block, step));
        hf_copy(out + done, block, n);
        done += n;
    }
    return true;
}

/* ---- records ------------------------------------------------------------------------- */

bool lab_aead(unsigned aead, const uint8_t *key, const uint8_t *nonce,
              struct hf_span aad, struct hf_span plain, uint8_t *out)
{
    const EVP_CIPHER *cipher = aead == HF_AES_128_GCM ? EVP_aes_128_gcm()
                               : aead == HF_AES_256_GCM
                                   ? EVP_aes_256_gcm()
                                   : EVP_chacha20_poly1305();
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool good = c && EVP_EncryptInit_ex(c, cipher, NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(c, NULL, &n, aad.at, (int)aad.len) == 1 &&
                EVP_EncryptUpdate(c, out, &n, plain.at, (int)plain.len) == 1 &&
                (size_t)n == plain.len &&
                EVP_EncryptFinal_ex(c, out + n, &n) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, HF_TAG_LEN,
                                    out + plain.len) == 1;

    EVP_CIPHER_CTX_free(c);
    return good;
}

/* ---- signatures ------------------------------------------------------------------------ */

static EVP_PKEY *key_of(struct hf_span certificate)
{
    const unsigned char *p = certificate.at;
    X509 *cert = d2i_X509(NULL, &p, (long)certificate.len);
    EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

    X509_free(cert);
    return key;
}

struct hf_span lab_public_key(struct hf_span certificate, uint8_t *room,
                              size_t cap)
{
    EVP_PKEY *key = key_of(certificate);
    int len = key ? i2d_PUBKEY(key, NULL) : 0;
    unsigned char *p = room;

    if (len > 0 && (size_t)len <= cap)
        (void)i2d_PUBKEY(key, &p);
    else
        len = 0;
    EVP_PKEY_free(key);
    return hf_span(room, len > 0 ? (size_t)len : 0);
}

unsigned lab_scheme_hash(unsigned scheme)
{
    switch (scheme) {
    case 0x0401: /* rsa_pkcs1_sha256 */
    case 0x0403: /* ecdsa_secp256r1_sha256 */
    case 0x0804: /* rsa_pss_rsae_sha256 */
    case 0x0809: return HF_SHA256;
    case 0x0501:
    case 0x0503:
    case 0x0805:
    case 0x080a: return HF_SHA384;
    case 0x0601:
    case 0x0603:
    case 0x0806:
    case 0x080b: return HF_SHA512;
    default: return HF_HASH_NONE; /* Ed25519 hashes by itself */
    }
}

static bool is_pss(unsigned scheme)
{
    return scheme >= 0x0804 && scheme != 0x0807 && scheme != 0x0808 &&
           scheme <= 0x080b;
}

bool lab_verify(struct hf_span certificate, unsigned scheme,
                struct hf_span message, struct hf_span signature, bool *good)
{
    unsigned hash = lab_scheme_hash(scheme);
    EVP_PKEY *key = key_of(certificate);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *p = NULL;
    bool ready = key && c &&
                 EVP_DigestVerifyInit(c, &p, hash ? md_of(hash) : NULL, NULL,
                                      key) == 1;

    if (ready && is_pss(scheme)) /* the salt is as long as the hash */
        ready = EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) ==
                    1;
    *good = ready && EVP_DigestVerify(c, signature.at, signature.len,
                                      message.at, message.len) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return ready;
}

/* ---- Diffie-Hellman ---------------------------------------------------------------------- */

static bool x25519(const uint8_t *scalar, struct hf_span share, uint8_t *out,
                   size_t *len)
{
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar,
                                                 32);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
                                                 share.at, share.len);
    EVP_PKEY_CTX *c = own && peer ? EVP_PKEY_CTX_new(own, NULL) : NULL;
    bool good;

    if (!share.len)
        good = own && EVP_PKEY_get_raw_public_key(own, out, len) == 1;
    else
        good = c && EVP_PKEY_derive_init(c) == 1 &&
               EVP_PKEY_derive_set_peer(c, peer) == 1 &&
               EVP_PKEY_derive(c, out, len) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    return good;
}

/* RFC 8422 5.10: of the point that comes out, Z is the x coordinate; a share
 * is 04, x and y. */
static bool on_curve(int nid, size_t size, const uint8_t *scalar,
                     struct hf_span share, uint8_t *out, size_t *len)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
    EC_POINT *peer = group ? EC_POINT_new(group) : NULL;
    EC_POINT *result = group ? EC_POINT_new(group) : NULL;
    BIGNUM *number = BN_bin2bn(scalar, (int)size, NULL);
    uint8_t room[1 + 2 * LAB_SCALAR_MAX];
    bool good = peer && result && number &&
                (share.len ? EC_POINT_oct2point(group, peer, share.at,
                                                share.len, NULL) == 1 &&
                                 EC_POINT_mul(group, result, NULL, peer, number,
                                              NULL) == 1
                           : EC_POINT_mul(group, result, number, NULL, NULL,
                                          NULL) == 1) &&
                EC_POINT_point2oct(group, result, POINT_CONVERSION_UNCOMPRESSED,
                                   room, sizeof(room), NULL) == 1 + 2 * size;

    *len = share.len ? size : 1 + 2 * size;
    if (good)
        hf_copy(out, share.len ? room + 1 : room, *len);
    BN_clear_free(number);
    EC_POINT_free(result);
    EC_POINT_free(peer);
    EC_GROUP_free(group);
    return good;
}

bool lab_multiply(unsigned group, const uint8_t *scalar, struct hf_span share,
                  uint8_t *out, size_t cap, size_t *len)
{
    enum { P256 = 23, P384 = 24, X25519 = 29 };

    *len = cap;
    if (cap < 1 + 2 * LAB_SCALAR_MAX)
        return false;
    switch (group) {
    case X25519: return x25519(scalar, share, out, len);
    case P256:
        return on_curve(NID_X9_62_prime256v1, 32, scalar, share, out, len);
    case P384: return on_curve(NID_secp384r1, 48, scalar, share, out, len);
    default: return false;
    }
}

/* ---- RSA as numbers ------------------------------------------------------------------------ */

bool lab_rsa_private(const char *pem, struct hf_span in, uint8_t *out,
                     size_t cap, size_t *len)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    EVP_PKEY_CTX *c = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool good;

    *len = cap;
    good = c && EVP_PKEY_decrypt_init(c) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1 &&
           EVP_PKEY_decrypt(c, out, len, in.at, in.len) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

bool lab_rsa_public(struct hf_span certificate, struct hf_span in, uint8_t *out,
                    size_t cap, size_t *len)
{
    EVP_PKEY *key = key_of(certificate);
    EVP_PKEY_CTX *c = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool good;

    *len = cap;
    good = c && EVP_PKEY_encrypt_init(c) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) == 1 &&
           EVP_PKEY_encrypt(c, out, len, in.at, in.len) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    return good;
}

static bool number_of(EVP_PKEY *key, const char *name, uint8_t *out, size_t cap,
                      size_t *len)
{
    BIGNUM *number = NULL;
    bool good = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
                (size_t)BN_num_bytes(number) <= cap;

    *len = good ? (size_t)BN_bn2bin(number, out) : 0;
    BN_free(number);
    return good;
}

bool lab_rsa_numbers(struct hf_span certificate, uint8_t *n, size_t cap_n,
                     size_t *len_n, uint8_t *e, size_t cap_e, size_t *len_e)
{
    EVP_PKEY *key = key_of(certificate);
    bool good = key && number_of(key, OSSL_PKEY_PARAM_RSA_N, n, cap_n, len_n) &&
                number_of(key, OSSL_PKEY_PARAM_RSA_E, e, cap_e, len_e);

    EVP_PKEY_free(key);
    return good;
}
