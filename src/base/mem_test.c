/* mem_test.c - allocating, copying, wiping, comparing; spans of text. */
#define HF_UNPOISONED
#include "base/base.h"
#include "base/reach.h"

#include <stdarg.h>

#include <cmocka.h>

/* ---- what the C library is asked for: the linker puts these in front of it ----- */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);
void *__real_memcpy(void *to, const void *from, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__real_memmove(void *to, const void *from, size_t len);
void *__wrap_memmove(void *to, const void *from, size_t len);
void *__real_memset(void *to, int byte, size_t len);
void *__wrap_memset(void *to, int byte, size_t len);
int __real_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);

static size_t last_count, last_size;
static size_t freed_looked_at, freed_dirty;
/* With a null pointer or onto itself, which is undefined even for no bytes. */
static unsigned undefined;

void *__wrap_calloc(size_t count, size_t size)
{
    last_count = count;
    last_size = size;
    return __real_calloc(count, size);
}

void __wrap_free(void *p)
{
    for (size_t i = 0; p && i < freed_looked_at; i++)
        freed_dirty += ((const uint8_t *)p)[i] != 0;
    __real_free(p);
}

void *__wrap_memcpy(void *to, const void *from, size_t len)
{
    undefined += !to || !from || to == from;
    return __real_memcpy(to, from, len);
}

void *__wrap_memmove(void *to, const void *from, size_t len)
{
    undefined += !to || !from;
    return __real_memmove(to, from, len);
}

void *__wrap_memset(void *to, int byte, size_t len)
{
    undefined += !to;
    return __real_memset(to, byte, len);
}

int __wrap_memcmp(const void *a, const void *b, size_t len)
{
    undefined += !a || !b;
    return __real_memcmp(a, b, len);
}

/* ---- memory -------------------------------------------------------------------- */

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

static void what_is_freed_was_wiped(void **state)
{
    uint8_t *p;

    (void)state;
    for (size_t size = 1; size <= 64; size++) {
        p = hf_alloc(size);
        assert_non_null(p);
        hf_fill(p, 0x5a, size);
        freed_looked_at = size;
        freed_dirty = 0;
        hf_free(p, size);
        freed_looked_at = 0;
        assert_int_equal(freed_dirty, 0);
    }
}

/* More would hide from the sanitizers who writes beyond the end. */
static void as_many_bytes_are_allocated_as_were_asked_for(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 64; size++) {
        hf_free(hf_alloc(size), size);
        assert_int_equal(last_count, 1);
        assert_int_equal(last_size, size ? size : 1);
        hf_free(hf_alloc_array(3, size), 3 * size);
        assert_int_equal(last_size, size ? 3 * size : 1);
    }
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
    undefined = 0;
    hf_copy(b, NULL, 0);
    hf_copy(NULL, NULL, 0);
    hf_move(NULL, NULL, 0);
    hf_fill(NULL, 1, 0);
    assert_true(hf_equal(NULL, NULL, 0));
    assert_int_equal(hf_compare(NULL, a, 0), 0);
    hf_wipe(NULL, 0);
    hf_copy(b, a, 2);
    assert_int_equal(b[1], 2);
    assert_int_equal(b[2], 0);
    hf_copy(a, a, sizeof(a)); /* onto itself */
    assert_int_equal(a[2], 3);
    assert_int_equal(undefined, 0);
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

static const uint8_t expected[256];

static bool compare_256(const uint8_t *bytes)
{
    return hf_equal_ct(bytes, expected, 256);
}

/* Who stopped at the first difference would tell by the time where it is. */
static void secrets_are_compared_to_the_end(void **state)
{
    uint8_t bytes[256] = { 0 };

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
        bytes[i] = 1;
        assert_true(reach(compare_256, bytes, sizeof(bytes), 1));
        bytes[i] = 0;
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
        cmocka_unit_test(what_is_freed_was_wiped),
        cmocka_unit_test(as_many_bytes_are_allocated_as_were_asked_for),
        cmocka_unit_test(arrays_that_overflow_are_refused),
        cmocka_unit_test(wiping_leaves_zeroes_and_nothing_else_touched),
        cmocka_unit_test(copying_nothing_from_nowhere_is_fine),
        cmocka_unit_test(moving_handles_overlap_both_ways),
        cmocka_unit_test(comparing_orders_bytes_as_unsigned),
        cmocka_unit_test(secrets_differ_if_one_bit_does),
        cmocka_unit_test(secrets_are_compared_to_the_end),
        cmocka_unit_test(masks_are_all_ones_or_none),
        cmocka_unit_test(a_word_is_loaded_from_any_place),
        cmocka_unit_test(texts_become_spans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
