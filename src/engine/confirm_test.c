/* confirm_test.c - what became of a client's certificate: in each version, with
 * one, with none and not asked; accepted by what the server says next, refused
 * by its alerts, and not known in between. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct stage stage;
static struct shelf shelf;

static struct hf_conn *client(void)
{
    return rogue.end[HF_CLIENT].conn;
}

static unsigned state_of(void)
{
    return hf_conn_client_auth(client());
}

/* @tickets: whether the server, of TLS 1.3, speaks first. */
static void begin(enum scene scene, unsigned version, unsigned tickets)
{
    /* Who keeps no sessions is given no tickets by us. */
    const struct hf_sessions sessions = shelf_sessions(&shelf);

    memset(&shelf, 0, sizeof(shelf));
    assert_true(stage_set(&stage, scene, attack_certs()));
    assert_true(hf_config_set_versions(stage.client, version, version) &&
                hf_config_set_versions(stage.server, version, version) &&
                hf_config_set_tickets(stage.server, tickets) &&
                hf_config_set_sessions(stage.client, &sessions));
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    assert_int_equal(state_of(), HF_AUTH_NOT_ASKED);
    assert_true(rogue_run(&rogue));
    assert_int_equal(hf_conn_client_auth(rogue.end[HF_SERVER].conn),
                     HF_AUTH_NOT_ASKED);
}

static void end(void)
{
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ---- accepted ------------------------------------------------------------------- */

static void in_tls12_it_is_known_at_the_end(void **state)
{
    (void)state;
    begin(SCENE_FULL, HF_TLS12, 0);
    assert_int_equal(state_of(), HF_AUTH_NOT_ASKED);
    end();
    begin(SCENE_CLIENT_CERT, HF_TLS12, 0);
    assert_int_equal(state_of(), HF_AUTH_ACCEPTED);
    assert_int_equal(hf_conn_own_chain(client()), 0);
    end();
    begin(SCENE_EMPTY_CERT, HF_TLS12, 0);
    assert_int_equal(state_of(), HF_AUTH_ACCEPTED);
    assert_int_equal(hf_conn_own_chain(client()), -1);
    end();
}

static void in_tls13_the_first_ticket_tells(void **state)
{
    (void)state;
    for (unsigned tickets = 0; tickets < 2; tickets++) {
        begin(SCENE_FULL, HF_TLS13, tickets);
        assert_int_equal(state_of(), HF_AUTH_NOT_ASKED);
        end();
        begin(SCENE_CLIENT_CERT, HF_TLS13, tickets);
        assert_int_equal(state_of(),
                         tickets ? HF_AUTH_ACCEPTED : HF_AUTH_GIVEN);
        end();
        begin(SCENE_EMPTY_CERT, HF_TLS13, tickets);
        assert_int_equal(state_of(),
                         tickets ? HF_AUTH_ACCEPTED : HF_AUTH_NOT_GIVEN);
        end();
    }
}

static void in_tls13_data_and_new_keys_tell(void **state)
{
    static const uint8_t update[] = { HF_KEY_UPDATE, 0, 0, 1, 0 };

    (void)state;
    for (unsigned keys = 0; keys < 2; keys++) {
        begin(SCENE_CLIENT_CERT, HF_TLS13, 0);
        assert_int_equal(state_of(), HF_AUTH_GIVEN);
        if (keys)
            rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, HF_SPAN(update));
        else
            rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA, hf_span_text("hi"));
        assert_int_equal(state_of(), HF_AUTH_ACCEPTED);
        assert_int_equal(hf_conn_error(client())->code, HF_OK);
        end();
    }
}

/* Who has not yet heard us has not looked at anything. */
static void what_came_before_we_had_spoken_tells_nothing(void **state)
{
    (void)state;
    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    assert_true(hf_config_set_tickets(stage.server, 0));
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0));
    while (!hf_conn_ready(client()))
        assert_true(rogue_pass(&rogue, HF_CLIENT) ||
                    rogue_pass(&rogue, HF_SERVER));
    assert_true(hf_conn_outgoing(client()).len > 0);
    rogue_keys(&rogue, HF_CLIENT, HF_TRAFFIC);
    assert_int_equal(rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA,
                               hf_span_text("220 welcome")),
                     HF_DATA);
    assert_int_equal(state_of(), HF_AUTH_GIVEN);
    assert_true(rogue_run(&rogue));
    assert_int_equal(state_of(), HF_AUTH_GIVEN);
    assert_int_equal(rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA,
                               hf_span_text("250 hello")),
                     HF_DATA);
    assert_int_equal(state_of(), HF_AUTH_ACCEPTED);
    end();
}

/* ---- refused -------------------------------------------------------------------------- */

static void alerts_about_it_say_so(void **state)
{
    static const struct {
        uint8_t alert;
        bool of_one, of_none; /* about a certificate; about there being none */
    } rows[] = {
        { 42, true, true },    { 43, true, true },   { 44, true, true },
        { 45, true, true },    { 46, true, true },   { 48, true, true },
        { 49, true, true },    { 51, true, false },  { 116, true, true },
        { 40, false, false },  { 10, false, false }, { 80, false, false },
        { 112, false, false }, { 47, false, false }, { 41, false, false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        for (unsigned given = 0; given < 2; given++) {
            const uint8_t alert[] = { 2, rows[i].alert };
            bool about = given ? rows[i].of_one : rows[i].of_none;
            const struct hf_error *e;

            begin(given ? SCENE_CLIENT_CERT : SCENE_EMPTY_CERT, HF_TLS13, 0);
            rogue_say(&rogue, HF_CLIENT, HF_CONTENT_ALERT, HF_SPAN(alert));
            e = hf_conn_error(client());
            assert_int_equal(e->code, HF_E_ALERT);
            assert_int_equal(e->alert, rows[i].alert);
            assert_int_equal(state_of(), about   ? HF_AUTH_REFUSED
                                         : given ? HF_AUTH_GIVEN
                                                 : HF_AUTH_NOT_GIVEN);
            assert_int_equal(strstr(e->detail, "it refuses our certificate") !=
                                 NULL,
                             about && given);
            assert_int_equal(
                strstr(e->detail, "it wants a certificate, and we gave none") !=
                    NULL,
                about && !given);
            end();
        }
}

/* Who was not asked is not meant. */
static void without_a_request_no_alert_is_about_it(void **state)
{
    static const uint8_t alert[] = { 2, 42 };

    (void)state;
    begin(SCENE_FULL, HF_TLS13, 0);
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_ALERT, HF_SPAN(alert));
    assert_int_equal(state_of(), HF_AUTH_NOT_ASKED);
    assert_string_equal(hf_conn_error(client())->detail,
                        "the peer sent bad_certificate (42)");
    end();
}

/* A server that spoke too early is believed, and then not. */
static void accepted_may_become_refused(void **state)
{
    static const uint8_t alert[] = { 2, 116 };

    (void)state;
    begin(SCENE_CLIENT_CERT, HF_TLS13, 0);
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA, hf_span_text("hi"));
    assert_int_equal(state_of(), HF_AUTH_ACCEPTED);
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_ALERT, HF_SPAN(alert));
    assert_int_equal(state_of(), HF_AUTH_REFUSED);
    end();
}

/* Our own server refuses: nobody is there whom it trusts, or nobody at all. */
static void our_server_refuses(void **state)
{
    static struct duet_certs other;

    (void)state;
    assert_true(duet_certs_make(&other, "p256"));
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (unsigned given = 0; given < 2; given++) {
            assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
            assert_true(
                hf_config_set_versions(stage.client, version, version) &&
                hf_config_set_versions(stage.server, version, version) &&
                hf_config_trust(stage.server, hf_span_text(other.ca)) &&
                hf_config_set_client_auth(stage.server,
                                          HF_CLIENT_AUTH_REQUIRED) &&
                (!given ||
                 hf_config_add_keypair(
                     stage.client, hf_span_text(attack_certs()->client_chain),
                     hf_span_text(attack_certs()->client_key))));
            assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
            assert_false(rogue_run(&rogue));
            assert_int_equal(state_of(), HF_AUTH_REFUSED);
            assert_int_equal(hf_conn_error(client())->code, HF_E_ALERT);
            assert_non_null(
                strstr(hf_conn_error(client())->detail,
                       given ? "refuses our certificate" : "and we gave none"));
            end();
        }
    duet_certs_free(&other);
}

/* ---- told ------------------------------------------------------------------------------- */

static char told[2][128];

static void on_event(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    if (e->id == HF_EV_CLIENT_AUTH)
        snprintf(told[e->ok], sizeof(told[0]), "%s: %s", e->inputs, e->verdict);
}

static void it_is_an_event(void **state)
{
    static const uint8_t alert[] = { 2, 46 };
    const struct hf_sessions sessions = shelf_sessions(&shelf);

    (void)state;
    memset(told, 0, sizeof(told));
    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    assert_true(hf_config_set_tickets(stage.server, 1) &&
                hf_config_set_sessions(stage.client, &sessions));
    assert_true(hf_config_set_watch(stage.client, on_event, NULL, false));
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    assert_true(rogue_run(&rogue));
    assert_string_equal(told[true], "a message after the handshake: our "
                                    "certificate is accepted");
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_ALERT, HF_SPAN(alert));
    assert_string_equal(told[false], "certificate_unknown: the server refuses "
                                     "our certificate");
    end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_tls12_it_is_known_at_the_end),
        cmocka_unit_test(in_tls13_the_first_ticket_tells),
        cmocka_unit_test(in_tls13_data_and_new_keys_tell),
        cmocka_unit_test(what_came_before_we_had_spoken_tells_nothing),
        cmocka_unit_test(alerts_about_it_say_so),
        cmocka_unit_test(without_a_request_no_alert_is_about_it),
        cmocka_unit_test(accepted_may_become_refused),
        cmocka_unit_test(our_server_refuses),
        cmocka_unit_test(it_is_an_event),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
