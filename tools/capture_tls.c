/* capture_tls.c - TLS out of the two byte streams of a connection, for somebody
 * who was not part of it.
 *
 *     bytes -> records -> (opened) -> messages, alerts, data -> events
 *
 * In the order in which things came; both hellos are read for what opening the
 * rest needs.  What is missing from the capture is told, and where it lies
 * inside a record the records behind it are still found by that one's length.
 */
#include "base/base.h"
#include "capture.h"

enum {
    HEADER = 5,
    RECORD_MAX = 16384 + 2048, /* RFC 5246 6.2.3, older suites' included */
    HEARTBEAT = 24,
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    MESSAGE_HEADER = 4,
    SPLIT = HEADER + 1 /* bytes by which a record can be told */
};

void capture_tls_init(struct capture_tls *t, const struct hf_crypto *crypto,
                      const struct capture_keys *keys)
{
    *t = (struct capture_tls){ .crypto = crypto, .keys = keys };
}

void capture_tls_wipe(struct capture_tls *t)
{
    for (int i = 0; i < 2; i++) {
        hf_buffer_wipe(&t->side[i].in);
        hf_direction_wipe(&t->side[i].keys);
        hf_reassembly_wipe(&t->side[i].messages);
        hf_wipe(t->side[i].secret, HF_HASH_MAX);
    }
}

/* ---- telling --------------------------------------------------------------------- */

static struct capture_event event_of(const struct capture_tls *t,
                                     const struct capture_side *side,
                                     enum capture_event_kind kind,
                                     const struct capture_when *when)
{
    return (struct capture_event){
        .kind = (uint8_t)kind,
        .client = side == &t->side[t->client],
        .version = t->version,
        .when = *when,
    };
}

static void tell(const struct capture_tls *t, const struct capture_event *e)
{
    t->event(t->ctx, e);
}

static void tell_fault(const struct capture_tls *t,
                       const struct capture_side *side, const char *what,
                       const struct capture_when *when)
{
    struct capture_event e = event_of(t, side, CAPTURE_FAULT, when);

    e.what = what;
    tell(t, &e);
}

/* ---- hellos ------------------------------------------------------------------------- */

static void note_name(struct capture_tls *t,
                      const struct hf_client_hello *hello)
{
    struct hf_server_name_list list;
    struct hf_server_name_entry entry;
    struct hf_fault fault;

    if (hello->extensions.present & HF_BIT(server_name) &&
        hf_wire_read_ext(hf_server_name_list, &hello->extensions,
                         HF_EXT_server_name, &list, &fault) &&
        hf_wire_next(hf_server_name_entry, &list.names, &entry))
        hf_format(t->name, sizeof(t->name), "%q", &entry.host_name);
}

/* Whoever says hello first is the client, even if the call was not seen. */
static void note_client_hello(struct capture_tls *t,
                              const struct capture_side *side,
                              struct hf_span body)
{
    struct hf_client_hello hello;
    struct hf_fault fault;

    if (!hf_wire_read(hf_client_hello, body, &hello, NULL, &fault))
        return;
    if (!t->client_hello && !t->server_hello)
        t->client = side == &t->side[1];
    t->client_hello = true;
    hf_copy(t->client_random, hello.random, 32);
    note_name(t, &hello);
}

static void note_server_hello(struct capture_tls *t,
                              const struct capture_side *side,
                              struct hf_span body)
{
    enum hf_place place = hf_wire_server_hello_place(body);
    struct hf_server_hello_any hello;
    struct hf_fault fault;

    if (!hf_wire_read(hf_server_hello_any, body, &hello, NULL, &fault))
        return;
    if (!t->client_hello && !t->server_hello)
        t->client = side == &t->side[0];
    t->version = place == HF_SH12 ? hello.legacy_version : 0x0304;
    t->suite = hello.cipher_suite;
    if (place == HF_HRR)
        return;
    t->server_hello = true;
    hf_copy(t->server_random, hello.random, 32);
}

/* ---- messages ------------------------------------------------------------------------- */

static void take_message(struct capture_tls *t, struct capture_side *side,
                         struct hf_span message, uint8_t epoch,
                         const struct capture_when *when)
{
    struct hf_span body = hf_span_after(message, MESSAGE_HEADER);
    struct capture_event e;
    unsigned kind = message.at[0];

    if (kind == CLIENT_HELLO)
        note_client_hello(t, side, body);
    if (kind == SERVER_HELLO)
        note_server_hello(t, side, body);
    e = event_of(t, side, CAPTURE_MESSAGE, when);
    e.record = HF_CONTENT_HANDSHAKE;
    e.epoch = epoch;
    e.message = (uint16_t)kind;
    e.retry = kind == SERVER_HELLO &&
              hf_wire_server_hello_place(body) == HF_HRR;
    e.bytes = message;
    e.len = message.len;
    tell(t, &e);
    if (t->version == 0x0304 && epoch != EPOCH_CLEAR)
        capture_changed13(t, side, kind);
}

static void take_fragment(struct capture_tls *t, struct capture_side *side,
                          struct hf_span fragment, uint8_t epoch,
                          const struct capture_when *when)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;

    hf_reassembly_add(&side->messages, fragment);
    while (hf_reassembly_next(&side->messages, &message, &error))
        take_message(t, side, message, epoch, when);
    if (!error.code && hf_reassembly_save(&side->messages, &error))
        return;
    t->no_memory |= error.code == HF_E_OUT_OF_MEMORY;
    tell_fault(t, side, hf_error_text(error.code), when);
    hf_reassembly_wipe(&side->messages);
}

/* ---- records ---------------------------------------------------------------------------- */

/* What is inside of a record. */
static void take_content(struct capture_tls *t, struct capture_side *side,
                         uint8_t type, struct hf_span plain, uint8_t epoch,
                         const struct capture_when *when)
{
    struct capture_event e;

    if (type == HF_CONTENT_HANDSHAKE) {
        take_fragment(t, side, plain, epoch, when);
        return;
    }
    e = event_of(t, side,
                 type == HF_CONTENT_CCS     ? CAPTURE_CCS
                 : type == HF_CONTENT_ALERT ? CAPTURE_ALERT
                                            : CAPTURE_DATA,
                 when);
    e.record = type;
    e.epoch = epoch;
    e.bytes = plain;
    e.len = plain.len;
    tell(t, &e);
    if (type == HF_CONTENT_CCS && t->version != 0x0304)
        capture_change(t, side);
}

static void take_sealed(struct capture_tls *t, struct capture_side *side,
                        const struct hf_frame *frame, const char *what,
                        const struct capture_when *when)
{
    struct capture_event e = event_of(t, side, CAPTURE_SEALED, when);

    e.record = frame->type;
    e.epoch = EPOCH_SEALED;
    e.bytes = hf_span(frame->body, frame->len);
    e.len = frame->len;
    e.what = what;
    t->sealed++;
    tell(t, &e);
    /* TLS 1.2: a new handshake under the old keys changes them all the same */
    if (frame->type == HF_CONTENT_CCS)
        capture_change(t, side);
}

static bool is_protected(const struct capture_tls *t,
                         const struct capture_side *side, uint8_t type)
{
    /* RFC 8446 D.4: in TLS 1.3 a ChangeCipherSpec means nothing */
    return type == HF_CONTENT_DATA || (side->ccs && t->version != 0x0304);
}

/* A record of which some bytes are missing; its number is used up. */
static void take_damaged(struct capture_tls *t, struct capture_side *side,
                         const struct hf_frame *frame,
                         const struct capture_when *when)
{
    hf_reassembly_wipe(&side->messages);
    if (side->keys.aead)
        side->keys.seq++;
    side->gap = true;
    take_sealed(t, side, frame, "a part of it is missing", when);
}

static void take_record(struct capture_tls *t, struct capture_side *side,
                        const struct hf_frame *frame,
                        const struct capture_when *when)
{
    uint8_t room[RECORD_MAX], type = frame->type;
    struct hf_span plain = hf_span(frame->body, frame->len);
    bool covered = is_protected(t, side, type);
    uint8_t epoch = EPOCH_CLEAR;

    t->records++;
    if (side->holes) {
        take_damaged(t, side, frame, when);
        return;
    }
    if (covered && !capture_open(t, side, frame, room, &type, &plain)) {
        side->gap = true; /* perhaps only this one is broken */
        take_sealed(t, side, frame, NULL, when);
        return;
    }
    if (covered) {
        t->opened++;
        side->gap = false;
        epoch = side->epoch;
    }
    take_content(t, side, type, plain, epoch, when);
    hf_wipe(room, covered ? frame->len : 0);
}

/* ---- where records are --------------------------------------------------------------------- */

enum guess { GUESS_NO, GUESS_MORE, GUESS_YES };

/* Could a record begin here?  A stream whose beginning is missing may be met at
 * any record, a fresh one at a hello only. */
static enum guess guess(struct hf_span b, bool fresh)
{
    if ((b.len > 0 && (b.at[0] < HF_CONTENT_CCS || b.at[0] > HEARTBEAT)) ||
        (b.len > 1 && b.at[1] != 3) || (b.len > 2 && b.at[2] > 4))
        return GUESS_NO;
    if (fresh && b.len > 0 && b.at[0] != HF_CONTENT_HANDSHAKE &&
        b.at[0] != HF_CONTENT_ALERT)
        return GUESS_NO;
    if (b.len >= HEADER &&
        (hf_number(b.at + 3, 2) > RECORD_MAX || !hf_number(b.at + 3, 2)))
        return GUESS_NO;
    if (fresh && b.len >= SPLIT && b.at[0] == HF_CONTENT_HANDSHAKE &&
        b.at[5] != CLIENT_HELLO && b.at[5] != SERVER_HELLO)
        return GUESS_NO;
    return b.len < SPLIT ? GUESS_MORE : GUESS_YES;
}

static void lose(struct capture_side *side)
{
    hf_buffer_drop(&side->in, hf_buffer_bytes(&side->in).len);
    hf_reassembly_wipe(&side->messages);
    side->holes = 0;
    side->lost = side->gap = true;
}

/* All whole records at the front. */
static void take_records(struct capture_tls *t, struct capture_side *side,
                         const struct capture_when *when)
{
    while (!side->lost) {
        struct hf_span b = hf_buffer_bytes(&side->in);
        uint8_t *at = side->in.at + side->in.start;
        struct hf_frame frame;

        if (b.len < HEADER)
            return;
        if (b.at[0] < HF_CONTENT_CCS || b.at[0] > HEARTBEAT || b.at[1] != 3 ||
            hf_number(b.at + 3, 2) > RECORD_MAX) {
            tell_fault(t, side, "no record begins where one should", when);
            lose(side);
            return;
        }
        frame = (struct hf_frame){
            .type = b.at[0],
            .version = (uint16_t)hf_number(b.at + 1, 2),
            .header = { at, HEADER },
            .body = at + HEADER,
            .len = hf_number(b.at + 3, 2),
        };
        if (frame.len > b.len - HEADER)
            return;
        take_record(t, side, &frame, when);
        side->holes = 0;
        hf_buffer_drop(&side->in, HEADER + frame.len);
    }
}

/* ---- what comes ------------------------------------------------------------------------------ */

static void take_plain(struct capture_tls *t, struct capture_side *side,
                       struct hf_span bytes, const struct capture_when *when)
{
    struct capture_event e = event_of(t, side, CAPTURE_PLAIN, when);
    size_t room = sizeof(side->first) - side->first_len;
    size_t n = bytes.len < room ? bytes.len : room;

    hf_copy(side->first + side->first_len, bytes.at, n);
    side->first_len += n;
    side->plain += bytes.len;
    e.bytes = bytes;
    e.len = bytes.len;
    tell(t, &e);
}

/* Before TLS, or between records: does one begin with these bytes? */
static bool begins(struct capture_tls *t, struct capture_side *side,
                   const struct capture_when *when)
{
    struct hf_span b = hf_buffer_bytes(&side->in);
    bool other = t->side[0].tls || t->side[1].tls;
    /* After plain words only a hello begins TLS; but a connection that was met
     * in its middle may go on with anything. */
    bool fresh = !side->tls && !t->torn &&
                 (side->plain || (!side->lost && !other));

    switch (guess(b, fresh)) {
    case GUESS_MORE: return false;
    case GUESS_YES:
        side->tls = true;
        side->lost = false;
        return true;
    case GUESS_NO: break;
    }
    if (side->tls || side->lost) {
        struct capture_event e = event_of(t, side, CAPTURE_LOST, when);

        e.len = b.len;
        t->missing += b.len;
        tell(t, &e);
    } else {
        take_plain(t, side, b, when);
    }
    hf_buffer_drop(&side->in, b.len);
    return false;
}

static void on_bytes(void *ctx, unsigned from, struct hf_span bytes,
                     const struct capture_when *when)
{
    struct capture_tls *t = ctx;
    struct capture_side *side = &t->side[from];

    if (!hf_buffer_add(&side->in, bytes)) {
        t->no_memory = true;
        return;
    }
    if ((!side->tls || side->lost) && !begins(t, side, when))
        return;
    take_records(t, side, when);
}

/* Fill a hole inside of a record with zeroes, as far as it goes; true: the hole
 * ends inside of that record. */
static bool fill(struct capture_side *side, uint64_t len)
{
    static const uint8_t zeroes[RECORD_MAX];
    struct hf_span b = hf_buffer_bytes(&side->in);
    size_t left;

    if (!side->tls || side->lost || b.len < HEADER)
        return false;
    left = HEADER + hf_number(b.at + 3, 2) - b.len;
    if (len > left)
        return false;
    side->holes += (size_t)len;
    return hf_buffer_add(&side->in, hf_span(zeroes, (size_t)len));
}

static void on_missing(void *ctx, unsigned from, uint64_t at, uint64_t len,
                       const struct capture_when *when)
{
    struct capture_tls *t = ctx;
    struct capture_side *side = &t->side[from];
    struct capture_event e = event_of(t, side, CAPTURE_MISSING, when);

    t->missing += (size_t)len;
    e.offset = at;
    e.len = len;
    tell(t, &e);
    if (fill(side, len))
        take_records(t, side, when);
    else
        lose(side);
}

static void on_end(void *ctx, unsigned from, bool reset,
                   const struct capture_when *when)
{
    struct capture_tls *t = ctx;
    struct capture_side *side = &t->side[from];
    struct hf_span b = hf_buffer_bytes(&side->in);
    struct capture_event e;

    if (b.len && side->tls)
        tell_fault(t, side, "the stream ends in the middle of a record", when);
    else if (b.len)
        take_plain(t, side, b, when);
    hf_buffer_drop(&side->in, b.len);
    e = event_of(t, side, reset ? CAPTURE_RESET : CAPTURE_FINISH, when);
    tell(t, &e);
}

struct capture_listener capture_tls_listener(struct capture_tls *t)
{
    return (struct capture_listener){ on_bytes, on_missing, on_end, t };
}

/* ---- why not ----------------------------------------------------------------------------------- */

void capture_tls_why(const struct capture_tls *t, char *out, size_t cap)
{
    struct hf_span random = HF_SPAN(t->client_random);
    const struct hf_suite *suite = hf_suite_by_number(t->suite);

    hf_format(out, cap, "");
    if (!t->sealed)
        return;
    if (!t->keys->count)
        hf_format(out, cap,
                  "what is sealed stays so without secrets: let one of the two "
                  "programs write them (SSLKEYLOGFILE=FILE in its environment) "
                  "and say --keylog FILE");
    else if (!t->client_hello || !t->server_hello)
        hf_format(out, cap,
                  "the hellos are not in the capture, so nobody knows which "
                  "secrets belong to this connection");
    else if (!suite)
        hf_format(out, cap, "records of suite %x cannot be opened here",
                  (unsigned)t->suite);
    else if (!capture_keys_know(t->keys, t->client_random))
        hf_format(out, cap,
                  "none of the %z connections in the key log is this one, "
                  "whose client random is %h",
                  t->keys->connections, &random);
    else if (!t->opened)
        hf_format(out, cap,
                  "the key log has secrets of this connection, but they do not "
                  "open it: they are wrong, or not all of them are there");
    else
        hf_format(out, cap, "%z of %z sealed records could not be opened",
                  t->sealed, t->sealed + t->opened);
}
