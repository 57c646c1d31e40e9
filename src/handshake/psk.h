/* psk.h - external pre-shared keys: between the files that do it, those that
 * ask for it, and the engine, which takes them from the application.
 *
 *   psk_import.c   the keys that are made of one that is imported (RFC 9258)
 *   psk.c          offered, found, taken (RFC 8446 4.2.11)
 *   resume13.c     how they travel, with the tickets, and their binders
 */
#ifndef HF_PSK_H
#define HF_PSK_H

#include "handshake/handshake.h"

/* ---- keys (psk_import.c) ------------------------------------------------------------ */

enum {
    HF_KDF_SHA256 = 1, /* RFC 9258 10: target_kdf */
    HF_KDF_SHA384 = 2,
    /* An ImportedIdentity, as it travels. */
    HF_PSK_WIRE_MAX = 2 + HF_PSK_IDENTITY_MAX + 2 + HF_PSK_IDENTITY_MAX + 4
};
/* What is imported: @context belongs to the identity. */
struct hf_psk_import {
    struct hf_span identity, key, context;
    unsigned hash; /* enum hf_hash_id: the one that goes with the key */
};
/* For the hash @target: the identity behind @identity (room for
 * HF_PSK_WIRE_MAX), the key in @key (HF_HASH_MAX). */
HF_CHECK bool hf_psk_import(const struct hf_crypto *c,
                            const struct hf_psk_import *from, unsigned target,
                            struct hf_writer *identity, uint8_t *key);
/* Is this identity that of a key imported for TLS 1.3?  Then its parts, and
 * the hash for which it was. */
bool hf_psk_imported(struct hf_span identity, struct hf_imported_identity *out,
                     unsigned *target);
/* May a key of that length be used? */
static inline bool hf_psk_fits(size_t len)
{
    return len >= HF_PSK_KEY_MIN && len <= HF_PSK_KEY_MAX;
}

/* ---- who may do without (psk.c) -------------------------------------------------------- */

/* Has this config any that are of use in @role? */
bool hf_psk_have(const struct hf_settings *set, enum hf_role role);
/* Will nothing else do: demanded, or for want of another credential? */
bool hf_psk_only(const struct hf_settings *set, enum hf_role role);
/* The oldest version that is spoken: no TLS 1.2 if only a key will do. */
unsigned hf_least_version(const struct hf_settings *set, enum hf_role role);
/* What sessions depend on of them; all zeroes if there are none. */
HF_CHECK bool hf_psks_digest(const struct hf_settings *set, uint8_t *out);

/* ---- in a handshake (psk.c) ------------------------------------------------------------- */

/* Client: room for the keys that may be offered, the one of hs->saved first:
 * hs->psks, hs->psk_count.  False: no memory. */
HF_CHECK bool hf_psks_offer(struct hf_handshake *hs);
/* Server: which of the client's we know: hs->psks, hs->psk_count.  Before the
 * suite is chosen; the hashes of them as bits 1 << enum hf_hash_id. */
HF_CHECK bool hf_psks_look_up(struct hf_handshake *hs, unsigned *hashes);
/* Server: is one of these likely to be used, now that the suite is chosen? */
bool hf_psk_expected(const struct hf_handshake *hs);
/* Server: the one of that identity that was found and goes with the suite, or
 * NULL. */
const struct hf_psk_offer *hf_psk_found(const struct hf_handshake *hs,
                                        struct hf_span identity);
/* hs->psk, whose binder is right (server) or was ours (client), is what this
 * handshake rests on. */
HF_CHECK bool hf_psk_take(struct hf_handshake *hs);
/* Is what a session says of the key that it began with whole?  A client asks
 * before it offers it. */
bool hf_psk_sound(const struct hf_settings *set,
                  const struct hf_saved_session *saved);
/* The session that is resumed began with an external key, hs->saved says so:
 * the session says it too.  Server: false also if that key would not do
 * today (no failure then). */
HF_CHECK bool hf_psk_restore(struct hf_handshake *hs);
/* It does not rest on one, after all. */
void hf_psk_forget(struct hf_session *s);
/* Must this handshake be one with a key?  (Once nobody can give it another
 * config.) */
bool hf_psk_must(const struct hf_handshake *hs);
/* No key was taken.  False: nothing else will do. */
HF_CHECK bool hf_psk_missing(struct hf_handshake *hs);
/* The name of a key as people know it, whatever travelled. */
struct hf_span hf_psk_name(unsigned kind, struct hf_span identity);

#endif
