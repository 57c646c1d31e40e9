/* memory_test.c - every allocation fails once, one after the other: what comes
 * out is a clean refusal, or nothing that matters happened; never a proof that
 * is not one.
 *
 * The library allocates by calloc() and nothing else, so a calloc() of this
 * program's own stands in front of it.  Under valgrind (HF_WRAP) another one
 * stands in front of that. */
#include "x509/revoke_make.h"

#include <stdlib.h>

static bool armed;
static unsigned countdown;

/* The C library's own declaration has attributes that differ by version. */
void *calloc(size_t count, size_t size)
{
    void *p;

    if (armed && countdown-- == 0) {
        armed = false;
        return NULL;
    }
    if (size && count > SIZE_MAX / size)
        return NULL;
    p = malloc(count && size ? count * size : 1);
    if (p)
        memset(p, 0, count * size);
    return p;
}

static void fail_at(unsigned n)
{
    if (getenv("HF_WRAP")) {
        print_message("# SKIP: failing allocations (HF_WRAP is set)\n");
        skip();
    }
    armed = true;
    countdown = n;
}

/* Did it come to that? */
static bool has_failed(void)
{
    bool failed = !armed;

    armed = false;
    return failed;
}

static void reading_a_certificate_may_fail(void **state)
{
    struct hf_cert *good = make_cert(&(struct make){ LEAF }), *cert;
    struct hf_error error = { .code = HF_OK };

    (void)state;
    fail_at(0);
    cert = hf_cert_new(good->der, &error);
    assert_true(has_failed());
    assert_null(cert);
    assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
    hf_cert_free(good);
}

/* Whatever fails, the store holds all of the text or nothing of it. */
static void filling_a_store_may_fail(void **state)
{
    static char pem[64 * 1024];
    size_t len = 0, added;
    unsigned n;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct hf_cert *cert = make_cert(
            &(struct make){ ROOT, .serial = i % 2 ? "1" : "2" });

        len += make_pem(cert->der, pem + len, sizeof(pem) - len);
        hf_cert_free(cert);
    }
    for (n = 0;; n++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_store *store;
        bool ok;

        fail_at(n);
        store = hf_store_new();
        if (!store) {
            assert_true(has_failed());
            continue;
        }
        ok = hf_store_add_pem(store, hf_span(pem, len), true, NULL, NULL,
                              &added, &error);
        if (!has_failed()) {
            assert_true(ok);
            assert_int_equal(hf_store_count(store), 20);
            hf_store_free(store);
            break;
        }
        assert_false(ok);
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(hf_store_count(store), 0);
        /* And it can be used on. */
        error.code = HF_OK;
        assert_true(hf_store_add_pem(store, hf_span(pem, len), true, NULL, NULL,
                                     &added, &error));
        assert_int_equal(hf_store_count(store), 20);
        hf_store_free(store);
    }
    print_message("# %u allocations\n", n);
    assert_true(n >= 6);
}

static void adding_to_a_full_store_may_fail(void **state)
{
    struct hf_cert *cert = make_cert(&(struct make){ ROOT });
    struct hf_store *store = hf_store_new();
    struct hf_error error = { .code = HF_OK };

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        assert_true(hf_store_add_der(store, cert->der, &error));
    for (unsigned n = 0;; n++) {
        bool ok;

        error.code = HF_OK;
        fail_at(n);
        ok = hf_store_add_der(store, cert->der, &error);
        if (!has_failed()) {
            assert_true(ok);
            break;
        }
        assert_false(ok);
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(hf_store_count(store), 16);
        assert_true(hf_store_holds(store, cert, &error));
    }
    assert_int_equal(hf_store_count(store), 17);
    hf_cert_free(cert);
    hf_store_free(store);
}

static void verifying_may_fail(void **state)
{
    struct scene s;
    struct fake fake;
    unsigned n, refused = 0;

    (void)state;
    fake_init(&fake);
    scene_init(&s);
    s.v.crypto = &fake.crypto;
    TRUST(&s, ROOT);
    TRUST(&s, LEAF); /* of that name, but not this one */
    SEND(&s, LEAF, .ext = { LEAF_SAN, "2.5.29.32=DER:3006300406022a01" });
    SEND(&s, MIDDLE, .ext = { CA, "2.5.29.32=DER:3006300406022a01" });
    s.v.policies = &(struct hf_policies_asked){ .needed = true };
    for (n = 0;; n++) {
        unsigned code;

        fail_at(n);
        code = scene_ask(&s);
        if (!has_failed()) {
            assert_int_equal(code, HF_OK);
            break;
        }
        assert_int_equal(code, HF_E_OUT_OF_MEMORY);
        refused++;
    }
    print_message("# %u allocations\n", n);
    assert_int_equal(refused, n);
    assert_true(n >= 2);
    scene_wipe(&s);
}

/* Certificates of text are read when they are asked for, and once more by who
 * checks the path. */
static void verifying_with_a_store_of_text_may_fail(void **state)
{
    static char pem[4096];
    struct hf_cert *root = make_cert(&(struct make){ ROOT });
    struct scene s;
    size_t added;
    unsigned n;

    (void)state;
    scene_init(&s);
    assert_true(hf_store_add_pem(
        s.store, hf_span(pem, make_pem(root->der, pem, sizeof(pem))), true,
        NULL, NULL, &added, &s.error));
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    for (n = 0;; n++) {
        unsigned code;

        fail_at(n);
        code = scene_ask(&s);
        if (!has_failed()) {
            assert_int_equal(code, HF_OK);
            break;
        }
        assert_int_equal(code, HF_E_OUT_OF_MEMORY);
    }
    assert_true(n >= 2);
    scene_wipe(&s);
    hf_cert_free(root);
}

/* A name that goes beyond what is looked at first needs the whole in memory. */
static void indexing_a_long_name_may_fail(void **state)
{
    static char pem[8192], subject[1024];
    size_t len = 0, added;
    struct hf_cert *root;
    unsigned n;

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        len += (size_t)snprintf(subject + len, sizeof(subject) - len,
                                "%sOU=%060u", i ? "/" : "", i);
    root = make_cert(&(struct make){ .subject = subject, .key = P256_A });
    make_pem(root->der, pem, sizeof(pem));
    for (n = 0;; n++) {
        struct hf_store *store = hf_store_new();
        struct hf_error error = { .code = HF_OK };
        bool ok;

        fail_at(n);
        ok = hf_store_add_pem(store, hf_span_text(pem), false, NULL, NULL,
                              &added, &error);
        if (!has_failed()) {
            assert_true(ok);
            assert_int_equal(hf_store_count(store), 1);
            hf_store_free(store);
            break;
        }
        assert_false(ok);
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(hf_store_count(store), 0);
        hf_store_free(store);
    }
    assert_true(n >= 3);
    hf_cert_free(root);
}

static void reading_lists_may_fail(void **state)
{
    static char pem[16384];
    struct hf_span der = LIST(.many = 5);
    struct hf_crls crls = { .at = NULL };
    size_t len, added;
    unsigned n;

    (void)state;
    len = (size_t)snprintf(pem, sizeof(pem), "-----BEGIN X509 CRL-----\n");
    assert_true(hf_base64(pem + len, sizeof(pem) - len, der));
    strcat(pem, "\n-----END X509 CRL-----\n");
    len = strlen(pem);
    memcpy(pem + len, pem, len); /* twice */
    pem[2 * len] = '\0';
    for (n = 0;; n++) {
        struct hf_error error = { .code = HF_OK };
        bool ok;

        fail_at(n);
        ok = hf_crls_add(&crls, hf_span_text(pem), &added, &error);
        if (!has_failed()) {
            assert_true(ok);
            assert_int_equal(crls.count, 2);
            break;
        }
        assert_false(ok);
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(crls.count, 0);
        hf_crls_wipe(&crls);
    }
    print_message("# %u allocations\n", n);
    assert_true(n >= 9);
    hf_crls_wipe(&crls);
}

static void asking_for_revocation_may_fail(void **state)
{
    static const struct make responder = {
        .subject = "CN=Lab Responder",
        .key = P256_D,
        .issuer = "CN=Lab Issuing",
        .signer = P256_B,
        .ext = { "extendedKeyUsage=OCSPSigning" }
    };
    struct hf_crl *crl = make_crl(&(struct make_list){ .many = 3 });
    struct hf_crls crls = { .at = &crl, .count = 1 };
    struct hf_span staple[2] = { STAPLE(.signer = &responder,
                                        .with = { &responder }) };
    struct hf_status status;
    struct scene s;
    unsigned n;

    (void)state;
    scene_init(&s);
    TRUST(&s, ROOT);
    SEND(&s, LEAF);
    SEND(&s, MIDDLE);
    s.v.revocation = HF_REVOCATION_LEAF;
    s.v.crls = &crls;
    s.v.staples = staple;
    for (n = 0;; n++) {
        unsigned code;

        fail_at(n);
        code = scene_ask(&s);
        if (!has_failed()) {
            assert_int_equal(code, HF_OK);
            break;
        }
        assert_int_equal(code, HF_E_OUT_OF_MEMORY);
    }
    assert_true(n >= 2);
    for (n = 0;; n++) {
        struct hf_error error = { .code = HF_OK };
        bool ok;

        fail_at(n);
        ok = hf_staple_check(&s.v, s.sent[0], s.sent[1], staple[0], &status,
                             &error);
        if (!has_failed()) {
            assert_true(ok);
            break;
        }
        assert_false(ok);
        assert_int_equal(error.code, HF_E_OUT_OF_MEMORY);
    }
    assert_int_equal(n, 2);
    scene_wipe(&s);
    hf_crl_free(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_a_certificate_may_fail),
        cmocka_unit_test(filling_a_store_may_fail),
        cmocka_unit_test(adding_to_a_full_store_may_fail),
        cmocka_unit_test(verifying_may_fail),
        cmocka_unit_test(verifying_with_a_store_of_text_may_fail),
        cmocka_unit_test(indexing_a_long_name_may_fail),
        cmocka_unit_test(reading_lists_may_fail),
        cmocka_unit_test(asking_for_revocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
