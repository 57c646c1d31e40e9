/* ext.c - what stands on the walker: the body of an extension, read or written
 * as what extensions.def says that it is in this message; the one message
 * that only its extensions tell apart; and lists of numbers. */
#include "wire/wire.h"

#include <assert.h>

bool hf_wire_read_ext(hf_layout_fn *layout,
                      const struct hf_extensions *extensions, enum hf_ext ext,
                      void *out, struct hf_fault *fault)
{
    struct hf_span body = extensions->body[ext];

    assert(extensions->present >> ext & 1);
    assert(extensions->place < HF_PLACES);
    assert(hf_extension_table[ext].in[extensions->place] == layout);
    if (hf_wire_read(layout, body, out, NULL, fault))
        return true;
    hf_wire_shift(fault, extensions->all, body);
    fault->offset += extensions->offset;
    return false;
}

void hf_wire_shift(struct hf_fault *fault, struct hf_span whole,
                   struct hf_span part)
{
    fault->offset += (size_t)(part.at - whole.at);
}

void hf_wire_write_ext(hf_layout_fn *layout, struct hf_writer *w,
                       enum hf_ext ext, enum hf_place place, const void *in)
{
    size_t mark;

    assert(place < HF_PLACES && hf_extension_table[ext].in[place] == layout);
    hf_put(w, hf_extension_table[ext].number, 2);
    mark = hf_writer_open(w, 2);
    hf_wire_write(layout, w, in);
    hf_writer_close(w, mark, 2);
}

enum hf_place hf_wire_server_hello_place(struct hf_span body)
{
    struct hf_server_hello_any hello;
    struct hf_fault fault;

    if (!hf_wire_read(hf_server_hello_any, body, &hello, NULL, &fault))
        return HF_SH12;
    if (hf_equal(hello.random, hf_retry_random, sizeof(hf_retry_random)))
        return HF_HRR;
    return hello.extensions.present & HF_BIT(supported_versions) ? HF_SH
                                                                 : HF_SH12;
}

bool hf_wire_next_number(unsigned width, struct hf_span *list, uint32_t *out)
{
    if (width > list->len)
        return false;
    *out = hf_number(list->at, width);
    *list = hf_span_after(*list, width);
    return true;
}

bool hf_wire_next_extension(struct hf_span *block, uint32_t *number,
                            struct hf_span *body)
{
    size_t len;

    if (block->len < 4)
        return false;
    *number = hf_number(block->at, 2);
    len = hf_number(block->at + 2, 2);
    if (len > block->len - 4)
        return false;
    *body = hf_span_first(hf_span_after(*block, 4), len);
    *block = hf_span_after(*block, 4 + len);
    return true;
}

bool hf_wire_lists(struct hf_span list, unsigned width, uint32_t number)
{
    uint32_t each;

    while (hf_wire_next_number(width, &list, &each))
        if (each == number)
            return true;
    return false;
}
