/* splits_test.c - a recorded handshake, cut and changed at every byte: what
 * comes of it depends on the bytes alone and never on how they were cut; what
 * is cut off or changed ends in a clean error, or changes nothing. */
#define HF_UNPOISONED
#include "engine/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tapes tapes;
static struct tape out;

/* Each byte, or some of them. */
static size_t stride(const struct tape *t)
{
    return tape_stride((size_t)(t - tapes.at), 11, 41);
}

/* Where to begin: not at the same place in all. */
static size_t first(const struct tape *t)
{
    return (size_t)(t - tapes.at) % stride(t);
}

static struct tape_play all_of(const struct tape *t)
{
    return (struct tape_play){ .in = { t->in, t->in_len } };
}

static const char *name_of(const struct tape *t)
{
    return tape_name((size_t)(t - tapes.at));
}

static void same(const struct tape *t, const char *how, size_t where)
{
    if (!tape_same(&out, t))
        fail_msg("%s %zu, %s, %s: %s %s", how, where, name_of(t),
                 t->role == HF_CLIENT ? "client" : "server",
                 hf_error_name(out.error.code), out.error.detail);
}

/* ---- cut into pieces ------------------------------------------------------------- */

static void a_tape_plays_the_same_twice(void **state)
{
    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++) {
        struct tape_play how = all_of(t);

        tape_play(t, &how, &out);
        same(t, "whole", 0);
        how.slow = true;
        tape_play(t, &how, &out);
        same(t, "outgoing byte by byte", 0);
    }
}

static void it_does_not_matter_where_the_bytes_are_cut(void **state)
{
    size_t plays = 0;

    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t cut = first(t); cut <= t->in_len;
             cut += stride(t), plays++) {
            struct tape_play how = all_of(t);

            how.cuts = &cut;
            how.count = 1;
            tape_play(t, &how, &out);
            same(t, "cut at", cut);
        }
    print_message("# NOTE: %zu handshakes cut in two\n", plays);
}

static void it_does_not_matter_how_large_the_pieces_are(void **state)
{
    static const size_t sizes[] = { 1,  2,  3,  4,  5,   6,   7,   11,
                                    16, 23, 64, 99, 500, 999, 1500 };

    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t i = 0; i < HF_COUNT(sizes); i++) {
            struct tape_play how = all_of(t);

            how.chunk = sizes[i];
            how.slow = i % 2;
            tape_play(t, &how, &out);
            same(t, "pieces of", sizes[i]);
        }
}

/* Some of all pairs of cuts. */
static void two_cuts_are_no_different(void **state)
{
    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t a = 1; a < t->in_len; a += 97 * stride(t))
            for (size_t b = a; b < t->in_len; b += 89 * stride(t)) {
                const size_t cuts[2] = { a, b };
                struct tape_play how = all_of(t);

                how.cuts = cuts;
                how.count = 2;
                tape_play(t, &how, &out);
                same(t, "two cuts, the first at", a);
            }
}

/* ---- cut off ----------------------------------------------------------------------- */

/* RFC 8446 6.1: an end without close_notify is not one. */
static void a_tape_cut_off_ends_cleanly(void **state)
{
    size_t plays = 0;

    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t n = first(t); n < t->in_len; n += stride(t), plays++) {
            struct tape_play how = { .in = { t->in, n }, .eof = true };

            tape_play(t, &how, &out);
            if (out.closed)
                continue; /* close_notify was in it */
            if (out.error.code != (out.ready ? HF_E_CUT : HF_E_CLOSED_EARLY))
                fail_msg("cut off at %zu: %s", n,
                         hf_error_name(out.error.code));
            /* It said nothing that it had not said before, and no alert. */
            assert_true(out.out_len <= t->out_len);
            assert_memory_equal(out.out, t->out, out.out_len);
            assert_true(out.got_len <= t->got_len);
            assert_memory_equal(out.got, t->got, out.got_len);
        }
    print_message("# NOTE: %zu handshakes cut off\n", plays);
}

/* ---- changed ---------------------------------------------------------------------------- */

/* A clean error, a connection that waits for more, or the same as ever. */
static void judge(const struct tape *t, size_t where)
{
    if (tape_same(&out, t))
        return;
    if (out.error.code == HF_E_BUG || out.error.code == HF_E_CRYPTO ||
        out.error.code == HF_E_OUT_OF_MEMORY)
        fail_msg("byte %zu of %s: %s %s", where, name_of(t),
                 hf_error_name(out.error.code), out.error.detail);
    /* No other data is ever delivered, and no other secret agreed upon. */
    assert_true(out.early_len <= t->early_len);
    assert_memory_equal(out.early, t->early, out.early_len);
    assert_true(out.got_len <= t->got_len);
    assert_memory_equal(out.got, t->got, out.got_len);
    if (out.ready)
        assert_memory_equal(out.secret, t->secret, sizeof(out.secret));
    /* It ended, or it is waiting; it is not done. */
    assert_true(out.error.code || !out.closed);
}

/* Nothing that a client hears is proved before Finished in TLS 1.2, nor a retry
 * request in TLS 1.3, which with keys may ask for another hash: a changed one may
 * get another answer. */
static bool may_answer(const struct tape *t)
{
    return (t->act && t->act->kind >= ACT_12) ||
           t == &tapes.at[2 * SCENE_PSK_RETRY];
}

/* After what it said before there is one alert at most. */
static void judge_alert(const struct tape *t, size_t where)
{
    size_t same = 0;
    size_t rest;

    while (same < out.out_len && same < t->out_len &&
           out.out[same] == t->out[same])
        same++;
    rest = out.out_len - same;
    /* An alert of 7 bytes in the clear, of 24 sealed, or of 31 in TLS 1.2; it
     * may begin as the next record would. */
    if (rest > (t->encore || t->act ? 31 : 24))
        fail_msg("byte %zu of %s: %zu bytes that were never said", where,
                 name_of(t), rest);
}

static void a_flipped_byte_is_noticed_or_means_nothing(void **state)
{
    static uint8_t bytes[TAPE_MAX];
    const unsigned ways = tape_soaks() ? 9 : 2;
    size_t plays = 0;

    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t i = first(t); i < t->in_len; i += stride(t))
            for (unsigned how = 0; how < ways; how++, plays++) {
                struct tape_play play = { .in = { bytes, t->in_len } };

                memcpy(bytes, t->in, t->in_len);
                /* one bit, all bits, and in the long run the other bits */
                bytes[i] ^= (uint8_t)(how == 1
                                          ? 0xffu
                                          : 1u << (i + (how ? how - 1 : 0)) %
                                                      8);
                tape_play(t, &play, &out);
                judge(t, i);
                /* A server may answer a changed hello with all it has. */
                if (t->role == HF_CLIENT && !may_answer(t))
                    judge_alert(t, i);
            }
    print_message("# NOTE: %zu handshakes with a changed byte\n", plays);
}

/* A byte more, a byte less. */
static void a_lost_or_added_byte_is_noticed(void **state)
{
    static uint8_t bytes[TAPE_MAX + 1];
    const size_t wide = tape_soaks() ? 1 : 3;
    size_t plays = 0;

    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++)
        for (size_t i = first(t); i < t->in_len; i += wide * stride(t))
            for (int more = 0; more < 2; more++, plays++) {
                struct tape_play play = { .in = { bytes,
                                                  t->in_len + (more ? 1u : 0) -
                                                      (more ? 0 : 1u) } };

                memcpy(bytes, t->in, i);
                if (more) {
                    bytes[i] = 0x5a;
                    memcpy(bytes + i + 1, t->in + i, t->in_len - i);
                } else {
                    memcpy(bytes + i, t->in + i + 1, t->in_len - i - 1);
                }
                tape_play(t, &play, &out);
                judge(t, i);
            }
    print_message("# NOTE: %zu handshakes with a byte more or less\n", plays);
}

static int record(void **state)
{
    (void)state;
    return tapes_record(&tapes, tape_provider()) ? 0 : -1;
}

static int erase(void **state)
{
    (void)state;
    tapes_erase(&tapes);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tape_plays_the_same_twice),
        cmocka_unit_test(it_does_not_matter_where_the_bytes_are_cut),
        cmocka_unit_test(it_does_not_matter_how_large_the_pieces_are),
        cmocka_unit_test(two_cuts_are_no_different),
        cmocka_unit_test(a_tape_cut_off_ends_cleanly),
        cmocka_unit_test(a_flipped_byte_is_noticed_or_means_nothing),
        cmocka_unit_test(a_lost_or_added_byte_is_noticed),
    };

    return cmocka_run_group_tests(tests, record, erase);
}
