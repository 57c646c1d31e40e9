/* any_wire.h - in the place of the codec: what codec.c (the harness) proves of
 * it, for any layout that messages.def has.  A structure that was read has
 * numbers of any value, and vectors anywhere in what was read, of any length
 * within their bounds; an element is taken off the front of a list.
 *
 * Lists may have up to `most_elements` elements, which each harness sets. */
#ifndef HF_ANY_WIRE_H
#define HF_ANY_WIRE_H

#include "wire/wire.h"

static unsigned most_elements;

static inline struct hf_span any_part(struct hf_span whole,
                                      const struct hf_field *f)
{
    size_t at = nondet_size(), len = nondet_size();

    ASSUME(at >= f->prefix && at <= whole.len && len <= whole.len - at);
    ASSUME(len >= f->min && len <= f->max);
    return (struct hf_span){ whole.at + at, len };
}

static inline void any_extensions(struct hf_span in, const struct hf_field *f,
                                  struct hf_extensions *out)
{
    *out = (struct hf_extensions){ .place = f->place };
    out->present = (uint64_t)nondet_size();
    ASSUME(!(out->present >> HF_EXT_COUNT));
    out->last = nondet_byte();
    ASSUME(out->last <= HF_EXT_COUNT);
    if (!f->optional || nondet_bool())
        out->all = any_part(in, f);
}

/* The bytes of a field, at least: what prove_number and its neighbours take. */
static inline size_t least_of(const struct hf_field *f)
{
    if (f->kind <= HF_WIRE_U32)
        return f->kind;
    return f->kind == HF_WIRE_EXTENSIONS && f->optional ? 0
                                                        : f->prefix + f->min;
}

static inline void any_struct(const struct hf_layout *layout, struct hf_span in,
                              void *out)
{
    size_t least = 0;

    for (unsigned i = 0; i < layout->fields; i++) {
        const struct hf_field *f = &layout->field[i];
        uint8_t *to = (uint8_t *)out + f->offset;

        least += least_of(f);
        switch ((enum hf_wire_kind)f->kind) {
        case HF_WIRE_U8: *to = nondet_byte(); break;
        case HF_WIRE_U16: *(uint16_t *)(void *)to = nondet_half(); break;
        case HF_WIRE_U24:
            *(uint32_t *)(void *)to = nondet_word() & 0xffffff;
            break;
        case HF_WIRE_U32: *(uint32_t *)(void *)to = nondet_word(); break;
        case HF_WIRE_FIXED: __CPROVER_havoc_slice(to, f->min); break;
        case HF_WIRE_VEC:
        case HF_WIRE_LIST:
        case HF_WIRE_REST:
            *(struct hf_span *)(void *)to = any_part(in, f);
            break;
        case HF_WIRE_EXTENSIONS:
            any_extensions(in, f, (struct hf_extensions *)(void *)to);
            break;
        }
    }
    ASSUME(in.len >= least);
}

bool hf_wire_read(hf_layout_fn *layout, struct hf_span in, void *out,
                  const struct hf_visitor *see, struct hf_fault *fault)
{
    (void)see;
    fault->kind = HF_FAULT_SHORT;
    PROVE(!in.len || __CPROVER_r_ok(in.at, in.len));
    if (nondet_bool())
        return false;
    any_struct(layout(), in, out);
    return true;
}

#ifndef HF_WITH_EXT /* ext.c (the source) is there */
bool hf_wire_read_ext(hf_layout_fn *layout,
                      const struct hf_extensions *extensions, enum hf_ext ext,
                      void *out, struct hf_fault *fault)
{
    return hf_wire_read(layout, extensions->body[ext], out, NULL, fault);
}

#endif

bool hf_wire_fail(struct hf_error *e, const struct hf_fault *fault)
{
    (void)fault;
    return hf_fail(e, HF_E_BOUNDS, NULL);
}

bool hf_wire_next(hf_layout_fn *layout, struct hf_span *list, void *out)
{
    size_t len = nondet_size();

    if (!list->len || nondet_bool())
        return false;
    ASSUME(most_elements-- > 0);
    ASSUME(len >= 1 && len <= list->len);
    any_struct(layout(), (struct hf_span){ list->at, len }, out);
    *list = (struct hf_span){ list->at + len, list->len - len };
    return true;
}

#endif
