/* zero_rtt.h - for tests of early data: two ends that meet twice, each time with
 * configs of their own that share the keys of tickets; between the meetings
 * anything may have changed.  The client keeps its sessions in a pocket, so that
 * it offers what it should not know of. */
#ifndef HF_ZERO_RTT_H
#define HF_ZERO_RTT_H

#include "engine/attack.h"
#include "engine/pocket.h"

enum { LIMIT = 1000, EARLY_DATA = 42 };

/* What is so in a meeting. */
struct how {
    unsigned sends, takes; /* bytes that client and server allow */
    enum hf_strike strike;
    bool no_register;
    int later; /* the server's clock */
    uint16_t suite, group;
    const char *wants[3]; /* the client's protocols */
    unsigned server_max;
};
extern const struct how usual;

extern struct rogue rogue;
extern struct stage stages[2]; /* of the first and the second meeting */

/* What the server's register says, what it was asked. */
extern enum hf_strike strike;
extern size_t claims;
extern int64_t claimed_until; /* seconds from then */
extern uint8_t claimed[HF_STRIKE_LEN];
/* The last that was said of early data, by either end. */
extern char said[2][160];

struct rogue_end *end_of(enum hf_role role);
struct hf_conn *conn_of(enum hf_role role);
/* The configs of a meeting. */
void set(unsigned n, const struct how *how);
/* The first: what is in the pocket afterwards is good for @how. */
void meet(const struct how *how);
/* The second: what the client says early goes as far as it goes. */
size_t begin(const struct how *how, rogue_edit_fn *edit);
extern const char request[19];
void states(enum hf_early client, enum hf_early server);
void expect(enum hf_role who, unsigned code, const char *words);
int close_meetings(void **state);

#endif
