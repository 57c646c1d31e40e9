/* plan.c - see plan.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/plan.h"

#include <string.h>

bool plan_is_here(struct rogue *r, const struct rogue_record *record)
{
    struct plan *p = r->ctx;

    if (record->from == p->victim || record->type == HF_CONTENT_ALERT ||
        hf_conn_ready(r->end[p->victim].conn) || r->step++ != p->place)
        return false;
    p->reached = true;
    p->due_record = record->type;
    p->due = record->bytes[0];
    return true;
}

unsigned plan_code(const struct rogue *r, enum hf_role who)
{
    return hf_conn_error(r->end[who].conn)->code;
}

void plan_replace(struct rogue *r, struct rogue_record *record)
{
    struct plan *p = r->ctx;

    if (!plan_is_here(r, record)) {
        p->asked |= edit_is(record, HF_CERTIFICATE_REQUEST) && !p->reached;
        return;
    }
    record->type = HF_CONTENT_HANDSHAKE;
    record->bytes[0] = (uint8_t)p->type;
    memset(record->bytes + 1, 0, 3);
    record->len = 4;
}

void plan_leave_out(struct rogue *r, struct rogue_record *record)
{
    if (plan_is_here(r, record))
        record->drop = true;
}

static void send_ccs(struct rogue *r)
{
    const struct plan *p = r->ctx;

    rogue_raw(r, p->victim, hf_span("\x14\3\3\0\1\1", 6));
}

void plan_say_twice(struct rogue *r, struct rogue_record *record)
{
    if (!plan_is_here(r, record))
        return;
    if (record->type == HF_CONTENT_CCS) {
        send_ccs(r);
        return;
    }
    memcpy(record->bytes + record->len, record->bytes, record->len);
    record->len *= 2;
}

void plan_inject_ccs(struct rogue *r, struct rogue_record *record)
{
    if (plan_is_here(r, record))
        send_ccs(r);
}
