/* sct.c - signed certificate timestamps (RFC 6962 3.3): logs promise to publish
 * a certificate, and the promise comes along in one of three ways.
 *
 *   in the certificate     put there by its issuer; always read
 *   in the handshake       an extension, if we ask: of ServerHello in TLS 1.2,
 *                          of a certificate in TLS 1.3
 *   in an OCSP response    if one is stapled
 *
 * They are kept and told, and nothing depends on them: whether a log made the
 * signature could only be said with a list of logs and their keys. */
#include "handshake/verbs.h"

/* ---- one ------------------------------------------------------------------------------- */

bool hf_sct_read(struct hf_span bytes, unsigned source, struct hf_sct *out)
{
    struct hf_signed_certificate_timestamp v1;
    struct hf_fault fault;

    *out = (struct hf_sct){ .source = source, .bytes = bytes };
    if (!bytes.len)
        return false;
    out->version = bytes.at[0] + 1u;
    if (out->version != 1)
        return true; /* of another version only that is known */
    if (!hf_wire_read(hf_signed_certificate_timestamp, bytes, &v1, NULL,
                      &fault))
        return false;
    out->log_id = hf_span_first(hf_span_after(bytes, 1), sizeof(v1.log_id));
    out->timestamp = (uint64_t)hf_number(v1.timestamp, 4) << 32 |
                     hf_number(v1.timestamp + 4, 4);
    out->scheme = v1.algorithm;
    out->extensions = v1.extensions;
    out->signature = v1.signature;
    return true;
}

/* ---- lists ------------------------------------------------------------------------------ */

/* The elements of a list in its travelling form; empty if it is not one. */
static struct hf_span elements(struct hf_span list)
{
    struct hf_sct_list scts;
    struct hf_fault fault;

    return hf_wire_read(hf_sct_list, list, &scts, NULL, &fault)
               ? scts.timestamps
               : hf_span(NULL, 0);
}

/* RFC 6962 3.3: in DER, "the contents of an ASN.1 OCTET STRING". */
static struct hf_span in_der(struct hf_span value)
{
    struct hf_der r = hf_der(value);
    struct hf_span list;

    return hf_der_take(&r, HF_DER_OCTET_STRING, &list) && hf_der_done(&r)
               ? elements(list)
               : hf_span(NULL, 0);
}

struct hf_span hf_scts_of_cert(const struct hf_cert *cert)
{
    return in_der(cert->sct);
}

struct hf_span hf_scts_of_staple(struct hf_span response,
                                 const struct hf_cert *cert)
{
    struct hf_error ignored = { .code = HF_OK };
    struct hf_ocsp_single single;
    struct hf_ocsp ocsp;

    if (!hf_ocsp_read(response, &ocsp, &ignored))
        return hf_span(NULL, 0);
    while (hf_ocsp_next(&ocsp.singles, &single))
        if (hf_span_equal(single.serial, cert->serial) && single.scts.at)
            return in_der(single.scts);
    return hf_span(NULL, 0);
}

bool hf_sct_next(struct hf_span *list, unsigned source, struct hf_sct *out)
{
    struct hf_sct_entry one;

    if (!hf_wire_next(hf_sct_entry, list, &one))
        return false;
    (void)!hf_sct_read(one.timestamp, source, out);
    return true;
}

bool hf_scts_check(struct hf_span list, struct hf_span *scts,
                   struct hf_error *error)
{
    struct hf_sct_entry one;
    struct hf_sct sct;
    struct hf_span rest = *scts = elements(list);

    if (!rest.len)
        return hf_fail(error, HF_E_BAD_OPTION,
                       "%z bytes are no list of certificate timestamps",
                       list.len);
    for (size_t n = 1; hf_wire_next(hf_sct_entry, &rest, &one); n++)
        if (!hf_sct_read(one.timestamp, HF_SCT_TLS, &sct))
            return hf_fail(error, HF_E_BAD_OPTION,
                           "certificate timestamp %z is malformed", n);
    return true;
}

/* ---- what outlives the handshake ------------------------------------------------------------ */

/* Into @to, of the session; what was there before stays. */
static bool keep(struct hf_handshake *hs, struct hf_span *to,
                 struct hf_span list)
{
    uint8_t *copy;

    if (to->at || !list.len)
        return true;
    copy = hf_alloc(list.len);
    if (!copy)
        return hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, list.at, list.len);
    *to = hf_span(copy, list.len);
    return true;
}

static unsigned count(struct hf_span list)
{
    struct hf_sct_entry one;
    unsigned n = 0;

    while (hf_wire_next(hf_sct_entry, &list, &one))
        n++;
    return n;
}

bool hf_keep_scts(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    unsigned in_cert, in_tls, in_staple;
    char inputs[120];

    if (!s->peer_count)
        return true;
    if (hs->stapled &&
        !keep(hs, &s->ocsp_scts, hf_scts_of_staple(hs->staples[0], s->peer[0])))
        return false;
    if (!hf_watched(s))
        return true;
    in_cert = count(hf_scts_of_cert(s->peer[0]));
    in_tls = count(s->tls_scts);
    in_staple = count(s->ocsp_scts);
    if (!(in_cert + in_tls + in_staple))
        return true;
    hf_format(inputs, sizeof(inputs),
              "%u in the certificate, %u in the handshake, %u in the OCSP "
              "response",
              in_cert, in_tls, in_staple);
    hf_decided(s, HF_EV_TRANSPARENCY, true, inputs,
               "not verified: no list of logs", NULL);
    return true;
}

/* ---- the extension -------------------------------------------------------------------------- */

bool hf_write_sct_wish(struct hf_handshake *hs, enum hf_place place,
                       struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (place != HF_CH || !hs->settings->ask_scts)
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_sct, place, &nothing);
    return true;
}

bool hf_read_sct_wish(struct hf_handshake *hs, enum hf_place place,
                      const struct hf_extensions *block)
{
    struct hf_empty nothing;

    (void)place;
    hs->offer.wants_scts = true;
    return hf_ext_body(hs, hf_empty, block, HF_EXT_sct, &nothing);
}

/* TLS 1.2, and not when a session is resumed: no certificate is shown then. */
bool hf_write_scts(struct hf_handshake *hs, enum hf_place place,
                   struct hf_writer *w)
{
    struct hf_sct_list list;

    if (place != HF_SH12 || !hs->offer.wants_scts || !hs->keypair ||
        !hs->keypair->scts.len || hs->facts & HF_FACT_RESUMED)
        return false;
    list.timestamps = hs->keypair->scts;
    hf_wire_write_ext(hf_sct_list, w, HF_EXT_sct, place, &list);
    return true;
}

/* Of the peer's own certificate only. */
bool hf_read_scts(struct hf_handshake *hs, enum hf_place place,
                  const struct hf_extensions *block)
{
    struct hf_session *s = hs->session;
    struct hf_sct_list list;

    if (!hf_ext_body(hs, hf_sct_list, block, HF_EXT_sct, &list))
        return false;
    if (place == HF_CT && s->peer_count)
        return true;
    return keep(hs, &s->tls_scts, list.timestamps);
}
