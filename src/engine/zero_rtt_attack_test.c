/* zero_rtt_attack_test.c - what may come under early keys, and what not (RFC
 * 8446 4.2.10, 4.5). */
#define HF_UNPOISONED
#include "engine/zero_rtt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- what may come under early keys ---------------------------------------------------------- */

static void accept_some(void)
{
    meet(&usual);
    begin(&usual, NULL);
    states(HF_EARLY_OFFERED, HF_EARLY_ACCEPTED);
}

static void more_than_the_ticket_says_ends_it(void **state)
{
    static uint8_t much[LIMIT + 1];

    (void)state;
    meet(&usual);
    set(1, &usual);
    assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
    rogue_early(&rogue, hf_span_text("x"));
    assert_int_equal(
        rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span(much, LIMIT - 1)),
        HF_EARLY);
    assert_int_equal(end_of(HF_SERVER)->early_len, LIMIT);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span(much, 1));
    expect(HF_SERVER, HF_E_EARLY_TOO_MUCH, "0 were still allowed");
    accept_some();
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span(much, LIMIT));
    expect(HF_SERVER, HF_E_EARLY_TOO_MUCH, "1000 bytes");
}

static void records_without_early_data_are_counted(void **state)
{
    (void)state;
    accept_some();
    for (unsigned i = 0; i < HF_NO_PROGRESS_MAX; i++)
        assert_int_equal(
            rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span(NULL, 0)),
            HF_NEED_BYTES);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span(NULL, 0));
    expect(HF_SERVER, HF_E_NO_PROGRESS, "");
}

/* RFC 8446 4.2.10: "early data", EndOfEarlyData and alerts, and nothing else. */
static void nothing_else_comes_under_early_keys(void **state)
{
    /* clang-format off */
    static const struct {
        const char *bytes;
        size_t len;
        uint8_t type;
        unsigned code;
    } rows[] = {
#define ROW(literal, type, code) { literal, sizeof(literal) - 1, type, code },
        ROW("\x18\0\0\1\0", HF_CONTENT_HANDSHAKE, HF_E_UNEXPECTED)      /* KeyUpdate */
        ROW("\x18\0\0\1\1", HF_CONTENT_HANDSHAKE, HF_E_UNEXPECTED)
        ROW("\x14\0\0\1x", HF_CONTENT_HANDSHAKE, HF_E_UNEXPECTED)       /* Finished */
        ROW("\x0b\0\0\0", HF_CONTENT_HANDSHAKE, HF_E_UNEXPECTED)        /* Certificate */
        ROW("\5\0\0\1x", HF_CONTENT_HANDSHAKE, HF_E_TRAILING)           /* with something in it */
        ROW("\5\0\0\0\5\0\0\0", HF_CONTENT_HANDSHAKE, HF_E_KEY_CHANGE)  /* twice */
        ROW("\5\0\0\0\x14", HF_CONTENT_HANDSHAKE, HF_E_KEY_CHANGE)      /* and more behind it */
        ROW("", HF_CONTENT_HANDSHAKE, HF_E_RECORD_EMPTY)
        ROW("\1", HF_CONTENT_CCS, HF_E_RECORD_TYPE)
        ROW("\1", 99, HF_E_RECORD_TYPE)
#undef ROW
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        accept_some();
        rogue_say(&rogue, HF_SERVER, rows[i].type,
                  hf_span((const uint8_t *)rows[i].bytes, rows[i].len));
        expect(HF_SERVER, rows[i].code, "");
    }
}

static void data_inside_end_of_early_data_is_refused(void **state)
{
    static const uint8_t half[] = { 5, 0 };

    (void)state;
    accept_some();
    assert_int_equal(
        rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE, HF_SPAN(half)),
        HF_NEED_BYTES);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span_text("x"));
    expect(HF_SERVER, HF_E_INTERLEAVED, "");
}

static void alerts_are_heard_under_early_keys(void **state)
{
    static const uint8_t cancel[] = { 1, 90 }, close[] = { 1, 0 },
                         fatal[] = { 2, 80 };

    (void)state;
    accept_some();
    assert_int_equal(
        rogue_say(&rogue, HF_SERVER, HF_CONTENT_ALERT, HF_SPAN(cancel)),
        HF_NEED_BYTES);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_ALERT, HF_SPAN(close));
    assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code,
                     HF_E_CLOSED_EARLY);
    rogue_end(&rogue);
    accept_some();
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_ALERT, HF_SPAN(fatal));
    assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code, HF_E_ALERT);
    rogue_end(&rogue);
}

static void say_more(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS))
        edit_set(record, 42, hf_span_text("x"));
}

/* RFC 8446 4.2.10: there is nothing in it but in a ticket. */
static void yes_is_all_that_a_server_says(void **state)
{
    (void)state;
    meet(&usual);
    begin(&usual, say_more);
    assert_false(rogue_run(&rogue));
    rogue_expect(&rogue, HF_CLIENT, HF_E_TRAILING);
    rogue_end(&rogue);
}

/* ---- EndOfEarlyData ------------------------------------------------------------------------ */

static void drop_end(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_END_OF_EARLY_DATA))
        record->drop = true;
}

/* Without it the server goes on reading under early keys. */
static void end_of_early_data_cannot_be_left_out(void **state)
{
    (void)state;
    meet(&usual);
    begin(&usual, drop_end);
    assert_false(rogue_run(&rogue));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC, "");
}

static uint8_t late[200];
static size_t late_len;

/* One more record, sealed before the end and delivered after it. */
static void hold_back(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_END_OF_EARLY_DATA) && !r->step++)
        late_len = rogue_seal(r, HF_SERVER, HF_CONTENT_DATA,
                              hf_span_text("late"), late);
    else if (edit_is(record, HF_FINISHED) && record->from == HF_CLIENT)
        rogue_raw(r, HF_SERVER, hf_span(late, late_len));
}

static void nothing_comes_after_its_end(void **state)
{
    static const uint8_t end[] = { 5, 0, 0, 0 };

    (void)state;
    /* Its number is that of the end: the end is lost. */
    accept_some();
    rogue.edit = hold_back;
    assert_false(rogue_run(&rogue));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC, "");
    /* Its number is the one behind. */
    accept_some();
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE, HF_SPAN(end));
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span_text("late"));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC, "");
    assert_int_equal(end_of(HF_SERVER)->early_len, sizeof(request) - 1);
}

/* The end may come before the server's Finished has: it is the client's to
 * say.  Then data has no keys to come under but those of the handshake. */
static void data_under_handshake_keys_is_refused(void **state)
{
    static const uint8_t end[] = { 5, 0, 0, 0 };

    (void)state;
    accept_some();
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE, HF_SPAN(end));
    rogue_keys(&rogue, HF_SERVER, HF_HANDSHAKE);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span_text("x"));
    expect(HF_SERVER, HF_E_UNEXPECTED, "before the handshake was over");
}

static void rows_of_refusal_skip_no_more_than_a_limit(void **state)
{
    static uint8_t bytes[5 + 16384] = { 23, 3, 3, 0x40, 0 };
    struct how seen = usual;

    (void)state;
    seen.strike = HF_STRIKE_SEEN;
    meet(&usual);
    begin(&seen, NULL);
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, HF_SPAN(bytes)), HF_FAILED);
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC, "");
    /* Who promises more skips more. */
    seen.takes = seen.sends = 100000;
    seen.strike = HF_STRIKE_NEW;
    meet(&seen);
    seen.strike = HF_STRIKE_SEEN;
    begin(&seen, NULL);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(rogue_raw(&rogue, HF_SERVER, HF_SPAN(bytes)),
                         HF_NEED_BYTES);
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, HF_SPAN(bytes)), HF_FAILED);
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC, "");
}

/* As large as records can be, for whichever reason they are skipped: after a
 * retry the server has no keys, and what comes is sealed all the same. */
static void the_largest_records_are_skipped_as_well(void **state)
{
    static const uint8_t most[HF_PLAINTEXT_MAX];

    (void)state;
    for (unsigned retry = 0; retry < 2; retry++) {
        struct how how = usual;

        how.sends = how.takes = 3 * HF_PLAINTEXT_MAX;
        meet(&how);
        if (retry)
            how.group = 23;
        set(1, &how);
        strike = HF_STRIKE_SEEN;
        assert_true(rogue_begin(&rogue, &stages[1], "localhost", NULL));
        assert_int_equal(rogue_early(&rogue, HF_SPAN(most)), sizeof(most));
        assert_true(rogue_run(&rogue));
        assert_int_equal(hf_conn_retried(conn_of(HF_CLIENT)), retry);
        states(HF_EARLY_REJECTED, HF_EARLY_REJECTED);
        assert_int_equal(end_of(HF_SERVER)->early_len, 0);
        rogue_end(&rogue);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_the_ticket_says_ends_it),
        cmocka_unit_test(records_without_early_data_are_counted),
        cmocka_unit_test(nothing_else_comes_under_early_keys),
        cmocka_unit_test(data_inside_end_of_early_data_is_refused),
        cmocka_unit_test(alerts_are_heard_under_early_keys),
        cmocka_unit_test(yes_is_all_that_a_server_says),
        cmocka_unit_test(end_of_early_data_cannot_be_left_out),
        cmocka_unit_test(nothing_comes_after_its_end),
        cmocka_unit_test(data_under_handshake_keys_is_refused),
        cmocka_unit_test(rows_of_refusal_skip_no_more_than_a_limit),
        cmocka_unit_test(the_largest_records_are_skipped_as_well),
    };

    return cmocka_run_group_tests(tests, attack_open, close_meetings);
}
