/* staple.c - an OCSP response that comes along with the certificate (RFC 6066
 * 8, RFC 8446 4.4.2.1): asked for, given, kept until the chain is verified.
 *
 *   TLS 1.2   a message of its own, right behind Certificate
 *   TLS 1.3   an extension of each certificate
 *
 * Whether it proves anything is decided where chains are verified. */
#include "handshake/verbs.h"

enum { OCSP = 1 };

static bool asks(const struct hf_settings *set)
{
    return set->ask_staple || set->revocation == HF_REVOCATION_LEAF ||
           set->revocation == HF_REVOCATION_HARD;
}

/* ---- the extension -------------------------------------------------------------------- */

bool hf_write_status(struct hf_handshake *hs, enum hf_place place,
                     struct hf_writer *w)
{
    struct hf_status_request_ch wish = { .status_type = OCSP };

    if (place != HF_CH || !asks(hs->settings) || hs->settings->no_verify)
        return false;
    hf_wire_write_ext(hf_status_request_ch, w, HF_EXT_status_request, place,
                      &wish);
    return true;
}

/* RFC 6066 8: kinds of proof that we do not know are no reason to end, and have
 * a body of their own behind their number. */
bool hf_read_status(struct hf_handshake *hs, enum hf_place place,
                    const struct hf_extensions *block)
{
    struct hf_span body = block->body[HF_EXT_status_request];
    struct hf_status_request_ch wish;

    if (place != HF_CH || (body.len && body.at[0] != OCSP))
        return true;
    if (!hf_ext_body(hs, hf_status_request_ch, block, HF_EXT_status_request,
                     &wish))
        return false;
    hs->offer.wants_staple = true;
    return true;
}

/* TLS 1.2: it will come. */
bool hf_write_status_ack(struct hf_handshake *hs, enum hf_place place,
                         struct hf_writer *w)
{
    struct hf_empty nothing = { 0 };

    if (place != HF_SH12 || !(hs->facts & HF_FACT_STAPLED))
        return false;
    hf_wire_write_ext(hf_empty, w, HF_EXT_status_request, place, &nothing);
    return true;
}

static bool keep(struct hf_handshake *hs, size_t which,
                 const struct hf_certificate_status *status)
{
    if (status->status_type != OCSP)
        return hf_fail(hs->error, HF_E_ILLEGAL, "status_type is %u, not ocsp",
                       (unsigned)status->status_type);
    if (which >= HF_CHAIN_MAX)
        return true; /* one certificate too many, which is told elsewhere */
    hs->staples[which] = hf_arena_copy(&hs->arena, status->response);
    hs->stapled = true;
    return hs->staples[which].at || hf_arena_fail(&hs->arena, hs->error);
}

bool hf_read_status_answer(struct hf_handshake *hs, enum hf_place place,
                           const struct hf_extensions *block)
{
    struct hf_certificate_status status;
    struct hf_empty nothing;

    if (place == HF_CT)
        return hf_ext_body(hs, hf_certificate_status, block,
                           HF_EXT_status_request, &status) &&
               keep(hs, hs->session->peer_count, &status);
    hs->staple_promised = true;
    return hf_ext_body(hs, hf_empty, block, HF_EXT_status_request, &nothing);
}

/* ---- CertificateStatus -------------------------------------------------------------------- */

enum hf_step_result hf_send_status12(struct hf_handshake *hs)
{
    struct hf_certificate_status status = { OCSP, hs->keypair->staple };

    return hf_step(hf_message_send(hs, HF_CERTIFICATE_STATUS,
                                   hf_certificate_status, &status,
                                   4 + status.response.len));
}

enum hf_step_result hf_recv_status12(struct hf_handshake *hs,
                                     const struct hf_message *m)
{
    struct hf_certificate_status status;

    if (!hs->staple_promised) {
        hf_fail(hs->error, HF_E_UNEXPECTED,
                "CertificateStatus came, and ServerHello did not promise it");
        return HF_STEP_FAILED;
    }
    return hf_step(
        hf_message_read(hs, hf_certificate_status, m->body, &status) &&
        keep(hs, 0, &status));
}

/* ---- for the verifier ------------------------------------------------------------------------ */

const struct hf_span *hf_staples(const struct hf_handshake *hs)
{
    return hs->stapled ? hs->staples : NULL;
}

bool hf_staple_asked(const struct hf_handshake *hs)
{
    return hs->session->role == HF_CLIENT &&
           (hs->sent & HF_BIT(status_request)) != 0;
}
