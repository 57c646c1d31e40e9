/* psk.c - external pre-shared keys, imported ones (RFC 9258): the only kind that
 * the runner knows. */
#include "shim.h"

#include "engine/conn.h" /* for base64 */

#include <string.h>

enum { PSK_MAX = 256 };

static struct hf_span bytes_of(const char *base64, uint8_t *room)
{
    size_t len = 0;

    if (!base64 || !hf_unbase64(hf_span_text(base64), room, PSK_MAX, &len))
        len = 0;
    return hf_span(room, len);
}

bool shim_add_psk(const struct shim_credential *cred, struct hf_config *config)
{
    uint8_t key[PSK_MAX], identity[PSK_MAX], context[PSK_MAX];
    const struct hf_psk psk = {
        .identity = bytes_of(cred->psk_identity, identity),
        .key = bytes_of(cred->psk_key, key),
        .hash = cred->psk_sha384 ? HF_SHA384 : HF_SHA256,
    };

    return !cred->psk_key ||
           hf_config_add_imported_psk(config, &psk,
                                      bytes_of(cred->psk_context, context));
}

/* A client that verifies nothing, and has keys, talks to who has one of them; a
 * server that has nothing else, too. */
bool shim_requires_psk(const struct shim_options *o)
{
    bool any = false, cert = o->credentials[0].cert_file != NULL;

    for (unsigned i = 1; i <= o->credential_count; i++) {
        any |= o->credentials[i].psk_key != NULL;
        cert |= o->credentials[i].cert_file != NULL;
    }
    return any && (o->server ? !cert : !o->verify_peer);
}

/* Chains are counted by themselves. */
int shim_chain_selected(const struct shim *s)
{
    int own = hf_conn_own_chain(s->conn);

    for (unsigned i = 1; own >= 0 && i <= s->o->credential_count; i++)
        if (s->o->credentials[i].cert_file && !own--)
            return (int)i - 1;
    return -1;
}

int shim_psk_selected(const struct shim *s)
{
    struct hf_span used = hf_conn_psk_identity(s->conn);
    uint8_t room[PSK_MAX];

    for (unsigned i = 1; used.len && i <= s->o->credential_count; i++)
        if (hf_span_equal(used,
                          bytes_of(s->o->credentials[i].psk_identity, room)))
            return (int)i - 1;
    return -1;
}
