/* flood_test.c - what moves nothing forward is free of charge 32 times in a row
 * and no more, whatever it is made of; what moves something starts anew. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 32 };

static struct rogue rogue;

static const uint8_t dummy[] = { HF_CONTENT_CCS, 3, 3, 0, 1, 1 };
static const uint8_t canceled[] = { 1, 90 };
static const uint8_t update[] = { HF_KEY_UPDATE, 0, 0, 1, 0 };
static const uint8_t update_asked[] = { HF_KEY_UPDATE, 0, 0, 1, 1 };
static const uint8_t ticket[] = {
    HF_NEW_SESSION_TICKET, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0
};

/* Things that move nothing. */
enum idle { EMPTY, CANCELED, UPDATE, UPDATE_ASKED, TICKET, IDLES };

static enum hf_outcome idle(enum hf_role victim, enum idle what)
{
    enum hf_outcome outcome;

    switch (what) {
    case EMPTY:
        return rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span(NULL, 0));
    case CANCELED:
        return rogue_say(&rogue, victim, HF_CONTENT_ALERT, HF_SPAN(canceled));
    case TICKET:
        return rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE, HF_SPAN(ticket));
    case UPDATE:
    case UPDATE_ASKED:
    case IDLES:
    default:
        outcome = rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE,
                            what == UPDATE ? HF_SPAN(update)
                                           : HF_SPAN(update_asked));
        rogue_next_keys(&rogue, victim);
        return outcome;
    }
}

static void begin_ready(void)
{
    assert_true(
        rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", NULL));
    assert_true(rogue_run(&rogue));
}

static void fails(enum hf_role victim)
{
    rogue_expect_words(&rogue, victim, HF_E_NO_PROGRESS, "32");
    rogue_end(&rogue);
}

static void flush(enum hf_role who)
{
    while (rogue_pass(&rogue, who))
        continue;
}

static bool fits(enum hf_role victim, enum idle what)
{
    return victim == HF_CLIENT || what != TICKET;
}

static void each_kind_of_nothing_ends_with_the_33rd(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (unsigned what = 0; what < IDLES; what++) {
            if (!fits(victim, what))
                continue;
            begin_ready();
            for (int i = 0; i < LIMIT; i++) {
                assert_int_equal(idle(victim, what), HF_NEED_BYTES);
                flush(victim);
            }
            assert_int_equal(idle(victim, what), HF_FAILED);
            flush(victim);
            fails(victim);
        }
}

static void all_kinds_are_counted_together(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        unsigned what = 0;

        begin_ready();
        for (int i = 0; i < LIMIT; i++, what++) {
            while (!fits(victim, what % IDLES))
                what++;
            assert_int_equal(idle(victim, what % IDLES), HF_NEED_BYTES);
            flush(victim);
        }
        assert_int_equal(idle(victim, EMPTY), HF_FAILED);
        flush(victim);
        fails(victim);
    }
}

static void a_byte_of_data_starts_the_count_anew(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        for (int i = 0; i < 5 * LIMIT; i++) {
            assert_int_equal(idle(victim, i % 2 ? EMPTY : UPDATE),
                             HF_NEED_BYTES);
            if (i % LIMIT == LIMIT - 1)
                assert_int_equal(rogue_say(&rogue, victim, HF_CONTENT_DATA,
                                           hf_span_text("x")),
                                 HF_DATA);
        }
        assert_int_equal(rogue.end[victim].got_len, 5);
        rogue_end(&rogue);
    }
}

/* Many in one record count as many. */
static void tickets_in_one_record_are_counted_one_by_one(void **state)
{
    uint8_t many[(LIMIT + 1) * sizeof(ticket)];

    (void)state;
    for (size_t i = 0; i <= LIMIT; i++)
        memcpy(many + i * sizeof(ticket), ticket, sizeof(ticket));
    begin_ready();
    assert_int_equal(
        rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, HF_SPAN(many)),
        HF_FAILED);
    flush(HF_CLIENT);
    fails(HF_CLIENT);
}

/* ---- in the handshake ------------------------------------------------------------- */

static void dummies(struct rogue *r, struct rogue_record *record)
{
    size_t count = *(const size_t *)r->ctx;

    if (!edit_is(record, HF_ENCRYPTED_EXTENSIONS))
        return;
    /* one has come with the ServerHello */
    for (size_t i = 1; i < count; i++)
        rogue_raw(r, HF_CLIENT, HF_SPAN(dummy));
}

static void dummies_in_a_handshake_are_counted(void **state)
{
    for (size_t count = LIMIT; count <= LIMIT + 1; count++) {
        (void)state;
        assert_true(rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost",
                                dummies));
        rogue.ctx = &count;
        assert_int_equal(rogue_run(&rogue), count == LIMIT);
        if (count > LIMIT)
            rogue_expect_words(&rogue, HF_CLIENT, HF_E_NO_PROGRESS,
                               "ChangeCipherSpec");
        rogue_end(&rogue);
    }
}

static void warnings(struct rogue *r, struct rogue_record *record)
{
    size_t count = *(const size_t *)r->ctx;

    if (record->from != HF_CLIENT || !edit_is(record, HF_FINISHED))
        return;
    if (!r->end[HF_SERVER].to.aead)
        rogue_keys(r, HF_SERVER, HF_HANDSHAKE);
    for (size_t i = 1; i < count; i++) /* one dummy has come */
        rogue_say(r, HF_SERVER, HF_CONTENT_ALERT, HF_SPAN(canceled));
}

static void warnings_in_a_handshake_are_counted(void **state)
{
    (void)state;
    for (size_t count = LIMIT; count <= LIMIT + 1; count++) {
        assert_true(rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost",
                                warnings));
        rogue.ctx = &count;
        assert_int_equal(rogue_run(&rogue), count == LIMIT);
        if (count > LIMIT)
            rogue_expect_words(&rogue, HF_SERVER, HF_E_NO_PROGRESS,
                               "user_canceled");
        rogue_end(&rogue);
    }
}

/* ---- what a flood costs ---------------------------------------------------------------- */

/* A peer that asks and does not read costs one answer, and no memory. */
static void many_requests_for_keys_are_one_answer(void **state)
{
    struct hf_conn *server;
    size_t before;

    (void)state;
    begin_ready();
    server = rogue.end[HF_SERVER].conn;
    assert_int_equal(idle(HF_SERVER, UPDATE_ASKED), HF_NEED_BYTES);
    before = hf_conn_outgoing(server).len;
    assert_true(before > 0);
    for (int i = 1; i < LIMIT; i++) {
        assert_int_equal(idle(HF_SERVER, UPDATE_ASKED), HF_NEED_BYTES);
        assert_int_equal(hf_conn_outgoing(server).len, before);
    }
    /* The rest is paid with one more, once the first is on its way. */
    flush(HF_SERVER);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span_text("x"));
    assert_int_equal(hf_conn_outgoing(server).len, before);
    flush(HF_SERVER);
    rogue_say(&rogue, HF_SERVER, HF_CONTENT_DATA, hf_span_text("x"));
    assert_int_equal(hf_conn_outgoing(server).len, 0);
    rogue_end(&rogue);
}

/* Tickets, records and updates by the thousand, with data between them: what
 * the connection holds does not grow. */
static void nothing_piles_up(void **state)
{
    (void)state;
    begin_ready();
    for (unsigned i = 0; i < 3000; i++) {
        struct hf_session *s = &rogue.end[HF_CLIENT].conn->session;

        idle(HF_CLIENT, i % IDLES);
        flush(HF_CLIENT);
        if (i % 10 == 9) {
            rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA, hf_span_text("x"));
            assert_null(s->outgoing.at);
            assert_null(s->messages.kept.at);
        }
        flush(HF_CLIENT);
    }
    assert_true(hf_conn_ready(rogue.end[HF_CLIENT].conn));
    assert_int_equal(rogue.end[HF_CLIENT].got_len, 300);
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_nothing_ends_with_the_33rd),
        cmocka_unit_test(all_kinds_are_counted_together),
        cmocka_unit_test(a_byte_of_data_starts_the_count_anew),
        cmocka_unit_test(tickets_in_one_record_are_counted_one_by_one),
        cmocka_unit_test(dummies_in_a_handshake_are_counted),
        cmocka_unit_test(warnings_in_a_handshake_are_counted),
        cmocka_unit_test(many_requests_for_keys_are_one_answer),
        cmocka_unit_test(nothing_piles_up),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
