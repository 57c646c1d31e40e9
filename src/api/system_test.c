/* system_test.c - the system says no in the midst of things: a disk that fails, a
 * file that becomes shorter, a poll() that refuses, no memory, no mutex.  One
 * call fails, the others do what they always do. */
#define HF_UNPOISONED
#include "api/test.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- calls that fail ----------------------------------------------------------------- */

enum call {
    CALLOC,
    FSTAT,
    GETADDRINFO,
    GETSOCKOPT,
    LOCK,
    MMAP,
    MUTEX,
    POLL,
    READ,
    READDIR,
    CALLS
};
/* Calls until the one that fails (0: none does), and with which errno. */
static struct {
    unsigned in;
    int error;
} no[CALLS];

static void refuse(enum call call, unsigned nth, int error)
{
    no[call].in = nth;
    no[call].error = error;
}

static bool fails(enum call call)
{
    if (!no[call].in || --no[call].in)
        return false;
    errno = no[call].error;
    return true;
}

/* The call was made, and it was that one that failed. */
static void failed(enum call call)
{
    assert_int_equal(no[call].in, 0);
}

/* The linker puts these in front of the C library's (--wrap), by the names that
 * large files give them. */
#ifdef __USE_FILE_OFFSET64
#define LARGE(name) name##64
#else
#define LARGE(name) name
#endif
#define CONCAT(a, b) a##b
#define WRAPPED(name) CONCAT(__wrap_, name)
#define REAL(name) CONCAT(__real_, name)

#define STAND_IN(type, name, call, result, takes, gives)  \
    type REAL(name) takes;                                \
    type WRAPPED(name) takes;                             \
    type WRAPPED(name) takes                              \
    {                                                     \
        return fails(call) ? (result) : REAL(name) gives; \
    }

STAND_IN(void *, calloc, CALLOC, NULL, (size_t count, size_t size),
         (count, size))
STAND_IN(int, LARGE(fstat), FSTAT, -1, (int fd, struct stat *st), (fd, st))
STAND_IN(int, getaddrinfo, GETADDRINFO, EAI_SYSTEM,
         (const char *host, const char *port, const struct addrinfo *hints,
          struct addrinfo **out),
         (host, port, hints, out))
STAND_IN(int, getsockopt, GETSOCKOPT, -1,
         (int fd, int level, int name, void *value, socklen_t *len),
         (fd, level, name, value, len))
STAND_IN(void *, LARGE(mmap), MMAP, MAP_FAILED,
         (void *at, size_t len, int protection, int flags, int fd, off_t from),
         (at, len, protection, flags, fd, from))
STAND_IN(int, poll, POLL, -1, (struct pollfd * fds, nfds_t n, int wait),
         (fds, n, wait))
STAND_IN(int, pthread_mutex_init, MUTEX, EAGAIN,
         (pthread_mutex_t * lock, const pthread_mutexattr_t *how), (lock, how))
STAND_IN(int, pthread_mutex_lock, LOCK, EINVAL, (pthread_mutex_t * lock),
         (lock))
STAND_IN(struct dirent *, LARGE(readdir), READDIR, NULL, (DIR * dir), (dir))

/* Errno 0: it is at its end.  What does not fail gives ten bytes at most. */
ssize_t REAL(read)(int fd, void *at, size_t len);
ssize_t WRAPPED(read)(int fd, void *at, size_t len);
ssize_t WRAPPED(read)(int fd, void *at, size_t len)
{
    const bool drips = no[READ].in > 0;

    if (fails(READ))
        return errno ? -1 : 0;
    return REAL(read)(fd, at, drips && len > 10 ? 10 : len);
}

/* ---- what they are for ------------------------------------------------------------------ */

static struct test_certs certs;
static char directory[TEST_PATH_MAX], file[TEST_PATH_MAX];
static struct hf_config *config;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    test_directory(directory);
    test_write(directory, "0123abcd.0", certs.ca.at, certs.ca.len);
    test_path(file, sizeof(file), directory, "0123abcd.0");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_remove(directory);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    config = hf_config_new();
    return config ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    memset(no, 0, sizeof(no));
    hf_config_free(config);
    return 0;
}

static void says(const struct hf_error *error, unsigned code, int system,
                 const char *words)
{
    if (error->code != code || error->system != system ||
        !strstr(error->detail, words))
        fail_msg("%s (%d) with \"%s\" was expected, and it is %s (%d): %s",
                 hf_error_name(code), system, words, hf_error_name(error->code),
                 error->system, error->detail);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void a_file_that_cannot_be_looked_at_is_told(void **state)
{
    (void)state;
    refuse(FSTAT, 1, EIO);
    assert_false(hf_config_trust_file(config, file));
    failed(FSTAT);
    says(hf_config_error(config), HF_E_FILE, EIO,
         "0123abcd.0: Input/output error");
    hf_config_clear_error(config);
    refuse(FSTAT, 1, EACCES);
    assert_false(hf_config_trust_file(config, file));
    says(hf_config_error(config), HF_E_FILE, EACCES,
         "Permission denied; this user must be allowed to read it");
}

static void a_disk_that_fails_is_told(void **state)
{
    (void)state;
    refuse(READ, 3, EIO);
    assert_false(hf_config_trust_file(config, file));
    failed(READ);
    says(hf_config_error(config), HF_E_FILE, EIO,
         "0123abcd.0: Input/output error");
}

/* A signal, and a file system that gives a little at a time. */
static void a_file_may_come_in_pieces(void **state)
{
    (void)state;
    refuse(READ, 4, EINTR);
    if (!hf_config_trust_file(config, file))
        fail_msg("%s", hf_config_error(config)->detail);
    failed(READ);
}

static void a_file_that_became_shorter_is_what_is_left_of_it(void **state)
{
    (void)state;
    refuse(READ, 5, 0);
    assert_false(hf_config_trust_file(config, file));
    failed(READ);
    says(hf_config_error(config), HF_E_BAD_PEM, 0,
         "0123abcd.0: the block after certificate 0 has no end");
}

static void a_bundle_that_cannot_be_mapped_is_told(void **state)
{
    const char *const paths[] = { file, NULL };

    (void)state;
    refuse(MMAP, 1, ENODEV);
    assert_false(hf_trust_first(config, paths));
    failed(MMAP);
    says(hf_config_error(config), HF_E_FILE, ENODEV, "0123abcd.0: No such dev");
    hf_config_clear_error(config);
    assert_true(hf_trust_first(config, paths));
}

static void a_directory_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 3; nth++) {
        refuse(READDIR, nth, EIO);
        assert_false(hf_config_trust_directory(config, directory));
        failed(READDIR);
        says(hf_config_error(config), HF_E_FILE, EIO, "Input/output error");
        hf_config_clear_error(config);
    }
    assert_true(hf_config_trust_directory(config, directory));
}

/* Each allocation on the way fails once: it is told, and nothing is kept. */
static void without_memory_no_file_is_trusted(void **state)
{
    const char *const paths[] = { file, NULL };
    unsigned fails_of[3] = { 0 };

    (void)state;
    for (unsigned how = 0; how < 3; how++)
        for (unsigned nth = 1;; nth++) {
            bool ok;

            refuse(CALLOC, nth, ENOMEM);
            ok = how == 0   ? hf_config_trust_file(config, file)
                 : how == 1 ? hf_trust_first(config, paths)
                            : hf_config_trust_directory(config, directory);
            if (no[CALLOC].in) {
                no[CALLOC].in = 0;
                assert_true(ok);
                break;
            }
            assert_false(ok);
            says(hf_config_error(config), HF_E_OUT_OF_MEMORY, 0, "");
            hf_config_clear_error(config);
            fails_of[how]++;
        }
    assert_true(fails_of[0] >= 2 && fails_of[1] >= 1 && fails_of[2] >= 3);
}

/* ---- connecting --------------------------------------------------------------------------- */

static void a_resolver_that_fails_is_told(void **state)
{
    struct hf_error error;

    (void)state;
    refuse(GETADDRINFO, 1, EMFILE);
    assert_int_equal(hf_tcp_connect("a.test", "1", 1000, &error), -1);
    failed(GETADDRINFO);
    says(&error, HF_E_RESOLVE, EMFILE, "\"a.test\": Too many open files");
}

static void a_poll_that_refuses_ends_an_attempt(void **state)
{
    struct test_silent silent;
    struct hf_error error;

    (void)state;
    test_silent_open(&silent, "127.0.0.1");
    refuse(POLL, 1, ENOMEM);
    assert_int_equal(hf_tcp_connect("127.0.0.1", silent.port, 5000, &error),
                     -1);
    failed(POLL);
    says(&error, HF_E_SOCKET, ENOMEM, "poll: Cannot allocate memory");
    test_silent_close(&silent);
}

/* Nobody knows what became of it: so it is no winner. */
static void an_attempt_that_cannot_be_judged_has_failed(void **state)
{
    struct hf_error error;
    char port[16];
    int listener = test_listen("127.0.0.1", 4, port);

    (void)state;
    refuse(GETSOCKOPT, 1, ENOBUFS);
    assert_int_equal(hf_tcp_connect("127.0.0.1", port, 5000, &error), -1);
    failed(GETSOCKOPT);
    says(&error, HF_E_CONNECT, ENOBUFS, "No buffer space available");
    close(listener);
}

/* Not all sockets need time: one in the file system stands, or not, at once. */
static void an_attempt_may_be_over_at_once(void **state)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    struct addrinfo here = { .ai_family = AF_UNIX,
                             .ai_socktype = SOCK_STREAM,
                             .ai_addr = (struct sockaddr *)&name,
                             .ai_addrlen = sizeof(name) };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
    struct hf_error error = { 0 };

    (void)state;
    test_path(name.sun_path, sizeof(name.sun_path), directory, "socket");
    assert_int_equal(hf_tcp_race(&here, hf_io_now() + 5000, &error), -1);
    says(&error, HF_E_CONNECT, ENOENT, "No such file or directory");
    error = (struct hf_error){ 0 };
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    fd = hf_tcp_race(&here, hf_io_now() + 5000, &error);
    assert_true(fd >= 0);
    assert_int_equal(error.code, HF_OK);
    assert_true(hf_io_blocks(fd));
    close(fd);
    close(listener);
    assert_int_equal(unlink(name.sun_path), 0);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static void a_poll_that_refuses_ends_a_connection(void **state)
{
    struct hf_config *server = test_server(&certs);
    struct hf_tls *tls;
    int ends[2];

    (void)state;
    test_socketpair(ends);
    tls = hf_accept(server, ends[1]);
    refuse(POLL, 1, EINVAL);
    assert_int_equal(hf_handshake(tls), HF_TLS_ERROR);
    failed(POLL);
    test_failed(tls, HF_E_SOCKET,
                "Invalid argument while waiting for the peer in the handshake");
    assert_int_equal(hf_tls_error(tls)->system, EINVAL);
    hf_tls_free(tls);
    close(ends[0]);
    close(ends[1]);
    hf_config_free(server);
}

static void a_full_pipe_takes_nothing_more(void **state)
{
    static uint8_t bytes[512];
    struct hf_fd to;
    int ends[2], error = 0;
    size_t n, total = 0, back = 0;
    ssize_t got;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    to = hf_fd(ends[1]);
    assert_false(to.is_socket);
    while (hf_io_send(&to, HF_SPAN(bytes), &n, &error) == HF_IO_DONE)
        total += n;
    assert_int_equal(hf_io_send(&to, HF_SPAN(bytes), &n, &error), HF_IO_AGAIN);
    assert_int_equal(n, 0);
    assert_int_equal(error, 0);
    close(ends[1]);
    while ((got = read(ends[0], bytes, sizeof(bytes))) > 0)
        back += (size_t)got;
    assert_int_equal(back, total);
    close(ends[0]);
}

static void a_reason_that_does_not_fit_is_a_number(void **state)
{
    char text[16], expected[16];

    (void)state;
    hf_io_text(EAFNOSUPPORT, text, sizeof(text));
    snprintf(expected, sizeof(expected), "error %d", EAFNOSUPPORT);
    assert_string_equal(text, expected);
}

/* ---- what needs memory and a lock --------------------------------------------------------- */

static void without_memory_or_a_lock_nothing_is_made(void **state)
{
    unsigned nth;

    (void)state;
    for (nth = 1;; nth++) {
        struct hf_strike_register *r;

        refuse(CALLOC, nth, ENOMEM);
        r = hf_strike_register_new(10, NULL, NULL);
        assert_int_equal(r == NULL, no[CALLOC].in == 0);
        hf_strike_register_free(r);
        if (no[CALLOC].in)
            break;
    }
    assert_int_equal(nth, 1 + 1 + 4); /* itself, and each generation */
    no[CALLOC].in = 0;
    assert_true(hf_config_freeze(config));
    refuse(CALLOC, 1, ENOMEM);
    assert_null(hf_live_new(config));
    failed(CALLOC);
    refuse(MUTEX, 1, 0);
    assert_null(hf_live_new(config));
    failed(MUTEX);
    refuse(MUTEX, 1, 0);
    assert_null(hf_strike_register_new(10, NULL, NULL));
    failed(MUTEX);
    refuse(MUTEX, 1, 0);
    assert_null(hf_session_store_new(10, 0));
    failed(MUTEX);
}

static int64_t long_ago(void *ctx)
{
    (void)ctx;
    return 1000;
}

/* Who cannot look must not say that it is new. */
static void without_the_lock_nothing_is_known_of_a_hello(void **state)
{
    struct hf_strike_register *r = hf_strike_register_new(10, long_ago, NULL);
    const struct hf_strikes *strikes = hf_strike_register_interface(r);
    const uint8_t id[HF_STRIKE_LEN] = { 7 };

    (void)state;
    refuse(LOCK, 1, 0);
    assert_int_equal(strikes->claim(strikes->ctx, id, 5000, 5005),
                     HF_STRIKE_UNKNOWN);
    failed(LOCK);
    assert_int_equal(strikes->claim(strikes->ctx, id, 5000, 5005),
                     HF_STRIKE_NEW);
    assert_int_equal(strikes->claim(strikes->ctx, id, 5000, 5005),
                     HF_STRIKE_SEEN);
    hf_strike_register_free(r);
}

/* ---- memory for bytes -------------------------------------------------------------------------- */

/* The caller's own memory holds the beginning of a record, and there is none to
 * keep it in. */
static void a_part_of_a_record_that_cannot_be_kept_ends_the_connection(
    void **state)
{
    static uint8_t got[HF_RECORD_MAX];
    uint8_t wire[200];
    struct test_two t;
    size_t len;

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    len = test_two_intercept(&t, wire, sizeof(wire));
    test_two_inject(&t, wire, len - 1);
    refuse(CALLOC, 1, ENOMEM);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_TLS_ERROR);
    failed(CALLOC);
    test_failed(t.server, HF_E_OUT_OF_MEMORY, "");
    test_two_drop(&t);
}

/* What the connection itself wants said goes before what the caller writes. */
static void without_memory_for_a_key_update_nothing_is_written(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "one", 3), 3);
    assert_true(hf_conn_update_keys(hf_tls_conn(t.client), false));
    refuse(CALLOC, 1, ENOMEM);
    assert_int_equal(hf_write(t.client, "two", 3), HF_TLS_ERROR);
    failed(CALLOC);
    test_failed(t.client, HF_E_OUT_OF_MEMORY, "");
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 3);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_WANT_POLLIN);
    test_two_drop(&t);
}

/* The hello, and room for what goes with it: each allocation fails once. */
static void without_memory_nothing_is_written_early(void **state)
{
    unsigned nth;

    (void)state;
    for (nth = 1; nth < 100; nth++) {
        struct test_two t;
        ssize_t n;

        test_two_make(&t, test_client(&certs), test_server(&certs), false);
        refuse(CALLOC, nth, ENOMEM);
        n = hf_write_early(t.client, "x", 1);
        if (no[CALLOC].in) {
            no[CALLOC].in = 0;
            assert_int_equal(n, 0); /* there is no session to say it with */
            test_two_shake(&t);
            test_two_drop(&t);
            break;
        }
        assert_int_equal(n, HF_TLS_ERROR);
        assert_true(t.client->dead);
        assert_int_equal(hf_write_early(t.client, "x", 1), HF_TLS_ERROR);
        test_two_drop(&t);
    }
    assert_in_range(nth, 4, 99);
}

/* A window that could be smaller is no reason to fail. */
static void a_window_that_cannot_shrink_stays_large(void **state)
{
    uint8_t wire[200], got[10];
    struct test_two t;
    size_t len;

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    len = test_two_intercept(&t, wire, sizeof(wire));
    test_two_inject(&t, wire, len - 1);
    refuse(CALLOC, 2, ENOMEM); /* the first is the window itself */
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_WANT_POLLIN);
    failed(CALLOC);
    test_two_inject(&t, wire + len - 1, 1);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_memory_equal(got, "hello", 5);
    test_two_drop(&t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_cannot_be_looked_at_is_told),
        TEST(a_disk_that_fails_is_told),
        TEST(a_file_may_come_in_pieces),
        TEST(a_file_that_became_shorter_is_what_is_left_of_it),
        TEST(a_bundle_that_cannot_be_mapped_is_told),
        TEST(a_directory_that_cannot_be_read_is_told),
        TEST(without_memory_no_file_is_trusted),
        TEST(a_resolver_that_fails_is_told),
        TEST(a_poll_that_refuses_ends_an_attempt),
        TEST(an_attempt_that_cannot_be_judged_has_failed),
        TEST(an_attempt_may_be_over_at_once),
        TEST(a_poll_that_refuses_ends_a_connection),
        TEST(a_full_pipe_takes_nothing_more),
        TEST(a_reason_that_does_not_fit_is_a_number),
        TEST(without_memory_or_a_lock_nothing_is_made),
        TEST(without_the_lock_nothing_is_known_of_a_hello),
        TEST(a_part_of_a_record_that_cannot_be_kept_ends_the_connection),
        TEST(without_memory_for_a_key_update_nothing_is_written),
        TEST(without_memory_nothing_is_written_early),
        TEST(a_window_that_cannot_shrink_stays_large),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
