/* shelf.c - where the library's memory comes from while a play is on: one array
 * in place of the heap (calloc and free are wrapped by the linker).
 *
 * The library has no variable that can be written, no clock, no randomness but
 * the provider's, which is constant here.  So what it does next depends on
 * nothing but the bytes of this array and what is said to it: to copy them is
 * to put a connection aside, to copy them back is to be there again, pointers
 * and all, and two plays whose bytes are equal have one future.
 *
 * So that plays which are in the same state have equal bytes as well, what is
 * free is zero, and what is taken lies at the lowest place where it fits. */
#define HF_UNPOISONED
#include "shelf.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRAIN = 64,
    GRAINS = 16384 /* 1 MiB */
};

static struct {
    _Alignas(64) uint8_t bytes[GRAINS * GRAIN];
    uint16_t lens[GRAINS]; /* in grains, where one begins; 0xffff inside */
    size_t stage, top;     /* where plays begin, and end */
    struct digest is;      /* of what is below the stage */
    bool open;
} shelf;

enum { INSIDE = 0xffff };

void *__real_calloc(size_t count, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *p);

static bool is_here(const void *p)
{
    return (const uint8_t *)p >= shelf.bytes &&
           (const uint8_t *)p < shelf.bytes + sizeof(shelf.bytes);
}

/* The first place where @need grains are free. */
static size_t find_room(size_t need)
{
    size_t run = 0;

    for (size_t at = shelf.stage; at < GRAINS; at++) {
        if (shelf.lens[at]) {
            if (shelf.lens[at] != INSIDE)
                at += shelf.lens[at] - 1u;
            run = 0;
        } else if (++run == need) {
            return at + 1 - need;
        }
    }
    return GRAINS;
}

void *__wrap_calloc(size_t count, size_t size)
{
    size_t need = (count * size + GRAIN - 1) / GRAIN, at;

    if (!shelf.open)
        return __real_calloc(count, size);
    need += !need;
    at = find_room(need);
    if (at == GRAINS)
        return NULL;
    shelf.lens[at] = (uint16_t)need;
    for (size_t i = 1; i < need; i++)
        shelf.lens[at + i] = INSIDE;
    if (at + need > shelf.top)
        shelf.top = at + need;
    return shelf.bytes + at * GRAIN;
}

void __wrap_free(void *p)
{
    size_t at, len;

    if (!is_here(p)) {
        __real_free(p);
        return;
    }
    at = (size_t)((uint8_t *)p - shelf.bytes) / GRAIN;
    len = shelf.lens[at];
    memset(p, 0, len * GRAIN);
    memset(shelf.lens + at, 0, len * sizeof(*shelf.lens));
    while (shelf.top > shelf.stage && !shelf.lens[shelf.top - 1])
        shelf.top--;
}

void shelf_open(void)
{
    memset(&shelf, 0, sizeof(shelf));
    shelf.open = true;
}

void shelf_close(void)
{
    shelf.open = false;
}

bool shelf_is_open(void)
{
    return shelf.open;
}

void shelf_set_stage(void)
{
    shelf.stage = shelf.top;
    shelf.is = digest_bytes(shelf.bytes, shelf.stage * GRAIN);
}

bool shelf_stage_is_whole(void)
{
    struct digest is = digest_bytes(shelf.bytes, shelf.stage * GRAIN);

    return is.a == shelf.is.a && is.b == shelf.is.b;
}

/* ---- aside and back --------------------------------------------------------------- */

bool shelf_save(struct snapshot *to)
{
    size_t grains = shelf.top - shelf.stage, data = grains * GRAIN;
    size_t len = data + grains * sizeof(*shelf.lens);

    if (len > to->room) {
        uint8_t *more = realloc(to->bytes, len);

        if (!more)
            return false;
        to->bytes = more;
        to->room = len;
    }
    to->len = len;
    if (len) {
        memcpy(to->bytes, shelf.bytes + shelf.stage * GRAIN, data);
        memcpy(to->bytes + data, shelf.lens + shelf.stage, len - data);
    }
    return true;
}

void shelf_restore(const struct snapshot *from)
{
    size_t grains = from->len / (GRAIN + sizeof(*shelf.lens));
    size_t top = shelf.stage + grains, data = grains * GRAIN;

    if (data) {
        memcpy(shelf.bytes + shelf.stage * GRAIN, from->bytes, data);
        memcpy(shelf.lens + shelf.stage, from->bytes + data, from->len - data);
    }
    if (shelf.top > top) {
        memset(shelf.bytes + top * GRAIN, 0, (shelf.top - top) * GRAIN);
        memset(shelf.lens + top, 0, (shelf.top - top) * sizeof(*shelf.lens));
    }
    shelf.top = top;
}

void shelf_drop(struct snapshot *shot)
{
    free(shot->bytes);
    memset(shot, 0, sizeof(*shot));
}

/* ---- two that are the same ---------------------------------------------------------- */

static void mix(struct digest *d, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (; len; at += 8, len -= len < 8 ? len : 8) {
        uint64_t word = 0;

        memcpy(&word, at, len < 8 ? len : 8);
        d->a = (d->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        d->a ^= d->a >> 32;
        d->b = (d->b + word) * UINT64_C(0xc2b2ae3d27d4eb4f);
        d->b ^= d->b >> 29;
    }
}

struct digest digest_bytes(const void *bytes, size_t len)
{
    struct digest d = { 1, 2 };

    mix(&d, bytes, len);
    return d;
}

struct digest shelf_digest(const void *more, size_t len)
{
    struct digest d = { 1, 2 };

    mix(&d, &shelf.top, sizeof(shelf.top));
    mix(&d, shelf.bytes + shelf.stage * GRAIN,
        (shelf.top - shelf.stage) * GRAIN);
    mix(&d, shelf.lens + shelf.stage,
        (shelf.top - shelf.stage) * sizeof(*shelf.lens));
    mix(&d, more, len);
    return d;
}
