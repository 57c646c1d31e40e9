/* tls12_keys_test.c - in TLS 1.2 more is said about keys than in TLS 1.3: of
 * which kind a client's may be, on which curve a server's may lie; and hybrid
 * groups have no place. */
#include "engine/duet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { P256, P384, RSA, ED25519, KINDS, NONE = -1 };

static const char *const kinds[KINDS] = { "p256", "p384", "rsa2048",
                                          "ed25519" };
static struct duet_certs certs[KINDS];
static struct duet duet;

static int make_certs(void **state)
{
    (void)state;
    for (int i = 0; i < KINDS; i++)
        if (!duet_certs_make(&certs[i], kinds[i]))
            return -1;
    return 0;
}

static int free_certs(void **state)
{
    (void)state;
    for (int i = 0; i < KINDS; i++)
        duet_certs_free(&certs[i]);
    return 0;
}

/* Both speak TLS 1.2; the server's only key is of that kind. */
static void begin(int kind)
{
    assert_true(duet_init(&duet, &certs[kind]));
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS12));
}

static void add_server_key(int kind)
{
    assert_true(
        hf_config_trust(duet.client_config, hf_span_text(certs[kind].ca)));
    assert_true(hf_config_add_keypair(duet.server_config,
                                      hf_span_text(certs[kind].chain),
                                      hf_span_text(certs[kind].key)));
}

/* ---- what a server asks for (RFC 5246 7.4.4) ------------------------------------------ */

static void add_client_key(int kind)
{
    assert_true(
        hf_config_trust(duet.server_config, hf_span_text(certs[kind].ca)));
    assert_true(hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs[kind].client_chain),
                                      hf_span_text(certs[kind].client_key)));
}

/* The CertificateRequest on its way to the client: its two certificate types,
 * both of which the server takes, become these. */
static void change_types(uint8_t first, uint8_t second)
{
    static const uint8_t head[] = { 2, 1, 64 };
    struct duet_wire *w = &duet.to_client;

    for (size_t at = 0; at + 12 <= w->len;
         at += 5 + hf_number(w->bytes + at + 3, 2))
        if (w->bytes[at + 5] == HF_CERTIFICATE_REQUEST) {
            assert_memory_equal(w->bytes + at + 9, head, sizeof(head));
            w->bytes[at + 10] = first;
            w->bytes[at + 11] = second;
            return;
        }
    fail_msg("no CertificateRequest");
}

/* Which of its keys @a and @b does a client show when asked so? */
static int shown(int a, int b, uint8_t first, uint8_t second)
{
    int chain;

    begin(P256);
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_OPTIONAL));
    add_client_key(a);
    add_client_key(b);
    assert_true(duet_start(&duet, "localhost"));
    duet_round(&duet);
    change_types(first, second);
    duet_take(duet.client, &duet.to_client, 0, duet.got_client,
              &duet.client_len);
    assert_int_equal(hf_conn_error(duet.client)->code, HF_OK);
    chain = hf_conn_own_chain(duet.client);
    duet_wipe(&duet);
    return chain;
}

static void a_client_shows_only_what_it_was_asked_for(void **state)
{
    enum { RSA_SIGN = 1, DSS = 2, ECDSA_SIGN = 64 };

    (void)state;
    assert_int_equal(shown(P256, RSA, RSA_SIGN, ECDSA_SIGN), 0);
    assert_int_equal(shown(P256, RSA, RSA_SIGN, DSS), 1);
    assert_int_equal(shown(P256, RSA, DSS, ECDSA_SIGN), 0);
    assert_int_equal(shown(RSA, P256, ECDSA_SIGN, DSS), 1);
    assert_int_equal(shown(RSA, P256, RSA_SIGN, ECDSA_SIGN), 0);
    /* RFC 8422 5.5: Ed25519 is asked for as ECDSA is. */
    assert_int_equal(shown(RSA, ED25519, ECDSA_SIGN, DSS), 1);
    assert_int_equal(shown(ED25519, RSA, RSA_SIGN, DSS), 1);
    assert_int_equal(shown(P256, ED25519, RSA_SIGN, DSS), NONE);
    assert_int_equal(shown(RSA, P256, DSS, DSS), NONE);
}

/* RFC 5246 7.4.6: a handshake_failure; TLS 1.3 has an alert of its own. */
static void a_client_without_certificate_is_told_in_its_own_words(void **state)
{
    static const struct {
        unsigned version, alert;
    } rows[] = { { HF_TLS12, 40 }, { HF_TLS13, 116 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin(P256);
        assert_true(hf_config_set_versions(duet.client_config, HF_TLS12,
                                           rows[i].version));
        assert_true(hf_config_set_versions(duet.server_config, HF_TLS12,
                                           rows[i].version));
        assert_true(hf_config_set_client_auth(duet.server_config,
                                              HF_CLIENT_AUTH_REQUIRED));
        assert_true(
            hf_config_trust(duet.server_config, hf_span_text(certs[P256].ca)));
        assert_true(duet_start(&duet, "localhost"));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.server)->code,
                         HF_E_NO_PEER_CERTIFICATE);
        assert_int_equal(hf_conn_error(duet.server)->alert, rows[i].alert);
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_ALERT);
        assert_int_equal(hf_conn_error(duet.client)->alert, rows[i].alert);
        duet_wipe(&duet);
    }
}

/* ---- curves of keys (RFC 8422 5.1) ------------------------------------------------------- */

static const uint16_t only_p256[] = { 23, 0 }, only_p384[] = { 24, 0 },
                      only_x25519[] = { 29, 0 };

/* A server with keys of both kinds: which does it use? */
static int used(int a, int b, const uint16_t *groups)
{
    int chain = NONE;

    begin(a);
    add_server_key(b);
    assert_true(hf_config_set_groups(duet.client_config, groups));
    assert_true(duet_start(&duet, "localhost"));
    if (duet_run(&duet))
        chain = hf_conn_own_chain(duet.server);
    else
        assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
    duet_wipe(&duet);
    return chain;
}

static void a_server_uses_only_curves_that_the_client_knows(void **state)
{
    (void)state;
    assert_int_equal(used(P384, P256, only_p256), 1);
    assert_int_equal(used(P384, P256, only_p384), 0);
    assert_int_equal(used(P384, RSA, only_p256), 1);
    assert_int_equal(used(P256, ED25519, only_x25519), 1);
    assert_int_equal(used(P256, P384, only_x25519), NONE);
}

/* ---- hybrids, and the disguise of TLS 1.3 -------------------------------------------------- */

enum { HYBRID = 4588, X25519 = 29 };

/* What does a hello that goes up to @max say? */
static void look_at_hello(unsigned max, size_t *id_len, bool *hybrid)
{
    static const uint16_t groups[] = { HYBRID, X25519, 0 };
    struct hf_client_hello hello;
    struct hf_named_groups named;
    struct hf_span out;
    struct hf_fault fault;

    begin(P256);
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, max));
    assert_true(hf_config_set_groups(duet.client_config, groups));
    assert_true(duet_start(&duet, "localhost"));
    duet_take(duet.client, &duet.to_client, 0, duet.got_client,
              &duet.client_len);
    out = hf_span_after(hf_conn_outgoing(duet.client), 5 + 4);
    assert_true(hf_wire_read(hf_client_hello, out, &hello, NULL, &fault));
    *id_len = hello.legacy_session_id.len;
    assert_true(hf_wire_read_ext(hf_named_groups, &hello.extensions,
                                 HF_EXT_supported_groups, &named, &fault));
    *hybrid = hf_wire_lists(named.groups, 2, HYBRID);
    assert_true(hf_wire_lists(named.groups, 2, X25519));
    duet_wipe(&duet);
}

static void only_tls13_offers_hybrids_and_disguises_itself(void **state)
{
    size_t id_len;
    bool hybrid;

    (void)state;
    look_at_hello(HF_TLS12, &id_len, &hybrid);
    assert_int_equal(id_len, 0);
    assert_false(hybrid);
    look_at_hello(HF_TLS13, &id_len, &hybrid);
    assert_int_equal(id_len, 32);
    assert_true(hybrid);
}

/* Nothing but hybrids: then no group is named, and P-256 is not taken. */
static void hybrids_alone_do_not_connect(void **state)
{
    static const uint16_t groups[] = { HYBRID, 0 };

    (void)state;
    begin(RSA);
    assert_true(hf_config_set_groups(duet.client_config, groups));
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_NOT_OFFERED);
    duet_wipe(&duet);
}

/* ---- exporters (RFC 5705 4) ------------------------------------------------------------------- */

static void an_empty_context_is_not_none_in_tls12(void **state)
{
    const struct hf_span none = { NULL, 0 }, empty = hf_span("", 0);

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        uint8_t a[2][32], b[2][32];

        begin(P256);
        assert_true(
            hf_config_set_versions(duet.client_config, HF_TLS12, version));
        assert_true(
            hf_config_set_versions(duet.server_config, HF_TLS12, version));
        assert_true(duet_start(&duet, "localhost"));
        assert_true(duet_run(&duet));
        assert_true(hf_conn_export(duet.client, "EXPORTER-x", none, a[0], 32));
        assert_true(hf_conn_export(duet.client, "EXPORTER-x", empty, a[1], 32));
        assert_true(hf_conn_export(duet.server, "EXPORTER-x", none, b[0], 32));
        assert_true(hf_conn_export(duet.server, "EXPORTER-x", empty, b[1], 32));
        assert_memory_equal(a, b, sizeof(a));
        assert_int_equal(memcmp(a[0], a[1], 32) == 0, version == HF_TLS13);
        duet_wipe(&duet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_shows_only_what_it_was_asked_for),
        cmocka_unit_test(a_client_without_certificate_is_told_in_its_own_words),
        cmocka_unit_test(a_server_uses_only_curves_that_the_client_knows),
        cmocka_unit_test(only_tls13_offers_hybrids_and_disguises_itself),
        cmocka_unit_test(hybrids_alone_do_not_connect),
        cmocka_unit_test(an_empty_context_is_not_none_in_tls12),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
