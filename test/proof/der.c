/* der.c - the DER reader: whatever the bytes, it stays inside them, moves on,
 * and takes no second spelling of a length. */
#include "proof.h"

#include "x509/der.c"

/* The bytes that X.690 10.1 gives a length of @len. */
static uint32_t length_bytes(uint32_t len)
{
    if (len < 128)
        return 1;
    if (len < 256)
        return 2;
    return len < 65536 ? 3 : len < 16777216 ? 4 : 5;
}

void prove_der_next(void)
{
    struct hf_span bytes = any_bytes(HF_CRL_MAX);
    struct hf_der r = hf_der_large(bytes), before;
    struct hf_tlv tlv;

    r.at = nondet_word();
    ASSUME(r.at <= r.end);
    before = r;
    if (!hf_der_next(&r, &tlv)) {
        PROVE(r.at == before.at);
        return;
    }
    PROVE(r.at > before.at && r.at <= r.end && r.end == before.end);
    PROVE(tlv.start == before.at && tlv.whole.at == bytes.at + before.at);
    PROVE(tlv.whole.len == r.at - before.at);
    PROVE(tlv.value.at + tlv.value.len == tlv.whole.at + tlv.whole.len);
    PROVE(tlv.whole.len ==
          1 + length_bytes((uint32_t)tlv.value.len) + tlv.value.len);
    PROVE(tlv.tag != 0 && (tlv.tag & 0x1f) != 0x1f);
}

/* What is opened is what was taken, no byte more. */
void prove_der_open(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_der r = hf_der(bytes), again, inside;
    uint8_t tag = nondet_byte();
    struct hf_tlv tlv;

    r.at = nondet_word();
    ASSUME(r.at <= r.end);
    again = r;
    if (hf_der_open(&r, tag, &inside)) {
        PROVE(hf_der_next(&again, &tlv) && tlv.tag == tag);
        PROVE(inside.base == r.base && inside.end == r.at);
        PROVE(inside.base + inside.at == tlv.value.at);
    } else {
        PROVE(!hf_der_done(&inside)); /* and reads nothing */
    }
}

/* X.690 8.3.2: the shortest form, and no sign. */
void prove_der_natural(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX), number;
    struct hf_der r = hf_der(bytes);

    if (hf_der_natural(&r, &number)) {
        PROVE(number.len > 0 && WITHIN(number, bytes));
        PROVE(number.len == 1 || number.at[0] != 0);
    }
}
