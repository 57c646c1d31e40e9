/* close_test.c - how connections end: close_notify from either side, half
 * closed, cut, closed too early; and what may be said after that. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

static struct hf_conn *conn_of(unsigned who)
{
    return rogue.end[who].conn;
}

static void begin(rogue_edit_fn *edit)
{
    assert_true(
        rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", edit));
}

static void begin_ready(void)
{
    begin(NULL);
    assert_true(rogue_run(&rogue));
}

/* Send text from @who to the other; 0 if nothing went. */
static size_t say(unsigned who, const char *text)
{
    uint8_t room[200];
    size_t taken, made = hf_conn_send(conn_of(who), hf_span_text(text), room,
                                      sizeof(room), &taken);

    if (made)
        rogue_raw(&rogue, !who, hf_span(room, made));
    return taken;
}

/* ---- in order --------------------------------------------------------------------- */

static void close_notify_is_closed_for_the_other_side(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        begin_ready();
        hf_conn_close(conn_of(who));
        assert_true(rogue_pass(&rogue, who));
        assert_int_equal(rogue.end[who].alert, 0);
        assert_int_equal(rogue.end[!who].last, HF_CLOSED);
        assert_int_equal(hf_conn_error(conn_of(!who))->code, HF_OK);
        assert_int_equal(hf_conn_eof(conn_of(!who)), HF_CLOSED);
        rogue_end(&rogue);
    }
}

/* RFC 8446 6.1: each direction is closed by itself. */
static void a_half_closed_connection_still_carries_data(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        begin_ready();
        hf_conn_close(conn_of(who));
        rogue_pass(&rogue, who);
        assert_int_equal(say(!who, "still here"), 10);
        assert_int_equal(rogue.end[who].got_len, 10);
        assert_int_equal(say(who, "no more"), 0);
        hf_conn_close(conn_of(!who));
        rogue_raw(&rogue, who, hf_conn_outgoing(conn_of(!who)));
        assert_int_equal(rogue.end[who].last, HF_CLOSED);
        assert_int_equal(hf_conn_eof(conn_of(who)), HF_CLOSED);
        rogue_end(&rogue);
    }
}

static void after_our_close_nothing_of_ours_is_said(void **state)
{
    static const uint8_t asks[] = { HF_KEY_UPDATE, 0, 0, 1, 1 };

    (void)state;
    begin_ready();
    hf_conn_close(conn_of(HF_SERVER));
    rogue_pass(&rogue, HF_SERVER);
    hf_conn_close(conn_of(HF_SERVER)); /* twice is once */
    assert_false(hf_conn_update_keys(conn_of(HF_SERVER), true));
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE, HF_SPAN(asks));
    assert_int_equal(hf_conn_outgoing(conn_of(HF_SERVER)).len, 0);
    /* Not even an alert (RFC 8446 6.1). */
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, hf_span_text("xxxxxxxxx")),
                     HF_FAILED);
    assert_int_equal(hf_conn_outgoing(conn_of(HF_SERVER)).len, 0);
    rogue_end(&rogue);
}

/* RFC 8446 6.1: "Any data received after a closure alert has been received
 * MUST be ignored." */
static void after_their_close_everything_is_ignored(void **state)
{
    static uint8_t junk[20000];
    struct hf_span data;
    size_t used;

    (void)state;
    begin_ready();
    hf_conn_close(conn_of(HF_CLIENT));
    rogue_pass(&rogue, HF_CLIENT);
    for (size_t n = 0; n < sizeof(junk); n = n * 3 + 1) {
        assert_int_equal(
            hf_conn_receive(conn_of(HF_SERVER), junk, n, &used, &data),
            HF_CLOSED);
        assert_int_equal(used, n);
        assert_int_equal(data.len, 0);
    }
    assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code, HF_OK);
    rogue_end(&rogue);
}

/* What came in the same bytes before close_notify is given first. */
static void data_before_close_notify_is_delivered(void **state)
{
    uint8_t room[400];
    size_t taken, made;
    struct hf_span out, data;
    size_t used;

    (void)state;
    begin_ready();
    made = hf_conn_send(conn_of(HF_CLIENT), hf_span_text("last"), room,
                        sizeof(room), &taken);
    hf_conn_close(conn_of(HF_CLIENT));
    out = hf_conn_outgoing(conn_of(HF_CLIENT));
    memcpy(room + made, out.at, out.len);
    assert_int_equal(
        hf_conn_receive(conn_of(HF_SERVER), room, made + out.len, &used, &data),
        HF_DATA);
    assert_memory_equal(data.at, "last", 4);
    assert_int_equal(used, made);
    assert_int_equal(
        hf_conn_receive(conn_of(HF_SERVER), room + made, out.len, &used, &data),
        HF_CLOSED);
    rogue_end(&rogue);
}

/* ---- cut ------------------------------------------------------------------------------ */

static void an_end_without_close_notify_is_truncation(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++)
        for (int half = 0; half < 2; half++) {
            static const uint8_t part[] = { 23, 3, 3, 0, 40, 1, 2 };

            begin_ready();
            if (half) /* in the middle of a record */
                rogue_raw(&rogue, who, HF_SPAN(part));
            assert_int_equal(hf_conn_eof(conn_of(who)), HF_FAILED);
            assert_int_equal(hf_conn_error(conn_of(who))->code, HF_E_CUT);
            /* Who it was is still known. */
            assert_int_equal(hf_conn_peer_verified(conn_of(who)),
                             who == HF_CLIENT);
            assert_int_equal(hf_conn_outgoing(conn_of(who)).len, 0);
            assert_int_equal(hf_conn_eof(conn_of(who)), HF_FAILED);
            rogue_end(&rogue);
        }
}

/* At each record of the handshake, both ways. */
static size_t cut_at;

static void count_records(struct rogue *r, struct rogue_record *record)
{
    if (r->step++ >= cut_at)
        record->drop = true;
}

static void an_end_in_the_handshake_is_told_from_truncation(void **state)
{
    (void)state;
    for (cut_at = 0; cut_at < 7; cut_at++) {
        begin(count_records);
        assert_false(rogue_run(&rogue));
        for (unsigned who = 0; who < 2; who++) {
            bool ready = hf_conn_ready(conn_of(who));

            assert_int_equal(hf_conn_eof(conn_of(who)), HF_FAILED);
            assert_int_equal(hf_conn_error(conn_of(who))->code,
                             ready ? HF_E_CUT : HF_E_CLOSED_EARLY);
            assert_int_equal(hf_conn_outgoing(conn_of(who)).len, 0);
            assert_int_equal(hf_conn_peer_verified(conn_of(who)),
                             ready && who == HF_CLIENT);
        }
        rogue_end(&rogue);
    }
}

static void an_end_before_anything_is_closed_early(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        begin(NULL);
        assert_int_equal(hf_conn_eof(conn_of(who)), HF_FAILED);
        assert_int_equal(hf_conn_error(conn_of(who))->code, HF_E_CLOSED_EARLY);
        assert_int_equal(hf_conn_outgoing(conn_of(who)).len, 0);
        rogue_end(&rogue);
    }
}

/* ---- too early --------------------------------------------------------------------------- */

static void close_early(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t close[] = { 1, 0 };
    const enum hf_role *victim = r->ctx;

    if (record->from == *victim || !record->epoch || r->step++)
        return;
    record->type = HF_CONTENT_ALERT;
    memcpy(record->bytes, close, sizeof(close));
    record->len = sizeof(close);
}

static void close_notify_in_the_handshake_ends_it(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        enum hf_role role = victim;

        begin(close_early);
        rogue.ctx = &role;
        rogue_run(&rogue);
        rogue_expect(&rogue, victim, HF_E_CLOSED_EARLY);
        assert_true(hf_conn_error(conn_of(victim))->by_peer);
        rogue_end(&rogue);
    }
}

/* Ours: close_notify is the last that is said, the handshake is over. */
static size_t close_at;

static void close_ours(struct rogue *r, struct rogue_record *record)
{
    if (record->from == HF_SERVER && r->step++ == close_at)
        hf_conn_close(conn_of(HF_CLIENT));
}

static void closing_in_the_handshake_ends_ours(void **state)
{
    (void)state;
    for (close_at = 0; close_at < 6; close_at++) {
        begin(close_ours);
        assert_false(rogue_run(&rogue));
        assert_int_equal(hf_conn_error(conn_of(HF_CLIENT))->code,
                         HF_E_CLOSED_EARLY);
        assert_false(hf_conn_error(conn_of(HF_CLIENT))->by_peer);
        assert_int_equal(rogue.end[HF_CLIENT].alert, 0);
        assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code,
                         HF_E_CLOSED_EARLY);
        assert_true(hf_conn_error(conn_of(HF_SERVER))->by_peer);
        rogue_end(&rogue);
    }
}

static void closing_before_the_beginning_says_nothing(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        begin(NULL);
        hf_conn_close(conn_of(who));
        assert_int_equal(hf_conn_outgoing(conn_of(who)).len, 0);
        assert_int_equal(rogue_raw(&rogue, who, hf_span(NULL, 0)), HF_FAILED);
        assert_int_equal(hf_conn_outgoing(conn_of(who)).len, 0);
        assert_int_equal(hf_conn_error(conn_of(who))->code, HF_E_CLOSED_EARLY);
        rogue_end(&rogue);
    }
}

/* ---- a failure is final ---------------------------------------------------------------------- */

static void a_failed_connection_stays_failed(void **state)
{
    uint8_t room[100];
    size_t taken, used;
    struct hf_span data;

    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        struct hf_conn *conn;
        uint16_t code;

        begin_ready();
        conn = conn_of(who);
        rogue_say(&rogue, who, HF_CONTENT_HANDSHAKE, hf_span(NULL, 0));
        code = hf_conn_error(conn)->code;
        assert_int_equal(code, HF_E_RECORD_EMPTY);
        rogue_pass(&rogue, who);
        hf_conn_close(conn);
        assert_int_equal(hf_conn_receive(conn, room, 5, &used, &data),
                         HF_FAILED);
        assert_int_equal(used, 0);
        assert_int_equal(hf_conn_eof(conn), HF_FAILED);
        assert_int_equal(
            hf_conn_send(conn, hf_span_text("x"), room, sizeof(room), &taken),
            0);
        assert_int_equal(taken, 0);
        assert_false(hf_conn_update_keys(conn, true));
        assert_false(
            hf_conn_export(conn, "EXPORTER-x", hf_span(NULL, 0), room, 32));
        assert_false(hf_conn_set_sni(conn, "x"));
        assert_false(hf_conn_ready(conn));
        assert_int_equal(hf_conn_outgoing(conn).len, 0);
        assert_int_equal(hf_conn_error(conn)->code, code);
        rogue_end(&rogue);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_notify_is_closed_for_the_other_side),
        cmocka_unit_test(a_half_closed_connection_still_carries_data),
        cmocka_unit_test(after_our_close_nothing_of_ours_is_said),
        cmocka_unit_test(after_their_close_everything_is_ignored),
        cmocka_unit_test(data_before_close_notify_is_delivered),
        cmocka_unit_test(an_end_without_close_notify_is_truncation),
        cmocka_unit_test(an_end_in_the_handshake_is_told_from_truncation),
        cmocka_unit_test(an_end_before_anything_is_closed_early),
        cmocka_unit_test(close_notify_in_the_handshake_ends_it),
        cmocka_unit_test(closing_in_the_handshake_ends_ours),
        cmocka_unit_test(closing_before_the_beginning_says_nothing),
        cmocka_unit_test(a_failed_connection_stays_failed),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
