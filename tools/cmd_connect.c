/* cmd_connect.c - handfast connect HOST:PORT: a verified TLS connection with
 * standard input and output at its other end, by s_client's spellings.
 *
 * It differs from s_client where that misleads: chain, name and dates are
 * verified, and a failure ends it with 60 (-k goes on and says so in the last
 * line); what is said about the connection is a dozen lines on standard
 * error; and it ends when standard input does.
 */
#include "connect.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) .at = offsetof(struct connect, field)
#define TLS(field) \
    .at = offsetof(struct connect, client) + offsetof(struct client, field)

#define OFFER(field) TLS(offer.field)
#define PSK(field) TLS(psk.field)

/* clang-format off */
static const struct opt options[] = {
    { .kind = OPT_HEAD, .help = "Whom to talk to" },
    { .name = "connect", .kind = OPT_TEXT, .arg = "HOST:PORT", AT(target),
      .help = "instead of the operand; the port is 443 if it is not said" },
    { .name = "servername", .kind = OPT_TEXT, .arg = "NAME", AT(server_name), .also = "sni",
      .help = "send this name, and verify it, instead of HOST" },
    { .name = "noservername", .kind = OPT_FLAG, AT(no_server_name),
      .help = "send no name" },
    { .name = "verify_hostname", .kind = OPT_TEXT, .arg = "NAME", AT(verify_name),
      .help = "verify this name, whatever was sent" },
    { .name = "starttls", .kind = OPT_TEXT, .arg = "smtp|imap|pop3|postgres", AT(starttls),
      .help = "say what this protocol wants before TLS" },
    { .name = "resolve", .kind = OPT_LIST, .arg = "HOST:PORT:ADDRESS", AT(resolve),
      .help = "use this address for the host and port" },
    { .name = "ipv4", .letter = '4', .kind = OPT_SET, .value = AF_INET, AT(family),
      .help = "IPv4 addresses only" },
    { .name = "ipv6", .letter = '6', .kind = OPT_SET, .value = AF_INET6, AT(family),
      .help = "IPv6 addresses only" },
    { .name = "connect-timeout", .kind = OPT_SECONDS, .arg = "SECONDS", AT(connect_timeout),
      .help = "for connection, STARTTLS and handshake together (10 each)" },

    { .name = "reconnect", .kind = OPT_FLAG, AT(reconnect),
      .help = "connect six times, and tell which resumed the session of the first" },
    { .name = "reconnects", .kind = OPT_NUMBER, .arg = "N", AT(reconnects),
      .help = "connect so many times more (5 with --reconnect)" },
    { .name = "ssl-sessions", .kind = OPT_TEXT, .arg = "FILE", TLS(session_file), .also = "sess_in sess_out session-file",
      .help = "resume sessions from this file and keep new ones in it, for the next run; nobody else may read it (not with -k)" },

    { .name = "early-data", .kind = OPT_TEXT, .arg = "FILE", AT(early_file), .also = "early_data tls-earlydata",
      .help = "with a session that allows it, send what is in this file before the server has answered (0-RTT), else after the handshake; whoever copies it can send it again" },

    { .kind = OPT_HEAD, .help = "What is printed" },
    { .name = "brief", .kind = OPT_FLAG, AT(brief),
      .help = "one line about the connection" },
    { .name = "quiet", .letter = 'q', .kind = OPT_FLAG, AT(quiet),
      .help = "nothing about the connection" },
    { .name = "showcerts", .kind = OPT_FLAG, AT(show_certs),
      .help = "the server's certificates as PEM, on standard output" },
    { .name = "verbose", .letter = 'v', .kind = OPT_COUNT, .shared = true,
      .at = offsetof(struct tool, verbose), .also = "msg state",
      .help = "every message; twice: every field; three times: every byte" },
    { .name = "json", .kind = OPT_FLAG, .shared = true, .at = offsetof(struct tool, json),
      .help = "one JSON document about the connection, and no talk over it" },
    { .name = "pcap", .kind = OPT_TEXT, .arg = "FILE", TLS(pcap),
      .help = "write what passes the socket to this file, a capture that Wireshark opens decrypted: the keys are in it" },
    { .name = "keylogfile", .kind = OPT_TEXT, .arg = "FILE", TLS(keylog), .also = "keylog-file",
      .help = "append the keys to this file, as the variable SSLKEYLOGFILE does" },
    { .name = "show-secrets", .kind = OPT_FLAG, TLS(show_secrets),
      .help = "with -v or --json: print the keys too; whoever reads them can read the connection" },
    { .name = "keymatexport", .kind = OPT_TEXT, .arg = "LABEL", AT(export_label),
      .help = "print keying material bound to the connection (RFC 8446 7.5), on standard output" },
    { .name = "keymatexportlen", .kind = OPT_NUMBER, .arg = "N", AT(export_len),
      .help = "so many bytes of it (20)" },

    { .kind = OPT_HEAD, .help = "Whom to trust" },
    { .name = "cacert", .kind = OPT_TEXT, .arg = "FILE", TLS(ca_file), .also = "CAfile",
      .help = "trust the certificates in this file instead of the system's" },
    { .name = "capath", .kind = OPT_TEXT, .arg = "DIR", TLS(ca_dir), .also = "CApath",
      .help = "trust the certificates in this hashed directory" },
    OPT_REVOKING(TLS),
    { .name = "insecure", .letter = 'k', .kind = OPT_FLAG, TLS(insecure),
      .help = "go on although the certificate is not accepted, and say so in the last line" },
    { .name = "verify_return_error", .kind = OPT_FLAG, AT(strict),
      .help = "leave if the certificate is not accepted, as always" },
    { .name = "pinnedpubkey", .kind = OPT_TEXT, .arg = "PINS", TLS(pin),
      .help = "the server's key must have one of these hashes, sha256//BASE64 with ; between" },
    { .name = "cert", .kind = OPT_TEXT, .arg = "FILE", TLS(cert),
      .help = "our own certificate and the ones above it" },
    { .name = "key", .kind = OPT_TEXT, .arg = "FILE", TLS(key),
      .help = "its private key, if that is not in the same file" },
    { .name = "pass", .kind = OPT_TEXT, .arg = "WORDS", TLS(pass),
      .help = "the passphrase of the key; pass:WORDS is understood too" },
    OPT_PSK(PSK),

    { .kind = OPT_HEAD, .help = "What is offered" },
    OPT_POLICY(OFFER),
    OPT_TLS_MAX(OFFER),
    { .name = "tls1_2", .kind = OPT_FLAG, AT(only12), .also = "tlsv1.2",
      .help = "TLS 1.2 only" },
    { .name = "tls1_3", .kind = OPT_FLAG, AT(only13), .also = "tlsv1.3",
      .help = "TLS 1.3 only" },
    { .name = "no_tls1_2", .kind = OPT_FLAG, AT(no12),
      .help = "not TLS 1.2" },
    { .name = "no_tls1_3", .kind = OPT_FLAG, AT(no13),
      .help = "not TLS 1.3" },
    { .name = "ciphersuites", .kind = OPT_TEXT, .arg = "NAMES", OFFER(ciphers13), .also = "tls13-ciphers",
      .help = "cipher suites for TLS 1.3, with : between; IANA's or OpenSSL's names, or numbers" },
    { .name = "cipher", .kind = OPT_TEXT, .arg = "NAMES", OFFER(ciphers), .also = "ciphers",
      .help = "cipher suites for TLS 1.2" },
    { .name = "groups", .kind = OPT_TEXT, .arg = "NAMES", OFFER(groups), .also = "curves",
      .help = "groups for the key exchange, with : between; the first is guessed" },
    { .name = "sigalgs", .kind = OPT_TEXT, .arg = "NAMES", OFFER(schemes),
      .help = "signature schemes, with : between" },
    OPT_CERT_COMPRESSION(OFFER),
    OPT_TIMESTAMPS(TLS),
    { .name = "alpn", .kind = OPT_TEXT, .arg = "NAMES", TLS(alpn),
      .help = "application protocols, with , between" },
    OPT_SHAPE(OFFER),
    OPT_SHAPE_CLIENT(OFFER),
    OPT_GREASE(OFFER, "put values that mean nothing into the hello, and its extensions into any order (RFC 8701)"),

    { .kind = OPT_HEAD, .help = "The talk" },
    { .name = "commands", .kind = OPT_FLAG, AT(commands),
      .help = "lines that begin with K (update both sides' keys), k (ours only) or Q (leave) are commands" },
    { .name = "crlf", .kind = OPT_FLAG, AT(crlf),
      .help = "send CR LF for every line end" },
    { .name = "ign_eof", .kind = OPT_FLAG, AT(keep_open),
      .help = "stay connected after the end of standard input, until the peer closes" },
    { .name = "no-talk", .kind = OPT_FLAG, AT(shut),
      .help = "leave after the handshake, whatever is on standard input" },
    { .kind = OPT_END },
};
/* clang-format on */

struct visit {
    struct tool *tool;
    struct connect *connect;
    char host[HOST_MAX], port[32], label[HOST_MAX + 33];
    char server_name[HOST_MAX], verify_name[HOST_MAX]; /* of the options */
    struct json *json;
    struct story story;
    struct arrival way;
    struct hf_config *config;
    struct hf_tls *tls;
    struct failure failure;
    struct hf_tried_tree *tried; /* of a certificate not trusted, or NULL */
    double ready;
    struct bytes early_bytes; /* what the file holds */
    struct early early;
};

/* ---- what the options come to -------------------------------------------------------- */

static int set_target(struct visit *v)
{
    const struct tool *tool = v->tool;
    const char *target = v->connect->target;
    if (!target && tool->operand_count == 1)
        target = tool->operands[0];
    else if (tool->operand_count > 0)
        return usage_error(tool, "one HOST:PORT at a time");
    if (!target)
        return usage_error(tool, "connect to which HOST:PORT?");
    if (!host_port_read(target, v->host, sizeof v->host, v->port,
                        sizeof v->port) ||
        !v->host[0])
        return usage_error(tool, "\"%.200s\" is not HOST:PORT", target);
    int code = name_option(tool, v->host, v->host);
    if (code >= 0)
        return code;
    if (!v->port[0])
        strcpy(v->port, "443");
    return -1;
}

static int set_versions(const struct visit *v)
{
    struct connect *c = v->connect;
    bool want12 = !c->only13 && !c->no12, want13 = !c->only12 && !c->no13;
    if (!want12 && !want13)
        return usage_error(v->tool, "no version of TLS is left");
    c->client.offer.min = want12 ? HF_TLS12 : HF_TLS13;
    c->client.offer.max = want13 ? HF_TLS13 : HF_TLS12;
    if (want12 && want13)
        c->client.offer.min = c->client.offer.max = 0;
    return -1;
}

static int set_names(struct visit *v)
{
    struct connect *c = v->connect;
    int code = -1;
    if (c->server_name) {
        code = name_option(v->tool, c->server_name, v->server_name);
        c->server_name = v->server_name;
    }
    if (code < 0 && c->verify_name) {
        code = name_option(v->tool, c->verify_name, v->verify_name);
        c->verify_name = v->verify_name;
    }
    if (c->no_server_name)
        c->client.sni = "";
    else if (c->server_name)
        c->client.sni = c->server_name;
    if (c->client.pass && !strncmp(c->client.pass, "pass:", 5))
        c->client.pass += 5;
    return code;
}

static const char *name_to_verify(const struct visit *v)
{
    const struct connect *c = v->connect;
    return c->verify_name   ? c->verify_name
           : c->server_name ? c->server_name
                            : v->host;
}

/* ---- the way --------------------------------------------------------------------------- */

/* A server of TLS 1.3 that is silent says nothing of our certificate either. */
enum { CONNECT_MS = 10000, HANDSHAKE_MS = 10000, CONFIRM_MS = 500 };

enum { EXPORT_MAX = 256 }; /* bytes of keying material that are printed */

/* What did not go early goes now. */
static bool send_rest(struct visit *v)
{
    return link_write(v->tls, v->early.data.at + v->early.taken,
                      v->early.data.len - v->early.taken,
                      deadline_in(HANDSHAKE_MS), &v->failure);
}

static bool go(struct visit *v)
{
    struct connect *c = v->connect;
    struct failure *f = &v->failure;
    unsigned ms = c->connect_timeout;
    struct route way = {
        .host = v->host,
        .port = v->port,
        .resolve = c->resolve,
        .family = c->family,
        .end = deadline_in(ms ? ms : CONNECT_MS),
    };
    bool ok = false;
    if (!net_connect(&way, &v->way, &v->story, f))
        return false;
    v->story.link = pcap_link_new(v->story.pcap, v->way.fd, true,
                                  v->way.connected - v->way.resolved);
    deadline end = ms ? way.end : deadline_in(HANDSHAKE_MS);
    if (c->starttls && !starttls(v->way.fd, c->starttls, end, &v->story, f)) {
        close(v->way.fd);
        return false;
    }
    if (!ms)
        end = deadline_in(HANDSHAKE_MS);
    v->tls = client_open(&c->client, v->config, v->way.fd, name_to_verify(v),
                         end, &v->story, &ok, f);
    if (ok)
        v->ready = clock_ms();
    else if (!c->client.insecure) /* with -k it is not why this failed */
        v->tried = link_take_tried(v->tls);
    if (ok && v->early.data.len)
        ok = send_rest(v);
    if (ok && hf_conn_client_auth(hf_tls_conn(v->tls)) != HF_AUTH_NOT_ASKED)
        ok = link_confirm(v->tls, deadline_in(CONFIRM_MS), &v->story, f);
    return ok;
}

/* s_client's own limit for a file is the ticket's; ours is the library's. */
static bool read_early(struct visit *v)
{
    struct connect *c = v->connect;
    struct hf_error error = { 0 };
    if (!c->early_file)
        return true;
    if (!file_read(c->early_file, HF_EARLY_BYTES_MAX, &v->early_bytes, &error))
        return fail_error(&v->failure, &error, false);
    v->early.data = (struct hf_span){ v->early_bytes.at, v->early_bytes.len };
    c->client.early = &v->early;
    return true;
}

/* What all connections have in common. */
static bool prepare(struct visit *v)
{
    struct client *client = &v->connect->client;
    struct failure *f = &v->failure;
    const char *file = client->insecure ? NULL : client->session_file;
    if (!read_early(v))
        return false;
    if (client->pcap && !(v->story.pcap = pcap_open(v->tool, client->pcap, f)))
        return false;
    if ((file || v->connect->reconnects) &&
        !(client->sessions = sessions_open(file, f)))
        return false;
    snprintf(v->label, sizeof v->label, "%s:%s", v->host, v->port);
    client->label = v->label;
    v->config = client_config(client, &v->story, f);
    return v->config != NULL;
}

static void tell_again(struct visit *v, unsigned long number)
{
    const struct hf_conn *conn = hf_tls_conn(v->tls);
    double ms = v->ready - v->way.connected;
    if (v->json) {
        json_open_line(v->json, NULL, '{');
        json_text(v->json, "version", hf_version_name(hf_conn_version(conn)));
        json_bool(v->json, "resumed", hf_conn_resumed(conn));
        json_ms(v->json, "handshake_ms", ms);
        json_close(v->json);
    } else if (!v->connect->quiet) {
        summary_again(v->tool, number, conn, ms);
    }
}

/* All connections but the last. */
static bool go_before(struct visit *v)
{
    struct json *events = v->story.json;
    bool ok = true;
    v->story.json = NULL;
    for (unsigned long i = 1; ok && i <= v->connect->reconnects; i++) {
        ok = go(v);
        if (!ok)
            break;
        tell_again(v, i);
        link_hear_ticket(v->tls, v->connect->client.sessions);
        link_close(v->tls);
        hf_tls_set_tap(v->tls, NULL, NULL);
        pcap_link_free(v->story.link);
        v->story.link = NULL;
        hf_tls_free(v->tls);
        v->tls = NULL;
    }
    v->story.json = events;
    return ok;
}

/* ---- what is told ---------------------------------------------------------------------- */

static void export_material(struct visit *v)
{
    const struct connect *c = v->connect;
    uint8_t out[EXPORT_MAX];
    size_t len = c->export_len;
    if (!c->export_label)
        return;
    if (!hf_conn_export(hf_tls_conn(v->tls), c->export_label,
                        (struct hf_span){ 0 }, out, len)) {
        fputs(lang("no keying material can be had\n"), stderr);
        return;
    }
    if (v->json) {
        json_hex(v->json, "keying_material", (struct hf_span){ out, len });
        return;
    }
    fputs(lang("Keying material: "), stdout);
    for (size_t i = 0; i < len; i++)
        printf("%02X", out[i]);
    putchar('\n');
}

static void tell(struct visit *v, bool ok)
{
    const struct connect *c = v->connect;
    const struct hf_conn *conn = v->tls ? hf_tls_conn(v->tls) : NULL;
    if (!conn)
        return;
    if (v->json) {
        json_close(v->json); /* events */
        json_text(v->json, "address", v->way.address);
        json_number(v->json, "port", v->way.port);
        json_tls(v->json, &v->story, conn);
        if (v->tried)
            whynot_json(v->json, v->tried);
    } else if (!c->quiet && (ok || hf_conn_peer_certificates(conn))) {
        summary(v->tool, c, &v->way, &v->story, conn);
    }
    if (c->show_certs && !v->json)
        summary_certificates(conn);
    if (ok)
        export_material(v);
    fflush(stdout);
}

static int finish(struct visit *v)
{
    struct failure *f = &v->failure;
    int code;
    hf_tls_set_tap(v->tls, NULL, NULL);
    pcap_link_free(v->story.link);
    pcap_close(v->story.pcap, f);
    (void)sessions_save(v->connect->client.sessions, f);
    code = f->code ? f->exit : HF_EXIT_GOOD;
    if (v->json) {
        if (!v->tls)
            json_close(v->json); /* events */
        json_failure(v->json, f);
        json_number(v->json, "exit", code);
        json_finish(v->json);
    }
    if (f->code)
        failure_tell(v->tool, f);
    if (f->code && !v->connect->quiet)
        whynot_print_more(v->tool, stderr, v->tried);
    whynot_free(v->tried);
    if (v->tls && v->story.verdict != HF_OK && !v->connect->quiet)
        summary_verdict(v->tool, &v->story, hf_tls_conn(v->tls));
    hf_tls_free(v->tls);
    hf_config_free(v->config);
    sessions_free(v->connect->client.sessions);
    bytes_free(&v->early_bytes);
    return code == HF_EXIT_WRITE ? code : output_done(v->tool, code);
}

static int visit(struct visit *v)
{
    struct json document;
    story_start(&v->story, v->tool, name_to_verify(v));
    if (v->tool->json) {
        v->json = v->story.json = &document;
        json_start(&document, stdout, "handfast/connect/1");
        json_text(&document, "host", v->host);
        json_text(&document, "service", v->port);
        json_open(&document, "before", '[');
    }
    bool ok = prepare(v) && go_before(v);
    if (v->json) {
        json_close(v->json);
        json_open(v->json, "events", '[');
    }
    ok = ok && go(v);
    if (ok && v->connect->reconnects && !v->json && !v->connect->quiet)
        tell_again(v, v->connect->reconnects + 1);
    tell(v, ok);
    v->story.json = NULL;
    if (ok)
        story_times(&v->story, &v->way, v->ready, 0, clock_ms());
    if (ok && (v->connect->shut || v->json))
        link_close(v->tls);
    else if (ok)
        (void)talk(v->connect, v->tls, &v->story, &v->failure);
    return finish(v);
}

static int run(struct tool *tool)
{
    struct connect connect = { .export_len = 20, .family = AF_UNSPEC };
    int code = options_read(tool, &connect);
    if (code >= 0)
        return code;
    struct visit *v = calloc(1, sizeof *v);
    if (!v)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    v->tool = tool;
    v->connect = &connect;
    code = set_target(v);
    if (code < 0)
        code = set_versions(v);
    if (connect.reconnect && !connect.reconnects)
        connect.reconnects = 5;
    if (code < 0 && connect.reconnects > 1000)
        code = usage_error(tool, "--reconnects takes at most 1000");
    if (code < 0 && connect.export_len > EXPORT_MAX)
        code = usage_error(tool, "--keymatexportlen takes at most %u",
                           (unsigned)EXPORT_MAX);
    if (code < 0)
        code = set_names(v);
    if (code < 0)
        code = visit(v);
    free(v);
    free(connect.resolve.at);
    return code;
}

const struct command cmd_connect = {
    .name = "connect",
    .also = "s_client",
    .operands = "HOST[:PORT]",
    .summary = "talk to a TLS server by hand (openssl s_client)",
    .about = "Standard input goes to the server, what it says comes on "
             "standard output, and what there is to say about the connection "
             "on standard error.  The server's certificate is verified: "
             "chain, name and dates.",
    .examples = "  handfast connect example.org:443 </dev/null\n"
                "  handfast connect mail.example.org:25 -starttls smtp -crlf\n"
                "  handfast connect example.org -showcerts </dev/null |"
                " handfast cert show\n",
    .options = options,
    .run = run,
};
