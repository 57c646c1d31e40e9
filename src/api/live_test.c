/* live_test.c - anchors that change thousands of times while threads shake
 * hands: no handshake fails for it, whoever is no longer trusted is refused from
 * then on, and what began before goes on.  Run it under ThreadSanitizer. */
#define HF_UNPOISONED
#include "api/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 3, SWAPS = 300, MOST = 4000 };

static struct test_certs certs, others;

/* What a client reads when anchors change: the authority, another, or both. */
static struct hf_config *trusting(const struct test_certs *a,
                                  const struct test_certs *b)
{
    struct hf_config *trust = hf_config_new();

    assert_non_null(trust);
    assert_true(hf_config_trust(trust, test_span(&a->ca)));
    if (b)
        assert_true(hf_config_trust(trust, test_span(&b->ca)));
    return trust;
}

static void swap(struct hf_live *live, const struct test_certs *a,
                 const struct test_certs *b)
{
    struct hf_config *trust = trusting(a, b);

    if (!hf_live_set_trust(live, trust))
        fail_msg("%s", hf_config_error(trust)->detail);
    hf_config_free(trust);
}

/* ---- a connection ---------------------------------------------------------------- */

struct met {
    bool ok, resumed;
    unsigned code; /* the client's */
};

static struct met meet(struct hf_live *live, struct hf_config *server)
{
    struct hf_config *now = hf_live_get(live);
    struct met met = { .ok = false };
    struct hf_tls *c, *s;
    char byte = 'x';
    int fd[2], cs = HF_WANT_POLLIN, ss = HF_WANT_POLLIN;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) != 0)
        abort();
    c = hf_client_fds(now, fd[0], fd[0], "localhost");
    hf_config_free(now); /* the connection has its own count */
    s = hf_accept(server, fd[1]);
    for (int i = 0; i < 100 && (test_wants(cs) || test_wants(ss)); i++) {
        cs = hf_handshake(c);
        ss = hf_handshake(s);
    }
    met.ok = !cs && !ss && hf_write(s, &byte, 1) == 1 &&
             hf_read(c, &byte, 1) == 1;
    met.code = hf_tls_error(c)->code;
    met.resumed = met.ok && hf_conn_resumed(hf_tls_conn(c));
    hf_tls_free(c);
    hf_tls_free(s);
    close(fd[0]);
    close(fd[1]);
    return met;
}

/* ---- under load -------------------------------------------------------------------- */

struct worker {
    struct hf_live *live;
    struct hf_config *server;
    atomic_bool *stop;
    size_t good, bad;
};

static void *work(void *arg)
{
    struct worker *w = arg;

    while (!atomic_load(w->stop) && w->good + w->bad < MOST) {
        if (meet(w->live, w->server).ok)
            w->good++;
        else
            w->bad++;
    }
    return NULL;
}

static void anchors_change_under_load(void **state)
{
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct hf_live *live;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    atomic_bool stop = false;
    size_t good = 0;

    (void)state;
    assert_true(hf_config_freeze(server));
    live = hf_live_new(client);
    assert_non_null(live);
    hf_config_free(client); /* it has its own count */
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ live, server, &stop, 0, 0 };
        assert_false(pthread_create(&threads[i], NULL, work, &workers[i]));
    }
    for (size_t i = 0; i < SWAPS; i++)
        swap(live, i % 2 ? &certs : &others, i % 2 ? NULL : &certs);
    atomic_store(&stop, true);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].bad, 0);
        good += workers[i].good;
    }
    print_message("# NOTE: anchors changed %u times during %zu handshakes\n",
                  (unsigned)SWAPS, good);
    assert_true(good > 0);
    hf_live_free(live);
    hf_config_free(server);
}

/* ---- what changes and what does not ------------------------------------------------ */

static void who_is_no_longer_trusted_is_refused(void **state)
{
    struct hf_session_store *store = hf_session_store_new(10, 0);
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct hf_live *live;

    (void)state;
    assert_true(
        hf_config_set_sessions(client, hf_session_store_interface(store)));
    live = hf_live_new(client);
    assert_non_null(live);
    assert_true(meet(live, server).ok);
    assert_true(meet(live, server).resumed);
    swap(live, &others, NULL);
    /* A session of then would have let it pass. */
    assert_int_equal(meet(live, server).code, HF_E_UNKNOWN_ISSUER);
    swap(live, &others, &certs);
    assert_true(meet(live, server).ok);
    assert_true(meet(live, server).resumed);
    hf_live_free(live);
    hf_config_free(client);
    hf_config_free(server);
    hf_session_store_free(store);
}

static void what_began_before_goes_on(void **state)
{
    struct hf_config *client = test_client(&certs), *now;
    struct hf_live *live = hf_live_new(client);
    struct test_two two;

    (void)state;
    hf_config_free(client);
    now = hf_live_get(live);
    test_two_make(&two, now, test_server(&certs), false);
    swap(live, &others, NULL);
    swap(live, &others, NULL); /* and what borrowed is gone, too */
    hf_live_free(live);
    test_two_shake(&two);
    test_two_drop(&two);
}

static void a_failure_changes_nothing(void **state)
{
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct hf_config *nothing = hf_config_new(), *broken = hf_config_new();
    struct hf_live *live = hf_live_new(client);

    (void)state;
    assert_false(hf_live_set_trust(live, nothing));
    assert_int_equal(hf_config_error(nothing)->code, HF_E_NO_TRUST);
    assert_false(hf_config_trust(broken, hf_span("no PEM", 6)));
    assert_false(hf_live_set_trust(live, broken));
    assert_int_equal(hf_config_error(broken)->code, HF_E_BAD_PEM);
    assert_false(hf_live_set_trust(live, NULL));
    assert_false(hf_live_set(live, NULL));
    assert_false(hf_live_set(live, broken));
    assert_null(hf_live_new(NULL));
    assert_null(hf_live_new(broken));
    assert_null(hf_config_with_trust(NULL, client));
    assert_true(meet(live, server).ok);
    hf_live_free(live);
    hf_live_free(NULL);
    hf_config_free(client);
    hf_config_free(server);
    hf_config_free(nothing);
    hf_config_free(broken);
}

/* Lists go with the anchors, and the whole may be replaced. */
static void another_config_may_come(void **state)
{
    struct hf_config *client = test_client(&certs), *other, *now;
    struct hf_config *server = test_server(&certs);
    struct hf_live *live = hf_live_new(client);

    (void)state;
    other = test_client(&others);
    assert_true(hf_live_set(live, other));
    now = hf_live_get(live);
    assert_ptr_equal(now, other);
    hf_config_free(now);
    assert_false(meet(live, server).ok);
    assert_true(hf_live_set_trust(live, client));
    assert_true(meet(live, server).ok);
    hf_live_free(live);
    hf_config_free(client);
    hf_config_free(other);
    hf_config_free(server);
}

/* hf_live_new() made none, and nobody looked: who asks it is told. */
static void where_there_is_no_place_there_is_no_config(void **state)
{
    struct hf_config *server = test_server(&certs);
    struct hf_live *live;
    struct hf_tls *tls;

    (void)state;
    assert_null(hf_live_get(NULL));
    assert_false(hf_live_set(NULL, server));
    assert_false(hf_live_set_trust(NULL, server));
    assert_null(hf_live_new(NULL));
    tls = hf_accept(hf_live_get(NULL), -1);
    test_failed(tls, HF_E_OUT_OF_MEMORY, "no config");
    hf_tls_free(tls);
    live = hf_live_new(server);
    assert_false(hf_live_set(live, NULL));
    assert_false(hf_live_set_trust(live, NULL));
    hf_live_free(live);
    hf_config_free(server);
}

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    test_certs_make(&others, "Another Authority");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_change_under_load),
        cmocka_unit_test(who_is_no_longer_trusted_is_refused),
        cmocka_unit_test(what_began_before_goes_on),
        cmocka_unit_test(a_failure_changes_nothing),
        cmocka_unit_test(another_config_may_come),
        cmocka_unit_test(where_there_is_no_place_there_is_no_config),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
