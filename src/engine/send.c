/* send.c - data to the peer: sealed straight into the caller's room; and the
 * limits that force a change of keys. */
#include "engine/conn.h"

struct hf_span hf_conn_outgoing(const struct hf_conn *conn)
{
    return hf_buffer_bytes(&conn->session.outgoing);
}

void hf_conn_sent(struct hf_conn *conn, size_t len)
{
    struct hf_span out = hf_buffer_bytes(&conn->session.outgoing);

    hf_buffer_drop(&conn->session.outgoing, len < out.len ? len : out.len);
    conn->flight_sent |= conn->ready && len >= out.len;
}

/* One answer for all requests so far, and only when the peer reads what we
 * send: a flood of requests costs nothing more (attacks: KeyUpdate). */
bool hf_conn_pay_update(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;

    if (!conn->owes_update || !conn->ready || conn->close_sent ||
        s->outgoing.at)
        return true;
    conn->owes_update = false;
    return hf_send_key_update(s, false);
}

bool hf_conn_update_keys(struct hf_conn *conn, bool both)
{
    struct hf_session *s = &conn->session;

    if (!conn->ready || conn->close_sent || s->version != HF_TLS13)
        return false;
    /* An answer says update_not_requested (RFC 8446 4.6.3): a request of ours
     * does not stand for one that we owe. */
    if (!both)
        conn->owes_update = false;
    if (hf_send_key_update(s, both))
        return true;
    hf_conn_fail(conn);
    return false;
}

/* New keys before the old ones have sealed too much (RFC 8446 5.5).  TLS 1.2
 * has no new keys: there the limit is the end, and sealing says so. */
static bool is_worn(const struct hf_conn *conn)
{
    return !conn->session.out.tls12 && hf_direction_worn(&conn->session.out);
}

static bool keep_fresh(struct hf_conn *conn)
{
    if (!is_worn(conn))
        return true;
    return hf_conn_update_keys(conn, false);
}

/* RFC 8446 4.4.4: after its Finished a server may send, though it has not heard
 * the client's.  Ours does if there is something to answer: early data. */
static bool answers_early(const struct hf_conn *conn)
{
    const struct hf_session *s = &conn->session;

    return conn->handshake && s->role == HF_SERVER &&
           s->early == HF_EARLY_ACCEPTED && s->out.epoch == HF_TRAFFIC;
}

/* May the first record of a call be sealed? */
static bool can_send(struct hf_conn *conn)
{
    if (!(conn->ready || answers_early(conn)) || conn->close_sent)
        return false;
    if (!hf_conn_pay_update(conn)) {
        hf_conn_fail(conn);
        return false;
    }
    return keep_fresh(conn) && !conn->session.outgoing.at;
}

/* May one more?  Not if the connection has something to say first: that would
 * be sealed behind the records before it, and sent before them by a caller
 * who sends outgoing bytes first. */
static bool can_go_on(const struct hf_conn *conn)
{
    return !conn->owes_update && !is_worn(conn);
}

size_t hf_conn_room(const struct hf_conn *conn, size_t len)
{
    const struct hf_direction *out = &conn->session.out;
    size_t most = hf_record_most(out);
    size_t whole = len ? (len - 1) / most : 0, last = len - whole * most;

    return whole * (most + HF_RECORD_OVERHEAD) + last +
           hf_record_padding(out, last) + HF_RECORD_OVERHEAD;
}

/* One record of the first of *data, which shrinks; 0: failed. */
static size_t seal_one(struct hf_conn *conn, struct hf_span *data,
                       uint8_t *room, size_t cap)
{
    struct hf_session *s = &conn->session;
    size_t len = hf_record_fits(&s->out, data->len, cap);
    size_t made = hf_record_seal(&s->out, HF_CONTENT_DATA, 0x0303,
                                 hf_span_first(*data, len), room, &s->error);

    if (!made)
        hf_conn_fail(conn);
    else
        *data = hf_span_after(*data, len);
    return made;
}

size_t hf_conn_send(struct hf_conn *conn, struct hf_span data, uint8_t *room,
                    size_t cap, size_t *taken)
{
    struct hf_session *s = &conn->session;
    size_t written = 0, made = 1, all = data.len;

    while (made && hf_record_fits(&s->out, data.len, cap - written) &&
           (written ? can_go_on(conn) : can_send(conn))) {
        made = seal_one(conn, &data, room + written, cap - written);
        written += made;
    }
    *taken = all - data.len;
    return written;
}

size_t hf_conn_send_early(struct hf_conn *conn, struct hf_span data,
                          uint8_t *room, size_t cap, size_t *taken)
{
    struct hf_session *s = &conn->session;
    size_t written = 0, made = 1, left = hf_conn_early_left(conn), all;

    data = hf_span_first(data, left < data.len ? left : data.len);
    all = data.len;
    while (made && hf_record_fits(&s->out, data.len, cap - written) &&
           !s->outgoing.at && !is_worn(conn)) {
        made = seal_one(conn, &data, room + written, cap - written);
        written += made;
    }
    *taken = all - data.len;
    s->early_left -= (uint32_t)*taken;
    return written;
}

void hf_conn_close(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;

    if (conn->failed || conn->close_sent)
        return;
    if (conn->started && !hf_send_alert(s, 0, &s->error)) {
        hf_conn_fail(conn);
        return;
    }
    conn->close_sent = true;
    hf_decided(s, HF_EV_CLOSE, true, "ours", NULL, NULL);
    /* Nothing may follow close_notify (RFC 8446 6.1), so a handshake that is
     * not over never will be. */
    if (!conn->ready) {
        hf_fail(&s->error, HF_E_CLOSED_EARLY, "by hf_conn_close");
        hf_conn_fail(conn);
    }
}
