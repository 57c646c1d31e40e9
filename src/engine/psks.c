/* psks.c - what engine.h says about external pre-shared keys: added, imported,
 * asked for elsewhere, demanded.
 *
 * An imported key is derived when it is added, once for each hash, so that a
 * handshake finds both kinds in one list by what travels.  The key itself stays
 * beside them for one reason: the same one may not be added both ways. */
#include "engine/conn.h"
#include "handshake/psk.h"

static bool refuse(struct hf_config *config, const char *why)
{
    return hf_fail(&config->error, HF_E_BAD_PSK, "%s", why);
}

static void drop(struct hf_known_psk *psk)
{
    hf_free((uint8_t *)(uintptr_t)psk->identity.at, psk->identity.len);
    hf_free((uint8_t *)(uintptr_t)psk->key.at, psk->key.len);
    hf_free((uint8_t *)(uintptr_t)psk->source.at, psk->source.len);
    hf_wipe(psk, sizeof(*psk));
}

void hf_config_drop_psks(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;

    for (size_t i = 0; i < set->psk_count; i++)
        drop(&set->psks[i]);
    hf_free(set->psks, set->psk_count * sizeof(*set->psks));
    set->psks = NULL;
    set->psk_count = 0;
}

/* ---- is it one that can be used? ------------------------------------------------------- */

/* What NULL is taken for: a key of no bytes, which is refused. */
static const struct hf_psk no_psk = { .hash = 0 };

static bool check(struct hf_config *config, const struct hf_psk *psk)
{
    size_t key = psk->key.len, name = psk->identity.len;

    if (!hf_config_changes(config))
        return false;
    if (key < HF_PSK_KEY_MIN)
        return hf_fail(&config->error, HF_E_BAD_PSK,
                       "a key of %z bytes; at least %u (128 bits)", key,
                       (unsigned)HF_PSK_KEY_MIN);
    if (key > HF_PSK_KEY_MAX)
        return hf_fail(&config->error, HF_E_BAD_PSK,
                       "a key of %z bytes; at most %u", key,
                       (unsigned)HF_PSK_KEY_MAX);
    if (!name || name > HF_PSK_IDENTITY_MAX)
        return hf_fail(&config->error, HF_E_BAD_PSK,
                       "an identity of %z bytes; from 1 to %u", name,
                       (unsigned)HF_PSK_IDENTITY_MAX);
    if (psk->hash && psk->hash != HF_SHA256 && psk->hash != HF_SHA384)
        return refuse(config, "a hash that is neither SHA-256 nor SHA-384");
    return hf_config_open(config);
}

static unsigned hash_of(const struct hf_psk *psk)
{
    /* RFC 8446 4.2.11: "or default to SHA-256 if no such algorithm is
     * defined" */
    return psk->hash ? psk->hash : HF_SHA256;
}

static bool same_key(struct hf_span a, struct hf_span b)
{
    return a.len == b.len && hf_equal_ct(a.at, b.at, a.len);
}

/* Is there one of that name; is the same key there in the other form? */
static bool is_new(struct hf_config *config, struct hf_span identity,
                   struct hf_span key, unsigned kind)
{
    const struct hf_settings *set = &config->settings;

    for (size_t i = 0; i < set->psk_count; i++) {
        const struct hf_known_psk *have = &set->psks[i];
        struct hf_span other = have->kind == HF_PSK_IMPORTED ? have->source
                                                             : have->key;

        if (hf_span_equal(have->identity, identity))
            return hf_fail(&config->error, HF_E_BAD_PSK,
                           "there is a key of the identity %q already",
                           &identity);
        /* RFC 9258 7: nothing else is done with a key that is imported. */
        if (have->kind != kind && same_key(other, key))
            return refuse(config,
                          "the same key is there as it is and imported");
    }
    return true;
}

/* ---- kept --------------------------------------------------------------------------------- */

static bool copy(struct hf_span *to, struct hf_span from)
{
    uint8_t *room = from.len ? hf_alloc(from.len) : NULL;

    if (!from.len)
        return true;
    if (!room)
        return false;
    hf_copy(room, from.at, from.len);
    *to = hf_span(room, from.len);
    return true;
}

/* Room for one more. */
static bool grow(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    size_t count = set->psk_count;
    struct hf_known_psk *grown;

    if (count == HF_PSKS_MAX)
        return hf_fail(&config->error, HF_E_BAD_PSK,
                       "more than %u keys (an imported one is two)",
                       (unsigned)HF_PSKS_MAX);
    grown = hf_alloc_array(count + 1, sizeof(*grown));
    if (!grown)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(grown, set->psks, count * sizeof(*grown));
    hf_free(set->psks, count * sizeof(*grown));
    set->psks = grown;
    set->psk_count++;
    return true;
}

static bool keep(struct hf_config *config, const struct hf_known_psk *psk)
{
    struct hf_settings *set = &config->settings;
    struct hf_known_psk ours = { .hash = psk->hash, .kind = psk->kind };

    if (!copy(&ours.identity, psk->identity) || !copy(&ours.key, psk->key) ||
        !copy(&ours.source, psk->source)) {
        drop(&ours);
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    }
    if (!grow(config)) {
        drop(&ours);
        return false;
    }
    set->psks[set->psk_count - 1] = ours;
    return true;
}

bool hf_config_add_psk(struct hf_config *config, const struct hf_psk *given)
{
    const struct hf_psk *psk = given ? given : &no_psk;
    struct hf_known_psk one = { .identity = psk->identity,
                                .key = psk->key,
                                .hash = (uint8_t)hash_of(psk),
                                .kind = HF_PSK_EXTERNAL };

    return check(config, psk) &&
           is_new(config, psk->identity, psk->key, HF_PSK_EXTERNAL) &&
           keep(config, &one);
}

/* For the hash @target. */
static bool import(struct hf_config *config, const struct hf_psk_import *from,
                   uint8_t target)
{
    const struct hf_crypto *c = &config->settings.crypto;
    const struct hf_hash *hash = hf_hash_by_id(c, target);
    uint8_t name[HF_PSK_WIRE_MAX], key[HF_HASH_MAX];
    struct hf_writer w = hf_writer(name, sizeof(name));
    struct hf_known_psk one = { .source = from->key,
                                .hash = target,
                                .kind = HF_PSK_IMPORTED };
    bool ok = hash && hf_psk_import(c, from, target, &w, key);

    if (ok) {
        one.identity = hf_written(&w);
        one.key = hf_span(key, hash->len);
        ok = is_new(config, one.identity, from->key, HF_PSK_IMPORTED) &&
             keep(config, &one);
    } else {
        hf_fail(&config->error, HF_E_CRYPTO, "an imported key");
    }
    hf_wipe(key, sizeof(key));
    return ok;
}

bool hf_config_add_imported_psk(struct hf_config *config,
                                const struct hf_psk *given,
                                struct hf_span context)
{
    const struct hf_psk *psk = given ? given : &no_psk;
    const struct hf_psk_import from = { psk->identity, psk->key, context,
                                        hash_of(psk) };
    struct hf_settings *set;

    if (!check(config, psk))
        return false;
    set = &config->settings;
    if (context.len > HF_PSK_IDENTITY_MAX)
        return hf_fail(&config->error, HF_E_BAD_PSK,
                       "a context of %z bytes; at most %u", context.len,
                       (unsigned)HF_PSK_IDENTITY_MAX);
    if (!import(config, &from, HF_SHA256))
        return false;
    if (import(config, &from, HF_SHA384))
        return true;
    drop(&set->psks[--set->psk_count]);
    return false;
}

/* ---- elsewhere, and nothing else ---------------------------------------------------------- */

bool hf_config_set_psk_finder(struct hf_config *config, hf_psk_find_fn *find,
                              void *ctx)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.find_psk = find;
    config->settings.find_psk_ctx = ctx;
    return true;
}

bool hf_config_require_psk(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.require_psk = on;
    return true;
}
