/* tables_test.c - every row of every table is visited: names in order, layouts
 * whole and without cycles, extensions where RFC 8446 allows them. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "wire/samples.h"

#include <cmocka.h>

/* ---- names ------------------------------------------------------------------------- */

static void names_ascend_and_are_unique(void **state)
{
    (void)state;
    for (size_t t = 0; hf_names_at(t); t++) {
        const struct hf_names *names = hf_names_at(t);

        for (size_t i = 1; i < names->rows; i++)
            assert_true(names->row[i - 1].number < names->row[i].number);
        for (size_t i = 0; i < names->rows; i++)
            for (size_t j = i + 1; j < names->rows; j++)
                assert_string_not_equal(names->row[i].name, names->row[j].name);
    }
}

static void every_name_is_found_both_ways(void **state)
{
    size_t found = 0;

    (void)state;
    for (size_t t = 0; hf_names_at(t); t++) {
        const struct hf_names *names = hf_names_at(t);

        assert_ptr_equal(hf_names_by_id(names->id), names);
        for (size_t i = 0; i < names->rows; i++, found++) {
            const struct hf_name *row = &names->row[i];
            uint32_t number = row->number + 1;

            assert_string_equal(hf_name_of(names, row->number), row->name);
            assert_true(hf_number_of(names, row->name, &number));
            assert_int_equal(number, row->number);
        }
    }
    assert_true(found > 600);
    assert_null(hf_names_by_id("NOBODY"));
    assert_null(hf_names_by_id(NULL));
}

static void what_has_no_name_has_none(void **state)
{
    const struct hf_names *suite = &hf_names_table[HF_NAMES_SUITE];
    uint32_t number;

    (void)state;
    assert_null(hf_name_of(suite, 0x1300));
    assert_null(hf_name_of(suite, 0xffff));
    assert_null(hf_name_of(suite, 0xfffffff));
    assert_null(hf_name_of(&hf_names_table[HF_NAMES_NUMBER], 0));
    assert_null(hf_name_of(NULL, 0));
    assert_false(hf_number_of(suite, "TLS_ROT13", &number));
    assert_false(hf_number_of(NULL, "TLS_ROT13", &number));
    assert_false(hf_number_of(suite, NULL, &number));
}

/* RFC 8701 2 lists 16 numbers of two bytes and 8 of one. */
static void grease_is_named_and_nothing_else_is(void **state)
{
    static const uint8_t one[] = { 0x0b, 0x2a, 0x49, 0x68,
                                   0x87, 0xa6, 0xc5, 0xe4 };
    unsigned wide = 0, narrow = 0;

    (void)state;
    for (uint32_t n = 0; n < 65536; n++) {
        const char *name = hf_name_of(&hf_names_table[HF_NAMES_GROUP], n);

        if (name && strcmp(name, "GREASE") == 0) {
            assert_int_equal(n, 0x0a0a + 0x1010 * wide);
            wide++;
        }
    }
    assert_int_equal(wide, 16);
    for (uint32_t n = 0; n < 65536; n++) {
        const char *name = hf_name_of(&hf_names_table[HF_NAMES_PSK_MODE], n);

        if (name && strcmp(name, "GREASE") == 0) {
            assert_true(narrow < sizeof(one));
            assert_int_equal(n, one[narrow]);
            narrow++;
        }
    }
    assert_int_equal(narrow, 8);
    assert_null(hf_name_of(&hf_names_table[HF_NAMES_ALERT], 0x0b));
}

/* ---- layouts ----------------------------------------------------------------------- */

/* The fewest bytes that a message of @layout has; counts the depth. */
static size_t least(const struct hf_layout *layout, unsigned depth)
{
    size_t bytes = 0;

    assert_true(depth < 8); /* no cycles: each would go deeper for ever */
    for (unsigned i = 0; i < layout->fields; i++) {
        const struct hf_field *f = &layout->field[i];

        bytes += f->optional ? 0 : f->prefix + (size_t)f->min;
        if (f->of)
            assert_true(least(f->of(), depth + 1) > 0);
        if (f->kind == HF_WIRE_EXTENSIONS && f->place != HF_ANY)
            for (unsigned e = 0; e < HF_EXT_COUNT; e++)
                if (hf_extension_table[e].in[f->place])
                    least(hf_extension_table[e].in[f->place](), depth + 1);
    }
    return bytes;
}

static void layouts_have_no_cycles_and_no_empty_elements(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; hf_layout_at(i); i++)
        least(hf_layout_at(i)(), 0);
    assert_int_equal(i, hf_layout_count);
    assert_true(i > 60);
}

static void layouts_are_found_by_id_and_name(void **state)
{
    (void)state;
    for (size_t i = 0; hf_layout_at(i); i++) {
        const struct hf_layout *layout = hf_layout_at(i)();
        hf_layout_fn *by_name = hf_layout_by_name(layout->name);

        assert_ptr_equal(hf_layout_by_name(layout->id), hf_layout_at(i));
        assert_non_null(by_name);
        assert_string_equal(by_name()->name, layout->name);
        assert_int_equal(strncmp(layout->rfc, "RFC ", 4), 0);
    }
    assert_ptr_equal(hf_layout_by_name("ClientHello"), hf_client_hello);
    assert_null(hf_layout_by_name("GoodbyeClient"));
    assert_null(hf_layout_by_name(NULL));
}

static size_t room_of(const struct hf_field *f)
{
    if (f->kind == HF_WIRE_FIXED)
        return f->min;
    if (f->kind == HF_WIRE_EXTENSIONS)
        return sizeof(struct hf_extensions);
    if (f->kind > HF_WIRE_U32)
        return sizeof(struct hf_span);
    return f->kind == HF_WIRE_U24 ? 4 : f->kind;
}

/* A prefix can say the largest length, and no prefix is larger than needed. */
static void check_bounds(const struct hf_field *f)
{
    static const uint32_t largest[] = { UINT32_MAX, 0xff, 0xffff, 0xffffff };

    assert_true(f->min <= f->max);
    if (f->kind == HF_WIRE_REST || f->prefix) {
        assert_true(f->prefix <= 3);
        assert_true(f->max <= largest[f->prefix]);
        assert_true(f->prefix < 2 || f->max > largest[f->prefix - 1]);
    } else {
        assert_int_equal(f->min, f->max);
    }
    if (f->kind == HF_WIRE_LIST && f->element)
        assert_true(f->min % f->element == 0);
}

static void fields_lie_in_their_struct_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; hf_layout_at(i); i++) {
        const struct hf_layout *layout = hf_layout_at(i)();
        size_t free_from = 0;

        for (unsigned j = 0; j < layout->fields; j++) {
            const struct hf_field *f = &layout->field[j];

            assert_true(f->kind >= HF_WIRE_U8 && f->kind <= HF_WIRE_EXTENSIONS);
            assert_true(f->offset >= free_from);
            free_from = f->offset + room_of(f);
            assert_true(free_from <= layout->size);
            check_bounds(f);
            assert_true(f->kind != HF_WIRE_LIST || f->of || f->element);
            assert_true(f->kind == HF_WIRE_EXTENSIONS || !f->optional);
            /* what takes all the rest can only be last */
            if (f->kind == HF_WIRE_REST || f->optional)
                assert_int_equal(j, layout->fields - 1);
        }
    }
}

static void every_field_has_a_sentence_and_a_key_of_its_own(void **state)
{
    static char keys[400][80];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; hf_layout_at(i); i++) {
        const struct hf_layout *layout = hf_layout_at(i)();

        for (unsigned j = 0; j < layout->fields; j++) {
            const struct hf_field *f = &layout->field[j];

            assert_true(strlen(f->why) >= 3);
            assert_true(f->why[strlen(f->why) - 1] != '.');
            assert_true(n < 400);
            assert_int_equal(hf_field_key(layout, f, keys[n], 80),
                             strlen(layout->id) + 1 + strlen(f->name));
            for (size_t k = 0; k < n; k++)
                assert_string_not_equal(keys[k], keys[n]);
            n++;
        }
    }
    assert_string_equal(keys[0], "server_name_entry.name_type");
}

/* RFC 5246 7.4, RFC 8422 5, RFC 5077 3.3, RFC 6066 8: all that TLS 1.2 says. */
static void every_message_of_tls_12_is_told_field_by_field(void **state)
{
    static const struct {
        const char *id;
        unsigned fields;
    } messages[] = {
        { "hello_request", 0 },
        { "client_hello", 6 },
        { "server_hello_12", 6 },
        { "certificate_12", 1 },
        { "asn1_cert", 1 },
        { "certificate_status", 2 },
        { "server_key_exchange", 5 },
        { "server_key_exchange_dhe", 5 },
        { "certificate_request_12", 3 },
        { "server_hello_done", 0 },
        { "client_key_exchange", 1 },
        { "client_key_exchange_rsa", 1 },
        { "certificate_verify", 2 },
        { "new_session_ticket_12", 2 },
        { "finished", 1 },
        { "change_cipher_spec", 1 },
        { "alert", 2 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(messages); i++) {
        hf_layout_fn *layout = hf_layout_by_name(messages[i].id);

        assert_non_null(layout);
        assert_int_equal(layout()->fields, messages[i].fields);
        for (unsigned j = 0; j < layout()->fields; j++)
            assert_true(strlen(layout()->field[j].why) >= 3);
    }
}

/* ---- extensions and messages ---------------------------------------------------------- */

static void extensions_ascend_and_are_named(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; hf_extension_at(i); i++) {
        const struct hf_extension_row *row = hf_extension_at(i);
        unsigned places = 0;

        assert_true(i == 0 || row->number > hf_extension_at(i - 1)->number);
        assert_string_not_equal(hf_extension_name(row->number),
                                "unknown extension");
        assert_true(strlen(row->why) > 2);
        for (unsigned p = 0; p < HF_PLACES; p++)
            places += row->in[p] != NULL;
        assert_true(places > 0);
    }
    assert_int_equal(i, HF_EXT_COUNT);
    assert_string_equal(hf_extension_name(12345), "unknown extension");
    assert_string_equal(hf_extension_name(0x5a5a), "GREASE");
}

static void places_have_names(void **state)
{
    (void)state;
    for (unsigned p = 0; p < HF_PLACES; p++)
        assert_string_not_equal(hf_place_name(p), "?");
    assert_string_equal(hf_place_name(HF_CH), "CH");
    assert_string_equal(hf_place_name(HF_PLACES), "?");
}

static void messages_have_known_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < hf_message_count; i++) {
        const struct hf_message_row *row = &hf_message_table[i];

        assert_non_null(
            hf_name_of(&hf_names_table[HF_NAMES_HANDSHAKE], row->type));
        assert_true(!row->version || row->version == 0x0303 ||
                    row->version == 0x0304);
        assert_true(i == 0 || row->type >= hf_message_table[i - 1].type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_ascend_and_are_unique),
        cmocka_unit_test(every_name_is_found_both_ways),
        cmocka_unit_test(what_has_no_name_has_none),
        cmocka_unit_test(grease_is_named_and_nothing_else_is),
        cmocka_unit_test(layouts_have_no_cycles_and_no_empty_elements),
        cmocka_unit_test(layouts_are_found_by_id_and_name),
        cmocka_unit_test(fields_lie_in_their_struct_in_order),
        cmocka_unit_test(every_field_has_a_sentence_and_a_key_of_its_own),
        cmocka_unit_test(every_message_of_tls_12_is_told_field_by_field),
        cmocka_unit_test(extensions_ascend_and_are_named),
        cmocka_unit_test(places_have_names),
        cmocka_unit_test(messages_have_known_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
