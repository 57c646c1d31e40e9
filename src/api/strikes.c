/* strikes.c - which hellos with early data have been here (RFC 8446 8.2), in
 * memory.
 *
 *     by the second in which a hello stops being of today:
 *
 *        [ 0..8 )      [ 8..16 )     [ 16..24 )    [ 24..32 )     then 0 again
 *        id, id, id    id            id, id
 *
 * A hello is of today for some twenty seconds, and its copies stop being so in
 * the same second, so that a claim looks into one generation only, and the oldest
 * is forgotten as a whole when time comes round to its place.  Each is a hash
 * table without chains; ids are digests, and however an attacker chooses them,
 * only so many places are looked at.  So a claim takes the same time always.
 *
 * What has been forgotten is known by one number: of hellos that stopped being
 * of today until then, nothing can be said.  At the beginning that is one
 * window's worth, for somebody else may have been here before, in the last run,
 * for one; and a clock that goes back meets it again. */
#include "api/api.h"

#include <pthread.h>

enum {
    SPAN = 8,        /* seconds of one generation */
    GENERATIONS = 4, /* more than one window behind each other */
    WINDOW = 2 * HF_EARLY_WINDOW + 2,
    LOOKS = 32 /* places at most for one id */
};
_Static_assert((GENERATIONS - 1) * SPAN >= WINDOW, "WINDOW");

struct strike {
    int64_t expires; /* in another generation: nobody's any more */
    uint8_t id[HF_STRIKE_LEN];
};

struct generation {
    int64_t number; /* seconds / SPAN */
    size_t count;
    struct strike *at;
};

struct hf_strike_register {
    pthread_mutex_t lock;
    struct hf_strikes interface;
    size_t max, places; /* claims and room for them, of each generation */
    int64_t forgotten;  /* nothing is known of what expired until then */
    struct generation generations[GENERATIONS];
};

/* ---- one claim; whoever calls has the lock ----------------------------------- */

/* The generation of @expires, in place of an older one; NULL if it is of the
 * past itself. */
static struct generation *generation_of(struct hf_strike_register *r,
                                        int64_t expires)
{
    int64_t number = expires / SPAN;
    struct generation *g = &r->generations[number % GENERATIONS];
    int64_t last = (g->number + 1) * SPAN - 1;

    if (g->number > number)
        return NULL;
    if (g->number < number) {
        if (g->count && r->forgotten < last)
            r->forgotten = last;
        g->count = 0;
        g->number = number;
    }
    return expires > r->forgotten ? g : NULL;
}

static enum hf_strike claim_in(const struct hf_strike_register *r,
                               struct generation *g, const uint8_t *id,
                               int64_t expires)
{
    size_t at = (size_t)hf_load64(id);

    for (size_t i = 0; i < LOOKS; i++) {
        struct strike *s = &g->at[(at + i) & (r->places - 1)];

        if (s->expires / SPAN == g->number) {
            if (hf_equal(s->id, id, HF_STRIKE_LEN))
                return HF_STRIKE_SEEN;
            continue;
        }
        if (g->count >= r->max)
            break;
        s->expires = expires;
        hf_copy(s->id, id, HF_STRIKE_LEN);
        g->count++;
        return HF_STRIKE_NEW;
    }
    return HF_STRIKE_UNKNOWN; /* it is full */
}

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires)
{
    struct hf_strike_register *r = ctx;
    struct generation *g;
    enum hf_strike said = HF_STRIKE_UNKNOWN;

    /* What nobody may ask for, and what cannot be remembered for so long. */
    if (expires <= 0 || expires < now || expires - now > WINDOW)
        return said;
    if (pthread_mutex_lock(&r->lock))
        return said;
    g = generation_of(r, expires);
    if (g)
        said = claim_in(r, g, id, expires);
    pthread_mutex_unlock(&r->lock);
    return said;
}

/* ---- made and freed ------------------------------------------------------------ */

static size_t places_for(size_t max)
{
    size_t places = 2 * LOOKS;

    while (places < 2 * max)
        places *= 2;
    return places;
}

static bool make_room(struct hf_strike_register *r)
{
    for (size_t i = 0; i < GENERATIONS; i++) {
        r->generations[i].at = hf_alloc(r->places * sizeof(struct strike));
        if (!r->generations[i].at)
            return false;
    }
    return true;
}

struct hf_strike_register *hf_strike_register_new(size_t max_claims,
                                                  hf_clock_fn *now, void *ctx)
{
    struct hf_strike_register *r;

    if (!max_claims || max_claims > HF_STRIKE_CLAIMS_MAX)
        return NULL;
    r = hf_alloc(sizeof(*r));
    if (!r)
        return NULL;
    r->max = max_claims;
    r->places = places_for(max_claims);
    r->forgotten = (now ? now : hf_system_clock)(ctx) + WINDOW;
    r->interface = (struct hf_strikes){ r, claim };
    if (pthread_mutex_init(&r->lock, NULL)) {
        hf_free(r, sizeof(*r));
        return NULL;
    }
    if (make_room(r))
        return r;
    hf_strike_register_free(r);
    return NULL;
}

void hf_strike_register_free(struct hf_strike_register *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < GENERATIONS; i++)
        hf_free(r->generations[i].at, r->places * sizeof(struct strike));
    pthread_mutex_destroy(&r->lock);
    hf_free(r, sizeof(*r));
}

const struct hf_strikes *hf_strike_register_interface(
    const struct hf_strike_register *r)
{
    return r ? &r->interface : NULL;
}
