/* stream_test.c - data through non-blocking descriptors: whatever is cut, held
 * up or unfinished, the bytes that come out are those that went in. */
#include "api/test.h"

#include <sys/socket.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* ---- much data through small buffers ------------------------------------- */

enum { MUCH = 10 * 1000 * 1000, AT_ONCE = 70000 };

/* One direction: how far its writer and its reader are. */
struct flow {
    struct hf_tls *from, *to;
    uint64_t sent, got, seed;
    size_t unfinished; /* that the last hf_write had been given */
};

/* A size from 1 to @most. */
static size_t some(uint64_t *seed, size_t most)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return 1 + (size_t)(*seed >> 33) % most;
}

static bool push(struct flow *f)
{
    static uint8_t buf[AT_ONCE];
    size_t len = some(&f->seed, AT_ONCE);
    ssize_t n;

    if (len < f->unfinished)
        len = f->unfinished;
    if (len > MUCH - f->sent)
        len = (size_t)(MUCH - f->sent);
    if (!len)
        return false;
    test_text_fill(buf, f->sent, len);
    n = hf_write(f->from, buf, len);
    if (n == HF_WANT_POLLOUT) {
        f->unfinished = len;
        return false;
    }
    if (n < 1)
        fail_msg("hf_write: %zd %s", n, hf_tls_reason(f->from));
    f->sent += (uint64_t)n;
    f->unfinished = len - (size_t)n;
    return true;
}

static bool pull(struct flow *f)
{
    static uint8_t buf[AT_ONCE];
    ssize_t n = hf_read(f->to, buf, some(&f->seed, AT_ONCE));

    if (n == HF_WANT_POLLIN)
        return false;
    if (n < 1)
        fail_msg("hf_read: %zd %s", n, hf_tls_reason(f->to));
    test_text_is(buf, f->got, (size_t)n);
    f->got += (uint64_t)n;
    return true;
}

static void small_buffers(const int ends[2])
{
    int tiny = 4096;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &tiny, sizeof(tiny)), 0);
        assert_int_equal(
            setsockopt(ends[i], SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
    }
}

static void much_data_both_ways(bool tcp)
{
    struct test_two t;
    struct flow up, down;

    test_two_make(&t, test_client(&certs), test_server(&certs), tcp);
    if (!tcp) /* there, small ones only wait for delayed acknowledgements */
        small_buffers(t.ends);
    test_two_shake(&t);
    up = (struct flow){ t.client, t.server, 0, 0, 1, 0 };
    down = (struct flow){ t.server, t.client, 0, 0, 2, 0 };
    for (int idle = 0; up.got < MUCH || down.got < MUCH;) {
        bool moved = push(&up);

        moved |= push(&down);
        moved |= pull(&up);
        moved |= pull(&down);
        idle = moved ? 0 : idle + 1;
        if (idle > 10)
            (void)poll(NULL, 0, 1); /* TCP moves when it likes to */
        assert_true(idle < 5000);
    }
    assert_int_equal(up.sent, MUCH);
    assert_int_equal(down.sent, MUCH);
    test_two_drop(&t);
}

static void ten_megabytes_both_ways_through_a_small_socketpair(void **state)
{
    (void)state;
    much_data_both_ways(false);
}

static void ten_megabytes_both_ways_over_tcp(void **state)
{
    (void)state;
    much_data_both_ways(true);
}

/* ---- reading ------------------------------------------------------------- */

static void any_size_of_buffer_reads_the_same(void **state)
{
    static const size_t sizes[] = { 1,     7,     1000,          16384,
                                    16644, 16645, HF_RECORD_MAX, AT_ONCE };
    static uint8_t sent[50000], got[AT_ONCE];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(sizes); i++) {
        struct test_two t;
        size_t done = 0;
        ssize_t n;

        test_two_connect(&t, &certs, false);
        test_text_fill(sent, i, sizeof(sent));
        assert_int_equal(hf_write(t.client, sent, sizeof(sent)),
                         (ssize_t)sizeof(sent));
        while ((n = hf_read(t.server, got, sizes[i])) > 0) {
            assert_in_range(n, 1, sizes[i]);
            test_text_is(got, i + done, (size_t)n);
            done += (size_t)n;
        }
        assert_int_equal(n, HF_WANT_POLLIN);
        assert_int_equal(done, sizeof(sent));
        test_two_drop(&t);
    }
}

static void an_idle_connection_holds_no_buffers(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), HF_WANT_POLLIN);
    assert_int_equal(hf_read(t.client, got, sizeof(got)), HF_WANT_POLLIN);
    assert_null(t.server->input.at);
    assert_null(t.server->unsent.at);
    assert_null(t.client->input.at);
    assert_null(t.client->unsent.at);
    test_two_drop(&t);
}

static void a_record_that_drips_in_costs_what_came_of_it(void **state)
{
    struct test_two t;
    uint8_t wire[2000], sent[1000], got[2 * AT_ONCE];
    size_t len;

    (void)state;
    test_two_connect(&t, &certs, false);
    test_text_fill(sent, 0, sizeof(sent));
    assert_int_equal(hf_write(t.client, sent, sizeof(sent)),
                     (ssize_t)sizeof(sent));
    len = test_two_intercept(&t, wire, sizeof(wire));
    for (size_t i = 0; i + 1 < len; i++) {
        size_t room = i % 2 ? 10 : sizeof(got);

        test_two_inject(&t, wire + i, 1);
        assert_int_equal(hf_read(t.server, got, room), HF_WANT_POLLIN);
        assert_int_equal(t.server->input.cap, i + 1);
        assert_false(t.server->input.borrowed);
    }
    test_two_inject(&t, wire + len - 1, 1);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 1000);
    test_text_is(got, 0, 1000);
    assert_null(t.server->input.at);
    test_two_drop(&t);
}

static void pending_says_what_needs_no_descriptor(void **state)
{
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_tls_pending(t.server), 0);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    assert_int_equal(hf_write(t.client, "world!", 6), 6);
    assert_int_equal(hf_tls_pending(t.server), 0);
    assert_int_equal(hf_read(t.server, got, 2), 2);
    assert_int_equal(hf_tls_pending(t.server), 3);
    assert_int_equal(hf_read(t.server, got, 3), 3);
    assert_int_equal(hf_tls_pending(t.server), 6); /* the second record */
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 6);
    assert_memory_equal(got, "world!", 6);
    assert_int_equal(hf_tls_pending(t.server), 0);
    test_two_drop(&t);
}

static void data_right_behind_the_handshake_is_pending(void **state)
{
    struct test_two t;
    char got[10];

    (void)state;
    test_two_make(&t, test_client(&certs), test_server(&certs), false);
    assert_int_equal(hf_write(t.client, "early", 5), HF_WANT_POLLIN);
    assert_int_equal(hf_handshake(t.server), HF_WANT_POLLIN);
    assert_int_equal(hf_write(t.client, "early", 5), 5);
    assert_int_equal(hf_handshake(t.server), 0);
    assert_int_equal(hf_tls_pending(t.server), 5);
    assert_int_equal(hf_handshake(t.server), 0);
    assert_int_equal(hf_tls_pending(t.server), 5);
    assert_int_equal(hf_write(t.server, "answer", 6), 6);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_memory_equal(got, "early", 5);
    test_two_drop(&t);
}

/* ---- writing ------------------------------------------------------------- */

/* Write until it goes no further; what was reported. */
static size_t stuff(struct hf_tls *tls, const uint8_t *text, size_t len)
{
    size_t done = 0;

    for (;;) {
        ssize_t n = hf_write(tls, text + done, len - done);

        if (n == HF_WANT_POLLOUT)
            return done;
        assert_true(n > 0);
        done += (size_t)n;
        assert_true(done < len);
    }
}

static size_t read_all(struct hf_tls *tls, uint64_t offset)
{
    static uint8_t got[AT_ONCE];
    size_t done = 0;
    ssize_t n;

    while ((n = hf_read(tls, got, sizeof(got))) > 0) {
        test_text_is(got, offset + done, (size_t)n);
        done += (size_t)n;
    }
    assert_true(n == HF_WANT_POLLIN || n == 0);
    return done;
}

static void an_unfinished_write_goes_on_with_the_same_bytes(void **state)
{
    static uint8_t text[4 * 1000 * 1000];
    struct test_two t;
    size_t done, got;
    ssize_t n;

    (void)state;
    test_two_connect(&t, &certs, false);
    test_text_fill(text, 0, sizeof(text));
    done = stuff(t.client, text, sizeof(text));
    assert_true(t.client->taken > 0);
    /* Fewer than are under way already cannot be right. */
    assert_int_equal(hf_write(t.client, text + done, t.client->taken - 1),
                     HF_TLS_ERROR);
    test_failed(t.client, HF_E_MISUSE, "not yet reported");
    got = read_all(t.server, 0);
    n = hf_write(t.client, text + done, t.client->taken);
    assert_true(n > 0);
    done += (size_t)n;
    got += read_all(t.server, got);
    assert_int_equal(got, done);
    test_two_drop(&t);
}

static void a_write_of_nothing_flushes(void **state)
{
    static uint8_t text[4 * 1000 * 1000];
    struct test_two t;
    size_t done, taken;

    (void)state;
    test_two_connect(&t, &certs, false);
    assert_int_equal(hf_write(t.client, NULL, 0), 0);
    test_text_fill(text, 0, sizeof(text));
    done = stuff(t.client, text, sizeof(text));
    assert_int_equal(hf_write(t.client, NULL, 0), HF_WANT_POLLOUT);
    taken = t.client->taken;
    assert_int_equal(read_all(t.server, 0) >= done, true);
    while (hf_write(t.client, NULL, 0) == HF_WANT_POLLOUT)
        (void)read_all(t.server, 0);
    assert_int_equal(hf_write(t.client, text + done, taken), (ssize_t)taken);
    test_two_drop(&t);
}

static void a_close_sends_what_is_unfinished_first(void **state)
{
    static uint8_t text[4 * 1000 * 1000];
    struct test_two t;
    size_t done, got;
    int status;

    (void)state;
    test_two_connect(&t, &certs, false);
    test_text_fill(text, 0, sizeof(text));
    done = stuff(t.client, text, sizeof(text)) + t.client->taken;
    assert_int_equal(hf_close(t.client), HF_WANT_POLLOUT);
    got = read_all(t.server, 0);
    do {
        status = hf_close(t.client);
        got += read_all(t.server, got);
    } while (status == HF_WANT_POLLOUT);
    assert_int_equal(status, 0);
    assert_int_equal(got, done);
    test_two_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_megabytes_both_ways_through_a_small_socketpair),
        cmocka_unit_test(ten_megabytes_both_ways_over_tcp),
        cmocka_unit_test(any_size_of_buffer_reads_the_same),
        cmocka_unit_test(an_idle_connection_holds_no_buffers),
        cmocka_unit_test(a_record_that_drips_in_costs_what_came_of_it),
        cmocka_unit_test(data_right_behind_the_handshake_is_pending),
        cmocka_unit_test(pending_says_what_needs_no_descriptor),
        cmocka_unit_test(an_unfinished_write_goes_on_with_the_same_bytes),
        cmocka_unit_test(a_write_of_nothing_flushes),
        cmocka_unit_test(a_close_sends_what_is_unfinished_first),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
