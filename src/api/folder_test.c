/* folder_test.c - directories of anchors with hashed names: what is too much, what
 * is too long, and that of one bad file the name is told. */
#define HF_UNPOISONED
#include "api/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_certs certs;
static char directory[TEST_PATH_MAX];

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    test_directory(directory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    test_remove(directory);
    return 0;
}

/* So many links to @target, which need not be there. */
static void link_to(const char *target, unsigned count)
{
    char name[16], path[TEST_PATH_MAX];

    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%08x.0", i);
        test_path(path, sizeof(path), directory, name);
        assert_int_equal(symlink(target, path), 0);
    }
}

/* Nothing of the directory is trusted, because of @words. */
static void refused(const char *path, unsigned code, int system,
                    const char *words)
{
    struct hf_config *config = hf_config_new();
    const struct hf_error *error = hf_config_error(config);

    assert_false(hf_config_trust_directory(config, path));
    assert_string_equal(hf_error_name(error->code), hf_error_name(code));
    assert_int_equal(error->system, system);
    if (!strstr(error->detail, words))
        fail_msg("\"%s\" is not in \"%s\"", words, error->detail);
    /* The name of a file or of the directory comes first. */
    assert_int_equal(strncmp(error->detail, directory, 16), 0);
    hf_config_free(config);
}

static void trusted(const char *path)
{
    struct hf_config *config = hf_config_new();

    if (!hf_config_trust_directory(config, path))
        fail_msg("%s", hf_config_error(config)->detail);
    hf_config_free(config);
}

static void a_directory_has_so_many_files_and_no_more(void **state)
{
    enum { MOST = 8192 };
    char one_more[TEST_PATH_MAX];

    (void)state;
    link_to("removed.pem", MOST);
    trusted(directory);
    test_path(one_more, sizeof(one_more), directory, "ffffffff.0");
    assert_int_equal(symlink("removed.pem", one_more), 0);
    refused(directory, HF_E_FILE, 0, "too many files");
}

/* 64 times a megabyte, and a line's end behind each. */
static void a_directory_has_so_many_bytes_and_no_more(void **state)
{
    char path[TEST_PATH_MAX];

    (void)state;
    test_write(directory, "large", "text", 4);
    test_path(path, sizeof(path), directory, "large");
    assert_int_equal(truncate(path, HF_CHAIN_FILE_MAX), 0);
    link_to("large", HF_TRUST_FILE_MAX / HF_CHAIN_FILE_MAX);
    refused(directory, HF_E_FILE, 0, "the directory holds more than its limit");
}

static void a_path_that_no_name_fits_behind_is_refused(void **state)
{
    char path[2048];
    size_t len;

    (void)state;
    test_write(directory, "0123abcd.0", certs.ca.at, certs.ca.len);
    len = (size_t)snprintf(path, sizeof(path), "%s", directory);
    while (len + 1 + sizeof("0123abcd.0") < sizeof(path))
        path[len++] = '/';
    path[len] = '\0';
    trusted(path);
    memcpy(path + len, "/", 2);
    refused(path, HF_E_FILE, ENAMETOOLONG, ""); /* the path fills the detail */
}

static void a_file_in_der_is_told_by_its_name(void **state)
{
    (void)state;
    test_write(directory, "0123abcd.0", certs.leaf_der.at,
               certs.leaf_der.len - 1);
    refused(directory, HF_E_CERT_DER, 0, "0123abcd.0: ");
    test_write(directory, "0123abcd.0", certs.leaf_der.at, certs.leaf_der.len);
    trusted(directory);
}

/* A reason that needs no words has the path for a detail. */
static void a_frozen_config_is_told_by_the_path(void **state)
{
    struct hf_config *config = hf_config_new();
    char path[TEST_PATH_MAX];

    (void)state;
    test_write(directory, "ca.pem", certs.ca.at, certs.ca.len);
    test_path(path, sizeof(path), directory, "ca.pem");
    assert_true(hf_config_trust_file(config, path));
    assert_true(hf_config_freeze(config));
    assert_false(hf_config_trust_file(config, path));
    assert_int_equal(hf_config_error(config)->code, HF_E_FROZEN);
    assert_string_equal(hf_config_error(config)->detail, path);
    hf_config_free(config);
}

/* What is there and cannot be used is not passed over for the next. */
static void a_bundle_that_is_no_file_is_refused(void **state)
{
    struct hf_config *config = hf_config_new();
    char good[TEST_PATH_MAX];
    const char *const paths[] = { directory, good, NULL };

    (void)state;
    test_write(directory, "ca.pem", certs.ca.at, certs.ca.len);
    test_path(good, sizeof(good), directory, "ca.pem");
    assert_false(hf_trust_first(config, paths));
    assert_int_equal(hf_config_error(config)->code, HF_E_FILE);
    assert_non_null(strstr(hf_config_error(config)->detail,
                           "is a directory, and a file is needed"));
    hf_config_free(config);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_directory_has_so_many_files_and_no_more),
        TEST(a_directory_has_so_many_bytes_and_no_more),
        TEST(a_path_that_no_name_fits_behind_is_refused),
        TEST(a_file_in_der_is_told_by_its_name),
        TEST(a_frozen_config_is_told_by_the_path),
        TEST(a_bundle_that_is_no_file_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
