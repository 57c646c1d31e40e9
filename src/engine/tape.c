/* tape.c - see tape.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/tape.h"

#include "crypto/oracle.h"
#include "engine/taint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- streams of bytes that look random ---------------------------------------- */

static uint64_t streams[2];
static enum hf_role turn;

void tape_turn(enum hf_role role)
{
    turn = role;
}

void tape_rewind(enum hf_role role)
{
    streams[role] = UINT64_C(0x9e3779b97f4a7c15) + role;
}

static bool draw(void *self, void *out, size_t len)
{
    uint8_t *at = out;

    (void)self;
    for (size_t i = 0; i < len; i++) {
        uint64_t x = streams[turn] += UINT64_C(0x9e3779b97f4a7c15);

        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        at[i] = (uint8_t)(x >> 56);
    }
    return true;
}

/* What key shares are drawn from. */
bool __wrap_hf_libcrypto_random(void *self, void *out, size_t len);

bool __wrap_hf_libcrypto_random(void *self, void *out, size_t len)
{
    return draw(self, out, len);
}

/* Padding that is not random. */
static bool premaster_seal(void *self, const struct hf_public_key *key,
                           const uint8_t secret[HF_PREMASTER_LEN], uint8_t *out,
                           size_t cap, size_t *len, bool *fault)
{
    static struct oracle o;

    (void)self;
    *fault = !oracle_make(&o, 0, key, secret) || o.len > cap;
    if (*fault)
        return false;
    memcpy(out, o.bytes, o.len);
    *len = o.len;
    return true;
}

const struct hf_provider *tape_provider(void)
{
    static struct hf_provider provider;

    provider = hf_libcrypto;
    provider.random = draw;
    provider.premaster_seal = premaster_seal;
    return &provider;
}

/* ---- one side -------------------------------------------------------------------- */

static const char ping[] = "ping from the client", pong[] = "and the answer";
static const char hurry[] = "before you ask", soon[] = "before you are done";

static void put(struct tape *t, struct hf_span bytes)
{
    taint_leaves("what is said", bytes);
    assert_true(bytes.len <= sizeof(t->out) - t->out_len);
    hf_copy(t->out + t->out_len, bytes.at, bytes.len);
    t->out_len += bytes.len;
}

/* What it wants said goes out. */
static void collect(struct tape *t, struct hf_conn *conn, bool slow)
{
    struct hf_span out;

    while ((out = hf_conn_outgoing(conn)).len) {
        size_t n = slow ? 1 : out.len;

        put(t, hf_span_first(out, n));
        hf_conn_sent(conn, n);
    }
}

/* No room for a record: none is made, and no number is spent. */
static void say_nowhere(struct hf_conn *conn, const char *text)
{
    uint8_t room[5 + 16] = { 0 };
    size_t taken = 0;

    for (size_t cap = 0; cap <= sizeof(room); cap++) {
        assert_int_equal(
            hf_conn_send(conn, hf_span_text(text), room, cap, &taken), 0);
        assert_int_equal(taken, 0);
    }
}

static void say(struct tape *t, struct hf_conn *conn, const char *text,
                bool slow)
{
    uint8_t room[200], data[64];
    size_t taken, made, len = strlen(text);

    if (slow)
        say_nowhere(conn, text);
    memcpy(data, text, len);
    taint_secret(data, len);
    made = hf_conn_send(conn, hf_span(data, len), room, sizeof(room), &taken);
    put(t, hf_span(room, made));
    collect(t, conn, slow);
}

/* What the client says before anything else, if it may. */
static void say_early(struct tape *t, struct hf_conn *conn, bool slow)
{
    uint8_t room[200];
    size_t taken, made;

    if (t->role != HF_CLIENT || t->early_said)
        return;
    t->early_said = true;
    if (!hf_conn_early_left(conn))
        return;
    made = hf_conn_send_early(conn, hf_span_text(hurry), room, sizeof(room),
                              &taken);
    put(t, hf_span(room, made));
    collect(t, conn, slow);
}

/* What a server says to that, in front of everything else. */
static size_t ahead(const struct hf_conn *conn)
{
    return hf_conn_early(conn) == HF_EARLY_ACCEPTED ? sizeof(soon) - 1 : 0;
}

static void hear_early(struct tape *t, struct hf_span data)
{
    assert_true(data.len <= sizeof(t->early) - t->early_len);
    hf_copy(t->early + t->early_len, data.at, data.len);
    t->early_len += data.len;
}

static void hear(struct tape *t, struct hf_span data)
{
    assert_true(data.len <= sizeof(t->got) - t->got_len);
    hf_copy(t->got + t->got_len, data.at, data.len);
    t->got_len += data.len;
}

/* Each side's part: what it does when something has happened. */
static void act(struct tape *t, struct hf_conn *conn, enum hf_outcome outcome,
                struct hf_span data, bool slow)
{
    bool client = t->role == HF_CLIENT;

    collect(t, conn, slow);
    say_early(t, conn, slow);
    if (outcome == HF_EARLY) {
        hear_early(t, data);
        say(t, conn, soon, slow);
    } else if (outcome == HF_READY) {
        t->ready = true;
        t->exported = hf_conn_export(conn, "EXPORTER-tape", hf_span(NULL, 0),
                                     t->secret, sizeof(t->secret));
        if (t->exported)
            taint_given("what is exported", HF_SPAN(t->secret));
        else
            memset(t->secret, 0, sizeof(t->secret));
        if (client)
            say(t, conn, ping, slow);
    } else if (outcome == HF_DATA) {
        hear(t, data);
        if (!client && t->got_len == sizeof(ping) - 1)
            say(t, conn, pong, slow);
        if (client && t->got_len == ahead(conn) + sizeof(pong) - 1) {
            hf_conn_update_keys(conn, true);
            collect(t, conn, slow);
            say(t, conn, ping, slow);
            hf_conn_close(conn);
        }
    } else if (outcome == HF_CLOSED) {
        t->closed = true;
        hf_conn_close(conn);
    }
    collect(t, conn, slow);
}

/* Give it the bytes up to @end as far as it takes them; false: it is over. */
static bool give(struct tape *t, struct hf_conn *conn, uint8_t *bytes,
                 size_t *at, size_t end, bool slow)
{
    enum hf_outcome outcome;
    struct hf_span data;
    size_t used;

    do {
        size_t before = *at;

        outcome = hf_conn_receive(conn, bytes + *at, end - *at, &used, &data);
        assert_true(used <= end - *at);
        *at += used;
        act(t, conn, outcome, data, slow);
        /* It goes on, or has told something, or is over. */
        assert_true(*at != before ||
                    (outcome != HF_DATA && outcome != HF_EARLY));
        if (outcome == HF_FAILED || outcome == HF_CLOSED)
            return false;
        if (outcome == HF_ASKS)
            assert_true(act_answer(t->act, conn));
    } while (outcome != HF_NEED_BYTES);
    return true;
}

static void finish(struct tape *t, struct hf_conn *conn, bool eof)
{
    if (eof) {
        enum hf_outcome outcome = hf_conn_eof(conn);

        assert_int_equal(outcome, t->closed ? HF_CLOSED : HF_FAILED);
        collect(t, conn, false);
    }
    t->error = *hf_conn_error(conn);
    taint_leaves("what went wrong", hf_span_text(t->error.detail));
    hf_conn_free(conn);
}

static struct hf_conn *begin(const struct tape *tape, struct tape *out)
{
    struct hf_conn *conn;

    memset(out, 0, sizeof(*out));
    out->role = tape->role;
    out->config = tape->config;
    out->act = tape->act;
    if (tape->encore)
        encore_rewind(tape->encore);
    if (tape->act)
        act_rewind(tape->act);
    tape_rewind(tape->role);
    tape_turn(tape->role);
    conn = hf_conn_new(tape->config, tape->role,
                       tape->role == HF_CLIENT ? "localhost" : NULL);
    if (conn)
        taint_watch(conn);
    return conn;
}

void tape_play(const struct tape *tape, const struct tape_play *how,
               struct tape *out)
{
    static uint8_t bytes[TAPE_MAX];
    struct hf_conn *conn = begin(tape, out);
    size_t at = 0, end = 0, cut = 0;
    bool more;

    if (!conn) {
        out->error.code = HF_E_OUT_OF_MEMORY;
        return;
    }
    assert_true(how->in.len <= sizeof(bytes));
    hf_copy(bytes, how->in.at, how->in.len);
    more = give(out, conn, bytes, &at, 0, how->slow);
    while (more && end < how->in.len) {
        if (how->chunk)
            end = how->in.len - end < how->chunk ? how->in.len
                                                 : end + how->chunk;
        else
            end = cut < how->count ? how->cuts[cut++] : how->in.len;
        more = give(out, conn, bytes, &at, end, how->slow);
    }
    finish(out, conn, how->eof);
}

/* ---- recording ------------------------------------------------------------------------ */

/* One turn of @t: what the other has said meanwhile is what it hears. */
static bool take_turn(struct tape *t, struct hf_conn *conn, size_t *at,
                      const struct tape *other)
{
    static uint8_t bytes[TAPE_MAX];
    size_t before = t->out_len, from = *at;

    tape_turn(t->role);
    t->in_len = other->out_len;
    memcpy(t->in, other->out, other->out_len);
    memcpy(bytes, t->in, t->in_len);
    give(t, conn, bytes, at, t->in_len, false);
    return t->out_len != before || *at != from;
}

static struct duet_certs certs; /* made for the first tape */

void tape_clear(void)
{
    duet_certs_free(&certs);
    memset(&certs, 0, sizeof(certs));
}

/* From the first hello to the end. */
static bool record(const struct stage *stage, struct encore *encore,
                   struct act *act, struct tape *client, struct tape *server)
{
    struct tape seed[2] = {
        { .role = HF_CLIENT, .encore = encore, .act = act },
        { .role = HF_SERVER, .encore = encore, .act = act }
    };
    struct hf_conn *c, *s;
    size_t c_at = 0, s_at = 0;

    seed[0].config = stage->client;
    seed[1].config = stage->server;
    s = begin(&seed[1], server);
    c = begin(&seed[0], client);
    while (take_turn(client, c, &c_at, server) ||
           take_turn(server, s, &s_at, client))
        continue;
    client->resumed = hf_conn_resumed(c);
    finish(client, c, false);
    finish(server, s, false);
    client->encore = server->encore = encore;
    client->act = server->act = act;
    return client->ready && server->ready && client->closed && server->closed &&
           !memcmp(client->secret, server->secret, sizeof(client->secret));
}

static bool have_certs(void)
{
    tape_rewind(HF_CLIENT);
    tape_turn(HF_CLIENT);
    return certs.ca || duet_certs_make(&certs, "ed25519");
}

bool tape_record(enum scene scene, const struct hf_provider *provider,
                 struct stage *stage, struct tape *client, struct tape *server)
{
    return have_certs() && stage_set_with(stage, scene, &certs, provider) &&
           record(stage, NULL, NULL, client, server);
}

bool tape_record_again(enum way way, enum hf_strike strike,
                       const struct hf_provider *provider,
                       struct encore *encore, struct tape *client,
                       struct tape *server)
{
    bool taken = way == WITH_EARLY_DATA && strike == HF_STRIKE_NEW, met;

    if (!have_certs() ||
        !encore_set(encore, way, SCENE_CLIENT_CERT, &certs, provider))
        return false;
    taint_shared(true); /* with the man in the middle */
    met = encore_meet(encore);
    taint_shared(false);
    if (!met)
        return false;
    encore->strike = strike;
    return record(&encore->stage, encore, NULL, client, server) &&
           client->resumed &&
           server->early_len == (taken ? sizeof(hurry) - 1 : 0);
}

bool tape_record_act(enum act_kind kind, const struct hf_provider *provider,
                     struct act *act, struct tape *client, struct tape *server)
{
    tape_rewind(HF_CLIENT);
    tape_turn(HF_CLIENT);
    /* The first one makes what a config makes once: ticket keys, chains. */
    return act_set(act, kind, provider) &&
           record(&act->stage, NULL, act, client, server) &&
           record(&act->stage, NULL, act, client, server);
}

bool tapes_record(struct tapes *tapes, const struct hf_provider *provider)
{
    struct tape *at = tapes->at;

    for (unsigned i = 0; i < SCENES; i++, at += 2)
        if (!tape_record(i, provider, &tapes->stages[i], at, at + 1))
            return false;
    for (unsigned i = 0; i < ENCORES; i++, at += 2)
        if (!tape_record_again(i < WAYS ? i : WITH_EARLY_DATA,
                               i < WAYS ? HF_STRIKE_NEW : HF_STRIKE_SEEN,
                               provider, &tapes->encores[i], at, at + 1))
            return false;
    for (unsigned i = 0; i < ACTS; i++, at += 2)
        if (!tape_record_act(i, provider, &tapes->acts[i], at, at + 1))
            return false;
    return true;
}

const char *tape_name(size_t i)
{
    i /= 2;
    if (i < SCENES)
        return scene_name((enum scene)i);
    i -= SCENES;
    if (i < WAYS)
        return way_name((enum way)i);
    return i == WAYS ? "early data that is not taken"
                     : act_name((enum act_kind)(i - ENCORES));
}

static bool says(const char *name)
{
    const char *value = getenv(name);

    return value && *value;
}

bool tape_soaks(void)
{
    return says("HF_SOAK");
}

size_t tape_stride(size_t i, size_t others, size_t wrapped)
{
    if (says("HF_WRAP"))
        return wrapped;
    return i < TAPES_MET || tape_soaks() ? 1 : others;
}

void tapes_erase(struct tapes *tapes)
{
    for (unsigned i = 0; i < SCENES; i++)
        stage_clear(&tapes->stages[i]);
    for (unsigned i = 0; i < ENCORES; i++)
        encore_clear(&tapes->encores[i]);
    for (unsigned i = 0; i < ACTS; i++)
        act_clear(&tapes->acts[i]);
    acts_forget();
    tape_clear();
}

bool tape_same(const struct tape *a, const struct tape *b)
{
    return a->out_len == b->out_len && !memcmp(a->out, b->out, a->out_len) &&
           a->got_len == b->got_len && !memcmp(a->got, b->got, a->got_len) &&
           a->early_len == b->early_len &&
           !memcmp(a->early, b->early, a->early_len) && a->ready == b->ready &&
           a->closed == b->closed && a->exported == b->exported &&
           a->error.code == b->error.code &&
           !memcmp(a->secret, b->secret, sizeof(a->secret));
}
