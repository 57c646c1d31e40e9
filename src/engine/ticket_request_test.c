/* ticket_request_test.c - how many tickets are asked for, announced and given
 * (RFC 9149), both ends ours, and somebody in the middle. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { TICKET_REQUEST = 58, NOT_ASKED = 100 };

static struct rogue rogue;
static struct shelf ours;
static char hint[32];

/* What EncryptedExtensions says: "58: 02"; and that the hello's block has it. */
static void note(struct rogue *r, struct rogue_record *record)
{
    struct hf_span body;

    (void)r;
    if (!edit_is(record, HF_ENCRYPTED_EXTENSIONS) ||
        !edit_find(record, TICKET_REQUEST))
        return;
    body = edit_body(record, TICKET_REQUEST);
    hf_format(hint, sizeof(hint), "%h", &body);
}

struct wish {
    unsigned full, resumed; /* asked for; NOT_ASKED */
    unsigned gives;         /* the server by itself */
    unsigned came[2];       /* after a full handshake, after a resumption */
    const char *hint[2];
};

static void open_stage(struct stage *stage, const struct wish *wish)
{
    struct hf_sessions sessions = shelf_sessions(&ours);

    memset(&ours, 0, sizeof(ours));
    shelf_now = (int64_t)time(NULL);
    assert_true(stage_set(stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_clock(stage->client, shelf_clock, NULL));
    assert_true(hf_config_set_clock(stage->server, shelf_clock, NULL));
    assert_true(hf_config_set_sessions(stage->client, &sessions));
    assert_true(hf_config_set_tickets(stage->server, wish->gives));
    if (wish->full != NOT_ASKED)
        assert_true(
            hf_config_ask_tickets(stage->client, wish->full, wish->resumed));
}

static void tickets_come_as_they_are_asked_for(void **state)
{
    static const struct wish wishes[] = {
        { NOT_ASKED, 0, 2, { 2, 1 }, { "", "" } },
        { NOT_ASKED, 0, 5, { 5, 1 }, { "", "" } },
        { 1, 1, 2, { 1, 1 }, { "01", "01" } },
        { 1, 0, 2, { 1, 0 }, { "01", "00" } },
        { 3, 2, 1, { 3, 2 }, { "03", "02" } },
        { 8, 8, 2, { 8, 8 }, { "08", "08" } },
        { 9, 16, 2, { 8, 8 }, { "08", "08" } }, /* the server's limit */
        { 0, 5, 2, { 0, 0 }, { "00", "00" } },
        { 4, 4, 0, { 0, 0 }, { "", "" } }, /* it gives none to anybody */
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(wishes); i++) {
        const struct wish *wish = &wishes[i];
        struct stage stage;

        open_stage(&stage, wish);
        for (unsigned again = 0; again < 2; again++) {
            size_t before = ours.puts;
            bool resumes = again && wish->came[0];

            hint[0] = '\0';
            assert_true(rogue_begin(&rogue, &stage, "localhost", note));
            assert_true(rogue_run(&rogue));
            assert_int_equal(hf_conn_resumed(rogue.end[HF_CLIENT].conn),
                             resumes);
            assert_int_equal(ours.puts - before, wish->came[resumes]);
            assert_string_equal(hint, wish->hint[resumes]);
            rogue_end(&rogue);
        }
        stage_clear(&stage);
    }
}

static void a_second_hello_asks_the_same(void **state)
{
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_RETRY, attack_certs()));
    assert_true(hf_config_ask_tickets(stage.client, 3, 1));
    assert_true(rogue_begin(&rogue, &stage, "localhost", note));
    assert_true(rogue_run(&rogue));
    assert_true(hf_conn_retried(rogue.end[HF_CLIENT].conn));
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ---- by others -------------------------------------------------------------------- */

ATTACK_ON(hello_set, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(ee_set, HF_ENCRYPTED_EXTENSIONS, attack_set)
ATTACK_ON(ee_add, HF_ENCRYPTED_EXTENSIONS, attack_add)
ATTACK_ON(sh_add, HF_SERVER_HELLO, attack_add)
ATTACK_ON(hrr_add, HF_HELLO_RETRY_REQUEST, attack_add)

static void second_set(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && record->number)
        r->step++, attack_set(r, record);
}

static void play(enum scene scene, bool asks, enum hf_role victim,
                 const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stage stage;

        assert_true(stage_set(&stage, scene, attack_certs()));
        if (asks)
            assert_true(hf_config_ask_tickets(stage.client, 2, 1));
        attack_in(&stage, victim, &rows[i]);
        stage_clear(&stage);
    }
}

static void a_request_is_two_bytes(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("none", hello_set, HF_E_TRUNCATED, ANY_BYTE, "", TICKET_REQUEST, "")
        ATTACK("one", hello_set, HF_E_TRUNCATED, ANY_BYTE, "", TICKET_REQUEST, "\1")
        ATTACK("three", hello_set, HF_E_TRAILING, ANY_BYTE, "", TICKET_REQUEST, "\1\1\1")
        ATTACK("others", hello_set, HF_OK, ANY_BYTE, "", TICKET_REQUEST, "\xff\xff")
    };
    static const struct attack again[] = {
        ATTACK("others in the second hello", second_set, HF_E_RETRY_CHANGED, ANY_BYTE, "ticket_request", TICKET_REQUEST, "\1\1")
    };
    /* clang-format on */

    (void)state;
    play(SCENE_FULL, true, HF_SERVER, rows, HF_COUNT(rows));
    play(SCENE_RETRY, true, HF_SERVER, again, HF_COUNT(again));
}

/* RFC 9149 3: in EncryptedExtensions, and nowhere else. */
static void an_answer_is_one_byte_in_its_place(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("none", ee_set, HF_E_TRUNCATED, ANY_BYTE, "", TICKET_REQUEST, "")
        ATTACK("two", ee_set, HF_E_TRAILING, ANY_BYTE, "", TICKET_REQUEST, "\1\1")
        ATTACK("more than was asked for", ee_set, HF_OK, ANY_BYTE, "", TICKET_REQUEST, "\xff")
        ATTACK("in ServerHello", sh_add, HF_E_MISPLACED, ANY_BYTE, "ticket_request", TICKET_REQUEST, "\1")
    };
    static const struct attack retry[] = {
        ATTACK("in a retry", hrr_add, HF_E_MISPLACED, ANY_BYTE, "ticket_request", TICKET_REQUEST, "\1")
    };
    static const struct attack unasked[] = {
        ATTACK("unasked", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "ticket_request", TICKET_REQUEST, "\1")
    };
    /* clang-format on */

    (void)state;
    play(SCENE_FULL, true, HF_CLIENT, rows, HF_COUNT(rows));
    play(SCENE_RETRY, true, HF_CLIENT, retry, HF_COUNT(retry));
    play(SCENE_FULL, false, HF_CLIENT, unasked, HF_COUNT(unasked));
}

static void numbers_out_of_range_are_refused(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_true(hf_config_ask_tickets(config, 0, HF_TICKETS_ASKED_MAX));
    assert_false(hf_config_ask_tickets(config, HF_TICKETS_ASKED_MAX + 1, 0));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(config);
    assert_false(hf_config_ask_tickets(config, 0, HF_TICKETS_ASKED_MAX + 1));
    hf_config_clear_error(config);
    hf_config_free(config);
    config = attack_stage(SCENE_FULL)->client;
    assert_true(hf_config_freeze(config));
    assert_false(hf_config_ask_tickets(config, 1, 1));
    assert_int_equal(hf_config_error(config)->code, HF_E_FROZEN);
    hf_config_clear_error(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tickets_come_as_they_are_asked_for),
        cmocka_unit_test(a_second_hello_asks_the_same),
        cmocka_unit_test(a_request_is_two_bytes),
        cmocka_unit_test(an_answer_is_one_byte_in_its_place),
        cmocka_unit_test(numbers_out_of_range_are_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
