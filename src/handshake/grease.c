/* grease.c - values that mean nothing (RFC 8701), and extensions in any order:
 * what keeps servers from breaking on what they do not know.
 *
 * Numbers are drawn once for a handshake and stay, since the second ClientHello
 * must be as the first (RFC 8446 4.1.2).  Nothing that is said here is in the
 * lists that an answer is held against, so that a peer that chooses one of them
 * is refused as it is for anything else that was not offered. */
#include "handshake/verbs.h"

/* Fisher and Yates.  Two bytes for a place among a few dozen: that some are
 * likelier by one in a thousand harms nobody. */
static bool draw_order(struct hf_handshake *hs)
{
    uint8_t drawn[2 * HF_EXT_COUNT];

    if (!hf_random(&hs->settings->crypto, drawn, sizeof(drawn)))
        return hf_fail(hs->error, HF_E_RANDOM, NULL);
    for (unsigned e = 0; e < HF_EXT_COUNT; e++)
        hs->order[e] = (uint8_t)e;
    for (size_t left = HF_EXT_COUNT; left > 1; left--) {
        size_t other = hf_number(drawn + 2 * (left - 1), 2) % left;
        uint8_t last = hs->order[left - 1];

        hs->order[left - 1] = hs->order[other];
        hs->order[other] = last;
    }
    hs->ordered = true;
    return true;
}

bool hf_grease_draw(struct hf_handshake *hs)
{
    if (hs->settings->grease && !hs->greased) {
        if (!hf_random(&hs->settings->crypto, hs->grease, sizeof(hs->grease)))
            return hf_fail(hs->error, HF_E_RANDOM, NULL);
        hs->greased = true;
    }
    return !hs->settings->permute || hs->ordered ||
           hs->session->role == HF_SERVER || draw_order(hs);
}

/* 0x0a0a, 0x1a1a ... 0xfafa (RFC 8701 2). */
unsigned hf_grease(const struct hf_handshake *hs, enum hf_grease_use use)
{
    unsigned high = hs->grease[use] & 0xf0u;

    if (!hs->greased)
        return 0;
    /* No extension may come twice. */
    if (use == HF_GREASE_LAST && high == (hs->grease[HF_GREASE_FIRST] & 0xf0u))
        high ^= 0x10;
    return (high | 0x0a) * 0x0101;
}

void hf_grease_extension(const struct hf_handshake *hs, enum hf_grease_use use,
                         struct hf_writer *w)
{
    unsigned number = hf_grease(hs, use);

    if (!number)
        return;
    hf_put(w, number, 2);
    /* One is empty and one is not: both may be met. */
    if (use == HF_GREASE_LAST) {
        hf_put(w, 1, 2);
        hf_put(w, 0, 1);
    } else {
        hf_put(w, 0, 2);
    }
}

struct hf_span hf_grease_list(const struct hf_handshake *hs,
                              enum hf_grease_use use,
                              const struct hf_numbers *list, uint8_t *room)
{
    unsigned number = hf_grease(hs, use);
    unsigned more = number ? 2 : 0;

    hf_store_number(room, number, more);
    return hf_span(room, more + hf_numbers_write(list, room + more).len);
}
