/* mldsa_test.c - certificates with keys and signatures of ML-DSA (RFC 9881).
 * mldsa.pem has three pairs, of a leaf (with a P-256 key) and of the root that
 * signed it, with ML-DSA-44, -65 and -87; OpenSSL 3.5 made them.
 *
 * Every libcrypto reads and names them.  Those that can verify them must; the
 * others must say that they cannot, and not that the signature is wrong. */
#include "x509/scene.h"

#include <stdlib.h>

enum { SIZES = 3 };

static const char *const names[SIZES] = { "ML-DSA-44", "ML-DSA-65",
                                          "ML-DSA-87" };
static const uint8_t kinds[SIZES] = { HF_KEY_MLDSA44, HF_KEY_MLDSA65,
                                      HF_KEY_MLDSA87 };
static struct hf_span leaves[SIZES], roots[SIZES];

static struct hf_span next_der(struct hf_span *text)
{
    static uint8_t room[65536];
    static size_t used;
    struct hf_pem pem;
    size_t len;
    bool bad;
    struct hf_span der;

    assert_true(hf_pem_next(text, &pem, &bad));
    assert_true(
        hf_unbase64(pem.base64, room + used, sizeof(room) - used, &len));
    der = hf_span(room + used, len);
    used += len;
    return der;
}

static int load(void **state)
{
    static char text[65536];
    const char *source = getenv("HF_SOURCE");
    struct hf_span rest;
    char path[512];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/src/x509/mldsa.pem",
             source ? source : ".");
    file = fopen(path, "rb");
    if (!file)
        return -1;
    rest = hf_span(text, fread(text, 1, sizeof(text), file));
    fclose(file);
    for (size_t i = 0; i < SIZES; i++) {
        leaves[i] = next_der(&rest);
        roots[i] = next_der(&rest);
    }
    return 0;
}

static bool can_verify(void)
{
    return hf_signature_by_parts(make_crypto(), HF_KEY_MLDSA44, HF_PADDING_NONE,
                                 HF_HASH_NONE) != NULL;
}

static void keys_and_signatures_are_known_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_cert *root = hf_cert_new(roots[i], &error);
        char text[64];

        assert_non_null(root);
        assert_int_equal(root->key.kind, kinds[i]);
        hf_key_text(&root->key, text, sizeof(text));
        assert_string_equal(text, names[i]);
        hf_algorithm_text(root->algorithm, text, sizeof(text));
        assert_string_equal(text, names[i]);
        assert_int_equal(hf_algorithm_kind(root->algorithm), kinds[i]);
        hf_cert_free(root);
    }
}

/* RFC 9881 4: the sizes are fixed, and there are no parameters. */
static void keys_of_other_sizes_are_no_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        struct hf_error error = { .code = HF_OK };
        struct hf_cert *root = hf_cert_new(roots[i], &error);
        static uint8_t spki[4096];
        struct hf_public_key key;
        size_t len;

        assert_non_null(root);
        len = root->spki.len;
        memcpy(spki, root->spki.at, len);
        assert_true(hf_spki_read(hf_span(spki, len), &key));
        assert_int_equal(key.kind, kinds[i]);
        /* Sequence and bit string, each with a length of two bytes: one less. */
        hf_store_number(spki + 2, len - 5, 2);
        hf_store_number(spki + 19, len - 22, 2);
        assert_true(hf_spki_read(hf_span(spki, len - 1), &key));
        assert_int_equal(key.kind, HF_KEY_NONE);
        hf_cert_free(root);
    }
}

/* A scene with the pair @i; the leaf's last byte is a part of its signature. */
static void set(struct scene *s, size_t i, bool broken)
{
    static uint8_t der[8192];

    scene_init(s);
    memcpy(der, leaves[i].at, leaves[i].len);
    der[leaves[i].len - 1] ^= broken;
    assert_true(hf_store_add_der(s->store, roots[i], &s->error));
    s->sent[0] = hf_cert_new(hf_span(der, leaves[i].len), &s->error);
    assert_non_null(s->sent[0]);
    s->v.count = s->count = 1;
}

static void signatures_are_verified_or_said_not_to_be(void **state)
{
    struct scene s;

    (void)state;
    print_message("# this libcrypto %s verify ML-DSA\n",
                  can_verify() ? "can" : "cannot");
    for (size_t i = 0; i < SIZES; i++) {
        set(&s, i, false);
        assert_code(&s, can_verify() ? HF_OK : HF_E_CERT_UNSUPPORTED);
        if (!can_verify()) {
            assert_told(&s, names[i]);
            assert_told(&s, "this libcrypto cannot verify; OpenSSL 3.5");
        }
        scene_wipe(&s);
        set(&s, i, true);
        assert_code(&s,
                    can_verify() ? HF_E_CERT_SIGNATURE : HF_E_CERT_UNSUPPORTED);
        scene_wipe(&s);
    }
}

/* The algorithm names the kind of key; another kind cannot have made it. */
static void a_key_of_another_kind_cannot_have_signed(void **state)
{
    const struct hf_signature *how;
    struct hf_error error = { .code = HF_OK };
    struct hf_cert *root = hf_cert_new(roots[0], &error);
    struct hf_cert *larger = hf_cert_new(roots[1], &error);
    struct hf_cert *ed = make_cert(
        &(struct make){ ROOT, .key = ED25519, .ext = { CA } });
    const struct hf_verify v = { .crypto = make_crypto() };

    (void)state;
    assert_int_equal(hf_check_algorithm(&v, root->algorithm, &ed->key, &how),
                     HF_E_CERT_SIGNATURE);
    assert_int_equal(hf_check_algorithm(&v, ed->algorithm, &root->key, &how),
                     HF_E_CERT_SIGNATURE);
    assert_int_equal(
        hf_check_algorithm(&v, root->algorithm, &larger->key, &how),
        HF_E_CERT_SIGNATURE);
    assert_int_equal(hf_check_algorithm(&v, ed->algorithm, &ed->key, &how),
                     HF_OK);
    hf_cert_free(root);
    hf_cert_free(larger);
    hf_cert_free(ed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_signatures_are_known_by_name),
        cmocka_unit_test(keys_of_other_sizes_are_no_keys),
        cmocka_unit_test(signatures_are_verified_or_said_not_to_be),
        cmocka_unit_test(a_key_of_another_kind_cannot_have_signed),
    };

    return cmocka_run_group_tests(tests, load, make_close);
}
