/* session.h - what a connection is given, and what it leaves behind.
 *
 *   settings   what we offer and whom we trust; shared, never changes
 *   session    directions, secrets, the peer's chain; lives as long as the
 *              connection */
#ifndef HF_SESSION_H
#define HF_SESSION_H

#include "base/base.h"
#include "crypto/suite.h"
#include "handfast/engine.h"
#include "record/record.h"
#include "x509/x509.h"

/* ==== settings: what a config becomes when it is frozen =============================== */

enum {
    HF_LIST_MAX = 32,       /* suites, groups, schemes in one list */
    HF_SHARES_MAX = 4,      /* key shares in one hello */
    HF_PROTOCOLS_MAX = 255, /* bytes of our ALPN list */
    HF_BINDING_LEN = 32,    /* what a session depends on, digested */
    HF_PSK_MARK_LEN = 32,   /* by which an external key is known again */
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

/* What goes along with a certificate in TLS 1.3, if the peer asks for it. */
enum hf_form { HF_FORM_STAPLE = 1, HF_FORM_SCTS = 2, HF_FORMS = 4 };

struct hf_keypair {
    struct hf_cert *chain[HF_CHAIN_MAX];
    size_t count;
    struct hf_private_key *key; /* NULL: lives elsewhere */
    struct hf_span staple;      /* an OCSP response for the first, or empty */
    struct hf_span scts;        /* timestamps for it (RFC 6962), or empty */
    /* Certificate of TLS 1.3 with an empty context and its header, for each set
     * of enum hf_form; empty where there is nothing of the kind to add. */
    struct hf_span message[HF_FORMS];
    /* CompressedCertificate likewise: all forms in the first of
     * settings.compressions, in the second, and so on. */
    struct hf_span *compressed;
    size_t compressed_count;
};

/* An external pre-shared key as it is offered and found; an imported one is
 * there once for each hash. */
struct hf_known_psk {
    struct hf_span identity; /* as it travels */
    struct hf_span key;      /* as it goes into the key schedule */
    struct hf_span source;   /* imported: the key that it was made of */
    uint8_t hash;            /* enum hf_hash_id */
    uint8_t kind;            /* enum hf_psk_kind */
};
enum hf_psk_kind { HF_PSK_NONE, HF_PSK_EXTERNAL, HF_PSK_IMPORTED };

struct hf_settings {
    struct hf_crypto crypto;
    uint16_t min_version, max_version;
    struct hf_numbers suites, groups, shares;
    struct hf_numbers schemes;      /* to sign with */
    struct hf_numbers verify;       /* of signatures that are accepted */
    struct hf_numbers cert_verify;  /* ... on certificates; none: any we know */
    struct hf_numbers compressions; /* of certificates, both directions */
    struct hf_span protocols;       /* as in ALPN: length-prefixed names */
    struct hf_keypair *keypairs;
    size_t keypair_count;
    struct hf_store *store;
    struct hf_span authorities; /* names to be sent, as in the extension */
    uint8_t client_auth;        /* enum hf_client_auth */
    bool strict_names, no_verify, no_name_check, no_time_check;
    uint16_t min_rsa_bits;
    uint8_t revocation; /* enum hf_revocation */
    bool why_not;       /* keep the ways that were tried in vain */
    bool ask_staple;    /* client: even if its lack would be no harm */
    bool ask_scts;      /* client: timestamps of logs */
    struct hf_crls crls;
    struct hf_known *known; /* signatures verified before; NULL: none */
    unsigned questions;     /* enum hf_question_kind */
    hf_clock_fn *clock;
    void *clock_ctx;
    hf_watch_fn *watch;
    void *watch_ctx;
    bool watch_secrets;
    hf_keylog_fn *keylog;
    void *keylog_ctx;
    struct hf_sessions sessions; /* .put is NULL: nowhere to keep any */
    uint8_t tickets;             /* server: after a full handshake */
    bool asks_tickets;           /* client: for so many, */
    uint8_t ask_full, ask_resumed;
    uint32_t session_lifetime;  /* seconds */
    hf_ticket_key_fn *find_key; /* NULL: our own keys */
    void *find_key_ctx;
    struct hf_ticket_keys *keys;
    struct hf_chains *chains; /* NULL: sessions carry their chains */
    uint16_t record_limit;    /* the largest record that we take; 0: any */
    uint8_t max_fragment;     /* client: the code that is asked for; 0: none */
    uint16_t pad_data, pad_handshake; /* multiples; 0: as it comes */
    bool grease, permute;
    struct hf_known_psk *psks;
    size_t psk_count;
    hf_psk_find_fn *find_psk; /* server; NULL: only those */
    void *find_psk_ctx;
    bool require_psk;
    uint32_t early_data; /* bytes of 0-RTT data; 0: none sent, none taken */
    struct hf_strikes strikes;       /* .claim is NULL: a server takes none */
    uint8_t binding[HF_BINDING_LEN]; /* what sessions depend on; at freezing */
    uint8_t own[HF_BINDING_LEN];     /* and a client's: its certificates */
};

/* ==== session: what outlives the handshake ============================================ */

/* Bytes of records with 0-RTT data that a server skips which gives no session
 * that is good for any (RFC 8446 4.2.10). */
enum { HF_EARLY_SKIP_MAX = 16384 };

/* The external key that a session rests on. */
struct hf_psk_origin {
    uint8_t kind;                  /* enum hf_psk_kind */
    struct hf_span identity;       /* as it travelled; owned */
    uint8_t mark[HF_PSK_MARK_LEN]; /* made of the key */
};

/* The three proofs without which nothing is connected.  Each is set in one
 * function only, to a value that no fault writes by accident. */
struct hf_proofs {
    uint64_t chain;     /* certificate.c: trusted, or excused by the config */
    uint64_t signature; /* the peer holds the private key: it signed with it
                         * (certificate.c, certificate12.c), or will have to
                         * decrypt with it (rsa12.c) */
    uint64_t finished;  /* finished.c: both saw the same handshake */
    uint64_t resumed;   /* resume.c: all of them, when the session was new */
    uint64_t psk; /* psk.c: both have the external key, if Finished holds */
};
#define HF_PROOF_CHAIN UINT64_C(0x9d3a61c5e8f2047b)
#define HF_PROOF_SIGNATURE UINT64_C(0x2c71fb0895d6ae43)
#define HF_PROOF_DECRYPTION UINT64_C(0x58e2961d4fa03b7c)
#define HF_PROOF_FINISHED UINT64_C(0xb64e08d7137fc92a)
#define HF_PROOF_RESUMED UINT64_C(0x61f2c49b7ed8305c)
#define HF_PROOF_PSK UINT64_C(0xf0853bd2a6194e7d)

struct hf_session {
    enum hf_role role;
    const struct hf_settings *settings;
    struct hf_error error;
    hf_watch_fn *watch; /* NULL: nobody watches */
    void *watch_ctx;
    bool watch_secrets;

    struct hf_direction in, out;
    struct hf_limit in_limit, out_limit; /* agreed on */
    struct hf_buffer outgoing;
    struct hf_reassembly messages;
    uint32_t early_skip; /* server: bytes of 0-RTT that may still be skipped */
    uint8_t early;       /* enum hf_early */
    uint32_t early_left; /* bytes that may still be sent, or may still come */

    uint16_t version, group, peer_scheme, own_scheme;
    const struct hf_suite *suite;
    const struct hf_hash *hash;
    const struct hf_aead *aead;
    bool retried, verified, resumed;
    bool extended_master;  /* TLS 1.2: RFC 7627 */
    uint8_t client_auth;   /* client: enum hf_client_auth_state */
    int16_t own_chain;     /* index of our keypair, -1 if none was used */
    char *protocol;        /* NUL ended, or NULL */
    char *server_name;     /* SNI, or NULL */
    struct hf_cert **peer; /* counted; leaf first */
    size_t peer_count;
    /* The ways from the peer's certificate to a trusted one, none of which
     * stood; NULL: one did, or nobody wants to know.  Owned. */
    struct hf_tried_tree *tried;
    struct hf_psk_origin psk;           /* instead of certificates */
    struct hf_span tls_scts, ocsp_scts; /* lists that came with it; owned */

    uint8_t binding[HF_BINDING_LEN]; /* of the sessions that come of this */
    int64_t session_end; /* of one that was resumed, seconds since 1970 */
    uint8_t client_random[32], server_random[32];
    uint8_t master_secret[HF_MASTER_LEN]; /* TLS 1.2 */
    uint8_t client_secret[HF_HASH_MAX];   /* application traffic, current */
    uint8_t server_secret[HF_HASH_MAX];
    uint8_t exporter_secret[HF_HASH_MAX];
    uint8_t early_exporter[HF_HASH_MAX];
    uint8_t resumption_secret[HF_HASH_MAX];
};
void hf_session_wipe(struct hf_session *s);
/* What was tried to trust the peer. */
void hf_session_drop_tried(struct hf_session *s);
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

#endif
