/* protect13_test.c - sealing and opening: round trips of every size, every bit
 * flipped, padding, order, limits. */
#define HF_UNPOISONED
#include "record/pair.h"
#include "record/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 5 + 16384 + 256 + 64, MARGIN = 64 };

static const uint8_t iv[HF_NONCE_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

/* ---- there and back ---------------------------------------------------------- */

static void check_round_trip(struct pair *p, uint8_t type, size_t len,
                             bool in_place)
{
    static uint8_t data[16384], room[ROOM];
    struct hf_span in = hf_span(data, len);
    size_t made;

    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + len);
    memset(room, 0xdd, sizeof(room));
    if (in_place) {
        memcpy(room + 5, data, len);
        in.at = room + 5;
    }
    made = hf_record_seal(&p->out, type, 0x0301, in, room, &p->error);
    assert_int_equal(made, len + HF_RECORD_OVERHEAD13);
    assert_memory_equal(room, "\x17\x03\x03", 3); /* whatever is inside */
    assert_int_equal(hf_number(room + 3, 2), made - 5);
    for (size_t i = made; i < made + 64; i++)
        assert_int_equal(room[i], 0xdd);
    assert_int_equal(pair_take(p, room, made), HF_OK);
    assert_int_equal(p->type, type);
    assert_int_equal(p->plain.len, len);
    assert_ptr_equal(p->plain.at, room + 5);
    assert_memory_equal(p->plain.at, data, len);
}

static void every_size_comes_back(void **state)
{
    static const size_t large[] = { 255, 256, 1000, 4096, 16382, 16383, 16384 };

    (void)state;
    for (size_t a = 0; pair_aead(a); a++) {
        struct pair p;

        pair_begin(&p, pair_aead(a), iv);
        for (size_t len = 0; len <= 200; len++)
            check_round_trip(&p, len % 2 ? 23 : 22, len, len % 3 == 0);
        for (size_t i = 0; i < HF_COUNT(large); i++)
            for (int in_place = 0; in_place < 2; in_place++)
                check_round_trip(&p, 21, large[i], in_place);
        pair_end(&p);
    }
}

static void in_the_clear_the_record_is_what_it_says(void **state)
{
    struct hf_direction d = { .aead = NULL };
    uint8_t room[32];
    struct hf_error error = { .code = HF_OK };
    struct hf_frame f;
    struct hf_span plain;
    uint8_t type;

    (void)state;
    assert_int_equal(
        hf_record_seal(&d, 22, 0x0301, hf_span_text("hello"), room, &error),
        10);
    assert_memory_equal(room, "\x16\x03\x01\0\5hello", 10);
    assert_int_equal(hf_frame_next(&f, room, 10, 0, false, &error),
                     HF_FRAME_WHOLE);
    assert_true(hf_record_open(&d, &f, &type, &plain, &error));
    assert_int_equal(type, 22);
    assert_memory_equal(plain.at, "hello", 5);
    assert_int_equal(d.seq, 0);
}

/* ---- changed on the way --------------------------------------------------------- */

/* What a changed header may end in. */
static bool fits_header(unsigned code, size_t byte)
{
    switch (byte) {
    case 0: return code == HF_E_RECORD_TYPE;
    case 1:
    case 2: return code == HF_E_RECORD_VERSION;
    default: /* longer: more is waited for, or too long; shorter: cut */
        return code == HF_E_BAD_RECORD_MAC || code == HF_E_RECORD_OVERFLOW ||
               code == HF_ERROR_CODES;
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t a = 0; pair_aead(a); a++) {
        uint8_t sealed[64], copy[64];
        struct pair p;
        size_t made;

        pair_begin(&p, pair_aead(a), iv);
        made = hf_record_seal(&p.out, 23, 0, hf_span_text("attack at dawn"),
                              sealed, &p.error);
        for (size_t bit = 0; bit < 8 * made; bit++) {
            p.in.seq = 0; /* a fresh receiver each time */
            memcpy(copy, sealed, made);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (bit / 8 < 5) {
                const unsigned code = pair_try(&p, copy, made);

                if (!fits_header(code, bit / 8))
                    fail_msg("bit %zu of the header: %s", bit,
                             hf_error_name(code));
                continue;
            }
            assert_int_equal(pair_take(&p, copy, made), HF_E_BAD_RECORD_MAC);
            for (size_t i = 5; i < made - HF_TAG_LEN; i++)
                assert_int_equal(copy[i], 0); /* nothing leaks */
        }
        pair_end(&p);
    }
}

static void a_record_cannot_be_repeated_dropped_or_swapped(void **state)
{
    struct pair p;

    (void)state;
    pair_begin(&p, pair_aead(0), iv);
    pair_keeps_order(&p);
    pair_end(&p);
}

static void every_short_record_is_refused(void **state)
{
    (void)state;
    for (size_t a = 0; pair_aead(a); a++)
        for (size_t len = 0; len <= 64; len++) {
            struct pair p;

            pair_begin(&p, pair_aead(a), iv);
            pair_refuses_short(&p, len, HF_TAG_LEN);
            pair_end(&p);
        }
}

/* RFC 8446 5.2: after keys, everything travels as application data. */
static void no_other_outer_type_is_opened(void **state)
{
    static const uint8_t types[] = { 20, 21, 22 };

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        uint8_t room[64];
        struct pair p;
        size_t made;

        pair_begin(&p, pair_aead(0), iv);
        made = hf_record_seal(&p.out, types[i], 0, hf_span_text("x"), room,
                              &p.error);
        room[0] = types[i];
        assert_int_equal(pair_take(&p, room, made), HF_E_RECORD_TYPE);
        assert_int_equal(p.error.alert, 10);
        pair_end(&p);
    }
}

/* ---- padding ------------------------------------------------------------------------ */

/* Seal @inner as it is, type and padding and all. */
static size_t seal_raw(struct hf_direction *d, struct hf_span inner,
                       uint8_t *room)
{
    uint8_t nonce[HF_NONCE_LEN];
    struct hf_seal one = {
        .nonce = nonce, .aad = { room, 5 }, .in = inner, .out = room + 5
    };

    /* RFC 8446 5.3 */
    memcpy(nonce, iv, sizeof(nonce));
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] ^= (uint8_t)(d->seq >> (56 - 8 * i));
    d->seq++;
    memcpy(room, "\x17\x03\x03", 3);
    hf_store_number(room + 3, inner.len + HF_TAG_LEN, 2);
    assert_true(d->aead->seal(d->state, &one));
    return 5 + inner.len + HF_TAG_LEN;
}

static unsigned take_raw(struct pair *p, struct hf_span inner)
{
    static uint8_t room[ROOM];

    return pair_take(p, room, seal_raw(&p->out, inner, room));
}

/* By another implementation, at any number. */
static void what_somebody_else_sealed_opens(void **state)
{
    static const uint64_t seqs[] = { 0, 1, 0x0102030405060708,
                                     0xf1f2f3f4f5f6f7f8, UINT64_MAX - 1 };

    (void)state;
    for (size_t a = 0; pair_aead(a); a++)
        for (size_t i = 0; i < HF_COUNT(seqs); i++) {
            struct pair p;

            pair_begin(&p, pair_aead(a), iv);
            assert_int_equal(p.in.epoch, HF_TRAFFIC);
            p.out.seq = p.in.seq = seqs[i];
            assert_int_equal(take_raw(&p, hf_span("data\x17\0\0", 7)), HF_OK);
            assert_int_equal(p.type, 23);
            assert_true(hf_span_equal(p.plain, hf_span_text("data")));
            assert_true(p.in.seq == seqs[i] + 1);
            pair_end(&p);
        }
}

static void padding_of_every_length_is_cut_off(void **state)
{
    static uint8_t inner[600];
    static const char *const texts[] = { "", "a", "ab\0", "\0\0\0" };
    static const size_t lengths[] = { 0, 1, 3, 3 };

    (void)state;
    for (size_t t = 0; t < HF_COUNT(texts); t++)
        for (size_t pad = 0; pad <= 300; pad++) {
            size_t n = lengths[t];
            struct pair p;

            memset(inner, 0, sizeof(inner));
            memcpy(inner, texts[t], n);
            inner[n] = (uint8_t)(1 + pad % 255); /* any type but 0 */
            pair_begin(&p, pair_aead(2), iv);
            assert_int_equal(take_raw(&p, hf_span(inner, n + 1 + pad)), HF_OK);
            assert_int_equal(p.type, 1 + pad % 255);
            assert_int_equal(p.plain.len, n);
            assert_memory_equal(p.plain.at, texts[t], n);
            pair_end(&p);
        }
}

/* Where the type stands in a record of @len bytes, at every place. */
static void the_type_is_found_wherever_it_stands(void **state)
{
    static const size_t lengths[] = { 1, 7, 63, 64, 65, 127, 128, 129, 200 };
    static uint8_t inner[200];

    (void)state;
    for (size_t l = 0; l < HF_COUNT(lengths); l++)
        for (size_t at = 0; at < 3 * lengths[l]; at++) {
            const size_t where = at / 3; /* behind zeroes, and other bytes */
            const uint8_t kind = at % 3 == 2 ? 1 : 23;
            struct pair p;

            memset(inner, 0, sizeof(inner));
            memset(inner, at % 3 ? 0 : 0x80, where);
            inner[where] = kind;
            pair_begin(&p, pair_aead(0), iv);
            assert_int_equal(take_raw(&p, hf_span(inner, lengths[l])), HF_OK);
            assert_int_equal(p.type, kind);
            assert_int_equal(p.plain.len, where);
            pair_end(&p);
        }
}

/* RFC 8446 5.4: no byte but zeroes, or no byte at all. */
static void nothing_but_padding_is_refused(void **state)
{
    static uint8_t inner[16385];

    (void)state;
    for (size_t len = 0; len <= sizeof(inner);
         len = len < 300 ? len + 1 : len * 3 + 7) {
        struct pair p;

        pair_begin(&p, pair_aead(0), iv);
        assert_int_equal(take_raw(&p, hf_span(inner, len)), HF_E_RECORD_EMPTY);
        assert_int_equal(p.error.alert, 10); /* RFC 8446 5.4 */
        pair_end(&p);
    }
}

/* RFC 8446 5.4: padding counts, 2^14 + 1 bytes of inner plaintext at most. */
static void the_inside_has_a_limit_of_its_own(void **state)
{
    static uint8_t inner[16384 + 240];

    (void)state;
    for (size_t len = 16384; len <= 16384 + 240; len += len < 16390 ? 1 : 39)
        for (int padded = 0; padded < 2; padded++) {
            struct pair p;

            memset(inner, padded ? 0 : 'x', len);
            inner[padded ? 5 : len - 1] = 23;
            pair_begin(&p, pair_aead(1), iv);
            assert_int_equal(take_raw(&p, hf_span(inner, len)),
                             len <= 16385 ? HF_OK : HF_E_RECORD_OVERFLOW);
            pair_end(&p);
        }
}

/* RFC 8449 4: what was agreed upon counts type and padding too; without, they may
 * be as long as ever. */
static void an_agreed_limit_counts_the_padding_if_it_says_so(void **state)
{
    static uint8_t inner[200];

    (void)state;
    for (size_t len = 60; len <= 70; len++)
        for (int whole = 0; whole < 2; whole++)
            for (int padded = 0; padded < 2; padded++) {
                struct pair p;

                memset(inner, padded ? 0 : 'x', len);
                inner[padded ? 5 : len - 1] = 23;
                pair_begin(&p, pair_aead(1), iv);
                p.in.limit = (struct hf_limit){ .most = 64, .whole = whole };
                assert_int_equal(take_raw(&p, hf_span(inner, len)),
                                 len <= 65 || (padded && !whole)
                                     ? HF_OK
                                     : HF_E_RECORD_OVERFLOW);
                pair_end(&p);
            }
}

/* ---- limits --------------------------------------------------------------------------- */

static void sealing_stops_at_the_limit_of_the_key(void **state)
{
    (void)state;
    for (size_t a = 0; pair_aead(a); a++) {
        const uint64_t limit = pair_aead(a)->seal_limit;
        struct pair p;

        pair_begin(&p, pair_aead(a), iv);
        assert_false(hf_direction_worn(&p.out));
        p.out.seq = limit - MARGIN - 1;
        assert_false(hf_direction_worn(&p.out));
        p.out.seq = limit - MARGIN;
        assert_true(hf_direction_worn(&p.out));
        pair_stops_sealing(&p);
        assert_true(hf_direction_worn(&p.out));
        pair_end(&p);
    }
}

/* RFC 8446 5.3: sequence numbers do not wrap. */
static void opening_stops_where_numbers_end(void **state)
{
    uint8_t room[64];
    struct pair p;
    size_t made;

    (void)state;
    pair_begin(&p, pair_aead(2), iv);
    made = hf_record_seal(&p.out, 23, 0, hf_span_text("x"), room, &p.error);
    p.in.seq = UINT64_MAX;
    assert_int_equal(pair_take(&p, room, made), HF_E_SEQUENCE_END);
    assert_true(p.in.seq == UINT64_MAX);
    pair_end(&p);
    pair_begin(&p, pair_aead(2), iv);
    p.out.tls12 = p.in.tls12 = true;
    made = hf_record_seal(&p.out, 23, 0, hf_span_text("x"), room, &p.error);
    p.in.seq = UINT64_MAX;
    assert_int_equal(pair_take(&p, room, made), HF_E_SEQUENCE_END);
    assert_true(p.in.seq == UINT64_MAX);
    pair_end(&p);
}

/* The nonce is the IV with the whole sequence number folded in: records far
 * apart differ, which the witness sees. */
static void each_record_has_a_nonce_of_its_own(void **state)
{
    size_t before = witness_count();
    uint8_t room[64];
    struct pair p;

    (void)state;
    pair_begin(&p, pair_aead(2), iv);
    for (int i = 0; i < 600; i++)
        assert_true(hf_record_seal(&p.out, 23, 0, hf_span(NULL, 0), room,
                                   &p.error) > 0);
    for (unsigned bit = 10; bit < 64; bit++) {
        p.out.seq = UINT64_C(1) << bit;
        if (p.out.seq < p.out.aead->seal_limit)
            assert_true(hf_record_seal(&p.out, 23, 0, hf_span(NULL, 0), room,
                                       &p.error) > 0);
    }
    assert_int_equal(witness_count() - before, 654);
    pair_end(&p);
}

static void a_wiped_direction_is_all_zero_and_in_the_clear(void **state)
{
    static const struct hf_direction zero;
    struct pair p;

    (void)state;
    pair_begin(&p, pair_aead(0), iv);
    pair_end(&p);
    assert_memory_equal(&p.out, &zero, sizeof(zero));
    hf_direction_wipe(&p.out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(in_the_clear_the_record_is_what_it_says),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_record_cannot_be_repeated_dropped_or_swapped),
        cmocka_unit_test(every_short_record_is_refused),
        cmocka_unit_test(no_other_outer_type_is_opened),
        cmocka_unit_test(what_somebody_else_sealed_opens),
        cmocka_unit_test(padding_of_every_length_is_cut_off),
        cmocka_unit_test(the_type_is_found_wherever_it_stands),
        cmocka_unit_test(nothing_but_padding_is_refused),
        cmocka_unit_test(the_inside_has_a_limit_of_its_own),
        cmocka_unit_test(an_agreed_limit_counts_the_padding_if_it_says_so),
        cmocka_unit_test(sealing_stops_at_the_limit_of_the_key),
        cmocka_unit_test(opening_stops_where_numbers_end),
        cmocka_unit_test(each_record_has_a_nonce_of_its_own),
        cmocka_unit_test(a_wiped_direction_is_all_zero_and_in_the_clear),
    };

    return cmocka_run_group_tests(tests, pair_open, pair_close);
}
