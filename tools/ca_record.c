/* ca_record.c - an authority with its record open, for the verbs that need it;
 * handfast ca list: which certificates it has issued. */
#include "ca.h"
#include "issue_list.h"

#include "x509/x509.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

bool ca_when(const struct tool *tool, const char *option, const char *text,
             int64_t now, int64_t *out, int *code)
{
    if (!text || when_read(text, now, out))
        return true;
    *code = usage_error(tool,
                        "--%s takes a time such as 2026-12-31, "
                        "2026-12-31T12:00:00Z or +14d, not \"%s\"",
                        option, text);
    return false;
}

bool ca_term(const struct tool *tool, const struct ca_term_words *words,
             struct issue_term *term, int *code)
{
    int64_t now = (int64_t)time(NULL);
    unsigned long days = words->days ? words->days : 7;

    if (days > 3653) {
        *code = usage_error(tool, "--days takes at most 3653, ten years");
        return false;
    }
    term->from = now;
    if (!ca_when(tool, "from", words->from, now, &term->from, code))
        return false;
    term->until = term->from + (int64_t)days * DAY;
    if (!ca_when(tool, "until", words->until, now, &term->until, code))
        return false;
    if (term->from < term->until)
        return true;
    *code = usage_error(tool, "it would end before it begins");
    return false;
}

bool ca_open(struct ca_open *ca, const struct tool *tool, const char *dir,
             bool change, int *code)
{
    struct hf_error error = { 0 };

    *ca = (struct ca_open){ .record.lock = -1 };
    if (!ca_place(&ca->place, dir)) {
        *code = ca_no_place(tool);
        return false;
    }
    ca->by = ca_load(tool, &ca->place, code);
    if (!ca->by)
        return false;
    if (record_open(&ca->record, ca->place.dir, change, &error))
        return true;
    *code = error_tell(tool, HF_EXIT_OWN_CERT, &error, NULL);
    ca_close(ca);
    return false;
}

void ca_close(struct ca_open *ca)
{
    record_close(&ca->record);
    issued_free(ca->by);
    ca->by = NULL;
}

/* ---- which one ----------------------------------------------------------------- */

/* "5C:1E:..." as the record has it; false if it is no serial number. */
static bool plain_serial(const char *text, char out[SERIAL_TEXT])
{
    size_t n = 0;

    for (; *text; text++) {
        if (*text == ':')
            continue;
        if (!strchr("0123456789abcdefABCDEF", *text) || n + 1 == SERIAL_TEXT)
            return false;
        out[n++] = (char)hf_lower((uint8_t)*text);
    }
    out[n] = '\0';
    return n > 0;
}

static bool is_usable(const struct record_row *row, int64_t now)
{
    return !row->revoked && row->until >= now;
}

static int several(const struct tool *tool, const struct record *record,
                   const char *name, bool usable, int64_t now)
{
    int code = tool_error(tool, HF_EXIT_USAGE,
                          "%s has several certificates; say which one by its "
                          "serial number:",
                          name);
    char until[40];

    for (size_t i = 0; i < record->count; i++) {
        const struct record_row *row = &record->rows[i];

        if (!record_names(row, name) || (usable && !is_usable(row, now)))
            continue;
        hf_time_text(until, sizeof(until), row->until);
        fprintf(stderr, lang("  %s  until %s\n"), row->serial, until);
    }
    return code;
}

static int by_name(const struct tool *tool, const struct record *record,
                   const char *name, bool usable, char serial[SERIAL_TEXT])
{
    int64_t now = (int64_t)time(NULL);
    size_t found = 0;

    for (size_t i = 0; i < record->count; i++) {
        const struct record_row *row = &record->rows[i];

        if (!record_names(row, name) || (usable && !is_usable(row, now)))
            continue;
        found++;
        snprintf(serial, SERIAL_TEXT, "%s", row->serial);
    }
    if (found == 1)
        return HF_EXIT_GOOD;
    if (found > 1)
        return several(tool, record, name, usable, now);
    return tool_error(tool, HF_EXIT_NO,
                      "%s is no file, and neither serial number nor name of a "
                      "certificate that this authority issued and that is "
                      "still valid; handfast ca list shows all",
                      name);
}

int ca_which(const struct tool *tool, struct ca_open *ca, const char *what,
             bool usable, bool add, char serial[SERIAL_TEXT])
{
    struct hf_error error = { 0 };
    struct bytes bytes;
    bool good;

    if (plain_serial(what, serial) && record_find(&ca->record, serial))
        return HF_EXIT_GOOD;
    if (!file_exists(what))
        return by_name(tool, &ca->record, what, usable, serial);
    if (!file_read(what, PEM_MOST, &bytes, &error))
        return error_tell(tool, HF_EXIT_USAGE, &error, NULL);
    good = issued_by(ca->by, bytes_span(&bytes), serial,
                     add ? &ca->record : NULL, &error);
    bytes_free(&bytes);
    return good ? HF_EXIT_GOOD
                : error_tell(tool, HF_EXIT_NO, &error,
                             "--ca DIR names another authority");
}

/* ---- ca list ------------------------------------------------------------------------ */

struct list_words {
    const char *dir;
};

static void json_when(struct json *j, const char *key, int64_t at, bool there)
{
    if (there)
        json_number(j, key, at);
    else
        json_null(j, key);
}

void ca_json_row(struct json *j, const struct record_row *row)
{
    char *rest = NULL, names[4096];

    json_open(j, NULL, '{');
    json_text(j, "serial", row->serial);
    json_text(j, "state", row->revoked ? "revoked" : "valid");
    json_text(j, "subject", row->subject);
    json_open(j, "names", '[');
    snprintf(names, sizeof(names), "%s", row->names);
    for (char *name = strtok_r(names, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest))
        json_text(j, NULL, name);
    json_close(j);
    json_number(j, "not_before", row->from);
    json_number(j, "not_after", row->until);
    json_when(j, "revoked", row->when, row->revoked);
    json_text(j, "reason", row->revoked ? hf_reason_text(row->reason) : NULL);
    json_text(j, "sha256", row->sha256);
    json_close(j);
}

static void print_row(const struct tool *tool, const struct record_row *row,
                      int64_t now)
{
    const char *state = row->revoked       ? "revoked"
                        : row->until < now ? "expired"
                        : row->from > now  ? "not yet"
                                           : "valid";
    char until[40];

    hf_time_text(until, sizeof(until), row->until);
    fputs(ink(tool, stdout, row->revoked ? INK_BAD : INK_PLAIN), stdout);
    print_padded(stdout, lang(state), 9);
    printf("%s %s  %.10s  ", ink(tool, stdout, INK_PLAIN), row->serial, until);
    print_safe_text(stdout, row->subject);
    if (row->names[0] && strcmp(row->names, row->subject) != 0) {
        fputs("  ", stdout);
        print_safe_text(stdout, row->names);
    }
    if (row->revoked)
        printf("  (%s)", hf_reason_text(row->reason));
    putchar('\n');
}

static int run_list(struct tool *tool)
{
    struct list_words words = { .dir = NULL };
    struct hf_error error = { 0 };
    struct place place;
    struct record record;
    int64_t now = (int64_t)time(NULL);
    struct json j;
    int code = options_read(tool, &words);

    if (code >= 0)
        return code;
    if (!ca_place(&place, words.dir))
        return ca_no_place(tool);
    if (!record_open(&record, place.dir, false, &error))
        return error_tell(tool, HF_EXIT_OWN_CERT, &error, NULL);
    if (tool->json) {
        json_start(&j, stdout, "handfast/record/1");
        json_text(&j, "file", record.path);
        json_number(&j, "list", (int64_t)record.list);
        json_open(&j, "certificates", '[');
        for (size_t i = 0; i < record.count; i++)
            ca_json_row(&j, &record.rows[i]);
        json_close(&j);
        json_finish(&j);
    } else if (!record.count) {
        fprintf(stderr, lang("There is nothing in %s yet.\n"), record.path);
    } else {
        for (size_t i = 0; i < record.count; i++)
            print_row(tool, &record.rows[i], now);
    }
    record_close(&record);
    return output_done(tool, HF_EXIT_GOOD);
}

/* ---- tables ------------------------------------------------------------------------------ */

/* clang-format off */
#define AT(member) offsetof(struct list_words, member)
static const struct opt list_options[] = {
    OPT_CA,
    OPT_JSON,
    { .kind = OPT_END },
};

/* clang-format on */

const struct command ca_list = {
    .name = "list",
    .summary = "the certificates that an authority has issued",
    .about = "State, serial number, last day, names. It is what issued.txt in "
             "the authority's folder says, which ca issue, ca init --parent "
             "and ca revoke keep.",
    .examples = "  handfast ca list --ca ./lab-ca\n",
    .options = list_options,
    .run = run_list,
};
