/* client12_test.c - the share of a server of TLS 1.2, and its signature: what is
 * kept of ServerKeyExchange, what is refused at once, and which keys may have
 * signed it; and which keys it asks for. */
#define HF_UNPOISONED
#include "handshake/handshake.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { P256 = 0x0017, X25519 = 0x001d, X25519MLKEM768 = 0x11ec };

/* ---- the world ------------------------------------------------------------------------ */

static struct hf_crypto crypto;

static int open_crypto(void **state)
{
    struct hf_error error = { .code = HF_OK };

    (void)state;
    return hf_crypto_open(&crypto, &hf_libcrypto, &error) ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    hf_crypto_close(&crypto);
    return 0;
}

struct world {
    struct hf_settings settings;
    struct hf_session session;
    struct hf_handshake *hs;
    unsigned told;
};

static void watch(void *ctx, const struct hf_event *event)
{
    struct world *w = ctx;

    assert_int_equal(event->kind, HF_EVENT_DECISION);
    assert_int_equal(event->id, HF_EV_GROUP);
    assert_true(event->ok);
    assert_string_equal(event->verdict, "x25519");
    w->told++;
}

static struct world *begin(void)
{
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.settings.crypto = crypto;
    w.settings.groups = (struct hf_numbers){ { P256, X25519, X25519MLKEM768 },
                                             3 };
    w.session.role = HF_CLIENT;
    w.session.settings = &w.settings;
    w.session.watch = watch;
    w.session.watch_ctx = &w;
    memset(w.session.client_random, 0xc1, sizeof(w.session.client_random));
    memset(w.session.server_random, 0x5e, sizeof(w.session.server_random));
    w.hs = hf_handshake_new(&w.session);
    assert_non_null(w.hs);
    return &w;
}

static void end(struct world *w)
{
    hf_handshake_free(w->hs);
    hf_session_wipe(&w->session);
}

/* ---- ServerKeyExchange (RFC 8422 5.4) ---------------------------------------------------- */

/* With a share of @len bytes. */
static enum hf_step_result receive(struct world *w, unsigned type,
                                   unsigned group, size_t len)
{
    static uint8_t body[4 + 255 + 7];
    struct hf_message m = { .body = { body, 4 + len + 7 } };

    body[0] = (uint8_t)type;
    hf_store_number(body + 1, group, 2);
    body[3] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        body[4 + i] = (uint8_t)(len + i);
    memcpy(body + 4 + len, "\x04\x03\0\3sig", 7);
    return hf_recv_server_kx(w->hs, &m);
}

/* What is signed is both randoms and the parameters: whole for a share of any
 * length, as nobody has asked yet whether it is that of the group. */
static void the_share_is_kept_as_it_came(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 255; len++) {
        struct world *w = begin();
        const struct hf_handshake *hs = w->hs;
        const uint8_t head[] = { 3, 0, X25519, (uint8_t)len };

        assert_int_equal(receive(w, 3, X25519, len), HF_STEP_DONE);
        assert_int_equal(w->session.group, X25519);
        assert_int_equal(w->told, 1);
        assert_int_equal(hs->peer_share.len, len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(hs->peer_share.at[i], (uint8_t)(len + i));
        assert_int_equal(hs->params.len, 64 + 4 + len);
        assert_memory_equal(hs->params.at, w->session.client_random, 32);
        assert_memory_equal(hs->params.at + 32, w->session.server_random, 32);
        assert_memory_equal(hs->params.at + 64, head, 4);
        assert_memory_equal(hs->params.at + 68, hs->peer_share.at, len);
        assert_true(hf_span_equal(hs->signature, hf_span_text("sig")));
        assert_int_equal(hs->signature_scheme, 0x0403);
        end(w);
    }
}

/* A hybrid has no place in TLS 1.2; curves that are not named are gone. */
static void a_group_that_was_not_offered_is_refused(void **state)
{
    static const struct {
        unsigned type, group;
    } rows[] = {
        { 3, 0x001e }, { 3, 0 },      { 3, X25519MLKEM768 },
        { 1, X25519 }, { 2, X25519 }, { 4, X25519 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct world *w = begin();

        assert_int_equal(receive(w, rows[i].type, rows[i].group, 32),
                         HF_STEP_FAILED);
        assert_int_equal(w->session.error.code, HF_E_NOT_OFFERED);
        assert_int_equal(w->session.group, 0);
        assert_int_equal(w->told, 0);
        assert_int_equal(w->hs->params.len, 0);
        end(w);
    }
}

/* The share takes 32 bytes of the arena, what is signed 112, the signature 16;
 * @left of them fit before memory is needed. */
static void each_part_needs_its_memory(void **state)
{
    static const size_t left[] = { 0, 32, 32 + 112 };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(left); i++) {
        struct world *w = begin();

        assert_null(w->hs->arena.blocks);
        assert_non_null(hf_arena_take(&w->hs->arena, HF_ARENA_BLOCK - left[i]));
        fail_at = 1;
        assert_int_equal(receive(w, 3, X25519, 32), HF_STEP_FAILED);
        assert_int_equal(fail_at, 0);
        assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(w->hs->peer_share.at != NULL, i > 0);
        assert_int_equal(w->hs->params.at != NULL, i != 1);
        assert_int_equal(w->hs->signature.at != NULL, i < 2);
        end(w);
    }
}

/* ---- whose key it is ---------------------------------------------------------------------- */

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    (void)self;
    (void)fault;
    assert_int_equal(how->key, key->kind);
    assert_true(hf_span_equal(message, hf_span_text("parameters")));
    return hf_span_equal(signature, hf_span_text("signature"));
}

static const struct hf_signature kinds[] = {
    { .name = "rsa",
      .key = HF_KEY_RSA,
      .padding = HF_PADDING_PKCS1,
      .scheme = 0x0401,
      .hash = HF_SHA256,
      .verify = verify },
    { .name = "rsa_pss",
      .key = HF_KEY_RSA_PSS,
      .padding = HF_PADDING_PSS,
      .scheme = 0x0809,
      .hash = HF_SHA256,
      .verify = verify },
    { .name = "ecdsa",
      .key = HF_KEY_P256,
      .padding = HF_PADDING_NONE,
      .scheme = 0x0403,
      .hash = HF_SHA256,
      .verify = verify },
    { .name = "ed25519",
      .key = HF_KEY_ED25519,
      .padding = HF_PADDING_NONE,
      .scheme = 0x0807,
      .hash = HF_HASH_NONE,
      .verify = verify },
};

/* The chain is of the leaf alone, whose signature is good or is not. */
static bool is_checked(const struct hf_suite *suite,
                       const struct hf_signature *how, bool good,
                       struct hf_error *error)
{
    static const struct hf_signature *const signatures[] = {
        &kinds[0], &kinds[1], &kinds[2], &kinds[3], NULL
    };
    static const struct hf_provider provider = { .signatures = signatures };
    struct hf_settings settings = {
        .crypto = { &provider, NULL },
        .verify = { { 0x0401, 0x0809, 0x0403, 0x0807 }, 4 }
    };
    struct hf_session session = { .role = HF_CLIENT,
                                  .settings = &settings,
                                  .suite = suite };
    struct hf_cert leaf = { .key = { .kind = how->key } };
    struct hf_cert *peer[] = { &leaf };
    struct hf_handshake *hs = hf_handshake_new(&session);
    bool done;

    assert_non_null(hs);
    session.peer = peer;
    hs->signature_scheme = how->scheme;
    hs->params = hf_span_text("parameters");
    hs->signature = hf_span_text(good ? "signature" : "other");
    done = hf_job_check_server_kx(hs) == HF_STEP_DONE;
    assert_int_equal(hs->proofs.signature, done ? HF_PROOF_SIGNATURE : 0);
    *error = session.error;
    hf_handshake_free(hs);
    return done;
}

/* RFC 8422 5.10, 2.2: ECDHE_ECDSA is for EdDSA, too. */
static void a_suite_says_which_kind_of_key_signs(void **state)
{
    static const unsigned suites[] = { 0xc02f, 0xc02b };

    (void)state;
    for (size_t s = 0; s < HF_COUNT(suites); s++)
        for (size_t k = 0; k < HF_COUNT(kinds); k++) {
            const struct hf_suite *suite = hf_suite_by_number(suites[s]);
            bool fits = (s == 0) == (k < 2);
            struct hf_error error;

            assert_int_equal(is_checked(suite, &kinds[k], true, &error), fits);
            assert_int_equal(error.code, fits ? HF_OK : HF_E_WRONG_SIGNATURE);
            assert_int_equal(strstr(error.detail, "another kind") != NULL,
                             !fits);
            assert_false(is_checked(suite, &kinds[k], false, &error));
            assert_int_equal(error.code,
                             fits ? HF_E_BAD_SIGNATURE : HF_E_WRONG_SIGNATURE);
        }
}

/* ---- CertificateRequest (RFC 5246 7.4.4, RFC 8422 5.5) -------------------------------------- */

static void a_server_lists_the_kinds_of_key_it_takes(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t body[] = { 2, 3, (uint8_t)type, 0, 2, 4, 3, 0, 0 };
        const struct hf_message m = { .body = HF_SPAN(body) };
        struct world *w = begin();

        assert_int_equal(hf_recv_cert_request12(w->hs, &m), HF_STEP_DONE);
        assert_int_equal(w->hs->asked_rsa, type == 1);
        assert_int_equal(w->hs->asked_ecdsa, type == 64);
        end(w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_is_kept_as_it_came),
        cmocka_unit_test(a_group_that_was_not_offered_is_refused),
        cmocka_unit_test(each_part_needs_its_memory),
        cmocka_unit_test(a_suite_says_which_kind_of_key_signs),
        cmocka_unit_test(a_server_lists_the_kinds_of_key_it_takes),
    };

    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
