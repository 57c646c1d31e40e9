/* help.c - what the tables say to people: the usage, --help of a command, the
 * option list of its man page.
 */
#include "tool.h"

#include <ctype.h>
#include <string.h>

enum { COLUMN = 28 }; /* where the sentences of --help begin */

/* ---- --help ---------------------------------------------------------------------- */

void help_usage(FILE *to)
{
    fputs(lang("usage: handfast COMMAND [OPTION...] [OPERAND...]\n\n"), to);
    for (size_t i = 0; commands_all()[i]; i++) {
        const struct command *c = commands_all()[i];
        if (!c->hidden)
            fprintf(to, "  %-12s %s\n", c->name, lang(c->summary));
    }
    fputs(lang("\n  handfast COMMAND --help    the options of a command\n"
               "  handfast help exits        what the exit codes mean\n"
               "  handfast --version         versions of handfast and "
               "libcrypto\n"),
          to);
}

static void print_option(FILE *to, const struct opt *o, unsigned width)
{
    unsigned at;
    if (o->kind == OPT_HEAD) {
        fprintf(to, "\n%s\n", lang(o->help));
        return;
    }
    if (o->letter)
        at = (unsigned)fprintf(to, "  -%c, --%s", o->letter, o->name);
    else
        at = (unsigned)fprintf(to, "      --%s", o->name);
    if (o->arg)
        at += (unsigned)fprintf(to, " %s", o->arg);
    if (at + 2 > COLUMN) {
        putc('\n', to);
        at = 0;
    }
    fprintf(to, "%*s", (int)(COLUMN - at), "");
    char text[768];
    int n = snprintf(text, sizeof text, "%s", lang(o->help));
    const char *rest = o->also;
    for (bool first = true; rest && *rest && n < 700; first = false) {
        size_t len = strcspn(rest, " ");
        n += snprintf(text + n, sizeof text - (size_t)n, "%s-%.*s",
                      first ? lang(" (also ") : ", ", (int)len, rest);
        rest += len + (rest[len] == ' ');
    }
    if (o->also)
        snprintf(text + n, sizeof text - (size_t)n, "%s", lang(")"));
    print_wrapped(to, text, width, COLUMN, COLUMN);
}

static void print_options(FILE *to, const struct opt *o, unsigned width)
{
    if (o && o->kind != OPT_END && o->kind != OPT_HEAD)
        putc('\n', to);
    for (; o && o->kind != OPT_END; o++)
        print_option(to, o, width);
}

static void print_verbs(FILE *to, const struct command *const *verbs)
{
    putc('\n', to);
    for (; *verbs; verbs++)
        if (!(*verbs)->hidden)
            fprintf(to, "  %-12s %s\n", (*verbs)->name,
                    lang((*verbs)->summary));
}

void help_command(const struct tool *tool, FILE *to, const struct command *c,
                  const char *title)
{
    unsigned width = tool->width > 100 ? 100 : tool->width;
    fprintf(to, lang("usage: %s%s%s%s\n\n"), title,
            c->verbs ? " VERB" : " [OPTION...]", c->operands ? " " : "",
            c->operands ? c->operands : "");
    print_wrapped(to, lang(c->summary), width, 0, 0);
    if (c->about) {
        putc('\n', to);
        print_wrapped(to, lang(c->about), width, 0, 0);
    }
    if (c->verbs) {
        print_verbs(to, c->verbs);
        return;
    }
    print_options(to, c->options, width);
    print_options(to, options_common(), width);
    if (c->examples)
        fprintf(to, lang("\nExamples\n%s"), c->examples);
}

/* ---- man pages (mdoc) --------------------------------------------------------------- */

/* Is its first word an ordinary one, and not what is to be typed (p256)? */
static bool begins_with_a_word(const char *text)
{
    for (; *text && !strchr(" ,.;:'-", *text); text++)
        if (!isalpha((unsigned char)*text))
            return false;
    return true;
}

/* Our sentences for roff: a capital letter, a full stop, no stray escapes, and
 * lines of 80 columns that do not begin as a macro would. */
static void man_sentence(FILE *to, const char *text)
{
    size_t n = strlen(text), at = 0;
    bool stop = n && text[n - 1] != '.';
    const char *begin = text;
    while (*text) {
        size_t len = strcspn(text, " ");
        bool last = text[len] == 0;
        bool macro = *text == '.' || *text == '\'';
        if (at && at + 1 + len + (last && stop) > 78 && !macro) {
            putc('\n', to);
            at = 0;
        } else if (at) {
            putc(' ', to);
            at++;
        }
        for (size_t i = 0; i < len; i++) {
            if (text[i] == '\\')
                fputs("\\e", to);
            else if (text + i == begin && begins_with_a_word(begin))
                putc(toupper((unsigned char)text[i]), to);
            else
                putc(text[i], to);
        }
        at += len;
        text += len + !last;
    }
    fputs(stop ? ".\n" : "\n", to);
}

/* A word of an mdoc macro line: dashes as typed, arguments kept together. */
static void man_word(FILE *to, const char *word, size_t len)
{
    bool quote = memchr(word, ' ', len) || memchr(word, '|', len);
    if (quote)
        putc('"', to);
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '-')
            fputs("\\-", to);
        else
            putc(word[i], to);
    }
    if (quote)
        putc('"', to);
}

static void man_option(FILE *to, const struct opt *o)
{
    fputs(".It", to);
    if (o->letter)
        fprintf(to, " Fl %c ,", o->letter);
    fputs(" Fl ", to);
    fputs("\\-", to);
    man_word(to, o->name, strlen(o->name));
    if (o->arg) {
        fputs(" Ar ", to);
        man_word(to, o->arg, strlen(o->arg));
    }
    putc('\n', to);
    man_sentence(to, o->help);
    const char *rest = o->also;
    for (bool first = true; rest && *rest; first = false) {
        size_t len = strcspn(rest, " ");
        bool last = rest[len] == 0;
        if (first)
            fputs("Also spelled\n", to);
        fputs(".Fl ", to);
        man_word(to, rest, len);
        fputs(last ? " .\n" : " ,\n", to);
        rest += len + !last;
    }
}

static void man_options(FILE *to, const struct opt *o)
{
    bool open = false;
    for (; o && o->kind != OPT_END; o++) {
        if (o->kind == OPT_HEAD) {
            fprintf(to, "%s.Ss %s\n", open ? ".El\n" : "", o->help);
            open = false;
            continue;
        }
        if (!open)
            fputs(".Bl -tag -width Ds\n", to);
        open = true;
        man_option(to, o);
    }
    if (open)
        fputs(".El\n", to);
}

void help_man(FILE *to, const struct command *command)
{
    man_options(to, command->options);
    man_options(to, options_common());
}
