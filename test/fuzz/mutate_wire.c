/* mutate_wire.c - now and then gives libFuzzer a right message to start from,
 * made up from the tables, bare or with its header or in a record. */
#include "wire/samples.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed);

static void put_message(struct dice *dice, struct hf_writer *w)
{
    const struct hf_message_row *row =
        &hf_message_table[dice_below(dice, (uint32_t)hf_message_count)];
    size_t mark;

    hf_put(w, row->type, 1);
    mark = hf_writer_open(w, 3);
    random_message(dice, row->layout, w);
    hf_writer_close(w, mark, 3);
}

static void put_record(struct dice *dice, struct hf_writer *w)
{
    size_t mark;

    hf_put(w, 20 + dice_below(dice, 5), 1);
    hf_put(w, 0x0303, 2);
    mark = hf_writer_open(w, 2);
    put_message(dice, w);
    hf_writer_close(w, mark, 2);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned seed)
{
    struct dice dice = { 0x9e3779b97f4a7c15u ^ seed };
    struct hf_writer w = hf_writer(data, max);
    uint32_t which = dice_below(&dice, (uint32_t)hf_layout_count);

    if (dice_below(&dice, 64))
        return LLVMFuzzerMutate(data, size, max);
    if (dice_below(&dice, 2)) {
        hf_put(&w, which, 1);
        random_message(&dice, hf_layout_at(which), &w);
    } else if (dice_below(&dice, 2)) {
        hf_put(&w, 0xf000, 2);
        put_message(&dice, &w);
    } else {
        hf_put(&w, 0xf100 + 0x80 * dice_below(&dice, 2), 2);
        put_record(&dice, &w);
        put_record(&dice, &w);
    }
    return w.len ? w.len : size;
}
