/* guard.h - five promises, whatever the model says: see guard.c. */
#ifndef HF_GUARD_H
#define HF_GUARD_H

#include "cast.h"

enum promise {
    KEPT,
    PROVED,   /* connected only with chain, signature and Finished proved */
    QUIET,    /* no application data before */
    COUNTED,  /* no record is dropped in silence */
    PROGRESS, /* on every call */
    ONE_ALERT,
    PROMISES
};
const char *promise_name(enum promise promise);

/* What was said so far that proves something. */
struct guard {
    bool chain, signature, finished, known, early;
    bool ready, over;
    unsigned alerts;
};
/* One thing was said, and that became of it.  Which promise is broken? */
enum promise guard_hear(struct guard *g, unsigned is, enum say say,
                        const struct verdict *v, const struct deeds *deeds);

#endif
