/* trace.c - the connection's events in the words of the runner: every message
 * that went by, one a line; and the traffic secrets, for those tests that
 * compare them. */
#include "shim.h"

#include <stdio.h>
#include <string.h>

enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, HELLO_RETRY = 256 };

static void add_message(struct shim_trace *t, const struct hf_event *e)
{
    const char *who = e->sent ? "write" : "read";
    char *to = t->text + t->len;
    size_t cap = sizeof(t->text) - t->len;
    int n = 0;

    if (e->record == HANDSHAKE)
        n = snprintf(to, cap, "%s hs %u\n", who,
                     e->message == HELLO_RETRY ? 2U : (unsigned)e->message);
    else if (e->record == CCS)
        n = snprintf(to, cap, "%s ccs\n", who);
    else if (e->record == ALERT && e->bytes.len == 2)
        n = snprintf(to, cap, "%s alert %u %u\n", who, (unsigned)e->bytes.at[0],
                     (unsigned)e->bytes.at[1]);
    if (n > 0 && (size_t)n < cap)
        t->len += (size_t)n;
}

/* Behind its header: lifetime and length of a ticket of TLS 1.2. */
static bool is_ticket(const struct hf_event *e)
{
    enum { TICKET = 4, EMPTY = 4 + 6 };

    return e->record == HANDSHAKE && e->message == TICKET && !e->sent &&
           e->bytes.len > EMPTY;
}

static void keep_secret(struct shim_trace *t, const struct hf_event *e)
{
    uint8_t *to = NULL;

    if (strcmp(e->subject, "CLIENT_TRAFFIC_SECRET_0") == 0)
        to = t->client_secret;
    else if (strcmp(e->subject, "SERVER_TRAFFIC_SECRET_0") == 0)
        to = t->server_secret;
    if (!to || e->bytes.len > HF_HASH_MAX)
        return;
    memcpy(to, e->bytes.at, e->bytes.len);
    t->secret_len = e->bytes.len;
}

/* RFC 5929 3: whose it is does not matter. */
static void keep_unique(struct shim_trace *t, const struct hf_event *e)
{
    enum { FINISHED = 20, HEAD = 4 };

    if (t->unique_seen || e->record != HANDSHAKE || e->message != FINISHED ||
        e->bytes.len != HEAD + sizeof(t->unique))
        return;
    memcpy(t->unique, e->bytes.at + HEAD, sizeof(t->unique));
    t->unique_seen = true;
}

void shim_watch(void *ctx, const struct hf_event *event)
{
    struct shim_trace *t = ctx;

    shim_look_for_early(t, event);
    if (event->kind == HF_EVENT_MESSAGE) {
        add_message(t, event);
        t->tickets += is_ticket(event);
        keep_unique(t, event);
        shim_look_for_names(t, event);
        shim_look_for_schemes(t, event);
        shim_look_for_staple(t, event);
    }
    if (event->kind == HF_EVENT_SECRET)
        keep_secret(t, event);
}
