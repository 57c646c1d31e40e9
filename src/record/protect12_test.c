/* protect12_test.c - records of TLS 1.2, sealed and opened: taken apart by hand,
 * with nonce and authenticated bytes made here as RFC 5246 6.2.3.3, RFC 5288 3
 * and RFC 7905 2 have them; changed on the way; and their limits. */
#define HF_UNPOISONED
#include "record/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 5 + 8 + 16384 + 16 + 64, AEADS = 3 };

static const uint8_t iv[HF_NONCE_LEN] = { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6,
                                          0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac };

/* GCM's nonces travel. */
static void begin(struct pair *p, size_t which)
{
    const struct hf_aead *aead = pair_aead(which);

    pair_begin(p, aead, iv);
    p->out.tls12 = p->in.tls12 = true;
    if (strcmp(aead->name, "ChaCha20-Poly1305") != 0)
        p->out.explicit_len = p->in.explicit_len = 8;
}

/* ---- a second opinion ----------------------------------------------------------- */

/* GCM: salt(4) | what travels(8).  ChaCha20: iv xor 0000 | sequence(8). */
static void nonce_of(const struct pair *p, uint64_t seq, const uint8_t *travels,
                     uint8_t *nonce)
{
    memcpy(nonce, iv, HF_NONCE_LEN);
    for (unsigned i = 0; i < 8; i++)
        if (p->out.explicit_len)
            nonce[4 + i] = travels[i];
        else
            nonce[4 + i] ^= (uint8_t)(seq >> (56 - 8 * i));
}

/* Sequence number(8) | type | 03 03 | length of the data(2) */
static void aad_of(uint64_t seq, uint8_t type, size_t len, uint8_t *aad)
{
    for (unsigned i = 0; i < 8; i++)
        aad[i] = (uint8_t)(seq >> (56 - 8 * i));
    aad[8] = type;
    aad[9] = aad[10] = 3;
    aad[11] = (uint8_t)(len >> 8);
    aad[12] = (uint8_t)len;
}

/* Seal @len bytes and take the record apart with the other end's key. */
static void check_sealed(struct pair *p, uint8_t type, size_t len)
{
    static uint8_t data[16384], room[ROOM], back[16384];
    const uint64_t seq = p->out.seq;
    uint8_t nonce[HF_NONCE_LEN], aad[13];
    struct hf_open one = { .nonce = nonce, .aad = HF_SPAN(aad), .out = back };
    size_t made;

    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + len);
    memset(room, 0xdd, sizeof(room));
    made = hf_record_seal(&p->out, type, 0x0301, hf_span(data, len), room,
                          &p->error);
    assert_int_equal(made, 5 + p->out.explicit_len + len + 16);
    assert_int_equal(p->out.seq, seq + 1);
    assert_int_equal(room[0], type);
    assert_int_equal(hf_number(room + 1, 2), 0x0303);
    assert_int_equal(hf_number(room + 3, 2), made - 5);
    for (size_t i = made; i < made + 64; i++)
        assert_int_equal(room[i], 0xdd);
    if (p->out.explicit_len)
        assert_int_equal(hf_number(room + 9, 4), (uint32_t)seq);
    nonce_of(p, seq, room + 5, nonce);
    aad_of(seq, type, len, aad);
    one.in = hf_span(room + 5 + p->out.explicit_len, len + 16);
    assert_true(p->in.aead->open(p->in.state, &one));
    assert_memory_equal(back, data, len);
}

static void a_sealed_record_is_that_of_the_rfcs(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 255, 256, 16383, 16384 };
    static const uint64_t seqs[] = { 0, 1, 0x0102030405 };

    (void)state;
    for (size_t a = 0; a < AEADS; a++)
        for (size_t s = 0; s < HF_COUNT(seqs); s++) {
            struct pair p;

            begin(&p, a);
            p.out.seq = seqs[s] % p.out.aead->seal_limit;
            for (size_t i = 0; i < HF_COUNT(lengths); i++)
                check_sealed(&p, (uint8_t)(20 + i % 4), lengths[i]);
            pair_end(&p);
        }
}

/* A record whose nonce another implementation chose, which RFC 5288 3 leaves to
 * it. */
static size_t seal_by_hand(struct pair *p, uint64_t seq, uint8_t type,
                           struct hf_span data, uint8_t *room)
{
    uint8_t nonce[HF_NONCE_LEN], aad[13];
    struct hf_seal one = { .nonce = nonce, .aad = HF_SPAN(aad), .in = data };
    size_t len = p->out.explicit_len + data.len + 16;

    room[0] = type;
    hf_store_number(room + 1, 0x0303, 2);
    hf_store_number(room + 3, len, 2);
    for (size_t i = 0; i < p->out.explicit_len; i++)
        room[5 + i] = (uint8_t)(0xf0 - i * 3 + seq);
    nonce_of(p, seq, room + 5, nonce);
    aad_of(seq, type, data.len, aad);
    one.out = room + 5 + p->out.explicit_len;
    assert_true(p->out.aead->seal(p->out.state, &one));
    return 5 + len;
}

static void a_record_that_somebody_else_made_opens(void **state)
{
    static const size_t lengths[] = { 0, 1, 64, 16384 };
    static uint8_t data[16384], room[ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 11);
    for (size_t a = 0; a < AEADS; a++) {
        struct pair p;

        begin(&p, a);
        for (size_t i = 0; i < HF_COUNT(lengths); i++) {
            size_t made = seal_by_hand(&p, i, (uint8_t)(20 + i),
                                       hf_span(data, lengths[i]), room);

            assert_int_equal(pair_take(&p, room, made), HF_OK);
            assert_int_equal(p.type, 20 + i);
            assert_int_equal(p.plain.len, lengths[i]);
            assert_ptr_equal(p.plain.at, room + 5 + p.out.explicit_len);
            assert_memory_equal(p.plain.at, data, p.plain.len);
            assert_int_equal(p.in.seq, i + 1);
        }
        pair_end(&p);
    }
}

/* ---- changed on the way ----------------------------------------------------------- */

/* Type, version, length, nonce, data and tag: a changed bit is refused, as what
 * it makes of the record. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        uint8_t sealed[64], copy[64];
        struct pair p;
        size_t made;

        begin(&p, a);
        made = hf_record_seal(&p.out, 23, 0, hf_span_text("attack at dawn"),
                              sealed, &p.error);
        for (size_t bit = 0; bit < 8 * made; bit++) {
            unsigned code;

            p.in.seq = 0; /* a fresh receiver each time */
            memcpy(copy, sealed, made);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            code = pair_try(&p, copy, made);
            assert_int_not_equal(code, HF_OK);
            if (bit / 8 < 5)
                continue;
            assert_int_equal(code, HF_E_BAD_RECORD_MAC);
            assert_int_equal(p.error.alert, 20); /* RFC 5246 6.2.3.3 */
            assert_non_null(strstr(p.error.detail, "record number 0"));
        }
        memcpy(copy, sealed, made);
        copy[0] = 22; /* another type that there is */
        p.in.seq = 0;
        assert_int_equal(pair_take(&p, copy, made), HF_E_BAD_RECORD_MAC);
        pair_end(&p);
    }
}

static void a_record_cannot_be_repeated_dropped_or_swapped(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        struct pair p;

        begin(&p, a);
        pair_keeps_order(&p);
        pair_end(&p);
    }
}

/* ---- limits ------------------------------------------------------------------------ */

static void every_short_record_is_refused(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++)
        for (size_t len = 0; len <= 40; len++) {
            struct pair p;
            size_t least;

            begin(&p, a);
            least = p.out.explicit_len + 16u;
            pair_refuses_short(&p, len, least);
            /* What cannot be one is not counted as one. */
            assert_int_equal(p.in.seq, len >= least);
            pair_end(&p);
        }
}

/* 2^14 bytes (RFC 5246 6.2.1), or what was agreed upon (RFC 8449 4). */
static void the_inside_has_a_limit(void **state)
{
    static const uint16_t mosts[] = { 0, 64, 512 };
    static uint8_t data[16384 + 2], room[ROOM];

    (void)state;
    for (size_t a = 0; a < AEADS; a++)
        for (size_t m = 0; m < HF_COUNT(mosts); m++)
            for (size_t over = 0; over <= 2; over++) {
                size_t most = mosts[m] ? mosts[m] : 16384;
                struct pair p;
                size_t made;

                begin(&p, a);
                p.in.limit.most = mosts[m];
                made = seal_by_hand(&p, 0, 23, hf_span(data, most + over),
                                    room);
                assert_int_equal(pair_take(&p, room, made),
                                 over ? HF_E_RECORD_OVERFLOW : HF_OK);
                if (over) {
                    char said[64];

                    snprintf(said, sizeof(said),
                             "%zu bytes inside, at most %zu", most + over,
                             most);
                    assert_int_equal(p.error.alert, 22);
                    assert_string_equal(p.error.detail, said);
                }
                pair_end(&p);
            }
}

static void sealing_stops_at_the_limit_of_the_key(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        struct pair p;

        begin(&p, a);
        pair_stops_sealing(&p);
        pair_end(&p);
    }
}

/* "Sequence numbers do not wrap" (RFC 5246 6.1). */
static void opening_stops_where_numbers_end(void **state)
{
    uint8_t room[64];

    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        struct pair p;
        size_t made;

        begin(&p, a);
        p.in.seq = UINT64_MAX - 1;
        made = seal_by_hand(&p, UINT64_MAX - 1, 23, hf_span_text("x"), room);
        assert_int_equal(pair_take(&p, room, made), HF_OK);
        made = seal_by_hand(&p, UINT64_MAX, 23, hf_span_text("x"), room);
        assert_int_equal(pair_take(&p, room, made), HF_E_SEQUENCE_END);
        assert_true(p.in.seq == UINT64_MAX);
        pair_end(&p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_record_is_that_of_the_rfcs),
        cmocka_unit_test(a_record_that_somebody_else_made_opens),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_record_cannot_be_repeated_dropped_or_swapped),
        cmocka_unit_test(every_short_record_is_refused),
        cmocka_unit_test(the_inside_has_a_limit),
        cmocka_unit_test(sealing_stops_at_the_limit_of_the_key),
        cmocka_unit_test(opening_stops_where_numbers_end),
    };

    return cmocka_run_group_tests(tests, pair_open, pair_close);
}
