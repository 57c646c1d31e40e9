/* explore.h - the ways to try everything: sequence by sequence (sequences.c), by
 * states (states.c), and each form of each thing at each place (matrix.c). */
#ifndef HF_EXPLORE_H
#define HF_EXPLORE_H

#include "guard.h"

enum { DEPTH_MAX = 40 };

/* What was seen, of all scenarios. */
struct count {
    unsigned long sequences, connected, failed; /* tried one by one */
    unsigned long states, steps;                /* by states, and ... */
    double covered;                             /* sequences they stand for */
    unsigned long cells, foreign;               /* of the matrix */
    bool met[PLACES_MAX][SAYS]; /* this was said at that place */
    /* Of the first that was wrong: the model disagreed, or a promise was
     * broken. */
    bool disagreed;
    enum promise broken;
    bool quiet;      /* say nothing about it */
    bool guard_only; /* and do not listen to the model */
};

/* Somewhere in a play, with the library, the model and the guard. */
struct point {
    struct play play;
    struct model model;
    struct guard guard;
};
bool point_begin(struct point *p, struct cast *cast, struct count *count);
/* The last of @said is said; false: it is not as it should be, which is told.
 * *failed, *ready: what became of it. */
bool point_say(struct point *p, const enum say *said, size_t len,
               struct count *count, struct verdict *became);
void point_end(struct point *p);

bool explore_sequences(struct cast *cast, size_t depth, struct count *count);
/* Only where plays can be put aside (shelf.h). */
bool explore_states(struct cast *cast, size_t depth, struct count *count);
bool explore_matrix(struct cast *cast, struct count *count);

/* Can plays be put aside in this build? */
bool explore_can_copy(void);

#endif
