/* nothing_test.c - NULL where a config, a connection, a list or a place should be,
 * and numbers that mean nothing: refused, told, and nothing changed.
 *
 * A program that does not look at what hf_config_new() gave it, as the shortest
 * examples do not, is to be told of it, and not to crash. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/setter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- no config ---------------------------------------------------------------------- */

static void lists_and_numbers_of_no_config(void)
{
    static const uint16_t numbers[] = { 0x1301, 0 }, groups[] = { 29, 0 };
    static const char *const protocols[] = { "h2", NULL };

    assert_false(hf_config_set_provider(NULL, &hf_libcrypto));
    assert_false(hf_config_set_policy(NULL, "modern"));
    assert_false(hf_config_set_versions(NULL, HF_TLS13, HF_TLS13));
    assert_false(hf_config_set_suites(NULL, numbers));
    assert_false(hf_config_set_groups(NULL, groups));
    assert_false(hf_config_set_shares(NULL, groups));
    assert_false(hf_config_set_shares(NULL, groups + 1));
    assert_false(hf_config_set_signatures(NULL, numbers));
    assert_false(hf_config_set_verify_signatures(NULL, numbers));
    assert_false(hf_config_set_cert_signatures(NULL, numbers));
    assert_false(hf_config_set_cert_compression(NULL, groups + 1));
    assert_false(hf_config_set_protocols(NULL, protocols));
    assert_false(hf_config_set_min_rsa(NULL, 2048));
    assert_false(hf_config_set_signature_cache(NULL, 16, false));
    assert_false(hf_config_set_record_size_limit(NULL, 1024));
    assert_false(hf_config_set_max_fragment_length(NULL, 1024));
    assert_false(hf_config_set_padding(NULL, 16, 16));
    assert_false(hf_config_set_grease(NULL, true));
    assert_false(hf_config_set_permute(NULL, true));
}

static void certificates_of_no_config(void)
{
    const struct duet_certs *certs = attack_certs();
    struct hf_span chain = hf_span_text(certs->chain);

    hf_config_set_passphrase(NULL, NULL, NULL);
    assert_false(hf_config_add_keypair(NULL, chain, hf_span_text(certs->key)));
    assert_false(hf_config_add_chain(NULL, chain));
    assert_false(hf_config_trust(NULL, hf_span_text(certs->ca)));
    assert_false(hf_config_trust_borrowed(NULL, chain, NULL, NULL));
    assert_false(hf_config_add_crls(NULL, chain));
    assert_false(hf_config_add_staple(NULL, chain));
    assert_false(hf_config_ask_staple(NULL, true));
    assert_false(hf_config_add_scts(NULL, chain));
    assert_false(hf_config_ask_scts(NULL, true));
    assert_false(hf_config_set_revocation(NULL, HF_REVOCATION_HARD));
    assert_false(hf_config_set_client_auth(NULL, HF_CLIENT_AUTH_NONE));
    assert_false(hf_config_set_strict_names(NULL, true));
    assert_false(hf_config_set_send_authorities(NULL, true));
    assert_false(hf_config_set_clock(NULL, scene_clock, NULL));
    hf_config_default_clock(NULL, scene_clock, NULL);
    assert_false(hf_config_set_why_not(NULL, true));
    assert_false(hf_config_insecure_no_verify(NULL));
    assert_false(hf_config_insecure_no_name_check(NULL));
    assert_false(hf_config_insecure_no_time_check(NULL));
}

static void sessions_and_keys_of_no_config(void)
{
    static const uint8_t bytes[32] = { 1 };
    const struct hf_psk psk = { .identity = HF_SPAN(bytes),
                                .key = HF_SPAN(bytes) };
    const struct hf_sessions sessions = { .ctx = NULL };
    const struct hf_strikes strikes = { .ctx = NULL };

    assert_false(hf_config_set_sessions(NULL, &sessions));
    assert_false(hf_config_set_tickets(NULL, 1));
    assert_false(hf_config_ask_tickets(NULL, 1, 1));
    assert_false(hf_config_set_session_lifetime(NULL, 60));
    assert_false(hf_config_set_ticket_keys(NULL, NULL, NULL));
    assert_false(hf_config_set_early_data(NULL, 1024));
    assert_false(hf_config_set_strikes(NULL, &strikes));
    assert_false(hf_config_add_psk(NULL, &psk));
    assert_false(hf_config_add_imported_psk(NULL, &psk, hf_span(NULL, 0)));
    assert_false(hf_config_set_psk_finder(NULL, NULL, NULL));
    assert_false(hf_config_require_psk(NULL, true));
    assert_false(hf_config_set_watch(NULL, NULL, NULL, false));
    assert_false(hf_config_set_keylog(NULL, NULL, NULL));
    assert_false(hf_config_set_questions(NULL, 0));
}

static void every_setter_tells_that_there_is_no_config(void **state)
{
    (void)state;
    lists_and_numbers_of_no_config();
    certificates_of_no_config();
    sessions_and_keys_of_no_config();
    assert_false(hf_config_fail(NULL, HF_E_FILE, 2, "no file"));
    assert_false(hf_config_freeze(NULL));
    assert_null(hf_config_keep(NULL));
    assert_null(hf_config_with_trust(NULL, config));
    assert_null(hf_config_with_trust(config, NULL));
    hf_config_clear_error(NULL);
    assert_int_equal(hf_config_error(NULL)->code, HF_E_OUT_OF_MEMORY);
    assert_non_null(strstr(hf_config_error(NULL)->detail, "hf_config_new"));
}

/* ---- no connection ------------------------------------------------------------------ */

static void without_a_config_there_is_no_connection(void **state)
{
    (void)state;
    assert_null(hf_conn_new(NULL, HF_CLIENT, "localhost"));
    assert_int_equal(hf_conn_error(NULL)->code, HF_E_OUT_OF_MEMORY);
    assert_false(hf_conn_ready(NULL));
    assert_false(hf_conn_set_sni(NULL, "localhost"));
    assert_false(hf_conn_set_session_label(NULL, "localhost:443"));
    assert_false(hf_conn_set_watch(NULL, NULL, NULL, false));
}

/* ---- no list, no place ---------------------------------------------------------------- */

static void a_list_that_is_not_there_is_an_empty_one(void **state)
{
    struct hf_settings *set = &config->settings;
    const struct hf_numbers shares = set->shares;

    (void)state;
    assert_false(hf_config_set_suites(config, NULL));
    expect(HF_E_BAD_OPTION, "no cipher suites");
    assert_false(hf_config_set_groups(config, NULL));
    expect(HF_E_BAD_OPTION, "no groups");
    /* No shares at all are legal, but then it is said. */
    assert_false(hf_config_set_shares(config, NULL));
    expect(HF_E_BAD_OPTION, "no key shares");
    assert_int_equal(set->shares.count, shares.count);
    assert_false(hf_config_set_signatures(config, NULL));
    expect(HF_E_BAD_OPTION, "no signature schemes");
    assert_false(hf_config_set_verify_signatures(config, NULL));
    expect(HF_E_BAD_OPTION, "no signature schemes");
    assert_false(hf_config_set_cert_signatures(config, NULL));
    expect(HF_E_BAD_OPTION, "no signature schemes");
    assert_false(hf_config_set_cert_compression(config, NULL));
    expect(HF_E_BAD_OPTION, "no ways of certificate compression");
    assert_true(hf_config_set_protocols(config, NULL)); /* none, as before */
    assert_int_equal(set->protocols.len, 0);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_false(hf_config_set_provider(config, NULL));
    expect(HF_E_BAD_OPTION, "no provider");
    assert_false(hf_config_set_sessions(config, NULL));
    expect(HF_E_OUT_OF_MEMORY, "no place to keep sessions in");
    assert_false(hf_config_set_strikes(config, NULL));
    expect(HF_E_OUT_OF_MEMORY, "no strike register");
    assert_false(hf_config_add_psk(config, NULL));
    expect(HF_E_BAD_PSK, "a key of 0 bytes");
    assert_false(hf_config_add_imported_psk(config, NULL, hf_span(NULL, 0)));
    expect(HF_E_BAD_PSK, "a key of 0 bytes");
    assert_true(hf_config_freeze(config)); /* nothing was changed */
}

/* ---- numbers -------------------------------------------------------------------------- */

static void a_number_that_means_nothing_is_refused(void **state)
{
    static const unsigned modes[] = { 3, 255, 256, 258, 1u << 31 };

    (void)state;
    assert_true(hf_config_set_client_auth(config, HF_CLIENT_AUTH_REQUIRED));
    for (size_t i = 0; i < HF_COUNT(modes); i++) {
        assert_false(
            hf_config_set_client_auth(config, (enum hf_client_auth)modes[i]));
        expect(HF_E_BAD_OPTION, "a kind of asking for certificates");
    }
    assert_int_equal(config->settings.client_auth, HF_CLIENT_AUTH_REQUIRED);
    assert_true(hf_config_set_questions(config, HF_ASK_SIGN | HF_ASK_DECRYPT));
    assert_false(hf_config_set_questions(config, HF_ASK_SIGN | 16));
    expect(HF_E_BAD_OPTION, "a kind of question");
    assert_int_equal(config->settings.questions, HF_ASK_SIGN | HF_ASK_DECRYPT);
    assert_true(hf_config_set_questions(config, 15));
}

/* Whatever a program notes, its config has failed then. */
static void a_reason_that_is_none_is_a_failure_all_the_same(void **state)
{
    static const unsigned codes[] = { HF_OK, HF_ERROR_CODES, 65536, 70000 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(codes); i++) {
        assert_false(hf_config_fail(config, codes[i], 0, "said by hand"));
        assert_false(hf_config_freeze(config));
        expect(HF_E_MISUSE, "said by hand");
    }
    assert_false(hf_config_fail(config, HF_ERROR_CODES - 1, 0, NULL));
    expect(HF_ERROR_CODES - 1, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_setter_tells_that_there_is_no_config),
        TEST(without_a_config_there_is_no_connection),
        TEST(a_list_that_is_not_there_is_an_empty_one),
        TEST(what_is_not_there_is_refused),
        TEST(a_number_that_means_nothing_is_refused),
        TEST(a_reason_that_is_none_is_a_failure_all_the_same),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
