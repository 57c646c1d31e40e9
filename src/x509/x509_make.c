/* x509_make.c - certificates for tests: see x509_make.h. */
#include "x509/x509_make.h"

#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static struct {
    EVP_PKEY *keys[MAKE_KEYS];
    struct hf_crypto crypto;
    bool opened;
} made;

/* ---- keys ------------------------------------------------------------------------------ */

static EVP_PKEY *make_ec(const char *curve, bool explicit_curve)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[3];

    params[0] = OSSL_PARAM_construct_utf8_string("group",
                                                 (char *)(uintptr_t)curve, 0);
    params[1] = OSSL_PARAM_construct_utf8_string(
        "encoding",
        (char *)(uintptr_t)(explicit_curve ? "explicit" : "named_curve"), 0);
    params[2] = OSSL_PARAM_construct_end();
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *make_rsa(const char *kind, unsigned bits)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *params = NULL, *key = NULL;

    assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024), 1);
    assert_int_equal(EVP_PKEY_paramgen(ctx, &params), 1);
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(params);
    return key;
}

static EVP_PKEY *make_one(enum make_key which)
{
    switch (which) {
    case P384: return make_ec("P-384", false);
    case P521: return make_ec("P-521", false);
    case P192: return make_ec("P-192", false);
    case EXPLICIT: return make_ec("P-256", true);
    case RSA_1024: return make_rsa("RSA", 1024);
    case RSA_2048:
    case RSA_2048_B: return make_rsa("RSA", 2048);
    case RSA_PSS: return make_rsa("RSA-PSS", 2048);
    case ED25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case DSA_1024: return make_dsa();
    case P256_A:
    case P256_B:
    case P256_C:
    case P256_D:
    case P256_E:
    case P256_F:
    case MAKE_KEYS: break;
    }
    return make_ec("P-256", false);
}

EVP_PKEY *make_key(enum make_key which)
{
    if (!made.keys[which])
        made.keys[which] = make_one(which);
    assert_non_null(made.keys[which]);
    return made.keys[which];
}

/* ---- certificates -------------------------------------------------------------------------- */

void make_name(X509_NAME *name, const char *text)
{
    char type[64], value[256];

    while (*text) {
        size_t n = strcspn(text, "="), len = strcspn(text + n + 1, "/");

        snprintf(type, sizeof(type), "%.*s", (int)n, text);
        snprintf(value, sizeof(value), "%.*s", (int)len, text + n + 1);
        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
                                       (const unsigned char *)value, -1, -1, 0),
            1);
        text += n + 1 + len;
        text += *text == '/';
    }
}

static void set_extension(X509 *x, X509 *issuer, const char *text)
{
    static char value[128 * 1024];
    char name[64];
    size_t n = strcspn(text, "=");
    X509_EXTENSION *ext;
    X509V3_CTX ctx;

    snprintf(name, sizeof(name), "%.*s", (int)n, text);
    snprintf(value, sizeof(value), "%s", text + n + 1);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (!ext)
        fail_msg("not an extension: %s", text);
    assert_int_equal(X509_add_ext(x, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static void sign(X509 *x, const struct make *m)
{
    enum make_key which = m->issuer ? m->signer : m->key;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx;
    const char *hash = which == ED25519 ? NULL : m->hash ? m->hash : "SHA256";

    assert_int_equal(EVP_DigestSignInit_ex(ctx, &pctx, hash, NULL, NULL,
                                           make_key(which), NULL),
                     1);
    if (m->pss || which == RSA_PSS) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) >
                    0);
        assert_true(
            EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) > 0);
    }
    assert_true(X509_sign_ctx(x, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

static void set_times(X509 *x, const struct make *m)
{
    time_t base = (time_t)NOW;

    X509_time_adj_ex(X509_getm_notBefore(x), 0,
                     (long)(m->from ? m->from : -30 * DAY), &base);
    X509_time_adj_ex(X509_getm_notAfter(x), 0, (long)(m->to ? m->to : 30 * DAY),
                     &base);
}

X509 *make_x509(const struct make *m)
{
    X509 *x = X509_new(), *issuer = X509_new();
    ASN1_INTEGER *serial = s2i_ASN1_INTEGER(NULL,
                                            m->serial ? m->serial : "4711");

    assert_int_equal(X509_set_version(x, m->v1 ? 0 : 2), 1);
    assert_int_equal(X509_set_serialNumber(x, serial), 1);
    ASN1_INTEGER_free(serial);
    set_times(x, m);
    make_name(X509_get_subject_name(x), m->subject);
    make_name(X509_get_issuer_name(x), m->issuer ? m->issuer : m->subject);
    assert_int_equal(X509_set_pubkey(x, make_key(m->key)), 1);
    /* What extensions ask of an issuer is its key (authorityKeyIdentifier). */
    assert_int_equal(
        X509_set_pubkey(issuer, make_key(m->issuer ? m->signer : m->key)), 1);
    set_extension(issuer, issuer, "subjectKeyIdentifier=hash");
    for (size_t i = 0; i < sizeof(m->ext) / sizeof(m->ext[0]) && m->ext[i]; i++)
        set_extension(x, issuer, m->ext[i]);
    sign(x, m);
    X509_free(issuer);
    return x;
}

size_t make_der(const struct make *m, uint8_t *out, size_t cap)
{
    X509 *x = make_x509(m);
    int len = i2d_X509(x, NULL);

    assert_true(len > 0 && (size_t)len <= cap);
    i2d_X509(x, &out);
    X509_free(x);
    if (m->bad_signature)
        out[-1] ^= 1;
    ERR_clear_error();
    return (size_t)len;
}

struct hf_cert *make_cert(const struct make *m)
{
    static uint8_t der[HF_CERT_MAX + 1024];
    struct hf_error error = { .code = HF_OK };
    struct hf_cert *cert = hf_cert_new(
        hf_span(der, make_der(m, der, sizeof(der))), &error);

    if (!cert)
        fail_msg("%s: %s", m->subject, error.detail);
    return cert;
}

size_t make_pem(struct hf_span der, char *out, size_t cap)
{
    static char base64[2 * HF_CERT_MAX];
    size_t len = 0;

    assert_true(hf_base64(base64, sizeof(base64), der));
    len += (size_t)snprintf(out, cap, "-----BEGIN CERTIFICATE-----\n");
    for (const char *p = base64; *p && len < cap; p += strnlen(p, 64))
        len += (size_t)snprintf(out + len, cap - len, "%.64s\n", p);
    assert_true(len < cap);
    len += (size_t)snprintf(out + len, cap - len,
                            "-----END CERTIFICATE-----\n");
    assert_true(len < cap);
    return len;
}

/* ---- the provider ----------------------------------------------------------------------------- */

const struct hf_crypto *make_crypto(void)
{
    struct hf_error error = { .code = HF_OK };

    if (!made.opened)
        made.opened = hf_crypto_open(&made.crypto, &hf_libcrypto, &error);
    assert_true(made.opened);
    return &made.crypto;
}

int make_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < MAKE_KEYS; i++)
        EVP_PKEY_free(made.keys[i]);
    if (made.opened)
        hf_crypto_close(&made.crypto);
    made.opened = false;
    return 0;
}
