/* fragment_test.c - records out of messages: cut where they must be, in order,
 * and put together again; and how much of them fits, against a second opinion
 * that counts one byte at a time. */
#define HF_UNPOISONED
#include "record/pair.h"
#include "record/witness.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hf_error error;
static const uint8_t iv[HF_NONCE_LEN];
static uint8_t data[3 * 16384 + 8];

/* What the records at @bytes hold, put together behind one another; the
 * number of records. */
static size_t unpack(struct hf_direction *in, struct hf_span bytes,
                     uint8_t *out, size_t *len)
{
    uint8_t *at = (uint8_t *)(uintptr_t)bytes.at;
    size_t left = bytes.len, records = 0;

    for (*len = 0; left; records++) {
        struct hf_frame f;
        struct hf_span plain;
        uint8_t type;

        assert_int_equal(
            hf_frame_next(&f, at, left, 0x0304, in->aead != NULL, &error),
            HF_FRAME_WHOLE);
        assert_true(hf_record_open(in, &f, &type, &plain, &error));
        assert_int_equal(type, 22);
        assert_true(plain.len <= 16384);
        assert_true(plain.len == 16384 || left == 5 + f.len);
        memcpy(out + *len, plain.at, plain.len);
        *len += plain.len;
        at += 5 + f.len;
        left -= 5 + f.len;
    }
    return records;
}

static void check_sizes(struct hf_direction *out, struct hf_direction *in)
{
    static const struct {
        size_t len, records;
    } rows[] = {
        { 0, 1 },     { 1, 1 },     { 16383, 1 }, { 16384, 1 },
        { 16385, 2 }, { 32768, 2 }, { 32769, 3 }, { sizeof(data), 4 }
    };
    static uint8_t back[sizeof(data)];

    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_buffer made = { .at = NULL };
        size_t len;

        assert_true(hf_records_seal(out, 22, 0x0303, hf_span(data, rows[i].len),
                                    &made, &error));
        assert_int_equal(unpack(in, hf_buffer_bytes(&made), back, &len),
                         rows[i].records);
        assert_int_equal(len, rows[i].len);
        assert_memory_equal(back, data, len);
        hf_buffer_wipe(&made);
    }
}

static void messages_are_cut_at_16384_bytes_in_the_clear(void **state)
{
    struct hf_direction clear = { .aead = NULL };

    (void)state;
    check_sizes(&clear, &clear);
}

static void messages_are_cut_at_16384_bytes_under_keys(void **state)
{
    (void)state;
    for (size_t a = 0; pair_aead(a); a++) {
        struct pair p;

        pair_begin(&p, pair_aead(a), iv);
        check_sizes(&p.out, &p.in);
        pair_end(&p);
    }
}

static void what_is_behind_is_left_alone(void **state)
{
    struct hf_direction clear = { .aead = NULL };
    struct hf_buffer made = { .at = NULL };

    (void)state;
    assert_true(hf_buffer_add(&made, hf_span_text("before")));
    assert_true(hf_records_seal(&clear, 21, 0x0303, hf_span_text("\2\n"), &made,
                                &error));
    assert_true(
        hf_records_seal(&clear, 20, 0x0303, hf_span_text("\1"), &made, &error));
    assert_true(
        hf_span_equal(hf_buffer_bytes(&made),
                      hf_span("before\x15\3\3\0\2\2\n\x14\3\3\0\1\1", 19)));
    hf_buffer_wipe(&made);
}

/* In the middle of a message: what was sealed is there, and the failure is
 * told. */
static void the_limit_of_a_key_stops_a_message(void **state)
{
    struct pair p;
    struct hf_buffer made = { .at = NULL };

    (void)state;
    pair_begin(&p, pair_aead(0), iv);
    p.out.seq = p.out.aead->seal_limit - 1;
    assert_false(
        hf_records_seal(&p.out, 22, 0x0303, HF_SPAN(data), &made, &p.error));
    assert_int_equal(p.error.code, HF_E_SEQUENCE_END);
    assert_int_equal(hf_buffer_bytes(&made).len, 5 + 16384 + 1 + 16);
    hf_buffer_wipe(&made);
    pair_end(&p);
}

/* It is told, and no number is used up. */
static void without_memory_nothing_is_sealed(void **state)
{
    struct hf_buffer made = { .at = NULL };
    struct pair p;

    (void)state;
    pair_begin(&p, pair_aead(0), iv);
    no_memory = true;
    assert_false(hf_records_seal(&p.out, 22, 0x0303, hf_span_text("x"), &made,
                                 &p.error));
    no_memory = false;
    assert_int_equal(p.error.code, HF_E_OUT_OF_MEMORY);
    assert_int_equal(hf_buffer_bytes(&made).len, 0);
    assert_int_equal(p.out.seq, 0);
    hf_buffer_wipe(&made);
    pair_end(&p);
}

/* ---- how much fits, and what is filled up -------------------------------- */

static const uint16_t pads[] = { 0, 1, 2, 3, 7, 16, 100, 512, 5000 };
static const uint16_t mosts[] = { 0, 64, 100, 511, 512 };

/* As RFC 8446 5.4 and 8449 4 have it: the fewest zeroes that make content, type
 * and zeroes a multiple, as far as the limit goes. */
static size_t naive_padding(const struct hf_direction *d, size_t len)
{
    size_t zeroes = 0, most = d->limit.most ? d->limit.most : 16384;

    if (!d->pad)
        return 0;
    while ((len + 1 + zeroes) % d->pad && len + zeroes < most)
        zeroes++;
    return zeroes;
}

enum { ROOMS = 600 };

/* The most of @want that travels in a record of at most @room bytes; @whole[n]
 * is what n bytes are with their padding. */
static size_t naive_fits(const uint16_t *whole, size_t want, size_t room)
{
    size_t n = want < ROOMS ? want : ROOMS;

    while (n && whole[n] + (size_t)HF_RECORD_OVERHEAD > room)
        n--;
    return n;
}

static void each_shape(void (*check)(const struct hf_direction *d))
{
    struct hf_direction d = { .aead = pair_aead(0) };

    for (size_t p = 0; p < HF_COUNT(pads); p++)
        for (size_t m = 0; m < HF_COUNT(mosts); m++) {
            d.pad = pads[p];
            d.limit.most = mosts[m];
            check(&d);
        }
}

static void check_padding(const struct hf_direction *d)
{
    for (size_t len = 0; len <= hf_record_most(d);
         len += len < 1100 || len > 16300 ? 1 : 997)
        assert_int_equal(hf_record_padding(d, len), naive_padding(d, len));
}

static void padding_goes_to_the_next_multiple_or_the_limit(void **state)
{
    (void)state;
    each_shape(check_padding);
}

/* In the clear and in TLS 1.2 there is no place for it. */
static void only_tls_1_3_under_keys_pads(void **state)
{
    struct hf_direction clear = { .pad = 100 };
    struct hf_direction tls12 = { .aead = pair_aead(0),
                                  .pad = 100,
                                  .tls12 = true };

    (void)state;
    for (size_t len = 0; len < 300; len++) {
        assert_int_equal(hf_record_padding(&clear, len), 0);
        assert_int_equal(hf_record_padding(&tls12, len), 0);
    }
}

static void check_fits(const struct hf_direction *d)
{
    static const size_t wants[] = { 0, 1, 63, 64, 65, 99, 500, 20000 };
    uint16_t whole[ROOMS + 1];

    for (size_t n = 0; n <= ROOMS; n++)
        whole[n] = n > hf_record_most(d) ? UINT16_MAX
                                         : (uint16_t)(n + naive_padding(d, n));
    for (size_t w = 0; w < HF_COUNT(wants); w++)
        for (size_t room = 0; room <= ROOMS; room++)
            assert_int_equal(hf_record_fits(d, wants[w], room),
                             naive_fits(whole, wants[w], room));
}

static void as_much_is_taken_as_fits_and_no_more(void **state)
{
    (void)state;
    each_shape(check_fits);
}

/* Of every size into a buffer of its own: the buffer asserts that it was asked
 * for as much as was written, and so does a sanitizer. */
static void what_is_sealed_fits_where_it_goes(void **state)
{
    (void)state;
    for (uint16_t pad = 0; pad <= 600; pad = (uint16_t)(pad + 300)) {
        struct pair p;

        witness_forget();
        pair_begin(&p, pair_aead(0), iv);
        p.out.pad = pad;
        for (size_t len = 0; len <= 1100; len++) {
            struct hf_buffer made = { .at = NULL };

            assert_true(hf_records_seal(&p.out, 23, 0x0303, hf_span(data, len),
                                        &made, &error));
            assert_int_equal(hf_buffer_bytes(&made).len,
                             5 + len + 1 + naive_padding(&p.out, len) + 16);
            hf_buffer_wipe(&made);
        }
        pair_end(&p);
    }
}

/* Content, type and zeroes, opened by hand; nothing behind is touched. */
static void what_is_padded_is_content_type_and_zeroes(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 70; len++) {
        uint8_t room[5 + 128 + 16 + 8], inner[128 + 16];
        struct pair p;
        struct hf_open one = { .nonce = iv, .aad = { room, 5 }, .out = inner };
        const size_t all = (len + 1 + 31) / 32 * 32;

        witness_forget();
        memset(room, 0xdd, sizeof(room));
        pair_begin(&p, pair_aead(0), iv);
        p.out.pad = 32;
        assert_int_equal(
            hf_record_seal(&p.out, 22, 0, hf_span(data, len), room, &p.error),
            5 + all + 16);
        for (size_t i = 5 + all + 16; i < sizeof(room); i++)
            assert_int_equal(room[i], 0xdd);
        one.in = hf_span(room + 5, all + 16);
        assert_true(p.in.aead->open(p.in.state, &one));
        for (size_t i = 0; i < all; i++)
            assert_int_equal(inner[i], i < len ? data[i] : i == len ? 22 : 0);
        pair_end(&p);
    }
}

static int begin(void **state)
{
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 13 + (i >> 8));
    return pair_open(state);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_cut_at_16384_bytes_in_the_clear),
        cmocka_unit_test(messages_are_cut_at_16384_bytes_under_keys),
        cmocka_unit_test(what_is_behind_is_left_alone),
        cmocka_unit_test(the_limit_of_a_key_stops_a_message),
        cmocka_unit_test(without_memory_nothing_is_sealed),
        cmocka_unit_test(padding_goes_to_the_next_multiple_or_the_limit),
        cmocka_unit_test(only_tls_1_3_under_keys_pads),
        cmocka_unit_test(as_much_is_taken_as_fits_and_no_more),
        cmocka_unit_test(what_is_sealed_fits_where_it_goes),
        cmocka_unit_test(what_is_padded_is_content_type_and_zeroes),
    };

    return cmocka_run_group_tests(tests, begin, pair_close);
}
