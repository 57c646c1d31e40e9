/* keypair.c - our certificates with their keys, and whom we trust: read from
 * text, checked, and made ready so that a handshake only copies them. */
#include "engine/conn.h"

enum { DER_SEQUENCE = 0x30 };

/* ---- certificates out of text ---------------------------------------------------------- */

static bool is_certificate(struct hf_span label)
{
    static const char *const labels[] = { "CERTIFICATE", "X509 CERTIFICATE",
                                          "TRUSTED CERTIFICATE" };

    /* The last one has OpenSSL's settings behind the certificate: not DER of
     * a certificate alone, so it is named and not read. */
    return hf_span_equal(label, hf_span_text(labels[0])) ||
           hf_span_equal(label, hf_span_text(labels[1]));
}

static bool add_certificate(struct hf_config *config, struct hf_keypair *pair,
                            struct hf_span der)
{
    struct hf_error why = { .code = HF_OK };

    if (pair->count == HF_CHAIN_MAX)
        return hf_fail(&config->error, HF_E_BAD_CERTIFICATE,
                       "more than %u certificates in one chain",
                       (unsigned)HF_CHAIN_MAX);
    pair->chain[pair->count] = hf_cert_new(der, &why);
    if (!pair->chain[pair->count])
        return hf_fail(&config->error, HF_E_BAD_CERTIFICATE,
                       "certificate %z: %s: %s", pair->count + 1,
                       hf_error_text(why.code), why.detail);
    pair->count++;
    return true;
}

static bool add_pem(struct hf_config *config, struct hf_keypair *pair,
                    struct hf_span base64)
{
    size_t cap = base64.len / 4 * 3 + 3, len;
    uint8_t *der = hf_alloc(cap);
    bool ok;

    if (!der)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    ok = hf_unbase64(base64, der, cap, &len)
             ? add_certificate(config, pair, hf_span(der, len))
             : hf_fail(&config->error, HF_E_BAD_PEM,
                       "certificate %z is not base64", pair->count + 1);
    hf_free(der, cap);
    return ok;
}

static bool read_chain(struct hf_config *config, struct hf_keypair *pair,
                       struct hf_span text)
{
    struct hf_pem pem;
    bool bad;

    if (text.len && text.at[0] == DER_SEQUENCE)
        return add_certificate(config, pair, text);
    while (hf_pem_next(&text, &pem, &bad))
        if (is_certificate(pem.label) && !add_pem(config, pair, pem.base64))
            return false;
    if (bad)
        return hf_fail(&config->error, HF_E_BAD_PEM,
                       "a PEM block that does not end as it began, after %z "
                       "certificates",
                       pair->count);
    return pair->count ||
           hf_fail(&config->error, HF_E_BAD_PEM, "no certificate in the chain");
}

/* ---- key and certificate belong together --------------------------------------------------- */

static bool same_key(const struct hf_public_key *a,
                     const struct hf_public_key *b)
{
    bool rsa_a = a->kind == HF_KEY_RSA || a->kind == HF_KEY_RSA_PSS;
    bool rsa_b = b->kind == HF_KEY_RSA || b->kind == HF_KEY_RSA_PSS;

    if (rsa_a && rsa_b)
        return hf_span_equal(a->modulus, b->modulus) &&
               hf_span_equal(a->exponent, b->exponent);
    return a->kind == b->kind && hf_span_equal(a->point, b->point);
}

static bool read_key(struct hf_config *config, struct hf_keypair *pair,
                     struct hf_span text)
{
    const struct hf_crypto *c = &config->settings.crypto;
    const struct hf_public_key *cert = &pair->chain[0]->key;
    struct hf_public_key own;
    char have[64], want[64];

    if (!c->provider->key_load(c->self, text, config->passphrase,
                               config->passphrase_ctx, &pair->key,
                               &config->error))
        return false;
    c->provider->key_public(pair->key, &own);
    if (same_key(&own, cert))
        return true;
    hf_key_text(&own, have, sizeof(have));
    hf_key_text(cert, want, sizeof(want));
    return hf_fail(&config->error, HF_E_KEY_MISMATCH,
                   "the key is %s, the certificate is for another key, %s",
                   have, want);
}

/* ---- adding --------------------------------------------------------------------------------------- */

static bool keep_pair(struct hf_config *config, const struct hf_keypair *pair)
{
    struct hf_settings *set = &config->settings;
    size_t count = set->keypair_count;
    struct hf_keypair *grown;

    if (count == HF_KEYPAIRS_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "more than %u certificates", (unsigned)HF_KEYPAIRS_MAX);
    grown = hf_alloc_array(count + 1, sizeof(*grown));
    if (!grown)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(grown, set->keypairs, count * sizeof(*grown));
    grown[count] = *pair;
    hf_free(set->keypairs, count * sizeof(*grown));
    set->keypairs = grown;
    set->keypair_count++;
    return true;
}

static bool add_pair(struct hf_config *config, struct hf_span chain,
                     const struct hf_span *key)
{
    struct hf_keypair pair = { .count = 0 };
    bool ok;

    if (!hf_config_changes(config))
        return false;
    if (!hf_config_open(config))
        return false;
    ok = read_chain(config, &pair, chain) &&
         (!key || read_key(config, &pair, *key)) &&
         hf_keypair_make_message(config, &pair, 0) && keep_pair(config, &pair);
    if (ok)
        return true;
    for (size_t i = 0; i < pair.count; i++)
        hf_cert_free(pair.chain[i]);
    if (pair.key)
        config->provider->key_free(pair.key);
    hf_keypair_drop_messages(&pair);
    return false;
}

bool hf_config_add_keypair(struct hf_config *config, struct hf_span chain,
                           struct hf_span key)
{
    return add_pair(config, chain, &key);
}

bool hf_config_add_chain(struct hf_config *config, struct hf_span chain)
{
    return add_pair(config, chain, NULL);
}

/* Of an OCSP response as large as this something else was meant. */
enum { STAPLE_MAX = 16 * 1024 };

/* For whom it is, is for the client to say: what is checked here is that it is
 * one, and that it says that something is good. */
static bool check_staple(struct hf_config *config, struct hf_span response)
{
    struct hf_error why = { .code = HF_OK };
    struct hf_ocsp ocsp;

    if (response.len > STAPLE_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "an OCSP response of %z bytes; at most %u", response.len,
                       (unsigned)STAPLE_MAX);
    return hf_ocsp_read(response, &ocsp, &why) ||
           hf_fail(&config->error, HF_E_BAD_OPTION, "the OCSP response: %s",
                   why.detail);
}

bool hf_config_add_staple(struct hf_config *config, struct hf_span response)
{
    struct hf_settings *set;
    struct hf_keypair *pair;
    uint8_t *copy;

    if (!hf_config_changes(config))
        return false;
    set = &config->settings;
    if (!set->keypair_count)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "an OCSP response comes behind its certificate");
    if (!check_staple(config, response))
        return false;
    pair = &set->keypairs[set->keypair_count - 1];
    copy = hf_alloc(response.len);
    if (!copy)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, response.at, response.len);
    hf_free((uint8_t *)(uintptr_t)pair->staple.at, pair->staple.len);
    pair->staple = hf_span(copy, response.len);
    return true;
}

/* ---- trust ------------------------------------------------------------------------------------------ */

static bool open_store(struct hf_config *config)
{
    struct hf_settings *set;

    if (!hf_config_changes(config))
        return false;
    set = &config->settings;
    if (!set->store)
        set->store = hf_store_new();
    return set->store || hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
}

static bool add_anchors(struct hf_config *config, struct hf_span pem, bool copy,
                        void (*done)(void *ctx), void *ctx)
{
    size_t added;

    if (!hf_store_add_pem(config->settings.store, pem, copy, done, ctx, &added,
                          &config->error))
        return false;
    return added || hf_fail(&config->error, HF_E_NO_TRUST,
                            "no certificate in %z bytes", pem.len);
}

bool hf_config_trust(struct hf_config *config, struct hf_span anchors)
{
    if (!open_store(config))
        return false;
    if (anchors.len && anchors.at[0] == DER_SEQUENCE)
        return hf_store_add_der(config->settings.store, anchors,
                                &config->error);
    return add_anchors(config, anchors, true, NULL, NULL);
}

bool hf_config_add_crls(struct hf_config *config, struct hf_span lists)
{
    size_t added;

    if (!hf_config_changes(config))
        return false;
    return hf_crls_add(&config->settings.crls, lists, &added, &config->error);
}

bool hf_config_trust_borrowed(struct hf_config *config, struct hf_span pem,
                              void (*done)(void *ctx), void *ctx)
{
    return open_store(config) && add_anchors(config, pem, false, done, ctx);
}
