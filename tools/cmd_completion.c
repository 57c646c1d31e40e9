/* cmd_completion.c - handfast completion bash|zsh|fish: the tables of commands
 * and options as a script for a shell.
 *
 * What may follow an option is told from the name of its argument: FILE and
 * DIR are paths, "a|b|c" are choices, anything else is left to the user.
 */
#include "tool.h"

#include <string.h>

/* ---- a walk over everything that can be typed ---------------------------------- */

/* Called for every command and verb: @path is "ca issue". */
typedef void each_fn(FILE *to, const struct command *c, const char *path);

static void each_command(FILE *to, each_fn *each)
{
    for (size_t i = 0; commands_all()[i]; i++) {
        const struct command *c = commands_all()[i];
        if (c->hidden)
            continue;
        each(to, c, c->name);
        for (size_t v = 0; c->verbs && c->verbs[v]; v++) {
            char path[64];
            snprintf(path, sizeof path, "%s %s", c->name, c->verbs[v]->name);
            each(to, c->verbs[v], path);
        }
    }
}

static const struct opt *table(const struct command *c, unsigned which)
{
    return which == 0 ? c->options : options_common();
}

static bool is_path(const char *arg)
{
    return arg && (strstr(arg, "FILE") || strstr(arg, "DIR"));
}

static bool is_choice(const char *arg)
{
    return arg && strchr(arg, '|') && arg[0] >= 'a' && arg[0] <= 'z';
}

/* "a|b|c" with other separators. */
static void choices(FILE *to, const char *arg, const char *between)
{
    for (; *arg; arg++)
        fputs(*arg == '|' ? between : (char[2]){ *arg, 0 }, to);
}

static void names(FILE *to, const struct command *const *commands,
                  const char *between)
{
    bool first = true;
    for (; *commands; commands++) {
        if ((*commands)->hidden)
            continue;
        fprintf(to, "%s%s", first ? "" : between, (*commands)->name);
        first = false;
    }
}

/* ---- bash ------------------------------------------------------------------------- */

static void bash_options(FILE *to, const struct command *c, const char *path)
{
    fprintf(to, "    '%s')\n        words='", path);
    if (c->verbs)
        names(to, c->verbs, " ");
    bool first = !c->verbs;
    for (unsigned t = 0; t < 2 && !c->verbs; t++)
        for (const struct opt *o = table(c, t); o && o->kind != OPT_END; o++) {
            if (o->kind == OPT_HEAD)
                continue;
            fprintf(to, "%s--%s", first ? "" : " ", o->name);
            if (o->letter)
                fprintf(to, " -%c", o->letter);
            first = false;
        }
    if (is_choice(c->operands)) {
        putc(' ', to);
        choices(to, c->operands, " ");
    }
    fputs("'\n", to);
    bool any = false;
    for (unsigned t = 0; t < 2; t++)
        for (const struct opt *o = table(c, t); o && o->kind != OPT_END; o++) {
            if (o->kind == OPT_HEAD || !o->arg)
                continue;
            if (!any)
                fputs("        case $prev in\n", to);
            any = true;
            fputs("        ", to);
            if (o->letter)
                fprintf(to, "-%c|", o->letter);
            fprintf(to, "--%s|-%s) ", o->name, o->name);
            if (is_choice(o->arg)) {
                fputs("words='", to);
                choices(to, o->arg, " ");
                fputs("'; only=1", to);
            } else {
                fputs(is_path(o->arg) ? "words=; paths=1" : "words=; only=1",
                      to);
            }
            fputs(" ;;\n", to);
        }
    if (any)
        fputs("        esac\n", to);
    fputs("        ;;\n", to);
}

/* "'ca issue')" only if there is a verb in the line. */
void completion_bash(FILE *to)
{
    fputs("# bash completion of handfast; printed by: handfast completion "
          "bash\n"
          "_handfast()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev= path= words= only= "
          "paths=\n"
          "    local i\n"
          "    [ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    [ \"$COMP_CWORD\" -gt 1 ] && path=${COMP_WORDS[1]}\n"
          "    case $path in\n",
          to);
    for (size_t i = 0; commands_all()[i]; i++) {
        const struct command *c = commands_all()[i];
        if (!c->verbs || c->hidden)
            continue;
        fprintf(to,
                "    %s)\n"
                "        for ((i = 2; i < COMP_CWORD; i++)); do\n"
                "            case ${COMP_WORDS[i]} in\n            ",
                c->name);
        names(to, c->verbs, "|");
        fprintf(to,
                ") path=\"%s ${COMP_WORDS[i]}\"; break ;;\n"
                "            esac\n        done\n        ;;\n",
                c->name);
    }
    fputs("    esac\n    case $path in\n    '')\n        words='", to);
    names(to, commands_all(), " ");
    fputs(" --version --help'\n        ;;\n", to);
    each_command(to, bash_options);
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    if [ -n \"$paths\" ] || { [ -z \"$only\" ] && [ -n \"$path\" ] "
          "&&\n"
          "        [ \"${cur#-}\" = \"$cur\" ]; }; then\n"
          "        COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _handfast handfast\n",
          to);
}

/* ---- zsh -------------------------------------------------------------------------- */

/* A sentence inside single quotes and brackets. */
static void zsh_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:\\", *text))
            fprintf(to, "\\%c", *text);
        else
            putc(*text, to);
    }
}

static void zsh_option(FILE *to, const struct opt *o, const char *spelling)
{
    bool again = o->kind == OPT_LIST || o->kind == OPT_COUNT;
    fprintf(to, " \\\n            '%s%s%s[", again ? "*" : "", spelling,
            o->arg && spelling[1] == '-' ? "=" : "");
    zsh_text(to, o->help);
    putc(']', to);
    if (o->arg) {
        putc(':', to);
        zsh_text(to, o->arg);
        putc(':', to);
        if (is_choice(o->arg)) {
            putc('(', to);
            choices(to, o->arg, " ");
            putc(')', to);
        } else if (is_path(o->arg)) {
            fputs(strstr(o->arg, "DIR") ? "_files -/" : "_files", to);
        }
    }
    putc('\'', to);
}

static void zsh_options(FILE *to, const struct command *c, const char *path)
{
    if (c->verbs)
        return;
    fprintf(to, "    '%s')\n        _arguments -s", path);
    for (unsigned t = 0; t < 2; t++)
        for (const struct opt *o = table(c, t); o && o->kind != OPT_END; o++) {
            char spelling[64];
            if (o->kind == OPT_HEAD)
                continue;
            snprintf(spelling, sizeof spelling, "--%s", o->name);
            zsh_option(to, o, spelling);
            snprintf(spelling, sizeof spelling, "-%c", o->letter);
            if (o->letter)
                zsh_option(to, o, spelling);
        }
    if (is_choice(c->operands)) {
        fputs(" \\\n            '*:operand:(", to);
        choices(to, c->operands, " ");
        fputs(")'", to);
    } else if (c->operands) {
        fputs(" \\\n            '*:", to);
        zsh_text(to, c->operands);
        fputs(":_files'", to);
    }
    fputs("\n        ;;\n", to);
}

static void zsh_describe(FILE *to, const struct command *const *commands)
{
    for (; *commands; commands++) {
        if ((*commands)->hidden)
            continue;
        fprintf(to, " \\\n            '%s:", (*commands)->name);
        zsh_text(to, (*commands)->summary);
        putc('\'', to);
    }
}

void completion_zsh(FILE *to)
{
    fputs("#compdef handfast\n"
          "# zsh completion of handfast; printed by: handfast completion zsh\n"
          "_handfast() {\n"
          "    local -a found\n"
          "    if ((CURRENT == 2)); then\n"
          "        found=(",
          to);
    zsh_describe(to, commands_all());
    fputs(")\n        _describe command found\n        return\n    fi\n", to);
    for (size_t i = 0; commands_all()[i]; i++) {
        const struct command *c = commands_all()[i];
        if (!c->verbs || c->hidden)
            continue;
        fprintf(to,
                "    if [[ $words[2] == %s ]] && ((CURRENT == 3)); then\n"
                "        found=(",
                c->name);
        zsh_describe(to, c->verbs);
        fputs(")\n        _describe verb found\n        return\n    fi\n", to);
    }
    fputs("    local path_=$words[2]\n    case $path_ in\n    ", to);
    bool first = true;
    for (size_t i = 0; commands_all()[i]; i++)
        if (commands_all()[i]->verbs && !commands_all()[i]->hidden) {
            fprintf(to, "%s%s", first ? "" : "|", commands_all()[i]->name);
            first = false;
        }
    fputs(first ? "'')\n" : ")\n", to);
    fputs("        path_=\"$words[2] $words[3]\"; shift words; ((CURRENT--)) "
          ";;\n"
          "    esac\n"
          "    shift words; ((CURRENT--))\n"
          "    case $path_ in\n",
          to);
    each_command(to, zsh_options);
    fputs("    esac\n}\n_handfast \"$@\"\n", to);
}

/* ---- fish ------------------------------------------------------------------------- */

static void fish_text(FILE *to, const char *text)
{
    putc('\'', to);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putc('\\', to);
        putc(*text, to);
    }
    putc('\'', to);
}

static void fish_option(FILE *to, const struct opt *o)
{
    fprintf(to, " -l %s", o->name);
    if (o->letter)
        fprintf(to, " -s %c", o->letter);
    if (o->arg)
        fputs(is_path(o->arg) ? " -r -F" : " -x", to);
    if (is_choice(o->arg)) {
        fputs(" -a '", to);
        choices(to, o->arg, " ");
        putc('\'', to);
    }
    fputs(" -d ", to);
    fish_text(to, o->help);
    putc('\n', to);
}

static void fish_options(FILE *to, const struct command *c, const char *path)
{
    char condition[160];
    const char *verb = strchr(path, ' ');
    int top = (int)strcspn(path, " ");
    if (verb)
        snprintf(condition, sizeof condition,
                 "'__fish_seen_subcommand_from %.*s; and "
                 "__fish_seen_subcommand_from %s'",
                 top, path, verb + 1);
    else
        snprintf(condition, sizeof condition,
                 "'__fish_seen_subcommand_from %s'", path);
    for (size_t v = 0; c->verbs && c->verbs[v]; v++) {
        fprintf(to, "complete -c handfast -f -n %s -a %s -d ", condition,
                c->verbs[v]->name);
        fish_text(to, c->verbs[v]->summary);
        putc('\n', to);
    }
    if (is_choice(c->operands)) {
        fprintf(to, "complete -c handfast -f -n %s -a '", condition);
        choices(to, c->operands, " ");
        fputs("'\n", to);
    }
    for (unsigned t = 0; t < 2 && !c->verbs; t++)
        for (const struct opt *o = table(c, t); o && o->kind != OPT_END; o++)
            if (o->kind != OPT_HEAD) {
                fprintf(to, "complete -c handfast -n %s", condition);
                fish_option(to, o);
            }
}

void completion_fish(FILE *to)
{
    fputs("# fish completion of handfast; printed by: handfast completion "
          "fish\n",
          to);
    for (size_t i = 0; commands_all()[i]; i++) {
        if (commands_all()[i]->hidden)
            continue;
        fprintf(to,
                "complete -c handfast -f -n __fish_use_subcommand -a %s -d ",
                commands_all()[i]->name);
        fish_text(to, commands_all()[i]->summary);
        putc('\n', to);
    }
    fputs("complete -c handfast -n __fish_use_subcommand -l version -d "
          "'print versions'\n",
          to);
    each_command(to, fish_options);
}

/* ---- the command -------------------------------------------------------------------- */

static int run(struct tool *tool)
{
    int code = options_read(tool, NULL);
    if (code >= 0)
        return code;
    const char *shell = tool->operand_count == 1 ? tool->operands[0] : "";
    if (!strcmp(shell, "bash"))
        completion_bash(stdout);
    else if (!strcmp(shell, "zsh"))
        completion_zsh(stdout);
    else if (!strcmp(shell, "fish"))
        completion_fish(stdout);
    else
        return usage_error(tool, "say for which shell: bash, zsh or fish");
    return output_done(tool, HF_EXIT_GOOD);
}

const struct command cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "print a script that completes command lines in a shell",
    .examples = "  handfast completion bash >"
                " /usr/share/bash-completion/completions/handfast\n",
    .run = run,
};
