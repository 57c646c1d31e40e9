/* proxy.c - through an HTTP proxy to the host: CONNECT (RFC 9110 9.3.6).
 *
 * The proxy sees a name, a port and ciphertext; TLS runs through it with the
 * host itself.
 */
#include "base/base.h"
#include "client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first of several environment variables that is not empty. */
static const char *first_of(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* Is @host in the list ".example.org, localhost, *"?  A name covers the
 * names below it. */
static bool excepted(const char *list, const char *host)
{
    size_t len = strlen(host);
    while (list && *list) {
        list += strspn(list, " ,");
        size_t n = strcspn(list, " ,");
        const char *name = list;
        list += n;
        if (n == 1 && *name == '*')
            return true;
        if (n && *name == '.') {
            name++;
            n--;
        }
        if (n == 0 || n > len || strncasecmp(host + len - n, name, n))
            continue;
        if (n == len || host[len - n - 1] == '.')
            return true;
    }
    return false;
}

const char *proxy_for(const char *said, const char *except, const char *host)
{
    static const char *const proxies[] = { "https_proxy", "HTTPS_PROXY",
                                           "all_proxy", "ALL_PROXY", NULL };
    static const char *const none[] = { "no_proxy", "NO_PROXY", NULL };
    const char *proxy = said ? said : first_of(proxies);
    if (!proxy || !*proxy || excepted(except ? except : first_of(none), host))
        return NULL;
    return proxy;
}

/* "name:password" with its %XX undone, as Basic credentials (RFC 7617). */
static void credentials(const char *user, char *out, size_t cap)
{
    uint8_t plain[256];
    size_t n = 0;
    for (; *user && n < sizeof plain; user++) {
        size_t len = 0;
        if (*user == '%' && isxdigit((unsigned char)user[1]) &&
            isxdigit((unsigned char)user[2]) &&
            hf_unhex(hf_span(user + 1, 2), plain + n, 1, &len)) {
            user += 2;
            n += len;
        } else {
            plain[n++] = (uint8_t)*user;
        }
    }
    if (!hf_base64(out, cap, hf_span(plain, n)))
        out[0] = 0;
}

static bool ask(const struct plain *to, const struct url *proxy,
                const char *target, deadline end, struct failure *f)
{
    char request[2048], basic[384] = "";
    int n = snprintf(request, sizeof request,
                     "CONNECT %s HTTP/1.1\r\nHost: %s\r\n"
                     "User-Agent: handfast/" HF_VERSION "\r\n",
                     target, target);
    if (proxy->user[0]) {
        credentials(proxy->user, basic, sizeof basic);
        n += snprintf(request + n, sizeof request - (size_t)n,
                      "Proxy-Authorization: Basic %s\r\n", basic);
    }
    n += snprintf(request + n, sizeof request - (size_t)n, "\r\n");
    return net_write(to, request, (size_t)n, end, f);
}

bool proxy_connect(const struct plain *to, const struct url *proxy,
                   const char *host, const char *port, deadline end,
                   struct failure *f)
{
    char target[HOST_MAX + 40], status[1024], line[4096];
    unsigned minor = 0, code = 0;
    snprintf(target, sizeof target, strchr(host, ':') ? "[%s]:%s" : "%s:%s",
             host, port);
    if (!ask(to, proxy, target, end, f) ||
        !net_line(to, status, sizeof status, end, f))
        return false;
    if (sscanf(status, "HTTP/1.%1u %3u", &minor, &code) != 2)
        return fail_with(f, FAIL_PROXY_REFUSED, "it answered \"%.100s\"",
                         status);
    for (unsigned lines = 0; lines < 256; lines++) {
        if (!net_line(to, line, sizeof line, end, f))
            return false;
        if (line[0])
            continue;
        if (code / 100 == 2)
            return true;
        return fail_with(f, FAIL_PROXY_REFUSED, "it answered \"%.100s\"",
                         status);
    }
    return fail_with(f, FAIL_PROXY_REFUSED, "its answer has no end");
}
