/* reassemble.c - handshake messages out of records, however they were cut.
 *
 *   record   [ msg A | msg B | msg C begins ]   [ ... C ends ]
 *   handed out where they lie: A, B              copied: C
 *
 * A message's size is judged by its first four bytes, before anything of it is
 * kept, and memory grows with bytes that came, never with bytes announced. */
#include "record/record.h"

#include <assert.h>

enum {
    MESSAGE_HEADER = 4,
    CLIENT_HELLO = 1,
    CERTIFICATE = 11,
    COMPRESSED_CERTIFICATE = 25
};

void hf_reassembly_add(struct hf_reassembly *r, struct hf_span fragment)
{
    assert(!r->now.len);
    r->now = fragment;
}

/* Length of the message whose header is at @p, header counted; 0: too long. */
static size_t message_len(const uint8_t *p, struct hf_error *error)
{
    size_t len = hf_number(p + 1, 3), max = HF_MESSAGE_MAX;

    if (p[0] == CLIENT_HELLO)
        max = HF_HELLO_MAX;
    else if (p[0] == CERTIFICATE || p[0] == COMPRESSED_CERTIFICATE)
        max = HF_CHAIN_BYTES_MAX;
    if (len > max) {
        hf_fail(error, HF_E_TOO_LARGE,
                "a message of type %u announces %z bytes, at most %z",
                (unsigned)p[0], len, max);
        return 0;
    }
    return MESSAGE_HEADER + len;
}

/* Move up to @want bytes in all from the record to those that are kept. */
static bool gather(struct hf_reassembly *r, size_t want, struct hf_error *error)
{
    size_t have = r->kept.end - r->kept.start;
    size_t take = want > have ? want - have : 0;

    if (take > r->now.len)
        take = r->now.len;
    if (!hf_buffer_add(&r->kept, hf_span_first(r->now, take)))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    r->now = hf_span_after(r->now, take);
    return true;
}

/* A message that began in an earlier record. */
static bool next_kept(struct hf_reassembly *r, struct hf_span *message,
                      struct hf_error *error)
{
    size_t len;

    if (!gather(r, MESSAGE_HEADER, error))
        return false;
    *message = hf_buffer_bytes(&r->kept);
    if (message->len < MESSAGE_HEADER)
        return false;
    len = message_len(message->at, error);
    if (!len || !gather(r, len, error))
        return false;
    *message = hf_buffer_bytes(&r->kept);
    if (message->len < len)
        return false;
    message->len = len;
    r->lent = len;
    return true;
}

/* What the last message occupied is free again. */
static void drop_lent(struct hf_reassembly *r)
{
    hf_buffer_drop(&r->kept, r->lent);
    r->lent = 0;
}

bool hf_reassembly_next(struct hf_reassembly *r, struct hf_span *message,
                        struct hf_error *error)
{
    size_t len;

    drop_lent(r);
    if (r->kept.at)
        return next_kept(r, message, error);
    if (r->now.len < MESSAGE_HEADER)
        return false;
    len = message_len(r->now.at, error);
    if (!len || len > r->now.len)
        return false;
    *message = hf_span_first(r->now, len);
    r->now = hf_span_after(r->now, len);
    return true;
}

bool hf_reassembly_empty(const struct hf_reassembly *r)
{
    return !r->now.len && r->kept.end - r->kept.start == r->lent;
}

bool hf_reassembly_save(struct hf_reassembly *r, struct hf_error *error)
{
    drop_lent(r);
    if (r->now.len && !hf_buffer_add(&r->kept, r->now))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    r->now = hf_span(NULL, 0);
    return true;
}

void hf_reassembly_wipe(struct hf_reassembly *r)
{
    hf_buffer_wipe(&r->kept);
    *r = (struct hf_reassembly){ .lent = 0 };
}
