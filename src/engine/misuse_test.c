/* misuse_test.c - every function in every state: nothing is harmed by a call
 * that comes at the wrong time, and each says so. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

/* ---- a connection in each state ------------------------------------------------------ */

enum state {
    FRESH,
    WAITING,
    MIDDLE,
    READY,
    HALF_CLOSED,
    CLOSED,
    BROKEN,
    STATES
};

static enum hf_role stop_at; /* who is in the middle */

static void hold(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (record->from != stop_at && record->epoch)
        record->drop = true;
}

/* The connection of @who is in @state; the other one may be anywhere. */
static struct hf_conn *bring_to(enum state state, enum hf_role who)
{
    struct hf_conn *conn;

    stop_at = who;
    assert_true(rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost",
                            state == MIDDLE ? hold : NULL));
    conn = rogue.end[who].conn;
    if (state == WAITING)
        rogue_raw(&rogue, who, hf_span(NULL, 0));
    else if (state != FRESH)
        rogue_run(&rogue);
    if (state == HALF_CLOSED) {
        hf_conn_close(conn);
        rogue_pass(&rogue, who);
    } else if (state == CLOSED) {
        hf_conn_close(rogue.end[!who].conn);
        rogue_pass(&rogue, !who);
    } else if (state == BROKEN) {
        rogue_say(&rogue, who, HF_CONTENT_HANDSHAKE, hf_span(NULL, 0));
        rogue_pass(&rogue, who);
    }
    return conn;
}

/* ---- what may be asked ------------------------------------------------------------------- */

static void questions_are_answered_in_every_state(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++)
        for (unsigned who = 0; who < 2; who++) {
            const struct hf_conn *conn = bring_to(s, who);
            bool known = s >= READY || (s == MIDDLE && who == HF_SERVER);

            assert_non_null(hf_conn_error(conn));
            assert_int_equal(hf_conn_error(conn)->code,
                             s == BROKEN ? HF_E_RECORD_EMPTY : HF_OK);
            assert_int_equal(hf_conn_ready(conn), s >= READY && s != BROKEN);
            if (known) {
                assert_int_equal(hf_conn_version(conn), HF_TLS13);
                assert_int_equal(hf_conn_suite(conn), 0x1301);
                assert_int_equal(hf_conn_group(conn), 29);
            } else if (s <= WAITING) {
                assert_int_equal(hf_conn_version(conn), 0);
                assert_int_equal(hf_conn_suite(conn), 0);
                assert_int_equal(hf_conn_group(conn), 0);
                assert_int_equal(hf_conn_peer_scheme(conn), 0);
                assert_int_equal(hf_conn_own_scheme(conn), 0);
            }
            assert_false(hf_conn_retried(conn));
            assert_int_equal(hf_conn_protocol(conn).len, 0);
            assert_int_equal(hf_conn_question(conn).kind, 0);
            assert_int_equal(hf_conn_peer_certificate(conn, 0).len > 0,
                             s >= READY && who == HF_CLIENT);
            assert_int_equal(hf_conn_peer_certificate(conn, 99).len, 0);
            assert_int_equal(hf_conn_peer_certificate(conn, SIZE_MAX).len, 0);
            if (who == HF_CLIENT || known)
                assert_string_equal(hf_conn_server_name(conn), "localhost");
            else
                assert_null(hf_conn_server_name(conn));
            rogue_end(&rogue);
        }
}

/* ---- what may be done ---------------------------------------------------------------------- */

static bool noted; /* the second watcher was told something */

static void note(void *ctx, const struct hf_event *event)
{
    (void)ctx;
    (void)event;
    noted = true;
}

static void names_and_watchers_come_before_the_beginning(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++)
        for (unsigned who = 0; who < 2; who++) {
            struct hf_conn *conn = bring_to(s, who);

            noted = false;
            /* A server sends no name. */
            assert_int_equal(hf_conn_set_sni(conn, "other.test"),
                             s == FRESH && who == HF_CLIENT);
            assert_int_equal(hf_conn_set_watch(conn, note, NULL, false),
                             s == FRESH);
            if (s == READY)
                hf_conn_close(conn);
            assert_false(noted);
            rogue_end(&rogue);
        }
}

static void data_and_keys_need_a_ready_connection(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++)
        for (unsigned who = 0; who < 2; who++) {
            struct hf_conn *conn = bring_to(s, who);
            bool open = s == READY || s == CLOSED;
            uint8_t room[100];
            size_t taken = 7, made;

            made = hf_conn_send(conn, hf_span_text("data"), room, sizeof(room),
                                &taken);
            assert_int_equal(taken, open ? 4 : 0);
            assert_int_equal(made > 0, open);
            assert_int_equal(hf_conn_update_keys(conn, false), open);
            assert_int_equal(
                hf_conn_export(conn, "EXPORTER-x", hf_span(NULL, 0), room, 32),
                s >= READY && s != BROKEN);
            rogue_end(&rogue);
        }
}

/* No room, or too little, takes nothing and harms nothing. */
static void a_send_without_room_takes_nothing(void **state)
{
    uint8_t room[64];
    size_t taken;

    (void)state;
    for (size_t cap = 0; cap <= HF_SEAL_OVERHEAD + 2; cap++) {
        struct hf_conn *conn = bring_to(READY, HF_CLIENT);
        size_t made;

        memset(room, 0xee, sizeof(room));
        made = hf_conn_send(conn, hf_span_text("data"), room, cap, &taken);
        assert_true(made <= cap);
        assert_int_equal(made > 0, taken > 0);
        assert_true(cap > 22 || !taken);
        for (size_t i = cap; i < sizeof(room); i++)
            assert_int_equal(room[i], 0xee);
        assert_true(hf_conn_ready(conn));
        assert_int_equal(
            hf_conn_send(conn, hf_span(NULL, 0), room, sizeof(room), &taken),
            0);
        rogue_end(&rogue);
    }
}

/* Bytes that were never there cannot be taken away. */
static void more_may_not_be_sent_than_there_is(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++) {
        struct hf_conn *conn = bring_to(s, HF_CLIENT);

        hf_conn_sent(conn, 0);
        hf_conn_sent(conn, SIZE_MAX);
        assert_int_equal(hf_conn_outgoing(conn).len, 0);
        hf_conn_sent(conn, 5);
        assert_int_equal(hf_conn_outgoing(conn).len, 0);
        rogue_end(&rogue);
    }
}

/* One byte at a time. */
static void outgoing_bytes_go_in_any_portion(void **state)
{
    struct hf_conn *conn = bring_to(WAITING, HF_CLIENT);
    struct hf_span out;
    uint8_t hello[600];
    size_t len = 0;

    (void)state;
    while ((out = hf_conn_outgoing(conn)).len) {
        hello[len++] = out.at[0];
        hf_conn_sent(conn, 1);
        assert_int_equal(hf_conn_outgoing(conn).len, out.len - 1);
    }
    assert_int_equal(len, 5 + hf_number(hello + 3, 2));
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, hf_span(hello, len)),
                     HF_NEED_BYTES);
    assert_true(hf_conn_outgoing(rogue.end[HF_SERVER].conn).len > 0);
    rogue_end(&rogue);
}

static void every_state_can_be_closed_ended_and_freed(void **state)
{
    (void)state;
    for (unsigned s = 0; s < STATES; s++)
        for (unsigned who = 0; who < 2; who++)
            for (int how = 0; how < 4; how++) {
                struct hf_conn *conn = bring_to(s, who);

                if (how & 1)
                    hf_conn_close(conn);
                if (how & 2)
                    assert_int_equal(hf_conn_eof(conn),
                                     s == CLOSED ? HF_CLOSED : HF_FAILED);
                rogue_end(&rogue);
            }
    hf_conn_free(NULL);
}

static void count_errors(void *ctx, const struct hf_event *event)
{
    unsigned *errors = ctx;

    *errors += event->kind == HF_EVENT_ERROR;
}

/* However often that is said: one reason, told once to who watches and once to
 * the peer. */
static void a_connection_fails_once(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        struct hf_conn *conn = bring_to(FRESH, who);
        unsigned errors = 0;
        size_t alert;

        assert_true(hf_conn_set_watch(conn, count_errors, &errors, false));
        assert_true(rogue_run(&rogue));
        rogue_say(&rogue, who, HF_CONTENT_HANDSHAKE, hf_span(NULL, 0));
        alert = hf_conn_outgoing(conn).len;
        assert_int_equal(alert, 5 + 2 + 1 + 16);
        assert_int_equal(errors, 1);
        assert_int_equal(hf_conn_fail(conn), HF_FAILED);
        assert_int_equal(hf_conn_eof(conn), HF_FAILED);
        hf_conn_close(conn);
        assert_int_equal(hf_conn_outgoing(conn).len, alert);
        assert_int_equal(errors, 1);
        assert_int_equal(hf_conn_error(conn)->code, HF_E_RECORD_EMPTY);
        rogue_end(&rogue);
    }
}

/* ---- configs ---------------------------------------------------------------------------------- */

static void a_frozen_config_refuses_every_setter(void **state)
{
    static const uint16_t numbers[] = { 0x1301, 0 }, groups[] = { 29, 0 };
    static const uint16_t none[] = { 0 };
    static const char *const protocols[] = { "h2", NULL };
    const struct hf_strikes strikes = { 0 };
    const struct duet_certs *certs = attack_certs();
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_true(hf_config_freeze(c));
    assert_true(hf_config_freeze(c)); /* twice is once */
#define REFUSED(call)                                            \
    do {                                                         \
        assert_false(call);                                      \
        assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN); \
        hf_config_clear_error(c);                                \
        assert_int_equal(hf_config_error(c)->code, HF_OK);       \
    } while (0)
    REFUSED(hf_config_set_verify_signatures(c, numbers));
    REFUSED(hf_config_set_send_authorities(c, true));
    REFUSED(hf_config_set_provider(c, &hf_libcrypto));
    REFUSED(hf_config_set_policy(c, "modern"));
    REFUSED(hf_config_set_versions(c, HF_TLS13, HF_TLS13));
    REFUSED(hf_config_set_suites(c, numbers));
    REFUSED(hf_config_set_groups(c, groups));
    REFUSED(hf_config_set_shares(c, groups));
    REFUSED(hf_config_set_signatures(c, numbers));
    REFUSED(hf_config_set_protocols(c, protocols));
    REFUSED(hf_config_add_keypair(c, hf_span_text(certs->chain),
                                  hf_span_text(certs->key)));
    REFUSED(hf_config_add_chain(c, hf_span_text(certs->chain)));
    REFUSED(hf_config_trust(c, hf_span_text(certs->ca)));
    REFUSED(hf_config_trust_borrowed(c, hf_span_text(certs->ca), NULL, NULL));
    REFUSED(hf_config_set_client_auth(c, HF_CLIENT_AUTH_NONE));
    REFUSED(hf_config_set_strict_names(c, true));
    REFUSED(hf_config_set_clock(c, scene_clock, NULL));
    REFUSED(hf_config_set_min_rsa(c, 2048));
    REFUSED(hf_config_set_signature_cache(c, 16, false));
    REFUSED(hf_config_set_why_not(c, true));
    REFUSED(hf_config_set_watch(c, note, NULL, false));
    REFUSED(hf_config_set_keylog(c, NULL, NULL));
    REFUSED(hf_config_insecure_no_verify(c));
    REFUSED(hf_config_insecure_no_name_check(c));
    REFUSED(hf_config_insecure_no_time_check(c));
    REFUSED(hf_config_set_questions(c, 7));
    REFUSED(hf_config_set_shares(c, none));
    REFUSED(hf_config_set_early_data(c, 1024));
    REFUSED(hf_config_set_strikes(c, &strikes));
    REFUSED(hf_config_set_sessions(c, NULL));
    REFUSED(hf_config_set_session_lifetime(c, 60));
    REFUSED(hf_config_set_ticket_keys(c, NULL, NULL));
    REFUSED(hf_config_set_grease(c, true));
    REFUSED(hf_config_set_permute(c, true));
#undef REFUSED
    hf_config_default_clock(c, scene_clock, NULL); /* does nothing */
    assert_null(c->settings.clock);
    hf_config_free(c);
    hf_config_free(NULL);
}

static void a_config_lives_as_long_as_somebody_keeps_it(void **state)
{
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_ptr_equal(hf_config_keep(stage.client), stage.client);
    hf_config_free(stage.client);
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    stage_clear(&stage); /* the connections keep theirs */
    assert_true(rogue_run(&rogue));
    rogue_end(&rogue);
}

/* A config that cannot work says so through each connection made of it. */
static void a_config_with_a_fault_makes_failed_connections(void **state)
{
    struct stage stage;
    struct hf_span data;
    size_t used;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_false(hf_config_set_min_rsa(stage.client, 3));
    for (int i = 0; i < 2; i++) {
        struct hf_conn *conn = hf_conn_new(stage.client, HF_CLIENT, "a.test");

        assert_int_equal(hf_conn_error(conn)->code, HF_E_BAD_OPTION);
        assert_int_equal(hf_conn_receive(conn, NULL, 0, &used, &data),
                         HF_FAILED);
        assert_int_equal(hf_conn_outgoing(conn).len, 0);
        hf_conn_free(conn);
    }
    hf_config_clear_error(stage.client);
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    assert_true(rogue_run(&rogue));
    rogue_end(&rogue);
    stage_clear(&stage);
}

static void there_is_no_early_secret_without_early_data(void **state)
{
    uint8_t secret[32];

    (void)state;
    for (unsigned s = 0; s < STATES; s++)
        for (unsigned who = 0; who < 2; who++) {
            struct hf_conn *conn = bring_to(s, who);

            assert_false(hf_conn_export_early(
                conn, "EXPORTER-x", hf_span(NULL, 0), secret, sizeof(secret)));
            rogue_end(&rogue);
        }
}

/* ---- names -------------------------------------------------------------------------------------- */

static unsigned name_verdict(struct hf_config *config, const char *name)
{
    struct hf_conn *conn = hf_conn_new(config, HF_CLIENT, name);
    unsigned code = hf_conn_error(conn)->code;

    hf_conn_free(conn);
    return code;
}

/* The library translates nothing, and says what it wants instead. */
static void names_beyond_ascii_are_to_be_translated_first(void **state)
{
    struct stage stage;
    struct hf_conn *conn;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    conn = hf_conn_new(stage.client, HF_CLIENT,
                       "b\xc3\xbc"
                       "cher.test");
    assert_int_equal(hf_conn_error(conn)->code, HF_E_NO_NAME);
    assert_non_null(strstr(hf_conn_error(conn)->detail, "beyond ASCII"));
    assert_non_null(strstr(hf_conn_error(conn)->detail, "xn--"));
    hf_conn_free(conn);
    stage_clear(&stage);
}

static void a_client_needs_a_name_that_is_one(void **state)
{
    static const char *const good[] = { "localhost",          "a.test",
                                        "127.0.0.1",          "::1",
                                        "xn--bcher-kva.test", "A.TEST." };
    static const char *const bad[] = { NULL,
                                       "",
                                       ".",
                                       "a..b",
                                       "-a.test",
                                       "a b",
                                       "a/b",
                                       "*.a.test",
                                       "[::1]",
                                       "a\x01"
                                       "b",
                                       "\xc3\xa4.test",
                                       "a:443" };
    char long_name[300];
    struct stage stage;

    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    long_name[299] = '\0';
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    for (size_t i = 0; i < HF_COUNT(good); i++)
        if (name_verdict(stage.client, good[i]))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < HF_COUNT(bad); i++)
        if (name_verdict(stage.client, bad[i]) != HF_E_NO_NAME)
            fail_msg("%s is accepted", bad[i] ? bad[i] : "(none)");
    assert_int_equal(name_verdict(stage.client, long_name), HF_E_NO_NAME);
    stage_clear(&stage);
    /* Whoever looks at no name may give anything for one. */
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_insecure_no_name_check(stage.client));
    for (size_t i = 0; i < HF_COUNT(bad); i++)
        assert_int_equal(name_verdict(stage.client, bad[i]), HF_OK);
    stage_clear(&stage);
}

/* A name that cannot be sent fails the connection at once, before a byte of
 * it is said. */
static void a_name_that_cannot_be_sent_says_nothing(void **state)
{
    static const char *const bad[] = { "127.0.0.1", "a b", "a\n", "::1" };
    char long_name[300];
    struct hf_span data;
    size_t used;

    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    long_name[299] = '\0';
    for (size_t i = 0; i <= HF_COUNT(bad); i++) {
        struct hf_conn *conn = bring_to(FRESH, HF_CLIENT);

        assert_false(
            hf_conn_set_sni(conn, i < HF_COUNT(bad) ? bad[i] : long_name));
        assert_int_equal(hf_conn_error(conn)->code, HF_E_BAD_OPTION);
        assert_int_equal(hf_conn_receive(conn, NULL, 0, &used, &data),
                         HF_FAILED);
        assert_int_equal(hf_conn_outgoing(conn).len, 0);
        rogue_end(&rogue);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_in_every_state),
        cmocka_unit_test(names_and_watchers_come_before_the_beginning),
        cmocka_unit_test(data_and_keys_need_a_ready_connection),
        cmocka_unit_test(a_send_without_room_takes_nothing),
        cmocka_unit_test(more_may_not_be_sent_than_there_is),
        cmocka_unit_test(outgoing_bytes_go_in_any_portion),
        cmocka_unit_test(every_state_can_be_closed_ended_and_freed),
        cmocka_unit_test(a_connection_fails_once),
        cmocka_unit_test(there_is_no_early_secret_without_early_data),
        cmocka_unit_test(a_frozen_config_refuses_every_setter),
        cmocka_unit_test(a_config_lives_as_long_as_somebody_keeps_it),
        cmocka_unit_test(a_config_with_a_fault_makes_failed_connections),
        cmocka_unit_test(names_beyond_ascii_are_to_be_translated_first),
        cmocka_unit_test(a_client_needs_a_name_that_is_one),
        cmocka_unit_test(a_name_that_cannot_be_sent_says_nothing),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
