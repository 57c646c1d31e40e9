/* cert_ext.c - the extensions of a certificate (RFC 5280 4.2): found, checked
 * to be DER through and through, and kept as spans and flags.
 *
 *     Extension  ::=  SEQUENCE  {
 *          extnID      OBJECT IDENTIFIER,
 *          critical    BOOLEAN DEFAULT FALSE,
 *          extnValue   OCTET STRING }
 *
 * A row of the table below says what is done with one that we understand.  One
 * that we do not understand is passed over, and noted if it is critical: what
 * that means is for verify.c to say, since a certificate that is on no path
 * does no harm.
 */
#include "x509/inside.h"

/* What RFC 5280 says about the critical bit, where it matters to us. */
enum criticality {
    EITHER, /* understood, so it may be */
    NEVER,  /* "MUST mark this extension as non-critical" */
    NOT_YET /* read, but what it demands is not done */
};

typedef bool read_fn(struct hf_parse *p, struct hf_span value);

struct extension {
    struct hf_span oid;
    const char *name;
    read_fn *read;
    enum criticality critical;
    uint32_t critical_flag; /* set if it is */
};

static bool read_skid(struct hf_parse *p, struct hf_span value);
static bool read_usage(struct hf_parse *p, struct hf_span value);
static bool read_san(struct hf_parse *p, struct hf_span value);
static bool read_basic(struct hf_parse *p, struct hf_span value);
static bool read_constraints(struct hf_parse *p, struct hf_span value);
static bool read_crl_dp(struct hf_parse *p, struct hf_span value);
static bool read_policies(struct hf_parse *p, struct hf_span value);
static bool read_mappings(struct hf_parse *p, struct hf_span value);
static bool read_akid(struct hf_parse *p, struct hf_span value);
static bool read_eku(struct hf_parse *p, struct hf_span value);
static bool read_inhibit(struct hf_parse *p, struct hf_span value);
static bool read_policy_constraints(struct hf_parse *p, struct hf_span value);
static bool read_aia(struct hf_parse *p, struct hf_span value);
static bool read_feature(struct hf_parse *p, struct hf_span value);
static bool read_sct(struct hf_parse *p, struct hf_span value);
static bool read_nocheck(struct hf_parse *p, struct hf_span value);

#define OID(text)                                 \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
#define PKIX "\x2b\x06\x01\x05\x05\x07\x01"

/* clang-format off */
static const struct extension extensions[] = {
    { OID("\x55\x1d\x0e"), "subjectKeyIdentifier",   read_skid,        NEVER,   0 },
    { OID("\x55\x1d\x0f"), "keyUsage",               read_usage,       EITHER,  0 },
    { OID("\x55\x1d\x11"), "subjectAltName",         read_san,         EITHER,  HF_CERT_SAN_CRITICAL },
    { OID("\x55\x1d\x13"), "basicConstraints",       read_basic,       EITHER,  HF_CERT_BASIC_CRITICAL },
    { OID("\x55\x1d\x1e"), "nameConstraints",        read_constraints, EITHER,  HF_CERT_CONSTRAINTS_CRITICAL },
    { OID("\x55\x1d\x1f"), "cRLDistributionPoints",  read_crl_dp,      NOT_YET, 0 },
    { OID("\x55\x1d\x20"), "certificatePolicies",    read_policies,    EITHER,  0 },
    { OID("\x55\x1d\x21"), "policyMappings",         read_mappings,    EITHER,  0 },
    { OID("\x55\x1d\x24"), "policyConstraints",      read_policy_constraints, EITHER, HF_CERT_POLICY_CONSTRAINTS_CRITICAL },
    { OID("\x55\x1d\x23"), "authorityKeyIdentifier", read_akid,        NEVER,   0 },
    { OID("\x55\x1d\x25"), "extKeyUsage",            read_eku,         EITHER,  HF_CERT_EKU_CRITICAL },
    { OID("\x55\x1d\x36"), "inhibitAnyPolicy",       read_inhibit,     EITHER,  0 },
    { OID(PKIX "\x01"),    "authorityInfoAccess",    read_aia,         NEVER,   0 },
    { OID(PKIX "\x18"),    "tlsFeature",             read_feature,     EITHER,  0 },
    { OID("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"),
                           "signedCertificateTimestampList", read_sct, EITHER,  0 },
    { OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x05"),
                           "ocspNoCheck",            read_nocheck,     NEVER,   0 },
};
/* clang-format on */

static const struct extension *find(struct hf_span oid)
{
    for (size_t i = 0; i < HF_COUNT(extensions); i++)
        if (hf_span_equal(oid, extensions[i].oid))
            return &extensions[i];
    return NULL;
}

/* RFC 5280 4.2: not more than one of a kind, known or not. */
static bool is_new(const struct hf_span *seen, size_t count, struct hf_span oid)
{
    for (size_t i = 0; i < count; i++)
        if (hf_span_equal(seen[i], oid))
            return false;
    return true;
}

static bool read_one(struct hf_parse *p, struct hf_der *one,
                     struct hf_extension *out)
{
    out->critical = false;
    if (!hf_der_oid(one, &out->oid))
        return hf_parse_no(p, "an extnID is not an OBJECT IDENTIFIER");
    /* X.690 11.5: a default is not encoded, so FALSE is not written. */
    if (hf_der_peek(one, HF_DER_BOOLEAN) &&
        !(hf_der_boolean(one, &out->critical) && out->critical))
        return hf_parse_no(p, "critical is neither TRUE nor absent");
    if (!hf_der_take(one, HF_DER_OCTET_STRING, &out->value) ||
        !hf_der_done(one))
        return hf_parse_no(p, "an extnValue is not an OCTET STRING");
    return true;
}

void hf_extensions_begin(struct hf_extensions *walk, struct hf_der list)
{
    walk->list = list;
    walk->count = 0;
    walk->bad = false;
}

bool hf_extensions_next(struct hf_extensions *walk, struct hf_parse *p,
                        struct hf_extension *out)
{
    struct hf_der one;

    if (hf_der_done(&walk->list))
        return false;
    walk->bad = true;
    hf_parse_at(p, "extensions", &walk->list);
    if (walk->count == HF_COUNT(walk->seen))
        return hf_parse_no(p, "there are more than 32");
    if (!hf_der_open(&walk->list, HF_DER_SEQUENCE, &one))
        return hf_parse_no(p, "one is not a SEQUENCE");
    if (!read_one(p, &one, out))
        return false;
    if (!is_new(walk->seen, walk->count, out->oid))
        return hf_parse_no(p, "one is there twice");
    walk->seen[walk->count++] = out->oid;
    walk->bad = false;
    return true;
}

static bool note_one(struct hf_parse *p, const struct hf_extension *one)
{
    const struct extension *row = find(one->oid);

    if (one->critical && (!row || row->critical != EITHER) &&
        !(p->cert->flags & HF_CERT_CRITICAL)) {
        p->cert->flags |= HF_CERT_CRITICAL;
        p->cert->critical = one->oid;
    }
    if (!row)
        return true;
    if (one->critical)
        p->cert->flags |= row->critical_flag;
    p->field = row->name;
    return row->read(p, one->value);
}

bool hf_cert_extensions(struct hf_parse *p, struct hf_der *tbs)
{
    struct hf_der tagged, list;
    struct hf_extensions walk;
    struct hf_extension one;

    if (!hf_der_open(tbs, HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 3, &tagged) ||
        !hf_der_done(tbs) || !hf_der_open(&tagged, HF_DER_SEQUENCE, &list) ||
        !hf_der_done(&tagged) || hf_der_done(&list))
        return hf_parse_no(p, "it is not a list of extensions at the end");
    hf_extensions_begin(&walk, list);
    while (hf_extensions_next(&walk, p, &one))
        if (!note_one(p, &one))
            return false;
    return !walk.bad;
}

/* ---- each of them ---------------------------------------------------------------- */

/* RFC 5280 4.2.1.2 */
static bool read_skid(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value);
    struct hf_span id;

    p->cert->skid = value;
    return (hf_der_take(&r, HF_DER_OCTET_STRING, &id) && hf_der_done(&r)) ||
           hf_parse_no(p, "it is not an OCTET STRING");
}

/* RFC 5280 4.2.1.3: at least one bit is set. */
static bool read_usage(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value);
    struct hf_span bytes;
    unsigned unused, any = 0;

    if (!hf_der_bits(&r, &bytes, &unused) || !hf_der_done(&r) || bytes.len > 2)
        return hf_parse_no(p, "it is not a BIT STRING of up to nine bits");
    for (unsigned i = 0; i < bytes.len * 8; i++)
        if (bytes.at[i / 8] & 0x80u >> i % 8)
            any |= 1u << i;
    if (!any)
        return hf_parse_no(p, "it has no bit set");
    p->cert->usage = (uint16_t)any;
    p->cert->flags |= HF_CERT_KEY_USAGE;
    return true;
}

/* One GeneralName (RFC 5280 4.2.1.6).  x400Address and ediPartyName are
 * skipped as they are. */
static bool general_name_is_sound(const struct hf_tlv *name)
{
    switch (name->tag) {
    case HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 0:
    case HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 3:
    case HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 5:
    case HF_DER_CONTEXT | 1:
    case HF_DER_CONTEXT | 2:
    case HF_DER_CONTEXT | 6:
    case HF_DER_CONTEXT | 8: return true;
    case HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 4:
        return hf_name_is_sound(name->value);
    case HF_DER_CONTEXT | 7: /* 8 and 32: with a mask, in constraints */
        return name->value.len == 4 || name->value.len == 16 ||
               name->value.len == 8 || name->value.len == 32;
    default: return false;
    }
}

/* "the sequence MUST contain at least one entry" */
static bool read_san(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), list;
    struct hf_tlv name;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE");
    if (hf_der_done(&list))
        return hf_parse_no(p, "it is empty");
    while (!hf_der_done(&list)) {
        if (!hf_der_next(&list, &name) || !general_name_is_sound(&name))
            return hf_parse_no(p, "one of the names is malformed");
        if (name.tag == (HF_DER_CONTEXT | 7) && name.value.len != 4 &&
            name.value.len != 16)
            return hf_parse_no(p, "an iPAddress is not of 4 or 16 bytes");
    }
    p->cert->san = value;
    return true;
}

/* RFC 5280 4.2.1.9.  Neither cA nor the sequence is ever guessed: what is
 * malformed is refused, not taken for "a CA" (or "no CA"). */
static bool read_basic(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), inside;
    uint32_t length;
    bool ca = false;

    p->cert->flags |= HF_CERT_BASIC;
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE");
    if (hf_der_peek(&inside, HF_DER_BOOLEAN) &&
        !(hf_der_boolean(&inside, &ca) && ca))
        return hf_parse_no(p, "cA is neither TRUE nor absent");
    if (!hf_der_done(&inside)) {
        if (!hf_der_small(&inside, &length))
            return hf_parse_no(p, "pathLenConstraint is not a number");
        p->cert->flags |= HF_CERT_PATHLEN;
        p->cert->path_len = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
    }
    if (ca)
        p->cert->flags |= HF_CERT_CA;
    return hf_der_done(&inside) ||
           hf_parse_no(p, "something follows pathLenConstraint");
}

/* GeneralSubtrees (RFC 5280 4.2.1.10): not empty, minimum 0 and therefore not
 * written, maximum absent. */
static bool subtrees_are_sound(struct hf_der *list)
{
    struct hf_der one;
    struct hf_tlv base;

    if (hf_der_done(list))
        return false;
    while (!hf_der_done(list))
        if (!hf_der_open(list, HF_DER_SEQUENCE, &one) ||
            !hf_der_next(&one, &base) || !general_name_is_sound(&base) ||
            !hf_der_done(&one))
            return false;
    return true;
}

static bool read_constraints(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), inside, list;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE");
    if (hf_der_done(&inside))
        return hf_parse_no(p, "it constrains nothing");
    for (unsigned n = 0; n < 2 && !hf_der_done(&inside); n++) {
        unsigned tag = HF_DER_CONTEXT | HF_DER_CONSTRUCTED | n;

        if (hf_der_peek(&inside, tag) &&
            (!hf_der_open(&inside, tag, &list) || !subtrees_are_sound(&list)))
            return hf_parse_no(p, "a subtree is malformed");
    }
    if (!hf_der_done(&inside))
        return hf_parse_no(p, "it is not two lists of subtrees");
    p->cert->name_constraints = value;
    return true;
}

/* A non-empty SEQUENCE of SEQUENCEs, looked at when it is needed. */
static bool read_list(struct hf_parse *p, struct hf_span value,
                      struct hf_span *keep)
{
    struct hf_der r = hf_der(value), list, one;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list) || !hf_der_done(&r) ||
        hf_der_done(&list))
        return hf_parse_no(p, "it is not a list, or an empty one");
    while (!hf_der_done(&list))
        if (!hf_der_open(&list, HF_DER_SEQUENCE, &one))
            return hf_parse_no(p, "an element is malformed");
    *keep = value;
    return true;
}

static bool read_crl_dp(struct hf_parse *p, struct hf_span value)
{
    return read_list(p, value, &p->cert->crl_dp);
}

/* RFC 5280 4.2.1.4 */
static bool read_policies(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), list, one;
    struct hf_span oid;

    p->cert->flags |= HF_CERT_POLICY;
    if (!read_list(p, value, &p->cert->policies) ||
        !hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return false;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one))
        if (!hf_der_oid(&one, &oid))
            return hf_parse_no(p, "a policy is not an OBJECT IDENTIFIER");
    return true;
}

/* RFC 5280 4.2.1.5; nobody may map to or from anyPolicy (6.1.4 a). */
static bool read_mappings(struct hf_parse *p, struct hf_span value)
{
    static const uint8_t any[] = { 0x55, 0x1d, 0x20, 0 };
    struct hf_der r = hf_der(value), list, one;
    struct hf_span from, to;

    if (!read_list(p, value, &p->cert->mappings) ||
        !hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return false;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one)) {
        if (!hf_der_oid(&one, &from) || !hf_der_oid(&one, &to) ||
            !hf_der_done(&one))
            return hf_parse_no(p, "a mapping is not two OBJECT IDENTIFIERs");
        if (hf_span_equal(from, HF_SPAN(any)) ||
            hf_span_equal(to, HF_SPAN(any)))
            return hf_parse_no(p, "it maps anyPolicy");
    }
    return true;
}

/* SkipCerts, as one more and at most 255. */
static uint8_t one_more(uint32_t skip)
{
    return (uint8_t)(skip < 254 ? skip + 1 : 255);
}

/* RFC 5280 4.2.1.14 */
static bool read_inhibit(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value);
    uint32_t skip;

    if (!hf_der_small(&r, &skip) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a number");
    p->cert->inhibit_any = one_more(skip);
    return true;
}

/* An INTEGER from 0 up under a tag of its own. */
static bool read_skip(struct hf_der *list, unsigned tag, uint8_t *skip)
{
    struct hf_span n;

    if (!hf_der_peek(list, tag))
        return true;
    if (!hf_der_take(list, tag, &n) || !n.len || n.at[0] & 0x80u ||
        (n.len > 1 && !n.at[0] && !(n.at[1] & 0x80u)))
        return false;
    *skip = one_more(n.len > 1 ? UINT32_MAX : n.at[0]);
    return true;
}

/* RFC 5280 4.2.1.11; not empty. */
static bool read_policy_constraints(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), list;

    return (hf_der_open(&r, HF_DER_SEQUENCE, &list) && hf_der_done(&r) &&
            !hf_der_done(&list) &&
            read_skip(&list, HF_DER_CONTEXT, &p->cert->explicit_policy) &&
            read_skip(&list, HF_DER_CONTEXT | 1, &p->cert->inhibit_mapping) &&
            hf_der_done(&list)) ||
           hf_parse_no(p, "it is not one or two numbers");
}

/* RFC 5280 4.2.1.1 */
static bool read_akid(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), inside;
    struct hf_tlv tlv;
    unsigned least = 0;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE");
    while (!hf_der_done(&inside)) {
        if (!hf_der_next(&inside, &tlv) || (tlv.tag & 0x1fu) < least ||
            (tlv.tag != 0x80 && tlv.tag != 0xa1 && tlv.tag != 0x82))
            return hf_parse_no(p, "a field is malformed");
        least = (tlv.tag & 0x1fu) + 1; /* [0] [1] [2], each at most once */
    }
    p->cert->akid = value;
    return true;
}

/* RFC 5280 4.2.1.12 */
static bool read_eku(struct hf_parse *p, struct hf_span value)
{
    static const uint8_t any[] = { 0x55, 0x1d, 0x25, 0 };
    static const uint8_t kp[] = { 0x2b, 6, 1, 5, 5, 7, 3 };
    struct hf_der r = hf_der(value), list;
    struct hf_span oid;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list) || !hf_der_done(&r) ||
        hf_der_done(&list))
        return hf_parse_no(p, "it is not a list, or an empty one");
    while (!hf_der_done(&list)) {
        if (!hf_der_oid(&list, &oid))
            return hf_parse_no(p, "a purpose is not an OBJECT IDENTIFIER");
        if (hf_span_equal(oid, HF_SPAN(any)))
            p->cert->flags |= HF_CERT_EKU_ANY;
        if (oid.len != sizeof(kp) + 1 || !hf_equal(oid.at, kp, sizeof(kp)))
            continue;
        if (oid.at[sizeof(kp)] == 1)
            p->cert->flags |= HF_CERT_EKU_SERVER;
        if (oid.at[sizeof(kp)] == 2)
            p->cert->flags |= HF_CERT_EKU_CLIENT;
        if (oid.at[sizeof(kp)] == 9)
            p->cert->flags |= HF_CERT_EKU_OCSP;
    }
    p->cert->eku = value;
    p->cert->flags |= HF_CERT_EKU;
    return true;
}

/* RFC 5280 4.2.2.1 */
static bool read_aia(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), list, one;
    struct hf_span method;
    struct hf_tlv where;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list) || !hf_der_done(&r) ||
        hf_der_done(&list))
        return hf_parse_no(p, "it is not a list, or an empty one");
    while (!hf_der_done(&list))
        if (!hf_der_open(&list, HF_DER_SEQUENCE, &one) ||
            !hf_der_oid(&one, &method) || !hf_der_next(&one, &where) ||
            !general_name_is_sound(&where) || !hf_der_done(&one))
            return hf_parse_no(p, "an AccessDescription is malformed");
    p->cert->aia = value;
    return true;
}

/* RFC 7633: numbers of TLS extensions that the server must answer; 5 is
 * status_request. */
static bool read_feature(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value), list;
    uint32_t number;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE");
    while (!hf_der_done(&list)) {
        if (!hf_der_small(&list, &number))
            return hf_parse_no(p, "a feature is not a number");
        if (number == 5)
            p->cert->flags |= HF_CERT_MUST_STAPLE;
    }
    return true;
}

/* RFC 6960 4.2.2.2.1 */
static bool read_nocheck(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value);
    struct hf_span nothing;

    p->cert->flags |= HF_CERT_OCSP_NOCHECK;
    return (hf_der_take(&r, HF_DER_NULL, &nothing) && !nothing.len &&
            hf_der_done(&r)) ||
           hf_parse_no(p, "it is not NULL");
}

/* RFC 6962 3.3: an OCTET STRING, opaque here. */
static bool read_sct(struct hf_parse *p, struct hf_span value)
{
    struct hf_der r = hf_der(value);
    struct hf_span list;

    p->cert->sct = value;
    return (hf_der_take(&r, HF_DER_OCTET_STRING, &list) && hf_der_done(&r)) ||
           hf_parse_no(p, "it is not an OCTET STRING");
}
