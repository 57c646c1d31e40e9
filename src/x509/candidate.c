/* candidate.c - who might have issued this certificate?
 *
 * The certificates whose subject is the issuer wanted, anchors before what the
 * peer sent, and those whose key identifier does not fit last: identifiers are
 * a hint, never a reason (RFC 5280 6.1 does not know them).  Every certificate
 * that is looked at is paid for; one of the store costs more, because it has
 * to be decoded and parsed.
 */
#include "x509/inside.h"

enum { ANCHOR_COST = 8 };

/* ---- the budget ------------------------------------------------------------------- */

struct hf_verify_budget hf_search_spent(const struct hf_search *s)
{
    return (struct hf_verify_budget){
        .signatures = s->had.signatures - s->checker.signatures,
        .candidates = s->had.candidates - s->left,
        .comparisons = s->had.comparisons - s->checker.comparisons,
    };
}

bool hf_search_stop(struct hf_search *s, unsigned code)
{
    struct hf_verify_budget cost = hf_search_spent(s);

    s->stopped = true;
    if (s->rank >= HF_RANK_STOPPED)
        return false;
    s->rank = HF_RANK_STOPPED;
    s->best = (struct hf_error){ .code = HF_OK };
    if (code == HF_E_BUDGET)
        return hf_fail(&s->best, code,
                       "given up after %u signatures, %u candidates and %u "
                       "comparisons of names",
                       cost.signatures, cost.candidates, cost.comparisons);
    return hf_fail(&s->best, code, NULL);
}

/* ---- candidates -------------------------------------------------------------------------- */

static bool spend(struct hf_search *s, uint32_t n)
{
    if (s->left < n)
        return hf_search_stop(s, HF_E_BUDGET);
    s->left -= n;
    return true;
}

/* The key identifiers are there and do not fit. */
static bool is_odd(const struct hf_cert *cert, const struct hf_cert *issuer)
{
    struct hf_span wanted = hf_cert_akid(cert), is = hf_cert_skid(issuer);

    return wanted.len && is.len && !hf_span_equal(wanted, is);
}

/* The same authority again would be a circle: RFC 4158 5.2, name and key. */
static bool is_on_path(const struct hf_search *s, const struct hf_cert *cert)
{
    for (size_t i = 0; i < s->depth; i++) {
        const struct hf_cert *other = s->at[i].cert;

        if (other == cert || hf_span_equal(other->der, cert->der) ||
            (i && hf_span_equal(other->subject, cert->subject) &&
             hf_span_equal(other->spki, cert->spki)))
            return true;
    }
    return false;
}

static struct hf_cert *next_anchor(struct hf_search *s, struct hf_place *place,
                                   bool odd)
{
    struct hf_cert *cert;

    if (!place->walking)
        place->anchors = hf_anchors_of(s->v->store, place->cert->issuer);
    place->walking = true;
    while ((cert = hf_anchors_next(&place->anchors, &s->unreadable))) {
        if (!spend(s, ANCHOR_COST))
            break;
        if (is_odd(place->cert, cert) == odd && !is_on_path(s, cert))
            return cert;
        hf_cert_free(cert);
    }
    hf_cert_free(cert);
    if (s->unreadable.code == HF_E_OUT_OF_MEMORY)
        hf_search_stop(s, HF_E_OUT_OF_MEMORY);
    place->walking = false;
    return NULL;
}

static struct hf_cert *next_sent(struct hf_search *s, struct hf_place *place,
                                 bool odd)
{
    while (place->next < s->v->count) {
        struct hf_cert *cert = s->v->chain[place->next++];

        if (!spend(s, 1))
            return NULL;
        if (cert && hf_span_equal(cert->subject, place->cert->issuer) &&
            is_odd(place->cert, cert) == odd && !is_on_path(s, cert))
            return cert;
    }
    place->next = 1;
    return NULL;
}

struct hf_cert *hf_next_candidate(struct hf_search *s, struct hf_place *place,
                                  bool *anchor)
{
    while (place->phase != HF_PHASE_DONE && !s->stopped) {
        bool odd = place->phase >= HF_PHASE_ODD_ANCHORS;
        struct hf_cert *cert;

        *anchor = place->phase == HF_PHASE_ANCHORS ||
                  place->phase == HF_PHASE_ODD_ANCHORS;
        cert = *anchor ? next_anchor(s, place, odd) : next_sent(s, place, odd);
        if (cert)
            return cert;
        place->phase++;
    }
    return NULL;
}
