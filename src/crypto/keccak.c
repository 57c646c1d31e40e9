/* keccak.c - the sponge of FIPS 202, for ML-KEM.
 *
 * Our own, because ML-KEM squeezes a few blocks at a time out of some twenty
 * sponges, and libcrypto 3.0 can squeeze only once, at 0.4 us for the detour
 * through EVP alone; the permutation itself takes 0.35.
 *
 * The state is five by five lanes of 64 bits.  Each of the 24 rounds is
 *
 *     theta   every lane takes in the parity of two columns beside it
 *     rho     every lane turns by an amount of its own
 *     pi      lanes change places
 *     chi     every lane takes in (not next) and next but one, in its row
 *     iota    one lane takes in the round's constant
 *
 * and is written out without loops over lanes, so that they stay in
 * registers as far as there are any. */
#include "crypto/mlkem.h"

static const uint64_t constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
    0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
    0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

/* clang-format off */

/* One round from lanes a to lanes b.  Row y of b is made of the five lanes that
 * pi brings there, turned by rho. */
#define COLUMN(a, x) (a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20])
#define ROW(b, y, s, t, u, v, w)                                              \
    do {                                                                      \
        const uint64_t r0 = s, r1 = t, r2 = u, r3 = v, r4 = w;                \
        b[y] = r0 ^ (~r1 & r2);                                               \
        b[y + 1] = r1 ^ (~r2 & r3);                                           \
        b[y + 2] = r2 ^ (~r3 & r4);                                           \
        b[y + 3] = r3 ^ (~r4 & r0);                                           \
        b[y + 4] = r4 ^ (~r0 & r1);                                           \
    } while (0)
#define ROUND(a, b, constant)                                                 \
    do {                                                                      \
        const uint64_t c0 = COLUMN(a, 0), c1 = COLUMN(a, 1),                  \
                       c2 = COLUMN(a, 2), c3 = COLUMN(a, 3),                  \
                       c4 = COLUMN(a, 4);                                     \
        const uint64_t d0 = c4 ^ turn(c1, 1), d1 = c0 ^ turn(c2, 1),          \
                       d2 = c1 ^ turn(c3, 1), d3 = c2 ^ turn(c4, 1),          \
                       d4 = c3 ^ turn(c0, 1);                                 \
        ROW(b, 0, a[0] ^ d0, turn(a[6] ^ d1, 44), turn(a[12] ^ d2, 43),       \
            turn(a[18] ^ d3, 21), turn(a[24] ^ d4, 14));                      \
        b[0] ^= constant;                                                     \
        ROW(b, 5, turn(a[3] ^ d3, 28), turn(a[9] ^ d4, 20),                   \
            turn(a[10] ^ d0, 3), turn(a[16] ^ d1, 45),                        \
            turn(a[22] ^ d2, 61));                                            \
        ROW(b, 10, turn(a[1] ^ d1, 1), turn(a[7] ^ d2, 6),                    \
            turn(a[13] ^ d3, 25), turn(a[19] ^ d4, 8),                        \
            turn(a[20] ^ d0, 18));                                            \
        ROW(b, 15, turn(a[4] ^ d4, 27), turn(a[5] ^ d0, 36),                  \
            turn(a[11] ^ d1, 10), turn(a[17] ^ d2, 15),                       \
            turn(a[23] ^ d3, 56));                                            \
        ROW(b, 20, turn(a[2] ^ d2, 62), turn(a[8] ^ d3, 55),                  \
            turn(a[14] ^ d4, 39), turn(a[15] ^ d0, 41),                       \
            turn(a[21] ^ d1, 2));                                             \
    } while (0)
/* clang-format on */

static void permute(uint64_t lane[25])
{
    uint64_t a[25], b[25];

    hf_copy(a, lane, sizeof(a));
    for (unsigned i = 0; i < HF_COUNT(constants); i += 2) {
        ROUND(a, b, constants[i]);
        ROUND(b, a, constants[i + 1]);
    }
    hf_copy(lane, a, sizeof(a));
}

/* ---- the sponge ---------------------------------------------------------------------- */

void hf_keccak_init(struct hf_keccak *k, unsigned rate)
{
    *k = (struct hf_keccak){ .rate = rate };
}

static uint64_t load_lane(const uint8_t *p)
{
    uint64_t lane = 0;

    for (unsigned i = 0; i < 8; i++)
        lane |= (uint64_t)p[i] << 8 * i;
    return lane;
}

static void store_lane(uint8_t *p, uint64_t lane)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(lane >> 8 * i);
}

void hf_keccak_absorb(struct hf_keccak *k, struct hf_span bytes)
{
    while (bytes.len) {
        size_t n = 1;
        if (k->at % 8 == 0 && bytes.len >= 8) {
            k->lane[k->at / 8] ^= load_lane(bytes.at);
            n = 8;
        } else {
            k->lane[k->at / 8] ^= (uint64_t)bytes.at[0] << 8 * (k->at % 8);
        }
        bytes = hf_span(bytes.at + n, bytes.len - n);
        k->at += (unsigned)n;
        if (k->at == k->rate) {
            permute(k->lane);
            k->at = 0;
        }
    }
}

void hf_keccak_finish(struct hf_keccak *k, uint8_t suffix)
{
    k->lane[k->at / 8] ^= (uint64_t)suffix << 8 * (k->at % 8);
    k->lane[k->rate / 8 - 1] ^= UINT64_C(1) << 63;
    k->at = k->rate; /* the first squeeze begins with a permutation */
}

void hf_keccak_squeeze(struct hf_keccak *k, uint8_t *out, size_t len)
{
    while (len) {
        size_t n = 1;
        if (k->at == k->rate) {
            permute(k->lane);
            k->at = 0;
        }
        if (k->at % 8 == 0 && len >= 8) {
            store_lane(out, k->lane[k->at / 8]);
            n = 8;
        } else {
            *out = (uint8_t)(k->lane[k->at / 8] >> 8 * (k->at % 8));
        }
        out += n;
        len -= n;
        k->at += (unsigned)n;
    }
}

void hf_keccak_wipe(struct hf_keccak *k)
{
    hf_wipe(k, sizeof(*k));
}
