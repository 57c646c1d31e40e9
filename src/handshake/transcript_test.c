/* transcript_test.c - the running hash of what was said (RFC 8446 4.4.1), against
 * a hash over the same bytes at once: before and after the hash is known, with
 * a retry, kept whole for TLS 1.2, looked at ahead; and every failure. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct hf_span one = { (const uint8_t *)"\1\0\0\3abc", 7 };
static const struct hf_span two = { (const uint8_t *)"\1\0\0\5defgh", 9 };
static const struct hf_span more = { (const uint8_t *)"\2\0\0\1!", 5 };

static const struct {
    unsigned suite, sha;
} rows[] = { { 0x1301, 256 }, { 0x1302, 384 } };

/* A hash that is begun and copied to only where nothing is: what was there would
 * be lost, and with it whatever a provider keeps in it. */
static const struct hf_hash *under;
static struct hf_hash picky;

static int live; /* states that are not wiped yet */

static bool start(void *self, struct hf_hash_state *s)
{
    bool ok;

    assert_true(lone_zero(s, sizeof(*s)));
    ok = under->start(self, s);
    live += ok;
    return ok;
}

static bool copy(struct hf_hash_state *to, const struct hf_hash_state *from)
{
    bool ok;

    assert_true(lone_zero(to, sizeof(*to)));
    ok = under->copy(to, from);
    live += ok;
    return ok;
}

static void wipe(struct hf_hash_state *s)
{
    live -= !lone_zero(s, sizeof(*s));
    under->wipe(s);
}

/* A handshake of which nothing has been said. */
static struct hf_transcript *begin(struct lone *l, unsigned suite)
{
    struct hf_transcript *t;

    no_memory = false;
    lone_begin(l, HF_CLIENT, suite, hf_span("", 0));
    t = &l->hs->transcript;
    hf_transcript_wipe(t);
    t->crypto = &l->set.crypto;
    t->arena = &l->hs->arena;
    under = l->s.hash;
    picky = *under;
    picky.start = start;
    picky.copy = copy;
    picky.wipe = wipe;
    live = 0;
    l->s.hash = &picky;
    lone_fail_at(0);
    return t;
}

static void end(struct lone *l)
{
    no_memory = false;
    lone_end(l);
    assert_int_equal(live, 0);
}

/* The digest is that of these, one after the other. */
static void is_of(struct lone *l, unsigned sha, struct hf_span a,
                  struct hf_span b, struct hf_span c)
{
    uint8_t text[256], want[64], got[64];
    size_t len = 0;
    const struct hf_span parts[] = { a, b, c };

    for (size_t i = 0; i < HF_COUNT(parts); i++) {
        if (parts[i].len)
            memcpy(text + len, parts[i].at, parts[i].len);
        len += parts[i].len;
    }
    naive_hash(sha, hf_span(text, len), want);
    assert_true(hf_transcript_digest(&l->hs->transcript, got, &l->s.error));
    assert_memory_equal(got, want, sha / 8);
}

static void what_was_said_before_the_hash_is_known_counts(void **state)
{
    const struct hf_span none = { NULL, 0 };

    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        struct lone l;
        struct hf_transcript *t = begin(&l, rows[row].suite);

        assert_true(hf_transcript_add(t, one, &l.s.error));
        assert_true(hf_transcript_start(t, l.s.hash, false, &l.s.error));
        is_of(&l, rows[row].sha, one, none, none);
        assert_true(hf_transcript_add(t, more, &l.s.error));
        is_of(&l, rows[row].sha, one, more, none);
        assert_null(t->kept[0].at);
        assert_int_equal(t->kept[0].len, 0);
        assert_int_equal(hf_transcript_messages(t).len, 0); /* nobody asked */
        end(&l);
    }
}

/* RFC 8446 4.4.1: message_hash, 00 00 Hash.length, Hash(ClientHello1) */
static void after_a_retry_the_first_hello_is_its_hash(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++)
        for (int late = 0; late < 2; late++) {
            uint8_t hash[4 + 64] = { 254, 0, 0, (uint8_t)(rows[row].sha / 8) };
            const struct hf_span stand_in = { hash, 4 + rows[row].sha / 8 };
            struct lone l;
            struct hf_transcript *t = begin(&l, rows[row].suite);

            naive_hash(rows[row].sha, one, hash + 4);
            assert_true(hf_transcript_add(t, one, &l.s.error));
            if (!late) /* a server that learns of the hash by the second */
                assert_true(hf_transcript_add(t, two, &l.s.error));
            assert_true(hf_transcript_start(t, l.s.hash, true, &l.s.error));
            if (late)
                assert_true(hf_transcript_add(t, two, &l.s.error));
            is_of(&l, rows[row].sha, stand_in, two, hf_span(NULL, 0));
            assert_null(t->kept[1].at);
            assert_int_equal(t->kept[1].len, 0);
            end(&l);
        }
}

static void two_hellos_without_a_retry_are_both_hashed(void **state)
{
    struct lone l;
    struct hf_transcript *t = begin(&l, 0x1301);

    (void)state;
    assert_true(hf_transcript_add(t, one, &l.s.error));
    assert_true(hf_transcript_add(t, two, &l.s.error));
    assert_int_equal(t->kept[0].len, one.len);
    assert_memory_equal(t->kept[0].at, one.at, one.len);
    assert_ptr_not_equal(t->kept[0].at, one.at); /* a copy */
    assert_true(hf_transcript_start(t, l.s.hash, false, &l.s.error));
    is_of(&l, 256, one, two, hf_span(NULL, 0));
    end(&l);
}

static void a_third_message_without_a_hash_is_a_bug(void **state)
{
    struct lone l;
    struct hf_transcript *t = begin(&l, 0x1301);

    (void)state;
    assert_true(hf_transcript_add(t, one, &l.s.error));
    assert_true(hf_transcript_add(t, two, &l.s.error));
    assert_false(hf_transcript_add(t, more, &l.s.error));
    assert_int_equal(l.s.error.code, HF_E_BUG);
    end(&l);
}

/* CertificateVerify of TLS 1.2 signs all of them (RFC 5246 7.4.8). */
static void messages_are_kept_if_that_was_asked(void **state)
{
    uint8_t text[64];
    struct lone l;
    struct hf_transcript *t = begin(&l, 0xc02f);

    (void)state;
    t->keep = true;
    assert_true(hf_transcript_add(t, one, &l.s.error));
    assert_true(hf_transcript_start(t, l.s.hash, false, &l.s.error));
    assert_true(hf_transcript_add(t, more, &l.s.error));
    memcpy(text, one.at, one.len);
    memcpy(text + one.len, more.at, more.len);
    assert_true(hf_span_equal(hf_transcript_messages(t),
                              hf_span(text, one.len + more.len)));
    is_of(&l, 256, one, more, hf_span(NULL, 0));
    end(&l);
}

static void peek(struct lone *l, unsigned sha, struct hf_span all)
{
    uint8_t want[64], got[64];

    naive_hash(sha, all, want);
    assert_true(hf_transcript_peek(&l->hs->transcript, l->s.hash, more, got,
                                   &l->s.error));
    assert_memory_equal(got, want, sha / 8);
}

/* Before the hash is known of @more alone, then of all; and nothing is changed
 * by looking. */
static void looking_ahead_changes_nothing(void **state)
{
    (void)state;
    for (size_t row = 0; row < HF_COUNT(rows); row++) {
        uint8_t text[64];
        struct lone l;
        struct hf_transcript *t = begin(&l, rows[row].suite);

        memcpy(text, one.at, one.len);
        memcpy(text + one.len, more.at, more.len);
        assert_true(hf_transcript_add(t, one, &l.s.error));
        peek(&l, rows[row].sha, more);
        assert_true(hf_transcript_start(t, l.s.hash, false, &l.s.error));
        for (int i = 0; i < 2; i++)
            peek(&l, rows[row].sha, hf_span(text, one.len + more.len));
        is_of(&l, rows[row].sha, one, hf_span(NULL, 0), hf_span(NULL, 0));
        end(&l);
    }
}

static void wiped_it_is_all_zero(void **state)
{
    struct lone l;
    struct hf_transcript *t = begin(&l, 0x1301);

    (void)state;
    t->keep = true;
    assert_true(hf_transcript_add(t, one, &l.s.error));
    assert_true(hf_transcript_start(t, l.s.hash, false, &l.s.error));
    hf_transcript_wipe(t);
    assert_true(lone_zero(t, sizeof(*t)));
    hf_transcript_wipe(t); /* all-zero is fine */
    end(&l);
}

/* ---- what fails -------------------------------------------------------------------- */

static bool all_of_it(struct lone *l)
{
    struct hf_transcript *t = &l->hs->transcript;
    struct hf_error *error = &l->s.error;
    uint8_t out[64];

    return hf_transcript_add(t, one, error) &&
           hf_transcript_add(t, two, error) &&
           hf_transcript_peek(t, l->s.hash, more, out, error) &&
           hf_transcript_start(t, l->s.hash, true, error) &&
           hf_transcript_add(t, more, error) &&
           hf_transcript_peek(t, l->s.hash, more, out, error) &&
           hf_transcript_digest(t, out, error);
}

static void each_failure_of_the_hash_is_told(void **state)
{
    struct lone l;
    size_t calls;

    (void)state;
    begin(&l, 0x1301);
    assert_true(all_of_it(&l));
    assert_int_equal(l.s.error.code, HF_OK);
    calls = lone_calls();
    end(&l);
    assert_true(calls > 10);
    for (size_t n = 1; n <= calls; n++) {
        begin(&l, 0x1301);
        lone_fail_at(n);
        assert_false(all_of_it(&l));
        assert_int_equal(l.s.error.code, HF_E_CRYPTO);
        end(&l);
    }
}

static void without_a_hash_there_is_no_digest(void **state)
{
    uint8_t out[64];
    struct lone l;
    struct hf_transcript *t = begin(&l, 0x1301);

    (void)state;
    assert_false(hf_transcript_digest(t, out, &l.s.error));
    assert_int_equal(l.s.error.code, HF_E_CRYPTO);
    end(&l);
}

/* For a copy of the hello, and for what CertificateVerify will sign. */
static void memory_that_is_not_there_is_told(void **state)
{
    struct lone l;
    struct hf_transcript *t = begin(&l, 0x1301);

    (void)state;
    hf_arena_wipe(t->arena);
    no_memory = true;
    assert_false(hf_transcript_add(t, one, &l.s.error));
    assert_int_equal(l.s.error.code, HF_E_OUT_OF_MEMORY);
    end(&l);

    t = begin(&l, 0xc02f);
    t->keep = true;
    assert_true(hf_transcript_add(t, one, &l.s.error));
    no_memory = true;
    assert_false(hf_transcript_start(t, l.s.hash, false, &l.s.error));
    assert_int_equal(l.s.error.code, HF_E_OUT_OF_MEMORY);
    end(&l);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_before_the_hash_is_known_counts),
        cmocka_unit_test(after_a_retry_the_first_hello_is_its_hash),
        cmocka_unit_test(two_hellos_without_a_retry_are_both_hashed),
        cmocka_unit_test(a_third_message_without_a_hash_is_a_bug),
        cmocka_unit_test(messages_are_kept_if_that_was_asked),
        cmocka_unit_test(looking_ahead_changes_nothing),
        cmocka_unit_test(wiped_it_is_all_zero),
        cmocka_unit_test(each_failure_of_the_hash_is_told),
        cmocka_unit_test(without_a_hash_there_is_no_digest),
        cmocka_unit_test(memory_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
