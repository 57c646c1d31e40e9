/* tool.h - what the subcommands of handfast share: the table of options, the
 * words and colours of the output, exit codes.
 *
 *     commands.def --> struct command --+--> usage, `handfast help`
 *                        |              +--> man pages' option lists
 *                        +-- struct opt +--> completions of three shells
 *                                       +--> options_read(), which parses
 *
 * A subcommand is a file cmd_x.c and a row in commands.def.  The file defines
 * one const struct command; its run() begins with options_read() on a struct
 * of its own, and returns an exit code.  What an option is called, what it
 * takes and what it does is said once, in the command's table of options.
 *
 * Standard output is the answer and nothing else; everything else is said on
 * standard error.  With --json, standard output is one JSON document.
 */
#ifndef HF_TOOL_H
#define HF_TOOL_H

#include <stdint.h>
#include <stdio.h>

#include "handfast/handfast.h"

/* ---- exit codes (exits.def) ------------------------------------------------ */

enum exit_code {
#define EXIT(id, number, text) HF_EXIT_##id = number,
#include "exits.def"
#undef EXIT
};
/* The exit code of an error; some depend on whether the handshake was over. */
int exit_of(const struct hf_error *error, bool after_handshake);
/* What @code means; NULL if it is not one of ours. */
const char *exit_text(int code);

/* ---- options (options.c) ---------------------------------------------------- */

enum opt_kind {
    OPT_END,     /* after the last row */
    OPT_HEAD,    /* no option but a heading: help is its text */
    OPT_FLAG,    /* bool, becomes true */
    OPT_COUNT,   /* unsigned, one more each time: -vvv */
    OPT_SET,     /* unsigned, becomes .value */
    OPT_TEXT,    /* const char *; the last one counts */
    OPT_NUMBER,  /* unsigned long */
    OPT_SECONDS, /* unsigned milliseconds, from "2" or "1.5" */
    OPT_LIST     /* struct words, in the order said */
};

struct opt {
    const char *name; /* long name; accepted with one dash and with two */
    char letter;      /* 0: none */
    uint8_t kind;     /* enum opt_kind */
    bool shared;      /* .at is in struct tool, not in the command's own */
    const char *arg;  /* "FILE", "DIR", "HOST", or choices "auto|never" */
    const char *also; /* other spellings, with blanks between: s_client's */
    size_t at;        /* offsetof() where it goes */
    unsigned value;   /* OPT_SET */
    const char *help; /* a sentence without capital letter and full stop */
};

/* What a repeated option has gathered; the strings are argv's. */
struct words {
    const char **at;
    size_t count;
};

/* Rows that many commands have. */
/* clang-format off */
#define OPT_VERBOSE                                                            \
    { .name = "verbose", .letter = 'v', .kind = OPT_COUNT, .shared = true,     \
      .at = offsetof(struct tool, verbose),                                    \
      .help = "tell what happens; twice: every field; three times: every byte" }
#define OPT_JSON                                                               \
    { .name = "json", .kind = OPT_FLAG, .shared = true,                        \
      .at = offsetof(struct tool, json),                                       \
      .help = "print one JSON document, and nothing else, on standard output" }
/* clang-format on */

/* ---- commands (handfast.c, commands.def) -------------------------------------- */

struct tool;
struct command {
    const char *name;
    const char *also;     /* other names, with blanks between: "s_client" */
    const char *operands; /* "URL", "[FILE]", "bash|zsh|fish"; or NULL */
    const char *summary;  /* what it does, one line */
    const char *about;    /* a paragraph or more for --help; or NULL */
    const char *examples; /* whole lines, each a command; or NULL */
    const struct opt *options;          /* ends with OPT_END; or NULL */
    const struct command *const *verbs; /* "ca issue": NULL-ended; or NULL */
    bool hidden;                        /* not in the usage */
    int (*run)(struct tool *tool);      /* returns an exit code */
};
/* All of them, NULL-ended. */
const struct command *const *commands_all(void);
/* By name or other name in a NULL-ended list; NULL if there is none. */
const struct command *command_find(const struct command *const *among,
                                   const char *name);

/* One run of the program. */
struct tool {
    const struct command *command;
    char title[64]; /* "handfast ca issue" */
    int argc;       /* the words after the command's name */
    char **argv;
    char **operands; /* after options_read(): what is not an option */
    size_t operand_count;

    unsigned verbose;
    bool json;
    bool help;
    const char *color;         /* as --color says, or NULL */
    const char *lang;          /* as --lang says, or NULL; see lang_init() */
    bool color_out, color_err; /* may the stream be coloured? */
    unsigned width; /* columns of the terminal, 80 if there is none */
};

/* Sort the words of the command line into @into (the command's own struct)
 * and tool->operands.  -1: go on; otherwise leave with this exit code
 * (--help was answered, or a fault was named). */
int options_read(struct tool *tool, void *into);
/* The row whose name, other spelling or (one character) letter @word is. */
const struct opt *options_find(const struct opt *table, const char *word,
                               size_t len);
/* The rows that every command has. */
const struct opt *options_common(void);
/* The name in @candidates (NULL-ended) most like @word, NULL if none is. */
const char *most_like(const char *word, const char *const *candidates);
/* Is @word one of the @words that @between separates? */
bool word_among(const char *word, size_t len, const char *words, char between);

/* ---- the words of a program: four outputs of one table (help.c, cmd_*.c) ------- */

void help_usage(FILE *to);
void help_command(const struct tool *tool, FILE *to,
                  const struct command *command, const char *title);
void help_exits(FILE *to);
void help_man(FILE *to, const struct command *command);
void completion_bash(FILE *to);
void completion_zsh(FILE *to);
void completion_fish(FILE *to);

/* ---- language (lang.c, lang/zh.txt) ------------------------------------------------- */

/* Look for --lang in the words of the command line, then at HANDFAST_LANG and
 * at the locale of a terminal.  Once, before anything is said. */
void lang_init(int count, char **words);
/* "en", "zh". */
const char *lang_name(void);
/* A sentence, or a format, of ours in the language of this run; itself if it
 * has no translation.  NULL stays NULL. */
const char *lang(const char *english) __attribute__((format_arg(1)));
/* A sentence that the library has finished, with its values in it: @out
 * afterwards, or @english itself.  NULL stays NULL. */
const char *lang_text(const char *english, char *out, size_t cap);
/* The value of a line of a message, as people read it: what a peer chose is
 * left as it is. */
struct hf_line;
const char *lang_value(const struct hf_line *line, char *out, size_t cap);
/* What the system says about an error, errno's. */
const char *lang_errno(int number);

/* ---- output (output.c) ---------------------------------------------------------- */

enum ink {
    INK_PLAIN,
    INK_STRONG,
    INK_DIM,
    INK_GOOD,
    INK_BAD,
    INK_OURS,
    INK_THEIRS
};
/* The escape sequence for @ink on @to, "" if @to is not coloured. */
const char *ink(const struct tool *tool, FILE *to, enum ink which);
/* Decide on colour and width, from --color, the environment and the streams. */
void output_init(struct tool *tool);

/* Print bytes that somebody else chose: UTF-8 text as it is, everything that
 * a terminal could obey or that could deceive a reader as \xNN or \u{NN}.
 * @keep may name control characters that are let through ("\n\t"). */
void print_safe(FILE *to, const void *bytes, size_t len, const char *keep);
void print_safe_text(FILE *to, const char *text);
/* Print @text (our own) wrapped to @width with @indent blanks before each
 * line but the first, which stands at column @at already.  Lines are broken
 * at blanks, and between letters of East Asia. */
void print_wrapped(FILE *to, const char *text, unsigned width, unsigned indent,
                   unsigned at);
/* How many columns the first @len bytes of @text (UTF-8) take on a terminal. */
unsigned text_columns(const char *text, size_t len);
/* Print @text, and blanks up to @width columns. */
void print_padded(FILE *to, const char *text, unsigned width);
/* Take away a letter that a full buffer has cut in two. */
void text_cut(char *text);
/* Rows of 16 bytes: offset, hex, letters; each after @indent. */
void print_hexdump(FILE *to, const char *indent, struct hf_span bytes);
/* "517 B", "2.1 K", "10.0 M". */
void size_text(char *out, size_t cap, uint64_t bytes);
/* Flush standard output; HF_EXIT_WRITE, with a word about it, if what was
 * printed did not arrive, else @code. */
int output_done(struct tool *tool, int code);

/* Milliseconds of a clock that only goes forward. */
double clock_ms(void);

/* A line on standard error: "handfast get: ..."; returns HF_EXIT_USAGE. */
int usage_error(const struct tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same without the hint at --help, with an exit code of its own. */
int tool_error(const struct tool *tool, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An error in three lines: what happened, the evidence, what to try; returns
 * @code.  @next NULL: advice_for(error->code). */
int error_tell(const struct tool *tool, int code, const struct hf_error *error,
               const char *next);
/* What to try about a code of errors.def, a sentence; never NULL. */
const char *advice_for(unsigned code);

/* Failures above TLS have dotted codes of their own (failures.def); a struct
 * failure is any failure, whoever noticed it. */
enum failure_id {
    FAIL_NONE,
#define FAILURE(id, dotted, exit, text, next) FAIL_##id,
#include "failures.def"
#undef FAILURE
    FAILURE_IDS
};
struct failure {
    const char *code;        /* dotted; NULL: nothing has failed */
    const char *text, *next; /* in English: lang() says them */
    int exit;
    char detail[2 * HF_DETAIL_MAX]; /* the evidence, as people read it */
    struct hf_error error;          /* if the library noticed it */
};
/* Note a failure, the first one stays.  Both return false. */
bool fail_with(struct failure *f, enum failure_id id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool fail_error(struct failure *f, const struct hf_error *error,
                bool after_handshake);
/* The three lines; returns its exit code. */
int failure_tell(const struct tool *tool, const struct failure *f);

/* ---- JSON (json.c) ---------------------------------------------------------------- */

/* One document to one stream; a key is NULL inside an array. */
struct json {
    FILE *to;
    unsigned depth;
    unsigned line; /* the depth from which on all is on one line; 0: none */
    bool first;    /* nothing yet in the innermost bracket */
    char brackets[32];
};
void json_start(struct json *j, FILE *to, const char *schema);
void json_finish(struct json *j);
void json_open(struct json *j, const char *key, char bracket); /* { or [ */
/* The same, and all of it on one line. */
void json_open_line(struct json *j, const char *key, char bracket);
void json_close(struct json *j);
void json_text(struct json *j, const char *key, const char *text); /* or null */
/* Bytes as text; what is not UTF-8 becomes U+FFFD. */
void json_bytes(struct json *j, const char *key, struct hf_span bytes);
void json_hex(struct json *j, const char *key, struct hf_span bytes);
void json_number(struct json *j, const char *key, int64_t number);
void json_ms(struct json *j, const char *key, double number); /* 3 decimals */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* "error": {code, exit, text, detail, try, alert, layout, field, byte}; null
 * if there is none. */
void json_error(struct json *j, const struct hf_error *error, int exit);
void json_failure(struct json *j, const struct failure *f);

#endif
