/* ticket_keys.c - the keys that seal sessions (RFC 5077 5.5).
 *
 *   born        lifetime        2 lifetimes
 *    |---- seals ----|---- opens ----|  forgotten
 *
 * A config's own keys replace themselves: the first connection that finds the
 * newest one too old makes the next.  Every connection of the config reads
 * them at once, so there is a ring of slots and a number that says which is
 * the newest.  A slot is written again only after the number has gone around,
 * which takes lifetimes; whoever has read one looks at the number once more
 * and so knows that what he read was whole.  Nobody waits for anybody. */
#include "handshake/resume.h"

#include <stdatomic.h>

enum {
    SLOTS = 4,
    KEY_BYTES = HF_TICKET_KEY_NAME_LEN + HF_TICKET_KEY_LEN,
    WORDS = KEY_BYTES / 8
};

struct slot {
    _Atomic uint64_t words[WORDS];
    _Atomic int64_t born; /* seconds since 1970 */
};

struct hf_ticket_keys {
    _Atomic uint64_t newest; /* 0: none yet; it lies in slot newest % SLOTS */
    atomic_flag busy;        /* somebody makes the next one */
    struct slot slots[SLOTS];
};

struct hf_ticket_keys *hf_ticket_keys_new(void)
{
    struct hf_ticket_keys *keys = hf_alloc(sizeof(*keys));

    if (keys)
        atomic_flag_clear(&keys->busy);
    return keys;
}

void hf_ticket_keys_free(struct hf_ticket_keys *keys)
{
    hf_free(keys, sizeof(*keys));
}

/* ---- one slot -------------------------------------------------------------------- */

/* False: it was written again meanwhile. */
static bool read_slot(struct hf_ticket_keys *keys, uint64_t number,
                      struct hf_ticket_key *out, int64_t *born)
{
    struct slot *slot = &keys->slots[number % SLOTS];
    uint64_t words[WORDS];

    for (size_t i = 0; i < WORDS; i++)
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    *born = atomic_load_explicit(&slot->born, memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    hf_copy(out->name, words, sizeof(out->name));
    hf_copy(out->secret, words + sizeof(out->name) / 8, sizeof(out->secret));
    hf_wipe(words, sizeof(words));
    return atomic_load_explicit(&keys->newest, memory_order_relaxed) <
           number + SLOTS - 1;
}

static void write_slot(struct hf_ticket_keys *keys, uint64_t number,
                       const uint8_t *bytes, int64_t born)
{
    struct slot *slot = &keys->slots[number % SLOTS];

    /* Whoever reads a word of this knows, behind his own fence, how far the
     * number had come before. */
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&slot->words[i], hf_load64(bytes + 8 * i),
                              memory_order_relaxed);
    atomic_store_explicit(&slot->born, born, memory_order_relaxed);
    atomic_store_explicit(&keys->newest, number, memory_order_release);
}

/* ---- the ring ---------------------------------------------------------------------- */

/* A clock that was set back makes no key younger than new. */
static bool older_than(int64_t born, int64_t now, uint64_t seconds)
{
    return now > born && (uint64_t)now - (uint64_t)born >= seconds;
}

/* The next key, unless somebody else just makes it, or there are no random
 * bytes: then the old one has to do. */
static void make_next(const struct hf_settings *set, uint64_t seen, int64_t now)
{
    struct hf_ticket_keys *keys = set->keys;
    uint8_t bytes[KEY_BYTES];

    if (atomic_flag_test_and_set_explicit(&keys->busy, memory_order_acquire))
        return;
    if (atomic_load_explicit(&keys->newest, memory_order_acquire) == seen &&
        hf_random(&set->crypto, bytes, sizeof(bytes)))
        write_slot(keys, seen + 1, bytes, now);
    hf_wipe(bytes, sizeof(bytes));
    atomic_flag_clear_explicit(&keys->busy, memory_order_release);
}

/* The newest key, made anew if it is a lifetime old. */
static bool newest(const struct hf_settings *set, struct hf_ticket_key *out,
                   int64_t now)
{
    struct hf_ticket_keys *keys = set->keys;
    uint64_t number = atomic_load_explicit(&keys->newest, memory_order_acquire);
    int64_t born = 0;

    if (!number || !read_slot(keys, number, out, &born) ||
        older_than(born, now, set->session_lifetime)) {
        make_next(set, number, now);
        number = atomic_load_explicit(&keys->newest, memory_order_acquire);
    }
    return number && read_slot(keys, number, out, &born) &&
           !older_than(born, now, 2 * (uint64_t)set->session_lifetime);
}

static bool by_name(const struct hf_settings *set, const uint8_t *name,
                    struct hf_ticket_key *out, bool *is_newest, int64_t now)
{
    struct hf_ticket_keys *keys = set->keys;
    uint64_t last = atomic_load_explicit(&keys->newest, memory_order_acquire);
    int64_t born;

    for (uint64_t back = 0; back < SLOTS - 1 && back < last; back++) {
        if (!read_slot(keys, last - back, out, &born) ||
            !hf_equal(out->name, name, sizeof(out->name)))
            continue;
        *is_newest = !back && !older_than(born, now, set->session_lifetime);
        return !older_than(born, now, 2 * (uint64_t)set->session_lifetime);
    }
    return false;
}

/* ---- wherever they come from ----------------------------------------------------------- */

/* A key that somebody forgot to fill in would be everybody's. */
static bool is_filled(const struct hf_ticket_key *key)
{
    static const uint8_t zeroes[HF_TICKET_KEY_LEN];

    return !hf_equal_ct(key->secret, zeroes, sizeof(zeroes));
}

bool hf_ticket_key_find(const struct hf_settings *set, const uint8_t *name,
                        struct hf_ticket_key *out, bool *is_newest)
{
    int64_t now;
    bool found;

    *is_newest = name == NULL;
    hf_wipe(out, sizeof(*out));
    if (!set->clock)
        return false;
    now = set->clock(set->clock_ctx);
    if (set->find_key)
        found = set->find_key(set->find_key_ctx, name, out, is_newest);
    else
        found = name ? by_name(set, name, out, is_newest, now)
                     : newest(set, out, now);
    HF_SECRET(out->secret, sizeof(out->secret));
    found = found && is_filled(out) &&
            (!name || hf_equal(out->name, name, sizeof(out->name)));
    if (!found)
        hf_wipe(out, sizeof(*out));
    return found;
}
