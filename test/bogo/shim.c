/* shim.c - one test: parse the flags, then one connection after the other. */
#include "shim.h"

#include "engine/conn.h" /* to send smaller records unasked */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_S = 60 };

static bool make_connection(struct shim *s)
{
    const struct shim_options *o = s->o;
    enum hf_role role = o->server ? HF_SERVER : HF_CLIENT;

    s->conn = hf_conn_new(s->config, role, o->server ? NULL : o->host_name);
    if (!s->conn)
        return shim_wrong("out of memory");
    if (o->max_send_fragment) {
        s->conn->session.out_limit.most = (uint16_t)o->max_send_fragment;
        s->conn->session.out.limit = s->conn->session.out_limit;
    }
    if (!hf_conn_set_watch(s->conn, shim_watch, &s->trace, true))
        return shim_wrong("cannot watch");
    if (hf_conn_error(s->conn)->code)
        return shim_complain(s);
    return true;
}

static enum shim_status one_connection(const struct shim_options *o,
                                       const struct shim_options *retry,
                                       bool again)
{
    static struct shim s;
    enum shim_status status;

    memset(&s, 0, sizeof(s));
    s.o = o;
    s.retry = retry;
    s.trace.names = o->expect_client_ca_list;
    s.trace.schemes = &o->expect_peer_verify_pref;
    s.trace.staple = o->expect_ocsp_response;
    s.again = again;
    s.fd = -1;
    status = shim_setup(&s);
    if (!status)
        status = make_connection(&s) && shim_connect(&s) && shim_exchange(&s)
                     ? SHIM_OK
                     : SHIM_FAILED;
    shim_hang_up(&s);
    hf_conn_free(s.conn);
    hf_config_free(s.config);
    return status;
}

/* A client whose early data is refused may meet another certificate. */
static void trust_all(struct shim_options *first, struct shim_options *later,
                      struct shim_options *retry)
{
    struct shim_options *const sets[] = { first, later, retry };

    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 3; k++)
            sets[i]->trust_all[k] = sets[k]->trust_cert;
}

static enum shim_status run(int argc, char **argv)
{
    struct shim_options first, later, retry;
    enum shim_status status = shim_parse(argc, argv, &first, &later, &retry);

    if (status)
        return status;
    if (first.is_handshaker_supported) {
        puts("No");
        return SHIM_OK;
    }
    trust_all(&first, &later, &retry);
    status = one_connection(&first, &retry, false);
    for (unsigned i = 0; !status && i < first.resume_count; i++) {
        shim_wait(first.resumption_delay);
        status = one_connection(&later, &retry, true);
    }
    return status;
}

/* What comes on stderr after the last line is not ours: a sanitizer's. */
int main(int argc, char **argv)
{
    enum shim_status status;

    signal(SIGPIPE, SIG_IGN);
    alarm(PATIENCE_S);
    status = run(argc, argv);
    fprintf(stderr, "--- DONE ---\n");
    return (int)status;
}
