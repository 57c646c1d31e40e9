/* tables_options.c - the options of every command, from the tables that read
 * them. */
#include "tables.h"

#include <string.h>

static void option_text(const struct opt *o, char *out, size_t cap)
{
    size_t at = 0;

    if (o->letter)
        at = (size_t)snprintf(out, cap, "`-%c`, ", o->letter);
    snprintf(out + at, cap - at, "`--%s%s%s`", o->name, o->arg ? " " : "",
             o->arg ? o->arg : "");
}

static void also_text(const struct opt *o, char *out, size_t cap)
{
    const char *rest = o->also;
    size_t at = 0;

    out[0] = '\0';
    while (rest && *rest && at < cap) {
        size_t len = strcspn(rest, " ");

        at += (size_t)snprintf(out + at, cap - at, "%s`-%.*s`", at ? ", " : "",
                               (int)len, rest);
        rest += len + (rest[len] == ' ');
    }
}

static void print_options(FILE *to, const struct opt *o)
{
    static const char *const heading[] = { "option", "also", "meaning" };
    struct table t = table_new(3, heading);
    char name[200], also[300];

    for (; o && o->kind != OPT_END; o++) {
        if (o->kind == OPT_HEAD) {
            table_cell(&t, "**%s**", o->help);
            table_cell(&t, "%s", "");
            table_cell(&t, "%s", "");
            continue;
        }
        option_text(o, name, sizeof(name));
        also_text(o, also, sizeof(also));
        table_cell(&t, "%s", name);
        table_cell(&t, "%s", also);
        table_cell(&t, "%s", o->help);
    }
    table_end(&t, to);
}

static void print_command(FILE *to, const struct command *c, const char *title)
{
    fprintf(to, "\n### %s%s%s\n\n%s.\n", title, c->operands ? " " : "",
            c->operands ? c->operands : "", c->summary);
    if (c->options && c->options->kind != OPT_END) {
        putc('\n', to);
        print_options(to, c->options);
    }
}

void tables_options(FILE *to)
{
    fputs("## Commands and options\n\n"
          "Long options may be written with one dash or two.\n",
          to);
    for (size_t i = 0; commands_all()[i]; i++) {
        const struct command *c = commands_all()[i];
        char title[80];

        if (c->hidden)
            continue;
        snprintf(title, sizeof(title), "handfast %s", c->name);
        print_command(to, c, title);
        for (size_t v = 0; c->verbs && c->verbs[v]; v++) {
            snprintf(title, sizeof(title), "handfast %s %s", c->name,
                     c->verbs[v]->name);
            print_command(to, c->verbs[v], title);
        }
    }
    fputs("\n### every command\n\n", to);
    print_options(to, options_common());
}
