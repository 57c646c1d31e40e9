/* client.c - a verified TLS client in fifteen lines.
 *
 *     printf 'GET / HTTP/1.0\r\n\r\n' | client example.org 443
 *     client HOST PORT [AUTHORITIES.pem]
 *
 * What stands on standard input is sent, what comes back is printed.  That the
 * server is who we meant, and that its answer is complete, needs no line here:
 * otherwise hf_write or hf_read fail, and hf_tls_reason() says why. */
#include <handfast/handfast.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    static char buf[65536];
    struct hf_config *config;
    struct hf_tls *tls;
    size_t len;
    ssize_t n;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: client HOST PORT [AUTHORITIES.pem]\n");
        return 2;
    }
    len = fread(buf, 1, sizeof(buf), stdin);

    /* A setter that fails need not be asked: what went wrong with the config
     * is the error of the first connection made with it. */
    config = hf_config_new();
    argc > 3 ? hf_config_trust_file(config, argv[3])
             : hf_config_trust_system(config);
    tls = hf_connect(config, argv[1], argv[2]);
    n = len ? hf_write(tls, buf, len) : 1;
    while (n > 0 && (n = hf_read(tls, buf, sizeof(buf))) > 0)
        fwrite(buf, 1, (size_t)n, stdout);
    if (n < 0) /* an answer that was cut off does not pass for a whole one */
        fprintf(stderr, "client: %s\n", hf_tls_reason(tls));
    else
        hf_close(tls);
    hf_tls_free(tls);
    hf_config_free(config);
    return n < 0;
}
