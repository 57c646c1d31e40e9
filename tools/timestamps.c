/* timestamps.c - certificate timestamps (RFC 6962) in words and as JSON: which
 * log promised when, and how it signed.  None of it is verified here, and the
 * words say so. */
#include "timestamps.h"

#include <string.h>

static void when(const struct hf_sct *sct, char out[40])
{
    /* Nobody's clock shows more; what does not fit is no date. */
    uint64_t seconds = sct->timestamp / 1000;

    hf_time_text(out, 40, seconds < INT64_MAX / 2 ? (int64_t)seconds : 0);
}

static void log_text(const struct hf_sct *sct, char out[48])
{
    if (!hf_base64(out, 48, sct->log_id))
        out[0] = '\0';
}

void sct_text(const struct hf_sct *sct, char out[SCT_TEXT_MAX])
{
    const char *scheme = hf_scheme_name(sct->scheme);
    char date[40], id[48];

    if (!sct->log_id.len) {
        snprintf(out, SCT_TEXT_MAX,
                 sct->version == 1 ? lang("malformed, %zu bytes")
                                   : lang("of an unknown version, %zu bytes"),
                 sct->bytes.len);
        return;
    }
    when(sct, date);
    log_text(sct, id);
    snprintf(out, SCT_TEXT_MAX, lang("%s by log %s, %s"), date, id,
             scheme ? scheme : lang("an unknown signature"));
}

const char *sct_source_text(const struct hf_sct *sct)
{
    switch (sct->source) {
    case HF_SCT_CERTIFICATE: return lang("in the certificate");
    case HF_SCT_TLS: return lang("in the handshake");
    default: return lang("in the OCSP response");
    }
}

/* ---- JSON ------------------------------------------------------------------------ */

static void json_sct(struct json *j, const struct hf_sct *sct)
{
    static const char *const sources[] = { "certificate", "handshake", "ocsp" };
    bool known = sct->log_id.len;
    char text[48];

    json_open(j, NULL, '{');
    json_text(j, "source", sources[sct->source]);
    json_number(j, "version", sct->version);
    log_text(sct, text);
    json_text(j, "log", known ? text : NULL);
    when(sct, text);
    if (strlen(text) == 23) { /* RFC 3339 5.6 */
        text[10] = 'T';
        text[19] = 'Z';
        text[20] = '\0';
    }
    json_text(j, "time", known ? text : NULL);
    json_text(j, "signed_with", known ? hf_scheme_name(sct->scheme) : NULL);
    json_bool(j, "verified", false);
    json_close(j);
}

void json_cert_scts(struct json *j, const struct hf_cert *cert)
{
    struct hf_span list = hf_scts_of_cert(cert);
    struct hf_sct sct;

    json_open(j, "timestamps", '[');
    while (hf_sct_next(&list, HF_SCT_CERTIFICATE, &sct))
        json_sct(j, &sct);
    json_close(j);
}

void json_conn_scts(struct json *j, const struct hf_conn *conn)
{
    struct hf_sct sct;

    json_open(j, "timestamps", '[');
    for (size_t i = 0; hf_conn_sct(conn, i, &sct); i++)
        json_sct(j, &sct);
    json_close(j);
}
