/* certs_test.c - certificates for the tests of this layer, made by libcrypto
 * when a test program starts, so that none of them can expire in the tree. */
#define HF_UNPOISONED
#include "api/test.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { DAY = 24 * 60 * 60 };

static void keep(BIO *bio, struct test_text *out)
{
    char *at;
    long len = BIO_get_mem_data(bio, &at);

    assert_in_range(len, 1, TEST_PEM_MAX - 1);
    *out = (struct test_text){ .len = (size_t)len };
    hf_copy(out->at, at, (size_t)len);
    BIO_free(bio);
}

static void keep_certificate(X509 *x, struct test_text *pem,
                             struct test_text *der)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    keep(bio, pem);
    if (!der)
        return;
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_X509_bio(bio, x), 1);
    keep(bio, der);
}

static void keep_key(EVP_PKEY *key, struct test_text *pem,
                     struct test_text *der)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    keep(bio, pem);
    if (!der)
        return;
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PrivateKey_bio(bio, key), 1);
    keep(bio, der);
}

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A certificate for @key, good from @from to @until (seconds from now),
 * without its signature. */
static X509 *draft(EVP_PKEY *key, X509 *issuer, const char *name, long serial,
                   long from, long until)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    X509_set_pubkey(x, key);
    return x;
}

static X509 *make_ca(EVP_PKEY *key, const char *name)
{
    X509 *x = draft(key, NULL, name, 1, -DAY, 30 * DAY);

    add(x, x, NID_basic_constraints, "critical,CA:TRUE");
    add(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
    add(x, x, NID_subject_key_identifier, "hash");
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static X509 *make_leaf(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, long serial,
                       long from, long until)
{
    X509 *x = draft(key, ca, "localhost", serial, from, until);

    add(x, ca, NID_basic_constraints, "critical,CA:FALSE");
    add(x, ca, NID_key_usage, "critical,digitalSignature");
    add(x, ca, NID_ext_key_usage, "serverAuth,clientAuth");
    add(x, ca, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    add(x, ca, NID_authority_key_identifier, "keyid");
    assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
    return x;
}

void test_certs_make(struct test_certs *out, const char *authority)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    X509 *ca = make_ca(ca_key, authority);
    X509 *leaf = make_leaf(key, ca, ca_key, 2, -DAY, 7 * DAY);
    X509 *expired = make_leaf(key, ca, ca_key, 3, -7 * DAY, -DAY);

    keep_certificate(ca, &out->ca, NULL);
    keep_certificate(leaf, &out->leaf, &out->leaf_der);
    keep_certificate(expired, &out->expired, NULL);
    keep_key(key, &out->key, &out->key_der);
    keep_key(other, &out->other_key, NULL);
    X509_free(expired);
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
}

struct hf_span test_span(const struct test_text *text)
{
    return hf_span(text->at, text->len);
}

static struct hf_config *sound(struct hf_config *config, bool ok)
{
    if (!ok)
        fail_msg("%s: %s", hf_error_name(hf_config_error(config)->code),
                 hf_config_error(config)->detail);
    return config;
}

struct hf_config *test_client(const struct test_certs *certs)
{
    struct hf_config *config = hf_config_new();

    return sound(config, hf_config_trust(config, test_span(&certs->ca)));
}

struct hf_config *test_server(const struct test_certs *certs)
{
    struct hf_config *config = hf_config_new();

    return sound(config, hf_config_add_keypair(config, test_span(&certs->leaf),
                                               test_span(&certs->key)));
}

void test_failed(const struct hf_tls *tls, unsigned code, const char *words)
{
    const char *reason = hf_tls_reason(tls);

    if (hf_tls_error(tls)->code != code || !strstr(reason, words))
        fail_msg("%s with \"%s\" was expected, and it is: %s",
                 hf_error_name(code), words, reason);
    assert_true(strncmp(reason, hf_error_name(code),
                        hf_text_len(hf_error_name(code))) == 0);
}
