/* talk.c - bytes between the runner and the engine.
 *
 *   socket -> in -> hf_conn_receive -> data
 *   socket <- held, hf_conn_outgoing, hf_conn_send
 *
 * With -async everything goes byte by byte: the verdicts must not depend on
 * how the stream is cut. */
#include "shim.h"

#include "engine/conn.h" /* for an alert that the public face cannot say */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { DRAIN_S = 5, DECOMPRESSION_FAILURE = 30 };

/* ---- the socket ------------------------------------------------------------------ */

static bool put(struct shim *s, const uint8_t *at, size_t len)
{
    size_t most = s->o->async ? 1 : len;

    while (len) {
        ssize_t n = send(s->fd, at, len < most ? len : most, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static int dial(const struct shim_options *o)
{
    struct sockaddr_in four = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)o->port),
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                                .sin6_port = htons((uint16_t)o->port),
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    const struct sockaddr *to = o->ipv6 ? (const struct sockaddr *)&six
                                        : (const struct sockaddr *)&four;
    socklen_t len = o->ipv6 ? sizeof(six) : sizeof(four);
    int fd = socket(o->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, to, len) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool shim_connect(struct shim *s)
{
    uint8_t id[8] = { 0 };

    for (size_t i = 0; i < sizeof(s->o->shim_id); i++)
        id[i] = (uint8_t)(s->o->shim_id >> 8 * i);
    s->fd = dial(s->o);
    if (s->fd < 0 || !put(s, id, sizeof(id)))
        return shim_wrong("no connection to the runner");
    return true;
}

void shim_hang_up(struct shim *s)
{
    struct timeval patience = { .tv_sec = DRAIN_S };

    if (s->fd < 0)
        return;
    shutdown(s->fd, SHUT_WR);
    setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    while (recv(s->fd, s->in, sizeof(s->in), 0) > 0)
        ;
    close(s->fd);
    s->fd = -1;
}

/* ---- sending ----------------------------------------------------------------------- */

static bool put_held(struct shim *s)
{
    bool ok = put(s, s->held + s->held_sent, s->held_len - s->held_sent);

    s->held_len = s->held_sent = 0;
    return ok;
}

bool shim_flush(struct shim *s)
{
    struct hf_span out = hf_conn_outgoing(s->conn);

    if (!out.len)
        return true;
    if (!put_held(s) || !put(s, out.at, out.len))
        return false;
    hf_conn_sent(s->conn, out.len);
    return true;
}

/* Seal what fits into held, which is empty. */
static bool seal(struct shim *s, struct hf_span *data)
{
    size_t taken;

    if (!shim_flush(s))
        return false;
    s->held_len = hf_conn_send(s->conn, *data, s->held, sizeof(s->held),
                               &taken);
    data->at += taken;
    data->len -= taken;
    return s->held_len || hf_conn_outgoing(s->conn).len;
}

bool shim_write(struct shim *s, struct hf_span data)
{
    if (!put_held(s))
        return shim_wrong("the runner does not read");
    while (data.len) {
        if (!seal(s, &data))
            return shim_complain(s);
        if (!put_held(s))
            return shim_wrong("the runner does not read");
    }
    return true;
}

bool shim_write_early(struct shim *s, struct hf_span data)
{
    size_t taken;

    s->held_len = hf_conn_send_early(s->conn, data, s->held, sizeof(s->held),
                                     &taken);
    s->early_written += taken;
    return put_held(s) || shim_wrong("the runner does not read");
}

bool shim_write_one_byte(struct shim *s, struct hf_span data)
{
    if (!seal(s, &data) || data.len || !put(s, s->held, 1))
        return shim_wrong("could not leave a write unfinished");
    s->held_sent = 1;
    return true;
}

bool shim_send_alert(struct shim *s)
{
    struct hf_error error = { .code = HF_OK };

    return hf_send_alert(&s->conn->session, DECOMPRESSION_FAILURE, &error) &&
           shim_flush(s);
}

/* ---- receiving ------------------------------------------------------------------------ */

/* The client's list of protocols, before anything is chosen. */
static void look_at_hello(struct shim *s, const struct hf_question *q)
{
    const char *alpn = s->o->expect_advertised_alpn;

    if (alpn && (q->protocols.len != strlen(alpn) ||
                 memcmp(q->protocols.at, alpn, q->protocols.len) != 0))
        snprintf(s->complaint, sizeof(s->complaint),
                 "another list of protocols was advertised");
    if (s->o->expect_no_server_name && q->name.len)
        snprintf(s->complaint, sizeof(s->complaint), "there is a server name");
}

/* The chain counts if our own verification says so; names are not looked at,
 * and without a root there is nothing to go by. */
static bool accepts(struct shim *s, const struct hf_question *q)
{
    /* What is stapled means nothing, see staples.c. */
    /* whoever refuses a session may show a certificate of another root than the
     * one that the runner names */
    bool good = !q->code || q->code == HF_E_BAD_STAPLE ||
                !s->o->trust_cert[0] || s->o == s->retry;

    s->verdict = !s->o->verify_fail && good;
    if (!s->verdict && !s->o->verify_fail)
        snprintf(s->complaint, sizeof(s->complaint),
                 "the runner's chain is refused: %s", hf_error_name(q->code));
    return s->verdict || !shim_enforces(s->o);
}

static bool answer(struct shim *s)
{
    struct hf_question q = hf_conn_question(s->conn);
    struct hf_answer a = { .accept = false };
    uint8_t room[HF_SIGNATURE_MAX];

    /* An application that will not go on ends the connection. */
    if (q.kind == HF_ASK_CONFIG && s->o->fail_ocsp_callback) {
        snprintf(s->complaint, sizeof(s->complaint), "the application gave up");
        hf_conn_close(s->conn);
        return false;
    }
    shim_early_is_over(s);
    if (q.kind == HF_ASK_CONFIG)
        look_at_hello(s, &q);
    else if (q.kind == HF_ASK_VERIFY)
        a.accept = accepts(s, &q);
    else if (!shim_use_key(&q, room, &a))
        return true; /* it is asked again */
    return hf_conn_answer(s->conn, &a);
}

/* More bytes of the peer's.  False: the stream has ended. */
static bool more(struct shim *s)
{
    size_t room = sizeof(s->in) - s->have;
    ssize_t n = recv(s->fd, s->in + s->have, s->o->async ? 1 : room, 0);

    if (n <= 0)
        return false;
    s->have += (size_t)n;
    return true;
}

/* What the engine has used goes; what it lent as data goes with it. */
static void drop_used(struct shim *s)
{
    memmove(s->in, s->in + s->used, s->have - s->used);
    s->have -= s->used;
    s->used = 0;
}

enum hf_outcome shim_receive(struct shim *s)
{
    for (;;) {
        enum hf_outcome outcome;

        drop_used(s);
        outcome = hf_conn_receive(s->conn, s->in, s->have, &s->used, &s->data);
        shim_flush(s); /* whoever no longer listens may still speak */
        if (outcome == HF_ASKS) {
            answer(s);
        } else if (outcome == HF_NEED_BYTES) {
            drop_used(s);
            if (!more(s))
                return hf_conn_eof(s->conn);
        } else {
            return outcome;
        }
    }
}

/* ---- reasons ------------------------------------------------------------------------------ */

bool shim_wrong(const char *what)
{
    fprintf(stderr, "shim: %s\n", what);
    return false;
}

bool shim_complain(const struct shim *s)
{
    const struct hf_error *e = hf_conn_error(s->conn);

    fprintf(stderr, "handfast: %s: %s (%s)\n", hf_error_name(e->code),
            hf_error_text(e->code), e->detail);
    return false;
}
