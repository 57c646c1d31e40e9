/* serve_loop.c - many visits at once: one poll() for all descriptors. */
#define _GNU_SOURCE /* accept4 */
#include "serve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REST_MS = 200, STOP_MS = 3000 };

/* ---- who comes -------------------------------------------------------------------- */

static void peer_text(const struct sockaddr_storage *from, socklen_t len,
                      char out[72])
{
    char host[60] = "?", port[8] = "?";

    getnameinfo((const struct sockaddr *)from, len, host, sizeof(host), port,
                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, 72, from->ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
             port);
}

static bool make_room(struct serve *s)
{
    size_t room = s->room ? 2 * s->room : 16;
    struct visit **more;

    if (s->visits < s->room)
        return true;
    more = realloc(s->visit, room * sizeof(struct visit *));
    if (!more)
        return false;
    s->visit = more;
    s->room = room;
    return true;
}

static void take_in(struct serve *s, int fd, const char *peer)
{
    struct visit *v = make_room(s) ? visit_new(s, fd, peer) : NULL;

    if (!v) {
        close(fd);
        return;
    }
    s->visit[s->visits++] = v;
    visit_run(v);
}

static void accept_all(struct serve *s, int listener)
{
    while (s->visits < s->most && (!s->left || s->served < s->left)) {
        struct sockaddr_storage from = { 0 };
        socklen_t len = sizeof(from);
        char peer[72];
        int fd = accept4(listener, (struct sockaddr *)&from, &len,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            /* out of descriptors: the one that waits stays ready, so polling
             * for it at once would only spin */
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM)
                s->rest_until = clock_ms() + REST_MS;
            return;
        }
        peer_text(&from, len, peer);
        s->served++;
        take_in(s, fd, peer);
    }
}

/* ---- one turn ----------------------------------------------------------------------- */

static bool accepts(const struct serve *s)
{
    return !s->stopping && s->visits < s->most && clock_ms() >= s->rest_until &&
           (!s->left || s->served < s->left);
}

static size_t fill(const struct serve *s, struct pollfd *fds)
{
    size_t n = 0;

    fds[n++] = (struct pollfd){ s->signals, POLLIN, 0 };
    for (size_t i = 0; i < s->listeners; i++)
        fds[n++] = (struct pollfd){ accepts(s) ? s->listener[i] : -1, POLLIN,
                                    0 };
    for (size_t i = 0; i < s->visits; i++)
        fds[n++] = (struct pollfd){ s->visit[i]->fd, s->visit[i]->wants, 0 };
    return n;
}

/* Milliseconds until the first deadline. */
static int patience(const struct serve *s, double stop_at)
{
    double now = clock_ms(), first = now + 60000;

    for (size_t i = 0; i < s->visits; i++) {
        if (s->visit[i]->again)
            return 0;
        if (s->visit[i]->deadline < first)
            first = s->visit[i]->deadline;
    }
    if (s->rest_until > now && s->rest_until < first)
        first = s->rest_until;
    if (stop_at > 0 && stop_at < first)
        first = stop_at;
    return first <= now ? 0 : (int)(first - now) + 1;
}

static void run_visits(struct serve *s, const struct pollfd *fds, size_t n)
{
    double now = clock_ms();

    /* those that came meanwhile stand behind the @n polled for */
    for (size_t i = 0; i < n; i++) {
        struct visit *v = s->visit[i];

        if (v->again || fds[i].revents)
            visit_run(v);
        if (v->state != VISIT_OVER && now >= v->deadline) {
            visit_late(v);
            if (v->state != VISIT_OVER)
                visit_run(v);
        }
    }
}

static void sweep(struct serve *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->visits; i++) {
        if (s->visit[i]->state == VISIT_OVER) {
            s->good = s->visit[i]->good;
            visit_free(s->visit[i]);
        } else {
            s->visit[kept++] = s->visit[i];
        }
    }
    s->visits = kept;
}

/* ---- until it stops -------------------------------------------------------------------- */

static void stop(struct serve *s)
{
    if (!s->stopping && isatty(STDERR_FILENO))
        fprintf(stderr, "\n%s\n", lang("stopping"));
    s->stopping = true;
    for (size_t i = 0; i < s->visits; i++) {
        visit_stop(s->visit[i]);
        visit_run(s->visit[i]);
    }
}

static bool signalled(struct serve *s)
{
    struct signalfd_siginfo info;

    return read(s->signals, &info, sizeof(info)) > 0;
}

static bool is_done(const struct serve *s, double stop_at)
{
    if (s->left && s->served >= s->left && !s->visits)
        return true;
    return s->stopping && (!s->visits || clock_ms() >= stop_at);
}

static void turn(struct serve *s, struct pollfd *fds, double *stop_at)
{
    size_t n = fill(s, fds), visits = s->visits;
    const struct pollfd *mine = fds + 1 + s->listeners;

    if (poll(fds, (nfds_t)n, patience(s, *stop_at)) < 0 && errno != EINTR)
        return;
    if (fds[0].revents && signalled(s)) {
        if (s->stopping) /* twice: at once */
            *stop_at = clock_ms();
        else
            *stop_at = clock_ms() + STOP_MS;
        stop(s);
    }
    run_visits(s, mine, visits);
    for (size_t i = 0; i < s->listeners; i++)
        if (fds[1 + i].revents)
            accept_all(s, s->listener[i]);
    sweep(s);
}

int serve_loop(struct serve *s)
{
    struct pollfd *fds = calloc(s->most + 3, sizeof(*fds));
    double stop_at = 0;

    if (!fds)
        return tool_error(s->tool, HF_EXIT_INTERNAL, "out of memory");
    while (!is_done(s, stop_at))
        turn(s, fds, &stop_at);
    for (size_t i = 0; i < s->visits; i++)
        visit_free(s->visit[i]);
    free(s->visit);
    free(fds);
    s->visits = 0;
    s->visit = NULL;
    return s->left && !s->good ? HF_EXIT_HANDSHAKE : HF_EXIT_GOOD;
}
