/* shelf.h - the memory of a play, which can be put aside and fetched back: see
 * shelf.c. */
#ifndef HF_SHELF_H
#define HF_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest {
    uint64_t a, b;
};
struct digest digest_bytes(const void *bytes, size_t len);

/* All that the library allocates from here on lies on the shelf, which is
 * empty; until shelf_close(). */
void shelf_open(void);
void shelf_close(void);
bool shelf_is_open(void);
/* What lies there now stays, and is no part of what follows. */
void shelf_set_stage(void);
/* Was nothing on the stage ever changed? */
bool shelf_stage_is_whole(void);

/* What a play consists of, but for the stage. */
struct snapshot {
    uint8_t *bytes;
    size_t len, room;
};
/* False: no memory. */
bool shelf_save(struct snapshot *to);
void shelf_restore(const struct snapshot *from);
void shelf_drop(struct snapshot *shot);

/* A digest of all bytes that a snapshot would hold, and of @more: two plays
 * with the same are the same, and whatever is said to both has the same
 * effect. */
struct digest shelf_digest(const void *more, size_t len);

#endif
