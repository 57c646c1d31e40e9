/* key.c - keys of certificates: only what is one of ours, of a size that is
 * allowed, and lies in its bytes.  Elements are any that DER may have. */
#include "proof.h"

#include "any_der.h"
#include "x509/key.c"

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

bool any_der_is_sound(struct hf_span bytes)
{
    PROVE(!bytes.len || __CPROVER_r_ok(bytes.at, bytes.len));
    return nondet_bool();
}

bool any_rsa(struct hf_span bytes, struct hf_public_key *out)
{
    (void)out;
    PROVE(!bytes.len || __CPROVER_r_ok(bytes.at, bytes.len));
    return nondet_bool();
}

/* RFC 5480 2.2 */
void prove_point(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_public_key key;
    size_t row = nondet_size();

    ASSUME(row < HF_COUNT(keys));
    key.kind = HF_KEY_NONE;
    if (!read_key(row, bytes, &key) || key.kind < HF_KEY_P256)
        return;
    PROVE(key.point.at == bytes.at && key.point.len == keys[row].length);
    PROVE(key.kind > HF_KEY_P521 || key.point.at[0] == 4);
}

bool any_key(size_t row, struct hf_span bytes, struct hf_public_key *out)
{
    (void)out;
    PROVE(row < HF_COUNT(keys));
    PROVE(!bytes.len || __CPROVER_r_ok(bytes.at, bytes.len));
    return nondet_bool();
}

static bool sound; /* some row of the table was it */

bool spki_span_equal(struct hf_span a, struct hf_span b)
{
    bool same = a.len == b.len && nondet_bool();

    sound = sound || same;
    return same;
}

bool any_algorithm_is_sound(const struct hf_tlv *algorithm)
{
    sound = nondet_bool();
    return sound && algorithm->whole.len > 0;
}

/* RFC 5280 4.1.2.7: an algorithm and bits, and nothing behind them. */
void prove_spki(void)
{
    struct hf_span spki = any_bytes(HF_DER_MAX);
    struct hf_public_key key;

    most_elements = 3;
    sound = false;
    PROVE(!hf_spki_read(spki, &key) || sound);
}

/* An AlgorithmIdentifier is a type and at most one thing behind it. */
void prove_algorithm(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_der r = hf_der(bytes);
    struct hf_tlv tlv;

    most_elements = 4;
    if (hf_der_next(&r, &tlv) && hf_algorithm_is_sound(&tlv))
        PROVE(tlv.tag == HF_DER_SEQUENCE && tlv.value.len >= 3 &&
              tlv.value.at[0] == HF_DER_OID);
}
