/* samples.c - for tests and fuzzers: messages made up from the same tables that
 * they are read by.
 *
 * Numbers are half of the time ones that have names, lengths are mostly at or
 * a little above their minimum, and rarely large. */
#include "wire/samples.h"

#include <assert.h>

uint32_t dice_roll(struct dice *dice) /* xorshift64*, Vigna 2014 */
{
    uint64_t x = dice->state ? dice->state : 88172645463325252u;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    dice->state = x;
    return (uint32_t)(x * 2685821657736338717u >> 32);
}

uint32_t dice_below(struct dice *dice, uint32_t n)
{
    return dice_roll(dice) % n;
}

static void random_bytes(struct dice *dice, struct hf_writer *w, size_t len)
{
    while (len-- > 0 && !w->full)
        hf_put(w, dice_roll(dice) & 0xff, 1);
}

static size_t random_len(struct dice *dice, uint32_t min, uint32_t max)
{
    static const uint32_t more[] = { 1, 2, 9, 33, 300 };
    uint32_t room = max - min;
    uint32_t extra = dice_below(dice, more[dice_below(dice, 5)]);

    return min + (extra < room ? extra : room);
}

static void random_number(struct dice *dice, const struct hf_names *names,
                          unsigned width, struct hf_writer *w)
{
    uint32_t n = dice_roll(dice);

    if (names && names->rows && dice_below(dice, 2))
        n = names->row[dice_below(dice, (uint32_t)names->rows)].number;
    hf_put(w, width < 4 ? n & ((1u << 8 * width) - 1) : n, width);
}

static void random_list(struct dice *dice, const struct hf_field *f,
                        struct hf_writer *w)
{
    size_t mark = hf_writer_open(w, f->prefix);
    uint32_t count = dice_below(dice, 5);

    while (!w->full && (w->len - mark < f->min || count > 0)) {
        if (f->element)
            random_number(dice, f->names, f->element, w);
        else
            random_message(dice, f->of, w);
        count -= count > 0;
    }
    hf_writer_close(w, mark, f->prefix);
}

/* ---- extensions ------------------------------------------------------------------ */

static void random_known(struct dice *dice, unsigned ext, unsigned place,
                         struct hf_writer *w)
{
    hf_layout_fn *layout = place == HF_ANY ? hf_opaque
                                           : hf_extension_table[ext].in[place];
    size_t mark;

    hf_put(w, hf_extension_table[ext].number, 2);
    mark = hf_writer_open(w, 2);
    random_message(dice, layout, w);
    hf_writer_close(w, mark, 2);
}

/* GREASE: a number that is unknown now and for ever (RFC 8701). */
static void random_unknown(struct dice *dice, unsigned which,
                           struct hf_writer *w)
{
    size_t mark;

    hf_put(w, 0x0a0a + 0x1010 * which, 2);
    mark = hf_writer_open(w, 2);
    random_bytes(dice, w, dice_below(dice, 5));
    hf_writer_close(w, mark, 2);
}

static bool allowed(unsigned ext, unsigned place)
{
    return place == HF_ANY || hf_extension_table[ext].in[place];
}

/* Each extension with a chance of one in three, beginning anywhere; more, if
 * the block would be too small. */
static void random_extensions(struct dice *dice, const struct hf_field *f,
                              struct hf_writer *w)
{
    bool ignores = f->place == HF_CH || f->place == HF_CR ||
                   f->place == HF_NST || f->place == HF_ANY;
    unsigned first = dice_below(dice, HF_EXT_COUNT), unknown = 0;
    size_t mark;

    if (f->optional && dice_below(dice, 4) == 0)
        return;
    mark = hf_writer_open(w, f->prefix);
    for (unsigned i = 0; i < HF_EXT_COUNT; i++) {
        unsigned ext = (first + i) % HF_EXT_COUNT;

        if (!allowed(ext, f->place))
            continue;
        if (w->len - mark < f->min || dice_below(dice, 3) == 0)
            random_known(dice, ext, f->place, w);
        if (ignores && unknown < 16 && dice_below(dice, 8) == 0)
            random_unknown(dice, unknown++, w);
    }
    hf_writer_close(w, mark, f->prefix);
}

/* ---- messages ----------------------------------------------------------------------- */

static void random_field(struct dice *dice, const struct hf_field *f,
                         struct hf_writer *w)
{
    size_t len;

    switch ((enum hf_wire_kind)f->kind) {
    case HF_WIRE_U8:
    case HF_WIRE_U16:
    case HF_WIRE_U24:
    case HF_WIRE_U32: random_number(dice, f->names, f->kind, w); break;
    case HF_WIRE_FIXED: random_bytes(dice, w, f->min); break;
    case HF_WIRE_REST: random_bytes(dice, w, random_len(dice, 0, 64)); break;
    case HF_WIRE_VEC:
        len = random_len(dice, f->min, f->max);
        hf_put(w, (uint32_t)len, f->prefix);
        random_bytes(dice, w, len);
        break;
    case HF_WIRE_LIST: random_list(dice, f, w); break;
    case HF_WIRE_EXTENSIONS: random_extensions(dice, f, w); break;
    }
}

void random_message(struct dice *dice, hf_layout_fn *layout,
                    struct hf_writer *w)
{
    const struct hf_layout *l = layout();

    for (unsigned i = 0; i < l->fields; i++)
        random_field(dice, &l->field[i], w);
}

/* ---- real bytes --------------------------------------------------------------------- */

struct hf_span hex_bytes(const char *hex)
{
    static uint8_t room[4][4096];
    static unsigned turn;
    uint8_t *out = room[turn++ % 4];
    size_t len = 0;
    bool ok = hf_unhex(hf_span_text(hex), out, sizeof(room[0]), &len);

    assert(ok);
    (void)ok;
    return hf_span(out, len);
}

/* The rest of its 508 bytes are zeroes of the padding extension. */
static const char hello_hex[] =
    "0303585b4cc8aceb19273a3f53ffe53dfdf52f18318e57cd85f80e15b6863504"
    "478720060a6d2096ddb3bddc87d4dd3a5b3beb16494dc36ec7d5ce4b494216a8"
    "1529990024130213031301c02cc030c02bc02fcca9cca8c024c028c023c02700"
    "9f009e006b006700ff0100018f00000010000e00000b6578616d706c652e636f"
    "6d000b000403000102000a00160014001d0017001e0019001801000101010201"
    "030104002300000010000e000c02683208687474702f312e3100160000001700"
    "00000d002a0028040305030603080708080809080a080b080408050806040105"
    "010601030303010302040205020602002b00050403040303002d000201010033"
    "00260024001d00202278e641d422b8057a662cdf8d58cd216ad328d4ef8c2142"
    "b606711b43959203001500d0";

struct hf_span real_client_hello(void)
{
    static uint8_t hello[508];
    struct hf_span start = hex_bytes(hello_hex);

    assert(start.len == 300);
    hf_copy(hello, start.at, start.len);
    return HF_SPAN(hello);
}
