/* mem_test.c - allocating, copying, wiping, comparing; spans of text. */
#define HF_UNPOISONED
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void allocated_memory_is_zero(void **state)
{
    enum { SIZE = 4096 };
    static const uint8_t zeroes[SIZE];

    (void)state;
    /* Dirty the heap first, so that zeroes are somebody's doing. */
    for (int i = 0; i < 8; i++) {
        uint8_t *p = hf_alloc(SIZE);

        assert_non_null(p);
        assert_memory_equal(p, zeroes, SIZE);
        hf_fill(p, 0xa5, SIZE);
        hf_free(p, 0); /* size 0: freed, not wiped */
    }
}

static void allocating_nothing_gives_something_to_free(void **state)
{
    void *p = hf_alloc(0), *q = hf_alloc_array(0, 16),
         *r = hf_alloc_array(9, 0);

    (void)state;
    assert_non_null(p);
    assert_non_null(q);
    assert_non_null(r);
    hf_free(p, 0);
    hf_free(q, 0);
    hf_free(r, 0);
    hf_free(NULL, 0);
    hf_free(NULL, 100);
}

static void arrays_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_null(hf_alloc_array(SIZE_MAX, 2));
    assert_null(hf_alloc_array(2, SIZE_MAX));
    assert_null(hf_alloc_array(SIZE_MAX / 16 + 1, 16));
    assert_null(hf_alloc_array((size_t)1 << (sizeof(size_t) * 4),
                               (size_t)1 << (sizeof(size_t) * 4)));
}

static void wiping_leaves_zeroes_and_nothing_else_touched(void **state)
{
    uint8_t bytes[34];

    (void)state;
    for (size_t len = 0; len <= 32; len++) {
        hf_fill(bytes, 0xff, sizeof(bytes));
        hf_wipe(bytes + 1, len);
        for (size_t i = 0; i < sizeof(bytes); i++)
            assert_int_equal(bytes[i], i >= 1 && i < 1 + len ? 0 : 0xff);
    }
    hf_wipe(NULL, 0);
    hf_wipe(NULL, 5);
}

static void copying_nothing_from_nowhere_is_fine(void **state)
{
    uint8_t a[3] = { 1, 2, 3 }, b[3] = { 0 };

    (void)state;
    hf_copy(b, NULL, 0);
    hf_copy(NULL, NULL, 0);
    hf_move(NULL, NULL, 0);
    hf_fill(NULL, 1, 0);
    assert_true(hf_equal(NULL, NULL, 0));
    assert_int_equal(hf_compare(NULL, a, 0), 0);
    hf_copy(b, a, 2);
    assert_int_equal(b[1], 2);
    assert_int_equal(b[2], 0);
    hf_copy(a, a, sizeof(a)); /* onto itself */
    assert_int_equal(a[2], 3);
}

static void moving_handles_overlap_both_ways(void **state)
{
    uint8_t a[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    const uint8_t up[8] = { 0, 1, 0, 1, 2, 3, 4, 5 };
    const uint8_t down[8] = { 0, 1, 2, 3, 4, 5, 4, 5 };

    (void)state;
    hf_move(a + 2, a, 6);
    assert_memory_equal(a, up, 8);
    hf_move(a, a + 2, 6);
    assert_memory_equal(a, down, 8);
}

static void comparing_orders_bytes_as_unsigned(void **state)
{
    const uint8_t low[2] = { 0x01, 0x7f }, high[2] = { 0x01, 0x80 };

    (void)state;
    assert_true(hf_compare(low, high, 2) < 0);
    assert_true(hf_compare(high, low, 2) > 0);
    assert_int_equal(hf_compare(low, high, 1), 0);
    assert_false(hf_equal(low, high, 2));
    assert_true(hf_equal(low, high, 1));
}

/* Every single-bit difference in every place, and none. */
static void secrets_differ_if_one_bit_does(void **state)
{
    uint8_t a[64], b[64];

    (void)state;
    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = b[i] = (uint8_t)(i * 37);
    assert_true(hf_equal_ct(a, b, 0));
    assert_true(hf_equal_ct(NULL, NULL, 0));
    for (size_t len = 1; len <= sizeof(a); len++) {
        assert_true(hf_equal_ct(a, b, len));
        for (unsigned bit = 0; bit < 8; bit++) {
            b[len - 1] ^= (uint8_t)(1u << bit);
            assert_false(hf_equal_ct(a, b, len));
            assert_true(hf_equal_ct(a, b, len - 1));
            b[len - 1] ^= (uint8_t)(1u << bit);
        }
    }
}

static void masks_are_all_ones_or_none(void **state)
{
    static const uint32_t values[] = { 0,          1,          2,
                                       0x7fffffff, 0x80000000, 0x80000001,
                                       0xfffffffe, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(values); i++)
        for (size_t j = 0; j < HF_COUNT(values); j++)
            assert_int_equal(hf_mask_equal(values[i], values[j]),
                             i == j ? 0xffffffff : 0);
    for (unsigned byte = 0; byte < 256; byte++)
        assert_int_equal(hf_mask_zero((uint8_t)byte), byte ? 0 : 0xffffffff);
    for (unsigned yes = 0; yes < 256; yes += 5)
        for (unsigned no = 0; no < 256; no += 3) {
            assert_int_equal(
                hf_select_ct(0xffffffff, (uint8_t)yes, (uint8_t)no), yes);
            assert_int_equal(hf_select_ct(0, (uint8_t)yes, (uint8_t)no), no);
        }
}

static void a_word_is_loaded_from_any_place(void **state)
{
    uint8_t bytes[16];
    uint64_t word;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(0xf0 + i);
    for (size_t at = 0; at <= 8; at++) {
        word = hf_load64(bytes + at);
        assert_memory_equal(&word, bytes + at, 8);
    }
}

static void texts_become_spans(void **state)
{
    struct hf_span none = hf_span_text(NULL), empty = hf_span_text("");
    struct hf_span abc = hf_span_text("abc");

    (void)state;
    assert_int_equal(none.len, 0);
    assert_int_equal(empty.len, 0);
    assert_int_equal(abc.len, 3);
    assert_memory_equal(abc.at, "abc", 3);
    assert_true(hf_span_equal(none, empty));
    assert_true(hf_span_equal(abc, hf_span("abcd", 3)));
    assert_false(hf_span_equal(abc, hf_span("abcd", 4)));
    assert_false(hf_span_equal(abc, hf_span("abd", 3)));
    assert_int_equal(hf_text_len(""), 0);
    assert_int_equal(hf_text_len("four"), 4);
    assert_true(hf_text_equal("same", "same"));
    assert_false(hf_text_equal("same", "sam"));
    assert_false(hf_text_equal("same", "Same"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocated_memory_is_zero),
        cmocka_unit_test(allocating_nothing_gives_something_to_free),
        cmocka_unit_test(arrays_that_overflow_are_refused),
        cmocka_unit_test(wiping_leaves_zeroes_and_nothing_else_touched),
        cmocka_unit_test(copying_nothing_from_nowhere_is_fine),
        cmocka_unit_test(moving_handles_overlap_both_ways),
        cmocka_unit_test(comparing_orders_bytes_as_unsigned),
        cmocka_unit_test(secrets_differ_if_one_bit_does),
        cmocka_unit_test(masks_are_all_ones_or_none),
        cmocka_unit_test(a_word_is_loaded_from_any_place),
        cmocka_unit_test(texts_become_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
