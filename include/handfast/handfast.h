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

/* ---- configuration from files (see engine.h for the rest) ------------------------ */

/* A chain and its key from files, PEM or DER; a file may hold both. */
HF_PUBLIC bool hf_config_add_keypair_file(struct hf_config *config,
                                          const char *chain, const char *key);
/* Trust a bundle (PEM) or a single certificate (PEM or DER). */
HF_PUBLIC bool hf_config_trust_file(struct hf_config *config, const char *path);
/* Trust every certificate in a hashed directory (names such as 1f2e3d4c.0). */
HF_PUBLIC bool hf_config_trust_directory(struct hf_config *config,
                                         const char *path);
/* Trust what the system trusts: the bundles of Debian, Fedora, Alpine, SUSE
 * and the BSDs are tried in turn; config.no_trust lists them if none is there. */
HF_PUBLIC bool hf_config_trust_system(struct hf_config *config);

/* ---- connections on sockets -------------------------------------------------------- */
struct hf_tls;

enum { HF_WANT_POLLIN = -2, HF_WANT_POLLOUT = -3, HF_TLS_ERROR = -1 };

/* Connect to @host (a name or an address) and @port (a number or a service)
 * over TCP, IPv6 and IPv4 addresses tried in turn, and shake hands; @host is
 * sent as SNI and verified.  Ten seconds for all of it unless
 * hf_connect_within() says otherwise.  Returns NULL only without memory; an
 * object whose hf_tls_error() has a code otherwise.  Owner: caller. */
HF_PUBLIC struct hf_tls *hf_connect(struct hf_config *config, const char *host,
                                    const char *port);
HF_PUBLIC struct hf_tls *hf_connect_within(struct hf_config *config,
                                           const char *host, const char *port,
                                           int milliseconds);
/* A server's side of an accepted socket @fd.  Nothing is exchanged yet:
 * hf_handshake, hf_read or hf_write do that.  The descriptor stays the
 * caller's until hf_tls_own_fd(). */
HF_PUBLIC struct hf_tls *hf_accept(struct hf_config *config, int fd);
/* A client on open descriptors (STARTTLS, tunnels, tests); @in may equal
 * @out.  @server_name as in hf_conn_new. */
HF_PUBLIC struct hf_tls *hf_client_fds(struct hf_config *config, int in,
                                       int out, const char *server_name);
HF_PUBLIC struct hf_tls *hf_server_fds(struct hf_config *config, int in,
                                       int out);
/* From now on hf_tls_free() closes the descriptors. */
HF_PUBLIC void hf_tls_own_fd(struct hf_tls *tls);
/* Fail with system.timeout once this many milliseconds have passed from now;
 * 0: no deadline. */
HF_PUBLIC void hf_tls_set_deadline(struct hf_tls *tls, int milliseconds);

/* Finish the handshake: 0, HF_WANT_POLLIN, HF_WANT_POLLOUT or HF_TLS_ERROR.
 * hf_read and hf_write do it by themselves. */
HF_PUBLIC int hf_handshake(struct hf_tls *tls);
/* Bytes read (at least 1); 0: the peer said close_notify; HF_WANT_POLLIN,
 * HF_WANT_POLLOUT; HF_TLS_ERROR (a stream that just ends is the error
 * peer.truncated, never 0). */
HF_PUBLIC ssize_t hf_read(struct hf_tls *tls, void *buf, size_t len);
/* Bytes written (at least 1; on a blocking descriptor all of them);
 * HF_WANT_*; HF_TLS_ERROR. */
HF_PUBLIC ssize_t hf_write(struct hf_tls *tls, const void *buf, size_t len);
/* Say close_notify: no more hf_write; hf_read still works (half-close).
 * 0, HF_WANT_POLLOUT, HF_TLS_ERROR. */
HF_PUBLIC int hf_close(struct hf_tls *tls);
/* Wipe and free; NULL is fine.  Does not say close_notify. */
HF_PUBLIC void hf_tls_free(struct hf_tls *tls);

/* Why it failed; code HF_OK if it did not.  Never NULL, for @tls NULL either
 * (then: internal.memory). */
HF_PUBLIC const struct hf_error *hf_tls_error(const struct hf_tls *tls);
/* The same as one line of text, good until the next call on @tls. */
HF_PUBLIC const char *hf_tls_reason(const struct hf_tls *tls);
/* The connection inside, for everything engine.h can be asked. */
HF_PUBLIC struct hf_conn *hf_tls_conn(struct hf_tls *tls);
/* The descriptor read from, -1 if there is none. */
HF_PUBLIC int hf_tls_fd(const struct hf_tls *tls);
/* Bytes that were read already and can be had without waiting. */
HF_PUBLIC size_t hf_tls_pending(const struct hf_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
