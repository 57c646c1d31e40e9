/* issue_test.c - what issue.c makes, judged by libcrypto's own verification,
 * which knows nothing of how it was made. */
#include "base/base.h"
#include "issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static const char *const one_name[] = { "site.test" };

static struct issued *new_root(const char *name)
{
    struct hf_error error = { 0 };
    struct issue_order order = { .common_name = name };
    struct issued *root = issue_root(&order, &error);

    assert_non_null(root);
    assert_int_equal(error.code, HF_OK);
    return root;
}

static X509 *read_one(char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    free(pem);
    assert_non_null(cert);
    return cert;
}

static STACK_OF(X509) * read_all(char *pem)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert;

    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        sk_X509_push(all, cert);
    BIO_free(bio);
    free(pem);
    assert_true(sk_X509_num(all) > 0);
    return all;
}

/* libcrypto's verdict on the chain that @it would be sent with. */
static int judge(const struct issued *root, const struct issued *it,
                 const char *host, int purpose)
{
    STACK_OF(X509) *chain = read_all(issued_chain_pem(it));
    X509 *anchor = read_one(issued_pem(root));
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int verdict;

    X509_STORE_add_cert(store, anchor);
    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_purpose(param, purpose);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (host && host[0] >= '0' && host[0] <= '9')
        X509_VERIFY_PARAM_set1_ip_asc(param, host);
    else if (host)
        X509_VERIFY_PARAM_set1_host(param, host, 0);
    verdict = X509_verify_cert(ctx) == 1 ? X509_V_OK
                                         : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(anchor);
    sk_X509_pop_free(chain, X509_free);
    return verdict;
}

static void leaves_of_every_key_under_roots_of_every_key_verify(void **state)
{
    (void)state;
    for (int r = ISSUE_P256; r <= ISSUE_RSA2048; r++) {
        struct hf_error error = { 0 };
        struct issue_order order = { .common_name = "root",
                                     .key = (enum issue_key)r };
        struct issued *root = issue_root(&order, &error);

        assert_non_null(root);
        assert_true(issued_is_root(root));
        for (int k = ISSUE_P256; k <= ISSUE_RSA2048; k++) {
            struct issue_order leaf = { .names = one_name,
                                        .count = 1,
                                        .key = (enum issue_key)k };
            struct issued *it = issue(root, &leaf, &error);

            assert_non_null(it);
            assert_int_equal(
                judge(root, it, "site.test", X509_PURPOSE_SSL_SERVER),
                X509_V_OK);
            assert_int_equal(
                judge(root, it, "other.test", X509_PURPOSE_SSL_SERVER),
                X509_V_ERR_HOSTNAME_MISMATCH);
            assert_false(issued_is_root(it));
            issued_free(it);
        }
        issued_free(root);
    }
}

static void names_and_addresses_are_told_apart(void **state)
{
    static const char *const names[] = { "localhost", "*.dev.test", "127.0.0.1",
                                         "::1", "[fd00::1]" };
    static const char *const hosts[] = { "localhost", "a.dev.test",
                                         "127.0.0.1" };
    struct hf_error error = { 0 };
    struct issued *root = new_root("names");
    struct issue_order order = { .names = names, .count = HF_COUNT(names) };
    struct issued *it = issue(root, &order, &error);
    X509 *cert;
    GENERAL_NAMES *san;
    (void)state;

    assert_non_null(it);
    for (size_t i = 0; i < HF_COUNT(hosts); i++)
        assert_int_equal(judge(root, it, hosts[i], X509_PURPOSE_SSL_SERVER),
                         X509_V_OK);
    cert = read_one(issued_pem(it));
    san = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(san), HF_COUNT(names));
    for (int i = 0; i < sk_GENERAL_NAME_num(san); i++)
        assert_int_equal(sk_GENERAL_NAME_value(san, i)->type,
                         i < 2 ? GEN_DNS : GEN_IPADD);
    GENERAL_NAMES_free(san);
    X509_free(cert);
    issued_free(it);
    issued_free(root);
}

static void bad_names_are_refused_with_the_reason(void **state)
{
    static const char *const bad[] = { "",
                                       "a b",
                                       "-..",
                                       "a..b.test",
                                       "*",
                                       "a.*.test",
                                       "https//x",
                                       "1.2.3",
                                       "300.1.1.1",
                                       "fe80:::1",
                                       "caf\xc3\xa9.test",
                                       "me@site.test",
                                       "a/b.test" };
    struct issued *root = new_root("bad names");
    (void)state;

    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        struct hf_error error = { 0 };
        struct issue_order order = { .names = &bad[i], .count = 1 };

        assert_null(issue(root, &order, &error));
        assert_int_equal(error.code, HF_E_BAD_OPTION);
        assert_true(error.detail[0]);
    }
    issued_free(root);
}

static void a_root_is_limited_to_private_names_unless_told(void **state)
{
    static const char *const outside[] = { "example.com", "test.example",
                                           "8.8.8.8", "2001:db8::1" };
    struct issued *root = new_root("limited");
    struct hf_error error = { 0 };
    struct issue_order free_order = { .common_name = "free", .any_name = true };
    struct issued *any = issue_root(&free_order, &error);
    char text[400];
    (void)state;

    issued_limits(root, text, sizeof(text));
    assert_non_null(strstr(text, "localhost, test, internal, 127.0.0.0/8"));
    issued_limits(any, text, sizeof(text));
    assert_string_equal(text, "any name");
    for (size_t i = 0; i < HF_COUNT(outside); i++) {
        struct issue_order order = { .names = &outside[i], .count = 1 };
        struct issued *it;

        memset(&error, 0, sizeof(error));
        assert_null(issue(root, &order, &error));
        assert_int_equal(error.code, HF_E_NAME_CONSTRAINT);
        assert_non_null(strstr(error.detail, outside[i]));
        memset(&error, 0, sizeof(error));
        it = issue(any, &order, &error);
        assert_non_null(it);
        issued_free(it);
    }
    issued_free(any);
    issued_free(root);
}

static void limits_of_dns_names_close_the_addresses_too(void **state)
{
    static const char *const allowed[] = { ".lab.example" };
    static const char *const inside[] = { "a.lab.example" };
    static const char *const address[] = { "10.0.0.1" };
    struct hf_error error = { 0 };
    struct issue_order order = { .names = allowed, .count = 1 };
    struct issued *root = issue_root(&order, &error);
    struct issue_order good = { .names = inside, .count = 1 };
    struct issue_order bad = { .names = address, .count = 1 };
    struct issued *it = issue(root, &good, &error);
    (void)state;

    assert_non_null(it);
    assert_int_equal(judge(root, it, inside[0], X509_PURPOSE_SSL_SERVER),
                     X509_V_OK);
    assert_null(issue(root, &bad, &error));
    assert_int_equal(error.code, HF_E_NAME_CONSTRAINT);
    issued_free(it);
    issued_free(root);
}

static void an_intermediate_issues_and_is_sent_along(void **state)
{
    struct hf_error error = { 0 };
    struct issued *root = new_root("top");
    struct issue_order order = { .common_name = "middle" };
    struct issued *middle = issue_intermediate(root, &order, &error);
    struct issue_order leaf = { .names = one_name, .count = 1 };
    struct issued *it = issue(middle, &leaf, &error);
    STACK_OF(X509) *chain = read_all(issued_chain_pem(it));
    (void)state;

    assert_int_equal(sk_X509_num(chain), 2);
    assert_int_equal(judge(root, it, "site.test", X509_PURPOSE_SSL_SERVER),
                     X509_V_OK);
    sk_X509_pop_free(chain, X509_free);
    issued_free(it);
    issued_free(middle);
    issued_free(root);
}

static void a_client_certificate_is_for_clients(void **state)
{
    static const char *const who[] = { "alice", "alice@site.test" };
    struct hf_error error = { 0 };
    struct issued *root = new_root("clients");
    struct issue_order order = { .names = who,
                                 .count = 2,
                                 .use = ISSUE_CLIENT };
    struct issued *it = issue(root, &order, &error);
    char name[64];
    (void)state;

    assert_non_null(it);
    issued_name(it, name, sizeof(name));
    assert_string_equal(name, "alice");
    assert_int_equal(judge(root, it, NULL, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    assert_int_equal(judge(root, it, NULL, X509_PURPOSE_SSL_SERVER),
                     X509_V_ERR_INVALID_PURPOSE);
    issued_free(it);
    issued_free(root);
}

/* What libcrypto says to each fault; it does not look at some of them. */
static const struct {
    enum issue_broken broken;
    int verdict;
} verdicts[] = {
    { ISSUE_EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED },
    { ISSUE_NOT_YET, X509_V_ERR_CERT_NOT_YET_VALID },
    { ISSUE_WRONG_NAME, X509_V_ERR_HOSTNAME_MISMATCH },
    { ISSUE_NO_SAN, X509_V_ERR_HOSTNAME_MISMATCH },
    { ISSUE_WEAK_KEY, X509_V_ERR_EE_KEY_TOO_SMALL },
    { ISSUE_SHA1, X509_V_ERR_CA_MD_TOO_WEAK },
    { ISSUE_ODD_KEY, X509_V_OK }, /* libcrypto knows more curves than TLS */
    { ISSUE_WILDCARD, X509_V_ERR_HOSTNAME_MISMATCH },
    { ISSUE_NUL, X509_V_ERR_HOSTNAME_MISMATCH },
    { ISSUE_NO_CA_BIT, X509_V_ERR_INVALID_CA },
    { ISSUE_KEY_USAGE, X509_V_OK }, /* key agreement will do for it */
    { ISSUE_WRONG_EKU, X509_V_ERR_INVALID_PURPOSE },
    { ISSUE_CONSTRAINT, X509_V_ERR_PERMITTED_VIOLATION },
    { ISSUE_PATH_LENGTH, X509_V_ERR_PATH_LENGTH_EXCEEDED },
    { ISSUE_OLD_ISSUER, X509_V_ERR_CERT_HAS_EXPIRED },
    { ISSUE_NO_SIGN, X509_V_ERR_INVALID_CA },
    { ISSUE_ISSUER_EKU, X509_V_ERR_INVALID_PURPOSE },
    { ISSUE_CRITICAL, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION },
    { ISSUE_TWICE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
    { ISSUE_ZERO_SERIAL, X509_V_OK },
    { ISSUE_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE },
    { ISSUE_VERSION, X509_V_ERR_HOSTNAME_MISMATCH },
    { ISSUE_SELF_SIGNED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
    { ISSUE_STRANGER, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
    { ISSUE_NO_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
    { ISSUE_REVOKED, X509_V_OK },   /* the record is ca_issue.c's */
    { ISSUE_WRONG_KEY, X509_V_OK }, /* the certificate is sound */
};

static void each_fault_breaks_what_it_says(void **state)
{
    struct issued *root = new_root("faults");
    (void)state;

    assert_int_equal(HF_COUNT(verdicts), ISSUE_BROKEN_KINDS - 1);
    for (size_t i = 0; i < HF_COUNT(verdicts); i++) {
        struct hf_error error = { 0 };
        struct issue_order order = { .names = one_name,
                                     .count = 1,
                                     .broken = verdicts[i].broken };
        const struct broken_row *row = issue_broken_row(order.broken);
        struct issued *it = issue(root, &order, &error);
        int verdict;

        assert_non_null(it);
        assert_int_equal(issue_broken_by_name(row->name), order.broken);
        assert_int_not_equal(hf_error_by_name(row->error), HF_OK);
        verdict = judge(root, it, "site.test", X509_PURPOSE_SSL_SERVER);
        if (verdict != verdicts[i].verdict)
            printf("# %s: libcrypto says %s\n", row->name,
                   X509_verify_cert_error_string(verdict));
        assert_int_equal(verdict, verdicts[i].verdict);
        issued_free(it);
    }
    assert_int_equal(issue_broken_by_name("unheard-of"), ISSUE_SOUND);
    issued_free(root);
}

static void no_certificate_outlives_its_issuer(void **state)
{
    struct hf_error error = { 0 };
    int64_t now = (int64_t)time(NULL);
    struct issue_order order = { .common_name = "short",
                                 .not_after = now + 3600 };
    struct issued *root = issue_root(&order, &error);
    struct issue_order leaf = { .names = one_name, .count = 1 };
    struct issued *it = issue(root, &leaf, &error);
    (void)state;

    assert_int_equal(issued_not_after(root), now + 3600);
    assert_int_equal(issued_not_after(it), now + 3600);
    issued_free(it);
    leaf.not_after = now - 7200;
    assert_null(issue(root, &leaf, &error));
    assert_int_equal(error.code, HF_E_BAD_OPTION);
    issued_free(root);
}

static void serial_numbers_have_twenty_bytes_and_differ(void **state)
{
    struct issued *a = new_root("a"), *b = new_root("b");
    X509 *one = read_one(issued_pem(a)), *two = read_one(issued_pem(b));
    const ASN1_INTEGER *first = X509_get0_serialNumber(one);
    const ASN1_INTEGER *second = X509_get0_serialNumber(two);
    (void)state;

    assert_int_equal(first->length, 20);
    assert_int_equal(second->length, 20);
    assert_int_equal(first->type, V_ASN1_INTEGER); /* not negative */
    assert_int_not_equal(ASN1_INTEGER_cmp(first, second), 0);
    X509_free(one);
    X509_free(two);
    issued_free(a);
    issued_free(b);
}

static void an_authority_comes_back_from_its_files(void **state)
{
    struct hf_error error = { 0 };
    struct issued *root = new_root("kept"), *other = new_root("other");
    char *pem = issued_pem(root), *key = issued_key_pem(root);
    char *strange = issued_key_pem(other);
    struct issued *back = issued_load(hf_span_text(pem), hf_span_text(key),
                                      &error);
    struct issue_order leaf = { .names = one_name, .count = 1 };
    struct issued *it = issue(back, &leaf, &error);
    char *leaf_pem = issued_pem(it), *leaf_key = issued_key_pem(it);
    char fingerprint[96], again[96];
    (void)state;

    issued_fingerprint(root, fingerprint);
    issued_fingerprint(back, again);
    assert_int_equal(strlen(fingerprint), 95);
    assert_string_equal(fingerprint, again);
    assert_int_equal(judge(root, it, "site.test", X509_PURPOSE_SSL_SERVER),
                     X509_V_OK);
    assert_null(issued_load(hf_span_text(pem), hf_span_text(strange), &error));
    assert_int_equal(error.code, HF_E_KEY_MISMATCH);
    memset(&error, 0, sizeof(error));
    assert_null(
        issued_load(hf_span_text(leaf_pem), hf_span_text(leaf_key), &error));
    assert_int_equal(error.code, HF_E_NOT_A_CA);
    memset(&error, 0, sizeof(error));
    assert_null(issued_load(hf_span_text("no"), hf_span_text(key), &error));
    assert_int_equal(error.code, HF_E_BAD_CERTIFICATE);
    free(leaf_pem);
    free(leaf_key);
    free(pem);
    free(key);
    free(strange);
    issued_free(it);
    issued_free(back);
    issued_free(root);
    issued_free(other);
}

static void points_in_time_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        int64_t at;
    } good[] = {
        { "1970-01-01", 0 },
        { "2026-11-21", 1795219200 },
        { "2026-11-21T18:30:00Z", 1795285800 },
        { "2026-11-21 18:30:00", 1795285800 },
        { "2026-11-21 18:30:00 UTC", 1795285800 },
        { "2000-02-29", 951782400 },
        { "@1790000000", 1790000000 },
        { "now", 1000 },
        { "+1d", 87400 },
        { "-10s", 990 },
        { "+2w", 1210600 },
    };
    static const char *const bad[] = { "",
                                       "tomorrow",
                                       "2026-13-01",
                                       "2026-02-30",
                                       "2025-02-29",
                                       "+d",
                                       "+1x",
                                       "@",
                                       "2026-11-21T25:00:00",
                                       "2026-11-21x",
                                       "+99999999999999y" };
    int64_t at;
    (void)state;

    for (size_t i = 0; i < HF_COUNT(good); i++) {
        assert_true(when_read(good[i].text, 1000, &at));
        assert_int_equal(at, good[i].at);
    }
    for (size_t i = 0; i < HF_COUNT(bad); i++)
        assert_false(when_read(bad[i], 1000, &at));
}

static void distances_in_time_are_said_in_words(void **state)
{
    char text[64];
    (void)state;

    when_text(12 * 86400 + 5, 0, text, sizeof(text));
    assert_string_equal(text, "in 12 days");
    when_text(0, 3 * 3600, text, sizeof(text));
    assert_string_equal(text, "3 hours ago");
    when_text(1, 0, text, sizeof(text));
    assert_string_equal(text, "in 1 second");
    when_text(7, 7, text, sizeof(text));
    assert_string_equal(text, "now");
    when_day(1795285800, text, sizeof(text));
    assert_string_equal(text, "21 November 2026");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_every_key_under_roots_of_every_key_verify),
        cmocka_unit_test(names_and_addresses_are_told_apart),
        cmocka_unit_test(bad_names_are_refused_with_the_reason),
        cmocka_unit_test(a_root_is_limited_to_private_names_unless_told),
        cmocka_unit_test(limits_of_dns_names_close_the_addresses_too),
        cmocka_unit_test(an_intermediate_issues_and_is_sent_along),
        cmocka_unit_test(a_client_certificate_is_for_clients),
        cmocka_unit_test(each_fault_breaks_what_it_says),
        cmocka_unit_test(no_certificate_outlives_its_issuer),
        cmocka_unit_test(serial_numbers_have_twenty_bytes_and_differ),
        cmocka_unit_test(an_authority_comes_back_from_its_files),
        cmocka_unit_test(points_in_time_are_read_as_people_write_them),
        cmocka_unit_test(distances_in_time_are_said_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
