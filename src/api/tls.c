/* tls.c - struct hf_tls: a connection of the engine and two descriptors.  Made,
 * asked about and freed here; what moves through it is stream.c's.
 *
 * Whatever goes wrong while one is made, there is an object that can tell:
 * only without memory there is none, and the functions take that too.
 */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- why ----------------------------------------------------------------- */

static const struct hf_error no_memory = { .code = HF_E_OUT_OF_MEMORY,
                                           .alert = 80 };

/* "verify.expired: the certificate has expired: CN=..., on ..." */
static int explain(struct hf_tls *tls)
{
    const struct hf_error *e = &tls->error;

    hf_format(tls->reason, sizeof(tls->reason), "%s: %s",
              hf_error_name(e->code), hf_error_text(e->code));
    if (e->detail[0])
        hf_format_more(tls->reason, sizeof(tls->reason), ": %s", e->detail);
    if (e->layout)
        hf_format_more(tls->reason, sizeof(tls->reason), " (%s%s%s, byte %z)",
                       e->layout, e->field ? "." : "", e->field ? e->field : "",
                       e->byte);
    return HF_TLS_ERROR;
}

int hf_tls_die(struct hf_tls *tls)
{
    tls->dead = true;
    return explain(tls);
}

/* A caller's mistake that harmed nothing is no reason for what came later. */
static void forget_misuse(struct hf_tls *tls)
{
    if (tls->error.code == HF_E_MISUSE)
        tls->error = (struct hf_error){ 0 };
}

int hf_tls_fail_system(struct hf_tls *tls, int error, const char *doing)
{
    char why[HF_TEXT_MAX];

    forget_misuse(tls);
    if (!tls->error.code)
        tls->error.system = error;
    hf_io_text(error, why, sizeof(why));
    hf_fail(&tls->error, HF_E_SOCKET, "%s while %s%s", why, doing,
            hf_conn_ready(tls->conn) ? "" : " in the handshake");
    return hf_tls_die(tls);
}

int hf_tls_fail_timeout(struct hf_tls *tls, const char *doing)
{
    forget_misuse(tls);
    hf_fail(&tls->error, HF_E_TIMEOUT, "the deadline passed while %s%s", doing,
            hf_conn_ready(tls->conn) ? "" : " in the handshake");
    return hf_tls_die(tls);
}

int hf_tls_fail_memory(struct hf_tls *tls)
{
    forget_misuse(tls);
    hf_fail(&tls->error, HF_E_OUT_OF_MEMORY, NULL);
    return hf_tls_die(tls);
}

int hf_tls_fail_bug(struct hf_tls *tls, const char *what)
{
    forget_misuse(tls);
    hf_fail(&tls->error, HF_E_BUG, "%s", what);
    return hf_tls_die(tls);
}

int hf_tls_misused(struct hf_tls *tls, const char *how)
{
    forget_misuse(tls);
    hf_fail(&tls->error, HF_E_MISUSE, "%s", how);
    return explain(tls);
}

const struct hf_error *hf_tls_error(const struct hf_tls *tls)
{
    return tls ? &tls->error : &no_memory;
}

const char *hf_tls_reason(const struct hf_tls *tls)
{
    if (!tls)
        return "internal.memory: out of memory";
    return tls->error.code ? tls->reason : hf_error_name(HF_OK);
}

/* ---- made ---------------------------------------------------------------- */

/* The connection inside; false if it cannot serve. */
static bool begin(struct hf_tls *tls, struct hf_config *config,
                  enum hf_role role, const char *name)
{
    if (!config)
        return hf_fail(&tls->error, HF_E_OUT_OF_MEMORY,
                       "there is no config: hf_config_new() had no memory");
    hf_config_default_clock(config, hf_system_clock, NULL);
    tls->conn = hf_conn_new(config, role, name);
    if (!tls->conn)
        return hf_fail(&tls->error, HF_E_OUT_OF_MEMORY, NULL);
    tls->error = *hf_conn_error(tls->conn);
    return !tls->error.code;
}

static struct hf_tls *make(struct hf_config *config, enum hf_role role,
                           const char *name)
{
    struct hf_tls *tls = hf_alloc(sizeof(*tls));

    if (!tls)
        return NULL;
    tls->in.fd = tls->out.fd = -1;
    tls->deadline = hf_io_deadline(HF_HANDSHAKE_MS);
    if (!begin(tls, config, role, name))
        hf_tls_die(tls);
    return tls;
}

static bool is_open(struct hf_tls *tls, int fd)
{
    char why[HF_TEXT_MAX];

    if (fcntl(fd, F_GETFD) != -1)
        return true;
    tls->error.system = errno;
    hf_io_text(errno, why, sizeof(why));
    return hf_fail(&tls->error, HF_E_SOCKET, "descriptor %d: %s", fd, why);
}

static struct hf_tls *on_fds(struct hf_config *config, enum hf_role role,
                             int in, int out, const char *name)
{
    struct hf_tls *tls = make(config, role, name);
    int on = 1;

    if (!tls)
        return NULL;
    tls->in = hf_fd(in);
    tls->out = in == out ? tls->in : hf_fd(out);
    if (!tls->dead && (!is_open(tls, in) || !is_open(tls, out)))
        hf_tls_die(tls);
    /* Small records would wait for the peer's delayed acknowledgement; we put
     * together by ourselves what belongs together.  No matter if it fails. */
    if (tls->out.is_socket)
        (void)setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return tls;
}

struct hf_tls *hf_client_fds(struct hf_config *config, int in, int out,
                             const char *server_name)
{
    return on_fds(config, HF_CLIENT, in, out, server_name);
}

struct hf_tls *hf_server_fds(struct hf_config *config, int in, int out)
{
    return on_fds(config, HF_SERVER, in, out, NULL);
}

struct hf_tls *hf_accept(struct hf_config *config, int fd)
{
    return hf_server_fds(config, fd, fd);
}

struct hf_tls *hf_connect(struct hf_config *config, const char *host,
                          const char *port)
{
    return hf_connect_within(config, host, port, HF_HANDSHAKE_MS);
}

/* Another port is another service, whatever the name says: its sessions are
 * not for this one. */
static bool set_label(struct hf_tls *tls, const char *host, const char *port)
{
    char label[HF_LABEL_MAX];

    hf_format(label, sizeof(label), "%s:%s", host, port);
    return hf_conn_set_session_label(tls->conn, label);
}

struct hf_tls *hf_connect_within(struct hf_config *config, const char *host,
                                 const char *port, int milliseconds)
{
    struct hf_tls *tls = make(config, HF_CLIENT, host);
    int fd;

    /* What cannot be verified is not even connected to. */
    if (!tls || tls->dead)
        return tls;
    if (!set_label(tls, host, port)) {
        hf_tls_fail_memory(tls);
        return tls;
    }
    tls->deadline = hf_io_deadline(milliseconds);
    fd = hf_tcp_connect(host, port, milliseconds, &tls->error);
    if (fd < 0) {
        hf_tls_die(tls);
        return tls;
    }
    tls->in = tls->out = hf_fd(fd);
    tls->own = true;
    (void)hf_handshake(tls); /* it can tell how that went */
    return tls;
}

/* ---- asked and told ------------------------------------------------------ */

void hf_tls_own_fd(struct hf_tls *tls)
{
    if (tls)
        tls->own = true;
}

void hf_tls_set_deadline(struct hf_tls *tls, int milliseconds)
{
    if (!tls)
        return;
    tls->deadline = hf_io_deadline(milliseconds);
    tls->keep_deadline = true;
}

void hf_tls_set_tap(struct hf_tls *tls, hf_tap_fn *tap, void *ctx)
{
    if (!tls)
        return;
    tls->tap = tap;
    tls->tap_ctx = ctx;
}

void hf_tls_passed(const struct hf_tls *tls, bool sent, struct hf_span bytes)
{
    if (tls->tap)
        tls->tap(tls->tap_ctx, sent, bytes);
}

struct hf_conn *hf_tls_conn(struct hf_tls *tls)
{
    return tls ? tls->conn : NULL;
}

int hf_tls_fd(const struct hf_tls *tls)
{
    return tls ? tls->in.fd : -1;
}

size_t hf_tls_pending(const struct hf_tls *tls)
{
    return tls ? tls->plain.len : 0;
}

/* ---- freed --------------------------------------------------------------- */

void hf_tls_linger(struct hf_tls *tls, int64_t deadline)
{
    uint8_t trash[2048];
    size_t n, total = 0;
    int error;

    if (!tls->in.is_socket || !tls->out.is_socket ||
        shutdown(tls->out.fd, SHUT_WR) < 0)
        return;
    while (!tls->eof && total < HF_LINGER_BYTES) {
        struct pollfd one = { tls->in.fd, POLLIN, 0 };

        switch (hf_io_receive(&tls->in, trash, sizeof(trash), &n, &error)) {
        case HF_IO_DONE:
            hf_tls_passed(tls, false, hf_span(trash, n));
            tls->eof = n == 0;
            total += n;
            break;
        case HF_IO_AGAIN:
            if (!deadline || hf_io_wait(&one, 1, deadline) != 1)
                return;
            break;
        case HF_IO_BROKEN: return;
        }
    }
}

static void close_fds(struct hf_tls *tls)
{
    /* Tickets that nobody read, for one, must not cost the peer the end of
     * what we wrote. */
    if (tls->closing)
        hf_tls_linger(tls, 0);
    if (tls->in.fd >= 0)
        close(tls->in.fd);
    if (tls->out.fd >= 0 && tls->out.fd != tls->in.fd)
        close(tls->out.fd);
}

void hf_tls_free(struct hf_tls *tls)
{
    if (!tls)
        return;
    if (tls->own)
        close_fds(tls);
    hf_conn_free(tls->conn);
    hf_window_wipe(&tls->input);
    hf_buffer_wipe(&tls->unsent);
    hf_buffer_wipe(&tls->early);
    hf_free(tls, sizeof(*tls));
}
