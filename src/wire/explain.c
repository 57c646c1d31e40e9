/* explain.c - whole messages and records, shown field by field.
 *
 * The codec knows layouts; this file knows which layout comes when.  Headers
 * and what follows them are shown one after the other, as they travel:
 *
 *     TLSPlaintext   Handshake   ClientHello ...   TLSPlaintext   Alert ...
 *
 * A message may be split over records.  Its pieces are shown as fragments
 * where they lie; when the last one is there, the message is shown as a whole
 * from the room in which it was put together, and each offset is translated
 * back to where the byte lies in the records.
 */
#include "wire/wire.h"

enum { HEADER = 4, RECORD_HEADER = 5 };
enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, HEARTBEAT = 24 };

struct explain {
    struct hf_span all; /* what we were given */
    const struct hf_visitor *see;
    struct hf_visitor relay; /* passes on to `see` with offsets translated */
    struct hf_fault *fault;
    unsigned version; /* 0 while unknown */
    bool ccs;         /* a ChangeCipherSpec went by */

    /* The bytes being walked begin at `first` of `all`; if they were put
     * together, their first piece ends at first_end, the next one follows
     * behind a record header, and they are `len` in all. */
    size_t first, first_end, len;
    bool split;
    size_t piece, piece_end; /* the piece that was looked at last, */
    size_t back;             /* and its offset in the walked bytes */

    /* The message that goes on in the next record. */
    struct hf_writer message; /* its bytes, unless it is too large */
    size_t have, total;       /* bytes that went by, 0: there is none; and
                               * bytes in all, 0: not known yet */
    size_t start, start_end;  /* its first piece */
    uint8_t least[HEADER];    /* the least room that will do */
};

/* ---- offsets ---------------------------------------------------------------------- */

/* The bytes to be walked next lie in one piece. */
static void lie_whole(struct explain *e, size_t at)
{
    e->split = false;
    e->first = at;
}

/* They are @len bytes in pieces, the first of which is [at, end). */
static void lie_split(struct explain *e, size_t at, size_t end, size_t len)
{
    e->split = true;
    e->len = len;
    e->first = e->piece = at;
    e->first_end = e->piece_end = end;
    e->back = 0;
}

/* Where byte @offset of the walked bytes lies in what we were given.  Fields
 * are seen nearly in order, so the search begins at the last answer.  All
 * pieces are there, or there would not be so many bytes; the end of them all
 * is the end of the last one. */
static size_t translate(struct explain *e, size_t offset)
{
    size_t over = offset && offset == e->len;

    if (!e->split)
        return e->first + offset;
    offset -= over;
    if (offset < e->back)
        lie_split(e, e->first, e->first_end, e->len);
    while (offset < e->len && offset - e->back >= e->piece_end - e->piece) {
        const uint8_t *header = e->all.at + e->piece_end;

        e->back += e->piece_end - e->piece;
        e->piece = e->piece_end + RECORD_HEADER;
        e->piece_end = e->piece + hf_number(header + 3, 2);
    }
    return e->piece + (offset - e->back) + over;
}

static void relay_enter(void *ctx, const struct hf_seen *seen)
{
    struct explain *e = ctx;
    struct hf_seen moved = *seen;

    moved.offset = translate(e, seen->offset);
    if (e->see)
        e->see->enter(e->see->ctx, &moved);
}

static void relay_field(void *ctx, const struct hf_seen *seen)
{
    struct explain *e = ctx;
    struct hf_seen moved = *seen;

    moved.offset = translate(e, seen->offset);
    if (e->see)
        e->see->field(e->see->ctx, &moved);
}

static void relay_leave(void *ctx)
{
    struct explain *e = ctx;

    if (e->see)
        e->see->leave(e->see->ctx);
}

static void begin(struct explain *e, struct hf_span all, unsigned version,
                  const struct hf_visitor *see, struct hf_fault *fault)
{
    *e = (struct explain){
        .all = all, .see = see, .fault = fault, .version = version
    };
    e->relay = (struct hf_visitor){ relay_enter, relay_field, relay_leave, e };
    *fault = (struct hf_fault){ .kind = HF_FAULT_NONE };
}

/* Show @bytes, where they were last said to lie. */
static bool read(struct explain *e, hf_layout_fn *layout, struct hf_span bytes)
{
    if (hf_wire_read(layout, bytes, NULL, &e->relay, e->fault))
        return true;
    e->fault->offset = translate(e, e->fault->offset);
    return false;
}

/* Show @bytes, which lie at @at of what we were given. */
static bool show(struct explain *e, hf_layout_fn *layout, size_t at,
                 struct hf_span bytes)
{
    lie_whole(e, at);
    return read(e, layout, bytes);
}

static bool show_at(struct explain *e, hf_layout_fn *layout, size_t at,
                    size_t len)
{
    return show(e, layout, at, hf_span_first(hf_span_after(e->all, at), len));
}

/* ---- which layout --------------------------------------------------------------------- */

static void nothing(void *ctx, const struct hf_seen *seen)
{
    (void)ctx;
    (void)seen;
}

static void nothing_left(void *ctx)
{
    (void)ctx;
}

/* Could @layout be shown?  Asks for the bodies of extensions too. */
static bool fits(hf_layout_fn *layout, struct hf_span body)
{
    static const struct hf_visitor blind = { nothing, nothing, nothing_left,
                                             NULL };
    struct hf_fault fault;

    return hf_wire_read(layout, body, NULL, &blind, &fault);
}

static hf_layout_fn *server_hello(struct explain *e, struct hf_span body)
{
    enum hf_place place = hf_wire_server_hello_place(body);

    if (!e->version && place != HF_SH12)
        e->version = 0x0304;
    else if (!e->version && body.len >= 2)
        e->version = hf_number(body.at, 2);
    if (place == HF_HRR)
        return hf_hello_retry_request;
    return place == HF_SH ? hf_server_hello : hf_server_hello_12;
}

/* Before TLS 1.2 signatures did not name their algorithm (RFC 5246 1.2); we
 * do not describe the older forms. */
static bool is_older_form(unsigned type, unsigned version)
{
    return version && version < 0x0303 &&
           (type == 12 || type == 13 || type == 15);
}

static hf_layout_fn *choose(struct explain *e, unsigned type,
                            struct hf_span body)
{
    hf_layout_fn *first = NULL;

    if (type == 2)
        return server_hello(e, body);
    if (is_older_form(type, e->version))
        return hf_opaque;
    for (size_t i = 0; i < hf_message_count; i++) {
        const struct hf_message_row *row = &hf_message_table[i];

        if (row->type != type)
            continue;
        if (e->version && row->version &&
            (e->version == 0x0304) != (row->version == 0x0304))
            continue;
        if (fits(row->layout, body))
            return row->layout;
        if (!first)
            first = row->layout; /* which will tell why it does not fit */
    }
    return first ? first : hf_opaque;
}

/* ---- messages --------------------------------------------------------------------------- */

/* Bytes of the message that begins with @header, or 0 if the header is not
 * whole yet. */
static size_t message_len(struct hf_span bytes)
{
    if (bytes.len < HEADER)
        return 0;
    return HEADER + (size_t)hf_number(bytes.at + 1, 3);
}

/* The message at @at ends before its time: @left of @found bytes are there
 * behind its header. */
static bool stop_short(struct explain *e, size_t at, size_t found, size_t left)
{
    const struct hf_layout *layout = hf_handshake_header();

    *e->fault = (struct hf_fault){
        .kind = HF_FAULT_SHORT,
        .announced = true,
        .layout = layout,
        .field = &layout->field[1],
        .offset = at,
        .found = found,
        .left = left,
    };
    return false;
}

/* One whole message that lies in one piece at @at. */
static bool show_message(struct explain *e, size_t at, struct hf_span bytes)
{
    struct hf_span body = hf_span_after(bytes, HEADER);

    return show(e, hf_handshake_header, at, hf_span_first(bytes, HEADER)) &&
           show(e, choose(e, bytes.at[0], body), at + HEADER, body);
}

bool hf_explain_layout(hf_layout_fn *layout, struct hf_span bytes,
                       const struct hf_visitor *see, struct hf_fault *fault)
{
    struct explain e;

    begin(&e, bytes, 0, see, fault);
    return show(&e, layout, 0, bytes);
}

/* What is there of a message that is not whole: its header, or less. */
static bool show_rest(struct explain *e, size_t at, struct hf_span bytes)
{
    if (bytes.len < HEADER) /* the header's own layout tells what is missing */
        return show(e, hf_handshake_header, at, bytes);
    return show(e, hf_handshake_header, at, hf_span_first(bytes, HEADER)) &&
           stop_short(e, at + 1, message_len(bytes) - HEADER,
                      bytes.len - HEADER);
}

bool hf_explain(struct hf_span bytes, unsigned version,
                const struct hf_visitor *see, struct hf_fault *fault)
{
    struct explain e;
    size_t at = 0;

    begin(&e, bytes, version, see, fault);
    do {
        struct hf_span rest = hf_span_after(bytes, at);
        size_t len = message_len(rest);

        if (!len || len > rest.len)
            return show_rest(&e, at, rest);
        if (!show_message(&e, at, hf_span_first(rest, len)))
            return false;
        at += len;
    } while (at < bytes.len);
    return true;
}

/* ---- records ------------------------------------------------------------------------------ */

/* Is a handshake record behind a ChangeCipherSpec sealed?  In TLS 1.2 it is;
 * in TLS 1.3 the CCS means nothing (RFC 8446 D.4), and a second hello may
 * follow in clear. */
static bool is_sealed(const struct explain *e, struct hf_span body)
{
    size_t len = message_len(body);

    if (!e->ccs || e->version == 0x0304)
        return false;
    if (len && len <= body.len && body.at[0] == 1)
        return !fits(hf_client_hello, hf_span(body.at + HEADER, len - HEADER));
    return true;
}

/* Bytes at @at are a piece of the message that is open. */
static bool show_piece(struct explain *e, size_t at, size_t len)
{
    return len == 0 || show_at(e, hf_fragment, at, len);
}

/* Add bytes from *at to the open message until it has @want, if there are so
 * many before @end. */
static void gather(struct explain *e, size_t *at, size_t end, size_t want)
{
    size_t take = want - e->have < end - *at ? want - e->have : end - *at;

    if (e->total <= e->message.cap && take)
        hf_put_bytes(&e->message, hf_span(e->all.at + *at, take));
    e->have += take;
    *at += take;
    if (!e->total && e->have == HEADER)
        e->total = message_len(hf_written(&e->message));
}

/* The open message is whole: show it from the room it was gathered in. */
static bool show_split(struct explain *e)
{
    struct hf_span bytes = hf_written(&e->message);
    struct hf_span body = hf_span_after(bytes, HEADER);
    size_t at;

    lie_split(e, e->start, e->start_end, bytes.len);
    if (!read(e, hf_handshake_header, hf_span_first(bytes, HEADER)))
        return false;
    at = translate(e, HEADER);
    lie_split(e, at, e->piece_end, body.len);
    return read(e, choose(e, bytes.at[0], body), body);
}

/* A message begins at @at and does not end by @end. */
static bool begin_split(struct explain *e, size_t at, size_t end)
{
    size_t start = at;

    e->message.len = e->have = e->total = 0;
    e->start = at;
    e->start_end = end;
    gather(e, &at, end, HEADER);
    if (e->total)
        gather(e, &at, end, e->total);
    return show_piece(e, start, end - start);
}

/* More of the open message lies at *at. */
static bool continue_split(struct explain *e, size_t *at, size_t end)
{
    size_t start = *at;

    if (!e->total)
        gather(e, at, end, HEADER);
    if (e->total)
        gather(e, at, end, e->total);
    if (!e->total || e->have < e->total)
        return show_piece(e, start, *at - start);
    e->have = 0;
    if (e->total > e->message.cap)
        return show_piece(e, start, *at - start);
    return show_split(e);
}

/* The bytes end, or something comes between (RFC 8446 5.1: it must not),
 * while a message is open. */
static bool stop_split(struct explain *e)
{
    lie_split(e, e->start, e->start_end, e->have);
    if (!e->total)
        return read(e, hf_handshake_header, hf_written(&e->message));
    return stop_short(e, translate(e, 1), e->total - HEADER, e->have - HEADER);
}

/* The handshake bytes of one record, [at, end). */
static bool show_handshake(struct explain *e, size_t at, size_t end)
{
    if (e->have && !continue_split(e, &at, end))
        return false;
    while (at < end) {
        struct hf_span rest = hf_span(e->all.at + at, end - at);
        size_t len = message_len(rest);

        if (!len || len > rest.len)
            return begin_split(e, at, end);
        if (!show_message(e, at, hf_span_first(rest, len)))
            return false;
        at += len;
    }
    return true;
}

/* The inside of one record, [at, end). */
static bool show_record(struct explain *e, unsigned type, size_t at, size_t end)
{
    size_t len = end - at;

    switch (type) {
    case CCS: e->ccs = true; return show_at(e, hf_change_cipher_spec, at, len);
    case ALERT:
        if (e->ccs && len != 2)
            return show_at(e, hf_sealed, at, len);
        return show_at(e, hf_alert, at, len);
    case HANDSHAKE:
        if (!e->have && is_sealed(e, hf_span(e->all.at + at, len)))
            return show_at(e, hf_sealed, at, len);
        return show_handshake(e, at, end);
    case DATA: return show_at(e, hf_application_data, at, len);
    case HEARTBEAT:
        return show_at(e, e->ccs ? hf_sealed : hf_heartbeat_message, at, len);
    default: return show_at(e, hf_opaque, at, len);
    }
}

/* Fewer bytes than the record's header says. */
static bool record_short(struct explain *e, size_t at, size_t found)
{
    const struct hf_layout *layout = hf_record_header();

    *e->fault = (struct hf_fault){
        .kind = HF_FAULT_SHORT,
        .announced = true,
        .layout = layout,
        .field = &layout->field[2],
        .offset = at + 3,
        .found = found,
        .left = e->all.len - at - RECORD_HEADER,
    };
    return false;
}

bool hf_explain_records(struct hf_span bytes, unsigned version, uint8_t *room,
                        size_t cap, const struct hf_visitor *see,
                        struct hf_fault *fault)
{
    struct explain e;
    size_t at = 0;

    begin(&e, bytes, version, see, fault);
    e.message = cap < HEADER ? hf_writer(e.least, HEADER)
                             : hf_writer(room, cap);
    do {
        size_t there = bytes.len - at, len;

        if (!show_at(&e, hf_record_header, at,
                     there < RECORD_HEADER ? there : RECORD_HEADER))
            return false;
        len = hf_number(bytes.at + at + 3, 2);
        if (len > there - RECORD_HEADER)
            return record_short(&e, at, len);
        if (e.have && bytes.at[at] != HANDSHAKE)
            break;
        at += RECORD_HEADER;
        if (!show_record(&e, bytes.at[at - RECORD_HEADER], at, at + len))
            return false;
        at += len;
    } while (at < bytes.len);
    return !e.have || stop_split(&e);
}
