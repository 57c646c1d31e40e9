/* codec.c - the one walker.  Every byte that a peer says in a handshake passes
 * through walk_struct() and nothing else; it is small so that it can be read
 * whole.
 *
 * A walk is a window [at, end) on bytes that begin at base.  `at` only moves
 * forward and never past `end`, and each number of bytes is compared with what
 * is left before it is used: that is all there is to its safety.
 *
 *     base            at            end
 *      |  walked       |   left      |
 *      +---------------+-------------+
 *                      | len | body  |     a vector: its prefix is checked,
 *                            [at, end)     then a walk of its own goes inside
 *
 * Walking with `out` fills a struct, with `see` it shows every field; it is
 * the same walk.  Extensions are only indexed, because their verbs read them
 * later, but a visitor wants to see their bodies too.
 */
#include "wire/wire.h"

#include <assert.h>

struct walk {
    const uint8_t *base;
    size_t at, end;
    const struct hf_visitor *see;
    struct hf_fault *fault;
};

/* NOLINTBEGIN(misc-no-recursion): along layouts, which have no cycles */
static bool walk_struct(struct walk *w, const struct hf_layout *layout,
                        void *out);

static size_t left(const struct walk *w)
{
    return w->end - w->at;
}

/* The number of @width bytes at @at; the caller knows that they are there. */
static uint32_t number_at(const struct walk *w, size_t at, unsigned width)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < width; i++)
        n = n << 8 | w->base[at + i];
    return n;
}

static struct hf_span bytes_at(const struct walk *w, size_t at, size_t len)
{
    return (struct hf_span){ at ? w->base + at : w->base, len };
}

/* Note a fault at @at; always false. */
static bool stop(struct walk *w, enum hf_fault_kind kind,
                 const struct hf_layout *layout, const struct hf_field *f,
                 size_t at, size_t found)
{
    *w->fault = (struct hf_fault){
        .kind = kind,
        .layout = layout,
        .field = f,
        .offset = at,
        .found = found,
        .left = w->end - at,
    };
    return false;
}

/* The peer announced @found bytes but only @there are. */
static bool stop_short(struct walk *w, const struct hf_layout *layout,
                       const struct hf_field *f, size_t at, size_t found,
                       size_t there)
{
    stop(w, HF_FAULT_SHORT, layout, f, at, found);
    w->fault->announced = true;
    w->fault->left = there;
    return false;
}

static void enter(const struct walk *w, enum hf_seen_kind kind,
                  const struct hf_layout *layout, const struct hf_field *f)
{
    if (w->see) {
        struct hf_seen seen = {
            .kind = kind,
            .layout = layout,
            .field = f,
            .name = f ? f->name : layout->name,
            .why = f ? f->why : layout->rfc,
            .offset = w->at,
            .bytes = bytes_at(w, w->at, left(w)),
        };

        w->see->enter(w->see->ctx, &seen);
    }
}

static void leave(const struct walk *w)
{
    if (w->see)
        w->see->leave(w->see->ctx);
}

static void show(const struct walk *w, const struct hf_layout *layout,
                 const struct hf_field *f, size_t at, size_t len, uint32_t n)
{
    if (w->see) {
        struct hf_seen seen = {
            .kind = HF_SEEN_FIELD,
            .layout = layout,
            .field = f,
            .name = f->name,
            .why = f->why,
            .offset = at,
            .bytes = bytes_at(w, at, len),
            .number = n,
        };

        w->see->field(w->see->ctx, &seen);
    }
}

/* ---- numbers and bytes ------------------------------------------------------------ */

/* Store at a member whose type messages.def gave it. */
static void store_number(uint8_t *to, unsigned kind, uint32_t n)
{
    if (kind == HF_WIRE_U8)
        *to = (uint8_t)n;
    else if (kind == HF_WIRE_U16)
        *(uint16_t *)(void *)to = (uint16_t)n;
    else
        *(uint32_t *)(void *)to = n;
}

static void store_span(uint8_t *to, struct hf_span span)
{
    *(struct hf_span *)(void *)to = span;
}

static bool walk_number(struct walk *w, const struct hf_layout *layout,
                        const struct hf_field *f, uint8_t *to)
{
    unsigned width = f->kind;
    uint32_t n;

    if (width > left(w))
        return stop(w, HF_FAULT_SHORT, layout, f, w->at, width);
    n = number_at(w, w->at, width);
    if (to)
        store_number(to, width, n);
    show(w, layout, f, w->at, width, n);
    w->at += width;
    return true;
}

static bool walk_fixed(struct walk *w, const struct hf_layout *layout,
                       const struct hf_field *f, uint8_t *to)
{
    size_t len = f->min;

    if (len > left(w))
        return stop(w, HF_FAULT_SHORT, layout, f, w->at, len);
    if (to)
        hf_copy(to, w->base + w->at, len);
    show(w, layout, f, w->at, len, 0);
    w->at += len;
    return true;
}

static bool walk_rest(struct walk *w, const struct hf_layout *layout,
                      const struct hf_field *f, uint8_t *to)
{
    if (to)
        store_span(to, bytes_at(w, w->at, left(w)));
    show(w, layout, f, w->at, left(w), 0);
    w->at = w->end;
    return true;
}

/* ---- vectors and lists --------------------------------------------------------------- */

/* Check a length prefix; *in becomes the walk of the inside, and @w goes on
 * behind it. */
static bool open_vector(struct walk *w, const struct hf_layout *layout,
                        const struct hf_field *f, struct walk *in)
{
    size_t len;

    if (f->prefix > left(w))
        return stop(w, HF_FAULT_SHORT, layout, f, w->at, f->prefix);
    len = number_at(w, w->at, f->prefix);
    if (len > left(w) - f->prefix)
        return stop_short(w, layout, f, w->at, len, left(w) - f->prefix);
    if (len < f->min || len > f->max)
        return stop(w, HF_FAULT_BOUNDS, layout, f, w->at, len);

    *in = *w;
    in->at = w->at + f->prefix;
    in->end = in->at + len;
    w->at = in->end;
    return true;
}

static bool walk_vector(struct walk *w, const struct hf_layout *layout,
                        const struct hf_field *f, uint8_t *to)
{
    struct walk in;

    if (!open_vector(w, layout, f, &in))
        return false;
    if (to)
        store_span(to, bytes_at(&in, in.at, left(&in)));
    show(&in, layout, f, in.at, left(&in), 0);
    return true;
}

static bool walk_numbers(struct walk *in, const struct hf_layout *layout,
                         const struct hf_field *f)
{
    unsigned width = f->element;
    size_t over = left(in) % width;

    if (over)
        return stop(in, HF_FAULT_ELEMENT, layout, f, in->end - over, left(in));
    if (!in->see)
        return true;
    for (; in->at < in->end; in->at += width)
        show(in, layout, f, in->at, width, number_at(in, in->at, width));
    return true;
}

/* An element cannot be empty (a test checks), so this ends. */
static bool walk_structs(struct walk *in, const struct hf_layout *element)
{
    while (in->at < in->end) {
        bool ok;

        enter(in, HF_SEEN_ELEMENT, element, NULL);
        ok = walk_struct(in, element, NULL);
        leave(in);
        if (!ok)
            return false;
    }
    return true;
}

static bool walk_list(struct walk *w, const struct hf_layout *layout,
                      const struct hf_field *f, uint8_t *to)
{
    struct walk in;
    bool ok;

    if (!open_vector(w, layout, f, &in))
        return false;
    if (to)
        store_span(to, bytes_at(&in, in.at, left(&in)));
    enter(&in, HF_SEEN_LIST, layout, f);
    ok = f->element ? walk_numbers(&in, layout, f) : walk_structs(&in, f->of());
    leave(&in);
    return ok;
}

/* ---- extensions ------------------------------------------------------------------------ */

enum { UNKNOWN = HF_EXT_COUNT };

static unsigned ordinal(uint32_t number)
{
    switch (number) {
/* clang-format off */
#define EXT(id, n, ...) case n: return HF_EXT_##id;
#include "wire/extensions.def"
#undef EXT
        /* clang-format on */
    default: return UNKNOWN;
    }
}

/* Who asks must ignore what it does not know; who answers must not say what
 * was not asked (RFC 8446 4.2). */
static bool may_be_unknown(unsigned place)
{
    return place == HF_CH || place == HF_CR || place == HF_NST ||
           place == HF_ANY;
}

/* The header of the next extension; *body becomes the walk of its body. */
static bool open_extension(struct walk *w, const struct hf_layout *layout,
                           const struct hf_field *f, uint32_t *number,
                           struct walk *body)
{
    size_t len;

    if (left(w) < 4)
        return stop(w, HF_FAULT_SHORT, layout, f, w->at, 4);
    *number = number_at(w, w->at, 2);
    len = number_at(w, w->at + 2, 2);
    if (len > left(w) - 4)
        return stop_short(w, layout, f, w->at + 2, len, left(w) - 4);

    *body = *w;
    body->at = w->at + 4;
    body->end = body->at + len;
    w->at = body->end;
    return true;
}

/* A visitor sees the body too, which must be right.  What has no layout here
 * (unknown, or a place not yet known) is shown as bytes. */
static bool show_extension(struct walk *body, unsigned ext, unsigned place,
                           uint32_t number)
{
    const struct hf_extension_row *row = ext == UNKNOWN
                                             ? NULL
                                             : &hf_extension_table[ext];
    const struct hf_layout *layout = (row && place != HF_ANY ? row->in[place]
                                                             : hf_opaque)();
    struct hf_seen seen = {
        .kind = HF_SEEN_EXTENSION,
        .extension = row,
        .name = hf_extension_name(number),
        .why = row ? row->why : "",
        .offset = body->at - 4,
        .bytes = bytes_at(body, body->at - 4, left(body) + 4),
        .number = number,
    };
    bool ok;

    body->see->enter(body->see->ctx, &seen);
    ok = walk_struct(body, layout, NULL);
    if (ok && left(body))
        ok = stop(body, HF_FAULT_TRAILING, layout, NULL, body->at, 0);
    leave(body);
    return ok;
}

/* Is an extension number in this block, which was walked, twice?  A hello may
 * hold 16383 empty ones, so neither comparing each with each nor remembering
 * all of them will do.  Instead look through the block four times, each time
 * at a quarter of the numbers, with a bit for each: the cost stays in
 * proportion to the bytes that were sent, and no limit on their number is
 * needed.  Not inlined, because its 2 KiB would lie on the stack below each
 * extension that is walked. */
__attribute__((noinline)) static bool check_twice(
    const struct walk *block, const struct hf_layout *layout,
    const struct hf_field *f)
{
    enum { QUARTER = 65536 / 4 };
    struct walk all = *block;
    size_t first = all.end, next;

    for (uint32_t quarter = 0; quarter < 4; quarter++) {
        uint8_t seen[QUARTER / 8] = { 0 };

        for (size_t at = all.at; at < first; at = next) {
            uint32_t number = number_at(&all, at, 2);
            uint8_t bit = (uint8_t)(1u << number % 8);
            uint8_t *byte = &seen[number % QUARTER / 8];

            next = at + 4 + number_at(&all, at + 2, 2);
            if (number / QUARTER != quarter)
                continue;
            if (*byte & bit)
                first = at;
            *byte |= bit;
        }
    }
    return first == all.end || stop(&all, HF_FAULT_DUPLICATE, layout, f, first,
                                    number_at(&all, first, 2));
}

/* May extension @ext, seen at @at, be here? */
static bool admit(struct walk *w, const struct hf_layout *layout,
                  const struct hf_field *f, size_t at, uint32_t number,
                  unsigned ext, const struct hf_extensions *so_far)
{
    if (ext == UNKNOWN)
        return may_be_unknown(f->place) ||
               stop(w, HF_FAULT_UNKNOWN, layout, f, at, number);
    if (so_far->present >> ext & 1)
        return stop(w, HF_FAULT_DUPLICATE, layout, f, at, number);
    if (f->place != HF_ANY && !hf_extension_table[ext].in[f->place])
        return stop(w, HF_FAULT_MISPLACED, layout, f, at, number);
    return true;
}

/* Index the block.  Most hellos hold no more than a few extensions that we do
 * not know, so a filter of 64 bits tells nearly always that they differ. */
static bool index_extensions(struct walk *w, const struct hf_layout *layout,
                             const struct hf_field *f,
                             struct hf_extensions *out)
{
    const struct walk block = *w;
    uint64_t filter = 0;
    bool suspect = false;

    while (left(w)) {
        size_t at = w->at;
        struct walk body;
        uint32_t number;
        unsigned ext;

        if (!open_extension(w, layout, f, &number, &body))
            return false;
        ext = ordinal(number);
        if (!admit(w, layout, f, at, number, ext, out))
            return false;
        out->last = (uint8_t)ext;
        if (ext == UNKNOWN) {
            uint64_t bit = (uint64_t)1 << (number * 40503u >> 10 & 63);

            suspect |= (filter & bit) != 0;
            filter |= bit;
        } else {
            out->present |= (uint64_t)1 << ext;
            out->body[ext] = bytes_at(&body, body.at, left(&body));
        }
        if (w->see && !show_extension(&body, ext, f->place, number))
            return false;
    }
    return !suspect || check_twice(&block, layout, f);
}

static bool walk_extensions(struct walk *w, const struct hf_layout *layout,
                            const struct hf_field *f, uint8_t *to)
{
    struct hf_extensions unwanted, *out = &unwanted;
    struct walk in;
    bool ok;

    if (to)
        out = (struct hf_extensions *)(void *)to;
    *out = (struct hf_extensions){ .place = f->place, .last = UNKNOWN };
    /* Before TLS 1.3 a hello could end without a block (RFC 5246 7.4.1.2). */
    if (f->optional && !left(w))
        return true;
    if (!open_vector(w, layout, f, &in))
        return false;
    out->all = bytes_at(&in, in.at, left(&in));
    out->offset = (uint32_t)in.at;
    enter(&in, HF_SEEN_EXTENSIONS, layout, f);
    ok = index_extensions(&in, layout, f, out);
    leave(&in);
    return ok;
}

/* ---- structures --------------------------------------------------------------------------- */

static bool walk_field(struct walk *w, const struct hf_layout *layout,
                       const struct hf_field *f, uint8_t *to)
{
    switch ((enum hf_wire_kind)f->kind) {
    case HF_WIRE_U8:
    case HF_WIRE_U16:
    case HF_WIRE_U24:
    case HF_WIRE_U32: return walk_number(w, layout, f, to);
    case HF_WIRE_FIXED: return walk_fixed(w, layout, f, to);
    case HF_WIRE_VEC: return walk_vector(w, layout, f, to);
    case HF_WIRE_LIST: return walk_list(w, layout, f, to);
    case HF_WIRE_REST: return walk_rest(w, layout, f, to);
    case HF_WIRE_EXTENSIONS: return walk_extensions(w, layout, f, to);
    }
    assert(false); /* every field has one of these kinds */
    return false;
}

static bool walk_struct(struct walk *w, const struct hf_layout *layout,
                        void *out)
{
    for (unsigned i = 0; i < layout->fields; i++) {
        const struct hf_field *f = &layout->field[i];
        uint8_t *to = out ? (uint8_t *)out + f->offset : NULL;

        if (!walk_field(w, layout, f, to))
            return false;
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- reading ------------------------------------------------------------------------------- */

bool hf_wire_read(hf_layout_fn *layout, struct hf_span in, void *out,
                  const struct hf_visitor *see, struct hf_fault *fault)
{
    struct walk w = { in.at, 0, in.len, see, fault };
    bool ok;

    *fault = (struct hf_fault){ .kind = HF_FAULT_NONE };
    enter(&w, HF_SEEN_LAYOUT, layout(), NULL);
    ok = walk_struct(&w, layout(), out);
    if (ok && left(&w))
        ok = stop(&w, HF_FAULT_TRAILING, layout(), NULL, w.at, 0);
    leave(&w);
    return ok;
}

bool hf_wire_next(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    struct hf_fault fault;
    struct walk w = { list->at, 0, list->len, NULL, &fault };

    if (!list->len || !walk_struct(&w, layout(), out))
        return false;
    *list = bytes_at(&w, w.at, left(&w));
    return true;
}
