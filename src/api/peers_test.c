/* peers_test.c - peers that are gone, hang up, do not speak TLS or are not to be
 * trusted, and what is said of them. */
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

/* ---- what such peers do -------------------------------------------------- */

static void hear_hello(int fd)
{
    char hello[8192];

    (void)!read(fd, hello, sizeof(hello));
}

static void hang_up(struct test_peer *p, int fd)
{
    (void)p;
    hear_hello(fd);
    close(fd);
}

static void reset(struct test_peer *p, int fd)
{
    struct linger now = { 1, 0 };

    (void)p;
    hear_hello(fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

static void speak_http(struct test_peer *p, int fd)
{
    static const char page[] = "HTTP/1.1 400 Bad Request\r\n"
                               "Content-Length: 0\r\n\r\n";

    (void)p;
    hear_hello(fd);
    (void)!write(fd, page, sizeof(page) - 1);
    close(fd);
}

/* ---- peers that go away -------------------------------------------------- */

static void a_closed_port_is_told(void **state)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    char port[16];
    int held = test_closed_port(port);

    (void)state;
    tls = hf_connect(config, "127.0.0.1", port);
    test_failed(tls, HF_E_CONNECT, "Connection refused");
    assert_int_equal(hf_tls_error(tls)->system, ECONNREFUSED);
    assert_int_equal(hf_tls_fd(tls), -1);
    hf_tls_free(tls);
    close(held);
    hf_config_free(config);
}

static void fails_against(void (*act)(struct test_peer *, int fd),
                          unsigned code, const char *words, int system)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;

    test_peer_listen(&p, act, NULL);
    tls = hf_connect(config, "localhost", p.port);
    test_failed(tls, code, words);
    assert_int_equal(hf_tls_error(tls)->system, system);
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(config);
}

static void a_connection_cut_in_the_handshake_is_told(void **state)
{
    (void)state;
    fails_against(hang_up, HF_E_CLOSED_EARLY, "in the middle of the handshake",
                  0);
}

static void a_connection_reset_in_the_handshake_is_told(void **state)
{
    (void)state;
    fails_against(reset, HF_E_SOCKET,
                  "Connection reset by peer while reading in the handshake",
                  ECONNRESET);
}

static void a_server_of_plain_http_is_recognised(void **state)
{
    (void)state;
    fails_against(speak_http, HF_E_PLAIN_HTTP, "plain HTTP", 0);
}

static volatile sig_atomic_t pipe_signals;

static void on_pipe(int signal)
{
    (void)signal;
    pipe_signals++;
}

/* Shake hands and go. */
static int leave_output;
static void leave(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_server_fds(p->config, fd, leave_output);

    p->status = hf_handshake(tls);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

/* Write to a peer that has gone until that fails: never with a signal, nor
 * with one left pending. */
static void writing_breaks(int in, int out, int peer_in, int peer_out)
{
    struct hf_config *config = test_client(&certs);
    struct hf_tls *tls;
    struct test_peer p;
    sigset_t pending, mask;

    leave_output = peer_out;
    test_peer_on(&p, leave, test_server(&certs), peer_in);
    tls = hf_client_fds(config, in, out, "localhost");
    hf_tls_own_fd(tls);
    assert_int_equal(hf_handshake(tls), 0);
    test_peer_join(&p);
    while (hf_write(tls, "hello", 5) == 5)
        (void)poll(NULL, 0, 1);
    test_failed(tls, HF_E_SOCKET, "while writing");
    assert_true(hf_tls_error(tls)->system == EPIPE ||
                hf_tls_error(tls)->system == ECONNRESET);
    assert_int_equal(hf_write(tls, "hello", 5), HF_TLS_ERROR);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    assert_int_equal(sigismember(&mask, SIGPIPE), 0);
    hf_tls_free(tls);
    hf_config_free(config);
}

static void nothing_raises_sigpipe(void **state)
{
    struct sigaction act = { .sa_handler = on_pipe }, before;
    int ends[2], up[2], down[2];

    (void)state;
    sigaction(SIGPIPE, &act, &before);
    test_tcp_pair(ends);
    writing_breaks(ends[0], ends[0], ends[1], ends[1]);
    test_socketpair(ends);
    writing_breaks(ends[0], ends[0], ends[1], ends[1]);
    assert_int_equal(pipe(up) | pipe(down), 0);
    writing_breaks(down[0], up[1], up[0], down[1]);
    sigaction(SIGPIPE, &before, NULL);
    assert_int_equal(pipe_signals, 0);
}

static void a_sigpipe_that_was_pending_stays(void **state)
{
    struct hf_fd to;
    int ends[2], error = 0, taken = 0;
    sigset_t set, before, pending;
    size_t n;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    pthread_kill(pthread_self(), SIGPIPE);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    to = hf_fd(ends[1]);
    assert_int_equal(hf_io_send(&to, hf_span("x", 1), &n, &error),
                     HF_IO_BROKEN);
    assert_int_equal(error, EPIPE);
    sigpending(&pending);
    assert_int_equal(sigismember(&pending, SIGPIPE), 1);
    sigwait(&set, &taken);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
}

/* ---- certificates that are not accepted ---------------------------------- */

/* What the client says, and what the server hears of it. */
static void both_are_told(struct hf_config *client, struct hf_config *server,
                          const char *name, unsigned code, uint8_t alert)
{
    struct hf_error error;
    struct hf_tls *tls;
    struct test_peer p;
    int fd;

    test_peer_listen(&p, test_shake, server);
    fd = hf_tcp_connect("127.0.0.1", p.port, 1000, &error);
    tls = hf_client_fds(client, fd, fd, name);
    hf_tls_own_fd(tls);
    assert_int_equal(hf_handshake(tls), HF_TLS_ERROR);
    test_failed(tls, code, "");
    hf_tls_free(tls);
    test_peer_join(&p);
    hf_config_free(client);
    assert_string_equal(hf_error_name(p.error.code), "peer.alert");
    assert_int_equal(p.error.alert, alert);
    assert_true(p.error.by_peer);
}

static void an_expired_certificate_is_refused_and_both_know(void **state)
{
    struct hf_config *server = hf_config_new();

    (void)state;
    assert_true(hf_config_add_keypair(server, test_span(&certs.expired),
                                      test_span(&certs.key)));
    both_are_told(test_client(&certs), server, "localhost", HF_E_EXPIRED, 45);
}

static void a_certificate_for_other_names_is_refused_and_both_know(void **state)
{
    (void)state;
    both_are_told(test_client(&certs), test_server(&certs), "example.org",
                  HF_E_NAME_MISMATCH, hf_error_alert(HF_E_NAME_MISMATCH));
}

static void an_unknown_authority_is_refused_and_both_know(void **state)
{
    struct test_certs others;
    struct hf_config *client;

    (void)state;
    test_certs_make(&others, "Another Authority");
    client = test_client(&others);
    both_are_told(client, test_server(&certs), "localhost", HF_E_UNKNOWN_ISSUER,
                  48);
}

/* A client learns only after its own handshake that a certificate of its is
 * required (RFC 8446 4.4.2.4), when it writes or reads. */
static void a_client_without_a_certificate_learns_why(void **state)
{
    struct hf_config *client = test_client(&certs);
    struct hf_config *server = test_server(&certs);
    struct hf_tls *tls;
    struct test_peer p;

    (void)state;
    assert_true(hf_config_trust(server, test_span(&certs.ca)));
    assert_true(hf_config_set_client_auth(server, HF_CLIENT_AUTH_REQUIRED));
    test_peer_listen(&p, test_shake, server);
    tls = hf_connect(client, "localhost", p.port);
    test_peer_join(&p);
    assert_int_equal(p.error.code, HF_E_NO_PEER_CERTIFICATE);
    while (hf_write(tls, "hello", 5) == 5)
        (void)poll(NULL, 0, 1);
    test_failed(tls, HF_E_ALERT, "");
    assert_int_equal(hf_tls_error(tls)->alert, 116);
    hf_tls_free(tls);
    hf_config_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_port_is_told),
        cmocka_unit_test(a_connection_cut_in_the_handshake_is_told),
        cmocka_unit_test(a_connection_reset_in_the_handshake_is_told),
        cmocka_unit_test(a_server_of_plain_http_is_recognised),
        cmocka_unit_test(nothing_raises_sigpipe),
        cmocka_unit_test(a_sigpipe_that_was_pending_stays),
        cmocka_unit_test(an_expired_certificate_is_refused_and_both_know),
        cmocka_unit_test(
            a_certificate_for_other_names_is_refused_and_both_know),
        cmocka_unit_test(an_unknown_authority_is_refused_and_both_know),
        cmocka_unit_test(a_client_without_a_certificate_learns_why),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
