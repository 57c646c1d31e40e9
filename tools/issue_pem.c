/* issue_pem.c - certificates and keys as PEM text, there and back, and as
 * PKCS#12. */
#include "issue_parts.h"

#include <openssl/pem.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *issue_take_text(BIO *bio)
{
    BUF_MEM *held = NULL;
    char *text = NULL;

    BIO_get_mem_ptr(bio, &held);
    if (held && held->length < SIZE_MAX)
        text = malloc(held->length + 1);
    if (text) {
        memcpy(text, held->data, held->length);
        text[held->length] = '\0';
    }
    if (held)
        OPENSSL_cleanse(held->data, held->length);
    BIO_free(bio);
    return text;
}

static char *certificates_pem(const struct issued *it, bool chain)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio && PEM_write_bio_X509(bio, it->cert) == 1;
    int above = chain && !it->keep_chain_back ? sk_X509_num(it->above) : 0;

    for (int i = 0; good && i < above; i++)
        good = PEM_write_bio_X509(bio, sk_X509_value(it->above, i)) == 1;
    if (!good) {
        BIO_free(bio);
        return NULL;
    }
    return issue_take_text(bio);
}

char *issued_pem(const struct issued *it)
{
    return certificates_pem(it, false);
}

char *issued_chain_pem(const struct issued *it)
{
    return certificates_pem(it, true);
}

char *issued_key_pem(const struct issued *it)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, it->key, NULL, NULL, 0, NULL,
                                              NULL) != 1) {
        BIO_free(bio);
        return NULL;
    }
    return issue_take_text(bio);
}

void issued_fingerprint(const struct issued *it, char out[96])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    out[0] = '\0';
    if (X509_digest(it->cert, EVP_sha256(), digest, &len) != 1 || len != 32)
        return;
    for (size_t i = 0; i < 32; i++) {
        out[3 * i] = "0123456789ABCDEF"[digest[i] >> 4];
        out[3 * i + 1] = "0123456789ABCDEF"[digest[i] & 15];
        out[3 * i + 2] = ':';
    }
    out[95] = '\0';
}

void issued_name(const struct issued *it, char *out, size_t cap)
{
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(it->cert),
                                  NID_commonName, out, (int)cap) < 0)
        snprintf(out, cap, "(none)");
    for (; *out; out++) /* it goes to a terminal */
        if ((unsigned char)*out < ' ' || *out == 0x7f)
            *out = '?';
}

/* ---- reading back ----------------------------------------------------------- */

/* Nobody is asked on the terminal behind our back. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf, (void)size, (void)writing, (void)ctx;
    return -1;
}

static bool read_chain(struct issued *it, struct hf_span chain)
{
    BIO *bio = BIO_new_mem_buf(chain.at, (int)chain.len);
    X509 *next;
    bool good = false;

    it->above = sk_X509_new_null();
    if (bio && it->above) {
        it->cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        good = it->cert != NULL;
    }
    while (good && (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
        if (!sk_X509_push(it->above, next)) {
            X509_free(next);
            good = false;
        }
    }
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

struct issued *issued_load(struct hf_span chain, struct hf_span key,
                           struct hf_error *error)
{
    struct issued *it = calloc(1, sizeof(*it));
    BIO *bio = BIO_new_mem_buf(key.at, (int)key.len);

    if (!it || !bio) {
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    } else if (!read_chain(it, chain)) {
        hf_fail(error, HF_E_BAD_CERTIFICATE, "no certificate in PEM");
    } else {
        it->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
        if (!it->key)
            hf_fail(error, HF_E_BAD_KEY,
                    "no private key in PEM, or it is encrypted");
        else if (X509_check_private_key(it->cert, it->key) != 1)
            hf_fail(error, HF_E_KEY_MISMATCH, NULL);
        else if (X509_check_ca(it->cert) == 0)
            hf_fail(error, HF_E_NOT_A_CA, NULL);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (error->code) {
        issued_free(it);
        return NULL;
    }
    return it;
}

/* ---- PKCS#12 ------------------------------------------------------------------ */

/* Rounds of PBKDF2: what a guess at the password costs, and every import. */
enum { ROUNDS = 210000 };

/* RFC 7292 with what is thought safe today: both bags under AES-256-CBC with
 * PBKDF2-HMAC-SHA-256 (PBES2, RFC 8018 6.2), and an HMAC-SHA-256 around all. */
bool issued_p12(const struct issued *it, const char *password, const char *name,
                struct bytes *out, struct hf_error *error)
{
    bool all = !it->keep_chain_back;
    PKCS12 *p12 = PKCS12_create(password, name, it->key, it->cert,
                                all ? it->above : NULL, NID_aes_256_cbc,
                                NID_aes_256_cbc, ROUNDS, -1, 0);
    uint8_t *der = NULL;
    int len = 0;
    bool good;

    if (p12 &&
        PKCS12_set_mac(p12, password, -1, NULL, 0, ROUNDS, EVP_sha256()) == 1)
        len = i2d_PKCS12(p12, &der);
    if (len > 0)
        good = issue_take_der(out, der, len);
    else
        good = issue_crypto_failed(error, "no PKCS#12 file could be made");
    PKCS12_free(p12);
    return good;
}

bool issue_take_der(struct bytes *out, uint8_t *der, int len)
{
    *out = (struct bytes){ NULL, 0 };
    if (len > 0)
        out->at = malloc((size_t)len + 1);
    if (out->at) {
        memcpy(out->at, der, (size_t)len);
        out->at[len] = '\0';
        out->len = (size_t)len;
    }
    OPENSSL_free(der);
    return out->at != NULL;
}
