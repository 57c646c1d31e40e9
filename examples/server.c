/* server.c - a TLS server in fifteen lines, besides the listening.
 *
 *     server PORT CHAIN.pem KEY.pem [LIFETIME]
 *
 * One client after the other: reads a request up to its blank line, answers in
 * HTTP with what was agreed upon, closes.  A client that dawdles is dropped at
 * the deadline, one that breaks the rules is told by an alert; either way the
 * next one is served.  With PORT 0 the system picks one, which is printed.
 * With LIFETIME it ends after so many clients. */
#include <handfast/handfast.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket that listens on @port of all addresses, IPv4 too. */
static int listen_on(const char *port)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6,
                               .sin6_port = htons(
                                   (uint16_t)strtoul(port, NULL, 10)) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        err(1, "port %s", port);
    printf("listening on port %d\n", ntohs(at.sin6_port));
    fflush(stdout);
    return fd;
}

/* A request that ends with a blank line; false if it does not. */
static bool read_request(struct hf_tls *tls, char *request, size_t cap)
{
    size_t have = 0;
    ssize_t n;

    while ((n = hf_read(tls, request + have, cap - 1 - have)) > 0) {
        have += (size_t)n;
        request[have] = '\0';
        if (strstr(request, "\r\n\r\n"))
            return true;
        if (have == cap - 1)
            break;
    }
    return false;
}

static void serve(struct hf_tls *tls)
{
    char request[8192], answer[512];
    struct hf_conn *conn = hf_tls_conn(tls);
    int len;

    if (read_request(tls, request, sizeof(request))) {
        len = snprintf(answer, sizeof(answer),
                       "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                       "Hello over %s with %s and %s.\n",
                       hf_version_name(hf_conn_version(conn)),
                       hf_suite_name(hf_conn_suite(conn)),
                       hf_group_name(hf_conn_group(conn)));
        if (hf_write(tls, answer, (size_t)len) == len)
            hf_close(tls);
    }
    if (hf_tls_error(tls)->code)
        fprintf(stderr, "server: %s\n", hf_tls_reason(tls));
}

int main(int argc, char **argv)
{
    struct hf_config *config = hf_config_new();
    long lifetime;
    int listener;

    if (argc < 4 || argc > 5)
        errx(2, "usage: server PORT CHAIN.pem KEY.pem [LIFETIME]");
    if (!config || !hf_config_add_keypair_file(config, argv[2], argv[3]))
        errx(1, "%s", config ? hf_config_error(config)->detail : "no memory");
    lifetime = argc > 4 ? strtol(argv[4], NULL, 10) : -1;
    listener = listen_on(argv[1]);
    while (lifetime < 0 || lifetime-- > 0) {
        int fd = accept(listener, NULL, NULL);
        struct hf_tls *tls = fd < 0 ? NULL : hf_accept(config, fd);

        if (!tls)
            err(1, "accept");
        hf_tls_own_fd(tls);
        hf_tls_set_deadline(tls, 10000);
        serve(tls);
        hf_tls_free(tls);
    }
    close(listener);
    hf_config_free(config);
    return 0;
}
