/* choice_test.c - what is chosen when there is a choice: certificates by name,
 * key and signature list; suites, groups, protocols; client certificates asked
 * for, given, or not. */
#define HF_UNPOISONED
#include "engine/scene.h"

#include "../../tools/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;
static struct issued *ca, *stranger;

/* ---- certificates on the spot ------------------------------------------------------ */

static bool add_pair(struct hf_config *config, const struct issued *by,
                     const char *name, enum issue_key key, enum issue_use use)
{
    const struct issue_order order = {
        .names = &name, .count = 1, .key = key, .use = use
    };

    return duet_add_pair(config, by, &order);
}

/* A client and a server without certificates; the client trusts. */
static void begin(void)
{
    memset(&duet, 0, sizeof(duet));
    duet.client_config = hf_config_new();
    duet.server_config = hf_config_new();
    assert_true(hf_config_set_clock(duet.client_config, scene_clock, NULL));
    assert_true(hf_config_set_clock(duet.server_config, scene_clock, NULL));
    assert_true(duet_trust(duet.client_config, ca));
}

static void add(const char *name, enum issue_key key)
{
    assert_true(add_pair(duet.server_config, ca, name, key, ISSUE_SERVER));
}

static bool shake(const char *name)
{
    assert_true(duet_start(&duet, name));
    return duet_run(&duet);
}

static unsigned client_code(void)
{
    return hf_conn_error(duet.client)->code;
}

static unsigned server_code(void)
{
    return hf_conn_error(duet.server)->code;
}

/* Once more with the same configs. */
static void again(void)
{
    hf_conn_free(duet.client);
    hf_conn_free(duet.server);
    duet.to_client.len = duet.to_server.len = 0;
}

/* ---- which certificate (RFC 8446 4.4.2.2) -------------------------------------------- */

static void the_name_chooses_the_certificate(void **state)
{
    static const struct {
        const char *name;
        int chain;
    } rows[] = { { "a.test", 0 },
                 { "b.test", 1 },
                 { "c.test", 2 },
                 { "B.TEST", 1 },
                 { "x.wild.test", 3 } };

    (void)state;
    begin();
    add("a.test", ISSUE_P256);
    add("b.test", ISSUE_ED25519);
    add("c.test", ISSUE_RSA2048);
    add("*.wild.test", ISSUE_P384);
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        if (!shake(rows[i].name))
            fail_msg("%s: %s", rows[i].name,
                     hf_conn_error(duet.client)->detail);
        assert_int_equal(hf_conn_own_chain(duet.server), rows[i].chain);
        again();
    }
    duet.client = duet.server = NULL;
    duet_wipe(&duet);
}

/* One name, four keys: the client's list decides. */
static void the_signature_list_chooses_the_key(void **state)
{
    static const struct {
        uint16_t schemes[3];
        int chain;
        unsigned scheme;
    } rows[] = {
        { { 0x0403, 0 }, 0, 0x0403 },
        { { 0x0804, 0 }, 1, 0x0804 },
        { { 0x0806, 0x0805, 0 }, 1, 0x0806 },
        { { 0x0807, 0 }, 2, 0x0807 },
        { { 0x0503, 0 }, 3, 0x0503 },
        { { 0x0807, 0x0403, 0 }, 0, 0x0403 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin();
        add("a.test", ISSUE_P256);
        add("a.test", ISSUE_RSA2048);
        add("a.test", ISSUE_ED25519);
        add("a.test", ISSUE_P384);
        assert_true(
            hf_config_set_signatures(duet.client_config, rows[i].schemes));
        if (!shake("a.test"))
            fail_msg("row %zu: %s: %s; %s", i, hf_error_name(client_code()),
                     hf_conn_error(duet.client)->detail,
                     hf_conn_error(duet.server)->detail);
        assert_int_equal(hf_conn_own_chain(duet.server), rows[i].chain);
        assert_int_equal(hf_conn_own_scheme(duet.server), rows[i].scheme);
        assert_int_equal(hf_conn_peer_scheme(duet.client), rows[i].scheme);
        duet_wipe(&duet);
    }
}

/* The name comes before the order in which certificates were added, and a
 * certificate for the name that cannot sign gives way to one that can. */
static void name_and_key_are_weighed_together(void **state)
{
    static const uint16_t rsa[] = { 0x0804, 0x0403, 0 };

    (void)state;
    begin();
    add("other.test", ISSUE_RSA2048);
    add("a.test", ISSUE_ED25519); /* which this client cannot check */
    add("a.test", ISSUE_P256);
    assert_true(hf_config_set_signatures(duet.client_config, rsa));
    assert_true(shake("a.test"));
    assert_int_equal(hf_conn_own_chain(duet.server), 2);
    duet_wipe(&duet);
}

static void an_unknown_name_gets_the_first_or_a_refusal(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        int strict = i & 1;
        unsigned version = i & 2 ? HF_TLS12 : HF_TLS13;

        begin();
        assert_true(
            hf_config_set_versions(duet.client_config, version, version));
        add("a.test", ISSUE_P256);
        add("b.test", ISSUE_P256);
        assert_true(hf_config_set_strict_names(duet.server_config, strict));
        assert_false(shake("c.test"));
        if (strict) {
            assert_int_equal(server_code(), HF_E_UNKNOWN_NAME);
            assert_non_null(
                strstr(hf_conn_error(duet.server)->detail, "\"c.test\""));
            assert_int_equal(client_code(), HF_E_ALERT);
            assert_int_equal(hf_conn_error(duet.client)->alert, 112);
        } else {
            assert_int_equal(client_code(), HF_E_NAME_MISMATCH);
            assert_int_equal(hf_conn_own_chain(duet.server), 0);
        }
        duet_wipe(&duet);
    }
}

/* Strict means: no certificate of another name, not even if the one of that
 * name cannot sign for this client. */
static void strict_names_never_show_another_names_certificate(void **state)
{
    static const uint16_t p256[] = { 0x0403, 0 };

    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        begin();
        add("a.test", ISSUE_P256);
        add("b.test", ISSUE_ED25519);
        assert_true(hf_config_set_strict_names(duet.server_config, strict));
        assert_true(hf_config_set_signatures(duet.client_config, p256));
        assert_false(shake("b.test"));
        assert_int_equal(strict ? server_code() : client_code(),
                         strict ? HF_E_NO_SIGNATURE : HF_E_NAME_MISMATCH);
        duet_wipe(&duet);
    }
}

static char said[320]; /* by the server, of the certificate that it shows */

static void hear(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    if (e->kind == HF_EVENT_DECISION && e->id == HF_EV_CERTIFICATE)
        hf_format(said, sizeof(said), "%s", e->inputs);
}

/* One that does not quite fit is shown all the same, for the client may know
 * better; and it is told what does not. */
static void what_does_not_fit_of_a_certificate_is_told(void **state)
{
    static const uint16_t ed25519[] = { 0x0807, 0 };
    struct duet_certs certs;

    (void)state;
    for (int what = 0; what < 4; what++) {
        const bool use = what & 1, chain = what & 2;
        char expected[320];

        assert_true(duet_certs_make_for(&certs, "rsa2048", use ? 'd' : 's'));
        assert_true(duet_init(&duet, &certs));
        assert_true(
            hf_config_set_versions(duet.server_config, HF_TLS13, HF_TLS13) &&
            hf_config_set_watch(duet.server_config, hear, NULL, false) &&
            (!chain ||
             hf_config_set_cert_signatures(duet.client_config, ed25519)));
        said[0] = '\0';
        assert_int_equal(shake("localhost"), what == 0);
        hf_format(expected, sizeof(expected),
                  "name \"localhost\", which this certificate covers%s%s",
                  chain ? "; signed in a way that the client does not list"
                        : "",
                  use ? "; its keyUsage does not let it sign" : "");
        assert_string_equal(said, expected);
        assert_int_equal(client_code(), chain ? HF_E_CERT_ALGORITHM
                                        : use ? HF_E_KEY_USAGE
                                              : HF_OK);
        duet_wipe(&duet);
        duet_certs_free(&certs);
    }
}

static void without_a_name_strictness_means_nothing(void **state)
{
    (void)state;
    begin();
    add("a.test", ISSUE_P256);
    assert_true(hf_config_set_strict_names(duet.server_config, true));
    assert_true(hf_config_insecure_no_name_check(duet.client_config));
    assert_true(shake(NULL));
    assert_null(hf_conn_server_name(duet.server));
    duet_wipe(&duet);
}

/* ---- suites and groups ------------------------------------------------------------------ */

static void the_servers_order_of_suites_decides(void **state)
{
    static const struct {
        uint16_t client[4], server[4];
        unsigned suite;
    } rows[] = {
        { { 0x1301, 0x1302, 0x1303 }, { 0x1302, 0x1301 }, 0x1302 },
        { { 0x1302, 0x1301 }, { 0x1301, 0x1302 }, 0x1301 },
        /* a client without hardware for AES is humoured */
        { { 0x1303, 0x1301 }, { 0x1301, 0x1303 }, 0x1303 },
        { { 0x1303, 0x1301 }, { 0x1301, 0x1302 }, 0x1301 },
        { { 0x1303 }, { 0x1301, 0x1303 }, 0x1303 },
        { { 0x1301 }, { 0x1302, 0x1303 }, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin();
        add("a.test", ISSUE_P256);
        assert_true(hf_config_set_suites(duet.client_config, rows[i].client));
        assert_true(hf_config_set_suites(duet.server_config, rows[i].server));
        assert_int_equal(shake("a.test"), rows[i].suite != 0);
        if (rows[i].suite) {
            assert_int_equal(hf_conn_suite(duet.client), rows[i].suite);
            assert_int_equal(hf_conn_suite(duet.server), rows[i].suite);
        } else {
            assert_int_equal(server_code(), HF_E_NO_SUITE);
            assert_int_equal(hf_conn_error(duet.client)->alert, 40);
        }
        duet_wipe(&duet);
    }
}

static void a_share_at_hand_saves_a_round_trip(void **state)
{
    static const struct {
        uint16_t client[4], shares[4], server[4];
        unsigned group;
        bool retried;
    } rows[] = {
        { { 29, 23 }, { 29 }, { 29, 23 }, 29, false },
        { { 29, 23 }, { 29 }, { 23, 29 }, 29, false }, /* rather than retry */
        { { 29, 23 }, { 23, 29 }, { 29, 23 }, 29, false },
        { { 29, 23, 24 }, { 29 }, { 24, 23 }, 24, true },
        { { 29, 23 }, { 0 }, { 23, 29 }, 23, true }, /* no share at all */
        { { 29 }, { 29 }, { 23 }, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin();
        add("a.test", ISSUE_P256);
        assert_true(hf_config_set_groups(duet.client_config, rows[i].client));
        assert_true(hf_config_set_shares(duet.client_config, rows[i].shares));
        assert_true(hf_config_set_groups(duet.server_config, rows[i].server));
        assert_int_equal(shake("a.test"), rows[i].group != 0);
        assert_int_equal(hf_conn_retried(duet.client), rows[i].retried);
        if (rows[i].group)
            assert_int_equal(hf_conn_group(duet.client), rows[i].group);
        else
            assert_int_equal(server_code(), HF_E_NO_GROUP);
        duet_wipe(&duet);
    }
}

/* ---- protocols (RFC 7301) ----------------------------------------------------------------- */

static void the_servers_order_of_protocols_decides(void **state)
{
    static const struct {
        const char *client[3], *server[3], *chosen;
        unsigned code; /* of the server */
    } rows[] = {
        { { "h2", "http/1.1" }, { "http/1.1", "h2" }, "http/1.1", HF_OK },
        { { "h2" }, { "http/1.1", "h2" }, "h2", HF_OK },
        { { "h2" }, { "http/1.1" }, "", HF_E_NO_PROTOCOL },
        { { NULL }, { "http/1.1" }, "", HF_OK }, /* not asked */
        { { "h2" }, { NULL }, "", HF_OK },       /* not spoken of */
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin();
        add("a.test", ISSUE_P256);
        assert_true(
            hf_config_set_protocols(duet.client_config, rows[i].client));
        assert_true(
            hf_config_set_protocols(duet.server_config, rows[i].server));
        assert_int_equal(shake("a.test"), rows[i].code == HF_OK);
        assert_int_equal(server_code(), rows[i].code);
        if (rows[i].code == HF_OK)
            assert_true(hf_span_equal(hf_conn_protocol(duet.client),
                                      hf_span_text(rows[i].chosen)));
        else
            assert_int_equal(hf_conn_error(duet.client)->alert, 120);
        duet_wipe(&duet);
    }
}

/* ---- client certificates ---------------------------------------------------------------------- */

enum gives { NOTHING, SOUND, STRANGE, SERVERS, UNFIT };

static void give(enum gives what)
{
    switch (what) {
    case SOUND:
        assert_true(add_pair(duet.client_config, ca, "me.test", ISSUE_P256,
                             ISSUE_CLIENT));
        break;
    case STRANGE:
        assert_true(add_pair(duet.client_config, stranger, "me.test",
                             ISSUE_P256, ISSUE_CLIENT));
        break;
    case SERVERS: /* a server's certificate is no client's */
        assert_true(add_pair(duet.client_config, ca, "me.test", ISSUE_P256,
                             ISSUE_SERVER));
        break;
    case UNFIT: /* the server does not check Ed25519 */
        assert_true(add_pair(duet.client_config, ca, "me.test", ISSUE_ED25519,
                             ISSUE_CLIENT));
        break;
    case NOTHING:
    default: break;
    }
}

static void client_certificates_are_asked_for_and_judged(void **state)
{
    static const uint16_t no_ed25519[] = { 0x0403, 0x0804, 0 };
    static const struct {
        enum hf_client_auth mode;
        enum gives gives;
        unsigned code; /* of the server */
        size_t certificates;
    } rows[] = {
        { HF_CLIENT_AUTH_NONE, NOTHING, HF_OK, 0 },
        { HF_CLIENT_AUTH_NONE, SOUND, HF_OK, 0 },
        { HF_CLIENT_AUTH_NONE, STRANGE, HF_OK, 0 },
        { HF_CLIENT_AUTH_OPTIONAL, NOTHING, HF_OK, 0 },
        { HF_CLIENT_AUTH_OPTIONAL, SOUND, HF_OK, 1 },
        { HF_CLIENT_AUTH_OPTIONAL, STRANGE, HF_E_UNKNOWN_ISSUER, 1 },
        { HF_CLIENT_AUTH_OPTIONAL, SERVERS, HF_E_WRONG_EKU, 1 },
        { HF_CLIENT_AUTH_OPTIONAL, UNFIT, HF_OK, 0 },
        { HF_CLIENT_AUTH_REQUIRED, NOTHING, HF_E_NO_PEER_CERTIFICATE, 0 },
        { HF_CLIENT_AUTH_REQUIRED, SOUND, HF_OK, 1 },
        { HF_CLIENT_AUTH_REQUIRED, STRANGE, HF_E_UNKNOWN_ISSUER, 1 },
        { HF_CLIENT_AUTH_REQUIRED, SERVERS, HF_E_WRONG_EKU, 1 },
        { HF_CLIENT_AUTH_REQUIRED, UNFIT, HF_E_NO_PEER_CERTIFICATE, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin();
        add("a.test", ISSUE_P256);
        give(rows[i].gives);
        assert_true(duet_trust(duet.server_config, ca));
        assert_true(
            hf_config_set_client_auth(duet.server_config, rows[i].mode));
        assert_true(hf_config_set_signatures(duet.server_config, no_ed25519));
        assert_int_equal(shake("a.test"), rows[i].code == HF_OK);
        if (server_code() != rows[i].code)
            fail_msg("row %zu: %s: %s", i, hf_error_name(server_code()),
                     hf_conn_error(duet.server)->detail);
        assert_int_equal(hf_conn_peer_certificates(duet.server),
                         rows[i].certificates);
        assert_int_equal(hf_conn_peer_verified(duet.server),
                         rows[i].code == HF_OK && rows[i].certificates);
        assert_int_equal(hf_conn_own_chain(duet.client),
                         rows[i].certificates ? 0 : -1);
        if (rows[i].code)
            assert_int_equal(hf_conn_error(duet.client)->alert,
                             hf_error_alert(rows[i].code));
        duet_wipe(&duet);
    }
}

static int make_authorities(void **state)
{
    const struct issue_order order = { .common_name = "authority",
                                       .any_name = true };
    const struct issue_order other = { .common_name = "stranger",
                                       .any_name = true };
    struct hf_error error = { .code = HF_OK };

    (void)state;
    ca = issue_root(&order, &error);
    stranger = issue_root(&other, &error);
    return ca && stranger ? 0 : -1;
}

static int free_authorities(void **state)
{
    (void)state;
    issued_free(ca);
    issued_free(stranger);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_chooses_the_certificate),
        cmocka_unit_test(the_signature_list_chooses_the_key),
        cmocka_unit_test(name_and_key_are_weighed_together),
        cmocka_unit_test(an_unknown_name_gets_the_first_or_a_refusal),
        cmocka_unit_test(strict_names_never_show_another_names_certificate),
        cmocka_unit_test(what_does_not_fit_of_a_certificate_is_told),
        cmocka_unit_test(without_a_name_strictness_means_nothing),
        cmocka_unit_test(the_servers_order_of_suites_decides),
        cmocka_unit_test(a_share_at_hand_saves_a_round_trip),
        cmocka_unit_test(the_servers_order_of_protocols_decides),
        cmocka_unit_test(client_certificates_are_asked_for_and_judged),
    };

    return cmocka_run_group_tests(tests, make_authorities, free_authorities);
}
