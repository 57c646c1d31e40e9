/* attack.h - for tests: one change on the way, and who must notice it, how.
 *
 * A row names a scene, a change to one message, and the code that its receiver
 * must fail with; the alert follows from the code, and is checked at the other
 * end.  HF_OK says that the change must be tolerated: then the handshake goes on
 * until both sides see that their transcripts differ. */
#ifndef HF_ATTACK_H
#define HF_ATTACK_H

#include "engine/edit.h"

enum { ANY_BYTE = -1 };

struct attack {
    const char *what;    /* for people */
    rogue_edit_fn *edit; /* what he does; may look at r->ctx */
    unsigned code;       /* what the receiver says of it */
    int byte;            /* decoding: where in the message's body */
    const char *words;   /* in the detail */
    uint32_t number;     /* for edit(): an extension, an offset ... */
    const char *bytes;   /* for edit() */
    size_t len;          /* of bytes */
};
/* A row of a table: all of that, the bytes as a literal. */
#define ATTACK(what, edit, code, byte, words, number, literal) \
    { (what),  (edit),   (code),    (byte),                    \
      (words), (number), (literal), sizeof(literal) - 1 },

/* The row being played, in edit(). */
const struct attack *attack_row(const struct rogue *r);
struct hf_span attack_bytes(const struct rogue *r);

/* Certificates and frozen configs for all scenes; setup and teardown of a
 * group of tests. */
int attack_open(void **state);
int attack_close(void **state);
struct stage *attack_stage(enum scene scene);
const struct duet_certs *attack_certs(void);

/* Play each row. */
void attack_all(enum scene scene, enum hf_role victim,
                const struct attack *rows, size_t count);
/* One, in another stage. */
void attack_in(struct stage *stage, enum hf_role victim,
               const struct attack *row);

/* Edits that many rows use.  They change the message of @kind that the macro
 * ATTACK_ON(name, kind) says. */
void attack_put(struct rogue *r, struct rogue_record *record);   /* at number */
void attack_set(struct rogue *r, struct rogue_record *record);   /* extension */
void attack_add(struct rogue *r, struct rogue_record *record);   /* extension */
void attack_drop(struct rogue *r, struct rogue_record *record);  /* extension */
void attack_twice(struct rogue *r, struct rogue_record *record); /* extension */
void attack_tail(struct rogue *r, struct rogue_record *record); /* more bytes */
void attack_cut(struct rogue *r, struct rogue_record *record);  /* to number */

#define ATTACK_ON(name, kind, does)                                \
    static void name(struct rogue *r, struct rogue_record *record) \
    {                                                              \
        if (edit_is(record, (kind)) && !r->step++)                 \
            does(r, record);                                       \
    }

#endif
