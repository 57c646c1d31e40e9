/* key_test.c - private keys in every form that we read, and in forms that we
 * refuse, each with its reason.  The files are written by libcrypto. */
#include "vectors.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <pthread.h>

static EVP_PKEY *rsa, *p256, *p521, *ed25519;

static int make_keys(void **state)
{
    rsa = EVP_RSA_gen(2048);
    p256 = EVP_EC_gen("P-256");
    p521 = EVP_EC_gen("P-521");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return rsa && p256 && p521 && ed25519 ? open_crypto(state) : -1;
}

static int free_keys(void **state)
{
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p521);
    EVP_PKEY_free(ed25519);
    return close_crypto(state);
}

/* ---- loading -------------------------------------------------------------------------- */

struct answer {
    const char *text;
    int asked;
};

static size_t say(void *ctx, char *out, size_t cap)
{
    struct answer *a = ctx;

    a->asked++;
    if (!a->text)
        return 0;
    assert_true(strlen(a->text) <= cap);
    memcpy(out, a->text, strlen(a->text));
    return strlen(a->text);
}

static unsigned load(struct hf_span text, struct answer *a,
                     struct hf_private_key **key)
{
    struct hf_error error = { 0 };

    *key = NULL;
    bool ok = hf_libcrypto.key_load(opened()->self, text, a ? say : NULL, a,
                                    key, &error);
    assert_int_equal(ok, *key != NULL);
    assert_int_equal(ok, error.code == HF_OK);
    return error.code;
}

/* Is @key the same key as @pkey?  It signs, @pkey verifies. */
static void assert_key(const struct hf_private_key *key, EVP_PKEY *pkey)
{
    struct hf_public_key public;
    uint8_t sig[HF_SIGNATURE_MAX];
    const struct hf_signature *how = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len;

    hf_libcrypto.key_public(key, &public);
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++)
        if (hf_libcrypto.signatures[i]->key == public.kind)
            how = hf_libcrypto.signatures[i]; /* the last: no PSS */
    assert_non_null(how);
    assert_true(how->sign(opened()->self, how, key, hf_span("m", 1), sig,
                          sizeof(sig), &len));
    static const char *const names[] = { NULL, "SHA256", "SHA384", "SHA512" };
    assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, names[how->hash], NULL,
                                             NULL, pkey, NULL),
                     1);
    assert_int_equal(EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"m", 1),
                     1);
    EVP_MD_CTX_free(ctx);
}

static void assert_loads(BIO *bio, struct answer *a, EVP_PKEY *pkey)
{
    struct hf_private_key *key;
    char *at;
    long len = BIO_get_mem_data(bio, &at);

    assert_true(len > 0);
    /* in a block of its own, so that a sanitizer sees one byte beyond */
    uint8_t *text = malloc((size_t)len);
    memcpy(text, at, (size_t)len);
    unsigned code = load(hf_span(text, (size_t)len), a, &key);
    free(text);
    if (code != HF_OK)
        fail_msg("%s", hf_error_name(code));
    assert_key(key, pkey);
    hf_libcrypto.key_free(key);
    BIO_free(bio);
}

static unsigned code_of(BIO *bio, struct answer *a)
{
    struct hf_private_key *key;
    char *at;
    long len = BIO_get_mem_data(bio, &at);

    unsigned code = load(hf_span(at, (size_t)len), a, &key);
    hf_libcrypto.key_free(key);
    BIO_free(bio);
    return code;
}

static BIO *memory(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(bio);
    return bio;
}

/* ---- forms that we read ------------------------------------------------------------------ */

static void pkcs8_loads(void **state)
{
    EVP_PKEY *const all[] = { rsa, p256, p521, ed25519 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++) {
        BIO *pem = memory(), *der = memory();
        PEM_write_bio_PKCS8PrivateKey(pem, all[i], NULL, NULL, 0, NULL, NULL);
        i2d_PKCS8PrivateKey_bio(der, all[i], NULL, NULL, 0, NULL, NULL);
        assert_loads(pem, NULL, all[i]);
        assert_loads(der, NULL, all[i]);
    }
}

static void pkcs1_and_sec1_load(void **state)
{
    EVP_PKEY *const all[] = { rsa, p256, p521 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++) {
        BIO *pem = memory(), *der = memory();
        PEM_write_bio_PrivateKey_traditional(pem, all[i], NULL, NULL, 0, NULL,
                                             NULL);
        i2d_PrivateKey_bio(der, all[i]);
        assert_loads(pem, NULL, all[i]);
        assert_loads(der, NULL, all[i]);
    }
}

static void encrypted_pkcs8_loads(void **state)
{
    EVP_PKEY *const all[] = { rsa, p256, ed25519 };
    char pass[] = "open sesame";

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++) {
        struct answer a = { pass, 0 };
        BIO *pem = memory(), *der = memory(), *old = memory();
        PEM_write_bio_PKCS8PrivateKey(pem, all[i], EVP_aes_256_cbc(), pass, 11,
                                      NULL, NULL);
        i2d_PKCS8PrivateKey_bio(der, all[i], EVP_aes_128_cbc(), pass, 11, NULL,
                                NULL);
        PEM_write_bio_PKCS8PrivateKey_nid(
            old, all[i], NID_pbe_WithSHA1And3_Key_TripleDES_CBC, pass, 11, NULL,
            NULL);
        assert_loads(pem, &a, all[i]);
        assert_loads(der, &a, all[i]);
        assert_loads(old, &a, all[i]);
        assert_int_equal(a.asked, 3);
    }
}

static void old_encrypted_pem_loads(void **state)
{
    EVP_PKEY *const all[] = { rsa, p256 };
    const EVP_CIPHER *const ciphers[] = { EVP_aes_128_cbc(), EVP_aes_192_cbc(),
                                          EVP_aes_256_cbc(),
                                          EVP_des_ede3_cbc() };
    uint8_t pass[] = "open sesame";

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++)
        for (size_t k = 0; k < HF_COUNT(ciphers); k++) {
            struct answer a = { "open sesame", 0 };
            BIO *pem = memory();
            PEM_write_bio_PrivateKey_traditional(pem, all[i], ciphers[k], pass,
                                                 11, NULL, NULL);
            assert_loads(pem, &a, all[i]);
            assert_int_equal(a.asked, 1);
        }
}

static void what_stands_before_the_key_is_passed_over(void **state)
{
    BIO *pem = memory();

    (void)state;
    BIO_puts(pem, "a remark\n"
                  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                  "-----END EC PARAMETERS-----\n");
    PEM_write_bio_PrivateKey_traditional(pem, p256, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_PKCS8PrivateKey(pem, rsa, NULL, NULL, 0, NULL, NULL);
    assert_loads(pem, NULL, p256);
}

static void the_public_half_is_that_of_the_key(void **state)
{
    struct hf_private_key *key;
    struct hf_public_key public;
    BIO *bio = memory();
    uint8_t expected[256];
    size_t len = 0;
    char *at;

    (void)state;
    i2d_PrivateKey_bio(bio, p256);
    long n = BIO_get_mem_data(bio, &at);
    assert_int_equal(load(hf_span(at, (size_t)n), NULL, &key), HF_OK);
    BIO_free(bio);
    hf_libcrypto.key_public(key, &public);
    EVP_PKEY_get_octet_string_param(p256, OSSL_PKEY_PARAM_PUB_KEY, expected,
                                    sizeof(expected), &len);
    assert_int_equal(public.kind, HF_KEY_P256);
    assert_int_equal(public.bits, 256);
    assert_int_equal(public.point.len, 65);
    assert_memory_equal(public.point.at, expected, 65);
    hf_libcrypto.key_free(key);

    bio = memory();
    i2d_PrivateKey_bio(bio, rsa);
    n = BIO_get_mem_data(bio, &at);
    assert_int_equal(load(hf_span(at, (size_t)n), NULL, &key), HF_OK);
    BIO_free(bio);
    hf_libcrypto.key_public(key, &public);
    BIGNUM *modulus = NULL;
    EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &modulus);
    assert_int_equal(BN_bn2bin(modulus, expected), 256);
    BN_free(modulus);
    assert_int_equal(public.kind, HF_KEY_RSA);
    assert_int_equal(public.bits, 2048);
    assert_int_equal(public.modulus.len, 256);
    assert_memory_equal(public.modulus.at, expected, 256);
    assert_bytes(public.exponent.at, public.exponent.len, "010001");
    hf_libcrypto.key_free(key);
}

/* ---- passphrases --------------------------------------------------------------------------- */

static BIO *encrypted(bool old)
{
    BIO *pem = memory();
    char pass[] = "right";

    if (old)
        PEM_write_bio_PrivateKey_traditional(pem, p256, EVP_aes_256_cbc(),
                                             (uint8_t *)pass, 5, NULL, NULL);
    else
        PEM_write_bio_PKCS8PrivateKey(pem, p256, EVP_aes_256_cbc(), pass, 5,
                                      NULL, NULL);
    return pem;
}

static void a_wrong_or_missing_passphrase_is_said(void **state)
{
    (void)state;
    for (int old = 0; old < 2; old++) {
        struct answer wrong = { "wrong", 0 }, none = { NULL, 0 };
        for (int i = 0; i < 20; i++) /* by chance the padding may be right */
            assert_int_equal(code_of(encrypted(old), &wrong),
                             HF_E_BAD_PASSPHRASE);
        assert_int_equal(code_of(encrypted(old), &none), HF_E_BAD_PASSPHRASE);
        assert_int_equal(none.asked, 1);
        assert_int_equal(code_of(encrypted(old), NULL), HF_E_BAD_PASSPHRASE);
    }
}

static size_t say_too_much(void *ctx, char *out, size_t cap)
{
    (void)ctx;
    memset(out, 'x', cap);
    return cap + 1;
}

static void a_passphrase_longer_than_its_room_is_refused(void **state)
{
    struct hf_private_key *key;
    struct hf_error error = { 0 };
    BIO *bio = encrypted(false);
    char *at;
    long len = BIO_get_mem_data(bio, &at);

    (void)state;
    assert_false(hf_libcrypto.key_load(opened()->self, hf_span(at, (size_t)len),
                                       say_too_much, NULL, &key, &error));
    assert_int_equal(error.code, HF_E_BAD_PASSPHRASE);
    BIO_free(bio);
}

static void nobody_is_asked_about_a_key_in_the_clear(void **state)
{
    struct answer a = { "x", 0 };
    BIO *pem = memory();

    (void)state;
    PEM_write_bio_PKCS8PrivateKey(pem, p256, NULL, NULL, 0, NULL, NULL);
    assert_loads(pem, &a, p256);
    assert_int_equal(a.asked, 0);
}

/* ---- what we refuse -------------------------------------------------------------------------- */

static BIO *text(const char *string)
{
    BIO *bio = memory();

    BIO_puts(bio, string);
    return bio;
}

static void what_is_no_key_is_refused(void **state)
{
    struct answer a = { "x", 0 };
    struct hf_private_key *key;

    (void)state;
    assert_int_equal(load(hf_span(NULL, 0), NULL, &key), HF_E_BAD_KEY);
    assert_int_equal(code_of(text("hello"), NULL), HF_E_BAD_PEM);
    assert_int_equal(code_of(text("0"), NULL), HF_E_BAD_KEY);
    assert_int_equal(code_of(text("0000000000000000"), NULL), HF_E_BAD_KEY);
    assert_int_equal(code_of(text("-----BEGIN PRIVATE KEY-----\nAAAA\n"), NULL),
                     HF_E_BAD_PEM);
    assert_int_equal(code_of(text("-----BEGIN PRIVATE KEY-----\nAAAA\n"
                                  "-----END PRIVATE KEY-----\n"),
                             NULL),
                     HF_E_BAD_KEY);
    assert_int_equal(code_of(text("-----BEGIN PRIVATE KEY-----\n!!!!\n"
                                  "-----END PRIVATE KEY-----\n"),
                             NULL),
                     HF_E_BAD_PEM);
    assert_int_equal(code_of(text("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                  "-----END CERTIFICATE-----\n"),
                             NULL),
                     HF_E_BAD_PEM);
    assert_int_equal(code_of(text("-----BEGIN EC PRIVATE KEY-----\n"
                                  "Proc-Type: 4,ENCRYPTED\n"
                                  "DEK-Info: RC4,00\n\nAAAA\n"
                                  "-----END EC PRIVATE KEY-----\n"),
                             &a),
                     HF_E_BAD_KEY);
    assert_int_equal(code_of(text("-----BEGIN EC PRIVATE KEY-----\n"
                                  "Proc-Type: 4,ENCRYPTED\n"
                                  "DEK-Info: AES-128-CBC,00\n\nAAAA\n"
                                  "-----END EC PRIVATE KEY-----\n"),
                             &a),
                     HF_E_BAD_KEY);
    assert_int_equal(a.asked, 0);
    uint8_t *big = calloc(1, 70000);
    assert_int_equal(load(hf_span(big, 70000), NULL, &key), HF_E_BAD_KEY);
    free(big);
}

static BIO *pkcs8_of(EVP_PKEY *pkey)
{
    BIO *bio = memory();

    assert_non_null(pkey);
    assert_int_equal(
        i2d_PKCS8PrivateKey_bio(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    EVP_PKEY_free(pkey);
    return bio;
}

static EVP_PKEY *rsa_with(unsigned bits, unsigned long exponent)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *pkey = NULL;

    BN_set_word(e, exponent);
    EVP_PKEY_keygen_init(ctx);
    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits);
    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static void weak_and_foreign_keys_are_refused(void **state)
{
    (void)state;
    assert_int_equal(code_of(pkcs8_of(rsa_with(1024, 65537)), NULL),
                     HF_E_BAD_KEY);
    assert_int_equal(code_of(pkcs8_of(rsa_with(2048, 3)), NULL), HF_E_BAD_KEY);
    assert_int_equal(code_of(pkcs8_of(EVP_EC_gen("secp256k1")), NULL),
                     HF_E_BAD_KEY);
    assert_int_equal(code_of(pkcs8_of(EVP_EC_gen("P-224")), NULL),
                     HF_E_BAD_KEY);
    assert_int_equal(
        code_of(pkcs8_of(EVP_PKEY_Q_keygen(NULL, NULL, "X25519")), NULL),
        HF_E_BAD_KEY);
    assert_int_equal(
        code_of(pkcs8_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")), NULL),
        HF_E_BAD_KEY);
}

static void a_curve_spelled_out_is_refused(void **state)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(
                         pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    assert_int_equal(code_of(pkcs8_of(pkey), NULL), HF_E_BAD_KEY);
}

/* SEC1 says both halves; here the public one is another key's. */
static void a_public_half_of_another_key_is_refused(void **state)
{
    uint8_t *one = NULL, *two = NULL;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    struct hf_private_key *key;
    int len = i2d_PrivateKey(p256, &one);

    (void)state;
    assert_int_equal(i2d_PrivateKey(other, &two), len);
    assert_int_equal(load(hf_span(one, (size_t)len), NULL, &key), HF_OK);
    hf_libcrypto.key_free(key);
    memcpy(one + len - 64, two + len - 64, 64);
    assert_int_equal(load(hf_span(one, (size_t)len), NULL, &key), HF_E_BAD_KEY);
    OPENSSL_free(one);
    OPENSSL_free(two);
    EVP_PKEY_free(other);
}

static void a_key_cut_or_continued_is_refused(void **state)
{
    EVP_PKEY *const all[] = { rsa, p256, ed25519 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++)
        for (int form = 0; form < 2; form++) {
            uint8_t *der = NULL;
            struct hf_private_key *key;
            PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(all[i]);
            size_t len = (size_t)(form ? i2d_PKCS8_PRIV_KEY_INFO(info, &der)
                                       : i2d_PrivateKey(all[i], &der));
            for (size_t cut = 0; cut < len; cut++) {
                uint8_t *copy = malloc(cut + !cut);
                memcpy(copy, der, cut);
                assert_int_not_equal(load(hf_span(copy, cut), NULL, &key),
                                     HF_OK);
                free(copy);
            }
            uint8_t *more = calloc(1, len + 1);
            memcpy(more, der, len);
            assert_int_equal(load(hf_span(more, len + 1), NULL, &key),
                             HF_E_BAD_KEY);
            free(more);
            OPENSSL_free(der);
            PKCS8_PRIV_KEY_INFO_free(info);
        }
}

/* Whatever is in the file: a key, or a reason, never a crash. */
static void each_flipped_byte_ends_well(void **state)
{
    EVP_PKEY *const all[] = { p256, ed25519 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(all); i++) {
        uint8_t *der = NULL;
        struct hf_private_key *key;
        struct answer a = { "x", 0 };
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(all[i]);
        size_t len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &der);
        size_t refused = 0;
        for (size_t at = 0; at < len; at++)
            for (int bit = 0; bit < 8; bit++) {
                der[at] ^= (uint8_t)(1 << bit);
                if (load(hf_span(der, len), &a, &key) == HF_OK)
                    hf_libcrypto.key_free(key);
                else
                    refused++;
                der[at] ^= (uint8_t)(1 << bit);
            }
        assert_true(refused > 8 * len / 4);
        OPENSSL_free(der);
        PKCS8_PRIV_KEY_INFO_free(info);
    }
}

/* ---- life ------------------------------------------------------------------------------------- */

static struct hf_private_key *some_key(void *self)
{
    uint8_t *der = NULL;
    struct hf_private_key *key;
    struct hf_error error = { 0 };
    int len = i2d_PrivateKey(ed25519, &der);

    assert_true(hf_libcrypto.key_load(self, hf_span(der, (size_t)len), NULL,
                                      NULL, &key, &error));
    OPENSSL_free(der);
    return key;
}

static void a_key_outlives_the_instance_it_came_from(void **state)
{
    struct hf_error error = { 0 };
    void *self = hf_libcrypto.open(&error);

    (void)state;
    assert_non_null(self);
    struct hf_private_key *key = some_key(self);
    assert_ptr_equal(hf_libcrypto.key_keep(key), key);
    hf_libcrypto.close(self);
    assert_key(key, ed25519);
    hf_libcrypto.key_free(key);
    assert_key(key, ed25519);
    hf_libcrypto.key_free(key);
    hf_libcrypto.key_free(NULL);
    hf_libcrypto.close(NULL);
}

static void *keep_and_sign(void *arg)
{
    struct hf_private_key *key = arg;

    for (int i = 0; i < 200; i++) {
        hf_libcrypto.key_keep(key);
        assert_key(key, ed25519);
        hf_libcrypto.key_free(key);
    }
    return NULL;
}

static void a_key_signs_in_many_threads(void **state)
{
    struct hf_private_key *key = some_key(opened()->self);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_sign, key),
                         0);
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    hf_libcrypto.key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkcs8_loads),
        cmocka_unit_test(pkcs1_and_sec1_load),
        cmocka_unit_test(encrypted_pkcs8_loads),
        cmocka_unit_test(old_encrypted_pem_loads),
        cmocka_unit_test(what_stands_before_the_key_is_passed_over),
        cmocka_unit_test(the_public_half_is_that_of_the_key),
        cmocka_unit_test(a_wrong_or_missing_passphrase_is_said),
        cmocka_unit_test(a_passphrase_longer_than_its_room_is_refused),
        cmocka_unit_test(nobody_is_asked_about_a_key_in_the_clear),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(weak_and_foreign_keys_are_refused),
        cmocka_unit_test(a_curve_spelled_out_is_refused),
        cmocka_unit_test(a_public_half_of_another_key_is_refused),
        cmocka_unit_test(a_key_cut_or_continued_is_refused),
        cmocka_unit_test(each_flipped_byte_ends_well),
        cmocka_unit_test(a_key_outlives_the_instance_it_came_from),
        cmocka_unit_test(a_key_signs_in_many_threads),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
