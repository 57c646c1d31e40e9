/* chain.h - which certificates belong into a chain, and in which order.
 *
 *     what is there (any order, too many, too few)
 *         --> leaf, its issuer, that one's issuer ...  without the root
 *
 * TLS 1.2 demands that each certificate certifies the one before it
 * (RFC 5246 7.4.2); TLS 1.3 only that the first is the sender's own
 * (RFC 8446 4.4.2), and many a client still wants the rest in order. */
#ifndef HANDFAST_TOOL_CHAIN_H
#define HANDFAST_TOOL_CHAIN_H

#include "certs.h"

enum { CHAIN_DEPTH = 16 };

/* What a certificate that is there is to the chain. */
enum chain_role {
    CHAIN_IDLE,      /* it is nobody's issuer here */
    CHAIN_RIGHT,     /* it belongs where it stands */
    CHAIN_MISPLACED, /* it belongs, but elsewhere */
    CHAIN_TWIN,      /* it is there twice */
    CHAIN_ROOT       /* who trusts it has it already */
};

struct chain {
    const struct certs *all;  /* borrowed */
    size_t own;               /* the first so many are the chain in question;
                              * those behind may help */
    size_t path[CHAIN_DEPTH]; /* indexes into all, leaf first, no root */
    size_t depth;
    enum chain_role role[CERTS_MAX]; /* of the first .own */
    size_t belongs[CERTS_MAX]; /* MISPLACED: where in the path; TWIN: the index
                                * of the other */
    struct hf_cert *root;      /* where it ends, kept; NULL: nobody knows */
    bool trusted;              /* the root is in the store */
    bool complete;             /* nothing is missing */
    bool right;                /* what is there is what is to be sent */
};
/* Sort all->at[0 .. own): there is at least one.  @store may be NULL. */
void chain_sort(struct chain *chain, const struct certs *all, size_t own,
                const struct hf_store *store);
void chain_wipe(struct chain *chain);
/* Did the key of @above sign @below?  Names and dates are not looked at. */
bool cert_signed_by(const struct hf_cert *below, const struct hf_cert *above);

#endif
