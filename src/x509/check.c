/* check.c - the checker: walks a finished path from the anchor down to the
 * leaf and says whether it is trusted; the only one that fills in struct
 * hf_verified.
 *
 * It trusts neither the builder's search nor its checks, but asks everything
 * of RFC 5280 6.1 again.  Signatures come after all that is cheap, from the
 * top: so a key is used only after somebody we trust has signed it, and a
 * peer cannot make us compute with keys of its own invention.  Then name
 * constraints and policies, since only what is signed is worth the comparison,
 * and at the end revocation, which is asked of issuers that have been proved.
 */
#include "x509/inside.h"

static uint16_t refuse(struct hf_checker *c, size_t where,
                       enum hf_event_id event, unsigned code)
{
    c->where = where;
    c->event = (uint8_t)event;
    return (uint16_t)code;
}

/* RFC 5280 6.1.3 a2 and 6.1.4 k to o, for one certificate of the path. */
static uint16_t ask_cheap(struct hf_checker *c, struct hf_cert *const *path,
                          size_t depth, size_t i)
{
    const struct hf_cert *cert = path[i];
    bool anchor = i + 1 == depth;
    unsigned cas = 0;
    uint16_t code;

    if (!c->v->any_time && c->v->now < cert->not_before)
        return refuse(c, i, HF_EV_CHECK_TIME, HF_E_NOT_YET_VALID);
    if (!c->v->any_time && c->v->now > cert->not_after)
        return refuse(c, i, HF_EV_CHECK_TIME, HF_E_EXPIRED);
    if (cert->flags & HF_CERT_CRITICAL)
        return refuse(c, i, HF_EV_CHECK_EXTENSIONS, HF_E_CRITICAL_EXTENSION);
    if (!anchor && hf_serial_is_zero(cert))
        return refuse(c, i, HF_EV_CHECK_EXTENSIONS, HF_E_CERT_DER);
    code = hf_check_key(c->v, cert);
    if (code)
        return refuse(c, i, HF_EV_CHECK_KEY, code);
    if (hf_profile_broken(c->v, cert, i == 0, anchor))
        return refuse(c, i, HF_EV_CHECK_PROFILE, HF_E_PROFILE);
    /* RFC 5280 6.1.3 a4 */
    if (!anchor && !hf_span_equal(cert->issuer, path[i + 1]->subject))
        return refuse(c, i, HF_EV_CHECK_PATH, HF_E_UNKNOWN_ISSUER);
    if (i == 0)
        return HF_OK;
    if (!(cert->flags & HF_CERT_CA))
        return refuse(c, i, HF_EV_CHECK_ISSUER, HF_E_NOT_A_CA);
    if (cert->flags & HF_CERT_KEY_USAGE &&
        !(cert->usage & HF_USE_KEY_CERT_SIGN))
        return refuse(c, i, HF_EV_CHECK_ISSUER, HF_E_KEY_USAGE);
    for (size_t k = 1; k < i; k++)
        if (!(path[k]->flags & HF_CERT_SELF_ISSUED))
            cas++;
    if (cert->flags & HF_CERT_PATHLEN && cas > cert->path_len)
        return refuse(c, i, HF_EV_CHECK_ISSUER, HF_E_PATH_LENGTH);
    code = hf_check_issuer_use(c->v, cert);
    return code ? refuse(c, i, HF_EV_CHECK_USAGE, code) : HF_OK;
}

static uint16_t ask_leaf(struct hf_checker *c, const struct hf_cert *leaf)
{
    uint16_t code = hf_check_leaf_use(c->v, leaf);

    if (code)
        return refuse(c, 0, HF_EV_CHECK_USAGE, code);
    if (leaf->name_constraints.len && !(leaf->flags & HF_CERT_CA))
        return refuse(c, 0, HF_EV_CHECK_EXTENSIONS, HF_E_NAME_CONSTRAINT);
    if (c->v->name && !hf_cert_names(leaf, c->v->name))
        return refuse(c, 0, HF_EV_CHECK_NAME, HF_E_NAME_MISMATCH);
    return HF_OK;
}

/* RFC 5280 6.1.3 b and c, 6.1.4 g: every authority is asked about everything
 * below it, but for self-issued certificates that are not the leaf. */
static uint16_t ask_constraints(struct hf_checker *c,
                                struct hf_cert *const *path, size_t depth)
{
    for (size_t i = depth; i-- > 1;) {
        if (!path[i]->name_constraints.len)
            continue;
        for (size_t k = i; k-- > 0;) {
            uint16_t code;

            if (k && path[k]->flags & HF_CERT_SELF_ISSUED)
                continue;
            code = hf_constraints_ask(path[i], path[k], &c->comparisons,
                                      &c->fault);
            if (code)
                return refuse(c, k, HF_EV_CHECK_CONSTRAINTS, code);
        }
    }
    return HF_OK;
}

/* RFC 5280 6.1.3 d to f, 6.1.4 a, b, h to j, 6.1.5 a, b and g */
static uint16_t ask_policies(struct hf_checker *c, struct hf_cert *const *path,
                             size_t depth)
{
    size_t where;
    uint16_t code = hf_policies_ask(c->v, path, depth, &c->comparisons, &where);

    return code ? refuse(c, where, HF_EV_CHECK_POLICIES, code) : HF_OK;
}

/* RFC 5280 6.1.3 a3, from the top.  That somebody has been revoked is told
 * before that nobody knows about somebody else. */
static uint16_t ask_revocation(struct hf_checker *c,
                               struct hf_cert *const *path, size_t depth)
{
    uint16_t unknown = HF_OK;
    size_t where = 0;

    for (size_t i = depth - 1; i-- > 0;) {
        uint16_t code = hf_revocation_ask(c, path, depth, i, &c->findings[i]);

        if (code && code != HF_E_NO_STATUS)
            return refuse(c, i, HF_EV_CHECK_REVOCATION, code);
        if (code && !unknown) {
            unknown = code;
            where = i;
        }
    }
    return unknown ? refuse(c, where, HF_EV_CHECK_REVOCATION, unknown) : HF_OK;
}

/* More certificates than there may be, as hf_verify.max_depth counts them. */
static bool is_too_long(const struct hf_verify *v, struct hf_cert *const *path,
                        size_t depth)
{
    size_t counted = depth;

    for (size_t i = 1; i + 1 < depth; i++)
        if (path[i]->flags & HF_CERT_SELF_ISSUED)
            counted--;
    return depth > HF_PATH_MAX || (v->max_depth && counted > v->max_depth);
}

uint16_t hf_checker_prove(struct hf_checker *c, struct hf_cert *const *path,
                          size_t depth, struct hf_verified *out)
{
    struct hf_error unreadable = { .code = HF_OK };
    uint16_t code;

    *out = (struct hf_verified){ .token = 0 };
    if (!depth || is_too_long(c->v, path, depth) || !c->v->store)
        return refuse(c, 0, HF_EV_CHECK_ANCHOR, HF_E_UNKNOWN_ISSUER);
    if (!hf_store_holds(c->v->store, path[depth - 1], &unreadable))
        return refuse(c, 0, HF_EV_CHECK_ANCHOR,
                      unreadable.code == HF_E_OUT_OF_MEMORY
                          ? HF_E_OUT_OF_MEMORY
                          : HF_E_UNKNOWN_ISSUER);
    for (size_t i = depth; i-- > 0;) {
        code = ask_cheap(c, path, depth, i);
        if (code)
            return code;
    }
    code = ask_leaf(c, path[0]);
    if (code)
        return code;
    for (size_t i = depth - 1; i-- > 0;) {
        code = hf_checker_link(c, path[i], path[i + 1]);
        if (code)
            return refuse(c, i, HF_EV_CHECK_SIGNATURE, code);
    }
    code = ask_constraints(c, path, depth);
    if (!code)
        code = ask_policies(c, path, depth);
    if (!code)
        code = ask_revocation(c, path, depth);
    if (code)
        return code;
    for (size_t i = 0; i < depth; i++)
        out->path[i] = hf_cert_keep(path[i]);
    for (size_t i = 0; i + 1 < depth; i++)
        out->status[i] = c->findings[i].status;
    out->depth = depth;
    out->token = HF_VERIFIED_TOKEN;
    return HF_OK;
}

void hf_verified_wipe(struct hf_verified *v)
{
    for (size_t i = 0; i < v->depth; i++)
        hf_cert_free(v->path[i]);
    *v = (struct hf_verified){ .token = 0 };
}
