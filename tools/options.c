/* options.c - the command line, sorted by a table.
 *
 * A word that begins with a dash is, in this order:
 *
 *     --            the end of options
 *     -             an operand (standard input)
 *     --name        a long name or another spelling of it; --name=value
 *     -name         the same with one dash, as s_client's users type it
 *     -abc          letters, the last of which may be followed by its
 *                   value: -sSL, -ofile, -o file
 *
 * A whole name wins over a bundle of letters, so that "-cert" is never "-c -e
 * -r -t".  Options and operands may be mixed.  Names are not completed from
 * their beginnings: a script that relies on that breaks when an option is
 * added.
 */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct opt common[] = {
    { .kind = OPT_HEAD, .help = "Common" },
    { .name = "color", .kind = OPT_TEXT, .shared = true,
      .arg = "auto|always|never", .at = offsetof(struct tool, color),
      .help = "colour the output; auto: on a terminal, unless NO_COLOR is set" },
    { .name = "lang", .kind = OPT_TEXT, .shared = true,
      .arg = "en|zh", .at = offsetof(struct tool, lang),
      .help = "speak English or Chinese; otherwise as HANDFAST_LANG or, on a terminal, the locale says" },
    { .name = "help", .letter = 'h', .kind = OPT_FLAG, .shared = true,
      .at = offsetof(struct tool, help), .help = "print this and leave" },
    { .kind = OPT_END },
};
/* clang-format on */

const struct opt *options_common(void)
{
    return common;
}

bool word_among(const char *word, size_t len, const char *words, char between)
{
    while (words && *words) {
        const char *end = strchr(words, between);
        size_t n = end ? (size_t)(end - words) : strlen(words);
        if (n == len && !strncmp(words, word, n))
            return true;
        words = end ? end + 1 : NULL;
    }
    return false;
}

static bool is_option(const struct opt *row)
{
    return row->kind != OPT_HEAD;
}

const struct opt *options_find(const struct opt *table, const char *word,
                               size_t len)
{
    for (; table && table->kind != OPT_END; table++) {
        if (!is_option(table))
            continue;
        if (strlen(table->name) == len && !strncmp(table->name, word, len))
            return table;
        if (word_among(word, len, table->also, ' '))
            return table;
    }
    return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
    for (; table && table->kind != OPT_END; table++)
        if (is_option(table) && table->letter && table->letter == letter)
            return table;
    return NULL;
}

/* How unlike two words are: insertions, deletions, changes and swapped
 * neighbours; words of 32 letters and more are unlike everything. */
static unsigned distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    unsigned d[MOST + 1][MOST + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n >= MOST || m >= MOST)
        return MOST;
    for (size_t i = 0; i <= n; i++)
        d[i][0] = (unsigned)i;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++)
        for (size_t j = 1; j <= m; j++) {
            unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

const char *most_like(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    unsigned least = strlen(word) < 4 ? 1 : 2;
    for (; *candidates; candidates++) {
        unsigned d = distance(word, *candidates);
        /* the beginning of a name is like it too */
        if (strlen(word) >= 3 && !strncmp(word, *candidates, strlen(word)))
            d = 1;
        if (d <= least && (!best || d < least)) {
            best = *candidates;
            least = d;
        }
    }
    return best;
}

static int unknown(const struct tool *tool, const char *word, size_t len)
{
    const char *names[128];
    size_t n = 0;
    const struct opt *tables[] = { tool->command->options, common };
    for (size_t t = 0; t < 2; t++)
        for (const struct opt *o = tables[t]; o && o->kind != OPT_END; o++)
            if (is_option(o) && n < 127)
                names[n++] = o->name;
    names[n] = NULL;
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)(len < 63 ? len : 63), word);
    const char *like = most_like(copy, names);
    if (like)
        return usage_error(tool, "unknown option --%s; did you mean --%s?",
                           copy, like);
    return usage_error(tool, "unknown option --%s", copy);
}

static bool read_seconds(const char *text, unsigned *out)
{
    char *end;
    errno = 0;
    double seconds = strtod(text, &end);
    if (end == text || *end || errno || !(seconds >= 0 && seconds <= 2e6))
        return false;
    /* 0 means something else than next to nothing */
    *out = seconds > 0 && seconds < 1e-3 ? 1 : (unsigned)(seconds * 1000);
    return true;
}

static bool read_number(const char *text, unsigned long *out)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end || errno || *text == '-')
        return false;
    *out = number;
    return true;
}

static bool add_word(struct words *list, const char *text)
{
    const char **at = realloc(list->at, (list->count + 1) * sizeof *at);
    if (!at)
        return false;
    list->at = at;
    list->at[list->count++] = text;
    return true;
}

/* Choices are written "a|b|c", in small letters. */
static bool is_choice(const char *arg)
{
    return arg && strchr(arg, '|') && arg[0] >= 'a' && arg[0] <= 'z';
}

/* Put @value where @row says.  -1, or an exit code. */
static int put(const struct tool *tool, void *base, const struct opt *row,
               const char *value)
{
    void *at = (char *)base + row->at;
    const char *word = value ? value : ""; /* some options take none */
    bool good = true;

    if (is_choice(row->arg) && !word_among(word, strlen(word), row->arg, '|'))
        return usage_error(tool, "--%s takes %s, not \"%s\"", row->name,
                           row->arg, word);
    switch ((enum opt_kind)row->kind) {
    case OPT_FLAG: *(bool *)at = true; break;
    case OPT_COUNT: ++*(unsigned *)at; break;
    case OPT_SET: *(unsigned *)at = row->value; break;
    case OPT_TEXT: *(const char **)at = value; break;
    case OPT_NUMBER: good = read_number(word, at); break;
    case OPT_SECONDS: good = read_seconds(word, at); break;
    case OPT_LIST:
        if (!add_word(at, value))
            return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
        break;
    case OPT_END:
    case OPT_HEAD: break;
    }
    if (!good)
        return usage_error(tool, "--%s takes %s, not \"%s\"", row->name,
                           row->kind == OPT_SECONDS ? lang("seconds")
                                                    : lang("a number"),
                           word);
    return -1;
}

static bool takes_value(const struct opt *row)
{
    return row->arg != NULL;
}

struct parse {
    struct tool *tool;
    void *into;
    int at; /* the word in hand */
};

/* The value of @row: what stands behind "=", or the next word. */
static int take(struct parse *p, const struct opt *row, const char *glued)
{
    void *base = row->shared ? (void *)p->tool : p->into;
    const char *value = glued;
    if (!takes_value(row)) {
        if (glued)
            return usage_error(p->tool, "--%s takes no value", row->name);
    } else if (!value) {
        if (p->at + 1 >= p->tool->argc)
            return usage_error(p->tool, "--%s needs a value: %s", row->name,
                               row->arg);
        value = p->tool->argv[++p->at];
    }
    return put(p->tool, base, row, value);
}

static const struct opt *find_long(const struct tool *tool, const char *word,
                                   size_t len)
{
    const struct opt *row = options_find(tool->command->options, word, len);
    return row ? row : options_find(common, word, len);
}

/* "-sSLofile" */
static int take_letters(struct parse *p, const char *letters)
{
    for (; *letters; letters++) {
        const struct opt *row = find_letter(p->tool->command->options,
                                            *letters);
        if (!row)
            row = find_letter(common, *letters);
        if (!row)
            return usage_error(p->tool, "unknown option -%c", *letters);
        const char *rest = letters[1] ? letters + 1 : NULL;
        if (takes_value(row))
            return take(p, row, rest);
        int code = take(p, row, NULL);
        if (code >= 0)
            return code;
    }
    return -1;
}

static int take_option(struct parse *p, const char *word)
{
    bool two = word[1] == '-';
    const char *name = word + (two ? 2 : 1);
    size_t len = strcspn(name, "=");
    const char *glued = name[len] ? name + len + 1 : NULL;
    const struct opt *row = NULL;

    if (two || len > 1)
        row = find_long(p->tool, name, len);
    if (row)
        return take(p, row, glued);
    if (two)
        return unknown(p->tool, name, len);
    return take_letters(p, name);
}

/* What only a whole command line can tell. */
static int finish(struct tool *tool)
{
    output_init(tool);
    if (!tool->help)
        return -1;
    help_command(tool, stdout, tool->command, tool->title);
    return output_done(tool, HF_EXIT_GOOD);
}

int options_read(struct tool *tool, void *into)
{
    struct parse p = { tool, into, 0 };
    bool ended = false;

    tool->operands = calloc((size_t)tool->argc + 1, sizeof(char *));
    if (!tool->operands)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    for (; p.at < tool->argc; p.at++) {
        char *word = tool->argv[p.at];
        if (ended || word[0] != '-' || !word[1]) {
            tool->operands[tool->operand_count++] = word;
        } else if (!strcmp(word, "--")) {
            ended = true;
        } else {
            int code = take_option(&p, word);
            if (code >= 0)
                return code;
        }
    }
    return finish(tool);
}
