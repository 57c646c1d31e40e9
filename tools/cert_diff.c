/* cert_diff.c - handfast cert diff: what differs between two certificates,
 * field by field.
 *
 *     a field of a certificate --> its items, as text, sorted
 *     two lists of items       --> those only here (-), those only there (+)
 *
 * Most fields have one item; names, usages and extensions have many, and only
 * the ones that differ are shown. */
#include "cert_fields.h"

#include <stdlib.h>
#include <string.h>

/* ---- comparing ---------------------------------------------------------------------------- */

/* Of each field, what only one of the two has. */
struct two {
    struct items a[CERT_FIELDS], b[CERT_FIELDS];
    bool failed;
};

static int by_text(const void *one, const void *two)
{
    return strcmp(*(char *const *)one, *(char *const *)two);
}

static void sort(struct items *items)
{
    if (items->count > 1)
        qsort(items->at, items->count, sizeof(*items->at), by_text);
}

/* Leave what the other list has not. */
static void only(struct items *a, struct items *b)
{
    size_t keep_a = 0, keep_b = 0, i = 0, k = 0;

    while (i < a->count || k < b->count) {
        int order = i == a->count   ? 1
                    : k == b->count ? -1
                                    : strcmp(a->at[i], b->at[k]);

        if (order < 0) {
            a->at[keep_a++] = a->at[i++];
        } else if (order > 0) {
            b->at[keep_b++] = b->at[k++];
        } else {
            free(a->at[i++]);
            free(b->at[k++]);
        }
    }
    a->count = keep_a;
    b->count = keep_b;
}

static void compare(struct two *two, const struct hf_cert *a,
                    const struct hf_cert *b)
{
    for (size_t i = 0; i < CERT_FIELDS; i++) {
        cert_fields[i].items(a, &two->a[i]);
        cert_fields[i].items(b, &two->b[i]);
        sort(&two->a[i]);
        sort(&two->b[i]);
        two->failed |= two->a[i].failed || two->b[i].failed;
        only(&two->a[i], &two->b[i]);
    }
}

static bool differs(const struct two *two, size_t i)
{
    return two->a[i].count || two->b[i].count;
}

/* ---- saying it ------------------------------------------------------------------------------ */

enum { LABEL = 12 };

static void print_items(const struct tool *tool, const struct items *items,
                        char sign, enum ink colour, const char **label)
{
    for (size_t i = 0; i < items->count; i++) {
        printf("  %s", ink(tool, stdout, INK_DIM));
        print_padded(stdout, lang(*label), LABEL);
        printf("%s%s%c ", ink(tool, stdout, INK_PLAIN),
               ink(tool, stdout, colour), sign);
        fputs(items->at[i], stdout);
        printf("%s\n", ink(tool, stdout, INK_PLAIN));
        *label = "";
    }
}

static void print_two(const struct tool *tool, const struct two *two)
{
    bool first = true;

    printf("%s- %s%s\n", ink(tool, stdout, INK_BAD), tool->operands[0],
           ink(tool, stdout, INK_PLAIN));
    printf("%s+ %s%s\n", ink(tool, stdout, INK_GOOD), tool->operands[1],
           ink(tool, stdout, INK_PLAIN));
    for (size_t i = 0; i < CERT_FIELDS; i++) {
        const char *label = cert_fields[i].label;

        print_items(tool, &two->a[i], '-', INK_BAD, &label);
        print_items(tool, &two->b[i], '+', INK_GOOD, &label);
    }
    fputs(lang("  the same: "), stdout);
    for (size_t i = 0; i < CERT_FIELDS; i++) {
        if (differs(two, i))
            continue;
        printf("%s%s", first ? "" : ", ", lang(cert_fields[i].label));
        first = false;
    }
    puts(first ? lang("nothing") : "");
}

static void json_items(struct json *j, const char *key,
                       const struct items *items)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < items->count; i++)
        json_text(j, NULL, items->at[i]);
    json_close(j);
}

static void json_two(const struct tool *tool, const struct two *two, bool same)
{
    struct json j;

    json_start(&j, stdout, "handfast/certdiff/1");
    json_text(&j, "a", tool->operands[0]);
    json_text(&j, "b", tool->operands[1]);
    json_bool(&j, "same", same);
    json_open(&j, "differences", '[');
    for (size_t i = 0; i < CERT_FIELDS; i++) {
        if (!differs(two, i))
            continue;
        json_open(&j, NULL, '{');
        json_text(&j, "field", cert_fields[i].key);
        json_items(&j, "only_a", &two->a[i]);
        json_items(&j, "only_b", &two->b[i]);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

static int tell(struct tool *tool, const struct hf_cert *a,
                const struct hf_cert *b)
{
    struct two two = { .failed = false };
    bool same = hf_span_equal(a->der, b->der);
    int code = same ? HF_EXIT_GOOD : HF_EXIT_NO;

    compare(&two, a, b);
    if (two.failed)
        code = tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    else if (tool->json)
        json_two(tool, &two, same);
    else if (same)
        puts(lang("They are the same certificate."));
    else
        print_two(tool, &two);
    for (size_t i = 0; i < CERT_FIELDS; i++) {
        items_free(&two.a[i]);
        items_free(&two.b[i]);
    }
    return code;
}

static int run_diff(struct tool *tool)
{
    struct certs certs[2] = { { .count = 0 }, { .count = 0 } };
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count != 2)
        return usage_error(tool, "two of them, please: files, - or HOST:PORT");
    code = HF_EXIT_GOOD;
    for (size_t i = 0; i < 2 && !code; i++) {
        code = certs_from(tool, tool->operands[i], &certs[i]);
        if (!code && !certs[i].count)
            code = tool_error(tool, HF_EXIT_USAGE, "%s sent no certificate",
                              tool->operands[i]);
    }
    if (!code)
        code = tell(tool, certs[0].at[0], certs[1].at[0]);
    certs_free(&certs[0]);
    certs_free(&certs[1]);
    return output_done(tool, code);
}

/* clang-format off */
static const struct opt options[] = {
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command cert_diff = {
    .name = "diff",
    .operands = "A B",
    .summary = "what differs between two certificates, field by field",
    .about = "A and B are each FILE, - or HOST[:PORT]; of a file or server the "
             "first certificate counts. Lines with - are of A only, with + of "
             "B only. The exit code is 0 if they are the same, 1 if not, and "
             "more if they could not be compared.",
    .examples = "  handfast cert diff old.pem new.pem\n"
                "  handfast cert diff site.pem www.example.org\n",
    .options = options,
    .run = run_diff,
};
