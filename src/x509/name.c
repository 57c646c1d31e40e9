/* name.c - what stands in a certificate, for people: names, keys, algorithms.
 *
 * Everything here was written by somebody who may be hostile, and ends up on a
 * terminal or in a log.  So text is let through character by character: what
 * is not well-formed UTF-8 is shown as \xHH, and so is what has no shape of
 * its own or turns the direction of others around; what would end an
 * attribute early (RFC 4514 2.4) gets a backslash.  Text that does not fit
 * ends with three dots, never inside a character.
 *
 * Nothing that is compared goes through here.
 */
#include "x509/inside.h"

/* ---- a bounded place for text ------------------------------------------------ */

struct sink {
    char *out;
    size_t len, cap; /* cap counts the NUL */
    bool cut;
};

static struct sink sink(char *out, size_t cap)
{
    return (struct sink){ out, 0, cap, cap == 0 };
}

/* All of @n bytes, or nothing any more. */
static void put(struct sink *s, const char *bytes, size_t n)
{
    if (s->cut || n > s->cap - 1 - s->len) {
        s->cut = true;
        return;
    }
    hf_copy(s->out + s->len, bytes, n);
    s->len += n;
}

static void put_text(struct sink *s, const char *text)
{
    put(s, text, hf_text_len(text));
}

static void put_number(struct sink *s, uint64_t n)
{
    char digits[20];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    put(s, digits + i, sizeof(digits) - i);
}

static void put_escaped(struct sink *s, uint8_t byte)
{
    char text[8];

    put(s, text, hf_format(text, sizeof(text), "\\x"));
    if (hf_hex(text, sizeof(text), hf_span(&byte, 1)))
        put_text(s, text);
}

static void finish(struct sink *s)
{
    if (!s->cap)
        return;
    if (s->cut && s->cap > 4) {
        if (s->len > s->cap - 4) {
            s->len = s->cap - 4;
            while (s->len && ((uint8_t)s->out[s->len] & 0xc0) == 0x80)
                s->len--; /* back to the start of a character */
        }
        hf_copy(s->out + s->len, "...", 3);
        s->len += 3;
    }
    s->out[s->len] = '\0';
}

/* ---- characters ------------------------------------------------------------------ */

/* RFC 3629 4: shortest form, no surrogates, at most U+10FFFF. */
size_t hf_utf8_read(struct hf_span s, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n;

    *c = s.at[0];
    if (*c < 0x80)
        return 1;
    n = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : 2;
    if (*c < 0xc2 || *c > 0xf4 || s.len < n)
        return 0;
    *c &= 0xffu >> (n + 1);
    for (size_t i = 1; i < n; i++) {
        if ((s.at[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (s.at[i] & 0x3fu);
    }
    if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
        return 0;
    return n;
}

/* Has it a shape, and does it leave its neighbours alone? */
static bool is_shown(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        { 0x0000, 0x001f },   { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
        { 0x061c, 0x061c },   { 0x115f, 0x1160 }, { 0x180b, 0x180f },
        { 0x200b, 0x200f },   { 0x2028, 0x202e }, { 0x2060, 0x206f },
        { 0x3164, 0x3164 },   { 0xe000, 0xf8ff }, { 0xfe00, 0xfe0f },
        { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
        { 0xe0000, 0x10ffff },
    };

    for (size_t i = 0; i < HF_COUNT(hidden); i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    return true;
}

/* @special: characters that get a backslash. */
static void put_utf8(struct sink *s, struct hf_span text, const char *special)
{
    struct hf_span specials = hf_span_text(special);
    uint32_t c;
    size_t n;

    while (text.len && !s->cut) {
        n = hf_utf8_read(text, &c);
        if (!n || !is_shown(c)) {
            for (size_t i = 0; i < (n ? n : 1); i++)
                put_escaped(s, text.at[i]);
        } else {
            for (size_t i = 0; n == 1 && i < specials.len; i++)
                if (specials.at[i] == c)
                    put(s, "\\", 1);
            put(s, (const char *)text.at, n);
        }
        text = hf_span_after(text, n ? n : 1);
    }
}

/* BMPString: two bytes a character, no surrogates. */
static void put_bmp(struct sink *s, struct hf_span text, const char *special)
{
    for (; text.len >= 2 && !s->cut; text = hf_span_after(text, 2)) {
        uint32_t c = hf_number(text.at, 2);
        uint8_t utf8[3] = { (uint8_t)c };
        size_t n = 1;

        if (c >= 0x800) {
            utf8[0] = (uint8_t)(0xe0 | c >> 12);
            utf8[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            utf8[2] = (uint8_t)(0x80 | (c & 0x3f));
            n = 3;
        } else if (c >= 0x80) {
            utf8[0] = (uint8_t)(0xc0 | c >> 6);
            utf8[1] = (uint8_t)(0x80 | (c & 0x3f));
            n = 2;
        }
        put_utf8(s, hf_span(utf8, n), special);
    }
}

static void put_hex(struct sink *s, struct hf_span bytes)
{
    char text[3];

    for (size_t i = 0; i < bytes.len && !s->cut; i++)
        if (hf_hex(text, sizeof(text), hf_span(bytes.at + i, 1)))
            put(s, text, 2);
}

static void put_string(struct sink *s, const struct hf_tlv *value,
                       const char *special)
{
    switch (value->tag) {
    case HF_DER_UTF8:
    case HF_DER_PRINTABLE:
    case HF_DER_TELETEX: /* in practice one of the others, mislabelled */
    case HF_DER_IA5:
    case HF_DER_NUMERIC:
        put_utf8(s, value->value, special);
        break;
    case HF_DER_BMP:
        put_bmp(s, value->value, special);
        break;
    default: /* RFC 4514 2.4: the whole DER */
        put(s, "#", 1);
        put_hex(s, value->whole);
    }
}

/* ---- object identifiers ------------------------------------------------------------ */

static const struct {
    struct hf_span oid;
    const char *name, *tiny;
} oids[] = {
#define OID(bytes, name, tiny) \
    { { (const uint8_t *)(bytes), sizeof(bytes) - 1 }, name, tiny },
#include "x509/oids.def"
#undef OID
};

const char *hf_oid_name(struct hf_span oid)
{
    for (size_t i = 0; i < HF_COUNT(oids); i++)
        if (hf_span_equal(oid, oids[i].oid))
            return oids[i].name;
    return NULL;
}

/* 1.3.6.1.4.1.99; an arc of more than 63 bits is shown in hex. */
static void put_dotted(struct sink *s, struct hf_span oid)
{
    uint64_t arc = 0;
    size_t first = 0;

    for (size_t i = 0; i < oid.len; i++) {
        arc = arc << 7 | (oid.at[i] & 0x7f);
        if (oid.at[i] & 0x80)
            continue;
        if (first)
            put(s, ".", 1);
        if (i - first >= 9) {
            put(s, "{", 1);
            put_hex(s, hf_span(oid.at + first, i + 1 - first));
            put(s, "}", 1);
        } else if (!first) { /* X.690 8.19.4: two arcs in one number */
            uint64_t root = arc < 80 ? arc / 40 : 2;

            put_number(s, root);
            put(s, ".", 1);
            put_number(s, arc - root * 40);
        } else {
            put_number(s, arc);
        }
        arc = 0;
        first = i + 1;
    }
}

void hf_oid_text(struct hf_span oid, char *out, size_t cap)
{
    struct sink s = sink(out, cap);
    const char *name = hf_oid_name(oid);

    if (name)
        put_text(&s, name);
    else
        put_dotted(&s, oid);
    finish(&s);
}

/* ---- names ------------------------------------------------------------------------- */

enum { RDNS_MAX = 32 };
static const char specials[] = ",+\"\\<>;=";

static void put_type(struct sink *s, struct hf_span type)
{
    for (size_t i = 0; i < HF_COUNT(oids); i++)
        if (oids[i].tiny && hf_span_equal(type, oids[i].oid)) {
            put_text(s, oids[i].tiny);
            return;
        }
    put_dotted(s, type);
}

bool hf_rdn_next(struct hf_der *set, struct hf_span *type,
                 struct hf_tlv *value)
{
    struct hf_der pair;

    return hf_der_open(set, HF_DER_SEQUENCE, &pair) &&
           hf_der_oid(&pair, type) && hf_der_next(&pair, value);
}

static void put_rdn(struct sink *s, struct hf_der set)
{
    struct hf_span type;
    struct hf_tlv value;
    bool first = true;

    while (hf_rdn_next(&set, &type, &value)) {
        if (!first)
            put(s, "+", 1);
        first = false;
        put_type(s, type);
        put(s, "=", 1);
        put_string(s, &value, specials);
    }
}

/* RFC 4514 2.1: the last comes first. */
static void put_name(struct sink *s, struct hf_span name)
{
    struct hf_der r = hf_der(name), rdns, sets[RDNS_MAX];
    size_t count = 0;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &rdns))
        return;
    while (count < RDNS_MAX && hf_der_open(&rdns, HF_DER_SET, &sets[count]))
        count++;
    if (!count)
        put_text(s, "(empty name)");
    if (!hf_der_done(&rdns))
        put_text(s, "..., ");
    while (count) {
        put_rdn(s, sets[--count]);
        if (count)
            put(s, ", ", 2);
    }
}

void hf_name_text(struct hf_span name, char *out, size_t cap)
{
    struct sink s = sink(out, cap);

    put_name(&s, name);
    finish(&s);
}

bool hf_name_find(struct hf_span name, uint8_t attribute, struct hf_tlv *out)
{
    const uint8_t want[] = { 0x55, 0x04, attribute };
    struct hf_der r = hf_der(name), rdns, set;
    struct hf_span type;
    struct hf_tlv value;
    bool found = false;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &rdns))
        return false;
    while (hf_der_open(&rdns, HF_DER_SET, &set))
        while (hf_rdn_next(&set, &type, &value))
            if (hf_span_equal(type, HF_SPAN(want))) {
                *out = value; /* the last is the most specific */
                found = true;
            }
    return found;
}

void hf_name_short(struct hf_span name, char *out, size_t cap)
{
    struct sink s = sink(out, cap);
    struct hf_tlv value;

    if (hf_name_find(name, HF_NAME_CN, &value) ||
        hf_name_find(name, HF_NAME_O, &value))
        put_string(&s, &value, "\"\\");
    else
        put_name(&s, name);
    finish(&s);
}

/* ---- alternative names ---------------------------------------------------------------- */

static void put_ip4(struct sink *s, const uint8_t *ip)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            put(s, ".", 1);
        put_number(s, ip[i]);
    }
}

/* RFC 5952 4: the longest run of two or more zero groups, the first of
 * several, becomes "::"; no leading zeroes; lower case. */
static void put_ip6(struct sink *s, const uint8_t *ip)
{
    char group[8];
    const char *p;
    unsigned start = 8, most = 1;

    for (unsigned i = 0; i < 8; i++) {
        unsigned n = 0;

        while (i + n < 8 && hf_number(ip + 2 * (i + n), 2) == 0)
            n++;
        if (n > most) {
            start = i;
            most = n;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == start) {
            put(s, "::", 2);
            i += most - 1;
            continue;
        }
        if (i && i != start + most)
            put(s, ":", 1);
        hf_format(group, sizeof(group), "%x",
                  (unsigned)hf_number(ip + 2 * i, 2));
        p = group + 2; /* behind the 0x, without leading zeroes */
        while (*p == '0' && p[1])
            p++;
        put_text(s, p);
    }
}

static void put_ip(struct sink *s, struct hf_span ip)
{
    struct hf_span mask = hf_span(NULL, 0);

    if (ip.len == 8 || ip.len == 32) {
        mask = hf_span_after(ip, ip.len / 2);
        ip = hf_span_first(ip, ip.len / 2);
    }
    if (ip.len == 4)
        put_ip4(s, ip.at);
    else if (ip.len == 16)
        put_ip6(s, ip.at);
    else
        put_hex(s, ip);
    if (mask.len) {
        unsigned bits = 0;

        for (size_t i = 0; i < mask.len * 8; i++)
            bits += mask.at[i / 8] >> (7 - i % 8) & 1;
        put(s, "/", 1);
        put_number(s, bits);
    }
}

/* A name in ASCII by its type; anything else in it is shown as bytes. */
static void put_ascii(struct sink *s, struct hf_span text)
{
    for (size_t i = 0; i < text.len && !s->cut; i++) {
        if (text.at[i] > ' ' && text.at[i] < 0x7f && text.at[i] != ',')
            put(s, (const char *)text.at + i, 1);
        else
            put_escaped(s, text.at[i]);
    }
}

void hf_san_text(const struct hf_san *san, char *out, size_t cap)
{
    struct sink s = sink(out, cap);

    switch ((enum hf_san_kind)san->kind) {
    case HF_SAN_DNS:
        put_text(&s, "DNS:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_IP:
        put_text(&s, "IP:");
        put_ip(&s, san->value);
        break;
    case HF_SAN_EMAIL:
        put_text(&s, "email:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_URI:
        put_text(&s, "URI:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_DIRECTORY:
        put_text(&s, "DirName:");
        put_name(&s, san->value);
        break;
    case HF_SAN_OTHER:
        put_text(&s, "other name");
        break;
    }
    finish(&s);
}

/* ---- keys and algorithms -------------------------------------------------------------- */

void hf_key_text(const struct hf_public_key *key, char *out, size_t cap)
{
    switch ((enum hf_key_kind)key->kind) {
    case HF_KEY_RSA:
        hf_format(out, cap, "RSA %u", (unsigned)key->bits);
        return;
    case HF_KEY_RSA_PSS:
        hf_format(out, cap, "RSA-PSS %u", (unsigned)key->bits);
        return;
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        hf_format(out, cap, "ECDSA P-%u", (unsigned)key->bits);
        return;
    case HF_KEY_ED25519:
        hf_format(out, cap, "Ed25519");
        return;
    case HF_KEY_NONE:
        break;
    }
    hf_format(out, cap, "a kind of key that is not supported");
}

void hf_algorithm_text(struct hf_span algorithm, char *out, size_t cap)
{
    static const char *const pss[] = { [HF_SHA256] = "RSASSA-PSS with SHA256",
                                       [HF_SHA384] = "RSASSA-PSS with SHA384",
                                       [HF_SHA512] = "RSASSA-PSS with SHA512" };
    struct hf_der r = hf_der(algorithm), inside;
    struct hf_span oid;
    uint8_t padding, hash;

    if (hf_algorithm_parts(algorithm, &padding, &hash) &&
        padding == HF_PADDING_PSS)
        hf_format(out, cap, "%s", pss[hash]);
    else if (hf_der_open(&r, HF_DER_SEQUENCE, &inside) &&
             hf_der_oid(&inside, &oid))
        hf_oid_text(oid, out, cap);
    else
        hf_format(out, cap, "(not an algorithm)");
}
