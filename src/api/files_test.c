/* files_test.c - files that serve and files that do not, and what is said of
 * each: the path, the reason, the next step. */
#include "api/test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct test_certs certs;
static char directory[TEST_PATH_MAX];

static const char *at(const char *name)
{
    static char paths[4][TEST_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    test_path(path, TEST_PATH_MAX, directory, name);
    return path;
}

static void put(const char *name, const struct test_text *text)
{
    test_write(directory, name, text->at, text->len);
}

static int setup(void **state)
{
    char both[2 * TEST_PEM_MAX];

    (void)state;
    test_certs_make(&certs, "Test Authority");
    test_directory(directory);
    put("ca.pem", &certs.ca);
    put("leaf.pem", &certs.leaf);
    put("leaf.der", &certs.leaf_der);
    put("key.pem", &certs.key);
    put("key.der", &certs.key_der);
    put("other.pem", &certs.other_key);
    hf_format(both, sizeof(both), "%s%s%s", certs.key.at, certs.leaf.at,
              certs.ca.at);
    test_write(directory, "both.pem", both, hf_text_len(both));
    test_write(directory, "empty", "", 0);
    test_write(directory, "garbage", "this is no certificate\n", 23);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_remove(directory);
    return 0;
}

/* ---- what is said -------------------------------------------------------- */

static void fails(struct hf_config *config, unsigned code, int system,
                  const char *path, const char *why)
{
    const struct hf_error *error = hf_config_error(config);

    assert_string_equal(hf_error_name(error->code), hf_error_name(code));
    assert_int_equal(error->system, system);
    if (!strstr(error->detail, path))
        fail_msg("the path %s is not in \"%s\"", path, error->detail);
    if (!strstr(error->detail, why))
        fail_msg("\"%s\" is not in \"%s\"", why, error->detail);
    hf_config_free(config);
}

static void trust_fails(const char *path, unsigned code, int system,
                        const char *why)
{
    struct hf_config *config = hf_config_new();

    assert_false(hf_config_trust_file(config, path));
    fails(config, code, system, path, why);
}

static void a_file_that_is_not_there(void **state)
{
    (void)state;
    trust_fails(at("nowhere.pem"), HF_E_FILE, ENOENT,
                "No such file or directory; check the path");
}

static void a_file_that_may_not_be_read(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("# NOTE: root may read every file: not tried\n");
        return;
    }
    put("secret", &certs.ca);
    assert_int_equal(chmod(at("secret"), 0), 0);
    trust_fails(at("secret"), HF_E_FILE, EACCES,
                "this user must be allowed to read it");
    assert_int_equal(unlink(at("secret")), 0);
}

static void a_directory_is_no_file(void **state)
{
    (void)state;
    trust_fails(directory, HF_E_FILE, 0, "is a directory");
}

static void a_pipe_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    alarm(5); /* opening it in the plain way would wait for a writer */
    trust_fails(at("fifo"), HF_E_FILE, 0, "is a pipe");
    alarm(0);
    assert_int_equal(unlink(at("fifo")), 0);
}

static void a_device_is_refused(void **state)
{
    (void)state;
    trust_fails("/dev/zero", HF_E_FILE, 0, "is a device");
}

static void an_empty_file_is_refused(void **state)
{
    (void)state;
    trust_fails(at("empty"), HF_E_FILE, 0, "the file is empty");
}

static void a_file_above_its_limit_is_refused(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    test_write(directory, "large", "x", 1);
    assert_int_equal(truncate(at("large"), HF_KEY_FILE_MAX + 1), 0);
    assert_false(
        hf_config_add_keypair_file(config, at("leaf.pem"), at("large")));
    fails(config, HF_E_FILE, 0, at("large"), "larger than 65536 bytes");
    assert_int_equal(truncate(at("large"), HF_TRUST_FILE_MAX + 1), 0);
    trust_fails(at("large"), HF_E_FILE, 0, "larger than 67108864 bytes");
    assert_int_equal(unlink(at("large")), 0);
}

static void text_without_a_certificate_is_refused_by_its_path(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_trust_file(config, at("garbage")));
    assert_true(hf_config_error(config)->code != HF_OK);
    assert_non_null(strstr(hf_config_error(config)->detail, at("garbage")));
    hf_config_free(config);
}

static void no_path_is_told(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_trust_file(config, NULL));
    assert_int_equal(hf_config_error(config)->code, HF_E_MISUSE);
    hf_config_clear_error(config);
    assert_false(hf_config_trust_directory(config, NULL));
    assert_int_equal(hf_config_error(config)->code, HF_E_MISUSE);
    hf_config_clear_error(config);
    assert_false(hf_config_add_keypair_file(config, NULL, NULL));
    assert_int_equal(hf_config_error(config)->code, HF_E_MISUSE);
    hf_config_free(config);
}

/* So that nobody need ask whether hf_config_new had memory. */
static void no_config_is_no_crash(void **state)
{
    (void)state;
    assert_false(hf_config_trust_file(NULL, at("ca.pem")));
    assert_false(hf_config_trust_directory(NULL, directory));
    assert_false(hf_config_trust_system(NULL));
    assert_false(hf_config_add_keypair_file(NULL, at("both.pem"), NULL));
}

static void the_first_reason_stays(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_trust_file(config, at("nowhere.pem")));
    assert_false(hf_config_trust_file(config, at("garbage")));
    fails(config, HF_E_FILE, ENOENT, at("nowhere.pem"), "check the path");
}

/* ---- keypairs ------------------------------------------------------------ */

static void serves(const char *chain, const char *key)
{
    struct hf_config *config = hf_config_new();

    if (!hf_config_add_keypair_file(config, chain, key))
        fail_msg("%s: %s", hf_error_name(hf_config_error(config)->code),
                 hf_config_error(config)->detail);
    assert_int_equal(hf_config_error(config)->code, HF_OK);
    hf_config_free(config);
}

static void a_keypair_comes_from_two_files_or_one(void **state)
{
    (void)state;
    serves(at("leaf.pem"), at("key.pem"));
    serves(at("leaf.der"), at("key.der"));
    serves(at("leaf.pem"), at("key.der"));
    serves(at("both.pem"), NULL);
    serves(at("both.pem"), at("both.pem"));
    serves(at("both.pem"), at("key.pem"));
}

static void keypair_fails(const char *chain, const char *key, unsigned code,
                          const char *blamed)
{
    struct hf_config *config = hf_config_new();

    assert_false(hf_config_add_keypair_file(config, chain, key));
    fails(config, code, hf_config_error(config)->system, blamed, blamed);
}

static void a_keypair_that_does_not_fit_names_both_files(void **state)
{
    (void)state;
    keypair_fails(at("leaf.pem"), at("other.pem"), HF_E_KEY_MISMATCH,
                  at("leaf.pem"));
    keypair_fails(at("leaf.pem"), at("other.pem"), HF_E_KEY_MISMATCH,
                  at("other.pem"));
}

static void a_missing_half_is_named(void **state)
{
    (void)state;
    keypair_fails(at("nowhere.pem"), at("key.pem"), HF_E_FILE,
                  at("nowhere.pem"));
    keypair_fails(at("leaf.pem"), at("nowhere.pem"), HF_E_FILE,
                  at("nowhere.pem"));
    keypair_fails(at("leaf.pem"), at("garbage"), HF_E_BAD_PEM, at("garbage"));
    keypair_fails(at("leaf.pem"), NULL, HF_E_BAD_PEM, at("leaf.pem"));
}

/* ---- trust --------------------------------------------------------------- */

static void trusted(bool ok, struct hf_config *config)
{
    if (!ok)
        fail_msg("%s: %s", hf_error_name(hf_config_error(config)->code),
                 hf_config_error(config)->detail);
    assert_int_equal(hf_config_error(config)->code, HF_OK);
    hf_config_free(config);
}

static void anchors_come_in_pem_and_der(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    trusted(hf_config_trust_file(config, at("ca.pem")), config);
    config = hf_config_new();
    trusted(hf_config_trust_file(config, at("leaf.der")), config);
}

static void a_list_that_cannot_be_used_is_named(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_add_crl_file(config, at("garbage")));
    fails(config, HF_E_BAD_CRL, 0, at("garbage"), "no BEGIN X509 CRL");
    config = hf_config_new();
    assert_false(hf_config_add_crl_file(config, at("nowhere.crl")));
    fails(config, HF_E_FILE, ENOENT, at("nowhere.crl"), "check the path");
    assert_false(hf_config_add_crl_file(NULL, at("garbage")));
}

/* An OCSP response and timestamps, which go with a certificate. */
static void what_goes_with_a_certificate_is_named(void **state)
{
    static bool (*const add[])(struct hf_config *,
                               const char *) = { hf_config_add_staple_file,
                                                 hf_config_add_scts_file };
    static const char *const words[] = { "the OCSP response: ",
                                         "no list of certificate timestamps" };
    struct hf_config *config;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        config = hf_config_new();
        assert_false(add[i](config, at("garbage")));
        fails(config, HF_E_BAD_OPTION, 0, at("garbage"),
              i ? "behind their certificate" : "behind its certificate");
        config = hf_config_new();
        assert_true(hf_config_add_keypair_file(config, at("both.pem"), NULL));
        assert_false(add[i](config, at("garbage")));
        fails(config, HF_E_BAD_OPTION, 0, at("garbage"), words[i]);
        config = hf_config_new();
        assert_false(add[i](config, at("nowhere")));
        fails(config, HF_E_FILE, ENOENT, at("nowhere"), "check the path");
        assert_false(add[i](NULL, at("garbage")));
    }
}

/* The empty list is none; that of one timestamp is (RFC 6962 3.2, 3.3). */
static void timestamps_come_from_a_file(void **state)
{
    uint8_t list[2 + 2 + 1 + 32 + 8 + 2 + 4 + 8] = { 0, 57, 0, 55 };
    struct hf_config *config = hf_config_new();

    (void)state;
    list[4 + 43] = 4; /* SHA-256, ECDSA, a signature of 8 bytes */
    list[4 + 44] = 3;
    list[4 + 46] = 8;
    test_write(directory, "scts", (const char *)list, sizeof(list));
    assert_true(hf_config_add_keypair_file(config, at("both.pem"), NULL));
    if (!hf_config_add_scts_file(config, at("scts")))
        fail_msg("%s", hf_config_error(config)->detail);
    hf_config_free(config);
}

/* A fresh directory inside ours, with hashed names or without. */
static void make_hashed(char *path)
{
    test_path(path, TEST_PATH_MAX, directory, "hashed");
    assert_int_equal(mkdir(path, 0700), 0);
}

static void of_a_directory_only_hashed_names_count(void **state)
{
    struct hf_config *config = hf_config_new();
    char path[TEST_PATH_MAX], link[TEST_PATH_MAX];

    (void)state;
    make_hashed(path);
    test_write(path, "0123abcd.0", certs.ca.at, certs.ca.len);
    test_write(path, "0123abcd.1", certs.leaf_der.at, certs.leaf_der.len);
    test_write(path, "0123abcd.r0", "a CRL", 5);
    test_write(path, "0123ABCD.0", "no", 2);
    test_write(path, "0123abcd.", "no", 2);
    test_write(path, "0123abcd", "no", 2);
    test_write(path, "README", "no", 2);
    test_path(link, sizeof(link), path, "89abcdef.0");
    assert_int_equal(symlink("removed.pem", link), 0);
    trusted(hf_config_trust_directory(config, path), config);
    test_remove(path);
}

/* From a file, a folder and memory, one after the other. */
static void several_stores_add_up(void **state)
{
    struct hf_config *config = hf_config_new();
    char path[TEST_PATH_MAX], file[TEST_PATH_MAX];

    (void)state;
    make_hashed(path);
    test_write(path, "0123abcd.0", certs.leaf_der.at, certs.leaf_der.len);
    test_write(path, "file.pem", certs.ca.at, certs.ca.len);
    test_path(file, sizeof(file), path, "file.pem");
    assert_true(hf_config_trust_directory(config, path));
    assert_true(hf_config_trust(config, test_span(&certs.expired)));
    assert_false(hf_config_trust_file(config, directory));
    hf_config_clear_error(config);
    trusted(hf_config_trust_file(config, file), config);
    test_remove(path);
}

static void a_broken_file_of_a_directory_fails_the_whole(void **state)
{
    struct hf_config *config = hf_config_new();
    char path[TEST_PATH_MAX], bad[TEST_PATH_MAX];

    (void)state;
    make_hashed(path);
    test_write(path, "0123abcd.0", certs.ca.at, certs.ca.len);
    test_write(path, "0123abcd.1", "", 0);
    test_path(bad, sizeof(bad), path, "0123abcd.1");
    assert_false(hf_config_trust_directory(config, path));
    fails(config, HF_E_FILE, 0, bad, "the file is empty");
    test_remove(path);
}

static void a_directory_without_hashed_names_says_how_to_make_them(void **state)
{
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_config_trust_directory(config, directory));
    fails(config, HF_E_NO_TRUST, 0, directory, "openssl rehash");
    config = hf_config_new();
    assert_false(hf_config_trust_directory(config, at("nowhere")));
    fails(config, HF_E_FILE, ENOENT, at("nowhere"), "check the path");
    config = hf_config_new();
    assert_false(hf_config_trust_directory(config, at("ca.pem")));
    fails(config, HF_E_FILE, ENOTDIR, at("ca.pem"), "check the path");
}

static void the_first_bundle_that_is_there_is_taken(void **state)
{
    char missing[TEST_PATH_MAX], good[TEST_PATH_MAX], bad[TEST_PATH_MAX];
    const char *paths[] = { missing, good, bad, NULL };
    struct hf_config *config = hf_config_new();

    (void)state;
    test_path(missing, sizeof(missing), directory, "nowhere.pem");
    test_path(good, sizeof(good), directory, "ca.pem");
    test_path(bad, sizeof(bad), directory, "garbage");
    trusted(hf_trust_first(config, paths), config);
    paths[1] = bad; /* there, and no good: the next one is not a way out */
    paths[2] = good;
    config = hf_config_new();
    assert_false(hf_trust_first(config, paths));
    assert_non_null(strstr(hf_config_error(config)->detail, bad));
    hf_config_free(config);
}

static void without_any_bundle_all_places_are_listed(void **state)
{
    const char *paths[] = { "/nonexistent/a.crt", "/nonexistent/b.pem", NULL };
    struct hf_config *config = hf_config_new();

    (void)state;
    assert_false(hf_trust_first(config, paths));
    fails(config, HF_E_NO_TRUST, 0, "/nonexistent/a.crt", "/nonexistent/b.pem");
}

/* Processor time of opening the bundle, the best of some. */
static double milliseconds_to_trust_system(void)
{
    double best = 1e9;

    for (int i = 0; i < 20; i++) {
        struct hf_config *config = hf_config_new();
        struct timespec a, b;
        double took;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        assert_true(hf_config_trust_system(config));
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        took = (double)(b.tv_sec - a.tv_sec) * 1e3 +
               (double)(b.tv_nsec - a.tv_nsec) / 1e6;
        best = took < best ? took : best;
        hf_config_free(config);
    }
    return best;
}

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define SLOWED true
#elif defined(__has_feature)
#define SLOWED __has_feature(address_sanitizer)
#else
#define SLOWED false
#endif

static void the_bundle_of_the_system_opens_within_a_millisecond(void **state)
{
    const char *bundle = "/etc/ssl/certs/ca-certificates.crt";
    double took;

    (void)state;
    if (access(bundle, R_OK) != 0) {
        print_message("# SKIP: the system's trust (apt install "
                      "ca-certificates)\n");
        skip();
    }
    took = milliseconds_to_trust_system();
    print_message("# NOTE: the system's bundle opens in %.3f ms\n", took);
    if (!SLOWED && !getenv("HF_WRAP"))
        assert_true(took < 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_there),
        cmocka_unit_test(a_file_that_may_not_be_read),
        cmocka_unit_test(a_directory_is_no_file),
        cmocka_unit_test(a_pipe_is_refused_at_once),
        cmocka_unit_test(a_device_is_refused),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(a_file_above_its_limit_is_refused),
        cmocka_unit_test(text_without_a_certificate_is_refused_by_its_path),
        cmocka_unit_test(no_path_is_told),
        cmocka_unit_test(no_config_is_no_crash),
        cmocka_unit_test(the_first_reason_stays),
        cmocka_unit_test(a_keypair_comes_from_two_files_or_one),
        cmocka_unit_test(a_keypair_that_does_not_fit_names_both_files),
        cmocka_unit_test(a_missing_half_is_named),
        cmocka_unit_test(anchors_come_in_pem_and_der),
        cmocka_unit_test(a_list_that_cannot_be_used_is_named),
        cmocka_unit_test(what_goes_with_a_certificate_is_named),
        cmocka_unit_test(timestamps_come_from_a_file),
        cmocka_unit_test(of_a_directory_only_hashed_names_count),
        cmocka_unit_test(several_stores_add_up),
        cmocka_unit_test(a_broken_file_of_a_directory_fails_the_whole),
        cmocka_unit_test(
            a_directory_without_hashed_names_says_how_to_make_them),
        cmocka_unit_test(the_first_bundle_that_is_there_is_taken),
        cmocka_unit_test(without_any_bundle_all_places_are_listed),
        cmocka_unit_test(the_bundle_of_the_system_opens_within_a_millisecond),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
