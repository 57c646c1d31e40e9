/* must_test.c - single sentences of RFC 8446 (and 6066) that were once broken,
 * or that no other test shows.  Each test is named for its sentence. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct duet duet;

static struct hf_conn *conn_of(enum hf_role role)
{
    return rogue.end[role].conn;
}

static void begin(enum scene scene, rogue_edit_fn *edit)
{
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", edit));
}

static void begin_ready(void)
{
    begin(SCENE_FULL, NULL);
    assert_true(rogue_run(&rogue));
}

/* Let @who say what it has to say, so that its alert is heard. */
static void expect(enum hf_role who, unsigned code)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect(&rogue, who, code);
    rogue_end(&rogue);
}

/* ---- 5: the record layer ---------------------------------------------------------- */

/* Every record in the clear says another version. */
static void mark(struct duet_wire *wire, unsigned version)
{
    for (size_t at = 0; at < wire->len;
         at += 5 + hf_number(wire->bytes + at + 3, 2))
        if (wire->bytes[at] != HF_CONTENT_DATA)
            hf_store_number(wire->bytes + at + 1, version, 2);
}

static bool shake_under(unsigned version)
{
    static const uint16_t none[] = { 0 };
    bool ready;

    assert_true(duet_init(&duet, attack_certs()));
    assert_true(hf_config_set_shares(duet.client_config, none));
    assert_true(duet_start(&duet, "localhost"));
    for (size_t i = 0; i < 4; i++) {
        duet_take(duet.client, &duet.to_client, 0, duet.got_client,
                  &duet.client_len);
        duet_flush(duet.client, &duet.to_server);
        mark(&duet.to_server, version);
        duet_take(duet.server, &duet.to_server, 0, duet.got_server,
                  &duet.server_len);
        duet_flush(duet.server, &duet.to_client);
        mark(&duet.to_client, version);
    }
    ready = hf_conn_ready(duet.client) && hf_conn_ready(duet.server) &&
            hf_conn_retried(duet.server);
    duet_wipe(&duet);
    return ready;
}

/* RFC 8446 5.1: hellos, a retry and dummies under any version. */
static void legacy_record_version_must_be_ignored(void **state)
{
    (void)state;
    assert_true(shake_under(0x0300));
    assert_true(shake_under(0x0301));
    assert_true(shake_under(0x03ff));
}

/* RFC 8446 5.4: "MUST terminate the connection with an unexpected_message". */
static void an_empty_alert_or_handshake_record_is_unexpected(void **state)
{
    static const uint8_t types[] = { HF_CONTENT_ALERT, HF_CONTENT_HANDSHAKE };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        enum hf_role victim = i & 1 ? HF_CLIENT : HF_SERVER;

        begin_ready();
        assert_int_equal(
            rogue_say(&rogue, victim, types[i / 2], hf_span(NULL, 0)),
            HF_FAILED);
        expect(victim, HF_E_RECORD_EMPTY);
    }
}

static void bare_alert(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t alert[] = { HF_CONTENT_ALERT, 3, 3, 0, 2, 2, 40 };

    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS) && !r->step++) {
        record->drop = true;
        rogue_raw(r, HF_CLIENT, HF_SPAN(alert));
    }
}

/* RFC 8446 5.2: a server that has said its ServerHello has keys. */
static void a_bare_alert_after_server_hello_is_unexpected(void **state)
{
    (void)state;
    begin(SCENE_FULL, bare_alert);
    assert_false(rogue_run(&rogue));
    expect(HF_CLIENT, HF_E_RECORD_TYPE);
}

/* ---- 4.6.3: key updates -------------------------------------------------------------- */

static char updates[16];

static void note_update(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (record->from == HF_SERVER && record->epoch == HF_TRAFFIC &&
        edit_is(record, HF_KEY_UPDATE))
        hf_format_more(updates, sizeof(updates), "%u",
                       (unsigned)record->bytes[4]);
}

/* "the receiver MUST send a KeyUpdate of its own with request_update set to
 * update_not_requested", also if it happens to ask for one itself. */
static void who_is_asked_for_new_keys_answers_without_asking(void **state)
{
    static const uint8_t asks[] = { HF_KEY_UPDATE, 0, 0, 1, 1 };
    struct hf_span data;
    size_t used;

    (void)state;
    updates[0] = '\0';
    begin(SCENE_FULL, note_update);
    assert_true(rogue_run(&rogue));
    assert_true(hf_conn_update_keys(conn_of(HF_SERVER), false));
    /* It cannot answer yet: its own update is still to be sent. */
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE, HF_SPAN(asks));
    assert_true(hf_conn_update_keys(conn_of(HF_SERVER), true));
    while (rogue_pass(&rogue, HF_SERVER))
        hf_conn_receive(conn_of(HF_SERVER), NULL, 0, &used, &data);
    assert_string_equal(updates, "010");
    rogue_end(&rogue);
}

/* ---- 4.6.1: tickets ----------------------------------------------------------------------- */

static void give_ticket(struct hf_span ticket)
{
    begin_ready();
    assert_int_equal(rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, ticket),
                     HF_NEED_BYTES);
    assert_true(hf_conn_ready(conn_of(HF_CLIENT)));
    rogue_end(&rogue);
}

/* "Clients MUST NOT cache tickets for longer than 7 days, regardless of the
 * ticket_lifetime": one that says more is no reason to end the connection. */
static void a_ticket_for_more_than_a_week_is_no_error(void **state)
{
    (void)state;
    give_ticket(hf_span("\4\0\0\x0e"
                        "\xff\xff\xff\xff"
                        "\1\2\3\4"
                        "\0"
                        "\0\1x"
                        "\0\0",
                        18));
}

/* "Clients MUST ignore unrecognized extensions." */
static void unknown_extensions_of_a_ticket_are_ignored(void **state)
{
    (void)state;
    give_ticket(hf_span("\4\0\0\x13"
                        "\0\0\0\1"
                        "\1\2\3\4"
                        "\0"
                        "\0\1x"
                        "\0\5\x77\x77\0\1x",
                        23));
}

/* ---- 6: alerts -------------------------------------------------------------------------- */

static uint8_t last_alert[2];

static void note_alert(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (record->type == HF_CONTENT_ALERT && record->len == 2)
        memcpy(last_alert, record->bytes, 2);
}

/* "All the alerts listed in Section 6.2 MUST be sent with AlertLevel=fatal";
 * close_notify is none of them. */
static void our_alerts_are_fatal_but_for_close_notify(void **state)
{
    (void)state;
    begin(SCENE_FULL, note_alert);
    assert_true(rogue_run(&rogue));
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, hf_span("\1\0\0\0", 4));
    assert_true(rogue_pass(&rogue, HF_CLIENT));
    assert_memory_equal(last_alert, "\2\x0a", 2);
    rogue_end(&rogue);

    begin(SCENE_FULL, note_alert);
    assert_true(rogue_run(&rogue));
    hf_conn_close(conn_of(HF_CLIENT));
    assert_true(rogue_pass(&rogue, HF_CLIENT));
    assert_memory_equal(last_alert, "\1\0", 2);
    rogue_end(&rogue);
}

static unsigned ignored;

static void count_ignored(void *ctx, const struct hf_event *event)
{
    (void)ctx;
    if (event->kind == HF_EVENT_DECISION && event->id == HF_EV_ALERT) {
        assert_string_equal(event->inputs, "user_canceled");
        assert_string_equal(event->verdict, "ignored");
        ignored++;
    }
}

/* 6.2: "SHOULD provide a way to facilitate logging the sending and receiving of
 * alerts": also of the one that does not end the connection. */
static void an_alert_that_ends_nothing_is_told(void **state)
{
    static const uint8_t alert[] = { 1, 90 };

    (void)state;
    ignored = 0;
    begin(SCENE_FULL, NULL);
    assert_true(
        hf_conn_set_watch(conn_of(HF_SERVER), count_ignored, NULL, false));
    assert_true(rogue_run(&rogue));
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_ALERT, HF_SPAN(alert));
    assert_true(hf_conn_ready(conn_of(HF_SERVER)));
    assert_int_equal(ignored, 1);
    rogue_end(&rogue);
}

static bool all_zero(const void *p, size_t len)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

/* "MUST forget the secret values and keys established in failed connections" */
static void secrets_of_a_failed_connection_are_forgotten(void **state)
{
    static const uint8_t alert[] = { 2, 40 };

    (void)state;
    for (unsigned role = 0; role < 2; role++) {
        const struct hf_session *s;

        begin_ready();
        s = &conn_of(role)->session;
        assert_false(all_zero(s->client_secret, HF_HASH_MAX));
        assert_false(all_zero(s->server_secret, HF_HASH_MAX));
        assert_false(all_zero(s->exporter_secret, HF_HASH_MAX));
        /* A server's went with its tickets. */
        assert_int_equal(all_zero(s->resumption_secret, HF_HASH_MAX),
                         role == HF_SERVER);
        rogue_say(&rogue, role, HF_CONTENT_ALERT, HF_SPAN(alert));
        assert_int_equal(hf_conn_error(conn_of(role))->code, HF_E_ALERT);
        assert_true(all_zero(s->client_secret, HF_HASH_MAX));
        assert_true(all_zero(s->server_secret, HF_HASH_MAX));
        assert_true(all_zero(s->exporter_secret, HF_HASH_MAX));
        assert_true(all_zero(s->resumption_secret, HF_HASH_MAX));
        assert_true(all_zero(&s->in, sizeof(s->in)));
        assert_true(all_zero(&s->out, sizeof(s->out)));
        rogue_end(&rogue);
    }
}

/* Each code whose alert the RFC names, and where it does. */
static void alerts_are_those_that_the_rfc_names(void **state)
{
    static const struct {
        unsigned code;
        uint8_t alert;
        const char *rfc;
    } rows[] = {
        { HF_E_UNEXPECTED, 10, "4" },
        { HF_E_NO_SUITE, 40, "4.1.1" },
        { HF_E_NO_GROUP, 40, "4.1.1" },
        { HF_E_COMPRESSION, 47, "4.1.2" },
        { HF_E_NOT_OFFERED, 47, "4.1.3" },
        { HF_E_DOWNGRADE, 47, "4.1.3" },
        { HF_E_RETRY_USELESS, 47, "4.1.4" },
        { HF_E_RETRY_CHANGED, 47, "4.1.4" },
        { HF_E_UNSOLICITED, 110, "4.2" },
        { HF_E_MISPLACED, 47, "4.2" },
        { HF_E_BAD_KEY_SHARE, 47, "4.2.8.2" },
        { HF_E_EMPTY_CHAIN, 50, "4.4.2.4" },
        { HF_E_NO_PEER_CERTIFICATE, 116, "4.4.2.4" },
        { HF_E_CERT_ALGORITHM, 42, "4.4.2.4" },
        { HF_E_BAD_SIGNATURE, 51, "4.4.3" },
        { HF_E_BAD_FINISHED, 51, "4.4.4" },
        { HF_E_BAD_CCS, 10, "5" },
        { HF_E_RECORD_TYPE, 10, "5" },
        { HF_E_KEY_CHANGE, 10, "5.1" },
        { HF_E_RECORD_OVERFLOW, 22, "5.1, 5.2" },
        { HF_E_BAD_RECORD_MAC, 20, "5.2" },
        { HF_E_RECORD_EMPTY, 10, "5.4" },
        { HF_E_TRUNCATED, 50, "6" },
        { HF_E_BOUNDS, 50, "6" },
        { HF_E_TRAILING, 50, "6" },
        { HF_E_ELEMENT, 50, "6" },
        { HF_E_ILLEGAL, 47, "6" },
        { HF_E_EXPIRED, 45, "6.2" },
        { HF_E_NOT_YET_VALID, 45, "6.2: or is not currently valid" },
        { HF_E_REVOKED, 44, "6.2" },
        { HF_E_UNKNOWN_ISSUER, 48, "6.2" },
        { HF_E_OUT_OF_MEMORY, 80, "6.2" },
        { HF_E_UNKNOWN_NAME, 112, "6.2" },
        { HF_E_NO_PROTOCOL, 120, "6.2" },
        { HF_E_MISSING_EXTENSION, 109, "9.2" },
        { HF_E_NO_VERSION, 70, "D.1, D.2" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (hf_error_alert(rows[i].code) != rows[i].alert)
            fail_msg("%s: %u, not %u (RFC 8446 %s)",
                     hf_error_name(rows[i].code), hf_error_alert(rows[i].code),
                     rows[i].alert, rows[i].rfc);
}

/* ---- RFC 6066 3: server_name -------------------------------------------------------------- */

static void try_sni(const char *name, const char *heard)
{
    assert_true(duet_init(&duet, attack_certs()));
    assert_true(duet_start(&duet, "localhost"));
    if (heard) {
        assert_true(hf_conn_set_sni(duet.client, name));
        assert_true(duet_run(&duet));
        assert_string_equal(hf_conn_server_name(duet.server), heard);
    } else {
        assert_false(hf_conn_set_sni(duet.client, name));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_BAD_OPTION);
        assert_int_equal(duet.to_server.total, 0);
    }
    duet_wipe(&duet);
}

/* "Literal IPv4 and IPv6 addresses are not permitted"; "without a trailing
 * dot". */
static void a_server_name_is_a_name_without_trailing_dot(void **state)
{
    char longest[300] = "";

    (void)state;
    try_sni("front.example", "front.example");
    try_sni("front.example.", "front.example");
    try_sni("under_score.example", "under_score.example");
    try_sni("192.0.2.7", NULL);
    try_sni("2001:db8::7", NULL);
    try_sni("two words", NULL);
    try_sni("line\nend", NULL);
    try_sni("m\xc3\xbcnchen.example", NULL);
    memset(longest, 'a', 255);
    try_sni(longest, longest);
    longest[255] = 'a';
    try_sni(longest, NULL);
}

/* ---- another config in the middle of a handshake ---------------------------------------- */

/* What holds for a config at the beginning holds for one that is chosen
 * later. */
static void a_chosen_config_must_be_able_to_verify(void **state)
{
    const struct duet_certs *certs = attack_certs();
    struct hf_config *other = hf_config_new();
    struct hf_answer answer = { .config = other };

    (void)state;
    assert_true(duet_init(&duet, certs));
    assert_true(hf_config_set_questions(duet.server_config, HF_ASK_CONFIG));
    assert_true(hf_config_set_provider(other, duet.server_config->provider));
    assert_true(hf_config_add_keypair(other, hf_span_text(certs->chain),
                                      hf_span_text(certs->key)));
    assert_true(hf_config_set_client_auth(other, HF_CLIENT_AUTH_REQUIRED));
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_question(duet.server).kind, HF_ASK_CONFIG);
    assert_false(hf_conn_answer(duet.server, &answer));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_TRUST);
    assert_int_equal(hf_conn_outgoing(duet.server).len, 7); /* an alert */
    hf_config_free(other);
    duet_wipe(&duet);
}

/* "HF_ASK_SIGN must be set, or HF_ASK_DECRYPT" (engine.h): nobody is asked who
 * does not expect it. */
static void a_chain_without_a_key_needs_somebody_who_signs(void **state)
{
    static const unsigned enough[] = { HF_ASK_SIGN, HF_ASK_DECRYPT };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(enough); i++) {
        struct hf_config *config = hf_config_new();

        assert_true(
            hf_config_add_chain(config, hf_span_text(attack_certs()->chain)));
        assert_true(
            hf_config_set_questions(config, HF_ASK_CONFIG | HF_ASK_VERIFY));
        assert_false(hf_config_freeze(config));
        assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
        hf_config_clear_error(config);
        assert_true(hf_config_set_questions(config, enough[i]));
        assert_true(hf_config_freeze(config));
        hf_config_free(config);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_record_version_must_be_ignored),
        cmocka_unit_test(an_empty_alert_or_handshake_record_is_unexpected),
        cmocka_unit_test(a_bare_alert_after_server_hello_is_unexpected),
        cmocka_unit_test(who_is_asked_for_new_keys_answers_without_asking),
        cmocka_unit_test(a_ticket_for_more_than_a_week_is_no_error),
        cmocka_unit_test(unknown_extensions_of_a_ticket_are_ignored),
        cmocka_unit_test(our_alerts_are_fatal_but_for_close_notify),
        cmocka_unit_test(an_alert_that_ends_nothing_is_told),
        cmocka_unit_test(alerts_are_those_that_the_rfc_names),
        cmocka_unit_test(secrets_of_a_failed_connection_are_forgotten),
        cmocka_unit_test(a_server_name_is_a_name_without_trailing_dot),
        cmocka_unit_test(a_chosen_config_must_be_able_to_verify),
        cmocka_unit_test(a_chain_without_a_key_needs_somebody_who_signs),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
