/* keys13.c - the key schedule of TLS 1.3, laid out like the figure in RFC
 * 8446 7.1:
 *
 *              0
 *              |
 *    PSK -> Extract = Early Secret --------- "c e traffic", "e exp master"
 *              |                             (PSK: zeroes without a ticket)
 *              |
 *        Derive("derived")
 *              |
 *  (EC)DHE -> Extract = Handshake Secret --- "c hs traffic", "s hs traffic"
 *              |
 *        Derive("derived")
 *              |
 *      0 -> Extract = Master Secret -------- "c ap traffic", "s ap traffic",
 *                                            "exp master", "res master"
 *
 * hs->stage holds the secret of the stage that was reached. */
#include "handshake/handshake.h"

#include <assert.h>

static bool crypto_failed(struct hf_session *s, const char *what)
{
    return hf_fail(&s->error, HF_E_CRYPTO, "%s", what);
}

/* Derive-Secret(secret, label, messages) with the messages hashed already. */
static bool derive(const struct hf_hmac *secret, const char *label,
                   const uint8_t *digest, uint8_t *out)
{
    size_t len = secret->hash->len;

    return hf_expand_label(secret, label, hf_span(digest, len), out, len);
}

/* hs->stage becomes Extract(Derive(hs->stage, "derived", ""), @ikm). */
static bool next_stage(struct hf_handshake *hs, struct hf_span ikm)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_hash *hash = hs->session->hash;
    uint8_t empty[HF_HASH_MAX], salt[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok;

    ok = hf_hash_parts(c, hash, NULL, 0, empty) &&
         hf_hmac_key(&key, c, hash, hf_span(hs->stage, hash->len)) &&
         derive(&key, "derived", empty, salt) &&
         hf_hkdf_extract(c, hash, hf_span(salt, hash->len), ikm, hs->stage);
    hf_hmac_wipe(&key);
    hf_wipe(salt, sizeof(salt));
    HF_SECRET(hs->stage, hash->len);
    return ok || crypto_failed(hs->session, "key schedule");
}

/* One labelled secret of the stage, told to the key log. */
static bool labelled(struct hf_handshake *hs, const struct hf_hmac *stage,
                     const char *label, const char *log, const uint8_t *digest,
                     uint8_t *out)
{
    if (!derive(stage, label, digest, out))
        return crypto_failed(hs->session, label);
    HF_SECRET(out, stage->hash->len);
    hf_secret(hs->session, log, out, stage->hash->len);
    return true;
}

/* The transcript so far, and a key whose pads are ready for the stage. */
static bool open_stage(struct hf_handshake *hs, uint8_t *digest,
                       struct hf_hmac *key)
{
    const struct hf_hash *hash = hs->session->hash;

    if (!hf_transcript_digest(&hs->transcript, digest, hs->error))
        return false;
    if (!hf_hmac_key(key, &hs->settings->crypto, hash,
                     hf_span(hs->stage, hash->len)))
        return crypto_failed(hs->session, "key schedule");
    return true;
}

/* Nothing but the first hello has been said; a client does not know yet by
 * which hash its server will go. */
bool hf_keys13_early(struct hf_handshake *hs, const struct hf_hash *hash)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_transcript *t = &hs->transcript;
    uint8_t digest[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok;

    if (!hf_transcript_peek(t, hash, t->kept[0], digest, hs->error))
        return false;
    ok = hf_hkdf_extract(c, hash, hf_span(NULL, 0), hs->saved->secret,
                         hs->stage) &&
         hf_hmac_key(&key, c, hash, hf_span(hs->stage, hash->len));
    if (!ok)
        crypto_failed(hs->session, "early secret");
    ok = ok &&
         labelled(hs, &key, "c e traffic", "CLIENT_EARLY_TRAFFIC_SECRET",
                  digest, hs->client_early) &&
         labelled(hs, &key, "e exp master", "EARLY_EXPORTER_SECRET", digest,
                  hs->session->early_exporter);
    hf_hmac_wipe(&key);
    hf_wipe(hs->stage, sizeof(hs->stage));
    return ok;
}

bool hf_keys13_handshake(struct hf_handshake *hs)
{
    const struct hf_crypto *c = &hs->settings->crypto;
    const struct hf_hash *hash = hs->session->hash;
    static const uint8_t zeroes[HF_HASH_MAX];
    uint8_t digest[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    struct hf_span psk = hs->facts & HF_FACT_RESUMED
                             ? hs->psk.secret
                             : hf_span(zeroes, hash->len);
    bool ok;

    if (!hf_hkdf_extract(c, hash, hf_span(NULL, 0), psk, hs->stage))
        return crypto_failed(hs->session, "early secret");
    ok = next_stage(hs, hf_span(hs->shared, hs->kx->secret_len)) &&
         open_stage(hs, digest, &key) &&
         labelled(hs, &key, "c hs traffic", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                  digest, hs->client_hs) &&
         labelled(hs, &key, "s hs traffic", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                  digest, hs->server_hs);
    hf_hmac_wipe(&key);
    hf_wipe(hs->shared, sizeof(hs->shared));
    return ok;
}

bool hf_keys13_master(struct hf_handshake *hs)
{
    struct hf_session *s = hs->session;
    static const uint8_t zeroes[HF_HASH_MAX];
    uint8_t digest[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok;

    ok = next_stage(hs, hf_span(zeroes, s->hash->len)) &&
         open_stage(hs, digest, &key) &&
         labelled(hs, &key, "c ap traffic", "CLIENT_TRAFFIC_SECRET_0", digest,
                  s->client_secret) &&
         labelled(hs, &key, "s ap traffic", "SERVER_TRAFFIC_SECRET_0", digest,
                  s->server_secret) &&
         labelled(hs, &key, "exp master", "EXPORTER_SECRET", digest,
                  s->exporter_secret);
    hf_hmac_wipe(&key);
    return ok;
}

bool hf_keys13_resumption(struct hf_handshake *hs)
{
    uint8_t digest[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok;

    ok = open_stage(hs, digest, &key) &&
         derive(&key, "res master", digest, hs->session->resumption_secret);
    hf_hmac_wipe(&key);
    hf_wipe(hs->stage, sizeof(hs->stage));
    return ok || crypto_failed(hs->session, "res master");
}

/* ---- keys of a direction (RFC 8446 7.3) --------------------------------------- */

static bool install(struct hf_session *s, const struct hf_hash *hash,
                    const struct hf_aead *aead, bool sending,
                    const uint8_t *secret, enum hf_epoch epoch)
{
    struct hf_direction *d = sending ? &s->out : &s->in;
    const struct hf_crypto *c = &s->settings->crypto;
    uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];
    struct hf_hmac hmac = { .hash = NULL };
    bool ok;

    /* RFC 8446 5.1: no message may lie across a change of keys. */
    if (!sending && !hf_reassembly_empty(&s->messages))
        return hf_fail(&s->error, HF_E_KEY_CHANGE,
                       "bytes are left in the last record of the old keys");
    ok = hf_hmac_key(&hmac, c, hash, hf_span(secret, hash->len)) &&
         hf_expand_label(&hmac, "key", hf_span(NULL, 0), key, aead->key_len) &&
         hf_expand_label(&hmac, "iv", hf_span(NULL, 0), iv, sizeof(iv));
    if (!ok)
        crypto_failed(s, "traffic keys");
    ok = ok && hf_direction_set(d, c->self, aead, key, iv, epoch, &s->error);
    hf_hmac_wipe(&hmac);
    hf_wipe(key, sizeof(key));
    hf_wipe(iv, sizeof(iv));
    if (!ok)
        return false;
    hf_limits_install(s, sending, epoch);
    hf_keyed(s, sending, epoch);
    return true;
}

bool hf_keys13_install(struct hf_session *s, bool sending,
                       const uint8_t *secret, enum hf_epoch epoch)
{
    return install(s, s->hash, s->aead, sending, secret, epoch);
}

bool hf_keys13_install_as(struct hf_session *s, const struct hf_suite *suite,
                          bool sending, const uint8_t *secret,
                          enum hf_epoch epoch)
{
    const struct hf_crypto *c = &s->settings->crypto;
    const struct hf_hash *hash = hf_hash_by_id(c, suite->hash);
    const struct hf_aead *aead = hf_suite_aead(c, suite);

    if (!hash || !aead)
        return hf_fail(&s->error, HF_E_BUG, "a suite without its algorithms");
    return install(s, hash, aead, sending, secret, epoch);
}

/* RFC 8446 7.2: application_traffic_secret_N+1 */
bool hf_keys13_update(struct hf_session *s, bool sending)
{
    bool clients = (s->role == HF_CLIENT) == sending;
    uint8_t *secret = clients ? s->client_secret : s->server_secret;
    uint8_t next[HF_HASH_MAX];
    struct hf_hmac hmac = { .hash = NULL };
    bool ok;

    ok = hf_hmac_key(&hmac, &s->settings->crypto, s->hash,
                     hf_span(secret, s->hash->len)) &&
         hf_expand_label(&hmac, "traffic upd", hf_span(NULL, 0), next,
                         s->hash->len);
    hf_hmac_wipe(&hmac);
    if (!ok)
        return crypto_failed(s, "traffic upd");
    hf_copy(secret, next, s->hash->len);
    hf_wipe(next, sizeof(next));
    return hf_keys13_install(s, sending, secret, HF_TRAFFIC);
}

/* ---- Finished and exporters -------------------------------------------------------- */

bool hf_keys13_finished(struct hf_session *s, const uint8_t *secret,
                        const uint8_t *digest, uint8_t *out)
{
    const struct hf_crypto *c = &s->settings->crypto;
    struct hf_span text = { digest, s->hash->len };
    uint8_t key[HF_HASH_MAX];
    struct hf_hmac hmac = { .hash = NULL }, mac = { .hash = NULL };
    bool ok;

    ok = hf_hmac_key(&hmac, c, s->hash, hf_span(secret, s->hash->len)) &&
         hf_expand_label(&hmac, "finished", hf_span(NULL, 0), key,
                         s->hash->len) &&
         hf_hmac_key(&mac, c, s->hash, hf_span(key, s->hash->len)) &&
         hf_hmac_sum(&mac, &text, 1, out);
    hf_hmac_wipe(&hmac);
    hf_hmac_wipe(&mac);
    hf_wipe(key, sizeof(key));
    return ok || crypto_failed(s, "finished");
}

/* RFC 8446 7.5 */
static bool export_from(const struct hf_crypto *c, const struct hf_hash *hash,
                        const uint8_t *from, const char *label,
                        struct hf_span context, uint8_t *out, size_t len)
{
    uint8_t empty[HF_HASH_MAX], digest[HF_HASH_MAX], secret[HF_HASH_MAX];
    struct hf_hmac master = { .hash = NULL }, hmac = { .hash = NULL };
    bool ok;

    ok = hf_hash_parts(c, hash, NULL, 0, empty) &&
         hf_hash_parts(c, hash, &context, 1, digest) &&
         hf_hmac_key(&master, c, hash, hf_span(from, hash->len)) &&
         derive(&master, label, empty, secret) &&
         hf_hmac_key(&hmac, c, hash, hf_span(secret, hash->len)) &&
         hf_expand_label(&hmac, "exporter", hf_span(digest, hash->len), out,
                         len);
    hf_hmac_wipe(&master);
    hf_hmac_wipe(&hmac);
    hf_wipe(secret, sizeof(secret));
    return ok;
}

bool hf_keys13_export(const struct hf_session *s, const char *label,
                      struct hf_span context, uint8_t *out, size_t len)
{
    return export_from(&s->settings->crypto, s->hash, s->exporter_secret, label,
                       context, out, len);
}

bool hf_keys13_export_early(const struct hf_session *s,
                            const struct hf_hash *hash, const char *label,
                            struct hf_span context, uint8_t *out, size_t len)
{
    return export_from(&s->settings->crypto, hash, s->early_exporter, label,
                       context, out, len);
}
