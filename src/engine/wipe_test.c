/* wipe_test.c - no secret outlives its use.
 *
 * The linker puts this file in front of the key derivation, from which it learns
 * every secret; in front of the connection's functions, whose stack it looks
 * through when they return; and of calloc and free, so that it sees what is
 * given back.  Two connections talk to each other on a stack that is painted
 * before each call.  Then no secret may lie on it, and nothing may be freed
 * that was not overwritten. */
#define _XOPEN_SOURCE 700
#define HF_UNPOISONED
#include "engine/attack.h"
#include "engine/encore.h"
#include "handshake/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

enum {
    STACK = 1 << 20,
    SECRETS = 512,
    TRACE = 12,
    BLOCKS = 4096,
    PAINT = 0xa5
};

static bool listening;

/* ---- every secret that is derived -------------------------------------------------- */

static struct secret {
    uint8_t bytes[TRACE]; /* its beginning tells it from all others */
    char label[20];
} secrets[SECRETS];
static size_t secret_count;

static void note_secret(const char *label, const uint8_t *bytes, size_t len)
{
    struct secret *one = &secrets[secret_count];

    if (!listening || len < TRACE)
        return;
    assert_true(secret_count < SECRETS);
    memcpy(one->bytes, bytes, TRACE);
    hf_format(one->label, sizeof(one->label), "%s", label);
    secret_count++;
}

/* Put in front of: the same parameters, then what is to be done. */
#define WRAPPED(type, name, parameters, ...) \
    type __real_##name parameters;           \
    type __wrap_##name parameters;           \
    static type real_##name parameters       \
    {                                        \
        return __real_##name(__VA_ARGS__);   \
    }                                        \
    type __wrap_##name parameters

WRAPPED(bool, hf_expand_label,
        (const struct hf_hmac *secret, const char *label,
         struct hf_span context, uint8_t *out, size_t len),
        secret, label, context, out, len)
{
    bool ok = real_hf_expand_label(secret, label, context, out, len);

    note_secret(label, out, len);
    return ok;
}

/* Zeroes stand for a secret that there is not. */
static bool is_secret(struct hf_span bytes)
{
    uint8_t any = 0;

    for (size_t i = 0; i < bytes.len; i++)
        any |= bytes.at[i];
    return any != 0;
}

WRAPPED(bool, hf_hkdf_extract,
        (const struct hf_crypto *c, const struct hf_hash *hash,
         struct hf_span salt, struct hf_span ikm, uint8_t *out),
        c, hash, salt, ikm, out)
{
    bool ok = real_hf_hkdf_extract(c, hash, salt, ikm, out);

    if (is_secret(ikm))
        note_secret("shared secret", ikm.at, ikm.len);
    note_secret("extracted", out, hash->len);
    return ok;
}

/* Of a ticket. */
WRAPPED(bool, hf_hkdf_expand,
        (const struct hf_hmac *prk, struct hf_span info, uint8_t *out,
         size_t len),
        prk, info, out, len)
{
    bool ok = real_hf_hkdf_expand(prk, info, out, len);

    note_secret("expanded", out, len);
    return ok;
}

/* TLS 1.2; what comes of "finished" travels. */
WRAPPED(bool, hf_prf12,
        (const struct hf_crypto *c, const struct hf_hash *hash,
         struct hf_span secret, const char *label, const struct hf_span *seed,
         size_t n, uint8_t *out, size_t len),
        c, hash, secret, label, seed, n, out, len)
{
    bool ok = real_hf_prf12(c, hash, secret, label, seed, n, out, len);

    note_secret("premaster or master", secret.at, secret.len);
    if (!strstr(label, "finished"))
        note_secret(label, out, len);
    return ok;
}

/* ---- every block that is given back ---------------------------------------------------- */

static struct {
    const uint8_t *at;
    size_t size;
} blocks[BLOCKS];
static size_t freed, freed_dirty;

WRAPPED(void *, calloc, (size_t count, size_t size), count, size)
{
    void *p = real_calloc(count, size);

    for (size_t i = 0; p && listening && i < BLOCKS; i++)
        if (!blocks[i].at) {
            blocks[i].at = p;
            blocks[i].size = count * size;
            break;
        }
    return p;
}

void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    for (size_t i = 0; p && i < BLOCKS; i++)
        if (blocks[i].at == p) {
            freed++;
            if (is_secret(hf_span(p, blocks[i].size))) {
                freed_dirty++;
                print_message("# %zu bytes were not wiped\n", blocks[i].size);
            }
            blocks[i].at = NULL;
            break;
        }
    __real_free(p);
}

/* ---- the stack below a call ----------------------------------------------------------------- */

static uint8_t stack[STACK];
static size_t stack_looks, stack_found;

/* Where we are on it; 0: elsewhere. */
static size_t depth_of(const uint8_t *frame)
{
    return frame > stack && frame < stack + STACK ? (size_t)(frame - stack) : 0;
}

__attribute__((noinline)) static void paint(void)
{
    uint8_t mark = 0;
    size_t depth = depth_of(&mark);

    if (depth > 4096) /* this call and memset need some themselves */
        memset(stack, PAINT, depth - 4096);
}

__attribute__((noinline)) static void look(const char *after)
{
    uint8_t mark = 0;
    size_t depth = depth_of(&mark), at = 0;

    stack_looks += depth > 0;
    while (at < depth && stack[at] == PAINT)
        at++;
    for (; at + TRACE <= depth; at++)
        for (size_t i = 0; i < secret_count; i++)
            if (!memcmp(stack + at, secrets[i].bytes, TRACE)) {
                stack_found++;
                print_message("# after %s: %s\n", after, secrets[i].label);
            }
}

#define WATCHED(type, name, parameters, ...)     \
    WRAPPED(type, name, parameters, __VA_ARGS__) \
    {                                            \
        type result;                             \
                                                 \
        paint();                                 \
        result = real_##name(__VA_ARGS__);       \
        look(#name);                             \
        return result;                           \
    }

WATCHED(enum hf_outcome, hf_conn_receive,
        (struct hf_conn * conn, uint8_t *bytes, size_t len, size_t *used,
         struct hf_span *data),
        conn, bytes, len, used, data)
WATCHED(size_t, hf_conn_send,
        (struct hf_conn * conn, struct hf_span data, uint8_t *room, size_t cap,
         size_t *taken),
        conn, data, room, cap, taken)
WATCHED(bool, hf_conn_update_keys, (struct hf_conn * conn, bool both), conn,
        both)
WATCHED(bool, hf_conn_export,
        (const struct hf_conn *conn, const char *label, struct hf_span context,
         uint8_t *out, size_t len),
        conn, label, context, out, len)

/* ---- what is played on it -------------------------------------------------------------------- */

static ucontext_t here, there;
static struct duet duet;
static struct stage stage;
static bool played, resumed;

static void run(void (*play)(void))
{
    memset(blocks, 0, sizeof(blocks));
    secret_count = freed = freed_dirty = stack_looks = stack_found = 0;
    played = false;
    assert_int_equal(getcontext(&there), 0);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof(stack);
    there.uc_link = &here;
    makecontext(&there, play, 0);
    listening = true;
    assert_int_equal(swapcontext(&here, &there), 0);
    listening = false;
    assert_true(played);
}

static bool shake(void)
{
    memset(&duet, 0, sizeof(duet));
    duet.client = hf_conn_new(stage.client, HF_CLIENT, "localhost");
    duet.server = hf_conn_new(stage.server, HF_SERVER, NULL);
    return duet.client && duet.server && duet_run(&duet);
}

static void part(void)
{
    hf_conn_free(duet.client);
    hf_conn_free(duet.server);
}

static void everything(void)
{
    uint8_t out[32];
    bool ok = shake();

    ok = ok && duet_send(&duet, duet.client, hf_span_text("to the server"));
    ok = ok && (hf_conn_version(duet.client) == HF_TLS12 ||
                hf_conn_update_keys(duet.server, true));
    duet_run(&duet);
    ok = ok && duet_send(&duet, duet.server, hf_span_text("to the client"));
    duet_run(&duet);
    ok = ok && hf_conn_export(duet.client, "EXPORTER-x", hf_span_text("x"), out,
                              sizeof(out));
    hf_wipe(out, sizeof(out));
    hf_conn_close(duet.client);
    resumed = hf_conn_resumed(duet.client);
    part();
    played = ok;
}

/* Where a sanitizer surrounds everything with walls of its own, nobody may
 * paint. */
#ifndef __SANITIZE_ADDRESS__
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#endif

static void need_a_stack(void)
{
#ifdef __SANITIZE_ADDRESS__
    const bool ours = false;
#else
    const bool ours = !getenv("HF_WRAP");
#endif

    if (ours)
        return;
    print_message("# SKIP: secrets on the stack (cannot be had: the sanitizer "
                  "or valgrind owns it)\n");
    skip();
}

/* RFC 8446 7.1 and 7.2: erased, once what is derived from them is. */
static void no_secret_stays_behind(void **state)
{
    (void)state;
    need_a_stack();
    for (unsigned scene = 0; scene < SCENES; scene++) {
        assert_true(stage_set(&stage, scene, attack_certs()));
        run(everything);
        stage_clear(&stage);
        assert_true(secret_count > 40 && freed > 10 && stack_looks > 10);
        assert_int_equal(stack_found, 0);
        assert_int_equal(freed_dirty, 0);
    }
}

static void nor_does_one_of_tls12(void **state)
{
    (void)state;
    need_a_stack();
    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    assert_true(hf_config_set_versions(stage.client, HF_TLS12, HF_TLS12));
    assert_true(hf_config_set_versions(stage.server, HF_TLS12, HF_TLS12));
    run(everything);
    stage_clear(&stage);
    assert_true(secret_count > 4 && freed > 10 && stack_looks > 10);
    assert_int_equal(stack_found, 0);
    assert_int_equal(freed_dirty, 0);
}

/* ---- and again ----------------------------------------------------------------------------------- */

static struct encore encore;
static enum way way;

/* What seals the sessions of a config. */
static void note_key(const struct hf_config *config)
{
    struct hf_ticket_key key;
    bool newest;

    if (hf_ticket_key_find(&config->settings, NULL, &key, &newest))
        note_secret("key of tickets", key.secret, sizeof(key.secret));
    hf_wipe(&key, sizeof(key));
}

/* From the configs' birth to their end. */
static void meet_twice(void)
{
    bool ok = encore_set(&encore, way, SCENE_CLIENT_CERT, attack_certs(),
                         &hf_libcrypto);

    stage = encore.stage;
    everything();
    ok = ok && played && !resumed;
    note_key(stage.client);
    note_key(stage.server);
    everything();
    ok = ok && played && resumed;
    encore_clear(&encore);
    played = ok;
}

static size_t noted(const char *label)
{
    size_t count = 0;

    for (size_t i = 0; i < secret_count; i++)
        count += !strcmp(secrets[i].label, label);
    return count;
}

static void a_resumption_leaves_no_secret(void **state)
{
    (void)state;
    need_a_stack();
    for (way = 0; way < WAYS; way++) {
        run(meet_twice);
        assert_true(noted("expanded") >= 2);
        assert_int_equal(noted("key of tickets"), 2);
        assert_true(secret_count > 10 && freed > 20 && stack_looks > 20);
        assert_int_equal(stack_found, 0);
        assert_int_equal(freed_dirty, 0);
    }
}

/* ---- in the middle ------------------------------------------------------------------------------ */

static size_t flip_at;

/* One bit of the nth byte to the client is wrong. */
static void broken_off(void)
{
    bool more = true;

    memset(&duet, 0, sizeof(duet));
    duet.client = hf_conn_new(stage.client, HF_CLIENT, "localhost");
    duet.server = hf_conn_new(stage.server, HF_SERVER, NULL);
    while (more) {
        size_t before = duet.to_client.total + duet.to_server.total;

        duet_round(&duet);
        if (duet.to_client.len > flip_at)
            duet.to_client.bytes[flip_at] ^= 1;
        more = duet.to_client.total + duet.to_server.total != before;
    }
    played = !hf_conn_ready(duet.client);
    part();
}

static void a_failure_leaves_no_secret_either(void **state)
{
    (void)state;
    need_a_stack();
    assert_true(stage_set(&stage, SCENE_CLIENT_CERT, attack_certs()));
    for (flip_at = 20; flip_at < 1200; flip_at += 90) {
        run(broken_off);
        assert_int_equal(stack_found, 0);
        assert_int_equal(freed_dirty, 0);
    }
    stage_clear(&stage);
}

/* ---- would it be seen? ---------------------------------------------------------------------------- */

static uint8_t told[32];

__attribute__((noinline)) static void careless(void)
{
    uint8_t copy[600], *block = calloc(1, 100);

    memcpy(copy + 300, told, sizeof(told));
    memcpy(block + 50, told, sizeof(told));
    __asm__ volatile("" : : "r"(copy), "r"(block) : "memory");
    free(block);
}

static void leave_one(void)
{
    for (size_t i = 0; i < sizeof(told); i++)
        told[i] = (uint8_t)(i * 7 + 1);
    note_secret("left", told, sizeof(told));
    paint();
    careless();
    look("careless");
    played = true;
}

static void a_secret_left_behind_is_seen(void **state)
{
    (void)state;
    need_a_stack();
    run(leave_one);
    assert_true(stack_found >= 1);
    assert_int_equal(freed_dirty, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_left_behind_is_seen),
        cmocka_unit_test(no_secret_stays_behind),
        cmocka_unit_test(nor_does_one_of_tls12),
        cmocka_unit_test(a_resumption_leaves_no_secret),
        cmocka_unit_test(a_failure_leaves_no_secret_either),
    };

    return cmocka_run_group_tests(tests, attack_open, attack_close);
}
