/* reconnect_test.c - sessions resumed by connections on sockets, out of the store
 * in memory: by tickets, ids and pre-shared keys, and by hf_connect(). */
#define HF_UNPOISONED
#include "api/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_certs certs;

static struct hf_config *client_with(struct hf_session_store *store)
{
    struct hf_config *config = test_client(&certs);

    assert_true(
        hf_config_set_sessions(config, hf_session_store_interface(store)));
    return config;
}

/* One more connection of the same two configs: does it resume? */
static bool resumes(struct hf_config *client, struct hf_config *server)
{
    struct test_two t;
    char byte;
    bool resumed;

    t.ends[0] = t.ends[1] = -1;
    test_socketpair(t.ends);
    test_nonblocking(t.ends[0]);
    test_nonblocking(t.ends[1]);
    t.client = hf_client_fds(client, t.ends[0], t.ends[0], "localhost");
    t.server = hf_accept(server, t.ends[1]);
    test_two_shake(&t);
    assert_int_equal(hf_write(t.server, "x", 1), 1);
    assert_int_equal(hf_read(t.client, &byte, 1), 1);
    resumed = hf_conn_resumed(hf_tls_conn(t.client));
    assert_int_equal(resumed, hf_conn_resumed(hf_tls_conn(t.server)));
    hf_tls_free(t.client);
    hf_tls_free(t.server);
    close(t.ends[0]);
    close(t.ends[1]);
    return resumed;
}

static void both_ends_resume_with_it(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) { /* TLS 1.3, 1.2 by ticket, 1.2 by id */
        struct hf_session_store *ours = hf_session_store_new(10, 0);
        struct hf_session_store *theirs = hf_session_store_new(10, 0);
        struct hf_config *client = client_with(ours);
        struct hf_config *server = test_server(&certs);

        if (way > 0)
            assert_true(hf_config_set_versions(server, HF_TLS12, HF_TLS12));
        if (way == 2)
            assert_true(hf_config_set_tickets(server, 0) &&
                        hf_config_set_sessions(
                            server, hf_session_store_interface(theirs)));
        assert_false(resumes(client, server));
        for (int i = 0; i < 5; i++)
            assert_true(resumes(client, server));
        assert_int_equal(hf_session_store_count(theirs), way == 2);
        hf_session_store_clear(way == 2 ? theirs : ours);
        assert_false(resumes(client, server));
        assert_true(resumes(client, server));
        hf_config_free(client);
        hf_config_free(server);
        hf_session_store_free(ours);
        hf_session_store_free(theirs);
    }
}

/* Two ports of one server, which would resume at either. */
struct both_ports {
    struct hf_config *config;
    int listener[2];
    const char *order; /* "010": which port is connected to, one by one */
};

static void *serve(void *arg)
{
    const struct both_ports *b = arg;

    for (const char *at = b->order; *at; at++) {
        int fd = accept(b->listener[*at - '0'], NULL, NULL);
        struct hf_tls *tls = hf_accept(b->config, fd);
        char byte;

        hf_tls_own_fd(tls);
        if (hf_read(tls, &byte, 1) == 1)
            (void)hf_write(tls, &byte, 1);
        (void)hf_close(tls);
        (void)hf_read(tls, &byte, 1);
        hf_tls_free(tls);
    }
    return NULL;
}

static void hf_connect_keeps_ports_apart(void **state)
{
    static const bool want[] = { false, true, false, true, true };
    struct hf_session_store *store = hf_session_store_new(10, 0);
    struct hf_config *client = client_with(store);
    struct both_ports b = { .config = test_server(&certs), .order = "00110" };
    char port[2][16];
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 2; i++)
        b.listener[i] = test_listen("127.0.0.1", 1, port[i]);
    assert_false(pthread_create(&thread, NULL, serve, &b));
    for (size_t i = 0; i < 5; i++) {
        struct hf_tls *tls = hf_connect(client, "127.0.0.1",
                                        port[b.order[i] - '0']);
        char byte = 'x';

        assert_string_equal(hf_tls_reason(tls), "ok");
        assert_int_equal(hf_write(tls, &byte, 1), 1);
        assert_int_equal(hf_read(tls, &byte, 1), 1);
        assert_int_equal(hf_conn_resumed(hf_tls_conn(tls)), want[i]);
        (void)hf_close(tls);
        hf_tls_free(tls);
    }
    pthread_join(thread, NULL);
    close(b.listener[0]);
    close(b.listener[1]);
    hf_config_free(client);
    hf_config_free(b.config);
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
        cmocka_unit_test(both_ends_resume_with_it),
        cmocka_unit_test(hf_connect_keeps_ports_apart),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
