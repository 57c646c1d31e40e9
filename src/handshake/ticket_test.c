/* ticket_test.c - what seals sessions: keys that replace themselves on a clock of
 * our own, are found again under their names, and are read while they are written;
 * keys from elsewhere; and sealed sessions, made and opened by hand as well. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "handshake/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LIFE = 100, START = 1000000, LEN = 200 };

static struct hf_provider provider;
static struct hf_settings set;
static struct hf_error error;
static int64_t now;
static unsigned drawn;
static bool no_random;
static void (*while_drawing)(void);

static int64_t clock_of_ours(void *ctx)
{
    (void)ctx;
    return now;
}

/* Bytes that tell which draw it was, never zero. */
static bool draw(void *self, void *out, size_t len)
{
    void (*then)(void) = while_drawing;

    (void)self;
    while_drawing = NULL;
    if (then)
        then();
    if (no_random)
        return false;
    drawn++;
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
    __real_hf_copy(to, from, len);
    if (times)
        renew(times);
}

static int begin(void **state)
{
    (void)state;
    memset(&set, 0, sizeof(set));
    error = (struct hf_error){ .code = HF_OK };
    provider = hf_libcrypto;
    provider.random = draw;
    now = START;
    drawn = 0;
    renewals = 0;
    no_random = false;
    while_drawing = NULL;
    set.clock = clock_of_ours;
    set.session_lifetime = LIFE;
    set.keys = hf_ticket_keys_new();
    return set.keys && hf_crypto_open(&set.crypto, &provider, &error) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    hf_ticket_keys_free(set.keys);
    hf_crypto_close(&set.crypto);
    return 0;
}

/* The key that seals now. */
static struct hf_ticket_key newest(void)
{
    struct hf_ticket_key key;
    bool is_newest = false;

    assert_true(hf_ticket_key_find(&set, NULL, &key, &is_newest));
    assert_true(is_newest);
    return key;
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

/* ---- what is sealed ------------------------------------------------------------------- */

static uint8_t plain[LEN], binding[HF_BINDING_LEN];

static void fill(void)
{
    for (unsigned i = 0; i < LEN; i++)
        plain[i] = (uint8_t)(i * 3);
    memset(binding, 0xb1, sizeof(binding));
}

static struct hf_buffer sealed_now(size_t len)
{
    struct hf_buffer out = { .at = NULL };

    fill();
    assert_true(hf_ticket_seal(&set, binding, hf_span(plain, len), &out));
    assert_int_equal(hf_buffer_bytes(&out).len, len + HF_SEALED_MORE);
    return out;
}

/* In memory of its own size, so that nothing is written behind it. */
static bool opens(struct hf_span sealed, const uint8_t *with, bool *renewed)
{
    const size_t len = sealed.len > HF_SEALED_MORE ? sealed.len - HF_SEALED_MORE
                                                   : 0;
    uint8_t *out = hf_alloc(len);
    struct hf_span got = { NULL, 0 };
    bool ok;

    assert_non_null(out);
    ok = hf_ticket_open(&set, with, sealed, out, &got, renewed);
    if (ok) {
        assert_int_equal(got.len, len);
        assert_ptr_equal(got.at, out);
        assert_memory_equal(out, plain, len);
    } else
        assert_true(lone_zero(out, len));
    hf_free(out, len);
    return ok;
}

/* name | seed | AES-256-GCM(plain), under HKDF-Expand(key, "handfast session"
 * seed), nonce zero, with name, seed and binding authenticated. */
static void a_sealed_session_is_what_the_head_of_ticket_c_says(void **state)
{
    struct hf_ticket_key key = newest();
    struct hf_buffer sealed = sealed_now(LEN);
    struct hf_span bytes = hf_buffer_bytes(&sealed);
    const struct hf_aead *aead = hf_suite_aead(&set.crypto,
                                               hf_suite_by_number(0x1302));
    uint8_t text[16 + 32 + 1], derived[32], back[LEN],
        aad[16 + 32 + HF_BINDING_LEN], nonce[12] = { 0 };
    uint64_t room[HF_AEAD_STATE_MAX / 8] = { 0 };
    struct hf_open one = { .nonce = nonce,
                           .aad = HF_SPAN(aad),
                           .in = hf_span_after(bytes, 48),
                           .out = back };

    (void)state;
    assert_memory_equal(bytes.at, key.name, 16);
    memcpy(text, "handfast session", 16);
    memcpy(text + 16, bytes.at + 16, 32);
    text[48] = 1;
    naive_hmac(256, HF_SPAN(key.secret), HF_SPAN(text), derived);
    memcpy(aad, bytes.at, 48);
    memcpy(aad + 48, binding, HF_BINDING_LEN);
    assert_true(aead->load(set.crypto.self, room, derived));
    assert_true(aead->open(room, &one));
    aead->unload(room);
    assert_memory_equal(back, plain, LEN);
    hf_buffer_wipe(&sealed);
}

static void two_of_the_same_session_are_different(void **state)
{
    struct hf_buffer one = sealed_now(LEN), two = sealed_now(LEN);

    (void)state;
    assert_memory_equal(one.at, two.at, 16); /* one key */
    for (size_t i = 16; i + 16 <= LEN + HF_SEALED_MORE; i += 16)
        assert_memory_not_equal(one.at + i, two.at + i, 16);
    hf_buffer_wipe(&one);
    hf_buffer_wipe(&two);
}

static void what_is_sealed_opens_until_its_key_is_gone(void **state)
{
    struct hf_buffer sealed = sealed_now(LEN);
    struct hf_span bytes = hf_buffer_bytes(&sealed);
    bool renewed = true;

    (void)state;
    assert_true(opens(bytes, binding, &renewed));
    assert_false(renewed);
    now = START + LIFE;
    assert_true(opens(bytes, binding, &renewed));
    assert_true(renewed);
    now = START + 2 * LIFE;
    assert_false(opens(bytes, binding, &renewed));
    hf_buffer_wipe(&sealed);
}

/* Name, seed, session and tag; and what it is bound to. */
static void every_flipped_bit_is_noticed(void **state)
{
    struct hf_buffer sealed = sealed_now(9);
    struct hf_span bytes = hf_buffer_bytes(&sealed);
    uint8_t copy[9 + HF_SEALED_MORE];
    bool renewed;

    (void)state;
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        memcpy(copy, bytes.at, bytes.len);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(opens(HF_SPAN(copy), binding, &renewed));
    }
    for (size_t bit = 0; bit < 8 * HF_BINDING_LEN; bit++) {
        binding[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(opens(bytes, binding, &renewed));
        binding[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(opens(bytes, binding, &renewed));
    hf_buffer_wipe(&sealed);
}

/* Each in memory of its own. */
static void what_is_too_short_is_nobodys(void **state)
{
    struct hf_buffer sealed = sealed_now(1);
    bool renewed;

    (void)state;
    for (size_t len = 0; len <= HF_SEALED_MORE; len++) {
        uint8_t *bytes = hf_alloc(len);

        assert_non_null(bytes);
        memcpy(bytes, sealed.at, len);
        assert_false(opens(hf_span(bytes, len), binding, &renewed));
        hf_free(bytes, len);
    }
    assert_true(opens(hf_buffer_bytes(&sealed), binding, &renewed));
    hf_buffer_wipe(&sealed);
}

/* ---- what fails ------------------------------------------------------------------------- */

static const struct hf_aead *const no_aeads[] = { NULL };
static const struct hf_hash *const no_hashes[] = { NULL };
static struct hf_aead aead;
static unsigned loaded;

static bool cannot_load(void *self, void *state, const uint8_t *key)
{
    (void)self;
    (void)state;
    (void)key;
    return false;
}

static bool cannot_seal(void *state, const struct hf_seal *one)
{
    (void)state;
    (void)one;
    return false;
}

static bool count_load(void *self, void *state, const uint8_t *key)
{
    loaded++;
    return hf_libcrypto.aeads[2]->load(self, state, key);
}

static void count_unload(void *state)
{
    loaded--;
    hf_libcrypto.aeads[2]->unload(state);
}

/* Neither seals nor opens, and nothing is behind what was there. */
static void nothing_works(struct hf_span sealed)
{
    struct hf_buffer out = { .at = NULL };
    bool renewed;

    assert_true(hf_buffer_add(&out, hf_span_text("before")));
    assert_false(hf_ticket_seal(&set, binding, hf_span(plain, LEN), &out));
    assert_true(hf_span_equal(hf_buffer_bytes(&out), hf_span_text("before")));
    assert_false(opens(sealed, binding, &renewed));
    hf_buffer_wipe(&out);
}

static void without_its_algorithms_nothing_is_sealed(void **state)
{
    struct hf_buffer sealed = sealed_now(LEN);
    const struct hf_span bytes = hf_buffer_bytes(&sealed);
    const struct hf_aead *const list[] = { &aead, NULL };

    (void)state;
    provider.hashes = no_hashes;
    nothing_works(bytes);
    provider.hashes = hf_libcrypto.hashes;
    provider.aeads = no_aeads;
    nothing_works(bytes);
    aead = *hf_libcrypto.aeads[1];
    aead.load = cannot_load;
    provider.aeads = list;
    nothing_works(bytes);
    aead = *hf_libcrypto.aeads[1];
    aead.seal = cannot_seal;
    nothing_works(hf_span(bytes.at, 3));
    provider.aeads = hf_libcrypto.aeads;
    hf_buffer_wipe(&sealed);
    no_random = true; /* a key there is, but no seed */
    nothing_works(hf_span(NULL, 0));
}

/* The second choice; and whatever was loaded is unloaded. */
static void without_aes_it_is_chacha20(void **state)
{
    const struct hf_aead *const list[] = { &aead, NULL };
    struct hf_buffer sealed;
    bool renewed;

    (void)state;
    aead = *hf_libcrypto.aeads[2];
    aead.load = count_load;
    aead.unload = count_unload;
    loaded = 0;
    provider.aeads = list;
    sealed = sealed_now(LEN);
    assert_int_equal(loaded, 0);
    assert_true(opens(hf_buffer_bytes(&sealed), binding, &renewed));
    assert_int_equal(loaded, 0);
    provider.aeads = hf_libcrypto.aeads; /* AES, too: under another key */
    assert_false(opens(hf_buffer_bytes(&sealed), binding, &renewed));
    hf_buffer_wipe(&sealed);
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
        TEST(one_at_a_time_makes_the_next),
        TEST(a_key_that_is_written_meanwhile_is_not_believed),
        TEST(what_came_meanwhile_seals),
        TEST(keys_from_elsewhere_are_looked_at),
        TEST(a_sealed_session_is_what_the_head_of_ticket_c_says),
        TEST(two_of_the_same_session_are_different),
        TEST(what_is_sealed_opens_until_its_key_is_gone),
        TEST(every_flipped_bit_is_noticed),
        TEST(what_is_too_short_is_nobodys),
        TEST(without_its_algorithms_nothing_is_sealed),
        TEST(without_aes_it_is_chacha20),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
