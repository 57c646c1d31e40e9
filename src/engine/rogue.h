/* rogue.h - for tests: somebody in the middle who has all the keys.
 *
 *      client ---> [ opens, edits, seals again ] ---> server
 *             <---                               <---
 *
 * He reads the key logs of both ends.  Each record is opened with the keys that
 * its sender has, shown to edit(), and what is left of it is sealed with the
 * keys that its receiver expects; where a changed hello made these differ,
 * he has both.  Beyond that he says what he likes to anybody, under any keys.
 */
#ifndef HF_ROGUE_H
#define HF_ROGUE_H

#include "engine/scene.h"

struct rogue;

/* A record as its sender meant it.  edit() may change all of it but the first
 * two members. */
struct rogue_record {
    enum hf_role from;
    size_t number; /* records of this sender before it */
    uint8_t type;  /* enum hf_content: what is inside */
    uint8_t epoch; /* enum hf_epoch: keys it came under */
    bool goes_on;  /* it is not the first of its message */
    bool drop;     /* do not pass it on */
    size_t len;
    uint8_t bytes[16384 + 256];
};
typedef void rogue_edit_fn(struct rogue *r, struct rogue_record *record);

enum rogue_secret {
    ROGUE_CLIENT_HS,
    ROGUE_SERVER_HS,
    ROGUE_CLIENT_AP,
    ROGUE_SERVER_AP,
    ROGUE_EXPORTER,
    ROGUE_CLIENT_EARLY,
    ROGUE_SECRETS
};

/* One end, as seen from the middle. */
struct rogue_end {
    struct hf_conn *conn;
    uint8_t secret[ROGUE_SECRETS][HF_HASH_MAX]; /* from its key log */
    bool have[ROGUE_SECRETS];
    uint8_t master[HF_MASTER_LEN];      /* TLS 1.2: before a failure wiped it */
    const struct hf_suite *early_suite; /* of the session that is offered */
    struct hf_direction from, to;       /* of records from it, and to it */
    size_t records;                     /* that came from it */
    size_t unsaid; /* bytes of its last message that are still to come */
    uint8_t pending[65536]; /* bytes for it that it has not used */
    size_t pending_len;
    enum hf_outcome last; /* of its hf_conn_receive */
    uint8_t got[65536];   /* data that it was given */
    size_t got_len;
    uint8_t sealed[65536]; /* early data that it sealed, not yet passed */
    size_t sealed_len;
    uint64_t early_raw; /* records of it that passed to this end as they were */
    uint8_t early[65536]; /* early data that it was given */
    size_t early_len;
    unsigned alert; /* the last one that it sent; 256: none */
    bool asks;      /* HF_ASKS was the last outcome */
};

struct rogue {
    struct rogue_end end[2]; /* by enum hf_role */
    rogue_edit_fn *edit;     /* NULL: everything passes */
    void *ctx;               /* for edit() */
    size_t step;             /* for edit(): counts what it likes */
};

/* Two fresh connections of the stage's configs.  The first call per config
 * sets its key log, so the config must not be frozen then.  @name: the
 * client's server name. */
bool rogue_begin(struct rogue *r, struct stage *stage, const char *name,
                 rogue_edit_fn *edit);
void rogue_end(struct rogue *r);
/* The key log of one more config that @role may come to use. */
bool rogue_hear(struct hf_config *config, enum hf_role role);
/* Let records pass until nothing moves.  True: both are ready. */
bool rogue_run(struct rogue *r);
/* Let the records pass that @from has to say now; false: none. */
bool rogue_pass(struct rogue *r, enum hf_role from);

/* The client seals @data as early data, and it passes as its records do; how
 * much of it went. */
size_t rogue_early(struct rogue *r, struct hf_span data);
/* Seal one record of @type under the keys in force towards @to, and deliver
 * it. */
enum hf_outcome rogue_say(struct rogue *r, enum hf_role to, uint8_t type,
                          struct hf_span bytes);
/* Deliver bytes as they are. */
enum hf_outcome rogue_raw(struct rogue *r, enum hf_role to,
                          struct hf_span bytes);
/* One record, sealed but not delivered; returns its length. */
size_t rogue_seal(struct rogue *r, enum hf_role to, uint8_t type,
                  struct hf_span bytes, uint8_t *out);
/* Keys of @epoch towards @to from now on. */
void rogue_keys(struct rogue *r, enum hf_role to, enum hf_epoch epoch);
/* TLS 1.2: the only keys towards @to from now on, its own sequence from 0. */
void rogue_keys12(struct rogue *r, enum hf_role to);
/* The keys of the next generation towards @to (RFC 8446 7.2). */
void rogue_next_keys(struct rogue *r, enum hf_role to);

/* The alert that @conn says @code with: the code's own, but TLS 1.2 does not
 * know certificate_required. */
unsigned rogue_alert(const struct hf_conn *conn, unsigned code);
/* The end failed with this code, and said so with this code's alert (or with
 * none, if there is none). */
void rogue_expect(const struct rogue *r, enum hf_role who, unsigned code);
/* The same, and its detail says @words. */
void rogue_expect_words(const struct rogue *r, enum hf_role who, unsigned code,
                        const char *words);

#endif
