/* net.c - from a host and a port to a connected descriptor.
 *
 * Addresses are tried in the order of the system's resolver, each for its
 * share of the time that is left, so that a dead first address does not eat
 * the time of a living second one.  The resolver itself knows no deadline: it
 * runs in a thread of its own, which is left behind when the time is up.
 */
#include "api/api.h"
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* ---- time ------------------------------------------------------------------- */

deadline deadline_in(unsigned ms)
{
    return ms ? clock_ms() + ms : 0;
}

deadline deadline_first(deadline a, deadline b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

int deadline_left(deadline end)
{
    if (end == 0)
        return -1;
    double left = end - clock_ms();
    return left <= 0 ? 0 : left > 86400e3 ? 86400000 : (int)left + 1;
}

/* ---- names ------------------------------------------------------------------ */

/* One question to the resolver, shared by two threads; who lets go last
 * frees it. */
struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t done;
    char host[HOST_MAX], port[32];
    int family, result, error; /* errno, if @result says so */
    struct addrinfo *found;
    bool finished, abandoned;
};

static int look_up(const char *host, const char *port, int family,
                   struct addrinfo **out)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
    if (is_address(host))
        hints.ai_flags = AI_NUMERICHOST;
    return getaddrinfo(hf_is_localhost(host) ? NULL : host, port, &hints, out);
}

static void lookup_free(struct lookup *l)
{
    if (l->found)
        freeaddrinfo(l->found);
    pthread_cond_destroy(&l->done);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void *lookup_run(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo *found = NULL;
    int result = look_up(l->host, l->port, l->family, &found);
    pthread_mutex_lock(&l->lock);
    l->found = result == 0 ? found : NULL;
    l->result = result;
    l->error = errno; /* each thread has its own */
    l->finished = true;
    bool mine = l->abandoned;
    pthread_cond_signal(&l->done);
    pthread_mutex_unlock(&l->lock);
    if (mine)
        lookup_free(l);
    return NULL;
}

static struct lookup *lookup_new(const char *host, const char *port, int family)
{
    struct lookup *l = calloc(1, sizeof *l);
    pthread_condattr_t how;
    if (!l)
        return NULL;
    snprintf(l->host, sizeof l->host, "%s", host);
    snprintf(l->port, sizeof l->port, "%s", port);
    l->family = family;
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&l->done, &how);
    pthread_condattr_destroy(&how);
    return l;
}

/* Wait for the answer until @end.  True: *result and *found. */
static bool lookup_wait(struct lookup *l, deadline end, int *result,
                        struct addrinfo **found)
{
    struct timespec until = { .tv_sec = (time_t)(end / 1e3) };
    until.tv_nsec = (long)((end - (double)until.tv_sec * 1e3) * 1e6);
    int gone = 0, error = 0;
    pthread_mutex_lock(&l->lock);
    while (!l->finished && gone != ETIMEDOUT)
        gone = end != 0 ? pthread_cond_timedwait(&l->done, &l->lock, &until)
                        : pthread_cond_wait(&l->done, &l->lock);
    bool finished = l->finished;
    l->abandoned = !finished;
    if (finished) {
        *result = l->result;
        *found = l->found;
        error = l->error;
        l->found = NULL;
    }
    pthread_mutex_unlock(&l->lock);
    if (finished)
        lookup_free(l);
    errno = error;
    return finished;
}

static bool resolve(const char *host, const char *port, int family,
                    deadline end, struct addrinfo **out, struct failure *f)
{
    int result = 0;
    pthread_t thread;
    if (is_address(host) || !strcmp(host, "localhost")) {
        result = look_up(host, port, family, out);
    } else {
        struct lookup *l = lookup_new(host, port, family);
        if (!l)
            return fail_with(f, FAIL_MEMORY, "%s", "");
        if (pthread_create(&thread, NULL, lookup_run, l)) {
            lookup_free(l);
            return fail_with(f, FAIL_MEMORY, "no thread for the resolver");
        }
        pthread_detach(thread);
        if (!lookup_wait(l, end, &result, out))
            return fail_with(f, FAIL_CONNECT_TIME,
                             "the resolver did not answer for \"%.200s\"",
                             host);
    }
    if (result)
        return fail_with(f, FAIL_RESOLVE, "\"%.200s\": %s", host,
                         result == EAI_SYSTEM ? lang_errno(errno)
                                              : lang(gai_strerror(result)));
    return true;
}

/* ---- --resolve and --connect-to ------------------------------------------------ */

/* The next part of "a:b:c", brackets kept together; moves *text. */
static bool part(const char **text, char *out, size_t cap)
{
    const char *p = *text;
    size_t n = *p == '[' ? strcspn(p, "]") + (strchr(p, ']') != NULL)
                         : strcspn(p, ":");
    size_t skip = *p == '[' ? 1 : 0;
    if (n < 2 * skip || n - 2 * skip >= cap)
        return false;
    memcpy(out, p + skip, n - 2 * skip);
    out[n - 2 * skip] = 0;
    *text = p + n + (p[n] == ':');
    return true;
}

/* Another host and port to go to instead, by the first row that fits. */
static bool reroute(const struct words *rows, char host[HOST_MAX],
                    char port[32], struct failure *f)
{
    for (size_t i = 0; i < rows->count; i++) {
        char from[HOST_MAX], from_port[32], to[HOST_MAX], to_port[32];
        const char *at = rows->at[i];
        if (!part(&at, from, sizeof from) ||
            !part(&at, from_port, sizeof from_port) ||
            !part(&at, to, sizeof to) || !part(&at, to_port, sizeof to_port))
            return fail_with(f, FAIL_URL,
                             "--connect-to %.200s: HOST1:PORT1:HOST2:PORT2",
                             rows->at[i]);
        if ((from[0] && strcasecmp(from, host)) ||
            (from_port[0] && strcmp(from_port, port)))
            continue;
        if (to[0])
            memcpy(host, to, sizeof to);
        if (to_port[0])
            memcpy(port, to_port, sizeof to_port);
        return true;
    }
    return true;
}

/* The addresses that --resolve gives for @host and @port, NULL if none. */
static const char *pinned(const struct words *rows, const char *host,
                          const char *port)
{
    for (size_t i = 0; i < rows->count; i++) {
        char name[HOST_MAX], number[32];
        const char *at = rows->at[i];
        at += *at == '+';
        if (part(&at, name, sizeof name) && part(&at, number, sizeof number) &&
            (!strcasecmp(name, host) || !strcmp(name, "*")) &&
            !strcmp(number, port) && *at)
            return at;
    }
    return NULL;
}

/* ---- TCP ---------------------------------------------------------------------------- */

static void ends_of(int fd, struct arrival *out)
{
    struct sockaddr_storage a;
    char port[16];
    socklen_t len = sizeof a;
    if (!getpeername(fd, (struct sockaddr *)&a, &len) &&
        !getnameinfo((struct sockaddr *)&a, len, out->address,
                     sizeof out->address, port, sizeof port,
                     NI_NUMERICHOST | NI_NUMERICSERV))
        out->port = (unsigned)strtoul(port, NULL, 10);
    len = sizeof a;
    if (!getsockname(fd, (struct sockaddr *)&a, &len) &&
        !getnameinfo((struct sockaddr *)&a, len, out->local, sizeof out->local,
                     port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        out->local_port = (unsigned)strtoul(port, NULL, 10);
}

/* Connect to one address.  The descriptor, or -1 and errno. */
static int try_one(const struct addrinfo *to, deadline end)
{
    int error = 0, one = 1;
    socklen_t len = sizeof error;
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    0);
    if (fd < 0)
        return -1;
    if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
        struct pollfd ready = { .fd = fd, .events = POLLOUT };
        error = errno;
        if (error == EINPROGRESS) {
            int n;
            while ((n = poll(&ready, 1, deadline_left(end))) < 0 &&
                   errno == EINTR)
                ;
            if (n == 0)
                error = ETIMEDOUT;
            else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
                error = errno;
        }
    }
    if (error) {
        close(fd);
        errno = error;
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* An address for people: "127.0.0.1:443", "[::1]:443". */
static void address_text(const struct addrinfo *a, char *out, size_t cap)
{
    char host[64], port[16];
    if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        snprintf(out, cap, "?");
    else
        snprintf(out, cap, a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                 port);
}

struct attempts {
    unsigned count, timeouts;
    char last[128]; /* "127.0.0.1:443: Connection refused" */
};

static int try_all(const struct addrinfo *list, deadline end,
                   struct story *story, struct attempts *tried)
{
    unsigned left = 0;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        left++;
    for (; list; list = list->ai_next, left--) {
        char text[80];
        address_text(list, text, sizeof text);
        story_note(story, "  Trying %s...", text);
        int ms = deadline_left(end);
        deadline share = ms < 0 ? 0
                                : clock_ms() + (double)ms / (left ? left : 1);
        int fd = try_one(list, share);
        if (fd >= 0)
            return fd;
        tried->count++;
        tried->timeouts += errno == ETIMEDOUT;
        snprintf(tried->last, sizeof tried->last, "%s: %s", text,
                 lang_errno(errno));
        story_note(story, "  %s", tried->last);
    }
    return -1;
}

/* Try what @list holds ("1.2.3.4,::1" from --resolve). */
static int try_pinned(const char *list, const char *port,
                      const struct route *route, struct story *story,
                      struct attempts *tried, struct failure *f)
{
    int fd = -1;
    while (*list && fd < 0) {
        char address[64];
        struct addrinfo *found = NULL;
        size_t n = strcspn(list, ",");
        size_t skip = *list == '[';
        snprintf(address, sizeof address, "%.*s",
                 (int)(n > 2 * skip ? n - 2 * skip : 0), list + skip);
        if (!is_address(address) ||
            look_up(address, port, (int)route->family, &found)) {
            fail_with(f, FAIL_RESOLVE, "--resolve: \"%.60s\" is no address",
                      address);
            return -1;
        }
        fd = try_all(found, route->end, story, tried);
        freeaddrinfo(found);
        list += n + (list[n] == ',');
    }
    return fd;
}

bool net_connect(const struct route *route, struct arrival *out,
                 struct story *story, struct failure *f)
{
    char host[HOST_MAX], port[32];
    struct attempts tried = { 0 };
    struct addrinfo *found = NULL;

    *out = (struct arrival){ .fd = -1, .started = clock_ms() };
    snprintf(host, sizeof host, "%s", route->host);
    snprintf(port, sizeof port, "%s", route->port);
    if (!reroute(&route->connect_to, host, port, f))
        return false;
    const char *addresses = pinned(&route->resolve, host, port);
    if (!addresses &&
        !resolve(host, port, (int)route->family, route->end, &found, f))
        return false;
    out->resolved = clock_ms();
    if (addresses)
        out->fd = try_pinned(addresses, port, route, story, &tried, f);
    else
        out->fd = try_all(found, route->end, story, &tried);
    if (found)
        freeaddrinfo(found);
    out->connected = clock_ms();
    if (out->fd < 0)
        return fail_with(f,
                         tried.count && tried.timeouts == tried.count
                             ? FAIL_CONNECT_TIME
                             : FAIL_CONNECT,
                         "%.120s port %s: %s", host, port, tried.last);
    ends_of(out->fd, out);
    story_note(story, "Connected to %s (%s) port %u", host, out->address,
               out->port);
    return true;
}

/* ---- whole reads and writes ------------------------------------------------------------ */

static bool ready(int fd, short events, deadline end, struct failure *f)
{
    struct pollfd p = { .fd = fd, .events = events };
    int n;
    while ((n = poll(&p, 1, deadline_left(end))) < 0 && errno == EINTR)
        ;
    if (n == 0)
        return fail_with(f, FAIL_IDLE, "the peer is silent");
    return true;
}

static bool broke(struct failure *f)
{
    struct hf_error e = { .code = HF_E_SOCKET, .system = errno };
    snprintf(e.detail, sizeof e.detail, "%s", strerror(errno));
    return fail_error(f, &e, false);
}

static ssize_t receive(int fd, void *room, size_t cap, deadline end,
                       struct failure *f)
{
    for (;;) {
        ssize_t n = recv(fd, room, cap, 0);
        if (n >= 0)
            return n;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return broke(f), -1;
        if (!ready(fd, POLLIN, end, f))
            return -1;
    }
}

ssize_t net_read(const struct plain *from, void *room, size_t cap, deadline end,
                 struct failure *f)
{
    ssize_t n = receive(from->fd, room, cap, end, f);
    if (n >= 0)
        pcap_link_tap(from->link, false, (struct hf_span){ room, (size_t)n });
    return n;
}

bool net_write(const struct plain *to, const void *bytes, size_t len,
               deadline end, struct failure *f)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        ssize_t n = send(to->fd, at, len, MSG_NOSIGNAL);
        if (n >= 0) {
            pcap_link_tap(to->link, true, (struct hf_span){ at, (size_t)n });
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!ready(to->fd, POLLOUT, end, f))
                return false;
        } else if (errno != EINTR) {
            return broke(f);
        }
    }
    return true;
}

bool net_line(const struct plain *from, char *line, size_t cap, deadline end,
              struct failure *f)
{
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t got = receive(from->fd, &c, 1, end, f);
        if (got < 0)
            return false;
        if (got == 0)
            return fail_with(f, FAIL_STARTTLS, "it closed the connection");
        if (c == '\n')
            break;
        if (n + 1 >= cap)
            return fail_with(f, FAIL_STARTTLS, "a line without an end");
        line[n++] = c;
    }
    line[n] = '\n';
    pcap_link_tap(from->link, false,
                  (struct hf_span){ (const uint8_t *)line, n + 1 });
    while (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = 0;
    return true;
}
