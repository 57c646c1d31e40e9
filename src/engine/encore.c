/* encore.c - see encore.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/encore.h"

#include <string.h>

const char *way_name(enum way way)
{
    static const char *const names[WAYS] = { "TLS 1.3", "TLS 1.2 by ticket",
                                             "TLS 1.2 by id",
                                             "TLS 1.3 with early data" };

    return names[way];
}

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires)
{
    struct encore *e = ctx;

    (void)id;
    (void)now;
    (void)expires;
    e->claims++;
    return e->strike;
}

static bool allow_early(struct encore *e)
{
    struct hf_strikes strikes = { e, claim };

    e->strike = HF_STRIKE_NEW;
    e->claims = 0;
    return hf_config_set_early_data(e->stage.client, ENCORE_EARLY) &&
           hf_config_set_early_data(e->stage.server, ENCORE_EARLY) &&
           hf_config_set_strikes(e->stage.server, &strikes);
}

bool encore_set(struct encore *e, enum way way, enum scene scene,
                const struct duet_certs *certs,
                const struct hf_provider *provider)
{
    bool early = way == WITH_EARLY_DATA;
    unsigned version = way == BY_PSK || early ? HF_TLS13 : HF_TLS12;
    struct hf_sessions client = shelf_sessions(&e->client);
    struct hf_sessions server = shelf_sessions(&e->server);

    e->way = way;
    e->client.count = e->server.count = 0;
    return stage_set_with(&e->stage, scene, certs, provider) &&
           hf_config_set_versions(e->stage.client, version, version) &&
           hf_config_set_versions(e->stage.server, version, version) &&
           hf_config_set_sessions(e->stage.client, &client) &&
           (!early || allow_early(e)) &&
           (way != BY_ID || (hf_config_set_sessions(e->stage.server, &server) &&
                             hf_config_set_tickets(e->stage.server, 0)));
}

static void copy(struct shelf *to, const struct shelf *from)
{
    to->count = from->count;
    to->puts = to->gets = 0;
    memcpy(to->at, from->at, from->count * sizeof(from->at[0]));
}

bool encore_meet(struct encore *e)
{
    static struct rogue rogue;
    bool ok = rogue_begin(&rogue, &e->stage, "localhost", NULL) &&
              rogue_run(&rogue) && !hf_conn_resumed(rogue.end[HF_CLIENT].conn);

    rogue_end(&rogue);
    copy(&e->client_start, &e->client);
    copy(&e->server_start, &e->server);
    return ok && e->client.count;
}

void encore_rewind(struct encore *e)
{
    copy(&e->client, &e->client_start);
    copy(&e->server, &e->server_start);
}

bool encore_begin(struct encore *e, struct rogue *r, rogue_edit_fn *edit)
{
    encore_rewind(e);
    return rogue_begin(r, &e->stage, "localhost", edit);
}

void encore_clear(struct encore *e)
{
    stage_clear(&e->stage);
}
