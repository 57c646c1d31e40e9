/* key_change_test.c - no message lies across a change of keys (RFC 8446 5.1):
 * nothing may share a record with the message that changes them, whole or in
 * part, be it next in turn or not, seen at once or kept for later. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

/* Who is given the first message of @kind with the next one, or a part of it,
 * or what ctx says, in the same record. */
struct join {
    enum hf_role from;
    unsigned kind;
    size_t part; /* bytes of the next message; 0: all */
    struct hf_span instead;
    bool done;
};

static void stick(struct rogue *r, struct rogue_record *record)
{
    static struct rogue_record held;
    struct join *j = r->ctx;

    if (record->from != j->from || record->type != HF_CONTENT_HANDSHAKE ||
        j->done)
        return;
    if (!r->step && edit_is(record, j->kind)) {
        if (j->instead.at) {
            memcpy(record->bytes + record->len, j->instead.at, j->instead.len);
            record->len += j->instead.len;
            j->done = true;
            r->step = 1;
            return;
        }
        held = *record;
        record->drop = true;
        r->step = 1;
    } else if (r->step == 1) {
        size_t n = j->part ? j->part : record->len;

        memcpy(held.bytes + held.len, record->bytes, n);
        memcpy(record->bytes, held.bytes, held.len + n);
        record->len = held.len + n;
        record->epoch = held.epoch;
        j->done = true;
    }
}

/* The bytes go out under the keys in force before the change: in the clear the
 * rogue must not seal what was sealed. */
static void join_in(struct stage *stage, struct join *j, unsigned code)
{
    enum hf_role victim = j->from == HF_CLIENT ? HF_SERVER : HF_CLIENT;

    j->done = false;
    assert_true(rogue_begin(&rogue, stage, "localhost", stick));
    rogue.ctx = j;
    assert_false(rogue_run(&rogue));
    assert_true(j->done);
    rogue_expect(&rogue, victim, code);
    assert_int_equal(hf_conn_error(rogue.end[victim].conn)->alert, 10);
    rogue_end(&rogue);
}

static void join(enum scene scene, struct join j, unsigned code)
{
    join_in(attack_stage(scene), &j, code);
}

static const uint8_t ticket[] = {
    HF_NEW_SESSION_TICKET, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0
};
static const uint8_t update[] = { HF_KEY_UPDATE, 0, 0, 1, 0 };
static const uint8_t extensions[] = { HF_ENCRYPTED_EXTENSIONS, 0, 0, 2, 0, 0 };

/* Every beginning of @message that can stand behind the one of @kind. */
static void join_each(enum scene scene, enum hf_role from, unsigned kind,
                      struct hf_span message, unsigned code)
{
    for (size_t n = 1; n <= message.len; n++)
        join(scene,
             (struct join){ .from = from,
                            .kind = kind,
                            .instead = hf_span_first(message, n) },
             code);
}

/* ---- the client listens ----------------------------------------------------- */

static void nothing_comes_in_the_record_of_server_hello(void **state)
{
    (void)state;
    join_each(SCENE_FULL, HF_SERVER, HF_SERVER_HELLO, HF_SPAN(extensions),
              HF_E_KEY_CHANGE);
    join_each(SCENE_RETRY, HF_SERVER, HF_SERVER_HELLO, HF_SPAN(extensions),
              HF_E_KEY_CHANGE);
}

static void nothing_comes_in_the_record_of_a_retry(void **state)
{
    static const uint8_t hello[] = { HF_SERVER_HELLO, 0, 0, 2, 3, 3 };

    (void)state;
    join_each(SCENE_RETRY, HF_SERVER, HF_HELLO_RETRY_REQUEST, HF_SPAN(hello),
              HF_E_UNEXPECTED);
}

static void nothing_comes_in_the_record_of_the_servers_finished(void **state)
{
    (void)state;
    join_each(SCENE_FULL, HF_SERVER, HF_FINISHED, HF_SPAN(ticket),
              HF_E_KEY_CHANGE);
    join_each(SCENE_ALL, HF_SERVER, HF_FINISHED, HF_SPAN(update),
              HF_E_KEY_CHANGE);
}

/* ---- the server listens ------------------------------------------------------- */

static void nothing_comes_in_the_record_of_a_hello(void **state)
{
    static const uint8_t finished[] = { HF_FINISHED, 0, 0, 2, 1, 2 };
    static const uint8_t hello[] = { HF_CLIENT_HELLO, 0, 0, 2, 3, 3 };
    static const uint8_t early[] = { 5, 0, 0, 0 }; /* EndOfEarlyData */

    (void)state;
    join_each(SCENE_FULL, HF_CLIENT, HF_CLIENT_HELLO, HF_SPAN(finished),
              HF_E_UNEXPECTED);
    join_each(SCENE_FULL, HF_CLIENT, HF_CLIENT_HELLO, HF_SPAN(hello),
              HF_E_UNEXPECTED);
    join_each(SCENE_FULL, HF_CLIENT, HF_CLIENT_HELLO, HF_SPAN(early),
              HF_E_UNEXPECTED);
    /* before the retry, where the next hello would be right */
    join_each(SCENE_RETRY, HF_CLIENT, HF_CLIENT_HELLO, HF_SPAN(hello),
              HF_E_UNEXPECTED);
}

static void nothing_comes_in_the_record_of_the_clients_finished(void **state)
{
    (void)state;
    join_each(SCENE_FULL, HF_CLIENT, HF_FINISHED, HF_SPAN(update),
              HF_E_KEY_CHANGE);
    join_each(SCENE_ALL, HF_CLIENT, HF_FINISHED, HF_SPAN(update),
              HF_E_KEY_CHANGE);
}

/* The real next message, whole and cut. */
static void the_next_message_itself_is_no_better(void **state)
{
    (void)state;
    for (size_t part = 0; part < 6; part++) {
        join(SCENE_FULL,
             (struct join){ HF_SERVER, HF_SERVER_HELLO, part, hf_span(NULL, 0),
                            false },
             HF_E_KEY_CHANGE);
    }
}

/* ---- key updates ------------------------------------------------------------------ */

static void nothing_comes_in_the_record_of_a_key_update(void **state)
{
    uint8_t both[sizeof(update) + sizeof(ticket)];

    (void)state;
    for (unsigned victim = 0; victim < 2; victim++) {
        struct hf_span next = victim == HF_CLIENT ? HF_SPAN(ticket)
                                                  : HF_SPAN(update);

        for (size_t n = 1; n <= next.len; n++) {
            memcpy(both, update, sizeof(update));
            memcpy(both + sizeof(update), next.at, n);
            assert_true(rogue_begin(&rogue, attack_stage(SCENE_FULL),
                                    "localhost", NULL));
            assert_true(rogue_run(&rogue));
            assert_int_equal(rogue_say(&rogue, victim, HF_CONTENT_HANDSHAKE,
                                       hf_span(both, sizeof(update) + n)),
                             HF_FAILED);
            rogue_pass(&rogue, victim);
            rogue_expect(&rogue, victim, HF_E_KEY_CHANGE);
            rogue_end(&rogue);
        }
    }
}

/* A ticket before it, even cut over records, is fine: what counts is what is
 * pending when the keys change. */
static void what_was_before_is_nobodys_business(void **state)
{
    uint8_t both[sizeof(update) + sizeof(ticket)];

    (void)state;
    memcpy(both, ticket, sizeof(ticket));
    memcpy(both + sizeof(ticket), update, sizeof(update));
    for (size_t cut = 1; cut < sizeof(both); cut++) {
        assert_true(
            rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", NULL));
        assert_true(rogue_run(&rogue));
        rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE, hf_span(both, cut));
        rogue_say(&rogue, HF_CLIENT, HF_CONTENT_HANDSHAKE,
                  hf_span(both + cut, sizeof(both) - cut));
        rogue_next_keys(&rogue, HF_CLIENT);
        assert_int_equal(rogue_say(&rogue, HF_CLIENT, HF_CONTENT_DATA,
                                   hf_span_text("after")),
                         HF_DATA);
        assert_memory_equal(rogue.end[HF_CLIENT].got, "after", 5);
        rogue_end(&rogue);
    }
}

/* ---- kept while a question is open ---------------------------------------------------- */

/* The server asks for a config while half a message is pending behind the
 * hello: the answer does not make it forget. */
static void what_is_kept_during_a_question_counts(void **state)
{
    static const uint8_t tail[] = { HF_FINISHED, 0, 0, 9, 1, 2, 3 };
    const struct hf_answer keep = { .config = NULL };
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_questions(stage.server, HF_ASK_CONFIG));
    for (size_t n = 0; n <= sizeof(tail); n++) {
        struct join j = { .from = HF_CLIENT,
                          .kind = HF_CLIENT_HELLO,
                          .instead = { tail, n } };

        assert_true(rogue_begin(&rogue, &stage, "localhost", stick));
        rogue.ctx = &j;
        assert_false(rogue_run(&rogue));
        assert_true(rogue.end[HF_SERVER].asks);
        assert_true(hf_conn_answer(rogue.end[HF_SERVER].conn, &keep));
        assert_int_equal(rogue_raw(&rogue, HF_SERVER, hf_span(NULL, 0)),
                         n ? HF_FAILED : HF_NEED_BYTES);
        assert_int_equal(rogue_run(&rogue), n == 0);
        if (n)
            rogue_expect(&rogue, HF_SERVER, HF_E_UNEXPECTED);
        rogue_end(&rogue);
    }
    stage_clear(&stage);
}

/* The client asks about the chain while all the rest of the server's flight,
 * and more, lies in the same record. */
static void join_flight(struct rogue *r, struct rogue_record *record)
{
    static struct rogue_record held;
    const struct hf_span *more = r->ctx;

    if (record->from != HF_SERVER || !record->epoch ||
        record->type != HF_CONTENT_HANDSHAKE)
        return;
    if (!r->step++)
        held = *record;
    else {
        memcpy(held.bytes + held.len, record->bytes, record->len);
        held.len += record->len;
    }
    record->drop = record->bytes[0] != HF_FINISHED;
    if (!record->drop) {
        memcpy(record->bytes, held.bytes, held.len);
        hf_copy(record->bytes + held.len, more->at, more->len);
        record->len = held.len + more->len;
    }
}

static void a_flight_kept_during_a_question_is_judged_after_it(void **state)
{
    const struct hf_answer yes = { .accept = true };
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_questions(stage.client, HF_ASK_VERIFY));
    for (size_t n = 0; n <= sizeof(ticket); n++) {
        struct hf_span more = { ticket, n };

        assert_true(rogue_begin(&rogue, &stage, "localhost", join_flight));
        rogue.ctx = &more;
        assert_false(rogue_run(&rogue));
        assert_true(rogue.end[HF_CLIENT].asks);
        assert_true(hf_conn_answer(rogue.end[HF_CLIENT].conn, &yes));
        assert_int_equal(rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0)),
                         n ? HF_FAILED : HF_READY);
        assert_int_equal(rogue_run(&rogue), n == 0);
        if (n)
            rogue_expect(&rogue, HF_CLIENT, HF_E_KEY_CHANGE);
        rogue_end(&rogue);
    }
    stage_clear(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_in_the_record_of_server_hello),
        cmocka_unit_test(nothing_comes_in_the_record_of_a_retry),
        cmocka_unit_test(nothing_comes_in_the_record_of_the_servers_finished),
        cmocka_unit_test(nothing_comes_in_the_record_of_a_hello),
        cmocka_unit_test(nothing_comes_in_the_record_of_the_clients_finished),
        cmocka_unit_test(the_next_message_itself_is_no_better),
        cmocka_unit_test(nothing_comes_in_the_record_of_a_key_update),
        cmocka_unit_test(what_was_before_is_nobodys_business),
        cmocka_unit_test(what_is_kept_during_a_question_counts),
        cmocka_unit_test(a_flight_kept_during_a_question_is_judged_after_it),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
