/* resume12_attack_test.c - sessions of TLS 1.2, and somebody in the middle who
 * changes the hellos: what makes a full handshake, and what ends it (RFC 5246
 * 7.4.1.2, RFC 5077 3.4, RFC 7627 5.3). */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    NAME = 0,
    EMS = 23,
    TICKET = 35,
    ID = 4 + 2 + 32, /* length of the session id, in both hellos */
    SUITE = ID + 1 + 32
};

static struct encore encores[WAYS];
static struct rogue rogue;

static int open_all(void **state)
{
    if (attack_open(state))
        return -1;
    for (enum way way = 0; way < WAYS; way++) {
        if (!encore_set(&encores[way], way, SCENE_FULL, attack_certs(),
                        &hf_libcrypto))
            return -1;
        /* One that would do with TLS 1.2, too. */
        if (way == BY_PSK && !hf_config_set_versions(encores[way].stage.client,
                                                     HF_TLS12, HF_TLS13))
            return -1;
        if (!encore_meet(&encores[way]))
            return -1;
    }
    return 0;
}

static int close_all(void **state)
{
    for (enum way way = 0; way < WAYS; way++)
        encore_clear(&encores[way]);
    return attack_close(state);
}

ATTACK_ON(hello_drop, HF_CLIENT_HELLO, attack_drop)
ATTACK_ON(answer_drop, HF_SERVER_HELLO, attack_drop)
ATTACK_ON(answer_put, HF_SERVER_HELLO, attack_put)
ATTACK_ON(answer_set, HF_SERVER_HELLO, attack_set)

static void run(enum way way, const struct attack *row)
{
    assert_true(encore_begin(&encores[way], &rogue, row->edit));
    rogue.ctx = (void *)(uintptr_t)row;
    assert_false(rogue_run(&rogue));
    assert_true(rogue.step);
}

/* ---- the proof that both speak of one session (RFC 7627 5.3) ------------------------ */

/* "If a server receives a ClientHello for an abbreviated handshake offering to
 * resume a known previous session ... the original session used the
 * extended_master_secret extension but the new ClientHello does not contain
 * it, the server MUST abort"; the client likewise. */
static void extended_master_secret_cannot_be_taken_away(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("from the ClientHello", hello_drop, HF_E_EXTENDED_MASTER, ANY_BYTE, "ClientHello", EMS, "")
        ATTACK("from the ServerHello", answer_drop, HF_E_EXTENDED_MASTER, ANY_BYTE, "ServerHello", EMS, "")
    };
    /* clang-format on */

    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++)
        for (unsigned i = 0; i < 2; i++) {
            run(way, &rows[i]);
            rogue_expect_words(&rogue, i ? HF_CLIENT : HF_SERVER, rows[i].code,
                               rows[i].words);
            rogue_end(&rogue);
        }
}

/* He takes it out of the hello and, having the keys, makes both Finished fit. */
static void without_ems(struct rogue *r, struct rogue_record *record)
{
    struct hf_handshake *hs = r->end[!record->from].conn->handshake;
    uint8_t digest[HF_HASH_MAX];

    if (edit_is(record, HF_CLIENT_HELLO))
        edit_drop(record, EMS);
    if (!edit_is(record, HF_FINISHED))
        return;
    assert_true(hf_transcript_digest(&hs->transcript, digest, hs->error));
    assert_true(
        hf_keys12_finished(hs, record->from, digest, record->bytes + 4));
}

/* RFC 7627 5.4: of a master secret of the old kind, nobody keeps a session; and
 * no ticket is promised. */
static void sessions_of_the_old_kind_are_not_kept(void **state)
{
    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++) {
        assert_true(encore_begin(&encores[way], &rogue, without_ems));
        encores[way].client.count = encores[way].server.count = 0;
        assert_true(rogue_run(&rogue));
        assert_int_equal(encores[way].client.count, 0);
        assert_int_equal(encores[way].server.count, 0);
        assert_false(rogue.end[HF_SERVER].conn->session.extended_master);
        rogue_end(&rogue);
    }
}

/* ---- what the client is told -------------------------------------------------------------- */

static void another_id(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        record->bytes[ID + 1] ^= 1;
}

static void no_id(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        edit_splice(record, ID, 33, hf_span("\0", 1));
}

static void a_client_resumes_what_it_offered(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("with another suite", answer_put, HF_E_ILLEGAL, ANY_BYTE, "made with cipher suite", SUITE, "\xc0\x2c")
        ATTACK("with a ticket in the hello", answer_set, HF_E_TRAILING, ANY_BYTE, "", 35, "x")
        /* Then there would have to be a certificate. */
        ATTACK("under another id", another_id, HF_E_UNEXPECTED, ANY_BYTE, "", 0, "")
        ATTACK("under none", no_id, HF_E_UNEXPECTED, ANY_BYTE, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            run(way, &rows[i]);
            rogue_expect_words(&rogue, HF_CLIENT, rows[i].code, rows[i].words);
            rogue_end(&rogue);
        }
}

/* The id that the client sent, in an answer that resumes nothing. */
static void echo(struct rogue *r, struct rogue_record *record)
{
    static uint8_t id[33];

    if (edit_is(record, HF_CLIENT_HELLO))
        memcpy(id, record->bytes + ID, sizeof(id));
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        edit_splice(record, ID, (size_t)1 + record->bytes[ID], HF_SPAN(id));
}

/* A client that offers TLS 1.3 has an id that stands for nothing, whether it
 * has a session of TLS 1.3 or none. */
static void a_session_that_never_was_is_not_resumed(void **state)
{
    struct encore *e = &encores[BY_PSK];
    struct stage old = { e->stage.client, encores[BY_TICKET].stage.server };

    (void)state;
    for (int forgets = 0; forgets < 2; forgets++) {
        encore_rewind(e);
        if (forgets)
            e->client.count = 0;
        assert_true(rogue_begin(&rogue, &old, "localhost", echo));
        assert_false(rogue_run(&rogue));
        rogue_expect_words(&rogue, HF_CLIENT, HF_E_ILLEGAL, "never was");
        rogue_end(&rogue);
    }
}

/* ---- what the server is told ---------------------------------------------------------------- */

static void other_suites(struct rogue *r, struct rogue_record *record)
{
    size_t at = ID + 1 + (size_t)record->bytes[ID], old;

    if (!edit_is(record, HF_CLIENT_HELLO) || r->step++)
        return;
    old = hf_number(record->bytes + at, 2);
    edit_splice(record, at, 2 + old, hf_span("\0\4\xc0\x2c\0\xff", 6));
}

/* By ticket: a bit of it at that place; by id: of the id. */
static void flip(struct rogue *r, struct rogue_record *record)
{
    size_t at;

    if (!edit_is(record, HF_CLIENT_HELLO) || r->step++)
        return;
    at = edit_find(record, TICKET);
    if (hf_number(record->bytes + at + 2, 2))
        record->bytes[at + 4 + attack_row(r)->number] ^= 0x10;
    else
        record->bytes[ID + 1 + attack_row(r)->number % 32] ^= 0x10;
}

static void short_id(struct rogue *r, struct rogue_record *record)
{
    if (!edit_is(record, HF_CLIENT_HELLO) || r->step++)
        return;
    if (hf_number(record->bytes + edit_find(record, TICKET) + 2, 2))
        edit_set(record, TICKET, hf_span("x", 1));
    else
        edit_splice(record, ID, 2, hf_span("\x1f", 1));
}

static void what_does_not_fit_makes_a_full_handshake(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("other suites", other_suites, HF_OK, 0, "", 0, "")
        ATTACK("the first byte", flip, HF_OK, 0, "", 0, "")
        ATTACK("the seed", flip, HF_OK, 0, "", 20, "")
        ATTACK("what is sealed", flip, HF_OK, 0, "", 60, "")
        ATTACK("too short", short_id, HF_OK, 0, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            run(way, &rows[i]);
            if (hf_conn_resumed(rogue.end[HF_SERVER].conn))
                fail_msg("%s, %s: resumed", way_name(way), rows[i].what);
            /* It went on, and the end shows that the hellos differ. */
            rogue_expect(&rogue, HF_SERVER, HF_E_BAD_FINISHED);
            rogue_end(&rogue);
        }
}

/* ---- proofs ----------------------------------------------------------------------------------- */

static void change_finished(struct rogue *r, struct rogue_record *record)
{
    const struct attack *row = attack_row(r);

    if (edit_is(record, HF_FINISHED) && record->from == row->number &&
        !r->step++)
        record->bytes[record->len - 1] ^= 1;
}

static void finished_must_fit(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++)
        for (unsigned from = 0; from < 2; from++) {
            const struct attack row = { .edit = change_finished,
                                        .number = from };

            run(way, &row);
            rogue_expect(&rogue, from == HF_CLIENT ? HF_SERVER : HF_CLIENT,
                         HF_E_BAD_FINISHED);
            rogue_end(&rogue);
        }
}

/* RFC 5077 3.2: "If the ticket is accepted by the server but the handshake fails,
 * the client SHOULD delete the ticket"; RFC 5246 F.1.4 says it of ids. */
static void a_session_that_failed_is_forgotten(void **state)
{
    const struct attack row = { .edit = change_finished, .number = HF_SERVER };

    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++) {
        assert_int_equal(encores[way].client_start.count, 1);
        run(way, &row);
        assert_true(hf_conn_resumed(rogue.end[HF_CLIENT].conn));
        rogue_end(&rogue);
        assert_int_equal(encores[way].client.count, 0);
    }
}

/* RFC 5077 3.3: "MUST NOT treat the ticket as valid until it has verified the
 * server's Finished message"; a server likewise with the client's. */
static void nothing_is_kept_before_it_is_proved(void **state)
{
    (void)state;
    for (enum way way = BY_TICKET; way <= BY_ID; way++)
        for (unsigned from = 0; from < 2; from++) {
            const struct attack row = { .number = from };

            assert_true(encore_begin(&encores[way], &rogue, change_finished));
            rogue.ctx = (void *)(uintptr_t)&row;
            encores[way].client.count = encores[way].server.count = 0;
            assert_false(rogue_run(&rogue));
            assert_true(rogue.step);
            assert_int_equal(encores[way].client.count, 0);
            /* The server has proof of the client before it speaks itself. */
            assert_int_equal(encores[way].server.count,
                             way == BY_ID && from == HF_SERVER);
            rogue_end(&rogue);
        }
}

static void no_tickets_are_asked_for(struct rogue *r,
                                     struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && !r->step++)
        assert_int_equal(edit_find(record, TICKET), 0);
}

static void who_has_no_place_for_tickets_asks_for_none(void **state)
{
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_versions(stage.client, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(stage.server, HF_TLS12, HF_TLS12));
    assert_true(
        rogue_begin(&rogue, &stage, "localhost", no_tickets_are_asked_for));
    assert_true(rogue_run(&rogue));
    assert_true(rogue.step);
    rogue_end(&rogue);
    stage_clear(&stage);
}

static size_t names; /* server_name in what the server says */

static void look_for_names(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (record->from == HF_SERVER && (edit_is(record, HF_SERVER_HELLO) ||
                                      edit_is(record, HF_ENCRYPTED_EXTENSIONS)))
        names += edit_block(record) < record->len && edit_find(record, NAME);
}

/* "When resuming a session, the server MUST NOT include a server_name
 * extension in the server hello" (RFC 6066 3). */
static void a_resumption_acknowledges_no_name(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++)
        for (int again = 0; again < 2; again++) {
            assert_true(encore_begin(&encores[way], &rogue, look_for_names));
            if (!again)
                encores[way].client.count = 0;
            names = 0;
            assert_true(rogue_run(&rogue));
            assert_int_equal(hf_conn_resumed(rogue.end[HF_CLIENT].conn), again);
            assert_int_equal(names, !again);
            rogue_end(&rogue);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(extended_master_secret_cannot_be_taken_away),
        cmocka_unit_test(sessions_of_the_old_kind_are_not_kept),
        cmocka_unit_test(a_client_resumes_what_it_offered),
        cmocka_unit_test(a_session_that_never_was_is_not_resumed),
        cmocka_unit_test(what_does_not_fit_makes_a_full_handshake),
        cmocka_unit_test(finished_must_fit),
        cmocka_unit_test(a_session_that_failed_is_forgotten),
        cmocka_unit_test(nothing_is_kept_before_it_is_proved),
        cmocka_unit_test(who_has_no_place_for_tickets_asks_for_none),
        cmocka_unit_test(a_resumption_acknowledges_no_name),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
