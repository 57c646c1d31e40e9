/* witness.c - see witness.h.  For tests only; it is not part of the library. */
#define HF_UNPOISONED
#include "record/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AEADS = 3 };

struct pair {
    uint8_t aead, key[HF_AEAD_KEY_MAX], nonce[HF_NONCE_LEN];
};

/* Open addressing; never more than half full. */
static struct {
    struct pair *at;
    size_t slots, used;
} seen;

/* A state of ours: theirs, and what it was loaded with. */
struct watched {
    uint64_t inner;
    uint8_t aead, key[HF_AEAD_KEY_MAX];
};
_Static_assert(sizeof(struct watched) <= HF_AEAD_STATE_MAX, "its room");

static const struct hf_aead *inner_of(unsigned which)
{
    return hf_libcrypto.aeads[which];
}

/* ---- the memory --------------------------------------------------------------- */

static size_t slot_of(const struct pair *p, size_t slots)
{
    const uint8_t *bytes = (const uint8_t *)p;
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < sizeof(*p); i++)
        h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return (size_t)(h >> 16) & (slots - 1);
}

/* An all-zero key cannot be told from an empty slot, and may not be used. */
static bool is_empty(const struct pair *p)
{
    static const struct pair none;

    return !memcmp(p, &none, sizeof(none));
}

/* False: it is there already. */
static bool insert(struct pair *table, size_t slots, const struct pair *p)
{
    size_t i = slot_of(p, slots);

    for (; !is_empty(&table[i]); i = (i + 1) & (slots - 1))
        if (!memcmp(&table[i], p, sizeof(*p)))
            return false;
    table[i] = *p;
    return true;
}

static void grow(void)
{
    size_t slots = seen.slots ? seen.slots * 2 : 1024;
    struct pair *table = calloc(slots, sizeof(*table));

    if (!table)
        abort();
    for (size_t i = 0; i < seen.slots; i++)
        if (!is_empty(&seen.at[i]))
            insert(table, slots, &seen.at[i]);
    free(seen.at);
    seen.at = table;
    seen.slots = slots;
}

static void remember(const struct watched *w, const uint8_t *nonce)
{
    struct pair p;

    memset(&p, 0, sizeof(p));
    p.aead = w->aead;
    memcpy(p.key, w->key, sizeof(p.key));
    memcpy(p.nonce, nonce, sizeof(p.nonce));
    if (2 * (seen.used + 1) > seen.slots)
        grow();
    if (is_empty(&p) || !insert(seen.at, seen.slots, &p)) {
        fprintf(stderr, "a nonce was used twice under one key\n");
        abort();
    }
    seen.used++;
}

size_t witness_count(void)
{
    return seen.used;
}

void witness_forget(void)
{
    free(seen.at);
    memset(&seen, 0, sizeof(seen));
}

/* ---- AEADs --------------------------------------------------------------------------- */

static bool load(void *self, void *state, const uint8_t *key, unsigned which)
{
    struct watched *w = state;

    w->aead = (uint8_t)which;
    memset(w->key, 0, sizeof(w->key));
    memcpy(w->key, key, inner_of(which)->key_len);
    return inner_of(which)->load(self, &w->inner, key);
}

static bool load_0(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, 0);
}

static bool load_1(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, 1);
}

static bool load_2(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, 2);
}

static void unload(void *state)
{
    struct watched *w = state;

    inner_of(w->aead)->unload(&w->inner);
    memset(w, 0, sizeof(*w));
}

static bool seal(void *state, const struct hf_seal *one)
{
    struct watched *w = state;

    remember(w, one->nonce);
    return inner_of(w->aead)->seal(&w->inner, one);
}

static bool open_one(void *state, const struct hf_open *one)
{
    struct watched *w = state;

    return inner_of(w->aead)->open(&w->inner, one);
}

/* ---- the provider ----------------------------------------------------------------------- */

static struct hf_aead aeads[AEADS];

static void fill_aeads(void)
{
    static bool (*const loads[AEADS])(
        void *, void *, const uint8_t *) = { load_0, load_1, load_2 };

    for (unsigned i = 0; i < AEADS; i++) {
        if (!inner_of(i) || inner_of(i)->state_size > sizeof(uint64_t))
            abort();
        aeads[i] = (struct hf_aead){ .name = inner_of(i)->name,
                                     .key_len = inner_of(i)->key_len,
                                     .seal_limit = inner_of(i)->seal_limit,
                                     .state_size = sizeof(struct watched),
                                     .load = loads[i],
                                     .unload = unload,
                                     .seal = seal,
                                     .open = open_one };
    }
}

void witness_limit(uint64_t limit)
{
    fill_aeads();
    for (unsigned i = 0; i < AEADS && limit; i++)
        aeads[i].seal_limit = limit;
}

const struct hf_provider *witness_provider(void)
{
    static struct hf_provider provider;
    static const struct hf_aead *const list[] = { &aeads[0], &aeads[1],
                                                  &aeads[2], NULL };

    if (!provider.name) {
        fill_aeads();
        provider = hf_libcrypto;
        provider.name = "witness";
        provider.aeads = list;
    }
    return &provider;
}
