/* verify_test.c - what makes a certificate or an authority unfit, each reason
 * provoked by itself, and the reason told. */
#include "x509/fresh.h"

/* ---- the good ones -------------------------------------------------------------------- */

static void a_good_chain_is_trusted(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 3);
    assert_ptr_equal(s.proof.path[0], s.sent[0]);
    assert_ptr_equal(s.proof.path[1], s.sent[1]);
    assert_int_equal(s.tree.spent.signatures, 2);
}

static void a_leaf_right_below_the_root_is_trusted(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = P256_A);
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 2);
}

/* Every key and every way to sign that we accept, as issuer and as leaf. */
static void every_accepted_kind_of_signature_verifies(void **state)
{
    static const struct {
        enum make_key key;
        const char *hash;
        bool pss;
    } rows[] = {
        { P256_A, "SHA256", false },   { P256_A, "SHA384", false },
        { P256_A, "SHA512", false },   { P384, "SHA384", false },
        { P384, "SHA256", false },     { P521, "SHA512", false },
        { RSA_2048, "SHA256", false }, { RSA_2048, "SHA384", false },
        { RSA_2048, "SHA512", false }, { RSA_2048, "SHA256", true },
        { RSA_2048, "SHA384", true },  { RSA_2048, "SHA512", true },
        { RSA_PSS, "SHA256", false },  { RSA_PSS, "SHA512", false },
        { ED25519, NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        TRUST(&s, ROOT, .key = rows[i].key);
        SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = rows[i].key,
             .key = rows[i].key, .hash = rows[i].hash, .pss = rows[i].pss);
        assert_code(&s, HF_OK);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void no_key_usage_and_no_eku_mean_any(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Lab Root", .key = P256_A, .ext = { CA });
    SEND(&s, LEAF, .issuer = "CN=Lab Root", .signer = P256_A,
         .ext = { LEAF_SAN });
    assert_code(&s, HF_OK);
    s.v.purpose = HF_PURPOSE_CLIENT;
    s.v.name = NULL;
    assert_code(&s, HF_OK);
    s.v.purpose = HF_PURPOSE_ANY;
    assert_code(&s, HF_OK);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void an_expired_leaf_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .to = -3 * DAY);
    send_good_middle();
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "CN=leaf: it expired on 2027-01-12 08:00:00 UTC, 3 days "
                    "ago (our clock says 2027-01-15 08:00:00 UTC)");
    assert_told(&s, "renew");
}

static void a_leaf_of_the_future_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .from = 2 * 3600);
    send_good_middle();
    assert_code(&s, HF_E_NOT_YET_VALID);
    assert_told(&s, "CN=leaf: it is not valid before 2027-01-15 10:00:00 UTC, "
                    "in 2 hours (our clock says 2027-01-15 08:00:00 UTC)");
    assert_told(&s, "clock");
}

static void both_bounds_belong_to_the_validity(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .from = -DAY, .to = DAY);
    send_good_middle();
    s.v.now = NOW - DAY;
    assert_code(&s, HF_OK);
    s.v.now = NOW + DAY;
    assert_code(&s, HF_OK);
    s.v.now = NOW - DAY - 1;
    assert_code(&s, HF_E_NOT_YET_VALID);
    assert_told(&s, "in 1 second (");
    s.v.now = NOW + DAY + 1;
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "1 second ago");
    s.v.now = INT64_MAX;
    assert_code(&s, HF_E_EXPIRED);
    s.v.now = INT64_MIN;
    assert_code(&s, HF_E_NOT_YET_VALID);
}

static void an_expired_intermediate_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .to = -DAY);
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "CN=Lab Issuing: it expired");
}

static void an_expired_anchor_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .to = -DAY);
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "CN=Lab Root: it expired");
}

/* ---- names ------------------------------------------------------------------------------------ */

static void another_name_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF,
         .ext = { "subjectAltName=DNS:a.test,DNS:*.b.test,IP:10.0.0.1" });
    send_good_middle();
    assert_code(&s, HF_E_NAME_MISMATCH);
    assert_told(&s, "CN=leaf: it is for DNS:a.test, DNS:*.b.test, IP:10.0.0.1, "
                    "not for DNS:example.com");
    assert_true(hf_peer_name_read("10.0.0.1", &s.name));
    assert_code(&s, HF_OK);
    s.v.name = NULL;
    assert_code(&s, HF_OK);
}

static void the_common_name_is_no_name(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .subject = "CN=example.com", .ext = { LEAF_USE });
    send_good_middle();
    assert_code(&s, HF_E_NAME_MISMATCH);
    assert_told(&s, "it has no subjectAltName, wanted DNS:example.com (the "
                    "common name example.com is not looked at)");
}

static void ten_thousand_names_are_told_in_a_line(void **state)
{
    char san[4000] = "subjectAltName=";
    size_t n = strlen(san);

    (void)state;
    TRUST(&s, ROOT);
    for (unsigned i = 0; n < sizeof(san) - 16; i++)
        n += (size_t)snprintf(san + n, sizeof(san) - n, "%sDNS:n%u",
                              i ? "," : "", i);
    SEND(&s, LEAF, .ext = { san });
    send_good_middle();
    assert_code(&s, HF_E_NAME_MISMATCH);
    assert_told(&s, "DNS:n5 and ");
    assert_true(strlen(s.error.detail) < sizeof(s.error.detail));
}

/* ---- trust -------------------------------------------------------------------------------------- */

static void a_self_signed_leaf_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, .subject = "CN=example.com", .key = P256_C, .ext = { LEAF_SAN });
    assert_code(&s, HF_E_SELF_SIGNED);
    assert_told(&s, "CN=example.com: it signed itself and is not among the 1 "
                    "trusted");
    s.v.store = NULL;
    assert_code(&s, HF_E_SELF_SIGNED);
    assert_told(&s, "the 0 trusted");
}

/* The server forgot its intermediate; the leaf says where it can be had. */
static void a_missing_intermediate_is_named(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Root X", .key = P256_A, .ext = { CA });
    SEND(&s, LEAF,
         .ext = { LEAF_SAN, "authorityInfoAccess=caIssuers;"
                            "URI:http://ca.test/issuing.der" });
    assert_code(&s, HF_E_MISSING_INTERMEDIATE);
    assert_told(&s, "CN=leaf: its issuer CN=Lab Issuing was not sent and is "
                    "not among the 1 trusted; the peer must send it (it can "
                    "be had at \"http://ca.test/issuing.der\")");
}

/* Without that hint: the same organization, or the same first word. */
static void a_missing_intermediate_is_guessed_by_its_name(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    assert_code(&s, HF_E_MISSING_INTERMEDIATE);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, .subject = "O=Lab/CN=Some Root", .key = P256_A, .ext = { CA });
    SEND(&s, LEAF, .issuer = "O=Lab/CN=Another Issuer");
    assert_code(&s, HF_E_MISSING_INTERMEDIATE);
}

/* authorityCertIssuer (RFC 5280 4.2.1.1) is the issuer's issuer: another one,
 * and there is a certificate between; the issuer itself, and there is none,
 * whatever its name looks like.  One that is no directoryName says nothing. */
static void a_missing_intermediate_is_told_by_the_issuers_issuer(void **state)
{
    static const struct {
        const char *akid, *root;
        unsigned code;
    } rows[] = {
        { "301ca117a4153013311130"
          "0f06035504030c084c616220526f6f74820101",
          "CN=Other Root", HF_E_MISSING_INTERMEDIATE },
        { "3022800401020304a117a4153013311130"
          "0f06035504030c084c616220526f6f74820101",
          "CN=Other Root", HF_E_MISSING_INTERMEDIATE },
        { "301fa11aa418301631143012"
          "06035504030c0b4c61622049737375696e67820101",
          "CN=Other Root", HF_E_UNKNOWN_ISSUER },
        { "301fa11aa418301631143012"
          "06035504030c0b4c61622049737375696e67820101",
          "CN=Lab Root", HF_E_UNKNOWN_ISSUER },
        { "3008a103820161820101", "CN=Other Root", HF_E_UNKNOWN_ISSUER },
        { "3008a103820161820101", "CN=Lab Root", HF_E_MISSING_INTERMEDIATE },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        char akid[200];

        snprintf(akid, sizeof(akid), "2.5.29.35=DER:%s", rows[i].akid);
        TRUST(&s, .subject = rows[i].root, .key = P256_A, .ext = { CA });
        SEND(&s, LEAF, .ext = { LEAF_SAN, akid });
        if (scene_ask(&s) != rows[i].code)
            fail_msg("row %zu: %s", i, s.error.detail);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void an_unknown_authority_is_named(void **state)
{
    (void)state;
    TRUST(&s, .subject = "CN=Other Root", .key = P256_D, .ext = { CA });
    SEND(&s, LEAF);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "CN=leaf: its issuer CN=Lab Issuing is not among the 1 "
                    "trusted and was not sent");
    send_good_middle();
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "CN=Lab Issuing: its issuer CN=Lab Root is not among");
    SEND(&s, ROOT);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "CN=Lab Root: the chain ends in this root, which is not "
                    "among the 1 trusted");
}

static void nothing_sent_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    assert_code(&s, HF_E_EMPTY_CHAIN);
    s.v.count = 1; /* and a hole instead of the leaf */
    assert_code(&s, HF_E_EMPTY_CHAIN);
}

static void an_anchor_that_cannot_be_used_is_told(void **state)
{
    static uint8_t der[4096];
    static char pem[4096];
    size_t added;
    struct hf_error error = { .code = HF_OK };

    (void)state;
    make_pem(hf_span(der, make_der(&(struct make){ .subject = "CN=Lab Root",
                                                   .v1 = true },
                                   der, sizeof(der))),
             pem, sizeof(pem));
    assert_true(hf_store_add_pem(s.store, hf_span_text(pem), true, NULL, NULL,
                                 &added, &error));
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    assert_told(&s, "one of that name is there, but cannot be used: version");
}

/* ---- purposes and uses ---------------------------------------------------------------------------- */

static void another_purpose_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF,
         .ext = { LEAF_SAN, "extendedKeyUsage=clientAuth,"
                            "emailProtection" });
    send_good_middle();
    assert_code(&s, HF_E_WRONG_EKU);
    assert_told(&s, "CN=leaf: it is for clientAuth, emailProtection, not for "
                    "serverAuth; have it issued with extKeyUsage serverAuth");
    s.v.purpose = HF_PURPOSE_CLIENT;
    assert_code(&s, HF_OK);
    s.v.purpose = HF_PURPOSE_ANY;
    assert_code(&s, HF_OK);
}

static void a_server_is_no_client(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    send_good_middle();
    s.v.purpose = HF_PURPOSE_CLIENT;
    assert_code(&s, HF_E_WRONG_EKU);
    assert_told(&s, "not for clientAuth");
}

static void any_purpose_is_none_of_a_leaf(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN, "extendedKeyUsage=anyExtendedKeyUsage" });
    send_good_middle();
    assert_code(&s, HF_E_WRONG_EKU);
    assert_told(&s, "anyExtendedKeyUsage");
}

static void purposes_of_an_authority_hold_below_it(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .ext = { CA, CA_USE, "extendedKeyUsage=clientAuth" });
    assert_code(&s, HF_E_WRONG_EKU);
    assert_told(&s, "CN=Lab Issuing: it is for clientAuth, not for serverAuth; "
                    "have the chain issued by an authority for serverAuth");
    hf_cert_free(s.sent[1]);
    s.count = 1;
    SEND(&s, MIDDLE,
         .ext = { CA, CA_USE, "extendedKeyUsage=anyExtendedKeyUsage" });
    assert_code(&s, HF_OK);
}

static void purposes_of_an_anchor_hold_below_it(void **state)
{
    (void)state;
    TRUST(&s, ROOT, .ext = { CA, CA_USE, "extendedKeyUsage=emailProtection" });
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_E_WRONG_EKU);
    scene_wipe(&s);
    scene_init(&s);
    TRUST(&s, ROOT, .ext = { CA, CA_USE, "extendedKeyUsage=serverAuth" });
    SEND(&s, LEAF);
    send_good_middle();
    assert_code(&s, HF_OK);
}

static void a_key_that_may_not_sign_is_refused(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN, "keyUsage=keyEncipherment" });
    send_good_middle();
    assert_code(&s, HF_E_KEY_USAGE);
    assert_told(&s, "CN=leaf: its key may be used for keyEncipherment only");
    s.v.leaf_usage = HF_USE_KEY_ENCIPHERMENT; /* RSA key transport */
    assert_code(&s, HF_OK);
    s.v.leaf_usage = HF_USE_KEY_ENCIPHERMENT | HF_USE_DIGITAL_SIGNATURE;
    assert_code(&s, HF_E_KEY_USAGE);
    s.v.leaf_usage = HF_USE_ANY;
    assert_code(&s, HF_OK);
    s.v.leaf_usage = 0;
    s.v.purpose = HF_PURPOSE_ANY;
    assert_code(&s, HF_OK);
}

/* ---- which of several reasons ---------------------------------------------------------------------------------- */

static void the_most_telling_reason_wins(void **state)
{
    (void)state;
    /* Expired, of unknown origin, and for another name: expired. */
    SEND(&s, LEAF, .to = -DAY, .ext = { "subjectAltName=DNS:other.test" });
    assert_code(&s, HF_E_EXPIRED);
    /* Of unknown origin and for another name: nobody knows who says so. */
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(
        &(struct make){ LEAF, .ext = { "subjectAltName=DNS:other.test" } });
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    /* Of known origin and for another name: the name. */
    TRUST(&s, ROOT);
    send_good_middle();
    assert_code(&s, HF_E_NAME_MISMATCH);
    assert_int_equal(s.tree.spent.signatures, 0); /* for nothing */
    /* An expired authority and another name: the authority. */
    hf_cert_free(s.sent[1]);
    s.sent[1] = make_cert(&(struct make){ MIDDLE, .to = -DAY });
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "CN=Lab Issuing");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_chain_is_trusted),
        TEST(a_leaf_right_below_the_root_is_trusted),
        TEST(every_accepted_kind_of_signature_verifies),
        TEST(no_key_usage_and_no_eku_mean_any),
        TEST(an_expired_leaf_is_refused),
        TEST(a_leaf_of_the_future_is_refused),
        TEST(both_bounds_belong_to_the_validity),
        TEST(an_expired_intermediate_is_refused),
        TEST(an_expired_anchor_is_refused),
        TEST(another_name_is_refused),
        TEST(the_common_name_is_no_name),
        TEST(ten_thousand_names_are_told_in_a_line),
        TEST(a_self_signed_leaf_is_refused),
        TEST(a_missing_intermediate_is_named),
        TEST(a_missing_intermediate_is_guessed_by_its_name),
        TEST(a_missing_intermediate_is_told_by_the_issuers_issuer),
        TEST(an_unknown_authority_is_named),
        TEST(nothing_sent_is_refused),
        TEST(an_anchor_that_cannot_be_used_is_told),
        TEST(another_purpose_is_refused),
        TEST(a_server_is_no_client),
        TEST(any_purpose_is_none_of_a_leaf),
        TEST(purposes_of_an_authority_hold_below_it),
        TEST(purposes_of_an_anchor_hold_below_it),
        TEST(a_key_that_may_not_sign_is_refused),
        TEST(the_most_telling_reason_wins),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
