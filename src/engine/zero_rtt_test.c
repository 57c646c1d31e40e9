/* zero_rtt_test.c - early data that is offered, taken, and refused for each
 * reason that there is (RFC 8446 2.3, 4.2.10, 8). */
#define HF_UNPOISONED
#include "engine/zero_rtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- accepted ---------------------------------------------------------------------------- */

static void same_exports(void)
{
    uint8_t a[2][32], b[2][32];

    for (unsigned i = 0; i < 2; i++) {
        assert_true(hf_conn_export_early(conn_of(i), "EXPORTER-x",
                                         hf_span_text("context"), a[i], 32));
        assert_false(
            hf_conn_export_early(conn_of(i), NULL, hf_span(NULL, 0), a[i], 32));
        assert_true(hf_conn_export(conn_of(i), "EXPORTER-x",
                                   hf_span_text("context"), b[i], 32));
    }
    assert_memory_equal(a[0], a[1], 32);
    assert_memory_equal(b[0], b[1], 32);
    assert_memory_not_equal(a[0], b[0], 32);
}

static void early_data_comes_before_the_handshake_is_over(void **state)
{
    uint8_t early[2][32];

    (void)state;
    meet(&usual);
    assert_int_equal(begin(&usual, NULL), sizeof(request) - 1);
    states(HF_EARLY_OFFERED, HF_EARLY_ACCEPTED);
    for (unsigned i = 0; i < 2; i++) /* the client knows no hash but the old */
        assert_true(hf_conn_export_early(conn_of(i), "EXPORTER-x",
                                         hf_span_text("context"), early[i],
                                         sizeof(early[i])));
    assert_memory_equal(early[0], early[1], sizeof(early[0]));
    assert_int_equal(hf_conn_early_left(conn_of(HF_CLIENT)),
                     LIMIT - (sizeof(request) - 1));
    assert_true(hf_span_equal(hf_conn_early_protocol(conn_of(HF_CLIENT)),
                              hf_span_text("h2")));
    /* It is there, it is no data, and it proves nothing yet. */
    assert_int_equal(end_of(HF_SERVER)->early_len, sizeof(request) - 1);
    assert_memory_equal(end_of(HF_SERVER)->early, request, sizeof(request) - 1);
    assert_false(hf_conn_ready(conn_of(HF_SERVER)));
    assert_true(rogue_run(&rogue));
    states(HF_EARLY_ACCEPTED, HF_EARLY_ACCEPTED);
    assert_int_equal(end_of(HF_SERVER)->got_len, 0);
    assert_int_equal(hf_conn_early_left(conn_of(HF_CLIENT)), 0);
    assert_int_equal(claims, 1);
    assert_int_equal(claimed_until, HF_EARLY_WINDOW + 1);
    assert_string_equal(said[0], "accepted: the server accepted it");
    assert_string_equal(said[1], "accepted: the client sends some");
    same_exports();
    rogue_end(&rogue);
}

/* In pieces, some of them after the server has answered, none after that. */
static void early_data_may_come_in_pieces(void **state)
{
    uint8_t room[200];
    size_t taken;

    (void)state;
    meet(&usual);
    begin(&usual, NULL);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(rogue_early(&rogue, hf_span_text("more")), 4);
    assert_int_equal(end_of(HF_SERVER)->early_len, sizeof(request) - 1 + 20);
    assert_true(rogue_run(&rogue));
    assert_int_equal(hf_conn_send_early(conn_of(HF_CLIENT),
                                        hf_span_text("late"), room,
                                        sizeof(room), &taken),
                     0);
    assert_int_equal(taken, 0);
    rogue_end(&rogue);
}

/* The least of what the ticket and the client's config say. */
static void a_client_sends_no_more_than_is_allowed(void **state)
{
    static uint8_t much[5000];
    static const struct {
        unsigned sends, takes;
    } rows[] = { { 1, LIMIT }, { LIMIT, 1 }, { 4000, 3000 }, { 3000, 4000 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct how how = usual;
        unsigned least = rows[i].sends < rows[i].takes ? rows[i].sends
                                                       : rows[i].takes;

        how.sends = rows[i].sends;
        how.takes = rows[i].takes;
        meet(&how);
        set(1, &how);
        assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
        assert_int_equal(rogue_early(&rogue, HF_SPAN(much)), least);
        assert_int_equal(rogue_early(&rogue, HF_SPAN(much)), 0);
        assert_true(rogue_run(&rogue));
        assert_int_equal(end_of(HF_SERVER)->early_len, least);
        states(HF_EARLY_ACCEPTED, HF_EARLY_ACCEPTED);
        rogue_end(&rogue);
    }
}

/* After its Finished a server may answer; without early data it waits. */
static void a_server_answers_before_the_handshake_is_over(void **state)
{
    uint8_t room[200];
    size_t taken;

    (void)state;
    meet(&usual);
    begin(&usual, NULL);
    assert_false(hf_conn_ready(conn_of(HF_SERVER)));
    /* What it has to say comes first. */
    assert_int_equal(hf_conn_send(conn_of(HF_SERVER), hf_span_text("200"), room,
                                  sizeof(room), &taken),
                     0);
    while (hf_conn_outgoing(conn_of(HF_SERVER)).len)
        assert_true(rogue_pass(&rogue, HF_SERVER));
    assert_false(hf_conn_ready(conn_of(HF_SERVER)));
    taken = hf_conn_send(conn_of(HF_SERVER), hf_span_text("200"), room,
                         sizeof(room), &taken);
    assert_int_equal(rogue_raw(&rogue, HF_CLIENT, hf_span(room, taken)),
                     HF_DATA);
    assert_memory_equal(end_of(HF_CLIENT)->got, "200", 3);
    rogue_end(&rogue);
    /* The same with early data that is refused. */
    set(1, &usual);
    strike = HF_STRIKE_SEEN;
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    rogue_early(&rogue, hf_span_text(request));
    while (hf_conn_outgoing(conn_of(HF_SERVER)).len)
        assert_true(rogue_pass(&rogue, HF_SERVER));
    assert_false(hf_conn_ready(conn_of(HF_SERVER)));
    assert_int_equal(hf_conn_send(conn_of(HF_SERVER), hf_span_text("200"), room,
                                  sizeof(room), &taken),
                     0);
    rogue_end(&rogue);
}

/* ---- not offered -------------------------------------------------------------------------- */

static void early_data_is_offered_only_where_it_may_be(void **state)
{
    struct how none = usual, other = usual, off = usual, no_register = usual;

    (void)state;
    none.takes = 0;
    other.wants[0] = "http/1.1";
    off.sends = 0;
    no_register.no_register = true;
    meet(&usual); /* without a session */
    pocket_empty();
    assert_int_equal(begin(&usual, NULL), 0);
    assert_true(rogue_run(&rogue));
    assert_string_equal(said[0], "not offered: there is no session of TLS 1.3 "
                                 "to go with it");
    states(HF_EARLY_NONE, HF_EARLY_NONE);
    rogue_end(&rogue);
    meet(&none); /* with a ticket that does not allow it */
    assert_int_equal(begin(&usual, NULL), 0);
    assert_true(rogue_run(&rogue) && hf_conn_resumed(conn_of(HF_CLIENT)));
    assert_string_equal(said[0],
                        "not offered: the server's ticket does not allow it");
    rogue_end(&rogue);
    meet(&no_register); /* a server that could not guard it gives no such */
    assert_int_equal(begin(&usual, NULL), 0);
    assert_string_equal(said[0],
                        "not offered: the server's ticket does not allow it");
    rogue_end(&rogue);
    meet(&usual); /* with a protocol that is not on offer any more */
    assert_int_equal(begin(&other, NULL), 0);
    assert_true(rogue_run(&rogue));
    assert_string_equal(said[0], "not offered: the session's application "
                                 "protocol is not on offer");
    rogue_end(&rogue);
    meet(&usual); /* and not unless the client's config says so */
    assert_int_equal(begin(&off, NULL), 0);
    assert_true(rogue_run(&rogue) && hf_conn_resumed(conn_of(HF_CLIENT)));
    states(HF_EARLY_NONE, HF_EARLY_NONE);
    assert_int_equal(claims, 0);
    rogue_end(&rogue);
}

/* ---- refused -------------------------------------------------------------------------------- */

struct refusal {
    const char *why;
    struct how how;
    bool asks; /* the register, that is */
    bool full; /* a full handshake */
};

/* The handshake goes on, what was sent is skipped, both know that. */
static void play_refusal(const struct refusal *row)
{
    char words[160];

    hf_format(words, sizeof(words), "rejected: %s", row->why);
    meet(&usual);
    assert_int_equal(begin(&row->how, NULL), sizeof(request) - 1);
    states(HF_EARLY_OFFERED, HF_EARLY_REJECTED);
    assert_true(rogue_run(&rogue));
    states(HF_EARLY_REJECTED, HF_EARLY_REJECTED);
    assert_string_equal(said[1], words);
    assert_int_equal(end_of(HF_SERVER)->early_len, 0);
    assert_int_equal(end_of(HF_SERVER)->got_len, 0);
    assert_int_equal(claims, row->asks);
    assert_int_equal(hf_conn_resumed(conn_of(HF_CLIENT)), !row->full);
    rogue_end(&rogue);
}

static void each_reason_to_refuse_costs_no_more_than_a_round_trip(void **state)
{
    enum { REASONS = 10 };
    struct refusal rows[REASONS];

    (void)state;
    for (size_t i = 0; i < REASONS; i++)
        rows[i] = (struct refusal){ .how = usual };
    rows[0].why = rows[1].why = "none is taken here";
    rows[0].how.takes = 0;
    rows[1].how.no_register = true;
    rows[2].why = "the client was asked for another hello";
    rows[2].how.group = 23;
    rows[3].why = "the ticket is good for more than is taken now";
    rows[3].how.takes = LIMIT - 1;
    rows[4].why = "the session had another cipher suite";
    rows[4].how.suite = 0x1303;
    rows[5].why = "the session had another application protocol";
    rows[5].how.wants[1] = "http/1.1";
    rows[6].why = rows[7].why = "the ticket's age is not what the client says";
    rows[6].how.later = HF_EARLY_WINDOW + 1;
    rows[7].how.later = -HF_EARLY_WINDOW - 1;
    rows[8].why = "this hello has been here before";
    rows[8].how.strike = HF_STRIKE_SEEN;
    rows[9].why = "whether this hello has been here before is not known";
    rows[9].how.strike = HF_STRIKE_UNKNOWN;
    rows[8].asks = rows[9].asks = true;
    for (size_t i = 0; i < REASONS; i++)
        play_refusal(&rows[i]);
}

static void without_a_session_it_is_refused(void **state)
{
    struct refusal row = { "no session was resumed", usual, false, true };

    (void)state;
    /* SHA-384: the session's secret is of no use. */
    row.how.suite = 0x1302;
    play_refusal(&row);
}

/* A ticket that allows none, and a client that sends some all the same. */
static void a_ticket_that_allows_none_is_good_for_none(void **state)
{
    struct how none = usual;

    (void)state;
    none.takes = 0;
    meet(&none);
    set(1, &usual);
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    assert_true(hf_conn_start(conn_of(HF_CLIENT)));
    conn_of(HF_CLIENT)->session.early = HF_EARLY_OFFERED;
    conn_of(HF_CLIENT)->session.early_left = 100;
    assert_int_equal(rogue_early(&rogue, hf_span_text(request)),
                     sizeof(request) - 1);
    assert_true(rogue_run(&rogue));
    states(HF_EARLY_REJECTED, HF_EARLY_REJECTED);
    assert_string_equal(said[1], "rejected: the ticket is not good for any");
    assert_int_equal(claims, 0);
    rogue_end(&rogue);
}

/* Ten seconds and not more. */
static void a_clock_may_differ_a_little(void **state)
{
    (void)state;
    for (int seconds = -HF_EARLY_WINDOW; seconds <= HF_EARLY_WINDOW;
         seconds++) {
        struct how how = usual;

        how.later = seconds;
        meet(&usual);
        begin(&how, NULL);
        assert_true(rogue_run(&rogue));
        states(HF_EARLY_ACCEPTED, HF_EARLY_ACCEPTED);
        /* Known for as long as a copy could still pass. */
        assert_int_equal(claimed_until, HF_EARLY_WINDOW + 1 - seconds);
        rogue_end(&rogue);
    }
}

/* The same hello has the same id, another one another. */
static void a_hello_is_known_by_its_binder(void **state)
{
    static uint8_t hello[4096], first[HF_STRIKE_LEN];
    struct hf_span out, data;
    size_t len, used;

    (void)state;
    meet(&usual);
    set(1, &usual);
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    hf_conn_receive(conn_of(HF_CLIENT), hello, 0, &used, &data);
    out = hf_conn_outgoing(conn_of(HF_CLIENT));
    len = out.len;
    memcpy(hello, out.at, len);
    for (unsigned i = 0; i < 3; i++) {
        struct hf_conn *conn = hf_conn_new(stages[1].server, HF_SERVER, NULL);
        uint8_t copy[4096];

        memcpy(copy, hello, len);
        assert_non_null(conn);
        hf_conn_receive(conn, copy, len, &used, &data);
        assert_int_equal(hf_conn_early(conn), HF_EARLY_ACCEPTED);
        if (i)
            assert_memory_equal(claimed, first, sizeof(first));
        memcpy(first, claimed, sizeof(first));
        hf_conn_free(conn);
    }
    rogue_end(&rogue);
    begin(&usual, NULL);
    assert_memory_not_equal(claimed, first, sizeof(first));
    rogue_end(&rogue);
}

/* One server, which asks who shall serve; then @other does.  Their ticket keys
 * are the same. */
static void serve_with(struct hf_config *other)
{
    struct hf_answer answer = { .config = other };

    assert_true(hf_config_set_questions(stages[1].server, HF_ASK_CONFIG) &&
                rogue_hear(other, HF_SERVER));
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    rogue_early(&rogue, hf_span_text(request));
    assert_true(end_of(HF_SERVER)->asks);
    assert_int_equal(end_of(HF_SERVER)->early_len, 0);
    assert_true(hf_conn_answer(conn_of(HF_SERVER), &answer));
    if (!rogue_run(&rogue))
        fail_msg("client: %s; server: %s",
                 hf_conn_error(conn_of(HF_CLIENT))->detail,
                 hf_conn_error(conn_of(HF_SERVER))->detail);
}

static void early_data_crosses_no_configs(void **state)
{
    struct how none = usual;

    (void)state;
    none.takes = 0;
    meet(&usual); /* the ticket was another's */
    set(0, &usual);
    set(1, &usual);
    assert_true(
        hf_config_set_client_auth(stages[0].server, HF_CLIENT_AUTH_OPTIONAL) &&
        hf_config_trust(stages[0].server, hf_span_text(attack_certs()->ca)));
    serve_with(stages[0].server);
    states(HF_EARLY_REJECTED, HF_EARLY_REJECTED);
    assert_string_equal(said[1], "rejected: no session was resumed");
    rogue_end(&rogue);
    meet(&usual); /* and what the answering config says is what counts */
    set(0, &none);
    set(1, &usual);
    serve_with(stages[0].server);
    states(HF_EARLY_REJECTED, HF_EARLY_REJECTED);
    assert_string_equal(said[1], "rejected: none is taken here");
    rogue_end(&rogue);
    meet(&usual);
    set(0, &usual);
    set(1, &none);
    serve_with(stages[0].server);
    states(HF_EARLY_ACCEPTED, HF_EARLY_ACCEPTED);
    assert_int_equal(end_of(HF_SERVER)->early_len, sizeof(request) - 1);
    rogue_end(&rogue);
}

/* RFC 8446 8.2: who does not know the secret has nothing remembered. */
static void break_binder(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && !r->step++)
        record->bytes[record->len - 1] ^= 1;
}

static void nothing_is_claimed_before_the_binder_is_checked(void **state)
{
    (void)state;
    meet(&usual);
    begin(&usual, break_binder);
    assert_int_equal(claims, 0);
    expect(HF_SERVER, HF_E_BAD_BINDER, "");
}

/* RFC 8446 D.3: "a client that attempts to send early data MUST fail if it
 * receives a ServerHello with TLS 1.2 or older". */
static void an_older_server_ends_it(void **state)
{
    struct how older = usual;

    (void)state;
    older.server_max = HF_TLS12;
    meet(&usual);
    set(1, &older);
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    rogue_run(&rogue);
    states(HF_EARLY_REJECTED, HF_EARLY_NONE);
    expect(HF_CLIENT, HF_E_NO_VERSION, "TLS 1.2");
}

/* ---- what the server says of it ---------------------------------------------------------- */

static void say_taken(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS) && !r->step++)
        edit_add(record, EARLY_DATA, hf_span(NULL, 0));
}

/* "the client MUST verify": the same suite, the same protocol, its session. */
static void a_server_cannot_take_it_for_something_else(void **state)
{
    struct how suite = usual, protocol = usual, full = usual, retry = usual;

    (void)state;
    suite.suite = 0x1303;
    protocol.wants[1] = "http/1.1";
    full.suite = 0x1302;
    retry.group = 23;
    meet(&usual);
    begin(&suite, say_taken);
    rogue_run(&rogue);
    expect(HF_CLIENT, HF_E_EARLY_CHANGED, "TLS_CHACHA20_POLY1305_SHA256");
    meet(&usual);
    begin(&protocol, say_taken);
    rogue_run(&rogue);
    expect(HF_CLIENT, HF_E_EARLY_CHANGED, "\"http/1.1\"");
    meet(&usual);
    begin(&full, say_taken);
    rogue_run(&rogue);
    expect(HF_CLIENT, HF_E_ILLEGAL, "early data");
    meet(&usual);
    begin(&retry, say_taken);
    rogue_run(&rogue);
    expect(HF_CLIENT, HF_E_UNSOLICITED, "early_data");
}

/* The other way: it took it and says that it did not. */
static void say_refused(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS) && !r->step++)
        edit_drop(record, EARLY_DATA);
}

static void a_lie_about_it_does_not_pass(void **state)
{
    (void)state;
    meet(&usual);
    begin(&usual, say_refused);
    assert_false(rogue_run(&rogue));
    assert_false(hf_conn_ready(conn_of(HF_CLIENT)));
    expect(HF_CLIENT, HF_E_BAD_FINISHED, "");
}

/* ---- settings ------------------------------------------------------------------------------- */

static void settings_are_checked(void **state)
{
    static const struct hf_strikes nobody = { NULL, NULL };
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_set_early_data(config, HF_EARLY_BYTES_MAX + 1));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
    hf_config_free(config);
    config = hf_config_new();
    assert_false(hf_config_set_strikes(config, &nobody));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
    hf_config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_data_comes_before_the_handshake_is_over),
        cmocka_unit_test(early_data_may_come_in_pieces),
        cmocka_unit_test(a_client_sends_no_more_than_is_allowed),
        cmocka_unit_test(a_server_answers_before_the_handshake_is_over),
        cmocka_unit_test(early_data_is_offered_only_where_it_may_be),
        cmocka_unit_test(each_reason_to_refuse_costs_no_more_than_a_round_trip),
        cmocka_unit_test(without_a_session_it_is_refused),
        cmocka_unit_test(a_ticket_that_allows_none_is_good_for_none),
        cmocka_unit_test(a_clock_may_differ_a_little),
        cmocka_unit_test(a_hello_is_known_by_its_binder),
        cmocka_unit_test(early_data_crosses_no_configs),
        cmocka_unit_test(nothing_is_claimed_before_the_binder_is_checked),
        cmocka_unit_test(an_older_server_ends_it),
        cmocka_unit_test(a_server_cannot_take_it_for_something_else),
        cmocka_unit_test(a_lie_about_it_does_not_pass),
        cmocka_unit_test(settings_are_checked),
    };

    return cmocka_run_group_tests(tests, attack_open, close_meetings);
}
