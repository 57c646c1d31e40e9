/* post_handshake.c - what may still be said once both are Finished (RFC 8446
 * 4.6), and what a connection says of itself at any time: alerts and key
 * updates. */
#include "handshake/resume.h"

enum {
    ALERT_WARNING = 1,
    ALERT_FATAL = 2,
    CLOSE_NOTIFY = 0,
    USER_CANCELED = 90
};

/* Told once it is sealed: one that cannot be is not sent, and the failure may
 * bring another one. */
bool hf_send_alert(struct hf_session *s, unsigned alert, struct hf_error *error)
{
    bool mild = alert == CLOSE_NOTIFY || alert == USER_CANCELED;
    uint8_t bytes[2] = { mild ? ALERT_WARNING : ALERT_FATAL, (uint8_t)alert };

    if (!hf_records_seal(&s->out, HF_CONTENT_ALERT, 0x0303, HF_SPAN(bytes),
                         &s->outgoing, error))
        return false;
    hf_passed(s, true, HF_CONTENT_ALERT, alert, s->out.epoch, HF_SPAN(bytes));
    return true;
}

bool hf_send_key_update(struct hf_session *s, bool ask)
{
    uint8_t message[5] = { HF_KEY_UPDATE, 0, 0, 1, ask };

    hf_passed(s, true, HF_CONTENT_HANDSHAKE, HF_KEY_UPDATE, s->out.epoch,
              HF_SPAN(message));
    hf_decided(s, HF_EV_KEY_UPDATE, true,
               ask ? "ours, and the peer is asked for its own" : "ours", NULL,
               NULL);
    return hf_records_seal(&s->out, HF_CONTENT_HANDSHAKE, 0x0303,
                           HF_SPAN(message), &s->outgoing, &s->error) &&
           hf_keys13_update(s, true);
}

static bool read(struct hf_session *s, hf_layout_fn *layout,
                 struct hf_span body, void *out)
{
    struct hf_fault fault;

    return hf_wire_read(layout, body, out, NULL, &fault) ||
           hf_wire_fail(&s->error, &fault);
}

static bool recv_key_update(struct hf_session *s, struct hf_span body,
                            bool *reply)
{
    struct hf_key_update update;

    if (!read(s, hf_key_update, body, &update))
        return false;
    if (update.request_update > 1)
        return hf_fail(&s->error, HF_E_ILLEGAL, "request_update is %u",
                       (unsigned)update.request_update);
    *reply = update.request_update == 1;
    hf_decided(s, HF_EV_KEY_UPDATE, true,
               *reply ? "the peer's, and it asks for ours" : "the peer's", NULL,
               NULL);
    return hf_keys13_update(s, false);
}

bool hf_post_handshake(struct hf_session *s, struct hf_span message,
                       bool *reply)
{
    struct hf_span body = hf_span_after(message, 4);
    unsigned kind = message.at[0];
    const char *name = hf_message_name(kind);

    *reply = false;
    hf_passed(s, false, HF_CONTENT_HANDSHAKE, kind, s->in.epoch, message);
    if (s->version == HF_TLS12 &&
        kind == (s->role == HF_CLIENT ? HF_HELLO_REQUEST : HF_CLIENT_HELLO))
        return hf_fail(&s->error, HF_E_RENEGOTIATION, "%s", name);
    if (s->version == HF_TLS12)
        return hf_fail(&s->error, HF_E_UNEXPECTED,
                       "%s (%u) came after the handshake",
                       name ? name : "a message of an unknown type", kind);
    if (kind == HF_KEY_UPDATE)
        return recv_key_update(s, body, reply);
    if (kind == HF_NEW_SESSION_TICKET && s->role == HF_CLIENT)
        return hf_recv_ticket13(s, body);
    return hf_fail(&s->error, HF_E_UNEXPECTED,
                   "%s (%u) came after the handshake",
                   name ? name : "a message of an unknown type", kind);
}
