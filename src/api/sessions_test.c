/* sessions_test.c - the store of sessions: what comes out of it, what goes to
 * make room, what it costs, who may use it at once. */
#define HF_UNPOISONED
#include "api/test.h"
#include "handshake/resume.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct test_certs certs;
static int64_t today = 1000000;

static int64_t test_clock(void *ctx)
{
    (void)ctx;
    return today;
}

/* ---- memory, counted ------------------------------------------------------------- */

/* The linker puts these in front of the C library's (--wrap). */
void *__real_calloc(size_t count, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *p);

static long fail_after; /* allocations until the one that fails; 0: none */
static bool counting;   /* in one thread only */
static size_t in_use;   /* bytes, with malloc's own */
static const char *forbidden; /* what must not be in memory that is given up */
static size_t leaked;

void *__wrap_calloc(size_t count, size_t size)
{
    void *p;

    if (fail_after && --fail_after == 0)
        return NULL;
    p = __real_calloc(count, size);
    if (counting && p)
        in_use += malloc_usable_size(p) + sizeof(size_t);
    return p;
}

static bool holds(const char *at, size_t len, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; n <= len && i <= len - n; i++)
        if (!memcmp(at + i, text, n))
            return true;
    return false;
}

void __wrap_free(void *p)
{
    if (counting && p)
        in_use -= malloc_usable_size(p) + sizeof(size_t);
    if (forbidden && p && holds(p, malloc_usable_size(p), forbidden))
        leaked++;
    __real_free(p);
}

/* ---- putting and getting ----------------------------------------------------------- */

static struct hf_session_store *store_of(size_t sessions, size_t bytes)
{
    struct hf_session_store *store = hf_session_store_new(sessions, bytes);

    assert_non_null(store);
    hf_session_store_set_clock(store, test_clock, NULL);
    return store;
}

static bool put_until(struct hf_session_store *store, const char *key,
                      const char *session, int64_t expires)
{
    const struct hf_sessions *s = hf_session_store_interface(store);

    return s->put(s->ctx, hf_span_text(key), hf_span_text(session), expires);
}

static bool put(struct hf_session_store *store, const char *key,
                const char *session)
{
    return put_until(store, key, session, today + 100);
}

/* The session as text; "" if there is none. */
static const char *get(struct hf_session_store *store, const char *key,
                       bool take)
{
    const struct hf_sessions *s = hf_session_store_interface(store);
    static char out[100];

    out[s->get(s->ctx, hf_span_text(key), take, (uint8_t *)out, 99)] = 0;
    return out;
}

static void the_newest_comes_first_and_is_taken_once(void **state)
{
    struct hf_session_store *store = store_of(10, 0);

    (void)state;
    assert_string_equal(get(store, "a", true), "");
    assert_true(put(store, "a", "one"));
    assert_true(put(store, "b", "other"));
    assert_true(put(store, "a", "two"));
    assert_string_equal(get(store, "a", false), "two");
    assert_string_equal(get(store, "a", true), "two");
    assert_string_equal(get(store, "a", true), "one");
    assert_string_equal(get(store, "a", true), "");
    assert_string_equal(get(store, "b", false), "other");
    assert_int_equal(hf_session_store_count(store), 1);
    hf_session_store_free(store);
}

static void what_has_expired_is_not_given(void **state)
{
    struct hf_session_store *store = store_of(10, 0);

    (void)state;
    assert_true(put_until(store, "a", "long", today + 50));
    assert_true(put_until(store, "a", "short", today + 5));
    assert_false(put_until(store, "a", "never", today));
    today += 4;
    assert_string_equal(get(store, "a", false), "short");
    today += 1;
    assert_string_equal(get(store, "a", false), "long");
    assert_int_equal(hf_session_store_count(store), 1);
    today += 45;
    assert_string_equal(get(store, "a", false), "");
    assert_int_equal(hf_session_store_count(store), 0);
    hf_session_store_free(store);
}

static void the_least_recently_put_makes_room(void **state)
{
    struct hf_session_store *store = store_of(3, 0);
    static const char *const keys[] = { "a", "b", "c", "d" };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(put(store, keys[i], keys[i]));
    /* Being looked at does not make it younger. */
    assert_string_equal(get(store, "a", false), "a");
    assert_true(put(store, "d", "d"));
    assert_int_equal(hf_session_store_count(store), 3);
    assert_string_equal(get(store, "a", false), "");
    for (size_t i = 1; i < 4; i++)
        assert_string_equal(get(store, keys[i], false), keys[i]);
    /* One in the middle goes, and the order holds. */
    assert_string_equal(get(store, "c", true), "c");
    assert_true(put(store, "a", "a"));
    assert_true(put(store, "c", "c"));
    assert_string_equal(get(store, "b", false), "");
    assert_string_equal(get(store, "d", false), "d");
    hf_session_store_free(store);
}

static void bytes_are_bounded_too(void **state)
{
    struct hf_session_store *store = store_of(1000, 4096);
    char key[16], big[1001];

    (void)state;
    memset(big, 'x', 1000);
    big[1000] = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "%d", i);
        assert_true(put(store, key, big));
        assert_true(hf_session_store_count(store) <= 3);
    }
    assert_int_equal(hf_session_store_count(store), 3);
    hf_session_store_free(store);
    store = store_of(1000, 1000);
    assert_false(put(store, "a", big));
    assert_true(put(store, "a", "small"));
    hf_session_store_free(store);
}

/* A server that gives tickets without end pushes out no other's. */
static void one_key_has_a_share_only(void **state)
{
    struct hf_session_store *store = store_of(20, 0);
    char text[16];

    (void)state;
    assert_true(put(store, "other", "other's"));
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "%d", i);
        assert_true(put(store, "greedy", text));
    }
    assert_int_equal(hf_session_store_count(store), 1 + HF_SESSIONS_PER_KEY);
    assert_string_equal(get(store, "other", false), "other's");
    for (int i = 999; i > 999 - HF_SESSIONS_PER_KEY; i--) {
        snprintf(text, sizeof(text), "%d", i);
        assert_string_equal(get(store, "greedy", true), text);
    }
    assert_string_equal(get(store, "greedy", true), "");
    hf_session_store_free(store);
}

static void what_does_not_fit_stays_where_it_is(void **state)
{
    struct hf_session_store *store = store_of(5, 0);
    const struct hf_sessions *s = hf_session_store_interface(store);
    static uint8_t much[HF_SESSION_MAX + 1];
    uint8_t out[4];

    (void)state;
    assert_true(put(store, "a", "12345"));
    assert_int_equal(s->get(s->ctx, hf_span_text("a"), true, out, 4), 0);
    assert_string_equal(get(store, "a", true), "12345");
    assert_false(s->put(s->ctx, hf_span_text("a"), HF_SPAN(much), today + 9));
    assert_false(s->put(s->ctx, HF_SPAN(much), hf_span_text("a"), today + 9));
    assert_false(put(store, "", "without a key"));
    assert_false(put(store, "a", ""));
    assert_null(hf_session_store_new(0, 0));
    assert_null(hf_session_store_new(HF_SESSION_STORE_MAX + 1, 0));
    hf_session_store_free(store);
    hf_session_store_free(NULL);
    assert_null(hf_session_store_interface(NULL));
}

static bool note(void *ctx, struct hf_span key, struct hf_span session,
                 int64_t expires)
{
    char *text = ctx;

    assert_int_equal(expires, today + 100);
    snprintf(text + strlen(text), 50, "%.*s=%.*s ", (int)key.len,
             (const char *)key.at, (int)session.len, (const char *)session.at);
    return strlen(text) < 8;
}

static void all_are_shown_in_order(void **state)
{
    struct hf_session_store *store = store_of(5, 0);
    char text[200] = "";

    (void)state;
    assert_true(put_until(store, "z", "old", today + 1));
    today++;
    assert_true(put(store, "a", "1"));
    assert_true(hf_session_store_each(store, note, text));
    assert_string_equal(text, "a=1 ");
    assert_true(put(store, "b", "2"));
    assert_true(put(store, "a", "3"));
    text[0] = 0;
    assert_false(hf_session_store_each(store, note, text));
    assert_string_equal(text, "a=1 b=2 ");
    hf_session_store_clear(store);
    assert_int_equal(hf_session_store_count(store), 0);
    assert_string_equal(get(store, "a", false), "");
    assert_true(put(store, "a", "4"));
    assert_string_equal(get(store, "a", false), "4");
    hf_session_store_free(store);
}

static void what_goes_is_wiped(void **state)
{
    struct hf_session_store *store = store_of(2, 0);

    (void)state;
    forbidden = "a secret that is twenty";
    assert_true(put(store, "a", forbidden));
    assert_true(put(store, "b", forbidden));
    assert_true(put(store, "c", forbidden)); /* for want of room */
    get(store, "b", true);                   /* taken */
    hf_session_store_free(store);            /* with the store */
    forbidden = NULL;
    assert_int_equal(leaked, 0);
}

static void without_memory_there_is_no_session(void **state)
{
    struct hf_session_store *store;

    (void)state;
    for (long n = 1; n <= 2; n++) {
        fail_after = n;
        assert_null(hf_session_store_new(100, 0));
        assert_int_equal(fail_after, 0);
    }
    store = store_of(1, 0);
    assert_true(put(store, "a", "kept"));
    fail_after = 1;
    assert_false(put(store, "b", "not kept"));
    assert_string_equal(get(store, "a", false), "kept");
    hf_session_store_free(store);
}

/* ---- many ---------------------------------------------------------------------------- */

static double nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Fill a store with @count of @len bytes; a look-up takes so many ns. */
static double fill(struct hf_session_store *store, uint32_t count, size_t len)
{
    const struct hf_sessions *s = hf_session_store_interface(store);
    uint8_t key[32] = { 0 }, session[HF_SESSION_MAX] = { 1 };
    double start;

    for (uint32_t i = 0; i < count; i++) {
        hf_store_number(key, i, 4);
        assert_true(
            s->put(s->ctx, HF_SPAN(key), hf_span(session, len), today + 100));
    }
    assert_int_equal(hf_session_store_count(store), count);
    start = nanoseconds();
    for (uint32_t i = 0; i < 100000; i++) {
        hf_store_number(key, i * 7919u % count, 4);
        assert_int_equal(
            s->get(s->ctx, HF_SPAN(key), false, session, sizeof(session)), len);
    }
    return (nanoseconds() - start) / 100000;
}

/* What two ends keep of one handshake, in bytes: [0] the client, [1] the
 * server's cache. */
static size_t lengths[2];
static bool measure(void *ctx, struct hf_span key, struct hf_span session,
                    int64_t expires)
{
    size_t *len = ctx;

    (void)expires;
    assert_true(key.len >= 32);
    *len = session.len;
    return false;
}
static size_t nothing(void *ctx, struct hf_span key, bool take, uint8_t *out,
                      size_t cap)
{
    (void)ctx;
    (void)key;
    (void)take;
    (void)out;
    (void)cap;
    return 0;
}

static void measure_sessions(void)
{
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct test_two t;

    assert_true(hf_config_set_sessions(
        client, &(struct hf_sessions){ &lengths[0], measure, nothing }));
    assert_true(hf_config_set_sessions(
        server, &(struct hf_sessions){ &lengths[1], measure, nothing }));
    assert_true(hf_config_set_tickets(server, 0));
    assert_true(hf_config_set_versions(server, HF_TLS12, HF_TLS12));
    test_two_make(&t, client, server, false);
    test_two_shake(&t);
    test_two_drop(&t);
    assert_true(lengths[0] > 100 && lengths[1] > 100);
}

static void a_hundred_thousand_cost_little(void **state)
{
    enum { MANY = 100000 };
    double few, many;

    (void)state;
    measure_sessions();
    for (size_t i = 0; i < 2; i++) {
        struct hf_session_store *store = store_of(1000, 0);

        few = fill(store, 1000, lengths[i]);
        hf_session_store_free(store);
        in_use = 0;
        counting = true;
        store = store_of(MANY, 0);
        many = fill(store, MANY, lengths[i]);
        counting = false;
        print_message("# NOTE: %d sessions of %zu bytes (%s): %.1f MB; a "
                      "look-up among 1,000 takes %.0f ns, among them %.0f ns\n",
                      MANY, lengths[i], i ? "a server's" : "a client's",
                      (double)in_use / 1e6, few, many);
        /* A server's have no certificate of the peer's in them; those of a
         * client's are kept once, beside, and no more than so many bytes. */
        assert_true(in_use + (i ? 0 : HF_CHAINS_MAX) < 64000000);
        assert_true(in_use < MANY * (lengths[i] + 120));
        /* Walking along all of them would take a millisecond. */
        assert_true(many < 100000);
        hf_session_store_free(store);
    }
}

/* ---- threads ---------------------------------------------------------------------------- */

enum { THREADS = 4, EACH = 5000, KEYS = 16 };

struct worker {
    struct hf_session_store *store;
    unsigned number;
    size_t put, got;
    uint8_t *seen; /* by session; nobody else's */
};

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct hf_sessions *s = hf_session_store_interface(w->store);

    for (uint32_t i = 0; i < EACH; i++) {
        uint8_t key[1] = { (uint8_t)(i % KEYS) }, session[4], out[4];

        hf_store_number(session, w->number * EACH + i, 4);
        w->put += s->put(s->ctx, HF_SPAN(key), HF_SPAN(session), today + 9);
        key[0] = (uint8_t)((i * 7 + w->number) % KEYS);
        if (s->get(s->ctx, HF_SPAN(key), i % 3 != 0, out, sizeof(out)) == 4 &&
            i % 3 != 0) {
            w->seen[hf_number(out, 4)] = 1;
            w->got++;
        }
    }
    return NULL;
}

static void what_threads_take_nobody_else_gets(void **state)
{
    static uint8_t seen[THREADS][THREADS * EACH];
    struct hf_session_store *store = store_of(KEYS * HF_SESSIONS_PER_KEY, 0);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    size_t got = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ store, i, 0, 0, seen[i] };
        assert_false(pthread_create(&threads[i], NULL, work, &workers[i]));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].put, EACH);
        got += workers[i].got;
    }
    assert_true(got > EACH);
    for (size_t i = 0; i < THREADS * EACH; i++)
        assert_true(seen[0][i] + seen[1][i] + seen[2][i] + seen[3][i] <= 1);
    hf_session_store_free(store);
}

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_comes_first_and_is_taken_once),
        cmocka_unit_test(what_has_expired_is_not_given),
        cmocka_unit_test(the_least_recently_put_makes_room),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(one_key_has_a_share_only),
        cmocka_unit_test(what_does_not_fit_stays_where_it_is),
        cmocka_unit_test(all_are_shown_in_order),
        cmocka_unit_test(what_goes_is_wiped),
        cmocka_unit_test(without_memory_there_is_no_session),
        cmocka_unit_test(a_hundred_thousand_cost_little),
        cmocka_unit_test(what_threads_take_nobody_else_gets),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
