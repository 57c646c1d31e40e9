/* protect13.c - sealing and opening records of TLS 1.3 (RFC 8446 5.2).
 *
 *   header(5) | AEAD( data | type | zeroes ) | tag(16)
 *       \_____ authenticated as it was received
 *
 * The nonce is the IV with the sequence number folded into its end; both live
 * in struct hf_direction and are used nowhere else. */
#include "record/record.h"

/* Records kept free below the limit for the KeyUpdate itself and what is
 * already on its way. */
enum { WORN_MARGIN = 64 };

enum { STRIP_BLOCK = 64 };

bool hf_direction_set(struct hf_direction *d, void *self,
                      const struct hf_aead *aead, const uint8_t *key,
                      const uint8_t *iv, enum hf_epoch epoch,
                      struct hf_error *error)
{
    hf_direction_wipe(d);
    if (!aead->load(self, d->state, key))
        return hf_fail(error, HF_E_CRYPTO, "%s refused its key", aead->name);
    d->aead = aead;
    hf_copy(d->iv, iv, HF_NONCE_LEN);
    d->epoch = (uint8_t)epoch;
    return true;
}

void hf_direction_wipe(struct hf_direction *d)
{
    if (d->aead)
        d->aead->unload(d->state);
    hf_wipe(d, sizeof(*d));
}

bool hf_direction_worn(const struct hf_direction *d)
{
    return d->aead && d->aead->seal_limit - d->seq <= WORN_MARGIN;
}

/* RFC 8446 5.3, for the sequence number that is next. */
static void next_nonce(const struct hf_direction *d, uint8_t *nonce)
{
    uint8_t seq[8];

    hf_copy(nonce, d->iv, HF_NONCE_LEN);
    hf_store_number(seq, d->seq, 8);
    for (size_t i = 0; i < 8; i++)
        nonce[HF_NONCE_LEN - 8 + i] ^= seq[i];
}

/* The last block of @plain that is not all zeroes, found by looking at all of
 * them, whichever it is. */
static size_t last_block(struct hf_span plain)
{
    uint64_t where = 0;

    for (size_t at = 0; plain.len - at >= STRIP_BLOCK; at += STRIP_BLOCK) {
        const uint8_t *p = plain.at + at;
        uint64_t mask, any = ((hf_load64(p) | hf_load64(p + 8)) |
                              (hf_load64(p + 16) | hf_load64(p + 24))) |
                             ((hf_load64(p + 32) | hf_load64(p + 40)) |
                              (hf_load64(p + 48) | hf_load64(p + 56)));

        mask = 0 - ((any | (0 - any)) >> 63);
        where = (where & ~mask) | (at & mask);
    }
    return (size_t)where;
}

/* The last byte of @part that is not zero: its place, and itself in *type; all
 * are looked at.  *type is 0 if there is none. */
static size_t last_byte(struct hf_span part, uint8_t *type)
{
    uint32_t where = 0, kind = 0;

    for (size_t i = 0; i < part.len; i++) {
        uint32_t zero = hf_mask_zero(part.at[i]);

        where = (where & zero) | (~zero & (uint32_t)i);
        kind = (kind & zero) | (~zero & part.at[i]);
    }
    *type = (uint8_t)kind;
    return where;
}

/* Where the type stands, and itself in *type, 0 if there is none: behind the last
 * whole block, or in the last block that is not zero.  Both are looked at,
 * whichever it is. */
static size_t last_of_all(struct hf_span plain, uint8_t *type)
{
    size_t blocks = plain.len - plain.len % STRIP_BLOCK, at = 0;
    uint8_t behind, before = 0;
    size_t where = last_byte(hf_span_after(plain, blocks), &behind), other = 0;
    size_t mask = 0 - (size_t)(hf_mask_zero(behind) & 1);

    if (blocks) {
        at = last_block(plain);
        HF_DECLASSIFY(&at, sizeof(at));
        other = last_byte(hf_span_first(hf_span_after(plain, at), STRIP_BLOCK),
                          &before);
    }
    *type = hf_select_ct((uint32_t)mask, before, behind);
    return (mask & (at + other)) | (~mask & (blocks + where));
}

/* Cut zeroes and the type off the end.  The search always covers the whole
 * record: how long it takes says nothing about where the padding begins
 * (RFC 8446 E.3). */
static bool strip(struct hf_span *plain, uint8_t *type, struct hf_error *error)
{
    size_t len;

    HF_SECRET(plain->at, plain->len);
    len = last_of_all(*plain, type);
    HF_DECLASSIFY(plain->at, plain->len);
    HF_DECLASSIFY(type, sizeof(*type));
    HF_DECLASSIFY(&len, sizeof(len));
    if (!*type)
        return hf_fail(error, HF_E_RECORD_EMPTY,
                       "%z bytes of padding and nothing else", plain->len);
    plain->len = len;
    return true;
}

static bool too_long(struct hf_error *error, size_t len, size_t most)
{
    return hf_fail(error, HF_E_RECORD_OVERFLOW, "%z bytes inside, at most %z",
                   len, most);
}

bool hf_record_open(struct hf_direction *d, const struct hf_frame *frame,
                    uint8_t *type, struct hf_span *plain,
                    struct hf_error *error)
{
    uint8_t nonce[HF_NONCE_LEN];
    struct hf_open one = {
        nonce, frame->header, { frame->body, frame->len }, frame->body
    };
    size_t whole = 1 + (d->limit.whole ? hf_record_most(d) : HF_PLAINTEXT_MAX);
    bool opened;

    *type = frame->type;
    *plain = hf_span(frame->body, frame->len);
    if (!d->aead)
        return frame->len <= hf_record_most(d) ||
               too_long(error, frame->len, hf_record_most(d));
    if (d->tls12)
        return hf_record_open12(d, frame, plain, error);
    /* RFC 8446 5.2: whatever is sealed travels as application data. */
    if (frame->type != HF_CONTENT_DATA)
        return hf_fail(error, HF_E_RECORD_TYPE,
                       "record type %u in the clear after keys were agreed",
                       (unsigned)frame->type);
    if (frame->len < HF_TAG_LEN)
        return hf_fail(error, HF_E_BAD_RECORD_MAC, "%z bytes cannot hold a tag",
                       frame->len);
    /* RFC 8446 5.3: it "MUST NOT" wrap.  A sender stops at seal_limit. */
    if (d->seq == UINT64_MAX)
        return hf_fail(error, HF_E_SEQUENCE_END, NULL);
    next_nonce(d, nonce);
    opened = d->aead->open(d->state, &one);
    hf_wipe(nonce, sizeof(nonce)); /* it tells the IV */
    if (!opened)
        return hf_fail(error, HF_E_BAD_RECORD_MAC, "record number %z",
                       (size_t)d->seq);
    /* Only what was opened is counted: what was skipped (RFC 8446 4.2.10) was
     * not sealed with these keys. */
    d->seq++;
    plain->len = frame->len - HF_TAG_LEN;
    if (plain->len > whole)
        return too_long(error, plain->len, whole);
    return strip(plain, type, error) &&
           (plain->len <= hf_record_most(d) ||
            too_long(error, plain->len, hf_record_most(d)));
}

/* Content, type and zeroes to where they will be sealed. */
static struct hf_span lay_out(uint8_t *at, struct hf_span data, uint8_t type,
                              size_t zeroes)
{
    hf_move(at, data.at, data.len);
    at[data.len] = type;
    hf_fill(at + data.len + 1, 0, zeroes);
    return hf_span(at, data.len + 1 + zeroes);
}

size_t hf_record_seal(struct hf_direction *d, uint8_t type,
                      unsigned wire_version, struct hf_span data, uint8_t *out,
                      struct hf_error *error)
{
    uint8_t nonce[HF_NONCE_LEN];
    size_t zeroes = hf_record_padding(d, data.len);
    size_t len = d->aead ? data.len + 1 + zeroes + HF_TAG_LEN : data.len;
    struct hf_seal one = { .nonce = nonce,
                           .aad = { out, HF_HEADER_LEN },
                           .in = data,
                           .tail = { &type, 1 },
                           .out = out + HF_HEADER_LEN };
    bool sealed;

    if (d->tls12)
        return hf_record_seal12(d, type, data, out, error);
    out[0] = d->aead ? HF_CONTENT_DATA : type;
    hf_store_number(out + 1, d->aead ? 0x0303 : wire_version, 2);
    hf_store_number(out + 3, len, 2);
    if (!d->aead) {
        hf_move(out + HF_HEADER_LEN, data.at, data.len);
        return HF_HEADER_LEN + len;
    }
    if (d->seq >= d->aead->seal_limit) {
        hf_fail(error, HF_E_SEQUENCE_END, "%z records under one key",
                (size_t)d->seq);
        return 0;
    }
    next_nonce(d, nonce);
    d->seq++; /* whatever happens, it is not used again */
    if (zeroes) {
        one.in = lay_out(one.out, data, type, zeroes);
        one.tail = hf_span(NULL, 0);
    }
    sealed = d->aead->seal(d->state, &one);
    hf_wipe(nonce, sizeof(nonce));
    if (!sealed) {
        hf_fail(error, HF_E_CRYPTO, "%s could not seal", d->aead->name);
        return 0;
    }
    return HF_HEADER_LEN + len;
}
