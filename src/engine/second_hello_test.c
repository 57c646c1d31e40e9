/* second_hello_test.c - after a HelloRetryRequest the second ClientHello is the
 * first with what was asked for, and nothing else is different (RFC 8446
 * 4.1.2). */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM = 6, SESSION_ID = 38, SUITES = SESSION_ID + 33 };

/* Like ATTACK_ON, but for the second hello. */
#define ON_SECOND(name, does)                                      \
    static void name(struct rogue *r, struct rogue_record *record) \
    {                                                              \
        if (edit_is(record, HF_CLIENT_HELLO) && record->number)    \
            r->step++, does(r, record);                            \
    }

ON_SECOND(put, attack_put)
ON_SECOND(set, attack_set)
ON_SECOND(add, attack_add)
ON_SECOND(drop, attack_drop)
ON_SECOND(twice, attack_twice)
ON_SECOND(tail, attack_tail)

static void change_id(struct rogue *r, struct rogue_record *record)
{
    edit_splice(record, SESSION_ID, 33, attack_bytes(r));
}

static void change_suites(struct rogue *r, struct rogue_record *record)
{
    edit_splice(record, SUITES, 2 + hf_number(record->bytes + SUITES, 2),
                attack_bytes(r));
}

static void change_compression(struct rogue *r, struct rogue_record *record)
{
    size_t at = SUITES + 2 + hf_number(record->bytes + SUITES, 2);

    edit_splice(record, at, 2, attack_bytes(r));
}

ON_SECOND(id, change_id)
ON_SECOND(suites, change_suites)
ON_SECOND(compression, change_compression)

static void every_field_stays(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("legacy_version", put, HF_E_RETRY_CHANGED, ANY_BYTE, "legacy_version", 4, "\3\2")
        ATTACK("the first byte of random", put, HF_E_RETRY_CHANGED, ANY_BYTE, "random", RANDOM, "\0\1\2\3")
        ATTACK("the last bytes of random", put, HF_E_RETRY_CHANGED, ANY_BYTE, "random", RANDOM + 28, "\0\1\2\3")
        ATTACK("the session id", put, HF_E_RETRY_CHANGED, ANY_BYTE, "legacy_session_id", SESSION_ID + 29, "\0\1\2\3")
        ATTACK("no session id", id, HF_E_RETRY_CHANGED, ANY_BYTE, "legacy_session_id", 0, "\0")
        ATTACK("a suite less", suites, HF_E_RETRY_CHANGED, ANY_BYTE, "cipher_suites", 0, "\0\2\x13\1")
        ATTACK("other suites", suites, HF_E_RETRY_CHANGED, ANY_BYTE, "cipher_suites", 0, "\0\6\x13\2\x13\1\x13\3")
        ATTACK("compression", compression, HF_E_RETRY_CHANGED, ANY_BYTE, "legacy_compression_methods", 0, "\2\0\1")
        ATTACK("a byte behind it", tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_SERVER, rows, HF_COUNT(rows));
}

static void every_extension_stays(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("no server name", drop, HF_E_RETRY_CHANGED, ANY_BYTE, "", 0, "")
        ATTACK("another server name", set, HF_E_RETRY_CHANGED, ANY_BYTE, "server_name", 0, "\0\x0e\0\0\x0blocalhost.b")
        ATTACK("other groups", set, HF_E_RETRY_CHANGED, ANY_BYTE, "supported_groups", 10, "\0\4\0\x17\0\x1d")
        ATTACK("no groups", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "supported_groups", 10, "")
        ATTACK("other signatures", set, HF_E_RETRY_CHANGED, ANY_BYTE, "signature_algorithms", 13, "\0\2\4\3")
        ATTACK("no signatures", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "signature_algorithms", 13, "")
        ATTACK("other versions", set, HF_E_RETRY_CHANGED, ANY_BYTE, "supported_versions", 43, "\4\3\4\3\3")
        ATTACK("no versions", drop, HF_E_RETRY_CHANGED, ANY_BYTE, "supported_versions", 43, "")
        ATTACK("only version 1.2", set, HF_E_RETRY_CHANGED, ANY_BYTE, "supported_versions", 43, "\2\3\3")
        ATTACK("ALPN, which was not there", add, HF_E_RETRY_CHANGED, ANY_BYTE, "application_layer", 16, "\0\3\2h2")
        ATTACK("an unknown one more", add, HF_E_RETRY_CHANGED, ANY_BYTE, "", 0x7777, "")
        ATTACK("two lists of groups", twice, HF_E_DUPLICATE, ANY_BYTE, "supported_groups", 10, "")
        ATTACK("early data", add, HF_E_RETRY_CHANGED, ANY_BYTE, "early_data", 42, "")
        ATTACK("a cookie that we did not give", add, HF_E_ILLEGAL, ANY_BYTE, "cookie", 44, "\0\1x")
        ATTACK("padding may come", add, HF_OK, ANY_BYTE, "", 21, "\0\0\0")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_SERVER, rows, HF_COUNT(rows));
}

/* ALPN changed, dropped and swapped: the application must not see another
 * protocol than the one that was judged. */
static void protocols_stay(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("other protocols", set, HF_E_RETRY_CHANGED, ANY_BYTE, "application_layer", 16, "\0\3\2h2")
        ATTACK("no protocols", drop, HF_E_RETRY_CHANGED, ANY_BYTE, "", 16, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_ALL, HF_SERVER, rows, HF_COUNT(rows));
}

static void swap_two(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[1024];
    struct hf_span there = edit_body(record, 13);
    size_t len = there.len;

    (void)r;
    memcpy(body, there.at, len);
    edit_drop(record, 13);
    edit_add(record, 13, hf_span(body, len)); /* now the last */
}

ON_SECOND(swap, swap_two)

static void the_order_of_extensions_stays(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "signature_algorithms at the end", swap, HF_E_RETRY_CHANGED, ANY_BYTE,
        "", 0, "") };

    (void)state;
    attack_all(SCENE_RETRY, HF_SERVER, rows, HF_COUNT(rows));
}

/* A share in P-256 that is right and one more entry, before or behind it. */
static void second_share(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[200];
    struct hf_span there = edit_body(record, 51), more = attack_bytes(r);
    size_t behind = attack_row(r)->number ? there.len : 2;

    assert_true(there.len + more.len <= sizeof(body));
    memcpy(body, there.at, behind);
    memcpy(body + behind, more.at, more.len);
    memcpy(body + behind + more.len, there.at + behind, there.len - behind);
    hf_store_number(body, there.len - 2 + more.len, 2);
    edit_set(record, 51, hf_span(body, there.len + more.len));
}

ON_SECOND(share, second_share)

#define ONES8 "\1\1\1\1\1\1\1\1"
#define ONES32 ONES8 ONES8 ONES8 ONES8

static void the_share_is_the_one_asked_for_and_alone(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("no key_share", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "key_share", 51, "")
        ATTACK("no share", set, HF_E_RETRY_CHANGED, ANY_BYTE, "secp256r1", 51, "\0\0")
        ATTACK("the first one again", set, HF_E_RETRY_CHANGED, ANY_BYTE, "secp256r1", 51, "\0\x24\0\x1d\0\x20" ONES32)
        ATTACK("another group", set, HF_E_RETRY_CHANGED, ANY_BYTE, "secp256r1", 51, "\0\5\0\x18\0\1\4")
        ATTACK("one more behind it", share, HF_E_RETRY_CHANGED, ANY_BYTE, "secp256r1", 1, "\0\x1d\0\x20" ONES32)
        ATTACK("one more before it", share, HF_E_RETRY_CHANGED, ANY_BYTE, "secp256r1", 0, "\0\x1d\0\x20" ONES32)
        ATTACK("the same group twice", share, HF_E_ILLEGAL, ANY_BYTE, "0x0017", 1, "\0\x17\0\1\4")
        ATTACK("a share of 1 byte", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes, not 65", 51, "\0\5\0\x17\0\1\4")
        ATTACK("a share off the curve", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 51, "\0\x45\0\x17\0\x41\4" ONES32 ONES32)
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_SERVER, rows, HF_COUNT(rows));
}

/* The first hello cannot be answered twice: nothing leads back. */
static void third_hello(struct rogue *r, struct rogue_record *record)
{
    static struct rogue_record hello;

    if (edit_is(record, HF_CLIENT_HELLO))
        hello = *record;
    if (record->from == HF_CLIENT && record->epoch && !r->step++) {
        *record = hello;
        record->epoch = HF_HANDSHAKE;
    }
}

static void a_third_hello_is_unexpected(void **state)
{
    static const struct attack rows[] = { ATTACK("a third hello", third_hello,
                                                 HF_E_UNEXPECTED, ANY_BYTE,
                                                 "client_hello", 0, "") };

    (void)state;
    attack_all(SCENE_RETRY, HF_SERVER, rows, HF_COUNT(rows));
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_stays),
        cmocka_unit_test(every_extension_stays),
        cmocka_unit_test(protocols_stay),
        cmocka_unit_test(the_order_of_extensions_stays),
        cmocka_unit_test(the_share_is_the_one_asked_for_and_alone),
        cmocka_unit_test(a_third_hello_is_unexpected),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
