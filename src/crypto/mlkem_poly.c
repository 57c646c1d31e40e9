/* mlkem_poly.c - polynomials of 256 coefficients modulo q = 3329, as ML-KEM
 * uses them (FIPS 203 4).
 *
 * A coefficient is an int16_t that stands for its value modulo q, of a size
 * below q; which of the two it is does not matter until it is packed.
 *
 * There is no division.  Products are reduced by Montgomery's way, which
 * divides by 2^16 instead, so constants are kept multiplied by 2^16; sums are
 * reduced by Barrett's; and dividing by q in compression is a multiplication by
 * its reciprocal, exact for every coefficient (the test tries them all).  A
 * compiler may make a division of variable time out of "/ 3329", which has
 * given keys away (KyberSlash). */
#include "crypto/mlkem.h"

enum { N = HF_MLKEM_N, Q = HF_MLKEM_Q };

/* ---- numbers modulo q ---------------------------------------------------------------- */

/* @a / 2^16 modulo q, less than q in size, for @a of less than q * 2^15: with
 * m = a / q modulo 2^16, the lower halves of a and m q are the same, so that
 * their difference is 2^16 times the difference of the upper. */
static inline int16_t montgomery(int32_t a)
{
    const int16_t m = (int16_t)((uint32_t)a * 62209u);

    return (int16_t)((a >> 16) - (m * Q >> 16));
}

/* The same of a product, in numbers of 16 bits, which a compiler can take
 * eight of at a time. */
static inline int16_t multiply(int16_t a, int16_t b)
{
    const int16_t low = (int16_t)((uint32_t)a * (uint32_t)b);
    const int16_t m = (int16_t)((uint32_t)low * 62209u);

    return (int16_t)((a * b >> 16) - (m * Q >> 16));
}

/* The same value, of at most q / 2 in size. */
static inline int16_t barrett(int16_t a)
{
    const int16_t times = /* round(a / q) = round(a * 20159 / 2^26) */
        (int16_t)(((a * 20159 >> 16) + 512) >> 10);

    return (int16_t)(a - times * Q);
}

/* The same value, from 0 to q - 1. */
static inline uint16_t canonical(int16_t a)
{
    const int16_t b = barrett(a);

    return (uint16_t)(b + ((b >> 15) & Q));
}

/* ---- the transform ------------------------------------------------------------------- */

/* 17^bitrev7(i) * 2^16 modulo q: FIPS 203 appendix A. */
static const int16_t zetas[128] = {
    -1044, -758,  -359,  -1517, 1493,  1422,  287,   202,  -171,  622,   1577,
    182,   962,   -1202, -1474, 1468,  573,   -1325, 264,  383,   -829,  1458,
    -1602, -130,  -681,  1017,  732,   608,   -1542, 411,  -205,  -1571, 1223,
    652,   -552,  1015,  -1293, 1491,  -282,  -1544, 516,  -8,    -320,  -666,
    -1618, -1162, 126,   1469,  -853,  -90,   -271,  830,  107,   -1421, -247,
    -951,  -398,  961,   -1508, -725,  448,   -1065, 677,  -1275, -1103, 430,
    555,   843,   -1251, 871,   1550,  105,   422,   587,  177,   -235,  -291,
    -460,  1574,  1653,  -246,  778,   1159,  -147,  -777, 1483,  -602,  1119,
    -1590, 644,   -872,  349,   418,   329,   -156,  -75,  817,   1097,  603,
    610,   1322,  -1285, -1465, 384,   -1215, -136,  1218, -1335, -874,  220,
    -1187, -1659, -1185, -1530, -1278, 794,   -1510, -854, -870,  478,   -108,
    -308,  996,   991,   958,   -1460, 1522,  1628,
};

/* A layer pairs each coefficient of a run of @len with that of the run behind
 * it.  Both are inline with @len a constant, so that the compiler can take many
 * pairs at a time. */
static inline void split(int16_t *restrict low, int16_t *restrict high,
                         unsigned len, int16_t zeta)
{
    for (unsigned j = 0; j < len; j++) {
        const int16_t t = multiply(zeta, high[j]);
        high[j] = (int16_t)(low[j] - t);
        low[j] = (int16_t)(low[j] + t);
    }
}

static inline void merge(int16_t *restrict low, int16_t *restrict high,
                         unsigned len, int16_t zeta)
{
    for (unsigned j = 0; j < len; j++) {
        const int16_t t = low[j];
        low[j] = barrett((int16_t)(t + high[j]));
        high[j] = multiply(zeta, (int16_t)(high[j] - t));
    }
}

#define LAYER(verb, c, len, zeta)                                            \
    do {                                                                     \
        for (unsigned i = 0; i < N / 2 / (len); i++)                         \
            verb((c) + 2 * i * (len), (c) + (2 * i + 1) * (len), len, zeta); \
    } while (0)
#define SPLIT(c, len) LAYER(split, c, len, zetas[N / 2 / (len) + i])
#define MERGE(c, len) LAYER(merge, c, len, zetas[N / (len)-1 - i])

/* FIPS 203 algorithm 9.  A layer adds less than q to the size of what goes
 * through it, so after seven it is below 8 q, which fits. */
void hf_poly_ntt(struct hf_poly *p)
{
    SPLIT(p->c, 128);
    SPLIT(p->c, 64);
    SPLIT(p->c, 32);
    SPLIT(p->c, 16);
    SPLIT(p->c, 8);
    SPLIT(p->c, 4);
    SPLIT(p->c, 2);
    for (unsigned i = 0; i < N; i++)
        p->c[i] = barrett(p->c[i]);
}

/* FIPS 203 algorithm 10; and multiplied by 2^16, for the one that is missing
 * in what hf_poly_dot() returns: 1441 = 2^32 / 128 modulo q. */
void hf_poly_ntt_inverse(struct hf_poly *p)
{
    MERGE(p->c, 2);
    MERGE(p->c, 4);
    MERGE(p->c, 8);
    MERGE(p->c, 16);
    MERGE(p->c, 32);
    MERGE(p->c, 64);
    MERGE(p->c, 128);
    for (unsigned i = 0; i < N; i++)
        p->c[i] = multiply(1441, p->c[i]);
}

/* FIPS 203 algorithms 11 and 12: products of pairs, modulo x^2 - zeta.  The
 * three are added up before they are reduced: six products of less than q^2
 * are below q * 2^15. */
void hf_poly_dot(struct hf_poly *out, const struct hf_poly *a, size_t step,
                 const struct hf_poly b[HF_MLKEM_K])
{
    for (unsigned i = 0; i < N; i += 2) {
        const int32_t zeta = i & 2 ? -zetas[64 + i / 4] : zetas[64 + i / 4];
        int32_t low = 0, high = 0, cross = 0;
        for (unsigned k = 0; k < HF_MLKEM_K; k++) {
            const int32_t a0 = a[k * step].c[i], a1 = a[k * step].c[i + 1];
            const int32_t b0 = b[k].c[i], b1 = b[k].c[i + 1];
            low += a0 * b0;
            high += a1 * b1;
            cross += a0 * b1 + a1 * b0;
        }
        out->c[i] = montgomery(low + zeta * montgomery(high));
        out->c[i + 1] = montgomery(cross);
    }
}

void hf_poly_mend(struct hf_poly *p)
{
    for (unsigned i = 0; i < N; i++)
        p->c[i] = multiply(1353, p->c[i]); /* 2^32 modulo q */
}

void hf_poly_add(struct hf_poly *restrict p, const struct hf_poly *restrict q)
{
    for (unsigned i = 0; i < N; i++)
        p->c[i] = barrett((int16_t)(p->c[i] + q->c[i]));
}

void hf_poly_subtract_from(struct hf_poly *restrict p,
                           const struct hf_poly *restrict q)
{
    for (unsigned i = 0; i < N; i++)
        p->c[i] = barrett((int16_t)(q->c[i] - p->c[i]));
}

/* ---- as bytes --------------------------------------------------------------------------- */

void hf_poly_write(const struct hf_poly *p, uint8_t out[HF_POLY_BYTES])
{
    for (unsigned i = 0; i < N / 2; i++) {
        const uint16_t x = canonical(p->c[2 * i]);
        const uint16_t y = canonical(p->c[2 * i + 1]);
        out[3 * i] = (uint8_t)x;
        out[3 * i + 1] = (uint8_t)(x >> 8 | y << 4);
        out[3 * i + 2] = (uint8_t)(y >> 4);
    }
}

/* What is read may be secret or not; only the sum of the complaints is said,
 * and asked for only if it is not. */
bool hf_poly_read(struct hf_poly *p, const uint8_t in[HF_POLY_BYTES])
{
    int below = -1; /* all ones while all are below q */

    for (unsigned i = 0; i < N / 2; i++) {
        const int x = in[3 * i] | (in[3 * i + 1] & 15) << 8;
        const int y = in[3 * i + 1] >> 4 | in[3 * i + 2] << 4;
        below &= (x - Q) & (y - Q);
        p->c[2 * i] = (int16_t)x;
        p->c[2 * i + 1] = (int16_t)y;
    }
    return below < 0;
}

/* round(2^bits / q * x) modulo 2^bits, with halves up (FIPS 203 4.2.1): the
 * division of (x * 2^bits + q / 2) by q is a multiplication with 2^34 / q. */
static inline unsigned compress(uint16_t x, unsigned bits)
{
    const uint64_t twice = ((uint64_t)x << bits) + Q / 2;

    return (unsigned)(twice * 5160670 >> 34) & ((1u << bits) - 1);
}

/* round(q / 2^bits * y) */
static inline int16_t decompress(unsigned y, unsigned bits)
{
    return (int16_t)((2 * y * Q + (1u << bits)) >> (bits + 1));
}

/* Coefficients become a stream of bits, the lowest first. */
void hf_poly_compress(const struct hf_poly *p, unsigned bits, uint8_t *out)
{
    uint32_t stream = 0;
    unsigned have = 0;

    for (unsigned i = 0; i < N; i++) {
        stream |= compress(canonical(p->c[i]), bits) << have;
        for (have += bits; have >= 8; have -= 8) {
            *out++ = (uint8_t)stream;
            stream >>= 8;
        }
    }
}

void hf_poly_decompress(struct hf_poly *p, unsigned bits, const uint8_t *in)
{
    uint32_t stream = 0;
    unsigned have = 0;

    for (unsigned i = 0; i < N; i++) {
        for (; have < bits; have += 8)
            stream |= (uint32_t)*in++ << have;
        p->c[i] = decompress(stream & ((1u << bits) - 1), bits);
        stream >>= bits;
        have -= bits;
    }
}

/* ---- from a sponge ----------------------------------------------------------------------- */

/* FIPS 203 algorithm 7.  The seed is public, so how many candidates are
 * refused may be seen; each is stored, and the next takes its place if it was
 * not below q, because a branch would be guessed wrongly too often. */
void hf_poly_sample(struct hf_poly *p, const uint8_t rho[32], uint8_t column,
                    uint8_t row)
{
    const uint8_t place[2] = { column, row };
    uint8_t block[HF_SHAKE128_RATE];
    int16_t c[N + 1]; /* one more to be overwritten */
    unsigned n = 0;
    struct hf_keccak k;

    hf_keccak_init(&k, HF_SHAKE128_RATE);
    hf_keccak_absorb(&k, hf_span(rho, 32));
    hf_keccak_absorb(&k, HF_SPAN(place));
    hf_keccak_finish(&k, 0x1f);
    while (n < N) {
        hf_keccak_squeeze(&k, block, sizeof(block));
        for (unsigned i = 0; i < sizeof(block) && n < N; i += 3) {
            const int x = block[i] | (block[i + 1] & 15) << 8;
            const int y = block[i + 1] >> 4 | block[i + 2] << 4;
            c[n] = (int16_t)x;
            n += x < Q;
            c[n] = (int16_t)y;
            n += y < Q;
        }
    }
    hf_copy(p->c, c, sizeof(p->c));
}

/* FIPS 203 algorithm 8 with eta = 2: of each four bits, the first two counted
 * less the last two counted. */
void hf_poly_noise(struct hf_poly *p, const uint8_t seed[32], uint8_t counter)
{
    uint8_t bytes[N / 2];
    struct hf_keccak k;

    hf_keccak_init(&k, HF_SHAKE256_RATE);
    hf_keccak_absorb(&k, hf_span(seed, 32));
    hf_keccak_absorb(&k, hf_span(&counter, 1));
    hf_keccak_finish(&k, 0x1f);
    hf_keccak_squeeze(&k, bytes, sizeof(bytes));
    for (unsigned i = 0; i < N / 2; i++) {
        const int pairs = (bytes[i] & 0x55) + (bytes[i] >> 1 & 0x55);
        p->c[2 * i] = (int16_t)((pairs & 3) - (pairs >> 2 & 3));
        p->c[2 * i + 1] = (int16_t)((pairs >> 4 & 3) - (pairs >> 6 & 3));
    }
    hf_keccak_wipe(&k);
    hf_wipe(bytes, sizeof(bytes));
}
