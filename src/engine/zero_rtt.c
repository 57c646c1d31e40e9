/* zero_rtt.c - see zero_rtt.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/zero_rtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct rogue rogue;
struct stage stages[2]; /* of the first and the second meeting */

const struct how usual = { .sends = LIMIT,
                           .takes = LIMIT,
                           .strike = HF_STRIKE_NEW,
                           .suite = 0x1301,
                           .group = 29,
                           .wants = { "h2" },
                           .server_max = HF_TLS13 };

/* ---- what the configs are given ----------------------------------------------------- */

enum hf_strike strike;
size_t claims;
int64_t claimed_until;
uint8_t claimed[HF_STRIKE_LEN];

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires)
{
    (void)ctx;
    claims++;
    claimed_until = expires - now;
    memcpy(claimed, id, sizeof(claimed));
    return strike;
}

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    (void)name;
    memset(out, 'k', sizeof(*out));
    *newest = true;
    return true;
}

static int later; /* seconds */

static int64_t server_clock(void *ctx)
{
    return scene_clock(ctx) + later;
}

/* The last that was said of early data, by either end. */
char said[2][160];

static void watch(void *ctx, const struct hf_event *event)
{
    char *out = said[*(const enum hf_role *)ctx];

    if (event->kind == HF_EVENT_DECISION && event->id == HF_EV_EARLY_DATA)
        hf_format(out, sizeof(said[0]), "%s: %s", event->verdict,
                  *(const enum hf_role *)ctx == HF_SERVER && event->instead[0]
                      ? event->instead
                      : event->inputs);
}

/* ---- meetings ------------------------------------------------------------------------ */

static bool set_client(struct hf_config *config, const struct how *how)
{
    static const enum hf_role role = HF_CLIENT;
    static const uint16_t groups[] = { 29, 23, 0 }, share[] = { 29, 0 };
    struct hf_sessions sessions = pocket_sessions();

    return hf_config_set_versions(config, HF_TLS12, HF_TLS13) &&
           hf_config_set_groups(config, groups) &&
           hf_config_set_shares(config, share) &&
           hf_config_set_early_data(config, how->sends) &&
           hf_config_set_sessions(config, &sessions) &&
           hf_config_set_ticket_keys(config, find_key, NULL) &&
           hf_config_set_protocols(config, how->wants) &&
           hf_config_set_watch(config, watch, (void *)(uintptr_t)&role, false);
}

static bool set_server(struct hf_config *config, const struct how *how)
{
    static const enum hf_role role = HF_SERVER;
    static const char *const protocols[] = { "http/1.1", "h2", NULL };
    const uint16_t suites[] = { how->suite, 0xc02b, 0 };
    const uint16_t groups[] = { how->group, 0 };
    struct hf_strikes strikes = { NULL, claim };

    return hf_config_set_versions(config, HF_TLS12, how->server_max) &&
           hf_config_set_suites(config, suites) &&
           hf_config_set_groups(config, groups) &&
           hf_config_set_early_data(config, how->takes) &&
           (how->no_register || hf_config_set_strikes(config, &strikes)) &&
           hf_config_set_protocols(config, protocols) &&
           hf_config_set_ticket_keys(config, find_key, NULL) &&
           hf_config_set_clock(config, server_clock, NULL) &&
           hf_config_set_watch(config, watch, (void *)(uintptr_t)&role, false);
}

void set(unsigned n, const struct how *how)
{
    stage_clear(&stages[n]);
    assert_true(stage_set(&stages[n], SCENE_FULL, attack_certs()) &&
                set_client(stages[n].client, how) &&
                set_server(stages[n].server, how));
    strike = how->strike;
    later = how->later;
    claims = 0;
    said[0][0] = said[1][0] = '\0';
}

struct rogue_end *end_of(enum hf_role role)
{
    return &rogue.end[role];
}

struct hf_conn *conn_of(enum hf_role role)
{
    return rogue.end[role].conn;
}

/* The first meeting: what is in the pocket afterwards is good for @how. */
void meet(const struct how *how)
{
    pocket_empty();
    set(0, how);
    assert_true(rogue_begin(&rogue, &stages[0], "localhost", NULL));
    assert_true(rogue_run(&rogue));
    assert_int_equal(hf_conn_early(conn_of(HF_CLIENT)), HF_EARLY_NONE);
    assert_int_equal(hf_conn_early(conn_of(HF_SERVER)), HF_EARLY_NONE);
    rogue_end(&rogue);
    assert_true(pocket.len[1]);
}

const char request[] = "GET / HTTP/1.1\r\n\r\n";

/* The second: what the client says early goes as far as it goes. */
size_t begin(const struct how *how, rogue_edit_fn *edit)
{
    set(1, how);
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", edit));
    return rogue_early(&rogue, hf_span_text(request));
}

void states(enum hf_early client, enum hf_early server)
{
    assert_int_equal(hf_conn_early(conn_of(HF_CLIENT)), client);
    assert_int_equal(hf_conn_early(conn_of(HF_SERVER)), server);
}

void expect(enum hf_role who, unsigned code, const char *words)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect_words(&rogue, who, code, words);
    rogue_end(&rogue);
}

int close_meetings(void **state)
{
    stage_clear(&stages[0]);
    stage_clear(&stages[1]);
    return attack_close(state);
}
