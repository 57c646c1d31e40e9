/* tls12_hello_test.c - TLS 1.2's hellos, and what a server and a client must not
 * find in them; and what somebody on the way gains by making TLS 1.3 look
 * unwanted: nothing. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CH_ID = 38, SH_ID = 38 };

static struct stage old;    /* both TLS 1.2 only */
static struct stage mixed;  /* both 1.2 and 1.3 */
static struct stage fallen; /* a client of 1.2, a server of both */
static struct stage ahead;  /* a client of both, a server of 1.2 */

static struct stage narrow; /* a server with one group, in TLS 1.2 */

static bool make(struct stage *stage, unsigned client_max, unsigned server_max)
{
    return stage_set(stage, SCENE_FULL, attack_certs()) &&
           hf_config_set_versions(stage->client, HF_TLS12, client_max) &&
           hf_config_set_versions(stage->server, HF_TLS12, server_max);
}

static int open_stages(void **state)
{
    static const uint16_t one[] = { 29, 0 };

    return attack_open(state) || !make(&narrow, HF_TLS12, HF_TLS12) ||
           !hf_config_set_groups(narrow.server, one) ||
           !make(&old, HF_TLS12, HF_TLS12) ||
           !make(&mixed, HF_TLS13, HF_TLS13) ||
           !make(&fallen, HF_TLS12, HF_TLS13) ||
           !make(&ahead, HF_TLS13, HF_TLS12);
}

static int close_stages(void **state)
{
    stage_clear(&old);
    stage_clear(&narrow);
    stage_clear(&mixed);
    stage_clear(&fallen);
    stage_clear(&ahead);
    return attack_close(state);
}

static void play(struct stage *stage, enum hf_role victim,
                 const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        attack_in(stage, victim, &rows[i]);
}

/* ---- ServerHello ------------------------------------------------------------------ */

ATTACK_ON(sh_put, HF_SERVER_HELLO, attack_put)
ATTACK_ON(sh_set, HF_SERVER_HELLO, attack_set)
ATTACK_ON(sh_add, HF_SERVER_HELLO, attack_add)
ATTACK_ON(sh_drop, HF_SERVER_HELLO, attack_drop)
ATTACK_ON(sh_twice, HF_SERVER_HELLO, attack_twice)
ATTACK_ON(sh_tail, HF_SERVER_HELLO, attack_tail)

/* The server answers with the client's own session id. */
static void sh_echo(struct rogue *r, struct rogue_record *record)
{
    static uint8_t id[33];

    if (edit_is(record, HF_CLIENT_HELLO))
        memcpy(id, record->bytes + CH_ID, sizeof(id));
    if (edit_is(record, HF_SERVER_HELLO) && !r->step++)
        edit_splice(record, SH_ID, 1, HF_SPAN(id));
}

static void give_id(struct rogue *r, struct rogue_record *record)
{
    edit_splice(record, SH_ID, 1, attack_bytes(r));
}

ATTACK_ON(sh_id, HF_SERVER_HELLO, give_id)

/* No block of extensions at all, as before there were any. */
static void bare(struct rogue *r, struct rogue_record *record)
{
    size_t block = edit_block(record);

    (void)r;
    edit_splice(record, block, record->len - block, hf_span(NULL, 0));
}

ATTACK_ON(sh_bare, HF_SERVER_HELLO, bare)

static void a_server_chooses_from_what_was_offered(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("TLS 1.1", sh_put, HF_E_NO_VERSION, ANY_BYTE, "chose TLS 1.1 (0x0302: ", 4, "\3\2")
        ATTACK("TLS 1.0", sh_put, HF_E_NO_VERSION, ANY_BYTE, "chose TLS 1.0 (0x0301: ", 4, "\3\1")
        ATTACK("SSL 3.0", sh_put, HF_E_NO_VERSION, ANY_BYTE, "chose SSL 3.0 (0x0300)", 4, "\3\0")
        ATTACK("TLS 1.3 by the old field", sh_put, HF_E_NO_VERSION, ANY_BYTE, "chose TLS 1.3", 4, "\3\4")
        ATTACK("an unknown version", sh_put, HF_E_NO_VERSION, ANY_BYTE, "unknown version (0x7f1c)", 4, "\x7f\x1c")
        ATTACK("a suite with CBC", sh_put, HF_E_NOT_OFFERED, ANY_BYTE, "0xc009", 39, "\xc0\x09")
        ATTACK("RSA key transport", sh_put, HF_E_NOT_OFFERED, ANY_BYTE, "0x009c", 39, "\0\x9c")
        ATTACK("a suite of TLS 1.3", sh_put, HF_E_NOT_OFFERED, ANY_BYTE, "0x1301", 39, "\x13\1")
        ATTACK("the SCSV", sh_put, HF_E_NOT_OFFERED, ANY_BYTE, "0x00ff", 39, "\0\xff")
        ATTACK("a suite for another kind of key", sh_put, HF_E_WRONG_SIGNATURE, ANY_BYTE, "ECDHE_RSA", 39, "\xc0\x2f")
        ATTACK("DEFLATE", sh_put, HF_E_COMPRESSION, ANY_BYTE, "", 41, "\1")
        ATTACK("a session id of its own", sh_id, HF_OK, ANY_BYTE, "", 0, "\4abcd")
        ATTACK("a session id of 33 bytes", sh_id, HF_E_BOUNDS, 34, "", 0, "\x21" "012345678901234567890123456789012")
        ATTACK("no extensions at all", sh_bare, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "RFC 5746", 0, "")
        ATTACK("no renegotiation_info", sh_drop, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "RFC 5746", 65281, "")
        ATTACK("an earlier handshake", sh_set, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "earlier", 65281, "\3abc")
        ATTACK("an empty renegotiation_info", sh_set, HF_E_TRUNCATED, ANY_BYTE, "", 65281, "")
        ATTACK("no extended master secret", sh_drop, HF_OK, ANY_BYTE, "", 23, "")
        ATTACK("an extended master secret with a body", sh_set, HF_E_TRAILING, ANY_BYTE, "", 23, "x")
        ATTACK("point formats without the one", sh_set, HF_E_ILLEGAL, ANY_BYTE, "uncompressed", 11, "\1\1")
        ATTACK("no point formats", sh_set, HF_E_BOUNDS, ANY_BYTE, "", 11, "\0")
        ATTACK("two of one extension", sh_twice, HF_E_DUPLICATE, ANY_BYTE, "", 23, "")
        ATTACK("ALPN that was not offered", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "application_layer", 16, "\0\3\2h2")
        ATTACK("a ticket to come", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "session_ticket", 35, "")
        ATTACK("a staple to come", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "status_request", 5, "")
        ATTACK("encrypt_then_mac", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "encrypt_then_mac", 22, "")
        ATTACK("smaller records", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "max_fragment_length", 1, "\1")
        ATTACK("a heartbeat", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "heartbeat", 15, "\1")
        ATTACK("an unknown extension", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "", 0x7777, "")
        ATTACK("a key share", sh_add, HF_E_MISPLACED, ANY_BYTE, "key_share", 51, "\0\x1d\0\1x")
        ATTACK("groups for another time", sh_add, HF_OK, ANY_BYTE, "", 10, "\0\2\0\x17")
        ATTACK("a byte behind it", sh_tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("the warning, which means nothing to TLS 1.2", sh_put, HF_OK, ANY_BYTE, "", 30, "DOWNGRD\1")
    };
    /* A client that goes no further than TLS 1.2 gives no session id. */
    static const struct attack echoes[] = {
        ATTACK("our session id", sh_echo, HF_E_ILLEGAL, ANY_BYTE, "resumes", 0, "")
    };
    /* clang-format on */

    (void)state;
    play(&old, HF_CLIENT, rows, HF_COUNT(rows));
    play(&ahead, HF_CLIENT, echoes, HF_COUNT(echoes));
}

/* supported_versions makes it a ServerHello of TLS 1.3, which a client of 1.2
 * never asked for. */
static void a_client_of_tls12_gets_no_tls13(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "TLS 1.3", sh_add, HF_E_MISPLACED, ANY_BYTE, "", 43, "\3\4") };
    struct attack row = rows[0];
    struct rogue rogue;

    (void)state;
    assert_true(rogue_begin(&rogue, &old, "localhost", row.edit));
    rogue.ctx = &row;
    assert_false(rogue_run(&rogue));
    assert_int_not_equal(hf_conn_error(rogue.end[HF_CLIENT].conn)->code, HF_OK);
    assert_false(hf_conn_error(rogue.end[HF_CLIENT].conn)->by_peer);
    assert_int_not_equal(hf_conn_version(rogue.end[HF_CLIENT].conn), HF_TLS13);
    rogue_end(&rogue);
}

/* ---- ClientHello -------------------------------------------------------------------- */

ATTACK_ON(ch_put, HF_CLIENT_HELLO, attack_put)
ATTACK_ON(ch_set, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(ch_drop, HF_CLIENT_HELLO, attack_drop)
ATTACK_ON(ch_bare, HF_CLIENT_HELLO, bare)

/* The suites, or, behind them, the compression methods; with their length. */
static size_t suites_at(const struct rogue_record *record)
{
    return CH_ID + 1u + record->bytes[CH_ID];
}

static void change_suites(struct rogue *r, struct rogue_record *record)
{
    size_t at = suites_at(record);

    edit_splice(record, at, 2 + hf_number(record->bytes + at, 2),
                attack_bytes(r));
}

static void change_compression(struct rogue *r, struct rogue_record *record)
{
    size_t at = suites_at(record);

    at += 2 + hf_number(record->bytes + at, 2);
    edit_splice(record, at, 1u + record->bytes[at], attack_bytes(r));
}

/* The signalling suite instead of the extension (RFC 5746 3.3). */
static void signal_instead(struct rogue *r, struct rogue_record *record)
{
    edit_drop(record, 65281);
    change_suites(r, record);
}

ATTACK_ON(ch_suites, HF_CLIENT_HELLO, change_suites)
ATTACK_ON(ch_compression, HF_CLIENT_HELLO, change_compression)
ATTACK_ON(ch_signal, HF_CLIENT_HELLO, signal_instead)

static void a_client_must_offer_what_we_can_do(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("TLS 1.1", ch_put, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.1 (0x0302", 4, "\3\2")
        ATTACK("TLS 1.0", ch_put, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.0 (0x0301", 4, "\3\1")
        ATTACK("SSL 3.0", ch_put, HF_E_NO_VERSION, ANY_BYTE, "at most SSL 3.0 (0x0300", 4, "\3\0")
        ATTACK("a version to come", ch_put, HF_OK, ANY_BYTE, "", 4, "\3\x7f")
        ATTACK("TLS 1.3 only, by the list", ch_set, HF_E_NO_VERSION, ANY_BYTE, "nothing older than TLS 1.3", 43, "\2\3\4")
        ATTACK("TLS 1.1 only, by the list", ch_set, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.1", 43, "\2\3\2")
        ATTACK("TLS 1.2, by the list", ch_set, HF_OK, ANY_BYTE, "", 43, "\4\3\4\3\3")
        ATTACK("suites with CBC", ch_suites, HF_E_NO_SUITE, ANY_BYTE, "", 0, "\0\4\xc0\x09\0\xff")
        ATTACK("suites of TLS 1.3", ch_suites, HF_E_NO_SUITE, ANY_BYTE, "", 0, "\0\2\x13\1")
        ATTACK("suites for another kind of key", ch_suites, HF_E_NO_SUITE, ANY_BYTE, "", 0, "\0\2\xc0\x2f")
        ATTACK("no null compression", ch_compression, HF_E_COMPRESSION, ANY_BYTE, "", 0, "\1\1")
        ATTACK("null compression among others", ch_compression, HF_OK, ANY_BYTE, "", 0, "\2\1\0")
        ATTACK("no renegotiation_info", ch_drop, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "RFC 5746", 65281, "")
        ATTACK("its signal instead", ch_signal, HF_OK, ANY_BYTE, "", 0, "\0\4\xc0\x2b\0\xff")
        ATTACK("an earlier handshake", ch_set, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "earlier", 65281, "\3abc")
        ATTACK("no signature_algorithms", ch_drop, HF_E_NO_SIGNATURE, ANY_BYTE, "SHA-1", 13, "")
        ATTACK("SHA-1 only", ch_set, HF_E_NO_SUITE, ANY_BYTE, "signatures", 13, "\0\4\2\3\2\1")
        ATTACK("signatures for another kind of key", ch_set, HF_E_NO_SUITE, ANY_BYTE, "signatures", 13, "\0\4\4\1\x08\4")
        ATTACK("another hash for the same curve", ch_set, HF_OK, ANY_BYTE, "", 13, "\0\2\5\3")
        ATTACK("no groups named: P-256", ch_drop, HF_OK, ANY_BYTE, "", 10, "")
        ATTACK("groups, but not the curve of our key", ch_set, HF_E_NO_SUITE, ANY_BYTE, "curves", 10, "\0\4\0\x1d\0\x18")
        ATTACK("point formats without the one", ch_set, HF_E_ILLEGAL, ANY_BYTE, "uncompressed", 11, "\1\1")
        ATTACK("responders who are named", ch_set, HF_OK, ANY_BYTE, "", 5, "\1\0\7\0\1a\0\2bc\0\0")
        ATTACK("a responder without a name", ch_set, HF_E_BOUNDS, ANY_BYTE, "", 5, "\1\0\2\0\0\0\0")
        ATTACK("a responder longer than the list", ch_set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "\1\0\3\0\2a\0\0")
        ATTACK("no word of a proof", ch_set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "")
        ATTACK("a proof of another kind", ch_set, HF_OK, ANY_BYTE, "", 5, "\2what it may be")
        ATTACK("an extended master secret with a body", ch_set, HF_E_TRAILING, ANY_BYTE, "", 23, "x")
        ATTACK("no extended master secret", ch_drop, HF_OK, ANY_BYTE, "", 23, "")
        ATTACK("no extensions at all", ch_bare, HF_E_UNSAFE_RENEGOTIATION, ANY_BYTE, "", 0, "")
    };
    static const struct attack groups[] = { /* the server wants x25519 */
        ATTACK("another group", ch_set, HF_E_NO_GROUP, ANY_BYTE, "", 10, "\0\2\0\x17")
        ATTACK("a hybrid group", ch_set, HF_E_NO_GROUP, ANY_BYTE, "", 10, "\0\4\x11\xec\0\x17")
        ATTACK("no groups named: P-256", ch_drop, HF_E_NO_GROUP, ANY_BYTE, "", 10, "")
    };
    /* clang-format on */

    (void)state;
    play(&old, HF_SERVER, rows, HF_COUNT(rows));
    play(&narrow, HF_SERVER, groups, HF_COUNT(groups));
}

/* ---- downgrades ------------------------------------------------------------------------ */

static void old_versions(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_set(record, 43, HF_SPAN(((const uint8_t[]){ 2, 3, 3 })));
}

ATTACK_ON(ch_old, HF_CLIENT_HELLO, old_versions)

static void a_downgrade_is_noticed(void **state)
{
    /* clang-format off */
    static const struct attack clients[] = {
        ATTACK("no list of versions", ch_drop, HF_E_DOWNGRADE, ANY_BYTE, "TLS 1.2", 43, "")
        ATTACK("a list without TLS 1.3", ch_old, HF_E_DOWNGRADE, ANY_BYTE, "TLS 1.2", 0, "")
    };
    static const struct attack servers[] = {
        ATTACK("a client that fell back", ch_suites, HF_E_FALLBACK, ANY_BYTE, "TLS 1.3", 0, "\0\4\xc0\x2b\x56\0")
    };
    static const struct attack fine[] = {
        ATTACK("a client that fell back to our best", ch_suites, HF_OK, ANY_BYTE, "", 0, "\0\4\xc0\x2b\x56\0")
    };
    /* clang-format on */

    (void)state;
    play(&mixed, HF_CLIENT, clients, HF_COUNT(clients));
    play(&fallen, HF_SERVER, servers, HF_COUNT(servers));
    /* The same hello for a server that has nothing newer: the client does not
     * offer renegotiation_info twice, so it still connects. */
    play(&old, HF_SERVER, fine, HF_COUNT(fine));
}

/* The warning is there exactly if the server could do better. */
static void the_warning_is_sent_when_it_is_true(void **state)
{
    struct stage *const stages[] = { &old, &fallen };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        static struct rogue rogue;
        const uint8_t *random;

        assert_true(rogue_begin(&rogue, stages[i], "localhost", NULL));
        assert_true(rogue_run(&rogue));
        random = rogue.end[HF_SERVER].conn->session.server_random;
        assert_int_equal(!memcmp(random + 24, "DOWNGRD\1", 8), i == 1);
        rogue_end(&rogue);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_chooses_from_what_was_offered),
        cmocka_unit_test(a_client_of_tls12_gets_no_tls13),
        cmocka_unit_test(a_client_must_offer_what_we_can_do),
        cmocka_unit_test(a_downgrade_is_noticed),
        cmocka_unit_test(the_warning_is_sent_when_it_is_true),
    };

    return cmocka_run_group_tests(tests, open_stages, close_stages);
}
