/* libcrypto_rsa.c - RSA signatures: PKCS#1 v1.5 and PSS (RFC 8017), padded and
 * unpadded here, raised to a power by libcrypto.  (Encryption is in
 * libcrypto_transport.c.)
 *
 * Verifying never *parses* padding.  For PKCS#1 v1.5 the one encoding that the
 * digest can have is built and compared (RFC 8017 8.2.2), so there is nothing
 * for a forger to hide bytes in.  For PSS the parameters are fixed by TLS: MGF1
 * with the same hash, and a salt as long as the digest (RFC 8446 4.2.3).
 *
 * The public power is taken with plain numbers (BIGNUM): 27 us, where making a
 * key object for EVP costs 146 more.  The private power is EVP's, with its
 * blinding; and what it returns is raised to the public power again before it
 * leaves, because a signature computed wrongly by the Chinese remainder
 * theorem gives the key away. */
#include "crypto/libcrypto.h"

#include <openssl/rsa.h>

bool hf_rsa_acceptable(const BIGNUM *n, const BIGNUM *e, unsigned bits_min)
{
    const int bits = BN_num_bits(n);

    return bits >= (int)bits_min && bits <= HF_RSA_BITS_MAX && BN_is_odd(n) &&
           BN_num_bits(e) <= 32 && BN_is_odd(e) && BN_get_word(e) >= 65537;
}

/* ---- paddings ------------------------------------------------------------------------ */

/* What is signed: as many bytes as the modulus. */
struct block {
    uint8_t bytes[HF_RSA_BYTES_MAX];
    size_t len;
    unsigned bits; /* of the modulus */
};

/* RFC 8017 9.2: DigestInfo up to the digest, for a hash named by its last two
 * arcs, 2.16.840.1.101.3.4.2.@arc. */
static struct hf_span digest_info(unsigned hash, uint8_t out[19])
{
    static const uint8_t form[19] = { 0x30, 0,    0x30, 0x0d, 0x06, 0x09, 0x60,
                                      0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                      0,    0x05, 0,    0x04, 0 };
    const uint8_t len = hf_libcrypto_hash(hash)->len;

    hf_copy(out, form, sizeof(form));
    out[1] = (uint8_t)(17 + len);
    out[14] = hash == HF_SHA256 ? 1 : hash == HF_SHA384 ? 2 : 3;
    out[18] = len;
    return hf_span(out, sizeof(form));
}

/* 00 01 ff ... ff 00 DigestInfo */
static void pad_pkcs1(struct block *b, unsigned hash, struct hf_span digest)
{
    uint8_t room[19];
    struct hf_span info = digest_info(hash, room);
    /* cppcheck-suppress ctuuninitvar ; the caller has set this one member */
    const size_t ones = b->len - 3 - info.len - digest.len; /* 174 at least */

    b->bytes[0] = 0;
    b->bytes[1] = 1;
    hf_fill(b->bytes + 2, 0xff, ones);
    b->bytes[2 + ones] = 0;
    hf_copy(b->bytes + 3 + ones, info.at, info.len);
    hf_copy(b->bytes + 3 + ones + info.len, digest.at, digest.len);
}

/* MGF1 (RFC 8017 B.2.1): @bytes ^= H(seed 0) H(seed 1) ... */
static bool mask(const struct hf_crypto *c, const struct hf_hash *hash,
                 struct hf_span seed, uint8_t *bytes, size_t len)
{
    uint8_t counter[4], digest[HF_HASH_MAX];
    uint32_t n = 0;

    for (size_t at = 0; at < len; at += hash->len) {
        hf_store_number(counter, n++, 4);
        const struct hf_span parts[] = { seed, HF_SPAN(counter) };
        if (!hf_hash_parts(c, hash, parts, 2, digest))
            return false;
        for (size_t i = 0; i < hash->len && i < len - at; i++)
            bytes[at + i] ^= digest[i];
    }
    return true;
}

/* M' = eight zeroes, digest, salt;  H = Hash(M')  (RFC 8017 9.1.1). */
static bool salted(const struct hf_crypto *c, const struct hf_hash *hash,
                   struct hf_span digest, const uint8_t *salt, uint8_t *out)
{
    static const uint8_t zeroes[8];
    const struct hf_span parts[] = { HF_SPAN(zeroes), digest,
                                     hf_span(salt, hash->len) };

    return hf_hash_parts(c, hash, parts, HF_COUNT(parts), out);
}

/*      [00] | 00 ... 00 01 salt, masked with H | H | bc
 *
 * The encoding has one bit less than the modulus (RFC 8017 8.1.1): its top
 * bit is cleared, and if the modulus has 8k+1 bits, its first byte is zero. */
struct pss {
    uint8_t *db, *h;
    size_t db_len;
    uint8_t top; /* the bits of the first byte that may be set */
};

static struct pss pss_layout(struct block *b, const struct hf_hash *hash)
{
    const size_t skip = b->bits % 8 == 1;
    const size_t db_len = b->len - skip - hash->len - 1;

    return (struct pss){ b->bytes + skip, b->bytes + skip + db_len, db_len,
                         (uint8_t)(0xff >> ((8 * b->len - b->bits + 1) % 8)) };
}

static bool pad_pss(struct hf_libcrypto *lib, struct block *b,
                    const struct hf_hash *hash, struct hf_span digest)
{
    const struct hf_crypto c = { &hf_libcrypto, lib };
    const struct pss p = pss_layout(b, hash);
    uint8_t *salt = p.db + p.db_len - hash->len;

    hf_fill(b->bytes, 0, b->len);
    if (!hf_libcrypto_random(lib, salt, hash->len) ||
        !salted(&c, hash, digest, salt, p.h))
        return false;
    salt[-1] = 1;
    p.h[hash->len] = 0xbc;
    if (!mask(&c, hash, hf_span(p.h, hash->len), p.db, p.db_len))
        return false;
    p.db[0] &= p.top;
    return true;
}

/* RFC 8017 9.1.2.  All of it is public. */
static bool is_pss(struct hf_libcrypto *lib, struct block *b,
                   const struct hf_hash *hash, struct hf_span digest,
                   bool *fault)
{
    const struct hf_crypto c = { &hf_libcrypto, lib };
    const struct pss p = pss_layout(b, hash);
    const size_t salt_at = p.db_len - hash->len;
    uint8_t h[HF_HASH_MAX];

    if ((p.db != b->bytes && b->bytes[0]) || (p.db[0] & ~p.top) ||
        p.h[hash->len] != 0xbc)
        return false;
    *fault = !mask(&c, hash, hf_span(p.h, hash->len), p.db, p.db_len);
    if (*fault)
        return false;
    p.db[0] &= p.top;
    for (size_t i = 0; i < salt_at - 1; i++)
        if (p.db[i])
            return false;
    if (p.db[salt_at - 1] != 1)
        return false;
    *fault = !salted(&c, hash, digest, p.db + salt_at, h);
    return !*fault && hf_equal(h, p.h, hash->len);
}

/* ---- powers --------------------------------------------------------------------------- */

bool hf_rsa_raise(struct hf_libcrypto *lib, const BIGNUM *n, const BIGNUM *e,
                  BN_MONT_CTX *mont, struct hf_span number, uint8_t *out,
                  bool *fault)
{
    const size_t len = (size_t)BN_num_bytes(n);
    BN_CTX *ctx = BN_CTX_new_ex(lib->lib);
    BIGNUM *s = BN_bin2bn(number.at, (int)number.len, NULL);
    bool ok = false;

    *fault = !ctx || !s;
    if (!*fault && number.len == len && BN_cmp(s, n) < 0) {
        ok = BN_mod_exp_mont(s, s, e, n, ctx, mont) == 1 &&
             BN_bn2binpad(s, out, (int)len) == (int)len;
        *fault = !ok;
    }
    BN_clear_free(s);
    BN_CTX_free(ctx);
    return ok;
}

static bool raise_public(struct hf_libcrypto *lib, const BIGNUM *n,
                         const BIGNUM *e, BN_MONT_CTX *mont,
                         struct hf_span signature, struct block *out,
                         bool *fault)
{
    out->bits = (unsigned)BN_num_bits(n);
    out->len = (out->bits + 7) / 8;
    return hf_rsa_raise(lib, n, e, mont, signature, out->bytes, fault);
}

bool hf_rsa_verify(struct hf_libcrypto *lib, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span digest,
                   struct hf_span signature, unsigned bits_min, bool *fault)
{
    const struct hf_hash *hash = hf_libcrypto_hash(how->hash);
    struct block got, want;
    bool ok = false;

    *fault = false;
    if (key->modulus.len > HF_RSA_BYTES_MAX ||
        signature.len != key->modulus.len || key->exponent.len > 4 ||
        digest.len != hash->len)
        return false;
    BIGNUM *n = BN_bin2bn(key->modulus.at, (int)key->modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.len, NULL);
    *fault = !n || !e;
    if (!*fault && hf_rsa_acceptable(n, e, bits_min) &&
        raise_public(lib, n, e, NULL, signature, &got, fault)) {
        if (how->padding == HF_PADDING_PSS) {
            ok = is_pss(lib, &got, hash, digest, fault);
        } else {
            want.len = got.len;
            pad_pkcs1(&want, how->hash, digest);
            ok = hf_equal(want.bytes, got.bytes, got.len);
        }
    }
    BN_free(n);
    BN_free(e);
    return ok || hf_libcrypto_failed();
}

bool hf_rsa_sign(const struct hf_private_key *key,
                 const struct hf_signature *how, struct hf_span digest,
                 uint8_t *out, size_t cap, size_t *len)
{
    const struct hf_hash *hash = hf_libcrypto_hash(how->hash);
    struct block block = { .len = key->public.modulus.len,
                           .bits = key->public.bits };
    struct block again;
    EVP_PKEY_CTX *ctx = NULL;
    bool ok = block.len <= cap, fault;

    *len = block.len;
    if (ok && how->padding == HF_PADDING_PSS)
        ok = pad_pss(key->lib, &block, hash, digest);
    else if (ok)
        pad_pkcs1(&block, how->hash, digest);
    ok = ok && (ctx = EVP_PKEY_CTX_dup(key->raw)) &&
         EVP_PKEY_sign(ctx, out, len, block.bytes, block.len) == 1 &&
         *len == block.len &&
         raise_public(key->lib, key->n, key->e, key->mont, hf_span(out, *len),
                      &again, &fault) &&
         hf_equal(again.bytes, block.bytes, block.len);
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return true;
    hf_wipe(out, cap);
    *len = 0;
    return hf_libcrypto_failed();
}
