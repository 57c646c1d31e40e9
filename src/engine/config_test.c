/* config_test.c - settings: what can be set, what cannot, and why; keys and
 * chains that do not fit; trust that is none.  A setter that fails changes
 * nothing. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/setter.h"

#include "../../tools/issue.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- lists -------------------------------------------------------------------------- */

static void lists_hold_known_numbers_once_each(void **state)
{
    static const uint16_t none[] = { 0 },
                          twice[] = { 0x1301, 0x1302, 0x1301, 0 };
    static const uint16_t unknown[] = { 0x1301, 0x1399, 0 };
    static const uint16_t five[] = { 29, 23, 24, 4588, 4587, 0 };
    uint16_t many[HF_LIST_MAX + 2];

    (void)state;
    for (size_t i = 0; i <= HF_LIST_MAX; i++)
        many[i] = (uint16_t)(0x4000 + i);
    many[HF_LIST_MAX + 1] = 0;
    assert_false(hf_config_set_suites(config, none));
    expect(HF_E_BAD_OPTION, "no cipher suites");
    assert_false(hf_config_set_suites(config, twice));
    expect(HF_E_BAD_OPTION, "0x1301 is named twice");
    assert_false(hf_config_set_suites(config, unknown));
    expect(HF_E_BAD_OPTION, "0x1399");
    assert_int_equal(config->settings.suites.count, 9); /* as it was */
    assert_false(hf_config_set_groups(config, none));
    expect(HF_E_BAD_OPTION, "no groups");
    assert_false(hf_config_set_groups(config, many));
    expect(HF_E_BAD_OPTION, "more than 32");
    assert_false(hf_config_set_signatures(config, none));
    expect(HF_E_BAD_OPTION, "no signature");
    assert_false(hf_config_set_shares(config, many));
    expect(HF_E_BAD_OPTION, "");
    assert_false(hf_config_set_shares(config, five));
    expect(HF_E_BAD_OPTION, "more than 4 key shares");
    assert_true(hf_config_set_shares(config, none)); /* which is legal */
    assert_int_equal(config->settings.shares.count, 0);
}

/* Names of the RFCs and of people, or numbers; 0 is none of them. */
static void a_number_is_found_by_its_name(void **state)
{
    static const struct {
        unsigned (*number)(const char *name);
        const char *name;
        unsigned wanted;
    } rows[] = {
        { hf_group_number, "x25519", 29 },
        { hf_group_number, "P-384", 24 },
        { hf_group_number, "0x11ec", 4588 },
        { hf_group_number, "0X0017", 23 },
        { hf_group_number, "0x11e", 0 },
        { hf_group_number, "1x11ec", 0 },
        { hf_group_number, "0y11ec", 0 },
        { hf_group_number, "0x11eg", 0 },
        { hf_group_number, "", 0 },
        { hf_group_number, NULL, 0 },
        { hf_scheme_number, "ecdsa_secp256r1_sha256", 0x0403 },
        { hf_scheme_number, "P-384", 0 },
        { hf_compression_number, "zlib", 1 },
        { hf_compression_number, "zip", 0 },
        { hf_suite_number, "TLS_AES_128_GCM_SHA256", 0x1301 },
        { hf_suite_number, NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        if (rows[i].number(rows[i].name) != rows[i].wanted)
            fail_msg("row %zu: %s", i, rows[i].name ? rows[i].name : "NULL");
}

/* What the provider cannot do shows when the whole is checked. */
static void freezing_checks_the_whole(void **state)
{
    static const uint16_t group[] = { 21, 0 }, scheme[] = { 0x0808, 0 },
                          shares[] = { 23, 0 }, groups[] = { 29, 0 },
                          old[] = { 0xc02b, 0 };

    (void)state;
    assert_true(hf_config_set_versions(config, HF_TLS13, HF_TLS13));
    assert_true(hf_config_set_groups(config, group));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "no group 0x0015");
    assert_true(hf_config_set_groups(config, groups));
    assert_true(hf_config_set_signatures(config, scheme));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "no signature scheme 0x0808");
    assert_true(hf_config_set_signatures(config, (uint16_t[]){ 0x0403, 0 }));
    assert_true(hf_config_set_shares(config, shares));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "0x0017, which is not among the groups");
    assert_true(hf_config_set_shares(config, groups));
    /* Only suites of a version that is not offered. */
    assert_true(hf_config_set_suites(config, old));
    assert_false(hf_config_freeze(config));
    expect(HF_E_BAD_OPTION, "none of the cipher suites");
    assert_true(hf_config_set_suites(config, (uint16_t[]){ 0x1301, 0 }));
    assert_true(hf_config_freeze(config));
}

static void what_is_not_said_is_the_default_policy(void **state)
{
    const struct hf_settings *set = &config->settings;

    (void)state;
    assert_true(hf_config_freeze(config));
    assert_true(set->suites.count >= 3);
    assert_true(hf_numbers_have(&set->suites, 0x1301));
    assert_true(hf_numbers_have(&set->suites, 0xc02b));
    assert_false(hf_numbers_have(&set->suites, 0x009c));
    assert_true(hf_numbers_have(&set->groups, 29));
    assert_true(hf_numbers_have(&set->groups, 23));
    assert_true(hf_numbers_have(&set->schemes, 0x0403));
    assert_true(hf_numbers_have(&set->schemes, 0x0804));
    assert_true(set->shares.count >= 1);
    assert_int_equal(set->shares.at[0], set->groups.at[0]);
    assert_int_equal(set->min_version, HF_TLS12);
    assert_int_equal(set->max_version, HF_TLS13);
    assert_int_equal(set->min_rsa_bits, 2048);
    assert_false(set->no_verify || set->no_name_check || set->no_time_check);
}

/* ---- single settings ------------------------------------------------------------------- */

static void versions_are_a_range(void **state)
{
    static const struct {
        unsigned min, max;
    } bad[] = { { HF_TLS13, HF_TLS12 },
                { 0x0302, HF_TLS13 },
                { HF_TLS13, 0x0305 },
                { 0, HF_TLS13 },
                { HF_TLS13, 0 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        assert_false(hf_config_set_versions(config, bad[i].min, bad[i].max));
        expect(HF_E_BAD_OPTION, "version");
    }
    assert_true(hf_config_set_versions(config, HF_TLS13, HF_TLS13));
}

static void protocols_are_names_of_1_to_255_bytes(void **state)
{
    char longest[257];
    const char *const empty[] = { "h2", "", NULL }, *const none[] = { NULL };
    const char *const fits[] = { longest, NULL };
    const char *const h2[] = { "h2", NULL };

    (void)state;
    memset(longest, 'x', sizeof(longest));
    assert_false(hf_config_set_protocols(config, empty));
    expect(HF_E_BAD_OPTION, "empty protocol name");
    longest[255] = '\0'; /* with its length 256 bytes: one too many */
    assert_false(hf_config_set_protocols(config, fits));
    expect(HF_E_BAD_OPTION, "255");
    longest[254] = '\0';
    assert_true(hf_config_set_protocols(config, fits));
    assert_int_equal(config->settings.protocols.len, 255);
    assert_true(hf_config_set_protocols(config, h2)); /* instead of it */
    assert_true(hf_span_equal(config->settings.protocols, hf_span("\2h2", 3)));
    assert_true(hf_config_set_protocols(config, none));
    assert_int_equal(config->settings.protocols.len, 0);
}

static void the_rsa_minimum_has_bounds(void **state)
{
    (void)state;
    assert_false(hf_config_set_min_rsa(config, 1023));
    expect(HF_E_BAD_OPTION, "1023");
    assert_false(hf_config_set_min_rsa(config, 8193));
    expect(HF_E_BAD_OPTION, "8193");
    assert_int_equal(config->settings.min_rsa_bits, 2048);
    assert_true(hf_config_set_min_rsa(config, 1024));
    assert_true(hf_config_set_min_rsa(config, 8192));
}

static void the_signature_cache_has_bounds(void **state)
{
    const struct duet_certs *certs = attack_certs();

    (void)state;
    assert_false(hf_config_set_signature_cache(
        config, HF_SIGNATURE_CACHE_MAX + 1, false));
    expect(HF_E_BAD_OPTION, "65537");
    assert_int_equal(config->known_entries, HF_KNOWN_USUAL);
    assert_true(
        hf_config_set_signature_cache(config, HF_SIGNATURE_CACHE_MAX, true));
    assert_null(config->settings.known);
    assert_true(hf_config_trust(config, hf_span_text(certs->ca)));
    assert_true(hf_config_freeze(config));
    assert_true(hf_known_keeps_leaves(config->settings.known));
}

static void there_is_a_signature_cache_where_one_is_of_use(void **state)
{
    const struct duet_certs *certs = attack_certs();

    (void)state;
    for (unsigned row = 0; row < 4; row++) {
        struct hf_config *c = hf_config_new();

        assert_non_null(c);
        if (row != 0)
            assert_true(hf_config_trust(c, hf_span_text(certs->ca)));
        if (row == 1)
            assert_true(hf_config_set_signature_cache(c, 0, true));
        if (row == 2)
            assert_true(hf_config_insecure_no_verify(c));
        assert_true(hf_config_freeze(c));
        assert_int_equal(c->settings.known != NULL, row == 3);
        hf_config_free(c);
    }
}

static void the_provider_comes_before_the_first_key(void **state)
{
    const struct duet_certs *certs = attack_certs();

    (void)state;
    assert_true(hf_config_set_provider(config, &hf_libcrypto));
    assert_true(hf_config_add_keypair(config, hf_span_text(certs->chain),
                                      hf_span_text(certs->key)));
    assert_false(hf_config_set_provider(config, &hf_libcrypto));
    expect(HF_E_BAD_OPTION, "before the first key");
}

static void the_first_reason_stays(void **state)
{
    (void)state;
    assert_false(hf_config_set_min_rsa(config, 1));
    assert_false(hf_config_set_versions(config, 0, 0));
    assert_false(hf_config_fail(config, HF_E_FILE, 2, "no file"));
    assert_non_null(strstr(hf_config_error(config)->detail, "RSA"));
    assert_int_equal(hf_config_error(config)->system, 0);
    hf_config_clear_error(config);
    assert_false(hf_config_fail(config, HF_E_FILE, 2, "no file"));
    assert_int_equal(hf_config_error(config)->system, 2);
    expect(HF_E_FILE, "no file");
}

/* ---- keys and chains ------------------------------------------------------------------------ */

static bool add(const char *chain, const char *key)
{
    return hf_config_add_keypair(config, hf_span_text(chain),
                                 hf_span_text(key));
}

static void what_is_no_pair_is_refused(void **state)
{
    const struct duet_certs *certs = attack_certs();
    char *cut = strdup(certs->chain);

    (void)state;
    cut[strlen(cut) / 2] = '\0';
    assert_false(add("", certs->key));
    expect(HF_E_BAD_PEM, "no certificate");
    assert_false(add("no PEM at all", certs->key));
    expect(HF_E_BAD_PEM, "no certificate");
    assert_false(add(certs->key, certs->key));
    expect(HF_E_BAD_PEM, "no certificate");
    assert_false(add(cut, certs->key));
    expect(HF_E_BAD_PEM, "does not end");
    assert_false(add("-----BEGIN CERTIFICATE-----\nM*A=\n"
                     "-----END CERTIFICATE-----\n",
                     certs->key));
    expect(HF_E_BAD_PEM, "not base64");
    assert_false(add("-----BEGIN CERTIFICATE-----\nMAA=\n"
                     "-----END CERTIFICATE-----\n",
                     certs->key));
    expect(HF_E_BAD_CERTIFICATE, "certificate 1");
    assert_false(add(certs->chain, "no key"));
    expect(HF_E_BAD_PEM, "no private key");
    assert_false(add(certs->chain, certs->chain));
    expect(HF_E_BAD_PEM, "no private key");
    assert_false(add(certs->chain, certs->client_key));
    expect(HF_E_KEY_MISMATCH, "another key");
    assert_int_equal(config->settings.keypair_count, 0);
    free(cut);
}

/* Chain and key in one file, in any order, with words around them. */
static void a_pair_may_lie_in_one_text(void **state)
{
    const struct duet_certs *certs = attack_certs();
    size_t len = strlen(certs->chain) + strlen(certs->key) + 100;
    char *both = malloc(len);

    (void)state;
    hf_format(both, len, "my server\n%s\nits chain:\n%s", certs->key,
              certs->chain);
    assert_true(add(both, both));
    hf_format(both, len, "%s%s", certs->chain, certs->key);
    assert_true(add(both, both));
    assert_int_equal(config->settings.keypair_count, 2);
    assert_int_equal(config->settings.keypairs[1].count, 2);
    free(both);
}

/* The key of @certs as PKCS#8, encrypted. */
static char *encrypt_key(const struct duet_certs *certs, const char *pass)
{
    BIO *in = BIO_new_mem_buf(certs->key, -1), *out = BIO_new(BIO_s_mem());
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    char *text, *copy;
    long len;

    assert_non_null(pkey);
    assert_true(PEM_write_bio_PKCS8PrivateKey(
        out, pkey, EVP_aes_128_cbc(), pass, (int)strlen(pass), NULL, NULL));
    len = BIO_get_mem_data(out, &text);
    copy = calloc(1, (size_t)len + 1);
    memcpy(copy, text, (size_t)len);
    EVP_PKEY_free(pkey);
    BIO_free(out);
    BIO_free(in);
    return copy;
}

/* What @ctx says. */
static size_t pass_on(void *ctx, char *out, size_t cap)
{
    const size_t len = strlen(ctx);

    assert_true(len <= cap);
    memcpy(out, ctx, len);
    return len;
}

static void who_is_asked_for_a_passphrase_is_said_before_the_key(void **state)
{
    char right[] = "open sesame", wrong[] = "open barley";
    char *key = encrypt_key(attack_certs(), right);
    const struct hf_span chain = hf_span_text(attack_certs()->chain);

    (void)state;
    assert_false(hf_config_add_keypair(config, chain, hf_span_text(key)));
    expect(HF_E_BAD_PASSPHRASE, "no passphrase was given");
    hf_config_set_passphrase(config, pass_on, wrong);
    assert_false(hf_config_add_keypair(config, chain, hf_span_text(key)));
    expect(HF_E_BAD_PASSPHRASE, "does not open with this passphrase");
    assert_int_equal(config->settings.keypair_count, 0);
    hf_config_set_passphrase(config, pass_on, right);
    assert_true(hf_config_add_keypair(config, chain, hf_span_text(key)));
    assert_int_equal(config->settings.keypair_count, 1);
    hf_config_set_passphrase(config, NULL, NULL); /* nobody any more */
    assert_false(hf_config_add_keypair(config, chain, hf_span_text(key)));
    expect(HF_E_BAD_PASSPHRASE, "no passphrase was given");
    free(key);
}

static void a_chain_has_a_limit(void **state)
{
    const struct duet_certs *certs = attack_certs();
    size_t one = strlen(certs->ca), chain = strlen(certs->chain);
    char *many = malloc(chain + 20 * one + 1);

    (void)state;
    strcpy(many, certs->chain); /* two */
    for (int i = 2; i < HF_CHAIN_MAX; i++)
        strcat(many, certs->ca);
    assert_true(add(many, certs->key));
    strcat(many, certs->ca);
    assert_false(add(many, certs->key));
    expect(HF_E_BAD_CERTIFICATE, "more than 16");
    free(many);
}

static void a_server_needs_a_key_and_a_client_trust(void **state)
{
    struct hf_conn *conn;

    (void)state;
    conn = hf_conn_new(config, HF_SERVER, NULL);
    assert_int_equal(hf_conn_error(conn)->code, HF_E_NO_KEYPAIR);
    hf_conn_free(conn);
    conn = hf_conn_new(config, HF_CLIENT, "a.test");
    assert_int_equal(hf_conn_error(conn)->code, HF_E_NO_TRUST);
    hf_conn_free(conn);
    hf_config_free(config);
    config = hf_config_new();
    assert_true(hf_config_trust(config, hf_span_text(attack_certs()->ca)));
    conn = hf_conn_new(config, HF_CLIENT, "a.test");
    assert_int_equal(hf_conn_error(conn)->code, HF_E_BAD_OPTION);
    assert_non_null(strstr(hf_conn_error(conn)->detail, "no clock"));
    hf_conn_free(conn);
}

/* ---- trust ------------------------------------------------------------------------------------ */

static int unmapped;

static void done(void *ctx)
{
    (void)ctx;
    unmapped++;
}

static void trust_is_all_or_nothing(void **state)
{
    const struct duet_certs *certs = attack_certs();
    size_t len = strlen(certs->ca) + 200;
    char *text = malloc(len);

    (void)state;
    unmapped = 0;
    assert_false(hf_config_trust(config, hf_span_text("")));
    expect(HF_E_BAD_PEM, "no BEGIN CERTIFICATE");
    assert_false(hf_config_trust(config, hf_span_text(certs->key)));
    expect(HF_E_BAD_PEM, "no BEGIN CERTIFICATE");
    hf_format(text, len,
              "%s-----BEGIN CERTIFICATE-----\nM*A=\n"
              "-----END CERTIFICATE-----\n",
              certs->ca);
    assert_false(hf_config_trust(config, hf_span_text(text)));
    hf_config_clear_error(config);
    assert_false(
        hf_config_trust_borrowed(config, hf_span_text(text), done, NULL));
    hf_config_clear_error(config);
    assert_int_equal(unmapped, 0);
    assert_int_equal(hf_store_count(config->settings.store), 0);
    assert_true(
        hf_config_trust_borrowed(config, hf_span_text(certs->ca), done, NULL));
    assert_int_equal(hf_store_count(config->settings.store), 1);
    assert_int_equal(unmapped, 0);
    hf_config_free(config);
    assert_int_equal(unmapped, 1);
    config = hf_config_new();
    free(text);
}

/* However often it is exchanged for itself. */
static void anchors_are_borrowed_from_who_owns_them(void **state)
{
    const struct duet_certs *certs = attack_certs();
    struct hf_config *trust = hf_config_new(), *made, *next;

    (void)state;
    assert_true(hf_config_add_keypair(config, hf_span_text(certs->chain),
                                      hf_span_text(certs->key)));
    assert_true(hf_config_trust(trust, hf_span_text(certs->ca)));
    made = hf_config_with_trust(config, trust);
    assert_non_null(made);
    for (int i = 0; i < 100; i++) {
        next = hf_config_with_trust(made, made);
        assert_non_null(next);
        hf_config_free(made);
        made = next;
    }
    assert_ptr_equal(made->base, config);
    assert_ptr_equal(made->anchors, trust);
    hf_config_free(trust);
    assert_int_equal(hf_store_count(made->settings.store), 1);
    hf_config_free(made);
}

static void a_server_has_so_many_certificates_and_no_more(void **state)
{
    const struct duet_certs *certs = attack_certs();

    (void)state;
    for (size_t i = 0; i < HF_KEYPAIRS_MAX; i++)
        assert_true(hf_config_add_keypair(config, hf_span_text(certs->chain),
                                          hf_span_text(certs->key)));
    assert_false(hf_config_add_keypair(config, hf_span_text(certs->chain),
                                       hf_span_text(certs->key)));
    expect(HF_E_BAD_OPTION, "more than 1024 certificates");
    assert_int_equal(config->settings.keypair_count, HF_KEYPAIRS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(lists_hold_known_numbers_once_each),
        TEST(a_number_is_found_by_its_name),
        TEST(freezing_checks_the_whole),
        TEST(what_is_not_said_is_the_default_policy),
        TEST(versions_are_a_range),
        TEST(protocols_are_names_of_1_to_255_bytes),
        TEST(the_rsa_minimum_has_bounds),
        TEST(the_signature_cache_has_bounds),
        TEST(there_is_a_signature_cache_where_one_is_of_use),
        TEST(the_provider_comes_before_the_first_key),
        TEST(the_first_reason_stays),
        TEST(what_is_no_pair_is_refused),
        TEST(a_pair_may_lie_in_one_text),
        TEST(who_is_asked_for_a_passphrase_is_said_before_the_key),
        TEST(a_chain_has_a_limit),
        TEST(a_server_needs_a_key_and_a_client_trust),
        TEST(trust_is_all_or_nothing),
        TEST(anchors_are_borrowed_from_who_owns_them),
        TEST(a_server_has_so_many_certificates_and_no_more),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
