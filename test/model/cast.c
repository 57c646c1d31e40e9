/* cast.c - see cast.h. */
#define HF_UNPOISONED
#include "cast.h"

#include "firm.h"

#include <stdio.h>
#include <string.h>

static const char chain[] =
#include "../fuzz/mild_chain.inc"
    ;

/* ---- configs ----------------------------------------------------------------------- */

static int64_t now(void *ctx)
{
    (void)ctx;
    return 1800000000;
}

static int forgets[1];

/* One key for all tickets; who forgets opens none. */
static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    if (name && ctx == forgets)
        return false;
    memset(out, 1, sizeof(*out));
    *newest = true;
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
    struct hf_span wanted = { slot->bytes, slot->len };

    (void)take;
    /* The session of the other version is none of this one's. */
    if (!key.len || (out && wanted.len > cap))
        return 0;
    if (out)
        memcpy(out, wanted.at, wanted.len);
    return wanted.len;
}

static bool set_sessions(struct hf_config *config, struct slot *slot,
                         bool opens)
{
    struct hf_sessions sessions = { slot, put, get };

    return hf_config_set_ticket_keys(config, find_key,
                                     opens ? NULL : forgets) &&
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
    struct hf_strikes strikes = { knows ? NULL : forgets, claim };

    return hf_config_set_early_data(config, 4096) &&
           (!server || hf_config_set_strikes(config, &strikes));
}

static struct hf_provider provider;

static struct hf_config *make(unsigned min, unsigned max, bool shows)
{
    struct hf_config *config = hf_config_new();
    struct hf_span text = { (const uint8_t *)chain, sizeof(chain) - 1 };

    if (config && hf_config_set_provider(config, &provider) &&
        hf_config_insecure_no_verify(config) &&
        hf_config_insecure_no_time_check(config) &&
        hf_config_set_clock(config, now, NULL) &&
        hf_config_set_versions(config, min, max) &&
        hf_config_set_questions(config, HF_ASK_SIGN) &&
        (!shows || hf_config_add_chain(config, text)))
        return config;
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

static bool make_victim(struct cast *cast)
{
    unsigned is = cast->scenario->is;
    bool server = is & IS_SERVER;
    struct hf_config *c = make(is & KNOWS12 ? HF_TLS12 : HF_TLS13,
                               is & KNOWS13 ? HF_TLS13 : HF_TLS12,
                               is & (IS_SERVER | HAS_CERTIFICATE));

    cast->victim = c;
    if (!c ||
        (is & REMEMBERS && !set_sessions(c, server ? NULL : &cast->own, true)))
        return false;
    if (is & EARLY && !set_early(c, server, !(is & FORGETFUL)))
        return false;
    if (server && !(is & REMEMBERS) && !hf_config_set_tickets(c, 0))
        return false;
    if (is & ASKS &&
        !hf_config_set_client_auth(c, is & REQUIRES ? HF_CLIENT_AUTH_REQUIRED
                                                    : HF_CLIENT_AUTH_OPTIONAL))
        return false;
    return is & RETRIES ? only_p256(c) : both_groups(c);
}

static bool add_client(struct cast *cast, enum say say, unsigned version,
                       bool remembers)
{
    struct hf_config *c = make(version, version, true);

    cast->extra[say] = c;
    return c && both_groups(c) &&
           (say != SAY_HELLO_EARLY || set_early(c, false, true)) &&
           (!remembers || set_sessions(c, &cast->theirs[say], true));
}

static bool add_server(struct cast *cast, enum say say, unsigned version,
                       bool remembers)
{
    struct hf_config *c = make(version, version, true);

    cast->extra[say] = c;
    return c && (say == SAY_RETRY ? only_p256(c) : both_groups(c)) &&
           (say != SAY_SERVER_PSK || set_early(c, true, true)) &&
           (remembers ? set_sessions(c, NULL, say != SAY_SERVER12)
                      : hf_config_set_tickets(c, 0));
}

static bool make_extras(struct cast *cast)
{
    unsigned is = cast->scenario->is;

    if (is & IS_SERVER)
        return add_client(cast, SAY_HELLO13, HF_TLS13, true) &&
               add_client(cast, SAY_HELLO12, HF_TLS12, false) &&
               (!(is & REMEMBERS) || !(is & KNOWS13) ||
                add_client(cast, SAY_HELLO_PSK, HF_TLS13, true)) &&
               (!(is & EARLY) ||
                add_client(cast, SAY_HELLO_EARLY, HF_TLS13, true)) &&
               (!(is & REMEMBERS) || !(is & KNOWS12) ||
                add_client(cast, SAY_HELLO_TICKET, HF_TLS12, true));
    return (!(is & KNOWS13) ||
            (add_server(cast, SAY_SERVER13, HF_TLS13, false) &&
             add_server(cast, SAY_RETRY, HF_TLS13, false))) &&
           (!(is & KNOWS12) ||
            add_server(cast, SAY_SERVER12, HF_TLS12, is & REMEMBERS)) &&
           (!(is & HAS_PSK) ||
            add_server(cast, SAY_SERVER_PSK, HF_TLS13, true)) &&
           (!(is & HAS_TICKET) ||
            add_server(cast, SAY_SERVER_TICKET, HF_TLS12, true));
}

/* ---- a rehearsal: two who will have met before ------------------------------------------ */

static const uint8_t signature[8];

static enum hf_outcome give(struct hf_conn *to, uint8_t *bytes, size_t len,
                            struct hf_span *data)
{
    struct hf_answer answer = { .signature = HF_SPAN(signature) };
    enum hf_outcome outcome, told = HF_NEED_BYTES;
    size_t at = 0, used;

    do {
        outcome = hf_conn_receive(to, bytes + at, len - at, &used, data);
        at += used;
        if (outcome == HF_ASKS && !hf_conn_answer(to, &answer))
            return HF_FAILED;
        if (outcome != HF_NEED_BYTES && outcome != HF_ASKS)
            told = outcome;
    } while (outcome == HF_ASKS || outcome == HF_READY || (used && at < len));
    return told;
}

/* Everything that @from has to say, to @to. */
static bool carry(struct hf_conn *from, struct hf_conn *to)
{
    static uint8_t room[LINE_ROOM];
    struct hf_span out = hf_conn_outgoing(from), data;

    if (!out.len || out.len > sizeof(room))
        return false;
    memcpy(room, out.at, out.len);
    hf_conn_sent(from, out.len);
    give(to, room, out.len, &data);
    return true;
}

static bool rehearse(struct hf_config *one, struct hf_config *two)
{
    struct hf_conn *client = hf_conn_new(one, HF_CLIENT, "localhost");
    struct hf_conn *server = hf_conn_new(two, HF_SERVER, NULL);
    struct hf_span data;
    bool ok = client && server;

    if (ok)
        give(client, NULL, 0, &data);
    while (ok && (carry(client, server) || carry(server, client)))
        continue;
    ok = ok && hf_conn_ready(client) && hf_conn_ready(server);
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

bool cast_open(struct cast *cast, const struct scenario *scenario)
{
    memset(cast, 0, sizeof(*cast));
    cast->scenario = scenario;
    provider = firm_provider();
    if (make_victim(cast) && make_extras(cast) && rehearse_all(cast))
        return true;
    for (size_t i = 0; i < EXTRAS; i++)
        if (cast->extra[i] && hf_config_error(cast->extra[i])->code)
            printf("# %s: %s\n", say_name((enum say)i),
                   hf_config_error(cast->extra[i])->detail);
    return false;
}

void cast_close(struct cast *cast)
{
    hf_config_free(cast->victim);
    for (size_t i = 0; i < EXTRAS; i++)
        hf_config_free(cast->extra[i]);
}

static size_t number_at(const uint8_t *at, size_t width)
{
    size_t number = 0;

    while (width--)
        number = number << 8 | *at++;
    return number;
}

/* ---- what the victim says ------------------------------------------------------------------- */

static void note(struct verdict *v, const char *word)
{
    size_t len = strlen(v->spoken);

    snprintf(v->spoken + len, sizeof(v->spoken) - len, "%s%s", len ? " " : "",
             word);
}

static const char *word_of(struct hf_span message)
{
    switch (message.at[0]) {
    case HF_CLIENT_HELLO: return "CH";
    case HF_SERVER_HELLO:
        return hf_wire_server_hello_place(hf_span_after(message, 4)) == HF_HRR
                   ? "HRR"
                   : "SH";
    case HF_NEW_SESSION_TICKET: return "NST";
    case HF_END_OF_EARLY_DATA: return "EOED";
    case HF_ENCRYPTED_EXTENSIONS: return "EE";
    case HF_CERTIFICATE: return "CERT";
    case HF_SERVER_KEY_EXCHANGE: return "SKE";
    case HF_CERTIFICATE_REQUEST: return "CR";
    case HF_SERVER_HELLO_DONE: return "SHD";
    case HF_CERTIFICATE_VERIFY: return "CV";
    case HF_CLIENT_KEY_EXCHANGE: return "CKE";
    case HF_FINISHED: return "FIN";
    case HF_KEY_UPDATE: return "KU";
    default: return "?";
    }
}

static void keep(uint8_t *room, size_t *len, struct hf_span record)
{
    if (record.len <= LINE_ROOM) {
        memcpy(room, record.at, record.len);
        *len = record.len;
    }
}

/* All messages of one record that was opened. */
static void note_messages(struct play *p, struct hf_span inside,
                          struct hf_span record, struct verdict *v)
{
    while (inside.len >= 4) {
        size_t len = 4 + number_at(inside.at + 1, 3);
        const char *word = word_of(inside);

        note(v, word);
        if (!strcmp(word, "CH") && !p->hello_len)
            keep(p->hello, &p->hello_len, record);
        else if (!strcmp(word, "CH"))
            keep(p->retry, &p->retry_len, record);
        else if (!strcmp(word, "HRR"))
            keep(p->retry, &p->retry_len, record);
        inside = hf_span_after(inside, len < inside.len ? len : inside.len);
    }
}

/* What is inside a record of the mild provider's: all of it but the nonce, the
 * tag, and TLS 1.3's type. */
static struct hf_span inside(const struct play *p, struct hf_span record,
                             uint8_t *type)
{
    struct hf_span body = hf_span_after(record, 5);

    *type = record.at[0];
    if (p->out12) {
        body = hf_span_after(body, 8);
        body.len -= HF_TAG_LEN;
    } else if (*type == HF_CONTENT_DATA) {
        body.len -= HF_TAG_LEN + 1;
        *type = body.at[body.len];
    }
    return body;
}

static void listen(struct play *p, struct verdict *v)
{
    struct hf_span out = hf_conn_outgoing(p->victim);
    size_t all = out.len;

    while (out.len) {
        struct hf_span record = { out.at, 5 + number_at(out.at + 3, 2) };
        char alert[16];
        uint8_t type;
        struct hf_span body = inside(p, record, &type);

        if (type == HF_CONTENT_HANDSHAKE) {
            note_messages(p, body, record, v);
        } else if (type == HF_CONTENT_ALERT) {
            snprintf(alert, sizeof(alert), "alert%u", body.at[1]);
            note(v, alert);
        } else {
            note(v, type == HF_CONTENT_CCS ? "CCS" : "DATA");
            p->out12 |= hf_conn_version(p->victim) == HF_TLS12;
        }
        out = hf_span_after(out, record.len);
    }
    hf_conn_sent(p->victim, all);
}

static void hear(struct play *p, uint8_t *bytes, size_t len, struct verdict *v)
{
    struct hf_span data = { NULL, 0 };
    enum hf_outcome outcome = give(p->victim, bytes, len, &data);

    memset(v, 0, sizeof(*v));
    listen(p, v);
    v->failed = outcome == HF_FAILED;
    v->closed = outcome == HF_CLOSED;
    v->data = outcome == HF_DATA && data.len;
    v->early = outcome == HF_EARLY && data.len;
    v->ready = !v->failed && hf_conn_ready(p->victim);
}

/* ---- one run ------------------------------------------------------------------------------------ */

bool play_begin(struct play *p, struct cast *cast, struct verdict *first)
{
    enum hf_role role = cast->scenario->is & IS_SERVER ? HF_SERVER : HF_CLIENT;

    memset(p, 0, sizeof(*p));
    p->cast = cast;
    p->victim = hf_conn_new(cast->victim, role,
                            role == HF_CLIENT ? "localhost" : NULL);
    if (!p->victim)
        return false;
    hear(p, NULL, 0, first);
    return true;
}

void play_end(struct play *p)
{
    hf_conn_free(p->victim);
    for (size_t i = 0; i < EXTRAS; i++)
        hf_conn_free(p->extra[i]);
}

/* An extra that has heard what it has to hear; its hello is what it says
 * next. */
static struct hf_conn *call(struct play *p, enum say say)
{
    bool client = p->cast->scenario->is & IS_SERVER;
    uint8_t room[LINE_ROOM];
    struct hf_conn **extra = &p->extra[say];
    struct hf_span data;

    if (!*extra) {
        *extra = hf_conn_new(p->cast->extra[say],
                             client ? HF_CLIENT : HF_SERVER,
                             client ? "localhost" : NULL);
        if (!*extra)
            return NULL;
        memcpy(room, p->hello, p->hello_len);
        give(*extra, room, p->hello_len, &data);
    }
    return *extra;
}

/* The extra goes on after the retry that it, or its victim, asked for. */
static void go_on(struct play *p, struct hf_conn *extra)
{
    uint8_t room[LINE_ROOM];
    struct hf_span data;

    hf_conn_sent(extra, hf_conn_outgoing(extra).len);
    memcpy(room, p->retry, p->retry_len);
    give(extra, room, p->retry_len, &data);
}

/* Skip TLS 1.3's ChangeCipherSpec; the first record of handshake. */
static struct hf_span first_hello(struct hf_conn *extra)
{
    struct hf_span out = hf_conn_outgoing(extra);

    while (out.len && out.at[0] != HF_CONTENT_HANDSHAKE)
        out = hf_span_after(out, 5 + number_at(out.at + 3, 2));
    if (!out.len)
        return out;
    return hf_span(out.at, 5 + number_at(out.at + 3, 2));
}

bool play_can(const struct play *p, enum say say)
{
    return (unsigned)say >= EXTRAS || p->cast->extra[say];
}

/* Once a retry was asked for, its asker alone says ServerHello of TLS 1.3, and
 * clients of TLS 1.3 say their second hello. */
static struct hf_span hello_of(struct play *p, enum say say)
{
    bool server = p->cast->scenario->is & IS_SERVER;
    bool tls13 = say == SAY_HELLO13 || say == SAY_HELLO_PSK ||
                 say == SAY_HELLO_EARLY;
    bool again = p->retry_len && (tls13 || say == SAY_SERVER13);
    enum say who = again && !server ? SAY_RETRY : say;
    struct hf_conn *extra = call(p, who);

    if (!extra)
        return hf_span(NULL, 0);
    if (again && !(p->went_on >> who & 1)) {
        p->went_on |= 1u << who;
        go_on(p, extra);
    }
    return first_hello(extra);
}

size_t play_write(struct play *p, enum say say, uint8_t *out, size_t cap,
                  uint8_t *type)
{
    struct hf_span hello;

    if ((unsigned)say >= EXTRAS)
        return speak_message(p, say, out, cap, type);
    hello = hf_span_after(hello_of(p, say), 5);
    if (!hello.len || hello.len > cap)
        return 0;
    *type = HF_CONTENT_HANDSHAKE;
    memcpy(out, hello.at, hello.len);
    return hello.len;
}

/* Sealed as the victim would open it. */
bool play_deliver(struct play *p, uint8_t type, struct hf_span bytes,
                  bool in_the_clear, struct verdict *out)
{
    uint8_t record[LINE_ROOM + HF_RECORD_OVERHEAD];
    struct hf_direction to = p->victim->session.in;
    struct hf_error error = { .code = HF_OK };
    size_t len;

    if (in_the_clear || (type == HF_CONTENT_CCS && !to.tls12))
        hf_direction_wipe(&to);
    len = bytes.len > LINE_ROOM
              ? 0
              : hf_record_seal(&to, type, 0x0303, bytes, record, &error);
    hear(p, record, len, out);
    return len != 0;
}

bool play_say(struct play *p, enum say say, struct verdict *out)
{
    uint8_t bytes[LINE_ROOM], type = 0;
    size_t len = play_write(p, say, bytes, sizeof(bytes), &type);

    return len && play_deliver(p, type, hf_span(bytes, len), false, out);
}
