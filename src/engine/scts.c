/* scts.c - certificate timestamps (RFC 6962) as an application gives them and
 * asks for them. */
#include "engine/conn.h"

enum { LIST_MAX = 8192 }; /* bytes of our own */

bool hf_config_ask_scts(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.ask_scts = on;
    return true;
}

bool hf_config_add_scts(struct hf_config *config, struct hf_span list)
{
    struct hf_settings *set;
    struct hf_keypair *pair;
    struct hf_span scts;
    uint8_t *copy;

    if (!hf_config_changes(config))
        return false;
    set = &config->settings;
    if (!set->keypair_count)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "certificate timestamps come behind their certificate");
    if (list.len > LIST_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "certificate timestamps of %z bytes; at most %u",
                       list.len, (unsigned)LIST_MAX);
    if (!hf_scts_check(list, &scts, &config->error))
        return false;
    copy = hf_alloc(scts.len);
    if (!copy)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, scts.at, scts.len);
    pair = &set->keypairs[set->keypair_count - 1];
    hf_free((uint8_t *)(uintptr_t)pair->scts.at, pair->scts.len);
    pair->scts = hf_span(copy, scts.len);
    return true;
}

/* ---- the peer's ------------------------------------------------------------------ */

/* The list of @source; empty if there is none. */
static struct hf_span list_of(const struct hf_session *s, unsigned source)
{
    if (s->resumed || !s->peer_count)
        return hf_span(NULL, 0);
    switch (source) {
    case HF_SCT_CERTIFICATE: return hf_scts_of_cert(s->peer[0]);
    case HF_SCT_TLS: return s->tls_scts;
    default: return s->ocsp_scts;
    }
}

bool hf_conn_sct(const struct hf_conn *conn, size_t index, struct hf_sct *out)
{
    for (unsigned source = 0; index < HF_SCTS_MAX && source <= HF_SCT_OCSP;
         source++) {
        struct hf_span list = list_of(&conn->session, source);

        while (hf_sct_next(&list, source, out))
            if (!index--)
                return true;
    }
    *out = (struct hf_sct){ .version = 0 };
    return false;
}

size_t hf_conn_scts(const struct hf_conn *conn)
{
    struct hf_sct one;
    size_t count = 0;

    for (unsigned source = 0; source <= HF_SCT_OCSP; source++) {
        struct hf_span list = list_of(&conn->session, source);

        while (hf_sct_next(&list, source, &one))
            count++;
    }
    return count;
}
