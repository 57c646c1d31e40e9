/* taint.c - whole handshakes with every secret undefined: does our code branch on
 * one, use one as an address, or let one out?  And does anything leave that was
 * never written?
 *
 * The library is compiled with HF_CT_CHECK, so that HF_SECRET() marks bytes as
 * undefined for valgrind's memcheck, and without the zeroes that a release puts
 * into local variables.  Every kind of handshake there is (tape.h) is played at
 * both ends: full, retried, resumed in each way, by external key, with early data
 * taken or not, by RSA key transport, with keys elsewhere, with a new key in the
 * middle, with alerts.  Then
 *
 *   - a branch or an address that depends on a secret, or on a byte that nobody
 *     wrote, is an error to memcheck, in the machine code of this compiler;
 *   - what leaves (records, sessions, tickets inside records, key log lines,
 *     events, texts of errors) must be defined to the last bit;
 *   - what goes into a cipher as its key, and what an exporter gives, must be
 *     marked as secret to the last bit: so nothing has lost its mark on the way.
 *
 *     valgrind --error-exitcode=7 taint      must pass
 *                              ... taint all  the same, and more is spoilt
 *     valgrind taint planted                 says whether it noticed what must not
 *                                            pass: a byte of a hello that nobody
 *                                            wrote, a secret that is said, a key
 *                                            that decides a branch, and one that has
 *                                            lost its mark */
#define HF_UNPOISONED
#include "engine/tape.h"
#include "engine/taint.h"
#include "taint.h"

#include <valgrind/memcheck.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *plant = ""; /* what must be noticed */
static size_t said, keys, given, wrong;
static bool shared;         /* keys are known to a man in the middle */
static volatile size_t odd; /* keys that are */

static bool planted(const char *what)
{
    return !strcmp(plant, what);
}

/* ---- what leaves ------------------------------------------------------------------ */

void taint_leaves(const char *what, struct hf_span bytes)
{
    said += bytes.len;
    if (VALGRIND_CHECK_MEM_IS_DEFINED(bytes.at, bytes.len)) {
        VALGRIND_PRINTF("not defined: %s\n", what);
        wrong++;
    }
}

/* Is every bit of it marked? */
static bool marked(const void *bytes, size_t len)
{
    uint8_t bits[HF_HASH_MAX];

    assert_true(len <= sizeof(bits));
    if (VALGRIND_GET_VBITS(bytes, bits, len) != 1)
        return false;
    for (size_t i = 0; i < len; i++)
        if (bits[i] != 0xff)
            return false;
    return true;
}

static void expect_marked(const char *what, const void *bytes, size_t len)
{
    if (marked(bytes, len))
        return;
    VALGRIND_PRINTF_BACKTRACE("not marked as secret: %s\n", what);
    wrong++;
}

void taint_given(const char *what, struct hf_span bytes)
{
    given++;
    expect_marked(what, bytes.at, bytes.len);
    if (planted("secret"))
        taint_leaves(what, bytes);
    VALGRIND_MAKE_MEM_DEFINED(bytes.at, bytes.len);
}

void taint_secret(const void *bytes, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(bytes, len);
}

static void leaves_text(const char *what, const char *text)
{
    if (text)
        taint_leaves(what, hf_span(text, strlen(text) + 1));
}

static void look(void *ctx, const struct hf_event *event)
{
    (void)ctx;
    /* Two parts, for what lies between them is nobody's. */
    taint_leaves("an event's numbers",
                 hf_span(event, offsetof(struct hf_event, version) +
                                    sizeof(event->version)));
    taint_leaves("an event's pointers",
                 hf_span(&event->bytes,
                         sizeof(*event) - offsetof(struct hf_event, bytes)));
    leaves_text("an event's subject", event->subject);
    leaves_text("an event's inputs", event->inputs);
    leaves_text("an event's verdict", event->verdict);
    leaves_text("an event's advice", event->instead);
    if (event->kind == HF_EVENT_MESSAGE)
        taint_leaves("a message, as it is watched", event->bytes);
    if (event->kind == HF_EVENT_SECRET) { /* it was asked for */
        uint8_t copy[HF_HASH_MAX];

        assert_true(event->bytes.len <= sizeof(copy));
        memcpy(copy, event->bytes.at, event->bytes.len);
        taint_given("a secret, as it is watched",
                    hf_span(copy, event->bytes.len));
    }
}

void taint_watch(struct hf_conn *conn)
{
    assert_true(hf_conn_set_watch(conn, look, NULL, true));
}

void taint_shared(bool on)
{
    shared = on;
}

/* ---- where keys arrive ----------------------------------------------------------------- */

void taint_key(const void *key, size_t len)
{
    keys++;
    if (planted("unmarked") && keys == 5)
        VALGRIND_MAKE_MEM_DEFINED(key, len);
    if (!shared)
        expect_marked("a cipher's key", key, len);
    if (planted("branch") && *(const uint8_t *)key & 1)
        odd++;
}

/* ---- all that there is ------------------------------------------------------------------ */

static struct tapes tapes;
static struct tape out;

/* A client's hello that is not all written. */
static bool draw_less(void *self, void *bytes, size_t len)
{
    bool ok = tape_provider()->random(self, bytes, len);

    if (len == 32)
        VALGRIND_MAKE_MEM_UNDEFINED((uint8_t *)bytes + 17, 1);
    return ok;
}

/* Each tape with some of its bytes spoilt, for the alerts and the reasons. */
static size_t spoil(size_t each)
{
    static uint8_t bytes[TAPE_MAX];
    size_t plays = 0;

    for (size_t i = 0; i < TAPES; i++) {
        const struct tape *t = &tapes.at[i];
        size_t step = each ? each : 1 + t->in_len / 3;

        for (size_t k = i % step; k < t->in_len; k += step, plays++) {
            struct tape_play play = { .in = { bytes, t->in_len } };

            memcpy(bytes, t->in, t->in_len);
            bytes[k] ^= 0x21;
            tape_play(t, &play, &out);
        }
    }
    return plays;
}

static int verdict(void)
{
    return wrong || VALGRIND_COUNT_ERRORS ? 7 : 0;
}

/* One kind of handshake is enough to notice what was planted. */
static bool is_noticed(const char *what)
{
    struct hf_provider provider = *taint_provider(tape_provider());
    unsigned long before = VALGRIND_COUNT_ERRORS + wrong;
    bool ok;

    plant = what;
    keys = 0;
    if (planted("unwritten"))
        provider.random = draw_less;
    ok = tape_record(SCENE_FULL, &provider, &tapes.stages[0], &tapes.at[0],
                     &tapes.at[1]);
    tapes_erase(&tapes);
    return ok && VALGRIND_COUNT_ERRORS + wrong > before;
}

static int play_planted(void)
{
    static const char *const plants[] = { "nothing", "unwritten", "secret",
                                          "branch", "unmarked" };
    bool all = true;

    for (size_t i = 0; i < HF_COUNT(plants); i++)
        if (is_noticed(plants[i]) != (i > 0)) {
            printf("%s: %s\n", plants[i], i ? "not noticed" : "noticed");
            all = false;
        }
    taint_close();
    printf("%s\n", all ? "all of it was noticed" : "not all was noticed");
    return all ? 0 : 1;
}

static int play_all(bool soak)
{
    struct hf_provider provider = *taint_provider(tape_provider());
    size_t plays;

    if (!tapes_record(&tapes, &provider)) {
        printf("no handshake\n");
        return 1;
    }
    plays = spoil(soak ? 29 : 0);
    tapes_erase(&tapes);
    taint_close();
    if (said < 100000 || keys < 200 || given < TAPES) {
        printf("too little was seen: %zu, %zu, %zu\n", said, keys, given);
        return 1;
    }
    printf("# NOTE: secrets undefined: %d kinds of handshake at both ends, %zu "
           "spoilt, %zu bytes said, %zu keys\n",
           TAPES / 2, plays, said, keys);
    return verdict();
}

int main(int argc, char **argv)
{
    bool soak = argc > 1 && !strcmp(argv[1], "all");

    if (!RUNNING_ON_VALGRIND) {
        printf("this runs under valgrind\n");
        return 1;
    }
    return argc > 1 && !soak ? play_planted() : play_all(soak);
}
