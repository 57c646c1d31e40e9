/* question_test.c - questions that a connection puts: which config, a
 * signature, the last word on a chain; answered at once, later, wrongly, never,
 * and out of turn. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct rogue rogue;
static struct stage stage;

static struct hf_conn *conn_of(unsigned who)
{
    return rogue.end[who].conn;
}

static void begin(enum scene scene)
{
    assert_true(stage_set(&stage, scene, attack_certs()));
}

/* Up to the first question. */
static void run(void)
{
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    rogue_run(&rogue);
}

static void end(void)
{
    rogue_end(&rogue);
    stage_clear(&stage);
}

static bool answer(unsigned who, struct hf_answer a)
{
    bool taken = hf_conn_answer(conn_of(who), &a);

    return rogue_run(&rogue) && taken;
}

/* ---- which config? ---------------------------------------------------------------- */

static void the_question_tells_name_and_protocols(void **state)
{
    struct hf_question q;

    (void)state;
    begin(SCENE_ALPN);
    assert_true(hf_config_set_questions(stage.server, HF_ASK_CONFIG));
    run();
    q = hf_conn_question(conn_of(HF_SERVER));
    assert_int_equal(q.kind, HF_ASK_CONFIG);
    assert_true(hf_span_equal(q.name, hf_span_text("localhost")));
    assert_true(hf_span_equal(q.protocols, hf_span("\2h2\x08http/1.1", 12)));
    assert_true(answer(HF_SERVER, (struct hf_answer){ .config = NULL }));
    assert_int_equal(hf_conn_question(conn_of(HF_SERVER)).kind, 0);
    end();
}

/* The config that comes decides all that is decided after it. */
static void another_config_takes_over(void **state)
{
    static const uint16_t groups[] = { 24, 0 }, suites[] = { 0x1303, 0 };
    static const char *const protocols[] = { "h2", NULL };
    struct stage other;

    (void)state;
    begin(SCENE_ALPN);
    assert_true(stage_set(&other, SCENE_CLIENT_CERT, attack_certs()));
    assert_true(hf_config_set_groups(other.server, groups) &&
                hf_config_set_shares(other.server, groups) &&
                hf_config_set_suites(other.server, suites) &&
                hf_config_set_protocols(other.server, protocols));
    assert_true(rogue_hear(other.server, HF_SERVER));
    assert_true(hf_config_add_keypair(
        stage.client, hf_span_text(attack_certs()->client_chain),
        hf_span_text(attack_certs()->client_key)));
    assert_true(hf_config_set_questions(stage.server, HF_ASK_CONFIG));
    run();
    assert_true(
        answer(HF_SERVER, (struct hf_answer){ .config = other.server }));
    assert_int_equal(hf_conn_group(conn_of(HF_CLIENT)), 24);
    assert_true(hf_conn_retried(conn_of(HF_CLIENT)));
    assert_int_equal(hf_conn_suite(conn_of(HF_CLIENT)), 0x1303);
    assert_true(hf_span_equal(hf_conn_protocol(conn_of(HF_CLIENT)),
                              hf_span_text("h2")));
    assert_int_equal(hf_conn_peer_certificates(conn_of(HF_SERVER)), 2);
    stage_clear(&other); /* the connection keeps it */
    end();
}

/* Its versions and its signatures count, whatever the first one had settled. */
static void the_policy_of_the_other_config_counts(void **state)
{
    static const struct {
        unsigned client_min, client_max; /* the client's versions */
        unsigned first_max, other_min, other_max;
        unsigned version; /* 0: refused */
    } rows[] = {
        { HF_TLS12, HF_TLS13, HF_TLS13, HF_TLS12, HF_TLS12, HF_TLS12 },
        { HF_TLS12, HF_TLS13, HF_TLS12, HF_TLS12, HF_TLS13, HF_TLS13 },
        { HF_TLS12, HF_TLS13, HF_TLS12, HF_TLS13, HF_TLS13, HF_TLS13 },
        { HF_TLS12, HF_TLS12, HF_TLS13, HF_TLS13, HF_TLS13, 0 },
        { HF_TLS13, HF_TLS13, HF_TLS13, HF_TLS12, HF_TLS12, 0 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct stage other;

        begin(SCENE_FULL);
        assert_true(stage_set(&other, SCENE_FULL, attack_certs()));
        assert_true(
            hf_config_set_versions(stage.client, rows[i].client_min,
                                   rows[i].client_max) &&
            hf_config_set_versions(stage.server, HF_TLS12, rows[i].first_max) &&
            hf_config_set_versions(other.server, rows[i].other_min,
                                   rows[i].other_max) &&
            hf_config_set_questions(stage.server, HF_ASK_CONFIG));
        assert_true(rogue_hear(other.server, HF_SERVER));
        run();
        assert_int_equal(
            answer(HF_SERVER, (struct hf_answer){ .config = other.server }),
            rows[i].version != 0);
        if (rows[i].version)
            assert_int_equal(hf_conn_version(conn_of(HF_CLIENT)),
                             rows[i].version);
        else
            assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code,
                             HF_E_NO_VERSION);
        stage_clear(&other);
        end();
    }
}

static void the_signatures_of_the_other_config_count(void **state)
{
    static const uint16_t pss[] = { 0x0804, 0 }, ecdsa[] = { 0x0403, 0 };

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++)
        for (unsigned good = 0; good < 2; good++) {
            struct stage other;

            begin(SCENE_FULL);
            assert_true(stage_set(&other, SCENE_FULL, attack_certs()));
            assert_true(
                hf_config_set_versions(stage.client, version, version) &&
                hf_config_set_versions(stage.server, version, version) &&
                hf_config_set_versions(other.server, version, version) &&
                hf_config_set_signatures(stage.server, good ? pss : ecdsa) &&
                hf_config_set_signatures(other.server, good ? ecdsa : pss) &&
                hf_config_set_questions(stage.server, HF_ASK_CONFIG));
            assert_true(rogue_hear(other.server, HF_SERVER));
            run();
            assert_int_equal(
                answer(HF_SERVER, (struct hf_answer){ .config = other.server }),
                good);
            if (good)
                assert_int_equal(hf_conn_peer_scheme(conn_of(HF_CLIENT)),
                                 0x0403);
            stage_clear(&other);
            end();
        }
}

static void the_other_config_has_the_same_provider(void **state)
{
    static struct hf_provider copy;
    struct stage other;

    (void)state;
    copy = hf_libcrypto;
    begin(SCENE_FULL);
    assert_true(stage_set_with(&other, SCENE_FULL, attack_certs(), &copy));
    assert_true(hf_config_set_questions(stage.server, HF_ASK_CONFIG));
    run();
    assert_false(
        answer(HF_SERVER, (struct hf_answer){ .config = other.server }));
    assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code, HF_E_MISUSE);
    stage_clear(&other);
    end();
}

static void a_config_that_cannot_serve_fails_the_connection(void **state)
{
    struct stage other;

    (void)state;
    for (int what = 0; what < 3; what++) {
        begin(SCENE_FULL);
        assert_true(hf_config_set_questions(stage.server, HF_ASK_CONFIG));
        other.client = NULL;
        other.server = hf_config_new();
        if (what == 1) /* a setting that cannot be */
            hf_config_set_min_rsa(other.server, 1);
        if (what == 2) /* asks for certificates, trusts nobody */
            assert_true(hf_config_add_keypair(
                            other.server, hf_span_text(attack_certs()->chain),
                            hf_span_text(attack_certs()->key)) &&
                        hf_config_set_client_auth(other.server,
                                                  HF_CLIENT_AUTH_REQUIRED));
        run();
        assert_false(
            answer(HF_SERVER, (struct hf_answer){ .config = other.server }));
        assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code,
                         what == 0   ? HF_E_NO_KEYPAIR
                         : what == 1 ? HF_E_BAD_OPTION
                                     : HF_E_NO_TRUST);
        assert_false(hf_conn_ready(conn_of(HF_SERVER)));
        hf_config_free(other.server);
        end();
    }
}

/* Who asks for another config may have no certificate: if none comes, or one
 * that would ask in turn, there is nothing to show.  A pre-shared key would do
 * in TLS 1.3, and only there. */
static void without_a_certificate_another_config_has_to_come(void **state)
{
    enum { NONE, ASKS_TOO, KEY12, KEY13, CASES };
    const struct hf_psk key = { hf_span_text("robot"),
                                hf_span_text("a key of ours, long enough"), 0 };

    (void)state;
    for (int what = 0; what < CASES; what++) {
        const unsigned version = what == KEY12 ? HF_TLS12 : HF_TLS13;
        struct hf_config *other = NULL;

        begin(SCENE_FULL);
        hf_config_free(stage.server);
        stage.server = hf_config_new();
        assert_true(hf_config_set_clock(stage.server, scene_clock, NULL) &&
                    hf_config_set_questions(stage.server, HF_ASK_CONFIG) &&
                    hf_config_set_versions(stage.client, version, version) &&
                    (what < KEY12 || hf_config_add_psk(stage.server, &key)));
        if (what == ASKS_TOO) {
            other = hf_config_new();
            assert_true(hf_config_set_questions(other, HF_ASK_CONFIG));
        }
        run();
        assert_int_equal(hf_conn_question(conn_of(HF_SERVER)).kind,
                         HF_ASK_CONFIG);
        assert_false(answer(HF_SERVER, (struct hf_answer){ .config = other }));
        rogue_expect(&rogue, HF_SERVER,
                     what == KEY13 ? HF_E_NO_PSK : HF_E_NO_KEYPAIR);
        hf_config_free(other);
        end();
    }
}

/* ---- a signature --------------------------------------------------------------------- */

/* What the key would have signed. */
static struct hf_span sign(const struct hf_question *q, const char *key_pem,
                           uint8_t *out)
{
    const struct hf_crypto *c = &stage.server->settings.crypto;
    const struct hf_signature *how = hf_signature_by_scheme(c, q->scheme);
    struct hf_error error = { .code = HF_OK };
    struct hf_private_key *key;
    size_t len;

    assert_non_null(how);
    assert_true(c->provider->key_load(c->self, hf_span_text(key_pem), NULL,
                                      NULL, &key, &error));
    assert_true(
        how->sign(c->self, how, key, q->message, out, HF_SIGNATURE_MAX, &len));
    c->provider->key_free(key);
    return hf_span(out, len);
}

/* The server has its chain only; the client too if the scene has one. */
static void begin_signing(enum scene scene)
{
    const struct duet_certs *certs = attack_certs();

    stage.client = hf_config_new();
    stage.server = hf_config_new();
    assert_true(hf_config_set_clock(stage.client, scene_clock, NULL) &&
                hf_config_set_clock(stage.server, scene_clock, NULL) &&
                hf_config_trust(stage.client, hf_span_text(certs->ca)) &&
                hf_config_add_chain(stage.server, hf_span_text(certs->chain)) &&
                hf_config_set_questions(stage.server, HF_ASK_SIGN));
    if (scene == SCENE_CLIENT_CERT)
        assert_true(
            hf_config_trust(stage.server, hf_span_text(certs->ca)) &&
            hf_config_set_client_auth(stage.server, HF_CLIENT_AUTH_REQUIRED) &&
            hf_config_add_chain(stage.client,
                                hf_span_text(certs->client_chain)) &&
            hf_config_set_questions(stage.client, HF_ASK_SIGN));
}

static void signatures_may_come_from_elsewhere(void **state)
{
    const struct duet_certs *certs = attack_certs();
    uint8_t room[HF_SIGNATURE_MAX];
    struct hf_question q;

    (void)state;
    begin_signing(SCENE_CLIENT_CERT);
    run();
    q = hf_conn_question(conn_of(HF_SERVER));
    assert_int_equal(q.kind, HF_ASK_SIGN);
    assert_int_equal(q.scheme, 0x0403);
    assert_int_equal(q.chain, 0);
    /* RFC 8446 4.4.3 */
    assert_int_equal(q.message.len, 64 + 33 + 1 + 32);
    assert_memory_equal(q.message.at + 64, "TLS 1.3, server CertificateVerify",
                        34);
    for (int i = 0; i < 64; i++)
        assert_int_equal(q.message.at[i], 0x20);
    assert_false(
        answer(HF_SERVER,
               (struct hf_answer){ .signature = sign(&q, certs->key, room) }));
    q = hf_conn_question(conn_of(HF_CLIENT));
    assert_int_equal(q.kind, HF_ASK_SIGN);
    assert_memory_equal(q.message.at + 64, "TLS 1.3, client CertificateVerify",
                        34);
    assert_true(answer(
        HF_CLIENT,
        (struct hf_answer){ .signature = sign(&q, certs->client_key, room) }));
    assert_true(hf_conn_peer_verified(conn_of(HF_SERVER)));
    end();
}

/* However often somebody asks whether it is done by now. */
static void an_open_question_costs_nothing(void **state)
{
    uint8_t room[HF_SIGNATURE_MAX], junk[16] = { 22, 3, 3 };
    struct hf_question q;
    struct hf_span data;
    size_t used, held;

    (void)state;
    begin_signing(SCENE_FULL);
    run();
    q = hf_conn_question(conn_of(HF_SERVER));
    held = conn_of(HF_SERVER)->handshake->arena.total;
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(
            hf_conn_receive(conn_of(HF_SERVER), junk, i % 16, &used, &data),
            HF_ASKS);
        assert_int_equal(used, 0);
    }
    assert_int_equal(conn_of(HF_SERVER)->handshake->arena.total, held);
    assert_ptr_equal(hf_conn_question(conn_of(HF_SERVER)).message.at,
                     q.message.at);
    assert_true(answer(HF_SERVER,
                       (struct hf_answer){
                           .signature = sign(&q, attack_certs()->key, room) }));
    end();
}

static void a_signature_that_is_none_fails(void **state)
{
    static uint8_t large[70000];
    uint8_t room[HF_SIGNATURE_MAX];

    (void)state;
    for (int what = 0; what < 4; what++) {
        struct hf_question q;
        struct hf_span signature;

        begin_signing(SCENE_FULL);
        run();
        q = hf_conn_question(conn_of(HF_SERVER));
        signature = sign(&q, attack_certs()->key, room);
        if (what == 0)
            signature.len = 0; /* could not sign */
        else if (what == 1)
            room[20] ^= 1;
        else
            signature = hf_span(large, what == 2 ? HF_SIGNATURE_MAX + 1
                                                 : sizeof(large));
        assert_false(
            answer(HF_SERVER, (struct hf_answer){ .signature = signature }));
        if (what == 1)
            assert_int_equal(hf_conn_error(conn_of(HF_CLIENT))->code,
                             HF_E_BAD_SIGNATURE);
        else
            rogue_expect(&rogue, HF_SERVER, HF_E_CRYPTO);
        end();
    }
}

/* ---- the last word on a chain ----------------------------------------------------------- */

/* A client that trusts nobody asks; or one that trusts, and hears it. */
static void begin_verifying(bool trusts)
{
    const struct duet_certs *certs = attack_certs();

    begin(SCENE_FULL);
    hf_config_free(stage.client);
    stage.client = hf_config_new();
    assert_true(
        hf_config_set_clock(stage.client, scene_clock, NULL) &&
        hf_config_set_questions(stage.client, HF_ASK_VERIFY) &&
        (!trusts || hf_config_trust(stage.client, hf_span_text(certs->ca))));
}

static void the_application_has_the_last_word(void **state)
{
    (void)state;
    for (int trusts = 0; trusts < 2; trusts++)
        for (int accept = 0; accept < 2; accept++) {
            struct hf_question q;

            begin_verifying(trusts);
            run();
            q = hf_conn_question(conn_of(HF_CLIENT));
            assert_int_equal(q.kind, HF_ASK_VERIFY);
            assert_int_equal(q.code, trusts ? HF_OK : HF_E_UNKNOWN_ISSUER);
            assert_int_equal(hf_conn_peer_certificates(conn_of(HF_CLIENT)), 2);
            assert_true(hf_conn_peer_certificate(conn_of(HF_CLIENT), 0).len >
                        0);
            /* Nobody has shown yet that the chain is his. */
            assert_false(hf_conn_peer_verified(conn_of(HF_CLIENT)));
            assert_int_equal(
                answer(HF_CLIENT, (struct hf_answer){ .accept = accept }),
                accept);
            /* Accepted is not verified. */
            assert_int_equal(hf_conn_peer_verified(conn_of(HF_CLIENT)),
                             trusts && accept);
            if (!accept)
                rogue_expect(&rogue, HF_CLIENT, HF_E_VERDICT);
            end();
        }
}

/* The proof of the key is not up for discussion. */
static void flip_proof(struct rogue *r, struct rogue_record *record)
{
    if (edit_is(record, HF_CERTIFICATE_VERIFY) && !r->step++)
        record->bytes[record->len - 1] ^= 1;
}

static void accepting_a_chain_excuses_no_signature(void **state)
{
    (void)state;
    begin_verifying(true);
    assert_true(rogue_begin(&rogue, &stage, "localhost", flip_proof));
    rogue_run(&rogue);
    assert_false(answer(HF_CLIENT, (struct hf_answer){ .accept = true }));
    rogue_expect(&rogue, HF_CLIENT, HF_E_BAD_SIGNATURE);
    end();
}

/* ---- never, or out of turn ---------------------------------------------------------------- */

static void an_answer_without_a_question_is_refused(void **state)
{
    const struct hf_answer yes = { .accept = true };

    (void)state;
    begin(SCENE_FULL);
    assert_true(rogue_begin(&rogue, &stage, "localhost", NULL));
    for (unsigned who = 0; who < 2; who++)
        assert_false(hf_conn_answer(conn_of(who), &yes));
    assert_true(rogue_run(&rogue));
    for (unsigned who = 0; who < 2; who++) {
        assert_false(hf_conn_answer(conn_of(who), &yes));
        assert_true(hf_conn_ready(conn_of(who)));
        assert_int_equal(hf_conn_question(conn_of(who)).kind, 0);
    }
    end();
}

static void a_question_is_answered_once(void **state)
{
    const struct hf_answer yes = { .accept = true };

    (void)state;
    begin_verifying(true);
    run();
    assert_true(hf_conn_answer(conn_of(HF_CLIENT), &yes));
    assert_false(hf_conn_answer(conn_of(HF_CLIENT), &yes));
    assert_true(rogue_run(&rogue));
    end();
}

/* What is left open when the connection goes is not lost memory. */
static void a_connection_may_end_with_a_question_open(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        begin_signing(SCENE_FULL);
        run();
        assert_int_equal(hf_conn_question(conn_of(HF_SERVER)).kind,
                         HF_ASK_SIGN);
        if (how == 1) {
            assert_int_equal(hf_conn_eof(conn_of(HF_SERVER)), HF_FAILED);
            assert_int_equal(hf_conn_error(conn_of(HF_SERVER))->code,
                             HF_E_CLOSED_EARLY);
        } else if (how == 2) {
            hf_conn_close(conn_of(HF_SERVER));
        }
        if (how)
            assert_int_equal(hf_conn_question(conn_of(HF_SERVER)).kind, 0);
        end();
    }
}

/* All three in one handshake, each asked once, over a retry. */
static void every_question_is_asked_once(void **state)
{
    const struct duet_certs *certs = attack_certs();
    static const uint16_t p384[] = { 24, 0 };
    uint8_t room[HF_SIGNATURE_MAX];
    unsigned asked[2] = { 0, 0 };

    (void)state;
    begin_signing(SCENE_CLIENT_CERT);
    assert_true(hf_config_set_groups(stage.server, p384) &&
                hf_config_set_questions(stage.server, 7) &&
                hf_config_set_questions(stage.client, 7));
    run();
    for (int i = 0; i < 5; i++)
        for (unsigned who = 0; who < 2; who++) {
            struct hf_question q = hf_conn_question(conn_of(who));
            struct hf_answer a = { .accept = true };

            if (!q.kind)
                continue;
            assert_false(asked[who] & q.kind);
            asked[who] |= q.kind;
            if (q.kind == HF_ASK_SIGN)
                a.signature = sign(&q, who ? certs->key : certs->client_key,
                                   room);
            answer(who, a);
        }
    assert_int_equal(asked[HF_SERVER], 7);
    assert_int_equal(asked[HF_CLIENT], HF_ASK_SIGN | HF_ASK_VERIFY);
    assert_true(hf_conn_ready(conn_of(HF_CLIENT)));
    assert_true(hf_conn_ready(conn_of(HF_SERVER)));
    assert_true(hf_conn_retried(conn_of(HF_SERVER)));
    end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_question_tells_name_and_protocols),
        cmocka_unit_test(another_config_takes_over),
        cmocka_unit_test(the_policy_of_the_other_config_counts),
        cmocka_unit_test(the_signatures_of_the_other_config_count),
        cmocka_unit_test(the_other_config_has_the_same_provider),
        cmocka_unit_test(a_config_that_cannot_serve_fails_the_connection),
        cmocka_unit_test(without_a_certificate_another_config_has_to_come),
        cmocka_unit_test(signatures_may_come_from_elsewhere),
        cmocka_unit_test(an_open_question_costs_nothing),
        cmocka_unit_test(a_signature_that_is_none_fails),
        cmocka_unit_test(the_application_has_the_last_word),
        cmocka_unit_test(accepting_a_chain_excuses_no_signature),
        cmocka_unit_test(an_answer_without_a_question_is_refused),
        cmocka_unit_test(a_question_is_answered_once),
        cmocka_unit_test(a_connection_may_end_with_a_question_open),
        cmocka_unit_test(every_question_is_asked_once),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
