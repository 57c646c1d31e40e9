/* handshake.h - who may say what, when.
 *
 *   settings   what we offer and whom we trust (session.h)
 *   session    what a handshake works on and leaves behind (session.h)
 *   flow       the table of every legal handshake, and the only place that
 *              decides what may come next (flow.h)
 *   handshake  its facts, its place in the flow, its transcript and offers;
 *              lives in one arena until Finished
 */
#ifndef HF_HANDSHAKE_H
#define HF_HANDSHAKE_H

#include "handshake/flow.h"
#include "handshake/session.h"

/* ==== transcript (transcript.c) =========================================================== */

/* The running hash of all messages.  Until the hash is known they are kept;
 * a retry replaces the first hello by its hash (RFC 8446 4.4.1). */
struct hf_transcript {
    const struct hf_crypto *crypto;
    const struct hf_hash *hash; /* NULL: not yet known */
    struct hf_hash_state state;
    struct hf_span kept[2]; /* in the arena; empty once the hash is known */
    bool keep;              /* TLS 1.2: CertificateVerify signs the messages */
    struct hf_buffer all;   /* all of them, if they are kept */
    struct hf_arena *arena;
};
HF_CHECK bool hf_transcript_add(struct hf_transcript *t, struct hf_span message,
                                struct hf_error *error);
/* Now the hash is known.  @retry: the first message becomes its own hash. */
HF_CHECK bool hf_transcript_start(struct hf_transcript *t,
                                  const struct hf_hash *hash, bool retry,
                                  struct hf_error *error);
HF_CHECK bool hf_transcript_digest(const struct hf_transcript *t, uint8_t *out,
                                   struct hf_error *error);
/* The digest under @hash as if @more had been said as well; before the hash is
 * known, of @more alone. */
HF_CHECK bool hf_transcript_peek(const struct hf_transcript *t,
                                 const struct hf_hash *hash,
                                 struct hf_span more, uint8_t *out,
                                 struct hf_error *error);
/* Every message so far, if they were kept. */
struct hf_span hf_transcript_messages(const struct hf_transcript *t);
void hf_transcript_wipe(struct hf_transcript *t);

/* ==== one handshake ========================================================================= */

/* A key share that we made: state and public part. */
struct hf_own_share {
    const struct hf_kx *kx;
    struct hf_span share;
    uint64_t state[HF_KX_STATE_MAX / 8];
    const struct hf_own_share *in; /* its state is the start of that one's */
};

/* For what a GREASE value stands in a hello of ours. */
enum hf_grease_use {
    HF_GREASE_SUITE,
    HF_GREASE_GROUP, /* and its key share */
    HF_GREASE_VERSION,
    HF_GREASE_SCHEME,
    HF_GREASE_FIRST, /* extensions: in front of all others */
    HF_GREASE_LAST,  /* and behind them */
    HF_GREASE_USES
};

/* What a ClientHello says, in the words of its extensions. */
struct hf_offer {
    struct hf_client_hello hello; /* spans into .bytes */
    struct hf_span bytes;         /* in the arena, with the header */
    struct hf_span name;          /* SNI host name */
    struct hf_span protocols, versions, groups, schemes, shares, cookie;
    struct hf_span cert_schemes; /* .at is NULL: the same as schemes */
    struct hf_span authorities;  /* Names, in the arena; of a request too */
    struct hf_span ticket;       /* TLS 1.2; .at is NULL: it knows no tickets */
    struct hf_span identities, binders; /* TLS 1.3 */
    bool psk_with_kx;                   /* it knows psk_dhe_ke */
    bool wants_tickets;                 /* so many, it says: */
    uint8_t tickets_full, tickets_resumed;
    bool wants_staple, wants_scts;
    uint16_t record_limit;       /* 0: none was said */
    uint8_t max_fragment;        /* 0: the same */
    struct hf_span compressions; /* of certificates */
};

/* A key that we offer, or find under what the client offers. */
struct hf_psk_offer {
    struct hf_span identity, secret;
    const struct hf_hash *hash;
    uint32_t age; /* of a ticket, obfuscated */
    uint8_t kind; /* HF_PSK_NONE: that of a session */
};

struct hf_handshake {
    struct hf_session *session;
    const struct hf_settings *settings; /* HF_ASK_CONFIG may change it */
    struct hf_arena arena;
    size_t at;      /* place in the flow */
    unsigned facts; /* enum hf_fact */
    struct hf_transcript transcript;
    uint8_t before[HF_HASH_MAX]; /* digest up to, without, the last proof */
    struct hf_proofs proofs;
    uint64_t sent; /* extensions that we sent in our hello (or request) */
    struct hf_error *error; /* the session's */

    /* hellos */
    uint8_t random[32];
    uint8_t session_id[32];
    uint8_t session_id_len;
    struct hf_offer offer;  /* server: the hello in force */
    struct hf_span cookie;  /* client: to be echoed */
    const struct hf_kx *kx; /* the group in force, or asked for again */
    struct hf_own_share shares[HF_SHARES_MAX];
    size_t share_count;
    struct hf_span peer_share;
    uint8_t reply[HF_SHARE_MAX]; /* server: its share */
    bool dummy_ccs_sent;
    bool greased, ordered; /* these were drawn: */
    uint8_t grease[HF_GREASE_USES];
    uint8_t order[HF_EXT_COUNT]; /* client: of the extensions of its hellos */
    bool ccs_heard;              /* TLS 1.2: one is waiting to be acted on */
    bool asked_rsa, asked_ecdsa; /* TLS 1.2: kinds of key the server takes */
    struct hf_span params;       /* TLS 1.2: what ServerKeyExchange signs */
    struct hf_span sealed;       /* RSA key transport: the premaster secret */
    uint8_t *opened;             /* ... where another's answer goes, */
    uint32_t sealed_good;        /* ... and all ones if it may count */

    /* sessions */
    struct hf_saved_session *saved; /* offered, or resumed; in the arena */
    struct hf_span ticket;          /* TLS 1.2 client: a new one */
    uint32_t ticket_lifetime;
    uint16_t psk_index;        /* TLS 1.3: which was taken */
    struct hf_psk_offer *psks; /* client: its offer, in order; server: external
                                * ones of the first hello that it knows */
    size_t psk_count;
    struct hf_psk_offer psk; /* the one in use, if RESUMED */
    uint32_t ticket_age;   /* server: of the ticket in use, by the client; ms */
    struct hf_span binder; /* server: the proof that came with it */
    uint8_t client_early[HF_HASH_MAX];  /* secret of 0-RTT data */
    struct hf_hash_state before_second; /* transcript up to that hello */
    const char *label;                  /* client: of its sessions, or NULL */

    /* names */
    struct hf_peer_name name; /* client: to be checked */
    bool check_name;
    const char *sni; /* client: to be sent, or NULL */

    /* certificates */
    const struct hf_keypair *keypair;
    const struct hf_signature *scheme; /* for our own signature */
    uint16_t compression; /* of our own: which of settings.compressions */
    struct hf_span
        staples[HF_CHAIN_MAX];           /* of the peer's chain, in the arena */
    bool staple_promised, stapled;       /* TLS 1.2; one or more came */
    struct hf_numbers peer_schemes;      /* what the peer can check */
    struct hf_numbers peer_cert_schemes; /* ... in certificates */
    struct hf_span signature;            /* ours, or the peer's, in the arena */
    uint16_t signature_scheme;           /* of the peer's */

    /* secrets of the key schedule, the current stage */
    uint8_t stage[HF_HASH_MAX]; /* early, handshake or master secret */
    uint8_t shared[HF_SECRET_MAX];
    uint8_t client_hs[HF_HASH_MAX], server_hs[HF_HASH_MAX];
    struct hf_hmac master; /* TLS 1.2: its secret, ready for use */
    uint8_t key_block[2 * (HF_AEAD_KEY_MAX + HF_NONCE_LEN)];
    bool key_block_made;

    /* a question to the application */
    struct hf_question question;
    struct hf_answer answer;
    bool answered;
};

/* ---- running it (driver.c) ---------------------------------------------------------------------- */

/* A handshake for @session, which it works on.  NULL without memory. */
struct hf_handshake *hf_handshake_new(struct hf_session *session);
void hf_handshake_free(struct hf_handshake *hs);
/* Do what can be done.  DONE: it is over.  WAIT: for bytes, or for an answer
 * (question.kind).  FAILED: session->error. */
enum hf_step_result hf_handshake_run(struct hf_handshake *hs);
/* TLS 1.2: a ChangeCipherSpec came; the next run acts on it. */
void hf_handshake_ccs(struct hf_handshake *hs);
/* Hand a message to the wire: transcript, event, records. */
HF_CHECK bool hf_handshake_say(struct hf_handshake *hs, unsigned kind,
                               struct hf_span message);
/* Write *@in as @layout, at most @cap bytes, and say it. */
HF_CHECK bool hf_message_send(struct hf_handshake *hs, unsigned kind,
                              hf_layout_fn *layout, const void *in, size_t cap);
/* TLS 1.3's ChangeCipherSpec, which means nothing (RFC 8446 D.4): a client's
 * right before its second flight, whichever that is, a server's right after
 * its first message; once, and if the client's session id asks for it. */
HF_CHECK bool hf_send_dummy_ccs(struct hf_handshake *hs);
HF_CHECK bool hf_message_read(struct hf_handshake *hs, hf_layout_fn *layout,
                              struct hf_span body, void *out);
enum hf_step_result hf_step(bool ok); /* DONE or FAILED */

/* ---- key schedule (keys13.c) ----------------------------------------------------------------------- */
/* From the pre-shared key and the first hello: hs->client_early, and the
 * session's early exporter. */
HF_CHECK bool hf_keys13_early(struct hf_handshake *hs,
                              const struct hf_hash *hash);
HF_CHECK bool hf_keys13_handshake(struct hf_handshake *hs);
HF_CHECK bool hf_keys13_master(struct hf_handshake *hs);
HF_CHECK bool hf_keys13_resumption(struct hf_handshake *hs);
/* Put the keys of @secret to use in one direction. */
HF_CHECK bool hf_keys13_install(struct hf_session *s, bool sending,
                                const uint8_t *secret, enum hf_epoch epoch);
/* The same with the hash and the AEAD of a suite that is not the session's, or
 * not yet. */
HF_CHECK bool hf_keys13_install_as(struct hf_session *s,
                                   const struct hf_suite *suite, bool sending,
                                   const uint8_t *secret, enum hf_epoch epoch);
/* The next generation of application keys in one direction (7.2). */
HF_CHECK bool hf_keys13_update(struct hf_session *s, bool sending);
/* Finished.verify_data with the base key @secret over @digest. */
HF_CHECK bool hf_keys13_finished(struct hf_session *s, const uint8_t *secret,
                                 const uint8_t *digest, uint8_t *out);
HF_CHECK bool hf_keys13_export(const struct hf_session *s, const char *label,
                               struct hf_span context, uint8_t *out,
                               size_t len);
/* The same from the early exporter secret, which goes with @hash. */
HF_CHECK bool hf_keys13_export_early(const struct hf_session *s,
                                     const struct hf_hash *hash,
                                     const char *label, struct hf_span context,
                                     uint8_t *out, size_t len);

/* ---- the keys of TLS 1.2 (keys12.c) ------------------------------------------------- */
HF_CHECK bool hf_keys12_master(struct hf_handshake *hs,
                               struct hf_span premaster);
HF_CHECK bool hf_keys12_install(struct hf_handshake *hs, bool sending);
HF_CHECK bool hf_keys12_finished(struct hf_handshake *hs, enum hf_role whose,
                                 const uint8_t *digest, uint8_t *out);
HF_CHECK bool hf_keys12_export(const struct hf_session *s, const char *label,
                               struct hf_span context, uint8_t *out,
                               size_t len);

/* ---- sessions (ticket_keys.c, resume.c); more of them in resume.h -------------------- */
/* A config's own keys for tickets, which replace themselves.  NULL without
 * memory. */
struct hf_ticket_keys *hf_ticket_keys_new(void);
void hf_ticket_keys_free(struct hf_ticket_keys *keys);
/* The same of chains that its sessions need not carry (resume.h). */
struct hf_chains *hf_chains_new(void);
void hf_chains_free(struct hf_chains *chains);
/* The handshake has failed, and with it the session that it would resume. */
void hf_session_failed(struct hf_handshake *hs);
/* The digest of what is the same for every session of these settings. */
HF_CHECK bool hf_settings_bind(struct hf_settings *set, struct hf_error *error);

/* ---- what both versions share (certificate.c, finished.c) ---------------------------- */
/* Who we are: the digest of our certificates; all zeroes if there are none. */
HF_CHECK bool hf_own_digest(const struct hf_settings *set, uint8_t *out);
/* Sign @text with our keypair: hs->signature; may wait for an answer. */
enum hf_step_result hf_sign_text(struct hf_handshake *hs, struct hf_span text);
/* Is the peer's chain in the session trusted?  Sets no proof. */
HF_CHECK bool hf_chain_trusted(struct hf_handshake *hs, struct hf_error *why);
/* One more certificate of the peer's; at most HF_CHAIN_MAX.  @hold: it was
 * read before, and is only kept. */
HF_CHECK bool hf_keep_certificate(struct hf_handshake *hs, struct hf_span der,
                                  bool hold);
/* Certificate of TLS 1.3, without its header: kept in the session. */
HF_CHECK bool hf_read_certificate(struct hf_handshake *hs, struct hf_span body);
/* Which form of our certificate is it that the peer asked for? */
unsigned hf_form_wanted(const struct hf_handshake *hs);
/* Can ours be sent compressed (compress.c)?  Then *fact is one. */
void hf_choose_compression(struct hf_handshake *hs, enum hf_fact fact);
/* The peer gave none: is that in order? */
HF_CHECK bool hf_no_chain(struct hf_handshake *hs);
/* Is what came the MAC that it should be?  Sets that proof. */
HF_CHECK bool hf_prove_finished(struct hf_handshake *hs, struct hf_span came,
                                struct hf_span mac);

/* What came with the peer's chain (staple.c): for each certificate an OCSP
 * response or nothing; NULL if none came.  Did we ask for it? */
const struct hf_span *hf_staples(const struct hf_handshake *hs);
bool hf_staple_asked(const struct hf_handshake *hs);

/* Certificate timestamps (sct.c).  Lists are as on the wire, without the length
 * before them; empty where there is none, or none that can be read. */
/* One of them; false: malformed, and only source, version and bytes are set. */
bool hf_sct_read(struct hf_span bytes, unsigned source, struct hf_sct *out);
/* Take the next off a list. */
HF_CHECK bool hf_sct_next(struct hf_span *list, unsigned source,
                          struct hf_sct *out);
struct hf_span hf_scts_of_cert(const struct hf_cert *cert);
/* What an OCSP response says about that certificate. */
struct hf_span hf_scts_of_staple(struct hf_span response,
                                 const struct hf_cert *cert);
/* Is @list, with its length, one that could be sent?  *scts is inside it. */
HF_CHECK bool hf_scts_check(struct hf_span list, struct hf_span *scts,
                            struct hf_error *error);
/* The peer's chain is there: keep and tell what came with it. */
HF_CHECK bool hf_keep_scts(struct hf_handshake *hs);

/* ---- what only TLS 1.2 does (certificate12.c, client12.c, server12.c) ------------------ */
/* As hf_negotiate_signature, by TLS 1.2's meaning of a scheme. */
const struct hf_signature *hf_negotiate_signature12(
    const struct hf_settings *s, const struct hf_numbers *theirs,
    const struct hf_public_key *key, unsigned *scheme);
/* Did the peer's key sign @text?  Sets that proof. */
HF_CHECK bool hf_check_signature12(struct hf_handshake *hs, unsigned scheme,
                                   struct hf_span text,
                                   struct hf_span signature);
enum hf_step_result hf_recv_server_hello12(struct hf_handshake *hs,
                                           struct hf_span body);
enum hf_step_result hf_check_hello12(struct hf_handshake *hs);
HF_CHECK bool hf_choose12(struct hf_handshake *hs);
/* RSA key transport (rsa12.c): is it how this handshake's secret travels?  And
 * can this pair's key be used for it? */
bool hf_rsa12_in_use(const struct hf_handshake *hs);
bool hf_rsa12_fits(const struct hf_settings *set,
                   const struct hf_keypair *pair);
/* The answer to HF_ASK_DECRYPT, which is open; nothing comes of it. */
void hf_rsa12_answer(struct hf_handshake *hs, struct hf_span opened);
/* What the peer's keyUsage must allow; 0: what is usual. */
uint16_t hf_rsa12_leaf_usage(const struct hf_handshake *hs);
enum hf_step_result hf_send_server_hello12(struct hf_handshake *hs);

/* ---- which version (version.c) ----------------------------------------------------- */
/* Server: the version, no older than @least, for a client's list, or its
 * legacy_version if it has none; 0: none. */
unsigned hf_negotiate_version(const struct hf_settings *s, unsigned least,
                              struct hf_span versions, unsigned legacy);
/* Server: say that and why there is none.  Always false. */
bool hf_no_version(struct hf_handshake *hs);
/* Client: a ServerHello without supported_versions is one of TLS 1.2 that we
 * offer, and nobody has made it look so. */
HF_CHECK bool hf_check_older(struct hf_handshake *hs,
                             const struct hf_server_hello_12 *hello);

/* ---- pure decisions (negotiate.c) -------------------------------------------------------------------- */
/* Each: what is chosen, or 0 or NULL.  Lists from the peer are checked bytes
 * of 16-bit numbers. */
bool hf_listed(struct hf_span list16, unsigned number);
/* @hashes: of suites that will do, as bits 1 << enum hf_hash_id. */
const struct hf_suite *hf_negotiate_suite(const struct hf_settings *s,
                                          struct hf_span offered,
                                          unsigned version, unsigned hashes);
unsigned hf_negotiate_group(const struct hf_settings *s, struct hf_span groups,
                            struct hf_span shares, bool *retry);
struct hf_span hf_negotiate_protocol(struct hf_span ours,
                                     struct hf_span theirs);
/* The first scheme of @theirs that is ours too and fits @key; version 1.3. */
const struct hf_signature *hf_negotiate_signature(
    const struct hf_settings *s, const struct hf_numbers *theirs,
    const struct hf_public_key *key);
/* What the other side wants to see. */
struct hf_wanted {
    struct hf_span name;                   /* empty: it does not matter */
    struct hf_span authorities;            /* Names; empty: any will do */
    const struct hf_numbers *schemes;      /* for CertificateVerify */
    const struct hf_numbers *cert_schemes; /* in certificates */
    bool tls12;                            /* as TLS 1.2 means them */
};
/* Names that are looked at for one choice: who sends many more is not guided by
 * them, and costs no more. */
enum { HF_AUTHORITIES_LOOKED_AT = 4096 };

/* What speaks for a keypair, the least important first. */
enum hf_fit {
    HF_FIT_ISSUER = 1 << 0,    /* it is from one of the authorities */
    HF_FIT_CHAIN = 1 << 1,     /* the chain is signed as the other can check */
    HF_FIT_KEY_USAGE = 1 << 2, /* its key may sign */
    HF_FIT_NAME = 1 << 3,      /* it has the name */
    HF_FIT_ALL = (1 << 4) - 1
};
/* *budget: names of authorities that may still be looked at. */
unsigned hf_keypair_fit(const struct hf_settings *s,
                        const struct hf_keypair *pair,
                        const struct hf_wanted *wanted, size_t *budget);
struct hf_chosen {
    const struct hf_keypair *pair;
    const struct hf_signature *how;
    unsigned fit;    /* enum hf_fit */
    bool name_known; /* one of ours has the name, if not this one */
};
/* TLS 1.3: of those whose key can sign for @wanted the one that fits best, the
 * first of equals.  Strict names: none that has not the name. */
HF_CHECK bool hf_negotiate_keypair(const struct hf_settings *s,
                                   const struct hf_wanted *wanted,
                                   struct hf_chosen *out);
/* Is there somebody who signs with its key: we, or one who is asked? */
bool hf_keypair_signs(const struct hf_settings *s,
                      const struct hf_keypair *pair);
/* ECDSA's: on one of the three curves. */
bool hf_kind_is_ec(unsigned kind);
/* The numbers of a checked list that are @ours too, in the order of the list. */
void hf_numbers_read(struct hf_numbers *out, struct hf_span list16,
                     const struct hf_numbers *ours);

/* ---- values that mean nothing (grease.c) ----------------------------------------------- */
/* Draw what the settings ask for, if that was not done yet. */
HF_CHECK bool hf_grease_draw(struct hf_handshake *hs);
/* The value for @use; 0: there is none. */
unsigned hf_grease(const struct hf_handshake *hs, enum hf_grease_use use);
/* An extension of that number, if there is one. */
void hf_grease_extension(const struct hf_handshake *hs, enum hf_grease_use use,
                         struct hf_writer *w);
/* hf_numbers_write() with such a value in front, in @room of 2 bytes more. */
struct hf_span hf_grease_list(const struct hf_handshake *hs,
                              enum hf_grease_use use,
                              const struct hf_numbers *list, uint8_t *room);

/* ---- limits of records (limits.c) ---------------------------------------------------- */
/* New keys are in use: the limit and the padding of their records. */
void hf_limits_install(struct hf_session *s, bool sending, enum hf_epoch epoch);
/* Server: what the hello asks for, before our first keys; and once ours is
 * said, before the rest. */
void hf_limits_settle(struct hf_handshake *hs);
void hf_limits_begin(struct hf_handshake *hs);

/* ---- extensions (extensions.c) -------------------------------------------------------------------------- */
/* Make the block of a message of ours, of at most @cap bytes, in the arena. */
HF_CHECK bool hf_extensions_make(struct hf_handshake *hs, enum hf_place place,
                                 size_t cap, struct hf_extensions *out);
/* May this stand as a host name in server_name?  ASCII, no control byte, no NUL
 * that would cut it short for somebody else. */
enum { HF_NAME_MAX = 255 };
bool hf_host_name_ok(struct hf_span name);
/* Act on those of the peer's.  What was not offered is refused. */
HF_CHECK bool hf_extensions_recv(struct hf_handshake *hs, enum hf_place place,
                                 const struct hf_extensions *block);

/* ---- after the handshake (post_handshake.c) ----------------------------------------------------------------- */
/* One message.  *reply: the peer wants our keys changed as well. */
HF_CHECK bool hf_post_handshake(struct hf_session *s, struct hf_span message,
                                bool *reply);
HF_CHECK bool hf_send_key_update(struct hf_session *s, bool ask);
bool hf_send_alert(struct hf_session *s, unsigned alert,
                   struct hf_error *error);

#endif
