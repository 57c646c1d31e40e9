/* ocsp_test.c - OCSP responses are read whole and strictly, before anything of
 * them is believed. */
#include "x509/revoke_make.h"

#include <stdlib.h>

static const struct make responder = { .subject = "CN=Lab Responder",
                                       .key = P256_D,
                                       .issuer = "CN=Lab Issuing",
                                       .signer = P256_B,
                                       .ext = {
                                           "extendedKeyUsage=OCSPSigning" } };

static void a_response_is_read(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;
    struct hf_ocsp_single single;
    struct hf_span der = STAPLE(.answer = { { .answer = HF_OCSP_GOOD },
                                            { .used = true,
                                              .answer = HF_OCSP_REVOKED,
                                              .reason = 4,
                                              .serial = "99",
                                              .no_next = true,
                                              .hash = "SHA256" },
                                            { .used = true,
                                              .answer = HF_OCSP_UNKNOWN,
                                              .serial = "100" } },
                                .signer = &responder, .with = { &responder },
                                .by_key = true);
    struct hf_span cert;

    (void)state;
    assert_true(hf_ocsp_read(der, &ocsp, &error));
    assert_int_equal(ocsp.status, 0);
    assert_true(ocsp.by_key);
    assert_int_equal(ocsp.responder.len, 20);
    assert_true(hf_ocsp_next(&ocsp.singles, &single));
    assert_int_equal(single.answer, HF_OCSP_GOOD);
    assert_int_equal(single.this_update, NOW - 3600);
    assert_true(single.has_next);
    assert_int_equal(single.next_update, NOW + DAY);
    assert_int_equal(single.name_hash.len, 20);
    assert_true(hf_ocsp_next(&ocsp.singles, &single));
    assert_int_equal(single.answer, HF_OCSP_REVOKED);
    assert_int_equal(single.reason, 4);
    assert_int_equal(single.when, NOW - 2 * DAY);
    assert_false(single.has_next);
    assert_int_equal(single.key_hash.len, 32);
    assert_true(hf_ocsp_next(&ocsp.singles, &single));
    assert_int_equal(single.answer, HF_OCSP_UNKNOWN);
    assert_false(hf_ocsp_next(&ocsp.singles, &single));
    assert_true(hf_ocsp_next_cert(&ocsp.certs, &cert));
    assert_false(hf_ocsp_next_cert(&ocsp.certs, &cert));
}

static void a_responder_may_be_named(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;
    char name[64];

    (void)state;
    assert_true(hf_ocsp_read(STAPLE(.hash = "SHA384"), &ocsp, &error));
    assert_false(ocsp.by_key);
    hf_name_text(ocsp.responder, name, sizeof(name));
    assert_string_equal(name, "CN=Lab Issuing");
}

static void statuses_have_names(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;

    (void)state;
    assert_true(hf_ocsp_read(STAPLE(.status = 3), &ocsp, &error));
    assert_int_equal(ocsp.status, 3);
    assert_string_equal(hf_ocsp_status_text(3), "tryLater");
    assert_string_equal(hf_ocsp_status_text(6), "unauthorized");
    assert_null(hf_ocsp_status_text(4));
    assert_null(hf_ocsp_status_text(7));
}

/* ---- what is refused -------------------------------------------------------------- */

static void refused(struct hf_span der, const char *words)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;

    if (hf_ocsp_read(der, &ocsp, &error))
        fail_msg("read, although: %s", words);
    assert_int_equal(error.code, HF_E_BAD_STAPLE);
    assert_int_equal(error.alert, 113);
    assert_null(ocsp.tbs.at);
    if (!strstr(error.detail, words))
        fail_msg("\"%s\" is not in: %s", words, error.detail);
}

static struct hf_span bytes_of(const char *hex)
{
    static uint8_t bytes[512];
    size_t len;

    assert_true(hf_unhex(hf_span_text(hex), bytes, sizeof(bytes), &len));
    return hf_span(bytes, len);
}

static void what_is_no_response_is_refused(void **state)
{
    (void)state;
    refused(bytes_of("30030a010300"), "not a SEQUENCE that ends");
    refused(bytes_of(""), "not a SEQUENCE");
    refused(bytes_of("30030a0104"), "it is none that there is");
    refused(bytes_of("30030a0107"), "it is none that there is");
    refused(bytes_of("3003020103"), "it is none that there is");
    refused(bytes_of("30050a0103a000"), "something follows an error");
    refused(bytes_of("30030a0100"), "not a type and a response");
    refused(bytes_of("300e0a0100a009300706032a03040400"),
            "not a basic response");
}

static void critical_extensions_spoil_the_whole(void **state)
{
    (void)state;
    refused(STAPLE(.ext = "1.2.3.4=critical,DER:0500"),
            "critical extension is not understood");
    refused(STAPLE(.answer = { { .ext = "1.2.3.4=critical,DER:0500" } }),
            "critical extension is not understood");
    /* Even behind the answer that is wanted. */
    refused(STAPLE(.answer = { { .answer = HF_OCSP_GOOD },
                               { .used = true,
                                 .serial = "9",
                                 .ext = "1.2.3.4=critical,DER:0500" } }),
            "critical extension is not understood");
    /* A nonce nobody asked for is one that is passed over. */
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;

    assert_true(hf_ocsp_read(STAPLE(.ext = "1.3.6.1.5.5.7.48.1.2=DER:040107"),
                             &ocsp, &error));
}

/* Whoever reads after a failure learns that it cannot be read, and the first
 * reason stays. */
static void the_first_reason_stays(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp = { .status = 3 };

    (void)state;
    (void)hf_fail(&error, HF_E_EXPIRED, "it was before");
    assert_false(hf_ocsp_read(bytes_of("3003020103"), &ocsp, &error));
    assert_int_equal(error.code, HF_E_EXPIRED);
    assert_string_equal(error.detail, "it was before");
    assert_null(error.field);
    assert_int_equal(ocsp.status, 0);
    assert_null(ocsp.tbs.at);
}

/* Each part of a good response, made wrong. */
static void malformed_parts_are_refused(void **state)
{
    static const struct {
        const char *what, *with, *words;
    } rows[] = {
        { "06092b0601050507300101", "06092b0601050507300102",
          "not a basic response" },
        { "300a06082a8648ce3d040302", "300a05082a8648ce3d040302",
          "AlgorithmIdentifier" },
        { "a118301631", "a318301631", "neither a name nor a key" },
        { "a118301631", "a118311631", "not a Name" },
        { "300906052b0e03021a05000414", "300906052b0e03021a05000514",
          "CertID is malformed" },
        { "02021267", "02020067", "CertID is malformed" },
        { "021267800018", "021267800118", "certStatus is malformed" },
        { "021267800018", "021267830018", "certStatus is malformed" },
    };
    struct hf_span good = STAPLE(.answer = { { .answer = HF_OCSP_GOOD } });
    uint8_t *bytes = malloc(good.len);
    size_t len = good.len;

    (void)state;
    memcpy(bytes, good.at, len);
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        refused(edit(hf_span(bytes, len), rows[i].what, rows[i].with),
                rows[i].words);
    for (size_t cut = 0; cut < len; cut++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_ocsp ocsp;

        assert_false(hf_ocsp_read(hf_span(bytes, cut), &ocsp, &error));
    }
    free(bytes);
}

/* What was revoked, when, and why, each made wrong. */
static void malformed_revocations_are_refused(void **state)
{
    static const struct {
        const char *what, *with;
    } rows[] = {
        { "a116180f", "a116160f" },     /* no GeneralizedTime */
        { "a0030a0104", "a1030a0104" }, /* another tag around the reason */
        { "a0030a0104", "a003020104" }, /* a number, not a choice */
        { "a0030a0104", "a0030a0107" }, /* RFC 5280 5.3.1: 7 is not used */
    };
    struct hf_span der = STAPLE(.answer = { { .answer = HF_OCSP_REVOKED,
                                              .reason = 4 } });
    uint8_t *bytes = malloc(der.len);
    size_t len = der.len;

    (void)state;
    memcpy(bytes, der.at, len);
    for (size_t i = 0; i < HF_COUNT(rows); i++)
        refused(edit(hf_span(bytes, len), rows[i].what, rows[i].with),
                "certStatus is malformed");
    free(bytes);
}

static void a_key_is_named_by_20_bytes(void **state)
{
    struct hf_span der = STAPLE(.signer = &responder, .with = { &responder },
                                .by_key = true);

    (void)state;
    refused(edit(der, "a2160414", "a2160514"), "not a SHA-1 of a key");
}

/* The list of certificates ends after the first of two. */
static void nothing_follows_the_certificates(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span der = STAPLE(.with = { &responder, &responder });
    struct hf_ocsp ocsp;
    struct hf_span cert;
    struct hf_der r;
    uint8_t *lengths;

    (void)state;
    assert_true(hf_ocsp_read(der, &ocsp, &error));
    r = ocsp.certs;
    assert_true(hf_ocsp_next_cert(&r, &cert));
    lengths = (uint8_t *)(uintptr_t)cert.at - 8; /* a0 82 .. .. 30 82 .. .. */
    assert_int_equal(hf_number(lengths, 2), 0xa082);
    assert_int_equal(hf_number(lengths + 4, 2), 0x3082);
    hf_store_number(lengths + 2, cert.len + 4, 2);
    hf_store_number(lengths + 6, cert.len, 2);
    refused(der, "something follows its end");
}

static void times_must_make_sense(void **state)
{
    (void)state;
    refused(STAPLE(.answer = { { .to = -2 * DAY } }), "before its thisUpdate");
}

static void certificates_are_counted(void **state)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_ocsp ocsp;
    struct hf_span cert, certs, der;
    size_t n = 0;

    (void)state;
    der = STAPLE(.with = { &responder, &responder, &responder });
    assert_true(hf_ocsp_read(der, &ocsp, &error));
    certs = hf_span(ocsp.certs.base + ocsp.certs.at,
                    ocsp.certs.end - ocsp.certs.at);
    assert_true(certs.len > 300);
    for (struct hf_der r = ocsp.certs; hf_ocsp_next_cert(&r, &cert); n++)
        assert_int_equal(cert.at[0], HF_DER_SEQUENCE);
    assert_int_equal(n, 3);
#define R &responder
    assert_true(hf_ocsp_read(STAPLE(.with = { R, R, R, R, R, R, R, R }), &ocsp,
                             &error));
    refused(STAPLE(.with = { R, R, R, R, R, R, R, R, R }), "more than 8");
#undef R
}

/* One bit in each byte: it is refused, or all of it lies inside. */
static void a_flipped_bit_does_no_harm(void **state)
{
    struct hf_span good = STAPLE(.signer = &responder, .with = { &responder });
    uint8_t *bytes = malloc(good.len);
    size_t len = good.len, read = 0;

    (void)state;
    memcpy(bytes, good.at, len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_ocsp_single single;
        struct hf_ocsp ocsp;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (hf_ocsp_read(hf_span(bytes, len), &ocsp, &error)) {
            read++;
            while (!hf_der_done(&ocsp.singles))
                assert_true(hf_ocsp_next(&ocsp.singles, &single));
        } else {
            assert_int_equal(error.code, HF_E_BAD_STAPLE);
            assert_non_null(error.field);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(read > 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_is_read),
        cmocka_unit_test(a_responder_may_be_named),
        cmocka_unit_test(statuses_have_names),
        cmocka_unit_test(what_is_no_response_is_refused),
        cmocka_unit_test(the_first_reason_stays),
        cmocka_unit_test(critical_extensions_spoil_the_whole),
        cmocka_unit_test(malformed_parts_are_refused),
        cmocka_unit_test(malformed_revocations_are_refused),
        cmocka_unit_test(a_key_is_named_by_20_bytes),
        cmocka_unit_test(nothing_follows_the_certificates),
        cmocka_unit_test(times_must_make_sense),
        cmocka_unit_test(certificates_are_counted),
        cmocka_unit_test(a_flipped_bit_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
