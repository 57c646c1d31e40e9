/* attack.c - see attack.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct duet_certs certs;
static struct stage stages[SCENES];
static struct rogue rogue;

int attack_open(void **state)
{
    (void)state;
    if (!duet_certs_make(&certs, "p256"))
        return -1;
    for (unsigned i = 0; i < SCENES; i++)
        if (!stage_set(&stages[i], i, &certs))
            return -1;
    return 0;
}

int attack_close(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCENES; i++)
        stage_clear(&stages[i]);
    duet_certs_free(&certs);
    return 0;
}

struct stage *attack_stage(enum scene scene)
{
    return &stages[scene];
}

const struct duet_certs *attack_certs(void)
{
    return &certs;
}

const struct attack *attack_row(const struct rogue *r)
{
    return r->ctx;
}

struct hf_span attack_bytes(const struct rogue *r)
{
    return hf_span(attack_row(r)->bytes, attack_row(r)->len);
}

/* ---- what becomes of it -------------------------------------------------------- */

/* Who tolerates a change does not see that it was one until a signature or a
 * Finished does not fit. */
static bool transcripts_differ(const struct rogue *r)
{
    unsigned code = hf_conn_error(r->end[HF_CLIENT].conn)->code;
    unsigned other = hf_conn_error(r->end[HF_SERVER].conn)->code;

    return code == HF_E_BAD_SIGNATURE || code == HF_E_BAD_FINISHED ||
           other == HF_E_BAD_SIGNATURE || other == HF_E_BAD_FINISHED;
}

static void check(const struct rogue *r, enum hf_role victim,
                  const struct attack *row)
{
    const struct hf_error *error = hf_conn_error(r->end[victim].conn);
    const struct hf_error *other = hf_conn_error(r->end[!victim].conn);

    if (!r->step)
        fail_msg("%s: nothing was changed: %s, %s", row->what,
                 hf_error_name(error->code), error->detail);
    if (row->code == HF_OK) {
        if (!transcripts_differ(r))
            fail_msg("%s: %s, %s", row->what, hf_error_name(error->code),
                     error->detail);
        return;
    }
    if (error->code != row->code)
        fail_msg("%s: %s, %s; not %s", row->what, hf_error_name(error->code),
                 error->detail, hf_error_name(row->code));
    rogue_expect_words(r, victim, row->code, row->words ? row->words : "");
    if (row->byte != ANY_BYTE &&
        (int)error->byte != HF_MESSAGE_HEADER + row->byte)
        fail_msg("%s: %s > %s, byte %zu, not %d of the body", row->what,
                 error->layout, error->field ? error->field : "", error->byte,
                 row->byte);
    /* The other end hears it. */
    if (other->code != HF_E_ALERT || !other->by_peer ||
        other->alert != rogue_alert(r->end[victim].conn, row->code))
        fail_msg("%s: the other end: %s, %s", row->what,
                 hf_error_name(other->code), other->detail);
}

void attack_in(struct stage *stage, enum hf_role victim,
               const struct attack *row)
{
    assert_true(rogue_begin(&rogue, stage, "localhost", row->edit));
    rogue.ctx = (void *)(uintptr_t)row;
    assert_false(rogue_run(&rogue));
    check(&rogue, victim, row);
    rogue_end(&rogue);
}

void attack_all(enum scene scene, enum hf_role victim,
                const struct attack *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        attack_in(&stages[scene], victim, &rows[i]);
}

/* ---- changes --------------------------------------------------------------------- */

void attack_put(struct rogue *r, struct rogue_record *record)
{
    edit_put(record, attack_row(r)->number, attack_bytes(r));
}

void attack_set(struct rogue *r, struct rogue_record *record)
{
    edit_set(record, attack_row(r)->number, attack_bytes(r));
}

void attack_add(struct rogue *r, struct rogue_record *record)
{
    edit_add(record, attack_row(r)->number, attack_bytes(r));
}

void attack_drop(struct rogue *r, struct rogue_record *record)
{
    edit_drop(record, attack_row(r)->number);
}

void attack_twice(struct rogue *r, struct rogue_record *record)
{
    uint8_t body[2048];
    struct hf_span there = edit_body(record, attack_row(r)->number);

    assert_true(there.len <= sizeof(body));
    memcpy(body, there.at, there.len);
    edit_add(record, attack_row(r)->number, hf_span(body, there.len));
}

void attack_tail(struct rogue *r, struct rogue_record *record)
{
    edit_splice(record, record->len, 0, attack_bytes(r));
}

void attack_cut(struct rogue *r, struct rogue_record *record)
{
    size_t keep = attack_row(r)->number;

    edit_splice(record, keep, record->len - keep, hf_span(NULL, 0));
}
