/* check_test.c - the checker by itself: handed a path by hand, it refuses
 * whatever is wrong with it, whoever made it. */
#include "x509/scene.h"

static struct scene s;
static struct fake fake;
static struct hf_checker checker;
static struct hf_cert *path[HF_PATH_MAX + 1];
static size_t depth;

static int begin(void **state)
{
    (void)state;
    scene_init(&s);
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    memset(&checker, 0, sizeof(checker));
    checker.v = &s.v;
    checker.signatures = 100;
    checker.comparisons = 1000;
    depth = 0;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    hf_checker_wipe(&checker);
    while (depth)
        hf_cert_free(path[--depth]);
    scene_wipe(&s);
    return 0;
}

static void put(const struct make *m)
{
    path[depth++] = make_cert(m);
}
#define PUT(...) put(&(struct make){ __VA_ARGS__ })

/* The last of the path is trusted. */
static void trust_last(void)
{
    assert_true(hf_store_add_der(s.store, path[depth - 1]->der, &s.error));
}

static void good_path(void)
{
    PUT(LEAF);
    PUT(MIDDLE);
    PUT(ROOT);
    trust_last();
}

/* Whatever lay where the proof is to be, only a proof is there then. */
static unsigned prove(void)
{
    unsigned code;

    memset(&s.proof, 0xa5, sizeof(s.proof));
    code = hf_checker_prove(&checker, path, depth, &s.proof);
    assert_int_equal(s.proof.token, code ? 0 : HF_VERIFIED_TOKEN);
    assert_int_equal(s.proof.depth, code ? 0 : depth);
    for (size_t i = 0; i < s.proof.depth; i++)
        assert_ptr_equal(s.proof.path[i], path[i]);
    hf_verified_wipe(&s.proof);
    assert_int_equal(s.proof.token, 0);
    return code;
}

static void refused(unsigned code, size_t where, unsigned event)
{
    unsigned got = prove();

    if (got != code)
        fail_msg("%s, not %s", hf_error_name(got), hf_error_name(code));
    assert_int_equal(checker.where, where);
    assert_int_equal(checker.event, event);
}

/* The good path with one certificate replaced. */
static void replace(size_t i, const struct make *m)
{
    hf_cert_free(path[i]);
    path[i] = make_cert(m);
    if (i + 1 == depth)
        trust_last();
}
#define REPLACE(i, ...) replace(i, &(struct make){ __VA_ARGS__ })

static void a_good_path_is_proved(void **state)
{
    (void)state;
    good_path();
    assert_int_equal(prove(), HF_OK);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(prove(), HF_OK); /* nothing is verified twice */
    assert_int_equal(fake.calls, 2);
    assert_int_equal(checker.signatures, 98);
}

static void no_path_proves_nothing(void **state)
{
    (void)state;
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
}

static void the_last_must_be_in_the_store(void **state)
{
    (void)state;
    good_path();
    depth--; /* the intermediate is not */
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
    depth++;
    hf_cert_free(path[2]); /* another of that name and key */
    path[2] = make_cert(&(struct make){ ROOT, .serial = "5" });
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
    s.v.store = NULL;
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
    assert_int_equal(fake.calls, 0);
}

static void names_must_chain(void **state)
{
    (void)state;
    good_path();
    REPLACE(1, MIDDLE, .subject = "CN=Other");
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_PATH);
    REPLACE(1, MIDDLE, .issuer = "CN=Other");
    refused(HF_E_UNKNOWN_ISSUER, 1, HF_EV_CHECK_PATH);
    assert_int_equal(fake.calls, 0);
}

static void times_are_asked_of_all(void **state)
{
    (void)state;
    good_path();
    REPLACE(0, LEAF, .to = -1);
    refused(HF_E_EXPIRED, 0, HF_EV_CHECK_TIME);
    REPLACE(0, LEAF, .from = 1);
    refused(HF_E_NOT_YET_VALID, 0, HF_EV_CHECK_TIME);
    REPLACE(1, MIDDLE, .to = -1);
    refused(HF_E_EXPIRED, 1, HF_EV_CHECK_TIME);
    REPLACE(2, ROOT, .to = -1);
    refused(HF_E_EXPIRED, 2, HF_EV_CHECK_TIME);
    REPLACE(2, ROOT, .from = 1);
    refused(HF_E_NOT_YET_VALID, 2, HF_EV_CHECK_TIME);
    assert_int_equal(fake.calls, 0);
}

static void authorities_are_authorities(void **state)
{
    (void)state;
    good_path();
    REPLACE(1, MIDDLE, .ext = { CA_USE });
    refused(HF_E_NOT_A_CA, 1, HF_EV_CHECK_ISSUER);
    REPLACE(1, MIDDLE, .ext = { "basicConstraints=CA:FALSE" });
    refused(HF_E_NOT_A_CA, 1, HF_EV_CHECK_ISSUER);
    REPLACE(1, MIDDLE, .ext = { CA, "keyUsage=digitalSignature" });
    refused(HF_E_KEY_USAGE, 1, HF_EV_CHECK_ISSUER);
    REPLACE(1, MIDDLE, .ext = { CA });
    assert_int_equal(prove(), HF_OK);
    REPLACE(2, ROOT, .ext = { SKID });
    refused(HF_E_NOT_A_CA, 2, HF_EV_CHECK_ISSUER);
    REPLACE(2, ROOT, .ext = { CA, "keyUsage=cRLSign" });
    refused(HF_E_KEY_USAGE, 2, HF_EV_CHECK_ISSUER);
    REPLACE(2, ROOT, .ext = { CA ",pathlen:0" });
    refused(HF_E_PATH_LENGTH, 2, HF_EV_CHECK_ISSUER);
    REPLACE(2, ROOT, .ext = { CA ",pathlen:1" });
    assert_int_equal(prove(), HF_OK);
}

/* RFC 5280 4.2.1.9, 6.1.3 b: neither counted nor constrained; and none counts
 * itself. */
static void self_issued_authorities_are_let_off(void **state)
{
    (void)state;
    PUT(LEAF, .signer = P256_E);
    PUT(MIDDLE, .issuer = "CN=Lab Issuing", .key = P256_E, .signer = P256_B,
        .ext = { CA ",pathlen:0", "subjectAltName=DNS:x.test" });
    PUT(MIDDLE, .ext = { CA ",pathlen:0" });
    PUT(ROOT,
        .ext = { CA ",pathlen:1", "nameConstraints=excluded;DNS:x.test" });
    trust_last();
    assert_int_equal(prove(), HF_OK);
    REPLACE(0, LEAF, .subject = "CN=Lab Issuing", .issuer = "CN=Lab Issuing",
            .signer = P256_E,
            .ext = { LEAF_SAN,
                     "nameConstraints=permitted;"
                     "DNS:example.com",
                     CA });
    REPLACE(1, MIDDLE, .issuer = "CN=Lab Issuing", .key = P256_E,
            .signer = P256_B, .ext = { CA });
    REPLACE(3, ROOT, .ext = { CA, "nameConstraints=excluded;DNS:com" });
    refused(HF_E_NAME_CONSTRAINT, 0, HF_EV_CHECK_CONSTRAINTS); /* the leaf */
}

static void extensions_and_serials_are_asked_of_all(void **state)
{
    static const char odd[] = "1.2.3.4=critical,DER:0500";

    (void)state;
    good_path();
    REPLACE(0, LEAF, .ext = { LEAF_SAN, odd });
    refused(HF_E_CRITICAL_EXTENSION, 0, HF_EV_CHECK_EXTENSIONS);
    REPLACE(0, LEAF, .serial = "0");
    refused(HF_E_CERT_DER, 0, HF_EV_CHECK_EXTENSIONS);
    REPLACE(0, LEAF,
            .ext = { LEAF_SAN, "nameConstraints=permitted;DNS:example.com" });
    refused(HF_E_NAME_CONSTRAINT, 0, HF_EV_CHECK_EXTENSIONS);
    REPLACE(0, LEAF);
    REPLACE(1, MIDDLE, .ext = { CA, odd });
    refused(HF_E_CRITICAL_EXTENSION, 1, HF_EV_CHECK_EXTENSIONS);
    REPLACE(1, MIDDLE, .serial = "0");
    refused(HF_E_CERT_DER, 1, HF_EV_CHECK_EXTENSIONS);
    REPLACE(1, MIDDLE);
    REPLACE(2, ROOT, .ext = { CA, odd });
    refused(HF_E_CRITICAL_EXTENSION, 2, HF_EV_CHECK_EXTENSIONS);
    REPLACE(2, ROOT, .serial = "0");
    assert_int_equal(prove(), HF_OK);
}

static void keys_are_asked_of_all(void **state)
{
    (void)state;
    good_path();
    REPLACE(0, LEAF, .key = RSA_1024);
    refused(HF_E_WEAK_KEY, 0, HF_EV_CHECK_KEY);
    REPLACE(0, LEAF);
    REPLACE(1, MIDDLE, .key = P192);
    refused(HF_E_CERT_KEY, 1, HF_EV_CHECK_KEY);
    REPLACE(1, MIDDLE);
    REPLACE(2, ROOT, .key = RSA_1024);
    refused(HF_E_WEAK_KEY, 2, HF_EV_CHECK_KEY);
    assert_int_equal(fake.calls, 0);
}

static void purposes_and_names_are_asked(void **state)
{
    (void)state;
    good_path();
    REPLACE(0, LEAF, .ext = { LEAF_SAN, "extendedKeyUsage=clientAuth" });
    refused(HF_E_WRONG_EKU, 0, HF_EV_CHECK_USAGE);
    REPLACE(0, LEAF, .ext = { LEAF_SAN, "keyUsage=keyAgreement" });
    refused(HF_E_KEY_USAGE, 0, HF_EV_CHECK_USAGE);
    REPLACE(0, LEAF, .ext = { "subjectAltName=DNS:other.test" });
    refused(HF_E_NAME_MISMATCH, 0, HF_EV_CHECK_NAME);
    REPLACE(0, LEAF);
    REPLACE(1, MIDDLE, .ext = { CA, "extendedKeyUsage=codeSigning" });
    refused(HF_E_WRONG_EKU, 1, HF_EV_CHECK_USAGE);
    REPLACE(1, MIDDLE);
    REPLACE(2, ROOT, .ext = { CA, "extendedKeyUsage=clientAuth" });
    refused(HF_E_WRONG_EKU, 2, HF_EV_CHECK_USAGE);
    assert_int_equal(fake.calls, 0);
}

static void profiles_are_asked_of_all(void **state)
{
    (void)state;
    good_path();
    s.v.profile = HF_PROFILE_RFC5280;
    assert_int_equal(prove(), HF_OK);
    REPLACE(0, LEAF, .ext = { LEAF_SAN });
    refused(HF_E_PROFILE, 0, HF_EV_CHECK_PROFILE);
    REPLACE(0, LEAF);
    REPLACE(2, ROOT, .ext = { "basicConstraints=CA:TRUE", SKID });
    refused(HF_E_PROFILE, 2, HF_EV_CHECK_PROFILE);
}

/* The one of which all of @message is: the leaf's or the intermediate's. */
static struct hf_cert *rejected;

static bool verify_all_but_one(struct hf_span message, struct hf_span signature)
{
    (void)signature;
    return !hf_span_equal(message, rejected->tbs);
}

static void signatures_are_verified_from_the_top(void **state)
{
    (void)state;
    good_path();
    fake.verify = verify_all_but_one;
    rejected = path[1];
    refused(HF_E_CERT_SIGNATURE, 1, HF_EV_CHECK_SIGNATURE);
    assert_int_equal(fake.calls, 1); /* its key was not used for the leaf */
    assert_true(hf_checker_knows_bad(&checker, path[1], path[2]));
    assert_false(hf_checker_knows_bad(&checker, path[0], path[1]));
    refused(HF_E_CERT_SIGNATURE, 1, HF_EV_CHECK_SIGNATURE);
    assert_int_equal(fake.calls, 1); /* remembered */
}

static void the_leafs_signature_counts(void **state)
{
    (void)state;
    good_path();
    fake.verify = verify_all_but_one;
    rejected = path[0];
    refused(HF_E_CERT_SIGNATURE, 0, HF_EV_CHECK_SIGNATURE);
    assert_int_equal(fake.calls, 2);
}

static void algorithms_are_asked(void **state)
{
    (void)state;
    good_path();
    REPLACE(0, LEAF, .hash = "SHA1");
    refused(HF_E_CERT_ALGORITHM, 0, HF_EV_CHECK_SIGNATURE);
    REPLACE(0, LEAF, .hash = "SHA384"); /* the fake has no such thing */
    refused(HF_E_CERT_ALGORITHM, 0, HF_EV_CHECK_SIGNATURE);
    REPLACE(0, LEAF, .signer = ED25519);
    refused(HF_E_CERT_SIGNATURE, 0, HF_EV_CHECK_SIGNATURE);
}

static void a_fault_is_no_verdict(void **state)
{
    (void)state;
    good_path();
    fake.fault = true;
    refused(HF_E_CRYPTO, 1, HF_EV_CHECK_SIGNATURE);
    assert_int_equal(checker.count, 0); /* nothing is remembered */
    fake.fault = false;
    assert_int_equal(prove(), HF_OK);
}

static void signatures_are_paid_for(void **state)
{
    (void)state;
    good_path();
    checker.signatures = 1;
    refused(HF_E_BUDGET, 0, HF_EV_CHECK_SIGNATURE);
    checker.signatures = 1; /* the other is remembered */
    assert_int_equal(prove(), HF_OK);
}

static void constraints_are_asked_after_signatures(void **state)
{
    (void)state;
    good_path();
    REPLACE(2, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:other.test" });
    refused(HF_E_NAME_CONSTRAINT, 0, HF_EV_CHECK_CONSTRAINTS);
    assert_int_equal(fake.calls, 2);
    assert_ptr_equal(checker.fault.ca, path[2]);
    assert_ptr_equal(checker.fault.below, path[0]);
    REPLACE(2, ROOT, .ext = { CA, "nameConstraints=excluded;DNS:x.test" });
    REPLACE(1, MIDDLE, .ext = { CA, "subjectAltName=DNS:x.test" });
    refused(HF_E_NAME_CONSTRAINT, 1, HF_EV_CHECK_CONSTRAINTS);
    REPLACE(1, MIDDLE, .ext = { CA, "nameConstraints=excluded;DNS:com" });
    refused(HF_E_NAME_CONSTRAINT, 0, HF_EV_CHECK_CONSTRAINTS);
    checker.comparisons = 0;
    refused(HF_E_BUDGET, 1, HF_EV_CHECK_CONSTRAINTS);
}

/* RFC 5280 6.1.5 a and b: at the end; 6.1.3 f: on the way. */
static void policies_are_asked_after_constraints(void **state)
{
    (void)state;
    good_path();
    REPLACE(
        1, MIDDLE,
        .ext = { CA, "policyConstraints=critical,requireExplicitPolicy:0" });
    refused(HF_E_POLICY, 0, HF_EV_CHECK_POLICIES);
    assert_int_equal(fake.calls, 2);
    REPLACE(2, ROOT, .ext = { CA, "nameConstraints=permitted;DNS:other.test" });
    refused(HF_E_NAME_CONSTRAINT, 0, HF_EV_CHECK_CONSTRAINTS);
}

static void length_and_depth_are_bounded(void **state)
{
    (void)state;
    good_path();
    s.v.max_depth = 2;
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
    s.v.max_depth = 3;
    assert_int_equal(prove(), HF_OK);
    s.v.max_depth = 0;
    while (depth < HF_PATH_MAX)
        PUT(ROOT, .serial = depth % 2 ? "1" : "2");
    trust_last();
    assert_int_equal(prove(), HF_OK);
    PUT(ROOT, .serial = "3");
    trust_last();
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
}

/* As pathLenConstraint does not count them, wherever they stand. */
static void a_limit_does_not_count_the_self_issued(void **state)
{
    (void)state;
    PUT(LEAF);
    PUT(MIDDLE, .signer = P256_D);
    PUT(ROOT, .key = P256_D, .issuer = "CN=Lab Root", .signer = P256_A);
    PUT(ROOT);
    trust_last();
    s.v.max_depth = 2;
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
    s.v.max_depth = 3;
    assert_int_equal(prove(), HF_OK);
    REPLACE(1, MIDDLE, .signer = P256_D, .ext = { CA ",pathlen:0" });
    s.v.max_depth = 2;
    refused(HF_E_UNKNOWN_ISSUER, 0, HF_EV_CHECK_ANCHOR);
}

static void a_leaf_may_be_the_anchor(void **state)
{
    (void)state;
    PUT(.subject = "CN=example.com", .key = P256_C, .ext = { LEAF_SAN });
    trust_last();
    assert_int_equal(prove(), HF_OK);
    assert_int_equal(fake.calls, 0);
    s.v.now = NOW + 31 * DAY;
    refused(HF_E_EXPIRED, 0, HF_EV_CHECK_TIME);
}

/* A link is known by what is in the certificates, not by where they lie. */
static void memory_that_is_used_again_is_no_proof(void **state)
{
    struct hf_cert *copy;
    struct hf_error error = { .code = HF_OK };

    (void)state;
    good_path();
    assert_int_equal(prove(), HF_OK);
    copy = hf_cert_new(path[1]->der, &error);
    hf_cert_free(path[1]);
    path[1] = copy; /* equal: nothing to do */
    assert_int_equal(prove(), HF_OK);
    assert_int_equal(fake.calls, 2);
    REPLACE(1, MIDDLE, .serial = "2"); /* another, with the same key */
    assert_int_equal(prove(), HF_OK);
    assert_int_equal(fake.calls, 3);
    REPLACE(1, MIDDLE, .serial = "2", .key = P256_D);
    assert_int_equal(prove(), HF_OK);
    assert_int_equal(fake.calls, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

/* All that there is room for, and not what lies behind. */
static void a_proof_of_full_length_is_wiped(void **state)
{
    struct hf_verified full = { .token = HF_VERIFIED_TOKEN,
                                .depth = HF_PATH_MAX };

    (void)state;
    memset(full.status, 0xa5, sizeof(full.status));
    hf_verified_wipe(&full);
    assert_int_equal(full.depth, 0);
    assert_int_equal(full.token, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_path_is_proved),
        TEST(no_path_proves_nothing),
        TEST(the_last_must_be_in_the_store),
        TEST(names_must_chain),
        TEST(times_are_asked_of_all),
        TEST(authorities_are_authorities),
        TEST(self_issued_authorities_are_let_off),
        cmocka_unit_test(a_proof_of_full_length_is_wiped),
        TEST(extensions_and_serials_are_asked_of_all),
        TEST(keys_are_asked_of_all),
        TEST(purposes_and_names_are_asked),
        TEST(profiles_are_asked_of_all),
        TEST(signatures_are_verified_from_the_top),
        TEST(the_leafs_signature_counts),
        TEST(algorithms_are_asked),
        TEST(a_fault_is_no_verdict),
        TEST(signatures_are_paid_for),
        TEST(constraints_are_asked_after_signatures),
        TEST(policies_are_asked_after_constraints),
        TEST(length_and_depth_are_bounded),
        TEST(a_limit_does_not_count_the_self_issued),
        TEST(a_leaf_may_be_the_anchor),
        TEST(memory_that_is_used_again_is_no_proof),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
