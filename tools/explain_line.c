/* explain_line.c - one thing said about some bytes: a line, an object of JSON,
 * an arrow. */
#include "explaining.h"

#include <string.h>

/* A value that was cut, whole. */
static void whole(const struct explainer *x, const struct told *line)
{
    char indent[80];
    unsigned blanks = 16 + 2 * line->depth;

    if (!x->all_bytes || line->bytes.len <= 16)
        return;
    if (blanks > sizeof(indent) - 1)
        blanks = sizeof(indent) - 1;
    memset(indent, ' ', blanks);
    indent[blanks] = '\0';
    print_hexdump(stdout, indent, line->bytes);
}

static void told_json(struct json *j, const struct told *line)
{
    json_open(j, NULL, '{');
    json_number(j, "offset", (int64_t)line->offset);
    json_number(j, "length", (int64_t)line->length);
    json_number(j, "depth", line->depth);
    json_text(j, "field", line->name[0] ? line->name : NULL);
    json_text(j, "value", line->value[0] ? line->value : NULL);
    json_text(j, "why", line->why[0] ? lang(line->why) : NULL);
    json_close(j);
}

void explain_line(const struct explainer *x, const struct told *line)
{
    const struct tool *tool = x->tool;

    if (x->json) {
        told_json(x->json, line);
        return;
    }
    printf("%s%4zu %5zu%s  %*s", ink(tool, stdout, INK_DIM), line->offset,
           line->length, ink(tool, stdout, INK_PLAIN), (int)(2 * line->depth),
           "");
    if (line->value[0]) {
        print_safe_text(stdout, line->name);
        fputs(line->name[0] ? ": " : "", stdout);
        fputs(ink(tool, stdout, INK_OURS), stdout);
        print_safe_text(stdout, line->value);
        fputs(ink(tool, stdout, INK_PLAIN), stdout);
    } else {
        fputs(ink(tool, stdout, INK_STRONG), stdout);
        print_safe_text(stdout, line->name);
        fputs(ink(tool, stdout, INK_PLAIN), stdout);
    }
    if (line->why[0])
        printf("%s  -- %s%s", ink(tool, stdout, INK_DIM), lang(line->why),
               ink(tool, stdout, INK_PLAIN));
    putchar('\n');
    whole(x, line);
}

void explain_heading(const struct explainer *x, struct hf_span text)
{
    if (x->json)
        return;
    fputs(ink(x->tool, stdout, INK_STRONG), stdout);
    print_safe(stdout, text.at, text.len, NULL);
    printf("%s\n", ink(x->tool, stdout, INK_PLAIN));
}

void json_fault(struct json *j, const char *code, const char *where,
                const char *detail, size_t byte, const char *alert,
                const char *rfc)
{
    char room[2 * HF_DETAIL_MAX];

    if (!code) {
        json_null(j, "error");
        return;
    }
    json_open(j, "error", '{');
    json_text(j, "code", code);
    json_text(j, "where", where);
    json_text(j, "detail", lang_text(detail, room, sizeof(room)));
    json_number(j, "byte", (int64_t)byte);
    json_text(j, "alert", alert);
    json_text(j, "rfc", rfc);
    json_close(j);
}

void json_no_fields(struct json *j)
{
    json_open(j, "fields", '[');
    json_close(j);
}

/*     ... 00 33 00 26 00 24 00 1d 01 2c 22 78 e6 41 ...
 *                                 ^^^^^ decode_error (50)   RFC 8446 4.2.8 */
void draw_arrow(const struct tool *tool, struct hf_span bytes, size_t at,
                size_t width, const char *says, const char *rfc)
{
    enum { BEFORE = 8, AFTER = 10 };
    size_t from = at > BEFORE ? at - BEFORE : 0, to = at + AFTER;
    size_t column = 4;

    if (to > bytes.len)
        to = bytes.len;
    if (width > to - at)
        width = to - at;
    printf("    ");
    if (from > 0)
        column += (size_t)printf("... ");
    for (size_t i = from; i < to; i++)
        printf("%s%02x%s ",
               i >= at && i < at + width ? ink(tool, stdout, INK_BAD) : "",
               bytes.at[i], ink(tool, stdout, INK_PLAIN));
    printf("%s\n", to < bytes.len ? "..." : "");
    column += 3 * (at - from);
    printf("%*s%s", (int)column, "", ink(tool, stdout, INK_BAD));
    for (size_t i = 0; i < (width ? 3 * width - 1 : 2); i++)
        putchar('^');
    printf(" %s%s%s%s\n", says, ink(tool, stdout, INK_PLAIN),
           rfc[0] ? "   " : "", rfc);
}
