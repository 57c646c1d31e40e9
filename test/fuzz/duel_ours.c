/* duel_ours.c - an end of ours in fuzz_duel.c. */
#define HF_UNPOISONED
#include "duel.h"
#include "handfast/engine.h"

#include <string.h>

static int64_t now(void *ctx)
{
    (void)ctx;
    return DUEL_TIME;
}

/* Only one of them lives at a time. */
static struct duelist *listening;

static void hear_secret(void *ctx, const char *line)
{
    static const char label[] = "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    size_t len = sizeof(label) - 1;

    (void)ctx;
    /* label, 64 digits of random, a blank, the secret */
    if (strncmp(line, label, len) == 0)
        MUST(hf_unhex(hf_span_text(line + len + 65), listening->secret,
                      DUEL_SECRET, &listening->secret_len));
}

static struct hf_config *make_config(unsigned way)
{
    static const uint16_t groups[] = { 29, 23, 24, 0 };
    static const char *const protocols[] = { "h2", "http/1.1", NULL };
    struct hf_config *c = hf_config_new();

    MUST(c && hf_config_set_groups(c, groups));
    MUST(hf_config_set_clock(c, now, NULL));
    MUST(hf_config_set_versions(c, way & DUEL_ONLY13 ? HF_TLS13 : HF_TLS12,
                                way & DUEL_ONLY12 ? HF_TLS12 : HF_TLS13));
    if (way & DUEL_ALPN)
        MUST(hf_config_set_protocols(c, protocols));
    if (way & DUEL_CLIENT)
        MUST(hf_config_trust(c, duel_anchor()));
    else
        MUST(hf_config_add_keypair(c, duel_chain(way), duel_key(way)));
    MUST(hf_config_set_tickets(c, 0));
    MUST(hf_config_set_keylog(c, hear_secret, NULL));
    MUST(hf_config_freeze(c));
    return c;
}

static void collect(struct duelist *d)
{
    struct hf_span out = hf_conn_outgoing(d->self);

    MUST(out.len <= DUEL_ROOM - d->len);
    if (out.len)
        memcpy(d->said + d->len, out.at, out.len);
    d->len += out.len;
    hf_conn_sent(d->self, out.len);
}

static void note(struct duelist *d)
{
    const struct hf_error *error = hf_conn_error(d->self);
    struct hf_span protocol = hf_conn_protocol(d->self);

    if (protocol.len && protocol.len < sizeof(d->protocol))
        memcpy(d->protocol, protocol.at, protocol.len);
    d->state = error->code              ? DUEL_REFUSES
               : hf_conn_ready(d->self) ? DUEL_IS_READY
                                        : DUEL_WAITS;
    d->reason = hf_error_name(error->code);
    d->where = error->layout ? error->layout : "";
    d->alert = error->code && !error->by_peer ? error->alert : 256;
}

void ours_begin(struct duelist *d, unsigned way)
{
    static struct hf_config *configs[DUEL_WAYS];

    memset(d, 0, sizeof(*d));
    if (!configs[way])
        configs[way] = make_config(way);
    listening = d;
    d->self = hf_conn_new(configs[way],
                          way & DUEL_CLIENT ? HF_CLIENT : HF_SERVER,
                          way & DUEL_CLIENT ? "localhost" : NULL);
    MUST(d->self && !hf_conn_error(d->self)->code);
    ours_hear(d, hf_span(NULL, 0));
}

void ours_hear(struct duelist *d, struct hf_span bytes)
{
    static uint8_t room[DUEL_ROOM];
    struct hf_span data;
    size_t at = 0, used;
    enum hf_outcome outcome;

    MUST(bytes.len <= sizeof(room));
    if (bytes.len)
        memcpy(room, bytes.at, bytes.len);
    do {
        outcome = hf_conn_receive(d->self, room + at, bytes.len - at, &used,
                                  &data);
        at += used;
    } while (outcome == HF_READY || (outcome == HF_DATA && used));
    collect(d);
    note(d);
}

void ours_end(struct duelist *d)
{
    hf_conn_free(d->self);
    listening = NULL;
}
