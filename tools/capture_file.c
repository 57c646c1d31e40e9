/* capture_file.c - packets out of a capture: pcap and pcapng, in either order
 * of bytes.
 *
 *   pcap     header(24) | time(8) captured(4) whole(4) packet | ...
 *   pcapng   type(4) length(4) body length(4) | ...
 *
 * A file that ends in the middle of something, as one does whose writer was
 * killed, is read up to there; `fault` says so.
 */
#include "base/base.h"
#include "capture.h"

enum {
    PCAP_HEADER = 24,
    PCAP_PACKET = 16,
    BLOCK_LEAST = 12,
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    SECRETS_TLS_KEY_LOG = 0x544c534b,
    OPTION_RESOLUTION = 9,
    LINK_NONE = 0x0fffffff
};
#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO 0xa1b23c4du
#define MAGIC_ORDER 0x1a2b3c4du

static uint32_t reversed(uint32_t n)
{
    return n >> 24 | (n >> 8 & 0xff00) | (n << 8 & 0xff0000) | n << 24;
}

static uint32_t get(const struct capture_file *f, const uint8_t *p,
                    unsigned width)
{
    uint32_t n = hf_number(p, width);

    if (!f->little)
        return n;
    return width == 4 ? reversed(n) : (n >> 8 | (n << 8 & 0xff00));
}

static enum capture_kind stop(struct capture_file *f, const char *why)
{
    f->fault = why;
    f->fault_at = f->size - f->left.len;
    return CAPTURE_END;
}

/* ---- pcap ------------------------------------------------------------------------ */

static bool is_pcap(uint32_t magic)
{
    return magic == MAGIC_MICRO || magic == MAGIC_NANO;
}

bool capture_is(struct hf_span bytes)
{
    uint32_t magic;

    if (bytes.len < 4)
        return false;
    magic = hf_number(bytes.at, 4);
    return is_pcap(magic) || is_pcap(reversed(magic)) ||
           (magic == BLOCK_SECTION && bytes.len >= BLOCK_LEAST &&
            (hf_number(bytes.at + 8, 4) == MAGIC_ORDER ||
             reversed(hf_number(bytes.at + 8, 4)) == MAGIC_ORDER));
}

void capture_file_open(struct capture_file *f, struct hf_span bytes)
{
    uint32_t magic = hf_number(bytes.at, 4);

    *f = (struct capture_file){ .left = bytes, .size = bytes.len };
    f->pcapng = magic == BLOCK_SECTION;
    if (f->pcapng)
        return;
    f->little = !is_pcap(magic);
    f->nano = get(f, bytes.at, 4) == MAGIC_NANO;
    if (bytes.len < PCAP_HEADER) {
        stop(f, "the file's header is cut off");
        f->left.len = 0;
        return;
    }
    /* the upper bits say whether a checksum follows each packet */
    f->face[0].link = get(f, bytes.at + 20, 4) & 0xffff;
    f->faces = 1;
    f->left = hf_span_after(bytes, PCAP_HEADER);
}

static enum capture_kind next_pcap(struct capture_file *f,
                                   struct capture_item *out)
{
    const uint8_t *p = f->left.at;
    uint32_t captured;

    if (!f->left.len)
        return CAPTURE_END;
    if (f->left.len < PCAP_PACKET)
        return stop(f, "the file ends in the header of a packet");
    captured = get(f, p + 8, 4);
    if (captured > f->left.len - PCAP_PACKET)
        return stop(f, "the file ends in the middle of a packet");
    *out = (struct capture_item){
        .time = get(f, p, 4) * UINT64_C(1000000000) +
                (uint64_t)get(f, p + 4, 4) * (f->nano ? 1 : 1000),
        .link = f->face[0].link,
        .bytes = hf_span(p + PCAP_PACKET, captured),
        .whole = get(f, p + 12, 4),
    };
    f->left = hf_span_after(f->left, PCAP_PACKET + captured);
    return CAPTURE_PACKET;
}

/* ---- pcapng: interfaces ------------------------------------------------------------ */

/* The resolution of an interface's times, the one option that matters here. */
static uint8_t read_resolution(const struct capture_file *f,
                               struct hf_span options)
{
    while (options.len >= 4) {
        unsigned code = get(f, options.at, 2);
        size_t len = get(f, options.at + 2, 2), padded = (len + 3) / 4 * 4;

        options = hf_span_after(options, 4);
        if (!code || padded > options.len)
            break;
        if (code == OPTION_RESOLUTION && len == 1)
            return options.at[0];
        options = hf_span_after(options, padded);
    }
    return 6;
}

static bool add_interface(struct capture_file *f, struct hf_span body)
{
    if (body.len < 8 || f->faces == CAPTURE_INTERFACES_MAX)
        return false;
    f->face[f->faces++] = (struct capture_interface){
        .link = get(f, body.at, 2),
        .snap = get(f, body.at + 4, 4),
        .resolution = read_resolution(f, hf_span_after(body, 8)),
    };
    return true;
}

/* Ticks of an interface in nanoseconds: units of 10^-n or 2^-n seconds. */
static uint64_t nanoseconds(uint8_t resolution, uint64_t ticks)
{
    unsigned n = resolution & 0x7f;

    if (resolution & 0x80) {
        uint64_t part;

        if (n > 63)
            return 0;
        part = ticks & ((UINT64_C(1) << n) - 1);
        if (n > 32) {
            part >>= n - 32;
            return (ticks >> n) * 1000000000 + (part * 1000000000 >> 32);
        }
        return (ticks >> n) * 1000000000 + (part * 1000000000 >> n);
    }
    for (; n > 9 && ticks; n--)
        ticks /= 10;
    for (; n < 9; n++)
        ticks *= 10;
    return ticks;
}

/* ---- pcapng: blocks ------------------------------------------------------------------ */

static bool packet_block(const struct capture_file *f, struct hf_span body,
                         bool old, struct capture_item *out)
{
    size_t face, captured;

    if (body.len < 20)
        return false;
    face = get(f, body.at, old ? 2 : 4);
    captured = get(f, body.at + 12, 4);
    if (captured > body.len - 20)
        return false;
    *out = (struct capture_item){
        .link = LINK_NONE,
        .bytes = hf_span(body.at + 20, captured),
        .whole = get(f, body.at + 16, 4),
    };
    if (face < f->faces) {
        out->link = f->face[face].link;
        out->time = nanoseconds(f->face[face].resolution,
                                (uint64_t)get(f, body.at + 4, 4) << 32 |
                                    get(f, body.at + 8, 4));
    }
    return true;
}

/* No time and no length of its own: what the interface keeps of a packet. */
static bool simple_block(const struct capture_file *f, struct hf_span body,
                         struct capture_item *out)
{
    size_t whole, captured;

    if (body.len < 4)
        return false;
    whole = captured = get(f, body.at, 4);
    if (f->faces && f->face[0].snap && f->face[0].snap < captured)
        captured = f->face[0].snap;
    if (captured > body.len - 4)
        return false;
    *out = (struct capture_item){
        .link = f->faces ? f->face[0].link : LINK_NONE,
        .bytes = hf_span(body.at + 4, captured),
        .whole = whole,
    };
    return true;
}

/* False: they are secrets of something else. */
static bool secrets_block(const struct capture_file *f, struct hf_span body,
                          struct capture_item *out)
{
    size_t len;

    if (body.len < 8 || get(f, body.at, 4) != SECRETS_TLS_KEY_LOG)
        return false;
    len = get(f, body.at + 4, 4);
    if (len > body.len - 8)
        return false;
    *out = (struct capture_item){ .bytes = hf_span(body.at + 8, len) };
    return true;
}

/* A section begins anew: its own order of bytes, its own interfaces. */
static bool begin_section(struct capture_file *f)
{
    if (f->left.len < BLOCK_LEAST)
        return false;
    f->faces = 0;
    f->little = hf_number(f->left.at + 8, 4) != MAGIC_ORDER;
    return get(f, f->left.at + 8, 4) == MAGIC_ORDER;
}

/* What a block is; CAPTURE_END: nothing for us, go on (or stop at a fault). */
static enum capture_kind take_block(struct capture_file *f, uint32_t type,
                                    struct hf_span body,
                                    struct capture_item *out)
{
    switch (type) {
    case BLOCK_INTERFACE:
        return add_interface(f, body)
                   ? CAPTURE_END
                   : stop(f, "a description of an interface is wrong, or "
                             "there are too many");
    case BLOCK_PACKET:
    case BLOCK_OLD_PACKET:
        return packet_block(f, body, type == BLOCK_OLD_PACKET, out)
                   ? CAPTURE_PACKET
                   : stop(f, "a packet is longer than its block");
    case BLOCK_SIMPLE:
        return simple_block(f, body, out)
                   ? CAPTURE_PACKET
                   : stop(f, "a packet is longer than its block");
    case BLOCK_SECRETS:
        return secrets_block(f, body, out) ? CAPTURE_SECRETS : CAPTURE_END;
    default: return CAPTURE_END; /* names, statistics, what is to come */
    }
}

static enum capture_kind next_pcapng(struct capture_file *f,
                                     struct capture_item *out)
{
    while (f->left.len) {
        enum capture_kind kind;
        uint32_t type, len;

        if (f->left.len < BLOCK_LEAST)
            return stop(f, "the file ends in the header of a block");
        type = hf_number(f->left.at, 4); /* the same in both orders */
        if (type == BLOCK_SECTION && !begin_section(f))
            return stop(f, "a section begins with an unknown order of bytes");
        type = get(f, f->left.at, 4);
        len = get(f, f->left.at + 4, 4);
        if (len < BLOCK_LEAST || len % 4)
            return stop(f, "a block has an impossible length");
        if (len > f->left.len)
            return stop(f, "the file ends in the middle of a block");
        kind = take_block(f, type, hf_span(f->left.at + 8, len - BLOCK_LEAST),
                          out);
        if (f->fault)
            return CAPTURE_END;
        f->left = hf_span_after(f->left, len);
        if (kind != CAPTURE_END)
            return kind;
    }
    return CAPTURE_END;
}

enum capture_kind capture_file_next(struct capture_file *f,
                                    struct capture_item *out)
{
    if (f->fault)
        return CAPTURE_END;
    return f->pcapng ? next_pcapng(f, out) : next_pcap(f, out);
}
