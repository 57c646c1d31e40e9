/* libcrypto_ecdh.c - key exchange on P-256, P-384 and P-521 from libcrypto.
 *
 * Built of points and numbers (EC_POINT, BIGNUM), not of keys: the curves are
 * made once at open and shared by all threads, and a private key is its bytes.
 * A peer's point must be uncompressed, of the exact length, and on the curve;
 * that is all there is to check, because these curves have no other
 * subgroup (RFC 8446 4.2.8.2).  EVP would prove the last by a multiplication
 * of its own, which costs as much as the exchange. */
#include "crypto/libcrypto.h"

enum { SCALAR_MAX = 66, POINT_MAX = 1 + 2 * SCALAR_MAX };

struct ecdh_state {
    uint8_t scalar[SCALAR_MAX]; /* as many bytes of it as the curve has */
};

/* The point @scalar times @point, or times the generator if that is empty. */
static bool multiply(struct hf_libcrypto *lib, size_t curve,
                     struct hf_span scalar, struct hf_span point, uint8_t *out,
                     bool *fault)
{
    const EC_GROUP *group = lib->curves[curve];
    const size_t len = 1 + 2 * scalar.len;
    BN_CTX *ctx = BN_CTX_new_ex(lib->lib);
    BIGNUM *k = BN_bin2bn(scalar.at, (int)scalar.len, NULL);
    EC_POINT *p = EC_POINT_new(group);
    bool ok = false;

    *fault = !ctx || !k || !p;
    if (*fault)
        goto out;
    BN_set_flags(k, BN_FLG_CONSTTIME);
    if (point.len &&
        EC_POINT_oct2point(group, p, point.at, point.len, ctx) != 1) {
        *fault = hf_libcrypto_starved(); /* else it is no point */
        goto out;
    }
    ok = EC_POINT_mul(group, p, point.len ? NULL : k, point.len ? p : NULL,
                      point.len ? k : NULL, ctx) == 1 &&
         EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, out, len,
                            ctx) == len;
    *fault = !ok;
out:
    EC_POINT_clear_free(p);
    BN_clear_free(k);
    BN_CTX_free(ctx);
    return ok || hf_libcrypto_failed();
}

/* A number from 1 to the order of the curve less one, all equally likely: draw
 * as many bits as the order has until one fits, which the first does but for one
 * time in 2^32. */
static bool draw_scalar(struct hf_libcrypto *lib, size_t curve, uint8_t *out,
                        size_t len)
{
    const BIGNUM *order = EC_GROUP_get0_order(lib->curves[curve]);
    const unsigned spare = (unsigned)(8 * len) - (unsigned)BN_num_bits(order);
    BIGNUM *k = BN_new();
    bool ok = k != NULL, fits = false;

    for (int tries = 0; ok && !fits && tries < 100; tries++) {
        ok = hf_libcrypto_random(lib, out, len);
        out[0] &= (uint8_t)(0xff >> spare);
        ok = ok && BN_bin2bn(out, (int)len, k) != NULL;
        fits = ok && !BN_is_zero(k) && BN_cmp(k, order) < 0;
    }
    BN_clear_free(k);
    return fits || hf_libcrypto_failed();
}

/* ---- as a key exchange ----------------------------------------------------------------- */

static bool generate(void *self, size_t curve, size_t len, void *state,
                     uint8_t *share)
{
    struct ecdh_state *s = state;
    bool fault;

    return draw_scalar(self, curve, s->scalar, len) &&
           multiply(self, curve, hf_span(s->scalar, len), hf_span(NULL, 0),
                    share, &fault);
}

static bool well_formed(struct hf_span point, size_t len)
{
    return point.len == 1 + 2 * len &&
           point.at[0] == POINT_CONVERSION_UNCOMPRESSED;
}

/* The secret is the x coordinate of the common point (RFC 8446 7.4.2). */
static bool decapsulate(void *self, size_t curve, size_t len,
                        const struct ecdh_state *s, struct hf_span reply,
                        uint8_t *secret, bool *fault)
{
    uint8_t common[POINT_MAX];

    *fault = false;
    if (!well_formed(reply, len))
        return false;
    bool ok = multiply(self, curve, hf_span(s->scalar, len), reply, common,
                       fault);
    if (ok) {
        hf_copy(secret, common + 1, len);
        HF_SECRET(secret, len);
    }
    hf_wipe(common, sizeof(common));
    return ok;
}

static bool encapsulate(void *self, size_t curve, size_t len,
                        struct hf_span share, uint8_t *reply, uint8_t *secret,
                        bool *fault)
{
    struct ecdh_state s;

    *fault = false;
    if (!well_formed(share, len))
        return false;
    *fault = !generate(self, curve, len, &s, reply);
    bool ok = !*fault &&
              decapsulate(self, curve, len, &s, share, secret, fault);
    hf_wipe(&s, sizeof(s));
    return ok;
}

static void wipe(void *state)
{
    hf_wipe(state, sizeof(struct ecdh_state));
}

#define CURVE(name, slot, len)                                            \
    static bool generate_##name(void *self, void *state, uint8_t *share)  \
    {                                                                     \
        return generate(self, slot, len, state, share);                   \
    }                                                                     \
    static bool encapsulate_##name(void *self, struct hf_span share,      \
                                   uint8_t *reply, uint8_t *secret,       \
                                   bool *fault)                           \
    {                                                                     \
        return encapsulate(self, slot, len, share, reply, secret, fault); \
    }                                                                     \
    static bool decapsulate_##name(void *self, void *state,               \
                                   struct hf_span reply, uint8_t *secret, \
                                   bool *fault)                           \
    {                                                                     \
        return decapsulate(self, slot, len, state, reply, secret, fault); \
    }
CURVE(p256, HF_SLOT_P256, 32)
CURVE(p384, HF_SLOT_P384, 48)
CURVE(p521, HF_SLOT_P521, 66)
#undef CURVE

const struct hf_kx hf_libcrypto_p256 = {
    .group = 23,
    .name = "secp256r1",
    .share_len = 65,
    .reply_len = 65,
    .secret_len = 32,
    .state_size = sizeof(struct ecdh_state),
    .generate = generate_p256,
    .encapsulate = encapsulate_p256,
    .decapsulate = decapsulate_p256,
    .wipe = wipe,
};
const struct hf_kx hf_libcrypto_p384 = {
    .group = 24,
    .name = "secp384r1",
    .share_len = 97,
    .reply_len = 97,
    .secret_len = 48,
    .state_size = sizeof(struct ecdh_state),
    .generate = generate_p384,
    .encapsulate = encapsulate_p384,
    .decapsulate = decapsulate_p384,
    .wipe = wipe,
};
const struct hf_kx hf_libcrypto_p521 = {
    .group = 25,
    .name = "secp521r1",
    .share_len = 133,
    .reply_len = 133,
    .secret_len = 66,
    .state_size = sizeof(struct ecdh_state),
    .generate = generate_p521,
    .encapsulate = encapsulate_p521,
    .decapsulate = decapsulate_p521,
    .wipe = wipe,
};
