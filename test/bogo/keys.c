/* keys.c - with -async the private keys are not the library's: it gets chains,
 * and the shim, which has the keys, answers when it is asked for the third time,
 * as somebody would who takes a while (HF_ASK_SIGN, HF_ASK_DECRYPT).  So every
 * test with a certificate and -async is one of keys that live elsewhere. */
#include "shim.h"

#include <string.h>

enum { KEYS_MAX = 32, PATIENCE = 2 };

static struct {
    void *self;
    struct hf_private_key *key[KEYS_MAX]; /* in the order of the chains */
    unsigned count, asked;
} keys;

void shim_forget_keys(void)
{
    for (unsigned i = 0; i < keys.count; i++)
        hf_libcrypto.key_free(keys.key[i]);
    hf_libcrypto.close(keys.self);
    memset(&keys, 0, sizeof(keys));
}

bool shim_add_keypair(const struct shim_options *o, struct hf_config *config,
                      struct hf_span chain, struct hf_span key)
{
    struct hf_error error = { .code = HF_OK };

    if (!o->async)
        return hf_config_add_keypair(config, chain, key);
    if (!keys.self)
        keys.self = hf_libcrypto.open(&error);
    if (!keys.self || keys.count == KEYS_MAX ||
        !hf_libcrypto.key_load(keys.self, key, NULL, NULL,
                               &keys.key[keys.count], &error))
        return hf_config_fail(config, HF_E_BAD_KEY, 0, error.detail);
    keys.count++;
    return hf_config_add_chain(config, chain);
}

static size_t sign(const struct hf_question *q, uint8_t *out)
{
    const struct hf_signature *const *all = hf_libcrypto.signatures;
    const struct hf_signature *const *named = all;
    const struct hf_private_key *key = keys.key[q->chain];
    struct hf_public_key public;
    size_t len = 0;

    hf_libcrypto.key_public(key, &public);
    while (*named && (!(*named)->scheme || (*named)->scheme != q->scheme))
        named++;
    /* TLS 1.2's ECDSA names a hash and no curve. */
    for (; *named && *all; all++)
        if ((*all)->key == public.kind && (*all)->hash == (*named)->hash &&
            (*all)->padding == (*named)->padding)
            return (*all)->sign(keys.self, *all, key, q->message, out,
                                HF_SIGNATURE_MAX, &len)
                       ? len
                       : 0;
    return 0;
}

bool shim_use_key(const struct hf_question *q, uint8_t *room,
                  struct hf_answer *answer)
{
    size_t len = 0;

    if (keys.asked++ < PATIENCE || q->chain >= keys.count)
        return false;
    keys.asked = 0;
    if (q->kind == HF_ASK_SIGN)
        len = sign(q, room);
    else if (hf_libcrypto.key_raise(keys.self, keys.key[q->chain], q->message,
                                    room))
        len = q->message.len;
    answer->signature = answer->opened = (struct hf_span){ room, len };
    return true;
}
