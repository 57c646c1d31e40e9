/* capture.h - captures of other programs' connections, as `handfast explain`
 * reads them.
 *
 *     file --capture_file.c--> packets, secrets        pcap, pcapng
 *     packet --capture_packet.c--> a segment           Ethernet .. TCP
 *     segments --capture.c--> connections
 *     connection --capture_tcp.c--> bytes, in order    and what is missing
 *     bytes --capture_tls.c--> messages, alerts, data  by capture_open.c, which
 *     key log --capture_keys.c-----------------------> has the keys
 *
 * Nothing in here prints; capture_tell.c makes lines and JSON of it.  Every
 * byte of a file is somebody else's: what is borrowed points into the file, and
 * what a file can repeat has a limit below.
 */
#ifndef HANDFAST_TOOL_CAPTURE_H
#define HANDFAST_TOOL_CAPTURE_H

#include "record/record.h"

enum {
    CAPTURE_INTERFACES_MAX = 256,
    CAPTURE_SEGMENTS_MAX = 1 << 23, /* TCP segments that are looked at */
    CAPTURE_STREAMS_MAX = 1 << 16,  /* connections */
    CAPTURE_HELD_MAX = 4096,        /* segments that wait for an earlier one */
    CAPTURE_SECRETS_MAX = 1 << 20,  /* lines of key logs that are kept */
    CAPTURE_HEADERS_MAX = 8         /* VLAN tags; extension headers of IPv6 */
};

/* ---- a file (capture_file.c) --------------------------------------------------- */

struct capture_interface {
    uint32_t link; /* LINKTYPE_x */
    uint32_t snap; /* bytes kept of a packet; 0: all */
    uint8_t resolution;
};
struct capture_file {
    struct hf_span left;
    size_t size;
    bool pcapng, little, nano;
    struct capture_interface face[CAPTURE_INTERFACES_MAX];
    size_t faces;
    const char *fault; /* why the rest cannot be read, or NULL */
    size_t fault_at;   /* byte of the file */
};
enum capture_kind { CAPTURE_END, CAPTURE_PACKET, CAPTURE_SECRETS };
struct capture_item {
    uint64_t time; /* nanoseconds since 1970; 0: not known */
    uint32_t link;
    struct hf_span bytes;
    size_t whole; /* length of the packet on the wire */
};
/* Does @bytes begin as a capture does? */
bool capture_is(struct hf_span bytes);
void capture_file_open(struct capture_file *f, struct hf_span bytes);
/* The next packet, or the next block of lines of a key log. */
enum capture_kind capture_file_next(struct capture_file *f,
                                    struct capture_item *out);

/* ---- a packet (capture_packet.c) ------------------------------------------------- */

struct capture_end {
    uint8_t address[16];
    uint8_t len; /* 4 or 16 */
    uint16_t port;
};
enum { CAPTURE_FIN = 1, CAPTURE_SYN = 2, CAPTURE_RST = 4, CAPTURE_ACK = 16 };
struct capture_segment {
    uint64_t time;
    const uint8_t *at;
    uint32_t captured, len; /* bytes that are there; that there were */
    uint32_t seq, ack;
    uint32_t number; /* of the packet, from 1 */
    uint32_t next;   /* of the same connection, index + 1; 0: none */
    uint8_t flags;
    uint8_t from; /* which end of its connection */
};
enum capture_class {
    CAPTURE_TCP,
    CAPTURE_OTHER,    /* UDP, ARP ... */
    CAPTURE_FRAGMENT, /* of IP */
    CAPTURE_BROKEN,   /* cut, or nonsense */
    CAPTURE_LINK,     /* of a network that we cannot read */
    CAPTURE_CLASSES
};
enum capture_class capture_packet(const struct capture_item *item,
                                  struct capture_end ends[2],
                                  struct capture_segment *out);

/* ---- secrets (capture_keys.c) ------------------------------------------------------ */

enum capture_label {
    LABEL_CLIENT_RANDOM, /* TLS 1.2: the master secret */
    LABEL_CLIENT_EARLY,
    LABEL_CLIENT_HANDSHAKE,
    LABEL_SERVER_HANDSHAKE,
    LABEL_CLIENT_TRAFFIC,
    LABEL_SERVER_TRAFFIC,
    LABELS
};
struct capture_secret {
    uint8_t random[32];
    uint8_t label;
    uint8_t len;
    uint8_t secret[HF_HASH_MAX];
};
struct capture_keys {
    struct capture_secret *at;
    size_t count, room;
    size_t connections; /* after sorting */
    size_t foreign;     /* lines that are none of a key log */
};
/* Take the lines of a key log.  False only without memory. */
bool capture_keys_add(struct capture_keys *k, struct hf_span text);
/* After the last of them. */
void capture_keys_sort(struct capture_keys *k);
/* NULL if there is none. */
const struct capture_secret *capture_keys_find(const struct capture_keys *k,
                                               const uint8_t random[32],
                                               enum capture_label label);
/* Is there any for this connection? */
bool capture_keys_know(const struct capture_keys *k, const uint8_t random[32]);
void capture_keys_wipe(struct capture_keys *k);

/* ---- connections (capture.c) ------------------------------------------------------- */

struct capture_stream {
    struct capture_end end[2]; /* the one who called, if that was seen; else
                                * who was heard first */
    bool called;               /* the SYN is there */
    bool greeted;              /* that, or the answer to it */
    bool closed;
    uint32_t isn; /* of the caller, if that was seen */
    uint32_t first, last, segments;
    uint32_t chain; /* index + 1 of the next one in its bucket */
    uint64_t began;
};
struct capture {
    struct capture_stream *stream;
    struct capture_segment *segment;
    size_t streams, stream_room, segments, segment_room;
    uint32_t *bucket;
    struct capture_keys keys;
    size_t inside; /* secrets that were in the file itself */
    size_t packets, class[CAPTURE_CLASSES];
    size_t dropped; /* beyond our limits */
    bool pcapng;
    const char *fault; /* of the file, as in struct capture_file */
    size_t fault_at;
};
/* Sort the packets of @file, which stays borrowed, by connection.  False only
 * without memory. */
bool capture_read(struct capture *c, struct hf_span file);
void capture_wipe(struct capture *c);

/* ---- bytes in order (capture_tcp.c) ---------------------------------------------------- */

struct capture_when {
    uint64_t time;
    uint32_t packet;
};
struct capture_listener {
    void (*bytes)(void *ctx, unsigned from, struct hf_span bytes,
                  const struct capture_when *when);
    /* @len bytes at offset @at of what @from said are not in the capture. */
    void (*missing)(void *ctx, unsigned from, uint64_t at, uint64_t len,
                    const struct capture_when *when);
    void (*end)(void *ctx, unsigned from, bool reset,
                const struct capture_when *when);
    void *ctx;
};
/* All of connection @which.  False only without memory. */
bool capture_replay(const struct capture *c, size_t which,
                    const struct capture_listener *to);

/* ---- TLS in them (capture_tls.c, capture_open.c) ------------------------------------------ */

enum capture_epoch {
    EPOCH_CLEAR,
    EPOCH_EARLY,
    EPOCH_HANDSHAKE,
    EPOCH_TRAFFIC,
    EPOCH_SEALED /* not opened */
};
enum capture_event_kind {
    CAPTURE_MESSAGE, /* bytes: with its header */
    CAPTURE_ALERT,
    CAPTURE_CCS,
    CAPTURE_DATA,
    CAPTURE_SEALED,  /* a record that could not be opened */
    CAPTURE_PLAIN,   /* before TLS began */
    CAPTURE_MISSING, /* not in the capture */
    CAPTURE_LOST,    /* in it, but between records */
    CAPTURE_FAULT,   /* what is there makes no sense */
    CAPTURE_FINISH,  /* FIN */
    CAPTURE_RESET    /* RST */
};
struct capture_event {
    uint8_t kind;
    bool client;      /* who says it */
    uint8_t record;   /* type */
    uint8_t epoch;    /* enum capture_epoch */
    uint16_t version; /* 0: not agreed yet */
    uint16_t message; /* MESSAGE: its type */
    bool retry;       /* MESSAGE: a HelloRetryRequest */
    uint64_t offset;  /* MISSING: where */
    uint64_t len;     /* of bytes, or of what is not there */
    struct hf_span bytes;
    const char *what; /* FAULT, SEALED: a sentence, or NULL */
    struct capture_when when;
};

/* One end of a connection. */
struct capture_side {
    struct hf_buffer in; /* bytes of a record that is not whole */
    bool tls;            /* records began */
    bool lost;           /* between records: a header is missing */
    bool gap;            /* since the last record that was opened */
    unsigned searches;   /* for the number of a record, in vain */
    size_t holes;        /* bytes of the record in `in` that are missing */
    struct hf_direction keys;
    uint8_t epoch; /* of keys; EPOCH_CLEAR: none */
    uint8_t secret[HF_HASH_MAX];
    struct hf_reassembly messages;
    bool ccs; /* TLS 1.2: what comes is sealed */
    uint64_t plain;
    uint8_t first[16]; /* of what is plain */
    size_t first_len;
};
struct capture_tls {
    const struct hf_crypto *crypto; /* NULL: there are no secrets */
    const struct capture_keys *keys;
    void (*event)(void *ctx, const struct capture_event *event);
    void *ctx;

    struct capture_side side[2];
    unsigned client; /* index of the side that is the client */
    uint16_t version, suite;
    bool torn; /* the beginning of the connection is not in the capture */
    bool client_hello, server_hello;
    uint8_t client_random[32], server_random[32];
    char name[256]; /* SNI, or "" */
    size_t records, sealed, opened, missing;
    bool no_memory;
};
void capture_tls_init(struct capture_tls *t, const struct hf_crypto *crypto,
                      const struct capture_keys *keys);
struct capture_listener capture_tls_listener(struct capture_tls *t);
void capture_tls_wipe(struct capture_tls *t);
/* Why records stayed sealed, a sentence in @out; "" if none did. */
void capture_tls_why(const struct capture_tls *t, char *out, size_t cap);

/* capture_open.c: what the two ends have agreed on; all that is needed for keys
 * is known. */
/* Open a record of @side.  @room has place for it; false: it stays sealed. */
bool capture_open(struct capture_tls *t, struct capture_side *side,
                  const struct hf_frame *frame, uint8_t *room, uint8_t *type,
                  struct hf_span *plain);
/* TLS 1.2: a ChangeCipherSpec of @side. */
void capture_change(struct capture_tls *t, struct capture_side *side);
/* TLS 1.3: a message of @side has changed its keys. */
void capture_changed13(struct capture_tls *t, struct capture_side *side,
                       unsigned message);

#endif
