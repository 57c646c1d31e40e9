/* serve.h - what the files of `handfast serve` share.
 *
 *     options --serve_setup.c--> identity, struct hf_config
 *             --serve_listen.c--> sockets, a folder that vanishes
 *     clients --serve_loop.c--> struct visit, one each
 *     visit   --serve_visit.c--> handshake, requests, answers, goodbye
 *             --serve_fault.c--> or one that misbehaves before TLS
 *     request --serve_http.c, serve_files.c, serve_page.c--> answer
 *     events  --serve_recall.c--> what the status page and the log tell
 */
#ifndef HANDFAST_TOOL_SERVE_H
#define HANDFAST_TOOL_SERVE_H

#include "client.h"
#include "issue.h"

#include "base/base.h"

#include <poll.h>
#include <sys/stat.h>

enum {
    REQUEST_MAX = 16 * 1024, /* the head of a request */
    SCRATCH = 4 * 16384,     /* bytes moved at once */
    HANDSHAKE_MS = 10000,
    REQUEST_MS = 10000, /* for the head of a request */
    IDLE_MS = 30000,    /* between requests, or without progress */
    GOODBYE_MS = 2000,
    HURRY_MS = 300,              /* the same when the server stops */
    ECHO_MAX = 64 * 1024 * 1024, /* read and not yet given back */
    KEEP_REQUESTS = 1000,        /* on one connection */
    SESSIONS_MOST = 10000,       /* remembered by id */
    EARLY_MOST = 16384,          /* bytes of early data on one connection */
    STRIKES_MOST = 10000         /* hellos with it, within eight seconds */
};

/* ---- what is asked for -------------------------------------------------------- */

/* Ways to misbehave that are not a matter of the certificate. */
enum serve_fault {
    FAULT_NONE,
    FAULT_RETRY,    /* hrr: ask for another key share */
    FAULT_TRUNCATE, /* no close_notify, and the answer cut */
    FAULT_SILENCE,  /* never a word */
    FAULT_DROP,     /* gone in the middle of the handshake */
    FAULT_GARBLE,   /* a bit of the handshake flipped */
    FAULT_HTTP,     /* plain HTTP */
    FAULT_OLD       /* TLS 1.0 and nothing newer */
};

struct serve_words {
    unsigned long port, max, count;
    const char *accept; /* s_server's [HOST:]PORT */
    const char *host, *dir, *alpn, *ca_file, *pass, *fault, *keylog;
    const char *names, *pcap, *status_file, *sct_file;
    struct revoking revoking;
    struct psk_words psk;
    struct offer offer;
    const char *client_auth, *need_client;
    struct words cert, key;
    unsigned long lifetime; /* of sessions; 0: not said */
    bool echo, once, port_said, quiet, no_alpn, www, files, only12;
    bool no_tickets, session_ids, early_data;
};

/* ---- one server ------------------------------------------------------------------ */

struct visit;
struct serve {
    struct tool *tool;
    const struct serve_words *words;
    struct hf_config *config;
    struct hf_session_store *sessions;  /* by id, or NULL */
    struct hf_strike_register *strikes; /* with --early-data */
    enum serve_fault fault;
    enum issue_broken broken;
    int listener[2];
    size_t listeners;
    unsigned port;
    int signals;            /* a descriptor that tells of them */
    int dir;                /* the folder of --dir, or -1 */
    int keylog;             /* or -1 */
    struct pcap *pcap;      /* or NULL */
    char folder[4096];      /* ours, to vanish; "" if there is none */
    char ca_path[4200];     /* what a client has to trust; or "" */
    char client_path[4200]; /* a client's certificate for trying; or "" */
    char fingerprint[96];
    char name[256]; /* what it is called in URLs */
    struct visit **visit;
    size_t visits, room;
    size_t most;
    unsigned long served, left; /* left: visits until it stops, 0: for ever */
    bool stopping;
    bool good;         /* the last visit went well */
    double rest_until; /* not accepting: descriptors ran out */
    uint8_t scratch[SCRATCH];
};

/* serve_setup.c: 0 or an exit code. */
int serve_setup(struct serve *s);
/* serve_listen.c */
int serve_listen(struct serve *s);
int serve_folder(struct serve *s, const struct issued *ca,
                 const struct issued *client);
void serve_vanish(struct serve *s);
/* serve_loop.c: until a signal or the last visit; an exit code. */
int serve_loop(struct serve *s);
/* serve_log.c */
void serve_banner(const struct serve *s);

/* ---- what is remembered of a handshake (serve_recall.c) --------------------------- */

enum { DECISIONS_MAX = 48, MESSAGES_MAX = 32 };
struct recall {
    double zero;
    struct hf_span hello; /* the ClientHello in force, owned */
    struct {
        uint8_t id;
        bool ok;
        char *inputs, *verdict, *instead; /* owned, or NULL */
    } decision[DECISIONS_MAX];
    size_t decisions;
    struct {
        bool sent;
        uint8_t epoch;
        char title[32];
        size_t size;
        double at;
        char *clause; /* owned, or NULL */
    } message[MESSAGES_MAX];
    size_t messages;
};
void recall_event(struct recall *recall, const struct hf_event *event);
void recall_wipe(struct recall *recall);

/* ---- a visit ------------------------------------------------------------------------ */

enum visit_state {
    VISIT_RAW, /* before TLS, misbehaving */
    VISIT_HANDSHAKE,
    VISIT_REQUEST, /* reading a head */
    VISIT_SURE,    /* a request that came early and must be no copy */
    VISIT_BODY,    /* reading what is posted */
    VISIT_ANSWER,
    VISIT_ECHO,
    VISIT_GOODBYE, /* close_notify */
    VISIT_LINGER,  /* until the peer has closed too */
    VISIT_OVER
};

/* What goes back: head, then bytes or a file. */
struct answer {
    unsigned status;
    char *head, *body; /* owned */
    size_t head_len, body_len;
    int file;      /* or -1 */
    uint64_t size; /* of the body */
    uint64_t done; /* of head and body */
    bool close;
};
void answer_wipe(struct answer *a);

/* A request as far as it interests. */
struct request {
    char method[16];
    char target[2048]; /* as it came */
    char path[2048];   /* decoded, without the query */
    bool close, head;
    uint64_t length; /* of the body that follows */
    unsigned fault;  /* the status to answer with instead, or 0 */
};

struct visit {
    struct serve *serve;
    int fd;
    char peer[72]; /* "127.0.0.1:51234" */
    enum visit_state state;
    short wants;     /* POLLIN, POLLOUT */
    bool again;      /* there is more to do without waiting */
    double deadline; /* clock_ms() */
    double began, ready;
    struct hf_tls *tls;
    struct hf_conn *raw; /* FAULT_DROP, FAULT_GARBLE: without a stream */
    struct recall recall;
    struct story *story;    /* -v */
    struct pcap_link *link; /* --pcap */
    uint8_t *in;            /* what has come and not been used */
    size_t in_len, in_room;
    struct request request;
    struct answer answer;
    struct hf_buffer echo; /* read and not yet given back */
    bool ended;            /* the client will send no more */
    uint64_t posted;       /* bytes of the body, or given back */
    void *digest;          /* of it: EVP_MD_CTX */
    unsigned requests;
    size_t early;    /* bytes that came as early data */
    bool early_over; /* no more of that */
    bool logged, good;
};
struct visit *visit_new(struct serve *s, int fd, const char *peer);
void visit_free(struct visit *v);
/* Go on as far as it goes without waiting. */
void visit_run(struct visit *v);
/* The deadline has passed. */
void visit_late(struct visit *v);
/* The server stops: say goodbye when it can be said. */
void visit_stop(struct visit *v);

/* serve_fault.c */
bool fault_is_raw(enum serve_fault fault);
void fault_run(struct visit *v);
/* The fault's word: false if there is no such. */
bool fault_read(const char *word, enum serve_fault *fault,
                enum issue_broken *broken);
void fault_list(FILE *to);

/* serve_log.c: a line, or an object, about what happened. */
void log_request(struct visit *v);
void log_refusal(struct visit *v, const struct hf_error *error);
void log_note(struct visit *v, const char *what);

/* ---- HTTP (serve_http.c, serve_files.c, serve_page.c) ------------------------------- */

/* The request at the front of v->in.  False: its head is not whole. */
bool request_read(struct visit *v);
/* Make up v->answer for v->request. */
void answer_make(struct visit *v);
/* A body of our own; takes @body over. */
void answer_text(struct visit *v, unsigned status, const char *type, char *body,
                 size_t len);
void answer_plain(struct visit *v, unsigned status, const char *text);
void answer_head(struct visit *v, unsigned status, const char *type,
                 const char *more);
/* A file or a listing of the folder; 404. */
void answer_file(struct visit *v);
void page_html(struct visit *v);
void page_json(struct visit *v);
/* What a page may show of others' bytes. */
void html_text(FILE *to, const char *text, size_t len);

#endif
