/* cmd_get.c - handfast get URL: an HTTPS request with curl's letters, and with
 * -v the whole handshake in curl's shape.
 *
 * GET, HEAD and POST over HTTP/1.1, nothing more: whoever needs more has curl.
 * Nothing here waits for ever: 10 s for a connection, 10 s for the handshake,
 * 30 s between two pieces of data, unless options say otherwise.
 */
#include "get.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define AT(field) .at = offsetof(struct get, field)
#define TLS(field) \
    .at = offsetof(struct get, client) + offsetof(struct client, field)

#define OFFER(field) TLS(offer.field)
#define PSK(field) TLS(psk.field)

/* clang-format off */
static const struct opt options[] = {
    { .kind = OPT_HEAD, .help = "What is asked for" },
    { .name = "head", .letter = 'I', .kind = OPT_FLAG, AT(head),
      .help = "ask for the head only (HEAD), and print it" },
    { .name = "data", .letter = 'd', .kind = OPT_LIST, .arg = "DATA", AT(data),
      .help = "POST this; @FILE: what the file holds, without line ends; several are joined with &" },
    { .name = "request", .letter = 'X', .kind = OPT_TEXT, .arg = "METHOD", AT(method),
      .help = "the method: GET, HEAD or POST" },
    { .name = "header", .letter = 'H', .kind = OPT_LIST, .arg = "LINE", AT(headers),
      .help = "a field \"Name: value\" of the request; \"Name:\" leaves it out" },
    { .name = "user-agent", .letter = 'A', .kind = OPT_TEXT, .arg = "NAME", AT(user_agent),
      .help = "who the request says it is from" },
    { .name = "location", .letter = 'L', .kind = OPT_FLAG, AT(follow),
      .help = "follow redirects, to https only" },
    { .name = "max-redirs", .kind = OPT_NUMBER, .arg = "N", AT(max_redirects),
      .help = "follow at most this many (50)" },
    { .name = "http1.1", .kind = OPT_FLAG, AT(http11),
      .help = "speak HTTP/1.1, as always" },

    { .kind = OPT_HEAD, .help = "What is printed" },
    { .name = "output", .letter = 'o', .kind = OPT_TEXT, .arg = "FILE", AT(output),
      .help = "write the answer to a file; -: standard output, even if it is a terminal and the answer binary" },
    { .name = "remote-name", .letter = 'O', .kind = OPT_FLAG, AT(remote_name),
      .help = "write the answer to a file with the name that ends the URL" },
    { .name = "include", .letter = 'i', .kind = OPT_FLAG, AT(include),
      .help = "print the head before the body" },
    { .name = "fail", .letter = 'f', .kind = OPT_FLAG, AT(fail),
      .help = "print nothing and leave with 22 if the status is 400 or more" },
    { .name = "write-out", .letter = 'w', .kind = OPT_TEXT, .arg = "FORMAT", AT(write_out),
      .help = "print this at the end, with %{http_code}, %{time_total}, %{tls_group}, %{json} and so on" },
    OPT_VERBOSE,
    OPT_JSON,
    { .name = "silent", .letter = 's', .kind = OPT_FLAG, AT(silent),
      .help = "no progress, and no words about failures" },
    { .name = "show-error", .letter = 'S', .kind = OPT_FLAG, AT(show_error),
      .help = "with -s: words about failures all the same" },
    { .name = "no-progress", .kind = OPT_FLAG, AT(no_progress), .also = "no-progress-meter",
      .help = "no progress" },
    { .name = "show-secrets", .kind = OPT_FLAG, TLS(show_secrets),
      .help = "with -v or --json: print the keys too; whoever reads them can read the connection" },
    { .name = "pcap", .kind = OPT_TEXT, .arg = "FILE", TLS(pcap),
      .help = "write what passes the socket to this file, a capture that Wireshark opens decrypted: the keys are in it" },
    { .name = "keylog-file", .kind = OPT_TEXT, .arg = "FILE", TLS(keylog),
      .help = "append the keys to this file, as the variable SSLKEYLOGFILE does" },

    { .kind = OPT_HEAD, .help = "Whom to trust" },
    { .name = "cacert", .kind = OPT_TEXT, .arg = "FILE", TLS(ca_file), .also = "CAfile",
      .help = "trust the certificates in this file instead of the system's" },
    { .name = "capath", .kind = OPT_TEXT, .arg = "DIR", TLS(ca_dir), .also = "CApath",
      .help = "trust the certificates in this hashed directory" },
    OPT_REVOKING(TLS),
    { .name = "insecure", .letter = 'k', .kind = OPT_FLAG, TLS(insecure),
      .help = "go on although the certificate is not accepted, and say so" },
    { .name = "pinnedpubkey", .kind = OPT_TEXT, .arg = "PINS", TLS(pin),
      .help = "the server's key must have one of these hashes, sha256//BASE64 with ; between" },
    { .name = "cert", .letter = 'E', .kind = OPT_TEXT, .arg = "FILE", TLS(cert),
      .help = "our own certificate and the ones above it (FILE:PASSWORD works)" },
    { .name = "key", .kind = OPT_TEXT, .arg = "FILE", TLS(key),
      .help = "its private key, if that is not in the same file" },
    { .name = "pass", .kind = OPT_TEXT, .arg = "WORDS", TLS(pass),
      .help = "the passphrase of the key" },
    OPT_PSK(PSK),

    { .kind = OPT_HEAD, .help = "What is offered" },
    OPT_POLICY(OFFER),
    { .name = "tlsv1.2", .kind = OPT_SET, .value = HF_TLS12, OFFER(min),
      .help = "TLS 1.2 or newer" },
    { .name = "tlsv1.3", .kind = OPT_SET, .value = HF_TLS13, OFFER(min),
      .help = "TLS 1.3 or newer" },
    OPT_TLS_MAX(OFFER),
    { .name = "ciphers", .kind = OPT_TEXT, .arg = "NAMES", OFFER(ciphers),
      .help = "cipher suites for TLS 1.2, with : between; OpenSSL's or IANA's names, or numbers" },
    { .name = "tls13-ciphers", .kind = OPT_TEXT, .arg = "NAMES", OFFER(ciphers13),
      .help = "cipher suites for TLS 1.3" },
    { .name = "curves", .kind = OPT_TEXT, .arg = "NAMES", OFFER(groups), .also = "groups",
      .help = "groups for the key exchange, with : between; the first is guessed" },
    OPT_CERT_COMPRESSION(OFFER),
    OPT_TIMESTAMPS(TLS),
    { .name = "alpn", .kind = OPT_TEXT, .arg = "NAMES", TLS(alpn),
      .help = "application protocols to offer, with , between (http/1.1)" },
    { .name = "no-alpn", .kind = OPT_FLAG, AT(no_alpn),
      .help = "offer no application protocol" },
    { .name = "sni", .kind = OPT_TEXT, .arg = "NAME", TLS(sni),
      .help = "send this name instead of the URL's, which is still verified; \"\": send none" },
    OPT_SHAPE(OFFER),
    OPT_SHAPE_CLIENT(OFFER),
    OPT_GREASE(OFFER, "put values that mean nothing into the hello, and its extensions into any order (RFC 8701)"),

    { .kind = OPT_HEAD, .help = "The way there" },
    { .name = "ssl-sessions", .kind = OPT_TEXT, .arg = "FILE", TLS(session_file), .also = "session-file",
      .help = "resume sessions from this file and keep new ones in it, for the next run; nobody else may read it (not with -k)" },
    { .name = "tls-earlydata", .kind = OPT_FLAG, AT(early), .also = "early-data",
      .help = "with a session that allows it, send a GET or HEAD before the server has answered (0-RTT); whoever copies it can send it again" },
    { .name = "connect-timeout", .kind = OPT_SECONDS, .arg = "SECONDS", AT(connect_timeout),
      .help = "for connection and handshake together (10 each)" },
    { .name = "max-time", .letter = 'm', .kind = OPT_SECONDS, .arg = "SECONDS", AT(max_time),
      .help = "for everything" },
    { .name = "resolve", .kind = OPT_LIST, .arg = "HOST:PORT:ADDRESS", AT(resolve),
      .help = "use this address for the host and port; several with , between" },
    { .name = "connect-to", .kind = OPT_LIST, .arg = "HOST1:PORT1:HOST2:PORT2", AT(connect_to),
      .help = "go to the second where the first is meant; parts may be empty" },
    { .name = "ipv4", .letter = '4', .kind = OPT_SET, .value = AF_INET, AT(family),
      .help = "IPv4 addresses only" },
    { .name = "ipv6", .letter = '6', .kind = OPT_SET, .value = AF_INET6, AT(family),
      .help = "IPv6 addresses only" },
    { .name = "proxy", .letter = 'x', .kind = OPT_TEXT, .arg = "URL", AT(proxy),
      .help = "go through this HTTP proxy, instead of the one that https_proxy names" },
    { .name = "noproxy", .kind = OPT_TEXT, .arg = "HOSTS", AT(no_proxy),
      .help = "hosts to go to without a proxy, with , between; *: all" },
    { .kind = OPT_END },
};
/* clang-format on */

/* ---- what the options come to -------------------------------------------------------- */

/* -O: the last part of the URL's path, as a file in this directory. */
static bool last_name(const char *path, char *name, size_t cap)
{
    size_t end = strcspn(path, "?"), start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (end == start || end - start >= cap)
        return false;
    memcpy(name, path + start, end - start);
    name[end - start] = 0;
    return strcmp(name, ".") && strcmp(name, "..");
}

static int set_method(struct fetch *fetch)
{
    struct get *get = fetch->get;
    fetch->has_data = get->data.count > 0;
    if (get->head && fetch->has_data)
        return usage_error(fetch->tool, "-I and -d contradict each other");
    fetch->method = get->head ? "HEAD" : fetch->has_data ? "POST" : "GET";
    if (!get->method)
        return -1;
    if (strcmp(get->method, "GET") && strcmp(get->method, "HEAD") &&
        strcmp(get->method, "POST"))
        return usage_error(fetch->tool,
                           "-X takes GET, HEAD or POST, not \"%s\"; for "
                           "others there is curl",
                           get->method);
    fetch->method = get->method;
    return -1;
}

static void set_protocols(struct get *get)
{
    if (!get->client.alpn && !get->no_alpn)
        get->client.alpn = "http/1.1";
    if (get->no_alpn)
        get->client.alpn = NULL;
}

static int set_sink(struct fetch *fetch)
{
    struct get *get = fetch->get;
    struct sink *sink = &fetch->sink;
    sink->tool = fetch->tool;
    sink->fd = -1;
    if (get->remote_name) {
        sink->path = sink->name;
        if (!last_name(fetch->url.path, sink->name, sizeof sink->name))
            return usage_error(fetch->tool,
                               "-O: the URL does not end with a file's name");
    }
    bool out = get->output && !strcmp(get->output, "-");
    if (get->output && !out)
        sink->path = get->output;
    sink->capture = fetch->json && !sink->path;
    sink->terminal = !sink->path && !out && isatty(STDOUT_FILENO);
    sink->progress = !get->silent && !get->no_progress && !sink->terminal &&
                     !fetch->tool->verbose && isatty(STDERR_FILENO);
    return -1;
}

static int check_options(struct fetch *fetch)
{
    const struct tool *tool = fetch->tool;
    const struct get *get = fetch->get;
    if (tool->operand_count != 1)
        return usage_error(tool, tool->operand_count ? "one URL at a time"
                                                     : "which URL?");
    if (get->client.pin && strncmp(get->client.pin, "sha256//", 8))
        return usage_error(tool, "--pinnedpubkey takes sha256//BASE64, not a "
                                 "file");
    if (tool->json && get->write_out)
        return usage_error(tool, "--json and -w both want standard output");
    return -1;
}

/* ---- redirects ------------------------------------------------------------------------ */

/* RFC 9110 15.4: what was POSTed is not sent again, except after 307 and 308. */
static void change_method(struct fetch *fetch)
{
    unsigned status = fetch->answer.status;
    bool post = !strcmp(fetch->method, "POST");
    if (post && !fetch->get->method &&
        (status == 301 || status == 302 || status == 303)) {
        fetch->method = "GET";
        fetch->has_data = false;
    }
}

static bool next_hop(struct fetch *fetch)
{
    struct failure *f = &fetch->failure;
    struct url *to = calloc(1, sizeof *to);
    if (!to)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    if (fetch->redirects >= fetch->get->max_redirects) {
        free(to);
        return fail_with(f, FAIL_REDIRECTS,
                         "after %u, the next leads to %.200s", fetch->redirects,
                         fetch->redirect);
    }
    fetch->redirects++;
    bool good = url_read(fetch->redirect, to, f);
    if (good && strcmp(to->scheme, "https"))
        good = fail_with(f, FAIL_SCHEME, "the redirect leads to %.250s",
                         fetch->redirect);
    if (good) {
        change_method(fetch);
        fetch->url = *to;
    }
    free(to);
    return good;
}

static bool fetch_all(struct fetch *fetch)
{
    struct failure *f = &fetch->failure;
    if (strcmp(fetch->url.scheme, "https"))
        return fail_with(f, FAIL_SCHEME, "\"%s://\"", fetch->url.scheme);
    if (fetch->url.user[0])
        return fail_with(f, FAIL_URL,
                         "no passwords in URLs: say -H 'Authorization: ...'");
    if (fetch->has_data && !request_data(fetch->get, &fetch->data, f))
        return false;
    do {
        if (!fetch_hop(fetch))
            return false;
    } while (fetch->get->follow && fetch->redirect[0] && next_hop(fetch));
    return !f->code;
}

/* ---- the command ------------------------------------------------------------------------- */

static int finish(struct fetch *fetch)
{
    const struct get *get = fetch->get;
    struct failure *f = &fetch->failure;
    sink_close(&fetch->sink, f);
    int code = f->code ? f->exit : HF_EXIT_GOOD;
    if (get->write_out)
        write_out(fetch, get->write_out, code);
    if (fetch->json) {
        json_close(fetch->json); /* hops */
        json_failure(fetch->json, f);
        json_number(fetch->json, "exit", code);
        json_finish(fetch->json);
    }
    if (f->code && (!get->silent || get->show_error))
        failure_tell(fetch->tool, f);
    if (f->code && !get->silent)
        whynot_print_more(fetch->tool, stderr, fetch->tried);
    whynot_free(fetch->tried);
    http_head_wipe(&fetch->answer);
    free(fetch->data.at);
    free(fetch->sink.text.at);
    return code == HF_EXIT_WRITE ? code : output_done(fetch->tool, code);
}

/* With -k nothing that is kept has been verified. */
static bool open_sessions(struct fetch *fetch)
{
    struct client *client = &fetch->get->client;
    if (!client->session_file || client->insecure)
        return true;
    client->sessions = sessions_open(client->session_file, &fetch->failure);
    return client->sessions != NULL;
}

static void close_sessions(struct fetch *fetch)
{
    struct client *client = &fetch->get->client;
    (void)sessions_save(client->sessions, &fetch->failure);
    sessions_free(client->sessions);
}

static int get_url(struct fetch *fetch)
{
    struct get *get = fetch->get;
    struct json document;
    const char *text = fetch->tool->operands[0];
    bool readable = url_read(text, &fetch->url, &fetch->failure);
    if (fetch->tool->json)
        /* cppcheck-suppress autoVariables ; nobody looks at it after us */
        fetch->json = &document;
    int code = set_method(fetch);
    if (code < 0 && readable)
        code = set_sink(fetch);
    if (code >= 0)
        return code;
    set_protocols(get);
    if (fetch->json) {
        json_start(&document, stdout, "handfast/get/1");
        json_text(&document, "url", text);
        json_open(&document, "hops", '[');
    }
    memcpy(fetch->first_host, fetch->url.host, sizeof fetch->first_host);
    memcpy(fetch->first_port, fetch->url.port, sizeof fetch->first_port);
    fetch->started = clock_ms();
    fetch->end = deadline_in(get->max_time);
    if (readable && get->client.pcap)
        fetch->pcap = pcap_open(fetch->tool, get->client.pcap, &fetch->failure);
    if (readable && !fetch->failure.code && open_sessions(fetch))
        (void)fetch_all(fetch);
    close_sessions(fetch);
    pcap_close(fetch->pcap, &fetch->failure);
    return finish(fetch);
}

static int run(struct tool *tool)
{
    struct get get = { .max_redirects = 50, .family = AF_UNSPEC };
    int code = options_read(tool, &get);
    if (code >= 0)
        return code;
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    fetch->tool = tool;
    fetch->get = &get;
    fetch->sink.fd = -1;
    code = check_options(fetch);
    if (code < 0)
        code = get_url(fetch);
    free(fetch);
    free(get.resolve.at);
    free(get.connect_to.at);
    free(get.headers.at);
    free(get.data.at);
    return code;
}

const struct command cmd_get = {
    .name = "get",
    .operands = "URL",
    .summary = "fetch an HTTPS resource, and tell how (curl)",
    .about = "GET, HEAD and POST over HTTP/1.1, with curl's options.  The "
             "server's certificate is verified: chain, name and dates.",
    .examples =
        "  handfast get https://example.org/\n"
        "  handfast get -I -v https://localhost:8443/\n"
        "  handfast get --json https://example.org/ | jq .hops[0].tls\n",
    .options = options,
    .run = run,
};
