/* client_hello_test.c - a server, and what a ClientHello must not say or leave
 * out. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION_ID = 38, SUITES = SESSION_ID + 33 };

ATTACK_ON(put, HF_CLIENT_HELLO, attack_put)
ATTACK_ON(set, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(add, HF_CLIENT_HELLO, attack_add)
ATTACK_ON(drop, HF_CLIENT_HELLO, attack_drop)
ATTACK_ON(twice, HF_CLIENT_HELLO, attack_twice)
ATTACK_ON(tail, HF_CLIENT_HELLO, attack_tail)

/* ---- the fixed part ----------------------------------------------------------- */

/* Replace a vector of the fixed part, its length included. */
static size_t vector_at(const struct rogue_record *record, unsigned which)
{
    size_t at = SESSION_ID;

    if (which > 0)
        at += 1u + record->bytes[at];
    if (which > 1)
        at += 2 + hf_number(record->bytes + at, 2);
    return at;
}

static void change_vector(struct rogue *r, struct rogue_record *record)
{
    unsigned which = attack_row(r)->number;
    size_t at = vector_at(record, which);
    size_t old = which == 1 ? 2 + hf_number(record->bytes + at, 2)
                            : 1u + record->bytes[at];

    edit_splice(record, at, old, attack_bytes(r));
}

ATTACK_ON(vector, HF_CLIENT_HELLO, change_vector)

#define TEN "0123456789"
enum { THE_ID, THE_SUITES, THE_COMPRESSION };

static void the_fixed_part_is_checked(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("SSL 3.0 (RFC 8446 D.5)", put, HF_E_NO_VERSION, ANY_BYTE, "SSL 3.0", 4, "\3\0")
        ATTACK("legacy_version 0x1234 means nothing", put, HF_OK, ANY_BYTE, "", 4, "\x12\x34")
        ATTACK("legacy_version 0x0301 means nothing", put, HF_OK, ANY_BYTE, "", 4, "\3\1")
        ATTACK("legacy_version 0x0305 means nothing", put, HF_OK, ANY_BYTE, "", 4, "\3\5")
        ATTACK("a session id of 33 bytes", vector, HF_E_BOUNDS, 34, "", THE_ID, "\x21" TEN TEN TEN "012")
        ATTACK("no suites", vector, HF_E_BOUNDS, 67, "", THE_SUITES, "\0\0")
        ATTACK("a suite and a half", vector, HF_E_ELEMENT, 71, "", THE_SUITES, "\0\3\x13\1\x13")
        ATTACK("suites that we do not have", vector, HF_E_NO_SUITE, ANY_BYTE, "", THE_SUITES, "\0\6\x13\4\x13\5\xc0\x2b")
        ATTACK("GREASE suites among ours", vector, HF_OK, ANY_BYTE, "", THE_SUITES, "\0\6\x0a\x0a\x13\1\xda\xda")
        ATTACK("no compression methods", vector, HF_E_BOUNDS, 75, "", THE_COMPRESSION, "\0")
        ATTACK("DEFLATE too", vector, HF_E_COMPRESSION, ANY_BYTE, "0001", THE_COMPRESSION, "\2\0\1")
        ATTACK("DEFLATE alone", vector, HF_E_COMPRESSION, ANY_BYTE, "01", THE_COMPRESSION, "\1\1")
        ATTACK("null twice", vector, HF_E_COMPRESSION, ANY_BYTE, "0000", THE_COMPRESSION, "\2\0\0")
        ATTACK("a byte behind it", tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

static size_t whole; /* bytes of the hello that was cut */

static void cut_to(struct rogue *r, struct rogue_record *record)
{
    whole = record->len;
    attack_cut(r, record);
}

ATTACK_ON(cut, HF_CLIENT_HELLO, cut_to)

/* Every length that a hello can be cut to. */
static void a_hello_cut_anywhere_is_refused(void **state)
{
    (void)state;
    whole = 5;
    for (uint32_t n = 4; n < whole; n++) {
        /* 32 bytes of session id, three suites, null compression */
        const uint32_t fixed = SUITES + 2 + 6 + 2;
        struct attack row = {
            .what = "cut", .edit = cut, .number = n, .byte = ANY_BYTE
        };

        /* There it is a hello without extensions, as SSL knew them. */
        row.code = n == fixed ? HF_E_NO_VERSION : HF_E_TRUNCATED;
        attack_in(attack_stage(SCENE_FULL), HF_SERVER, &row);
    }
}

/* ---- extensions in general ----------------------------------------------------------- */

static void make_old(struct rogue *r, struct rogue_record *record)
{
    size_t block = edit_block(record);

    edit_splice(record, block, record->len - block, hf_span(NULL, 0));
    hf_store_number(record->bytes + 4, attack_row(r)->number, 2);
}

ATTACK_ON(old, HF_CLIENT_HELLO, make_old)

static void old_clients_are_told_what_we_speak(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("TLS 1.2", old, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.2 (0x0303", 0x0303, "")
        ATTACK("TLS 1.1", old, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.1", 0x0302, "")
        ATTACK("TLS 1.0", old, HF_E_NO_VERSION, ANY_BYTE, "at most TLS 1.0", 0x0301, "")
        ATTACK("SSL 3.0", old, HF_E_NO_VERSION, ANY_BYTE, "at most SSL 3.0", 0x0300, "")
        ATTACK("1.3 without its extension", old, HF_E_NO_VERSION, ANY_BYTE, "", 0x0304, "")
        ATTACK("no supported_versions", drop, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.2", 43, "")
        ATTACK("1.2 in supported_versions", set, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.2", 43, "\2\3\3")
        ATTACK("drafts", set, HF_E_NO_VERSION, ANY_BYTE, "", 43, "\4\x7f\x1c\x7f\x17")
        ATTACK("only GREASE", set, HF_E_NO_VERSION, ANY_BYTE, "", 43, "\2\xba\xba")
        ATTACK("1.3 among others", set, HF_OK, ANY_BYTE, "", 43, "\6\x0a\x0a\3\3\3\4")
        ATTACK("no version", set, HF_E_BOUNDS, ANY_BYTE, "", 43, "\0")
        ATTACK("a version and a half", set, HF_E_ELEMENT, ANY_BYTE, "", 43, "\3\3\4\3")
        ATTACK("versions that lie about their length", set, HF_E_TRUNCATED, ANY_BYTE, "", 43, "\4\3\4")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

static void nothing_that_is_needed_may_be_missing(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("no supported_groups", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "supported_groups", 10, "")
        ATTACK("no key_share", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "key_share", 51, "")
        ATTACK("no signature_algorithms", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "signature_algorithms", 13, "")
        /* RFC 8446 4.2.9 */
        ATTACK("a PSK without a mode", add, HF_E_MISSING_EXTENSION, ANY_BYTE, "psk_key_exchange_modes", 41, "\0\7\0\1x\0\0\0\0\0\x21\x20" TEN TEN TEN "01")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

static void add_two(struct rogue *r, struct rogue_record *record)
{
    attack_add(r, record);
    attack_add(r, record);
}

/* A PSK with its mode, and something behind it. */
static void add_psk_first(struct rogue *r, struct rogue_record *record)
{
    attack_add(r, record);
    edit_add(record, 45, hf_span("\1\1", 2));
}

static void add_psk_last(struct rogue *r, struct rogue_record *record)
{
    edit_add(record, 45, hf_span("\1\1", 2));
    attack_add(r, record);
}

ATTACK_ON(two, HF_CLIENT_HELLO, add_two)
ATTACK_ON(psk_first, HF_CLIENT_HELLO, add_psk_first)
ATTACK_ON(psk_last, HF_CLIENT_HELLO, add_psk_last)

static void extensions_come_once_and_where_they_belong(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("two server names", twice, HF_E_DUPLICATE, ANY_BYTE, "server_name", 0, "")
        ATTACK("two lists of groups", twice, HF_E_DUPLICATE, ANY_BYTE, "supported_groups", 10, "")
        ATTACK("two lists of versions", twice, HF_E_DUPLICATE, ANY_BYTE, "supported_versions", 43, "")
        ATTACK("two key_share", twice, HF_E_DUPLICATE, ANY_BYTE, "key_share", 51, "")
        ATTACK("an unknown one twice", two, HF_E_DUPLICATE, ANY_BYTE, "", 0x7777, "x")
        ATTACK("an unknown one", add, HF_OK, ANY_BYTE, "", 0x7777, "x")
        ATTACK("a GREASE one", add, HF_OK, ANY_BYTE, "", 0x5a5a, "")
        ATTACK("oid_filters, which are a server's", add, HF_E_MISPLACED, ANY_BYTE, "oid_filters", 48, "\0\0")
        ATTACK("a PSK that is not last", psk_first, HF_E_ILLEGAL, ANY_BYTE, "last", 41, "\0\7\0\1x\0\0\0\0\0\x21\x20" TEN TEN TEN "01")
        ATTACK("a PSK of somebody else", psk_last, HF_OK, ANY_BYTE, "", 41, "\0\7\0\1x\0\0\0\0\0\x21\x20" TEN TEN TEN "01")
        ATTACK("a cookie that we did not give", add, HF_E_ILLEGAL, ANY_BYTE, "cookie", 44, "\0\1x")
        ATTACK("an empty cookie", add, HF_E_BOUNDS, ANY_BYTE, "", 44, "\0\0")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

/* The length of the block becomes another by so much. */
static void stretch_block(struct rogue *r, struct rogue_record *record)
{
    size_t block = edit_block(record);
    size_t len = hf_number(record->bytes + block, 2) + attack_row(r)->number;

    hf_store_number(record->bytes + block, len, 2);
}

ATTACK_ON(stretch, HF_CLIENT_HELLO, stretch_block)

static void lengths_that_do_not_nest_are_refused(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("a block one byte too long", stretch, HF_E_TRUNCATED, 77, "", 1, "")
        ATTACK("a block 16384 bytes too long", stretch, HF_E_TRUNCATED, 77, "announced", 16384, "")
        ATTACK("a block one byte too short", stretch, HF_E_TRUNCATED, ANY_BYTE, "", 0xffff, "")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

/* ---- each extension ------------------------------------------------------------------------ */

static void server_names_are_names(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("a staple wish of half a field", set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "\1\0")
        ATTACK("responders who are named", set, HF_OK, ANY_BYTE, "", 5, "\1\0\7\0\1a\0\2bc\0\0")
        ATTACK("a responder without a name", set, HF_E_BOUNDS, ANY_BYTE, "", 5, "\1\0\2\0\0\0\0")
        ATTACK("a responder longer than the list", set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "\1\0\3\0\2a\0\0")
        ATTACK("no word of a proof", set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "")
        ATTACK("a proof of another kind", set, HF_OK, ANY_BYTE, "", 5, "\2what it may be")
        ATTACK("half a length in the list", set, HF_E_TRUNCATED, ANY_BYTE, "", 5, "\1\0\4\0\1a\0\0\0")
        ATTACK("no way to use a PSK", set, HF_E_BOUNDS, ANY_BYTE, "", 45, "\0")
        ATTACK("no scheme for certificates", set, HF_E_BOUNDS, ANY_BYTE, "", 50, "\0\0")
        ATTACK("no authority", set, HF_E_BOUNDS, ANY_BYTE, "", 47, "\0\0")
        ATTACK("two names", set, HF_E_BOUNDS, ANY_BYTE, "exactly one", 0, "\0\x0c\0\0\3a.b\0\0\3c.d")
        ATTACK("no name in the list", set, HF_E_BOUNDS, ANY_BYTE, "", 0, "\0\0")
        ATTACK("nothing at all", set, HF_E_TRUNCATED, ANY_BYTE, "", 0, "")
        ATTACK("an empty name", set, HF_E_BOUNDS, ANY_BYTE, "", 0, "\0\3\0\0\0")
        ATTACK("a name of another type", set, HF_E_BOUNDS, ANY_BYTE, "exactly one", 0, "\0\6\1\0\3a.b")
        ATTACK("a NUL in it", set, HF_E_ILLEGAL, ANY_BYTE, "\\x00", 0, "\0\x11\0\0\x0elocalhost\0.evl")
        ATTACK("a line end in it", set, HF_E_ILLEGAL, ANY_BYTE, "\\x0d\\x0a", 0, "\0\7\0\0\4a\r\nb")
        ATTACK("an escape in it", set, HF_E_ILLEGAL, ANY_BYTE, "\\x1b", 0, "\0\6\0\0\3\x1b[m")
        ATTACK("bytes above ASCII", set, HF_E_ILLEGAL, ANY_BYTE, "\\xc3", 0, "\0\5\0\0\2\xc3\xa4")
        ATTACK("a blank in it", set, HF_E_ILLEGAL, ANY_BYTE, "", 0, "\0\6\0\0\3a b")
        ATTACK("a format in it is only a name", set, HF_OK, ANY_BYTE, "", 0, "\0\7\0\0\4%n%s")
        ATTACK("a byte behind the list", set, HF_E_TRAILING, ANY_BYTE, "", 0, "\0\6\0\0\3a.bx")
        ATTACK("an unknown name gets the first certificate", set, HF_OK, ANY_BYTE, "", 0, "\0\6\0\0\3a.b")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

static void groups_and_signatures_must_have_something_in_common(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("groups that we do not have", set, HF_E_NO_GROUP, ANY_BYTE, "ffdhe2048", 10, "\0\4\0\x15\1\0")
        ATTACK("no groups", set, HF_E_BOUNDS, ANY_BYTE, "", 10, "\0\0")
        ATTACK("a group and a half", set, HF_E_ELEMENT, ANY_BYTE, "", 10, "\0\3\0\x1d\0")
        ATTACK("signatures that we cannot make", set, HF_E_NO_SIGNATURE, ANY_BYTE, "ed448", 13, "\0\2\x08\x08")
        ATTACK("only PKCS#1, which TLS 1.3 does not sign with", set, HF_E_NO_SIGNATURE, ANY_BYTE, "rsa_pkcs1_sha256", 13, "\0\4\4\1\5\1")
        ATTACK("another curve than the key's", set, HF_E_NO_SIGNATURE, ANY_BYTE, "ecdsa_secp384r1_sha384", 13, "\0\2\5\3")
        ATTACK("RSA, which our key is not", set, HF_E_NO_SIGNATURE, ANY_BYTE, "rsa_pss_rsae_sha256", 13, "\0\2\x08\4")
        ATTACK("no signatures", set, HF_E_BOUNDS, ANY_BYTE, "", 13, "\0\0")
        ATTACK("a signature and a half", set, HF_E_ELEMENT, ANY_BYTE, "", 13, "\0\3\4\3\4")
        ATTACK("ours behind 40 that nobody knows", set, HF_OK, ANY_BYTE, "", 13, "\0\x2a" TEN TEN TEN TEN "\4\3")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

#define ONES8 "\1\1\1\1\1\1\1\1"
#define ONES32 ONES8 ONES8 ONES8 ONES8
#define ZERO8 "\0\0\0\0\0\0\0\0"
#define ZERO32 ZERO8 ZERO8 ZERO8 ZERO8

static void key_shares_are_checked_one_by_one(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("X25519 zero", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 51, "\0\x24\0\x1d\0\x20" ZERO32)
        ATTACK("31 bytes", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "31 bytes, not 32", 51, "\0\x23\0\x1d\0\x1f" ONES8 ONES8 ONES8 "\1\1\1\1\1\1\1")
        ATTACK("33 bytes", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 32", 51, "\0\x25\0\x1d\0\x21" ONES32 "\1")
        ATTACK("an empty share", set, HF_E_BOUNDS, ANY_BYTE, "", 51, "\0\4\0\x1d\0\0")
        ATTACK("the same group twice", set, HF_E_ILLEGAL, ANY_BYTE, "two key shares for group 0x001d", 51, "\0\x48\0\x1d\0\x20" ONES32 "\0\x1d\0\x20" ONES32)
        ATTACK("an unknown group twice", set, HF_E_ILLEGAL, ANY_BYTE, "0x7777", 51, "\0\x0a\x77\x77\0\1x\x77\x77\0\1x")
        ATTACK("a share cut short", set, HF_E_TRUNCATED, ANY_BYTE, "", 51, "\0\x22\0\x1d\0\x20" ONES8 ONES8 ONES8 "\1\1\1\1\1\1")
        ATTACK("a list cut short", set, HF_E_TRUNCATED, ANY_BYTE, "", 51, "\0\x24\0\x1d\0\x20" ONES8)
        ATTACK("half a header", set, HF_E_TRUNCATED, ANY_BYTE, "", 51, "\0\1\0")
        ATTACK("a byte behind the list", set, HF_E_TRAILING, ANY_BYTE, "", 51, "\0\x24\0\x1d\0\x20" ONES32 "x")
        ATTACK("P-256 off the curve", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 51, "\0\x45\0\x17\0\x41\4" ONES32 ONES32)
        ATTACK("P-256 compressed", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 65", 51, "\0\x25\0\x17\0\x21\2" ONES32)
        ATTACK("P-256 infinity", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes, not 65", 51, "\0\5\0\x17\0\1\0")
        ATTACK("P-256 all zero", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 51, "\0\x45\0\x17\0\x41\4" ZERO32 ZERO32)
        ATTACK("33 shares", set, HF_E_ILLEGAL, ANY_BYTE, "more than 32", 51, "\0\xa5"
            "\1\0\0\1x\1\1\0\1x\1\2\0\1x\1\3\0\1x\1\4\0\1x\1\5\0\1x\1\6\0\1x\1\7\0\1x"
            "\2\0\0\1x\2\1\0\1x\2\2\0\1x\2\3\0\1x\2\4\0\1x\2\5\0\1x\2\6\0\1x\2\7\0\1x"
            "\3\0\0\1x\3\1\0\1x\3\2\0\1x\3\3\0\1x\3\4\0\1x\3\5\0\1x\3\6\0\1x\3\7\0\1x"
            "\4\0\0\1x\4\1\0\1x\4\2\0\1x\4\3\0\1x\4\4\0\1x\4\5\0\1x\4\6\0\1x\4\7\0\1x"
            "\5\0\0\1x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, rows, HF_COUNT(rows));
}

static void protocols_are_a_list_of_names(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("none that we speak", set, HF_E_NO_PROTOCOL, ANY_BYTE, "\\x02h3", 16, "\0\3\2h3")
        ATTACK("a longer name", set, HF_E_NO_PROTOCOL, ANY_BYTE, "", 16, "\0\x0a\x09http/1.1x")
        ATTACK("another case", set, HF_E_NO_PROTOCOL, ANY_BYTE, "", 16, "\0\x09\x08HTTP/1.1")
        ATTACK("an empty list", set, HF_E_BOUNDS, ANY_BYTE, "", 16, "\0\0")
        ATTACK("an empty name", set, HF_E_BOUNDS, ANY_BYTE, "", 16, "\0\4\0\2h2")
        ATTACK("a name cut short", set, HF_E_TRUNCATED, ANY_BYTE, "", 16, "\0\3\5h2")
        ATTACK("a byte behind the list", set, HF_E_TRAILING, ANY_BYTE, "", 16, "\0\3\2h2x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_ALPN, HF_SERVER, rows, HF_COUNT(rows));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fixed_part_is_checked),
        cmocka_unit_test(a_hello_cut_anywhere_is_refused),
        cmocka_unit_test(old_clients_are_told_what_we_speak),
        cmocka_unit_test(nothing_that_is_needed_may_be_missing),
        cmocka_unit_test(extensions_come_once_and_where_they_belong),
        cmocka_unit_test(lengths_that_do_not_nest_are_refused),
        cmocka_unit_test(server_names_are_names),
        cmocka_unit_test(groups_and_signatures_must_have_something_in_common),
        cmocka_unit_test(key_shares_are_checked_one_by_one),
        cmocka_unit_test(protocols_are_a_list_of_names),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
