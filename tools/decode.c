/* decode.c - bytes out of what people paste: hex with or without the offsets
 * and letters that dump tools put around it, base64, PEM, or the bytes as they
 * are. */
#include "explaining.h"

#include <stdlib.h>
#include <string.h>

const char *decoded_name(enum decoded how)
{
    static const char *const names[] = { "bytes", "hex", "base64", "PEM" };

    return names[how];
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = hf_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_hex(struct hf_span text, size_t least)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool mark = c == ':' || c == ',' ||
                    (c == 'x' && i && text.at[i - 1] == '0');

        if (digit(c) >= 0)
            digits++;
        else if (!is_blank(c) && !mark)
            return false;
    }
    return digits >= 2 * least;
}

static bool is_text(struct hf_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (!is_blank(bytes.at[i]) &&
            (bytes.at[i] < 0x20 || bytes.at[i] > 0x7e))
            return false;
    return bytes.len > 0;
}

/* ---- dumps -------------------------------------------------------------------- */

/* The line at the front of *rest, which moves behind it. */
static struct hf_span take_line(struct hf_span *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->at) : rest->len;
    struct hf_span line = hf_span_first(*rest, len);

    *rest = hf_span_after(*rest, end ? len + 1 : len);
    return line;
}

static struct hf_span skip_blanks(struct hf_span s)
{
    while (s.len && is_blank(*s.at))
        s = hf_span_after(s, 1);
    return s;
}

/* An offset of 4 to 8 digits, with a colon or a blank behind it, that is where
 * we are: *s moves behind it.  "0000: 16 03", "00000010  16 03". */
static bool take_offset(struct hf_span *s, size_t here)
{
    size_t value = 0, i = 0;

    for (; i < s->len && i < 9 && digit(s->at[i]) >= 0; i++)
        value = value << 4 | (size_t)digit(s->at[i]);
    if (i < 4 || i > 8 || value != here || i == s->len ||
        (s->at[i] != ':' && !is_blank(s->at[i])))
        return false;
    *s = hf_span_after(*s, i + 1);
    return true;
}

/* Bytes of one line of a dump, at most 16 of them or as many as there are hex
 * words before the margin.  The margin begins at two blanks or a bar. */
static size_t dump_line(struct hf_span s, uint8_t *out)
{
    size_t n = 0;

    for (s = skip_blanks(s); s.len >= 2 && n < 16;) {
        int high = digit(s.at[0]), low = digit(s.at[1]);

        if (high < 0 || low < 0)
            break;
        out[n++] = (uint8_t)(high << 4 | low);
        s = hf_span_after(s, 2);
        if (n == 8 && s.len > 1 && is_blank(s.at[0]) && is_blank(s.at[1]))
            s = hf_span_after(s, 1); /* the gap in the middle */
        if (s.len && is_blank(s.at[0]))
            s = hf_span_after(s, 1);
        if (s.len && (is_blank(s.at[0]) || s.at[0] == '|'))
            break;
    }
    return n;
}

/* All lines of a dump; false if one of them is not part of it. */
static bool read_dump(struct hf_span text, uint8_t *out, size_t *len)
{
    struct hf_span rest = text;

    *len = 0;
    while (rest.len) {
        struct hf_span line = skip_blanks(take_line(&rest));

        if (!line.len)
            continue;
        if (!take_offset(&line, *len))
            return false;
        *len += dump_line(line, out + *len);
    }
    return *len > 0;
}

/* ---- all of it -------------------------------------------------------------------- */

static bool give(struct bytes *out, uint8_t *room, size_t len, enum decoded how,
                 enum decoded *said)
{
    room[len] = '\0';
    *out = (struct bytes){ room, len };
    *said = how;
    return true;
}

static bool begins(struct hf_span text, const char *with)
{
    struct hf_span s = hf_span_text(with);

    return text.len >= s.len && hf_equal(text.at, s.at, s.len);
}

/* Whether there is PEM in it somewhere. */
static bool holds_pem(struct hf_span text)
{
    struct hf_span rest = text;

    while (rest.len) {
        if (begins(skip_blanks(rest), "-----BEGIN "))
            return true;
        take_line(&rest);
    }
    return false;
}

bool decode(struct hf_span text, struct bytes *out, enum decoded *how)
{
    /* A dump's line may yield 16 bytes, of at least 32 digits. */
    uint8_t *room = malloc(text.len + 17);
    size_t len = 0;

    if (!room)
        return false;
    if (is_text(text) && !holds_pem(text)) {
        if (read_dump(text, room, &len))
            return give(out, room, len, DECODED_HEX, how);
        if (is_hex(text, 1) && hf_unhex(text, room, text.len, &len))
            return give(out, room, len, DECODED_HEX, how);
        if (hf_unbase64(text, room, text.len, &len) && len > 2)
            return give(out, room, len, DECODED_BASE64, how);
    }
    if (text.len)
        memcpy(room, text.at, text.len);
    return give(out, room, text.len,
                is_text(text) && holds_pem(text) ? DECODED_PEM : DECODED_RAW,
                how);
}
