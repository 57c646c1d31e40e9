/* io.c - bytes in and out of a descriptor, and waiting for it.
 *
 * No call here waits except hf_io_wait(), so that a deadline holds even on a
 * blocking descriptor: it is asked for what it has, and if that is nothing,
 * poll() waits until the deadline and no longer.
 *
 *              a socket                  a pipe, a terminal
 *   receive    recv(MSG_DONTWAIT)        poll() says ready, then read()
 *   send       send(MSG_DONTWAIT |       poll() says ready, then write() of at
 *                   MSG_NOSIGNAL)        most PIPE_BUF bytes, SIGPIPE held back
 */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

struct hf_fd hf_fd(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);

    return (struct hf_fd){ fd, getsockopt(fd, SOL_SOCKET, SO_TYPE, &type,
                                          &len) == 0 };
}

bool hf_io_blocks(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags != -1 && !(flags & O_NONBLOCK);
}

/* Would read() or write() on @fd go through at once?  A hang-up and an error
 * count: the call tells which. */
static bool is_ready(int fd, short events)
{
    struct pollfd one = { fd, events, 0 };

    return poll(&one, 1, 0) > 0;
}

static enum hf_io outcome(ssize_t moved, size_t *n, int *error)
{
    *n = 0;
    if (moved >= 0) {
        *n = (size_t)moved;
        return HF_IO_DONE;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return HF_IO_AGAIN;
    *error = errno;
    return HF_IO_BROKEN;
}

enum hf_io hf_io_receive(const struct hf_fd *from, void *buf, size_t len,
                         size_t *n, int *error)
{
    ssize_t moved;

    *n = 0;
    do {
        if (from->is_socket)
            moved = recv(from->fd, buf, len, MSG_DONTWAIT);
        else if (!is_ready(from->fd, POLLIN))
            return HF_IO_AGAIN;
        else
            moved = read(from->fd, buf, len);
    } while (moved < 0 && errno == EINTR);
    return outcome(moved, n, error);
}

/* write() that leaves no SIGPIPE behind.  The signal of a broken pipe goes to
 * the thread that writes, so holding it back here and taking it away is nobody
 * else's business; one that was pending before stays. */
static ssize_t write_quietly(int fd, struct hf_span bytes)
{
    sigset_t pipe_only, before, pending;
    bool was_pending;
    ssize_t moved;
    int saved, taken;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    moved = write(fd, bytes.at, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF);
    saved = errno;
    if (moved < 0 && saved == EPIPE && !was_pending) {
        sigpending(&pending);
        if (sigismember(&pending, SIGPIPE) == 1)
            sigwait(&pipe_only, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return moved;
}

enum hf_io hf_io_send(const struct hf_fd *to, struct hf_span bytes, size_t *n,
                      int *error)
{
    ssize_t moved;

    *n = 0;
    do {
        if (to->is_socket)
            moved = send(to->fd, bytes.at, bytes.len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (!is_ready(to->fd, POLLOUT))
            return HF_IO_AGAIN;
        else
            moved = write_quietly(to->fd, bytes);
    } while (moved < 0 && errno == EINTR);
    return outcome(moved, n, error);
}

/* ---- time ---------------------------------------------------------------- */

int64_t hf_io_now(void)
{
    struct timespec t = { 0, 0 };

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t hf_io_deadline(int milliseconds)
{
    return milliseconds > 0 ? hf_io_now() + milliseconds : 0;
}

int64_t hf_system_clock(void *ctx)
{
    struct timespec t = { 0, 0 };

    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec;
}

/* Milliseconds that poll() may wait. */
static int left_until(int64_t deadline)
{
    int64_t left;

    if (!deadline)
        return -1;
    left = deadline - hf_io_now();
    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

int hf_io_wait(struct pollfd *fds, size_t n, int64_t deadline)
{
    for (;;) {
        int ready = poll(fds, (nfds_t)n, left_until(deadline));

        if (ready > 0)
            return 1;
        if (ready < 0 && errno != EINTR)
            return -1;
        if (deadline && hf_io_now() >= deadline)
            return 0;
    }
}

void hf_io_text(int error, char *out, size_t cap)
{
    if (strerror_r(error, out, cap) != 0)
        hf_format(out, cap, "error %d", error);
}
