/* cert_ask.c - certificates from wherever a word of the command line says: a
 * file, standard input or a server. */
#include "certs.h"
#include "client.h"
#include "files.h"

#include <string.h>

int certs_place(const struct tool *tool, const char *from, bool *host)
{
    *host = strcmp(from, "-") != 0 && !file_exists(from);
    if (*host && !strchr(from, '.') && !strchr(from, ':') &&
        strcmp(from, "localhost") != 0)
        return tool_error(tool, HF_EXIT_USAGE, "there is no file %s", from);
    return HF_EXIT_GOOD;
}

int certs_ask(const struct tool *tool, const char *operand, struct certs *certs)
{
    char host[HOST_MAX], port[8];
    struct hf_config *config;
    struct hf_tls *tls;
    const struct hf_error *error;
    int code = HF_EXIT_GOOD;

    if (!host_port_read(operand, host, sizeof(host), port, sizeof(port)) ||
        !host[0])
        return usage_error(tool, "\"%s\" is neither a file nor HOST:PORT",
                           operand);
    config = hf_config_new();
    if (!config || !hf_config_insecure_no_verify(config)) {
        hf_config_free(config);
        return tool_error(tool, HF_EXIT_INTERNAL, "out of memory");
    }
    tls = hf_connect(config, host, port[0] ? port : "443");
    error = hf_tls_error(tls);
    if (error->code) {
        code = error_tell(tool, exit_of(error, false), error, NULL);
    } else {
        struct hf_conn *conn = hf_tls_conn(tls);
        struct hf_error bad = { 0 };

        for (size_t i = 0; i < hf_conn_peer_certificates(conn) && !code; i++)
            if (!certs_read(certs, hf_conn_peer_certificate(conn, i), &bad))
                code = error_tell(tool, HF_EXIT_PEER_CERT, &bad, NULL);
        hf_close(tls);
    }
    hf_tls_own_fd(tls);
    hf_tls_free(tls);
    hf_config_free(config);
    return code;
}

int certs_from(const struct tool *tool, const char *from, struct certs *certs)
{
    struct hf_error error = { 0 };
    bool host;
    int code = certs_place(tool, from, &host);

    if (code)
        return code;
    if (host)
        return certs_ask(tool, from, certs);
    if (!certs_read_file(certs, from, &error))
        return error_tell(tool, HF_EXIT_USAGE, &error, NULL);
    return HF_EXIT_GOOD;
}
