/* record.h - what travels: one direction of traffic, records out of bytes,
 * handshake messages out of records, and both the other way round.
 *
 *   bytes -> hf_frame_next -> hf_record_open -> data, alerts, CCS
 *                                            -> hf_reassembly -> messages
 *   bytes <- hf_record_seal <- hf_fragment <- messages, data, alerts
 */
#ifndef HF_RECORD_H
#define HF_RECORD_H

#include "base/base.h"
#include "crypto/suite.h"
#include "wire/wire.h"

enum hf_content {
    HF_CONTENT_CCS = 20,
    HF_CONTENT_ALERT = 21,
    HF_CONTENT_HANDSHAKE = 22,
    HF_CONTENT_DATA = 23
};

/* The keys that a record travels under. */
enum hf_epoch { HF_PLAIN, HF_EARLY_DATA, HF_HANDSHAKE, HF_TRAFFIC };

enum {
    HF_HEADER_LEN = 5,
    HF_PLAINTEXT_MAX = 16384, /* RFC 8446 5.1 */
    HF_EXPANSION_MAX = 256,   /* RFC 8446 5.2 */
    /* What a record adds to its data: in TLS 1.3 a type inside; at most, in
     * TLS 1.2, eight bytes of nonce. */
    HF_RECORD_OVERHEAD13 = HF_HEADER_LEN + 1 + HF_TAG_LEN,
    HF_RECORD_OVERHEAD = HF_HEADER_LEN + 8 + HF_TAG_LEN,
    HF_HELLO_MAX = 64 * 1024,       /* largest ClientHello we read */
    HF_CHAIN_BYTES_MAX = 64 * 1024, /* largest Certificate, compressed or not */
    HF_MESSAGE_MAX = 16 * 1024      /* largest of all other messages */
};

/* ---- one direction (protect13.c) ---------------------------------------------------- */

/* The largest record of a direction, where the two ends agreed on less than
 * the protocol allows (RFC 8449 4, RFC 6066 4).  All-zero: they did not. */
struct hf_limit {
    uint16_t most; /* bytes of content; 0: HF_PLAINTEXT_MAX */
    bool whole;    /* TLS 1.3: the type and the padding count too, as
                    * @most + 1 bytes */
};

/* Nonces exist only in here: the IV and the sequence number never leave.
 * All-zero is a direction in the clear. */
struct hf_direction {
    const struct hf_aead *aead; /* NULL: in the clear */
    uint64_t state[HF_AEAD_STATE_MAX / 8];
    uint64_t seq;
    uint8_t iv[HF_NONCE_LEN];
    struct hf_limit limit;
    uint16_t pad;         /* TLS 1.3: sealed to a multiple of this; 0: not */
    uint8_t epoch;        /* enum hf_epoch */
    bool tls12;           /* records of TLS 1.2 */
    uint8_t explicit_len; /* TLS 1.2: nonce bytes that travel: 8 or 0 */
};

/* New keys from here on; the old ones are wiped, the sequence begins at 0.
 * Limit and padding are none again. */
HF_CHECK bool hf_direction_set(struct hf_direction *d, void *self,
                               const struct hf_aead *aead, const uint8_t *key,
                               const uint8_t *iv, enum hf_epoch epoch,
                               struct hf_error *error);
void hf_direction_wipe(struct hf_direction *d);
/* Is it time for new keys (RFC 8446 5.5)?  Some records are still free for
 * the message that says so. */
bool hf_direction_worn(const struct hf_direction *d);

/* ---- records out of bytes (frame.c) --------------------------------------------------- */

struct hf_frame {
    uint8_t type;          /* as in the header */
    uint16_t version;      /* as in the header */
    struct hf_span header; /* the five bytes: what is authenticated */
    uint8_t *body;
    size_t len;
};
enum hf_frame_result { HF_FRAME_WHOLE, HF_FRAME_PART, HF_FRAME_BAD };

/* The first record in @bytes.  PART: not all of it is there yet.  BAD: the
 * reason is in *error (plain HTTP and SSL 2.0 are told apart).  @version: the
 * negotiated one, 0 while unknown.  @sealed: this direction has keys. */
HF_CHECK enum hf_frame_result hf_frame_next(struct hf_frame *frame,
                                            uint8_t *bytes, size_t len,
                                            unsigned version, bool sealed,
                                            struct hf_error *error);

/* ---- protection, TLS 1.3 (protect13.c) ------------------------------------------------- */

/* Open @frame where it lies: *type and *plain are what was inside.  In the
 * clear it only checks the length. */
HF_CHECK bool hf_record_open(struct hf_direction *d,
                             const struct hf_frame *frame, uint8_t *type,
                             struct hf_span *plain, struct hf_error *error);
/* Seal one record of at most as many bytes as hf_record_most() to @out, which
 * has room for them, HF_RECORD_OVERHEAD and hf_record_padding(); data may
 * already lie at out + 5.  Returns the record's length, 0 on failure. */
HF_CHECK size_t hf_record_seal(struct hf_direction *d, uint8_t type,
                               unsigned wire_version, struct hf_span data,
                               uint8_t *out, struct hf_error *error);

/* The most content of a record that is sent in this direction. */
static inline size_t hf_record_most(const struct hf_direction *d)
{
    return d->limit.most ? d->limit.most : HF_PLAINTEXT_MAX;
}
/* Zeroes that follow @len bytes of content and their type: to the next multiple,
 * and never beyond the limit (RFC 8446 5.4). */
size_t hf_record_padding(const struct hf_direction *d, size_t len);
/* Of @want bytes, as many as one record can hold that must fit in @room; 0:
 * none. */
size_t hf_record_fits(const struct hf_direction *d, size_t want, size_t room);

/* ---- protection, TLS 1.2 (protect12.c): what the two above call ------------------- */

HF_CHECK bool hf_record_open12(struct hf_direction *d,
                               const struct hf_frame *frame,
                               struct hf_span *plain, struct hf_error *error);
HF_CHECK size_t hf_record_seal12(struct hf_direction *d, uint8_t type,
                                 struct hf_span data, uint8_t *out,
                                 struct hf_error *error);

/* ---- records out of messages and data (fragment.c) ---------------------------------------- */

/* Seal @bytes of @type as one or more records behind @out. */
HF_CHECK bool hf_records_seal(struct hf_direction *d, uint8_t type,
                              unsigned wire_version, struct hf_span bytes,
                              struct hf_buffer *out, struct hf_error *error);

/* ---- handshake messages out of records (reassemble.c) ---------------------------------------- */

/* Fragments of one flight.  A message that lies whole in one record is handed
 * out where it lies; only what is split is copied. */
struct hf_reassembly {
    struct hf_span now;    /* rest of the record being read: caller's bytes */
    struct hf_buffer kept; /* earlier bytes of an unfinished message */
    size_t lent;           /* bytes of kept that the last message occupies */
};
void hf_reassembly_add(struct hf_reassembly *r, struct hf_span fragment);
/* The next whole message with its header.  False: none yet (error->code is
 * HF_OK) or too large. Good until the next call. */
HF_CHECK bool hf_reassembly_next(struct hf_reassembly *r,
                                 struct hf_span *message,
                                 struct hf_error *error);
/* Nothing pending, neither half a message nor a whole one? */
bool hf_reassembly_empty(const struct hf_reassembly *r);
/* The caller's bytes are about to go: copy what is still unread. */
HF_CHECK bool hf_reassembly_save(struct hf_reassembly *r,
                                 struct hf_error *error);
void hf_reassembly_wipe(struct hf_reassembly *r);

#endif
