/* capture_packet.c - a TCP segment out of a packet: the network's own header, IP
 * of either version, TCP.
 *
 * A capture may keep the first bytes of each packet only; lengths then come from
 * IP's header, and what is missing is known by its number.
 */
#include "base/base.h"
#include "capture.h"

enum {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_RAW_OLD = 12,
    LINK_RAW_BSD = 14,
    LINK_RAW = 101,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_IP4 = 228,
    LINK_IP6 = 229,
    LINK_SLL2 = 276,
    ETHER_IP4 = 0x0800,
    ETHER_IP6 = 0x86dd,
    ETHER_VLAN = 0x8100,
    ETHER_VLAN_OUTER = 0x88a8,
    ETHER_VLAN_OLD = 0x9100,
    PROTOCOL_HOP = 0,
    PROTOCOL_TCP = 6,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_AUTHENTICATION = 51,
    PROTOCOL_OPTIONS = 60
};

/* What is left of a packet, as far as it was captured and as it was. */
struct rest {
    struct hf_span bytes;
    size_t whole;
};

static bool skip(struct rest *r, size_t n)
{
    if (n > r->bytes.len || n > r->whole)
        return false;
    r->bytes = hf_span_after(r->bytes, n);
    r->whole -= n;
    return true;
}

/* ---- the network's header --------------------------------------------------------- */

/* An EtherType, behind any tags of virtual networks. */
static bool ether_type(struct rest *r, unsigned *type)
{
    for (unsigned tags = 0; tags < CAPTURE_HEADERS_MAX; tags++) {
        if (r->bytes.len < 2)
            return false;
        *type = hf_number(r->bytes.at, 2);
        if (*type != ETHER_VLAN && *type != ETHER_VLAN_OUTER &&
            *type != ETHER_VLAN_OLD)
            return skip(r, 2);
        if (!skip(r, 4))
            return false;
    }
    return false;
}

/* Which IP follows; the family is in the capturing machine's own order, which
 * need not be the file's. */
static bool loop_header(struct rest *r, unsigned *type)
{
    uint32_t family;

    if (r->bytes.len < 4)
        return false;
    family = hf_number(r->bytes.at, 4);
    if (family > 0xffff)
        family = r->bytes.at[0] | (uint32_t)r->bytes.at[1] << 8;
    /* AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD, macOS */
    *type = family == 2 ? ETHER_IP4
            : family == 10 || family == 24 || family == 28 || family == 30
                ? ETHER_IP6
                : 0;
    return skip(r, 4);
}

static bool raw_header(struct rest *r, unsigned *type)
{
    if (!r->bytes.len)
        return false;
    *type = r->bytes.at[0] >> 4 == 4   ? ETHER_IP4
            : r->bytes.at[0] >> 4 == 6 ? ETHER_IP6
                                       : 0;
    return true;
}

/* Linux's own header with the type at its front and 18 more bytes. */
static bool sll2_header(struct rest *r, unsigned *type)
{
    if (r->bytes.len < 20)
        return false;
    *type = hf_number(r->bytes.at, 2);
    return skip(r, 20);
}

/* False: cut.  *type 0: not IP. */
static bool link_header(uint32_t link, struct rest *r, unsigned *type,
                        bool *known)
{
    *known = true;
    *type = 0;
    switch (link) {
    case LINK_ETHERNET: return skip(r, 12) && ether_type(r, type);
    case LINK_SLL: return skip(r, 14) && ether_type(r, type);
    case LINK_SLL2: return sll2_header(r, type);
    case LINK_NULL:
    case LINK_LOOP: return loop_header(r, type);
    case LINK_RAW:
    case LINK_RAW_OLD:
    case LINK_RAW_BSD:
    case LINK_IP4:
    case LINK_IP6: return raw_header(r, type);
    default: *known = false; return false;
    }
}

/* ---- IP ------------------------------------------------------------------------------ */

/* The packet is @len bytes and no more: what follows pads the network's frame.
 * 0: the sender's card was to fill it in, so it is all there is. */
static bool limit(struct rest *r, size_t len)
{
    if (!len)
        return true;
    if (len > r->whole)
        return false;
    r->whole = len;
    if (r->bytes.len > len)
        r->bytes.len = len;
    return true;
}

static void set_ends(struct capture_end ends[2], const uint8_t *addresses,
                     uint8_t len)
{
    for (int i = 0; i < 2; i++) {
        ends[i] = (struct capture_end){ .len = len };
        hf_copy(ends[i].address, addresses + i * len, len);
    }
}

/* RFC 791 3.1 */
static enum capture_class read_ip4(struct rest *r, struct capture_end ends[2])
{
    const uint8_t *p = r->bytes.at;
    size_t header;

    if (r->bytes.len < 20 || p[0] >> 4 != 4)
        return CAPTURE_BROKEN;
    header = (size_t)(p[0] & 15) * 4;
    if (header < 20 || !limit(r, hf_number(p + 2, 2)))
        return CAPTURE_BROKEN;
    if (p[9] != PROTOCOL_TCP)
        return CAPTURE_OTHER;
    if (hf_number(p + 6, 2) & 0x3fff) /* more to come, or an offset */
        return CAPTURE_FRAGMENT;
    set_ends(ends, p + 12, 4);
    return skip(r, header) ? CAPTURE_TCP : CAPTURE_BROKEN;
}

/* The length of an extension header at the front; 0: there is none. */
static size_t extension_len(uint8_t kind, const uint8_t *p)
{
    switch (kind) {
    case PROTOCOL_HOP:
    case PROTOCOL_ROUTING:
    case PROTOCOL_OPTIONS: return (size_t)(p[1] + 1) * 8;
    case PROTOCOL_FRAGMENT: return 8;
    case PROTOCOL_AUTHENTICATION: return (size_t)(p[1] + 2) * 4;
    default: return 0;
    }
}

/* RFC 8200 4: headers follow each other, each naming the next. */
static enum capture_class read_extensions(struct rest *r, uint8_t kind)
{
    for (unsigned i = 0; i < CAPTURE_HEADERS_MAX; i++) {
        const uint8_t *p = r->bytes.at;
        size_t len;

        if (kind == PROTOCOL_TCP)
            return CAPTURE_TCP;
        if (r->bytes.len < 8)
            return CAPTURE_BROKEN;
        len = extension_len(kind, p);
        if (!len)
            return CAPTURE_OTHER;
        if (kind == PROTOCOL_FRAGMENT && hf_number(p + 2, 2) & 0xfff9)
            return CAPTURE_FRAGMENT;
        kind = p[0];
        if (!skip(r, len))
            return CAPTURE_BROKEN;
    }
    return CAPTURE_BROKEN;
}

/* RFC 8200 3 */
static enum capture_class read_ip6(struct rest *r, struct capture_end ends[2])
{
    const uint8_t *p = r->bytes.at;
    size_t len;

    if (r->bytes.len < 40 || p[0] >> 4 != 6)
        return CAPTURE_BROKEN;
    len = hf_number(p + 4, 2);
    set_ends(ends, p + 8, 16);
    if (!skip(r, 40) || !limit(r, len))
        return CAPTURE_BROKEN;
    return read_extensions(r, p[6]);
}

/* ---- TCP ------------------------------------------------------------------------------ */

/* RFC 9293 3.1 */
static enum capture_class read_tcp(struct rest *r, struct capture_end ends[2],
                                   struct capture_segment *out)
{
    const uint8_t *p = r->bytes.at;
    size_t header;

    if (r->bytes.len < 20)
        return CAPTURE_BROKEN;
    header = (size_t)(p[12] >> 4) * 4;
    if (header < 20 || header > r->whole)
        return CAPTURE_BROKEN;
    ends[0].port = (uint16_t)hf_number(p, 2);
    ends[1].port = (uint16_t)hf_number(p + 2, 2);
    out->seq = hf_number(p + 4, 4);
    out->ack = hf_number(p + 8, 4);
    out->flags = p[13];
    if (r->whole - header > UINT32_MAX)
        return CAPTURE_BROKEN;
    out->len = (uint32_t)(r->whole - header);
    /* a capture that kept less than the options kept nothing behind them */
    out->captured = 0;
    if (header < r->bytes.len)
        out->captured = (uint32_t)(r->bytes.len - header);
    out->at = p + (header < r->bytes.len ? header : r->bytes.len);
    return CAPTURE_TCP;
}

enum capture_class capture_packet(const struct capture_item *item,
                                  struct capture_end ends[2],
                                  struct capture_segment *out)
{
    struct rest r = { item->bytes, item->whole };
    enum capture_class class;
    unsigned type;
    bool known;

    *out = (struct capture_segment){ .time = item->time };
    if (r.whole < r.bytes.len)
        r.whole = r.bytes.len;
    if (!link_header(item->link, &r, &type, &known))
        return known ? CAPTURE_BROKEN : CAPTURE_LINK;
    if (type != ETHER_IP4 && type != ETHER_IP6)
        return CAPTURE_OTHER;
    class = type == ETHER_IP4 ? read_ip4(&r, ends) : read_ip6(&r, ends);
    return class == CAPTURE_TCP ? read_tcp(&r, ends, out) : class;
}
