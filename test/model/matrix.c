/* matrix.c - every place of every kind of endpoint, and there every thing that
 * can be said, in every form in which it can come:
 *
 *   in pieces     a byte to a record: means the same as in one
 *   in the clear  where there are keys: refused
 *   empty         a message without its body: refused, unless it has none
 *   huge          one that says it has 16,777,215 bytes: refused at its header
 *   behind        in one record with what was said before it: the same, but
 *                 refused where keys change or the turn ends in between
 *                 (RFC 8446 5.1)
 *
 * What it means is what the model (model.h) says. */
#define HF_UNPOISONED
#include "cast.h"

#include <stdio.h>
#include <string.h>

enum form { IN_PIECES, IN_THE_CLEAR, EMPTY, HUGE, BEHIND, FORMS };
static const char *const form_names[FORMS] = { "in pieces", "in the clear",
                                               "empty", "huge", "behind" };

enum { WAY_MAX = 12, UNDECODABLE = 50 };

/* The shortest way to a place. */
struct way {
    enum say said[WAY_MAX];
    size_t len;
    bool known;
};

/* One cell: at the end of this way, that is said. */
struct cell {
    struct cast *cast;
    const struct way *way;
    enum say say;
    struct verdict due; /* of the model, as if it came whole */
    bool turns;         /* the last of the way moved keys or the turn */
};

/* ---- ways ----------------------------------------------------------------------- */

static void walk(struct model *m, const struct scenario *scenario,
                 const struct way *way, struct verdict *last)
{
    model_begin(m, scenario, last);
    for (size_t i = 0; i < way->len; i++)
        model_hear(m, way->said[i], last);
}

/* Breadth first; false: nothing new was found. */
static bool extend(struct way *ways, struct cast *cast)
{
    struct play any = { .cast = cast };
    bool found = false;

    for (size_t from = 0; from < model_places(); from++)
        for (unsigned say = 0; ways[from].known && say < SAYS; say++) {
            struct way next = ways[from];
            struct verdict v;
            struct model m;

            if (next.len == WAY_MAX || !play_can(&any, say))
                continue;
            next.said[next.len++] = say;
            walk(&m, cast->scenario, &next, &v);
            if (m.over || (ways[m.at].known && ways[m.at].len <= next.len))
                continue;
            ways[m.at] = next;
            found = true;
        }
    return found;
}

static void find_ways(struct way *ways, struct cast *cast)
{
    struct verdict v;
    struct model m;

    memset(ways, 0, PLACES_MAX * sizeof(*ways));
    model_begin(&m, cast->scenario, &v);
    ways[m.at].known = true;
    while (extend(ways, cast))
        continue;
}

/* ---- cells ---------------------------------------------------------------------- */

static bool play_way(struct play *p, const struct cell *c, size_t len)
{
    struct verdict v;

    if (!play_begin(p, c->cast, &v))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!play_say(p, c->way->said[i], &v) || v.failed)
            return false;
    return true;
}

/* Refused, and nothing else. */
static bool refused(const struct verdict *v)
{
    return v->failed && !v->ready && !v->data && !v->early && !v->closed;
}

static bool as_due(const struct cell *c, const struct verdict *v)
{
    return v->failed == c->due.failed && v->ready == c->due.ready &&
           v->data == c->due.data && v->early == c->due.early &&
           v->closed == c->due.closed;
}

static bool in_pieces(struct play *p, const struct cell *c, uint8_t type,
                      struct hf_span bytes)
{
    struct verdict v = { .failed = false };

    for (size_t i = 0; i < bytes.len && !v.failed; i++)
        if (!play_deliver(p, type, hf_span(bytes.at + i, 1), false, &v))
            return false;
    return as_due(c, &v) && !strcmp(v.spoken, c->due.spoken);
}

/* Where there are no keys it is not another form. */
static bool in_the_clear(struct play *p, const struct cell *c, uint8_t type,
                         struct hf_span bytes)
{
    struct verdict v;

    if (!p->victim->session.in.aead ||
        (type == HF_CONTENT_CCS && !p->victim->session.in.tls12))
        return true;
    (void)c;
    return play_deliver(p, type, bytes, true, &v) && refused(&v);
}

static bool has_body(enum say say)
{
    return say != SAY_HELLO_DONE && say != SAY_HELLO_REQUEST &&
           say != SAY_END_OF_EARLY_DATA && say != SAY_UNKNOWN;
}

static bool empty(struct play *p, const struct cell *c, uint8_t type,
                  struct hf_span bytes)
{
    uint8_t message[4] = { bytes.at[0] };
    char alert[16];
    struct verdict v;

    if (!has_body(c->say))
        return true;
    snprintf(alert, sizeof(alert), "alert%d", UNDECODABLE);
    return play_deliver(p, type, HF_SPAN(message), false, &v) && refused(&v) &&
           (c->due.failed || strstr(v.spoken, alert));
}

static bool huge(struct play *p, const struct cell *c, uint8_t type,
                 struct hf_span bytes)
{
    uint8_t message[64] = { bytes.at[0], 0xff, 0xff, 0xff };
    struct verdict v;

    (void)c;
    return play_deliver(p, type, HF_SPAN(message), false, &v) && refused(&v);
}

/* @bytes were written by somebody who was a step ahead. */
static bool behind(struct play *p, const struct cell *c, uint8_t type,
                   struct hf_span bytes)
{
    uint8_t both[LINE_ROOM];
    size_t first = play_write(p, c->way->said[c->way->len - 1], both,
                              sizeof(both), &type);
    struct verdict v;

    if (!first || type != HF_CONTENT_HANDSHAKE)
        return true;
    if (bytes.len > sizeof(both) - first)
        return false;
    memcpy(both + first, bytes.at, bytes.len);
    if (!play_deliver(p, type, hf_span(both, first + bytes.len), false, &v))
        return false;
    return c->turns || c->due.failed ? refused(&v) : as_due(c, &v);
}

/* ---- the matrix ---------------------------------------------------------------------- */

typedef bool form_fn(struct play *p, const struct cell *c, uint8_t type,
                     struct hf_span bytes);
static form_fn *const forms[FORMS] = { in_pieces, in_the_clear, empty, huge,
                                       behind };

/* Do these forms exist for what is no handshake message? */
static bool applies(enum form form, const struct cell *c, uint8_t type)
{
    return form == IN_THE_CLEAR ||
           (type == HF_CONTENT_HANDSHAKE && (form != BEHIND || c->way->len));
}

static bool try(const struct cell *c, enum form form, unsigned long *tried)
{
    static struct play ahead, play;
    uint8_t bytes[LINE_ROOM], type = 0;
    size_t len = 0;
    bool ok = play_way(&ahead, c, c->way->len);

    if (ok)
        len = play_write(&ahead, c->say, bytes, sizeof(bytes), &type);
    if (ok && len && applies(form, c, type)) {
        ok = play_way(&play, c, c->way->len - (form == BEHIND)) &&
             forms[form](&play, c, type, hf_span(bytes, len));
        play_end(&play);
        ++*tried;
    }
    play_end(&ahead);
    return ok;
}

static void complain(const struct cell *c, const struct model *m,
                     enum form form)
{
    printf("# %s, at %s, %s comes %s: not as the model has it (%s \"%s\")\n",
           c->cast->scenario->name, model_place(m->at), say_name(c->say),
           form_names[form], c->due.failed ? "refused with" : "accepted with",
           c->due.spoken);
}

/* Everything, at the end of one way. */
static unsigned try_all(struct cast *cast, const struct way *way,
                        unsigned long *tried)
{
    struct play any = { .cast = cast };
    unsigned bad = 0;

    for (unsigned say = 0; say < SAYS; say++) {
        struct cell c = { .cast = cast, .way = way, .say = say };
        struct model m, after;
        struct verdict last;

        walk(&m, cast->scenario, way, &last);
        c.turns = *last.spoken || m.ready || m.keyed;
        after = m;
        model_hear(&after, say, &c.due);
        for (unsigned form = 0; play_can(&any, say) && form < FORMS; form++)
            if (!try(&c, form, tried)) {
                complain(&c, &m, form);
                bad++;
            }
    }
    return bad;
}

int main(void)
{
    static struct cast cast;
    static struct way ways[PLACES_MAX];
    unsigned long tried = 0;
    unsigned failed = 0;

    for (size_t i = 0; i < scenario_count; i++) {
        unsigned long before = tried;
        unsigned bad = !cast_open(&cast, &scenarios[i]);

        if (!bad)
            find_ways(ways, &cast);
        for (size_t at = 0; !bad && at < model_places(); at++)
            if (ways[at].known)
                bad += try_all(&cast, &ways[at], &tried);
        cast_close(&cast);
        failed += bad != 0;
        printf("%s %zu - %s: %lu cells\n", bad ? "not ok" : "ok", i + 1,
               scenarios[i].name, tried - before);
    }
    printf("# > %lu cells of place, input and form\n1..%zu\n", tried,
           scenario_count);
    return failed ? 1 : 0;
}
