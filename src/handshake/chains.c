/* chains.c - certificate chains of servers, kept once for all sessions of a
 * config that have them.
 *
 *     sealed session ... SHA-256 of the chain --> bucket -> chain -> chain
 *
 * A session must be able to tell its server's certificates when it is resumed,
 * and they are the larger part of it; but a server gives several sessions, and
 * many servers have the same authorities' certificates behind their own.  A
 * session that only this config can open, with keys that end with it, need not
 * carry what the config can keep.
 *
 * There is a bound to the bytes, and nothing is ever taken out: what does not
 * fit any more stays in its session.  So a chain that was found is there as long
 * as the config, and a lock is not needed: who adds one puts it in front of a
 * bucket, or, if somebody was faster, looks again. */
#include "handshake/resume.h"

#include <stdatomic.h>

enum { BUCKETS = 256 };

struct chain {
    struct chain *next;
    uint8_t name[HF_CHAIN_NAME_LEN];
    size_t len;
    uint8_t bytes[];
};

struct hf_chains {
    _Atomic size_t size; /* bytes of all */
    _Atomic(struct chain *) buckets[BUCKETS];
};

struct hf_chains *hf_chains_new(void)
{
    return hf_alloc(sizeof(struct hf_chains));
}

static size_t size_of(size_t len)
{
    return sizeof(struct chain) + len;
}

void hf_chains_free(struct hf_chains *chains)
{
    for (size_t i = 0; chains && i < BUCKETS; i++) {
        struct chain *c = atomic_load(&chains->buckets[i]), *next;

        for (; c; c = next) {
            next = c->next;
            hf_free(c, size_of(c->len));
        }
    }
    hf_free(chains, chains ? sizeof(*chains) : 0);
}

size_t hf_chains_size(const struct hf_chains *chains)
{
    return atomic_load(&chains->size);
}

static const struct chain *find(const struct chain *from, const uint8_t *name)
{
    for (; from; from = from->next)
        if (hf_equal(from->name, name, HF_CHAIN_NAME_LEN))
            return from;
    return NULL;
}

struct hf_span hf_chains_find(const struct hf_chains *chains,
                              const uint8_t name[HF_CHAIN_NAME_LEN])
{
    const struct chain *c = find(atomic_load(&chains->buckets[name[0]]), name);

    return c ? hf_span(c->bytes, c->len) : hf_span(NULL, 0);
}

/* Room is taken before there is anything in it, so that many at once do not
 * take more than there is. */
static struct chain *make(struct hf_chains *chains, const uint8_t *name,
                          struct hf_span list)
{
    const size_t size = size_of(list.len);
    struct chain *c = NULL;

    if (atomic_fetch_add(&chains->size, size) + size <= HF_CHAINS_MAX)
        c = hf_alloc(size);
    if (!c) {
        atomic_fetch_sub(&chains->size, size);
        return NULL;
    }
    hf_copy(c->name, name, HF_CHAIN_NAME_LEN);
    hf_copy(c->bytes, list.at, list.len);
    c->len = list.len;
    return c;
}

bool hf_chains_keep(struct hf_chains *chains, const struct hf_crypto *crypto,
                    struct hf_span list, uint8_t name[HF_CHAIN_NAME_LEN])
{
    const struct hf_hash *hash = hf_hash_by_id(crypto, HF_SHA256);
    _Atomic(struct chain *) *bucket;
    struct chain *first, *c;

    if (!hash || !hf_hash_parts(crypto, hash, &list, 1, name))
        return false;
    bucket = &chains->buckets[name[0]];
    first = atomic_load(bucket);
    if (find(first, name))
        return true;
    c = make(chains, name, list);
    if (!c)
        return false;
    c->next = first;
    while (!atomic_compare_exchange_strong(bucket, &first, c)) {
        if (find(first, name)) { /* somebody else's, which will do */
            atomic_fetch_sub(&chains->size, size_of(c->len));
            hf_free(c, size_of(c->len));
            return true;
        }
        c->next = first;
    }
    return true;
}
