/* transport_test.c - premaster secrets encrypted to RSA keys and decrypted: what
 * one side seals the other opens, as OpenSSL's own padding has it; whatever is
 * wrong leaves the random bytes as they were and no trace of itself, whether
 * the key is here or only the result of its power comes; and every one of
 * Project Wycheproof's ciphertexts. */
#include "vectors.h"

#include "crypto/libcrypto.h"
#include "crypto/oracle.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { LEN = HF_PREMASTER_LEN, TLS12 = 0x0303, SIZES = 3 };

static EVP_PKEY *pkeys[SIZES];
static struct hf_private_key *keys[SIZES];
static struct hf_public_key publics[SIZES];

static struct hf_private_key *load(EVP_PKEY *pkey)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    struct hf_private_key *key = NULL;
    struct hf_error error = { .code = HF_OK };
    unsigned char *der = NULL;
    int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

    assert_true(len > 0);
    assert_true(hf_libcrypto.key_load(opened()->self, hf_span(der, (size_t)len),
                                      NULL, NULL, &key, &error));
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(der);
    return key;
}

static int make_keys(void **state)
{
    static const unsigned bits[SIZES] = { 2048, 3072, 2056 };

    if (open_crypto(state))
        return -1;
    for (size_t i = 0; i < SIZES; i++) {
        pkeys[i] = EVP_RSA_gen(bits[i]);
        if (!pkeys[i])
            return -1;
        keys[i] = load(pkeys[i]);
        hf_libcrypto.key_public(keys[i], &publics[i]);
    }
    return 0;
}

static int free_keys(void **state)
{
    for (size_t i = 0; i < SIZES; i++) {
        hf_libcrypto.key_free(keys[i]);
        EVP_PKEY_free(pkeys[i]);
    }
    return close_crypto(state);
}

/* 03 03 and bytes that are not zero. */
static void make_secret(uint8_t *out, unsigned seed)
{
    for (unsigned i = 0; i < LEN; i++)
        out[i] = (uint8_t)(1 + (seed * 31 + i * 7) % 255);
    out[0] = out[1] = 3;
}

static void open_with(const struct hf_private_key *key, struct hf_span sealed,
                      unsigned version, uint8_t *inout)
{
    hf_libcrypto.premaster_open(opened()->self, key, sealed, version, inout);
    assert_int_equal(ERR_peek_error(), 0);
}

/* The same with nothing but the private power, whoever takes it. */
static void open_elsewhere(size_t k, struct hf_span sealed, unsigned version,
                           uint8_t *inout)
{
    uint8_t number[HF_SIGNATURE_MAX], block[HF_SIGNATURE_MAX];
    const size_t len = publics[k].modulus.len;
    uint32_t good = hf_premaster_number(&publics[k], sealed, number);

    assert_true(hf_libcrypto.key_raise(opened()->self, keys[k],
                                       hf_span(number, len), block));
    hf_premaster_unpad(good, hf_span(block, len), version, inout);
}

/* ---- what is sealed can be opened ----------------------------------------------------- */

static void what_is_sealed_can_be_opened(void **state)
{
    uint8_t secret[LEN], got[LEN], sealed[HF_SIGNATURE_MAX];
    bool fault = true;
    size_t len;

    (void)state;
    for (size_t k = 0; k < SIZES; k++)
        for (unsigned i = 0; i < 20; i++) {
            make_secret(secret, i);
            make_secret(got, i + 100);
            assert_true(hf_libcrypto.premaster_seal(
                opened()->self, &publics[k], secret, sealed, sizeof(sealed),
                &len, &fault));
            assert_false(fault);
            assert_int_equal(len, publics[k].modulus.len);
            open_with(keys[k], hf_span(sealed, len), TLS12, got);
            assert_memory_equal(got, secret, LEN);
        }
}

/* The private power by OpenSSL, without looking at the padding. */
static void raw(EVP_PKEY *pkey, struct hf_span sealed, uint8_t *em)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    size_t len = sealed.len;

    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, em, &len, sealed.at, sealed.len), 1);
    assert_int_equal(len, sealed.len);
    EVP_PKEY_CTX_free(ctx);
}

/* RFC 8017 7.2.1: nonzero padding, fresh each time. */
static void the_padding_is_random_and_has_no_zero(void **state)
{
    uint8_t secret[LEN], sealed[256], em[256], before[256] = { 0 };
    unsigned seen[256] = { 0 };
    bool fault;
    size_t len;

    (void)state;
    make_secret(secret, 1);
    for (unsigned i = 0; i < 200; i++) {
        assert_true(hf_libcrypto.premaster_seal(opened()->self, &publics[0],
                                                secret, sealed, sizeof(sealed),
                                                &len, &fault));
        raw(pkeys[0], hf_span(sealed, len), em);
        assert_int_equal(em[0], 0);
        assert_int_equal(em[1], 2);
        assert_int_equal(em[len - LEN - 1], 0);
        assert_memory_equal(em + len - LEN, secret, LEN);
        for (size_t at = 2; at < len - LEN - 1; at++)
            seen[em[at]]++;
        assert_memory_not_equal(em + 2, before + 2, 100);
        memcpy(before, em, len);
    }
    assert_int_equal(seen[0], 0);
    /* 41000 bytes, 161 of each on average */
    for (unsigned byte = 1; byte < 256; byte++)
        assert_in_range(seen[byte], 80, 300);
}

static void to_what_is_no_fit_key_nothing_is_sealed(void **state)
{
    static const uint8_t three[1] = { 3 };
    struct hf_public_key key = publics[0];
    uint8_t secret[LEN], sealed[HF_SIGNATURE_MAX], even[256];
    bool fault = true;
    size_t len;

    (void)state;
    make_secret(secret, 1);
#define REFUSED(cap)                                                        \
    assert_false(hf_libcrypto.premaster_seal(opened()->self, &key, secret,  \
                                             sealed, (cap), &len, &fault)); \
    assert_false(fault)
    REFUSED(255);
    key.kind = HF_KEY_RSA_PSS;
    REFUSED(sizeof(sealed));
    key.kind = HF_KEY_P256;
    REFUSED(sizeof(sealed));
    key = publics[0];
    key.exponent = HF_SPAN(three);
    REFUSED(sizeof(sealed));
    key = publics[0];
    key.modulus.len = 255;
    REFUSED(sizeof(sealed));
    key = publics[0];
    memcpy(even, key.modulus.at, sizeof(even));
    even[255] ^= 1;
    key.modulus = HF_SPAN(even);
    REFUSED(sizeof(sealed));
#undef REFUSED
}

/* ---- what is wrong leaves no trace ---------------------------------------------------------- */

/* Whether @got still holds @before.  Of 65536 spoilt ones one may be taken for
 * a random secret that libcrypto itself made up; never for what was in it. */
static void is_untouched(const struct oracle *o, const uint8_t *got,
                         const uint8_t *before, const uint8_t *secret)
{
    if (!memcmp(got, before, LEN))
        return;
    if (got[0] != 3 || got[1] != 3 || !memcmp(got + 2, secret + 2, LEN - 2))
        fail_msg("%s: taken for well formed", o->name);
}

static void nothing_wrong_changes_the_random_bytes(void **state)
{
    static struct oracle o;
    uint8_t secret[LEN], before[LEN], got[LEN];

    (void)state;
    make_secret(secret, 7);
    for (size_t k = 0; k < SIZES; k++) {
        size_t i = 0;

        for (; oracle_make(&o, i, &publics[k], secret); i++) {
            make_secret(before, 300 + (unsigned)i);
            memcpy(got, before, LEN);
            open_elsewhere(k, hf_span(o.bytes, o.len), TLS12, got);
            assert_memory_equal(got, i == 0 ? secret : before, LEN);
            memcpy(got, before, LEN);
            open_with(keys[k], hf_span(o.bytes, o.len), TLS12, got);
            if (i == 0)
                assert_memory_equal(got, secret, LEN);
            else
                is_untouched(&o, got, before, secret);
        }
        assert_true(i > publics[k].modulus.len + 20);
    }
}

/* The version is the one that the hello offered, whatever it was. */
static void the_version_must_be_the_one_asked_for(void **state)
{
    static const unsigned versions[] = { 0x0303, 0x0304, 0x0302, 0x0300,
                                         0x7f1c, 0xfefd, 0x0003 };
    uint8_t secret[LEN], before[LEN], got[LEN], em[256], sealed[256];

    (void)state;
    for (size_t has = 0; has < HF_COUNT(versions); has++)
        for (size_t asked = 0; asked < HF_COUNT(versions); asked++) {
            static const struct oracle o = { .name = "another version" };

            make_secret(secret, 9);
            hf_store_number(secret, versions[has], 2);
            oracle_pad(em, sizeof(em), secret);
            assert_true(oracle_raise(&publics[0], em, sealed));
            make_secret(before, 300);
            memcpy(got, before, LEN);
            open_elsewhere(0, HF_SPAN(sealed), versions[asked], got);
            assert_memory_equal(got, has == asked ? secret : before, LEN);
            memcpy(got, before, LEN);
            open_with(keys[0], HF_SPAN(sealed), versions[asked], got);
            if (has == asked)
                assert_memory_equal(got, secret, LEN);
            else if (versions[asked] == TLS12)
                is_untouched(&o, got, before, secret);
            else
                assert_memory_not_equal(got + 2, secret + 2, LEN - 2);
        }
}

/* A number that would be well formed, were it reduced by the modulus first, or
 * had it the zero in front that was left out. */
static void a_number_has_one_form_only(void **state)
{
    static const struct oracle o = { .name = "another form" };
    uint8_t secret[LEN], got[LEN], before[LEN], em[256], sealed[257];
    unsigned short_ones = 0, sums = 0;

    (void)state;
    for (unsigned i = 0; i < 3000 && !(short_ones && sums); i++) {
        make_secret(secret, i);
        make_secret(before, i + 7);
        oracle_pad(em, sizeof(em), secret);
        em[3] = (uint8_t)(1 + i % 255);
        em[4] = (uint8_t)(1 + i / 255 % 255);
        assert_true(oracle_raise(&publics[0], em, sealed));
        if (!sealed[0]) {
            memcpy(got, before, LEN);
            open_with(keys[0], hf_span(sealed + 1, 255), TLS12, got);
            is_untouched(&o, got, before, secret);
            short_ones++;
        }
        unsigned carry = 0;
        for (size_t at = 256; at-- > 0; carry >>= 8) {
            carry += sealed[at] + publics[0].modulus.at[at];
            em[at] = (uint8_t)carry;
        }
        if (!carry) {
            memcpy(got, before, LEN);
            open_with(keys[0], HF_SPAN(em), TLS12, got);
            is_untouched(&o, got, before, secret);
            sums++;
        }
    }
    /* One in 256 has the zero; a sum fits for keys near 2^2047 only. */
    assert_true(short_ones);
}

/* ---- other keys, other makers --------------------------------------------------------------- */

static void a_key_for_pss_opens_nothing(void **state)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    struct hf_private_key *key;
    struct hf_public_key public;
    uint8_t secret[LEN], before[LEN], got[LEN], em[256], sealed[256];

    (void)state;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    key = load(pkey);
    hf_libcrypto.key_public(key, &public);
    make_secret(secret, 1);
    make_secret(before, 2);
    memcpy(got, before, LEN);
    oracle_pad(em, sizeof(em), secret);
    assert_true(oracle_raise(&public, em, sealed));
    open_with(key, HF_SPAN(sealed), TLS12, got);
    assert_memory_equal(got, before, LEN);
    assert_false(
        hf_libcrypto.key_raise(opened()->self, key, HF_SPAN(sealed), em));
    hf_libcrypto.key_free(key);
    EVP_PKEY_free(pkey);
}

/* Exactly as libcrypto's own encryption has it. */
static void what_openssl_encrypts_is_opened(void **state)
{
    uint8_t secret[LEN], got[LEN], sealed[512];
    size_t len = sizeof(sealed);

    (void)state;
    for (size_t k = 0; k < SIZES; k++) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkeys[k], NULL);

        make_secret(secret, (unsigned)k);
        make_secret(got, 99);
        len = sizeof(sealed);
        assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING),
                         1);
        assert_int_equal(EVP_PKEY_encrypt(ctx, sealed, &len, secret, LEN), 1);
        EVP_PKEY_CTX_free(ctx);
        open_with(keys[k], hf_span(sealed, len), TLS12, got);
        assert_memory_equal(got, secret, LEN);
    }
}

/* ---- the private power alone -------------------------------------------------------------- */

static void the_power_is_that_of_openssl(void **state)
{
    uint8_t number[HF_SIGNATURE_MAX], ours[HF_SIGNATURE_MAX],
        theirs[HF_SIGNATURE_MAX];

    (void)state;
    for (size_t k = 0; k < SIZES; k++)
        for (unsigned seed = 0; seed < 8; seed++) {
            const size_t len = publics[k].modulus.len;

            for (size_t i = 0; i < len; i++)
                number[i] = (uint8_t)(seed * 7 + i * i);
            number[0] = 0;
            if (seed == 7) /* one: a number like any other */
                memset(number, 0, len - 1), number[len - 1] = 1;
            raw(pkeys[k], hf_span(number, len), theirs);
            assert_true(hf_libcrypto.key_raise(opened()->self, keys[k],
                                               hf_span(number, len), ours));
            assert_memory_equal(ours, theirs, len);
        }
}

static void of_what_is_no_number_below_the_modulus_there_is_none(void **state)
{
    uint8_t number[257] = { 0 }, out[HF_SIGNATURE_MAX];

    (void)state;
    for (size_t len = 0; len < 258; len++)
        assert_int_equal(hf_libcrypto.key_raise(opened()->self, keys[0],
                                                hf_span(number, len), out),
                         len == 256);
    for (unsigned up = 0; up < 2; up++) {
        memcpy(number, publics[0].modulus.at, 256);
        number[255] = (uint8_t)(number[255] + up); /* odd, so no carry */
        assert_false(hf_libcrypto.key_raise(opened()->self, keys[0],
                                            hf_span(number, 256), out));
        assert_int_equal(ERR_peek_error(), 0);
    }
}

/* However short: nothing is read that is not there. */
static void a_short_block_opens_nothing(void **state)
{
    uint8_t block[2 + 8 + 1 + LEN] = { 0, 2 }, before[LEN], got[LEN];

    (void)state;
    make_secret(before, 5);
    memcpy(got, before, LEN);
    for (size_t len = 0; len < sizeof(block); len++) {
        hf_premaster_unpad(UINT32_MAX, hf_span(block, len), TLS12, got);
        assert_memory_equal(got, before, LEN);
    }
    memset(block + 2, 0xaa, 8);
    make_secret(block + 11, 6);
    hf_premaster_unpad(0, HF_SPAN(block), TLS12, got);
    assert_memory_equal(got, before, LEN);
    hf_premaster_unpad(UINT32_MAX, HF_SPAN(block), TLS12, got);
    assert_memory_equal(got, block + 11, LEN);
}

/* ---- Project Wycheproof ---------------------------------------------------------------------- */

/* Its messages are of all lengths; one of 48 bytes that begins with a version is
 * for us, every other must be taken for nothing. */
static void vector(void *ctx, const struct vector *v)
{
    const struct hf_span pkcs8 = vector_bytes(v, "privateKeyPkcs8");
    const struct hf_span msg = vector_bytes(v, "msg");
    struct hf_private_key *key = NULL;
    struct hf_error error = { .code = HF_OK };
    uint8_t before[LEN], got[LEN];

    (void)ctx;
    make_secret(before, (unsigned)v->id);
    memcpy(got, before, LEN);
    assert_true(
        hf_libcrypto.key_load(opened()->self, pkcs8, NULL, NULL, &key, &error));
    open_with(key, vector_bytes(v, "ct"), TLS12, got);
    hf_libcrypto.key_free(key);
    if (v->verdict != INVALID && msg.len == LEN && msg.at[0] == 3 &&
        msg.at[1] == 3)
        assert_memory_equal(got, msg.at, LEN);
    else if (memcmp(got, before, LEN) && (got[0] != 3 || got[1] != 3))
        fail_msg("vector %d: %s", v->id, v->comment);
}

static void the_ciphertexts_of_wycheproof_are_taken_for_nothing(void **state)
{
    (void)state;
    assert_true(vectors_each("rsa_pkcs1_2048_test.json", vector, NULL) > 40);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_can_be_opened),
        cmocka_unit_test(the_padding_is_random_and_has_no_zero),
        cmocka_unit_test(to_what_is_no_fit_key_nothing_is_sealed),
        cmocka_unit_test(nothing_wrong_changes_the_random_bytes),
        cmocka_unit_test(the_version_must_be_the_one_asked_for),
        cmocka_unit_test(a_number_has_one_form_only),
        cmocka_unit_test(a_key_for_pss_opens_nothing),
        cmocka_unit_test(what_openssl_encrypts_is_opened),
        cmocka_unit_test(the_power_is_that_of_openssl),
        cmocka_unit_test(of_what_is_no_number_below_the_modulus_there_is_none),
        cmocka_unit_test(a_short_block_opens_nothing),
        cmocka_unit_test(the_ciphertexts_of_wycheproof_are_taken_for_nothing),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
