/* poly.c - ML-KEM's numbers: what is computed without dividing is what dividing
 * would give (FIPS 203 4.2.1), and no number grows beyond its type. */
#include "proof.h"

#include "crypto/mlkem_poly.c"

int16_t nondet_short(void);

static int16_t any_number(void)
{
    return nondet_short();
}

/* The remainder, from 0 to q - 1. */
static int plain(int32_t a)
{
    int32_t rest = a % Q;

    return rest < 0 ? rest + Q : rest;
}

/* ---- one number ------------------------------------------------------------------------- */

void prove_barrett(void)
{
    int16_t a = any_number(), b = barrett(a);

    PROVE(b >= -Q / 2 && b <= Q / 2);
    PROVE(canonical(a) == plain(a));
    PROVE(plain(b) == plain(a));
}

/* Less than q, whatever is reduced. */
void prove_montgomery(void)
{
    int32_t a = (int32_t)(nondet_word() & 0x7fffffff), b;

    a = nondet_bool() ? a : -a;
    ASSUME(a > -Q * 32768 && a < Q * 32768);
    b = montgomery(a);
    PROVE(b > -Q && b < Q);
}

void prove_multiply(void)
{
    int16_t x = any_number(), y = any_number(), b;

    ASSUME(x > -Q && x < Q);
    b = multiply(x, y);
    PROVE(b > -Q && b < Q);
}

void prove_compress(void)
{
    unsigned x = nondet_half() & 0xfff, y = nondet_half() & 0x3ff;

    ASSUME(x < Q);
    PROVE(compress((uint16_t)x, 1) == ((2 * x + Q / 2) / Q & 1));
    PROVE(compress((uint16_t)x, 4) == ((16 * x + Q / 2) / Q & 15));
    PROVE(compress((uint16_t)x, 10) == ((1024 * x + Q / 2) / Q & 1023));
    PROVE(decompress(y, 10) == (int)((y * Q + 512) / 1024));
    PROVE(decompress(y & 15, 4) == (int)(((y & 15) * Q + 8) / 16));
    PROVE(decompress(y & 1, 1) == (int)(((y & 1) * Q + 1) / 2));
}

/* ---- all 256 of them ---------------------------------------------------------------------- */

static struct hf_poly p;

/* FIPS 203 7.2: a key is one only if all of its numbers are below q; what is
 * read is what was written. */
void prove_poly_read(void)
{
    uint8_t in[HF_POLY_BYTES]; /* any */
    unsigned any = nondet_byte() & 0x7f;
    int x, y;
    bool ok = hf_poly_read(&p, in);

    x = in[3 * any] + 256 * (in[3 * any + 1] % 16);
    y = in[3 * any + 1] / 16 + 16 * in[3 * any + 2];
    PROVE(p.c[2 * any] == x && p.c[2 * any + 1] == y);
    PROVE(!ok || (x < Q && y < Q));
}

void prove_poly_refuse(void)
{
    uint8_t in[HF_POLY_BYTES]; /* any */
    bool all = true;

    for (unsigned i = 0; i < N / 2; i++)
        all = all && (in[3 * i] | (in[3 * i + 1] & 15) << 8) < Q &&
              (in[3 * i + 1] >> 4 | in[3 * i + 2] << 4) < Q;
    PROVE(hf_poly_read(&p, in) == all);
}

/* As prove_montgomery and prove_barrett have it. */
int16_t any_multiply(int16_t a, int16_t b)
{
    int16_t product = any_number();

    PROVE(a > -Q && a < Q);
    (void)b;
    ASSUME(product > -Q && product < Q);
    return product;
}

int16_t any_barrett(int16_t a)
{
    int16_t same = any_number();

    (void)a;
    ASSUME(same >= -Q / 2 && same <= Q / 2);
    return same;
}

/* FIPS 203 algorithm 9: each of seven layers adds less than q to the size of what
 * goes through it, so it ends "below 8 q, which fits". */
void prove_split(void)
{
    int16_t low[1] = { any_number() }, high[1] = { any_number() };
    int layer = 1 + (nondet_byte() & 7), most = layer * Q;

    ASSUME(layer <= 7);
    ASSUME(low[0] > -most && low[0] < most);
    ASSUME(high[0] > -most && high[0] < most);
    split(low, high, 1, zetas[nondet_byte() & 127]);
    PROVE(low[0] > -most - Q && low[0] < most + Q);
    PROVE(high[0] > -most - Q && high[0] < most + Q);
}

/* FIPS 203 algorithm 10: what is below q stays so. */
void prove_merge(void)
{
    int16_t low[1] = { any_number() }, high[1] = { any_number() };

    ASSUME(low[0] > -Q && low[0] < Q && high[0] > -Q && high[0] < Q);
    merge(low, high, 1, zetas[nondet_byte() & 127]);
    PROVE(low[0] > -Q && low[0] < Q && high[0] > -Q && high[0] < Q);
}

/* Bits of a message, of a ciphertext: read inside, below q. */
void prove_decompress(void)
{
    uint8_t in[32 * 4]; /* any */
    unsigned any = nondet_byte(), bits;

    hf_poly_decompress(&p, 4, in);
    bits = in[any / 2] >> 4 * (any % 2) & 15;
    PROVE(p.c[any] == decompress(bits, 4));
}
