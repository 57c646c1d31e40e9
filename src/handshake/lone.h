/* lone.h - for tests: a handshake without a peer, whose functions are called one
 * by one; and a second opinion on what they compute.
 *
 *   struct lone      settings, session and handshake, and what was told of them
 *   its provider     libcrypto's hash and AEAD of one suite and no others; the
 *                    nth call of them fails if it is told to
 *   naive_*          the key schedules, written down from the RFCs, with nothing
 *                    but libcrypto's HMAC under them */
#ifndef HF_LONE_H
#define HF_LONE_H

#include "handshake/handshake.h"

enum { LONE_LOG_MAX = 16 };

struct lone {
    struct hf_settings set;
    struct hf_session s;
    struct hf_handshake *hs;
    struct hf_kx kx;
    /* Secrets, in the order in which they were told. */
    struct {
        char label[48];
        uint8_t secret[HF_SECRET_MAX];
        size_t len;
        unsigned lines; /* of the key log; 0: an event only */
    } told[LONE_LOG_MAX];
    size_t told_count;
    /* Keys that came into force. */
    struct {
        bool sent;
        uint8_t epoch;
    } keyed[LONE_LOG_MAX];
    size_t keyed_count;
    /* The last decision, and how many there were. */
    struct {
        uint8_t id;
        bool ok;
        char inputs[32];
    } decided;
    size_t decided_count;
    /* The last message or ChangeCipherSpec that was said. */
    struct {
        bool sent;
        uint8_t record, epoch;
        uint16_t message;
        size_t len;
    } passed;
    size_t passed_count;
};
/* The transcript is that of @said. */
void lone_begin(struct lone *l, enum hf_role role, unsigned suite,
                struct hf_span said);
void lone_end(struct lone *l);
/* Of the calls from here on, the @n th fails; 0: none. */
void lone_fail_at(size_t n);
/* How many there were since. */
size_t lone_calls(void);
/* What the handshake's provider does; it may be changed. */
struct hf_provider *lone_provider(void);
/* The key that an AEAD was given last. */
const uint8_t *lone_key(void);
/* Not one byte of it is anything but zero. */
bool lone_zero(const void *bytes, size_t len);

/* ---- second opinions; @sha: 256 or 384 ------------------------------------- */

void naive_hash(unsigned sha, struct hf_span bytes, uint8_t *out);
void naive_hmac(unsigned sha, struct hf_span key, struct hf_span bytes,
                uint8_t *out);
/* RFC 5246 5 */
void naive_prf(unsigned sha, struct hf_span secret, const char *label,
               struct hf_span seed, uint8_t *out, size_t len);
/* RFC 8446 7.1; @secret is as long as the hash. */
void naive_label(unsigned sha, const uint8_t *secret, const char *label,
                 struct hf_span context, uint8_t *out, size_t len);
/* Derive-Secret with the messages themselves. */
void naive_derive(unsigned sha, const uint8_t *secret, const char *label,
                  struct hf_span messages, uint8_t *out);

#endif
