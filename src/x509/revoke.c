/* revoke.c - has a certificate of a proved path been revoked?
 *
 *     the OCSP response that came with it    staple.c, if there is one
 *     the lists that were given to us        here
 *
 * Whoever says "revoked" and may say so is believed, whatever others say, and
 * even if what he says has grown old: a list that has ended can no longer say
 * that a certificate is good, but nobody is taken off a list.  For the same
 * reason an entry counts in each list of the issuer, while "not in the list"
 * means something only if the list is about that certificate (RFC 5280 6.3.3).
 *
 * Lists are signed by the key that signed the certificate, or by another key of
 * the same authority that stands above it on the path, where an authority that
 * changes keys has issued itself a certificate (RFC 5280 6.3.3 f).  Keys that
 * are not on the path, and other authorities (indirect CRLs), are not followed.
 * Nothing is fetched.
 */
#include "x509/inside.h"

static bool is_stop(uint16_t code)
{
    return code == HF_E_BUDGET || code == HF_E_CRYPTO ||
           code == HF_E_OUT_OF_MEMORY;
}

/* ---- lists ------------------------------------------------------------------------- */

static void tell_list(struct hf_finding *out, const struct hf_crl *crl,
                      const char *why)
{
    out->crl = crl;
    out->status.source = HF_SOURCE_CRL;
    out->status.from = crl->this_update;
    out->status.until = crl->next_update;
    out->status.number_len = (uint8_t)crl->number.len;
    hf_copy(out->status.number, crl->number.at, crl->number.len);
    out->status.why = why;
}

/* May this key of the issuer say it?  *why, if not. */
static uint16_t may_key_say(struct hf_checker *c, struct hf_crl *crl,
                            struct hf_cert *issuer, const char **why)
{
    uint16_t code;

    *why = "its issuer may not sign lists (cRLSign)";
    if (issuer->flags & HF_CERT_KEY_USAGE && !(issuer->usage & HF_USE_CRL_SIGN))
        return HF_E_NO_STATUS;
    code = hf_checker_list(c, crl, issuer);
    *why = code == HF_E_CERT_ALGORITHM || code == HF_E_CERT_UNSUPPORTED
               ? "the list is signed in a way that is not accepted"
               : "the list was not signed by its issuer's key";
    return !code || is_stop(code) ? code : HF_E_NO_STATUS;
}

/* RFC 5280 6.3.3 f and g, for the keys of the issuer that are known. */
static uint16_t may_say(struct hf_checker *c, struct hf_crl *crl,
                        const struct hf_issuers *issuers,
                        struct hf_finding *out)
{
    const char *first = NULL, *why;

    for (size_t i = 0; i < issuers->count; i++) {
        uint16_t code = may_key_say(c, crl, issuers->at[i], &why);

        if (code != HF_E_NO_STATUS)
            return code;
        first = first ? first : why;
    }
    tell_list(out, crl, first);
    return HF_E_NO_STATUS;
}

/* What keeps a list in which @cert is not from saying that it is good. */
static const char *is_silent(const struct hf_verify *v,
                             const struct hf_crl *crl,
                             const struct hf_cert *cert)
{
    if (!v->any_time && v->now < crl->this_update)
        return "the list is not valid yet";
    if (!v->any_time && v->now > crl->next_update)
        return "the list has ended, and a newer one is not here";
    return hf_crl_scope(crl, cert);
}

/* One list of its issuer.  *reasons grows by those for which @cert is not
 * revoked. */
static uint16_t ask_list(struct hf_checker *c, struct hf_crl *crl,
                         struct hf_cert *cert, const struct hf_issuers *issuers,
                         unsigned *reasons, struct hf_finding *out)
{
    uint16_t code = may_say(c, crl, issuers, out);
    struct hf_crl_entry entry;
    const char *why;

    if (code)
        return is_stop(code) ? code : HF_OK;
    if (hf_crl_find(crl, cert->serial, &entry)) {
        tell_list(out, crl, NULL);
        out->status.standing = HF_STANDING_REVOKED;
        out->status.when = entry.when;
        out->status.reason = entry.reason;
        return HF_E_REVOKED;
    }
    why = is_silent(c->v, crl, cert);
    if (!why)
        *reasons |= crl->reasons;
    if (!why && *reasons != HF_REASONS_ALL)
        why = "the list is about some reasons only";
    tell_list(out, crl, why);
    return HF_OK;
}

uint16_t hf_lists_ask(struct hf_checker *c, struct hf_cert *cert,
                      const struct hf_issuers *issuers, struct hf_finding *out)
{
    const struct hf_crls *crls = c->v->crls;
    struct hf_finding good = { .crl = NULL };
    unsigned reasons = 0;
    int64_t until = INT64_MAX; /* the first of those that were needed */

    out->status.standing = HF_STANDING_UNKNOWN;
    for (size_t i = 0; crls && i < crls->count; i++) {
        unsigned before = reasons;
        uint16_t code;

        if (!hf_span_equal(crls->at[i]->issuer, cert->issuer))
            continue;
        code = ask_list(c, crls->at[i], cert, issuers, &reasons, out);
        if (code)
            return code;
        if (reasons != before && crls->at[i]->next_update < until)
            until = crls->at[i]->next_update;
        if (reasons == HF_REASONS_ALL && !good.crl && !out->status.why)
            good = *out;
    }
    if (!good.crl)
        return HF_E_NO_STATUS;
    *out = good;
    out->status.standing = HF_STANDING_GOOD;
    out->status.until = until;
    return HF_OK;
}

/* ---- one certificate --------------------------------------------------------------------- */

/* What came with @cert; a certificate of the store came with nothing. */
static struct hf_span staple_of(const struct hf_verify *v,
                                const struct hf_cert *cert)
{
    for (size_t i = 0; v->staples && i < v->count; i++)
        if (v->chain[i] == cert)
            return v->staples[i];
    return hf_span(NULL, 0);
}

/* RFC 6066 8: a response that is "not satisfactory" ends the handshake; so
 * one that was asked for and came is never passed over. */
static uint16_t ask_both(struct hf_checker *c, struct hf_cert *cert,
                         const struct hf_issuers *issuers,
                         struct hf_span staple, struct hf_finding *out)
{
    struct hf_finding listed = { .crl = NULL };
    uint16_t code = hf_staple_ask(c, cert, issuers->at[0], staple, out);

    if (code)
        return code;
    code = hf_lists_ask(c, cert, issuers, &listed);
    if (code == HF_E_REVOKED)
        *out = listed;
    return code == HF_E_NO_STATUS ? HF_OK : code;
}

/* Of path[i]: who issued it and, as long as that is one who issued itself, who
 * is above. */
static struct hf_issuers issuers_of(struct hf_cert *const *path, size_t depth,
                                    size_t i)
{
    struct hf_issuers issuers = { path + i + 1, 1 };

    while (i + 1 + issuers.count < depth &&
           path[i + issuers.count]->flags & HF_CERT_SELF_ISSUED)
        issuers.count++;
    return issuers;
}

uint16_t hf_revocation_ask(struct hf_checker *c, struct hf_cert *const *path,
                           size_t depth, size_t i, struct hf_finding *out)
{
    const struct hf_verify *v = c->v;
    struct hf_issuers issuers = issuers_of(path, depth, i);
    struct hf_span staple = staple_of(v, path[i]);
    uint16_t code;

    *out = (struct hf_finding){ .crl = NULL };
    if (v->revocation == HF_REVOCATION_NONE)
        return HF_OK;
    if (staple.len)
        return ask_both(c, path[i], &issuers, staple, out);
    code = hf_lists_ask(c, path[i], &issuers, out);
    if (!out->crl)
        out->status.standing = HF_STANDING_UNASKED;
    if (code && code != HF_E_NO_STATUS)
        return code;
    /* RFC 7633: what the certificate promises */
    if (i == 0 && v->staple_asked && path[i]->flags & HF_CERT_MUST_STAPLE) {
        out->status.why = "it must come with an OCSP response (tlsFeature), "
                          "and came without";
        return HF_E_BAD_STAPLE;
    }
    if (code && (v->revocation == HF_REVOCATION_HARD ||
                 (v->revocation == HF_REVOCATION_LEAF && i == 0)))
        return HF_E_NO_STATUS;
    return HF_OK;
}
