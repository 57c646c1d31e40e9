/* config.c - what we offer and whom we trust: set, checked, frozen, shared.
 *
 * A setter that cannot do what was asked changes nothing and notes why; the
 * first reason stays.  Freezing fills in what was not said and checks the
 * whole, so that a connection never meets a setting that cannot work. */
#include "engine/conn.h"

#include <stdatomic.h>

struct hf_config *hf_config_new(void)
{
    struct hf_config *config = hf_alloc(sizeof(*config));

    if (!config)
        return NULL;
    config->count = 1;
    config->provider = &hf_libcrypto;
    config->settings.min_version = HF_TLS13;
    config->settings.max_version = HF_TLS13;
    config->settings.min_rsa_bits = 2048;
    return config;
}

struct hf_config *hf_config_keep(struct hf_config *config)
{
    atomic_fetch_add_explicit(&config->count, 1, memory_order_relaxed);
    return config;
}

static void free_keypair(struct hf_config *config, struct hf_keypair *pair)
{
    for (size_t i = 0; i < pair->count; i++)
        hf_cert_free(pair->chain[i]);
    if (pair->key)
        config->provider->key_free(pair->key);
    hf_free((uint8_t *)(uintptr_t)pair->message.at, pair->message.len);
    *pair = (struct hf_keypair){ .count = 0 };
}

void hf_config_free(struct hf_config *config)
{
    struct hf_settings *set;

    if (!config ||
        atomic_fetch_sub_explicit(&config->count, 1, memory_order_acq_rel) != 1)
        return;
    set = &config->settings;
    for (size_t i = 0; i < set->keypair_count; i++)
        free_keypair(config, &set->keypairs[i]);
    hf_free(set->keypairs, set->keypair_count * sizeof(*set->keypairs));
    hf_free((uint8_t *)(uintptr_t)set->protocols.at, set->protocols.len);
    hf_store_free(set->store);
    hf_crypto_close(&set->crypto);
    hf_free(config, sizeof(*config));
}

const struct hf_error *hf_config_error(const struct hf_config *config)
{
    return &config->error;
}

void hf_config_clear_error(struct hf_config *config)
{
    config->error = (struct hf_error){ .code = HF_OK };
}

bool hf_config_fail(struct hf_config *config, unsigned code, int system,
                    const char *detail)
{
    if (config->error.code)
        return false;
    config->error.system = system;
    return hf_fail(&config->error, (enum hf_error_code)code, "%s", detail);
}

/* Every setter begins with this. */
static bool open_to_change(struct hf_config *config)
{
    return !config->frozen || hf_fail(&config->error, HF_E_FROZEN, NULL);
}

static bool refuse(struct hf_config *config, const char *why)
{
    return hf_fail(&config->error, HF_E_BAD_OPTION, "%s", why);
}

/* The provider is needed to read keys, before the config is frozen. */
bool hf_config_open(struct hf_config *config)
{
    return config->settings.crypto.provider ||
           hf_crypto_open(&config->settings.crypto, config->provider,
                          &config->error);
}

/* ---- lists of numbers --------------------------------------------------------------- */

static bool set_numbers(struct hf_config *config, struct hf_numbers *to,
                        const uint16_t *from, const char *what)
{
    struct hf_numbers list = { .count = 0 };

    if (!open_to_change(config))
        return false;
    for (; *from; from++) {
        if (list.count == HF_LIST_MAX)
            return hf_fail(&config->error, HF_E_BAD_OPTION, "more than %u %s",
                           (unsigned)HF_LIST_MAX, what);
        if (hf_numbers_have(&list, *from))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "%x is named twice among the %s", (unsigned)*from,
                           what);
        list.at[list.count++] = *from;
    }
    if (!list.count)
        return hf_fail(&config->error, HF_E_BAD_OPTION, "no %s", what);
    *to = list;
    return true;
}

bool hf_config_set_suites(struct hf_config *config, const uint16_t *suites)
{
    for (const uint16_t *s = suites; *s; s++)
        if (!hf_suite_by_number(*s))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "cipher suite %x is not supported", (unsigned)*s);
    return set_numbers(config, &config->settings.suites, suites,
                       "cipher suites");
}

bool hf_config_set_groups(struct hf_config *config, const uint16_t *groups)
{
    return set_numbers(config, &config->settings.groups, groups, "groups");
}

bool hf_config_set_shares(struct hf_config *config, const uint16_t *groups)
{
    struct hf_numbers list;

    /* No share at all is legal: the server will ask for one. */
    if (!*groups) {
        if (!open_to_change(config))
            return false;
        config->settings.shares.count = 0;
        config->shares_chosen = true;
        return true;
    }
    if (!set_numbers(config, &list, groups, "key shares"))
        return false;
    if (list.count > HF_SHARES_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "more than %u key shares", (unsigned)HF_SHARES_MAX);
    config->settings.shares = list;
    config->shares_chosen = true;
    return true;
}

bool hf_config_set_signatures(struct hf_config *config, const uint16_t *schemes)
{
    return set_numbers(config, &config->settings.schemes, schemes,
                       "signature schemes");
}

/* ---- simple settings -------------------------------------------------------------------- */

bool hf_config_set_provider(struct hf_config *config,
                            const struct hf_provider *provider)
{
    if (!open_to_change(config))
        return false;
    if (config->settings.crypto.provider)
        return refuse(config, "the provider comes before the first key");
    config->provider = provider;
    return true;
}

bool hf_config_set_versions(struct hf_config *config, unsigned min,
                            unsigned max)
{
    if (!open_to_change(config))
        return false;
    if (min > max || max > HF_TLS13 || min < HF_TLS12)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "versions from %x to %x", min, max);
    config->settings.min_version = (uint16_t)min;
    config->settings.max_version = (uint16_t)max;
    return true;
}

bool hf_config_set_protocols(struct hf_config *config,
                             const char *const *protocols)
{
    uint8_t room[HF_PROTOCOLS_MAX], *copy;
    struct hf_writer w = hf_writer(room, sizeof(room));

    if (!open_to_change(config))
        return false;
    for (; *protocols; protocols++) {
        struct hf_protocol_name name = { hf_span_text(*protocols) };

        hf_wire_write(hf_protocol_name, &w, &name);
    }
    if (w.full)
        return refuse(config, "an empty protocol name, or more than 255 "
                              "bytes of them");
    copy = hf_alloc(w.len);
    if (!copy)
        return hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
    hf_copy(copy, room, w.len);
    hf_free((uint8_t *)(uintptr_t)config->settings.protocols.at,
            config->settings.protocols.len);
    config->settings.protocols = hf_span(copy, w.len);
    return true;
}

void hf_config_set_passphrase(struct hf_config *config, hf_passphrase_fn *ask,
                              void *ctx)
{
    config->passphrase = ask;
    config->passphrase_ctx = ctx;
}

bool hf_config_set_client_auth(struct hf_config *config,
                               enum hf_client_auth mode)
{
    if (!open_to_change(config))
        return false;
    config->settings.client_auth = (uint8_t)mode;
    return true;
}

bool hf_config_set_strict_names(struct hf_config *config, bool on)
{
    if (!open_to_change(config))
        return false;
    config->settings.strict_names = on;
    return true;
}

bool hf_config_set_clock(struct hf_config *config, hf_clock_fn *now, void *ctx)
{
    if (!open_to_change(config))
        return false;
    config->settings.clock = now;
    config->settings.clock_ctx = ctx;
    return true;
}

void hf_config_default_clock(struct hf_config *config, hf_clock_fn *now,
                             void *ctx)
{
    if (!config->frozen && !config->settings.clock)
        hf_config_set_clock(config, now, ctx);
}

bool hf_config_set_min_rsa(struct hf_config *config, unsigned bits)
{
    enum { LEAST = 1024, MOST = 8192 };

    if (!open_to_change(config))
        return false;
    if (bits < LEAST || bits > MOST)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "an RSA minimum of %u bits; from %u to %u", bits,
                       (unsigned)LEAST, (unsigned)MOST);
    config->settings.min_rsa_bits = (uint16_t)bits;
    return true;
}

bool hf_config_set_watch(struct hf_config *config, hf_watch_fn *watch,
                         void *ctx, bool secrets)
{
    if (!open_to_change(config))
        return false;
    config->settings.watch = watch;
    config->settings.watch_ctx = ctx;
    config->settings.watch_secrets = secrets;
    return true;
}

bool hf_config_set_keylog(struct hf_config *config, hf_keylog_fn *log,
                          void *ctx)
{
    if (!open_to_change(config))
        return false;
    config->settings.keylog = log;
    config->settings.keylog_ctx = ctx;
    return true;
}

bool hf_config_insecure_no_verify(struct hf_config *config)
{
    if (!open_to_change(config))
        return false;
    config->settings.no_verify = true;
    return true;
}

bool hf_config_insecure_no_name_check(struct hf_config *config)
{
    if (!open_to_change(config))
        return false;
    config->settings.no_name_check = true;
    return true;
}

bool hf_config_insecure_no_time_check(struct hf_config *config)
{
    if (!open_to_change(config))
        return false;
    config->settings.no_time_check = true;
    return true;
}

bool hf_config_set_questions(struct hf_config *config, unsigned kinds)
{
    if (!open_to_change(config))
        return false;
    config->settings.questions = kinds;
    return true;
}

/* ---- freezing ------------------------------------------------------------------------------ */

/* What nobody chose is what the provider can do, in its order. */
static void default_lists(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    const struct hf_provider *p = set->crypto.provider;
    struct hf_numbers *schemes = &set->schemes, *groups = &set->groups;

    if (!set->suites.count)
        for (size_t i = 0; i < hf_suite_count; i++)
            if (hf_suites[i].version >= set->min_version &&
                hf_suites[i].version <= set->max_version &&
                hf_suites[i].kx != HF_SUITE_RSA &&
                hf_suite_aead(&set->crypto, &hf_suites[i]))
                set->suites.at[set->suites.count++] = hf_suites[i].number;
    if (!groups->count)
        for (size_t i = 0; p->groups[i] && i < HF_LIST_MAX; i++)
            groups->at[groups->count++] = p->groups[i]->group;
    if (schemes->count)
        return;
    for (size_t i = 0; p->signatures[i] && schemes->count < HF_LIST_MAX; i++)
        if (p->signatures[i]->scheme)
            schemes->at[schemes->count++] = p->signatures[i]->scheme;
}

/* A share of the first group, and of the classic one inside it if that is
 * ours too: it costs nothing. */
static void default_shares(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    const struct hf_kx *first;

    if (config->shares_chosen)
        return;
    first = hf_kx_by_group(&set->crypto, set->groups.at[0]);
    set->shares = (struct hf_numbers){ { set->groups.at[0] }, 1 };
    if (first && first->part &&
        hf_numbers_have(&set->groups, first->part->group))
        set->shares.at[set->shares.count++] = first->part->group;
}

/* A hello offers nothing that it could not keep to (RFC 8446 9.3): suites of
 * other versions than ours are left out. */
static bool keep_suites(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    struct hf_numbers kept = { .count = 0 };

    for (size_t i = 0; i < set->suites.count; i++) {
        const struct hf_suite *suite = hf_suite_by_number(set->suites.at[i]);

        if (suite->version >= set->min_version &&
            suite->version <= set->max_version)
            kept.at[kept.count++] = set->suites.at[i];
    }
    set->suites = kept;
    return kept.count || refuse(config, "none of the cipher suites is of a "
                                        "version that is allowed");
}

/* RFC 8446 4.2.8: shares stand in the order of the groups. */
static void order_shares(struct hf_settings *set)
{
    struct hf_numbers ordered = { .count = 0 };

    for (size_t i = 0; i < set->groups.count; i++)
        if (hf_numbers_have(&set->shares, set->groups.at[i]))
            ordered.at[ordered.count++] = set->groups.at[i];
    set->shares = ordered;
}

static bool check_lists(struct hf_config *config)
{
    const struct hf_settings *set = &config->settings;
    const struct hf_crypto *c = &set->crypto;
    struct hf_error *e = &config->error;

    for (size_t i = 0; i < set->suites.count; i++)
        if (!hf_suite_aead(c, hf_suite_by_number(set->suites.at[i])))
            return hf_fail(e, HF_E_BAD_OPTION, "%s has no cipher suite %x",
                           c->provider->name, (unsigned)set->suites.at[i]);
    for (size_t i = 0; i < set->groups.count; i++)
        if (!hf_kx_by_group(c, set->groups.at[i]))
            return hf_fail(e, HF_E_BAD_OPTION, "%s has no group %x",
                           c->provider->name, (unsigned)set->groups.at[i]);
    for (size_t i = 0; i < set->schemes.count; i++)
        if (!hf_signature_by_scheme(c, set->schemes.at[i]))
            return hf_fail(e, HF_E_BAD_OPTION, "%s has no signature scheme %x",
                           c->provider->name, (unsigned)set->schemes.at[i]);
    for (size_t i = 0; i < set->shares.count; i++)
        if (!hf_numbers_have(&set->groups, set->shares.at[i]))
            return hf_fail(e, HF_E_BAD_OPTION,
                           "a key share for group %x, which is not among the "
                           "groups",
                           (unsigned)set->shares.at[i]);
    return true;
}

/* Whose key lives elsewhere, for him somebody must sign. */
static bool check_keys(struct hf_config *config)
{
    const struct hf_settings *set = &config->settings;

    for (size_t i = 0; i < set->keypair_count; i++)
        if (!set->keypairs[i].key && !(set->questions & HF_ASK_SIGN))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "chain %z has no key, and HF_ASK_SIGN is not set",
                           i);
    return true;
}

bool hf_config_freeze(struct hf_config *config)
{
    if (config->frozen)
        return true;
    if (config->error.code || !hf_config_open(config))
        return false;
    default_lists(config);
    default_shares(config);
    if (!check_lists(config) || !keep_suites(config) || !check_keys(config))
        return false;
    order_shares(&config->settings);
    config->frozen = true;
    return true;
}
