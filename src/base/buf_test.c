/* buf_test.c - the writer, the growing buffer and the arena, at their edges. */
#define HF_UNPOISONED
#include "base/base.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Does @misuse end the program?  It is tried in a child. */
static bool dies(void (*misuse)(void))
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (!child) {
        /* What the assertion prints is of no use to anybody. */
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        misuse();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* ---- spans and numbers ----------------------------------------------------- */

static void spans_are_cut_without_a_gap(void **state)
{
    static const uint8_t bytes[5] = { 1, 2, 3, 4, 5 };
    struct hf_span all = HF_SPAN(bytes);

    (void)state;
    for (size_t n = 0; n <= 5; n++) {
        struct hf_span first = hf_span_first(all, n);
        struct hf_span after = hf_span_after(all, n);

        assert_ptr_equal(first.at, bytes);
        assert_int_equal(first.len, n);
        assert_ptr_equal(after.at, bytes + n);
        assert_int_equal(after.len, 5 - n);
    }
    /* Of nothing, nothing; and no arithmetic on NULL. */
    assert_null(hf_span_after(hf_span(NULL, 0), 0).at);
    assert_null(hf_span_first(hf_span(NULL, 0), 0).at);
}

static void cut_first_past_the_end(void)
{
    hf_span_first(hf_span("abc", 3), 4);
}

static void cut_after_past_the_end(void)
{
    hf_span_after(hf_span("abc", 3), 4);
}

static void cutting_past_the_end_is_a_bug_of_ours(void **state)
{
    (void)state;
    assert_true(dies(cut_first_past_the_end));
    assert_true(dies(cut_after_past_the_end));
}

static void numbers_are_big_endian(void **state)
{
    uint8_t p[9] = { 0 };

    (void)state;
    hf_store_number(p, UINT64_C(0x0102030405060708), 8);
    assert_memory_equal(p, "\1\2\3\4\5\6\7\10\0", 9);
    assert_int_equal(hf_number(p, 0), 0);
    assert_int_equal(hf_number(p, 1), 0x01);
    assert_int_equal(hf_number(p, 2), 0x0102);
    assert_int_equal(hf_number(p, 3), 0x010203);
    assert_int_equal(hf_number(p, 4), 0x01020304);
    hf_store_number(p, 0xffffffff, 3);
    assert_memory_equal(p, "\xff\xff\xff\4", 4);
    hf_store_number(p, 7, 0);
    assert_int_equal(p[0], 0xff);
}

/* ---- the writer -------------------------------------------------------------- */

/* A list of two numbers in a vector, into each room from none to too much. */
static void full_is_full_at_every_size(void **state)
{
    static const uint8_t whole[] = { 9, 0, 5, 0x12, 0x34, 'a', 'b', 'c', 7 };

    (void)state;
    for (size_t cap = 0; cap <= sizeof(whole) + 2; cap++) {
        uint8_t room[sizeof(whole) + 3];
        struct hf_writer w = hf_writer(room, cap);
        size_t mark;

        hf_fill(room, 0xee, sizeof(room));
        hf_put(&w, 9, 1);
        mark = hf_writer_open(&w, 2);
        hf_put(&w, 0x1234, 2);
        hf_put_bytes(&w, hf_span("abc", 3));
        hf_writer_close(&w, mark, 2);
        hf_put(&w, 7, 1);
        assert_int_equal(w.full, cap < sizeof(whole));
        assert_true(w.len <= cap);
        for (size_t i = cap; i < sizeof(room); i++)
            assert_int_equal(room[i], 0xee);
        if (w.full)
            continue;
        assert_int_equal(hf_written(&w).len, sizeof(whole));
        assert_memory_equal(room, whole, sizeof(whole));
    }
}

static void once_full_nothing_small_slips_in(void **state)
{
    uint8_t room[4] = { 0 };
    struct hf_writer w = hf_writer(room, sizeof(room));

    (void)state;
    hf_put(&w, 1, 1);
    hf_put_bytes(&w, hf_span("abcd", 4));
    assert_true(w.full);
    hf_put(&w, 2, 1);
    hf_put_bytes(&w, hf_span("x", 1));
    hf_put_bytes(&w, hf_span(NULL, 0));
    assert_int_equal(w.len, 1);
    assert_memory_equal(room, "\1\0\0\0", 4);
}

static void a_vector_longer_than_its_prefix_can_say_is_full(void **state)
{
    static uint8_t room[70000], bytes[65536];

    (void)state;
    for (unsigned prefix = 1; prefix <= 2; prefix++) {
        size_t most = ((size_t)1 << (8 * prefix)) - 1;

        for (size_t len = most; len <= most + 1; len++) {
            struct hf_writer w = hf_writer(room, sizeof(room));
            size_t mark = hf_writer_open(&w, prefix);

            hf_put_bytes(&w, hf_span(bytes, len));
            hf_writer_close(&w, mark, prefix);
            assert_int_equal(w.full, len > most);
            if (!w.full)
                assert_int_equal(hf_number(room, prefix), most);
        }
    }
}

/* ---- the growing buffer --------------------------------------------------------- */

static void what_went_in_comes_out_in_order(void **state)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };
    uint8_t in = 0, out = 0;
    unsigned long seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[300];
        size_t n, live;

        seed = seed * 1103515245 + 12345;
        n = seed / 65536 % sizeof(bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = in++;
        assert_true(hf_buffer_add(&b, hf_span(bytes, n)));
        live = hf_buffer_bytes(&b).len;
        seed = seed * 1103515245 + 12345;
        n = live ? seed / 65536 % (live + 1) : 0;
        if (round % 100 == 99)
            n = live;
        for (size_t i = 0; i < n; i++)
            assert_int_equal(hf_buffer_bytes(&b).at[i], out++);
        hf_buffer_drop(&b, n);
        assert_int_equal(hf_buffer_bytes(&b).len, live - n);
        if (live == n)
            assert_null(b.at); /* an empty one holds no memory */
    }
    hf_buffer_wipe(&b);
    assert_null(b.at);
}

/* Memory stays in proportion to what is inside, however much passes by. */
static void a_buffer_does_not_creep(void **state)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };
    uint8_t bytes[100] = { 0 };

    (void)state;
    assert_true(hf_buffer_add(&b, HF_SPAN(bytes)));
    for (int i = 0; i < 10000; i++) {
        assert_true(hf_buffer_add(&b, HF_SPAN(bytes)));
        hf_buffer_drop(&b, sizeof(bytes));
        assert_true(b.cap <= 1024);
    }
    hf_buffer_wipe(&b);
}

static void room_that_cannot_be_is_refused(void **state)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };

    (void)state;
    assert_null(hf_buffer_room(&b, SIZE_MAX));
    assert_null(hf_buffer_room(&b, SIZE_MAX / 4 + 1));
    assert_null(b.at);
    assert_true(hf_buffer_add(&b, hf_span("abc", 3)));
    assert_null(hf_buffer_room(&b, SIZE_MAX - 2));
    assert_int_equal(hf_buffer_bytes(&b).len, 3); /* and nothing is lost */
    hf_buffer_wipe(&b);
    assert_non_null(hf_buffer_room(&b, 0));
    hf_buffer_wipe(&b);
}

static void drop_too_much(void)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };

    if (hf_buffer_add(&b, hf_span("abc", 3)))
        hf_buffer_drop(&b, 4);
}

static void grow_too_much(void)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };

    if (hf_buffer_room(&b, 1))
        hf_buffer_grew(&b, b.cap + 1);
}

static void a_buffer_is_never_used_beyond_its_bytes(void **state)
{
    (void)state;
    assert_true(dies(drop_too_much));
    assert_true(dies(grow_too_much));
}

/* ---- the arena --------------------------------------------------------------------- */

static void the_arena_gives_zeroed_aligned_separate_memory(void **state)
{
    struct hf_arena a = { .blocks = NULL };
    uint8_t *taken[200];
    size_t sizes[200];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(taken); i++) {
        sizes[i] = i * 7 % 523;
        taken[i] = hf_arena_take(&a, sizes[i]);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(taken[i][k], 0);
        hf_fill(taken[i], (uint8_t)i, sizes[i]);
    }
    for (size_t i = 0; i < HF_COUNT(taken); i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(taken[i][k], (uint8_t)i);
    hf_arena_wipe(&a);
    assert_null(a.blocks);
    assert_int_equal(a.total, 0);
    hf_arena_wipe(&a); /* twice is fine */
}

static void the_arena_has_a_ceiling(void **state)
{
    struct hf_arena a = { .blocks = NULL };
    size_t blocks = 0;

    (void)state;
    assert_null(hf_arena_take(&a, HF_ARENA_MAX + 1));
    assert_null(hf_arena_take(&a, SIZE_MAX));
    assert_null(hf_arena_take(&a, SIZE_MAX - 8));
    assert_non_null(hf_arena_take(&a, HF_ARENA_MAX)); /* exactly all of it */
    assert_null(hf_arena_take(&a, 1));
    hf_arena_wipe(&a);
    while (hf_arena_take(&a, HF_ARENA_BLOCK))
        blocks++;
    assert_int_equal(blocks, HF_ARENA_MAX / HF_ARENA_BLOCK);
    assert_null(hf_arena_take(&a, 1));
    hf_arena_wipe(&a);
    assert_non_null(hf_arena_take(&a, 1)); /* wiped is new */
    hf_arena_wipe(&a);
}

/* Who meets the ceiling has asked for too much; else memory has run out. */
static void the_arena_says_why_it_is_full(void **state)
{
    struct hf_arena a = { .blocks = NULL };
    struct hf_error e = { .code = HF_OK };

    (void)state;
    assert_false(hf_arena_fail(&a, &e));
    assert_int_equal(e.code, HF_E_OUT_OF_MEMORY);
    assert_non_null(hf_arena_take(&a, HF_ARENA_MAX));
    assert_null(hf_arena_take(&a, 1));
    e = (struct hf_error){ .code = HF_OK };
    assert_false(hf_arena_fail(&a, &e));
    assert_int_equal(e.code, HF_E_ARENA_FULL);
    assert_int_equal(e.alert, 80);
    hf_arena_wipe(&a);
    assert_null(hf_arena_take(&a, HF_ARENA_MAX + 1));
    e = (struct hf_error){ .code = HF_OK };
    assert_false(hf_arena_fail(&a, &e));
    assert_int_equal(e.code, HF_E_ARENA_FULL);
    hf_arena_wipe(&a);
}

/* Objects above a block's size get one of their own. */
static void large_objects_fit_exactly(void **state)
{
    (void)state;
    for (size_t size = HF_ARENA_BLOCK - 17; size < HF_ARENA_BLOCK + 18;
         size++) {
        struct hf_arena a = { .blocks = NULL };
        uint8_t *p = hf_arena_take(&a, size);

        assert_non_null(p);
        hf_fill(p, 0xff, size);
        assert_non_null(hf_arena_take(&a, 1));
        hf_arena_wipe(&a);
    }
}

static void copies_in_the_arena_are_never_null(void **state)
{
    struct hf_arena a = { .blocks = NULL };
    struct hf_span empty = hf_arena_copy(&a, hf_span(NULL, 0));
    struct hf_span text = hf_arena_copy(&a, hf_span("text", 4));
    struct hf_span large = hf_arena_copy(&a, hf_span(NULL, SIZE_MAX));

    (void)state;
    assert_non_null(empty.at);
    assert_int_equal(empty.len, 0);
    assert_true(hf_span_equal(text, hf_span("text", 4)));
    assert_null(large.at);
    assert_int_equal(large.len, 0);
    hf_arena_wipe(&a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_cut_without_a_gap),
        cmocka_unit_test(cutting_past_the_end_is_a_bug_of_ours),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(full_is_full_at_every_size),
        cmocka_unit_test(once_full_nothing_small_slips_in),
        cmocka_unit_test(a_vector_longer_than_its_prefix_can_say_is_full),
        cmocka_unit_test(what_went_in_comes_out_in_order),
        cmocka_unit_test(a_buffer_does_not_creep),
        cmocka_unit_test(room_that_cannot_be_is_refused),
        cmocka_unit_test(a_buffer_is_never_used_beyond_its_bytes),
        cmocka_unit_test(the_arena_gives_zeroed_aligned_separate_memory),
        cmocka_unit_test(the_arena_has_a_ceiling),
        cmocka_unit_test(the_arena_says_why_it_is_full),
        cmocka_unit_test(large_objects_fit_exactly),
        cmocka_unit_test(copies_in_the_arena_are_never_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
