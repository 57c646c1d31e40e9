/* shelf.h - a place to keep sessions in, for tests: a few of them, nothing but
 * the interface's promises, and a clock that stands until it is set. */
#ifndef HF_SHELF_H
#define HF_SHELF_H

#include "engine/duet.h"

enum { SHELF_ROOM = 16, SHELF_KEY_MAX = 64 };

struct shelf {
    struct {
        uint8_t key[SHELF_KEY_MAX], session[HF_SESSION_MAX];
        size_t key_len, len;
        int64_t expires;
    } at[SHELF_ROOM];
    size_t count, puts, gets; /* what is there, and what was ever asked */
    bool refuses;             /* put says no */
};
struct hf_sessions shelf_sessions(struct shelf *shelf);

extern int64_t shelf_now; /* seconds since 1970 */
int64_t shelf_clock(void *ctx);

#endif
