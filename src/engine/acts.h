/* acts.h - for tests: handshakes that need more than two configs of scene.h's:
 * a place for sessions, an authority's word, somebody who has the key, RSA key
 * transport; and TLS 1.2 in full. */
#ifndef HF_ACTS_H
#define HF_ACTS_H

#include "engine/scene.h"
#include "engine/shelf.h"

enum act_kind {
    ACT_TICKETS,    /* TLS 1.3: the client keeps what it is given */
    ACT_STAPLED,    /* an OCSP response and timestamps come along */
    ACT_ASKED,      /* all questions there are, at both ends */
    ACT_12,         /* TLS 1.2: the server alone shows a certificate */
    ACT_12_ALL,     /* the client too; protocols, a ticket */
    ACT_12_ID,      /* the server keeps the session */
    ACT_12_STAPLED, /* as above */
    ACT_12_ASKED,   /* as above */
    ACT_RSA,        /* RSA key transport */
    ACT_RSA_ALL,    /* the client shows one too; a ticket */
    ACT_RSA_ASKED,  /* the key is elsewhere */
    ACTS
};
const char *act_name(enum act_kind kind);

struct act {
    enum act_kind kind;
    struct stage stage;
    struct hf_config *other; /* what the server goes on with, once asked */
    struct shelf client, server;
};
/* Configs with @provider, not yet frozen.  Certificates of all acts are made by
 * the first one. */
bool act_set(struct act *a, enum act_kind kind,
             const struct hf_provider *provider);
/* Nothing was ever kept. */
void act_rewind(struct act *a);
/* Answer the question that @conn has. */
bool act_answer(struct act *a, struct hf_conn *conn);
void act_clear(struct act *a);
/* The certificates of all acts go. */
void acts_forget(void);

#endif
