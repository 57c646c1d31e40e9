/* keys12_test.c - the key schedule of TLS 1.2 against a second opinion: both ways
 * to the master secret, the key block cut up, Finished and exporters; and what
 * is there when any call of the provider fails. */
#define HF_UNPOISONED
#include "handshake/lone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    unsigned suite, sha;
    size_t key, salt;
} rows[] = {
    { 0xc02f, 256, 16, 4 },
    { 0xc030, 384, 32, 4 },
    { 0xcca8, 256, 32, 12 },
};

static const struct hf_span said = { (const uint8_t *)"\1\0\0\3abc", 7 };
static uint8_t premaster[48];

/* The seed of @first and then @second's random. */
static struct hf_span randoms(const uint8_t *first, const uint8_t *second,
                              uint8_t out[64])
{
    memcpy(out, first, 32);
    memcpy(out + 32, second, 32);
    return hf_span(out, 64);
}

/* A master secret that is not made here. */
static void give_master(struct lone *l)
{
    for (unsigned i = 0; i < HF_MASTER_LEN; i++)
        l->s.master_secret[i] = (uint8_t)(7 + 5 * i);
}

static void check_master(size_t row, bool extended)
{
    uint8_t seed[64], want[HF_MASTER_LEN];
    struct lone l;

    lone_begin(&l, HF_CLIENT, rows[row].suite, said);
    l.s.extended_master = extended;
    if (extended) {
        naive_hash(rows[row].sha, said, seed);
        naive_prf(rows[row].sha, HF_SPAN(premaster), "extended master secret",
                  hf_span(seed, rows[row].sha / 8), want, sizeof(want));
    } else
        naive_prf(rows[row].sha, HF_SPAN(premaster), "master secret",
                  randoms(l.s.client_random, l.s.server_random, seed), want,
                  sizeof(want));
    assert_true(hf_keys12_master(l.hs, HF_SPAN(premaster)));
    assert_memory_equal(l.s.master_secret, want, sizeof(want));
    assert_int_equal(l.told_count, 2);
    assert_string_equal(l.told[0].label, "PREMASTER_SECRET");
    assert_int_equal(l.told[0].lines, 0);
    assert_int_equal(l.told[0].len, 48);
    assert_memory_equal(l.told[0].secret, premaster, 48);
    assert_string_equal(l.told[1].label, "CLIENT_RANDOM");
    assert_int_equal(l.told[1].lines, 1);
    assert_int_equal(l.told[1].len, HF_MASTER_LEN);
    assert_memory_equal(l.told[1].secret, want, HF_MASTER_LEN);
    lone_end(&l);
}

static void the_master_secret_is_that_of_both_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(premaster); i++)
        premaster[i] = (uint8_t)(3 + i);
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        check_master(row, false); /* RFC 5246 8.1 */
        check_master(row, true);  /* RFC 7627 4 */
    }
}

/* RFC 5246 6.3: client key, server key, client IV, server IV. */
static void check_install(struct lone *l, size_t row, bool sending)
{
    const size_t key = rows[row].key, salt = rows[row].salt;
    const bool servers = (l->s.role == HF_SERVER) == sending;
    const struct hf_direction *d = sending ? &l->s.out : &l->s.in;
    uint8_t seed[64], block[2 * (HF_AEAD_KEY_MAX + HF_NONCE_LEN)];

    naive_prf(rows[row].sha, HF_SPAN(l->s.master_secret), "key expansion",
              randoms(l->s.server_random, l->s.client_random, seed), block,
              2 * (key + salt));
    assert_memory_equal(lone_key(), block + (servers ? key : 0), key);
    assert_memory_equal(d->iv, block + 2 * key + (servers ? salt : 0), salt);
    assert_true(lone_zero(d->iv + salt, HF_NONCE_LEN - salt));
    assert_true(lone_zero(l->hs->key_block + 2 * (key + salt),
                          sizeof(l->hs->key_block) - 2 * (key + salt)));
    assert_ptr_equal(d->aead, l->s.aead);
    assert_true(d->tls12);
    assert_int_equal(d->explicit_len, 12 - salt);
    assert_int_equal(d->epoch, HF_TRAFFIC);
    assert_int_equal(d->seq, 0);
    assert_int_equal(d->limit.most, sending ? 600 : 700);
    assert_int_equal(d->pad, sending ? 64 : 0);
    assert_int_equal(l->keyed[l->keyed_count - 1].sent, sending);
    assert_int_equal(l->keyed[l->keyed_count - 1].epoch, HF_TRAFFIC);
}

static void both_directions_have_their_part_of_the_key_block(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++)
            for (int first = 0; first < 2; first++) {
                struct lone l;

                lone_begin(&l, (enum hf_role)role, rows[row].suite, said);
                l.set.pad_data = 64;
                l.s.out_limit.most = 600;
                l.s.in_limit.most = 700;
                give_master(&l);
                for (int i = 0; i < 2; i++) {
                    const bool sending = i == first;

                    lone_fail_at(0);
                    assert_true(hf_keys12_install(l.hs, sending));
                    if (i) /* the block was there: one call loads the key */
                        assert_int_equal(lone_calls(), 1);
                    assert_int_equal(l.keyed_count, i + 1);
                    check_install(&l, row, sending);
                }
                lone_end(&l);
            }
}

/* What came under the old keys is looked at under them, or not at all. */
static void nothing_may_be_left_when_keys_change(void **state)
{
    struct lone l;

    (void)state;
    lone_begin(&l, HF_CLIENT, 0xc02f, said);
    give_master(&l);
    hf_reassembly_add(&l.s.messages, hf_span_text("\x14"));
    assert_true(
        hf_keys12_install(l.hs, true)); /* it is not in this one's way */
    assert_false(hf_keys12_install(l.hs, false));
    assert_int_equal(l.s.error.code, HF_E_KEY_CHANGE);
    assert_null(l.s.in.aead);
    lone_end(&l);
}

static void finished_is_that_of_whoever_sends_it(void **state)
{
    static const char *const labels[] = { "client finished",
                                          "server finished" };

    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (unsigned whose = 0; whose < 2; whose++) {
            uint8_t digest[HF_HASH_MAX], want[12], got[13];
            struct lone l;

            lone_begin(&l, HF_SERVER, rows[row].suite, said);
            give_master(&l);
            naive_hash(rows[row].sha, said, digest);
            naive_prf(rows[row].sha, HF_SPAN(l.s.master_secret), labels[whose],
                      hf_span(digest, rows[row].sha / 8), want, 12);
            got[12] = 0x5a;
            assert_true(hf_keys12_finished(l.hs, whose ? HF_SERVER : HF_CLIENT,
                                           digest, got));
            assert_memory_equal(got, want, 12);
            assert_int_equal(got[12], 0x5a);
            lone_end(&l);
        }
}

/* RFC 5705 4 */
static void check_export(const struct lone *l, struct hf_span context)
{
    uint8_t seed[64 + 2 + 64], want[77], got[77];
    size_t len = randoms(l->s.client_random, l->s.server_random, seed).len;

    if (context.at) {
        hf_store_number(seed + len, context.len, 2);
        memcpy(seed + len + 2, context.at, context.len);
        len += 2 + context.len;
    }
    naive_prf(256, HF_SPAN(l->s.master_secret), "EXPERIMENTAL x",
              hf_span(seed, len), want, sizeof(want));
    assert_true(
        hf_keys12_export(&l->s, "EXPERIMENTAL x", context, got, sizeof(got)));
    assert_memory_equal(got, want, sizeof(got));
}

static void exporters_are_those_of_rfc_5705(void **state)
{
    static uint8_t long_one[65536];
    uint8_t out[16];
    struct lone l;

    (void)state;
    lone_begin(&l, HF_CLIENT, 0xc02f, said);
    l.s.extended_master = true;
    give_master(&l);
    check_export(&l, hf_span(NULL, 0));
    check_export(&l, hf_span("", 0)); /* not the same */
    check_export(&l, hf_span("some context", 12));
    assert_true(hf_keys12_export(&l.s, "x", hf_span(long_one, 65535), out, 16));
    assert_false(
        hf_keys12_export(&l.s, "x", hf_span(long_one, 65536), out, 16));
    l.s.extended_master = false; /* RFC 7627 5.4 */
    assert_false(hf_keys12_export(&l.s, "x", hf_span(NULL, 0), out, 16));
    lone_end(&l);
}

/* ---- the provider fails --------------------------------------------------------- */

/* Everything that makes keys, as far as it comes. */
static bool all_of_it(struct lone *l, uint8_t *out)
{
    uint8_t digest[HF_HASH_MAX];

    naive_hash(256, said, digest);
    return hf_keys12_master(l->hs, HF_SPAN(premaster)) &&
           hf_keys12_install(l->hs, true) &&
           hf_keys12_finished(l->hs, HF_CLIENT, digest, out) &&
           hf_keys12_install(l->hs, false);
}

static size_t calls_of_all(uint8_t *out, uint8_t *key)
{
    struct lone l;
    size_t calls;

    lone_begin(&l, HF_CLIENT, 0xc02f, said);
    assert_true(all_of_it(&l, out));
    assert_int_equal(l.s.error.code, HF_OK);
    calls = lone_calls();
    memcpy(key, lone_key(), 16);
    lone_end(&l);
    return calls;
}

/* And once it works again, what comes is the same as if it always had. */
static void each_failure_is_told_and_leaves_no_keys(void **state)
{
    uint8_t want[12], got[12], key[16];
    const size_t calls = calls_of_all(want, key);

    (void)state;
    assert_true(calls > 30);
    for (size_t n = 1; n <= calls; n++) {
        struct lone l;

        lone_begin(&l, HF_CLIENT, 0xc02f, said);
        lone_fail_at(n);
        assert_false(all_of_it(&l, got));
        assert_int_equal(l.s.error.code, HF_E_CRYPTO);
        assert_null(l.s.in.aead);
        assert_int_equal(l.keyed_count, l.s.out.aead != NULL);
        assert_int_equal(l.told_count == 2,
                         !lone_zero(l.s.master_secret, HF_MASTER_LEN));
        lone_fail_at(0);
        assert_true(all_of_it(&l, got));
        assert_memory_equal(got, want, sizeof(want));
        assert_memory_equal(lone_key(), key, sizeof(key));
        lone_end(&l);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_master_secret_is_that_of_both_rfcs),
        cmocka_unit_test(both_directions_have_their_part_of_the_key_block),
        cmocka_unit_test(nothing_may_be_left_when_keys_change),
        cmocka_unit_test(finished_is_that_of_whoever_sends_it),
        cmocka_unit_test(exporters_are_those_of_rfc_5705),
        cmocka_unit_test(each_failure_is_told_and_leaves_no_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
