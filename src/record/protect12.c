/* protect12.c - sealing and opening records of TLS 1.2, AEAD only (RFC 5246
 * 6.2.3.3, RFC 5288 3, RFC 7905 2).
 *
 *   AES-GCM    header(5) | explicit nonce(8) | AEAD( data ) | tag(16)
 *   ChaCha20   header(5) |                     AEAD( data ) | tag(16)
 *
 * What is authenticated is not the header as it travels but the sequence
 * number, the type, the version and the length of the data.  The type is in
 * the clear; there is no padding. */
#include "record/record.h"

enum { AAD_LEN = 13, SALT_LEN = 4 };

static void make_aad(uint8_t *aad, uint64_t seq, uint8_t type, size_t len)
{
    hf_store_number(aad, seq, 8);
    aad[8] = type;
    hf_store_number(aad + 9, 0x0303, 2);
    hf_store_number(aad + 11, len, 2);
}

/* With an explicit nonce: the salt, and what the record carries.  Without:
 * the IV with the sequence number folded into its end. */
static void make_nonce(const struct hf_direction *d, const uint8_t *explicit,
                       uint8_t *nonce)
{
    uint8_t seq[8];

    hf_copy(nonce, d->iv, HF_NONCE_LEN);
    if (d->explicit_len) {
        hf_copy(nonce + SALT_LEN, explicit, d->explicit_len);
        return;
    }
    hf_store_number(seq, d->seq, 8);
    for (size_t i = 0; i < 8; i++)
        nonce[HF_NONCE_LEN - 8 + i] ^= seq[i];
}

bool hf_record_open12(struct hf_direction *d, const struct hf_frame *frame,
                      struct hf_span *plain, struct hf_error *error)
{
    size_t extra = (size_t)d->explicit_len + HF_TAG_LEN;
    struct hf_span body = { frame->body, frame->len };
    uint8_t nonce[HF_NONCE_LEN], aad[AAD_LEN];
    struct hf_open one = { .nonce = nonce, .aad = HF_SPAN(aad) };
    bool opened;

    if (frame->len < extra)
        return hf_fail(error, HF_E_BAD_RECORD_MAC,
                       "%z bytes cannot hold a nonce and a tag", frame->len);
    if (frame->len - extra > hf_record_most(d))
        return hf_fail(error, HF_E_RECORD_OVERFLOW,
                       "%z bytes inside, at most %z", frame->len - extra,
                       hf_record_most(d));
    if (d->seq == UINT64_MAX)
        return hf_fail(error, HF_E_SEQUENCE_END, NULL);
    make_nonce(d, frame->body, nonce);
    make_aad(aad, d->seq++, frame->type, frame->len - extra);
    one.in = hf_span_after(body, d->explicit_len);
    one.out = frame->body + d->explicit_len;
    opened = d->aead->open(d->state, &one);
    hf_wipe(nonce, sizeof(nonce)); /* it tells the salt or the IV */
    if (!opened)
        return hf_fail(error, HF_E_BAD_RECORD_MAC, "record number %z",
                       (size_t)(d->seq - 1));
    *plain = hf_span(one.out, frame->len - extra);
    return true;
}

size_t hf_record_seal12(struct hf_direction *d, uint8_t type,
                        struct hf_span data, uint8_t *out,
                        struct hf_error *error)
{
    size_t len = d->explicit_len + data.len + HF_TAG_LEN;
    uint8_t nonce[HF_NONCE_LEN], aad[AAD_LEN];
    uint8_t *explicit = out + HF_HEADER_LEN;
    struct hf_seal one = { .nonce = nonce,
                           .aad = HF_SPAN(aad),
                           .in = data,
                           .out = explicit + d->explicit_len };
    bool sealed;

    if (d->seq >= d->aead->seal_limit) {
        hf_fail(error, HF_E_SEQUENCE_END, "%z records under one key",
                (size_t)d->seq);
        return 0;
    }
    out[0] = type;
    hf_store_number(out + 1, 0x0303, 2);
    hf_store_number(out + 3, len, 2);
    /* The explicit nonce is the sequence number: it never repeats. */
    hf_store_number(explicit, d->seq, d->explicit_len);
    make_nonce(d, explicit, nonce);
    make_aad(aad, d->seq++, type, data.len);
    sealed = d->aead->seal(d->state, &one);
    hf_wipe(nonce, sizeof(nonce));
    if (sealed)
        return HF_HEADER_LEN + len;
    hf_fail(error, HF_E_CRYPTO, "%s could not seal", d->aead->name);
    return 0;
}
