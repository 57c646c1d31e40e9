/* ours.c - libhandfast in the benchmark: two engines and two byte buffers. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIRE = 16384, RECORD = 16384 };

struct self {
    struct hf_config *client, *server;
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

static void *open_ours(const struct bench_certs *certs)
{
    static const uint16_t x25519[] = { 29, 0 }, aes128[] = { 0x1301, 0 };
    struct self *self = calloc(1, sizeof(*self));
    bool ok;

    if (!self)
        give_up("memory");
    self->client = hf_config_new();
    self->server = hf_config_new();
    ok = hf_config_set_groups(self->client, x25519) &&
         hf_config_set_groups(self->server, x25519) &&
         hf_config_set_suites(self->client, aes128) &&
         hf_config_set_suites(self->server, aes128) &&
         hf_config_set_clock(self->client, now, NULL) &&
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
    double t[5];

    t[0] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        pairs[i].len = 0;
        pairs[i].client = hf_conn_new(self->client, HF_CLIENT, "localhost");
        if (turn(pairs[i].client, &pairs[i]) != HF_NEED_BYTES)
            give_up("client's hello");
    }
    t[1] = cpu_seconds();
    for (size_t i = 0; i < count; i++) {
        pairs[i].server = hf_conn_new(self->server, HF_SERVER, NULL);
        turn(pairs[i].server, &pairs[i]);
    }
    t[2] = cpu_seconds();
    for (size_t i = 0; i < count; i++)
        if (turn(pairs[i].client, &pairs[i]) != HF_READY)
            give_up("the client is not ready");
    t[3] = cpu_seconds();
    for (size_t i = 0; i < count; i++)
        if (turn(pairs[i].server, &pairs[i]) != HF_READY)
            give_up("the server is not ready");
    t[4] = cpu_seconds();
    took->client = t[1] - t[0] + t[3] - t[2];
    took->server = t[2] - t[1] + t[4] - t[3];
}

static struct sides handshakes(void *p)
{
    static struct pair pairs[BATCH];
    struct sides took;
    double t[3];

    shake(p, pairs, BATCH, &took);
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
