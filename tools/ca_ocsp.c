/* ca_ocsp.c - handfast ca ocsp: what an authority says of one certificate
 * (RFC 6960), as a file to be stapled, or over HTTP to whoever asks.
 *
 * The responder is for development and tests: it listens on this machine
 * unless told otherwise, answers one after the other, and reads the record
 * anew each time, so that what was just revoked is said at once. */
#include "ca.h"
#include "client.h"
#include "issue_list.h"

#include "base/base.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MOST = 8192, PATIENCE_MS = 5000 };

struct ocsp_words {
    const char *dir, *out, *listen;
    struct ca_term_words term;
    unsigned long count;
    bool force;
};

/* ---- a file to be stapled --------------------------------------------------------- */

/* "site.ocsp" from "site.pem", "5c1e....ocsp" from a serial number. */
static bool default_file(const char *what, const char *serial,
                         char out[PATH_CAP])
{
    size_t len = strlen(what);

    if (!file_exists(what))
        return snprintf(out, PATH_CAP, "%s.ocsp", serial) < PATH_CAP;
    if (len > 4 && strcmp(what + len - 4, ".pem") == 0)
        len -= 4;
    return snprintf(out, PATH_CAP, "%.*s.ocsp", (int)len, what) < PATH_CAP;
}

static void tell_answer(const struct tool *tool, const struct ca_open *ca,
                        const char *serial, const struct issue_term *term,
                        const char *file)
{
    const struct record_row *row = record_find(&ca->record, serial);
    const char *status = row && row->revoked ? "revoked" : "good";
    char until[40];
    struct json j;

    hf_time_text(until, sizeof(until), term->until);
    if (tool->json) {
        json_start(&j, stdout, "handfast/staple/1");
        json_text(&j, "serial", serial);
        json_text(&j, "status", status);
        json_number(&j, "this_update", term->from);
        json_number(&j, "next_update", term->until);
        json_text(&j, "file", file);
        json_finish(&j);
        return;
    }
    printf(lang("%s until %s, in %s\n"), lang(status), until, file);
    if (!row || !row->revoked)
        printf(lang("  staple it  handfast serve --cert FILE --status-file "
                    "%s\n"),
               file);
}

static int answer_file(struct tool *tool, const struct ocsp_words *words,
                       struct ca_open *ca, const struct issue_term *term)
{
    const char *what = tool->operands[0];
    char serial[SERIAL_TEXT], path[PATH_CAP];
    struct hf_error error = { 0 };
    struct bytes answer = { NULL, 0 };
    bool good, print = words->out && strcmp(words->out, "-") == 0;
    int code = ca_which(tool, ca, what, false, false, serial);

    if (code)
        return code;
    if (!issue_answer(ca->by, &ca->record, serial, true, term, &answer, &error))
        return error_tell(tool, exit_of(&error, false), &error, NULL);
    good = words->out ? snprintf(path, PATH_CAP, "%s", words->out) < PATH_CAP
                      : default_file(what, serial, path);
    if (!good) {
        code = usage_error(tool, "--out is too long");
    } else if (print) {
        fwrite(answer.at, 1, answer.len, stdout);
    } else if (!file_write_bytes(path, bytes_span(&answer), false, words->force,
                                 &error)) {
        code = error_tell(tool, HF_EXIT_WRITE, &error,
                          "--out FILE writes elsewhere, --force replaces");
    } else {
        tell_answer(tool, ca, serial, term, path);
    }
    bytes_free(&answer);
    return code;
}

/* ---- a request over HTTP ------------------------------------------------------------- */

struct asked {
    char bytes[REQUEST_MOST + 1];
    size_t len;
    size_t body; /* where it begins; 0: not yet seen */
    size_t need; /* bytes of the body */
};

/* The value of Content-Length; 0 if there is none, and too much if it is more
 * than we take. */
static size_t content_length(const char *head)
{
    unsigned long value;

    for (const char *line = head; line; line = strstr(line, "\r\n")) {
        line += line == head ? 0 : 2;
        if (strncasecmp(line, "Content-Length:", 15) != 0)
            continue;
        value = strtoul(line + 15, NULL, 10);
        return value > REQUEST_MOST ? REQUEST_MOST + 1 : (size_t)value;
    }
    return 0;
}

static void look_at_head(struct asked *a)
{
    char *end = strstr(a->bytes, "\r\n\r\n");

    if (end) {
        a->body = (size_t)(end + 4 - a->bytes);
        a->need = content_length(a->bytes);
    }
}

/* All of a request within five seconds, or nothing. */
static bool hear(int fd, struct asked *a)
{
    double until = clock_ms() + PATIENCE_MS;

    while (!a->body || a->len < a->body + a->need) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        double left = until - clock_ms();
        ssize_t n;

        if (left <= 0 || a->len == REQUEST_MOST ||
            (a->body && a->need > REQUEST_MOST - a->body) ||
            poll(&ready, 1, (int)left + 1) <= 0)
            return false;
        n = recv(fd, a->bytes + a->len, REQUEST_MOST - a->len, 0);
        if (n <= 0)
            return false;
        a->len += (size_t)n;
        a->bytes[a->len] = '\0';
        if (!a->body)
            look_at_head(a);
    }
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, (char)hf_lower((uint8_t)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* "%2B" becomes "+" in place. */
static void unescape(char *text)
{
    char *to = text;

    for (char *from = text; *from; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;

        if (low >= 0) {
            *to++ = (char)(16 * high + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* RFC 6960 A.1: the body of a POST, or base64 behind the slash of a GET.
 * False: neither. */
static bool request_of(struct asked *a, uint8_t *room, size_t cap,
                       struct hf_span *out)
{
    char *path, *end;
    size_t len;

    if (strncmp(a->bytes, "POST ", 5) == 0) {
        *out = hf_span(a->bytes + a->body, a->need);
        return a->need > 0;
    }
    if (strncmp(a->bytes, "GET /", 5) != 0)
        return false;
    path = a->bytes + 5;
    end = strchr(path, ' ');
    if (!end)
        return false;
    *end = '\0';
    unescape(path);
    path += strspn(path, "/");
    if (!hf_unbase64(hf_span_text(path), room, cap, &len) || !len)
        return false;
    *out = hf_span(room, len);
    return true;
}

static bool say(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static void say_http(int fd, const char *status, struct hf_span body)
{
    char head[300];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %s\r\nContent-Type: application/ocsp-response"
                     "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     status, body.len);

    if (n > 0 && say(fd, head, (size_t)n) && body.len)
        say(fd, body.at, body.len);
    shutdown(fd, SHUT_WR);
}

/* A document on one line: there are many. */
static void line_begin(struct json *j, const char *schema)
{
    *j = (struct json){ .to = stdout };
    json_open_line(j, NULL, '{');
    json_text(j, "schema", schema);
}

static void log_answer(const struct tool *tool, const char *said)
{
    struct json j;

    if (!tool->json) {
        printf("%s\n", said);
    } else {
        line_begin(&j, "handfast/answered/1");
        json_text(&j, "answer", said);
        json_finish(&j);
    }
    fflush(stdout);
}

/* One visitor, with the record as it is now. */
static void serve_one(const struct tool *tool, const struct ocsp_words *words,
                      const char *dir, int fd)
{
    struct asked a = { .len = 0 };
    uint8_t room[REQUEST_MOST];
    char said[ANSWER_TEXT] = "";
    struct hf_span request;
    struct hf_error error = { 0 };
    struct bytes answer = { NULL, 0 };
    struct issue_term term = { 0 };
    struct ca_open ca;
    int code = HF_EXIT_GOOD;

    if (!hear(fd, &a))
        return;
    if (!request_of(&a, room, sizeof(room), &request)) {
        say_http(fd, "400 Bad Request", hf_span(NULL, 0));
        log_answer(tool, "400");
        return;
    }
    if (!ca_open(&ca, tool, dir, false, &code)) {
        say_http(fd, "500 Internal Server Error", hf_span(NULL, 0));
        return;
    }
    if (ca_term(tool, &words->term, &term, &code) &&
        issue_respond(ca.by, &ca.record, request, &term, &answer, said,
                      &error)) {
        say_http(fd, "200 OK", bytes_span(&answer));
        log_answer(tool, said);
    } else {
        say_http(fd, "500 Internal Server Error", hf_span(NULL, 0));
    }
    bytes_free(&answer);
    ca_close(&ca);
}

/* ---- listening ------------------------------------------------------------------------ */

static int listen_at(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 16) == 0)
        return fd;
    close(fd);
    return -1;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    char port[8] = "0";

    if (getsockname(fd, (struct sockaddr *)&at, &len) == 0)
        getnameinfo((struct sockaddr *)&at, len, NULL, 0, port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
    return (unsigned)strtoul(port, NULL, 10);
}

/* "8080", ":8080", "0.0.0.0:8080", "[::1]:8080".  -1: *code. */
static int open_socket(const struct tool *tool, const char *where,
                       char host[HOST_MAX], int *code)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    char port[8];
    int fd = -1;

    if (strspn(where, "0123456789") == strlen(where) && strlen(where) < 6) {
        snprintf(port, sizeof(port), "%s", where);
        host[0] = '\0';
    } else if (!host_any_port_read(where, host, HOST_MAX, port, sizeof(port)) ||
               !port[0]) {
        *code = usage_error(
            tool, "--listen takes PORT or ADDRESS:PORT, not \"%s\"", where);
        return -1;
    }
    if (!host[0])
        snprintf(host, HOST_MAX, "127.0.0.1");
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        *code = tool_error(tool, HF_EXIT_RESOLVE,
                           "there is no address \"%s\" to listen at", host);
        return -1;
    }
    for (struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
        fd = listen_at(at);
    if (fd < 0)
        *code = tool_error(tool, HF_EXIT_CONNECT, "cannot listen on %s: %s",
                           where, lang_errno(errno));
    freeaddrinfo(list);
    return fd;
}

static int serve_all(struct tool *tool, const struct ocsp_words *words)
{
    char host[HOST_MAX];
    unsigned long served = 0;
    int code = HF_EXIT_GOOD;
    int fd = open_socket(tool, words->listen, host, &code);
    struct json j;

    if (fd < 0)
        return code;
    if (tool->json) {
        line_begin(&j, "handfast/responder/1");
        json_text(&j, "host", host);
        json_number(&j, "port", port_of(fd));
        json_finish(&j);
    } else {
        printf(lang("answering at http://%s:%u/ (for development: one after "
                    "the other, in clear)\n"),
               host, port_of(fd));
    }
    fflush(stdout);
    while (!words->count || served < words->count) {
        int visitor = accept(fd, NULL, NULL);

        if (visitor < 0 && errno != EINTR && errno != ECONNABORTED)
            break;
        if (visitor < 0)
            continue;
        serve_one(tool, words, words->dir, visitor);
        close(visitor);
        served++;
    }
    close(fd);
    return HF_EXIT_GOOD;
}

static int run_ocsp(struct tool *tool)
{
    struct ocsp_words words = { .dir = NULL };
    struct issue_term term;
    struct ca_open ca;
    int code = options_read(tool, &words);

    if (code >= 0)
        return code;
    if (words.listen ? tool->operand_count != 0 : tool->operand_count != 1)
        return usage_error(tool, "one certificate, please (a file, a serial "
                                 "number or a name), or --listen");
    if (!ca_term(tool, &words.term, &term, &code) ||
        !ca_open(&ca, tool, words.dir, false, &code))
        return code;
    if (!words.listen)
        code = answer_file(tool, &words, &ca, &term);
    ca_close(&ca);
    if (words.listen)
        code = serve_all(tool, &words);
    return output_done(tool, code);
}

/* clang-format off */
#define AT(member) offsetof(struct ocsp_words, member)
static const struct opt options[] = {
    OPT_CA,
    OPT_TERM,
    { .name = "out", .letter = 'o', .kind = OPT_TEXT, .arg = "FILE",
      .at = AT(out),
      .help = "the response's file, DER; - prints it; otherwise beside the "
              "certificate, as site.ocsp" },
    { .name = "force", .kind = OPT_FLAG, .at = AT(force),
      .help = "replace a file that is there" },
    { .name = "listen", .kind = OPT_TEXT, .arg = "[ADDRESS:]PORT",
      .at = AT(listen),
      .help = "answer over HTTP, for development: one after the other, on this "
              "machine unless an address is said; port 0: any that is free" },
    { .name = "count", .kind = OPT_NUMBER, .arg = "N", .at = AT(count),
      .help = "leave after so many answers" },
    OPT_JSON,
    { .kind = OPT_END },
};
/* clang-format on */

const struct command ca_ocsp = {
    .name = "ocsp",
    .operands = "FILE|SERIAL|NAME",
    .summary = "say of a certificate whether it is revoked, to be stapled",
    .about = "An OCSP response, signed by the authority itself. A server "
             "staples it (handfast serve --status-file) until it ends; make a "
             "new one in time.",
    .examples = "  handfast ca ocsp localhost.pem\n"
                "  handfast ca ocsp --listen 8080\n",
    .options = options,
    .run = run_ocsp,
};
