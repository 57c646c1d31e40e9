/* json.c - a JSON writer (RFC 8259): one document to one stream, indented by
 * two blanks, keys in the order written.
 *
 * There is no reader and no tree; the writer keeps one bracket per depth and
 * whether a comma is due.
 */
#include "tool.h"

#include <assert.h>
#include <string.h>

static void string(struct json *j, const void *bytes, size_t len);

/* Comma, new line, indentation and key before a value. */
static void before(struct json *j, const char *key)
{
    if (j->depth == 0)
        return;
    if (!j->first)
        putc(',', j->to);
    if (j->line)
        fputs(j->first ? "" : " ", j->to);
    else
        fprintf(j->to, "\n%*s", (int)(2 * j->depth), "");
    j->first = false;
    if (key) {
        string(j, key, strlen(key));
        fputs(": ", j->to);
    }
}

/* The length of a well-formed UTF-8 sequence (RFC 3629 4), or 0. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static void string(struct json *j, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    putc('"', j->to);
    for (size_t at = 0; at < len;) {
        size_t n = utf8_len(p + at, len - at);
        if (n == 0)
            fputs("\xef\xbf\xbd", j->to);
        else if (p[at] == '"' || p[at] == '\\')
            fprintf(j->to, "\\%c", p[at]);
        else if (p[at] < 0x20 || p[at] == 0x7f)
            fprintf(j->to, "\\u%04x", p[at]);
        else
            fwrite(p + at, 1, n, j->to);
        at += n ? n : 1;
    }
    putc('"', j->to);
}

void json_start(struct json *j, FILE *to, const char *schema)
{
    *j = (struct json){ .to = to };
    json_open(j, NULL, '{');
    json_text(j, "schema", schema);
}

void json_finish(struct json *j)
{
    while (j->depth)
        json_close(j);
    putc('\n', j->to);
}

void json_open(struct json *j, const char *key, char bracket)
{
    assert(j->depth + 1 < sizeof j->brackets);
    before(j, key);
    putc(bracket, j->to);
    j->brackets[j->depth++] = bracket == '{' ? '}' : ']';
    j->first = true;
}

void json_open_line(struct json *j, const char *key, char bracket)
{
    json_open(j, key, bracket);
    if (!j->line)
        j->line = j->depth;
}

void json_close(struct json *j)
{
    assert(j->depth > 0);
    j->depth--;
    if (!j->first && !j->line)
        fprintf(j->to, "\n%*s", (int)(2 * j->depth), "");
    putc(j->brackets[j->depth], j->to);
    j->first = false;
    if (j->line > j->depth)
        j->line = 0;
}

void json_null(struct json *j, const char *key)
{
    before(j, key);
    fputs("null", j->to);
}

void json_bytes(struct json *j, const char *key, struct hf_span bytes)
{
    before(j, key);
    string(j, bytes.at, bytes.len);
}

void json_text(struct json *j, const char *key, const char *text)
{
    if (!text) {
        json_null(j, key);
        return;
    }
    before(j, key);
    string(j, text, strlen(text));
}

void json_hex(struct json *j, const char *key, struct hf_span bytes)
{
    before(j, key);
    putc('"', j->to);
    for (size_t i = 0; i < bytes.len; i++)
        fprintf(j->to, "%02x", bytes.at[i]);
    putc('"', j->to);
}

void json_number(struct json *j, const char *key, int64_t number)
{
    before(j, key);
    fprintf(j->to, "%lld", (long long)number);
}

void json_ms(struct json *j, const char *key, double number)
{
    before(j, key);
    fprintf(j->to, "%.3f", number);
}

void json_bool(struct json *j, const char *key, bool value)
{
    before(j, key);
    fputs(value ? "true" : "false", j->to);
}

void json_failure(struct json *j, const struct failure *f)
{
    const struct hf_error *e = &f->error;
    if (!f->code) {
        json_null(j, "error");
        return;
    }
    json_open(j, "error", '{');
    json_text(j, "code", f->code);
    json_number(j, "exit", f->exit);
    json_text(j, "text", lang(f->text));
    json_text(j, "detail", f->detail);
    json_text(j, "try", lang(f->next));
    json_text(j, "alert", e->alert ? hf_alert_name(e->alert) : NULL);
    json_bool(j, "by_peer", e->by_peer);
    json_text(j, "layout", e->layout);
    json_text(j, "field", e->field);
    if (e->layout)
        json_number(j, "byte", (int64_t)e->byte);
    else
        json_null(j, "byte");
    json_close(j);
}

void json_error(struct json *j, const struct hf_error *error, int exit)
{
    struct failure f = { 0 };
    if (error->code != HF_OK) {
        fail_error(&f, error, false);
        f.exit = exit;
    }
    json_failure(j, &f);
}
