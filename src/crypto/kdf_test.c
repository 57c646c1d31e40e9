/* kdf_test.c - key derivation against RFC 4231, RFC 5869, RFC 8448, Project
 * Wycheproof and libcrypto's own TLS 1.2 PRF. */
#include "vectors.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static const struct hf_hash *sha(unsigned id)
{
    const struct hf_hash *hash = hf_hash_by_id(opened(), id);

    assert_non_null(hash);
    return hash;
}

/* ---- hashes ------------------------------------------------------------------------ */

static void digests_of_parts_are_right(void **state)
{
    const struct hf_span abc[] = { hf_span("a", 1), hf_span(NULL, 0),
                                   hf_span("bc", 2) };
    uint8_t out[HF_HASH_MAX];

    (void)state;
    assert_true(hf_hash_parts(opened(), sha(HF_SHA256), abc, 3, out));
    assert_bytes(out, 32,
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f200"
                 "15ad");
    assert_true(hf_hash_parts(opened(), sha(HF_SHA384), abc, 3, out));
    assert_bytes(out, 48,
                 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff"
                 "5bed8086072ba1e7cc2358baeca134c825a7");
    assert_true(hf_hash_parts(opened(), sha(HF_SHA512), abc, 3, out));
    assert_bytes(out, 64,
                 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55"
                 "d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94f"
                 "a54ca49f");
}

static void a_digest_leaves_the_state_running(void **state)
{
    (void)state;
    for (unsigned id = HF_SHA256; id <= HF_SHA512; id++) {
        const struct hf_hash *h = sha(id);
        struct hf_hash_state run = { 0 }, fork = { 0 };
        uint8_t first[HF_HASH_MAX], again[HF_HASH_MAX], all[HF_HASH_MAX];
        const struct hf_span parts[] = { hf_span("one", 3), hf_span("two", 3) };

        assert_true(h->start(opened()->self, &run));
        assert_true(h->add(&run, parts[0]));
        assert_true(h->digest(&run, first));
        assert_true(h->digest(&run, again));
        assert_memory_equal(first, again, h->len);
        assert_true(h->copy(&fork, &run));
        assert_true(h->add(&run, parts[1]));
        assert_true(h->digest(&run, again));
        assert_true(hf_hash_parts(opened(), h, parts, 2, all));
        assert_memory_equal(again, all, h->len);
        assert_true(h->digest(&fork, again));
        assert_memory_equal(first, again, h->len);
        h->wipe(&run);
        h->wipe(&fork);
        h->wipe(&fork); /* all-zero is fine */
        for (size_t i = 0; i < sizeof(run); i++)
            assert_int_equal(run.bytes[i], 0);
    }
}

/* ---- HMAC --------------------------------------------------------------------------- */

static void hmac(unsigned id, struct hf_span key, struct hf_span message,
                 uint8_t *out)
{
    struct hf_hmac h;

    assert_true(hf_hmac_key(&h, opened(), sha(id), key));
    assert_true(hf_hmac_sum(&h, &message, 1, out));
    hf_hmac_wipe(&h);
    assert_null(h.hash);
    hf_hmac_wipe(&h); /* twice is fine */
}

static const struct {
    const char *key, *data, *sha256, *sha384;
} rfc4231[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
      "faea9ea9076ede7f4af152e8b2fa9cb6" },
    { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
      "8e2240ca5e69e2c78b3239ecfab21649" },
    { "0102030405060708090a0b0c0d0e0f10111213141516171819",
      "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
      "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
      "6801dd23c4a7d679ccf8a386c674cffb" },
};

static void hmac_is_that_of_rfc_4231(void **state)
{
    uint8_t out[HF_HASH_MAX], key[131];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rfc4231); i++) {
        hmac(HF_SHA256, hex(rfc4231[i].key), hex(rfc4231[i].data), out);
        assert_bytes(out, 32, rfc4231[i].sha256);
        hmac(HF_SHA384, hex(rfc4231[i].key), hex(rfc4231[i].data), out);
        assert_bytes(out, 48, rfc4231[i].sha384);
    }
    /* Case 6: a key longer than a block of either hash. */
    memset(key, 0xaa, sizeof(key));
    struct hf_span data = hf_span_text(
        "Test Using Larger Than Block-Size Key - Hash Key First");
    hmac(HF_SHA256, HF_SPAN(key), data, out);
    assert_bytes(out, 32,
                 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee3"
                 "7f54");
    hmac(HF_SHA384, HF_SPAN(key), data, out);
    assert_bytes(out, 48,
                 "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033a"
                 "c4c60c2ef6ab4030fe8296248df163f44952");
}

static void check_hmac(void *ctx, const struct vector *v)
{
    const unsigned id = *(const unsigned *)ctx;
    struct hf_span tag = vector_bytes(v, "tag");
    uint8_t out[HF_HASH_MAX];

    hmac(id, vector_bytes(v, "key"), vector_bytes(v, "msg"), out);
    if (hf_equal(out, tag.at, tag.len) != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
}

static void hmac_is_that_of_wycheproof(void **state)
{
    unsigned id = HF_SHA256;

    (void)state;
    assert_true(vectors_each("hmac_sha256_test.json", check_hmac, &id) > 100);
    id = HF_SHA384;
    assert_true(vectors_each("hmac_sha384_test.json", check_hmac, &id) > 100);
}

static void one_hmac_key_serves_many_messages(void **state)
{
    struct hf_span parts[] = { hex("cdcdcdcd"), hex(""), hex("cdcd") };
    uint8_t once[32], whole[32];
    struct hf_hmac h;

    (void)state;
    assert_true(hf_hmac_key(&h, opened(), sha(HF_SHA256), hex("0102")));
    for (int i = 0; i < 3; i++) {
        assert_true(hf_hmac_sum(&h, parts, 3, once));
        hmac(HF_SHA256, hex("0102"), hex("cdcdcdcdcdcd"), whole);
        assert_memory_equal(once, whole, 32);
    }
    hf_hmac_wipe(&h);
}

/* ---- HKDF --------------------------------------------------------------------------- */

static void hkdf(unsigned id, struct hf_span ikm, struct hf_span salt,
                 struct hf_span info, uint8_t *prk, uint8_t *okm, size_t len)
{
    struct hf_hmac h;

    assert_true(hf_hkdf_extract(opened(), sha(id), salt, ikm, prk));
    assert_true(hf_hmac_key(&h, opened(), sha(id), hf_span(prk, sha(id)->len)));
    assert_true(hf_hkdf_expand(&h, info, okm, len));
    hf_hmac_wipe(&h);
}

static const struct {
    const char *ikm, *salt, *info, *prk, *okm;
} rfc5869[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865" },
    { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
      "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
      "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
      "9d201395faa4b61a96c8" },
};

static void hkdf_is_that_of_rfc_5869(void **state)
{
    uint8_t prk[HF_HASH_MAX], okm[128];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rfc5869); i++) {
        size_t len = strlen(rfc5869[i].okm) / 2;
        hkdf(HF_SHA256, hex(rfc5869[i].ikm), hex(rfc5869[i].salt),
             hex(rfc5869[i].info), prk, okm, len);
        assert_bytes(prk, 32, rfc5869[i].prk);
        assert_bytes(okm, len, rfc5869[i].okm);
    }
}

static void check_hkdf(void *ctx, const struct vector *v)
{
    const struct hf_hash *hash = sha(*(const unsigned *)ctx);
    const size_t size = (size_t)vector_number(v, "size");
    uint8_t prk[HF_HASH_MAX], *okm = malloc(size + !size);
    struct hf_hmac h;

    assert_non_null(okm);
    assert_true(hf_hkdf_extract(opened(), hash, vector_bytes(v, "salt"),
                                vector_bytes(v, "ikm"), prk));
    assert_true(hf_hmac_key(&h, opened(), hash, hf_span(prk, hash->len)));
    bool ok = hf_hkdf_expand(&h, vector_bytes(v, "info"), okm, size);
    hf_hmac_wipe(&h);
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
    if (ok)
        assert_memory_equal(okm, vector_bytes(v, "okm").at, size);
    free(okm);
}

static void hkdf_is_that_of_wycheproof(void **state)
{
    unsigned id = HF_SHA256;

    (void)state;
    assert_true(vectors_each("hkdf_sha256_test.json", check_hkdf, &id) > 50);
    id = HF_SHA384;
    assert_true(vectors_each("hkdf_sha384_test.json", check_hkdf, &id) > 50);
}

static void more_than_255_blocks_are_refused(void **state)
{
    static uint8_t out[255 * 32 + 1];
    struct hf_hmac h;

    (void)state;
    assert_true(hf_hmac_key(&h, opened(), sha(HF_SHA256), hex("01")));
    assert_true(hf_hkdf_expand(&h, hex(""), out, sizeof(out) - 1));
    assert_false(hf_hkdf_expand(&h, hex(""), out, sizeof(out)));
    for (size_t i = 0; i < sizeof(out); i++)
        assert_int_equal(out[i], 0);
    hf_hmac_wipe(&h);
}

/* ---- HKDF-Expand-Label: the simple handshake of RFC 8448 3 ------------------------- */

static void expand(const char *secret, const char *label, const char *context,
                   const char *expected)
{
    struct hf_span want = hex(expected);
    uint8_t out[64];
    struct hf_hmac h;

    assert_true(hf_hmac_key(&h, opened(), sha(HF_SHA256), hex(secret)));
    assert_true(hf_expand_label(&h, label, hex(context), out, want.len));
    assert_memory_equal(out, want.at, want.len);
    hf_hmac_wipe(&h);
}

#define EARLY "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
#define DERIVED \
    "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"
#define HANDSHAKE \
    "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HELLOS \
    "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"
#define SERVER_HS \
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"

static void labels_expand_as_in_rfc_8448(void **state)
{
    uint8_t zeroes[32] = { 0 }, out[32];

    (void)state;
    assert_true(hf_hkdf_extract(opened(), sha(HF_SHA256), hf_span(NULL, 0),
                                HF_SPAN(zeroes), out));
    assert_bytes(out, 32, EARLY);
    expand(EARLY, "derived", EMPTY, DERIVED);
    assert_true(hf_hkdf_extract(
        opened(), sha(HF_SHA256), hex(DERIVED),
        hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"),
        out));
    assert_bytes(out, 32, HANDSHAKE);
    expand(HANDSHAKE, "c hs traffic", HELLOS,
           "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    expand(HANDSHAKE, "s hs traffic", HELLOS, SERVER_HS);
    expand(HANDSHAKE, "derived", EMPTY,
           "43de77e0c77713859a944db9db2590b53190a65b3ee2e4f12dd7a0bb7ce254b4");
    expand(SERVER_HS, "key", "", "3fce516009c21727d0f2e4e86ee403bc");
    expand(SERVER_HS, "iv", "", "5d313eb2671276ee13000b30");
    expand(SERVER_HS, "finished", "",
           "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8");
}

/* uint16 length, label with its length, context with its length, by hand. */
static void the_length_has_two_bytes(void **state)
{
    const struct hf_span info = hf_span("\x01\x2c\x09tls13 key\0", 13);
    uint8_t want[300], got[300];
    struct hf_hmac h;

    (void)state;
    assert_true(hf_hmac_key(&h, opened(), sha(HF_SHA256), hex("01")));
    assert_true(hf_hkdf_expand(&h, info, want, sizeof(want)));
    assert_true(hf_expand_label(&h, "key", hf_span(NULL, 0), got, sizeof(got)));
    assert_memory_equal(got, want, sizeof(got));
    hf_hmac_wipe(&h);
}

static void labels_and_contexts_have_limits(void **state)
{
    char label[251];
    uint8_t context[256] = { 0 }, out[32];
    struct hf_hmac h;

    (void)state;
    memset(label, 'x', sizeof(label) - 1);
    label[250] = 0;
    assert_true(hf_hmac_key(&h, opened(), sha(HF_SHA256), hex("01")));
    assert_true(hf_expand_label(&h, label + 1, hf_span(context, 255), out, 32));
    memset(out, 1, sizeof(out));
    assert_false(hf_expand_label(&h, label, hf_span(context, 0), out, 32));
    assert_int_equal(out[0], 0);
    memset(out, 1, sizeof(out));
    assert_false(hf_expand_label(&h, "x", hf_span(context, 256), out, 32));
    assert_int_equal(out[0], 0);
    hf_hmac_wipe(&h);
}

/* ---- the PRF of TLS 1.2 -------------------------------------------------------------- */

static void prf_matches_the_known_answer(void **state)
{
    struct hf_span seed = hex("a0ba9f936cda311827a6f796ffd5198c");
    uint8_t out[100];

    (void)state;
    assert_true(hf_prf12(opened(), sha(HF_SHA256),
                         hex("9bbe436ba940f017b17652849a71db35"), "test label",
                         &seed, 1, out, sizeof(out)));
    assert_bytes(out, sizeof(out),
                 "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61e"
                 "db5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797"
                 "c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e"
                 "5a5110fff70187347b66");
}

static void prf_of_libcrypto(const char *md, struct hf_span secret,
                             const char *label, struct hf_span seed,
                             uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    char name[32], text[64];
    uint8_t key[64], bytes[128];

    memcpy(key, secret.at, secret.len);
    memcpy(bytes, seed.at, seed.len);
    snprintf(name, sizeof(name), "%s", md);
    snprintf(text, sizeof(text), "%s", label);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, key,
                                          secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, text,
                                          strlen(label)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, bytes, seed.len),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void prf_agrees_with_libcrypto_at_every_length(void **state)
{
    static const char *const names[] = { "SHA256", "SHA384", "SHA512" };
    uint8_t secret[48], seed[64], ours[160], theirs[160];
    const struct hf_span parts[] = { hf_span(seed, 32),
                                     hf_span(seed + 32, 32) };

    (void)state;
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(i * 7), secret[i % 48] = (uint8_t)(i * 3 + 1);
    for (unsigned id = HF_SHA256; id <= HF_SHA512; id++)
        for (size_t len = 1; len <= sizeof(ours); len++) {
            assert_true(hf_prf12(opened(), sha(id), HF_SPAN(secret),
                                 "key expansion", parts, 2, ours, len));
            prf_of_libcrypto(names[id - 1], HF_SPAN(secret), "key expansion",
                             HF_SPAN(seed), theirs, len);
            assert_memory_equal(ours, theirs, len);
        }
}

static void prf_refuses_too_many_parts(void **state)
{
    struct hf_span parts[7] = { 0 };
    uint8_t out[48];

    (void)state;
    memset(out, 1, sizeof(out));
    assert_true(hf_prf12(opened(), sha(HF_SHA256), hex("01"), "x", parts, 6,
                         out, sizeof(out)));
    assert_false(hf_prf12(opened(), sha(HF_SHA256), hex("01"), "x", parts, 7,
                          out, sizeof(out)));
    assert_int_equal(out[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_parts_are_right),
        cmocka_unit_test(a_digest_leaves_the_state_running),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
        cmocka_unit_test(hmac_is_that_of_wycheproof),
        cmocka_unit_test(one_hmac_key_serves_many_messages),
        cmocka_unit_test(hkdf_is_that_of_rfc_5869),
        cmocka_unit_test(hkdf_is_that_of_wycheproof),
        cmocka_unit_test(more_than_255_blocks_are_refused),
        cmocka_unit_test(labels_expand_as_in_rfc_8448),
        cmocka_unit_test(the_length_has_two_bytes),
        cmocka_unit_test(labels_and_contexts_have_limits),
        cmocka_unit_test(prf_matches_the_known_answer),
        cmocka_unit_test(prf_agrees_with_libcrypto_at_every_length),
        cmocka_unit_test(prf_refuses_too_many_parts),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
