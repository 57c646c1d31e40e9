/* keyfile_test.c - what stands around a private key in its file: the headers of
 * one that was encrypted as of old, what only looks like a key, and what a key
 * may be restricted to.  The keys themselves are key_test.c's. */
#include "vectors.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static struct hf_error error;
static unsigned asked; /* for the passphrase, by the last load() */

static size_t say(void *ctx, char *out, size_t cap)
{
    (void)ctx;
    assert_true(cap >= 6);
    memcpy(out, "sesame", 6);
    asked++;
    return 6;
}

static unsigned load(struct hf_span text)
{
    struct hf_private_key *key = NULL;
    bool ok;

    asked = 0;
    error = (struct hf_error){ .code = HF_OK };
    ok = hf_libcrypto.key_load(opened()->self, text, say, NULL, &key, &error);
    assert_int_equal(ok, error.code == HF_OK);
    assert_int_equal(key != NULL, error.code == HF_OK);
    hf_libcrypto.key_free(key);
    return error.code;
}

static void refused(struct hf_span text, const char *words)
{
    assert_int_equal(load(text), HF_E_BAD_KEY);
    if (!strstr(error.detail, words))
        fail_msg("\"%s\" is not in: %s", words, error.detail);
    assert_int_equal(asked, 0);
}

/* ---- headers (RFC 1421) ---------------------------------------------------------------- */

/* A key as OpenSSL encrypted it before 2000. */
static size_t write_old(char *out, size_t cap)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    uint8_t pass[] = "sesame";
    char *text;
    long len;

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(
                         bio, pkey, EVP_aes_256_cbc(), pass, 6, NULL, NULL),
                     1);
    len = BIO_get_mem_data(bio, &text);
    assert_true(len > 0 && (size_t)len < cap);
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return (size_t)len;
}

static void blanks_behind_a_header_are_no_part_of_it(void **state)
{
    static const char *const ends[] = { "\n", " \n", "\r\n", " \t \r\n" };
    char text[2048], odd[2048];

    (void)state;
    write_old(text, sizeof(text));
    for (size_t i = 0; i < HF_COUNT(ends); i++) {
        size_t len = 0;

        for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
            const int n = (int)strcspn(at, "\n");
            const bool header = memchr(at, ':', (size_t)n) != NULL;

            len += (size_t)snprintf(odd + len, sizeof(odd) - len, "%.*s%s", n,
                                    at, header ? ends[i] : "\n");
        }
        if (load(hf_span(odd, len)))
            fail_msg("with end %zu: %s", i, error.detail);
        assert_int_equal(asked, 1);
    }
}

static void a_cipher_and_its_iv_must_be_said_in_full(void **state)
{
    static const char *const infos[] = {
        "DEK-Info: AES-128-CBC,00112233445566778899aabbccddee",
        "DEK-Info: AES-128-CBC,00112233445566778899aabbccddeeff00",
        "DEK-Info: AES-128-CBC,00112233445566778899aabbccddeef",
        "DEK-Info: AES-128-CBC,00112233445566778899aabbccddeexx",
        "DEK-Info: AES-128-CBC,",
        "DEK-Info: AES-128-CBC",
        "DEK-Info: ,00112233445566778899aabbccddeeff",
        "DEK-Info: AES-128-CB,00112233445566778899aabbccddeeff",
        "DEK-Info: DES-CBC,0011223344556677",
        "DEK-Info: DES-EDE3-CBC,001122334455667788",
        "DEK-Info:",
        "Dek-info: AES-128-CBC,00112233445566778899aabbccddeeff",
        "Comment: there is none",
    };
    char text[300];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(infos); i++) {
        int len = snprintf(text, sizeof(text),
                           "-----BEGIN EC PRIVATE KEY-----\n"
                           "Proc-Type: 4,ENCRYPTED\n%s\n\nAAAA\n"
                           "-----END EC PRIVATE KEY-----\n",
                           infos[i]);

        refused(hf_span(text, (size_t)len), "encryption that is not supported");
    }
}

/* ---- DER --------------------------------------------------------------------------------- */

/* The first elements of a key, and then something else. */
static void what_only_begins_like_a_key_is_refused(void **state)
{
    static const char *const der[] = {
        "30060201000201"
        "05", /* PKCS#1: no modulus */
        "300602010104"
        "0105", /* SEC1: no curve */
        "30110201010401"
        "05a00a06082a8648ce3d030107", /* SEC1: a short key */
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(der); i++)
        refused(hf_span(hex(der[i]).at, hex(der[i]).len),
                "neither PKCS#8, PKCS#1 nor SEC1");
}

/* A whole key with one element more inside its SEQUENCE. */
static void nothing_follows_the_last_number_of_a_key(void **state)
{
    (void)state;
    for (int rsa = 0; rsa < 2; rsa++) {
        EVP_PKEY *pkey = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        uint8_t der[2048], *at = der;
        int len = i2d_PrivateKey(pkey, &at);
        const unsigned width = rsa ? 2 : 1; /* of the SEQUENCE's length */

        assert_true(len > 0 && (size_t)len + 2 <= sizeof(der));
        assert_int_equal(load(hf_span(der, (size_t)len)), HF_OK);
        at = der + width; /* RSA: behind 0x82 */
        hf_store_number(at, hf_number(at, width) + 2, width);
        memcpy(der + len, "\x05", 2);
        refused(hf_span(der, (size_t)len + 2), "neither PKCS#8, PKCS#1");
        EVP_PKEY_free(pkey);
    }
}

/* ---- RSA-PSS ------------------------------------------------------------------------------- */

/* PKCS#8 of a key that is good for PSS with @hash only; NULL: with any. */
static unsigned load_pss(const EVP_MD *hash)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *pkey = NULL;
    unsigned code;
    char *text;
    long len;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    if (hash)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, hash), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    assert_int_equal(
        i2d_PKCS8PrivateKey_bio(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    len = BIO_get_mem_data(bio, &text);
    code = load(hf_span(text, (size_t)len));
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    return code;
}

static void a_key_for_a_hash_that_we_do_not_sign_with_is_refused(void **state)
{
    const EVP_MD *const good[] = { NULL, EVP_sha256(), EVP_sha512() };
    const EVP_MD *const bad[] = { EVP_sha1(), EVP_sha224() };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(good); i++)
        assert_int_equal(load_pss(good[i]), HF_OK);
    for (size_t i = 0; i < HF_COUNT(bad); i++) {
        assert_int_equal(load_pss(bad[i]), HF_E_BAD_KEY);
        assert_string_equal(error.detail,
                            "RSA-PSS restricted to an unsupported hash");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_behind_a_header_are_no_part_of_it),
        cmocka_unit_test(a_cipher_and_its_iv_must_be_said_in_full),
        cmocka_unit_test(what_only_begins_like_a_key_is_refused),
        cmocka_unit_test(nothing_follows_the_last_number_of_a_key),
        cmocka_unit_test(a_key_for_a_hash_that_we_do_not_sign_with_is_refused),
    };

    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
