/* ca_revoke.c - handfast ca revoke|crl: which certificates are no longer to be
 * trusted, and the list that tells others (RFC 5280 5). */
#include "ca.h"
#include "issue_list.h"

#include "x509/x509.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct record_words {
    const char *dir, *reason, *at, *out;
    struct ca_term_words term;
    bool release, der, force;
};

/* ---- ca revoke -------------------------------------------------------------------------- */

enum { HOLD = 6 };

static int put_back(const struct tool *tool, struct record_row *row)
{
    if (row->revoked && row->reason != HOLD)
        return tool_error(tool, HF_EXIT_NO,
                          "%s was revoked for good (%s); only certificateHold "
                          "can be taken back",
                          row->serial, hf_reason_text(row->reason));
    row->revoked = false;
    return HF_EXIT_GOOD;
}

/* A certificate that is revoked already stays so since then; only a hold can
 * become something else (RFC 5280 5.3.1). */
static int revoke_row(const struct tool *tool, struct record_row *row,
                      const struct record_words *words, unsigned reason,
                      int64_t when)
{
    if (words->release)
        return put_back(tool, row);
    if (row->revoked && row->reason != HOLD)
        return HF_EXIT_GOOD;
    row->when = row->revoked ? row->when : when;
    row->revoked = true;
    row->reason = reason;
    return HF_EXIT_GOOD;
}

static void tell_revoked(const struct tool *tool, const struct record *record,
                         char (*serials)[SERIAL_TEXT])
{
    struct json j;
    char when[40];

    if (tool->json) {
        json_start(&j, stdout, "handfast/revoke/1");
        json_open(&j, "certificates", '[');
    }
    for (size_t i = 0; i < tool->operand_count; i++) {
        const struct record_row *row = record_find(record, serials[i]);

        if (tool->json) {
            ca_json_row(&j, row);
            continue;
        }
        hf_time_text(when, sizeof(when), row->when);
        fputs(ink(tool, stdout, row->revoked ? INK_BAD : INK_GOOD), stdout);
        print_padded(stdout, lang(row->revoked ? "revoked" : "valid"), 9);
        printf("%s %s  ", ink(tool, stdout, INK_PLAIN), row->serial);
        print_safe_text(stdout, row->subject);
        if (row->revoked)
            printf(lang("  since %s (%s)"), when, hf_reason_text(row->reason));
        putchar('\n');
    }
    if (tool->json) {
        json_close(&j);
        json_finish(&j);
    } else {
        fputs(lang("Nobody knows yet: handfast ca crl makes the list that says "
                   "so, handfast ca ocsp an answer to be stapled\n"),
              stderr);
    }
}

static int revoke_all(struct tool *tool, const struct record_words *words,
                      struct ca_open *ca, char (*serials)[SERIAL_TEXT])
{
    struct hf_error error = { 0 };
    int64_t now = (int64_t)time(NULL), when = now;
    unsigned reason = 0;
    int code = HF_EXIT_GOOD;

    if (words->reason && !record_reason(words->reason, &reason))
        return usage_error(tool, "there is no reason \"%s\"", words->reason);
    if (!ca_when(tool, "at", words->at, now, &when, &code))
        return code;
    if (when > now)
        return usage_error(tool, "--at lies in the future");
    for (size_t i = 0; i < tool->operand_count && !code; i++) {
        code = ca_which(tool, ca, tool->operands[i], !words->release, true,
                        serials[i]);
        if (!code)
            code = revoke_row(tool, record_find(&ca->record, serials[i]), words,
                              reason, when);
    }
    if (!code && !record_save(&ca->record, &error))
        code = error_tell(tool, HF_EXIT_WRITE, &error, NULL);
    if (!code)
        tell_revoked(tool, &ca->record, serials);
    return code;
}

static int run_revoke(struct tool *tool)
{
    struct record_words words = { .dir = NULL };
    struct ca_open ca;
    char(*serials)[SERIAL_TEXT];
    int code = options_read(tool, &words);

    if (code >= 0)
        return code;
    if (!tool->operand_count)
        return usage_error(tool, "which certificate? A file, a serial number "
                                 "or a name");
    if (!ca_open(&ca, tool, words.dir, true, &code))
        return code;
    serials = calloc(tool->operand_count, sizeof(*serials));
    code = serials ? revoke_all(tool, &words, &ca, serials)
                   : tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    free(serials);
    ca_close(&ca);
    return output_done(tool, code);
}

/* ---- ca crl ----------------------------------------------------------------------------- */

static size_t revoked_count(const struct record *record)
{
    size_t count = 0;

    for (size_t i = 0; i < record->count; i++)
        count += record->rows[i].revoked;
    return count;
}

static void tell_list(const struct tool *tool, const struct record *record,
                      const struct issue_term *term, const char *pem,
                      const char *der)
{
    char until[40];
    struct json j;

    hf_time_text(until, sizeof(until), term->until);
    if (tool->json) {
        json_start(&j, stdout, "handfast/list/1");
        json_number(&j, "number", (int64_t)term->number);
        json_number(&j, "this_update", term->from);
        json_number(&j, "next_update", term->until);
        json_number(&j, "revoked", (int64_t)revoked_count(record));
        json_text(&j, "pem", pem);
        json_text(&j, "der", der);
        json_finish(&j);
        return;
    }
    printf(lang("List %llu of the revoked (%zu), until %s:\n"),
           (unsigned long long)term->number, revoked_count(record), until);
    if (pem)
        printf(lang("  in PEM %s\n"), pem);
    if (der)
        printf(lang("  in DER %s\n"), der);
}

/* Where it goes: what --out says, else both forms into the folder. */
static int keep_list(struct tool *tool, const struct record_words *words,
                     const struct ca_open *ca, const struct issue_term *term,
                     struct hf_span list)
{
    char pem[PATH_CAP], der[PATH_CAP];
    struct hf_error error = { 0 };
    char *text = issue_list_pem(list);
    bool print = words->out && strcmp(words->out, "-") == 0, good = true;
    bool folder = !words->out;

    if (!text || !path_join(pem, sizeof(pem), ca->place.dir, "crl.pem") ||
        !path_join(der, sizeof(der), ca->place.dir, "crl.der")) {
        free(text);
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    }
    if (words->out) {
        snprintf(pem, sizeof(pem), "%s", words->out);
        snprintf(der, sizeof(der), "%s", words->out);
    }
    if (print && words->der)
        fwrite(list.at, 1, list.len, stdout);
    else if (print)
        fputs(text, stdout);
    if (!print && (folder || words->der))
        good = file_write_bytes(der, list, false, folder || words->force,
                                &error);
    if (good && !print && (folder || !words->der))
        good = file_write(pem, text, false, folder || words->force, &error);
    free(text);
    if (!good)
        return error_tell(tool, HF_EXIT_WRITE, &error,
                          "--force replaces a file that is there");
    if (!print)
        tell_list(tool, &ca->record, term, folder || !words->der ? pem : NULL,
                  folder || words->der ? der : NULL);
    return HF_EXIT_GOOD;
}

/* The number is taken before the list is made: one that is lost leaves a gap,
 * which is harmless; one that is used twice is not (RFC 5280 5.2.3). */
static int make_list(struct tool *tool, const struct record_words *words,
                     struct ca_open *ca)
{
    struct hf_error error = { 0 };
    struct issue_term term = { 0 };
    struct bytes list = { NULL, 0 };
    int code = HF_EXIT_GOOD;

    if (!ca_term(tool, &words->term, &term, &code))
        return code;
    if (words->out && words->force == false && strcmp(words->out, "-") != 0 &&
        file_exists(words->out))
        return tool_error(tool, HF_EXIT_WRITE,
                          "%s is there already; --force replaces it",
                          words->out);
    term.number = ++ca->record.list;
    if (!record_save(&ca->record, &error))
        return error_tell(tool, HF_EXIT_WRITE, &error, NULL);
    if (!issue_list(ca->by, &ca->record, &term, &list, &error))
        return error_tell(tool, exit_of(&error, false), &error, NULL);
    code = keep_list(tool, words, ca, &term, bytes_span(&list));
    bytes_free(&list);
    return code;
}

static int run_crl(struct tool *tool)
{
    struct record_words words = { .dir = NULL };
    struct ca_open ca;
    int code = options_read(tool, &words);

    if (code >= 0)
        return code;
    if (tool->operand_count)
        return usage_error(tool, "it takes no words but options");
    if (!ca_open(&ca, tool, words.dir, true, &code))
        return code;
    code = make_list(tool, &words, &ca);
    ca_close(&ca);
    return output_done(tool, code);
}

/* ---- tables ------------------------------------------------------------------------------ */

/* clang-format off */
#define AT(member) offsetof(struct record_words, member)
static const struct opt revoke_options[] = {
    OPT_CA,
    { .name = "reason", .kind = OPT_TEXT, .at = AT(reason),
      .arg = "REASON",
      .help = "why: keyCompromise, superseded, affiliationChanged, "
              "cessationOfOperation, privilegeWithdrawn, certificateHold, "
              "cACompromise, aACompromise; otherwise unspecified" },
    { .name = "at", .kind = OPT_TEXT, .arg = "TIME", .at = AT(at),
      .help = "revoked since then; otherwise now" },
    { .name = "release", .kind = OPT_FLAG, .at = AT(release),
      .help = "take a certificateHold back: it is valid again" },
    OPT_JSON,
    { .kind = OPT_END },
};

static const struct opt crl_options[] = {
    OPT_CA,
    OPT_TERM,
    { .name = "out", .letter = 'o', .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(out),
      .help = "the list's file, PEM; - prints it; otherwise crl.pem and "
              "crl.der in the authority's folder" },
    { .name = "der", .kind = OPT_FLAG, .at = AT(der),
      .help = "DER to FILE instead of PEM" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "replace a file that is there" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command ca_revoke = {
    .name = "revoke",
    .operands = "FILE|SERIAL|NAME...",
    .summary = "say that certificates are no longer to be trusted",
    .about = "A name will do if only one valid certificate has it. This is "
             "written down; others learn of it by the list that ca crl makes, "
             "or by the answers of ca ocsp.",
    .examples = "  handfast ca revoke localhost.pem --reason keyCompromise\n"
                "  handfast ca revoke www.dev.test --reason superseded\n",
    .options = revoke_options,
    .run = run_revoke,
};

const struct command ca_crl = {
    .name = "crl",
    .summary = "make the list of the revoked",
    .about = "A complete list, version 2, with a number that grows by one each "
             "time. Clients that insist on one need a new one before it ends.",
    .examples = "  handfast ca crl --days 30\n"
                "  handfast ca crl -o - | openssl crl -noout -text\n",
    .options = crl_options,
    .run = run_crl,
};
