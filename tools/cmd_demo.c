/* cmd_demo.c - handfast demo: the whole story on loopback, in a blink and
 * without leaving anything behind.
 *
 * An authority, a server and a client live in this one process; between them
 * is a real TCP connection.  Neither waits: each is moved on until it cannot
 * go further, then the other.  What is drawn is what the client saw.
 *
 * The demo is a test too: it fails if anything is not as the story says. */
#include "client.h"
#include "demo.h"
#include "issue.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HOUR = 3600, PATIENCE_MS = 5000 };

#define HELLO "Hello from the other side of the handshake."

static const char *const names[] = { "localhost", "127.0.0.1", "::1" };

/* ---- cast ---------------------------------------------------------------------- */

struct demo {
    struct tool *tool;
    struct issued *ca, *site;
    struct hf_config *server, *client;
    int listener;
    unsigned port;
    char port_text[8];
    struct drawing drawing;
    char answer[1024]; /* what the client was told */
};

static int failed(const struct demo *d, const struct hf_error *error)
{
    return error_tell(d->tool, HF_EXIT_INTERNAL, error, NULL);
}

static bool make_authority(struct demo *d, struct hf_error *error)
{
    int64_t end = (int64_t)time(NULL) + HOUR;
    struct issue_order ca = { .names = names,
                              .count = HF_COUNT(names),
                              .common_name = "handfast throw-away CA",
                              .not_after = end };
    struct issue_order site = { .names = names, .count = HF_COUNT(names) };

    d->ca = issue_root(&ca, error);
    if (d->ca)
        d->site = issue(d->ca, &site, error);
    return d->site != NULL;
}

static bool configure(struct demo *d)
{
    static const char *const protocols[] = { "http/1.1", NULL };
    char *trust = issued_pem(d->ca), *chain = issued_chain_pem(d->site);
    char *key = issued_key_pem(d->site);
    bool good = trust && chain && key;

    d->server = hf_config_new();
    d->client = hf_config_new();
    good = good && d->server && d->client &&
           hf_config_add_keypair(d->server, hf_span_text(chain),
                                 hf_span_text(key)) &&
           hf_config_set_protocols(d->server, protocols) &&
           hf_config_trust(d->client, hf_span_text(trust)) &&
           hf_config_set_protocols(d->client, protocols);
    if (key)
        hf_wipe(key, strlen(key));
    free(trust);
    free(chain);
    free(key);
    return good;
}

static bool start_listening(struct demo *d)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->listener < 0 ||
        bind(d->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(d->listener, 2) != 0 ||
        getsockname(d->listener, (struct sockaddr *)&at, &len) != 0)
        return false;
    d->port = ntohs(at.sin_port);
    snprintf(d->port_text, sizeof(d->port_text), "%u", d->port);
    return true;
}

/* ---- a connection ----------------------------------------------------------------- */

/* One of the two, and how far it is. */
struct side {
    struct hf_tls *tls;
    enum { HELLOS, SPEAK, LISTEN, FAREWELL, DONE, FAILED } at;
    const char *says;
    char heard[1024];
    size_t heard_len;
};

/* True: it waits for the other. */
static bool waits(ssize_t result)
{
    return result == HF_WANT_POLLIN || result == HF_WANT_POLLOUT;
}

static bool heard_enough(const struct side *s, bool client, ssize_t n)
{
    return client ? n == 0 : strstr(s->heard, "\r\n\r\n") != NULL;
}

/* One step; false: it can go no further now. */
static bool move(struct demo *d, struct side *s, bool client)
{
    ssize_t n = 0;

    switch (s->at) {
    case HELLOS:
        n = hf_handshake(s->tls);
        if (n == 0)
            s->at = client ? SPEAK : LISTEN;
        break;
    case SPEAK:
        n = hf_write(s->tls, s->says, strlen(s->says));
        if (n > 0) {
            if (client)
                draw_data(&d->drawing, true, "GET /", (size_t)n);
            s->at = client ? LISTEN : FAREWELL;
        }
        break;
    case LISTEN:
        n = hf_read(s->tls, s->heard + s->heard_len,
                    sizeof(s->heard) - 1 - s->heard_len);
        if (n > 0) {
            s->heard_len += (size_t)n;
            if (client)
                draw_data(&d->drawing, false, "200 OK", (size_t)n);
        }
        if (n >= 0 && heard_enough(s, client, n))
            s->at = client ? FAREWELL : SPEAK;
        break;
    case FAREWELL:
        n = hf_close(s->tls);
        if (n == 0)
            s->at = DONE;
        break;
    case DONE:
    case FAILED: return false;
    }
    if (n < 0 && !waits(n))
        s->at = FAILED;
    return n >= 0 && s->at < DONE;
}

static void wait_for(const struct side *a, const struct side *b)
{
    struct pollfd fds[2] = { { hf_tls_fd(a->tls), POLLIN, 0 },
                             { hf_tls_fd(b->tls), POLLIN, 0 } };

    (void)poll(fds, 2, 20);
}

static void play(struct demo *d, struct side *client, struct side *server)
{
    double end = clock_ms() + PATIENCE_MS;
    bool moved = true;

    while (client->at < DONE && clock_ms() < end) {
        if (!moved)
            wait_for(client, server);
        moved = false;
        while (move(d, client, true))
            moved = true;
        while (move(d, server, false))
            moved = true;
    }
}

static void watch(void *ctx, const struct hf_event *event)
{
    struct demo *d = ctx;

    draw_event(&d->drawing, event);
}

static bool unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* A client that wants to talk to @name, and our server.  False: no sockets. */
static bool meet(struct demo *d, const char *name, struct side *client,
                 struct side *server, struct hf_error *error)
{
    int near = hf_tcp_connect("127.0.0.1", d->port_text, PATIENCE_MS, error);
    int far = near < 0 ? -1 : accept(d->listener, NULL, NULL);

    if (far < 0 || !unblock(near) || !unblock(far)) {
        if (near >= 0)
            close(near);
        if (far >= 0)
            close(far);
        return error->code ? false
                           : hf_fail(error, HF_E_SOCKET, "%s", strerror(errno));
    }
    client->tls = hf_client_fds(d->client, near, near, name);
    server->tls = hf_accept(d->server, far);
    hf_tls_own_fd(client->tls);
    hf_tls_own_fd(server->tls);
    return hf_conn_set_watch(hf_tls_conn(client->tls), watch, d, false);
}

/* ---- the story ------------------------------------------------------------------------ */

static void chapter(const struct demo *d, unsigned number, const char *title)
{
    const struct tool *tool = d->tool;

    printf("%s%u%s  ", ink(tool, stdout, INK_STRONG), number,
           ink(tool, stdout, INK_PLAIN));
    print_padded(stdout, lang(title), 26);
    putchar(' ');
}

static void tell_beginning(const struct demo *d)
{
    char dot[8];

    snprintf(dot, sizeof(dot), "%s", d->drawing.utf8 ? "\xc2\xb7" : "-");
    printf("handfast " HF_VERSION "  %s  %s\n\n", dot,
           OpenSSL_version(OPENSSL_VERSION));
    chapter(d, 1, "a certificate authority");
    printf(lang("CN=handfast throw-away CA, ECDSA P-256, valid for an hour,\n"
                "%30sfor localhost, 127.0.0.1 and ::1 only\n"),
           "");
    chapter(d, 2, "a server");
    printf(lang("https://localhost:%u/, certificate for the same\n"), d->port);
    chapter(d, 3, "a client says hello");
}

static void tell_agreement(const struct side *client)
{
    const struct hf_conn *conn = hf_tls_conn(client->tls);

    printf(lang("%s, a full handshake%s\n%30s%s, %s\n\n"),
           hf_version_name(hf_conn_version(conn)),
           hf_conn_retried(conn) ? lang(" with a retry") : "", "",
           hf_group_name(hf_conn_group(conn)),
           hf_suite_name(hf_conn_suite(conn)));
}

static void tell_verified(const struct demo *d, const struct side *client)
{
    const struct hf_conn *conn = hf_tls_conn(client->tls);

    printf(lang("\n   %sverified%s: localhost is a name of the certificate; it "
                "was issued by the throw-away CA,\n   which is trusted because "
                "you started it; and its key signed this handshake (%s)\n\n"),
           ink(d->tool, stdout, INK_GOOD), ink(d->tool, stdout, INK_PLAIN),
           hf_scheme_name(hf_conn_peer_scheme(conn)));
}

static int not_as_told(const struct demo *d, const char *what)
{
    return tool_error(d->tool, HF_EXIT_INTERNAL,
                      "the story is not as it should be: %s", lang(what));
}

static int play_well(struct demo *d)
{
    struct side client = { .says = "GET / HTTP/1.1\r\nHost: localhost\r\n"
                                   "Connection: close\r\n\r\n" };
    struct side server = {
        .says = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                "Content-Length: 43\r\nConnection: close\r\n\r\n" HELLO
    };
    struct hf_error error = { 0 };
    const char *body;
    int code = HF_EXIT_GOOD;

    if (!meet(d, "localhost", &client, &server, &error))
        return failed(d, &error);
    play(d, &client, &server);
    body = strstr(client.heard, "\r\n\r\n");
    if (client.at == FAILED || server.at == FAILED)
        code = failed(
            d, hf_tls_error(client.at == FAILED ? client.tls : server.tls));
    else if (!body || strcmp(body + 4, HELLO) != 0)
        code = not_as_told(d, "the answer did not come");
    else if (!hf_conn_peer_verified(hf_tls_conn(client.tls)))
        code = not_as_told(d, "the server was not verified");
    if (!code) {
        tell_agreement(&client);
        draw_all(&d->drawing, d->tool);
        tell_verified(d, &client);
        snprintf(d->answer, sizeof(d->answer), "%s", body + 4);
    }
    hf_tls_free(client.tls);
    hf_tls_free(server.tls);
    return code;
}

static int play_badly(struct demo *d)
{
    struct side client = { .says = "" }, server = { .says = "" };
    struct hf_error error = { 0 };
    const struct hf_error *refusal;
    char room[2 * HF_DETAIL_MAX];
    int code = HF_EXIT_GOOD;

    if (!meet(d, "example.com", &client, &server, &error))
        return failed(d, &error);
    play(d, &client, &server);
    refusal = hf_tls_error(client.tls);
    if (refusal->code != HF_E_NAME_MISMATCH)
        code = not_as_told(d, "the wrong name was not refused");
    chapter(d, 4, "and wrong on purpose");
    if (!code) {
        printf(lang("the client wants example.com and is %srefused%s:\n"),
               ink(d->tool, stdout, INK_BAD), ink(d->tool, stdout, INK_PLAIN));
        printf(lang("   %s [%s], exit %d\n   why  "),
               lang(hf_error_text(refusal->code)), hf_error_name(refusal->code),
               exit_of(refusal, false));
        print_wrapped(stdout, lang_text(refusal->detail, room, sizeof(room)),
                      d->tool->width, 8, 8);
        fputs(lang("   try  "), stdout);
        print_wrapped(stdout, lang(advice_for(refusal->code)), d->tool->width,
                      8, 8);
    }
    hf_tls_free(client.tls);
    hf_tls_free(server.tls);
    return code;
}

/* How this program is called from here. */
static void own_name(char *out, size_t cap)
{
    char path[4096], here[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    size_t len;

    snprintf(out, cap, "handfast");
    if (n <= 0 || !getcwd(here, sizeof(here)))
        return;
    path[n] = '\0';
    len = strlen(here);
    if (strncmp(path, here, len) == 0 && path[len] == '/')
        snprintf(out, cap, "%s", path + len + 1);
}

static void tell_end(const struct demo *d)
{
    char self[4096];

    own_name(self, sizeof(self));
    printf(lang("\nHTTP body: \"%s\"\n"), d->answer);
    printf(lang("Next:      %s serve\n"
                "           %s get -v https://your.host/\n"
                "           %s explain verify.name\n"),
           self, self, self);
}

static int story(struct demo *d)
{
    struct hf_error error = { 0 };
    int code;

    if (!make_authority(d, &error))
        return failed(d, &error);
    if (!configure(d))
        return not_as_told(d, "the configuration was refused");
    if (!start_listening(d))
        return tool_error(d->tool, HF_EXIT_CONNECT, "no port on loopback: %s",
                          lang_errno(errno));
    tell_beginning(d);
    code = play_well(d);
    if (!code)
        code = play_badly(d);
    if (!code)
        tell_end(d);
    return code;
}

static int run(struct tool *tool)
{
    struct demo *d;
    int code = options_read(tool, NULL);

    if (code >= 0)
        return code;
    if (tool->operand_count)
        return usage_error(tool, "it needs no words: handfast demo");
    d = calloc(1, sizeof(*d));
    if (!d)
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    d->tool = tool;
    d->listener = -1;
    draw_start(&d->drawing);
    code = story(d);
    draw_end(&d->drawing);
    if (d->listener >= 0)
        close(d->listener);
    issued_free(d->ca);
    issued_free(d->site);
    hf_config_free(d->server);
    hf_config_free(d->client);
    free(d);
    return output_done(tool, code);
}

static const struct opt options[] = {
    { .kind = OPT_END },
};

const struct command cmd_demo = {
    .name = "demo",
    .summary = "the whole story on this machine: authority, server, client",
    .about = "Makes a throw-away authority and a server, lets a client shake "
             "hands with it, draws what was said, and shows a refusal. Needs "
             "no network and leaves no files.",
    .options = options,
    .run = run,
};
