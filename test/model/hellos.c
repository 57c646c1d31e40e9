/* hellos.c - what extras say: see cast.h.
 *
 * An extra hears what the victim said, and its hello is what it says next.
 * Nothing is random here, so that is the same each time, and is said once and
 * kept.  Three hellos are none that an extra would say: they are another's,
 * changed in a few bytes. */
#define HF_UNPOISONED
#include "cast.h"

#include <string.h>

enum { HEADER = 5 + 4, RANDOM_LEN = 32, FALLBACK_SCSV = 0x5600 };

static size_t number_at(const uint8_t *at, size_t width)
{
    size_t number = 0;

    while (width--)
        number = number << 8 | *at++;
    return number;
}

/* Skip TLS 1.3's ChangeCipherSpec; the first record of handshake. */
static struct hf_span first_hello(struct hf_conn *extra)
{
    struct hf_span out = hf_conn_outgoing(extra);

    while (out.len && out.at[0] != HF_CONTENT_HANDSHAKE)
        out = hf_span_after(out, 5 + number_at(out.at + 3, 2));
    if (!out.len)
        return out;
    return hf_span(out.at, 5 + number_at(out.at + 3, 2));
}

/* RFC 8446 4.1.3: the last eight bytes of the random say that the server knows
 * better. */
static void mark_random(uint8_t *hello)
{
    static const uint8_t mark[] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };

    memcpy(hello + HEADER + 2 + RANDOM_LEN - sizeof(mark), mark, sizeof(mark));
}

/* RFC 7507: in place of the last suite, "this is not my first try". */
static void say_fallback(uint8_t *hello)
{
    uint8_t *at = hello + HEADER + 2 + RANDOM_LEN;

    at += 1 + at[0]; /* session id */
    at += number_at(at, 2);
    at[0] = FALLBACK_SCSV >> 8;
    at[1] = FALLBACK_SCSV & 0xff;
}

static void hear(struct hf_conn *extra, const uint8_t *bytes, size_t len)
{
    uint8_t room[HELLO_ROOM];
    struct hf_span data;
    struct deeds deeds;

    if (len)
        memcpy(room, bytes, len);
    cast_give(extra, room, len, &data, NULL, &deeds);
}

static void speak(struct play *p, enum say say, bool again, struct hello *to)
{
    bool client = p->cast->scenario->is & IS_SERVER;
    struct hf_conn *extra = hf_conn_new(p->cast->extra[say],
                                        client ? HF_CLIENT : HF_SERVER,
                                        client ? "localhost" : NULL);
    struct hf_span hello;

    to->len = 0;
    if (!extra)
        return;
    hear(extra, p->hello, p->hello_len);
    if (again) {
        hf_conn_sent(extra, hf_conn_outgoing(extra).len);
        hear(extra, p->retry, p->retry_len);
    }
    hello = first_hello(extra);
    if (hello.len && hello.len <= sizeof(to->bytes)) {
        to->early = extra->session.out;
        memcpy(to->bytes, hello.at, hello.len);
        to->len = hello.len;
    }
    hf_conn_free(extra);
    if (to->len && say == SAY_SERVER12_MARKED)
        mark_random(to->bytes);
    if (to->len && say == SAY_HELLO_FALLBACK)
        say_fallback(to->bytes);
}

static bool is_tls13(enum say say)
{
    return say <= SAY_HELLO_BAD_KEY || say == SAY_SERVER13;
}

/* Once a retry was asked for, its asker alone says ServerHello of TLS 1.3, and
 * clients of TLS 1.3 say their second hello. */
const struct hello *cast_hello(struct play *p, enum say say)
{
    bool server = p->cast->scenario->is & IS_SERVER;
    bool again = p->retry_len && is_tls13(say);
    enum say who = again && !server ? SAY_RETRY : say;
    struct hello *hello = &p->cast->hellos[who][again];
    struct digest heard = digest_bytes(p->hello, p->hello_len);

    if (again) {
        struct digest more = digest_bytes(p->retry, p->retry_len);

        heard.a ^= more.a;
        heard.b += more.b;
    }
    if (!hello->known || hello->heard.a != heard.a ||
        hello->heard.b != heard.b) {
        hello->known = true;
        hello->heard = heard;
        speak(p, who, again, hello);
    }
    return hello->len ? hello : NULL;
}
