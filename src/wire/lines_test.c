/* lines_test.c - what people read: values with their names, and lines that
 * line up. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

static char page[32768];

static void take_line(void *ctx, const struct hf_line *line)
{
    char text[600];
    size_t len = hf_line_text(line, text, sizeof(text));

    (void)ctx;
    assert_int_equal(len, strlen(text));
    assert_non_null(line->seen);
    hf_format_more(page, sizeof(page), "%s\n", text);
}

/* Explain @bytes into the page; the depth comes back to where it was. */
static void write_page(hf_layout_fn *layout, struct hf_span bytes)
{
    struct hf_lines lines = { .line = take_line };
    struct hf_visitor see = hf_lines(&lines);
    struct hf_fault fault;

    page[0] = '\0';
    assert_true(hf_explain_layout(layout, bytes, &see, &fault));
    assert_int_equal(lines.depth, 0);
    assert_int_equal(lines.quiet, 0);
}

static void assert_page_has(const char *line)
{
    if (!strstr(page, line))
        fail_msg("no line \"%s\" in:\n%s", line, page);
}

static void a_client_hello_reads_like_the_rfc(void **state)
{
    (void)state;
    write_page(hf_client_hello, real_client_hello());
    assert_int_equal(strncmp(page,
                             "   0   508  ClientHello  -- RFC 8446 4.1.2"
                             "\n",
                             43),
                     0);
    assert_page_has("\n   0     2    legacy_version: 0x0303 TLS 1.2  -- ");
    assert_page_has("\n   2    32    random: 585b4cc8aceb1927... (32 bytes)");
    assert_page_has("\n  69     2      0x1302 TLS_AES_256_GCM_SHA384\n");
    assert_page_has("\n 106     1      0 null\n");
    assert_page_has("\n 118    11          host_name: \"example.com\"  -- ");
    assert_page_has("\n 174     2          name: \"h2\"  -- ");
    assert_page_has("\n 189     4      extended_master_secret  -- ");
    assert_page_has("\n 254    42      key_share  -- Diffie-Hellman\n"
                    " 260    36        shares  -- public keys, guessed in "
                    "advance to save a round trip\n"
                    " 260     2          group: 0x001d x25519  -- the "
                    "Diffie-Hellman group or KEM\n"
                    " 264    32          key_exchange: 2278e641d422b805... "
                    "(32 bytes)  -- a fresh public key in that group\n");
}

static void numbers_without_names_say_so(void **state)
{
    (void)state;
    write_page(hf_named_groups, hex_bytes("0006 1234 4a4a 11ec"));
    assert_page_has("0x1234 (unknown group)\n");
    assert_page_has("0x4a4a GREASE\n");
    assert_page_has("0x11ec X25519MLKEM768\n");
    write_page(hf_alert, hex_bytes("02 63"));
    assert_page_has("level: 2 fatal  -- ");
    assert_page_has("description: 99 (unknown alert)  -- why\n");
    write_page(hf_new_session_ticket_12, hex_bytes("00001c20 0000"));
    assert_page_has("lifetime_hint: 7200  -- ");
    assert_page_has("ticket: (empty)  -- ");
}

static void unknown_extensions_are_shown_as_bytes(void **state)
{
    (void)state;
    write_page(hf_certificate_request, hex_bytes("00 0007 ff00 0003 010203"));
    assert_page_has("unknown extension\n");
    assert_page_has("bytes: 010203  -- not looked into\n");
}

static void what_peers_say_is_escaped(void **state)
{
    (void)state;
    write_page(hf_alpn, hex_bytes("0006 05 0a1b5b6d22"));
    assert_page_has("name: \"\\x0a\\x1b[m\\\"\"");
}

static void lines_are_cut_to_the_room_there_is(void **state)
{
    struct hf_seen seen = { .name = "x", .why = "y" };
    struct hf_line line = { .offset = 123456,
                            .length = 7,
                            .depth = 40,
                            .name = "name",
                            .value = "value",
                            .why = "why",
                            .seen = &seen };
    char text[200];

    (void)state;
    for (size_t cap = 1; cap < sizeof(text); cap++) {
        memset(text, '#', sizeof(text));
        assert_true(hf_line_text(&line, text, cap) < cap);
        assert_true(memchr(text, '\0', cap) != NULL);
        assert_int_equal(text[cap], '#');
    }
    assert_int_equal(hf_line_text(&line, text, 0), 0);
    hf_line_text(&line, text, sizeof(text));
    assert_int_equal(strncmp(text, "123456     7  ", 14), 0);
    assert_string_equal(text + 14 + 80, "name: value  -- why");
}

static void headings_have_no_value(void **state)
{
    struct hf_seen seen = { .kind = HF_SEEN_LAYOUT, .name = "x", .why = "y" };
    char text[8] = "#";

    (void)state;
    assert_int_equal(hf_value_text(&seen, text, sizeof(text)), 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_reads_like_the_rfc),
        cmocka_unit_test(numbers_without_names_say_so),
        cmocka_unit_test(unknown_extensions_are_shown_as_bytes),
        cmocka_unit_test(what_peers_say_is_escaped),
        cmocka_unit_test(lines_are_cut_to_the_room_there_is),
        cmocka_unit_test(headings_have_no_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
