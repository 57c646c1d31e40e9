/* policies_test.c - certificate policies: what an authority, or we, demand of
 * those along a path, and what many of them cost. */
#include "x509/fresh.h"

#define NEEDED "policyConstraints=critical,requireExplicitPolicy:0"
/* certificatePolicies 1.2.1, 1.2.2, 1.2.3, the first two, anyPolicy; the maker's own words for
 * them need a file. */
#define P1 "2.5.29.32=DER:3006300406022a01"
#define P2 "2.5.29.32=DER:3006300406022a02"
#define P3 "2.5.29.32=DER:3006300406022a03"
#define P12 "2.5.29.32=DER:300c300406022a01300406022a02"
#define ANY "2.5.29.32=DER:300830060604551d2000"

static const uint8_t one[] = { 42, 1 }, two[] = { 42, 2 }, three[] = { 42, 3 };

/* Root, issuing authority and leaf with these extensions; "-" is none. */
static void build(const char *root, const char *middle, const char *middle2,
                  const char *leaf)
{
    static const char none[] = "1.2.3.4=DER:0500", /* they mean nothing */
        none2[] = "1.2.3.5=DER:0500";
#define OR(ext, other) (strcmp(ext, "-") ? (ext) : (other))

    TRUST(&s, ROOT, .ext = { CA, SKID, OR(root, none) });
    SEND(&s, LEAF, .ext = { LEAF_SAN, OR(leaf, none) });
    SEND(&s, MIDDLE, .ext = { CA, SKID, OR(middle, none), OR(middle2, none2) });
}

/* ---- reading -------------------------------------------------------------------- */

static struct hf_cert *with(const char *ext, struct hf_error *error)
{
    static uint8_t der[4096];
    size_t len = make_der(&(struct make){ ROOT, .ext = { ext } }, der,
                          sizeof(der));

    *error = (struct hf_error){ .code = HF_OK };
    return hf_cert_new(hf_span(der, len), error);
}

/* One more than is skipped; 0 is nothing. */
static void numbers_are_kept(void **state)
{
    static const struct {
        const char *ext;
        unsigned needed, mapping, any;
    } rows[] = {
        { P1, 0, 0, 0 },
        { "2.5.29.36=DER:3003800100", 1, 0, 0 },
        { "2.5.29.36=critical,DER:3003810100", 0, 1, 0 },
        { "2.5.29.36=DER:3006800103810105", 4, 6, 0 },
        { "2.5.29.36=DER:300380017f", 128, 0, 0 },
        { "2.5.29.36=DER:3004800200ff", 255, 0, 0 },
        { "2.5.29.36=DER:3004810201ff", 0, 255, 0 },
        { "2.5.29.36=DER:300880060100000000ff", 255, 0, 0 },
        { "2.5.29.54=DER:020100", 0, 0, 1 },
        { "2.5.29.54=critical,DER:020200ff", 0, 0, 255 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;
        struct hf_cert *c = with(rows[i].ext, &error);

        if (!c)
            fail_msg("row %zu: %s", i, error.detail);
        assert_int_equal(c->explicit_policy, rows[i].needed);
        assert_int_equal(c->inhibit_mapping, rows[i].mapping);
        assert_int_equal(c->inhibit_any, rows[i].any);
        hf_cert_free(c);
    }
}

static void malformed_ones_are_refused(void **state)
{
    static const struct {
        const char *ext, *why;
    } rows[] = {
        { "2.5.29.32=DER:300430020500", "a policy is not" },
        { "2.5.29.33=DER:3007300506032a0304", "two OBJECT" },
        { "2.5.29.33=DER:300c300a06022a0306022a040500", "two OBJECT" },
        { "2.5.29.33=DER:300c300a06022a030604551d2000", "maps anyPolicy" },
        { "2.5.29.33=DER:300c300a0604551d200006022a03", "maps anyPolicy" },
        { "2.5.29.36=DER:3000", "one or two numbers" },
        { "2.5.29.36=DER:0500", "one or two numbers" },
        { "2.5.29.36=DER:30028000", "one or two numbers" },
        { "2.5.29.36=DER:3003800180", "one or two numbers" },
        { "2.5.29.36=DER:300480020001", "one or two numbers" },
        { "2.5.29.36=DER:3006810100800100", "one or two numbers" },
        { "2.5.29.36=DER:3006800100800100", "one or two numbers" },
        { "2.5.29.36=DER:3003820100", "one or two numbers" },
        { "2.5.29.36=DER:30038001000500", "one or two numbers" },
        { "2.5.29.54=DER:0201ff", "not a number" },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct hf_error error;

        assert_null(with(rows[i].ext, &error));
        assert_int_equal(error.code, HF_E_CERT_DER);
        if (!strstr(error.detail, rows[i].why))
            fail_msg("row %zu: %s", i, error.detail);
    }
}

/* ---- asking ----------------------------------------------------------------------- */

static void what_authorities_demand_is_heeded(void **state)
{
    static const struct {
        const char *root, *middle, *middle2, *leaf;
        bool good;
    } rows[] = {
        /* Nobody asks. */
        { "-", "-", "-", "-", true },
        { "-", P1, "-", P2, true },
        { "-", P1, "inhibitAnyPolicy=critical,0", "-", true },
        /* An authority, or the anchor, does. */
        { "-", NEEDED, P1, P1, true },
        { "-", NEEDED, P1, P2, false },
        { "-", NEEDED, P1, "-", false },
        { "-", NEEDED, "-", P1, false },
        { "-", NEEDED, P12, P2, true },
        { "-", NEEDED, ANY, P2, true },
        { "-", NEEDED, P1, ANY, true },
        { "-", NEEDED, ANY, ANY, true },
        { NEEDED, P1, "-", P1, true },
        { NEEDED, P1, "-", P2, false },
        { NEEDED, "-", "-", P1, false },
        /* Critical or not. */
        { "-", "policyConstraints=requireExplicitPolicy:0", P1, "-", false },
        /* Some certificates further down: the leaf is one, too. */
        { "policyConstraints=critical,requireExplicitPolicy:1", P1, "-", "-",
          false },
        { "policyConstraints=critical,requireExplicitPolicy:2", P1, "-", "-",
          false },
        { "policyConstraints=critical,requireExplicitPolicy:3", P1, "-", "-",
          true },
        { "-", "policyConstraints=critical,requireExplicitPolicy:1", P1, "-",
          false },
        { "-", "policyConstraints=critical,requireExplicitPolicy:2", P1, "-",
          true },
        { "-", "-", "-", "policyConstraints=critical,requireExplicitPolicy:0",
          false },
        { "-", "-", "-", "policyConstraints=critical,requireExplicitPolicy:1",
          true },
        /* Only mappings are limited. */
        { "-", "policyConstraints=critical,inhibitPolicyMapping:0", P1, P2,
          true },
        /* anyPolicy no longer counts. */
        { "inhibitAnyPolicy=critical,0", NEEDED, ANY, P1, false },
        { "inhibitAnyPolicy=critical,1", NEEDED, ANY, P1, true },
        { "inhibitAnyPolicy=critical,1", NEEDED, P1, ANY, false },
        { "inhibitAnyPolicy=critical,2", NEEDED, P1, ANY, true },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        build(rows[i].root, rows[i].middle, rows[i].middle2, rows[i].leaf);
        if (scene_ask(&s) != (rows[i].good ? HF_OK : HF_E_POLICY))
            fail_msg("row %zu: %s", i, s.error.detail);
        scene_wipe(&s);
        scene_init(&s);
    }
}

static void what_we_demand_is_heeded(void **state)
{
    static const struct hf_span ones[] = { { one, 2 } },
                                twos[] = { { two, 2 } },
                                threes[] = { { three, 2 } },
                                both[] = { { three, 2 }, { two, 2 } };
    static const struct {
        struct hf_policies_asked asked;
        const char *middle, *mapping, *leaf;
        bool good;
    } rows[] = {
        { { NULL, 0, true, false, false }, P1, "-", P1, true },
        { { NULL, 0, true, false, false }, P1, "-", P2, false },
        { { ones, 1, true, false, false }, P1, "-", P1, true },
        { { ones, 1, true, false, false }, P2, "-", P2, false },
        { { ones, 1, false, false, false }, P2, "-", P2, true },
        { { ones, 1, true, false, false }, ANY, "-", P1, true },
        { { ones, 1, true, false, false }, ANY, "-", P2, false },
        { { ones, 1, true, false, false }, ANY, "-", ANY, true },
        { { both, 2, true, false, false }, P12, "-", P12, true },
        { { NULL, 0, true, false, true }, ANY, "-", P1, false },
        { { NULL, 0, true, false, true }, P1, "-", P1, true },
        /* The authority calls our 1 its 2. */
        { { ones, 1, true, false, false },
          P1,
          "policyMappings=1.2.1:1.2.2",
          P2,
          true },
        { { ones, 1, true, false, false },
          P1,
          "policyMappings=1.2.1:1.2.2",
          P1,
          false },
        { { twos, 1, true, false, false },
          P1,
          "policyMappings=1.2.1:1.2.2",
          P2,
          false },
        { { ones, 1, true, true, false },
          P1,
          "policyMappings=1.2.1:1.2.2",
          P2,
          false },
        { { ones, 1, true, true, false },
          P1,
          "policyMappings=1.2.1:1.2.2",
          P1,
          false },
        { { twos, 1, true, true, false },
          P12,
          "policyMappings=1.2.1:1.2.2",
          P2,
          true },
        { { ones, 1, true, false, false },
          ANY,
          "policyMappings=1.2.1:1.2.2",
          P2,
          true },
        { { ones, 1, true, false, false },
          P12,
          "policyMappings=1.2.1:1.2.2,1.2.2:1.2.1",
          P2,
          true },
        { { ones, 1, true, false, false },
          P12,
          "policyMappings=1.2.1:1.2.2,1.2.2:1.2.1",
          P1,
          false },
        { { ones, 1, true, false, false },
          P1,
          "policyMappings=1.2.1:1.2.3,1.2.1:1.2.2",
          P2,
          true },
        /* Two of its own become one: it goes back to both, in any order. */
        { { twos, 1, true, false, false },
          P12,
          "policyMappings=1.2.1:1.2.3,1.2.2:1.2.3",
          P3,
          true },
        { { twos, 1, true, false, false },
          P12,
          "policyMappings=1.2.2:1.2.3,1.2.1:1.2.3",
          P3,
          true },
        { { threes, 1, true, false, false },
          P12,
          "policyMappings=1.2.2:1.2.3,1.2.1:1.2.3",
          P3,
          false },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        build("-", rows[i].middle, rows[i].mapping, rows[i].leaf);
        s.v.policies = &rows[i].asked;
        if (scene_ask(&s) != (rows[i].good ? HF_OK : HF_E_POLICY))
            fail_msg("row %zu: %s", i, s.error.detail);
        scene_wipe(&s);
        scene_init(&s);
    }
}

/* Another path may be the one that is told; what befell this one is in the
 * tree. */
static unsigned refusal_on_the_way(void)
{
    assert_true(scene_ask(&s) != HF_OK);
    for (size_t i = 0; i < s.tree.count; i++)
        if (s.tree.at[i].code == HF_E_POLICY)
            return HF_E_POLICY;
    return HF_OK;
}

/* RFC 5280 6.1.4 h: a new key of an authority takes no step. */
static void self_issued_authorities_take_no_step(void **state)
{
    (void)state;
    TRUST(&s, ROOT,
          .ext = { CA, "policyConstraints=critical,requireExplicitPolicy:3",
                   "inhibitAnyPolicy=critical,0" });
    SEND(&s, LEAF, .signer = P256_E);
    SEND(&s, MIDDLE, .ext = { CA });
    SEND(&s, MIDDLE, .issuer = "CN=Lab Issuing", .key = P256_E,
         .signer = P256_B, .ext = { CA });
    assert_code(&s, HF_OK);
    s.v.policies = &(struct hf_policies_asked){ .needed = true };
    assert_int_equal(refusal_on_the_way(), HF_E_POLICY);
    hf_cert_free(s.sent[0]);
    hf_cert_free(s.sent[1]);
    hf_cert_free(s.sent[2]);
    s.sent[0] = make_cert(
        &(struct make){ LEAF, .signer = P256_E, .ext = { LEAF_SAN, P1 } });
    s.sent[1] = make_cert(&(struct make){ MIDDLE, .ext = { CA, P1 } });
    s.sent[2] = make_cert(&(struct make){ MIDDLE, .issuer = "CN=Lab Issuing",
                                          .key = P256_E, .signer = P256_B,
                                          .ext = { CA, ANY } });
    assert_code(&s, HF_OK); /* where anyPolicy counts for it nevertheless */
}

/* certificatePolicies of @count OIDs 1.2.FROM, ..., from 128 to 16,383. */
static char *many(char *out, size_t cap, unsigned from, unsigned count)
{
    size_t len = (size_t)snprintf(out, cap, "2.5.29.32=DER:3082%04x",
                                  count * 7);

    for (unsigned n = from; n < from + count; n++)
        len += (size_t)snprintf(out + len, cap - len, "300506032a%02x%02x",
                                0x80u | n >> 7, n & 0x7fu);
    return out;
}

static void many_policies_end_within_the_budget(void **state)
{
    static char a[32768], b[32768];

    (void)state;
    build("-", NEEDED, many(a, sizeof(a), 200, 64),
          many(b, sizeof(b), 263, 64));
    assert_code(&s, HF_OK); /* one of them is the same */
    scene_wipe(&s);
    scene_init(&s);
    build("-", NEEDED, many(a, sizeof(a), 200, 65),
          many(b, sizeof(b), 263, 64));
    assert_code(&s, HF_E_BUDGET); /* more at a time than anybody has */
    scene_wipe(&s);
    scene_init(&s);
    build("-", NEEDED, many(a, sizeof(a), 200, 64),
          many(b, sizeof(b), 1000, 1500));
    assert_code(&s, HF_E_BUDGET); /* 64 times 1,500 comparisons */
    scene_wipe(&s);
    scene_init(&s);
    build("-", P1, "-", many(b, sizeof(b), 200, 1500));
    assert_code(&s, HF_OK); /* nobody asks, nobody counts */
}

static void more_than_64_accepted_policies_are_too_many(void **state)
{
    static struct hf_span ones[65];
    struct hf_policies_asked asked = { .accepted = ones, .count = 64 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(ones); i++)
        ones[i] = hf_span(one, i == 63 ? 2 : 1);
    asked.needed = true;
    build("-", P1, "-", P1);
    s.v.policies = &asked;
    assert_code(&s, HF_OK);
    asked.count = 65;
    assert_code(&s, HF_E_BUDGET);
}

static void a_refusal_names_the_certificate_and_its_policies(void **state)
{
    (void)state;
    build("-", NEEDED, P1, P2);
    assert_code(&s, HF_E_POLICY);
    assert_told(&s, "CN=leaf: a policy is demanded");
    assert_int_equal(s.tree.at[0].code, HF_E_POLICY);
    assert_int_equal(s.tree.at[0].event, HF_EV_CHECK_POLICIES);
    assert_non_null(strstr(s.tree.at[0].detail, "its own: 1.2.2"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_kept),
        TEST(malformed_ones_are_refused),
        TEST(what_authorities_demand_is_heeded),
        TEST(what_we_demand_is_heeded),
        TEST(self_issued_authorities_take_no_step),
        TEST(many_policies_end_within_the_budget),
        TEST(more_than_64_accepted_policies_are_too_many),
        TEST(a_refusal_names_the_certificate_and_its_policies),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
