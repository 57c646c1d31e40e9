/* limbo_test.c - C2SP/x509-limbo: testcases of path validation by many hands,
 * with Netflix's bettertls among them, each with the verdict that its authors
 * expect.
 *
 * A testcase is judged twice: under the profile that its namespace is about
 * (rfc5280::..., webpki::...), and as a connection would judge it, by default.
 * Where we differ there must be a row in one of the tables below, and the
 * argument for it stands in docs/x509.md; a row that is no longer needed is a
 * failure too. */
#define HF_UNPOISONED
#include "x509/x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#if defined(HAVE_JANSSON) && defined(HAVE_ZLIB)
#include <jansson.h>
#include <zlib.h>

enum { CERTS_MAX = 128, GROUPS_MAX = 64 };

/* Testcases on which we differ, by our own will: always ... */
static const char *const always[] = {
    "webpki::cn::case-mismatch",
    "webpki::cn::punycode-not-in-san",
    "webpki::cn::utf8-vs-punycode-mismatch",
    "webpki::san::public-suffix-multi-label-wildcard-san",
    "webpki::san::public-suffix-private-namespace-wildcard-san",
    NULL,
};
/* ... and unless their profile is asked for. */
static const char *const by_default[] = {
    "rfc5280::aki::leaf-missing-aki",
    "rfc5280::nc::permitted-dns-match-noncritical",
    "webpki::aki::root-with-aki-authoritycertissuer",
    "webpki::aki::root-with-aki-authoritycertserialnumber",
    "webpki::aki::root-with-aki-ski-mismatch",
    "webpki::ca-as-leaf",
    "webpki::ee-basicconstraints-ca",
    "webpki::eku::ee-anyeku",
    "webpki::eku::root-has-eku",
    "webpki::forbidden-rsa-not-divisible-by-8-in-root",
    "webpki::san::san-critical-with-nonempty-subject",
    NULL,
};

struct group {
    char name[48];
    unsigned total, agreed[2]; /* under its profile, by default */
};

struct limbo {
    struct hf_crypto crypto;
    struct group groups[GROUPS_MAX];
    size_t group_count;
    unsigned total, agreed[2], wrong;
    bool seen[2][32]; /* rows of the tables that were needed */
    double worst_ms;
    char worst[128];
};

/* ---- a testcase ----------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static struct hf_cert *read_cert(const char *pem_text)
{
    struct hf_span text = hf_span_text(pem_text);
    struct hf_error error = { .code = HF_OK };
    static uint8_t der[HF_CERT_MAX + 64];
    struct hf_pem pem;
    size_t len;
    bool bad;

    if (!hf_pem_next(&text, &pem, &bad) ||
        !hf_unbase64(pem.base64, der, sizeof(der), &len))
        return NULL;
    return hf_cert_new(hf_span(der, len), &error);
}

static struct hf_store *read_store(const json_t *pems)
{
    struct hf_store *store = hf_store_new();
    const json_t *pem;
    size_t i, added;

    assert_non_null(store);
    json_array_foreach(pems, i, pem)
    {
        struct hf_error error = { .code = HF_OK };

        /* One that cannot be indexed is one that nothing is trusted by. */
        if (!hf_store_add_pem(store, hf_span_text(json_string_value(pem)), true,
                              NULL, NULL, &added, &error))
            print_message("# anchor: %s\n", error.detail);
    }
    return store;
}

/* The testcase's revocation lists; false if one cannot be used, which in a
 * testcase about lists is a refusal. */
static bool read_lists(const json_t *pems, struct hf_crls *crls,
                       struct hf_error *error)
{
    const json_t *pem;
    size_t i, added;

    json_array_foreach(pems, i, pem)
    {
        if (!hf_crls_add(crls, hf_span_text(json_string_value(pem)), &added,
                         error))
            return false;
    }
    return true;
}

/* "2024-03-01T00:00:00+00:00", a fraction of a second dropped; without one,
 * now. */
static int64_t read_time(const char *text)
{
    struct hf_span value;
    char general[18];
    int64_t seconds;
    struct hf_der r;
    uint8_t der[2 + 15];

    if (strlen(text) < 19)
        return time(NULL);
    snprintf(general, sizeof(general), "%.4s%.2s%.2s%.2s%.2s%.2sZ", text,
             text + 5, text + 8, text + 11, text + 14, text + 17);
    der[0] = HF_DER_GENERAL_TIME;
    der[1] = 15;
    memcpy(der + 2, general, 15);
    value = hf_span(der, sizeof(der));
    r = hf_der(value);
    assert_true(hf_der_time(&r, &seconds));
    return seconds;
}

static bool is_client(const json_t *testcase)
{
    return strcmp(text_of(testcase, "validation_kind"), "CLIENT") == 0;
}

/* Our verdict; the reason in *error. */
static bool judge(struct limbo *limbo, const json_t *testcase,
                  enum hf_profile profile, struct hf_error *error)
{
    const json_t *peer = json_object_get(testcase, "expected_peer_name");
    const json_t *sent = json_object_get(testcase, "untrusted_intermediates");
    const json_t *depth = json_object_get(testcase, "max_chain_depth");
    struct hf_cert *chain[CERTS_MAX] = { 0 };
    struct hf_verified proof = { 0 };
    struct hf_crls crls = { .at = NULL };
    struct hf_peer_name name;
    struct hf_verify v = { .crypto = &limbo->crypto,
                           .chain = chain,
                           .profile = (uint8_t)profile };
    struct hf_store *store;
    const json_t *pem;
    size_t i;
    bool ok;

    if (json_is_object(peer)) {
        if (!hf_peer_name_read(text_of(peer, "value"), &name))
            return hf_fail(error, HF_E_NO_NAME, "not a name");
        v.name = &name;
    }
    chain[0] = read_cert(text_of(testcase, "peer_certificate"));
    if (!chain[0])
        return hf_fail(error, HF_E_CERT_DER, "the leaf cannot be read");
    v.count = 1;
    json_array_foreach(sent, i, pem)
    {
        assert_true(v.count < CERTS_MAX);
        chain[v.count++] = read_cert(json_string_value(pem));
    }
    store = read_store(json_object_get(testcase, "trusted_certs"));
    v.store = store;
    v.purpose = is_client(testcase) ? HF_PURPOSE_CLIENT : HF_PURPOSE_SERVER;
    if (!json_array_size(json_object_get(testcase, "key_usage")))
        v.leaf_usage = HF_USE_ANY;
    v.now = read_time(text_of(testcase, "validation_time"));
    if (json_is_integer(depth) && json_integer_value(depth) + 2 < UINT8_MAX)
        v.max_depth = (uint8_t)(json_integer_value(depth) + 2);
    ok = read_lists(json_object_get(testcase, "crls"), &crls, error);
    v.crls = &crls;
    v.revocation = crls.count ? HF_REVOCATION_HARD : HF_REVOCATION_SOFT;
    ok = ok && hf_verify_chain(&v, &proof, error);
    assert_true(ok == (proof.token == HF_VERIFIED_TOKEN));
    hf_verified_wipe(&proof);
    hf_crls_wipe(&crls);
    for (i = 0; i < v.count; i++)
        hf_cert_free(chain[i]);
    hf_store_free(store);
    return ok;
}

/* ---- counting --------------------------------------------------------------------------- */

/* "rfc5280::nc" of "rfc5280::nc::permitted-dns-match". */
static struct group *group_of(struct limbo *limbo, const char *id)
{
    const char *end = strstr(id, "::"), *next;
    char name[48];
    size_t i;

    assert_non_null(end);
    next = strstr(end + 2, "::");
    snprintf(name, sizeof(name), "%.*s", (int)((next ? next : end) - id), id);
    for (i = 0; i < limbo->group_count; i++)
        if (strcmp(limbo->groups[i].name, name) == 0)
            return &limbo->groups[i];
    assert_true(limbo->group_count < GROUPS_MAX);
    memcpy(limbo->groups[i].name, name, sizeof(name));
    limbo->group_count++;
    return &limbo->groups[i];
}

/* In which row of @table? */
static bool is_in(const char *const *table, const char *id, bool *seen)
{
    for (size_t i = 0; table[i]; i++)
        if (strcmp(table[i], id) == 0) {
            seen[i] = true;
            return true;
        }
    return false;
}

static enum hf_profile profile_of(const char *id)
{
    if (strncmp(id, "rfc5280::", 9) == 0)
        return HF_PROFILE_RFC5280;
    return strncmp(id, "webpki::", 8) == 0 ? HF_PROFILE_WEB
                                           : HF_PROFILE_PRACTICE;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void judge_one(struct limbo *limbo, const json_t *testcase,
                      struct group *group, bool by_its_profile)
{
    const char *id = text_of(testcase, "id");
    bool expected = strcmp(text_of(testcase, "expected_result"), "SUCCESS") ==
                    0;
    struct hf_error error = { .code = HF_OK };
    double before = cpu_ms(), took;
    bool ours = judge(limbo, testcase,
                      by_its_profile ? profile_of(id) : HF_PROFILE_PRACTICE,
                      &error);

    took = cpu_ms() - before;
    if (took > limbo->worst_ms) {
        limbo->worst_ms = took;
        snprintf(limbo->worst, sizeof(limbo->worst), "%s", id);
    }
    if (ours == expected) {
        group->agreed[!by_its_profile]++;
        limbo->agreed[!by_its_profile]++;
        return;
    }
    if (is_in(always, id, limbo->seen[0]) ||
        (!by_its_profile && is_in(by_default, id, limbo->seen[1])))
        return;
    limbo->wrong++;
    print_message("# %s: expected %s, ours: %s %s\n", id,
                  expected ? "SUCCESS" : "FAILURE", hf_error_name(error.code),
                  error.detail);
}

static void count(struct limbo *limbo, const json_t *testcase)
{
    struct group *group = group_of(limbo, text_of(testcase, "id"));

    group->total++;
    limbo->total++;
    judge_one(limbo, testcase, group, true);
    judge_one(limbo, testcase, group, false);
}

static void no_row_is_left_over(const char *const *table, const bool *seen)
{
    for (size_t i = 0; table[i]; i++)
        if (!seen[i])
            fail_msg("%s: no longer a disagreement", table[i]);
}

/* ---- the file ----------------------------------------------------------------------------- */

static json_t *load(const char *path)
{
    static char text[32 << 20];
    gzFile file = gzopen(path, "rb");
    json_error_t error;
    int len;

    if (!file)
        return NULL;
    len = gzread(file, text, sizeof(text));
    gzclose(file);
    assert_true(len > 0);
    return json_loadb(text, (size_t)len, 0, &error);
}

static void every_testcase_is_agreed_on_or_argued_about(void **state)
{
    static struct limbo limbo;
    struct hf_error error = { .code = HF_OK };
    const json_t *testcase;
    char path[512];
    json_t *file;
    size_t i;

    (void)state;
    snprintf(path, sizeof(path), "%s/vectors/limbo.json.gz",
             getenv("HF_SHARED") ? getenv("HF_SHARED") : "../shared");
    file = load(path);
    if (!file) {
        print_message("# SKIP: x509-limbo (needs ../shared)\n");
        skip();
    }
    assert_true(hf_crypto_open(&limbo.crypto, &hf_libcrypto, &error));
    json_array_foreach(json_object_get(file, "testcases"), i, testcase)
        count(&limbo, testcase);
    hf_crypto_close(&limbo.crypto);
    json_decref(file);
    for (i = 0; i < limbo.group_count; i++)
        print_message("# %-27s of %3u agree %3u, by default %3u\n",
                      limbo.groups[i].name, limbo.groups[i].total,
                      limbo.groups[i].agreed[0], limbo.groups[i].agreed[1]);
    print_message("# %-27s of %3u agree %3u, by default %3u; slowest %.1f ms "
                  "(%s)\n",
                  "all", limbo.total, limbo.agreed[0], limbo.agreed[1],
                  limbo.worst_ms, limbo.worst);
    assert_int_equal(limbo.wrong, 0);
    no_row_is_left_over(always, limbo.seen[0]);
    no_row_is_left_over(by_default, limbo.seen[1]);
}
#else
static void every_testcase_is_agreed_on_or_argued_about(void **state)
{
    (void)state;
    print_message("# SKIP: x509-limbo (apt install libjansson-dev "
                  "zlib1g-dev)\n");
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_testcase_is_agreed_on_or_argued_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
