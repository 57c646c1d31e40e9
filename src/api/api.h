/* api.h - where the library meets the system: descriptors, addresses, files and
 * the clock.  Everything below this layer is handed bytes.
 *
 *     files.c   keys, chains and trust anchors out of files
 *     tcp.c     a connected socket from a name and a port
 *     io.c      bytes in and out of a descriptor, and waiting for it
 *     tls.c     struct hf_tls, a connection of the engine and two descriptors:
 *               made, asked about, freed
 *     stream.c  what moves through it: handshake, read, write, close
 *     early.c   early data, apart from the rest
 *     window.c  the bytes of a record that is not whole yet
 *     sessions.c  sessions kept in memory
 *     strikes.c   hellos with early data that have been here
 *
 * What the world sees of it is handfast.h; this is what its files share.
 */
#ifndef HF_API_H
#define HF_API_H

#include <dirent.h> /* before base.h, which poisons what its macros name */
#include <poll.h>

#include "base/base.h"
#include "handfast/handfast.h"

/* ---- descriptors (io.c) -------------------------------------------------- */

enum { HF_TEXT_MAX = 96 }; /* an errno in words, an address */

/* A descriptor and what it is.  A socket can be told not to wait for a single
 * call; anything else (a pipe, a terminal) is asked by poll() before. */
struct hf_fd {
    int fd;
    bool is_socket;
};
struct hf_fd hf_fd(int fd);

enum hf_io {
    HF_IO_DONE,  /* *n bytes moved; receiving none of them: the stream's end */
    HF_IO_AGAIN, /* nothing can be moved now */
    HF_IO_BROKEN /* *error is the errno */
};
/* Take what is there, and never wait, be the descriptor blocking or not. */
enum hf_io hf_io_receive(const struct hf_fd *from, void *buf, size_t len,
                         size_t *n, int *error);
/* Give what it takes, never wait and never raise SIGPIPE. */
enum hf_io hf_io_send(const struct hf_fd *to, struct hf_span bytes, size_t *n,
                      int *error);
/* Does a plain read() or write() on @fd wait? */
bool hf_io_blocks(int fd);

/* Milliseconds of a clock that only goes forward. */
int64_t hf_io_now(void);
/* The time in @milliseconds from now; 0 (never) if that is not positive. */
int64_t hf_io_deadline(int milliseconds);
/* Seconds since 1970, for configs. */
int64_t hf_system_clock(void *ctx);
/* Wait until one of @fds is ready: 1; until @deadline (0: none) has passed: 0;
 * -1 if poll() refuses (errno).  Signals do not end it. */
int hf_io_wait(struct pollfd *fds, size_t n, int64_t deadline);

/* What strerror says of @error, from any thread. */
void hf_io_text(int error, char *out, size_t cap);

/* ---- addresses (tcp.c) --------------------------------------------------- */

struct addrinfo;
/* Is @host this machine by its name alone ("localhost", "x.localhost")?  Such
 * a name is never asked of a resolver (RFC 6761 6.3): the addresses are those
 * that getaddrinfo() gives for NULL. */
bool hf_is_localhost(const char *host);
/* Connect to the first of @list that answers, starting one after the other: a
 * connected, blocking socket, or -1 with the reason. */
int hf_tcp_race(const struct addrinfo *list, int64_t deadline,
                struct hf_error *error);

/* ---- a connection and its descriptors (tls.c, stream.c, window.c) -------- */

enum {
    HF_LABEL_MAX = 320,            /* a name of 253 letters, and a service's */
    HF_LINGER_MS = 250,            /* for the peer to take our last words */
    HF_LINGER_BYTES = 1024 * 1024, /* of its own, that we throw away then */
    HF_REASON_MAX = HF_DETAIL_MAX + 192
};

/* Bytes from the peer: [start, end) were read and are not opened yet.  The
 * memory is ours, of just the size that is needed while nothing moves (none at
 * all for an idle connection), or the caller's own for the length of a call. */
struct hf_window {
    uint8_t *at;
    size_t start, end, cap;
    bool borrowed;
};
/* Wipe and give up what is ours. */
void hf_window_wipe(struct hf_window *w);
/* Keep the bytes, in memory of ours, and no more of it than they need.  False
 * only without memory for borrowed ones: they are still in the caller's. */
bool hf_window_trim(struct hf_window *w);
/* Room for a whole record, with the bytes at its beginning.  False without
 * memory. */
HF_CHECK bool hf_window_room(struct hf_window *w);
/* Move them to the caller's @buf of at least HF_RECORD_MAX, until trimmed. */
void hf_window_borrow(struct hf_window *w, uint8_t *buf, size_t len);

struct hf_tls {
    struct hf_conn *conn;
    struct hf_fd in, out;
    bool own;           /* hf_tls_free() closes them */
    bool dead;          /* nothing can follow: error says why */
    bool mute;          /* writing broke; what came may still be read */
    bool closing;       /* hf_close() was said */
    bool closed;        /* the peer said close_notify */
    bool eof;           /* in is at its end */
    bool keep_deadline; /* it was set for more than the handshake */
    int64_t deadline;   /* on hf_io_now()'s clock; 0: none */
    struct hf_window input;
    struct hf_span plain;    /* opened, not yet handed out; inside input */
    struct hf_buffer early;  /* early data that nobody has read yet */
    bool answers;            /* some was read, so it may be answered */
    struct hf_buffer unsent; /* sealed, not yet sent */
    size_t taken;    /* bytes of the caller's in unsent, not yet reported */
    int write_error; /* if mute: errno */
    struct hf_error error;
    char reason[HF_REASON_MAX]; /* error as a line of text */
    hf_tap_fn *tap;             /* or NULL */
    void *tap_ctx;
};

/* What the engine makes of the bytes in the window. */
enum hf_outcome hf_tls_take(struct hf_tls *tls, struct hf_span *data);
/* The engine has failed.  Its alert goes out if that is possible at all, and
 * the peer gets a moment to take it.  Always HF_TLS_ERROR. */
int hf_tls_conn_failed(struct hf_tls *tls);
/* Send what there is to send: 0; HF_WANT_POLLOUT; HF_TLS_ERROR. */
int hf_tls_flush(struct hf_tls *tls);
/* What the connection wants said joins what is unsent. */
HF_CHECK bool hf_tls_absorb(struct hf_tls *tls);
/* Until the handshake is over, or early data has come if that is what is
 * waited for: 0.  What is to be said last may still be unsent, so that it can
 * travel together with the first data. */
int hf_tls_shake(struct hf_tls *tls, bool until_early);

/* @bytes have passed a descriptor. */
void hf_tls_passed(const struct hf_tls *tls, bool sent, struct hf_span bytes);

/* tls->error was noted: put it in words, and let nothing follow.  Always
 * HF_TLS_ERROR. */
int hf_tls_die(struct hf_tls *tls);
/* The ways to fail that are our own, not the engine's; always HF_TLS_ERROR.
 * Nothing follows, except after misuse that harmed nothing. */
int hf_tls_fail_system(struct hf_tls *tls, int error, const char *doing);
int hf_tls_fail_timeout(struct hf_tls *tls, const char *doing);
int hf_tls_fail_memory(struct hf_tls *tls);
int hf_tls_fail_bug(struct hf_tls *tls, const char *what);
int hf_tls_misused(struct hf_tls *tls, const char *how);
/* Say no more, and throw away what still comes until @deadline (0: what is
 * there now): closing a socket with unread bytes would reset the connection,
 * and the peer would lose what we said last. */
void hf_tls_linger(struct hf_tls *tls, int64_t deadline);

/* ---- files (files.c) ----------------------------------------------------- */

/* Trust the first of @paths (the last is NULL) that exists. */
HF_CHECK bool hf_trust_first(struct hf_config *config,
                             const char *const *paths);

#endif
