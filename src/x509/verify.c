/* verify.c - the checks of RFC 5280 6.1, one certificate at a time: cheap ones
 * only, as tables.
 *
 *     leaf      time, extensions, key, purpose, name
 *     issuer    time, extensions, may it issue, key, purpose, algorithm
 *
 * The builder runs them on each certificate that it considers, so that no
 * signature is computed for a path that could not stand anyway.  What needs
 * the whole path (signatures, name constraints) is in check.c, which asks for
 * all of this once more, in its own words.
 *
 * A check is a function of values and answers with a code.  Nothing here makes
 * text.
 */
#include "x509/inside.h"

enum { RSA_BITS_LEAST = 2048, RSA_BITS_MOST = 8192 };

/* ---- for a certificate anywhere ------------------------------------------------------ */

/* RFC 5280 4.1.2.5: "from notBefore through notAfter, inclusive".  It is asked
 * of anchors too: a store keeps its certificates for longer than it should,
 * and an authority that ended its term has no say any more. */
uint16_t hf_check_time(const struct hf_verify *v, const struct hf_cert *cert)
{
    if (v->any_time)
        return HF_OK;
    if (v->now > cert->not_after)
        return HF_E_EXPIRED;
    return v->now < cert->not_before ? HF_E_NOT_YET_VALID : HF_OK;
}

uint16_t hf_check_key(const struct hf_verify *v, const struct hf_cert *cert)
{
    unsigned least = v->min_rsa_bits ? v->min_rsa_bits : RSA_BITS_LEAST;

    if (cert->key.kind == HF_KEY_NONE)
        return HF_E_CERT_KEY;
    if (cert->key.kind != HF_KEY_RSA && cert->key.kind != HF_KEY_RSA_PSS)
        return HF_OK;
    if (cert->key.bits < least)
        return HF_E_WEAK_KEY;
    return cert->key.bits > RSA_BITS_MOST ? HF_E_CERT_KEY : HF_OK;
}

static uint16_t time_of(const struct hf_check *c)
{
    return hf_check_time(c->v, c->cert);
}

static uint16_t key_of(const struct hf_check *c)
{
    return hf_check_key(c->v, c->cert);
}

/* RFC 5280 4.2 (critical ones), 4.1.2.2 (a serial number is positive; anchors
 * of old have 0), 4.2.1.10 (name constraints are for authorities only). */
static uint16_t extensions_of(const struct hf_check *c)
{
    if (c->cert->flags & HF_CERT_CRITICAL)
        return HF_E_CRITICAL_EXTENSION;
    if (!c->anchor && hf_serial_is_zero(c->cert))
        return HF_E_CERT_DER;
    if (c->cert->name_constraints.len && !(c->cert->flags & HF_CERT_CA))
        return HF_E_NAME_CONSTRAINT;
    return HF_OK;
}

static uint16_t profile_of(const struct hf_check *c)
{
    return hf_profile_broken(c->v, c->cert, !c->below, c->anchor) ? HF_E_PROFILE
                                                                  : HF_OK;
}

/* ---- for a leaf ------------------------------------------------------------------------- */

static uint32_t purpose_flag(const struct hf_verify *v)
{
    switch (v->purpose) {
    case HF_PURPOSE_SERVER: return HF_CERT_EKU_SERVER;
    case HF_PURPOSE_CLIENT: return HF_CERT_EKU_CLIENT;
    case HF_PURPOSE_ANY: break;
    }
    return 0;
}

/* RFC 5280 4.2.1.12 and 4.2.1.3.  anyExtendedKeyUsage is not enough: it says
 * nothing about TLS.  In TLS 1.3 the key signs (RFC 8446 4.4.2.2). */
uint16_t hf_check_leaf_use(const struct hf_verify *v,
                           const struct hf_cert *cert)
{
    uint32_t purpose = purpose_flag(v);
    unsigned use = v->leaf_usage;

    if (purpose && cert->flags & HF_CERT_EKU && !(cert->flags & purpose))
        return HF_E_WRONG_EKU;
    if (!use && purpose)
        use = HF_USE_DIGITAL_SIGNATURE;
    if (cert->flags & HF_CERT_KEY_USAGE && !(use & HF_USE_ANY) &&
        (cert->usage & use) != use)
        return HF_E_KEY_USAGE;
    return HF_OK;
}

static uint16_t leaf_use(const struct hf_check *c)
{
    return hf_check_leaf_use(c->v, c->cert);
}

static uint16_t name_of(const struct hf_check *c)
{
    return !c->v->name || hf_cert_names(c->cert, c->v->name)
               ? HF_OK
               : HF_E_NAME_MISMATCH;
}

/* ---- for an issuer ------------------------------------------------------------------------ */

/* RFC 5280 6.1.4 k, m, n.  The bit must be said; a certificate without
 * basicConstraints is no CA, wherever it is from. */
static uint16_t may_issue(const struct hf_check *c)
{
    const struct hf_cert *cert = c->cert;

    if (!(cert->flags & HF_CERT_CA))
        return HF_E_NOT_A_CA;
    if (cert->flags & HF_CERT_KEY_USAGE &&
        !(cert->usage & HF_USE_KEY_CERT_SIGN))
        return HF_E_KEY_USAGE;
    if (cert->flags & HF_CERT_PATHLEN && c->cas_below > cert->path_len)
        return HF_E_PATH_LENGTH;
    return HF_OK;
}

/* An authority whose purposes are listed issues for these only.  The RFC is
 * silent on it, everybody does it. */
uint16_t hf_check_issuer_use(const struct hf_verify *v,
                             const struct hf_cert *cert)
{
    uint32_t purpose = purpose_flag(v);

    if (purpose && cert->flags & HF_CERT_EKU &&
        !(cert->flags & (purpose | HF_CERT_EKU_ANY)))
        return HF_E_WRONG_EKU;
    return HF_OK;
}

static uint16_t issuer_use(const struct hf_check *c)
{
    return hf_check_issuer_use(c->v, c->cert);
}

/* Which keys make which signatures. */
static bool key_fits(const struct hf_public_key *key, uint8_t padding,
                     uint8_t hash)
{
    switch ((enum hf_key_kind)key->kind) {
    case HF_KEY_RSA: return padding != HF_PADDING_NONE;
    case HF_KEY_RSA_PSS:
        return padding == HF_PADDING_PSS &&
               (!key->pss_hash || key->pss_hash == hash);
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521: return padding == HF_PADDING_NONE && hash != HF_HASH_NONE;
    case HF_KEY_ED25519:
    case HF_KEY_MLDSA44:
    case HF_KEY_MLDSA65:
    case HF_KEY_MLDSA87:
        return padding == HF_PADDING_NONE && hash == HF_HASH_NONE;
    case HF_KEY_NONE: break;
    }
    return false;
}

uint16_t hf_check_algorithm(const struct hf_verify *v, struct hf_span algorithm,
                            const struct hf_public_key *key,
                            const struct hf_signature **how)
{
    unsigned kind = hf_algorithm_kind(algorithm);
    uint8_t padding, hash;

    *how = NULL;
    if (!hf_algorithm_parts(algorithm, &padding, &hash))
        return HF_E_CERT_ALGORITHM;
    if (!key_fits(key, padding, hash) || (kind && kind != key->kind))
        return HF_E_CERT_SIGNATURE;
    *how = hf_signature_by_parts(v->crypto, key->kind, padding, hash);
    if (*how)
        return HF_OK;
    return kind ? HF_E_CERT_UNSUPPORTED : HF_E_CERT_ALGORITHM;
}

uint16_t hf_check_scheme(const struct hf_verify *v, struct hf_span algorithm,
                         const struct hf_public_key *key)
{
    const struct hf_signature *how;
    uint16_t code = hf_check_algorithm(v, algorithm, key, &how);

    if (code || !v->scheme_count)
        return code;
    for (size_t i = 0; i < v->scheme_count; i++)
        if (v->schemes[i] == how->scheme)
            return HF_OK;
    return HF_E_CERT_ALGORITHM;
}

static uint16_t algorithm_of(const struct hf_check *c)
{
    return hf_check_scheme(c->v, c->below->algorithm, &c->cert->key);
}

/* ---- the tables ------------------------------------------------------------------------------ */

struct step {
    uint8_t event;
    uint16_t (*check)(const struct hf_check *c);
};

static bool run(struct hf_check *check, const struct step *steps, size_t count,
                size_t step)
{
    /* The last is the profile, which is seldom asked for. */
    if (step + (check->v->profile ? 0 : 1) >= count)
        return false;
    check->event = steps[step].event;
    check->code = steps[step].check(check);
    return true;
}

bool hf_check_leaf(struct hf_check *check, size_t step)
{
    static const struct step steps[] = {
        { HF_EV_CHECK_TIME, time_of },
        { HF_EV_CHECK_EXTENSIONS, extensions_of },
        { HF_EV_CHECK_KEY, key_of },
        { HF_EV_CHECK_USAGE, leaf_use },
        { HF_EV_CHECK_NAME, name_of },
        { HF_EV_CHECK_PROFILE, profile_of },
    };

    return run(check, steps, HF_COUNT(steps), step);
}

bool hf_check_issuer(struct hf_check *check, size_t step)
{
    static const struct step steps[] = {
        { HF_EV_CHECK_ISSUER, may_issue },
        { HF_EV_CHECK_TIME, time_of },
        { HF_EV_CHECK_EXTENSIONS, extensions_of },
        { HF_EV_CHECK_KEY, key_of },
        { HF_EV_CHECK_USAGE, issuer_use },
        { HF_EV_CHECK_SIGNATURE, algorithm_of },
        { HF_EV_CHECK_PROFILE, profile_of },
    };

    return run(check, steps, HF_COUNT(steps), step);
}
