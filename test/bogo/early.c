/* early.c - early data: sent by a client before its handshake, answered by a
 * server before its own is over, and why there is none, in the runner's words.
 *
 * BoringSSL's client that was refused begins anew with other options; ours goes
 * on with them, and sends again. */
#include "shim.h"

#include "handshake/resume.h" /* to read tickets */

#include <stdio.h>
#include <string.h>

/* What BoringSSL takes on one connection. */
enum { ACCEPTED_MAX = 14336 };

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires)
{
    (void)ctx;
    (void)id;
    (void)now;
    (void)expires;
    return HF_STRIKE_NEW;
}

bool shim_set_early(const struct shim_options *o, struct hf_config *config)
{
    static const struct hf_strikes strikes = { NULL, claim };

    return !o->enable_early_data ||
           (hf_config_set_early_data(config, o->server ? ACCEPTED_MAX
                                                       : HF_EARLY_BYTES_MAX) &&
            hf_config_set_strikes(config, &strikes));
}

/* There is none before the handshake is over. */
static bool early_material(struct shim *s)
{
    uint8_t byte;

    return !s->again || !s->o->export_keying_material ||
           hf_conn_early(s->conn) != HF_EARLY_OFFERED ||
           hf_conn_export(s->conn, "x", (struct hf_span){ NULL, 0 }, &byte,
                          1) ||
           shim_wrong("no keying material before the handshake is over");
}

bool shim_begin_early(struct shim *s)
{
    const struct shim_options *o = s->o;
    struct hf_span text = { (const uint8_t *)o->shim_initial_write,
                            strlen(o->shim_initial_write) };
    struct hf_span none;
    size_t used;

    if (o->server || !o->enable_early_data)
        return true;
    hf_conn_receive(s->conn, s->in, 0, &used, &none);
    if (!shim_flush(s))
        return shim_wrong("the runner does not read");
    if (s->again && o->expect_no_offer_early_data &&
        hf_conn_early(s->conn) == HF_EARLY_OFFERED)
        return shim_wrong("early data was offered");
    if (!early_material(s))
        return false;
    if (o->shim_writes_first)
        for (unsigned i = 0; i < o->repeat_shim_initial_write; i++)
            if (!shim_write_early(s, text))
                return false;
    return true;
}

void shim_early_is_over(struct shim *s)
{
    if (s->o->server || hf_conn_early(s->conn) != HF_EARLY_REJECTED)
        return;
    s->early_written = 0;
    if (s->o->expect_reject_early_data)
        s->o = s->retry;
}

/* ---- what was decided --------------------------------------------------------------- */

void shim_look_for_early(struct shim_trace *t, const struct hf_event *e)
{
    struct hf_new_session_ticket ticket;
    struct hf_fault fault;

    if (e->kind == HF_EVENT_DECISION && e->id == HF_EV_EARLY_DATA)
        snprintf(t->early, sizeof(t->early), "%s %s", e->verdict,
                 e->ok || strcmp(e->verdict, "rejected") != 0 ? e->inputs
                                                              : e->instead);
    if (e->kind == HF_EVENT_MESSAGE && e->message == HF_NEW_SESSION_TICKET &&
        !e->sent && e->version == HF_TLS13 &&
        hf_wire_read(hf_new_session_ticket, hf_span_after(e->bytes, 4), &ticket,
                     NULL, &fault))
        t->early_tickets += (ticket.extensions.present & HF_BIT(early_data)) !=
                            0;
}

static const char *reason(const struct shim *s)
{
    static const struct {
        const char *ours, *theirs;
    } words[] = {
        { "accepted", "accept" },
        { "none is taken here", "disabled" },
        { "another hello", "hello_retry_request" },
        { "there is no session", "no_session_offered" },
        { "no session was resumed", "session_not_resumed" },
        { "does not take up the session", "session_not_resumed" },
        { "does not allow", "unsupported_for_session" },
        { "not good for any", "unsupported_for_session" },
        { "application protocol", "alpn_mismatch" },
        { "ticket's age", "ticket_age_skew" },
        { "older version", "protocol_version" },
        { "did not accept it", "peer_declined" },
    };

    for (size_t i = 0; i < HF_COUNT(words); i++)
        if (strstr(s->trace.early, words[i].ours))
            return words[i].theirs;
    if (s->trace.early[0])
        return s->trace.early;
    if (!s->o->enable_early_data)
        return "disabled";
    if (hf_conn_version(s->conn) != HF_TLS13)
        return "protocol_version";
    return hf_conn_resumed(s->conn) ? "peer_declined" : "no_session_offered";
}

bool shim_early_expectations(const struct shim *s)
{
    const struct shim_options *o = s->o;
    bool accepted = hf_conn_early(s->conn) == HF_EARLY_ACCEPTED;

    if (o->expect_accept_early_data && !accepted)
        return shim_wrong("early data was not accepted");
    if (o->expect_reject_early_data && accepted)
        return shim_wrong("early data was accepted");
    if (!o->expect_early_data_reason ||
        strcmp(reason(s), o->expect_early_data_reason) == 0)
        return true;
    fprintf(stderr, "shim: early data: %s, not %s\n", reason(s),
            o->expect_early_data_reason);
    return false;
}

/* Of the last tickets: are they good for any? */
bool shim_ticket_expectations(const struct shim *s)
{
    bool have = s->trace.early_tickets > 0;

    return !s->trace.tickets ||
           s->o->expect_ticket_supports_early_data == have ||
           shim_wrong(have ? "the ticket allows early data"
                           : "the ticket does not allow early data");
}
