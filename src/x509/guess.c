/* guess.c - which of two explanations is the likelier one?
 *
 * A leaf whose issuer was neither sent nor is trusted looks the same whether
 * the server forgot an intermediate or whether nobody here trusts its
 * authority.  The verdict is the same, the advice is not: one is for the
 * server's owner, the other for the user.  So this looks for hints.  It
 * decides about words only; nothing is ever trusted by what is found here.
 */
#include "x509/inside.h"

enum { ANCHORS_MAX = 256, WORD_LEAST = 3 };

/* The name of the issuer's issuer, if the leaf says it (RFC 5280 4.2.1.1,
 * authorityCertIssuer). */
static bool issuers_issuer(const struct hf_cert *leaf, struct hf_span *name)
{
    struct hf_der r = hf_der(leaf->akid), inside, names;
    struct hf_tlv tlv;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &inside))
        return false;
    if (hf_der_peek(&inside, HF_DER_CONTEXT) && !hf_der_next(&inside, &tlv))
        return false;
    if (!hf_der_open(&inside, HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 1,
                     &names) ||
        !hf_der_next(&names, &tlv) ||
        hf_general_name(&tlv).kind != HF_SAN_DIRECTORY)
        return false;
    *name = tlv.value;
    return true;
}

static struct hf_span first_word(struct hf_span s)
{
    size_t n = 0;

    while (n < s.len && s.at[n] != ' ' && s.at[n] != '-' && s.at[n] != '_')
        n++;
    return hf_span_first(s, n);
}

/* The same organization, or common names that begin with the same word, as
 * those of an authority's root and intermediate do. */
static bool are_related(struct hf_span a, struct hf_span b)
{
    struct hf_tlv x, y;

    if (hf_name_find(a, HF_NAME_O, &x) && hf_name_find(b, HF_NAME_O, &y))
        return hf_equal_fold(x.value, y.value);
    if (!hf_name_find(a, HF_NAME_CN, &x) || !hf_name_find(b, HF_NAME_CN, &y))
        return false;
    x.value = first_word(x.value);
    y.value = first_word(y.value);
    return x.value.len >= WORD_LEAST && hf_equal_fold(x.value, y.value);
}

bool hf_is_intermediate_missing(const struct hf_verify *v)
{
    const struct hf_cert *leaf = v->chain[0];
    struct hf_span name;
    bool found = false;

    /* Public authorities say where the missing one is; private ones seldom. */
    if (hf_cert_aia(leaf, &name))
        return true;
    if (issuers_issuer(leaf, &name))
        return !hf_span_equal(name, leaf->issuer);
    for (size_t i = 0;
         v->store && i < hf_store_count(v->store) && !found && i < ANCHORS_MAX;
         i++) {
        struct hf_cert *anchor = hf_store_at(v->store, i);

        found = anchor && are_related(anchor->subject, leaf->issuer);
        hf_cert_free(anchor);
    }
    return found;
}
