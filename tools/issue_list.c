/* issue_list.c - the record's rows out of certificates, and lists of the
 * revoked out of the record's rows. */
#include "issue_list.h"
#include "issue_parts.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ------------------------------------------------------------------------ */

bool issue_serial_text(const ASN1_INTEGER *number, char out[SERIAL_TEXT])
{
    int len = ASN1_STRING_length(number);
    const unsigned char *at = ASN1_STRING_get0_data(number);

    out[0] = '\0';
    if (len < 1 || len > 20 || ASN1_STRING_type(number) != V_ASN1_INTEGER)
        return false;
    for (int i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", at[i]);
    return true;
}

static void name_text(const GENERAL_NAME *name, char *out, size_t cap)
{
    const ASN1_STRING *text = NULL;
    int len;

    out[0] = '\0';
    switch (name->type) {
    case GEN_DNS: text = name->d.dNSName; break;
    case GEN_EMAIL: text = name->d.rfc822Name; break;
    case GEN_URI: text = name->d.uniformResourceIdentifier; break;
    case GEN_IPADD:
        len = name->d.iPAddress->length;
        if (len == 4 || len == 16)
            inet_ntop(len == 4 ? AF_INET : AF_INET6, name->d.iPAddress->data,
                      out, (socklen_t)cap);
        return;
    default: return;
    }
    snprintf(out, cap, "%.*s", text->length, (const char *)text->data);
    for (char *c = out; *c; c++)
        if (*c == ',')
            *c = ';'; /* the comma stands between names */
}

/* "a.test,b.test,127.0.0.1", as long as there is room. */
static void names_of(X509 *cert, char *out, size_t cap)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL,
                                            NULL);
    size_t used = 0;
    char one[300];

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        name_text(sk_GENERAL_NAME_value(names, i), one, sizeof(one));
        if (one[0] && used + strlen(one) + 2 < cap)
            used += (size_t)snprintf(out + used, cap - used, "%s%s",
                                     used ? "," : "", one);
    }
    GENERAL_NAMES_free(names);
}

static bool add_row(X509 *cert, struct record *record, struct hf_error *error)
{
    struct issued one = { .cert = cert };
    char serial[SERIAL_TEXT], subject[80], names[4000], colons[96];
    struct record_row *row;

    if (!issue_serial_text(X509_get0_serialNumber(cert), serial))
        return hf_fail(error, HF_E_BAD_CERTIFICATE,
                       "its serial number has more than 20 bytes");
    if (record_find(record, serial))
        return true;
    issued_name(&one, subject, sizeof(subject));
    names_of(cert, names, sizeof(names));
    row = record_add(record, serial, subject, names);
    if (!row)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    row->from = issue_seconds(X509_get0_notBefore(cert));
    row->until = issue_seconds(X509_get0_notAfter(cert));
    issued_fingerprint(&one, colons);
    for (size_t i = 0; i < 32; i++)
        for (size_t k = 0; k < 2; k++)
            row->sha256[2 * i + k] = (char)hf_lower((uint8_t)colons[3 * i + k]);
    return true;
}

/* It is @ca who issued it, and not somebody with the same name. */
static bool is_from(const struct issued *ca, X509 *cert)
{
    bool good = X509_NAME_cmp(X509_get_issuer_name(cert),
                              X509_get_subject_name(ca->cert)) == 0 &&
                X509_verify(cert, ca->key) == 1;

    ERR_clear_error();
    return good;
}

bool issued_record(const struct issued *ca, const struct issued *made,
                   struct record *record, size_t *added, struct hf_error *error)
{
    size_t before = record->count;

    for (int i = -1; i < sk_X509_num(made->above); i++) {
        X509 *cert = i < 0 ? made->cert : sk_X509_value(made->above, i);

        if (X509_cmp(cert, ca->cert) != 0 && is_from(ca, cert) &&
            !add_row(cert, record, error))
            return false;
    }
    *added = record->count - before;
    return true;
}

static X509 *read_cert(struct hf_span text)
{
    const unsigned char *at = text.at;
    BIO *bio;
    X509 *cert;

    if (text.len && text.at[0] == 0x30)
        return d2i_X509(NULL, &at, (long)text.len);
    bio = BIO_new_mem_buf(text.at, (int)text.len);
    cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return cert;
}

bool issued_by(const struct issued *ca, struct hf_span text,
               char serial[SERIAL_TEXT], struct record *record,
               struct hf_error *error)
{
    X509 *cert = read_cert(text);
    bool good;

    ERR_clear_error();
    if (!cert)
        return hf_fail(error, HF_E_BAD_CERTIFICATE,
                       "no certificate in PEM or DER");
    if (!is_from(ca, cert))
        good = hf_fail(error, HF_E_CERT_SIGNATURE,
                       "this authority did not issue it");
    else if (!issue_serial_text(X509_get0_serialNumber(cert), serial))
        good = hf_fail(error, HF_E_BAD_CERTIFICATE,
                       "its serial number has more than 20 bytes");
    else
        good = !record || add_row(cert, record, error);
    X509_free(cert);
    return good;
}

/* ---- lists ------------------------------------------------------------------------- */

ASN1_INTEGER *issue_serial(const char *hex)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *out = NULL;

    if (BN_hex2bn(&number, hex) > 0)
        out = BN_to_ASN1_INTEGER(number, NULL);
    BN_free(number);
    return out;
}

static bool add_entry(X509_CRL *list, const struct record_row *row)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = issue_serial(row->serial);
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)row->when);
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    bool good = entry && serial && when && reason &&
                X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                X509_REVOKED_set_revocationDate(entry, when) == 1;

    /* RFC 5280 5.3.1: the extension is left out rather than unspecified */
    if (good && row->reason)
        good = ASN1_ENUMERATED_set(reason, (long)row->reason) == 1 &&
               X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0,
                                         X509V3_ADD_DEFAULT) == 1;
    good = good && X509_CRL_add0_revoked(list, entry) == 1;
    if (!good)
        X509_REVOKED_free(entry);
    ASN1_ENUMERATED_free(reason);
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(serial);
    return good;
}

/* RFC 5280 5.2.1, 5.2.3: whose key, and the how-manieth. */
static bool add_extensions(X509_CRL *list, X509 *ca, uint64_t number)
{
    AUTHORITY_KEYID *above = AUTHORITY_KEYID_new();
    ASN1_INTEGER *count = ASN1_INTEGER_new();
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(ca);
    bool good = above && count && ASN1_INTEGER_set_uint64(count, number) == 1;

    if (good && id) {
        above->keyid = ASN1_OCTET_STRING_dup(id);
        good = above->keyid &&
               X509_CRL_add1_ext_i2d(list, NID_authority_key_identifier, above,
                                     0, X509V3_ADD_DEFAULT) == 1;
    }
    good = good && X509_CRL_add1_ext_i2d(list, NID_crl_number, count, 0,
                                         X509V3_ADD_DEFAULT) == 1;
    ASN1_INTEGER_free(count);
    AUTHORITY_KEYID_free(above);
    return good;
}

static bool set_term(X509_CRL *list, const struct issue_term *term)
{
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)term->from);
    ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)term->until);
    bool good = from && until && X509_CRL_set1_lastUpdate(list, from) == 1 &&
                X509_CRL_set1_nextUpdate(list, until) == 1;

    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return good;
}

static X509_CRL *make_list(const struct issued *ca, const struct record *record,
                           const struct issue_term *term)
{
    X509_CRL *list = X509_CRL_new();
    bool good = list && X509_CRL_set_version(list, 1) == 1 &&
                X509_CRL_set_issuer_name(
                    list, X509_get_subject_name(ca->cert)) == 1 &&
                set_term(list, term) &&
                add_extensions(list, ca->cert, term->number);

    for (size_t i = 0; good && i < record->count; i++)
        if (record->rows[i].revoked)
            good = add_entry(list, &record->rows[i]);
    good = good && X509_CRL_sort(list) == 1 &&
           X509_CRL_sign(list, ca->key, issue_hash(ca->key)) > 0;
    if (!good) {
        X509_CRL_free(list);
        return NULL;
    }
    return list;
}

bool issue_list(const struct issued *ca, const struct record *record,
                const struct issue_term *term, struct bytes *out,
                struct hf_error *error)
{
    X509_CRL *list = make_list(ca, record, term);
    uint8_t *der = NULL;
    int len = list ? i2d_X509_CRL(list, &der) : 0;
    bool good = issue_take_der(out, der, len);

    X509_CRL_free(list);
    return good || issue_crypto_failed(error, "no list could be made");
}

char *issue_list_pem(struct hf_span der)
{
    const unsigned char *at = der.at;
    X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)der.len);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (list && bio && PEM_write_bio_X509_CRL(bio, list) == 1)
        text = issue_take_text(bio);
    else
        BIO_free(bio);
    X509_CRL_free(list);
    return text;
}
