/* text_test.c - formatting, hex, base64, times: what comes out, and what does
 * not go in. */
#define HF_UNPOISONED
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- formatting -------------------------------------------------------------- */

static void every_directive_prints_its_argument(void **state)
{
    char out[400];
    struct hf_span bytes = hf_span("\x00\xff\x10", 3),
                   name = hf_span("a\"b", 3);

    (void)state;
    hf_format(out, sizeof(out), "%s|%s|%q|%h|%u|%z|%d|%d|%x|%%", "text",
              (const char *)NULL, &name, &bytes, 4294967295u, (size_t)0, -7,
              2147483647, 0x1301u);
    assert_string_equal(out, "text|(none)|\"a\\\"b\"|00ff10|4294967295|0|-7|"
                             "2147483647|0x1301|%");
    hf_format(out, sizeof(out), "%d %t", -2147483647 - 1, (int64_t)0);
    assert_string_equal(out, "-2147483648 1970-01-01 00:00:00 UTC");
    hf_format(out, sizeof(out), "%z", SIZE_MAX);
    assert_string_equal(out, sizeof(size_t) == 8 ? "18446744073709551615"
                                                 : "4294967295");
}

static void a_foreign_directive_is_shown_and_ends_the_text(void **state)
{
    char out[40];

    (void)state;
    assert_int_equal(hf_format(out, sizeof(out), "a%nb %s", "x"), 3);
    assert_string_equal(out, "a%?");
    hf_format(out, sizeof(out), "end%");
    assert_string_equal(out, "end%?");
}

/* What a peer says can neither end the text, nor steer a terminal, nor be a
 * format. */
static void quoted_text_is_printable_and_short(void **state)
{
    char out[600];
    uint8_t all[256];
    struct hf_span span = { all, 0 };

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    for (unsigned i = 0; i < 256; i++) {
        span = hf_span(all + i, 1);
        hf_format(out, sizeof(out), "%q", &span);
        for (const char *c = out; *c; c++)
            assert_true(*c >= 0x20 && *c < 0x7f);
        assert_int_equal(out[0], '"');
    }
    span = hf_span("%n%s\r\n\x1b[2J\\", 11);
    hf_format(out, sizeof(out), "%q", &span);
    assert_string_equal(out, "\"%n%s\\x0d\\x0a\\x1b[2J\\\\\"");
    hf_fill(all, 'z', sizeof(all));
    span = hf_span(all, 96);
    hf_format(out, sizeof(out), "%q", &span);
    assert_int_equal(hf_text_len(out), 98);
    span.len = 97;
    hf_format(out, sizeof(out), "%q", &span);
    assert_string_equal(out + 97, "...\"");
    span.len = 33;
    hf_format(out, sizeof(out), "%h", &span);
    assert_int_equal(hf_text_len(out), 67);
    assert_string_equal(out + 64, "...");
}

static void text_is_cut_with_dots_at_every_size(void **state)
{
    static const char whole[] = "0123456789";

    (void)state;
    for (size_t cap = 0; cap <= sizeof(whole) + 1; cap++) {
        char out[20];
        size_t len;

        hf_fill(out, '#', sizeof(out));
        len = hf_format(out, cap, "%s", whole);
        assert_int_equal(out[cap], '#'); /* not a byte beyond */
        if (!cap)
            continue;
        assert_int_equal(hf_text_len(out), len);
        if (cap >= sizeof(whole)) {
            assert_string_equal(out, whole);
        } else {
            assert_int_equal(len, cap - 1);
            if (cap > 4)
                assert_string_equal(out + len - 3, "...");
        }
    }
}

static void more_is_appended_as_long_as_there_is_room(void **state)
{
    char out[10] = "";

    (void)state;
    assert_int_equal(hf_format_more(out, sizeof(out), "%s", "abc"), 3);
    assert_int_equal(hf_format_more(out, sizeof(out), "%u", 12u), 5);
    assert_string_equal(out, "abc12");
    assert_int_equal(hf_format_more(out, sizeof(out), "%s", "too long"), 9);
    assert_int_equal(hf_text_len(out), 9);
    assert_int_equal(hf_format_more(out, sizeof(out), "%s", "x"), 9);
    /* Not ended at all: nothing is touched. */
    hf_fill(out, 'y', sizeof(out));
    assert_int_equal(hf_format_more(out, sizeof(out), "%s", "x"), sizeof(out));
    assert_int_equal(out[9], 'y');
}

/* ---- hex -------------------------------------------------------------------------- */

static void hex_goes_out_and_comes_back(void **state)
{
    uint8_t bytes[256], back[256];
    char text[513];
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    for (size_t n = 0; n <= 256; n++) {
        assert_false(hf_hex(text, 2 * n, hf_span(bytes, n)));
        assert_true(hf_hex(text, 2 * n + 1, hf_span(bytes, n)));
        assert_int_equal(hf_text_len(text), 2 * n);
        assert_true(hf_unhex(hf_span_text(text), back, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
        if (n)
            assert_false(hf_unhex(hf_span_text(text), back, n - 1, &len));
    }
}

static void hex_is_read_as_people_write_it(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        size_t len;
    } rows[] = {
        { "", true, 0 },
        { "0aF9", true, 2 },
        { " 0a\tf9\r\n", true, 2 },
        { "0a:f9", true, 2 },
        { "0x0a, 0XF9", true, 2 },
        { "0x0a0xf9", true, 2 },
        { "0x", true, 0 },
        { "0", false, 0 },
        { "0a f", false, 0 },
        { "0 a", false, 0 },
        { "0:a", false, 0 },
        { "g0", false, 0 },
        { "0g", false, 0 },
        { "0a-f9", false, 0 },
        { "00x1", false, 0 },
        { "\xc3\xa4", false, 0 },
    };
    uint8_t out[8];
    size_t len;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        bool ok = hf_unhex(hf_span_text(rows[i].text), out, sizeof(out), &len);

        if (ok != rows[i].ok || (ok && len != rows[i].len))
            fail_msg("\"%s\": %d, %zu bytes", rows[i].text, ok, len);
        if (ok && len == 2)
            assert_memory_equal(out, "\x0a\xf9", 2);
    }
}

/* ---- base64 (the vectors of RFC 4648 10) ------------------------------------------- */

static const struct {
    const char *plain, *text;
} base64_rows[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
};

static void base64_has_the_answers_of_the_rfc(void **state)
{
    char text[16];
    uint8_t back[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(base64_rows); i++) {
        struct hf_span plain = hf_span_text(base64_rows[i].plain);
        struct hf_span want = hf_span_text(base64_rows[i].text);

        assert_false(hf_base64(text, want.len, plain)); /* no room for NUL */
        assert_true(hf_base64(text, want.len + 1, plain));
        assert_string_equal(text, base64_rows[i].text);
        assert_true(hf_unbase64(want, back, plain.len, &len));
        assert_int_equal(len, plain.len);
        assert_memory_equal(back, plain.at, len);
        if (plain.len)
            assert_false(hf_unbase64(want, back, plain.len - 1, &len));
    }
    /* Lines may end within four digits. */
    assert_true(hf_unbase64(hf_span_text("Zm9\nvYmFy"), back, 6, &len));
    assert_int_equal(len, 6);
    assert_memory_equal(back, "foobar", 6);
    assert_false(hf_unbase64(hf_span_text("Zm9\nvYmFy"), back, 5, &len));
    assert_false(hf_unbase64(hf_span_text("Zm9\nv"), back, 2, &len));
}

static void base64_ignores_white_space_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        { " Z\tm\r\n9v ", true },
        { "Zm8 =", true },
        { "Zg=\n=\n", true },
        { "Zg=", false },
        { "Zg", false },
        { "Zm8", false },
        { "Zm8==", false },
        { "Z", false },
        { "Z===", false },
        { "=", false },
        { "====", false },
        { "Zg==Zg==", false },
        { "Zm9v=", false },
        { "Zm-v", false },
        { "Zm_v", false },
        { "Zm9v\x0b", false },
        { "Zm9v.", false },
        { "Zm\xc3\xa9v", false },
        /* stray bits under the padding: another text for the same bytes */
        { "Zh==", false },
        { "Zm9=", false },
        { "Zm+=", false },
    };
    uint8_t out[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (hf_unbase64(hf_span_text(rows[i].text), out, sizeof(out), &len) !=
            rows[i].ok)
            fail_msg("\"%s\"", rows[i].text);
    assert_false(hf_unbase64(hf_span("Zm9v\0Zm9v", 9), out, sizeof(out), &len));
}

static void every_byte_survives_base64(void **state)
{
    uint8_t bytes[768], back[768];
    char text[1025];
    size_t len;

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 167 + (i >> 8));
    for (size_t n = 700; n <= sizeof(bytes); n++) {
        assert_true(hf_base64(text, sizeof(text), hf_span(bytes, n)));
        assert_true(hf_unbase64(hf_span_text(text), back, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(back, bytes, n);
    }
}

/* ---- letters and times ---------------------------------------------------------------- */

static void only_ascii_letters_are_folded(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++)
        assert_int_equal(hf_lower((uint8_t)c),
                         c >= 'A' && c <= 'Z' ? c + 32 : c);
    assert_true(
        hf_equal_fold(hf_span_text("WWW.Test"), hf_span_text("www.tEST")));
    assert_false(hf_equal_fold(hf_span_text("[at]"), hf_span_text("{at}")));
    assert_false(hf_equal_fold(hf_span_text("ab"), hf_span_text("abc")));
    assert_true(hf_equal_fold(hf_span(NULL, 0), hf_span_text("")));
}

static void times_are_right_far_into_past_and_future(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01 00:00:00 UTC" },
        { -1, "1969-12-31 23:59:59 UTC" },
        { 86399, "1970-01-01 23:59:59 UTC" },
        { 951782399, "2000-02-28 23:59:59 UTC" },
        { 951782400, "2000-02-29 00:00:00 UTC" },
        { 951868800, "2000-03-01 00:00:00 UTC" },
        { 2147483648, "2038-01-19 03:14:08 UTC" },
        { 4107542399, "2100-02-28 23:59:59 UTC" },
        { 4107542400, "2100-03-01 00:00:00 UTC" },
        { -2208988800, "1900-01-01 00:00:00 UTC" },
        { -62135596800, "0001-01-01 00:00:00 UTC" },
        { -62167219200, "0000-01-01 00:00:00 UTC" },
        { 253402300799, "9999-12-31 23:59:59 UTC" },
        { 253402300800, "10000-01-01 00:00:00 UTC" },
        { INT64_MAX, "292277026596-12-04 15:30:07 UTC" },
        { INT64_MIN, "-292277022657-01-27 08:29:52 UTC" },
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        hf_time_text(out, sizeof(out), rows[i].seconds);
        assert_string_equal(out, rows[i].text);
    }
    for (size_t cap = 1; cap < 24; cap++) {
        hf_fill(out, '#', sizeof(out));
        hf_time_text(out, cap, 0);
        assert_int_equal(hf_text_len(out), cap - 1);
        assert_int_equal(out[cap], '#');
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_directive_prints_its_argument),
        cmocka_unit_test(a_foreign_directive_is_shown_and_ends_the_text),
        cmocka_unit_test(quoted_text_is_printable_and_short),
        cmocka_unit_test(text_is_cut_with_dots_at_every_size),
        cmocka_unit_test(more_is_appended_as_long_as_there_is_room),
        cmocka_unit_test(hex_goes_out_and_comes_back),
        cmocka_unit_test(hex_is_read_as_people_write_it),
        cmocka_unit_test(base64_has_the_answers_of_the_rfc),
        cmocka_unit_test(base64_ignores_white_space_and_nothing_else),
        cmocka_unit_test(every_byte_survives_base64),
        cmocka_unit_test(only_ascii_letters_are_folded),
        cmocka_unit_test(times_are_right_far_into_past_and_future),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
