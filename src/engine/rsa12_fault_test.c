/* rsa12_fault_test.c - RSA key transport in which every allocation and every call
 * of the provider fails, once and for good: it ends with a reason, nothing is
 * lost, and what is given back is wiped. */
#define HF_UNPOISONED
#include "engine/flaky.h"
#include "engine/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct stage stage;
static struct hf_config *asks; /* as stage.server, with the key elsewhere */
static bool elsewhere;         /* it is the server's */
static struct duet duet;

/* How often each end gave which reason. */
static size_t reasons[2][HF_ERROR_CODES];

static void end(struct hf_conn *conn, unsigned who, bool *well)
{
    const struct hf_error *e = hf_conn_error(conn);

    if (e->code == HF_E_BUG)
        fail_msg("%s", e->detail);
    if (e->code && hf_conn_ready(conn) && e->code != HF_E_ALERT)
        fail_msg("ready, and %s", hf_error_name(e->code));
    reasons[who][e->code]++;
    *well = *well && !e->code;
}

/* Both as far as they go.  True: both are ready. */
static bool run(void)
{
    const struct hf_settings *set = &stage.server->settings;
    struct hf_question q;
    uint8_t opened[512];
    struct hf_answer a;

    if (duet_run(&duet))
        return true;
    q = hf_conn_question(duet.server);
    if (!q.kind)
        return false;
    assert_int_equal(q.kind, HF_ASK_DECRYPT);
    assert_true(hf_libcrypto.key_raise(set->crypto.self, set->keypairs[0].key,
                                       q.message, opened));
    a = (struct hf_answer){ .opened = hf_span(opened, q.message.len) };
    assert_true(hf_conn_answer(duet.server, &a));
    return duet_run(&duet);
}

/* Both ends and some data.  True: nothing failed. */
static bool meet(void)
{
    bool well = true;

    duet.client = hf_conn_new(stage.client, HF_CLIENT, "localhost");
    duet.server = hf_conn_new(elsewhere ? asks : stage.server, HF_SERVER, NULL);
    duet.to_client.len = duet.to_server.len = 0;
    duet.client_len = duet.server_len = 0;
    if (duet.client && duet.server) {
        if (run()) {
            well = duet_send(&duet, duet.client, hf_span_text("hello"));
            duet_run(&duet);
            well = well && duet.server_len == 5;
        }
        well = hf_conn_ready(duet.client) && hf_conn_ready(duet.server) && well;
        end(duet.client, HF_CLIENT, &well);
        end(duet.server, HF_SERVER, &well);
    } else {
        well = false;
    }
    hf_conn_free(duet.client);
    hf_conn_free(duet.server);
    return well;
}

static size_t each_may_fail(enum flaky what)
{
    memset(reasons, 0, sizeof(reasons));
    return flaky_each(what, meet);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(each_may_fail(FLAKY_MEMORY) > 20);
    assert_true(reasons[HF_CLIENT][HF_E_OUT_OF_MEMORY]);
    assert_true(reasons[HF_SERVER][HF_E_OUT_OF_MEMORY]);
}

/* Sealing fails with a reason.  Opening cannot: what comes of it is what comes
 * of any secret that is wrong. */
static void every_call_of_the_provider_may_fail(void **state)
{
    (void)state;
    assert_true(each_may_fail(FLAKY_PROVIDER) > 40);
    assert_true(reasons[HF_CLIENT][HF_E_CRYPTO]);
    assert_true(reasons[HF_CLIENT][HF_E_RANDOM] >= 2);
    assert_true(reasons[HF_SERVER][HF_E_RANDOM] >= 2);
    assert_true(reasons[HF_SERVER][HF_E_BAD_RECORD_MAC]);
}

static void with_the_key_elsewhere_too(void **state)
{
    elsewhere = true;
    every_allocation_may_fail(state);
    assert_true(each_may_fail(FLAKY_PROVIDER) > 40);
    assert_true(reasons[HF_SERVER][HF_E_RANDOM] >= 2);
    elsewhere = false;
}

/* ---- a provider that has it not ---------------------------------------------------- */

/* Named, it is refused; in a policy it is left out. */
static void a_provider_without_it_offers_none(void **state)
{
    static const uint16_t named[] = { 0xc02f, 0x009c, 0 };

    (void)state;
    for (unsigned lacks = 0; lacks < 3; lacks++)
        for (unsigned by_name = 0; by_name < 2; by_name++) {
            struct hf_provider provider = hf_libcrypto;
            struct hf_config *config = hf_config_new();

            if (lacks & 1)
                provider.premaster_seal = NULL;
            if (lacks & 2)
                provider.premaster_open = NULL;
            assert_true(hf_config_set_provider(config, &provider));
            assert_true(by_name ? hf_config_set_suites(config, named)
                                : hf_config_set_policy(config, "classic"));
            assert_true(hf_config_set_versions(config, HF_TLS12, HF_TLS12));
            assert_int_equal(hf_config_freeze(config), !lacks || !by_name);
            if (lacks && by_name)
                assert_int_equal(hf_config_error(config)->code,
                                 HF_E_BAD_OPTION);
            else
                assert_int_equal(
                    hf_numbers_have(&config->settings.suites, 0x009c), !lacks);
            hf_config_free(config);
        }
}

static int set_up(void **state)
{
    static const uint16_t suite[] = { 0x009d, 0 };

    (void)state;
    if (!duet_certs_make(&certs, "rsa2048") ||
        !stage_set_with(&stage, SCENE_CLIENT_CERT, &certs,
                        flaky_provider(&hf_libcrypto)) ||
        !hf_config_set_versions(stage.client, HF_TLS12, HF_TLS12) ||
        !hf_config_set_versions(stage.server, HF_TLS12, HF_TLS12) ||
        !hf_config_set_suites(stage.client, suite) ||
        !hf_config_set_suites(stage.server, suite) ||
        !(asks = hf_config_new()) ||
        !hf_config_set_provider(asks, stage.server->provider) ||
        !hf_config_set_clock(asks, scene_clock, NULL) ||
        !hf_config_trust(asks, hf_span_text(certs.ca)) ||
        !hf_config_set_client_auth(asks, HF_CLIENT_AUTH_REQUIRED) ||
        !hf_config_add_chain(asks, hf_span_text(certs.chain)) ||
        !hf_config_set_questions(asks, HF_ASK_DECRYPT) ||
        !hf_config_set_versions(asks, HF_TLS12, HF_TLS12) ||
        !hf_config_set_suites(asks, suite))
        return -1;
    return hf_config_freeze(stage.client) && hf_config_freeze(stage.server) &&
                   hf_config_freeze(asks)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    stage_clear(&stage);
    hf_config_free(asks);
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_call_of_the_provider_may_fail),
        cmocka_unit_test(with_the_key_elsewhere_too),
        cmocka_unit_test(a_provider_without_it_offers_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
