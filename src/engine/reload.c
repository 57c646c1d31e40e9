/* reload.c - a frozen config with other anchors: what is trusted changes while
 * connections come and go, and nothing else does.
 *
 *      config   <--- base ---   the new one   --- anchors --->   trust
 *      keys, lists, caches      anchors, revocation lists
 *
 * The new config borrows all that it has from two others, which it keeps: so
 * nothing is copied, ticket keys and the cache of verified signatures are the
 * same objects, and a connection that began with the old one ends with it. */
#include "engine/conn.h"

#include <stdatomic.h>

/* What depends on anchors is made anew. */
static bool settle(struct hf_config *made)
{
    return hf_config_list_authorities(made) &&
           hf_settings_bind(&made->settings, &made->error);
}

struct hf_config *hf_config_with_trust(struct hf_config *config,
                                       struct hf_config *trust)
{
    struct hf_config *made;
    struct hf_settings *set;

    if (!config || !trust)
        return NULL;
    if (!hf_config_freeze(config)) {
        hf_config_fail(trust, HF_E_MISUSE, 0,
                       "the config that is to be used cannot be");
        return NULL;
    }
    if (!trust->error.code && !trust->settings.store)
        hf_config_fail(trust, HF_E_NO_TRUST, 0, "");
    if (!hf_config_freeze(trust))
        return NULL;
    made = hf_alloc(sizeof(*made));
    if (!made) {
        hf_config_fail(trust, HF_E_OUT_OF_MEMORY, 0, "");
        return NULL;
    }
    if (config->base) /* it borrows itself, and not for ever longer */
        config = config->base;
    made->count = 1;
    made->base = hf_config_keep(config);
    /* the same of trust, so that hf_config_free goes two deep and no deeper */
    made->anchors = hf_config_keep(trust->anchors ? trust->anchors : trust);
    made->provider = config->provider;
    made->send_authorities = config->send_authorities;
    made->settings = config->settings;
    made->frozen = true;
    set = &made->settings;
    set->store = trust->settings.store;
    set->crls = trust->settings.crls;
    set->authorities = hf_span(NULL, 0);
    if (settle(made))
        return made;
    if (!trust->error.code)
        trust->error = made->error;
    hf_config_free(made);
    return NULL;
}

void hf_config_end_reload(struct hf_config *made)
{
    hf_config_drop_authorities(made);
    hf_config_free(made->base);
    hf_config_free(made->anchors);
    hf_free(made, sizeof(*made));
}
