/* must_test.c - single sentences of RFC 8446 (and 6066) that were once broken,
 * or that no other test shows.  Each test is named for its sentence. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct duet duet;

static void begin(enum scene scene, rogue_edit_fn *edit)
{
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", edit));
}

static void begin_ready(void)
{
    begin(SCENE_FULL, NULL);
    assert_true(rogue_run(&rogue));
}

/* Let @who say what it has to say, so that its alert is heard. */
static void expect(enum hf_role who, unsigned code)
{
    while (rogue_pass(&rogue, who))
        continue;
    rogue_expect(&rogue, who, code);
    rogue_end(&rogue);
}

/* ---- 5: the record layer ---------------------------------------------------------- */

/* Every record in the clear says another version. */
static void mark(struct duet_wire *wire, unsigned version)
{
    for (size_t at = 0; at < wire->len;
         at += 5 + hf_number(wire->bytes + at + 3, 2))
        if (wire->bytes[at] != HF_CONTENT_DATA)
            hf_store_number(wire->bytes + at + 1, version, 2);
}

static bool shake_under(unsigned version)
{
    static const uint16_t none[] = { 0 };
    bool ready;

    assert_true(duet_init(&duet, attack_certs()));
    assert_true(hf_config_set_shares(duet.client_config, none));
    assert_true(duet_start(&duet, "localhost"));
    for (size_t i = 0; i < 4; i++) {
        duet_take(duet.client, &duet.to_client, 0, duet.got_client,
                  &duet.client_len);
        duet_flush(duet.client, &duet.to_server);
        mark(&duet.to_server, version);
        duet_take(duet.server, &duet.to_server, 0, duet.got_server,
                  &duet.server_len);
        duet_flush(duet.server, &duet.to_client);
        mark(&duet.to_client, version);
    }
    ready = hf_conn_ready(duet.client) && hf_conn_ready(duet.server) &&
            hf_conn_retried(duet.server);
    duet_wipe(&duet);
    return ready;
}

/* RFC 8446 5.1: hellos, a retry and dummies under any version. */
static void legacy_record_version_must_be_ignored(void **state)
{
    (void)state;
    assert_true(shake_under(0x0300));
    assert_true(shake_under(0x0301));
    assert_true(shake_under(0x03ff));
}

/* RFC 8446 5.4: "MUST terminate the connection with an unexpected_message". */
static void an_empty_alert_or_handshake_record_is_unexpected(void **state)
{
    static const uint8_t types[] = { HF_CONTENT_ALERT, HF_CONTENT_HANDSHAKE };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        enum hf_role victim = i & 1 ? HF_CLIENT : HF_SERVER;

        begin_ready();
        assert_int_equal(
            rogue_say(&rogue, victim, types[i / 2], hf_span(NULL, 0)),
            HF_FAILED);
        expect(victim, HF_E_RECORD_EMPTY);
    }
}

static void bare_alert(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t alert[] = { HF_CONTENT_ALERT, 3, 3, 0, 2, 2, 40 };

    if (edit_is(record, HF_ENCRYPTED_EXTENSIONS) && !r->step++) {
        record->drop = true;
        rogue_raw(r, HF_CLIENT, HF_SPAN(alert));
    }
}

/* RFC 8446 5.2: a server that has said its ServerHello has keys. */
static void a_bare_alert_after_server_hello_is_unexpected(void **state)
{
    (void)state;
    begin(SCENE_FULL, bare_alert);
    assert_false(rogue_run(&rogue));
    expect(HF_CLIENT, HF_E_RECORD_TYPE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_record_version_must_be_ignored),
        cmocka_unit_test(an_empty_alert_or_handshake_record_is_unexpected),
        cmocka_unit_test(a_bare_alert_after_server_hello_is_unexpected),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
