/* fresh.h - for tests: a fresh scene with the usual root for each of them; the
 * rest is sent by the test. */
#ifndef HF_FRESH_H
#define HF_FRESH_H

#include "x509/scene.h"

static struct scene s;

static inline int begin(void **state)
{
    (void)state;
    scene_init(&s);
    return 0;
}

static inline int finish(void **state)
{
    (void)state;
    scene_wipe(&s);
    return 0;
}

static inline void send_good_middle(void)
{
    SEND(&s, MIDDLE);
}

#endif
