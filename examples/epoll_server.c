/* epoll_server.c - many TLS connections in one thread (Linux): an echo server.
 *
 *     epoll_server PORT CHAIN.pem KEY.pem
 *
 * Every descriptor is non-blocking.  When epoll says that one is ready, its
 * client is driven as far as it goes: read, write back, read again, until a
 * call says what it waits for, HF_WANT_POLLIN or HF_WANT_POLLOUT, and that is
 * what epoll watches next:
 *
 *            +---- hf_read ----> some bytes ----> hf_write ----+
 *            |        |                              |         |
 *            |    WANT_POLLIN                   WANT_POLLOUT   |
 *            |        +----------> epoll <-----------+         |
 *            +-------------------------------------------------+
 *
 * One buffer serves all of them.  What could not be written at once is copied,
 * kept until it is, and given to hf_write again, for a part of it may be on its
 * way already.  So an idle client costs what the library needs, and no buffer.
 *
 * Who says nothing for IDLE_SECONDS is dropped; the library itself gives up a
 * handshake that takes longer than HF_HANDSHAKE_MS when it is driven.  When
 * descriptors run out, accepting waits until one is free. */
#define _GNU_SOURCE /* accept4 */ /* NOLINT(bugprone-reserved-identifier) */
#include <handfast/handfast.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { IDLE_SECONDS = 30, SWEEP_SECONDS = 5, EVENTS = 64 };

struct client {
    struct hf_tls *tls;
    char *rest; /* read, not yet written back */
    size_t done, len;
    bool closing; /* the client has said goodbye */
    uint32_t watched;
    time_t last;
    struct client *next, **self; /* all of them; what points to this one */
};

struct server {
    struct hf_config *config;
    int epoll, listener;
    bool full; /* no descriptors left: the listener is not watched */
    struct client *clients;
};

/* Of all clients: records are opened in it, so it holds more than one. */
static char buf[4 * HF_RECORD_MAX];

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* ---- who is there -------------------------------------------------------- */

static void watch_listener(struct server *s, bool on)
{
    struct epoll_event event = { on ? EPOLLIN : 0, { NULL } };

    epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->listener, &event);
    s->full = !on;
}

static void drop(struct server *s, struct client *c)
{
    *c->self = c->next;
    if (c->next)
        c->next->self = c->self;
    hf_tls_free(c->tls); /* closes it, and so epoll forgets it */
    free(c->rest);
    free(c);
    if (s->full)
        watch_listener(s, true);
}

static void welcome(struct server *s, int fd)
{
    struct client *c = calloc(1, sizeof(*c));
    struct epoll_event event = { EPOLLIN, { c } };

    if (c)
        c->tls = hf_accept(s->config, fd);
    if (!c || !c->tls || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        if (c)
            hf_tls_free(c->tls);
        free(c);
        close(fd);
        return;
    }
    hf_tls_own_fd(c->tls);
    c->watched = EPOLLIN;
    c->last = now();
    c->next = s->clients;
    c->self = &s->clients;
    if (c->next)
        c->next->self = &c->next;
    s->clients = c;
}

static void accept_all(struct server *s)
{
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            welcome(s, fd);
        else if (errno == EMFILE || errno == ENFILE) {
            watch_listener(s, false);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

/* ---- one client ---------------------------------------------------------- */

/* Write back @len bytes and keep what does not go: 0, or what hf_write said. */
static int write_back(struct client *c, const char *at, size_t len)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < len && (n = hf_write(c->tls, at + done, len - done)) > 0)
        done += (size_t)n;
    if (n == HF_WANT_POLLOUT && !c->rest) {
        c->rest = malloc(len - done);
        if (!c->rest)
            return HF_TLS_ERROR;
        memcpy(c->rest, at + done, len - done);
        c->len = len - done;
        c->done = 0;
    } else {
        c->done += done;
    }
    return n < 0 ? (int)n : 0;
}

static int write_rest(struct client *c)
{
    int status = write_back(c, c->rest + c->done, c->len - c->done);

    if (status == 0) {
        free(c->rest);
        c->rest = NULL;
    }
    return status;
}

/* As far as it goes: what it waits for, 0 at the end, HF_TLS_ERROR. */
static int drive(struct client *c)
{
    for (;;) {
        int status = 0;
        ssize_t n;

        if (c->rest)
            status = write_rest(c);
        if (status)
            return status;
        if (c->closing)
            return hf_close(c->tls);
        n = hf_read(c->tls, buf, sizeof(buf));
        if (n == 0)
            c->closing = true;
        else if (n > 0)
            status = write_back(c, buf, (size_t)n);
        else
            status = (int)n;
        if (status)
            return status;
    }
}

static void attend(struct server *s, struct client *c)
{
    int status = drive(c);
    struct epoll_event event = { status == HF_WANT_POLLOUT ? EPOLLOUT : EPOLLIN,
                                 { c } };

    c->last = now();
    if (status == HF_WANT_POLLIN || status == HF_WANT_POLLOUT) {
        if (event.events != c->watched)
            epoll_ctl(s->epoll, EPOLL_CTL_MOD, hf_tls_fd(c->tls), &event);
        c->watched = event.events;
        return;
    }
    if (status < 0)
        fprintf(stderr, "epoll_server: %s\n", hf_tls_reason(c->tls));
    drop(s, c);
}

/* ---- all of them --------------------------------------------------------- */

/* Who is silent is dropped.  Who is still shaking hands is driven, so that the
 * library can give up on those for whom that takes too long. */
static void sweep(struct server *s)
{
    time_t oldest = now() - IDLE_SECONDS;

    for (struct client *c = s->clients, *next; c; c = next) {
        next = c->next;
        if (c->last < oldest)
            drop(s, c);
        else if (!hf_conn_ready(hf_tls_conn(c->tls)))
            attend(s, c);
    }
}

static void run(struct server *s)
{
    struct epoll_event events[EVENTS];
    time_t swept = now();

    for (;;) {
        int n = epoll_wait(s->epoll, events, EVENTS, SWEEP_SECONDS * 1000);

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                attend(s, events[i].data.ptr);
            else
                accept_all(s);
        }
        if (now() - swept >= SWEEP_SECONDS) {
            sweep(s);
            swept = now();
        }
    }
}

static int listen_on(const char *port)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6,
                               .sin6_port = htons(
                                   (uint16_t)strtoul(port, NULL, 10)) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, off = 0;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&at, len) < 0 ||
        listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        err(1, "port %s", port);
    printf("listening on port %d\n", ntohs(at.sin6_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    struct server s = { .config = hf_config_new() };
    struct epoll_event event = { EPOLLIN, { NULL } };

    if (argc != 4)
        errx(2, "usage: epoll_server PORT CHAIN.pem KEY.pem");
    if (!s.config || !hf_config_add_keypair_file(s.config, argv[2], argv[3]) ||
        !hf_config_freeze(s.config))
        errx(1, "%s", s.config ? hf_config_error(s.config)->detail : "memory");
    s.listener = listen_on(argv[1]);
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll < 0 ||
        epoll_ctl(s.epoll, EPOLL_CTL_ADD, s.listener, &event) < 0)
        err(1, "epoll");
    run(&s);
}
