/* ext.c - extensions of a certificate: whatever is in one, its value is read
 * inside, what is kept of it lies in it, and a refusal has a reason.  Elements
 * are any that DER may have (any_der.h). */
#include "proof.h"

#include "any_der.h"
#include "x509/cert_ext.c"

static struct hf_cert cert;
static struct hf_parse parse;

/* ---- stand-ins, each of which has a row of its own --------------------------------- */

bool any_der_oid(struct hf_der *r, struct hf_span *oid)
{
    return hf_der_take(r, HF_DER_OID, oid) && oid->len && nondet_bool();
}

bool any_span_equal(struct hf_span a, struct hf_span b)
{
    PROVE(!a.len || __CPROVER_r_ok(a.at, a.len));
    PROVE(!b.len || __CPROVER_r_ok(b.at, b.len));
    return a.len == b.len && nondet_bool();
}

bool any_equal(const void *a, const void *b, size_t len)
{
    PROVE(!len || (__CPROVER_r_ok(a, len) && __CPROVER_r_ok(b, len)));
    return nondet_bool();
}

bool hf_name_is_sound(struct hf_span name)
{
    PROVE(!name.len || __CPROVER_r_ok(name.at, name.len));
    return nondet_bool();
}

/* ---- one of each ---------------------------------------------------------------------- */

static struct hf_span value;

static bool read_any(read_fn *read, unsigned most)
{
    bool ok;

    cert = (struct hf_cert){ .flags = 0 };
    parse = (struct hf_parse){ .cert = &cert, .code = HF_E_CERT_DER };
    value = any_bytes(HF_DER_MAX);
    most_elements = most;
    ok = read(&parse, value);
    PROVE(ok || parse.why != NULL);
    PROVE(NONE_OR_WITHIN(cert.san, value) && NONE_OR_WITHIN(cert.skid, value));
    PROVE(NONE_OR_WITHIN(cert.akid, value) && NONE_OR_WITHIN(cert.aia, value));
    PROVE(NONE_OR_WITHIN(cert.sct, value) && NONE_OR_WITHIN(cert.eku, value));
    PROVE(NONE_OR_WITHIN(cert.policies, value));
    PROVE(NONE_OR_WITHIN(cert.mappings, value));
    PROVE(NONE_OR_WITHIN(cert.crl_dp, value));
    PROVE(NONE_OR_WITHIN(cert.name_constraints, value));
    return ok;
}

/* RFC 5280 4.2.1.3 */
void prove_usage(void)
{
    if (read_any(read_usage, 1))
        PROVE(cert.usage != 0 && cert.flags == HF_CERT_KEY_USAGE);
}

/* RFC 5280 4.2.1.9: an authority says so, in one form. */
void prove_basic(void)
{
    if (read_any(read_basic, 4) && cert.flags & HF_CERT_CA)
        PROVE(value.at[0] == HF_DER_SEQUENCE && value.len >= 5);
}

/* RFC 5280 4.2.1.11 and 14 */
void prove_skips(void)
{
    bool both = nondet_bool();

    if (!read_any(both ? read_policy_constraints : read_inhibit, 4))
        return;
    PROVE(both || cert.inhibit_any > 0);
    PROVE(!both || cert.explicit_policy || cert.inhibit_mapping);
}

/* RFC 5280 4.2.1.1: [0] [1] [2] in this order, each at most once. */
void prove_key_ids(void)
{
    if (read_any(nondet_bool() ? read_akid : read_skid, 5))
        PROVE(most_elements >=
              1); /* the SEQUENCE and three were taken, at most */
}

void prove_marks(void)
{
    if (read_any(nondet_bool() ? read_nocheck : read_sct, 2))
        PROVE(value.len >= 2);
}

/* RFC 5280 4.2.1.6: names, none of them of a kind that there is not. */
void prove_alternative(void)
{
    if (read_any(read_san, 4))
        PROVE(cert.san.len == value.len && value.len > 2);
}

void prove_purposes(void)
{
    if (read_any(read_eku, 4))
        PROVE(cert.flags & HF_CERT_EKU && cert.eku.len == value.len);
}

/* ---- the walk over all of them ---------------------------------------------------------- */

static unsigned known; /* one that was seen before, whichever */
static bool asked;     /* it was compared with the new one */

bool any_is_new(const struct hf_span *seen, size_t count, struct hf_span oid)
{
    (void)oid;
    PROVE(count <= HF_CERT_EXTENSIONS_MAX);
    PROVE(!count || __CPROVER_r_ok(seen, count * sizeof(*seen)));
    return nondet_bool();
}

/* One step, from any place: never more than there is room for. */
void prove_walk(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_extensions walk = { .list = hf_der(bytes) };
    struct hf_extension one;
    size_t before;

    most_elements = 4;
    parse = (struct hf_parse){ .cert = &cert };
    before = walk.count = nondet_size();
    ASSUME(walk.count <= HF_CERT_EXTENSIONS_MAX);
    if (hf_extensions_next(&walk, &parse, &one)) {
        PROVE(!walk.bad && walk.count == before + 1);
        PROVE(walk.count <= HF_CERT_EXTENSIONS_MAX);
        PROVE(WITHIN(one.oid, bytes) && WITHIN(one.value, bytes));
        PROVE(walk.seen[before].at == one.oid.at);
        PROVE(walk.list.at > 0);
    } else {
        PROVE(walk.bad ? parse.why != NULL : hf_der_done(&walk.list));
        PROVE(walk.count == before);
    }
}

bool watched_span_equal(struct hf_span a, struct hf_span b)
{
    if (a.at == value.at && a.len == known)
        asked = true;
    return any_span_equal(a, b);
}

/* The new one is compared with each that was seen. */
void prove_new(void)
{
    struct hf_span seen[HF_CERT_EXTENSIONS_MAX], oid = any_bytes(64);
    size_t count = nondet_size(), which = nondet_size();

    ASSUME(count <= HF_CERT_EXTENSIONS_MAX && which < count);
    for (unsigned i = 0; i < HF_CERT_EXTENSIONS_MAX; i++)
        seen[i] = hf_span(NULL, 0);
    value = any_bytes(64);
    known = (unsigned)value.len;
    ASSUME(known > 0);
    seen[which] = value;
    asked = false;
    PROVE(!is_new(seen, count, oid) || asked);
}
