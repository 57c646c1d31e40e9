/* name.c - what stands in a certificate, for people: names, keys, algorithms.
 *
 * All of it goes through sink.c, which lets nothing out that could harm a
 * terminal or a log.  Nothing that is compared comes through here.
 */
#include "x509/inside.h"

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
static void put_dotted(struct hf_sink *s, struct hf_span oid)
{
    uint64_t arc = 0;
    size_t first = 0;

    for (size_t i = 0; i < oid.len; i++) {
        arc = arc << 7 | (oid.at[i] & 0x7f);
        if (oid.at[i] & 0x80)
            continue;
        if (first)
            hf_sink_put(s, ".", 1);
        if (i - first >= 9) {
            hf_sink_put(s, "{", 1);
            hf_sink_hex(s, hf_span(oid.at + first, i + 1 - first));
            hf_sink_put(s, "}", 1);
        } else if (!first) { /* X.690 8.19.4: two arcs in one number */
            uint64_t root = arc < 80 ? arc / 40 : 2;

            hf_sink_number(s, root);
            hf_sink_put(s, ".", 1);
            hf_sink_number(s, arc - root * 40);
        } else {
            hf_sink_number(s, arc);
        }
        arc = 0;
        first = i + 1;
    }
}

void hf_oid_text(struct hf_span oid, char *out, size_t cap)
{
    struct hf_sink s = hf_sink(out, cap);
    const char *name = hf_oid_name(oid);

    if (name)
        hf_sink_text(&s, name);
    else
        put_dotted(&s, oid);
    hf_sink_finish(&s);
}

/* ---- names ------------------------------------------------------------------------- */

enum { RDNS_MAX = 32 };
static const char specials[] = ",+\"\\<>;=";

static void put_string(struct hf_sink *s, const struct hf_tlv *value,
                       const char *special)
{
    switch (value->tag) {
    case HF_DER_UTF8:
    case HF_DER_PRINTABLE:
    case HF_DER_TELETEX: /* in practice one of the others, mislabelled */
    case HF_DER_IA5:
    case HF_DER_NUMERIC: hf_sink_utf8(s, value->value, special); break;
    case HF_DER_BMP: hf_sink_bmp(s, value->value, special); break;
    default: /* RFC 4514 2.4: the whole DER */
        hf_sink_put(s, "#", 1);
        hf_sink_hex(s, value->whole);
    }
}

static void put_type(struct hf_sink *s, struct hf_span type)
{
    for (size_t i = 0; i < HF_COUNT(oids); i++)
        if (oids[i].tiny && hf_span_equal(type, oids[i].oid)) {
            hf_sink_text(s, oids[i].tiny);
            return;
        }
    put_dotted(s, type);
}

bool hf_rdn_next(struct hf_der *set, struct hf_span *type, struct hf_tlv *value)
{
    struct hf_der pair;

    return hf_der_open(set, HF_DER_SEQUENCE, &pair) &&
           hf_der_oid(&pair, type) && hf_der_next(&pair, value);
}

static void put_rdn(struct hf_sink *s, struct hf_der set)
{
    struct hf_span type;
    struct hf_tlv value;
    bool first = true;

    while (hf_rdn_next(&set, &type, &value)) {
        if (!first)
            hf_sink_put(s, "+", 1);
        first = false;
        put_type(s, type);
        hf_sink_put(s, "=", 1);
        put_string(s, &value, specials);
    }
}

/* RFC 4514 2.1: the last comes first. */
static void put_name(struct hf_sink *s, struct hf_span name)
{
    struct hf_der r = hf_der(name), rdns, sets[RDNS_MAX];
    size_t count = 0;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &rdns))
        return;
    while (count < RDNS_MAX && hf_der_open(&rdns, HF_DER_SET, &sets[count]))
        count++;
    if (!count)
        hf_sink_text(s, "(empty name)");
    if (!hf_der_done(&rdns))
        hf_sink_text(s, "..., ");
    while (count) {
        put_rdn(s, sets[--count]);
        if (count)
            hf_sink_put(s, ", ", 2);
    }
}

void hf_name_text(struct hf_span name, char *out, size_t cap)
{
    struct hf_sink s = hf_sink(out, cap);

    put_name(&s, name);
    hf_sink_finish(&s);
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
    struct hf_sink s = hf_sink(out, cap);
    struct hf_tlv value;

    if (hf_name_find(name, HF_NAME_CN, &value) ||
        hf_name_find(name, HF_NAME_O, &value))
        put_string(&s, &value, "\"\\");
    else
        put_name(&s, name);
    hf_sink_finish(&s);
}

/* ---- alternative names ---------------------------------------------------------------- */

static void put_ip4(struct hf_sink *s, const uint8_t *ip)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            hf_sink_put(s, ".", 1);
        hf_sink_number(s, ip[i]);
    }
}

/* RFC 5952 4: the longest run of two or more zero groups, the first of
 * several, becomes "::"; no leading zeroes; lower case. */
static void put_ip6(struct hf_sink *s, const uint8_t *ip)
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
            hf_sink_put(s, "::", 2);
            i += most - 1;
            continue;
        }
        if (i && i != start + most)
            hf_sink_put(s, ":", 1);
        hf_format(group, sizeof(group), "%x",
                  (unsigned)hf_number(ip + 2 * i, 2));
        p = group + 2; /* behind the 0x, without leading zeroes */
        while (*p == '0' && p[1])
            p++;
        hf_sink_text(s, p);
    }
}

static void put_ip(struct hf_sink *s, struct hf_span ip)
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
        hf_sink_hex(s, ip);
    if (mask.len) {
        unsigned bits = 0;

        for (size_t i = 0; i < mask.len * 8; i++)
            bits += mask.at[i / 8] >> (7 - i % 8) & 1;
        hf_sink_put(s, "/", 1);
        hf_sink_number(s, bits);
    }
}

/* A name in ASCII by its type; anything else in it is shown as bytes. */
static void put_ascii(struct hf_sink *s, struct hf_span text)
{
    for (size_t i = 0; i < text.len && !s->cut; i++) {
        if (text.at[i] > ' ' && text.at[i] < 0x7f && text.at[i] != ',')
            hf_sink_put(s, (const char *)text.at + i, 1);
        else
            hf_sink_escaped(s, text.at[i]);
    }
}

void hf_san_text(const struct hf_san *san, char *out, size_t cap)
{
    struct hf_sink s = hf_sink(out, cap);

    switch ((enum hf_san_kind)san->kind) {
    case HF_SAN_DNS:
        hf_sink_text(&s, "DNS:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_IP:
        hf_sink_text(&s, "IP:");
        put_ip(&s, san->value);
        break;
    case HF_SAN_EMAIL:
        hf_sink_text(&s, "email:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_URI:
        hf_sink_text(&s, "URI:");
        put_ascii(&s, san->value);
        break;
    case HF_SAN_DIRECTORY:
        hf_sink_text(&s, "DirName:");
        put_name(&s, san->value);
        break;
    case HF_SAN_OTHER: hf_sink_text(&s, "other name"); break;
    }
    hf_sink_finish(&s);
}

/* ---- keys and algorithms -------------------------------------------------------------- */

void hf_key_text(const struct hf_public_key *key, char *out, size_t cap)
{
    switch ((enum hf_key_kind)key->kind) {
    case HF_KEY_RSA: hf_format(out, cap, "RSA %u", (unsigned)key->bits); return;
    case HF_KEY_RSA_PSS:
        hf_format(out, cap, "RSA-PSS %u", (unsigned)key->bits);
        return;
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        hf_format(out, cap, "ECDSA P-%u", (unsigned)key->bits);
        return;
    case HF_KEY_ED25519: hf_format(out, cap, "Ed25519"); return;
    case HF_KEY_MLDSA44: hf_format(out, cap, "ML-DSA-44"); return;
    case HF_KEY_MLDSA65: hf_format(out, cap, "ML-DSA-65"); return;
    case HF_KEY_MLDSA87: hf_format(out, cap, "ML-DSA-87"); return;
    case HF_KEY_NONE: break;
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
