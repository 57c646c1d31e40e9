/* reassemble.c - messages out of records: what is handed out is whole, and taken
 * from what is there; and however a stream is cut, its messages are the same.
 *
 * The buffer of what is kept is a stand-in that does what buffer.c proves of the
 * one whose place it takes. */
#include "proof.h"

#include "record/reassemble.c"

/* ---- any state ------------------------------------------------------------------- */

enum { KEPT = 1 << 17, STORE = KEPT + HF_CHAIN_BYTES_MAX + MESSAGE_HEADER };
static uint8_t *store; /* any bytes */

bool any_buffer_add(struct hf_buffer *b, struct hf_span bytes)
{
    if (nondet_bool())
        return false; /* no memory */
    PROVE(b->end <= STORE && bytes.len <= STORE - b->end);
    b->at = store;
    b->end += bytes.len;
    b->cap = STORE;
    return true;
}

void any_buffer_drop(struct hf_buffer *b, size_t n)
{
    PROVE(n <= b->end - b->start);
    b->start += n;
    if (b->start == b->end)
        *b = (struct hf_buffer){ NULL, 0, 0, 0 };
}

static size_t pending(const struct hf_reassembly *r)
{
    return r->now.len + (r->kept.end - r->kept.start) - r->lent;
}

/* A message that was lent, and behind it whatever was saved. */
static struct hf_reassembly any_reassembly(void)
{
    struct hf_reassembly r = { .now = any_bytes(HF_PLAINTEXT_MAX) };
    size_t kept = nondet_size(), room_for_all = nondet_size();

    ASSUME(kept <= KEPT);
    store = malloc(room_for_all);
    ASSUME(store != NULL && room_for_all == STORE);
    r.lent = nondet_size();
    ASSUME(r.lent <= kept);
    if (kept)
        r.kept = (struct hf_buffer){ store, 0, kept, STORE };
    return r;
}

void prove_pending(void)
{
    struct hf_reassembly r = any_reassembly();
    struct hf_error error = { .code = HF_OK };
    struct hf_span message = { NULL, 0 };
    size_t before = pending(&r);

    if (hf_reassembly_next(&r, &message, &error)) {
        PROVE(message.len >= MESSAGE_HEADER && message.len <= before);
        PROVE(pending(&r) == before - message.len);
        PROVE(message.len <= MESSAGE_HEADER + HF_CHAIN_BYTES_MAX);
        PROVE(message.at[0] != CLIENT_HELLO ||
              message.len <= MESSAGE_HEADER + HF_HELLO_MAX);
        PROVE(message.len ==
              4 + ((uint32_t)message.at[1] << 16 |
                   (uint32_t)message.at[2] << 8 | message.at[3]));
    } else {
        PROVE(pending(&r) == before);
    }
}

/* ---- however a stream is cut ------------------------------------------------------- */

enum { STREAM = 10, MOST = STREAM / MESSAGE_HEADER };
static uint8_t room[STREAM];

/* Bytes, one by one. */
bool small_buffer_add(struct hf_buffer *b, struct hf_span bytes)
{
    PROVE(bytes.len <= STREAM - b->end);
    b->at = room;
    for (size_t i = 0; i < STREAM; i++)
        if (i < bytes.len)
            room[b->end + i] = bytes.at[i];
    b->end += bytes.len;
    return true;
}

/* All messages of @bytes, which come in two records and are asked for at any
 * time, lie one behind the other.  Returns their lengths together. */
static size_t messages(const uint8_t *bytes, size_t len, size_t cut, bool *bad)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;
    size_t at = 0, any = nondet_size();

    hf_reassembly_add(&r, hf_span(bytes, cut));
    for (unsigned part = 0; part < 2; part++) {
        while ((part || nondet_bool()) &&
               hf_reassembly_next(&r, &message, &error)) {
            PROVE(message.len <= len - at);
            PROVE(any >= message.len || message.at[any] == bytes[at + any]);
            at += message.len;
        }
        if (error.code || !hf_reassembly_save(&r, &error))
            break;
        if (!part)
            hf_reassembly_add(&r, hf_span(bytes + cut, len - cut));
    }
    *bad = error.code != HF_OK;
    return at;
}

/* Where the messages end that are whole. */
static size_t expected(const uint8_t *bytes, size_t len, bool *bad)
{
    size_t at = 0;

    *bad = false;
    while (len - at >= MESSAGE_HEADER) {
        size_t body = (size_t)bytes[at + 1] << 16 | bytes[at + 2] << 8 |
                      bytes[at + 3];
        size_t most = bytes[at] == CLIENT_HELLO ? HF_HELLO_MAX
                      : bytes[at] == CERTIFICATE ||
                              bytes[at] == COMPRESSED_CERTIFICATE
                          ? HF_CHAIN_BYTES_MAX
                          : HF_MESSAGE_MAX;

        if (body > most) {
            *bad = true;
            break;
        }
        if (body > len - at - MESSAGE_HEADER)
            break;
        at += MESSAGE_HEADER + body;
    }
    return at;
}

void prove_cut(void)
{
    uint8_t bytes[STREAM]; /* any */
    size_t len = nondet_size(), cut = nondet_size();
    bool bad, refused;

    ASSUME(len <= STREAM && cut <= len);
    PROVE(messages(bytes, len, cut, &refused) == expected(bytes, len, &bad));
    PROVE(bad == refused);
}
