/* match.c - is this certificate for the one we want to talk to?
 *
 * RFC 9525 6.3, and nothing more generous: names stand in subjectAltName and
 * nowhere else; a wildcard is the whole leftmost label, stands for exactly one
 * label, and has at least two behind it; an address is compared as bytes and
 * never with a wildcard.  DNS names are compared as ASCII, case aside.  What
 * is not letters, digits and hyphens in labels of 1 to 63 is no name at all
 * and matches nothing: internationalized names come as A-labels, and nobody
 * here decodes them.
 */
#include "x509/inside.h"

enum { DNS_MAX = 253, LABEL_MAX = 63 };

/* ---- DNS names ------------------------------------------------------------------- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What a byte may be in a name; a table, because hostile lists of names are
 * long. */
enum { NONE, LETTER, HYPHEN, DOT };
/* clang-format off */
static const uint8_t classes[256] = {
#define X10(at) [at] = LETTER, [at + 1] = LETTER, [at + 2] = LETTER, \
                [at + 3] = LETTER, [at + 4] = LETTER, [at + 5] = LETTER, \
                [at + 6] = LETTER, [at + 7] = LETTER, [at + 8] = LETTER, \
                [at + 9] = LETTER
#define X26(at) X10(at), X10(at + 10), [at + 20] = LETTER, [at + 21] = LETTER, \
                [at + 22] = LETTER, [at + 23] = LETTER, [at + 24] = LETTER, \
                [at + 25] = LETTER
    X10('0'), X26('a'), X26('A'), ['-'] = HYPHEN, ['.'] = DOT,
#undef X10
#undef X26
};
/* clang-format on */

bool hf_dns_is_sound(struct hf_span name, size_t *labels)
{
    size_t in_label = 0;
    uint8_t before = DOT; /* class of the byte before */

    *labels = 1;
    if (name.len > DNS_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t class = classes[name.at[i]];

        if (class == DOT) {
            if (before != LETTER)
                return false; /* an empty label, or one that ends in a hyphen */
            ++*labels;
            in_label = 0;
        } else if (class == NONE || (class == HYPHEN && before == DOT) ||
                   ++in_label > LABEL_MAX) {
            return false;
        }
        before = class;
    }
    return before == LETTER;
}

bool hf_dns_is_wildcard(struct hf_span pattern)
{
    return pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.';
}

bool hf_dns_covers(struct hf_span pattern, struct hf_span dns)
{
    size_t labels, i = 0;

    if (!hf_dns_is_wildcard(pattern))
        return hf_dns_is_sound(pattern, &labels) && hf_equal_fold(pattern, dns);
    pattern = hf_span_after(pattern, 2);
    if (!hf_dns_is_sound(pattern, &labels) || labels < 2)
        return false;
    while (i < dns.len && dns.at[i] != '.')
        i++;
    return i && i < dns.len &&
           hf_equal_fold(pattern, hf_span_after(dns, i + 1));
}

/* ---- the names of a certificate ----------------------------------------------------- */

struct hf_san hf_general_name(const struct hf_tlv *tlv)
{
    struct hf_san san = { HF_SAN_OTHER, tlv->value };

    switch (tlv->tag) {
    case HF_DER_CONTEXT | 1: san.kind = HF_SAN_EMAIL; break;
    case HF_DER_CONTEXT | 2: san.kind = HF_SAN_DNS; break;
    case HF_DER_CONTEXT | HF_DER_CONSTRUCTED | 4:
        san.kind = HF_SAN_DIRECTORY;
        break;
    case HF_DER_CONTEXT | 6: san.kind = HF_SAN_URI; break;
    case HF_DER_CONTEXT | 7: san.kind = HF_SAN_IP; break;
    default: san.value = tlv->whole; /* the tag says which */
    }
    return san;
}

struct hf_der hf_san_begin(const struct hf_cert *cert)
{
    struct hf_der r = hf_der(cert->san), list;

    if (!hf_der_open(&r, HF_DER_SEQUENCE, &list))
        return hf_der(hf_span(NULL, 0));
    return list;
}

bool hf_san_next(struct hf_der *names, struct hf_san *out)
{
    struct hf_tlv tlv;

    if (!hf_der_next(names, &tlv))
        return false;
    *out = hf_general_name(&tlv);
    return true;
}

bool hf_cert_san(const struct hf_cert *cert, size_t index, struct hf_san *out)
{
    struct hf_der names = hf_san_begin(cert);

    while (hf_san_next(&names, out))
        if (!index--)
            return true;
    return false;
}

bool hf_cert_names(const struct hf_cert *cert, const struct hf_peer_name *name)
{
    struct hf_der names = hf_san_begin(cert);
    struct hf_san san;

    return hf_cert_find_name(&names, name, &san);
}

bool hf_cert_find_name(struct hf_der *names, const struct hf_peer_name *name,
                       struct hf_san *out)
{
    struct hf_span dns = hf_span_text(name->dns);
    struct hf_span ip = hf_span(name->ip, name->ip_len);

    while (hf_san_next(names, out)) {
        if (name->is_ip && out->kind == HF_SAN_IP &&
            hf_span_equal(ip, out->value))
            return true;
        if (!name->is_ip && out->kind == HF_SAN_DNS &&
            hf_dns_covers(out->value, dns))
            return true;
    }
    return false;
}

/* ---- what a client wants -------------------------------------------------------------- */

/* @n numbers from 0 to 255 in decimal without leading zeroes, dots between. */
static bool read_ip4(struct hf_span text, uint8_t *out)
{
    size_t i = 0;

    for (unsigned n = 0; n < 4; n++) {
        unsigned value = 0;
        size_t start;

        if (n && (i == text.len || text.at[i++] != '.'))
            return false;
        start = i;
        while (i < text.len && is_digit(text.at[i]) && i - start < 3)
            value = value * 10 + (unsigned)(text.at[i++] - '0');
        if (i == start || value > 255 ||
            (text.at[start] == '0' && i - start > 1))
            return false;
        out[n] = (uint8_t)value;
    }
    return i == text.len;
}

static int hex_value(uint8_t c)
{
    c = hf_lower(c);
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hex digits at the front of *text; it moves behind them. */
static bool read_group(struct hf_span *text, uint8_t *out)
{
    unsigned value = 0;
    size_t n = 0;

    while (n < text->len && n < 4 && hex_value(text->at[n]) >= 0)
        value = value << 4 | (unsigned)hex_value(text->at[n++]);
    hf_store_number(out, value, 2);
    *text = hf_span_after(*text, n);
    return n > 0;
}

static bool begins(struct hf_span text, const char *what)
{
    struct hf_span start = hf_span_text(what);

    return text.len >= start.len && hf_equal(text.at, start.at, start.len);
}

/* RFC 4291 2.2: eight groups, "::" at most once for one or more of zeroes, the
 * last two maybe as an IPv4 address. */
static bool read_ip6(struct hf_span text, uint8_t *out)
{
    uint8_t bytes[16] = { 0 };
    size_t len = 0, gap = SIZE_MAX;

    if (begins(text, "::")) {
        gap = 0;
        text = hf_span_after(text, 2);
    }
    while (text.len) {
        if (len <= 12 && read_ip4(text, bytes + len)) {
            len += 4;
            break;
        }
        if (len == 16 || !read_group(&text, bytes + len))
            return false;
        len += 2;
        if (begins(text, "::") && gap == SIZE_MAX) {
            gap = len;
            text = hf_span_after(text, 2);
        } else if (text.len && (text.at[0] != ':' || text.len < 2)) {
            return false;
        } else if (text.len) {
            text = hf_span_after(text, 1);
        }
    }
    if (gap == SIZE_MAX ? len != 16 : len > 14)
        return false;
    hf_fill(out, 0, 16);
    if (gap == SIZE_MAX)
        gap = len;
    hf_copy(out, bytes, gap);
    hf_copy(out + 16 - (len - gap), bytes + gap, len - gap);
    return true;
}

bool hf_peer_name_read(const char *text, struct hf_peer_name *out)
{
    struct hf_span s = hf_span_text(text);
    size_t labels, last;

    *out = (struct hf_peer_name){ .is_ip = false };
    if (read_ip4(s, out->ip)) {
        out->is_ip = true;
        out->ip_len = 4;
        return true;
    }
    if (read_ip6(s, out->ip)) {
        out->is_ip = true;
        out->ip_len = 16;
        return true;
    }
    hf_fill(out->ip, 0, sizeof(out->ip)); /* of half an address */
    if (s.len && s.at[s.len - 1] == '.')
        s.len--;
    if (!hf_dns_is_sound(s, &labels))
        return false;
    /* What ends in a number was meant as an address. */
    for (last = s.len; last && s.at[last - 1] != '.'; last--)
        if (!is_digit(s.at[last - 1]))
            break;
    if (!last || s.at[last - 1] == '.')
        return false;
    for (size_t i = 0; i < s.len; i++)
        out->dns[i] = (char)hf_lower(s.at[i]);
    return true;
}
