/* fuzz_capture.c - a capture file: whatever is in it, each connection is gone
 * through from its first byte to its last, and nothing is told that is not so.
 *
 * With the mild provider every tag is right, so that the insides of records are
 * within reach of whoever names a secret of the connection. */
#define HF_UNPOISONED
#include "capture.h"
#include "fuzz.h"
#include "mild.h"

#include <stdlib.h>
#include <string.h>

/* Between the two: are the positions without a break? */
struct between {
    struct capture_listener to;
    uint64_t next[2];
    bool ended[2];
};

static void on_bytes(void *ctx, unsigned from, struct hf_span bytes,
                     const struct capture_when *when)
{
    struct between *b = ctx;

    MUST(from < 2 && bytes.len > 0);
    b->next[from] += bytes.len;
    b->to.bytes(b->to.ctx, from, bytes, when);
}

static void on_missing(void *ctx, unsigned from, uint64_t at, uint64_t len,
                       const struct capture_when *when)
{
    struct between *b = ctx;

    MUST(from < 2 && len > 0 && at == b->next[from]);
    b->next[from] += len;
    b->to.missing(b->to.ctx, from, at, len, when);
}

static void on_end(void *ctx, unsigned from, bool reset,
                   const struct capture_when *when)
{
    struct between *b = ctx;

    MUST(from < 2 && !b->ended[from]);
    b->ended[from] = true;
    b->to.end(b->to.ctx, from, reset, when);
}

static void on_event(void *ctx, const struct capture_event *e)
{
    size_t *events = ctx;

    (*events)++;
    MUST(e->kind <= CAPTURE_RESET && e->epoch <= EPOCH_SEALED);
    if (e->kind == CAPTURE_MESSAGE)
        MUST(e->bytes.len == e->len && e->len >= 4 &&
             hf_number(e->bytes.at + 1, 3) + 4 == e->len);
    if (e->kind == CAPTURE_FAULT)
        MUST(e->what);
}

static size_t go_through(const struct capture *c, size_t which,
                         const struct hf_crypto *crypto)
{
    struct capture_tls *tls = calloc(1, sizeof(*tls));
    struct between b = { .ended = { false, false } };
    struct capture_listener to = { on_bytes, on_missing, on_end, &b };
    char why[400];
    size_t events = 0;

    MUST(tls);
    capture_tls_init(tls, c->keys.count ? crypto : NULL, &c->keys);
    tls->torn = !c->stream[which].greeted;
    tls->event = on_event;
    tls->ctx = &events;
    b.to = capture_tls_listener(tls);
    MUST(capture_replay(c, which, &to));
    capture_tls_why(tls, why, sizeof(why));
    MUST(!tls->sealed == !why[0]);
    capture_tls_wipe(tls);
    free(tls);
    return events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct capture c = { .streams = 0 };
    struct hf_crypto crypto = { &mild_provider, NULL };
    struct hf_span file = { data, size };
    size_t segments = 0;

    if (!capture_is(file))
        return 0;
    MUST(capture_read(&c, file));
    MUST(!c.fault || c.fault_at <= size);
    capture_keys_sort(&c.keys);
    MUST(c.keys.connections <= c.keys.count);
    for (size_t i = 0; i < c.streams; i++) {
        segments += c.stream[i].segments;
        MUST(go_through(&c, i, &crypto) == go_through(&c, i, &crypto));
    }
    MUST(segments == c.segments);
    capture_wipe(&c);
    return 0;
}
