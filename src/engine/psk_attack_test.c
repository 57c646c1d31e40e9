/* psk_attack_test.c - external pre-shared keys, and somebody in the middle who
 * changes what is said of them (RFC 8446 4.2.11); he has all keys but that
 * one. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PSK = 41, MODES = 45, SIGNATURES = 13 };

/* ---- the client's extension, taken apart and put together ---------------------------- */

/* Where entry @index of a list begins; its length is of @prefix bytes, and so
 * many more stand behind it. */
static size_t entry(const uint8_t *list, size_t index, unsigned prefix,
                    size_t more, size_t *len)
{
    size_t at = 0;

    for (;; index--) {
        *len = prefix + hf_number(list + at, prefix) + more;
        if (!index)
            return at;
        at += *len;
    }
}

static void drop_entry(uint8_t *list, size_t *list_len, size_t index,
                       unsigned prefix, size_t more)
{
    size_t len, at = entry(list, index, prefix, more, &len);

    memmove(list + at, list + at + len, *list_len - at - len);
    *list_len -= len;
}

/* ---- what he does ------------------------------------------------------------------------- */

/* One bit of the binder with that number. */
static void flip_binder(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);
    size_t len, at = entry(l.macs, attack_row(r)->number, 1, 0, &len);

    l.macs[at + len - 1] ^= 1;
    edit_put_psks(record, &l);
}

static void drop_binder(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);

    drop_entry(l.macs, &l.macs_len, attack_row(r)->number, 1, 0);
    edit_put_psks(record, &l);
}

static void drop_identity(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);

    drop_entry(l.ids, &l.ids_len, attack_row(r)->number, 2, 4);
    edit_put_psks(record, &l);
}

static void drop_both(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);

    drop_entry(l.ids, &l.ids_len, attack_row(r)->number, 2, 4);
    drop_entry(l.macs, &l.macs_len, attack_row(r)->number, 1, 0);
    edit_put_psks(record, &l);
}

/* The second before the first, but not their binders. */
static void swap(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record), before = l;
    size_t one, two, at = entry(l.ids, 1, 2, 4, &two);

    (void)r;
    (void)entry(l.ids, 0, 2, 4, &one);
    memcpy(l.ids, before.ids + at, two);
    memcpy(l.ids + two, before.ids, one);
    edit_put_psks(record, &l);
}

/* A NUL behind the identity with that number. */
static void longer(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);
    size_t len, at = entry(l.ids, attack_row(r)->number, 2, 4, &len);

    memmove(l.ids + at + len - 3, l.ids + at + len - 4,
            l.ids_len - at - len + 4);
    l.ids[at + len - 4] = 0;
    l.ids_len++;
    hf_store_number(l.ids + at, len - 6 + 1, 2);
    edit_put_psks(record, &l);
}

static void all_unknown(struct rogue *r, struct rogue_record *record)
{
    struct edit_psks l = edit_psks(record);
    size_t at = 0, len;

    (void)r;
    while (at < l.ids_len) {
        at += entry(l.ids + at, 0, 2, 4, &len);
        l.ids[at + 2] ^= 0x20;
        at += len;
    }
    edit_put_psks(record, &l);
}

static void set_modes(struct rogue *r, struct rogue_record *record)
{
    edit_set(record, MODES, attack_bytes(r));
}

/* edit_set() puts what was not there behind all others. */
static void not_last(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_add(record, 21, hf_span("\0\0", 2));
}

static void drop_modes(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, MODES);
}

static void drop_signatures(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, SIGNATURES);
}

static void choose(struct rogue *r, struct rogue_record *record)
{
    edit_set(record, PSK, attack_bytes(r));
}

static void choose_none(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, PSK);
}

static void drop_share(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_drop(record, 51);
}

ATTACK_ON(hello_binder, HF_CLIENT_HELLO, flip_binder)
ATTACK_ON(hello_less_binders, HF_CLIENT_HELLO, drop_binder)
ATTACK_ON(hello_less_identities, HF_CLIENT_HELLO, drop_identity)
ATTACK_ON(hello_less, HF_CLIENT_HELLO, drop_both)
ATTACK_ON(hello_swap, HF_CLIENT_HELLO, swap)
ATTACK_ON(hello_longer, HF_CLIENT_HELLO, longer)
ATTACK_ON(hello_unknown, HF_CLIENT_HELLO, all_unknown)
ATTACK_ON(hello_modes, HF_CLIENT_HELLO, set_modes)
ATTACK_ON(hello_no_modes, HF_CLIENT_HELLO, drop_modes)
ATTACK_ON(hello_not_last, HF_CLIENT_HELLO, not_last)
ATTACK_ON(hello_signatures, HF_CLIENT_HELLO, drop_signatures)
ATTACK_ON(server_choice, HF_SERVER_HELLO, choose)
ATTACK_ON(server_none, HF_SERVER_HELLO, choose_none)
ATTACK_ON(server_share, HF_SERVER_HELLO, drop_share)

#define ON_SECOND(name, does)                                      \
    static void name(struct rogue *r, struct rogue_record *record) \
    {                                                              \
        if (edit_is(record, HF_CLIENT_HELLO) && record->number)    \
            r->step++, does(r, record);                            \
    }

ON_SECOND(second_binder, flip_binder)
ON_SECOND(second_unknown, all_unknown)
ON_SECOND(second_longer, longer)

/* ---- what comes of it ----------------------------------------------------------------------- */

/* The client offers "ours" and an imported key in two forms; the server knows
 * both forms. */
static void the_lists_of_keys_must_fit(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the binder of the one that is taken", hello_binder, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 1", 1, "")
        ATTACK("a binder less", hello_less_binders, HF_E_ILLEGAL, ANY_BYTE, "3 pre-shared keys and 2 binders", 2, "")
        ATTACK("an identity less", hello_less_identities, HF_E_ILLEGAL, ANY_BYTE, "2 pre-shared keys and 3 binders", 0, "")
        ATTACK("the one that is taken, less", hello_less, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 1", 1, "")
        ATTACK("one before it, less", hello_less, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 0", 0, "")
        ATTACK("one behind it, less", hello_less, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 1", 2, "")
        ATTACK("another order", hello_swap, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 0", 0, "")
        ATTACK("a NUL behind the identity", hello_longer, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 2", 1, "")
        ATTACK("the binder of one that nobody knows", hello_binder, HF_OK, ANY_BYTE, "", 0, "")
        ATTACK("the binder of one that is not taken", hello_binder, HF_OK, ANY_BYTE, "", 2, "")
        ATTACK("all unknown", hello_unknown, HF_E_UNKNOWN_PSK, ANY_BYTE, "", 0, "")
        ATTACK("psk_ke only", hello_modes, HF_E_NO_PSK, ANY_BYTE, "without a fresh key exchange", 0, "\1\0")
        ATTACK("both modes", hello_modes, HF_E_BAD_BINDER, ANY_BYTE, "", 0, "\2\0\1")
        ATTACK("no modes", hello_no_modes, HF_E_MISSING_EXTENSION, ANY_BYTE, "psk_key_exchange_modes", 0, "")
        ATTACK("not the last extension", hello_not_last, HF_E_ILLEGAL, ANY_BYTE, "last", 0, "")
        ATTACK("no signature_algorithms, which are not needed", hello_signatures, HF_E_BAD_BINDER, ANY_BYTE, "", 0, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_PSK, HF_SERVER, rows, HF_COUNT(rows));
}

/* RFC 8446 9.2: a hello with a key needs no signature_algorithms.  A server that
 * knows none of its keys goes on with certificates, and then it does. */
static void who_knows_no_key_wants_to_hear_of_signatures(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("no signature_algorithms, which are needed", hello_signatures, HF_E_MISSING_EXTENSION, ANY_BYTE, "signature_algorithms in ClientHello", 0, "")
        ATTACK("all unknown, and nothing else", hello_unknown, HF_OK, ANY_BYTE, "", 0, "")
    };
    /* clang-format on */
    const struct hf_psk key = { hf_span_text("ours"),
                                hf_span_text("what the client thinks is one"),
                                0 };
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()) &&
                hf_config_add_psk(stage.client, &key));
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        attack_in(&stage, HF_SERVER, &rows[i]);
    stage_clear(&stage);
}

/* The client offered three; the server took the second. */
static void the_choice_is_one_of_ours(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the third", server_choice, HF_E_ILLEGAL, ANY_BYTE, "another hash", 0, "\0\2")
        ATTACK("the first", server_choice, HF_E_ILLEGAL, ANY_BYTE, "another hash", 0, "\0\0")
        ATTACK("one too many", server_choice, HF_E_NOT_OFFERED, ANY_BYTE, "there were 3", 0, "\0\3")
        ATTACK("far too many", server_choice, HF_E_NOT_OFFERED, ANY_BYTE, "there were 3", 0, "\xff\xff")
        ATTACK("none", server_none, HF_E_NO_PSK, ANY_BYTE, "none of those that were offered", 0, "")
        ATTACK("half a number", server_choice, HF_E_TRUNCATED, ANY_BYTE, "", 0, "\0")
        ATTACK("no share", server_share, HF_E_ILLEGAL, ANY_BYTE, "key_share", 0, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_PSK, HF_CLIENT, rows, HF_COUNT(rows));
}

/* After the retry there is one key left, which the server has looked up in the
 * first hello. */
static void a_second_hello_is_judged_anew(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("a bit of the binder", second_binder, HF_E_BAD_BINDER, ANY_BYTE, "pre-shared key 0", 0, "")
        ATTACK("another identity", second_unknown, HF_E_RETRY_CHANGED, ANY_BYTE, "pre_shared_key", 0, "")
        ATTACK("a NUL behind it", second_longer, HF_E_RETRY_CHANGED, ANY_BYTE, "pre_shared_key", 0, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_PSK_RETRY, HF_SERVER, rows, HF_COUNT(rows));
}

/* RFC 8446 4.2.11: "an obfuscated_ticket_age of 0 SHOULD be used" */
static void look_at_ages(struct rogue *r, struct rogue_record *record)
{
    size_t at = 0, len;
    struct edit_psks l;

    if (!edit_is(record, HF_CLIENT_HELLO))
        return;
    l = edit_psks(record);
    while (at < l.ids_len) {
        at += entry(l.ids + at, 0, 2, 4, &len);
        assert_int_equal(hf_number(l.ids + at + len - 4, 4), 0);
        at += len;
        r->step++;
    }
}

static void the_age_of_an_external_key_is_zero(void **state)
{
    static struct rogue rogue;

    (void)state;
    for (unsigned scene = SCENE_PSK; scene <= SCENE_PSK_RETRY; scene++) {
        assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost",
                                look_at_ages));
        assert_true(rogue_run(&rogue));
        /* Three; or two, and one of them again. */
        assert_int_equal(rogue.step, 3);
        rogue_end(&rogue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_of_keys_must_fit),
        cmocka_unit_test(who_knows_no_key_wants_to_hear_of_signatures),
        cmocka_unit_test(the_choice_is_one_of_ours),
        cmocka_unit_test(a_second_hello_is_judged_anew),
        cmocka_unit_test(the_age_of_an_external_key_is_zero),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
