/* crl.c - a certificate revocation list: RFC 5280 5, read once, strictly.
 *
 *     TBSCertList  ::=  SEQUENCE  {
 *          version, signature, issuer, thisUpdate, nextUpdate,   read_head()
 *          revokedCertificates  SEQUENCE OF SEQUENCE  {          read_entries()
 *               userCertificate  CertificateSerialNumber,
 *               revocationDate   Time,
 *               crlEntryExtensions },
 *          crlExtensions }                                       take_extension()
 *
 * A list may have a hundred thousand entries, and one of them is wanted.  So
 * the entries stay where they are; what is made is an index:
 *
 *     starts[bucket of the serial number] -> rows[] -> offset in the DER
 *
 * which costs eight bytes an entry, and finding one costs as much as hashing
 * its serial number.
 *
 * Somebody who gives us a list relies on it.  So what we could only use in
 * part is refused when it is given, not passed over when it is needed: delta
 * CRLs, indirect CRLs, critical extensions that are not understood (RFC 5280
 * 5.2), and lists that say neither their number nor when the next one comes.
 */
#include "x509/inside.h"

/* Where the reading of a list is. */
struct reading {
    struct hf_parse parse;
    struct hf_crl *crl;
    struct hf_der entries; /* revokedCertificates */
    bool numbered;
};

static const uint8_t oid_issuer_alt[] = { 0x55, 0x1d, 0x12 };
static const uint8_t oid_number[] = { 0x55, 0x1d, 0x14 };
static const uint8_t oid_reason[] = { 0x55, 0x1d, 0x15 };
static const uint8_t oid_invalidity[] = { 0x55, 0x1d, 0x18 };
static const uint8_t oid_delta[] = { 0x55, 0x1d, 0x1b };
static const uint8_t oid_point[] = { 0x55, 0x1d, 0x1c };
static const uint8_t oid_cert_issuer[] = { 0x55, 0x1d, 0x1d };
static const uint8_t oid_akid[] = { 0x55, 0x1d, 0x23 };

enum { REASON_REMOVE = 8, REASONS = 11 };

const char *hf_reason_text(unsigned reason)
{
    static const char *const names[REASONS] = {
        "unspecified",     "keyCompromise",
        "cACompromise",    "affiliationChanged",
        "superseded",      "cessationOfOperation",
        "certificateHold", NULL,
        "removeFromCRL",   "privilegeWithdrawn",
        "aACompromise",
    };

    return reason < REASONS ? names[reason] : NULL;
}

/* ---- entries ------------------------------------------------------------------------ */

/* RFC 5280 5.3.  A serial number alone says whose it is, because the list is
 * its issuer's: certificateIssuer is for indirect CRLs. */
static bool take_entry_extension(struct hf_parse *p,
                                 const struct hf_extension *one,
                                 struct hf_crl_entry *out)
{
    struct hf_der r = hf_der(one->value);
    unsigned reason;
    int64_t when;

    if (hf_span_equal(one->oid, HF_SPAN(oid_cert_issuer)))
        return hf_parse_no(p, "an entry is of another issuer (indirect CRL)");
    if (hf_span_equal(one->oid, HF_SPAN(oid_reason))) {
        if (!hf_der_choice(&r, &reason) || !hf_der_done(&r) ||
            !hf_reason_text(reason))
            return hf_parse_no(p, "a reasonCode is malformed");
        if (reason == REASON_REMOVE)
            return hf_parse_no(p, "removeFromCRL is for delta CRLs only");
        out->reason = (uint8_t)reason;
        return true;
    }
    if (hf_span_equal(one->oid, HF_SPAN(oid_invalidity)))
        return (hf_der_peek(&r, HF_DER_GENERAL_TIME) &&
                hf_der_time(&r, &when) && hf_der_done(&r)) ||
               hf_parse_no(p, "an invalidityDate is malformed");
    return !one->critical ||
           hf_parse_no(p, "a critical extension of an entry is not understood");
}

static bool read_entry_extensions(struct hf_parse *p, struct hf_der *entry,
                                  struct hf_crl_entry *out)
{
    struct hf_extensions walk;
    struct hf_extension one;
    struct hf_der list;

    if (!hf_der_open(entry, HF_DER_SEQUENCE, &list) || hf_der_done(&list))
        return hf_parse_no(p, "crlEntryExtensions are malformed");
    hf_extensions_begin(&walk, list);
    while (hf_extensions_next(&walk, p, &one))
        if (!take_entry_extension(p, &one, out))
            return false;
    return !walk.bad;
}

static bool read_entry(struct hf_parse *p, struct hf_der *list,
                       struct hf_crl_entry *out)
{
    struct hf_der entry;

    *out = (struct hf_crl_entry){ .when = 0 };
    hf_parse_at(p, "revokedCertificates", list);
    if (!hf_der_open(list, HF_DER_SEQUENCE, &entry) ||
        !hf_der_integer(&entry, &out->serial) ||
        !hf_der_time(&entry, &out->when))
        return hf_parse_no(p, "an entry is malformed");
    if (!hf_der_done(&entry) && !read_entry_extensions(p, &entry, out))
        return false;
    return hf_der_done(&entry) || hf_parse_no(p, "something follows an entry");
}

/* ---- the index ----------------------------------------------------------------------- */

/* FNV-1a.  Serial numbers are their authority's choice; were they chosen to
 * meet in one bucket, a look-up would read that many of its own entries. */
static size_t bucket_of(const struct hf_crl *crl, struct hf_span serial)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < serial.len; i++)
        h = (h ^ serial.at[i]) * 16777619u;
    return (size_t)(((uint64_t)h * crl->count) >> 32);
}

/* The entry that begins at @offset; it was read before. */
static bool entry_at(const struct hf_crl *crl, uint32_t offset,
                     struct hf_crl_entry *out)
{
    struct hf_der list = hf_der_large(crl->der);
    struct hf_parse unused = { .cert = NULL };

    list.at = offset;
    return read_entry(&unused, &list, out);
}

/* Only the serial number of it. */
static struct hf_span serial_at(const struct hf_crl *crl, uint32_t offset)
{
    struct hf_der list = hf_der_large(crl->der), entry;
    struct hf_span serial = hf_span(NULL, 0);

    list.at = offset;
    if (hf_der_open(&list, HF_DER_SEQUENCE, &entry) &&
        hf_der_integer(&entry, &serial))
        return serial;
    return hf_span(NULL, 0);
}

/* Sorted by buckets: how many in each, where each then ends, and from there
 * backwards. */
static bool build_index(struct hf_crl *crl, struct hf_der list)
{
    struct hf_tlv entry;
    uint32_t sum = 0;

    if (!crl->count)
        return true;
    crl->rows = hf_alloc_array(crl->count, sizeof(*crl->rows));
    crl->starts = hf_alloc_array(crl->count + 1, sizeof(*crl->starts));
    if (!crl->rows || !crl->starts)
        return false;
    for (struct hf_der r = list; hf_der_next(&r, &entry);)
        crl->starts[bucket_of(crl, serial_at(crl, entry.start))]++;
    for (size_t i = 0; i <= crl->count; i++) {
        sum += crl->starts[i];
        crl->starts[i] = sum;
    }
    for (struct hf_der r = list; hf_der_next(&r, &entry);) {
        size_t bucket = bucket_of(crl, serial_at(crl, entry.start));

        crl->rows[--crl->starts[bucket]] = entry.start;
    }
    return true;
}

bool hf_crl_find(const struct hf_crl *crl, struct hf_span serial,
                 struct hf_crl_entry *out)
{
    size_t bucket;

    if (!crl->count)
        return false;
    bucket = bucket_of(crl, serial);
    for (uint32_t i = crl->starts[bucket]; i < crl->starts[bucket + 1]; i++)
        if (hf_span_equal(serial_at(crl, crl->rows[i]), serial))
            return entry_at(crl, crl->rows[i], out);
    return false;
}

bool hf_crl_at(const struct hf_crl *crl, size_t index, struct hf_crl_entry *out)
{
    return index < crl->count && entry_at(crl, crl->rows[index], out);
}

/* ---- extensions ------------------------------------------------------------------------- */

/* RFC 5280 5.2.3 */
static bool read_number(struct reading *r, const struct hf_extension *one)
{
    struct hf_der value = hf_der(one->value);

    r->parse.field = "cRLNumber";
    if (one->critical)
        return hf_parse_no(&r->parse, "it must not be critical");
    if (!hf_der_natural(&value, &r->crl->number) || !hf_der_done(&value) ||
        r->crl->number.len > 20)
        return hf_parse_no(&r->parse, "it is not a number of up to 20 octets");
    r->numbered = true;
    return true;
}

/* DistributionPointName, the full form: names, any of which will do. */
static bool read_point_name(struct reading *r, struct hf_der *point)
{
    struct hf_der name, names;
    struct hf_tlv one;

    if (!hf_der_open(point, 0xa0, &name) || !hf_der_open(&name, 0xa0, &names) ||
        !hf_der_done(&name) || hf_der_done(&names))
        return hf_parse_no(&r->parse, "its distributionPoint is not a list of "
                                      "names");
    r->crl->points = hf_span(names.base + names.at, names.end - names.at);
    while (!hf_der_done(&names))
        if (!hf_der_next(&names, &one))
            return hf_parse_no(&r->parse, "a name of it is malformed");
    return true;
}

/* A BOOLEAN DEFAULT FALSE with an implicit tag: TRUE, or not there. */
static bool read_mark(struct reading *r, struct hf_der *point, unsigned tag,
                      bool *value)
{
    struct hf_span byte;

    *value = false;
    if (!hf_der_peek(point, tag))
        return true;
    *value = true;
    return (hf_der_take(point, tag, &byte) && byte.len == 1 &&
            byte.at[0] == 0xff) ||
           hf_parse_no(&r->parse, "a mark of it is neither TRUE nor absent");
}

/* ReasonFlags, in the order of RFC 5280 4.2.1.13. */
static bool read_reasons(struct reading *r, struct hf_der *point)
{
    struct hf_span bits;
    unsigned reasons = 0;

    if (!hf_der_take(point, 0x83, &bits) || bits.len < 2 || bits.len > 3 ||
        bits.at[0] > 7)
        return hf_parse_no(&r->parse, "onlySomeReasons is malformed");
    for (unsigned i = 0; i < (bits.len - 1) * 8; i++)
        if (bits.at[1 + i / 8] & 0x80u >> i % 8)
            reasons |= 1u << i;
    r->crl->reasons = (uint16_t)(reasons & HF_REASONS_ALL);
    return true;
}

/* RFC 5280 5.2.5 */
static bool read_point(struct reading *r, const struct hf_extension *one)
{
    struct hf_der value = hf_der(one->value), point;
    bool indirect, attributes;

    r->parse.field = "issuingDistributionPoint";
    if (!one->critical)
        return hf_parse_no(&r->parse, "it must be critical");
    if (!hf_der_open(&value, HF_DER_SEQUENCE, &point) || !hf_der_done(&value) ||
        hf_der_done(&point))
        return hf_parse_no(&r->parse, "it is not a SEQUENCE, or an empty one");
    if (hf_der_peek(&point, 0xa0) && !read_point_name(r, &point))
        return false;
    if (!read_mark(r, &point, 0x81, &r->crl->user_only) ||
        !read_mark(r, &point, 0x82, &r->crl->ca_only))
        return false;
    if (hf_der_peek(&point, 0x83) && !read_reasons(r, &point))
        return false;
    if (!read_mark(r, &point, 0x84, &indirect) ||
        !read_mark(r, &point, 0x85, &attributes))
        return false;
    if (!hf_der_done(&point))
        return hf_parse_no(&r->parse, "something follows its fields");
    if (indirect)
        return hf_parse_no(&r->parse, "it is an indirect CRL, which is not "
                                      "understood");
    if (attributes)
        return hf_parse_no(&r->parse, "it is about attribute certificates");
    return !(r->crl->user_only && r->crl->ca_only) ||
           hf_parse_no(&r->parse, "it is about nothing");
}

/* RFC 5280 5.2.1 */
static bool read_akid(struct reading *r, const struct hf_extension *one)
{
    struct hf_der value = hf_der(one->value), inside;

    r->parse.field = "authorityKeyIdentifier";
    if (!hf_der_open(&value, HF_DER_SEQUENCE, &inside) || !hf_der_done(&value))
        return hf_parse_no(&r->parse, "it is not a SEQUENCE");
    if (hf_der_peek(&inside, HF_DER_CONTEXT) &&
        !hf_der_take(&inside, HF_DER_CONTEXT, &r->crl->akid))
        return hf_parse_no(&r->parse, "its keyIdentifier is malformed");
    return true;
}

static bool take_extension(struct reading *r, const struct hf_extension *one)
{
    if (hf_span_equal(one->oid, HF_SPAN(oid_number)))
        return read_number(r, one);
    if (hf_span_equal(one->oid, HF_SPAN(oid_point)))
        return read_point(r, one);
    if (hf_span_equal(one->oid, HF_SPAN(oid_delta)))
        return hf_parse_no(&r->parse, "it is a delta CRL; the complete one is "
                                      "needed");
    if (hf_span_equal(one->oid, HF_SPAN(oid_akid)) && !read_akid(r, one))
        return false;
    /* Understood, so far as there is nothing to do about them. */
    if (hf_span_equal(one->oid, HF_SPAN(oid_akid)) ||
        hf_span_equal(one->oid, HF_SPAN(oid_issuer_alt)))
        return true;
    return !one->critical ||
           hf_parse_no(&r->parse, "a critical extension is not understood");
}

static bool read_extensions(struct reading *r, struct hf_der *tbs)
{
    struct hf_extensions walk;
    struct hf_extension one;
    struct hf_der tagged, list;

    hf_parse_at(&r->parse, "crlExtensions", tbs);
    if (!hf_der_open(tbs, 0xa0, &tagged) || !hf_der_done(tbs) ||
        !hf_der_open(&tagged, HF_DER_SEQUENCE, &list) ||
        !hf_der_done(&tagged) || hf_der_done(&list))
        return hf_parse_no(&r->parse, "there is no list of extensions at the "
                                      "end");
    hf_extensions_begin(&walk, list);
    while (hf_extensions_next(&walk, &r->parse, &one))
        if (!take_extension(r, &one))
            return false;
    if (!walk.bad && !r->numbered) {
        r->parse.field = "cRLNumber";
        return hf_parse_no(&r->parse, "it has none");
    }
    return !walk.bad;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static bool read_issuer(struct reading *r, struct hf_der *tbs)
{
    struct hf_tlv tlv;

    hf_parse_at(&r->parse, "issuer", tbs);
    if (!hf_der_peek(tbs, HF_DER_SEQUENCE) || !hf_der_next(tbs, &tlv) ||
        !hf_name_is_sound(tlv.whole) || hf_name_is_empty(tlv.whole))
        return hf_parse_no(&r->parse, "it is not a Name, or an empty one");
    r->crl->issuer = tlv.whole;
    return true;
}

/* RFC 5280 5.1.2.1 to 5.1.2.5.  Version 1 has no extensions and so no number,
 * without which lists cannot be told apart. */
static bool read_head(struct reading *r, struct hf_der *tbs)
{
    struct hf_tlv algorithm;
    uint32_t version;

    hf_parse_at(&r->parse, "version", tbs);
    if (!hf_der_small(tbs, &version) || version != 1)
        return hf_parse_no(&r->parse, "it is not version 2");
    hf_parse_at(&r->parse, "signature", tbs);
    if (!hf_der_next(tbs, &algorithm) ||
        !hf_span_equal(algorithm.whole, r->crl->algorithm))
        return hf_parse_no(&r->parse, "it is not the outer signatureAlgorithm");
    if (!read_issuer(r, tbs))
        return false;
    hf_parse_at(&r->parse, "thisUpdate", tbs);
    if (!hf_der_time(tbs, &r->crl->this_update))
        return hf_parse_no(&r->parse, "it is not a date as RFC 5280 4.1.2.5 "
                                      "wants it");
    hf_parse_at(&r->parse, "nextUpdate", tbs);
    if (!hf_der_time(tbs, &r->crl->next_update))
        return hf_parse_no(&r->parse, "it is not there, or not a date");
    return r->crl->this_update <= r->crl->next_update ||
           hf_parse_no(&r->parse, "it lies before thisUpdate");
}

/* An empty list should not be written (RFC 5280 5.1.2.6), and means what it
 * says where it is. */
static bool read_entries(struct reading *r, struct hf_der *tbs)
{
    struct hf_crl_entry entry;
    struct hf_der list;

    if (!hf_der_peek(tbs, HF_DER_SEQUENCE))
        return true;
    hf_parse_at(&r->parse, "revokedCertificates", tbs);
    if (!hf_der_open(tbs, HF_DER_SEQUENCE, &list))
        return hf_parse_no(&r->parse, "it is not a SEQUENCE");
    r->entries = list;
    for (; !hf_der_done(&list); r->crl->count++)
        if (!read_entry(&r->parse, &list, &entry))
            return false;
    return true;
}

static bool read_list(struct reading *r)
{
    struct hf_der all = hf_der_large(r->crl->der), outer, tbs;
    struct hf_tlv tlv;
    unsigned unused;

    hf_parse_at(&r->parse, "CertificateList", &all);
    if (!hf_der_open(&all, HF_DER_SEQUENCE, &outer))
        return hf_parse_no(&r->parse, "it is not a SEQUENCE that ends where it "
                                      "says");
    if (!hf_der_done(&all))
        return hf_parse_no(&r->parse, "bytes follow its end");
    if (!hf_der_peek(&outer, HF_DER_SEQUENCE) || !hf_der_next(&outer, &tlv))
        return hf_parse_no(&r->parse, "it has no tbsCertList");
    r->crl->tbs = tlv.whole;
    tbs = (struct hf_der){ outer.base, outer.at - (uint32_t)tlv.value.len,
                           outer.at };
    hf_parse_at(&r->parse, "signatureAlgorithm", &outer);
    if (!hf_der_next(&outer, &tlv) || !hf_algorithm_is_sound(&tlv))
        return hf_parse_no(&r->parse, "it is not an AlgorithmIdentifier");
    r->crl->algorithm = tlv.whole;
    hf_parse_at(&r->parse, "signatureValue", &outer);
    if (!hf_der_bits(&outer, &r->crl->signature, &unused) || unused ||
        !hf_der_done(&outer))
        return hf_parse_no(&r->parse, "it is not a BIT STRING of whole bytes "
                                      "at the end");
    return read_head(r, &tbs) && read_entries(r, &tbs) &&
           read_extensions(r, &tbs);
}

void hf_crl_free(struct hf_crl *crl)
{
    if (!crl)
        return;
    hf_cert_free(atomic_load_explicit(&crl->signer, memory_order_relaxed));
    hf_free(crl->rows, crl->count * sizeof(*crl->rows));
    hf_free(crl->starts, (crl->count + 1) * sizeof(*crl->starts));
    hf_free(crl, sizeof(*crl) + crl->der.len);
}

struct hf_crl *hf_crl_new(struct hf_span der, struct hf_error *error)
{
    struct reading r = { .parse = { .code = HF_E_BAD_CRL } };
    struct hf_crl *crl;

    if (der.len > HF_CRL_MAX) {
        hf_fail(error, HF_E_BAD_CRL, "it is longer than %u bytes",
                (unsigned)HF_CRL_MAX);
        return NULL;
    }
    crl = hf_alloc(sizeof(*crl) + der.len);
    if (!crl) {
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    hf_copy(crl + 1, der.at, der.len);
    crl->der = hf_span(crl + 1, der.len);
    crl->reasons = HF_REASONS_ALL;
    atomic_init(&crl->signer, NULL);
    r.crl = crl;
    if (read_list(&r)) {
        if (build_index(crl, r.entries))
            return crl;
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    } else if (!error->code) {
        hf_fail_at(error, HF_E_BAD_CRL, "CertificateList", r.parse.field,
                   r.parse.byte);
        hf_format(error->detail, sizeof(error->detail), "%s at byte %z: %s",
                  r.parse.field, r.parse.byte, r.parse.why);
    }
    hf_crl_free(crl);
    return NULL;
}
