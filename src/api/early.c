/* early.c - early data on a struct hf_tls: written before the handshake by a
 * client, read apart from everything else by a server.
 *
 * A server that does not ask for it loses nothing: what came lies in tls->early,
 * of which there is no more than its config allows, and is still there when the
 * handshake is over. */
#include "api/api.h"

enum { EARLY_ROOM = 16384 };

/* ---- a client's ------------------------------------------------------------ */

/* Seal the first of @data behind the hello; what was taken. */
static size_t seal(struct hf_tls *tls, struct hf_span data)
{
    size_t cap = EARLY_ROOM + HF_SEAL_OVERHEAD, taken = 0, n;
    uint8_t *room = hf_tls_absorb(tls) ? hf_buffer_room(&tls->unsent, cap)
                                       : NULL;

    if (!room) {
        hf_tls_fail_memory(tls);
        return 0;
    }
    n = hf_conn_send_early(tls->conn, data, room, cap, &taken);
    hf_buffer_grew(&tls->unsent, n);
    return taken;
}

/* The hello, if it is not made yet. */
static int begin(struct hf_tls *tls)
{
    struct hf_span data;

    switch (hf_tls_take(tls, &data)) {
    case HF_FAILED: return hf_tls_conn_failed(tls);
    case HF_EARLY: /* on a server, who has none to write */
        return hf_buffer_add(&tls->early, data) ? 0 : hf_tls_fail_memory(tls);
    case HF_NEED_BYTES:
    case HF_READY:
    case HF_DATA:
    case HF_CLOSED:
    case HF_ASKS:
    default: return 0; /* the next call meets it again */
    }
}

ssize_t hf_write_early(struct hf_tls *tls, const void *buf, size_t len)
{
    struct hf_span data = hf_span(buf, len);
    size_t taken = 0, n = 1;
    int status;

    if (!tls || tls->dead)
        return HF_TLS_ERROR;
    if (!hf_conn_ready(tls->conn) && begin(tls) < 0)
        return HF_TLS_ERROR;
    while (n && taken < len && taken < HF_EARLY_BYTES_MAX) {
        n = seal(tls, hf_span_after(data, taken));
        taken += n;
    }
    if (tls->dead)
        return HF_TLS_ERROR;
    if (hf_conn_error(tls->conn)->code)
        return hf_tls_conn_failed(tls);
    /* What does not go now goes before anything else. */
    status = taken ? hf_tls_flush(tls) : 0;
    return status == HF_TLS_ERROR ? HF_TLS_ERROR : (ssize_t)taken;
}

/* ---- a server's ------------------------------------------------------------ */

ssize_t hf_read_early(struct hf_tls *tls, void *buf, size_t len)
{
    struct hf_span kept;
    int status;

    if (!tls || tls->dead)
        return HF_TLS_ERROR;
    if (!len)
        return hf_tls_misused(tls, "hf_read_early with no room to read to");
    if (!hf_buffer_bytes(&tls->early).len) {
        status = hf_tls_shake(tls, true);
        if (status)
            return status;
    }
    kept = hf_buffer_bytes(&tls->early);
    if (!kept.len)
        return 0;
    kept = hf_span_first(kept, kept.len < len ? kept.len : len);
    hf_copy(buf, kept.at, kept.len);
    hf_buffer_drop(&tls->early, kept.len);
    tls->answers = true;
    return (ssize_t)kept.len;
}
