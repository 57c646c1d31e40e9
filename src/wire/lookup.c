/* lookup.c - finding things in the tables: names of numbers, layouts,
 * extensions. */
#include "wire/wire.h"

/* ---- names ------------------------------------------------------------------- */

/* RFC 8701 2: 0x0a0a, 0x1a1a ... 0xfafa; of one byte 0x0b, 0x2a, 0x49 ... */
static bool is_grease(const struct hf_names *names, uint32_t number)
{
    switch ((enum hf_grease)names->grease) {
    case HF_GREASE_16:
        return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
    case HF_GREASE_8: return number <= 0xe4 && number % 0x1f == 0x0b;
    case HF_GREASE_NONE: break;
    }
    return false;
}

const char *hf_name_of(const struct hf_names *names, uint32_t number)
{
    size_t low = 0, high = names ? names->rows : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hf_name *row = &names->row[middle];

        if (row->number == number)
            return row->name;
        if (row->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return names && is_grease(names, number) ? "GREASE" : NULL;
}

/* Those who speak TLS 1.0 and 1.1 often know them by their numbers only, which
 * go on counting from SSL 3.0 (RFC 5246 E). */
void hf_wire_version_words(char out[HF_VERSION_WORDS], unsigned version)
{
    const char *name = hf_name_of(&hf_names_table[HF_NAMES_VERSION], version);

    hf_format(out, HF_VERSION_WORDS, "%s (%x",
              name ? name : "an unknown version", version);
    if (version == 0x0301 || version == 0x0302)
        hf_format_more(out, HF_VERSION_WORDS, ": %s is SSL 3.%u on the wire",
                       name, version & 0xff);
    hf_format_more(out, HF_VERSION_WORDS, ")");
}

bool hf_number_of(const struct hf_names *names, const char *name,
                  uint32_t *number)
{
    for (size_t i = 0; names && name && i < names->rows; i++) {
        if (hf_text_equal(names->row[i].name, name)) {
            *number = names->row[i].number;
            return true;
        }
    }
    return false;
}

const struct hf_names *hf_names_at(size_t i)
{
    return i < HF_NAMES_COUNT ? &hf_names_table[i] : NULL;
}

const struct hf_names *hf_names_by_id(const char *id)
{
    for (size_t i = 0; id && i < HF_NAMES_COUNT; i++)
        if (hf_text_equal(hf_names_table[i].id, id))
            return &hf_names_table[i];
    return NULL;
}

/* ---- layouts ------------------------------------------------------------------- */

hf_layout_fn *hf_layout_at(size_t i)
{
    return i < hf_layout_count ? hf_layout_table[i] : NULL;
}

/* Ids first, lest a name hide the id of another. */
hf_layout_fn *hf_layout_by_name(const char *name)
{
    for (size_t i = 0; name && i < hf_layout_count; i++)
        if (hf_text_equal(hf_layout_table[i]()->id, name))
            return hf_layout_table[i];
    for (size_t i = 0; name && i < hf_layout_count; i++)
        if (hf_text_equal(hf_layout_table[i]()->name, name))
            return hf_layout_table[i];
    return NULL;
}

size_t hf_field_key(const struct hf_layout *layout,
                    const struct hf_field *field, char *out, size_t cap)
{
    return hf_format(out, cap, "%s.%s", layout->id, field->name);
}

/* ---- extensions ------------------------------------------------------------------- */

const struct hf_extension_row *hf_extension_at(size_t i)
{
    return i < HF_EXT_COUNT ? &hf_extension_table[i] : NULL;
}

const char *hf_extension_name(uint32_t number)
{
    const char *name = hf_name_of(&hf_names_table[HF_NAMES_EXTENSION], number);

    return name ? name : "unknown extension";
}

const char *hf_place_name(unsigned place)
{
    static const char *const name[HF_PLACES] = {
        [HF_CH] = "CH", [HF_SH12] = "SH (TLS 1.2)",
        [HF_SH] = "SH", [HF_HRR] = "HRR",
        [HF_EE] = "EE", [HF_CT] = "CT",
        [HF_CR] = "CR", [HF_NST] = "NST",
    };

    return place < HF_PLACES ? name[place] : "?";
}
