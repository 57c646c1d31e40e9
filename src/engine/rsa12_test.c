/* rsa12_test.c - RSA key transport (RFC 5246 7.4.7.1), both ends ours: every way
 * to connect with it; which keys may be used for it, and which may not; what is
 * told of it; and that nobody is connected who has not proved his key. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GCM128 = 0x009c, GCM256 = 0x009d, ECDHE_RSA = 0xc02f };
enum { ALL, SIGNS, DECRYPTS, SILENT, KINDS };

static struct duet_certs certs[KINDS], curve;
static struct duet duet;
static struct rogue rogue;

static int make_certs(void **state)
{
    static const char use[KINDS] = { 0, 's', 'd', '-' };

    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        if (!duet_certs_make_for(&certs[i], "rsa2048", use[i]))
            return -1;
    return duet_certs_make(&curve, "p256") ? 0 : -1;
}

static int free_certs(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        duet_certs_free(&certs[i]);
    duet_certs_free(&curve);
    return 0;
}

static void limit(struct hf_config *client, struct hf_config *server,
                  const uint16_t *client_suites, const uint16_t *server_suites)
{
    assert_true(hf_config_set_versions(client, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(server, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_suites(client, client_suites));
    assert_true(hf_config_set_suites(server, server_suites));
}

static const uint16_t only128[] = { GCM128, 0 }, only256[] = { GCM256, 0 };
static const uint16_t ephemeral_first[] = { ECDHE_RSA, GCM128, 0 };
static const uint16_t transport_first[] = { GCM128, ECDHE_RSA, 0 };

static void begin(const struct duet_certs *of, const uint16_t *client,
                  const uint16_t *server)
{
    assert_true(duet_init(&duet, of));
    limit(duet.client_config, duet.server_config, client, server);
}

static void connects(unsigned suite)
{
    if (!duet_run(&duet))
        fail_msg("client %s: %s; server %s: %s",
                 hf_error_name(hf_conn_error(duet.client)->code),
                 hf_conn_error(duet.client)->detail,
                 hf_error_name(hf_conn_error(duet.server)->code),
                 hf_conn_error(duet.server)->detail);
    assert_int_equal(hf_conn_suite(duet.client), suite);
    assert_int_equal(hf_conn_suite(duet.server), suite);
}

static void move_data(void)
{
    static uint8_t data[20000];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    assert_true(duet_send(&duet, duet.client, HF_SPAN(data)));
    duet_run(&duet);
    assert_true(duet_send(&duet, duet.server, HF_SPAN(data)));
    duet_run(&duet);
    assert_int_equal(duet.server_len, sizeof(data));
    assert_int_equal(duet.client_len, sizeof(data));
    assert_memory_equal(duet.got_server, data, sizeof(data));
    assert_memory_equal(duet.got_client, data, sizeof(data));
}

/* ---- it works ------------------------------------------------------------------------ */

struct choice {
    const uint16_t *suites;
    enum hf_client_auth auth;
    bool shows, alpn;
};

static void play(const struct choice *c)
{
    static const char *const protocols[] = { "http/1.1", NULL };
    bool shown = c->auth != HF_CLIENT_AUTH_NONE && c->shows;
    struct hf_span alpn = hf_span_text(c->alpn ? "http/1.1" : "");

    begin(&certs[ALL], c->suites, c->suites);
    assert_true(hf_config_set_client_auth(duet.server_config, c->auth));
    assert_true(
        hf_config_trust(duet.server_config, hf_span_text(certs[ALL].ca)));
    if (c->shows)
        assert_true(hf_config_add_keypair(duet.client_config,
                                          hf_span_text(certs[ALL].client_chain),
                                          hf_span_text(certs[ALL].client_key)));
    if (c->alpn)
        assert_true(hf_config_set_protocols(duet.client_config, protocols) &&
                    hf_config_set_protocols(duet.server_config, protocols));
    assert_true(duet_start(&duet, "localhost"));
    connects(c->suites[0]);
    for (unsigned i = 0; i < 2; i++) {
        struct hf_conn *conn = i ? duet.server : duet.client;

        assert_int_equal(hf_conn_version(conn), HF_TLS12);
        assert_int_equal(hf_conn_group(conn), 0);
        assert_true(hf_span_equal(hf_conn_protocol(conn), alpn));
    }
    assert_true(hf_conn_peer_verified(duet.client));
    assert_int_equal(hf_conn_peer_scheme(duet.client), 0);
    assert_int_equal(hf_conn_own_scheme(duet.server), 0);
    assert_int_equal(hf_conn_peer_verified(duet.server), shown);
    assert_int_equal(hf_conn_peer_scheme(duet.server) != 0, shown);
    move_data();
    duet_wipe(&duet);
}

static void both_suites_connect_with_and_without_all_else(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 24; i++) {
        struct choice c = { i & 1 ? only256 : only128,
                            (enum hf_client_auth)(i / 8), i & 2, i & 4 };

        if (c.auth == HF_CLIENT_AUTH_REQUIRED)
            c.shows = true;
        play(&c);
    }
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

static void the_old_master_secret_works_too(void **state)
{
    struct hf_span hello = hf_span_text("hello");
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, &certs[ALL]));
    limit(stage.client, stage.server, only128, only128);
    assert_true(rogue_begin(&rogue, &stage, "localhost", without_extended));
    assert_true(rogue_run(&rogue));
    for (unsigned i = 0; i < 2; i++) {
        assert_false(rogue.end[i].conn->session.extended_master);
        assert_int_equal(rogue_say(&rogue, i, HF_CONTENT_DATA, hello), HF_DATA);
    }
    rogue_end(&rogue);
    stage_clear(&stage);
}

static void the_cuts_between_calls_do_not_matter(void **state)
{
    size_t most = 2;

    (void)state;
    for (size_t chunk = 1; chunk < most; chunk += chunk < 20 ? 1 : 13) {
        begin(&certs[ALL], only256, only256);
        assert_true(duet_start(&duet, "localhost"));
        duet.chunk = chunk;
        connects(GCM256);
        if (duet.to_client.total > most)
            most = duet.to_client.total;
        duet_wipe(&duet);
    }
    assert_true(most > 1000);
}

/* ---- when it is used -------------------------------------------------------------------- */

static void nobody_offers_or_takes_it_unasked(void **state)
{
    struct hf_config *config;
    const struct hf_numbers *list;

    (void)state;
    assert_true(duet_init(&duet, &certs[ALL]));
    for (unsigned i = 0; i < 2; i++) {
        config = i ? duet.server_config : duet.client_config;
        assert_true(hf_config_set_versions(config, HF_TLS12, HF_TLS13));
        assert_true(hf_config_freeze(config));
        list = &config->settings.suites;
        assert_true(hf_numbers_have(list, ECDHE_RSA));
        assert_false(hf_numbers_have(list, GCM128));
        assert_false(hf_numbers_have(list, GCM256));
    }
    duet_wipe(&duet);
    /* A client that knows nothing else is refused. */
    begin(&certs[ALL], only128, (const uint16_t[]){ ECDHE_RSA, 0 });
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
    duet_wipe(&duet);
}

static void the_servers_order_decides(void **state)
{
    (void)state;
    begin(&certs[ALL], transport_first, ephemeral_first);
    assert_true(duet_start(&duet, "localhost"));
    connects(ECDHE_RSA);
    duet_wipe(&duet);
    begin(&certs[ALL], ephemeral_first, transport_first);
    assert_true(duet_start(&duet, "localhost"));
    connects(GCM128);
    duet_wipe(&duet);
}

static void without_a_common_group_it_is_what_remains(void **state)
{
    static const uint16_t x25519[] = { 29, 0 }, p256[] = { 23, 0 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        static const uint16_t ephemeral[] = { ECDHE_RSA, 0 };

        begin(&certs[ALL], ephemeral_first, i ? ephemeral : ephemeral_first);
        assert_true(hf_config_set_groups(duet.client_config, x25519));
        assert_true(hf_config_set_groups(duet.server_config, p256));
        assert_true(duet_start(&duet, "localhost"));
        if (!i) {
            connects(GCM128);
        } else {
            assert_false(duet_run(&duet));
            assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_GROUP);
        }
        duet_wipe(&duet);
    }
}

/* ---- which keys may be used (RFC 5246 7.4.2) ------------------------------------------- */

static void a_server_uses_a_key_only_as_it_may(void **state)
{
    static const struct {
        int kind;
        const uint16_t *suites;
        unsigned chosen; /* 0: none */
    } rows[] = {
        { ALL, transport_first, GCM128 },
        { ALL, ephemeral_first, ECDHE_RSA },
        { SIGNS, transport_first, ECDHE_RSA },
        { SIGNS, only128, 0 },
        { DECRYPTS, ephemeral_first, GCM128 },
        { DECRYPTS, only256, GCM256 },
        { SILENT, transport_first, GCM128 },
        { SILENT, ephemeral_first, ECDHE_RSA },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        begin(&certs[rows[i].kind], rows[i].suites, rows[i].suites);
        assert_true(duet_start(&duet, "localhost"));
        if (rows[i].chosen) {
            connects(rows[i].chosen);
        } else {
            assert_false(duet_run(&duet));
            assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
        }
        duet_wipe(&duet);
    }
}

static void a_key_that_may_only_decrypt_signs_no_share(void **state)
{
    static const uint16_t ephemeral[] = { ECDHE_RSA, 0 };

    (void)state;
    begin(&certs[DECRYPTS], ephemeral, ephemeral);
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
    duet_wipe(&duet);
}

static void a_server_takes_the_keypair_that_can(void **state)
{
    (void)state;
    begin(&curve, only128, only128);
    assert_true(
        hf_config_trust(duet.client_config, hf_span_text(certs[ALL].ca)));
    assert_true(hf_config_add_keypair(duet.server_config,
                                      hf_span_text(certs[ALL].chain),
                                      hf_span_text(certs[ALL].key)));
    assert_true(duet_start(&duet, "localhost"));
    connects(GCM128);
    assert_int_equal(hf_conn_own_chain(duet.server), 1);
    duet_wipe(&duet);
}

/* A key that lives elsewhere is used for what somebody does with it. */
static void nobody_is_asked_for_what_he_does_not_do(void **state)
{
    static const uint16_t ephemeral[] = { ECDHE_RSA, 0 };
    static const struct {
        unsigned questions;
        const uint16_t *suites;
        unsigned asked; /* 0: no suite is left */
    } rows[] = {
        { HF_ASK_SIGN, transport_first, HF_ASK_SIGN },
        { HF_ASK_SIGN, only128, 0 },
        { HF_ASK_DECRYPT, ephemeral_first, HF_ASK_DECRYPT },
        { HF_ASK_DECRYPT, ephemeral, 0 },
        { HF_ASK_SIGN | HF_ASK_DECRYPT, ephemeral_first, HF_ASK_SIGN },
        { HF_ASK_SIGN | HF_ASK_DECRYPT, transport_first, HF_ASK_DECRYPT },
    };

    (void)state;
    for (unsigned i = 0; i < HF_COUNT(rows); i++) {
        struct hf_config *server = hf_config_new();
        struct hf_config *old;

        begin(&certs[ALL], transport_first, transport_first);
        assert_non_null(server);
        assert_true(hf_config_set_versions(server, HF_TLS12, HF_TLS12));
        assert_true(hf_config_set_suites(server, rows[i].suites));
        assert_true(
            hf_config_add_chain(server, hf_span_text(certs[ALL].chain)));
        assert_true(hf_config_set_questions(server, rows[i].questions));
        old = duet.server_config;
        duet.server_config = server;
        assert_true(duet_start(&duet, "localhost"));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_question(duet.server).kind, rows[i].asked);
        if (!rows[i].asked)
            assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
        duet_wipe(&duet);
        hf_config_free(old);
    }
}

/* In TLS 1.3 keys sign and nothing else. */
static void who_only_decrypts_serves_no_tls13(void **state)
{
    struct hf_config *server = hf_config_new();
    struct hf_config *old;

    (void)state;
    begin(&certs[ALL], transport_first, transport_first);
    assert_true(hf_config_set_policy(duet.client_config, "default"));
    assert_true(hf_config_add_chain(server, hf_span_text(certs[ALL].chain)));
    assert_true(hf_config_set_questions(server, HF_ASK_DECRYPT));
    old = duet.server_config;
    duet.server_config = server;
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SIGNATURE);
    duet_wipe(&duet);
    hf_config_free(old);
}

/* ---- a client that names no signatures -------------------------------------------------- */

/* Neither signature_algorithms nor what binds the keys to the hellos; and so
 * that nobody minds, both Finished are made to fit. */
static void without_schemes(struct rogue *r, struct rogue_record *record)
{
    struct hf_handshake *hs = r->end[!record->from].conn->handshake;
    uint8_t digest[HF_HASH_MAX];

    if (edit_is(record, HF_CLIENT_HELLO)) {
        edit_drop(record, 13);
        edit_drop(record, 23);
    }
    if (!edit_is(record, HF_FINISHED))
        return;
    assert_true(hf_transcript_digest(&hs->transcript, digest, hs->error));
    assert_true(
        hf_keys12_finished(hs, record->from, digest, record->bytes + 4));
}

/* RFC 5246 7.4.1.4.1: it means SHA-1, which we do not sign with; but here
 * nothing is signed. */
static void without_signature_algorithms_there_is_key_transport(void **state)
{
    static const uint16_t ephemeral[] = { ECDHE_RSA, 0 };

    (void)state;
    for (unsigned served = 0; served < 2; served++) {
        struct stage stage;

        assert_true(stage_set(&stage, SCENE_FULL, &certs[ALL]));
        limit(stage.client, stage.server, ephemeral_first,
              served ? ephemeral_first : ephemeral);
        assert_true(rogue_begin(&rogue, &stage, "localhost", without_schemes));
        assert_int_equal(rogue_run(&rogue), served);
        if (served)
            assert_int_equal(hf_conn_suite(rogue.end[HF_SERVER].conn), GCM128);
        else
            rogue_expect_words(&rogue, HF_SERVER, HF_E_NO_SIGNATURE, "SHA-1");
        rogue_end(&rogue);
        stage_clear(&stage);
    }
}

/* ---- a server that does it all the same ------------------------------------------------- */

static void play_rogue(const struct duet_certs *of, rogue_edit_fn *edit,
                       bool insecure, unsigned code, const char *words)
{
    static const uint16_t both[] = { 0xc02b, ECDHE_RSA, GCM128, 0 };
    static const uint16_t ephemeral[] = { 0xc02b, ECDHE_RSA, 0 };
    struct stage stage;

    assert_true(stage_set(&stage, SCENE_FULL, of));
    limit(stage.client, stage.server, both, ephemeral);
    if (insecure)
        assert_true(hf_config_insecure_no_verify(stage.client));
    assert_true(rogue_begin(&rogue, &stage, "localhost", edit));
    assert_false(rogue_run(&rogue));
    rogue_expect_words(&rogue, HF_CLIENT, code, words);
    assert_int_equal(hf_conn_ready(rogue.end[HF_CLIENT].conn), false);
    rogue_end(&rogue);
    stage_clear(&stage);
}

/* ServerHello chooses RSA key transport, ServerKeyExchange goes missing. */
static void choose_transport(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_SERVER_HELLO))
        edit_put(record, 4 + 2 + 32 + 1 + record->bytes[4 + 2 + 32],
                 hf_span("\x00\x9c", 2));
    if (edit_is(record, HF_SERVER_KEY_EXCHANGE))
        record->drop = true;
}

static void a_client_encrypts_to_no_key_that_may_not_decrypt(void **state)
{
    (void)state;
    play_rogue(&curve, choose_transport, false, HF_E_KEY_KIND, "RSA key");
    play_rogue(&certs[SIGNS], choose_transport, false, HF_E_KEY_USAGE,
               "keyEncipherment");
    play_rogue(&certs[SIGNS], choose_transport, true, HF_E_KEY_USAGE,
               "keyEncipherment");
}

/* ---- a key for RSA-PSS only --------------------------------------------------------------- */

static char *pem_of(X509 *cert, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;
    long len;

    assert_int_equal(cert ? PEM_write_bio_X509(bio, cert)
                          : PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
                                                          0, NULL, NULL),
                     1);
    len = BIO_get_mem_data(bio, &text);
    copy = calloc(1, (size_t)len + 1);
    memcpy(copy, text, (size_t)len);
    BIO_free(bio);
    return copy;
}

static void extend(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);

    assert_int_equal(X509_add_ext(cert, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* Signed by itself, and trusted. */
static void make_pss(struct duet_certs *out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL), *how;
    EVP_MD_CTX *sign = EVP_MD_CTX_new();
    EVP_PKEY *key = NULL;
    X509 *cert = X509_new();

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    extend(cert, NID_subject_alt_name, "DNS:localhost");
    assert_int_equal(EVP_DigestSignInit(sign, &how, EVP_sha256(), NULL, key),
                     1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32), 1);
    assert_true(X509_sign_ctx(cert, sign) > 0);
    *out = (struct duet_certs){ .ca = pem_of(cert, NULL),
                                .chain = pem_of(cert, NULL),
                                .key = pem_of(NULL, key) };
    X509_free(cert);
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(sign);
    EVP_PKEY_CTX_free(ctx);
}

static void a_key_for_pss_decrypts_nothing(void **state)
{
    static const uint16_t ephemeral[] = { ECDHE_RSA, 0 };
    struct duet_certs pss;

    (void)state;
    make_pss(&pss);
    begin(&pss, ephemeral, ephemeral); /* it can sign */
    assert_true(duet_start(&duet, "localhost"));
    connects(ECDHE_RSA);
    duet_wipe(&duet);
    begin(&pss, only128, only128);
    assert_true(duet_start(&duet, "localhost"));
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.server)->code, HF_E_NO_SUITE);
    duet_wipe(&duet);
    play_rogue(&pss, choose_transport, false, HF_E_KEY_KIND, "PSS");
    duet_certs_free(&pss);
}

static void a_share_is_out_of_place(struct rogue *r,
                                    struct rogue_record *record)
{
    if (!edit_is(record, HF_SERVER_KEY_EXCHANGE))
        choose_transport(r, record);
}

static void a_client_hears_no_share_with_it(void **state)
{
    (void)state;
    play_rogue(&certs[ALL], a_share_is_out_of_place, false, HF_E_UNEXPECTED,
               "server_key_exchange");
}

static void not_offered(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (edit_is(record, HF_SERVER_HELLO))
        edit_put(record, 4 + 2 + 32 + 1 + record->bytes[4 + 2 + 32],
                 hf_span("\x00\x9d", 2));
}

static void a_client_that_did_not_offer_it_refuses(void **state)
{
    (void)state;
    play_rogue(&certs[ALL], not_offered, false, HF_E_NOT_OFFERED, "009d");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_suites_connect_with_and_without_all_else),
        cmocka_unit_test(the_old_master_secret_works_too),
        cmocka_unit_test(the_cuts_between_calls_do_not_matter),
        cmocka_unit_test(nobody_offers_or_takes_it_unasked),
        cmocka_unit_test(the_servers_order_decides),
        cmocka_unit_test(without_a_common_group_it_is_what_remains),
        cmocka_unit_test(a_server_uses_a_key_only_as_it_may),
        cmocka_unit_test(a_key_that_may_only_decrypt_signs_no_share),
        cmocka_unit_test(a_server_takes_the_keypair_that_can),
        cmocka_unit_test(nobody_is_asked_for_what_he_does_not_do),
        cmocka_unit_test(who_only_decrypts_serves_no_tls13),
        cmocka_unit_test(without_signature_algorithms_there_is_key_transport),
        cmocka_unit_test(a_client_encrypts_to_no_key_that_may_not_decrypt),
        cmocka_unit_test(a_key_for_pss_decrypts_nothing),
        cmocka_unit_test(a_client_hears_no_share_with_it),
        cmocka_unit_test(a_client_that_did_not_offer_it_refuses),
    };

    return cmocka_run_group_tests(tests, make_certs, free_certs);
}
