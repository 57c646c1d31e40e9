/* tls12_fault_test.c - a handshake of TLS 1.2 in which every allocation and every
 * call of the provider fails once: it ends with a reason, and no bug.  calloc
 * is this file's own here, in front of the C library's. */
#define HF_UNPOISONED
#include "engine/attack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct duet duet;
static struct duet_certs certs;

/* Calls until the one that fails; 0: none does. */
static long allocations, calls;

void *calloc(size_t count, size_t size)
{
    void *p;

    if (allocations && --allocations == 0)
        return NULL;
    p = malloc(count * size);
    /* Or the compiler sees a calloc in this, and calls it. */
    __asm__("" : "+r"(p));
    if (p)
        memset(p, 0, count * size);
    return p;
}

/* ---- a provider that fails -------------------------------------------------------- */

static struct hf_provider provider;
static struct hf_hash sha256;
static struct hf_aead aes128;
static struct hf_kx x25519;
static const struct hf_hash *real_hash;
static const struct hf_aead *real_aead;
static const struct hf_kx *real_kx;

static bool fails(void)
{
    return calls && --calls == 0;
}

static bool start(void *self, struct hf_hash_state *state)
{
    return !fails() && real_hash->start(self, state);
}

static bool add(struct hf_hash_state *state, struct hf_span bytes)
{
    return !fails() && real_hash->add(state, bytes);
}

static bool digest(const struct hf_hash_state *state, uint8_t *out)
{
    return !fails() && real_hash->digest(state, out);
}

static bool copy(struct hf_hash_state *to, const struct hf_hash_state *from)
{
    return !fails() && real_hash->copy(to, from);
}

static bool load(void *self, void *state, const uint8_t *key)
{
    return !fails() && real_aead->load(self, state, key);
}

static bool seal(void *state, const struct hf_seal *one)
{
    return !fails() && real_aead->seal(state, one);
}

static bool generate(void *self, void *state, uint8_t *share)
{
    return !fails() && real_kx->generate(self, state, share);
}

static bool encapsulate(void *self, struct hf_span share, uint8_t *reply,
                        uint8_t *secret, bool *fault)
{
    *fault = fails();
    return !*fault && real_kx->encapsulate(self, share, reply, secret, fault);
}

static bool decapsulate(void *self, void *state, struct hf_span reply,
                        uint8_t *secret, bool *fault)
{
    *fault = fails();
    return !*fault && real_kx->decapsulate(self, state, reply, secret, fault);
}

static bool get_random(void *self, void *out, size_t len)
{
    return !fails() && hf_libcrypto.random(self, out, len);
}

/* Our own in the place of three of libcrypto's. */
static void make_provider(void)
{
    enum { MOST = 16 };
    static const struct hf_hash *hashes[MOST];
    static const struct hf_aead *aeads[MOST];
    static const struct hf_kx *groups[MOST];

    for (size_t i = 0; hf_libcrypto.hashes[i]; i++) {
        hashes[i] = hf_libcrypto.hashes[i];
        if (hashes[i]->id == HF_SHA256) {
            real_hash = hashes[i];
            hashes[i] = &sha256;
        }
    }
    for (size_t i = 0; hf_libcrypto.aeads[i]; i++) {
        aeads[i] = hf_libcrypto.aeads[i];
        if (!strcmp(aeads[i]->name, "AES-128-GCM")) {
            real_aead = aeads[i];
            aeads[i] = &aes128;
        }
    }
    for (size_t i = 0; hf_libcrypto.groups[i]; i++) {
        groups[i] = hf_libcrypto.groups[i];
        if (groups[i]->group == 29) {
            real_kx = groups[i];
            groups[i] = &x25519;
        }
    }
    sha256 = *real_hash;
    sha256.start = start;
    sha256.add = add;
    sha256.digest = digest;
    sha256.copy = copy;
    aes128 = *real_aead;
    aes128.load = load;
    aes128.seal = seal;
    aes128.seal_many = NULL;
    x25519 = *real_kx;
    x25519.generate = generate;
    x25519.encapsulate = encapsulate;
    x25519.decapsulate = decapsulate;
    provider = hf_libcrypto;
    provider.hashes = hashes;
    provider.aeads = aeads;
    provider.groups = groups;
    provider.random = get_random;
}

static int make_all(void **state)
{
    (void)state;
    make_provider();
    return duet_certs_make(&certs, "p256") ? 0 : -1;
}

static int drop_all(void **state)
{
    (void)state;
    duet_certs_free(&certs);
    return 0;
}

/* ---- the handshake ------------------------------------------------------------------- */

/* With a client's certificate and ALPN: all that there is. */
static void begin(void)
{
    static const uint16_t suite[] = { 0xc02b, 0 }, group[] = { 29, 23, 0 };
    static const char *const alpn[] = { "h2", NULL };
    struct stage stage;

    assert_true(stage_set_with(&stage, SCENE_CLIENT_CERT, &certs, &provider));
    memset(&duet, 0, sizeof(duet));
    duet.client_config = stage.client;
    duet.server_config = stage.server;
    for (unsigned i = 0; i < 2; i++) {
        struct hf_config *config = i ? stage.server : stage.client;

        assert_true(hf_config_set_versions(config, HF_TLS12, HF_TLS12));
        assert_true(hf_config_set_suites(config, suite));
        assert_true(hf_config_set_groups(config, group));
        assert_true(hf_config_set_protocols(config, alpn));
        assert_true(hf_config_freeze(config));
    }
}

static bool ended_well(const struct hf_conn *conn)
{
    unsigned code = hf_conn_error(conn)->code;

    if (code == HF_E_BUG)
        fail_msg("%s", hf_conn_error(conn)->detail);
    assert_true(code == HF_OK || !hf_conn_ready(conn));
    return code == HF_OK;
}

/* Both ends, some data, the end.  True: nothing failed. */
static bool meet(void)
{
    bool well;

    if (!duet_start(&duet, "localhost"))
        return false;
    if (duet_run(&duet)) {
        duet_send(&duet, duet.client, hf_span_text("hello"));
        duet_run(&duet);
        hf_conn_close(duet.client);
        duet_run(&duet);
    }
    hf_conn_eof(duet.server);
    well = ended_well(duet.client);
    return ended_well(duet.server) && well;
}

static void each_may_fail(long *which, const char *what)
{
    long n, survived = 0;
    bool done = false;

    for (n = 1; !done && n < 20000; n++) {
        bool well;

        begin();
        *which = n;
        well = meet();
        done = *which > 0;
        *which = 0;
        assert_true(well || !done);
        survived += well && !done;
        duet_wipe(&duet);
    }
    assert_true(done);
    /* What is known of a signature is not needed: four calls at each end. */
    assert_true(n > 30 && survived <= 8);
    print_message("# NOTE: each of %ld %s failed once\n", n - 2, what);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    if (getenv("HF_WRAP")) {
        print_message("# SKIP: allocations that fail (cannot be had: valgrind "
                      "brings its own)\n");
        skip();
    }
    each_may_fail(&allocations, "allocations");
}

static void each_call_of_the_provider_may_fail(void **state)
{
    (void)state;
    each_may_fail(&calls, "calls of the provider");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(each_call_of_the_provider_may_fail),
    };

    return cmocka_run_group_tests(tests, make_all, drop_all);
}
