/* plan.h - for tests: one record of a handshake is not what was due. */
#ifndef HF_PLAN_H
#define HF_PLAN_H

#include "engine/edit.h"

/* What is done to the nth record on its way to @victim, who is not ready;
 * alerts do not count.  It is the rogue's ctx. */
struct plan {
    enum hf_role victim;
    size_t place;
    unsigned type; /* of what comes instead */
    bool reached;
    unsigned due, due_record; /* what should have come */
    bool asked;               /* a CertificateRequest had come before that */
};
/* Counts; true once: it is this record. */
bool plan_is_here(struct rogue *r, const struct rogue_record *record);
/* What @who says of it. */
unsigned plan_code(const struct rogue *r, enum hf_role who);

/* Edits: a message of the plan's type comes instead, empty; nothing comes;
 * the record comes again behind itself (two messages, or two records of CCS);
 * a ChangeCipherSpec comes before it. */
void plan_replace(struct rogue *r, struct rogue_record *record);
void plan_leave_out(struct rogue *r, struct rogue_record *record);
void plan_say_twice(struct rogue *r, struct rogue_record *record);
void plan_inject_ccs(struct rogue *r, struct rogue_record *record);

#endif
