/* cmd_help.c - handfast help [TOPIC...]: the usage, a command, the exit codes,
 * the environment; and, for those who make the man pages, --man.
 */
#include "tool.h"

#include <string.h>

struct help {
    bool man;
};

static const char environment[] =
    "  SSLKEYLOGFILE    get, connect, serve: the secrets of every connection "
    "are\n"
    "                   appended to this file, for debugging with Wireshark\n"
    "  SSL_CERT_FILE    get, connect: trust this bundle instead of the "
    "system's\n"
    "  SSL_CERT_DIR     get, connect: trust this directory instead of the "
    "system's\n"
    "  https_proxy, ALL_PROXY, no_proxy\n"
    "                   get: the proxy to go through, and for whom not to\n"
    "  HANDFAST_LANG    en or zh: the language, unless --lang says another;\n"
    "                   otherwise, on a terminal, that of LC_ALL, LC_MESSAGES, "
    "LANG\n"
    "  NO_COLOR         no colour (if not empty)\n"
    "  CLICOLOR_FORCE   colour even when the output is no terminal (if not 0)\n"
    "  TERM             no colour if it is \"dumb\"\n"
    "  COLUMNS          how wide the output may be\n";

static void man_exits(FILE *to)
{
    fputs(".Bl -tag -width Ds -compact\n", to);
    for (int code = 0; code < 256; code++)
        if (exit_text(code))
            fprintf(to, ".It %d\n%s\n", code, exit_text(code));
    fputs(".El\n", to);
}

static int not_a_topic(const struct tool *tool, const char *word)
{
    const char *names[64] = { "exits", "environment" };
    size_t n = 2;
    for (size_t i = 0; commands_all()[i] && n < 63; i++)
        names[n++] = commands_all()[i]->name;
    names[n] = NULL;
    if (hf_error_by_name(word) != HF_OK)
        return usage_error(tool, "for an error code: handfast explain %s",
                           word);
    const char *like = most_like(word, names);
    return usage_error(tool, "there is no topic \"%s\"%s%s%s", word,
                       like ? lang("; did you mean ") : "", like ? like : "",
                       like ? "?" : "");
}

/* "ca issue": follow the words to a command. */
static int help_about(struct tool *tool, const struct help *help)
{
    const struct command *const *among = commands_all();
    const struct command *command = NULL;
    char title[64] = "handfast";
    for (size_t i = 0; i < tool->operand_count; i++) {
        const char *word = tool->operands[i];
        command = among ? command_find(among, word) : NULL;
        if (!command)
            return not_a_topic(tool, word);
        size_t used = strlen(title);
        snprintf(title + used, sizeof title - used, " %s", command->name);
        among = command->verbs;
    }
    if (help->man)
        help_man(stdout, command);
    else
        help_command(tool, stdout, command, title);
    return output_done(tool, HF_EXIT_GOOD);
}

static int run(struct tool *tool)
{
    struct help help = { 0 };
    int code = options_read(tool, &help);
    if (code >= 0)
        return code;
    if (tool->operand_count == 0) {
        help_usage(stdout);
    } else if (!strcmp(tool->operands[0], "exits")) {
        if (help.man)
            man_exits(stdout);
        else
            help_exits(stdout);
    } else if (!strcmp(tool->operands[0], "environment")) {
        fputs(lang(environment), stdout);
    } else {
        return help_about(tool, &help);
    }
    return output_done(tool, HF_EXIT_GOOD);
}

static const struct opt options[] = {
    { .name = "man",
      .kind = OPT_FLAG,
      .at = offsetof(struct help, man),
      .help = "print the list for a man page (mdoc)" },
    { .kind = OPT_END },
};

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND | exits | environment]",
    .summary = "explain a command, the exit codes, the environment",
    .options = options,
    .run = run,
};
