/* exchange.c - one connection from hello to close, in the order in which the
 * runner counts on it. */
#include "shim.h"

#include "engine/conn.h" /* for the kind of master secret */

#include <stdio.h>
#include <string.h>

enum { EXPORT_MAX = 4096, CHUNK_MAX = 16384 };

/* ---- what is written at once --------------------------------------------------------- */

static bool write_exported(struct shim *s)
{
    const struct shim_options *o = s->o;
    uint8_t out[EXPORT_MAX];
    size_t len = o->export_keying_material;
    struct hf_span context = { (const uint8_t *)o->export_context,
                               strlen(o->export_context) };

    if (!len)
        return true;
    if (!o->use_export_context)
        context = (struct hf_span){ NULL, 0 };
    if (len > sizeof(out) ||
        !hf_conn_export(s->conn, o->export_label, context, out, len))
        return shim_wrong("cannot export keying material");
    return shim_write(s, (struct hf_span){ out, len });
}

/* Their length in the machine's order, those for reading, those for writing. */
static bool write_secrets(struct shim *s)
{
    const struct shim_trace *t = &s->trace;
    const uint8_t *in = t->server_secret, *out = t->client_secret;
    uint16_t len = (uint16_t)t->secret_len;
    uint8_t room[2 + 2 * HF_HASH_MAX];

    if (!s->o->export_traffic_secrets)
        return true;
    if (s->o->server) {
        in = t->client_secret;
        out = t->server_secret;
    }
    memcpy(room, &len, 2);
    memcpy(room + 2, in, len);
    memcpy(room + 2 + len, out, len);
    return shim_write(s, (struct hf_span){ room, 2 + 2U * len });
}

/* The library has no such binding; who watches can have it.  A resumption without
 * extended_master_secret would not be bound to anything (RFC 7627 1). */
static bool write_unique(struct shim *s)
{
    if (!s->o->tls_unique)
        return true;
    if (!s->trace.unique_seen || hf_conn_version(s->conn) != HF_TLS12 ||
        (hf_conn_resumed(s->conn) && !s->conn->session.extended_master))
        return shim_wrong("failed to get tls-unique");
    return shim_write(
        s, (struct hf_span){ s->trace.unique, sizeof(s->trace.unique) });
}

static struct hf_span initial(const struct shim *s)
{
    const char *text = s->o->shim_initial_write;

    return (struct hf_span){ (const uint8_t *)text, strlen(text) };
}

/* What went as early data has gone. */
static bool write_rest(struct shim *s)
{
    struct hf_span text = initial(s);
    size_t gone = s->early_written < text.len ? s->early_written : text.len;

    s->early_written -= gone;
    return shim_write(s, (struct hf_span){ text.at + gone, text.len - gone });
}

static bool write_first(struct shim *s)
{
    if (s->o->read_with_unfinished_write && !s->early_written)
        return shim_write_one_byte(s, initial(s));
    if (!s->o->shim_writes_first)
        return true;
    for (unsigned i = 0; i < s->o->repeat_shim_initial_write; i++)
        if (!write_rest(s))
            return false;
    return true;
}

/* ---- the echo ---------------------------------------------------------------------------- */

static bool export_something(struct shim *s)
{
    uint8_t byte;

    return !s->o->use_exporter_between_reads ||
           hf_conn_export(s->conn, "", (struct hf_span){ NULL, 0 }, &byte, 1) ||
           shim_wrong("cannot export keying material");
}

/* Every byte comes back inverted, in pieces no larger than one read. */
static bool echo(struct shim *s)
{
    uint8_t out[CHUNK_MAX];
    size_t most = s->o->read_size ? s->o->read_size : sizeof(out);
    struct hf_span rest = s->data;

    while (rest.len) {
        size_t n = rest.len < most ? rest.len : most;

        if (n > sizeof(out))
            n = sizeof(out);
        if (!export_something(s))
            return false;
        if (s->o->key_update && !hf_conn_update_keys(s->conn, false))
            return shim_wrong("cannot change keys");
        for (size_t i = 0; i < n; i++)
            out[i] = rest.at[i] ^ 0xff;
        if (!shim_write(s, (struct hf_span){ out, n }))
            return false;
        rest.at += n;
        rest.len -= n;
    }
    return true;
}

/* A connection that simply ends is as good as one that is closed, unless the
 * test looks at that. */
static bool ended(const struct shim *s)
{
    return hf_conn_error(s->conn)->code == HF_E_CUT;
}

static bool echo_all(struct shim *s)
{
    for (;;) {
        switch (shim_receive(s)) {
        case HF_DATA:
            if (!echo(s))
                return false;
            break;
        case HF_CLOSED: return true;
        case HF_FAILED:
            return (ended(s) && !s->o->check_close_notify) || shim_complain(s);
        case HF_EARLY:
        case HF_READY:
        case HF_ASKS:
        case HF_NEED_BYTES:
        default: return shim_wrong("an outcome that makes no sense here");
        }
    }
}

/* ---- the end -------------------------------------------------------------------------------- */

/* BoringSSL's shim says nothing at the end unless the test looks at it. */
static bool shut_down(struct shim *s)
{
    if (!s->o->check_close_notify)
        return true;
    hf_conn_close(s->conn);
    if (!shim_flush(s))
        return shim_wrong("the runner does not read");
    if (!s->o->shim_shuts_down)
        return true;
    switch (shim_receive(s)) {
    case HF_CLOSED: return true;
    case HF_DATA: return shim_wrong("data came after we closed");
    case HF_FAILED:
    case HF_EARLY:
    case HF_READY:
    case HF_ASKS:
    case HF_NEED_BYTES:
    default: return shim_complain(s);
    }
}

static bool trace_is_right(const struct shim *s)
{
    const char *want = s->o->expect_msg_callback;

    if (!want || strcmp(want, s->trace.text) == 0)
        return true;
    fprintf(stderr, "shim: the messages were\n%snot\n%s", s->trace.text, want);
    return false;
}

/* The library does not ask again about a session; an application may look at its
 * chain and go. */
static bool gives_up(struct shim *s)
{
    if (!s->o->reverify_on_resume || !s->o->verify_fail ||
        !hf_conn_resumed(s->conn) || !hf_conn_peer_certificates(s->conn))
        return false;
    hf_conn_close(s->conn);
    return shim_flush(s);
}

static bool after_handshake(struct shim *s)
{
    if (s->o->handshake_never_done)
        return shim_wrong("the handshake came to its end");
    if (gives_up(s))
        return shim_wrong("the application gave up");
    if (!shim_expectations(s) || !write_exported(s) || !write_secrets(s) ||
        !write_unique(s))
        return false;
    if (s->o->send_alert)
        return shim_send_alert(s);
    return write_first(s) && (s->o->shim_shuts_down || echo_all(s)) &&
           shut_down(s) && trace_is_right(s) && shim_last_expectations(s);
}

/* Until the handshake is over; early data is answered at once. */
static enum hf_outcome shake(struct shim *s)
{
    enum hf_outcome outcome;

    while ((outcome = shim_receive(s)) == HF_EARLY)
        if (!echo(s))
            return HF_FAILED;
    return outcome;
}

bool shim_exchange(struct shim *s)
{
    enum hf_outcome outcome;

    if (!shim_begin_early(s))
        return false;
    outcome = shake(s);
    if (s->complaint[0])
        return shim_wrong(s->complaint);
    shim_early_is_over(s);
    return outcome == HF_READY ? after_handshake(s) : shim_complain(s);
}
