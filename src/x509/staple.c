/* staple.c - what an OCSP response says of one certificate, if it may.
 *
 *     is it about this certificate?   CertID, compared whole     RFC 6960 4.1.1
 *     who made it?                    the issuer, or somebody whom the issuer
 *                                     has certified for that     RFC 6960 4.2.2.2
 *     did he sign it?                 check.c
 *     what does he say, and does that still hold?                RFC 6960 3.2
 *
 * CertIDs and responders are named by hashes of names and keys, mostly SHA-1.
 * That is no weakness: a hash here only tells whose answer it is, and both
 * things hashed are in our hands.  A signature with SHA-1 is refused, as
 * everywhere (key.c).
 */
#include "x509/inside.h"

/* ---- whose answer is it? ------------------------------------------------------------- */

/* clang-format off */
#define DER(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define SHA1_OID   "\x06\x05\x2b\x0e\x03\x02\x1a"
#define SHA256_OID "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"

static const struct {
    struct hf_span der;
    uint8_t hash;
} algorithms[] = {
    { DER("\x30\x09" SHA1_OID "\x05\x00"),   HF_SHA1 },
    { DER("\x30\x07" SHA1_OID),              HF_SHA1 },
    { DER("\x30\x0d" SHA256_OID "\x05\x00"), HF_SHA256 },
    { DER("\x30\x0b" SHA256_OID),            HF_SHA256 },
};
/* clang-format on */

/* A name and a key, hashed. */
struct hashed {
    uint8_t name[HF_HASH_MAX], key[HF_HASH_MAX];
    size_t len; /* 0: not made yet */
};
/* The question: this certificate, whose issuer is that. */
struct asking {
    struct hf_checker *c;
    struct hf_cert *cert, *issuer;
    struct hashed sha1, sha256;
};

/* What is hashed of a key: "the value of the BIT STRING subject public key
 * (excluding the tag, length, and number of unused bits)". */
static struct hf_span key_bits(const struct hf_cert *cert)
{
    struct hf_der r = hf_der(cert->spki), inside;
    struct hf_tlv algorithm;
    struct hf_span bits;
    unsigned unused;

    if (hf_der_open(&r, HF_DER_SEQUENCE, &inside) &&
        hf_der_next(&inside, &algorithm) &&
        hf_der_bits(&inside, &bits, &unused))
        return bits;
    return hf_span(NULL, 0);
}

/* False: no such hash, or it failed (*fault). */
static bool hash_it(const struct hf_crypto *crypto, unsigned id,
                    struct hf_span bytes, uint8_t *out, bool *fault)
{
    const struct hf_hash *hash = hf_hash_by_id(crypto, id);

    if (!hash)
        return false;
    if (hf_hash_parts(crypto, hash, &bytes, 1, out))
        return true;
    *fault = true;
    return false;
}

static const struct hashed *hashes_of(struct asking *a, struct hf_span der,
                                      bool *fault)
{
    const struct hf_crypto *crypto = a->c->v->crypto;
    struct hashed *h = NULL;
    unsigned id = HF_HASH_NONE;

    for (size_t i = 0; i < HF_COUNT(algorithms) && !h; i++)
        if (hf_span_equal(algorithms[i].der, der)) {
            id = algorithms[i].hash;
            h = id == HF_SHA1 ? &a->sha1 : &a->sha256;
        }
    if (!h || h->len)
        return h;
    if (!hash_it(crypto, id, a->cert->issuer, h->name, fault) ||
        !hash_it(crypto, id, key_bits(a->issuer), h->key, fault))
        return NULL;
    h->len = hf_hash_by_id(crypto, id)->len;
    return h;
}

/* All four fields, with their lengths. */
static bool is_about(struct asking *a, const struct hf_ocsp_single *single,
                     bool *fault)
{
    const struct hashed *h;

    if (!hf_span_equal(single->serial, a->cert->serial))
        return false;
    h = hashes_of(a, single->algorithm, fault);
    return h && hf_span_equal(single->name_hash, hf_span(h->name, h->len)) &&
           hf_span_equal(single->key_hash, hf_span(h->key, h->len));
}

/* ---- who made it? ----------------------------------------------------------------------- */

static uint16_t not_proved(struct hf_finding *out, const char *why)
{
    out->status.why = why;
    return HF_E_BAD_STAPLE;
}

static bool is_responder(struct asking *a, const struct hf_ocsp *ocsp,
                         const struct hf_cert *cert, bool *fault)
{
    uint8_t hash[HF_HASH_MAX];

    if (!ocsp->by_key)
        return hf_span_equal(ocsp->responder, cert->subject);
    return hash_it(a->c->v->crypto, HF_SHA1, key_bits(cert), hash, fault) &&
           hf_span_equal(ocsp->responder, hf_span(hash, 20));
}

static uint16_t signed_by(struct asking *a, const struct hf_ocsp *ocsp,
                          const struct hf_cert *cert, struct hf_finding *out)
{
    uint16_t code = hf_checker_signed(a->c, &cert->key, ocsp->algorithm,
                                      ocsp->tbs, ocsp->signature);

    if (code == HF_E_CERT_SIGNATURE)
        return not_proved(out, "the responder's key did not sign it");
    if (code == HF_E_CERT_ALGORITHM)
        return not_proved(out, "it is signed in a way that is not accepted");
    return code;
}

/* RFC 6960 4.2.2.2: "a certificate ... issued directly by the CA that is
 * identified in the request", and for this purpose.  Its purposes were
 * compared as whole OIDs when it was read (cert_ext.c). */
static uint16_t may_answer(struct asking *a, struct hf_cert *cert,
                           struct hf_finding *out)
{
    const struct hf_verify *v = a->c->v;
    struct hf_finding listed = { .crl = NULL };
    uint16_t code;

    if (!hf_span_equal(cert->issuer, a->issuer->subject))
        return not_proved(out, "the responder's certificate is of another "
                               "issuer");
    if (!(cert->flags & HF_CERT_EKU_OCSP))
        return not_proved(out, "the responder's certificate is not for "
                               "OCSPSigning");
    if (hf_check_time(v, cert))
        return not_proved(out, "the responder's certificate is not valid now");
    if (cert->flags & HF_CERT_CRITICAL || hf_serial_is_zero(cert) ||
        hf_check_key(v, cert))
        return not_proved(out, "the responder's certificate cannot be used");
    if (cert->flags & HF_CERT_KEY_USAGE &&
        !(cert->usage & HF_USE_DIGITAL_SIGNATURE))
        return not_proved(out, "the responder's key may not sign");
    code = hf_checker_link(a->c, cert, a->issuer);
    if (code == HF_E_CERT_SIGNATURE || code == HF_E_CERT_ALGORITHM)
        return not_proved(out, "the issuer did not sign the responder's "
                               "certificate");
    if (code || cert->flags & HF_CERT_OCSP_NOCHECK)
        return code;
    /* RFC 6960 4.2.2.2.1: so far as we can know it. */
    code = hf_lists_ask(a->c, cert, &(struct hf_issuers){ &a->issuer, 1 },
                        &listed);
    if (code == HF_E_REVOKED)
        return not_proved(out, "the responder's certificate has been revoked");
    return code == HF_E_NO_STATUS ? HF_OK : code;
}

static uint16_t ask_delegate(struct asking *a, const struct hf_ocsp *ocsp,
                             struct hf_span der, struct hf_finding *out)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_cert *cert = hf_cert_new(der, &error);
    uint16_t code = HF_E_BAD_STAPLE;
    bool fault = false;

    if (!cert && error.code == HF_E_OUT_OF_MEMORY)
        return HF_E_OUT_OF_MEMORY;
    if (cert && is_responder(a, ocsp, cert, &fault)) {
        code = may_answer(a, cert, out);
        if (!code)
            code = signed_by(a, ocsp, cert, out);
    }
    hf_cert_free(cert);
    return fault ? HF_E_CRYPTO : code;
}

/* The issuer itself, or one of the certificates in the response. */
static uint16_t is_authentic(struct asking *a, const struct hf_ocsp *ocsp,
                             struct hf_finding *out)
{
    struct hf_der certs = ocsp->certs;
    uint16_t code = HF_E_BAD_STAPLE;
    struct hf_span der;
    bool fault = false;

    out->status.why = "the responder is neither the issuer nor in the response";
    if (is_responder(a, ocsp, a->issuer, &fault))
        code = signed_by(a, ocsp, a->issuer, out);
    if (fault)
        return HF_E_CRYPTO;
    while (code == HF_E_BAD_STAPLE && hf_ocsp_next_cert(&certs, &der))
        code = ask_delegate(a, ocsp, der, out);
    return code;
}

/* ---- what does he say? -------------------------------------------------------------------- */

/* The end of what has none. */
static int64_t end_of(const struct hf_ocsp_single *single)
{
    return single->has_next ? single->next_update
                            : single->this_update + HF_OCSP_FRESH;
}

/* By more than clocks may differ.  Subtracted as unsigned: the caller's clock
 * may be anything. */
static bool is_behind(int64_t early, int64_t late)
{
    return late > early && (uint64_t)late - (uint64_t)early > HF_OCSP_SKEW;
}

/* NULL if @single says that the certificate is good, and now. */
static const char *is_silent(const struct hf_verify *v,
                             const struct hf_ocsp_single *single)
{
    if (single->answer == HF_OCSP_UNKNOWN)
        return "the responder does not know the certificate";
    if (v->any_time)
        return NULL;
    if (is_behind(v->now, single->this_update))
        return "it is not valid yet";
    if (is_behind(end_of(single), v->now))
        return single->has_next ? "it has ended, and a newer one did not come"
                                : "it does not say when it ends, and is older "
                                  "than a day";
    return NULL;
}

static void note_single(struct hf_finding *out,
                        const struct hf_ocsp_single *single)
{
    out->status.from = single->this_update;
    out->status.until = end_of(single);
    out->status.when = single->when;
    out->status.reason = single->reason;
}

/* Of several answers about one certificate the worst is taken; there is one
 * (has_answer). */
static uint16_t weigh(struct asking *a, const struct hf_ocsp *ocsp,
                      struct hf_finding *out)
{
    struct hf_der singles = ocsp->singles;
    struct hf_ocsp_single single;
    const char *why = "it is about other certificates";
    bool fault = false, any = false;

    while (hf_ocsp_next(&singles, &single)) {
        if (!is_about(a, &single, &fault))
            continue;
        if (!any || single.answer == HF_OCSP_REVOKED)
            note_single(out, &single);
        if (single.answer == HF_OCSP_REVOKED) {
            out->status.standing = HF_STANDING_REVOKED;
            out->status.why = NULL;
            return HF_E_REVOKED;
        }
        if (!any || !why)
            why = is_silent(a->c->v, &single);
        any = true;
    }
    if (fault)
        return HF_E_CRYPTO;
    if (why)
        return not_proved(out, why);
    out->status.standing = HF_STANDING_GOOD;
    out->status.why = NULL;
    return HF_OK;
}

/* Is there an answer about this certificate at all?  Asked first, because it
 * needs no signature. */
static bool has_answer(struct asking *a, const struct hf_ocsp *ocsp,
                       bool *fault)
{
    struct hf_der singles = ocsp->singles;
    struct hf_ocsp_single single;

    while (hf_ocsp_next(&singles, &single))
        if (is_about(a, &single, fault))
            return true;
    return false;
}

uint16_t hf_staple_ask(struct hf_checker *c, struct hf_cert *cert,
                       struct hf_cert *issuer, struct hf_span der,
                       struct hf_finding *out)
{
    struct asking a = { .c = c, .cert = cert, .issuer = issuer };
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;
    bool fault = false;
    uint16_t code;

    *out = (struct hf_finding){ .stapled = true };
    out->status.standing = HF_STANDING_UNKNOWN;
    out->status.source = HF_SOURCE_OCSP;
    if (!hf_ocsp_read(der, &ocsp, &error)) {
        hf_format(out->why, sizeof(out->why), "%s", error.detail);
        return not_proved(out, "it cannot be read");
    }
    if (ocsp.status)
        return not_proved(out, hf_ocsp_status_text(ocsp.status));
    out->responder = ocsp.responder;
    out->by_key = ocsp.by_key;
    if (!has_answer(&a, &ocsp, &fault))
        return fault ? HF_E_CRYPTO
                     : not_proved(out, "it is about other certificates");
    code = is_authentic(&a, &ocsp, out);
    return code ? code : weigh(&a, &ocsp, out);
}

/* ---- by itself ------------------------------------------------------------------------------- */

bool hf_staple_check(const struct hf_verify *v, struct hf_cert *cert,
                     struct hf_cert *issuer, struct hf_span der,
                     struct hf_status *out, struct hf_error *error)
{
    enum { SIGNATURES = 2 + 2 * HF_OCSP_CERTS_MAX };
    struct hf_checker *c = hf_alloc(sizeof(*c));
    struct hf_finding finding = { .crl = NULL };
    struct hf_check check = { .v = v,
                              .cert = cert,
                              .above = issuer,
                              .finding = &finding,
                              .event = HF_EV_CHECK_REVOCATION };
    struct hf_words words;

    *out = (struct hf_status){ .standing = HF_STANDING_UNKNOWN };
    if (!c)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    c->v = v;
    c->signatures = SIGNATURES;
    check.code = hf_staple_ask(c, cert, issuer, der, &finding);
    hf_checker_wipe(c);
    hf_free(c, sizeof(*c));
    *out = finding.status;
    hf_check_report(&check, -1);
    if (!check.code)
        return true;
    if (finding.stapled && check.code != HF_E_BUDGET &&
        check.code != HF_E_CRYPTO && check.code != HF_E_OUT_OF_MEMORY) {
        hf_check_words(&check, &words);
        return hf_fail(error, check.code, "%s: %s; %s", words.subject,
                       words.verdict, words.instead);
    }
    return hf_fail(error, check.code, NULL);
}
