/* known_test.c - signatures that were verified before are not verified again,
 * and nothing else changes. */
#include "x509/scene.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- a provider that counts: libcrypto's, but for verify ----------------------- */

enum { SIGNATURES = 64 };
static struct {
    struct hf_crypto crypto;
    struct hf_provider provider;
    struct hf_signature rows[SIGNATURES];
    const struct hf_signature *list[SIGNATURES + 1];
    const struct hf_hash *no_hashes[1];
    unsigned calls;
    bool fault;
} counting;

static bool count_and_verify(void *self, const struct hf_signature *how,
                             const struct hf_public_key *key,
                             struct hf_span message, struct hf_span signature,
                             bool *fault)
{
    const struct hf_signature *real =
        make_crypto()->provider->signatures[how - counting.rows];

    counting.calls++;
    *fault = counting.fault;
    return !counting.fault &&
           real->verify(self, real, key, message, signature, fault);
}

static void counting_init(void)
{
    const struct hf_crypto *real = make_crypto();

    memset(&counting, 0, sizeof(counting));
    counting.provider = *real->provider;
    for (size_t i = 0; real->provider->signatures[i]; i++) {
        assert_true(i < SIGNATURES);
        counting.rows[i] = *real->provider->signatures[i];
        counting.rows[i].verify = count_and_verify;
        counting.list[i] = &counting.rows[i];
    }
    counting.provider.signatures = counting.list;
    counting.crypto = (struct hf_crypto){ &counting.provider, real->self };
}

/* ---- the usual three ------------------------------------------------------------ */

static struct scene s;

static int begin(void **state)
{
    (void)state;
    counting_init();
    scene_init(&s);
    s.v.crypto = &counting.crypto;
    s.v.known = hf_known_new(64, false);
    assert_non_null(s.v.known);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    hf_known_free(s.v.known);
    scene_wipe(&s);
    return 0;
}

static void usual(void)
{
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    TRUST(&s, ROOT);
}

/* What comes out, and after how many signatures. */
static void asked(unsigned code, unsigned calls)
{
    counting.calls = 0;
    assert_code(&s, code);
    assert_int_equal(counting.calls, calls);
}

static void the_second_time_the_issuers_are_known(void **state)
{
    struct hf_verify_budget spent;

    (void)state;
    usual();
    asked(HF_OK, 2);
    spent = s.tree.spent;
    for (unsigned i = 0; i < 3; i++) {
        asked(HF_OK, 1);
        assert_memory_equal(&spent, &s.tree.spent, sizeof(spent));
    }
}

static void leaves_are_known_only_if_that_is_wanted(void **state)
{
    (void)state;
    hf_known_free(s.v.known);
    s.v.known = hf_known_new(64, true);
    assert_true(hf_known_keeps_leaves(s.v.known));
    usual();
    asked(HF_OK, 2);
    asked(HF_OK, 0);
}

static void without_a_table_all_are_verified(void **state)
{
    struct hf_known *known = s.v.known;

    (void)state;
    usual();
    s.v.known = NULL;
    asked(HF_OK, 2);
    asked(HF_OK, 2);
    s.v.known = known;
}

/* Another leaf below the same intermediate, as another server of the same
 * authority has it; and the same intermediate for somebody else's question. */
static void others_of_the_same_authority_gain(void **state)
{
    (void)state;
    usual();
    asked(HF_OK, 2);
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){ LEAF, .serial = "99" });
    asked(HF_OK, 1);
}

/* ---- what must not be known ------------------------------------------------------- */

static void replace(size_t i, const struct make *m)
{
    hf_cert_free(s.sent[i]);
    s.sent[i] = make_cert(m);
}

static void bad_signatures_are_verified_each_time(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .bad_signature = true);
    TRUST(&s, ROOT);
    asked(HF_E_CERT_SIGNATURE, 1);
    asked(HF_E_CERT_SIGNATURE, 1);
}

static void the_good_one_does_not_help_the_bad_one(void **state)
{
    (void)state;
    usual();
    asked(HF_OK, 2);
    replace(1, &(struct make){ MIDDLE, .bad_signature = true });
    asked(HF_E_CERT_SIGNATURE, 1);
    replace(1, &(struct make){ MIDDLE, .serial = "5" }); /* not the same */
    asked(HF_OK, 2);
}

/* The same certificate below a root of the same name with another key. */
static void another_key_has_not_signed_it(void **state)
{
    struct hf_store *other = hf_store_new(), *mine = s.store;
    struct hf_cert *root = make_cert(&(struct make){ ROOT, .key = P256_D });

    (void)state;
    usual();
    asked(HF_OK, 2);
    assert_true(hf_store_add_der(other, root->der, &s.error));
    s.v.store = other;
    asked(HF_E_CERT_SIGNATURE, 1);
    s.v.store = mine;
    asked(HF_OK, 1);
    hf_cert_free(root);
    hf_store_free(other);
}

/* Each bit of the certificate: either it is none any more, or its signature is
 * computed, and refused. */
static void no_flipped_bit_is_known(void **state)
{
    struct hf_cert *middle, *root = make_cert(&(struct make){ ROOT });
    uint8_t bytes[2048];
    unsigned computed = 0;
    size_t len;

    (void)state;
    usual();
    asked(HF_OK, 2);
    middle = s.sent[1];
    len = middle->der.len;
    assert_true(len <= sizeof(bytes));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct hf_checker checker = { .v = &s.v, .signatures = 1 };
        struct hf_error error = { .code = HF_OK };
        struct hf_cert *flipped;
        uint16_t code;

        hf_copy(bytes, middle->der.at, len);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        flipped = hf_cert_new(hf_span(bytes, len), &error);
        if (!flipped)
            continue;
        counting.calls = 0;
        code = hf_checker_link(&checker, flipped, root);
        assert_int_not_equal(code, HF_OK);
        assert_true(counting.calls == 1 || code == HF_E_CERT_ALGORITHM ||
                    checker.signatures == 1);
        computed += counting.calls;
        hf_checker_wipe(&checker);
        hf_cert_free(flipped);
    }
    assert_true(computed > 1000);
    hf_cert_free(root);
    asked(HF_OK, 1);
}

/* Only the signature is known; the rest is asked as ever. */
static void everything_else_is_asked_each_time(void **state)
{
    static const struct hf_verify_budget none = { 0, 10000, 65536 },
                                         one = { 1, 10000, 65536 };
    struct hf_peer_name name = s.name;

    (void)state;
    usual();
    asked(HF_OK, 2);
    s.v.now = NOW + 40 * 86400;
    asked(HF_E_EXPIRED, 0);
    s.v.now = NOW;
    assert_true(hf_peer_name_read("example.net", &s.name));
    asked(HF_E_NAME_MISMATCH, 0);
    s.name = name;
    s.v.purpose = HF_PURPOSE_CLIENT;
    asked(HF_E_WRONG_EKU, 0);
    s.v.purpose = HF_PURPOSE_SERVER;
    s.v.revocation = HF_REVOCATION_HARD;
    asked(HF_E_NO_STATUS, 1);
    s.v.revocation = HF_REVOCATION_NONE;
    s.v.max_depth = 2;
    asked(HF_E_PATH_LENGTH, 0);
    s.v.max_depth = 0;
    /* What is known is paid for like what is not. */
    s.v.budget = &none;
    asked(HF_E_BUDGET, 0);
    s.v.budget = &one;
    asked(HF_E_BUDGET, 0);
    s.v.budget = NULL;
    asked(HF_OK, 1);
}

static void constraints_are_asked_each_time(void **state)
{
    (void)state;
    SEND(&s, LEAF);
    SEND(&s, MIDDLE, .ext = { CA, "nameConstraints=excluded;DNS:com" });
    TRUST(&s, ROOT);
    asked(HF_E_NAME_CONSTRAINT, 2);
    asked(HF_E_NAME_CONSTRAINT, 1);
}

/* A signature that this provider does not accept is not accepted because
 * somebody knew it. */
static void the_algorithm_is_asked_each_time(void **state)
{
    const struct hf_signature *row;
    size_t i = 0;

    (void)state;
    usual();
    asked(HF_OK, 2);
    while (counting.list[i]->key != HF_KEY_P256)
        i++;
    row = counting.list[i];
    counting.rows[i].key = HF_KEY_NONE;
    asked(HF_E_CERT_ALGORITHM, 0);
    assert_ptr_equal(row, &counting.rows[i]);
    counting.rows[i].key = HF_KEY_P256;
    asked(HF_OK, 1);
}

static void a_fault_is_not_kept(void **state)
{
    (void)state;
    usual();
    counting.fault = true;
    asked(HF_E_CRYPTO, 1);
    counting.fault = false;
    asked(HF_OK, 2);
}

/* Without the digest there is nothing to ask the table for. */
static void without_sha256_all_are_verified(void **state)
{
    (void)state;
    usual();
    counting.provider.hashes = counting.no_hashes;
    asked(HF_OK, 2);
    asked(HF_OK, 2);
}

/* ---- the table ---------------------------------------------------------------------- */

/* All in one set, if @same; else anywhere. */
static void digest_of(uint8_t out[HF_KNOWN_LEN], uint32_t n, bool same)
{
    for (size_t i = 0; i < HF_KNOWN_LEN; i += 4)
        hf_store_number(out + i, n * 2654435761u + (uint32_t)i, 4);
    if (same)
        hf_store_number(out, 0, 4);
}

static void no_other_digest_is_known(void **state)
{
    uint8_t digest[HF_KNOWN_LEN] = { 0 };

    (void)state;
    assert_false(hf_known_has(s.v.known, digest)); /* empty is not zero */
    hf_known_put(s.v.known, digest);
    assert_true(hf_known_has(s.v.known, digest));
    digest_of(digest, 1, false);
    hf_known_put(s.v.known, digest);
    for (size_t bit = 0; bit < 8 * sizeof(digest); bit++) {
        digest[bit / 8] = (uint8_t)(digest[bit / 8] ^ 1u << bit % 8);
        assert_false(hf_known_has(s.v.known, digest));
        digest[bit / 8] = (uint8_t)(digest[bit / 8] ^ 1u << bit % 8);
    }
    assert_true(hf_known_has(s.v.known, digest));
}

static size_t found(struct hf_known *known, uint32_t count, bool same)
{
    uint8_t digest[HF_KNOWN_LEN];
    size_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        digest_of(digest, i, same);
        n += hf_known_has(known, digest);
    }
    return n;
}

static void the_table_does_not_grow(void **state)
{
    static const size_t sizes[][2] = {
        { 1, 4 }, { 4, 4 }, { 5, 8 }, { 64, 64 }
    };
    uint8_t digest[HF_KNOWN_LEN];

    (void)state;
    for (size_t k = 0; k < HF_COUNT(sizes); k++) {
        struct hf_known *known = hf_known_new(sizes[k][0], false);

        for (uint32_t i = 0; i < 5000; i++) {
            digest_of(digest, i, false);
            hf_known_put(known, digest);
            assert_true(hf_known_has(known, digest));
        }
        assert_int_equal(found(known, 5000, false), sizes[k][1]);
        hf_known_free(known);
    }
}

static void who_comes_often_is_not_driven_out(void **state)
{
    uint8_t often[HF_KNOWN_LEN], once[HF_KNOWN_LEN];

    (void)state;
    digest_of(often, 0, true);
    hf_known_put(s.v.known, often);
    for (uint32_t i = 1; i < 1000; i++) {
        assert_true(hf_known_has(s.v.known, often));
        digest_of(once, i, true);
        hf_known_put(s.v.known, once);
    }
    assert_int_equal(found(s.v.known, 1000, true), 4);
    /* And who stays away goes. */
    for (uint32_t i = 1000; i < 1010; i++) {
        digest_of(once, i, true);
        hf_known_put(s.v.known, once);
    }
    assert_false(hf_known_has(s.v.known, often));
}

static void the_largest_table_has_its_limit(void **state)
{
    uint8_t digest[HF_KNOWN_LEN];
    struct hf_known *known = hf_known_new(SIZE_MAX, false);

    (void)state;
    assert_non_null(known);
    digest_of(digest, 7, false);
    hf_known_put(known, digest);
    assert_true(hf_known_has(known, digest));
    hf_known_free(known);
    hf_known_free(NULL);
}

/* ---- threads ------------------------------------------------------------------------- */

/* Each writes digests whose words are all alike, into one set, and looks for
 * such of two halves: those nobody has ever written. */
static void *write_and_look(void *table)
{
    struct hf_known *known = table;
    uint8_t digest[HF_KNOWN_LEN];
    size_t lies = 0;

    for (uint32_t i = 0; i < 40000; i++) {
        uint32_t a = i % 16 * 64, b = (i / 16) % 16 * 64;

        for (size_t k = 0; k < HF_KNOWN_LEN; k += 4)
            hf_store_number(digest + k, a, 4);
        hf_known_put(known, digest);
        if (a == b)
            continue;
        for (size_t k = HF_KNOWN_LEN / 2; k < HF_KNOWN_LEN; k += 4)
            hf_store_number(digest + k, b, 4);
        lies += hf_known_has(known, digest);
    }
    return lies ? NULL : table;
}

static void *verify_often(void *question)
{
    const struct hf_verify *v = question;
    size_t good = 0;

    for (unsigned i = 0; i < 30; i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_verified proof = { 0 };

        good += hf_verify_chain(v, &proof, &error);
        hf_verified_wipe(&proof);
    }
    return good == 30 ? question : NULL;
}

static void run_threads(void *(*body)(void *), void *arg)
{
    pthread_t threads[4];
    void *good;

    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, arg), 0);
    for (size_t i = 0; i < HF_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], &good), 0);
        assert_ptr_equal(good, arg);
    }
}

static void threads_never_find_what_nobody_wrote(void **state)
{
    (void)state;
    run_threads(write_and_look, s.v.known);
}

static void threads_may_share_it(void **state)
{
    (void)state;
    usual();
    s.v.tree = NULL;
    s.v.crypto = make_crypto(); /* the counter is for one thread */
    run_threads(verify_often, &s.v);
    s.v.crypto = &counting.crypto;
    s.v.tree = &s.tree;
    asked(HF_OK, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_time_the_issuers_are_known),
        TEST(leaves_are_known_only_if_that_is_wanted),
        TEST(without_a_table_all_are_verified),
        TEST(others_of_the_same_authority_gain),
        TEST(bad_signatures_are_verified_each_time),
        TEST(the_good_one_does_not_help_the_bad_one),
        TEST(another_key_has_not_signed_it),
        TEST(no_flipped_bit_is_known),
        TEST(everything_else_is_asked_each_time),
        TEST(constraints_are_asked_each_time),
        TEST(the_algorithm_is_asked_each_time),
        TEST(a_fault_is_not_kept),
        TEST(without_sha256_all_are_verified),
        TEST(no_other_digest_is_known),
        TEST(the_table_does_not_grow),
        TEST(who_comes_often_is_not_driven_out),
        TEST(the_largest_table_has_its_limit),
        TEST(threads_never_find_what_nobody_wrote),
        TEST(threads_may_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
