/* config.c - what we offer and whom we trust: set, frozen (freeze.c), shared.
 *
 * A setter that cannot do what was asked changes nothing and notes why; the
 * first reason stays. */
#include "engine/conn.h"

#include <stdatomic.h>

static void copy_list(struct hf_numbers *to, const uint16_t *from)
{
    to->count = 0;
    while (*from && to->count < HF_LIST_MAX)
        to->at[to->count++] = *from++;
}

/* Everything that a policy fixes, and nothing else. */
static void follow(struct hf_config *config, const struct hf_policy *policy)
{
    struct hf_settings *set = &config->settings;

    set->min_version = policy->min_version;
    set->max_version = policy->max_version;
    set->min_rsa_bits = policy->min_rsa_bits;
    copy_list(&set->suites, policy->suites);
    copy_list(&set->groups, policy->groups);
    copy_list(&set->shares, policy->shares);
    copy_list(&set->schemes, policy->schemes);
    config->suites_chosen = config->groups_chosen = false;
    config->schemes_chosen = config->shares_chosen = false;
    config->verify_chosen = false;
    set->cert_verify.count = 0;
}

enum { SESSION_LIFETIME = 12 * 3600 };

struct hf_config *hf_config_new(void)
{
    struct hf_config *config = hf_alloc(sizeof(*config));

    if (!config)
        return NULL;
    config->count = 1;
    config->provider = &hf_libcrypto;
    config->settings.revocation = HF_REVOCATION_SOFT;
    follow(config, hf_policy_at(0)); /* a test says that this is "default" */
    config->settings.tickets = 2;
    config->settings.session_lifetime = SESSION_LIFETIME;
    config->known_entries = HF_KNOWN_USUAL;
    config->settings.keys = hf_ticket_keys_new();
    if (!config->settings.keys) {
        hf_config_free(config);
        return NULL;
    }
    return config;
}

struct hf_config *hf_config_keep(struct hf_config *config)
{
    if (config)
        atomic_fetch_add_explicit(&config->count, 1, memory_order_relaxed);
    return config;
}

static void free_keypair(struct hf_config *config, struct hf_keypair *pair)
{
    for (size_t i = 0; i < pair->count; i++)
        hf_cert_free(pair->chain[i]);
    if (pair->key)
        config->provider->key_free(pair->key);
    hf_keypair_drop_messages(pair);
    hf_free((uint8_t *)(uintptr_t)pair->staple.at, pair->staple.len);
    hf_free((uint8_t *)(uintptr_t)pair->scts.at, pair->scts.len);
    *pair = (struct hf_keypair){ .count = 0 };
}

void hf_config_free(struct hf_config *config)
{
    struct hf_settings *set;

    if (!config ||
        atomic_fetch_sub_explicit(&config->count, 1, memory_order_acq_rel) != 1)
        return;
    if (config->base) {
        hf_config_end_reload(config);
        return;
    }
    set = &config->settings;
    for (size_t i = 0; i < set->keypair_count; i++)
        free_keypair(config, &set->keypairs[i]);
    hf_free(set->keypairs, set->keypair_count * sizeof(*set->keypairs));
    hf_free((uint8_t *)(uintptr_t)set->protocols.at, set->protocols.len);
    hf_config_drop_authorities(config);
    hf_config_drop_psks(config);
    hf_store_free(set->store);
    hf_crls_wipe(&set->crls);
    hf_known_free(set->known);
    hf_ticket_keys_free(set->keys);
    hf_chains_free(set->chains);
    hf_crypto_close(&set->crypto);
    hf_free(config, sizeof(*config));
}

/* Whoever has no config is told why, as if there were one that failed. */
static const struct hf_error no_config = {
    .code = HF_E_OUT_OF_MEMORY,
    .alert = 80,
    .detail = "there is no config: hf_config_new() had no memory"
};

const struct hf_error *hf_config_error(const struct hf_config *config)
{
    return config ? &config->error : &no_config;
}

void hf_config_clear_error(struct hf_config *config)
{
    if (config)
        config->error = (struct hf_error){ .code = HF_OK };
}

bool hf_config_fail(struct hf_config *config, unsigned code, int system,
                    const char *detail)
{
    if (!config || config->error.code)
        return false;
    config->error.system = system;
    if (!code || code >= HF_ERROR_CODES) /* it is to be a failure */
        code = HF_E_MISUSE;
    return hf_fail(&config->error, (enum hf_error_code)code, "%s", detail);
}

bool hf_config_changes(struct hf_config *config)
{
    return config &&
           (!config->frozen || hf_fail(&config->error, HF_E_FROZEN, NULL));
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

bool hf_config_set_policy(struct hf_config *config, const char *name)
{
    const struct hf_policy *policy = hf_policy_find(name);
    struct hf_span word = hf_span_text(name ? name : "");

    if (!hf_config_changes(config))
        return false;
    if (!policy)
        return hf_fail(&config->error, HF_E_BAD_OPTION, "there is no policy %q",
                       &word);
    follow(config, policy);
    return true;
}

/* ---- lists of numbers --------------------------------------------------------------- */

static bool set_numbers(struct hf_config *config, struct hf_numbers *to,
                        const uint16_t *from, const char *what)
{
    struct hf_numbers list = { .count = 0 };

    if (!hf_config_changes(config))
        return false;
    for (; from && *from; from++) {
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
    if (!hf_config_changes(config))
        return false;
    for (const uint16_t *s = suites; s && *s; s++)
        if (!hf_suite_by_number(*s))
            return hf_fail(&config->error, HF_E_BAD_OPTION,
                           "cipher suite %x is not supported", (unsigned)*s);
    if (!set_numbers(config, &config->settings.suites, suites, "cipher suites"))
        return false;
    config->suites_chosen = true;
    return true;
}

bool hf_config_set_groups(struct hf_config *config, const uint16_t *groups)
{
    if (!config ||
        !set_numbers(config, &config->settings.groups, groups, "groups"))
        return false;
    config->groups_chosen = true;
    return true;
}

bool hf_config_set_shares(struct hf_config *config, const uint16_t *groups)
{
    struct hf_numbers list;

    /* No share at all is legal: the server will ask for one. */
    if (groups && !*groups) {
        if (!hf_config_changes(config))
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
    if (!config || !set_numbers(config, &config->settings.schemes, schemes,
                                "signature schemes"))
        return false;
    config->schemes_chosen = true;
    return true;
}

bool hf_config_set_verify_signatures(struct hf_config *config,
                                     const uint16_t *schemes)
{
    if (!config || !set_numbers(config, &config->settings.verify, schemes,
                                "signature schemes"))
        return false;
    config->verify_chosen = true;
    return true;
}

bool hf_config_set_cert_signatures(struct hf_config *config,
                                   const uint16_t *schemes)
{
    return config && set_numbers(config, &config->settings.cert_verify, schemes,
                                 "signature schemes");
}

bool hf_config_set_cert_compression(struct hf_config *config,
                                    const uint16_t *algorithms)
{
    if (!hf_config_changes(config))
        return false;
    if (!algorithms || *algorithms)
        return set_numbers(config, &config->settings.compressions, algorithms,
                           "ways of certificate compression");
    config->settings.compressions.count = 0;
    return true;
}

/* ---- simple settings -------------------------------------------------------------------- */

bool hf_config_set_provider(struct hf_config *config,
                            const struct hf_provider *provider)
{
    if (!hf_config_changes(config))
        return false;
    if (!provider)
        return refuse(config, "no provider");
    if (config->settings.crypto.provider)
        return refuse(config, "the provider comes before the first key");
    config->provider = provider;
    return true;
}

bool hf_config_set_versions(struct hf_config *config, unsigned min,
                            unsigned max)
{
    if (!hf_config_changes(config))
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

    if (!hf_config_changes(config))
        return false;
    for (; protocols && *protocols; protocols++) {
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
    if (!config)
        return;
    config->passphrase = ask;
    config->passphrase_ctx = ctx;
}

bool hf_config_set_client_auth(struct hf_config *config,
                               enum hf_client_auth mode)
{
    if (!hf_config_changes(config))
        return false;
    if ((unsigned)mode > HF_CLIENT_AUTH_REQUIRED)
        return refuse(config, "a kind of asking for certificates that there "
                              "is not");
    config->settings.client_auth = (uint8_t)mode;
    return true;
}

bool hf_config_set_strict_names(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.strict_names = on;
    return true;
}

bool hf_config_set_clock(struct hf_config *config, hf_clock_fn *now, void *ctx)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.clock = now;
    config->settings.clock_ctx = ctx;
    return true;
}

void hf_config_default_clock(struct hf_config *config, hf_clock_fn *now,
                             void *ctx)
{
    if (config && !config->frozen && !config->settings.clock)
        hf_config_set_clock(config, now, ctx);
}

bool hf_config_set_min_rsa(struct hf_config *config, unsigned bits)
{
    enum { LEAST = 1024, MOST = 8192 };

    if (!hf_config_changes(config))
        return false;
    if (bits < LEAST || bits > MOST)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "an RSA minimum of %u bits; from %u to %u", bits,
                       (unsigned)LEAST, (unsigned)MOST);
    config->settings.min_rsa_bits = (uint16_t)bits;
    return true;
}

bool hf_config_set_why_not(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.why_not = on;
    return true;
}

bool hf_config_set_signature_cache(struct hf_config *config, size_t entries,
                                   bool leaves)
{
    if (!hf_config_changes(config))
        return false;
    if (entries > HF_SIGNATURE_CACHE_MAX)
        return hf_fail(&config->error, HF_E_BAD_OPTION,
                       "room for %z signatures; at most %u", entries,
                       (unsigned)HF_SIGNATURE_CACHE_MAX);
    config->known_entries = entries;
    config->known_leaves = leaves;
    return true;
}

bool hf_config_ask_staple(struct hf_config *config, bool on)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.ask_staple = on;
    return true;
}

bool hf_config_set_revocation(struct hf_config *config, enum hf_revocation mode)
{
    if (!hf_config_changes(config))
        return false;
    if ((unsigned)mode > HF_REVOCATION_HARD)
        return refuse(config, "a kind of asking about revocation that there "
                              "is not");
    config->settings.revocation = (uint8_t)mode;
    return true;
}

bool hf_config_set_watch(struct hf_config *config, hf_watch_fn *watch,
                         void *ctx, bool secrets)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.watch = watch;
    config->settings.watch_ctx = ctx;
    config->settings.watch_secrets = secrets;
    return true;
}

bool hf_config_set_keylog(struct hf_config *config, hf_keylog_fn *log,
                          void *ctx)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.keylog = log;
    config->settings.keylog_ctx = ctx;
    return true;
}

bool hf_config_insecure_no_verify(struct hf_config *config)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.no_verify = true;
    return true;
}

bool hf_config_insecure_no_name_check(struct hf_config *config)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.no_name_check = true;
    return true;
}

bool hf_config_insecure_no_time_check(struct hf_config *config)
{
    if (!hf_config_changes(config))
        return false;
    config->settings.no_time_check = true;
    return true;
}

bool hf_config_set_questions(struct hf_config *config, unsigned kinds)
{
    const unsigned all = HF_ASK_CONFIG | HF_ASK_SIGN | HF_ASK_VERIFY |
                         HF_ASK_DECRYPT;

    if (!hf_config_changes(config))
        return false;
    if (kinds & ~all)
        return refuse(config, "a kind of question that there is not");
    config->settings.questions = kinds;
    return true;
}
