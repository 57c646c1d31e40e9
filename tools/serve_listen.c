/* serve_listen.c - where a server can be reached: its sockets, and the folder
 * with the authority to trust, which is gone when the server is. */
#include "api/api.h"
#include "serve.h"

#include "files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_PORT = 8443, LAST_PORT = 8543, BACKLOG = 128 };

/* ---- sockets -------------------------------------------------------------------- */

/* A socket that listens at @info, or -1 with errno. */
static int listen_at(const struct addrinfo *info)
{
    const int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    0);
    int error;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    char port[8];

    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0 ||
        getnameinfo((struct sockaddr *)&at, len, NULL, 0, port, sizeof(port),
                    NI_NUMERICSERV) != 0)
        return 0;
    return (unsigned)strtoul(port, NULL, 10);
}

static void unlisten(struct serve *s)
{
    while (s->listeners)
        close(s->listener[--s->listeners]);
}

static void set_port(struct addrinfo *at, unsigned port)
{
    if (at->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_port = htons(
            (uint16_t)port);
    else if (at->ai_family == AF_INET)
        ((struct sockaddr_in *)(void *)at->ai_addr)->sin_port = htons(
            (uint16_t)port);
}

/* Listen on @port at every address that @host has: 0, or an errno, or -1 if
 * the host has none.  Port 0 is one that the first address has free, and then
 * the others too. */
static int try_port(struct serve *s, const char *host, unsigned port)
{
    bool near = host && hf_is_localhost(host);
    const struct addrinfo want = { .ai_socktype = SOCK_STREAM,
                                   .ai_flags = near ? 0 : AI_PASSIVE };
    struct addrinfo *all = NULL;
    char text[8];
    int error = -1;

    snprintf(text, sizeof(text), "%u", port);
    if (getaddrinfo(near ? NULL : host, text, &want, &all) != 0)
        return -1;
    for (struct addrinfo *one = all; one && s->listeners < 2;
         one = one->ai_next) {
        int fd;

        set_port(one, port);
        fd = listen_at(one);
        /* a machine without IPv6 does with one address */
        if (fd < 0 && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) {
            error = errno;
            unlisten(s);
            break;
        }
        if (fd < 0)
            continue;
        s->listener[s->listeners++] = fd;
        error = 0;
        if (port == 0)
            port = port_of(fd);
    }
    freeaddrinfo(all);
    if (s->listeners)
        s->port = port_of(s->listener[0]);
    return error;
}

static int refuse(const struct serve *s, const char *host, unsigned port,
                  int error)
{
    if (error == -1)
        return tool_error(s->tool, HF_EXIT_RESOLVE,
                          "there is no address \"%s\" to listen at", host);
    if (error == EADDRINUSE)
        return tool_error(s->tool, HF_EXIT_CONNECT,
                          "port %u is taken; without --port the next free one "
                          "is used",
                          port);
    return tool_error(s->tool, HF_EXIT_CONNECT, "cannot listen at %s:%u: %s",
                      host, port, lang_errno(error));
}

/* "HOST:PORT", ":PORT", "PORT": s_server's -accept. */
static bool split_accept(const struct serve *s, char *host, size_t cap,
                         unsigned *port)
{
    const char *accept = s->words->accept;
    char text[8], *end, said[HOST_MAX] = "";
    unsigned long number;

    if (!accept)
        return true;
    if (strspn(accept, "0123456789") == strlen(accept))
        snprintf(text, sizeof(text), "%.6s", accept);
    else if (!host_any_port_read(accept, said, sizeof(said), text,
                                 sizeof(text)))
        return false;
    number = strtoul(text, &end, 10);
    if (!text[0] || *end || number > 65535)
        return false;
    *port = (unsigned)number;
    if (said[0])
        snprintf(host, cap, "%s", said);
    return true;
}

int serve_listen(struct serve *s)
{
    const struct serve_words *w = s->words;
    bool chosen = w->port_said || w->accept;
    char host[HOST_MAX];
    unsigned port = w->port_said ? (unsigned)w->port : FIRST_PORT, tries = 16;
    int error;

    snprintf(host, sizeof(host), "%s", w->host ? w->host : "localhost");
    if (w->port > 65535 || !split_accept(s, host, sizeof(host), &port))
        return usage_error(s->tool, "a port is a number up to 65535");
    do
        error = try_port(s, strcmp(host, "*") ? host : NULL, port);
    while (error == EADDRINUSE &&
           (port == 0 ? --tries > 0 : !chosen && port++ < LAST_PORT));
    return error ? refuse(s, host, port, error) : 0;
}

/* ---- the folder -------------------------------------------------------------------- */

static bool write_issued(const struct issued *it, bool chain, bool with_key,
                         const char *path, struct hf_error *error)
{
    char *cert = chain ? issued_chain_pem(it) : issued_pem(it);
    char *key = with_key ? issued_key_pem(it) : NULL, *all = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&all, &len);
    bool good = cert && to && (key || !with_key);

    if (to) {
        fprintf(to, "%s%s", cert ? cert : "", key ? key : "");
        good = fclose(to) == 0 && good;
    }
    good = good ? file_write(path, all, with_key, true, error)
                : hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    if (key)
        hf_wipe(key, strlen(key));
    if (all)
        hf_wipe(all, len);
    free(cert);
    free(key);
    free(all);
    return good;
}

int serve_folder(struct serve *s, const struct issued *ca,
                 const struct issued *client)
{
    struct hf_error error = { 0 };
    char name[40];
    bool good;

    snprintf(name, sizeof(name), "handfast/%u", s->port);
    if (!path_runtime(s->folder, sizeof(s->folder), name, &error)) {
        s->folder[0] = '\0';
        return error_tell(s->tool, HF_EXIT_WRITE, &error, NULL);
    }
    snprintf(s->ca_path, sizeof(s->ca_path), "%s/ca.pem", s->folder);
    good = write_issued(ca, false, false, s->ca_path, &error);
    if (good && client) {
        snprintf(s->client_path, sizeof(s->client_path), "%s/client.pem",
                 s->folder);
        good = write_issued(client, true, true, s->client_path, &error);
    }
    issued_fingerprint(ca, s->fingerprint);
    return good ? 0 : error_tell(s->tool, HF_EXIT_WRITE, &error, NULL);
}

void serve_vanish(struct serve *s)
{
    char *slash;

    if (s->ca_path[0])
        unlink(s->ca_path);
    if (s->client_path[0])
        unlink(s->client_path);
    if (!s->folder[0])
        return;
    rmdir(s->folder);
    slash = strrchr(s->folder, '/');
    if (slash && strstr(s->folder, "/handfast/")) {
        *slash = '\0';
        rmdir(s->folder); /* unless another server's is in it */
    }
    s->folder[0] = '\0';
}
