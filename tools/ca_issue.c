/* ca_issue.c - handfast ca issue: a certificate for some names, in two files. */
#include "ca.h"
#include "issue_list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* "localhost+2", "_wildcard.dev.test", "alice-client", "localhost-expired": a
 * name that is harmless as a file's. */
static void base_name(const struct ca *ca, const struct issue_order *order,
                      char *out, size_t cap)
{
    const char *name = order->names[0];
    size_t at = 0;

    if (strncmp(name, "*.", 2) == 0)
        at = (size_t)snprintf(out, cap, "_wildcard"), name++;
    for (; *name && at + 40 < cap; name++) {
        char c = *name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                     c == '@' || (c == '.' && at > 0);

        out[at++] = plain ? c : '_';
    }
    out[at] = '\0';
    if (out[0] == '-')
        out[0] = '_';
    if (order->count > 1)
        at += (size_t)snprintf(out + at, cap - at, "+%zu", order->count - 1);
    if (order->broken != ISSUE_SOUND)
        at += (size_t)snprintf(out + at, cap - at, "-%s",
                               issue_broken_row(order->broken)->name);
    if (ca->client)
        snprintf(out + at, cap - at, "-client");
}

/* "site.pem" and "site-key.pem" from "site.pem" or "site". */
static bool file_names(const char *out, const char *base, char cert[PATH_CAP],
                       char key[PATH_CAP])
{
    const char *from = out ? out : base;
    size_t len = strlen(from);

    if (out && len > 4 && strcmp(out + len - 4, ".pem") == 0)
        len -= 4;
    return snprintf(cert, PATH_CAP, "%.*s.pem", (int)len, from) < PATH_CAP &&
           snprintf(key, PATH_CAP, "%.*s-key.pem", (int)len, from) < PATH_CAP;
}

static void all_names(const struct issue_order *order, char *out, size_t cap)
{
    out[0] = '\0';
    for (size_t i = 0; i < order->count; i++)
        hf_format_more(out, cap, i ? ", %s" : "%s", order->names[i]);
}

/* The files that there are to be; NULL: none of that kind. */
struct paths {
    const char *cert, *key, *p12;
};

static void tell_issued(const struct tool *tool,
                        const struct issue_order *order,
                        const struct issued *made, const struct paths *to)
{
    const struct broken_row *broken = issue_broken_row(order->broken);
    char names[1000], day[40], room[80], fingerprint[96];

    all_names(order, names, sizeof(names));
    when_day(issued_not_after(made), day, sizeof(day));
    issued_fingerprint(made, fingerprint);
    if (tool->json) {
        struct json j;

        json_start(&j, stdout, "handfast/issue/1");
        json_open(&j, "names", '[');
        for (size_t i = 0; i < order->count; i++)
            json_text(&j, NULL, order->names[i]);
        json_close(&j);
        json_text(&j, "certificate", to->cert);
        json_text(&j, "key", to->key);
        json_text(&j, "p12", to->p12);
        json_number(&j, "not_after", issued_not_after(made));
        json_text(&j, "sha256", fingerprint);
        json_text(&j, "broken", order->broken ? broken->name : NULL);
        json_finish(&j);
        return;
    }
    printf(lang("A certificate for %s%s%s, valid until %s:\n"),
           ink(tool, stdout, INK_STRONG), names, ink(tool, stdout, INK_PLAIN),
           lang_text(day, room, sizeof(room)));
    if (to->cert)
        printf(lang("  it is in %s and its key in %s\n"), to->cert, to->key);
    if (to->p12)
        printf(lang("  both are in %s, under the password\n"), to->p12);
    if (order->broken != ISSUE_SOUND)
        printf(lang("  wrong on purpose: %s [%s]\n"), lang(broken->text),
               broken->error);
}

bool ca_write_pair(const struct issued *made, const char *cert, const char *key,
                   bool force, struct hf_error *error)
{
    char *chain = issued_chain_pem(made), *secret = issued_key_pem(made);
    bool good = chain && secret;

    if (!good)
        hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    if (good && !force && file_exists(cert))
        good = hf_fail(error, HF_E_FILE, "%s is there already", cert);
    good = good && file_write(key, secret, true, force, error);
    if (good && !file_write(cert, chain, false, force, error)) {
        unlink(key);
        good = false;
    }
    if (secret)
        hf_wipe(secret, strlen(secret));
    free(secret);
    free(chain);
    return good;
}

static int print_pair(struct tool *tool, const struct issued *made)
{
    char *chain = issued_chain_pem(made), *secret = issued_key_pem(made);
    int code = HF_EXIT_INTERNAL;

    if (chain && secret) {
        printf("%s%s", chain, secret);
        code = output_done(tool, HF_EXIT_GOOD);
    }
    if (secret)
        hf_wipe(secret, strlen(secret));
    free(secret);
    free(chain);
    return code;
}

static int list_broken(struct tool *tool)
{
    for (unsigned i = ISSUE_SOUND + 1; i < ISSUE_BROKEN_KINDS; i++) {
        const struct broken_row *row = issue_broken_row((enum issue_broken)i);

        printf("  %-21s %-30s %s\n", row->name, row->error, lang(row->text));
    }
    return output_done(tool, HF_EXIT_GOOD);
}

/* "*.test" is one label below the top, where browsers take no wildcard. */
static void warn_of_names(const struct tool *tool,
                          const struct issue_order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        const char *name = order->names[i];

        if (strncmp(name, "*.", 2) == 0 && !strchr(name + 2, '.'))
            tool_error(tool, 0,
                       "note: many clients refuse %s, a wildcard so "
                       "near the top",
                       name);
    }
}

static int no_certificate(const struct tool *tool, const struct hf_error *error)
{
    if (error->code == HF_E_NAME_CONSTRAINT)
        return error_tell(tool, HF_EXIT_NO, error,
                          "make an authority for it: handfast ca init DIR "
                          "--permit NAME, or --any-name");
    return error_tell(tool, exit_of(error, false), error, NULL);
}

/* The password of --p12. */
static bool get_password(const struct ca *ca, char out[SECRET_MOST],
                         struct hf_error *error)
{
    return ca->password_file
               ? secret_read(ca->password_file, out, error)
               : secret_ask(lang("Password of the PKCS#12 file: "), out, error);
}

static bool write_p12(const struct issued *made, const struct ca *ca,
                      const char *name, struct hf_error *error)
{
    struct bytes file = { NULL, 0 };
    bool good = issued_p12(made, ca->password, name, &file, error) &&
                file_write_bytes(ca->p12, bytes_span(&file), true, ca->force,
                                 error);

    bytes_free(&file);
    return good;
}

/* What was made, as the command line wants it. */
static int hand_out(struct tool *tool, const struct ca *ca,
                    const struct issue_order *order, const struct issued *made)
{
    struct hf_error error = { 0 };
    char base[256], cert[PATH_CAP], key[PATH_CAP];
    bool pair = ca->out || !ca->p12, good = true;
    struct paths to = { pair ? cert : NULL, pair ? key : NULL, ca->p12 };

    base_name(ca, order, base, sizeof(base));
    if (ca->out && strcmp(ca->out, "-") == 0)
        return print_pair(tool, made);
    if (!file_names(ca->out, base, cert, key))
        return usage_error(tool, "--out is too long");
    if (ca->p12)
        good = write_p12(made, ca, order->names[0], &error);
    if (good && pair && !ca_write_pair(made, cert, key, ca->force, &error)) {
        good = false;
        if (ca->p12)
            unlink(ca->p12);
    }
    if (!good)
        return error_tell(
            tool,
            exit_of(&error, false) == HF_EXIT_INTERNAL ? HF_EXIT_INTERNAL
                                                       : HF_EXIT_WRITE,
            &error, "--out FILE writes elsewhere, --force replaces");
    warn_of_names(tool, order);
    tell_issued(tool, order, made, &to);
    return output_done(tool, HF_EXIT_GOOD);
}

/* What was just issued is the first of those that were added. */
static bool revoke_first(struct record *record, size_t added)
{
    struct record_row *row = &record->rows[record->count - added];

    if (!added)
        return false;
    row->revoked = true;
    row->when = (int64_t)time(NULL);
    row->reason = 1; /* keyCompromise (RFC 5280 5.3.1) */
    return true;
}

/* It is in the record before anybody has it: what is not there cannot be
 * revoked. */
static int record_and_hand_out(struct tool *tool, const struct ca *ca,
                               const struct place *place,
                               const struct issue_order *order,
                               const struct issued *by,
                               const struct issued *made)
{
    struct hf_error error = { 0 };
    struct record record;
    size_t added = 0;
    int code;

    if (!record_open(&record, place->dir, true, &error))
        return error_tell(tool, HF_EXIT_WRITE, &error, NULL);
    if (!issued_record(by, made, &record, &added, &error) ||
        (order->broken == ISSUE_REVOKED && !revoke_first(&record, added)) ||
        (added && !record_save(&record, &error))) {
        record_close(&record);
        return error_tell(tool, HF_EXIT_WRITE, &error, NULL);
    }
    code = hand_out(tool, ca, order, made);
    if (code != HF_EXIT_GOOD && added) {
        while (added--)
            record_drop_last(&record);
        if (!record_save(&record, &error))
            error_tell(tool, code, &error, NULL);
    }
    record_close(&record);
    return code;
}

static int issue_to(struct tool *tool, const struct ca *ca,
                    const struct place *place, const struct issue_order *order,
                    const struct issued *by)
{
    struct hf_error error = { 0 };
    struct issued *made = issue(by, order, &error);
    int code;

    if (!made)
        return no_certificate(tool, &error);
    code = record_and_hand_out(tool, ca, place, order, by, made);
    issued_free(made);
    return code;
}

static int issue_as_asked(struct tool *tool, struct ca *ca,
                          const struct issue_order *order)
{
    struct hf_error error = { 0 };
    struct place place;
    struct issued *by;
    int code;

    if (ca->p12 && ca->out && strcmp(ca->out, "-") == 0)
        return usage_error(tool, "--p12 and --out - do not go together");
    if (ca->password_file && !ca->p12)
        return usage_error(tool, "--password-file is for --p12");
    if (!ca_place(&place, ca->dir))
        return ca_no_place(tool);
    by = ca_load(tool, &place, &code);
    if (!by)
        return code;
    /* before there is a certificate that nobody gets */
    if (ca->p12 && !get_password(ca, ca->password, &error))
        code = error_tell(tool, HF_EXIT_USAGE, &error,
                          "--password-file FILE reads it from a file");
    else
        code = issue_to(tool, ca, &place, order, by);
    hf_wipe(ca->password, sizeof(ca->password));
    issued_free(by);
    return code;
}

int ca_issue(struct tool *tool)
{
    struct ca ca = { 0 };
    struct issue_order order = { 0 };
    int code = options_read(tool, &ca);

    if (code >= 0)
        return code;
    if (ca.list || (ca.broken && strcmp(ca.broken, "list") == 0))
        return list_broken(tool);
    if (!tool->operand_count)
        return usage_error(tool,
                           "for which name? Such as: localhost 127.0.0.1");
    if (!ca_order(tool, &ca, &order, &code))
        return code;
    order.names = (const char *const *)tool->operands;
    order.count = tool->operand_count;
    if (ca.broken) {
        order.broken = issue_broken_by_name(ca.broken);
        if (order.broken == ISSUE_SOUND)
            return usage_error(tool,
                               "there is no fault \"%s\"; "
                               "--broken list shows them",
                               ca.broken);
    }
    return issue_as_asked(tool, &ca, &order);
}
