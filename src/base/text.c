/* text.c - bytes for people, and people's bytes for us: bounded formatting,
 * hex, base64, PEM armour, times.
 *
 * Everything a peer said goes through %q or %h and comes out printable and
 * short: no control character, no escape sequence, no format of its own. */
#define HF_UNPOISONED
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED_MAX = 96, HEX_MAX = 32 };

/* ---- formatting --------------------------------------------------------------- */

/* Text going to a bounded place; cap counts the NUL. */
struct out {
    char *at;
    size_t len, cap;
    bool cut;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->cap)
        o->at[o->len++] = c;
    else
        o->cut = true;
}

static void put_text(struct out *o, const char *text)
{
    for (; *text; text++)
        put(o, *text);
}

static void put_decimal(struct out *o, uint64_t n)
{
    char digits[20];
    size_t i = 0;

    do {
        digits[i++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    while (i)
        put(o, digits[--i]);
}

static const char hex_digits[] = "0123456789abcdef";

static void put_hex(struct out *o, uint32_t n, unsigned digits)
{
    while (digits--)
        put(o, hex_digits[n >> 4 * digits & 15]);
}

static void put_quoted(struct out *o, struct hf_span s)
{
    put(o, '"');
    for (size_t i = 0; i < s.len && i < QUOTED_MAX; i++) {
        uint8_t c = s.at[i];

        if (c == '"' || c == '\\') {
            put(o, '\\');
            put(o, (char)c);
        } else if (c >= 0x20 && c < 0x7f) {
            put(o, (char)c);
        } else {
            put_text(o, "\\x");
            put_hex(o, c, 2);
        }
    }
    if (s.len > QUOTED_MAX)
        put_text(o, "...");
    put(o, '"');
}

static void put_bytes(struct out *o, struct hf_span s)
{
    for (size_t i = 0; i < s.len && i < HEX_MAX; i++)
        put_hex(o, s.at[i], 2);
    if (s.len > HEX_MAX)
        put_text(o, "...");
}

static void put_time(struct out *o, int64_t seconds)
{
    char text[40];

    hf_time_text(text, sizeof(text), seconds);
    put_text(o, text);
}

size_t hf_format_v(char *out, size_t cap, const char *format, va_list args)
{
    struct out o = { out, 0, cap, false };
    const char *s;
    int n;

    if (!cap)
        return 0;
    for (; *format; format++) {
        if (*format != '%') {
            put(&o, *format);
            continue;
        }
        switch (*++format) {
        case 's':
            s = va_arg(args, const char *);
            put_text(&o, s ? s : "(none)");
            break;
        case 'q': put_quoted(&o, *va_arg(args, const struct hf_span *)); break;
        case 'h': put_bytes(&o, *va_arg(args, const struct hf_span *)); break;
        case 'u': put_decimal(&o, va_arg(args, unsigned)); break;
        case 'z': put_decimal(&o, va_arg(args, size_t)); break;
        case 'd':
            n = va_arg(args, int);
            if (n < 0)
                put(&o, '-');
            put_decimal(&o, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
            break;
        case 'x':
            put_text(&o, "0x");
            put_hex(&o, va_arg(args, unsigned), 4);
            break;
        case 't': put_time(&o, va_arg(args, int64_t)); break;
        case '%': put(&o, '%'); break;
        default: /* our own mistake: show it, and stop reading arguments */
            put_text(&o, "%?");
            out[o.len] = '\0';
            return o.len;
        }
    }
    if (o.cut && o.cap > 4) {
        o.len = o.cap - 4;
        o.cut = false;
        put_text(&o, "...");
    }
    out[o.len] = '\0';
    return o.len;
}

size_t hf_format(char *out, size_t cap, const char *format, ...)
{
    va_list args;
    size_t len;

    va_start(args, format);
    len = hf_format_v(out, cap, format, args);
    va_end(args);
    return len;
}

size_t hf_format_more(char *out, size_t cap, const char *format, ...)
{
    size_t have = strnlen(out, cap), len;
    va_list args;

    if (have == cap)
        return have;
    va_start(args, format);
    len = hf_format_v(out + have, cap - have, format, args);
    va_end(args);
    return have + len;
}

/* ---- hex ------------------------------------------------------------------------- */

bool hf_hex(char *out, size_t cap, struct hf_span bytes)
{
    if (!cap || bytes.len > (cap - 1) / 2)
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = hex_digits[bytes.at[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes.at[i] & 15];
    }
    out[2 * bytes.len] = '\0';
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = hf_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool hf_unhex(struct hf_span text, uint8_t *out, size_t cap, size_t *len)
{
    int high = -1;

    *len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        int value = hex_value(c);

        if (high < 0 && (is_blank(c) || c == ':' || c == ','))
            continue;
        if (high < 0 && c == '0' && i + 1 < text.len &&
            hf_lower(text.at[i + 1]) == 'x') {
            i++;
            continue;
        }
        if (value < 0)
            return false;
        if (high < 0) {
            high = value;
            continue;
        }
        if (*len == cap)
            return false;
        out[(*len)++] = (uint8_t)(high << 4 | value);
        high = -1;
    }
    return high < 0;
}

/* ---- base64 ------------------------------------------------------------------------ */

static const char digits64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool hf_base64(char *out, size_t cap, struct hf_span bytes)
{
    size_t need = (bytes.len + 2) / 3 * 4 + 1, n = 0;

    if (cap < need)
        return false;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t v = (uint32_t)bytes.at[i] << 16;

        if (left > 1)
            v |= (uint32_t)bytes.at[i + 1] << 8;
        if (left > 2)
            v |= bytes.at[i + 2];
        out[n++] = digits64[v >> 18];
        out[n++] = digits64[v >> 12 & 63];
        out[n++] = left > 1 ? digits64[v >> 6 & 63] : '=';
        out[n++] = left > 2 ? digits64[v & 63] : '=';
    }
    out[n] = '\0';
    return true;
}

/* Values of base64 digits; what is none has the top bits set. */
enum { NOT64 = 0xff, PAD64 = 0xfe, SKIP64 = 0xfd };
/* clang-format off */
static const uint8_t values64[256] = {
#define X16 NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, \
            NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64
/*00*/ NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64,
       NOT64, SKIP64, SKIP64, NOT64, NOT64, SKIP64, NOT64, NOT64,
/*10*/ X16,
/*20*/ SKIP64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64, NOT64,
       NOT64, NOT64, NOT64, 62, NOT64, NOT64, NOT64, 63,
/*30*/ 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NOT64, NOT64, NOT64, PAD64, NOT64, NOT64,
/*40*/ NOT64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
/*50*/ 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NOT64, NOT64, NOT64, NOT64, NOT64,
/*60*/ NOT64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
/*70*/ 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NOT64, NOT64, NOT64, NOT64, NOT64,
       X16, X16, X16, X16, X16, X16, X16, X16
#undef X16
};
/* clang-format on */

/* Two bytes of padding at most, nothing but blanks behind them, and no stray
 * bits under them: each sequence of bytes has one text. */
static bool ends_well(struct hf_span text, size_t i, unsigned digits,
                      uint32_t bits)
{
    unsigned pads = 0;

    for (; i < text.len; i++) {
        uint8_t v = values64[text.at[i]];

        if (v == SKIP64)
            continue;
        if (v != PAD64)
            return false;
        pads++;
    }
    switch (digits) {
    case 0: return pads == 0;
    case 2: return pads == 2 && !(bits & 15);
    case 3: return pads == 1 && !(bits & 3);
    default: return false;
    }
}

/* Groups of four digits in a row, which is what base64 mostly is: how many
 * groups went to @out, where there is room for @most. */
static size_t whole_groups(struct hf_span text, uint8_t *out, size_t most)
{
    size_t n = 0;

    for (; n < most && text.len - 4 * n >= 4; n++) {
        const uint8_t *p = text.at + 4 * n;
        uint32_t a = values64[p[0]], b = values64[p[1]];
        uint32_t c = values64[p[2]], d = values64[p[3]];

        if ((a | b | c | d) > 63)
            break;
        hf_store_number(out + 3 * n, a << 18 | b << 12 | c << 6 | d, 3);
    }
    return n;
}

bool hf_unbase64(struct hf_span text, uint8_t *out, size_t cap, size_t *len)
{
    uint32_t bits = 0;
    unsigned digits = 0;
    size_t n = 0, i;

    *len = 0;
    for (i = 0; i < text.len; i++) {
        uint8_t v;

        if (!digits) {
            size_t groups = whole_groups(hf_span_after(text, i), out + n,
                                         (cap - n) / 3);

            n += 3 * groups;
            i += 4 * groups;
            if (i == text.len)
                break;
        }
        v = values64[text.at[i]];
        if (v == SKIP64)
            continue;
        if (v == PAD64)
            break;
        if (v == NOT64)
            return false;
        bits = bits << 6 | v;
        if (++digits < 4)
            continue;
        if (cap - n < 3)
            return false;
        hf_store_number(out + n, bits & 0xffffff, 3);
        n += 3;
        digits = 0;
        bits = 0;
    }
    if (!ends_well(text, i, digits, bits))
        return false;
    if (digits) {
        if (cap - n < digits - 1)
            return false;
        bits <<= 6 * (4 - digits);
        out[n++] = (uint8_t)(bits >> 16);
        if (digits == 3)
            out[n++] = (uint8_t)(bits >> 8);
    }
    *len = n;
    return true;
}

/* ---- PEM ----------------------------------------------------------------------------- */

static bool begins_with(struct hf_span s, const char *what, size_t len)
{
    return s.len >= len && memcmp(s.at, what, len) == 0;
}

/* Offset of @what in @s, or s.len. */
static size_t find(struct hf_span s, const char *what)
{
    size_t len = strlen(what), i = 0;

    while (s.len - i >= len) {
        const uint8_t *hit = memchr(s.at + i, what[0], s.len - i - len + 1);

        if (!hit)
            break;
        i = (size_t)(hit - s.at);
        if (memcmp(hit, what, len) == 0)
            return i;
        i++;
    }
    return s.len;
}

/* The line at the front of *s, without its end; *s moves behind it. */
static struct hf_span take_line(struct hf_span *s)
{
    const uint8_t *end = s->len ? memchr(s->at, '\n', s->len) : NULL;
    size_t len = end ? (size_t)(end - s->at) : s->len;
    struct hf_span line = hf_span_first(*s, len);

    *s = hf_span_after(*s, end ? len + 1 : len);
    while (line.len && is_blank(line.at[line.len - 1]))
        line.len--;
    return line;
}

/* RFC 1421 headers end with an empty line; a body has no colon. */
static void split_headers(struct hf_pem *pem)
{
    struct hf_span rest = pem->base64;

    pem->headers = hf_span(rest.at, 0);
    if (find(rest, ":") == rest.len)
        return;
    while (rest.len) {
        if (take_line(&rest).len)
            continue;
        pem->headers = hf_span_first(pem->base64,
                                     (size_t)(rest.at - pem->base64.at));
        pem->base64 = rest;
        return;
    }
}

bool hf_pem_next(struct hf_span *text, struct hf_pem *out, bool *bad)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ",
                      dashes[] = "-----";
    struct hf_span line, tail, rest;
    size_t at;

    *bad = false;
    at = find(*text, begin);
    if (at == text->len) {
        *text = hf_span_after(*text, text->len);
        return false;
    }
    *bad = true;
    rest = hf_span_after(*text, at + sizeof(begin) - 1);
    line = take_line(&rest);
    at = find(line, dashes);
    if (at + sizeof(dashes) - 1 != line.len)
        return false;
    out->label = hf_span_first(line, at);
    at = find(rest, end);
    if (at == rest.len)
        return false;
    out->base64 = hf_span_first(rest, at);
    rest = hf_span_after(rest, at + sizeof(end) - 1);
    tail = take_line(&rest);
    if (tail.len != out->label.len + sizeof(dashes) - 1 ||
        !begins_with(tail, (const char *)out->label.at, out->label.len) ||
        find(tail, dashes) != out->label.len)
        return false;
    split_headers(out);
    *text = rest;
    *bad = false;
    return true;
}

/* ---- letters and times ------------------------------------------------------------------ */

uint8_t hf_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool hf_equal_fold(struct hf_span a, struct hf_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (hf_lower(a.at[i]) != hf_lower(b.at[i]))
            return false;
    return true;
}

void hf_time_text(char *out, size_t cap, int64_t seconds)
{
    int64_t days = seconds / 86400, left = seconds % 86400;
    int64_t era, day_of_era, year_of_era, day_of_year, month, year;

    if (left < 0) {
        left += 86400;
        days--;
    }
    /* Civil date from days since 1970, years beginning in March. */
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                   day_of_era / 146096) /
                  365;
    day_of_year = day_of_era -
                  (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153;
    year = year_of_era + era * 400 + (month >= 10);
    snprintf(out, cap, "%04lld-%02lld-%02lld %02lld:%02lld:%02lld UTC",
             (long long)year, (long long)(month < 10 ? month + 3 : month - 9),
             (long long)(day_of_year - (153 * month + 2) / 5 + 1),
             (long long)(left / 3600), (long long)(left / 60 % 60),
             (long long)(left % 60));
}
