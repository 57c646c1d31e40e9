/* request.c - the text of a request (RFC 9112 3), with curl's rules for -H:
 * "Name: value" adds or replaces, "Name:" removes, "Name;" sends it empty.
 */
#include "get.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool text_add(struct body_text *t, const void *bytes, size_t len,
              struct failure *f)
{
    if (t->len + len + 1 > t->cap) {
        size_t cap = (t->len + len + 1) * 2;
        char *more = realloc(t->at, cap);
        if (!more)
            return fail_with(f, FAIL_MEMORY, "%zu bytes", cap);
        t->at = more;
        t->cap = cap;
    }
    if (len)
        memcpy(t->at + t->len, bytes, len);
    t->len += len;
    t->at[t->len] = 0;
    return true;
}

bool text_addf(struct body_text *t, struct failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);
    if (!text)
        return fail_with(f, FAIL_MEMORY, "%s", "");
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    bool good = text_add(t, text, (size_t)n, f);
    free(text);
    return good;
}

/* ---- -d ------------------------------------------------------------------------ */

/* "@file": its bytes without line ends, as curl's -d has it. */
static bool add_file(struct body_text *out, const char *path, struct failure *f)
{
    char room[8192];
    bool input = !strcmp(path, "-");
    FILE *file = input ? stdin : fopen(path, "rb");
    size_t n;
    bool good = true;
    if (!file)
        return fail_with(f, FAIL_INPUT, "%.200s: %s", path, lang_errno(errno));
    while (good && (n = fread(room, 1, sizeof room, file)) > 0) {
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (room[i] != '\r' && room[i] != '\n' && room[i])
                room[kept++] = room[i];
        good = text_add(out, room, kept, f);
    }
    if (good && ferror(file))
        good = fail_with(f, FAIL_INPUT, "%.200s: %s", path, lang_errno(errno));
    if (!input)
        fclose(file);
    return good;
}

bool request_data(const struct get *get, struct body_text *out,
                  struct failure *f)
{
    if (!text_add(out, "", 0, f))
        return false;
    for (size_t i = 0; i < get->data.count; i++) {
        const char *piece = get->data.at[i];
        if (i > 0 && !text_add(out, "&", 1, f))
            return false;
        if (*piece == '@' ? !add_file(out, piece + 1, f)
                          : !text_add(out, piece, strlen(piece), f))
            return false;
    }
    return true;
}

/* ---- fields ---------------------------------------------------------------------- */

/* Does @header ("Name: value") carry the name? */
static bool is_field(const char *header, const char *name)
{
    size_t n = strlen(name);
    return !strncasecmp(header, name, n) &&
           (header[n] == ':' || header[n] == ';');
}

/* Said with -H? */
static bool overridden(const struct get *get, const char *name)
{
    for (size_t i = 0; i < get->headers.count; i++)
        if (is_field(get->headers.at[i], name))
            return true;
    return false;
}

/* What is meant for one host must not go to another. */
static bool withheld(const struct fetch *fetch, const char *header)
{
    bool same = !strcmp(fetch->url.host, fetch->first_host) &&
                !strcmp(fetch->url.port, fetch->first_port);
    return !same && (is_field(header, "Authorization") ||
                     is_field(header, "Cookie") || is_field(header, "Host"));
}

static bool add_own(const struct fetch *fetch, struct body_text *out,
                    struct failure *f)
{
    const struct get *get = fetch->get;
    for (size_t i = 0; i < get->headers.count; i++) {
        const char *header = get->headers.at[i];
        size_t name = strcspn(header, ":;");
        const char *value = header[name] ? header + name + 1 : header + name;
        if (strpbrk(header, "\r\n"))
            return fail_with(f, FAIL_URL, "-H with a line end in it");
        if (withheld(fetch, header))
            continue;
        value += strspn(value, " \t");
        if (header[name] == ':' && !*value)
            continue;
        if (header[name] == ';' && *value)
            continue;
        if (!text_add(out, header, name, f) || !text_add(out, ": ", 2, f) ||
            !text_add(out, value, strlen(value), f) ||
            !text_add(out, "\r\n", 2, f))
            return false;
    }
    return true;
}

/* "Name: value" unless -H says otherwise. */
static bool add_usual(const struct fetch *fetch, struct body_text *out,
                      const char *name, const char *value, struct failure *f)
{
    bool host = !strcmp(name, "Host");
    bool moved = strcmp(fetch->url.host, fetch->first_host) ||
                 strcmp(fetch->url.port, fetch->first_port);
    if (overridden(fetch->get, name) && !(host && moved))
        return true;
    return text_addf(out, f, "%s: %s\r\n", name, value);
}

bool request_text(const struct fetch *fetch, struct body_text *out,
                  struct failure *f)
{
    const struct get *get = fetch->get;
    char host[HOST_MAX + 16], length[32];
    url_authority(&fetch->url, host, sizeof host);
    bool good = text_addf(out, f, "%s ", fetch->method) &&
                text_add(out, fetch->url.path, strlen(fetch->url.path), f) &&
                text_add(out, " HTTP/1.1\r\n", 11, f) &&
                add_usual(fetch, out, "Host", host, f) &&
                add_usual(fetch, out, "User-Agent",
                          get->user_agent ? get->user_agent
                                          : "handfast/" HF_VERSION,
                          f) &&
                add_usual(fetch, out, "Accept", "*/*", f) &&
                add_own(fetch, out, f);
    if (good && !strcmp(fetch->method, "POST")) {
        snprintf(length, sizeof length, "%zu",
                 fetch->has_data ? fetch->data.len : (size_t)0);
        good = add_usual(fetch, out, "Content-Length", length, f) &&
               (!fetch->has_data ||
                add_usual(fetch, out, "Content-Type",
                          "application/x-www-form-urlencoded", f));
    }
    return good && text_add(out, "\r\n", 2, f);
}
