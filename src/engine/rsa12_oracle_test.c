/* rsa12_oracle_test.c - row C7 of the attack list: whatever is wrong with the
 * premaster secret in a ClientKeyExchange, the server does the same.
 *
 * A client's ClientKeyExchange is replaced on the way by each of the malformed
 * ones of oracle.c; its ChangeCipherSpec and Finished follow as they are.  Then
 * all that can be seen of the server is compared with what is seen when the
 * secret is well formed and merely not the client's: what it says, when it
 * says so, its error in every field, its events word for word, the lines of
 * its key log, its allocations and libcrypto's.
 *
 * The same again with a key that lives elsewhere (HF_ASK_DECRYPT), where more
 * can be wrong: the answer. */
#define HF_UNPOISONED
#include "crypto/oracle.h"
#include "engine/conn.h"
#include "engine/flaky.h"
#include "engine/scene.h"

#include <openssl/crypto.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TRACE_MAX = 16384 };

static struct stage stage;
static struct hf_config *asks; /* as stage.server, without the key */
static struct duet_certs certs;
static struct duet_wire to_server, to_client;
static uint8_t got[DUET_WIRE];

/* ---- what can be seen of a server ------------------------------------------------------ */

struct seen {
    char trace[TRACE_MAX]; /* events, key log lines, outcomes, bytes */
    size_t len;
    size_t blocks;    /* allocations of the library */
    size_t libcrypto; /* and of libcrypto */
    struct hf_error error;
};

static struct seen *watching; /* NULL: what passes is not noted */
static size_t libcrypto_calls;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    va_list args;
    int n;

    if (!watching)
        return;
    va_start(args, format);
    n = vsnprintf(watching->trace + watching->len, TRACE_MAX - watching->len,
                  format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < TRACE_MAX - watching->len);
    watching->len += (size_t)n;
}

/* All of an event.  What is in a message of the client's is not the server's
 * doing; the value of a secret may differ, and does. */
static void on_event(void *ctx, const struct hf_event *e)
{
    bool theirs = e->kind == HF_EVENT_MESSAGE && !e->sent;

    (void)ctx;
    note("%u %u %d %d %u %u %u %u %zu | %s | %s | %s | %s | %u\n", e->kind,
         e->id, e->ok, e->sent, e->record, e->epoch, e->message, e->version,
         theirs ? 0 : e->bytes.len, e->subject, e->inputs, e->verdict,
         e->instead, e->error ? e->error->code : 0);
}

static void on_line(void *ctx, const char *line)
{
    (void)ctx;
    note("log %.14s %zu\n", line, strlen(line));
}

/* libcrypto's memory, counted. */
static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    libcrypto_calls++;
    return malloc(size);
}

static void *retake(void *p, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    libcrypto_calls++;
    return realloc(p, size);
}

static void give(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* ---- one handshake ------------------------------------------------------------------------ */

/* What somebody may make of the question. */
enum answer {
    RIGHT,
    NOTHING,
    ONE_BYTE,
    TOO_SHORT,
    TOO_LONG,
    FAR_TOO_LONG,
    ZEROES,
    ITSELF,
    WITHOUT_PADDING,
    ANSWERS
};

/* What the key makes of it; and what somebody hands on. */
static void answer(struct hf_conn *conn, enum answer how)
{
    static uint8_t room[70000];
    const struct hf_keypair *pair = &stage.server->settings.keypairs[0];
    const struct hf_crypto *c = &stage.server->settings.crypto;
    const struct hf_question q = hf_conn_question(conn);
    struct hf_answer a = { .opened = hf_span(room, q.message.len) };

    assert_int_equal(q.kind, HF_ASK_DECRYPT);
    assert_int_equal(q.chain, 0);
    assert_int_equal(q.message.len, 256);
    memset(room, 0, sizeof(room));
    assert_true(c->provider->key_raise(c->self, pair->key, q.message, room));
    if (how == ITSELF)
        a.opened = q.message;
    else if (how == ZEROES)
        memset(room, 0, q.message.len);
    else if (how == WITHOUT_PADDING)
        a.opened = hf_span(room + q.message.len - 48, 48);
    else if (how != RIGHT)
        a.opened.len = how == NOTHING     ? 0
                       : how == ONE_BYTE  ? 1
                       : how == TOO_SHORT ? q.message.len - 1
                       : how == TOO_LONG  ? q.message.len + 1
                                          : sizeof(room);
    note("asked %u %zu\n", q.kind, q.message.len);
    assert_true(hf_conn_answer(conn, &a));
}

struct play {
    const struct oracle *instead; /* NULL: the client's own */
    size_t chunk;                 /* bytes per call; 0: a record */
    bool old_master;              /* without extended_master_secret */
    uint16_t version;             /* what the hello seems to offer; 0: as is */
    bool elsewhere;               /* the server has no key, but asks */
    enum answer answer;           /* ... and is answered so */
};

static enum hf_outcome take_all(struct hf_conn *to, struct duet_wire *from,
                                size_t chunk)
{
    size_t len = 0;

    return duet_take(to, from, chunk, got, &len);
}

/* The extension becomes another that nobody knows. */
static void hide_extended_master(struct duet_wire *w)
{
    for (size_t at = w->len - 4; at > 40; at--)
        if (!memcmp(w->bytes + at, "\x00\x17\x00\x00", 4)) {
            memcpy(w->bytes + at, "\x5a\x17", 2);
            return;
        }
    fail_msg("no extended_master_secret");
}

/* The first record on the wire is the ClientKeyExchange. */
static void replace(struct duet_wire *w, const struct oracle *o)
{
    const size_t old = 5 + hf_number(w->bytes + 3, 2);
    const size_t body = 2 + o->len, fresh = 5 + 4 + body;

    assert_int_equal(w->bytes[0], HF_CONTENT_HANDSHAKE);
    assert_int_equal(w->bytes[5], HF_CLIENT_KEY_EXCHANGE);
    assert_int_equal(old, 5 + 4 + 2 + 256);
    memmove(w->bytes + fresh, w->bytes + old, w->len - old);
    w->len = w->len - old + fresh;
    hf_store_number(w->bytes + 3, 4 + body, 2);
    hf_store_number(w->bytes + 6, body, 3);
    hf_store_number(w->bytes + 9, o->len, 2);
    memcpy(w->bytes + 11, o->bytes, o->len);
}

/* One record of the client's, and what the server says to it. */
static void deliver(struct hf_conn *server, const struct play *p)
{
    enum hf_outcome outcome;
    struct duet_wire *w = &to_server;
    static struct duet_wire one;
    const size_t len = 5 + hf_number(w->bytes + 3, 2);
    struct hf_span said;

    memcpy(one.bytes, w->bytes, len);
    one.len = len;
    memmove(w->bytes, w->bytes + len, w->len - len);
    w->len -= len;
    while ((outcome = take_all(server, &one, p->chunk)) == HF_ASKS)
        answer(server, p->answer);
    note("outcome %d", outcome);
    said = hf_conn_outgoing(server);
    for (size_t i = 0; i < said.len; i++)
        note(" %02x", said.at[i]);
    note("\n");
    duet_flush(server, &to_client);
}

static void play(const struct play *p, struct seen *out)
{
    struct hf_conn *client = hf_conn_new(stage.client, HF_CLIENT, "localhost");
    struct hf_conn *server = hf_conn_new(p->elsewhere ? asks : stage.server,
                                         HF_SERVER, NULL);

    memset(out, 0, sizeof(*out));
    to_server.len = to_client.len = 0;
    assert_int_equal(take_all(client, &to_client, 0), HF_NEED_BYTES);
    duet_flush(client, &to_server);
    if (p->old_master)
        hide_extended_master(&to_server);
    if (p->version)
        hf_store_number(to_server.bytes + 5 + 4, p->version, 2);
    assert_int_equal(take_all(server, &to_server, 0), HF_NEED_BYTES);
    duet_flush(server, &to_client);
    assert_int_equal(take_all(client, &to_client, 0), HF_NEED_BYTES);
    assert_int_equal(hf_conn_error(client)->code, HF_OK);
    duet_flush(client, &to_server);
    if (p->instead)
        replace(&to_server, p->instead);
    watching = out;
    flaky_begin(FLAKY_MEMORY, 0, false);
    libcrypto_calls = 0;
    while (to_server.len)
        deliver(server, p);
    out->libcrypto = libcrypto_calls;
    out->blocks = flaky_end();
    watching = NULL;
    out->error = *hf_conn_error(server);
    hf_conn_free(client);
    hf_conn_free(server);
}

/* ---- the comparison ----------------------------------------------------------------------- */

static void is_same(const struct oracle *o, const struct seen *a,
                    const struct seen *b)
{
    if (strcmp(a->trace, b->trace))
        fail_msg("%s: this was seen:\n%snot this:\n%s", o->name, b->trace,
                 a->trace);
    assert_int_equal(a->error.code, b->error.code);
    assert_int_equal(a->error.alert, b->error.alert);
    assert_int_equal(a->error.by_peer, b->error.by_peer);
    assert_ptr_equal(a->error.layout, b->error.layout);
    assert_ptr_equal(a->error.field, b->error.field);
    assert_int_equal(a->error.byte, b->error.byte);
    assert_int_equal(a->error.system, b->error.system);
    assert_string_equal(a->error.detail, b->error.detail);
    /* A message of kilobytes takes kilobytes in the transcript. */
    if (o->len <= HF_SIGNATURE_MAX && a->blocks != b->blocks)
        fail_msg("%s: %zu blocks, not %zu", o->name, b->blocks, a->blocks);
}

/* libcrypto makes a key's blinding anew each 32nd time, whatever comes: so one
 * play in 32 takes more blocks, and the same once more does not. */
static size_t libcrypto_is_same(const struct oracle *o, const struct play *p,
                                const struct seen *base, struct seen *seen)
{
    if (!o->same_work || seen->libcrypto == base->libcrypto)
        return 0;
    play(p, seen);
    if (seen->libcrypto != base->libcrypto)
        fail_msg("%s: %zu blocks of libcrypto's, not %zu", o->name,
                 seen->libcrypto, base->libcrypto);
    return 1;
}

/* The key of the server's certificate, and a secret that no client has. */
static void make(struct oracle *o, size_t i, bool *more)
{
    const struct hf_keypair *pair = &stage.server->settings.keypairs[0];
    uint8_t secret[HF_PREMASTER_LEN];

    for (unsigned k = 0; k < sizeof(secret); k++)
        secret[k] = (uint8_t)(k * 5 + 1);
    secret[0] = secret[1] = 3;
    *more = oracle_make(o, i, &pair->chain[0]->key, secret);
}

static size_t compare_all(bool old_master, size_t chunk, size_t stride,
                          bool elsewhere)
{
    static struct oracle o;
    static struct seen base, seen;
    struct play p = { &o, chunk, old_master, 0, elsewhere, RIGHT };
    bool more;
    size_t i, plays = 0, again = 0;

    make(&o, 0, &more);
    assert_true(more);
    do { /* what is made once is made now */
        play(&p, &seen);
        play(&p, &base);
    } while (seen.libcrypto != base.libcrypto);
    /* It was told nothing before Finished came, and then one thing. */
    assert_int_equal(base.error.code, HF_E_BAD_RECORD_MAC);
    assert_non_null(strstr(base.trace, " 15 03 03 00 02 02 14\n"));
    assert_non_null(strstr(base.trace, "log CLIENT_RANDOM "));
    assert_non_null(strstr(base.trace, "no forward secrecy"));
    for (i = 1;; i += stride) {
        make(&o, i, &more);
        if (!more)
            break;
        play(&p, &seen);
        plays++;
        is_same(&o, &base, &seen);
        again += libcrypto_is_same(&o, &p, &base, &seen);
    }
    assert_true(again <= plays / 31 + 2);
    return i;
}

static void every_malformed_secret_is_as_a_wrong_one(void **state)
{
    size_t kinds = compare_all(false, 0, 1, false);

    (void)state;
    assert_true(kinds > 280);
    printf("# NOTE: %zu malformed secrets\n", kinds - 1);
}

static void with_the_old_master_secret_too(void **state)
{
    (void)state;
    compare_all(true, 0, 1, false);
}

/* In pieces the outcomes are more, and the same. */
static void however_the_bytes_are_cut(void **state)
{
    (void)state;
    compare_all(false, 100, 7, false);
    compare_all(true, 7, 11, false);
    compare_all(false, 1, 13, false);
}

static void with_the_key_elsewhere_too(void **state)
{
    (void)state;
    assert_true(compare_all(false, 0, 1, true) > 280);
    compare_all(true, 0, 1, true);
    compare_all(false, 7, 11, true);
}

/* Who was asked is gone, or has cut, padded, or invented something. */
static void every_wrong_answer_is_as_a_wrong_secret(void **state)
{
    static struct seen base, seen;
    static struct oracle o;
    bool more;

    (void)state;
    make(&o, 0, &more);
    for (unsigned own = 0; own < 2; own++) {
        struct play p = { &o, 0, false, 0, true, RIGHT };

        play(&p, &base);
        assert_int_equal(base.error.code, HF_E_BAD_RECORD_MAC);
        /* What the client sealed itself is as lost as what another did. */
        p.instead = own ? NULL : &o;
        for (unsigned how = own ? NOTHING : RIGHT; how < ANSWERS; how++) {
            p.answer = (enum answer)how;
            play(&p, &seen);
            is_same(&o, &base, &seen);
        }
    }
}

/* The test can see a difference: the client's own secret, without the transcript
 * in it, makes keys that fit, and Finished is opened; with all as it was, they
 * are connected. */
static void a_right_secret_looks_different(void **state)
{
    static struct seen base, right;
    static struct oracle o;
    struct play p = { NULL, 0, true, 0, false, RIGHT };
    bool more;

    (void)state;
    play(&p, &right);
    assert_int_equal(right.error.code, HF_E_BAD_FINISHED);
    make(&o, 0, &more);
    p.instead = &o;
    play(&p, &base);
    assert_string_not_equal(base.trace, right.trace);
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        p = (struct play){ NULL, 0, false, 0, elsewhere, RIGHT };
        play(&p, &right);
        assert_int_equal(right.error.code, HF_OK);
    }
}

/* The version in it must be the one that the hello offered, not the one that was
 * chosen: a client that offers more, and means TLS 1.2 in its secret, is one
 * whose hello was changed. */
static void the_version_is_the_hellos(void **state)
{
    static struct seen seen;

    (void)state;
    for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
        struct play p = { NULL, 0, true, 0x0303, elsewhere, RIGHT };

        play(&p, &seen);
        assert_int_equal(seen.error.code, HF_E_BAD_FINISHED); /* keys fit */
        p.version = 0x0304;
        play(&p, &seen);
        assert_int_equal(seen.error.code, HF_E_BAD_RECORD_MAC);
    }
}

/* What is no vector at all is malformed for everybody to see: it says nothing
 * about what is encrypted. */
static void what_is_not_even_a_vector_is_a_decoding_error(void **state)
{
    static struct oracle o;
    static struct seen seen;
    struct play p = { &o, 0, false, 0, false, RIGHT };
    bool more;

    (void)state;
    make(&o, 0, &more);
    play(&p, &seen);
    assert_int_equal(seen.error.code, HF_E_BAD_RECORD_MAC);
    for (unsigned i = 0; i < 3; i++) {
        struct hf_conn *server = hf_conn_new(stage.server, HF_SERVER, NULL);
        struct hf_conn *client = hf_conn_new(stage.client, HF_CLIENT,
                                             "localhost");

        to_server.len = to_client.len = 0;
        take_all(client, &to_client, 0);
        duet_flush(client, &to_server);
        take_all(server, &to_server, 0);
        duet_flush(server, &to_client);
        take_all(client, &to_client, 0);
        duet_flush(client, &to_server);
        /* the length of the vector: more, less, far more */
        hf_store_number(to_server.bytes + 9,
                        i == 0   ? 257
                        : i == 1 ? 255
                                 : 65535,
                        2);
        assert_int_equal(take_all(server, &to_server, 0), HF_FAILED);
        assert_int_equal(hf_conn_error(server)->code,
                         i == 1 ? HF_E_TRAILING : HF_E_TRUNCATED);
        assert_int_equal(hf_conn_error(server)->alert, 50);
        hf_conn_free(server);
        hf_conn_free(client);
    }
}

static int set_up(void **state)
{
    static const uint16_t suite[] = { 0x009c, 0 };
    struct hf_config *all[3];

    (void)state;
    if (!duet_certs_make(&certs, "rsa2048") ||
        !stage_set(&stage, SCENE_FULL, &certs) || !(asks = hf_config_new()) ||
        !hf_config_set_clock(asks, scene_clock, NULL) ||
        !hf_config_add_chain(asks, hf_span_text(certs.chain)) ||
        !hf_config_set_questions(asks, HF_ASK_SIGN | HF_ASK_DECRYPT))
        return -1;
    all[0] = stage.client, all[1] = stage.server, all[2] = asks;
    for (unsigned i = 0; i < 3; i++)
        if (!hf_config_set_versions(all[i], HF_TLS12, HF_TLS12) ||
            !hf_config_set_suites(all[i], suite) ||
            (i && !(hf_config_set_watch(all[i], on_event, NULL, true) &&
                    hf_config_set_keylog(all[i], on_line, NULL))))
            return -1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stage_clear(&stage);
    hf_config_free(asks);
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_malformed_secret_is_as_a_wrong_one),
        cmocka_unit_test(with_the_old_master_secret_too),
        cmocka_unit_test(however_the_bytes_are_cut),
        cmocka_unit_test(with_the_key_elsewhere_too),
        cmocka_unit_test(every_wrong_answer_is_as_a_wrong_secret),
        cmocka_unit_test(a_right_secret_looks_different),
        cmocka_unit_test(the_version_is_the_hellos),
        cmocka_unit_test(what_is_not_even_a_vector_is_a_decoding_error),
    };

    if (CRYPTO_set_mem_functions(take, retake, give) != 1)
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
