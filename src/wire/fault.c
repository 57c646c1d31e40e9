/* fault.c - what to say of bytes that cannot be read: the code, which brings
 * the alert, and the values that clashed. */
#include "wire/wire.h"

static const enum hf_error_code codes[] = {
    [HF_FAULT_NONE] = HF_E_BUG, /* nobody complains of nothing */
    [HF_FAULT_SHORT] = HF_E_TRUNCATED,
    [HF_FAULT_BOUNDS] = HF_E_BOUNDS,
    [HF_FAULT_TRAILING] = HF_E_TRAILING,
    [HF_FAULT_ELEMENT] = HF_E_ELEMENT,
    [HF_FAULT_DUPLICATE] = HF_E_DUPLICATE,
    [HF_FAULT_MISPLACED] = HF_E_MISPLACED,
    [HF_FAULT_UNKNOWN] = HF_E_UNSOLICITED,
};

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static size_t bounds_text(const struct hf_fault *fault, char *out, size_t cap)
{
    const struct hf_field *f = fault->field;

    return hf_format(out, cap, "%z byte%s, %u to %u allowed", fault->found,
                     plural(fault->found), f->min, f->max);
}

size_t hf_fault_text(const struct hf_fault *fault, char *out, size_t cap)
{
    size_t found = fault->found;

    switch (fault->kind) {
    case HF_FAULT_NONE: break;
    case HF_FAULT_SHORT:
        return hf_format(
            out, cap, "%z byte%s %s, %z left", found, plural(found),
            fault->announced ? "announced" : "needed", fault->left);
    case HF_FAULT_BOUNDS: return bounds_text(fault, out, cap);
    case HF_FAULT_TRAILING:
        return hf_format(out, cap, "%z byte%s left over", fault->left,
                         plural(fault->left));
    case HF_FAULT_ELEMENT:
        return hf_format(out, cap, "%z byte%s do not divide by %u", found,
                         plural(found), (unsigned)fault->field->element);
    case HF_FAULT_DUPLICATE:
    case HF_FAULT_MISPLACED:
    case HF_FAULT_UNKNOWN:
        return hf_format(out, cap, "extension %z, %s", found,
                         hf_extension_name((uint32_t)found));
    }
    return hf_format(out, cap, "no fault");
}

bool hf_wire_fail(struct hf_error *e, const struct hf_fault *fault)
{
    char detail[HF_DETAIL_MAX];

    if (e->code)
        return false;
    hf_fault_text(fault, detail, sizeof(detail));
    hf_fail(e, codes[fault->kind], "%s", detail);
    e->layout = fault->layout ? fault->layout->name : NULL;
    e->field = fault->field ? fault->field->name : NULL;
    e->byte = HF_MESSAGE_HEADER + fault->offset;
    return false;
}
