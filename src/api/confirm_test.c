/* confirm_test.c - hf_confirm(): a client waits to hear what became of its
 * certificate, against a server in a thread that speaks, is silent, refuses or
 * goes away. */
#include "api/test.h"

#include <string.h>
#include <unistd.h>

static struct test_certs certs, others;

/* ---- servers --------------------------------------------------------------------- */

/* Shake hands, say something, wait for the client's word or end. */
static void speaks(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    p->status = hf_handshake(tls);
    if (!p->status)
        p->status = hf_write(tls, "hello", 5) == 5 ? 0 : -1;
    p->len = hf_read(tls, p->got, sizeof(p->got));
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

static void is_silent(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    p->status = hf_handshake(tls);
    p->len = hf_read(tls, p->got, sizeof(p->got));
    p->error = *hf_tls_error(tls);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

static void says_goodbye(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    p->status = hf_handshake(tls);
    hf_close(tls);
    p->len = hf_read(tls, p->got, sizeof(p->got));
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

static void hangs_up(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    p->status = hf_handshake(tls);
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
}

/* ---- a client -------------------------------------------------------------------- */

struct scene {
    void (*server)(struct test_peer *p, int fd);
    bool asks, trusts, gives, tls12;
};

static struct test_peer peer;

/* Our end of it. */
static struct hf_tls *meet(const struct scene *s, bool blocks)
{
    struct hf_config *server = test_server(&certs);
    struct hf_config *client = test_client(&certs);
    struct hf_tls *tls;
    int ends[2];

    if (s->asks)
        assert_true(
            hf_config_set_client_auth(server, HF_CLIENT_AUTH_REQUIRED) &&
            hf_config_trust(server,
                            test_span(s->trusts ? &certs.ca : &others.ca)));
    assert_true(hf_config_set_tickets(server, 0));
    if (s->tls12)
        assert_true(hf_config_set_versions(client, HF_TLS12, HF_TLS12));
    if (s->gives)
        assert_true(hf_config_add_keypair(client, test_span(&certs.leaf),
                                          test_span(&certs.key)));
    test_socketpair(ends);
    test_peer_on(&peer, s->server, server, ends[1]);
    if (!blocks)
        test_nonblocking(ends[0]);
    tls = hf_client_fds(client, ends[0], ends[0], "localhost");
    assert_non_null(tls);
    hf_tls_own_fd(tls);
    hf_config_free(client);
    return tls;
}

static void part(struct hf_tls *tls)
{
    hf_tls_free(tls);
    test_peer_join(&peer);
}

static unsigned state_of(struct hf_tls *tls)
{
    return hf_conn_client_auth(hf_tls_conn(tls));
}

/* ---- what comes of it ------------------------------------------------------------------ */

static void who_is_not_asked_does_not_wait(void **state)
{
    const struct scene s = { is_silent, false, false, true, false };
    struct hf_tls *tls = meet(&s, true);

    (void)state;
    assert_int_equal(hf_confirm(tls, 60000), 0);
    assert_int_equal(state_of(tls), HF_AUTH_NOT_ASKED);
    part(tls);
}

static void data_confirms_and_is_kept(void **state)
{
    char got[100];

    (void)state;
    for (unsigned blocks = 0; blocks < 2; blocks++)
        for (unsigned tls12 = 0; tls12 < 2; tls12++) {
            const struct scene s = { speaks, true, true, true, tls12 };
            struct hf_tls *tls = meet(&s, blocks);
            ssize_t n;
            int status;

            while ((status = hf_confirm(tls, 20000)) == HF_WANT_POLLIN)
                ;
            if (status)
                fail_msg("%s", hf_tls_reason(tls));
            assert_int_equal(state_of(tls), HF_AUTH_ACCEPTED);
            assert_int_equal(hf_confirm(tls, 20000), 0);
            while ((n = hf_read(tls, got, sizeof(got))) == HF_WANT_POLLIN)
                ;
            assert_int_equal(n, 5);
            assert_memory_equal(got, "hello", 5);
            part(tls);
        }
}

static void silence_leaves_it_open(void **state)
{
    const struct scene s = { is_silent, true, true, true, false };
    struct hf_tls *tls = meet(&s, true);
    int64_t begun = hf_io_now();

    (void)state;
    assert_int_equal(hf_confirm(tls, 0), 0);
    assert_int_equal(state_of(tls), HF_AUTH_GIVEN);
    assert_int_equal(hf_confirm(tls, 100), 0);
    assert_true(hf_io_now() - begun >= 100);
    assert_int_equal(state_of(tls), HF_AUTH_GIVEN);
    assert_int_equal(hf_write(tls, "hi", 2), 2);
    part(tls);
    assert_int_equal(peer.len, 2);
}

/* Who does not block is told to wait by himself. */
static void without_blocking_nothing_is_waited_for(void **state)
{
    const struct scene s = { is_silent, true, true, true, false };
    struct hf_tls *tls = meet(&s, false);

    (void)state;
    while (hf_handshake(tls) == HF_WANT_POLLIN)
        ;
    for (int i = 0; i < 100; i++)
        assert_int_equal(hf_confirm(tls, 60000), HF_WANT_POLLIN);
    assert_int_equal(state_of(tls), HF_AUTH_GIVEN);
    part(tls);
}

static void a_refusal_is_an_error_that_says_so(void **state)
{
    (void)state;
    for (unsigned gives = 0; gives < 2; gives++)
        for (unsigned tls12 = 0; tls12 < 2; tls12++) {
            const struct scene s = { is_silent, true, false, gives, tls12 };
            struct hf_tls *tls = meet(&s, true);
            char got[16];

            assert_int_equal(hf_confirm(tls, 20000), HF_TLS_ERROR);
            test_failed(tls, HF_E_ALERT,
                        gives ? "it refuses our certificate"
                              : "it wants a certificate, and we gave none");
            assert_int_equal(state_of(tls), HF_AUTH_REFUSED);
            assert_int_equal(hf_read(tls, got, sizeof(got)), HF_TLS_ERROR);
            assert_int_equal(hf_confirm(tls, 20000), HF_TLS_ERROR);
            part(tls);
        }
}

/* Who does not wait meets it at the first read, in the same words. */
static void a_read_meets_it_as_well(void **state)
{
    const struct scene s = { is_silent, true, false, true, false };
    struct hf_tls *tls = meet(&s, true);
    char got[16];

    (void)state;
    assert_int_equal(hf_handshake(tls), 0);
    assert_int_equal(hf_read(tls, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(tls, HF_E_ALERT, "it refuses our certificate");
    assert_int_equal(state_of(tls), HF_AUTH_REFUSED);
    part(tls);
}

/* It neither takes the certificate nor refuses it. */
static void an_end_leaves_it_open(void **state)
{
    const struct scene bye = { says_goodbye, true, true, true, false };
    const struct scene cut = { hangs_up, true, true, true, false };
    struct hf_tls *tls = meet(&bye, true);
    char got[16];

    (void)state;
    assert_int_equal(hf_confirm(tls, 20000), 0);
    assert_int_equal(state_of(tls), HF_AUTH_GIVEN);
    assert_int_equal(hf_read(tls, got, sizeof(got)), 0);
    part(tls);
    tls = meet(&cut, true);
    assert_int_equal(hf_confirm(tls, 20000), HF_TLS_ERROR);
    test_failed(tls, HF_E_CUT, "");
    assert_int_equal(state_of(tls), HF_AUTH_GIVEN);
    part(tls);
}

static void nobody_confirms_nothing(void **state)
{
    (void)state;
    assert_int_equal(hf_confirm(NULL, 10), HF_TLS_ERROR);
}

static int set_up(void **state)
{
    (void)state;
    test_certs_make(&certs, "CA");
    test_certs_make(&others, "other CA");
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_not_asked_does_not_wait),
        cmocka_unit_test(data_confirms_and_is_kept),
        cmocka_unit_test(silence_leaves_it_open),
        cmocka_unit_test(without_blocking_nothing_is_waited_for),
        cmocka_unit_test(a_refusal_is_an_error_that_says_so),
        cmocka_unit_test(a_read_meets_it_as_well),
        cmocka_unit_test(an_end_leaves_it_open),
        cmocka_unit_test(nobody_confirms_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
