/* lang_test.c - the translations: which language is spoken, which pattern a
 * finished sentence came from, and that values stay what they are. */
#include "tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "handfast/explain.h"

static void speak(const char *name)
{
    char option[] = "--lang", room[16];
    char *words[] = { option, room };
    snprintf(room, sizeof room, "%s", name);
    lang_init(2, words);
}

static void becomes(const char *english, const char *wanted)
{
    char room[512];
    speak("zh");
    assert_string_equal(lang_text(english, room, sizeof room), wanted);
}

/* ---- which language ------------------------------------------------------------ */

static void what_is_asked_for_wins_over_the_environment(void **state)
{
    char get[] = "get", equals[] = "--lang=en", one[] = "-lang", zh[] = "zh";
    char *first[] = { get, equals }, *second[] = { one, zh };
    (void)state;
    setenv("HANDFAST_LANG", "zh", 1);
    lang_init(2, first);
    assert_string_equal(lang_name(), "en");
    lang_init(2, second);
    assert_string_equal(lang_name(), "zh");
    assert_string_equal(lang("ok"), "正常");
}

static void words_behind_two_dashes_are_no_options(void **state)
{
    char dashes[] = "--", option[] = "--lang=zh";
    char *words[] = { dashes, option };
    (void)state;
    unsetenv("HANDFAST_LANG");
    lang_init(2, words);
    assert_string_equal(lang_name(), "en");
}

static void a_locale_speaks_on_terminals_only(void **state)
{
    (void)state;
    unsetenv("HANDFAST_LANG");
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    lang_init(0, NULL); /* tests write to a pipe */
    assert_string_equal(lang_name(), "en");
    unsetenv("LC_ALL");
}

static void a_language_that_nobody_speaks_is_english(void **state)
{
    char room[64];
    (void)state;
    speak("xx");
    assert_string_equal(lang_name(), "en");
    assert_string_equal(lang("ok"), "ok");
    assert_string_equal(lang_text("record type 99", room, sizeof room),
                        "record type 99");
}

/* ---- patterns ------------------------------------------------------------------- */

static void a_value_is_put_into_the_translation(void **state)
{
    (void)state;
    becomes("record type 99", "记录类型 99");
    becomes("the server chose group 0x001d", "服务器选择了组 0x001d");
    becomes("chain 12 has no key, and neither HF_ASK_SIGN nor HF_ASK_DECRYPT "
            "is set",
            "证书链 12 没有私钥，且 HF_ASK_SIGN 与 HF_ASK_DECRYPT 均未设置");
}

static void values_may_change_places(void **state)
{
    (void)state;
    becomes("key_share in ServerHello", "ServerHello 中的 key_share");
    becomes("cookie in CertificateRequest", "CertificateRequest 中的 cookie");
}

static void words_of_ours_inside_words_of_ours_are_translated(void **state)
{
    (void)state;
    becomes("valid for 3 days more", "有效期还剩 3 天");
    becomes("CN=localhost: dates are not looked at; have it issued anew",
            "CN=localhost：不检查日期；重新签发");
}

static void what_is_appended_is_translated_too(void **state)
{
    (void)state;
    becomes("dates are not looked at and 3 more", "不检查日期，另有 3 个");
}

static void the_pattern_with_the_most_letters_wins(void **state)
{
    (void)state;
    becomes("the first bytes are \"GET /\": an HTTP request",
            "开头的字节是 \"GET /\"：HTTP 请求");
    becomes("the first bytes are \"xyz\"", "开头的字节是 \"xyz\"");
}

static void a_quoted_value_may_hold_quotes_and_our_words(void **state)
{
    (void)state;
    becomes("the client offers \"a\\\" and 3 more\"",
            "客户端提供 \"a\\\" and 3 more\"");
}

static void numbers_and_dates_are_told_from_other_words(void **state)
{
    (void)state;
    becomes("record type many", "record type many");
    becomes("dates from 2026-01-01 00:00:00 UTC",
            "dates from 2026-01-01 00:00:00 UTC");
    becomes("it would end on 2026-01-01 00:00:00 UTC, before it begins on "
            "2026-02-01 00:00:00 UTC",
            "它会在 2026-01-01 00:00:00 UTC 结束，早于开始时间 "
            "2026-02-01 00:00:00 UTC");
}

static void what_has_no_translation_stays(void **state)
{
    (void)state;
    becomes("", "");
    becomes("h2", "h2");
    becomes("%s %n %u", "%s %n %u");
    becomes("a sentence of nobody", "a sentence of nobody");
    speak("zh");
    assert_null(lang(NULL));
    assert_null(lang_text(NULL, (char[4]){ 0 }, 4));
}

static void values_are_never_patterns(void **state)
{
    (void)state;
    becomes("wanted %s%n; has DNS:%1$s", "要求 %s%n；证书有 DNS:%1$s");
}

static void no_room_cuts_between_letters(void **state)
{
    char room[12];
    (void)state;
    for (size_t cap = 1; cap <= sizeof room; cap++) {
        speak("zh");
        const char *text = lang_text("record type 99", room, cap);
        assert_true(strlen(text) < cap);
        assert_int_equal(strlen(text) % 3, 0); /* whole letters */
    }
}

/* A line's value as the wire layer makes it. */
static void what_a_peer_wrote_is_left_alone(void **state)
{
    struct hf_field field = { .show = HF_SHOW_TEXT };
    struct hf_seen seen = { .kind = HF_SEEN_FIELD, .field = &field };
    struct hf_line line = { .value = "(empty)", .seen = &seen };
    char room[64];
    (void)state;
    speak("zh");
    assert_string_equal(lang_value(&line, room, sizeof room), "(empty)");
    field.show = HF_SHOW_HEX;
    assert_string_equal(lang_value(&line, room, sizeof room), "（空）");
}

/* Hostile texts: any bytes, long runs of what patterns are made of. */
static void any_bytes_come_out_again(void **state)
{
    static const char *const pieces[] = {
        "; ", ": ", " and ", "\"", "%s", "99", "\xe4", " for ", "(", "it is "
    };
    char text[300], room[2048];
    unsigned seed = 1;
    (void)state;
    speak("zh");
    for (unsigned round = 0; round < 2000; round++) {
        text[0] = '\0';
        for (unsigned i = 0; i < 40 && strlen(text) < 280; i++) {
            seed = seed * 1103515245u + 12345u;
            strcat(text, pieces[seed / 65536 % 10]);
        }
        assert_non_null(lang_text(text, room, sizeof room));
    }
}

/* ---- columns ------------------------------------------------------------------------ */

static void wraps(const char *text, unsigned width, const char *wanted)
{
    char *out = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    assert_non_null(to);
    print_wrapped(to, text, width, 2, 0);
    fclose(to);
    assert_string_equal(out, wanted);
    free(out);
}

static void wide_letters_take_two_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns("abc", 3), 3);
    assert_int_equal(text_columns("证书 x", strlen("证书 x")), 6);
    assert_int_equal(text_columns("，", 3), 2);
    assert_int_equal(text_columns("\xff\xfe", 2), 2);
}

static void lines_are_broken_between_wide_letters(void **state)
{
    (void)state;
    wraps("证书已经过期", 8, "证书已经\n  过期\n");
    wraps("one two three", 8, "one two\n  three\n");
    wraps("用 handfast 看", 12, "用 handfast\n  看\n");
}

static void no_line_begins_with_what_closes(void **state)
{
    (void)state;
    wraps("证书已过，请等", 8, "证书已\n  过，请\n  等\n");
    wraps("证书（已过期）请等", 10, "证书（已过\n  期）请等\n");
    wraps("证书名（已）", 8, "证书名\n  （已）\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_wins_over_the_environment),
        cmocka_unit_test(words_behind_two_dashes_are_no_options),
        cmocka_unit_test(a_locale_speaks_on_terminals_only),
        cmocka_unit_test(a_language_that_nobody_speaks_is_english),
        cmocka_unit_test(a_value_is_put_into_the_translation),
        cmocka_unit_test(values_may_change_places),
        cmocka_unit_test(words_of_ours_inside_words_of_ours_are_translated),
        cmocka_unit_test(what_is_appended_is_translated_too),
        cmocka_unit_test(the_pattern_with_the_most_letters_wins),
        cmocka_unit_test(a_quoted_value_may_hold_quotes_and_our_words),
        cmocka_unit_test(numbers_and_dates_are_told_from_other_words),
        cmocka_unit_test(what_has_no_translation_stays),
        cmocka_unit_test(values_are_never_patterns),
        cmocka_unit_test(no_room_cuts_between_letters),
        cmocka_unit_test(what_a_peer_wrote_is_left_alone),
        cmocka_unit_test(any_bytes_come_out_again),
        cmocka_unit_test(wide_letters_take_two_columns),
        cmocka_unit_test(lines_are_broken_between_wide_letters),
        cmocka_unit_test(no_line_begins_with_what_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
