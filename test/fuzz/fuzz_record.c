/* fuzz_record.c - records and what is put together from them.
 *
 * Half of the inputs are bytes that are to be records: whatever
 * hf_frame_next() says lies within them, says the same of more bytes, and
 * what it opens is never longer than what came.  The other half are handshake
 * messages and places to cut them: however they are cut into records, the
 * same messages come out. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "mild.h"
#include "record/record.h"

#include <stdlib.h>
#include <string.h>

enum { CUTS = 16, MESSAGES_MAX = 64 };

/* ---- bytes that are to be records -------------------------------------------------- */

static void check_opened(struct hf_direction *d, const struct hf_frame *frame)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span plain;
    uint8_t type;

    if (!hf_record_open(d, frame, &type, &plain, &error)) {
        MUST(error.code != HF_OK);
        return;
    }
    MUST(plain.len <= frame->len && (!plain.len || plain.at == frame->body));
    MUST(!d->aead || type != 0);
}

static void read_frames(uint8_t *bytes, size_t size, unsigned version,
                        bool sealed)
{
    static const uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];
    struct hf_error error = { .code = HF_OK };
    struct hf_direction d = { .aead = NULL };
    struct hf_frame frame, again;

    if (sealed)
        MUST(hf_direction_set(&d, NULL, mild_provider.aeads[0], key, iv,
                              HF_TRAFFIC, &error));
    for (size_t at = 0; at < size;) {
        struct hf_error other = { .code = HF_OK };
        enum hf_frame_result result = hf_frame_next(
            &frame, bytes + at, size - at, version, sealed, &error);

        if (result == HF_FRAME_PART)
            break;
        if (result == HF_FRAME_BAD) {
            MUST(error.code != HF_OK);
            break;
        }
        MUST(frame.len <= size - at - HF_HEADER_LEN);
        /* Not a byte less would have done. */
        MUST(hf_frame_next(&again, bytes + at, HF_HEADER_LEN + frame.len - 1,
                           version, sealed, &other) == HF_FRAME_PART);
        check_opened(&d, &frame);
        at += HF_HEADER_LEN + frame.len;
    }
    hf_direction_wipe(&d);
}

/* ---- messages, cut -------------------------------------------------------------------- */

struct found {
    size_t count, bytes;
    uint32_t sum;
    unsigned code;
};

static void note(struct found *found, struct hf_span message)
{
    found->count++;
    found->bytes += message.len;
    for (size_t i = 0; i < message.len; i++)
        found->sum = found->sum * 31 + message.at[i];
}

/* Give @size bytes in pieces that end at each of @cuts; a cut is a length. */
static struct found put_together(const uint8_t *bytes, size_t size,
                                 const uint8_t *cuts, size_t count)
{
    struct hf_reassembly r = { .lent = 0 };
    struct found found = { .count = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;

    for (size_t at = 0, i = 0; at < size && !error.code; i++) {
        size_t len = count ? 1u + cuts[i % count] : size - at;

        if (len > size - at)
            len = size - at;
        hf_reassembly_add(&r, hf_span(bytes + at, len));
        while (hf_reassembly_next(&r, &message, &error))
            note(&found, message);
        MUST(error.code || hf_reassembly_save(&r, &error));
        at += len;
    }
    MUST(error.code || found.bytes <= size);
    MUST(error.code || hf_reassembly_empty(&r) == (found.bytes == size));
    found.code = error.code;
    hf_reassembly_wipe(&r);
    return found;
}

static void check_cuts(const uint8_t *cuts, const uint8_t *bytes, size_t size)
{
    struct found whole = put_together(bytes, size, NULL, 0);
    struct found pieces = put_together(bytes, size, cuts, CUTS);
    struct found single = put_together(bytes, size, (uint8_t[1]){ 0 }, 1);

    MUST(whole.count == pieces.count && whole.sum == pieces.sum);
    MUST(whole.code == pieces.code);
    MUST(whole.count == single.count && whole.sum == single.sum);
    MUST(whole.code == single.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size < 1 + CUTS)
        return 0;
    copy = malloc(size);
    MUST(copy);
    memcpy(copy, data, size);
    if (data[0] & 1)
        check_cuts(data + 1, data + 1 + CUTS, size - 1 - CUTS);
    else
        read_frames(copy + 1, size - 1, data[0] & 2 ? 0x0304 : 0,
                    (data[0] & 4) != 0);
    free(copy);
    return 0;
}
