/* aead_test.c - sealing and opening: Project Wycheproof's vectors, every small
 * length, in place and not, and everything that must not open. */
#include "vectors.h"

enum { ROOM = 20000 };

static const struct hf_aead *aead_named(const char *name)
{
    for (size_t i = 0; hf_libcrypto.aeads[i]; i++)
        if (!strcmp(hf_libcrypto.aeads[i]->name, name))
            return hf_libcrypto.aeads[i];
    fail_msg("no %s", name);
    return NULL;
}

struct loaded {
    const struct hf_aead *aead;
    _Alignas(16) uint8_t state[HF_AEAD_STATE_MAX];
};

static void load(struct loaded *l, const struct hf_aead *aead,
                 const uint8_t *key)
{
    memset(l, 0, sizeof(*l));
    l->aead = aead;
    assert_true(aead->load(opened()->self, l->state, key));
}

static void unload(struct loaded *l)
{
    l->aead->unload(l->state);
    l->aead->unload(l->state); /* twice is fine */
}

static bool seal(struct loaded *l, const uint8_t *nonce, struct hf_span aad,
                 struct hf_span in, struct hf_span tail, uint8_t *out)
{
    const struct hf_seal one = {
        .nonce = nonce, .aad = aad, .in = in, .tail = tail, .out = out
    };

    return l->aead->seal(l->state, &one);
}

static bool open_to(struct loaded *l, const uint8_t *nonce, struct hf_span aad,
                    struct hf_span in, uint8_t *out)
{
    const struct hf_open one = {
        .nonce = nonce, .aad = aad, .in = in, .out = out
    };

    return l->aead->open(l->state, &one);
}

/* ---- published vectors ------------------------------------------------------------- */

static void check_vector(void *ctx, const struct vector *v)
{
    const struct hf_aead *const *aeads = ctx;
    struct hf_span key = vector_bytes(v, "key"), nonce = vector_bytes(v, "iv");
    struct hf_span aad = vector_bytes(v, "aad"), msg = vector_bytes(v, "msg");
    struct hf_span ct = vector_bytes(v, "ct"), tag = vector_bytes(v, "tag");
    const struct hf_aead *aead = aeads[0]->key_len == key.len ? aeads[0]
                                                              : aeads[1];
    struct loaded l;

    if (key.len != aead->key_len || nonce.len != HF_NONCE_LEN ||
        tag.len != HF_TAG_LEN)
        return; /* of no use in TLS */
    uint8_t *sealed = malloc(ct.len + tag.len), *out = malloc(ct.len + 1);
    assert_non_null(sealed);
    assert_non_null(out);
    memcpy(sealed, ct.at, ct.len);
    memcpy(sealed + ct.len, tag.at, tag.len);
    load(&l, aead, key.at);
    bool ok = open_to(&l, nonce.at, aad, hf_span(sealed, ct.len + tag.len),
                      out);
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
    for (size_t i = 0; !ok && i < ct.len; i++)
        assert_int_equal(out[i], 0);
    if (ok) {
        assert_memory_equal(out, msg.at, msg.len);
        memset(sealed, 0, ct.len + tag.len);
        assert_true(seal(&l, nonce.at, aad, msg, hf_span(NULL, 0), sealed));
        assert_memory_equal(sealed, ct.at, ct.len);
        assert_memory_equal(sealed + ct.len, tag.at, tag.len);
    }
    unload(&l);
    free(sealed);
    free(out);
}

static void aes_gcm_is_that_of_wycheproof(void **state)
{
    const struct hf_aead *aeads[] = { aead_named("AES-128-GCM"),
                                      aead_named("AES-256-GCM") };

    (void)state;
    assert_true(vectors_each("aes_gcm_test.json", check_vector, aeads) > 200);
}

static void chacha20_poly1305_is_that_of_wycheproof(void **state)
{
    const struct hf_aead *aeads[] = { aead_named("ChaCha20-Poly1305"),
                                      aead_named("ChaCha20-Poly1305") };

    (void)state;
    assert_true(
        vectors_each("chacha20_poly1305_test.json", check_vector, aeads) > 200);
}

/* ---- every length, every way ---------------------------------------------------------- */

static uint8_t plain[ROOM], one_way[ROOM], other_way[ROOM], back[ROOM];
static const uint8_t key[32] = { 1, 2, 3 }, nonce[HF_NONCE_LEN] = { 4, 5 };
static const uint8_t aad[5] = { 23, 3, 3, 0, 9 };

static void each_way_is_the_same(const struct hf_aead *aead, size_t len)
{
    struct loaded l;
    const struct hf_span whole = hf_span(plain, len), none = hf_span(NULL, 0);
    const size_t cut = len ? len - 1 : 0;

    load(&l, aead, key);
    assert_true(seal(&l, nonce, HF_SPAN(aad), whole, none, one_way));
    /* with the last byte as tail, to another place */
    assert_true(seal(&l, nonce, HF_SPAN(aad), hf_span(plain, cut),
                     hf_span(plain + cut, len - cut), other_way));
    assert_memory_equal(one_way, other_way, len + HF_TAG_LEN);
    /* in place, with a tail from elsewhere */
    memcpy(other_way, plain, cut);
    assert_true(seal(&l, nonce, HF_SPAN(aad), hf_span(other_way, cut),
                     hf_span(plain + cut, len - cut), other_way));
    assert_memory_equal(one_way, other_way, len + HF_TAG_LEN);
    /* to another place, and in place */
    const struct hf_span sealed = hf_span(one_way, len + HF_TAG_LEN);
    assert_true(open_to(&l, nonce, HF_SPAN(aad), sealed, back));
    assert_memory_equal(back, plain, len);
    assert_true(open_to(&l, nonce, HF_SPAN(aad), sealed, one_way));
    assert_memory_equal(one_way, plain, len);
    unload(&l);
}

static void each_length_seals_and_opens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t a = 0; hf_libcrypto.aeads[a]; a++) {
        for (size_t len = 0; len <= 300; len++)
            each_way_is_the_same(hf_libcrypto.aeads[a], len);
        for (size_t len = 16384 - 2; len <= 16384 + 257; len++)
            each_way_is_the_same(hf_libcrypto.aeads[a], len);
    }
}

/* ---- what must not open -------------------------------------------------------------- */

static void assert_refused(struct loaded *l, const uint8_t *n,
                           struct hf_span with, const uint8_t *sealed,
                           size_t len)
{
    const size_t room = len < HF_TAG_LEN ? 0 : len - HF_TAG_LEN;
    uint8_t out[64];

    memset(out, 0xee, sizeof(out));
    assert_false(open_to(l, n, with, hf_span(sealed, len), out));
    for (size_t i = 0; i < room; i++)
        assert_int_equal(out[i], 0);
    assert_int_equal(out[room], 0xee);
}

static void nothing_changed_opens(void **state)
{
    (void)state;
    for (size_t a = 0; hf_libcrypto.aeads[a]; a++)
        for (size_t len = 0; len <= 33; len++) {
            struct loaded l;
            uint8_t sealed[64], n[HF_NONCE_LEN], d[sizeof(aad)];
            load(&l, hf_libcrypto.aeads[a], key);
            memcpy(n, nonce, sizeof(n));
            memcpy(d, aad, sizeof(d));
            assert_true(seal(&l, nonce, HF_SPAN(aad), hf_span(plain, len),
                             hf_span(NULL, 0), sealed));
            const size_t all = len + HF_TAG_LEN;
            for (size_t bit = 0; bit < 8 * all; bit += bit < 8 * len ? 5 : 1) {
                sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_refused(&l, nonce, HF_SPAN(aad), sealed, all);
                sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t i = 0; i < sizeof(n); i++) {
                n[i] ^= 1;
                assert_refused(&l, n, HF_SPAN(aad), sealed, all);
                n[i] ^= 1;
            }
            for (size_t i = 0; i < sizeof(d); i++) {
                d[i] ^= 0x80;
                assert_refused(&l, nonce, HF_SPAN(d), sealed, all);
                d[i] ^= 0x80;
            }
            assert_refused(&l, nonce, hf_span(aad, 4), sealed, all);
            assert_refused(&l, nonce, hf_span(NULL, 0), sealed, all);
            for (size_t cut = 0; cut < all; cut++) /* shorter than a tag too */
                assert_refused(&l, nonce, HF_SPAN(aad), sealed, cut);
            assert_true(open_to(&l, nonce, HF_SPAN(aad), hf_span(sealed, all),
                                sealed)); /* and still works afterwards */
            assert_memory_equal(sealed, plain, len);
            unload(&l);
        }
}

static void another_key_does_not_open(void **state)
{
    static const uint8_t other[32] = { 1, 2, 4 };

    (void)state;
    for (size_t a = 0; hf_libcrypto.aeads[a]; a++) {
        struct loaded l;
        uint8_t sealed[64];
        load(&l, hf_libcrypto.aeads[a], key);
        assert_true(seal(&l, nonce, HF_SPAN(aad), hf_span(plain, 20),
                         hf_span(NULL, 0), sealed));
        /* loading again replaces the key */
        assert_true(l.aead->load(opened()->self, l.state, other));
        assert_refused(&l, nonce, HF_SPAN(aad), sealed, 36);
        assert_true(l.aead->load(opened()->self, l.state, key));
        assert_true(
            open_to(&l, nonce, HF_SPAN(aad), hf_span(sealed, 36), sealed));
        unload(&l);
    }
}

static void an_unloaded_state_does_nothing(void **state)
{
    (void)state;
    for (size_t a = 0; hf_libcrypto.aeads[a]; a++) {
        struct loaded l = { .aead = hf_libcrypto.aeads[a] };
        uint8_t out[64] = { 0 };
        assert_false(seal(&l, nonce, HF_SPAN(aad), hf_span(plain, 20),
                          hf_span(NULL, 0), out));
        assert_false(open_to(&l, nonce, HF_SPAN(aad), hf_span(plain, 40), out));
        unload(&l);
    }
}

static void one_state_seals_and_opens_by_turns(void **state)
{
    (void)state;
    for (size_t a = 0; hf_libcrypto.aeads[a]; a++) {
        struct loaded l;
        uint8_t sealed[64], n[HF_NONCE_LEN] = { 0 };
        load(&l, hf_libcrypto.aeads[a], key);
        for (int i = 0; i < 50; i++) {
            n[11] = (uint8_t)i;
            assert_true(seal(&l, n, hf_span(aad, (size_t)i % 6),
                             hf_span(plain, (size_t)i % 40), hf_span(NULL, 0),
                             sealed));
            assert_true(open_to(&l, n, hf_span(aad, (size_t)i % 6),
                                hf_span(sealed, (size_t)i % 40 + HF_TAG_LEN),
                                sealed));
            assert_memory_equal(sealed, plain, (size_t)i % 40);
        }
        unload(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_gcm_is_that_of_wycheproof),
        cmocka_unit_test(chacha20_poly1305_is_that_of_wycheproof),
        cmocka_unit_test(each_length_seals_and_opens),
        cmocka_unit_test(nothing_changed_opens),
        cmocka_unit_test(another_key_does_not_open),
        cmocka_unit_test(an_unloaded_state_does_nothing),
        cmocka_unit_test(one_state_seals_and_opens_by_turns),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
