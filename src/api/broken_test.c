/* broken_test.c - connections that break: writing goes nowhere, the peer hangs
 * up with or without a word, a provider can no longer seal.  What came before is
 * still read, and the reason is the right one. */
#include "api/test.h"

#include <string.h>
#include <sys/socket.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* ---- a provider that fails when it is told to ---------------------------------------- */

static struct hf_provider provider;
static struct hf_aead aead;
static bool can_seal, can_draw;

static bool seal(void *state, const struct hf_seal *one)
{
    return can_seal && hf_libcrypto.aeads[0]->seal(state, one);
}

static bool draw(void *self, void *out, size_t len)
{
    return can_draw && hf_libcrypto.random(self, out, len);
}

/* A client of that provider, with the one cipher suite that it can do. */
static struct hf_config *failing_client(void)
{
    static const struct hf_aead *const aeads[] = { &aead, NULL };
    static const uint16_t suites[] = { 0x1301, 0 };
    struct hf_config *config = hf_config_new();

    aead = *hf_libcrypto.aeads[0];
    assert_string_equal(aead.name, "AES-128-GCM");
    aead.seal = seal;
    aead.seal_many = NULL;
    provider = hf_libcrypto;
    provider.aeads = aeads;
    provider.random = draw;
    can_seal = can_draw = true;
    assert_true(hf_config_set_provider(config, &provider) &&
                hf_config_set_suites(config, suites) &&
                hf_config_trust(config, test_span(&certs.ca)));
    return config;
}

static void a_record_that_cannot_be_sealed_ends_the_connection(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_make(&t, failing_client(), test_server(&certs), false);
    test_two_shake(&t);
    assert_int_equal(hf_write(t.client, "one", 3), 3);
    can_seal = false;
    assert_int_equal(hf_write(t.client, "two", 3), HF_TLS_ERROR);
    test_failed(t.client, HF_E_CRYPTO, "AES-128-GCM could not seal");
    can_seal = true;
    assert_int_equal(hf_write(t.client, "three", 5), HF_TLS_ERROR);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.client, HF_E_CRYPTO, "AES-128-GCM could not seal");
    /* The peer has what was sealed, and then no goodbye. */
    hf_tls_free(t.client);
    t.client = NULL;
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 3);
    assert_memory_equal(got, "one", 3);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.server, HF_E_CUT, "");
    test_two_drop(&t);
}

static void early_data_that_cannot_even_be_announced_is_an_error(void **state)
{
    struct test_two t;
    uint8_t got[20];

    (void)state;
    test_two_make(&t, failing_client(), test_server(&certs), false);
    can_draw = false;
    assert_int_equal(hf_write_early(t.client, "x", 1), HF_TLS_ERROR);
    test_failed(t.client, HF_E_RANDOM, "");
    can_draw = true;
    assert_int_equal(hf_write_early(t.client, "x", 1), HF_TLS_ERROR);
    assert_int_equal(hf_handshake(t.client), HF_TLS_ERROR);
    /* No hello, but an alert: internal_error. */
    assert_int_equal(recv(t.ends[1], got, sizeof(got), MSG_DONTWAIT), 7);
    assert_memory_equal(got + 3, "\0\2\2\120", 4);
    assert_int_equal(got[0], 21);
    test_two_drop(&t);
}

/* ---- writing breaks ----------------------------------------------------------------------- */

static void cannot_write(struct hf_tls *tls)
{
    assert_int_equal(hf_write(tls, "x", 1), HF_TLS_ERROR);
    test_failed(tls, HF_E_SOCKET, "Broken pipe while writing");
}

/* Then nobody is left who could hear ours. */
static void a_goodbye_is_heard_where_writing_breaks(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_close(t.server), 0);
    hf_tls_free(t.server);
    t.server = NULL;
    cannot_write(t.client);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 0);
    assert_int_equal(hf_close(t.client), 0);
    assert_int_equal(hf_close(t.client), 0);
    cannot_write(t.client);
    test_two_drop(&t);
}

static void without_a_goodbye_it_was_cut(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    hf_tls_free(t.server);
    t.server = NULL;
    cannot_write(t.client);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.client, HF_E_CUT, "close_notify");
    assert_int_equal(hf_close(t.client), HF_TLS_ERROR);
    test_failed(t.client, HF_E_CUT, "close_notify");
    test_two_drop(&t);
}

/* The peer has hung up its ear only. */
static void who_cannot_write_may_read_on(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(shutdown(t.ends[1], SHUT_RD), 0);
    cannot_write(t.client);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_WANT_POLLIN);
    assert_int_equal(hf_write(t.server, "still", 5), 5);
    cannot_write(t.client); /* and looks again for last words */
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 5);
    assert_memory_equal(got, "still", 5);
    assert_int_equal(hf_close(t.server), 0);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), 0);
    test_two_drop(&t);
}

/* ---- the handshake -------------------------------------------------------------------------- */

/* Where it was found, in layout, field and byte, comes last. */
static void a_message_that_cannot_be_read_is_told_with_its_place(void **state)
{
    /* ClientHello, cut behind its version */
    static const uint8_t cut[] = { 22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3 };
    struct test_two t;

    (void)state;
    test_two_make(&t, test_client(&certs), test_server(&certs), false);
    test_two_inject(&t, cut, sizeof(cut));
    assert_int_equal(hf_handshake(t.server), HF_TLS_ERROR);
    test_failed(t.server, HF_E_TRUNCATED, " (ClientHello.random, byte 6)");
    test_two_drop(&t);
}

/* ---- after it --------------------------------------------------------------------------------- */

static void a_misuse_is_not_the_reason_of_what_fails_later(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_read(t.server, got, 0), HF_TLS_ERROR);
    test_failed(t.server, HF_E_MISUSE, "no room to read to");
    hf_tls_set_deadline(t.server, 1);
    (void)poll(NULL, 0, 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    test_failed(t.server, HF_E_TIMEOUT,
                "the deadline passed while waiting for the peer");
    /* Nor does a later one replace a reason. */
    assert_int_equal(hf_read(t.server, got, 0), HF_TLS_ERROR);
    test_failed(t.server, HF_E_TIMEOUT, "the deadline passed");
    test_two_drop(&t);
}

/* The peer is gone with bytes of ours unread, so that reading fails. */
static void nobody_lingers_on_a_socket_that_breaks(void **state)
{
    int64_t begun = hf_io_now();
    struct test_two t;

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "never read", 10), 10);
    hf_tls_free(t.server);
    t.server = NULL;
    hf_tls_linger(t.client, begun + 20000);
    assert_false(t.client->eof);
    assert_in_range(hf_io_now() - begun, 0, 10000);
    test_two_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_cannot_be_sealed_ends_the_connection),
        cmocka_unit_test(early_data_that_cannot_even_be_announced_is_an_error),
        cmocka_unit_test(a_goodbye_is_heard_where_writing_breaks),
        cmocka_unit_test(without_a_goodbye_it_was_cut),
        cmocka_unit_test(who_cannot_write_may_read_on),
        cmocka_unit_test(a_message_that_cannot_be_read_is_told_with_its_place),
        cmocka_unit_test(a_misuse_is_not_the_reason_of_what_fails_later),
        cmocka_unit_test(nobody_lingers_on_a_socket_that_breaks),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
