/* kdf_fault_test.c - key derivation with a hash that fails at its nth call: it is
 * told, nothing is left in the output, and nothing secret on the stack. */
#include "vectors.h"

#include "base/owed.h"

static int calls_left;

/* The state of a hash, a digest, a block with a key in it. */
static bool owe_if(bool ok, const void *at, size_t len)
{
    if (ok)
        owe(at, len);
    return ok;
}

static const struct hf_hash *real(void)
{
    return hf_hash_by_id(opened(), HF_SHA256);
}

static bool may_go_on(void)
{
    return calls_left-- > 0;
}

/* Begun and copied to only where nothing is: what was there would be lost. */
static bool is_zero(const void *at, size_t len)
{
    const uint8_t *p = at;

    while (len && !p[len - 1])
        len--;
    return !len;
}

static bool failing_start(void *self, struct hf_hash_state *s)
{
    assert_true(is_zero(s, sizeof(*s)));
    return owe_if(may_go_on() && real()->start(self, s), s, sizeof(*s));
}

static bool failing_add(struct hf_hash_state *s, struct hf_span bytes)
{
    if (bytes.len == real()->block)
        owe(bytes.at, bytes.len);
    return may_go_on() && real()->add(s, bytes);
}

static bool failing_digest(const struct hf_hash_state *s, uint8_t *out)
{
    return owe_if(may_go_on() && real()->digest(s, out), out, real()->len);
}

static bool failing_copy(struct hf_hash_state *to,
                         const struct hf_hash_state *from)
{
    assert_true(is_zero(to, sizeof(*to)));
    return owe_if(may_go_on() && real()->copy(to, from), to, sizeof(*to));
}

static void failing_wipe(struct hf_hash_state *s)
{
    paid(s, sizeof(*s));
    real()->wipe(s);
}

static const struct hf_hash failing = {
    "failing",   HF_SHA256,      32,           64,           failing_start,
    failing_add, failing_digest, failing_copy, failing_wipe,
};

static bool run_all(uint8_t *out)
{
    struct hf_span seed = hex("0102");
    struct hf_hmac h = { 0 };
    uint8_t prk[32];

    forget_owed();

    bool ok = hf_hkdf_extract(opened(), &failing, hf_span(NULL, 0), seed,
                              prk) &&
              hf_hmac_key(&h, opened(), &failing, HF_SPAN(prk)) &&
              hf_expand_label(&h, "key", seed, out, 40) &&
              hf_prf12(opened(), &failing, HF_SPAN(prk), "x", &seed, 1, out,
                       40) &&
              hf_hash_parts(opened(), &failing, &seed, 1, out);
    hf_hmac_wipe(&h);
    paid(prk, sizeof(prk)); /* these two are the test's own */
    paid(out, 40);
    nothing_is_owed();
    return ok;
}

static void each_failure_of_a_hash_is_reported(void **state)
{
    uint8_t out[40];
    int needed;

    (void)state;
    calls_left = 1000;
    assert_true(run_all(out));
    needed = 1000 - calls_left;
    assert_true(needed > 30);
    for (int n = 0; n < needed; n++) {
        calls_left = n;
        assert_false(run_all(out));
    }
}

enum verb { SUM, EXTRACT, EXPAND, LABEL, PRF, PRF_KEYED, PARTS, VERBS };

static bool run(enum verb verb, const struct hf_hmac *h, uint8_t *out)
{
    struct hf_span seed = hex("0102");

    switch (verb) {
    case SUM: return hf_hmac_sum(h, &seed, 1, out);
    case EXTRACT: return hf_hkdf_extract(opened(), &failing, seed, seed, out);
    case EXPAND: return hf_hkdf_expand(h, seed, out, 40);
    case LABEL: return hf_expand_label(h, "key", seed, out, 40);
    case PRF: return hf_prf12(opened(), &failing, seed, "x", &seed, 1, out, 40);
    case PRF_KEYED: return hf_prf12_keyed(h, "x", &seed, 1, out, 40);
    case PARTS:
    case VERBS:
    default: return hf_hash_parts(opened(), &failing, &seed, 1, out);
    }
}

static void a_failure_leaves_nothing_in_the_output(void **state)
{
    static const uint8_t zeroes[40];
    struct hf_hmac h;
    uint8_t out[40];

    (void)state;
    calls_left = 1000;
    assert_true(hf_hmac_key(&h, opened(), &failing, hex("01")));
    for (unsigned verb = 0; verb < VERBS; verb++) {
        calls_left = 1000;
        assert_true(run((enum verb)verb, &h, out));
        for (int n = 0, needed = 1000 - calls_left; n < needed; n++) {
            memset(out, 1, sizeof(out));
            calls_left = n;
            assert_false(run((enum verb)verb, &h, out));
            assert_memory_equal(
                out, zeroes,
                verb == SUM || verb == EXTRACT || verb == PARTS ? 32 : 40);
        }
    }
    hf_hmac_wipe(&h);
}

static void a_key_that_was_not_made_is_none(void **state)
{
    struct hf_hmac h;
    int needed;

    (void)state;
    calls_left = 1000;
    assert_true(hf_hmac_key(&h, opened(), &failing, hex("01")));
    needed = 1000 - calls_left;
    hf_hmac_wipe(&h);
    assert_int_equal(needed, 4);
    for (int n = 0; n < needed; n++) {
        memset(&h, 1, sizeof(h));
        calls_left = n;
        assert_false(hf_hmac_key(&h, opened(), &failing, hex("01")));
        assert_true(is_zero(&h, sizeof(h)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_of_a_hash_is_reported),
        cmocka_unit_test(a_failure_leaves_nothing_in_the_output),
        cmocka_unit_test(a_key_that_was_not_made_is_none),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
