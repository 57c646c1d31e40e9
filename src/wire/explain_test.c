/* explain_test.c - whole messages and records are shown field by field, with
 * offsets that point at the byte meant, however the bytes were cut up. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

/* ---- a visitor that checks what it sees ------------------------------------------ */

struct witness {
    struct hf_span all; /* what is explained; offsets count from here */
    unsigned depth, deepest;
    size_t fields, enters;
    uint64_t story; /* a sum over everything seen but offsets, of
                           * messages only */
    bool ignoring;  /* inside a header or a fragment */
    size_t last;    /* offset of the last field in this layout */
};

static void add(struct witness *w, const void *p, size_t len)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < len; i++)
        w->story = (w->story ^ bytes[i]) * 1099511628211u;
}

/* An offset is right if the byte there is the byte seen. */
static void check_place(struct witness *w, const struct hf_seen *seen)
{
    assert_true(seen->offset <= w->all.len);
    if (seen->bytes.len) {
        assert_true(seen->offset < w->all.len);
        assert_int_equal(w->all.at[seen->offset], seen->bytes.at[0]);
    }
    assert_true(seen->offset >= w->last);
    assert_non_null(seen->name);
    assert_non_null(seen->why);
}

static void see_enter(void *ctx, const struct hf_seen *seen)
{
    struct witness *w = ctx;

    if (w->depth == 0)
        w->last = 0; /* a split message is shown behind its last piece */
    check_place(w, seen);
    if (w->depth++ == 0)
        w->ignoring = seen->layout == hf_record_header() ||
                      seen->layout == hf_fragment();
    if (w->depth > w->deepest)
        w->deepest = w->depth;
    w->enters++;
    if (!w->ignoring)
        add(w, seen->name, strlen(seen->name));
}

static void see_field(void *ctx, const struct hf_seen *seen)
{
    struct witness *w = ctx;

    assert_true(w->depth > 0);
    check_place(w, seen);
    assert_non_null(seen->layout);
    assert_non_null(seen->field);
    w->last = seen->offset;
    w->fields++;
    if (!w->ignoring) {
        add(w, seen->name, strlen(seen->name));
        add(w, seen->bytes.at, seen->bytes.len);
        add(w, &seen->number, sizeof(seen->number));
    }
}

static void see_leave(void *ctx)
{
    struct witness *w = ctx;

    assert_true(w->depth > 0);
    w->depth--;
}

static struct hf_visitor witness(struct witness *w, struct hf_span all)
{
    *w = (struct witness){ .all = all, .story = 14695981039346656037u };
    return (struct hf_visitor){ see_enter, see_field, see_leave, w };
}

/* ---- making messages ------------------------------------------------------------------ */

enum { ROOM = 1 << 17 };
static uint8_t message_room[ROOM], record_room[ROOM], split_room[ROOM];

static void put_message(struct hf_writer *w, unsigned type, struct hf_span body)
{
    hf_put(w, type, 1);
    hf_put(w, (uint32_t)body.len, 3);
    hf_put_bytes(w, body);
}

static void put_record(struct hf_writer *w, unsigned type, struct hf_span body)
{
    hf_put(w, type, 1);
    hf_put(w, 0x0303, 2);
    hf_put(w, (uint32_t)body.len, 2);
    hf_put_bytes(w, body);
}

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

/* A ClientHello with real bytes, and the rest of a server's first flight with
 * made-up ones. */
static struct hf_span some_flight(void)
{
    struct hf_writer w = hf_writer(message_room, ROOM);
    struct dice dice = { 8446 };
    static const struct {
        unsigned type;
        hf_layout_fn *layout;
    } row[] = { { 8, hf_encrypted_extensions },
                { 13, hf_certificate_request },
                { 11, hf_certificate },
                { 15, hf_certificate_verify },
                { 24, hf_key_update } };

    put_message(&w, 1, real_client_hello());
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        uint8_t body[16384];
        struct hf_writer inner = hf_writer(body, sizeof(body));

        random_message(&dice, row[i].layout, &inner);
        assert_false(inner.full);
        put_message(&w, row[i].type, hf_written(&inner));
    }
    assert_false(w.full);
    return hf_written(&w);
}

/* ---- messages ------------------------------------------------------------------------- */

static void made_up_messages_of_each_layout_are_shown(void **state)
{
    struct dice dice = { 5 };

    (void)state;
    for (size_t i = 0; i < 50 * hf_layout_count; i++) {
        hf_layout_fn *layout = hf_layout_at(i % hf_layout_count);
        struct hf_writer w = hf_writer(message_room, ROOM);
        struct hf_visitor see;
        struct hf_fault fault;
        struct witness seen;

        random_message(&dice, layout, &w);
        see = witness(&seen, hf_written(&w));
        assert_true(hf_explain_layout(layout, hf_written(&w), &see, &fault));
        assert_int_equal(seen.depth, 0);
        assert_true(seen.deepest < 16);
        assert_true(seen.fields >= layout()->fields - 1u ||
                    layout()->fields == 0);
    }
}

/* Also of a message that ends in a fault, each enter has its leave. */
static void a_visitor_leaves_what_it_entered(void **state)
{
    struct dice dice = { 6 };
    size_t faults = 0;

    (void)state;
    for (size_t i = 0; i < 100 * hf_layout_count; i++) {
        hf_layout_fn *layout = hf_layout_at(i % hf_layout_count);
        struct hf_writer w = hf_writer(message_room, ROOM);
        struct hf_visitor see;
        struct hf_fault fault;
        struct witness seen;

        random_message(&dice, layout, &w);
        if (w.len)
            w.len = dice_below(&dice, (uint32_t)w.len);
        see = witness(&seen, hf_written(&w));
        faults += !hf_explain_layout(layout, hf_written(&w), &see, &fault);
        assert_int_equal(seen.depth, 0);
    }
    assert_true(faults > 1000);
}

static void a_flight_is_shown_message_by_message(void **state)
{
    struct hf_span flight = some_flight();
    struct hf_visitor see;
    struct hf_fault fault;
    struct witness seen;

    (void)state;
    see = witness(&seen, flight);
    assert_true(hf_explain(flight, 0, &see, &fault));
    assert_true(seen.fields > 80);
    assert_true(hf_explain(flight, 0x0304, NULL, &fault));
    /* who says that it is TLS 1.2 gets told why it is not */
    assert_false(hf_explain(flight, 0x0303, NULL, &fault));
    assert_string_equal(fault.layout->name, "CertificateRequest");
    assert_string_equal(fault.layout->rfc, "RFC 5246 7.4.4");
}

struct first_seen {
    const struct hf_layout *second; /* the second one entered */
    unsigned entered, depth;
};

static void first_enter(void *ctx, const struct hf_seen *seen)
{
    struct first_seen *first = ctx;

    if (first->depth++ == 0 && ++first->entered == 2)
        first->second = seen->layout;
}

static void first_field(void *ctx, const struct hf_seen *seen)
{
    (void)ctx;
    (void)seen;
}

static void first_leave(void *ctx)
{
    ((struct first_seen *)ctx)->depth--;
}

/* The id of the layout by which a message is read, behind its header. */
static const char *read_as(const char *hex, unsigned version)
{
    struct first_seen first = { NULL, 0, 0 };
    struct hf_visitor see = { first_enter, first_field, first_leave, &first };
    struct hf_fault fault;

    assert_true(hf_explain(hex_bytes(hex), version, &see, &fault));
    assert_non_null(first.second);
    return first.second->id;
}

static void the_version_is_told_from_the_bytes(void **state)
{
    static const char *const tickets[] = {
        "04 00000f 00000001 00000002 01aa 0001bb 0000", /* TLS 1.3 */
        "04 000008 00000e10 0002 aabb",                 /* TLS 1.2 */
    };

    (void)state;
    assert_string_equal(read_as("0b 000007 000004 000001 30", 0),
                        "certificate_12");
    assert_string_equal(read_as("0b 00000a 00 000006 000001 30 0000", 0),
                        "certificate");
    assert_string_equal(read_as(tickets[0], 0), "new_session_ticket");
    assert_string_equal(read_as(tickets[1], 0), "new_session_ticket_12");
    assert_string_equal(read_as("10 000003 02 aabb", 0), "client_key_exchange");
    assert_string_equal(read_as("10 000004 0002 aabb", 0),
                        "client_key_exchange_rsa");
    assert_string_equal(read_as("0c 00000a 03 001d 01 aa 0403 0001 bb", 0),
                        "server_key_exchange");
    assert_string_equal(
        read_as("0c 00000e 0001aa 0001bb 0001cc 0401 0001 dd", 0),
        "server_key_exchange_dhe");
    assert_string_equal(read_as("0d 000008 01 01 0002 0403 0000", 0x0303),
                        "certificate_request_12");
    assert_string_equal(read_as("0f 000004 0102 0304", 0x0302), "opaque");
    assert_string_equal(read_as("63 000002 0304", 0), "opaque");
    assert_string_equal(read_as("0e 000000", 0), "server_hello_done");
}

static void a_message_cut_short_is_a_fault(void **state)
{
    static const struct {
        const char *hex, *field;
        size_t offset, found, left;
    } row[] = {
        { "", "msg_type", 0, 1, 0 },
        { "01 00", "length", 1, 3, 1 },
        { "18 000001", "length", 1, 1, 0 },
        { "18 000001 00 18 000005 aa", "length", 6, 5, 1 },
    };
    struct hf_fault fault;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        assert_false(hf_explain(hex_bytes(row[i].hex), 0, NULL, &fault));
        assert_int_equal(fault.kind, HF_FAULT_SHORT);
        assert_string_equal(fault.layout->name, "Handshake");
        assert_string_equal(fault.field->name, row[i].field);
        assert_int_equal(fault.offset, row[i].offset);
        assert_int_equal(fault.found, row[i].found);
        assert_int_equal(fault.left, row[i].left);
    }
}

static void faults_in_messages_count_from_the_first_byte(void **state)
{
    struct hf_fault fault;

    (void)state;
    assert_false(hf_explain(hex_bytes("18 000001 00  18 000002 00 00"), 0, NULL,
                            &fault));
    assert_int_equal(fault.kind, HF_FAULT_TRAILING);
    assert_string_equal(fault.layout->name, "KeyUpdate");
    assert_int_equal(fault.offset, 10);
}

/* ---- records ------------------------------------------------------------------------------ */

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
    struct hf_visitor see = { ids_enter, first_field, ids_leave, &ids };
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
    struct hf_visitor see = { ids_enter, first_field, ids_leave, &ids };
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
        cmocka_unit_test(made_up_messages_of_each_layout_are_shown),
        cmocka_unit_test(a_visitor_leaves_what_it_entered),
        cmocka_unit_test(a_flight_is_shown_message_by_message),
        cmocka_unit_test(the_version_is_told_from_the_bytes),
        cmocka_unit_test(a_message_cut_short_is_a_fault),
        cmocka_unit_test(faults_in_messages_count_from_the_first_byte),
        cmocka_unit_test(split_messages_tell_the_same_story),
        cmocka_unit_test(without_room_split_messages_are_shown_as_fragments),
        cmocka_unit_test(faults_in_split_messages_point_into_the_records),
        cmocka_unit_test(records_cut_short_are_faults),
        cmocka_unit_test(a_too_large_message_cut_short_is_a_fault),
        cmocka_unit_test(what_is_sealed_is_not_read),
        cmocka_unit_test(a_second_hello_behind_a_ccs_is_read),
        cmocka_unit_test(other_records_are_shown_too),
        cmocka_unit_test(wrong_records_are_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
