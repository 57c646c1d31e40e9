/* psk_import.c - the keys that are made of one that is imported (RFC 9258 5.1).
 *
 *   key, by its own hash -> Extract -> "derived psk", ImportedIdentity -> key
 *                                                       of one target
 *
 *   ImportedIdentity:  external_identity | context | TLS 1.3 | target KDF
 *
 * So a key that two programs share for any purpose gives for each hash another
 * one, which is used with that hash alone, and what travels says which. */
#include "handshake/psk.h"

static const struct {
    uint8_t kdf, hash;
} targets[] = {
    { HF_KDF_SHA256, HF_SHA256 },
    { HF_KDF_SHA384, HF_SHA384 },
};

static unsigned kdf_of(unsigned hash)
{
    for (size_t i = 0; i < HF_COUNT(targets); i++)
        if (targets[i].hash == hash)
            return targets[i].kdf;
    return 0;
}

/* epskx = HKDF-Extract(0, epsk)
 * ipskx = HKDF-Expand-Label(epskx, "derived psk", Hash(ImportedIdentity), L) */
static bool derive(const struct hf_crypto *c, const struct hf_psk_import *from,
                   struct hf_span identity, size_t len, uint8_t *out)
{
    const struct hf_hash *hash = hf_hash_by_id(c, from->hash);
    uint8_t extract[HF_HASH_MAX], digest[HF_HASH_MAX];
    struct hf_hmac key = { .hash = NULL };
    bool ok;

    if (!hash)
        return false;
    ok = hf_hkdf_extract(c, hash, hf_span(NULL, 0), from->key, extract) &&
         hf_hash_parts(c, hash, &identity, 1, digest) &&
         hf_hmac_key(&key, c, hash, hf_span(extract, hash->len)) &&
         hf_expand_label(&key, "derived psk", hf_span(digest, hash->len), out,
                         len);
    hf_hmac_wipe(&key);
    hf_wipe(extract, sizeof(extract));
    return ok;
}

bool hf_psk_import(const struct hf_crypto *c, const struct hf_psk_import *from,
                   unsigned target, struct hf_writer *identity, uint8_t *key)
{
    const struct hf_hash *hash = hf_hash_by_id(c, target);
    const struct hf_imported_identity name = {
        .external_identity = from->identity,
        .context = from->context,
        .target_protocol = HF_TLS13,
        .target_kdf = (uint16_t)kdf_of(target),
    };

    if (!hash || !name.target_kdf)
        return false;
    hf_wire_write(hf_imported_identity, identity, &name);
    return !identity->full &&
           derive(c, from, hf_written(identity), hash->len, key);
}

bool hf_psk_imported(struct hf_span identity, struct hf_imported_identity *out,
                     unsigned *target)
{
    struct hf_fault fault;

    if (identity.len > HF_PSK_WIRE_MAX ||
        !hf_wire_read(hf_imported_identity, identity, out, NULL, &fault) ||
        out->target_protocol != HF_TLS13)
        return false;
    for (size_t i = 0; i < HF_COUNT(targets); i++)
        if (targets[i].kdf == out->target_kdf) {
            *target = targets[i].hash;
            return true;
        }
    return false;
}
