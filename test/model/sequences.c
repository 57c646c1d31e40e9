/* sequences.c - every sequence there is, one by one, the longest first.
 *
 * What has failed or was closed stays so: such a sequence is given one more
 * thing of each kind to hear, and not continued beyond that.  All others are
 * continued in all ways.  Where plays can be put aside (shelf.h), each is taken
 * up where its beginning ended; else it is played from its own beginning. */
#define HF_UNPOISONED
#include "explore.h"

#include <string.h>

/* What was put aside after so many things. */
struct stop {
    struct point point;
    struct snapshot shot;
};

static bool keep(struct stop *stop, const struct point *p)
{
    stop->point = *p;
    return !shelf_is_open() || shelf_save(&stop->shot);
}

/* Go back to where @len things of @said have been said. */
static bool go_back(struct point *p, const struct stop *stop,
                    const enum say *said, size_t len, struct count *count)
{
    struct cast *cast = stop->point.play.cast;
    struct verdict v;
    bool ok;

    if (shelf_is_open()) {
        shelf_restore(&stop->shot);
        *p = stop->point;
        play_resume(&p->play);
        return true;
    }
    point_end(p);
    ok = point_begin(p, cast, count);
    for (size_t i = 0; ok && i < len; i++)
        ok = point_say(p, said, i + 1, count, &v);
    return ok;
}

/* The last of @said is said.  *alive: it may be continued. */
static bool try(struct point *p, const struct stop *from, const enum say *said,
                size_t len, struct count *count, bool *alive)
{
    bool over = from->point.guard.over, ok;
    struct verdict v = { .failed = false };

    ok = go_back(p, from, said, len - 1, count) &&
         point_say(p, said, len, count, &v);
    count->sequences++;
    count->connected += v.ready;
    count->failed += v.failed;
    *alive = ok && !over;
    return ok;
}

/* All sequences of at most @depth. */
bool explore_sequences(struct cast *cast, size_t depth, struct count *count)
{
    static struct stop stops[DEPTH_MAX + 1];
    enum say said[DEPTH_MAX + 1] = { 0 };
    struct point p;
    size_t len = 1;
    unsigned wrong = 0;

    if (!point_begin(&p, cast, count) || !keep(&stops[0], &p))
        return false;
    while (len > 0 && wrong < 10) {
        bool alive = false;

        if (said[len - 1] == SAYS) {
            len--;
            if (len)
                said[len - 1]++;
            continue;
        }
        if (play_can(cast, said[len - 1]) &&
            !try(&p, &stops[len - 1], said, len, count, &alive))
            wrong++;
        if (alive && len < depth && keep(&stops[len], &p))
            said[len++] = 0;
        else
            said[len - 1]++;
    }
    point_end(&p);
    for (size_t i = 0; i <= DEPTH_MAX; i++)
        shelf_drop(&stops[i].shot);
    return !wrong;
}
