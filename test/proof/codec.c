/* codec.c - the walker of all messages.  Proved from below: each reader, for
 * any walk on any bytes and any row that a table may hold; then what calls them,
 * with stand-ins of which is assumed what was proved of the functions whose
 * place they take.  So nothing depends on how long a message is, how many
 * fields a layout has, or how deep layouts lie in each other.
 *
 * What is proved of each (`goes_on`): the window's end stays, `at` only moves
 * forward and never past it, all of what is read lies between, and whoever
 * fails has said what and where. */
#include "proof.h"

#include "wire/wire.h"

static struct hf_fault fault;

#include "wire/codec.c"

enum { MOST = 1 << 24 }; /* a handshake message's length has three bytes */

static const struct hf_layout *any_layout;
static unsigned watched; /* one extension, whichever */

static struct walk any_walk(void)
{
    struct hf_span bytes = any_bytes(MOST);
    struct walk w = { bytes.at, nondet_size(), nondet_size(), NULL, &fault };

    ASSUME(w.at <= w.end && w.end <= bytes.len);
    fault = (struct hf_fault){ .kind = HF_FAULT_NONE };
    return w;
}

static struct hf_field any_field(unsigned kind)
{
    struct hf_field f = { .kind = (uint8_t)kind,
                          .prefix = nondet_byte(),
                          .min = nondet_word(),
                          .max = nondet_word() };

    ASSUME(f.prefix >= 1 && f.prefix <= 3);
    return f;
}

/* The walk @now, which was @then and said @ok. */
static bool goes_on(bool ok, const struct walk *now, const struct walk *then)
{
    if (now->base != then->base || now->end != then->end || now->see ||
        now->fault != &fault || now->at < then->at || now->at > now->end)
        return false;
    return ok ? fault.kind == HF_FAULT_NONE
              : fault.kind != HF_FAULT_NONE && fault.offset >= then->at &&
                    fault.offset <= then->end;
}

/* ---- readers ------------------------------------------------------------------------- */

void prove_number(void)
{
    struct walk w = any_walk(), before = w;
    unsigned width = 1 + (nondet_byte() & 3);
    struct hf_field f = any_field(width);
    uint32_t room = 0;
    bool ok;

    ok = walk_number(&w, NULL, &f, nondet_bool() ? (uint8_t *)&room : NULL);
    PROVE(goes_on(ok, &w, &before));
    PROVE(ok == (before.end - before.at >= width));
    PROVE(!ok || w.at == before.at + width);
}

void prove_fixed(void)
{
    enum { LARGEST = 64 };
    uint8_t room[LARGEST];
    struct walk w = any_walk(), before = w;
    struct hf_field f = any_field(HF_WIRE_FIXED);
    bool ok;

    ASSUME(f.min <= LARGEST);
    ok = walk_fixed(&w, NULL, &f, nondet_bool() ? room : NULL);
    PROVE(goes_on(ok, &w, &before));
    PROVE(ok == (before.end - before.at >= f.min));
    PROVE(!ok || w.at == before.at + f.min);
}

void prove_rest(void)
{
    struct walk w = any_walk(), before = w;
    struct hf_field f = any_field(HF_WIRE_REST);
    struct hf_span out;

    PROVE(goes_on(walk_rest(&w, NULL, &f, (uint8_t *)&out), &w, &before));
    PROVE(w.at == w.end && out.at == w.base + before.at);
    PROVE(out.len == before.end - before.at);
}

void prove_vector(void)
{
    struct walk w = any_walk(), before = w;
    struct hf_field f = any_field(HF_WIRE_VEC);
    struct hf_span out;
    bool ok = walk_vector(&w, NULL, &f, (uint8_t *)&out);

    PROVE(goes_on(ok, &w, &before));
    if (!ok)
        return;
    PROVE(out.len >= f.min && out.len <= f.max);
    PROVE(out.at == w.base + before.at + f.prefix);
    PROVE(w.at == before.at + f.prefix + out.len);
}

/* The inside of a vector is a walk within it. */
void prove_open(void)
{
    struct walk w = any_walk(), before = w, in;
    struct hf_field f = any_field(HF_WIRE_LIST);
    bool ok = open_vector(&w, NULL, &f, &in);

    PROVE(goes_on(ok, &w, &before));
    PROVE(!ok || (in.base == w.base && in.fault == &fault && !in.see));
    PROVE(!ok || (in.at == before.at + f.prefix && in.end == w.at));
}

void prove_numbers(void)
{
    struct walk w = any_walk(), before = w;
    struct hf_field f = any_field(HF_WIRE_LIST);
    bool ok;

    f.element = nondet_bool() ? HF_WIRE_U8 : HF_WIRE_U16;
    ok = walk_numbers(&w, NULL, &f);
    PROVE(ok || goes_on(ok, &w, &before));
    PROVE(ok == ((before.end - before.at) % f.element == 0));
}

void prove_extension(void)
{
    struct walk w = any_walk(), before = w, body;
    struct hf_field f = any_field(HF_WIRE_EXTENSIONS);
    uint32_t number;
    bool ok = open_extension(&w, NULL, &f, &number, &body);

    PROVE(goes_on(ok, &w, &before));
    PROVE(!ok || (body.base == w.base && body.at == before.at + 4));
    PROVE(!ok || (body.end == w.at && body.at <= body.end));
    PROVE(!ok || number <= UINT16_MAX);
}

/* ---- lists and structures, by what was proved of what is in them ------------------------ */

/* Any walk of which the above holds. */
static bool go(struct walk *w, size_t least)
{
    size_t from = w->at;
    bool ok = nondet_bool();

    w->at = nondet_size();
    ASSUME(w->at >= from && w->at <= w->end);
    ASSUME(!ok || w->at - from >= least);
    if (ok)
        return true;
    fault.kind = HF_FAULT_SHORT;
    fault.offset = nondet_size();
    ASSUME(fault.offset >= from && fault.offset <= w->end);
    return false;
}

bool any_walk_field(struct walk *w, const struct hf_layout *layout,
                    const struct hf_field *f, uint8_t *to)
{
    PROVE(f >= layout->field && f < layout->field + layout->fields);
    (void)to;
    return go(w, 0);
}

bool any_walk_struct(struct walk *w, const struct hf_layout *layout, void *out)
{
    (void)layout;
    (void)out;
    return go(w, 0);
}

/* Of an element: it cannot be empty. */
bool any_walk_element(struct walk *w, const struct hf_layout *layout, void *out)
{
    (void)layout;
    (void)out;
    return go(w, 1);
}

/* More than any layout has. */
enum { FIELDS = 20 };

void prove_struct(void)
{
    struct walk w = any_walk(), before = w;
    struct hf_layout layout = { .fields = nondet_byte() };

    ASSUME(layout.fields <= FIELDS);
    layout.field = malloc(layout.fields * sizeof(struct hf_field));
    ASSUME(layout.field != NULL);
    PROVE(goes_on(walk_struct(&w, &layout, NULL), &w, &before));
}

/* The first round begins anywhere, and each as the first: few are enough. */
enum { ROUNDS = 4 };

void prove_structs(void)
{
    struct walk w = any_walk(), before = w;
    bool ok;

    ASSUME(w.end - w.at <= ROUNDS);
    ok = walk_structs(&w, any_layout);

    PROVE(goes_on(ok, &w, &before));
    PROVE(!ok || w.at == w.end);
}

static size_t stopped;

bool any_walk_all(struct walk *w, const struct hf_layout *layout, void *out)
{
    bool ok = any_walk_struct(w, layout, out);

    stopped = w->at;
    return ok;
}

static const struct hf_layout *layout_of(void)
{
    static const struct hf_layout one = { .fields = 0 };

    return &one;
}

/* All bytes or none: what is left over is a failure. */
void prove_read(void)
{
    struct hf_span in = any_bytes(MOST);
    bool ok = hf_wire_read(layout_of, in, NULL, NULL, &fault);

    PROVE(ok == (fault.kind == HF_FAULT_NONE));
    PROVE(!ok || stopped == in.len);
    PROVE(ok || fault.offset <= in.len);
}

void prove_element(void)
{
    struct hf_span list = any_bytes(MOST), before = list;

    if (hf_wire_next(layout_of, &list, NULL))
        PROVE(list.len < before.len && WITHIN(list, before));
    else
        PROVE(list.len == before.len && list.at == before.at);
}

/* ---- the index of extensions ------------------------------------------------------------ */

/* RFC 8446 4.2's table, both ways. */
void prove_ordinal(void)
{
    uint32_t number = nondet_word();
    unsigned ext = ordinal(number);

    ASSUME(number <= UINT16_MAX);
    watched = nondet_word();
    ASSUME(watched < HF_EXT_COUNT);
    PROVE(ext == UNKNOWN || hf_extension_table[ext].number == number);
    PROVE(hf_extension_table[watched].number != number || ext == watched);
}

/* No second one of a kind, none where it may not stand, and an answer only to
 * what is known. */
void prove_admit(void)
{
    struct walk w = any_walk();
    struct hf_field f = any_field(HF_WIRE_EXTENSIONS);
    struct hf_extensions so_far;
    unsigned ext = nondet_word();
    bool known, twice, placed, ok;

    f.place = nondet_byte();
    ASSUME(f.place < HF_PLACES || f.place == HF_ANY);
    ASSUME(ext <= UNKNOWN);
    so_far.present = (uint64_t)nondet_size();
    known = ext != UNKNOWN;
    twice = known && so_far.present >> ext & 1;
    placed = known ? f.place == HF_ANY || hf_extension_table[ext].in[f.place]
                   : f.place == HF_ANY || f.place == HF_CH ||
                         f.place == HF_CR || f.place == HF_NST;
    ok = admit(&w, NULL, &f, w.at, nondet_word(), ext, &so_far);
    PROVE(ok == (placed && !twice));
    PROVE(ok == (fault.kind == HF_FAULT_NONE));
}

/* ---- the layouts: each field has its place in the struct -------------------------------- */

static size_t size_of(const struct hf_field *f)
{
    switch ((enum hf_wire_kind)f->kind) {
    case HF_WIRE_U8: return 1;
    case HF_WIRE_U16: return 2;
    case HF_WIRE_U24:
    case HF_WIRE_U32: return 4;
    case HF_WIRE_FIXED: return f->min;
    case HF_WIRE_VEC:
    case HF_WIRE_LIST:
    case HF_WIRE_REST: return sizeof(struct hf_span);
    case HF_WIRE_EXTENSIONS: return sizeof(struct hf_extensions);
    }
    return SIZE_MAX;
}

static const struct hf_layout *laid_out;
static uint8_t *room;
static unsigned fields;

/* That each field is written to where it belongs, behind the one before. */
bool any_field_in_place(struct walk *w, const struct hf_layout *layout,
                        const struct hf_field *f, uint8_t *to)
{
    PROVE(layout == laid_out && f == &layout->field[fields++]);
    PROVE(size_of(f) <= layout->size);
    PROVE((size_t)(to - room) <= layout->size - size_of(f));
    PROVE(fields == 1 || (size_t)(to - room) >= f[-1].offset + size_of(&f[-1]));
    (void)w;
    return true;
}

void prove_layouts(void)
{
    struct walk w = any_walk();

    for (size_t i = 0; i < hf_layout_count; i++) {
        laid_out = hf_layout_table[i]();
        fields = 0;
        room = malloc(laid_out->size);
        ASSUME(room != NULL);
        PROVE(walk_struct(&w, laid_out, room));
        PROVE(fields == laid_out->fields && fields <= FIELDS);
    }
}
