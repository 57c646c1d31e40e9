/* signed.c - the only place that verifies a signature of a certificate, a
 * revocation list or an OCSP response, for the checker; and what is remembered
 * of it:
 *
 *     for this verification   which certificate by which key, good or bad
 *     for the config          the good ones, in a table of its own (known.c)
 *     for the list            who signed it
 */
#include "x509/inside.h"

/* ---- what is remembered ---------------------------------------------------------- */

static bool same(const struct hf_cert *a, const struct hf_cert *b)
{
    return a == b || hf_span_equal(a->der, b->der);
}

/* By what was computed: this certificate with that key.  Compared as bytes,
 * because an anchor is read anew each time, maybe into the same memory. */
static const struct hf_link *find(const struct hf_checker *c,
                                  const struct hf_cert *below,
                                  const struct hf_cert *above)
{
    for (size_t i = 0; i < c->count; i++)
        if (same(c->links[i].below, below) &&
            hf_span_equal(c->links[i].above->spki, above->spki))
            return &c->links[i];
    return NULL;
}

bool hf_checker_knows_bad(const struct hf_checker *c,
                          const struct hf_cert *below,
                          const struct hf_cert *above)
{
    const struct hf_link *link = find(c, below, above);

    return link && !link->good;
}

void hf_checker_wipe(struct hf_checker *c)
{
    for (size_t i = 0; i < c->count; i++) {
        hf_cert_free(c->links[i].below);
        hf_cert_free(c->links[i].above);
    }
    c->count = 0;
}

/* ---- a signature ------------------------------------------------------------------- */

/* Every signature is verified here, and paid for, be it known or not: so what
 * others have asked before changes no verdict.  @fact: the digest under which
 * it may be known; empty: under none. */
static uint16_t ask(struct hf_checker *c, const struct hf_public_key *key,
                    struct hf_span algorithm, struct hf_span message,
                    struct hf_span signature, struct hf_span fact)
{
    const struct hf_signature *how;
    uint16_t code = hf_check_algorithm(c->v, algorithm, key, &how);
    bool good, fault = false;

    if (code)
        return code;
    if (!c->signatures)
        return HF_E_BUDGET;
    c->signatures--;
    if (fact.len && hf_known_has(c->v->known, fact.at))
        return HF_OK;
    good = how->verify(c->v->crypto->self, how, key, message, signature,
                       &fault);
    if (fault)
        return HF_E_CRYPTO;
    if (!good)
        return HF_E_CERT_SIGNATURE;
    if (fact.len)
        hf_known_put(c->v->known, fact.at);
    return HF_OK;
}

uint16_t hf_checker_signed(struct hf_checker *c,
                           const struct hf_public_key *key,
                           struct hf_span algorithm, struct hf_span message,
                           struct hf_span signature)
{
    return ask(c, key, algorithm, message, signature, hf_span(NULL, 0));
}

/* The digest under which others may have left that @above signed @below;
 * empty: it has to be verified.  That of a peer itself is remembered only if
 * the config wants that: how long we take would tell whether it was here
 * before, to whoever shows its certificate. */
static struct hf_span fact_of(const struct hf_checker *c,
                              const struct hf_cert *below,
                              const struct hf_cert *above, uint8_t *room)
{
    const struct hf_verify *v = c->v;
    bool leaf = v->count && below == v->chain[0];

    if (!v->known || (leaf && !hf_known_keeps_leaves(v->known)) ||
        !hf_known_digest(v->crypto, below, above, room))
        return hf_span(NULL, 0);
    return hf_span(room, HF_KNOWN_LEN);
}

uint16_t hf_checker_link(struct hf_checker *c, struct hf_cert *below,
                         struct hf_cert *above)
{
    const struct hf_link *known = find(c, below, above);
    uint32_t left = c->signatures;
    uint8_t room[HF_KNOWN_LEN];
    uint16_t code = hf_check_scheme(c->v, below->algorithm, &above->key);

    if (code)
        return code;
    if (known)
        return known->good ? HF_OK : HF_E_CERT_SIGNATURE;
    if (c->count == HF_LINKS_MAX)
        return HF_E_BUDGET;
    code = ask(c, &above->key, below->algorithm, below->tbs, below->signature,
               fact_of(c, below, above, room));
    /* What was computed is remembered. */
    if (c->signatures != left && code != HF_E_CRYPTO)
        c->links[c->count++] = (struct hf_link){ hf_cert_keep(below),
                                                 hf_cert_keep(above), !code };
    return code;
}

/* A list may be megabytes long and is asked by every connection, so who signed
 * it is remembered in it.  Whoever is first to find out puts it there, and
 * nobody replaces it: no lock is needed.  A list that was not signed by who is
 * asked costs its signature each time. */
uint16_t hf_checker_list(struct hf_checker *c, struct hf_crl *crl,
                         struct hf_cert *above)
{
    struct hf_cert *known = atomic_load_explicit(&crl->signer,
                                                 memory_order_acquire);
    uint16_t code;

    if (known && hf_span_equal(known->spki, above->spki))
        return HF_OK;
    code = hf_checker_signed(c, &above->key, crl->algorithm, crl->tbs,
                             crl->signature);
    if (code || known)
        return code;
    if (!atomic_compare_exchange_strong_explicit(
            &crl->signer, &known, hf_cert_keep(above), memory_order_acq_rel,
            memory_order_acquire))
        hf_cert_free(above);
    return HF_OK;
}
