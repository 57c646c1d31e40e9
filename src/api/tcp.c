/* tcp.c - a connected socket from a name and a port.
 *
 * A name has several addresses, and any of them may be dead without saying so.
 * Attempts are therefore started one after the other, a quarter of a second
 * apart or as soon as one has failed, IPv6 and IPv4 in turn (RFC 8305 5), and
 * the first that answers wins:
 *
 *     0 ms     [2001:db8::7]:443  SYN ........................  (nobody)
 *     250 ms   192.0.2.7:443            SYN ... SYN ACK         wins
 *
 * All of them are polled together under one deadline.
 */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ADDRESSES_MAX = 16,
    STAGGER_MS = 250 /* RFC 8305 5: Connection Attempt Delay */
};

struct race {
    const struct addrinfo *address[ADDRESSES_MAX];
    size_t count, next; /* addresses, and the next to be started */
    struct pollfd fds[ADDRESSES_MAX];
    const struct addrinfo *of[ADDRESSES_MAX]; /* which address fds[i] is for */
    size_t live;                              /* attempts under way */
    int winner;
    int64_t next_start;
    int error;                 /* errno of the last one that failed */
    bool unpolled;             /* poll() itself refused */
    char tried[HF_DETAIL_MAX]; /* "[::1]:443: Connection refused; ..." */
};

/* ---- in which order ------------------------------------------------------ */

/* The first of @list from @at on whose family is, or is not, @family. */
static const struct addrinfo *find(const struct addrinfo *at, int family,
                                   bool same)
{
    while (at && (at->ai_family == family) != same)
        at = at->ai_next;
    return at;
}

/* The resolver's order, but with families in turn (RFC 8305 4). */
static void interleave(struct race *race, const struct addrinfo *list)
{
    int family = list ? list->ai_family : 0;
    const struct addrinfo *one = find(list, family, true);
    const struct addrinfo *other = find(list, family, false);

    while ((one || other) && race->count < ADDRESSES_MAX) {
        if (one) {
            race->address[race->count++] = one;
            one = find(one->ai_next, family, true);
        }
        if (other && race->count < ADDRESSES_MAX) {
            race->address[race->count++] = other;
            other = find(other->ai_next, family, false);
        }
    }
}

/* ---- one attempt --------------------------------------------------------- */

static void address_text(const struct addrinfo *a, char *out, size_t cap)
{
    char host[HF_TEXT_MAX], port[16];

    if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        hf_format(out, cap, "an address of family %d", a->ai_family);
    else if (a->ai_family == AF_INET6)
        hf_format(out, cap, "[%s]:%s", host, port);
    else
        hf_format(out, cap, "%s:%s", host, port);
}

static void note_failure(struct race *race, const struct addrinfo *a, int error)
{
    char address[HF_TEXT_MAX], why[HF_TEXT_MAX];

    race->error = error;
    address_text(a, address, sizeof(address));
    hf_io_text(error, why, sizeof(why));
    hf_format_more(race->tried, sizeof(race->tried), "%s%s: %s",
                   race->tried[0] ? "; " : "", address, why);
}

static void start(struct race *race, const struct addrinfo *a)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    a->ai_protocol);

    if (fd < 0) {
        note_failure(race, a, errno);
        return;
    }
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
        race->winner = fd;
        return;
    }
    /* Interrupted by a signal, it goes on by itself all the same. */
    if (errno != EINPROGRESS && errno != EINTR) {
        note_failure(race, a, errno);
        close(fd);
        return;
    }
    race->fds[race->live] = (struct pollfd){ fd, POLLOUT, 0 };
    race->of[race->live++] = a;
}

/* What became of attempt @i, of which poll() has something to say. */
static void judge(struct race *race, size_t i)
{
    int fd = race->fds[i].fd, error = 0;
    socklen_t len = sizeof(error);
    const struct addrinfo *of = race->of[i];

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    race->live--;
    race->fds[i] = race->fds[race->live];
    race->of[i] = race->of[race->live];
    if (!error) {
        race->winner = fd;
        return;
    }
    note_failure(race, of, error);
    close(fd);
    race->next_start = 0; /* the next one's turn is now */
}

/* ---- all of them --------------------------------------------------------- */

/* Wait for one of those under way, but not past the time of the next. */
static bool watch(struct race *race, int64_t deadline)
{
    int64_t until = deadline;

    if (race->next < race->count && (!until || race->next_start < until))
        until = race->next_start;
    if (hf_io_wait(race->fds, race->live, until) < 0) {
        race->error = errno;
        race->unpolled = true;
        return false;
    }
    for (size_t i = race->live; i-- > 0 && race->winner < 0;)
        if (race->fds[i].revents)
            judge(race, i);
    return true;
}

/* Until somebody wins, or false. */
static bool run(struct race *race, int64_t deadline)
{
    while (race->winner < 0) {
        int64_t now = hf_io_now();

        if (deadline && now >= deadline)
            return false;
        if (race->next < race->count &&
            (!race->live || now >= race->next_start)) {
            start(race, race->address[race->next++]);
            race->next_start = now + STAGGER_MS;
        } else if (!race->live || !watch(race, deadline)) {
            return false;
        }
    }
    return true;
}

static bool say_why(struct race *race, struct hf_error *error)
{
    char address[HF_TEXT_MAX];

    error->system = race->error;
    if (race->unpolled) {
        hf_io_text(race->error, address, sizeof(address));
        return hf_fail(error, HF_E_SOCKET, "poll: %s", address);
    }
    if (!race->live && !race->tried[0])
        return hf_fail(error, HF_E_TIMEOUT,
                       "the time was over when the name had been looked up");
    for (size_t i = 0; i < race->live; i++) {
        address_text(race->of[i], address, sizeof(address));
        hf_format_more(race->tried, sizeof(race->tried), "%s%s: no answer",
                       race->tried[0] ? "; " : "", address);
    }
    if (race->live)
        return hf_fail(error, HF_E_TIMEOUT, "connecting to %s", race->tried);
    return hf_fail(error, HF_E_CONNECT, "%s%s", race->tried,
                   race->error == ECONNREFUSED
                       ? "; is the server running, and is this its port?"
                       : "");
}

/* Blocking, and without Nagle's delay: we put together by ourselves what
 * belongs together. */
static int settle(int fd)
{
    int flags = fcntl(fd, F_GETFL), on = 1;

    if (flags != -1)
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

int hf_tcp_race(const struct addrinfo *list, int64_t deadline,
                struct hf_error *error)
{
    struct race race = { .winner = -1 };

    interleave(&race, list);
    if (!run(&race, deadline))
        say_why(&race, error);
    for (size_t i = 0; i < race.live; i++)
        close(race.fds[i].fd);
    return race.winner < 0 ? -1 : settle(race.winner);
}

bool hf_is_localhost(const char *host)
{
    static const char tail[] = ".localhost";
    struct hf_span name = hf_span_text(host), end = hf_span_text(tail);

    if (name.len > 0 && name.at[name.len - 1] == '.')
        name.len--;
    if (name.len < end.len)
        end = hf_span_after(end, 1); /* the name itself, without a dot */
    return name.len >= end.len &&
           hf_equal_fold(hf_span_after(name, name.len - end.len), end);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* getaddrinfo() keeps the lower 16 bits of a number: 65979 would be 443. */
static bool port_fits(struct hf_span port)
{
    uint32_t number = 0;
    size_t i = 0;

    for (; i < port.len && is_digit(port.at[i]) && number <= UINT16_MAX; i++)
        number = number * 10 + (uint32_t)(port.at[i] - '0');
    if (i == port.len || number > UINT16_MAX)
        return number && number <= UINT16_MAX;
    /* A service's name, then, and no number with a blank or a sign. */
    return is_digit(port.at[0]) || hf_lower(port.at[0]) >= 'a';
}

static bool resolve(const char *host, const char *port, struct addrinfo **list,
                    struct hf_error *error)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM };
    struct hf_span name = hf_span_text(host), service = hf_span_text(port);
    int status = port_fits(service)
                     ? getaddrinfo(hf_is_localhost(host) ? NULL : host, port,
                                   &hints, list)
                     : EAI_SERVICE;
    char why[HF_TEXT_MAX];

    if (status == 0)
        return true;
    *list = NULL;
    if (status == EAI_MEMORY)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    if (status == EAI_SYSTEM) {
        error->system = errno;
        hf_io_text(errno, why, sizeof(why));
        return hf_fail(error, HF_E_RESOLVE, "%q: %s", &name, why);
    }
    if (status == EAI_SERVICE)
        return hf_fail(error, HF_E_RESOLVE,
                       "port %q: give a number or a service name", &service);
    return hf_fail(error, HF_E_RESOLVE, "%q: %s", &name, gai_strerror(status));
}

int hf_tcp_connect(const char *host, const char *port, int milliseconds,
                   struct hf_error *error)
{
    int64_t deadline = hf_io_deadline(milliseconds);
    struct addrinfo *list = NULL;
    int fd = -1;

    *error = (struct hf_error){ 0 };
    if (!host || !*host || !port || !*port) {
        hf_fail(error, HF_E_MISUSE, "a host and a port are needed to connect");
        return -1;
    }
    if (resolve(host, port, &list, error)) {
        fd = hf_tcp_race(list, deadline, error);
        freeaddrinfo(list);
    }
    return fd;
}
