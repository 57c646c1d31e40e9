/* rotation_test.c - ticket keys that replace themselves thousands of times while
 * threads shake hands: no handshake fails for it, no ticket is refused within
 * its lifetime, and none of another server's is taken.
 *
 * The clock is ours, and every connection moves it on, so that a key lives for
 * a few connections. */
#define HF_UNPOISONED
#include "api/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    LIFETIME = 100, /* of a key and a session, seconds */
    THREADS = 4
};

static struct test_certs certs;
static _Atomic int64_t clock_now;

static int64_t test_clock(void *ctx)
{
    (void)ctx;
    return atomic_load(&clock_now);
}

/* Instruments slow everything down. */
static unsigned patience(void)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || \
    !defined(__OPTIMIZE__)
    return 8;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    return 8;
#else
    return getenv("HF_WRAP") ? 50 : 1;
#endif
#else
    return getenv("HF_WRAP") ? 50 : 1;
#endif
}

/* ---- a connection ---------------------------------------------------------------- */

struct ends {
    struct hf_tls *client, *server;
    int fd[2];
};

static bool open_ends(struct ends *e, struct hf_config *client,
                      struct hf_config *server)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fd) != 0)
        return false;
    e->client = hf_client_fds(client, e->fd[0], e->fd[0], "localhost");
    e->server = hf_accept(server, e->fd[1]);
    return e->client && e->server;
}

static void close_ends(struct ends *e)
{
    hf_tls_free(e->client);
    hf_tls_free(e->server);
    close(e->fd[0]);
    close(e->fd[1]);
}

enum result { FAILED, FULL, RESUMED, RESULTS };

/* Handshake, a byte (and the tickets before it), and how it went. */
static enum result meet(struct hf_config *client, struct hf_config *server)
{
    struct ends e;
    char byte = 'x';
    int c = HF_WANT_POLLIN, s = HF_WANT_POLLIN;
    enum result result = FAILED;

    if (!open_ends(&e, client, server))
        return FAILED;
    for (int i = 0; i < 100 && (test_wants(c) || test_wants(s)); i++) {
        c = hf_handshake(e.client);
        s = hf_handshake(e.server);
    }
    if (!c && !s && hf_write(e.server, &byte, 1) == 1 &&
        hf_read(e.client, &byte, 1) == 1 &&
        hf_conn_resumed(hf_tls_conn(e.client)) ==
            hf_conn_resumed(hf_tls_conn(e.server)))
        result = hf_conn_resumed(hf_tls_conn(e.client)) ? RESUMED : FULL;
    close_ends(&e);
    return result;
}

/* ---- configs ------------------------------------------------------------------------- */

static struct hf_config *open_server(void)
{
    struct hf_config *config = test_server(&certs);

    assert_true(hf_config_set_clock(config, test_clock, NULL));
    assert_true(hf_config_set_session_lifetime(config, LIFETIME));
    assert_true(hf_config_freeze(config));
    return config;
}

static struct hf_config *open_client(struct hf_session_store *store,
                                     unsigned version)
{
    struct hf_config *config = test_client(&certs);

    hf_session_store_set_clock(store, test_clock, NULL);
    assert_true(hf_config_set_clock(config, test_clock, NULL));
    assert_true(hf_config_insecure_no_time_check(config));
    assert_true(hf_config_set_versions(config, version, version));
    assert_true(
        hf_config_set_sessions(config, hf_session_store_interface(store)));
    assert_true(hf_config_freeze(config));
    return config;
}

/* ---- tests ----------------------------------------------------------------------------- */

static void a_ticket_is_good_for_its_lifetime(void **state)
{
    unsigned turns = 3400 / patience();

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        struct hf_session_store *store = hf_session_store_new(10, 0);
        struct hf_config *server = open_server();
        struct hf_config *client = open_client(store, version);

        atomic_store(&clock_now, (int64_t)time(NULL));
        /* Made, used at the age of 60, too old at 120. */
        for (unsigned i = 0; i < turns; i++) {
            enum result want = i % 2 ? RESUMED : FULL;

            assert_int_equal(meet(client, server), want);
            atomic_fetch_add(&clock_now, 60);
        }
        hf_config_free(client);
        hf_config_free(server);
        hf_session_store_free(store);
    }
}

struct worker {
    struct hf_config *client, *server, *other; /* other: NULL, or met in turn */
    struct hf_session_store *store;            /* the client's */
    unsigned turns;
    size_t results[RESULTS];
};

static void *work(void *arg)
{
    struct worker *w = arg;

    for (unsigned i = 0; i < w->turns; i++) {
        struct hf_config *to = w->other && i % 2 ? w->other : w->server;

        /* The other server is shown what the first has just sealed, and
         * nothing that it sealed itself: a thread that is kept from making
         * the next key gives no ticket, and then an older one would count. */
        if (w->other && !(i % 2))
            hf_session_store_clear(w->store);
        w->results[meet(w->client, to)]++;
        atomic_fetch_add(&clock_now, LIFETIME / 5);
    }
    return NULL;
}

static void keys_change_under_load(void **state)
{
    struct hf_config *server = open_server(), *other = open_server();
    struct hf_session_store *stores[THREADS];
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    int64_t start = (int64_t)time(NULL);

    (void)state;
    atomic_store(&clock_now, start);
    for (unsigned i = 0; i < THREADS; i++) {
        stores[i] = hf_session_store_new(10, 0);
        workers[i] = (struct worker){
            .client = open_client(stores[i], i % 2 ? HF_TLS12 : HF_TLS13),
            .server = server,
            .other = i >= THREADS - 2 ? other : NULL,
            .store = stores[i],
            .turns = 3000 / patience(),
        };
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_false(pthread_create(&threads[i], NULL, work, &workers[i]));
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        const size_t *r = workers[i].results;

        print_message("# NOTE: %s%s: %zu in full, %zu resumed\n",
                      i % 2 ? "TLS 1.2" : "TLS 1.3",
                      workers[i].other ? ", another server's tickets" : "",
                      r[FULL], r[RESUMED]);
        assert_int_equal(r[FAILED], 0);
        /* What was sealed by another is forged, and never taken. */
        if (workers[i].other)
            assert_int_equal(r[RESUMED], 0);
        else
            assert_true(r[FULL] > 0 && r[RESUMED] > 0);
        hf_config_free(workers[i].client);
        hf_session_store_free(stores[i]);
    }
    print_message("# NOTE: keys changed %lld times\n",
                  (long long)(atomic_load(&clock_now) - start) / LIFETIME);
    assert_true((atomic_load(&clock_now) - start) / LIFETIME >=
                2000 / patience());
    hf_config_free(server);
    hf_config_free(other);
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
        cmocka_unit_test(a_ticket_is_good_for_its_lifetime),
        cmocka_unit_test(keys_change_under_load),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
