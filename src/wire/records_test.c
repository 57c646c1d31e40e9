/* records_test.c - records are explained with offsets that point at the byte
 * meant, however their messages were cut up. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/witness.h"

#include <cmocka.h>

enum { ROOM = 1 << 17 };
static uint8_t message_room[ROOM], record_room[ROOM], split_room[ROOM];

/* @flight in handshake records of at most @size bytes, the first one shorter
 * by @less. */
static struct hf_span in_records(struct hf_span flight, size_t size,
                                 size_t less)
{
    struct hf_writer w = hf_writer(record_room, ROOM);

    while (flight.len) {
        size_t n = flight.len < size - less ? flight.len : size - less;

        put_record(&w, 22, hf_span_first(flight, n));
        flight = hf_span_after(flight, n);
        less = 0;
    }
    assert_false(w.full);
    return hf_written(&w);
}

/* ---- split messages -------------------------------------------------------- */

static void split_messages_tell_the_same_story(void **state)
{
    struct hf_span flight = some_flight();
    struct hf_fault fault;
    struct witness seen;
    struct hf_visitor see = witness(&seen, flight);
    uint64_t story;

    (void)state;
    assert_true(hf_explain(flight, 0, &see, &fault));
    story = seen.story;
    for (size_t size = 1; size < flight.len; size += 1 + size / 7) {
        for (size_t less = 0; less < size && less < 6; less++) {
            struct hf_span records = in_records(flight, size, less);

            see = witness(&seen, records);
            assert_true(
                hf_explain_records(records, 0, split_room, ROOM, &see, &fault));
            assert_true(seen.story == story);
            assert_int_equal(seen.depth, 0);
        }
    }
}

static void without_room_split_messages_are_shown_as_fragments(void **state)
{
    struct hf_span flight = some_flight();
    struct hf_fault fault;
    struct witness seen;

    (void)state;
    for (size_t cap = 0; cap < 600; cap += 1 + cap / 3) {
        struct hf_span records = in_records(flight, 100, 0);
        struct hf_visitor see = witness(&seen, records);

        assert_true(
            hf_explain_records(records, 0, split_room, cap, &see, &fault));
        assert_int_equal(seen.depth, 0);
    }
}

static void faults_in_split_messages_point_into_the_records(void **state)
{
    /* a KeyUpdate with a byte too many, in records of 1, 4 and 1 byte */
    struct hf_span records = hex_bytes("16 0303 0001 18"
                                       "16 0303 0004 000002 00"
                                       "16 0303 0001 bb");
    struct hf_fault fault;

    (void)state;
    assert_false(
        hf_explain_records(records, 0, split_room, ROOM, NULL, &fault));
    assert_int_equal(fault.kind, HF_FAULT_TRAILING);
    assert_int_equal(fault.offset, records.len - 1);
    assert_int_equal(records.at[fault.offset], 0xbb);
}

/* Each fault that reading finds late, in records of every size: found with
 * the same kind, and at the same byte of the message. */
static void faults_point_back_into_earlier_records(void **state)
{
    static const char *const hex[] = {
        /* EncryptedExtensions with server_name twice */
        "08 00000a 0008 00000000 00000000",
        /* CertificateRequest with an unknown number twice */
        "0d 000015 00 0012 0a0a0000 0a0a0000 000d00060004 04030503",
        /* a list of odd length, and an end too soon */
        "0d 00000d 00 000a 000d00060003 040305 00",
        "0f 000003 0403 00",
        "0f 000002 0403",
        "18 000000",
    };
    struct hf_fault whole, split;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(hex); i++) {
        struct hf_span flight = hex_bytes(hex[i]);

        assert_false(hf_explain(flight, 0x0304, NULL, &whole));
        for (size_t size = 1; size <= flight.len; size++) {
            struct hf_span records = in_records(flight, size, 0);
            size_t n = whole.offset;
            size_t before = n ? (n - (n == flight.len)) / size : 0;

            assert_false(hf_explain_records(records, 0x0304, split_room, ROOM,
                                            NULL, &split));
            assert_int_equal(split.kind, whole.kind);
            assert_ptr_equal(split.layout, whole.layout);
            assert_int_equal(split.offset, n + 5 * (before + 1));
        }
    }
}

static void records_cut_short_are_faults(void **state)
{
    static const struct {
        const char *hex, *layout, *field;
        size_t offset, found, left;
    } row[] = {
        { "", "TLSPlaintext", "type", 0, 1, 0 },
        { "16 03", "TLSPlaintext", "legacy_record_version", 1, 2, 1 },
        { "16 0303 00", "TLSPlaintext", "length", 3, 2, 1 },
        { "16 0303 0005 18000001", "TLSPlaintext", "length", 3, 5, 4 },
        { "15 0303 0002 0100 15 0303 0001", "TLSPlaintext", "length", 10, 1,
          0 },
        /* the message goes on, but nothing follows */
        { "16 0303 0004 18000001", "Handshake", "length", 6, 1, 0 },
        { "16 0303 0001 18 16 0303 0002 0000", "Handshake", "length", 11, 3,
          2 },
        /* or something else does */
        { "16 0303 0005 18000002 00 15 0303 0002 0100", "Handshake", "length",
          6, 2, 1 },
        { "16 0303 0005 18000002 00 15 0303 0002 0100 16 0303 0001 00",
          "Handshake", "length", 6, 2, 1 },
    };
    struct hf_fault fault;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        assert_false(hf_explain_records(hex_bytes(row[i].hex), 0, split_room,
                                        ROOM, NULL, &fault));
        assert_int_equal(fault.kind, HF_FAULT_SHORT);
        assert_string_equal(fault.layout->name, row[i].layout);
        assert_string_equal(fault.field->name, row[i].field);
        assert_int_equal(fault.offset, row[i].offset);
        assert_int_equal(fault.found, row[i].found);
        assert_int_equal(fault.left, row[i].left);
    }
}

static void a_too_large_message_cut_short_is_a_fault(void **state)
{
    struct hf_span records = hex_bytes("16 0303 0006 01 0000ff aabb"
                                       "16 0303 0002 ccdd");
    struct hf_fault fault;

    (void)state;
    assert_false(hf_explain_records(records, 0, split_room, 16, NULL, &fault));
    assert_string_equal(fault.layout->name, "Handshake");
    assert_int_equal(fault.offset, 6);
    assert_int_equal(fault.found, 255);
    assert_int_equal(fault.left, 4);
}

/* The layouts entered by records, as a list of ids. */
struct ids {
    char text[400];
    unsigned depth;
};

static void ids_enter(void *ctx, const struct hf_seen *seen)
{
    struct ids *ids = ctx;

    if (ids->depth++ == 0 && seen->layout != hf_record_header() &&
        seen->layout != hf_handshake_header())
        hf_format_more(ids->text, sizeof(ids->text), "%s ", seen->layout->id);
}

static void ids_leave(void *ctx)
{
    ((struct ids *)ctx)->depth--;
}

static void assert_records(const char *hex, unsigned version,
                           const char *expected)
{
    struct ids ids = { "", 0 };
    struct hf_visitor see = { ids_enter, see_nothing, ids_leave, &ids };
    struct hf_fault fault;

    assert_true(hf_explain_records(hex_bytes(hex), version, split_room, ROOM,
                                   &see, &fault));
    assert_string_equal(ids.text, expected);
}

#define ZEROES                         \
    "00000000000000000000000000000000" \
    "00000000000000000000000000000000"
#define HELLO_12 "16 0303 002a 02 000026 0303" ZEROES "00 c02f 00"
#define HELLO_13 \
    "16 0303 0032 02 00002e 0303" ZEROES "00 1301 00 0006 002b00020304"

/* Behind a ChangeCipherSpec TLS 1.2 is sealed; TLS 1.3 goes on as before. */
static void what_is_sealed_is_not_read(void **state)
{
    (void)state;
    assert_records(HELLO_12
                   "14 0303 0001 01  16 0303 0004 18000000"
                   "15 0303 0003 aabbcc  17 0303 0001 dd  18 0303 0001 ee",
                   0,
                   "server_hello_12 change_cipher_spec sealed sealed "
                   "application_data sealed ");
    assert_records(HELLO_13 "14 0303 0001 01  16 0303 0005 18000001 00"
                            "17 0303 0001 dd",
                   0,
                   "server_hello change_cipher_spec key_update "
                   "application_data ");
    assert_records("14 0303 0001 01  16 0303 0005 18000001 00", 0x0304,
                   "change_cipher_spec key_update ");
    assert_records("14 0303 0001 01  16 0303 0005 18000001 00", 0,
                   "change_cipher_spec sealed ");
}

static void a_second_hello_behind_a_ccs_is_read(void **state)
{
    struct hf_writer w = hf_writer(record_room, ROOM);
    struct hf_writer hello = hf_writer(message_room, ROOM);
    struct ids ids = { "", 0 };
    struct hf_visitor see = { ids_enter, see_nothing, ids_leave, &ids };
    struct hf_fault fault;

    (void)state;
    put_message(&hello, 1, real_client_hello());
    put_record(&w, 22, hf_written(&hello));
    put_record(&w, 20, hex_bytes("01"));
    put_record(&w, 22, hf_written(&hello));
    assert_true(hf_explain_records(hf_written(&w), 0, NULL, 0, &see, &fault));
    assert_string_equal(ids.text,
                        "client_hello change_cipher_spec client_hello ");
}

static void other_records_are_shown_too(void **state)
{
    (void)state;
    assert_records("15 0301 0002 0228  18 0303 0004 01 0001 aa"
                   "63 0303 0002 0102  16 0303 0000",
                   0, "alert heartbeat_message opaque ");
}

static void wrong_records_are_faults(void **state)
{
    static const struct {
        const char *hex, *layout;
        enum hf_fault_kind kind;
        size_t offset;
    } row[] = {
        { "15 0303 0001 02", "Alert", HF_FAULT_SHORT, 6 },
        { "15 0303 0003 020000", "Alert", HF_FAULT_TRAILING, 7 },
        { "14 0303 0000", "ChangeCipherSpec", HF_FAULT_SHORT, 5 },
        { "18 0303 0003 01 4000", "HeartbeatMessage", HF_FAULT_SHORT, 6 },
    };
    struct hf_fault fault;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        assert_false(hf_explain_records(hex_bytes(row[i].hex), 0, NULL, 0, NULL,
                                        &fault));
        assert_string_equal(fault.layout->name, row[i].layout);
        assert_int_equal(fault.kind, row[i].kind);
        assert_int_equal(fault.offset, row[i].offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_messages_tell_the_same_story),
        cmocka_unit_test(without_room_split_messages_are_shown_as_fragments),
        cmocka_unit_test(faults_in_split_messages_point_into_the_records),
        cmocka_unit_test(faults_point_back_into_earlier_records),
        cmocka_unit_test(records_cut_short_are_faults),
        cmocka_unit_test(a_too_large_message_cut_short_is_a_fault),
        cmocka_unit_test(what_is_sealed_is_not_read),
        cmocka_unit_test(a_second_hello_behind_a_ccs_is_read),
        cmocka_unit_test(other_records_are_shown_too),
        cmocka_unit_test(wrong_records_are_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
