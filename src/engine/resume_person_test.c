/* resume_person_test.c - one place for the sessions of several clients, all of
 * them sealed with one key, as in a file of sessions: a server takes whoever
 * resumes for whoever began, so each may resume its own only. */
#include "engine/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum person { NOBODY, ALICE, BOB, PERSONS };
enum way { BY_PSK, BY_TICKET, BY_ID, WAYS };
static const char *const way_names[] = { "TLS 1.3", "TLS 1.2 by ticket",
                                         "TLS 1.2 by id" };

static struct duet duet;
static struct shelf ours, theirs; /* the clients'; the server's */
static struct duet_certs certs, bob;

static bool shared_key(void *ctx, const uint8_t *name,
                       struct hf_ticket_key *out, bool *newest)
{
    (void)ctx;
    memset(out, 0, sizeof(*out));
    memset(out->name, 'k', sizeof(out->name));
    memset(out->secret, 0x5a, sizeof(out->secret));
    *newest = true;
    return !name || !memcmp(name, out->name, sizeof(out->name));
}

static unsigned version_of(enum way way)
{
    return way == BY_PSK ? HF_TLS13 : HF_TLS12;
}

/* A server that asks everybody who he is, and takes nobody for an answer. */
static void open_server(enum way way)
{
    const struct hf_sessions sessions = shelf_sessions(&theirs);
    struct hf_config *c;

    memset(&ours, 0, sizeof(ours));
    memset(&theirs, 0, sizeof(theirs));
    shelf_now = (int64_t)time(NULL);
    assert_true(duet_init(&duet, &certs));
    c = duet.server_config;
    assert_true(hf_config_set_versions(c, version_of(way), version_of(way)));
    assert_true(hf_config_set_clock(c, shelf_clock, NULL));
    assert_true(hf_config_set_client_auth(c, HF_CLIENT_AUTH_OPTIONAL));
    assert_true(hf_config_trust(c, hf_span_text(certs.ca)));
    assert_true(hf_config_trust(c, hf_span_text(bob.ca)));
    if (way == BY_ID)
        assert_true(hf_config_set_sessions(c, &sessions) &&
                    hf_config_set_tickets(c, 0));
}

static void become(enum person who, enum way way)
{
    const struct hf_sessions sessions = shelf_sessions(&ours);
    const struct duet_certs *from = who == BOB ? &bob : &certs;
    struct hf_config *c = hf_config_new();

    assert_non_null(c);
    assert_true(hf_config_set_versions(c, version_of(way), version_of(way)));
    assert_true(hf_config_set_clock(c, shelf_clock, NULL));
    assert_true(hf_config_trust(c, hf_span_text(certs.ca)));
    assert_true(hf_config_set_sessions(c, &sessions));
    assert_true(hf_config_set_ticket_keys(c, shared_key, NULL));
    if (who != NOBODY)
        assert_true(hf_config_add_keypair(c, hf_span_text(from->client_chain),
                                          hf_span_text(from->client_key)));
    hf_config_free(duet.client_config);
    duet.client_config = c;
}

/* Does the server know the client by its own certificate, or by none if it has
 * none? */
static bool known_as_itself(void)
{
    const struct hf_settings *set = &duet.client_config->settings;
    struct hf_span leaf = hf_conn_peer_certificate(duet.server, 0);

    return set->keypair_count
               ? hf_span_equal(leaf, set->keypairs[0].chain[0]->der)
               : !leaf.len;
}

static void connect_as(enum person who, enum way way, bool *resumed)
{
    static const uint8_t text[] = "hello";

    become(who, way);
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    assert_true(duet_send(&duet, duet.server, HF_SPAN(text)));
    duet_run(&duet);
    assert_int_equal(duet.client_len, sizeof(text));
    assert_true(known_as_itself());
    *resumed = hf_conn_resumed(duet.server);
    duet_hang_up(&duet);
}

static void a_client_resumes_its_own_sessions_only(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAYS; way++)
        for (enum person a = 0; a < PERSONS; a++)
            for (enum person b = 0; b < PERSONS; b++) {
                bool resumed;

                open_server(way);
                connect_as(a, way, &resumed);
                assert_false(resumed);
                connect_as(b, way, &resumed);
                if (resumed != (a == b))
                    fail_msg("%s: from person %d to %d", way_names[way], (int)a,
                             (int)b);
                duet_wipe(&duet);
            }
}

static int make_certs(void **state)
{
    (void)state;
    return duet_certs_make(&certs, "p256") && duet_certs_make(&bob, "p256")
               ? 0
               : -1;
}

static int free_certs(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    duet_certs_free(&bob);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_resumes_its_own_sessions_only),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
