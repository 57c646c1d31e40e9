/* frame_test.c - five bytes of header: every type, every version, every length,
 * in the clear and sealed; and those who do not speak TLS. */
#define HF_UNPOISONED
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum hf_frame_result frame(struct hf_span bytes, unsigned version,
                                  bool sealed, struct hf_frame *out,
                                  struct hf_error *error)
{
    *error = (struct hf_error){ .code = HF_OK };
    return hf_frame_next(out, (uint8_t *)(uintptr_t)bytes.at, bytes.len,
                         version, sealed, error);
}

/* The code that a header of five bytes ends in, HF_OK if it is fine. */
static unsigned verdict(unsigned type, unsigned on_wire, size_t len,
                        unsigned version, bool sealed)
{
    uint8_t h[5] = { (uint8_t)type, (uint8_t)(on_wire >> 8), (uint8_t)on_wire,
                     (uint8_t)(len >> 8), (uint8_t)len };
    struct hf_error error;
    struct hf_frame f;
    enum hf_frame_result result = frame(HF_SPAN(h), version, sealed, &f,
                                        &error);

    assert_int_equal(result == HF_FRAME_BAD, error.code != HF_OK);
    if (result != HF_FRAME_BAD)
        assert_int_equal(result, len ? HF_FRAME_PART : HF_FRAME_WHOLE);
    return error.code;
}

static void nothing_is_judged_before_five_bytes_are_there(void **state)
{
    static const char *const rows[] = { "GET / HTTP", "\x80\x2e\x01\x03\x01",
                                        "\xff\xff\xff\xff\xff",
                                        "\x16\x03\x01\xff\xff" };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        for (size_t n = 0; n <= 5; n++) {
            uint8_t *copy = hf_alloc(n); /* of its own size */
            struct hf_error error;
            struct hf_frame f;

            assert_non_null(copy);
            hf_copy(copy, rows[i], n);
            assert_int_equal(frame(hf_span(copy, n), 0, false, &f, &error),
                             n < 5 ? HF_FRAME_PART : HF_FRAME_BAD);
            assert_int_equal(error.code != HF_OK, n == 5);
            hf_free(copy, n);
        }
}

/* All types and versions, when the version is known: sealed records say 0x0303,
 * those in the clear any 3.x. */
static void a_known_version_admits_four_types_and_0303(void **state)
{
    static const unsigned minors[] = { 0, 1, 2, 3, 4, 255 };

    (void)state;
    for (unsigned type = 0; type < 256; type++)
        for (size_t i = 0; i < 256 * HF_COUNT(minors); i++) {
            unsigned v = (unsigned)(i % 256) << 8 | minors[i / 256];
            bool known = type >= 20 && type <= 23;
            unsigned want = v >> 8 != 3 ? HF_E_RECORD_VERSION
                            : !known    ? HF_E_RECORD_TYPE
                                        : HF_OK;

            assert_int_equal(verdict(type, v, 1, 0x0304, false), want);
            if (want == HF_OK && v != 0x0303)
                want = HF_E_RECORD_VERSION;
            assert_int_equal(verdict(type, v, 1, 0x0304, true), want);
        }
    for (unsigned v = 0x0300; v < 0x0400; v++) {
        assert_int_equal(verdict(22, v, 1, 0x0304, false), HF_OK);
        assert_int_equal(verdict(22, v, 1, 0x0304, true),
                         v == 0x0303 ? HF_OK : HF_E_RECORD_VERSION);
    }
}

/* Before, any 3.x may carry a hello; another type there is unexpected (RFC
 * 8446 5), and anything else is no TLS. */
static void an_unknown_version_admits_every_3_x(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++)
        for (unsigned v = 0x0300; v < 0x0400; v++)
            assert_int_equal(verdict(type, v, 1, 0, false),
                             type >= 20 && type <= 23 ? HF_OK
                                                      : HF_E_RECORD_TYPE);
    for (unsigned major = 0; major < 256; major++)
        if (major != 3)
            assert_int_equal(verdict(22, major << 8 | 3, 1, 0, false),
                             HF_E_NOT_TLS);
}

static void every_length_has_one_verdict(void **state)
{
    (void)state;
    for (size_t len = 0; len < 65536; len++) {
        assert_int_equal(verdict(22, 0x0301, len, 0, false),
                         len <= 16384 ? HF_OK : HF_E_RECORD_OVERFLOW);
        assert_int_equal(verdict(22, 0x0303, len, 0x0304, false),
                         len <= 16384 ? HF_OK : HF_E_RECORD_OVERFLOW);
        assert_int_equal(verdict(23, 0x0303, len, 0x0303, false),
                         len <= 16384 ? HF_OK : HF_E_RECORD_OVERFLOW);
        /* Early data that a server without keys may have to skip. */
        assert_int_equal(verdict(23, 0x0303, len, 0x0304, false),
                         len <= 16384 + 256 ? HF_OK : HF_E_RECORD_OVERFLOW);
        assert_int_equal(verdict(23, 0x0303, len, 0x0304, true),
                         len <= 16384 + 256 ? HF_OK : HF_E_RECORD_OVERFLOW);
    }
}

static void a_record_is_whole_with_its_last_byte(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 63, 64, 16383, 16384 };
    static uint8_t bytes[5 + 16384 + 9];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(lengths); i++) {
        size_t len = lengths[i], whole = 5 + len;
        struct hf_error error;
        struct hf_frame f;

        hf_copy(bytes, "\x17\x03\x03", 3);
        hf_store_number(bytes + 3, len, 2);
        for (size_t have = whole < 9 ? 0 : whole - 4; have <= whole + 9;
             have++) {
            enum hf_frame_result want = have < whole ? HF_FRAME_PART
                                                     : HF_FRAME_WHOLE;

            assert_int_equal(
                frame(hf_span(bytes, have), 0x0304, true, &f, &error), want);
        }
        assert_int_equal(f.type, 23);
        assert_int_equal(f.version, 0x0303);
        assert_ptr_equal(f.header.at, bytes);
        assert_int_equal(f.header.len, 5);
        assert_ptr_equal(f.body, bytes + 5);
        assert_int_equal(f.len, len);
    }
}

static void strangers_are_called_by_their_name(void **state)
{
    static const struct {
        const char *bytes;
        unsigned code;
        const char *hint;
    } rows[] = {
        { "GET / HTTP/1.1\r\n", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "GET /x", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "HEAD /", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "POST /", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "PUT /a", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "OPTIONS *", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "DELETE /", HF_E_PLAIN_HTTP, ": an HTTP request" },
        { "CONNECT x:1", HF_E_PLAIN_HTTP, ": an HTTP proxy request" },
        { "HTTP/1.1 400 Bad Request", HF_E_PLAIN_HTTP, ": an HTTP answer" },
        { "<!DOCTYPE html>", HF_E_PLAIN_HTTP, ": an HTML page" },
        { "<html><h1>Bad", HF_E_PLAIN_HTTP, ": an HTML page" },
        { "<HTML><BODY>", HF_E_PLAIN_HTTP, ": an HTML page" },
        { "SSH-2.0-x", HF_E_NOT_TLS, ": an SSH greeting" },
        { "220 mail ESMTP", HF_E_NOT_TLS,
          ": an SMTP or FTP greeting; STARTTLS" },
        { "220-mail", HF_E_NOT_TLS, ": an SMTP or FTP greeting; STARTTLS" },
        { "* OK IMAP4", HF_E_NOT_TLS, ": an IMAP greeting; STARTTLS" },
        { "+OK POP3", HF_E_NOT_TLS, ": a POP3 greeting; STARTTLS" },
        { "EHLO x", HF_E_NOT_TLS, "EHLO" },
        { "\x80\x2e\x01\x00\x02", HF_E_SSL2,
          "802e010002: a hello in the form of SSL 2.0, which offers at most" },
        { "\x80\x2e\x01\x00\x02", HF_E_SSL2, " (0x0002)" },
        { "\x80\x2e\x01\x03\x01", HF_E_SSL2, "802e010301: a hello" },
        { "\x80\x2e\x01\x03\x01", HF_E_SSL2, " (0x0301: TLS 1.0 is SSL 3.1" },
        { "\x80\x03\x01\x03\x01", HF_E_SSL2, "800301030" },
        { "\x80\x2e\x01\x02\x00", HF_E_NOT_TLS, "" },
        { "\x80\x2e\x01\x02\x02", HF_E_NOT_TLS, "" },
        { "\x80\x2e\x01\x00\x01", HF_E_NOT_TLS, "" },
        { "\x80\x2e\x02\x03\x01", HF_E_NOT_TLS, "" },
        { "\x01\x2e\x01\x03\x01", HF_E_NOT_TLS, "" },
        { "\x00\x00\x00\x00\x00", HF_E_NOT_TLS, "\\x00" },
        { "\x19\x03\x01\x00\x01", HF_E_RECORD_TYPE, "record type 25" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_frame f;
        struct hf_span bytes = { (const uint8_t *)rows[i].bytes, 5 };

        assert_int_equal(frame(bytes, 0, false, &f, &error), HF_FRAME_BAD);
        if (error.code != rows[i].code)
            fail_msg("row %zu: %s", i, hf_error_name(error.code));
        if (!strstr(error.detail, rows[i].hint))
            fail_msg("\"%s\" does not say %s", error.detail, rows[i].hint);
    }
}

/* Once TLS is spoken, the same bytes are a broken record and nothing else. */
static void strangers_are_met_only_at_the_door(void **state)
{
    struct hf_error error;
    struct hf_frame f;

    (void)state;
    assert_int_equal(
        frame(hf_span_text("GET / HTTP"), 0x0304, true, &f, &error),
        HF_FRAME_BAD);
    assert_int_equal(error.code, HF_E_RECORD_VERSION);
    assert_int_equal(
        frame(hf_span("\x80\x2e\x01\x03\x01", 5), 0x0304, false, &f, &error),
        HF_FRAME_BAD);
    assert_int_equal(error.code, HF_E_RECORD_VERSION);
    assert_int_equal(
        frame(hf_span("\x80\x03\x01\x03\x01", 5), 0x0304, false, &f, &error),
        HF_FRAME_BAD);
    assert_int_equal(error.code, HF_E_RECORD_TYPE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_judged_before_five_bytes_are_there),
        cmocka_unit_test(a_known_version_admits_four_types_and_0303),
        cmocka_unit_test(an_unknown_version_admits_every_3_x),
        cmocka_unit_test(every_length_has_one_verdict),
        cmocka_unit_test(a_record_is_whole_with_its_last_byte),
        cmocka_unit_test(strangers_are_called_by_their_name),
        cmocka_unit_test(strangers_are_met_only_at_the_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
