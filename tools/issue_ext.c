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

/* What an authority may certify unless it is told otherwise: names that
 * nobody can register (RFC 6761 6.2, RFC 6761 6.3, and ICANN's .internal) and
 * addresses that nobody routes. */
static const char *const private_names[] = {
    "localhost",  "test",          "internal",       "127.0.0.0/8",
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "::1/128",    "fc00::/7",      "fe80::/10",
};

/* ---- names ---------------------------------------------------------------- */

/* Bytes of the address that @text is: 4, 16, or 0 if it is none.  Brackets
 * around IPv6 are taken as meant. */
static int read_address(const char *text, uint8_t out[16])
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
static bool is_dns_name(const char *name)
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

    return at && at != name && is_dns_name(at + 1);
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
        return "a name in a certificate is ASCII; write what lies beyond it "
               "in its xn-- form";
    if (read_address(name, address) || strstr(name, "://"))
        return NULL;
    if (strchr(name, '@'))
        return use == ISSUE_SERVER ? "a mail address is no server's name"
               : is_mail(name)     ? NULL
                                   : "not a mail address";
    if (strncmp(name, "*.", 2) == 0)
        return is_dns_name(name + 2) ? NULL : "not a DNS name";
    if (strchr(name, '*'))
        return "a wildcard is the whole first label, as in *.dev.test "
               "(RFC 9525 6.3)";
    if (strchr(name, '/'))
        return "a name, not a URL: leave out what begins at the slash";
    return is_dns_name(name) ? NULL : "neither a DNS name nor an address";
}

static GENERAL_NAME *text_name(int kind, const char *text)
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

static GENERAL_NAME *bytes_name(const uint8_t *bytes, int len)
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
    int len = read_address(name, address);
    const char *bare = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

    if (len)
        return bytes_name(address, len);
    if (strstr(name, "://"))
        return text_name(GEN_URI, name);
    if (is_mail(name))
        return text_name(GEN_EMAIL, name);
    if (!is_dns_name(bare))
        return NULL;
    /* "alice" is a person, "localhost" a host, also for a client. */
    if (use == ISSUE_CLIENT && !strchr(name, '.') &&
        strcmp(name, "localhost") != 0)
        return NULL;
    return text_name(GEN_DNS, name);
}

/* ---- extensions ------------------------------------------------------------- */

static bool add(X509 *cert, int nid, void *value, bool critical)
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

bool issue_add_names(X509 *cert, const struct issue_order *order)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool good = names != NULL;

    if (good && order->broken == ISSUE_WRONG_NAME) {
        push_name(names, "wrong-name.test", ISSUE_SERVER, &good);
    } else if (good && order->broken != ISSUE_NO_SAN) {
        for (size_t i = 0; i < order->count; i++)
            push_name(names, order->names[i], order->use, &good);
    }
    if (good && sk_GENERAL_NAME_num(names) > 0)
        good = add(cert, NID_subject_alt_name, names, false);
    GENERAL_NAMES_free(names);
    return good;
}

/* "10.0.0.0/8" as RFC 5280 4.2.1.10 wants it: address, then mask. */
static GENERAL_NAME *range_name(const char *text)
{
    uint8_t bytes[32] = { 0 };
    char address[64];
    const char *slash = strchr(text, '/');
    char *end;
    unsigned long bits;
    int len;

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return NULL;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    len = read_address(address, bytes);
    bits = strtoul(slash + 1, &end, 10);
    if (!len || end == slash + 1 || *end || bits > 8UL * (unsigned)len)
        return NULL;
    for (unsigned i = 0; i < (unsigned)len; i++) {
        unsigned left = bits > 8UL * i ? (unsigned)(bits - 8UL * i) : 0;

        bytes[(unsigned)len + i] = (uint8_t)(0xff00U >> (left < 8 ? left : 8));
        bytes[i] &= bytes[(unsigned)len + i];
    }
    return bytes_name(bytes, 2 * len);
}

static GENERAL_NAME *limit_name(const char *text)
{
    uint8_t address[16];
    char range[80];
    int len = read_address(text, address);

    if (*text == '.') /* ".test" is what people write for "test" */
        text++;
    if (len) {
        snprintf(range, sizeof(range), "%s/%d", text, 8 * len);
        return range_name(range);
    }
    if (strchr(text, '/'))
        return range_name(text);
    return is_dns_name(text) ? text_name(GEN_DNS, text) : NULL;
}

static bool push_limit(NAME_CONSTRAINTS *limits, const char *text,
                       struct hf_error *error)
{
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    GENERAL_NAME *base = limit_name(text);

    if (!base) {
        GENERAL_SUBTREE_free(tree);
        return hf_fail(error, HF_E_BAD_OPTION,
                       "%s is neither a DNS name nor an address range such "
                       "as 10.0.0.0/8",
                       text);
    }
    if (tree) {
        GENERAL_NAME_free(tree->base);
        tree->base = base;
        if (sk_GENERAL_SUBTREE_push(limits->permittedSubtrees, tree))
            return true;
        GENERAL_SUBTREE_free(tree);
    } else {
        GENERAL_NAME_free(base);
    }
    return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
}

/* Permitted subtrees restrict only the kinds of name that they mention: with
 * DNS names alone any address could still be certified. */
static bool says_every_kind(NAME_CONSTRAINTS *limits, struct hf_error *error)
{
    bool dns = false, v4 = false, v6 = false;

    for (int i = 0; i < sk_GENERAL_SUBTREE_num(limits->permittedSubtrees);
         i++) {
        GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i)->base;

        dns |= base->type == GEN_DNS;
        v4 |= base->type == GEN_IPADD && base->d.iPAddress->length == 8;
        v6 |= base->type == GEN_IPADD && base->d.iPAddress->length == 32;
    }
    return (dns || push_limit(limits, "invalid", error)) &&
           (v4 || push_limit(limits, "127.0.0.1/32", error)) &&
           (v6 || push_limit(limits, "::1/128", error));
}

bool issue_add_limits(X509 *cert, const struct issue_order *order,
                      struct hf_error *error)
{
    NAME_CONSTRAINTS *limits;
    const char *const *names = order->count ? order->names : private_names;
    size_t count = order->count ? order->count : HF_COUNT(private_names);
    bool good;

    if (order->any_name)
        return true;
    limits = NAME_CONSTRAINTS_new();
    if (limits)
        limits->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    good = limits && limits->permittedSubtrees;
    for (size_t i = 0; good && i < count; i++)
        good = push_limit(limits, names[i], error);
    good = good && says_every_kind(limits, error) &&
           /* RFC 5280 4.2.1.10: conforming CAs MUST mark it as critical */
           add(cert, NID_name_constraints, limits, true);
    NAME_CONSTRAINTS_free(limits);
    return good || hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
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
    good = good && add(cert, NID_basic_constraints, basic, true);
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
                add(cert, NID_key_usage, bits, true);

    ASN1_BIT_STRING_free(bits);
    return good;
}

static bool add_purpose(X509 *cert, int nid)
{
    EXTENDED_KEY_USAGE *purposes = sk_ASN1_OBJECT_new_null();
    bool good = purposes && sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(nid)) &&
                add(cert, NID_ext_key_usage, purposes, false);

    sk_ASN1_OBJECT_pop_free(purposes, ASN1_OBJECT_free);
    return good;
}

bool issue_add_usage(X509 *cert, bool ca, enum issue_use use,
                     enum issue_broken broken)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    /* TLS 1.2's RSA key transport decrypts with the certificate's key. */
    int second = EVP_PKEY_is_a(key, "RSA") ? KEY_ENCIPHERMENT : -1;
    int purpose = use == ISSUE_CLIENT ? NID_client_auth : NID_server_auth;

    if (ca)
        return add_key_usage(cert, KEY_CERT_SIGN, CRL_SIGN);
    if (broken == ISSUE_WRONG_EKU)
        purpose = NID_email_protect;
    if (broken == ISSUE_KEY_USAGE)
        return add_key_usage(cert, KEY_AGREEMENT, -1) &&
               add_purpose(cert, purpose);
    return add_key_usage(cert, DIGITAL_SIGNATURE, second) &&
           add_purpose(cert, purpose);
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
                add(cert, NID_subject_key_identifier, own, false);

    if (good) {
        above->keyid = key_id(issuer);
        good = above->keyid &&
               add(cert, NID_authority_key_identifier, above, false);
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

/* ---- limits of an authority --------------------------------------------------- */

static bool permits(NAME_CONSTRAINTS *limits, const char *text,
                    enum issue_use use)
{
    X509 *probe = X509_new();
    struct issue_order one = { .names = &text, .count = 1, .use = use };
    bool good = true;

    if (probe && issue_add_names(probe, &one)) {
        X509_check_purpose(probe, -1, 0); /* makes it look at its names */
        good = NAME_CONSTRAINTS_check(probe, limits) == X509_V_OK;
    }

    X509_free(probe);
    return good;
}

const char *issue_outside(const struct issued *issuer,
                          const struct issue_order *order)
{
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(
        issuer->cert, NID_name_constraints, NULL, NULL);
    const char *outside = NULL;

    for (size_t i = 0; limits && !outside && i < order->count; i++)
        if (!permits(limits, order->names[i], order->use))
            outside = order->names[i];
    NAME_CONSTRAINTS_free(limits);
    return outside;
}

static void limit_text(const GENERAL_NAME *name, char *out, size_t cap)
{
    char address[INET6_ADDRSTRLEN] = "?";
    const ASN1_OCTET_STRING *ip;
    unsigned bits = 0;
    int half;

    if (name->type == GEN_DNS) {
        snprintf(out, cap, "%.*s", name->d.dNSName->length,
                 (const char *)name->d.dNSName->data);
        return;
    }
    ip = name->d.iPAddress;
    half = ip->length / 2;
    for (int i = half; i < ip->length; i++)
        for (unsigned bit = ip->data[i]; bit & 0x80; bit <<= 1)
            bits++;
    inet_ntop(half == 4 ? AF_INET : AF_INET6, ip->data, address,
              sizeof(address));
    snprintf(out, cap, "%s/%u", address, bits);
}

void issued_limits(const struct issued *it, char *out, size_t cap)
{
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(it->cert, NID_name_constraints,
                                                NULL, NULL);
    size_t used = 0;
    int count = limits ? sk_GENERAL_SUBTREE_num(limits->permittedSubtrees) : 0;

    snprintf(out, cap, "any name");
    for (int i = 0; i < count; i++) {
        GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i)->base;
        char one[300];

        if (base->type != GEN_DNS && base->type != GEN_IPADD)
            continue;
        limit_text(base, one, sizeof(one));
        if (used < cap)
            used += (size_t)snprintf(out + used, cap - used, "%s%s",
                                     used ? ", " : "", one);
    }
    NAME_CONSTRAINTS_free(limits);
}
