/* finished.c - Finished (RFC 8446 4.4.4): a MAC over everything that was said,
 * by which both sides know that they saw the same handshake; and the keys that
 * come into force with it. */
#include "handshake/handshake.h"

static bool own_finished(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    uint8_t digest[HF_HASH_MAX], mac[HF_HASH_MAX];
    struct hf_finished finished = { { mac, s->hash->len } };
    const uint8_t *base = s->role == HF_CLIENT ? hs->client_hs : hs->server_hs;

    if (!hf_transcript_digest(&hs->transcript, digest, hs->error) ||
        !hf_keys13_finished(s, base, digest, mac))
        return false;
    HF_DECLASSIFY(mac, s->hash->len); /* it is said, and signed further on */
    return hf_message_send(hs, HF_FINISHED, hf_finished, &finished,
                           sizeof(mac));
}

enum hf_step_result hf_send_finished(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;

    if (!own_finished(hs))
        return HF_STEP_FAILED;
    /* The server speaks first; from here on its data may follow, but the
     * client is still to be heard under the handshake keys. */
    if (s->role == HF_SERVER)
        return hf_step(
            hf_keys13_master(hs) &&
            hf_keys13_install(s, true, s->server_secret, HF_TRAFFIC));
    return hf_step(hf_keys13_install(s, true, s->client_secret, HF_TRAFFIC) &&
                   hf_keys13_resumption(hs));
}

static bool check_finished(struct hf_handshake *hs, const struct hf_message *m)
{
    struct hf_session *s = hs->session;
    const uint8_t *base = s->role == HF_CLIENT ? hs->server_hs : hs->client_hs;
    struct hf_finished finished;
    uint8_t mac[HF_HASH_MAX];

    return hf_message_read(hs, hf_finished, m->body, &finished) &&
           hf_keys13_finished(s, base, hs->before, mac) &&
           hf_prove_finished(hs, finished.verify_data,
                             hf_span(mac, s->hash->len));
}

bool hf_prove_finished(struct hf_handshake *hs, struct hf_span came,
                       struct hf_span mac)
{
    struct hf_session *s = hs->session;
    bool same;

    if (came.len != mac.len)
        return hf_fail(hs->error, HF_E_BOUNDS, "Finished has %z bytes, not %z",
                       came.len, mac.len);
    same = hf_equal_ct(mac.at, came.at, mac.len);
    hf_decided(s, HF_EV_FINISHED, same,
               s->role == HF_CLIENT ? "the server's" : "the client's", NULL,
               NULL);
    if (!same)
        return hf_fail(hs->error, HF_E_BAD_FINISHED, NULL);
    hs->proofs.finished = HF_PROOF_FINISHED;
    return true;
}

enum hf_step_result hf_recv_finished(struct hf_handshake *hs,
                                     const struct hf_message *m)
{
    struct hf_session *s = hs->session;

    if (!check_finished(hs, m))
        return HF_STEP_FAILED;
    if (s->role == HF_CLIENT)
        return hf_step(
            hf_keys13_master(hs) &&
            hf_keys13_install(s, false, s->server_secret, HF_TRAFFIC));
    return hf_step(hf_keys13_install(s, false, s->client_secret, HF_TRAFFIC) &&
                   hf_keys13_resumption(hs));
}
