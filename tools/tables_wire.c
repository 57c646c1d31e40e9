/* tables_wire.c - the formats of all messages, and which extension may stand
 * where. */
#include "tables.h"

#include "handfast/explain.h"

#include <string.h>

/* ---- formats ---------------------------------------------------------------- */

static void bounds_text(const struct hf_field *f, char *out, size_t cap)
{
    if (f->min == f->max)
        snprintf(out, cap, "%u", (unsigned)f->min);
    else
        snprintf(out, cap, "%u..%u", (unsigned)f->min, (unsigned)f->max);
}

/* What a list is of. */
static void element_text(const struct hf_field *f, char *out, size_t cap)
{
    if (f->of)
        snprintf(out, cap, "%s", f->of()->name);
    else
        snprintf(out, cap, "uint%u", 8U * f->element);
}

/* In the presentation language of RFC 8446 3. */
static void type_text(const struct hf_field *f, char *out, size_t cap)
{
    char bounds[40], element[60];

    bounds_text(f, bounds, sizeof(bounds));
    switch ((enum hf_wire_kind)f->kind) {
    case HF_WIRE_U8:
    case HF_WIRE_U16:
    case HF_WIRE_U24:
    case HF_WIRE_U32: snprintf(out, cap, "uint%u", 8U * f->kind); break;
    case HF_WIRE_FIXED:
        snprintf(out, cap, "opaque[%u]", (unsigned)f->max);
        break;
    case HF_WIRE_VEC: snprintf(out, cap, "opaque<%s>", bounds); break;
    case HF_WIRE_LIST:
        element_text(f, element, sizeof(element));
        snprintf(out, cap, "%s<%s>", element, bounds);
        break;
    case HF_WIRE_REST: snprintf(out, cap, "opaque to the end"); break;
    case HF_WIRE_EXTENSIONS:
        snprintf(out, cap, "Extension<%s>%s", bounds,
                 f->optional ? ", may be absent" : "");
        break;
    }
}

static void print_layout(FILE *to, const struct hf_layout *layout)
{
    static const char *const heading[] = { "field", "type", "names",
                                           "meaning" };
    struct table t = table_new(4, heading);
    char type[120];

    fprintf(to, "\n### %s (%s)\n\n`--as %s`\n", layout->name, layout->rfc,
            layout->id);
    if (layout->fields == 0)
        fputs("\nNothing is in it.\n", to);
    else
        putc('\n', to);
    for (unsigned i = 0; i < layout->fields; i++) {
        const struct hf_field *f = &layout->field[i];

        type_text(f, type, sizeof(type));
        table_cell(&t, "%s", f->name);
        table_cell(&t, "%s", type);
        table_cell(&t, "%s", f->names ? f->names->what : "");
        table_cell(&t, "%s", f->why);
    }
    if (layout->fields == 0)
        t.cells = 0;
    table_end(&t, to);
}

void tables_layouts(FILE *to)
{
    fputs("## Formats\n\n"
          "Every message and structure that `handfast explain` reads, in the "
          "words of RFC 8446 3: bounds are in bytes, both inclusive.\n",
          to);
    for (size_t i = 0; hf_layout_at(i); i++)
        print_layout(to, hf_layout_at(i)());
}

/* ---- extensions ----------------------------------------------------------------- */

void tables_extensions(FILE *to)
{
    const char *heading[HF_PLACES + 3] = { "number", "extension" };
    struct table t;

    for (unsigned p = 0; p < HF_PLACES; p++)
        heading[2 + p] = hf_place_name(p);
    heading[2 + HF_PLACES] = "for";
    t = table_new(HF_PLACES + 3, heading);
    fputs("## Extensions\n\n"
          "Which extension may appear in which message (RFC 8446 4.2): CH "
          "ClientHello, SH ServerHello (SH12: of TLS 1.2), HRR "
          "HelloRetryRequest, EE EncryptedExtensions, CT Certificate, CR "
          "CertificateRequest, NST NewSessionTicket. Where there is no mark, "
          "it is refused.\n\n",
          to);
    for (size_t i = 0; hf_extension_at(i); i++) {
        const struct hf_extension_row *row = hf_extension_at(i);

        table_cell(&t, "%u", (unsigned)row->number);
        table_cell(&t, "%s", hf_extension_name(row->number));
        for (unsigned p = 0; p < HF_PLACES; p++)
            table_cell(&t, "%s", row->in[p] ? "x" : "");
        table_cell(&t, "%s", row->why);
    }
    table_end(&t, to);
}
