/* libcrypto_hash.c - SHA-256, SHA-384 and SHA-512 from libcrypto, and SHA-1,
 * which is there to compare names by and signs nothing.
 *
 * A TLS handshake hashes some two hundred times, mostly one or two blocks, so
 * what counts is the price of a short message: 116 ns for 64 bytes by the
 * low-level calls with their state held by value, 430 by EVP.  With values a
 * transcript's snapshot is a copy of a struct, and nothing is allocated.
 *
 * The low-level calls are deprecated.  Where the build does not find them,
 * the same rows are made on EVP with digests fetched at open; the state then
 * holds a pointer to an EVP_MD_CTX. */
#include "crypto/libcrypto.h"

#ifdef HF_LOW_SHA
#include <openssl/sha.h>

/* Four hashes, one text: SHA-384 is SHA-512 but for its beginning and its
 * length, and libcrypto keeps separate names for all. */
#define STATE(CTX, state) ((CTX *)(void *)(state)->bytes)
#define CONST_STATE(CTX, state) ((const CTX *)(const void *)(state)->bytes)
#define HASH(bits, CTX)                                                       \
    _Static_assert(sizeof(CTX) <= sizeof(struct hf_hash_state),               \
                   "the state fits");                                         \
    static bool start##bits(void *self, struct hf_hash_state *state)          \
    {                                                                         \
        (void)self;                                                           \
        return SHA##bits##_Init(STATE(CTX, state)) == 1;                      \
    }                                                                         \
    static bool add##bits(struct hf_hash_state *state, struct hf_span bytes)  \
    {                                                                         \
        return !bytes.len || SHA##bits##_Update(STATE(CTX, state), bytes.at,  \
                                                bytes.len) == 1;              \
    }                                                                         \
    static bool digest##bits(const struct hf_hash_state *state, uint8_t *out) \
    {                                                                         \
        CTX last = *CONST_STATE(CTX, state);                                  \
        bool ok = SHA##bits##_Final(out, &last) == 1;                         \
        hf_wipe(&last, sizeof(last));                                         \
        return ok;                                                            \
    }                                                                         \
    static bool copy##bits(struct hf_hash_state *to,                          \
                           const struct hf_hash_state *from)                  \
    {                                                                         \
        *STATE(CTX, to) = *CONST_STATE(CTX, from);                            \
        return true;                                                          \
    }                                                                         \
    static void wipe##bits(struct hf_hash_state *state)                       \
    {                                                                         \
        hf_wipe(state->bytes, sizeof(CTX));                                   \
    }

HASH(256, SHA256_CTX)
HASH(384, SHA512_CTX)
HASH(512, SHA512_CTX)
HASH(1, SHA_CTX)
#undef HASH
#undef STATE
#undef CONST_STATE

#else

static EVP_MD_CTX *context(const struct hf_hash_state *state)
{
    EVP_MD_CTX *ctx;

    hf_copy(&ctx, state->bytes, sizeof(ctx));
    return ctx;
}

static void wipe(struct hf_hash_state *state)
{
    EVP_MD_CTX_free(context(state)); /* of NULL: nothing */
    hf_wipe(state, sizeof(EVP_MD_CTX *));
}

/* Put a new context into @state: @from's copy, or the beginning of @md. */
static bool place(struct hf_hash_state *state, const EVP_MD_CTX *from,
                  const EVP_MD *md)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    hf_copy(state->bytes, &ctx, sizeof(ctx));
    if (ctx && (from ? EVP_MD_CTX_copy_ex(ctx, from)
                     : EVP_DigestInit_ex2(ctx, md, NULL)) == 1)
        return true;
    wipe(state);
    return hf_libcrypto_failed();
}

static bool add(struct hf_hash_state *state, struct hf_span bytes)
{
    return EVP_DigestUpdate(context(state), bytes.at, bytes.len) == 1 ||
           hf_libcrypto_failed();
}

static bool copy(struct hf_hash_state *to, const struct hf_hash_state *from)
{
    return place(to, context(from), NULL);
}

static bool digest(const struct hf_hash_state *state, uint8_t *out)
{
    struct hf_hash_state last = { 0 };

    bool ok = copy(&last, state) &&
              EVP_DigestFinal_ex(context(&last), out, NULL) == 1;
    wipe(&last);
    return ok || hf_libcrypto_failed();
}

#define HASH(bits)                                                   \
    static bool start##bits(void *self, struct hf_hash_state *state) \
    {                                                                \
        struct hf_libcrypto *lib = self;                             \
        return place(state, NULL, lib->digests[HF_SHA##bits - 1]);   \
    }
HASH(256)
HASH(384)
HASH(512)
HASH(1)
#undef HASH
#define add256 add
#define add384 add
#define add512 add
#define add1 add
#define digest256 digest
#define digest384 digest
#define digest512 digest
#define digest1 digest
#define copy256 copy
#define copy384 copy
#define copy512 copy
#define copy1 copy
#define wipe256 wipe
#define wipe384 wipe
#define wipe512 wipe
#define wipe1 wipe

#endif

const struct hf_hash hf_libcrypto_sha256 = {
    "SHA-256", HF_SHA256, 32, 64, start256, add256, digest256, copy256, wipe256,
};
const struct hf_hash hf_libcrypto_sha384 = {
    "SHA-384", HF_SHA384, 48,      128,     start384,
    add384,    digest384, copy384, wipe384,
};
const struct hf_hash hf_libcrypto_sha512 = {
    "SHA-512", HF_SHA512, 64,      128,     start512,
    add512,    digest512, copy512, wipe512,
};

const struct hf_hash hf_libcrypto_sha1 = {
    "SHA-1", HF_SHA1, 20, 64, start1, add1, digest1, copy1, wipe1,
};

/* For signatures, and so without SHA-1. */
const struct hf_hash *hf_libcrypto_hash(unsigned id)
{
    return id == HF_SHA256   ? &hf_libcrypto_sha256
           : id == HF_SHA384 ? &hf_libcrypto_sha384
                             : &hf_libcrypto_sha512;
}
