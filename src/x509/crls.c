/* crls.c - the lists to be asked, and which certificates a list is about.
 *
 * A set of lists is part of a configuration.  It is filled by one thread and
 * then only read; all it learns later is who signed a list (check.c). */
#include "x509/inside.h"

/* ---- filling ----------------------------------------------------------------------- */

static bool make_room(struct hf_crls *crls)
{
    size_t room = crls->room ? crls->room * 2 : 4;
    struct hf_crl **bigger;

    if (crls->count < crls->room)
        return true;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) of pointers */
    bigger = hf_alloc_array(room, sizeof(*bigger));
    if (!bigger)
        return false;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) of pointers */
    hf_copy(bigger, crls->at, crls->count * sizeof(*bigger));
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) of pointers */
    hf_free(crls->at, crls->room * sizeof(*bigger));
    crls->at = bigger;
    crls->room = room;
    return true;
}

static bool add_one(struct hf_crls *crls, struct hf_span der,
                    struct hf_error *error)
{
    struct hf_crl *crl;

    if (crls->count == HF_CRLS_MAX)
        return hf_fail(error, HF_E_BAD_CRL, "there are more than %u lists",
                       (unsigned)HF_CRLS_MAX);
    if (!make_room(crls))
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    crl = hf_crl_new(der, error);
    if (crl)
        crls->at[crls->count++] = crl;
    return crl != NULL;
}

static bool add_base64(struct hf_crls *crls, struct hf_span base64,
                       struct hf_error *error)
{
    size_t cap = base64.len / 4 * 3 + 3, len;
    uint8_t *der = hf_alloc(cap);
    bool ok;

    if (!der)
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    ok = hf_unbase64(base64, der, cap, &len)
             ? add_one(crls, hf_span(der, len), error)
             : hf_fail(error, HF_E_BAD_CRL, "its base64 is damaged");
    hf_free(der, cap);
    return ok;
}

/* Say which one it was, if there are several. */
static void number_it(struct hf_error *error, size_t which)
{
    char detail[HF_DETAIL_MAX];

    if (error->code != HF_E_BAD_CRL)
        return;
    hf_format(detail, sizeof(detail), "list %z of the text: %s", which,
              error->detail);
    hf_copy(error->detail, detail, sizeof(detail));
}

static bool add_pem(struct hf_crls *crls, struct hf_span text, size_t *added,
                    struct hf_error *error)
{
    struct hf_pem pem;
    bool bad;

    while (hf_pem_next(&text, &pem, &bad)) {
        if (!hf_span_equal(pem.label, hf_span_text("X509 CRL")))
            continue;
        ++*added;
        if (!add_base64(crls, pem.base64, error)) {
            number_it(error, *added);
            return false;
        }
    }
    if (bad)
        return hf_fail(error, HF_E_BAD_CRL,
                       "the block after list %z has no "
                       "end",
                       *added);
    return *added || hf_fail(error, HF_E_BAD_CRL,
                             "there is no BEGIN X509 CRL in the text");
}

bool hf_crls_add(struct hf_crls *crls, struct hf_span text, size_t *added,
                 struct hf_error *error)
{
    size_t before = crls->count;
    bool ok;

    *added = 0;
    if (text.len && text.at[0] == HF_DER_SEQUENCE) {
        ok = add_one(crls, text, error);
        *added = ok;
    } else {
        ok = add_pem(crls, text, added, error);
    }
    if (ok)
        return true;
    *added = 0;
    while (crls->count > before)
        hf_crl_free(crls->at[--crls->count]);
    return false;
}

void hf_crls_wipe(struct hf_crls *crls)
{
    while (crls->count)
        hf_crl_free(crls->at[--crls->count]);
    hf_free(crls->at, crls->room * sizeof(struct hf_crl *));
    *crls = (struct hf_crls){ .at = NULL };
}

/* Of two lists with one signature one is the other. */
bool hf_crls_digest(const struct hf_crls *crls, const struct hf_crypto *crypto,
                    uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(crypto, HF_SHA256);
    struct hf_hash_state state = { .words = { 0 } };
    bool ok = hash && hash->start(crypto->self, &state);

    for (size_t i = 0; ok && i < crls->count; i++)
        ok = hash->add(&state, crls->at[i]->signature);
    ok = ok && hash->digest(&state, out);
    if (hash)
        hash->wipe(&state);
    return ok;
}

/* ---- scope --------------------------------------------------------------------------- */

/* Is one of @names among those of the distribution point, as bytes? */
static bool have_common(struct hf_span names, struct hf_der point)
{
    struct hf_tlv theirs, ours;

    while (hf_der_next(&point, &theirs))
        for (struct hf_der r = hf_der(names); hf_der_next(&r, &ours);)
            if (hf_span_equal(ours.whole, theirs.whole))
                return true;
    return false;
}

/* RFC 5280 4.2.1.13: does a DistributionPoint of @cert have a name of @names,
 * and no cRLIssuer, which would make it that of somebody else's list?  One
 * that lists reasons is about these only; the list that answers for it has
 * onlySomeReasons. */
static bool points_there(const struct hf_cert *cert, struct hf_span names)
{
    struct hf_der r = hf_der(cert->crl_dp), list, point, name, full;
    struct hf_span reasons;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return false;
    while (hf_der_open(&list, HF_DER_SEQUENCE, &point)) {
        if (!hf_der_open(&point, 0xa0, &name) ||
            !hf_der_open(&name, 0xa0, &full))
            continue;
        if (hf_der_peek(&point, 0x81) && !hf_der_take(&point, 0x81, &reasons))
            continue;
        if (hf_der_done(&point) && have_common(names, full))
            return true;
    }
    return false;
}

const char *hf_crl_scope(const struct hf_crl *crl, const struct hf_cert *cert)
{
    bool ca = cert->flags & HF_CERT_CA;

    if (crl->user_only && ca)
        return "the list is not about authorities";
    if (crl->ca_only && !ca)
        return "the list is about authorities only";
    if (crl->points.len && !points_there(cert, crl->points))
        return "the list is of another distribution point";
    return NULL;
}
