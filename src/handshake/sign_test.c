/* sign_test.c - who we are and how we prove it: the bytes of Certificate, what
 * CertificateVerify signs, and signatures that come from elsewhere. */
#define HF_UNPOISONED
#include "handshake/handshake.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- the world ------------------------------------------------------------------------ */

/* What was given to be signed or verified; what comes of it. */
static struct {
    uint8_t text[200];
    size_t len;
    bool ok;
    unsigned asked;
} signer;

static bool sign(void *self, const struct hf_signature *how,
                 const struct hf_private_key *key, struct hf_span message,
                 uint8_t *out, size_t cap, size_t *len)
{
    (void)self;
    (void)how;
    (void)key;
    signer.asked++;
    assert_true(message.len <= sizeof(signer.text));
    memcpy(signer.text, message.at, message.len);
    signer.len = message.len;
    assert_int_equal(cap, HF_SIGNATURE_MAX);
    memset(out, 0x5a, 70);
    *len = 70;
    return signer.ok;
}

static bool verify(void *self, const struct hf_signature *how,
                   const struct hf_public_key *key, struct hf_span message,
                   struct hf_span signature, bool *fault)
{
    (void)self;
    (void)how;
    (void)key;
    (void)signature;
    (void)fault;
    memcpy(signer.text, message.at, message.len);
    signer.len = message.len;
    return true;
}

static const struct hf_signature ecdsa = {
    .name = "ecdsa_secp256r1_sha256",
    .scheme = 0x0403,
    .key = HF_KEY_P256,
    .padding = HF_PADDING_NONE,
    .hash = HF_SHA256,
    .verify = verify,
    .sign = sign,
};

static bool digest(const struct hf_hash_state *state, uint8_t *out)
{
    (void)state;
    memset(out, 0xd1, HF_HASH_MAX);
    return true;
}

static bool add(struct hf_hash_state *state, struct hf_span bytes)
{
    (void)state;
    (void)bytes;
    return true;
}

static void wipe(struct hf_hash_state *state)
{
    (void)state;
}

static const struct hf_hash hash = {
    .id = HF_SHA256, .len = 32, .add = add, .digest = digest, .wipe = wipe
};

struct world {
    struct hf_settings settings;
    struct hf_session session;
    struct hf_handshake *hs;
    struct hf_keypair pairs[2];
    struct hf_cert certs[3];
};

static struct world *begin(enum hf_role role)
{
    static const struct hf_signature *const signatures[] = { &ecdsa, NULL };
    static const struct hf_hash *const hashes[] = { NULL };
    static const struct hf_provider provider = { .signatures = signatures,
                                                 .hashes = hashes };
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.settings.crypto.provider = &provider;
    w.settings.keypairs = w.pairs;
    w.settings.keypair_count = 2;
    w.session.role = role;
    w.session.settings = &w.settings;
    w.session.hash = &hash;
    w.hs = hf_handshake_new(&w.session);
    assert_non_null(w.hs);
    w.hs->keypair = &w.pairs[1];
    w.hs->scheme = &ecdsa;
    w.pairs[1].key = (struct hf_private_key *)&w; /* nobody looks into it */
    memset(&signer, 0, sizeof(signer));
    signer.ok = true;
    return &w;
}

static void end(struct world *w)
{
    hf_handshake_free(w->hs);
    w->session.peer = NULL;
    w->session.peer_count = 0;
    hf_session_wipe(&w->session);
}

/* The message that was said, without the header of its record. */
static struct hf_span said(const struct world *w)
{
    struct hf_span out = hf_buffer_bytes(&w->session.outgoing);

    return out.len ? hf_span_after(out, 5) : out;
}

static void assert_said(const struct world *w, const void *bytes, size_t len)
{
    assert_int_equal(said(w).len, len);
    assert_memory_equal(said(w).at, bytes, len);
}

/* ---- what is signed (RFC 8446 4.4.3) ------------------------------------------------------ */

static void assert_signed(char side, size_t hash_len)
{
    static const char name[] = "TLS 1.3, server CertificateVerify";
    uint8_t want[64 + 33 + 1 + HF_HASH_MAX];

    memset(want, ' ', 64);
    memcpy(want + 64, name, 34); /* with its NUL */
    if (side == 'c')
        memcpy(want + 64 + 9, "client", 6);
    memset(want + 98, 0xd1, hash_len);
    assert_int_equal(signer.len, 98 + hash_len);
    assert_memory_equal(signer.text, want, 98 + hash_len);
}

static void each_side_signs_in_its_own_name(void **state)
{
    static const struct hf_hash largest = {
        .len = HF_HASH_MAX, .add = add, .digest = digest, .wipe = wipe
    };
    static const struct hf_hash *const hashes[] = { &hash, &largest };

    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        enum hf_role role = n % 2 ? HF_SERVER : HF_CLIENT;
        struct world *w = begin(role);
        struct hf_cert *peer[] = { &w->certs[0] };

        w->session.hash = w->hs->transcript.hash = hashes[n / 2];
        assert_int_equal(hf_job_sign(w->hs), HF_STEP_DONE);
        assert_signed(role == HF_CLIENT ? 'c' : 's', w->session.hash->len);
        assert_int_equal(w->hs->signature.len, 70);
        assert_int_equal(w->hs->signature.at[69], 0x5a);
        /* ... and is checked in the other's. */
        w->settings.verify = (struct hf_numbers){ { 0x0403 }, 1 };
        w->certs[0].key.kind = HF_KEY_P256;
        w->session.peer = peer;
        w->hs->signature_scheme = 0x0403;
        memset(w->hs->before, 0xd1, sizeof(w->hs->before));
        assert_int_equal(hf_job_check_signature(w->hs), HF_STEP_DONE);
        assert_signed(role == HF_CLIENT ? 's' : 'c', w->session.hash->len);
        end(w);
    }
}

static void without_a_transcript_nothing_is_signed(void **state)
{
    struct world *w = begin(HF_SERVER);

    (void)state;
    assert_int_equal(hf_job_sign(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_int_equal(signer.asked, 0);
    end(w);
}

static void in_tls_1_2_all_messages_are_signed(void **state)
{
    static const uint8_t messages[] = "all messages";
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_true(hf_buffer_add(&w->hs->transcript.all, HF_SPAN(messages)));
    assert_int_equal(hf_job_sign12(w->hs), HF_STEP_DONE);
    assert_int_equal(signer.len, sizeof(messages));
    assert_memory_equal(signer.text, messages, sizeof(messages));
    end(w);
}

static void a_key_that_cannot_sign_fails(void **state)
{
    static const uint8_t text[] = "text";
    struct world *w = begin(HF_SERVER);

    (void)state;
    signer.ok = false;
    assert_int_equal(hf_sign_text(w->hs, HF_SPAN(text)), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_string_equal(w->session.error.detail,
                        "signing with ecdsa_secp256r1_sha256");
    assert_int_equal(w->hs->signature.len, 0);
    end(w);
    w = begin(HF_SERVER);
    fail_at = 1;
    assert_int_equal(hf_sign_text(w->hs, HF_SPAN(text)), HF_STEP_FAILED);
    assert_int_equal(fail_at, 0);
    assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
    assert_int_equal(signer.asked, 0);
    end(w);
}

/* ---- keys that live elsewhere ---------------------------------------------------------------- */

static void a_key_elsewhere_is_asked_once(void **state)
{
    static const uint8_t given[] = "signature";
    uint8_t text[] = "text";
    struct world *w = begin(HF_SERVER);
    struct hf_handshake *hs = w->hs;

    (void)state;
    w->pairs[1].key = NULL;
    w->session.own_scheme = 0x0403;
    assert_int_equal(hf_sign_text(hs, HF_SPAN(text)), HF_STEP_WAIT);
    assert_int_equal(hs->question.kind, HF_ASK_SIGN);
    assert_int_equal(hs->question.scheme, 0x0403);
    assert_int_equal(hs->question.chain, 1);
    memset(text, 0, sizeof(text)); /* the question has its own */
    assert_int_equal(hs->question.message.len, sizeof(text));
    assert_memory_equal(hs->question.message.at, "text", 5);
    hs->answered = true;
    hs->answer.signature = HF_SPAN(given);
    assert_int_equal(hf_sign_text(hs, HF_SPAN(text)), HF_STEP_DONE);
    assert_false(hs->answered);
    assert_ptr_equal(hs->signature.at, given);
    assert_int_equal(hs->signature.len, sizeof(given));
    assert_int_equal(signer.asked, 0);
    assert_int_equal(w->session.error.code, HF_OK);
    end(w);
}

static void an_empty_answer_is_no_signature(void **state)
{
    static const uint8_t text[] = "text";
    struct world *w = begin(HF_SERVER);

    (void)state;
    w->pairs[1].key = NULL;
    w->hs->answered = true;
    assert_int_equal(hf_sign_text(w->hs, HF_SPAN(text)), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_false(w->hs->answered);
    end(w);
    w = begin(HF_SERVER);
    w->pairs[1].key = NULL;
    fail_at = 1;
    assert_int_equal(hf_sign_text(w->hs, HF_SPAN(text)), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
    assert_int_equal(w->hs->question.kind, 0);
    end(w);
}

/* ---- messages ---------------------------------------------------------------------------------- */

static void a_certificate_goes_in_the_form_that_is_wanted(void **state)
{
    static const uint8_t forms[HF_FORMS][5] = { { 11, 0, 0, 1, 0 },
                                                { 11, 0, 0, 1, 1 },
                                                { 11, 0, 0, 1, 2 },
                                                { 11, 0, 0, 1, 3 } };
    static const uint8_t some[1];

    (void)state;
    for (unsigned wants = 0; wants < 4; wants++)
        for (unsigned has = 0; has < 4; has++) {
            struct world *w = begin(HF_SERVER);
            unsigned form = wants & has;

            for (unsigned i = 0; i < HF_FORMS; i++)
                w->pairs[1].message[i] = HF_SPAN(forms[i]);
            w->hs->offer.wants_staple = wants & HF_FORM_STAPLE;
            w->hs->offer.wants_scts = wants & HF_FORM_SCTS;
            if (has & HF_FORM_STAPLE)
                w->pairs[1].staple = HF_SPAN(some);
            if (has & HF_FORM_SCTS)
                w->pairs[1].scts = HF_SPAN(some);
            assert_int_equal(hf_form_wanted(w->hs), form);
            assert_int_equal(hf_send_certificate(w->hs), HF_STEP_DONE);
            assert_said(w, forms[form], sizeof(forms[form]));
            end(w);
        }
}

static void who_has_none_says_so(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->hs->keypair = NULL;
    assert_int_equal(hf_send_certificate(w->hs), HF_STEP_DONE);
    assert_said(w, "\x0b\0\0\4\0\0\0\0", 8);
    end(w);
    w = begin(HF_CLIENT);
    w->hs->keypair = NULL;
    assert_int_equal(hf_send_certificate12(w->hs), HF_STEP_DONE);
    assert_said(w, "\x0b\0\0\3\0\0\0", 7);
    end(w);
}

static struct world *begin_chain(void)
{
    static const uint8_t leaf[] = { 1, 2, 3 }, above[] = { 4, 5 };
    struct world *w = begin(HF_SERVER);

    w->certs[0].der = HF_SPAN(leaf);
    w->certs[1].der = HF_SPAN(above);
    w->pairs[1].chain[0] = &w->certs[0];
    w->pairs[1].chain[1] = &w->certs[1];
    w->pairs[1].count = 2;
    return w;
}

static void in_tls_1_2_the_chain_goes_leaf_first(void **state)
{
    static const uint8_t want[] = { 11, 0, 0, 14, 0, 0, 11, 0, 0,
                                    3,  1, 2, 3,  0, 0, 2,  4, 5 };
    struct world *w = begin_chain();
    unsigned failed = 0;

    (void)state;
    assert_int_equal(hf_send_certificate12(w->hs), HF_STEP_DONE);
    assert_said(w, want, sizeof(want));
    end(w);
    for (unsigned n = 1;; n++) {
        enum hf_step_result result;

        w = begin_chain();
        fail_at = n;
        result = hf_send_certificate12(w->hs);
        if (result == HF_STEP_DONE)
            break;
        failed++;
        assert_int_equal(result, HF_STEP_FAILED);
        assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(said(w).len, 0);
        end(w);
    }
    assert_true(failed > 0);
    fail_at = 0;
    end(w);
}

static void a_proof_names_its_scheme(void **state)
{
    static const uint8_t proof[] = { 7, 8, 9 };
    static const uint8_t want13[] = { 15, 0, 0, 7, 4, 3, 0, 3, 7, 8, 9 };
    static const uint8_t want12[] = { 15, 0, 0, 7, 8, 4, 0, 3, 7, 8, 9 };
    struct world *w = begin(HF_SERVER);

    (void)state;
    w->hs->signature = HF_SPAN(proof);
    assert_int_equal(hf_send_cert_verify(w->hs), HF_STEP_DONE);
    assert_said(w, want13, sizeof(want13));
    end(w);
    /* For ECDSA the number does not fix the curve, so it is kept apart. */
    w = begin(HF_CLIENT);
    w->session.own_scheme = 0x0804;
    w->hs->signature = HF_SPAN(proof);
    assert_int_equal(hf_send_cert_verify12(w->hs), HF_STEP_DONE);
    assert_said(w, want12, sizeof(want12));
    end(w);
}

static void the_peers_proof_is_kept(void **state)
{
    uint8_t bytes[] = { 8, 4, 0, 3, 7, 8, 9 };
    const struct hf_message m = { .body = HF_SPAN(bytes) };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_int_equal(hf_recv_cert_verify(w->hs, &m), HF_STEP_DONE);
    bytes[4] = 0;
    assert_int_equal(w->hs->signature_scheme, 0x0804);
    assert_int_equal(w->hs->signature.len, 3);
    assert_memory_equal(w->hs->signature.at, "\7\x08\x09", 3);
    end(w);
    w = begin(HF_CLIENT);
    fail_at = 1;
    assert_int_equal(hf_recv_cert_verify(w->hs, &m), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
    end(w);
}

/* ---- the digest of our own certificates -------------------------------------------------------- */

static void our_certificates_are_digested_leaf_by_leaf(void **state)
{
    static const uint8_t zero[HF_BINDING_LEN], der[] = { 1, 2, 3 },
                                               der2[] = { 4, 5 };
    struct hf_span both[] = { HF_SPAN(der), HF_SPAN(der2) };
    uint8_t got[HF_BINDING_LEN], want[HF_BINDING_LEN];
    struct hf_error error = { .code = HF_OK };
    struct world *w = begin(HF_CLIENT);
    struct hf_settings *set = &w->settings;

    (void)state;
    assert_false(hf_own_digest(set, got)); /* a provider without SHA-256 */
    assert_memory_equal(got, zero, sizeof(zero));
    assert_true(hf_crypto_open(&set->crypto, &hf_libcrypto, &error));
    w->certs[0].der = HF_SPAN(der);
    w->certs[1].der = HF_SPAN(der2);
    w->pairs[0].chain[0] = &w->certs[0];
    w->pairs[1].chain[0] = &w->certs[1];
    assert_true(hf_own_digest(set, got));
    assert_true(hf_hash_parts(
        &set->crypto, hf_hash_by_id(&set->crypto, HF_SHA256), both, 2, want));
    assert_memory_equal(got, want, sizeof(want));
    set->keypair_count = 0;
    assert_true(hf_own_digest(set, got));
    assert_memory_equal(got, zero, sizeof(zero));
    hf_crypto_close(&set->crypto);
    end(w);
}

/* ---- ... and what it leaves behind ------------------------------------------------------------- */

static struct {
    unsigned fails_at, step; /* start, add, add, digest: 1 to 4 */
    unsigned wiped;
    bool zero; /* the state was all zeroes when it was wiped */
} hashing;

static bool next_step(void)
{
    return ++hashing.step != hashing.fails_at;
}

static bool start_or_fail(void *self, struct hf_hash_state *state)
{
    (void)self;
    if (!next_step())
        return false;
    memset(state, 0x77, sizeof(*state));
    return true;
}

static bool add_or_fail(struct hf_hash_state *state, struct hf_span bytes)
{
    (void)state;
    (void)bytes;
    return next_step();
}

static bool digest_or_fail(const struct hf_hash_state *state, uint8_t *out)
{
    (void)state;
    if (!next_step())
        return false;
    memset(out, 0xd1, 32);
    return true;
}

static void count_wipe(struct hf_hash_state *state)
{
    static const struct hf_hash_state zeroes;

    hashing.wiped++;
    hashing.zero = !memcmp(state, &zeroes, sizeof(zeroes));
}

static void a_digest_that_fails_is_none_and_is_wiped(void **state)
{
    static const struct hf_hash sha256 = { .id = HF_SHA256,
                                           .len = 32,
                                           .start = start_or_fail,
                                           .add = add_or_fail,
                                           .digest = digest_or_fail,
                                           .wipe = count_wipe };
    static const struct hf_hash *const hashes[] = { &sha256, NULL };
    static const struct hf_provider provider = { .hashes = hashes };
    uint8_t out[HF_BINDING_LEN];

    (void)state;
    for (unsigned n = 1; n <= 5; n++) {
        struct world *w = begin(HF_CLIENT);

        w->settings.crypto.provider = &provider;
        w->pairs[0].chain[0] = &w->certs[0];
        w->pairs[1].chain[0] = &w->certs[1];
        memset(&hashing, 0, sizeof(hashing));
        hashing.fails_at = n;
        assert_int_equal(hf_own_digest(&w->settings, out), n == 5);
        assert_int_equal(hashing.step, n < 5 ? n : 4);
        assert_int_equal(hashing.wiped, 1);
        assert_int_equal(hashing.zero, n == 1);
        end(w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_signs_in_its_own_name),
        cmocka_unit_test(without_a_transcript_nothing_is_signed),
        cmocka_unit_test(in_tls_1_2_all_messages_are_signed),
        cmocka_unit_test(a_key_that_cannot_sign_fails),
        cmocka_unit_test(a_key_elsewhere_is_asked_once),
        cmocka_unit_test(an_empty_answer_is_no_signature),
        cmocka_unit_test(a_certificate_goes_in_the_form_that_is_wanted),
        cmocka_unit_test(who_has_none_says_so),
        cmocka_unit_test(in_tls_1_2_the_chain_goes_leaf_first),
        cmocka_unit_test(a_proof_names_its_scheme),
        cmocka_unit_test(the_peers_proof_is_kept),
        cmocka_unit_test(our_certificates_are_digested_leaf_by_leaf),
        cmocka_unit_test(a_digest_that_fails_is_none_and_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
