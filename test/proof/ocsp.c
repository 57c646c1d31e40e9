/* ocsp.c - an OCSP response: what is kept of it lies in it, and all of it was
 * read.  Elements are any that DER may have (any_der.h). */
#include "proof.h"

#include "any_der.h"
#include "x509/ocsp.c"

/* ---- stand-ins, each of which has a row of its own --------------------------------- */

bool any_der_oid(struct hf_der *r, struct hf_span *oid)
{
    return hf_der_take(r, HF_DER_OID, oid) && oid->len && nondet_bool();
}

int64_t nondet_time(void);

bool any_der_time(struct hf_der *r, int64_t *seconds)
{
    struct hf_tlv tlv;

    *seconds = nondet_time();
    return hf_der_next(r, &tlv) && nondet_bool();
}

bool any_span_equal(struct hf_span a, struct hf_span b)
{
    PROVE(!a.len || __CPROVER_r_ok(a.at, a.len));
    PROVE(!b.len || __CPROVER_r_ok(b.at, b.len));
    return a.len == b.len && nondet_bool();
}

bool hf_name_is_sound(struct hf_span name)
{
    PROVE(__CPROVER_r_ok(name.at, name.len));
    return nondet_bool();
}

bool hf_algorithm_is_sound(const struct hf_tlv *algorithm)
{
    PROVE(__CPROVER_r_ok(algorithm->whole.at, algorithm->whole.len));
    return nondet_bool();
}

const char *hf_reason_text(unsigned reason)
{
    return reason < 11 && reason != 7 ? "one" : NULL;
}

/* ---- one answer ------------------------------------------------------------------------- */

static struct hf_parse parse;
static struct hf_ocsp_single one;

static struct hf_der begin(struct hf_span *bytes, unsigned most)
{
    most_elements = most;
    parse = (struct hf_parse){ .code = HF_E_BAD_STAPLE };
    one = (struct hf_ocsp_single){ .reason = 0 };
    return any_reader(bytes);
}

/* RFC 6960 4.1.1 */
void prove_id(void)
{
    struct hf_span bytes;
    struct hf_der single = begin(&bytes, 5);

    if (!read_id(&single, &one))
        return;
    PROVE(WITHIN(one.algorithm, bytes) && WITHIN(one.name_hash, bytes));
    PROVE(WITHIN(one.key_hash, bytes) && WITHIN(one.serial, bytes));
    PROVE(one.serial.len > 0);
    PROVE(one.serial.at + one.serial.len == bytes.at + single.at);
}

void prove_answer(void)
{
    struct hf_span bytes;
    struct hf_der single = begin(&bytes, 4);
    bool ok = read_answer(&single, &one);

    PROVE(!ok || (one.answer == HF_OCSP_REVOKED) == (bytes.at[0] == 0xa1));
    PROVE(!ok || (one.answer == HF_OCSP_GOOD) == (bytes.at[0] == 0x80));
    PROVE(!ok || hf_reason_text(one.reason));
}

bool any_id(struct hf_der *single, struct hf_ocsp_single *out)
{
    struct hf_der id;

    (void)out;
    return hf_der_open(single, HF_DER_SEQUENCE, &id) && nondet_bool();
}

bool any_answer(struct hf_der *single, struct hf_ocsp_single *out)
{
    struct hf_tlv tlv;

    out->answer = nondet_byte();
    return hf_der_next(single, &tlv) && nondet_bool();
}

bool any_read_extensions(struct hf_parse *p, struct hf_der *r, unsigned tag,
                         struct hf_span *scts)
{
    struct hf_der tagged;

    *scts = hf_span(NULL, 0);
    return (hf_der_open(r, tag, &tagged) && nondet_bool()) ||
           hf_parse_no(p, "any reason");
}

/* All of it is read, and its dates are in their order. */
void prove_single(void)
{
    struct hf_span bytes;
    struct hf_der list = begin(&bytes, 7);

    if (!read_single(&parse, &list, &one)) {
        PROVE(parse.why != NULL);
        return;
    }
    PROVE(list.at > 0 && list.at <= list.end);
    PROVE(!one.has_next || one.next_update >= one.this_update);
}

/* ---- the whole -------------------------------------------------------------------------- */

static struct hf_ocsp out;

void prove_responder(void)
{
    struct hf_span bytes;
    struct hf_der data = begin(&bytes, 2);

    if (!read_responder(&parse, &data, &out)) {
        PROVE(parse.why != NULL);
        return;
    }
    PROVE(out.by_key == (bytes.at[0] == 0xa2));
    PROVE(!out.by_key || out.responder.len == 20);
    PROVE(WITHIN(out.responder, bytes));
    PROVE(out.responder.at + out.responder.len == bytes.at + data.at);
}

/* What they are does not matter where they are counted. */
bool counted_der_next(struct hf_der *r, struct hf_tlv *tlv)
{
    uint32_t to = nondet_word();

    if (nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    ASSUME(to > r->at && to <= r->end);
    tlv->whole = tlv->value = hf_span(r->base + r->at, to - r->at);
    r->at = to;
    return true;
}

bool any_peek(const struct hf_der *r, unsigned tag)
{
    (void)tag;
    return r->at < r->end && nondet_bool();
}

void prove_certs(void)
{
    struct hf_span bytes;
    struct hf_der basic = begin(&bytes, HF_OCSP_CERTS_MAX + 3);

    if (read_certs(&parse, &basic, &out))
        PROVE(most_elements >= 1 && out.certs.end <= bytes.len);
    else
        PROVE(parse.why != NULL);
}

bool any_read_certs(struct hf_parse *p, struct hf_der *basic, struct hf_ocsp *o)
{
    struct hf_tlv tlv;

    (void)o;
    return (hf_der_next(basic, &tlv) && nondet_bool()) ||
           hf_parse_no(p, "any reason");
}

bool any_read_data(struct hf_parse *p, struct hf_span tbs, struct hf_ocsp *o)
{
    PROVE(tbs.at == o->tbs.at && __CPROVER_r_ok(tbs.at, tbs.len));
    return nondet_bool() || hf_parse_no(p, "any reason");
}

/* What is signed, how, and the signature; nothing behind them is passed over. */
void prove_basic(void)
{
    struct hf_span bytes;

    (void)begin(&bytes, 5);
    if (!read_basic(&parse, bytes, &out)) {
        PROVE(parse.why != NULL);
        return;
    }
    PROVE(WITHIN(out.tbs, bytes) && WITHIN(out.signature, bytes));
    PROVE(out.algorithm.at == out.tbs.at + out.tbs.len);
}

bool any_read_basic(struct hf_parse *p, struct hf_span der, struct hf_ocsp *o)
{
    (void)o;
    PROVE(!der.len || __CPROVER_r_ok(der.at, der.len));
    return nondet_bool() || hf_parse_no(p, "any reason");
}

void prove_response(void)
{
    struct hf_span bytes;

    (void)begin(&bytes, 6);
    if (!read_response(&parse, bytes, &out))
        PROVE(parse.why != NULL);
    else
        PROVE(hf_ocsp_status_text(out.status) != NULL);
}
