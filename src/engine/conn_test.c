/* conn_test.c - two engines talk to each other through memory. */
#include "engine/duet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct duet duet;

static void begin(void)
{
    assert_true(duet_init(&duet, &certs));
}

static void shake(void)
{
    assert_true(duet_start(&duet, "localhost"));
    if (!duet_run(&duet))
        fail_msg("client: %s %s; server: %s %s",
                 hf_error_name(hf_conn_error(duet.client)->code),
                 hf_conn_error(duet.client)->detail,
                 hf_error_name(hf_conn_error(duet.server)->code),
                 hf_conn_error(duet.server)->detail);
}

static void two_engines_shake_hands(void **state)
{
    (void)state;
    begin();
    shake();
    assert_int_equal(hf_conn_version(duet.client), HF_TLS13);
    assert_int_equal(hf_conn_suite(duet.server), 0x1301);
    assert_int_equal(hf_conn_group(duet.client), hf_conn_group(duet.server));
    assert_true(hf_conn_peer_verified(duet.client));
    assert_string_equal(hf_conn_server_name(duet.server), "localhost");
    duet_wipe(&duet);
}

static void data_flows_both_ways(void **state)
{
    static uint8_t data[100000];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    begin();
    shake();
    assert_true(duet_send(&duet, duet.client, HF_SPAN(data)));
    duet_run(&duet);
    assert_int_equal(duet.server_len, sizeof(data));
    assert_memory_equal(duet.got_server, data, sizeof(data));
    assert_true(duet_send(&duet, duet.server, HF_SPAN(data)));
    duet_run(&duet);
    assert_int_equal(duet.client_len, sizeof(data));
    assert_memory_equal(duet.got_client, data, sizeof(data));
    duet_wipe(&duet);
}

static void only_tls12(void)
{
    assert_true(hf_config_set_versions(duet.client_config, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(duet.server_config, HF_TLS12, HF_TLS13));
}

static void two_engines_shake_hands_in_tls12(void **state)
{
    static const uint8_t hello[] = "over TLS 1.2";
    uint8_t one[16], other[16];

    (void)state;
    begin();
    only_tls12();
    shake();
    assert_int_equal(hf_conn_version(duet.client), HF_TLS12);
    assert_int_equal(hf_conn_version(duet.server), HF_TLS12);
    assert_int_equal(hf_conn_suite(duet.server), 0xc02b);
    assert_true(hf_conn_peer_verified(duet.client));
    assert_true(duet_send(&duet, duet.client, HF_SPAN(hello)));
    assert_true(duet_send(&duet, duet.server, HF_SPAN(hello)));
    duet_run(&duet);
    assert_int_equal(duet.server_len, sizeof(hello));
    assert_memory_equal(duet.got_server, hello, sizeof(hello));
    assert_memory_equal(duet.got_client, hello, sizeof(hello));
    assert_true(hf_conn_export(duet.client, "EXPERIMENTAL", HF_SPAN(hello), one,
                               sizeof(one)));
    assert_true(hf_conn_export(duet.server, "EXPERIMENTAL", HF_SPAN(hello),
                               other, sizeof(other)));
    assert_memory_equal(one, other, sizeof(one));
    assert_false(hf_conn_export(duet.client, NULL, HF_SPAN(hello), one, 1));
    duet_wipe(&duet);
}

static void a_client_shows_its_certificate_in_tls12(void **state)
{
    (void)state;
    begin();
    only_tls12();
    assert_true(
        hf_config_set_client_auth(duet.server_config, HF_CLIENT_AUTH_REQUIRED));
    assert_true(hf_config_trust(duet.server_config, hf_span_text(certs.ca)));
    assert_true(hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs.client_chain),
                                      hf_span_text(certs.client_key)));
    shake();
    assert_true(hf_conn_peer_verified(duet.server));
    assert_int_equal(hf_conn_own_chain(duet.client), 0);
    duet_wipe(&duet);
}

/* In the year 2100 none of the certificates is good any more. */
static int64_t much_later(void *ctx)
{
    (void)ctx;
    return INT64_C(4102444800);
}

static void dates_count_unless_that_is_switched_off(void **state)
{
    (void)state;
    begin();
    assert_true(hf_config_set_clock(duet.client_config, much_later, NULL));
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_EXPIRED);
    duet_wipe(&duet);

    begin();
    assert_true(hf_config_set_clock(duet.client_config, much_later, NULL));
    assert_true(hf_config_insecure_no_time_check(duet.client_config));
    shake();
    assert_true(hf_conn_peer_verified(duet.client));
    duet_wipe(&duet);
}

static int make_certs(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int free_certs(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_engines_shake_hands),
        cmocka_unit_test(data_flows_both_ways),
        cmocka_unit_test(dates_count_unless_that_is_switched_off),
        cmocka_unit_test(two_engines_shake_hands_in_tls12),
        cmocka_unit_test(a_client_shows_its_certificate_in_tls12),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
