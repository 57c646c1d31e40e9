/* tls_test.c - blocking connections between two threads: that they work, how
 * long they wait, how they are misused. */
#include "api/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* ---- it works ------------------------------------------------------------ */

static void talk_to(const char *host, const char *address)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;
    char got[100];

    test_peer_listen_at(&p, address, test_answer, test_server(&certs));
    tls = hf_connect(config, host, p.port);
    if (hf_handshake(tls) < 0)
        fail_msg("%s", hf_tls_reason(tls));
    assert_true(hf_tls_fd(tls) >= 0);
    assert_int_equal(hf_conn_version(hf_tls_conn(tls)), HF_TLS13);
    assert_int_equal(hf_write(tls, "hello", 5), 5);
    assert_int_equal(hf_read(tls, got, sizeof(got)), 5);
    assert_memory_equal(got, "world", 5);
    assert_int_equal(hf_read(tls, got, sizeof(got)), 0);
    assert_int_equal(hf_close(tls), 0);
    hf_tls_free(tls);
    test_peer_join(&p);
    assert_int_equal(p.len, 5);
    assert_memory_equal(p.got, "hello", 5);
    assert_int_equal(p.error.code, HF_OK);
    hf_config_free(config);
}

static void a_client_and_a_server_talk(void **state)
{
    (void)state;
    talk_to("localhost", "127.0.0.1");
    talk_to("127.0.0.1", "127.0.0.1");
}

static void an_ipv6_address_is_connected_to_and_verified(void **state)
{
    char port[16];
    int listener = test_listen("::1", 1, port);

    (void)state;
    if (listener < 0) {
        print_message("# SKIP: IPv6 (cannot be had: no ::1 here)\n");
        skip();
    }
    close(listener);
    talk_to("::1", "::1");
}

/* Threads that share a config want it frozen before they start. */
static void a_config_that_was_frozen_by_hand_serves(void **state)
{
    struct hf_config *config = hf_config_new();
    char directory[TEST_PATH_MAX], path[TEST_PATH_MAX];
    struct hf_tls *tls;
    struct test_peer p;

    (void)state;
    test_directory(directory);
    test_write(directory, "ca.pem", certs.ca.at, certs.ca.len);
    test_path(path, sizeof(path), directory, "ca.pem");
    assert_true(hf_config_trust_file(config, path));
    test_remove(directory); /* it was read, and is not needed any more */
    assert_true(hf_config_freeze(config));
    test_peer_listen(&p, test_answer, test_server(&certs));
    tls = hf_connect(config, "localhost", p.port);
    if (hf_write(tls, "x", 1) != 1)
        fail_msg("%s", hf_tls_reason(tls));
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

/* A config serves many connections, one after the other and at once. */
static void a_config_serves_many(void **state)
{
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct test_peer peers[8];
    struct hf_tls *tls[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        test_peer_listen(&peers[i], test_answer, hf_config_keep(server));
        tls[i] = hf_connect(client, "localhost", peers[i].port);
    }
    for (int i = 0; i < 8; i++) {
        char got[10];

        assert_int_equal(hf_write(tls[i], "hello", 5), 5);
        assert_int_equal(hf_read(tls[i], got, sizeof(got)), 5);
        hf_tls_free(tls[i]);
        test_peer_join(&peers[i]);
    }
    hf_config_free(client);
    hf_config_free(server);
}

enum { PIPED = 1000 * 1000 };

/* Give back what comes on a pair of pipes; @fd is the input, fd2 the output. */
static int echo_output;
static void echo(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_server_fds(p->config, fd, echo_output);
    static char buf[30000];
    ssize_t n;

    hf_tls_own_fd(tls);
    while ((n = hf_read(tls, buf, sizeof(buf))) > 0)
        if (hf_write(tls, buf, (size_t)n) != n)
            break;
    p->status = hf_close(tls);
    p->error = *hf_tls_error(tls);
    hf_tls_free(tls);
}

static void pipes_serve_as_well_as_sockets(void **state)
{
    static uint8_t sent[PIPED], got[PIPED];
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    int up[2], down[2];
    struct test_peer p;

    (void)state;
    assert_int_equal(pipe(up) | pipe(down), 0);
    echo_output = down[1];
    test_peer_on(&p, echo, test_server(&certs), up[0]);
    tls = hf_client_fds(config, down[0], up[1], "localhost");
    hf_tls_own_fd(tls);
    for (size_t i = 0; i < PIPED; i++)
        sent[i] = (uint8_t)(i * 167 >> 4);
    for (size_t done = 0; done < PIPED; done += 40000) {
        size_t back = 0;

        assert_int_equal(hf_write(tls, sent + done, 40000), 40000);
        while (back < 40000) {
            ssize_t n = hf_read(tls, got + done + back, 40000 - back);

            if (n < 1)
                fail_msg("%s", hf_tls_reason(tls));
            back += (size_t)n;
        }
    }
    assert_memory_equal(sent, got, PIPED);
    assert_int_equal(hf_close(tls), 0);
    assert_int_equal(hf_read(tls, got, 1), 0);
    hf_tls_free(tls);
    test_peer_join(&p);
    assert_int_equal(p.error.code, HF_OK);
    hf_config_free(config);
}

/* ---- time ---------------------------------------------------------------- */

static void took(int64_t begun, int64_t least, int64_t most)
{
    int64_t t = hf_io_now() - begun;

    if (t < least || t > most)
        fail_msg("took %d ms", (int)t);
}

static void a_silent_server_times_out(void **state)
{
    struct hf_config *config = test_client(&certs);
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port);
    int64_t begun = hf_io_now();
    struct hf_tls *tls = hf_connect_within(config, "localhost", port, 150);

    (void)state;
    took(begun, 140, 2000);
    test_failed(tls, HF_E_TIMEOUT, "in the handshake");
    assert_int_equal(hf_handshake(tls), HF_TLS_ERROR);
    hf_tls_free(tls);
    close(listener);
    hf_config_free(config);
}

static void a_silent_client_times_out(void **state)
{
    struct hf_config *config = test_server(&certs);
    struct hf_tls *tls;
    int64_t begun = hf_io_now();
    int ends[2];

    (void)state;
    test_tcp_pair(ends);
    tls = hf_accept(config, ends[1]);
    hf_tls_set_deadline(tls, 100);
    assert_int_equal(hf_handshake(tls), HF_TLS_ERROR);
    took(begun, 90, 2000);
    test_failed(tls, HF_E_TIMEOUT, "in the handshake");
    hf_tls_free(tls);
    close(ends[0]);
    close(ends[1]);
    hf_config_free(config);
}

/* Shake hands, then nothing until the other side hangs up. */
static void keep_silent(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);
    char byte;

    p->status = hf_handshake(tls);
    while (read(fd, &byte, 1) > 0)
        ;
    hf_tls_free(tls);
    close(fd);
}

static void a_deadline_holds_after_the_handshake(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;
    char got[10];
    int64_t begun;

    (void)state;
    test_peer_listen(&p, keep_silent, test_server(&certs));
    tls = hf_connect(config, "localhost", p.port);
    assert_int_equal(hf_tls_error(tls)->code, HF_OK);
    begun = hf_io_now();
    hf_tls_set_deadline(tls, 100);
    assert_int_equal(hf_read(tls, got, sizeof(got)), HF_TLS_ERROR);
    took(begun, 90, 2000);
    test_failed(tls, HF_E_TIMEOUT, "waiting for the peer");
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

static void a_peer_that_reads_nothing_times_out_a_blocking_write(void **state)
{
    static char much[4 * 1000 * 1000];
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;
    int64_t begun;
    int ends[2], twin;

    (void)state;
    test_socketpair(ends);
    test_peer_on(&p, test_shake, test_server(&certs), ends[1]);
    tls = hf_client_fds(config, ends[0], ends[0], "localhost");
    assert_int_equal(hf_handshake(tls), 0);
    twin = dup(ends[1]); /* stays open, and nobody reads from it */
    assert_int_equal(hf_write(tls, "x", 1), 1);
    test_peer_join(&p);
    assert_int_equal(p.len, 1);
    begun = hf_io_now();
    hf_tls_set_deadline(tls, 100);
    assert_int_equal(hf_write(tls, much, sizeof(much)), HF_TLS_ERROR);
    took(begun, 90, 2000);
    test_failed(tls, HF_E_TIMEOUT, "writing");
    hf_tls_free(tls);
    close(twin);
    close(ends[0]);
    hf_config_free(config);
}

enum { MUCH = 1000 * 1000 };

/* Shake hands, do nothing for a while, and then read all of it. */
static void read_late(struct test_peer *p, int fd)
{
    static uint8_t buf[30000];
    struct hf_tls *tls = hf_accept(p->config, fd);
    ssize_t n;

    p->status = hf_handshake(tls);
    (void)poll(NULL, 0, 50);
    for (p->len = 0; (n = hf_read(tls, buf, sizeof(buf))) > 0; p->len += n)
        for (ssize_t i = 0; i < n; i++)
            p->status |= buf[i] != (uint8_t)((p->len + i) * 7 >> 3);
    p->error = *hf_tls_error(tls);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

static void a_blocking_write_waits_for_a_slow_reader(void **state)
{
    static uint8_t much[MUCH];
    struct hf_config *config = test_client(&certs);
    int64_t begun = hf_io_now();
    struct hf_tls *tls;
    struct test_peer p;
    int ends[2];

    (void)state;
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (uint8_t)(i * 7 >> 3);
    test_socketpair(ends);
    test_peer_on(&p, read_late, test_server(&certs), ends[1]);
    tls = hf_client_fds(config, ends[0], ends[0], "localhost");
    assert_int_equal(hf_write(tls, much, MUCH), MUCH);
    took(begun, 50, 30000);
    assert_int_equal(hf_close(tls), 0);
    test_peer_join(&p);
    assert_int_equal(p.status, 0);
    assert_int_equal(p.error.code, HF_OK);
    assert_int_equal(p.len, MUCH);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
    hf_config_free(config);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void slowly(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    p->status = hf_handshake(tls);
    (void)poll(NULL, 0, 150);
    hf_write(tls, "late", 4);
    hf_close(tls);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

static void signals_do_not_end_a_call(void **state)
{
    struct sigaction act = { .sa_handler = on_alarm }, before;
    struct itimerval often = { { 0, 10000 }, { 0, 10000 } }, off = { 0 };
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;
    sigset_t set;
    char got[10];

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* not in the other thread */
    test_peer_listen(&p, slowly, test_server(&certs));
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    sigaction(SIGALRM, &act, &before); /* without SA_RESTART */
    setitimer(ITIMER_REAL, &often, NULL);
    tls = hf_connect(config, "localhost", p.port);
    assert_int_equal(hf_read(tls, got, sizeof(got)), 4);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(alarms > 3);
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

/* ---- use ----------------------------------------------------------------- */

static void without_a_name_nothing_is_even_sent(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    int ends[2];
    char byte;

    (void)state;
    test_socketpair(ends);
    tls = hf_client_fds(config, ends[0], ends[0], NULL);
    test_failed(tls, HF_E_NO_NAME, "");
    assert_int_equal(hf_handshake(tls), HF_TLS_ERROR);
    assert_int_equal(hf_write(tls, "x", 1), HF_TLS_ERROR);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    hf_tls_free(tls);
    close(ends[0]);
    close(ends[1]);
    hf_config_free(config);
}

static void without_a_name_if_that_was_said(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_error error;
    struct hf_tls *tls;
    struct test_peer p;
    int fd;

    (void)state;
    assert_true(hf_config_insecure_no_name_check(config));
    test_peer_listen(&p, test_answer, test_server(&certs));
    fd = hf_tcp_connect("127.0.0.1", p.port, 1000, &error);
    tls = hf_client_fds(config, fd, fd, NULL);
    hf_tls_own_fd(tls);
    if (hf_handshake(tls))
        fail_msg("%s", hf_tls_reason(tls));
    assert_int_equal(hf_write(tls, "x", 1), 1);
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

static void the_name_sent_may_differ_from_the_one_verified(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_error error;
    struct hf_tls *tls;
    struct test_peer p;
    int fd;

    (void)state;
    test_peer_listen(&p, test_answer, test_server(&certs));
    fd = hf_tcp_connect("127.0.0.1", p.port, 1000, &error);
    tls = hf_client_fds(config, fd, fd, "localhost");
    hf_tls_own_fd(tls);
    assert_true(hf_conn_set_sni(hf_tls_conn(tls), "front.example"));
    if (hf_handshake(tls))
        fail_msg("%s", hf_tls_reason(tls));
    assert_string_equal(hf_conn_server_name(hf_tls_conn(tls)), "front.example");
    assert_int_equal(hf_write(tls, "x", 1), 1);
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

static void a_client_that_trusts_nobody_does_not_connect(void **state)
{
    struct hf_config *config = hf_config_new();
    struct hf_tls *tls;
    char port[16];
    int listener = test_listen("127.0.0.1", 1, port);
    struct pollfd one = { listener, POLLIN, 0 };

    (void)state;
    tls = hf_connect(config, "localhost", port);
    test_failed(tls, HF_E_NO_TRUST, "");
    assert_int_equal(poll(&one, 1, 20), 0);
    hf_tls_free(tls);
    close(listener);
    hf_config_free(config);
}

static void no_object_is_an_error_and_no_crash(void **state)
{
    char byte;
    struct hf_tls *tls;

    (void)state;
    assert_int_equal(hf_handshake(NULL), HF_TLS_ERROR);
    assert_int_equal(hf_read(NULL, &byte, 1), HF_TLS_ERROR);
    assert_int_equal(hf_write(NULL, &byte, 1), HF_TLS_ERROR);
    assert_int_equal(hf_close(NULL), HF_TLS_ERROR);
    assert_int_equal(hf_tls_error(NULL)->code, HF_E_OUT_OF_MEMORY);
    assert_non_null(strstr(hf_tls_reason(NULL), "internal.memory"));
    assert_null(hf_tls_conn(NULL));
    assert_int_equal(hf_tls_fd(NULL), -1);
    assert_int_equal(hf_tls_pending(NULL), 0);
    hf_tls_own_fd(NULL);
    hf_tls_set_deadline(NULL, 1);
    hf_tls_free(NULL);
    tls = hf_connect(NULL, "localhost", "1");
    test_failed(tls, HF_E_OUT_OF_MEMORY, "there is no config");
    assert_null(hf_tls_conn(tls));
    assert_int_equal(hf_read(tls, &byte, 1), HF_TLS_ERROR);
    hf_tls_free(tls);
}

static void a_descriptor_that_is_not_open_is_told(void **state)
{
    struct hf_config *config = test_server(&certs);
    struct hf_tls *tls = hf_accept(config, -1);

    (void)state;
    test_failed(tls, HF_E_SOCKET, "descriptor -1: Bad file descriptor");
    assert_int_equal(hf_tls_error(tls)->system, EBADF);
    hf_tls_free(tls);
    hf_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_and_a_server_talk),
        cmocka_unit_test(an_ipv6_address_is_connected_to_and_verified),
        cmocka_unit_test(a_config_serves_many),
        cmocka_unit_test(a_config_that_was_frozen_by_hand_serves),
        cmocka_unit_test(pipes_serve_as_well_as_sockets),
        cmocka_unit_test(a_silent_server_times_out),
        cmocka_unit_test(a_silent_client_times_out),
        cmocka_unit_test(a_deadline_holds_after_the_handshake),
        cmocka_unit_test(a_peer_that_reads_nothing_times_out_a_blocking_write),
        cmocka_unit_test(a_blocking_write_waits_for_a_slow_reader),
        cmocka_unit_test(signals_do_not_end_a_call),
        cmocka_unit_test(without_a_name_nothing_is_even_sent),
        cmocka_unit_test(without_a_name_if_that_was_said),
        cmocka_unit_test(the_name_sent_may_differ_from_the_one_verified),
        cmocka_unit_test(a_client_that_trusts_nobody_does_not_connect),
        cmocka_unit_test(no_object_is_an_error_and_no_crash),
        cmocka_unit_test(a_descriptor_that_is_not_open_is_told),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
