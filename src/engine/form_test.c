/* form_test.c - what our own messages look like: every sentence of RFC 8446
 * that says how a field is set.  Each test is named for its sentences. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { VERSION = 4, RANDOM = 6, SESSION_ID = 38, SUITES = SESSION_ID + 33 };

static struct rogue rogue;
static struct rogue_record said[2][HF_MESSAGE_KINDS];
static struct rogue_record second_hello;
static size_t longest_record, empty_records;

static void keep(struct rogue *r, struct rogue_record *record)
{
    unsigned kind = record->bytes[0];

    (void)r;
    if (record->len > longest_record)
        longest_record = record->len;
    empty_records += record->len == 0;
    if (record->type != HF_CONTENT_HANDSHAKE)
        return;
    if (edit_is(record, HF_HELLO_RETRY_REQUEST))
        kind = HF_HELLO_RETRY_REQUEST;
    if (kind == HF_CLIENT_HELLO && record->number)
        second_hello = *record;
    else
        said[record->from][kind] = *record;
}

static void play(enum scene scene)
{
    memset(said, 0, sizeof(said));
    memset(&second_hello, 0, sizeof(second_hello));
    longest_record = empty_records = 0;
    assert_true(rogue_begin(&rogue, attack_stage(scene), "localhost", keep));
    assert_true(rogue_run(&rogue));
    rogue_end(&rogue);
}

/* Its extensions, in order: "0 10 13 43 51". */
static const char *extensions_of(const struct rogue_record *record)
{
    static char text[200];
    size_t at = edit_block(record);
    struct hf_span block = { record->bytes + at + 2,
                             hf_number(record->bytes + at, 2) };
    struct hf_span body;
    uint32_t number;

    text[0] = '\0';
    while (hf_wire_next_extension(&block, &number, &body))
        hf_format_more(text, sizeof(text), text[0] ? " %u" : "%u", number);
    assert_int_equal(block.len, 0);
    return text;
}

/* ---- ClientHello ------------------------------------------------------------------- */

/* 4.1.2: "legacy_version field MUST be set to 0x0303"; "this vector MUST contain
 * exactly one byte, set to zero"; D.4: "a new 32-byte value". 4.2.1: "MUST send
 * this extension"; 9.2: the mandatory ones; 4.2.2: "MUST NOT use cookies in
 * their initial ClientHello". */
static void a_hello_has_what_a_hello_must_have(void **state)
{
    const struct rogue_record *hello = &said[HF_CLIENT][HF_CLIENT_HELLO];
    size_t suites;

    (void)state;
    play(SCENE_FULL);
    assert_memory_equal(hello->bytes + VERSION, "\3\3", 2);
    assert_int_equal(hello->bytes[SESSION_ID], 32);
    suites = 2 + hf_number(hello->bytes + SUITES, 2);
    assert_memory_equal(hello->bytes + SUITES + suites, "\1\0", 2);
    assert_string_equal(extensions_of(hello), "0 10 13 43 51");
    assert_memory_equal(edit_body(hello, 43).at, "\2\3\4", 3);
    /* 9.1: rsa_pkcs1_sha256, rsa_pss_rsae_sha256, ecdsa_secp256r1_sha256 */
    assert_true(
        hf_wire_lists(hf_span_after(edit_body(hello, 13), 2), 2, 0x401));
    assert_true(
        hf_wire_lists(hf_span_after(edit_body(hello, 13), 2), 2, 0x804));
    assert_true(
        hf_wire_lists(hf_span_after(edit_body(hello, 13), 2), 2, 0x403));
}

/* 4.2.3: "They MUST NOT be offered or negotiated by any implementation. In
 * particular, MD5, SHA-224, and DSA MUST NOT be used"; nor is SHA-1. */
static void nothing_forbidden_is_offered(void **state)
{
    struct hf_span list;
    uint32_t scheme;

    (void)state;
    play(SCENE_FULL);
    list = hf_span_after(edit_body(&said[HF_CLIENT][HF_CLIENT_HELLO], 13), 2);
    while (hf_wire_next_number(2, &list, &scheme)) {
        assert_true(scheme >> 8 >= 4); /* SHA-256 and better, or EdDSA */
        assert_int_not_equal(scheme & 0xff, 2); /* DSA */
    }
}

/* 4.1.2 and C.1: fresh for every handshake; the session id too. */
static void no_two_hellos_are_alike(void **state)
{
    uint8_t before[2][64];

    (void)state;
    play(SCENE_FULL);
    memcpy(before[0], said[HF_CLIENT][HF_CLIENT_HELLO].bytes + RANDOM, 64);
    memcpy(before[1], said[HF_SERVER][HF_SERVER_HELLO].bytes + RANDOM, 32);
    play(SCENE_FULL);
    assert_memory_not_equal(
        before[0], said[HF_CLIENT][HF_CLIENT_HELLO].bytes + RANDOM, 16);
    assert_memory_not_equal(
        before[0] + 33, said[HF_CLIENT][HF_CLIENT_HELLO].bytes + RANDOM + 33,
        16);
    assert_memory_not_equal(
        before[1], said[HF_SERVER][HF_SERVER_HELLO].bytes + RANDOM, 16);
    /* 4.1.3: "MUST be generated independently of the ClientHello.random" */
    assert_memory_not_equal(said[HF_CLIENT][HF_CLIENT_HELLO].bytes + RANDOM,
                            said[HF_SERVER][HF_SERVER_HELLO].bytes + RANDOM,
                            16);
}

/* 4.1.2: "the client MUST send the same ClientHello without modification,
 * except" for the share; 4.2.8: "one containing only a new KeyShareEntry for
 * the group indicated". */
static void the_second_hello_is_the_first_with_another_share(void **state)
{
    struct rogue_record *first = &said[HF_CLIENT][HF_CLIENT_HELLO];
    struct hf_span share;

    (void)state;
    play(SCENE_RETRY);
    share = edit_body(&second_hello, 51);
    assert_int_equal(hf_number(share.at, 2), share.len - 2);
    assert_int_equal(hf_number(share.at + 2, 2), 23);
    assert_int_equal(hf_number(share.at + 4, 2), share.len - 6);
    edit_drop(first, 51);
    edit_drop(&second_hello, 51);
    assert_int_equal(first->len, second_hello.len);
    assert_memory_equal(first->bytes, second_hello.bytes, first->len);
}

/* ---- ServerHello and HelloRetryRequest ------------------------------------------------ */

static void check_server(const struct rogue_record *record, const char *exts)
{
    const struct rogue_record *hello = &said[HF_CLIENT][HF_CLIENT_HELLO];

    assert_memory_equal(record->bytes + VERSION, "\3\3", 2);
    assert_memory_equal(record->bytes + SESSION_ID, hello->bytes + SESSION_ID,
                        33);
    assert_int_equal(record->bytes[SUITES + 2], 0);
    assert_string_equal(extensions_of(record), exts);
    assert_memory_equal(edit_body(record, 43).at, "\3\4", 2);
}

/* 4.1.3: legacy_version 0x0303, the echo, compression 0, "MUST only include
 * extensions which are required to establish the cryptographic context"; 4.1.4:
 * "the minimal set of extensions", and the suite of the retry stays. */
static void a_server_hello_says_no_more_than_it_must(void **state)
{
    const struct rogue_record *hello = &said[HF_SERVER][HF_SERVER_HELLO];
    const struct rogue_record *retry = &said[HF_SERVER][HF_HELLO_RETRY_REQUEST];

    (void)state;
    play(SCENE_FULL);
    check_server(hello, "43 51");
    play(SCENE_RETRY);
    check_server(retry, "43 51");
    check_server(hello, "43 51");
    assert_int_equal(edit_body(retry, 51).len, 2);
    assert_memory_equal(retry->bytes + SUITES, hello->bytes + SUITES, 2);
}

/* ---- under keys -------------------------------------------------------------------------- */

/* 4.3.1: always there; 4.2: answers only to what was asked.  4.3.2: "This field
 * SHALL be zero length"; "The signature_algorithms extension MUST be
 * specified". */
static void answers_and_requests_are_as_asked(void **state)
{
    (void)state;
    play(SCENE_FULL);
    assert_string_equal(
        extensions_of(&said[HF_SERVER][HF_ENCRYPTED_EXTENSIONS]), "0");
    assert_int_equal(said[HF_SERVER][HF_CERTIFICATE_REQUEST].len, 0);
    play(SCENE_ALL);
    assert_string_equal(
        extensions_of(&said[HF_SERVER][HF_ENCRYPTED_EXTENSIONS]), "0 16 28");
    assert_int_equal(said[HF_SERVER][HF_CERTIFICATE_REQUEST].bytes[4], 0);
    /* Behind one that means nothing. */
    assert_string_equal(
        strchr(extensions_of(&said[HF_SERVER][HF_CERTIFICATE_REQUEST]), ' '),
        " 13");
}

/* 4.4.2: a client's Certificate "if and only if" it was asked, with an empty
 * list if it has none; "A Finished message MUST be sent regardless"; 4.4.3:
 * CertificateVerify whenever there is a certificate. */
static void a_client_shows_what_it_was_asked_for(void **state)
{
    (void)state;
    play(SCENE_FULL);
    assert_int_equal(said[HF_CLIENT][HF_CERTIFICATE].len, 0);
    play(SCENE_EMPTY_CERT);
    assert_int_equal(said[HF_CLIENT][HF_CERTIFICATE].len, 8);
    assert_memory_equal(said[HF_CLIENT][HF_CERTIFICATE].bytes,
                        "\x0b\0\0\4\0\0\0\0", 8);
    assert_int_equal(said[HF_CLIENT][HF_CERTIFICATE_VERIFY].len, 0);
    assert_true(said[HF_CLIENT][HF_FINISHED].len > 0);
    play(SCENE_CLIENT_CERT);
    assert_true(said[HF_CLIENT][HF_CERTIFICATE].len > 8);
    assert_int_equal(said[HF_CLIENT][HF_CERTIFICATE].bytes[4], 0);
    assert_true(said[HF_CLIENT][HF_CERTIFICATE_VERIFY].len > 0);
    assert_int_equal(said[HF_CLIENT][HF_FINISHED].len, 4 + 32);
    /* the sender's own certificate first (the tests' are two) */
    assert_true(said[HF_SERVER][HF_CERTIFICATE].len > 500);
}

/* 5.1 and 5.4: no record is empty, none is too long. */
static void no_record_of_ours_is_empty_or_too_long(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        play(scene);
        assert_int_equal(empty_records, 0);
        assert_true(longest_record <= 16384);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_has_what_a_hello_must_have),
        cmocka_unit_test(nothing_forbidden_is_offered),
        cmocka_unit_test(no_two_hellos_are_alike),
        cmocka_unit_test(the_second_hello_is_the_first_with_another_share),
        cmocka_unit_test(a_server_hello_says_no_more_than_it_must),
        cmocka_unit_test(answers_and_requests_are_as_asked),
        cmocka_unit_test(a_client_shows_what_it_was_asked_for),
        cmocka_unit_test(no_record_of_ours_is_empty_or_too_long),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
