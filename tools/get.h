/* get.h - what the parts of `handfast get` share.
 *
 *     cmd_get.c     options, redirects, the end
 *     fetch.c       one hop: connection, request, answer
 *     request.c     the request's text
 *     sink.c        where the answer goes
 *     writeout.c    -w
 */
#ifndef HF_TOOL_GET_H
#define HF_TOOL_GET_H

#include "client.h"
#include "whynot.h"

struct get {
    struct client client;
    struct words resolve, connect_to, headers, data;
    const char *output, *method, *user_agent, *write_out, *proxy, *no_proxy;
    unsigned family, connect_timeout, max_time, data_kinds;
    unsigned long max_redirects;
    bool head, include, silent, show_error, follow, fail, remote_name;
    bool no_alpn, http11, no_progress, early;
};

/* What was asked for on the way, in full; owned. */
struct body_text {
    char *at;
    size_t len, cap;
};
bool text_add(struct body_text *t, const void *bytes, size_t len,
              struct failure *f);
bool text_addf(struct body_text *t, struct failure *f, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where the answer goes (sink.c). */
struct sink {
    const struct tool *tool;
    const char *path; /* NULL: standard output */
    char name[256];   /* of -O; .path then points here */
    int fd;           /* of the file, -1: not open */
    bool terminal;    /* standard output is one, and -o - was not said */
    bool progress;
    bool capture; /* into .text, for the JSON document */
    struct body_text text;
    bool cut; /* there was more than .text holds */
    uint64_t bytes;
    uint64_t expected; /* 0: unknown */
    double began, shown;
};
bool sink_write(struct sink *sink, struct hf_span bytes, struct failure *f);
/* Header lines, which on a terminal are made safe. */
bool sink_head(struct sink *sink, const struct http_head *head,
               struct failure *f);
bool sink_close(struct sink *sink, struct failure *f);

/* A fetch, over all its redirects. */
struct fetch {
    struct tool *tool;
    struct get *get;
    struct json *json; /* NULL: no document */
    struct pcap *pcap; /* NULL: no capture */
    struct url url;    /* of this hop */
    char first_host[HOST_MAX], first_port[6];
    const char *method;
    struct body_text data; /* what -d gave */
    bool has_data;
    struct sink sink;
    deadline end; /* of everything */
    struct failure failure;
    struct hf_tried_tree *tried; /* of a certificate not trusted, or NULL */

    /* of the last hop */
    struct arrival way;
    struct http_head answer;
    double sent, first_byte, done, ready, started;
    char redirect[URL_MAX + HOST_MAX + 16];
    size_t header_bytes, request_bytes;
    unsigned redirects, connects;
    unsigned version, suite, group, scheme;
    bool resumed;
    int verify; /* 0 good, 1 failed and ignored */
};
/* Fetch fetch->url; false: fetch->failure.  fetch->redirect is where a
 * redirect leads, or empty. */
bool fetch_hop(struct fetch *fetch);
/* The request's text (request.c). */
bool request_text(const struct fetch *fetch, struct body_text *out,
                  struct failure *f);
/* What -d gave, joined. */
bool request_data(const struct get *get, struct body_text *out,
                  struct failure *f);
/* Print the format of -w (writeout.c). */
void write_out(const struct fetch *fetch, const char *format, int code);

#endif
