/* peer.c - our end of an interoperation test: shakes hands as it is told,
 * moves bytes both ways at once, and prints what was agreed as one JSON line.
 *
 *     peer client PORT OPTION...      connects to localhost
 *     peer server 0 OPTION...         prints its port first, serves one client
 *
 * Data: `--send N` sends N bytes of a known pattern, `--expect N` reads N
 * bytes; both are hashed.  `--http PATH` sends a request (a POST of what is to
 * be sent) and reads to the end;
 * `--text` makes the pattern lines of text, `--window N` waits for an echo;
 * `--serve N` answers one HTTP request with N bytes.  `--update` changes keys
 * in the middle, `--exporter` prints keying material, `--tls 1.2`, `1.2-1.3` or
 * `1.3` says which versions there are. */
#include "handfast/handfast.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIST = 16, CHUNK = 65536, DEADLINE_MS = 30000 };

struct options {
    const char *role, *port, *name, *http;
    size_t send, expect, serve;
    bool update, exporter, text;
    size_t window; /* at most this many bytes on the way to an echo; 0: any */
};

struct hashed {
    EVP_MD_CTX *sha256;
    size_t len;
};

static struct hf_config *config;
static struct hf_tls *tls;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "peer: %s\n", what);
    exit(1);
}

static void check_config(bool ok)
{
    const struct hf_error *e = hf_config_error(config);

    if (!ok) {
        fprintf(stderr, "peer: %s: %s\n", hf_error_name(e->code), e->detail);
        exit(1);
    }
}

/* ---- options ------------------------------------------------------------------------ */

static void numbers(const char *text, unsigned (*number)(const char *),
                    uint16_t *out)
{
    char copy[512], *state, *word;
    size_t n = 0;

    snprintf(copy, sizeof(copy), "%s", text);
    for (word = strtok_r(copy, ",", &state); word && n < LIST - 1;
         word = strtok_r(NULL, ",", &state)) {
        out[n] = (uint16_t)number(word);
        if (!out[n++])
            give_up(word);
    }
    out[n] = 0;
}

static void set_protocols(const char *text)
{
    const char *list[LIST] = { NULL };
    char copy[256], *state, *word;
    size_t n = 0;

    snprintf(copy, sizeof(copy), "%s", text);
    for (word = strtok_r(copy, ",", &state); word && n < LIST - 1;
         word = strtok_r(NULL, ",", &state))
        list[n++] = word;
    check_config(hf_config_set_protocols(config, list));
}

static void set_client_auth(const char *mode)
{
    check_config(hf_config_set_client_auth(
        config, strcmp(mode, "optional") == 0 ? HF_CLIENT_AUTH_OPTIONAL
                                              : HF_CLIENT_AUTH_REQUIRED));
}

/* One option with its value; false: not one of these. */
static bool configure(const char *name, const char *value, const char *next)
{
    uint16_t list[LIST];

    if (strcmp(name, "--cert") == 0) {
        check_config(hf_config_add_keypair_file(config, value, next));
    } else if (strcmp(name, "--ca") == 0) {
        check_config(hf_config_trust_file(config, value));
    } else if (strcmp(name, "--suites") == 0) {
        numbers(value, hf_suite_number, list);
        check_config(hf_config_set_suites(config, list));
    } else if (strcmp(name, "--groups") == 0) {
        numbers(value, hf_group_number, list);
        check_config(hf_config_set_groups(config, list));
    } else if (strcmp(name, "--shares") == 0) {
        numbers(value, hf_group_number, list);
        check_config(hf_config_set_shares(config, list));
    } else if (strcmp(name, "--signatures") == 0) {
        numbers(value, hf_scheme_number, list);
        check_config(hf_config_set_signatures(config, list));
    } else if (strcmp(name, "--alpn") == 0) {
        set_protocols(value);
    } else if (strcmp(name, "--tls") == 0) {
        unsigned min = strcmp(value, "1.3") == 0 ? HF_TLS13 : HF_TLS12;
        unsigned max = strcmp(value, "1.2") == 0 ? HF_TLS12 : HF_TLS13;

        check_config(hf_config_set_versions(config, min, max));
    } else if (strcmp(name, "--client-auth") == 0) {
        set_client_auth(value);
    } else {
        return false;
    }
    return true;
}

static bool number_option(struct options *o, const char *name,
                          const char *value)
{
    size_t *to = strcmp(name, "--send") == 0     ? &o->send
                 : strcmp(name, "--expect") == 0 ? &o->expect
                 : strcmp(name, "--serve") == 0  ? &o->serve
                 : strcmp(name, "--window") == 0 ? &o->window
                                                 : NULL;

    if (to)
        *to = strtoul(value, NULL, 10);
    return to != NULL;
}

static bool flag_option(struct options *o, const char *name)
{
    bool *to = strcmp(name, "--update") == 0     ? &o->update
               : strcmp(name, "--exporter") == 0 ? &o->exporter
               : strcmp(name, "--text") == 0     ? &o->text
                                                 : NULL;

    if (to)
        *to = true;
    return to != NULL;
}

static void read_options(struct options *o, int argc, char **argv)
{
    if (argc < 3)
        give_up("client|server PORT OPTION...");
    *o = (struct options){ .role = argv[1],
                           .port = argv[2],
                           .name = "localhost" };
    for (int i = 3; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (flag_option(o, argv[i]))
            continue;
        if (strcmp(argv[i], "--name") == 0)
            o->name = value;
        else if (strcmp(argv[i], "--http") == 0)
            o->http = value;
        else if (configure(argv[i], value, i + 2 < argc ? argv[i + 2] : ""))
            i += strcmp(argv[i], "--cert") == 0;
        else if (!number_option(o, argv[i], value))
            give_up(argv[i]);
        i++;
    }
}

/* ---- connecting ----------------------------------------------------------------------- */

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port)) };

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int connect_loopback(const char *port)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
        give_up("no connection");
    return fd;
}

static int accept_loopback(const char *port)
{
    struct sockaddr_in a = loopback(port);
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0), client;

    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        give_up("no port");
    printf("%u\n", (unsigned)ntohs(a.sin_port));
    fflush(stdout);
    client = accept(fd, NULL, NULL);
    close(fd);
    return client;
}

static void wait_for(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };

    if (poll(&p, 1, DEADLINE_MS) != 1)
        give_up("nothing moved for too long");
}

static void handshake(int fd)
{
    int result;

    while ((result = hf_handshake(tls)) != 0) {
        if (result == HF_TLS_ERROR)
            give_up(hf_tls_reason(tls));
        wait_for(fd, result == HF_WANT_POLLIN ? POLLIN : POLLOUT);
    }
}

/* ---- data --------------------------------------------------------------------------------- */

static void hash_begin(struct hashed *h)
{
    h->sha256 = EVP_MD_CTX_new();
    h->len = 0;
    EVP_DigestInit_ex(h->sha256, EVP_sha256(), NULL);
}

static void hash_add(struct hashed *h, const uint8_t *bytes, size_t len)
{
    EVP_DigestUpdate(h->sha256, bytes, len);
    h->len += len;
}

static void hash_print(const char *name, struct hashed *h)
{
    uint8_t digest[32];

    EVP_DigestFinal_ex(h->sha256, digest, NULL);
    EVP_MD_CTX_free(h->sha256);
    printf(", \"%s\": \"%zu ", name, h->len);
    for (size_t i = 0; i < sizeof(digest); i++)
        printf("%02x", digest[i]);
    printf("\"");
}

/* Byte @i of what is sent: no period that a record size would fit. */
static uint8_t pattern(size_t i, bool text)
{
    uint8_t byte = (uint8_t)((i * 2654435761u) >> 13);

    if (!text)
        return byte;
    return i % 100 == 99 ? '\n' : (uint8_t)('!' + byte % 90);
}

static ssize_t send_some(size_t sent, size_t total, bool text, struct hashed *h)
{
    static uint8_t buf[CHUNK];
    size_t len = total - sent < CHUNK ? total - sent : CHUNK;
    ssize_t n;

    for (size_t i = 0; i < len; i++)
        buf[i] = pattern(sent + i, text);
    n = hf_write(tls, buf, len);
    if (n > 0)
        hash_add(h, buf, (size_t)n);
    return n;
}

static ssize_t read_some(struct hashed *h, size_t most)
{
    static uint8_t buf[CHUNK];
    ssize_t n = hf_read(tls, buf, most < sizeof(buf) ? most : sizeof(buf));

    if (n > 0)
        hash_add(h, buf, (size_t)n);
    return n;
}

/* Both directions at once, so that nobody waits for a full pipe. */
static void move(int fd, const struct options *o, struct hashed *out,
                 struct hashed *in)
{
    bool update = o->update;
    size_t most;

    while (out->len < o->send || in->len < o->expect) {
        short events = 0;
        ssize_t n;

        if (update && out->len >= o->send / 2 && in->len >= o->expect / 2) {
            if (!hf_conn_update_keys(hf_tls_conn(tls), true))
                give_up("no key update");
            update = false;
        }
        most = o->window && in->len + o->window < o->send ? in->len + o->window
                                                          : o->send;
        if (out->len < most) {
            n = send_some(out->len, most, o->text, out);
            if (n == HF_TLS_ERROR)
                give_up(hf_tls_reason(tls));
            events |= n == HF_WANT_POLLOUT ? POLLOUT : 0;
            if (n > 0)
                continue;
        }
        if (in->len < o->expect) {
            n = read_some(in, o->expect - in->len);
            if (n == HF_TLS_ERROR || n == 0)
                give_up(n ? hf_tls_reason(tls) : "closed too early");
            events |= n == HF_WANT_POLLIN ? POLLIN : 0;
            if (n > 0)
                continue;
        }
        wait_for(fd, events);
    }
}

static void write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = hf_write(tls, text, len);

        if (n == HF_TLS_ERROR)
            give_up(hf_tls_reason(tls));
        if (n < 0) {
            wait_for(fd, POLLOUT);
            continue;
        }
        text += n;
        len -= (size_t)n;
    }
}

/* Read to close_notify. */
static void read_all(int fd, struct hashed *in)
{
    ssize_t n;

    while ((n = read_some(in, CHUNK)) != 0) {
        if (n == HF_TLS_ERROR)
            give_up(hf_tls_reason(tls));
        if (n == HF_WANT_POLLIN)
            wait_for(fd, POLLIN);
    }
}

/* Past the head of an answer; what is behind it is the first of its body. */
static void skip_head(int fd, struct hashed *in)
{
    char head[8192] = "", *end = NULL;
    size_t len = 0;

    while (!end) {
        ssize_t n = hf_read(tls, head + len, sizeof(head) - 1 - len);

        if (n == HF_TLS_ERROR || n == 0 || len == sizeof(head) - 1)
            give_up(n ? hf_tls_reason(tls) : "no answer");
        if (n < 0) {
            wait_for(fd, POLLIN);
            continue;
        }
        len += (size_t)n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    hash_add(in, (uint8_t *)end + 4, len - (size_t)(end + 4 - head));
}

/* GET, or POST if there is something to send. */
static void ask_http(int fd, struct options *o, struct hashed *out,
                     struct hashed *in)
{
    char request[512];
    int len = snprintf(request, sizeof(request),
                       "%s %s HTTP/1.0\r\nHost: localhost\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       o->send ? "POST" : "GET", o->http, o->send);

    /* Now: an HTTP server that has answered reads no more, and would reset the
     * connection over a key update that comes behind the request. */
    if (o->update && !hf_conn_update_keys(hf_tls_conn(tls), true))
        give_up("no key update");
    o->update = false;
    write_all(fd, request, (size_t)len);
    o->expect = 0;
    move(fd, o, out, in);
    skip_head(fd, in);
    read_all(fd, in);
}

/* A request's head, and its body if it has a Content-Length. */
static void hear_request(int fd, struct hashed *body)
{
    char head[8192] = "";
    size_t len = 0, want = 0;
    char *end = NULL;

    while (!end) {
        ssize_t n = hf_read(tls, head + len, sizeof(head) - 1 - len);

        if (n == HF_TLS_ERROR || n == 0)
            give_up(n ? hf_tls_reason(tls) : "no request");
        if (n < 0) {
            wait_for(fd, POLLIN);
            continue;
        }
        len += (size_t)n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    for (char *line = head; line < end; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, "content-length:", 15) == 0)
            want = strtoul(line + 15, NULL, 10);
    hash_add(body, (uint8_t *)end + 4, len - (size_t)(end + 4 - head));
    while (body->len < want) {
        ssize_t n = read_some(body, want - body->len);

        if (n == HF_TLS_ERROR || n == 0)
            give_up(n ? hf_tls_reason(tls) : "half a request");
        if (n < 0)
            wait_for(fd, POLLIN);
    }
}

static void serve_http(int fd, struct options *o, struct hashed *out,
                       struct hashed *in)
{
    char head[256];
    int len = snprintf(head, sizeof(head),
                       "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                       o->text ? "text/html" : "application/octet-stream",
                       o->serve);

    hear_request(fd, in);
    write_all(fd, head, (size_t)len);
    o->send = o->serve;
    move(fd, o, out, in);
}

/* ---- what was agreed --------------------------------------------------------------------------- */

static void report(const struct options *o)
{
    const struct hf_conn *conn = hf_tls_conn(tls);
    struct hf_span alpn = hf_conn_protocol(conn);
    const char *peer = hf_scheme_name(hf_conn_peer_scheme(conn));
    const char *own = hf_scheme_name(hf_conn_own_scheme(conn));
    const char *group = hf_group_name(hf_conn_group(conn));
    uint8_t bytes[20];

    printf("{\"version\": \"%s\", \"suite\": \"%s\", \"group\": \"%s\", "
           "\"peer_scheme\": \"%s\", \"own_scheme\": \"%s\", \"retried\": %s, "
           "\"verified\": %s, \"peer_certificates\": %zu, \"alpn\": \"%.*s\"",
           hf_version_name(hf_conn_version(conn)),
           hf_suite_name(hf_conn_suite(conn)), group ? group : "",
           peer ? peer : "", own ? own : "",
           hf_conn_retried(conn) ? "true" : "false",
           hf_conn_peer_verified(conn) ? "true" : "false",
           hf_conn_peer_certificates(conn), (int)alpn.len,
           alpn.len ? (const char *)alpn.at : "");
    if (!o->exporter)
        return;
    if (!hf_conn_export(conn, "EXPERIMENTAL interop",
                        (struct hf_span){ NULL, 0 }, bytes, sizeof(bytes)))
        give_up("no exporter");
    printf(", \"exporter\": \"");
    for (size_t i = 0; i < sizeof(bytes); i++)
        printf("%02X", bytes[i]);
    printf("\"");
}

/* close_notify, and no reset: the peer's own last words are read first. */
static void say_goodbye(int fd)
{
    struct hashed rest;
    int result;

    while ((result = hf_close(tls)) == HF_WANT_POLLOUT)
        wait_for(fd, POLLOUT);
    if (result == HF_TLS_ERROR)
        give_up(hf_tls_reason(tls));
    shutdown(fd, SHUT_WR);
    hash_begin(&rest);
    for (;;) {
        ssize_t n = read_some(&rest, CHUNK);

        /* How the peer ends is its own affair from here on. */
        if (n == 0 || n == HF_TLS_ERROR)
            break;
        if (n < 0)
            wait_for(fd, POLLIN);
    }
    EVP_MD_CTX_free(rest.sha256);
}

int main(int argc, char **argv)
{
    struct options o;
    struct hashed in, out;
    bool client;
    int fd;

    config = hf_config_new();
    read_options(&o, argc, argv);
    client = strcmp(o.role, "client") == 0;
    fd = client ? connect_loopback(o.port) : accept_loopback(o.port);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    tls = client ? hf_client_fds(config, fd, fd, o.name)
                 : hf_accept(config, fd);
    hf_tls_own_fd(tls);
    handshake(fd);
    hash_begin(&in);
    hash_begin(&out);
    if (o.http)
        ask_http(fd, &o, &out, &in);
    else if (o.serve)
        serve_http(fd, &o, &out, &in);
    else
        move(fd, &o, &out, &in);
    say_goodbye(fd);
    report(&o);
    hash_print("received", &in);
    hash_print("sent", &out);
    printf("}\n");
    hf_tls_free(tls);
    hf_config_free(config);
    return 0;
}
