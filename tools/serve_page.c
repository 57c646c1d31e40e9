/* serve_page.c - the status page, as HTML and as JSON: what you offered, what
 * was chosen and why, and your ClientHello field by field. */
#include "serve.h"

#include "handfast/explain.h"
#include "wire/wire.h"
#include "x509/x509.h"

#include <stdlib.h>
#include <string.h>

void html_text(FILE *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        switch (c) {
        case '&': fputs("&amp;", to); break;
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '"': fputs("&quot;", to); break;
        case '\'': fputs("&#39;", to); break;
        default:
            if (c < ' ' || c == 0x7f)
                fprintf(to, "\\x%02x", c);
            else
                putc(c, to);
        }
    }
}

static void html(FILE *to, const char *text)
{
    html_text(to, text, strlen(text));
}

/* ---- what was offered ------------------------------------------------------- */

/* The lists of a ClientHello that interest, as spans of 16-bit numbers. */
struct offered {
    struct hf_span suites, versions, groups, schemes, protocols;
};

static void read_offer(struct hf_span message, struct offered *out)
{
    struct hf_client_hello hello;
    struct hf_supported_versions_ch versions;
    struct hf_named_groups groups;
    struct hf_signature_schemes schemes;
    struct hf_alpn alpn;
    struct hf_fault fault;

    memset(out, 0, sizeof(*out));
    if (message.len < 4 ||
        !hf_wire_read(hf_client_hello, hf_span_after(message, 4), &hello, NULL,
                      &fault))
        return;
    out->suites = hello.cipher_suites;
    if (hello.extensions.present & HF_BIT(supported_versions) &&
        hf_wire_read_ext(hf_supported_versions_ch, &hello.extensions,
                         HF_EXT_supported_versions, &versions, &fault))
        out->versions = versions.versions;
    if (hello.extensions.present & HF_BIT(supported_groups) &&
        hf_wire_read_ext(hf_named_groups, &hello.extensions,
                         HF_EXT_supported_groups, &groups, &fault))
        out->groups = groups.groups;
    if (hello.extensions.present & HF_BIT(signature_algorithms) &&
        hf_wire_read_ext(hf_signature_schemes, &hello.extensions,
                         HF_EXT_signature_algorithms, &schemes, &fault))
        out->schemes = schemes.schemes;
    if (hello.extensions.present & HF_BIT(alpn) &&
        hf_wire_read_ext(hf_alpn, &hello.extensions, HF_EXT_alpn, &alpn,
                         &fault))
        out->protocols = alpn.protocols;
}

/* "0x1301 TLS_AES_128_GCM_SHA256" */
static void number_text(const char *names_id, uint32_t number, char *out,
                        size_t cap)
{
    const char *name = hf_name_of(hf_names_by_id(names_id), number);

    snprintf(out, cap, "0x%04x%s%s", (unsigned)number, name ? " " : "",
             name ? name : "");
}

static void html_list(FILE *to, const char *title, const char *names_id,
                      struct hf_span list, unsigned chosen)
{
    uint32_t number;
    char text[120];

    fprintf(to, "<tr><th>%s<td>", lang(title));
    while (hf_wire_next_number(2, &list, &number)) {
        number_text(names_id, number, text, sizeof(text));
        fputs(number == chosen ? "<b>" : "<span>", to);
        html(to, text);
        fputs(number == chosen ? "</b><br>" : "</span><br>", to);
    }
}

static void html_offer(FILE *to, const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    const char *name = hf_conn_server_name(conn);
    struct hf_protocol_name protocol;
    struct offered offer;

    read_offer(v->recall.hello, &offer);
    fputs(lang("<h2>You offered</h2><table>"), to);
    fputs(lang("<tr><th>for the host<td>"), to);
    html(to, name ? name : lang("(no name)"));
    html_list(to, "versions", "VERSION", offer.versions, hf_conn_version(conn));
    html_list(to, "cipher suites", "SUITE", offer.suites, hf_conn_suite(conn));
    html_list(to, "groups", "GROUP", offer.groups, hf_conn_group(conn));
    html_list(to, "signatures", "SIGNATURE", offer.schemes,
              hf_conn_own_scheme(conn));
    fputs(lang("<tr><th>protocols (ALPN)<td>"), to);
    while (hf_wire_next(hf_protocol_name, &offer.protocols, &protocol)) {
        html_text(to, (const char *)protocol.name.at, protocol.name.len);
        fputs("<br>", to);
    }
    fputs("</table>\n", to);
}

/* ---- what was decided ---------------------------------------------------------- */

/* What the library has put into words. */
static void html_words(FILE *to, const char *text)
{
    char room[1024];

    if (text)
        html(to, lang_text(text, room, sizeof(room)));
}

static void html_decisions(FILE *to, const struct recall *r)
{
    fputs(lang("<h2>What was chosen, and why</h2><table>"), to);
    for (size_t i = 0; i < r->decisions; i++) {
        unsigned id = r->decision[i].id;

        fprintf(to, "<tr><th>%s<td>%s", hf_event_name(id),
                r->decision[i].ok ? "" : lang("<b>no:</b> "));
        html_words(to, r->decision[i].verdict);
        fputs("<td>", to);
        html_words(to, r->decision[i].inputs);
        fprintf(to, "<td>%s <i>%s</i>", lang(hf_event_rule(id)),
                hf_event_rfc(id));
    }
    fputs("</table>\n", to);
}

static void html_messages(FILE *to, const struct recall *r)
{
    fputs(lang("<h2>The messages</h2><table>"), to);
    for (size_t i = 0; i < r->messages; i++) {
        fprintf(to,
                "<tr><td>%s<td>%s%s<td class=n>%zu B<td class=n>%.2f ms<td>",
                r->message[i].sent ? lang("server") : lang("you"),
                r->message[i].epoch ? "&#9642; " : "", r->message[i].title,
                r->message[i].size, r->message[i].at);
        html(to, r->message[i].clause ? r->message[i].clause : "");
    }
    fputs(lang("</table><p>&#9642; encrypted</p>\n"), to);
}

static void html_line(void *ctx, const struct hf_line *line)
{
    FILE *to = ctx;
    struct hf_line said = *line;
    char text[1024], room[256];

    said.value = lang_value(line, room, sizeof(room));
    said.why = lang(line->why);
    hf_line_text(&said, text, sizeof(text));
    text_cut(text);
    html(to, text);
    putc('\n', to);
}

static void html_hello(FILE *to, const struct recall *r)
{
    struct hf_lines lines = { .line = html_line, .ctx = to };
    struct hf_visitor see = hf_lines(&lines);
    struct hf_fault fault;

    fputs(lang("<h2>Your ClientHello, field by field</h2><details><summary>"),
          to);
    fprintf(to, lang("%zu bytes: offset, length, field, value</summary><pre>"),
            r->hello.len);
    if (!hf_explain(r->hello, 0, &see, &fault))
        fputs(lang("(cannot be read further)\n"), to);
    fputs("</pre></details>\n", to);
}

static void html_client_certificate(FILE *to, const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    struct hf_error error = { 0 };
    struct hf_cert *cert;
    char text[600];

    if (!hf_conn_peer_certificates(conn))
        return;
    cert = hf_cert_new(hf_conn_peer_certificate(conn, 0), &error);
    fputs(lang("<h2>Your certificate</h2><p>"), to);
    if (cert) {
        hf_name_text(cert->subject, text, sizeof(text));
        html(to, text);
    }
    fprintf(to, " (%s)</p>\n",
            hf_conn_peer_verified(conn) ? lang("verified")
                                        : lang("not verified"));
    hf_cert_free(cert);
}

static const char style[] =
    "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:62em;"
    "margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "h1{font-size:1.5em}h2{font-size:1.1em;margin-top:1.6em}"
    "table{border-collapse:collapse}"
    "th,td{text-align:left;vertical-align:top;padding:.15em 1em .15em 0}"
    "th{font-weight:500;color:#555}.n{text-align:right}"
    "pre{overflow-x:auto;font-size:12px}i{color:#666}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1b}"
    "th,i{color:#aaa}a{color:#8ab4f8}}</style>";

static void write_html(FILE *to, const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    const char *group = hf_group_name(hf_conn_group(conn));

    fprintf(to,
            lang("<!doctype html><html lang=en><meta charset=utf-8>"
                 "<meta name=viewport content=\"width=device-width\">"
                 "<title>handfast: you are connected</title>%s"
                 "<h1>%s, %s, %s</h1>"
                 "<p>Hello from the other side of the handshake. It took "
                 "%.1f ms%s%s. The same as "
                 "<a href=\"/.handfast.json\">JSON</a>.</p>\n"),
            style, hf_version_name(hf_conn_version(conn)),
            hf_suite_name(hf_conn_suite(conn)),
            group                   ? group
            : hf_conn_resumed(conn) ? lang("no key exchange")
                                    : lang("RSA key transport"),
            v->ready - v->began,
            hf_conn_resumed(conn) ? lang(", for an earlier session was resumed")
                                  : "",
            hf_conn_retried(conn)
                ? lang(" and a retry, because your hello had no share for the "
                       "group that was chosen")
                : "");
    html_decisions(to, &v->recall);
    html_offer(to, v);
    html_messages(to, &v->recall);
    html_client_certificate(to, v);
    html_hello(to, &v->recall);
}

void page_html(struct visit *v)
{
    char *body = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&body, &len);

    if (to) {
        write_html(to, v);
        fclose(to);
    }
    answer_text(v, 200, "text/html; charset=utf-8", body, body ? len : 0);
}

/* ---- JSON -------------------------------------------------------------------------- */

static void json_list(struct json *j, const char *key, const char *names_id,
                      struct hf_span list)
{
    uint32_t number;
    char text[120];

    json_open(j, key, '[');
    while (hf_wire_next_number(2, &list, &number)) {
        number_text(names_id, number, text, sizeof(text));
        json_text(j, NULL, text);
    }
    json_close(j);
}

static void json_offer(struct json *j, const struct visit *v)
{
    struct hf_protocol_name protocol;
    struct offered offer;

    read_offer(v->recall.hello, &offer);
    json_open(j, "offered", '{');
    json_text(j, "name", hf_conn_server_name(hf_tls_conn(v->tls)));
    json_list(j, "versions", "VERSION", offer.versions);
    json_list(j, "suites", "SUITE", offer.suites);
    json_list(j, "groups", "GROUP", offer.groups);
    json_list(j, "signatures", "SIGNATURE", offer.schemes);
    json_open(j, "protocols", '[');
    while (hf_wire_next(hf_protocol_name, &offer.protocols, &protocol))
        json_bytes(j, NULL, protocol.name);
    json_close(j);
    json_hex(j, "client_hello", v->recall.hello);
    json_close(j);
}

static void json_agreed(struct json *j, const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    struct hf_span protocol = hf_conn_protocol(conn);

    json_text(j, "version", hf_version_name(hf_conn_version(conn)));
    json_text(j, "suite", hf_suite_name(hf_conn_suite(conn)));
    json_text(j, "group", hf_group_name(hf_conn_group(conn)));
    json_text(j, "signature", hf_scheme_name(hf_conn_own_scheme(conn)));
    if (protocol.len)
        json_bytes(j, "protocol", protocol);
    else
        json_null(j, "protocol");
    json_bool(j, "retried", hf_conn_retried(conn));
    json_bool(j, "resumed", hf_conn_resumed(conn));
    json_psk(j, conn);
    json_ms(j, "handshake_ms", v->ready - v->began);
    json_bool(j, "client_verified", hf_conn_peer_verified(conn));
}

static void json_decisions(struct json *j, const struct recall *r)
{
    json_open(j, "decisions", '[');
    for (size_t i = 0; i < r->decisions; i++) {
        json_open(j, NULL, '{');
        json_text(j, "event", hf_event_name(r->decision[i].id));
        json_bool(j, "ok", r->decision[i].ok);
        json_text(j, "verdict", r->decision[i].verdict);
        json_text(j, "inputs", r->decision[i].inputs);
        json_text(j, "instead", r->decision[i].instead);
        json_text(j, "rule", lang(hf_event_rule(r->decision[i].id)));
        json_text(j, "where", hf_event_rfc(r->decision[i].id));
        json_close(j);
    }
    json_close(j);
}

static void json_messages(struct json *j, const struct recall *r)
{
    json_open(j, "messages", '[');
    for (size_t i = 0; i < r->messages; i++) {
        json_open(j, NULL, '{');
        json_text(j, "from", r->message[i].sent ? "server" : "client");
        json_text(j, "message", r->message[i].title);
        json_bool(j, "encrypted", r->message[i].epoch != 0);
        json_number(j, "bytes", (int64_t)r->message[i].size);
        json_ms(j, "at_ms", r->message[i].at);
        json_close(j);
    }
    json_close(j);
}

void page_json(struct visit *v)
{
    char *body = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&body, &len);
    struct json j;

    if (to) {
        json_start(&j, to, "handfast/visit/1");
        json_agreed(&j, v);
        json_decisions(&j, &v->recall);
        json_offer(&j, v);
        json_messages(&j, &v->recall);
        json_finish(&j);
        fclose(to);
    }
    answer_text(v, 200, "application/json", body, body ? len : 0);
}
