/* border.c - see taint.h: libcrypto's ciphers, which get defined copies of what
 * is secret and whose work is public.  Hashes are not among them: what they make
 * of a secret stays one, bit by bit, as memcheck follows it. */
#define HF_UNPOISONED
#include "taint.h"

#include "base/base.h"

#include <valgrind/memcheck.h>

#include <assert.h>
#include <string.h>

enum { AEADS = 3, MOST = 17000 };

static const struct hf_provider *real;

/* A copy that is defined. */
static void plain(uint8_t *to, const void *from, size_t len)
{
    assert(len <= MOST);
    memcpy(to, from, len);
    VALGRIND_MAKE_MEM_DEFINED(to, len);
}

static bool load(unsigned which, void *self, void *state, const uint8_t *key)
{
    const struct hf_aead *aead = real->aeads[which];
    uint8_t copy[HF_AEAD_KEY_MAX];

    taint_key(key, aead->key_len);
    plain(copy, key, aead->key_len);
    return aead->load(self, state, copy);
}

static bool seal(unsigned which, void *state, const struct hf_seal *one)
{
    static uint8_t in[MOST];
    struct hf_seal seal = *one;
    uint8_t nonce[HF_NONCE_LEN];
    size_t len = one->in.len + one->tail.len;
    bool ok;

    plain(nonce, one->nonce, sizeof(nonce));
    plain(in, one->in.at, one->in.len);
    if (one->tail.len)
        plain(in + one->in.len, one->tail.at, one->tail.len);
    seal.nonce = nonce;
    seal.in = hf_span(in, one->in.len);
    seal.tail = hf_span(in + one->in.len, one->tail.len);
    ok = real->aeads[which]->seal(state, &seal);
    VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
    VALGRIND_MAKE_MEM_DEFINED(one->out, len + HF_TAG_LEN);
    return ok;
}

/* What was opened is the peer's word: as public as what is said in the clear. */
static bool open_one(unsigned which, void *state, const struct hf_open *one)
{
    struct hf_open open = *one;
    uint8_t nonce[HF_NONCE_LEN];
    bool ok;

    plain(nonce, one->nonce, sizeof(nonce));
    open.nonce = nonce;
    ok = real->aeads[which]->open(state, &open);
    VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
    VALGRIND_MAKE_MEM_DEFINED(one->out, one->in.len - HF_TAG_LEN);
    return ok;
}

#define AEAD(i)                                                       \
    static bool load_##i(void *self, void *state, const uint8_t *key) \
    {                                                                 \
        return load(i, self, state, key);                             \
    }                                                                 \
    static bool seal_##i(void *state, const struct hf_seal *one)      \
    {                                                                 \
        return seal(i, state, one);                                   \
    }                                                                 \
    static bool open_##i(void *state, const struct hf_open *one)      \
    {                                                                 \
        return open_one(i, state, one);                               \
    }
AEAD(0)
AEAD(1)
AEAD(2)

/* What is encrypted for everybody to see. */
static bool premaster_seal(void *self, const struct hf_public_key *key,
                           const uint8_t secret[HF_PREMASTER_LEN], uint8_t *out,
                           size_t cap, size_t *len, bool *fault)
{
    uint8_t copy[HF_PREMASTER_LEN];
    bool ok;

    taint_key(secret + 2, sizeof(copy) - 2); /* behind the version */
    plain(copy, secret, sizeof(copy));
    ok = real->premaster_seal(self, key, copy, out, cap, len, fault);
    VALGRIND_MAKE_MEM_DEFINED(&ok, sizeof(ok));
    VALGRIND_MAKE_MEM_DEFINED(out, *len);
    return ok;
}

/* It is opened once: what it tests of itself then is not what is looked at
 * here. */
static void *opened;

static void *open_once(struct hf_error *error)
{
    if (!opened)
        opened = real->open(error);
    return opened;
}

static void close_later(void *self)
{
    (void)self;
}

void taint_close(void)
{
    real->close(opened);
}

const struct hf_provider *taint_provider(const struct hf_provider *under)
{
    static struct hf_provider provider;
    static struct hf_aead aeads[AEADS];
    static const struct hf_aead *list[AEADS + 1];
    static bool (*const loads[])(void *, void *,
                                 const uint8_t *) = { load_0, load_1, load_2 };
    static bool (*const seals[])(
        void *, const struct hf_seal *) = { seal_0, seal_1, seal_2 };
    static bool (*const opens[])(
        void *, const struct hf_open *) = { open_0, open_1, open_2 };

    real = under;
    provider = *under;
    for (unsigned i = 0; i < AEADS && under->aeads[i]; i++) {
        aeads[i] = *under->aeads[i];
        aeads[i].load = loads[i];
        aeads[i].seal = seals[i];
        aeads[i].open = opens[i];
        aeads[i].seal_many = NULL;
        list[i] = &aeads[i];
    }
    provider.name = "border";
    provider.premaster_seal = premaster_seal;
    provider.open = open_once;
    provider.close = close_later;
    provider.aeads = list;
    return &provider;
}
