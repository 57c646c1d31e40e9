/* pocket.h - a client that forgets where its sessions are from: it keeps the
 * last one of each version, and offers it to anybody.  What keeps sessions
 * apart then is the server alone.
 *
 * Whoever links this links with --wrap=hf_ticket_seal and
 * --wrap=hf_ticket_open. */
#ifndef HF_POCKET_H
#define HF_POCKET_H

#include "engine/duet.h"
#include "handshake/resume.h"

struct pocket {
    uint8_t at[2][HF_SESSION_MAX]; /* TLS 1.2, TLS 1.3 */
    size_t len[2];
    /* The bit of the ticket that is turned over before it is offered; -1:
     * none.  ticket_bits: how many there are, once one was offered. */
    long flip;
    size_t ticket_bits;
};
extern struct pocket pocket;
struct hf_sessions pocket_sessions(void);
/* Nothing in it, nothing turned over. */
void pocket_empty(void);

#endif
