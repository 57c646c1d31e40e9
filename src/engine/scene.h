/* scene.h - for tests: what two connections may be made of, so that each test
 * can be played in every kind of handshake there is. */
#ifndef HF_SCENE_H
#define HF_SCENE_H

#include "engine/duet.h"

enum scene {
    SCENE_FULL,        /* the server alone shows a certificate */
    SCENE_RETRY,       /* a HelloRetryRequest first */
    SCENE_CLIENT_CERT, /* the client shows one too */
    SCENE_ALPN,        /* both speak of protocols */
    SCENE_ALL,         /* all of these at once, GREASE and smaller records */
    SCENE_EMPTY_CERT,  /* the client is asked and has none */
    SCENE_COMPRESSED,  /* both show one, compressed in different ways */
    SCENE_PSK,         /* nobody does: both have an imported key */
    SCENE_PSK_RETRY,   /* the same with an external one, after a retry */
    SCENES
};
const char *scene_name(enum scene scene);

/* Two configs, not yet frozen; they can be changed, frozen and used for many
 * connections.  The clock stands still. */
struct stage {
    struct hf_config *client, *server;
};
bool stage_set(struct stage *stage, enum scene scene,
               const struct duet_certs *certs);
/* The same with another provider on both sides (before any key is read). */
bool stage_set_with(struct stage *stage, enum scene scene,
                    const struct duet_certs *certs,
                    const struct hf_provider *provider);
void stage_clear(struct stage *stage);

/* The clock of every scene. */
int64_t scene_clock(void *ctx);

#endif
