/* binding.c - bytes that tie what is said inside a connection to the connection
 * (channel bindings, RFC 5056): a login that includes them cannot be passed on
 * by somebody in the middle, who has two connections with bytes that differ.
 *
 *   tls-exporter           of this connection alone (RFC 9266 2)
 *   tls-server-end-point   of the server's certificate (RFC 5929 4.1)
 *
 * tls-unique (RFC 5929 3) is not here: it is a Finished message, which TLS 1.3
 * does not define it for, and which in TLS 1.2 without the extended master
 * secret two connections may be made to share (RFC 7627 1, RFC 9266 1). */
#include "engine/conn.h"

/* RFC 9266 2: this label, "zero-length string", 32 bytes.  4.2: not in TLS 1.2
 * without extended_master_secret, for which hf_conn_export() gives nothing. */
static size_t exporter(const struct hf_conn *conn, uint8_t *out, size_t cap)
{
    enum { LEN = 32 };
    static const uint8_t zero_length[1];

    return cap >= LEN && hf_conn_export(conn, "EXPORTER-Channel-Binding",
                                        hf_span(zero_length, 0), out, LEN)
               ? LEN
               : 0;
}

/* The server's certificate of this very handshake: a server that resumes, or has
 * a pre-shared key, has shown none, and does not know which it was. */
static struct hf_span server_certificate(const struct hf_session *s)
{
    if (s->role == HF_CLIENT)
        return s->peer_count ? s->peer[0]->der : hf_span(NULL, 0);
    if (s->resumed || s->psk.kind || s->own_chain < 0)
        return hf_span(NULL, 0);
    return s->settings->keypairs[s->own_chain].chain[0]->der;
}

/* RFC 5929 4.1: the hash of the certificate, under the hash of its signature;
 * "if that hash function is either MD5 or SHA-1, then use SHA-256"; if there is
 * none or several, it is not defined: so for Ed25519. */
static size_t end_point(const struct hf_session *s, uint8_t *out, size_t cap)
{
    const struct hf_crypto *c = &s->settings->crypto;
    struct hf_span der = server_certificate(s);
    struct hf_error unsaid = { .code = HF_OK };
    const struct hf_hash *hash = NULL;
    struct hf_cert *cert;

    if (!der.len)
        return 0;
    /* One of a session that was resumed is kept unread. */
    cert = hf_cert_new(der, &unsaid);
    if (cert)
        hash = hf_hash_by_id(c, hf_algorithm_digest(cert->algorithm));
    hf_cert_free(cert);
    return hash && cap >= hash->len && hf_hash_parts(c, hash, &der, 1, out)
               ? hash->len
               : 0;
}

size_t hf_conn_channel_binding(const struct hf_conn *conn,
                               enum hf_channel_binding kind, uint8_t *out,
                               size_t cap)
{
    if (!conn->ready)
        return 0;
    switch (kind) {
    case HF_BINDING_EXPORTER: return exporter(conn, out, cap);
    case HF_BINDING_SERVER_END_POINT:
        return end_point(&conn->session, out, cap);
    default: return 0;
    }
}
