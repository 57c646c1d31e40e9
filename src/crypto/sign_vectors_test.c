/* sign_vectors_test.c - signatures: Project Wycheproof's vectors for ECDSA,
 * Ed25519 and both paddings of RSA. */
#include "vectors.h"

static bool verify_by(unsigned kind, unsigned padding, unsigned hash,
                      const struct hf_public_key *key, struct hf_span message,
                      struct hf_span signature)
{
    const struct hf_signature *how = hf_signature_by_parts(opened(), kind,
                                                           padding, hash);
    bool fault = true;

    assert_non_null(how);
    bool ok = how->verify(opened()->self, how, key, message, signature, &fault);
    assert_false(fault);
    return ok;
}

static unsigned hash_named(const char *name)
{
    return !strcmp(name, "SHA-256")   ? HF_SHA256
           : !strcmp(name, "SHA-384") ? HF_SHA384
           : !strcmp(name, "SHA-512") ? HF_SHA512
                                      : HF_HASH_NONE;
}

/* ---- published vectors ------------------------------------------------------------------- */

static void check_ecdsa(void *ctx, const struct vector *v)
{
    const unsigned kind = *(const unsigned *)ctx;
    const struct hf_public_key key = {
        .kind = (uint8_t)kind,
        .point = vector_bytes(v, "uncompressed"),
    };

    bool ok = verify_by(kind, HF_PADDING_NONE,
                        hash_named(vector_text(v, "sha")), &key,
                        vector_bytes(v, "msg"), vector_bytes(v, "sig"));
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
}

static void ecdsa_is_that_of_wycheproof(void **state)
{
    unsigned kind = HF_KEY_P256;

    (void)state;
    vectors_each("ecdsa_secp256r1_sha256_test.json", check_ecdsa, &kind);
    kind = HF_KEY_P384;
    vectors_each("ecdsa_secp384r1_sha384_test.json", check_ecdsa, &kind);
    kind = HF_KEY_P521;
    vectors_each("ecdsa_secp521r1_sha512_test.json", check_ecdsa, &kind);
}

static void check_ed25519(void *ctx, const struct vector *v)
{
    const struct hf_public_key key = { .kind = HF_KEY_ED25519,
                                       .point = vector_bytes(v, "pk") };

    (void)ctx;
    bool ok = verify_by(HF_KEY_ED25519, HF_PADDING_NONE, HF_HASH_NONE, &key,
                        vector_bytes(v, "msg"), vector_bytes(v, "sig"));
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
}

static void ed25519_is_that_of_wycheproof(void **state)
{
    (void)state;
    vectors_each("ed25519_test.json", check_ed25519, NULL);
}

static struct hf_span no_zeroes(struct hf_span number)
{
    while (number.len && !number.at[0])
        number = hf_span_after(number, 1);
    return number;
}

struct rsa_count {
    unsigned padding;
    size_t tried, accepted;
};

static void check_rsa(void *ctx, const struct vector *v)
{
    struct rsa_count *count = ctx;
    const unsigned hash = hash_named(vector_text(v, "sha"));
    const struct hf_public_key key = {
        .kind = HF_KEY_RSA,
        .modulus = no_zeroes(vector_bytes(v, "modulus")),
        .exponent = no_zeroes(vector_bytes(v, "publicExponent")),
    };
    bool want = v->verdict == VALID; /* "acceptable" is what others accept */

    if (!hash)
        return;
    if (count->padding == HF_PADDING_PSS)
        want = want && vector_number(v, "sLen") == 16 + 16 * (long)hash &&
               !strcmp(vector_text(v, "mgfSha"), vector_text(v, "sha"));
    want = want && key.modulus.len >= 256 && key.exponent.len >= 3;
    bool ok = verify_by(HF_KEY_RSA, count->padding, hash, &key,
                        vector_bytes(v, "msg"), vector_bytes(v, "sig"));
    if (ok != want)
        fail_msg("test %d: %s", v->id, v->comment);
    count->tried++;
    count->accepted += ok;
}

static void rsa_pss_is_that_of_wycheproof(void **state)
{
    struct rsa_count count = { .padding = HF_PADDING_PSS };

    (void)state;
    vectors_each("rsa_pss_2048_sha256_mgf1_32_test.json", check_rsa, &count);
    vectors_each("rsa_pss_4096_sha512_mgf1_64_test.json", check_rsa, &count);
    vectors_each("rsa_pss_misc_test.json", check_rsa, &count);
    assert_true(count.tried > 300);
    assert_true(count.accepted > 100);
}

static void rsa_pkcs1_is_that_of_wycheproof(void **state)
{
    struct rsa_count count = { .padding = HF_PADDING_PKCS1 };

    (void)state;
    vectors_each("rsa_signature_2048_sha256_test.json", check_rsa, &count);
    vectors_each("rsa_signature_3072_sha384_test.json", check_rsa, &count);
    assert_true(count.tried > 400);
    assert_true(count.accepted > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_is_that_of_wycheproof),
        cmocka_unit_test(ed25519_is_that_of_wycheproof),
        cmocka_unit_test(rsa_pss_is_that_of_wycheproof),
        cmocka_unit_test(rsa_pkcs1_is_that_of_wycheproof),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
