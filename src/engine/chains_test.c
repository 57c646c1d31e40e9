/* chains_test.c - servers' certificates kept once for all sessions of a client:
 * sessions are small, what is told after a resumption is the same, others who
 * have the key get all of it, and there is an end to what is kept. */
#define HF_UNPOISONED
#include "engine/shelf.h"
#include "handshake/resume.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct duet duet;
static struct shelf shelf;
static struct hf_crypto crypto;

static void open_configs(unsigned version, hf_ticket_key_fn *keys)
{
    const struct hf_sessions sessions = shelf_sessions(&shelf);

    memset(&shelf, 0, sizeof(shelf));
    assert_true(duet_init(&duet, &certs));
    assert_true(hf_config_set_versions(duet.server_config, version, version) &&
                hf_config_set_sessions(duet.client_config, &sessions));
    if (keys)
        assert_true(hf_config_set_ticket_keys(duet.client_config, keys, NULL));
}

static void meet(bool resumed)
{
    duet.client = hf_conn_new(duet.client_config, HF_CLIENT, "localhost");
    duet.server = hf_conn_new(duet.server_config, HF_SERVER, NULL);
    duet.to_client.len = duet.to_server.len = 0;
    assert_true(duet_run(&duet));
    assert_int_equal(hf_conn_resumed(duet.client), resumed);
}

static bool one_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                    bool *newest)
{
    (void)ctx;
    (void)name;
    memset(out, 0x5a, sizeof(*out));
    *newest = true;
    return true;
}

/* ---- sessions ------------------------------------------------------------------- */

static void a_session_carries_the_name_of_its_chain(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        size_t chain = 0, len[2], count;
        uint8_t leaf[4096];
        size_t leaf_len;

        for (unsigned outside = 0; outside < 2; outside++) {
            struct hf_span der;

            open_configs(version, outside ? one_key : NULL);
            meet(false);
            assert_true(shelf.count > 0);
            len[outside] = shelf.at[0].len;
            chain = 0;
            count = hf_conn_peer_certificates(duet.client);
            for (size_t i = 0; i < count; i++)
                chain += 3 + hf_conn_peer_certificate(duet.client, i).len;
            der = hf_conn_peer_certificate(duet.client, 0);
            leaf_len = der.len;
            memcpy(leaf, der.at, der.len);
            duet_hang_up(&duet);
            meet(true);
            assert_int_equal(hf_conn_peer_certificates(duet.client), count);
            der = hf_conn_peer_certificate(duet.client, 0);
            assert_int_equal(der.len, leaf_len);
            assert_memory_equal(der.at, leaf, leaf_len);
            assert_true(hf_conn_peer_verified(duet.client));
            duet_hang_up(&duet);
            /* Who has keys from outside keeps nothing. */
            assert_int_equal(duet.client_config->settings.chains == NULL,
                             outside);
            duet_wipe(&duet);
        }
        assert_int_equal(len[1] - len[0], chain - (3 + HF_CHAIN_NAME_LEN));
    }
}

/* Every session on the shelf, opened, said to be of @format, and sealed again,
 * as only who has the key can. */
static void say_format(const uint8_t *binding, uint8_t format)
{
    const struct hf_settings *set = &duet.client_config->settings;
    static uint8_t room[HF_SESSION_MAX];

    for (size_t i = 0; i < shelf.count; i++) {
        struct hf_span sealed = { shelf.at[i].session, shelf.at[i].len }, plain;
        struct hf_buffer out = { .at = NULL };
        bool renew;

        assert_true(hf_ticket_open(set, binding, sealed, room, &plain, &renew));
        assert_ptr_equal(plain.at, room);
        room[0] = format;
        assert_true(hf_ticket_seal(set, binding, plain, &out));
        sealed = hf_buffer_bytes(&out);
        assert_int_equal(sealed.len, shelf.at[i].len);
        memcpy(shelf.at[i].session, sealed.at, sealed.len);
        hf_buffer_wipe(&out);
    }
}

/* Sessions that carry their chain and say that it is only a name; or that say
 * nothing that there is.  They are as good as none. */
static void a_name_that_is_none_makes_a_full_handshake(void **state)
{
    enum { WHOLE = 2, NAME = 3, UNKNOWN = 4 };
    static const struct {
        hf_ticket_key_fn *keys; /* from outside: then there are no chains */
        uint8_t format;
        bool resumes;
    } rows[] = {
        { one_key, WHOLE, true },    { one_key, NAME, false },
        { one_key, UNKNOWN, false }, { NULL, WHOLE, true },
        { NULL, NAME, false },       { NULL, 0, false },
    };

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (size_t i = 0; i < HF_COUNT(rows); i++) {
            uint8_t binding[HF_BINDING_LEN];
            struct hf_chains *chains;

            open_configs(version, rows[i].keys);
            assert_true(hf_config_freeze(duet.client_config));
            chains = duet.client_config->settings.chains;
            assert_int_equal(chains == NULL, rows[i].keys != NULL);
            duet.client_config->settings.chains = NULL;
            meet(false);
            memcpy(binding, duet.client->session.binding, sizeof(binding));
            duet_hang_up(&duet);
            duet.client_config->settings.chains = chains;
            say_format(binding, rows[i].format);
            meet(rows[i].resumes);
            duet_hang_up(&duet);
            duet_wipe(&duet);
        }
}

/* However many sessions, the chain is there once. */
static void a_chain_is_kept_once(void **state)
{
    size_t size = 0;

    (void)state;
    open_configs(HF_TLS13, NULL);
    for (unsigned i = 0; i < 10; i++) {
        meet(i > 0);
        duet_hang_up(&duet);
        if (!i)
            size = hf_chains_size(duet.client_config->settings.chains);
    }
    assert_true(size > 0);
    assert_int_equal(hf_chains_size(duet.client_config->settings.chains), size);
    duet_wipe(&duet);
}

/* When there is no room, sessions carry all of it, as they did. */
static void what_does_not_fit_stays_in_the_session(void **state)
{
    static uint8_t list[1024 * 1024];
    uint8_t name[HF_CHAIN_NAME_LEN];
    struct hf_chains *chains;
    size_t kept = 0;

    (void)state;
    open_configs(HF_TLS13, NULL);
    assert_true(hf_config_freeze(duet.client_config));
    chains = duet.client_config->settings.chains;
    for (unsigned i = 0; i < 20; i++) {
        list[0] = (uint8_t)i;
        kept += hf_chains_keep(chains, &crypto, HF_SPAN(list), name);
    }
    assert_int_equal(kept, 15);
    for (size_t len = sizeof(list); len; len /= 2) /* to the last byte */
        kept += hf_chains_keep(chains, &crypto, hf_span(list, len), name);
    assert_true(kept > 15);
    assert_true(hf_chains_size(chains) <= HF_CHAINS_MAX);
    meet(false);
    assert_true(shelf.at[0].len > 700);
    duet_hang_up(&duet);
    meet(true);
    assert_int_equal(hf_conn_peer_certificates(duet.client), 2);
    duet_hang_up(&duet);
    duet_wipe(&duet);
}

/* ---- many at once ------------------------------------------------------------------ */

enum { THREADS = 4, EACH = 3000, LISTS = 700 };

static struct hf_chains *shared;

static void *work(void *ctx)
{
    size_t *good = ctx;

    for (uint32_t i = 0; i < EACH; i++) {
        uint8_t list[64] = { 7 }, name[HF_CHAIN_NAME_LEN];
        struct hf_span found;

        hf_store_number(list, i % LISTS, 4);
        if (!hf_chains_keep(shared, &crypto, HF_SPAN(list), name))
            continue;
        found = hf_chains_find(shared, name);
        *good += found.len == sizeof(list) &&
                 !memcmp(found.at, list, sizeof(list));
    }
    return NULL;
}

static void many_may_keep_at_once(void **state)
{
    pthread_t threads[THREADS];
    size_t good[THREADS] = { 0 };
    uint8_t unknown[HF_CHAIN_NAME_LEN] = { 1, 2, 3 }, name[HF_CHAIN_NAME_LEN];
    static const uint8_t one[64] = { 1 };
    size_t before, each;

    (void)state;
    shared = hf_chains_new();
    assert_non_null(shared);
    assert_true(hf_chains_keep(shared, &crypto, HF_SPAN(one), name));
    each = hf_chains_size(shared);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &good[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(good[i], EACH);
    }
    before = hf_chains_size(shared);
    assert_int_equal(before, each * (LISTS + 1));
    assert_int_equal(hf_chains_find(shared, unknown).len, 0);
    hf_chains_free(shared);
    hf_chains_free(NULL);
}

static int set_up(void **state)
{
    struct hf_error error = { .code = HF_OK };

    (void)state;
    return duet_certs_make(&certs, "p256") &&
                   hf_crypto_open(&crypto, &hf_libcrypto, &error)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_carries_the_name_of_its_chain),
        cmocka_unit_test(a_name_that_is_none_makes_a_full_handshake),
        cmocka_unit_test(a_chain_is_kept_once),
        cmocka_unit_test(what_does_not_fit_stays_in_the_session),
        cmocka_unit_test(many_may_keep_at_once),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
