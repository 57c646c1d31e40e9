/* shim.h - our end of BoringSSL's conformance tests.
 *
 * BoringSSL's ssl/test/runner is a TLS stack that misbehaves on purpose.  For
 * each of its tests it starts a shim, tells it by flags what to offer and what
 * to expect, lets it connect, shakes hands as client or as server, and looks
 * at what the shim does: which alert, which exit status, which words on stderr.
 *
 *   flags.def   every flag that we know, and those that we lack, with reason
 *   flags.c     arguments -> struct shim_options, one for each connection
 *   setup.c     options -> struct hf_config
 *   compress.c  certificate compression that the runner made up
 *   talk.c      bytes: the socket, the handshake, reading and writing
 *   early.c     early data
 *   exchange.c  what is said after the handshake, in the runner's order
 *   expect.c    is everything as the runner expects?
 *   store.c     what lives longer than a connection: sessions, keys, the clock
 *   names.c     names of authorities
 *   keys.c      private keys that the library does not have
 *   psk.c       external pre-shared keys
 *   policies.c  lists that go by the name of a text
 *   staples.c   OCSP responses
 *   trace.c     the connection's messages in the words of the runner
 *
 * Exit status: 0 all was as it should be, 1 it was not (stderr says why, in
 * our dotted codes), 89 the test needs something that we lack. */
#ifndef BOGO_SHIM_H
#define BOGO_SHIM_H

#include "handfast/engine.h"

enum shim_status { SHIM_OK = 0, SHIM_FAILED = 1, SHIM_LACKS = 89 };

enum {
    NUMBERS = 64,     /* in one list of groups or schemes */
    CREDENTIALS = 16, /* certificates with keys */
    TRACE = 1024,     /* characters of a trace */
    FILE_MAX = 65536, /* largest certificate or key file */
    STAPLE_MAX = 1024,
    ROOM = 4 * HF_RECORD_MAX,
    NO_CREDENTIAL = 1000 /* no expectation; -1 is the default one */
};

struct shim_numbers {
    uint16_t at[NUMBERS];
    unsigned count;
};

struct shim_credential {
    const char *cert_file, *key_file;
    const char *timestamps, *ocsp_response; /* base64 */
    struct shim_numbers signing_prefs;
    const char *psk_key, *psk_identity, *psk_context; /* base64 */
    bool psk_sha384;
};

/* What the flags say; the fields bear their names. */
struct shim_options {
    unsigned port, shim_id, resume_count;
    bool ipv6, server, is_handshaker_supported;
    bool again; /* not for the first connection */

    unsigned min_version, max_version;
    bool no_tls1, no_tls11, no_tls12, no_tls13;
    struct shim_numbers curves, key_shares, verify_prefs;
    struct shim_numbers expect_peer_verify_pref;
    bool no_key_shares;
    const char *cipher, *host_name, *advertise_alpn, *select_alpn;
    bool decline_alpn, reject_alpn;

    /* [0] is the default one, the others came with -new-x509-credential */
    struct shim_credential credentials[CREDENTIALS];
    unsigned credential_count; /* of the others */
    const char *trust_cert;
    bool verify_peer, verify_fail, require_any_client_certificate;
    bool use_custom_verify_callback, reverify_on_resume;
    bool install_cert_compression_algs, enable_signed_cert_timestamps;
    unsigned install_one_cert_compression_alg;
    const char *expect_signed_cert_timestamps;

    bool async, shim_writes_first, shim_shuts_down, check_close_notify;
    bool read_with_unfinished_write, key_update, send_alert;
    bool handshake_never_done, use_exporter_between_reads;
    const char *shim_initial_write;
    unsigned repeat_shim_initial_write, read_size;
    unsigned export_keying_material;
    const char *export_label, *export_context;
    bool use_export_context, export_traffic_secrets, tls_unique;

    unsigned expect_version, expect_curve_id, expect_cipher, expect_cipher_aes;
    unsigned expect_peer_signature_algorithm, expect_selected_credential;
    bool expect_verify_result, expect_hrr, expect_no_hrr, expect_no_peer_cert;
    bool expect_no_server_name;

    bool no_ticket, skip_ticket, renew_ticket;
    unsigned resumption_delay; /* seconds, before the next connection */
    bool expect_session_miss, expect_no_session, expect_ticket_renewal;
    bool expect_session_id, expect_no_session_id;
    const char *use_client_ca_list, *expect_client_ca_list;

    bool fips_202205, wpa_202304, cnsa_202407, cnsa1_202603;
    bool enable_ocsp_stapling, use_ocsp_callback;
    bool decline_ocsp_callback, fail_ocsp_callback;
    const char *expect_ocsp_response;
    bool enable_grease, permute_extensions;
    unsigned max_send_fragment;

    bool expect_extended_master_secret;
    const char *expect_server_name, *expect_alpn, *expect_advertised_alpn;
    const char *expect_peer_cert_file, *expect_msg_callback;
    const char *expect_early_data_reason, *note_unimplemented;
    bool enable_early_data, expect_ticket_supports_early_data;
    bool expect_accept_early_data, expect_reject_early_data;
    bool expect_no_offer_early_data;
    /* of all three sets: a session is bound to its anchors */
    const char *trust_all[3];
};

/* ---- flags.c */
/* Fill in the options of the first connection, of those that follow, and of
 * those again from when their early data has been refused. */
enum shim_status shim_parse(int argc, char **argv, struct shim_options *first,
                            struct shim_options *later,
                            struct shim_options *retry);
/* Note what is missing, for the report.  Always SHIM_LACKS. */
enum shim_status shim_lacks(const struct shim_options *o, const char *what,
                            const char *why);

struct shim;

/* ---- setup.c */
/* A frozen config in s->config, which belongs to the caller. */
enum shim_status shim_setup(struct shim *s);
/* Must a chain that is refused end the connection? */
bool shim_enforces(const struct shim_options *o);
bool shim_asks_verify(const struct shim_options *o);
/* Read a whole file into @room; len 0 if that cannot be done. */
struct hf_span shim_read_file(const char *path, uint8_t *room, size_t cap);

/* ---- compress.c */
/* libcrypto's, with the runner's ways of certificate compression. */
const struct hf_provider *shim_provider(void);
bool shim_set_compression(const struct shim_options *o,
                          struct hf_config *config);

/* ---- trace.c */
struct shim_trace {
    char text[TRACE];
    size_t len;
    unsigned tickets;  /* that came, and are not empty */
    const char *names; /* of authorities that are expected, in hex */
    bool names_found;
    uint8_t unique[12]; /* of TLS 1.2: the first Finished */
    bool unique_seen;
    const struct shim_numbers *schemes; /* that the peer lists */
    bool schemes_found;
    const char *staple; /* that is expected, in base64 */
    bool staple_found;
    uint8_t client_secret[HF_HASH_MAX], server_secret[HF_HASH_MAX];
    size_t secret_len;
    char early[128];        /* what was last said of early data */
    unsigned early_tickets; /* that allow it */
};
hf_watch_fn shim_watch; /* ctx is a struct shim_trace */

/* ---- talk.c */
struct shim {
    const struct shim_options *o, *retry;
    struct hf_config *config;
    struct hf_conn *conn;
    struct shim_trace trace;
    int fd;
    bool again;          /* not the first connection */
    unsigned puts;       /* sessions that were kept */
    bool verdict;        /* was the peer's chain accepted? */
    char complaint[128]; /* something that the library cannot have said */
    uint8_t in[HF_RECORD_MAX];
    size_t have, used;   /* bytes in it, and those of them done with */
    struct hf_span data; /* what was read, inside it */
    uint8_t held[ROOM];  /* sealed, and only partly sent */
    size_t held_len, held_sent;
    size_t early_written; /* bytes of the first write that went early */
};

/* Connect to the runner and say which shim we are. */
bool shim_connect(struct shim *s);
/* Half-close, read what is left, close.  Also after an error: unread bytes
 * would make the kernel reset the connection, and the runner would miss our
 * alert. */
void shim_hang_up(struct shim *s);
/* Until something is worth telling: never HF_NEED_BYTES. */
enum hf_outcome shim_receive(struct shim *s);
bool shim_flush(struct shim *s);
bool shim_write(struct shim *s, struct hf_span data);
/* As much of it as may go as early data; early_written counts it. */
bool shim_write_early(struct shim *s, struct hf_span data);
/* Seal @data, and let only its first byte through. */
bool shim_write_one_byte(struct shim *s, struct hf_span data);
/* Say on stderr why the connection failed.  Always false. */
bool shim_complain(const struct shim *s);
/* Say on stderr what is not as it was expected.  Always false. */
bool shim_wrong(const char *what);
/* Send the fatal alert decompression_failure, which nobody sends by itself. */
bool shim_send_alert(struct shim *s);

/* ---- store.c */
hf_clock_fn shim_clock;
void shim_wait(unsigned seconds);
/* Give the config of @s a place for sessions, a key for them and our clock. */
bool shim_remember(struct shim *s);

/* ---- early.c */
bool shim_set_early(const struct shim_options *o, struct hf_config *config);
/* A client's, before anything else. */
bool shim_begin_early(struct shim *s);
/* The handshake is over: was it in vain? */
void shim_early_is_over(struct shim *s);
void shim_look_for_early(struct shim_trace *t, const struct hf_event *e);
bool shim_early_expectations(const struct shim *s);
bool shim_ticket_expectations(const struct shim *s);

/* ---- keys.c */
/* A chain and its key; with -async only the chain. */
bool shim_add_keypair(const struct shim_options *o, struct hf_config *config,
                      struct hf_span chain, struct hf_span key);
/* Answer a question that takes a key, in @room of HF_SIGNATURE_MAX bytes; false:
 * not yet. */
bool shim_use_key(const struct hf_question *q, uint8_t *room,
                  struct hf_answer *answer);
/* Before another config is made. */
void shim_forget_keys(void);

/* ---- names.c */
/* Names of authorities for the config of @s to send. */
bool shim_send_names(struct shim *s);
void shim_look_for_schemes(struct shim_trace *t, const struct hf_event *e);
void shim_look_for_names(struct shim_trace *t, const struct hf_event *e);

/* ---- policies.c */
enum shim_status shim_follow(const struct shim_options *o,
                             struct hf_config *config);

/* ---- psk.c */
bool shim_add_psk(const struct shim_credential *cred, struct hf_config *config);
bool shim_requires_psk(const struct shim_options *o);
/* Which credential was it?  -1: the default one, or no external key. */
int shim_chain_selected(const struct shim *s);
int shim_psk_selected(const struct shim *s);

/* ---- staples.c */
bool shim_staple(struct hf_config *config, const char *base64);
void shim_look_for_staple(struct shim_trace *t, const struct hf_event *e);

/* ---- exchange.c and expect.c */
bool shim_exchange(struct shim *s);
bool shim_expectations(struct shim *s);
/* When all is over: what became of sessions meanwhile. */
bool shim_last_expectations(struct shim *s);

#endif
