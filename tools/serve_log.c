/* serve_log.c - what a server says while it runs: how to reach it, and a line
 * about each visit. */
#include "serve.h"

#include <string.h>
#include <time.h>

/* ---- the banner ---------------------------------------------------------------- */

static void banner_json(const struct serve *s)
{
    struct json j = { .to = stdout };

    json_open_line(&j, NULL, '{');
    json_text(&j, "schema", "handfast/serve/1");
    json_text(&j, "event", "listening");
    json_text(&j, "name", s->name);
    json_number(&j, "port", s->port);
    json_text(&j, "ca", s->ca_path[0] ? s->ca_path : NULL);
    json_text(&j, "client", s->client_path[0] ? s->client_path : NULL);
    json_text(&j, "sha256", s->fingerprint[0] ? s->fingerprint : NULL);
    json_finish(&j);
}

static void what_it_does(const struct serve *s, char *out, size_t cap)
{
    if (s->fault != FAULT_NONE || s->broken != ISSUE_SOUND)
        snprintf(out, cap, lang("wrong on purpose: %s"), s->words->fault);
    else if (s->words->echo)
        snprintf(out, cap, "%s", lang("echo"));
    else if (s->dir >= 0)
        snprintf(out, cap, lang("files: %s"), s->words->dir);
    else
        snprintf(out, cap, "%s", lang("a status page"));
}

static void tries(const struct serve *s)
{
    char trust[4300] = "", url[300], client[4400] = "";

    snprintf(url, sizeof(url), "https://%s:%u/", s->name, s->port);
    if (s->ca_path[0])
        snprintf(trust, sizeof(trust), " --cacert %s", s->ca_path);
    if (s->client_path[0])
        snprintf(client, sizeof(client), " --cert %s", s->client_path);
    if (s->words->psk.only) {
        /* The key is not repeated here. */
        printf(lang("  try     handfast get -v --psk ... --psk-only %s\n"),
               url);
        return;
    }
    if (s->words->echo) {
        printf(lang("  try     handfast connect%s%s %s:%u\n"), trust, client,
               s->name, s->port);
        printf(lang("  try     openssl s_client%s%s%s%s -connect %s:%u\n"),
               s->ca_path[0] ? " -CAfile " : "", s->ca_path,
               s->client_path[0] ? " -cert " : "", s->client_path, s->name,
               s->port);
        return;
    }
    printf(lang("  try     curl%s%s %s\n"), trust, client, url);
    printf(lang("  try     handfast get -v%s%s %s\n"), trust, client, url);
}

/* "TLS 1.2", "TLS 1.2 and TLS 1.3". */
static void versions_text(const struct offer *offer, char out[24])
{
    const char *oldest = hf_version_name(offer_oldest(offer));
    const char *newest = hf_version_name(offer_newest(offer));

    if (strcmp(oldest, newest) == 0)
        snprintf(out, 24, "%s", newest);
    else
        snprintf(out, 24, lang("%s and %s"), oldest, newest);
}

void serve_banner(const struct serve *s)
{
    const struct tool *tool = s->tool;
    char does[4200], versions[24];

    if (tool->json) {
        banner_json(s);
    } else {
        what_it_does(s, does, sizeof(does));
        versions_text(&s->words->offer, versions);
        if (s->words->psk.only)
            snprintf(versions, sizeof(versions), "%s",
                     hf_version_name(HF_TLS13));
        printf(lang("%sserving https://%s:%u/%s  (%s)  %s\n"),
               ink(tool, stdout, INK_STRONG), s->name, s->port,
               ink(tool, stdout, INK_PLAIN), versions, does);
        if (s->ca_path[0])
            printf(lang("  ca      %s  (gone when this stops)\n"
                        "  sha256  %s\n"),
                   s->ca_path, s->fingerprint);
        tries(s);
    }
    fflush(stdout);
}

/* ---- a line about a visit ---------------------------------------------------------- */

static void clock_text(char out[16])
{
    time_t now = time(NULL);
    struct tm tm;

    if (!localtime_r(&now, &tm) || !strftime(out, 16, "%H:%M:%S", &tm))
        out[0] = '\0';
}

static void begin(const struct visit *v)
{
    char now[16];

    clock_text(now);
    printf("%s%s%s %-21s  ", ink(v->serve->tool, stdout, INK_DIM), now,
           ink(v->serve->tool, stdout, INK_PLAIN), v->peer);
}

/* "TLS_AES_128_GCM_SHA256" -> "AES_128_GCM": the rest is always the same. */
static void suite_text(unsigned suite, char out[40])
{
    const char *name = hf_suite_name(suite);
    char *hash;

    if (name && strncmp(name, "TLS_", 4) == 0)
        name += 4;
    snprintf(out, 40, "%s", name ? name : "?");
    hash = strstr(out, "_SHA");
    if (hash)
        *hash = '\0';
}

static void agreed(const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    const char *group = hf_group_name(hf_conn_group(conn));
    char suite[40], psk[120];

    suite_text(hf_conn_suite(conn), suite);
    printf("%s %s %s  %s%6.1f ms  ", hf_version_name(hf_conn_version(conn)),
           group ? group : lang("no group"), suite,
           hf_conn_resumed(conn)   ? lang("resumed ")
           : hf_conn_retried(conn) ? lang("retried ")
                                   : "",
           v->ready - v->began);
    if (psk_text(conn, psk, sizeof(psk)))
        printf(lang("key %s  "), psk);
}

static void end(struct visit *v)
{
    putchar('\n');
    fflush(stdout);
    v->logged = true;
}

static void json_begin(struct json *j, const struct visit *v, const char *event)
{
    *j = (struct json){ .to = stdout };
    json_open_line(j, NULL, '{');
    json_text(j, "schema", "handfast/serve/1");
    json_text(j, "event", event);
    json_number(j, "time", (int64_t)time(NULL));
    json_text(j, "peer", v->peer);
}

static const char *early_word(const struct hf_conn *conn)
{
    switch (hf_conn_early(conn)) {
    case HF_EARLY_ACCEPTED: return "accepted";
    case HF_EARLY_REJECTED: return "rejected";
    case HF_EARLY_NONE:
    case HF_EARLY_OFFERED:
    default: return "none";
    }
}

static void json_conn(struct json *j, const struct visit *v)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);

    /* who answers early data does not wait for the end of the handshake */
    if (!conn || !(hf_conn_ready(conn) || v->early))
        return;
    json_text(j, "version", hf_version_name(hf_conn_version(conn)));
    json_text(j, "suite", hf_suite_name(hf_conn_suite(conn)));
    json_text(j, "group", hf_group_name(hf_conn_group(conn)));
    json_text(j, "name", hf_conn_server_name(conn));
    json_bool(j, "retried", hf_conn_retried(conn));
    json_bool(j, "resumed", hf_conn_resumed(conn));
    json_text(j, "early_data", early_word(conn));
    json_number(j, "early_bytes", (int64_t)v->early);
    json_psk(j, conn);
    json_ms(j, "handshake_ms", v->ready - v->began);
}

static void json_end(struct json *j, struct visit *v)
{
    json_finish(j);
    fflush(stdout);
    v->logged = true;
}

static void request_json(struct visit *v)
{
    struct json j;

    json_begin(&j, v, "request");
    json_conn(&j, v);
    json_text(&j, "method", v->request.method);
    json_text(&j, "target", v->request.target);
    json_number(&j, "status", v->answer.status);
    json_number(&j, "bytes", (int64_t)(v->answer.done));
    json_end(&j, v);
}

void log_request(struct visit *v)
{
    char size[24];

    if (v->serve->tool->json) {
        request_json(v);
        return;
    }
    if (v->serve->words->quiet) {
        v->logged = true;
        return;
    }
    begin(v);
    if (v->requests == 1)
        agreed(v);
    else
        fputs(lang("same connection  "), stdout);
    print_safe_text(stdout, v->request.method);
    putchar(' ');
    print_safe_text(stdout, v->request.target);
    size_text(size, sizeof(size), v->request.head ? 0 : v->answer.size);
    printf(" %u %s", v->answer.status, size);
    if (v->early && v->requests == 1)
        printf(lang("  %zu bytes came early"), v->early);
    end(v);
}

/* What the one who reads the log can do about it. */
static const char *hint(const struct visit *v, const struct hf_error *error)
{
    bool ours = v->serve->ca_path[0] != '\0';

    if (!error->by_peer)
        return "";
    switch (error->alert) {
    case 48: /* unknown_ca */
        return ours ? "; it does not trust this server: see \"try\" above"
                    : "; it does not trust this server's issuer";
    case 42: /* bad_certificate */
    case 46: /* certificate_unknown */
        return "; it does not like this server's certificate";
    case 45: return "; for it, this server's certificate has expired";
    case 116: return "; it wants a certificate from us?";
    default: return "";
    }
}

void log_refusal(struct visit *v, const struct hf_error *error)
{
    const struct tool *tool = v->serve->tool;
    char room[2 * HF_DETAIL_MAX];

    v->good = false;
    if (tool->json) {
        struct json j;

        json_begin(&j, v, "refused");
        json_error(&j, error, exit_of(error, v->ready > 0));
        json_end(&j, v);
        return;
    }
    if (v->serve->words->quiet) {
        v->logged = true;
        return;
    }
    begin(v);
    printf(lang("%srefused:%s "), ink(tool, stdout, INK_BAD),
           ink(tool, stdout, INK_PLAIN));
    if (error->by_peer)
        printf(lang("the client ended it with %s (%u)"),
               hf_alert_name(error->alert) ? hf_alert_name(error->alert) : "?",
               (unsigned)error->alert);
    else
        fputs(lang(hf_error_text(error->code)), stdout);
    if (error->detail[0] && !error->by_peer) {
        fputs(": ", stdout);
        print_safe_text(stdout, lang_text(error->detail, room, sizeof(room)));
    }
    printf("%s [%s]", lang(hint(v, error)), hf_error_name(error->code));
    end(v);
}

void log_note(struct visit *v, const char *what)
{
    if (v->serve->tool->json) {
        struct json j;

        json_begin(&j, v, "note");
        json_conn(&j, v);
        json_text(&j, "note", lang(what));
        json_end(&j, v);
        return;
    }
    if (v->serve->words->quiet) {
        v->logged = true;
        return;
    }
    begin(v);
    if (v->ready > 0)
        agreed(v);
    fputs(lang(what), stdout);
    if (v->serve->words->echo && v->posted)
        printf(lang(", %llu bytes"), (unsigned long long)v->posted);
    end(v);
}
