/* libcrypto_aead.c - AES-GCM and ChaCha20-Poly1305 from libcrypto, by Init,
 * Update and Final of EVP.
 *
 * A state is one EVP_CIPHER_CTX.  Loading gives it a cipher and a key; each
 * record then gives it a direction and a nonce.  Plaintext counts as such only
 * after Final has said yes; until then it is in @out, and if Final says no, it
 * is wiped there before anybody can see it. */
#include "crypto/libcrypto.h"

struct aead_state {
    EVP_CIPHER_CTX *ctx;
};

enum { ENCRYPT = 1, DECRYPT = 0 };

/* EVP counts in int; no record or ticket comes near. */
enum { LENGTH_MAX = 1 << 30 };

/* ---- keys -------------------------------------------------------------------------- */

static void unload(void *state)
{
    struct aead_state *s = state;

    EVP_CIPHER_CTX_free(s->ctx); /* of NULL: nothing */
    s->ctx = NULL;
}

static bool load(void *self, void *state, const uint8_t *key, size_t slot)
{
    struct hf_libcrypto *lib = self;
    struct aead_state *s = state;

    if (!s->ctx)
        s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx && EVP_CipherInit_ex2(s->ctx, lib->ciphers[slot], key, NULL,
                                     ENCRYPT, NULL) == 1)
        return true;
    unload(state);
    return hf_libcrypto_failed();
}

static bool load_aes128(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, HF_SLOT_AES128);
}

static bool load_aes256(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, HF_SLOT_AES256);
}

static bool load_chacha(void *self, void *state, const uint8_t *key)
{
    return load(self, state, key, HF_SLOT_CHACHA);
}

/* ---- records ----------------------------------------------------------------------- */

/* Nonce, direction and additional data of one record. */
static bool begin(EVP_CIPHER_CTX *ctx, int direction, const uint8_t *nonce,
                  struct hf_span aad)
{
    int n;

    return EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, direction, NULL) == 1 &&
           (!aad.len ||
            EVP_CipherUpdate(ctx, NULL, &n, aad.at, (int)aad.len) == 1);
}

static bool update(EVP_CIPHER_CTX *ctx, uint8_t *out, struct hf_span in)
{
    int n = 0;

    return !in.len ||
           (EVP_CipherUpdate(ctx, out, &n, in.at, (int)in.len) == 1 &&
            (size_t)n == in.len);
}

static bool finish(EVP_CIPHER_CTX *ctx)
{
    uint8_t rest[EVP_MAX_BLOCK_LENGTH];
    int n = 0;

    return EVP_CipherFinal_ex(ctx, rest, &n) == 1 && n == 0;
}

static bool seal_record(void *state, const struct hf_seal *one)
{
    struct aead_state *s = state;
    const size_t len = one->in.len + one->tail.len;
    struct hf_span in = one->in, tail = one->tail;

    if (!s->ctx || one->in.len > LENGTH_MAX || one->tail.len > LENGTH_MAX ||
        one->aad.len > LENGTH_MAX)
        return false;
    /* In place there is room behind the input, so that both parts become one;
     * that saves a call in which a single byte is encrypted. */
    if (in.at == one->out && in.len) {
        hf_copy(one->out + in.len, tail.at, tail.len);
        in = hf_span(one->out, len);
        tail = hf_span(NULL, 0);
    }
    if (begin(s->ctx, ENCRYPT, one->nonce, one->aad) &&
        update(s->ctx, one->out, in) &&
        update(s->ctx, one->out + one->in.len, tail) && finish(s->ctx) &&
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, HF_TAG_LEN,
                            one->out + len) == 1)
        return true;
    hf_wipe(one->out, len + HF_TAG_LEN);
    return hf_libcrypto_failed();
}

static bool open_record(void *state, const struct hf_open *one)
{
    struct aead_state *s = state;
    uint8_t tag[HF_TAG_LEN];

    if (!s->ctx || one->in.len < HF_TAG_LEN || one->in.len > LENGTH_MAX ||
        one->aad.len > LENGTH_MAX)
        return false;
    const size_t len = one->in.len - HF_TAG_LEN;
    hf_copy(tag, one->in.at + len, sizeof(tag));
    if (begin(s->ctx, DECRYPT, one->nonce, one->aad) &&
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, HF_TAG_LEN, tag) ==
            1 &&
        update(s->ctx, one->out, hf_span(one->in.at, len)) && finish(s->ctx))
        return true;
    hf_wipe(one->out, len);
    return hf_libcrypto_failed();
}

/* RFC 8446 5.5: about 2^24.5 full records under one key of AES-GCM keep the
 * margin of 2^-57; we stop earlier, at a round number.  ChaCha20-Poly1305 has
 * no limit that a sequence number can reach. */
#define GCM_RECORDS (UINT64_C(1) << 23)

const struct hf_aead hf_libcrypto_aes128gcm = {
    "AES-128-GCM", 16,     GCM_RECORDS, sizeof(struct aead_state),
    load_aes128,   unload, seal_record, open_record,
    NULL,
};
const struct hf_aead hf_libcrypto_aes256gcm = {
    "AES-256-GCM", 32,     GCM_RECORDS, sizeof(struct aead_state),
    load_aes256,   unload, seal_record, open_record,
    NULL,
};
const struct hf_aead hf_libcrypto_chacha = {
    "ChaCha20-Poly1305",
    32,
    UINT64_MAX,
    sizeof(struct aead_state),
    load_chacha,
    unload,
    seal_record,
    open_record,
    NULL,
};
