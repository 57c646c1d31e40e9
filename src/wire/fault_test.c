/* fault_test.c - every way in which bytes can be wrong is provoked, and must
 * give its code, its alert, its layout and field, its byte, and the values
 * that clashed. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

struct wrong {
    hf_layout_fn *layout;
    const char *hex;
    unsigned code, alert;
    const char *in, *field; /* layout and field at fault */
    size_t byte;
    const char *detail;
};

/* 2 + 32 bytes that every hello begins with, and what follows up to the
 * extensions at byte 43 (ClientHello) or 40 (ServerHello). */
#define START                               \
    "0303 00000000000000000000000000000000" \
    "    00000000000000000000000000000000"
#define CLIENT START "00 0002 1301 01 00"
#define SERVER START "00 1301 00"

/* clang-format off */
static const struct wrong wrongs[] = {
    /* the end comes too soon */
    { hf_alert, "", HF_E_TRUNCATED, 50, "Alert", "level", 0,
      "1 byte needed, 0 left" },
    { hf_alert, "02", HF_E_TRUNCATED, 50, "Alert", "description", 1,
      "1 byte needed, 0 left" },
    { hf_client_hello, "0303 00 11 22", HF_E_TRUNCATED, 50, "ClientHello",
      "random", 2, "32 bytes needed, 3 left" },
    { hf_key_share_ch, "0005 001d 0002 aa", HF_E_TRUNCATED, 50,
      "KeyShareEntry", "key_exchange", 4, "2 bytes announced, 1 left" },
    { hf_key_share_ch, "0003 001d 00", HF_E_TRUNCATED, 50, "KeyShareEntry",
      "key_exchange", 4, "2 bytes needed, 1 left" },
    { hf_certificate_12, "000006 000004 30820101", HF_E_TRUNCATED, 50,
      "ASN.1Cert", "cert_data", 3, "4 bytes announced, 3 left" },
    { hf_certificate_12, "00000a 000004 308201", HF_E_TRUNCATED, 50,
      "Certificate", "list", 0, "10 bytes announced, 6 left" },
    { hf_server_hello, SERVER, HF_E_TRUNCATED, 50, "ServerHello", "extensions",
      38, "2 bytes needed, 0 left" },
    { hf_client_hello, CLIENT "0003 00 2b 00", HF_E_TRUNCATED, 50,
      "ClientHello", "extensions", 43, "4 bytes needed, 3 left" },
    { hf_client_hello, CLIENT "0006 002b 0003 0203", HF_E_TRUNCATED, 50,
      "ClientHello", "extensions", 45, "3 bytes announced, 2 left" },

    /* lengths that the format forbids */
    { hf_client_hello, START "21 00000000000000000000000000000000"
      "00000000000000000000000000000000 00", HF_E_BOUNDS, 50, "ClientHello",
      "legacy_session_id", 34, "33 bytes, 0 to 32 allowed" },
    { hf_client_hello, START "00 0000 01 00", HF_E_BOUNDS, 50, "ClientHello",
      "cipher_suites", 35, "0 bytes, 2 to 65534 allowed" },
    { hf_client_hello, START "00 0002 1301 00", HF_E_BOUNDS, 50, "ClientHello",
      "legacy_compression_methods", 39, "0 bytes, 1 to 255 allowed" },
    { hf_alpn, "0003 00 01 68", HF_E_BOUNDS, 50, "ProtocolName", "name", 2,
      "0 bytes, 1 to 255 allowed" },
    { hf_alpn, "0001 00", HF_E_BOUNDS, 50, "ProtocolNameList", "protocols", 0,
      "1 byte, 2 to 65535 allowed" },
    { hf_certificate_request, "00 0000", HF_E_BOUNDS, 50, "CertificateRequest",
      "extensions", 1, "0 bytes, 2 to 65535 allowed" },
    { hf_server_hello, SERVER "0004 002b 0000", HF_E_BOUNDS, 50, "ServerHello",
      "extensions", 38, "4 bytes, 6 to 65535 allowed" },

    /* bytes left over */
    { hf_alert, "02 32 00", HF_E_TRAILING, 50, "Alert", NULL, 2,
      "1 byte left over" },
    { hf_server_hello_done, "0000", HF_E_TRAILING, 50, "ServerHelloDone", NULL,
      0, "2 bytes left over" },
    { hf_client_hello, CLIENT "0000 aabbcc", HF_E_TRAILING, 50, "ClientHello",
      NULL, 43, "3 bytes left over" },

    /* lists that do not divide */
    { hf_named_groups, "0003 001d 00", HF_E_ELEMENT, 50, "NamedGroupList",
      "groups", 4, "3 bytes do not divide by 2" },
    { hf_client_hello, START "00 0005 1301 1302 13 01 00", HF_E_ELEMENT, 50,
      "ClientHello", "cipher_suites", 41, "5 bytes do not divide by 2" },

    /* extensions twice, known and not */
    { hf_encrypted_extensions, "0008 00000000 00000000", HF_E_DUPLICATE, 47,
      "EncryptedExtensions", "extensions", 6, "extension 0, server_name" },
    { hf_client_hello, CLIENT "0010 002d00020101 5a5a0000 002d00020101",
      HF_E_DUPLICATE, 47, "ClientHello", "extensions", 53,
      "extension 45, psk_key_exchange_modes" },
    { hf_client_hello, CLIENT "000d 5a5a0000 00420001aa 5a5a0000",
      HF_E_DUPLICATE, 47, "ClientHello", "extensions", 52,
      "extension 23130, GREASE" },
    { hf_client_hello, CLIENT "0010 ffff0000 ffff0000 00460000 00460000",
      HF_E_DUPLICATE, 47, "ClientHello", "extensions", 47,
      "extension 65535, unknown extension" },
    { hf_client_hello, CLIENT "0010 00460000 00460000 ffff0000 ffff0000",
      HF_E_DUPLICATE, 47, "ClientHello", "extensions", 47,
      "extension 70, unknown extension" },

    /* extensions where they must not be */
    { hf_client_hello, CLIENT "0004 00300000", HF_E_MISPLACED, 47,
      "ClientHello", "extensions", 43, "extension 48, oid_filters" },
    { hf_server_hello, SERVER "000a 002b00020304 00000000", HF_E_MISPLACED, 47,
      "ServerHello", "extensions", 46, "extension 0, server_name" },
    { hf_server_hello_12, SERVER "0006 002b00020304", HF_E_MISPLACED, 47,
      "ServerHello", "extensions", 40, "extension 43, supported_versions" },
    { hf_encrypted_extensions, "0006 003300020017", HF_E_MISPLACED, 47,
      "EncryptedExtensions", "extensions", 2, "extension 51, key_share" },
    { hf_hello_retry_request, SERVER "000e 002b00020304 002900020000 0000",
      HF_E_MISPLACED, 47, "HelloRetryRequest", "extensions", 46,
      "extension 41, pre_shared_key" },
    { hf_new_session_ticket, "00000001 00000002 00 0001aa 0006 002d00020101",
      HF_E_MISPLACED, 47, "NewSessionTicket", "extensions", 14,
      "extension 45, psk_key_exchange_modes" },

    /* answers that nobody can have asked for */
    { hf_server_hello, SERVER "000a 002b00020304 5a5a0000", HF_E_UNSOLICITED,
      110, "ServerHello", "extensions", 46, "extension 23130, GREASE" },
    { hf_hello_retry_request, SERVER "000a 002b00020304 ff000000",
      HF_E_UNSOLICITED, 110, "HelloRetryRequest", "extensions", 46,
      "extension 65280, unknown extension" },
    { hf_server_hello_12, SERVER "0004 33740000", HF_E_UNSOLICITED, 110,
      "ServerHello", "extensions", 40,
      "extension 13172, next_protocol_negotiation" },
    { hf_encrypted_extensions, "0004 ff000000", HF_E_UNSOLICITED, 110,
      "EncryptedExtensions", "extensions", 2,
      "extension 65280, unknown extension" },
    { hf_certificate, "00 00000a 000001 30 0004 ff000000", HF_E_UNSOLICITED,
      110, "CertificateEntry", "extensions", 10,
      "extension 65280, unknown extension" },
};
/* clang-format on */

static void every_wrong_is_said_to_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(wrongs); i++) {
        const struct wrong *wrong = &wrongs[i];
        struct hf_error error = { 0 };
        struct hf_fault fault;

        assert_false(hf_wire_read(wrong->layout, hex_bytes(wrong->hex), NULL,
                                  NULL, &fault));
        assert_false(hf_wire_fail(&error, &fault));
        assert_string_equal(hf_error_name(error.code),
                            hf_error_name(wrong->code));
        assert_int_equal(error.alert, wrong->alert);
        assert_string_equal(error.layout, wrong->in);
        if (wrong->field)
            assert_string_equal(error.field, wrong->field);
        else
            assert_null(error.field);
        assert_string_equal(error.detail, wrong->detail);
        /* Counted from the message's header. */
        assert_int_equal(error.byte, HF_MESSAGE_HEADER + wrong->byte);
    }
}

static void a_visitor_changes_no_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(wrongs); i++) {
        const struct wrong *wrong = &wrongs[i];
        struct hf_fault read, explained;

        assert_false(hf_wire_read(wrong->layout, hex_bytes(wrong->hex), NULL,
                                  NULL, &read));
        assert_false(hf_explain_layout(wrong->layout, hex_bytes(wrong->hex),
                                       NULL, &explained));
        /* a body that reading leaves to its verb may be wrong still sooner */
        assert_true(explained.offset <= read.offset);
        if (explained.offset == read.offset)
            assert_int_equal(explained.kind, read.kind);
    }
}

static void the_first_error_stays(void **state)
{
    struct hf_error error = { 0 };
    struct hf_fault fault;

    (void)state;
    hf_fail(&error, HF_E_UNEXPECTED, "first");
    assert_false(hf_wire_read(hf_alert, hf_span(NULL, 0), NULL, NULL, &fault));
    assert_false(hf_wire_fail(&error, &fault));
    assert_int_equal(error.code, HF_E_UNEXPECTED);
    assert_null(error.layout);
    assert_string_equal(error.detail, "first");
}

/* A fault in the body of an extension counts from the start of the message,
 * for an element of a list after hf_wire_shift(). */
static void faults_in_extensions_are_placed_in_the_message(void **state)
{
    static const uint8_t announced[] = { 0x01, 0x2c };
    static uint8_t bytes[508];
    struct hf_client_hello hello;
    struct hf_key_share_ch shares;
    struct hf_fault fault;
    char detail[80];

    (void)state;
    memcpy(bytes, real_client_hello().at, sizeof(bytes));
    memcpy(bytes + 262, announced, 2);
    assert_true(
        hf_wire_read(hf_client_hello, HF_SPAN(bytes), &hello, NULL, &fault));
    assert_false(hf_wire_read_ext(hf_key_share_ch, &hello.extensions,
                                  HF_EXT_key_share, &shares, &fault));
    assert_int_equal(fault.kind, HF_FAULT_SHORT);
    assert_string_equal(fault.layout->name, "KeyShareEntry");
    assert_string_equal(fault.field->name, "key_exchange");
    assert_int_equal(fault.offset, 262);
    hf_fault_text(&fault, detail, sizeof(detail));
    assert_string_equal(detail, "300 bytes announced, 32 left");

    /* the explainer looks into bodies by itself, and says the same */
    assert_false(
        hf_explain_layout(hf_client_hello, HF_SPAN(bytes), NULL, &fault));
    assert_int_equal(fault.kind, HF_FAULT_SHORT);
    assert_int_equal(fault.offset, 262);
}

/* Who complains of nothing has made a mistake, and is told so. */
static void no_fault_is_a_fault_of_ours(void **state)
{
    const struct hf_fault none = { .kind = HF_FAULT_NONE };
    struct hf_error error = { .code = HF_OK };
    char detail[HF_DETAIL_MAX];

    (void)state;
    assert_int_equal(hf_fault_text(&none, detail, sizeof(detail)), 8);
    assert_string_equal(detail, "no fault");
    assert_false(hf_wire_fail(&error, &none));
    assert_int_equal(error.code, HF_E_BUG);
    assert_string_equal(error.detail, "no fault");
    assert_null(error.layout);
    assert_null(error.field);
}

static void faults_in_certificate_extensions_are_placed_too(void **state)
{
    /* a certificate of one byte whose staple has a byte too many */
    struct hf_span message = hex_bytes("00 000010 000001 30 000a"
                                       "0005 0006 01 000001 aa bb");
    struct hf_certificate certificate;
    struct hf_certificate_entry entry;
    struct hf_certificate_status status;
    struct hf_span list;
    struct hf_fault fault;

    (void)state;
    assert_true(
        hf_wire_read(hf_certificate, message, &certificate, NULL, &fault));
    list = certificate.list;
    assert_true(hf_wire_next(hf_certificate_entry, &certificate.list, &entry));
    assert_false(hf_wire_read_ext(hf_certificate_status, &entry.extensions,
                                  HF_EXT_status_request, &status, &fault));
    hf_wire_shift(&fault, message, list);
    assert_int_equal(fault.kind, HF_FAULT_TRAILING);
    assert_int_equal(fault.offset, message.len - 1);
    assert_int_equal(message.at[fault.offset], 0xbb);
}

static void wrong_bodies_are_faults_for_a_visitor(void **state)
{
    struct hf_fault fault;

    (void)state;
    /* server_name in EncryptedExtensions must be empty (RFC 6066 3) */
    assert_true(hf_wire_read(hf_encrypted_extensions,
                             hex_bytes("0005 00000001 aa"), NULL, NULL,
                             &fault));
    assert_false(hf_explain_layout(
        hf_encrypted_extensions, hex_bytes("0005 00000001 aa"), NULL, &fault));
    assert_int_equal(fault.kind, HF_FAULT_TRAILING);
    assert_string_equal(fault.layout->name, "Empty");
    assert_int_equal(fault.offset, 6);
}

/* ---- many extensions ---------------------------------------------------------------- */

/* A ClientHello of @n empty extensions that nobody knows, from @first up, the
 * last of which repeats number @repeat unless that is 0. */
static struct hf_span crowd(unsigned first, unsigned n, unsigned repeat)
{
    static uint8_t room[66000];
    struct hf_writer w = hf_writer(room, sizeof(room));
    size_t mark;

    hf_put_bytes(&w, hex_bytes(CLIENT));
    mark = hf_writer_open(&w, 2);
    for (unsigned i = 0; i < n; i++) {
        hf_put(&w, repeat && i == n - 1 ? repeat : first + i, 2);
        hf_put(&w, 0, 2);
    }
    hf_writer_close(&w, mark, 2);
    assert_false(w.full);
    return hf_written(&w);
}

static void thousands_of_extensions_are_read(void **state)
{
    struct hf_client_hello hello;
    struct hf_fault fault;

    (void)state;
    assert_true(hf_wire_read(hf_client_hello, crowd(1000, 12000, 0), &hello,
                             NULL, &fault));
    assert_int_equal(hello.extensions.present, 0);
    assert_true(hf_wire_read(hf_client_hello, crowd(40000, 16383, 0), &hello,
                             NULL, &fault));
}

static void one_duplicate_among_thousands_is_found(void **state)
{
    static const unsigned repeats[] = { 45000, 45001, 49151, 49152, 56381 };
    struct hf_fault fault;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(repeats); i++) {
        assert_false(hf_wire_read(hf_client_hello,
                                  crowd(40000, 16383, repeats[i]), NULL, NULL,
                                  &fault));
        assert_int_equal(fault.kind, HF_FAULT_DUPLICATE);
        assert_int_equal(fault.found, repeats[i]);
        assert_int_equal(fault.offset, 43 + 4 * 16382);
    }
    /* every pair of places in a small hello: the filter misses none */
    for (unsigned n = 2; n < 40; n++) {
        for (unsigned at = 0; at + 1 < n; at++) {
            assert_false(hf_wire_read(hf_client_hello,
                                      crowd(5000, n, 5000 + at), NULL, NULL,
                                      &fault));
            assert_int_equal(fault.kind, HF_FAULT_DUPLICATE);
            assert_int_equal(fault.offset, 43 + 4 * (n - 1));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrong_is_said_to_the_byte),
        cmocka_unit_test(a_visitor_changes_no_fault),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(faults_in_extensions_are_placed_in_the_message),
        cmocka_unit_test(faults_in_certificate_extensions_are_placed_too),
        cmocka_unit_test(wrong_bodies_are_faults_for_a_visitor),
        cmocka_unit_test(thousands_of_extensions_are_read),
        cmocka_unit_test(one_duplicate_among_thousands_is_found),
        cmocka_unit_test(no_fault_is_a_fault_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
