/* capture_tcp.c - the bytes of a connection in the order in which they were
 * meant, out of the segments in which they came (RFC 9293 3.4).
 *
 * Each direction knows the position of the byte it waits for; a segment that
 * begins there is passed on at once, one behind it is held, one before it was
 * seen already.  Where segments overlap, the one that came first counts.
 *
 *     0 .............. next        (gap)       held -> held -> held
 *      passed on         |<------ missing ------>|
 *
 * What the capture does not have cannot be waited for: once the receiver has
 * acknowledged bytes of the gap and some packets more went by, or too much is
 * held, or the connection is over, the gap is told and passed over.
 */
#define HF_UNPOISONED
#include "base/base.h"
#include "capture.h"

#include <stdlib.h>

enum {
    PATIENCE = 32,        /* packets, once bytes of the gap were acknowledged */
    WINDOW_MAX = 1 << 30, /* RFC 7323 2.3: no segment lies farther ahead */
};

/* Some bytes that wait for earlier ones. */
struct piece {
    struct piece *before, *after;
    uint64_t pos, len;
    struct hf_span bytes; /* the first of them; the rest was not captured */
    struct capture_when when;
};

struct half {
    bool begun;
    uint32_t base; /* the number of the byte at position 0 */
    uint64_t next, acked;
    struct piece *first, *last;
    size_t held;
    unsigned waited;
    uint64_t end; /* position of the FIN, if fin */
    bool fin, told;
};

struct replay {
    const struct capture_listener *to;
    struct half half[2];
    struct capture_when now;
};

/* ---- positions ------------------------------------------------------------------- */

/* Where number @seq lies, taken to be near the byte that is next; negative:
 * before the beginning. */
static int64_t position(const struct half *h, uint32_t seq)
{
    uint32_t ahead = seq - (h->base + (uint32_t)h->next);

    return (int64_t)h->next + (ahead < UINT32_C(1) << 31
                                   ? (int64_t)ahead
                                   : (int64_t)ahead - (INT64_C(1) << 32));
}

static void begin(struct half *h, const struct capture_segment *s)
{
    if (h->begun)
        return;
    h->begun = true;
    h->base = s->seq + (s->flags & CAPTURE_SYN ? 1 : 0);
}

/* ---- passing on ---------------------------------------------------------------------- */

static void pass(struct replay *r, unsigned from, struct hf_span bytes,
                 uint64_t len, const struct capture_when *when)
{
    struct half *h = &r->half[from];

    if (bytes.len)
        r->to->bytes(r->to->ctx, from, bytes, when);
    if (bytes.len < len)
        r->to->missing(r->to->ctx, from, h->next + bytes.len, len - bytes.len,
                       when);
    h->next += len;
    h->waited = 0;
}

static void drop(struct half *h, struct piece *p)
{
    *(p->before ? &p->before->after : &h->first) = p->after;
    *(p->after ? &p->after->before : &h->last) = p->before;
    h->held--;
    free(p);
}

/* What is held and is next. */
static void pass_held(struct replay *r, unsigned from)
{
    struct half *h = &r->half[from];

    while (h->first && h->first->pos == h->next) {
        struct piece *p = h->first;

        pass(r, from, p->bytes, p->len, &p->when);
        drop(h, p);
    }
}

/* Give up waiting for what lies before the first piece. */
static void pass_over(struct replay *r, unsigned from)
{
    struct half *h = &r->half[from];
    uint64_t gap = h->first->pos - h->next;

    pass(r, from, hf_span(NULL, 0), gap, &h->first->when);
    pass_held(r, from);
}

/* ---- holding ------------------------------------------------------------------------- */

/* The first @n bytes of a segment whose captured part is @bytes. */
static struct hf_span first_of(struct hf_span bytes, uint64_t n)
{
    return n < bytes.len ? hf_span_first(bytes, (size_t)n) : bytes;
}

static struct hf_span after_of(struct hf_span bytes, uint64_t n)
{
    return n < bytes.len ? hf_span_after(bytes, (size_t)n) : hf_span(NULL, 0);
}

/* A piece behind @before (NULL: at the front). */
static struct piece *put(struct half *h, struct piece *before, uint64_t pos,
                         struct hf_span bytes, uint64_t len,
                         const struct capture_when *when)
{
    struct piece *p = malloc(sizeof(*p));

    if (!p)
        return NULL;
    *p = (struct piece){ before, before ? before->after : h->first,
                         pos,    len,
                         bytes,  *when };
    *(before ? &before->after : &h->first) = p;
    *(p->after ? &p->after->before : &h->last) = p;
    h->held++;
    return p;
}

/* Hold what of [pos, pos + len) is not held yet. */
static bool hold(struct half *h, uint64_t pos, struct hf_span bytes,
                 uint64_t len, const struct capture_when *when)
{
    struct piece *p = h->last;

    while (p && p->pos > pos)
        p = p->before;
    while (len) {
        struct piece *behind = p ? p->after : h->first;
        uint64_t seen = p && p->pos + p->len > pos ? p->pos + p->len - pos : 0;
        uint64_t free_len = len;

        if (seen >= len)
            return true;
        pos += seen;
        bytes = after_of(bytes, seen);
        len -= seen;
        free_len = behind && behind->pos - pos < len ? behind->pos - pos : len;
        if (free_len) {
            p = put(h, p, pos, first_of(bytes, free_len), free_len, when);
            if (!p)
                return false;
        }
        pos += free_len;
        bytes = after_of(bytes, free_len);
        len -= free_len;
        p = behind;
    }
    return true;
}

/* ---- segments ------------------------------------------------------------------------ */

static bool take_data(struct replay *r, const struct capture_segment *s)
{
    struct half *h = &r->half[s->from];
    struct hf_span bytes = hf_span(s->at, s->captured);
    int64_t at = position(h, s->seq + (s->flags & CAPTURE_SYN ? 1 : 0));
    uint64_t len = s->len, pos = (uint64_t)at;

    if (at < (int64_t)h->next) { /* seen, or a part of it */
        uint64_t seen = (uint64_t)((int64_t)h->next - at);

        if (seen >= len)
            return true;
        bytes = after_of(bytes, seen);
        len -= seen;
        pos = h->next;
    }
    if (pos - h->next > WINDOW_MAX)
        return true; /* no segment of this connection */
    if (!h->first && pos == h->next) {
        pass(r, s->from, bytes, len, &r->now);
        return true;
    }
    if (!hold(h, pos, bytes, len, &r->now))
        return false;
    pass_held(r, s->from);
    return true;
}

static void tell_end(struct replay *r, unsigned from)
{
    struct half *h = &r->half[from];

    if (!h->fin || h->told || h->next < h->end)
        return;
    h->told = true;
    r->to->end(r->to->ctx, from, false, &r->now);
}

/* Acknowledged bytes have arrived: they will not be sent again. */
static void note_ack(struct replay *r, const struct capture_segment *s)
{
    struct half *h = &r->half[!s->from];
    int64_t at;

    if (!(s->flags & CAPTURE_ACK) || !h->begun)
        return;
    at = position(h, s->ack);
    if (at > (int64_t)h->acked && (uint64_t)at - h->next <= WINDOW_MAX)
        h->acked = (uint64_t)at;
}

static void lose_patience(struct replay *r)
{
    for (unsigned from = 0; from < 2; from++) {
        struct half *h = &r->half[from];

        if (h->first && h->acked > h->next)
            h->waited++;
        if (h->first && (h->waited > PATIENCE || h->held > CAPTURE_HELD_MAX))
            pass_over(r, from);
        tell_end(r, from);
    }
}

static bool take(struct replay *r, const struct capture_segment *s)
{
    struct half *h = &r->half[s->from];

    r->now = (struct capture_when){ s->time, s->number };
    if (s->flags & CAPTURE_RST) {
        if (!h->told)
            r->to->end(r->to->ctx, s->from, true, &r->now);
        h->told = true;
        return true;
    }
    begin(h, s);
    note_ack(r, s);
    if (s->len && !take_data(r, s))
        return false;
    if (s->flags & CAPTURE_FIN && !h->fin) {
        int64_t at = position(h, s->seq + s->len);

        h->fin = true;
        h->end = at > 0 ? (uint64_t)at : 0;
    }
    lose_patience(r);
    return true;
}

bool capture_replay(const struct capture *c, size_t which,
                    const struct capture_listener *to)
{
    struct replay r = { .to = to };
    bool good = true;

    for (uint32_t i = c->stream[which].first; i && good;
         i = c->segment[i - 1].next)
        good = take(&r, &c->segment[i - 1]);
    for (unsigned from = 0; from < 2; from++) {
        struct half *h = &r.half[from];

        while (good && h->first)
            pass_over(&r, from);
        while (h->first)
            drop(h, h->first);
        tell_end(&r, from);
    }
    return good;
}
