/* setter.h - for tests of setters: a config for each of them, and what the last
 * call said of itself. */
#ifndef HF_SETTER_H
#define HF_SETTER_H

#include "base/base.h"
#include "handfast/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hf_config *config;

static inline int begin(void **state)
{
    (void)state;
    config = hf_config_new();
    return config ? 0 : -1;
}

static inline int end(void **state)
{
    (void)state;
    hf_config_free(config);
    return 0;
}

/* The last call failed with @code and said @words; it is forgotten. */
static inline void expect(unsigned code, const char *words)
{
    const struct hf_error *e = hf_config_error(config);

    if (e->code != code || !strstr(e->detail, words))
        fail_msg("%s: \"%s\", not %s with \"%s\"", hf_error_name(e->code),
                 e->detail, hf_error_name(code), words);
    hf_config_clear_error(config);
}

#endif
