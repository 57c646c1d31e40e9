/* sink.c - text that somebody else has written, on its way to a terminal: only
 * characters that do no harm, never more than there is room for, and object
 * identifiers as the numbers that they are. */
#include "proof.h"

#include "x509/name.c"
#include "x509/sink.c"

/* ---- characters ----------------------------------------------------------------------- */

/* RFC 3629 4's table, read row by row. */
static size_t utf8_len(struct hf_span s)
{
    uint8_t a = s.at[0], b = s.len > 1 ? s.at[1] : 0;
    bool two = s.len > 1 && b >= 0x80 && b <= 0xbf;
    bool three = s.len > 2 && s.at[2] >= 0x80 && s.at[2] <= 0xbf;
    bool four = s.len > 3 && s.at[3] >= 0x80 && s.at[3] <= 0xbf;

    if (a <= 0x7f)
        return 1;
    if (a >= 0xc2 && a <= 0xdf)
        return two ? 2 : 0;
    if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ||
        (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f))
        return 0;
    if (a >= 0xe0 && a <= 0xef)
        return two && three ? 3 : 0;
    if (a >= 0xf0 && a <= 0xf4)
        return two && three && four ? 4 : 0;
    return 0;
}

void prove_utf8(void)
{
    struct hf_span text = any_bytes(5);
    uint32_t c;
    size_t n;

    ASSUME(text.len > 0);
    n = hf_utf8_read(text, &c);
    PROVE(n == utf8_len(text));
    PROVE(n != 1 || c == text.at[0]);
    PROVE(n != 2 ||
          c == (uint32_t)((text.at[0] & 31) << 6 | (text.at[1] & 63)));
    PROVE(!n || (c <= 0x10ffff && (c < 0xd800 || c > 0xdfff)));
}

/* ---- a bounded place -------------------------------------------------------------------- */

enum { ROOM = 16, TEXT = 2 };
char nondet_char(void);
static char room[ROOM];

static struct hf_sink any_sink(void)
{
    struct hf_sink s = hf_sink(room, nondet_size());

    for (unsigned i = 0; i < ROOM; i++)
        room[i] = nondet_char();
    ASSUME(s.cap <= ROOM);
    if (s.cap) {
        s.len = nondet_size();
        ASSUME(s.len < s.cap);
        s.cut = nondet_bool();
    }
    return s;
}

void any_copy(void *to, const void *from, size_t len)
{
    PROVE(!len || __CPROVER_r_ok(from, len));
    PROVE(!len || ((char *)to >= room && len < ROOM &&
                   (size_t)((char *)to - room) < ROOM - len));
}

/* All of it or nothing; one byte is left for the NUL. */
void prove_put(void)
{
    struct hf_sink s = any_sink(), before = s;
    struct hf_span text = any_bytes(64);

    hf_sink_put(&s, (const char *)text.at, text.len);
    PROVE(s.cap ? s.len < s.cap : s.len == 0);
    PROVE(s.len == before.len ||
          (s.len == before.len + text.len && !s.cut && !before.cut));
    PROVE(s.cut || s.len == before.len + text.len);
}

void prove_finish(void)
{
    struct hf_sink s = any_sink(), before = s;
    size_t any = nondet_size(), end;
    char was[ROOM];

    ASSUME(any < ROOM);
    for (unsigned i = 0; i < ROOM; i++)
        was[i] = room[i];
    hf_sink_finish(&s);
    PROVE(!s.cap || (s.len < s.cap && room[s.len] == '\0'));
    PROVE(any < s.cap || room[any] == was[any]);
    if (!before.cut || s.cap <= 4)
        return;
    /* What was dropped for the dots begins with a character. */
    end = s.len - 3;
    PROVE(s.len >= 3 && room[end] == '.');
    PROVE(!end || end == before.len || ((uint8_t)was[end] & 0xc0) != 0x80);
}

/* ---- what is shown ---------------------------------------------------------------------- */

/* Nothing that moves the cursor, ends a line or turns what follows around. */
static bool does_harm(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void prove_is_shown(void)
{
    uint32_t c = nondet_word();

    PROVE(!is_shown(c) || !does_harm(c));
}

/* ---- object identifiers ------------------------------------------------------------------ */

enum { OID = 5, ARCS = OID + 1 };
static uint64_t shown[ARCS];
static unsigned arcs, dots;

void any_number(struct hf_sink *s, uint64_t n)
{
    (void)s;
    PROVE(arcs < ARCS);
    shown[arcs++] = n;
}

void any_dot(struct hf_sink *s, const char *text, size_t n)
{
    (void)s;
    PROVE(n == 1 && text[0] == '.');
    dots++;
}

/* X.690 8.19: the numbers that are shown are those that were meant. */
void prove_dotted(void)
{
    struct hf_span oid = any_bytes(OID);
    struct hf_sink s = hf_sink(room, ROOM);
    uint64_t number = 0;
    unsigned n = 0;

    ASSUME(oid.len > 0 && !(oid.at[oid.len - 1] & 0x80));
    arcs = dots = 0;
    put_dotted(&s, oid);
    for (size_t i = 0; i < OID; i++) {
        if (i >= oid.len)
            break;
        number = number * 128 + oid.at[i] % 128;
        if (oid.at[i] >= 128)
            continue;
        if (!n) {
            PROVE(shown[0] <= 2 && (shown[0] == 2 || shown[1] < 40));
            PROVE(shown[0] * 40 + shown[1] == number);
            n = 2;
        } else {
            PROVE(shown[n] == number);
            n++;
        }
        number = 0;
    }
    PROVE(arcs == n && dots == n - 1);
}

/* An arc of any length: what is too large for a number is not made one. */
void any_hex(struct hf_sink *s, struct hf_span hex)
{
    (void)s;
    PROVE(hex.len >= 10 && __CPROVER_r_ok(hex.at, hex.len));
}

void counted_number(struct hf_sink *s, uint64_t n)
{
    (void)s;
    (void)n;
    arcs++;
}

void any_sign(struct hf_sink *s, const char *text, size_t n)
{
    (void)s;
    PROVE(n == 1 && __CPROVER_r_ok(text, n));
}

void prove_long_arc(void)
{
    struct hf_span oid = any_bytes(12);
    struct hf_sink s = hf_sink(room, ROOM);

    arcs = 0;
    put_dotted(&s, oid);
    PROVE(arcs <= oid.len + 1);
}
