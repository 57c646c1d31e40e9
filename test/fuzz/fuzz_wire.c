/* fuzz_wire.c - the codec and the explainer.
 *
 * The first byte picks a layout, or handshake messages, or records.  Then:
 *
 *   the explainer is never laxer than the reader, and where it is stricter it
 *   is because of the body of an extension;
 *   write(read(x)) == x;
 *   every element of a list that was read can be taken off it;
 *   what is shown lies where it is said to lie, and what is entered is left;
 *   a fault has a layout, lies within the bytes, and can be said. */
#define HF_UNPOISONED
#include "fuzz.h"
#include "wire/wire.h"

#include <string.h>

enum { MESSAGES = 0xf0, RECORDS = 0xf1 };

/* ---- a visitor that checks what it is shown --------------------------------------- */

struct viewer {
    struct hf_span all;
    size_t depth;
    struct hf_visitor lines; /* makes text of everything, too */
};

static void check_seen(const struct viewer *v, const struct hf_seen *seen)
{
    MUST(seen->name && seen->why);
    MUST(seen->offset <= v->all.len);
    MUST(seen->bytes.len == 0 ||
         (seen->offset < v->all.len &&
          v->all.at[seen->offset] == seen->bytes.at[0]));
}

static void view_enter(void *ctx, const struct hf_seen *seen)
{
    struct viewer *v = ctx;

    check_seen(v, seen);
    v->depth++;
    v->lines.enter(v->lines.ctx, seen);
}

static void view_field(void *ctx, const struct hf_seen *seen)
{
    struct viewer *v = ctx;

    check_seen(v, seen);
    MUST(v->depth > 0 && seen->layout && seen->field);
    v->lines.field(v->lines.ctx, seen);
}

static void view_leave(void *ctx)
{
    struct viewer *v = ctx;

    MUST(v->depth > 0);
    v->depth--;
    v->lines.leave(v->lines.ctx);
}

static void write_line(void *ctx, const struct hf_line *line)
{
    char text[200];
    size_t len = hf_line_text(line, text, sizeof(text));

    (void)ctx;
    MUST(len < sizeof(text) && text[len] == '\0' && strlen(text) == len);
    MUST(line->depth < 16);
}

static void check_fault(bool ok, const struct hf_fault *fault, size_t len)
{
    struct hf_error error = { 0 };
    char text[HF_DETAIL_MAX];

    if (ok) {
        MUST(fault->kind == HF_FAULT_NONE);
        return;
    }
    MUST(fault->kind != HF_FAULT_NONE && fault->layout);
    MUST(fault->offset <= len);
    MUST(hf_fault_text(fault, text, sizeof(text)) > 0);
    MUST(!hf_wire_fail(&error, fault));
    MUST(error.code != HF_OK && error.code != HF_E_BUG && error.alert);
    MUST(strcmp(error.detail, text) == 0);
}

/* ---- one layout ----------------------------------------------------------------------- */

/* The largest layout is a hello with all its extensions. */
union any_struct {
    struct hf_client_hello hello;
    uint64_t words[512];
};

/* Every body of @extensions as its row says; true if all could be read. */
static bool read_bodies(const struct hf_extensions *extensions, size_t len)
{
    union any_struct out;
    struct hf_fault fault;
    bool all = true;

    if (extensions->place == HF_ANY)
        return true;
    for (unsigned ext = 0; ext < HF_EXT_COUNT; ext++) {
        hf_layout_fn *layout = hf_extension_table[ext].in[extensions->place];
        bool ok;

        if (!(extensions->present >> ext & 1)) {
            MUST(!extensions->body[ext].at);
            continue;
        }
        MUST(layout);
        ok = hf_wire_read_ext(layout, extensions, (enum hf_ext)ext, &out,
                              &fault);
        check_fault(ok, &fault, len);
        all &= ok;
    }
    return all;
}

/* NOLINTBEGIN(misc-no-recursion): along layouts, which have no cycles */
static bool read_parts(const struct hf_layout *layout,
                       const union any_struct *in, size_t len);

static bool read_list(const struct hf_field *f, struct hf_span list, size_t len)
{
    bool all = true;

    if (f->element) {
        uint32_t number;

        while (hf_wire_next_number(f->element, &list, &number))
            MUST(f->element == 4 || number >> (8 * f->element) == 0);
    } else {
        union any_struct element;

        while (hf_wire_next(f->of, &list, &element))
            all &= read_parts(f->of(), &element, len);
    }
    MUST(list.len == 0);
    return all;
}

/* Lists and extensions of what was read; false if a body is wrong. */
static bool read_parts(const struct hf_layout *layout,
                       const union any_struct *in, size_t len)
{
    bool all = true;

    for (unsigned i = 0; i < layout->fields; i++) {
        const struct hf_field *f = &layout->field[i];
        const uint8_t *from = (const uint8_t *)in + f->offset;
        struct hf_extensions extensions;
        struct hf_span list;

        if (f->kind == HF_WIRE_LIST) {
            memcpy(&list, from, sizeof(list));
            all &= read_list(f, list, len);
        } else if (f->kind == HF_WIRE_EXTENSIONS) {
            memcpy(&extensions, from, sizeof(extensions));
            all &= read_bodies(&extensions, len);
        }
    }
    return all;
}

/* NOLINTEND(misc-no-recursion) */

static void check_written(hf_layout_fn *layout, const union any_struct *in,
                          struct hf_span bytes)
{
    static uint8_t room[1 << 20];
    struct hf_writer w = hf_writer(room, sizeof(room));

    if (bytes.len > sizeof(room))
        return;
    hf_wire_write(layout, &w, in);
    MUST(!w.full);
    MUST(hf_span_equal(hf_written(&w), bytes));
}

static void one_layout(hf_layout_fn *layout, struct hf_span bytes,
                       const struct hf_visitor *see)
{
    union any_struct out;
    struct hf_fault read_fault, see_fault;
    bool read, seen;

    MUST(layout()->size <= sizeof(out));
    read = hf_wire_read(layout, bytes, &out, NULL, &read_fault);
    seen = hf_explain_layout(layout, bytes, see, &see_fault);
    check_fault(read, &read_fault, bytes.len);
    check_fault(seen, &see_fault, bytes.len);
    if (!read) {
        MUST(!seen);
        MUST(see_fault.offset <= read_fault.offset ||
             read_fault.kind == HF_FAULT_DUPLICATE);
        return;
    }
    MUST(read_parts(layout(), &out, bytes.len) == seen);
    check_written(layout, &out, bytes);
}

/* ---- what the first byte picks ----------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[65536];
    struct hf_lines lines = { .line = write_line };
    struct viewer viewer = { .lines = hf_lines(&lines) };
    struct hf_visitor see = { view_enter, view_field, view_leave, &viewer };
    struct hf_fault fault;
    bool ok;

    if (size < 2)
        return 0;
    viewer.all = hf_span(data + 2, size - 2);
    if (data[0] == MESSAGES) {
        unsigned version = data[1] & 7 ? 0x0300u + (data[1] & 7) : 0;

        ok = hf_explain(viewer.all, version, &see, &fault);
        check_fault(ok, &fault, viewer.all.len);
    } else if (data[0] == RECORDS) {
        unsigned version = data[1] & 7 ? 0x0300u + (data[1] & 7) : 0;
        size_t cap = data[1] & 0x80 ? sizeof(room) : data[1];

        ok = hf_explain_records(viewer.all, version, room, cap, &see, &fault);
        check_fault(ok, &fault, viewer.all.len);
    } else {
        viewer.all = hf_span(data + 1, size - 1);
        one_layout(hf_layout_at(data[0] % hf_layout_count), viewer.all, &see);
    }
    MUST(viewer.depth == 0);
    return 0;
}
