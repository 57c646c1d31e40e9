/* firm.c - the mild provider (../fuzz/mild.h), but for the tag of a record,
 * which is looked at: what was never sealed does not open. */
#define HF_UNPOISONED
#include "firm.h"

#include "../fuzz/mild.h"

#include <string.h>

enum { TAG_BYTE = 0x5c };

static bool load(void *self, void *state, const uint8_t *key)
{
    (void)self;
    (void)state;
    (void)key;
    return true;
}

static void unload(void *state)
{
    (void)state;
}

static bool seal(void *state, const struct hf_seal *one)
{
    (void)state;
    memmove(one->out, one->in.at, one->in.len);
    if (one->tail.len)
        memmove(one->out + one->in.len, one->tail.at, one->tail.len);
    memset(one->out + one->in.len + one->tail.len, TAG_BYTE, HF_TAG_LEN);
    return true;
}

static bool open(void *state, const struct hf_open *one)
{
    size_t len = one->in.len - HF_TAG_LEN;

    (void)state;
    for (size_t i = len; i < one->in.len; i++)
        if (one->in.at[i] != TAG_BYTE)
            return false;
    memmove(one->out, one->in.at, len);
    return true;
}

#define AEAD(name, len)                                       \
    {                                                         \
        name, len, 1 << 23, 8, load, unload, seal, open, NULL \
    }
static const struct hf_aead aes128 = AEAD("AES-128-GCM", 16);
static const struct hf_aead aes256 = AEAD("AES-256-GCM", 32);
static const struct hf_aead chacha = AEAD("ChaCha20-Poly1305", 32);
static const struct hf_aead *const aeads[] = { &aes128, &aes256, &chacha,
                                               NULL };

struct hf_provider firm_provider(void)
{
    struct hf_provider firm = mild_provider;

    firm.aeads = aeads;
    return firm;
}
