/* freeze.c - a config checked as a whole, once, so that a connection never meets
 * a setting that cannot work.
 *
 * Lists of a policy are cut to what the provider has; lists set by hand are
 * held against it.  Then suites and versions are made to match. */
#include "engine/conn.h"

static bool refuse(struct hf_config *config, const char *why)
{
    return hf_fail(&config->error, HF_E_BAD_OPTION, "%s", why);
}

static bool has_suite(const struct hf_crypto *c, unsigned number)
{
    const struct hf_suite *suite = hf_suite_by_number(number);

    return suite && hf_suite_possible(c, suite);
}

static bool has_group(const struct hf_crypto *c, unsigned number)
{
    return hf_kx_by_group(c, number) != NULL;
}

static bool has_scheme(const struct hf_crypto *c, unsigned number)
{
    return hf_signature_by_scheme(c, number) != NULL;
}

static void keep(struct hf_numbers *list, const struct hf_crypto *c,
                 bool (*has)(const struct hf_crypto *c, unsigned number))
{
    struct hf_numbers kept = { .count = 0 };

    for (size_t i = 0; i < list->count; i++)
        if (has(c, list->at[i]))
            kept.at[kept.count++] = list->at[i];
    *list = kept;
}

/* A policy is written for everybody: what this provider lacks is left out. */
static bool cut_lists(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    const struct hf_crypto *c = &set->crypto;

    if (!config->suites_chosen)
        keep(&set->suites, c, has_suite);
    if (!config->groups_chosen)
        keep(&set->groups, c, has_group);
    if (!config->schemes_chosen)
        keep(&set->schemes, c, has_scheme);
    if (!config->verify_chosen)
        set->verify = set->schemes;
    if (set->suites.count && set->groups.count && set->schemes.count)
        return true;
    return hf_fail(&config->error, HF_E_BAD_OPTION,
                   "%s has no %s of the policy", c->provider->name,
                   !set->suites.count   ? "cipher suite"
                   : !set->groups.count ? "group"
                                        : "signature scheme");
}

/* With other groups than the policy's, a share of the first, and of the
 * classic one inside it if that is ours too: it costs nothing. */
static void default_shares(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    const struct hf_kx *first;

    if (config->shares_chosen)
        return;
    if (!config->groups_chosen)
        keep(&set->shares, &set->crypto, has_group);
    if (!config->groups_chosen && set->shares.count)
        return;
    first = hf_kx_by_group(&set->crypto, set->groups.at[0]);
    set->shares = (struct hf_numbers){ { set->groups.at[0] }, 1 };
    if (first && first->part &&
        hf_numbers_have(&set->groups, first->part->group))
        set->shares.at[set->shares.count++] = first->part->group;
}

/* A hello offers nothing that it could not keep to (RFC 8446 9.3): suites of
 * other versions than ours are left out, and versions without a suite. */
static bool match_versions(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;
    struct hf_numbers kept = { .count = 0 };
    uint16_t least = HF_TLS13, most = HF_TLS12;

    for (size_t i = 0; i < set->suites.count; i++) {
        uint16_t version = hf_suite_by_number(set->suites.at[i])->version;

        if (version < set->min_version || version > set->max_version)
            continue;
        least = version < least ? version : least;
        most = version > most ? version : most;
        kept.at[kept.count++] = set->suites.at[i];
    }
    if (!kept.count)
        return refuse(config, "none of the cipher suites is of a version that "
                              "is allowed");
    set->suites = kept;
    set->min_version = least;
    set->max_version = most;
    return true;
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

static bool check_schemes(struct hf_config *config,
                          const struct hf_numbers *list)
{
    const struct hf_crypto *c = &config->settings.crypto;

    for (size_t i = 0; i < list->count; i++)
        if (!hf_signature_by_scheme(c, list->at[i]))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "%s has no signature scheme %x", c->provider->name,
                           (unsigned)list->at[i]);
    return true;
}

static bool check_lists(struct hf_config *config)
{
    const struct hf_settings *set = &config->settings;
    const struct hf_crypto *c = &set->crypto;
    struct hf_error *e = &config->error;

    for (size_t i = 0; i < set->suites.count; i++)
        if (!hf_suite_possible(c, hf_suite_by_number(set->suites.at[i])))
            return hf_fail(e, HF_E_BAD_OPTION, "%s has no cipher suite %x",
                           c->provider->name, (unsigned)set->suites.at[i]);
    for (size_t i = 0; i < set->groups.count; i++)
        if (!hf_kx_by_group(c, set->groups.at[i]))
            return hf_fail(e, HF_E_BAD_OPTION, "%s has no group %x",
                           c->provider->name, (unsigned)set->groups.at[i]);
    if (!check_schemes(config, &set->schemes) ||
        !check_schemes(config, &set->verify) ||
        !check_schemes(config, &set->cert_verify))
        return false;
    for (size_t i = 0; i < set->compressions.count; i++)
        if (!hf_compression_by_number(c, set->compressions.at[i]))
            return hf_fail(
                e, HF_E_BAD_OPTION, "%s has no certificate compression %s (%x)",
                c->provider->name, hf_compression_name(set->compressions.at[i]),
                (unsigned)set->compressions.at[i]);
    for (size_t i = 0; i < set->shares.count; i++)
        if (!hf_numbers_have(&set->groups, set->shares.at[i]))
            return hf_fail(e, HF_E_BAD_OPTION,
                           "a key share for group %x, which is not among the "
                           "groups",
                           (unsigned)set->shares.at[i]);
    return true;
}

/* Whose key lives elsewhere, for him somebody must sign, or decrypt. */
static bool check_keys(struct hf_config *config)
{
    const struct hf_settings *set = &config->settings;

    for (size_t i = 0; i < set->keypair_count; i++)
        if (!set->keypairs[i].key &&
            !(set->questions & (HF_ASK_SIGN | HF_ASK_DECRYPT)))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "chain %z has no key, and neither HF_ASK_SIGN nor "
                           "HF_ASK_DECRYPT is set",
                           i);
    return true;
}

/* For whoever verifies anything. */
static bool make_cache(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;

    if (set->known || !set->store || set->no_verify || !config->known_entries)
        return true;
    set->known = hf_known_new(config->known_entries, config->known_leaves);
    return set->known || hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
}

/* With keys that come from outside, others can open the sessions too, so these
 * must carry all that they need. */
static bool keep_chains(struct hf_config *config)
{
    struct hf_settings *set = &config->settings;

    if (!set->sessions.put || set->find_key || set->chains)
        return true;
    set->chains = hf_chains_new();
    return set->chains || hf_fail(&config->error, HF_E_OUT_OF_MEMORY, NULL);
}

bool hf_config_freeze(struct hf_config *config)
{
    if (!config)
        return false;
    if (config->frozen)
        return true;
    if (config->error.code || !hf_config_open(config))
        return false;
    if (!cut_lists(config))
        return false;
    default_shares(config);
    if (!check_lists(config) || !match_versions(config) || !check_keys(config))
        return false;
    if (!hf_config_list_authorities(config) || !hf_config_make_messages(config))
        return false;
    order_shares(&config->settings);
    if (!keep_chains(config))
        return false;
    if (!make_cache(config))
        return false;
    if (!hf_settings_bind(&config->settings, &config->error))
        return false;
    config->frozen = true;
    return true;
}
