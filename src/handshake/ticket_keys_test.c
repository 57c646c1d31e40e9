/* ticket_keys_test.c - keys that seal sessions: they replace themselves on a clock
 * of our own, are found again under their names, and are read while they are
 * written; and keys from elsewhere. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "handshake/keyring.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static unsigned drawn;
static bool no_random;
static void (*while_drawing)(void);

/* Bytes that tell which draw it was, never zero. */
static bool draw(void *self, void *out, size_t len)
{
    void (*then)(void) = while_drawing;

    (void)self;
    assert_int_equal(len, sizeof(struct hf_ticket_key));
    while_drawing = NULL;
    if (then)
        then();
    if (no_random)
        return false;
    drawn++;
    owe(out, len);
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(drawn * 16 + i % 15 + 1);
    return true;
}

/* ---- between the words of a key and the look at the number ------------------- */

void __real_hf_copy(void *to, const void *from, size_t len);
void __wrap_hf_copy(void *to, const void *from, size_t len);

static unsigned renewals; /* that come in between */

static void renew(unsigned times);

void __wrap_hf_copy(void *to, const void *from, size_t len)
{
    const unsigned times = renewals;

    renewals = 0;
    owe_as(from, len, true); /* name and secret of one key */
    __real_hf_copy(to, from, len);
    if (times)
        renew(times);
}

static int begin(void **state)
{
    (void)state;
    drawn = 0;
    renewals = 0;
    no_random = false;
    while_drawing = NULL;
    if (!keys_begin(draw))
        return -1;
    forget_owed(); /* whatever was copied until here */
    return 0;
}

static int end(void **state)
{
    (void)state;
    nothing_is_owed();
    keys_end();
    return 0;
}

static void renew(unsigned times)
{
    for (; times; times--) {
        now += LIFE;
        newest();
    }
}

enum found { NOT, OLD, NEWEST };

/* What opens under the name of @key. */
static enum found find(const struct hf_ticket_key *key)
{
    struct hf_ticket_key got;
    bool is_newest = true;

    if (!hf_ticket_key_find(&set, key->name, &got, &is_newest)) {
        assert_true(lone_zero(&got, sizeof(got)));
        return NOT;
    }
    assert_memory_equal(&got, key, sizeof(got));
    return is_newest ? NEWEST : OLD;
}

static bool same(const struct hf_ticket_key *a, const struct hf_ticket_key *b)
{
    return !memcmp(a, b, sizeof(*a));
}

/* ---- on time -------------------------------------------------------------------- */

static void a_key_seals_one_lifetime_and_opens_two(void **state)
{
    struct hf_ticket_key first = newest(), next;

    (void)state;
    assert_int_equal(drawn, 1);
    assert_memory_equal(first.name,
                        "\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a"
                        "\x1b\x1c\x1d\x1e\x1f\x11",
                        16);
    assert_memory_equal(first.secret, "\x12\x13\x14", 3);
    for (now = START; now < START + LIFE; now += 33) {
        next = newest();
        assert_true(same(&first, &next));
        assert_int_equal(find(&first), NEWEST);
    }
    now = START + LIFE - 1;
    next = newest();
    assert_true(same(&first, &next));
    now = START + LIFE;
    assert_int_equal(find(&first), OLD); /* it is time for another */
    next = newest();
    assert_false(same(&first, &next));
    assert_int_equal(drawn, 2);
    assert_int_equal(find(&first), OLD);
    assert_int_equal(find(&next), NEWEST);
    now = START + 2 * LIFE - 1;
    assert_int_equal(find(&first), OLD);
    assert_int_equal(find(&next), NEWEST);
    now = START + 2 * LIFE;
    assert_int_equal(find(&first), NOT);
    assert_int_equal(find(&next), OLD);
    now = START + 3 * LIFE;
    assert_int_equal(find(&next), NOT);
}

static void a_name_that_is_nobodys_finds_nothing(void **state)
{
    static const struct hf_ticket_key nobody = { .name = "nobody" };
    static const struct hf_ticket_key zero = { .name = { 0 } };

    (void)state;
    assert_int_equal(find(&nobody), NOT); /* nor is a key made for it */
    assert_int_equal(drawn, 0);
    newest();
    assert_int_equal(find(&nobody), NOT);
    assert_int_equal(find(&zero), NOT); /* as in a slot that is empty */
}

/* Whatever the clock does: three are kept.  (Only a clock that is set back has
 * use for the third.) */
static void the_last_three_are_kept(void **state)
{
    struct hf_ticket_key keys[9];

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        now = START + (int64_t)i * LIFE;
        keys[i] = newest();
        for (unsigned k = 0; k <= i; k++) {
            int64_t then = now;

            now = START + (int64_t)k * LIFE;
            assert_int_equal(find(&keys[k]), k == i       ? NEWEST
                                             : i - k <= 2 ? OLD
                                                          : NOT);
            now = then;
        }
    }
}

/* A clock that was set back makes no key younger than new, nor older. */
static void a_clock_set_back_is_borne(void **state)
{
    struct hf_ticket_key first = newest(), next;

    (void)state;
    for (int64_t back = 1; back < START; back *= 10) {
        now = START - back;
        next = newest();
        assert_true(same(&first, &next));
        assert_int_equal(find(&first), NEWEST);
    }
    now = INT64_MIN;
    assert_int_equal(find(&first), NEWEST);
    now = INT64_MAX;
    assert_int_equal(find(&first), NOT);
    next = newest();
    assert_false(same(&first, &next));
}

static void a_key_born_before_1970_grows_old_as_well(void **state)
{
    struct hf_ticket_key first;

    (void)state;
    now = -50;
    first = newest();
    now = 49;
    assert_int_equal(find(&first), NEWEST);
    now = 50;
    assert_int_equal(find(&first), OLD);
    now = 150;
    assert_int_equal(find(&first), NOT);
}

static void without_a_clock_there_is_no_key(void **state)
{
    struct hf_ticket_key key;
    bool is_newest;

    (void)state;
    newest();
    set.clock = NULL;
    memset(&key, 1, sizeof(key));
    assert_false(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
}

/* The old one has to do, as long as it opens. */
static void without_random_bytes_the_old_key_has_to_do(void **state)
{
    struct hf_ticket_key first, key;
    bool is_newest;

    (void)state;
    no_random = true;
    assert_false(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
    no_random = false;
    first = newest();
    no_random = true;
    now = START + 2 * LIFE - 1;
    key = newest();
    assert_true(same(&first, &key));
    now = START + 2 * LIFE;
    assert_false(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
    no_random = false;
    key = newest();
    assert_false(same(&first, &key));
}

static void without_memory_there_are_none(void **state)
{
    (void)state;
    no_memory = true;
    assert_null(hf_ticket_keys_new());
    no_memory = false;
    hf_ticket_keys_free(NULL);
}

/* ---- at the same time ---------------------------------------------------------------- */

static struct hf_ticket_key during;
static bool found_during;

static void find_during(void)
{
    bool is_newest;

    found_during = hf_ticket_key_find(&set, NULL, &during, &is_newest);
}

/* Somebody else asks while a key is made: he does not wait, and makes none. */
static void one_at_a_time_makes_the_next(void **state)
{
    struct hf_ticket_key first, next;

    (void)state;
    while_drawing = find_during;
    first = newest();
    assert_int_equal(drawn, 1);
    assert_false(found_during);
    now += LIFE;
    while_drawing = find_during;
    next = newest();
    assert_int_equal(drawn, 2);
    assert_true(found_during);
    assert_true(same(&during, &first));
    assert_false(same(&next, &first));
}

/* What is read is whole as long as nobody can have begun to write there again:
 * the slot of a key is next but three. */
static void a_key_that_is_written_meanwhile_is_not_believed(void **state)
{
    (void)state;
    for (unsigned times = 0; times <= 9; times++) {
        struct hf_ticket_key key = newest(), got;
        bool is_newest;

        renewals = times;
        assert_int_equal(hf_ticket_key_find(&set, key.name, &got, &is_newest),
                         times <= 2);
        renewals = 0;
        assert_int_equal(lone_zero(&got, sizeof(got)), times > 2);
    }
}

/* Whoever wants to seal then takes the one that came, and makes none. */
static void what_came_meanwhile_seals(void **state)
{
    (void)state;
    for (unsigned times = 0; times <= 9; times++) {
        struct hf_ticket_key before = newest(), key, after;
        unsigned had;

        renewals = times;
        had = drawn + times;
        key = newest();
        assert_int_equal(drawn, had);
        after = newest();
        assert_true(same(&key, times <= 2 ? &before : &after));
    }
}

/* ---- from elsewhere ------------------------------------------------------------------ */

static struct hf_ticket_key theirs;
static bool they_have, they_say_newest;
static const uint8_t *asked_for;

static bool find_theirs(void *ctx, const uint8_t *name,
                        struct hf_ticket_key *out, bool *is_newest)
{
    assert_ptr_equal(ctx, &theirs);
    assert_int_equal(*is_newest, name == NULL);
    assert_true(lone_zero(out, sizeof(*out)));
    asked_for = name;
    *out = theirs;
    *is_newest = they_say_newest;
    return they_have;
}

static void keys_from_elsewhere_are_looked_at(void **state)
{
    static const uint8_t name[16] = "somebody's name",
                         other[16] = "another one";
    struct hf_ticket_key key;
    bool is_newest;

    (void)state;
    set.find_key = find_theirs;
    set.find_key_ctx = &theirs;
    they_have = true;
    memcpy(theirs.name, name, 16);
    /* A key that was not filled in would be everybody's. */
    assert_false(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
    theirs.secret[31] = 1;
    for (unsigned i = 0; i < 2; i++) {
        they_say_newest = i;
        assert_true(hf_ticket_key_find(&set, NULL, &key, &is_newest));
        assert_null(asked_for);
        assert_true(same(&key, &theirs));
        assert_int_equal(is_newest, i);
        assert_true(hf_ticket_key_find(&set, name, &key, &is_newest));
        assert_ptr_equal(asked_for, name);
        assert_int_equal(is_newest, i);
    }
    /* Of another name than the one that was asked for. */
    assert_false(hf_ticket_key_find(&set, other, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
    they_have = false;
    assert_false(hf_ticket_key_find(&set, name, &key, &is_newest));
    assert_true(lone_zero(&key, sizeof(key)));
    assert_int_equal(drawn, 0); /* ours stay out of it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    static const struct CMUnitTest tests[] = {
        TEST(a_key_seals_one_lifetime_and_opens_two),
        TEST(a_name_that_is_nobodys_finds_nothing),
        TEST(the_last_three_are_kept),
        TEST(a_clock_set_back_is_borne),
        TEST(a_key_born_before_1970_grows_old_as_well),
        TEST(without_a_clock_there_is_no_key),
        TEST(without_random_bytes_the_old_key_has_to_do),
        TEST(without_memory_there_are_none),
        TEST(one_at_a_time_makes_the_next),
        TEST(a_key_that_is_written_meanwhile_is_not_believed),
        TEST(what_came_meanwhile_seals),
        TEST(keys_from_elsewhere_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
