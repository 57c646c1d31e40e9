/* libcrypto_key.c - private keys: what is kept of one, and its life.
 *
 * A key is counted, never changes, and may sign in many threads at once.  What
 * signing needs is made ready when the key is loaded: for RSA and Ed25519 a
 * context of EVP that is already set up, and is only copied from then on, which
 * neither fetches nor looks anything up; for the NIST curves an EC_KEY.
 *
 * A key keeps the instance it came from alive. */
#include "crypto/libcrypto.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

/* ---- life -------------------------------------------------------------------------- */

struct hf_private_key *hf_libcrypto_key_keep(struct hf_private_key *key)
{
    atomic_fetch_add_explicit(&key->users, 1, memory_order_relaxed);
    return key;
}

void hf_libcrypto_key_free(struct hf_private_key *key)
{
    if (!key ||
        atomic_fetch_sub_explicit(&key->users, 1, memory_order_acq_rel) > 1)
        return;
    EVP_PKEY_CTX_free(key->raw);
    EVP_PKEY_CTX_free(key->opens);
    EVP_MD_CTX_free(key->ed25519);
    EVP_PKEY_CTX_free(key->evp);
#ifdef HF_LOW_EC
    EC_KEY_free(key->ec);
#endif
    BN_free(key->n);
    BN_free(key->e);
    BN_MONT_CTX_free(key->mont);
    EVP_PKEY_free(key->pkey);
    hf_libcrypto_free(key->lib);
    hf_free(key, sizeof(*key));
}

/* ---- RSA ---------------------------------------------------------------------------- */

/* The same numbers as an ordinary RSA key: one of type RSA-PSS may not be used
 * without libcrypto's own padding, and ours is done in libcrypto_rsa.c. */
static EVP_PKEY *plain_rsa(struct hf_libcrypto *lib, const EVP_PKEY *pkey)
{
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[HF_COUNT(names)] = { NULL };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib->lib, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *plain = NULL;

    bool ok = build && ctx;
    for (size_t i = 0; ok && i < HF_COUNT(names); i++)
        ok = EVP_PKEY_get_bn_param(pkey, names[i], &numbers[i]) == 1 &&
             OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]) == 1;
    ok = ok && (params = OSSL_PARAM_BLD_to_param(build)) &&
         EVP_PKEY_fromdata_init(ctx) == 1 &&
         EVP_PKEY_fromdata(ctx, &plain, EVP_PKEY_KEYPAIR, params) == 1;
    for (size_t i = 0; i < HF_COUNT(names); i++)
        BN_clear_free(numbers[i]);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return ok ? plain : NULL;
}

/* The hash that a restricted RSA-PSS key insists on, HF_HASH_NONE if it is not
 * restricted.  False: one that we do not have; SHA-1, the default of RFC 4055
 * 3.1, is one whose name libcrypto leaves out. */
static bool pss_hash(const EVP_PKEY *pkey, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t id;
    } known[] = {
        { "SHA256", HF_SHA256 }, { "SHA2-256", HF_SHA256 },
        { "SHA384", HF_SHA384 }, { "SHA2-384", HF_SHA384 },
        { "SHA512", HF_SHA512 }, { "SHA2-512", HF_SHA512 },
    };
    char name[64] = "";
    int salt;

    *out = HF_HASH_NONE;
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_RSA_DIGEST, name,
                                       sizeof(name), NULL) != 1)
        return EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN,
                                      &salt) != 1;
    for (size_t i = 0; i < HF_COUNT(known); i++)
        if (hf_text_equal(name, known[i].name))
            *out = known[i].id;
    return *out != HF_HASH_NONE;
}

/* For a key that may encrypt (one of type RSA-PSS may not): to open premaster
 * secrets in the mode that tells nobody what it found. */
static bool ready_to_open(struct hf_private_key *key)
{
    if (key->public.kind != HF_KEY_RSA)
        return true;
    key->opens = EVP_PKEY_CTX_new_from_pkey(key->lib->lib, key->pkey, NULL);
    return key->opens && EVP_PKEY_decrypt_init(key->opens) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(key->opens,
                                        RSA_PKCS1_WITH_TLS_PADDING) == 1;
}

static bool take_rsa(struct hf_private_key *key, struct hf_error *error)
{
    BN_CTX *ctx = BN_CTX_new_ex(key->lib->lib);
    struct hf_public_key *p = &key->public;

    bool ok = ctx &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N,
                                    &key->n) == 1 &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E,
                                    &key->e) == 1;
    if (ok && !hf_rsa_acceptable(key->n, key->e, HF_RSA_BITS_MIN)) {
        BN_CTX_free(ctx);
        return hf_fail(error, HF_E_BAD_KEY,
                       "RSA of %d bits: 2048 to 8192 are accepted, with an odd "
                       "exponent of at least 65537 and at most 32 bits",
                       BN_num_bits(key->n));
    }
    ok = ok && (key->mont = BN_MONT_CTX_new()) &&
         BN_MONT_CTX_set(key->mont, key->n, ctx) == 1;
    BN_CTX_free(ctx);
    if (ok && p->kind == HF_KEY_RSA_PSS) {
        if (!pss_hash(key->pkey, &p->pss_hash))
            return hf_fail(error, HF_E_BAD_KEY,
                           "RSA-PSS restricted to an unsupported hash");
        EVP_PKEY *plain = plain_rsa(key->lib, key->pkey);
        EVP_PKEY_free(key->pkey);
        key->pkey = plain;
        ok = plain != NULL;
    }
    key->raw = ok ? EVP_PKEY_CTX_new_from_pkey(key->lib->lib, key->pkey, NULL)
                  : NULL;
    if (!key->raw || EVP_PKEY_sign_init(key->raw) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(key->raw, RSA_NO_PADDING) != 1)
        return hf_fail(error, HF_E_BAD_KEY, "an RSA key that cannot sign");
    if (!ready_to_open(key))
        return hf_fail(error, HF_E_BAD_KEY, "an RSA key that cannot decrypt");
    p->bits = (uint16_t)BN_num_bits(key->n);
    p->modulus = hf_span(key->modulus, (size_t)BN_bn2bin(key->n, key->modulus));
    p->exponent = hf_span(key->exponent,
                          (size_t)BN_bn2bin(key->e, key->exponent));
    return true;
}

/* ---- the NIST curves ------------------------------------------------------------------- */

static bool curve_of(const EVP_PKEY *pkey, struct hf_public_key *out)
{
    static const struct {
        const char *name;
        uint8_t kind;
        uint16_t bits;
    } curves[] = {
        { "prime256v1", HF_KEY_P256, 256 }, { "P-256", HF_KEY_P256, 256 },
        { "secp384r1", HF_KEY_P384, 384 },  { "P-384", HF_KEY_P384, 384 },
        { "secp521r1", HF_KEY_P521, 521 },  { "P-521", HF_KEY_P521, 521 },
    };
    char name[64] = "", encoding[64] = "";

    if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
        return false;
    /* A known curve spelled out in numbers is not that curve (CurveBall). */
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
                                       encoding, sizeof(encoding), NULL) == 1 &&
        hf_text_equal(encoding, OSSL_PKEY_EC_ENCODING_EXPLICIT))
        return false;
    for (size_t i = 0; i < HF_COUNT(curves); i++)
        if (hf_text_equal(name, curves[i].name)) {
            out->kind = curves[i].kind;
            out->bits = curves[i].bits;
            return true;
        }
    return false;
}

/* Is @point the private number @d times the generator?  A key file says both,
 * and a wrong public half makes signatures that nobody can verify. */
static bool matches(const EC_GROUP *group, const BIGNUM *d,
                    struct hf_span point, BN_CTX *ctx)
{
    EC_POINT *given = EC_POINT_new(group), *made = EC_POINT_new(group);

    bool ok = given && made && BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
              !BN_is_zero(d) && !BN_is_negative(d) &&
              EC_POINT_oct2point(group, given, point.at, point.len, ctx) == 1 &&
              EC_POINT_mul(group, made, d, NULL, NULL, ctx) == 1 &&
              EC_POINT_cmp(group, given, made, ctx) == 0;
    EC_POINT_free(given);
    EC_POINT_free(made);
    return ok;
}

#ifdef HF_LOW_EC
static bool ready_ec(struct hf_private_key *key, const EC_GROUP *group,
                     const BIGNUM *d)
{
    EC_POINT *p = EC_POINT_new(group);

    key->ec = EC_KEY_new_ex(key->lib->lib, NULL);
    bool ok = p && key->ec && EC_KEY_set_group(key->ec, group) == 1 &&
              EC_POINT_oct2point(group, p, key->public.point.at,
                                 key->public.point.len, NULL) == 1 &&
              EC_KEY_set_public_key(key->ec, p) == 1 &&
              EC_KEY_set_private_key(key->ec, d) == 1;
    EC_POINT_free(p);
    return ok;
}
#else
static bool ready_ec(struct hf_private_key *key, const EC_GROUP *group,
                     const BIGNUM *d)
{
    (void)group;
    (void)d;
    key->evp = EVP_PKEY_CTX_new_from_pkey(key->lib->lib, key->pkey, NULL);
    return key->evp && EVP_PKEY_sign_init(key->evp) == 1;
}
#endif

static bool take_ec(struct hf_private_key *key, struct hf_error *error)
{
    struct hf_public_key *p = &key->public;
    BN_CTX *ctx = BN_CTX_new_ex(key->lib->lib);
    BIGNUM *x = NULL, *y = NULL, *d = NULL;

    if (!curve_of(key->pkey, p)) {
        BN_CTX_free(ctx);
        return hf_fail(error, HF_E_BAD_KEY,
                       "a curve that is not P-256, P-384 or P-521 by name");
    }
    const size_t slot = hf_curve_slot(p->kind), len = hf_curve_bytes(slot);
    const EC_GROUP *group = key->lib->curves[slot];
    bool ok = ctx &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) ==
                  1 &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) ==
                  1 &&
              EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) ==
                  1 &&
              BN_bn2binpad(x, key->point + 1, (int)len) == (int)len &&
              BN_bn2binpad(y, key->point + 1 + len, (int)len) == (int)len;
    key->point[0] = POINT_CONVERSION_UNCOMPRESSED;
    p->point = hf_span(key->point, 1 + 2 * len);
    ok = ok && matches(group, d, p->point, ctx) && ready_ec(key, group, d);
    BN_free(x);
    BN_free(y);
    BN_clear_free(d);
    BN_CTX_free(ctx);
    return ok || hf_fail(error, HF_E_BAD_KEY,
                         "the public half does not belong to the private");
}

/* ---- Ed25519 ------------------------------------------------------------------------------ */

static bool take_ed25519(struct hf_private_key *key, struct hf_error *error)
{
    size_t len = 32;

    key->public.bits = 256;
    key->public.point = hf_span(key->point, len);
    key->ed25519 = EVP_MD_CTX_new();
    if (key->ed25519 &&
        EVP_PKEY_get_raw_public_key(key->pkey, key->point, &len) == 1 &&
        len == 32 &&
        EVP_DigestSignInit_ex(key->ed25519, NULL, NULL, key->lib->lib, NULL,
                              key->pkey, NULL) == 1)
        return true;
    return hf_fail(error, HF_E_BAD_KEY, "an Ed25519 key that cannot sign");
}

/* ---- any -------------------------------------------------------------------------------------- */

static bool take(struct hf_private_key *key, struct hf_error *error)
{
    if (EVP_PKEY_is_a(key->pkey, "RSA"))
        key->public.kind = HF_KEY_RSA;
    else if (EVP_PKEY_is_a(key->pkey, "RSA-PSS"))
        key->public.kind = HF_KEY_RSA_PSS;
    else if (EVP_PKEY_is_a(key->pkey, "ED25519"))
        key->public.kind = HF_KEY_ED25519;
    else if (EVP_PKEY_is_a(key->pkey, "EC"))
        return take_ec(key, error);
    else
        return hf_fail(error, HF_E_BAD_KEY, "%s keys are not supported",
                       EVP_PKEY_get0_type_name(key->pkey));
    if (key->public.kind == HF_KEY_ED25519)
        return take_ed25519(key, error);
    return take_rsa(key, error);
}

bool hf_libcrypto_take_key(struct hf_libcrypto *lib, EVP_PKEY *pkey,
                           struct hf_private_key **out, struct hf_error *error)
{
    struct hf_private_key *key = hf_alloc(sizeof(*key));

    *out = NULL;
    if (!key) {
        EVP_PKEY_free(pkey);
        return hf_fail(error, HF_E_OUT_OF_MEMORY, NULL);
    }
    atomic_init(&key->users, 1);
    hf_libcrypto_keep(lib);
    key->lib = lib;
    key->pkey = pkey;
    if (take(key, error)) {
        *out = key;
        return true;
    }
    hf_libcrypto_key_free(key);
    return hf_libcrypto_failed();
}
