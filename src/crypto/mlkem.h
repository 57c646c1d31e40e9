/* mlkem.h - ML-KEM-768 (FIPS 203) of our own, for libcryptos before 3.5, and
 * what it is made of.  Nobody outside this folder includes it.
 *
 *     keccak.c       the sponge: SHA3-256, SHA3-512, SHAKE128, SHAKE256
 *     mlkem_poly.c   polynomials: transform, multiply, sample, pack
 *     mlkem.c        the scheme
 *     hybrid.c       X25519MLKEM768, as a key exchange
 *
 * Nothing here branches, indexes or divides by a secret.  Public are the
 * encapsulation key, with the seed of the matrix in it, and ciphertexts. */
#ifndef HF_MLKEM_H
#define HF_MLKEM_H

#include "crypto/suite.h"

/* ---- Keccak (FIPS 202) ------------------------------------------------------------ */

struct hf_keccak {
    uint64_t lane[25];
    unsigned rate, at; /* bytes of a block, and of this one that are used */
};
enum {
    HF_SHAKE128_RATE = 168,
    HF_SHAKE256_RATE = 136,
    HF_SHA3_256_RATE = 136,
    HF_SHA3_512_RATE = 72
};

void hf_keccak_init(struct hf_keccak *k, unsigned rate);
void hf_keccak_absorb(struct hf_keccak *k, struct hf_span bytes);
/* From here on only squeeze; @suffix is 0x1f for SHAKE, 0x06 for SHA-3. */
void hf_keccak_finish(struct hf_keccak *k, uint8_t suffix);
void hf_keccak_squeeze(struct hf_keccak *k, uint8_t *out, size_t len);
void hf_keccak_wipe(struct hf_keccak *k);

/* ---- polynomials (mlkem_poly.c) --------------------------------------------------- */

enum {
    HF_MLKEM_N = 256,
    HF_MLKEM_Q = 3329,
    HF_MLKEM_K = 3,
    HF_MLKEM_DU = 10,
    HF_MLKEM_DV = 4
};
enum { HF_POLY_BYTES = 384 }; /* of twelve bits a coefficient */

struct hf_poly {
    int16_t c[HF_MLKEM_N];
};
/* To the number-theoretic domain and back.  Coefficients are less than q in
 * size before and after. */
void hf_poly_ntt(struct hf_poly *p);
void hf_poly_ntt_inverse(struct hf_poly *p);
/* The sum of three products in the domain, divided by 2^16 (as is mended by
 * hf_poly_ntt_inverse and hf_poly_mend).  The three of @a are @step apart: 1
 * for a row of the matrix, 3 for a column. */
void hf_poly_dot(struct hf_poly *out, const struct hf_poly *a, size_t step,
                 const struct hf_poly b[HF_MLKEM_K]);
void hf_poly_mend(struct hf_poly *p);
/* p += q or p = q - p; reduced to less than q in size. */
void hf_poly_add(struct hf_poly *restrict p, const struct hf_poly *restrict q);
void hf_poly_subtract_from(struct hf_poly *restrict p,
                           const struct hf_poly *restrict q);

void hf_poly_write(const struct hf_poly *p, uint8_t out[HF_POLY_BYTES]);
/* False if a coefficient is not below q; @p is filled all the same. */
bool hf_poly_read(struct hf_poly *p, const uint8_t in[HF_POLY_BYTES]);
/* @bits a coefficient: 1, 4 or 10; 32 * @bits bytes. */
void hf_poly_compress(const struct hf_poly *p, unsigned bits, uint8_t *out);
void hf_poly_decompress(struct hf_poly *p, unsigned bits, const uint8_t *in);

/* An entry of the matrix that @rho stands for. */
void hf_poly_sample(struct hf_poly *p, const uint8_t rho[32], uint8_t column,
                    uint8_t row);
/* Small noise, the @counter-th of @seed. */
void hf_poly_noise(struct hf_poly *p, const uint8_t seed[32], uint8_t counter);

/* ---- the scheme (mlkem.c) ----------------------------------------------------------- */

enum {
    HF_MLKEM_SEED = 64,
    HF_MLKEM_EK = 1184,
    HF_MLKEM_CT = 1088,
    HF_MLKEM_SS = 32
};

/* An encapsulation key, expanded. */
struct hf_mlkem_public {
    struct hf_poly t[HF_MLKEM_K];
    struct hf_poly matrix[HF_MLKEM_K * HF_MLKEM_K]; /* by rows */
    uint8_t rho[32], hash[32];
};
/* A decapsulation key, expanded: 8 KiB that save a third of the time. */
struct hf_mlkem_key {
    struct hf_mlkem_public public;
    struct hf_poly s[HF_MLKEM_K];
    uint8_t z[32];
};

/* False if the key is not one (FIPS 203 7.2). */
HF_CHECK bool hf_mlkem_public_read(struct hf_mlkem_public *p,
                                   const uint8_t ek[HF_MLKEM_EK]);
/* The key of a seed (d and z), and its public half. */
void hf_mlkem_generate(struct hf_mlkem_key *key,
                       const uint8_t seed[HF_MLKEM_SEED],
                       uint8_t ek[HF_MLKEM_EK]);
/* @m: 32 random bytes. */
void hf_mlkem_encapsulate(const struct hf_mlkem_public *p, const uint8_t m[32],
                          uint8_t ct[HF_MLKEM_CT], uint8_t ss[HF_MLKEM_SS]);
/* Of a ciphertext that was made otherwise comes a secret that nobody knows. */
void hf_mlkem_decapsulate(const struct hf_mlkem_key *key,
                          const uint8_t ct[HF_MLKEM_CT],
                          uint8_t ss[HF_MLKEM_SS]);

#endif
