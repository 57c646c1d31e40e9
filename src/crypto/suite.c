/* suite.c - looking things up: cipher suites by number or name, algorithms in
 * an opened provider.
 *
 * Everything here is a walk over a short constant list.  A provider's lists
 * have at most a few dozen rows and are read once or twice in a handshake,
 * so there is no index to keep true. */
#include "crypto/suite.h"

/* What struct hf_suite says in numbers a provider says in names. */
static const char *const aead_names[] = {
    [HF_AES_128_GCM] = "AES-128-GCM",
    [HF_AES_256_GCM] = "AES-256-GCM",
    [HF_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

const struct hf_suite hf_suites[] = {
#define SUITE(number, version, kx, aead, hash, name, openssl) \
    { number, version, HF_SUITE_##kx, HF_##aead, HF_##hash, name, openssl },
#include "suites.def"
#undef SUITE
};
const size_t hf_suite_count = HF_COUNT(hf_suites);

/* ---- a provider, opened ------------------------------------------------------ */

/* Callers make room by the limits in crypto.h, so a provider that exceeds one
 * is refused before anything is written to that room. */
static const char *oversized(const struct hf_provider *p)
{
    for (size_t i = 0; p->hashes[i]; i++)
        if (p->hashes[i]->len > HF_HASH_MAX ||
            p->hashes[i]->block > HF_BLOCK_MAX ||
            p->hashes[i]->block < p->hashes[i]->len)
            return p->hashes[i]->name;
    for (size_t i = 0; p->aeads[i]; i++)
        if (p->aeads[i]->state_size > HF_AEAD_STATE_MAX ||
            p->aeads[i]->key_len > HF_AEAD_KEY_MAX)
            return p->aeads[i]->name;
    for (size_t i = 0; p->groups[i]; i++)
        if (p->groups[i]->state_size > HF_KX_STATE_MAX ||
            p->groups[i]->share_len > HF_SHARE_MAX ||
            p->groups[i]->reply_len > HF_SHARE_MAX ||
            p->groups[i]->secret_len > HF_SECRET_MAX)
            return p->groups[i]->name;
    return NULL;
}

/* SHA-1 is there for names in OCSP; nobody may sign with it. */
static const char *weak(const struct hf_provider *p)
{
    for (size_t i = 0; p->signatures[i]; i++)
        if (p->signatures[i]->hash == HF_SHA1)
            return p->signatures[i]->name;
    return NULL;
}

bool hf_crypto_open(struct hf_crypto *crypto,
                    const struct hf_provider *provider, struct hf_error *error)
{
    *crypto = (struct hf_crypto){ 0 };
    const char *bad = oversized(provider);
    if (bad)
        return hf_fail(error, HF_E_PROVIDER, "%s: %s is larger than allowed",
                       provider->name, bad);
    bad = weak(provider);
    if (bad)
        return hf_fail(error, HF_E_PROVIDER, "%s: %s signs with SHA-1",
                       provider->name, bad);
    void *self = provider->open(error);
    if (!self)
        return hf_fail(error, HF_E_PROVIDER, "%s", provider->name);
    *crypto = (struct hf_crypto){ provider, self };
    return true;
}

void hf_crypto_close(struct hf_crypto *crypto)
{
    if (crypto->provider)
        crypto->provider->close(crypto->self);
    *crypto = (struct hf_crypto){ 0 };
}

bool hf_random(const struct hf_crypto *c, void *out, size_t len)
{
    return c->provider->random(c->self, out, len);
}

/* ---- algorithms in a provider -------------------------------------------------- */

const struct hf_hash *hf_hash_by_id(const struct hf_crypto *c, unsigned id)
{
    for (const struct hf_hash *const *h = c->provider->hashes; *h; h++)
        if ((*h)->id == id)
            return *h;
    return NULL;
}

const struct hf_kx *hf_kx_by_group(const struct hf_crypto *c, unsigned group)
{
    for (const struct hf_kx *const *k = c->provider->groups; *k; k++)
        if ((*k)->group == group)
            return *k;
    return NULL;
}

const struct hf_signature *hf_signature_by_scheme(const struct hf_crypto *c,
                                                  unsigned scheme)
{
    if (scheme == 0) /* the mark of what has no number */
        return NULL;
    for (const struct hf_signature *const *s = c->provider->signatures; *s; s++)
        if ((*s)->scheme == scheme)
            return *s;
    return NULL;
}

const struct hf_signature *hf_signature_by_parts(const struct hf_crypto *c,
                                                 unsigned key, unsigned padding,
                                                 unsigned hash)
{
    for (const struct hf_signature *const *s = c->provider->signatures; *s; s++)
        if ((*s)->key == key && (*s)->padding == padding && (*s)->hash == hash)
            return !c->provider->signature_works ||
                           c->provider->signature_works(c->self, *s)
                       ? *s
                       : NULL;
    return NULL;
}

const struct hf_compression *hf_compression_by_number(const struct hf_crypto *c,
                                                      unsigned number)
{
    const struct hf_compression *const *way = c->provider->compressions;

    for (; way && *way; way++)
        if ((*way)->number == number)
            return *way;
    return NULL;
}

/* ---- cipher suites ------------------------------------------------------------- */

const struct hf_suite *hf_suite_by_number(unsigned number)
{
    for (size_t i = 0; i < hf_suite_count; i++)
        if (hf_suites[i].number == number)
            return &hf_suites[i];
    return NULL;
}

static bool same_name(const char *a, const char *b)
{
    return hf_equal_fold(hf_span_text(a), hf_span_text(b));
}

const struct hf_suite *hf_suite_by_name(const char *name)
{
    uint8_t number[2];
    size_t len;

    for (size_t i = 0; i < hf_suite_count; i++)
        if (same_name(name, hf_suites[i].name) ||
            same_name(name, hf_suites[i].openssl))
            return &hf_suites[i];
    if (name[0] != '0' || hf_lower((uint8_t)name[1]) != 'x' ||
        !hf_unhex(hf_span_text(name + 2), number, sizeof(number), &len) ||
        len != sizeof(number))
        return NULL;
    return hf_suite_by_number(hf_number(number, 2));
}

bool hf_suite_possible(const struct hf_crypto *c, const struct hf_suite *suite)
{
    const struct hf_provider *p = c->provider;

    return hf_suite_aead(c, suite) &&
           (suite->kx != HF_SUITE_RSA ||
            (p->premaster_seal && p->premaster_open));
}

const struct hf_aead *hf_suite_aead(const struct hf_crypto *c,
                                    const struct hf_suite *suite)
{
    for (const struct hf_aead *const *a = c->provider->aeads; *a; a++)
        if (hf_text_equal((*a)->name, aead_names[suite->aead]))
            return *a;
    return NULL;
}
