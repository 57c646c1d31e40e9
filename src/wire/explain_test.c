/* explain_test.c - whole messages are shown field by field, by the layout that
 * fits their version. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/witness.h"

#include <cmocka.h>

enum { ROOM = 1 << 17 };
static uint8_t message_room[ROOM];

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
        if (w.len && i % 2)
            w.len = dice_below(&dice, (uint32_t)w.len);
        else if (w.len)
            message_room[dice_below(&dice, (uint32_t)w.len)]++;
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

static void first_leave(void *ctx)
{
    ((struct first_seen *)ctx)->depth--;
}

/* The id of the layout by which a message is read, behind its header. */
static const char *read_as(const char *hex, unsigned version)
{
    struct first_seen first = { NULL, 0, 0 };
    struct hf_visitor see = { first_enter, see_nothing, first_leave, &first };
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_up_messages_of_each_layout_are_shown),
        cmocka_unit_test(a_visitor_leaves_what_it_entered),
        cmocka_unit_test(a_flight_is_shown_message_by_message),
        cmocka_unit_test(the_version_is_told_from_the_bytes),
        cmocka_unit_test(a_message_cut_short_is_a_fault),
        cmocka_unit_test(faults_in_messages_count_from_the_first_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
