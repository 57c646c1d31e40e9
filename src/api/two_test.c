/* two_test.c - a client and a server in one thread, on the two ends of a
 * non-blocking connection, for the tests of this layer. */
#include "api/test.h"

#include <sys/socket.h>

void test_two_make(struct test_two *t, struct hf_config *client,
                   struct hf_config *server, bool tcp)
{
    tcp ? test_tcp_pair(t->ends) : test_socketpair(t->ends);
    test_nonblocking(t->ends[0]);
    test_nonblocking(t->ends[1]);
    t->client = hf_client_fds(client, t->ends[0], t->ends[0], "localhost");
    t->server = hf_accept(server, t->ends[1]);
    assert_non_null(t->client);
    assert_non_null(t->server);
    hf_tls_own_fd(t->client);
    hf_tls_own_fd(t->server);
    hf_config_free(client);
    hf_config_free(server);
}

bool test_wants(int status)
{
    return status == HF_WANT_POLLIN || status == HF_WANT_POLLOUT;
}

void test_two_shake(struct test_two *t)
{
    int c = HF_WANT_POLLIN, s = HF_WANT_POLLIN;

    for (int i = 0; i < 1000 && (test_wants(c) || test_wants(s)); i++) {
        c = hf_handshake(t->client);
        s = hf_handshake(t->server);
    }
    if (c || s)
        fail_msg("client: %s; server: %s", hf_tls_reason(t->client),
                 hf_tls_reason(t->server));
}

void test_two_drop(struct test_two *t)
{
    hf_tls_free(t->client);
    hf_tls_free(t->server);
}

/* What is at @offset of the endless text that the tests send. */
static uint8_t byte_at(uint64_t offset)
{
    uint64_t x = offset * 0x9e3779b97f4a7c15u;

    return (uint8_t)(x >> 29 ^ x >> 53);
}

void test_text_fill(uint8_t *at, uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = byte_at(offset + i);
}

void test_text_is(const uint8_t *at, uint64_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != byte_at(offset + i))
            fail_msg("byte %zu is wrong", (size_t)offset + i);
}

void test_two_connect(struct test_two *t, const struct test_certs *certs,
                      bool tcp)
{
    test_two_make(t, test_client(certs), test_server(certs), tcp);
    test_two_shake(t);
}

/* Take the bytes on the wire to the server away from it. */
size_t test_two_intercept(struct test_two *t, uint8_t *out, size_t cap)
{
    ssize_t n = recv(t->ends[1], out, cap, 0);

    assert_true(n > 0);
    return (size_t)n;
}

/* And put bytes there.  The client's descriptor is the other end. */
void test_two_inject(struct test_two *t, const uint8_t *bytes, size_t len)
{
    assert_int_equal(send(t->ends[0], bytes, len, 0), (ssize_t)len);
}
