/* error_test.c - every row of errors.def and events.def, and how a reason is
 * noted: the first one wins. */
#define HF_UNPOISONED
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Words of lower-case letters, digits and '_' between dots: "a.b_c". */
static bool is_dotted(const char *name, bool dot_needed)
{
    bool word = false, dots = false;

    for (; *name; name++) {
        if (*name == '.') {
            if (!word)
                return false;
            dots = true;
            word = false;
        } else if ((*name >= 'a' && *name <= 'z') || *name == '_' ||
                   (*name >= '0' && *name <= '9')) {
            word = true;
        } else {
            return false;
        }
    }
    return word && (dots || !dot_needed);
}

/* RFC 8446 6.2, and no_renegotiation of RFC 5246 7.2.2. */
static bool is_alert(unsigned alert)
{
    static const uint8_t known[] = {
        10, 20, 22, 40, 42, 43,  44,  45,  46,  47,  48,  49,  50, 51,
        70, 71, 80, 86, 90, 100, 109, 110, 112, 113, 115, 116, 120
    };

    for (size_t i = 0; i < sizeof(known); i++)
        if (known[i] == alert)
            return true;
    return false;
}

static void every_error_has_a_dotted_name_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(hf_error_name(HF_OK), "ok");
    for (unsigned code = 1; code < HF_ERROR_CODES; code++) {
        const char *name = hf_error_name(code);

        if (!is_dotted(name, true))
            fail_msg("%s is not a dotted name", name);
        /* Finds this row and not an earlier one: it is unique. */
        if (hf_error_by_name(name) != code)
            fail_msg("%s is there twice", name);
    }
}

static void every_error_has_a_sentence_and_a_real_alert(void **state)
{
    (void)state;
    for (unsigned code = 1; code < HF_ERROR_CODES; code++) {
        const char *text = hf_error_text(code);
        unsigned alert = hf_error_alert(code);

        assert_true(hf_text_len(text) > 8);
        assert_true(text[0] >= 'A' && text[0] <= 'z');
        assert_int_not_equal(text[hf_text_len(text) - 1], '.');
        if (alert && !is_alert(alert))
            fail_msg("%s: %u is no alert", hf_error_name(code), alert);
    }
}

/* What concerns a peer is told to it; what does not, is not. */
static void alerts_go_with_the_family_of_the_error(void **state)
{
    static const char *const told[] = { "decode.", "record.", "flow.",
                                        "negotiate.", "proof." };
    static const char *const silent[] = { "peer.", "system." };

    (void)state;
    for (unsigned code = 1; code < HF_ERROR_CODES; code++) {
        struct hf_span name = hf_span_text(hf_error_name(code));

        for (size_t i = 0; i < HF_COUNT(told); i++) {
            struct hf_span family = hf_span_text(told[i]);

            if (name.len > family.len &&
                hf_equal(name.at, family.at, family.len))
                assert_int_not_equal(hf_error_alert(code), 0);
        }
        for (size_t i = 0; i < HF_COUNT(silent); i++) {
            struct hf_span family = hf_span_text(silent[i]);

            if (name.len > family.len &&
                hf_equal(name.at, family.at, family.len))
                assert_int_equal(hf_error_alert(code), 0);
        }
    }
}

static void unknown_codes_are_our_bug_and_unknown_names_are_none(void **state)
{
    (void)state;
    assert_string_equal(hf_error_name(HF_ERROR_CODES), "internal.bug");
    assert_string_equal(hf_error_name(~0u), "internal.bug");
    assert_int_equal(hf_error_alert(~0u), 80);
    assert_int_equal(hf_error_by_name("no.such.code"), HF_OK);
    assert_int_equal(hf_error_by_name(""), HF_OK);
    assert_int_equal(hf_error_by_name(NULL), HF_OK);
    assert_int_equal(hf_error_by_name("ok"), HF_OK);
}

static void every_event_has_a_name_a_place_and_a_rule(void **state)
{
    (void)state;
    for (unsigned id = 0; id < HF_EVENT_IDS; id++) {
        const char *name = hf_event_name(id);

        if (!is_dotted(name, false))
            fail_msg("%s is not a dotted name", name);
        for (unsigned other = 0; other < id; other++)
            assert_string_not_equal(name, hf_event_name(other));
        assert_memory_equal(hf_event_rfc(id), "RFC ", 4);
        assert_true(hf_text_len(hf_event_rule(id)) > 8);
    }
    assert_string_equal(hf_event_name(~0u), "error");
    assert_non_null(hf_event_rfc(~0u));
    assert_non_null(hf_event_rule(~0u));
}

static void the_first_reason_wins(void **state)
{
    struct hf_error e = { .code = HF_OK };

    (void)state;
    assert_false(hf_fail(&e, HF_E_BAD_FINISHED, "%u of %s", 3u, "x"));
    assert_int_equal(e.code, HF_E_BAD_FINISHED);
    assert_int_equal(e.alert, 51);
    assert_string_equal(e.detail, "3 of x");
    assert_false(e.by_peer);
    assert_false(hf_fail(&e, HF_E_BUG, "later"));
    assert_false(hf_fail_at(&e, HF_E_TRUNCATED, "A", "b", 4));
    assert_int_equal(e.code, HF_E_BAD_FINISHED);
    assert_string_equal(e.detail, "3 of x");
    assert_null(e.layout);
}

static void a_place_is_noted_with_its_byte(void **state)
{
    struct hf_error e = { .code = HF_OK };

    (void)state;
    assert_false(
        hf_fail_at(&e, HF_E_TRUNCATED, "KeyShareEntry", "key_exchange", 262));
    assert_int_equal(e.code, HF_E_TRUNCATED);
    assert_int_equal(e.alert, 50);
    assert_string_equal(e.layout, "KeyShareEntry");
    assert_string_equal(e.field, "key_exchange");
    assert_int_equal(e.byte, 262);
    assert_string_equal(e.detail, "");
}

static void a_detail_too_long_is_cut_and_ended(void **state)
{
    struct hf_error e = { .code = HF_OK };
    char text[2 * HF_DETAIL_MAX];

    (void)state;
    hf_fill(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    hf_fail(&e, HF_E_ILLEGAL, "%s", text);
    assert_int_equal(hf_text_len(e.detail), HF_DETAIL_MAX - 1);
    assert_string_equal(e.detail + HF_DETAIL_MAX - 4, "...");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_dotted_name_of_its_own),
        cmocka_unit_test(every_error_has_a_sentence_and_a_real_alert),
        cmocka_unit_test(alerts_go_with_the_family_of_the_error),
        cmocka_unit_test(unknown_codes_are_our_bug_and_unknown_names_are_none),
        cmocka_unit_test(every_event_has_a_name_a_place_and_a_rule),
        cmocka_unit_test(the_first_reason_wins),
        cmocka_unit_test(a_place_is_noted_with_its_byte),
        cmocka_unit_test(a_detail_too_long_is_cut_and_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
