/* sign_test.c - signatures: every row of the provider with a key of ours, and
 * what each must refuse.  (Published vectors: sign_vectors_test.c.) */
#include "vectors.h"

#include "crypto/libcrypto.h"

#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <pthread.h>

/* ---- keys of ours ----------------------------------------------------------------------- */

static struct hf_private_key *keys[HF_KEY_ED25519 + 1];

/* The rows behind these verify only, and certificates (x509/mldsa_test.c). */
static bool signs(size_t i)
{
    const struct hf_signature *how = hf_libcrypto.signatures[i];

    return how && how->key <= HF_KEY_ED25519;
}

/* @md: the only hash that the key shall sign with, or NULL. */
static EVP_PKEY *make_pss(const EVP_MD *md)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *pkey = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    if (md) {
        EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, md);
        EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, md);
        EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, EVP_MD_get_size(md));
    }
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *make(unsigned kind)
{
    switch (kind) {
    case HF_KEY_RSA: return EVP_RSA_gen(2048);
    case HF_KEY_RSA_PSS: return make_pss(NULL);
    case HF_KEY_P256: return EVP_EC_gen("P-256");
    case HF_KEY_P384: return EVP_EC_gen("P-384");
    case HF_KEY_P521: return EVP_EC_gen("P-521");
    default: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
}

static struct hf_private_key *load(EVP_PKEY *pkey)
{
    struct hf_private_key *key;
    struct hf_error error = { 0 };
    unsigned char *der = NULL;

    assert_non_null(pkey);
    int len = i2d_PrivateKey(pkey, &der);
    assert_true(len > 0);
    if (!hf_libcrypto.key_load(opened()->self, hf_span(der, (size_t)len), NULL,
                               NULL, &key, &error))
        fail_msg("%s: %s", hf_error_name(error.code), error.detail);
    OPENSSL_clear_free(der, (size_t)len);
    EVP_PKEY_free(pkey);
    return key;
}

static int make_keys(void **state)
{
    if (open_crypto(state) != 0)
        return -1;
    for (unsigned kind = HF_KEY_RSA; kind <= HF_KEY_ED25519; kind++)
        keys[kind] = load(make(kind));
    return 0;
}

static int free_keys(void **state)
{
    for (unsigned kind = HF_KEY_RSA; kind <= HF_KEY_ED25519; kind++)
        hf_libcrypto.key_free(keys[kind]);
    return close_crypto(state);
}

static const struct hf_span message = { (const uint8_t *)"the message", 11 };

static size_t sign(const struct hf_signature *how,
                   const struct hf_private_key *key, uint8_t *out)
{
    size_t len = 0;

    assert_true(how->sign(opened()->self, how, key, message, out,
                          HF_SIGNATURE_MAX, &len));
    assert_true(len > 0 && len <= HF_SIGNATURE_MAX);
    return len;
}

static void each_row_verifies_what_it_signs_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; signs(i); i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        uint8_t sig[HF_SIGNATURE_MAX];
        struct hf_public_key public;
        bool fault = true;

        hf_libcrypto.key_public(keys[how->key], &public);
        const size_t len = sign(how, keys[how->key], sig);
        assert_true(how->verify(opened()->self, how, &public, message,
                                hf_span(sig, len), &fault));
        assert_false(fault);
        assert_false(how->verify(opened()->self, how, &public,
                                 hf_span("the massage", 11), hf_span(sig, len),
                                 &fault));
        assert_false(fault);
        for (size_t bit = 0; bit < 8 * len; bit += 13) {
            sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(how->verify(opened()->self, how, &public, message,
                                     hf_span(sig, len), &fault));
            assert_false(fault);
            sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < len; cut += 7)
            assert_false(how->verify(opened()->self, how, &public, message,
                                     hf_span(sig, cut), &fault));
    }
}

static void another_row_does_not_verify(void **state)
{
    (void)state;
    for (size_t i = 0; signs(i); i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        uint8_t sig[HF_SIGNATURE_MAX];
        struct hf_public_key public;
        bool fault;

        hf_libcrypto.key_public(keys[how->key], &public);
        const size_t len = sign(how, keys[how->key], sig);
        for (size_t k = 0; hf_libcrypto.signatures[k]; k++) {
            const struct hf_signature *other = hf_libcrypto.signatures[k];
            assert_int_equal(other->verify(opened()->self, other, &public,
                                           message, hf_span(sig, len), &fault),
                             other == how);
            assert_false(fault);
        }
    }
}

static void a_key_of_another_kind_does_not_sign(void **state)
{
    (void)state;
    for (size_t i = 0; signs(i); i++)
        for (unsigned kind = HF_KEY_RSA; kind <= HF_KEY_ED25519; kind++) {
            const struct hf_signature *how = hf_libcrypto.signatures[i];
            uint8_t sig[HF_SIGNATURE_MAX];
            size_t len = 7;
            if (kind == how->key)
                continue;
            assert_false(how->sign(opened()->self, how, keys[kind], message,
                                   sig, sizeof(sig), &len));
            assert_int_equal(len, 0);
        }
}

static void too_little_room_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; signs(i); i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        uint8_t sig[63];
        size_t len = 7;
        assert_false(how->sign(opened()->self, how, keys[how->key], message,
                               sig, sizeof(sig), &len));
        assert_int_equal(len, 0);
    }
}

static void signatures_are_those_that_libcrypto_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; signs(i); i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        static const char *const names[] = { NULL, "SHA256", "SHA384",
                                             "SHA512" };
        uint8_t sig[HF_SIGNATURE_MAX];
        const size_t len = sign(how, keys[how->key], sig);
        EVP_PKEY_CTX *pctx = NULL;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        assert_int_equal(EVP_DigestVerifyInit_ex(ctx, &pctx, names[how->hash],
                                                 keys[how->key]->lib->lib, NULL,
                                                 keys[how->key]->pkey, NULL),
                         1);
        if (how->padding == HF_PADDING_PSS) {
            assert_int_equal(
                EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
            assert_int_equal(
                EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST),
                1);
        }
        assert_int_equal(
            EVP_DigestVerify(ctx, sig, len, message.at, message.len), 1);
        EVP_MD_CTX_free(ctx);
    }
}

/* ---- RSA in particular --------------------------------------------------------------------- */

/* Primes of @p_bits and @q_bits; libcrypto's own generator makes no modulus
 * of an odd number of bits. */
static EVP_PKEY *make_rsa(int p_bits, int q_bits)
{
    static const char *const names[] = {
        "n",
        "e",
        "d",
        "rsa-factor1",
        "rsa-factor2",
        "rsa-exponent1",
        "rsa-exponent2",
        "rsa-coefficient1",
    };
    enum { N, E, D, P, Q, DP, DQ, QINV, ALL };
    BIGNUM *b[ALL], *p1 = BN_new(), *q1 = BN_new(), *phi = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;

    for (int i = 0; i < ALL; i++)
        b[i] = BN_new();
    BN_set_word(b[E], 65537);
    assert_int_equal(BN_generate_prime_ex(b[P], p_bits, 0, NULL, NULL, NULL),
                     1);
    assert_int_equal(BN_generate_prime_ex(b[Q], q_bits, 0, NULL, NULL, NULL),
                     1);
    BN_mul(b[N], b[P], b[Q], ctx);
    BN_sub(p1, b[P], BN_value_one());
    BN_sub(q1, b[Q], BN_value_one());
    BN_mul(phi, p1, q1, ctx);
    assert_non_null(BN_mod_inverse(b[D], b[E], phi, ctx));
    BN_mod(b[DP], b[D], p1, ctx);
    BN_mod(b[DQ], b[D], q1, ctx);
    assert_non_null(BN_mod_inverse(b[QINV], b[Q], b[P], ctx));
    for (int i = 0; i < ALL; i++)
        OSSL_PARAM_BLD_push_BN(build, names[i], b[i]);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_fromdata_init(from);
    assert_int_equal(EVP_PKEY_fromdata(from, &pkey, EVP_PKEY_KEYPAIR, params),
                     1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(from);
    for (int i = 0; i < ALL; i++)
        BN_free(b[i]);
    BN_free(p1);
    BN_free(q1);
    BN_free(phi);
    BN_CTX_free(ctx);
    return pkey;
}

/* A modulus of 8k+1 bits has a PSS encoding of one byte less. */
static void rsa_of_odd_sizes_works(void **state)
{
    (void)state;
    for (int extra = 1; extra <= 9; extra += extra == 2 ? 5 : 1) {
        struct hf_private_key *key = load(make_rsa(1024 + extra, 1024));
        struct hf_public_key public;
        hf_libcrypto.key_public(key, &public);
        assert_int_equal(public.bits, 2048 + extra);
        for (size_t k = 0; hf_libcrypto.signatures[k]; k++) {
            const struct hf_signature *how = hf_libcrypto.signatures[k];
            uint8_t sig[HF_SIGNATURE_MAX];
            bool fault;
            if (how->key != HF_KEY_RSA)
                continue;
            const size_t len = sign(how, key, sig);
            assert_int_equal(len, (2048 + extra + 7) / 8);
            assert_true(how->verify(opened()->self, how, &public, message,
                                    hf_span(sig, len), &fault));
        }
        hf_libcrypto.key_free(key);
    }
}

static void rsa_keys_outside_the_limits_do_not_verify(void **state)
{
    const struct hf_signature *how = hf_signature_by_scheme(opened(), 0x0804);
    uint8_t sig[HF_SIGNATURE_MAX], big[HF_SIGNATURE_MAX + 1];
    struct hf_public_key good, bad;
    bool fault;

    (void)state;
    hf_libcrypto.key_public(keys[HF_KEY_RSA], &good);
    const struct hf_span s = hf_span(sig, sign(how, keys[HF_KEY_RSA], sig));
    assert_true(how->verify(opened()->self, how, &good, message, s, &fault));
    static const char *const exponents[] = {
        "03", "11", "ffff", "010000", "010002", "0100000001", "00010001", "",
    };
    for (size_t i = 0; i < HF_COUNT(exponents); i++) {
        bad = good;
        bad.exponent = hex(exponents[i]);
        fault = true;
        assert_int_equal(
            how->verify(opened()->self, how, &bad, message, s, &fault),
            i == 6); /* the same number, written longer */
        assert_false(fault);
    }
    memset(big, 0xff, sizeof(big));
    static const size_t lengths[] = { 0, 1, 128, 255, 1025 };
    for (size_t i = 0; i < HF_COUNT(lengths); i++) {
        bad = good;
        bad.modulus = hf_span(big, lengths[i]);
        assert_false(how->verify(
            opened()->self, how, &bad, message,
            hf_span(sig, lengths[i] > sizeof(sig) ? sizeof(sig) : lengths[i]),
            &fault));
        assert_false(fault);
    }
    /* An even modulus, and a signature that is not below the modulus. */
    memcpy(big, good.modulus.at, good.modulus.len);
    big[good.modulus.len - 1] ^= 1;
    bad = good;
    bad.modulus = hf_span(big, good.modulus.len);
    assert_false(how->verify(opened()->self, how, &bad, message, s, &fault));
    assert_false(
        how->verify(opened()->self, how, &good, message, good.modulus, &fault));
    assert_false(fault);
}

static void a_small_modulus_passes_only_if_allowed(void **state)
{
    EVP_PKEY *pkey = EVP_RSA_gen(1024);
    struct hf_libcrypto *lib = opened()->self;
    const struct hf_signature *how = hf_signature_by_scheme(opened(), 0x0401);
    uint8_t n[128], e[3] = { 1, 0, 1 }, sig[128], digest[32];
    size_t len = sizeof(sig);
    BIGNUM *number = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool fault;

    (void)state;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, "n", &number), 1);
    assert_int_equal(BN_bn2bin(number, n), 128);
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, message.at, message.len),
                     1);
    assert_true(hf_hash_parts(opened(), hf_hash_by_id(opened(), HF_SHA256),
                              &message, 1, digest));
    const struct hf_public_key key = { .kind = HF_KEY_RSA,
                                       .modulus = HF_SPAN(n),
                                       .exponent = HF_SPAN(e) };
    assert_true(hf_rsa_verify(lib, how, &key, HF_SPAN(digest), HF_SPAN(sig),
                              1024, &fault));
    assert_false(hf_rsa_verify(lib, how, &key, HF_SPAN(digest), HF_SPAN(sig),
                               HF_RSA_BITS_MIN, &fault));
    assert_false(fault);
    BN_free(number);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

/* A signature computed wrongly gives the key away, so it must not leave. */
static void a_faulty_rsa_signature_does_not_leave(void **state)
{
    struct hf_private_key *key = load(EVP_RSA_gen(2048));
    struct hf_private_key *other = load(EVP_RSA_gen(2048));
    EVP_PKEY_CTX *own = key->raw;
    uint8_t sig[HF_SIGNATURE_MAX];

    (void)state;
    key->raw = other->raw; /* a private operation gone wrong */
    for (size_t i = 0; signs(i); i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        size_t len = 7;
        if (how->key != HF_KEY_RSA)
            continue;
        memset(sig, 0xee, sizeof(sig));
        assert_false(how->sign(opened()->self, how, key, message, sig,
                               sizeof(sig), &len));
        assert_int_equal(len, 0);
        for (size_t k = 0; k < sizeof(sig); k++)
            assert_int_equal(sig[k], 0);
    }
    key->raw = own;
    hf_libcrypto.key_free(key);
    hf_libcrypto.key_free(other);
}

static void a_restricted_pss_key_keeps_to_its_hash(void **state)
{
    const struct hf_signature *sha256 = hf_signature_by_scheme(opened(),
                                                               0x0809);
    const struct hf_signature *sha384 = hf_signature_by_scheme(opened(),
                                                               0x080a);
    uint8_t sig[HF_SIGNATURE_MAX];
    struct hf_public_key public;
    size_t len;
    bool fault;

    (void)state;
    hf_libcrypto.key_public(keys[HF_KEY_RSA_PSS], &public);
    assert_int_equal(public.pss_hash, HF_HASH_NONE);
    len = sign(sha256, keys[HF_KEY_RSA_PSS], sig);
    public.pss_hash = HF_SHA384;
    assert_false(sha256->verify(opened()->self, sha256, &public, message,
                                hf_span(sig, len), &fault));
    public.pss_hash = HF_SHA256;
    assert_true(sha256->verify(opened()->self, sha256, &public, message,
                               hf_span(sig, len), &fault));
    len = sign(sha384, keys[HF_KEY_RSA_PSS], sig);
    assert_false(sha384->verify(opened()->self, sha384, &public, message,
                                hf_span(sig, len), &fault));

    struct hf_private_key *key = load(make_pss(EVP_sha384()));
    hf_libcrypto.key_public(key, &public);
    assert_int_equal(public.kind, HF_KEY_RSA_PSS);
    assert_int_equal(public.pss_hash, HF_SHA384);
    assert_false(sha256->sign(opened()->self, sha256, key, message, sig,
                              sizeof(sig), &len));
    len = sign(sha384, key, sig);
    assert_true(sha384->verify(opened()->self, sha384, &public, message,
                               hf_span(sig, len), &fault));
    hf_libcrypto.key_free(key);
}

/* ---- ECDSA in particular -------------------------------------------------------------------- */

static void ecdsa_points_must_be_whole_and_on_the_curve(void **state)
{
    static const unsigned kinds[] = { HF_KEY_P256, HF_KEY_P384, HF_KEY_P521 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        const struct hf_signature *how = hf_signature_by_parts(
            opened(), kinds[i], HF_PADDING_NONE, HF_SHA256);
        struct hf_public_key public;
        uint8_t sig[HF_SIGNATURE_MAX], point[133];
        bool fault = true;

        hf_libcrypto.key_public(keys[kinds[i]], &public);
        const struct hf_span s = hf_span(sig, sign(how, keys[kinds[i]], sig));
        const size_t len = public.point.len;
        memcpy(point, public.point.at, len);
        public.point = hf_span(point, len);
        assert_true(
            how->verify(opened()->self, how, &public, message, s, &fault));
        point[len - 1] ^= 1;
        assert_false(
            how->verify(opened()->self, how, &public, message, s, &fault));
        assert_false(fault);
        point[len - 1] ^= 1;
        for (size_t cut = 0; cut < len; cut++) {
            public.point = hf_span(point, cut);
            assert_false(
                how->verify(opened()->self, how, &public, message, s, &fault));
        }
        public.point = hf_span(point, len);
        for (int form = 0; form < 256; form++) {
            point[0] = (uint8_t)form;
            assert_int_equal(
                how->verify(opened()->self, how, &public, message, s, &fault),
                form == 4);
        }
    }
}

/* ---- threads ----------------------------------------------------------------------------------- */

static void *sign_often(void *ctx)
{
    const struct hf_signature *how = hf_libcrypto.signatures[0];
    struct hf_private_key *key = keys[how->key];
    struct hf_public_key public;
    uint8_t sig[HF_SIGNATURE_MAX];
    bool fault;

    (void)ctx;
    hf_libcrypto.key_public(key, &public);
    for (int i = 0; i < 50; i++) {
        const size_t len = sign(how, key, sig);
        assert_true(how->verify(opened()->self, how, &public, message,
                                hf_span(sig, len), &fault));
    }
    return NULL;
}

/* More than there are objects kept for the next verification. */
static void many_threads_verify_at_once(void **state)
{
    pthread_t threads[HF_SPARES + 3];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, NULL),
                         0);
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Two numbers in DER, each in its shortest form, and nothing behind them. */
static void ecdsa_signatures_must_be_der(void **state)
{
    static const char *const bad[] = {
        "",
        "30",
        "3000",
        "3106020101020101",
        "300602010102",
        "3003020101",
        "30060201010201",
        "300702010102010100",
        "300602010102010100",
        "308106020101020101",
        "30820006020101020101",
        "30800201010201010000",
        "3006030101020101",
        "3006020101030101",
        "30050200020101",
        "3006020100020101",
        "3006020101020100",
        "3006020181020101",
        "300702020001020101",
        "300702810101020101",
        "300702010102010100",
    };
    const struct hf_signature *how = hf_signature_by_scheme(opened(), 0x0403);
    uint8_t sig[HF_SIGNATURE_MAX + 1];
    struct hf_public_key public;
    bool fault = true;
    size_t len;

    (void)state;
    hf_libcrypto.key_public(keys[HF_KEY_P256], &public);
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        if (how->verify(opened()->self, how, &public, message, hex(bad[i]),
                        &fault) ||
            fault)
            fail_msg("%s", bad[i]);
        fault = true;
    }
    /* And one that is good, cut, or with a byte more. */
    len = sign(how, keys[HF_KEY_P256], sig);
    for (size_t n = 0; n <= len + 1; n++) {
        sig[len] = 0;
        assert_int_equal(how->verify(opened()->self, how, &public, message,
                                     hf_span(sig, n), &fault),
                         n == len);
        assert_false(fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_verifies_what_it_signs_and_nothing_else),
        cmocka_unit_test(another_row_does_not_verify),
        cmocka_unit_test(a_key_of_another_kind_does_not_sign),
        cmocka_unit_test(too_little_room_is_refused),
        cmocka_unit_test(signatures_are_those_that_libcrypto_verifies),
        cmocka_unit_test(rsa_of_odd_sizes_works),
        cmocka_unit_test(rsa_keys_outside_the_limits_do_not_verify),
        cmocka_unit_test(a_small_modulus_passes_only_if_allowed),
        cmocka_unit_test(a_faulty_rsa_signature_does_not_leave),
        cmocka_unit_test(a_restricted_pss_key_keeps_to_its_hash),
        cmocka_unit_test(many_threads_verify_at_once),
        cmocka_unit_test(ecdsa_points_must_be_whole_and_on_the_curve),
        cmocka_unit_test(ecdsa_signatures_must_be_der),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
