/* buf.c - three ways to keep bytes: a bounded writer over somebody else's
 * memory, a buffer that grows, and the arena in which a handshake lives.
 *
 *   writer   [#####------]        cap is fixed; full is sticky
 *   buffer   [..#####----]        bytes in behind, bytes out in front
 *   arena    block <- block <- block   taken from the newest, freed all at once
 */
#include "base/base.h"

#include <assert.h>

struct hf_span hf_span_first(struct hf_span s, size_t n)
{
    assert(n <= s.len);
    return (struct hf_span){ s.at, n };
}

struct hf_span hf_span_after(struct hf_span s, size_t n)
{
    assert(n <= s.len);
    return (struct hf_span){ n ? s.at + n : s.at, s.len - n };
}

uint32_t hf_number(const uint8_t *p, unsigned width)
{
    uint32_t n = 0;

    assert(width <= 4);
    for (unsigned i = 0; i < width; i++)
        n = n << 8 | p[i];
    return n;
}

void hf_store_number(uint8_t *p, uint64_t value, unsigned width)
{
    assert(width <= 8);
    for (unsigned i = width; i-- > 0; value >>= 8)
        p[i] = (uint8_t)(value & 0xff);
}

/* ---- writer -------------------------------------------------------------------- */

/* Room for @len more bytes, or full from now on. */
static bool fits(struct hf_writer *w, size_t len)
{
    if (w->full || len > w->cap - w->len)
        w->full = true;
    return !w->full;
}

void hf_put(struct hf_writer *w, uint32_t value, unsigned width)
{
    if (!fits(w, width))
        return;
    hf_store_number(w->at + w->len, value, width);
    w->len += width;
}

void hf_put_bytes(struct hf_writer *w, struct hf_span bytes)
{
    if (!fits(w, bytes.len))
        return;
    hf_copy(w->at + w->len, bytes.at, bytes.len);
    w->len += bytes.len;
}

size_t hf_writer_open(struct hf_writer *w, unsigned prefix)
{
    hf_put(w, 0, prefix);
    return w->len;
}

void hf_writer_close(struct hf_writer *w, size_t mark, unsigned prefix)
{
    size_t len = w->len - mark;

    if (w->full || (prefix < 4 && len >> (8 * prefix))) {
        w->full = true;
        return;
    }
    hf_store_number(w->at + mark - prefix, len, prefix);
}

/* ---- growing buffer --------------------------------------------------------------- */

enum { BUFFER_FIRST = 512 };

/* Move the live bytes into a block of @cap. */
static bool regrow(struct hf_buffer *b, size_t cap)
{
    size_t len = b->end - b->start;
    uint8_t *at = hf_alloc(cap);

    if (!at)
        return false;
    hf_copy(at, b->at ? b->at + b->start : NULL, len);
    hf_free(b->at, b->cap);
    *b = (struct hf_buffer){ at, 0, len, cap };
    return true;
}

uint8_t *hf_buffer_room(struct hf_buffer *b, size_t more)
{
    size_t len = b->end - b->start;
    size_t cap = b->cap ? b->cap : BUFFER_FIRST;

    if (b->at && more <= b->cap - b->end)
        return b->at + b->end;
    if (more > SIZE_MAX / 4 - len)
        return NULL;
    while (cap - len < more)
        cap *= 2;
    if (!regrow(b, cap))
        return NULL;
    return b->at + b->end;
}

void hf_buffer_grew(struct hf_buffer *b, size_t by)
{
    assert(by <= b->cap - b->end);
    b->end += by;
}

bool hf_buffer_add(struct hf_buffer *b, struct hf_span bytes)
{
    uint8_t *room = hf_buffer_room(b, bytes.len);

    if (!room)
        return false;
    hf_copy(room, bytes.at, bytes.len);
    hf_buffer_grew(b, bytes.len);
    return true;
}

struct hf_span hf_buffer_bytes(const struct hf_buffer *b)
{
    return b->at ? hf_span(b->at + b->start, b->end - b->start)
                 : hf_span(NULL, 0);
}

void hf_buffer_drop(struct hf_buffer *b, size_t n)
{
    assert(n <= b->end - b->start);
    b->start += n;
    if (b->start == b->end)
        hf_buffer_wipe(b);
}

void hf_buffer_wipe(struct hf_buffer *b)
{
    hf_free(b->at, b->cap);
    *b = (struct hf_buffer){ NULL, 0, 0, 0 };
}

/* ---- arena -------------------------------------------------------------------------- */

struct hf_arena_block {
    struct hf_arena_block *before;
    size_t size; /* of bytes[] */
    _Alignas(16) uint8_t bytes[];
};

static struct hf_arena_block *new_block(struct hf_arena *a, size_t size)
{
    struct hf_arena_block *block;

    if (size > HF_ARENA_MAX - a->total) {
        a->full = true;
        return NULL;
    }
    block = hf_alloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    block->size = size;
    a->total += size;
    return block;
}

void *hf_arena_take(struct hf_arena *a, size_t size)
{
    struct hf_arena_block *block = a->blocks;
    void *taken;

    if (size > HF_ARENA_MAX) {
        a->full = true;
        return NULL;
    }
    size = (size + 15) & ~(size_t)15;
    if (!block || size > block->size - a->used) {
        block = new_block(a, size > HF_ARENA_BLOCK ? size : HF_ARENA_BLOCK);
        if (!block)
            return NULL;
        block->before = a->blocks;
        a->blocks = block;
        a->used = 0;
    }
    taken = block->bytes + a->used;
    a->used += size;
    return taken;
}

struct hf_span hf_arena_copy(struct hf_arena *a, struct hf_span bytes)
{
    uint8_t *at = hf_arena_take(a, bytes.len ? bytes.len : 1);

    if (!at)
        return hf_span(NULL, 0);
    hf_copy(at, bytes.at, bytes.len);
    return hf_span(at, bytes.len);
}

bool hf_arena_fail(const struct hf_arena *a, struct hf_error *e)
{
    if (a->full)
        return hf_fail(e, HF_E_ARENA_FULL, "%z bytes are taken, at most %z",
                       a->total, (size_t)HF_ARENA_MAX);
    return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL);
}

/* What nobody took was never written. */
void hf_arena_wipe(struct hf_arena *a)
{
    while (a->blocks) {
        struct hf_arena_block *block = a->blocks;

        a->blocks = block->before;
        hf_free(block, sizeof(*block) + a->used);
        a->used = a->blocks ? a->blocks->size : 0;
    }
    *a = (struct hf_arena){ .blocks = NULL };
}
