/* chain.c - which certificates belong into a chain, and in which order.
 *
 * From the leaf upward in breadth: each certificate that is reached is asked
 * for its issuers among all that are there, until one is reached whose issuer
 * is in the trust store.  Of several ends the best one counts, and of equals
 * the nearest:
 *
 *     an anchor in the store  >  a root that is there  >  a dead end
 *
 * Issuers are found by name and proved by signature; dates and usages are
 * cert_verify.c's business. */
#include "chain.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static X509 *parsed(const struct hf_cert *cert)
{
    const unsigned char *at = cert->der.at;

    return d2i_X509(NULL, &at, (long)cert->der.len);
}

bool cert_signed_by(const struct hf_cert *below, const struct hf_cert *above)
{
    X509 *one = parsed(below), *two = parsed(above);
    EVP_PKEY *key = two ? X509_get0_pubkey(two) : NULL;
    bool good = one && key && X509_verify(one, key) == 1;

    X509_free(one);
    X509_free(two);
    ERR_clear_error();
    return good;
}

static bool may_be_issuer(const struct hf_cert *below,
                          const struct hf_cert *above)
{
    return hf_span_equal(below->issuer, above->subject) &&
           cert_signed_by(below, above);
}

static bool same(const struct hf_cert *a, const struct hf_cert *b)
{
    return hf_span_equal(a->der, b->der);
}

/* Its own issuer: a root, whether or not anybody trusts it. */
static bool is_root(const struct hf_cert *cert)
{
    return (cert->flags & HF_CERT_SELF_ISSUED) && cert_signed_by(cert, cert);
}

/* The anchor that issued @cert, or is it; NULL if none is in the store.  The
 * caller frees it. */
static struct hf_cert *anchor_of(const struct hf_store *store,
                                 const struct hf_cert *cert)
{
    size_t count = store ? hf_store_count(store) : 0;

    for (size_t i = 0; i < count; i++) {
        struct hf_cert *anchor = hf_store_at(store, i);

        if (anchor && (same(cert, anchor) || may_be_issuer(cert, anchor)))
            return anchor;
        hf_cert_free(anchor);
    }
    return NULL;
}

/* ---- the leaf ------------------------------------------------------------------ */

static bool issues_another(const struct certs *all, size_t own, size_t at)
{
    for (size_t i = 0; i < own; i++)
        if (i != at && !same(all->at[i], all->at[at]) &&
            may_be_issuer(all->at[i], all->at[at]))
            return true;
    return false;
}

/* The first is the sender's own, unless it is an authority's and somebody
 * else's is there; of authorities alone, the first that issued nobody. */
static size_t find_leaf(const struct certs *all, size_t own)
{
    if (!(all->at[0]->flags & HF_CERT_CA))
        return 0;
    for (size_t i = 1; i < own; i++)
        if (!(all->at[i]->flags & HF_CERT_CA))
            return i;
    for (size_t i = 0; i < own; i++)
        if (!issues_another(all, own, i))
            return i;
    return 0;
}

/* ---- the way up --------------------------------------------------------------------- */

enum worth { DEAD_END, OWN_ROOT, ANCHORED };

struct climb {
    const struct certs *all;
    const struct hf_store *store;
    size_t queue[CERTS_MAX];
    size_t count;           /* reached so far, in .queue */
    int below[CERTS_MAX];   /* whom it issued; -1: the leaf */
    size_t rise[CERTS_MAX]; /* steps from the leaf */
    bool reached[CERTS_MAX];
    enum worth worth;
    size_t end; /* where the best way ends */
    struct hf_cert *root;
};

static void reach(struct climb *c, size_t at, int below)
{
    c->reached[at] = true;
    c->below[at] = below;
    c->rise[at] = below < 0 ? 0 : c->rise[below] + 1;
    c->queue[c->count++] = at;
}

/* Does the way end well here?  Keeps the better one. */
static void weigh(struct climb *c, size_t at)
{
    struct hf_cert *cert = c->all->at[at];
    struct hf_cert *anchor = anchor_of(c->store, cert);
    enum worth worth = anchor ? ANCHORED : is_root(cert) ? OWN_ROOT : DEAD_END;
    bool farther = c->rise[at] > c->rise[c->end];

    if (worth < c->worth || (worth == c->worth && worth != DEAD_END) ||
        (worth == DEAD_END && c->count > 1 && !farther)) {
        hf_cert_free(anchor);
        return;
    }
    hf_cert_free(c->root);
    c->root = anchor ? anchor : worth == OWN_ROOT ? hf_cert_keep(cert) : NULL;
    c->worth = worth;
    c->end = at;
}

static void climb(struct climb *c, size_t leaf)
{
    c->end = leaf;
    reach(c, leaf, -1);
    for (size_t next = 0; next < c->count && c->worth != ANCHORED; next++) {
        size_t at = c->queue[next];

        weigh(c, at);
        if (c->rise[at] + 1 == CHAIN_DEPTH)
            continue;
        for (size_t i = 0; i < c->all->count; i++)
            if (!c->reached[i] && may_be_issuer(c->all->at[at], c->all->at[i]))
                reach(c, i, (int)at);
    }
}

/* ---- roles -------------------------------------------------------------------------- */

static void cast(struct chain *chain, size_t at)
{
    const struct certs *all = chain->all;
    const struct hf_cert *cert = all->at[at];

    for (size_t i = 0; i < at; i++) {
        if (same(all->at[i], cert)) {
            chain->role[at] = CHAIN_TWIN;
            chain->belongs[at] = i;
            return;
        }
    }
    for (size_t i = 0; i < chain->depth; i++) {
        if (same(all->at[chain->path[i]], cert)) {
            chain->role[at] = i == at ? CHAIN_RIGHT : CHAIN_MISPLACED;
            chain->belongs[at] = i;
            return;
        }
    }
    chain->role[at] = is_root(cert) || (chain->root && same(cert, chain->root))
                          ? CHAIN_ROOT
                          : CHAIN_IDLE;
}

void chain_sort(struct chain *chain, const struct certs *all, size_t own,
                const struct hf_store *store)
{
    struct climb c = { .all = all, .store = store };
    size_t top;

    *chain = (struct chain){ .all = all, .own = own };
    climb(&c, find_leaf(all, own));
    chain->root = c.root;
    chain->trusted = c.worth == ANCHORED;
    chain->complete = c.worth != DEAD_END;
    top = c.rise[c.end];
    /* The root at the end is not sent, unless it is alone. */
    if (top && chain->root && same(all->at[c.end], chain->root)) {
        c.end = (size_t)c.below[c.end];
        top--;
    }
    chain->depth = top + 1;
    for (size_t at = c.end, i = top;; at = (size_t)c.below[at], i--) {
        chain->path[i] = at;
        if (!i)
            break;
    }
    chain->right = chain->complete && own == chain->depth;
    for (size_t i = 0; i < own; i++) {
        cast(chain, i);
        chain->right = chain->right && chain->role[i] == CHAIN_RIGHT;
    }
}

void chain_wipe(struct chain *chain)
{
    hf_cert_free(chain->root);
    chain->root = NULL;
}
