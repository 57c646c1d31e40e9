/* libcrypto_ecdsa.c - ECDSA on P-256, P-384 and P-521 from libcrypto.
 *
 * A signature is read here first, strictly: SEQUENCE { INTEGER r, INTEGER s }
 * in DER, with no other way to write the same two numbers (RFC 3279 2.2.3).
 * libcrypto then gets numbers of bounded size.  It checks that they are from
 * 1 to the order less one, and does the arithmetic.
 *
 * EC_KEY is deprecated and much faster than what replaces it: making a public
 * key of 65 bytes costs 3 us this way and 22 by EVP_PKEY_fromdata(); and 1 if
 * the objects are kept for the next time, as they are here. */
#include "crypto/libcrypto.h"

#include <openssl/ecdsa.h>

size_t hf_curve_slot(unsigned kind)
{
    return kind == HF_KEY_P256   ? HF_SLOT_P256
           : kind == HF_KEY_P384 ? HF_SLOT_P384
           : kind == HF_KEY_P521 ? HF_SLOT_P521
                                 : HF_CURVE_SLOTS;
}

size_t hf_curve_bytes(size_t slot)
{
    static const size_t bytes[HF_CURVE_SLOTS] = { 32, 48, 66 };

    return bytes[slot];
}

/* ---- reading a signature --------------------------------------------------------- */

/* Take tag, length and contents of one element from the front of *in. */
static bool take(struct hf_span *in, uint8_t tag, struct hf_span *out)
{
    size_t head = 2;

    if (in->len < 2 || in->at[0] != tag)
        return false;
    size_t len = in->at[1];
    if (len == 0x81) { /* one byte of length; two are never needed */
        if (in->len < 3 || in->at[2] < 0x80)
            return false;
        head = 3;
        len = in->at[2];
    } else if (len > 0x7f) {
        return false;
    }
    if (len > in->len - head)
        return false;
    *out = hf_span(in->at + head, len);
    *in = hf_span_after(*in, head + len);
    return true;
}

/* A positive number of at most @max bytes in the one way that DER allows: a
 * zero byte in front exactly if the number would look negative without. */
static bool take_number(struct hf_span *in, size_t max, struct hf_span *out)
{
    if (!take(in, 0x02, out) || !out->len || out->at[0] > 0x7f)
        return false;
    if (out->at[0] == 0) {
        if (out->len < 2 || out->at[1] < 0x80)
            return false; /* zero itself, or a zero too many */
        *out = hf_span_after(*out, 1);
    }
    return out->len <= max;
}

static bool read_signature(struct hf_span signature, size_t max,
                           struct hf_span *r, struct hf_span *s)
{
    struct hf_span body;

    return take(&signature, 0x30, &body) && !signature.len &&
           take_number(&body, max, r) && take_number(&body, max, s) &&
           !body.len;
}

/* ---- verifying and signing ------------------------------------------------------- */

#ifdef HF_LOW_EC

struct hf_verifier {
    EC_KEY *key; /* of its curve; the public half is put in each time */
    EC_POINT *point;
    BN_CTX *ctx;
};

static void free_verifier(struct hf_verifier *v)
{
    if (!v)
        return;
    EC_KEY_free(v->key);
    EC_POINT_free(v->point);
    BN_CTX_free(v->ctx);
    hf_free(v, sizeof(*v));
}

static struct hf_verifier *new_verifier(struct hf_libcrypto *lib, size_t curve)
{
    const EC_GROUP *group = lib->curves[curve];
    struct hf_verifier *v = hf_alloc(sizeof(*v));

    if (v && (v->key = EC_KEY_new_ex(lib->lib, NULL)) &&
        (v->point = EC_POINT_new(group)) &&
        (v->ctx = BN_CTX_new_ex(lib->lib)) &&
        EC_KEY_set_group(v->key, group) == 1)
        return v;
    free_verifier(v);
    return NULL;
}

/* Out of a slot, each by one thread only. */
static struct hf_verifier *borrow(struct hf_libcrypto *lib, size_t curve)
{
    for (size_t i = 0; i < HF_SPARES; i++) {
        struct hf_verifier *v = atomic_exchange(&lib->spare[curve][i], NULL);
        if (v)
            return v;
    }
    return new_verifier(lib, curve);
}

static void give_back(struct hf_libcrypto *lib, size_t curve,
                      struct hf_verifier *v)
{
    for (size_t i = 0; i < HF_SPARES; i++) {
        struct hf_verifier *none = NULL;
        if (atomic_compare_exchange_strong(&lib->spare[curve][i], &none, v))
            return;
    }
    free_verifier(v);
}

void hf_ecdsa_forget(struct hf_libcrypto *lib)
{
    for (size_t curve = 0; curve < HF_CURVE_SLOTS; curve++)
        for (size_t i = 0; i < HF_SPARES; i++)
            free_verifier(atomic_exchange(&lib->spare[curve][i], NULL));
}

static ECDSA_SIG *numbers(struct hf_span r, struct hf_span s)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *a = BN_bin2bn(r.at, (int)r.len, NULL);
    BIGNUM *b = BN_bin2bn(s.at, (int)s.len, NULL);

    if (sig && a && b && ECDSA_SIG_set0(sig, a, b) == 1)
        return sig;
    BN_free(a);
    BN_free(b);
    ECDSA_SIG_free(sig);
    return NULL;
}

/* A forger can choose a signature whose point is at infinity, which libcrypto
 * reports like a failure of its own.  Empties the queue. */
static bool at_infinity(void)
{
    bool found = false;

    for (unsigned long e; (e = ERR_get_error()) != 0;)
        found = found || (ERR_GET_LIB(e) == ERR_LIB_EC &&
                          ERR_GET_REASON(e) == EC_R_POINT_AT_INFINITY);
    return found;
}

static bool check(struct hf_libcrypto *lib, size_t curve, struct hf_span point,
                  struct hf_span digest, struct hf_span whole, struct hf_span r,
                  struct hf_span s, bool *fault)
{
    struct hf_verifier *v = borrow(lib, curve);
    ECDSA_SIG *sig = numbers(r, s);
    int result = -1; /* 1 it is right, 0 it is wrong, -1 neither */

    (void)whole;
    if (v && sig &&
        EC_POINT_oct2point(lib->curves[curve], v->point, point.at, point.len,
                           v->ctx) == 1 &&
        EC_KEY_set_public_key(v->key, v->point) == 1) {
        result = ECDSA_do_verify(digest.at, (int)digest.len, sig, v->key);
        *fault = result < 0 && !at_infinity();
    } else {
        *fault = !v || !sig || hf_libcrypto_starved(); /* else: no point */
    }
    ECDSA_SIG_free(sig);
    if (v && !*fault)
        give_back(lib, curve, v);
    else
        free_verifier(v); /* who knows in which state */
    return result == 1;
}

bool hf_ecdsa_sign(const struct hf_private_key *key, struct hf_span digest,
                   uint8_t *out, size_t cap, size_t *len)
{
    unsigned n = 0;

    *len = 0;
    /* Without memory for the encoding, 3.0 says 1 and a length of -1. */
    if ((size_t)ECDSA_size(key->ec) > cap ||
        ECDSA_sign(0, digest.at, (int)digest.len, out, &n, key->ec) != 1 ||
        n > cap)
        return hf_libcrypto_failed();
    *len = n;
    return true;
}

#else

void hf_ecdsa_forget(struct hf_libcrypto *lib)
{
    (void)lib; /* there are none */
}

#include <openssl/core_names.h>
#include <openssl/params.h>

static EVP_PKEY *public_key(struct hf_libcrypto *lib, size_t curve,
                            struct hf_span point)
{
    char name[][6] = { "P-256", "P-384", "P-521" };
    uint8_t copy[HF_POINT_MAX];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib->lib, "EC", NULL);
    EVP_PKEY *key = NULL;

    hf_copy(copy, point.at, point.len);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                         name[curve], 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy,
                                          point.len),
        OSSL_PARAM_construct_end(),
    };
    if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static bool check(struct hf_libcrypto *lib, size_t curve, struct hf_span point,
                  struct hf_span digest, struct hf_span whole, struct hf_span r,
                  struct hf_span s, bool *fault)
{
    (void)r;
    (void)s;
    EVP_PKEY *key = public_key(lib, curve, point);
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(lib->lib, key, NULL)
                            : NULL;
    bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
              EVP_PKEY_verify(ctx, whole.at, whole.len, digest.at,
                              digest.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    *fault = !ok && hf_libcrypto_starved();
    return ok;
}

bool hf_ecdsa_sign(const struct hf_private_key *key, struct hf_span digest,
                   uint8_t *out, size_t cap, size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->evp);

    *len = cap;
    bool ok = ctx && (size_t)EVP_PKEY_get_size(key->pkey) <= cap &&
              EVP_PKEY_sign(ctx, out, len, digest.at, digest.len) == 1 &&
              *len <= cap; /* see above */
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return true;
    *len = 0;
    return hf_libcrypto_failed();
}

#endif

bool hf_ecdsa_verify(struct hf_libcrypto *lib, size_t curve,
                     struct hf_span point, struct hf_span digest,
                     struct hf_span signature, bool *fault)
{
    const size_t len = hf_curve_bytes(curve);
    struct hf_span r, s;

    *fault = false;
    if (point.len != 1 + 2 * len ||
        point.at[0] != POINT_CONVERSION_UNCOMPRESSED ||
        !read_signature(signature, len, &r, &s))
        return false;
    return check(lib, curve, point, digest, signature, r, s, fault) ||
           hf_libcrypto_failed();
}
