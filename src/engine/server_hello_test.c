/* server_hello_test.c - a client, and what a ServerHello or a HelloRetryRequest
 * must not say. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM = 6, ECHO = 38, SUITE = 71, COMPRESSION = 73, BLOCK = 74 };

ATTACK_ON(put, HF_SERVER_HELLO, attack_put)
ATTACK_ON(set, HF_SERVER_HELLO, attack_set)
ATTACK_ON(add, HF_SERVER_HELLO, attack_add)
ATTACK_ON(drop, HF_SERVER_HELLO, attack_drop)
ATTACK_ON(twice, HF_SERVER_HELLO, attack_twice)
ATTACK_ON(tail, HF_SERVER_HELLO, attack_tail)
ATTACK_ON(cut, HF_SERVER_HELLO, attack_cut)
ATTACK_ON(put_retry, HF_HELLO_RETRY_REQUEST, attack_put)
ATTACK_ON(set_retry, HF_HELLO_RETRY_REQUEST, attack_set)
ATTACK_ON(add_retry, HF_HELLO_RETRY_REQUEST, attack_add)
ATTACK_ON(drop_retry, HF_HELLO_RETRY_REQUEST, attack_drop)
ATTACK_ON(twice_retry, HF_HELLO_RETRY_REQUEST, attack_twice)
ATTACK_ON(tail_retry, HF_HELLO_RETRY_REQUEST, attack_tail)

/* ---- echoes and choices --------------------------------------------------------- */

static void without_session_id(struct rogue *r, struct rogue_record *record)
{
    static const uint8_t none[1];

    (void)r;
    edit_splice(record, ECHO, 33, HF_SPAN(none));
}

static void with_31_bytes(struct rogue *r, struct rogue_record *record)
{
    uint8_t shorter[32] = { 31 };

    (void)r;
    memcpy(shorter + 1, record->bytes + ECHO + 1, 31);
    edit_splice(record, ECHO, 33, HF_SPAN(shorter));
}

ATTACK_ON(no_echo, HF_SERVER_HELLO, without_session_id)
ATTACK_ON(short_echo, HF_SERVER_HELLO, with_31_bytes)

static void the_client_believes_no_other_echo(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("legacy_version 0x0302", put, HF_E_ILLEGAL, ANY_BYTE, "0x0302", 4, "\3\2")
        ATTACK("legacy_version 0x0304", put, HF_E_ILLEGAL, ANY_BYTE, "0x0304", 4, "\3\4")
        /* RFC 8446 D.5 */
        ATTACK("legacy_version SSL 3.0", put, HF_E_NO_VERSION, ANY_BYTE, "0x0300", 4, "\3\0")
        ATTACK("another session id", put, HF_E_ILLEGAL, ANY_BYTE, "session id", ECHO + 32, "\xff")
        ATTACK("no session id", no_echo, HF_E_ILLEGAL, ANY_BYTE, "session id", 0, "")
        ATTACK("a shorter session id", short_echo, HF_E_ILLEGAL, ANY_BYTE, "session id", 0, "")
        ATTACK("compression", put, HF_E_COMPRESSION, ANY_BYTE, "1", COMPRESSION, "\1")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void the_server_cannot_choose_what_was_not_offered(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("an unknown suite", put, HF_E_NOT_OFFERED, ANY_BYTE, "0x1399", SUITE, "\x13\x99")
        ATTACK("a suite that we do not have", put, HF_E_NOT_OFFERED, ANY_BYTE, "0x1304", SUITE, "\x13\4")
        ATTACK("a suite of TLS 1.2", put, HF_E_NOT_OFFERED, ANY_BYTE, "0xc02b", SUITE, "\xc0\x2b")
        ATTACK("no suite", put, HF_E_NOT_OFFERED, ANY_BYTE, "0x0000", SUITE, "\0\0")
        ATTACK("a GREASE suite", put, HF_E_NOT_OFFERED, ANY_BYTE, "0x0a0a", SUITE, "\x0a\x0a")
        ATTACK("a group without a share", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x0018", 51, "\0\x18\0\1\4")
        ATTACK("a group that we do not have", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x0019", 51, "\0\x19\0\1\4")
        ATTACK("version 1.2 as an extension", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x0303", 43, "\3\3")
        ATTACK("version 1.4", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x0305", 43, "\3\5")
        ATTACK("a draft", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x7f1c", 43, "\x7f\x1c")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

/* Known to us, but left out by our own configuration. */
static void a_suite_left_out_by_config_is_not_offered(void **state)
{
    static const struct attack rows[] = { ATTACK("a suite left out", put,
                                                 HF_E_NOT_OFFERED, ANY_BYTE,
                                                 "0x1302", SUITE, "\x13\2") };
    static const uint16_t one[] = { 0x1301, 0 };
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_set_suites(stage.client, one));
    attack_in(&stage, HF_CLIENT, rows);
    stage_clear(&stage);
}

/* ---- extensions ------------------------------------------------------------------ */

static void a_server_hello_has_two_extensions_and_no_others(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("no key_share", drop, HF_E_MISSING_EXTENSION, ANY_BYTE, "key_share", 51, "")
        /* Then it says TLS 1.2, where key_share must not be. */
        ATTACK("no supported_versions", drop, HF_E_MISPLACED, ANY_BYTE, "key_share", 43, "")
        ATTACK("a PSK nobody offered", add, HF_E_UNSOLICITED, ANY_BYTE, "pre_shared_key", 41, "\0\0")
        ATTACK("ALPN", add, HF_E_MISPLACED, 118, "application_layer_protocol_negotiation", 16, "\0\3\2h2")
        ATTACK("a cookie", add, HF_E_MISPLACED, 118, "cookie", 44, "\0\1x")
        ATTACK("an unknown extension", add, HF_E_UNSOLICITED, 118, "", 0xfafa, "")
        ATTACK("two key shares", twice, HF_E_DUPLICATE, 118, "key_share", 51, "")
        ATTACK("two versions", twice, HF_E_DUPLICATE, 118, "supported_versions", 43, "")
        ATTACK("a byte behind it", tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
        ATTACK("a version of one byte", set, HF_E_TRUNCATED, ANY_BYTE, "", 43, "\3")
        ATTACK("a version of three bytes", set, HF_E_TRAILING, ANY_BYTE, "", 43, "\3\4\3")
        ATTACK("an empty share", set, HF_E_BOUNDS, ANY_BYTE, "", 51, "\0\x1d\0\0")
        ATTACK("a share that lies about its length", set, HF_E_TRUNCATED, ANY_BYTE, "", 51, "\0\x1d\0\x20xx")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void a_server_hello_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (uint32_t n = 4; n < 130; n++) {
        struct attack row = {
            .what = "cut", .edit = cut, .number = n, .byte = ANY_BYTE
        };

        /* Up to here it could be a ServerHello of TLS 1.2 without extensions. */
        row.code = n == BLOCK ? HF_E_NO_VERSION : HF_E_TRUNCATED;
        if (n >= BLOCK + 2 + 6 + 36 + 6 - 2)
            break;
        attack_in(attack_stage(SCENE_FULL), HF_CLIENT, &row);
    }
}

/* ---- key shares -------------------------------------------------------------------- */

#define ZERO8 "\0\0\0\0\0\0\0\0"
#define ONES8 "\1\1\1\1\1\1\1\1"
/* a point of order 8 on Curve25519 */
#define ORDER8                                                         \
    "\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a" \
    "\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00"

static void bad_x25519_shares_are_illegal_parameters(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("zero", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 51, "\0\x1d\0\x20" ZERO8 ZERO8 ZERO8 ZERO8)
        ATTACK("one", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 51, "\0\x1d\0\x20\1\0\0\0\0\0\0\0" ZERO8 ZERO8 ZERO8)
        ATTACK("order 8", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "x25519", 51, "\0\x1d\0\x20" ORDER8)
        ATTACK("31 bytes", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "31 bytes, not 32", 51, "\0\x1d\0\x1f" ONES8 ONES8 ONES8 "\1\1\1\1\1\1\1")
        ATTACK("33 bytes", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 32", 51, "\0\x1d\0\x21" ONES8 ONES8 ONES8 ONES8 "\1")
        ATTACK("1 byte", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes", 51, "\0\x1d\0\1\1")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

/* Change the share of 65 bytes; r->ctx says where and what. */
static void change_point(struct rogue *r, struct rogue_record *record)
{
    size_t at = edit_find(record, 51) + 8;

    edit_put(record, at + attack_row(r)->number, attack_bytes(r));
}

static void compress_point(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[4 + 33] = { 0, 23, 0, 33 };

    (void)r;
    memcpy(body + 4, edit_body(record, 51).at + 4, 33);
    body[4] = edit_body(record, 51).at[68] & 1 ? 3 : 2;
    edit_set(record, 51, HF_SPAN(body));
}

ATTACK_ON(point, HF_SERVER_HELLO, change_point)
ATTACK_ON(compressed, HF_SERVER_HELLO, compress_point)

static void bad_points_on_p256_are_illegal_parameters(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("not on the curve", point, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 40, ZERO8)
        ATTACK("hybrid form", point, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\6")
        ATTACK("compressed form, full length", point, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 0, "\2")
        ATTACK("x beyond the field", point, HF_E_BAD_KEY_SHARE, ANY_BYTE, "secp256r1", 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" "\xff\xff\xff\xff\xff\xff\xff\xff")
        ATTACK("compressed", compressed, HF_E_BAD_KEY_SHARE, ANY_BYTE, "33 bytes, not 65", 0, "")
        ATTACK("infinity", set, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes, not 65", 51, "\0\x17\0\1\0")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_CLIENT, rows, HF_COUNT(rows));
}

/* ---- hybrids ------------------------------------------------------------------------------ */

/* The reply has 1088 bytes of a ciphertext and 32 of a public key. */
static void cut_hybrid(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[4 + 1200];
    struct hf_span there = edit_body(record, 51);
    size_t len = attack_row(r)->number;

    assert_true(there.len <= sizeof(body));
    memset(body, 1, sizeof(body));
    memcpy(body, there.at, there.len < len + 4 ? there.len : len + 4);
    hf_store_number(body + 2, len, 2);
    edit_set(record, 51, hf_span(body, 4 + len));
}

/* In a hello the entry stands in a list. */
static void cut_first_share(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[6 + 1300];
    struct hf_span there = edit_body(record, 51);
    size_t len = attack_row(r)->number;

    assert_true(there.len <= sizeof(body));
    memset(body, 1, sizeof(body));
    memcpy(body, there.at, there.len < len + 6 ? there.len : len + 6);
    hf_store_number(body, len + 4, 2);
    hf_store_number(body + 4, len, 2);
    edit_set(record, 51, hf_span(body, 6 + len));
}

ATTACK_ON(hybrid, HF_SERVER_HELLO, cut_hybrid)
ATTACK_ON(client_hybrid, HF_CLIENT_HELLO, cut_first_share)

/* The share's own bytes at number. */
static void put_in_share(struct rogue *r, struct rogue_record *record)
{
    edit_put(record, edit_find(record, 51) + 4 + attack_row(r)->number,
             attack_bytes(r));
}

ATTACK_ON(hybrid_first, HF_SERVER_HELLO, put_in_share)
ATTACK_ON(client_hybrid_first, HF_CLIENT_HELLO, put_in_share)

static void a_hybrid_share_has_one_length(void **state)
{
    static const uint16_t group[2][2] = { { 4588, 0 }, { 4587, 0 } };
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("nothing but the ciphertext", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1088 bytes, not 1120", 1088, "")
        ATTACK("nothing but X25519", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "32 bytes, not 1120", 32, "")
        ATTACK("a byte less", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1119 bytes", 1119, "")
        ATTACK("a byte more", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1121 bytes", 1121, "")
        ATTACK("one byte", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1 bytes", 1, "")
    };
    static const struct attack rows256[] = {
        ATTACK("nothing but the ciphertext", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1088 bytes, not 1153", 1088, "")
        ATTACK("nothing but the point", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "65 bytes, not 1153", 65, "")
        ATTACK("a byte less", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1152 bytes", 1152, "")
        ATTACK("a byte more", hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1154 bytes", 1154, "")
        ATTACK("a compressed point", hybrid_first, HF_E_BAD_KEY_SHARE, ANY_BYTE, "SecP256r1MLKEM768", 4, "\2")
        ATTACK("infinity", hybrid_first, HF_E_BAD_KEY_SHARE, ANY_BYTE, "SecP256r1MLKEM768", 4, "\0")
        ATTACK("a point off the curve", hybrid_first, HF_E_BAD_KEY_SHARE, ANY_BYTE, "SecP256r1MLKEM768", 4, "\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
    };
    static const struct attack hellos256[] = {
        ATTACK("nothing but the key of ML-KEM", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1184 bytes, not 1249", 1184, "")
        ATTACK("nothing but the point", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "65 bytes, not 1249", 65, "")
        ATTACK("a byte less", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1248 bytes", 1248, "")
        ATTACK("a byte more", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1250 bytes", 1250, "")
        ATTACK("a compressed point", client_hybrid_first, HF_E_BAD_KEY_SHARE, ANY_BYTE, "SecP256r1MLKEM768", 6, "\3")
        ATTACK("a key that is not reduced", client_hybrid_first, HF_E_BAD_KEY_SHARE, ANY_BYTE, "SecP256r1MLKEM768", 6 + 65, "\xff\xff\xff")
    };
    static const struct attack hellos[] = {
        ATTACK("nothing but the key of ML-KEM", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1184 bytes, not 1216", 1184, "")
        ATTACK("nothing but X25519", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "32 bytes, not 1216", 32, "")
        ATTACK("a byte less", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1215 bytes", 1215, "")
        ATTACK("a byte more", client_hybrid, HF_E_BAD_KEY_SHARE, ANY_BYTE, "1217 bytes", 1217, "")
    };
    /* clang-format on */
    struct stage stage;

    (void)state;
    for (size_t g = 0; g < 2; g++) {
        assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
        assert_true(hf_config_set_groups(stage.client, group[g]) &&
                    hf_config_set_shares(stage.client, group[g]) &&
                    hf_config_set_groups(stage.server, group[g]));
        for (size_t i = 0; i < (g ? HF_COUNT(rows256) : HF_COUNT(rows)); i++)
            attack_in(&stage, HF_CLIENT, g ? &rows256[i] : &rows[i]);
        for (size_t i = 0; i < (g ? HF_COUNT(hellos256) : HF_COUNT(hellos));
             i++)
            attack_in(&stage, HF_SERVER, g ? &hellos256[i] : &hellos[i]);
        stage_clear(&stage);
    }
}

/* Who offers both makes one key for them, and either is taken at once. */
static void the_part_of_a_hybrid_is_a_share_as_well(void **state)
{
    static const uint16_t both[2][3] = { { 4588, 29, 0 }, { 4587, 23, 0 } };
    static struct rogue r;
    struct stage stage;

    (void)state;
    for (size_t g = 0; g < 2; g++)
        for (size_t which = 0; which < 2; which++) {
            const uint16_t one[] = { both[g][which], 0 };

            assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
            assert_true(hf_config_set_groups(stage.client, both[g]) &&
                        hf_config_set_shares(stage.client, both[g]) &&
                        hf_config_set_groups(stage.server, one));
            assert_true(rogue_begin(&r, &stage, "localhost", NULL));
            assert_true(rogue_run(&r));
            assert_int_equal(hf_conn_group(r.end[0].conn), one[0]);
            assert_false(hf_conn_retried(r.end[0].conn));
            rogue_end(&r);
            stage_clear(&stage);
        }
}

/* ---- downgrade (RFC 8446 4.1.3) --------------------------------------------------------- */

/* A ServerHello of TLS 1.2 or older whose random ends in row->bytes. */
static void make_older(struct rogue *r, struct rogue_record *record)
{
    size_t block = edit_block(record);

    edit_splice(record, block, record->len - block, hf_span(NULL, 0));
    hf_store_number(record->bytes + 4, attack_row(r)->number, 2);
    edit_put(record, RANDOM + 24, attack_bytes(r));
}

ATTACK_ON(older, HF_SERVER_HELLO, make_older)

static void a_downgrade_is_told_from_an_old_server(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("TLS 1.2, warned", older, HF_E_DOWNGRADE, ANY_BYTE, "TLS 1.2", 0x0303, "DOWNGRD\1")
        ATTACK("TLS 1.1, warned", older, HF_E_DOWNGRADE, ANY_BYTE, "TLS 1.1", 0x0302, "DOWNGRD\0")
        ATTACK("TLS 1.2, the warning of 1.1", older, HF_E_DOWNGRADE, ANY_BYTE, "TLS 1.2", 0x0303, "DOWNGRD\0")
        ATTACK("TLS 1.2", older, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.2", 0x0303, "DOWNGRD\2")
        ATTACK("TLS 1.1", older, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.1", 0x0302, "xxxxxxxx")
        ATTACK("TLS 1.0", older, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.0", 0x0301, "xxxxxxxx")
        ATTACK("SSL 3.0", older, HF_E_NO_VERSION, ANY_BYTE, "SSL 3.0", 0x0300, "xxxxxxxx")
        ATTACK("1.3 without its extension", older, HF_E_NO_VERSION, ANY_BYTE, "TLS 1.3", 0x0304, "xxxxxxxx")
        ATTACK("nonsense", older, HF_E_NO_VERSION, ANY_BYTE, "0x1234", 0x1234, "xxxxxxxx")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

/* ---- HelloRetryRequest (RFC 8446 4.1.4) ---------------------------------------------------- */

static void a_retry_must_ask_for_something_new(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("the group that it has", set_retry, HF_E_RETRY_USELESS, ANY_BYTE, "0x001d", 51, "\0\x1d")
        ATTACK("nothing", drop_retry, HF_E_RETRY_USELESS, ANY_BYTE, "neither", 51, "")
        ATTACK("a group that we do not have", set_retry, HF_E_NOT_OFFERED, ANY_BYTE, "0x0019", 51, "\0\x19")
        ATTACK("a GREASE group", set_retry, HF_E_NOT_OFFERED, ANY_BYTE, "0x1a1a", 51, "\x1a\x1a")
        ATTACK("an unknown suite", put_retry, HF_E_NOT_OFFERED, ANY_BYTE, "0x1304", SUITE, "\x13\4")
        ATTACK("another session id", put_retry, HF_E_ILLEGAL, ANY_BYTE, "session id", ECHO + 1, "zzzz")
        ATTACK("another version", put_retry, HF_E_ILLEGAL, ANY_BYTE, "0x0302", 4, "\3\2")
        ATTACK("SSL 3.0", put_retry, HF_E_NO_VERSION, ANY_BYTE, "0x0300", 4, "\3\0")
        ATTACK("compression", put_retry, HF_E_COMPRESSION, ANY_BYTE, "", COMPRESSION, "\1")
        ATTACK("version 1.2", set_retry, HF_E_NOT_OFFERED, ANY_BYTE, "0x0303", 43, "\3\3")
        ATTACK("no version", drop_retry, HF_E_MISSING_EXTENSION, ANY_BYTE, "supported_versions", 43, "")
        ATTACK("ALPN", add_retry, HF_E_MISPLACED, 84, "", 16, "\0\3\2h2")
        ATTACK("an unknown extension", add_retry, HF_E_UNSOLICITED, 84, "", 0xfafa, "")
        ATTACK("ECH nobody sent", add_retry, HF_E_UNSOLICITED, ANY_BYTE, "encrypted_client_hello", 65037, "12345678")
        ATTACK("two groups", twice_retry, HF_E_DUPLICATE, 84, "key_share", 51, "")
        ATTACK("a whole share", set_retry, HF_E_TRAILING, ANY_BYTE, "", 51, "\0\x17\0\1\4")
        ATTACK("an empty cookie", add_retry, HF_E_BOUNDS, ANY_BYTE, "", 44, "\0\0")
        ATTACK("a byte behind it", tail_retry, HF_E_TRAILING, 84, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_CLIENT, rows, HF_COUNT(rows));
}

static void what_the_retry_settled_stays(void **state)
{
    /* clang-format off */
    static const struct attack rows[] = {
        ATTACK("another suite", put, HF_E_RETRY_CHANGED, ANY_BYTE, "0x1301 in the retry, 0x1303 after it", SUITE, "\x13\3")
        ATTACK("the first group", set, HF_E_NOT_OFFERED, ANY_BYTE, "0x001d", 51, "\0\x1d\0\x20" ONES8 ONES8 ONES8 ONES8)
        ATTACK("TLS 1.2", older, HF_E_RETRY_CHANGED, ANY_BYTE, "older", 0x0303, "xxxxxxxx")
        ATTACK("TLS 1.2, warned", older, HF_E_RETRY_CHANGED, ANY_BYTE, "older", 0x0303, "DOWNGRD\1")
        ATTACK("a byte behind it", tail, HF_E_TRAILING, ANY_BYTE, "", 0, "x")
    };
    /* clang-format on */

    (void)state;
    attack_all(SCENE_RETRY, HF_CLIENT, rows, HF_COUNT(rows));
}

static void become_retry(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    edit_put(record, RANDOM, HF_SPAN(hf_retry_random));
    edit_set(record, 51, hf_span("\0\x18", 2));
}

ATTACK_ON(second_retry, HF_SERVER_HELLO, become_retry)

static void a_second_retry_is_unexpected(void **state)
{
    static const struct attack rows[] = { ATTACK("a second retry", second_retry,
                                                 HF_E_UNEXPECTED, ANY_BYTE,
                                                 "HelloRetryRequest", 0, "") };

    (void)state;
    attack_all(SCENE_RETRY, HF_CLIENT, rows, HF_COUNT(rows));
}

/* ---- a cookie alone ------------------------------------------------------------------------- */

static uint8_t hello_share[2][2048];
static size_t hello_share_len[2], hellos;

static void cookie_alone(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_HELLO_RETRY_REQUEST)) {
        edit_drop(record, 51);
        edit_add(record, 44, hf_span("\0\7biscuit", 9));
    }
    if (!edit_is(record, HF_CLIENT_HELLO))
        return;
    assert_true(hellos < 2);
    hello_share_len[hellos] = edit_body(record, 51).len;
    memcpy(hello_share[hellos], edit_body(record, 51).at,
           hello_share_len[hellos]);
    hellos++;
    assert_int_equal(edit_find(record, 44) != 0, hellos == 2);
    if (hellos == 2)
        assert_memory_equal(edit_body(record, 44).at, "\0\7biscuit", 9);
}

/* Echoed as it came, and the shares stand. */
static void a_cookie_alone_is_returned_with_the_same_shares(void **state)
{
    static struct rogue r;

    (void)state;
    hellos = 0;
    assert_true(
        rogue_begin(&r, attack_stage(SCENE_RETRY), "localhost", cookie_alone));
    assert_false(rogue_run(&r));
    assert_int_equal(hellos, 2);
    assert_int_equal(hello_share_len[0], hello_share_len[1]);
    assert_memory_equal(hello_share[0], hello_share[1], hello_share_len[0]);
    /* Our server never made it. */
    rogue_expect_words(&r, HF_SERVER, HF_E_ILLEGAL, "cookie");
    rogue_end(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_believes_no_other_echo),
        cmocka_unit_test(the_server_cannot_choose_what_was_not_offered),
        cmocka_unit_test(a_suite_left_out_by_config_is_not_offered),
        cmocka_unit_test(a_server_hello_has_two_extensions_and_no_others),
        cmocka_unit_test(a_server_hello_cut_anywhere_is_refused),
        cmocka_unit_test(bad_x25519_shares_are_illegal_parameters),
        cmocka_unit_test(bad_points_on_p256_are_illegal_parameters),
        cmocka_unit_test(a_hybrid_share_has_one_length),
        cmocka_unit_test(the_part_of_a_hybrid_is_a_share_as_well),
        cmocka_unit_test(a_downgrade_is_told_from_an_old_server),
        cmocka_unit_test(a_retry_must_ask_for_something_new),
        cmocka_unit_test(what_the_retry_settled_stays),
        cmocka_unit_test(a_second_retry_is_unexpected),
        cmocka_unit_test(a_cookie_alone_is_returned_with_the_same_shares),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
