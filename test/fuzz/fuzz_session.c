/* fuzz_session.c - kept sessions and tickets that somebody has changed.
 *
 * Two ends meet, keep what there is to keep, and meet again; in between, the
 * kept session is changed or replaced.  With the mild provider (mild.h) what is
 * sealed is in the clear and every tag is right, so whatever a store or a peer
 * could put there is read, as nobody could make it read in earnest.
 *
 *   byte 0   the way (below), and whether the rest is a list of changes (place
 *            16 bits, value 8 bits) or the whole session, name of the key and
 *            tag included
 *
 * Then: a session that cannot be used is no failure before anybody has
 * answered; both ends agree on whether it was resumed and on what became of
 * early data, which is what was sent or nothing; there is no bug, and nobody
 * waits for ever. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "handfast/engine.h"
#include "mild.h"

#include <string.h>

enum {
    TLS12 = 1 << 0,
    BY_ID = 1 << 1, /* TLS 1.2: the server has a cache and gives no tickets */
    WHOLE = 1 << 2, /* not a list of changes */
    BOTH = 1 << 3,  /* the client accepts both versions when it comes again */
    CHANGE_SERVERS = 1 << 4, /* by id: the server's, not the client's */
    EARLY = 1 << 5           /* TLS 1.3: early data is allowed, and sent */
};
enum { NAME_MAX_LEN = 64, TURNS = 64 };

static const char chain[] =
#include "mild_chain.inc"
    ;

/* One session, the last that was kept. */
struct place {
    uint8_t at[HF_SESSION_MAX];
    size_t len;
};
static struct place ours, theirs;

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct place *place = ctx;

    (void)expires;
    MUST(key.len <= NAME_MAX_LEN && session.len <= sizeof(place->at));
    memcpy(place->at, session.at, session.len);
    place->len = session.len;
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    const struct place *place = ctx;

    (void)key;
    (void)take;
    if (out && place->len > cap)
        return 0;
    if (out && place->len)
        memcpy(out, place->at, place->len);
    return place->len;
}

static int64_t now(void *ctx)
{
    (void)ctx;
    return 1800000000;
}

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    memset(out->name, 0, sizeof(out->name));
    memset(out->secret, 1, sizeof(out->secret));
    *newest = true;
    /* Whatever it is called. */
    if (name)
        memcpy(out->name, name, sizeof(out->name));
    return true;
}

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t when,
                            int64_t expires)
{
    (void)ctx;
    (void)id;
    MUST(expires - when >= 0 && expires - when <= 2 * HF_EARLY_WINDOW + 2);
    return HF_STRIKE_NEW;
}

static bool allow_early(struct hf_config *config)
{
    static const struct hf_strikes strikes = { NULL, claim };

    return hf_config_set_early_data(config, 100) &&
           hf_config_set_strikes(config, &strikes);
}

static struct hf_config *make_config(unsigned how, enum hf_role role)
{
    struct hf_sessions sessions = { role == HF_CLIENT ? &ours : &theirs, put,
                                    get };
    struct hf_config *config = hf_config_new();
    unsigned version = how & TLS12 ? HF_TLS12 : HF_TLS13;
    bool both = role == HF_CLIENT && how & BOTH;

    MUST(config && hf_config_set_provider(config, &mild_provider));
    MUST(hf_config_insecure_no_verify(config));
    MUST(hf_config_insecure_no_time_check(config));
    MUST(hf_config_set_clock(config, now, NULL));
    MUST(hf_config_set_questions(config, HF_ASK_SIGN));
    MUST(hf_config_set_versions(config, both ? HF_TLS12 : version,
                                both ? HF_TLS13 : version));
    MUST(hf_config_set_ticket_keys(config, find_key, NULL));
    if (role == HF_SERVER)
        MUST(hf_config_add_chain(
            config,
            (struct hf_span){ (const uint8_t *)chain, sizeof(chain) - 1 }));
    if (role == HF_CLIENT || how & BY_ID)
        MUST(hf_config_set_sessions(config, &sessions));
    if (role == HF_SERVER && how & BY_ID)
        MUST(hf_config_set_tickets(config, 0));
    if (how & EARLY)
        MUST(allow_early(config));
    MUST(hf_config_freeze(config));
    return config;
}

static void answer(struct hf_conn *conn)
{
    static const uint8_t signature[8] = { 0 };
    struct hf_answer a = { .signature = { signature, 8 }, .accept = true };

    MUST(hf_conn_answer(conn, &a));
}

static const char hurry[] = "before you ask";
static bool came; /* all of that, as early data */

static void give(struct hf_conn *to, uint8_t *bytes, size_t len)
{
    struct hf_span data;
    size_t at = 0, used;
    enum hf_outcome outcome;

    do {
        outcome = hf_conn_receive(to, bytes + at, len - at, &used, &data);
        at += used;
        MUST(outcome != HF_DATA); /* nobody sends any */
        if (outcome == HF_EARLY) {
            MUST(!came && data.len == sizeof(hurry) &&
                 memcmp(data.at, hurry, data.len) == 0);
            MUST(hf_conn_early(to) == HF_EARLY_ACCEPTED);
            came = true;
        }
        if (outcome == HF_ASKS)
            answer(to);
    } while (outcome == HF_ASKS || outcome == HF_READY || outcome == HF_EARLY);
}

/* What @from has said, to @to; false: nothing has moved. */
static bool carry(struct hf_conn *from, struct hf_conn *to)
{
    static uint8_t bytes[1 << 17];
    struct hf_span out = hf_conn_outgoing(from);
    size_t len = out.len;

    MUST(len <= sizeof(bytes));
    if (len)
        memcpy(bytes, out.at, len);
    hf_conn_sent(from, len);
    give(to, bytes, len);
    return len || hf_conn_outgoing(to).len;
}

/* Behind the hello, as much as may go: all of it or nothing. */
static void send_early(struct hf_conn *client, struct hf_conn *server)
{
    uint8_t room[100];
    size_t taken, len = 0;

    came = false;
    carry(client, server);
    if (hf_conn_early_left(client) >= sizeof(hurry))
        len = hf_conn_send_early(
            client, (struct hf_span){ (const uint8_t *)hurry, sizeof(hurry) },
            room, sizeof(room), &taken);
    if (len)
        give(server, room, len);
}

/* Once both are ready. */
static void agree_on_early(const struct hf_conn *client,
                           const struct hf_conn *server)
{
    enum hf_early c = hf_conn_early(client), s = hf_conn_early(server);

    MUST(c == s && c != HF_EARLY_OFFERED);
    MUST(!came || c == HF_EARLY_ACCEPTED);
}

enum meeting { FAILED, IN_FULL, RESUMED };

static enum meeting meet(unsigned how)
{
    struct hf_config *configs[] = { make_config(how, HF_CLIENT),
                                    make_config(how, HF_SERVER) };
    struct hf_conn *client = hf_conn_new(configs[0], HF_CLIENT, "localhost");
    struct hf_conn *server = hf_conn_new(configs[1], HF_SERVER, NULL);
    bool ready, resumed, more = true;

    MUST(client && server);
    carry(server, client);
    MUST(!hf_conn_error(client)->code);
    send_early(client, server);
    for (unsigned i = 0; more && i < TURNS; i++) {
        more = carry(client, server);
        more |= carry(server, client);
    }
    MUST(!more);
    ready = hf_conn_ready(client) && hf_conn_ready(server);
    MUST(ready || hf_conn_error(client)->code || hf_conn_error(server)->code);
    MUST(hf_conn_error(client)->code != HF_E_BUG &&
         hf_conn_error(server)->code != HF_E_BUG);
    resumed = hf_conn_resumed(client);
    MUST(!ready || resumed == hf_conn_resumed(server));
    if (ready)
        agree_on_early(client, server);
    hf_conn_free(client);
    hf_conn_free(server);
    hf_config_free(configs[0]);
    hf_config_free(configs[1]);
    return !ready ? FAILED : resumed ? RESUMED : IN_FULL;
}

static void change(struct place *place, unsigned how, const uint8_t *data,
                   size_t size)
{
    if (how & WHOLE) {
        place->len = size < sizeof(place->at) ? size : sizeof(place->at);
        if (place->len)
            memcpy(place->at, data, place->len);
        return;
    }
    for (; size >= 3; data += 3, size -= 3)
        place->at[((size_t)data[0] << 8 | data[1]) % place->len] = data[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned how;

    if (!size)
        return 0;
    how = data[0];
    if (!(how & TLS12)) /* which knows ids for nothing */
        how &= ~(unsigned)BY_ID;
    ours.len = theirs.len = 0;
    MUST(meet(how & (TLS12 | BY_ID | EARLY)) == IN_FULL);
    MUST(ours.len);
    change(how & CHANGE_SERVERS && theirs.len ? &theirs : &ours, how, data + 1,
           size - 1);
    if (meet(how) != RESUMED)
        MUST(how & WHOLE || size > 3);
    return 0;
}
