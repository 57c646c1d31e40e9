/* compress_test.c - certificates compressed and expanded, in each way whose
 * library is here: what is not exactly right is refused, whatever it asks for,
 * and no memory is called no memory. */
#define HF_UNPOISONED
#include "crypto/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LARGE = 65536, ROOM = LARGE + 4096, GUARD = 64 };

static uint8_t plain[LARGE + 1], packed[2 * ROOM], out[LARGE + GUARD];

/* ---- memory that runs out -------------------------------------------------------- */

static long until_failure = -1, live;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

void *__wrap_calloc(size_t count, size_t size)
{
    void *p;

    if (until_failure >= 0 && until_failure-- == 0)
        return NULL;
    p = __real_calloc(count, size);
    live += p != NULL;
    return p;
}

void __wrap_free(void *p)
{
    live -= p != NULL;
    __real_free(p);
}

#ifdef HF_ZSTD
void *__real_ZSTD_createDCtx(void);
void *__wrap_ZSTD_createDCtx(void);

void *__wrap_ZSTD_createDCtx(void)
{
    return until_failure >= 0 && until_failure-- == 0
               ? NULL
               : __real_ZSTD_createDCtx();
}
#endif

/* ---- what is compressed ------------------------------------------------------------- */

/* Like certificates: half of it repeats, half is random. */
static struct hf_span text(size_t len)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        plain[i] = i & 32 ? (uint8_t)(i & 31) : (uint8_t)(seed >> 24);
    }
    return hf_span(plain, len);
}

static struct hf_span pack(const struct hf_compression *way, struct hf_span in)
{
    size_t len;

    assert_true(way->compress(NULL, in, packed, ROOM, &len));
    assert_true(len <= ROOM);
    return hf_span(packed, len);
}

/* Expand into exactly that much, and see that nothing was written behind. */
static bool expands(const struct hf_compression *way, struct hf_span in,
                    size_t len, bool *fault)
{
    bool ok;

    memset(out, 0xa5, sizeof(out));
    ok = way->expand(NULL, in, out, len, fault);
    for (size_t i = len; i < len + GUARD; i++)
        assert_int_equal(out[i], 0xa5);
    assert_int_equal(live, 0);
    return ok;
}

static void refused(const struct hf_compression *way, struct hf_span in,
                    size_t len)
{
    bool fault;

    assert_false(expands(way, in, len, &fault));
    assert_false(fault); /* it is the peer's doing */
}

#define EACH(way)                                                              \
    for (const struct hf_compression *const *each = hf_libcrypto_compressions, \
                                            *way = *each;                      \
         way; way = *++each)

static const struct hf_compression *by_name(const char *name)
{
    EACH(way)
    if (!strcmp(way->name, name))
        return way;
    printf("# SKIP: no %s in this build (apt install zlib1g-dev "
           "libbrotli-dev libzstd-dev)\n",
           name);
    skip();
    return NULL;
}

/* ---- the good case ------------------------------------------------------------------- */

static void what_was_compressed_comes_out_again(void **state)
{
    static const size_t lengths[] = { 4, 5, 100, 1500, 4096, 20000, LARGE };

    (void)state;
    EACH(way)
    for (size_t i = 0; i < HF_COUNT(lengths); i++) {
        struct hf_span in = text(lengths[i]), small = pack(way, in);
        bool fault;

        assert_true(expands(way, small, in.len, &fault));
        assert_false(fault);
        assert_memory_equal(out, in.at, in.len);
        if (in.len > 1000)
            assert_true(small.len < in.len * 3 / 4);
    }
}

static void ways_have_the_numbers_of_the_rfc(void **state)
{
    static const char *const names[] = { NULL, "zlib", "brotli", "zstd" };
    const struct hf_crypto c = { &hf_libcrypto, NULL };
    struct hf_provider none = hf_libcrypto;
    const struct hf_crypto without = { &none, NULL };

    (void)state;
    none.compressions = NULL;
    assert_null(hf_compression_by_number(&c, 0));
    assert_null(hf_compression_by_number(&c, 4));
    EACH(way)
    {
        assert_true(way->number < HF_COUNT(names));
        assert_string_equal(way->name, names[way->number]);
        assert_ptr_equal(hf_compression_by_number(&c, way->number), way);
        assert_null(hf_compression_by_number(&without, way->number));
    }
}

/* Python's zlib made it. */
static void what_others_compressed_is_understood(void **state)
{
    static const uint8_t by_zlib[] = { 0x78, 0x9c, 0xcb, 0x48, 0xcc, 0x4b,
                                       0x49, 0x4b, 0x2c, 0x2e, 0x01, 0x00,
                                       0x0e, 0x8c, 0x03, 0x4a };
    bool fault;

    (void)state;
    assert_true(expands(by_name("zlib"), HF_SPAN(by_zlib), 8, &fault));
    assert_memory_equal(out, "handfast", 8);
}

static void what_does_not_fit_is_not_compressed(void **state)
{
    struct hf_span in = text(4096);
    size_t len;

    (void)state;
    EACH(way)
    assert_false(way->compress(NULL, in, packed, 1000, &len));
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void another_length_than_announced_is_refused(void **state)
{
    (void)state;
    EACH(way)
    {
        struct hf_span small = pack(way, text(3000));

        for (size_t len = 0; len < 3100; len += len < 10 || len > 2990 ? 1 : 97)
            if (len != 3000)
                refused(way, small, len);
        refused(way, small, LARGE);
    }
}

static void a_stream_that_is_cut_is_refused(void **state)
{
    (void)state;
    EACH(way)
    {
        struct hf_span small = pack(way, text(700));

        for (size_t len = 0; len < small.len; len++)
            refused(way, hf_span_first(small, len), 700);
    }
}

static void bytes_behind_the_end_are_refused(void **state)
{
    (void)state;
    EACH(way)
    {
        struct hf_span small = pack(way, text(700)), two;

        packed[small.len] = 0;
        refused(way, hf_span(packed, small.len + 1), 700);
        /* A second stream, too: not even one that makes the length right. */
        memcpy(packed + small.len, packed, small.len);
        two = hf_span(packed, 2 * small.len);
        refused(way, two, 700);
        refused(way, two, 1400);
    }
}

/* A megabyte of zeroes in a kilobyte. */
static void a_bomb_does_not_go_off(void **state)
{
    static uint8_t zeroes[1024 * 1024];

    (void)state;
    EACH(way)
    {
        struct hf_span bomb = pack(way, HF_SPAN(zeroes));

        assert_true(bomb.len < 2000);
        refused(way, bomb, LARGE);
        refused(way, bomb, 1);
        refused(way, bomb, 0);
    }
}

/* Any byte may be any other: what is still taken has the length that it should
 * have (zlib and its checksum would notice; brotli has none). */
static void no_flipped_bit_does_harm(void **state)
{
    (void)state;
    EACH(way)
    {
        struct hf_span small = pack(way, text(300));

        for (size_t bit = 0; bit < small.len * 8; bit++) {
            bool fault;

            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)!expands(way, small, 300, &fault);
            assert_false(fault);
            packed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* A window of 16 MiB, and a block that announces as much: more memory than is
 * lent, and our own memory is not to blame. */
static void brotli_gets_no_window_that_large(void **state)
{
    uint8_t greedy[4096] = { 0 };
    /* WBITS 1111, ISLAST 0, MNIBBLES 10, MLEN-1 all ones, ISUNCOMPRESSED 1 */
    static const uint8_t head[] = { 0xcf, 0xff, 0xff, 0xff };

    (void)state;
    memcpy(greedy, head, sizeof(head));
    refused(by_name("brotli"), HF_SPAN(greedy), LARGE);
}

static void zlib_has_no_dictionary(void **state)
{
    /* CM 8, CINFO 7, FDICT, and the check of both bytes. */
    static const uint8_t wants[] = { 0x78, 0x20, 1, 2, 3, 4, 3, 0 };

    (void)state;
    assert_int_equal((wants[0] << 8 | wants[1]) % 31, 0);
    refused(by_name("zlib"), HF_SPAN(wants), 0);
}

/* Frames that are skipped, and formats older than the RFC. */
static void zstd_is_one_frame_of_the_rfc(void **state)
{
    static const uint8_t skipped[] = { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7 };
    static const uint8_t old[] = { 0x27, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0 };
    const struct hf_compression *way = by_name("zstd");
    struct hf_span small = pack(way, text(700));

    (void)state;
    refused(way, HF_SPAN(skipped), 0);
    refused(way, HF_SPAN(old), 0);
    memmove(packed + sizeof(skipped), packed, small.len);
    memcpy(packed, skipped, sizeof(skipped));
    refused(way, hf_span(packed, small.len + sizeof(skipped)), 700);
}

static void without_memory_it_is_our_fault(void **state)
{
    (void)state;
    EACH(way)
    {
        struct hf_span small = pack(way, text(3000));
        size_t failures = 0;

        for (long n = 0;; n++) {
            bool fault, ok;

            until_failure = n;
            ok = expands(way, small, 3000, &fault);
            if (until_failure >= 0) { /* it did not come to that */
                assert_true(ok && !fault);
                break;
            }
            assert_false(ok);
            assert_true(fault);
            failures++;
        }
        until_failure = -1;
        assert_true(failures > 0);
    }
}

/* zlib counts in 32 bits: nothing is cut to fit, nothing is looked at. */
static void what_zlib_cannot_count_is_refused(void **state)
{
    const struct hf_compression *way = by_name("zlib");
    const size_t large = (size_t)UINT32_MAX + 1;
    struct hf_span small = pack(way, text(100));
    uint8_t byte = 0xa5;
    bool fault = true;

    (void)state;
    if (!large) {
        print_message("# SKIP: more than 32 bits can count (cannot be had: "
                      "size_t has 32)\n");
        skip();
    }
    assert_false(way->expand(NULL, small, &byte, large, &fault));
    assert_false(fault);
    fault = true;
    assert_false(way->expand(NULL, hf_span(small.at, large), &byte, 1, &fault));
    assert_false(fault);
    assert_int_equal(byte, 0xa5);
    assert_int_equal(live, 0);
}

static void what_is_lent_has_a_limit(void **state)
{
    struct hf_lender lender = { .lent = 0 };
    void *all = hf_lend(&lender, HF_EXPAND_MEMORY_MAX), *more;

    (void)state;
    assert_non_null(all);
    assert_null(hf_lend(&lender, 1));
    assert_false(lender.starved);
    hf_lend_back(&lender, all);
    hf_lend_back(&lender, NULL);
    assert_int_equal(lender.lent, 0);
    assert_null(hf_lend(&lender, SIZE_MAX));
    assert_null(hf_lend(&lender, HF_EXPAND_MEMORY_MAX + 1));
    more = hf_lend(&lender, 3);
    assert_non_null(more);
    assert_int_equal((uintptr_t)more % 16, 0);
    until_failure = 0;
    assert_null(hf_lend(&lender, 3));
    assert_true(lender.starved);
    until_failure = -1;
    hf_lend_back(&lender, more);
    assert_int_equal(live, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_comes_out_again),
        cmocka_unit_test(ways_have_the_numbers_of_the_rfc),
        cmocka_unit_test(what_others_compressed_is_understood),
        cmocka_unit_test(what_does_not_fit_is_not_compressed),
        cmocka_unit_test(another_length_than_announced_is_refused),
        cmocka_unit_test(a_stream_that_is_cut_is_refused),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(a_bomb_does_not_go_off),
        cmocka_unit_test(no_flipped_bit_does_harm),
        cmocka_unit_test(brotli_gets_no_window_that_large),
        cmocka_unit_test(zlib_has_no_dictionary),
        cmocka_unit_test(what_zlib_cannot_count_is_refused),
        cmocka_unit_test(zstd_is_one_frame_of_the_rfc),
        cmocka_unit_test(without_memory_it_is_our_fault),
        cmocka_unit_test(what_is_lent_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
