/* toy.c - see toy.h. */
#define HF_UNPOISONED
#include "toy.h"

#include "fuzz.h"
#include "pretend.h"
#include "x509/x509.h"

#include <string.h>

#include "toy_certs.inc"

/* ---- numbers ------------------------------------------------------------------------ */

static uint64_t stir(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t stir_in(uint64_t h, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ at[i]) * 0x100000001b3u;
    return h;
}

uint64_t toy_mix(uint64_t seed, struct hf_span bytes)
{
    return stir(stir_in(stir(seed + bytes.len), bytes.at, bytes.len));
}

static void spread(uint8_t *out, size_t len, uint64_t h)
{
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            h = stir(h + 0x9e3779b97f4a7c15u);
        out[i] = (uint8_t)(h >> 8 * (i % 8));
    }
}

static uint64_t drawn;
static unsigned fails_in;
static bool has_failed;

void toy_restart(void)
{
    drawn = 1;
    fails_in = 0;
    has_failed = false;
}

void toy_fail_in(unsigned n)
{
    fails_in = n;
}

bool toy_has_failed(void)
{
    return has_failed;
}

/* Is this the operation that is to fail? */
static bool works(void)
{
    if (!fails_in || --fails_in)
        return true;
    has_failed = true;
    return false;
}

static bool draw(void *self, void *out, size_t len)
{
    (void)self;
    spread(out, len, stir(drawn++));
    return works();
}

/* ---- hashes ---------------------------------------------------------------------------- */

static bool hash_start(void *self, struct hf_hash_state *state)
{
    (void)self;
    memset(state, 0, sizeof(*state));
    state->words[0] = 0xcbf29ce484222325u;
    return works();
}

static bool hash_add(struct hf_hash_state *state, struct hf_span bytes)
{
    state->words[0] = stir_in(state->words[0], bytes.at, bytes.len);
    state->words[1] += bytes.len;
    return works();
}

static uint64_t hash_end(const struct hf_hash_state *state)
{
    return stir(state->words[0] + stir(state->words[1]));
}

static bool digest_256(const struct hf_hash_state *state, uint8_t *out)
{
    spread(out, 32, hash_end(state));
    return works();
}

static bool digest_384(const struct hf_hash_state *state, uint8_t *out)
{
    spread(out, 48, hash_end(state) ^ 384);
    return works();
}

static bool hash_copy(struct hf_hash_state *to,
                      const struct hf_hash_state *from)
{
    *to = *from;
    return works();
}

PRETEND_HASHES(hash_start, hash_add, digest_256, hash_add, digest_384,
               hash_copy);

/* A fuzzer looks over memcmp's shoulder, and then knows a tag that is right. */
static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
    return hf_equal_ct(a, b, len);
}

/* ---- records ----------------------------------------------------------------------------- */

static bool load(void *state, const uint8_t *key, size_t len)
{
    uint64_t h = toy_mix(len, (struct hf_span){ key, len }) | 1;

    memcpy(state, &h, sizeof(h)); /* zero is unloaded */
    return works();
}

PRETEND_LOADS(load)

static void unload(void *state)
{
    memset(state, 0, 8);
}

static uint64_t begin(const void *state, const uint8_t *nonce)
{
    uint64_t h;

    memcpy(&h, state, sizeof(h));
    MUST(h);
    return toy_mix(h, (struct hf_span){ nonce, HF_NONCE_LEN });
}

static void crypt(uint64_t stream, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            stream = stir(stream + 0x9e3779b97f4a7c15u);
        at[i] ^= (uint8_t)(stream >> 8 * (i % 8));
    }
}

static void make_tag(uint64_t h, struct hf_span aad, const uint8_t *sealed,
                     size_t len, uint8_t *tag)
{
    h = toy_mix(h, aad);
    spread(tag, HF_TAG_LEN, toy_mix(h, (struct hf_span){ sealed, len }));
}

static bool seal(void *state, const struct hf_seal *one)
{
    uint64_t h = begin(state, one->nonce);
    const size_t len = pretend_put(one);

    crypt(h, one->out, len);
    make_tag(h, one->aad, one->out, len, one->out + len);
    return works();
}

static bool open_sealed(void *state, const struct hf_open *one)
{
    uint64_t h = begin(state, one->nonce);
    size_t len = one->in.len - HF_TAG_LEN;
    uint8_t tag[HF_TAG_LEN];

    make_tag(h, one->aad, one->in.at, len, tag);
    if (!same(tag, one->in.at + len, HF_TAG_LEN) || !works()) {
        memset(one->out, 0, len);
        return false;
    }
    memmove(one->out, one->in.at, len);
    crypt(h, one->out, len);
    return true;
}

/* Keys that wear out soon: so they are changed on the way. */
PRETEND_AEADS(100, load_16, load_32, unload, seal, open_sealed);

/* ---- key exchange: Diffie and Hellman in a very small group ------------------------------ */

enum { PRIME = 0x7fffffff, BASE = 7, SHARE = 32 };

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t product = 1;

    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            product = product * base % PRIME;
        base = base * base % PRIME;
    }
    return product;
}

static void put_share(uint8_t *share, uint64_t number)
{
    memset(share, 0x77, SHARE);
    hf_store_number(share, number, 4);
}

static bool agree(uint64_t mine, struct hf_span share, uint8_t *secret)
{
    uint64_t theirs = hf_number(share.at, 4) % PRIME;

    spread(secret, SHARE, power(theirs, mine));
    return theirs > 1;
}

static bool kx_generate(void *self, void *state, uint8_t *share)
{
    uint32_t mine;
    bool ok = draw(self, &mine, sizeof(mine));

    memcpy(state, &mine, sizeof(mine));
    put_share(share, power(BASE, mine));
    return ok;
}

static bool kx_encapsulate(void *self, struct hf_span share, uint8_t *reply,
                           uint8_t *secret, bool *fault)
{
    uint32_t mine;

    *fault = !draw(self, &mine, sizeof(mine));
    put_share(reply, power(BASE, mine));
    return agree(mine, share, secret) && !*fault;
}

static bool kx_decapsulate(void *self, void *state, struct hf_span reply,
                           uint8_t *secret, bool *fault)
{
    uint32_t mine;

    (void)self;
    memcpy(&mine, state, sizeof(mine));
    *fault = !works();
    return agree(mine, reply, secret) && !*fault;
}

static void kx_wipe(void *state)
{
    memset(state, 0, 8);
}

PRETEND_GROUPS(kx_generate, kx_encapsulate, kx_decapsulate, kx_wipe);

/* ---- keys and signatures ------------------------------------------------------------------- */

struct hf_private_key {
    enum toy_who who;
};
static struct hf_private_key keys[TOY_COUNT] = { { TOY_CA },
                                                 { TOY_SERVER },
                                                 { TOY_CLIENT } };
static struct hf_cert *certs[TOY_COUNT];

struct hf_span toy_pem(enum toy_who who)
{
    static const struct hf_span texts[TOY_COUNT] = {
        { (const uint8_t *)toy_ca_pem, sizeof(toy_ca_pem) - 1 },
        { (const uint8_t *)toy_server_pem, sizeof(toy_server_pem) - 1 },
        { (const uint8_t *)toy_client_pem, sizeof(toy_client_pem) - 1 }
    };

    return texts[who];
}

static const struct hf_cert *cert_of(enum toy_who who)
{
    struct hf_span text = toy_pem(who);
    struct hf_error error = { .code = HF_OK };
    uint8_t der[2048];
    struct hf_pem pem;
    size_t len;
    bool bad;

    if (!certs[who]) { /* once, for all runs */
        MUST(hf_pem_next(&text, &pem, &bad));
        MUST(hf_unbase64(pem.base64, der, sizeof(der), &len));
        certs[who] = hf_cert_new(hf_span(der, len), &error);
        MUST(certs[who]);
    }
    return certs[who];
}

struct hf_span toy_der(enum toy_who who)
{
    return cert_of(who)->der;
}

struct hf_span toy_key(enum toy_who who)
{
    static const uint8_t names[TOY_COUNT] = { 'a', 's', 'c' };

    return (struct hf_span){ &names[who], 1 };
}

static void sign_as(struct hf_span point, struct hf_span message, uint8_t *out)
{
    spread(out, TOY_SIGNATURE_LEN, toy_mix(toy_mix(0x5165, point), message));
}

void toy_sign(enum toy_who who, struct hf_span message, uint8_t *out)
{
    sign_as(cert_of(who)->key.point, message, out);
}

/* Certificates are genuine if they are ours; their signatures are real ones that
 * nobody here can check. */
static bool is_genuine(const struct hf_public_key *key, struct hf_span message,
                       struct hf_span signature)
{
    for (int who = 0; who < TOY_COUNT; who++) {
        const struct hf_cert *cert = cert_of((enum toy_who)who);

        if (hf_span_equal(cert->tbs, message) &&
            hf_span_equal(cert->signature, signature))
            return hf_span_equal(key->point, cert_of(TOY_CA)->key.point);
    }
    return false;
}

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    uint8_t right[TOY_SIGNATURE_LEN];

    (void)self;
    (void)how;
    *fault = !works();
    sign_as(key->point, message, right);
    return !*fault &&
           (hf_span_equal(signature, hf_span(right, sizeof(right))) ||
            is_genuine(key, message, signature));
}

static bool sign(void *self, const struct hf_signature *how,
                 const struct hf_private_key *key, struct hf_span message,
                 uint8_t *out, size_t cap, size_t *len)
{
    (void)self;
    (void)how;
    if (cap < TOY_SIGNATURE_LEN || !works())
        return false;
    toy_sign(key->who, message, out);
    *len = TOY_SIGNATURE_LEN;
    return true;
}

PRETEND_SIGNATURES(verify, sign);

static bool key_load(void *self, struct hf_span text, hf_passphrase_fn *ask,
                     void *ctx, struct hf_private_key **out,
                     struct hf_error *error)
{
    (void)self;
    (void)ask;
    (void)ctx;
    for (int who = 0; who < TOY_COUNT; who++) {
        *out = &keys[who];
        if (hf_span_equal(text, toy_key((enum toy_who)who)))
            return true;
    }
    *out = NULL;
    return hf_fail(error, HF_E_BAD_KEY, "no toy has such a key");
}

static struct hf_private_key *key_keep(struct hf_private_key *key)
{
    return key;
}

static void key_free(struct hf_private_key *key)
{
    (void)key;
}

static void key_public(const struct hf_private_key *key,
                       struct hf_public_key *out)
{
    *out = cert_of(key->who)->key;
}

/* ---- the provider ------------------------------------------------------------------------------ */

static void *open_toy(struct hf_error *error)
{
    return works() ? keys
                   : (hf_fail(error, HF_E_CRYPTO, "the toy is broken"), NULL);
}

static void close_toy(void *self)
{
    (void)self;
}

const struct hf_provider toy_provider = {
    .name = "toy",
    .open = open_toy,
    .close = close_toy,
    .hashes = hashes,
    .aeads = aeads,
    .groups = groups,
    .signatures = signatures,
    .random = draw,
    .key_load = key_load,
    .key_keep = key_keep,
    .key_free = key_free,
    .key_public = key_public,
    /* premaster_seal and others: none, so no RSA key transport */
};
