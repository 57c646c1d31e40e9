/* lab_tell.c - steps, values and claims of `handfast lab`, as text or as one
 * JSON document; all sentences are those of lab.def.
 *
 *     3  ServerKeyExchange: the server's share, signed
 *        what happens
 *
 *        server's share                                          32 bytes
 *          (the point in ServerKeyExchange)
 *          a8b1...
 *          = the same as both ends have
 *
 *        Old texts  what they say
 *        In truth   what is so
 */
#include "lab.h"

#include <string.h>

enum { INDENT = 3, HEX_INDENT = 5, PER_LINE = 32, MARGIN = 14 };

/* ---- the table ------------------------------------------------------------------- */

struct lab_row {
    const char *name, *title, *text, *old, *so;
};

#define LAB(id, name, title, text) { name, title, text, "", "" },
#define STEP(id, name, title, text, old, so)
#define VALUE(id, name, title, how)
#define CLAIM(id, name, text)
#define SAME(id, text)
#define WORD(id, text)
static const struct lab_row kinds[] = {
#include "lab.def"
};
#undef LAB
#define LAB(id, name, title, text)
#undef STEP
#define STEP(id, name, title, text, old, so) { name, title, text, old, so },
static const struct lab_row steps[] = {
#include "lab.def"
};
#undef STEP
#define STEP(id, name, title, text, old, so)
#undef VALUE
#define VALUE(id, name, title, how) { name, title, how, "", "" },
static const struct lab_row values[] = {
#include "lab.def"
};
#undef VALUE
#define VALUE(id, name, title, how)
#undef CLAIM
#define CLAIM(id, name, text) { name, "", text, "", "" },
static const struct lab_row claims[] = {
#include "lab.def"
};
#undef CLAIM
#define CLAIM(id, name, text)
#undef SAME
#define SAME(id, text) text,
static const char *const sames[] = {
#include "lab.def"
};
#undef SAME
#define SAME(id, text)
#undef WORD
#define WORD(id, text) text,
static const char *const words[] = {
#include "lab.def"
};

/* What --json calls a comparison. */
static const char *const same_names[] = {
    [SAME_NOTHING] = NULL,
    [SAME_BOTH] = "both_ends",
    [SAME_WIRE] = "wire",
};

const char *lab_name(enum lab_kind kind)
{
    return kinds[kind].name;
}

void lab_list(struct tool *tool)
{
    struct json j;

    if (tool->json) {
        json_start(&j, stdout, "handfast/labs/1");
        json_open(&j, "experiments", '[');
        for (size_t i = 0; i < LAB_KINDS; i++) {
            json_open(&j, NULL, '{');
            json_text(&j, "id", kinds[i].name);
            json_text(&j, "title", lang(kinds[i].title));
            json_text(&j, "text", lang(kinds[i].text));
            json_close(&j);
        }
        json_finish(&j);
        return;
    }
    printf("%s\n", lang(words[WORD_LIST]));
    for (size_t i = 0; i < LAB_KINDS; i++) {
        printf("\n  %shandfast lab %s%s\n      %s\n      ",
               ink(tool, stdout, INK_STRONG), kinds[i].name,
               ink(tool, stdout, INK_PLAIN), lang(kinds[i].title));
        print_wrapped(stdout, lang(kinds[i].text), tool->width, 6, 6);
    }
}

/* ---- text ---------------------------------------------------------------------------- */

static void paragraph(const struct lab *lab, const char *text, unsigned indent)
{
    printf("%*s", (int)indent, "");
    print_wrapped(stdout, text, lab->tool->width, indent, indent);
}

/* A sentence behind a word in the margin. */
static void aside(const struct lab *lab, enum ink color, const char *word,
                  const char *text)
{
    printf("%*s%s", INDENT, "", ink(lab->tool, stdout, color));
    print_padded(stdout, word, MARGIN - INDENT);
    fputs(ink(lab->tool, stdout, INK_PLAIN), stdout);
    print_wrapped(stdout, text, lab->tool->width, MARGIN, MARGIN);
}

static void hex_lines(struct hf_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (i % PER_LINE == 0)
            printf("%s%*s", i ? "\n" : "", HEX_INDENT, "");
        printf("%02x", bytes.at[i]);
    }
    if (bytes.len)
        putchar('\n');
}

static void value_text(const struct lab *lab, const char *title,
                       const char *how, struct hf_span bytes)
{
    char size[32];

    snprintf(size, sizeof(size), "%zu %s", bytes.len, lang(words[WORD_BYTES]));
    printf("%*s%s", INDENT, "", ink(lab->tool, stdout, INK_STRONG));
    print_padded(stdout, title, 52);
    printf("%s %12s\n", ink(lab->tool, stdout, INK_PLAIN), size);
    if (!lab->order.quiet && *how) {
        printf("%s", ink(lab->tool, stdout, INK_DIM));
        paragraph(lab, how, HEX_INDENT);
        printf("%s", ink(lab->tool, stdout, INK_PLAIN));
    }
    hex_lines(bytes);
}

static void same_text(const struct lab *lab, bool same, enum lab_same with,
                      struct hf_span used)
{
    printf("%*s%s", HEX_INDENT, "",
           ink(lab->tool, stdout, same ? INK_GOOD : INK_BAD));
    if (same) {
        printf("= %s%s\n", lang(sames[with]),
               ink(lab->tool, stdout, INK_PLAIN));
        return;
    }
    printf("%s; %s:%s\n", lang(words[WORD_NOT_SAME]),
           lang(words[WORD_ENDS_HAVE]), ink(lab->tool, stdout, INK_PLAIN));
    hex_lines(used);
}

/* ---- values ---------------------------------------------------------------------------- */

/* "A(i)" with its number in it. */
static void numbered(char *out, size_t cap, const char *text, unsigned i)
{
    const char *at = strstr(text, "(i)");
    const char *blank = at ? NULL : strstr(text, " i");
    size_t n = (size_t)((at ? at : blank ? blank : text) - text) + 1;

    if (at || blank)
        snprintf(out, cap, "%.*s%u%s", (int)n, text, i, text + n + 1);
    else
        snprintf(out, cap, "%s", text);
}

static void tell_value(struct lab *lab, enum lab_value value, unsigned i,
                       struct hf_span bytes, enum lab_same with,
                       struct hf_span used)
{
    const struct lab_row *row = &values[value];
    bool same = with == SAME_NOTHING || hf_span_equal(bytes, used);
    char title[120];

    lab->checks += with != SAME_NOTHING;
    lab->faults += !same;
    numbered(title, sizeof(title), lang(row->title), i);
    if (!lab->json) {
        value_text(lab, i ? title : lang(row->title),
                   i > 1 ? "" : lang(row->text), bytes);
        if (with != SAME_NOTHING)
            same_text(lab, same, with, used);
        return;
    }
    json_open(lab->json, NULL, '{');
    json_text(lab->json, "kind", "value");
    json_text(lab->json, "id", row->name);
    json_text(lab->json, "title", i ? title : lang(row->title));
    json_text(lab->json, "how", lang(row->text));
    if (i)
        json_number(lab->json, "n", i);
    json_hex(lab->json, "hex", bytes);
    json_text(lab->json, "compared", same_names[with]);
    if (with != SAME_NOTHING)
        json_bool(lab->json, "same", same);
    if (!same)
        json_hex(lab->json, "used", used);
    json_close(lab->json);
}

void lab_show(struct lab *lab, enum lab_value value, struct hf_span bytes)
{
    tell_value(lab, value, 0, bytes, SAME_NOTHING, bytes);
}

void lab_show_nth(struct lab *lab, enum lab_value value, unsigned i,
                  struct hf_span bytes)
{
    tell_value(lab, value, i, bytes, SAME_NOTHING, bytes);
}

void lab_check(struct lab *lab, enum lab_value value, struct hf_span computed,
               enum lab_same with, struct hf_span used)
{
    tell_value(lab, value, 0, computed, with, used);
}

void lab_check_both(struct lab *lab, enum lab_value value,
                    struct hf_span computed, struct hf_span client,
                    struct hf_span server)
{
    bool first = hf_span_equal(computed, client);

    tell_value(lab, value, 0, computed, SAME_BOTH, first ? server : client);
}

void lab_claim(struct lab *lab, enum lab_claim claim, bool holds)
{
    const struct lab_row *row = &claims[claim];

    lab->checks++;
    lab->faults += !holds;
    if (lab->json) {
        json_open(lab->json, NULL, '{');
        json_text(lab->json, "kind", "claim");
        json_text(lab->json, "id", row->name);
        json_text(lab->json, "text", lang(row->text));
        json_bool(lab->json, "holds", holds);
        json_close(lab->json);
        return;
    }
    printf("%*s%s%s%s ", INDENT, "",
           ink(lab->tool, stdout, holds ? INK_GOOD : INK_BAD),
           holds ? "=" : lang(words[WORD_NOT_SO]),
           ink(lab->tool, stdout, INK_PLAIN));
    print_wrapped(stdout, lang(row->text), lab->tool->width, HEX_INDENT,
                  HEX_INDENT);
}

void lab_fact(struct lab *lab, const char *name, const char *text)
{
    if (lab->json) {
        json_open(lab->json, NULL, '{');
        json_text(lab->json, "kind", "fact");
        json_text(lab->json, "id", name);
        json_text(lab->json, "text", text);
        json_close(lab->json);
        return;
    }
    printf("%*s", INDENT, "");
    print_padded(stdout, lang(name), MARGIN - INDENT);
    print_wrapped(stdout, text, lab->tool->width, MARGIN, MARGIN);
}

/* ---- steps ------------------------------------------------------------------------------ */

void lab_begin(struct lab *lab)
{
    const struct lab_row *row = &kinds[lab->kind];
    const struct tool *tool = lab->tool;

    if (lab->json) {
        json_start(lab->json, stdout, "handfast/lab/1");
        json_text(lab->json, "experiment", row->name);
        json_text(lab->json, "title", lang(row->title));
        json_text(lab->json, "text", lang(row->text));
        json_text(lab->json, "warning", lang(words[WORD_WARNING]));
        json_open(lab->json, "steps", '[');
        return;
    }
    printf("%s%s%s\n\n", ink(tool, stdout, INK_STRONG), lang(row->title),
           ink(tool, stdout, INK_PLAIN));
    if (!lab->order.quiet) {
        paragraph(lab, lang(row->text), INDENT);
        putchar('\n');
    }
    paragraph(lab, lang(words[WORD_WARNING]), INDENT);
}

void lab_step(struct lab *lab, enum lab_step step)
{
    const struct lab_row *row = &steps[step];

    lab->steps++;
    if (lab->json) {
        json_open(lab->json, NULL, '{');
        json_text(lab->json, "id", row->name);
        json_text(lab->json, "title", lang(row->title));
        json_text(lab->json, "text", lang(row->text));
        json_open(lab->json, "shown", '[');
        return;
    }
    printf("\n%s%-2u %s%s\n", ink(lab->tool, stdout, INK_STRONG), lab->steps,
           lang(row->title), ink(lab->tool, stdout, INK_PLAIN));
    if (!lab->order.quiet) {
        paragraph(lab, lang(row->text), INDENT);
        putchar('\n');
    }
}

void lab_step_end(struct lab *lab, enum lab_step step)
{
    const struct lab_row *row = &steps[step];

    if (lab->json) {
        json_close(lab->json); /* shown */
        json_text(lab->json, "old_texts", lang(row->old));
        json_text(lab->json, "in_truth", lang(row->so));
        json_close(lab->json);
        return;
    }
    if (lab->order.quiet)
        return;
    putchar('\n');
    aside(lab, INK_DIM, lang(words[WORD_OLD]), lang(row->old));
    aside(lab, INK_GOOD, lang(words[WORD_SO]), lang(row->so));
}

/* ---- the end ------------------------------------------------------------------------------ */

int lab_end(struct lab *lab)
{
    const struct tool *tool = lab->tool;
    int code = lab->failure.code ? lab->failure.exit
               : lab->faults     ? HF_EXIT_INTERNAL
                                 : HF_EXIT_GOOD;
    char text[200];

    if (lab->json) {
        json_close(lab->json); /* steps */
        json_number(lab->json, "checked", lab->checks);
        json_number(lab->json, "faults", lab->faults);
        json_failure(lab->json, &lab->failure);
        json_number(lab->json, "exit", code);
        json_finish(lab->json);
    }
    if (lab->failure.code)
        return failure_tell(tool, &lab->failure);
    if (lab->faults)
        return tool_error(tool, code, "%u %s", lab->faults,
                          lang(words[WORD_SOME_NOT]));
    if (lab->json)
        return code;
    snprintf(text, sizeof(text), "%u %s", lab->checks,
             lang(words[WORD_ALL_SAME]));
    putchar('\n');
    paragraph(lab, text, 0);
    return code;
}
