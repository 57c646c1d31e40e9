/* unpad_test.c - PKCS#1 v1.5 padding looked at without a branch, against a
 * second opinion that branches wherever it likes (RFC 8017 7.2.2, RFC 5246
 * 7.4.7.1).  Nothing is encrypted here; transport_test.c does that. */
#include "vectors.h"

#include "base/reach.h"
#include "crypto/oracle.h"

enum { LEN = HF_PREMASTER_LEN, TLS12 = 0x0303, SHORTEST = 2 + 8 + 1 + LEN };

static const size_t sizes[] = { SHORTEST, SHORTEST + 1, 128, 256, 257 };

static uint8_t secret[LEN], drawn[LEN];

static int make_secrets(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LEN; i++) {
        secret[i] = (uint8_t)(1 + i * 5);
        drawn[i] = (uint8_t)(200 - i * 3);
    }
    secret[0] = secret[1] = 3;
    return 0;
}

/* Is there a premaster secret for @version in @block? */
static bool well_formed(struct hf_span block, unsigned version)
{
    const uint8_t *zero;

    if (block.len < SHORTEST || block.at[0] != 0 || block.at[1] != 2)
        return false;
    zero = memchr(block.at + 2, 0, block.len - 2);
    return zero && zero == block.at + block.len - LEN - 1 &&
           zero[1] == version >> 8 && zero[2] == (version & 0xff);
}

/* The end of @block where there is a secret in it, what was drawn where there
 * is none. */
static bool check(uint32_t good, struct hf_span block, unsigned version)
{
    const bool opens = good && well_formed(block, version);
    uint8_t got[LEN + 1];

    memcpy(got, drawn, LEN);
    got[LEN] = 0x5a;
    hf_premaster_unpad(good, block, version, got);
    assert_memory_equal(got, opens ? block.at + block.len - LEN : drawn, LEN);
    assert_int_equal(got[LEN], 0x5a);
    return opens;
}

static void a_well_formed_block_of_any_size_opens(void **state)
{
    uint8_t block[512];

    (void)state;
    for (size_t len = SHORTEST; len <= sizeof(block); len++) {
        oracle_pad(block, len, secret);
        assert_true(check(UINT32_MAX, hf_span(block, len), TLS12));
        assert_false(check(0, hf_span(block, len), TLS12));
    }
}

/* Nothing is read that is not there: each lies in memory of its own. */
static void no_block_is_too_short_to_be_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < SHORTEST; len++) {
        uint8_t *block = malloc(len + !len);

        assert_non_null(block);
        memset(block, 3, len);
        assert_false(check(UINT32_MAX, hf_span(block, len), TLS12));
        free(block);
    }
}

/* What would be well formed, were seven bytes of padding enough: it begins
 * with a byte less than there must be. */
static void seven_bytes_of_padding_are_too_few(void **state)
{
    uint8_t block[SHORTEST];

    (void)state;
    oracle_pad(block, SHORTEST, secret);
    memmove(block + 2, block + 3, SHORTEST - 3);
    assert_false(check(UINT32_MAX, hf_span(block, SHORTEST - 1), TLS12));
}

static void every_changed_bit_has_its_verdict(void **state)
{
    uint8_t block[257];

    (void)state;
    for (size_t s = 0; s < HF_COUNT(sizes); s++) {
        const struct hf_span all = { block, sizes[s] };
        size_t opened_all = 0;

        for (size_t bit = 0; bit < 8 * all.len; bit++) {
            oracle_pad(block, all.len, secret);
            block[bit / 8] ^= (uint8_t)(1u << bit % 8);
            opened_all += check(UINT32_MAX, all, TLS12);
        }
        /* At least those of the 46 random bytes. */
        assert_true(opened_all >= 46 * 8);
    }
}

static void a_zero_anywhere_in_the_padding_is_refused(void **state)
{
    uint8_t block[257];

    (void)state;
    for (size_t s = 0; s < HF_COUNT(sizes); s++)
        for (size_t at = 2; at < sizes[s]; at++) {
            const struct hf_span all = { block, sizes[s] };

            oracle_pad(block, all.len, secret);
            block[at] = 0;
            /* In the secret, behind its version, it is a byte like any. */
            assert_int_equal(check(UINT32_MAX, all, TLS12),
                             at == all.len - LEN - 1 ||
                                 at >= all.len - LEN + 2);
        }
}

static void both_bytes_of_the_version_count(void **state)
{
    static const unsigned versions[] = {
        0x0303, 0x0300, 0x0302, 0x0304, 0x0003,
        0x0203, 0x0403, 0xfefd, 0x8303, 0x0383
    };
    uint8_t block[SHORTEST], other[LEN];

    (void)state;
    for (size_t has = 0; has < HF_COUNT(versions); has++)
        for (size_t asked = 0; asked < HF_COUNT(versions); asked++) {
            memcpy(other, secret, LEN);
            hf_store_number(other, versions[has], 2);
            oracle_pad(block, sizeof(block), other);
            assert_int_equal(check(UINT32_MAX, HF_SPAN(block), versions[asked]),
                             has == asked);
        }
}

/* ---- the number that goes elsewhere --------------------------------------------------- */

static const uint8_t modulus[4] = { 0x80, 0x11, 0x22, 0x33 };

static uint32_t number_of(const uint8_t *sealed, size_t len, uint8_t *out)
{
    const struct hf_public_key key = { .kind = HF_KEY_RSA,
                                       .modulus = HF_SPAN(modulus) };

    memset(out, 0xee, 5);
    return hf_premaster_number(&key, hf_span(sealed, len), out);
}

/* As long as the modulus and below it: it goes as it came.  What does not is
 * replaced by something that does, and counts for nothing. */
static void only_a_number_below_the_modulus_goes_as_it_came(void **state)
{
    static const struct {
        uint8_t bytes[5];
        size_t len;
        bool fits;
    } rows[] = {
        { { 0x80, 0x11, 0x22, 0x32 }, 4, true },
        { { 0x7f, 0xff, 0xff, 0xff }, 4, true },
        { { 0, 0, 0, 0 }, 4, true },
        { { 0x80, 0x11, 0x22, 0x33 }, 4, false },
        { { 0x80, 0x11, 0x22, 0x34 }, 4, false },
        { { 0xff, 0, 0, 0 }, 4, false },
        { { 0x11, 0x22, 0x32 }, 3, false },
        { { 0 }, 0, false },
        { { 0, 0x80, 0x11, 0x22, 0x32 }, 5, false },
        { { 0x80, 0x11, 0x22, 0x32, 0 }, 5, false },
    };
    uint8_t out[5];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        uint8_t *copy = malloc(rows[i].len + !rows[i].len);

        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].len);
        assert_int_equal(number_of(copy, rows[i].len, out),
                         rows[i].fits ? UINT32_MAX : 0);
        if (rows[i].fits)
            assert_memory_equal(out, rows[i].bytes, 4);
        assert_true(memcmp(out, modulus, 4) < 0);
        assert_int_equal(out[4], 0xee);
        free(copy);
    }
}

/* Whatever bytes it has. */
static void what_stands_in_is_below_any_modulus(void **state)
{
    static const uint8_t moduli[][4] = {
        { 0x80, 0, 0x22, 0x33 }, { 1, 0, 0, 1 }, { 1, 1, 0, 1 }, { 2, 0, 0, 1 }
    };
    uint8_t out[4];

    (void)state;
    for (size_t i = 0; i < HF_COUNT(moduli); i++) {
        const struct hf_public_key key = { .kind = HF_KEY_RSA,
                                           .modulus = HF_SPAN(moduli[i]) };

        assert_int_equal(hf_premaster_number(&key, key.modulus, out), 0);
        assert_true(memcmp(out, moduli[i], 4) < 0);
    }
}

static bool unpad_256(const uint8_t *bytes)
{
    uint8_t got[LEN];

    memcpy(got, drawn, LEN);
    hf_premaster_unpad(UINT32_MAX, hf_span(bytes, 256), TLS12, got);
    return true;
}

/* Wherever it is wrong, the secret is looked at: who stopped there would tell
 * by the time where that was. */
static void every_block_is_looked_at_to_the_end(void **state)
{
    uint8_t block[256];

    (void)state;
    for (size_t i = 0; i < sizeof(block) - 1; i++) {
        oracle_pad(block, sizeof(block), secret);
        block[i] = block[i] ? 0 : 1;
        assert_true(reach(unpad_256, block, sizeof(block), 1));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_well_formed_block_of_any_size_opens),
        cmocka_unit_test(no_block_is_too_short_to_be_refused),
        cmocka_unit_test(seven_bytes_of_padding_are_too_few),
        cmocka_unit_test(every_changed_bit_has_its_verdict),
        cmocka_unit_test(a_zero_anywhere_in_the_padding_is_refused),
        cmocka_unit_test(every_block_is_looked_at_to_the_end),
        cmocka_unit_test(both_bytes_of_the_version_count),
        cmocka_unit_test(only_a_number_below_the_modulus_goes_as_it_came),
        cmocka_unit_test(what_stands_in_is_below_any_modulus),
    };

    return cmocka_run_group_tests(tests, make_secrets, NULL);
}
