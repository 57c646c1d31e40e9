/* summary.c - a connection in a dozen calm lines, or in one.
 *
 *     connected  localhost:8443 (127.0.0.1)
 *     version    TLS 1.3
 *     suite      TLS_AES_256_GCM_SHA384
 *     group      X25519MLKEM768
 *     signature  ecdsa_secp256r1_sha256
 *     protocol   none
 *     chain    0 CN=localhost
 *                issued by CN=Lab Intermediate
 *                ECDSA P-256, until Feb 19 16:14:31 2027 GMT (89 days)
 *              1 ...
 *     names      DNS:localhost IP:127.0.0.1
 *     pin        sha256//...=
 *     verify     ok: localhost, trusted
 */
#include "connect.h"
#include "timestamps.h"
#include "x509/x509.h"

#include <string.h>
#include <time.h>

enum { TEXT_MAX = 600 };

static const char *or_unknown(const char *name)
{
    return name ? name : lang("not agreed");
}

static void line(const char *title, const char *text)
{
    print_padded(stderr, lang(title), 10);
    putc(' ', stderr);
    print_safe_text(stderr, text);
    putc('\n', stderr);
}

/* "until Feb 19 16:14:31 2027 GMT (89 days)" */
static void until_text(int64_t not_after, char *out, size_t cap)
{
    char date[64];
    int64_t days = (not_after - (int64_t)time(NULL)) / 86400;
    bool over = not_after < (int64_t)time(NULL);
    date_text(date, sizeof date, not_after);
    if (over)
        snprintf(out, cap, lang("EXPIRED %s"), date);
    else
        snprintf(out, cap, lang("until %s (%lld days)"), date, (long long)days);
}

static void certificate(size_t index, struct hf_span der)
{
    struct hf_error error = { 0 };
    char text[TEXT_MAX], until[128], key[64];
    struct hf_cert *cert = hf_cert_new(der, &error);
    print_padded(stderr, index == 0 ? lang("chain") : "", 8);
    fprintf(stderr, "%2zu ", index);
    if (!cert) {
        print_safe_text(stderr, lang_text(error.detail, text, sizeof text));
        putc('\n', stderr);
        return;
    }
    hf_name_text(cert->subject, text, sizeof text);
    print_safe_text(stderr, text[0] ? text : lang("(no subject)"));
    fputs(lang("\n           issued by "), stderr);
    hf_name_text(cert->issuer, text, sizeof text);
    print_safe_text(stderr, text);
    until_text(cert->not_after, until, sizeof until);
    hf_key_text(&cert->key, key, sizeof key);
    fprintf(stderr, "\n           %s, %s\n", key, until);
    hf_cert_free(cert);
}

static void names(const struct hf_cert *cert)
{
    struct hf_san san;
    char text[TEXT_MAX];
    print_padded(stderr, lang("names"), 10);
    for (size_t i = 0; i < 20 && hf_cert_san(cert, i, &san); i++) {
        hf_san_text(&san, text, sizeof text);
        putc(' ', stderr);
        print_safe_text(stderr, text);
    }
    if (hf_cert_san(cert, 20, &san))
        fputs(" ...", stderr);
    putc('\n', stderr);
}

static void leaf(const struct hf_conn *conn)
{
    struct hf_error error = { 0 };
    struct hf_span der = hf_conn_peer_certificate(conn, 0);
    struct hf_cert *cert = hf_cert_new(der, &error);
    char pin[PIN_MAX];
    if (!cert)
        return;
    names(cert);
    if (pin_text(der, pin))
        line("pin", pin);
    hf_cert_free(cert);
}

static void timestamps(const struct hf_conn *conn)
{
    enum { TOLD = 8 };
    char text[SCT_TEXT_MAX], all[2 * SCT_TEXT_MAX];
    struct hf_sct sct;
    size_t count = hf_conn_scts(conn);
    for (size_t i = 0; i < TOLD && hf_conn_sct(conn, i, &sct); i++) {
        sct_text(&sct, text);
        snprintf(all, sizeof all, lang("%s (%s, not verified)"), text,
                 sct_source_text(&sct));
        line(i ? "" : "logged", all);
    }
    if (count > TOLD) {
        snprintf(all, sizeof all, lang("and %zu more"), count - TOLD);
        line("", all);
    }
}

static void verify_text(const struct story *story, const struct hf_conn *conn,
                        char *out, size_t cap)
{
    char psk[120];
    if (story->insecure && story->verdict != HF_OK)
        snprintf(out, cap, lang("FAILED (ignored): %s [%s]"),
                 lang(hf_error_text(story->verdict)),
                 hf_error_name(story->verdict));
    else if (hf_conn_ready(conn) && psk_text(conn, psk, sizeof psk))
        snprintf(out, cap, lang("ok: by the pre-shared key %s"), psk);
    else if (hf_conn_ready(conn))
        snprintf(out, cap, lang("ok: %s"), story->host);
    else
        snprintf(out, cap, "%s", lang("not finished"));
}

void summary_verdict(const struct tool *tool, const struct story *story,
                     const struct hf_conn *conn)
{
    char text[TEXT_MAX];
    verify_text(story, conn, text, sizeof text);
    fprintf(stderr, lang("%sverify: %s%s\n"),
            ink(tool, stderr,
                story->verdict == HF_OK && hf_conn_ready(conn) ? INK_GOOD
                                                               : INK_BAD),
            text, ink(tool, stderr, INK_PLAIN));
}

static void one_line(const struct story *story, const struct hf_conn *conn)
{
    struct hf_error error = { 0 };
    char text[TEXT_MAX], until[128];
    fprintf(stderr, "%s%s  %s  %s  %s  ",
            hf_conn_resumed(conn) ? lang("resumed  ") : "",
            or_unknown(hf_version_name(hf_conn_version(conn))),
            or_unknown(hf_suite_name(hf_conn_suite(conn))),
            or_unknown(hf_group_name(hf_conn_group(conn))),
            or_unknown(hf_scheme_name(hf_conn_peer_scheme(conn))));
    struct hf_cert *cert = hf_cert_new(hf_conn_peer_certificate(conn, 0),
                                       &error);
    if (cert) {
        hf_name_short(cert->subject, text, sizeof text);
        print_safe_text(stderr, text);
        until_text(cert->not_after, until, sizeof until);
        fprintf(stderr, " %s  ", until);
    }
    hf_cert_free(cert);
    verify_text(story, conn, text, sizeof text);
    fprintf(stderr, lang("verify: %s\n"), text);
}

void summary_again(const struct tool *tool, unsigned long number,
                   const struct hf_conn *conn, double ms)
{
    bool resumed = hf_conn_resumed(conn);
    fprintf(stderr, lang("connection %-3lu "), number);
    fputs(ink(tool, stderr, resumed ? INK_GOOD : INK_PLAIN), stderr);
    print_padded(stderr, resumed ? lang("resumed") : lang("full handshake"),
                 14);
    fprintf(stderr, "%s  %s  %.1f ms\n", ink(tool, stderr, INK_PLAIN),
            or_unknown(hf_version_name(hf_conn_version(conn))), ms);
}

static const char *group_text(const struct hf_conn *conn)
{
    const char *name = hf_group_name(hf_conn_group(conn));
    return name ? name
           : hf_conn_resumed(conn)
               ? lang("none: the secret is that of the session")
               : lang("not agreed");
}

static void agreed(const struct hf_conn *conn)
{
    char text[TEXT_MAX];
    struct hf_span alpn = hf_conn_protocol(conn);
    line("version", or_unknown(hf_version_name(hf_conn_version(conn))));
    line("suite", or_unknown(hf_suite_name(hf_conn_suite(conn))));
    if (hf_conn_resumed(conn))
        line("session", hf_conn_peer_certificates(conn)
                            ? lang("resumed: signature and chain are those of "
                                   "its first handshake")
                            : lang("resumed"));
    snprintf(text, sizeof text, "%s%s", group_text(conn),
             hf_conn_retried(conn) ? lang(", after a retry") : "");
    line("group", text);
    if (psk_text(conn, text, sizeof text))
        line("key", text);
    else
        line("signature",
             or_unknown(hf_scheme_name(hf_conn_peer_scheme(conn))));
    if (alpn.len) {
        print_padded(stderr, lang("protocol"), 10);
        putc(' ', stderr);
        print_safe(stderr, alpn.at, alpn.len, NULL);
        putc('\n', stderr);
    }
}

/* What became of our certificate, if there was a question about it. */
static void client_auth(const struct hf_conn *conn)
{
    bool given = hf_conn_own_chain(conn) >= 0;
    switch (hf_conn_client_auth(conn)) {
    case HF_AUTH_NOT_ASKED: break;
    case HF_AUTH_NOT_GIVEN:
        line("client", lang("asked for a certificate, gave none; whether that "
                            "will do is not yet known"));
        break;
    case HF_AUTH_GIVEN:
        line("client", lang("gave a certificate; whether it is accepted is not "
                            "yet known"));
        break;
    case HF_AUTH_ACCEPTED:
        line("client",
             given ? lang("our certificate is accepted")
                   : lang("asked for a certificate, gave none, which will do"));
        break;
    case HF_AUTH_REFUSED:
        line("client", given ? lang("our certificate is refused")
                             : lang("a certificate is required, gave none"));
        break;
    }
}

void summary(const struct tool *tool, const struct connect *connect,
             const struct arrival *way, const struct story *story,
             const struct hf_conn *conn)
{
    char text[TEXT_MAX];
    if (connect->brief) {
        one_line(story, conn);
        return;
    }
    snprintf(text, sizeof text, lang("%s (%s port %u)"), story->host,
             way->address, way->port);
    line("connected", text);
    agreed(conn);
    for (size_t i = 0; i < hf_conn_peer_certificates(conn); i++)
        certificate(i, hf_conn_peer_certificate(conn, i));
    if (hf_conn_peer_certificates(conn))
        leaf(conn);
    timestamps(conn);
    client_auth(conn);
    if (hf_conn_ready(conn))
        summary_verdict(tool, story, conn);
}

void summary_certificates(const struct hf_conn *conn)
{
    for (size_t i = 0; i < hf_conn_peer_certificates(conn); i++) {
        struct hf_span der = hf_conn_peer_certificate(conn, i);
        fputs("-----BEGIN CERTIFICATE-----\n", stdout);
        for (size_t at = 0; at < der.len; at += 48) {
            char text[65];
            size_t n = der.len - at < 48 ? der.len - at : 48;
            if (hf_base64(text, sizeof text, hf_span(der.at + at, n)))
                puts(text);
        }
        fputs("-----END CERTIFICATE-----\n", stdout);
    }
}
