/* why_test.c - what a connection keeps of the ways that were tried to trust the
 * peer: all of them, if that was asked for and none stood. */
#include "engine/duet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs, others;
static struct duet d;

static int make(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") && duet_certs_make(&others, "p256")
               ? 0
               : -1;
}

static int drop(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    duet_certs_free(&others);
    return 0;
}

static struct hf_config *client_that_trusts(const char *ca)
{
    struct hf_config *config = hf_config_new();

    assert_non_null(config);
    assert_true(hf_config_trust(config, hf_span_text(ca)));
    assert_true(
        hf_config_set_clock(config, d.client_config->settings.clock, NULL));
    hf_config_free(d.client_config);
    d.client_config = config;
    return config;
}

static bool shake(const char *ca, bool wanted, unsigned version,
                  const char *name)
{
    struct hf_config *config;

    assert_true(duet_init(&d, &certs));
    config = client_that_trusts(ca);
    if (wanted)
        assert_true(hf_config_set_why_not(config, true));
    assert_true(hf_config_set_versions(config, version, version));
    assert_true(duet_start(&d, name));
    return duet_run(&d);
}

static void the_ways_that_were_tried_can_be_asked_for(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        struct hf_attempt one;

        assert_false(shake(others.ca, true, version, "localhost"));
        assert_int_equal(hf_conn_attempts(d.client), 3);
        assert_true(hf_conn_attempt(d.client, 0, &one));
        assert_int_equal(one.issuer_of, -1);
        assert_int_equal(one.code, HF_OK);
        assert_true(hf_span_equal(one.certificate,
                                  hf_conn_peer_certificate(d.client, 0)));
        assert_true(hf_conn_attempt(d.client, 1, &one));
        assert_int_equal(one.issuer_of, 0);
        assert_int_equal(one.code, HF_OK);
        assert_false(one.anchor);
        /* The other's root has the same name and another key. */
        assert_true(hf_conn_attempt(d.client, 2, &one));
        assert_int_equal(one.issuer_of, 1);
        assert_true(one.anchor);
        assert_int_equal(one.code, HF_E_CERT_SIGNATURE);
        assert_int_equal(one.check, HF_EV_CHECK_SIGNATURE);
        assert_non_null(strstr(one.detail, "was not made by the key of"));
        assert_non_null(strstr(one.fix, "another authority of that name"));
        assert_false(hf_conn_attempt(d.client, 3, &one));
        assert_int_equal(one.certificate.len, 0);
        duet_wipe(&d);
    }
}

static void only_if_that_is_wanted(void **state)
{
    struct hf_attempt one;

    (void)state;
    assert_false(shake(others.ca, false, HF_TLS13, "localhost"));
    assert_int_equal(hf_conn_attempts(d.client), 0);
    assert_false(hf_conn_attempt(d.client, 0, &one));
    duet_wipe(&d);
}

static void nothing_is_kept_of_a_peer_that_is_trusted(void **state)
{
    (void)state;
    assert_true(shake(certs.ca, true, HF_TLS13, "localhost"));
    assert_int_equal(hf_conn_attempts(d.client), 0);
    assert_null(d.client->session.tried);
    duet_wipe(&d);
}

static void a_wrong_name_is_told_of_the_leaf(void **state)
{
    struct hf_attempt one;

    (void)state;
    assert_false(shake(certs.ca, true, HF_TLS13, "wrong.test"));
    assert_true(hf_conn_attempt(d.client, 0, &one));
    assert_int_equal(one.code, HF_E_NAME_MISMATCH);
    assert_string_equal(one.detail,
                        "it is for DNS:localhost, IP:127.0.0.1, DNS:a.test, "
                        "not for DNS:wrong.test");
    assert_string_equal(one.fix, "connect by a name that it has, or have one "
                                 "issued for DNS:wrong.test");
    duet_wipe(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ways_that_were_tried_can_be_asked_for),
        cmocka_unit_test(only_if_that_is_wanted),
        cmocka_unit_test(nothing_is_kept_of_a_peer_that_is_trusted),
        cmocka_unit_test(a_wrong_name_is_told_of_the_leaf),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
