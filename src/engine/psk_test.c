/* psk_test.c - external pre-shared keys, both ends ours: imported as they should
 * be, added, used, found elsewhere. */
#define HF_UNPOISONED
#include "engine/psk_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- imported (RFC 9258 5.1) -------------------------------------------------------- */

struct vector {
    const char *identity, *context, *key, *wire, *out;
    unsigned hash, target;
};

static struct hf_span hex(const char *text, uint8_t *room, size_t cap)
{
    size_t len = 0;

    assert_true(hf_unhex(hf_span_text(text), room, cap, &len));
    return hf_span(room, len);
}

static void keys_are_imported_as_the_rfc_says(void **state)
{
    static const struct vector vectors[] = {
#define VECTOR(identity, context, key, hash, target, wire, out) \
    { identity, context, key, wire, out, HF_##hash, HF_##target },
#include "engine/psk_vectors.def"
#undef VECTOR
    };
    uint8_t a[600], b[600], c[600], d[600], wire[HF_PSK_WIRE_MAX];
    struct hf_crypto crypto = { .provider = NULL };
    struct hf_error error = { .code = HF_OK };

    (void)state;
    assert_true(hf_crypto_open(&crypto, &hf_libcrypto, &error));
    for (size_t i = 0; i < HF_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct hf_psk_import from = { hex(v->identity, a, sizeof(a)),
                                      hex(v->key, b, sizeof(b)),
                                      hex(v->context, c, sizeof(c)), v->hash };
        struct hf_writer w = hf_writer(wire, sizeof(wire));
        struct hf_imported_identity parts;
        uint8_t key[HF_HASH_MAX];
        struct hf_span want;
        unsigned target;

        assert_true(hf_psk_import(&crypto, &from, v->target, &w, key));
        want = hex(v->wire, d, sizeof(d));
        assert_true(hf_span_equal(want, hf_written(&w)));
        assert_true(hf_psk_imported(want, &parts, &target));
        assert_int_equal(target, v->target);
        assert_true(hf_span_equal(parts.external_identity, from.identity));
        assert_true(hf_span_equal(parts.context, from.context));
        want = hex(v->out, d, sizeof(d));
        assert_memory_equal(want.at, key, want.len);
    }
    hf_crypto_close(&crypto);
}

static void what_is_no_imported_identity_is_told_apart(void **state)
{
    static const char *const texts[] = {
        "",
        "0001",
        "0001610000030400",     /* cut */
        "000161000003040001ff", /* more behind it */
        "000000000304 0001",    /* no identity */
        "00016100000303 0001",  /* for TLS 1.2 */
        "0001610000 0304 0003", /* for a KDF that nobody knows */
        "000161ffff 0304 0001", /* a context that is not there */
    };
    struct hf_imported_identity parts;
    uint8_t room[64];
    unsigned target;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(texts); i++)
        assert_false(hf_psk_imported(hex(texts[i], room, sizeof(room)), &parts,
                                     &target));
}

/* ---- settings ---------------------------------------------------------------------------------- */

static void refuses(struct hf_config *config, const struct hf_psk *psk,
                    const char *words)
{
    for (int imported = 0; imported < 2; imported++) {
        assert_false(
            imported ? hf_config_add_imported_psk(config, psk, hf_span(NULL, 0))
                     : hf_config_add_psk(config, psk));
        assert_int_equal(hf_config_error(config)->code, HF_E_BAD_PSK);
        if (!strstr(hf_config_error(config)->detail, words))
            fail_msg("%s", hf_config_error(config)->detail);
        hf_config_clear_error(config);
    }
}

static void a_key_that_is_none_is_refused(void **state)
{
    static const uint8_t much[HF_PSK_IDENTITY_MAX + 1] = { 1 };
    struct hf_config *config = hf_config_new();
    struct hf_psk psk = key_of("robot", "fifteen bytes..", 0);

    (void)state;
    refuses(config, &psk, "a key of 15 bytes; at least 16 (128 bits)");
    psk.key = hf_span(much, HF_PSK_KEY_MAX + 1);
    refuses(config, &psk, "a key of 513 bytes; at most 512");
    psk = key_of("", KEY_A, 0);
    refuses(config, &psk, "an identity of 0 bytes");
    psk.identity = HF_SPAN(much);
    refuses(config, &psk, "an identity of 1025 bytes");
    psk = key_of("robot", KEY_A, HF_SHA512);
    refuses(config, &psk, "neither SHA-256 nor SHA-384");
    psk.hash = 0;
    assert_false(hf_config_add_imported_psk(config, &psk, HF_SPAN(much)));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_PSK);
    hf_config_clear_error(config);
    assert_int_equal(config->settings.psk_count, 0);
    hf_config_free(config);
}

static void the_same_name_or_key_twice_is_refused(void **state)
{
    struct hf_config *config = hf_config_new();
    struct hf_psk psk = key_of("robot", KEY_A, 0);
    struct hf_psk other = key_of("other", KEY_A, 0);
    struct hf_psk third = key_of("other", KEY_B, 0);
    struct hf_span none = hf_span(NULL, 0);

    (void)state;
    assert_true(hf_config_add_psk(config, &psk));
    assert_false(hf_config_add_psk(config, &psk));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_PSK);
    hf_config_clear_error(config);
    /* RFC 9258 7: a key is imported or not */
    assert_false(hf_config_add_imported_psk(config, &other, none));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_PSK);
    hf_config_clear_error(config);
    assert_int_equal(config->settings.psk_count, 1);
    assert_true(hf_config_add_imported_psk(config, &third, none));
    assert_false(hf_config_add_imported_psk(config, &third, none));
    hf_config_clear_error(config);
    assert_true(hf_config_add_imported_psk(config, &third, psk.key));
    assert_false(hf_config_add_psk(config, &third));
    assert_int_equal(config->settings.psk_count, 5);
    hf_config_free(config);
}

static void a_config_holds_so_many_and_no_more(void **state)
{
    struct hf_config *config = hf_config_new();
    char name[16];

    (void)state;
    for (unsigned i = 0; i < HF_PSKS_MAX - 1u; i++) {
        snprintf(name, sizeof(name), "%u", i);
        give(config, name, KEY_A, 0);
    }
    snprintf(name, sizeof(name), "last");
    {
        struct hf_psk psk = key_of(name, KEY_B, 0);

        assert_false(
            hf_config_add_imported_psk(config, &psk, hf_span(NULL, 0)));
        assert_int_equal(hf_config_error(config)->code, HF_E_BAD_PSK);
        hf_config_clear_error(config);
        assert_int_equal(config->settings.psk_count, HF_PSKS_MAX - 1);
        assert_true(hf_config_add_psk(config, &psk));
        psk.identity = hf_span_text("one more");
        assert_false(hf_config_add_psk(config, &psk));
    }
    hf_config_free(config);
}

static void a_frozen_config_takes_no_more_keys(void **state)
{
    struct hf_psk psk = key_of("more", KEY_A, 0);

    (void)state;
    open_bare();
    give_both("robot", KEY_A, 0);
    connect_to("localhost");
    assert_false(hf_config_add_psk(duet.client_config, &psk));
    assert_int_equal(hf_config_error(duet.client_config)->code, HF_E_FROZEN);
    hf_config_clear_error(duet.client_config);
    assert_false(
        hf_config_add_imported_psk(duet.client_config, &psk, hf_span(NULL, 0)));
    assert_false(hf_config_require_psk(duet.client_config, true));
    assert_false(hf_config_set_psk_finder(duet.client_config, find, NULL));
    duet_wipe(&duet);
}

/* ---- used -------------------------------------------------------------------------------- */

static void a_key_is_all_that_two_need(void **state)
{
    (void)state;
    open_bare();
    give_both("robot", KEY_A, 0);
    connect_to("localhost");
    by_key(hf_span_text("robot"));
    assert_int_equal(hf_conn_version(duet.client), HF_TLS13);
    assert_false(hf_conn_resumed(duet.client));
    duet_wipe(&duet);
}

static void neither_clock_nor_name_is_needed(void **state)
{
    (void)state;
    memset(&duet, 0, sizeof(duet));
    duet.client_config = hf_config_new();
    duet.server_config = hf_config_new();
    give_both("robot", KEY_A, 0);
    connect_to(NULL);
    by_key(hf_span_text("robot"));
    duet_wipe(&duet);
    /* But where a certificate may come, it is. */
    open_full();
    give_both("robot", KEY_A, 0);
    assert_true(duet_start(&duet, NULL));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_NO_NAME);
    duet_wipe(&duet);
}

static void an_imported_key_is_as_good(void **state)
{
    static const unsigned hashes[] = { 0, HF_SHA256, HF_SHA384 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(hashes); i++) {
        struct hf_psk psk = key_of("robot", KEY_A, hashes[i]);
        struct hf_span context = hf_span_text("a and b");

        open_bare();
        assert_true(
            hf_config_add_imported_psk(duet.client_config, &psk, context));
        assert_true(
            hf_config_add_imported_psk(duet.server_config, &psk, context));
        connect_to("localhost");
        by_key(hf_span_text("robot"));
        duet_wipe(&duet);
    }
}

/* A name is bytes: what stands behind a NUL counts. */
static void a_nul_ends_no_identity(void **state)
{
    struct hf_psk psk = { { (const uint8_t *)"ro\0bot", 6 },
                          hf_span_text(KEY_A),
                          0 };
    struct hf_psk cut = key_of("ro", KEY_B, 0);
    struct hf_psk other = { { (const uint8_t *)"ro\0bob", 6 },
                            hf_span_text(KEY_B),
                            0 };

    (void)state;
    open_bare();
    assert_true(hf_config_add_psk(duet.client_config, &psk));
    assert_true(hf_config_add_psk(duet.server_config, &cut));
    assert_true(hf_config_add_psk(duet.server_config, &other));
    assert_true(hf_config_add_psk(duet.server_config, &psk));
    connect_to("localhost");
    by_key(psk.identity);
    duet_wipe(&duet);
    open_bare();
    assert_true(hf_config_add_psk(duet.client_config, &psk));
    assert_true(hf_config_add_psk(duet.server_config, &cut));
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

/* The suite goes with the key's hash, whatever is liked best. */
static void the_suite_follows_the_hash_of_the_key(void **state)
{
    static const unsigned hashes[] = { HF_SHA256, HF_SHA384 };
    static const uint16_t suites[2][4] = { { 0x1302, 0x1301, 0x1303, 0 },
                                           { 0x1301, 0x1303, 0x1302, 0 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(hashes); i++)
        for (size_t k = 0; k < 2; k++) {
            const struct hf_suite *suite;

            open_bare();
            assert_true(hf_config_set_suites(duet.client_config, suites[k]));
            assert_true(hf_config_set_suites(duet.server_config, suites[k]));
            give_both("robot", KEY_A, hashes[i]);
            connect_to("localhost");
            by_key(hf_span_text("robot"));
            suite = hf_suite_by_number(hf_conn_suite(duet.client));
            assert_int_equal(suite->hash, hashes[i]);
            duet_wipe(&duet);
        }
}

static void a_key_without_a_suite_is_of_no_use(void **state)
{
    static const uint16_t suites[] = { 0x1302, 0 };

    (void)state;
    open_full();
    assert_true(hf_config_set_suites(duet.client_config, suites));
    give_both("robot", KEY_A, HF_SHA256);
    connect_to("localhost");
    by_certificate();
    duet_wipe(&duet);
    /* The server's list decides too. */
    open_full();
    assert_true(hf_config_set_suites(duet.server_config, suites));
    give_both("robot", KEY_A, HF_SHA256);
    connect_to("localhost");
    by_certificate();
    duet_wipe(&duet);
}

/* Both suites are fine, and either hash would do: the server's best suite. */
static void an_imported_key_leaves_the_suite_to_the_server(void **state)
{
    static const uint16_t suites[2][3] = { { 0x1302, 0x1301, 0 },
                                           { 0x1301, 0x1302, 0 } };
    struct hf_psk psk = key_of("robot", KEY_A, 0);

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        open_bare();
        assert_true(hf_config_set_suites(duet.server_config, suites[k]));
        assert_true(hf_config_add_imported_psk(duet.client_config, &psk,
                                               hf_span(NULL, 0)));
        assert_true(hf_config_add_imported_psk(duet.server_config, &psk,
                                               hf_span(NULL, 0)));
        connect_to("localhost");
        assert_int_equal(hf_conn_suite(duet.client), suites[k][0]);
        duet_wipe(&duet);
    }
}

static void the_first_that_both_have_is_taken(void **state)
{
    (void)state;
    open_bare();
    give(duet.client_config, "one", KEY_A, 0);
    give(duet.client_config, "two", KEY_A, 0);
    give(duet.client_config, "three", KEY_B, HF_SHA384);
    give(duet.server_config, "three", KEY_B, HF_SHA384);
    give(duet.server_config, "two", KEY_A, 0);
    connect_to("localhost");
    /* Both hashes would do; the suite is the server's choice. */
    if (hf_suite_by_number(hf_conn_suite(duet.client))->hash == HF_SHA256)
        by_key(hf_span_text("two"));
    else
        by_key(hf_span_text("three"));
    duet_wipe(&duet);
}

/* No more than HF_PSK_OFFERS_MAX travel. */
static void a_client_offers_some_of_many(void **state)
{
    char name[16];

    (void)state;
    open_bare();
    for (unsigned i = 0; i < HF_PSK_OFFERS_MAX + 1u; i++) {
        snprintf(name, sizeof(name), "key %u", i);
        give(duet.client_config, name, KEY_A, 0);
    }
    give(duet.server_config, "key 7", KEY_A, 0);
    connect_to("localhost");
    by_key(hf_span_text("key 7"));
    duet_wipe(&duet);
    open_bare();
    for (unsigned i = 0; i < HF_PSK_OFFERS_MAX + 1u; i++) {
        snprintf(name, sizeof(name), "key %u", i);
        give(duet.client_config, name, KEY_A, 0);
    }
    give(duet.server_config, "key 8", KEY_A, 0);
    fails(HF_E_ALERT, HF_E_UNKNOWN_PSK);
    duet_wipe(&duet);
}

static void the_largest_of_all_fit(void **state)
{
    static uint8_t names[HF_PSK_OFFERS_MAX][HF_PSK_IDENTITY_MAX];
    uint8_t key[HF_PSK_KEY_MAX], context[HF_PSK_IDENTITY_MAX];
    const uint16_t first[] = { 29, 23, 0 }, only[] = { 23, 0 };
    const uint16_t share[] = { 29, 0 };

    (void)state;
    open_bare();
    memset(key, 7, sizeof(key));
    memset(context, 0, sizeof(context));
    for (size_t i = 0; i < HF_PSK_OFFERS_MAX / 2; i++) {
        struct hf_psk psk = { HF_SPAN(names[i]), HF_SPAN(key), 0 };

        memset(names[i], (int)i, sizeof(names[i]));
        assert_true(hf_config_add_imported_psk(duet.client_config, &psk,
                                               HF_SPAN(context)));
        if (i == HF_PSK_OFFERS_MAX / 2 - 1)
            assert_true(hf_config_add_imported_psk(duet.server_config, &psk,
                                                   HF_SPAN(context)));
    }
    assert_true(hf_config_set_groups(duet.client_config, first));
    assert_true(hf_config_set_shares(duet.client_config, share));
    assert_true(hf_config_set_groups(duet.server_config, only));
    connect_to("localhost");
    assert_true(hf_conn_retried(duet.client));
    by_key(HF_SPAN(names[HF_PSK_OFFERS_MAX / 2 - 1]));
    duet_hang_up(&duet);
    connect_to("localhost");
    assert_true(hf_conn_resumed(duet.client));
    by_key(HF_SPAN(names[HF_PSK_OFFERS_MAX / 2 - 1]));
    duet_wipe(&duet);
}

/* ---- after a retry (RFC 8446 4.1.4) ------------------------------------------------------- */

static void a_retry_is_no_hindrance(void **state)
{
    static const unsigned hashes[] = { HF_SHA256, HF_SHA384 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(hashes); i++) {
        open_bare();
        ask_again();
        give_both("robot", KEY_A, hashes[i]);
        connect_to("localhost");
        assert_true(hf_conn_retried(duet.client));
        by_key(hf_span_text("robot"));
        duet_wipe(&duet);
    }
}

/* The hash is settled with the retry: others are not offered again. */
static void only_keys_of_the_chosen_hash_are_offered_again(void **state)
{
    (void)state;
    open_bare();
    ask_again();
    give(duet.client_config, "one", KEY_A, HF_SHA256);
    give(duet.client_config, "two", KEY_B, HF_SHA384);
    give(duet.client_config, "three", KEY_A, HF_SHA256);
    give(duet.client_config, "four", KEY_B, HF_SHA384);
    give(duet.server_config, "four", KEY_B, HF_SHA384);
    connect_to("localhost");
    assert_true(hf_conn_retried(duet.client));
    by_key(hf_span_text("four"));
    duet_wipe(&duet);
}

/* ---- events -------------------------------------------------------------------------------------- */

static char heard[8192];

static void listen(void *ctx, const struct hf_event *event)
{
    (void)ctx;
    if (event->kind == HF_EVENT_DECISION && event->id == HF_EV_PSK)
        hf_format_more(heard, sizeof(heard), "%s: %s\n", event->inputs,
                       event->verdict);
    assert_null(strstr(event->inputs, KEY_A));
    assert_null(strstr(event->verdict, KEY_A));
}

static void names_are_told_and_keys_are_not(void **state)
{
    struct hf_psk psk = { { (const uint8_t *)"a\0\x1b[31m", 7 },
                          hf_span_text(KEY_A),
                          0 };

    (void)state;
    open_bare();
    assert_true(hf_config_add_psk(duet.client_config, &psk));
    assert_true(hf_config_add_psk(duet.server_config, &psk));
    heard[0] = '\0';
    assert_true(hf_config_set_watch(duet.client_config, listen, NULL, false));
    assert_true(hf_config_set_watch(duet.server_config, listen, NULL, false));
    connect_to("localhost");
    assert_non_null(strstr(heard, "offered"));
    assert_non_null(strstr(heard, "known"));
    assert_non_null(strstr(heard, "used: nobody shows a certificate"));
    assert_null(strchr(heard, '\x1b'));
    duet_wipe(&duet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_imported_as_the_rfc_says),
        cmocka_unit_test(what_is_no_imported_identity_is_told_apart),
        cmocka_unit_test(a_key_that_is_none_is_refused),
        cmocka_unit_test(the_same_name_or_key_twice_is_refused),
        cmocka_unit_test(a_config_holds_so_many_and_no_more),
        cmocka_unit_test(a_frozen_config_takes_no_more_keys),
        cmocka_unit_test(a_key_is_all_that_two_need),
        cmocka_unit_test(neither_clock_nor_name_is_needed),
        cmocka_unit_test(an_imported_key_is_as_good),
        cmocka_unit_test(a_nul_ends_no_identity),
        cmocka_unit_test(the_suite_follows_the_hash_of_the_key),
        cmocka_unit_test(a_key_without_a_suite_is_of_no_use),
        cmocka_unit_test(an_imported_key_leaves_the_suite_to_the_server),
        cmocka_unit_test(the_first_that_both_have_is_taken),
        cmocka_unit_test(a_client_offers_some_of_many),
        cmocka_unit_test(the_largest_of_all_fit),
        cmocka_unit_test(a_retry_is_no_hindrance),
        cmocka_unit_test(only_keys_of_the_chosen_hash_are_offered_again),
        cmocka_unit_test(names_are_told_and_keys_are_not),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, pair_setup, pair_teardown);
}
