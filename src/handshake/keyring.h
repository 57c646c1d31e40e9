/* keyring.h - for tests: settings with keys that seal sessions, on a clock that
 * the test moves. */
#ifndef HF_KEYRING_H
#define HF_KEYRING_H

#include "base/owed.h"
#include "handshake/resume.h"

enum { LIFE = 100, START = 1000000 };

static struct hf_provider provider; /* libcrypto, unless a test changes it */
static struct hf_settings set;
static int64_t now;

static inline int64_t clock_of_ours(void *ctx)
{
    (void)ctx;
    return now;
}

/* False: there is no memory, or no libcrypto. */
static inline bool keys_begin(bool (*draw)(void *self, void *out, size_t len))
{
    struct hf_error error = { .code = HF_OK };

    set = (struct hf_settings){ .clock = clock_of_ours,
                                .session_lifetime = LIFE };
    provider = hf_libcrypto;
    provider.random = draw;
    now = START;
    set.keys = hf_ticket_keys_new();
    return set.keys && hf_crypto_open(&set.crypto, &provider, &error);
}

static inline void keys_end(void)
{
    hf_ticket_keys_free(set.keys);
    hf_crypto_close(&set.crypto);
}

/* The key that seals now. */
static inline struct hf_ticket_key newest(void)
{
    struct hf_ticket_key key;
    bool is_newest = false;

    assert_true(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(is_newest);
    spare(&key, sizeof(key));
    return key;
}

#endif
