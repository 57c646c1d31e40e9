/* keys12.c - the keys of TLS 1.2 (RFC 5246 5, 6.3 and 8.1; RFC 7627).
 *
 *   premaster --PRF("extended master secret", hash of the messages)--> master
 *             --PRF("master secret", both randoms)------------------->
 *   master    --PRF("key expansion", server random, client random)---> key block
 *
 *   key block:  client key | server key | client IV | server IV
 *
 * The first way to the master secret binds it to everything that was said; the
 * second, older one binds it to two random numbers only. */
#include "handshake/handshake.h"

static bool crypto_failed(struct hf_session *s, const char *what)
{
    return hf_fail(&s->error, HF_E_CRYPTO, "%s", what);
}

bool hf_keys12_master(struct hf_handshake *hs, struct hf_span premaster)
{
    struct hf_session *s = hs->session;
    const struct hf_crypto *c = &hs->settings->crypto;
    uint8_t digest[HF_HASH_MAX];
    struct hf_span randoms[2] = { HF_SPAN(s->client_random),
                                  HF_SPAN(s->server_random) };
    struct hf_span hash = { digest, s->hash->len };
    bool ok;

    if (!hf_transcript_digest(&hs->transcript, digest, hs->error))
        return false;
    hf_secret_seen(s, "PREMASTER_SECRET", premaster);
    ok = hs->session->extended_master
             ? hf_prf12(c, s->hash, premaster, "extended master secret", &hash,
                        1, s->master_secret, HF_MASTER_LEN)
             : hf_prf12(c, s->hash, premaster, "master secret", randoms, 2,
                        s->master_secret, HF_MASTER_LEN);
    if (!ok)
        return crypto_failed(s, "master secret");
    HF_SECRET(s->master_secret, HF_MASTER_LEN);
    hf_secret(s, "CLIENT_RANDOM", s->master_secret, HF_MASTER_LEN);
    return true;
}

/* How much of a nonce comes from the key block: of GCM the salt, the rest
 * travels with each record; of ChaCha20 all. */
static size_t salt_len(const struct hf_session *s)
{
    return s->suite->aead == HF_CHACHA20_POLY1305 ? HF_NONCE_LEN : 4;
}

/* The master secret as a key, made ready once. */
static const struct hf_hmac *master_key(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;

    if (!hs->master.hash && !hf_hmac_key(&hs->master, &hs->settings->crypto,
                                         s->hash, HF_SPAN(s->master_secret)))
        return NULL;
    return &hs->master;
}

/* The keys of both directions come of one block. */
static const uint8_t *key_block(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    size_t len = 2 * (s->aead->key_len + salt_len(s));
    struct hf_span randoms[2] = { HF_SPAN(s->server_random),
                                  HF_SPAN(s->client_random) };
    const struct hf_hmac *key = master_key(hs);

    if (hs->key_block_made)
        return hs->key_block;
    hs->key_block_made = key && hf_prf12_keyed(key, "key expansion", randoms, 2,
                                               hs->key_block, len);
    return hs->key_block_made ? hs->key_block : NULL;
}

bool hf_keys12_install(struct hf_handshake *hs, bool sending)
{
    struct hf_session *s = hs->session;
    struct hf_direction *d = sending ? &s->out : &s->in;
    const struct hf_crypto *c = &s->settings->crypto;
    size_t key_len = s->aead->key_len, salt = salt_len(s);
    size_t second = (s->role == HF_CLIENT) != sending; /* the server's */
    uint8_t iv[HF_NONCE_LEN] = { 0 };
    const uint8_t *block;

    if (!sending && !hf_reassembly_empty(&s->messages))
        return hf_fail(&s->error, HF_E_KEY_CHANGE,
                       "bytes are left in the last record of the old keys");
    block = key_block(hs);
    if (!block)
        return crypto_failed(s, "key block");
    hf_copy(iv, block + 2 * key_len + second * salt, salt);
    if (!hf_direction_set(d, c->self, s->aead, block + second * key_len, iv,
                          HF_TRAFFIC, &s->error))
        return false;
    d->tls12 = true;
    d->explicit_len = (uint8_t)(HF_NONCE_LEN - salt);
    hf_limits_install(s, sending, HF_TRAFFIC);
    hf_keyed(s, sending, HF_TRAFFIC);
    return true;
}

bool hf_keys12_finished(struct hf_handshake *hs, enum hf_role whose,
                        const uint8_t *digest, uint8_t *out)
{
    struct hf_session *s = hs->session;
    struct hf_span seed = { digest, s->hash->len };
    const struct hf_hmac *key = master_key(hs);

    return (key && hf_prf12_keyed(key,
                                  whose == HF_CLIENT ? "client finished"
                                                     : "server finished",
                                  &seed, 1, out, HF_FINISHED12_LEN)) ||
           crypto_failed(s, "finished");
}

/* RFC 5705 4.  An empty context is not the same as none (which TLS 1.3 does not
 * tell apart). */
bool hf_keys12_export(const struct hf_session *s, const char *label,
                      struct hf_span context, uint8_t *out, size_t len)
{
    uint8_t size[2];
    struct hf_span seed[4] = { HF_SPAN(s->client_random),
                               HF_SPAN(s->server_random), HF_SPAN(size),
                               context };

    /* RFC 7627 5.4: without it another connection may have the same master
     * secret, so "it MUST disable RFC5705". */
    if (!s->extended_master || context.len > UINT16_MAX)
        return false;
    hf_store_number(size, context.len, 2);
    return hf_prf12(&s->settings->crypto, s->hash, HF_SPAN(s->master_secret),
                    label, seed, context.at ? 4 : 2, out, len);
}
