/* order_test.c - every type of message where another one is due, at every place
 * where either side listens; the right message under the wrong keys; data
 * before its time. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

/* What is done to the nth handshake message on its way to @victim. */
struct plan {
    enum hf_role victim;
    size_t place;
    unsigned type; /* of what comes instead */
    bool reached;
    unsigned due; /* type of what should have come */
    bool asked;   /* a CertificateRequest has come */
};

static bool is_place(struct rogue *r, const struct rogue_record *record)
{
    struct plan *p = r->ctx;

    return record->from != p->victim && record->type == HF_CONTENT_HANDSHAKE &&
           r->step++ == p->place && (p->reached = true);
}

/* ---- the wrong message ---------------------------------------------------------- */

static void replace(struct rogue *r, struct rogue_record *record)
{
    struct plan *p = r->ctx;

    if (!is_place(r, record)) {
        p->asked |= edit_is(record, HF_CERTIFICATE_REQUEST) && !p->reached;
        return;
    }
    p->due = record->bytes[0];
    record->bytes[0] = (uint8_t)p->type;
    memset(record->bytes + 1, 0, 3);
    record->len = 4;
}

/* A client may be asked for a certificate before it sees the server's, or
 * not be asked; nothing else is open. */
static bool may_come(const struct plan *p)
{
    if (p->type == p->due)
        return true;
    if (p->victim == HF_SERVER)
        return false;
    return (p->due == HF_CERTIFICATE && !p->asked &&
            p->type == HF_CERTIFICATE_REQUEST) ||
           (p->due == HF_CERTIFICATE_REQUEST && p->type == HF_CERTIFICATE);
}

/* False: there is no such place. */
static bool try_type(enum scene scene, struct plan *p)
{
    unsigned code;

    p->reached = p->asked = false;
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", replace));
    rogue.ctx = p;
    rogue_run(&rogue);
    code = hf_conn_error(rogue.end[p->victim].conn)->code;
    if (p->reached && (code == HF_E_UNEXPECTED) == may_come(p))
        fail_msg("%s, %s waits for %u and gets %u: %s", scene_name(scene),
                 p->victim == HF_CLIENT ? "a client" : "a server", p->due,
                 p->type, hf_error_name(code));
    if (p->reached && !may_come(p))
        rogue_expect(&rogue, p->victim, HF_E_UNEXPECTED);
    rogue_end(&rogue);
    return p->reached;
}

static size_t try_all(enum scene scene, enum hf_role victim)
{
    struct plan p = { .victim = victim };

    for (p.place = 0;; p.place++)
        for (p.type = 0; p.type < 256; p.type++)
            if (!try_type(scene, &p))
                return p.place;
}

static void every_type_is_refused_wherever_it_is_not_due(void **state)
{
    (void)state;
    assert_int_equal(try_all(SCENE_FULL, HF_CLIENT), 5);
    assert_int_equal(try_all(SCENE_FULL, HF_SERVER), 2);
    assert_int_equal(try_all(SCENE_ALL, HF_CLIENT), 7);
    assert_int_equal(try_all(SCENE_ALL, HF_SERVER), 5);
    assert_int_equal(try_all(SCENE_EMPTY_CERT, HF_SERVER), 3);
}

static void begin_ready(enum scene scene)
{
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", NULL));
    assert_true(rogue_run(&rogue));
}

/* RFC 8446 4.6: a client may get tickets, both may get key updates. */
static void every_type_is_refused_once_both_are_ready(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (unsigned type = 0; type < 256; type++) {
            uint8_t message[4] = { (uint8_t)type, 0, 0, 0 };
            bool known = type == HF_KEY_UPDATE ||
                         (type == HF_NEW_SESSION_TICKET && victim == HF_CLIENT);

            begin_ready(SCENE_FULL);
            assert_int_equal(rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE,
                                       HF_SPAN(message)),
                             HF_FAILED);
            while (rogue_pass(&rogue, victim))
                continue;
            rogue_expect(&rogue, victim,
                         known ? HF_E_TRUNCATED : HF_E_UNEXPECTED);
            rogue_end(&rogue);
        }
}

/* ---- the right message, under other keys ------------------------------------------- */

/* Deliver it in the clear although there are keys, or under traffic keys
 * although the handshake is not over. */
static void in_the_clear(struct rogue *r, struct rogue_record *record)
{
    uint8_t bytes[4096] = { HF_CONTENT_HANDSHAKE, 3, 3 };

    if (record->epoch == HF_PLAIN || !is_place(r, record))
        return;
    hf_store_number(bytes + 3, record->len, 2);
    assert_true(record->len <= sizeof(bytes) - 5);
    memcpy(bytes + 5, record->bytes, record->len);
    record->drop = true;
    rogue_raw(r, !record->from, hf_span(bytes, 5 + record->len));
}

static void sealed_messages_in_the_clear_are_refused(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        struct plan p = { .victim = victim };

        for (;; p.place++) {
            p.reached = false;
            assert_true(rogue_begin(&rogue, attack_stage(SCENE_ALL),
                                    "localhost", in_the_clear));
            rogue.ctx = &p;
            rogue_run(&rogue);
            if (p.reached)
                rogue_expect_words(&rogue, victim, HF_E_RECORD_TYPE,
                                   "in the clear");
            rogue_end(&rogue);
            if (!p.reached)
                break;
        }
        assert_int_equal(p.place, victim == HF_CLIENT ? 5 : 3);
    }
}

/* A hello sealed before there are keys is application data that came too
 * early. */
static void sealed(struct rogue *r, struct rogue_record *record)
{
    if (record->epoch == HF_PLAIN && is_place(r, record))
        record->type = HF_CONTENT_DATA;
}

static void hellos_are_never_application_data(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (size_t place = 0; place < 2; place++) {
            struct plan p = { .victim = victim, .place = place };

            assert_true(rogue_begin(&rogue, attack_stage(SCENE_ALL),
                                    "localhost", sealed));
            rogue.ctx = &p;
            assert_false(rogue_run(&rogue));
            assert_true(p.reached);
            rogue_expect(&rogue, victim, HF_E_UNEXPECTED);
            rogue_end(&rogue);
        }
}

/* Keys of the next stage before the stage is reached, and of the last one
 * after it has passed. */
static void keys_of_another_stage_open_nothing(void **state)
{
    static const uint8_t update[5] = { HF_KEY_UPDATE, 0, 0, 1, 0 };

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready(SCENE_FULL);
        rogue_keys(&rogue, victim, HF_HANDSHAKE);
        assert_int_equal(
            rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span_text("x")),
            HF_FAILED);
        rogue_pass(&rogue, victim);
        rogue_expect(&rogue, victim, HF_E_BAD_RECORD_MAC);
        rogue_end(&rogue);

        /* The generation before an update. */
        begin_ready(SCENE_FULL);
        assert_int_equal(
            rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE, HF_SPAN(update)),
            HF_NEED_BYTES);
        assert_int_equal(
            rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span_text("x")),
            HF_FAILED);
        rogue_pass(&rogue, victim);
        rogue_expect(&rogue, victim, HF_E_BAD_RECORD_MAC);
        rogue_end(&rogue);
    }
}

/* ---- data before its time -------------------------------------------------------------- */

static void data_instead(struct rogue *r, struct rogue_record *record)
{
    if (!is_place(r, record))
        return;
    record->type = HF_CONTENT_DATA;
    memcpy(record->bytes, "early", 5);
    record->len = 5;
}

static void no_data_before_both_are_finished(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        struct plan p = { .victim = victim };

        for (;; p.place++) {
            p.reached = false;
            assert_true(rogue_begin(&rogue, attack_stage(SCENE_ALL),
                                    "localhost", data_instead));
            rogue.ctx = &p;
            rogue_run(&rogue);
            if (p.reached)
                rogue_expect(&rogue, victim, HF_E_UNEXPECTED);
            assert_int_equal(rogue.end[victim].got_len, 0);
            rogue_end(&rogue);
            if (!p.reached)
                break;
        }
        assert_int_equal(p.place, victim == HF_CLIENT ? 7 : 5);
    }
}

/* Nor is anything of ours sealed before. */
static void nothing_is_sent_before_one_is_ready(void **state)
{
    uint8_t room[100];
    size_t taken;

    (void)state;
    assert_true(
        rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", NULL));
    for (unsigned who = 0; who < 2; who++) {
        struct hf_conn *conn = rogue.end[who].conn;

        assert_int_equal(
            hf_conn_send(conn, hf_span_text("x"), room, sizeof(room), &taken),
            0);
        assert_int_equal(taken, 0);
        assert_false(hf_conn_update_keys(conn, true));
        assert_false(
            hf_conn_export(conn, "EXPORTER-x", hf_span(NULL, 0), room, 32));
        assert_int_equal(hf_conn_error(conn)->code, HF_OK);
    }
    assert_true(rogue_run(&rogue)); /* and no harm was done */
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_refused_wherever_it_is_not_due),
        cmocka_unit_test(every_type_is_refused_once_both_are_ready),
        cmocka_unit_test(sealed_messages_in_the_clear_are_refused),
        cmocka_unit_test(hellos_are_never_application_data),
        cmocka_unit_test(keys_of_another_stage_open_nothing),
        cmocka_unit_test(no_data_before_both_are_finished),
        cmocka_unit_test(nothing_is_sent_before_one_is_ready),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
