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
 * A segment also says what its sender had heard by then (its acknowledgement),
 * and is held until that was passed on too: an answer comes after its question,
 * whatever the capture did to the packets.
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
    PATIENCE = 32,        /* packets, for what may not come any more */
    WINDOW_MAX = 1 << 30, /* RFC 7323 2.3: no segment lies farther ahead */
};

/* Some bytes that wait for earlier ones. */
struct piece {
    struct piece *before, *after;
    uint64_t pos, len;
    uint64_t heard;       /* how much of the other direction, by then */
    struct hf_span bytes; /* the first of them; the rest was not captured */
    struct capture_when when;
};

struct half {
    bool begun;
    uint32_t base; /* the number of the byte at position 0 */
    uint64_t next, acked;
    uint64_t excused; /* nobody waits for bytes before this any more */
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

/* Was what its sender had heard passed on before? */
static bool has_cause(const struct half *other, uint64_t heard)
{
    return !other->begun || heard <= other->next || heard <= other->excused;
}

/* What is held and is next; true: there was some. */
static bool pass_some(struct replay *r, unsigned from)
{
    struct half *h = &r->half[from];
    bool some = false;

    while (h->first && h->first->pos == h->next &&
           has_cause(&r->half[!from], h->first->heard)) {
        struct piece *p = h->first;

        pass(r, from, p->bytes, p->len, &p->when);
        drop(h, p);
        some = true;
    }
    return some;
}

/* The same of both directions, which may wait for each other in turn. */
static void pass_held(struct replay *r)
{
    while (pass_some(r, 0) || pass_some(r, 1))
        ;
}

static bool has_gap(const struct half *h)
{
    return h->first && h->first->pos > h->next;
}

/* Give up waiting for what lies before the first piece, or for its cause; if
 * that lies behind a gap of its own, that gap is it. */
static void pass_over(struct replay *r, unsigned from)
{
    struct half *h = &r->half[from], *other = &r->half[!from];
    struct piece *p = h->first;

    if (!has_gap(h) && has_gap(other)) {
        from = !from;
        h = other;
        p = h->first;
    }
    if (p->pos > h->next)
        pass(r, from, hf_span(NULL, 0), p->pos - h->next, &p->when);
    else if (p->heard > other->excused)
        other->excused = p->heard;
    pass_held(r);
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
static struct piece *put(struct half *h, struct piece *before,
                         const struct piece *like, struct hf_span bytes,
                         uint64_t len)
{
    struct piece *p = malloc(sizeof(*p));

    if (!p)
        return NULL;
    *p = *like;
    p->before = before;
    p->after = before ? before->after : h->first;
    p->bytes = bytes;
    p->len = len;
    *(before ? &before->after : &h->first) = p;
    *(p->after ? &p->after->before : &h->last) = p;
    h->held++;
    return p;
}

/* Hold what of it is not held yet. */
static bool hold(struct half *h, struct piece new)
{
    struct piece *p = h->last;

    while (p && p->pos > new.pos)
        p = p->before;
    while (new.len) {
        struct piece *behind = p ? p->after : h->first;
        uint64_t seen = 0, free_len;

        if (p && p->pos + p->len > new.pos)
            seen = p->pos + p->len - new.pos;
        if (seen >= new.len)
            return true;
        new.pos += seen;
        new.bytes = after_of(new.bytes, seen);
        new.len -= seen;
        free_len = new.len;
        if (behind && behind->pos - new.pos < new.len)
            free_len = behind->pos - new.pos;
        if (free_len &&
            !put(h, p, &new, first_of(new.bytes, free_len), free_len))
            return false;
        new.pos += free_len;
        new.bytes = after_of(new.bytes, free_len);
        new.len -= free_len;
        p = behind;
    }
    return true;
}

/* ---- segments ------------------------------------------------------------------------ */

/* How much of the other direction the sender of @s had heard. */
static uint64_t heard_by(const struct replay *r,
                         const struct capture_segment *s)
{
    const struct half *other = &r->half[!s->from];
    int64_t at;

    if (!(s->flags & CAPTURE_ACK) || !other->begun)
        return 0;
    at = position(other, s->ack);
    return at > 0 && at <= (int64_t)other->next + WINDOW_MAX ? (uint64_t)at : 0;
}

static bool take_data(struct replay *r, const struct capture_segment *s)
{
    struct half *h = &r->half[s->from];
    int64_t at = position(h, s->seq + (s->flags & CAPTURE_SYN ? 1 : 0));
    struct piece new = { .pos = (uint64_t)at,
                         .len = s->len,
                         .heard = heard_by(r, s),
                         .bytes = hf_span(s->at, s->captured),
                         .when = r->now };

    if (at < (int64_t)h->next) { /* seen, or a part of it */
        uint64_t seen = (uint64_t)((int64_t)h->next - at);

        if (seen >= new.len)
            return true;
        new.bytes = after_of(new.bytes, seen);
        new.len -= seen;
        new.pos = h->next;
    }
    if (new.pos - h->next > WINDOW_MAX)
        return true; /* no segment of this connection */
    if (!hold(h, new))
        return false;
    pass_held(r);
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
    uint64_t heard = heard_by(r, s);

    if (heard > h->acked)
        h->acked = heard;
}

static void lose_patience(struct replay *r)
{
    for (unsigned from = 0; from < 2; from++) {
        struct half *h = &r->half[from];

        if (h->first && (h->acked > h->next || h->first->pos == h->next))
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
    while (good && (r.half[0].first || r.half[1].first))
        pass_over(&r, !r.half[0].first);
    for (unsigned from = 0; from < 2; from++) {
        while (r.half[from].first)
            drop(&r.half[from], r.half[from].first);
        if (good)
            tell_end(&r, from);
    }
    return good;
}
