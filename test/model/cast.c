/* cast.c - who plays in a scenario: see cast.h. */
#define HF_UNPOISONED
#include "cast.h"

#include "firm.h"

#include <stdio.h>
#include <string.h>

/* ---- what configs are made of --------------------------------------------------- */

static int64_t now(void *ctx)
{
    (void)ctx;
    return 1800000000;
}

/* One key for all tickets; who loses it opens none, who renews has a newer. */
static char loses[1], renews[1];

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    if (name && ctx == loses)
        return false;
    memset(out, 1, sizeof(*out));
    *newest = ctx != renews || !name;
    return true;
}

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct slot *slot = ctx;

    (void)key;
    (void)expires;
    if (slot->shut || session.len > SLOT_ROOM)
        return false;
    memcpy(slot->bytes, session.at, session.len);
    slot->len = session.len;
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    const struct slot *slot = ctx;

    (void)take;
    /* The session of the other version is none of this one's. */
    if (!key.len || (out && slot->len > cap))
        return 0;
    if (out)
        memcpy(out, slot->bytes, slot->len);
    return slot->len;
}

static bool set_sessions(struct hf_config *config, struct slot *slot,
                         char *ticket_keys)
{
    struct hf_sessions sessions = { slot, put, get };

    return hf_config_set_ticket_keys(config, find_key, ticket_keys) &&
           (!slot || hf_config_set_sessions(config, &sessions));
}

/* Nobody has been here before; or who knows? */
static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t at,
                            int64_t expires)
{
    (void)id;
    (void)at;
    (void)expires;
    return ctx ? HF_STRIKE_UNKNOWN : HF_STRIKE_NEW;
}

static bool set_early(struct hf_config *config, bool server, bool knows)
{
    struct hf_strikes strikes = { knows ? NULL : loses, claim };

    return hf_config_set_early_data(config, 4096) &&
           (!server || hf_config_set_strikes(config, &strikes));
}

/* The same identity to all, and the key to all but one. */
static bool set_key(struct hf_config *config, bool right)
{
    static const uint8_t name[] = "model", key[16] = { 1 }, other[16] = { 2 };
    struct hf_psk psk = { HF_SPAN(name), right ? HF_SPAN(key) : HF_SPAN(other),
                          HF_SHA256 };

    return hf_config_add_psk(config, &psk);
}

static struct hf_provider provider;

enum { SHOWS = 1, SHOWS_RSA = 2, STAPLED = 4 };

/* An OCSP response that says "try later": of the right form, and good for
 * nothing (RFC 6960 4.2.1). */
static const uint8_t staple[] = { 0x30, 3, 0x0a, 1, 3 };

static bool set_chain(struct hf_config *config, unsigned shows)
{
    return !shows ||
           (hf_config_add_chain(config, speak_chain(shows & SHOWS_RSA)) &&
            (!(shows & STAPLED) ||
             hf_config_add_staple(config, HF_SPAN(staple))));
}

/* RSA key transport with AES-128-GCM and AES-256-GCM; and what TLS 1.3 has. */
static bool set_suites(struct hf_config *config, bool rsa, bool tls13)
{
    static const uint16_t suites[] = { 0x1301, 0x009c, 0x009d, 0 };

    return !rsa || hf_config_set_suites(config, suites + !tls13);
}

static struct hf_config *make(unsigned is, unsigned min, unsigned max,
                              unsigned shows)
{
    static const uint16_t stored[] = { 1, 0 };
    struct hf_config *config = hf_config_new();
    unsigned asks = HF_ASK_CONFIG | HF_ASK_SIGN | HF_ASK_DECRYPT |
                    HF_ASK_VERIFY;

    if (config && hf_config_set_provider(config, &provider) &&
        hf_config_trust(config, speak_authority()) &&
        hf_config_set_clock(config, now, NULL) &&
        hf_config_set_versions(config, min, max) &&
        hf_config_set_questions(config, asks) &&
        set_suites(config, is & RSA, max == HF_TLS13) &&
        (!(is & STAPLES) || hf_config_ask_staple(config, true)) &&
        (!(is & PACKS) || hf_config_set_cert_compression(config, stored)) &&
        set_chain(config, shows))
        return config;
    if (config)
        printf("# a config: %s\n", hf_config_error(config)->detail);
    hf_config_free(config);
    return NULL;
}

/* The share that everybody has is X25519's; who knows P-256 alone asks for
 * another. */
static bool only_p256(struct hf_config *config)
{
    static const uint16_t one[] = { 23, 0 };

    return hf_config_set_groups(config, one);
}

static bool both_groups(struct hf_config *config)
{
    static const uint16_t both[] = { 29, 23, 0 }, one[] = { 29, 0 };

    return hf_config_set_groups(config, both) &&
           hf_config_set_shares(config, one);
}

static unsigned shown_by_server(unsigned is)
{
    return (is & RSA ? SHOWS_RSA : SHOWS) | (is & STAPLES ? STAPLED : 0);
}

/* ---- the victim --------------------------------------------------------------------- */

static bool set_server(struct hf_config *c, unsigned is)
{
    if (!(is & REMEMBERS) && !hf_config_set_tickets(c, 0))
        return false;
    return !(is & ASKS) || hf_config_set_client_auth(
                               c, is & REQUIRES ? HF_CLIENT_AUTH_REQUIRED
                                                : HF_CLIENT_AUTH_OPTIONAL);
}

static bool make_victim(struct cast *cast, unsigned is, struct hf_config **out)
{
    bool server = is & IS_SERVER;
    unsigned shows = server                 ? shown_by_server(is)
                     : is & HAS_CERTIFICATE ? SHOWS
                                            : 0;
    struct hf_config *c = make(is, is & KNOWS12 ? HF_TLS12 : HF_TLS13,
                               is & KNOWS13 ? HF_TLS13 : HF_TLS12, shows);
    char *keys = is & LOSES ? loses : is & RENEWS ? renews : NULL;

    *out = c;
    return c &&
           (!(is & REMEMBERS) ||
            set_sessions(c, server ? NULL : &cast->own, keys)) &&
           (!(is & EARLY) || set_early(c, server, !(is & FORGETFUL))) &&
           (!(is & HAS_KEY) || set_key(c, true)) &&
           (!(is & DEMANDS_KEY) || hf_config_require_psk(c, true)) &&
           (!server || set_server(c, is)) &&
           (is & RETRIES ? only_p256(c) : both_groups(c));
}

/* ---- the extras ---------------------------------------------------------------------- */

/* Who is needed, if the victim is all of the one and none of the other. */
struct part {
    enum say say;
    unsigned is, is_not;
    unsigned min, max;
    char *remembers; /* its ticket keys; NULL: no sessions */
};

static char finds[1]; /* no more than that they are found */

/* clang-format off */
static const struct part parts[] = {
    { SAY_HELLO13,         IS_SERVER, 0, HF_TLS13, HF_TLS13, finds },
    { SAY_HELLO_BOTH,      IS_SERVER, 0, HF_TLS12, HF_TLS13, finds },
    { SAY_HELLO_PSK,       IS_SERVER | REMEMBERS | KNOWS13, 0, HF_TLS13, HF_TLS13, finds },
    { SAY_HELLO_EARLY,     IS_SERVER | EARLY, 0, HF_TLS13, HF_TLS13, finds },
    { SAY_HELLO_KEY,       IS_SERVER | HAS_KEY, 0, HF_TLS13, HF_TLS13, finds },
    { SAY_HELLO_BAD_KEY,   IS_SERVER | HAS_KEY, 0, HF_TLS13, HF_TLS13, finds },
    { SAY_HELLO12,         IS_SERVER, 0, HF_TLS12, HF_TLS12, NULL },
    { SAY_HELLO_FALLBACK,  IS_SERVER | KNOWS12, 0, HF_TLS12, HF_TLS12, NULL },
    { SAY_HELLO_TICKET,    IS_SERVER | REMEMBERS | KNOWS12, 0, HF_TLS12, HF_TLS12, finds },
    { SAY_SERVER13,        KNOWS13, IS_SERVER, HF_TLS13, HF_TLS13, NULL },
    { SAY_SERVER_PSK,      KNOWS13 | HAS_PSK, IS_SERVER, HF_TLS13, HF_TLS13, finds },
    { SAY_SERVER_KEY,      KNOWS13 | HAS_KEY, IS_SERVER, HF_TLS13, HF_TLS13, NULL },
    { SAY_SERVER12,        KNOWS12, IS_SERVER, HF_TLS12, HF_TLS12, finds },
    { SAY_SERVER12_MARKED, KNOWS12, IS_SERVER, HF_TLS12, HF_TLS12, finds },
    { SAY_SERVER12_STATUS, KNOWS12 | STAPLES, IS_SERVER, HF_TLS12, HF_TLS12, finds },
    { SAY_SERVER_TICKET,   KNOWS12 | HAS_TICKET, IS_SERVER, HF_TLS12, HF_TLS12, finds },
    { SAY_SERVER_RENEWS,   KNOWS12 | HAS_TICKET, IS_SERVER, HF_TLS12, HF_TLS12, renews },
    { SAY_RETRY,           KNOWS13, IS_SERVER, HF_TLS13, HF_TLS13, NULL },
};
/* clang-format on */

/* What an extra is told of what the victim was told. */
static unsigned kind_of(const struct part *part, unsigned is)
{
    unsigned kind = is & (PACKS | STAPLES | RSA);

    if (!(is & IS_SERVER) && part->say != SAY_SERVER12_STATUS)
        kind &= ~(unsigned)STAPLES;
    return kind;
}

static bool set_part(struct cast *cast, const struct part *part,
                     struct hf_config *c)
{
    enum say say = part->say;
    bool server = !(cast->scenario->is & IS_SERVER);
    char *keys = part->remembers == renews ? renews : NULL;

    if (say == SAY_SERVER12 || say == SAY_SERVER12_MARKED ||
        say == SAY_SERVER12_STATUS)
        keys = loses;
    if (server && !part->remembers && !hf_config_set_tickets(c, 0))
        return false;
    if (part->remembers &&
        !set_sessions(c, server ? NULL : &cast->theirs[say], keys))
        return false;
    if ((say == SAY_HELLO_KEY || say == SAY_SERVER_KEY ||
         say == SAY_HELLO_BAD_KEY) &&
        !set_key(c, say != SAY_HELLO_BAD_KEY))
        return false;
    if ((say == SAY_HELLO_EARLY || say == SAY_SERVER_PSK) &&
        !set_early(c, server, true))
        return false;
    return say == SAY_RETRY ? only_p256(c) : both_groups(c);
}

static bool make_extras(struct cast *cast)
{
    unsigned is = cast->scenario->is;

    for (size_t i = 0; i < HF_COUNT(parts); i++) {
        const struct part *part = &parts[i];
        unsigned kind = kind_of(part, is);
        struct hf_config *c;

        if ((is & part->is) != part->is || is & part->is_not)
            continue;
        c = make(kind, part->min, part->max,
                 is & IS_SERVER ? SHOWS : shown_by_server(kind));
        cast->extra[part->say] = c;
        if (!c || !set_part(cast, part, c))
            return false;
    }
    return true;
}

/* ---- a rehearsal: two who will have met before ------------------------------------------ */

static bool carry(struct hf_conn *from, struct hf_conn *to)
{
    static uint8_t room[LINE_ROOM];
    struct hf_span out = hf_conn_outgoing(from), data;
    struct deeds deeds;

    if (!out.len || out.len > sizeof(room))
        return false;
    memcpy(room, out.at, out.len);
    hf_conn_sent(from, out.len);
    cast_give(to, room, out.len, &data, NULL, &deeds);
    return true;
}

static bool rehearse(struct hf_config *one, struct hf_config *two)
{
    struct hf_conn *client = hf_conn_new(one, HF_CLIENT, "localhost");
    struct hf_conn *server = hf_conn_new(two, HF_SERVER, NULL);
    struct hf_span data;
    struct deeds deeds;
    bool ok = client && server;

    if (ok)
        cast_give(client, NULL, 0, &data, NULL, &deeds);
    while (ok && (carry(client, server) || carry(server, client)))
        continue;
    ok = ok && hf_conn_ready(client) && hf_conn_ready(server);
    if (!ok && client && server)
        printf("# rehearsal: %s / %s\n", hf_conn_error(client)->detail,
               hf_conn_error(server)->detail);
    hf_conn_free(client);
    hf_conn_free(server);
    return ok;
}

/* After it, nothing more is remembered. */
static bool rehearse_all(struct cast *cast)
{
    static const enum say past[] = { SAY_HELLO_PSK, SAY_HELLO_EARLY,
                                     SAY_HELLO_TICKET, SAY_SERVER_PSK,
                                     SAY_SERVER_TICKET };
    bool ok = true;

    for (size_t i = 0; ok && i < HF_COUNT(past); i++) {
        struct hf_config *extra = cast->extra[past[i]];

        if (extra)
            ok = cast->scenario->is & IS_SERVER
                     ? rehearse(extra, cast->victim) &&
                           cast->theirs[past[i]].len
                     : rehearse(cast->victim, extra) && cast->own.len;
    }
    cast->own.shut = true;
    for (size_t i = 0; i < EXTRAS; i++)
        cast->theirs[i].shut = true;
    return ok;
}

/* Before plays begin: what a config allocates then is not the play's. */
static bool freeze_all(struct cast *cast)
{
    bool ok = hf_config_freeze(cast->victim) &&
              (!cast->second || hf_config_freeze(cast->second));

    for (size_t i = 0; i < EXTRAS; i++)
        ok = ok && (!cast->extra[i] || hf_config_freeze(cast->extra[i]));
    return ok;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* Who switches begins as somebody who would take anything. */
static bool make_victims(struct cast *cast)
{
    unsigned is = cast->scenario->is;

    if (!(is & SWITCHES))
        return make_victim(cast, is, &cast->victim);
    return make_victim(cast, IS_SERVER | KNOWS12 | KNOWS13, &cast->victim) &&
           make_victim(cast, is, &cast->second);
}

bool cast_open(struct cast *cast, const struct scenario *scenario, bool copies)
{
    memset(cast, 0, sizeof(*cast));
    cast->scenario = scenario;
    provider = firm_provider();
    if (copies)
        shelf_open();
    if (make_victims(cast) && make_extras(cast) && freeze_all(cast) &&
        rehearse_all(cast)) {
        shelf_set_stage();
        return true;
    }
    if (cast->victim && hf_config_error(cast->victim)->code)
        printf("# the victim: %s\n", hf_config_error(cast->victim)->detail);
    for (size_t i = 0; i < EXTRAS; i++)
        if (cast->extra[i] && hf_config_error(cast->extra[i])->code)
            printf("# %s: %s\n", say_name((enum say)i),
                   hf_config_error(cast->extra[i])->detail);
    return false;
}

/* What lies on the shelf just goes. */
bool cast_close(struct cast *cast)
{
    if (shelf_is_open()) {
        bool whole = shelf_stage_is_whole();

        if (!whole)
            printf("# a config that was frozen has changed\n");
        shelf_close();
        return whole;
    }
    hf_config_free(cast->victim);
    hf_config_free(cast->second);
    for (size_t i = 0; i < EXTRAS; i++)
        hf_config_free(cast->extra[i]);
    return true;
}
