/* suite_test.c - every row of suites.def, found by each of its names; every
 * algorithm of the provider, found by what it is; providers that lie. */
#include "vectors.h"

static void each_suite_is_found_by_number_and_name(void **state)
{
    (void)state;
    assert_true(hf_suite_count >= 11);
    for (size_t i = 0; i < hf_suite_count; i++) {
        const struct hf_suite *s = &hf_suites[i];
        char number[8];
        snprintf(number, sizeof(number), "0x%04x", s->number);
        assert_ptr_equal(hf_suite_by_number(s->number), s);
        assert_ptr_equal(hf_suite_by_name(s->name), s);
        assert_ptr_equal(hf_suite_by_name(s->openssl), s);
        assert_ptr_equal(hf_suite_by_name(number), s);
    }
}

static void suite_names_ignore_case(void **state)
{
    (void)state;
    assert_int_equal(hf_suite_by_name("tls_aes_128_gcm_sha256")->number,
                     0x1301);
    assert_int_equal(hf_suite_by_name("0XC02F")->number, 0xc02f);
}

static void unknown_suites_are_not_found(void **state)
{
    (void)state;
    assert_null(hf_suite_by_number(0x0000));
    assert_null(hf_suite_by_number(0x11301));
    assert_null(hf_suite_by_name(""));
    assert_null(hf_suite_by_name("0x"));
    assert_null(hf_suite_by_name("0x13"));
    assert_null(hf_suite_by_name("0x130100"));
    assert_null(hf_suite_by_name("0x0005")); /* RC4 */
    assert_null(hf_suite_by_name("TLS_AES_128_GCM_SHA25"));
    assert_null(hf_suite_by_name("TLS_AES_128_GCM_SHA2566"));
}

static void each_suite_has_its_aead_and_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < hf_suite_count; i++) {
        const struct hf_suite *s = &hf_suites[i];
        const struct hf_aead *aead = hf_suite_aead(opened(), s);
        const struct hf_hash *hash = hf_hash_by_id(opened(), s->hash);
        assert_non_null(aead);
        assert_non_null(hash);
        assert_int_equal(aead->key_len, s->aead == HF_AES_128_GCM ? 16 : 32);
        assert_int_equal(hash->len, s->hash == HF_SHA384 ? 48 : 32);
        assert_true(s->version == 0x0304 || s->version == 0x0303);
        assert_int_equal(s->kx == HF_SUITE_ANY, s->version == 0x0304);
    }
}

static void each_algorithm_is_found(void **state)
{
    const struct hf_crypto *c = opened();
    const struct hf_provider *p = c->provider;

    (void)state;
    for (size_t i = 0; p->hashes[i]; i++)
        assert_ptr_equal(hf_hash_by_id(c, p->hashes[i]->id), p->hashes[i]);
    for (size_t i = 0; p->groups[i]; i++)
        assert_ptr_equal(hf_kx_by_group(c, p->groups[i]->group), p->groups[i]);
    for (size_t i = 0; p->signatures[i]; i++) {
        const struct hf_signature *s = p->signatures[i];
        bool works = !p->signature_works || p->signature_works(c->self, s);

        assert_ptr_equal(hf_signature_by_parts(c, s->key, s->padding, s->hash),
                         works ? s : NULL);
        assert_true(works || s->key >= HF_KEY_MLDSA44);
        if (s->scheme)
            assert_ptr_equal(hf_signature_by_scheme(c, s->scheme), s);
    }
    assert_null(hf_hash_by_id(c, HF_HASH_NONE));
    assert_null(hf_kx_by_group(c, 0));
    assert_null(hf_signature_by_scheme(c, 0));
    assert_null(hf_signature_by_scheme(c, 0x0201)); /* SHA-1 */
    assert_null(hf_signature_by_parts(c, HF_KEY_NONE, 0, HF_SHA256));
}

/* ---- providers that lie --------------------------------------------------------- */

static const char *refusal_of(const struct hf_provider *p)
{
    static struct hf_error error;
    struct hf_crypto c;

    error = (struct hf_error){ 0 };
    assert_false(hf_crypto_open(&c, p, &error));
    assert_int_equal(error.code, HF_E_PROVIDER);
    assert_null(c.provider);
    hf_crypto_close(&c); /* of what never opened: nothing */
    return error.detail;
}

static void a_provider_larger_than_the_limits_is_refused(void **state)
{
    static struct hf_hash hash;
    static struct hf_aead aead;
    static struct hf_kx kx;
    static const struct hf_hash *const hashes[] = { &hash, NULL };
    static const struct hf_aead *const aeads[] = { &aead, NULL };
    static const struct hf_kx *const groups[] = { &kx, NULL };
    struct hf_provider p = hf_libcrypto;

    (void)state;
    hash = hf_libcrypto.hashes[0][0];
    hash.len = HF_HASH_MAX + 1;
    p.hashes = hashes;
    assert_non_null(strstr(refusal_of(&p), hash.name));
    hash.len = 32;
    hash.block = HF_BLOCK_MAX + 1;
    assert_non_null(strstr(refusal_of(&p), hash.name));
    p = hf_libcrypto;
    aead = hf_libcrypto.aeads[0][0];
    aead.state_size = HF_AEAD_STATE_MAX + 1;
    p.aeads = aeads;
    assert_non_null(strstr(refusal_of(&p), aead.name));
    p = hf_libcrypto;
    kx = (struct hf_kx){ .name = "wide", .secret_len = HF_SECRET_MAX + 1 };
    p.groups = groups;
    assert_non_null(strstr(refusal_of(&p), "wide"));
    kx = (struct hf_kx){ .name = "big", .state_size = HF_KX_STATE_MAX + 1 };
    assert_non_null(strstr(refusal_of(&p), "big"));
}

/* It is in the list of hashes, for OCSP; nothing can be signed with it. */
static void nobody_signs_with_sha1(void **state)
{
    static struct hf_signature bad;
    static const struct hf_signature *const signatures[] = { &bad, NULL };
    struct hf_provider p = hf_libcrypto;

    (void)state;
    assert_non_null(hf_hash_by_id(opened(), HF_SHA1));
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++)
        assert_int_not_equal(hf_libcrypto.signatures[i]->hash, HF_SHA1);
    bad = hf_libcrypto.signatures[0][0];
    bad.hash = HF_SHA1;
    p.signatures = signatures;
    assert_non_null(strstr(refusal_of(&p), "signs with SHA-1"));
}

static void *refuse(struct hf_error *error)
{
    hf_fail(error, HF_E_PROVIDER, "not today");
    return NULL;
}

static void a_provider_that_does_not_open_says_why(void **state)
{
    struct hf_provider p = hf_libcrypto;

    (void)state;
    p.open = refuse;
    assert_string_equal(refusal_of(&p), "not today");
}

static void random_bytes_differ(void **state)
{
    uint8_t a[300] = { 0 }, b[300] = { 0 };

    (void)state;
    assert_true(hf_random(opened(), a, sizeof(a)));
    assert_true(hf_random(opened(), b, sizeof(b)));
    for (size_t i = 0; i + 20 <= sizeof(a); i += 20)
        assert_memory_not_equal(a + i, b + i, 20);
    assert_true(hf_random(opened(), a, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_suite_is_found_by_number_and_name),
        cmocka_unit_test(suite_names_ignore_case),
        cmocka_unit_test(unknown_suites_are_not_found),
        cmocka_unit_test(each_suite_has_its_aead_and_hash),
        cmocka_unit_test(each_algorithm_is_found),
        cmocka_unit_test(a_provider_larger_than_the_limits_is_refused),
        cmocka_unit_test(nobody_signs_with_sha1),
        cmocka_unit_test(a_provider_that_does_not_open_says_why),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
