/* rogue_test.c - the one in the middle, as long as he changes nothing: every
 * kind of handshake works through him, and he sees what he should. */
#define HF_UNPOISONED
#include "engine/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct rogue rogue;

static void say(enum hf_role from, const char *text)
{
    uint8_t room[200];
    size_t taken, made;

    made = hf_conn_send(rogue.end[from].conn, hf_span_text(text), room,
                        sizeof(room), &taken);
    assert_int_equal(taken, strlen(text));
    assert_int_equal(rogue_raw(&rogue, !from, hf_span(room, made)), HF_DATA);
}

static void check_ends(void)
{
    static const struct {
        const char *label, *context;
    } rows[] = { { "EXPORTER-a", "" },
                 { "EXPORTER-a", "c" },
                 { "EXPORTER-b", "c" } };
    uint8_t a[3][48], b[48];

    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_span context = hf_span_text(rows[i].context);

        assert_true(hf_conn_export(rogue.end[0].conn, rows[i].label, context,
                                   a[i], sizeof(a[i])));
        assert_true(hf_conn_export(rogue.end[1].conn, rows[i].label, context, b,
                                   sizeof(b)));
        assert_memory_equal(a[i], b, sizeof(b));
    }
    assert_memory_not_equal(a[0], a[1], sizeof(b));
    assert_memory_not_equal(a[1], a[2], sizeof(b));
    for (size_t i = 0; i <= ROGUE_EXPORTER; i++) {
        assert_true(rogue.end[0].have[i]);
        assert_memory_equal(rogue.end[0].secret[i], rogue.end[1].secret[i],
                            HF_HASH_MAX);
    }
}

static void every_scene_works_through_the_middle(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        struct hf_conn *client, *server;
        struct stage stage;
        bool shows = scene == SCENE_CLIENT_CERT || scene == SCENE_ALL ||
                     scene == SCENE_COMPRESSED;
        bool alpn = scene == SCENE_ALPN || scene == SCENE_ALL;
        bool key = scene == SCENE_PSK || scene == SCENE_PSK_RETRY;

        assert_true(stage_set(&stage, scene, &certs));
        assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
        assert_true(rogue_run(&rogue));
        client = rogue.end[HF_CLIENT].conn;
        server = rogue.end[HF_SERVER].conn;
        check_ends();
        say(HF_CLIENT, "to the server");
        say(HF_SERVER, "to the client");
        assert_memory_equal(rogue.end[HF_SERVER].got, "to the server", 13);
        assert_memory_equal(rogue.end[HF_CLIENT].got, "to the client", 13);
        assert_int_equal(hf_conn_retried(client), scene == SCENE_RETRY ||
                                                      scene == SCENE_ALL ||
                                                      scene == SCENE_PSK_RETRY);
        assert_int_equal(hf_conn_retried(server), hf_conn_retried(client));
        assert_int_equal(hf_conn_group(client),
                         hf_conn_retried(client) ? 23 : 29);
        assert_int_equal(hf_conn_peer_certificates(server), shows ? 2 : 0);
        assert_int_equal(hf_conn_peer_verified(server), shows);
        assert_int_equal(hf_conn_peer_verified(client), !key);
        assert_int_equal(hf_conn_psk_identity(client).len, key ? 5 : 0);
        assert_int_equal(hf_conn_psk_identity(server).len, key ? 5 : 0);
        assert_int_equal(hf_conn_own_chain(client), shows ? 0 : -1);
        assert_true(hf_span_equal(hf_conn_protocol(client),
                                  hf_span_text(alpn ? "http/1.1" : "")));
        assert_true(
            hf_span_equal(hf_conn_protocol(server), hf_conn_protocol(client)));
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

/* ---- what he sees ---------------------------------------------------------------- */

/* What each says, in order: "1 *20", a star per epoch; CCS is "ccs". */
static char seen[2][100];

static void note(struct rogue *r, struct rogue_record *record)
{
    static const char *const stars[] = { "", "?", "*", "**" };
    char *out = seen[record->from];

    (void)r;
    if (record->type == HF_CONTENT_CCS)
        hf_format_more(out, sizeof(seen[0]), "ccs ");
    else
        hf_format_more(out, sizeof(seen[0]), "%s%u ", stars[record->epoch],
                       (unsigned)record->bytes[0]);
    assert_true(record->type == HF_CONTENT_CCS ||
                record->type == HF_CONTENT_HANDSHAKE);
}

/* RFC 8446 2 and D.4: messages, their keys, and where the dummies stand. */
static void messages_and_dummies_come_in_their_order(void **state)
{
    static const char *const want[SCENES][2] = {
        [SCENE_FULL] = { "1 ccs *20 ", "2 ccs *8 *11 *15 *20 " },
        [SCENE_RETRY] = { "1 ccs 1 *20 ", "2 ccs 2 *8 *11 *15 *20 " },
        [SCENE_CLIENT_CERT] = { "1 ccs *11 *15 *20 ",
                                "2 ccs *8 *13 *11 *15 *20 " },
        [SCENE_ALPN] = { "1 ccs *20 ", "2 ccs *8 *11 *15 *20 " },
        [SCENE_ALL] = { "1 ccs 1 *11 *15 *20 ", "2 ccs 2 *8 *13 *11 *15 *20 " },
        [SCENE_EMPTY_CERT] = { "1 ccs *11 *20 ", "2 ccs *8 *13 *11 *15 *20 " },
        [SCENE_COMPRESSED] = { "1 ccs *25 *15 *20 ",
                               "2 ccs *8 *13 *25 *15 *20 " },
        [SCENE_PSK] = { "1 ccs *20 ", "2 ccs *8 *20 " },
        [SCENE_PSK_RETRY] = { "1 ccs 1 *20 ", "2 ccs 2 *8 *20 " },
    };

    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        unsigned like = scene;
        struct stage stage;

        memset(seen, 0, sizeof(seen));
        assert_true(stage_set(&stage, scene, &certs));
        assert_true(rogue_begin(&rogue, &stage, "localhost", note));
        assert_true(rogue_run(&rogue));
        if (scene == SCENE_COMPRESSED && !hf_libcrypto.compressions[0])
            like = SCENE_CLIENT_CERT; /* nothing to do it with */
        assert_string_equal(seen[HF_CLIENT], want[like][HF_CLIENT]);
        assert_string_equal(seen[HF_SERVER], want[like][HF_SERVER]);
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

static int make_certs(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int free_certs(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scene_works_through_the_middle),
        cmocka_unit_test(messages_and_dummies_come_in_their_order),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
