/* fragment_test.c - records out of messages: cut where they must be, in order,
 * and put together again. */
#define HF_UNPOISONED
#include "record/witness.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hf_crypto crypto;
static struct hf_error error;
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
    static const uint8_t key[HF_AEAD_KEY_MAX] = { 3 }, iv[HF_NONCE_LEN];

    (void)state;
    for (size_t a = 0; crypto.provider->aeads[a]; a++) {
        struct hf_direction out = { .aead = NULL }, in = { .aead = NULL };

        assert_true(hf_direction_set(&out, crypto.self,
                                     crypto.provider->aeads[a], key, iv,
                                     HF_HANDSHAKE, &error));
        assert_true(hf_direction_set(&in, crypto.self,
                                     crypto.provider->aeads[a], key, iv,
                                     HF_HANDSHAKE, &error));
        check_sizes(&out, &in);
        hf_direction_wipe(&out);
        hf_direction_wipe(&in);
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
    static const uint8_t key[HF_AEAD_KEY_MAX] = { 4 }, iv[HF_NONCE_LEN];
    struct hf_direction out = { .aead = NULL };
    struct hf_buffer made = { .at = NULL };

    (void)state;
    error = (struct hf_error){ .code = HF_OK };
    assert_true(hf_direction_set(&out, crypto.self, crypto.provider->aeads[0],
                                 key, iv, HF_TRAFFIC, &error));
    out.seq = out.aead->seal_limit - 1;
    assert_false(
        hf_records_seal(&out, 22, 0x0303, HF_SPAN(data), &made, &error));
    assert_int_equal(error.code, HF_E_SEQUENCE_END);
    assert_int_equal(hf_buffer_bytes(&made).len, 5 + 16384 + 1 + 16);
    hf_buffer_wipe(&made);
    hf_direction_wipe(&out);
}

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 13 + (i >> 8));
    return hf_crypto_open(&crypto, witness_provider(), &error) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    witness_forget();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_cut_at_16384_bytes_in_the_clear),
        cmocka_unit_test(messages_are_cut_at_16384_bytes_under_keys),
        cmocka_unit_test(what_is_behind_is_left_alone),
        cmocka_unit_test(the_limit_of_a_key_stops_a_message),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
