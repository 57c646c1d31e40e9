/* cert.c - a certificate as borrowed spans: RFC 5280 4.1, read once, strictly.
 *
 *     Certificate  ::=  SEQUENCE  {
 *          tbsCertificate       TBSCertificate,      read_tbs()
 *          signatureAlgorithm   AlgorithmIdentifier, \ read_outer()
 *          signatureValue       BIT STRING  }        /
 *
 * One allocation holds the struct and, behind it, a copy of the bytes; every
 * span points into that copy.  Nothing is decoded that can be compared as
 * bytes: names, numbers, algorithms.  What is refused here is what could be
 * read in two ways, or what no profile allows; what a certificate may be used
 * for is not decided here.
 */
#include "x509/inside.h"

/* ---- making and freeing ---------------------------------------------------- */

struct hf_cert *hf_cert_room(size_t len, uint8_t **bytes)
{
    struct hf_cert *cert;

    *bytes = NULL;
    if (len > HF_CERT_MAX)
        return NULL;
    cert = hf_alloc(sizeof(*cert) + len);
    if (!cert)
        return NULL;
    *bytes = (uint8_t *)(cert + 1);
    cert->der = hf_span(*bytes, len);
    atomic_init(&cert->count, 1);
    return cert;
}

struct hf_cert *hf_cert_new(struct hf_span der, struct hf_error *error)
{
    struct hf_cert *cert;
    uint8_t *bytes;

    if (der.len > HF_CERT_MAX) {
        hf_fail(error, HF_E_CERT_DER, "it is longer than %u bytes",
                (unsigned)HF_CERT_MAX);
        return NULL;
    }
    cert = hf_cert_room(der.len, &bytes);
    if (!cert) {
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    hf_copy(bytes, der.at, der.len);
    return hf_cert_finish(cert, error);
}

struct hf_cert *hf_cert_hold(struct hf_span der)
{
    uint8_t *bytes;
    struct hf_cert *cert = hf_cert_room(der.len, &bytes);

    if (cert)
        hf_copy(bytes, der.at, der.len);
    return cert;
}

struct hf_cert *hf_cert_keep(struct hf_cert *cert)
{
    atomic_fetch_add_explicit(&cert->count, 1, memory_order_relaxed);
    return cert;
}

void hf_cert_free(struct hf_cert *cert)
{
    if (!cert)
        return;
    if (atomic_fetch_sub_explicit(&cert->count, 1, memory_order_acq_rel) == 1)
        hf_free(cert, sizeof(*cert) + cert->der.len);
}

/* ---- names ------------------------------------------------------------------- */

static bool is_utf8(struct hf_span text)
{
    uint32_t c;

    while (text.len) {
        size_t n = text.at[0] < 0x80 ? 1 : hf_utf8_read(text, &c);

        if (!n)
            return false;
        text = hf_span_after(text, n);
    }
    return true;
}

/* The strings of RFC 5280 4.1.2.4, and those of attributes that have one of
 * their own (serialNumber, domainComponent, emailAddress ...).  Which letters
 * a PrintableString has is nobody's business any more; that a UTF8String is
 * UTF-8 is. */
static bool is_string(const struct hf_tlv *tlv)
{
    switch (tlv->tag) {
    case HF_DER_UTF8: return is_utf8(tlv->value);
    case HF_DER_BMP: return tlv->value.len % 2 == 0;
    case HF_DER_UNIVERSAL: return tlv->value.len % 4 == 0;
    case HF_DER_PRINTABLE:
    case HF_DER_IA5:
    case HF_DER_TELETEX:
    case HF_DER_NUMERIC: return true;
    default: return false;
    }
}

/* A Name is a SEQUENCE of non-empty SETs of { type, string } (RFC 5280
 * 4.1.2.4).  What the string says is looked at only for people. */
bool hf_name_is_sound(struct hf_span name)
{
    struct hf_der r = hf_der(name), names, set, pair;
    struct hf_span type;
    struct hf_tlv value;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &names) || !hf_der_done(&r))
        return false;
    while (!hf_der_done(&names)) {
        if (!hf_der_open(&names, HF_DER_SET, &set) || hf_der_done(&set))
            return false;
        while (!hf_der_done(&set)) {
            if (!hf_der_open(&set, HF_DER_SEQUENCE, &pair) ||
                !hf_der_oid(&pair, &type) || !hf_der_next(&pair, &value) ||
                !is_string(&value) || !hf_der_done(&pair))
                return false;
        }
    }
    return true;
}

/* An empty SEQUENCE. */
bool hf_name_is_empty(struct hf_span name)
{
    return name.len <= 2;
}

static bool read_name(struct hf_parse *p, struct hf_der *tbs,
                      struct hf_span *out)
{
    struct hf_tlv tlv;

    if (!hf_der_peek(tbs, HF_DER_SEQUENCE) || !hf_der_next(tbs, &tlv) ||
        !hf_name_is_sound(tlv.whole))
        return hf_parse_no(p, "it is not a Name");
    *out = tlv.whole;
    return true;
}

/* ---- the fields, in their order --------------------------------------------------- */

/* RFC 5280 4.1.2.1: version 3 is the number 2.  The others have no
 * extensions, so nothing could say that such a certificate is not a CA. */
static bool read_version(struct hf_parse *p, struct hf_der *tbs)
{
    struct hf_der inside;
    uint32_t version;

    if (!hf_der_peek(tbs, HF_DER_CONTEXT | HF_DER_CONSTRUCTED)) {
        p->code = HF_E_CERT_VERSION;
        return hf_parse_no(p, "it is version 1");
    }
    if (!hf_der_open(tbs, HF_DER_CONTEXT | HF_DER_CONSTRUCTED, &inside) ||
        !hf_der_small(&inside, &version) || !hf_der_done(&inside))
        return hf_parse_no(p, "it is not a version number");
    if (version == 2)
        return true;
    p->code = HF_E_CERT_VERSION;
    return hf_parse_no(p, version == 1 ? "it is version 2"
                                       : "it is not version 3");
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets.  Zero is let through: roots
 * that everybody trusts have it; verify.c refuses it below them. */
static bool read_serial(struct hf_parse *p, struct hf_der *tbs)
{
    size_t len;

    if (!hf_der_integer(tbs, &p->cert->serial))
        return hf_parse_no(p, "it is not an INTEGER");
    if (p->cert->serial.at[0] & 0x80)
        return hf_parse_no(p, "it is negative");
    len = p->cert->serial.len - (p->cert->serial.at[0] == 0);
    return len <= 20 || hf_parse_no(p, "it is longer than 20 octets");
}

static bool read_algorithm(struct hf_parse *p, struct hf_der *r,
                           struct hf_span *out)
{
    struct hf_tlv tlv;

    if (!hf_der_next(r, &tlv) || !hf_algorithm_is_sound(&tlv))
        return hf_parse_no(p, "it is not an AlgorithmIdentifier");
    *out = tlv.whole;
    return true;
}

static bool read_validity(struct hf_parse *p, struct hf_der *tbs)
{
    struct hf_der times;

    if (!hf_der_open(tbs, HF_DER_SEQUENCE, &times) ||
        !hf_der_time(&times, &p->cert->not_before) ||
        !hf_der_time(&times, &p->cert->not_after) || !hf_der_done(&times))
        return hf_parse_no(p, "a date is not as RFC 5280 4.1.2.5 wants it");
    return true;
}

static bool read_key(struct hf_parse *p, struct hf_der *tbs)
{
    struct hf_tlv tlv;

    if (!hf_der_peek(tbs, HF_DER_SEQUENCE) || !hf_der_next(tbs, &tlv) ||
        !hf_spki_read(tlv.whole, &p->cert->key))
        return hf_parse_no(p, "it is not a SubjectPublicKeyInfo");
    p->cert->spki = tlv.whole;
    return true;
}

/* issuerUniqueID and subjectUniqueID: nobody may write them, and everybody
 * should be able to read them (RFC 5280 4.1.2.8).  They mean nothing to us. */
static bool skip_unique_ids(struct hf_parse *p, struct hf_der *tbs)
{
    for (unsigned tag = HF_DER_CONTEXT | 1; tag <= (HF_DER_CONTEXT | 2);
         tag++) {
        struct hf_span bits;

        hf_parse_at(p, "uniqueID", tbs);
        if (!hf_der_peek(tbs, tag))
            continue;
        if (!hf_der_take(tbs, tag, &bits) || !bits.len || bits.at[0] > 7)
            return hf_parse_no(p, "it is not a BIT STRING");
    }
    return true;
}

static bool read_tbs(struct hf_parse *p, struct hf_der *tbs)
{
    struct hf_cert *cert = p->cert;
    struct hf_span inner;

    hf_parse_at(p, "version", tbs);
    if (!read_version(p, tbs))
        return false;
    hf_parse_at(p, "serialNumber", tbs);
    if (!read_serial(p, tbs))
        return false;
    hf_parse_at(p, "signature", tbs);
    if (!read_algorithm(p, tbs, &inner))
        return false;
    /* RFC 5280 4.1.1.2: the one that is signed and the one that is not. */
    if (!hf_span_equal(inner, cert->algorithm))
        return hf_parse_no(p, "it is not the outer signatureAlgorithm");
    hf_parse_at(p, "issuer", tbs);
    if (!read_name(p, tbs, &cert->issuer))
        return false;
    if (hf_name_is_empty(cert->issuer)) /* RFC 5280 4.1.2.4 */
        return hf_parse_no(p, "it is empty");
    hf_parse_at(p, "validity", tbs);
    if (!read_validity(p, tbs))
        return false;
    hf_parse_at(p, "subject", tbs);
    if (!read_name(p, tbs, &cert->subject))
        return false;
    hf_parse_at(p, "subjectPublicKeyInfo", tbs);
    if (!read_key(p, tbs))
        return false;
    if (!skip_unique_ids(p, tbs))
        return false;
    hf_parse_at(p, "extensions", tbs);
    if (hf_der_done(tbs))
        return true;
    return hf_cert_extensions(p, tbs);
}

static bool read_outer(struct hf_parse *p)
{
    struct hf_der r = hf_der(p->cert->der), outer, tbs;
    struct hf_tlv tlv;
    unsigned unused;

    hf_parse_at(p, "Certificate", &r);
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &outer))
        return hf_parse_no(p, "it is not a SEQUENCE that ends where it says");
    if (!hf_der_done(&r))
        return hf_parse_no(p, "bytes follow its end");
    if (!hf_der_peek(&outer, HF_DER_SEQUENCE) || !hf_der_next(&outer, &tlv))
        return hf_parse_no(p, "it has no tbsCertificate");
    p->cert->tbs = tlv.whole;
    tbs = (struct hf_der){ outer.base, outer.at - (uint32_t)tlv.value.len,
                           outer.at };
    hf_parse_at(p, "signatureAlgorithm", &outer);
    if (!read_algorithm(p, &outer, &p->cert->algorithm))
        return false;
    hf_parse_at(p, "signatureValue", &outer);
    if (!hf_der_bits(&outer, &p->cert->signature, &unused) || unused)
        return hf_parse_no(p, "it is not a BIT STRING of whole bytes");
    if (!hf_der_done(&outer))
        return hf_parse_no(p, "something follows it");
    return read_tbs(p, &tbs);
}

struct hf_cert *hf_cert_finish(struct hf_cert *cert, struct hf_error *error)
{
    struct hf_parse parse = { .cert = cert, .code = HF_E_CERT_DER };

    if (read_outer(&parse)) {
        if (hf_span_equal(cert->subject, cert->issuer))
            cert->flags |= HF_CERT_SELF_ISSUED;
        return cert;
    }
    if (!error->code) {
        hf_fail_at(error, parse.code, "Certificate", parse.field, parse.byte);
        hf_format(error->detail, sizeof(error->detail), "%s at byte %z: %s",
                  parse.field, parse.byte, parse.why);
    }
    hf_cert_free(cert);
    return NULL;
}

/* ---- small questions --------------------------------------------------------------- */

struct hf_span hf_cert_skid(const struct hf_cert *cert)
{
    struct hf_der r = hf_der(cert->skid);
    struct hf_span id;

    return hf_der_take(&r, HF_DER_OCTET_STRING, &id) ? id : hf_span(NULL, 0);
}

struct hf_span hf_cert_akid(const struct hf_cert *cert)
{
    struct hf_der r = hf_der(cert->akid), inside;
    struct hf_span id;

    return hf_der_open(&r, HF_DER_SEQUENCE, &inside) &&
                   hf_der_take(&inside, HF_DER_CONTEXT, &id)
               ? id
               : hf_span(NULL, 0);
}

bool hf_cert_aia(const struct hf_cert *cert, struct hf_span *url)
{
    static const uint8_t ca_issuers[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 2 };
    struct hf_der r = hf_der(cert->aia), list, one;
    struct hf_span oid;
    struct hf_tlv where;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return false;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &one)) {
        if (!hf_der_oid(&one, &oid) || !hf_der_next(&one, &where))
            return false;
        *url = where.value;
        if (where.tag == (HF_DER_CONTEXT | 6) && url->len > 7 &&
            hf_equal_fold(hf_span_first(*url, 7), hf_span_text("http://")) &&
            hf_span_equal(oid, HF_SPAN(ca_issuers)))
            return true;
    }
    return false;
}
