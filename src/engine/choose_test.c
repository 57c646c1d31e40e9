/* choose_test.c - what is offered and what is chosen from it: sentences of RFC
 * 8446 4.2 and 4.4.2.  Each test is named for its sentence. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct stage stage;

static void begin_in(enum scene scene)
{
    assert_true(stage_set(&stage, scene, attack_certs()));
}

static bool shake(rogue_edit_fn *edit)
{
    assert_true(rogue_begin(&rogue, &stage, "localhost", edit));
    return rogue_run(&rogue);
}

static void end(void)
{
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ---- what a ClientHello offers --------------------------------------------------- */

static struct rogue_record hello;

static void keep_hello(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CLIENT_HELLO) && !r->step++)
        hello = *record;
}

/* 4.2.8: "Each KeyShareEntry value MUST correspond to a group offered in the
 * supported_groups extension and MUST appear in the same order." */
static void key_shares_stand_in_the_order_of_the_groups(void **state)
{
    static const uint16_t groups[] = { 24, 29, 4588, 23, 0 };
    static const uint16_t shares[] = { 23, 4588, 24, 29, 0 };
    struct hf_span list;
    struct hf_key_share_entry entry;

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_groups(stage.client, groups));
    assert_true(hf_config_set_shares(stage.client, shares));
    assert_true(shake(keep_hello));
    list = hf_span_after(edit_body(&hello, 51), 2);
    for (size_t i = 0; i < 4; i++) {
        assert_true(hf_wire_next(hf_key_share_entry, &list, &entry));
        assert_int_equal(entry.group, groups[i]);
    }
    assert_int_equal(list.len, 0);
    end();
}

static void a_share_without_its_group_is_refused(void **state)
{
    static const uint16_t groups[] = { 29, 0 }, shares[] = { 29, 23, 0 };

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_groups(stage.client, groups));
    assert_true(hf_config_set_shares(stage.client, shares));
    assert_false(hf_config_freeze(stage.client));
    assert_int_equal(hf_config_error(stage.client)->code, HF_E_BAD_OPTION);
    stage_clear(&stage);
}

/* 9.3: "A client sending a ClientHello MUST support all parameters advertised
 * in it." */
static void suites_of_other_versions_are_not_offered(void **state)
{
    static const uint16_t mixed[] = { 0xc02b, 0x1303, 0xc02f, 0x1301, 0 };
    static const uint16_t old[] = { 0xc02b, 0 };

    (void)state;
    begin_in(SCENE_FULL);
    assert_true(hf_config_set_versions(stage.client, HF_TLS13, HF_TLS13));
    assert_true(hf_config_set_suites(stage.client, mixed));
    assert_true(shake(keep_hello));
    /* behind the header, version, random and session id */
    assert_memory_equal(hello.bytes + 4 + 2 + 32 + 33, "\0\4\x13\3\x13\1", 6);
    end();

    begin_in(SCENE_FULL);
    assert_true(hf_config_set_versions(stage.client, HF_TLS13, HF_TLS13));
    assert_true(hf_config_set_suites(stage.client, old));
    assert_false(hf_config_freeze(stage.client));
    assert_int_equal(hf_config_error(stage.client)->code, HF_E_BAD_OPTION);
    stage_clear(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_shares_stand_in_the_order_of_the_groups),
        cmocka_unit_test(a_share_without_its_group_is_refused),
        cmocka_unit_test(suites_of_other_versions_are_not_offered),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
