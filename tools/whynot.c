/* whynot.c - why a certificate is not trusted: the tree of what was tried.
 *
 *     tried
 *       localhost
 *       |- by Lab Issuing: the certificate has expired [verify.expired]
 *       |    it expired on 2026-11-20 ..., 2 days ago (our clock says ...)
 *       |    fix: whoever runs the authority must renew it ...
 *       `- by Lab Issuing
 *          `- by Lab Root (in the trust store): ...
 *
 * Each certificate stands under the one that it would have issued.
 */
#include "whynot.h"

#include <stdlib.h>
#include <string.h>

/* ---- the shape ------------------------------------------------------------------ */

/* Children follow their parent, in the order in which they were tried. */
struct shape {
    size_t order[HF_TRIED_MAX], count;
    bool last[HF_TRIED_MAX]; /* of its parent's children */
};

static void shape_of(const struct hf_tried_tree *tree, struct shape *out)
{
    int stack[HF_TRIED_MAX + 1];
    size_t depth = 0;

    *out = (struct shape){ .count = 0 };
    stack[depth++] = -1;
    while (depth) {
        int parent = stack[--depth];
        bool last = true;

        if (parent >= 0)
            out->order[out->count++] = (size_t)parent;
        for (size_t i = tree->count; i-- > 0;)
            if (tree->at[i].parent == parent && depth <= HF_TRIED_MAX) {
                stack[depth++] = (int)i;
                out->last[i] = last;
                last = false;
            }
    }
}

static bool has_children(const struct hf_tried_tree *tree, size_t at)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->at[i].parent == (int)at)
            return true;
    return false;
}

static bool lacks_issuer(const struct hf_tried *node)
{
    return node->code == HF_E_UNKNOWN_ISSUER ||
           node->code == HF_E_MISSING_INTERMEDIATE;
}

/* "No issuer" is no news where issuers follow, which failed. */
static bool is_news(const struct hf_tried_tree *tree, size_t at)
{
    const struct hf_tried *node = &tree->at[at];

    return node->code != HF_OK &&
           !(lacks_issuer(node) && has_children(tree, at));
}

const struct hf_cert *whynot_dead_end(const struct hf_tried_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        if (lacks_issuer(&tree->at[i]) && is_news(tree, i))
            return tree->at[i].cert;
    return NULL;
}

void whynot_free(struct hf_tried_tree *tree)
{
    if (!tree)
        return;
    hf_tried_wipe(tree);
    hf_free(tree, sizeof(*tree));
}

/* ---- text ------------------------------------------------------------------------ */

enum { RAIL = 4 * HF_PATH_MAX + 8 };

static void add(char *rail, const char *text)
{
    size_t len = strlen(rail);

    snprintf(rail + len, RAIL - len, "%s", text);
}

/* What stands before a node's first line (@first), or before those below. */
static void rail_of(const struct hf_tried_tree *tree, const struct shape *shape,
                    size_t at, bool first, char rail[RAIL])
{
    size_t way[HF_PATH_MAX], n = 0;

    /* NOLINTNEXTLINE(bugprone-signed-char-misuse,cert-str34-c) -1: none */
    for (int i = (int)at; i > 0 && n < HF_PATH_MAX; i = tree->at[i].parent)
        way[n++] = (size_t)i;
    rail[0] = '\0';
    while (n-- > 0) {
        if (first && n == 0)
            add(rail, shape->last[way[n]] ? "`- " : "|- ");
        else
            add(rail, shape->last[way[n]] ? "   " : "|  ");
    }
}

/* @text in lines that all begin with the rail; @on: it leads to those below. */
static void print_hanging(const struct tool *tool, FILE *to, const char *rail,
                          bool on, const char *text)
{
    unsigned before = (unsigned)strlen(rail) + 6;
    unsigned width = tool->width > before + 30 ? tool->width - before : 30;
    char *lines = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&lines, &size);

    if (!memory)
        return;
    print_wrapped(memory, text, width, 0, 0);
    if (fclose(memory) == 0)
        for (char *at = lines, *end; *at; at = end + 1) {
            end = strchr(at, '\n');
            if (!end)
                break;
            fprintf(to, "  %s%c   %.*s\n", rail, on ? '|' : ' ',
                    (int)(end - at), at);
        }
    free(lines);
}

static void print_news(const struct tool *tool, FILE *to, const char *rail,
                       bool on, const struct hf_tried *node)
{
    char room[2 * HF_DETAIL_MAX], fix[2 * HF_DETAIL_MAX + 16];

    if (node->detail[0])
        print_hanging(tool, to, rail, on,
                      lang_text(node->detail, room, sizeof(room)));
    if (!node->fix[0])
        return;
    snprintf(fix, sizeof(fix), lang("fix: %s"),
             lang_text(node->fix, room, sizeof(room)));
    print_hanging(tool, to, rail, on, fix);
}

static void print_node(const struct tool *tool, FILE *to,
                       const struct hf_tried_tree *tree,
                       const struct shape *shape, size_t at)
{
    const struct hf_tried *node = &tree->at[at];
    char name[200], rail[RAIL];

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) every node has one */
    hf_name_short(node->cert->subject, name, sizeof(name));
    rail_of(tree, shape, at, true, rail);
    fprintf(to, "  %s%s%s%s%s%s", rail, node->depth ? lang("by ") : "",
            ink(tool, to, INK_STRONG), name, ink(tool, to, INK_PLAIN),
            node->anchor ? lang(" (in the trust store)") : "");
    if (!is_news(tree, at)) {
        putc('\n', to);
        return;
    }
    fputs(lang(": "), to);
    fprintf(to, "%s%s%s [%s]\n", ink(tool, to, INK_BAD),
            lang(hf_error_text(node->code)), ink(tool, to, INK_PLAIN),
            hf_error_name(node->code));
    rail_of(tree, shape, at, false, rail);
    print_news(tool, to, rail, has_children(tree, at), node);
}

void whynot_print(const struct tool *tool, FILE *to,
                  const struct hf_tried_tree *tree)
{
    struct shape shape;

    if (!tree || !tree->count)
        return;
    shape_of(tree, &shape);
    fputs(lang("\ntried\n"), to);
    for (size_t i = 0; i < shape.count; i++)
        print_node(tool, to, tree, &shape, shape.order[i]);
    if (tree->lost)
        fprintf(to, lang("  ... and %zu more\n"), tree->lost);
}

void whynot_print_more(const struct tool *tool, FILE *to,
                       const struct hf_tried_tree *tree)
{
    for (size_t i = 1; tree && i < tree->count; i++)
        if (is_news(tree, i)) {
            whynot_print(tool, to, tree);
            return;
        }
}

/* ---- JSON ------------------------------------------------------------------------- */

static void json_names(struct json *j, const struct hf_cert *cert)
{
    struct hf_der names = hf_san_begin(cert);
    struct hf_san san;
    char text[300];

    json_open(j, "names", '[');
    for (unsigned n = 0; n < 100 && hf_san_next(&names, &san); n++) {
        hf_san_text(&san, text, sizeof(text));
        json_text(j, NULL, text);
    }
    json_close(j);
}

static void json_time(struct json *j, const char *key, int64_t seconds)
{
    char text[40];

    hf_time_text(text, sizeof(text), seconds);
    json_text(j, key, text);
}

static void json_aia(struct json *j, const struct hf_cert *cert)
{
    struct hf_span url;

    if (hf_cert_aia(cert, &url))
        json_bytes(j, "aia", url);
    else
        json_null(j, "aia");
}

static void json_node(struct json *j, const struct hf_tried *node)
{
    char text[600], room[2 * HF_DETAIL_MAX];

    json_open(j, NULL, '{');
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) every node has one */
    hf_name_text(node->cert->subject, text, sizeof(text));
    json_text(j, "subject", text);
    hf_name_text(node->cert->issuer, text, sizeof(text));
    json_text(j, "issuer", text);
    if (node->parent < 0)
        json_null(j, "issuer_of");
    else
        json_number(j, "issuer_of", node->parent);
    json_bool(j, "anchor", node->anchor);
    json_time(j, "not_before", node->cert->not_before);
    json_time(j, "not_after", node->cert->not_after);
    json_names(j, node->cert);
    json_aia(j, node->cert);
    json_text(j, "code", node->code ? hf_error_name(node->code) : NULL);
    json_text(j, "check", node->code ? hf_event_name(node->event) : NULL);
    json_text(j, "detail", lang_text(node->detail, room, sizeof(room)));
    json_text(j, "fix", lang_text(node->fix, room, sizeof(room)));
    json_close(j);
}

void whynot_json(struct json *j, const struct hf_tried_tree *tree)
{
    const struct hf_cert *end = tree ? whynot_dead_end(tree) : NULL;
    char text[600];

    json_open(j, "tried", '[');
    for (size_t i = 0; tree && i < tree->count; i++)
        json_node(j, &tree->at[i]);
    json_close(j);
    if (!end) {
        json_null(j, "missing");
        return;
    }
    json_open(j, "missing", '{');
    hf_name_text(end->issuer, text, sizeof(text));
    json_text(j, "subject", text);
    json_aia(j, end);
    json_close(j);
}
