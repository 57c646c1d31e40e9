/* mlkem.c - ML-KEM-768, the key encapsulation mechanism of FIPS 203.
 *
 *     generate      d, z            -> key, ek
 *     encapsulate   ek, m           -> ct, ss
 *     decapsulate   key, ct         -> the same ss
 *
 * Underneath is K-PKE, which encrypts 32 bytes: the public key is t = A s + e
 * with a matrix A made of a public seed and small secret s and e; the ciphertext
 * is u = A' r + e1 and v = t r + e2 + message; and v - s u is the message with
 * noise.  What makes a KEM of it is that r is not random but hashed from the
 * message: who decrypts can encrypt again, and a ciphertext that was made
 * otherwise yields a secret that depends on it and on z, which only the owner
 * knows.  Whether that happened is itself a secret (FIPS 203 6.3).
 *
 * Functions of the standard are named in brackets. */
#include "crypto/mlkem.h"

enum { K = HF_MLKEM_K };

/* ---- hashes -------------------------------------------------------------------------- */

/* [H] SHA3-256 */
static void hash_h(struct hf_span bytes, uint8_t out[32])
{
    struct hf_keccak k;

    hf_keccak_init(&k, HF_SHA3_256_RATE);
    hf_keccak_absorb(&k, bytes);
    hf_keccak_finish(&k, 0x06);
    hf_keccak_squeeze(&k, out, 32);
    hf_keccak_wipe(&k);
}

/* [G] SHA3-512, in halves */
static void hash_g(struct hf_span one, struct hf_span two, uint8_t first[32],
                   uint8_t second[32])
{
    struct hf_keccak k;

    hf_keccak_init(&k, HF_SHA3_512_RATE);
    hf_keccak_absorb(&k, one);
    hf_keccak_absorb(&k, two);
    hf_keccak_finish(&k, 0x06);
    hf_keccak_squeeze(&k, first, 32);
    hf_keccak_squeeze(&k, second, 32);
    hf_keccak_wipe(&k);
}

/* [J] SHAKE256 */
static void hash_j(const uint8_t z[32], struct hf_span ct, uint8_t out[32])
{
    struct hf_keccak k;

    hf_keccak_init(&k, HF_SHAKE256_RATE);
    hf_keccak_absorb(&k, hf_span(z, 32));
    hf_keccak_absorb(&k, ct);
    hf_keccak_finish(&k, 0x1f);
    hf_keccak_squeeze(&k, out, 32);
    hf_keccak_wipe(&k);
}

/* ---- keys ------------------------------------------------------------------------------- */

static void expand_matrix(struct hf_mlkem_public *p)
{
    for (unsigned i = 0; i < K; i++)
        for (unsigned j = 0; j < K; j++)
            hf_poly_sample(&p->matrix[K * i + j], p->rho, (uint8_t)j,
                           (uint8_t)i);
}

bool hf_mlkem_public_read(struct hf_mlkem_public *p,
                          const uint8_t ek[HF_MLKEM_EK])
{
    for (unsigned i = 0; i < K; i++)
        if (!hf_poly_read(&p->t[i], ek + i * HF_POLY_BYTES))
            return false;
    hf_copy(p->rho, ek + K * HF_POLY_BYTES, sizeof(p->rho));
    hash_h(hf_span(ek, HF_MLKEM_EK), p->hash);
    expand_matrix(p);
    return true;
}

/* [KeyGen_internal, K-PKE.KeyGen] */
void hf_mlkem_generate(struct hf_mlkem_key *key,
                       const uint8_t seed[HF_MLKEM_SEED],
                       uint8_t ek[HF_MLKEM_EK])
{
    static const uint8_t rank = K;
    struct hf_mlkem_public *p = &key->public;
    struct hf_poly e;
    uint8_t sigma[32];

    hash_g(hf_span(seed, 32), hf_span(&rank, 1), p->rho, sigma);
    HF_DECLASSIFY(p->rho, sizeof(p->rho));
    hf_copy(key->z, seed + 32, sizeof(key->z));
    expand_matrix(p);
    for (unsigned i = 0; i < K; i++) {
        hf_poly_noise(&key->s[i], sigma, (uint8_t)i);
        hf_poly_ntt(&key->s[i]);
    }
    for (unsigned i = 0; i < K; i++) {
        hf_poly_noise(&e, sigma, (uint8_t)(K + i));
        hf_poly_ntt(&e);
        hf_poly_dot(&p->t[i], &p->matrix[K * i], 1, key->s);
        hf_poly_mend(&p->t[i]);
        hf_poly_add(&p->t[i], &e);
        hf_poly_write(&p->t[i], ek + i * HF_POLY_BYTES);
    }
    HF_DECLASSIFY(p->t, sizeof(p->t));
    HF_DECLASSIFY(ek, K * HF_POLY_BYTES);
    hf_copy(ek + K * HF_POLY_BYTES, p->rho, sizeof(p->rho));
    hash_h(hf_span(ek, HF_MLKEM_EK), p->hash);
    hf_wipe(&e, sizeof(e));
    hf_wipe(sigma, sizeof(sigma));
}

/* ---- messages ---------------------------------------------------------------------------- */

/* [K-PKE.Encrypt] */
static void encrypt(const struct hf_mlkem_public *p, const uint8_t m[32],
                    const uint8_t coins[32], uint8_t ct[HF_MLKEM_CT])
{
    struct hf_poly r[K], sum, noise;

    for (unsigned i = 0; i < K; i++) {
        hf_poly_noise(&r[i], coins, (uint8_t)i);
        hf_poly_ntt(&r[i]);
    }
    for (unsigned i = 0; i < K; i++) {
        hf_poly_dot(&sum, &p->matrix[i], K, r); /* transposed */
        hf_poly_ntt_inverse(&sum);
        hf_poly_noise(&noise, coins, (uint8_t)(K + i));
        hf_poly_add(&sum, &noise);
        hf_poly_compress(&sum, HF_MLKEM_DU, ct + i * 32 * HF_MLKEM_DU);
    }
    hf_poly_dot(&sum, p->t, 1, r);
    hf_poly_ntt_inverse(&sum);
    hf_poly_noise(&noise, coins, 2 * K);
    hf_poly_add(&sum, &noise);
    hf_poly_decompress(&noise, 1, m);
    hf_poly_add(&sum, &noise);
    hf_poly_compress(&sum, HF_MLKEM_DV, ct + K * 32 * HF_MLKEM_DU);
    hf_wipe(r, sizeof(r));
    hf_wipe(&sum, sizeof(sum));
    hf_wipe(&noise, sizeof(noise));
}

/* [K-PKE.Decrypt] */
static void decrypt(const struct hf_poly s[K], const uint8_t ct[HF_MLKEM_CT],
                    uint8_t m[32])
{
    struct hf_poly u[K], v, sum;

    for (unsigned i = 0; i < K; i++) {
        hf_poly_decompress(&u[i], HF_MLKEM_DU, ct + i * 32 * HF_MLKEM_DU);
        hf_poly_ntt(&u[i]);
    }
    hf_poly_decompress(&v, HF_MLKEM_DV, ct + K * 32 * HF_MLKEM_DU);
    hf_poly_dot(&sum, s, 1, u);
    hf_poly_ntt_inverse(&sum);
    hf_poly_subtract_from(&sum, &v);
    hf_poly_compress(&sum, 1, m);
    hf_wipe(&sum, sizeof(sum));
}

/* [Encaps_internal] */
void hf_mlkem_encapsulate(const struct hf_mlkem_public *p, const uint8_t m[32],
                          uint8_t ct[HF_MLKEM_CT], uint8_t ss[HF_MLKEM_SS])
{
    uint8_t coins[32];

    hash_g(hf_span(m, 32), HF_SPAN(p->hash), ss, coins);
    encrypt(p, m, coins, ct);
    HF_DECLASSIFY(ct, HF_MLKEM_CT);
    hf_wipe(coins, sizeof(coins));
}

/* [Decaps_internal] */
void hf_mlkem_decapsulate(const struct hf_mlkem_key *key,
                          const uint8_t ct[HF_MLKEM_CT],
                          uint8_t ss[HF_MLKEM_SS])
{
    uint8_t m[32], right[32], wrong[32], coins[32], again[HF_MLKEM_CT];
    uint32_t diff = 0;

    decrypt(key->s, ct, m);
    hash_g(HF_SPAN(m), HF_SPAN(key->public.hash), right, coins);
    hash_j(key->z, hf_span(ct, HF_MLKEM_CT), wrong);
    encrypt(&key->public, m, coins, again);
    for (unsigned i = 0; i < HF_MLKEM_CT; i++)
        diff |= (uint32_t)(ct[i] ^ again[i]);
    const uint32_t same = hf_mask_equal(diff, 0);
    for (unsigned i = 0; i < HF_MLKEM_SS; i++)
        ss[i] = hf_select_ct(same, right[i], wrong[i]);
    hf_wipe(m, sizeof(m));
    hf_wipe(right, sizeof(right));
    hf_wipe(wrong, sizeof(wrong));
    hf_wipe(coins, sizeof(coins));
    hf_wipe(again, sizeof(again));
}
