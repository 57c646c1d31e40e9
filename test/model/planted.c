/* planted.c - are the explorer's complaints worth anything?  Faults are put into
 * the library at link time, one at a time, and for each somebody must object: the
 * guard alone, with the promise (guard.h) that it breaks; or, where none is
 * broken, the model.  Every promise is broken here at least once, so none of
 * them is one that always holds.
 *
 *   planted        all of them */
#define HF_UNPOISONED
#include "explore.h"

#include <stdio.h>
#include <string.h>

enum fault {
    NO_FAULT,
    NO_COMPARISON,
    NO_SIGNATURE,
    NO_CHAIN,
    READY_AT_ONCE,
    DATA_AT_ONCE,
    EARLY_AS_DATA,
    DROPPED,
    UNCOUNTED,
    NOT_TAKEN,
    ALERT_TWICE,
    NO_ALERT,
    LEFT_OUT,
    OLD_KEYS,
    NO_MARK,
    ANY_KEY,
    LONG_RECORD,
    HALF_MESSAGE,
    FAULTS
};

enum how { BY_SEQUENCES, BY_MATRIX };
struct plant {
    const char *name, *scenario;
    enum how how;
    enum promise breaks; /* KEPT: it is not as the model has it */
};

/* clang-format off */
static const struct plant plants[FAULTS] = {
    [NO_COMPARISON] = { "any Finished will do",                   "client, 1.3",              BY_SEQUENCES, PROVED },
    [NO_SIGNATURE]  = { "any signature will do",                  "server, 1.3, requires",    BY_SEQUENCES, PROVED },
    [NO_CHAIN]      = { "nobody asks whether a chain is trusted", "client, 1.3, doubts",      BY_SEQUENCES, PROVED },
    [READY_AT_ONCE] = { "the first keys mean connected",          "server, 1.3",              BY_SEQUENCES, PROVED },
    [DATA_AT_ONCE]  = { "data come in before Finished",           "client, 1.3",              BY_SEQUENCES, QUIET },
    [EARLY_AS_DATA] = { "early data pass for data",               "server, 1.3, early",       BY_SEQUENCES, QUIET },
    [DROPPED]       = { "an unknown message is dropped",          "client, 1.2",              BY_SEQUENCES, COUNTED },
    [UNCOUNTED]     = { "tickets are not counted",                "client, 1.3, remembers",   BY_SEQUENCES, COUNTED },
    [NOT_TAKEN]     = { "an alert is not taken off the wire",     "server, 1.2",              BY_SEQUENCES, PROGRESS },
    [ALERT_TWICE]   = { "an alert is said twice",                 "server, both",             BY_SEQUENCES, ONE_ALERT },
    [NO_ALERT]      = { "it ends without a word",                 "client, both",             BY_SEQUENCES, ONE_ALERT },
    [LEFT_OUT]      = { "a message may be left out",              "client, 1.2, certificate", BY_SEQUENCES, KEPT },
    [OLD_KEYS]      = { "old keys stay in use",                   "server, 1.3",              BY_SEQUENCES, KEPT },
    [NO_MARK]       = { "nobody looks for the downgrade mark",    "client, both",             BY_SEQUENCES, KEPT },
    [ANY_KEY]       = { "a record opens under any key",           "client, 1.3",              BY_MATRIX,    KEPT },
    [LONG_RECORD]   = { "a record too long is waited for",        "server, 1.3",              BY_MATRIX,    KEPT },
    [HALF_MESSAGE]  = { "half a message is as good as none",      "client, 1.2",              BY_MATRIX,    KEPT },
};
/* clang-format on */

static enum fault planted;

/* ---- the faults: what stands for a function of the library ------------------------ */

/* The session is the first thing in a connection, and its incoming direction in
 * it. */
static struct hf_conn *conn_of(struct hf_session *s)
{
    return (struct hf_conn *)(void *)s;
}

static struct hf_conn *conn_of_in(struct hf_direction *in)
{
    return (struct hf_conn *)(void *)((char *)(void *)in -
                                      offsetof(struct hf_conn, session.in));
}

#define INSTEAD_OF(result, name, ...)  \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)

INSTEAD_OF(bool, hf_equal_ct, const void *a, const void *b, size_t len)
{
    return planted == NO_COMPARISON || __real_hf_equal_ct(a, b, len);
}

INSTEAD_OF(enum hf_step_result, hf_job_check_signature, struct hf_handshake *hs)
{
    if (planted != NO_SIGNATURE)
        return __real_hf_job_check_signature(hs);
    hs->proofs.signature = HF_PROOF_SIGNATURE;
    return HF_STEP_DONE;
}

INSTEAD_OF(enum hf_step_result, hf_job_verify_chain, struct hf_handshake *hs)
{
    if (planted != NO_CHAIN)
        return __real_hf_job_verify_chain(hs);
    hs->proofs.chain = HF_PROOF_CHAIN;
    return HF_STEP_DONE;
}

INSTEAD_OF(bool, hf_keys13_install, struct hf_session *s, bool sending,
           const uint8_t *secret, enum hf_epoch epoch)
{
    if (planted == READY_AT_ONCE && !sending)
        conn_of(s)->ready = true;
    return __real_hf_keys13_install(s, sending, secret, epoch);
}

/* With the tag off, and the type behind it, if it is of TLS 1.3. */
static bool open_anyhow(const struct hf_frame *frame, uint8_t *type,
                        struct hf_span *plain)
{
    if (frame->len < HF_TAG_LEN + 1u)
        return false;
    *type = frame->body[frame->len - HF_TAG_LEN - 1];
    *plain = hf_span(frame->body, frame->len - HF_TAG_LEN - 1);
    return true;
}

INSTEAD_OF(bool, hf_record_open, struct hf_direction *d,
           const struct hf_frame *frame, uint8_t *type, struct hf_span *plain,
           struct hf_error *error)
{
    bool ok = __real_hf_record_open(d, frame, type, plain, error);

    if (!ok)
        return planted == ANY_KEY && error->code == HF_E_BAD_RECORD_MAC &&
               open_anyhow(frame, type, plain);
    if (*type == HF_CONTENT_DATA && planted == DATA_AT_ONCE)
        conn_of_in(d)->ready = true;
    if (*type == HF_CONTENT_DATA && d->epoch == HF_EARLY_DATA &&
        planted == EARLY_AS_DATA) {
        d->epoch = HF_TRAFFIC;
        conn_of_in(d)->ready = true;
    }
    return true;
}

INSTEAD_OF(void, hf_reassembly_add, struct hf_reassembly *r,
           struct hf_span fragment)
{
    if (planted != DROPPED || fragment.at[0] != 99)
        __real_hf_reassembly_add(r, fragment);
}

INSTEAD_OF(bool, hf_reassembly_empty, const struct hf_reassembly *r)
{
    return planted == HALF_MESSAGE || __real_hf_reassembly_empty(r);
}

INSTEAD_OF(bool, hf_post_handshake, struct hf_session *s,
           struct hf_span message, bool *reply)
{
    if (planted == UNCOUNTED)
        conn_of(s)->no_progress = 0;
    return __real_hf_post_handshake(s, message, reply);
}

INSTEAD_OF(enum hf_frame_result, hf_frame_next, struct hf_frame *frame,
           uint8_t *bytes, size_t len, unsigned version, bool sealed,
           struct hf_error *error)
{
    enum hf_frame_result result;

    if (planted == NOT_TAKEN && len && bytes[0] == HF_CONTENT_ALERT)
        return HF_FRAME_PART;
    result = __real_hf_frame_next(frame, bytes, len, version, sealed, error);
    if (planted != LONG_RECORD || result != HF_FRAME_BAD)
        return result;
    error->code = HF_OK;
    return HF_FRAME_PART;
}

INSTEAD_OF(bool, hf_send_alert, struct hf_session *s, unsigned alert,
           struct hf_error *error)
{
    if (planted == NO_ALERT)
        return true;
    return __real_hf_send_alert(s, alert, error) &&
           (planted != ALERT_TWICE || __real_hf_send_alert(s, alert, error));
}

INSTEAD_OF(bool, hf_flow_accept, size_t *at, unsigned *facts, enum hf_role me,
           unsigned message)
{
    if (__real_hf_flow_accept(at, facts, me, message))
        return true;
    for (size_t i = *at; planted == LEFT_OUT && i < hf_flow_steps; i++) {
        size_t there = i;

        if (__real_hf_flow_accept(&there, facts, me, message)) {
            *at = there;
            return true;
        }
    }
    return false;
}

INSTEAD_OF(bool, hf_keys13_update, struct hf_session *s, bool sending)
{
    return planted == OLD_KEYS || __real_hf_keys13_update(s, sending);
}

INSTEAD_OF(bool, hf_check_older, struct hf_handshake *hs,
           const struct hf_server_hello_12 *hello)
{
    return planted == NO_MARK || __real_hf_check_older(hs, hello);
}

/* ---- is each noticed? --------------------------------------------------------------- */

static const struct scenario *scenario_of(const char *name)
{
    for (size_t i = 0; i < scenario_count; i++)
        if (!strcmp(scenarios[i].name, name))
            return &scenarios[i];
    return NULL;
}

static bool is_noticed(const struct plant *plant, enum fault fault)
{
    static struct cast cast;
    const struct scenario *scenario = scenario_of(plant->scenario);
    struct count count = { .quiet = true, .guard_only = plant->breaks };
    bool fine;

    if (!scenario || !cast_open(&cast, scenario, explore_can_copy()))
        return false;
    planted = fault;
    fine = plant->how == BY_MATRIX ? explore_matrix(&cast, &count)
                                   : explore_sequences(&cast, 6, &count);
    planted = NO_FAULT;
    if (!cast_close(&cast) || fine)
        return false;
    return plant->breaks == KEPT ? count.disagreed
                                 : count.broken == plant->breaks;
}

/* Do the two ways to count agree?  Then nothing was taken together that is
 * different, as far as one can see. */
static bool counts_agree(const char *name)
{
    static struct cast cast;
    struct count one = { .quiet = true }, other = { .quiet = true };
    const struct scenario *scenario = scenario_of(name);
    bool ok = scenario && cast_open(&cast, scenario, true) &&
              explore_sequences(&cast, 4, &one) &&
              explore_states(&cast, 4, &other);

    return cast_close(&cast) && ok && one.sequences > 1000 &&
           (double)one.sequences == other.covered;
}

int main(void)
{
    bool seen[PROMISES] = { false };
    unsigned n = 0, bad = 0, missed = 0;

    for (unsigned i = NO_FAULT + 1; i < FAULTS; i++) {
        bool ok = is_noticed(&plants[i], i);

        seen[plants[i].breaks] |= ok;
        missed += !ok;
        printf("%s %u - %s: %s\n", ok ? "ok" : "not ok", ++n, plants[i].name,
               plants[i].breaks == KEPT ? "not as the model has it"
                                        : promise_name(plants[i].breaks));
    }
    for (unsigned i = KEPT + 1; i < PROMISES; i++) {
        bad += !seen[i];
        printf("%s %u - can be broken: %s\n", seen[i] ? "ok" : "not ok", ++n,
               promise_name(i));
    }
    for (size_t i = 0; explore_can_copy() && i < scenario_count; i += 4) {
        bool ok = counts_agree(scenarios[i].name);

        bad += !ok;
        printf("%s %u - %s: as many sequences by states as one by one\n",
               ok ? "ok" : "not ok", ++n, scenarios[i].name);
    }
    printf("# NOTE: %u faults planted for the state explorer, %u of them not "
           "noticed\n1..%u\n",
           FAULTS - 1u, missed, n);
    return bad || missed ? 1 : 0;
}
