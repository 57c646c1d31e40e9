/* handfast.h - TLS on sockets and files: all that most programs need.
 *
 *     struct hf_config *config = hf_config_new();
 *     hf_config_trust_system(config);
 *     struct hf_tls *tls = hf_connect(config, "example.org", "443");
 *     if (hf_handshake(tls) < 0)
 *         errx(1, "%s", hf_tls_reason(tls));
 *     hf_write(tls, ...); hf_read(tls, ...); hf_close(tls); hf_tls_free(tls);
 *
 * Descriptors are used as they are: blocking ones block (until the deadline),
 * non-blocking ones make calls return HF_WANT_POLLIN or HF_WANT_POLLOUT, which
 * say what to poll for before the same call is made again.  No call raises
 * SIGPIPE.
 *
 * Threads: a config is built by one thread, then shared freely; a struct
 * hf_tls is used by one thread at a time.
 */
#ifndef HANDFAST_HANDFAST_H
#define HANDFAST_HANDFAST_H

#include "handfast/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- configuration from files (see engine.h for the rest) -------------------
 * All return false with the reason, the path in it, in hf_config_error().
 * Files are read once, here, and only regular ones.  @config may be NULL: false,
 * and hf_connect says later that there is none. */

/* Larger files than these are refused, in bytes. */
enum {
    HF_KEY_FILE_MAX = 64 * 1024,
    HF_CHAIN_FILE_MAX = 1024 * 1024,
    HF_TRUST_FILE_MAX = 64 * 1024 * 1024, /* a bundle, or a whole directory */
    HF_CRL_FILE_MAX = 64 * 1024 * 1024    /* revocation lists */
};

/* A chain and its key from files, PEM or DER.  A file may hold both: @key is
 * NULL then, or the same path. */
HF_PUBLIC bool hf_config_add_keypair_file(struct hf_config *config,
                                          const char *chain, const char *key);
/* Trust a bundle (PEM) or a single certificate (PEM or DER). */
HF_PUBLIC bool hf_config_trust_file(struct hf_config *config, const char *path);
/* Certificate revocation lists: a PEM text of any number, or one in DER. */
HF_PUBLIC bool hf_config_add_crl_file(struct hf_config *config,
                                      const char *path);
/* Server: an OCSP response in DER for the certificate that was added last. */
HF_PUBLIC bool hf_config_add_staple_file(struct hf_config *config,
                                         const char *path);
/* Server: certificate timestamps for the certificate that was added last, in a
 * SignedCertificateTimestampList as it travels (RFC 6962 3.3). */
HF_PUBLIC bool hf_config_add_scts_file(struct hf_config *config,
                                       const char *path);
/* Trust every certificate in a hashed directory (names such as 1f2e3d4c.0). */
HF_PUBLIC bool hf_config_trust_directory(struct hf_config *config,
                                         const char *path);
/* Trust what the system trusts: the bundles of Debian, Fedora, SUSE, Alpine
 * and the BSDs are tried in turn; config.no_trust lists them if none is there.
 * No environment variable is read.  The bundle is mapped, not read: systems
 * replace it by renaming a new one over it. */
HF_PUBLIC bool hf_config_trust_system(struct hf_config *config);

/* ---- a config that is replaced while it is in use -----------------------------
 * A place that holds one.  Whoever opens a connection asks it; whoever reads the
 * trust store again puts the anchors there.  Any thread, any number of them;
 * connections keep the config with which they began.
 *
 *     struct hf_live *live = hf_live_new(config);
 *
 *     struct hf_config *now = hf_live_get(live);        (for each connection)
 *     struct hf_tls *tls = hf_accept(now, fd);
 *     hf_config_free(now);
 *
 *     struct hf_config *trust = hf_config_new();        (when anchors change)
 *     if (!hf_config_trust_file(trust, path) || !hf_live_set_trust(live, trust))
 *         ... hf_config_error(trust); everything is as it was
 *     hf_config_free(trust); */
struct hf_live;
/* Holds @config, which is frozen.  NULL: hf_config_error(), or no memory.
 * Owner: caller. */
HF_PUBLIC struct hf_live *hf_live_new(struct hf_config *config);
HF_PUBLIC void hf_live_free(struct hf_live *live); /* NULL is fine */
/* The config of now, one count; NULL if @live is, and what takes a config can
 * tell that there is none. */
HF_PUBLIC struct hf_config *hf_live_get(struct hf_live *live);
/* @config from now on.  False: hf_config_error(@config), and nothing changed. */
HF_PUBLIC bool hf_live_set(struct hf_live *live, struct hf_config *config);
/* What @trust trusts from now on (hf_config_with_trust()).  One thread at a
 * time; of two at once, the later one's anchors stay.  False:
 * hf_config_error(@trust), and nothing changed. */
HF_PUBLIC bool hf_live_set_trust(struct hf_live *live, struct hf_config *trust);

/* ---- sessions kept in memory --------------------------------------------------
 * A place for hf_config_set_sessions(): a client's sessions, or those that a
 * server remembers by id.
 *
 *     struct hf_session_store *store = hf_session_store_new(1000, 0);
 *     hf_config_set_sessions(config, hf_session_store_interface(store));
 *
 * Bounded; finding takes the same time however many there are; several of one
 * key, the newest first; wiped when they go.  What has expired is not given.
 * Any thread may use it, and several configs; it is freed after them. */
struct hf_session_store;

enum {
    HF_SESSION_STORE_MAX = 16 * 1024 * 1024, /* sessions in one store at most */
    HF_SESSIONS_PER_KEY = 8                  /* kept; the oldest goes first */
};

/* Room for @max_sessions (1 to HF_SESSION_STORE_MAX), and for @max_bytes of
 * them, keys and bookkeeping included (0: no limit but the number); the one
 * that was put least recently makes room for the next.  NULL without memory,
 * or if @max_sessions is out of range.  Owner: caller. */
HF_PUBLIC struct hf_session_store *hf_session_store_new(size_t max_sessions,
                                                        size_t max_bytes);
/* Wipe and free; NULL is fine.  No config may use it any more. */
HF_PUBLIC void hf_session_store_free(struct hf_session_store *store);
/* What a config needs; lives as long as @store.  NULL if @store is, which
 * hf_config_set_sessions() refuses. */
HF_PUBLIC const struct hf_sessions *hf_session_store_interface(
    const struct hf_session_store *store);
/* The clock by which sessions expire; the system's if never set.  Before the
 * store is used. */
HF_PUBLIC void hf_session_store_set_clock(struct hf_session_store *store,
                                          hf_clock_fn *now, void *ctx);
/* Wipe them all; whoever comes next shakes hands in full. */
HF_PUBLIC void hf_session_store_clear(struct hf_session_store *store);
/* How many are there, expired ones not yet dropped included. */
HF_PUBLIC size_t hf_session_store_count(struct hf_session_store *store);
/* Show all that have not expired, in the order in which they were put, as long
 * as @visit says true; true if it always did.  To keep them elsewhere: put()
 * of the interface takes them back.  @visit may not use @store, which is
 * locked meanwhile. */
typedef bool hf_session_visit_fn(void *ctx, struct hf_span key,
                                 struct hf_span session, int64_t expires);
HF_PUBLIC bool hf_session_store_each(struct hf_session_store *store,
                                     hf_session_visit_fn *visit, void *ctx);

/* ---- early data that came before --------------------------------------------------
 * A strike register in memory for hf_config_set_strikes(): it knows the hellos of
 * the last seconds, so that a copy of early data is not taken.
 *
 *     struct hf_strike_register *seen = hf_strike_register_new(10000, NULL, NULL);
 *     hf_config_set_strikes(config, hf_strike_register_interface(seen));
 *
 * Whoever has the keys that open the tickets must ask the same register: configs
 * that share keys share it, and where several processes share keys, bring a
 * register of your own.  For the first 22 seconds it says that it does not know,
 * because another may have been here before (RFC 8446 8.2), and so it does when
 * it is full.  A claim takes the same time always.  Any thread may use it, and
 * several configs; it is freed after them. */
struct hf_strike_register;

enum { HF_STRIKE_CLAIMS_MAX = 1024 * 1024 };

/* Room for @max_claims (1 to HF_STRIKE_CLAIMS_MAX) in eight seconds; 320 to 640
 * bytes for each.  @now: the clock of the configs (NULL: the system's, as they
 * have if none was set), asked once.  NULL without memory, or if @max_claims is
 * out of range.  Owner: caller. */
HF_PUBLIC struct hf_strike_register *hf_strike_register_new(size_t max_claims,
                                                            hf_clock_fn *now,
                                                            void *ctx);
/* NULL is fine.  No config may use it any more. */
HF_PUBLIC void hf_strike_register_free(struct hf_strike_register *strikes);
/* What a config needs; lives as long as @strikes.  NULL if @strikes is, which
 * hf_config_set_strikes() refuses. */
HF_PUBLIC const struct hf_strikes *hf_strike_register_interface(
    const struct hf_strike_register *strikes);

/* ---- connections on sockets -------------------------------------------------
 * A config without a clock gets the system's from any function of this header,
 * unless it is frozen.  Signals do not interrupt calls: what waits goes on
 * waiting. */
struct hf_tls;

enum {
    HF_TLS_ERROR = -1,
    HF_WANT_POLLIN = -2,
    HF_WANT_POLLOUT = -3,
    HF_WANT_ANSWER = -4 /* hf_config_set_questions() was said, and one is open:
                         * hf_conn_answer(hf_tls_conn(tls)), then call again */
};
enum { HF_HANDSHAKE_MS = 10000 }; /* for a handshake, unless said otherwise */

/* Connect to @host (a name or an address) and @port (a number or a service)
 * over TCP, IPv6 and IPv4 addresses tried in turn, and shake hands; @host is
 * sent as SNI and verified.  Ten seconds for all of it unless
 * hf_connect_within() says otherwise (0: no limit); only the system's resolver
 * cannot be stopped on its way.  Sessions, if the config keeps any, are those
 * of the same "host:port" (hf_conn_set_session_label()).  Returns NULL only without memory; an object
 * whose hf_tls_error() has a code if it failed.  Blocking.  Owner: caller. */
HF_PUBLIC struct hf_tls *hf_connect(struct hf_config *config, const char *host,
                                    const char *port);
HF_PUBLIC struct hf_tls *hf_connect_within(struct hf_config *config,
                                           const char *host, const char *port,
                                           int milliseconds);
/* Only the TCP part of that, for a protocol that says something before TLS, or
 * to have the connection for yourself before hf_handshake(): a connected,
 * blocking descriptor, or -1 with the reason in *error, which is overwritten.
 * Owner: caller.  Any thread. */
HF_PUBLIC int hf_tcp_connect(const char *host, const char *port,
                             int milliseconds, struct hf_error *error);
/* A server's side of an accepted socket @fd.  Nothing is exchanged yet:
 * hf_handshake, hf_read or hf_write do that.  The descriptor stays the caller's
 * until hf_tls_own_fd(); a TCP socket gets TCP_NODELAY, for records are put
 * together already.  NULL only without memory. */
HF_PUBLIC struct hf_tls *hf_accept(struct hf_config *config, int fd);
/* A client, a server, on open descriptors (STARTTLS, tunnels, pipes); @in may
 * equal @out.  @server_name as in hf_conn_new.  Otherwise as hf_accept. */
HF_PUBLIC struct hf_tls *hf_client_fds(struct hf_config *config, int in,
                                       int out, const char *server_name);
HF_PUBLIC struct hf_tls *hf_server_fds(struct hf_config *config, int in,
                                       int out);
/* From now on hf_tls_free() closes the descriptors. */
HF_PUBLIC void hf_tls_own_fd(struct hf_tls *tls);
/* Fail with system.timeout where a call would wait once this many milliseconds
 * have passed from now, for the handshake and all that follows; 0: no
 * deadline.  Never said: HF_HANDSHAKE_MS from the beginning for the handshake,
 * none afterwards. */
HF_PUBLIC void hf_tls_set_deadline(struct hf_tls *tls, int milliseconds);

/* Show @tap all bytes that pass the descriptors from now on, sealed as they
 * travel and in the order of the calls: what was received before it is looked
 * into, what was sent when it has gone.  No bytes that were received are the
 * end of the stream.  For captures; @tap may neither use nor free @tls.  NULL:
 * nobody watches. */
typedef void hf_tap_fn(void *ctx, bool sent, struct hf_span bytes);
HF_PUBLIC void hf_tls_set_tap(struct hf_tls *tls, hf_tap_fn *tap, void *ctx);

/* Finish the handshake: 0, HF_WANT_POLLIN, HF_WANT_POLLOUT, HF_WANT_ANSWER or
 * HF_TLS_ERROR.  hf_read and hf_write do it by themselves. */
HF_PUBLIC int hf_handshake(struct hf_tls *tls);
/* Client: finish the handshake, and then wait at most @milliseconds until it is
 * known whether the server takes our certificate (hf_conn_client_auth()); a
 * server of TLS 1.3 says so by its first ticket or data, and there are some that
 * send neither until they are spoken to.  0: it does, or it did not ask, or the
 * time is over; HF_TLS_ERROR: it refuses, or what hf_handshake() returns.  On a
 * descriptor that does not block, HF_WANT_POLLIN instead of waiting.  Data that
 * comes is kept for hf_read(). */
HF_PUBLIC int hf_confirm(struct hf_tls *tls, int milliseconds);
/* Bytes read (at least 1); 0: the peer said close_notify; HF_WANT_POLLIN,
 * HF_WANT_POLLOUT, HF_WANT_ANSWER; HF_TLS_ERROR (a stream that just ends is the
 * error peer.truncated, never 0).  @len is at least 1, and all of @buf may be
 * written to.  Go on until HF_WANT_POLLIN before you poll: more may have come
 * already.  With HF_RECORD_MAX or more, records are opened inside @buf. */
HF_PUBLIC ssize_t hf_read(struct hf_tls *tls, void *buf, size_t len);
/* Bytes written (at least 1; on a blocking descriptor all of them);
 * HF_WANT_POLLIN, HF_WANT_POLLOUT, HF_WANT_ANSWER; HF_TLS_ERROR.  What was not
 * reported as written must be the beginning of the next hf_write: a part of it
 * may be sealed and half sent already.  With @len 0, 0: all of it went. */
HF_PUBLIC ssize_t hf_write(struct hf_tls *tls, const void *buf, size_t len);
/* Client, before hf_handshake: early data (hf_config_set_early_data; read there
 * what it costs), sent with the hello.  Bytes taken, at most as many as may be
 * sent; 0: none may (there is no session that allows it, or it is too late);
 * HF_TLS_ERROR.  What was not taken, and all of it if hf_conn_early() is not
 * HF_EARLY_ACCEPTED after the handshake, is still to be written.  hf_connect()
 * shakes hands at once: use hf_tcp_connect() and hf_client_fds(), and
 * hf_conn_set_session_label() if several ports have one name. */
HF_PUBLIC ssize_t hf_write_early(struct hf_tls *tls, const void *buf,
                                 size_t len);
/* Server: early data, which hf_read never gives.  Bytes read (at least 1); 0:
 * there is none, or no more, and the handshake is over; HF_WANT_POLLIN,
 * HF_WANT_POLLOUT, HF_WANT_ANSWER; HF_TLS_ERROR.  Until hf_conn_ready() they may
 * be a copy of what somebody sent before: do what may be done twice, or call
 * hf_handshake() first, after which they are still here and are no copy.
 * Whoever has read some may hf_write the answer before the handshake is over. */
HF_PUBLIC ssize_t hf_read_early(struct hf_tls *tls, void *buf, size_t len);
/* Say close_notify: no more hf_write; hf_read still works (half-close).
 * 0, HF_WANT_POLLOUT, HF_TLS_ERROR. */
HF_PUBLIC int hf_close(struct hf_tls *tls);
/* Wipe and free; NULL is fine.  Does not say close_notify. */
HF_PUBLIC void hf_tls_free(struct hf_tls *tls);

/* Why the last call failed, or an earlier one that nothing can follow; code
 * HF_OK if none did.  Never NULL, for @tls NULL either (internal.memory). */
HF_PUBLIC const struct hf_error *hf_tls_error(const struct hf_tls *tls);
/* The same as one line of text, "verify.expired: the certificate has expired:
 * ...", good until the next call on @tls; "ok" if nothing failed. */
HF_PUBLIC const char *hf_tls_reason(const struct hf_tls *tls);
/* The connection inside, for everything engine.h can be asked; NULL if there
 * was no memory for it, or no config. */
HF_PUBLIC struct hf_conn *hf_tls_conn(struct hf_tls *tls);
/* The descriptor read from, -1 if there is none. */
HF_PUBLIC int hf_tls_fd(const struct hf_tls *tls);
/* Bytes that hf_read can give without reading from the descriptor. */
HF_PUBLIC size_t hf_tls_pending(const struct hf_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
