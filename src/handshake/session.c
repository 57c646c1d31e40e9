/* session.c - what outlives a handshake, and how it speaks of itself. */
#include "handshake/psk.h"

void hf_session_wipe(struct hf_session *s)
{
    hf_direction_wipe(&s->in);
    hf_direction_wipe(&s->out);
    hf_buffer_wipe(&s->outgoing);
    hf_reassembly_wipe(&s->messages);
    if (s->protocol)
        hf_free(s->protocol, hf_text_len(s->protocol));
    if (s->server_name)
        hf_free(s->server_name, hf_text_len(s->server_name));
    hf_psk_forget(s);
    for (size_t i = 0; i < s->peer_count; i++)
        hf_cert_free(s->peer[i]);
    hf_free((uint8_t *)(uintptr_t)s->tls_scts.at, s->tls_scts.len);
    hf_free((uint8_t *)(uintptr_t)s->ocsp_scts.at, s->ocsp_scts.len);
    hf_free(s->peer, s->peer_count * sizeof(struct hf_cert *));
    hf_session_drop_tried(s);
    hf_wipe(s, sizeof(*s));
}

void hf_session_drop_tried(struct hf_session *s)
{
    if (s->tried) {
        hf_tried_wipe(s->tried);
        hf_free(s->tried, sizeof(*s->tried));
    }
    s->tried = NULL;
}

void hf_session_forget(struct hf_session *s)
{
    hf_wipe(s->master_secret, sizeof(s->master_secret));
    hf_wipe(s->client_secret, sizeof(s->client_secret));
    hf_wipe(s->server_secret, sizeof(s->server_secret));
    hf_wipe(s->exporter_secret, sizeof(s->exporter_secret));
    hf_wipe(s->early_exporter, sizeof(s->early_exporter));
    hf_wipe(s->resumption_secret, sizeof(s->resumption_secret));
}

/* ---- events --------------------------------------------------------------------- */

void hf_decided(const struct hf_session *s, enum hf_event_id id, bool ok,
                const char *inputs, const char *verdict, const char *instead)
{
    struct hf_event event = { .kind = HF_EVENT_DECISION,
                              .id = (uint8_t)id,
                              .ok = ok,
                              .version = s->version,
                              .inputs = inputs ? inputs : "",
                              .verdict = verdict ? verdict : "",
                              .instead = instead ? instead : "",
                              .subject = "" };

    if (hf_watched(s))
        s->watch(s->watch_ctx, &event);
}

void hf_passed(const struct hf_session *s, bool sent, uint8_t record,
               unsigned message, unsigned epoch, struct hf_span bytes)
{
    struct hf_event event = { .kind = HF_EVENT_MESSAGE,
                              .id = HF_EV_MESSAGE,
                              .ok = true,
                              .sent = sent,
                              .record = record,
                              .epoch = (uint8_t)epoch,
                              .message = (uint16_t)message,
                              .version = s->version,
                              .bytes = bytes,
                              .inputs = "",
                              .verdict = "",
                              .instead = "",
                              .subject = "" };

    if (hf_watched(s))
        s->watch(s->watch_ctx, &event);
}

void hf_keyed(const struct hf_session *s, bool sending, unsigned epoch)
{
    struct hf_event event = { .kind = HF_EVENT_KEYS,
                              .id = HF_EV_KEYS,
                              .ok = true,
                              .sent = sending,
                              .epoch = (uint8_t)epoch,
                              .version = s->version,
                              .inputs = "",
                              .verdict = "",
                              .instead = "",
                              .subject = "" };

    if (hf_watched(s))
        s->watch(s->watch_ctx, &event);
}

/* ---- secrets, for those who asked for them ------------------------------------------ */

enum { LABEL_MAX = 40 };

static void log_secret(const struct hf_session *s, const char *label,
                       struct hf_span secret)
{
    char line[LABEL_MAX + 2 + 2 * 32 + 2 * HF_HASH_MAX + 1];
    char random[2 * 32 + 1], value[2 * HF_HASH_MAX + 1];
    uint8_t told[HF_HASH_MAX]; /* whoever asked for the log may know it */

    if (secret.len > sizeof(told))
        return;
    hf_copy(told, secret.at, secret.len);
    HF_DECLASSIFY(told, secret.len);
    if (!hf_hex(random, sizeof(random), HF_SPAN(s->client_random)) ||
        !hf_hex(value, sizeof(value), hf_span(told, secret.len))) {
        hf_wipe(told, sizeof(told));
        return;
    }
    hf_wipe(told, sizeof(told));
    hf_format(line, sizeof(line), "%s %s %s", label, random, value);
    s->settings->keylog(s->settings->keylog_ctx, line);
    hf_wipe(line, sizeof(line));
    hf_wipe(value, sizeof(value));
}

void hf_secret_seen(const struct hf_session *s, const char *label,
                    struct hf_span secret)
{
    struct hf_event event = { .kind = HF_EVENT_SECRET,
                              .id = HF_EV_SECRET,
                              .ok = true,
                              .version = s->version,
                              .bytes = secret,
                              .inputs = "",
                              .verdict = "",
                              .instead = "",
                              .subject = label };

    if (hf_watched(s) && s->watch_secrets)
        s->watch(s->watch_ctx, &event);
}

void hf_secret(const struct hf_session *s, const char *label,
               const uint8_t *secret, size_t len)
{
    if (s->settings->keylog)
        log_secret(s, label, hf_span(secret, len));
    hf_secret_seen(s, label, hf_span(secret, len));
}
