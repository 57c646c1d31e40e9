/* handfast.c - main: finds the subcommand and hands over.
 *
 * The subcommands stand in commands.def; usage, help, man pages' option lists
 * and completions are printed from their tables (help.c, cmd_completion.c).
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define COMMAND(name) extern const struct command cmd_##name;
#include "commands.def"
#undef COMMAND

static const struct command *const commands[] = {
#define COMMAND(name) &cmd_##name,
#include "commands.def"
#undef COMMAND
    NULL
};

const struct command *const *commands_all(void)
{
    return commands;
}

const struct command *command_find(const struct command *const *among,
                                   const char *name)
{
    for (; *among; among++)
        if (!strcmp((*among)->name, name) ||
            word_among(name, strlen(name), (*among)->also, ' '))
            return *among;
    return NULL;
}

static int print_version(struct tool *tool)
{
    printf("handfast %s\n", HF_VERSION);
    printf("  crypto   %s\n", OpenSSL_version(OPENSSL_VERSION));
    printf(lang("  speaks   TLS 1.3, TLS 1.2\n"));
    return output_done(tool, HF_EXIT_GOOD);
}

static int unknown_command(struct tool *tool,
                           const struct command *const *among, const char *word)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; among[i] && n < 63; i++)
        names[n++] = among[i]->name;
    names[n] = NULL;
    const char *like = most_like(word, names);
    if (like)
        return usage_error(tool, "there is no command \"%s\"; did you mean %s?",
                           word, like);
    return usage_error(tool, "there is no command \"%s\"", word);
}

/* The usage, as asked for or because nothing was said. */
static int print_usage(struct tool *tool, bool asked)
{
    help_usage(asked ? stdout : stderr);
    return asked ? output_done(tool, HF_EXIT_GOOD) : HF_EXIT_USAGE;
}

static bool is_help(const char *word)
{
    return !strcmp(word, "--help") || !strcmp(word, "-help") ||
           !strcmp(word, "-h");
}

/* Follow the words that name a command: "ca", "issue". */
static int run(struct tool *tool, const struct command *const *among)
{
    for (;;) {
        const char *word = tool->argv[0];
        const struct command *command = command_find(among, word);
        if (!command)
            return unknown_command(tool, among, word);

        size_t used = strlen(tool->title);
        snprintf(tool->title + used, sizeof tool->title - used, " %s",
                 command->name);
        tool->command = command;
        tool->argc--;
        tool->argv++;
        if (!command->verbs)
            return command->run(tool);
        if (tool->argc == 0 || is_help(tool->argv[0])) {
            bool asked = tool->argc > 0;
            help_command(tool, asked ? stdout : stderr, command, tool->title);
            return asked ? output_done(tool, HF_EXIT_GOOD) : HF_EXIT_USAGE;
        }
        among = command->verbs;
    }
}

/* --lang may stand before the command, too; lang_init() has read it.  -1: go
 * on. */
static int skip_language(struct tool *tool)
{
    const char *word = tool->argc ? tool->argv[0] : "", *name = NULL;
    int words = 0;
    if (!strncmp(word, "--lang=", 7)) {
        words = 1;
        name = word + 7;
    } else if (!strcmp(word, "--lang") && tool->argc > 1) {
        words = 2;
        name = tool->argv[1];
    }
    if (name && strcmp(lang_name(), name) != 0)
        return usage_error(tool, "--%s takes %s, not \"%s\"", "lang", "en|zh",
                           name);
    tool->argc -= words;
    tool->argv += words;
    return -1;
}

/* Where standard input, output or error was closed, whatever is opened first
 * would become it, and a line of ours would go into a socket or a key log.  So
 * the place is taken by something that can be neither read nor written. */
static void take_standard_places(void)
{
    static const int how[] = { O_WRONLY, O_RDONLY, O_RDONLY };
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", how[fd]) < 0)
            return;
}

int main(int argc, char **argv)
{
    struct tool tool = { .title = "handfast" };

    take_standard_places();
    tool.argc = argc - 1;
    tool.argv = argv + 1;
    lang_init(tool.argc, tool.argv);
    output_init(&tool);
    /* A reader that went away is seen as a failed write. */
    signal(SIGPIPE, SIG_IGN);

    int code = skip_language(&tool);
    if (code >= 0)
        return code;
    if (tool.argc == 0 || is_help(tool.argv[0]))
        code = print_usage(&tool, tool.argc > 0);
    else if (!strcmp(tool.argv[0], "--version") ||
             !strcmp(tool.argv[0], "-version") || !strcmp(tool.argv[0], "-V"))
        code = print_version(&tool);
    else if (tool.argv[0][0] == '-')
        code = usage_error(&tool, "unknown option %s", tool.argv[0]);
    else
        code = run(&tool, commands);
    free(tool.operands);
    return code;
}
