/* pretend.h - for providers that only pretend (mild.c, toy.c, and firm.c of the
 * model): the tables of what they all have.  What it does is each one's own, and
 * so are its secrets. */
#ifndef HF_PRETEND_H
#define HF_PRETEND_H

#include "handfast/crypto.h"

#include <string.h>

/* ---- hashes: two, without memory of their own ------------------------------- */

#define PRETEND_HASHES(start, add_256, digest_256, add_384, digest_384, copy) \
    static const struct hf_hash sha256 = {                                    \
        "SHA-256", HF_SHA256,  32,   64,          start,                      \
        add_256,   digest_256, copy, pretend_wipe                             \
    };                                                                        \
    static const struct hf_hash sha384 = {                                    \
        "SHA-384", HF_SHA384,  48,   128,         start,                      \
        add_384,   digest_384, copy, pretend_wipe                             \
    };                                                                        \
    static const struct hf_hash *const hashes[] = { &sha256, &sha384, NULL }

static inline void pretend_wipe(struct hf_hash_state *state)
{
    memset(state, 0, sizeof(*state));
}

/* ---- records: eight bytes of state ------------------------------------------- */

#define PRETEND_AEAD(called, len, limit, load_it, unload_it, seal_it, open_it) \
    {                                                                          \
        .name = (called), .key_len = (len), .seal_limit = (limit),             \
        .state_size = 8, .load = (load_it), .unload = (unload_it),             \
        .seal = (seal_it), .open = (open_it)                                   \
    }
#define PRETEND_AEADS(limit, load_16, load_32, unload, seal, open)            \
    static const struct hf_aead aes128 = PRETEND_AEAD(                        \
        "AES-128-GCM", 16, limit, load_16, unload, seal, open);               \
    static const struct hf_aead aes256 = PRETEND_AEAD(                        \
        "AES-256-GCM", 32, limit, load_32, unload, seal, open);               \
    static const struct hf_aead chacha = PRETEND_AEAD(                        \
        "ChaCha20-Poly1305", 32, limit, load_32, unload, seal, open);         \
    static const struct hf_aead *const aeads[] = { &aes128, &aes256, &chacha, \
                                                   NULL }

/* Two lengths of key, for a load(state, key, len). */
#define PRETEND_LOADS(load)                                          \
    static bool load_16(void *self, void *state, const uint8_t *key) \
    {                                                                \
        (void)self;                                                  \
        return load(state, key, 16);                                 \
    }                                                                \
    static bool load_32(void *self, void *state, const uint8_t *key) \
    {                                                                \
        (void)self;                                                  \
        return load(state, key, 32);                                 \
    }

/* What is to be sealed, as it is, at its place; how much it is. */
static inline size_t pretend_put(const struct hf_seal *one)
{
    if (one->in.len)
        memmove(one->out, one->in.at, one->in.len);
    if (one->tail.len) /* TLS 1.2 has none */
        memmove(one->out + one->in.len, one->tail.at, one->tail.len);
    return one->in.len + one->tail.len;
}

/* ---- key exchange: two groups; 32 bytes are shared, and so is a share -------- */

#define PRETEND_KX(number, called, generate_it, encapsulate_it,                \
                   decapsulate_it, wipe_it)                                    \
    {                                                                          \
        .group = (number), .name = (called), .share_len = 32, .reply_len = 32, \
        .secret_len = 32, .state_size = 8, .generate = (generate_it),          \
        .encapsulate = (encapsulate_it), .decapsulate = (decapsulate_it),      \
        .wipe = (wipe_it)                                                      \
    }
#define PRETEND_GROUPS(generate, encapsulate, decapsulate, wipe)    \
    static const struct hf_kx x25519 = PRETEND_KX(                  \
        29, "x25519", generate, encapsulate, decapsulate, wipe);    \
    static const struct hf_kx p256 = PRETEND_KX(                    \
        23, "secp256r1", generate, encapsulate, decapsulate, wipe); \
    static const struct hf_kx *const groups[] = { &x25519, &p256, NULL }

/* ---- signatures: one --------------------------------------------------------- */

#define PRETEND_SIGNATURES(verify, sign)                                 \
    static const struct hf_signature ecdsa = { "ecdsa_secp256r1_sha256", \
                                               0x0403,                   \
                                               HF_KEY_P256,              \
                                               HF_PADDING_NONE,          \
                                               HF_SHA256,                \
                                               verify,                   \
                                               sign };                   \
    static const struct hf_signature *const signatures[] = { &ecdsa, NULL }

#endif
