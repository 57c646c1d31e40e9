/* sessions.c - sessions kept in memory: a client's, or those that a server
 * remembers by their id.
 *
 *     bucket[hash(key)] -> newest -> ... -> oldest     by key
 *     newest <-> ........................ <-> oldest   in the order of putting
 *
 * A session is one piece of memory, on two lists: its bucket's, where one of
 * the same key is found at once, the newest first, and that of all, from whose
 * end room is made.  Keys are digests or random ids, which nobody outside can
 * choose, so a plain hash spreads them.
 *
 * One lock guards all of it.  What is done under it takes a fraction of a
 * microsecond, and the handshake around it a hundred of them and more: several
 * locks would cost the exact bound and save nothing that can be measured.
 */
#include "api/api.h"

#include <pthread.h>

struct kept {
    struct kept *next;          /* in its bucket */
    struct kept *newer, *older; /* among all */
    int64_t expires;
    uint32_t key_len, len;
    uint8_t bytes[]; /* the key, then the session */
};

struct hf_session_store {
    pthread_mutex_t lock;
    struct hf_sessions interface;
    hf_clock_fn *clock;
    void *clock_ctx;
    struct kept **buckets;
    size_t bucket_count; /* a power of two */
    struct kept *newest, *oldest;
    size_t count, max;
    size_t size, max_size; /* bytes of all that is kept */
};

/* ---- keys ---------------------------------------------------------------- */

/* FNV-1a, its upper half folded in. */
static struct kept **bucket_of(const struct hf_session_store *store,
                               struct hf_span key)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.at[i]) * 0x100000001b3u;
    return &store->buckets[(hash ^ hash >> 32) & (store->bucket_count - 1)];
}

static struct hf_span key_of(const struct kept *k)
{
    return hf_span(k->bytes, k->key_len);
}

static size_t size_of(const struct kept *k)
{
    return sizeof(*k) + k->key_len + k->len;
}

/* ---- the two lists; whoever calls has the lock ------------------------------ */

static void unlink_kept(struct hf_session_store *store, struct kept *k)
{
    struct kept **at = bucket_of(store, key_of(k));

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    *(k->newer ? &k->newer->older : &store->newest) = k->older;
    *(k->older ? &k->older->newer : &store->oldest) = k->newer;
    store->count--;
    store->size -= size_of(k);
}

/* Wiped as well, by hf_free(). */
static void drop(struct hf_session_store *store, struct kept *k)
{
    unlink_kept(store, k);
    hf_free(k, size_of(k));
}

static void link_kept(struct hf_session_store *store, struct kept *k)
{
    struct kept **bucket = bucket_of(store, key_of(k));

    k->next = *bucket;
    *bucket = k;
    k->older = store->newest;
    *(store->newest ? &store->newest->newer : &store->oldest) = k;
    store->newest = k;
    store->count++;
    store->size += size_of(k);
}

/* A peer that gives ticket after ticket pushes out its own only. */
static void make_room_under(struct hf_session_store *store, struct hf_span key)
{
    struct kept *k = *bucket_of(store, key), *last = NULL;
    size_t same = 0;

    for (; k; k = k->next) {
        if (!hf_span_equal(key_of(k), key))
            continue;
        last = k;
        same++;
    }
    if (same >= HF_SESSIONS_PER_KEY)
        drop(store, last);
}

static void make_room(struct hf_session_store *store, size_t size, int64_t now)
{
    while (store->oldest && (store->count >= store->max ||
                             store->max_size - store->size < size ||
                             store->oldest->expires <= now))
        drop(store, store->oldest);
}

/* The newest of @key that has not expired; what has, goes. */
static struct kept *find(struct hf_session_store *store, struct hf_span key,
                         int64_t now)
{
    struct kept *k = *bucket_of(store, key), *next;

    for (; k; k = next) {
        next = k->next;
        if (!hf_span_equal(key_of(k), key))
            continue;
        if (k->expires > now)
            return k;
        drop(store, k);
    }
    return NULL;
}

/* ---- what a config calls ----------------------------------------------------- */

static int64_t now_of(const struct hf_session_store *store)
{
    return store->clock(store->clock_ctx);
}

static bool put(void *ctx, struct hf_span key, struct hf_span session,
                int64_t expires)
{
    struct hf_session_store *store = ctx;
    int64_t now = now_of(store);
    struct kept *k;
    size_t size;

    if (!key.len || key.len > HF_SESSION_MAX || !session.len ||
        session.len > HF_SESSION_MAX || expires <= now)
        return false;
    size = sizeof(*k) + key.len + session.len;
    if (size > store->max_size)
        return false;
    k = hf_alloc(size);
    if (!k)
        return false;
    k->expires = expires;
    k->key_len = (uint32_t)key.len;
    k->len = (uint32_t)session.len;
    hf_copy(k->bytes, key.at, key.len);
    hf_copy(k->bytes + key.len, session.at, session.len);
    pthread_mutex_lock(&store->lock);
    make_room_under(store, key);
    make_room(store, size, now);
    link_kept(store, k);
    pthread_mutex_unlock(&store->lock);
    return true;
}

static size_t get(void *ctx, struct hf_span key, bool take, uint8_t *out,
                  size_t cap)
{
    struct hf_session_store *store = ctx;
    int64_t now = now_of(store);
    struct kept *k;
    size_t len = 0;

    pthread_mutex_lock(&store->lock);
    k = find(store, key, now);
    if (k && !out) {
        len = k->len;
    } else if (k && k->len <= cap) {
        len = k->len;
        hf_copy(out, k->bytes + k->key_len, len);
        if (take)
            drop(store, k);
    }
    pthread_mutex_unlock(&store->lock);
    return len;
}

/* ---- made, asked, freed -------------------------------------------------------- */

static size_t buckets_for(size_t max)
{
    size_t count = 16;

    while (count < max)
        count *= 2;
    return count;
}

struct hf_session_store *hf_session_store_new(size_t max_sessions,
                                              size_t max_bytes)
{
    struct hf_session_store *store;

    if (!max_sessions || max_sessions > HF_SESSION_STORE_MAX)
        return NULL;
    store = hf_alloc(sizeof(*store));
    if (!store)
        return NULL;
    store->bucket_count = buckets_for(max_sessions);
    store->buckets = hf_alloc_array(store->bucket_count, sizeof(struct kept *));
    if (!store->buckets || pthread_mutex_init(&store->lock, NULL)) {
        hf_free(store->buckets, store->bucket_count * sizeof(struct kept *));
        hf_free(store, sizeof(*store));
        return NULL;
    }
    store->max = max_sessions;
    store->max_size = max_bytes ? max_bytes : SIZE_MAX;
    store->clock = hf_system_clock;
    store->interface = (struct hf_sessions){ store, put, get };
    return store;
}

void hf_session_store_free(struct hf_session_store *store)
{
    if (!store)
        return;
    hf_session_store_clear(store);
    pthread_mutex_destroy(&store->lock);
    hf_free(store->buckets, store->bucket_count * sizeof(struct kept *));
    hf_free(store, sizeof(*store));
}

void hf_session_store_set_clock(struct hf_session_store *store,
                                hf_clock_fn *now, void *ctx)
{
    store->clock = now;
    store->clock_ctx = ctx;
}

const struct hf_sessions *hf_session_store_interface(
    const struct hf_session_store *store)
{
    return store ? &store->interface : NULL;
}

void hf_session_store_clear(struct hf_session_store *store)
{
    pthread_mutex_lock(&store->lock);
    while (store->oldest)
        drop(store, store->oldest);
    pthread_mutex_unlock(&store->lock);
}

size_t hf_session_store_count(struct hf_session_store *store)
{
    size_t count;

    pthread_mutex_lock(&store->lock);
    count = store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

bool hf_session_store_each(struct hf_session_store *store,
                           hf_session_visit_fn *visit, void *ctx)
{
    int64_t now = now_of(store);
    bool going = true;

    pthread_mutex_lock(&store->lock);
    for (struct kept *k = store->oldest; k && going; k = k->newer)
        if (k->expires > now)
            going = visit(ctx, key_of(k),
                          hf_span(k->bytes + k->key_len, k->len), k->expires);
    pthread_mutex_unlock(&store->lock);
    return going;
}
