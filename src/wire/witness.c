/* witness.c - for tests: see witness.h. */
#define HF_UNPOISONED
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "wire/witness.h"

#include <cmocka.h>

static void add(struct witness *w, const void *p, size_t len)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < len; i++)
        w->story = (w->story ^ bytes[i]) * 1099511628211u;
}

/* An offset is right if the byte there is the byte seen. */
static void check_place(struct witness *w, const struct hf_seen *seen)
{
    assert_true(seen->offset <= w->all.len);
    if (seen->bytes.len) {
        assert_true(seen->offset < w->all.len);
        assert_int_equal(w->all.at[seen->offset], seen->bytes.at[0]);
    }
    assert_true(seen->offset >= w->last);
    assert_non_null(seen->name);
    assert_non_null(seen->why);
}

static void see_enter(void *ctx, const struct hf_seen *seen)
{
    struct witness *w = ctx;

    if (w->depth == 0)
        w->last = 0; /* a split message is shown behind its last piece */
    check_place(w, seen);
    if (w->depth++ == 0)
        w->ignoring = seen->layout == hf_record_header() ||
                      seen->layout == hf_fragment();
    if (w->depth > w->deepest)
        w->deepest = w->depth;
    w->enters++;
    if (!w->ignoring)
        add(w, seen->name, strlen(seen->name));
}

static void see_field(void *ctx, const struct hf_seen *seen)
{
    struct witness *w = ctx;

    assert_true(w->depth > 0);
    check_place(w, seen);
    assert_non_null(seen->layout);
    assert_non_null(seen->field);
    w->last = seen->offset;
    w->fields++;
    if (!w->ignoring) {
        add(w, seen->name, strlen(seen->name));
        add(w, seen->bytes.at, seen->bytes.len);
        add(w, &seen->number, sizeof(seen->number));
    }
}

static void see_leave(void *ctx)
{
    struct witness *w = ctx;

    assert_true(w->depth > 0);
    w->depth--;
}

struct hf_visitor witness(struct witness *w, struct hf_span all)
{
    *w = (struct witness){ .all = all, .story = 14695981039346656037u };
    return (struct hf_visitor){ see_enter, see_field, see_leave, w };
}

void see_nothing(void *ctx, const struct hf_seen *seen)
{
    (void)ctx;
    (void)seen;
}

/* ---- bytes to show -------------------------------------------------------------- */

void put_message(struct hf_writer *w, unsigned type, struct hf_span body)
{
    hf_put(w, type, 1);
    hf_put(w, (uint32_t)body.len, 3);
    hf_put_bytes(w, body);
}

void put_record(struct hf_writer *w, unsigned type, struct hf_span body)
{
    hf_put(w, type, 1);
    hf_put(w, 0x0303, 2);
    hf_put(w, (uint32_t)body.len, 2);
    hf_put_bytes(w, body);
}

struct hf_span some_flight(void)
{
    static uint8_t room[1 << 17];
    struct hf_writer w = hf_writer(room, sizeof(room));
    struct dice dice = { 8446 };
    static const struct {
        unsigned type;
        hf_layout_fn *layout;
    } row[] = { { 8, hf_encrypted_extensions },
                { 13, hf_certificate_request },
                { 11, hf_certificate },
                { 15, hf_certificate_verify },
                { 24, hf_key_update } };

    put_message(&w, 1, real_client_hello());
    for (size_t i = 0; i < HF_COUNT(row); i++) {
        uint8_t body[16384];
        struct hf_writer inner = hf_writer(body, sizeof(body));

        random_message(&dice, row[i].layout, &inner);
        assert_false(inner.full);
        put_message(&w, row[i].type, hf_written(&inner));
    }
    assert_false(w.full);
    return hf_written(&w);
}
