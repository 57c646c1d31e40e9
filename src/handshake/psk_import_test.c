/* psk_import_test.c - importing a key makes a name and another key, for a hash that
 * has a number (RFC 9258 5.1), and reading such a name is as strict as reading
 * what any peer says.  That the keys are the right ones is shown in engine,
 * against another implementation's. */
#define HF_UNPOISONED
#include "handshake/psk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hf_crypto crypto;
static struct hf_psk_import from;
static uint8_t name[HF_PSK_WIRE_MAX + 64], key[HF_PSK_KEY_MAX];

static int open_crypto(void **state)
{
    struct hf_error error = { .code = HF_OK };

    (void)state;
    return hf_crypto_open(&crypto, &hf_libcrypto, &error) ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    from = (struct hf_psk_import){ .identity = hf_span_text("robot"),
                                   .context = hf_span_text("a\nb"),
                                   .key = hf_span_text("sixteen or more bytes"),
                                   .hash = HF_SHA256 };
    memset(key, 0, sizeof(key));
    return 0;
}

static bool import(unsigned target, struct hf_writer *w)
{
    *w = hf_writer(name, sizeof(name));
    return hf_psk_import(&crypto, &from, target, w, key);
}

/* ---- making one -------------------------------------------------------------------- */

static void a_name_says_what_it_was_made_of_and_for(void **state)
{
    static const struct {
        unsigned hash, len;
    } rows[] = { { HF_SHA256, 32 }, { HF_SHA384, 48 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_imported_identity parts;
        struct hf_writer w;
        unsigned target = 0;

        assert_true(import(rows[i].hash, &w));
        assert_true(hf_psk_imported(hf_written(&w), &parts, &target));
        assert_int_equal(target, rows[i].hash);
        assert_true(hf_span_equal(parts.external_identity, from.identity));
        assert_true(hf_span_equal(parts.context, from.context));
        /* A key as long as its hash, and not a byte more. */
        assert_int_not_equal(key[rows[i].len - 1] | key[rows[i].len - 2], 0);
        assert_int_equal(key[rows[i].len], 0);
        memset(key, 0, sizeof(key));
    }
}

/* SHA-512 is a hash, and no number is given to HKDF with it (RFC 9258 10). */
static void a_hash_without_a_number_is_no_target(void **state)
{
    static const unsigned none[] = { HF_SHA512, HF_SHA1, HF_HASH_NONE, 99 };
    struct hf_writer w;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(none); i++) {
        assert_false(import(none[i], &w));
        assert_int_equal(hf_written(&w).len, 0);
        assert_int_equal(key[0] | key[1] | key[2], 0);
    }
}

static void a_key_of_no_known_hash_is_not_imported(void **state)
{
    struct hf_writer w;

    (void)state;
    from.hash = 99;
    assert_false(import(HF_SHA256, &w));
    assert_int_equal(key[0] | key[1] | key[2], 0);
}

static void a_name_needs_its_room(void **state)
{
    struct hf_writer w;
    size_t len;

    (void)state;
    assert_true(import(HF_SHA256, &w));
    len = hf_written(&w).len;
    assert_int_equal(len, 2 + 5 + 2 + 3 + 2 + 2);
    for (size_t cap = 0; cap <= len; cap++) {
        memset(key, 0, sizeof(key));
        w = hf_writer(name, cap);
        assert_int_equal(hf_psk_import(&crypto, &from, HF_SHA256, &w, key),
                         cap == len);
        assert_int_equal((key[0] | key[1] | key[2] | key[3]) != 0, cap == len);
    }
}

/* ---- reading one ------------------------------------------------------------------- */

static void what_is_no_such_name_is_a_name_of_another_kind(void **state)
{
    struct hf_imported_identity parts;
    struct hf_writer w;
    unsigned target = 7;
    size_t len;

    (void)state;
    assert_true(import(HF_SHA256, &w));
    len = hf_written(&w).len;
    for (size_t n = 0; n <= len + 1; n++) /* cut, or with a byte more */
        assert_int_equal(hf_psk_imported(hf_span(name, n), &parts, &target),
                         n == len);
    name[len - 1] = 3; /* a KDF that has no number */
    assert_false(hf_psk_imported(hf_span(name, len), &parts, &target));
    name[len - 1] = 2;
    assert_true(hf_psk_imported(hf_span(name, len), &parts, &target));
    assert_int_equal(target, HF_SHA384);
    name[len - 3] = 3; /* for TLS 1.2 */
    assert_false(hf_psk_imported(hf_span(name, len), &parts, &target));
}

static void a_name_has_a_limit(void **state)
{
    struct hf_imported_identity parts;
    unsigned target;

    (void)state;
    for (size_t len = HF_PSK_WIRE_MAX - 1; len <= HF_PSK_WIRE_MAX + 1; len++) {
        memset(name, 'x', len);
        hf_store_number(name, len - 8, 2);
        memcpy(name + len - 6, "\0\0\3\4\0\1", 6);
        assert_int_equal(hf_psk_imported(hf_span(name, len), &parts, &target),
                         len <= HF_PSK_WIRE_MAX);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_says_what_it_was_made_of_and_for),
        TEST(a_hash_without_a_number_is_no_target),
        TEST(a_key_of_no_known_hash_is_not_imported),
        TEST(a_name_needs_its_room),
        TEST(what_is_no_such_name_is_a_name_of_another_kind),
        TEST(a_name_has_a_limit),
    };

    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
