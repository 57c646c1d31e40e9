/* revoke_make.c - see revoke_make.h. */
#include "x509/revoke_make.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

static uint8_t room[16 << 20];

/* ---- pieces ---------------------------------------------------------------------- */

static X509_EXTENSION *extension(const char *text)
{
    char name[64], value[4096];
    size_t n = strcspn(text, "=");
    X509_EXTENSION *ext;
    X509V3_CTX ctx;

    snprintf(name, sizeof(name), "%.*s", (int)n, text);
    snprintf(value, sizeof(value), "%s", text + n + 1);
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (!ext)
        fail_msg("not an extension: %s", text);
    return ext;
}

static ASN1_TIME *when(int64_t seconds, int64_t otherwise)
{
    ASN1_TIME *time = ASN1_TIME_set(
        NULL, (time_t)(NOW + (seconds ? seconds : otherwise)));

    assert_non_null(time);
    return time;
}

/* Of OCSP: never a UTCTime. */
static ASN1_GENERALIZEDTIME *moment(int64_t seconds, int64_t otherwise)
{
    return ASN1_GENERALIZEDTIME_set(
        NULL, (time_t)(NOW + (seconds ? seconds : otherwise)));
}

static ASN1_INTEGER *number(const char *decimal)
{
    ASN1_INTEGER *n = s2i_ASN1_INTEGER(NULL, decimal);

    assert_non_null(n);
    return n;
}

struct hf_span edit(struct hf_span der, const char *what, const char *with)
{
    static uint8_t copy[64 * 1024];
    uint8_t old[256], new[256];
    size_t old_len, new_len, at = 0;

    assert_true(hf_unhex(hf_span_text(what), old, sizeof(old), &old_len));
    assert_true(hf_unhex(hf_span_text(with), new, sizeof(new), &new_len));
    assert_int_equal(old_len, new_len);
    assert_true(der.len <= sizeof(copy));
    memmove(copy, der.at, der.len);
    while (at + old_len <= der.len && memcmp(copy + at, old, old_len) != 0)
        at++;
    if (at + old_len > der.len)
        fail_msg("%s is not in it", what);
    memcpy(copy + at, new, new_len);
    return hf_span(copy, der.len);
}

/* ---- lists ------------------------------------------------------------------------- */

static void revoke(X509_CRL *crl, const struct make_entry *m)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = number(m->serial);
    ASN1_TIME *time = when(m->when, -DAY);

    assert_int_equal(X509_REVOKED_set_serialNumber(entry, serial), 1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, time), 1);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
    for (size_t i = 0; i < 3 && m->ext[i]; i++) {
        X509_EXTENSION *ext = extension(m->ext[i]);

        assert_int_equal(X509_REVOKED_add_ext(entry, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
}

static void add_entries(X509_CRL *crl, const struct make_list *m)
{
    char serial[24];

    for (size_t i = 0; i < 5 && m->entry[i].serial; i++)
        revoke(crl, &m->entry[i]);
    for (size_t i = 0; i < m->many; i++) {
        /* In no order. */
        snprintf(serial, sizeof(serial), "%zu", 1000000 + i * 7919 % m->many);
        revoke(crl, &(struct make_entry){ .serial = serial });
    }
}

static void add_extension(X509_CRL *crl, const char *text)
{
    X509_EXTENSION *ext = extension(text);

    assert_int_equal(X509_CRL_add_ext(crl, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static void set_head(X509_CRL *crl, const struct make_list *m)
{
    X509_NAME *name = X509_NAME_new();
    ASN1_TIME *time = when(m->from, -DAY);

    make_name(name, m->issuer ? m->issuer : "CN=Lab Issuing");
    assert_int_equal(X509_CRL_set_issuer_name(crl, name), 1);
    X509_NAME_free(name);
    assert_int_equal(X509_CRL_set1_lastUpdate(crl, time), 1);
    ASN1_TIME_free(time);
    if (!m->no_next) {
        time = when(m->to, 7 * DAY);
        assert_int_equal(X509_CRL_set1_nextUpdate(crl, time), 1);
        ASN1_TIME_free(time);
    }
    if (!m->v1)
        assert_int_equal(X509_CRL_set_version(crl, 1), 1);
}

struct hf_span make_list(const struct make_list *m)
{
    enum make_key signer = m->issuer || m->signer ? m->signer : P256_B;
    const EVP_MD *hash = signer == ED25519 ? NULL
                                           : EVP_get_digestbyname(
                                                 m->hash ? m->hash : "SHA256");
    X509_CRL *crl = X509_CRL_new();
    uint8_t *at = room;
    int len;

    set_head(crl, m);
    add_entries(crl, m);
    if (!m->bare && !m->v1)
        add_extension(crl, NUMBER);
    for (size_t i = 0; i < 6 && m->ext[i]; i++)
        add_extension(crl, m->ext[i]);
    assert_true(X509_CRL_sign(crl, make_key(signer), hash) > 0);
    len = i2d_X509_CRL(crl, NULL);
    assert_true(len > 0 && (size_t)len <= sizeof(room));
    i2d_X509_CRL(crl, &at);
    X509_CRL_free(crl);
    if (m->bad_signature)
        at[-1] ^= 1;
    ERR_clear_error();
    return hf_span(room, (size_t)len);
}

struct hf_crl *make_crl(const struct make_list *m)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_crl *crl = hf_crl_new(make_list(m), &error);

    if (!crl)
        fail_msg("%s", error.detail);
    return crl;
}

/* ---- responses ------------------------------------------------------------------------ */

static void answer(OCSP_BASICRESP *basic, const struct make_answer *m)
{
    static const struct make leaf = { LEAF }, middle = { MIDDLE };
    static const int status[] = { V_OCSP_CERTSTATUS_GOOD,
                                  V_OCSP_CERTSTATUS_REVOKED,
                                  V_OCSP_CERTSTATUS_UNKNOWN };
    X509 *cert = make_x509(m->cert ? m->cert : &leaf);
    X509 *issuer = make_x509(m->issuer ? m->issuer : &middle);
    ASN1_INTEGER *serial = m->serial
                               ? number(m->serial)
                               : ASN1_INTEGER_dup(X509_get0_serialNumber(cert));
    OCSP_CERTID *id = OCSP_cert_id_new(
        EVP_get_digestbyname(m->hash ? m->hash : "SHA1"),
        X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), serial);
    ASN1_GENERALIZEDTIME *from = moment(m->from, -3600),
                         *to = m->no_next ? NULL : moment(m->to, DAY);
    ASN1_TIME *since = when(0, -2 * DAY);
    OCSP_SINGLERESP *single = OCSP_basic_add1_status(
        basic, id, status[m->answer], m->reason, since, from, to);

    assert_non_null(single);
    if (m->ext) {
        X509_EXTENSION *ext = extension(m->ext);

        assert_int_equal(OCSP_SINGLERESP_add_ext(single, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    ASN1_TIME_free(since);
    ASN1_GENERALIZEDTIME_free(from);
    ASN1_GENERALIZEDTIME_free(to);
    OCSP_CERTID_free(id);
    ASN1_INTEGER_free(serial);
    X509_free(issuer);
    X509_free(cert);
}

static void sign_basic(OCSP_BASICRESP *basic, const struct make_staple *m)
{
    static const struct make middle = { MIDDLE };
    const struct make *by = m->signer ? m->signer : &middle;
    X509 *signer = make_x509(by);
    unsigned long flags = OCSP_NOCERTS | (m->by_key ? OCSP_RESPID_KEY : 0);

    if (m->ext) {
        X509_EXTENSION *ext = extension(m->ext);

        assert_int_equal(OCSP_BASICRESP_add_ext(basic, ext, -1), 1);
        X509_EXTENSION_free(ext);
    }
    for (size_t i = 0; i < 10 && m->with[i]; i++) {
        X509 *cert = make_x509(m->with[i]);

        assert_int_equal(OCSP_basic_add1_cert(basic, cert), 1);
        X509_free(cert);
    }
    assert_int_equal(OCSP_basic_sign(basic, signer, make_key(by->key),
                                     by->key == ED25519
                                         ? NULL
                                         : EVP_get_digestbyname(
                                               m->hash ? m->hash : "SHA256"),
                                     NULL, flags),
                     1);
    X509_free(signer);
}

struct hf_span make_staple(const struct make_staple *m)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_RESPONSE *response;
    uint8_t *at = room;
    int len;

    answer(basic, &m->answer[0]);
    for (size_t i = 1; i < 4 && m->answer[i].used; i++)
        answer(basic, &m->answer[i]);
    sign_basic(basic, m);
    if (m->bad_signature) {
        ASN1_BIT_STRING *bits = (ASN1_BIT_STRING *)(uintptr_t)
            OCSP_resp_get0_signature(basic);

        bits->data[bits->length - 1] ^= 1;
    }
    response = OCSP_response_create(m->status, m->status ? NULL : basic);
    assert_non_null(response);
    len = i2d_OCSP_RESPONSE(response, NULL);
    assert_true(len > 0 && (size_t)len <= sizeof(room));
    i2d_OCSP_RESPONSE(response, &at);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    ERR_clear_error();
    return hf_span(room, (size_t)len);
}
