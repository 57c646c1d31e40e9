/* finished12.c - ChangeCipherSpec and Finished in TLS 1.2 (RFC 5246 7.1 and
 * 7.4.9): from here on under keys, and a MAC over everything that was said. */
#include "handshake/resume.h"

enum hf_step_result hf_send_ccs(struct hf_handshake *hs)
{
    static const uint8_t one[1] = { 1 };
    struct hf_session *s = hs->session;

    hf_passed(s, true, HF_CONTENT_CCS, HF_CHANGE_CIPHER_SPEC, s->out.epoch,
              HF_SPAN(one));
    return hf_step(hf_records_seal(&s->out, HF_CONTENT_CCS, 0x0303,
                                   HF_SPAN(one), &s->outgoing, hs->error) &&
                   hf_keys12_install(hs, true));
}

enum hf_step_result hf_recv_ccs(struct hf_handshake *hs,
                                const struct hf_message *m)
{
    (void)m; /* one byte, 1: looked at where records are taken */
    return hf_step(hf_keys12_install(hs, false));
}

enum hf_step_result hf_send_finished12(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    uint8_t digest[HF_HASH_MAX], mac[HF_FINISHED12_LEN];
    struct hf_finished finished = { HF_SPAN(mac) };

    if (!hf_transcript_digest(&hs->transcript, digest, hs->error) ||
        !hf_keys12_finished(hs, s->role, digest, mac))
        return HF_STEP_FAILED;
    HF_DECLASSIFY(mac, sizeof(mac)); /* it is said */
    return hf_step(
        hf_message_send(hs, HF_FINISHED, hf_finished, &finished, sizeof(mac)));
}

enum hf_step_result hf_recv_finished12(struct hf_handshake *hs,
                                       const struct hf_message *m)
{
    struct hf_session *s = hs->session;
    enum hf_role whose = s->role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    uint8_t mac[HF_FINISHED12_LEN];
    struct hf_finished finished;

    if (!hf_message_read(hs, hf_finished, m->body, &finished) ||
        !hf_keys12_finished(hs, whose, hs->before, mac))
        return HF_STEP_FAILED;
    /* The handshake is over, so what would follow cannot be heard. */
    if (!hf_reassembly_empty(&s->messages)) {
        hf_fail(hs->error, HF_E_UNEXPECTED, "bytes came behind Finished");
        return HF_STEP_FAILED;
    }
    if (!hf_prove_finished(hs, finished.verify_data, HF_SPAN(mac)))
        return HF_STEP_FAILED;
    if (s->role == HF_CLIENT)
        hf_keep12(hs);
    else
        hf_cache12(hs);
    return HF_STEP_DONE;
}
