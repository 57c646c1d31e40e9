/* engine.h - the connection without sockets: bytes in, bytes out, events.
 *
 *        peer's bytes -> hf_conn_receive() -> HF_DATA, HF_READY, ...
 *        peer's bytes <- hf_conn_outgoing()   what the connection must say
 *        peer's bytes <- hf_conn_send()    <- your data
 *
 * Nothing here opens a file, reads a clock or waits.  The caller owns the
 * buffers: received records are opened in place, sent ones are sealed straight
 * into the caller's memory, and an idle connection owns none.
 *
 * Threads: a config is built by one thread, frozen at first use and then
 * shared freely.  A connection is used by one thread at a time.
 */
#ifndef HANDFAST_ENGINE_H
#define HANDFAST_ENGINE_H

#include "handfast/crypto.h"
#include "handfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HF_TLS12 = 0x0303,
    HF_TLS13 = 0x0304,
    HF_RECORD_MAX = 5 + 16384 + 256, /* a receive buffer this large always
                                       * holds one whole record */
    HF_SEAL_OVERHEAD = 5 + 8 + 16 /* what a record adds to its data at most */
};

/* ---- configuration ------------------------------------------------------------
 * Setters return false with the reason in hf_config_error(); the first reason
 * stays until it is cleared.  After first use a config is frozen, and setters
 * fail with config.frozen.  Lists end with 0 or NULL and are copied. */
struct hf_config;

/* A config with the policy "default".  NULL without memory.  One count. */
HF_PUBLIC struct hf_config *hf_config_new(void);
HF_PUBLIC struct hf_config *hf_config_keep(struct hf_config *config);
HF_PUBLIC void hf_config_free(struct hf_config *config); /* NULL is fine */
HF_PUBLIC const struct hf_error *hf_config_error(const struct hf_config *);
HF_PUBLIC void hf_config_clear_error(struct hf_config *config);
/* Note a reason as the setters do, for code that reads a configuration from
 * somewhere: @code is an enum hf_error_code, @system an errno or 0, @detail a
 * text that is copied.  Always false. */
HF_PUBLIC bool hf_config_fail(struct hf_config *config, unsigned code,
                              int system, const char *detail);
/* Open the provider and check the whole; done by the first connection if it
 * was not said before.  False: hf_config_error(). */
HF_PUBLIC bool hf_config_freeze(struct hf_config *config);

/* The provider of cryptography; hf_libcrypto if never set. */
HF_PUBLIC bool hf_config_set_provider(struct hf_config *config,
                                      const struct hf_provider *provider);

/* What is offered and accepted, as one thing with a name and a date.  Lists
 * end with 0, most wanted first.  Const data; any thread. */
struct hf_policy {
    const char *name;   /* "default": may mean a newer row in a later release */
    const char *pinned; /* "default-2026": means this row for ever */
    const char *date;   /* "2026-11-21": when it was laid down */
    const char *purpose; /* one line */
    uint16_t min_version, max_version;
    uint16_t min_rsa_bits;
    const uint16_t *suites, *groups, *schemes;
    const uint16_t *shares; /* groups for which a first hello has a share */
};
/* The policies one by one; NULL behind the last. */
HF_PUBLIC const struct hf_policy *hf_policy_at(size_t index);
/* The policy of that name, short or pinned; NULL if there is none. */
HF_PUBLIC const struct hf_policy *hf_policy_find(const char *name);
/* Follow the policy @name ("default", "modern", "classic", or a pinned name):
 * versions, suites, groups, shares, signature schemes and the RSA minimum
 * become the policy's, whatever was set before; the setters below change parts
 * of it if they come later.  What the provider lacks is left out of a policy's
 * lists (of a list that was set by hand it is an error of hf_config_freeze).
 * False: config.option if there is no such policy, config.frozen. */
HF_PUBLIC bool hf_config_set_policy(struct hf_config *config, const char *name);
/* Versions from @min to @max: HF_TLS12 or HF_TLS13; the policy's if never
 * set.  A version for which there is no suite is not offered. */
HF_PUBLIC bool hf_config_set_versions(struct hf_config *config, unsigned min,
                                      unsigned max);
/* Numbers of cipher suites, groups, signature schemes, most wanted first. */
HF_PUBLIC bool hf_config_set_suites(struct hf_config *config,
                                    const uint16_t *suites);
HF_PUBLIC bool hf_config_set_groups(struct hf_config *config,
                                    const uint16_t *groups);
/* Client: the groups for which the first hello carries a share; default: the
 * policy's or, once groups were set, the first of these and a classic one that
 * comes with it for free. */
HF_PUBLIC bool hf_config_set_shares(struct hf_config *config,
                                    const uint16_t *groups);
HF_PUBLIC bool hf_config_set_signatures(struct hf_config *config,
                                        const uint16_t *schemes);
/* Signatures of the peer's that are accepted, if they are others than those
 * that we sign with. */
HF_PUBLIC bool hf_config_set_verify_signatures(struct hf_config *config,
                                               const uint16_t *schemes);
/* Signatures that are accepted on the peer's certificates, if they are others
 * (signature_algorithms_cert, RFC 8446 4.2.3): the peer is told where this list
 * is not the same as the one above, and a certificate that is signed in another
 * way is refused (verify.algorithm; an anchor's own signature does not count).
 * If never set, the peer is told of one list, and whatever the provider can
 * verify is accepted on certificates. */
HF_PUBLIC bool hf_config_set_cert_signatures(struct hf_config *config,
                                             const uint16_t *schemes);
/* Application protocols (ALPN, RFC 7301), most wanted first. */
HF_PUBLIC bool hf_config_set_protocols(struct hf_config *config,
                                       const char *const *protocols);

/* Certificate compression (RFC 8879, TLS 1.3): numbers of the ways in which we
 * expand the peer's certificate and, if it asks for one of them, compress our
 * own; most wanted first, 0 at the end; an empty list turns it off again.  A
 * way that the provider lacks (libcrypto's has those whose library was there
 * when handfast was built) is config.option of hf_config_freeze, and ours are
 * compressed there, once.  Default: none, in either role.  It saves bytes, and
 * a round trip where a chain is long; its price is that a decompressor reads
 * what somebody sends who has proved nothing yet. */
enum {
    HF_COMPRESSION_ZLIB = 1,
    HF_COMPRESSION_BROTLI = 2,
    HF_COMPRESSION_ZSTD = 3
};
HF_PUBLIC bool hf_config_set_cert_compression(struct hf_config *config,
                                              const uint16_t *algorithms);

/* Our certificate chain (leaf first; PEM text, or one DER certificate) and
 * its private key (PEM or DER; see crypto.h).  May be said several times: the
 * server picks by name, key kind and the client's signature list.  Checked to
 * belong together.  Copies. */
HF_PUBLIC bool hf_config_add_keypair(struct hf_config *config,
                                     struct hf_span chain, struct hf_span key);
/* Who is asked for passphrases of keys added later. */
HF_PUBLIC void hf_config_set_passphrase(struct hf_config *config,
                                        hf_passphrase_fn *ask, void *ctx);
/* Trust the certificates of a PEM text, or one DER certificate. Copies. */
HF_PUBLIC bool hf_config_trust(struct hf_config *config,
                               struct hf_span anchors);
/* The same with borrowed text: it must live as long as the config does, and
 * done(ctx) is called when that ends.  False: nothing was kept, and done is
 * not called. */
HF_PUBLIC bool hf_config_trust_borrowed(struct hf_config *config,
                                        struct hf_span pem,
                                        void (*done)(void *ctx), void *ctx);
/* Certificate revocation lists (RFC 5280 5): every X509 CRL of a PEM text, or
 * one in DER.  Copies, indexes.  All or nothing: config.crl says which one
 * cannot be used and why (a delta CRL, an indirect CRL, a critical extension
 * that is not understood, no number, no nextUpdate). */
HF_PUBLIC bool hf_config_add_crls(struct hf_config *config,
                                  struct hf_span lists);
/* What is asked about revocation (types.h); HF_REVOCATION_SOFT if never set.
 * Nothing is ever fetched: what is asked are the lists that were added and the
 * OCSP responses that the peer sends. */
HF_PUBLIC bool hf_config_set_revocation(struct hf_config *config,
                                        enum hf_revocation mode);
/* Client: ask the server for an OCSP response (RFC 6066 8); the modes LEAF and
 * HARD do so by themselves.  One that comes is verified; a certificate that
 * says that it never comes without one (RFC 7633) must have one then. */
HF_PUBLIC bool hf_config_ask_staple(struct hf_config *config, bool on);
/* Server: an OCSP response in DER for the certificate that was added last,
 * given to clients who ask.  It grows old: make a new config in time.
 * Copies. */
HF_PUBLIC bool hf_config_add_staple(struct hf_config *config,
                                    struct hf_span response);
/* Client: ask the server for certificate timestamps (RFC 6962 3.3.1).  Those
 * inside its certificate are there without asking; hf_conn_sct tells all. */
HF_PUBLIC bool hf_config_ask_scts(struct hf_config *config, bool on);
/* Server: a SignedCertificateTimestampList, as it travels, for the certificate
 * that was added last, given to clients who ask; at most 8192 bytes.  Its form
 * is checked, and nothing else.  Copies. */
HF_PUBLIC bool hf_config_add_scts(struct hf_config *config,
                                  struct hf_span list);
/* Server: ask clients for a certificate. */
enum hf_client_auth {
    HF_CLIENT_AUTH_NONE,
    HF_CLIENT_AUTH_OPTIONAL,
    HF_CLIENT_AUTH_REQUIRED
};
HF_PUBLIC bool hf_config_set_client_auth(struct hf_config *config,
                                         enum hf_client_auth mode);
/* Server: refuse a client that asks for a name for which we have no
 * certificate (unrecognized_name); otherwise it gets the first one. */
HF_PUBLIC bool hf_config_set_strict_names(struct hf_config *config, bool on);
/* Tell the peer the names of all that were added to trust, when the config is
 * frozen, so that it can choose among its certificates (RFC 8446 4.2.4, RFC
 * 5246 7.4.4): a server in CertificateRequest, a client of TLS 1.3 in its
 * hello, in the clear.  config.option of hf_config_freeze if they take more
 * than 8192 bytes, as those of a whole system do.  Default: not told. */
HF_PUBLIC bool hf_config_set_send_authorities(struct hf_config *config,
                                              bool on);
/* The clock: seconds since 1970.  Without one, a client cannot verify. */
typedef int64_t hf_clock_fn(void *ctx);
HF_PUBLIC bool hf_config_set_clock(struct hf_config *config, hf_clock_fn *now,
                                   void *ctx);
/* The same where none was set and nothing is frozen yet; else nothing. */
HF_PUBLIC void hf_config_default_clock(struct hf_config *config,
                                       hf_clock_fn *now, void *ctx);
/* Smallest RSA modulus accepted in a chain, in bits; the policy's (2048) if
 * never set. */
HF_PUBLIC bool hf_config_set_min_rsa(struct hf_config *config, unsigned bits);
/* That an issuer's key signed a certificate is remembered, so that the
 * intermediates of those who come again need no arithmetic: which key signed
 * which certificate and nothing else.  Names, dates, constraints, purposes and
 * revocation are asked each time, and no verdict is another with it than
 * without.  Room for @entries (of 42 bytes, in steps of 4, 8, 16 ...), 256 if
 * never set; 0: nothing is remembered.  All connections of the config share
 * it, without a lock; the one least asked for makes room.
 *
 * @leaves: peers' own certificates, too.  That spares a server with client
 * certificates one signature more for each client that comes again without a
 * session, but then the time that a refusal takes tells whoever shows somebody
 * else's certificate whether that one has been here. Default: not. */
enum { HF_SIGNATURE_CACHE_MAX = 65536 };
HF_PUBLIC bool hf_config_set_signature_cache(struct hf_config *config,
                                             size_t entries, bool leaves);

/* When a peer's certificate is not trusted, keep all the ways that were tried
 * and why each ended, for hf_conn_attempt(): up to 64 certificates and 30 KiB,
 * until the connection is freed.  Default: only the most telling reason, in
 * hf_conn_error(). */
HF_PUBLIC bool hf_config_set_why_not(struct hf_config *config, bool on);

/* Watch every event of every connection; key log lines come only if
 * @secrets. May be set while unfrozen only. */
HF_PUBLIC bool hf_config_set_watch(struct hf_config *config, hf_watch_fn *watch,
                                   void *ctx, bool secrets);
/* Every secret as an NSS key log line ("CLIENT_RANDOM ..."), for debugging
 * only: whoever has them reads the connection.  Called during the handshake. */
typedef void hf_keylog_fn(void *ctx, const char *line);
HF_PUBLIC bool hf_config_set_keylog(struct hf_config *config, hf_keylog_fn *log,
                                    void *ctx);

/* ---- sessions: a second handshake for a fraction of the price ------------------
 * RFC 8446 2.2, RFC 5077, RFC 5246 7.3.  A server gives tickets by itself; a
 * client resumes if it has a place to keep sessions in.
 *
 * What is kept is sealed: whoever keeps it can neither read nor change it, and
 * losing it costs no more than a full handshake.  A session is resumed only
 * under the same names, application protocols, client authentication and
 * anchors; anything else is a full handshake, never a failure. */
enum {
    HF_SESSION_MAX = 16384, /* bytes of one kept session at most */
    HF_TICKET_KEY_NAME_LEN = 16,
    HF_TICKET_KEY_LEN = 32,
    HF_TICKETS_MAX = 8,                     /* given after one handshake */
    HF_SESSION_LIFETIME_MAX = 7 * 24 * 3600 /* seconds; RFC 8446 4.6.1 */
};

/* Where sessions are kept: a client's own, or a server's for clients of TLS
 * 1.2 that know no tickets.  Called during handshakes, from any thread that
 * has a connection with the config. */
struct hf_sessions {
    void *ctx;
    /* Keep a copy of @session under @key, beside what is there, until
     * @expires (seconds since 1970).  False: not kept. */
    bool (*put)(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires);
    /* The newest session under @key to @out; its length, or 0 if there is
     * none or it is longer than @cap.  @take: it is there no more, and nobody
     * else got it.  @out is NULL: only its length is asked for. */
    size_t (*get)(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap);
};
/* @sessions is copied; its ctx must live as long as the config. */
HF_PUBLIC bool hf_config_set_sessions(struct hf_config *config,
                                      const struct hf_sessions *sessions);
/* Server: how many tickets a client of TLS 1.3 gets after a full handshake (2
 * if never set; one after a resumption); 0: no tickets, in TLS 1.2 either.
 * Without a clock there are none. */
HF_PUBLIC bool hf_config_set_tickets(struct hf_config *config, unsigned count);
/* For how many seconds a session may be resumed; 43,200 if never set, at most
 * HF_SESSION_LIFETIME_MAX. */
HF_PUBLIC bool hf_config_set_session_lifetime(struct hf_config *config,
                                              unsigned seconds);
/* Keys that seal sessions.  By default each config makes its own, replaces
 * them once a session lifetime and forgets them after two.  With @find they
 * come from outside, so that several servers, or a client's next run, can use
 * the same: it fills in the key of that @name, or the one for new sessions if
 * @name is NULL, and *newest says whether it is that; false: there is none.
 * Called as hf_sessions is. */
struct hf_ticket_key {
    uint8_t name[HF_TICKET_KEY_NAME_LEN];
    uint8_t secret[HF_TICKET_KEY_LEN]; /* random; all zeroes are refused */
};
typedef bool hf_ticket_key_fn(void *ctx, const uint8_t *name,
                              struct hf_ticket_key *out, bool *newest);
HF_PUBLIC bool hf_config_set_ticket_keys(struct hf_config *config,
                                         hf_ticket_key_fn *find, void *ctx);

/* ---- what our records look like ------------------------------------------------
 * The largest record that we take, from 64 to 16385 bytes, with its type and
 * padding in TLS 1.3 (RFC 8449); a client says so in its hello, a server to
 * those who said theirs.  A peer that knows the extension keeps to it, and who
 * exceeds it then is refused (record.overflow).  0: nothing is said, as if never
 * set.  What the peer says is always heeded. */
HF_PUBLIC bool hf_config_set_record_size_limit(struct hf_config *config,
                                               unsigned bytes);
/* Client: ask for records of at most 512, 1024, 2048 or 4096 bytes of data in
 * both directions (max_fragment_length, RFC 6066 4; the older way, which some
 * small devices know).  0: not asked.  A server does as it is asked. */
HF_PUBLIC bool hf_config_set_max_fragment_length(struct hf_config *config,
                                                 unsigned bytes);
/* TLS 1.3: fill what is sealed, its type included, with zeroes up to a multiple
 * of so many bytes, so that lengths say less (RFC 8446 5.4): @handshake for what
 * travels under the handshake's keys, @data for all that comes later.  Never
 * beyond the largest record.  0 or 1: nothing is added, as if never set; at most
 * 16384. */
HF_PUBLIC bool hf_config_set_padding(struct hf_config *config, unsigned data,
                                     unsigned handshake);

/* Put values that mean nothing among those that do (RFC 8701), so that no peer
 * comes to rely on knowing them all: a client into its lists of suites, groups,
 * shares, versions and signatures and before and behind its extensions, a server
 * into its CertificateRequest.  Off if never set: what is said stays the same
 * from run to run then, which tests, traces and comparisons live on, and
 * nothing of it makes this connection safer. */
HF_PUBLIC bool hf_config_set_grease(struct hf_config *config, bool on);
/* Client: the extensions of each hello in another order, drawn anew for each
 * connection; pre_shared_key stays the last (RFC 8446 4.2.11).  Off if never
 * set, for the same reasons. */
HF_PUBLIC bool hf_config_set_permute(struct hf_config *config, bool on);

/* ---- external pre-shared keys: both have one before they meet -------------------
 * RFC 8446 2.2, RFC 9257, RFC 9258; TLS 1.3 only, and always with a fresh key
 * exchange.  Where such a key is used nobody shows a certificate: whoever has
 * the key is the peer.  So a key belongs to one client and one server, and to
 * one role of each: a config with keys that serves as both may be made to talk
 * to itself (RFC 9257 4.1), unless contexts of imported keys tell the roles
 * apart.  A config with no other credential needs neither certificate nor trust
 * anchor; then nothing but its keys will do.
 *
 * A client offers the session that it keeps, if it has one, and then its keys in
 * the order in which they were added, up to HF_PSK_OFFERS_MAX.  A server takes
 * the first in the client's order that it knows, and chooses a cipher suite that
 * goes with its hash.  It takes none from anybody if client certificates are
 * required: a key is no certificate.  Which key it was is
 * hf_conn_psk_identity(). */
enum {
    HF_PSK_KEY_MIN = 16, /* bytes; RFC 9257 6: at least 128 bits */
    HF_PSK_KEY_MAX = 512,
    HF_PSK_IDENTITY_MAX = 1024, /* bytes of an identity, and of a context */
    HF_PSKS_MAX = 1024,         /* of one config; an imported key is two */
    HF_PSK_OFFERS_MAX = 8       /* of one client's hello */
};
struct hf_psk {
    struct hf_span identity; /* by which both know it: any bytes, 1 or more */
    struct hf_span key;      /* as random as a key; no password */
    unsigned hash;           /* HF_SHA256, HF_SHA384; 0: SHA-256 */
};
/* A key for clients and servers.  Copies.  False: config.psk says why not: too
 * short or too long, an identity that is there already, a key that is there as
 * an imported one. */
HF_PUBLIC bool hf_config_add_psk(struct hf_config *config,
                                 const struct hf_psk *psk);
/* The same, but imported (RFC 9258): what travels, and what is used, is made of
 * the key, its identity and @context, for TLS 1.3 and one hash each; with the
 * key itself nothing is done, and by its bare identity it is not known.
 * @context (may be empty) is what both say about the two, such as their names
 * and roles.  hash: the one with which the key is imported. */
HF_PUBLIC bool hf_config_add_imported_psk(struct hf_config *config,
                                          const struct hf_psk *psk,
                                          struct hf_span context);
/* Server: what is not among the keys that were added is asked here. */
struct hf_psk_wanted {
    struct hf_span identity, context; /* bytes of the client's, 1 or more; the
                                       * context of an imported one */
    bool imported; /* the client means the imported form of that key */
};
struct hf_psk_found {
    uint8_t key[HF_PSK_KEY_MAX]; /* wiped when it was used */
    size_t len;
    unsigned hash; /* as in struct hf_psk */
    bool imported; /* this key is for import only: must be as wanted */
};
/* Fill in @out, which is zeroed; false: no such key, which is no failure: the
 * next identity is looked at, and then it is a handshake with certificates, if
 * there are any.  Called during handshakes, from any thread that has a
 * connection with the config. */
typedef bool hf_psk_find_fn(void *ctx, const struct hf_psk_wanted *wanted,
                            struct hf_psk_found *out);
HF_PUBLIC bool hf_config_set_psk_finder(struct hf_config *config,
                                        hf_psk_find_fn *find, void *ctx);
/* A handshake without such a key, or a session that came of one, fails
 * (negotiate.psk); only TLS 1.3 is spoken then.  Default: a client verifies the
 * server's certificate where the server does without the key, a server shows
 * its own, as always. */
HF_PUBLIC bool hf_config_require_psk(struct hf_config *config, bool on);
/* ---- early data: a request with the first flight (0-RTT) ---------------------------
 * RFC 8446 2.3, 4.2.10, 8.  A client that resumes a session of TLS 1.3 may send
 * some data before the server has answered.  It saves a round trip, and costs:
 *
 *   replay    whoever copies it can send it again, and the server cannot see it
 *             in the data.  Send what may happen twice (a GET, not an order).
 *   secrecy   it is sealed with the session's secret alone: who learns that
 *             later can read it.
 *
 * So both sides must ask for it, nothing of it comes by the usual way, and what
 * the server does not accept is never sent again by itself. */
enum {
    HF_EARLY_BYTES_MAX = 1024 * 1024, /* that a config can allow */
    HF_EARLY_WINDOW = 10, /* seconds by which a ticket's age may be off */
    HF_STRIKE_LEN = 32
};

/* Client: offer early data with sessions that allow it, at most @max_bytes a
 * connection (and no more than the server's ticket says).  Server: give tickets
 * that allow so much, and take it, if there is a strike register too.  0, as if
 * never said: no early data; at most HF_EARLY_BYTES_MAX. */
HF_PUBLIC bool hf_config_set_early_data(struct hf_config *config,
                                        unsigned max_bytes);

/* Server: who remembers which hellos have been here, for all who share ticket
 * keys; hf_strike_register_new() of handfast.h is one for a process. */
enum hf_strike {
    HF_STRIKE_UNKNOWN, /* cannot tell: no early data, but a handshake */
    HF_STRIKE_NEW,     /* the first time; from now on it is seen */
    HF_STRIKE_SEEN     /* a copy: no early data, but a handshake */
};
struct hf_strikes {
    void *ctx;
    /* Claim the hello of that @id, HF_STRIKE_LEN bytes that look random: NEW
     * for the first caller only, however many ask at once.  It must be known
     * until @expires (seconds since 1970, at most 22 after @now); whoever
     * cannot promise that none was here before, for want of an answer or
     * because he was not there all the time, says UNKNOWN.  Called during
     * handshakes, from any thread, after the hello has been proved. */
    enum hf_strike (*claim)(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires);
};
/* @strikes is copied; its ctx must live as long as the config. */
HF_PUBLIC bool hf_config_set_strikes(struct hf_config *config,
                                     const struct hf_strikes *strikes);

/* Dangerous, and called so. */
/* Accept any certificate from anybody. */
HF_PUBLIC bool hf_config_insecure_no_verify(struct hf_config *config);
/* A client may connect without a name to verify (the chain still is). */
HF_PUBLIC bool hf_config_insecure_no_name_check(struct hf_config *config);
/* Accept certificates whatever their dates. */
HF_PUBLIC bool hf_config_insecure_no_time_check(struct hf_config *config);

/* Questions that a connection puts to the application (HF_ASKS) instead of
 * deciding by itself. */
enum hf_question_kind {
    HF_ASK_CONFIG = 1, /* server: which config for this client?  Its versions
                        * and lists count from then on; but whom the first
                        * config refuses, for him nothing is asked */
    HF_ASK_SIGN = 2,   /* sign these bytes (the key lives elsewhere) */
    HF_ASK_VERIFY = 4, /* the last word on the peer's chain */
    HF_ASK_DECRYPT = 8 /* server, TLS 1.2: RSA's private power of this number
                        * (the key lives elsewhere) */
};
HF_PUBLIC bool hf_config_set_questions(struct hf_config *config,
                                       unsigned kinds);
/* A keypair whose key lives elsewhere: the chain only.  HF_ASK_SIGN must be
 * set, or HF_ASK_DECRYPT; for what is not set, the pair is not used. */
HF_PUBLIC bool hf_config_add_chain(struct hf_config *config,
                                   struct hf_span chain);

/* ---- connections ---------------------------------------------------------------- */
struct hf_conn;

enum hf_outcome {
    HF_NEED_BYTES, /* call again with more: every byte is used, or the unused
                    * ones begin a record that is not whole */
    HF_DATA,       /* *data is plaintext, inside the bytes you gave */
    HF_EARLY,      /* *data is early data, likewise: it may be a copy of what
                    * came before (hf_config_set_early_data) */
    HF_READY,      /* the handshake is over; said once */
    HF_ASKS,       /* a question is open: hf_conn_question() */
    HF_CLOSED,     /* close_notify came: no more data from the peer */
    HF_FAILED      /* hf_conn_error() says why; outgoing bytes hold the alert */
};

/* A connection in @role; freezes @config and keeps it.  @server_name (client;
 * NULL for a server): the name that is sent as SNI if it is a DNS name and
 * checked against the certificate; it may be NULL only if the config says
 * insecure_no_name_check or insecure_no_verify, else the connection fails at
 * once.  NULL only without memory; any other fault is hf_conn_error(). */
HF_PUBLIC struct hf_conn *hf_conn_new(struct hf_config *config,
                                      enum hf_role role,
                                      const char *server_name);
/* Client, before anything was exchanged: send @name as SNI (NULL: none) while
 * the certificate is still checked against the name given to hf_conn_new.
 * False: it is too late, or @name is none that RFC 6066 3 lets be sent (an
 * address is not), and then the connection fails at once. */
HF_PUBLIC bool hf_conn_set_sni(struct hf_conn *conn, const char *name);
/* Client, before anything was exchanged: sessions are shared only with
 * connections of the same @label (such as "host:port"; at most 255 bytes are
 * looked at).  False: it is too late. */
HF_PUBLIC bool hf_conn_set_session_label(struct hf_conn *conn,
                                         const char *label);
/* Watch this connection only, before anything was exchanged. */
HF_PUBLIC bool hf_conn_set_watch(struct hf_conn *conn, hf_watch_fn *watch,
                                 void *ctx, bool secrets);
/* Wipes and frees; legal in every state; NULL is fine. */
HF_PUBLIC void hf_conn_free(struct hf_conn *conn);

/* Take bytes from the peer.  Works in place: plaintext replaces ciphertext.
 * *used says how many are done with; keep the others in front of what comes
 * next and call again.  With len 0 it goes on with what can be done without
 * bytes (a client's first call, or after hf_conn_answer).  The outcome never
 * depends on how the bytes were cut into calls. */
HF_PUBLIC enum hf_outcome hf_conn_receive(struct hf_conn *conn, uint8_t *bytes,
                                          size_t len, size_t *used,
                                          struct hf_span *data);
/* The stream from the peer has ended.  HF_CLOSED if that is in order
 * (close_notify came before), else HF_FAILED with peer.truncated or
 * peer.closed_early: data may have been cut off. */
HF_PUBLIC enum hf_outcome hf_conn_eof(struct hf_conn *conn);
/* What the connection itself wants sent (hello, alerts, key updates), good
 * until the next call on @conn; hf_conn_sent() says how much went. */
HF_PUBLIC struct hf_span hf_conn_outgoing(const struct hf_conn *conn);
HF_PUBLIC void hf_conn_sent(struct hf_conn *conn, size_t len);
/* Seal as much of @data as fits into @room (records of at most 16384 bytes,

 * each at most HF_SEAL_OVERHEAD larger than its data and its padding; smaller
 * if the peer asked for that).  *taken says how much of @data went in.  Returns bytes written; 0 with *taken 0: no room, not ready yet,
 * closed, or failed (hf_conn_error).  Send hf_conn_outgoing() bytes first:
 * while there are any, nothing is sealed.  A server that took early data may
 * answer before it is ready. */
HF_PUBLIC size_t hf_conn_send(struct hf_conn *conn, struct hf_span data,
                              uint8_t *room, size_t cap, size_t *taken);
/* The @room with which one call takes @len bytes of data, by the limits and the
 * padding in force now. */
HF_PUBLIC size_t hf_conn_room(const struct hf_conn *conn, size_t len);
/* Client: the same for early data, after the first hf_conn_receive() has made
 * the hello and until HF_EARLY_ACCEPTED or HF_EARLY_REJECTED; 0 with *taken 0
 * also if none may be sent (any more). */
HF_PUBLIC size_t hf_conn_send_early(struct hf_conn *conn, struct hf_span data,
                                    uint8_t *room, size_t cap, size_t *taken);
/* Say close_notify (outgoing bytes); data may still be received. */
HF_PUBLIC void hf_conn_close(struct hf_conn *conn);
/* Change our sending keys, and the peer's too if @both (RFC 8446 4.6.3).
 * False before the handshake is over or in TLS 1.2. */
HF_PUBLIC bool hf_conn_update_keys(struct hf_conn *conn, bool both);

/* The open question, kind 0 if there is none.  Spans are good until it is
 * answered or the connection ends. */
struct hf_question {
    unsigned kind;            /* enum hf_question_kind */
    struct hf_span name;      /* CONFIG: SNI, or empty */
    struct hf_span protocols; /* CONFIG: the ALPN list as it came */
    uint16_t scheme;          /* SIGN: signature scheme */
    struct hf_span message;   /* SIGN: what to sign (not yet hashed);
                               * DECRYPT: a number below the modulus, and as
                               * many bytes as it */
    unsigned chain;           /* SIGN, DECRYPT: which, in the order added */
    unsigned code;            /* VERIFY: our own verdict, enum hf_error_code;
                               * the chain is hf_conn_peer_certificate() */
};
struct hf_answer {
    struct hf_config *config; /* CONFIG: NULL keeps the one in force */
    struct hf_span signature; /* SIGN: empty: could not sign, which fails */
    bool accept;              /* VERIFY */
    struct hf_span opened;    /* DECRYPT: the number to the private power, in
                               * as many bytes; anything else is taken as a
                               * wrong one, which nothing tells */
};
HF_PUBLIC struct hf_question hf_conn_question(const struct hf_conn *conn);
/* Go on with @answer, whose spans are copied; then call hf_conn_receive() (len
 * 0 will do).  False: no question is open, or the connection has failed.
 *
 * DECRYPT.  The padding of RSA key transport must not be looked at by anybody
 * but the library, which does so without telling (RFC 5246 7.4.7.1).  So whoever
 * has the key takes the bare power (RSA "without padding", hf_provider's
 * key_raise) and returns it whatever it is: he must not unpad, check, log or
 * count it, nor let it decide what he does, how long that takes, or how the
 * connection goes on.  If there is no answer because he is gone, answer with
 * nothing: the handshake goes on as with a wrong secret and ends at Finished.
 * An operation that fails for some numbers and not for others is an oracle. */
HF_PUBLIC bool hf_conn_answer(struct hf_conn *conn,
                              const struct hf_answer *answer);

/* ---- what can be asked; any time, 0 or NULL or empty while unknown ------------------ */
HF_PUBLIC const struct hf_error *hf_conn_error(const struct hf_conn *conn);
HF_PUBLIC bool hf_conn_ready(const struct hf_conn *conn);
HF_PUBLIC unsigned hf_conn_version(const struct hf_conn *conn); /* HF_TLS13 */
HF_PUBLIC unsigned hf_conn_suite(const struct hf_conn *conn);
HF_PUBLIC unsigned hf_conn_group(const struct hf_conn *conn);
/* The scheme of the peer's, and of our own, CertificateVerify. */
HF_PUBLIC unsigned hf_conn_peer_scheme(const struct hf_conn *conn);
HF_PUBLIC unsigned hf_conn_own_scheme(const struct hf_conn *conn);
HF_PUBLIC bool hf_conn_retried(const struct hf_conn *conn); /* HRR */
HF_PUBLIC struct hf_span hf_conn_protocol(const struct hf_conn *conn);
/* Server: the name the client asked for; client: the one that was sent. */
HF_PUBLIC const char *hf_conn_server_name(const struct hf_conn *conn);
/* The peer's certificates as it sent them, its own first; DER. */
HF_PUBLIC size_t hf_conn_peer_certificates(const struct hf_conn *conn);
HF_PUBLIC struct hf_span hf_conn_peer_certificate(const struct hf_conn *conn,
                                                  size_t index);
/* Why was the peer's certificate not trusted?  What was tried, if
 * hf_config_set_why_not() was said: a tree of certificates whose root, at
 * index 0, is the peer's own, and where each stands above the one that it
 * would have issued.  Each failed @code, or those above it did. */
struct hf_attempt {
    struct hf_span certificate; /* DER; good until the connection is freed */
    int issuer_of;              /* index; -1: it is the peer's own */
    bool anchor;                /* it is one that we trust */
    unsigned code;              /* enum hf_error_code; HF_OK: it passed */
    unsigned check;             /* enum hf_event_id: what it failed in */
    const char *detail;         /* both values, and what came out */
    const char *fix;            /* what to do, and who */
};
/* How many there are; 0 if it was trusted. */
HF_PUBLIC size_t hf_conn_attempts(const struct hf_conn *conn);
HF_PUBLIC bool hf_conn_attempt(const struct hf_conn *conn, size_t index,
                               struct hf_attempt *out);
/* Signed certificate timestamps of the peer's own certificate (RFC 6962), from
 * wherever they came; of a resumed session none are known.  Nothing about them
 * has been verified: that takes a list of logs, which is not here. */
enum hf_sct_source {
    HF_SCT_CERTIFICATE, /* an extension of the certificate */
    HF_SCT_TLS,         /* an extension of the handshake */
    HF_SCT_OCSP         /* an extension of the stapled OCSP response */
};
struct hf_sct {
    unsigned source;       /* enum hf_sct_source */
    unsigned version;      /* 1; of any other only .bytes is known */
    struct hf_span bytes;  /* the whole, as it came */
    struct hf_span log_id; /* 32 bytes; empty: malformed, or not version 1 */
    uint64_t timestamp;    /* milliseconds since 1970 */
    unsigned scheme;       /* of the signature: HashAlgorithm, then Signature-
                             * Algorithm, which hf_scheme_name knows */
    struct hf_span extensions, signature;
};
/* How many there are; the @index-th of them, spans good as long as @conn is.
 * False: there are not so many. */
HF_PUBLIC size_t hf_conn_scts(const struct hf_conn *conn);
HF_PUBLIC bool hf_conn_sct(const struct hf_conn *conn, size_t index,
                           struct hf_sct *out);
/* Was an earlier session resumed?  Certificates and what was verified are
 * those of its first handshake then. */
HF_PUBLIC bool hf_conn_resumed(const struct hf_conn *conn);
/* The identity of the external pre-shared key by which the two know each
 * other, in this handshake or in the one that was resumed (of an imported key:
 * the one that was given to hf_config_add_imported_psk); empty: no key. */
HF_PUBLIC struct hf_span hf_conn_psk_identity(const struct hf_conn *conn);
/* What became of early data.  A server that has taken some knows with HF_READY
 * (hf_conn_ready) that it was no copy. */
enum hf_early {
    HF_EARLY_NONE,     /* none was offered */
    HF_EARLY_OFFERED,  /* client: it may be sent; no answer yet */
    HF_EARLY_ACCEPTED, /* the server takes, or took, all that was sent */
    HF_EARLY_REJECTED  /* the server threw it away, or the client must take it
                        * so: what matters must be sent again */
};
HF_PUBLIC enum hf_early hf_conn_early(const struct hf_conn *conn);
/* Client: bytes of early data that may still be sent; 0: none. */
HF_PUBLIC size_t hf_conn_early_left(const struct hf_conn *conn);
/* Client, while it may be sent: the application protocol that it is for, the
 * session's; empty: none. */
HF_PUBLIC struct hf_span hf_conn_early_protocol(const struct hf_conn *conn);
/* Was the peer's chain verified (and its name, on a client)? */
HF_PUBLIC bool hf_conn_peer_verified(const struct hf_conn *conn);
/* Client: did the server ask for our certificate, and does it take what we gave?
 * In TLS 1.2 that is settled when the handshake is over.  In TLS 1.3 it is not:
 * the server has not seen our certificate by then, and shows only by going on
 * (with a ticket, data, new keys) that it takes it, or sends an alert.  So GIVEN
 * and NOT_GIVEN may be said of a connection that is ready, and REFUSED of one
 * that was: its hf_conn_error() is peer.alert, and the alert is in there.
 * (A server may speak before it has heard us.  What comes before our last
 * flight has gone, by hf_conn_sent(), is not counted; what comes later is, so
 * that ACCEPTED may become REFUSED, if rarely.)  A session that is resumed asks
 * for nothing: it has what the first handshake proved. */
enum hf_client_auth_state {
    HF_AUTH_NOT_ASKED, /* or we are no client */
    HF_AUTH_NOT_GIVEN, /* we had none that fits; not yet known if that will do */
    HF_AUTH_GIVEN,     /* chain hf_conn_own_chain(); not yet known */
    HF_AUTH_ACCEPTED,  /* also: the server goes on without any */
    HF_AUTH_REFUSED
};
HF_PUBLIC enum hf_client_auth_state hf_conn_client_auth(
    const struct hf_conn *conn);
/* Index of our own chain that was used, -1 if none was. */
HF_PUBLIC int hf_conn_own_chain(const struct hf_conn *conn);
/* @len bytes bound to this connection (RFC 8446 7.5, RFC 5705).  @context may
 * be empty, or there may be none (its at is NULL), which only TLS 1.2 tells
 * apart.  False before the handshake is over, and in TLS 1.2 if the peer does
 * not know RFC 7627 (extended_master_secret). */
HF_PUBLIC bool hf_conn_export(const struct hf_conn *conn, const char *label,
                              struct hf_span context, uint8_t *out, size_t len);

/* Bytes that tie what is said inside this connection to it, so that a login
 * which includes them cannot be passed on by somebody in the middle.  The
 * numbers are SCRAM's and GSS-API's names:
 *
 *   "tls-exporter" (RFC 9266): of this connection; both versions, but not TLS
 *       1.2 with a peer that does not know RFC 7627.
 *   "tls-server-end-point" (RFC 5929 4.1): a hash of the server's certificate,
 *       the same for all connections with it.  Not defined for certificates
 *       that are signed with Ed25519; not known to a server that resumes a
 *       session, for it shows no certificate.
 *
 * "tls-unique" is not offered: TLS 1.3 has none, and that of TLS 1.2 does not
 * always do what it promises (RFC 7627 1). */
enum hf_channel_binding {
    HF_BINDING_EXPORTER = 1,
    HF_BINDING_SERVER_END_POINT
};
enum { HF_CHANNEL_BINDING_MAX = HF_HASH_MAX };
/* The bytes to @out, of at most @cap (HF_CHANNEL_BINDING_MAX is enough); how
 * many.  0: there are none, see above, the handshake is not over, or @cap is too
 * small. */
HF_PUBLIC size_t hf_conn_channel_binding(const struct hf_conn *conn,
                                         enum hf_channel_binding kind,
                                         uint8_t *out, size_t cap);
/* The same for early data (RFC 8446 7.5): a client while it may be sent, and both
 * when it was accepted.  Copies of early data have the same. */
HF_PUBLIC bool hf_conn_export_early(const struct hf_conn *conn,
                                    const char *label, struct hf_span context,
                                    uint8_t *out, size_t len);

/* Names for numbers: "TLS 1.3", "TLS_AES_128_GCM_SHA256", "x25519",
 * "ed25519", "brotli", "bad_record_mac"; NULL if unknown.  Static; any thread. */
HF_PUBLIC const char *hf_version_name(unsigned version);
HF_PUBLIC const char *hf_suite_name(unsigned suite);
HF_PUBLIC const char *hf_group_name(unsigned group);
HF_PUBLIC const char *hf_scheme_name(unsigned scheme);
HF_PUBLIC const char *hf_compression_name(unsigned algorithm);
HF_PUBLIC const char *hf_alert_name(unsigned alert);
HF_PUBLIC const char *hf_message_name(unsigned message);
/* Numbers for names, as people write them ("x25519", "P-256", "prime256v1",
 * "0x1301", OpenSSL's and IANA's); 0 if unknown. */
HF_PUBLIC unsigned hf_suite_number(const char *name);
HF_PUBLIC unsigned hf_group_number(const char *name);
HF_PUBLIC unsigned hf_scheme_number(const char *name);
HF_PUBLIC unsigned hf_compression_number(const char *name);

#ifdef __cplusplus
}
#endif
#endif
