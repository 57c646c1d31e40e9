/* kdf.c - keys out of secrets: HMAC, HKDF, HKDF-Expand-Label and the TLS 1.2
 * PRF, on any hash that a provider has.
 *
 *     hf_hmac            key -> inner pad hashed, outer pad hashed
 *     hf_hkdf_extract    salt, input  -> PRK      one HMAC
 *     hf_hkdf_expand     PRK, info    -> bytes    one HMAC per hash length
 *     hf_expand_label    TLS 1.3's info: length, "tls13 " label, context
 *     hf_prf12           TLS 1.2's own expansion, P_hash
 *
 * All are HMAC with a key that is used several times: a traffic secret gives
 * a key, an IV and a Finished key.  So HMAC's key is a value of its own,
 * struct hf_hmac, in which the two padded key blocks are hashed already; that
 * is half the work of a short HMAC, done once.
 *
 * Time depends on lengths, which are public, and never on bytes.  Outputs are
 * wiped when something fails in the middle; intermediate values always. */
#include "crypto/suite.h"

/* ---- HMAC (RFC 2104) ------------------------------------------------------------ */

/* Xor the whole room, so that the compiler knows how long it is. */
static void flip(uint8_t block[HF_BLOCK_MAX], uint8_t with)
{
    for (size_t i = 0; i < HF_BLOCK_MAX; i++)
        block[i] ^= with;
}

static bool begin(struct hf_hash_state *state, const struct hf_crypto *c,
                  const struct hf_hash *hash, const uint8_t *block)
{
    return hash->start(c->self, state) &&
           hash->add(state, hf_span(block, hash->block));
}

bool hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                 const struct hf_hash *hash, struct hf_span key)
{
    uint8_t block[HF_BLOCK_MAX] = { 0 };
    bool ok = true;

    *h = (struct hf_hmac){ .hash = hash };
    if (key.len > hash->block)
        ok = hf_hash_parts(c, hash, &key, 1, block);
    else
        hf_copy(block, key.at, key.len);
    flip(block, 0x36);
    ok = ok && begin(&h->inner, c, hash, block);
    flip(block, 0x36 ^ 0x5c);
    ok = ok && begin(&h->outer, c, hash, block);
    hf_wipe(block, sizeof(block));
    if (!ok)
        hf_hmac_wipe(h);
    return ok;
}

bool hf_hmac_sum(const struct hf_hmac *h, const struct hf_span *parts, size_t n,
                 uint8_t *out)
{
    const struct hf_hash *hash = h->hash;
    struct hf_hash_state state = { 0 };
    uint8_t inner[HF_HASH_MAX];

    bool ok = hash->copy(&state, &h->inner);
    for (size_t i = 0; ok && i < n; i++)
        ok = hash->add(&state, parts[i]);
    ok = ok && hash->digest(&state, inner);
    hash->wipe(&state);
    ok = ok && hash->copy(&state, &h->outer) &&
         hash->add(&state, hf_span(inner, hash->len)) &&
         hash->digest(&state, out);
    hash->wipe(&state);
    hf_wipe(inner, hash->len);
    if (!ok)
        hf_wipe(out, hash->len);
    return ok;
}

void hf_hmac_wipe(struct hf_hmac *h)
{
    if (!h->hash)
        return;
    h->hash->wipe(&h->inner);
    h->hash->wipe(&h->outer);
    h->hash = NULL;
}

/* ---- HKDF (RFC 5869) ------------------------------------------------------------- */

bool hf_hkdf_extract(const struct hf_crypto *c, const struct hf_hash *hash,
                     struct hf_span salt, struct hf_span ikm, uint8_t *out)
{
    struct hf_hmac h;

    /* HMAC fills its key up with zeroes, so an empty salt and one of hash->len
     * zeroes (RFC 5869 2.2) are the same key. */
    bool ok = hf_hmac_key(&h, c, hash, salt) && hf_hmac_sum(&h, &ikm, 1, out);
    hf_hmac_wipe(&h);
    if (!ok)
        hf_wipe(out, hash->len);
    return ok;
}

bool hf_hkdf_expand(const struct hf_hmac *prk, struct hf_span info,
                    uint8_t *out, size_t len)
{
    const size_t step = prk->hash->len;
    uint8_t block[HF_HASH_MAX];
    uint8_t counter = 0;
    bool ok = len <= 255 * step; /* RFC 5869 2.3: L <= 255*HashLen */

    for (size_t done = 0; ok && done < len;) {
        size_t n = len - done < step ? len - done : step;
        counter++;
        const struct hf_span parts[] = {
            hf_span(block, counter == 1 ? 0 : step), /* T(0) is empty */
            info,
            hf_span(&counter, 1),
        };
        ok = hf_hmac_sum(prk, parts, HF_COUNT(parts), block);
        if (ok)
            hf_copy(out + done, block, n);
        done += n;
    }
    hf_wipe(block, sizeof(block));
    if (!ok)
        hf_wipe(out, len);
    return ok;
}

/* RFC 8446 7.1:  struct { uint16 length; opaque label<7..255>;
 *                         opaque context<0..255>; } HkdfLabel; */
bool hf_expand_label(const struct hf_hmac *secret, const char *label,
                     struct hf_span context, uint8_t *out, size_t len)
{
    enum { HEAD = 2 + 1 + 6 }; /* up to the end of "tls13 " */
    uint8_t info[HEAD + 249 + 1 + 255];
    const size_t label_len = hf_text_len(label);

    if (len > UINT16_MAX || label_len > 249 || context.len > 255) {
        hf_wipe(out, len);
        return false;
    }
    info[0] = (uint8_t)(len >> 8);
    info[1] = (uint8_t)len;
    info[2] = (uint8_t)(6 + label_len);
    hf_copy(info + 3, "tls13 ", 6);
    hf_copy(info + HEAD, label, label_len);
    info[HEAD + label_len] = (uint8_t)context.len;
    hf_copy(info + HEAD + label_len + 1, context.at, context.len);
    return hf_hkdf_expand(
        secret, hf_span(info, HEAD + label_len + 1 + context.len), out, len);
}

/* ---- TLS 1.2 (RFC 5246 5) ---------------------------------------------------------- */

enum { SEED_PARTS = 6 }; /* randoms, a session hash, a context: three at most */

/* PRF(secret, label, seed) = P_hash(secret, label + seed), where
 * P_hash = HMAC(A(1) + seed) + HMAC(A(2) + seed) + ...,  A(i) = HMAC(A(i-1)),
 * and A(0) is the seed. */
bool hf_prf12_keyed(const struct hf_hmac *key, const char *label,
                    const struct hf_span *seed, size_t n, uint8_t *out,
                    size_t len)
{
    struct hf_span parts[2 + SEED_PARTS]; /* A(i), label, seed... */
    const struct hf_hash *hash = key->hash;
    uint8_t a[HF_HASH_MAX], block[HF_HASH_MAX];

    bool ok = n <= SEED_PARTS;
    for (size_t i = 0; ok && i < n; i++)
        parts[2 + i] = seed[i];
    parts[1] = hf_span_text(label);
    ok = ok && hf_hmac_sum(key, parts + 1, 1 + n, a);
    parts[0] = hf_span(a, hash->len);
    for (size_t done = 0; ok && done < len; done += hash->len) {
        size_t take = len - done < hash->len ? len - done : hash->len;
        ok = hf_hmac_sum(key, parts, 2 + n, block) &&
             (done + take == len || hf_hmac_sum(key, parts, 1, a));
        if (ok)
            hf_copy(out + done, block, take);
    }
    hf_wipe(a, sizeof(a));
    hf_wipe(block, sizeof(block));
    if (!ok)
        hf_wipe(out, len);
    return ok;
}

bool hf_prf12(const struct hf_crypto *c, const struct hf_hash *hash,
              struct hf_span secret, const char *label,
              const struct hf_span *seed, size_t n, uint8_t *out, size_t len)
{
    struct hf_hmac key = { 0 };
    bool ok = hf_hmac_key(&key, c, hash, secret);

    ok = ok && hf_prf12_keyed(&key, label, seed, n, out, len);
    hf_hmac_wipe(&key);
    if (!ok)
        hf_wipe(out, len);
    return ok;
}

/* ---- digests ------------------------------------------------------------------------- */

bool hf_hash_parts(const struct hf_crypto *c, const struct hf_hash *hash,
                   const struct hf_span *parts, size_t n, uint8_t *out)
{
    struct hf_hash_state state = { 0 };

    bool ok = hash->start(c->self, &state);
    for (size_t i = 0; ok && i < n; i++)
        ok = hash->add(&state, parts[i]);
    ok = ok && hash->digest(&state, out);
    hash->wipe(&state);
    if (!ok)
        hf_wipe(out, hash->len);
    return ok;
}
