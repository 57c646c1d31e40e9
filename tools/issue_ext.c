/* issue_ext.c - the names and the extensions of the certificates we make
 * (RFC 5280 4.2).
 *
 * Extensions are built as libcrypto's structures, never from its text
 * language: a name with a comma in it must stay one name. */
#include "issue_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------- */

int issue_read_address(const char *text, uint8_t out[16])
{
    char bare[64];
    size_t len = strlen(text);

    if (inet_pton(AF_INET, text, out) == 1)
        return 4;
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(bare))
        return 0;
    memcpy(bare, text, len);
    bare[len] = '\0';
    return inet_pton(AF_INET6, bare, out) == 1 ? 16 : 0;
}

static bool is_letter_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* Letters, digits, hyphens and (in practice) underscores; no label empty or
 * above 63; the last one not a number, or it would be an address. */
bool issue_is_dns(const char *name)
{
    size_t len = strlen(name), label = 0;
    bool number = true;

    if (len == 0 || len > 253)
        return false;
    for (const char *c = name; *c; c++) {
        if (*c == '.') {
            if (label == 0)
                return false;
            label = 0;
            number = true;
            continue;
        }
        if (!is_letter_digit(*c) && *c != '-' && *c != '_')
            return false;
        if (*c < '0' || *c > '9')
            number = false;
        if (++label > 63)
            return false;
    }
    return label > 0 && !number;
}

static bool is_mail(const char *name)
{
    const char *at = strchr(name, '@');

    return at && at != name && issue_is_dns(at + 1);
}

static const char *non_ascii(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || (unsigned char)*name > '~')
            return name;
    return NULL;
}

const char *issue_name_fault(const char *name, enum issue_use use)
{
    uint8_t address[16];

    if (!*name)
        return "the name is empty";
    if (use == ISSUE_CLIENT && !strchr(name, '@') && !strstr(name, "://") &&
        strlen(name) <= 64)
        return NULL; /* what is no DNS name becomes the common name alone */
    if (non_ascii(name))
        return "a name is ASCII without blanks; write what lies beyond it in "
               "its xn-- form";
    if (strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0)
        return "a host's name, not a URL: leave out what stands before it and "
               "after it";
    if (issue_read_address(name, address) || strstr(name, "://"))
        return NULL;
    if (strchr(name, '@'))
        return use == ISSUE_SERVER ? "a mail address is no server's name"
               : is_mail(name)     ? NULL
                                   : "not a mail address";
    if (strncmp(name, "*.", 2) == 0)
        return issue_is_dns(name + 2) ? NULL : "not a DNS name";
    if (strchr(name, '*'))
        return "a wildcard is the whole first label, as in *.dev.test "
               "(RFC 9525 6.3)";
    if (strchr(name, '/'))
        return "a name, not a URL: leave out what begins at the slash";
    return issue_is_dns(name) ? NULL : "neither a DNS name nor an address";
}

GENERAL_NAME *issue_text_name(int kind, const char *text)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();

    if (!name || !value || !ASN1_STRING_set(value, text, (int)strlen(text))) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, kind, value);
    return name;
}

GENERAL_NAME *issue_bytes_name(const uint8_t *bytes, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

    if (!name || !value || !ASN1_OCTET_STRING_set(value, bytes, len)) {
        GENERAL_NAME_free(name);
        ASN1_OCTET_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_IPADD, value);
    return name;
}

GENERAL_NAME *issue_general_name(const char *name, enum issue_use use)
{
    uint8_t address[16];
    int len = issue_read_address(name, address);
    const char *bare = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

    if (len)
        return issue_bytes_name(address, len);
    if (strstr(name, "://"))
        return issue_text_name(GEN_URI, name);
    if (is_mail(name))
        return issue_text_name(GEN_EMAIL, name);
    if (!issue_is_dns(bare))
        return NULL;
    /* "alice" is a person, "localhost" a host, also for a client. */
    if (use == ISSUE_CLIENT && !strchr(name, '.') &&
        strcmp(name, "localhost") != 0)
        return NULL;
    return issue_text_name(GEN_DNS, name);
}

/* ---- extensions ------------------------------------------------------------- */

bool issue_add(X509 *cert, int nid, void *value, bool critical)
{
    return X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_DEFAULT) ==
           1;
}

static bool push_name(GENERAL_NAMES *names, const char *text,
                      enum issue_use use, bool *good)
{
    GENERAL_NAME *name = issue_general_name(text, use);

    if (name && !sk_GENERAL_NAME_push(names, name)) {
        GENERAL_NAME_free(name);
        *good = false;
    }
    return name != NULL;
}

/* A name that is not the one that was asked for, and may look like it. */
static bool push_other(GENERAL_NAMES *names, const struct issue_order *order)
{
    const char *asked = order->names[0], *other = "wrong-name.test";
    char text[500];
    GENERAL_NAME *name;

    if (order->broken != ISSUE_WRONG_NAME && strlen(asked) < 200 &&
        issue_is_dns(asked)) {
        if (order->broken == ISSUE_NUL)
            snprintf(text, sizeof(text), "%s#.%s", asked, asked);
        else
            snprintf(text, sizeof(text), "*.%s", asked);
        other = text;
    }
    name = issue_text_name(GEN_DNS, other);
    if (name && order->broken == ISSUE_NUL && other == text)
        name->d.dNSName->data[strlen(asked)] = '\0';
    if (name && sk_GENERAL_NAME_push(names, name))
        return true;
    GENERAL_NAME_free(name);
    return false;
}

bool issue_add_names(X509 *cert, const struct issue_order *order)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool good = names != NULL;

    if (good &&
        (order->broken == ISSUE_WRONG_NAME || order->broken == ISSUE_WILDCARD ||
         order->broken == ISSUE_NUL)) {
        good = push_other(names, order);
    } else if (good && order->broken != ISSUE_NO_SAN) {
        for (size_t i = 0; i < order->count; i++)
            push_name(names, order->names[i], order->use, &good);
    }
    if (good && sk_GENERAL_NAME_num(names) > 0)
        good = issue_add(cert, NID_subject_alt_name, names, false);
    GENERAL_NAMES_free(names);
    return good;
}

bool issue_add_basic(X509 *cert, bool ca, long path_len)
{
    BASIC_CONSTRAINTS *basic = BASIC_CONSTRAINTS_new();
    bool good = basic != NULL;

    if (good) {
        basic->ca = ca ? 0xff : 0;
        if (path_len >= 0) {
            basic->pathlen = ASN1_INTEGER_new();
            good = basic->pathlen &&
                   ASN1_INTEGER_set(basic->pathlen, path_len) == 1;
        }
    }
    good = good && issue_add(cert, NID_basic_constraints, basic, true);
    BASIC_CONSTRAINTS_free(basic);
    return good;
}

/* Bits of keyUsage as RFC 5280 4.2.1.3 numbers them. */
enum {
    DIGITAL_SIGNATURE = 0,
    KEY_ENCIPHERMENT = 2,
    KEY_AGREEMENT = 4,
    KEY_CERT_SIGN = 5,
    CRL_SIGN = 6
};

static bool add_key_usage(X509 *cert, int first, int second)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    bool good = bits && ASN1_BIT_STRING_set_bit(bits, first, 1) &&
                (second < 0 || ASN1_BIT_STRING_set_bit(bits, second, 1)) &&
                issue_add(cert, NID_key_usage, bits, true);

    ASN1_BIT_STRING_free(bits);
    return good;
}

static bool add_purpose(X509 *cert, int nid)
{
    EXTENDED_KEY_USAGE *purposes = sk_ASN1_OBJECT_new_null();
    bool good = purposes && sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(nid)) &&
                issue_add(cert, NID_ext_key_usage, purposes, false);

    sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
    return good;
}

static bool add_leaf_usage(X509 *cert, const struct issue_order *order)
{
    /* TLS 1.2's RSA key transport decrypts with the certificate's key. */
    bool rsa = EVP_PKEY_is_a(X509_get0_pubkey(cert), "RSA");

    switch (order->may) {
    case ISSUE_MAY: return true;
    case ISSUE_MAY_SIGN: return add_key_usage(cert, DIGITAL_SIGNATURE, -1);
    case ISSUE_MAY_DECRYPT: return add_key_usage(cert, KEY_ENCIPHERMENT, -1);
    case ISSUE_MAY_ALL: break;
    }
    if (order->broken == ISSUE_KEY_USAGE)
        return add_key_usage(cert, KEY_AGREEMENT, -1);
    return add_key_usage(cert, DIGITAL_SIGNATURE, rsa ? KEY_ENCIPHERMENT : -1);
}

bool issue_add_ca_usage(X509 *cert, bool certs, bool mail_only)
{
    return add_key_usage(cert, certs ? KEY_CERT_SIGN : CRL_SIGN,
                         certs ? CRL_SIGN : -1) &&
           (!mail_only || add_purpose(cert, NID_email_protect));
}

bool issue_add_usage(X509 *cert, const struct issue_order *order)
{
    int purpose;

    purpose = order->broken == ISSUE_WRONG_EKU ? NID_email_protect
              : order->use == ISSUE_CLIENT     ? NID_client_auth
                                               : NID_server_auth;
    return add_leaf_usage(cert, order) && add_purpose(cert, purpose);
}

/* RFC 5280 4.2.1.2, method 1: SHA-1 of the key bits, as a name for the key;
 * nothing depends on its strength. */
static ASN1_OCTET_STRING *key_id(X509 *cert)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!id || X509_pubkey_digest(cert, EVP_sha1(), digest, &len) != 1 ||
        !ASN1_OCTET_STRING_set(id, digest, (int)len)) {
        ASN1_OCTET_STRING_free(id);
        return NULL;
    }
    return id;
}

bool issue_add_key_ids(X509 *cert, X509 *issuer)
{
    ASN1_OCTET_STRING *own = key_id(cert);
    AUTHORITY_KEYID *above = AUTHORITY_KEYID_new();
    bool good = own && above &&
                issue_add(cert, NID_subject_key_identifier, own, false);

    if (good) {
        above->keyid = key_id(issuer);
        good = above->keyid &&
               issue_add(cert, NID_authority_key_identifier, above, false);
    }
    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(above);
    return good;
}

bool issue_add_stranger(X509 *cert)
{
    /* Under RFC 7229's arc for tests, so that it is nobody's. */
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.13.1.99", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    bool good = oid && value &&
                ASN1_OCTET_STRING_set(value, (const uint8_t *)"\5", 2);

    if (good)
        extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    good = extension && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
    return good;
}

bool issue_add_twice(X509 *cert)
{
    int at = X509_get_ext_by_NID(cert, NID_basic_constraints, -1);

    return at >= 0 && X509_add_ext(cert, X509_get_ext(cert, at), -1) == 1;
}

bool issue_add_issuer_url(X509 *cert)
{
    AUTHORITY_INFO_ACCESS *list = sk_ACCESS_DESCRIPTION_new_null();
    ACCESS_DESCRIPTION *one = ACCESS_DESCRIPTION_new();
    bool good = list && one && sk_ACCESS_DESCRIPTION_push(list, one);

    if (!good) {
        ACCESS_DESCRIPTION_free(one);
        AUTHORITY_INFO_ACCESS_free(list);
        return false;
    }
    ASN1_OBJECT_free(one->method);
    one->method = OBJ_nid2obj(NID_ad_ca_issuers);
    GENERAL_NAME_free(one->location);
    one->location = issue_text_name(GEN_URI,
                                    "http://nobody.invalid/issuer.der");
    good = one->location && issue_add(cert, NID_info_access, list, false);
    AUTHORITY_INFO_ACCESS_free(list);
    return good;
}
