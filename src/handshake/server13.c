/* server13.c - the rest of a server's TLS 1.3 before its certificate. */
#include "handshake/handshake.h"

enum hf_step_result hf_send_encrypted_exts(struct hf_handshake *hs)
{
    enum { CAP = 512 };
    struct hf_encrypted_extensions ee;

    if (!hf_extensions_make(hs, HF_EE, CAP, &ee.extensions) ||
        !hf_message_send(hs, HF_ENCRYPTED_EXTENSIONS, hf_encrypted_extensions,
                         &ee, CAP + 2))
        return HF_STEP_FAILED;
    hf_limits_begin(hs);
    return HF_STEP_DONE;
}

enum hf_step_result hf_send_cert_request(struct hf_handshake *hs)
{
    size_t cap = 256 + hs->settings->authorities.len;
    struct hf_certificate_request request = { .request_context = { NULL, 0 } };

    return hf_step(hf_extensions_make(hs, HF_CR, cap, &request.extensions) &&
                   hf_message_send(hs, HF_CERTIFICATE_REQUEST,
                                   hf_certificate_request, &request, cap + 8));
}
