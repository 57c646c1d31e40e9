/* receive.c - bytes from the peer: frames, opened where they lie, and what is
 * in them: data, handshake messages, alerts, CCS.
 *
 * Every record is exactly one of: it moves the handshake, it is delivered (as
 * what it is: early data never as data), it is counted as moving nothing, it is
 * 0-RTT data that was refused, of which so much is skipped and no more, or it is
 * fatal.  None is dropped in silence. */
#include "engine/conn.h"
#include "handshake/psk.h"

enum { CLOSE_NOTIFY = 0, USER_CANCELED = 90 };

/* What became of one record. */
enum took { TOOK, TOOK_DATA, TOOK_EARLY, TOOK_CLOSE, TOOK_FATAL };

bool hf_conn_idle_step(struct hf_conn *conn, const char *what)
{
    if (++conn->no_progress <= HF_NO_PROGRESS_MAX)
        return true;
    return hf_fail(&conn->session.error, HF_E_NO_PROGRESS,
                   "more than %u in a row, the last was %s",
                   (unsigned)HF_NO_PROGRESS_MAX, what);
}

/* ---- alerts (RFC 8446 6) ------------------------------------------------------------- */

/* Before TLS 1.3 an alert could be a warning, and some servers send one about
 * the name before anything else (RFC 5246 7.2, RFC 6066 3). */
static bool is_mild(const struct hf_conn *conn, struct hf_span alert)
{
    const struct hf_session *s = &conn->session;

    /* Who closes before the handshake is over will say no more. */
    return alert.at[0] == 1 && alert.at[1] != CLOSE_NOTIFY &&
           (s->version ? s->version == HF_TLS12
                       : hf_least_version(s->settings, s->role) == HF_TLS12);
}

static enum took take_alert(struct hf_conn *conn, struct hf_span alert)
{
    struct hf_session *s = &conn->session;
    const char *name;

    if (alert.len != 2) {
        /* RFC 8446 5.4: an empty one is unexpected, not undecodable. */
        hf_fail(&s->error, alert.len ? HF_E_BAD_ALERT : HF_E_RECORD_EMPTY,
                "an alert of %z bytes", alert.len);
        return TOOK_FATAL;
    }
    hf_passed(s, false, HF_CONTENT_ALERT, alert.at[1], s->in.epoch, alert);
    if (alert.at[1] == CLOSE_NOTIFY && conn->ready) {
        conn->close_received = true;
        hf_decided(s, HF_EV_CLOSE, true, "the peer's", NULL, NULL);
        return TOOK_CLOSE;
    }
    name = hf_alert_name(alert.at[1]);
    if (alert.at[1] == USER_CANCELED || is_mild(conn, alert)) {
        hf_decided(s, HF_EV_ALERT, true, name, "ignored", NULL);
        return hf_conn_idle_step(conn, name ? name : "a warning") ? TOOK
                                                                  : TOOK_FATAL;
    }
    if (!hf_conn_refused(conn, alert.at[1]))
        hf_fail(&s->error,
                alert.at[1] == CLOSE_NOTIFY ? HF_E_CLOSED_EARLY : HF_E_ALERT,
                "the peer sent %s (%u)", name ? name : "an unknown alert",
                (unsigned)alert.at[1]);
    s->error.alert = alert.at[1];
    s->error.by_peer = true;
    return TOOK_FATAL;
}

/* ---- ChangeCipherSpec, which means nothing (RFC 8446 5) ---------------------------------- */

/* One byte, 1, in the clear, between the first ClientHello and the peer's
 * Finished. */
static enum took take_ccs(struct hf_conn *conn, const struct hf_frame *frame)
{
    struct hf_session *s = &conn->session;
    struct hf_span body = { frame->body, frame->len };

    hf_passed(s, false, HF_CONTENT_CCS, HF_CHANGE_CIPHER_SPEC, HF_PLAIN, body);
    if (frame->len != 1 || frame->body[0] != 1) {
        hf_fail(&s->error, HF_E_BAD_CCS, "it holds %h", &body);
        return TOOK_FATAL;
    }
    if (s->version == HF_TLS12 && conn->handshake && !s->in.aead) {
        hf_handshake_ccs(conn->handshake);
        return TOOK;
    }
    /* A client has said its hello before it hears anything (but if the version
     * may yet be TLS 1.2, where it means something, it is too early); a server
     * has heard one once the version is settled. */
    if ((!s->version &&
         (s->role == HF_SERVER ||
          hf_least_version(s->settings, HF_CLIENT) < HF_TLS13)) ||
        s->in.epoch == HF_TRAFFIC) {
        hf_fail(&s->error, HF_E_BAD_CCS, "%s",
                s->version ? "after Finished" : "before any hello");
        return TOOK_FATAL;
    }
    return hf_conn_idle_step(conn, "ChangeCipherSpec") ? TOOK : TOOK_FATAL;
}

/* ---- handshake messages ----------------------------------------------------------------------- */

/* Messages after the handshake: tickets and key updates. */
static bool take_late_messages(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;
    struct hf_span message;
    bool reply;

    while (hf_reassembly_next(&s->messages, &message, &s->error)) {
        if (!hf_conn_idle_step(conn, "a message after the handshake") ||
            !hf_post_handshake(s, message, &reply))
            return false;
        hf_conn_accepted(conn, "a message after the handshake");
        /* At once if nothing waits to go out, so that it does not depend on
         * what else came in the same call. */
        conn->owes_update |= reply;
        if (!hf_conn_pay_update(conn))
            return false;
    }
    return !s->error.code;
}

static enum took take_handshake(struct hf_conn *conn, struct hf_span fragment)
{
    struct hf_session *s = &conn->session;

    if (!fragment.len) {
        hf_fail(&s->error, HF_E_RECORD_EMPTY, "a handshake record");
        return TOOK_FATAL;
    }
    hf_reassembly_add(&s->messages, fragment);
    if (!conn->handshake)
        return take_late_messages(conn) &&
                       hf_reassembly_save(&s->messages, &s->error)
                   ? TOOK
                   : TOOK_FATAL;
    conn->no_progress = 0;
    return TOOK; /* the handshake is run by the loop */
}

/* ---- one record -------------------------------------------------------------------------------- */

/* RFC 8446 4.2.10: who sends more than his ticket says gets an
 * unexpected_message. */
static enum took take_early(struct hf_conn *conn, struct hf_span plain,
                            struct hf_span *data)
{
    struct hf_session *s = &conn->session;

    if (plain.len > s->early_left) {
        hf_fail(&s->error, HF_E_EARLY_TOO_MUCH,
                "%z bytes, where %u were still allowed", plain.len,
                (unsigned)s->early_left);
        return TOOK_FATAL;
    }
    if (!plain.len)
        return hf_conn_idle_step(conn, "an empty record") ? TOOK : TOOK_FATAL;
    s->early_left -= (uint32_t)plain.len;
    conn->no_progress = 0;
    *data = plain;
    return TOOK_EARLY;
}

static enum took take_data(struct hf_conn *conn, struct hf_span plain,
                           struct hf_span *data)
{
    struct hf_session *s = &conn->session;

    if (s->in.epoch == HF_EARLY_DATA)
        return take_early(conn, plain, data);
    if (!conn->ready) {
        hf_fail(&s->error, HF_E_UNEXPECTED,
                "application data came before the handshake was over");
        return TOOK_FATAL;
    }
    if (!plain.len)
        return hf_conn_idle_step(conn, "an empty record") ? TOOK : TOOK_FATAL;
    conn->no_progress = 0;
    hf_conn_accepted(conn, "data");
    *data = plain;
    return TOOK_DATA;
}

/* A client that cannot use our ServerHello has no keys to say so with: its
 * alert comes in the clear.  It ends the handshake either way; hearing it is
 * for the sake of the reason. */
static bool early_alert(const struct hf_session *s,
                        const struct hf_frame *frame)
{
    return s->role == HF_SERVER && frame->type == HF_CONTENT_ALERT &&
           s->in.epoch == HF_HANDSHAKE && s->in.seq == 0 && frame->len == 2 &&
           frame->body[1] != USER_CANCELED;
}

/* Does this record come inside a handshake message (RFC 8446 5.1)?  An alert
 * that ends the connection is heard all the same, for the sake of the reason. */
static bool interrupts(const struct hf_conn *conn, uint8_t type,
                       struct hf_span plain)
{
    if (type == HF_CONTENT_HANDSHAKE ||
        hf_reassembly_empty(&conn->session.messages))
        return false;
    if (type != HF_CONTENT_ALERT || plain.len != 2)
        return type != HF_CONTENT_ALERT;
    return plain.at[1] == USER_CANCELED || is_mild(conn, plain) ||
           (plain.at[1] == CLOSE_NOTIFY && conn->ready);
}

/* RFC 8446 4.2.10: between its first hello and its second flight (or hello)
 * a client whose 0-RTT data was refused may have some under way. */
static bool skip_early_data(struct hf_session *s, const struct hf_frame *frame)
{
    size_t len = HF_HEADER_LEN + frame->len;

    if (frame->type != HF_CONTENT_DATA || len > s->early_skip ||
        !hf_reassembly_empty(&s->messages))
        return false;
    s->early_skip -= (uint32_t)len;
    return true;
}

static enum took take_record(struct hf_conn *conn, const struct hf_frame *frame,
                             struct hf_span *data)
{
    struct hf_session *s = &conn->session;
    struct hf_error why = { .code = HF_OK };
    struct hf_span plain;
    uint8_t type;

    if (early_alert(s, frame))
        return take_alert(conn, hf_span(frame->body, frame->len));
    /* Inside a handshake message only more of it may come. */
    if (frame->type == HF_CONTENT_CCS && hf_reassembly_empty(&s->messages))
        return take_ccs(conn, frame);
    if (!s->in.aead && skip_early_data(s, frame))
        return TOOK;
    if (!hf_record_open(&s->in, frame, &type, &plain, &why)) {
        if (why.code == HF_E_BAD_RECORD_MAC && skip_early_data(s, frame))
            return TOOK;
        s->error = why;
        return TOOK_FATAL;
    }
    if (s->in.aead)
        s->early_skip = 0;
    if (interrupts(conn, type, plain)) {
        hf_fail(&s->error, HF_E_INTERLEAVED, "by a record of type %u",
                (unsigned)type);
        return TOOK_FATAL;
    }
    switch (type) {
    case HF_CONTENT_HANDSHAKE: return take_handshake(conn, plain);
    case HF_CONTENT_ALERT: return take_alert(conn, plain);
    case HF_CONTENT_DATA: return take_data(conn, plain, data);
    default:
        hf_fail(&s->error, HF_E_RECORD_TYPE, "record type %u inside",
                (unsigned)type);
        return TOOK_FATAL;
    }
}

/* ---- the loop -------------------------------------------------------------------------------------- */

/* The handshake is over: what it leaves is in the session. */
static enum hf_outcome become_ready(struct hf_conn *conn)
{
    hf_handshake_free(conn->handshake);
    conn->handshake = NULL;
    conn->ready = true;
    conn->verified = conn->session.verified;
    conn->no_progress = 0;
    if (conn->session.version == HF_TLS12)
        hf_conn_accepted(conn, "Finished");
    hf_reassembly_wipe(&conn->session.messages);
    return HF_READY;
}

/* Run the handshake as far as it goes.  NEED_BYTES: go on reading. */
static enum hf_outcome advance(struct hf_conn *conn)
{
    struct hf_session *s = &conn->session;

    /* An open question stays as it is until it is answered. */
    if (conn->handshake->question.kind)
        return HF_ASKS;
    switch (hf_handshake_run(conn->handshake)) {
    case HF_STEP_DONE: return become_ready(conn);
    case HF_STEP_WAIT:
        if (!hf_reassembly_save(&s->messages, &s->error))
            return hf_conn_fail(conn);
        return conn->handshake->question.kind ? HF_ASKS : HF_NEED_BYTES;
    case HF_STEP_FAILED:
    default: return hf_conn_fail(conn);
    }
}

/* Take one record off the front of @bytes. NEED_BYTES: there is none, or it
 * was taken (*used moved) and there is nothing to tell. */
static enum hf_outcome one_record(struct hf_conn *conn, uint8_t *bytes,
                                  size_t len, size_t *used,
                                  struct hf_span *data)
{
    struct hf_session *s = &conn->session;
    struct hf_frame frame;

    switch (hf_frame_next(&frame, bytes, len, s->version, s->in.aead != NULL,
                          &s->error)) {
    case HF_FRAME_PART: return HF_NEED_BYTES;
    case HF_FRAME_BAD: return hf_conn_fail(conn);
    case HF_FRAME_WHOLE:
    default: break;
    }
    *used += HF_HEADER_LEN + frame.len;
    switch (take_record(conn, &frame, data)) {
    case TOOK: return HF_NEED_BYTES;
    case TOOK_DATA: return HF_DATA;
    case TOOK_EARLY: return HF_EARLY;
    case TOOK_CLOSE: return HF_CLOSED;
    case TOOK_FATAL:
    default: return hf_conn_fail(conn);
    }
}

/* Records one after the other until one is worth telling. */
static enum hf_outcome read_records(struct hf_conn *conn, uint8_t *bytes,
                                    size_t len, size_t *used,
                                    struct hf_span *data)
{
    enum hf_outcome outcome;
    size_t before;

    for (;;) {
        if (conn->handshake) {
            outcome = advance(conn);
            if (outcome != HF_NEED_BYTES)
                return outcome;
        }
        before = *used;
        if (before == len)
            return HF_NEED_BYTES; /* and @bytes may be NULL */
        outcome = one_record(conn, bytes + before, len - before, used, data);
        if (outcome != HF_NEED_BYTES || *used == before)
            return outcome;
    }
}

enum hf_outcome hf_conn_receive(struct hf_conn *conn, uint8_t *bytes,
                                size_t len, size_t *used, struct hf_span *data)
{
    enum hf_outcome outcome;

    *used = 0;
    *data = hf_span(NULL, 0);
    if (conn->failed)
        return HF_FAILED;
    if (conn->close_received) {
        *used = len; /* RFC 8446 6.1: what comes after it is ignored */
        return HF_CLOSED;
    }
    if (!hf_conn_start(conn))
        return hf_conn_fail(conn);
    outcome = read_records(conn, bytes, len, used, data);
    if (outcome != HF_FAILED && !hf_conn_pay_update(conn))
        return hf_conn_fail(conn);
    return outcome;
}
