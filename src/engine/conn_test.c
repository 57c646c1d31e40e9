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
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
