/* serve_http.c - requests read, answers made: as much of HTTP/1.1 (RFC 9112)
 * as a page, a file and a posted body need.
 *
 * A request is bytes from a stranger: its head is bounded, what is unclear is
 * refused (two lengths, a chunked body, an odd line), and nothing of it is
 * used as a format or a path before it was looked at. */
#include "serve.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void answer_wipe(struct answer *a)
{
    free(a->head);
    free(a->body);
    if (a->file >= 0)
        close(a->file);
    *a = (struct answer){ .file = -1 };
}

/* ---- reading ---------------------------------------------------------------- */

/* Bytes of the head with its empty line, 0 if that has not come. */
static size_t head_length(const uint8_t *in, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (in[i] != '\n')
            continue;
        if (in[i + 1] == '\n')
            return i + 2;
        if (i + 2 < len && in[i + 1] == '\r' && in[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path of @target, %XX decoded; false if it is not one, or hides a slash
 * or a NUL. */
static bool decode_path(const char *target, char *out, size_t cap)
{
    size_t n = 0;

    if (target[0] != '/')
        return false;
    for (const char *c = target; *c && *c != '?' && *c != '#'; c++) {
        int value = (unsigned char)*c;

        if (*c == '%') {
            int high = hex(c[1]), low = high < 0 ? -1 : hex(c[2]);

            if (low < 0)
                return false;
            value = high << 4 | low;
            c += 2;
            if (value == '/' || value == 0)
                return false;
        }
        if (n + 1 >= cap)
            return false;
        out[n++] = (char)value;
    }
    out[n] = '\0';
    return true;
}

static unsigned read_line(struct request *r, char *line)
{
    char *rest = NULL, *method = strtok_r(line, " ", &rest);
    char *target = strtok_r(NULL, " ", &rest);
    char *version = strtok_r(NULL, " ", &rest);

    if (!method || !target || !version || strtok_r(NULL, " ", &rest) ||
        strlen(method) >= sizeof(r->method))
        return 400;
    snprintf(r->method, sizeof(r->method), "%s", method);
    r->head = strcmp(method, "HEAD") == 0;
    if (strncmp(version, "HTTP/1.", 7) != 0)
        return 505;
    r->close = strcmp(version, "HTTP/1.1") != 0;
    if (strlen(target) >= sizeof(r->target))
        return 414;
    snprintf(r->target, sizeof(r->target), "%s", target);
    return decode_path(target, r->path, sizeof(r->path)) ? 0 : 400;
}

static unsigned read_length(struct request *r, const char *value, bool *seen)
{
    char *end;

    if (*value < '0' || *value > '9' || *seen)
        return 400; /* RFC 9112 6.3: two lengths are an attack or a fault */
    *seen = true;
    r->length = strtoull(value, &end, 10);
    return *end || r->length > UINT64_C(1) << 40 ? 400 : 0;
}

static unsigned read_field(struct request *r, char *line, bool *length_seen)
{
    char *colon = strchr(line, ':'), *value;
    size_t len;

    if (!colon || colon == line || line[0] == ' ' || line[0] == '\t' ||
        colon[-1] == ' ' || colon[-1] == '\t')
        return 400;
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    for (len = strlen(value);
         len && (value[len - 1] == ' ' || value[len - 1] == '\t'); len--)
        value[len - 1] = '\0';
    if (strcasecmp(line, "Content-Length") == 0)
        return read_length(r, value, length_seen);
    if (strcasecmp(line, "Transfer-Encoding") == 0)
        return 411;
    if (strcasecmp(line, "Connection") == 0)
        r->close = strcasecmp(value, "close") == 0 ||
                   (r->close && strcasecmp(value, "keep-alive") != 0);
    return 0;
}

static unsigned read_head(struct request *r, char *head)
{
    bool length_seen = false;
    char *line = head, *next;
    unsigned fault = 0;

    for (bool first = true; !fault && *line; first = false, line = next) {
        size_t len = strcspn(line, "\n");

        next = line + len + (line[len] == '\n');
        line[len] = '\0';
        if (len && line[len - 1] == '\r')
            line[--len] = '\0';
        if (!len)
            break;
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)line[i] < ' ' && line[i] != '\t')
                return 400;
        fault = first ? read_line(r, line) : read_field(r, line, &length_seen);
    }
    return r->method[0] ? fault : 400;
}

static void drop_front(struct visit *v, size_t n)
{
    if (!n)
        return;
    memmove(v->in, v->in + n, v->in_len - n);
    v->in_len -= n;
}

bool request_read(struct visit *v)
{
    struct request *r = &v->request;
    size_t skip = 0, len;
    char head[REQUEST_MAX + 1];

    /* RFC 9112 2.2: an empty line before the request is no harm */
    while (skip < v->in_len && (v->in[skip] == '\r' || v->in[skip] == '\n'))
        skip++;
    drop_front(v, skip);
    len = head_length(v->in, v->in_len);
    if (!len && v->in_len < REQUEST_MAX)
        return false;
    memset(r, 0, sizeof(*r));
    if (!len || len > REQUEST_MAX) {
        r->fault = 431;
    } else {
        memcpy(head, v->in, len);
        head[len] = '\0';
        r->fault = memchr(head, 0, len) ? 400 : read_head(r, head);
        drop_front(v, len);
    }
    if (r->fault)
        r->close = true; /* where the next request begins is not certain */
    return true;
}

/* ---- answering ---------------------------------------------------------------- */

static const char *reason(unsigned status)
{
    switch (status) {
    case 200: return "OK";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
    }
}

void answer_head(struct visit *v, unsigned status, const char *type,
                 const char *more)
{
    struct answer *a = &v->answer;
    FILE *to = open_memstream(&a->head, &a->head_len);

    a->status = status;
    a->close = v->request.close || v->requests >= KEEP_REQUESTS ||
               v->serve->stopping;
    if (!to) {
        v->state = VISIT_OVER;
        return;
    }
    fprintf(to,
            "HTTP/1.1 %u %s\r\nServer: handfast/" HF_VERSION "\r\n"
            "Content-Type: %s\r\nContent-Length: %llu\r\n"
            "X-Content-Type-Options: nosniff\r\n%s%s\r\n",
            status, reason(status), type, (unsigned long long)a->size, more,
            a->close ? "Connection: close\r\n" : "");
    if (fclose(to) != 0)
        v->state = VISIT_OVER;
}

void answer_text(struct visit *v, unsigned status, const char *type, char *body,
                 size_t len)
{
    v->answer.body = body;
    v->answer.body_len = len;
    v->answer.size = len;
    answer_head(v, status, type,
                "Cache-Control: no-store\r\n"
                "Content-Security-Policy: default-src 'none'; "
                "style-src 'unsafe-inline'\r\n");
}

void answer_plain(struct visit *v, unsigned status, const char *text)
{
    char *body = strdup(lang(text));

    answer_text(v, status, "text/plain; charset=utf-8", body,
                body ? strlen(body) : 0);
}

/* What was posted: how many bytes, and their SHA-256. */
static void answer_posted(struct visit *v)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
    char text[160], hash[65] = "";
    unsigned len = 0;

    if (v->digest && EVP_DigestFinal_ex(v->digest, digest, &len) == 1)
        hf_hex(hash, sizeof(hash), hf_span(digest, len));
    snprintf(text, sizeof(text), "%llu bytes, sha256 %s\n",
             (unsigned long long)v->posted, hash);
    answer_plain(v, 200, text);
}

static bool is_method(const struct visit *v, const char *method)
{
    return strcmp(v->request.method, method) == 0;
}

void answer_make(struct visit *v)
{
    const struct request *r = &v->request;
    bool files = v->serve->dir >= 0;

    if (r->fault) {
        char text[80];

        snprintf(text, sizeof(text), "%u %s\n", r->fault, reason(r->fault));
        answer_plain(v, r->fault, text);
    } else if (is_method(v, "POST") || is_method(v, "PUT")) {
        answer_posted(v);
    } else if (!is_method(v, "GET") && !is_method(v, "HEAD")) {
        answer_plain(v, 405, "GET, HEAD or POST, please\n");
    } else if (strcmp(r->path, "/.handfast.json") == 0) {
        page_json(v);
    } else if (strcmp(r->path, "/.handfast") == 0 ||
               (!files && strcmp(r->path, "/") == 0)) {
        page_html(v);
    } else if (files) {
        answer_file(v);
    } else {
        answer_plain(v, 404,
                     "There is a status page at / (and as JSON at "
                     "/.handfast.json); files are served with "
                     "--dir.\n");
    }
}
