/* scene.c - see scene.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "engine/scene.h"

#include <time.h>

const char *scene_name(enum scene scene)
{
    static const char *const names[SCENES] = { "full",
                                               "retry",
                                               "client certificate",
                                               "ALPN",
                                               "all at once",
                                               "empty client certificate",
                                               "compressed certificates",
                                               "imported key",
                                               "external key, retry" };

    return names[scene];
}

int64_t scene_clock(void *ctx)
{
    static int64_t now;

    (void)ctx;
    if (!now)
        now = (int64_t)time(NULL);
    return now;
}

/* The server wants a group for which the client sends no share. */
static bool set_groups(struct stage *stage, bool retry)
{
    static const uint16_t client[] = { 29, 23, 24, 0 }, share[] = { 29, 0 };
    static const uint16_t server[] = { 29, 23, 24, 0 }, other[] = { 23, 0 };

    return hf_config_set_groups(stage->client, client) &&
           hf_config_set_shares(stage->client, share) &&
           hf_config_set_groups(stage->server, retry ? other : server);
}

static bool set_protocols(struct stage *stage)
{
    static const char *const client[] = { "h2", "http/1.1", NULL };
    static const char *const server[] = { "spdy/1", "http/1.1", NULL };

    return hf_config_set_protocols(stage->client, client) &&
           hf_config_set_protocols(stage->server, server);
}

static bool set_client_cert(struct stage *stage, enum scene scene,
                            const struct duet_certs *certs)
{
    bool gives = scene != SCENE_EMPTY_CERT;

    return hf_config_set_client_auth(stage->server,
                                     gives ? HF_CLIENT_AUTH_REQUIRED
                                           : HF_CLIENT_AUTH_OPTIONAL) &&
           hf_config_trust(stage->server, hf_span_text(certs->ca)) &&
           (!gives || hf_config_add_keypair(stage->client,
                                            hf_span_text(certs->client_chain),
                                            hf_span_text(certs->client_key)));
}

/* All ways there are; what the client likes best the server likes least. */
static bool set_compression(struct stage *stage,
                            const struct hf_provider *provider)
{
    enum { MOST = 8 };
    uint16_t client[MOST + 1] = { 0 }, server[MOST + 1] = { 0 };
    const struct hf_compression *const *way = provider->compressions;
    size_t count = 0;

    while (way && way[count] && count < MOST)
        count++;
    for (size_t i = 0; i < count; i++)
        client[i] = server[count - 1 - i] = way[i]->number;
    return hf_config_set_cert_compression(stage->client, client) &&
           hf_config_set_cert_compression(stage->server, server);
}

/* The client offers one more, which the server does not know; and the other way
 * round.  There are no tickets, as in the other scenes, whose client has no
 * use for them. */
static bool set_keys(struct stage *stage, bool imported)
{
    static const char one[] = "a key that client and server have";
    static const char two[] = "what the client thinks is a key";
    static const char three[] = "what the server thinks is a key";
    struct hf_psk both = { hf_span_text("robot"), hf_span_text(one), 0 };
    struct hf_psk ours = { hf_span_text("ours"), hf_span_text(two), HF_SHA384 };
    struct hf_psk theirs = { hf_span_text("theirs"), hf_span_text(three), 0 };
    struct hf_span context = hf_span_text("a\nb");

    if (!hf_config_add_psk(stage->client, &ours) ||
        !hf_config_add_psk(stage->server, &theirs) ||
        !hf_config_set_tickets(stage->server, 0))
        return false;
    return imported
               ? hf_config_add_imported_psk(stage->client, &both, context) &&
                     hf_config_add_imported_psk(stage->server, &both, context)
               : hf_config_add_psk(stage->client, &both) &&
                     hf_config_add_psk(stage->server, &both);
}

static bool set_credentials(struct stage *stage, enum scene scene,
                            const struct duet_certs *certs)
{
    if (scene == SCENE_PSK || scene == SCENE_PSK_RETRY)
        return set_keys(stage, scene == SCENE_PSK);
    return hf_config_trust(stage->client, hf_span_text(certs->ca)) &&
           hf_config_add_keypair(stage->server, hf_span_text(certs->chain),
                                 hf_span_text(certs->key));
}

static bool shows_client_cert(enum scene scene)
{
    return scene == SCENE_ALL || scene == SCENE_CLIENT_CERT ||
           scene == SCENE_EMPTY_CERT || scene == SCENE_COMPRESSED;
}

/* Hellos with values that mean nothing, in any order; smaller records. */
static bool set_shape(struct stage *stage)
{
    enum { LIMIT = 8192 };

    return hf_config_set_grease(stage->client, true) &&
           hf_config_set_grease(stage->server, true) &&
           hf_config_set_permute(stage->client, true) &&
           hf_config_set_record_size_limit(stage->client, LIMIT) &&
           hf_config_set_record_size_limit(stage->server, LIMIT);
}

bool stage_set_with(struct stage *stage, enum scene scene,
                    const struct duet_certs *certs,
                    const struct hf_provider *provider)
{
    bool all = scene == SCENE_ALL;

    *stage = (struct stage){ hf_config_new(), hf_config_new() };
    /* Scenes are of TLS 1.3; who wants TLS 1.2 says so afterwards. */
    return stage->client && stage->server &&
           hf_config_set_versions(stage->client, HF_TLS13, HF_TLS13) &&
           hf_config_set_versions(stage->server, HF_TLS13, HF_TLS13) &&
           hf_config_set_provider(stage->client, provider) &&
           hf_config_set_provider(stage->server, provider) &&
           hf_config_set_clock(stage->client, scene_clock, NULL) &&
           hf_config_set_clock(stage->server, scene_clock, NULL) &&
           set_credentials(stage, scene, certs) &&
           set_groups(stage, all || scene == SCENE_RETRY ||
                                 scene == SCENE_PSK_RETRY) &&
           (!all || set_shape(stage)) &&
           ((!all && scene != SCENE_ALPN) || set_protocols(stage)) &&
           (scene != SCENE_COMPRESSED || set_compression(stage, provider)) &&
           (!shows_client_cert(scene) || set_client_cert(stage, scene, certs));
}

bool stage_set(struct stage *stage, enum scene scene,
               const struct duet_certs *certs)
{
    return stage_set_with(stage, scene, certs, &hf_libcrypto);
}

void stage_clear(struct stage *stage)
{
    hf_config_free(stage->client);
    hf_config_free(stage->server);
    *stage = (struct stage){ NULL, NULL };
}
