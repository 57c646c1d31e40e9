/* connect.h - what the parts of `handfast connect` share.
 *
 *     cmd_connect.c   options, the way there, the end
 *     summary.c       what is said about the connection
 *     talk.c          standard input and output through it
 */
#ifndef HF_TOOL_CONNECT_H
#define HF_TOOL_CONNECT_H

#include "client.h"
#include "whynot.h"

struct connect {
    struct client client;
    struct words resolve;
    const char *target, *server_name, *verify_name, *starttls;
    const char *export_label, *version, *early_file;
    unsigned long export_len, reconnects;
    unsigned family, connect_timeout;
    bool show_certs, brief, quiet, commands, keep_open, crlf, no_server_name;
    bool only12, only13, no12, no13;
    bool strict;    /* s_client's word for what is always done */
    bool reconnect; /* s_client's word for --reconnects 5 */
    bool shut;      /* do not talk: leave after the handshake */
};

/* What was seen: one line, or a dozen (summary.c). */
void summary(const struct tool *tool, const struct connect *connect,
             const struct arrival *way, const struct story *story,
             const struct hf_conn *conn);
/* One of several connections, in one line. */
void summary_again(const struct tool *tool, unsigned long number,
                   const struct hf_conn *conn, double ms);
/* The last line, when a certificate was let pass. */
void summary_verdict(const struct tool *tool, const struct story *story,
                     const struct hf_conn *conn);
/* Every certificate that came, as PEM on standard output. */
void summary_certificates(const struct hf_conn *conn);

/* Standard input into the connection and the connection to standard output,
 * until one of them ends (talk.c). */
bool talk(const struct connect *connect, struct hf_tls *tls,
          struct story *story, struct failure *f);

#endif
