/* explain_word.c - handfast explain CODE: half a page about an error, an
 * alert, an exit code, a decision, or a number of TLS that has a name. */
#include "explaining.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMN = 11 };

/* clang-format off */
static const struct {
    unsigned code;
    const char *text;
} causes[] = {
#define CAUSE(id, text) { HF_E_##id, text },
#include "causes.def"
#undef CAUSE
};

static const struct {
    unsigned number;
    const char *says, *cause;
} alerts[] = {
#define ALERT_WORDS(number, says, cause) { number, says, cause },
#include "alerts.def"
#undef ALERT_WORDS
};

static const struct {
    const char *dotted, *text, *next;
    int exit;
} failures[] = {
#define FAILURE(id, dotted, exit, text, next)                                  \
    { dotted, text, next, HF_EXIT_##exit },
#include "failures.def"
#undef FAILURE
};
/* clang-format on */

static void title(const struct tool *tool, const char *word, const char *kind)
{
    printf("%s%s%s  %s(%s)%s\n", ink(tool, stdout, INK_STRONG), word,
           ink(tool, stdout, INK_PLAIN), ink(tool, stdout, INK_DIM), lang(kind),
           ink(tool, stdout, INK_PLAIN));
}

static void row(const struct tool *tool, const char *label, const char *text)
{
    if (!text || !text[0])
        return;
    printf("  %s", ink(tool, stdout, INK_DIM));
    print_padded(stdout, lang(label), 8);
    printf("%s ", ink(tool, stdout, INK_PLAIN));
    print_wrapped(stdout, lang(text), tool->width > 90 ? 90 : tool->width,
                  COLUMN, COLUMN);
}

/* ---- errors ------------------------------------------------------------------- */

static const char *cause_of(unsigned code)
{
    for (size_t i = 0; i < HF_COUNT(causes); i++)
        if (causes[i].code == code)
            return causes[i].text;
    return NULL;
}

static void exit_row(const struct tool *tool, const struct hf_error *error)
{
    char text[200];
    int early = exit_of(error, false), late = exit_of(error, true);

    hf_format(text, sizeof(text), "%d: %s", early, lang(exit_text(early)));
    if (late != early)
        hf_format_more(text, sizeof(text), lang("; after the handshake %d: %s"),
                       late, lang(exit_text(late)));
    row(tool, "exit", text);
}

static int explain_error(const struct tool *tool, unsigned code)
{
    struct hf_error error = { .code = (uint16_t)code };
    uint8_t alert = hf_error_alert(code);
    char text[120];

    title(tool, hf_error_name(code), "an error");
    row(tool, "means", hf_error_text(code));
    row(tool, "usually", cause_of(code));
    row(tool, "do", advice_for(code));
    if (alert) {
        hf_format(text, sizeof(text), lang("the peer is told %s (%u)"),
                  hf_alert_name(alert), (unsigned)alert);
        row(tool, "alert", text);
    }
    exit_row(tool, &error);
    return HF_EXIT_GOOD;
}

/* Failures above TLS; one dotted code may have several rows. */
static int explain_failure(const struct tool *tool, const char *word)
{
    bool found = false;
    char text[200];

    for (size_t i = 0; i < HF_COUNT(failures); i++) {
        if (strcmp(failures[i].dotted, word) != 0)
            continue;
        if (!found)
            title(tool, word, "an error above TLS");
        found = true;
        row(tool, "means", failures[i].text);
        row(tool, "do", failures[i].next);
        hf_format(text, sizeof(text), "%d: %s", failures[i].exit,
                  lang(exit_text(failures[i].exit)));
        row(tool, "exit", text);
    }
    return found ? HF_EXIT_GOOD : -1;
}

/* ---- alerts --------------------------------------------------------------------- */

static int explain_alert(const struct tool *tool, unsigned number)
{
    const char *name = hf_alert_name(number);
    char heading[80], text[400] = "";

    if (!name)
        return -1;
    hf_format(heading, sizeof(heading), "%s %u", name, number);
    title(tool, heading, "an alert, RFC 8446 6");
    for (size_t i = 0; i < HF_COUNT(alerts); i++) {
        if (alerts[i].number != number)
            continue;
        row(tool, "says", alerts[i].says);
        row(tool, "usually", alerts[i].cause);
    }
    for (unsigned code = 1; number && code < HF_ERROR_CODES; code++)
        if (hf_error_alert(code) == number)
            hf_format_more(text, sizeof(text), text[0] ? ", %s" : "%s",
                           hf_error_name(code));
    row(tool, "we say it", text);
    return HF_EXIT_GOOD;
}

/* ---- exit codes ------------------------------------------------------------------ */

static int explain_exit(const struct tool *tool, int number)
{
    char heading[40], text[1500] = "";

    if (!exit_text(number))
        return -1;
    hf_format(heading, sizeof(heading), lang("exit %d"), number);
    title(tool, heading, "an exit code of this command");
    row(tool, "means", exit_text(number));
    for (unsigned code = 1; code < HF_ERROR_CODES; code++) {
        struct hf_error error = { .code = (uint16_t)code };

        if (exit_of(&error, false) == number)
            hf_format_more(text, sizeof(text), text[0] ? ", %s" : "%s",
                           hf_error_name(code));
    }
    row(tool, "errors", text);
    if (text[0])
        row(tool, "see", "handfast explain CODE tells about each of these");
    return HF_EXIT_GOOD;
}

/* ---- decisions -------------------------------------------------------------------- */

static int explain_event(const struct tool *tool, const char *word)
{
    for (unsigned id = 0; id < HF_EVENT_IDS; id++) {
        if (strcmp(hf_event_name(id), word) != 0)
            continue;
        title(tool, word, "a decision or an event");
        row(tool, "rule", hf_event_rule(id));
        row(tool, "where", hf_event_rfc(id));
        row(tool, "seen", "with -v or --json of get and connect");
        return HF_EXIT_GOOD;
    }
    return -1;
}

/* ---- names of numbers --------------------------------------------------------------- */

static void number_row(const struct tool *tool, const struct hf_names *names,
                       uint32_t number)
{
    char text[120];

    hf_format(text, sizeof(text), "%s", names->what);
    title(tool, hf_name_of(names, number), text);
    hf_format(text, sizeof(text), "%x (%u)", (unsigned)number,
              (unsigned)number);
    row(tool, "number", text);
    if (strcmp(names->id, "EXTENSION") != 0)
        return;
    for (size_t i = 0; hf_extension_at(i); i++)
        if (hf_extension_at(i)->number == number)
            row(tool, "purpose", hf_extension_at(i)->why);
}

static int explain_layout(const struct tool *tool, const char *word)
{
    hf_layout_fn *layout = hf_layout_by_name(word);

    if (!layout)
        return -1;
    title(tool, layout()->name, layout()->rfc);
    if (!layout()->fields)
        printf("  %s\n", lang("nothing is in it; that it comes says all"));
    for (unsigned i = 0; i < layout()->fields; i++)
        printf("  %s%-27s%s %s\n", ink(tool, stdout, INK_DIM),
               layout()->field[i].name, ink(tool, stdout, INK_PLAIN),
               lang(layout()->field[i].why));
    return HF_EXIT_GOOD;
}

/* A name, or a number with 0x in front, in every table of names. */
static int explain_name(const struct tool *tool, const char *word)
{
    bool hex = strncasecmp(word, "0x", 2) == 0;
    unsigned long typed = hex ? strtoul(word, NULL, 16) : 0;
    uint32_t number = (uint32_t)typed;
    int code = -1;

    for (size_t i = 0; hf_names_at(i); i++) {
        const struct hf_names *names = hf_names_at(i);

        if (strcmp(names->id, "ALERT") == 0)
            continue;
        if (hex ? typed > 0xff && hf_name_of(names, number) != NULL
                : hf_number_of(names, word, &number)) {
            number_row(tool, names, number);
            code = HF_EXIT_GOOD;
        }
    }
    return code;
}

/* ---- words ------------------------------------------------------------------------------ */

static bool read_number(const char *word, unsigned *out)
{
    char *end;
    unsigned long n = strtoul(word, &end, 10);

    if (*word < '0' || *word > '9' || *end || n > 65535)
        return false;
    *out = (unsigned)n;
    return true;
}

/* A bare number may be an alert and an exit code. */
static int explain_number(const struct tool *tool, const char *kind,
                          unsigned number)
{
    bool alert = !kind || strcmp(kind, "alert") == 0;
    bool exit = !kind || strcmp(kind, "exit") == 0;
    int one = alert ? explain_alert(tool, number) : -1;
    int two;

    if (one >= 0 && exit && exit_text((int)number))
        putchar('\n');
    two = exit ? explain_exit(tool, (int)number) : -1;
    return one >= 0 ? one : two;
}

int explain_word(const struct tool *tool, const char *kind, const char *word)
{
    const struct hf_names *names = hf_names_by_id("ALERT");
    unsigned code = hf_error_by_name(word), number;
    uint32_t alert;
    int found;

    if (read_number(word, &number))
        return explain_number(tool, kind, number);
    if (kind && strcmp(kind, "exit") == 0)
        return -1;
    if (hf_number_of(names, word, &alert))
        return explain_alert(tool, alert);
    if (kind)
        return -1;
    if (code != HF_OK)
        return explain_error(tool, code);
    found = explain_failure(tool, word);
    if (found < 0)
        found = explain_event(tool, word);
    if (found < 0)
        found = explain_layout(tool, word);
    return found < 0 ? explain_name(tool, word) : found;
}

int explain_unknown(const struct tool *tool, const char *word)
{
    const char *names[512];
    const struct hf_names *alert = hf_names_by_id("ALERT");
    const char *like;
    size_t n = 0;

    for (unsigned code = 1; code < HF_ERROR_CODES; code++)
        names[n++] = hf_error_name(code);
    for (size_t i = 0; i < alert->rows; i++)
        names[n++] = alert->row[i].name;
    for (unsigned id = 0; id < HF_EVENT_IDS; id++)
        names[n++] = hf_event_name(id);
    for (size_t i = 0; i < HF_COUNT(failures) && n < HF_COUNT(names) - 1; i++)
        names[n++] = failures[i].dotted;
    names[n] = NULL;
    like = most_like(word, names);
    if (like)
        return usage_error(tool,
                           "\"%s\" is no file, no bytes and no code; did "
                           "you mean %s?",
                           word, like);
    return usage_error(tool,
                       "\"%s\" is no file, no bytes and no code; "
                       "handfast tables errors lists the codes",
                       word);
}
