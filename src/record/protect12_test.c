/* protect12_test.c - records of TLS 1.2, sealed and opened: taken apart by hand,
 * with nonce and authenticated bytes made here as RFC 5246 6.2.3.3, RFC 5288 3
 * and RFC 7905 2 have them; changed on the way; and their limits. */
#define HF_UNPOISONED
#include "record/witness.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 5 + 8 + 16384 + 16 + 64, AEADS = 3 };

static struct hf_crypto crypto;
static struct hf_error error;

static const uint8_t iv[HF_NONCE_LEN] = { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6,
                                          0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac };

/* Two ends of one direction with fresh keys.  GCM's nonces travel. */
struct ends {
    struct hf_direction out, in;
    size_t explicit_len;
};

static void begin(struct ends *e, size_t which)
{
    static uint8_t key[HF_AEAD_KEY_MAX];
    const struct hf_aead *aead = crypto.provider->aeads[which];

    for (size_t i = 0; i < sizeof(key) && !++key[i]; i++)
        continue;
    memset(e, 0, sizeof(*e));
    error = (struct hf_error){ .code = HF_OK };
    e->explicit_len = strcmp(aead->name, "ChaCha20-Poly1305") ? 8 : 0;
    assert_true(hf_direction_set(&e->out, crypto.self, aead, key, iv,
                                 HF_TRAFFIC, &error));
    assert_true(hf_direction_set(&e->in, crypto.self, aead, key, iv, HF_TRAFFIC,
                                 &error));
    e->out.tls12 = e->in.tls12 = true;
    e->out.explicit_len = e->in.explicit_len = (uint8_t)e->explicit_len;
}

static void end(struct ends *e)
{
    hf_direction_wipe(&e->out);
    hf_direction_wipe(&e->in);
}

/* The code it fails with, or HF_OK. */
static unsigned open_record(struct hf_direction *in, uint8_t *bytes, size_t len,
                            uint8_t *type, struct hf_span *plain)
{
    struct hf_frame f;
    bool opened;

    error = (struct hf_error){ .code = HF_OK };
    switch (hf_frame_next(&f, bytes, len, 0x0303, true, &error)) {
    case HF_FRAME_BAD: return error.code;
    case HF_FRAME_PART: return HF_ERROR_CODES;
    case HF_FRAME_WHOLE:
    default: break;
    }
    opened = hf_record_open(in, &f, type, plain, &error);
    assert_int_equal(opened, error.code == HF_OK);
    return error.code;
}

/* ---- a second opinion ----------------------------------------------------------- */

/* GCM: salt(4) | what travels(8).  ChaCha20: iv xor 0000 | sequence(8). */
static void nonce_of(const struct ends *e, uint64_t seq, const uint8_t *travels,
                     uint8_t *nonce)
{
    memcpy(nonce, iv, HF_NONCE_LEN);
    for (unsigned i = 0; i < 8; i++)
        if (e->explicit_len)
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
static void check_sealed(struct ends *e, uint8_t type, size_t len)
{
    static uint8_t data[16384], room[ROOM], back[16384];
    const uint64_t seq = e->out.seq;
    uint8_t nonce[HF_NONCE_LEN], aad[13];
    struct hf_open one = { .nonce = nonce, .aad = HF_SPAN(aad), .out = back };
    size_t made;

    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(i * 7 + len);
    memset(room, 0xdd, sizeof(room));
    made = hf_record_seal(&e->out, type, 0x0301, hf_span(data, len), room,
                          &error);
    assert_int_equal(made, 5 + e->explicit_len + len + 16);
    assert_int_equal(e->out.seq, seq + 1);
    assert_int_equal(room[0], type);
    assert_int_equal(hf_number(room + 1, 2), 0x0303);
    assert_int_equal(hf_number(room + 3, 2), made - 5);
    for (size_t i = made; i < made + 64; i++)
        assert_int_equal(room[i], 0xdd);
    if (e->explicit_len)
        assert_int_equal(hf_number(room + 9, 4), (uint32_t)seq);
    nonce_of(e, seq, room + 5, nonce);
    aad_of(seq, type, len, aad);
    one.in = hf_span(room + 5 + e->explicit_len, len + 16);
    assert_true(e->in.aead->open(e->in.state, &one));
    assert_memory_equal(back, data, len);
}

static void a_sealed_record_is_that_of_the_rfcs(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 255, 256, 16383, 16384 };
    static const uint64_t seqs[] = { 0, 1, 0x0102030405 };

    (void)state;
    for (size_t a = 0; a < AEADS; a++)
        for (size_t s = 0; s < HF_COUNT(seqs); s++) {
            struct ends e;

            begin(&e, a);
            e.out.seq = seqs[s] % e.out.aead->seal_limit;
            for (size_t i = 0; i < HF_COUNT(lengths); i++)
                check_sealed(&e, (uint8_t)(20 + i % 4), lengths[i]);
            end(&e);
        }
}

/* A record whose nonce another implementation chose, which RFC 5288 3 leaves to
 * it. */
static size_t seal_by_hand(struct ends *e, uint64_t seq, uint8_t type,
                           struct hf_span data, uint8_t *room)
{
    uint8_t nonce[HF_NONCE_LEN], aad[13];
    struct hf_seal one = { .nonce = nonce, .aad = HF_SPAN(aad), .in = data };
    size_t len = e->explicit_len + data.len + 16;

    room[0] = type;
    hf_store_number(room + 1, 0x0303, 2);
    hf_store_number(room + 3, len, 2);
    for (size_t i = 0; i < e->explicit_len; i++)
        room[5 + i] = (uint8_t)(0xf0 - i * 3 + seq);
    nonce_of(e, seq, room + 5, nonce);
    aad_of(seq, type, data.len, aad);
    one.out = room + 5 + e->explicit_len;
    assert_true(e->out.aead->seal(e->out.state, &one));
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
        struct ends e;

        begin(&e, a);
        for (size_t i = 0; i < HF_COUNT(lengths); i++) {
            struct hf_span plain;
            uint8_t type = 0;
            size_t made = seal_by_hand(&e, i, (uint8_t)(20 + i),
                                       hf_span(data, lengths[i]), room);

            assert_int_equal(open_record(&e.in, room, made, &type, &plain),
                             HF_OK);
            assert_int_equal(type, 20 + i);
            assert_int_equal(plain.len, lengths[i]);
            assert_ptr_equal(plain.at, room + 5 + e.explicit_len);
            assert_memory_equal(plain.at, data, plain.len);
            assert_int_equal(e.in.seq, i + 1);
        }
        end(&e);
    }
}

/* ---- changed on the way ----------------------------------------------------------- */

/* Type, version, length, nonce, data and tag: a changed bit is refused, as what
 * it makes of the record. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        uint8_t sealed[64], copy[64], type;
        struct hf_span plain;
        struct ends e;
        size_t made;

        begin(&e, a);
        made = hf_record_seal(&e.out, 23, 0, hf_span_text("attack at dawn"),
                              sealed, &error);
        for (size_t bit = 0; bit < 8 * made; bit++) {
            unsigned code;

            e.in.seq = 0; /* a fresh receiver each time */
            memcpy(copy, sealed, made);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            code = open_record(&e.in, copy, made, &type, &plain);
            assert_int_not_equal(code, HF_OK);
            if (bit / 8 < 5)
                continue;
            assert_int_equal(code, HF_E_BAD_RECORD_MAC);
            assert_int_equal(error.alert, 20); /* RFC 5246 6.2.3.3 */
            assert_non_null(strstr(error.detail, "record number 0"));
        }
        memcpy(copy, sealed, made);
        copy[0] = 22; /* another type that there is */
        e.in.seq = 0;
        assert_int_equal(open_record(&e.in, copy, made, &type, &plain),
                         HF_E_BAD_RECORD_MAC);
        end(&e);
    }
}

static void a_record_cannot_be_repeated_dropped_or_swapped(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        uint8_t one[64], two[64], copy[64], type;
        struct hf_span plain;
        struct ends e;
        size_t n, m;

        begin(&e, a);
        n = hf_record_seal(&e.out, 23, 0, hf_span_text("one"), one, &error);
        m = hf_record_seal(&e.out, 23, 0, hf_span_text("two!"), two, &error);
        memcpy(copy, two, m);
        assert_int_equal(open_record(&e.in, copy, m, &type, &plain),
                         HF_E_BAD_RECORD_MAC);
        e.in.seq = 0;
        memcpy(copy, one, n);
        assert_int_equal(open_record(&e.in, copy, n, &type, &plain), HF_OK);
        memcpy(copy, one, n);
        assert_int_equal(open_record(&e.in, copy, n, &type, &plain),
                         HF_E_BAD_RECORD_MAC);
        end(&e);
    }
}

/* ---- limits ------------------------------------------------------------------------ */

/* Each in memory of its own, so that nothing is read behind it. */
static void every_short_record_is_refused(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++)
        for (size_t len = 0; len <= 40; len++) {
            uint8_t *bytes = hf_alloc(5 + len), type;
            struct hf_span plain;
            struct ends e;

            assert_non_null(bytes);
            begin(&e, a);
            memcpy(bytes, "\x17\x03\x03\0", 4);
            bytes[4] = (uint8_t)len;
            assert_int_equal(open_record(&e.in, bytes, 5 + len, &type, &plain),
                             HF_E_BAD_RECORD_MAC);
            assert_int_equal(error.alert, 20);
            assert_int_equal(strstr(error.detail, "cannot hold") != NULL,
                             len < e.explicit_len + 16);
            /* What cannot be one is not counted as one. */
            assert_int_equal(e.in.seq, len >= e.explicit_len + 16);
            end(&e);
            hf_free(bytes, 5 + len);
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
                struct hf_span plain;
                struct ends e;
                uint8_t type;
                size_t made;

                begin(&e, a);
                e.in.limit.most = mosts[m];
                made = seal_by_hand(&e, 0, 23, hf_span(data, most + over),
                                    room);
                assert_int_equal(open_record(&e.in, room, made, &type, &plain),
                                 over ? HF_E_RECORD_OVERFLOW : HF_OK);
                if (over) {
                    char said[64];

                    snprintf(said, sizeof(said),
                             "%zu bytes inside, at most %zu", most + over,
                             most);
                    assert_int_equal(error.alert, 22);
                    assert_string_equal(error.detail, said);
                }
                end(&e);
            }
}

static void sealing_stops_at_the_limit_of_the_key(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        uint8_t room[64], type;
        struct hf_span plain;
        uint64_t limit;
        struct ends e;
        size_t made;

        begin(&e, a);
        limit = e.out.aead->seal_limit;
        e.out.seq = e.in.seq = limit - 1;
        made = hf_record_seal(&e.out, 23, 0, hf_span_text("x"), room, &error);
        assert_true(made > 0);
        assert_int_equal(open_record(&e.in, room, made, &type, &plain), HF_OK);
        for (int again = 0; again < 2; again++) {
            error = (struct hf_error){ .code = HF_OK };
            assert_int_equal(
                hf_record_seal(&e.out, 23, 0, hf_span_text("x"), room, &error),
                0);
            assert_int_equal(error.code, HF_E_SEQUENCE_END);
            assert_int_equal(e.out.seq, limit); /* and it stays there */
        }
        end(&e);
    }
}

/* "Sequence numbers do not wrap" (RFC 5246 6.1). */
static void opening_stops_where_numbers_end(void **state)
{
    uint8_t room[64], type;
    struct hf_span plain;

    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        struct ends e;
        size_t made;

        begin(&e, a);
        e.in.seq = UINT64_MAX - 1;
        made = seal_by_hand(&e, UINT64_MAX - 1, 23, hf_span_text("x"), room);
        assert_int_equal(open_record(&e.in, room, made, &type, &plain), HF_OK);
        made = seal_by_hand(&e, UINT64_MAX, 23, hf_span_text("x"), room);
        assert_int_equal(open_record(&e.in, room, made, &type, &plain),
                         HF_E_SEQUENCE_END);
        assert_true(e.in.seq == UINT64_MAX);
        end(&e);
    }
}

static int open_provider(void **state)
{
    (void)state;
    return hf_crypto_open(&crypto, witness_provider(), &error) ? 0 : -1;
}

static int close_provider(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    witness_forget();
    return 0;
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

    return cmocka_run_group_tests(tests, open_provider, close_provider);
}
