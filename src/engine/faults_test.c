/* faults_test.c - every allocation and every call of the provider fails, once
 * and from then on, in every kind of handshake, on either side.
 *
 * What comes of it is a clean failure, or what would have come of it anyway:
 * nothing is said that was not said before but one alert, no other secret is
 * agreed upon, no other data delivered, no memory lost, and what is given back
 * is wiped. */
#define HF_UNPOISONED
#include "crypto/libcrypto.h"
#include "crypto/outage.h"
#include "engine/flaky.h"
#include "engine/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tapes tapes;
static struct tape out;

/* Each call, or some of them. */
static size_t stride(const struct tape *t)
{
    return tape_stride((size_t)(t - tapes.at), 5, 23);
}

static size_t first(const struct tape *t)
{
    return (size_t)(t - tapes.at) % stride(t);
}

/* What is kept for the next signature is not lost. */
static void forget(const struct tape *t)
{
    hf_ecdsa_forget(t->config->settings.crypto.self);
    if (t->act && t->act->other)
        hf_ecdsa_forget(t->act->other->settings.crypto.self);
}

static size_t play(const struct tape *t, enum flaky what, size_t fail_at,
                   bool on)
{
    struct tape_play how = { .in = { t->in, t->in_len } };

    if (what == FLAKY_LIBCRYPTO)
        forget(t);
    flaky_begin(what, fail_at, on);
    tape_play(t, &how, &out);
    if (what == FLAKY_LIBCRYPTO)
        forget(t);
    return flaky_end();
}

/* ---- what may come of it ------------------------------------------------------------- */

static void fail_with(const char *what, const struct tape *t, size_t n)
{
    fail_msg("%s: %s, %s, call %zu %s: %s %s", what,
             tape_name((size_t)(t - tapes.at)),
             t->role == HF_CLIENT ? "client" : "server", n, flaky_failed(),
             hf_error_name(out.error.code), out.error.detail);
}

/* A prefix of what was said, and one alert at most: 7 bytes in the clear, 24
 * under keys (31 in TLS 1.2). */
static bool said_no_more(const struct tape *t)
{
    size_t same = 0, rest;

    while (same < out.out_len && same < t->out_len &&
           out.out[same] == t->out[same])
        same++;
    rest = out.out_len - same;
    return rest <= (t->act ? 31 : 24);
}

/* Who cannot seal a session gives none, and fails nobody.  (Who cannot open one
 * shakes hands in full: that is more than was said before, and not what the
 * recorded peer goes on with.) */
static bool less_is_said(const struct tape *t)
{
    return (t->encore || t->act) && out.ready && out.out_len < t->out_len;
}

/* A server that could not resume skips what it cannot read as early data that it
 * did not take; of this client, that is all that comes (RFC 8446 4.2.10). */
static bool skips_all(const struct tape *t)
{
    return t->encore && t->encore->way == WITH_EARLY_DATA && !out.early_len &&
           !out.ready;
}

static void judge(const struct tape *t, size_t n)
{
    if (flaky_blocks())
        fail_with("memory was lost", t, n);
    if (flaky_dirty())
        fail_with("memory was not wiped", t, n);
    /* An exporter that fails says so and harms nothing. */
    if (out.ready && !out.exported) {
        memcpy(out.secret, t->secret, sizeof(out.secret));
        out.exported = true;
    }
    if (tape_same(&out, t))
        return;
    if (out.error.code == HF_E_BUG ||
        (!out.error.code && !less_is_said(t) && !skips_all(t)))
        fail_with("it did not say what failed", t, n);
    if (!t->encore && !less_is_said(t) && !said_no_more(t))
        fail_with("it said something new", t, n);
    if (out.ready && memcmp(out.secret, t->secret, sizeof(out.secret)))
        fail_with("it agreed on another secret", t, n);
    if (out.got_len > t->got_len || memcmp(out.got, t->got, out.got_len) ||
        out.early_len > t->early_len ||
        memcmp(out.early, t->early, out.early_len))
        fail_with("it delivered other data", t, n);
    /* Only our own close_notify can fail once the peer's has come. */
    if (out.closed && out.got_len != t->got_len)
        fail_with("it was closed in order", t, n);
}

static size_t sweep(enum flaky what)
{
    size_t plays = 0;

    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++) {
        size_t calls = play(t, what, 0, false);

        judge(t, 0);
        assert_true(tape_same(&out, t));
        assert_true(calls > 5);
        size_t step = what == FLAKY_MEMORY ? 1 : stride(t); /* they are few */

        for (size_t n = 1 + first(t) % step; n <= calls; n += step)
            for (int on = 0; on < 2; on++, plays++) {
                play(t, what, n, on);
                judge(t, n);
            }
    }
    return plays;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    printf("# NOTE: %zu handshakes without memory\n", sweep(FLAKY_MEMORY));
}

static void every_call_of_the_provider_may_fail(void **state)
{
    (void)state;
    printf("# NOTE: %zu handshakes with a failing provider\n",
           sweep(FLAKY_PROVIDER));
}

/* Not what the provider makes of them, but libcrypto's own functions: a call that
 * fails must come out as one, and none may be forgotten. */
static void every_call_of_libcrypto_may_fail(void **state)
{
    (void)state;
    printf("# NOTE: %zu handshakes with a failing libcrypto\n",
           sweep(FLAKY_LIBCRYPTO));
}

/* Each function that the library calls is one that can be made to fail, or is
 * known not to. */
static void every_function_of_libcrypto_has_its_row(void **state)
{
    const char *source = getenv("HF_SOURCE");
    char path[512], line[128];
    size_t known = 0;
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/scripts/undefined.txt",
             source ? source : ".");
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        size_t i = 0, len = strcspn(line, " \n");

        while (outage_name(i) && (strlen(outage_name(i)) != len ||
                                  memcmp(outage_name(i), line, len)))
            i++;
        line[len] = '\0';
        known += outage_name(i) != NULL;
        if (!outage_name(i) && outage_is_there(line))
            fail_msg("%s has no row in outage.def", line);
    }
    fclose(file);
    assert_true(known > 100);
}

/* A failure is told as one of our own, not as a bad peer, wherever the
 * provider can say so. */
static void our_own_faults_are_called_so(void **state)
{
    (void)state;
    for (const struct tape *t = tapes.at; t < tapes.at + TAPES; t++) {
        size_t calls = play(t, FLAKY_PROVIDER, 0, false), own = 0, all = 0;

        if (t->encore)
            continue; /* the recorded peer is to blame, see above */

        for (size_t n = 1 + first(t); n <= calls; n += stride(t)) {
            play(t, FLAKY_PROVIDER, n, true);
            if (!out.error.code)
                continue;
            all++;
            own += out.error.code == HF_E_CRYPTO ||
                   out.error.code == HF_E_RANDOM;
            /* An AEAD that fails to open and a bad tag are the same; and who
             * is asked for the last word says no to what we cannot verify. */
            if (out.error.code != HF_E_CRYPTO &&
                out.error.code != HF_E_RANDOM &&
                out.error.code != HF_E_BAD_RECORD_MAC &&
                !(t->act && out.error.code == HF_E_VERDICT))
                fail_with("it blames somebody else", t, n);
        }
        assert_true(own * 10 > all * 7);
    }
}

/* ---- making configs ------------------------------------------------------------------- */

static struct duet_certs certs;

static void configs_without_memory_fail_cleanly(void **state)
{
    (void)state;
    for (unsigned scene = 0; scene < SCENES; scene++) {
        struct stage stage;
        size_t calls;

        flaky_begin(FLAKY_MEMORY, 0, false);
        assert_true(stage_set(&stage, scene, &certs));
        assert_true(hf_config_freeze(stage.client));
        assert_true(hf_config_freeze(stage.server));
        stage_clear(&stage);
        calls = flaky_end();
        for (size_t n = 1; n <= calls; n += tape_stride(0, 1, 23))
            for (int on = 0; on < 2; on++) {
                bool ok;

                flaky_begin(FLAKY_MEMORY, n, on);
                ok = stage_set(&stage, scene, &certs) &&
                     hf_config_freeze(stage.client) &&
                     hf_config_freeze(stage.server);
                if (!ok && stage.client && stage.server)
                    ok = !hf_config_error(stage.client)->code &&
                         !hf_config_error(stage.server)->code;
                stage_clear(&stage);
                flaky_end();
                assert_false(ok);
                assert_int_equal(flaky_blocks(), 0);
                assert_int_equal(flaky_dirty(), 0);
            }
    }
}

/* Two configs, made and frozen.  What libcrypto lacks is left out of a policy's
 * lists, so a fault may also be nothing but a shorter list. */
static void make_one(size_t *made)
{
    struct stage stage;
    const struct hf_error *c, *s;
    bool ok = stage_set(&stage, SCENE_CLIENT_CERT, &certs);

    if (stage.client && stage.server) {
        ok = ok && hf_config_freeze(stage.client) &&
             hf_config_freeze(stage.server);
        c = hf_config_error(stage.client);
        s = hf_config_error(stage.server);
        assert_int_equal(ok, !c->code && !s->code);
        assert_true(c->code != HF_E_BUG && s->code != HF_E_BUG);
    }
    *made += ok;
    stage_clear(&stage);
}

static void configs_with_a_failing_libcrypto_fail_cleanly(void **state)
{
    size_t calls, plays = 0, made = 0, step;

    (void)state;
    flaky_begin(FLAKY_LIBCRYPTO, 0, false);
    make_one(&made);
    calls = flaky_end();
    assert_int_equal(made, 1);
    step = tape_soaks() ? 1 : 1 + calls / 40;
    for (size_t n = 1; n <= calls; n += step)
        for (int on = 0; on < 2; on++, plays++) {
            flaky_begin(FLAKY_LIBCRYPTO, n, on);
            make_one(&made);
            flaky_end();
            if (flaky_blocks() || flaky_dirty())
                fail_msg("call %zu of %zu, %s: %zu blocks lost, %zu not wiped",
                         n, calls, flaky_failed(), flaky_blocks(),
                         flaky_dirty());
        }
    assert_true(made < plays / 2);
    printf(
        "# NOTE: %zu pairs of configs with a failing libcrypto (%zu calls)\n",
        plays, calls);
}

/* ---- what a promise costs ------------------------------------------------------------- */

/* Bytes that a server holds for a client that has sent @sent bytes of a hello
 * of 64 KiB. */
static size_t held_for(size_t sent)
{
    static uint8_t record[5 + 16384] = { 22, 3, 1 };
    struct hf_conn *conn;
    size_t held, used;
    struct hf_span data;

    flaky_begin(FLAKY_MEMORY, 0, false);
    conn = hf_conn_new(tapes.stages[SCENE_FULL].server, HF_SERVER, NULL);
    for (size_t at = 0; at < sent;) {
        size_t n = sent - at < 16384 ? sent - at : 16384;

        hf_store_number(record + 3, n, 2);
        memset(record + 5, 3, n);
        if (!at)
            memcpy(record + 5, "\1\1\0\0", n < 4 ? n : 4);
        assert_int_equal(hf_conn_receive(conn, record, 5 + n, &used, &data),
                         HF_NEED_BYTES);
        assert_int_equal(used, 5 + n);
        at += n;
    }
    held = flaky_bytes();
    hf_conn_free(conn);
    flaky_end();
    assert_int_equal(flaky_blocks(), 0);
    return held;
}

/* Memory grows with the bytes that came, never with those announced: of a
 * thousand clients that promise the largest hello and send its first bytes,
 * each costs what a connection costs. */
static void memory_follows_what_came_not_what_was_promised(void **state)
{
    (void)state;
    assert_true(held_for(4) < 8192);
    assert_true(held_for(512) < 8192);
    for (size_t sent = 1024; sent <= 65536; sent *= 2)
        assert_true(held_for(sent) < 8192 + 2 * sent);
}

static int record(void **state)
{
    const struct hf_provider *provider = flaky_provider(tape_provider());

    (void)state;
    if (!duet_certs_make(&certs, "p256"))
        return -1;
    return tapes_record(&tapes, provider) ? 0 : -1;
}

static int erase(void **state)
{
    (void)state;
    tapes_erase(&tapes);
    duet_certs_free(&certs);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_call_of_the_provider_may_fail),
        cmocka_unit_test(every_call_of_libcrypto_may_fail),
        cmocka_unit_test(every_function_of_libcrypto_has_its_row),
        cmocka_unit_test(our_own_faults_are_called_so),
        cmocka_unit_test(configs_without_memory_fail_cleanly),
        cmocka_unit_test(configs_with_a_failing_libcrypto_fail_cleanly),
        cmocka_unit_test(memory_follows_what_came_not_what_was_promised),
    };

    return cmocka_run_group_tests(tests, record, erase);
}
