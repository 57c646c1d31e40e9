/* buffer.c - the buffer that grows with what came: there is room for what is
 * asked for, what it holds stays as it is, and no number overflows.
 *
 * Bytes are moved by a stand-in that looks at where from and to only. */
#include "proof.h"

#include "base/buf.c"

enum { MOST = 1 << 20, SIZE = 8 };

static const uint8_t *from, *to; /* of the last copy */

void any_copy(void *into, const void *bytes, size_t len)
{
    PROVE(!len || (__CPROVER_w_ok(into, len) && __CPROVER_r_ok(bytes, len)));
    from = bytes;
    to = into;
}

void any_free(void *p, size_t size)
{
    PROVE(!p || __CPROVER_w_ok(p, size));
    free(p);
}

void *any_alloc(size_t size)
{
    return nondet_bool() ? NULL : malloc(size);
}

static struct hf_buffer any_buffer(void)
{
    struct hf_buffer b = { NULL, 0, 0, 0 };

    if (nondet_bool())
        return b;
    b = (struct hf_buffer){ NULL, nondet_size(), nondet_size(), nondet_size() };
    ASSUME(b.cap >= BUFFER_FIRST && b.cap <= MOST);
    ASSUME(b.start <= b.end && b.end <= b.cap);
    b.at = malloc(b.cap);
    ASSUME(b.at != NULL);
    return b;
}

void prove_room(void)
{
    struct hf_buffer b = any_buffer(), before = b;
    size_t more = nondet_size(), len = b.end - b.start;
    const uint8_t *live = b.at ? b.at + b.start : NULL;
    uint8_t *room;

    ASSUME(more <= MOST);
    room = hf_buffer_room(&b, more);
    PROVE(b.end - b.start == len && b.end <= b.cap);
    if (!room) {
        PROVE(b.at == before.at && b.start == before.start);
        return;
    }
    PROVE(room == b.at + b.end && more <= b.cap - b.end);
    PROVE(__CPROVER_w_ok(b.at, b.cap));
    PROVE(b.at == before.at || !before.at || !len ||
          (from == live && to == b.at + b.start));
}

void prove_drop(void)
{
    struct hf_buffer b = any_buffer(), before = b;
    size_t n = nondet_size();

    ASSUME(n <= b.end - b.start);
    hf_buffer_drop(&b, n);
    PROVE(b.end - b.start == before.end - before.start - n);
    PROVE(!b.at || (b.at == before.at && b.start == before.start + n));
    PROVE(b.at || (!b.start && !b.end && !b.cap));
}

/* Whatever is written, nothing is written behind the end. */
void prove_writer(void)
{
    uint8_t bytes[SIZE];
    struct hf_span what = any_bytes(SIZE);
    size_t cap = nondet_size(), mark;
    unsigned prefix = 1 + (nondet_byte() & 3), width = nondet_byte() & 3;
    struct hf_writer w;

    ASSUME(cap <= SIZE);
    w = hf_writer(bytes, cap);
    mark = hf_writer_open(&w, prefix);
    hf_put(&w, nondet_word(), width);
    hf_put_bytes(&w, what);
    hf_writer_close(&w, mark, prefix);
    PROVE(w.len <= w.cap);
    PROVE(w.full == (prefix + width + what.len > cap));
    PROVE(w.full || hf_number(bytes, prefix) == width + what.len);
}
