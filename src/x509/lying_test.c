/* lying_test.c - who says "trusted"?  The builder loses all of its own checks,
 * and whatever is wrong is refused as before: by the checker.  Then the checker
 * is taken away, in the ways in which validators have been fooled, and nothing
 * is trusted any more, whatever the builder has found. */
#include "x509/scene.h"

static struct scene s;

/* ---- a builder that checks nothing -------------------------------------------- */

bool __wrap_hf_check_leaf(struct hf_check *check, size_t step);
bool __wrap_hf_check_issuer(struct hf_check *check, size_t step);

bool __wrap_hf_check_leaf(struct hf_check *check, size_t step)
{
    (void)check;
    (void)step;
    return false;
}

bool __wrap_hf_check_issuer(struct hf_check *check, size_t step)
{
    (void)check;
    (void)step;
    return false;
}

/* ---- a checker that can be taken away ---------------------------------------------- */

static enum { HONEST, SAYS_YES, HALF_DONE } checker;

uint16_t __real_hf_checker_prove(struct hf_checker *c,
                                 struct hf_cert *const *path, size_t depth,
                                 struct hf_verified *out);
uint16_t __wrap_hf_checker_prove(struct hf_checker *c,
                                 struct hf_cert *const *path, size_t depth,
                                 struct hf_verified *out);

uint16_t __wrap_hf_checker_prove(struct hf_checker *c,
                                 struct hf_cert *const *path, size_t depth,
                                 struct hf_verified *out)
{
    if (checker == HONEST)
        return __real_hf_checker_prove(c, path, depth, out);
    *out = (struct hf_verified){ .token = 0 };
    if (checker == HALF_DONE) { /* all but the token */
        out->depth = depth;
        for (size_t i = 0; i < depth; i++)
            out->path[i] = hf_cert_keep(path[i]);
    }
    return HF_OK;
}

/* ---- the tests ----------------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    checker = HONEST;
    scene_init(&s);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    scene_wipe(&s);
    return 0;
}

static void a_good_path_needs_no_check_of_the_builder(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    TRUST(&s, ROOT);
    assert_code(&s, HF_OK);
    assert_int_equal(s.proof.depth, 3);
}

struct flaw {
    unsigned code;
    struct make leaf, middle, root;
};

static void whatever_the_builder_lets_through_is_refused(void **state)
{
    /* clang-format off */
    static const struct flaw flaws[] = {
        { HF_E_EXPIRED,            { LEAF, .to = -1 }, { MIDDLE }, { ROOT } },
        { HF_E_EXPIRED,            { LEAF }, { MIDDLE, .to = -1 }, { ROOT } },
        { HF_E_EXPIRED,            { LEAF }, { MIDDLE }, { ROOT, .to = -1 } },
        { HF_E_NOT_YET_VALID,      { LEAF, .from = 1 }, { MIDDLE }, { ROOT } },
        { HF_E_NAME_MISMATCH,      { LEAF, .ext = { "subjectAltName=DNS:example.net" } }, { MIDDLE }, { ROOT } },
        { HF_E_WRONG_EKU,          { LEAF, .ext = { LEAF_SAN, "extendedKeyUsage=clientAuth" } }, { MIDDLE }, { ROOT } },
        { HF_E_KEY_USAGE,          { LEAF, .ext = { LEAF_SAN, "keyUsage=keyAgreement" } }, { MIDDLE }, { ROOT } },
        { HF_E_CRITICAL_EXTENSION, { LEAF, .ext = { LEAF_SAN, "1.2.3.4=critical,ASN1:NULL" } }, { MIDDLE }, { ROOT } },
        { HF_E_WEAK_KEY,           { LEAF, .key = RSA_1024 }, { MIDDLE }, { ROOT } },
        { HF_E_CERT_ALGORITHM,     { LEAF, .hash = "SHA1" }, { MIDDLE }, { ROOT } },
        { HF_E_CERT_SIGNATURE,     { LEAF, .bad_signature = true }, { MIDDLE }, { ROOT } },
        { HF_E_CERT_SIGNATURE,     { LEAF, .signer = P256_D }, { MIDDLE }, { ROOT } },
        { HF_E_CERT_SIGNATURE,     { LEAF }, { MIDDLE, .signer = P256_D }, { ROOT } },
        { HF_E_NOT_A_CA,           { LEAF }, { MIDDLE, .ext = { CA_USE } }, { ROOT } },
        { HF_E_NOT_A_CA,           { LEAF }, { MIDDLE, .ext = { "basicConstraints=critical,CA:FALSE" } }, { ROOT } },
        { HF_E_NOT_A_CA,           { LEAF }, { MIDDLE }, { ROOT, .ext = { CA_USE } } },
        { HF_E_KEY_USAGE,          { LEAF }, { MIDDLE, .ext = { CA, "keyUsage=cRLSign" } }, { ROOT } },
        { HF_E_PATH_LENGTH,        { LEAF }, { MIDDLE }, { ROOT, .ext = { "basicConstraints=critical,CA:TRUE,pathlen:0" } } },
        { HF_E_WRONG_EKU,          { LEAF }, { MIDDLE, .ext = { CA, "extendedKeyUsage=clientAuth" } }, { ROOT } },
        { HF_E_NAME_CONSTRAINT,    { LEAF }, { MIDDLE, .ext = { CA, "nameConstraints=critical,excluded;DNS:example.com" } }, { ROOT } },
        { HF_E_POLICY,             { LEAF }, { MIDDLE, .ext = { CA, "policyConstraints=critical,requireExplicitPolicy:0" } }, { ROOT } },
        { HF_E_CERT_DER,           { LEAF, .serial = "0" }, { MIDDLE }, { ROOT } },
    };
    /* clang-format on */

    for (size_t i = 0; i < HF_COUNT(flaws); i++) {
        finish(state);
        begin(state);
        scene_send(&s, &flaws[i].leaf);
        scene_send(&s, &flaws[i].middle);
        scene_trust(&s, &flaws[i].root);
        assert_code(&s, flaws[i].code);
        assert_int_equal(s.proof.depth, 0);
    }
}

/* The depth that is allowed, used up: nothing is left out to fit. */
static void a_path_that_is_too_long_is_none(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    TRUST(&s, ROOT);
    s.v.max_depth = 2;
    assert_code(&s, HF_E_PATH_LENGTH);
    s.v.max_depth = 1;
    assert_code(&s, HF_E_PATH_LENGTH);
    s.v.max_depth = 3;
    assert_code(&s, HF_OK);
}

static void without_an_anchor_nothing_is_trusted(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, ROOT);
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
    s.v.store = NULL;
    assert_code(&s, HF_E_UNKNOWN_ISSUER);
}

static void without_the_checker_nothing_is_trusted(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    TRUST(&s, ROOT);
    checker = SAYS_YES;
    assert_code(&s, HF_E_BUG);
    checker = HALF_DONE;
    assert_false(hf_verify_chain(&s.v, &s.proof, &s.error));
    assert_int_equal(s.proof.token, 0);
    hf_verified_wipe(&s.proof);
    checker = HONEST;
    assert_code(&s, HF_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_path_needs_no_check_of_the_builder),
        TEST(whatever_the_builder_lets_through_is_refused),
        TEST(a_path_that_is_too_long_is_none),
        TEST(without_an_anchor_nothing_is_trusted),
        TEST(without_the_checker_nothing_is_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
