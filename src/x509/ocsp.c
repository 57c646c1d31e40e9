/* ocsp.c - an OCSP response as borrowed spans: RFC 6960 4.2, read strictly.
 *
 *     OCSPResponse ::= SEQUENCE {                            read_response()
 *        responseStatus, responseBytes { OID, BasicOCSPResponse } }
 *     BasicOCSPResponse ::= SEQUENCE {                       read_basic()
 *        tbsResponseData, signatureAlgorithm, signature, certs }
 *     ResponseData ::= SEQUENCE {                            read_data()
 *        version, responderID, producedAt, responses, responseExtensions }
 *     SingleResponse ::= SEQUENCE {                          read_single()
 *        certID, certStatus, thisUpdate, nextUpdate, singleExtensions }
 *
 * All of it is read before any of it is believed, so whoever looks for the one
 * answer that is wanted (staple.c) meets no surprises behind it.  A critical
 * extension is understood by nobody here and spoils the whole. */
#include "x509/inside.h"

static const uint8_t oid_basic[] = { 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1 };

enum { STATUSES = 7 };

const char *hf_ocsp_status_text(unsigned status)
{
    static const char *const names[STATUSES] = {
        "successful", "malformedRequest", "internalError", "tryLater",
        NULL,         "sigRequired",      "unauthorized",
    };

    return status < STATUSES ? names[status] : NULL;
}

/* RFC 6962 3.3: timestamps in a single response */
static const uint8_t oid_scts[] = { 0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5 };

/* Extensions in @tag: sound, and none of them critical.  *scts is the value of
 * that one, if it is there. */
static bool read_extensions(struct hf_parse *p, struct hf_der *r, unsigned tag,
                            struct hf_span *scts)
{
    struct hf_extensions walk;
    struct hf_extension one;
    struct hf_der tagged, list;

    if (!hf_der_open(r, tag, &tagged) ||
        !hf_der_open(&tagged, HF_DER_SEQUENCE, &list) || !hf_der_done(&tagged))
        return hf_parse_no(p, "extensions are malformed");
    hf_extensions_begin(&walk, list);
    while (hf_extensions_next(&walk, p, &one))
        if (one.critical)
            return hf_parse_no(p, "a critical extension is not understood");
        else if (hf_span_equal(one.oid, HF_SPAN(oid_scts)))
            *scts = one.value;
    return !walk.bad;
}

/* RFC 6960 4.2.2.1 has GeneralizedTime only. */
static bool read_time(struct hf_der *r, int64_t *seconds)
{
    return hf_der_peek(r, HF_DER_GENERAL_TIME) && hf_der_time(r, seconds);
}

/* ---- one answer ----------------------------------------------------------------------- */

/* CertID, RFC 6960 4.1.1 */
static bool read_id(struct hf_der *single, struct hf_ocsp_single *out)
{
    struct hf_tlv algorithm;
    struct hf_der id;

    if (!hf_der_open(single, HF_DER_SEQUENCE, &id) ||
        !hf_der_next(&id, &algorithm) || !hf_algorithm_is_sound(&algorithm))
        return false;
    out->algorithm = algorithm.whole;
    return hf_der_take(&id, HF_DER_OCTET_STRING, &out->name_hash) &&
           hf_der_take(&id, HF_DER_OCTET_STRING, &out->key_hash) &&
           hf_der_integer(&id, &out->serial) && hf_der_done(&id);
}

/* RevokedInfo */
static bool read_revoked(struct hf_der *single, struct hf_ocsp_single *out)
{
    struct hf_der info, tagged;
    unsigned reason = 0;

    out->answer = HF_OCSP_REVOKED;
    if (!hf_der_open(single, 0xa1, &info) || !read_time(&info, &out->when))
        return false;
    if (!hf_der_done(&info) &&
        (!hf_der_open(&info, 0xa0, &tagged) ||
         !hf_der_choice(&tagged, &reason) || !hf_der_done(&tagged)))
        return false;
    out->reason = (uint8_t)reason;
    return hf_der_done(&info) && hf_reason_text(reason);
}

static bool read_answer(struct hf_der *single, struct hf_ocsp_single *out)
{
    bool good = hf_der_peek(single, 0x80);
    struct hf_span empty;

    if (hf_der_peek(single, 0xa1))
        return read_revoked(single, out);
    out->answer = good ? HF_OCSP_GOOD : HF_OCSP_UNKNOWN;
    return hf_der_take(single, good ? 0x80 : 0x82, &empty) && !empty.len;
}

static bool read_single(struct hf_parse *p, struct hf_der *list,
                        struct hf_ocsp_single *out)
{
    struct hf_der single, tagged;

    *out = (struct hf_ocsp_single){ .reason = 0 };
    hf_parse_at(p, "responses", list);
    if (!hf_der_open(list, HF_DER_SEQUENCE, &single))
        return hf_parse_no(p, "one is not a SEQUENCE");
    if (!read_id(&single, out))
        return hf_parse_no(p, "a CertID is malformed");
    if (!read_answer(&single, out))
        return hf_parse_no(p, "a certStatus is malformed");
    if (!read_time(&single, &out->this_update))
        return hf_parse_no(p, "a thisUpdate is malformed");
    if (hf_der_peek(&single, 0xa0)) {
        out->has_next = true;
        if (!hf_der_open(&single, 0xa0, &tagged) ||
            !read_time(&tagged, &out->next_update) || !hf_der_done(&tagged))
            return hf_parse_no(p, "a nextUpdate is malformed");
        if (out->next_update < out->this_update)
            return hf_parse_no(p, "a nextUpdate lies before its thisUpdate");
    }
    if (!hf_der_done(&single) && !read_extensions(p, &single, 0xa1, &out->scts))
        return false;
    return hf_der_done(&single) || hf_parse_no(p, "something follows one");
}

bool hf_ocsp_next(struct hf_der *singles, struct hf_ocsp_single *out)
{
    struct hf_parse unused = { .cert = NULL };

    return !hf_der_done(singles) && read_single(&unused, singles, out);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* ResponderID, RFC 6960 4.2.2.3: who signed it, as far as it goes. */
static bool read_responder(struct hf_parse *p, struct hf_der *data,
                           struct hf_ocsp *out)
{
    struct hf_der inside;
    struct hf_tlv name;

    hf_parse_at(p, "responderID", data);
    out->by_key = hf_der_peek(data, 0xa2);
    if (!hf_der_open(data, out->by_key ? 0xa2 : 0xa1, &inside))
        return hf_parse_no(p, "it is neither a name nor a key");
    if (out->by_key)
        return (hf_der_take(&inside, HF_DER_OCTET_STRING, &out->responder) &&
                out->responder.len == 20 && hf_der_done(&inside)) ||
               hf_parse_no(p, "it is not a SHA-1 of a key");
    if (!hf_der_next(&inside, &name) || !hf_name_is_sound(name.whole) ||
        !hf_der_done(&inside))
        return hf_parse_no(p, "it is not a Name");
    out->responder = name.whole;
    return true;
}

static bool read_singles(struct hf_parse *p, struct hf_der *data,
                         struct hf_ocsp *out)
{
    struct hf_ocsp_single single;
    struct hf_der list;

    hf_parse_at(p, "responses", data);
    if (!hf_der_open(data, HF_DER_SEQUENCE, &list) || hf_der_done(&list))
        return hf_parse_no(p, "there are none");
    out->singles = list;
    while (!hf_der_done(&list))
        if (!read_single(p, &list, &single))
            return false;
    return true;
}

static bool read_data(struct hf_parse *p, struct hf_span tbs,
                      struct hf_ocsp *out)
{
    struct hf_der r = hf_der(tbs), data;
    struct hf_span ignored;

    hf_parse_at(p, "version", &r);
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &data))
        return hf_parse_no(p, "it is not a ResponseData");
    if (hf_der_peek(&data, 0xa0)) /* v1 is the default, and there is no other */
        return hf_parse_no(p, "it is not version 1");
    if (!read_responder(p, &data, out))
        return false;
    hf_parse_at(p, "producedAt", &data);
    if (!read_time(&data, &out->produced))
        return hf_parse_no(p, "it is not a GeneralizedTime");
    if (!read_singles(p, &data, out))
        return false;
    hf_parse_at(p, "responseExtensions", &data);
    if (!hf_der_done(&data) && !read_extensions(p, &data, 0xa1, &ignored))
        return false;
    return hf_der_done(&data) || hf_parse_no(p, "something follows them");
}

static bool read_certs(struct hf_parse *p, struct hf_der *basic,
                       struct hf_ocsp *out)
{
    struct hf_der tagged, list;
    struct hf_tlv cert;
    size_t count = 0;

    hf_parse_at(p, "certs", basic);
    if (!hf_der_open(basic, 0xa0, &tagged) ||
        !hf_der_open(&tagged, HF_DER_SEQUENCE, &list) || !hf_der_done(&tagged))
        return hf_parse_no(p, "they are not a list");
    out->certs = list;
    while (!hf_der_done(&list)) {
        if (!hf_der_peek(&list, HF_DER_SEQUENCE) || !hf_der_next(&list, &cert))
            return hf_parse_no(p, "one is not a SEQUENCE");
        if (++count > HF_OCSP_CERTS_MAX)
            return hf_parse_no(p, "there are more than 8");
    }
    return true;
}

bool hf_ocsp_next_cert(struct hf_der *certs, struct hf_span *out)
{
    struct hf_tlv cert;

    if (!hf_der_next(certs, &cert))
        return false;
    *out = cert.whole;
    return true;
}

static bool read_basic(struct hf_parse *p, struct hf_span der,
                       struct hf_ocsp *out)
{
    struct hf_der r = hf_der(der), basic;
    struct hf_tlv tlv;
    unsigned unused;

    hf_parse_at(p, "BasicOCSPResponse", &r);
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &basic) || !hf_der_done(&r) ||
        !hf_der_next(&basic, &tlv))
        return hf_parse_no(p, "it is not a SEQUENCE");
    out->tbs = tlv.whole;
    hf_parse_at(p, "signatureAlgorithm", &basic);
    if (!hf_der_next(&basic, &tlv) || !hf_algorithm_is_sound(&tlv))
        return hf_parse_no(p, "it is not an AlgorithmIdentifier");
    out->algorithm = tlv.whole;
    hf_parse_at(p, "signature", &basic);
    if (!hf_der_bits(&basic, &out->signature, &unused) || unused)
        return hf_parse_no(p, "it is not a BIT STRING of whole bytes");
    if (!hf_der_done(&basic) && !read_certs(p, &basic, out))
        return false;
    if (!hf_der_done(&basic))
        return hf_parse_no(p, "something follows its end");
    return read_data(p, out->tbs, out);
}

static bool read_response(struct hf_parse *p, struct hf_span der,
                          struct hf_ocsp *out)
{
    struct hf_der r = hf_der(der), outer, tagged, bytes;
    struct hf_span oid, basic;
    unsigned status;

    hf_parse_at(p, "OCSPResponse", &r);
    if (!hf_der_open(&r, HF_DER_SEQUENCE, &outer) || !hf_der_done(&r))
        return hf_parse_no(p, "it is not a SEQUENCE that ends where it says");
    hf_parse_at(p, "responseStatus", &outer);
    if (!hf_der_choice(&outer, &status) || !hf_ocsp_status_text(status))
        return hf_parse_no(p, "it is none that there is");
    out->status = (uint8_t)status;
    /* RFC 6960 4.2.1: "If the value of responseStatus is one of the error
     * conditions, the responseBytes field is not set." */
    if (status)
        return hf_der_done(&outer) ||
               hf_parse_no(p, "something follows an error");
    hf_parse_at(p, "responseBytes", &outer);
    if (!hf_der_open(&outer, 0xa0, &tagged) || !hf_der_done(&outer) ||
        !hf_der_open(&tagged, HF_DER_SEQUENCE, &bytes) ||
        !hf_der_done(&tagged) || !hf_der_oid(&bytes, &oid) ||
        !hf_der_take(&bytes, HF_DER_OCTET_STRING, &basic) ||
        !hf_der_done(&bytes))
        return hf_parse_no(p, "they are not a type and a response");
    if (!hf_span_equal(oid, HF_SPAN(oid_basic)))
        return hf_parse_no(p, "they are not a basic response");
    return read_basic(p, basic, out);
}

bool hf_ocsp_read(struct hf_span der, struct hf_ocsp *out,
                  struct hf_error *error)
{
    struct hf_parse p = { .code = HF_E_BAD_STAPLE };

    *out = (struct hf_ocsp){ .status = 0 };
    if (read_response(&p, der, out))
        return true;
    *out = (struct hf_ocsp){ .status = 0 };
    if (error->code)
        return false;
    hf_fail_at(error, HF_E_BAD_STAPLE, "OCSPResponse", p.field, p.byte);
    hf_format(error->detail, sizeof(error->detail), "%s: %s", p.field, p.why);
    return false;
}
