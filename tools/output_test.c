/* output_test.c - bytes that others chose, on their way to a terminal and into
 * a JSON document; and that every failure leaves with a code, a text and
 * something to try. */
#include "tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* json.c needs it, and only the engine has it. */
const char *hf_alert_name(unsigned alert)
{
    return alert == 70 ? "protocol_version" : NULL;
}

static void shows(const char *bytes, size_t len, const char *keep,
                  const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    print_safe(to, bytes, len, keep);
    fclose(to);
    assert_string_equal(text, wanted);
    free(text);
}
#define SHOWS(bytes, keep, wanted) shows(bytes, sizeof bytes - 1, keep, wanted)

static void what_a_terminal_could_obey_is_shown_by_number(void **state)
{
    (void)state;
    SHOWS("plain", NULL, "plain");
    SHOWS("\x1b[2J\a\b", NULL, "\\x1b[2J\\x07\\x08");
    SHOWS("a\r\nb\tc", NULL, "a\\x0d\\x0ab\\x09c");
    SHOWS("a\r\nb\tc", "\r\n\t", "a\r\nb\tc");
    SHOWS("a\0b", "\n", "a\\x00b");
    SHOWS("\xc2\x9b"
          "2J",
          NULL, "\\u{9b}2J"); /* a C1 control is an escape, too */
    SHOWS("gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2", NULL,
          "gr\xc3\xbc\xc3\x9f \xe6\xbc\xa2");
    SHOWS("a\xe2\x80\xae"
          "b",
          NULL, "a\\u{202e}b"); /* right-to-left override */
    SHOWS("\xef\xbb\xbf", NULL, "\\u{feff}");
}

static void what_is_not_utf_8_is_shown_byte_by_byte(void **state)
{
    (void)state;
    SHOWS("\xff\xfe", NULL, "\\xff\\xfe");
    SHOWS("\xc3", NULL, "\\xc3");
    SHOWS("\xc0\xaf", NULL, "\\xc0\\xaf");                   /* overlong */
    SHOWS("\xed\xa0\x80", NULL, "\\xed\\xa0\\x80");          /* surrogate */
    SHOWS("\xf4\x90\x80\x80", NULL, "\\xf4\\x90\\x80\\x80"); /* too large */
    SHOWS("\xe2\x28\xa1", NULL, "\\xe2(\\xa1");
}

static void json_escapes_what_json_must(void **state)
{
    struct json j;
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    (void)state;
    assert_non_null(to);
    json_start(&j, to, "handfast/test/1");
    json_text(&j, "a\"b", "\\ \x01\x7f\n");
    json_text(&j, "none", NULL);
    json_open(&j, "list", '[');
    json_close(&j);
    json_open_line(&j, "row", '{');
    json_number(&j, "n", -5);
    json_bool(&j, "yes", true);
    json_close(&j);
    json_bytes(&j, "bytes", (struct hf_span){ (const uint8_t *)"\xff\xc3", 2 });
    json_finish(&j);
    fclose(to);
    assert_string_equal(text, "{\n  \"schema\": \"handfast/test/1\",\n"
                              "  \"a\\\"b\": \"\\\\ \\u0001\\u007f\\u000a\",\n"
                              "  \"none\": null,\n"
                              "  \"list\": [],\n"
                              "  \"row\": {\"n\": -5, \"yes\": true},\n"
                              "  \"bytes\": \"\xef\xbf\xbd\xef\xbf\xbd\"\n}\n");
    free(text);
}

static void every_code_of_the_library_has_an_exit_and_an_advice(void **state)
{
    (void)state;
    for (unsigned code = HF_OK + 1; code < HF_ERROR_CODES; code++) {
        struct hf_error error = { .code = (uint16_t)code };
        for (int late = 0; late < 2; late++) {
            int exit = exit_of(&error, late);
            assert_int_not_equal(exit, HF_EXIT_GOOD);
            assert_non_null(exit_text(exit));
        }
        assert_true(advice_for(code)[0]);
        if (code == HF_E_BAD_STAPLE) /* curl has a number for it */
            assert_int_equal(exit_of(&error, false), HF_EXIT_STAPLE);
        else if (!strncmp(hf_error_name(code), "verify.", 7))
            assert_int_equal(exit_of(&error, false), HF_EXIT_PEER_CERT);
    }
}

static void the_first_failure_stays(void **state)
{
    struct failure f = { 0 };
    struct hf_error error = { .code = HF_E_EXPIRED };
    (void)state;
    assert_false(fail_with(&f, FAIL_EMPTY, "%d bytes", 0));
    assert_false(fail_error(&f, &error, false));
    assert_string_equal(f.code, "http.empty");
    assert_int_equal(f.exit, HF_EXIT_EMPTY);
    assert_string_equal(f.detail, "0 bytes");
}

static void an_alert_about_our_choice_has_the_choices_code(void **state)
{
    struct hf_error error = { .code = HF_E_ALERT,
                              .alert = 70,
                              .by_peer = true };
    struct failure f = { 0 };
    (void)state;
    assert_false(fail_error(&f, &error, false));
    assert_string_equal(f.code, "negotiate.version");
    assert_int_equal(f.exit, HF_EXIT_HANDSHAKE);
    memset(&f, 0, sizeof f);
    error.alert = 80;
    assert_false(fail_error(&f, &error, true));
    assert_string_equal(f.code, "peer.alert");
    assert_int_equal(f.exit, HF_EXIT_BROKEN);
}

static void sizes_are_short(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        { 0, "0 B" },         { 9999, "9999 B" },
        { 10000, "9.8 K" },   { 1048576, "1.0 M" },
        { 1023999, "1.0 M" }, { UINT64_MAX, "16777216.0 T" },
    };
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_text(text, sizeof text, rows[i].bytes);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_could_obey_is_shown_by_number),
        cmocka_unit_test(what_is_not_utf_8_is_shown_byte_by_byte),
        cmocka_unit_test(json_escapes_what_json_must),
        cmocka_unit_test(every_code_of_the_library_has_an_exit_and_an_advice),
        cmocka_unit_test(the_first_failure_stays),
        cmocka_unit_test(an_alert_about_our_choice_has_the_choices_code),
        cmocka_unit_test(sizes_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
