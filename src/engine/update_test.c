/* update_test.c - new keys: from either side, asked for or not, with writes
 * under way, and by themselves before a key has sealed too much. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include "record/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;
static struct rogue rogue;

static void begin(void)
{
    assert_true(duet_init(&duet, attack_certs()));
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
}

static struct hf_conn *side(unsigned who)
{
    return who ? duet.server : duet.client;
}

/* A few bytes each way arrive. */
static void talk(void)
{
    size_t client = duet.client_len, server = duet.server_len;

    assert_true(duet_send(&duet, duet.client, hf_span_text("ping")));
    assert_true(duet_send(&duet, duet.server, hf_span_text("pong!")));
    duet_run(&duet);
    assert_int_equal(duet.server_len, server + 4);
    assert_int_equal(duet.client_len, client + 5);
    assert_memory_equal(duet.got_server + server, "ping", 4);
    assert_memory_equal(duet.got_client + client, "pong!", 5);
}

static void either_side_changes_its_keys_and_both_talk_on(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++)
        for (int both = 0; both < 2; both++) {
            struct hf_session *s, *peer;
            uint8_t before[2][HF_HASH_MAX];

            begin();
            s = &side(who)->session;
            peer = &side(!who)->session;
            talk();
            memcpy(before[0], s->client_secret, HF_HASH_MAX);
            memcpy(before[1], s->server_secret, HF_HASH_MAX);
            for (int i = 0; i < 5; i++) {
                assert_true(hf_conn_update_keys(side(who), both));
                duet_run(&duet);
                /* Just changed: nothing was sealed since. */
                assert_int_equal(s->out.seq, 0);
                assert_int_equal(peer->in.seq, 0);
                talk();
            }
            assert_memory_equal(s->client_secret, peer->client_secret,
                                HF_HASH_MAX);
            assert_memory_equal(s->server_secret, peer->server_secret,
                                HF_HASH_MAX);
            /* Both directions changed if both were to. */
            assert_memory_not_equal(who ? s->server_secret : s->client_secret,
                                    before[who], 32);
            assert_int_equal(!memcmp(who ? s->client_secret : s->server_secret,
                                     before[!who], 32),
                             !both);
            duet_wipe(&duet);
        }
}

static void both_at_once_is_no_conflict(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        begin();
        assert_true(hf_conn_update_keys(duet.client, both));
        assert_true(hf_conn_update_keys(duet.server, both));
        duet_run(&duet);
        talk();
        duet_wipe(&duet);
    }
}

/* Sealed before the request came, sent after it: the order on the wire is the
 * order of sealing. */
static void a_write_under_way_goes_out_before_the_answer(void **state)
{
    static const uint8_t asks[] = { HF_KEY_UPDATE, 0, 0, 1, 1 };

    (void)state;
    for (unsigned who = 0; who < 2; who++) {
        uint8_t room[200];
        size_t taken, made;
        struct hf_conn *conn;

        assert_true(
            rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", NULL));
        assert_true(rogue_run(&rogue));
        conn = rogue.end[who].conn;
        made = hf_conn_send(conn, hf_span_text("under way"), room, sizeof(room),
                            &taken);
        assert_int_equal(taken, 9);
        rogue_say(&rogue, who, HF_CONTENT_HANDSHAKE, HF_SPAN(asks));
        assert_true(hf_conn_outgoing(conn).len > 0);
        /* While the answer waits nothing is sealed behind it. */
        assert_int_equal(hf_conn_send(conn, hf_span_text("more"), room + made,
                                      sizeof(room) - made, &taken),
                         0);
        assert_int_equal(rogue_raw(&rogue, !who, hf_span(room, made)), HF_DATA);
        rogue_raw(&rogue, !who, hf_conn_outgoing(conn));
        hf_conn_sent(conn, SIZE_MAX);
        made = hf_conn_send(conn, hf_span_text(", and more"), room,
                            sizeof(room), &taken);
        assert_int_equal(rogue_raw(&rogue, !who, hf_span(room, made)), HF_DATA);
        assert_memory_equal(rogue.end[!who].got, "under way, and more", 19);
        rogue_end(&rogue);
    }
}

/* RFC 8446 4.6.3 */
static void a_request_is_0_or_1(void **state)
{
    (void)state;
    for (unsigned who = 0; who < 2; who++)
        for (unsigned value = 2; value < 256; value += 23) {
            uint8_t update[] = { HF_KEY_UPDATE, 0, 0, 1, (uint8_t)value };

            assert_true(rogue_begin(&rogue, attack_stage(SCENE_FULL),
                                    "localhost", NULL));
            assert_true(rogue_run(&rogue));
            assert_int_equal(
                rogue_say(&rogue, who, HF_CONTENT_HANDSHAKE, HF_SPAN(update)),
                HF_FAILED);
            rogue_pass(&rogue, who);
            rogue_expect_words(&rogue, who, HF_E_ILLEGAL, "request_update");
            rogue_end(&rogue);
        }
}

static void a_key_update_has_one_byte(void **state)
{
    static const struct {
        uint8_t bytes[6];
        size_t len;
        unsigned code;
        size_t byte;
    } rows[] = { { { 24, 0, 0, 0 }, 4, HF_E_TRUNCATED, 4 },
                 { { 24, 0, 0, 2, 0, 0 }, 6, HF_E_TRAILING, 5 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        assert_true(
            rogue_begin(&rogue, attack_stage(SCENE_FULL), "localhost", NULL));
        assert_true(rogue_run(&rogue));
        rogue_say(&rogue, HF_SERVER, HF_CONTENT_HANDSHAKE,
                  hf_span(rows[i].bytes, rows[i].len));
        rogue_pass(&rogue, HF_SERVER);
        rogue_expect(&rogue, HF_SERVER, rows[i].code);
        assert_int_equal(hf_conn_error(rogue.end[HF_SERVER].conn)->byte,
                         rows[i].byte);
        rogue_end(&rogue);
    }
}

/* ---- by itself -------------------------------------------------------------------- */

/* With keys that are good for 100 records, 1000 are sent. */
static void keys_change_before_they_have_sealed_too_much(void **state)
{
    struct hf_session *s;
    size_t updates = 0;

    (void)state;
    witness_limit(100);
    begin();
    s = &duet.client->session;
    for (int i = 0; i < 1000; i++) {
        uint64_t before = s->out.seq;

        assert_true(duet_send(&duet, duet.client, hf_span_text("x")));
        duet_run(&duet);
        assert_true(s->out.seq < 100);
        updates += s->out.seq < before;
    }
    assert_int_equal(duet.server_len, 1000);
    assert_true(updates > 10);
    talk();
    duet_wipe(&duet);
    witness_limit(0);
}

/* Large writes cross the limit within one call.  A call never returns records
 * and leaves an update behind them: a caller who sends outgoing bytes first
 * would send them in the wrong order. */
static void a_large_write_stops_where_the_keys_are_worn(void **state)
{
    static uint8_t data[60 * 16384], room[60 * (16384 + 22)];
    size_t done = 0, calls = 0;

    (void)state;
    witness_limit(100);
    begin();
    while (done < sizeof(data)) {
        size_t taken,
            made = hf_conn_send(duet.server,
                                hf_span(data + done, sizeof(data) - done), room,
                                sizeof(room), &taken);

        if (made)
            assert_int_equal(hf_conn_outgoing(duet.server).len, 0);
        for (size_t at = 0; at < made;) {
            size_t n = made - at < DUET_WIRE / 2 ? made - at : DUET_WIRE / 2;

            memcpy(duet.to_client.bytes + duet.to_client.len, room + at, n);
            duet.to_client.len += n;
            at += n;
            duet.client_len = 0;
            duet_take(duet.client, &duet.to_client, 0, duet.got_client,
                      &duet.client_len);
        }
        done += taken;
        assert_true(++calls < 100);
        duet_flush(duet.server, &duet.to_client);
        duet_take(duet.client, &duet.to_client, 0, duet.got_client,
                  &duet.client_len);
    }
    assert_true(calls > 2); /* it did stop */
    assert_int_equal(hf_conn_error(duet.client)->code, HF_OK);
    duet_wipe(&duet);
    witness_limit(0);
}

/* ---- exporters (RFC 8446 7.5) ---------------------------------------------------------- */

static void exporters_agree_and_outlive_new_keys(void **state)
{
    uint8_t a[64], b[64], later[64];

    (void)state;
    begin();
    for (size_t len = 0; len <= sizeof(a); len += 7) {
        assert_true(hf_conn_export(duet.client, "EXPORTER-x", hf_span_text("c"),
                                   a, len));
        assert_true(hf_conn_export(duet.server, "EXPORTER-x", hf_span_text("c"),
                                   b, len));
        assert_memory_equal(a, b, len);
    }
    assert_true(hf_conn_update_keys(duet.client, true));
    duet_run(&duet);
    assert_true(hf_conn_export(duet.client, "EXPORTER-x", hf_span_text("c"),
                               later, 63));
    assert_memory_equal(a, later, 63);
    duet_wipe(&duet);
}

static void exporters_have_limits(void **state)
{
    static uint8_t out[255 * 48 + 1];
    char label[252];

    (void)state;
    begin();
    memset(label, 'x', sizeof(label));
    label[249] = '\0';
    assert_true(hf_conn_export(duet.client, label, hf_span(NULL, 0), out, 32));
    label[249] = 'x';
    label[250] = '\0';
    assert_false(hf_conn_export(duet.client, label, hf_span(NULL, 0), out, 32));
    assert_true(
        hf_conn_export(duet.client, "x", hf_span(NULL, 0), out, 255 * 32));
    assert_false(
        hf_conn_export(duet.client, "x", hf_span(NULL, 0), out, 255 * 32 + 1));
    assert_true(
        hf_conn_export(duet.client, "x", hf_span(out, sizeof(out)), out, 32));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_OK);
    duet_wipe(&duet);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_side_changes_its_keys_and_both_talk_on),
        cmocka_unit_test(both_at_once_is_no_conflict),
        cmocka_unit_test(a_write_under_way_goes_out_before_the_answer),
        cmocka_unit_test(a_request_is_0_or_1),
        cmocka_unit_test(a_key_update_has_one_byte),
        cmocka_unit_test(keys_change_before_they_have_sealed_too_much),
        cmocka_unit_test(a_large_write_stops_where_the_keys_are_worn),
        cmocka_unit_test(exporters_agree_and_outlive_new_keys),
        cmocka_unit_test(exporters_have_limits),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
