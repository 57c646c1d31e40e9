/* staple_test.c - OCSP responses that come along with the certificate, both
 * versions, both ends ours: asked for, given, verified, refused. */
#define HF_UNPOISONED
#include "engine/authority.h"

#include <openssl/ocsp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;

static struct hf_span good(void)
{
    return authority_says(V_OCSP_CERTSTATUS_GOOD, 3600);
}

static void begin(unsigned version, enum hf_revocation mode,
                  struct hf_span staple)
{
    assert_true(duet_init(&duet, &authority.certs));
    assert_true(hf_config_set_versions(duet.client_config, version, version));
    assert_true(hf_config_set_revocation(duet.client_config, mode));
    if (staple.len)
        assert_true(hf_config_add_staple(duet.server_config, staple));
    assert_true(duet_start(&duet, "localhost"));
}

/* ---- connections ----------------------------------------------------------------------- */

static void a_good_response_is_all_that_is_wanted(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version, HF_REVOCATION_LEAF, good());
        if (!duet_run(&duet))
            fail_msg("%s", hf_conn_error(duet.client)->detail);
        duet_wipe(&duet);
    }
}

/* It travels inside what is compressed. */
static void so_it_is_in_a_compressed_certificate(void **state)
{
    const uint16_t zlib[] = { HF_COMPRESSION_ZLIB, 0 };
    const struct hf_crypto c = { &hf_libcrypto, NULL };

    (void)state;
    if (!hf_compression_by_number(&c, HF_COMPRESSION_ZLIB)) {
        print_message("# SKIP: no zlib in this build (apt install "
                      "zlib1g-dev)\n");
        skip();
    }
    assert_true(duet_init(&duet, &authority.certs));
    assert_true(
        hf_config_set_revocation(duet.client_config, HF_REVOCATION_LEAF));
    assert_true(hf_config_add_staple(duet.server_config, good()));
    assert_true(hf_config_set_cert_compression(duet.client_config, zlib));
    assert_true(hf_config_set_cert_compression(duet.server_config, zlib));
    assert_true(duet_start(&duet, "localhost"));
    assert_true(duet_run(&duet));
    duet_wipe(&duet);
}

static void without_a_response_there_is_no_connection(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version, HF_REVOCATION_LEAF, hf_span(NULL, 0));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_NO_STATUS);
        duet_wipe(&duet);
    }
}

static void who_does_not_ask_is_told_nothing(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        size_t without;

        begin(version, HF_REVOCATION_SOFT, good());
        assert_true(duet_run(&duet));
        without = duet.to_client.total;
        duet_wipe(&duet);
        assert_true(duet_init(&duet, &authority.certs));
        assert_true(
            hf_config_set_versions(duet.client_config, version, version));
        assert_true(hf_config_ask_staple(duet.client_config, true));
        assert_true(hf_config_add_staple(duet.server_config, good()));
        assert_true(duet_start(&duet, "localhost"));
        assert_true(duet_run(&duet));
        assert_true(duet.to_client.total > without + good().len);
        duet_wipe(&duet);
    }
}

static void a_revoked_server_is_refused(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version, HF_REVOCATION_LEAF,
              authority_says(V_OCSP_CERTSTATUS_REVOKED, 3600));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_REVOKED);
        assert_int_equal(hf_conn_error(duet.server)->alert, 44);
        duet_wipe(&duet);
    }
}

static void an_old_response_is_refused(void **state)
{
    (void)state;
    for (unsigned version = HF_TLS12; version <= HF_TLS13; version++) {
        begin(version, HF_REVOCATION_LEAF,
              authority_says(V_OCSP_CERTSTATUS_GOOD, -3600));
        assert_false(duet_run(&duet));
        assert_int_equal(hf_conn_error(duet.client)->code, HF_E_BAD_STAPLE);
        duet_wipe(&duet);
    }
}

/* Take status_request out of the ServerHello that begins @wire. */
static void forget_the_promise(struct duet_wire *wire)
{
    static const uint8_t promise[4] = { 0, 5, 0, 0 };
    uint8_t *p = wire->bytes;
    size_t lengths = 5 + 4 + 2 + 32 + 1 + p[5 + 4 + 2 + 32] + 2 + 1;
    size_t at = lengths + 2;

    assert_int_equal(p[5], HF_SERVER_HELLO);
    while (memcmp(p + at, promise, sizeof(promise)) != 0)
        assert_true(++at < wire->len);
    hf_move(p + at, p + at + 4, wire->len - at - 4);
    wire->len -= 4;
    hf_store_number(p + 3, hf_number(p + 3, 2) - 4, 2);
    hf_store_number(p + 6, hf_number(p + 6, 3) - 4, 3);
    hf_store_number(p + lengths, hf_number(p + lengths, 2) - 4, 2);
}

static void a_response_that_was_not_promised_is_refused(void **state)
{
    (void)state;
    begin(HF_TLS12, HF_REVOCATION_LEAF, good());
    duet_round(&duet);
    forget_the_promise(&duet.to_client);
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_UNEXPECTED);
    duet_wipe(&duet);
}

/* What @wire carries is TLS 1.2's CertificateStatus of another kind. */
static void a_response_of_another_kind_is_refused(void **state)
{
    static const uint8_t status[] = { HF_CERTIFICATE_STATUS, 0 };
    uint8_t *p;

    (void)state;
    begin(HF_TLS12, HF_REVOCATION_LEAF, good());
    duet_round(&duet);
    p = duet.to_client.bytes;
    for (size_t i = 0; i < 2; i++) /* over ServerHello and Certificate */
        p += 5 + hf_number(p + 3, 2);
    assert_memory_equal(p + 5, status, sizeof(status));
    assert_int_equal(p[9], 1); /* ocsp; 2 is ocsp_multi */
    p[9] = 2;
    assert_false(duet_run(&duet));
    assert_int_equal(hf_conn_error(duet.client)->code, HF_E_ILLEGAL);
    assert_string_equal(hf_conn_error(duet.client)->detail,
                        "status_type is 2, not ocsp");
    duet_wipe(&duet);
}

/* ---- settings ------------------------------------------------------------------------------ */

static void what_is_no_response_is_not_taken(void **state)
{
    static uint8_t large[16385];
    struct hf_config *c = hf_config_new();

    (void)state;
    assert_non_null(c);
    assert_false(hf_config_add_staple(c, good())); /* for which certificate? */
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(c);
    assert_true(hf_config_add_keypair(c, hf_span_text(authority.certs.chain),
                                      hf_span_text(authority.certs.key)));
    assert_false(hf_config_add_staple(c, hf_span("no", 2)));
    assert_int_equal(hf_config_error(c)->code, HF_E_BAD_OPTION);
    hf_config_clear_error(c);
    assert_false(hf_config_add_staple(c, HF_SPAN(large)));
    hf_config_clear_error(c);
    assert_true(hf_config_add_staple(c, good()));
    assert_true(hf_config_add_staple(c, good())); /* a newer one */
    assert_true(hf_config_freeze(c));
    assert_false(hf_config_add_staple(c, good()));
    assert_int_equal(hf_config_error(c)->code, HF_E_FROZEN);
    hf_config_clear_error(c);
    assert_false(hf_config_ask_staple(c, true));
    hf_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_response_is_all_that_is_wanted),
        cmocka_unit_test(so_it_is_in_a_compressed_certificate),
        cmocka_unit_test(without_a_response_there_is_no_connection),
        cmocka_unit_test(who_does_not_ask_is_told_nothing),
        cmocka_unit_test(a_revoked_server_is_refused),
        cmocka_unit_test(an_old_response_is_refused),
        cmocka_unit_test(a_response_that_was_not_promised_is_refused),
        cmocka_unit_test(a_response_of_another_kind_is_refused),
        cmocka_unit_test(what_is_no_response_is_not_taken),
    };

    return cmocka_run_group_tests(tests, authority_open, authority_close);
}
