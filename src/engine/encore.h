/* encore.h - for tests: two ends that have met before, in each way in which a
 * session is remembered.  However often they meet again, each meeting begins
 * with what they kept of the first. */
#ifndef HF_ENCORE_H
#define HF_ENCORE_H

#include "engine/rogue.h"
#include "engine/shelf.h"

enum way { BY_PSK, BY_TICKET, BY_ID, WITH_EARLY_DATA, WAYS };
const char *way_name(enum way way);

struct encore {
    enum way way;
    struct stage stage;
    struct shelf client, server; /* in use */
    struct shelf client_start, server_start;
    enum hf_strike strike; /* what the server's register says */
    size_t claims;         /* how often it was asked */
};
enum { ENCORE_EARLY = 1024 }; /* bytes of early data that are allowed */

/* Configs of @scene that remember @way, not yet frozen. */
bool encore_set(struct encore *e, enum way way, enum scene scene,
                const struct duet_certs *certs,
                const struct hf_provider *provider);
/* The first meeting: a full handshake.  False: something is not as it was
 * meant. */
bool encore_meet(struct encore *e);
/* What is kept becomes what was kept after the first meeting. */
void encore_rewind(struct encore *e);
/* Meet again, with somebody in the middle. */
bool encore_begin(struct encore *e, struct rogue *r, rogue_edit_fn *edit);
void encore_clear(struct encore *e);

#endif
