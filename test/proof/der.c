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
    PROVE(tlv.tag == bytes.at[before.at]);
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

/* ---- values: read inside, and only in the one form that they have ------------------ */

/* Only what is right may be read. */
void prove_der_boolean(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_der r = hf_der(bytes);
    bool value, ok = hf_der_boolean(&r, &value);

    PROVE(ok == (bytes.len >= 3 && bytes.at[0] == 1 && bytes.at[1] == 1 &&
                 (bytes.at[2] == 0 || bytes.at[2] == 0xff)));
    PROVE(!ok || (r.at == 3 && value == (bytes.at[2] == 0xff)));
}

void prove_der_small(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX);
    struct hf_der r = hf_der(bytes);
    uint32_t value;

    if (!hf_der_small(&r, &value))
        return;
    PROVE(bytes.at[0] == 2 && r.at == 2u + bytes.at[1] && bytes.at[1] <= 5);
    PROVE((bytes.at[1] == 1) == (value < 0x80));
    PROVE((value & 0xff) == bytes.at[r.at - 1]);
}

void prove_der_bits(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX), inside;
    struct hf_der r = hf_der(bytes);
    unsigned unused;

    if (!hf_der_bits(&r, &inside, &unused))
        return;
    PROVE(bytes.at[0] == 3 && WITHIN(inside, bytes) && unused <= 7);
    PROVE(inside.len || !unused);
    PROVE(!inside.len || inside.at + inside.len == bytes.at + r.at);
    PROVE(!inside.len || !(inside.at[inside.len - 1] & ((1u << unused) - 1)));
}

/* A time is one between 1950 and 9999, and as long as RFC 5280 says. */
void prove_der_time(void)
{
    struct hf_span bytes = any_bytes(32);
    struct hf_der r = hf_der(bytes);
    int64_t seconds;

    if (!hf_der_time(&r, &seconds)) {
        PROVE(seconds == 0);
        return;
    }
    PROVE(r.at == 15 || r.at == 17);
    PROVE(bytes.at[r.at - 1] == 'Z');
    PROVE(seconds >= -631152000 && seconds <= 253402300799);
}

/* X.690 8.19.2, for any one of its bytes. */
enum { OID = 12 };

void prove_der_oid(void)
{
    struct hf_span bytes = any_bytes(OID), oid;
    struct hf_der r = hf_der(bytes);
    size_t any = nondet_size();

    if (!hf_der_oid(&r, &oid))
        return;
    PROVE(oid.len > 0 && WITHIN(oid, bytes));
    PROVE(!(oid.at[oid.len - 1] & 0x80) && oid.at[0] != 0x80);
    PROVE(!any || any >= oid.len || oid.at[any] != 0x80 ||
          oid.at[any - 1] & 0x80);
}

/* X.690 8.3.2, with a sign, too; and an ENUMERATED of one byte. */
void prove_der_integer(void)
{
    struct hf_span bytes = any_bytes(HF_DER_MAX), n;
    struct hf_der r = hf_der(bytes), again = r;
    unsigned value;

    if (hf_der_integer(&r, &n)) {
        PROVE(n.len > 0 && WITHIN(n, bytes) && bytes.at[0] == 2);
        PROVE(n.len == 1 || n.at[0] != 0 || n.at[1] & 0x80);
        PROVE(n.len == 1 || n.at[0] != 0xff || !(n.at[1] & 0x80));
    }
    if (hf_der_choice(&again, &value))
        PROVE(again.at == 3 && bytes.at[0] == 10 && value == bytes.at[2] &&
              value < 0x80);
}
