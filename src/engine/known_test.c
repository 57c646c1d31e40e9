/* known_test.c - the cache of verified signatures as connections see it: how
 * many signatures a side computes, the first time and when somebody comes
 * again. */
#include "engine/duet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SIGNATURES = 64 };
static struct hf_provider provider;
static struct hf_signature rows[SIGNATURES];
static const struct hf_signature *list[SIGNATURES + 1];
static unsigned verified;

static bool count_and_verify(void *self, const struct hf_signature *how,
                             const struct hf_public_key *key,
                             struct hf_span message, struct hf_span signature,
                             bool *fault)
{
    const struct hf_signature *real = hf_libcrypto.signatures[how - rows];

    verified++;
    return real->verify(self, real, key, message, signature, fault);
}

static void make_provider(void)
{
    provider = hf_libcrypto;
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++) {
        assert_true(i < SIGNATURES);
        rows[i] = *hf_libcrypto.signatures[i];
        rows[i].verify = count_and_verify;
        list[i] = &rows[i];
    }
    provider.signatures = list;
}

static int64_t clock_now(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL);
}

static struct hf_config *make_config(const struct duet_certs *certs,
                                     bool client)
{
    struct hf_config *c = hf_config_new();

    assert_non_null(c);
    assert_true(hf_config_set_provider(c, &provider) &&
                hf_config_set_clock(c, clock_now, NULL) &&
                hf_config_set_tickets(c, 0) &&
                hf_config_trust(c, hf_span_text(certs->ca)) &&
                hf_config_add_keypair(
                    c,
                    hf_span_text(client ? certs->client_chain : certs->chain),
                    hf_span_text(client ? certs->client_key : certs->key)) &&
                hf_config_set_client_auth(c, HF_CLIENT_AUTH_REQUIRED));
    return c;
}

/* Signatures that both sides of a handshake verify; each has two in the chain
 * and one more of the handshake itself. */
static unsigned shake(const struct hf_config *client,
                      const struct hf_config *server)
{
    static struct duet d;

    d = (struct duet){ .client_config = (struct hf_config *)(uintptr_t)client,
                       .server_config = (struct hf_config *)(uintptr_t)server };
    verified = 0;
    assert_true(duet_start(&d, "localhost"));
    assert_true(duet_run(&d));
    hf_conn_free(d.client);
    hf_conn_free(d.server);
    return verified;
}

static void each_side(size_t entries, bool leaves, unsigned again)
{
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        struct duet_certs certs;
        struct hf_config *client, *server;

        make_provider();
        assert_true(duet_certs_make(&certs, "p256"));
        client = make_config(&certs, true);
        server = make_config(&certs, false);
        assert_true(hf_config_set_versions(client, version, version));
        if (entries != HF_KNOWN_USUAL || leaves) {
            assert_true(hf_config_set_signature_cache(client, entries, leaves));
            assert_true(hf_config_set_signature_cache(server, entries, leaves));
        }
        assert_int_equal(shake(client, server), 6);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(shake(client, server), again);
        hf_config_free(client);
        hf_config_free(server);
        duet_certs_free(&certs);
    }
}

static void intermediates_are_verified_once(void **state)
{
    (void)state;
    each_side(HF_KNOWN_USUAL, false, 4);
}

static void leaves_too_if_that_is_wanted(void **state)
{
    (void)state;
    each_side(16, true, 2);
}

static void nothing_is_remembered_without_room(void **state)
{
    (void)state;
    each_side(0, true, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intermediates_are_verified_once),
        cmocka_unit_test(leaves_too_if_that_is_wanted),
        cmocka_unit_test(nothing_is_remembered_without_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
