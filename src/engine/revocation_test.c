/* revocation_test.c - revocation lists in a configuration, heeded by both
 * roles in both versions. */
#define HF_UNPOISONED
#include "engine/authority.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;

/* A list of @issuer; @listed: the first certificate of this PEM text. */
static struct hf_span list(const char *issuer, const char *key,
                           const char *listed)
{
    static uint8_t der[4096];
    uint8_t *at = der;
    EVP_PKEY *pkey = authority_key(key);
    X509 *ca = authority_cert(issuer),
         *x = listed ? authority_cert(listed) : NULL;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = X509_gmtime_adj(NULL, -3600);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    int len;

    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, time);
    if (x) {
        X509_REVOKED *entry = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x));
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_gmtime_adj(time, 3600);
    X509_CRL_set1_nextUpdate(crl, time);
    ASN1_INTEGER_set(number, 7);
    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
    assert_true(X509_CRL_sign(crl, pkey, EVP_sha256()) > 0);
    len = i2d_X509_CRL(crl, &at);
    assert_true(len > 0 && (size_t)len <= sizeof(der));
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    X509_free(x);
    X509_free(ca);
    EVP_PKEY_free(pkey);
    return hf_span(der, (size_t)len);
}

static struct hf_span middle_lists(const char *listed)
{
    return list(authority.middle, authority.middle_key, listed);
}

static void begin(unsigned version)
{
    assert_true(duet_init(&duet, &authority.certs));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
}

/* ---- connections ------------------------------------------------------------------------ */

static void a_listed_server_is_refused(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version);
        assert_true(hf_config_add_crls(duet.client_config,
                                       middle_lists(authority.certs.chain)));
        assert_true(duet_start(&duet, "localhost"));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_REVOKED);
        assert_non_null(
            strstr(hf_conn_error(duet.client)->detail,
                   "the list of CN=list intermediate, number 07 says"));
        assert_int_equal(hf_conn_error(duet.server)->code, HF_E_ALERT);
        assert_int_equal(hf_conn_error(duet.server)->alert, 44);
        duet_wipe(&duet);
        /* And not, if nobody asks. */
        begin(version);
        assert_true(hf_config_add_crls(duet.client_config,
                                       middle_lists(authority.certs.chain)));
        assert_true(
            hf_config_set_revocation(duet.client_config, HF_REVOCATION_NONE));
        assert_true(duet_start(&duet, "localhost"));
        assert_true(duet_run(&duet));
        duet_wipe(&duet);
    }
}

static void a_listed_client_is_refused(void **state)
{
    (void)state;
    begin(HF_TLS13);
    assert_true(
        hf_config_trust(duet.server_config, hf_span_text(authority.certs.ca)));
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_add_crls(duet.server_config,
                                   middle_lists(authority.certs.client_chain)));
    assert_true(hf_config_add_keypair(
        duet.client_config, hf_span_text(authority.certs.client_chain),
        hf_span_text(authority.certs.client_key)));
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_REVOKED);
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_ALERT);
    duet_wipe(&duet);
}

static unsigned insist(enum hf_revocation mode, bool middle, bool root)
{
    unsigned code;

    begin(HF_TLS13);
    assert_true(hf_config_set_revocation(duet.client_config, mode));
    if (middle)
        assert_true(hf_config_add_crls(duet.client_config, middle_lists(NULL)));
    if (root)
        assert_true(
            hf_config_add_crls(duet.client_config,
                               list(authority.root, authority.root_key, NULL)));
    assert_true(duet_start(&duet, "localhost"));
    duet_run(&duet);
    code = hf_conn_error(duet.client)->code;
    assert_int_equal(code == HF_OK, hf_conn_peer_verified(duet.client));
    duet_wipe(&duet);
    return code;
}

static void whoever_insists_needs_lists(void **state)
{
    (void)state;
    assert_int_equal(insist(HF_REVOCATION_SOFT, false, false), HF_OK);
    assert_int_equal(insist(HF_REVOCATION_LEAF, false, false), HF_E_NO_STATUS);
    assert_int_equal(insist(HF_REVOCATION_LEAF, true, false), HF_OK);
    assert_int_equal(insist(HF_REVOCATION_HARD, true, false), HF_E_NO_STATUS);
    assert_int_equal(insist(HF_REVOCATION_HARD, false, true), HF_E_NO_STATUS);
    assert_int_equal(insist(HF_REVOCATION_HARD, true, true), HF_OK);
}

/* ---- settings ----------------------------------------------------------------------------- */

/* Sessions do not outlive the lists and the policy under which they began. */
static void sessions_are_bound_to_lists(void **state)
{
    uint8_t seen[4][HF_BINDING_LEN];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(seen); i++) {
        begin(HF_TLS13);
        assert_true(hf_config_trust(duet.server_config,
                                    hf_span_text(authority.certs.ca)));
        assert_true(hf_config_set_client_auth(duet.server_config,
                                              HF_CLIENT_AUTH_OPTIONAL));
        if (i & 1)
            assert_true(
                hf_config_add_crls(duet.server_config, middle_lists(NULL)));
        if (i & 2)
            assert_true(hf_config_set_revocation(duet.server_config,
                                                 HF_REVOCATION_LEAF));
        assert_true(hf_config_freeze(duet.server_config));
        memcpy(seen[i], duet.server_config->settings.binding, sizeof(seen[i]));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], sizeof(seen[i]));
        duet_wipe(&duet);
    }
}

static void what_cannot_be_used_is_refused_when_it_is_given(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_int_equal(config->settings.revocation, HF_REVOCATION_SOFT);
    assert_false(hf_config_add_crls(config, hf_span_text("nothing")));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_CRL);
    hf_config_clear_error(config);
    assert_false(hf_config_set_revocation(config, (enum hf_revocation)4));
    assert_int_equal(hf_config_error(config)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(config);
    assert_true(hf_config_freeze(config));
    assert_false(hf_config_add_crls(config, middle_lists(NULL)));
    assert_int_equal(hf_config_error(config)->code, HF_E_FROZEN);
    hf_config_clear_error(config);
    assert_false(hf_config_set_revocation(config, HF_REVOCATION_HARD));
    assert_int_equal(hf_config_error(config)->code, HF_E_FROZEN);
    hf_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listed_server_is_refused),
        cmocka_unit_test(a_listed_client_is_refused),
        cmocka_unit_test(whoever_insists_needs_lists),
        cmocka_unit_test(sessions_are_bound_to_lists),
        cmocka_unit_test(what_cannot_be_used_is_refused_when_it_is_given),
    };

    return cmocka_run_group_tests(tests, authority_open, authority_close);
}
