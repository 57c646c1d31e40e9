/* client.h - what `get` and `connect` share: from a name to a verified stream,
 * and how the way there is told.
 *
 *     words --client.c--> struct hf_config
 *     host, port --net.c, proxy.c, starttls.c--> a descriptor
 *     descriptor --link.c--> struct hf_tls, verified, watched by story.c
 *
 * Faults are struct failure; functions return false after noting one.
 */
#ifndef HF_TOOL_CLIENT_H
#define HF_TOOL_CLIENT_H

#include "offer.h"
#include "pcap.h"
#include "psk.h"

#include <sys/socket.h>

/* ---- URLs (url.c) ------------------------------------------------------------ */

enum { URL_MAX = 8192, HOST_MAX = 256 };

struct url {
    char scheme[12];     /* "https" */
    char user[256];      /* "name:password" as written, or "" */
    char host[HOST_MAX]; /* lower case, without brackets */
    char port[6];        /* always there: "443" */
    bool plain_port;     /* it is the scheme's own */
    bool ip6;            /* the host was in brackets */
    char path[URL_MAX];  /* begins with '/', query included, no fragment */
};
/* Read @text; a missing scheme is https. */
bool url_read(const char *text, struct url *out, struct failure *f);
/* Where the reference @location leads from @base (RFC 3986 5.2). */
bool url_join(const struct url *base, const char *location, struct url *out,
              struct failure *f);
/* "https://host:port/path" */
void url_text(const struct url *url, char *out, size_t cap);
/* "host", "host:8443", "[::1]:8443": for the Host field. */
void url_authority(const struct url *url, char *out, size_t cap);
/* Split "host:port", "[::1]:443", "host" or ":port"; port "" if absent. */
bool host_port_read(const char *text, char *host, size_t host_cap, char *port,
                    size_t port_cap);
/* The same for who listens: port 0 is any that is free. */
bool host_any_port_read(const char *text, char *host, size_t host_cap,
                        char *port, size_t port_cap);
bool is_address(const char *host);
/* idn.c: @name as it stands in DNS, in @out; ASCII stays as it is.  False: *why
 * says what is wrong with it, in English; NULL if it is merely too long. */
bool name_to_ascii(const char *name, char *out, size_t cap, const char **why);
bool name_is_ascii(const char *name);
struct tool;
/* The same of an option or operand: -1, or the exit code after an error. */
int name_option(const struct tool *tool, const char *name, char out[HOST_MAX]);

/* ---- time ----------------------------------------------------------------------- */

/* Milliseconds of clock_ms() at which something must be over; 0: never. */
typedef double deadline;
deadline deadline_in(unsigned ms);
/* The earlier of two. */
deadline deadline_first(deadline a, deadline b);
/* What is left, for poll(): -1 for ever, 0 passed. */
int deadline_left(deadline end);

/* ---- a connection's way (net.c, proxy.c) ------------------------------------------ */

struct route {
    const char *host, *port; /* whom we want */
    struct words resolve;    /* "HOST:PORT:ADDRESS[,ADDRESS]" */
    struct words connect_to; /* "HOST1:PORT1:HOST2:PORT2" */
    unsigned family;         /* AF_INET, AF_INET6, AF_UNSPEC */
    const char *proxy;       /* URL, or NULL */
    deadline end;
};
struct arrival {
    int fd; /* non-blocking; -1: none */
    char address[64], local[64];
    unsigned port, local_port;
    double started, resolved, connected; /* clock_ms() */
};
struct story;
bool net_connect(const struct route *route, struct arrival *out,
                 struct story *story, struct failure *f);
/* The proxy that the environment or @said wants for @host; NULL: none. */
const char *proxy_for(const char *said, const char *except, const char *host);
/* A descriptor before TLS begins on it, and who watches it or NULL. */
struct plain {
    int fd;
    struct pcap_link *link;
};
/* Ask the HTTP proxy at the other end for @host:@port. */
bool proxy_connect(const struct plain *to, const struct url *proxy,
                   const char *host, const char *port, deadline end,
                   struct failure *f);
/* Whole reads and writes on a non-blocking descriptor.  net_read: bytes, 0 at
 * the end of the stream, -1 after noting a failure. */
ssize_t net_read(const struct plain *from, void *room, size_t cap, deadline end,
                 struct failure *f);
bool net_write(const struct plain *to, const void *bytes, size_t len,
               deadline end, struct failure *f);
/* A line without its end; reads no byte beyond it. */
bool net_line(const struct plain *from, char *line, size_t cap, deadline end,
              struct failure *f);

/* Say the words that come before TLS in "smtp", "imap", "pop3", "postgres"
 * (starttls.c). */
bool starttls(int fd, const char *protocol, deadline end, struct story *story,
              struct failure *f);

/* ---- what the client offers and accepts (client.c, link.c) -------------------- */

/* Revocation lists, and what is asked about them. */
struct revoking {
    const char *crl_file;
    const char *mode; /* "soft"; NULL: hard if there are lists */
    bool status;      /* an OCSP response must come with the certificate */
};
/* Options of a client, as rows of its table; @field is its way to the struct
 * client, as in OPT_POLICY. */
/* clang-format off */
#define OPT_REVOKING(field) \
    { .name = "crlfile", .kind = OPT_TEXT, .arg = "FILE", field(revoking.crl_file), .also = "CRL", \
      .help = "refuse certificates that are on the revocation lists in this file, and those that no list is about" }, \
    { .name = "revocation", .kind = OPT_TEXT, .arg = "none|soft|leaf|hard", field(revoking.mode), \
      .help = "which certificates must be known not to be revoked: none that nobody speaks of (soft), the server's own, or all (hard, with --crlfile)" }, \
    { .name = "cert-status", .kind = OPT_FLAG, field(revoking.status), .also = "status", \
      .help = "ask the server for an OCSP response, and insist that it says good" }
/* clang-format on */
/* False: hf_config_error() tells. */
bool revoking_set(const struct revoking *how, struct hf_config *config);
/* What the environment names, if nothing was said; NULL, NULL: the system's. */
void trust_places(const char **file, const char **dir);
bool revocation_read(const char *text, enum hf_revocation *mode);
/* Wait until @end for word of our certificate, if the server asked for one; false
 * if it refuses. */
bool link_confirm(struct hf_tls *tls, deadline end, struct story *story,
                  struct failure *f);

/* Early data (0-RTT): what is sent before the server has answered. */
struct early {
    struct hf_span data;
    size_t taken; /* by the server; the rest is still to be sent */
};

struct client {
    const char *ca_file, *ca_dir;
    struct revoking revoking;
    const char *cert, *key, *pass;
    bool insecure;
    struct psk_words psk;
    struct offer offer;
    const char *alpn;   /* "h2,http/1.1"; NULL or "": none */
    const char *pin;    /* "sha256//...;sha256//..." */
    const char *sni;    /* NULL: the host; "": none */
    const char *keylog; /* a file */
    bool ask_scts;      /* for certificate timestamps */
    const char *pcap;   /* a file for the bytes and the keys, or NULL */
    bool show_secrets;
    const char *session_file;  /* to keep sessions in, or NULL */
    struct sessions *sessions; /* to resume, or NULL */
    const char *label;         /* "host:port", which they are of */
    struct early *early;       /* or NULL */
};
#define OPT_TIMESTAMPS(field)                                                 \
    {                                                                         \
        .name = "ct", .kind = OPT_FLAG, field(ask_scts), .also = "scts",      \
        .help =                                                               \
            "ask for certificate timestamps (RFC 6962); they are shown, and " \
            "not verified"                                                    \
    }
/* NULL after noting why.  The story's watch is part of it if it tells. */
struct hf_config *client_config(const struct client *client,
                                struct story *story, struct failure *f);
/* Shake hands on a descriptor.  An object even if it failed, for what can be
 * told of the connection then; NULL only without memory.  *ok says which; the
 * descriptor belongs to the object. */
struct hf_tls *client_open(const struct client *client,
                           struct hf_config *config, int fd, const char *host,
                           deadline end, struct story *story, bool *ok,
                           struct failure *f);
/* What was tried to trust the server's certificate, if it was not: ours from
 * now on, for whynot_free().  NULL: nothing. */
struct hf_tried_tree *link_take_tried(struct hf_tls *tls);
/* Read and write with a deadline.  link_read: 0 at close_notify, -1 after
 * noting a failure. */
ssize_t link_read(struct hf_tls *tls, void *room, size_t cap, deadline end,
                  struct failure *f);
bool link_write(struct hf_tls *tls, const void *bytes, size_t len, deadline end,
                struct failure *f);
/* Say close_notify, as far as it can go at once. */
void link_close(struct hf_tls *tls);
/* After that, for those who watch: hear the peer's, if it says it soon. */
void link_hear_goodbye(struct hf_tls *tls);
/* Wait for a session to resume by, not long: a server of TLS 1.3 gives tickets
 * when the handshake is over.  What else comes is thrown away. */
void link_hear_ticket(struct hf_tls *tls, const struct sessions *sessions);
/* Sessions for later connections (sessions.c), in a file for later runs; @path
 * NULL: in memory only.  NULL after noting why. */
struct sessions *sessions_open(const char *path, struct failure *f);
bool sessions_use(struct sessions *sessions, struct hf_config *config);
size_t sessions_count(const struct sessions *sessions);
/* Write the file; NULL is fine, as is having none. */
bool sessions_save(const struct sessions *sessions, struct failure *f);
void sessions_free(struct sessions *sessions);
/* The SHA-256 of a certificate's public key as "sha256//base64=". */
enum { PIN_MAX = 56 };
bool pin_text(struct hf_span certificate, char out[PIN_MAX]);

/* ---- the story (story.c, agreed.c, clause.c, fields.c) ------------------------- */

enum { HF_MESSAGE_RETRY = 256 }; /* hf_event.message of a HelloRetryRequest */

/* Listens to one connection, from the name to the last byte; tells it as
 * lines on standard error, and as JSON if there is a document. */
struct story {
    const struct tool *tool;
    FILE *to;
    unsigned level; /* 0 silent, 1 messages, 2 fields, 3 bytes */
    bool show_secrets;
    struct json *json;      /* an open array of events, or NULL */
    double zero;            /* clock_ms() of the first event */
    unsigned max_version;   /* what an unknown version is called */
    char host[HOST_MAX];    /* the name that is verified */
    int keylog;             /* descriptor, -1: none */
    struct pcap *pcap;      /* the capture that the keys go to, or NULL */
    struct pcap_link *link; /* this connection in it; owned */
    /* What we sent is told when it has gone, so that both directions are in the
     * order of the wire; until then it is held. */
    const struct hf_conn *conn; /* during the handshake, else NULL */
    struct held {
        struct hf_event event; /* bytes are owned */
        uint8_t *bytes;
    } held[8];
    size_t held_count;
    bool insecure;    /* verification may fail */
    unsigned verdict; /* then: why it did, enum hf_error_code */
    unsigned failed_checks;
    /* when things happened, for the bar of times; 0: not yet */
    double flight_sent, first_received, certificate, verified;
};
void story_start(struct story *story, const struct tool *tool,
                 const char *host);
/* "* ..." at level 1. */
void story_note(struct story *story, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* hf_watch_fn: @ctx is a struct story. */
void story_watch(void *ctx, const struct hf_event *event);
/* Tell what is held. */
void story_release(struct story *story);
/* What was agreed, and whose certificate it is, in curl's shape. */
void story_agreed(struct story *story, const struct hf_conn *conn);
/* A line of a header, behind '>' or '<'. */
void story_header(struct story *story, char mark, const char *line, size_t len);
/* One clause about a message: "offers TLS 1.3 ...". */
void clause_of(const struct hf_event *event, char *out, size_t cap);
/* The name that people grep for: "Client hello". */
const char *message_title(const struct hf_event *event);
/* Fields and bytes of a message, under its line. */
void story_fields(struct story *story, const struct hf_event *event);
/* An event as an object of the open array. */
void story_json(struct story *story, const struct hf_event *event, double at);
/* "tls": {...}: what was agreed. */
void json_tls(struct json *j, const struct story *story,
              const struct hf_conn *conn);
/* "dns 0.1  tcp 0.2  tls 1.9 (...)": httpstat's bar. */
void story_times(struct story *story, const struct arrival *way, double ready,
                 double first_byte, double end);
/* "Nov 21 16:14:31 2026 GMT" */
void date_text(char *out, size_t cap, int64_t seconds);

/* ---- HTTP/1.1 (http.c, body.c) --------------------------------------------------------- */

/* Where bytes come from; read returns 0 at an orderly end, -1 after noting a
 * failure. */
struct stream {
    ssize_t (*read)(void *ctx, void *room, size_t cap);
    void *ctx;
    uint8_t held[HF_RECORD_MAX];
    size_t start, end;
};

enum { HTTP_HEAD_MAX = 256 * 1024, HTTP_FIELDS_MAX = 256 };
struct http_field {
    const char *name, *value; /* trimmed, NUL-ended, in .text */
};
struct http_head {
    char *text;  /* owned */
    size_t size; /* as it came, bytes */
    char *raw;   /* as it came; owned */
    unsigned status, minor;
    const char *reason;
    struct http_field field[HTTP_FIELDS_MAX];
    size_t fields;
};
void http_head_wipe(struct http_head *head);
/* The value of the first field called @name, NULL if there is none. */
const char *http_find(const struct http_head *head, const char *name);
/* Read a status line and its fields. */
bool http_read_head(struct stream *in, struct http_head *head,
                    struct failure *f);

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_TO_END };
struct http_body {
    enum http_framing framing;
    uint64_t left; /* of the length or the chunk */
    bool trailer;  /* CHUNKED: the last chunk was seen */
    bool started;
};
/* How long the body is (RFC 9112 6.3). */
bool http_body_of(const struct http_head *head, bool head_request,
                  struct http_body *body, struct failure *f);
/* More of the body: bytes in *out, borrowed until the next call; an empty one
 * is the end. */
bool http_read_body(struct stream *in, struct http_body *body,
                    struct hf_span *out, struct failure *f);

#endif
