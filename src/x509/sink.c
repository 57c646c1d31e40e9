/* sink.c - a bounded place for text that somebody else has written.
 *
 * What stands in a certificate may be hostile, and ends up on a terminal or in
 * a log.  So text is let through character by character: what is not
 * well-formed UTF-8 is shown as \xHH, and so is what has no shape of its own
 * or turns the direction of others around; what would end an attribute early
 * (RFC 4514 2.4) gets a backslash.  Text that does not fit ends with three
 * dots, never inside a character.
 */
#include "x509/inside.h"

/* ---- putting ------------------------------------------------------------------ */

/* All of @n bytes, or nothing any more. */
void hf_sink_put(struct hf_sink *s, const char *bytes, size_t n)
{
    if (s->cut || n > s->cap - 1 - s->len) {
        s->cut = true;
        return;
    }
    hf_copy(s->out + s->len, bytes, n);
    s->len += n;
}

void hf_sink_text(struct hf_sink *s, const char *text)
{
    hf_sink_put(s, text, hf_text_len(text));
}

void hf_sink_number(struct hf_sink *s, uint64_t n)
{
    char digits[20];
    size_t i = sizeof(digits);

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    hf_sink_put(s, digits + i, sizeof(digits) - i);
}

void hf_sink_escaped(struct hf_sink *s, uint8_t byte)
{
    char text[8];

    hf_sink_put(s, text, hf_format(text, sizeof(text), "\\x"));
    if (hf_hex(text, sizeof(text), hf_span(&byte, 1)))
        hf_sink_text(s, text);
}

void hf_sink_finish(struct hf_sink *s)
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
        { 0x0000, 0x001f },    { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
        { 0x061c, 0x061c },    { 0x115f, 0x1160 }, { 0x180b, 0x180f },
        { 0x200b, 0x200f },    { 0x2028, 0x202e }, { 0x2060, 0x206f },
        { 0x3164, 0x3164 },    { 0xe000, 0xf8ff }, { 0xfe00, 0xfe0f },
        { 0xfeff, 0xfeff },    { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
        { 0xe0000, 0x10ffff },
    };

    for (size_t i = 0; i < HF_COUNT(hidden); i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    return true;
}

/* @special: characters that get a backslash. */
void hf_sink_utf8(struct hf_sink *s, struct hf_span text, const char *special)
{
    struct hf_span specials = hf_span_text(special);
    uint32_t c;
    size_t n;

    while (text.len && !s->cut) {
        n = hf_utf8_read(text, &c);
        if (!n || !is_shown(c)) {
            for (size_t i = 0; i < (n ? n : 1); i++)
                hf_sink_escaped(s, text.at[i]);
        } else {
            for (size_t i = 0; n == 1 && i < specials.len; i++)
                if (specials.at[i] == c)
                    hf_sink_put(s, "\\", 1);
            hf_sink_put(s, (const char *)text.at, n);
        }
        text = hf_span_after(text, n ? n : 1);
    }
}

/* BMPString: two bytes a character, no surrogates. */
void hf_sink_bmp(struct hf_sink *s, struct hf_span text, const char *special)
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
        hf_sink_utf8(s, hf_span(utf8, n), special);
    }
}

void hf_sink_hex(struct hf_sink *s, struct hf_span bytes)
{
    char text[3];

    for (size_t i = 0; i < bytes.len && !s->cut; i++)
        if (hf_hex(text, sizeof(text), hf_span(bytes.at + i, 1)))
            hf_sink_put(s, text, 2);
}
