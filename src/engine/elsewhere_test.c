/* elsewhere_test.c - a server whose private key lives elsewhere: whoever has it
 * answers at once, or later and from another thread, while others shake hands;
 * signatures of TLS 1.3 and 1.2, and the private power of RSA key transport.
 * (Run under ThreadSanitizer, it says that nobody else was touched.) */
#define HF_UNPOISONED
#include "engine/scene.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VISITORS = 4, VISITS = 12, QUEUE = VISITORS };

static struct duet_certs certs;

/* ---- who has the key --------------------------------------------------------------- */

/* The key and what is needed to use it; no config of the server's. */
struct holder {
    struct hf_crypto crypto;
    struct hf_private_key *key;
};

static void hold(struct holder *h)
{
    struct hf_error error = { .code = HF_OK };

    assert_true(hf_crypto_open(&h->crypto, &hf_libcrypto, &error));
    assert_true(hf_libcrypto.key_load(h->crypto.self, hf_span_text(certs.key),
                                      NULL, NULL, &h->key, &error));
}

static void let_go(struct holder *h)
{
    hf_libcrypto.key_free(h->key);
    hf_crypto_close(&h->crypto);
}

/* A callback: the answer to @q, in @room. */
static struct hf_answer work(const struct holder *h,
                             const struct hf_question *q, uint8_t *room)
{
    struct hf_answer a = { .config = NULL };
    const struct hf_signature *how;
    size_t len;

    if (q->kind == HF_ASK_DECRYPT) {
        if (hf_libcrypto.key_raise(h->crypto.self, h->key, q->message, room))
            a.opened = hf_span(room, q->message.len);
        return a;
    }
    how = hf_signature_by_scheme(&h->crypto, q->scheme);
    if (how && how->sign(h->crypto.self, how, h->key, q->message, room,
                         HF_SIGNATURE_MAX, &len))
        a.signature = hf_span(room, len);
    return a;
}

/* ---- a connection and its kind ------------------------------------------------------- */

static const struct kind {
    const char *name;
    unsigned version, suite; /* 0: any */
    unsigned asked;
} kinds[] = {
    { "TLS 1.3", HF_TLS13, 0, HF_ASK_SIGN },
    { "TLS 1.2, ECDHE", HF_TLS12, 0xc02f, HF_ASK_SIGN },
    { "TLS 1.2, RSA key transport", HF_TLS12, 0x009c, HF_ASK_DECRYPT },
};

static bool set(struct hf_config *config, const struct kind *kind)
{
    uint16_t suites[] = { (uint16_t)kind->suite, 0 };

    return config && hf_config_set_clock(config, scene_clock, NULL) &&
           hf_config_set_versions(config, kind->version, kind->version) &&
           (!kind->suite || hf_config_set_suites(config, suites));
}

static void begin(struct stage *stage, const struct kind *kind)
{
    *stage = (struct stage){ hf_config_new(), hf_config_new() };
    assert_true(
        set(stage->client, kind) && set(stage->server, kind) &&
        hf_config_trust(stage->client, hf_span_text(certs.ca)) &&
        hf_config_add_chain(stage->server, hf_span_text(certs.chain)) &&
        hf_config_set_questions(stage->server, HF_ASK_SIGN | HF_ASK_DECRYPT) &&
        hf_config_freeze(stage->client) && hf_config_freeze(stage->server));
    assert_null(stage->server->settings.keypairs[0].key);
}

/* Connections of configs that are counted elsewhere. */
static void meet(struct duet *d, const struct stage *stage)
{
    memset(d, 0, sizeof(*d));
    d->client = hf_conn_new(stage->client, HF_CLIENT, "localhost");
    d->server = hf_conn_new(stage->server, HF_SERVER, NULL);
    assert_non_null(d->client);
    assert_non_null(d->server);
}

/* ---- at once, by a callback -------------------------------------------------------------- */

static void a_callback_may_answer_at_once(void **state)
{
    static struct duet duet;
    struct holder holder;

    (void)state;
    hold(&holder);
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        uint8_t room[HF_SIGNATURE_MAX];
        struct hf_question q;
        struct hf_answer a;
        struct stage stage;

        begin(&stage, &kinds[i]);
        meet(&duet, &stage);
        assert_false(duet_run(&duet));
        q = hf_conn_question(duet.server);
        assert_int_equal(q.kind, kinds[i].asked);
        a = work(&holder, &q, room);
        assert_true(hf_conn_answer(duet.server, &a));
        memset(room, 0, sizeof(room)); /* it was copied */
        if (!duet_run(&duet))
            fail_msg("%s: %s", kinds[i].name,
                     hf_conn_error(duet.server)->detail);
        assert_true(hf_conn_peer_verified(duet.client));
        assert_true(duet_send(&duet, duet.client, hf_span_text("hello")));
        duet_run(&duet);
        assert_int_equal(duet.server_len, 5);
        duet_wipe(&duet);
        stage_clear(&stage);
    }
    let_go(&holder);
}

/* ---- later, by another thread ---------------------------------------------------------------- */

/* A question on its way, and back. */
struct errand {
    struct hf_conn *conn;
    bool waits;
    pthread_cond_t done;
};

struct desk {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct errand *queue[QUEUE];
    size_t count;
    bool closed;
    struct holder holder;
    size_t answered;
};

static struct desk desk;

/* The one thread that has the key.  While an errand waits, its connection is
 * used by this thread only. */
static void *sit(void *ctx)
{
    struct desk *d = ctx;

    pthread_mutex_lock(&d->lock);
    while (!d->closed || d->count) {
        struct errand *e;
        struct hf_question q;
        uint8_t room[HF_SIGNATURE_MAX];
        struct hf_answer a;

        if (!d->count) {
            pthread_cond_wait(&d->work, &d->lock);
            continue;
        }
        e = d->queue[--d->count];
        pthread_mutex_unlock(&d->lock);
        q = hf_conn_question(e->conn);
        a = work(&d->holder, &q, room);
        (void)hf_conn_answer(e->conn, &a);
        pthread_mutex_lock(&d->lock);
        e->waits = false;
        d->answered++;
        pthread_cond_signal(&e->done);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void ask(struct desk *d, struct hf_conn *conn)
{
    struct errand e = { .conn = conn, .waits = true };

    pthread_cond_init(&e.done, NULL);
    pthread_mutex_lock(&d->lock);
    d->queue[d->count++] = &e;
    pthread_cond_signal(&d->work);
    while (e.waits)
        pthread_cond_wait(&e.done, &d->lock);
    pthread_mutex_unlock(&d->lock);
    pthread_cond_destroy(&e.done);
}

struct visitor {
    pthread_t thread;
    const struct stage *stages; /* by kind */
    unsigned number;
    size_t connected;
    struct duet duet;
};

static void *visit(void *ctx)
{
    struct visitor *v = ctx;

    for (unsigned i = 0; i < VISITS; i++) {
        const size_t kind = (i + v->number) % HF_COUNT(kinds);

        meet(&v->duet, &v->stages[kind]);
        while (!duet_run(&v->duet) && hf_conn_question(v->duet.server).kind)
            ask(&desk, v->duet.server);
        v->connected += hf_conn_ready(v->duet.client) &&
                        hf_conn_ready(v->duet.server) &&
                        hf_conn_version(v->duet.server) == kinds[kind].version;
        hf_conn_free(v->duet.client);
        hf_conn_free(v->duet.server);
    }
    return NULL;
}

static void another_thread_may_answer_later(void **state)
{
    static struct visitor visitors[VISITORS];
    struct stage stages[HF_COUNT(kinds)];
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++)
        begin(&stages[i], &kinds[i]);
    hold(&desk.holder);
    pthread_mutex_init(&desk.lock, NULL);
    pthread_cond_init(&desk.work, NULL);
    assert_int_equal(pthread_create(&thread, NULL, sit, &desk), 0);
    for (unsigned i = 0; i < VISITORS; i++) {
        visitors[i].stages = stages;
        visitors[i].number = i;
        assert_int_equal(
            pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (unsigned i = 0; i < VISITORS; i++) {
        pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].connected, VISITS);
    }
    pthread_mutex_lock(&desk.lock);
    desk.closed = true;
    pthread_cond_signal(&desk.work);
    pthread_mutex_unlock(&desk.lock);
    pthread_join(thread, NULL);
    assert_int_equal(desk.answered, VISITORS * VISITS);
    pthread_cond_destroy(&desk.work);
    pthread_mutex_destroy(&desk.lock);
    let_go(&desk.holder);
    for (size_t i = 0; i < HF_COUNT(kinds); i++)
        stage_clear(&stages[i]);
}

/* ---- never ---------------------------------------------------------------------------------------- */

/* Who has the key is gone: a signature that is not there fails at once and says
 * so, a power that is not there is a wrong one (rsa12_oracle_test.c). */
static void nobody_answers(void **state)
{
    static struct duet duet;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        const struct hf_answer nothing = { .config = NULL };
        const struct hf_error *e;
        struct stage stage;

        begin(&stage, &kinds[i]);
        meet(&duet, &stage);
        assert_false(duet_run(&duet));
        assert_true(hf_conn_answer(duet.server, &nothing));
        assert_false(duet_run(&duet));
        e = hf_conn_error(duet.server);
        if (kinds[i].asked == HF_ASK_SIGN) {
            assert_int_equal(e->code, HF_E_CRYPTO);
            assert_string_equal(e->detail, "no signature was given");
        } else {
            assert_int_equal(e->code, HF_E_BAD_RECORD_MAC);
        }
        duet_wipe(&duet);
        stage_clear(&stage);
    }
}

/* While the question is open, the peer may say what it likes, or go. */
static void a_peer_may_go_while_the_question_is_open(void **state)
{
    static struct duet duet;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        const struct hf_answer nothing = { .config = NULL };
        uint8_t junk[] = { 23, 3, 3, 0, 1, 0 };
        struct hf_span data;
        struct stage stage;
        size_t used;

        begin(&stage, &kinds[i]);
        meet(&duet, &stage);
        assert_false(duet_run(&duet));
        assert_int_equal(
            hf_conn_receive(duet.server, junk, sizeof(junk), &used, &data),
            HF_ASKS);
        assert_int_equal(used, 0);
        assert_int_equal(hf_conn_eof(duet.server), HF_FAILED);
        assert_int_equal(hf_conn_question(duet.server).kind, 0);
        assert_false(hf_conn_answer(duet.server, &nothing));
        duet_wipe(&duet);
        stage_clear(&stage);
    }
}

static int set_up(void **state)
{
    (void)state;
    (void)scene_clock(NULL); /* set before there are threads */
    return duet_certs_make(&certs, "rsa2048") ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_may_answer_at_once),
        cmocka_unit_test(another_thread_may_answer_later),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(a_peer_may_go_while_the_question_is_open),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
