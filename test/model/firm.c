/* firm.c - the mild provider (../fuzz/mild.h), which encrypts nothing and signs
 * with zeroes, but with keys that are told apart: every record is under a tag
 * made of key, nonce and header, and what was sealed by another key, for another
 * place, or never, does not open.
 *
 * For that the keys have to differ, and must not depend on what was said, or
 * nobody could say what is right in all but its place.  So this hash is a
 * checksum of what begins with a block of HMAC's, and zero of all else: secrets
 * depend on labels and on one another, and a transcript is nothing.
 *
 * RSA's private power is the number itself. */
#define HF_UNPOISONED
#include "firm.h"

#include "../fuzz/mild.h"
#include "../fuzz/pretend.h"

/* ---- a checksum ------------------------------------------------------------------ */

static uint64_t sum(uint64_t so_far, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        so_far = (so_far ^ bytes[i]) * UINT64_C(0x100000001b3);
    return so_far;
}

static void spread(uint8_t *out, size_t len, uint64_t from)
{
    for (size_t i = 0; i < len; i++) {
        from = from * UINT64_C(6364136223846793005) + 1442695040888963407u;
        out[i] = (uint8_t)(from >> 56);
    }
}

/* ---- hashes ------------------------------------------------------------------------- */

/* Of the first block, bytes from here on are pad: no key is longer. */
enum { KEY_MAX = 48, PAD_IN = 0x36, PAD_OUT = 0x5c };
enum { SUM, COUNT, FOREIGN }; /* words of a state */

static bool start(void *self, struct hf_hash_state *state)
{
    (void)self;
    memset(state, 0, sizeof(*state));
    state->words[SUM] = UINT64_C(0xcbf29ce484222325);
    return true;
}

static void add(struct hf_hash_state *state, struct hf_span bytes, size_t block)
{
    for (size_t i = 0; i < bytes.len && !state->words[FOREIGN]; i++) {
        uint64_t at = state->words[COUNT]++;

        state->words[FOREIGN] = at >= KEY_MAX && at < block &&
                                bytes.at[i] != PAD_IN && bytes.at[i] != PAD_OUT;
    }
    if (!state->words[FOREIGN])
        state->words[SUM] = sum(state->words[SUM], bytes.at, bytes.len);
}

static bool add_256(struct hf_hash_state *state, struct hf_span bytes)
{
    add(state, bytes, 64);
    return true;
}

static bool add_384(struct hf_hash_state *state, struct hf_span bytes)
{
    add(state, bytes, 128);
    return true;
}

static void digest(const struct hf_hash_state *state, uint8_t *out, size_t len,
                   size_t block)
{
    memset(out, 0, len);
    if (!state->words[FOREIGN] && state->words[COUNT] >= block)
        spread(out, len, state->words[SUM]);
}

static bool digest_256(const struct hf_hash_state *state, uint8_t *out)
{
    digest(state, out, 32, 64);
    return true;
}

static bool digest_384(const struct hf_hash_state *state, uint8_t *out)
{
    digest(state, out, 48, 128);
    return true;
}

static bool copy(struct hf_hash_state *to, const struct hf_hash_state *from)
{
    *to = *from;
    return true;
}

PRETEND_HASHES(start, add_256, digest_256, add_384, digest_384, copy);

/* ---- records ---------------------------------------------------------------------------- */

static bool load(void *state, const uint8_t *key, size_t len)
{
    *(uint64_t *)state = sum(1, key, len) | 1;
    return true;
}

PRETEND_LOADS(load)

static void unload(void *state)
{
    *(uint64_t *)state = 0;
}

static void make_tag(const void *state, const uint8_t *nonce,
                     struct hf_span aad, uint8_t *out)
{
    uint64_t tag = sum(*(const uint64_t *)state, nonce, HF_NONCE_LEN);

    spread(out, HF_TAG_LEN, sum(tag, aad.at, aad.len));
}

static bool seal(void *state, const struct hf_seal *one)
{
    make_tag(state, one->nonce, one->aad, one->out + pretend_put(one));
    return true;
}

static bool open(void *state, const struct hf_open *one)
{
    size_t len = one->in.len - HF_TAG_LEN;
    uint8_t tag[HF_TAG_LEN];

    make_tag(state, one->nonce, one->aad, tag);
    if (memcmp(tag, one->in.at + len, HF_TAG_LEN) != 0)
        return false;
    memmove(one->out, one->in.at, len);
    return true;
}

PRETEND_AEADS(1 << 23, load_16, load_32, unload, seal, open);

/* ---- RSA key transport --------------------------------------------------------------------- */

/* RFC 8017 7.2.1: 00 02, padding without a zero, 00, the secret. */
size_t firm_premaster(uint8_t *out, size_t len, const uint8_t *secret)
{
    memset(out, 0xff, len);
    out[0] = 0;
    out[1] = 2;
    out[len - HF_PREMASTER_LEN - 1] = 0;
    memcpy(out + len - HF_PREMASTER_LEN, secret, HF_PREMASTER_LEN);
    return len;
}

static bool premaster_seal(void *self, const struct hf_public_key *key,
                           const uint8_t secret[HF_PREMASTER_LEN], uint8_t *out,
                           size_t cap, size_t *len, bool *fault)
{
    (void)self;
    (void)fault;
    if (key->modulus.len > cap)
        return false;
    *len = firm_premaster(out, key->modulus.len, secret);
    return true;
}

/* Never called: keys live elsewhere. */
static void premaster_open(void *self, const struct hf_private_key *key,
                           struct hf_span sealed, unsigned version,
                           uint8_t secret[HF_PREMASTER_LEN])
{
    (void)self;
    (void)key;
    (void)sealed;
    (void)version;
    memset(secret, 0, HF_PREMASTER_LEN);
}

struct hf_provider firm_provider(void)
{
    struct hf_provider firm = mild_provider;

    firm.hashes = hashes;
    firm.aeads = aeads;
    firm.premaster_seal = premaster_seal;
    firm.premaster_open = premaster_open;
    return firm;
}
