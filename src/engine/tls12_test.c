/* tls12_test.c - TLS 1.2 from hello to close, both ends ours: every suite, group
 * and kind of key; however the bytes are cut; whatever byte is changed or
 * missing; what is exported; which version two configs agree on. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;
static struct rogue rogue;

/* ---- every kind of handshake ----------------------------------------------------- */

static const struct {
    const char *key;
    bool rsa;
} kinds[] = { { "p256", false },
              { "p384", false },
              { "ed25519", false },
              { "rsa2048", true } };
static const uint16_t ecdsa_suites[] = { 0xc02b, 0xc02c, 0xcca9, 0 };
static const uint16_t rsa_suites[] = { 0xc02f, 0xc030, 0xcca8, 0 };
static const uint16_t groups[] = { 29, 23, 24, 0 };

struct choice {
    uint16_t suite, group;
    enum hf_client_auth auth;
    bool shows, alpn;
};

static void configure(const struct choice *c, const struct duet_certs *certs)
{
    static const char *const ours[] = { "h2", "http/1.1", NULL };
    static const char *const theirs[] = { "http/1.1", NULL };
    const uint16_t suites[] = { c->suite, 0 }, group[] = { c->group, 0 };
    struct hf_config *client = duet.client_config;
    struct hf_config *server = duet.server_config;

    assert_true(hf_config_set_versions(client, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(server, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_suites(server, suites));
    assert_true(hf_config_set_groups(server, group));
    assert_true(hf_config_set_client_auth(server, c->auth));
    assert_true(hf_config_trust(server, hf_span_text(certs->ca)));
    if (c->shows)
        assert_true(hf_config_add_keypair(client,
                                          hf_span_text(certs->client_chain),
                                          hf_span_text(certs->client_key)));
    if (c->alpn)
        assert_true(hf_config_set_protocols(client, ours) &&
                    hf_config_set_protocols(server, theirs));
}

static void move_data(void)
{
    static uint8_t data[40000];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    assert_true(duet_send(&duet, duet.client, HF_SPAN(data)));
    duet_run(&duet);
    assert_true(duet_send(&duet, duet.server, hf_span(data, 30000)));
    duet_run(&duet);
    assert_int_equal(duet.server_len, sizeof(data));
    assert_int_equal(duet.client_len, 30000);
    assert_memory_equal(duet.got_server, data, sizeof(data));
    assert_memory_equal(duet.got_client, data, 30000);
}

static void check_choice(const struct choice *c)
{
    bool shown = c->auth != HF_CLIENT_AUTH_NONE && c->shows;
    struct hf_span want = hf_span_text(c->alpn ? "http/1.1" : "");

    for (unsigned i = 0; i < 2; i++) {
        struct hf_conn *conn = i ? duet.server : duet.client;

        assert_int_equal(hf_conn_version(conn), HF_TLS12);
        assert_int_equal(hf_conn_suite(conn), c->suite);
        assert_int_equal(hf_conn_group(conn), c->group);
        assert_true(hf_span_equal(hf_conn_protocol(conn), want));
        assert_false(hf_conn_update_keys(conn, i != 0));
        assert_true(hf_conn_ready(conn));
    }
    assert_true(hf_conn_peer_verified(duet.client));
    assert_int_equal(hf_conn_peer_verified(duet.server), shown);
    assert_int_equal(hf_conn_peer_certificates(duet.server), shown ? 2 : 0);
    assert_int_equal(hf_conn_own_scheme(duet.server),
                     hf_conn_peer_scheme(duet.client));
    assert_int_equal(hf_conn_own_scheme(duet.client),
                     hf_conn_peer_scheme(duet.server));
    assert_string_equal(hf_conn_server_name(duet.server), "localhost");
}

static void close_both(void)
{
    hf_conn_close(duet.client);
    duet_run(&duet);
    assert_int_equal(duet.server_last, HF_CLOSED);
    hf_conn_close(duet.server);
    duet_run(&duet);
    assert_int_equal(duet.client_last, HF_CLOSED);
}

static void play(const struct choice *c, const struct duet_certs *certs)
{
    assert_true(duet_init(&duet, certs));
    configure(c, certs);
    assert_true(duet_start(&duet, "localhost"));
    if (!duet_run(&duet))
        fail_msg("suite %x, group %u, auth %d: %s: %s", c->suite, c->group,
                 (int)c->auth, hf_error_name(hf_conn_error(duet.client)->code),
                 hf_conn_error(duet.client)->detail);
    check_choice(c);
    move_data();
    close_both();
    duet_wipe(&duet);
}

static void all_choices(const struct duet_certs *certs, const uint16_t *suites)
{
    for (size_t s = 0; suites[s]; s++)
        for (size_t g = 0; groups[g]; g++)
            for (unsigned more = 0; more < 12; more++) {
                struct choice c = {
                    suites[s], groups[g], (enum hf_client_auth)(more / 4),
                    more / 4 == HF_CLIENT_AUTH_REQUIRED || more & 2, more & 1
                };

                play(&c, certs);
            }
}

static void every_suite_group_and_key_goes_with_every_other(void **state)
{
    (void)state;
    for (size_t k = 0; k < HF_COUNT(kinds); k++) {
        struct duet_certs certs;

        assert_true(duet_certs_make(&certs, kinds[k].key));
        all_choices(&certs, kinds[k].rsa ? rsa_suites : ecdsa_suites);
        duet_certs_free(&certs);
    }
}

/* ---- which version ------------------------------------------------------------------ */

static void begin(unsigned client_min, unsigned client_max, unsigned server_min,
                  unsigned server_max)
{
    assert_true(duet_init(&duet, attack_certs()));
    assert_true(
        hf_config_set_versions(duet.client_config, client_min, client_max));
    assert_true(
        hf_config_set_versions(duet.server_config, server_min, server_max));
    assert_true(duet_start(&duet, "localhost"));
}

/* ---- exporters (RFC 5705) -------------------------------------------------------------- */

static void both_ends_export_the_same(void **state)
{
    uint8_t out[6][48];
    struct hf_span none = hf_span(NULL, 0), some = hf_span_text("context");

    (void)state;
    begin(HF_TLS12, HF_TLS12, HF_TLS12, HF_TLS13);
    assert_false(hf_conn_export(duet.client, "EXPORTER-x", none, out[0], 48));
    assert_true(duet_run(&duet));
    for (unsigned i = 0; i < 2; i++) {
        struct hf_conn *conn = i ? duet.server : duet.client;

        assert_true(hf_conn_export(conn, "EXPORTER-x", none, out[i], 48));
        assert_true(hf_conn_export(conn, "EXPORTER-x", some, out[2 + i], 48));
        assert_true(hf_conn_export(conn, "EXPORTER-y", none, out[4 + i], 48));
    }
    for (unsigned i = 0; i < 6; i += 2)
        assert_memory_equal(out[i], out[i + 1], 48);
    assert_memory_not_equal(out[0], out[2], 48);
    assert_memory_not_equal(out[0], out[4], 48);
    duet_wipe(&duet);
}

/* Somebody takes extended_master_secret out of the hello, and, having the keys,
 * makes both Finished fit. */
static void without_extended(struct rogue *r, struct rogue_record *record)
{
    struct hf_handshake *hs = r->end[!record->from].conn->handshake;
    uint8_t digest[HF_HASH_MAX];

    if (edit_is(record, HF_CLIENT_HELLO))
        edit_drop(record, 23);
    if (!edit_is(record, HF_FINISHED))
        return;
    assert_true(hf_transcript_digest(&hs->transcript, digest, hs->error));
    assert_true(
        hf_keys12_finished(hs, record->from, digest, record->bytes + 4));
}

static void stage12(struct stage *stage, enum scene scene)
{
    assert_true(stage_set(stage, scene, attack_certs()));
    assert_true(hf_config_set_versions(stage->client, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(stage->server, HF_TLS12, HF_TLS12));
}

/* RFC 7627 5.4: such a connection "MUST disable RFC5705". */
static void the_old_master_secret_connects_but_exports_nothing(void **state)
{
    struct hf_span hello = hf_span_text("hello");
    struct stage stage;
    uint8_t out[16];

    (void)state;
    stage12(&stage, SCENE_FULL);
    assert_true(rogue_begin(&rogue, &stage, "localhost", without_extended));
    assert_true(rogue_run(&rogue));
    for (unsigned i = 0; i < 2; i++) {
        assert_false(hf_conn_export(rogue.end[i].conn, "EXPORTER-x",
                                    hf_span(NULL, 0), out, sizeof(out)));
        /* RFC 9266 4.2 */
        assert_int_equal(hf_conn_channel_binding(rogue.end[i].conn,
                                                 HF_BINDING_EXPORTER, out,
                                                 sizeof(out)),
                         0);
        assert_int_equal(rogue_say(&rogue, i, HF_CONTENT_DATA, hello), HF_DATA);
        assert_memory_equal(rogue.end[i].got, "hello", 5);
    }
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* RFC 7627 1: nobody proves who he is where that could count elsewhere.  A client
 * gives no certificate; a server asks for none, or will have nothing to do with
 * who must show one. */
static void with_the_old_master_secret_no_client_proves_itself(void **state)
{
    static const enum hf_client_auth modes[] = { HF_CLIENT_AUTH_OPTIONAL,
                                                 HF_CLIENT_AUTH_REQUIRED };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct stage stage;

        stage12(&stage, SCENE_CLIENT_CERT);
        assert_true(hf_config_set_client_auth(stage.server, modes[i]));
        assert_true(rogue_begin(&rogue, &stage, "localhost", without_extended));
        assert_int_equal(rogue_run(&rogue), i == 0);
        if (i) {
            rogue_expect_words(&rogue, HF_SERVER, HF_E_EXTENDED_MASTER,
                               "a client certificate is required");
        } else {
            const struct hf_conn *server = rogue.end[HF_SERVER].conn;

            assert_int_equal(hf_conn_peer_certificates(server), 0);
            assert_false(hf_conn_peer_verified(server));
        }
        assert_int_equal(hf_conn_client_auth(rogue.end[HF_CLIENT].conn),
                         HF_AUTH_NOT_ASKED);
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

/* Only the answer lacks it: the server, which has it, asks. */
static void without_answer(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_SERVER_HELLO))
        edit_drop(record, 23);
}

static void to_a_server_without_it_no_certificate_is_given(void **state)
{
    struct stage stage;

    (void)state;
    stage12(&stage, SCENE_CLIENT_CERT);
    assert_true(rogue_begin(&rogue, &stage, "localhost", without_answer));
    assert_false(rogue_run(&rogue));
    /* The server required one, and got an empty list. */
    rogue_expect(&rogue, HF_SERVER, HF_E_NO_PEER_CERTIFICATE);
    assert_int_equal(hf_conn_own_chain(rogue.end[HF_CLIENT].conn), -1);
    assert_int_equal(hf_conn_client_auth(rogue.end[HF_CLIENT].conn),
                     HF_AUTH_REFUSED);
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ---- cut and changed ---------------------------------------------------------------------- */

/* As many bytes per call: each flight is cut at every multiple. */
static void the_cuts_between_calls_do_not_matter(void **state)
{
    size_t most = 2;

    (void)state;
    for (size_t chunk = 1; chunk < most; chunk++) {
        begin(HF_TLS12, HF_TLS12, HF_TLS12, HF_TLS12);
        duet.chunk = chunk;
        if (!duet_run(&duet))
            fail_msg("chunks of %zu: %s", chunk,
                     hf_error_name(hf_conn_error(duet.client)->code));
        if (duet.to_client.total > most)
            most = duet.to_client.total;
        duet_wipe(&duet);
    }
    assert_true(most > 500);
}

/* What a man in the middle does with byte @at of what @side says. */
struct meddler {
    enum hf_role side;
    size_t at;
    bool cut; /* else flipped */
    bool done;
    size_t passed; /* bytes of that side so far */
    bool version;  /* it was in the version of a record in the clear */
};

/* Is byte @at one of bytes 1 and 2 of a record in the clear? */
static bool is_version(struct hf_span bytes, size_t at, bool *sealed)
{
    size_t i = 0;

    while (i + 5 <= bytes.len) {
        size_t len = hf_number(bytes.at + i + 3, 2);

        if (!*sealed && (at == i + 1 || at == i + 2))
            return true;
        if (bytes.at[i] == HF_CONTENT_CCS)
            *sealed = true;
        i += 5 + len;
    }
    return false;
}

/* Take what @from says to the wire @to, meddled with. */
static void flush_meddled(struct meddler *m, enum hf_role from)
{
    struct hf_conn *conn = from == HF_CLIENT ? duet.client : duet.server;
    struct duet_wire *to = from == HF_CLIENT ? &duet.to_server
                                             : &duet.to_client;
    size_t before = to->len, fresh;
    bool sealed = false;

    duet_flush(conn, to);
    fresh = to->len - before;
    if (from != m->side || m->done || m->at >= m->passed + fresh) {
        if (from == m->side)
            m->passed += fresh;
        return;
    }
    m->done = true;
    m->version = is_version(hf_span(to->bytes + before, fresh),
                            m->at - m->passed, &sealed);
    if (m->cut)
        to->len = before + m->at - m->passed;
    else
        to->bytes[before + m->at - m->passed] ^= 0x10;
}

static void run_meddled(struct meddler *m)
{
    for (unsigned turn = 0; turn < 12; turn++) {
        duet.client_last = duet_take(duet.client, &duet.to_client, 0,
                                     duet.got_client, &duet.client_len);
        flush_meddled(m, HF_CLIENT);
        if (m->done && m->cut)
            break;
        duet.server_last = duet_take(duet.server, &duet.to_server, 0,
                                     duet.got_server, &duet.server_len);
        flush_meddled(m, HF_SERVER);
        if (m->done && m->cut)
            break;
    }
}

/* False: there is no such byte. */
static bool meddle(struct meddler *m)
{
    struct hf_conn *victim;

    assert_true(duet_start(&duet, "localhost"));
    run_meddled(m);
    victim = m->side == HF_CLIENT ? duet.server : duet.client;
    if (m->done && m->cut) {
        duet_take(victim,
                  m->side == HF_CLIENT ? &duet.to_server : &duet.to_client, 0,
                  duet.got_server, &duet.server_len);
        hf_conn_eof(victim);
    } else if (m->done && !m->version && !hf_conn_error(victim)->code) {
        hf_conn_eof(victim); /* a length was changed: it waits for more */
    }
    if (m->done && !m->version) {
        assert_false(hf_conn_ready(victim));
        assert_int_not_equal(hf_conn_error(victim)->code, HF_OK);
        assert_int_not_equal(hf_conn_error(victim)->code, HF_E_BUG);
    }
    duet_hang_up(&duet);
    return m->done;
}

/* The configs are the same for all: nothing is kept of a handshake that fails. */
static void every_byte_counts(bool cut)
{
    begin(HF_TLS12, HF_TLS12, HF_TLS12, HF_TLS12);
    duet_hang_up(&duet);
    for (unsigned side = 0; side < 2; side++) {
        struct meddler m = { .at = 0 };

        for (size_t at = 0;; at++) {
            m = (struct meddler){ .side = side, .at = at, .cut = cut };
            if (!meddle(&m))
                break;
        }
        assert_true(m.at > 200);
    }
    duet_wipe(&duet);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    every_byte_counts(false);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    every_byte_counts(true);
}

/* RFC 5246 7.2.2: "Servers and clients MUST forget any session-identifiers,
 * keys, and secrets associated with a failed connection." */
static void secrets_of_a_failed_connection_are_forgotten(void **state)
{
    static const uint8_t zeroes[HF_MASTER_LEN];

    (void)state;
    for (unsigned role = 0; role < 2; role++) {
        uint8_t broken[69] = { HF_CONTENT_DATA, 3, 3, 0, 64 };
        struct hf_span data;
        struct hf_conn *conn;
        size_t used;

        begin(HF_TLS12, HF_TLS12, HF_TLS12, HF_TLS12);
        assert_true(duet_run(&duet));
        conn = role == HF_CLIENT ? duet.client : duet.server;
        assert_memory_not_equal(conn->session.master_secret, zeroes,
                                HF_MASTER_LEN);
        assert_int_equal(
            hf_conn_receive(conn, broken, sizeof(broken), &used, &data),
            HF_FAILED);
        assert_memory_equal(conn->session.master_secret, zeroes, HF_MASTER_LEN);
        duet_wipe(&duet);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_group_and_key_goes_with_every_other),
        cmocka_unit_test(both_ends_export_the_same),
        cmocka_unit_test(the_old_master_secret_connects_but_exports_nothing),
        cmocka_unit_test(with_the_old_master_secret_no_client_proves_itself),
        cmocka_unit_test(to_a_server_without_it_no_certificate_is_given),
        cmocka_unit_test(the_cuts_between_calls_do_not_matter),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(secrets_of_a_failed_connection_are_forgotten),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
