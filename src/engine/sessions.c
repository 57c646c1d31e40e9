/* sessions.c - what engine.h says about sessions: where they are kept, how many
 * tickets, which keys. */
#include "engine/conn.h"

bool hf_config_set_sessions(struct hf_config *config,
                            const struct hf_sessions *sessions)
{
    if (!hf_config_changes(config))
        return false;
    if (!sessions)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY,
                       "there is no place to keep sessions in");
    if (!sessions->put || !sessions->get)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "sessions need both put and get");
    config->settings.sessions = *sessions;
    return true;
}

bool hf_config_set_tickets(struct hf_config *config, unsigned count)
{
    if (!hf_config_changes(config))
        return false;
    if (count > HF_TICKETS_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "%u tickets; at most %u", count,
                       (unsigned)HF_TICKETS_MAX);
    config->settings.tickets = (uint8_t)count;
    return true;
}

bool hf_config_ask_tickets(struct hf_config *config, unsigned full,
                           unsigned resumed)
{
    struct hf_settings *set;

    if (!hf_config_changes(config))
        return false;
    set = &config->settings;
    /* A server that gives many more in a row is taken for a flood. */
    if (full > HF_TICKETS_ASKED_MAX || resumed > HF_TICKETS_ASKED_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "%u and %u tickets asked for; at most %u", full, resumed,
                       (unsigned)HF_TICKETS_ASKED_MAX);
    set->asks_tickets = true;
    set->ask_full = (uint8_t)full;
    set->ask_resumed = (uint8_t)resumed;
    return true;
}

bool hf_config_set_session_lifetime(struct hf_config *config, unsigned seconds)
{
    if (!hf_config_changes(config))
        return false;
    if (!seconds || seconds > HF_SESSION_LIFETIME_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "a session lifetime of %u s; from 1 to %u", seconds,
                       (unsigned)HF_SESSION_LIFETIME_MAX);
    config->settings.session_lifetime = seconds;
    return true;
}

bool hf_config_set_ticket_keys(struct hf_config *config, hf_ticket_key_fn *find,
                               void *ctx)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.find_key = find;
    config->settings.find_key_ctx = ctx;
    return true;
}

bool hf_conn_resumed(const struct hf_conn *conn)
{
    return conn->session.resumed;
}

bool hf_conn_set_session_label(struct hf_conn *conn, const char *label)
{
    struct hf_span text = hf_span_text(label);
    char *copy = NULL;

    if (!conn || conn->started || conn->failed ||
        conn->session.role == HF_SERVER)
        return false;
    if (label) {
        copy = hf_alloc(text.len + 1);
        if (!copy) {
            hf_fail(&conn->session.error, HF_E_OUT_OF_MEMORY, NULL);
            conn->failed = true;
            return false;
        }
        hf_copy(copy, text.at, text.len);
    }
    if (conn->label)
        hf_free(conn->label, hf_text_len(conn->label) + 1);
    conn->label = copy;
    return true;
}
