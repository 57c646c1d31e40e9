/* agreed.c - what two sides agreed on and who the peer is: the lines of curl
 * -v that people grep for, and the same as JSON.
 */
#include "client.h"
#include "timestamps.h"
#include "x509/x509.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>

void date_text(char *out, size_t cap, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(out, cap, "%b %e %H:%M:%S %Y GMT", &tm))
        snprintf(out, cap, "%lld", (long long)seconds);
}

static bool sha256(struct hf_span bytes, uint8_t out[32])
{
    return EVP_Digest(bytes.at, bytes.len, out, NULL, EVP_sha256(), NULL) == 1;
}

/* RFC 7469 2.4: the hash of the SubjectPublicKeyInfo. */
static bool pin_of(const struct hf_cert *cert, char out[PIN_MAX])
{
    uint8_t digest[32];
    int n = snprintf(out, PIN_MAX, "sha256//");
    return sha256(cert->spki, digest) &&
           hf_base64(out + n, PIN_MAX - (size_t)n, HF_SPAN(digest));
}

bool pin_text(struct hf_span certificate, char out[PIN_MAX])
{
    struct hf_error error = { 0 };
    struct hf_cert *cert = hf_cert_new(certificate, &error);
    bool good = cert && pin_of(cert, out);
    hf_cert_free(cert);
    return good;
}

/* The name in the certificate that covers @host; false if none does. */
static bool covering_name(const struct hf_cert *cert, const char *host,
                          struct hf_san *out)
{
    struct hf_peer_name name;
    if (!hf_peer_name_read(host, &name))
        return false;
    for (size_t i = 0; hf_cert_san(cert, i, out); i++) {
        if (name.is_ip && out->kind == HF_SAN_IP &&
            out->value.len == name.ip_len &&
            !memcmp(out->value.at, name.ip, name.ip_len))
            return true;
        if (!name.is_ip && out->kind == HF_SAN_DNS &&
            hf_dns_covers(out->value, hf_span_text(name.dns)))
            return true;
    }
    return false;
}

static void tell_name(struct story *story, const struct hf_cert *cert)
{
    struct hf_san san;
    char text[300];
    if (covering_name(cert, story->host, &san)) {
        hf_san_text(&san, text, sizeof text);
        const char *name = strchr(text, ':');
        story_note(story, " subjectAltName: host \"%s\" matched cert's \"%s\"",
                   story->host, name ? name + 1 : text);
    } else {
        story_note(story, " subjectAltName does not match \"%s\"", story->host);
    }
}

static void tell_certificate(struct story *story, const struct hf_cert *cert)
{
    char text[600], pin[PIN_MAX];
    story_note(story, "Server certificate:");
    hf_name_text(cert->subject, text, sizeof text);
    story_note(story, " subject: %s", text);
    date_text(text, sizeof text, cert->not_before);
    story_note(story, " start date: %s", text);
    date_text(text, sizeof text, cert->not_after);
    story_note(story, " expire date: %s", text);
    tell_name(story, cert);
    hf_name_text(cert->issuer, text, sizeof text);
    story_note(story, " issuer: %s", text);
    hf_key_text(&cert->key, text, sizeof text);
    if (pin_of(cert, pin))
        story_note(story, " public key: %s, %s", text, pin);
}

/* As many as anybody reads; JSON has them all. */
static void tell_timestamps(struct story *story, const struct hf_conn *conn)
{
    enum { TOLD = 8 };
    char text[SCT_TEXT_MAX];
    struct hf_sct sct;
    size_t count = hf_conn_scts(conn);
    for (size_t i = 0; i < TOLD && hf_conn_sct(conn, i, &sct); i++) {
        sct_text(&sct, text);
        story_note(story, " certificate timestamp: %s (%s, not verified)", text,
                   sct_source_text(&sct));
    }
    if (count > TOLD)
        story_note(story, " certificate timestamps: %zu more", count - TOLD);
}

/* What is said of verification when it was let go on anyway. */
static void tell_verdict(struct story *story, const struct hf_conn *conn)
{
    if (!story->insecure || (story->verdict == HF_OK && hf_conn_ready(conn)))
        story_note(story, " SSL certificate verify ok.");
    else
        story_note(story, " SSL certificate verify: FAILED (ignored): %s [%s]",
                   lang(hf_error_text(story->verdict)),
                   hf_error_name(story->verdict));
}

static const char *or_none(const char *name)
{
    return name ? name : lang("none");
}

void story_agreed(struct story *story, const struct hf_conn *conn)
{
    struct hf_error error = { 0 };
    char psk[120];
    if (story->level < 1)
        return;
    struct hf_span alpn = hf_conn_protocol(conn);
    story_note(story, "SSL connection using %s / %s / %s / %s",
               hf_conn_version(conn) == HF_TLS12 ? "TLSv1.2" : "TLSv1.3",
               or_none(hf_suite_name(hf_conn_suite(conn))),
               or_none(hf_group_name(hf_conn_group(conn))),
               or_none(hf_scheme_name(hf_conn_peer_scheme(conn))));
    if (psk_text(conn, psk, sizeof psk))
        story_note(story, "Pre-shared key %s: nobody shows a certificate", psk);
    if (hf_conn_resumed(conn) && hf_conn_peer_certificates(conn))
        story_note(story, "Session resumed: the certificate is that of its "
                          "first handshake");
    else if (hf_conn_resumed(conn))
        story_note(story, "Session resumed");
    if (alpn.len)
        story_note(story, "ALPN: server accepted %.*s", (int)alpn.len,
                   (const char *)alpn.at);
    else
        story_note(story, "ALPN: server did not agree on a protocol");
    struct hf_cert *cert = hf_cert_new(hf_conn_peer_certificate(conn, 0),
                                       &error);
    if (cert)
        tell_certificate(story, cert);
    hf_cert_free(cert);
    tell_timestamps(story, conn);
    if (!hf_conn_psk_identity(conn).len)
        tell_verdict(story, conn);
}

/* ---- JSON -------------------------------------------------------------------------- */

static void json_date(struct json *j, const char *key, int64_t seconds)
{
    char text[64];
    time_t t = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&t, &tm) &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm))
        json_text(j, key, text);
    else
        json_number(j, key, seconds);
}

static void json_names(struct json *j, const struct hf_cert *cert)
{
    struct hf_san san;
    char text[300];
    json_open(j, "names", '[');
    for (size_t i = 0; hf_cert_san(cert, i, &san); i++) {
        hf_san_text(&san, text, sizeof text);
        json_text(j, NULL, text);
    }
    json_close(j);
}

static void json_certificate(struct json *j, struct hf_span der)
{
    struct hf_error error = { 0 };
    char text[600], pin[PIN_MAX];
    uint8_t digest[32];
    json_open(j, NULL, '{');
    struct hf_cert *cert = hf_cert_new(der, &error);
    if (cert) {
        hf_name_text(cert->subject, text, sizeof text);
        json_text(j, "subject", text);
        hf_name_text(cert->issuer, text, sizeof text);
        json_text(j, "issuer", text);
        json_hex(j, "serial", cert->serial);
        json_date(j, "not_before", cert->not_before);
        json_date(j, "not_after", cert->not_after);
        json_names(j, cert);
        hf_key_text(&cert->key, text, sizeof text);
        json_text(j, "key", text);
        hf_algorithm_text(cert->algorithm, text, sizeof text);
        json_text(j, "signed_with", text);
        if (pin_of(cert, pin))
            json_text(j, "pin", pin);
        hf_cert_free(cert);
    } else {
        json_text(j, "unreadable", lang_text(error.detail, text, sizeof text));
    }
    if (sha256(der, digest))
        json_hex(j, "sha256", HF_SPAN(digest));
    json_hex(j, "der", der);
    json_close(j);
}

/* Did it ask for our certificate, and take it? */
static const char *client_auth_name(const struct hf_conn *conn)
{
    static const char *const names[] = {
        [HF_AUTH_NOT_ASKED] = "not_asked", [HF_AUTH_NOT_GIVEN] = "not_given",
        [HF_AUTH_GIVEN] = "given",         [HF_AUTH_ACCEPTED] = "accepted",
        [HF_AUTH_REFUSED] = "refused",
    };
    return names[hf_conn_client_auth(conn)];
}

/* A login that includes them is of use in this connection only. */
static void json_bindings(struct json *j, const struct hf_conn *conn)
{
    static const struct {
        const char *key;
        enum hf_channel_binding kind;
    } rows[] = {
        { "tls_exporter", HF_BINDING_EXPORTER },
        { "tls_server_end_point", HF_BINDING_SERVER_END_POINT },
    };
    uint8_t out[HF_CHANNEL_BINDING_MAX];
    json_open(j, "channel_bindings", '{');
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        size_t len = hf_conn_channel_binding(conn, rows[i].kind, out,
                                             sizeof out);
        if (len)
            json_hex(j, rows[i].key, hf_span(out, len));
        else
            json_null(j, rows[i].key);
    }
    json_close(j);
}

void json_tls(struct json *j, const struct story *story,
              const struct hf_conn *conn)
{
    struct hf_span alpn = hf_conn_protocol(conn);
    json_open(j, "tls", '{');
    json_text(j, "version", hf_version_name(hf_conn_version(conn)));
    json_text(j, "suite", hf_suite_name(hf_conn_suite(conn)));
    json_text(j, "group", hf_group_name(hf_conn_group(conn)));
    json_text(j, "signature", hf_scheme_name(hf_conn_peer_scheme(conn)));
    json_bool(j, "retried", hf_conn_retried(conn));
    json_bool(j, "resumed", hf_conn_resumed(conn));
    json_psk(j, conn);
    if (alpn.len)
        json_bytes(j, "alpn", alpn);
    else
        json_null(j, "alpn");
    json_text(j, "sni", hf_conn_server_name(conn));
    if (!story->insecure)
        json_text(j, "verify", hf_conn_ready(conn) ? "ok" : "FAILED");
    else
        json_text(j, "verify",
                  story->verdict == HF_OK ? "ok" : "FAILED (ignored)");
    json_text(j, "verify_code", hf_error_name(story->verdict));
    json_text(j, "client_auth", client_auth_name(conn));
    json_bindings(j, conn);
    json_open(j, "certificates", '[');
    for (size_t i = 0; i < hf_conn_peer_certificates(conn); i++)
        json_certificate(j, hf_conn_peer_certificate(conn, i));
    json_close(j);
    json_conn_scts(j, conn);
    json_close(j);
}
