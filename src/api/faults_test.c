/* faults_test.c - a system that says no: every call to it is interrupted, does
 * less than asked or finds nothing ready, at random; and every allocation fails,
 * once and from then on.  recv, send and calloc are this file's own here, in
 * front of the C library's. */
#define HF_UNPOISONED
#include "api/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* ---- the system --------------------------------------------------------------- */

static uint64_t seed;   /* 0: no faults */
static long fail_after; /* allocations until the one that fails; 0: none */
static bool for_good;   /* and all after it */

static unsigned chance(unsigned of)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % of;
}

/* What a call is to do: fail with errno, or take only so much. */
static bool fault(size_t *len)
{
    if (!seed)
        return false;
    switch (chance(6)) {
    case 0: errno = EINTR; return true;
    case 1: errno = EAGAIN; return true;
    case 2: *len = *len > 1 ? 1 + chance((unsigned)*len) : *len; return false;
    case 3: *len = *len > 1 ? 1 : *len; return false;
    default: return false;
    }
}

long syscall(long number, ...);

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    if (fault(&len))
        return -1;
    return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    if (fault(&len))
        return -1;
    return syscall(SYS_sendto, fd, buf, len, flags, NULL, 0);
}

void *calloc(size_t count, size_t size)
{
    void *p;

    if (fail_after > 0 && --fail_after == 0) {
        fail_after = for_good ? -1 : 0;
        return NULL;
    }
    if (fail_after < 0)
        return NULL;
    p = malloc(count * size);
    /* Or the compiler sees a calloc in this, and calls it. */
    __asm__("" : "+r"(p));
    if (p)
        memset(p, 0, count * size);
    return p;
}

/* ---- a system in a bad mood ----------------------------------------------------- */

enum { MUCH = 300000 };

/* One way: what one side has sent and the other one got. */
static void carry(struct hf_tls *from, struct hf_tls *to, const uint8_t *text,
                  size_t *sent, size_t *got)
{
    static uint8_t buf[40000];
    ssize_t n = *sent < MUCH ? hf_write(from, text + *sent, MUCH - *sent) : 0;

    if (n < 0 && !test_wants((int)n))
        fail_msg("hf_write: %s", hf_tls_reason(from));
    *sent += n > 0 ? (size_t)n : 0;
    n = hf_read(to, buf, 1 + chance(sizeof(buf)));
    if (n < 0 && !test_wants((int)n))
        fail_msg("hf_read: %s", hf_tls_reason(to));
    if (n > 0)
        assert_memory_equal(buf, text + *got, (size_t)n);
    *got += n > 0 ? (size_t)n : 0;
}

static void whatever_calls_do_the_data_is_the_same(void **state)
{
    static uint8_t text[MUCH];

    (void)state;
    test_text_fill(text, 0, MUCH);
    for (uint64_t run = 1; run <= 20; run++) {
        size_t up = 0, down = 0, got_up = 0, got_down = 0;
        struct test_two t;

        test_two_make(&t, test_client(&certs), test_server(&certs), false);
        seed = run;
        test_two_shake(&t);
        for (int i = 0; got_up < MUCH || got_down < MUCH; i++) {
            assert_true(i < 100000);
            carry(t.client, t.server, text, &up, &got_up);
            carry(t.server, t.client, text, &down, &got_down);
        }
        seed = 0;
        test_two_drop(&t);
    }
}

/* ---- without memory ---------------------------------------------------------------- */

/* Did it go well?  If not, the reason is no fault of handfast's own; it need
 * not be internal.memory, for an authority that could not be unpacked, say, is
 * one that is missing. */
static bool is_well(const struct hf_tls *one, const struct hf_tls *other)
{
    unsigned a = hf_tls_error(one)->code, b = hf_tls_error(other)->code;

    if (a == HF_E_BUG || b == HF_E_BUG)
        fail_msg("%s and %s", hf_tls_reason(one), hf_tls_reason(other));
    return !a && !b;
}

/* Handshake, some data, the end; stops at the first failure. */
static void meet(struct hf_tls *client, struct hf_tls *server)
{
    char got[100];
    int c = HF_WANT_POLLIN, s = HF_WANT_POLLIN;

    for (int i = 0; i < 100 && (test_wants(c) || test_wants(s)); i++) {
        c = hf_handshake(client);
        s = hf_handshake(server);
    }
    if (c || s || hf_write(client, "hello", 5) != 5 ||
        hf_read(server, got, 3) != 3 || hf_read(server, got, 100) != 2 ||
        hf_close(client) != 0)
        return;
    assert_true(hf_read(server, got, 100) <= 0);
}

static void each_fails(void)
{
    long n, survived = 0;
    bool done = false;

    for (n = 1; !done && n < 5000; n++) {
        struct hf_config *client = test_client(&certs);
        struct hf_config *server = test_server(&certs);
        struct hf_tls *c, *s;
        int ends[2];

        test_socketpair(ends);
        test_nonblocking(ends[0]);
        test_nonblocking(ends[1]);
        fail_after = n;
        c = hf_client_fds(client, ends[0], ends[0], "localhost");
        s = hf_accept(server, ends[1]);
        meet(c, s);
        done = fail_after > 0;
        fail_after = 0;
        /* Shrinking a buffer may fail and nothing is lost. */
        survived += is_well(c, s) && !done;
        assert_true(is_well(c, s) || !done);
        hf_tls_free(c);
        hf_tls_free(s);
        close(ends[0]);
        close(ends[1]);
        hf_config_free(client);
        hf_config_free(server);
    }
    assert_true(done);
    assert_true(n > 30 && survived < 5);
    print_message("# NOTE: each of %ld allocations failed %s\n", n - 2,
                  for_good ? "with all after it" : "once");
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    if (getenv("HF_WRAP")) {
        print_message("# SKIP: allocations that fail (cannot be had: valgrind "
                      "brings its own)\n");
        skip();
    }
    each_fails();
    for_good = true;
    each_fails();
    for_good = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_calls_do_the_data_is_the_same),
        cmocka_unit_test(each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
