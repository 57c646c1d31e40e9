/* shelf.c - see shelf.h. */
#include "engine/shelf.h"

#include "engine/taint.h"

#include <assert.h>

int64_t shelf_now;

int64_t shelf_clock(void *ctx)
{
    (void)ctx;
    return shelf_now;
}

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct shelf *shelf = ctx;
    size_t i = shelf->count;

    taint_leaves("a session's key", key);
    taint_leaves("a session that is kept", session);
    shelf->puts++;
    if (shelf->refuses || i == SHELF_ROOM)
        return false;
    assert(key.len <= SHELF_KEY_MAX && session.len <= HF_SESSION_MAX);
    hf_copy(shelf->at[i].key, key.at, key.len);
    hf_copy(shelf->at[i].session, session.at, session.len);
    shelf->at[i].key_len = key.len;
    shelf->at[i].len = session.len;
    shelf->at[i].expires = expires;
    shelf->count++;
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    struct shelf *shelf = ctx;

    taint_leaves("a session's key", key);
    shelf->gets++;
    for (size_t i = shelf->count; i-- > 0;) {
        size_t len = shelf->at[i].len;

        if (!hf_span_equal(key,
                           hf_span(shelf->at[i].key, shelf->at[i].key_len)) ||
            (out && len > cap))
            continue;
        if (!out)
            return len;
        hf_copy(out, shelf->at[i].session, len);
        if (take) {
            shelf->count--;
            hf_move(&shelf->at[i], &shelf->at[i + 1],
                    (shelf->count - i) * sizeof(shelf->at[0]));
        }
        return len;
    }
    return 0;
}

struct hf_sessions shelf_sessions(struct shelf *shelf)
{
    return (struct hf_sessions){ shelf, put, get };
}
