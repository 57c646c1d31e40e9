/* pcap.h - connections of our own as a capture that Wireshark opens decrypted.
 *
 *     hf_tls_set_tap --pcap_link.c--> TCP segments of one connection
 *     key log lines, segments --pcap_file.c--> pcapng, secrets before packets
 *
 * The bytes, addresses, ports and times are real; TCP's own part (the three-way
 * handshake, sequence numbers, acknowledgements, the end) is made up, because a
 * socket does not show it.
 */
#ifndef HF_TOOL_PCAP_H
#define HF_TOOL_PCAP_H

#include "tool.h"

/* ---- a file (pcap_file.c) ------------------------------------------------------ */

struct pcap;
/* Begin a capture at @path, for our eyes only, and warn of what it will hold.
 * NULL after noting why. */
struct pcap *pcap_open(const struct tool *tool, const char *path,
                       struct failure *f);
/* Write what is left and free it; notes whether something could not be
 * written.  NULL is fine. */
void pcap_close(struct pcap *p, struct failure *f);
/* A line of the key log: stands before every packet that comes after it. */
void pcap_secret(struct pcap *p, const char *line);
/* A packet, an IP header at its front; @time in nanoseconds since 1970. */
void pcap_packet(struct pcap *p, uint64_t time, const uint8_t *packet,
                 size_t len);
uint64_t pcap_now(void);

/* ---- a connection (pcap_link.c) -------------------------------------------------- */

struct pcap_link;
/* The connection of the connected socket @fd, with the three segments that
 * begin it; @rtt: milliseconds that connecting took.  NULL without memory or
 * if @p is NULL. */
struct pcap_link *pcap_link_new(struct pcap *p, int fd, bool client,
                                double rtt);
/* Bytes went by: hf_tap_fn, @ctx a struct pcap_link or NULL. */
void pcap_link_tap(void *ctx, bool sent, struct hf_span bytes);
/* What came is written when the keys to it are known, at the next tap.  All
 * that came was looked into: write it now.  NULL is fine. */
void pcap_link_flush(struct pcap_link *link);
/* The connection is over.  NULL is fine. */
void pcap_link_free(struct pcap_link *link);

#endif
