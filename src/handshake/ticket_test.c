/* ticket_test.c - sealed sessions, made and opened by hand as well: what they are
 * made of, what they are bound to, and every way to fail. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "handshake/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LEN = 200 };

static bool no_random;

/* ---- secrets on the stack: the linker puts these in front of the real ones ------- */

bool __real_hf_ticket_key_find(const struct hf_settings *s, const uint8_t *name,
                               struct hf_ticket_key *out, bool *is_newest);
bool __wrap_hf_ticket_key_find(const struct hf_settings *s, const uint8_t *name,
                               struct hf_ticket_key *out, bool *is_newest);
bool __real_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key);
bool __wrap_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key);
void __real_hf_hmac_wipe(struct hf_hmac *h);
void __wrap_hf_hmac_wipe(struct hf_hmac *h);
bool __real_hf_hkdf_expand(const struct hf_hmac *prk, struct hf_span info,
                           uint8_t *out, size_t len);
bool __wrap_hf_hkdf_expand(const struct hf_hmac *prk, struct hf_span info,
                           uint8_t *out, size_t len);

bool __wrap_hf_ticket_key_find(const struct hf_settings *s, const uint8_t *name,
                               struct hf_ticket_key *out, bool *is_newest)
{
    const bool found = __real_hf_ticket_key_find(s, name, out, is_newest);

    if (found)
        owe(out, sizeof(*out));
    return found;
}

bool __wrap_hf_hmac_key(struct hf_hmac *h, const struct hf_crypto *c,
                        const struct hf_hash *hash, struct hf_span key)
{
    owe(h, sizeof(*h));
    return __real_hf_hmac_key(h, c, hash, key);
}

void __wrap_hf_hmac_wipe(struct hf_hmac *h)
{
    paid(h, sizeof(*h));
    __real_hf_hmac_wipe(h);
}

bool __wrap_hf_hkdf_expand(const struct hf_hmac *prk, struct hf_span info,
                           uint8_t *out, size_t len)
{
    owe(out, len);
    return __real_hf_hkdf_expand(prk, info, out, len);
}

/* ---- what everything rests on ------------------------------------------------------ */

static bool draw(void *self, void *out, size_t len)
{
    return !no_random && hf_libcrypto.random(self, out, len);
}

static int begin(void **state)
{
    (void)state;
    no_random = false;
    return keys_begin(draw) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    keys_end();
    return 0;
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
    nothing_is_owed();
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
    nothing_is_owed();
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
    sealed = sealed_now(0); /* nothing is no session, whoever sealed it */
    assert_false(opens(hf_buffer_bytes(&sealed), binding, &renewed));
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

/* All the room that a state may have is used. */
static bool count_load(void *self, void *state, const uint8_t *key)
{
    const size_t used = hf_libcrypto.aeads[2]->state_size;

    loaded++;
    owe_as(state, HF_AEAD_STATE_MAX, true);
    memset((uint8_t *)state + used, 0xff, HF_AEAD_STATE_MAX - used);
    return hf_libcrypto.aeads[2]->load(self, state, key);
}

static bool check_seal(void *state, const struct hf_seal *one)
{
    const struct hf_ticket_key key = newest();

    assert_int_equal(one->aad.len, 16 + 32 + HF_BINDING_LEN);
    assert_memory_equal(one->aad.at, key.name, 16);
    return hf_libcrypto.aeads[2]->seal(state, one);
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
    nothing_is_owed();
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
    aead.seal = check_seal;
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
