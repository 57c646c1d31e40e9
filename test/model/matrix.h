/* matrix.h - one cell of the matrix: a thing, at the end of a way, in a form. */
#ifndef HF_MATRIX_H
#define HF_MATRIX_H

#include "explore.h"

enum { WAY_MAX = 12 };
enum form {
    IN_PIECES,
    IN_THE_CLEAR,
    EMPTY,
    LARGEST,
    TOO_LONG,
    HUGE,
    BEHIND,
    AGAIN,
    AHEAD,
    LATE,
    OFTEN,
    IN_BETWEEN,
    OTHER_KEYS,
    FORMS
};

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
    const struct hf_direction *as; /* OTHER_KEYS: these */
    enum say say;
    struct verdict due; /* of the model, as if it came whole */
    bool turns;         /* the last of the way moved keys or the turn */
    bool skips;         /* early data that was refused may be under way */
};

/* Play the first @len of the way. */
bool cell_walk(struct play *p, const struct cell *c, size_t len);
/* Does the form exist there?  @in: under which the peer speaks. */
bool cell_applies(enum form form, const struct cell *c, uint8_t type,
                  const struct hf_direction *in);
/* What is said is these bytes, in a record of that type.  @p has gone the way,
 * but for BEHIND, which takes the last of it along.  True: as it should be. */
bool cell_try(enum form form, struct play *p, const struct cell *c,
              uint8_t type, struct hf_span bytes);
const char *form_name(enum form form);

#endif
