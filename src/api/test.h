/* test.h - what the tests of this layer share: certificates made on the spot,
 * and sockets on ports that the system picks. */
#ifndef HF_API_TEST_H
#define HF_API_TEST_H

#include "api/api.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- certificates (certs_test.c) ----------------------------------------- */

enum { TEST_PEM_MAX = 4096 };
struct test_text {
    char at[TEST_PEM_MAX];
    size_t len;
};
/* An authority and a leaf of it for localhost, 127.0.0.1 and ::1. */
struct test_certs {
    struct test_text ca, leaf, key;     /* PEM */
    struct test_text leaf_der, key_der; /* the same in DER */
    struct test_text expired;           /* a leaf of the same key */
    struct test_text other_key;         /* belongs to no certificate */
};
/* Fails the test that calls it if libcrypto does. */
void test_certs_make(struct test_certs *out, const char *authority);
struct hf_span test_span(const struct test_text *text);
/* A config that trusts the authority, and one that has the leaf. */
struct hf_config *test_client(const struct test_certs *certs);
struct hf_config *test_server(const struct test_certs *certs);

/* The error has @code, and its line of text has @words in it. */
void test_failed(const struct hf_tls *tls, unsigned code, const char *words);

/* ---- sockets (sockets_test.c) -------------------------------------------- */

/* A listening socket on @address ("127.0.0.1", "::1"), its port in @port as
 * text; -1 if this machine has no such address. */
int test_listen(const char *address, int backlog, char port[16]);
/* A port on which nobody listens, nor will while the descriptor is open. */
int test_closed_port(char port[16]);
/* A listening socket whose queue is full, so that connecting to it gets no
 * answer; what fills it is in @fillers. */
struct test_silent {
    int listener, fillers[8];
    char port[16];
};
void test_silent_open(struct test_silent *silent, const char *address);
void test_silent_close(struct test_silent *silent);

/* Two ends of a connection, over TCP on loopback or a socketpair. */
void test_tcp_pair(int ends[2]);
void test_socketpair(int ends[2]);
void test_nonblocking(int fd);

/* ---- two ends in one thread (two_test.c) --------------------------------- */

/* A client and a server on the two ends of a connection. */
struct test_two {
    struct hf_tls *client, *server;
    int ends[2]; /* the client's descriptor, the server's */
};
/* On non-blocking descriptors, which they own; frees the configs. */
void test_two_make(struct test_two *t, struct hf_config *client,
                   struct hf_config *server, bool tcp);
void test_two_shake(struct test_two *t);
/* Both of it, with default configs. */
void test_two_connect(struct test_two *t, const struct test_certs *certs,
                      bool tcp);
void test_two_drop(struct test_two *t);
/* Take the bytes on the wire to the server away from it. */
size_t test_two_intercept(struct test_two *t, uint8_t *out, size_t cap);
/* And put bytes there.  The client's descriptor is the other end. */
void test_two_inject(struct test_two *t, const uint8_t *bytes, size_t len);
/* The endless text that tests send: make and check a part of it. */
void test_text_fill(uint8_t *at, uint64_t offset, size_t len);
void test_text_is(const uint8_t *at, uint64_t offset, size_t len);
/* It goes on when its descriptor is ready. */
bool test_wants(int status);

/* ---- a peer in a thread (peer_test.c) ------------------------------------ */

struct test_peer {
    pthread_t thread;
    void (*act)(struct test_peer *, int fd);
    struct hf_config *config; /* freed when it has joined */
    int listener;             /* -1: fd is given */
    int fd;
    char port[16];
    /* what came of it */
    int status;
    struct hf_error error;
    char got[100];
    ssize_t len;
};
/* A peer that accepts one connection on a port of its own. */
void test_peer_listen(struct test_peer *p,
                      void (*act)(struct test_peer *, int fd),
                      struct hf_config *config);
void test_peer_listen_at(struct test_peer *p, const char *address,
                         void (*act)(struct test_peer *, int fd),
                         struct hf_config *config);
/* A peer that has @fd. */
void test_peer_on(struct test_peer *p, void (*act)(struct test_peer *, int fd),
                  struct hf_config *config, int fd);
void test_peer_join(struct test_peer *p);
/* Acts: read something, answer "world", close in order. */
void test_answer(struct test_peer *p, int fd);
/* Shake hands, read once, and note how that went. */
void test_shake(struct test_peer *p, int fd);

/* A directory for a test's files; what is in it is written and removed. */
enum { TEST_PATH_MAX = 512 };
void test_directory(char path[TEST_PATH_MAX]);
void test_write(const char *directory, const char *name, const char *text,
                size_t len);
void test_path(char *out, size_t cap, const char *directory, const char *name);
void test_remove(const char *directory);

#endif
