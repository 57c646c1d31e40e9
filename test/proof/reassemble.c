/* reassemble.c - messages out of records. */
#include "proof.h"

#include "record/reassemble.c"

/* ---- any state: what is handed out is whole, and taken from what is there -------
 *
 * The buffer is a stand-in that counts; any byte may lie anywhere in it. */

enum { STORE = HF_HELLO_MAX + 64 };
static uint8_t *store;

bool any_buffer_add(struct hf_buffer *b, struct hf_span bytes)
{
    PROVE(bytes.len > 0);
    if (nondet_bool())
        return false; /* no memory */
    b->at = store;
    b->end += bytes.len;
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

void prove_pending(void)
{
    struct hf_reassembly r = { .now = any_bytes(HF_PLAINTEXT_MAX) };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message = { NULL, 0 };
    size_t kept = nondet_size(), before;

    ASSUME(kept <= HF_MESSAGE_HEADER + HF_HELLO_MAX);
    store = malloc(STORE); /* any bytes */
    ASSUME(store != NULL);
    if (kept) {
        r.kept = (struct hf_buffer){ store, 0, kept, STORE };
        r.lent = nondet_bool() ? kept : 0;
    }
    before = pending(&r);
    if (hf_reassembly_next(&r, &message, &error)) {
        PROVE(message.len >= MESSAGE_HEADER && message.len <= before);
        PROVE(pending(&r) == before - message.len);
        PROVE(message.len <= MESSAGE_HEADER + HF_HELLO_MAX);
        PROVE(message.len == 4 + hf_number(message.at + 1, 3));
    } else {
        PROVE(pending(&r) == before || error.code != HF_OK);
    }
}

/* ---- however a stream is cut, its messages are the same ------------------------- */

enum { STREAM = 10 };

/* Lengths of the messages in @bytes, which come in two records. */
static size_t messages(const uint8_t *bytes, size_t len, size_t cut,
                       size_t *found)
{
    struct hf_reassembly r = { .lent = 0 };
    struct hf_error error = { .code = HF_OK };
    struct hf_span message;
    size_t n = 0, at = 0;

    hf_reassembly_add(&r, hf_span(bytes, cut));
    for (unsigned part = 0; part < 2; part++) {
        while (n < 3 && hf_reassembly_next(&r, &message, &error)) {
            size_t any = nondet_size();

            ASSUME(any < message.len);
            PROVE(message.len <= len - at);
            PROVE(message.at[any] == bytes[at + any]);
            at += message.len;
            found[n++] = message.len;
        }
        ASSUME(!error.code || error.code == HF_E_TOO_LARGE);
        if (error.code)
            break;
        if (!hf_reassembly_save(&r, &error))
            ASSUME(false); /* no memory */
        if (!part)
            hf_reassembly_add(&r, hf_span(bytes + cut, len - cut));
    }
    hf_reassembly_wipe(&r);
    return n;
}

void prove_cut(void)
{
    uint8_t bytes[STREAM];
    size_t len = nondet_size(), cut = nondet_size();
    size_t whole[3] = { 0 }, parts[3] = { 0 };

    ASSUME(len <= STREAM && cut <= len);
    for (size_t i = 0; i < STREAM; i++)
        bytes[i] = nondet_byte();
    PROVE(messages(bytes, len, len, whole) == messages(bytes, len, cut, parts));
    for (size_t i = 0; i < 3; i++)
        PROVE(whole[i] == parts[i]);
}
