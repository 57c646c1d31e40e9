/* staple_test.c - an OCSP response is believed if it is about the certificate,
 * signed by who may, and current; and not else. */
#include "x509/revoke_make.h"

#include <stdlib.h>

static const struct make leaf = { LEAF }, middle = { MIDDLE };

#define DELEGATE                                                              \
    .subject = "CN=Lab Responder", .key = P256_D, .issuer = "CN=Lab Issuing", \
    .signer = P256_B, .ext = { "extendedKeyUsage=OCSPSigning" }
static const struct make delegate = { DELEGATE };

static struct {
    struct hf_verify v;
    struct hf_status status;
    struct hf_error error;
    struct hf_cert *leaf, *issuer;
} now;

static int setup(void **state)
{
    (void)state;
    memset(&now, 0, sizeof(now));
    now.leaf = make_cert(&leaf);
    now.issuer = make_cert(&middle);
    now.v = (struct hf_verify){ .crypto = make_crypto(), .now = NOW };
    return 0;
}

static int teardown(void **state)
{
    hf_cert_free(now.leaf);
    hf_cert_free(now.issuer);
    return make_close(state);
}

static unsigned ask(struct hf_span der)
{
    bool ok;

    now.error = (struct hf_error){ .code = HF_OK };
    ok = hf_staple_check(&now.v, now.leaf, now.issuer, der, &now.status,
                         &now.error);
    assert_int_equal(ok, !now.error.code);
    assert_int_equal(ok, now.status.standing == HF_STANDING_GOOD);
    assert_int_equal(now.error.code == HF_E_REVOKED,
                     now.status.standing == HF_STANDING_REVOKED);
    return now.error.code;
}

static void good(struct hf_span der)
{
    if (ask(der))
        fail_msg("%s", now.error.detail);
}

static void refused(struct hf_span der, const char *words)
{
    if (ask(der) != HF_E_BAD_STAPLE)
        fail_msg("%s: %s", words, hf_error_name(now.error.code));
    if (!strstr(now.error.detail, words))
        fail_msg("\"%s\" is not in: %s", words, now.error.detail);
    assert_int_equal(now.error.alert, 113);
}

#define GOOD(...) good(STAPLE(__VA_ARGS__))
#define NOT(words, ...) refused(STAPLE(__VA_ARGS__), words)

/* ---- what is believed ---------------------------------------------------------------- */

static void the_issuer_may_answer(void **state)
{
    (void)state;
    GOOD(.by_key = false);
    assert_int_equal(now.status.source, HF_SOURCE_OCSP);
    assert_int_equal(now.status.until, NOW + DAY);
    GOOD(.by_key = true);
    GOOD(.answer = { { .hash = "SHA256" } });
    GOOD(.hash = "SHA512");
}

static void who_was_certified_for_it_may_answer(void **state)
{
    static const struct make stranger = { ROOT };
    static const struct make unchecked = {
        DELEGATE, .ext = { "extendedKeyUsage=clientAuth,OCSPSigning", LEAF_USE,
                           "noCheck=ignored" }
    };

    (void)state;
    GOOD(.signer = &delegate, .with = { &delegate });
    GOOD(.signer = &delegate, .with = { &delegate }, .by_key = true);
    GOOD(.signer = &delegate, .with = { &stranger, &middle, &delegate });
    GOOD(.signer = &unchecked, .with = { &unchecked });
}

static void a_revoked_certificate_is_told_with_all_there_is(void **state)
{
    (void)state;
    assert_int_equal(
        ask(STAPLE(.answer = { { .answer = HF_OCSP_REVOKED, .reason = 1 } })),
        HF_E_REVOKED);
    assert_string_equal(
        now.error.detail,
        "CN=leaf: the OCSP responder \"CN=Lab Issuing\" says that it was "
        "revoked "
        "on 2027-01-13 08:00:00 UTC (keyCompromise); whoever runs the peer "
        "must have another one issued");
    assert_int_equal(now.error.alert, 44);
    assert_int_equal(now.status.when, NOW - 2 * DAY);
    assert_int_equal(now.status.reason, 1);
    /* Even if the answer has grown old. */
    assert_int_equal(ask(STAPLE(.answer = { { .answer = HF_OCSP_REVOKED,
                                              .from = -9 * DAY,
                                              .to = -8 * DAY } })),
                     HF_E_REVOKED);
}

static void the_answer_may_stand_anywhere(void **state)
{
    (void)state;
    GOOD(.answer = { { .serial = "4712", .answer = HF_OCSP_REVOKED },
                     { .used = true, .serial = "471" },
                     { .used = true } });
    assert_int_equal(
        ask(STAPLE(.answer = { { .serial = "4712" },
                               { .used = true, .answer = HF_OCSP_REVOKED } })),
        HF_E_REVOKED);
    /* Of two about the same the worse counts, wherever it stands. */
    assert_int_equal(
        ask(STAPLE(.answer = { { .answer = HF_OCSP_GOOD },
                               { .used = true, .answer = HF_OCSP_REVOKED } })),
        HF_E_REVOKED);
    NOT("does not know",
        .answer = { { .answer = HF_OCSP_GOOD },
                    { .used = true, .answer = HF_OCSP_UNKNOWN } });
}

/* ---- what is not: about others ------------------------------------------------------------ */

/* Each field by itself; and 0x1267 is not 0x12, nor 0x126700. */
static void the_certid_is_compared_whole(void **state)
{
    static const struct make other_key = { MIDDLE, .key = P256_E },
                             other_name = { MIDDLE, .subject = "CN=Other" };

    (void)state;
    NOT("about other certificates", .answer = { { .serial = "18" } });
    NOT("about other certificates", .answer = { { .serial = "1206016" } });
    NOT("about other certificates", .answer = { { .serial = "4712" } });
    NOT("about other certificates", .answer = { { .issuer = &other_key } });
    NOT("about other certificates", .answer = { { .issuer = &other_name } });
    NOT("about other certificates", .answer = { { .hash = "SHA384" } });
    NOT("about other certificates", .answer = { { .hash = "MD5" } });
    /* A hash that is a beginning of the right one. */
    refused(edit(STAPLE(.answer = { { .hash = "SHA256" } }),
                 "0609608648016503040201", "0609608648016503040202"),
            "about other certificates");
}

/* ---- what is not: by others ---------------------------------------------------------------- */

static void strangers_are_not_heard(void **state)
{
    static const struct make self = { DELEGATE, .issuer = "CN=Lab Responder",
                                      .signer = P256_D },
                             root = { ROOT },
                             forged = { DELEGATE, .signer = P256_E };

    (void)state;
    NOT("neither the issuer nor in the response", .signer = &delegate);
    NOT("neither the issuer nor in the response", .signer = &delegate,
        .with = { &root });
    NOT("neither the issuer nor in the response", .signer = &root,
        .by_key = true);
    NOT("of another issuer", .signer = &root, .with = { &root });
    NOT("of another issuer", .signer = &self, .with = { &self });
    NOT("did not sign the responder's certificate", .signer = &forged,
        .with = { &forged });
}

static void purposes_are_compared_whole(void **state)
{
    static const char *const wrong[] = {
        "basicConstraints=CA:FALSE", /* none at all */
        "extendedKeyUsage=serverAuth",
        "extendedKeyUsage=anyExtendedKeyUsage",
        "extendedKeyUsage=1.3.6.1.5.5.7.3", /* beginnings of the right one */
        "extendedKeyUsage=1.3.6.1.5.5.7.3.9.1",
        "extendedKeyUsage=1.3.6.1.5.5.7.3.90",
        "extendedKeyUsage=1.3.6.1.5.5.7.48.9",
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(wrong); i++) {
        struct make m = { DELEGATE, .ext = { wrong[i] } };

        NOT("not for OCSPSigning", .signer = &m, .with = { &m });
    }
}

static void a_responder_must_be_in_order_itself(void **state)
{
    static const struct make old = { DELEGATE, .to = -DAY },
                             early = { DELEGATE, .from = DAY },
                             weak = { DELEGATE, .key = RSA_1024 },
                             zero = { DELEGATE, .serial = "0" },
                             sha1 = { DELEGATE, .hash = "SHA1" },
                             odd = { DELEGATE,
                                     .ext = { "extendedKeyUsage=OCSPSigning",
                                              "1.2.3.4=critical,DER:0500" } },
                             mute = { DELEGATE,
                                      .ext = { "extendedKeyUsage=OCSPSigning",
                                               "keyUsage=keyEncipherment" } };

    (void)state;
    NOT("not valid now", .signer = &old, .with = { &old });
    NOT("not valid now", .signer = &early, .with = { &early });
    NOT("cannot be used", .signer = &weak, .with = { &weak });
    NOT("cannot be used", .signer = &zero, .with = { &zero });
    NOT("cannot be used", .signer = &odd, .with = { &odd });
    NOT("may not sign", .signer = &mute, .with = { &mute });
    NOT("did not sign the responder's", .signer = &sha1, .with = { &sha1 });
}

static void a_revoked_responder_is_not_heard(void **state)
{
    static const struct make unchecked = {
        DELEGATE, .serial = "77",
        .ext = { "extendedKeyUsage=OCSPSigning", "noCheck=ignored" }
    };
    static const struct make checked = { DELEGATE, .serial = "77" };
    struct hf_crl *crl = make_crl(&(struct make_list){ .entry = { { "77" } } });
    struct hf_crls crls = { .at = &crl, .count = 1 };

    (void)state;
    now.v.crls = &crls;
    NOT("the responder's certificate has been revoked", .signer = &checked,
        .with = { &checked });
    GOOD(.signer = &unchecked, .with = { &unchecked });
    GOOD(.signer = &delegate, .with = { &delegate });
    now.v.crls = NULL;
    hf_crl_free(crl);
}

static void signatures_must_verify(void **state)
{
    (void)state;
    NOT("the responder's key did not sign it", .bad_signature = true);
    NOT("the responder's key did not sign it", .bad_signature = true,
        .signer = &delegate, .with = { &delegate });
    NOT("signed in a way that is not accepted", .hash = "SHA1");
}

/* ---- what is not: at another time ------------------------------------------------------------ */

static void old_and_early_answers_are_refused(void **state)
{
    (void)state;
    GOOD(.answer = { { .to = -HF_OCSP_SKEW } });
    NOT("has ended", .answer = { { .to = -HF_OCSP_SKEW - 1 } });
    GOOD(.answer = { { .from = HF_OCSP_SKEW } });
    NOT("not valid yet", .answer = { { .from = HF_OCSP_SKEW + 1 } });
    NOT("does not know the certificate",
        .answer = { { .answer = HF_OCSP_UNKNOWN } });
    now.v.any_time = true;
    GOOD(.answer = { { .to = -HF_OCSP_SKEW - 1 } });
    now.v.any_time = false;
}

static void without_an_end_it_is_good_for_a_day(void **state)
{
    int64_t most = HF_OCSP_FRESH + HF_OCSP_SKEW;

    (void)state;
    GOOD(.answer = { { .no_next = true } });
    assert_int_equal(now.status.until, NOW - 3600 + HF_OCSP_FRESH);
    GOOD(.answer = { { .no_next = true, .from = -most } });
    NOT("older than a day",
        .answer = { { .no_next = true, .from = -most - 1 } });
}

static void failures_prove_nothing(void **state)
{
    (void)state;
    NOT("proves nothing: tryLater", .status = 3);
    NOT("proves nothing: unauthorized", .status = 6);
    refused(hf_span("x", 1), "OCSPResponse: it is not a SEQUENCE");
    refused(hf_span(NULL, 0), "OCSPResponse");
}

static void a_clock_of_any_time_is_survived(void **state)
{
    static const int64_t clocks[] = { INT64_MIN, INT64_MIN + 1, 0, INT64_MAX };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(clocks); i++) {
        now.v.now = clocks[i];
        assert_int_equal(ask(STAPLE(.signer = &middle)), HF_E_BAD_STAPLE);
    }
    now.v.now = NOW;
}

/* ---- our own faults -------------------------------------------------------------------------- */

static bool no_hash(void *self, struct hf_hash_state *state)
{
    (void)self;
    (void)state;
    return false;
}

static void a_broken_hash_is_our_own_fault(void **state)
{
    static struct hf_hash broken;
    static const struct hf_hash *hashes[] = { &broken, NULL };
    struct hf_provider provider = hf_libcrypto;
    struct hf_crypto crypto = { &provider, make_crypto()->self };

    (void)state;
    broken = *hf_hash_by_id(make_crypto(), HF_SHA1);
    broken.start = no_hash;
    provider.hashes = hashes;
    now.v.crypto = &crypto;
    assert_int_equal(ask(STAPLE(.by_key = false)), HF_E_CRYPTO);
    /* Without SHA-1 such names cannot be read. */
    hashes[0] = hf_hash_by_id(make_crypto(), HF_SHA256);
    NOT("about other certificates", .by_key = false);
    GOOD(.answer = { { .hash = "SHA256" } });
    NOT("neither the issuer", .answer = { { .hash = "SHA256" } },
        .by_key = true);
    now.v.crypto = make_crypto();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_issuer_may_answer),
        cmocka_unit_test(who_was_certified_for_it_may_answer),
        cmocka_unit_test(a_revoked_certificate_is_told_with_all_there_is),
        cmocka_unit_test(the_answer_may_stand_anywhere),
        cmocka_unit_test(the_certid_is_compared_whole),
        cmocka_unit_test(strangers_are_not_heard),
        cmocka_unit_test(purposes_are_compared_whole),
        cmocka_unit_test(a_responder_must_be_in_order_itself),
        cmocka_unit_test(a_revoked_responder_is_not_heard),
        cmocka_unit_test(signatures_must_verify),
        cmocka_unit_test(old_and_early_answers_are_refused),
        cmocka_unit_test(without_an_end_it_is_good_for_a_day),
        cmocka_unit_test(failures_prove_nothing),
        cmocka_unit_test(a_clock_of_any_time_is_survived),
        cmocka_unit_test(a_broken_hash_is_our_own_fault),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
