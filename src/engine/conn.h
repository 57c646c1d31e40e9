/* conn.h - one connection and one config: what engine.h is made of. */
#ifndef HF_CONN_H
#define HF_CONN_H

#include "base/base.h"
#include "handfast/engine.h"
#include "handshake/handshake.h"

/* Things in a row that move nothing forward: empty records, warnings, dummy
 * CCS, tickets, key updates.  One counter for all of them. */
enum { HF_NO_PROGRESS_MAX = 32 };

enum { HF_KEYPAIRS_MAX = 1024 }; /* certificates of one server */
/* Bytes of names of authorities that are sent. */
enum { HF_AUTHORITIES_MAX = 8192 };

/* Counted.  Before it is frozen it belongs to one thread; afterwards nothing
 * in it changes but what may be changed by many at once: the count, who signed
 * which list, settings.known. */
struct hf_config {
    _Atomic unsigned count;
    bool frozen;
    struct hf_settings settings;
    const struct hf_provider *provider;
    struct hf_error error;
    hf_passphrase_fn *passphrase;
    void *passphrase_ctx;
    bool send_authorities;
    size_t known_entries; /* settings.known is made of at freezing */
    bool known_leaves;
    /* Set by hand, and so not to be cut to what the provider has. */
    bool suites_chosen, groups_chosen, schemes_chosen, shares_chosen;
    bool verify_chosen;
    /* reload.c: whose settings and whose anchors these are, kept; or NULL. */
    struct hf_config *base, *anchors;
};
/* reload.c: the end of a config that borrows. */
void hf_config_end_reload(struct hf_config *made);
/* May it still change?  Every setter begins with this. */
HF_CHECK bool hf_config_changes(struct hf_config *config);
/* The provider is needed before the config is frozen, to read keys. */
HF_CHECK bool hf_config_open(struct hf_config *config);
/* authorities.c: at freezing, and at the end. */
HF_CHECK bool hf_config_list_authorities(struct hf_config *config);
void hf_config_drop_authorities(struct hf_config *config);

/* messages.c: the Certificate of @pair in that form of enum hf_form; all of
 * them and their compressed forms, at freezing; and the end of them. */
HF_CHECK bool hf_keypair_make_message(struct hf_config *config,
                                      struct hf_keypair *pair, unsigned form);
HF_CHECK bool hf_config_make_messages(struct hf_config *config);
void hf_keypair_drop_messages(struct hf_keypair *pair);

/* psks.c: at the end. */
void hf_config_drop_psks(struct hf_config *config);

struct hf_conn {
    struct hf_session session;
    struct hf_handshake *handshake; /* NULL once it is over */
    struct hf_config *config;       /* kept */
    struct hf_peer_name name;       /* client: to be verified */
    bool check_name;
    char *sni;   /* client: to be sent; owned */
    char *label; /* client: of its sessions, or NULL; owned */
    bool ready, told_ready, started;
    bool verified; /* a handshake ended, after the peer's chain was good */
    bool failed, close_sent, close_received;
    bool owes_update; /* the peer asked for a change of our keys */
    bool flight_sent; /* all that the handshake made us say has gone */
    uint8_t no_progress;
};

/* The end: note it, tell the peer, drop the handshake. */
enum hf_outcome hf_conn_fail(struct hf_conn *conn);
/* Make the handshake if there is none yet.  False: failed. */
HF_CHECK bool hf_conn_start(struct hf_conn *conn);
/* One more thing that moved nothing. False: too many. */
HF_CHECK bool hf_conn_idle_step(struct hf_conn *conn, const char *what);
/* confirm.c.  The peer goes on, and shows it by @by: our certificate is
 * accepted, if that was still open. */
void hf_conn_accepted(struct hf_conn *conn, const char *by);
/* An alert ends the connection.  If it is about our certificate: true, and the
 * error is noted. */
bool hf_conn_refused(struct hf_conn *conn, unsigned alert);
/* Pay a key update that the peer asked for, once nothing is waiting to go
 * out. */
HF_CHECK bool hf_conn_pay_update(struct hf_conn *conn);

#endif
