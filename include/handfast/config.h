/* config.h - what is offered, who is trusted, what may come: a configuration,
 * which many connections share.  (Part of engine.h, which brings it.)
 *
 * Threads: a config is built by one thread, frozen at first use and then
 * shared freely.
 */
#ifndef HANDFAST_CONFIG_H
#define HANDFAST_CONFIG_H

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
 * fail with config.frozen.  Lists end with 0 or NULL and are copied.
 *
 * @config may be NULL everywhere here, so that hf_config_new() need not be
 * checked: setters are false then, and hf_config_error() says why. */
struct hf_config;

/* A config with the policy "default".  NULL without memory.  One count. */
HF_PUBLIC struct hf_config *hf_config_new(void);
HF_PUBLIC struct hf_config *hf_config_keep(struct hf_config *config);
HF_PUBLIC void hf_config_free(struct hf_config *config);
/* Never NULL; of no config: internal.memory. */
HF_PUBLIC const struct hf_error *hf_config_error(const struct hf_config *);
HF_PUBLIC void hf_config_clear_error(struct hf_config *config);
/* Note a reason as the setters do, for code that reads a configuration from
 * somewhere: @code is an enum hf_error_code (what is none is noted as
 * use.order), @system an errno or 0, @detail a text that is copied.  Always
 * false. */
HF_PUBLIC bool hf_config_fail(struct hf_config *config, unsigned code,
                              int system, const char *detail);
/* Open the provider and check the whole; done by the first connection if it
 * was not said before.  False: hf_config_error(). */
HF_PUBLIC bool hf_config_freeze(struct hf_config *config);
/* A config like @config that trusts what @trust trusts, and holds the revocation
 * lists that @trust holds, instead of its own: to exchange anchors while
 * connections come and go.  Both are frozen and kept by it; all else, keys and
 * caches too, is @config's.  Sessions of before are not resumed: other anchors,
 * a new handshake.  One count; any thread, but @trust belongs to this call.
 * NULL: the reason is in hf_config_error(@trust). */
HF_PUBLIC struct hf_config *hf_config_with_trust(struct hf_config *config,
                                                 struct hf_config *trust);

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
 * If never set, or forgotten by hf_config_set_policy, the peer is told of one
 * list, and whatever the provider can verify is accepted on certificates. */
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
 * server picks by name, key kind and the client's signature lists, which also
 * say how the chain may be signed.  If no chain is signed so, one is sent all
 * the same.  Checked to belong together.  Copies. */
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
/* Server: ask clients for a certificate.  In TLS 1.2 only those who know RFC 7627
 * (extended_master_secret): others are not asked, or refused if it is required;
 * and a client gives none to a server without it.  What is proved under keys
 * that two connections may share counts in both. */
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
    HF_TICKETS_MAX = 8, /* given after one handshake */
    HF_TICKETS_ASKED_MAX = 16,
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
/* Client: ask a server of TLS 1.3 for so many tickets (RFC 9149), at most
 * HF_TICKETS_ASKED_MAX: @full after a full handshake, @resumed after a
 * resumption; 0: none, please.  A client that makes many connections at once
 * wants one for each; one that keeps no sessions wants none.  Not asked if never
 * said: then the server gives as many as it likes, and so does one that does not
 * know the question.  A server of ours does as it is asked, up to
 * HF_TICKETS_MAX, unless it gives none at all. */
HF_PUBLIC bool hf_config_ask_tickets(struct hf_config *config, unsigned full,
                                     unsigned resumed);
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
 * into its CertificateRequest and its tickets.  Off if never set: what is said stays the same
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

#ifdef __cplusplus
}
#endif
#endif
