/* reassemble_test.c - handshake messages out of records: the same messages,
 * however they were cut or packed; bounded before anything is kept. */
#define HF_UNPOISONED
#include "record/record.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- a flight of messages -------------------------------------------------- */

static const struct {
    uint8_t type;
    size_t len;
} flight[] = { { 8, 0 }, { 11, 5 }, { 20, 1 }, { 13, 2 }, { 24, 17 } };

enum { FLIGHT = 5 * 4 + 0 + 5 + 1 + 2 + 17 };

static void make_flight(uint8_t *out)
{
    for (size_t m = 0; m < HF_COUNT(flight); m++) {
        *out++ = flight[m].type;
        hf_store_number(out, flight[m].len, 3);
        out += 3;
        for (size_t i = 0; i < flight[m].len; i++)
            *out++ = (uint8_t)(16 * m + i);
    }
}

/* What was read so far. */
struct reader {
    struct hf_reassembly r;
    uint8_t got[FLIGHT];
    size_t len, messages;
};

static void read_all(struct reader *reader)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;

    while (hf_reassembly_next(&reader->r, &message, &error)) {
        assert_true(reader->messages < HF_COUNT(flight));
        assert_int_equal(message.len, 4 + flight[reader->messages].len);
        assert_true(message.len <= FLIGHT - reader->len);
        hf_copy(reader->got + reader->len, message.at, message.len);
        reader->len += message.len;
        reader->messages++;
    }
    assert_int_equal(error.code, HF_OK);
}

/* One record, in memory that is gone afterwards. */
static void feed(struct reader *reader, struct hf_span record)
{
    struct hf_error error = { .code = HF_OK };
    uint8_t *copy;

    if (!record.len)
        return;
    copy = hf_alloc(record.len);
    assert_non_null(copy);
    hf_copy(copy, record.at, record.len);
    hf_reassembly_add(&reader->r, hf_span(copy, record.len));
    read_all(reader);
    assert_true(hf_reassembly_save(&reader->r, &error));
    hf_free(copy, record.len);
}

static void check_flight(struct reader *reader, const uint8_t *bytes)
{
    assert_int_equal(reader->messages, HF_COUNT(flight));
    assert_memory_equal(reader->got, bytes, FLIGHT);
    assert_true(hf_reassembly_empty(&reader->r));
    assert_null(reader->r.kept.at); /* and nothing is held */
    hf_reassembly_wipe(&reader->r);
}

static void a_flight_is_the_same_cut_at_any_two_places(void **state)
{
    uint8_t bytes[FLIGHT];

    (void)state;
    make_flight(bytes);
    for (size_t a = 0; a <= FLIGHT; a++)
        for (size_t b = a; b <= FLIGHT; b++) {
            struct reader reader = { .len = 0 };

            feed(&reader, hf_span(bytes, a));
            feed(&reader, hf_span(bytes + a, b - a));
            feed(&reader, hf_span(bytes + b, FLIGHT - b));
            check_flight(&reader, bytes);
        }
}

static void a_flight_is_the_same_in_pieces_of_any_size(void **state)
{
    uint8_t bytes[FLIGHT];

    (void)state;
    make_flight(bytes);
    for (size_t size = 1; size <= FLIGHT; size++) {
        struct reader reader = { .len = 0 };

        for (size_t at = 0; at < FLIGHT; at += size)
            feed(&reader,
                 hf_span(bytes + at, FLIGHT - at < size ? FLIGHT - at : size));
        check_flight(&reader, bytes);
    }
}

/* Read later: the record goes before anything of it was looked at. */
static void unread_messages_can_be_kept(void **state)
{
    struct reader reader = { .len = 0 };
    struct hf_error error = { .code = HF_OK };
    uint8_t bytes[FLIGHT], copy[FLIGHT];

    (void)state;
    make_flight(bytes);
    for (size_t at = 0; at < FLIGHT; at += 9) {
        size_t n = FLIGHT - at < 9 ? FLIGHT - at : 9;

        hf_copy(copy, bytes + at, n);
        hf_reassembly_add(&reader.r, hf_span(copy, n));
        assert_true(hf_reassembly_save(&reader.r, &error));
        hf_fill(copy, 0xee, n);
        assert_false(hf_reassembly_empty(&reader.r));
    }
    read_all(&reader);
    check_flight(&reader, bytes);
}

/* ---- kept and lent -------------------------------------------------------- */

static const struct hf_span one = { (const uint8_t *)"\x08\0\0\1\7", 5 };
static const struct hf_span two = { (const uint8_t *)"\x14\0\0\2\1\2", 6 };

static void keep(struct hf_reassembly *r, struct hf_span bytes)
{
    struct hf_error error = { .code = HF_OK };

    hf_reassembly_add(r, bytes);
    assert_true(hf_reassembly_save(r, &error));
}

/* The next is @want, and lies there if it is to lie in its record. */
static void next_is(struct hf_reassembly *r, struct hf_span want, bool there)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;

    assert_true(hf_reassembly_next(r, &message, &error));
    assert_true(hf_span_equal(message, want));
    assert_int_equal(message.at == want.at, there);
}

static void nothing_is_next(struct hf_reassembly *r)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;

    assert_false(hf_reassembly_next(r, &message, &error));
    assert_int_equal(error.code, HF_OK);
}

/* Several that were kept unread, and the rest of the last one in a record of its
 * own, behind which another lies. */
static void kept_messages_are_read_one_by_one(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= two.len; cut++) {
        struct hf_reassembly r = { .lent = 0 };
        uint8_t rest[16];
        size_t n = two.len - cut;

        keep(&r, one);
        keep(&r, one);
        keep(&r, hf_span_first(two, cut));
        memcpy(rest, two.at + cut, n);
        memcpy(rest + n, one.at, one.len);
        hf_reassembly_add(&r, hf_span(rest, n + one.len));
        next_is(&r, one, false);
        assert_false(hf_reassembly_empty(&r));
        next_is(&r, one, false);
        assert_false(hf_reassembly_empty(&r));
        next_is(&r, cut ? two : hf_span(rest, two.len), !cut);
        assert_false(hf_reassembly_empty(&r));
        next_is(&r, hf_span(rest + n, one.len), true);
        assert_true(hf_reassembly_empty(&r));
        nothing_is_next(&r);
        hf_reassembly_wipe(&r);
    }
}

/* As at a change of keys: what was read is no longer there, be it asked for the
 * next or not. */
static void the_last_of_the_kept_leaves_nothing(void **state)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };

    (void)state;
    for (int again = 0; again < 2; again++) {
        keep(&r, one);
        keep(&r, two);
        next_is(&r, one, false);
        next_is(&r, two, false);
        assert_true(hf_reassembly_empty(&r));
        assert_true(hf_reassembly_save(&r, &error));
        assert_true(hf_reassembly_empty(&r));
        assert_null(r.kept.at);
        assert_int_equal(r.lent, 0);
    }
    keep(&r, one);
    keep(&r, hf_span_first(two, 5));
    next_is(&r, one, false);
    assert_true(
        hf_reassembly_save(&r, &error)); /* the one that was lent goes */
    nothing_is_next(&r);
    hf_reassembly_add(&r, hf_span_after(two, 5));
    next_is(&r, two, false);
    hf_reassembly_wipe(&r);
}

/* In no case is it taken for a message that has not come yet. */
static void memory_that_is_not_there_is_told(void **state)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;
    uint8_t head[4] = { 13, 0, 0x10, 0 }, body[4096] = { 0 };

    (void)state;
    no_memory = true;
    hf_reassembly_add(&r, hf_span_first(two, 5));
    assert_false(hf_reassembly_next(&r, &message, &error));
    assert_int_equal(error.code, HF_OK); /* it lies in its record still */
    assert_false(hf_reassembly_save(&r, &error));
    assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
    hf_reassembly_wipe(&r);

    for (size_t had = 1; had <= 4; had += 3) { /* half a header, a whole one */
        error = (struct hf_error){ .code = HF_OK };
        no_memory = false;
        keep(&r, hf_span(head, had));
        hf_reassembly_add(&r, hf_span(head + had, 4 - had));
        no_memory = true;
        assert_false(hf_reassembly_next(&r, &message, &error));
        assert_int_equal(error.code, HF_OK); /* there was room for so little */
        r.now = HF_SPAN(body);
        assert_false(hf_reassembly_next(&r, &message, &error));
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
        hf_reassembly_wipe(&r);
    }
    no_memory = false;
}

/* The same where a header begins with the last byte that the buffer holds: one of
 * these sizes is its own. */
static void memory_for_the_rest_of_a_header_may_lack(void **state)
{
    static uint8_t bytes[1200] = { 13 };
    size_t lacked = 0;

    (void)state;
    for (size_t len = 100; len < sizeof(bytes) - 1; len++) {
        struct hf_reassembly r = { .lent = 0 };
        struct hf_error error = { .code = HF_OK };
        struct hf_span message;

        hf_store_number(bytes + 1, len - 4, 3);
        bytes[len] = 20;
        keep(&r, hf_span(bytes, len + 1));
        next_is(&r, hf_span(bytes, len), false);
        hf_reassembly_add(&r, hf_span("\0\0", 3));
        no_memory = true;
        if (hf_reassembly_next(&r, &message, &error)) {
            assert_true(hf_span_equal(message, hf_span("\x14\0\0", 4)));
            assert_int_equal(error.code, HF_OK);
        } else {
            assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
            lacked++;
        }
        no_memory = false;
        bytes[len] = 0;
        hf_reassembly_wipe(&r);
    }
    assert_true(lacked > 0);
}

static void a_whole_message_is_handed_out_where_it_lies(void **state)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    static const uint8_t record[] = { 8, 0, 0, 1, 7, 20, 0, 0, 0 };
    struct hf_span message;

    (void)state;
    hf_reassembly_add(&r, HF_SPAN(record));
    assert_false(hf_reassembly_empty(&r));
    assert_true(hf_reassembly_next(&r, &message, &error));
    assert_ptr_equal(message.at, record);
    assert_int_equal(message.len, 5);
    assert_false(hf_reassembly_empty(&r)); /* a whole one is still there */
    assert_true(hf_reassembly_next(&r, &message, &error));
    assert_ptr_equal(message.at, record + 5);
    assert_true(hf_reassembly_empty(&r));
    assert_false(hf_reassembly_next(&r, &message, &error));
    assert_int_equal(error.code, HF_OK);
    assert_null(r.kept.at);
}

/* What is pending must be visible at a change of keys: half a header, half a
 * message, and a whole one behind one that was just read. */
static void pending_bytes_are_never_taken_for_none(void **state)
{
    static const uint8_t bytes[] = { 8, 0, 0, 1, 7, 20, 0, 0, 1, 9, 24 };

    (void)state;
    for (size_t n = 1; n <= sizeof(bytes); n++) {
        struct hf_reassembly r = { .lent = 0 };
        struct hf_error error = { .code = HF_OK };
        struct hf_span message;
        size_t read = 0;

        /* The first byte alone, so that everything is kept. */
        hf_reassembly_add(&r, hf_span(bytes, 1));
        assert_false(hf_reassembly_next(&r, &message, &error));
        assert_true(hf_reassembly_save(&r, &error));
        if (n > 1)
            hf_reassembly_add(&r, hf_span(bytes + 1, n - 1));
        while (hf_reassembly_next(&r, &message, &error)) {
            read += message.len;
            assert_int_equal(hf_reassembly_empty(&r), read == n);
        }
        assert_int_equal(hf_reassembly_empty(&r), read == n);
        hf_reassembly_wipe(&r);
        assert_true(hf_reassembly_empty(&r));
    }
}

/* ---- limits ------------------------------------------------------------------------ */

/* Feed the header of a message of @type and @len, byte by byte or at once. */
static unsigned header_verdict(unsigned type, size_t len, bool by_byte)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;
    uint8_t h[4] = { (uint8_t)type };

    hf_store_number(h + 1, len, 3);
    for (size_t i = 0; i < 4; i += by_byte ? 1 : 4) {
        hf_reassembly_add(&r, hf_span(h + i, by_byte ? 1 : 4));
        assert_int_equal(hf_reassembly_next(&r, &message, &error),
                         !len && (!by_byte || i == 3));
        if (!error.code)
            assert_true(hf_reassembly_save(&r, &error));
        assert_true(r.kept.cap <= 512); /* grows with what came */
    }
    hf_reassembly_wipe(&r);
    if (error.code) {
        char said[64];

        snprintf(said, sizeof(said), "type %u announces %zu bytes", type, len);
        assert_non_null(strstr(error.detail, said));
    }
    return error.code;
}

static void size_is_judged_by_the_header_alone(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        /* ClientHello, Certificate, CompressedCertificate */
        size_t most = type == 1 || type == 11 || type == 25 ? 65536 : 16384;

        for (int by_byte = 0; by_byte < 2; by_byte++) {
            assert_int_equal(header_verdict(type, 0, by_byte), HF_OK);
            assert_int_equal(header_verdict(type, most - 1, by_byte), HF_OK);
            assert_int_equal(header_verdict(type, most, by_byte), HF_OK);
            assert_int_equal(header_verdict(type, most + 1, by_byte),
                             HF_E_TOO_LARGE);
            assert_int_equal(header_verdict(type, 0xffffff, by_byte),
                             HF_E_TOO_LARGE);
        }
    }
}

static void the_largest_message_arrives_in_full_records(void **state)
{
    static uint8_t record[16384];
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;
    size_t left = 4 + 65536;

    (void)state;
    hf_copy(record, "\x0b\x01\x00\x00", 4);
    while (left) {
        size_t n = left < sizeof(record) ? left : sizeof(record);

        hf_reassembly_add(&r, hf_span(record, n));
        left -= n;
        assert_int_equal(hf_reassembly_next(&r, &message, &error), !left);
        assert_true(hf_reassembly_save(&r, &error) || !left);
        hf_fill(record, 3, 4);
    }
    assert_int_equal(message.len, 4 + 65536);
    hf_reassembly_wipe(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flight_is_the_same_cut_at_any_two_places),
        cmocka_unit_test(a_flight_is_the_same_in_pieces_of_any_size),
        cmocka_unit_test(unread_messages_can_be_kept),
        cmocka_unit_test(kept_messages_are_read_one_by_one),
        cmocka_unit_test(the_last_of_the_kept_leaves_nothing),
        cmocka_unit_test(memory_that_is_not_there_is_told),
        cmocka_unit_test(memory_for_the_rest_of_a_header_may_lack),
        cmocka_unit_test(a_whole_message_is_handed_out_where_it_lies),
        cmocka_unit_test(pending_bytes_are_never_taken_for_none),
        cmocka_unit_test(size_is_judged_by_the_header_alone),
        cmocka_unit_test(the_largest_message_arrives_in_full_records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
