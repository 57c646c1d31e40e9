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

#include "handfast/config.h"
#include "handfast/crypto.h"
#include "handfast/types.h"

#ifdef __cplusplus
extern "C" {
#endif

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
 * insecure_no_name_check or insecure_no_verify, or if nothing but a pre-shared
 * key will do, else the connection fails at once.  NULL only without memory, or
 * if @config is; any other fault is hf_conn_error(). */
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
 * looked at; NULL: none, as if never said).  False: it is too late. */
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
 * if the peer asked for that).  *taken says how much of @data went in.  Returns
 * bytes written; 0 with *taken 0: no room, not ready yet, closed, or failed
 * (hf_conn_error).  Send hf_conn_outgoing() bytes first: while there are any,
 * nothing is sealed.  A server that took early data may answer before it is
 * ready. */
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
    uint16_t scheme;          /* SIGN: signature scheme; with an EC key it fixes
                               * the hash, and in TLS 1.2 no curve */
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
/* Of these two, and of hf_conn_set_...(), @conn may be NULL: internal.memory,
 * and false. */
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
/* How many there are, of which HF_SCTS_MAX are told; the @index-th of them, spans
 * good as long as @conn is.  False: there are not so many. */
enum { HF_SCTS_MAX = 64 };
HF_PUBLIC size_t hf_conn_scts(const struct hf_conn *conn);
HF_PUBLIC bool hf_conn_sct(const struct hf_conn *conn, size_t index,
                           struct hf_sct *out);
/* Was an earlier session resumed?  Certificates and what was verified are
 * those of its first handshake then. */
HF_PUBLIC bool hf_conn_resumed(const struct hf_conn *conn);
/* The identity of the external pre-shared key by which the two know each
 * other, in this handshake or in the one that was resumed (of an imported key:
 * the one that was given to hf_config_add_imported_psk); empty: no key.
 * Before hf_conn_ready() it is what is claimed. */
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
/* Was the peer's chain verified (and its name, on a client)?  False until the
 * handshake is over, for until then nobody has shown that the chain is his;
 * then it stays as it is, though the connection may fail or close. */
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
