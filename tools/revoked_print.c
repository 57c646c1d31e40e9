/* revoked_print.c - revocation lists and OCSP responses, on a screen and as
 * JSON.  Shown as they are: nobody's signature is verified here. */
#include "certs.h"

#include <string.h>

enum { COLUMN = 14, ENTRIES_SHOWN = 20 };

static void row(const struct tool *tool, const char *label, const char *text)
{
    printf("  %s", ink(tool, stdout, INK_DIM));
    print_padded(stdout, lang(label), COLUMN - 3);
    printf("%s ", ink(tool, stdout, INK_PLAIN));
    print_wrapped(stdout, lang(text), tool->width, COLUMN, COLUMN);
}

static void row_time(const struct tool *tool, const char *label, int64_t at)
{
    char text[40];

    hf_time_text(text, sizeof(text), at);
    row(tool, label, text);
}

static void json_time(struct json *j, const char *name, int64_t at, bool there)
{
    char text[40];

    hf_time_text(text, sizeof(text), at);
    json_text(j, name, there ? text : NULL);
}

/* ---- lists --------------------------------------------------------------------------- */

static const char *scope_text(const struct hf_crl *crl)
{
    return crl->user_only ? "certificates of no authority"
           : crl->ca_only ? "certificates of authorities"
                          : "all certificates of its issuer";
}

static void entry_row(const struct tool *tool, const struct hf_crl_entry *entry)
{
    char text[160];

    hf_format(text, sizeof(text), "%h  %t  %s", &entry->serial, entry->when,
              hf_reason_text(entry->reason));
    row(tool, "revoked", text);
}

static void list_print(const struct tool *tool, const struct hf_crl *crl,
                       int64_t now)
{
    struct hf_crl_entry entry;
    char text[600];

    hf_name_text(crl->issuer, text, sizeof(text));
    row(tool, "issuer", text);
    hf_format(text, sizeof(text), "%h", &crl->number);
    row(tool, "number", text);
    row_time(tool, "from", crl->this_update);
    hf_format(text, sizeof(text),
              now > crl->next_update ? "%t, it has ended" : "%t",
              crl->next_update);
    row(tool, "until", text);
    row(tool, "about", scope_text(crl));
    if (crl->points.len)
        row(tool, "", "and only those of one distribution point");
    if (crl->reasons != HF_REASONS_ALL)
        row(tool, "", "and only some reasons for which they are revoked");
    hf_algorithm_text(crl->algorithm, text, sizeof(text));
    row(tool, "signed", text);
    hf_format(text, sizeof(text), "%z", crl->count);
    row(tool, "entries", text);
    for (size_t i = 0; i < ENTRIES_SHOWN && hf_crl_at(crl, i, &entry); i++)
        entry_row(tool, &entry);
    if (crl->count > ENTRIES_SHOWN) {
        hf_format(text, sizeof(text), "and %z more (--json shows all)",
                  crl->count - ENTRIES_SHOWN);
        row(tool, "", text);
    }
}

static void list_json(struct json *j, const struct hf_crl *crl)
{
    struct hf_crl_entry entry;
    char text[600];

    json_open(j, NULL, '{');
    hf_name_text(crl->issuer, text, sizeof(text));
    json_text(j, "issuer", text);
    json_hex(j, "number", crl->number);
    json_time(j, "this_update", crl->this_update, true);
    json_time(j, "next_update", crl->next_update, true);
    json_text(j, "scope", scope_text(crl));
    hf_algorithm_text(crl->algorithm, text, sizeof(text));
    json_text(j, "algorithm", text);
    json_open(j, "revoked", '[');
    for (size_t i = 0; hf_crl_at(crl, i, &entry); i++) {
        json_open(j, NULL, '{');
        json_hex(j, "serial", entry.serial);
        json_time(j, "since", entry.when, true);
        json_text(j, "reason", hf_reason_text(entry.reason));
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

static void show_lists(const struct tool *tool, const struct hf_crls *crls,
                       int64_t now)
{
    struct json j;

    if (!tool->json) {
        for (size_t i = 0; i < crls->count; i++) {
            if (i)
                putchar('\n');
            list_print(tool, crls->at[i], now);
        }
        return;
    }
    json_start(&j, stdout, "handfast/crl/1");
    json_open(&j, "lists", '[');
    for (size_t i = 0; i < crls->count; i++)
        list_json(&j, crls->at[i]);
    json_close(&j);
    json_finish(&j);
}

/* ---- responses ------------------------------------------------------------------------- */

static const char *answer_text(const struct hf_ocsp_single *single)
{
    return single->answer == HF_OCSP_GOOD      ? "good"
           : single->answer == HF_OCSP_REVOKED ? "revoked"
                                               : "unknown";
}

static void responder_text(const struct hf_ocsp *ocsp, char *out, size_t cap)
{
    if (ocsp->by_key)
        hf_format(out, cap, "%h", &ocsp->responder);
    else
        hf_name_text(ocsp->responder, out, cap);
}

static void single_print(const struct tool *tool,
                         const struct hf_ocsp_single *single, int64_t now)
{
    char text[200];

    hf_format(text, sizeof(text), "%h", &single->serial);
    row(tool, "serial", text);
    hf_format(text, sizeof(text), "%s", answer_text(single));
    if (single->answer == HF_OCSP_REVOKED)
        hf_format(text, sizeof(text), "revoked since %t (%s)", single->when,
                  hf_reason_text(single->reason));
    row(tool, "answer", text);
    row_time(tool, "from", single->this_update);
    if (!single->has_next)
        hf_format(text, sizeof(text), "it does not say");
    else
        hf_format(text, sizeof(text),
                  now > single->next_update ? "%t, it has ended" : "%t",
                  single->next_update);
    row(tool, "until", text);
}

static void response_print(const struct tool *tool, struct hf_ocsp *ocsp,
                           int64_t now)
{
    struct hf_ocsp_single single;
    char text[600];

    row(tool, "status", hf_ocsp_status_text(ocsp->status));
    if (ocsp->status)
        return;
    responder_text(ocsp, text, sizeof(text));
    row(tool, ocsp->by_key ? "by key" : "by", text);
    row_time(tool, "made", ocsp->produced);
    hf_algorithm_text(ocsp->algorithm, text, sizeof(text));
    row(tool, "signed", text);
    while (hf_ocsp_next(&ocsp->singles, &single))
        single_print(tool, &single, now);
}

static void response_json(struct hf_ocsp *ocsp)
{
    struct hf_ocsp_single single;
    char text[600] = "";
    struct json j;

    json_start(&j, stdout, "handfast/ocsp/1");
    json_text(&j, "status", hf_ocsp_status_text(ocsp->status));
    if (!ocsp->status)
        responder_text(ocsp, text, sizeof(text));
    json_text(&j, "responder", text[0] ? text : NULL);
    json_time(&j, "produced", ocsp->produced, !ocsp->status);
    json_open(&j, "answers", '[');
    while (!ocsp->status && hf_ocsp_next(&ocsp->singles, &single)) {
        bool revoked = single.answer == HF_OCSP_REVOKED;

        json_open(&j, NULL, '{');
        json_hex(&j, "serial", single.serial);
        json_text(&j, "answer", answer_text(&single));
        json_time(&j, "since", single.when, revoked);
        json_text(&j, "reason", revoked ? hf_reason_text(single.reason) : NULL);
        json_time(&j, "this_update", single.this_update, true);
        json_time(&j, "next_update", single.next_update, single.has_next);
        json_close(&j);
    }
    json_close(&j);
    json_finish(&j);
}

/* ---- which is it? ------------------------------------------------------------------------- */

bool revoked_show(const struct tool *tool, struct hf_span text, int64_t now,
                  struct hf_error *why)
{
    struct hf_crls crls = { .at = NULL };
    struct hf_error error = { 0 };
    struct hf_ocsp ocsp;
    size_t added;

    if (hf_crls_add(&crls, text, &added, why)) {
        show_lists(tool, &crls, now);
        hf_crls_wipe(&crls);
        return true;
    }
    hf_crls_wipe(&crls);
    if (!hf_ocsp_read(text, &ocsp, &error))
        return false;
    if (tool->json)
        response_json(&ocsp);
    else
        response_print(tool, &ocsp, now);
    return true;
}
