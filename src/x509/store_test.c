/* store_test.c - anchors are found by their subject, read when needed, and
 * cost little until then. */
#include "x509/x509_make.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static struct hf_error error;

static struct hf_store *new_store(void)
{
    struct hf_store *store = hf_store_new();

    assert_non_null(store);
    error = (struct hf_error){ .code = HF_OK };
    return store;
}

static bool add(struct hf_store *store, const char *pem, size_t *added)
{
    return hf_store_add_pem(store, hf_span_text(pem), true, NULL, NULL, added,
                            &error);
}

/* PEM of a root called CN=@name, behind what is in @out. */
static void put_root(char *out, size_t cap, const char *name)
{
    static uint8_t der[4096];
    char subject[128];
    size_t have = strlen(out);

    snprintf(subject, sizeof(subject), "CN=%s", name);
    make_pem(
        hf_span(der,
                make_der(&(struct make){ .subject = subject,
                                         .ext = { "basicConstraints=critical,"
                                                  "CA:TRUE" } },
                         der, sizeof(der))),
        out + have, cap - have);
}

/* How many anchors are called CN=@name. */
static unsigned count_named(const struct hf_store *store, const char *name)
{
    char subject[128];
    struct hf_cert *cert, *anchor;
    struct hf_anchors walk;
    unsigned n = 0;

    snprintf(subject, sizeof(subject), "CN=%s", name);
    cert = make_cert(&(struct make){ .subject = subject });
    walk = hf_anchors_of(store, cert->subject);
    while ((anchor = hf_anchors_next(&walk, &error))) {
        assert_true(hf_span_equal(anchor->subject, cert->subject));
        assert_true(hf_store_holds(store, anchor, &error));
        hf_cert_free(anchor);
        n++;
    }
    assert_false(
        hf_store_holds(store, cert, &error)); /* the name is not enough */
    hf_cert_free(cert);
    return n;
}

static void anchors_are_found_by_their_subject(void **state)
{
    struct hf_store *store = new_store();
    static char pem[32768];
    size_t added;

    (void)state;
    assert_int_equal(count_named(store, "a"), 0);
    for (unsigned i = 0; i < 20; i++) {
        char name[16];

        snprintf(name, sizeof(name), "root %u", i);
        put_root(pem, sizeof(pem), name);
    }
    put_root(pem, sizeof(pem), "root 7"); /* two of a name */
    assert_true(add(store, pem, &added));
    assert_int_equal(added, 21);
    assert_int_equal(hf_store_count(store), 21);
    assert_int_equal(count_named(store, "root 0"), 1);
    assert_int_equal(count_named(store, "root 19"), 1);
    assert_int_equal(count_named(store, "root 7"), 2);
    assert_int_equal(count_named(store, "root 20"), 0);
    assert_true(add(store, pem, &added)); /* and all of them again */
    assert_int_equal(count_named(store, "root 7"), 4);
    assert_int_equal(hf_store_count(store), 42);
    assert_ptr_equal(hf_store_keep(store), store);
    hf_store_free(store);
    assert_int_equal(count_named(store, "root 3"), 2);
    hf_store_free(store);
    hf_store_free(NULL);
}

static void anchors_keep_their_order(void **state)
{
    struct hf_store *store = new_store();
    static char pem[8192];
    struct hf_cert *cert;
    char name[32];
    size_t added;

    (void)state;
    put_root(pem, sizeof(pem), "first");
    put_root(pem, sizeof(pem), "second");
    assert_true(add(store, pem, &added));
    cert = hf_store_at(store, 0);
    hf_name_text(cert->subject, name, sizeof(name));
    assert_string_equal(name, "CN=first");
    hf_cert_free(cert);
    cert = hf_store_at(store, 1);
    hf_name_text(cert->subject, name, sizeof(name));
    assert_string_equal(name, "CN=second");
    hf_cert_free(cert);
    assert_null(hf_store_at(store, 2));
    hf_store_free(store);
}

static void der_is_added_too(void **state)
{
    struct hf_store *store = new_store();
    struct hf_cert *cert = make_cert(&(struct make){ .subject = "CN=a" });
    uint8_t junk[] = { 0x30, 0x00 };

    (void)state;
    assert_true(hf_store_add_der(store, cert->der, &error));
    assert_true(hf_store_holds(store, cert, &error));
    assert_false(hf_store_add_der(store, HF_SPAN(junk), &error));
    assert_int_equal(error.code, HF_E_CERT_DER);
    assert_int_equal(hf_store_count(store), 1);
    hf_cert_free(cert);
    hf_store_free(store);
}

/* It has certificates that are not trusted, or not for this. */
static void files_of_p11_kit_are_told_apart(void **state)
{
    static const char *const heads[] = { "[p11-kit-object-v1]\n",
                                         "# x\n[p11-kit-object-v1]\r\n" };
    struct hf_cert *cert = make_cert(&(struct make){ .subject = "CN=a" });
    char pem[4096], text[16384];
    struct hf_store *store = hf_store_new();
    size_t added;

    (void)state;
    make_pem(cert->der, pem, sizeof(pem));
    for (size_t i = 0; i < HF_COUNT(heads); i++) {
        snprintf(text, sizeof(text), "%s%sx-distrusted: true\n%s", i ? pem : "",
                 heads[i], pem);
        error = (struct hf_error){ .code = HF_OK };
        assert_false(hf_store_add_pem(store, hf_span_text(text), true, NULL,
                                      NULL, &added, &error));
        assert_int_equal(error.code, HF_E_BAD_PEM);
        assert_non_null(strstr(error.detail, "trust extract"));
        assert_int_equal(hf_store_count(store), 0);
    }
    /* What `trust extract` writes has comments, and no more. */
    snprintf(text, sizeof(text), "# Some [p11-kit] CA\n%s\n# Another\n%s", pem,
             pem);
    assert_true(hf_store_add_pem(store, hf_span_text(text), true, NULL, NULL,
                                 &added, &error));
    assert_int_equal(added, 2);
    hf_store_free(store);
    hf_cert_free(cert);
}

static void a_bad_block_spoils_the_whole_text(void **state)
{
    static const char *const bad[] = {
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END KEY-----\n",
    };
    static char pem[32768];
    size_t added;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        struct hf_store *store = new_store();

        pem[0] = '\0';
        put_root(pem, sizeof(pem), "kept");
        assert_true(add(store, pem, &added));
        pem[0] = '\0';
        for (unsigned k = 0; k < 20; k++) /* more than there is room for */
            put_root(pem, sizeof(pem) - 256, k ? "gone" : "gone too");
        strcat(pem, bad[i]);
        assert_false(add(store, pem, &added));
        assert_int_equal(added, 0);
        assert_int_equal(error.code, HF_E_BAD_PEM);
        assert_non_null(strstr(error.detail, i < 3 ? "21" : "20"));
        assert_int_equal(hf_store_count(store), 1);
        assert_int_equal(count_named(store, "kept"), 1);
        assert_int_equal(count_named(store, "gone"), 0);
        hf_store_free(store);
    }
}

static void a_text_without_certificates_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "hello",
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
    };
    struct hf_store *store = new_store();
    size_t added;

    (void)state;
    for (size_t i = 0; i < HF_COUNT(texts); i++) {
        error = (struct hf_error){ .code = HF_OK };
        assert_false(add(store, texts[i], &added));
        assert_int_equal(error.code, HF_E_BAD_PEM);
    }
    hf_store_free(store);
}

static void other_blocks_and_words_are_passed_over(void **state)
{
    struct hf_store *store = new_store();
    static char pem[8192];
    size_t added;

    (void)state;
    strcpy(pem, "# some words\n-----BEGIN X509 CRL-----\nMIIB\n"
                "-----END X509 CRL-----\nmore words\n");
    put_root(pem, sizeof(pem), "a");
    strcat(pem, "the end\n");
    assert_true(add(store, pem, &added));
    assert_int_equal(added, 1);
    hf_store_free(store);
}

/* A subject far behind the first bytes of its certificate. */
static void long_subjects_are_found(void **state)
{
    struct hf_store *store = new_store();
    static char pem[8192];
    char name[64 * 8];
    size_t added, n = 0;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        n += (size_t)snprintf(name + n, sizeof(name) - n, "%s%060u",
                              i ? "/OU=" : "", i);
    put_root(pem, sizeof(pem), name);
    assert_true(add(store, pem, &added));
    assert_int_equal(count_named(store, name), 1);
    hf_store_free(store);
}

/* Indexed, because its beginning is fine; told when it is wanted. */
static void an_anchor_that_cannot_be_read_is_passed_over(void **state)
{
    struct hf_store *store = new_store();
    static char pem[4096];
    static uint8_t der[4096];
    struct hf_cert *cert = make_cert(&(struct make){ .subject = "CN=old" });
    struct hf_anchors walk;
    size_t added, len;

    (void)state;
    len = make_der(&(struct make){ .subject = "CN=old", .v1 = true }, der,
                   sizeof(der));
    make_pem(hf_span(der, len), pem, sizeof(pem));
    assert_true(add(store, pem, &added));
    walk = hf_anchors_of(store, cert->subject);
    assert_null(hf_anchors_next(&walk, &error));
    assert_int_equal(error.code, HF_E_CERT_VERSION);
    assert_null(hf_store_at(store, 0));
    hf_cert_free(cert);
    hf_store_free(store);
}

static void count_done(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void a_borrowed_text_is_given_back_once(void **state)
{
    struct hf_store *store = new_store();
    static char pem[4096];
    unsigned done = 0;
    size_t added;

    (void)state;
    put_root(pem, sizeof(pem), "a");
    assert_true(hf_store_add_pem(store, hf_span_text(pem), false, count_done,
                                 &done, &added, &error));
    /* What was refused stays with the caller. */
    assert_false(hf_store_add_pem(store, hf_span_text("x"), false, count_done,
                                  &done, &added, &error));
    assert_int_equal(done, 0);
    hf_store_free(store);
    assert_int_equal(done, 1);
}

/* ---- the system's bundle ------------------------------------------------------------- */

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void the_systems_bundle_opens_quickly(void **state)
{
    static char text[1 << 20];
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "r");
    double best = 1e9;
    size_t len, added, heap = 0, roots = 0;

    (void)state;
    if (!f) {
        print_message("# SKIP: the bundle (apt install ca-certificates)\n");
        skip();
    }
    len = fread(text, 1, sizeof(text), f);
    fclose(f);
    for (unsigned i = 0; i < 10; i++) {
        struct hf_store *store = new_store();
        size_t before = mallinfo2().uordblks;
        double start = cpu_ms(), took;

        assert_true(hf_store_add_pem(store, hf_span(text, len), false, NULL,
                                     NULL, &added, &error));
        took = cpu_ms() - start;
        best = took < best ? took : best;
        heap = mallinfo2().uordblks - before;
        roots = hf_store_count(store);
        for (size_t k = 0; k < roots; k++) {
            struct hf_cert *cert = hf_store_at(store, k);

            assert_non_null(cert);
            assert_true(hf_store_holds(store, cert, &error));
            hf_cert_free(cert);
        }
        hf_store_free(store);
    }
    print_message("# %zu roots in %.2f ms and %zu bytes\n", roots, best, heap);
    assert_true(heap <= 100 * 1024);
#ifdef __OPTIMIZE__
    if (!getenv("HF_WRAP") && best > 5.0) /* 1 ms on an idle machine */
        fail_msg("%.2f ms", best);
#endif
}

/* ---- many at once ------------------------------------------------------------------------ */

static void *look_up(void *store)
{
    for (unsigned i = 0; i < 2000; i++) {
        struct hf_cert *cert = hf_store_at(store, i % 3), *found;
        struct hf_error none = { .code = HF_OK };
        struct hf_anchors walk = hf_anchors_of(store, cert->subject);

        found = hf_anchors_next(&walk, &none);
        if (!found || hf_cert_keep(found) != found)
            return NULL;
        hf_cert_free(found);
        hf_cert_free(found);
        hf_cert_free(cert);
        hf_store_free(hf_store_keep(store));
    }
    return store;
}

static void threads_share_a_store(void **state)
{
    struct hf_store *store = new_store();
    pthread_t threads[4];
    static char pem[8192];
    size_t added;

    (void)state;
    put_root(pem, sizeof(pem), "a");
    put_root(pem, sizeof(pem), "b");
    put_root(pem, sizeof(pem), "c");
    assert_true(add(store, pem, &added));
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, store), 0);
    for (size_t i = 0; i < HF_COUNT(threads); i++) {
        void *result;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, store);
    }
    hf_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anchors_are_found_by_their_subject),
        cmocka_unit_test(anchors_keep_their_order),
        cmocka_unit_test(der_is_added_too),
        cmocka_unit_test(files_of_p11_kit_are_told_apart),
        cmocka_unit_test(a_bad_block_spoils_the_whole_text),
        cmocka_unit_test(a_text_without_certificates_is_refused),
        cmocka_unit_test(other_blocks_and_words_are_passed_over),
        cmocka_unit_test(long_subjects_are_found),
        cmocka_unit_test(an_anchor_that_cannot_be_read_is_passed_over),
        cmocka_unit_test(a_borrowed_text_is_given_back_once),
        cmocka_unit_test(the_systems_bundle_opens_quickly),
        cmocka_unit_test(threads_share_a_store),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
