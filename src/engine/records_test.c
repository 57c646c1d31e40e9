/* records_test.c - records on their way to an engine: every header bit flipped
 * in every state, dummies, alerts, empty records, sizes, interruptions.  Each
 * is one of: it moves the handshake, it is delivered, it is counted, it is
 * fatal. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

static const uint8_t dummy[] = { HF_CONTENT_CCS, 3, 3, 0, 1, 1 };

static void begin(enum scene scene, rogue_edit_fn *edit, void *ctx)
{
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", edit));
    rogue.ctx = ctx;
}

static void begin_ready(void)
{
    begin(SCENE_FULL, NULL, NULL);
    assert_true(rogue_run(&rogue));
}

/* The end fails with @code and says so; then all is over. */
static void fails(enum hf_role who, unsigned code)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect(&rogue, who, code);
    rogue_end(&rogue);
}

/* ---- header bits ------------------------------------------------------------------ */

/* Flip @bit of the header of the nth record to @victim. */
struct flip {
    enum hf_role victim;
    size_t place, bit;
    bool reached, sealed;
    uint8_t type;
};

static void flip(struct rogue *r, struct rogue_record *record)
{
    static uint8_t bytes[5 + 16384 + 256 + 17];
    struct flip *f = r->ctx;
    size_t len;

    if (record->from == f->victim || r->step++ != f->place)
        return;
    f->reached = true;
    f->sealed = record->epoch != HF_PLAIN;
    f->type = record->type;
    if (f->sealed && !r->end[f->victim].to.aead)
        rogue_keys(r, f->victim, HF_HANDSHAKE);
    if (f->sealed) {
        len = rogue_seal(r, f->victim, record->type,
                         hf_span(record->bytes, record->len), bytes);
    } else {
        len = 5 + record->len;
        bytes[0] = record->type;
        memcpy(bytes + 1, "\3\3", 2);
        hf_store_number(bytes + 3, record->len, 2);
        memcpy(bytes + 5, record->bytes, record->len);
    }
    bytes[f->bit / 8] ^= (uint8_t)(1u << f->bit % 8);
    record->drop = true;
    rogue_raw(r, f->victim, hf_span(bytes, len));
}

/* A changed type, and what may come of that. */
static void check_type(const struct flip *f, unsigned code)
{
    if (code != HF_E_RECORD_TYPE && code != HF_E_UNEXPECTED &&
        code != HF_E_BAD_ALERT && code != HF_E_BAD_CCS)
        fail_msg("type %u, bit %zu: %s", f->type, f->bit, hf_error_name(code));
}

/* What the flipped header may lead to; nothing silent. */
static void check_flip(const struct flip *f)
{
    const struct rogue_end *end = &rogue.end[f->victim];
    unsigned code = hf_conn_error(end->conn)->code;
    size_t byte = f->bit / 8;

    /* More is announced than came, and waited for: the handshake stands
     * still. */
    if (byte >= 3 && code == HF_OK) {
        assert_true(end->pending_len > 0);
        assert_false(hf_conn_ready(end->conn));
        return;
    }
    /* A dummy that became the first byte of a message spoils that one. */
    if (f->type == HF_CONTENT_CCS && f->bit == 1) {
        assert_false(hf_conn_ready(end->conn));
        return;
    }
    /* In the clear 3.x means nothing (RFC 8446 5.1). */
    if (byte == 2 && !f->sealed) {
        assert_int_equal(code, HF_OK);
        return;
    }
    if (code == HF_OK)
        fail_msg("bit %zu of record %zu (type %u): nothing happened", f->bit,
                 f->place, f->type);
    if (byte == 1 || byte == 2)
        assert_true(code == HF_E_RECORD_VERSION || code == HF_E_NOT_TLS);
    else if (byte == 0)
        check_type(f, code);
    else if (f->sealed)
        assert_true(code == HF_E_BAD_RECORD_MAC ||
                    code == HF_E_RECORD_OVERFLOW);
}

static void every_header_bit_of_every_record_counts(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (size_t place = 0, more = 1; more; place++) {
            more = 0;
            for (size_t bit = 0; bit < 40; bit++) {
                struct flip f = { .victim = victim,
                                  .place = place,
                                  .bit = bit };

                begin(SCENE_ALL, flip, &f);
                rogue_run(&rogue);
                more |= f.reached;
                if (f.reached)
                    check_flip(&f);
                rogue_end(&rogue);
            }
        }
}

/* RFC 8446 5: no type but these four, in the clear or not. */
static void every_other_type_is_refused_in_every_state(void **state)
{
    static const uint8_t types[] = { 1, 19, 24, 25, 100, 255 };

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (size_t t = 0; t < sizeof(types); t++) {
            uint8_t bytes[6] = { types[t], 3, 3, 0, 1, 0 };

            begin(SCENE_FULL, NULL, NULL);
            if (victim == HF_CLIENT) /* its hello first */
                rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0));
            assert_int_equal(rogue_raw(&rogue, victim, HF_SPAN(bytes)),
                             HF_FAILED);
            fails(victim, HF_E_RECORD_TYPE);

            begin_ready();
            rogue_raw(&rogue, victim, HF_SPAN(bytes));
            fails(victim, HF_E_RECORD_TYPE);

            begin_ready(); /* and inside */
            rogue_say(&rogue, victim, types[t], hf_span_text("x"));
            fails(victim, HF_E_RECORD_TYPE);
        }
}

/* ---- dummies (RFC 8446 5 and D.4) --------------------------------------------------- */

/* One before each record, as long as that is allowed. */
static void dummy_first(struct rogue *r, struct rogue_record *record)
{
    const struct rogue_end *to = &r->end[!record->from];

    if (record->from == HF_CLIENT && record->number == 0)
        return; /* nothing before the first hello */
    if (to->conn->session.in.epoch != HF_TRAFFIC)
        rogue_raw(r, !record->from, HF_SPAN(dummy));
}

static void dummies_are_dropped_between_hello_and_finished(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        begin(scene, dummy_first, NULL);
        assert_true(rogue_run(&rogue));
        rogue_end(&rogue);
    }
}

static void a_client_drops_one_before_server_hello(void **state)
{
    (void)state;
    begin(SCENE_FULL, NULL, NULL);
    rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0)); /* says its hello */
    assert_int_equal(rogue_raw(&rogue, HF_CLIENT, HF_SPAN(dummy)),
                     HF_NEED_BYTES);
    assert_true(rogue_run(&rogue));
    rogue_end(&rogue);
}

static void a_dummy_before_the_hello_is_fatal(void **state)
{
    (void)state;
    begin(SCENE_FULL, NULL, NULL);
    rogue_raw(&rogue, HF_SERVER, HF_SPAN(dummy));
    fails(HF_SERVER, HF_E_BAD_CCS);
}

static void a_dummy_after_finished_is_fatal(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        rogue_raw(&rogue, victim, HF_SPAN(dummy));
        fails(victim, HF_E_BAD_CCS);
    }
}

static void a_dummy_under_keys_is_fatal(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        rogue_say(&rogue, victim, HF_CONTENT_CCS, hf_span("\1", 1));
        fails(victim, HF_E_RECORD_TYPE);
    }
}

static void a_dummy_holds_one_byte_which_is_1(void **state)
{
    static const struct {
        const char *body;
        size_t len;
    } rows[] = { { "", 0 }, { "\0", 1 }, { "\2", 1 }, { "\1\1", 2 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        uint8_t bytes[8] = { HF_CONTENT_CCS, 3, 3, 0, (uint8_t)rows[i].len };

        memcpy(bytes + 5, rows[i].body, rows[i].len);
        begin(SCENE_FULL, NULL, NULL);
        rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0));
        rogue_raw(&rogue, HF_CLIENT, hf_span(bytes, 5 + rows[i].len));
        fails(HF_CLIENT, HF_E_BAD_CCS);
    }
}

/* ---- alerts (RFC 8446 6) --------------------------------------------------------------- */

/* In the clear to a server that waits for a hello, and under keys. */
static void an_alert_is_two_bytes_and_nothing_else(void **state)
{
    static const uint8_t room[4] = { 2, 40, 2, 40 };

    (void)state;
    for (size_t len = 0; len <= 4; len++) {
        uint8_t bytes[9] = { HF_CONTENT_ALERT, 3, 3, 0, (uint8_t)len };
        unsigned code = len == 2 ? HF_E_ALERT
                        : len    ? HF_E_BAD_ALERT
                                 : HF_E_RECORD_EMPTY;

        memcpy(bytes + 5, room, len);
        begin(SCENE_FULL, NULL, NULL);
        rogue_raw(&rogue, HF_SERVER, hf_span(bytes, 5 + len));
        fails(HF_SERVER, code);
        for (unsigned victim = 0; victim < 2; victim++) {
            begin_ready();
            rogue_say(&rogue, victim, HF_CONTENT_ALERT, hf_span(room, len));
            fails(victim, code);
        }
    }
}

/* The level says nothing (RFC 8446 6); all but two end the connection. */
static void every_alert_ends_it_whatever_its_level(void **state)
{
    (void)state;
    for (unsigned alert = 0; alert < 256; alert++)
        for (unsigned level = 0; level < 3; level++) {
            uint8_t bytes[2] = { (uint8_t)level, (uint8_t)alert };
            const struct hf_error *error;
            enum hf_outcome outcome;

            begin_ready();
            outcome = rogue_say(&rogue, HF_CLIENT, HF_CONTENT_ALERT,
                                HF_SPAN(bytes));
            error = hf_conn_error(rogue.end[HF_CLIENT].conn);
            if (alert == 0) {
                assert_int_equal(outcome, HF_CLOSED);
            } else if (alert == 90) {
                assert_int_equal(outcome, HF_NEED_BYTES);
            } else {
                assert_int_equal(outcome, HF_FAILED);
                assert_int_equal(error->code, HF_E_ALERT);
                assert_true(error->by_peer);
                assert_int_equal(error->alert, alert);
            }
            /* Nothing is said in answer. */
            assert_int_equal(hf_conn_outgoing(rogue.end[HF_CLIENT].conn).len,
                             0);
            rogue_end(&rogue);
        }
}

static void an_alert_in_the_clear_is_not_heard_once_keys_were_used(void **state)
{
    static const uint8_t alert[] = { HF_CONTENT_ALERT, 3, 3, 0, 2, 2, 40 };
    static const uint8_t close[] = { HF_CONTENT_ALERT, 3, 3, 0, 2, 1, 0 };

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        rogue_raw(&rogue, victim, HF_SPAN(alert));
        fails(victim, HF_E_RECORD_TYPE);
        begin_ready();
        rogue_raw(&rogue, victim, HF_SPAN(close));
        fails(victim, HF_E_RECORD_TYPE);
    }
}

/* A client that cannot go on has no keys yet (RFC 8446 6: after ServerHello
 * it is heard for its reason, and only as the end). */
static void early_alert(struct rogue *r, struct rogue_record *record)
{
    const struct hf_span *bytes = r->ctx;

    if (record->from == HF_SERVER && record->epoch && !r->step++)
        rogue_raw(r, HF_SERVER, *bytes);
}

static void an_early_alert_gives_its_reason(void **state)
{
    static const struct {
        uint8_t bytes[9];
        size_t len;
        unsigned code;
    } rows[] = {
        { { 21, 3, 3, 0, 2, 2, 47 }, 7, HF_E_ALERT },
        { { 21, 3, 3, 0, 2, 1, 0 }, 7, HF_E_CLOSED_EARLY },
        { { 21, 3, 3, 0, 2, 1, 90 }, 7, HF_E_RECORD_TYPE },
        { { 21, 3, 3, 0, 1, 2 }, 6, HF_E_RECORD_TYPE },
        { { 21, 3, 3, 0, 4, 2, 47, 2, 47 }, 9, HF_E_RECORD_TYPE },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_span bytes = { rows[i].bytes, rows[i].len };

        begin(SCENE_FULL, early_alert, &bytes);
        assert_false(rogue_run(&rogue));
        fails(HF_SERVER, rows[i].code);
    }
}

/* ---- empty records --------------------------------------------------------------------- */

static void empty_records_of_a_kind_that_may_not_be_are_fatal(void **state)
{
    static const uint8_t plain[] = { HF_CONTENT_HANDSHAKE, 3, 3, 0, 0 };

    (void)state;
    begin(SCENE_FULL, NULL, NULL);
    rogue_raw(&rogue, HF_SERVER, HF_SPAN(plain));
    fails(HF_SERVER, HF_E_RECORD_EMPTY);
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE, hf_span(NULL, 0));
        fails(victim, HF_E_RECORD_EMPTY);
        begin_ready();
        rogue_say(&rogue, victim, HF_CONTENT_ALERT, hf_span(NULL, 0));
        fails(victim, HF_E_RECORD_EMPTY);
        begin_ready(); /* nothing but padding */
        rogue_say(&rogue, victim, 0, hf_span("\0\0\0", 3));
        fails(victim, HF_E_RECORD_EMPTY);
        begin_ready(); /* empty data is only counted */
        assert_int_equal(
            rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span(NULL, 0)),
            HF_NEED_BYTES);
        rogue_end(&rogue);
    }
}

/* ---- sizes ------------------------------------------------------------------------------- */

/* Records of this length, with garbage inside, to either end, ready or not. */
static void check_size(size_t len)
{
    static uint8_t bytes[5 + 17000];

    for (unsigned victim = 0; victim < 2; victim++) {
        memcpy(bytes, "\x17\3\3", 3);
        hf_store_number(bytes + 3, len, 2);
        begin_ready();
        rogue_raw(&rogue, victim, hf_span(bytes, 5 + len));
        fails(victim, len > 16640 ? HF_E_RECORD_OVERFLOW : HF_E_BAD_RECORD_MAC);
    }
    bytes[0] = HF_CONTENT_HANDSHAKE;
    begin(SCENE_FULL, NULL, NULL);
    rogue_raw(&rogue, HF_SERVER, hf_span(bytes, 5 + len));
    /* zeroes are HelloRequests */
    fails(HF_SERVER, !len          ? HF_E_RECORD_EMPTY
                     : len > 16384 ? HF_E_RECORD_OVERFLOW
                                   : HF_E_UNEXPECTED);
}

static void check_short_hello(size_t len)
{
    uint8_t bytes[5 + 3] = { HF_CONTENT_HANDSHAKE, 3, 3, 0, (uint8_t)len };

    begin(SCENE_FULL, NULL, NULL);
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, hf_span(bytes, 5 + len)),
                     HF_NEED_BYTES);
    rogue_end(&rogue);
}

static void every_size_has_its_verdict(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 64; len++) {
        if (len && len < 4)
            check_short_hello(len);
        else
            check_size(len);
    }
    for (size_t len = 16383; len <= 16386; len++)
        check_size(len);
    for (size_t len = 16639; len <= 16641; len++)
        check_size(len);
}

/* ---- interruptions (RFC 8446 5.1) ----------------------------------------------------------- */

/* Half a ticket, then something else. */
static unsigned interrupted_by(uint8_t type, struct hf_span bytes)
{
    static const uint8_t half[] = { HF_NEW_SESSION_TICKET, 0, 0, 20, 0, 0 };
    unsigned code;

    begin_ready();
    assert_int_equal(
        rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, HF_SPAN(half)),
        HF_NEED_BYTES);
    rogue_say(&rogue, HF_CLIENT, type, bytes);
    code = hf_conn_error(rogue.end[HF_CLIENT].conn)->code;
    rogue_end(&rogue);
    return code;
}

static void nothing_comes_inside_a_message(void **state)
{
    (void)state;
    assert_int_equal(interrupted_by(HF_CONTENT_DATA, hf_span_text("x")),
                     HF_E_INTERLEAVED);
    assert_int_equal(interrupted_by(HF_CONTENT_DATA, hf_span(NULL, 0)),
                     HF_E_INTERLEAVED);
    assert_int_equal(interrupted_by(HF_CONTENT_ALERT, hf_span("\1\0", 2)),
                     HF_E_INTERLEAVED);
    assert_int_equal(interrupted_by(HF_CONTENT_ALERT, hf_span("\1\x5a", 2)),
                     HF_E_INTERLEAVED);
    /* What ends it anyway is heard for its reason. */
    assert_int_equal(interrupted_by(HF_CONTENT_ALERT, hf_span("\2\x28", 2)),
                     HF_E_ALERT);
    assert_int_equal(interrupted_by(HF_CONTENT_HANDSHAKE, hf_span(NULL, 0)),
                     HF_E_RECORD_EMPTY);
}

/* In the clear: half a hello, then a dummy. */
static void a_dummy_inside_a_hello_is_fatal(void **state)
{
    static const uint8_t half[] = { 22, 3, 1, 0, 6, 1, 0, 0, 90, 3, 3 };

    (void)state;
    begin(SCENE_FULL, NULL, NULL);
    assert_int_equal(rogue_raw(&rogue, HF_SERVER, HF_SPAN(half)),
                     HF_NEED_BYTES);
    rogue_raw(&rogue, HF_SERVER, HF_SPAN(dummy));
    fails(HF_SERVER, HF_E_INTERLEAVED);
}

static void split_with_dummy(struct rogue *r, struct rogue_record *record)
{
    if (record->from != HF_SERVER || !edit_is(record, HF_CERTIFICATE) ||
        r->step++)
        return;
    rogue_say(r, HF_CLIENT, HF_CONTENT_HANDSHAKE, hf_span(record->bytes, 10));
    rogue_raw(r, HF_CLIENT, HF_SPAN(dummy));
    memmove(record->bytes, record->bytes + 10, record->len - 10);
    record->len -= 10;
}

static void a_dummy_inside_a_sealed_message_is_fatal(void **state)
{
    (void)state;
    begin(SCENE_FULL, split_with_dummy, NULL);
    assert_false(rogue_run(&rogue));
    assert_int_equal(hf_conn_error(rogue.end[HF_CLIENT].conn)->alert, 10);
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header_bit_of_every_record_counts),
        cmocka_unit_test(every_other_type_is_refused_in_every_state),
        cmocka_unit_test(dummies_are_dropped_between_hello_and_finished),
        cmocka_unit_test(a_client_drops_one_before_server_hello),
        cmocka_unit_test(a_dummy_before_the_hello_is_fatal),
        cmocka_unit_test(a_dummy_after_finished_is_fatal),
        cmocka_unit_test(a_dummy_under_keys_is_fatal),
        cmocka_unit_test(a_dummy_holds_one_byte_which_is_1),
        cmocka_unit_test(an_alert_is_two_bytes_and_nothing_else),
        cmocka_unit_test(every_alert_ends_it_whatever_its_level),
        cmocka_unit_test(
            an_alert_in_the_clear_is_not_heard_once_keys_were_used),
        cmocka_unit_test(an_early_alert_gives_its_reason),
        cmocka_unit_test(empty_records_of_a_kind_that_may_not_be_are_fatal),
        cmocka_unit_test(every_size_has_its_verdict),
        cmocka_unit_test(nothing_comes_inside_a_message),
        cmocka_unit_test(a_dummy_inside_a_hello_is_fatal),
        cmocka_unit_test(a_dummy_inside_a_sealed_message_is_fatal),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
