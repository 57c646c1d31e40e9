/* serve_recall.c - what is remembered of a handshake, so that the status page
 * can tell the client what it said and why it was answered so. */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

enum { HELLO_MOST = 16 * 1024 };

static char *copy(const char *text)
{
    return text && *text ? strdup(text) : NULL;
}

static void recall_hello(struct recall *r, struct hf_span bytes)
{
    uint8_t *kept;

    if (bytes.len > HELLO_MOST)
        return;
    kept = malloc(bytes.len);
    if (!kept)
        return;
    memcpy(kept, bytes.at, bytes.len);
    free((void *)(uintptr_t)r->hello.at); /* the first of two */
    r->hello = hf_span(kept, bytes.len);
}

static void recall_message(struct recall *r, const struct hf_event *e)
{
    char clause[400];
    size_t i = r->messages;

    if (e->record == 22 && e->message == 1 && !e->sent)
        recall_hello(r, e->bytes);
    if (i == MESSAGES_MAX)
        return;
    if (e->record == 22)
        snprintf(r->message[i].title, sizeof(r->message[i].title), "%s",
                 message_title(e));
    else
        snprintf(r->message[i].title, sizeof(r->message[i].title), "%s",
                 e->record == 20 ? "Change cipher spec" : "Alert");
    clause_of(e, clause, sizeof(clause));
    r->message[i].sent = e->sent;
    r->message[i].epoch = e->epoch;
    r->message[i].size = e->bytes.len;
    r->message[i].at = clock_ms() - r->zero;
    r->message[i].clause = copy(clause);
    r->messages++;
}

void recall_event(struct recall *r, const struct hf_event *e)
{
    size_t i = r->decisions;

    if (r->zero <= 0)
        r->zero = clock_ms();
    if (e->kind == HF_EVENT_MESSAGE) {
        recall_message(r, e);
    } else if (e->kind == HF_EVENT_DECISION && i < DECISIONS_MAX) {
        r->decision[i].id = e->id;
        r->decision[i].ok = e->ok;
        r->decision[i].inputs = copy(e->inputs);
        r->decision[i].verdict = copy(e->verdict);
        r->decision[i].instead = copy(e->instead);
        r->decisions++;
    }
}

void recall_wipe(struct recall *r)
{
    for (size_t i = 0; i < r->decisions; i++) {
        free(r->decision[i].inputs);
        free(r->decision[i].verdict);
        free(r->decision[i].instead);
    }
    for (size_t i = 0; i < r->messages; i++)
        free(r->message[i].clause);
    free((void *)(uintptr_t)r->hello.at);
    memset(r, 0, sizeof(*r));
}
