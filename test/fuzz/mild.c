/* mild.c - see mild.h. */
#include "mild.h"
#include "pretend.h"

/* ---- hashes of zeroes -------------------------------------------------------------- */

static bool hash_start(void *self, struct hf_hash_state *state)
{
    (void)self;
    memset(state, 0, sizeof(*state));
    return true;
}

static bool hash_add(struct hf_hash_state *state, struct hf_span bytes)
{
    (void)state;
    (void)bytes;
    return true;
}

static bool digest_256(const struct hf_hash_state *state, uint8_t *out)
{
    (void)state;
    memset(out, 0, 32);
    return true;
}

static bool digest_384(const struct hf_hash_state *state, uint8_t *out)
{
    (void)state;
    memset(out, 0, 48);
    return true;
}

static bool hash_copy(struct hf_hash_state *to,
                      const struct hf_hash_state *from)
{
    *to = *from;
    return true;
}

PRETEND_HASHES(hash_start, hash_add, digest_256, hash_add, digest_384,
               hash_copy);

/* ---- records as they are, with a tag of zeroes ---------------------------------------- */

static bool aead_load(void *self, void *state, const uint8_t *key)
{
    (void)self;
    (void)state;
    (void)key;
    return true;
}

static void aead_unload(void *state)
{
    (void)state;
}

static bool aead_seal(void *state, const struct hf_seal *one)
{
    (void)state;
    memset(one->out + pretend_put(one), 0, HF_TAG_LEN);
    return true;
}

static bool aead_open(void *state, const struct hf_open *one)
{
    (void)state;
    memmove(one->out, one->in.at, one->in.len - HF_TAG_LEN);
    return true;
}

PRETEND_AEADS(1 << 23, aead_load, aead_load, aead_unload, aead_seal, aead_open);

/* ---- shares and secrets of zeroes ---------------------------------------------------------- */

static bool kx_generate(void *self, void *state, uint8_t *share)
{
    (void)self;
    (void)state;
    memset(share, 0, 32);
    return true;
}

static bool kx_encapsulate(void *self, struct hf_span share, uint8_t *reply,
                           uint8_t *secret, bool *fault)
{
    (void)self;
    (void)fault;
    memset(reply, 0, 32);
    memset(secret, 0, 32);
    return share.at[0] != MILD_WRONG;
}

static bool kx_decapsulate(void *self, void *state, struct hf_span reply,
                           uint8_t *secret, bool *fault)
{
    (void)self;
    (void)state;
    (void)fault;
    memset(secret, 0, 32);
    return reply.at[0] != MILD_WRONG;
}

static void kx_wipe(void *state)
{
    (void)state;
}

PRETEND_GROUPS(kx_generate, kx_encapsulate, kx_decapsulate, kx_wipe);

/* ---- signatures --------------------------------------------------------------------------------- */

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    (void)self;
    (void)how;
    (void)key;
    (void)message;
    (void)fault;
    return !signature.len || signature.at[0] != MILD_WRONG;
}

static bool sign(void *self, const struct hf_signature *how,
                 const struct hf_private_key *key, struct hf_span message,
                 uint8_t *out, size_t cap, size_t *len)
{
    (void)self;
    (void)how;
    (void)key;
    (void)message;
    if (cap < 8)
        return false;
    memset(out, 0, 8);
    *len = 8;
    return true;
}

PRETEND_SIGNATURES(verify, sign);

/* ---- the provider ------------------------------------------------------------------------------------ */

static int nothing;

static void *open_mild(struct hf_error *error)
{
    (void)error;
    return &nothing;
}

static void close_mild(void *self)
{
    (void)self;
}

static bool random_zeroes(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0x5a, len);
    return true;
}

static bool key_load(void *self, struct hf_span text, hf_passphrase_fn *ask,
                     void *ctx, struct hf_private_key **out,
                     struct hf_error *error)
{
    (void)self;
    (void)text;
    (void)ask;
    (void)ctx;
    (void)out;
    (void)error;
    return false; /* keys live elsewhere: HF_ASK_SIGN */
}

/* "Compressed" with a byte that says how long it is, modulo 256, so that there is
 * something to be wrong. */
static bool expand(void *self, struct hf_span in, uint8_t *out, size_t len,
                   bool *fault)
{
    (void)self;
    *fault = false;
    if (in.len != len + 1 || in.at[0] != (uint8_t)len)
        return false;
    memcpy(out, in.at + 1, len);
    return true;
}

static bool compress(void *self, struct hf_span in, uint8_t *out, size_t cap,
                     size_t *len)
{
    (void)self;
    if (cap < in.len + 1)
        return false;
    out[0] = (uint8_t)in.len;
    memcpy(out + 1, in.at, in.len);
    *len = in.len + 1;
    return true;
}

static const struct hf_compression stored = { "stored", 1, expand, compress };
const struct hf_compression *const mild_compressions[] = { &stored, NULL };

const struct hf_provider mild_provider = {
    .name = "mild",
    .open = open_mild,
    .close = close_mild,
    .hashes = hashes,
    .aeads = aeads,
    .groups = groups,
    .signatures = signatures,
    .random = random_zeroes,
    .key_load = key_load,
    .compressions = mild_compressions,
};
