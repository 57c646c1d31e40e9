/* states.c - every sequence there is, by states: two sequences after which all
 * bytes are the same have one future, and only the shorter is continued.
 *
 * "All bytes" is meant so: what the library has allocated for the connection,
 * pointers and counters included, where it lies (shelf.c); the play; the model;
 * and the guard.  Nothing else can be written, so nothing else can matter.  They
 * are compared by a digest of 128 bits.  Sequences are taken by length, so a
 * state is first met with the most steps before it.
 *
 * How many sequences that stands for is counted along the graph of states. */
#define HF_UNPOISONED
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

struct state {
    struct digest digest;
    uint8_t said[DEPTH_MAX]; /* a shortest way to it */
    uint8_t len;
    bool over;
    uint32_t next[SAYS];
};

struct graph {
    struct state *states;
    size_t count, room;
    uint32_t *table; /* of digests; a power of two */
    size_t slots;
    bool no_memory;
};

/* ---- states that are known ----------------------------------------------------------- */

static bool rehash(struct graph *g, size_t slots)
{
    free(g->table);
    g->table = malloc(slots * sizeof(*g->table));
    g->slots = slots;
    if (!g->table)
        return false;
    memset(g->table, 0xff, slots * sizeof(*g->table));
    for (size_t i = 0; i < g->count; i++) {
        size_t at = g->states[i].digest.a & (slots - 1);

        while (g->table[at] != NOWHERE)
            at = (at + 1) & (slots - 1);
        g->table[at] = (uint32_t)i;
    }
    return true;
}

static bool grow(struct graph *g)
{
    size_t room = g->room ? 2 * g->room : 1024;
    struct state *more = realloc(g->states, room * sizeof(*more));

    if (!more)
        return false;
    g->states = more;
    g->room = room;
    return rehash(g, 4 * room);
}

/* Which state is this?  A new one was reached by @said. */
static uint32_t find(struct graph *g, const struct point *p,
                     const enum say *said, size_t len)
{
    struct digest d = shelf_digest(p, sizeof(*p));
    struct state *s;
    size_t at;

    if (g->count == g->room && !grow(g)) {
        g->no_memory = true;
        return NOWHERE;
    }
    at = d.a & (g->slots - 1);
    for (; g->table[at] != NOWHERE; at = (at + 1) & (g->slots - 1)) {
        const struct digest *known = &g->states[g->table[at]].digest;

        if (known->a == d.a && known->b == d.b)
            return g->table[at];
    }
    g->table[at] = (uint32_t)g->count;
    s = &g->states[g->count];
    memset(s, 0, sizeof(*s));
    memset(s->next, 0xff, sizeof(s->next));
    s->digest = d;
    s->len = (uint8_t)len;
    s->over = p->guard.over;
    for (size_t i = 0; i < len; i++)
        s->said[i] = (uint8_t)said[i];
    return (uint32_t)g->count++;
}

/* ---- one state -------------------------------------------------------------------------- */

/* Play the way to it. */
static bool reach(struct point *p, struct cast *cast, const struct state *s,
                  enum say *said, struct count *count)
{
    struct verdict v;
    bool ok = point_begin(p, cast, count);

    for (size_t i = 0; ok && i < s->len; i++) {
        said[i] = s->said[i];
        ok = point_say(p, said, i + 1, count, &v);
    }
    return ok;
}

/* Say everything to it.  What was over is not continued. */
static unsigned expand(struct graph *g, uint32_t which, struct cast *cast,
                       struct snapshot *shot, struct count *count)
{
    struct state s = g->states[which];
    enum say said[DEPTH_MAX + 1];
    struct point from, p;
    unsigned wrong = 0;

    if (!reach(&from, cast, &s, said, count) || !shelf_save(shot))
        return 1;
    for (unsigned say = 0; say < SAYS; say++) {
        struct verdict v;
        uint32_t next = which;

        if (!play_can(cast, say))
            continue;
        shelf_restore(shot);
        p = from;
        play_resume(&p.play);
        said[s.len] = say;
        count->steps++;
        if (!point_say(&p, said, s.len + 1u, count, &v)) {
            wrong++;
            continue;
        }
        if (!s.over)
            next = find(g, &p, said, s.len + 1u);
        g->states[which].next[say] = next; /* find() may have moved them */
    }
    shelf_restore(shot);
    p = from;
    play_resume(&p.play);
    point_end(&p);
    return wrong;
}

/* ---- how many sequences that is --------------------------------------------------------- */

/* How many sequences end in each state after one thing more. */
static double advance(const struct graph *g, const double *now, double *then)
{
    double all = 0;

    memset(then, 0, g->count * sizeof(*then));
    for (size_t i = 0; i < g->count; i++) {
        const struct state *s = &g->states[i];

        for (unsigned say = 0; now[i] > 0 && say < SAYS; say++) {
            if (s->next[say] == NOWHERE)
                continue;
            all += now[i];
            if (!s->over)
                then[s->next[say]] += now[i];
        }
    }
    return all;
}

static double count_sequences(const struct graph *g, size_t depth)
{
    size_t size = g->count * sizeof(double); /* calloc is the shelf's */
    double *now = malloc(size), *then = malloc(size), *swap, all = 0;

    if (now && then) {
        memset(now, 0, size);
        now[0] = 1;
        for (size_t i = 0; i < depth; i++) {
            all += advance(g, now, then);
            swap = now;
            now = then;
            then = swap;
        }
    }
    free(now);
    free(then);
    return all;
}

/* ---- all of them ------------------------------------------------------------------------------ */

static bool begin(struct graph *g, struct cast *cast, struct count *count)
{
    struct point p;
    bool ok = point_begin(&p, cast, count);

    if (ok)
        find(g, &p, NULL, 0);
    point_end(&p);
    return ok && !g->no_memory;
}

bool explore_states(struct cast *cast, size_t depth, struct count *count)
{
    struct graph g = { .states = NULL };
    struct snapshot shot = { NULL, 0, 0 };
    unsigned wrong = 0;

    if (!shelf_is_open()) {
        printf("# states cannot be told apart in this build\n");
        return false;
    }
    if (!begin(&g, cast, count))
        return false;
    for (size_t i = 0; i < g.count && wrong < 10 && !g.no_memory; i++)
        if (g.states[i].len < depth)
            wrong += expand(&g, (uint32_t)i, cast, &shot, count);
    count->states += g.count;
    count->covered += count_sequences(&g, depth);
    shelf_drop(&shot);
    free(g.states);
    free(g.table);
    return !wrong && !g.no_memory;
}
