/* api_end.c - the ends of fuzz_api.c: connections of the engine, and of sockets,
 * with everything that an application can do to them. */
#define HF_UNPOISONED
#include "api.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct end ends[ENDS];
static unsigned next_serial;

/* ---- made and freed -------------------------------------------------------------------- */

static void open_tls(struct end *e, struct hf_config *config, unsigned how,
                     const char *name)
{
    int fds[2], small = 1;

    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    for (size_t i = 0; i < 2; i++) {
        MUST(fcntl(fds[i], F_SETFL, O_NONBLOCK) == 0);
        if (how & OPEN_NARROW)
            MUST(!setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small,
                             sizeof(small)));
    }
    e->fd = fds[1];
    e->tls = how & OPEN_SERVER ? hf_accept(config, fds[0])
                               : hf_client_fds(config, fds[0], fds[0], name);
    MUST(e->tls);
    hf_tls_own_fd(e->tls);
    e->conn = hf_tls_conn(e->tls);
}

void end_open(struct end *e, struct hf_config *config, unsigned how,
              const char *name)
{
    end_free(e);
    if (!config || next_serial == SERIALS)
        return;
    e->fd = -1;
    e->role = how & OPEN_SERVER ? HF_SERVER : HF_CLIENT;
    e->serial = next_serial++;
    e->right_name = name && strcmp(name, "localhost") == 0;
    e->heard.from = e->heard_early.from = (1u << SERIALS) - 1;
    pasts[e->serial].role = e->role;
    if (how & OPEN_TLS)
        open_tls(e, config, how, name);
    else
        e->conn = hf_conn_new(config, e->role, name);
    MUST(e->conn);
    if (how & OPEN_WATCHED)
        MUST(hf_conn_set_watch(e->conn, look_watch, e, true));
    end_look(e);
}

void end_free(struct end *e)
{
    if (e->tls)
        hf_tls_free(e->tls);
    else
        hf_conn_free(e->conn);
    if (e->conn && e->fd >= 0)
        close(e->fd);
    e->conn = NULL;
    memset(e, 0, offsetof(struct end, in));
    e->in_len = 0;
}

void ends_begin(void)
{
    next_serial = 0;
    memset(pasts, 0, sizeof(pasts));
}

void ends_end(void)
{
    for (size_t i = 0; i < ENDS; i++)
        end_free(&ends[i]);
}

/* ---- out --------------------------------------------------------------------------------- */

void end_flush(struct end *e, struct end *to)
{
    size_t room = WIRE - to->in_len;
    struct hf_span out;
    ssize_t n;

    if (!e->conn)
        return;
    if (e->tls) {
        n = room ? read(e->fd, to->in + to->in_len, room) : 0;
        to->in_len += n > 0 ? (size_t)n : 0;
        return;
    }
    out = hf_conn_outgoing(e->conn);
    out.len = out.len < room ? out.len : room;
    if (out.len)
        memcpy(to->in + to->in_len, out.at, out.len);
    to->in_len += out.len;
    hf_conn_sent(e->conn, out.len);
}

enum { MOST = 40000, SEALED = MOST + 3000 };

void end_write(struct end *e, size_t len, struct end *to)
{
    static uint8_t room[SEALED];
    size_t taken, made, cap = WIRE - to->in_len;
    struct past *me = &pasts[e->serial];
    const uint8_t *text = said(e->serial, e->data, false);
    ssize_t n;

    if (!e->conn || !len)
        return;
    if (e->tls) {
        if (me->data < e->data + len)
            me->data = e->data + len;
        n = hf_write(e->tls, text, len);
        MUST(n != 0 && n <= (ssize_t)len);
        e->data += n > 0 ? (size_t)n : 0;
        if (hf_conn_ready(e->conn) && !e->ready)
            look_ready(e);
        return;
    }
    end_flush(e, to);
    cap = WIRE - to->in_len;
    made = hf_conn_send(e->conn, hf_span(text, len), room,
                        cap < SEALED ? cap : SEALED, &taken);
    MUST(made <= cap && taken <= len && !made == !taken);
    MUST(!made || hf_conn_ready(e->conn) || e->role == HF_SERVER ||
         hf_conn_error(e->conn)->code);
    memcpy(to->in + to->in_len, room, made);
    to->in_len += made;
    e->data += taken;
    me->data = e->data;
}

void end_write_early(struct end *e, size_t len, struct end *to)
{
    static uint8_t room[SEALED];
    size_t taken, made, left, cap;
    struct past *me = &pasts[e->serial];
    const uint8_t *text = said(e->serial, e->early_data, true);
    ssize_t n;

    if (!e->conn || !len)
        return;
    if (e->tls) {
        if (me->early < e->early_data + len)
            me->early = e->early_data + len;
        n = hf_write_early(e->tls, text, len);
        MUST(n <= (ssize_t)len);
        e->early_data += n > 0 ? (size_t)n : 0;
        return;
    }
    end_flush(e, to);
    cap = WIRE - to->in_len;
    left = hf_conn_early_left(e->conn);
    made = hf_conn_send_early(e->conn, hf_span(text, len), room,
                              cap < SEALED ? cap : SEALED, &taken);
    MUST(made <= cap && taken <= len && taken <= left && !made == !taken);
    memcpy(to->in + to->in_len, room, made);
    to->in_len += made;
    e->early_data += taken;
    me->early = e->early_data;
}

/* ---- in --------------------------------------------------------------------------------------- */

/* What is left of the bytes that were given is no whole record. */
static bool is_part(struct hf_span left)
{
    return left.len < 5 || left.len < 5 + hf_number(left.at + 3, 2);
}

static bool take_outcome(struct end *e, enum hf_outcome outcome,
                         struct hf_span data, struct hf_span left)
{
    switch (outcome) {
    case HF_DATA: look_data(e, &e->heard, data, false); return true;
    case HF_EARLY: look_data(e, &e->heard_early, data, true); return true;
    case HF_READY: look_ready(e); return true;
    case HF_ASKS:
        MUST(hf_conn_question(e->conn).kind);
        e->asks = true;
        return false;
    case HF_CLOSED:
        MUST(e->ready);
        e->closed = true;
        return false;
    case HF_FAILED: MUST(hf_conn_error(e->conn)->code); return false;
    case HF_NEED_BYTES:
    default: MUST(is_part(left)); return false;
    }
}

static void hear_bytes(struct end *e, size_t len)
{
    struct hf_span data;
    enum hf_outcome outcome;
    size_t used;
    bool more = true;

    while (more) {
        outcome = hf_conn_receive(e->conn, e->in, len, &used, &data);
        MUST(used <= len);
        MUST(!data.len || (data.at >= e->in && data.len <= used &&
                           data.at + data.len <= e->in + used));
        MUST(!data.len == (outcome != HF_DATA && outcome != HF_EARLY));
        more = take_outcome(e, outcome, data,
                            hf_span(e->in + used, len - used));
        len -= used;
        e->in_len -= used;
        memmove(e->in, e->in + used, e->in_len);
    }
}

/* Through the socket: as much as it takes, then read all there is. */
static void hear_socket(struct end *e, size_t len)
{
    uint8_t room[600];
    ssize_t n = len ? send(e->fd, e->in, len, MSG_NOSIGNAL) : 0;
    int said;

    if (n > 0) {
        e->in_len -= (size_t)n;
        memmove(e->in, e->in + n, e->in_len);
    }
    if (e->role == HF_SERVER)
        while ((n = hf_read_early(e->tls, room, sizeof(room))) > 0)
            look_data(e, &e->heard_early, hf_span(room, (size_t)n), true);
    said = hf_handshake(e->tls);
    e->asks = said == HF_WANT_ANSWER;
    MUST(!e->asks || hf_conn_question(e->conn).kind);
    if (hf_conn_ready(e->conn) && !e->ready)
        look_ready(e);
    if (said)
        return;
    while ((n = hf_read(e->tls, room, sizeof(room))) > 0)
        look_data(e, &e->heard, hf_span(room, (size_t)n), false);
    e->closed |= n == 0;
    MUST(n != HF_TLS_ERROR || hf_tls_error(e->tls)->code);
}

void end_hear(struct end *e, size_t len)
{
    if (!e->conn)
        return;
    len = len < e->in_len ? len : e->in_len;
    if (e->tls)
        hear_socket(e, len);
    else
        hear_bytes(e, len);
}

void end_eof(struct end *e)
{
    enum hf_outcome outcome;

    if (!e->conn)
        return;
    e->gone = true;
    if (e->tls) {
        shutdown(e->fd, SHUT_WR);
        hear_socket(e, 0);
        return;
    }
    outcome = hf_conn_eof(e->conn);
    MUST(outcome == (e->closed ? HF_CLOSED : HF_FAILED));
}

/* ---- asked ----------------------------------------------------------------------------------------- */

enum { YES, NO, EMPTY, WRONG, OTHER_CONFIG, ANSWERS };

void end_answer(struct end *e, uint8_t how)
{
    uint8_t signature[TOY_SIGNATURE_LEN];
    struct hf_answer a = { .accept = how % ANSWERS != NO };
    struct hf_question q;
    bool taken;

    if (!e->conn)
        return;
    q = hf_conn_question(e->conn);
    if (q.kind == HF_ASK_SIGN) {
        MUST(q.message.len && q.scheme == 0x0403);
        toy_sign(e->role == HF_SERVER ? TOY_SERVER : TOY_CLIENT, q.message,
                 signature);
        signature[0] ^= how % ANSWERS == WRONG;
        if (how % ANSWERS != EMPTY)
            a.signature = hf_span(signature, sizeof(signature));
    }
    if (q.kind == HF_ASK_CONFIG && how % ANSWERS == OTHER_CONFIG)
        a.config = configs[how / ANSWERS % CONFIGS];
    e->said_no |= q.kind == HF_ASK_VERIFY && !a.accept;
    taken = hf_conn_answer(e->conn, &a);
    MUST(!taken || q.kind);
    MUST(taken || !q.kind || hf_conn_error(e->conn)->code);
    MUST(!hf_conn_question(e->conn).kind);
    e->asks = false;
}
