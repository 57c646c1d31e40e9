/* worst_test.c - the worst that anybody has thought of, and what it costs: each
 * ends within the budgets by count and within MEMORY_MAX by bytes, which is
 * checked; how long it took is printed (20 ms are wanted on an idle machine).
 *
 * The library allocates by calloc() and nothing else; the linker puts a counting
 * one in front of it. */
#include "x509/fresh.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    MEMORY_MAX = 2 * 1024 * 1024, /* of one verification, beside its input */
    STORE_MAX = 64 * 1024 * 1024, /* of a store with 100,000 anchors */
    SIGNATURES_MAX = 100,         /* hf_verify_budget's defaults */
    CANDIDATES_MAX = 10000,
    COMPARISONS_MAX = 65536
};

/* ---- memory and time ---------------------------------------------------------------- */

void *__real_calloc(size_t count, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *p);

static size_t live, peak;

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = __real_calloc(count, size);

    live += p ? malloc_usable_size(p) : 0;
    if (live > peak)
        peak = live;
    return p;
}

void __wrap_free(void *p)
{
    size_t size = p ? malloc_usable_size(p) : 0;

    live -= size < live ? size : live;
    __real_free(p);
}

static double cpu_ms(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

/* Ask, and hold what it cost against the budgets. */
static void ask(const char *what, unsigned expected)
{
    const struct hf_verify_budget *spent = &s.tree.spent;
    size_t before = live;
    double start;
    unsigned code;

    peak = live;
    start = cpu_ms();
    code = scene_ask(&s);
    start = cpu_ms() - start;
    print_message("# > %-44s %5.1f ms %5zu KiB; %3u signatures, %5u "
                  "candidates, %5u comparisons\n",
                  what, start, (peak - before) / 1024, spent->signatures,
                  spent->candidates, spent->comparisons);
    if (code != expected)
        fail_msg("%s, not %s: %s", hf_error_name(code), hf_error_name(expected),
                 s.error.detail);
    assert_true(spent->signatures <= SIGNATURES_MAX);
    assert_true(spent->candidates <= CANDIDATES_MAX);
    assert_true(spent->comparisons <= COMPARISONS_MAX);
    assert_true(peak - before <= MEMORY_MAX);
}

static void send_crowd(struct hf_cert **crowd, size_t count)
{
    s.v.chain = crowd;
    s.v.count = count;
}

/* ---- graphs ------------------------------------------------------------------------------ */

static void circles_and_meshes(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_circle(count / 4);

    (void)state;
    send_crowd(crowd, count);
    ask("4,000 that issue each other in a circle", HF_E_BUDGET);
    TRUST(&s, ROOT, .subject = "CN=d");
    ask("the same below an anchor", HF_E_BUDGET);
    free_crowd(crowd, count);
}

static void thousands_of_one_name(void **state)
{
    const size_t count = 4000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=crowd", .ext = { CA, LEAF_SAN } }, count,
        false);

    (void)state;
    send_crowd(crowd, count);
    ask("4,000 authorities of one name and key", HF_E_BUDGET);
    free_crowd(crowd, count);
    crowd = make_crowd(&(struct make){ .subject = "CN=Lab Issuing",
                                       .issuer = "CN=Lab Root",
                                       .ext = { CA, LEAF_SAN } },
                       count, true);
    hf_cert_free(crowd[0]);
    crowd[0] = make_cert(&(struct make){ LEAF });
    TRUST(&s, ROOT, .ext = { CA });
    send_crowd(crowd, count);
    ask("4,000 forged ones below an anchor", HF_E_BUDGET);
    free_crowd(crowd, count);
}

/* Each of 23 authorities below each of five roots of one name: what a hundred
 * signatures cost. */
static void a_hundred_real_signatures(void **state)
{
    static const enum make_key keys[] = { P256_B, P256_C, P256_D, P256_E,
                                          P256_F };
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing",
                        .issuer = "CN=Lab Root",
                        .signer = P256_A,
                        .ext = { CA } },
        24, true);

    (void)state;
    hf_cert_free(crowd[0]);
    crowd[0] = make_cert(&(struct make){ LEAF });
    for (size_t i = 0; i < HF_COUNT(keys); i++)
        TRUST(&s, ROOT, .key = keys[i], .ext = { CA });
    send_crowd(crowd, 24);
    ask("100 signatures that were made by another", HF_E_BUDGET);
    assert_int_equal(s.tree.spent.signatures, SIGNATURES_MAX);
    free_crowd(crowd, 24);
}

static void thousands_of_anchors_of_one_name(void **state)
{
    const size_t count = 3000;
    struct hf_cert **crowd = make_crowd(
        &(struct make){ .subject = "CN=Lab Issuing", .ext = { CA } }, count,
        true);

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_true(hf_store_add_der(s.store, crowd[i]->der, &s.error));
    SEND(&s, LEAF);
    ask("3,000 anchors of one name", HF_E_BUDGET);
    free_crowd(crowd, count);
}

/* ---- lists --------------------------------------------------------------------------------- */

/* "2.5.29.N=DER:..." of @count names of three letters: as alternative names, or
 * each as a subtree of @tag of name constraints. */
static char *names(char *out, size_t cap, bool subtrees, unsigned count)
{
    size_t each = subtrees ? 7 : 5, body = count * each;
    size_t len = subtrees
                     ? (size_t)snprintf(out, cap,
                                        "2.5.29.30=critical,DER:3082%04zxa182"
                                        "%04zx",
                                        body + 4, body)
                     : (size_t)snprintf(out, cap, "2.5.29.17=DER:3082%04zx",
                                        body);

    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, cap - len, "%s8203%02x%02x%02x",
                                subtrees ? "3005" : "", '0' + i / 676 % 10,
                                'a' + i / 26 % 26, 'a' + i % 26);
    return out;
}

static void ten_thousand_names(void **state)
{
    static char san[128 * 1024];

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { names(san, sizeof(san), false, 10000) });
    SEND(&s, MIDDLE);
    ask("10,000 alternative names, none wanted", HF_E_NAME_MISMATCH);
    assert_true(hf_peer_name_read("4up", &s.name)); /* the last */
    ask("10,000 alternative names, the last wanted", HF_OK);
}

static void long_lists_of_constraints(void **state)
{
    static char san[128 * 1024], nc[128 * 1024];

    (void)state;
    TRUST(&s, ROOT);
    SEND(&s, LEAF, .ext = { LEAF_SAN });
    SEND(&s, MIDDLE, .ext = { CA, names(nc, sizeof(nc), true, 8000) });
    ask("8,000 constraints on one name", HF_OK);
    hf_cert_free(s.sent[0]);
    s.sent[0] = make_cert(&(struct make){
        LEAF, .ext = { names(san, sizeof(san), false, 10000) } });
    s.v.name = NULL;
    ask("8,000 constraints on 10,000 names", HF_E_NAME_CONSTRAINT);
    hf_cert_free(s.sent[0]);
    for (char *c = strstr(san, "8203"); c && c[0]; c += 10)
        memcpy(c + 4, "2d2d2d", 6); /* "---": of that kind, and no name */
    s.sent[0] = make_cert(&(struct make){ LEAF, .ext = { san } });
    ask("8,000 constraints on 10,000 that are no names", HF_E_NAME_CONSTRAINT);
    hf_cert_free(s.sent[0]);
    for (char *c = strstr(san, "8203"); c && c[0]; c += 10)
        memcpy(c + 4, "303030", 6); /* "000": outside of all */
    s.sent[0] = make_cert(&(struct make){ LEAF, .ext = { san } });
    ask("8,000 constraints on 10,000 names, none inside", HF_E_BUDGET);
}

/* ---- many anchors ------------------------------------------------------------------------------ */

static void replace_all(uint8_t *der, size_t len, const char *what,
                        const char *by)
{
    size_t n = strlen(what), found = 0;

    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(der + i, what, n) == 0) {
            memcpy(der + i, by, n);
            found++;
        }
    assert_int_equal(found, 2); /* issuer and subject */
}

static void a_hundred_thousand_anchors(void **state)
{
    const unsigned count = getenv("HF_WRAP") ? 2000 : 100000;
    static uint8_t der[4096], copy[4096];
    size_t before = live, len, found = 0;
    struct hf_error error = { .code = HF_OK };
    struct hf_store *store = hf_store_new();
    double start = cpu_ms(), adding;
    char name[16];

    (void)state;
    len = make_der(&(struct make){ .subject = "CN=Lab 00000000",
                                   .ext = { CA, CA_USE, SKID } },
                   der, sizeof(der));
    peak = live;
    for (unsigned i = 0; i < count; i++) {
        memcpy(copy, der, len);
        snprintf(name, sizeof(name), "Lab %08u", i);
        replace_all(copy, len, "Lab 00000000", name);
        assert_true(hf_store_add_der(store, hf_span(copy, len), &error));
    }
    adding = cpu_ms() - start;
    start = cpu_ms();
    for (unsigned i = 0; i < count; i += 97) {
        struct hf_cert *one = hf_store_at(store, i);
        struct hf_anchors walk = hf_anchors_of(store, one->subject);
        struct hf_cert *same = hf_anchors_next(&walk, &error);

        assert_non_null(same);
        found += hf_span_equal(one->der, same->der);
        hf_cert_free(same);
        hf_cert_free(one);
    }
    assert_int_equal(found, (count + 96) / 97);
    print_message("# > %u anchors of %zu bytes: %zu KiB (most while adding: "
                  "%zu), added in %.0f ms, found in %.1f us each\n",
                  count, len, (live - before) / 1024, (peak - before) / 1024,
                  adding, (cpu_ms() - start) * 1e3 / (double)found);
    assert_int_equal(hf_store_count(store), count);
    assert_true(peak - before < STORE_MAX);
    hf_store_free(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(circles_and_meshes),
        TEST(thousands_of_one_name),
        TEST(a_hundred_real_signatures),
        TEST(thousands_of_anchors_of_one_name),
        TEST(ten_thousand_names),
        TEST(long_lists_of_constraints),
        TEST(a_hundred_thousand_anchors),
    };

    return cmocka_run_group_tests(tests, NULL, make_close);
}
