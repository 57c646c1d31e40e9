/* vhosts_test.c - virtual hosts behind one address, with the same ticket keys and
 * the same cache: a session made at one of them is resumed there and nowhere
 * else, whatever the client offers; and no ticket is taken of which a single bit
 * is not ours.
 *
 * Hosts are made anew for each connection, as after a reload. */
#define HF_UNPOISONED
#include "engine/pocket.h"
#include "engine/shelf.h"
#include "record/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct duet duet;
static struct shelf cache; /* of all hosts */
static struct duet_certs certs;

enum way { BY_PSK, BY_TICKET, BY_ID, WAYS };
static const char *const way_names[] = { "TLS 1.3", "TLS 1.2 by ticket",
                                         "TLS 1.2 by id" };

/* ---- the hosts ---------------------------------------------------------------- */

static const struct vhost {
    const char *what, *name, *protocols[3];
    enum hf_client_auth auth;
    bool other_ca, other_version;
} hosts[] = {
    { "the plain one", "a.test", { "h2", "http/1.1" }, 0, false, false },
    { "another name", "localhost", { "h2", "http/1.1" }, 0, false, false },
    { "other protocols", "a.test", { "http/1.1" }, 0, false, false },
    { "no protocols", "a.test", { NULL }, 0, false, false },
    { "clients asked",
      "a.test",
      { "h2", "http/1.1" },
      HF_CLIENT_AUTH_OPTIONAL,
      false,
      false },
    { "clients required",
      "a.test",
      { "h2", "http/1.1" },
      HF_CLIENT_AUTH_REQUIRED,
      false,
      false },
    { "other authorities",
      "a.test",
      { "h2", "http/1.1" },
      HF_CLIENT_AUTH_REQUIRED,
      true,
      false },
    { "another version", "a.test", { "h2", "http/1.1" }, 0, false, true },
};

static uint8_t key_letter; /* the shared key's name is made of it */

static bool shared_key(void *ctx, const uint8_t *name,
                       struct hf_ticket_key *out, bool *newest)
{
    (void)ctx;
    memset(out->name, key_letter, sizeof(out->name));
    memset(out->secret, 0x5a, sizeof(out->secret));
    *newest = true;
    return !name || !memcmp(name, out->name, sizeof(out->name));
}

static struct hf_config *open_host(const struct vhost *host, enum way way)
{
    bool is13 = (way == BY_PSK) != host->other_version;
    unsigned version = is13 ? HF_TLS13 : HF_TLS12;
    struct hf_sessions sessions = shelf_sessions(&cache);
    struct hf_config *c = hf_config_new();

    assert_non_null(c);
    assert_true(
        hf_config_set_provider(c, witness_provider()) &&
        hf_config_set_versions(c, version, version) &&
        hf_config_set_clock(c, shelf_clock, NULL) &&
        hf_config_add_keypair(c, hf_span_text(certs.chain),
                              hf_span_text(certs.key)) &&
        hf_config_set_ticket_keys(c, shared_key, NULL) &&
        hf_config_set_protocols(c, (const char *const *)host->protocols) &&
        hf_config_set_client_auth(c, host->auth) &&
        hf_config_trust(c, hf_span_text(certs.ca)));
    if (host->other_ca)
        assert_true(hf_config_trust(c, hf_span_text(certs.client_chain)));
    if (way == BY_ID)
        assert_true(hf_config_set_tickets(c, 0) &&
                    hf_config_set_sessions(c, &sessions));
    return c;
}

/* ---- a visit --------------------------------------------------------------------- */

static void open_client(void)
{
    static const char *const protocols[] = { "h2", "http/1.1", NULL };
    struct hf_sessions sessions = pocket_sessions();

    shelf_now = (int64_t)time(NULL);
    cache.count = 0;
    key_letter = 'k';
    pocket_empty();
    assert_true(duet_init(&duet, &certs));
    assert_true(hf_config_set_clock(duet.client_config, shelf_clock, NULL) &&
                hf_config_set_sessions(duet.client_config, &sessions) &&
                hf_config_set_protocols(duet.client_config, protocols) &&
                hf_config_add_keypair(duet.client_config,
                                      hf_span_text(certs.client_chain),
                                      hf_span_text(certs.client_key)) &&
                hf_config_set_questions(duet.server_config, HF_ASK_CONFIG));
}

/* A connection that works; did it resume? */
static bool visit_config(struct hf_config *config, const struct vhost *host,
                         enum way way)
{
    struct hf_answer answer = { .config = config };
    struct hf_question question;
    bool resumed, done;

    assert_true(duet_start(&duet, host->name));
    assert_false(duet_run(&duet));
    question = hf_conn_question(duet.server);
    assert_int_equal(question.kind, HF_ASK_CONFIG);
    assert_true(hf_span_equal(question.name, hf_span_text(host->name)));
    assert_true(hf_conn_answer(duet.server, &answer));
    done = duet_run(&duet);
    if (!done)
        print_message("# %s, %s: client: %s (%s), server: %s (%s)\n",
                      way_names[way], host->what,
                      hf_error_name(hf_conn_error(duet.client)->code),
                      hf_conn_error(duet.client)->detail,
                      hf_error_name(hf_conn_error(duet.server)->code),
                      hf_conn_error(duet.server)->detail);
    assert_true(done);
    resumed = hf_conn_resumed(duet.server);
    assert_int_equal(resumed, hf_conn_resumed(duet.client));
    assert_string_equal(hf_conn_server_name(duet.server), host->name);
    /* Whoever is required to show a certificate has shown one, then or now. */
    if (host->auth == HF_CLIENT_AUTH_REQUIRED)
        assert_true(hf_conn_peer_verified(duet.server));
    else if (host->auth == HF_CLIENT_AUTH_NONE)
        assert_int_equal(hf_conn_peer_certificates(duet.server), 0);
    duet_hang_up(&duet);
    return resumed;
}

static bool visit(const struct vhost *host, enum way way)
{
    struct hf_config *config = open_host(host, way);
    bool resumed = visit_config(config, host, way);

    hf_config_free(config);
    return resumed;
}

/* ---- tests ------------------------------------------------------------------------- */

static void a_session_is_resumed_at_its_own_host_only(void **state)
{
    size_t resumed = 0;

    (void)state;
    for (enum way way = 0; way < WAYS; way++)
        for (size_t a = 0; a < HF_COUNT(hosts); a++)
            for (size_t b = 0; b < HF_COUNT(hosts); b++) {
                bool again;

                /* A host without tickets in TLS 1.3 has nothing to offer. */
                if (way == BY_ID && (hosts[a].other_version))
                    continue;
                open_client();
                assert_false(visit(&hosts[a], way));
                assert_true(pocket.len[0] + pocket.len[1] > 0);
                again = visit(&hosts[b], way);
                if (again != (a == b))
                    fail_msg("%s: from %s to %s: %s", way_names[way],
                             hosts[a].what, hosts[b].what,
                             again ? "resumed" : "not resumed");
                resumed += again;
                duet_wipe(&duet);
            }
    assert_int_equal(resumed, WAYS * HF_COUNT(hosts) - 1);
}

/* Neither the name of a key, nor a seed, nor what is sealed, nor its tag. */
static void a_ticket_with_a_wrong_bit_is_no_ticket(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++) {
        struct hf_config *host = open_host(&hosts[0], way);
        size_t bits;

        open_client();
        assert_false(visit_config(host, &hosts[0], way));
        assert_true(visit_config(host, &hosts[0], way));
        bits = pocket.ticket_bits;
        assert_true(bits >= (way == BY_ID ? 256 : 8 * (HF_SEALED_MORE + 48)));
        for (size_t bit = 0; bit < bits; bit++) {
            /* The full handshake puts a new one, which is as good. */
            pocket.flip = (long)bit;
            cache.count = way == BY_ID && cache.count > 8 ? 1 : cache.count;
            if (visit_config(host, &hosts[0], way))
                fail_msg("%s: bit %zu", way_names[way], bit);
        }
        pocket.flip = -1;
        assert_true(visit_config(host, &hosts[0], way));
        print_message("# NOTE: %s: %zu bits\n", way_names[way], bits);
        duet_wipe(&duet);
        hf_config_free(host);
    }
}

/* A name that a C string would lose behind its first byte. */
static void a_ticket_may_hold_any_byte(void **state)
{
    (void)state;
    for (enum way way = BY_PSK; way <= BY_TICKET; way++)
        for (unsigned letter = 0; letter < 256; letter += 85) {
            open_client();
            key_letter = (uint8_t)letter;
            assert_false(visit(&hosts[0], way));
            assert_true(visit(&hosts[0], way));
            pocket.flip = 8 * HF_TICKET_KEY_NAME_LEN - 1;
            assert_false(visit(&hosts[0], way));
            duet_wipe(&duet);
        }
}

/* The client's certificate has expired since: it is asked for again, and
 * refused. */
static void a_client_is_judged_again(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span text = hf_span_text(certs.client_chain);
    uint8_t der[4096];
    struct hf_pem pem;
    struct hf_cert *cert;
    bool bad;
    size_t len = 0;

    (void)state;
    assert_true(hf_pem_next(&text, &pem, &bad) &&
                hf_unbase64(pem.base64, der, sizeof(der), &len));
    cert = hf_cert_new(hf_span(der, len), &error);
    assert_non_null(cert);
    for (enum way way = 0; way < WAYS; way++) {
        struct hf_config *host = open_host(&hosts[5], way);
        struct hf_answer answer = { .config = host };

        open_client();
        assert_true(hf_config_insecure_no_time_check(duet.client_config));
        shelf_now = cert->not_after - 5;
        assert_false(visit_config(host, &hosts[5], way));
        assert_true(visit_config(host, &hosts[5], way));
        shelf_now = cert->not_after + 5;
        assert_true(duet_start(&duet, hosts[5].name));
        assert_false(duet_run(&duet));
        assert_true(hf_conn_answer(duet.server, &answer));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.server)->code, HF_E_EXPIRED);
        assert_false(hf_conn_resumed(duet.server));
        duet_wipe(&duet);
        hf_config_free(host);
    }
    hf_cert_free(cert);
}

/* What is in the cache may be anybody's work (a database, say). */
static void a_cache_with_a_wrong_bit_is_no_cache(void **state)
{
    static struct shelf good;
    struct hf_config *host = open_host(&hosts[0], BY_ID);
    size_t bits;

    (void)state;
    open_client();
    assert_false(visit_config(host, &hosts[0], BY_ID));
    good = cache;
    assert_int_equal(good.count, 1);
    bits = 8 * good.at[0].len;
    for (size_t bit = 0; bit < bits; bit++) {
        struct pocket kept = pocket;

        cache.at[0].session[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (visit_config(host, &hosts[0], BY_ID))
            fail_msg("bit %zu", bit);
        cache = good;
        pocket = kept;
    }
    assert_true(visit_config(host, &hosts[0], BY_ID));
    for (size_t len = 0; len < good.at[0].len; len += 5) {
        struct pocket kept = pocket;

        cache.at[0].len = len;
        assert_false(visit_config(host, &hosts[0], BY_ID));
        cache = good;
        pocket = kept;
    }
    duet_wipe(&duet);
    hf_config_free(host);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_resumed_at_its_own_host_only),
        cmocka_unit_test(a_ticket_with_a_wrong_bit_is_no_ticket),
        cmocka_unit_test(a_ticket_may_hold_any_byte),
        cmocka_unit_test(a_client_is_judged_again),
        cmocka_unit_test(a_cache_with_a_wrong_bit_is_no_cache),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
