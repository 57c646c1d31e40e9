/* mlkem_test.c - ML-KEM-768 against Project Wycheproof, its arithmetic against
 * the definitions in FIPS 203, and Keccak against FIPS 202. */
#include "vectors.h"

#include "crypto/mlkem.h"

#include <openssl/evp.h>

enum { Q = HF_MLKEM_Q, N = HF_MLKEM_N, DK = 2400 };

/* ---- Keccak ---------------------------------------------------------------------- */

static void sponge(unsigned rate, uint8_t suffix, struct hf_span in,
                   uint8_t *out, size_t len)
{
    struct hf_keccak k;

    hf_keccak_init(&k, rate);
    hf_keccak_absorb(&k, in);
    hf_keccak_finish(&k, suffix);
    hf_keccak_squeeze(&k, out, len);
    hf_keccak_wipe(&k);
}

static void hashes_of_nothing_are_those_of_fips_202(void **state)
{
    const struct hf_span none = hf_span(NULL, 0);
    uint8_t out[64];

    (void)state;
    sponge(HF_SHA3_256_RATE, 0x06, none, out, 32);
    assert_bytes(out, 32,
                 "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8"
                 "434a");
    sponge(HF_SHA3_512_RATE, 0x06, none, out, 64);
    assert_bytes(out, 64,
                 "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c"
                 "80a615b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586"
                 "281dcd26");
    sponge(HF_SHAKE128_RATE, 0x1f, none, out, 32);
    assert_bytes(out, 32,
                 "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66"
                 "ef26");
    sponge(HF_SHAKE256_RATE, 0x1f, none, out, 32);
    assert_bytes(out, 32,
                 "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5"
                 "762f");
}

/* libcrypto's, for every length around the blocks. */
static void hashes_are_those_of_libcrypto(void **state)
{
    static const struct {
        const char *name;
        unsigned rate;
        uint8_t suffix;
        size_t len;
    } kinds[] = {
        { "SHA3-256", HF_SHA3_256_RATE, 0x06, 32 },
        { "SHA3-512", HF_SHA3_512_RATE, 0x06, 64 },
        { "SHAKE128", HF_SHAKE128_RATE, 0x1f, 500 },
        { "SHAKE256", HF_SHAKE256_RATE, 0x1f, 500 },
    };
    uint8_t in[700], ours[500], theirs[500];

    (void)state;
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 13 + i / 256);
    for (size_t i = 0; i < HF_COUNT(kinds); i++) {
        EVP_MD *md = EVP_MD_fetch(NULL, kinds[i].name, NULL);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        for (size_t len = 0; len <= sizeof(in); len++) {
            EVP_DigestInit_ex2(ctx, md, NULL);
            EVP_DigestUpdate(ctx, in, len);
            if (kinds[i].len > 64)
                EVP_DigestFinalXOF(ctx, theirs, kinds[i].len);
            else
                EVP_DigestFinal_ex(ctx, theirs, NULL);
            sponge(kinds[i].rate, kinds[i].suffix, hf_span(in, len), ours,
                   kinds[i].len);
            assert_memory_equal(ours, theirs, kinds[i].len);
        }
        EVP_MD_CTX_free(ctx);
        EVP_MD_free(md);
    }
}

static void pieces_do_not_matter_to_a_sponge(void **state)
{
    uint8_t in[400], whole[400], parts[400];

    (void)state;
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)i;
    sponge(HF_SHAKE128_RATE, 0x1f, HF_SPAN(in), whole, sizeof(whole));
    for (size_t step = 1; step < 200; step++) {
        struct hf_keccak k;
        hf_keccak_init(&k, HF_SHAKE128_RATE);
        for (size_t at = 0; at < sizeof(in); at += step)
            hf_keccak_absorb(&k, hf_span(in + at, step < sizeof(in) - at
                                                      ? step
                                                      : sizeof(in) - at));
        hf_keccak_finish(&k, 0x1f);
        for (size_t at = 0; at < sizeof(parts); at += step)
            hf_keccak_squeeze(&k, parts + at,
                              step < sizeof(parts) - at ? step
                                                        : sizeof(parts) - at);
        assert_memory_equal(whole, parts, sizeof(whole));
    }
}

/* ---- arithmetic ------------------------------------------------------------------- */

static int mod_q(long long x)
{
    return (int)((x % Q + Q) % Q);
}

static int power(int base, int exponent)
{
    int r = 1;

    for (; exponent; exponent--)
        r = mod_q((long long)r * base);
    return r;
}

static int bit_reversed(int i)
{
    int r = 0;

    for (int b = 0; b < 7; b++)
        r |= (i >> b & 1) << (6 - b);
    return r;
}

static void fill(struct hf_poly *p, unsigned seed)
{
    for (unsigned i = 0; i < N; i++) {
        seed = seed * 1103515245u + 12345;
        p->c[i] = (int16_t)(seed >> 8 & 0xffff) % Q;
    }
}

/* f(x) modulo x^2 - 17^(2 bitrev7(i) + 1): FIPS 203 4.3. */
static void the_transform_is_that_of_its_definition(void **state)
{
    struct hf_poly p, t;

    (void)state;
    for (unsigned seed = 0; seed < 4; seed++) {
        fill(&p, seed);
        t = p;
        hf_poly_ntt(&t);
        for (int i = 0; i < N / 2; i++) {
            const int zeta = power(17, 2 * bit_reversed(i) + 1);
            int even = 0, odd = 0, z = 1;
            for (int j = 0; j < N / 2; j++) {
                even = mod_q(even + (long long)p.c[2 * j] * z);
                odd = mod_q(odd + (long long)p.c[2 * j + 1] * z);
                z = mod_q((long long)z * zeta);
            }
            assert_int_equal(mod_q(t.c[2 * i]), even);
            assert_int_equal(mod_q(t.c[2 * i + 1]), odd);
        }
    }
}

/* Sum of products modulo x^256 + 1, the long way. */
static void products_are_those_of_school(void **state)
{
    struct hf_poly a[HF_MLKEM_K], b[HF_MLKEM_K], got;
    int want[N] = { 0 };

    (void)state;
    for (unsigned k = 0; k < HF_MLKEM_K; k++) {
        fill(&a[k], 100 + k);
        fill(&b[k], 200 + k);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                const int product = mod_q((long long)a[k].c[i] * b[k].c[j]);
                const int at = (i + j) % N;
                want[at] = mod_q(want[at] + (i + j < N ? product : -product));
            }
        hf_poly_ntt(&a[k]);
        hf_poly_ntt(&b[k]);
    }
    hf_poly_dot(&got, a, 1, b);
    struct hf_poly mended = got;
    hf_poly_ntt_inverse(&got);
    for (int i = 0; i < N; i++)
        assert_int_equal(mod_q(got.c[i]), want[i]);
    /* and the other way to mend what dot() divides by */
    hf_poly_mend(&mended);
    for (int i = 0; i < N; i++)
        assert_true(mended.c[i] < Q && mended.c[i] > -Q);
}

static void extremes_do_not_overflow(void **state)
{
    static const int16_t extremes[] = { 0, 1, -1, Q - 1, 1 - Q, Q / 2, -Q / 2 };

    (void)state;
    for (size_t e = 0; e < HF_COUNT(extremes); e++)
        for (size_t f = 0; f < HF_COUNT(extremes); f++) {
            struct hf_poly a[HF_MLKEM_K], b[HF_MLKEM_K], got;
            for (unsigned k = 0; k < HF_MLKEM_K; k++)
                for (unsigned i = 0; i < N; i++) {
                    a[k].c[i] = extremes[e];
                    b[k].c[i] = extremes[f];
                }
            hf_poly_dot(&got, a, 1, b);
            const int x = extremes[e], y = extremes[f];
            for (int i = 0; i < N / 2; i++) {
                const int zeta = power(17, 2 * bit_reversed(i) + 1);
                /* times 2^16 to undo the division */
                assert_int_equal(mod_q(65536LL * got.c[2 * i]),
                                 mod_q(3LL * x * y * (1 + zeta)));
                assert_int_equal(mod_q(65536LL * got.c[2 * i + 1]),
                                 mod_q(6LL * x * y));
            }
            struct hf_poly back = a[0];
            hf_poly_ntt(&back);
            hf_poly_ntt_inverse(&back);
            for (unsigned i = 0; i < N; i++) /* multiplied by 2^16 */
                assert_int_equal(mod_q(back.c[i]), mod_q(65536LL * x));
        }
}

/* FIPS 203 4.2.1, with halves rounded up, for every value. */
static void compression_rounds_right_for_every_value(void **state)
{
    static const unsigned widths[] = { 1, 4, 10 };

    (void)state;
    for (size_t w = 0; w < HF_COUNT(widths); w++)
        for (int x = 0; x < Q; x++) {
            const unsigned bits = widths[w];
            struct hf_poly p = { { 0 } }, back;
            uint8_t packed[320];
            p.c[255] = (int16_t)(x % 2 ? x : x - Q); /* either sign */
            hf_poly_compress(&p, bits, packed);
            hf_poly_decompress(&back, bits, packed);
            const int y = (int)(((2LL * x << bits) + Q) / (2 * Q)) %
                          (1 << bits);
            const int last = packed[32 * bits - 1];
            assert_int_equal(bits == 10 ? last : last >> (8 - bits),
                             bits == 10 ? y >> 2 : y);
            assert_int_equal(back.c[255],
                             (2 * Q * y + (1 << bits)) / (2 << bits));
            assert_int_equal(back.c[0], 0);
        }
}

static void each_coefficient_packs_and_unpacks(void **state)
{
    (void)state;
    for (int x = 0; x < 4096; x++)
        for (unsigned at = 0; at < N; at += 255) {
            struct hf_poly p = { { 0 } }, back;
            uint8_t packed[HF_POLY_BYTES] = { 0 }, again[HF_POLY_BYTES];
            const unsigned first = 3 * (at / 2);
            if (at % 2 == 0) {
                packed[first] = (uint8_t)x;
                packed[first + 1] = (uint8_t)(x >> 8);
            } else {
                packed[first + 1] = (uint8_t)(x << 4);
                packed[first + 2] = (uint8_t)(x >> 4);
            }
            assert_int_equal(hf_poly_read(&p, packed), x < Q);
            assert_int_equal(p.c[at], x);
            if (x >= Q)
                continue;
            back = p;
            if (x % 3 == 0) /* the same value, negative */
                back.c[at] = (int16_t)(x - Q);
            hf_poly_write(&back, again);
            assert_memory_equal(packed, again, sizeof(packed));
        }
}

/* ---- the scheme ------------------------------------------------------------------------ */

/* The standard's form of a decapsulation key: s, ek, H(ek), z. */
static bool read_dk(struct hf_mlkem_key *key, struct hf_span dk)
{
    if (dk.len != DK)
        return false;
    for (unsigned i = 0; i < HF_MLKEM_K; i++)
        if (!hf_poly_read(&key->s[i], dk.at + i * HF_POLY_BYTES))
            return false;
    const uint8_t *ek = dk.at + HF_MLKEM_K * HF_POLY_BYTES;
    if (!hf_mlkem_public_read(&key->public, ek))
        return false;
    memcpy(key->z, ek + HF_MLKEM_EK + 32, 32);
    return hf_equal(key->public.hash, ek + HF_MLKEM_EK, 32);
}

static void write_dk(const struct hf_mlkem_key *key, const uint8_t *ek,
                     uint8_t dk[DK])
{
    for (unsigned i = 0; i < HF_MLKEM_K; i++)
        hf_poly_write(&key->s[i], dk + i * HF_POLY_BYTES);
    memcpy(dk + 1152, ek, HF_MLKEM_EK);
    memcpy(dk + 1152 + HF_MLKEM_EK, key->public.hash, 32);
    memcpy(dk + 1152 + HF_MLKEM_EK + 32, key->z, 32);
}

static void check_keygen(void *ctx, const struct vector *v)
{
    static struct hf_mlkem_key key;
    uint8_t ek[HF_MLKEM_EK], dk[DK];
    struct hf_span seed = vector_bytes(v, "seed");

    (void)ctx;
    assert_int_equal(seed.len, HF_MLKEM_SEED);
    hf_mlkem_generate(&key, seed.at, ek);
    assert_memory_equal(ek, vector_bytes(v, "ek").at, sizeof(ek));
    write_dk(&key, ek, dk);
    assert_memory_equal(dk, vector_bytes(v, "dk").at, sizeof(dk));
}

static void key_generation_is_that_of_wycheproof(void **state)
{
    (void)state;
    assert_true(vectors_each("mlkem_768_keygen_seed_test.json", check_keygen,
                             NULL) >= 100);
}

static void check_encaps(void *ctx, const struct vector *v)
{
    static struct hf_mlkem_public public;
    uint8_t ct[HF_MLKEM_CT], ss[HF_MLKEM_SS];
    struct hf_span ek = vector_bytes(v, "ek");
    size_t *valid = ctx;

    bool ok = ek.len == HF_MLKEM_EK && hf_mlkem_public_read(&public, ek.at);
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
    if (!ok)
        return;
    hf_mlkem_encapsulate(&public, vector_bytes(v, "m").at, ct, ss);
    assert_memory_equal(ct, vector_bytes(v, "c").at, sizeof(ct));
    assert_memory_equal(ss, vector_bytes(v, "K").at, sizeof(ss));
    ++*valid;
}

static void encapsulation_is_that_of_wycheproof(void **state)
{
    size_t valid = 0;

    (void)state;
    vectors_each("mlkem_768_encaps_test.json", check_encaps, &valid);
    assert_true(valid > 100);
}

static void check_decaps(void *ctx, const struct vector *v)
{
    static struct hf_mlkem_key key;
    uint8_t ek[HF_MLKEM_EK], ss[HF_MLKEM_SS];
    struct hf_span ct = vector_bytes(v, "c");
    struct hf_span seed = vector_bytes(v, "seed");
    size_t *valid = ctx;

    if (v->verdict != VALID) { /* only lengths can be wrong */
        assert_true(ct.len != HF_MLKEM_CT || seed.len != HF_MLKEM_SEED);
        return;
    }
    hf_mlkem_generate(&key, seed.at, ek);
    assert_memory_equal(ek, vector_bytes(v, "ek").at, sizeof(ek));
    hf_mlkem_decapsulate(&key, ct.at, ss);
    assert_memory_equal(ss, vector_bytes(v, "K").at, sizeof(ss));
    ++*valid;
}

static void decapsulation_is_that_of_wycheproof(void **state)
{
    size_t valid = 0;

    (void)state;
    vectors_each("mlkem_768_test.json", check_decaps, &valid);
    assert_true(valid > 100);
}

static void check_expanded(void *ctx, const struct vector *v)
{
    static struct hf_mlkem_key key;
    uint8_t ss[HF_MLKEM_SS];
    struct hf_span ct = vector_bytes(v, "c");

    (void)ctx;
    bool ok = read_dk(&key, vector_bytes(v, "dk")) && ct.len == HF_MLKEM_CT;
    if (ok != (v->verdict == VALID))
        fail_msg("test %d: %s", v->id, v->comment);
    if (!ok)
        return;
    hf_mlkem_decapsulate(&key, ct.at, ss);
    assert_memory_equal(ss, vector_bytes(v, "K").at, sizeof(ss));
}

static void expanded_keys_decapsulate_as_in_wycheproof(void **state)
{
    (void)state;
    assert_int_equal(vectors_each("mlkem_768_semi_expanded_decaps_test.json",
                                  check_expanded, NULL),
                     9);
}

static void what_is_encapsulated_is_decapsulated(void **state)
{
    static struct hf_mlkem_key key;
    static struct hf_mlkem_public public;
    uint8_t seed[HF_MLKEM_SEED], m[32], ek[HF_MLKEM_EK], ct[HF_MLKEM_CT];
    uint8_t one[HF_MLKEM_SS], two[HF_MLKEM_SS];

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_true(hf_random(opened(), seed, sizeof(seed)));
        assert_true(hf_random(opened(), m, sizeof(m)));
        hf_mlkem_generate(&key, seed, ek);
        assert_true(hf_mlkem_public_read(&public, ek));
        assert_memory_equal(public.rho, key.public.rho, 32);
        assert_memory_equal(public.hash, key.public.hash, 32);
        hf_mlkem_encapsulate(&public, m, ct, one);
        hf_mlkem_decapsulate(&key, ct, two);
        assert_memory_equal(one, two, sizeof(one));
    }
}

/* FIPS 203 6.3: the secret is J(z, ct), the same each time. */
static void a_changed_ciphertext_gives_a_secret_of_its_own(void **state)
{
    static struct hf_mlkem_key key;
    uint8_t seed[HF_MLKEM_SEED] = { 7 }, m[32] = { 9 }, ek[HF_MLKEM_EK];
    uint8_t ct[HF_MLKEM_CT], right[32], ss[32], want[32], in[32 + HF_MLKEM_CT];

    (void)state;
    hf_mlkem_generate(&key, seed, ek);
    hf_mlkem_encapsulate(&key.public, m, ct, right);
    for (size_t bit = 0; bit < 8 * sizeof(ct); bit += 37) {
        ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
        hf_mlkem_decapsulate(&key, ct, ss);
        memcpy(in, key.z, 32);
        memcpy(in + 32, ct, sizeof(ct));
        sponge(HF_SHAKE256_RATE, 0x1f, HF_SPAN(in), want, 32);
        assert_memory_equal(ss, want, 32);
        assert_memory_not_equal(ss, right, 32);
        ct[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    hf_mlkem_decapsulate(&key, ct, ss);
    assert_memory_equal(ss, right, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_of_nothing_are_those_of_fips_202),
        cmocka_unit_test(hashes_are_those_of_libcrypto),
        cmocka_unit_test(pieces_do_not_matter_to_a_sponge),
        cmocka_unit_test(the_transform_is_that_of_its_definition),
        cmocka_unit_test(products_are_those_of_school),
        cmocka_unit_test(extremes_do_not_overflow),
        cmocka_unit_test(compression_rounds_right_for_every_value),
        cmocka_unit_test(each_coefficient_packs_and_unpacks),
        cmocka_unit_test(key_generation_is_that_of_wycheproof),
        cmocka_unit_test(encapsulation_is_that_of_wycheproof),
        cmocka_unit_test(decapsulation_is_that_of_wycheproof),
        cmocka_unit_test(expanded_keys_decapsulate_as_in_wycheproof),
        cmocka_unit_test(what_is_encapsulated_is_decapsulated),
        cmocka_unit_test(a_changed_ciphertext_gives_a_secret_of_its_own),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
