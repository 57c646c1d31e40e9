/* write.c - structs into bytes, by the same tables that codec.c reads by.
 *
 * What is written is ours, so a value out of its bounds is a bug of ours; it
 * leaves the writer full, and what is full is never sent. */
#include "wire/wire.h"

static void write_number(struct hf_writer *w, const struct hf_field *f,
                         const uint8_t *from)
{
    uint32_t n;

    if (f->kind == HF_WIRE_U8)
        n = *from;
    else if (f->kind == HF_WIRE_U16)
        n = *(const uint16_t *)(const void *)from;
    else
        n = *(const uint32_t *)(const void *)from;
    if (f->kind == HF_WIRE_U24 && n >> 24)
        w->full = true;
    hf_put(w, n, f->kind);
}

static void write_bytes(struct hf_writer *w, const struct hf_field *f,
                        struct hf_span bytes)
{
    if (bytes.len < f->min || bytes.len > f->max ||
        (f->element && bytes.len % f->element))
        w->full = true;
    if (f->prefix)
        hf_put(w, (uint32_t)bytes.len, f->prefix);
    hf_put_bytes(w, bytes);
}

static void write_field(struct hf_writer *w, const struct hf_field *f,
                        const uint8_t *from)
{
    const struct hf_extensions *extensions;

    switch ((enum hf_wire_kind)f->kind) {
    case HF_WIRE_U8:
    case HF_WIRE_U16:
    case HF_WIRE_U24:
    case HF_WIRE_U32: write_number(w, f, from); break;
    case HF_WIRE_FIXED: hf_put_bytes(w, hf_span(from, f->min)); break;
    case HF_WIRE_VEC:
    case HF_WIRE_LIST:
    case HF_WIRE_REST:
        write_bytes(w, f, *(const struct hf_span *)(const void *)from);
        break;
    case HF_WIRE_EXTENSIONS:
        extensions = (const struct hf_extensions *)(const void *)from;
        if (!f->optional || extensions->all.at)
            write_bytes(w, f, extensions->all);
        break;
    }
}

void hf_wire_write(hf_layout_fn *layout, struct hf_writer *w, const void *in)
{
    const struct hf_layout *l = layout();

    for (unsigned i = 0; i < l->fields; i++)
        write_field(w, &l->field[i], (const uint8_t *)in + l->field[i].offset);
}
