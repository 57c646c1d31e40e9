/* resume_order_test.c - handshakes that resume, and whatever is out of place in
 * them: every type of message where another is due, each message left out or
 * said twice, ChangeCipherSpec anywhere but in its one place, and tickets
 * unasked, missing or again (RFC 5246 7.3, RFC 5077 3.3). */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"
#include "engine/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Behind the ways: TLS 1.2 by ticket, and a new ticket is given. */
enum { RENEWED = WAYS, KINDS };

static struct encore encores[KINDS];
static struct rogue rogue;
static bool old_key; /* the key of tickets is to be replaced */

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    (void)name;
    memset(out, 'k', sizeof(*out));
    *newest = !old_key;
    return true;
}

static int open_all(void **state)
{
    if (attack_open(state))
        return -1;
    for (unsigned i = 0; i < KINDS; i++)
        if (!encore_set(&encores[i], i == RENEWED ? BY_TICKET : i, SCENE_FULL,
                        attack_certs(), &hf_libcrypto) ||
            (i == RENEWED && !hf_config_set_ticket_keys(encores[i].stage.server,
                                                        find_key, NULL)) ||
            !encore_meet(&encores[i]))
            return -1;
    old_key = true;
    return 0;
}

static int close_all(void **state)
{
    for (unsigned i = 0; i < KINDS; i++)
        encore_clear(&encores[i]);
    return attack_close(state);
}

/* False: there is no such place. */
static bool try(unsigned kind, struct plan *p, rogue_edit_fn *edit)
{
    bool ready;

    p->reached = false;
    assert_true(encore_begin(&encores[kind], &rogue, edit));
    rogue.ctx = p;
    ready = rogue_run(&rogue);
    assert_true(ready || p->reached);
    if (ready && !p->reached)
        assert_true(hf_conn_resumed(rogue.end[p->victim].conn));
    return p->reached;
}

/* ---- the wrong message ---------------------------------------------------------- */

static size_t try_all(unsigned kind, enum hf_role victim)
{
    struct plan p = { .victim = victim };

    for (p.place = 0;; p.place++)
        for (p.type = 0; p.type < 256; p.type++) {
            bool there = try(kind, &p, plan_replace);
            /* TLS 1.3: its dummy, which may be anywhere and nowhere. */
            bool dummy = there && (kind == BY_PSK || kind == WITH_EARLY_DATA) &&
                         p.due_record == HF_CONTENT_CCS;

            if (there && !dummy &&
                (p.due_record == HF_CONTENT_CCS || p.type != p.due)) {
                if (plan_code(&rogue, victim) != HF_E_UNEXPECTED)
                    fail_msg("kind %u, %u for %u: %s", kind, p.type, p.due,
                             hf_error_name(plan_code(&rogue, victim)));
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
    /* hello, CCS, Finished; with a new ticket one more */
    assert_int_equal(try_all(BY_TICKET, HF_CLIENT), 3);
    assert_int_equal(try_all(BY_TICKET, HF_SERVER), 3);
    assert_int_equal(try_all(BY_ID, HF_CLIENT), 3);
    assert_int_equal(try_all(BY_ID, HF_SERVER), 3);
    assert_int_equal(try_all(RENEWED, HF_CLIENT), 4);
    assert_int_equal(try_all(RENEWED, HF_SERVER), 3);
    /* hello, dummy, EncryptedExtensions, Finished */
    assert_int_equal(try_all(BY_PSK, HF_CLIENT), 4);
    /* hello, dummy, Finished */
    assert_int_equal(try_all(BY_PSK, HF_SERVER), 3);
    assert_int_equal(try_all(WITH_EARLY_DATA, HF_CLIENT), 4);
    /* hello, dummy, EndOfEarlyData, Finished */
    assert_int_equal(try_all(WITH_EARLY_DATA, HF_SERVER), 4);
}

/* ---- left out, said twice, ChangeCipherSpec -------------------------------------------- */

/* At every place, in TLS 1.2: the victim never gets ready. */
static void at_every_place(rogue_edit_fn *edit, bool waits)
{
    for (unsigned kind = BY_TICKET; kind < KINDS;
         kind += kind == BY_ID ? RENEWED - BY_ID : 1)
        for (unsigned victim = 0; victim < 2; victim++) {
            struct plan p = { .victim = victim };

            for (; try(kind, &p, edit); p.place++) {
                unsigned code = plan_code(&rogue, victim);

                if (code != HF_E_UNEXPECTED && code != HF_E_BAD_CCS &&
                    code != HF_E_KEY_CHANGE && !(waits && !code))
                    fail_msg("kind %u, %u (%u): %s", kind, p.due, p.due_record,
                             hf_error_name(code));
                assert_false(hf_conn_ready(rogue.end[victim].conn));
                rogue_end(&rogue);
            }
            rogue_end(&rogue);
            assert_true(p.place >= 3);
        }
}

/* Finished without ChangeCipherSpec, a promised ticket that does not come, a
 * ticket that comes twice, are among these. */
static void each_message_must_come_once(void **state)
{
    (void)state;
    at_every_place(plan_leave_out, true);
    at_every_place(plan_say_twice, false);
}

/* CVE-2014-0224: not under keys that do not exist yet. */
static void change_cipher_spec_has_one_place(void **state)
{
    (void)state;
    at_every_place(plan_inject_ccs, false);
}

/* ---- tickets ------------------------------------------------------------------------------ */

/* A ticket that nobody promised, in front of the server's CCS. */
static void give_unasked(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t ticket[] = { 4, 0, 0, 7, 0, 0, 0, 9, 0, 1, 'x' };

    if (record->from == HF_SERVER && record->type == HF_CONTENT_CCS &&
        !r->step++)
        rogue_say(r, HF_CLIENT, HF_CONTENT_HANDSHAKE, HF_SPAN(ticket));
}

static void promise(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        edit_add(record, 35, hf_span(NULL, 0));
}

static void a_ticket_comes_if_it_was_promised(void **state)
{
    (void)state;
    for (unsigned kind = BY_TICKET; kind <= BY_ID; kind++) {
        assert_true(encore_begin(&encores[kind], &rogue, give_unasked));
        assert_false(rogue_run(&rogue));
        rogue_expect(&rogue, HF_CLIENT, HF_E_UNEXPECTED);
        rogue_end(&rogue);
        assert_true(encore_begin(&encores[kind], &rogue, promise));
        assert_false(rogue_run(&rogue));
        rogue_expect(&rogue, HF_CLIENT, HF_E_UNEXPECTED);
        rogue_end(&rogue);
    }
}

/* The ticket of the row in place of the server's. */
static void other_ticket(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_NEW_SESSION_TICKET) && !r->step++)
        edit_splice(record, 4, record->len - 4, attack_bytes(r));
}

/* Whatever the ticket is: who promised one and has none sends an empty one
 * (RFC 5077 3.3).  The transcripts differ, and the client goes on until it
 * sees that. */
static void tickets_may_be_anything(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("an empty one", other_ticket, HF_E_BAD_FINISHED, ANY_BYTE, "", 0, "\0\0\0\0\0\0")
        ATTACK("for ever", other_ticket, HF_E_BAD_FINISHED, ANY_BYTE, "", 0, "\xff\xff\xff\xff\0\1x")
        ATTACK("cut", other_ticket, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\0\0\0\0\0\2x")
        ATTACK("with more behind it", other_ticket, HF_E_TRAILING, ANY_BYTE, "", 0, "\0\0\0\0\0\1xy")
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        assert_true(encore_begin(&encores[RENEWED], &rogue, other_ticket));
        rogue.ctx = (void *)(uintptr_t)&rows[i];
        assert_false(rogue_run(&rogue));
        rogue_expect(&rogue, HF_CLIENT, rows[i].code);
        rogue_end(&rogue);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_refused_wherever_it_is_not_due),
        cmocka_unit_test(each_message_must_come_once),
        cmocka_unit_test(change_cipher_spec_has_one_place),
        cmocka_unit_test(a_ticket_comes_if_it_was_promised),
        cmocka_unit_test(tickets_may_be_anything),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
