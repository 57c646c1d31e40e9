/* matrix.c - every place of every kind of endpoint, and there every thing that
 * can be said, in every form in which it can come (forms.c).  A server's place is
 * tried once for each hello that leads there.  What it means is what the model
 * (model.h) says. */
#define HF_UNPOISONED
#include "matrix.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_MAX = 32, HELLOS = SAY_HELLO_TICKET + 2 };
enum { WAYS = PLACES_MAX * HELLOS };

/* Every direction with keys that this endpoint, or its peer, ever has. */
struct keys {
    struct hf_direction at[KEYS_MAX];
    size_t count;
};

/* ---- ways ----------------------------------------------------------------------- */

static void walk(struct model *m, const struct scenario *scenario,
                 const struct way *way, struct verdict *last)
{
    model_begin(m, scenario, last);
    for (size_t i = 0; i < way->len; i++)
        model_hear(m, way->said[i], last);
}

/* Where the way ends: at that place, with that hello in force. */
static size_t end_of(const struct model *m)
{
    size_t hello = m->hello < HELLOS - 1 ? m->hello : HELLOS - 1;

    return m->at * (size_t)HELLOS + hello;
}

/* Breadth first; false: nothing new was found. */
static bool extend(struct way *ways, struct cast *cast)
{
    bool found = false;

    for (size_t from = 0; from < WAYS; from++)
        for (unsigned say = 0; ways[from].known && say < SAYS; say++) {
            struct way next = ways[from];
            struct verdict v;
            struct model m;

            if (next.len == WAY_MAX || !play_can(cast, say))
                continue;
            next.said[next.len++] = say;
            walk(&m, cast->scenario, &next, &v);
            if (m.over ||
                (ways[end_of(&m)].known && ways[end_of(&m)].len <= next.len))
                continue;
            ways[end_of(&m)] = next;
            found = true;
        }
    return found;
}

static void find_ways(struct way *ways, struct cast *cast)
{
    struct verdict v;
    struct model m;

    memset(ways, 0, WAYS * sizeof(*ways));
    model_begin(&m, cast->scenario, &v);
    ways[end_of(&m)].known = true;
    while (extend(ways, cast))
        continue;
}

/* ---- keys ------------------------------------------------------------------------------- */

static void note_keys(struct keys *keys, const struct hf_direction *d)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->at[i].state[0] == d->state[0])
            return;
    if (d->aead && keys->count < KEYS_MAX)
        keys->at[keys->count++] = *d;
}

/* All on the way, and two generations more. */
static void note_keys_of(struct keys *keys, struct cast *cast,
                         const struct way *way)
{
    struct play p;
    struct verdict v;
    bool ok = play_begin(&p, cast, &v);

    for (size_t i = 0; ok && i < way->len + 2; i++) {
        enum say say = i < way->len ? way->said[i] : SAY_KEY_UPDATE_ASK;

        ok = play_say(&p, say, &v) && !v.failed;
        note_keys(keys, &p.victim->session.in);
        note_keys(keys, &p.victim->session.out);
    }
    play_end(&p);
}

static void find_keys(struct keys *keys, struct cast *cast,
                      const struct way *ways)
{
    memset(keys, 0, sizeof(*keys));
    for (size_t at = 0; at < WAYS; at++)
        if (ways[at].known)
            note_keys_of(keys, cast, &ways[at]);
    for (size_t i = 0; i < EXTRAS; i++)
        note_keys(keys, &cast->hellos[i][0].early);
}

/* ---- the matrix ---------------------------------------------------------------------- */

static bool try(const struct cell *c, enum form form, struct count *count)
{
    static struct play ahead_of, play;
    uint8_t bytes[LINE_ROOM], type = 0;
    size_t len = 0;
    bool ok = cell_walk(&ahead_of, c, c->way->len);

    if (ok)
        len = play_write(&ahead_of, c->say, bytes, sizeof(bytes), &type);
    if (ok && len &&
        cell_applies(form, c, type, &ahead_of.victim->session.in)) {
        ok = cell_walk(&play, c, c->way->len - (form == BEHIND)) &&
             cell_try(form, &play, c, type, hf_span(bytes, len));
        play_end(&play);
        count->cells++;
        count->foreign += form == OTHER_KEYS;
    }
    play_end(&ahead_of);
    return ok;
}

static bool complain(const struct cell *c, const struct model *m,
                     enum form form, struct count *count)
{
    count->disagreed = true;
    if (!count->quiet)
        printf("# %s, at %s, %s comes %s%s: not as the model has it (%s "
               "\"%s\")\n",
               c->cast->scenario->name, model_place(m->at), say_name(c->say),
               form_name(form), c->skips ? ", may be skipped" : "",
               c->due.failed ? "refused with" : "accepted with", c->due.spoken);
    return false;
}

/* One thing in all forms. */
static bool try_forms(struct cell *c, const struct model *m,
                      const struct keys *keys, struct count *count)
{
    bool ok = true;

    for (unsigned form = 0; form < FORMS; form++) {
        size_t times = form == OTHER_KEYS ? keys->count : 1;

        for (size_t i = 0; i < times; i++) {
            c->as = &keys->at[i];
            if (!try(c, form, count))
                ok = complain(c, m, form, count);
        }
    }
    return ok;
}

/* Everything, at the end of one way. */
static bool try_all(struct cast *cast, const struct way *way,
                    const struct keys *keys, struct count *count)
{
    bool ok = true;

    for (unsigned say = 0; say < SAYS; say++) {
        struct cell c = { .cast = cast, .way = way, .say = say };
        struct model m, after;
        struct verdict last;

        if (!play_can(cast, say))
            continue;
        walk(&m, cast->scenario, way, &last);
        c.turns = *last.spoken || m.ready || m.keyed;
        c.skips = m.skips;
        after = m;
        model_hear(&after, say, &c.due);
        ok &= try_forms(&c, &m, keys, count);
    }
    return ok;
}

bool explore_matrix(struct cast *cast, struct count *count)
{
    static struct way ways[WAYS];
    static struct keys keys;
    bool ok = true;

    find_ways(ways, cast);
    find_keys(&keys, cast, ways);
    for (size_t at = 0; at < WAYS; at++)
        if (ways[at].known)
            ok &= try_all(cast, &ways[at], &keys, count);
    return ok;
}
