/* sct_test.c - certificate timestamps (RFC 6962 3.3) from all three places they
 * come from, both versions, both ends ours; and signature_algorithms_cert, the
 * other thing that is said about certificates only. */
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/authority.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;

/* ---- timestamps -------------------------------------------------------------------- */

enum { SCT_LEN = 1 + 32 + 8 + 2 + 2 + 2 + 4 };

/* A list of @count timestamps, of logs 'a', 'b' ..., with its length. */
static struct hf_span list_of(uint8_t *room, char log, size_t count)
{
    struct hf_writer w = hf_writer(room, 512);
    size_t mark = hf_writer_open(&w, 2);

    for (size_t i = 0; i < count; i++) {
        uint8_t id[32];

        memset(id, log + (int)i, sizeof(id));
        hf_put(&w, SCT_LEN, 2);
        hf_put(&w, 0, 1);
        hf_put_bytes(&w, HF_SPAN(id));
        hf_put(&w, 0x0000019a, 4); /* 1762934325248 + i: November 2025 */
        hf_put(&w, 0x77000000 + (uint32_t)i, 4);
        hf_put(&w, 0, 2);
        hf_put(&w, 0x0403, 2);
        hf_put(&w, 4, 2);
        hf_put(&w, 0x30020500, 4);
    }
    hf_writer_close(&w, mark, 2);
    assert_false(w.full);
    return hf_written(&w);
}

static void same_sct(size_t index, unsigned source, char log, size_t n)
{
    struct hf_sct sct;
    uint8_t id[32];

    memset(id, log, sizeof(id));
    assert_true(hf_conn_sct(duet.client, index, &sct));
    assert_int_equal(sct.source, source);
    assert_int_equal(sct.version, 1);
    assert_int_equal(sct.bytes.len, SCT_LEN);
    assert_true(hf_span_equal(sct.log_id, HF_SPAN(id)));
    assert_true(sct.timestamp == (UINT64_C(0x19a77000000) + n));
    assert_int_equal(sct.scheme, 0x0403);
    assert_int_equal(sct.extensions.len, 0);
    assert_int_equal(sct.signature.len, 4);
}

/* ---- what carries them ----------------------------------------------------------------- */

/* An extension whose value is an OCTET STRING around @list. */
static X509_EXTENSION *extension(const char *oid, struct hf_span list)
{
    ASN1_OCTET_STRING *inner = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING *outer = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    X509_EXTENSION *out;
    uint8_t *der = NULL;
    int len;

    assert_true(ASN1_OCTET_STRING_set(inner, list.at, (int)list.len));
    len = i2d_ASN1_OCTET_STRING(inner, &der);
    assert_true(len > 0 && ASN1_OCTET_STRING_set(outer, der, len));
    out = X509_EXTENSION_create_by_OBJ(NULL, object, 0, outer);
    assert_non_null(out);
    OPENSSL_free(der);
    ASN1_OBJECT_free(object);
    ASN1_OCTET_STRING_free(inner);
    ASN1_OCTET_STRING_free(outer);
    return out;
}

/* The server's chain, with timestamps in its first certificate. */
static char *chain_with(struct hf_span list)
{
    X509 *leaf = authority_cert(authority.certs.chain);
    EVP_PKEY *key = authority_key(authority.middle_key);
    X509_EXTENSION *e = extension("1.3.6.1.4.1.11129.2.4.2", list);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *out;
    long len;

    assert_true(X509_add_ext(leaf, e, -1));
    assert_true(X509_sign(leaf, key, EVP_sha256()));
    assert_true(PEM_write_bio_X509(bio, leaf));
    assert_true(BIO_puts(bio, authority.middle) > 0);
    len = BIO_get_mem_data(bio, &text);
    out = calloc(1, (size_t)len + 1);
    memcpy(out, text, (size_t)len);
    BIO_free(bio);
    X509_EXTENSION_free(e);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return out;
}

/* The issuer's good word, with timestamps in it. */
static struct hf_span staple_with(const char *chain, struct hf_span list)
{
    X509_EXTENSION *e = extension("1.3.6.1.4.1.11129.2.4.5", list);
    const struct hf_span said = authority_says_of(chain, V_OCSP_CERTSTATUS_GOOD,
                                                  7200, e);

    X509_EXTENSION_free(e);
    return said;
}

/* ---- connections -------------------------------------------------------------------------- */

static char told[200];

static void hear(void *ctx, const struct hf_event *e)
{
    (void)ctx;
    if (e->kind == HF_EVENT_DECISION && e->id == HF_EV_TRANSPARENCY)
        hf_format(told, sizeof(told), "%s: %s", e->inputs, e->verdict);
}

static void begin(unsigned version)
{
    told[0] = '\0';
    assert_true(duet_init(&duet, &authority.certs));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
    assert_true(hf_config_set_watch(duet.client_config, hear, NULL, false));
}

static void meet(void)
{
    assert_true(duet_start(&duet, "localhost"));
    if (!duet_run(&duet))
        fail_msg("%s / %s", hf_conn_error(duet.client)->detail,
                 hf_conn_error(duet.server)->detail);
}

static void they_come_in_the_handshake(void **state)
{
    uint8_t room[512];

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version);
        assert_true(hf_config_ask_scts(duet.client_config, true));
        assert_true(
            hf_config_add_scts(duet.server_config, list_of(room, 'a', 2)));
        meet();
        assert_int_equal(hf_conn_scts(duet.client), 2);
        assert_int_equal(hf_conn_scts(duet.server), 0);
        same_sct(0, HF_SCT_TLS, 'a', 0);
        same_sct(1, HF_SCT_TLS, 'b', 1);
        assert_string_equal(told, "0 in the certificate, 2 in the handshake, 0 "
                                  "in the OCSP response: not verified: no list "
                                  "of logs");
        duet_wipe(&duet);
    }
}

static void they_come_in_all_three_places(void **state)
{
    uint8_t one[512], two[512], three[512];
    struct hf_span in_cert = list_of(one, 'a', 1);
    char *chain = chain_with(in_cert);
    struct hf_sct sct;

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version);
        hf_config_free(duet.server_config);
        duet.server_config = hf_config_new();
        assert_true(hf_config_set_clock(duet.server_config, scene_clock, NULL));
        assert_true(hf_config_add_keypair(duet.server_config,
                                          hf_span_text(chain),
                                          hf_span_text(authority.certs.key)));
        assert_true(
            hf_config_add_scts(duet.server_config, list_of(two, 'j', 2)));
        assert_true(hf_config_add_staple(
            duet.server_config, staple_with(chain, list_of(three, 'x', 1))));
        assert_true(hf_config_ask_scts(duet.client_config, true));
        assert_true(hf_config_ask_staple(duet.client_config, true));
        meet();
        assert_int_equal(hf_conn_scts(duet.client), 4);
        same_sct(0, HF_SCT_CERTIFICATE, 'a', 0);
        same_sct(1, HF_SCT_TLS, 'j', 0);
        same_sct(2, HF_SCT_TLS, 'k', 1);
        same_sct(3, HF_SCT_OCSP, 'x', 0);
        assert_false(hf_conn_sct(duet.client, 4, &sct));
        assert_int_equal(sct.version, 0);
        assert_non_null(strstr(told, "1 in the certificate, 2 in the "
                                     "handshake, 1 in the OCSP"));
        duet_wipe(&duet);
    }
    free(chain);
}

static void who_does_not_ask_is_given_none(void **state)
{
    uint8_t room[512];

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version);
        assert_true(
            hf_config_add_scts(duet.server_config, list_of(room, 'a', 2)));
        meet();
        assert_int_equal(hf_conn_scts(duet.client), 0);
        assert_string_equal(told, "");
        duet_wipe(&duet);
        begin(version);
        assert_true(hf_config_ask_scts(duet.client_config, true));
        meet(); /* and who has none gives none */
        assert_int_equal(hf_conn_scts(duet.client), 0);
        duet_wipe(&duet);
    }
}

static void they_travel_compressed_too(void **state)
{
    const uint16_t zlib[] = { HF_COMPRESSION_ZLIB, 0 };
    const struct hf_crypto c = { &hf_libcrypto, NULL };
    uint8_t room[512];

    (void)state;
    if (!hf_compression_by_number(&c, HF_COMPRESSION_ZLIB)) {
        print_message("# SKIP: no zlib in this build (apt install "
                      "zlib1g-dev)\n");
        skip();
    }
    begin(HF_TLS13);
    assert_true(hf_config_ask_scts(duet.client_config, true));
    assert_true(hf_config_add_scts(duet.server_config, list_of(room, 'a', 2)));
    assert_true(hf_config_set_cert_compression(duet.client_config, zlib));
    assert_true(hf_config_set_cert_compression(duet.server_config, zlib));
    meet();
    assert_int_equal(hf_conn_scts(duet.client), 2);
    duet_wipe(&duet);
}

/* As many as fit into a list: the first ones are told, in no more time than
 * that takes. */
static void more_than_anybody_reads_are_counted_only(void **state)
{
    uint8_t list[2 + 3 * 1000] = { 3000 >> 8, 3000 & 0xff };
    struct hf_sct sct;

    (void)state;
    for (size_t i = 2; i < sizeof(list); i += 3) {
        list[i + 1] = 1;
        list[i + 2] = 7;
    }
    begin(HF_TLS13);
    assert_true(hf_config_ask_scts(duet.client_config, true));
    assert_true(hf_config_add_scts(duet.server_config, HF_SPAN(list)));
    meet();
    assert_int_equal(hf_conn_scts(duet.client), 1000);
    assert_true(hf_conn_sct(duet.client, HF_SCTS_MAX - 1, &sct));
    assert_int_equal(sct.version, 8);
    assert_false(hf_conn_sct(duet.client, HF_SCTS_MAX, &sct));
    duet_wipe(&duet);
}

/* ---- what a server may be given ------------------------------------------------------------- */

static void what_is_no_list_is_not_taken(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool good;
    } rows[] = {
        { "", 0, false },
        { "\0\0", 2, false },
        { "\0\1\0", 3, false },
        { "\0\2\0\0", 4, false },         /* an empty one in it */
        { "\0\3\0\1\0", 5, false },       /* version 1, cut */
        { "\0\3\0\1\5", 5, true },        /* another version */
        { "\0\3\0\1\5\5", 6, false },     /* a byte behind */
        { "\0\6\0\1\5\0\1\6", 8, true },  /* two */
        { "\0\6\0\1\5\0\2\6", 8, false }, /* the second cut */
    };
    static uint8_t large[8193];
    uint8_t room[512];
    struct hf_span list;
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_false(hf_config_add_scts(c, list_of(room, 'a', 1)));
    hf_config_clear_error(c);
    assert_true(hf_config_add_keypair(c, hf_span_text(authority.certs.chain),
                                      hf_span_text(authority.certs.key)));
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        assert_int_equal(
            hf_config_add_scts(c, hf_span(rows[i].bytes, rows[i].len)),
            rows[i].good);
        if (!rows[i].good)
            assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
        hf_config_clear_error(c);
    }
    assert_false(hf_config_add_scts(c, HF_SPAN(large)));
    hf_config_clear_error(c);
    /* Version 1 must be so to its last byte. */
    list = list_of(room, 'a', 1);
    for (size_t len = 1; len <= SCT_LEN; len++) {
        hf_store_number(room, 2 + len, 2);
        hf_store_number(room + 2, len, 2);
        assert_int_equal(hf_config_add_scts(c, hf_span(list.at, 4 + len)),
                         len == SCT_LEN);
        hf_config_clear_error(c);
    }
    assert_true(hf_config_freeze(c));
    assert_false(hf_config_add_scts(c, list_of(room, 'a', 1)));
    assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN);
    assert_false(hf_config_ask_scts(c, true));
    hf_config_free(c);
}

/* ---- a rogue on the way ------------------------------------------------------------------------ */

ATTACK_ON(hello, HF_CLIENT_HELLO, attack_set)
ATTACK_ON(answer, HF_ENCRYPTED_EXTENSIONS, attack_add)

/* An extension behind a certificate, of which so many stand before it. */
static void add_to_cert(struct rogue *r, struct rogue_record *record)
{
    struct hf_span body = attack_bytes(r);
    size_t block = 8;
    uint8_t head[4];

    if (!edit_is(record, HF_CERTIFICATE) || r->step++)
        return;
    for (uint32_t i = 0; i < attack_row(r)->number; i++) {
        block += 3 + hf_number(record->bytes + block, 3);
        block += 2 + hf_number(record->bytes + block, 2);
    }
    block += 3 + hf_number(record->bytes + block, 3);
    assert_int_equal(hf_number(record->bytes + block, 2), 0);
    edit_splice(record, block + 2, 0, body);
    hf_store_number(head, 18, 2);
    hf_store_number(head + 2, body.len, 2);
    edit_splice(record, block + 2, 0, HF_SPAN(head));
    hf_store_number(record->bytes + block, 4 + body.len, 2);
    hf_store_number(record->bytes + 5,
                    hf_number(record->bytes + 5, 3) + 4 + body.len, 3);
}

static void what_was_not_asked_is_refused(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "unasked", add_to_cert, HF_E_UNSOLICITED, ANY_BYTE, NULL, 0,
        "\0\3\0\1\5") ATTACK("in EncryptedExtensions", answer, HF_E_MISPLACED,
                             ANY_BYTE, NULL, 18, "\0\3\0\1\5") };

    (void)state;
    attack_all(SCENE_FULL, HF_CLIENT, rows, HF_COUNT(rows));
}

static void lists_are_read_with_care(void **state)
{
    static const struct attack hellos[] = { ATTACK(
        "a wish with words", hello, HF_E_TRAILING, ANY_BYTE, NULL, 18, "\0") };
    static const struct attack rows[] = {
        ATTACK("no list", add_to_cert, HF_E_TRUNCATED, ANY_BYTE, NULL, 0, "")
            ATTACK("an empty list", add_to_cert, HF_E_BOUNDS, ANY_BYTE, NULL, 0,
                   "\0\0") ATTACK("an empty one", add_to_cert, HF_E_BOUNDS,
                                  ANY_BYTE, NULL, 0, "\0\2\0\0")
                ATTACK("one cut", add_to_cert, HF_E_TRUNCATED, ANY_BYTE, NULL,
                       0, "\0\3\0\2\5")
                    ATTACK("a byte behind", add_to_cert, HF_E_TRAILING,
                           ANY_BYTE, NULL, 0, "\0\3\0\1\5\0")
    };
    struct stage stage;

    (void)state;
    attack_all(SCENE_FULL, HF_SERVER, hellos, HF_COUNT(hellos));
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_ask_scts(stage.client, true));
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        attack_in(&stage, HF_CLIENT, &rows[i]);
    stage_clear(&stage);
}

/* RFC 8446 4.4.2.1: those of the peer's own certificate count; others are read
 * as strictly and passed over. */
static void those_of_another_certificate_are_passed_over(void **state)
{
    static const struct attack rows[] = { ATTACK(
        "the leaf's", add_to_cert, HF_OK, ANY_BYTE, NULL, 0,
        "\0\3\0\1\5") ATTACK("its issuer's", add_to_cert, HF_OK, ANY_BYTE, NULL,
                             1, "\0\3\0\1\5") ATTACK("no list", add_to_cert,
                                                     HF_E_BOUNDS, ANY_BYTE,
                                                     NULL, 1, "\0\0") };
    static struct rogue rogue;
    struct stage stage;

    (void)state;
    assert_true(stage_set(&stage, SCENE_FULL, attack_certs()));
    assert_true(hf_config_ask_scts(stage.client, true));
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        attack_in(&stage, HF_CLIENT, &rows[i]);
        assert_true(rogue_begin(&rogue, &stage, "localhost", add_to_cert));
        rogue.ctx = (void *)(uintptr_t)&rows[i];
        assert_false(rogue_run(&rogue));
        assert_int_equal(hf_conn_scts(rogue.end[HF_CLIENT].conn), i == 0);
        rogue_end(&rogue);
    }
    stage_clear(&stage);
}

/* What the library does not understand it hands on. */
static void malformed_ones_are_told_and_do_no_harm(void **state)
{
    struct hf_sct sct;
    uint8_t v1[SCT_LEN + 4];

    (void)state;
    list_of(v1, 'a', 1);
    assert_true(hf_sct_read(hf_span(v1 + 4, SCT_LEN), HF_SCT_OCSP, &sct));
    assert_int_equal(sct.log_id.len, 32);
    assert_false(hf_sct_read(hf_span(v1 + 4, SCT_LEN - 1), HF_SCT_OCSP, &sct));
    assert_int_equal(sct.version, 1);
    assert_int_equal(sct.log_id.len, 0);
    assert_int_equal(sct.bytes.len, SCT_LEN - 1);
    assert_true(hf_sct_read(hf_span("\1junk", 5), HF_SCT_OCSP, &sct));
    assert_int_equal(sct.version, 2);
    assert_int_equal(sct.log_id.len, 0);
    assert_false(hf_sct_read(hf_span("", 0), HF_SCT_OCSP, &sct));
}

/* ---- signature_algorithms_cert (RFC 8446 4.2.3) ------------------------------------------------- */

static char lists[2][100]; /* as the server read them */

static void note_lists(struct rogue *r, struct rogue_record *record)
{
    (void)r;
    if (!edit_is(record, HF_CLIENT_HELLO) &&
        !edit_is(record, HF_CERTIFICATE_REQUEST))
        return;
    assert_true(hf_hex(lists[0], sizeof(lists[0]), edit_body(record, 13)));
    lists[1][0] = '\0';
    if (edit_find(record, 50))
        assert_true(hf_hex(lists[1], sizeof(lists[1]), edit_body(record, 50)));
}

static void play(const uint16_t *schemes, const uint16_t *cert)
{
    static struct rogue rogue;
    struct stage stage;

    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    for (int i = 0; i < 2; i++) {
        struct hf_config *c = i ? stage.server : stage.client;

        assert_true(hf_config_set_verify_signatures(c, schemes));
        assert_true(!cert || hf_config_set_cert_signatures(c, cert));
    }
    assert_true(rogue_begin(&rogue, &stage, "localhost", note_lists));
    assert_true(rogue_run(&rogue));
    rogue_end(&rogue);
    stage_clear(&stage);
}

static void the_second_list_is_said_where_it_differs(void **state)
{
    static const uint16_t some[] = { 0x0403, 0x0503, 0 };
    static const uint16_t other[] = { 0x0503, 0x0403, 0x0401, 0 };

    (void)state;
    play(some, NULL);
    assert_string_equal(lists[0], "000404030503");
    assert_string_equal(lists[1], "");
    play(some, some);
    assert_string_equal(lists[1], "");
    play(some, other);
    assert_string_equal(lists[0], "000404030503");
    assert_string_equal(lists[1], "0006050304030401");
}

/* Both certificates of the chain are signed with ECDSA P-256 and SHA-256. */
static void a_certificate_signed_otherwise_is_refused(void **state)
{
    static const uint16_t ed25519[] = { 0x0807, 0 };

    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version);
        assert_true(hf_config_set_cert_signatures(duet.client_config, ed25519));
        assert_true(duet_start(&duet, "localhost"));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_CERT_ALGORITHM);
        assert_int_equal(hf_conn_error(duet.server)->alert, 42);
        duet_wipe(&duet);
    }
}

static void the_list_must_be_one_that_can_be_kept(void **state)
{
    static const uint16_t unknown[] = { 0x0403, 0x7777, 0 }, none[] = { 0 };
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_false(hf_config_set_cert_signatures(c, none));
    hf_config_clear_error(c);
    assert_true(hf_config_set_cert_signatures(c, unknown));
    assert_false(hf_config_freeze(c));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(c);
    /* A policy is the whole truth about lists. */
    assert_true(hf_config_set_policy(c, "default"));
    assert_true(hf_config_freeze(c));
    assert_false(hf_config_set_cert_signatures(c, unknown));
    assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN);
    hf_config_free(c);
}

static int open_all(void **state)
{
    return attack_open(state) ? -1 : authority_open(state);
}

static int close_all(void **state)
{
    return authority_close(state) ? -1 : attack_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_the_handshake),
        cmocka_unit_test(they_come_in_all_three_places),
        cmocka_unit_test(who_does_not_ask_is_given_none),
        cmocka_unit_test(they_travel_compressed_too),
        cmocka_unit_test(more_than_anybody_reads_are_counted_only),
        cmocka_unit_test(what_is_no_list_is_not_taken),
        cmocka_unit_test(what_was_not_asked_is_refused),
        cmocka_unit_test(lists_are_read_with_care),
        cmocka_unit_test(those_of_another_certificate_are_passed_over),
        cmocka_unit_test(malformed_ones_are_told_and_do_no_harm),
        cmocka_unit_test(the_second_list_is_said_where_it_differs),
        cmocka_unit_test(a_certificate_signed_otherwise_is_refused),
        cmocka_unit_test(the_list_must_be_one_that_can_be_kept),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
