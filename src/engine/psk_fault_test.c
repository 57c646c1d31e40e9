/* psk_fault_test.c - pre-shared keys that an application looks up and imports, and
 * every allocation and every call of the provider fails, once and for good: it
 * ends with a reason, nothing is lost, and what is given back is wiped. */
#define HF_UNPOISONED
#include "engine/flaky.h"
#include "engine/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char secret[] = "a key that client and server have";
static const char context[] = "a\nb";

static struct hf_config *client, *server;
static struct duet duet;

/* How often each end gave which reason. */
static size_t reasons[2][HF_ERROR_CODES];

/* What a server's application knows: the key before it was imported. */
static bool look_up(void *ctx, const struct hf_psk_wanted *wanted,
                    struct hf_psk_found *out)
{
    (void)ctx;
    if (!wanted->imported ||
        !hf_span_equal(wanted->identity, hf_span_text("robot")))
        return false;
    *out = (struct hf_psk_found){ .len = sizeof(secret) - 1, .imported = true };
    memcpy(out->key, secret, out->len);
    return true;
}

/* Frozen, of a provider that may fail; NULL: it did, and *code is the reason. */
static struct hf_config *config_of(bool serves, unsigned *code)
{
    const struct hf_psk key = { hf_span_text("robot"), hf_span_text(secret),
                                0 };
    struct hf_config *config = hf_config_new();

    *code = HF_E_OUT_OF_MEMORY;
    if (config &&
        hf_config_set_provider(config, flaky_provider(&hf_libcrypto)) &&
        hf_config_set_clock(config, scene_clock, NULL) &&
        hf_config_set_tickets(config, 0) && /* which nobody would miss */
        (serves ? hf_config_set_psk_finder(config, look_up, NULL)
                : hf_config_add_imported_psk(config, &key,
                                             hf_span_text(context))) &&
        hf_config_freeze(config)) {
        *code = HF_OK;
        return config;
    }
    if (config)
        *code = hf_config_error(config)->code;
    hf_config_free(config);
    return NULL;
}

/* ---- connections ----------------------------------------------------------------------- */

static void end(struct hf_conn *conn, unsigned who, bool *well)
{
    const struct hf_error *e = hf_conn_error(conn);

    if (e->code == HF_E_BUG)
        fail_msg("%s", e->detail);
    reasons[who][e->code]++;
    *well = *well && !e->code && hf_conn_ready(conn);
}

/* Both ends and some data.  True: nothing failed. */
static bool meet(void)
{
    bool well = true;

    duet.client = hf_conn_new(client, HF_CLIENT, NULL);
    duet.server = hf_conn_new(server, HF_SERVER, NULL);
    duet.to_client.len = duet.to_server.len = 0;
    duet.client_len = duet.server_len = 0;
    if (duet.client && duet.server) {
        if (duet_run(&duet)) {
            well = duet_send(&duet, duet.client, hf_span_text("hello"));
            duet_run(&duet);
            well = well && duet.server_len == 5;
            assert_true(hf_span_equal(hf_conn_psk_identity(duet.server),
                                      hf_span_text("robot")));
        }
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
    assert_true(each_may_fail(FLAKY_MEMORY) > 10);
    assert_true(reasons[HF_CLIENT][HF_E_OUT_OF_MEMORY]);
    assert_true(reasons[HF_SERVER][HF_E_OUT_OF_MEMORY]);
}

static void every_call_of_the_provider_may_fail(void **state)
{
    (void)state;
    assert_true(each_may_fail(FLAKY_PROVIDER) > 40);
    assert_true(reasons[HF_CLIENT][HF_E_CRYPTO]);
    assert_true(reasons[HF_SERVER][HF_E_CRYPTO]);
}

/* ---- configs ----------------------------------------------------------------------------- */

static void making_a_config_may_fail_anywhere(void **state)
{
    static const enum flaky kinds[] = { FLAKY_MEMORY, FLAKY_PROVIDER };
    bool crypto = false;

    (void)state;
    for (size_t k = 0; k < HF_COUNT(kinds); k++)
        for (int serves = 0; serves < 2; serves++) {
            unsigned code;
            size_t calls;

            flaky_begin(kinds[k], 0, false);
            hf_config_free(config_of(serves, &code));
            calls = flaky_end();
            assert_int_equal(code, HF_OK);
            assert_true(calls > 0);
            for (size_t n = 1; n <= calls; n++) {
                struct hf_config *config;

                flaky_begin(kinds[k], n, true);
                config = config_of(serves, &code);
                if (config || code == HF_OK || code == HF_E_BUG)
                    fail_msg("call %zu of %zu: %s", n, calls,
                             hf_error_name(code));
                crypto |= code == HF_E_CRYPTO;
                flaky_end();
                assert_int_equal(flaky_blocks() + flaky_dirty(), 0);
            }
        }
    assert_true(crypto);
}

static int set_up(void **state)
{
    unsigned code;

    (void)state;
    client = config_of(false, &code);
    server = config_of(true, &code);
    return client && server ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hf_config_free(client);
    hf_config_free(server);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_call_of_the_provider_may_fail),
        cmocka_unit_test(making_a_config_may_fail_anywhere),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
