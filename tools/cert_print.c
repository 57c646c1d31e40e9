/* cert_print.c - a certificate on one screen, and as JSON. */
#include "certs.h"
#include "issue.h"
#include "timestamps.h"

#include <string.h>

enum { COLUMN = 14 };

static void row(const struct tool *tool, const char *label, const char *text)
{
    printf("  %s", ink(tool, stdout, INK_DIM));
    print_padded(stdout, lang(label), COLUMN - 3);
    printf("%s ", ink(tool, stdout, INK_PLAIN));
    print_wrapped(stdout, text, tool->width, COLUMN, COLUMN);
}

/* A Name or a text that others chose: control characters are shown by number
 * already, so that wrapping it is harmless. */
static void row_name(const struct tool *tool, const char *label,
                     struct hf_span name)
{
    char text[600];

    hf_name_text(name, text, sizeof(text));
    row(tool, label, text[0] ? text : lang("(empty)"));
}

static void row_names(const struct tool *tool, const struct hf_cert *cert)
{
    struct hf_der names = hf_san_begin(cert);
    struct hf_san san;
    char all[4096] = "", one[300];
    size_t more = 0;

    while (hf_san_next(&names, &san)) {
        hf_san_text(&san, one, sizeof(one));
        if (strlen(all) + strlen(one) + 32 > sizeof(all))
            more++;
        else
            hf_format_more(all, sizeof(all), all[0] ? ", %s" : "%s", one);
    }
    if (more)
        hf_format_more(all, sizeof(all), lang(" and %z more"), more);
    if (all[0])
        row(tool, "names", all);
    else if (!(cert->flags & HF_CERT_CA))
        row(tool, "names", lang("none (the CN does not count: RFC 9525 6.3)"));
}

static void row_time(const struct tool *tool, const char *label, int64_t at,
                     int64_t now, bool good)
{
    char when[40], away[40], room[80];

    hf_time_text(when, sizeof(when), at);
    when_text(at, now, away, sizeof(away));
    printf("  %s", ink(tool, stdout, INK_DIM));
    print_padded(stdout, lang(label), COLUMN - 3);
    printf("%s %s  %s(%s)%s\n", ink(tool, stdout, INK_PLAIN), when,
           good ? "" : ink(tool, stdout, INK_BAD),
           lang_text(away, room, sizeof(room)),
           good ? "" : ink(tool, stdout, INK_PLAIN));
}

static void row_authority(const struct tool *tool, const struct hf_cert *cert)
{
    char text[80];

    if (!(cert->flags & HF_CERT_CA)) {
        row(tool, "authority",
            cert->flags & HF_CERT_BASIC ? lang("no")
                                        : lang("no (basicConstraints absent)"));
        return;
    }
    hf_format(text, sizeof(text), "%s", lang("yes"));
    if (cert->flags & HF_CERT_PATHLEN)
        hf_format(text, sizeof(text),
                  lang("yes, with at most %u more below it"),
                  (unsigned)cert->path_len);
    row(tool, "authority", text);
}

static void rows_of_extensions(const struct tool *tool,
                               const struct hf_cert *cert)
{
    char text[2048];
    struct hf_span url;

    usage_text(cert, text, sizeof(text));
    row(tool, "key usage",
        cert->flags & HF_CERT_KEY_USAGE ? text : lang("anything (absent)"));
    purpose_text(cert, text, sizeof(text));
    row(tool, "purpose",
        cert->flags & HF_CERT_EKU ? text : lang("any (absent)"));
    row_authority(tool, cert);
    constraints_text(cert, false, text, sizeof(text));
    if (text[0])
        row(tool, "only for", text);
    constraints_text(cert, true, text, sizeof(text));
    if (text[0])
        row(tool, "never for", text);
    if (hf_cert_aia(cert, &url)) {
        hf_format(text, sizeof(text), "%q", &url);
        row(tool, "issuer at", text);
    }
    if (cert->flags & HF_CERT_MUST_STAPLE)
        row(tool, "must staple", lang("yes (RFC 7633)"));
    if (cert->flags & HF_CERT_CRITICAL) {
        const char *name = hf_oid_name(cert->critical);

        hf_oid_text(cert->critical, text, sizeof(text));
        hf_format_more(text, sizeof(text),
                       lang(" %s: critical and not understood"),
                       name ? name : "");
        row(tool, "stranger", text);
    }
}

static void rows_of_timestamps(const struct tool *tool,
                               const struct hf_cert *cert)
{
    struct hf_span list = hf_scts_of_cert(cert);
    char text[SCT_TEXT_MAX];
    struct hf_sct sct;
    bool first = true;

    while (hf_sct_next(&list, HF_SCT_CERTIFICATE, &sct)) {
        sct_text(&sct, text);
        row(tool, first ? "logged" : "", text);
        first = false;
    }
    if (!first)
        row(tool, "", lang("(not verified: that takes a list of logs)"));
}

static void serial_text(const struct hf_cert *cert, char *out, size_t cap)
{
    hf_format(out, cap, "");
    for (size_t i = 0; i < cert->serial.len && i < 32; i++) {
        struct hf_span byte = hf_span(cert->serial.at + i, 1);

        hf_format_more(out, cap, i ? ":%h" : "%h", &byte);
    }
}

void cert_print(const struct tool *tool, const struct hf_cert *cert,
                int64_t now)
{
    char text[200];

    row_name(tool, "subject", cert->subject);
    if (cert->flags & HF_CERT_SELF_ISSUED)
        row(tool, "issuer", lang("itself"));
    else
        row_name(tool, "issuer", cert->issuer);
    row_names(tool, cert);
    row_time(tool, "from", cert->not_before, now, cert->not_before <= now);
    row_time(tool, "until", cert->not_after, now, cert->not_after >= now);
    hf_key_text(&cert->key, text, sizeof(text));
    row(tool, "key", text);
    rows_of_extensions(tool, cert);
    rows_of_timestamps(tool, cert);
    hf_algorithm_text(cert->algorithm, text, sizeof(text));
    row(tool, "signed", text);
    serial_text(cert, text, sizeof(text));
    row(tool, "serial", text);
    fingerprint_text(cert->der, text);
    /* not wrapped: it is there to be copied */
    printf("  %s%-11s%s %s\n", ink(tool, stdout, INK_DIM), "sha256",
           ink(tool, stdout, INK_PLAIN), text);
    pin_of(cert, text);
    row(tool, "pin", text);
}

/* ---- JSON ------------------------------------------------------------------------ */

static void json_time(struct json *j, const char *key, int64_t at)
{
    char text[40];

    hf_time_text(text, sizeof(text), at);
    if (strlen(text) == 23) { /* RFC 3339 5.6 */
        text[10] = 'T';
        text[19] = 'Z';
        text[20] = '\0';
    }
    json_text(j, key, text);
}

static void json_names(struct json *j, const struct hf_cert *cert)
{
    struct hf_der names = hf_san_begin(cert);
    struct hf_san san;
    char text[300];

    json_open(j, "names", '[');
    while (hf_san_next(&names, &san)) {
        hf_san_text(&san, text, sizeof(text));
        json_text(j, NULL, text);
    }
    json_close(j);
}

static void json_extensions(struct json *j, const struct hf_cert *cert)
{
    char text[2048];

    usage_text(cert, text, sizeof(text));
    json_text(j, "key_usage", cert->flags & HF_CERT_KEY_USAGE ? text : NULL);
    purpose_text(cert, text, sizeof(text));
    json_text(j, "purpose", cert->flags & HF_CERT_EKU ? text : NULL);
    json_bool(j, "authority", cert->flags & HF_CERT_CA);
    if (cert->flags & HF_CERT_PATHLEN)
        json_number(j, "path_length", cert->path_len);
    else
        json_null(j, "path_length");
    constraints_text(cert, false, text, sizeof(text));
    json_text(j, "permitted", text[0] ? text : NULL);
    constraints_text(cert, true, text, sizeof(text));
    json_text(j, "excluded", text[0] ? text : NULL);
    json_bool(j, "must_staple", cert->flags & HF_CERT_MUST_STAPLE);
    if (cert->flags & HF_CERT_CRITICAL)
        hf_oid_text(cert->critical, text, sizeof(text));
    json_text(j, "unknown_critical",
              cert->flags & HF_CERT_CRITICAL ? text : NULL);
}

void cert_json(struct json *j, const struct hf_cert *cert, int64_t now)
{
    char text[600];

    json_open(j, NULL, '{');
    hf_name_text(cert->subject, text, sizeof(text));
    json_text(j, "subject", text);
    hf_name_text(cert->issuer, text, sizeof(text));
    json_text(j, "issuer", text);
    json_bool(j, "self_issued", cert->flags & HF_CERT_SELF_ISSUED);
    json_names(j, cert);
    json_time(j, "not_before", cert->not_before);
    json_time(j, "not_after", cert->not_after);
    json_number(j, "seconds_left", cert->not_after - now);
    hf_key_text(&cert->key, text, sizeof(text));
    json_text(j, "key", text);
    hf_algorithm_text(cert->algorithm, text, sizeof(text));
    json_text(j, "signed_with", text);
    json_extensions(j, cert);
    json_cert_scts(j, cert);
    json_hex(j, "serial", cert->serial);
    fingerprint_text(cert->der, text);
    json_text(j, "sha256", text);
    pin_of(cert, text);
    json_text(j, "pin", text);
    json_close(j);
}
