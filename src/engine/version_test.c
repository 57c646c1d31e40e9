/* version_test.c - which version two ends agree on, in all combinations; what
 * is said to those who are too old, or too new; and what a relay gains that
 * makes both look older than they are: nothing, and the error names it. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PROTOCOL_VERSION = 70, RANGES = 3, SH_RANDOM = 6 };

static const struct range {
    unsigned min, max;
    const char *words;
} ranges[RANGES] = { { HF_TLS12, HF_TLS12, "TLS 1.2 only" },
                     { HF_TLS12, HF_TLS13, "TLS 1.2 and TLS 1.3" },
                     { HF_TLS13, HF_TLS13, "TLS 1.3 only" } };

/* ---- both are ours ------------------------------------------------------------------ */

static struct duet duet;

static void begin(const struct range *client, const struct range *server,
                  bool retry)
{
    static const uint16_t x25519[] = { 29, 0 }, p256[] = { 23, 0 },
                          both[] = { 29, 23, 0 };

    assert_true(duet_init(&duet, attack_certs()));
    assert_true(
        hf_config_set_versions(duet.client_config, client->min, client->max));
    assert_true(
        hf_config_set_versions(duet.server_config, server->min, server->max));
    assert_true(!retry || (hf_config_set_groups(duet.client_config, both) &&
                           hf_config_set_shares(duet.client_config, x25519) &&
                           hf_config_set_groups(duet.server_config, p256)));
    assert_true(duet_start(&duet, "localhost"));
}

static void agree(unsigned version, bool retry)
{
    struct hf_span hello = hf_span_text("hello");

    if (!duet_run(&duet))
        fail_msg("%s: %s; %s: %s",
                 hf_error_name(hf_conn_error(duet.client)->code),
                 hf_conn_error(duet.client)->detail,
                 hf_error_name(hf_conn_error(duet.server)->code),
                 hf_conn_error(duet.server)->detail);
    assert_int_equal(hf_conn_version(duet.client), version);
    assert_int_equal(hf_conn_version(duet.server), version);
    assert_int_equal(hf_conn_retried(duet.client),
                     retry && version == HF_TLS13);
    assert_true(duet_send(&duet, duet.client, hello));
    assert_true(duet_send(&duet, duet.server, hello));
    duet_run(&duet);
    assert_int_equal(duet.server_len, hello.len);
    assert_int_equal(duet.client_len, hello.len);
}

/* The server says why, and the client hears an alert. */
static void disagree(const char *server_words, const char *ours)
{
    const struct hf_error *error;

    assert_false(duet_run(&duet));
    error = hf_conn_error(duet.server);
    assert_int_equal(error->code, HF_E_NO_VERSION);
    assert_int_equal(error->alert, PROTOCOL_VERSION);
    assert_false(error->by_peer);
    assert_non_null(strstr(error->detail, server_words));
    assert_non_null(strstr(error->detail, ours));
    error = hf_conn_error(duet.client);
    assert_int_equal(error->code, HF_E_ALERT);
    assert_int_equal(error->alert, PROTOCOL_VERSION);
    assert_true(error->by_peer);
    assert_non_null(strstr(error->detail, "protocol_version (70)"));
}

static void the_best_version_of_both_is_chosen(void **state)
{
    static const unsigned best[RANGES][RANGES] = {
        { HF_TLS12, HF_TLS12, 0 },
        { HF_TLS12, HF_TLS13, HF_TLS13 },
        { 0, HF_TLS13, HF_TLS13 },
    };

    (void)state;
    for (unsigned c = 0; c < RANGES; c++)
        for (unsigned s = 0; s < RANGES; s++)
            for (unsigned retry = 0; retry < 2; retry++) {
                begin(&ranges[c], &ranges[s], retry);
                if (best[c][s])
                    agree(best[c][s], retry);
                else
                    disagree(c ? "offers nothing older than TLS 1.3 (0x0304)"
                               : "offers at most TLS 1.2 (0x0303)",
                             c ? "we accept TLS 1.2 only"
                               : "we accept TLS 1.3 only");
                duet_wipe(&duet);
            }
}

/* ---- the other end is old ------------------------------------------------------------- */

static uint8_t message[256];
static size_t message_len;

static void put(const void *bytes, size_t len)
{
    assert_true(message_len + len <= sizeof(message));
    memcpy(message + message_len, bytes, len);
    message_len += len;
}

/* A ClientHello or ServerHello without extensions, as there were before 2003,
 * in a record that says @version too. */
static void old_hello(unsigned kind, unsigned version)
{
    static const uint8_t header[] = { 22, 3, 0, 0, 0, 0, 0, 0, 0, 3 };
    static const uint8_t random[32] = { 'o', 'l', 'd' };
    static const uint8_t offer[] = { 0, 0, 4, 0, 0x2f, 0, 0x0a, 1, 0 };
    static const uint8_t choice[] = { 0, 0, 0x2f, 0 };

    message_len = 0;
    put(header, sizeof(header));
    message[2] = message[10] = (uint8_t)version;
    message_len++;
    put(random, sizeof(random));
    if (kind == HF_CLIENT_HELLO)
        put(offer, sizeof(offer));
    else
        put(choice, sizeof(choice));
    message[5] = (uint8_t)kind;
    message[4] = (uint8_t)(message_len - 5);
    message[8] = (uint8_t)(message_len - 9);
}

/* @conn is given the message: it fails with @code and one protocol_version. */
static void refuses(struct hf_conn *conn, unsigned code, const char *words,
                    const char *ours)
{
    const struct hf_error *error;
    struct hf_span data, out;
    size_t used;

    hf_conn_sent(conn, hf_conn_outgoing(conn).len); /* a client's hello */
    assert_int_equal(hf_conn_receive(conn, message, message_len, &used, &data),
                     HF_FAILED);
    error = hf_conn_error(conn);
    if (error->code != code || !strstr(error->detail, words) ||
        !strstr(error->detail, ours))
        fail_msg("%s: %s; not %s: %s, %s", hf_error_name(error->code),
                 error->detail, hf_error_name(code), words, ours);
    assert_int_equal(error->alert, PROTOCOL_VERSION);
    out = hf_conn_outgoing(conn);
    assert_int_equal(out.len, 7);
    assert_int_equal(out.at[0], HF_CONTENT_ALERT);
    assert_int_equal(out.at[5], 2); /* fatal */
    assert_int_equal(out.at[6], PROTOCOL_VERSION);
}

static const struct {
    unsigned version;
    const char *words;
} old[] = { { 0x0300, "SSL 3.0 (0x0300)" },
            { 0x0301, "TLS 1.0 (0x0301: TLS 1.0 is SSL 3.1 on the wire)" },
            { 0x0302, "TLS 1.1 (0x0302: TLS 1.1 is SSL 3.2 on the wire)" } };

static void old_clients_are_called_by_their_name(void **state)
{
    char words[96], ours[64];

    (void)state;
    for (unsigned r = 0; r < RANGES; r++)
        for (size_t i = 0; i < HF_COUNT(old); i++) {
            begin(&ranges[r], &ranges[r], false);
            old_hello(HF_CLIENT_HELLO, old[i].version);
            hf_format(words, sizeof(words), "offers at most %s; ",
                      old[i].words);
            hf_format(ours, sizeof(ours), "we accept %s", ranges[r].words);
            refuses(duet.server, HF_E_NO_VERSION, words, ours);
            duet_wipe(&duet);
        }
}

/* RFC 5246 E.2: length with the top bit, type 1, version, lengths of three
 * lists, suites of three bytes, challenge. */
static void hellos_in_ssl_2_form_are_called_by_theirs(void **state)
{
    static const uint8_t hello[] = {
        0x80, 0x1f, 1,    0,   2,   0,   6,   0,   0,   0,   16,
        1,    0,    0x80, 0,   0,   4,   'c', 'h', 'a', 'l', 'l',
        'e',  'n',  'g',  'e', '.', '.', '.', '.', '.', '.', '.',
    };
    static const struct {
        uint8_t version[2];
        const char *words;
    } rows[] = { { { 0, 2 }, "at most SSL 2.0 (0x0002)" },
                 { { 3, 0 }, "at most SSL 3.0 (0x0300)" },
                 { { 3, 1 }, "TLS 1.0 is SSL 3.1 on the wire" },
                 { { 3, 3 }, "at most TLS 1.2 (0x0303)" } };

    (void)state;
    for (unsigned r = 0; r < RANGES; r++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            begin(&ranges[r], &ranges[r], false);
            message_len = 0;
            put(hello, sizeof(hello));
            memcpy(message + 3, rows[i].version, 2);
            refuses(duet.server, HF_E_SSL2, rows[i].words,
                    "in the form of SSL 2.0");
            duet_wipe(&duet);
        }
}

static void old_servers_are_called_by_their_name(void **state)
{
    char words[96], ours[64];
    struct hf_span data;
    size_t used;

    (void)state;
    for (unsigned r = 0; r < RANGES; r++)
        for (size_t i = 0; i < HF_COUNT(old); i++) {
            begin(&ranges[r], &ranges[r], false);
            assert_int_equal(
                hf_conn_receive(duet.client, message, 0, &used, &data),
                HF_NEED_BYTES);
            old_hello(HF_SERVER_HELLO, old[i].version);
            hf_format(words, sizeof(words), "the server chose %s; ",
                      old[i].words);
            hf_format(ours, sizeof(ours), "we offer %s", ranges[r].words);
            refuses(duet.client, HF_E_NO_VERSION, words, ours);
            duet_wipe(&duet);
        }
}

/* ---- a relay that lowers ----------------------------------------------------------------- */

static struct stage both;  /* TLS 1.2 and 1.3 on both sides */
static struct stage twice; /* the same with a retry */
static struct stage tls12; /* TLS 1.2 on both sides */

static bool make(struct stage *stage, enum scene scene,
                 const struct range *range)
{
    return stage_set(stage, scene, attack_certs()) &&
           hf_config_set_versions(stage->client, range->min, range->max) &&
           hf_config_set_versions(stage->server, range->min, range->max);
}

static int open_stages(void **state)
{
    return attack_open(state) || !make(&both, SCENE_FULL, &ranges[1]) ||
           !make(&twice, SCENE_RETRY, &ranges[1]) ||
           !make(&tls12, SCENE_FULL, &ranges[0]);
}

static int close_stages(void **state)
{
    stage_clear(&both);
    stage_clear(&twice);
    stage_clear(&tls12);
    return attack_close(state);
}

static void play(struct stage *stage, enum hf_role victim,
                 const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        attack_in(stage, victim, &rows[i]);
}

/* As a client of 2008 says it: no list, and the old field as the row says. */
static void make_old(struct rogue *r, struct rogue_record *record)
{
    edit_drop(record, 43);
    hf_store_number(record->bytes + 4, attack_row(r)->number, 2);
}

ATTACK_ON(ch_old, HF_CLIENT_HELLO, make_old)
ATTACK_ON(ch_list, HF_CLIENT_HELLO, attack_set)

/* The first hello passes, the second is changed. */
static void second_old(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && r->step++ == 1)
        make_old(r, record);
}

static void lowered_hellos_are_noticed_by_the_mark(void **state)
{
    static const char made[] = "the server can do TLS 1.3 and was made to "
                               "answer with TLS 1.2 (0x0303)";
    /* clang-format off */
    static const struct attack clients[] = {
        ATTACK("no list of versions", ch_old, HF_E_DOWNGRADE, ANY_BYTE, made, 0x0303, "")
        ATTACK("no list, and a higher old field", ch_old, HF_E_DOWNGRADE, ANY_BYTE, made, 0x0304, "")
        ATTACK("a list without TLS 1.3", ch_list, HF_E_DOWNGRADE, ANY_BYTE, made, 43, "\2\3\3")
        ATTACK("a list of old versions", ch_list, HF_E_DOWNGRADE, ANY_BYTE, made, 43, "\6\3\1\3\2\3\3")
    };
    static const struct attack servers[] = {
        ATTACK("TLS 1.1 by the old field", ch_old, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.1 (0x0302: ", 0x0302, "")
        ATTACK("TLS 1.0 by the old field", ch_old, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.0 (0x0301: ", 0x0301, "")
        ATTACK("SSL 3.0 by the old field", ch_old, HF_E_NO_VERSION, ANY_BYTE, "at most SSL 3.0", 0x0300, "")
        ATTACK("TLS 1.1 by the list", ch_list, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.1", 43, "\4\3\1\3\2")
        ATTACK("only versions that nobody knows", ch_list, HF_E_NO_VERSION, ANY_BYTE, "no version that anybody knows", 43, "\4\x7f\x1c\x0a\x0a")
    };
    static const struct attack retried[] = {
        ATTACK("once the version is settled", second_old, HF_E_RETRY_CHANGED, ANY_BYTE, "in the second ClientHello", 0x0303, "")
    };
    /* clang-format on */

    (void)state;
    play(&both, HF_CLIENT, clients, HF_COUNT(clients));
    play(&both, HF_SERVER, servers, HF_COUNT(servers));
    play(&twice, HF_SERVER, retried, HF_COUNT(retried));
}

/* He takes the mark away, too: but the server signs its random. */
static void lower_and_wipe(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t other[] = { 'h', 'a', 'r', 'm', 'l', 'e', 's', 's' };

    if (edit_is(record, HF_CLIENT_HELLO) && !r->step++)
        edit_drop(record, 43);
    if (edit_is(record, HF_SERVER_HELLO)) {
        assert_memory_equal(record->bytes + SH_RANDOM + 24, "DOWNGRD\1", 8);
        edit_put(record, SH_RANDOM + 24, HF_SPAN(other));
    }
}

static void the_mark_cannot_be_wiped_off(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "without its mark", lower_and_wipe, HF_E_BAD_SIGNATURE, ANY_BYTE, "", 0,
        "") };

    (void)state;
    play(&both, HF_CLIENT, rows, HF_COUNT(rows));
}

/* Another version, and a mark behind the random. */
static void remark(struct rogue *r, struct rogue_record *record)
{
    hf_store_number(record->bytes + 4, attack_row(r)->number, 2);
    edit_put(record, SH_RANDOM + 24, attack_bytes(r));
}

ATTACK_ON(sh_remark, HF_SERVER_HELLO, remark)
static void bare(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, 43);
    edit_drop(record, 51);
}

ATTACK_ON(sh_bare, HF_SERVER_HELLO, bare)
ATTACK_ON(sh_drop, HF_SERVER_HELLO, attack_drop)

static void lowered_answers_are_not_believed(void **state)
{
    /* clang-format off */
    static const struct attack answers[] = {
        ATTACK("its version taken away", sh_drop, HF_E_MISPLACED, ANY_BYTE, "key_share", 43, "")
        /* and the suite shows what it was */
        ATTACK("all of TLS 1.3 taken away", sh_bare, HF_E_NOT_OFFERED, ANY_BYTE, "0x1301", 0, "")
    };
    static const struct attack retried[] = {
        ATTACK("all of it taken away after a retry", sh_bare, HF_E_RETRY_CHANGED, ANY_BYTE, "TLS 1.3 in the retry", 0, "")
    };
    static const struct attack marks[] = { /* a client of TLS 1.2 only */
        ATTACK("TLS 1.1 and its mark", sh_remark, HF_E_DOWNGRADE, ANY_BYTE, "the server can do TLS 1.2 and was made to answer with TLS 1.1", 0x0302, "DOWNGRD\0")
        ATTACK("TLS 1.0 and its mark", sh_remark, HF_E_DOWNGRADE, ANY_BYTE, "answer with TLS 1.0", 0x0301, "DOWNGRD\0")
        ATTACK("TLS 1.1 and the other mark", sh_remark, HF_E_NO_VERSION, ANY_BYTE, "chose TLS 1.1", 0x0302, "DOWNGRD\1")
        ATTACK("TLS 1.2 and that mark", sh_remark, HF_OK, ANY_BYTE, "", 0x0303, "DOWNGRD\0")
    };
    /* clang-format on */

    (void)state;
    play(&both, HF_CLIENT, answers, HF_COUNT(answers));
    play(&twice, HF_CLIENT, retried, HF_COUNT(retried));
    play(&tls12, HF_CLIENT, marks, HF_COUNT(marks));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_version_of_both_is_chosen),
        cmocka_unit_test(old_clients_are_called_by_their_name),
        cmocka_unit_test(hellos_in_ssl_2_form_are_called_by_theirs),
        cmocka_unit_test(old_servers_are_called_by_their_name),
        cmocka_unit_test(lowered_hellos_are_noticed_by_the_mark),
        cmocka_unit_test(the_mark_cannot_be_wiped_off),
        cmocka_unit_test(lowered_answers_are_not_believed),
    };

    return cmocka_run_group_tests(tests, open_stages, close_stages);
}
