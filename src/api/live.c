/* live.c - the config of a server (or of many clients) that is replaced while
 * it is in use: a place for one, which threads ask for each connection.
 *
 * The lock is held for as long as it takes to read a pointer and to count.
 * Nothing is made or freed under it. */
#include "api/api.h"

#include <pthread.h>

struct hf_live {
    pthread_mutex_t lock;
    struct hf_config *config; /* kept */
};

/* Who holds a config for connections with sockets has a clock as well. */
static bool freeze(struct hf_config *config)
{
    if (!config)
        return false;
    hf_config_default_clock(config, hf_system_clock, NULL);
    return hf_config_freeze(config);
}

struct hf_live *hf_live_new(struct hf_config *config)
{
    struct hf_live *live;

    if (!freeze(config))
        return NULL;
    live = hf_alloc(sizeof(*live));
    if (!live)
        return NULL;
    if (pthread_mutex_init(&live->lock, NULL) != 0) {
        hf_free(live, sizeof(*live));
        return NULL;
    }
    live->config = hf_config_keep(config);
    return live;
}

void hf_live_free(struct hf_live *live)
{
    if (!live)
        return;
    hf_config_free(live->config);
    pthread_mutex_destroy(&live->lock);
    hf_free(live, sizeof(*live));
}

struct hf_config *hf_live_get(struct hf_live *live)
{
    struct hf_config *config;

    if (!live)
        return NULL;
    pthread_mutex_lock(&live->lock);
    config = hf_config_keep(live->config);
    pthread_mutex_unlock(&live->lock);
    return config;
}

bool hf_live_set(struct hf_live *live, struct hf_config *config)
{
    struct hf_config *before;

    if (!live || !freeze(config))
        return false;
    pthread_mutex_lock(&live->lock);
    before = live->config;
    live->config = hf_config_keep(config);
    pthread_mutex_unlock(&live->lock);
    hf_config_free(before);
    return true;
}

bool hf_live_set_trust(struct hf_live *live, struct hf_config *trust)
{
    struct hf_config *now = hf_live_get(live);
    struct hf_config *next = hf_config_with_trust(now, trust);
    bool ok = next && hf_live_set(live, next);

    hf_config_free(next);
    hf_config_free(now);
    return ok;
}
