/* early_data_test.c - 0-RTT data that comes although nobody takes it: a client may
 * have a ticket of the server that stood here before (RFC 8446 4.2.10). */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;

static struct hf_conn *conn_of(enum hf_role role)
{
    return rogue.end[role].conn;
}

static void begin(enum scene scene, rogue_edit_fn *edit)
{
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", edit));
}

/* Let @who say what it has to say, so that its alert is heard. */
static void expect(enum hf_role who, unsigned code)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect(&rogue, who, code);
    rogue_end(&rogue);
}

/* How many records of how much nonsense come when the server has answered. */
static size_t early_records, early_len;
static bool early_offered;

static void early_record(struct rogue *r)
{
    uint8_t bytes[5 + 16384] = { HF_CONTENT_DATA, 3, 3 };

    hf_store_number(bytes + 3, early_len, 2);
    memset(bytes + 5, 0x5a, early_len);
    rogue_raw(r, HF_SERVER, hf_span(bytes, 5 + early_len));
}

/* The client says that it sends 0-RTT data, and believes that it said so. */
static void offer_early_data(struct rogue *r, struct rogue_record *record)
{
    static uint8_t said[4096];
    struct hf_handshake *hs = r->end[HF_CLIENT].conn->handshake;

    if (edit_is(record, HF_CLIENT_HELLO) && !record->number && early_offered) {
        edit_add(record, 42, hf_span(NULL, 0));
        assert_true(record->len <= sizeof(said));
        memcpy(said, record->bytes, record->len);
        hs->transcript.kept[0] = hf_span(said, record->len);
    }
    if (record->from == HF_SERVER && !r->step++)
        for (size_t i = 0; i < early_records; i++)
            early_record(r);
}

static bool shake_with_early_data(enum scene scene, bool offered,
                                  size_t records, size_t len)
{
    early_offered = offered;
    early_records = records;
    early_len = len;
    begin(scene, offer_early_data);
    return rogue_run(&rogue);
}

/* "Ignore the extension and return a regular 1-RTT response.  The server then
 * skips past early data" ... "Request that the client send another
 * ClientHello" */
static void a_server_skips_early_data_that_it_refused(void **state)
{
    static const struct {
        size_t records, len;
    } rows[] = { { 0, 0 }, { 1, 0 }, { 1, 16 }, { 100, 100 }, { 1, 16379 } };
    static const enum scene scenes[] = { SCENE_FULL, SCENE_CLIENT_CERT,
                                         SCENE_RETRY, SCENE_ALL };

    (void)state;
    for (size_t s = 0; s < HF_COUNT(scenes); s++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            assert_true(shake_with_early_data(scenes[s], true, rows[i].records,
                                              rows[i].len));
            rogue_end(&rogue);
        }
}

/* "up to the configured max_early_data_size" */
static void a_server_skips_no_more_than_a_limit(void **state)
{
    (void)state;
    assert_false(shake_with_early_data(SCENE_FULL, true, 2, 8188));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC);
    assert_false(shake_with_early_data(SCENE_FULL, true, 5000, 0));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC);
    assert_false(shake_with_early_data(SCENE_RETRY, true, 2, 8188));
    expect(HF_SERVER, HF_E_UNEXPECTED);
}

static void nothing_is_skipped_that_was_not_announced(void **state)
{
    (void)state;
    assert_false(shake_with_early_data(SCENE_FULL, false, 1, 16));
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC);
    assert_false(shake_with_early_data(SCENE_RETRY, false, 1, 16));
    expect(HF_SERVER, HF_E_UNEXPECTED);
}

/* "Once a record is deprotected successfully, it is treated as the start of the
 * client's second flight": from there on nothing is skipped. */
static void nothing_is_skipped_in_the_second_flight(void **state)
{
    (void)state;
    early_offered = true;
    early_records = 0;
    early_len = 16;
    begin(SCENE_CLIENT_CERT, offer_early_data);
    while (conn_of(HF_SERVER)->session.in.seq == 0)
        if (!rogue_pass(&rogue, HF_CLIENT) && !rogue_pass(&rogue, HF_SERVER))
            rogue_raw(&rogue, HF_CLIENT, hf_span(NULL, 0)); /* to begin */
    early_record(&rogue);
    expect(HF_SERVER, HF_E_BAD_RECORD_MAC);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_skips_early_data_that_it_refused),
        cmocka_unit_test(a_server_skips_no_more_than_a_limit),
        cmocka_unit_test(nothing_is_skipped_that_was_not_announced),
        cmocka_unit_test(nothing_is_skipped_in_the_second_flight),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
