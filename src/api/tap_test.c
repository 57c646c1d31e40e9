/* tap_test.c - who taps a connection sees the bytes of its descriptors, all of
 * them and as they travel. */
#include "api/test.h"

#include <unistd.h>

static struct test_certs certs;

static int setup(void **state)
{
    (void)state;
    test_certs_make(&certs, "Test Authority");
    return 0;
}

/* What one end has seen, by direction. */
struct seen {
    struct hf_buffer bytes[2]; /* received, sent */
    unsigned ends;
};

static void tap(void *ctx, bool sent, struct hf_span bytes)
{
    struct seen *seen = ctx;

    if (!bytes.len) {
        assert_false(sent);
        seen->ends++;
        return;
    }
    assert_true(hf_buffer_add(&seen->bytes[sent], bytes));
}

static void forget(struct seen *seen)
{
    hf_buffer_wipe(&seen->bytes[0]);
    hf_buffer_wipe(&seen->bytes[1]);
}

static void same(const struct hf_buffer *a, const struct hf_buffer *b)
{
    struct hf_span one = hf_buffer_bytes(a), other = hf_buffer_bytes(b);

    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.at, other.at, one.len);
}

static void both_ends_see_the_same_bytes(void **state)
{
    struct seen client = { .ends = 0 }, server = { .ends = 0 };
    struct test_two t;
    struct hf_span hello;
    char got[100];

    (void)state;
    test_two_make(&t, test_client(&certs), test_server(&certs), true);
    hf_tls_set_tap(t.client, tap, &client);
    hf_tls_set_tap(t.server, tap, &server);
    test_two_shake(&t);
    assert_int_equal(hf_write(t.client, "hello", 5), 5);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 5);
    assert_int_equal(hf_close(t.client), 0);
    assert_int_equal(hf_read(t.server, got, sizeof(got)), 0);
    same(&client.bytes[1], &server.bytes[0]);
    same(&server.bytes[1], &client.bytes[0]);
    hello = hf_buffer_bytes(&client.bytes[1]);
    assert_true(hello.len > 300);
    assert_memory_equal(hello.at, "\x16\x03\x01", 3);
    test_two_drop(&t);
    forget(&client);
    forget(&server);
}

static void the_end_of_the_stream_is_seen(void **state)
{
    struct seen client = { .ends = 0 };
    struct test_two t;
    char got[100];

    (void)state;
    test_two_connect(&t, &certs, true);
    hf_tls_set_tap(t.client, tap, &client);
    hf_tls_free(t.server);
    t.server = NULL;
    for (int i = 0; i < 1000; i++)
        if (hf_read(t.client, got, sizeof(got)) != HF_WANT_POLLIN)
            break;
    assert_int_equal(hf_tls_error(t.client)->code, HF_E_CUT);
    assert_int_equal(client.ends, 1);
    test_two_drop(&t);
    forget(&client);
}

static void nobody_is_shown_anything_afterwards(void **state)
{
    struct seen client = { .ends = 0 };
    struct test_two t;

    (void)state;
    hf_tls_set_tap(NULL, tap, &client);
    test_two_make(&t, test_client(&certs), test_server(&certs), true);
    hf_tls_set_tap(t.client, tap, &client);
    hf_tls_set_tap(t.client, NULL, NULL);
    test_two_shake(&t);
    assert_int_equal(hf_buffer_bytes(&client.bytes[0]).len, 0);
    assert_int_equal(hf_buffer_bytes(&client.bytes[1]).len, 0);
    test_two_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_see_the_same_bytes),
        cmocka_unit_test(the_end_of_the_stream_is_seen),
        cmocka_unit_test(nobody_is_shown_anything_afterwards),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
