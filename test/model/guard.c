/* guard.c - see guard.h.
 *
 * The guard knows no table.  It looks at what was said and at what became of it,
 * and knows five sentences that must hold of every sequence there is.  Where the
 * model and the library were wrong in the same way, it would still object. */
#define HF_UNPOISONED
#include "guard.h"

#include <string.h>

const char *promise_name(enum promise promise)
{
    static const char *const names[PROMISES] = {
        [KEPT] = "none",
        [PROVED] = "connected only with chain, signature and Finished proved",
        [QUIET] = "no application data before",
        [COUNTED] = "no record is dropped in silence",
        [PROGRESS] = "progress on every call",
        [ONE_ALERT] = "one alert",
    };

    return promise < PROMISES ? names[promise] : "?";
}

/* A proof that was heard and not refused. */
static enum promise note_proof(struct guard *g, unsigned is, enum say say)
{
    switch ((int)say) {
    case SAY_CERTIFICATE:
    case SAY_COMPRESSED:
        g->chain = true;
        g->signature |= (is & (RSA | IS_SERVER)) == RSA; /* by its Finished */
        return KEPT;
    case SAY_SERVER_KX:
    case SAY_VERIFY: g->signature = true; return KEPT;
    case SAY_FINISHED: g->finished = true; return KEPT;
    case SAY_SERVER_PSK:
    case SAY_SERVER_TICKET:
    case SAY_SERVER_RENEWS:
    case SAY_SERVER_KEY: g->known = true; return KEPT;
    case SAY_HELLO_EARLY: g->early = is & EARLY; /* fall through */
    case SAY_HELLO_PSK:
    case SAY_HELLO_TICKET: g->known = !(is & LOSES); return KEPT;
    case SAY_HELLO_KEY: g->known = !(is & REQUIRES); return KEPT;
    case SAY_BAD_VERIFY:
    case SAY_BAD_FINISHED: return PROVED;
    default: return KEPT;
    }
}

/* A client knows its server.  A server knows its client if it requires that; a
 * certificate that was shown must be proved either way. */
static bool is_proved(const struct guard *g, unsigned is)
{
    bool shown = g->chain && g->signature && !(is & DOUBTS);

    if (!g->finished)
        return false;
    if (g->known || shown)
        return true;
    return is & IS_SERVER && !(is & REQUIRES) && !g->chain;
}

/* It ends with one alert, unless it was the peer's that ended it; nothing is
 * said behind one, and none is said by who goes on. */
static bool is_one_alert(struct guard *g, enum say say, const struct verdict *v)
{
    const char *alert = strstr(v->spoken, "alert");
    bool said_before = g->alerts != 0;

    if (g->over)
        return !*v->spoken;
    for (const char *at = alert; at; at = strstr(at + 1, "alert"))
        g->alerts++;
    if (alert && (said_before || strchr(alert, ' ')))
        return false;
    if (v->failed)
        return g->alerts == 1 || (say >= SAY_CLOSE && !g->alerts);
    return !g->alerts;
}

static enum promise judge(struct guard *g, unsigned is, enum say say,
                          const struct verdict *v, const struct deeds *deeds)
{
    if (deeds->stuck)
        return PROGRESS;
    if (deeds->idle)
        return COUNTED;
    if (!is_one_alert(g, say, v))
        return ONE_ALERT;
    if ((v->data && !g->ready) || (v->early && (g->ready || !g->early)))
        return QUIET;
    if (!v->failed && !g->over && !g->ready && note_proof(g, is, say) != KEPT)
        return PROVED;
    if (v->ready && !g->ready && !is_proved(g, is))
        return PROVED;
    return KEPT;
}

enum promise guard_hear(struct guard *g, unsigned is, enum say say,
                        const struct verdict *v, const struct deeds *deeds)
{
    enum promise broken = judge(g, is, say, v, deeds);

    g->ready |= v->ready;
    g->over |= v->failed || v->closed;
    return broken;
}
