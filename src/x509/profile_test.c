/* profile_test.c - what the profiles ask on top of what keeps us safe. */
#include "x509/fresh.h"

static void profiles_ask_for_more(void **state)
{
    static const struct {
        const char *leaf[4], *root[4];
        bool rfc, web;
        const char *told;
    } rows[] = {
        { { LEAF_SAN, AKID, LEAF_EKU }, { CA, SKID }, true, true, NULL },
        { { LEAF_SAN, LEAF_EKU }, { CA, SKID }, false, false, "authorityKey" },
        { { LEAF_SAN, AKID, LEAF_EKU }, { CA }, false, false, "subjectKey" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { "basicConstraints=CA:TRUE", SKID },
          false,
          false,
          "basicConstraints" },
        { { LEAF_SAN, AKID, LEAF_EKU, "keyUsage=digitalSignature,keyCertSign" },
          { CA, SKID },
          false,
          false,
          "no authority" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "nameConstraints=permitted;DNS:com" },
          false,
          true,
          "not critical" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "nameConstraints=critical,permitted;DNS:com" },
          true,
          true,
          NULL },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "nameConstraints=critical,permitted;DNS:.com" },
          false,
          true,
          "dot" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "nameConstraints=critical,excluded;DNS:.org" },
          false,
          true,
          "dot" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "policyConstraints=requireExplicitPolicy:9" },
          false,
          false,
          "its policyConstraints are not critical" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "policyConstraints=inhibitPolicyMapping:0" },
          false,
          false,
          "its policyConstraints are not critical" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "policyConstraints=critical,requireExplicitPolicy:9" },
          true,
          true,
          NULL },
        { { LEAF_SAN, AKID }, { CA, SKID }, true, false, "extKeyUsage" },
        { { LEAF_SAN, AKID, "extendedKeyUsage=critical,serverAuth" },
          { CA, SKID },
          true,
          false,
          "critical" },
        { { LEAF_SAN, AKID, "extendedKeyUsage=serverAuth,anyExtendedKeyUsage" },
          { CA, SKID },
          true,
          false,
          "anyExtendedKeyUsage" },
        { { LEAF_SAN, AKID, LEAF_EKU, CA },
          { CA, SKID },
          true,
          false,
          "used as a leaf" },
        { { "subjectAltName=critical,DNS:example.com", AKID, LEAF_EKU },
          { CA, SKID },
          true,
          false,
          "subjectAltName is critical" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "extendedKeyUsage=serverAuth" },
          true,
          false,
          "root with" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "2.5.29.35=DER:3006800401020304" },
          true,
          false,
          "its own key identifier" },
        { { LEAF_SAN, AKID, LEAF_EKU },
          { CA, SKID, "authorityKeyIdentifier=keyid,issuer:always" },
          true,
          false,
          "its own key identifier" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct make root = { .subject = "CN=Lab Root", .key = P256_A };
        struct make leaf = { .subject = "CN=example.com",
                             .key = P256_C,
                             .issuer = "CN=Lab Root",
                             .signer = P256_A };

        memcpy(root.ext, rows[i].root, sizeof(rows[i].root));
        memcpy(leaf.ext, rows[i].leaf, sizeof(rows[i].leaf));
        scene_trust(&s, &root);
        scene_send(&s, &leaf);
        assert_code(&s, HF_OK);
        s.v.profile = HF_PROFILE_RFC5280;
        if ((scene_ask(&s) == HF_OK) != rows[i].rfc ||
            (!rows[i].rfc && (s.error.code != HF_E_PROFILE ||
                              !strstr(s.error.detail, rows[i].told))))
            fail_msg("row %zu, RFC: %s", i, s.error.detail);
        s.v.profile = HF_PROFILE_WEB;
        if ((scene_ask(&s) == HF_OK) != rows[i].web ||
            (!rows[i].web && (s.error.code != HF_E_PROFILE ||
                              !strstr(s.error.detail, rows[i].told))))
            fail_msg("row %zu, Web: %s", i, s.error.detail);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void an_empty_subject_wants_critical_names(void **state)
{
    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .subject = "");
    send_good_middle();
    assert_code(&s, HF_OK);
    s.v.profile = HF_PROFILE_RFC5280;
    assert_code(&s, HF_E_PROFILE);
    assert_told(&s, "DNS:example.com: it has no subject"); /* its label */
}

static void a_common_name_is_a_copy_of_an_alternative_name(void **state)
{
    static const struct {
        const char *subject, *san;
        bool good;
    } rows[] = {
        { "O=Lab", "subjectAltName=DNS:example.com", true },
        { "CN=example.com", "subjectAltName=DNS:example.com", true },
        { "CN=example.com", "subjectAltName=DNS:a.org,DNS:example.com", true },
        { "CN=example.com", "subjectAltName=DNS:*.example.com", true },
        { "CN=*.example.com", "subjectAltName=DNS:*.example.com", true },
        { "CN=example.com", "subjectAltName=IP:192.0.2.1", true },
        { "CN=192.0.2.1", "subjectAltName=IP:192.0.2.1", true },
        { "CN=2001:db8::1", "subjectAltName=IP:2001:db8::1", true },
        { "CN=Example.COM", "subjectAltName=DNS:example.com", false },
        { "CN=www.example.com", "subjectAltName=DNS:*.example.com", false },
        { "CN=example.org", "subjectAltName=DNS:a.org,IP:192.0.2.1", false },
        { "CN=192.0.2.001", "subjectAltName=IP:192.0.2.1", false },
        { "CN=0xC0000201", "subjectAltName=IP:192.0.2.1", false },
        { "CN=2001:DB8::1", "subjectAltName=IP:2001:db8::1", false },
        { "CN=2001:db8:0::1", "subjectAltName=IP:2001:db8::1", false },
        { "CN=Lab", "subjectAltName=IP:192.0.2.1", false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        TRUST(&s, ROOT);
        SEND(&s, LEAF, .subject = rows[i].subject,
             .ext = { LEAF_EKU, rows[i].san, AKID });
        send_good_middle();
        s.v.name = NULL;
        s.v.profile = HF_PROFILE_RFC5280;
        assert_code(&s, HF_OK);
        s.v.profile = HF_PROFILE_WEB;
        if (scene_ask(&s) != (rows[i].good ? HF_OK : HF_E_PROFILE))
            fail_msg("row %zu: %s", i, s.error.detail);
        if (!rows[i].good)
            assert_told(&s, "its common name is none");
        scene_wipe(&s);
        scene_init(&s);
    }
}

/* Which is a rule of the public Web, and of RSA only. */
static void rsa_is_a_whole_number_of_bytes_long(void **state)
{
    static const enum make_key kinds[] = { RSA_2048, RSA_PSS, P521 };
    struct hf_verify v = { .profile = HF_PROFILE_WEB };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        struct hf_cert *cert = make_cert(
            &(struct make){ .subject = "CN=example.com",
                            .key = kinds[i],
                            .issuer = "CN=Lab Root",
                            .signer = P256_A,
                            .ext = { LEAF_SAN, AKID, LEAF_EKU } });

        assert_null(hf_profile_broken(&v, cert, true, false));
        cert->key.bits++;
        if (kinds[i] == P521)
            assert_null(hf_profile_broken(&v, cert, true, false));
        else
            assert_string_equal(hf_profile_broken(&v, cert, true, false),
                                "its RSA modulus is not a whole number of "
                                "bytes (BR 6.1.5)");
        v.profile = HF_PROFILE_RFC5280; /* which does not care */
        assert_null(hf_profile_broken(&v, cert, true, false));
        v.profile = HF_PROFILE_WEB;
        hf_cert_free(cert);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(profiles_ask_for_more),
        TEST(an_empty_subject_wants_critical_names),
        TEST(a_common_name_is_a_copy_of_an_alternative_name),
        TEST(rsa_is_a_whole_number_of_bytes_long),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
