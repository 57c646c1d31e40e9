/* url.c - URLs, as far as they name an HTTPS resource (RFC 3986).
 *
 *     scheme :// user @ host : port /path ? query # fragment
 *
 * A host is a name of letters, digits, hyphens, underscores and dots (others are
 * translated, idn.c), an IPv4 address, or an IPv6 address in brackets.  Control characters, blanks and
 * backslashes are refused everywhere: they are how requests are smuggled.
 */
#include "client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

bool is_address(const char *host)
{
    unsigned char room[16];
    return inet_pton(AF_INET, host, room) == 1 ||
           inet_pton(AF_INET6, host, room) == 1;
}

static bool bad(struct failure *f, const char *text, const char *why)
{
    return fail_with(f, FAIL_URL, "\"%.120s\": %s", text, lang(why));
}

static bool copy(char *out, size_t cap, const char *text, size_t len)
{
    if (len >= cap)
        return false;
    memcpy(out, text, len);
    out[len] = 0;
    return true;
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return len > 0;
}

/* Digits from 1 to 65535, without leading zeros. */
static bool port_read(const char *text, size_t len, char *out, size_t cap)
{
    unsigned long number = 0;
    while (len > 1 && *text == '0') {
        text++;
        len--;
    }
    if (!all_digits(text, len) || len > 5)
        return false;
    for (size_t i = 0; i < len; i++)
        number = number * 10 + (unsigned long)(text[i] - '0');
    return number > 0 && number <= 65535 && copy(out, cap, text, len);
}

/* @rest stands behind a host: nothing, or ":port". */
static bool port_after(const char *rest, size_t len, char *port, size_t cap)
{
    port[0] = 0;
    if (len == 0 || (len == 1 && *rest == ':'))
        return true;
    return *rest == ':' && port_read(rest + 1, len - 1, port, cap);
}

static bool split(const char *text, size_t len, char *host, size_t host_cap,
                  char *port, size_t port_cap, bool *brackets)
{
    const char *end = NULL;
    *brackets = len > 0 && text[0] == '[';
    if (*brackets) {
        end = memchr(text, ']', len);
        if (!end || !copy(host, host_cap, text + 1, (size_t)(end - text - 1)))
            return false;
        end++;
    } else {
        end = memchr(text, ':', len);
        end = end ? end : text + len;
        if (!copy(host, host_cap, text, (size_t)(end - text)))
            return false;
    }
    /* What cannot be translated stays, for who looks at it next. */
    const char *why;
    char ascii[HOST_MAX];
    if (name_to_ascii(host, ascii, sizeof ascii, &why))
        copy(host, host_cap, ascii, strlen(ascii));
    for (char *p = host; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return port_after(end, len - (size_t)(end - text), port, port_cap);
}

bool host_port_read(const char *text, char *host, size_t host_cap, char *port,
                    size_t port_cap)
{
    bool brackets;
    /* "::1" alone is an address, not a host and a port */
    if (text[0] != '[' && is_address(text) && strchr(text, ':')) {
        port[0] = 0;
        return copy(host, host_cap, text, strlen(text));
    }
    return split(text, strlen(text), host, host_cap, port, port_cap, &brackets);
}

bool host_any_port_read(const char *text, char *host, size_t host_cap,
                        char *port, size_t port_cap)
{
    char before[HOST_MAX + 2];
    size_t len = strlen(text);
    if (is_address(text) || len < 2 || strcmp(text + len - 2, ":0") ||
        !copy(before, sizeof before, text, len - 2))
        return host_port_read(text, host, host_cap, port, port_cap);
    return host_port_read(before, host, host_cap, port, port_cap) && !port[0] &&
           copy(port, port_cap, "0", 1);
}

static const char *host_fault(const struct url *url)
{
    unsigned char room[16];
    char ascii[HOST_MAX];
    const char *why;
    if (!url->host[0])
        return "there is no host";
    if (!name_to_ascii(url->host, ascii, sizeof ascii, &why) && why)
        return why;
    if (url->ip6)
        return inet_pton(AF_INET6, url->host, room) == 1
                   ? NULL
                   : "no IPv6 address in the brackets";
    for (const char *p = url->host; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
            return "a character that no host name has";
    }
    return NULL;
}

/* "https://" or nothing; how long it is. */
static bool scheme_read(const char *text, struct url *out, size_t *len)
{
    size_t n = strcspn(text, ":/?#");
    *len = 0;
    strcpy(out->scheme, "https");
    if (strncmp(text + n, "://", 3))
        return true;
    if (!copy(out->scheme, sizeof out->scheme, text, n))
        return false;
    for (char *p = out->scheme; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    *len = n + 3;
    return n > 0;
}

static bool authority_read(const char *at, size_t len, struct url *out,
                           struct failure *f, const char *text)
{
    const char *user_end = NULL;
    for (size_t i = 0; i < len; i++)
        if (at[i] == '@')
            user_end = at + i;
    if (user_end) {
        if (!copy(out->user, sizeof out->user, at, (size_t)(user_end - at)))
            return bad(f, text, "the user's name is too long");
        len -= (size_t)(user_end + 1 - at);
        at = user_end + 1;
    }
    if (!split(at, len, out->host, sizeof out->host, out->port,
               sizeof out->port, &out->ip6))
        return bad(f, text, "the host or the port cannot be read");
    const char *fault = host_fault(out);
    if (fault)
        return bad(f, text, fault);
    const char *usual = strcmp(out->scheme, "http") ? "443" : "80";
    if (!out->port[0])
        snprintf(out->port, sizeof out->port, "%s", usual);
    out->plain_port = !strcmp(out->port, usual);
    return true;
}

/* The path as it is sent: no fragment, bytes beyond ASCII escaped. */
static bool path_read(const char *at, struct url *out)
{
    size_t n = 0;
    if (*at != '/')
        out->path[n++] = '/';
    for (; *at && *at != '#'; at++) {
        if (n + 4 > sizeof out->path)
            return false;
        if ((unsigned char)*at >= 0x80)
            n += (size_t)snprintf(out->path + n, 4, "%%%02X",
                                  (unsigned char)*at);
        else
            out->path[n++] = *at;
    }
    out->path[n] = 0;
    return true;
}

bool url_read(const char *text, struct url *out, struct failure *f)
{
    size_t scheme;
    memset(out, 0, sizeof *out);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7f || *p == '\\')
            return bad(f, text,
                       "blanks, control characters and backslashes "
                       "must be written as %20 and so on");
    if (!scheme_read(text, out, &scheme))
        return bad(f, text, "the scheme cannot be read");
    const char *authority = text + scheme;
    size_t len = strcspn(authority, "/?#");
    if (!authority_read(authority, len, out, f, text))
        return false;
    if (!path_read(authority + len, out))
        return bad(f, text, "it is too long");
    return true;
}

void url_authority(const struct url *url, char *out, size_t cap)
{
    snprintf(out, cap, "%s%s%s%s%s", url->ip6 ? "[" : "", url->host,
             url->ip6 ? "]" : "", url->plain_port ? "" : ":",
             url->plain_port ? "" : url->port);
}

void url_text(const struct url *url, char *out, size_t cap)
{
    char authority[HOST_MAX + 16];
    url_authority(url, authority, sizeof authority);
    snprintf(out, cap, "%s://%s%s", url->scheme, authority, url->path);
}

/* Take "." and ".." out of a path (RFC 3986 5.2.4), in place. */
static void remove_dots(char *path)
{
    char *query = path + strcspn(path, "?");
    char *to = path, *from = path;
    while (from < query) {
        char *next = from + 1;
        while (next < query && *next != '/')
            next++;
        size_t len = (size_t)(next - from);
        bool last = next == query;
        if (len == 2 && !strncmp(from, "/.", 2)) {
            if (last)
                *to++ = '/';
        } else if (len == 3 && !strncmp(from, "/..", 3)) {
            while (to > path && *--to != '/')
                ;
            if (last)
                *to++ = '/';
        } else {
            memmove(to, from, len);
            to += len;
        }
        from = next;
    }
    if (to == path)
        *to++ = '/';
    memmove(to, query, strlen(query) + 1);
}

/* Everything up to and with the last '/' before the query. */
static size_t directory_len(const char *path)
{
    size_t end = strcspn(path, "?");
    while (end > 0 && path[end - 1] != '/')
        end--;
    return end;
}

bool url_join(const struct url *base, const char *location, struct url *out,
              struct failure *f)
{
    char whole[URL_MAX + HOST_MAX + 64];
    char authority[HOST_MAX + 16];
    size_t scheme = strcspn(location, ":/?#");
    int n;

    url_authority(base, authority, sizeof authority);
    if (location[scheme] == ':' && scheme > 0)
        n = snprintf(whole, sizeof whole, "%s", location);
    else if (!strncmp(location, "//", 2))
        n = snprintf(whole, sizeof whole, "%s:%s", base->scheme, location);
    else if (location[0] == '/')
        n = snprintf(whole, sizeof whole, "%s://%s%s", base->scheme, authority,
                     location);
    else if (location[0] == '?')
        n = snprintf(whole, sizeof whole, "%s://%s%.*s%s", base->scheme,
                     authority, (int)strcspn(base->path, "?"), base->path,
                     location);
    else
        n = snprintf(whole, sizeof whole, "%s://%s%.*s%s", base->scheme,
                     authority, (int)directory_len(base->path), base->path,
                     location);
    if (n < 0 || (size_t)n >= sizeof whole)
        return bad(f, location, "it is too long");
    if (location[scheme] == ':' && scheme > 0 &&
        strncmp(location + scheme, "://", 3))
        return fail_with(f, FAIL_SCHEME, "the redirect leads to \"%.120s\"",
                         location);
    if (!url_read(whole, out, f))
        return false;
    remove_dots(out->path);
    return true;
}
