/* profile.c - what a certificate should be like, for those who ask.
 *
 * RFC 5280 4 tells authorities what to put into a certificate; RFC 5280 6
 * tells us what to check, and does not ask for most of it.  A missing key
 * identifier harms nobody, and half of the private authorities in the world
 * leave it out, so by default it is no reason to refuse.  But whoever runs an
 * authority wants to know; and a verifier for the public Web may want the CA/
 * Browser Forum's Baseline Requirements obeyed.  A rule is a row here.
 */
#include "x509/inside.h"

enum { RFC = 1, WEB = 2, BOTH = RFC | WEB }; /* profiles */
enum { LEAF = 1, MIDDLE = 2, ROOT = 4, CAS = MIDDLE | ROOT, ALL = 7 };

struct rule {
    uint8_t profiles, places;
    bool (*broken)(const struct hf_cert *cert);
    const char *text;
};

/* ---- the rules ---------------------------------------------------------------------- */

/* RFC 5280 4.2.1.1: only a self-signed certificate may do without. */
static bool no_akid(const struct hf_cert *c)
{
    return !(c->flags & HF_CERT_SELF_ISSUED) && !hf_cert_akid(c).len;
}

static bool no_skid(const struct hf_cert *c)
{
    return !c->skid.len;
}

static bool basic_not_critical(const struct hf_cert *c)
{
    return !(c->flags & HF_CERT_BASIC_CRITICAL);
}

static bool constraints_not_critical(const struct hf_cert *c)
{
    return c->name_constraints.len &&
           !(c->flags & HF_CERT_CONSTRAINTS_CRITICAL);
}

static bool policies_not_critical(const struct hf_cert *c)
{
    return (c->explicit_policy || c->inhibit_mapping) &&
           !(c->flags & HF_CERT_POLICY_CONSTRAINTS_CRITICAL);
}

static bool lists_dotted_name(struct hf_der *lists, unsigned tag)
{
    struct hf_der list, one;
    struct hf_span name;

    if (!hf_der_peek(lists, tag) || !hf_der_open(lists, tag, &list))
        return false;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one))
        if (hf_der_take(&one, HF_DER_CONTEXT | 2, &name) && name.len &&
            name.at[0] == '.')
            return true;
    return false;
}

/* RFC 5280 4.2.1.10: the leading dot is for URIs and mailboxes. */
static bool constraint_with_dot(const struct hf_cert *c)
{
    struct hf_der r = hf_der(c->name_constraints), lists;

    return hf_der_open(&r, HF_DER_SEQUENCE, &lists) &&
           (lists_dotted_name(&lists, 0xa0) || lists_dotted_name(&lists, 0xa1));
}

static bool san_must_be_critical(const struct hf_cert *c)
{
    return hf_name_is_empty(c->subject) && !(c->flags & HF_CERT_SAN_CRITICAL);
}

static bool san_must_not_be_critical(const struct hf_cert *c)
{
    return !hf_name_is_empty(c->subject) && c->flags & HF_CERT_SAN_CRITICAL;
}

static bool signs_without_being_ca(const struct hf_cert *c)
{
    return c->usage & HF_USE_KEY_CERT_SIGN && !(c->flags & HF_CERT_CA);
}

static bool is_ca(const struct hf_cert *c)
{
    return c->flags & HF_CERT_CA || c->usage & HF_USE_KEY_CERT_SIGN;
}

static bool odd_rsa(const struct hf_cert *c)
{
    return (c->key.kind == HF_KEY_RSA || c->key.kind == HF_KEY_RSA_PSS) &&
           c->key.bits % 8;
}

/* Anything but a key identifier, or another than its own. */
static bool odd_root_akid(const struct hf_cert *c)
{
    struct hf_der r = hf_der(c->akid), inside;
    struct hf_span id;

    if (!c->akid.len || !(c->flags & HF_CERT_SELF_ISSUED))
        return false;
    return !hf_der_open(&r, HF_DER_SEQUENCE, &inside) ||
           !hf_der_take(&inside, HF_DER_CONTEXT, &id) ||
           !hf_der_done(&inside) || !hf_span_equal(id, hf_cert_skid(c));
}

static bool has_eku(const struct hf_cert *c)
{
    return c->flags & HF_CERT_EKU;
}

static bool leaf_eku(const struct hf_cert *c)
{
    return !(c->flags & HF_CERT_EKU) || c->flags & HF_CERT_EKU_ANY ||
           c->flags & HF_CERT_EKU_CRITICAL;
}

/* "www.example.com", and not "192.0.2.1", "host" or "Jane Doe". */
static bool looks_like_dns(struct hf_span name)
{
    size_t labels, i = name.len;

    if (!hf_dns_is_sound(name, &labels) || labels < 2)
        return false;
    while (i && name.at[i - 1] != '.')
        if (name.at[--i] < '0' || name.at[i] > '9')
            return true;
    return false;
}

/* Is @cn a copy of @san, as it is written (an address: RFC 5952 4)?  The name
 * below which a wildcard stands will do. */
static bool copies(struct hf_span cn, const struct hf_san *san)
{
    char text[64];

    if (san->kind == HF_SAN_IP) {
        hf_san_text(san, text, sizeof(text));
        return hf_span_equal(cn, hf_span_after(hf_span_text(text), 3));
    }
    return san->kind == HF_SAN_DNS &&
           (hf_span_equal(cn, san->value) ||
            (hf_dns_is_wildcard(san->value) &&
             hf_span_equal(cn, hf_span_after(san->value, 2))));
}

/* A common name that is none of the alternative names; a DNS name is held
 * against them only if there are others. */
static bool cn_is_no_san(const struct hf_cert *c)
{
    struct hf_der names = hf_san_begin(c);
    bool any = false;
    struct hf_tlv cn;
    struct hf_san san;

    if (!hf_name_find(c->subject, HF_NAME_CN, &cn))
        return false;
    while (hf_san_next(&names, &san)) {
        if (copies(cn.value, &san))
            return false;
        any = any || san.kind == HF_SAN_DNS;
    }
    return any || !looks_like_dns(cn.value);
}

/* clang-format off */
static const struct rule rules[] = {
    { BOTH, ALL,  no_akid,                  "it has no authorityKeyIdentifier (RFC 5280 4.2.1.1)" },
    { BOTH, CAS,  no_skid,                  "it is an authority without a subjectKeyIdentifier (RFC 5280 4.2.1.2)" },
    { BOTH, LEAF, signs_without_being_ca,   "it may sign certificates but is no authority (RFC 5280 4.2.1.3)" },
    { BOTH, LEAF, san_must_be_critical,     "it has no subject and its subjectAltName is not critical (RFC 5280 4.2.1.6)" },
    { BOTH, CAS,  basic_not_critical,       "its basicConstraints are not critical (RFC 5280 4.2.1.9)" },
    { RFC,  CAS,  constraints_not_critical, "its nameConstraints are not critical (RFC 5280 4.2.1.10)" },
    { RFC,  CAS,  constraint_with_dot,      "a dNSName in its nameConstraints begins with a dot (RFC 5280 4.2.1.10)" },
    { BOTH, CAS,  policies_not_critical,    "its policyConstraints are not critical (RFC 5280 4.2.1.11)" },
    { WEB,  ALL,  odd_rsa,                  "its RSA modulus is not a whole number of bytes (BR 6.1.5)" },
    { WEB,  ROOT, odd_root_akid,            "its authorityKeyIdentifier is not just its own key identifier (BR 7.1.2.1.3)" },
    { WEB,  ROOT, has_eku,                  "it is a root with extKeyUsage (BR 7.1.2.1.2)" },
    { WEB,  LEAF, is_ca,                    "it is an authority, and used as a leaf (BR 7.1.2.7.8)" },
    { WEB,  LEAF, leaf_eku,                 "its extKeyUsage is missing, critical or anyExtendedKeyUsage (BR 7.1.2.7.10)" },
    { WEB,  LEAF, cn_is_no_san,             "its common name is none of its alternative names, letter by letter (BR 7.1.4.3)" },
    { WEB,  LEAF, san_must_not_be_critical, "it has a subject and its subjectAltName is critical (BR 7.1.2.7.12)" },
};
/* clang-format on */

const char *hf_profile_broken(const struct hf_verify *v,
                              const struct hf_cert *cert, bool leaf,
                              bool anchor)
{
    unsigned profile = v->profile == HF_PROFILE_WEB ? WEB : RFC;
    unsigned place = leaf ? LEAF : anchor ? ROOT : MIDDLE;

    if (v->profile == HF_PROFILE_PRACTICE)
        return NULL;
    for (size_t i = 0; i < HF_COUNT(rules); i++)
        if (rules[i].profiles & profile && rules[i].places & place &&
            rules[i].broken(cert))
            return rules[i].text;
    return NULL;
}
