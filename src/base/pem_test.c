/* pem_test.c - PEM armour (RFC 7468): blocks in any company, and everything
 * that only looks like one. */
#define HF_UNPOISONED
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BLOCK(label, body) \
    "-----BEGIN " label "-----\n" body "-----END " label "-----\n"

/* The blocks of @text as "label:bytes;", '!' at the end if it was bad. */
static const char *blocks(const char *text)
{
    static char out[300];
    struct hf_span rest = hf_span_text(text);
    struct hf_pem pem;
    bool bad;

    out[0] = '\0';
    while (hf_pem_next(&rest, &pem, &bad)) {
        uint8_t bytes[64];
        size_t len;

        assert_false(bad);
        assert_true(hf_unbase64(pem.base64, bytes, sizeof(bytes), &len));
        assert_true(len < sizeof(bytes));
        bytes[len] = '\0';
        for (size_t i = 0; i < pem.label.len; i++)
            hf_format_more(out, sizeof(out), "%s",
                           (char[]){ (char)pem.label.at[i], '\0' });
        hf_format_more(out, sizeof(out), ":%s;", (const char *)bytes);
    }
    if (bad)
        hf_format_more(out, sizeof(out), "!");
    return out;
}

static void blocks_are_found_one_after_the_other(void **state)
{
    (void)state;
    assert_string_equal(blocks(""), "");
    assert_string_equal(blocks("nothing here\n"), "");
    assert_string_equal(blocks(BLOCK("A", "Zm9v\n")), "A:foo;");
    assert_string_equal(blocks(BLOCK("A B", "Zm\n9v\n") BLOCK("C", "Zg==\n")),
                        "A B:foo;C:f;");
    assert_string_equal(
        blocks("who this is\n" BLOCK(
            "A", "Zm9v\n") "# a comment: -----\n" BLOCK("B", "")),
        "A:foo;B:;");
}

static void line_ends_of_all_sorts_are_fine(void **state)
{
    (void)state;
    assert_string_equal(blocks("-----BEGIN A-----\r\nZm9v\r\n"
                               "-----END A-----\r\n"),
                        "A:foo;");
    assert_string_equal(blocks("-----BEGIN A-----  \nZm9v \n"
                               "-----END A-----"),
                        "A:foo;");
    assert_string_equal(blocks("-----BEGIN A-----\nZm9v"
                               "-----END A-----\t\n"),
                        "A:foo;");
}

static void a_block_that_does_not_end_as_it_began_is_bad(void **state)
{
    static const char *const rows[] = {
        "-----BEGIN A-----\nZm9v\n",
        "-----BEGIN A-----",
        "-----BEGIN A",
        "-----BEGIN ",
        "-----BEGIN A----\nZm9v\n-----END A----\n",
        "-----BEGIN A-----x\nZm9v\n-----END A-----\n",
        "-----BEGIN A-----\nZm9v\n-----END B-----\n",
        "-----BEGIN A-----\nZm9v\n-----END AA-----\n",
        "-----BEGIN AA-----\nZm9v\n-----END A-----\n",
        "-----BEGIN A-----\nZm9v\n-----END A----\n",
        "-----BEGIN A-----\nZm9v\n-----END A------\n",
        "-----BEGIN A-----\nZm9v\n-----END A12345\n",
        "-----BEGIN A-----\nZm9v\n-----END A-----x\n",
        "-----BEGIN A-----\nZm9v\n----END A-----\n",
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (!hf_text_equal(blocks(rows[i]), "!"))
            fail_msg("%zu: \"%s\" gave \"%s\"", i, rows[i], blocks(rows[i]));
    assert_string_equal(blocks(BLOCK("A", "Zm9v\n") "-----BEGIN B-----\n"),
                        "A:foo;!");
}

/* Old encrypted keys (RFC 1421). */
static void headers_are_told_from_the_body(void **state)
{
    static const char text[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                               "Proc-Type: 4,ENCRYPTED\n"
                               "DEK-Info: AES-128-CBC,0123\n"
                               "\n"
                               "Zm9v\n"
                               "-----END RSA PRIVATE KEY-----\n";
    struct hf_span rest = hf_span_text(text);
    struct hf_pem pem;
    bool bad;

    (void)state;
    assert_true(hf_pem_next(&rest, &pem, &bad));
    assert_true(hf_span_equal(pem.base64, hf_span_text("Zm9v\n")));
    assert_memory_equal(pem.headers.at,
                        "Proc-Type: 4,ENCRYPTED\nDEK-Info:", 32);
    rest = hf_span_text(BLOCK("A", "Zm9v\n"));
    assert_true(hf_pem_next(&rest, &pem, &bad));
    assert_int_equal(pem.headers.len, 0);
    assert_false(hf_pem_next(&rest, &pem, &bad));
    assert_false(bad);
    assert_int_equal(rest.len, 0);
}

/* Every prefix of a text gives its whole blocks, and nothing is read beyond
 * the end: each is tried in a piece of memory of its own size. */
static void every_prefix_is_read_within_its_bounds(void **state)
{
    static const char text[] = BLOCK("A", "Zm9v\n") "K: v\n" BLOCK(
        "B", "h: x\n\nZm9v\n");

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        uint8_t *copy = hf_alloc(n);
        struct hf_span rest = hf_span(copy, n);
        struct hf_pem pem;
        size_t found = 0;
        bool bad;

        assert_non_null(copy);
        hf_copy(copy, text, n);
        while (hf_pem_next(&rest, &pem, &bad))
            found++;
        /* A block is whole with its last dash; so is the second. */
        assert_int_equal(found, (n >= 38) + (n == sizeof(text) - 2 ||
                                             n == sizeof(text) - 1));
        hf_free(copy, n);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_found_one_after_the_other),
        cmocka_unit_test(line_ends_of_all_sorts_are_fine),
        cmocka_unit_test(a_block_that_does_not_end_as_it_began_is_bad),
        cmocka_unit_test(headers_are_told_from_the_body),
        cmocka_unit_test(every_prefix_is_read_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
