/* lines.c - fields as lines of text:
 *
 *    254    42      key_share  -- Diffie-Hellman
 *    260    36        shares  -- public keys, guessed in advance ...
 *    260     2          group: 0x001d x25519  -- the Diffie-Hellman group
 *    264    32          key_exchange: 2278e641d422b805... (32 bytes)
 *
 * offset, length, and what is there, indented by how deep it lies. */
#include "wire/wire.h"

enum { VALUE_MAX = 480, WHOLE_BYTES = 16, FIRST_BYTES = 8 };

/* ---- values ------------------------------------------------------------------ */

/* A number that takes two bytes is known by its hex, a smaller one by its
 * decimal form; so the RFCs write them too. */
static size_t named_text(const struct hf_seen *seen, char *out, size_t cap)
{
    const struct hf_names *names = seen->field->names;
    const char *name = hf_name_of(names, seen->number);
    const char *form = seen->bytes.len > 1 ? "%x %s" : "%u %s";

    if (name)
        return hf_format(out, cap, form, seen->number, name);
    form = seen->bytes.len > 1 ? "%x (unknown %s)" : "%u (unknown %s)";
    return hf_format(out, cap, form, seen->number, names->what);
}

static size_t bytes_text(struct hf_span bytes, char *out, size_t cap)
{
    struct hf_span first = bytes;

    if (!bytes.len)
        return hf_format(out, cap, "(empty)");
    if (bytes.len <= WHOLE_BYTES)
        return hf_format(out, cap, "%h", &bytes);
    first.len = FIRST_BYTES;
    return hf_format(out, cap, "%h... (%z bytes)", &first, bytes.len);
}

static bool is_number(const struct hf_field *f)
{
    return f->kind <= HF_WIRE_U32 || (f->kind == HF_WIRE_LIST && f->element);
}

size_t hf_value_text(const struct hf_seen *seen, char *out, size_t cap)
{
    if (seen->kind != HF_SEEN_FIELD)
        return hf_format(out, cap, "");
    if (is_number(seen->field)) {
        if (seen->field->show == HF_SHOW_NUMBER)
            return hf_format(out, cap, "%u", seen->number);
        return named_text(seen, out, cap);
    }
    if (seen->field->show == HF_SHOW_TEXT)
        return hf_format(out, cap, "%q", &seen->bytes);
    return bytes_text(seen->bytes, out, cap);
}

/* ---- lines --------------------------------------------------------------------- */

static void say(struct hf_lines *lines, const struct hf_seen *seen,
                const char *name, const char *value, const char *why)
{
    struct hf_line line = {
        .offset = seen->offset,
        .length = seen->bytes.len,
        .depth = lines->depth,
        .name = name,
        .value = value,
        .why = why,
        .seen = seen,
    };

    lines->line(lines->ctx, &line);
}

/* Elements have no line of their own: their fields follow each other at the
 * depth that theirs would have.  `quiet` remembers which levels did so. */
static void lines_enter(void *ctx, const struct hf_seen *seen)
{
    struct hf_lines *lines = ctx;
    bool quiet = seen->kind == HF_SEEN_ELEMENT;

    lines->quiet = lines->quiet << 1 | quiet;
    if (quiet)
        return;
    say(lines, seen, seen->name, "", seen->why);
    lines->depth++;
}

/* The elements of a list of numbers need not say the list's name again. */
static void lines_field(void *ctx, const struct hf_seen *seen)
{
    bool element = seen->field->kind == HF_WIRE_LIST;
    char value[VALUE_MAX];

    hf_value_text(seen, value, sizeof(value));
    say(ctx, seen, element ? "" : seen->name, value, element ? "" : seen->why);
}

static void lines_leave(void *ctx)
{
    struct hf_lines *lines = ctx;

    if (!(lines->quiet & 1))
        lines->depth--;
    lines->quiet >>= 1;
}

struct hf_visitor hf_lines(struct hf_lines *lines)
{
    return (struct hf_visitor){ lines_enter, lines_field, lines_leave, lines };
}

/* ---- text ------------------------------------------------------------------------ */

/* Append @number, right-aligned to @width. */
static void column(char *out, size_t cap, size_t number, unsigned width)
{
    size_t tens = number;

    for (; tens > 9; tens /= 10)
        if (width)
            width--;
    for (; width > 1; width--)
        hf_format_more(out, cap, " ");
    hf_format_more(out, cap, "%z", number);
}

size_t hf_line_text(const struct hf_line *line, char *out, size_t cap)
{
    if (!cap)
        return 0;
    out[0] = '\0';
    column(out, cap, line->offset, 4);
    hf_format_more(out, cap, " ");
    column(out, cap, line->length, 5);
    hf_format_more(out, cap, "  ");
    for (unsigned i = 0; i < line->depth; i++)
        hf_format_more(out, cap, "  ");
    hf_format_more(out, cap, "%s", line->name);
    if (line->value[0])
        hf_format_more(out, cap, line->name[0] ? ": %s" : "%s", line->value);
    if (line->why[0])
        hf_format_more(out, cap, "  -- %s", line->why);
    return hf_text_len(out);
}
