/* witness_test.c - the witness that the other tests rely on: a nonce that is used
 * twice under one key ends the program, and nothing else does. */
#define HF_UNPOISONED
#include "record/pair.h"
#include "record/witness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { AEADS = 3 };

/* Nothing, sealed. */
static void seal(size_t which, const uint8_t *key, const uint8_t *nonce)
{
    uint64_t state[HF_AEAD_STATE_MAX / 8] = { 0 };
    uint8_t out[HF_TAG_LEN];
    const struct hf_seal one = { .nonce = nonce, .out = out };

    if (!pair_aead(which)->load(pair_crypto.self, state, key) ||
        !pair_aead(which)->seal(state, &one))
        _exit(1);
    pair_aead(which)->unload(state);
    for (size_t i = 0; i < HF_COUNT(state); i++)
        if (state[i])
            _exit(2);
}

/* What becomes of a program that does this: the signal that ended it, or 0; and
 * what it said. */
static int ends_by(void (*act)(void), char said[80])
{
    int ends[2], how = 0;
    ssize_t n;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (!child) {
        dup2(ends[1], 2);
        act();
        _exit(0);
    }
    close(ends[1]);
    n = read(ends[0], said, 79);
    close(ends[0]);
    said[n > 0 ? n : 0] = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (WIFEXITED(how))
        assert_int_equal(WEXITSTATUS(how), 0);
    return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

static uint8_t key[HF_AEAD_KEY_MAX] = { 9 }, nonce[HF_NONCE_LEN];
static size_t which, before;

static void twice(void)
{
    seal(which, key, nonce);
    seal(which, key, nonce);
}

/* @before others lie between the two. */
static void long_after(void)
{
    uint8_t other[HF_NONCE_LEN] = { 1 };

    seal(which, key, nonce);
    for (size_t i = 0; i < before; i++) {
        hf_store_number(other + 1, i, 8);
        seal(which, key, other);
    }
    if (witness_count() != before + 1)
        _exit(3);
    seal(which, key, nonce);
}

static void zero_key(void)
{
    memset(key, 0, sizeof(key));
    seal(0, key, nonce);
}

static void a_nonce_that_comes_twice_ends_the_program(void **state)
{
    char said[80];

    (void)state;
    for (which = 0; which < AEADS; which++)
        for (before = 0; before < 1500; before = 2 * before + 300) {
            assert_int_equal(ends_by(long_after, said), SIGABRT);
            assert_non_null(strstr(said, "used twice under one key"));
        }
    which = 0;
    assert_int_equal(ends_by(twice, said), SIGABRT);
    assert_int_equal(ends_by(zero_key, said), SIGABRT);
}

/* The last byte of nonce and key, and which AEAD it is: all make a difference. */
static void all_different(void)
{
    const size_t had = witness_count();

    for (size_t a = 0; a < AEADS; a++)
        for (unsigned n = 0; n < 30; n++)
            for (unsigned k = 0; k < 30; k++) {
                nonce[HF_NONCE_LEN - 1] = (uint8_t)n;
                key[pair_aead(a)->key_len - 1] = (uint8_t)k;
                key[0] = (uint8_t)(1 + a);
                seal(a, key, nonce);
            }
    if (witness_count() - had != AEADS * 900)
        _exit(4);
}

static void another_key_and_another_nonce_may_come(void **state)
{
    char said[80];

    (void)state;
    assert_int_equal(ends_by(all_different, said), 0);
}

/* One key of every AEAD that takes it. */
static void one_for_two(void)
{
    seal(1, key, nonce);
    seal(2, key, nonce);
}

static void forgotten(void)
{
    seal(1, key, nonce);
    witness_forget();
    if (witness_count())
        _exit(5);
    seal(1, key, nonce);
    if (witness_count() != 1)
        _exit(6);
    witness_forget();
}

static void two_algorithms_are_two_keys(void **state)
{
    char said[80];

    (void)state;
    assert_int_equal(ends_by(one_for_two, said), 0);
}

static void whoever_says_so_may_begin_again(void **state)
{
    char said[80];

    (void)state;
    assert_int_equal(ends_by(forgotten, said), 0);
}

/* It seals and opens what the real one seals and opens. */
static void it_is_the_real_one(void **state)
{
    (void)state;
    for (size_t a = 0; a < AEADS; a++) {
        uint64_t ours[HF_AEAD_STATE_MAX / 8] = { 0 },
                                          real[HF_AEAD_STATE_MAX / 8] = { 0 };
        uint8_t one[4 + HF_TAG_LEN], two[4 + HF_TAG_LEN], back[4];
        struct hf_seal sealing = { .nonce = nonce,
                                   .in = hf_span("text", 4),
                                   .out = one };
        struct hf_open opening = { .nonce = nonce,
                                   .in = HF_SPAN(two),
                                   .out = back };

        assert_string_equal(pair_aead(a)->name, hf_libcrypto.aeads[a]->name);
        assert_int_equal(pair_aead(a)->key_len, hf_libcrypto.aeads[a]->key_len);
        assert_true(pair_aead(a)->seal_limit ==
                    hf_libcrypto.aeads[a]->seal_limit);
        assert_true(pair_aead(a)->load(pair_crypto.self, ours, key));
        assert_true(hf_libcrypto.aeads[a]->load(pair_crypto.self, real, key));
        assert_true(pair_aead(a)->seal(ours, &sealing));
        sealing.out = two;
        assert_true(hf_libcrypto.aeads[a]->seal(real, &sealing));
        assert_memory_equal(one, two, sizeof(one));
        assert_true(pair_aead(a)->open(ours, &opening));
        assert_memory_equal(back, "text", 4);
        two[0] ^= 1;
        assert_false(pair_aead(a)->open(ours, &opening));
        pair_aead(a)->unload(ours);
        hf_libcrypto.aeads[a]->unload(real);
    }
    assert_null(pair_aead(AEADS));
    assert_string_equal(pair_crypto.provider->name, "witness");
}

static void its_limit_can_be_set(void **state)
{
    (void)state;
    witness_limit(77);
    for (size_t a = 0; a < AEADS; a++)
        assert_int_equal(pair_aead(a)->seal_limit, 77);
    witness_limit(0);
    for (size_t a = 0; a < AEADS; a++)
        assert_true(pair_aead(a)->seal_limit ==
                    hf_libcrypto.aeads[a]->seal_limit);
    assert_ptr_equal(witness_provider(), pair_crypto.provider);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_that_comes_twice_ends_the_program),
        cmocka_unit_test(another_key_and_another_nonce_may_come),
        cmocka_unit_test(two_algorithms_are_two_keys),
        cmocka_unit_test(whoever_says_so_may_begin_again),
        cmocka_unit_test(it_is_the_real_one),
        cmocka_unit_test(its_limit_can_be_set),
    };

    return cmocka_run_group_tests(tests, pair_open, pair_close);
}
