/* http.c - reading HTTP/1.1 answers (RFC 9112), strictly where leniency has
 * let requests and answers be smuggled: one Content-Length, digits only; no
 * Content-Length beside Transfer-Encoding; chunk sizes in hex and bounded.
 *
 * A stream holds up to 16 KiB.  The head is gathered line by line into one
 * text with a ceiling; of the body only what is at hand is ever held.
 */
#include "client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool malformed(struct failure *f, const char *what, const char *line,
                      size_t len)
{
    return fail_with(f, FAIL_NOT_HTTP, "%s: \"%.*s\"", lang(what),
                     (int)(len < 80 ? len : 80), line);
}

/* More bytes into the stream.  1; 0 at the end; -1 failed. */
static int fill(struct stream *in)
{
    if (in->start == in->end)
        in->start = in->end = 0;
    ssize_t n = in->read(in->ctx, in->held + in->end,
                         sizeof in->held - in->end);
    if (n > 0)
        in->end += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

/* ---- the head ------------------------------------------------------------------ */

struct gather {
    char *text;
    size_t len, cap;
};

static bool add(struct gather *g, const void *bytes, size_t len,
                struct failure *f)
{
    if (len > HTTP_HEAD_MAX - g->len)
        return fail_with(f, FAIL_NOT_HTTP, "the head is larger than %d bytes",
                         HTTP_HEAD_MAX);
    if (g->len + len + 1 > g->cap) {
        size_t cap = (g->len + len + 1) * 2;
        char *more = realloc(g->text, cap);
        if (!more)
            return fail_with(f, FAIL_MEMORY, "%s", "");
        g->text = more;
        g->cap = cap;
    }
    memcpy(g->text + g->len, bytes, len);
    g->len += len;
    g->text[g->len] = 0;
    return true;
}

/* Does the text end with an empty line? */
static bool head_ends(const struct gather *g)
{
    return (g->len >= 2 && !memcmp(g->text + g->len - 2, "\n\n", 2)) ||
           (g->len >= 3 && !memcmp(g->text + g->len - 3, "\n\r\n", 3));
}

/* Is what has come so far the beginning of "HTTP/1."? */
static bool plausible(const struct gather *g)
{
    size_t n = g->len < 7 ? g->len : 7;
    return n == 0 || !memcmp(g->text, "HTTP/1.", n);
}

static bool gather_head(struct stream *in, struct gather *g, struct failure *f)
{
    for (;;) {
        if (in->start == in->end) {
            int got = fill(in);
            if (got < 0)
                return false;
            if (got == 0 && g->len == 0)
                return fail_with(f, FAIL_EMPTY, "0 bytes came");
            if (got == 0)
                return fail_with(f, FAIL_PARTIAL,
                                 "the head stops after %zu bytes", g->len);
        }
        const uint8_t *at = in->held + in->start;
        size_t left = in->end - in->start;
        const uint8_t *line = memchr(at, '\n', left);
        size_t n = line ? (size_t)(line - at) + 1 : left;
        if (!add(g, at, n, f))
            return false;
        in->start += n;
        if (!plausible(g))
            return malformed(f, "it begins with", g->text, g->len);
        if (line && head_ends(g))
            return true;
    }
}

/* "HTTP/1.1 200 OK" */
static bool status_line(struct http_head *head, char *line, struct failure *f)
{
    size_t len = strlen(line);
    if (len < 12 || !isdigit((unsigned char)line[7]) || line[8] != ' ' ||
        !isdigit((unsigned char)line[9]) || !isdigit((unsigned char)line[10]) ||
        !isdigit((unsigned char)line[11]) || (len > 12 && line[12] != ' '))
        return malformed(f, "the status line", line, len);
    head->minor = (unsigned)(line[7] - '0');
    head->status = (unsigned)strtoul(line + 9, NULL, 10);
    head->reason = len > 13 ? line + 13 : "";
    if (head->status < 100)
        return malformed(f, "the status", line, len);
    return true;
}

/* A letter of a field's name (RFC 9110 5.6.2). */
static bool token(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) &&
            (!name[i] || !strchr("!#$%&'*+-.^_`|~", name[i])))
            return false;
    return len > 0;
}

static bool field_line(struct http_head *head, char *line, struct failure *f)
{
    char *colon = strchr(line, ':');
    if (!colon || !token(line, (size_t)(colon - line)))
        return malformed(f, "a field", line, strlen(line));
    if (head->fields == HTTP_FIELDS_MAX)
        return fail_with(f, FAIL_NOT_HTTP, "more than %d fields",
                         HTTP_FIELDS_MAX);
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t n = strlen(value);
    while (n > 0 && strchr(" \t", value[n - 1]))
        n--;
    value[n] = 0;
    *colon = 0;
    head->field[head->fields].name = line;
    head->field[head->fields++].value = value;
    return true;
}

/* Cut the text into lines and those into names and values. */
static bool parse_head(struct http_head *head, struct failure *f)
{
    char *line = head->text;
    for (unsigned number = 0; *line; number++) {
        char *end = strchr(line, '\n');
        char *next = end ? end + 1 : line + strlen(line);
        if (end && end > line && end[-1] == '\r')
            end--;
        if (end)
            *end = 0;
        if (number > 0 && !*line)
            return true;
        if (number > 0 && (*line == ' ' || *line == '\t'))
            return malformed(f, "a folded field (RFC 9112 5.2)", line,
                             strlen(line));
        if (number == 0 ? !status_line(head, line, f)
                        : !field_line(head, line, f))
            return false;
        line = next;
    }
    return true;
}

void http_head_wipe(struct http_head *head)
{
    free(head->text);
    free(head->raw);
    memset(head, 0, sizeof *head);
}

bool http_read_head(struct stream *in, struct http_head *head,
                    struct failure *f)
{
    struct gather g = { 0 };
    memset(head, 0, sizeof *head);
    if (!gather_head(in, &g, f)) {
        free(g.text);
        return false;
    }
    if (!g.text || memchr(g.text, 0, g.len)) {
        free(g.text);
        return fail_with(f, FAIL_NOT_HTTP, "a zero byte in the head");
    }
    head->raw = g.text;
    head->size = g.len;
    head->text = strdup(g.text);
    if (!head->text)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    return parse_head(head, f);
}

const char *http_find(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->fields; i++)
        if (!strcasecmp(head->field[i].name, name))
            return head->field[i].value;
    return NULL;
}

/* ---- the body ------------------------------------------------------------------- */

/* Digits only, no sign, no overflow. */
static bool length_read(const char *text, uint64_t *out)
{
    uint64_t n = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || n > UINT64_MAX / 10 - 1)
            return false;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *out = n;
    return true;
}

/* All Content-Length fields, which must agree. */
static bool content_length(const struct http_head *head, bool *there,
                           uint64_t *out, struct failure *f)
{
    *there = false;
    for (size_t i = 0; i < head->fields; i++) {
        uint64_t one;
        const char *value = head->field[i].value;
        if (strcasecmp(head->field[i].name, "Content-Length"))
            continue;
        if (!length_read(value, &one) || (*there && one != *out))
            return malformed(f, "Content-Length", value, strlen(value));
        *out = one;
        *there = true;
    }
    return true;
}

bool http_body_of(const struct http_head *head, bool head_request,
                  struct http_body *body, struct failure *f)
{
    bool has_length;
    const char *coding = http_find(head, "Transfer-Encoding");
    memset(body, 0, sizeof *body);
    if (head_request || head->status < 200 || head->status == 204 ||
        head->status == 304)
        return true; /* HTTP_NO_BODY */
    if (!content_length(head, &has_length, &body->left, f))
        return false;
    if (coding && has_length)
        return fail_with(f, FAIL_NOT_HTTP,
                         "Content-Length beside Transfer-Encoding");
    if (coding && strcasecmp(coding, "chunked"))
        return fail_with(f, FAIL_NOT_HTTP,
                         "Transfer-Encoding \"%.60s\" was not asked for",
                         coding);
    body->framing = coding       ? HTTP_CHUNKED
                    : has_length ? HTTP_LENGTH
                                 : HTTP_TO_END;
    return true;
}

/* What is at hand, at most @most bytes of it.  -1, 0 at the end, 1. */
static int at_hand(struct stream *in, uint64_t most, struct hf_span *out)
{
    if (in->start == in->end) {
        int got = fill(in);
        if (got <= 0)
            return got;
    }
    size_t n = in->end - in->start;
    if (n > most)
        n = (size_t)most;
    *out = (struct hf_span){ in->held + in->start, n };
    in->start += n;
    return 1;
}

static bool partial(struct failure *f, uint64_t left)
{
    return fail_with(f, FAIL_PARTIAL, "%llu bytes are missing",
                     (unsigned long long)left);
}

/* A line of the chunked coding, without its end. */
static bool chunk_line(struct stream *in, char *line, size_t cap,
                       struct failure *f)
{
    size_t n = 0;
    for (;;) {
        struct hf_span byte;
        int got = at_hand(in, 1, &byte);
        if (got < 0)
            return false;
        if (got == 0)
            return fail_with(f, FAIL_PARTIAL, "the stream ends between chunks");
        if (*byte.at == '\n')
            break;
        if (n + 1 >= cap)
            return malformed(f, "a chunk's line", line, n);
        line[n++] = (char)*byte.at;
    }
    if (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = 0;
    return true;
}

/* The size of the next chunk; extensions behind ';' mean nothing to us. */
static bool chunk_size(struct stream *in, struct http_body *body,
                       struct failure *f)
{
    char line[4096], *end;
    line[0] = 0;
    if (body->started && (!chunk_line(in, line, sizeof line, f) || *line))
        return f->code ? false
                       : malformed(f, "after a chunk", line, strlen(line));
    body->started = true;
    if (!chunk_line(in, line, sizeof line, f))
        return false;
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 15 ||
        (line[digits] && !strchr("; \t", line[digits])))
        return malformed(f, "a chunk's size", line, strlen(line));
    body->left = strtoull(line, &end, 16);
    if (body->left > 0)
        return true;
    body->trailer = true;
    for (unsigned n = 0; n < HTTP_FIELDS_MAX; n++) {
        if (!chunk_line(in, line, sizeof line, f))
            return false;
        if (!*line)
            return true;
    }
    return fail_with(f, FAIL_NOT_HTTP, "more than %d trailing fields",
                     HTTP_FIELDS_MAX);
}

bool http_read_body(struct stream *in, struct http_body *body,
                    struct hf_span *out, struct failure *f)
{
    *out = (struct hf_span){ 0 };
    if (body->framing == HTTP_NO_BODY || body->trailer)
        return true;
    if (body->framing == HTTP_CHUNKED && body->left == 0 &&
        !chunk_size(in, body, f))
        return false;
    if (body->trailer || (body->framing == HTTP_LENGTH && body->left == 0))
        return true;

    bool counted = body->framing != HTTP_TO_END;
    int got = at_hand(in, counted ? body->left : UINT64_MAX, out);
    if (got < 0)
        return false;
    if (got == 0)
        return counted ? partial(f, body->left) : true;
    if (counted)
        body->left -= out->len;
    return true;
}
