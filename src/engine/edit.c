/* edit.c - see edit.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { HEADER = 4, RANDOM = HEADER + 2, SESSION_ID = RANDOM + 32 };

bool edit_is(const struct rogue_record *record, unsigned kind)
{
    unsigned is = record->bytes[0];

    if (record->type != HF_CONTENT_HANDSHAKE || record->len < HEADER)
        return false;
    if (is == HF_SERVER_HELLO && record->len > SESSION_ID &&
        !memcmp(record->bytes + RANDOM, hf_retry_random, 32))
        is = HF_HELLO_RETRY_REQUEST;
    return is == kind;
}

void edit_put(struct rogue_record *record, size_t at, struct hf_span bytes)
{
    assert_true(at <= record->len && bytes.len <= record->len - at);
    memcpy(record->bytes + at, bytes.at, bytes.len);
}

void edit_splice(struct rogue_record *record, size_t at, size_t old,
                 struct hf_span bytes)
{
    assert_true(at <= record->len && old <= record->len - at);
    assert_true(record->len - old + bytes.len <= sizeof(record->bytes));
    memmove(record->bytes + at + bytes.len, record->bytes + at + old,
            record->len - at - old);
    hf_copy(record->bytes + at, bytes.at, bytes.len);
    record->len = record->len - old + bytes.len;
    hf_store_number(record->bytes + 1, record->len - HEADER, 3);
}

static size_t number(const struct rogue_record *record, size_t at,
                     unsigned width)
{
    assert_true(at + width <= record->len);
    return hf_number(record->bytes + at, width);
}

size_t edit_block(const struct rogue_record *record)
{
    size_t at = SESSION_ID;

    switch (record->bytes[0]) {
    case HF_CLIENT_HELLO:
        at += 1 + number(record, at, 1);
        at += 2 + number(record, at, 2);
        return at + 1 + number(record, at, 1);
    case HF_SERVER_HELLO: return at + 1 + number(record, at, 1) + 3;
    case HF_ENCRYPTED_EXTENSIONS: return HEADER;
    case HF_CERTIFICATE_REQUEST: return HEADER + 1;
    case HF_NEW_SESSION_TICKET:
        at = HEADER + 8;
        at += 1 + number(record, at, 1);
        return at + 2 + number(record, at, 2);
    default: fail_msg("no extensions in message %u", record->bytes[0]);
    }
    return 0;
}

size_t edit_find(const struct rogue_record *record, unsigned ext)
{
    size_t at = edit_block(record), end = at + 2 + number(record, at, 2);

    for (at += 2; at < end; at += 4 + number(record, at + 2, 2))
        if (number(record, at, 2) == ext)
            return at;
    return 0;
}

struct hf_span edit_body(const struct rogue_record *record, unsigned ext)
{
    size_t at = edit_find(record, ext);

    assert_true(at > 0);
    return hf_span(record->bytes + at + 4, number(record, at + 2, 2));
}

/* Splice inside the block; its length follows. */
static void splice_block(struct rogue_record *record, size_t at, size_t old,
                         struct hf_span bytes)
{
    size_t block = edit_block(record), len = number(record, block, 2);

    edit_splice(record, at, old, bytes);
    hf_store_number(record->bytes + block, len - old + bytes.len, 2);
}

void edit_drop(struct rogue_record *record, unsigned ext)
{
    size_t at = edit_find(record, ext);

    assert_true(at > 0);
    splice_block(record, at, 4 + number(record, at + 2, 2), hf_span(NULL, 0));
}

static void insert(struct rogue_record *record, size_t at, unsigned ext,
                   struct hf_span body)
{
    static uint8_t room[16384];

    assert_true(body.len <= sizeof(room) - 4);
    hf_store_number(room, ext, 2);
    hf_store_number(room + 2, body.len, 2);
    hf_copy(room + 4, body.at, body.len);
    splice_block(record, at, 0, hf_span(room, 4 + body.len));
}

void edit_add(struct rogue_record *record, unsigned ext, struct hf_span body)
{
    size_t block = edit_block(record);

    insert(record, block + 2 + number(record, block, 2), ext, body);
}

void edit_set(struct rogue_record *record, unsigned ext, struct hf_span body)
{
    size_t at = edit_find(record, ext);

    if (!at) {
        edit_add(record, ext, body);
        return;
    }
    splice_block(record, at, 4 + number(record, at + 2, 2), hf_span(NULL, 0));
    insert(record, at, ext, body);
}

/* ---- pre_shared_key, taken apart and put together ---- */

enum { PRE_SHARED_KEY = 41 };

struct edit_psks edit_psks(const struct rogue_record *record)
{
    struct hf_span body = edit_body(record, PRE_SHARED_KEY);
    struct edit_psks p;

    p.ids_len = hf_number(body.at, 2);
    p.macs_len = hf_number(body.at + 2 + p.ids_len, 2);
    assert_int_equal(body.len, 4 + p.ids_len + p.macs_len);
    memcpy(p.ids, body.at + 2, p.ids_len);
    memcpy(p.macs, body.at + 4 + p.ids_len, p.macs_len);
    return p;
}

void edit_put_psks(struct rogue_record *record, const struct edit_psks *p)
{
    uint8_t body[9000];

    hf_store_number(body, p->ids_len, 2);
    memcpy(body + 2, p->ids, p->ids_len);
    hf_store_number(body + 2 + p->ids_len, p->macs_len, 2);
    memcpy(body + 4 + p->ids_len, p->macs, p->macs_len);
    edit_set(record, PRE_SHARED_KEY,
             hf_span(body, 4 + p->ids_len + p->macs_len));
}
