/* window.c - bytes from the peer that were read and not yet opened.
 *
 * While bytes move it is one whole record long; while they do not it is exactly
 * as long as the part of a record that came, which for an idle connection is
 * nothing.  A peer that announces a record and then sends none of it costs us
 * five bytes.
 */
#include "api/api.h"

void hf_window_wipe(struct hf_window *w)
{
    if (!w->borrowed)
        hf_free(w->at, w->cap);
    *w = (struct hf_window){ 0 };
}

bool hf_window_trim(struct hf_window *w)
{
    struct hf_window kept = { 0 };
    size_t live = w->end - w->start;

    if (live && !w->borrowed && w->cap == live)
        return true;
    if (live) {
        kept = (struct hf_window){ hf_alloc(live), 0, live, live, false };
        if (!kept.at)
            return !w->borrowed; /* too much memory is better than none */
        hf_copy(kept.at, w->at + w->start, live);
    }
    hf_window_wipe(w);
    *w = kept;
    return true;
}

bool hf_window_room(struct hf_window *w)
{
    size_t live = w->end - w->start;
    struct hf_window whole = { NULL, 0, live, HF_RECORD_MAX, false };

    if (w->cap >= HF_RECORD_MAX) {
        if (w->start)
            hf_move(w->at, w->at + w->start, live);
        w->start = 0;
        w->end = live;
        return true;
    }
    whole.at = hf_alloc(whole.cap);
    if (!whole.at)
        return false;
    hf_copy(whole.at, live ? w->at + w->start : NULL, live);
    hf_window_wipe(w);
    *w = whole;
    return true;
}

void hf_window_borrow(struct hf_window *w, uint8_t *buf, size_t len)
{
    size_t live = w->end - w->start;

    hf_copy(buf, live ? w->at + w->start : NULL, live);
    hf_window_wipe(w);
    *w = (struct hf_window){ buf, 0, live, len, true };
}
