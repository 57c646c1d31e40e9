/* ticket.c - sessions, sealed (RFC 5077 4).
 *
 *   ticket:  name of the key 16 | seed 32 | sealed session | tag 16
 *   key:     HKDF-Expand(the named key, "handfast session" seed)
 *   bound:   name, seed, and the digest of all that the session depends on
 *
 * Each ticket has a key of its own, so a nonce is never used twice however
 * many there are.  The digest is not in the ticket: whoever opens it must come
 * to the same one, from the connection at hand.  A session of another name,
 * another list of protocols or another set of authorities does not open. */
#include "handshake/resume.h"

enum { SEED_LEN = 32, HEAD_LEN = HF_TICKET_KEY_NAME_LEN + SEED_LEN };

/* An AEAD under the key of one ticket. */
struct lock {
    const struct hf_aead *aead;
    uint64_t state[HF_AEAD_STATE_MAX / 8];
    uint8_t aad[HEAD_LEN + HF_BINDING_LEN];
};

/* The strongest that the provider has; keys of all are of 32 bytes. */
static const struct hf_aead *choose_aead(const struct hf_crypto *c)
{
    static const uint16_t suites[] = { 0x1302, 0x1303 };
    const struct hf_aead *aead = NULL;

    for (size_t i = 0; i < HF_COUNT(suites) && !aead; i++)
        aead = hf_suite_aead(c, hf_suite_by_number(suites[i]));
    return aead;
}

static bool make_lock(struct lock *lock, const struct hf_settings *set,
                      const struct hf_ticket_key *key, const uint8_t *seed,
                      const uint8_t *binding)
{
    static const char label[] = "handfast session";
    const struct hf_crypto *c = &set->crypto;
    const struct hf_hash *hash = hf_hash_by_id(c, HF_SHA256);
    uint8_t info[sizeof(label) - 1 + SEED_LEN], derived[HF_AEAD_KEY_MAX];
    struct hf_hmac hmac = { .hash = NULL };
    bool ok;

    *lock = (struct lock){ .aead = choose_aead(c) };
    hf_copy(lock->aad, key->name, sizeof(key->name));
    hf_copy(lock->aad + sizeof(key->name), seed, SEED_LEN);
    hf_copy(lock->aad + HEAD_LEN, binding, HF_BINDING_LEN);
    hf_copy(info, label, sizeof(label) - 1);
    hf_copy(info + sizeof(label) - 1, seed, SEED_LEN);
    ok = hash && lock->aead &&
         hf_hmac_key(&hmac, c, hash, HF_SPAN(key->secret)) &&
         hf_hkdf_expand(&hmac, HF_SPAN(info), derived, sizeof(derived)) &&
         lock->aead->load(c->self, lock->state, derived);
    hf_hmac_wipe(&hmac);
    hf_wipe(derived, sizeof(derived));
    return ok;
}

static void drop_lock(struct lock *lock)
{
    if (lock->aead)
        lock->aead->unload(lock->state);
    hf_wipe(lock, sizeof(*lock));
}

/* Of a key that is used once. */
static const uint8_t nonce[HF_NONCE_LEN];

bool hf_ticket_seal(const struct hf_settings *set, const uint8_t *binding,
                    struct hf_span plain, struct hf_buffer *out)
{
    struct hf_ticket_key key;
    struct lock lock = { .aead = NULL };
    uint8_t seed[SEED_LEN];
    uint8_t *room = hf_buffer_room(out, plain.len + HF_SEALED_MORE);
    bool newest;
    bool ok = room && hf_ticket_key_find(set, NULL, &key, &newest) &&
              hf_random(&set->crypto, seed, sizeof(seed)) &&
              make_lock(&lock, set, &key, seed, binding);

    if (ok) {
        struct hf_seal seal = { .nonce = nonce,
                                .aad = HF_SPAN(lock.aad),
                                .in = plain,
                                .out = room + HEAD_LEN };

        hf_copy(room, lock.aad, HEAD_LEN);
        ok = lock.aead->seal(lock.state, &seal);
    }
    if (ok)
        hf_buffer_grew(out, plain.len + HF_SEALED_MORE);
    drop_lock(&lock);
    hf_wipe(&key, sizeof(key));
    return ok;
}

bool hf_ticket_open(const struct hf_settings *set, const uint8_t *binding,
                    struct hf_span sealed, uint8_t *out, struct hf_span *plain,
                    bool *renew)
{
    struct hf_ticket_key key;
    struct lock lock = { .aead = NULL };
    bool newest, ok;

    if (sealed.len <= HF_SEALED_MORE)
        return false;
    ok = hf_ticket_key_find(set, sealed.at, &key, &newest) &&
         make_lock(&lock, set, &key, sealed.at + sizeof(key.name), binding);
    if (ok) {
        struct hf_open open = { .nonce = nonce,
                                .aad = HF_SPAN(lock.aad),
                                .in = hf_span_after(sealed, HEAD_LEN),
                                .out = out };

        ok = lock.aead->open(lock.state, &open);
    }
    *plain = hf_span(out, sealed.len - HF_SEALED_MORE);
    *renew = !newest;
    drop_lock(&lock);
    hf_wipe(&key, sizeof(key));
    return ok;
}
