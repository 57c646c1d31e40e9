/* ours.c - libhandfast in the benchmark: two engines and two byte buffers. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIRE = 16384, RECORD = 16384 };

struct self {
    struct hf_config *client, *server;
    bool resumed;
    uint8_t session[HF_SESSION_MAX]; /* the first one, used again and again */
    size_t session_len;
};
struct pair {
    struct hf_conn *client, *server;
    uint8_t wire[WIRE];
    size_t len;
};

static int64_t now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static struct hf_span text(const char *s)
{
    return (struct hf_span){ (const uint8_t *)s, strlen(s) };
}

static bool put_session(void *ctx, struct hf_span key, struct hf_span session,
                        int64_t expires)
{
    struct self *self = ctx;

    (void)key;
    (void)expires;
    if (!self->session_len) {
        memcpy(self->session, session.at, session.len);
        self->session_len = session.len;
    }
    return true;
}

static size_t get_session(void *ctx, struct hf_span key, bool take,
                          uint8_t *out, size_t cap)
{
    struct self *self = ctx;

    (void)key;
    (void)take;
    if (out && self->session_len > cap)
        return 0;
    if (out)
        memcpy(out, self->session, self->session_len);
    return self->session_len;
}

static bool set_memory(struct self *self, enum memory memory)
{
    size_t entries = memory == NONE ? 0 : 256;

    return hf_config_set_signature_cache(self->client, entries,
                                         memory == ALL_ROUND) &&
           hf_config_set_signature_cache(self->server, entries,
                                         memory == ALL_ROUND);
}

static bool set_mutual(struct self *self, const struct bench_certs *certs,
                       const struct scenario *how)
{
    return !how->mutual ||
           (hf_config_trust(self->server, text(certs->root)) &&
            hf_config_set_client_auth(self->server, HF_CLIENT_AUTH_REQUIRED) &&
            hf_config_add_keypair(self->client, text(certs->client_chain),
                                  text(certs->client_key)));
}

static void *open_ours(const struct bench_certs *certs,
                       const struct scenario *how)
{
    /* In TLS 1.2 the second is for the certificate's key (RFC 8422 5.3). */
    static const uint16_t x25519[] = { 29, 23, 0 };
    const uint16_t suite[] = { how->suite, 0 };
    struct self *self = calloc(1, sizeof(*self));
    const struct hf_sessions sessions = { self, put_session, get_session };
    bool ok;

    if (!self)
        give_up("memory");
    self->client = hf_config_new();
    self->server = hf_config_new();
    self->resumed = how->resumed;
    ok = hf_config_set_versions(self->client, how->version, how->version) &&
         hf_config_set_versions(self->server, how->version, how->version) &&
         hf_config_set_groups(self->client, x25519) &&
         hf_config_set_groups(self->server, x25519) &&
         hf_config_set_suites(self->client, suite) &&
         hf_config_set_suites(self->server, suite) &&
         hf_config_set_clock(self->client, now, NULL) &&
         hf_config_set_clock(self->server, now, NULL) &&
         hf_config_set_tickets(self->server, how->resumed) &&
         set_memory(self, how->memory) && set_mutual(self, certs, how) &&
         (!how->resumed || hf_config_set_sessions(self->client, &sessions)) &&
         hf_config_trust(self->client, text(certs->root)) &&
         hf_config_add_keypair(self->server, text(certs->chain),
                               text(certs->key)) &&
         hf_config_freeze(self->client) && hf_config_freeze(self->server);
    if (!ok)
        give_up(hf_config_error(self->client)->code
                    ? hf_config_error(self->client)->detail
                    : hf_config_error(self->server)->detail);
    return self;
}

static void close_ours(void *p)
{
    struct self *self = p;

    hf_config_free(self->client);
    hf_config_free(self->server);
    free(self);
}

/* Hand the wire to @conn and take what it says. */
static enum hf_outcome turn(struct hf_conn *conn, struct pair *pair)
{
    enum hf_outcome outcome;
    struct hf_span data, out;
    size_t used;

    outcome = hf_conn_receive(conn, pair->wire, pair->len, &used, &data);
    if (outcome == HF_FAILED)
        give_up(hf_conn_error(conn)->detail);
    out = hf_conn_outgoing(conn);
    if (out.len > WIRE)
        give_up("a flight is too long");
    memcpy(pair->wire, out.at, out.len);
    pair->len = out.len;
    hf_conn_sent(conn, out.len);
    return outcome;
}

static void shake(struct self *self, struct pair *pairs, size_t count,
                  struct sides *took)
{
    double t[3];

    *took = (struct sides){ 0, 0 };
    for (int flight = 0; flight < ROUND_TRIPS; flight++) {
        t[0] = cpu_seconds();
        for (size_t i = 0; i < count; i++) {
            if (!flight) {
                pairs[i].len = 0;
                pairs[i].client = hf_conn_new(self->client, HF_CLIENT,
                                              "localhost");
            }
            turn(pairs[i].client, &pairs[i]);
        }
        t[1] = cpu_seconds();
        for (size_t i = 0; i < count; i++) {
            if (!flight)
                pairs[i].server = hf_conn_new(self->server, HF_SERVER, NULL);
            turn(pairs[i].server, &pairs[i]);
        }
        t[2] = cpu_seconds();
        took->client += t[1] - t[0];
        took->server += t[2] - t[1];
    }
    for (size_t i = 0; i < count; i++)
        if (!hf_conn_ready(pairs[i].client) || !hf_conn_ready(pairs[i].server))
            give_up("a handshake is not over");
}

static struct sides handshakes(void *p)
{
    static struct pair pairs[BATCH];
    const struct self *self = p;
    bool warm = !self->resumed || self->session_len;
    struct sides took;
    double t[3];

    shake(p, pairs, BATCH, &took);
    for (size_t i = 0; i < BATCH; i++)
        if (hf_conn_resumed(pairs[i].server) != (self->resumed && warm))
            give_up("it was not resumed");
    t[0] = cpu_seconds();
    for (size_t i = 0; i < BATCH; i++)
        hf_conn_free(pairs[i].client);
    t[1] = cpu_seconds();
    for (size_t i = 0; i < BATCH; i++)
        hf_conn_free(pairs[i].server);
    t[2] = cpu_seconds();
    took.client += t[1] - t[0];
    took.server += t[2] - t[1];
    return took;
}

static struct sides records(void *p, unsigned count)
{
    static struct pair pair;
    static uint8_t data[RECORD], wire[RECORD + HF_SEAL_OVERHEAD];
    struct sides took = { 0, 0 }, ignored;
    struct hf_span plain;
    size_t taken, used, len;

    shake(p, &pair, 1, &ignored);
    for (unsigned i = 0; i < count; i++) {
        double t[3];

        t[0] = cpu_seconds();
        len = hf_conn_send(pair.client, (struct hf_span){ data, RECORD }, wire,
                           sizeof(wire), &taken);
        t[1] = cpu_seconds();
        if (taken != RECORD ||
            hf_conn_receive(pair.server, wire, len, &used, &plain) != HF_DATA)
            give_up("a record");
        t[2] = cpu_seconds();
        took.client += t[1] - t[0];
        took.server += t[2] - t[1];
    }
    hf_conn_free(pair.client);
    hf_conn_free(pair.server);
    return took;
}

static struct sides idle(void *p)
{
    static struct pair pairs[BATCH];
    struct sides took, held;
    double both, client;

    both = heap_bytes();
    shake(p, pairs, BATCH, &took);
    both = heap_bytes() - both;
    client = heap_bytes();
    for (size_t i = 0; i < BATCH; i++)
        hf_conn_free(pairs[i].client);
    client -= heap_bytes();
    for (size_t i = 0; i < BATCH; i++)
        hf_conn_free(pairs[i].server);
    held.client = client / BATCH;
    held.server = (both - client) / BATCH;
    return held;
}

const struct contender ours = { "libhandfast", open_ours, close_ours,
                                handshakes,    records,   idle };
