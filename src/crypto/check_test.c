/* check_test.c - the self-test notices a libcrypto that computes wrongly or
 * accepts what it must not; and what a host does to its own libcrypto by
 * OPENSSL_CONF does not reach ours. */
#include "vectors.h"

#include "crypto/libcrypto.h"

#include <unistd.h>

/* A copy of the instance, to be made worse.  Nothing that it could share with
 * the original and give away is in it. */
static struct hf_libcrypto copy_of_instance(void)
{
    struct hf_libcrypto copy;

    hf_ecdsa_forget(opened()->self);
    memcpy(&copy, opened()->self, sizeof(copy));
    return copy;
}

static void a_sound_library_passes(void **state)
{
    struct hf_libcrypto lib = copy_of_instance();

    (void)state;
    assert_null(hf_libcrypto_check(&lib));
    hf_ecdsa_forget(&lib);
}

static void another_cipher_is_noticed(void **state)
{
    static const char *const names[] = { "AES-128-GCM", "AES-256-GCM",
                                         "ChaCha20-Poly1305" };

    (void)state;
    for (size_t i = 0; i < HF_CIPHER_SLOTS; i++) {
        struct hf_libcrypto lib = copy_of_instance();
        lib.ciphers[i] = EVP_CIPHER_fetch(lib.lib, "AES-192-GCM", NULL);
        assert_string_equal(hf_libcrypto_check(&lib), names[i]);
        EVP_CIPHER_free(lib.ciphers[i]);
    }
}

static void another_curve_is_noticed(void **state)
{
    struct hf_libcrypto lib = copy_of_instance();

    (void)state;
    lib.curves[HF_SLOT_P256] = lib.curves[HF_SLOT_P384];
    assert_string_equal(hf_libcrypto_check(&lib), "secp256r1");
}

static int off_by_one(void *exchange, unsigned char *secret, size_t *len,
                      size_t cap)
{
    struct hf_libcrypto *lib = opened()->self;
    int ok = lib->x25519.derive(exchange, secret, len, cap);

    secret[31] ^= 1;
    return ok;
}

static int accept_anything(void *exchange, unsigned char *secret, size_t *len,
                           size_t cap)
{
    struct hf_libcrypto *lib = opened()->self;

    if (lib->x25519.derive(exchange, secret, len, cap) == 1)
        return 1;
    memset(secret, 1, cap); /* of a point of low order */
    *len = cap;
    return 1;
}

static void a_wrong_or_credulous_x25519_is_noticed(void **state)
{
    struct hf_libcrypto lib = copy_of_instance();

    (void)state;
    lib.x25519.derive = off_by_one;
    assert_string_equal(hf_libcrypto_check(&lib), "x25519");
    lib.x25519.derive = accept_anything;
    assert_string_equal(hf_libcrypto_check(&lib), "x25519");
}

/* ---- OPENSSL_CONF ---------------------------------------------------------------- */

static char conf[] = "/tmp/handfast-conf-XXXXXX";

/* A configuration in which the default provider is not active. */
static bool write_conf(void)
{
    static const char text[] = "openssl_conf = init\n"
                               "[init]\nproviders = providers\n"
                               "[providers]\nnull = null_section\n"
                               "[null_section]\nactivate = 1\n";
    int fd = mkstemp(conf);

    return fd >= 0 &&
           write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1 &&
           close(fd) == 0 && setenv("OPENSSL_CONF", conf, 1) == 0;
}

/* Load a key of the type, sign with each row that it has, and verify. */
static void sign_with(const char *type)
{
    struct hf_libcrypto *lib = opened()->self;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib->lib, type, NULL);
    EVP_PKEY *pkey = NULL;
    uint8_t *der = NULL, sig[HF_SIGNATURE_MAX];
    struct hf_private_key *key;
    struct hf_public_key public;
    struct hf_error error = { 0 };
    size_t len, rows = 0;
    bool fault;

    EVP_PKEY_keygen_init(ctx);
    if (!strcmp(type, "EC"))
        EVP_PKEY_CTX_set_group_name(ctx, "P-256");
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    const int n = i2d_PrivateKey(pkey, &der);
    assert_true(hf_libcrypto.key_load(lib, hf_span(der, (size_t)n), NULL, NULL,
                                      &key, &error));
    hf_libcrypto.key_public(key, &public);
    for (size_t i = 0; hf_libcrypto.signatures[i]; i++) {
        const struct hf_signature *how = hf_libcrypto.signatures[i];
        if (how->key != public.kind)
            continue;
        assert_true(
            how->sign(lib, how, key, hf_span("m", 1), sig, sizeof(sig), &len));
        assert_true(how->verify(lib, how, &public, hf_span("m", 1),
                                hf_span(sig, len), &fault));
        rows++;
    }
    assert_true(rows > 0);
    hf_libcrypto.key_free(key);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
}

static void a_hosts_configuration_changes_nothing(void **state)
{
    const struct hf_crypto *c = opened();
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX], secret[HF_SECRET_MAX];
    _Alignas(16) uint8_t kx[HF_KX_STATE_MAX] = { 0 };
    bool fault;

    (void)state;
    for (size_t i = 0; hf_libcrypto.groups[i]; i++) {
        const struct hf_kx *g = hf_libcrypto.groups[i];
        assert_true(g->generate(c->self, kx, share));
        assert_true(g->encapsulate(c->self, hf_span(share, g->share_len), reply,
                                   secret, &fault));
        g->wipe(kx);
    }
    sign_with("RSA");
    sign_with("RSA-PSS");
    sign_with("EC");
    sign_with("ED25519");
    /* The host's own context, asked last, has nothing: so it did apply. */
    assert_null(EVP_MD_fetch(NULL, "SHA256", NULL));
    ERR_clear_error();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_library_passes),
        cmocka_unit_test(another_cipher_is_noticed),
        cmocka_unit_test(another_curve_is_noticed),
        cmocka_unit_test(a_wrong_or_credulous_x25519_is_noticed),
        cmocka_unit_test(a_hosts_configuration_changes_nothing),
    };
    if (!write_conf())
        return 1;
    int failed = cmocka_run_group_tests(tests, open_crypto, close_crypto);
    unlink(conf);
    return failed;
}
