/* der.c - the strict DER reader; the only one.
 *
 * DER (X.690 10 and 11) has one encoding for each value, and this reader knows
 * no other: single-byte tags, definite lengths in their shortest form, nothing
 * above 64 KiB but revocation lists.  What is let through here is compared byte by byte elsewhere,
 * so a second spelling of the same thing would be a way around a comparison.
 *
 * A reader walks by index: [at, end) of base, never a moving pointer.  It does
 * not descend by itself: whoever opens a SEQUENCE gets a second reader, with
 * the same base, for the inside, and says with hf_der_done() that nothing is
 * left in it.  So there is no recursion here, and depth is what the caller's
 * text says it is.
 */
#include "x509/x509.h"

enum { TAG_NUMBER = 0x1f, TAG_CLASS = 0xc0, LONG_FORM = 0x80 };

struct hf_der hf_der(struct hf_span bytes)
{
    if (bytes.len > HF_DER_MAX)
        return (struct hf_der){ NULL, 1, 0 }; /* reads nothing, never done */
    return (struct hf_der){ bytes.at, 0, (uint32_t)bytes.len };
}

struct hf_der hf_der_large(struct hf_span bytes)
{
    if (bytes.len > HF_CRL_MAX)
        return (struct hf_der){ NULL, 1, 0 };
    return (struct hf_der){ bytes.at, 0, (uint32_t)bytes.len };
}

bool hf_der_done(const struct hf_der *r)
{
    return r->at == r->end;
}

bool hf_der_peek(const struct hf_der *r, unsigned tag)
{
    return r->at < r->end && r->base[r->at] == tag;
}

/* The length that begins at p[1]: how many bytes it and the tag take, 0 if it
 * is not DER.  Three or four bytes of length are an object of over 64 KiB,
 * which fits into the reader of a large one only. */
static uint32_t read_length(const uint8_t *p, uint32_t left, uint32_t *len)
{
    *len = p[1];
    if (*len < LONG_FORM)
        return 2;
    if (p[1] == (LONG_FORM | 1) && left >= 3) {
        *len = p[2];
        return *len >= LONG_FORM ? 3 : 0;
    }
    if (p[1] == (LONG_FORM | 2) && left >= 4) {
        *len = hf_number(p + 2, 2);
        return *len > UINT8_MAX ? 4 : 0;
    }
    if (p[1] == (LONG_FORM | 3) && left >= 5) {
        *len = hf_number(p + 2, 3);
        return *len > UINT16_MAX ? 5 : 0;
    }
    if (p[1] == (LONG_FORM | 4) && left >= 6) {
        *len = hf_number(p + 2, 4);
        return *len > 0xffffff ? 6 : 0;
    }
    return 0;
}

/* A single byte.  Of the universal ones, SEQUENCE and SET are constructed and
 * the others are not (X.690 10.2); 0 ends an indefinite length, which DER does
 * not have. */
static bool is_tag(uint8_t tag)
{
    if ((tag & TAG_NUMBER) == TAG_NUMBER)
        return false;
    if (tag & TAG_CLASS)
        return true;
    return tag & HF_DER_CONSTRUCTED
               ? tag == HF_DER_SEQUENCE || tag == HF_DER_SET
               : tag != 0 && (tag | HF_DER_CONSTRUCTED) != HF_DER_SEQUENCE &&
                     (tag | HF_DER_CONSTRUCTED) != HF_DER_SET;
}

bool hf_der_next(struct hf_der *r, struct hf_tlv *out)
{
    const uint8_t *p;
    uint32_t left, used, len;

    if (r->at >= r->end || r->end - r->at < 2)
        return false;
    left = r->end - r->at;
    p = r->base + r->at;
    if (!is_tag(p[0]))
        return false;
    used = read_length(p, left, &len);
    if (!used || len > left - used)
        return false;
    out->tag = p[0];
    out->start = r->at;
    out->whole = hf_span(p, used + len);
    out->value = hf_span(p + used, len);
    r->at += used + len;
    return true;
}

bool hf_der_take(struct hf_der *r, unsigned tag, struct hf_span *value)
{
    struct hf_tlv tlv;

    *value = hf_span(NULL, 0);
    if (!hf_der_peek(r, tag) || !hf_der_next(r, &tlv))
        return false;
    *value = tlv.value;
    return true;
}

bool hf_der_open(struct hf_der *r, unsigned tag, struct hf_der *inside)
{
    struct hf_span value;

    *inside = (struct hf_der){ NULL, 1, 0 };
    if (!hf_der_take(r, tag, &value))
        return false;
    *inside = (struct hf_der){ r->base, r->at - (uint32_t)value.len, r->at };
    return true;
}

/* ---- simple values ---------------------------------------------------------- */

/* X.690 8.3.2: the first nine bits are neither all 0 nor all 1. */
bool hf_der_integer(struct hf_der *r, struct hf_span *contents)
{
    const uint8_t *p;

    if (!hf_der_take(r, HF_DER_INTEGER, contents) || !contents->len)
        return false;
    p = contents->at;
    if (contents->len == 1)
        return true;
    return !(p[0] == 0 && !(p[1] & 0x80)) && !(p[0] == 0xff && p[1] & 0x80);
}

bool hf_der_natural(struct hf_der *r, struct hf_span *bytes)
{
    if (!hf_der_integer(r, bytes) || bytes->at[0] & 0x80)
        return false;
    if (bytes->len > 1 && bytes->at[0] == 0)
        *bytes = hf_span_after(*bytes, 1);
    return true;
}

bool hf_der_small(struct hf_der *r, uint32_t *value)
{
    struct hf_span bytes;

    *value = 0;
    if (!hf_der_natural(r, &bytes) || bytes.len > sizeof(*value))
        return false;
    *value = hf_number(bytes.at, (unsigned)bytes.len);
    return true;
}

bool hf_der_choice(struct hf_der *r, unsigned *value)
{
    struct hf_span byte;

    *value = 0;
    if (!hf_der_take(r, HF_DER_ENUMERATED, &byte) || byte.len != 1)
        return false;
    *value = byte.at[0];
    return byte.at[0] < 0x80;
}

/* X.690 11.1: true is FF. */
bool hf_der_boolean(struct hf_der *r, bool *value)
{
    struct hf_span byte;

    *value = false;
    if (!hf_der_take(r, HF_DER_BOOLEAN, &byte) || byte.len != 1)
        return false;
    *value = byte.at[0] == 0xff;
    return *value || byte.at[0] == 0;
}

/* X.690 8.19.2: numbers in base 128, the last byte of each without the top
 * bit, none padded with zeroes in front. */
bool hf_der_oid(struct hf_der *r, struct hf_span *oid)
{
    bool first = true;

    if (!hf_der_take(r, HF_DER_OID, oid) || !oid->len)
        return false;
    for (size_t i = 0; i < oid->len; i++) {
        if (first && oid->at[i] == 0x80)
            return false;
        first = !(oid->at[i] & 0x80);
    }
    return first;
}

/* X.690 8.6.2 and 11.2.1: the unused bits are 0, and there are none of them
 * without a byte. */
bool hf_der_bits(struct hf_der *r, struct hf_span *bytes, unsigned *unused)
{
    *unused = 0;
    if (!hf_der_take(r, HF_DER_BIT_STRING, bytes) || !bytes->len)
        return false;
    *unused = bytes->at[0];
    *bytes = hf_span_after(*bytes, 1);
    if (*unused > 7)
        return false;
    if (!bytes->len)
        return *unused == 0;
    return (bytes->at[bytes->len - 1] & ((1u << *unused) - 1)) == 0;
}

/* ---- anything ------------------------------------------------------------------- */

/* A primitive element of a universal type that has a form to keep. */
static bool primitive_is_sound(const struct hf_tlv *tlv)
{
    struct hf_der r = hf_der(tlv->whole);
    struct hf_span value;
    unsigned unused;
    bool b;

    switch (tlv->tag) {
    case HF_DER_BOOLEAN: return hf_der_boolean(&r, &b);
    case HF_DER_INTEGER: return hf_der_integer(&r, &value);
    case HF_DER_BIT_STRING: return hf_der_bits(&r, &value, &unused);
    case HF_DER_NULL: return !tlv->value.len;
    case HF_DER_OID: return hf_der_oid(&r, &value);
    default: return true;
    }
}

bool hf_der_is_sound(struct hf_span bytes)
{
    struct hf_der inside[HF_DER_DEPTH];
    size_t depth = 1;
    struct hf_tlv tlv;

    inside[0] = hf_der(bytes);
    while (depth) {
        struct hf_der *r = &inside[depth - 1];

        if (hf_der_done(r)) {
            depth--;
            continue;
        }
        if (!hf_der_next(r, &tlv))
            return false;
        if (!(tlv.tag & HF_DER_CONSTRUCTED)) {
            if (!primitive_is_sound(&tlv))
                return false;
            continue;
        }
        if (depth == HF_DER_DEPTH)
            return false;
        inside[depth++] = hf_der(tlv.value);
    }
    return true;
}

/* ---- time ----------------------------------------------------------------------- */

/* Days from 1970-01-01 in the Gregorian calendar, the year beginning in March
 * so that its leap day comes last. */
static int64_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t y = month > 2 ? year : year - 1;
    uint32_t m = month > 2 ? month - 3 : month + 9;
    uint32_t in_year = (153 * m + 2) / 5 + day - 1;

    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + in_year - 719468;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
                                    31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* @n decimal digits at p[*at]. */
static bool digits(const uint8_t *p, size_t *at, unsigned n, uint32_t *value)
{
    *value = 0;
    for (; n; n--) {
        uint8_t c = p[(*at)++];

        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    return true;
}

/* The year of a Time.  RFC 5280 4.1.2.5 wants UTCTime up to 2049 and
 * GeneralizedTime from then on, but roots that everybody trusts (Certum
 * Trusted Network CA 2) have the latter before; either way it is one time. */
static bool read_year(const struct hf_tlv *tlv, size_t *at, uint32_t *year)
{
    if (tlv->tag == HF_DER_UTC_TIME) {
        if (tlv->value.len != 13 || !digits(tlv->value.at, at, 2, year))
            return false;
        *year += *year >= 50 ? 1900 : 2000;
        return true;
    }
    return tlv->tag == HF_DER_GENERAL_TIME && tlv->value.len == 15 &&
           digits(tlv->value.at, at, 4, year) && *year >= 1950;
}

/* Seconds are there, zone is Z, there is no fraction (RFC 5280 4.1.2.5.1). */
bool hf_der_time(struct hf_der *r, int64_t *seconds)
{
    struct hf_tlv tlv;
    uint32_t year, month, day, hour, minute, second;
    const uint8_t *p;
    size_t at = 0;

    *seconds = 0;
    if (!hf_der_next(r, &tlv) || !read_year(&tlv, &at, &year))
        return false;
    p = tlv.value.at;
    if (!digits(p, &at, 2, &month) || !digits(p, &at, 2, &day) ||
        !digits(p, &at, 2, &hour) || !digits(p, &at, 2, &minute) ||
        !digits(p, &at, 2, &second) || p[at] != 'Z')
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    *seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 +
               minute * 60 + second;
    return true;
}
