/* peer_test.c - the other end of a connection in a thread of its own, for the
 * tests of this layer.  What it does is given as a function on a descriptor; it
 * notes what came of it, and only the test asserts. */
#include "api/test.h"

#include <sys/socket.h>
#include <unistd.h>

static void *run_peer(void *arg)
{
    struct test_peer *p = arg;

    if (p->listener >= 0)
        p->fd = accept(p->listener, NULL, NULL);
    p->act(p, p->fd);
    return NULL;
}

/* A peer that accepts one connection on a port of its own. */
void test_peer_listen(struct test_peer *p,
                      void (*act)(struct test_peer *, int fd),
                      struct hf_config *config)
{
    test_peer_listen_at(p, "127.0.0.1", act, config);
}

void test_peer_listen_at(struct test_peer *p, const char *address,
                         void (*act)(struct test_peer *, int fd),
                         struct hf_config *config)
{
    *p = (struct test_peer){ .act = act, .config = config };
    p->listener = test_listen(address, 4, p->port);
    assert_true(p->listener >= 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run_peer, p), 0);
}

/* A peer that has @fd. */
void test_peer_on(struct test_peer *p, void (*act)(struct test_peer *, int fd),
                  struct hf_config *config, int fd)
{
    *p = (struct test_peer){
        .act = act, .config = config, .listener = -1, .fd = fd
    };
    assert_int_equal(pthread_create(&p->thread, NULL, run_peer, p), 0);
}

void test_peer_join(struct test_peer *p)
{
    assert_int_equal(pthread_join(p->thread, NULL), 0);
    if (p->listener >= 0)
        close(p->listener);
    hf_config_free(p->config);
}

/* Read a line, answer, close in order. */
void test_answer(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    hf_tls_own_fd(tls);
    p->len = hf_read(tls, p->got, sizeof(p->got));
    if (p->len > 0 && hf_write(tls, "world", 5) == 5)
        p->status = hf_close(tls);
    p->error = *hf_tls_error(tls);
    hf_tls_free(tls);
}

/* Shake hands and see how that goes. */
void test_shake(struct test_peer *p, int fd)
{
    struct hf_tls *tls = hf_accept(p->config, fd);

    hf_tls_own_fd(tls);
    p->status = hf_handshake(tls);
    p->len = p->status ? -1 : hf_read(tls, p->got, sizeof(p->got));
    p->error = *hf_tls_error(tls);
    hf_tls_free(tls);
}
