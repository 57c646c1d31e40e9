/* keys13_test.c - the key schedule of TLS 1.3 against a second opinion, beside the
 * traces of RFC 8448, which know one hash: every stage with both hashes, with
 * and without a pre-shared key; keys put to use; what is there when any call of
 * the provider fails. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "base/owed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    unsigned suite, sha;
    size_t key;
} rows[] = { { 0x1301, 256, 16 }, { 0x1302, 384, 32 }, { 0x1303, 256, 32 } };

static const struct hf_span said = { (const uint8_t *)"\1\0\0\3abc", 7 };
static const uint8_t zeroes[64];

/* ---- secrets on the stack: the linker puts these in front of the real ones ------ */

bool __real_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key);
bool __wrap_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key);
void __real_hf_hmac_wipe(struct hf_hmac *h);
void __wrap_hf_hmac_wipe(struct hf_hmac *h);
bool __real_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len);
bool __wrap_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len);

bool __wrap_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key)
{
    const bool ok = __real_hf_hmac_key(h, c, hash, key);

    if (ok)
        owe(h, sizeof(*h));
    return ok;
}

void __wrap_hf_hmac_wipe(struct hf_hmac *h)
{
    paid(h, sizeof(*h));
    __real_hf_hmac_wipe(h);
}

bool __wrap_hf_expand_label(const struct hf_hmac *secret, const char *label,
                            struct hf_span context, uint8_t *out, size_t len)
{
    const bool ok = __real_hf_expand_label(secret, label, context, out, len);

    if (ok)
        owe(out, len);
    return ok;
}

/* Only session and handshake still hold secrets, and what the test gave. */
static void nothing_else_is_owed(const struct lone *l, const uint8_t given[64])
{
    spare(&l->s, sizeof(l->s));
    spare(l->hs, sizeof(*l->hs));
    paid(given, 64);
    nothing_is_owed();
}

static void fill(uint8_t *out, size_t len, unsigned from)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(from + 3 * i);
}

/* Which secret, under what name, was told as the @n th. */
static void was_told(const struct lone *l, size_t n, const char *label,
                     const uint8_t *secret, size_t len)
{
    assert_true(n < l->told_count);
    assert_string_equal(l->told[n].label, label);
    assert_int_equal(l->told[n].lines, 1);
    assert_int_equal(l->told[n].len, len);
    assert_memory_equal(l->told[n].secret, secret, len);
}

/* ---- the stages (RFC 8446 7.1) --------------------------------------------------- */

/* Extract(Derive(stage, "derived", ""), @ikm) */
static void naive_next(unsigned sha, uint8_t *stage, struct hf_span ikm)
{
    uint8_t salt[64];

    naive_derive(sha, stage, "derived", hf_span("", 0), salt);
    naive_hmac(sha, hf_span(salt, sha / 8), ikm, stage);
}

static void check_schedule(size_t row, bool with_psk)
{
    const unsigned sha = rows[row].sha;
    const size_t len = sha / 8;
    uint8_t psk[20], shared[32], stage[64], one[64], two[64], three[64];
    struct lone l;

    fill(psk, sizeof(psk), 9);
    fill(shared, sizeof(shared), 77);
    lone_begin(&l, HF_CLIENT, rows[row].suite, said);
    memcpy(l.hs->shared, shared, sizeof(shared));
    l.hs->psk.secret = HF_SPAN(psk);
    l.hs->facts = with_psk ? HF_FACT_RESUMED : 0;

    naive_hmac(sha, hf_span(NULL, 0),
               with_psk ? HF_SPAN(psk) : hf_span(zeroes, len), stage);
    naive_next(sha, stage, HF_SPAN(shared));
    naive_derive(sha, stage, "c hs traffic", said, one);
    naive_derive(sha, stage, "s hs traffic", said, two);
    assert_true(hf_keys13_handshake(l.hs));
    assert_memory_equal(l.hs->client_hs, one, len);
    assert_memory_equal(l.hs->server_hs, two, len);
    assert_memory_equal(l.hs->stage, stage, len);
    assert_true(lone_zero(l.hs->shared, sizeof(l.hs->shared)));
    was_told(&l, 0, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", one, len);
    was_told(&l, 1, "SERVER_HANDSHAKE_TRAFFIC_SECRET", two, len);

    naive_next(sha, stage, hf_span(zeroes, len));
    naive_derive(sha, stage, "c ap traffic", said, one);
    naive_derive(sha, stage, "s ap traffic", said, two);
    naive_derive(sha, stage, "exp master", said, three);
    assert_true(hf_keys13_master(l.hs));
    assert_memory_equal(l.s.client_secret, one, len);
    assert_memory_equal(l.s.server_secret, two, len);
    assert_memory_equal(l.s.exporter_secret, three, len);
    was_told(&l, 2, "CLIENT_TRAFFIC_SECRET_0", one, len);
    was_told(&l, 3, "SERVER_TRAFFIC_SECRET_0", two, len);
    was_told(&l, 4, "EXPORTER_SECRET", three, len);

    naive_derive(sha, stage, "res master", said, one);
    assert_true(hf_keys13_resumption(l.hs));
    assert_memory_equal(l.s.resumption_secret, one, len);
    assert_true(lone_zero(l.hs->stage, sizeof(l.hs->stage)));
    assert_int_equal(l.told_count, 5);
    lone_end(&l);
}

static void every_stage_is_that_of_the_figure(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (int with_psk = 0; with_psk < 2; with_psk++)
            check_schedule(row, with_psk);
}

/* A handshake of which only the first hello is known, kept unhashed. */
static void begin_early(struct lone *l, struct hf_saved_session *saved,
                        unsigned suite)
{
    lone_begin(l, HF_CLIENT, suite, hf_span("", 0));
    hf_transcript_wipe(&l->hs->transcript);
    l->hs->transcript.crypto = &l->set.crypto;
    l->hs->transcript.arena = &l->hs->arena;
    assert_true(hf_transcript_add(&l->hs->transcript, said, &l->s.error));
    l->hs->saved = saved;
    lone_fail_at(0);
}

static void early_secrets_come_of_the_ticket_and_the_first_hello(void **state)
{
    uint8_t secret[48], stage[64], one[64], two[64];
    struct hf_saved_session saved = { .secret = HF_SPAN(secret) };

    (void)state;
    fill(secret, sizeof(secret), 50);
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        const size_t len = rows[row].sha / 8;
        struct lone l;

        begin_early(&l, &saved, rows[row].suite);
        naive_hmac(rows[row].sha, hf_span(NULL, 0), HF_SPAN(secret), stage);
        naive_derive(rows[row].sha, stage, "c e traffic", said, one);
        naive_derive(rows[row].sha, stage, "e exp master", said, two);
        assert_true(hf_keys13_early(l.hs, l.s.hash));
        assert_memory_equal(l.hs->client_early, one, len);
        assert_memory_equal(l.s.early_exporter, two, len);
        assert_true(lone_zero(l.hs->stage, sizeof(l.hs->stage)));
        was_told(&l, 0, "CLIENT_EARLY_TRAFFIC_SECRET", one, len);
        was_told(&l, 1, "EARLY_EXPORTER_SECRET", two, len);
        assert_int_equal(l.told_count, 2);
        lone_end(&l);
    }
}

/* ---- keys of a direction (RFC 8446 7.3) ------------------------------------------------ */

static void check_keys(const struct lone *l, size_t row, bool sending,
                       const uint8_t *secret, enum hf_epoch epoch)
{
    const struct hf_direction *d = sending ? &l->s.out : &l->s.in;
    uint8_t key[32], iv[12];

    naive_label(rows[row].sha, secret, "key", hf_span(NULL, 0), key,
                rows[row].key);
    naive_label(rows[row].sha, secret, "iv", hf_span(NULL, 0), iv, 12);
    assert_memory_equal(lone_key(), key, rows[row].key);
    assert_memory_equal(d->iv, iv, 12);
    assert_ptr_equal(d->aead, l->s.aead);
    assert_int_equal(d->epoch, epoch);
    assert_int_equal(d->seq, 0);
    assert_false(d->tls12);
    assert_int_equal(d->limit.most, sending ? 600 : 700);
    assert_int_equal(d->pad, !sending ? 0 : epoch == HF_HANDSHAKE ? 32 : 64);
    assert_int_equal(l->keyed[l->keyed_count - 1].sent, sending);
    assert_int_equal(l->keyed[l->keyed_count - 1].epoch, epoch);
}

static void begin_keys(struct lone *l, enum hf_role role, unsigned suite)
{
    lone_begin(l, role, suite, said);
    l->set.pad_data = 64;
    l->set.pad_handshake = 32;
    l->s.out_limit.most = 600;
    l->s.in_limit.most = 700;
    fill(l->s.client_secret, 48, 1);
    fill(l->s.server_secret, 48, 100);
    fill(l->s.exporter_secret, 48, 30);
    fill(l->s.early_exporter, 48, 60);
}

static void a_secret_gives_key_and_iv(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        struct lone l;

        begin_keys(&l, HF_CLIENT, rows[row].suite);
        for (unsigned i = 0; i < 4; i++) {
            const bool sending = i & 1;
            const enum hf_epoch epoch = i & 2 ? HF_TRAFFIC : HF_HANDSHAKE;

            assert_true(
                hf_keys13_install(&l.s, sending, l.s.client_secret, epoch));
            assert_int_equal(l.keyed_count, i + 1);
            check_keys(&l, row, sending, l.s.client_secret, epoch);
        }
        assert_true(hf_keys13_install_as(&l.s, l.s.suite, true,
                                         l.s.server_secret, HF_EARLY_DATA));
        check_keys(&l, row, true, l.s.server_secret, HF_EARLY_DATA);
        lone_end(&l);
    }
}

/* The one provider has SHA-256 and no more, the other AES-128-GCM. */
static void a_suite_without_its_algorithms_gives_no_keys(void **state)
{
    static const unsigned pairs[][2] = { { 0x1301, 0x1302 },
                                         { 0x1302, 0x1301 },
                                         { 0x1301, 0x1303 } };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(pairs); i++) {
        struct lone l;

        begin_keys(&l, HF_CLIENT, pairs[i][0]);
        assert_false(hf_keys13_install_as(&l.s, hf_suite_by_number(pairs[i][1]),
                                          true, l.s.client_secret,
                                          HF_EARLY_DATA));
        assert_int_equal(l.s.error.code, HF_E_BUG);
        assert_null(l.s.out.aead);
        lone_end(&l);
    }
}

/* RFC 8446 5.1 */
static void nothing_may_be_left_when_keys_change(void **state)
{
    struct lone l;

    (void)state;
    begin_keys(&l, HF_CLIENT, 0x1301);
    hf_reassembly_add(&l.s.messages, hf_span_text("\x14"));
    assert_true(hf_keys13_install(&l.s, true, l.s.client_secret, HF_TRAFFIC));
    assert_false(hf_keys13_install(&l.s, false, l.s.client_secret, HF_TRAFFIC));
    assert_int_equal(l.s.error.code, HF_E_KEY_CHANGE);
    assert_null(l.s.in.aead);
    lone_end(&l);
}

/* RFC 8446 7.2: of a client's sending and of a server's hearing it is the
 * client's secret that goes on, and nobody else's. */
static void an_update_goes_on_with_one_secret(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (unsigned i = 0; i < 4; i++) {
            const enum hf_role role = i & 1 ? HF_CLIENT : HF_SERVER;
            const bool sending = i & 2;
            const size_t len = rows[row].sha / 8;
            const bool clients = (role == HF_CLIENT) == sending;
            uint8_t next[64], other[64];
            struct lone l;

            begin_keys(&l, role, rows[row].suite);
            memcpy(other, clients ? l.s.server_secret : l.s.client_secret, 64);
            naive_label(rows[row].sha,
                        clients ? l.s.client_secret : l.s.server_secret,
                        "traffic upd", hf_span(NULL, 0), next, len);
            assert_true(hf_keys13_update(&l.s, sending));
            assert_memory_equal(clients ? l.s.client_secret : l.s.server_secret,
                                next, len);
            assert_memory_equal(clients ? l.s.server_secret : l.s.client_secret,
                                other, 64);
            check_keys(&l, row, sending, next, HF_TRAFFIC);
            lone_end(&l);
        }
}

/* ---- Finished and exporters (RFC 8446 4.4.4, 7.5) ------------------------------------ */

static void finished_is_a_mac_under_a_key_of_its_own(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        const unsigned sha = rows[row].sha;
        uint8_t digest[64], key[64], want[64], got[64];
        struct lone l;

        begin_keys(&l, HF_CLIENT, rows[row].suite);
        naive_hash(sha, said, digest);
        naive_label(sha, l.s.client_secret, "finished", hf_span(NULL, 0), key,
                    sha / 8);
        naive_hmac(sha, hf_span(key, sha / 8), hf_span(digest, sha / 8), want);
        assert_true(hf_keys13_finished(&l.s, l.s.client_secret, digest, got));
        assert_memory_equal(got, want, sha / 8);
        lone_end(&l);
    }
}

static void naive_export(unsigned sha, const uint8_t *from,
                         struct hf_span context, uint8_t *out, size_t len)
{
    uint8_t secret[64], digest[64];

    naive_derive(sha, from, "EXPERIMENTAL x", hf_span("", 0), secret);
    naive_hash(sha, context, digest);
    naive_label(sha, secret, "exporter", hf_span(digest, sha / 8), out, len);
}

static void exporters_are_those_of_section_7_5(void **state)
{
    static const struct hf_span contexts[] = { { NULL, 0 },
                                               { (const uint8_t *)"ctx", 3 } };

    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (size_t i = 0; i < HF_COUNT(contexts); i++) {
            const unsigned sha = rows[row].sha;
            uint8_t want[77], got[77];
            struct lone l;

            begin_keys(&l, HF_CLIENT, rows[row].suite);
            naive_export(sha, l.s.exporter_secret, contexts[i], want, 77);
            assert_true(
                hf_keys13_export(&l.s, "EXPERIMENTAL x", contexts[i], got, 77));
            assert_memory_equal(got, want, 77);
            naive_export(sha, l.s.early_exporter, contexts[i], want, 77);
            assert_true(hf_keys13_export_early(&l.s, l.s.hash, "EXPERIMENTAL x",
                                               contexts[i], got, 77));
            assert_memory_equal(got, want, 77);
            lone_end(&l);
        }
}

/* ---- the provider fails -------------------------------------------------------------- */

enum verb {
    EARLY,
    STAGE1,
    STAGE2,
    STAGE3,
    INSTALL,
    UPDATE,
    DONE,
    EXPORT,
    VERBS
};

static bool run(struct lone *l, enum verb verb, uint8_t out[64])
{
    uint8_t digest[64] = { 1 };

    switch (verb) {
    case EARLY: return hf_keys13_early(l->hs, l->s.hash);
    case STAGE1: return hf_keys13_handshake(l->hs);
    case STAGE2: return hf_keys13_master(l->hs);
    case STAGE3: return hf_keys13_resumption(l->hs);
    case INSTALL:
        return hf_keys13_install(&l->s, true, l->s.client_secret, HF_TRAFFIC);
    case UPDATE: return hf_keys13_update(&l->s, true);
    case DONE:
        return hf_keys13_finished(&l->s, l->s.client_secret, digest, out);
    case EXPORT:
    case VERBS:
    default: return hf_keys13_export(&l->s, "x", hf_span("c", 1), out, 64);
    }
}

static void begin_verb(struct lone *l, struct hf_saved_session *saved,
                       enum verb verb)
{
    if (verb == EARLY)
        begin_early(l, saved, 0x1301);
    else
        begin_keys(l, HF_CLIENT, 0x1301);
    fill(l->hs->shared, 32, 4);
    fill(l->hs->stage, 32, 40);
    lone_fail_at(0);
}

/* Whatever fails is told; nothing comes into force; and the last stage is gone
 * all the same. */
static void check_failure(struct hf_saved_session *saved, enum verb verb,
                          size_t n)
{
    uint8_t before[64], out[64];
    struct lone l;

    begin_verb(&l, saved, verb);
    memcpy(before, l.s.client_secret, sizeof(before));
    lone_fail_at(n);
    forget_owed();
    assert_false(run(&l, verb, out));
    nothing_else_is_owed(&l, out);
    if (verb != EXPORT) /* whoever asked for it tells */
        assert_int_equal(l.s.error.code, HF_E_CRYPTO);
    assert_null(l.s.out.aead);
    assert_int_equal(l.keyed_count, 0);
    if (verb == STAGE3)
        assert_true(lone_zero(l.hs->stage, sizeof(l.hs->stage)));
    for (size_t i = 0; i < l.told_count; i++)
        assert_false(lone_zero(l.told[i].secret, 32));
    if (verb == INSTALL || verb == DONE || verb == EXPORT)
        assert_memory_equal(l.s.client_secret, before, sizeof(before));
    lone_end(&l);
}

static void each_failure_is_told_and_leaves_no_keys(void **state)
{
    uint8_t secret[32] = { 1 }, out[64];
    struct hf_saved_session saved = { .secret = HF_SPAN(secret) };

    (void)state;
    for (unsigned verb = 0; verb < VERBS; verb++) {
        struct lone l;
        size_t calls;

        begin_verb(&l, &saved, (enum verb)verb);
        forget_owed();
        assert_true(run(&l, (enum verb)verb, out));
        assert_int_equal(l.s.error.code, HF_OK);
        nothing_else_is_owed(&l, out);
        calls = lone_calls();
        lone_end(&l);
        assert_true(calls > 10);
        for (size_t n = 1; n <= calls; n++)
            check_failure(&saved, (enum verb)verb, n);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_is_that_of_the_figure),
        cmocka_unit_test(early_secrets_come_of_the_ticket_and_the_first_hello),
        cmocka_unit_test(a_secret_gives_key_and_iv),
        cmocka_unit_test(a_suite_without_its_algorithms_gives_no_keys),
        cmocka_unit_test(nothing_may_be_left_when_keys_change),
        cmocka_unit_test(an_update_goes_on_with_one_secret),
        cmocka_unit_test(finished_is_a_mac_under_a_key_of_its_own),
        cmocka_unit_test(exporters_are_those_of_section_7_5),
        cmocka_unit_test(each_failure_is_told_and_leaves_no_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
