/* failing_test.c - records of both versions, and an AEAD that fails: what is told,
 * and what is left; and that no nonce stays on the stack. */
#define HF_UNPOISONED
#include "record/record.h"
#include "base/owed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct hf_crypto crypto;
static struct hf_error error;
static struct hf_aead aead; /* AES-128-GCM, but for what a test changes */
static bool loads, seals;

static bool load(void *self, void *state, const uint8_t *key)
{
    return loads && hf_libcrypto.aeads[0]->load(self, state, key);
}

static bool seal(void *state, const struct hf_seal *one)
{
    owe(one->nonce, HF_NONCE_LEN);
    return seals && hf_libcrypto.aeads[0]->seal(state, one);
}

static bool open_one(void *state, const struct hf_open *one)
{
    owe(one->nonce, HF_NONCE_LEN);
    return hf_libcrypto.aeads[0]->open(state, one);
}

static bool set_keys(struct hf_direction *d, bool tls12)
{
    static const uint8_t key[HF_AEAD_KEY_MAX] = { 7 }, iv[HF_NONCE_LEN] = { 8 };

    error = (struct hf_error){ .code = HF_OK };
    if (!hf_direction_set(d, crypto.self, &aead, key, iv, HF_TRAFFIC, &error))
        return false;
    d->tls12 = tls12;
    d->explicit_len = tls12 ? 8 : 0;
    return true;
}

/* And its number is not used again. */
static void a_failure_to_seal_is_told(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        struct hf_direction d = { .aead = NULL };
        uint8_t room[64];

        assert_true(set_keys(&d, tls12));
        seals = false;
        assert_int_equal(
            hf_record_seal(&d, 23, 0, hf_span_text("x"), room, &error), 0);
        assert_int_equal(error.code, HF_E_CRYPTO);
        assert_non_null(strstr(error.detail, aead.name));
        assert_int_equal(d.seq, 1);
        nothing_is_owed();
        hf_direction_wipe(&d);
    }
}

/* Nor are there keys then, neither the old ones nor these. */
static void a_key_that_is_refused_is_told(void **state)
{
    struct hf_direction d = { .aead = NULL };

    (void)state;
    assert_true(set_keys(&d, false));
    loads = false;
    assert_false(set_keys(&d, false));
    assert_int_equal(error.code, HF_E_CRYPTO);
    assert_non_null(strstr(error.detail, aead.name));
    assert_null(d.aead);
    hf_direction_wipe(&d);
}

/* It tells the IV, or the salt. */
static void no_nonce_stays_behind(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        struct hf_direction out = { .aead = NULL }, in = { .aead = NULL };
        uint8_t room[64], type;
        struct hf_span plain;
        struct hf_frame f;
        size_t made;

        assert_true(set_keys(&out, tls12) && set_keys(&in, tls12));
        made = hf_record_seal(&out, 23, 0, hf_span_text("x"), room, &error);
        assert_true(made > 0);
        nothing_is_owed();
        assert_int_equal(hf_frame_next(&f, room, made, 0x0303, true, &error),
                         HF_FRAME_WHOLE);
        assert_true(hf_record_open(&in, &f, &type, &plain, &error));
        nothing_is_owed();
        assert_false(hf_record_open(&in, &f, &type, &plain, &error));
        nothing_is_owed();
        hf_direction_wipe(&out);
        hf_direction_wipe(&in);
    }
}

static int begin(void **state)
{
    (void)state;
    aead = *hf_libcrypto.aeads[0];
    aead.load = load;
    aead.seal = seal;
    aead.open = open_one;
    loads = seals = true;
    forget_owed();
    return hf_crypto_open(&crypto, &hf_libcrypto, &error) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    static const struct CMUnitTest tests[] = {
        TEST(a_failure_to_seal_is_told),
        TEST(a_key_that_is_refused_is_told),
        TEST(no_nonce_stays_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
