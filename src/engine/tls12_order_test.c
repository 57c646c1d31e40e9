/* tls12_order_test.c - TLS 1.2 and whatever is out of place: every type of message
 * where another is due, each message left out or said twice, ChangeCipherSpec
 * anywhere but in its one place; and after the handshake: renegotiation,
 * records, alerts, the end. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct stage stages[SCENES];
static struct rogue rogue;

static int open_stages(void **state)
{
    if (attack_open(state))
        return -1;
    for (unsigned i = 0; i < SCENES; i++)
        if (!stage_set(&stages[i], i, attack_certs()) ||
            !hf_config_set_versions(stages[i].client, HF_TLS12, HF_TLS13) ||
            !hf_config_set_versions(stages[i].server, HF_TLS12, HF_TLS12))
            return -1;
    return 0;
}

static int close_stages(void **state)
{
    for (unsigned i = 0; i < SCENES; i++)
        stage_clear(&stages[i]);
    return attack_close(state);
}

/* False: there is no such place. */
static bool try(enum scene scene, struct plan *p, rogue_edit_fn *edit)
{
    bool ready;

    p->reached = p->asked = false;
    assert_true(rogue_begin(&rogue, &stages[scene], "localhost", edit));
    rogue.ctx = p;
    ready = rogue_run(&rogue);
    assert_true(ready || p->reached);
    return p->reached;
}

/* ---- the wrong message ---------------------------------------------------------- */

/* A client may be asked for a certificate or not.  ClientHello and ServerHello
 * are what the peer of the other role says. */
static bool may_come(const struct plan *p)
{
    if (p->due_record != HF_CONTENT_CCS && p->type == p->due)
        return true;
    return p->victim == HF_CLIENT &&
           ((p->due == HF_SERVER_HELLO_DONE && !p->asked &&
             p->type == HF_CERTIFICATE_REQUEST) ||
            (p->due == HF_CERTIFICATE_REQUEST &&
             p->type == HF_SERVER_HELLO_DONE));
}

static size_t try_all(enum scene scene, enum hf_role victim)
{
    struct plan p = { .victim = victim };

    for (p.place = 0;; p.place++)
        for (p.type = 0; p.type < 256; p.type++) {
            bool there = try(scene, &p, plan_replace);

            if (there && !may_come(&p)) {
                if (plan_code(&rogue, victim) != HF_E_UNEXPECTED)
                    fail_msg("%s, %u for %u: %s", scene_name(scene), p.type,
                             p.due, hf_error_name(plan_code(&rogue, victim)));
                rogue_expect(&rogue, victim, HF_E_UNEXPECTED);
            }
            rogue_end(&rogue);
            if (!there)
                return p.place;
        }
}

static void every_type_is_refused_wherever_it_is_not_due(void **state)
{
    (void)state;
    /* hello, certificate, key exchange, done, CCS, Finished */
    assert_int_equal(try_all(SCENE_FULL, HF_CLIENT), 6);
    /* hello, key exchange, CCS, Finished */
    assert_int_equal(try_all(SCENE_FULL, HF_SERVER), 4);
    assert_int_equal(try_all(SCENE_CLIENT_CERT, HF_CLIENT), 7);
    assert_int_equal(try_all(SCENE_CLIENT_CERT, HF_SERVER), 6);
    assert_int_equal(try_all(SCENE_EMPTY_CERT, HF_SERVER), 5);
}

/* ---- left out, said twice ----------------------------------------------------------- */

/* The server says nothing more after what is left out at the end of a flight,
 * so there both wait. */
static void each_message_must_come_once(void **state)
{
    static const enum scene scenes[] = { SCENE_FULL, SCENE_CLIENT_CERT };

    (void)state;
    for (unsigned twice = 0; twice < 2; twice++)
        for (unsigned i = 0; i < 4; i++) {
            struct plan p = { .victim = i & 1 };

            while (try(scenes[i / 2], &p,
                       twice ? plan_say_twice : plan_leave_out)) {
                unsigned code = plan_code(&rogue, p.victim);

                if (twice && code != HF_E_UNEXPECTED && code != HF_E_BAD_CCS)
                    fail_msg("%u twice: %s", p.due, hf_error_name(code));
                /* Who was not asked for a certificate gives none. */
                if (code == HF_E_ALERT)
                    code = plan_code(&rogue, !p.victim);
                assert_true(code == HF_OK || code == HF_E_UNEXPECTED ||
                            code == HF_E_BAD_CCS);
                assert_false(hf_conn_ready(rogue.end[p.victim].conn));
                rogue_end(&rogue);
                p.place++;
            }
            rogue_end(&rogue);
            assert_true(p.place >= 4);
        }
}

/* ---- ChangeCipherSpec ------------------------------------------------------------------ */

/* In front of every record; nothing may come under keys that do not exist yet
 * (CVE-2014-0224). */
static void change_cipher_spec_has_one_place(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        struct plan p = { .victim = victim };

        while (try(SCENE_CLIENT_CERT, &p, plan_inject_ccs)) {
            unsigned code = plan_code(&rogue, victim);

            if (code != HF_E_UNEXPECTED && code != HF_E_BAD_CCS)
                fail_msg("in front of %u (%u): %s", p.due, p.due_record,
                         hf_error_name(code));
            rogue_expect(&rogue, victim, code);
            rogue_end(&rogue);
            p.place++;
        }
        rogue_end(&rogue);
        assert_int_equal(p.place, victim == HF_CLIENT ? 7 : 6);
    }
}

/* Half a message, then the change of keys. */
static void split_by_ccs(struct rogue *r, struct rogue_record *record)
{
    struct plan *p = r->ctx;

    if (!plan_is_here(r, record))
        return;
    rogue_say(r, p->victim, record->type, hf_span(record->bytes, 3));
    rogue_raw(r, p->victim, hf_span("\x14\3\3\0\1\1", 6));
    record->drop = true;
}

static void change_ccs(struct rogue *r, struct rogue_record *record)
{
    struct plan *p = r->ctx;

    if (record->from == p->victim || record->type != HF_CONTENT_CCS)
        return;
    p->reached = true;
    record->len = p->type & 0xff;
    record->bytes[0] = (uint8_t)(p->type >> 8);
    record->bytes[1] = 1;
}

static void change_cipher_spec_is_one_byte_and_alone(void **state)
{
    static const unsigned wrong[] = { 0x000, 0x102, 0x001, 0x201 };

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        struct plan p = { .victim = victim };

        for (size_t i = 0; i < HF_COUNT(wrong); i++) {
            p.type = wrong[i];
            assert_true(try(SCENE_FULL, &p, change_ccs));
            rogue_expect(&rogue, victim, HF_E_BAD_CCS);
            rogue_end(&rogue);
        }
        p.place = 1;
        assert_true(try(SCENE_FULL, &p, split_by_ccs));
        rogue_expect(&rogue, victim, HF_E_INTERLEAVED);
        rogue_end(&rogue);
    }
}

/* ---- after the handshake --------------------------------------------------------------- */

static void begin_ready(void)
{
    assert_true(rogue_begin(&rogue, &stages[SCENE_FULL], "localhost", NULL));
    assert_true(rogue_run(&rogue));
}

static void expect_now(enum hf_role who, unsigned code)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect(&rogue, who, code);
    rogue_end(&rogue);
}

/* No tickets, no key updates, no renegotiation. */
static void no_message_is_welcome_any_more(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (unsigned type = 0; type < 256; type++) {
            uint8_t message[4] = { (uint8_t)type, 0, 0, 0 };
            unsigned again = victim == HF_CLIENT ? HF_HELLO_REQUEST
                                                 : HF_CLIENT_HELLO;

            begin_ready();
            assert_int_equal(rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE,
                                       HF_SPAN(message)),
                             HF_FAILED);
            expect_now(victim,
                       type == again ? HF_E_RENEGOTIATION : HF_E_UNEXPECTED);
        }
}

static void records_must_be_sealed_and_whole(void **state)
{
    static uint8_t record[5 + 16384 + 2048 + 1] = { HF_CONTENT_DATA, 3, 3 };
    static const struct {
        uint8_t type, minor;
        uint16_t len;
        unsigned code;
    } rows[] = {
        { HF_CONTENT_DATA, 3, 0, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_DATA, 3, 23, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_DATA, 3, 24, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_DATA, 3, 100, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_ALERT, 3, 2, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_HANDSHAKE, 3, 4, HF_E_BAD_RECORD_MAC },
        { HF_CONTENT_DATA, 3, 16384 + 25, HF_E_RECORD_OVERFLOW },
        { HF_CONTENT_DATA, 3, 16384 + 2048, HF_E_RECORD_OVERFLOW },
        { HF_CONTENT_DATA, 3, 16384 + 2049, HF_E_RECORD_OVERFLOW },
        { HF_CONTENT_DATA, 2, 100, HF_E_RECORD_VERSION },
        { HF_CONTENT_DATA, 1, 100, HF_E_RECORD_VERSION },
        { 24, 3, 100, HF_E_RECORD_TYPE }, /* a heartbeat */
        { 0, 3, 100, HF_E_RECORD_TYPE },
        { HF_CONTENT_CCS, 3, 1, HF_E_BAD_CCS },
    };

    (void)state;
    for (unsigned i = 0; i < 2 * HF_COUNT(rows); i++) {
        record[0] = rows[i / 2].type;
        record[2] = rows[i / 2].minor;
        hf_store_number(record + 3, rows[i / 2].len, 2);
        record[5] = 1;
        begin_ready();
        rogue_raw(&rogue, i & 1, hf_span(record, 5u + rows[i / 2].len));
        expect_now(i & 1, rows[i / 2].code);
    }
}

/* A sealed record that comes again, or changed, or in another's place. */
static void each_record_opens_once(void **state)
{
    uint8_t one[100], two[100];
    size_t len;

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++)
        for (unsigned how = 0; how < 3; how++) {
            begin_ready();
            len = rogue_seal(&rogue, victim, HF_CONTENT_DATA,
                             hf_span_text("one"), one);
            assert_int_equal(rogue_seal(&rogue, victim, HF_CONTENT_DATA,
                                        hf_span_text("two"), two),
                             len);
            if (how == 0) /* again */
                assert_int_equal(rogue_raw(&rogue, victim, hf_span(one, len)),
                                 HF_DATA);
            else if (how == 1) /* the second first */
                memcpy(one, two, sizeof(one));
            else /* of another type */
                one[0] = HF_CONTENT_ALERT;
            rogue_raw(&rogue, victim, hf_span(one, len));
            expect_now(victim, HF_E_BAD_RECORD_MAC);
        }
}

/* ---- alerts and the end ------------------------------------------------------------------- */

enum { WARNING = 1, FATAL = 2, NO_RENEGOTIATION = 100 };

static enum hf_outcome alert(enum hf_role to, uint8_t level, uint8_t code)
{
    const uint8_t bytes[2] = { level, code };

    return rogue_say(&rogue, to, HF_CONTENT_ALERT, HF_SPAN(bytes));
}

static void warnings_are_ignored_but_counted(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        for (unsigned i = 0; i < 32; i++)
            assert_int_equal(alert(victim, WARNING, NO_RENEGOTIATION),
                             HF_NEED_BYTES);
        rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span_text("data"));
        for (unsigned i = 0; i < 32; i++)
            assert_int_equal(alert(victim, WARNING, 255), HF_NEED_BYTES);
        assert_int_equal(alert(victim, WARNING, 255), HF_FAILED);
        expect_now(victim, HF_E_NO_PROGRESS);
        begin_ready();
        alert(victim, FATAL, NO_RENEGOTIATION);
        rogue_expect_words(&rogue, victim, HF_E_ALERT, "no_renegotiation");
        rogue_end(&rogue);
        begin_ready();
        rogue_say(&rogue, victim, HF_CONTENT_ALERT, hf_span("\1", 1));
        expect_now(victim, HF_E_BAD_ALERT);
    }
}

/* In the handshake a close is no warning, whatever its level; other warnings
 * may come, but not inside a message. */
static void a_handshake_can_be_closed_but_not_interrupted(void **state)
{
    (void)state;
    for (unsigned level = WARNING; level <= FATAL; level++) {
        assert_true(
            rogue_begin(&rogue, &stages[SCENE_FULL], "localhost", NULL));
        rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0));
        assert_int_equal(alert(HF_CLIENT, WARNING, 112), HF_NEED_BYTES);
        assert_int_equal(alert(HF_CLIENT, (uint8_t)level, 0), HF_FAILED);
        rogue_expect_words(&rogue, HF_CLIENT, HF_E_CLOSED_EARLY, "");
        rogue_end(&rogue);
    }
    assert_true(rogue_begin(&rogue, &stages[SCENE_FULL], "localhost", NULL));
    rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0));
    while (rogue_pass(&rogue, HF_CLIENT))
        continue;
    assert_true(rogue_pass(&rogue, HF_SERVER)); /* ServerHello */
    rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, hf_span("\x0b\0", 2));
    assert_int_equal(alert(HF_CLIENT, WARNING, 112), HF_FAILED);
    expect_now(HF_CLIENT, HF_E_INTERLEAVED);
}

static void the_end_is_said_or_the_data_was_cut(void **state)
{
    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        begin_ready();
        assert_int_equal(alert(victim, WARNING, 0), HF_CLOSED);
        assert_int_equal(hf_conn_eof(rogue.end[victim].conn), HF_CLOSED);
        rogue_end(&rogue);
        begin_ready();
        rogue_say(&rogue, victim, HF_CONTENT_DATA, hf_span_text("da"));
        assert_int_equal(hf_conn_eof(rogue.end[victim].conn), HF_FAILED);
        assert_int_equal(plan_code(&rogue, victim), HF_E_CUT);
        rogue_end(&rogue);
    }
}

/* TLS 1.2 has no new keys: at the limit the connection ends, and says so. */
static void the_limit_of_a_key_is_the_end(void **state)
{
    uint8_t room[200];
    size_t taken;

    (void)state;
    begin_ready();
    for (unsigned i = 0; i < 2; i++) {
        struct hf_conn *conn = rogue.end[i].conn;
        struct hf_direction *out = &conn->session.out;

        out->seq = out->aead->seal_limit - 1;
        assert_true(hf_conn_send(conn, hf_span_text("last"), room, sizeof(room),
                                 &taken) > 0);
        assert_int_equal(taken, 4);
        assert_int_equal(hf_conn_send(conn, hf_span_text("more"), room,
                                      sizeof(room), &taken),
                         0);
        assert_int_equal(plan_code(&rogue, i), HF_E_SEQUENCE_END);
    }
    rogue_end(&rogue);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_refused_wherever_it_is_not_due),
        cmocka_unit_test(each_message_must_come_once),
        cmocka_unit_test(change_cipher_spec_has_one_place),
        cmocka_unit_test(change_cipher_spec_is_one_byte_and_alone),
        cmocka_unit_test(no_message_is_welcome_any_more),
        cmocka_unit_test(records_must_be_sealed_and_whole),
        cmocka_unit_test(each_record_opens_once),
        cmocka_unit_test(warnings_are_ignored_but_counted),
        cmocka_unit_test(a_handshake_can_be_closed_but_not_interrupted),
        cmocka_unit_test(the_end_is_said_or_the_data_was_cut),
        cmocka_unit_test(the_limit_of_a_key_is_the_end),
    };

    return cmocka_run_group_tests(tests, open_stages, close_stages);
}
