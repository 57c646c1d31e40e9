/* pcap_link.c - the TCP segments that one connection's bytes might have
 * travelled in.
 *
 *     IPv4 header (20) or IPv6 header (40) | TCP header (20) | bytes
 *
 * What was sent is written at once.  What came is held until the connection has
 * looked into it, for it may be that which makes the keys known that it is
 * sealed with itself; it keeps the time at which it came.
 */
#include "base/base.h"
#include "pcap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TCP_HEADER = 20,
    SEGMENT_MAX = 65535 - 40 - TCP_HEADER, /* with either header of IP */
    FIN = 1,
    SYN = 2,
    PSH = 8,
    ACK = 16
};

struct end {
    uint8_t address[16];
    uint16_t port;
    uint32_t next; /* sequence number of its next byte */
    bool over;     /* has said FIN */
};

struct pcap_link {
    struct pcap *to;
    bool ip6;
    struct end end[2]; /* ours, the peer's */
    struct hf_buffer came;
    uint64_t came_at;
    uint8_t packet[65535 + 40];
};

/* ---- segments -------------------------------------------------------------------- */

/* RFC 1071 1: the sum of all words, carries folded in. */
static uint32_t sum(uint32_t so_far, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        so_far += hf_number(at + i, 2);
    if (len % 2)
        so_far += (uint32_t)at[len - 1] << 8;
    while (so_far >> 16)
        so_far = (so_far & 0xffff) + (so_far >> 16);
    return so_far;
}

/* RFC 791 3.1, RFC 8200 3: fragmentation forbidden, 64 hops left. */
static size_t put_ip(struct pcap_link *l, const struct end *from,
                     const struct end *to, size_t payload)
{
    uint8_t *p = l->packet;

    if (l->ip6) {
        memset(p, 0, 40);
        p[0] = 0x60;
        hf_store_number(p + 4, payload, 2);
        p[6] = IPPROTO_TCP;
        p[7] = 64;
        memcpy(p + 8, from->address, 16);
        memcpy(p + 24, to->address, 16);
        return 40;
    }
    memset(p, 0, 20);
    p[0] = 0x45;
    hf_store_number(p + 2, 20 + payload, 2);
    p[6] = 0x40;
    p[8] = 64;
    p[9] = IPPROTO_TCP;
    memcpy(p + 12, from->address, 4);
    memcpy(p + 16, to->address, 4);
    hf_store_number(p + 10, ~sum(0, p, 20) & 0xffff, 2);
    return 20;
}

/* The checksum covers the addresses, the protocol and the length too. */
static uint32_t tcp_sum(const struct pcap_link *l, const struct end *from,
                        const struct end *to, const uint8_t *tcp, size_t len)
{
    size_t address = l->ip6 ? 16 : 4;
    uint32_t s = sum(0, from->address, address);

    s = sum(s, to->address, address);
    s += (uint32_t)len + IPPROTO_TCP;
    return ~sum(s, tcp, len) & 0xffff;
}

static void segment(struct pcap_link *l, bool ours, unsigned flags,
                    struct hf_span bytes, uint64_t time)
{
    struct end *from = &l->end[ours ? 0 : 1], *to = &l->end[ours ? 1 : 0];
    size_t ip = put_ip(l, from, to, TCP_HEADER + bytes.len);
    uint8_t *tcp = l->packet + ip;

    memset(tcp, 0, TCP_HEADER);
    hf_store_number(tcp, from->port, 2);
    hf_store_number(tcp + 2, to->port, 2);
    hf_store_number(tcp + 4, from->next, 4);
    hf_store_number(tcp + 8, flags & ACK ? to->next : 0, 4);
    tcp[12] = TCP_HEADER / 4 << 4;
    tcp[13] = (uint8_t)flags;
    hf_store_number(tcp + 14, 65535, 2); /* window */
    if (bytes.len)
        memcpy(tcp + TCP_HEADER, bytes.at, bytes.len);
    hf_store_number(tcp + 16, tcp_sum(l, from, to, tcp, TCP_HEADER + bytes.len),
                    2);
    from->next += (uint32_t)bytes.len + (flags & (SYN | FIN) ? 1 : 0);
    pcap_packet(l->to, time, l->packet, ip + TCP_HEADER + bytes.len);
}

static void data(struct pcap_link *l, bool ours, struct hf_span bytes,
                 uint64_t time)
{
    while (bytes.len > 0) {
        size_t n = bytes.len < SEGMENT_MAX ? bytes.len : SEGMENT_MAX;

        segment(l, ours, ACK | (n == bytes.len ? PSH : 0),
                hf_span_first(bytes, n), time);
        bytes = hf_span_after(bytes, n);
    }
}

/* The end of a direction, and the other side's acknowledgement. */
static void finish(struct pcap_link *l, bool ours, uint64_t time)
{
    struct end *end = &l->end[ours ? 0 : 1];

    if (end->over)
        return;
    end->over = true;
    segment(l, ours, FIN | ACK, hf_span(NULL, 0), time);
    segment(l, !ours, ACK, hf_span(NULL, 0), time);
}

/* ---- a connection ------------------------------------------------------------------ */

static void set_end(struct pcap_link *l, struct end *end,
                    const struct sockaddr_storage *address)
{
    const void *at = address;

    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = at;

        memcpy(end->address, &six->sin6_addr, 16);
        end->port = ntohs(six->sin6_port);
        l->ip6 = true;
    } else if (address->ss_family == AF_INET) {
        const struct sockaddr_in *four = at;

        memcpy(end->address, &four->sin_addr, 4);
        end->port = ntohs(four->sin_port);
    }
}

/* A server that listens for both kinds sees IPv4 as ::ffff:a.b.c.d. */
static void plain_four(struct pcap_link *l)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (!l->ip6 || memcmp(l->end[0].address, mapped, 12) != 0 ||
        memcmp(l->end[1].address, mapped, 12) != 0)
        return;
    for (int i = 0; i < 2; i++)
        memmove(l->end[i].address, l->end[i].address + 12, 4);
    l->ip6 = false;
}

static void shake_hands(struct pcap_link *l, bool client, double rtt)
{
    uint64_t now = pcap_now();
    uint64_t ago = rtt > 0 && rtt < 1e6 ? (uint64_t)(rtt * 1e6) : 0;

    segment(l, client, SYN, hf_span(NULL, 0), now - ago);
    segment(l, !client, SYN | ACK, hf_span(NULL, 0), now);
    segment(l, client, ACK, hf_span(NULL, 0), now);
}

struct pcap_link *pcap_link_new(struct pcap *p, int fd, bool client, double rtt)
{
    struct sockaddr_storage own = { 0 }, peer = { 0 };
    socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
    struct pcap_link *l = p ? calloc(1, sizeof(*l)) : NULL;

    if (!l)
        return NULL;
    l->to = p;
    (void)getsockname(fd, (struct sockaddr *)&own, &own_len);
    (void)getpeername(fd, (struct sockaddr *)&peer, &peer_len);
    set_end(l, &l->end[0], &own);
    set_end(l, &l->end[1], &peer);
    plain_four(l);
    shake_hands(l, client, rtt);
    return l;
}

void pcap_link_flush(struct pcap_link *l)
{
    struct hf_span bytes;

    if (!l)
        return;
    bytes = hf_buffer_bytes(&l->came);
    data(l, false, bytes, l->came_at);
    hf_buffer_drop(&l->came, bytes.len);
}

void pcap_link_tap(void *ctx, bool sent, struct hf_span bytes)
{
    struct pcap_link *l = ctx;

    if (!l)
        return;
    pcap_link_flush(l);
    if (sent) {
        data(l, true, bytes, pcap_now());
    } else if (!bytes.len) {
        finish(l, false, pcap_now());
    } else {
        l->came_at = pcap_now();
        if (!hf_buffer_add(&l->came, bytes))
            data(l, false, bytes, l->came_at); /* without memory: at once */
    }
}

void pcap_link_free(struct pcap_link *l)
{
    if (!l)
        return;
    pcap_link_flush(l);
    finish(l, true, pcap_now());
    hf_buffer_wipe(&l->came);
    free(l);
}
