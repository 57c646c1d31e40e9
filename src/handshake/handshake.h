/* handshake.h - who may say what, when.
 *
 *   settings   what we offer and whom we trust; shared, never changes
 *   session    what a handshake works on and leaves behind: directions,
 *              secrets, the peer's chain; lives as long as the connection
 *   handshake  its facts, its place in the flow, its transcript and offers;
 *              lives in one arena until Finished
 *   flow       the table of every legal handshake, and the only place that
 *              decides what may come next
 */
#ifndef HF_HANDSHAKE_H
#define HF_HANDSHAKE_H

#include "base/base.h"
#include "crypto/suite.h"
#include "handfast/engine.h"
#include "record/record.h"
#include "wire/wire.h"
#include "x509/x509.h"

/* ==== the flow (flow.c) ============================================================ */

/* What can be heard.  Values below 256 are the wire's own. */
enum hf_message_kind {
    HF_HELLO_REQUEST = 0,
    HF_CLIENT_HELLO = 1,
    HF_SERVER_HELLO = 2,
    HF_NEW_SESSION_TICKET = 4,
    HF_END_OF_EARLY_DATA = 5,
    HF_ENCRYPTED_EXTENSIONS = 8,
    HF_CERTIFICATE = 11,
    HF_SERVER_KEY_EXCHANGE = 12,
    HF_CERTIFICATE_REQUEST = 13,
    HF_SERVER_HELLO_DONE = 14,
    HF_CERTIFICATE_VERIFY = 15,
    HF_CLIENT_KEY_EXCHANGE = 16,
    HF_FINISHED = 20,
    HF_CERTIFICATE_STATUS = 22,
    HF_KEY_UPDATE = 24,
    HF_MESSAGE_HASH = 254,        /* stands for ClientHello1 in a transcript */
    HF_HELLO_RETRY_REQUEST = 256, /* a ServerHello with a fixed random */
    HF_CHANGE_CIPHER_SPEC = 257,  /* no handshake message; TLS 1.2 only */
    HF_JOB = 258,                 /* nothing is said: work of one side */
    HF_MESSAGE_KINDS = 259
};

/* What has been settled so far.  Bits only ever go from 0 to 1 (but a server
 * settles the version anew if it is given another config before it answers). */
enum hf_fact {
    HF_FACT_TLS13 = 1 << 0,   /* the version is TLS 1.3 */
    HF_FACT_RETRY = 1 << 1,   /* the server asked for another key share */
    HF_FACT_RESUMED = 1 << 2, /* nobody shows a certificate */
    HF_FACT_ASKED = 1 << 3,   /* the client was asked for a certificate */
    HF_FACT_GAVE = 1 << 4,    /* ... and gave one */
    HF_FACT_EARLY = 1 << 5,   /* 0-RTT data was accepted */
    HF_FACT_SIGNED = 1 << 6,  /* TLS 1.2: the key exchange is ephemeral */
    HF_FACT_STAPLED = 1 << 7, /* TLS 1.2: OCSP in a message of its own */
    HF_FACT_TICKET = 1 << 8,  /* TLS 1.2: the server will give a ticket */
    HF_FACTS = 9              /* how many there are */
};

struct hf_handshake;

enum hf_step_result { HF_STEP_DONE, HF_STEP_FAILED, HF_STEP_WAIT };

/* A message as it came: kind, its bytes with the four of its header. */
struct hf_message {
    unsigned kind;
    struct hf_span bytes, body;
};
typedef enum hf_step_result hf_recv_fn(struct hf_handshake *hs,
                                       const struct hf_message *message);
typedef enum hf_step_result hf_send_fn(struct hf_handshake *hs);

struct hf_step {
    uint8_t who;               /* enum hf_role */
    uint8_t under;             /* enum hf_epoch: keys it travels under */
    uint16_t says;             /* enum hf_message_kind */
    uint16_t if_set, if_clear; /* facts: in force only if ... */
    uint16_t maybe; /* facts that the listener learns by hearing it */
    hf_recv_fn *receive;
    hf_send_fn *send; /* of a job: does it */
    const char *name; /* of a job: its function */
};
extern const struct hf_step hf_flow[];
extern const size_t hf_flow_steps;

/* The next step at or after @at that is in force, given @facts. */
size_t hf_flow_next(size_t at, unsigned facts);
/* Is @message welcome at @at?  Yes: *at is its step and *facts what it
 * taught.  No: nothing changes, and the answer is unexpected_message. */
HF_CHECK bool hf_flow_accept(size_t *at, unsigned *facts, enum hf_role me,
                             unsigned message);
/* The step at which @me has something to do: the next of ours, or the first
 * of the peer's that may come; hf_flow_steps at the end. */
size_t hf_flow_step(size_t at, unsigned facts, enum hf_role me);
const char *hf_fact_name(unsigned bit); /* "TLS13" */

/* ==== settings: what a config becomes when it is frozen =============================== */

enum {
    HF_LIST_MAX = 32,       /* suites, groups, schemes in one list */
    HF_SHARES_MAX = 4,      /* key shares in one hello */
    HF_PROTOCOLS_MAX = 255, /* bytes of our ALPN list */
    HF_BINDING_LEN = 32,    /* what a session depends on, digested */
    HF_MASTER_LEN = 48,     /* TLS 1.2's master secret */
    HF_FINISHED12_LEN = 12  /* TLS 1.2's verify_data */
};

/* A list of numbers, most wanted first. */
struct hf_numbers {
    uint16_t at[HF_LIST_MAX];
    size_t count;
};
bool hf_numbers_have(const struct hf_numbers *list, unsigned number);
/* As they travel, in @room of 2 * HF_LIST_MAX bytes. */
struct hf_span hf_numbers_write(const struct hf_numbers *list, uint8_t *room);

struct hf_keypair {
    struct hf_cert *chain[HF_CHAIN_MAX];
    size_t count;
    struct hf_private_key *key; /* NULL: lives elsewhere */
    struct hf_span message;     /* Certificate, TLS 1.3, empty context, with
                                 * its header; made when frozen */
    struct hf_span staple;      /* an OCSP response for the first, or empty */
    struct hf_span stapled;     /* the message with it inside */
};

struct hf_settings {
    struct hf_crypto crypto;
    uint16_t min_version, max_version;
    struct hf_numbers suites, groups, shares;
    struct hf_numbers schemes; /* to sign with */
    struct hf_numbers verify;  /* of signatures that are accepted */
    struct hf_span protocols;  /* as in ALPN: length-prefixed names */
    struct hf_keypair *keypairs;
    size_t keypair_count;
    struct hf_store *store;
    struct hf_span authorities; /* names to be sent, as in the extension */
    uint8_t client_auth;        /* enum hf_client_auth */
    bool strict_names, no_verify, no_name_check, no_time_check;
    uint16_t min_rsa_bits;
    uint8_t revocation; /* enum hf_revocation */
    bool ask_staple;    /* client: even if its lack would be no harm */
    struct hf_crls crls;
    unsigned questions; /* enum hf_question_kind */
    hf_clock_fn *clock;
    void *clock_ctx;
    hf_watch_fn *watch;
    void *watch_ctx;
    bool watch_secrets;
    hf_keylog_fn *keylog;
    void *keylog_ctx;
    struct hf_sessions sessions; /* .put is NULL: nowhere to keep any */
    uint8_t tickets;             /* server: after a full handshake */
    uint32_t session_lifetime;   /* seconds */
    hf_ticket_key_fn *find_key;  /* NULL: our own keys */
    void *find_key_ctx;
    struct hf_ticket_keys *keys;
    uint8_t binding[HF_BINDING_LEN]; /* what sessions depend on; at freezing */
};

/* ==== session: what outlives the handshake ============================================ */

/* Bytes of records with 0-RTT data that a server skips (RFC 8446 4.2.10). */
enum { HF_EARLY_SKIP_MAX = 16384 };

/* The three proofs without which nothing is connected.  Each is set in one
 * function only, to a value that no fault writes by accident. */
struct hf_proofs {
    uint64_t chain;     /* certificate.c: trusted, or excused by the config */
    uint64_t signature; /* the peer holds the private key: it signed with it
                         * (certificate.c, certificate12.c), or will have to
                         * decrypt with it (rsa12.c) */
    uint64_t finished;  /* finished.c: both saw the same handshake */
    uint64_t resumed;   /* resume.c: all of them, when the session was new */
};
#define HF_PROOF_CHAIN UINT64_C(0x9d3a61c5e8f2047b)
#define HF_PROOF_SIGNATURE UINT64_C(0x2c71fb0895d6ae43)
#define HF_PROOF_DECRYPTION UINT64_C(0x58e2961d4fa03b7c)
#define HF_PROOF_FINISHED UINT64_C(0xb64e08d7137fc92a)
#define HF_PROOF_RESUMED UINT64_C(0x61f2c49b7ed8305c)

struct hf_session {
    enum hf_role role;
    const struct hf_settings *settings;
    struct hf_error error;
    hf_watch_fn *watch; /* NULL: nobody watches */
    void *watch_ctx;
    bool watch_secrets;

    struct hf_direction in, out;
    struct hf_buffer outgoing;
    struct hf_reassembly messages;
    uint32_t early_skip; /* server: bytes of 0-RTT that may still be skipped */

    uint16_t version, group, peer_scheme, own_scheme;
    const struct hf_suite *suite;
    const struct hf_hash *hash;
    const struct hf_aead *aead;
    bool retried, verified, resumed;
    bool extended_master;  /* TLS 1.2: RFC 7627 */
    int16_t own_chain;     /* index of our keypair, -1 if none was used */
    char *protocol;        /* NUL ended, or NULL */
    char *server_name;     /* SNI, or NULL */
    struct hf_cert **peer; /* counted; leaf first */
    size_t peer_count;

    uint8_t binding[HF_BINDING_LEN]; /* of the sessions that come of this */
    int64_t session_end; /* of one that was resumed, seconds since 1970 */
    uint8_t client_random[32], server_random[32];
    uint8_t master_secret[HF_MASTER_LEN]; /* TLS 1.2 */
    uint8_t client_secret[HF_HASH_MAX];   /* application traffic, current */
    uint8_t server_secret[HF_HASH_MAX];
    uint8_t exporter_secret[HF_HASH_MAX];
    uint8_t resumption_secret[HF_HASH_MAX];
};
void hf_session_wipe(struct hf_session *s);
/* Only its secrets. */
void hf_session_forget(struct hf_session *s);

/* Is anybody watching?  Ask before making up the words of an event. */
static inline bool hf_watched(const struct hf_session *s)
{
    return s->watch != NULL;
}
/* A decision: inputs, verdict and instead may be NULL. */
void hf_decided(const struct hf_session *s, enum hf_event_id id, bool ok,
                const char *inputs, const char *verdict, const char *instead);
/* A message or alert or CCS went by. */
void hf_passed(const struct hf_session *s, bool sent, uint8_t record,
               unsigned message, unsigned epoch, struct hf_span bytes);
/* A direction is under new keys. */
void hf_keyed(const struct hf_session *s, bool sending, unsigned epoch);
/* A secret that no key log knows: an event, if secrets were asked for. */
void hf_secret_seen(const struct hf_session *s, const char *label,
                    struct hf_span secret);
/* A secret exists: key log and, if asked for, event. */
void hf_secret(const struct hf_session *s, const char *label,
               const uint8_t *secret, size_t len);

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
    bool wants_staple;
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
    bool ccs_heard;              /* TLS 1.2: one is waiting to be acted on */
    bool asked_rsa, asked_ecdsa; /* TLS 1.2: kinds of key the server takes */
    struct hf_span params;       /* TLS 1.2: what ServerKeyExchange signs */
    struct hf_span sealed;       /* RSA key transport: the premaster secret */

    /* sessions */
    struct hf_saved_session *saved; /* offered, or resumed; in the arena */
    struct hf_span ticket;          /* TLS 1.2 client: a new one */
    uint32_t ticket_lifetime;
    uint16_t psk_index;                 /* TLS 1.3 server: which was taken */
    struct hf_hash_state before_second; /* transcript up to that hello */
    const char *label;                  /* client: of its sessions, or NULL */

    /* names */
    struct hf_peer_name name; /* client: to be checked */
    bool check_name;
    const char *sni; /* client: to be sent, or NULL */

    /* certificates */
    const struct hf_keypair *keypair;
    const struct hf_signature *scheme; /* for our own signature */
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
HF_CHECK bool hf_keys13_handshake(struct hf_handshake *hs);
HF_CHECK bool hf_keys13_master(struct hf_handshake *hs);
HF_CHECK bool hf_keys13_resumption(struct hf_handshake *hs);
/* Put the keys of @secret to use in one direction. */
HF_CHECK bool hf_keys13_install(struct hf_session *s, bool sending,
                                const uint8_t *secret, enum hf_epoch epoch);
/* The next generation of application keys in one direction (7.2). */
HF_CHECK bool hf_keys13_update(struct hf_session *s, bool sending);
/* Finished.verify_data with the base key @secret over @digest. */
HF_CHECK bool hf_keys13_finished(struct hf_session *s, const uint8_t *secret,
                                 const uint8_t *digest, uint8_t *out);
HF_CHECK bool hf_keys13_export(const struct hf_session *s, const char *label,
                               struct hf_span context, uint8_t *out,
                               size_t len);

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
/* The handshake has failed, and with it the session that it would resume. */
void hf_session_failed(struct hf_handshake *hs);
/* The digest of what is the same for every session of these settings. */
HF_CHECK bool hf_settings_bind(struct hf_settings *set, struct hf_error *error);

/* ---- what both versions share (certificate.c, finished.c) ---------------------------- */
/* Sign @text with our keypair: hs->signature; may wait for an answer. */
enum hf_step_result hf_sign_text(struct hf_handshake *hs, struct hf_span text);
/* Is the peer's chain in the session trusted?  Sets no proof. */
HF_CHECK bool hf_chain_trusted(struct hf_handshake *hs, struct hf_error *why);
/* One more certificate of the peer's; at most HF_CHAIN_MAX.  @hold: it was
 * read before, and is only kept. */
HF_CHECK bool hf_keep_certificate(struct hf_handshake *hs, struct hf_span der,
                                  bool hold);
/* The peer gave none: is that in order? */
HF_CHECK bool hf_no_chain(struct hf_handshake *hs);
/* Is what came the MAC that it should be?  Sets that proof. */
HF_CHECK bool hf_prove_finished(struct hf_handshake *hs, struct hf_span came,
                                struct hf_span mac);

/* What came with the peer's chain (staple.c): for each certificate an OCSP
 * response or nothing; NULL if none came.  Did we ask for it? */
const struct hf_span *hf_staples(const struct hf_handshake *hs);
bool hf_staple_asked(const struct hf_handshake *hs);

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
bool hf_rsa12_fits(const struct hf_keypair *pair);
/* What the peer's keyUsage must allow; 0: what is usual. */
uint16_t hf_rsa12_leaf_usage(const struct hf_handshake *hs);
enum hf_step_result hf_send_server_hello12(struct hf_handshake *hs);

/* ---- which version (version.c) ----------------------------------------------------- */
/* Server: the version for a client's list, or its legacy_version if it has
 * none; 0: none. */
unsigned hf_negotiate_version(const struct hf_settings *s,
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
const struct hf_suite *hf_negotiate_suite(const struct hf_settings *s,
                                          struct hf_span offered,
                                          unsigned version);
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
};
/* What speaks for a keypair, the least important first. */
/* Is one of its certificates from one of @authorities?  An empty list names
 * everybody.  *budget: names that may still be looked at. */
bool hf_keypair_issued_by(const struct hf_keypair *pair,
                          struct hf_span authorities, size_t *budget);
/* Names that are looked at for one choice: who sends many more is not guided by
 * them, and costs no more. */
enum { HF_AUTHORITIES_LOOKED_AT = 4096 };

enum hf_fit {
    HF_FIT_ISSUER = 1 << 0,    /* it is from one of the authorities */
    HF_FIT_CHAIN = 1 << 1,     /* the chain is signed as the other can check */
    HF_FIT_KEY_USAGE = 1 << 2, /* its key may sign */
    HF_FIT_NAME = 1 << 3,      /* it has the name */
    HF_FIT_ALL = (1 << 4) - 1
};
struct hf_chosen {
    const struct hf_keypair *pair;
    const struct hf_signature *how;
    unsigned fit;    /* enum hf_fit */
    bool name_known; /* one of ours has the name, if not this one */
};
/* Of those whose key can sign for @wanted the one that fits best, the first of
 * equals.  Strict names: none that has not the name. */
HF_CHECK bool hf_negotiate_keypair(const struct hf_settings *s,
                                   const struct hf_wanted *wanted,
                                   struct hf_chosen *out);
/* Does this pair's certificate have that name? */
bool hf_keypair_named(const struct hf_keypair *pair, struct hf_span name);
/* The numbers of a checked list that are @ours too, in the order of the list. */
void hf_numbers_read(struct hf_numbers *out, struct hf_span list16,
                     const struct hf_numbers *ours);

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

/* ---- what the flow names ----------------------------------------------------------------- */
/* client.c */
hf_recv_fn hf_recv_hello_retry, hf_recv_server_hello;
hf_send_fn hf_send_client_hello, hf_send_second_hello;
hf_send_fn hf_job_make_shares, hf_job_make_share_again, hf_job_open_share;
/* server.c */
hf_recv_fn hf_recv_client_hello, hf_recv_second_hello;
hf_send_fn hf_send_hello_retry, hf_send_server_hello;
hf_send_fn hf_job_choose_parameters, hf_job_share_keys;
/* client13.c and server13.c */
hf_recv_fn hf_recv_encrypted_exts, hf_recv_cert_request;
hf_send_fn hf_send_encrypted_exts, hf_send_cert_request;
hf_send_fn hf_job_choose_certificate;
/* certificate.c */
hf_recv_fn hf_recv_certificate, hf_recv_cert_verify;
hf_send_fn hf_send_certificate, hf_send_cert_verify;
hf_send_fn hf_job_sign, hf_job_verify_chain, hf_job_check_signature;
/* finished.c */
hf_recv_fn hf_recv_finished;
hf_send_fn hf_send_finished;

/* client12.c */
hf_recv_fn hf_recv_server_kx, hf_recv_cert_request12, hf_recv_hello_done;
hf_send_fn hf_job_check_server_kx, hf_job_choose_certificate12;
hf_send_fn hf_job_make_premaster, hf_send_client_kx;
/* rsa12.c */
hf_recv_fn hf_recv_client_kx_rsa;
hf_send_fn hf_job_check_server_key, hf_job_make_premaster_rsa;
hf_send_fn hf_send_client_kx_rsa, hf_job_open_premaster_rsa;
/* staple.c */
hf_recv_fn hf_recv_status12;
hf_send_fn hf_send_status12;
/* resume12.c and resume13.c */
hf_recv_fn hf_recv_ticket12;
hf_send_fn hf_send_ticket12, hf_job_give_tickets;
/* server12.c */
hf_send_fn hf_job_make_share12, hf_job_sign_share, hf_send_server_kx;
hf_send_fn hf_send_cert_request12, hf_send_hello_done, hf_job_open_premaster;
hf_recv_fn hf_recv_client_kx;
/* certificate12.c */
hf_recv_fn hf_recv_certificate12;
hf_send_fn hf_send_certificate12, hf_send_cert_verify12;
hf_send_fn hf_job_sign12, hf_job_check_signature12;
/* finished12.c */
hf_recv_fn hf_recv_ccs, hf_recv_finished12;
hf_send_fn hf_send_ccs, hf_send_finished12;

#endif
