/* binding_test.c - channel bindings: both ends have the same, no two connections
 * share one that is of the connection, and there is none where it would promise
 * too much.  (Without extended_master_secret: tls12_test.c.) */
#define HF_UNPOISONED
#include "engine/encore.h"
#include "../../tools/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct duet duet;

struct bound {
    uint8_t at[HF_CHANNEL_BINDING_MAX];
    size_t len;
};

static struct bound ask(const struct hf_conn *conn, unsigned kind)
{
    struct bound b = { .len = 0 };

    b.len = hf_conn_channel_binding(conn, (enum hf_channel_binding)kind, b.at,
                                    sizeof(b.at));
    assert_true(b.len <= sizeof(b.at));
    return b;
}

static void begin(const struct duet_certs *of, unsigned version)
{
    assert_true(duet_init(&duet, of));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
    assert_true(hf_config_set_versions(duet.server_config, version, version));
    assert_true(duet_start(&duet, "localhost"));
}

/* ---- tls-exporter ---------------------------------------------------------------- */

static void the_exporter_is_of_one_connection(void **state)
{
    static const uint8_t empty[1];
    uint8_t before[32] = { 0 }, raw[32], with_empty[32];

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (unsigned again = 0; again < 2; again++) {
            struct bound client, server;

            begin(&certs, version);
            assert_int_equal(ask(duet.client, HF_BINDING_EXPORTER).len, 0);
            assert_true(duet_run(&duet));
            client = ask(duet.client, HF_BINDING_EXPORTER);
            server = ask(duet.server, HF_BINDING_EXPORTER);
            assert_int_equal(client.len, 32);
            assert_int_equal(server.len, 32);
            assert_memory_equal(client.at, server.at, 32);
            assert_memory_not_equal(client.at, before, 32);
            memcpy(before, client.at, 32);
            /* RFC 9266 2: with a context, which is empty */
            assert_true(hf_conn_export(duet.client, "EXPORTER-Channel-Binding",
                                       hf_span(empty, 0), with_empty, 32));
            assert_memory_equal(client.at, with_empty, 32);
            assert_true(hf_conn_export(duet.client, "EXPORTER-Channel-Binding",
                                       hf_span(NULL, 0), raw, 32));
            assert_int_equal(!memcmp(raw, with_empty, 32), version == HF_TLS13);
            duet_wipe(&duet);
        }
}

/* ---- tls-server-end-point -------------------------------------------------------------- */

/* A chain whose leaf is signed by a key of @issuer. */
static void signed_by(struct duet_certs *out, const char *issuer)
{
    static const char *const names[] = { "localhost" };
    struct issue_order order = { .common_name = "CA", .any_name = true };
    struct hf_error error = { .code = HF_OK };
    struct issued *ca, *leaf;

    memset(out, 0, sizeof(*out));
    assert_true(issue_key_by_name(issuer, &order.key));
    ca = issue_root(&order, &error);
    assert_non_null(ca);
    order = (struct issue_order){ .names = names, .count = 1 };
    leaf = issue(ca, &order, &error);
    assert_non_null(leaf);
    out->ca = issued_pem(ca);
    out->chain = issued_chain_pem(leaf);
    out->key = issued_key_pem(leaf);
    issued_free(leaf);
    issued_free(ca);
}

static void the_end_point_is_the_servers_certificate(void **state)
{
    static const struct {
        const char *issuer;
        unsigned hash; /* 0: not defined */
    } rows[] = {
        { "p256", HF_SHA256 },
        { "p384", HF_SHA384 },
        { "rsa2048", HF_SHA256 },
        { "ed25519", 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
            struct bound client, server;
            struct duet_certs of;
            struct hf_span der;

            signed_by(&of, rows[i].issuer);
            begin(&of, version);
            assert_int_equal(ask(duet.server, HF_BINDING_SERVER_END_POINT).len,
                             0);
            assert_true(duet_run(&duet));
            client = ask(duet.client, HF_BINDING_SERVER_END_POINT);
            server = ask(duet.server, HF_BINDING_SERVER_END_POINT);
            assert_int_equal(client.len, server.len);
            assert_memory_equal(client.at, server.at, sizeof(client.at));
            if (rows[i].hash) {
                const struct hf_crypto *c =
                    &duet.client_config->settings.crypto;
                const struct hf_hash *hash = hf_hash_by_id(c, rows[i].hash);
                uint8_t digest[HF_HASH_MAX];

                der = hf_conn_peer_certificate(duet.client, 0);
                assert_true(hf_hash_parts(c, hash, &der, 1, digest));
                assert_int_equal(client.len, hash->len);
                assert_memory_equal(client.at, digest, hash->len);
            } else {
                assert_int_equal(client.len, 0);
            }
            duet_wipe(&duet);
            duet_certs_free(&of);
        }
}

/* A client that resumes has the certificate of the first handshake; a server
 * does not know which one that was. */
static void a_resumed_session_has_what_is_known(void **state)
{
    static struct encore encore;
    static struct rogue rogue;

    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        struct bound first, second;
        struct hf_span der;
        const struct hf_conn *client, *server;

        assert_true(
            encore_set(&encore, way, SCENE_FULL, &certs, &hf_libcrypto));
        assert_true(encore_meet(&encore));
        assert_true(encore_begin(&encore, &rogue, NULL));
        assert_true(rogue_run(&rogue));
        client = rogue.end[HF_CLIENT].conn;
        server = rogue.end[HF_SERVER].conn;
        assert_true(hf_conn_resumed(client) && hf_conn_resumed(server));
        first = ask(client, HF_BINDING_SERVER_END_POINT);
        der = hf_conn_peer_certificate(client, 0);
        assert_true(hf_hash_parts(
            &encore.stage.client->settings.crypto,
            hf_hash_by_id(&encore.stage.client->settings.crypto, HF_SHA256),
            &der, 1, second.at));
        assert_int_equal(first.len, 32);
        assert_memory_equal(first.at, second.at, 32);
        assert_int_equal(ask(server, HF_BINDING_SERVER_END_POINT).len, 0);
        first = ask(client, HF_BINDING_EXPORTER);
        second = ask(server, HF_BINDING_EXPORTER);
        assert_int_equal(first.len, 32);
        assert_memory_equal(first.at, second.at, 32);
        rogue_end(&rogue);
        encore_clear(&encore);
    }
}

/* Who shakes hands with a key that both know shows no certificate, though the
 * server has one. */
static void a_pre_shared_key_has_no_end_point(void **state)
{
    static const uint8_t secret[32] = { 1, 2, 3 };
    const struct hf_psk psk = { .identity = { (const uint8_t *)"me", 2 },
                                .key = HF_SPAN(secret),
                                .hash = HF_SHA256 };
    struct bound client, server;

    (void)state;
    assert_true(duet_init(&duet, &certs));
    assert_true(hf_config_add_psk(duet.client_config, &psk) &&
                hf_config_add_psk(duet.server_config, &psk));
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_true(hf_conn_psk_identity(duet.server).len > 0);
    assert_int_equal(ask(duet.client, HF_BINDING_SERVER_END_POINT).len, 0);
    assert_int_equal(ask(duet.server, HF_BINDING_SERVER_END_POINT).len, 0);
    client = ask(duet.client, HF_BINDING_EXPORTER);
    server = ask(duet.server, HF_BINDING_EXPORTER);
    assert_int_equal(client.len, 32);
    assert_memory_equal(client.at, server.at, 32);
    duet_wipe(&duet);
}

/* ---- what is no question ------------------------------------------------------------------- */

static void too_little_room_and_unknown_kinds_give_nothing(void **state)
{
    uint8_t out[HF_CHANNEL_BINDING_MAX];

    (void)state;
    begin(&certs, HF_TLS13);
    assert_true(duet_run(&duet));
    for (size_t cap = 0; cap <= sizeof(out); cap++) {
        size_t want = cap < 32 ? 0 : 32;

        memset(out, 0xa5, sizeof(out));
        assert_int_equal(
            hf_conn_channel_binding(duet.client, HF_BINDING_EXPORTER, out, cap),
            want);
        assert_int_equal(hf_conn_channel_binding(duet.client,
                                                 HF_BINDING_SERVER_END_POINT,
                                                 out, cap),
                         want);
        for (size_t i = want; i < sizeof(out); i++)
            assert_int_equal(out[i], 0xa5);
    }
    assert_int_equal(ask(duet.client, 0).len, 0);
    assert_int_equal(ask(duet.client, 3).len, 0);
    assert_int_equal(hf_conn_eof(duet.client), HF_FAILED);
    assert_int_equal(ask(duet.client, HF_BINDING_EXPORTER).len, 0);
    assert_int_equal(ask(duet.client, HF_BINDING_SERVER_END_POINT).len, 0);
    duet_wipe(&duet);
}

static int set_up(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exporter_is_of_one_connection),
        cmocka_unit_test(the_end_point_is_the_servers_certificate),
        cmocka_unit_test(a_resumed_session_has_what_is_known),
        cmocka_unit_test(a_pre_shared_key_has_no_end_point),
        cmocka_unit_test(too_little_room_and_unknown_kinds_give_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
