/* client13.c - the rest of a client's TLS 1.3: what the server says once it is
 * under keys, and whether we show a certificate. */
#include "handshake/resume.h"

enum hf_step_result hf_recv_encrypted_exts(struct hf_handshake *hs,
                                           const struct hf_message *m)
{
    struct hf_encrypted_extensions ee;

    if (!hf_message_read(hs, hf_encrypted_extensions, m->body, &ee) ||
        !hf_extensions_recv(hs, HF_EE, &ee.extensions))
        return HF_STEP_FAILED;
    if (hs->session->protocol)
        hf_decided(hs->session, HF_EV_PROTOCOL, true,
                   "the server chose from our list", hs->session->protocol,
                   NULL);
    return hf_step(hf_early_answered(hs));
}

enum hf_step_result hf_recv_cert_request(struct hf_handshake *hs,
                                         const struct hf_message *m)
{
    struct hf_certificate_request request;

    if (!hf_message_read(hs, hf_certificate_request, m->body, &request))
        return HF_STEP_FAILED;
    if (request.request_context.len) {
        hf_fail(hs->error, HF_E_ILLEGAL,
                "certificate_request_context is not empty");
        return HF_STEP_FAILED;
    }
    if (!(request.extensions.present & HF_BIT(signature_algorithms))) {
        hf_fail(hs->error, HF_E_MISSING_EXTENSION,
                "signature_algorithms in CertificateRequest");
        return HF_STEP_FAILED;
    }
    return hf_step(hf_extensions_recv(hs, HF_CR, &request.extensions));
}

/* The best of ours that the server can check; else we say that we have none,
 * and the server decides what that means. */
enum hf_step_result hf_job_choose_certificate(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    const struct hf_wanted wanted = { .authorities = hs->offer.authorities,
                                      .schemes = &hs->peer_schemes,
                                      .cert_schemes = &hs->peer_cert_schemes };
    struct hf_chosen chosen;
    char subject[96] = "";

    if (hf_negotiate_keypair(hs->settings, &wanted, &chosen)) {
        hs->keypair = chosen.pair;
        hs->scheme = chosen.how;
        hs->facts |= HF_FACT_GAVE;
        s->own_chain = (int16_t)(hs->keypair - hs->settings->keypairs);
        s->own_scheme = hs->scheme->scheme;
        hf_choose_compression(hs, HF_FACT_PACKED_TOO);
        if (hf_watched(s))
            hf_name_short(hs->keypair->chain[0]->subject, subject,
                          sizeof(subject));
    }
    s->client_auth = hs->keypair ? HF_AUTH_GIVEN : HF_AUTH_NOT_GIVEN;
    hf_decided(s, HF_EV_CLIENT_CERT, true,
               !hs->keypair || chosen.fit & HF_FIT_CHAIN
                   ? "the server asks for a certificate"
                   : "the server asks for a certificate, and does not list how "
                     "ours is signed",
               hs->keypair ? subject : "none of ours fits: an empty list",
               NULL);
    return HF_STEP_DONE;
}
