/* budget_test.c - crowds, circles and long lists end within their budgets, and
 * what is usual costs next to nothing. */
#include "x509/fresh.h"

#include <stdlib.h>
#include <time.h>

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Ask with these certificates sent; how long it took. */
static double ask_crowd(struct hf_cert **crowd, size_t count, unsigned expected)
{
    double start;
    unsigned code;

    s.v.chain = crowd;
    s.v.count = count;
    s.v.tree = NULL;
    start = cpu_ms();
    code = scene_ask(&s);
    start = cpu_ms() - start;
    if (code != expected)
        fail_msg("%s: %s", hf_error_name(code), s.error.detail);
    if (!getenv("HF_WRAP") && start > 100.0) /* 20 ms on an idle machine */
        fail_msg("%.1f ms", start);
    return start;
}

/* 4,000 authorities of one name, each of which might have issued each. */
static void a_crowd_of_one_name_ends_within_the_budget(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=crowd", .ext = { CA, LEAF_SAN } }, count,
        false);
    struct fake fake;

    (void)state;
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    print_message("# same key: %.1f ms\n",
                  ask_crowd(crowd, count, HF_E_BUDGET));
    ask_crowd(crowd, HF_CHAIN_MAX,
              HF_E_UNKNOWN_ISSUER); /* as many as TLS has */
    free_crowd(crowd, count);
    /* Four that issue each other: what is a circle is seen late. */
    crowd = make_circle(count / 4);
    print_message("# four names in a circle: %.1f ms\n",
                  ask_crowd(crowd, count, HF_E_BUDGET));
    assert_told(&s, "candidates");
    assert_int_equal(fake.calls, 0);
    free_crowd(crowd, count);
}

static bool verify_nothing(struct hf_span message, struct hf_span signature)
{
    (void)message;
    (void)signature;
    return false;
}

/* Forged certificates below a real anchor: each costs one signature. */
static void forged_crowds_end_within_the_budget(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing",
                        .issuer = "CN=Lab Root",
                        .ext = { CA, LEAF_SAN } },
        count, false);
    struct fake fake;

    (void)state;
    fake_init(&fake);
    fake.verify = verify_nothing;
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT, .ext = { CA });
    hf_cert_free(crowd[0]);
    crowd[0] = make_cert(&(struct make){ LEAF });
    ask_crowd(crowd, 50, HF_E_CERT_SIGNATURE);
    assert_int_equal(fake.calls, 49);
    print_message("# %.1f ms\n", ask_crowd(crowd, count, HF_E_BUDGET));
    assert_true(fake.calls <= 49 + 100);
    free_crowd(crowd, count);
}

static void a_crowd_of_anchors_ends_within_the_budget(void **state)
{
    const size_t count = 3000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing", .ext = { CA } }, count,
        true);
    struct fake fake;
    double start;

    (void)state;
    fake_init(&fake);
    fake.verify = verify_nothing;
    s.v.crypto = &fake.crypto;
    for (size_t i = 0; i < count; i++)
        assert_true(hf_store_add_der(s.store, crowd[i]->der, &s.error));
    SEND(&s, LEAF);
    start = cpu_ms();
    assert_code(&s, HF_E_BUDGET);
    print_message("# %.1f ms\n", cpu_ms() - start);
    assert_int_equal(fake.calls, 100);
    assert_told(&s, "after 100 signatures");
    free_crowd(crowd, count);
}

/* A leaf with as many names as fit, and constraints on them. */
static void thousands_of_names_and_constraints_end_early(void **state)
{
    static char nc[4000], san[4000];
    struct fake fake;
    size_t a, b;
    double start;

    (void)state;
    a = (size_t)snprintf(nc, sizeof(nc), "nameConstraints=");
    b = (size_t)snprintf(san, sizeof(san), LEAF_SAN);
    for (unsigned i = 0; i < 220; i++) {
        a += (size_t)snprintf(nc + a, sizeof(nc) - a, "%sexcluded;DNS:%u",
                              i ? "," : "", i);
        b += (size_t)snprintf(san + b, sizeof(san) - b, ",DNS:a%u", i);
    }
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT, .ext = { CA, nc });
    SEND(&s, LEAF, .ext = { san });
    SEND(&s, MIDDLE, .ext = { CA, nc });
    start = cpu_ms();
    assert_code(&s, HF_E_BUDGET);
    print_message("# %.1f ms\n", cpu_ms() - start);
    assert_told(&s, "comparisons");
    assert_true(s.tree.spent.comparisons > 60000);
}

static void the_budget_may_be_given(void **state)
{
    static const struct hf_verify_budget one = { 1, 10000, 65536 },
                                         few = { 100, 8, 65536 },
                                         enough = { 2, 40, 0 };

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    s.v.budget = &one;
    assert_code(&s, HF_E_BUDGET);
    assert_int_equal(s.tree.spent.signatures, 1);
    s.v.budget = &few;
    assert_code(&s, HF_E_BUDGET);
    s.v.budget = &enough;
    assert_code(&s, HF_OK);
}

static void a_fault_of_the_provider_ends_the_search(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    fake.fault = true;
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    SEND(&s, MIDDLE, .serial = "2");
    assert_code(&s, HF_E_CRYPTO);
    assert_int_equal(fake.calls, 1);
}

/* What the path costs beside the two signatures: see the benchmark. */
static void a_usual_chain_costs_little(void **state)
{
    const unsigned rounds = getenv("HF_WRAP") ? 10 : 2000;
    struct fake fake;
    double start, parse;

    (void)state;
    fake_init(&fake);
    s.v.crypto = &fake.crypto;
    s.v.tree = NULL;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    start = cpu_ms();
    for (unsigned i = 0; i < rounds; i++)
        assert_code(&s, HF_OK);
    start = cpu_ms() - start;
    parse = cpu_ms();
    for (unsigned i = 0; i < rounds; i++)
        hf_cert_free(hf_cert_new(s.sent[0]->der, &s.error));
    parse = cpu_ms() - parse;
    print_message("# %.2f us without signatures, %.2f us to read the leaf\n",
                  start * 1e3 / rounds, parse * 1e3 / rounds);
    assert_int_equal(fake.calls, 2 * rounds);
}

/* That a leaf has expired is more than that nobody knows its issuers. */
static void an_expired_leaf_is_told_though_the_budget_ends(void **state)
{
    const struct hf_verify_budget none = { .candidates = 0 };

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    s.v.budget = &none;
    assert_code(&s, HF_E_BUDGET);
    assert_told(&s, "given up after 0 signatures, 0 candidates");
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){ LEAF, .to = -DAY });
    assert_code(&s, HF_E_EXPIRED);
    assert_told(&s, "CN=leaf: it expired on");
    assert_int_equal(s.tree.spent.candidates, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_crowd_of_one_name_ends_within_the_budget),
        TEST(forged_crowds_end_within_the_budget),
        TEST(a_crowd_of_anchors_ends_within_the_budget),
        TEST(thousands_of_names_and_constraints_end_early),
        TEST(the_budget_may_be_given),
        TEST(a_fault_of_the_provider_ends_the_search),
        TEST(a_usual_chain_costs_little),
        TEST(an_expired_leaf_is_told_though_the_budget_ends),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
