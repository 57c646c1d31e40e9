/* resume_test.c - sessions resumed, both versions, both ends ours: what comes
 * back, what makes a full handshake instead, and what ends it. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct duet duet;
static struct shelf ours, theirs; /* the client's; the server's */
static struct duet_certs certs;

/* How a session is remembered. */
enum way { BY_PSK, BY_TICKET, BY_ID, WAYS };
static const char *const way_names[] = { "TLS 1.3", "TLS 1.2 by ticket",
                                         "TLS 1.2 by id" };

/* Two configs, which live as long as a test: their keys are what counts. */
static void open_configs(enum way way)
{
    unsigned version = way == BY_PSK ? HF_TLS13 : HF_TLS12;
    struct hf_sessions client = shelf_sessions(&ours);
    struct hf_sessions server = shelf_sessions(&theirs);
    static const char *const protocols[] = { "h2", "http/1.1", NULL };

    memset(&ours, 0, sizeof(ours));
    memset(&theirs, 0, sizeof(theirs));
    shelf_now = (int64_t)time(NULL);
    assert_true(duet_init(&duet, &certs));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
    assert_true(hf_config_set_versions(duet.server_config, version, version));
    assert_true(hf_config_set_clock(duet.client_config, shelf_clock, NULL));
    assert_true(hf_config_set_clock(duet.server_config, shelf_clock, NULL));
    assert_true(hf_config_set_sessions(duet.client_config, &client));
    assert_true(hf_config_set_protocols(duet.client_config, protocols));
    assert_true(hf_config_set_protocols(duet.server_config, protocols));
    if (way == BY_ID)
        assert_true(hf_config_set_sessions(duet.server_config, &server) &&
                    hf_config_set_tickets(duet.server_config, 0));
}

static void close_configs(void)
{
    duet_wipe(&duet);
}

/* A connection that works, with data both ways. */
static void connect_to(const char *name)
{
    duet_talk(&duet, name);
    assert_int_equal(hf_conn_resumed(duet.client),
                     hf_conn_resumed(duet.server));
}

/* ---- what comes back ----------------------------------------------------------------- */

static void the_second_connection_resumes(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        if (way == BY_ID)
            assert_int_equal(theirs.count, 1);
        for (int again = 0; again < 3; again++) {
            duet_hang_up(&duet);
            assert_int_not_equal(ours.count, 0);
            connect_to("localhost");
            if (!hf_conn_resumed(duet.client))
                fail_msg("%s: not resumed", way_names[way]);
            assert_true(hf_conn_peer_verified(duet.client));
            assert_int_equal(hf_conn_peer_certificates(duet.client), 2);
            assert_string_equal((const char *)hf_conn_protocol(duet.client).at,
                                "h2");
        }
        close_configs();
    }
}

static void a_resumption_carries_no_certificate(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        size_t full;

        open_configs(way);
        connect_to("localhost");
        full = duet.to_client.total;
        duet_hang_up(&duet);
        duet.to_client.total = 0;
        connect_to("localhost");
        assert_true(hf_conn_resumed(duet.client));
        assert_true(duet.to_client.total < full / 2 + 400);
        close_configs();
    }
}

static void a_ticket_of_tls13_is_used_once(void **state)
{
    (void)state;
    open_configs(BY_PSK);
    connect_to("localhost");
    assert_int_equal(ours.count, 2);
    duet_hang_up(&duet);
    connect_to("localhost");
    assert_true(hf_conn_resumed(duet.client));
    assert_int_equal(ours.count, 2); /* one used, one new */
    close_configs();
}

static void exported_values_agree_and_differ_each_time(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        uint8_t before[32] = { 0 }, a[32], b[32];

        open_configs(way);
        for (int again = 0; again < 3; again++) {
            connect_to("localhost");
            assert_true(hf_conn_export(duet.client, "EXPORTER-test",
                                       hf_span(NULL, 0), a, sizeof(a)));
            assert_true(hf_conn_export(duet.server, "EXPORTER-test",
                                       hf_span(NULL, 0), b, sizeof(b)));
            assert_memory_equal(a, b, sizeof(a));
            assert_memory_not_equal(a, before, sizeof(a));
            memcpy(before, a, sizeof(a));
            duet_hang_up(&duet);
        }
        close_configs();
    }
}

static void a_client_with_a_certificate_resumes_with_it(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        assert_true(hf_config_set_client_auth(duet.server_config,
                                              HF_CLIENT_AUTH_REQUIRED));
        assert_true(
            hf_config_trust(duet.server_config, hf_span_text(certs.ca)));
        assert_true(hf_config_add_keypair(duet.client_config,
                                          hf_span_text(certs.client_chain),
                                          hf_span_text(certs.client_key)));
        connect_to("localhost");
        assert_int_equal(hf_conn_peer_certificates(duet.server), 2);
        duet_hang_up(&duet);
        connect_to("localhost");
        assert_true(hf_conn_resumed(duet.server));
        assert_int_equal(hf_conn_peer_certificates(duet.server), 2);
        assert_true(hf_conn_peer_verified(duet.server));
        close_configs();
    }
}

/* TLS 1.3: the server has no share of the client's to go on with. */
static void a_resumption_survives_a_retry(void **state)
{
    const uint16_t first[] = { 29, 23, 0 }, only[] = { 23, 0 };
    const uint16_t share[] = { 29, 0 };

    (void)state;
    open_configs(BY_PSK);
    assert_true(hf_config_set_groups(duet.client_config, first));
    assert_true(hf_config_set_shares(duet.client_config, share));
    assert_true(hf_config_set_groups(duet.server_config, only));
    connect_to("localhost");
    assert_true(hf_conn_retried(duet.client));
    duet_hang_up(&duet);
    connect_to("localhost");
    assert_true(hf_conn_retried(duet.client));
    assert_true(hf_conn_resumed(duet.client));
    close_configs();
}

/* ---- what makes a full handshake ---------------------------------------------------------- */

static void another_name_is_another_session(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        connect_to("localhost");
        duet_hang_up(&duet);
        connect_to("a.test");
        assert_false(hf_conn_resumed(duet.client));
        close_configs();
    }
}

static void a_label_keeps_sessions_apart(void **state)
{
    (void)state;
    open_configs(BY_PSK);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(hf_conn_set_session_label(duet.client, "another:443"));
    assert_true(hf_conn_set_session_label(duet.client, "localhost:443"));
    assert_true(duet_run(&duet));
    duet_hang_up(&duet);
    connect_to("localhost");
    assert_false(hf_conn_resumed(duet.client));
    duet_hang_up(&duet);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(hf_conn_set_session_label(duet.client, "localhost:443"));
    assert_true(duet_run(&duet));
    assert_true(hf_conn_resumed(duet.client));
    assert_false(hf_conn_set_session_label(duet.client, "too late"));
    assert_false(hf_conn_set_session_label(duet.client, NULL));
    duet_hang_up(&duet);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(hf_conn_set_session_label(duet.client, "localhost:443"));
    assert_true(hf_conn_set_session_label(duet.client, NULL)); /* or none */
    assert_true(duet_run(&duet));
    assert_true(hf_conn_resumed(duet.client)); /* by connect_to()'s */
    close_configs();
}

static void an_old_session_is_not_resumed(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        assert_true(hf_config_set_session_lifetime(duet.server_config, 3600));
        connect_to("localhost");
        duet_hang_up(&duet);
        shelf_now += 3599;
        connect_to("localhost");
        assert_true(hf_conn_resumed(duet.client));
        duet_hang_up(&duet);
        /* It ages from its first handshake, however often it is resumed. */
        shelf_now += 2;
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        close_configs();
    }
}

static void a_session_from_the_future_is_not_resumed(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        connect_to("localhost");
        duet_hang_up(&duet);
        shelf_now -= 61;
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        close_configs();
    }
}

static void keys_are_replaced_and_forgotten(void **state)
{
    (void)state;
    open_configs(BY_TICKET);
    assert_true(hf_config_set_session_lifetime(duet.server_config, 1000));
    connect_to("localhost");
    duet_hang_up(&duet);
    shelf_now += 999; /* a ticket sealed at the end of its key's time */
    ours.count = 0;
    connect_to("localhost");
    assert_false(hf_conn_resumed(duet.client));
    duet_hang_up(&duet);
    shelf_now += 900; /* by now there is a new key; the old one opens */
    connect_to("localhost");
    assert_true(hf_conn_resumed(duet.client));
    duet_hang_up(&duet);
    shelf_now += 1000;
    connect_to("localhost");
    assert_false(hf_conn_resumed(duet.client));
    close_configs();
}

static void changed_sessions_are_not_resumed(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        connect_to("localhost");
        duet_hang_up(&duet);
        /* A client's are sealed with keys of its own. */
        for (size_t i = 0; i < ours.count; i++)
            ours.at[i].session[ours.at[i].len / 2] ^= 1;
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        duet_hang_up(&duet);
        if (way == BY_ID) {
            for (size_t i = 0; i < theirs.count; i++)
                theirs.at[i].session[60] ^= 1;
            connect_to("localhost");
            assert_false(hf_conn_resumed(duet.client));
        }
        close_configs();
    }
}

static void nowhere_to_keep_means_no_session(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        open_configs(way);
        ours.refuses = theirs.refuses = true;
        connect_to("localhost");
        duet_hang_up(&duet);
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        close_configs();
    }
}

/* ---- other settings, other session ---------------------------------------------------------- */

/* Keys that two servers share. */
static bool shared_key(void *ctx, const uint8_t *name,
                       struct hf_ticket_key *out, bool *newest)
{
    bool *zeroes = ctx;

    memset(out, 0, sizeof(*out));
    memset(out->name, 'k', sizeof(out->name));
    if (!*zeroes)
        memset(out->secret, 0x5a, sizeof(out->secret));
    *newest = true;
    return !name || !memcmp(name, out->name, sizeof(out->name));
}

enum difference { NONE, PROTOCOLS, CLIENT_AUTH, ANCHORS, SCHEMES, DIFFERENCES };

/* A server that has the same keys and one setting of its own. */
static struct hf_config *other_server(enum difference what, unsigned version)
{
    static const char *const same[] = { "h2", "http/1.1", NULL };
    static const char *const other[] = { "http/1.1", NULL };
    static const uint16_t strict[] = { 0x0403, 0 };
    static bool filled = false;
    struct hf_config *c = hf_config_new();
    enum hf_client_auth auth = what == CLIENT_AUTH ? HF_CLIENT_AUTH_REQUIRED
                                                   : HF_CLIENT_AUTH_OPTIONAL;

    assert_non_null(c);
    assert_true(hf_config_set_versions(c, version, version));
    assert_true(hf_config_set_clock(c, shelf_clock, NULL));
    assert_true(hf_config_add_keypair(c, hf_span_text(certs.chain),
                                      hf_span_text(certs.key)));
    assert_true(hf_config_set_ticket_keys(c, shared_key, &filled));
    assert_true(hf_config_set_protocols(c, what == PROTOCOLS ? other : same));
    assert_true(hf_config_set_client_auth(c, auth));
    assert_true(hf_config_trust(c, hf_span_text(certs.ca)));
    if (what == ANCHORS)
        assert_true(hf_config_trust(c, hf_span_text(certs.client_chain)));
    if (what == SCHEMES)
        assert_true(hf_config_set_verify_signatures(c, strict));
    return c;
}

static void a_session_stays_with_settings_like_its_own(void **state)
{
    (void)state;
    for (enum way way = BY_PSK; way <= BY_TICKET; way++)
        for (enum difference a = 0; a < DIFFERENCES; a++)
            for (enum difference b = 0; b < DIFFERENCES; b++) {
                unsigned version = way == BY_PSK ? HF_TLS13 : HF_TLS12;

                open_configs(way);
                assert_true(hf_config_add_keypair(
                    duet.client_config, hf_span_text(certs.client_chain),
                    hf_span_text(certs.client_key)));
                hf_config_free(duet.server_config);
                duet.server_config = other_server(a, version);
                connect_to("localhost");
                duet_hang_up(&duet);
                hf_config_free(duet.server_config);
                duet.server_config = other_server(b, version);
                connect_to("localhost");
                if (hf_conn_resumed(duet.server) != (a == b))
                    fail_msg("%s: from settings %d to %d", way_names[way],
                             (int)a, (int)b);
                close_configs();
            }
}

static void a_key_of_zeroes_seals_nothing(void **state)
{
    static bool zeroes = true;

    (void)state;
    for (enum way way = BY_PSK; way <= BY_TICKET; way++) {
        open_configs(way);
        assert_true(
            hf_config_set_ticket_keys(duet.server_config, shared_key, &zeroes));
        connect_to("localhost");
        duet_hang_up(&duet);
        connect_to("localhost");
        assert_false(hf_conn_resumed(duet.client));
        close_configs();
    }
}

/* ---- settings ---------------------------------------------------------------------------------- */

static void settings_out_of_range_are_refused(void **state)
{
    struct hf_sessions half = { .put = NULL };
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_non_null(c);
    assert_false(hf_config_set_tickets(c, HF_TICKETS_MAX + 1));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(c);
    assert_false(hf_config_set_session_lifetime(c, 0));
    hf_config_clear_error(c);
    assert_false(
        hf_config_set_session_lifetime(c, HF_SESSION_LIFETIME_MAX + 1));
    hf_config_clear_error(c);
    assert_false(hf_config_set_sessions(c, &half));
    hf_config_clear_error(c);
    assert_true(hf_config_freeze(c));
    assert_false(hf_config_set_tickets(c, 1));
    assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN);
    hf_config_free(c);
}

static int make_certs(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int free_certs(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_connection_resumes),
        cmocka_unit_test(a_resumption_carries_no_certificate),
        cmocka_unit_test(a_ticket_of_tls13_is_used_once),
        cmocka_unit_test(exported_values_agree_and_differ_each_time),
        cmocka_unit_test(a_client_with_a_certificate_resumes_with_it),
        cmocka_unit_test(a_resumption_survives_a_retry),
        cmocka_unit_test(another_name_is_another_session),
        cmocka_unit_test(a_label_keeps_sessions_apart),
        cmocka_unit_test(an_old_session_is_not_resumed),
        cmocka_unit_test(a_session_from_the_future_is_not_resumed),
        cmocka_unit_test(keys_are_replaced_and_forgotten),
        cmocka_unit_test(changed_sessions_are_not_resumed),
        cmocka_unit_test(nowhere_to_keep_means_no_session),
        cmocka_unit_test(a_session_stays_with_settings_like_its_own),
        cmocka_unit_test(a_key_of_zeroes_seals_nothing),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
