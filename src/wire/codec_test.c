/* codec_test.c - reading and writing: whatever is read is written again byte
 * for byte, and whatever is wrong is refused with its field and its byte. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

enum { ROOM = 1 << 17 };
static uint8_t message_room[ROOM], again_room[ROOM];

union any_struct {
    struct hf_certificate_request_12 list_lists;
    struct hf_client_hello largest;
    struct hf_server_key_exchange_dhe spans;
    uint64_t aligned[512];
};

/* ---- round trips ----------------------------------------------------------------- */

/* Bytes that can be read are what is written from what was read. */
static bool survives(hf_layout_fn *layout, struct hf_span bytes)
{
    static union any_struct out;
    struct hf_writer w = hf_writer(again_room, ROOM);
    struct hf_fault fault;

    assert_true(layout()->size <= sizeof(out));
    if (!hf_wire_read(layout, bytes, &out, NULL, &fault)) {
        assert_true(fault.kind != HF_FAULT_NONE);
        assert_non_null(fault.layout);
        assert_true(fault.offset <= bytes.len);
        return false;
    }
    assert_int_equal(fault.kind, HF_FAULT_NONE);
    hf_wire_write(layout, &w, &out);
    assert_false(w.full);
    assert_true(hf_span_equal(bytes, hf_written(&w)));
    return true;
}

static struct hf_span made_up(struct dice *dice, hf_layout_fn *layout)
{
    struct hf_writer w = hf_writer(message_room, ROOM);

    random_message(dice, layout, &w);
    assert_false(w.full);
    return hf_written(&w);
}

static void random_messages_survive(void **state)
{
    struct dice dice = { 20180810 };

    (void)state;
    for (size_t i = 0; hf_layout_at(i); i++)
        for (unsigned n = 0; n < 200; n++)
            assert_true(
                survives(hf_layout_at(i), made_up(&dice, hf_layout_at(i))));
}

/* Cut anywhere, bytes are refused, or they are a whole message themselves. */
static void cut_messages_are_refused_or_whole(void **state)
{
    struct dice dice = { 1 };
    size_t refused = 0, whole = 0;

    (void)state;
    for (size_t i = 0; i < 8 * hf_layout_count; i++) {
        hf_layout_fn *layout = hf_layout_at(i / 8);
        struct hf_span bytes = made_up(&dice, layout);

        for (size_t n = 0; n < bytes.len; n++) {
            bool ok = survives(layout, hf_span_first(bytes, n));

            refused += !ok;
            whole += ok;
        }
    }
    assert_true(refused > 20000);
    assert_true(whole > 100 && whole < refused / 10);
}

static void changed_messages_are_refused_or_survive(void **state)
{
    struct dice dice = { 2 };
    size_t refused = 0, read = 0;

    (void)state;
    for (unsigned n = 0; n < 20000; n++) {
        hf_layout_fn *layout = hf_layout_at(n % hf_layout_count);
        struct hf_span bytes = made_up(&dice, layout);

        if (!bytes.len)
            continue;
        message_room[dice_below(&dice, (uint32_t)bytes.len)] = (uint8_t)
            dice_roll(&dice);
        if (survives(layout, bytes))
            read++;
        else
            refused++;
    }
    assert_true(refused > 1000);
    assert_true(read > 1000);
}

/* A layout ends where its last field ends, unless it takes all the rest. */
static void a_byte_too_many_is_refused(void **state)
{
    struct dice dice = { 3 };

    (void)state;
    for (size_t i = 0; hf_layout_at(i); i++) {
        const struct hf_layout *layout = hf_layout_at(i)();
        const struct hf_field *last = layout->fields
                                          ? &layout->field[layout->fields - 1]
                                          : NULL;
        struct hf_span bytes = made_up(&dice, hf_layout_at(i));
        struct hf_fault fault;

        message_room[bytes.len] = 0;
        if (last && (last->kind == HF_WIRE_REST || last->optional))
            continue;
        assert_false(hf_wire_read(hf_layout_at(i),
                                  hf_span(bytes.at, bytes.len + 1), NULL, NULL,
                                  &fault));
        assert_int_equal(fault.kind, HF_FAULT_TRAILING);
        assert_int_equal(fault.offset, bytes.len);
        assert_int_equal(fault.left, 1);
        assert_ptr_equal(fault.layout, layout);
        assert_null(fault.field);
    }
}

/* ---- what is read ------------------------------------------------------------------- */

static void a_real_client_hello_is_read(void **state)
{
    struct hf_client_hello hello;
    struct hf_server_name_list names;
    struct hf_server_name_entry name;
    struct hf_fault fault;

    (void)state;
    assert_true(survives(hf_client_hello, real_client_hello()));
    assert_true(hf_wire_read(hf_client_hello, real_client_hello(), &hello, NULL,
                             &fault));
    assert_int_equal(hello.legacy_version, 0x0303);
    assert_int_equal(hello.random[31], 0x87);
    assert_int_equal(hello.legacy_session_id.len, 32);
    assert_true(hf_wire_lists(hello.cipher_suites, 2, 0x1301));
    assert_false(hf_wire_lists(hello.cipher_suites, 2, 0x1304));
    assert_int_equal(hello.extensions.place, HF_CH);
    assert_int_equal(hello.extensions.last, HF_EXT_padding);
    assert_int_equal(hello.extensions.offset, 109);
    assert_true(hello.extensions.present & HF_BIT(key_share));
    assert_false(hello.extensions.present & HF_BIT(cookie));
    assert_null(hello.extensions.body[HF_EXT_cookie].at);
    assert_true(hf_wire_read_ext(hf_server_name_list, &hello.extensions,
                                 HF_EXT_server_name, &names, &fault));
    assert_true(hf_wire_next(hf_server_name_entry, &names.names, &name));
    assert_true(hf_span_equal(name.host_name, hf_span_text("example.com")));
    assert_false(hf_wire_next(hf_server_name_entry, &names.names, &name));
}

static void lists_are_taken_element_by_element(void **state)
{
    struct hf_span list = hex_bytes("001d 0002 aabb  0017 0001 cc");
    struct hf_span numbers = hex_bytes("010203 040506");
    struct hf_key_share_entry share;
    uint32_t number;

    (void)state;
    assert_true(hf_wire_next(hf_key_share_entry, &list, &share));
    assert_int_equal(share.group, 29);
    assert_int_equal(share.key_exchange.len, 2);
    assert_true(hf_wire_next(hf_key_share_entry, &list, &share));
    assert_int_equal(share.group, 23);
    assert_int_equal(share.key_exchange.at[0], 0xcc);
    assert_false(hf_wire_next(hf_key_share_entry, &list, &share));
    assert_int_equal(list.len, 0);

    assert_true(hf_wire_next_number(3, &numbers, &number));
    assert_int_equal(number, 0x010203);
    assert_true(hf_wire_next_number(3, &numbers, &number));
    assert_int_equal(number, 0x040506);
    assert_false(hf_wire_next_number(3, &numbers, &number));
}

static void extensions_are_taken_off_their_block(void **state)
{
    struct hf_span block = hex_bytes("002b 0002 0304  7777 0000  0033 0001 aa");
    struct hf_span lies = hex_bytes("002b 0003 0304"), body;
    uint32_t number;

    (void)state;
    assert_true(hf_wire_next_extension(&block, &number, &body));
    assert_int_equal(number, 43);
    assert_true(hf_span_equal(body, hex_bytes("0304")));
    assert_true(hf_wire_next_extension(&block, &number, &body));
    assert_int_equal(number, 0x7777);
    assert_int_equal(body.len, 0);
    assert_true(hf_wire_next_extension(&block, &number, &body));
    assert_int_equal(number, 51);
    assert_int_equal(body.len, 1);
    assert_false(hf_wire_next_extension(&block, &number, &body));
    assert_int_equal(block.len, 0);
    assert_false(hf_wire_next_extension(&lies, &number, &body));
}

static void a_hello_may_end_without_extensions(void **state)
{
    char hex[200] = "0303 ";
    struct hf_client_hello hello;
    struct hf_fault fault;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        strcat(hex, "00");
    strcat(hex, "00 0002 1301 01 00");
    assert_true(survives(hf_client_hello, hex_bytes(hex)));
    assert_true(
        hf_wire_read(hf_client_hello, hex_bytes(hex), &hello, NULL, &fault));
    assert_null(hello.extensions.all.at);
    assert_int_equal(hello.extensions.present, 0);
    assert_int_equal(hello.extensions.last, HF_EXT_COUNT);
    /* an empty block is not the same as none */
    strcat(hex, "0000");
    assert_true(survives(hf_client_hello, hex_bytes(hex)));
    assert_true(
        hf_wire_read(hf_client_hello, hex_bytes(hex), &hello, NULL, &fault));
    assert_non_null(hello.extensions.all.at);
}

/* An empty span may have no address at all. */
static void nothing_is_read_as_nothing(void **state)
{
    struct hf_span none = { NULL, 0 };
    struct hf_finished finished;
    struct hf_fault fault;

    (void)state;
    assert_true(hf_wire_read(hf_finished, none, &finished, NULL, &fault));
    assert_int_equal(finished.verify_data.len, 0);
    assert_true(survives(hf_server_hello_done, none));
    assert_true(hf_explain_layout(hf_opaque, none, NULL, &fault));
    assert_false(hf_explain(none, 0, NULL, &fault));
    assert_false(hf_explain_records(none, 0, NULL, 0, NULL, &fault));
}

static void the_last_extension_is_known(void **state)
{
    struct hf_encrypted_extensions ee;
    struct hf_client_hello hello;
    struct hf_fault fault;
    char hex[200] = "0303 ";

    (void)state;
    assert_true(hf_wire_read(hf_encrypted_extensions,
                             hex_bytes("0008 00000000 002a0000"), &ee, NULL,
                             &fault));
    assert_int_equal(ee.extensions.last, HF_EXT_early_data);
    for (unsigned i = 0; i < 32; i++)
        strcat(hex, "00");
    strcat(hex, "00 0002 1301 01 00 0008 0029 0000 5a5a 0000");
    assert_true(
        hf_wire_read(hf_client_hello, hex_bytes(hex), &hello, NULL, &fault));
    assert_true(hello.extensions.present & HF_BIT(pre_shared_key));
    assert_int_equal(hello.extensions.last, HF_EXT_COUNT);
}

static void server_hellos_are_told_apart(void **state)
{
    char hex[300] = "0303 ";
    uint8_t retry[80];
    struct hf_span hello;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        strcat(hex, "11");
    strcat(hex, "00 1301 00");
    hello = hex_bytes(hex);
    assert_int_equal(hf_wire_server_hello_place(hello), HF_SH12);
    strcat(hex, "0006 002b 0002 0304");
    hello = hex_bytes(hex);
    assert_int_equal(hf_wire_server_hello_place(hello), HF_SH);
    memcpy(retry, hello.at, hello.len);
    memcpy(retry + 2, hf_retry_random, 32);
    assert_int_equal(hf_wire_server_hello_place(hf_span(retry, hello.len)),
                     HF_HRR);
    hello.len -= 1;
    assert_int_equal(hf_wire_server_hello_place(hello), HF_SH12);
    assert_int_equal(hf_wire_server_hello_place(hf_span(NULL, 0)), HF_SH12);
}

/* ---- what is written ------------------------------------------------------------------ */

static void extensions_are_written_with_number_and_length(void **state)
{
    struct hf_supported_versions_sh versions = { 0x0304 };
    struct hf_empty empty = { 0 };
    uint8_t room[32];
    struct hf_writer w = hf_writer(room, sizeof(room));

    (void)state;
    hf_wire_write_ext(hf_supported_versions_sh, &w, HF_EXT_supported_versions,
                      HF_SH, &versions);
    hf_wire_write_ext(hf_empty, &w, HF_EXT_early_data, HF_EE, &empty);
    assert_true(
        hf_span_equal(hf_written(&w), hex_bytes("002b 0002 0304 002a 0000")));
}

/* Whether @in can be written as @layout. */
static bool can_write(hf_layout_fn *layout, const void *in)
{
    struct hf_writer w = hf_writer(again_room, ROOM);

    hf_wire_write(layout, &w, in);
    return !w.full;
}

static void values_out_of_bounds_are_not_written(void **state)
{
    static uint8_t bytes[65536];
    struct hf_cookie cookie = { hf_span(bytes, 0) };
    struct hf_named_groups groups = { hf_span(bytes, 3) };
    struct hf_handshake_header header = { 1, 0x01000000 };
    struct hf_encrypted_extensions ee = { { .place = HF_EE } };
    struct hf_server_hello hello = { .extensions.place = HF_SH };

    (void)state;
    assert_false(can_write(hf_cookie, &cookie));
    cookie.cookie.len = 1;
    assert_true(can_write(hf_cookie, &cookie));
    cookie.cookie.len = 65535;
    assert_true(can_write(hf_cookie, &cookie));
    cookie.cookie.len = 65536;
    assert_false(can_write(hf_cookie, &cookie));

    assert_false(can_write(hf_named_groups, &groups));
    groups.groups.len = 4;
    assert_true(can_write(hf_named_groups, &groups));

    assert_false(can_write(hf_handshake_header, &header));
    header.length = 0xffffff;
    assert_true(can_write(hf_handshake_header, &header));

    assert_true(can_write(hf_encrypted_extensions, &ee));
    assert_false(can_write(hf_server_hello, &hello));
}

static void a_full_writer_stays_full(void **state)
{
    struct hf_alert alert = { 2, 50 };
    uint8_t room[1];
    struct hf_writer w = hf_writer(room, sizeof(room));

    (void)state;
    hf_wire_write(hf_alert, &w, &alert);
    assert_true(w.full);
    assert_true(w.len <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_messages_survive),
        cmocka_unit_test(cut_messages_are_refused_or_whole),
        cmocka_unit_test(changed_messages_are_refused_or_survive),
        cmocka_unit_test(a_byte_too_many_is_refused),
        cmocka_unit_test(a_real_client_hello_is_read),
        cmocka_unit_test(lists_are_taken_element_by_element),
        cmocka_unit_test(extensions_are_taken_off_their_block),
        cmocka_unit_test(a_hello_may_end_without_extensions),
        cmocka_unit_test(nothing_is_read_as_nothing),
        cmocka_unit_test(the_last_extension_is_known),
        cmocka_unit_test(server_hellos_are_told_apart),
        cmocka_unit_test(extensions_are_written_with_number_and_length),
        cmocka_unit_test(values_out_of_bounds_are_not_written),
        cmocka_unit_test(a_full_writer_stays_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
