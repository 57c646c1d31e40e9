/* early.c - what engine.h says about early data: how much, who guards against
 * copies, and what became of it. */
#include "engine/conn.h"
#include "handshake/resume.h"

bool hf_config_set_early_data(struct hf_config *config, unsigned max_bytes)
{
    if (!hf_config_changes(config))
        return false;
    if (max_bytes > HF_EARLY_BYTES_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "%u bytes of early data; at most %u", max_bytes,
                       (unsigned)HF_EARLY_BYTES_MAX);
    config->settings.early_data = max_bytes;
    return true;
}

bool hf_config_set_strikes(struct hf_config *config,
                           const struct hf_strikes *strikes)
{
    if (!hf_config_changes(config))
        return false;
    if (!strikes)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY,
                       "there is no strike register");
    if (!strikes->claim)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "a strike register that claims nothing");
    config->settings.strikes = *strikes;
    return true;
}

enum hf_early hf_conn_early(const struct hf_conn *conn)
{
    return conn->session.early;
}

/* Are we a client whose next record would be sealed with early keys? */
static bool is_open(const struct hf_conn *conn)
{
    return conn->session.role == HF_CLIENT && conn->handshake &&
           hf_early_open(conn->handshake);
}

size_t hf_conn_early_left(const struct hf_conn *conn)
{
    return is_open(conn) ? conn->session.early_left : 0;
}

struct hf_span hf_conn_early_protocol(const struct hf_conn *conn)
{
    return is_open(conn) ? conn->handshake->saved->protocol : hf_span(NULL, 0);
}

bool hf_conn_export_early(const struct hf_conn *conn, const char *label,
                          struct hf_span context, uint8_t *out, size_t len)
{
    enum { LABEL_MAX = 249 }; /* what HkdfLabel holds behind "tls13 " */
    const struct hf_session *s = &conn->session;
    const struct hf_hash *hash = s->hash;

    if (conn->failed || (!is_open(conn) && s->early != HF_EARLY_ACCEPTED))
        return false;
    if (!hash)
        hash = hf_psk_hash(conn->handshake, conn->handshake->saved);
    return label && hf_text_len(label) <= LABEL_MAX &&
           len <= (size_t)255 * hash->len &&
           hf_keys13_export_early(s, hash, label, context, out, len);
}
