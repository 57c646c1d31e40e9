/* limits_test.c - records no larger than the peer takes (RFC 8449, RFC 6066 4):
 * what is on the wire is measured there. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/meter.h"
#include "engine/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

/* ---- record_size_limit ----------------------------------------------------------- */

/* @to says @limit; what goes the other way is as large as ever. */
static void limited(unsigned version, enum hf_role to, unsigned limit)
{
    unsigned most = version == HF_TLS13 ? 16385 : 16384;

    meter_begin(version, attack_certs());
    assert_true(hf_config_set_record_size_limit(
        meter.client_config, to == HF_CLIENT ? limit : 16385));
    if (to == HF_SERVER)
        assert_true(
            hf_config_set_record_size_limit(meter.server_config, limit));
    meter_talk(version);
    assert_int_equal(meter_sent[!to].most, limit < most ? limit : most);
    assert_int_equal(meter_sent[to].most, most);
    duet_wipe(&meter);
}

static void records_are_no_larger_than_their_receiver_takes(void **state)
{
    static const unsigned limits[] = { 64, 65, 511, 4096, 16384, 16385 };

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (size_t i = 0; i < HF_COUNT(limits); i++) {
            limited(version, HF_CLIENT, limits[i]);
            limited(version, HF_SERVER, limits[i]);
        }
}

static void what_nobody_asked_for_is_not_limited(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        meter_begin(version, attack_certs());
        /* A client that says nothing is told nothing (RFC 8449 4). */
        assert_true(hf_config_set_record_size_limit(meter.server_config, 64));
        meter_talk(version);
        assert_true(meter_sent[HF_CLIENT].most >= 16384);
        assert_true(meter_sent[HF_SERVER].most >= 16384);
        duet_wipe(&meter);
    }
}

/* Two ends of @version that said 1024 each. */
static void set_stage(struct stage *stage, unsigned version)
{
    assert_true(stage_set(stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_versions(stage->client, version, version));
    assert_true(hf_config_set_versions(stage->server, version, version));
    assert_true(hf_config_set_record_size_limit(stage->client, 1024));
    assert_true(hf_config_set_record_size_limit(stage->server, 1024));
}

/* @inside bytes for the record layer to seal, all of them data or zeroes. */
static void sealed_record(unsigned version, enum hf_role to, size_t inside,
                          bool padded, unsigned code)
{
    struct stage stage;

    set_stage(&stage, version);
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    assert_true(rogue_run(&rogue));
    if (padded) {
        meter_data[1] = HF_CONTENT_DATA; /* one byte, its type, zeroes */
        rogue_say(&rogue, to, 0, hf_span(meter_data, inside - 1));
        meter_data[1] = 0;
    } else {
        rogue_say(
            &rogue, to, HF_CONTENT_DATA,
            hf_span(meter_data, version == HF_TLS13 ? inside - 1 : inside));
    }
    while (rogue_pass(&rogue, to))
        continue;
    if (code != HF_OK)
        rogue_expect(&rogue, to, code);
    else
        assert_true(rogue.end[to].got_len > 0);
    rogue_end(&rogue);
    stage_clear(&stage);
}

static char told[96]; /* of the limits, the last time */

static void hear(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    if (e->kind == HF_EVENT_DECISION && e->id == HF_EV_RECORD_LIMIT)
        hf_format(told, sizeof(told), "%s", e->verdict);
}

/* In bytes of data, which in TLS 1.3 are one fewer than the limit. */
static void the_limits_of_both_ways_are_told(void **state)
{
    static const struct {
        unsigned version, server, fragment;
        const char *told;
    } rows[] = {
        { HF_TLS13, 1024, 0, "1023 bytes to the peer, 1023 from it" },
        { HF_TLS13, 512, 0, "511 bytes to the peer, 1023 from it" },
        { HF_TLS12, 512, 0, "512 bytes to the peer, 1024 from it" },
        { HF_TLS12, 512, 2048, "2048 bytes to the peer, 2048 from it" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct stage stage;

        set_stage(&stage, rows[i].version);
        assert_true(
            hf_config_set_record_size_limit(stage.server, rows[i].server) &&
            hf_config_set_watch(stage.client, hear, NULL, false));
        if (rows[i].fragment)
            assert_true(hf_config_set_record_size_limit(stage.client, 0) &&
                        hf_config_set_max_fragment_length(stage.client,
                                                          rows[i].fragment));
        told[0] = '\0';
        assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
        assert_true(rogue_run(&rogue));
        assert_string_equal(told, rows[i].told);
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

static void who_exceeds_our_limit_is_refused(void **state)
{
    (void)state;
    for (unsigned to = 0; to < 2; to++) {
        for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
            sealed_record(version, to, 1024, false, HF_OK);
            sealed_record(version, to, 1025, false, HF_E_RECORD_OVERFLOW);
        }
        sealed_record(HF_TLS13, to, 1024, true, HF_OK);
        sealed_record(HF_TLS13, to, 1025, true, HF_E_RECORD_OVERFLOW);
    }
}

ATTACK_ON(ch_set, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(ee_set, HF_ENCRYPTED_EXTENSIONS, attack_set)
ATTACK_ON(ee_add, HF_ENCRYPTED_EXTENSIONS, attack_add)
ATTACK_ON(sh_set, HF_SERVER_HELLO, attack_set)
ATTACK_ON(sh_add, HF_SERVER_HELLO, attack_add)

static void play(unsigned version, unsigned fragment, enum hf_role victim,
                 const struct attack *rows, size_t count)
{
    struct stage stage;

    set_stage(&stage, version);
    if (fragment) {
        assert_true(hf_config_set_record_size_limit(stage.client, 0));
        assert_true(hf_config_set_max_fragment_length(stage.client, fragment));
    }
    for (size_t i = 0; i < count; i++)
        attack_in(&stage, victim, &rows[i]);
    stage_clear(&stage);
}

static void a_limit_has_a_least_and_a_most(void **state)
{
    /* clang-format off */
    static const struct attack hello[] = {
        ATTACK("63", ch_set, HF_E_ILLEGAL, ANY_BYTE, "63 bytes", 28, "\0\x3f")
        ATTACK("0", ch_set, HF_E_ILLEGAL, ANY_BYTE, "0 bytes", 28, "\0\0")
        ATTACK("more than there is", ch_set, HF_OK, ANY_BYTE, "", 28, "\x40\2")
        ATTACK("as much as can be said", ch_set, HF_OK, ANY_BYTE, "", 28, "\xff\xff")
        ATTACK("one byte", ch_set, HF_E_TRUNCATED, ANY_BYTE, "", 28, "\x40")
        ATTACK("three", ch_set, HF_E_TRAILING, ANY_BYTE, "", 28, "\x40\0\0")
    };
    static const struct attack answer13[] = {
        ATTACK("63", ee_set, HF_E_ILLEGAL, ANY_BYTE, "63 bytes", 28, "\0\x3f")
        ATTACK("more than there is", ee_set, HF_E_ILLEGAL, ANY_BYTE, "16385 is the most", 28, "\x40\2")
        ATTACK("all there is", ee_set, HF_OK, ANY_BYTE, "", 28, "\x40\1")
        ATTACK("one byte", ee_set, HF_E_TRUNCATED, ANY_BYTE, "", 28, "\x40")
        ATTACK("a fragment length as well", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "max_fragment_length", 1, "\1")
    };
    static const struct attack answer12[] = {
        ATTACK("63", sh_set, HF_E_ILLEGAL, ANY_BYTE, "63 bytes", 28, "\0\x3f")
        ATTACK("more than there is", sh_set, HF_E_ILLEGAL, ANY_BYTE, "16384 is the most", 28, "\x40\1")
        ATTACK("all there is", sh_set, HF_OK, ANY_BYTE, "", 28, "\x40\0")
        ATTACK("a fragment length as well", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "max_fragment_length", 1, "\1")
    };
    /* clang-format on */

    (void)state;
    play(HF_TLS13, 0, HF_SERVER, hello, HF_COUNT(hello));
    play(HF_TLS12, 0, HF_SERVER, hello, HF_COUNT(hello));
    play(HF_TLS13, 0, HF_CLIENT, answer13, HF_COUNT(answer13));
    play(HF_TLS12, 0, HF_CLIENT, answer12, HF_COUNT(answer12));
}

/* ---- max_fragment_length --------------------------------------------------------- */

static void fragments_are_as_the_client_asks(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (unsigned length = 512; length <= 4096; length *= 2) {
            size_t type = version == HF_TLS13;

            meter_begin(version, attack_certs());
            assert_true(
                hf_config_set_max_fragment_length(meter.client_config, length));
            meter_talk(version);
            assert_int_equal(meter_sent[HF_CLIENT].most, length + type);
            assert_int_equal(meter_sent[HF_SERVER].most, length + type);
            /* TLS 1.2 sends its certificates in the clear. */
            assert_true(version == HF_TLS13 ||
                        meter_sent[HF_SERVER].clear <= length);
            duet_wipe(&meter);
        }
}

/* RFC 8449 5: of both only the newer one counts. */
static void a_limit_goes_before_a_fragment_length(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        meter_begin(version, attack_certs());
        assert_true(
            hf_config_set_max_fragment_length(meter.client_config, 512));
        assert_true(hf_config_set_record_size_limit(meter.client_config, 2048));
        meter_talk(version);
        assert_int_equal(meter_sent[HF_SERVER].most, 2048);
        assert_true(meter_sent[HF_CLIENT].most >= 16384);
        duet_wipe(&meter);
    }
}

static void a_fragment_length_is_one_of_four(void **state)
{
    /* clang-format off */
    static const struct attack hello[] = {
        ATTACK("0", ch_set, HF_E_ILLEGAL, ANY_BYTE, "number 0", 1, "\0")
        ATTACK("5", ch_set, HF_E_ILLEGAL, ANY_BYTE, "number 5", 1, "\5")
        ATTACK("255", ch_set, HF_E_ILLEGAL, ANY_BYTE, "number 255", 1, "\xff")
        ATTACK("another", ch_set, HF_E_ILLEGAL, ANY_BYTE, "number 4, not 1", 1, "\4")
        ATTACK("none", ch_set, HF_E_TRUNCATED, ANY_BYTE, "", 1, "")
        ATTACK("two", ch_set, HF_E_TRAILING, ANY_BYTE, "", 1, "\1\1")
    };
    static const struct attack answer13[] = {
        ATTACK("another", ee_set, HF_E_ILLEGAL, ANY_BYTE, "number 2, not 1", 1, "\2")
        ATTACK("no length", ee_set, HF_E_ILLEGAL, ANY_BYTE, "number 0, not 1", 1, "\0")
        ATTACK("none", ee_set, HF_E_TRUNCATED, ANY_BYTE, "", 1, "")
        ATTACK("two", ee_set, HF_E_TRAILING, ANY_BYTE, "", 1, "\1\1")
        ATTACK("a limit as well", ee_add, HF_E_UNSOLICITED, ANY_BYTE, "record_size_limit", 28, "\x40\0")
    };
    static const struct attack answer12[] = {
        ATTACK("another", sh_set, HF_E_ILLEGAL, ANY_BYTE, "number 2, not 1", 1, "\2")
        ATTACK("a limit as well", sh_add, HF_E_UNSOLICITED, ANY_BYTE, "record_size_limit", 28, "\x40\0")
    };
    /* clang-format on */

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (size_t i = 0; i < HF_COUNT(hello); i++)
            play(version, 512, i == 3 ? HF_CLIENT : HF_SERVER, &hello[i], 1);
    play(HF_TLS13, 512, HF_CLIENT, answer13, HF_COUNT(answer13));
    play(HF_TLS12, 512, HF_CLIENT, answer12, HF_COUNT(answer12));
}

/* A client that asked for both is answered with both (RFC 8449 5). */
static void both_answers_at_once_are_refused(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("TLS 1.2", sh_add, HF_E_ILLEGAL, ANY_BYTE, "both", 1, "\1")
        ATTACK("TLS 1.3", ee_add, HF_E_ILLEGAL, ANY_BYTE, "both", 1, "\1")
    };
    /* clang-format on */

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        struct stage stage;

        set_stage(&stage, version);
        assert_true(hf_config_set_max_fragment_length(stage.client, 512));
        attack_in(&stage, HF_CLIENT, &rows[version - HF_TLS12]);
        stage_clear(&stage);
    }
}

/* Over the agreed length, in the clear (TLS 1.2's Certificate) and sealed. */
static void certificate_swells(struct rogue *r, struct rogue_record *record)
{
    if (record->from == HF_SERVER && edit_is(record, HF_CERTIFICATE) &&
        !r->step++)
        edit_splice(record, record->len, 0, hf_span(meter_data, 4096));
}

static void a_fragment_over_its_length_is_refused(void **state)
{
    struct stage stage;

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (unsigned to = 0; to < 2; to++) {
            set_stage(&stage, version);
            assert_true(hf_config_set_record_size_limit(stage.client, 0));
            assert_true(hf_config_set_max_fragment_length(stage.client, 4096));
            assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
            assert_true(rogue_run(&rogue));
            rogue_say(&rogue, to, HF_CONTENT_DATA, hf_span(meter_data, 4096));
            assert_int_equal(rogue.end[to].got_len, 4096);
            rogue_say(&rogue, to, HF_CONTENT_DATA, hf_span(meter_data, 4097));
            while (rogue_pass(&rogue, to))
                continue;
            rogue_expect(&rogue, to, HF_E_RECORD_OVERFLOW);
            rogue_end(&rogue);
            stage_clear(&stage);
        }
    set_stage(&stage, HF_TLS12);
    assert_true(hf_config_set_record_size_limit(stage.client, 0));
    assert_true(hf_config_set_max_fragment_length(stage.client, 4096));
    assert_true(rogue_begin(&rogue, &stage, "localhost", certificate_swells));
    assert_false(rogue_run(&rogue));
    rogue_expect(&rogue, HF_CLIENT, HF_E_RECORD_OVERFLOW);
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* RFC 6066 4: it lasts as long as the session, so a client that asks for another
 * length does not get that session. */
static void a_session_of_tls12_keeps_its_length(void **state)
{
    static const uint8_t codes[] = { 1, 1, 2, 0 };
    static struct shelf shelf;
    struct hf_sessions place;

    (void)state;
    shelf = (struct shelf){ .count = 0 };
    place = shelf_sessions(&shelf);
    meter_begin(HF_TLS12, attack_certs());
    assert_true(hf_config_set_max_fragment_length(meter.client_config, 512));
    assert_true(hf_config_set_sessions(meter.client_config, &place));
    for (size_t i = 0; i < HF_COUNT(codes); i++) {
        memset(meter_sent, 0, sizeof(meter_sent));
        assert_true(duet_start(&meter, "localhost"));
        /* Behind the back of what the client's session is bound to. */
        meter.client_config->settings.max_fragment = codes[i];
        assert_true(meter_pump(HF_TLS12));
        assert_int_equal(hf_conn_resumed(meter.client), i == 1);
        meter_send(HF_SERVER, HF_TLS12, HF_SPAN(meter_data));
        assert_int_equal(meter_sent[HF_SERVER].most,
                         codes[i] ? 256u << codes[i] : 16384u);
        hf_conn_free(meter.client);
        hf_conn_free(meter.server);
        meter.client = meter.server = NULL;
        meter.to_client.len = meter.to_server.len = 0;
        if (i > 0 && i < 3) /* the first session again */
            assert_true(shelf.count > 0);
    }
    duet_wipe(&meter);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_no_larger_than_their_receiver_takes),
        cmocka_unit_test(what_nobody_asked_for_is_not_limited),
        cmocka_unit_test(the_limits_of_both_ways_are_told),
        cmocka_unit_test(who_exceeds_our_limit_is_refused),
        cmocka_unit_test(a_limit_has_a_least_and_a_most),
        cmocka_unit_test(fragments_are_as_the_client_asks),
        cmocka_unit_test(a_limit_goes_before_a_fragment_length),
        cmocka_unit_test(a_fragment_length_is_one_of_four),
        cmocka_unit_test(both_answers_at_once_are_refused),
        cmocka_unit_test(a_fragment_over_its_length_is_refused),
        cmocka_unit_test(a_session_of_tls12_keeps_its_length),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
