/* capture_open.c - records of a capture opened with the secrets of a key log, by
 * the library's own key derivation and record protection.
 *
 *   TLS 1.3   secret --key, iv--> keys of one direction (RFC 8446 7.3)
 *             early -> handshake -> traffic -> traffic, updated ...
 *   TLS 1.2   master secret, randoms --key expansion--> key block
 *
 * A participant knows when keys change.  Whoever only listens may have missed
 * it: so when a record does not open, the keys that come next are tried, and
 * behind a gap also the numbers of the records that were missed.  A wrong guess
 * does no harm, for then the tag is wrong.
 */
#include "base/base.h"
#include "capture.h"

enum {
    SEARCH_AHEAD = 256, /* records that a gap may have swallowed */
    SEARCHES_MAX = 8,   /* in vain, then it is not tried any more */
    KEY_BLOCK_MAX = 2 * (HF_AEAD_KEY_MAX + HF_NONCE_LEN),
    END_OF_EARLY_DATA = 5,
    FINISHED = 20,
    KEY_UPDATE = 24
};

static const struct capture_secret *secret_of(const struct capture_tls *t,
                                              const struct capture_side *side,
                                              enum capture_epoch epoch)
{
    bool client = side == &t->side[t->client];
    enum capture_label label = LABELS;

    if (epoch == EPOCH_EARLY && client)
        label = LABEL_CLIENT_EARLY;
    else if (epoch == EPOCH_HANDSHAKE)
        label = client ? LABEL_CLIENT_HANDSHAKE : LABEL_SERVER_HANDSHAKE;
    else if (epoch == EPOCH_TRAFFIC)
        label = client ? LABEL_CLIENT_TRAFFIC : LABEL_SERVER_TRAFFIC;
    if (label == LABELS || !t->client_hello)
        return NULL;
    return capture_keys_find(t->keys, t->client_random, label);
}

/* ---- keys ------------------------------------------------------------------------ */

/* RFC 8446 7.3 */
static bool load13(const struct capture_tls *t, const struct hf_suite *suite,
                   struct hf_span secret, struct hf_direction *d)
{
    const struct hf_hash *hash = hf_hash_by_id(t->crypto, suite->hash);
    const struct hf_aead *aead = hf_suite_aead(t->crypto, suite);
    uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];
    struct hf_hmac hmac = { .hash = NULL };
    struct hf_error error = { .code = HF_OK };
    bool ok = hash && aead && secret.len == hash->len &&
              hf_hmac_key(&hmac, t->crypto, hash, secret) &&
              hf_expand_label(&hmac, "key", hf_span(NULL, 0), key,
                              aead->key_len) &&
              hf_expand_label(&hmac, "iv", hf_span(NULL, 0), iv, sizeof(iv)) &&
              hf_direction_set(d, t->crypto->self, aead, key, iv, HF_TRAFFIC,
                               &error);

    hf_hmac_wipe(&hmac);
    hf_wipe(key, sizeof(key));
    hf_wipe(iv, sizeof(iv));
    return ok;
}

/* RFC 8446 7.2: the next secret in place of this one. */
static bool next_secret(const struct capture_tls *t,
                        const struct hf_suite *suite, uint8_t *secret)
{
    const struct hf_hash *hash = hf_hash_by_id(t->crypto, suite->hash);
    uint8_t next[HF_HASH_MAX];
    struct hf_hmac hmac = { .hash = NULL };
    bool ok = hash &&
              hf_hmac_key(&hmac, t->crypto, hash, hf_span(secret, hash->len)) &&
              hf_expand_label(&hmac, "traffic upd", hf_span(NULL, 0), next,
                              hash->len);

    hf_hmac_wipe(&hmac);
    if (ok)
        hf_copy(secret, next, hash->len);
    hf_wipe(next, sizeof(next));
    return ok;
}

/* From here on @side has the keys of @d, which is given up. */
static void take_keys(struct capture_side *side, struct hf_direction *d,
                      enum capture_epoch epoch)
{
    hf_direction_wipe(&side->keys);
    side->keys = *d;
    side->epoch = (uint8_t)epoch;
    *d = (struct hf_direction){ .aead = NULL };
}

/* ---- trying ------------------------------------------------------------------------ */

/* Once, with the number that is next.  Opening destroys what it cannot open, so
 * it works on a copy. */
static bool try_once(struct hf_direction *d, const struct hf_frame *frame,
                     uint8_t *room, uint8_t *type, struct hf_span *plain)
{
    struct hf_error error = { .code = HF_OK };
    struct hf_frame copy = *frame;
    uint64_t seq = d->seq;

    if (!d->aead)
        return false;
    hf_copy(room, frame->body, frame->len);
    copy.body = room;
    if (hf_record_open(d, &copy, type, plain, &error))
        return true;
    d->seq = seq;
    return false;
}

/* With the number that is next, and behind a gap with those after it. */
static bool try_keys(const struct capture_side *side, struct hf_direction *d,
                     const struct hf_frame *frame, uint8_t *room, uint8_t *type,
                     struct hf_span *plain)
{
    uint64_t seq = d->seq;

    if (try_once(d, frame, room, type, plain))
        return true;
    if (!side->gap || side->searches >= SEARCHES_MAX)
        return false;
    for (unsigned n = 1; n <= SEARCH_AHEAD; n++) {
        d->seq = seq + n;
        if (try_once(d, frame, room, type, plain))
            return true;
    }
    d->seq = seq;
    return false;
}

/* The keys of a later epoch. */
static bool try_epoch(struct capture_tls *t, struct capture_side *side,
                      const struct hf_suite *suite, enum capture_epoch epoch,
                      const struct hf_frame *frame, uint8_t *room,
                      uint8_t *type, struct hf_span *plain)
{
    const struct capture_secret *secret = secret_of(t, side, epoch);
    struct hf_direction d = { .aead = NULL };

    if (!secret || !load13(t, suite, hf_span(secret->secret, secret->len), &d))
        return false;
    if (try_keys(side, &d, frame, room, type, plain)) {
        hf_copy(side->secret, secret->secret, secret->len);
        take_keys(side, &d, epoch);
        return true;
    }
    hf_direction_wipe(&d);
    return false;
}

/* A gap may have swallowed a KeyUpdate. */
static bool try_updated(struct capture_tls *t, struct capture_side *side,
                        const struct hf_suite *suite,
                        const struct hf_frame *frame, uint8_t *room,
                        uint8_t *type, struct hf_span *plain)
{
    uint8_t secret[HF_HASH_MAX];
    struct hf_direction d = { .aead = NULL };
    size_t len = hf_hash_by_id(t->crypto, suite->hash)->len;
    bool ok;

    hf_copy(secret, side->secret, sizeof(secret));
    ok = next_secret(t, suite, secret) &&
         load13(t, suite, hf_span(secret, len), &d) &&
         try_keys(side, &d, frame, room, type, plain);
    if (ok) {
        hf_copy(side->secret, secret, sizeof(secret));
        take_keys(side, &d, EPOCH_TRAFFIC);
    }
    hf_direction_wipe(&d);
    hf_wipe(secret, sizeof(secret));
    return ok;
}

static bool open13(struct capture_tls *t, struct capture_side *side,
                   const struct hf_suite *suite, const struct hf_frame *frame,
                   uint8_t *room, uint8_t *type, struct hf_span *plain)
{
    if (try_keys(side, &side->keys, frame, room, type, plain))
        return true;
    for (unsigned epoch = side->epoch + 1u; epoch <= EPOCH_TRAFFIC; epoch++)
        if (try_epoch(t, side, suite, (enum capture_epoch)epoch, frame, room,
                      type, plain))
            return true;
    return side->gap && side->epoch == EPOCH_TRAFFIC &&
           try_updated(t, side, suite, frame, room, type, plain);
}

/* Early data comes before the server has chosen a suite: it is sealed with the
 * one of an earlier connection (RFC 8446 4.2.10). */
static bool open_early(struct capture_tls *t, struct capture_side *side,
                       const struct hf_frame *frame, uint8_t *room,
                       uint8_t *type, struct hf_span *plain)
{
    if (try_keys(side, &side->keys, frame, room, type, plain))
        return true;
    for (size_t i = 0; i < hf_suite_count && side->epoch == EPOCH_CLEAR; i++)
        if (hf_suites[i].version == 0x0304 &&
            try_epoch(t, side, &hf_suites[i], EPOCH_EARLY, frame, room, type,
                      plain))
            return true;
    return false;
}

bool capture_open(struct capture_tls *t, struct capture_side *side,
                  const struct hf_frame *frame, uint8_t *room, uint8_t *type,
                  struct hf_span *plain)
{
    const struct hf_suite *suite = hf_suite_by_number(t->suite);
    bool ok;

    if (!t->crypto || frame->len > HF_PLAINTEXT_MAX + HF_EXPANSION_MAX)
        return false;
    if (!t->server_hello)
        ok = open_early(t, side, frame, room, type, plain);
    else if (!suite)
        return false;
    else if (t->version == 0x0304)
        ok = open13(t, side, suite, frame, room, type, plain);
    else
        ok = try_keys(side, &side->keys, frame, room, type, plain);
    if (!ok && side->gap)
        side->searches++;
    if (ok)
        side->searches = 0;
    return ok;
}

/* ---- keys that change ------------------------------------------------------------------ */

/* RFC 5246 6.3: client key, server key, client IV, server IV. */
static bool load12(const struct capture_tls *t, const struct hf_suite *suite,
                   bool server, struct hf_span master, struct hf_direction *d)
{
    const struct hf_hash *hash = hf_hash_by_id(t->crypto, suite->hash);
    const struct hf_aead *aead = hf_suite_aead(t->crypto, suite);
    /* of GCM's nonce a part travels with each record; of ChaCha20's none */
    size_t salt = suite->aead == HF_CHACHA20_POLY1305 ? HF_NONCE_LEN : 4;
    struct hf_span randoms[2] = { HF_SPAN(t->server_random),
                                  HF_SPAN(t->client_random) };
    uint8_t block[KEY_BLOCK_MAX], iv[HF_NONCE_LEN] = { 0 };
    struct hf_error error = { .code = HF_OK };
    bool ok = hash && aead &&
              hf_prf12(t->crypto, hash, master, "key expansion", randoms, 2,
                       block, 2 * (aead->key_len + salt));

    if (ok) {
        hf_copy(iv, block + 2 * (size_t)aead->key_len + (server ? salt : 0),
                salt);
        ok = hf_direction_set(d, t->crypto->self, aead,
                              block + (server ? aead->key_len : 0), iv,
                              HF_TRAFFIC, &error);
    }
    hf_wipe(block, sizeof(block));
    hf_wipe(iv, sizeof(iv));
    d->tls12 = true;
    d->explicit_len = (uint8_t)(HF_NONCE_LEN - salt);
    return ok;
}

void capture_change(struct capture_tls *t, struct capture_side *side)
{
    const struct hf_suite *suite = hf_suite_by_number(t->suite);
    const struct capture_secret *master = NULL;
    struct hf_direction d = { .aead = NULL };

    side->ccs = true;
    hf_direction_wipe(&side->keys);
    if (t->crypto && t->client_hello && t->server_hello)
        master = capture_keys_find(t->keys, t->client_random,
                                   LABEL_CLIENT_RANDOM);
    if (!suite || !master || t->version != 0x0303 || suite->version != 0x0303)
        return;
    if (load12(t, suite, side != &t->side[t->client],
               hf_span(master->secret, master->len), &d))
        take_keys(side, &d, EPOCH_TRAFFIC);
    hf_direction_wipe(&d);
}

/* Move on to the keys of @epoch.  Without the secret there are none. */
static void enter(struct capture_tls *t, struct capture_side *side,
                  enum capture_epoch epoch)
{
    const struct hf_suite *suite = hf_suite_by_number(t->suite);
    const struct capture_secret *secret = secret_of(t, side, epoch);
    struct hf_direction d = { .aead = NULL };

    if (suite && secret &&
        load13(t, suite, hf_span(secret->secret, secret->len), &d))
        hf_copy(side->secret, secret->secret, secret->len);
    take_keys(side, &d, epoch);
}

void capture_changed13(struct capture_tls *t, struct capture_side *side,
                       unsigned message)
{
    const struct hf_suite *suite = hf_suite_by_number(t->suite);
    struct hf_direction d = { .aead = NULL };

    if (!suite || !t->crypto)
        return;
    if (message == END_OF_EARLY_DATA && side->epoch == EPOCH_EARLY)
        enter(t, side, EPOCH_HANDSHAKE);
    else if (message == FINISHED && side->epoch == EPOCH_HANDSHAKE)
        enter(t, side, EPOCH_TRAFFIC);
    else if (message == KEY_UPDATE && side->epoch == EPOCH_TRAFFIC &&
             next_secret(t, suite, side->secret)) {
        size_t len = hf_hash_by_id(t->crypto, suite->hash)->len;

        if (load13(t, suite, hf_span(side->secret, len), &d))
            take_keys(side, &d, EPOCH_TRAFFIC);
    }
}
