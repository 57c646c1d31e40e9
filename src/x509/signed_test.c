/* signed_test.c - the one place that verifies signatures, alone: what it asks
 * the provider, what it pays, and what it remembers of whom. */
#define HF_UNPOISONED
#include "x509/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- who is asked ---------------------------------------------------------------------- */

static struct {
    bool good, fault;
    unsigned calls;
    struct hf_span message, signature;
    struct hf_crl *meanwhile; /* of which another thread finds out who */
    struct hf_cert *other;
} provider_says;

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    (void)self;
    assert_int_equal(how->key, key->kind);
    provider_says.calls++;
    provider_says.message = message;
    provider_says.signature = signature;
    if (provider_says.meanwhile)
        atomic_store(&provider_says.meanwhile->signer, provider_says.other);
    if (provider_says.fault) /* else it is left alone */
        *fault = true;
    return provider_says.good;
}

static const struct hf_signature p256 = { .name = "p256",
                                          .scheme = 0x0403,
                                          .key = HF_KEY_P256,
                                          .hash = HF_SHA256,
                                          .verify = verify };
static const struct hf_signature *const signatures[] = { &p256, NULL };
static const struct hf_provider provider = { .signatures = signatures };
static const struct hf_crypto crypto = { &provider, NULL };

/* The table of the config, in front of the real one. */
static struct {
    bool has, leaves, no_digest;
    unsigned asked, put;
} table;

bool __wrap_hf_known_digest(const struct hf_crypto *c,
                            const struct hf_cert *below,
                            const struct hf_cert *above,
                            uint8_t out[HF_KNOWN_LEN]);
bool __wrap_hf_known_has(struct hf_known *known,
                         const uint8_t digest[HF_KNOWN_LEN]);
void __wrap_hf_known_put(struct hf_known *known,
                         const uint8_t digest[HF_KNOWN_LEN]);
bool __wrap_hf_known_keeps_leaves(const struct hf_known *known);

bool __wrap_hf_known_digest(const struct hf_crypto *c,
                            const struct hf_cert *below,
                            const struct hf_cert *above,
                            uint8_t out[HF_KNOWN_LEN])
{
    (void)c;
    memset(out, 0, HF_KNOWN_LEN);
    out[0] = below->der.at[0];
    out[1] = above->der.at[0];
    return !table.no_digest;
}

bool __wrap_hf_known_has(struct hf_known *known,
                         const uint8_t digest[HF_KNOWN_LEN])
{
    assert_non_null(known);
    assert_int_equal(digest[1], digest[0] + 1);
    table.asked++;
    return table.has;
}

void __wrap_hf_known_put(struct hf_known *known,
                         const uint8_t digest[HF_KNOWN_LEN])
{
    assert_non_null(known);
    assert_int_equal(digest[1], digest[0] + 1);
    table.put++;
}

bool __wrap_hf_known_keeps_leaves(const struct hf_known *known)
{
    assert_non_null(known);
    return table.leaves;
}

/* ---- certificates that were never in DER -------------------------------------------------- */

static const uint8_t ecdsa[] = "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
                               "\x02";
static const uint8_t rsa[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
                             "\x0b\x05\x00";
static const uint8_t names[] = "abcdef";

static struct hf_cert certs[HF_LINKS_MAX + 2];
static uint8_t ders[HF_LINKS_MAX + 2][2];
static struct hf_checker checker;
static struct hf_verify v;

static int begin(void **state)
{
    (void)state;
    memset(&provider_says, 0, sizeof(provider_says));
    memset(&table, 0, sizeof(table));
    memset(&checker, 0, sizeof(checker));
    provider_says.good = true;
    v = (struct hf_verify){ .crypto = &crypto };
    checker.v = &v;
    checker.signatures = 1000;
    for (size_t i = 0; i < HF_COUNT(certs); i++) {
        certs[i] = (struct hf_cert){ .count = 1,
                                     .der = HF_SPAN(ders[i]),
                                     .spki = HF_SPAN(ders[i]),
                                     .tbs = { names, 3 },
                                     .signature = { names + 3, 2 },
                                     .algorithm = { ecdsa, 12 },
                                     .key = { .kind = HF_KEY_P256 } };
        ders[i][0] = (uint8_t)i;
    }
    return 0;
}

/* Nothing is held any more. */
static int finish(void **state)
{
    (void)state;
    hf_checker_wipe(&checker);
    assert_int_equal(checker.count, 0);
    for (size_t i = 0; i < HF_COUNT(certs); i++)
        assert_int_equal(certs[i].count, 1);
    return 0;
}

static void assert_link(size_t below, size_t above, uint16_t code,
                        unsigned calls)
{
    provider_says.calls = 0;
    assert_int_equal(hf_checker_link(&checker, &certs[below], &certs[above]),
                     code);
    assert_int_equal(provider_says.calls, calls);
}

/* ---- one link ------------------------------------------------------------------------------- */

static void a_signature_is_over_what_is_to_be_signed(void **state)
{
    (void)state;
    assert_link(0, 1, HF_OK, 1);
    assert_ptr_equal(provider_says.message.at, names);
    assert_int_equal(provider_says.message.len, 3);
    assert_ptr_equal(provider_says.signature.at, names + 3);
    assert_int_equal(provider_says.signature.len, 2);
    assert_int_equal(checker.signatures, 999);
}

static void good_and_bad_are_remembered(void **state)
{
    (void)state;
    assert_link(0, 1, HF_OK, 1);
    assert_link(0, 1, HF_OK, 0);
    assert_false(hf_checker_knows_bad(&checker, &certs[0], &certs[1]));
    assert_false(hf_checker_knows_bad(&checker, &certs[2], &certs[3]));
    provider_says.good = false;
    assert_link(2, 3, HF_E_CERT_SIGNATURE, 1);
    provider_says.good = true; /* too late */
    assert_link(2, 3, HF_E_CERT_SIGNATURE, 0);
    assert_true(hf_checker_knows_bad(&checker, &certs[2], &certs[3]));
    assert_false(hf_checker_knows_bad(&checker, &certs[2], &certs[1]));
    assert_int_equal(checker.signatures, 998);
    assert_int_equal(checker.count, 2);
    hf_checker_wipe(&checker);
    assert_false(hf_checker_knows_bad(&checker, &certs[2], &certs[3]));
}

/* The same bytes are the same certificate, and the same key the same signer;
 * nothing else is. */
static void what_is_remembered_are_bytes(void **state)
{
    (void)state;
    provider_says.good = false;
    assert_link(0, 1, HF_E_CERT_SIGNATURE, 1);
    ders[2][0] = ders[0][0]; /* a copy */
    ders[3][0] = ders[1][0];
    assert_link(2, 3, HF_E_CERT_SIGNATURE, 0);
    assert_true(hf_checker_knows_bad(&checker, &certs[2], &certs[3]));
    provider_says.good = true;
    assert_link(0, 4, HF_OK, 1); /* another key */
    assert_link(4, 1, HF_OK, 1); /* another certificate */
    /* Itself, in memory that says something else now. */
    certs[5].spki = certs[1].spki;
    assert_link(0, 5, HF_E_CERT_SIGNATURE, 0);
}

static void a_fault_is_no_verdict_and_not_remembered(void **state)
{
    (void)state;
    provider_says.fault = true;
    assert_link(0, 1, HF_E_CRYPTO, 1);
    provider_says.good = false;
    assert_link(0, 1, HF_E_CRYPTO, 1);
    assert_int_equal(checker.count, 0);
    assert_int_equal(checker.signatures, 998); /* it was paid for */
    provider_says.fault = false;
    assert_link(0, 1, HF_E_CERT_SIGNATURE, 1);
}

static void algorithms_are_asked_before_anything_is_paid(void **state)
{
    static const uint16_t others[] = { 0x0804 };

    (void)state;
    certs[0].algorithm = hf_span(rsa, 15);
    assert_link(0, 1, HF_E_CERT_SIGNATURE, 0);
    certs[0].algorithm = hf_span(ecdsa, 12);
    v.schemes = others;
    v.scheme_count = 1;
    assert_link(0, 1, HF_E_CERT_ALGORITHM, 0);
    assert_int_equal(checker.signatures, 1000);
    assert_int_equal(checker.count, 0);
    /* What was found good in another scheme's time is asked again. */
    v.scheme_count = 0;
    assert_link(0, 1, HF_OK, 1);
    v.scheme_count = 1;
    assert_link(0, 1, HF_E_CERT_ALGORITHM, 0);
}

static void signatures_are_paid_for_and_links_counted(void **state)
{
    (void)state;
    checker.signatures = 1;
    assert_link(0, 1, HF_OK, 1);
    assert_link(2, 3, HF_E_BUDGET, 0);
    assert_int_equal(checker.signatures, 0);
    assert_int_equal(checker.count, 1);
    assert_link(0, 1, HF_OK, 0); /* known, and free */
    checker.signatures = 1000;
    for (size_t i = 1; i < HF_LINKS_MAX; i++)
        assert_link(i, i + 1, HF_OK, 1);
    assert_int_equal(checker.count, HF_LINKS_MAX);
    assert_link(HF_LINKS_MAX, HF_LINKS_MAX + 1, HF_E_BUDGET, 0);
    assert_link(0, 1, HF_OK, 0);
}

/* ---- the table of the config ------------------------------------------------------------------- */

static void who_is_known_costs_the_same_and_is_not_verified(void **state)
{
    struct hf_cert *chain[] = { &certs[0], &certs[1] };

    (void)state;
    v.known = (struct hf_known *)&table; /* nobody looks into it */
    v.chain = chain;
    v.count = 2;
    assert_link(1, 2, HF_OK, 1);
    assert_int_equal(table.asked, 1);
    assert_int_equal(table.put, 1);
    table.has = true;
    assert_link(3, 4, HF_OK, 0);
    assert_int_equal(table.put, 1);
    assert_int_equal(checker.signatures, 998);
    /* A bad one is not put there, nor what was a fault. */
    table.has = false;
    provider_says.good = false;
    assert_link(5, 6, HF_E_CERT_SIGNATURE, 1);
    provider_says.fault = true;
    assert_link(6, 7, HF_E_CRYPTO, 1);
    assert_int_equal(table.put, 1);
    assert_int_equal(table.asked, 4);
}

/* That of the peer itself only if the config wants that. */
static void the_peers_own_is_looked_up_if_that_is_wanted(void **state)
{
    struct hf_cert *chain[] = { &certs[0], &certs[1] };

    (void)state;
    v.known = (struct hf_known *)&table;
    v.chain = chain;
    v.count = 2;
    table.has = true;
    assert_link(0, 1, HF_OK, 1);
    assert_int_equal(table.asked + table.put, 0);
    hf_checker_wipe(&checker);
    table.leaves = true;
    assert_link(0, 1, HF_OK, 0);
    assert_int_equal(table.asked, 1);
    hf_checker_wipe(&checker);
    table.leaves = false;
    v.count = 0; /* of nobody's own */
    assert_link(0, 1, HF_OK, 0);
    assert_int_equal(table.asked, 2);
}

static void without_a_table_or_a_digest_all_are_verified(void **state)
{
    (void)state;
    table.has = true;
    assert_link(0, 1, HF_OK, 1);
    v.known = (struct hf_known *)&table;
    table.no_digest = true;
    assert_link(2, 3, HF_OK, 1);
    assert_int_equal(table.asked + table.put, 0);
}

/* ---- lists and responses ------------------------------------------------------------------------ */

static void others_are_verified_each_time(void **state)
{
    const struct hf_span message = { names, 4 }, signature = { names, 1 };

    (void)state;
    v.known = (struct hf_known *)&table;
    table.has = true;
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(hf_checker_signed(&checker, &certs[1].key,
                                           hf_span(ecdsa, 12), message,
                                           signature),
                         HF_OK);
        assert_int_equal(provider_says.calls, i);
    }
    assert_ptr_equal(provider_says.message.at, names);
    assert_int_equal(provider_says.message.len, 4);
    assert_int_equal(provider_says.signature.len, 1);
    assert_int_equal(table.asked + table.put, 0);
    assert_int_equal(checker.signatures, 998);
    assert_int_equal(hf_checker_signed(&checker, &certs[1].key,
                                       hf_span(rsa, 15), message, signature),
                     HF_E_CERT_SIGNATURE);
    assert_int_equal(provider_says.calls, 2);
    assert_int_equal(checker.signatures, 998);
}

static uint16_t list(struct hf_crl *crl, size_t above)
{
    provider_says.calls = 0;
    return hf_checker_list(&checker, crl, &certs[above]);
}

/* Whoever is first to find out who signed a list writes it there. */
static void who_signed_a_list_is_remembered_in_it(void **state)
{
    struct hf_crl crl = { .tbs = { names, 5 },
                          .signature = { names, 6 },
                          .algorithm = { ecdsa, 12 } };
    struct hf_cert *signer;

    (void)state;
    provider_says.good = false;
    assert_int_equal(list(&crl, 1), HF_E_CERT_SIGNATURE);
    assert_null(atomic_load(&crl.signer));
    provider_says.good = true;
    assert_int_equal(list(&crl, 2), HF_OK);
    assert_int_equal(provider_says.calls, 1);
    assert_int_equal(provider_says.message.len, 5);
    assert_int_equal(provider_says.signature.len, 6);
    signer = atomic_load(&crl.signer);
    assert_ptr_equal(signer, &certs[2]);
    assert_int_equal(certs[2].count, 2);
    assert_int_equal(list(&crl, 2), HF_OK);
    assert_int_equal(provider_says.calls, 0);
    /* Another is verified each time, and replaces nobody. */
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(list(&crl, 3), HF_OK);
        assert_int_equal(provider_says.calls, 1);
    }
    provider_says.good = false;
    assert_int_equal(list(&crl, 3), HF_E_CERT_SIGNATURE);
    assert_ptr_equal(atomic_load(&crl.signer), signer);
    assert_int_equal(certs[3].count, 1);
    hf_cert_free(signer);
}

static void whoever_comes_second_replaces_nobody(void **state)
{
    struct hf_crl crl = { .tbs = { names, 5 },
                          .signature = { names, 6 },
                          .algorithm = { ecdsa, 12 } };

    (void)state;
    provider_says.meanwhile = &crl;
    provider_says.other = &certs[7];
    assert_int_equal(list(&crl, 2), HF_OK);
    assert_ptr_equal(atomic_load(&crl.signer), &certs[7]);
    assert_int_equal(certs[2].count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_signature_is_over_what_is_to_be_signed),
        TEST(good_and_bad_are_remembered),
        TEST(what_is_remembered_are_bytes),
        TEST(a_fault_is_no_verdict_and_not_remembered),
        TEST(algorithms_are_asked_before_anything_is_paid),
        TEST(signatures_are_paid_for_and_links_counted),
        TEST(who_is_known_costs_the_same_and_is_not_verified),
        TEST(the_peers_own_is_looked_up_if_that_is_wanted),
        TEST(without_a_table_or_a_digest_all_are_verified),
        TEST(others_are_verified_each_time),
        TEST(who_signed_a_list_is_remembered_in_it),
        TEST(whoever_comes_second_replaces_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
