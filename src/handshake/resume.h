/* resume.h - sessions: kept, sealed, found again, resumed; between the files
 * that do it and those that ask for it.
 *
 *   ticket_keys.c   keys that seal, and replace themselves
 *   ticket.c        sealing and opening
 *   resume.c        what a session is, what it is bound to
 *   resume12.c      tickets (RFC 5077) and session ids (RFC 5246 7.3)
 *   resume13.c      pre-shared keys (RFC 8446 2.2)
 *   chains.c        servers' certificates, once for all sessions of a config
 *   early.c         0-RTT data, which goes with them (RFC 8446 2.3)
 */
#ifndef HF_RESUME_H
#define HF_RESUME_H

#include "handshake/handshake.h"

/* ---- keys that seal sessions (ticket_keys.c) ------------------------------------ */
/* The key of that @name, or for new sessions if it is NULL, wherever keys come
 * from.  *newest: new sessions are sealed with it.  False: there is none. */
HF_CHECK bool hf_ticket_key_find(const struct hf_settings *set,
                                 const uint8_t *name, struct hf_ticket_key *out,
                                 bool *newest);

/* ---- sealing sessions (ticket.c) -------------------------------------------------- */
/* Bytes that sealing adds: name of the key, seed, tag. */
enum { HF_SEALED_MORE = HF_TICKET_KEY_NAME_LEN + 32 + HF_TAG_LEN };
/* @plain behind *out, for whoever shows the same @binding. */
HF_CHECK bool hf_ticket_seal(const struct hf_settings *set,
                             const uint8_t *binding, struct hf_span plain,
                             struct hf_buffer *out);
/* @out: room for sealed.len - HF_SEALED_MORE bytes.  *renew: the key is not
 * the newest.  False: not ours, too old, changed, or bound to other things. */
HF_CHECK bool hf_ticket_open(const struct hf_settings *set,
                             const uint8_t *binding, struct hf_span sealed,
                             uint8_t *out, struct hf_span *plain, bool *renew);

/* ---- chains kept once (chains.c) -------------------------------------------------- */
enum {
    HF_CHAIN_NAME_LEN = 32,          /* SHA-256 of it */
    HF_CHAINS_MAX = 16 * 1024 * 1024 /* bytes of all chains of a config */
};
/* The bytes of all. */
size_t hf_chains_size(const struct hf_chains *chains);
/* Keep @list, certificates as in a saved session; any thread.  False: there is
 * no room for it. */
HF_CHECK bool hf_chains_keep(struct hf_chains *chains,
                             const struct hf_crypto *crypto,
                             struct hf_span list,
                             uint8_t name[HF_CHAIN_NAME_LEN]);
/* What was kept under @name, good as long as @chains; empty if nothing was. */
struct hf_span hf_chains_find(const struct hf_chains *chains,
                              const uint8_t name[HF_CHAIN_NAME_LEN]);

/* ---- sessions kept and resumed (resume.c) ------------------------------------------ */
/* session->binding, from settings, names and label. */
HF_CHECK bool hf_session_bind(struct hf_handshake *hs);
/* The session as it is kept, sealed, in *out; @what says version's secret,
 * lifetime and the like, the rest is filled in.  False: it cannot be kept. */
HF_CHECK bool hf_session_save(const struct hf_session *s,
                              struct hf_saved_session *what,
                              struct hf_buffer *out);
/* The same into the store, under @key, if there is a store. */
void hf_session_put(const struct hf_session *s, struct hf_span key,
                    struct hf_saved_session *what);
/* A ticket of @len bytes came or goes, for who watches. */
void hf_say_ticket(const struct hf_session *s, bool ok, size_t len,
                   uint32_t lifetime, const char *verdict);
/* Client: keep it for later. */
void hf_session_keep(const struct hf_session *s, struct hf_saved_session *what);
/* What the store has under @key, into the arena; empty if there is none. */
struct hf_span hf_session_fetch(struct hf_handshake *hs, struct hf_span key,
                                bool take);
/* A sealed session, opened into the arena; NULL if it is not one of ours or
 * not of today. */
struct hf_saved_session *hf_session_open(struct hf_handshake *hs,
                                         struct hf_span sealed, bool *renew);
/* When, in seconds since 1970. */
int64_t hf_session_issued(const struct hf_saved_session *saved);
/* Client: the session to be offered, if there is one: hs->saved. */
HF_CHECK bool hf_session_find(struct hf_handshake *hs);
/* Client: the session of TLS 1.2 that was offered is not to be offered again:
 * it was declined, is replaced, or went with a connection that failed (RFC
 * 5246 7.2.2). */
void hf_session_drop(struct hf_handshake *hs);
/* From here on hs->saved is resumed.  False: it cannot be (server), or the
 * handshake has failed (client). */
HF_CHECK bool hf_session_resume(struct hf_handshake *hs);
/* Server: why there is no resumption, for who watches. */
void hf_not_resumed(struct hf_handshake *hs, const char *why);
/* Server of TLS 1.3: how many tickets this client gets (ticket_request.c). */
unsigned hf_tickets_due(const struct hf_handshake *hs);
/* May tickets be given? */
bool hf_gives_tickets(const struct hf_settings *set);

/* TLS 1.2 (resume12.c).  Server: resume what the client names; true also if
 * nothing is resumed, false: failed. */
HF_CHECK bool hf_resume12(struct hf_handshake *hs);
/* Client: what ServerHello says of the session that was offered. */
HF_CHECK bool hf_resumed12(struct hf_handshake *hs, struct hf_span echo,
                           bool extended);
/* Client: keep this session, now that it is proved. */
void hf_keep12(struct hf_handshake *hs);
/* Server: the same, for a client without tickets. */
void hf_cache12(struct hf_handshake *hs);
/* TLS 1.3 (resume13.c).  Server: likewise, from pre_shared_key. */
HF_CHECK bool hf_resume13(struct hf_handshake *hs);
/* Client: what ServerHello says of it, the suite settled. */
HF_CHECK bool hf_resumed13(struct hf_handshake *hs);
/* Client: make the binders in our finished hello. */
HF_CHECK bool hf_bind_hello(struct hf_handshake *hs, struct hf_span hello);
/* The hash that goes with a saved session's secret; NULL if it makes none. */
const struct hf_hash *hf_psk_hash(const struct hf_handshake *hs,
                                  const struct hf_saved_session *saved);
/* Client: the age of the ticket that is offered, as it travels. */
uint32_t hf_ticket_age(const struct hf_handshake *hs);
/* Client: a ticket came. */
HF_CHECK bool hf_recv_ticket13(struct hf_session *s, struct hf_span body);

/* 0-RTT data (early.c).  Client: may it go with the session that is offered?
 * Decides s->early, before the hello is written. */
void hf_early_consider(struct hf_handshake *hs);
/* Client: the hello has been said: from here on under early keys. */
HF_CHECK bool hf_early_begin(struct hf_handshake *hs);
/* Client: it was refused, because of @why: s->early. */
void hf_early_refused(struct hf_handshake *hs, const char *why);
/* Client: what EncryptedExtensions says of it; our handshake keys if nothing
 * more may go under the early ones. */
HF_CHECK bool hf_early_answered(struct hf_handshake *hs);
/* Client: are we sending under early keys? */
bool hf_early_open(const struct hf_handshake *hs);
/* Server: is what the client sends early taken?  Decides HF_FACT_EARLY and
 * s->early, once the session is resumed; or how much is skipped. */
HF_CHECK bool hf_early_decide(struct hf_handshake *hs);
/* Server: the bytes of a ticket's extensions, in @room: how much early data it
 * is good for, if any; the amount in *max. */
struct hf_span hf_early_promise(const struct hf_settings *set, uint8_t *room,
                                size_t cap, uint32_t *max);

#endif
