/* kx_test.c - key exchange: Project Wycheproof's vectors for X25519, P-256 and
 * P-384, and both sides of every group against each other. */
#include "vectors.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <pthread.h>

static const struct hf_kx *kx_of(unsigned group)
{
    const struct hf_kx *kx = hf_kx_by_group(opened(), group);

    assert_non_null(kx);
    return kx;
}

/* The states of the classic groups are the private key, and no more. */
static void put_private(const struct hf_kx *kx, uint8_t *state,
                        struct hf_span private)
{
    const size_t len = kx->secret_len;

    memset(state, 0, HF_KX_STATE_MAX);
    while (private.len > len) { /* JSON has signed numbers: a zero in front */
        assert_int_equal(private.at[0], 0);
        private = hf_span_after(private, 1);
    }
    memcpy(state + len - private.len, private.at, private.len);
}

/* ---- published vectors ----------------------------------------------------------------- */

static void check_vector(void *ctx, const struct vector *v)
{
    const struct hf_kx *kx = ctx;
    struct hf_span public = vector_bytes(v, "public");
    struct hf_span shared = vector_bytes(v, "shared");
    _Alignas(16) uint8_t state[HF_KX_STATE_MAX];
    uint8_t secret[HF_SECRET_MAX];
    uint8_t reply[HF_SHARE_MAX];
    bool fault = true;

    /* TLS knows uncompressed points only, and no secret of zeroes. */
    bool want = v->verdict != INVALID && public.len == kx->share_len &&
                !vector_flag(v, "ZeroSharedSecret");
    put_private(kx, state, vector_bytes(v, "private"));
    memset(secret, 0xee, sizeof(secret));
    bool ok = kx->decapsulate(opened()->self, state, public, secret, &fault);
    if (ok != want)
        fail_msg("test %d: %s", v->id, v->comment);
    assert_false(fault);
    if (ok) {
        assert_int_equal(shared.len, kx->secret_len);
        assert_memory_equal(secret, shared.at, shared.len);
    }
    fault = true;
    assert_int_equal(
        kx->encapsulate(opened()->self, public, reply, secret, &fault), want);
    assert_false(fault);
    kx->wipe(state);
}

static void x25519_is_that_of_wycheproof(void **state)
{
    (void)state;
    assert_true(vectors_each("x25519_test.json", check_vector,
                             (void *)(uintptr_t)kx_of(29)) > 500);
}

static void p256_is_that_of_wycheproof(void **state)
{
    (void)state;
    assert_true(vectors_each("ecdh_secp256r1_ecpoint_test.json", check_vector,
                             (void *)(uintptr_t)kx_of(23)) > 300);
}

static void p384_is_that_of_wycheproof(void **state)
{
    (void)state;
    assert_true(vectors_each("ecdh_secp384r1_ecpoint_test.json", check_vector,
                             (void *)(uintptr_t)kx_of(24)) > 300);
}

/* No published vectors are at hand: libcrypto's own exchange, which is built
 * another way, must find the same secret. */
static void p521_is_that_of_evp(void **state)
{
    const struct hf_kx *kx = kx_of(25);

    (void)state;
    for (int i = 0; i < 20; i++) {
        EVP_PKEY *mine = EVP_EC_gen("P-521"), *other = EVP_PKEY_new();
        uint8_t reply[HF_SHARE_MAX], secret[HF_SECRET_MAX], theirs[66];
        unsigned char *share = NULL;
        size_t len = EVP_PKEY_get1_encoded_public_key(mine, &share);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
        bool fault = true;

        assert_int_equal(len, kx->share_len);
        assert_true(kx->encapsulate(opened()->self, hf_span(share, len), reply,
                                    secret, &fault));
        assert_int_equal(EVP_PKEY_copy_parameters(other, mine), 1);
        assert_int_equal(
            EVP_PKEY_set1_encoded_public_key(other, reply, kx->reply_len), 1);
        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, other), 1);
        len = sizeof(theirs);
        assert_int_equal(EVP_PKEY_derive(ctx, theirs, &len), 1);
        assert_int_equal(len, kx->secret_len);
        assert_memory_equal(theirs, secret, len);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(mine);
        EVP_PKEY_free(other);
        OPENSSL_free(share);
    }
}

/* ---- both sides --------------------------------------------------------------------------- */

struct run {
    _Alignas(16) uint8_t state[HF_KX_STATE_MAX];
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
    uint8_t client[HF_SECRET_MAX], server[HF_SECRET_MAX];
};

static void exchange(const struct hf_kx *kx, struct run *r)
{
    void *self = opened()->self;
    bool fault = true;

    memset(r, 0, sizeof(*r));
    assert_true(kx->generate(self, r->state, r->share));
    assert_true(kx->encapsulate(self, hf_span(r->share, kx->share_len),
                                r->reply, r->server, &fault));
    assert_true(kx->decapsulate(
        self, r->state, hf_span(r->reply, kx->reply_len), r->client, &fault));
    assert_memory_equal(r->client, r->server, kx->secret_len);
    for (size_t i = kx->secret_len; i < HF_SECRET_MAX; i++)
        assert_int_equal(r->client[i] | r->server[i], 0);
    for (size_t i = kx->share_len; i < HF_SHARE_MAX; i++)
        assert_int_equal(r->share[i], 0);
    for (size_t i = kx->reply_len; i < HF_SHARE_MAX; i++)
        assert_int_equal(r->reply[i], 0);
    for (size_t i = kx->state_size; i < HF_KX_STATE_MAX; i++)
        assert_int_equal(r->state[i], 0);
    kx->wipe(r->state);
    for (size_t i = 0; i < HF_KX_STATE_MAX; i++)
        assert_int_equal(r->state[i], 0);
    kx->wipe(r->state); /* all-zero is fine */
}

static void both_sides_of_each_group_agree(void **state)
{
    (void)state;
    for (size_t g = 0; hf_libcrypto.groups[g]; g++) {
        struct run first, second;
        for (int i = 0; i < 10; i++) {
            exchange(hf_libcrypto.groups[g], &first);
            exchange(hf_libcrypto.groups[g], &second);
            assert_memory_not_equal(first.client, second.client, 32);
            assert_memory_not_equal(first.share, second.share, 32);
            assert_memory_not_equal(first.reply, second.reply, 32);
        }
    }
}

static void shares_of_a_wrong_length_are_refused(void **state)
{
    (void)state;
    for (size_t g = 0; hf_libcrypto.groups[g]; g++) {
        const struct hf_kx *kx = hf_libcrypto.groups[g];
        struct run r = { 0 };
        uint8_t longer[HF_SHARE_MAX + 1] = { 0 }, secret[HF_SECRET_MAX];
        uint8_t reply[HF_SHARE_MAX];
        bool fault = true;

        assert_true(kx->generate(opened()->self, r.state, r.share));
        assert_true(kx->encapsulate(opened()->self,
                                    hf_span(r.share, kx->share_len), r.reply,
                                    r.server, &fault));
        for (size_t len = 0; len <= sizeof(longer); len++) {
            memcpy(longer, r.share, kx->share_len);
            fault = true;
            if (len != kx->share_len) {
                assert_false(kx->encapsulate(opened()->self,
                                             hf_span(longer, len), reply,
                                             secret, &fault));
                assert_false(fault);
            }
            memcpy(longer, r.reply, kx->reply_len);
            fault = true;
            if (len != kx->reply_len) {
                assert_false(kx->decapsulate(opened()->self, r.state,
                                             hf_span(longer, len), secret,
                                             &fault));
                assert_false(fault);
            }
        }
        kx->wipe(r.state);
    }
}

static void points_off_the_curve_or_compressed_are_refused(void **state)
{
    (void)state;
    for (unsigned group = 23; group <= 25; group++) {
        const struct hf_kx *kx = kx_of(group);
        uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
        uint8_t st[HF_KX_STATE_MAX], secret[HF_SECRET_MAX];
        const struct hf_span whole = hf_span(share, kx->share_len);
        const struct hf_span half = hf_span(share, 1 + kx->secret_len);
        bool fault;

        assert_true(kx->generate(opened()->self, st, share));
        assert_true(
            kx->encapsulate(opened()->self, whole, reply, secret, &fault));
        share[kx->share_len - 1] ^= 1;
        fault = true;
        assert_false(
            kx->encapsulate(opened()->self, whole, reply, secret, &fault));
        assert_false(fault);
        share[kx->share_len - 1] ^= 1;
        for (int form = 0; form < 256; form++) {
            share[0] = (uint8_t)form;
            fault = true;
            if (form != 4)
                assert_false(kx->encapsulate(opened()->self, whole, reply,
                                             secret, &fault));
            assert_false(fault && form != 4);
            assert_false(
                kx->encapsulate(opened()->self, half, reply, secret, &fault));
        }
        kx->wipe(st);
    }
}

/* The low-order points of Curve25519: RFC 7748 6.1. */
static void x25519_of_low_order_is_refused(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    const struct hf_kx *kx = kx_of(29);

    (void)state;
    for (size_t i = 0; i < HF_COUNT(points); i++) {
        uint8_t reply[32], secret[32];
        bool fault = true;
        memset(secret, 0xee, sizeof(secret));
        assert_false(kx->encapsulate(opened()->self, hex(points[i]), reply,
                                     secret, &fault));
        assert_false(fault);
        for (size_t k = 0; k < sizeof(secret); k++)
            assert_int_equal(secret[k], 0);
    }
}

/* ---- hybrids --------------------------------------------------------------------------------- */

enum { EK = 1184, CT = 1088 };

static const struct {
    unsigned group, classic;
    size_t kem; /* where ML-KEM's half begins, in shares and replies */
    size_t secret;
} hybrids[] = { { 4588, 29, 0, 0 }, { 4587, 23, 65, 32 } };

/* Where the classic half of a share begins, and of a reply. */
static size_t classic_at(size_t h, size_t kem)
{
    return hybrids[h].kem ? 0 : kem;
}

static void contains_its_part(size_t h)
{
    const struct hf_kx *hybrid = kx_of(hybrids[h].group);
    const struct hf_kx *classic = kx_of(hybrids[h].classic);
    _Alignas(16) uint8_t client[HF_KX_STATE_MAX] = { 0 };
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
    uint8_t ours[HF_SECRET_MAX], theirs[HF_SECRET_MAX];
    bool fault;

    assert_ptr_equal(hybrid->part, classic);
    assert_int_equal(hybrid->part_at, classic_at(h, EK));
    assert_int_equal(hybrid->share_len, EK + classic->share_len);
    assert_int_equal(hybrid->reply_len, CT + classic->reply_len);
    assert_int_equal(hybrid->secret_len, 64);
    assert_null(classic->part);
    assert_true(hybrid->generate(opened()->self, client, share));
    /* A server that knows the part only takes its bytes of the share, and the
     * client answers with the start of its state. */
    const struct hf_span end = hf_span(share + hybrid->part_at,
                                       classic->share_len);
    assert_true(
        classic->encapsulate(opened()->self, end, reply, theirs, &fault));
    assert_true(classic->decapsulate(opened()->self, client,
                                     hf_span(reply, classic->reply_len), ours,
                                     &fault));
    assert_memory_equal(ours, theirs, classic->secret_len);
    /* and the whole still works */
    assert_true(hybrid->encapsulate(opened()->self,
                                    hf_span(share, hybrid->share_len), reply,
                                    theirs, &fault));
    assert_true(hybrid->decapsulate(opened()->self, client,
                                    hf_span(reply, hybrid->reply_len), ours,
                                    &fault));
    assert_memory_equal(ours, theirs, hybrid->secret_len);
    hybrid->wipe(client);
}

static void not_reduced(size_t h)
{
    const struct hf_kx *kx = kx_of(hybrids[h].group);
    _Alignas(16) uint8_t client[HF_KX_STATE_MAX] = { 0 };
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX], secret[HF_SECRET_MAX];
    const struct hf_span whole = hf_span(share, kx->share_len);

    assert_true(kx->generate(opened()->self, client, share));
    for (size_t at = hybrids[h].kem; at < hybrids[h].kem + EK - 32; at += 3) {
        const uint8_t a = share[at], b = share[at + 1];
        bool fault = true;
        share[at] = 0x01; /* 3329 */
        share[at + 1] = (uint8_t)((b & 0xf0) | 0x0d);
        assert_false(
            kx->encapsulate(opened()->self, whole, reply, secret, &fault));
        assert_false(fault);
        share[at] = a;
        share[at + 1] = b;
    }
    kx->wipe(client);
}

static void either_half_refuses(size_t h)
{
    const struct hf_kx *kx = kx_of(hybrids[h].group);
    _Alignas(16) uint8_t client[HF_KX_STATE_MAX] = { 0 };
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX], secret[HF_SECRET_MAX];
    bool fault = true;

    assert_true(kx->generate(opened()->self, client, share));
    assert_true(kx->encapsulate(opened()->self, hf_span(share, kx->share_len),
                                reply, secret, &fault));
    memset(reply + classic_at(h, CT), 0, 32);
    memset(secret, 1, sizeof(secret));
    assert_false(kx->decapsulate(
        opened()->self, client, hf_span(reply, kx->reply_len), secret, &fault));
    assert_false(fault);
    for (size_t i = 0; i < kx->secret_len; i++)
        assert_int_equal(secret[i], 0);
    memset(share + classic_at(h, EK), 0, 32);
    memset(secret, 1, sizeof(secret));
    assert_false(kx->encapsulate(opened()->self, hf_span(share, kx->share_len),
                                 reply, secret, &fault));
    assert_false(fault);
    for (size_t i = 0; i < kx->secret_len; i++)
        assert_int_equal(secret[i], 0);
    kx->wipe(client);
    /* After that, nothing is left to decapsulate with. */
    assert_false(kx->decapsulate(
        opened()->self, client, hf_span(reply, kx->reply_len), secret, &fault));
    assert_true(fault);
}

/* FIPS 203 6.3: a changed ciphertext is not refused; the secrets differ. */
static void another_secret(size_t h)
{
    const struct hf_kx *kx = kx_of(hybrids[h].group);
    const size_t ss = hybrids[h].secret;
    _Alignas(16) uint8_t client[HF_KX_STATE_MAX] = { 0 };
    uint8_t share[HF_SHARE_MAX], reply[HF_SHARE_MAX];
    uint8_t ours[HF_SECRET_MAX], theirs[HF_SECRET_MAX];
    bool fault;

    assert_true(kx->generate(opened()->self, client, share));
    assert_true(kx->encapsulate(opened()->self, hf_span(share, kx->share_len),
                                reply, theirs, &fault));
    reply[hybrids[h].kem + 5] ^= 1;
    assert_true(kx->decapsulate(opened()->self, client,
                                hf_span(reply, kx->reply_len), ours, &fault));
    assert_memory_not_equal(ours + ss, theirs + ss, 32);
    assert_memory_equal(ours + 32 - ss, theirs + 32 - ss, 32);
    kx->wipe(client);
}

static void each_hybrid(void (*check)(size_t h))
{
    for (size_t h = 0; h < HF_COUNT(hybrids); h++)
        check(h);
}

static void a_hybrid_contains_its_classic_part(void **state)
{
    (void)state;
    each_hybrid(contains_its_part);
}

static void a_hybrid_share_that_is_not_reduced_is_refused(void **state)
{
    (void)state;
    each_hybrid(not_reduced);
}

static void either_half_of_a_hybrid_can_refuse(void **state)
{
    (void)state;
    each_hybrid(either_half_refuses);
}

static void a_changed_hybrid_reply_gives_another_secret(void **state)
{
    (void)state;
    each_hybrid(another_secret);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void *exchange_often(void *ctx)
{
    struct run r;

    (void)ctx;
    for (int i = 0; i < 20; i++)
        for (size_t g = 0; hf_libcrypto.groups[g]; g++)
            if (hf_libcrypto.groups[g]->group != 24 &&
                hf_libcrypto.groups[g]->group != 25) /* as 23, but slow */
                exchange(hf_libcrypto.groups[g], &r);
    return NULL;
}

static void one_instance_serves_many_threads(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, exchange_often, NULL), 0);
    for (size_t i = 0; i < HF_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void names_and_numbers_are_those_of_iana(void **state)
{
    (void)state;
    assert_string_equal(kx_of(23)->name, "secp256r1");
    assert_string_equal(kx_of(24)->name, "secp384r1");
    assert_string_equal(kx_of(25)->name, "secp521r1");
    assert_string_equal(kx_of(29)->name, "x25519");
    assert_string_equal(kx_of(4588)->name, "X25519MLKEM768");
    assert_string_equal(kx_of(4587)->name, "SecP256r1MLKEM768");
    assert_int_equal(hf_libcrypto.groups[0]->group, 4588); /* preferred */
    assert_int_equal(hf_libcrypto.groups[1]->group, 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_is_that_of_wycheproof),
        cmocka_unit_test(p256_is_that_of_wycheproof),
        cmocka_unit_test(p384_is_that_of_wycheproof),
        cmocka_unit_test(p521_is_that_of_evp),
        cmocka_unit_test(both_sides_of_each_group_agree),
        cmocka_unit_test(shares_of_a_wrong_length_are_refused),
        cmocka_unit_test(points_off_the_curve_or_compressed_are_refused),
        cmocka_unit_test(x25519_of_low_order_is_refused),
        cmocka_unit_test(a_hybrid_contains_its_classic_part),
        cmocka_unit_test(a_hybrid_share_that_is_not_reduced_is_refused),
        cmocka_unit_test(either_half_of_a_hybrid_can_refuse),
        cmocka_unit_test(a_changed_hybrid_reply_gives_another_secret),
        cmocka_unit_test(one_instance_serves_many_threads),
        cmocka_unit_test(names_and_numbers_are_those_of_iana),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
