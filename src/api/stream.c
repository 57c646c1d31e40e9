/* stream.c - what moves through a struct hf_tls: handshake, read, write, close.
 *
 *     in  --fill()--> input --hf_tls_take()--> the engine --> plain --> the caller
 *     out <-flush()-- unsent <-seal()-- the engine <----------- the caller
 *                  <- outgoing: what the connection itself wants said
 *
 * The engine never waits and this file does, in two places, for_input() and
 * for_output(): there a blocking descriptor is polled until the deadline, and
 * any other ends the call with HF_WANT_POLLIN or HF_WANT_POLLOUT.  All that a
 * call left undone lies in struct hf_tls, so the same call goes on from there.
 *
 * Order on the wire: bytes in unsent were sealed before anything that now
 * waits in the connection's outgoing bytes, for nothing is sealed while there
 * are any.  So unsent goes first, always.
 *
 * Memory: what is read goes to a window of one record that lives while bytes
 * move; with a buffer that holds a whole record the caller's own memory is that
 * window, and records are opened where they will be read.
 */
#include "api/api.h"

#include <errno.h>
#include <limits.h>

enum {
    SEAL_RECORDS = 3, /* so many at once: with their overhead within 64 KiB */
    SEAL_MAX = SEAL_RECORDS * 16384
};

/* ---- waiting ------------------------------------------------------------- */

/* 0: go on; HF_WANT_x: it is for the caller to wait; HF_TLS_ERROR. */
static int wait_for(struct hf_tls *tls, struct pollfd *fds, size_t n, int want,
                    const char *doing)
{
    if (!hf_io_blocks(fds[0].fd)) {
        if (tls->deadline && hf_io_now() >= tls->deadline)
            return hf_tls_fail_timeout(tls, doing);
        return want;
    }
    switch (hf_io_wait(fds, n, tls->deadline)) {
    case 1: return 0;
    case 0: return hf_tls_fail_timeout(tls, doing);
    default: return hf_tls_fail_system(tls, errno, doing);
    }
}

static int for_output(struct hf_tls *tls)
{
    struct pollfd out = { tls->out.fd, POLLOUT, 0 };

    return wait_for(tls, &out, 1, HF_WANT_POLLOUT, "writing");
}

static bool has_output(const struct hf_tls *tls)
{
    return !tls->mute && (hf_buffer_bytes(&tls->unsent).len ||
                          hf_conn_outgoing(tls->conn).len);
}

/* For something to read, or for a chance to get rid of what is unsent. */
static int for_input(struct hf_tls *tls)
{
    struct pollfd fds[2] = { { tls->in.fd, POLLIN, 0 },
                             { tls->out.fd, POLLOUT, 0 } };

    return wait_for(tls, fds, has_output(tls) ? 2 : 1, HF_WANT_POLLIN,
                    "waiting for the peer");
}

/* ---- out ----------------------------------------------------------------- */

/* Send what there is to send: 0 when all of it went, HF_WANT_POLLOUT if it
 * does not go now (and, if the descriptor blocks, it was not to @wait). On
 * HF_TLS_ERROR the connection may be only mute: see broken(). */
static int flush(struct hf_tls *tls, bool wait)
{
    while (!tls->mute) {
        struct hf_span bytes = hf_buffer_bytes(&tls->unsent);
        bool sealed = bytes.len > 0;
        size_t sent;
        int status;

        if (!sealed)
            bytes = hf_conn_outgoing(tls->conn);
        if (!bytes.len)
            return 0;
        switch (hf_io_send(&tls->out, bytes, &sent, &tls->write_error)) {
        case HF_IO_DONE:
            hf_tls_passed(tls, true, hf_span_first(bytes, sent));
            if (sealed)
                hf_buffer_drop(&tls->unsent, sent);
            else
                hf_conn_sent(tls->conn, sent);
            break;
        case HF_IO_AGAIN:
            status = wait ? for_output(tls) : HF_WANT_POLLOUT;
            if (status)
                return status;
            break;
        case HF_IO_BROKEN: tls->mute = true; break;
        }
    }
    return HF_TLS_ERROR;
}

int hf_tls_conn_failed(struct hf_tls *tls)
{
    bool blocks = hf_io_blocks(tls->in.fd) && hf_io_blocks(tls->out.fd);

    tls->error = *hf_conn_error(tls->conn);
    hf_tls_die(tls);
    if (!has_output(tls))
        return HF_TLS_ERROR;
    tls->deadline = hf_io_deadline(HF_LINGER_MS);
    if (flush(tls, blocks) == 0)
        hf_tls_linger(tls, blocks ? tls->deadline : 0);
    return HF_TLS_ERROR;
}

/* ---- in ------------------------------------------------------------------ */

/* The stream from the peer is over, and not in order: nobody reads on behind a
 * close_notify. */
static int ended(struct hf_tls *tls)
{
    tls->eof = true;
    (void)hf_conn_eof(tls->conn); /* it fails, which is noted there */
    return hf_tls_conn_failed(tls);
}

/* More bytes into the window: 1; HF_WANT_POLLIN, HF_TLS_ERROR. */
static int fill(struct hf_tls *tls)
{
    struct hf_window *w = &tls->input;

    for (;;) {
        size_t n;
        int status, error = 0;

        if (tls->eof)
            return ended(tls);
        if (!hf_window_room(w))
            return hf_tls_fail_memory(tls);
        if (w->end == w->cap)
            return hf_tls_fail_bug(tls, "a record larger than HF_RECORD_MAX");
        switch (hf_io_receive(&tls->in, w->at + w->end, w->cap - w->end, &n,
                              &error)) {
        case HF_IO_DONE:
            hf_tls_passed(tls, false, hf_span(w->at + w->end, n));
            w->end += n;
            return n ? 1 : ended(tls);
        case HF_IO_BROKEN: return hf_tls_fail_system(tls, error, "reading");
        case HF_IO_AGAIN: break;
        }
        /* While nothing moves, nothing is held; nor is anything held back. */
        if (!w->borrowed)
            (void)hf_window_trim(w);
        if (hf_conn_ready(tls->conn))
            (void)flush(tls, false);
        status = for_input(tls);
        if (status)
            return status;
    }
}

enum hf_outcome hf_tls_take(struct hf_tls *tls, struct hf_span *data)
{
    struct hf_window *w = &tls->input;
    enum hf_outcome outcome;
    uint8_t none = 0;
    size_t used = 0;

    *data = hf_span(NULL, 0);
    outcome = hf_conn_receive(tls->conn, w->at ? w->at + w->start : &none,
                              w->end - w->start, &used, data);
    w->start += used;
    if (outcome == HF_CLOSED)
        tls->closed = true;
    return outcome;
}

/* Writing broke, which often means that the peer has said why and hung up: is
 * there an alert among what it sent?  Data before that stays readable. */
static bool has_last_words(struct hf_tls *tls)
{
    struct hf_window *w = &tls->input;
    size_t n;
    int error;

    while (!tls->plain.len && !tls->eof) {
        switch (hf_tls_take(tls, &tls->plain)) {
        case HF_FAILED: return true;
        case HF_CLOSED:
        case HF_ASKS: return false;
        case HF_NEED_BYTES:
            if (!hf_window_room(w) || w->end == w->cap ||
                hf_io_receive(&tls->in, w->at + w->end, w->cap - w->end, &n,
                              &error) != HF_IO_DONE)
                return false;
            hf_tls_passed(tls, false, hf_span(w->at + w->end, n));
            w->end += n;
            tls->eof = n == 0;
            break;
        case HF_EARLY: /* of no use any more, and never plain data */
            tls->plain = hf_span(NULL, 0);
            break;
        case HF_READY:
        case HF_DATA: break;
        }
    }
    return false;
}

/* After flush() failed. */
static int broken(struct hf_tls *tls)
{
    if (tls->dead)
        return HF_TLS_ERROR;
    if (has_last_words(tls))
        return hf_tls_conn_failed(tls);
    hf_tls_fail_system(tls, tls->write_error, "writing");
    tls->dead = !hf_conn_ready(tls->conn);
    return HF_TLS_ERROR;
}

int hf_tls_flush(struct hf_tls *tls)
{
    int status = flush(tls, true);

    return status == HF_TLS_ERROR ? broken(tls) : status;
}

/* ---- the handshake ------------------------------------------------------- */

int hf_tls_shake(struct hf_tls *tls, bool until_early)
{
    while (!hf_conn_ready(tls->conn)) {
        struct hf_span data;
        int status = 0;

        switch (hf_tls_take(tls, &data)) {
        case HF_READY: break;
        case HF_NEED_BYTES:
            status = hf_tls_flush(tls);
            if (!status)
                status = fill(tls);
            break;
        case HF_ASKS: return HF_WANT_ANSWER;
        case HF_FAILED: return hf_tls_conn_failed(tls);
        case HF_EARLY:
            if (!hf_buffer_add(&tls->early, data))
                return hf_tls_fail_memory(tls);
            if (until_early)
                return 0;
            break;
        case HF_DATA: /* both come of a ready connection only */
        case HF_CLOSED:
            return hf_tls_fail_bug(tls, "data before the handshake's end");
        }
        if (status < 0)
            return status;
    }
    if (!tls->keep_deadline)
        tls->deadline = 0;
    return 0;
}

/* A record that came whole is opened now, so that hf_tls_pending() knows. */
static void look_ahead(struct hf_tls *tls)
{
    struct hf_window *w = &tls->input;

    while (!tls->plain.len && w->start < w->end)
        if (hf_tls_take(tls, &tls->plain) != HF_DATA)
            return;
}

/* Can anything be done with it? */
static bool is_alive(const struct hf_tls *tls)
{
    return tls && !tls->dead;
}

int hf_handshake(struct hf_tls *tls)
{
    int status;

    if (!is_alive(tls))
        return HF_TLS_ERROR;
    status = hf_tls_shake(tls, false);
    if (!status)
        status = hf_tls_flush(tls);
    if (!status)
        look_ahead(tls);
    if (!tls->plain.len)
        (void)hf_window_trim(&tls->input);
    return status;
}

/* Is it still open whether the server takes our certificate? */
static bool is_open(const struct hf_tls *tls)
{
    enum hf_client_auth_state state = hf_conn_client_auth(tls->conn);

    return (state == HF_AUTH_GIVEN || state == HF_AUTH_NOT_GIVEN) &&
           !tls->plain.len && !tls->closed;
}

/* One more read, and what is in it: 0 or, if there is nothing, what fill() said;
 * a blocking descriptor with nothing until @end: 1. */
static int hear_more(struct hf_tls *tls, int64_t end)
{
    struct pollfd in = { tls->in.fd, POLLIN, 0 };
    int status;

    if (hf_io_blocks(tls->in.fd) && hf_io_wait(&in, 1, end) != 1)
        return 1;
    status = fill(tls);
    if (status < 0)
        return status;
    look_ahead(tls);
    return 0;
}

int hf_confirm(struct hf_tls *tls, int milliseconds)
{
    int64_t end = hf_io_now() + (milliseconds > 0 ? milliseconds : 0);
    int status = hf_handshake(tls);

    while (!status && is_open(tls))
        status = hear_more(tls, end);
    if (status == HF_TLS_ERROR)
        return status;
    if (hf_conn_error(tls->conn)->code)
        return hf_tls_conn_failed(tls);
    if (!tls->plain.len)
        (void)hf_window_trim(&tls->input);
    return status > 0 ? 0 : status;
}

/* ---- reading ------------------------------------------------------------- */

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* To the caller what fits; the rest waits in plain. */
static size_t hand_out(struct hf_tls *tls, uint8_t *buf, size_t len,
                       struct hf_span data)
{
    size_t n = min(len, data.len);

    hf_move(buf, data.at, n);
    tls->plain = hf_span_after(data, n);
    return n;
}

/* As much as lies in the window, and if that is none, as comes first.  When
 * there is some, the end and the failure behind it are left for the next
 * call, which meets them again. */
static ssize_t read_some(struct hf_tls *tls, uint8_t *buf, size_t len)
{
    size_t done = 0;
    int status;

    while (done < len) {
        struct hf_span data;
        enum hf_outcome outcome = hf_tls_take(tls, &data);

        if (outcome == HF_DATA)
            done += hand_out(tls, buf + done, len - done, data);
        if (outcome == HF_DATA || outcome == HF_READY)
            continue;
        if (done)
            break;
        if (outcome == HF_CLOSED)
            return 0;
        if (outcome == HF_FAILED)
            return hf_tls_conn_failed(tls);
        status = fill(tls);
        if (status < 0)
            return status;
    }
    return (ssize_t)done;
}

ssize_t hf_read(struct hf_tls *tls, void *buf, size_t len)
{
    ssize_t n;

    if (!is_alive(tls))
        return HF_TLS_ERROR;
    if (!len)
        return hf_tls_misused(tls, "hf_read with no room to read to");
    len = min(len, SSIZE_MAX);
    if (tls->plain.len) {
        n = (ssize_t)hand_out(tls, buf, len, tls->plain);
    } else if (tls->closed) {
        return 0;
    } else {
        n = hf_tls_shake(tls, false);
        if (!n && len >= HF_RECORD_MAX)
            hf_window_borrow(&tls->input, buf, len);
        if (!n)
            n = read_some(tls, buf, len);
    }
    if (!tls->input.borrowed && !tls->dead)
        look_ahead(tls);
    if (!tls->plain.len && !hf_window_trim(&tls->input))
        return hf_tls_fail_memory(tls);
    /* An answer to a key update, for one, need not wait. */
    if (n > 0 && has_output(tls))
        (void)flush(tls, false);
    return n;
}

/* ---- writing ------------------------------------------------------------- */

bool hf_tls_absorb(struct hf_tls *tls)
{
    struct hf_span bytes = hf_conn_outgoing(tls->conn);

    if (!bytes.len)
        return true;
    if (!hf_buffer_add(&tls->unsent, bytes))
        return false;
    hf_conn_sent(tls->conn, bytes.len);
    return true;
}

/* Seal the first of @data behind what is unsent; tls->taken says how much. */
static int seal(struct hf_tls *tls, struct hf_span data)
{
    size_t want = min(data.len, SEAL_MAX);
    size_t cap = hf_conn_room(tls->conn, want), n = 0;

    /* A limit of the keys may make the engine say something first. */
    for (int tries = 0; tries < 2 && !n; tries++) {
        uint8_t *room;

        room = hf_tls_absorb(tls) ? hf_buffer_room(&tls->unsent, cap) : NULL;
        if (!room)
            return hf_tls_fail_memory(tls);
        n = hf_conn_send(tls->conn, hf_span_first(data, want), room, cap,
                         &tls->taken);
        hf_buffer_grew(&tls->unsent, n);
    }
    if (n)
        return 0;
    if (hf_conn_error(tls->conn)->code)
        return hf_tls_conn_failed(tls);
    return hf_tls_misused(tls, "hf_write after hf_conn_close");
}

static ssize_t write_all(struct hf_tls *tls, struct hf_span data)
{
    size_t done = 0;
    int status;

    for (;;) {
        if (!tls->taken && done < data.len) {
            status = seal(tls, hf_span_after(data, done));
            if (status)
                return status;
        }
        status = hf_tls_flush(tls);
        if (status == HF_WANT_POLLOUT && done)
            return (ssize_t)done;
        if (status)
            return status;
        done += tls->taken;
        tls->taken = 0;
        if (done == data.len)
            return (ssize_t)done;
    }
}

ssize_t hf_write(struct hf_tls *tls, const void *buf, size_t len)
{
    int status = 0;

    if (!is_alive(tls))
        return HF_TLS_ERROR;
    if (tls->mute)
        return broken(tls);
    if (tls->closing)
        return hf_tls_misused(tls, "hf_write after hf_close");
    if (len && len < tls->taken)
        return hf_tls_misused(tls,
                              "hf_write without the bytes that were not yet "
                              "reported as written");
    /* Who has read early data may answer before the handshake is over. */
    if (!tls->answers || hf_conn_ready(tls->conn))
        status = hf_tls_shake(tls, false);
    if (!tls->plain.len)
        (void)hf_window_trim(&tls->input);
    if (status)
        return status;
    if (!len)
        return hf_tls_flush(tls);
    return write_all(tls, hf_span(buf, min(len, SSIZE_MAX)));
}

/* ---- closing ------------------------------------------------------------- */

int hf_close(struct hf_tls *tls)
{
    int status;

    if (!is_alive(tls))
        return HF_TLS_ERROR;
    if (!tls->closing)
        hf_conn_close(tls->conn);
    tls->closing = true;
    status = flush(tls, true);
    if (status != HF_TLS_ERROR)
        return status;
    /* A peer that said goodbye and has gone need not hear ours. */
    if (tls->closed && tls->mute && !tls->dead)
        return 0;
    return broken(tls);
}
