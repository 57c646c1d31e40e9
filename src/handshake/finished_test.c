/* finished_test.c - ChangeCipherSpec and Finished of both versions, one function at
 * a time: what is said, what is believed, which keys come into force with it,
 * and what a failure leaves. */
#define HF_UNPOISONED
#include "handshake/lone.h"
#include "handshake/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct hf_span said = { (const uint8_t *)"\1\0\0\3abc", 7 };

static void fill(uint8_t *out, size_t len, unsigned from)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(from + 3 * i);
}

/* The messages so far and one more of ours. */
static struct hf_span with(uint8_t *text, const uint8_t *mac, size_t len)
{
    memcpy(text, said.at, said.len);
    memcpy(text + said.len, "\x14\0\0", 3);
    text[said.len + 3] = (uint8_t)len;
    memcpy(text + said.len + 4, mac, len);
    return hf_span(text, said.len + 4 + len);
}

/* One record in the clear, with @mac in a Finished. */
static void was_sent(const struct lone *l, const uint8_t *mac, size_t len)
{
    uint8_t want[5 + 4 + 64] = { 22, 3, 3, 0,           (uint8_t)(4 + len),
                                 20, 0, 0, (uint8_t)len };

    memcpy(want + 9, mac, len);
    assert_true(
        hf_span_equal(hf_buffer_bytes(&l->s.outgoing), hf_span(want, 9 + len)));
}

/* Keys of @d come of @secret. */
static void is_under(const struct lone *l, const struct hf_direction *d,
                     const uint8_t *secret)
{
    uint8_t iv[12];

    naive_label(l->s.hash->len * 8u, secret, "iv", hf_span(NULL, 0), iv, 12);
    assert_non_null(d->aead);
    assert_memory_equal(d->iv, iv, 12);
    assert_int_equal(d->epoch, HF_TRAFFIC);
}

/* ---- TLS 1.3 ----------------------------------------------------------------------- */

static const unsigned suites[] = { 0x1301, 0x1302 };

static void begin13(struct lone *l, enum hf_role role, unsigned suite)
{
    lone_begin(l, role, suite, said);
    fill(l->hs->client_hs, l->s.hash->len, 10);
    fill(l->hs->server_hs, l->s.hash->len, 90);
    fill(l->hs->stage, l->s.hash->len, 33);
    fill(l->s.client_secret, l->s.hash->len, 5);
    fill(l->s.server_secret, l->s.hash->len, 150);
    naive_hash(l->s.hash->len * 8u, said, l->hs->before);
    lone_fail_at(0);
}

/* What whoever has that role says. */
static size_t naive_mac(const struct lone *l, enum hf_role role, uint8_t *mac)
{
    const unsigned sha = l->s.hash->len * 8u;
    uint8_t key[64], digest[64];

    naive_label(sha, role == HF_CLIENT ? l->hs->client_hs : l->hs->server_hs,
                "finished", hf_span(NULL, 0), key, sha / 8);
    naive_hash(sha, said, digest);
    naive_hmac(sha, hf_span(key, sha / 8), hf_span(digest, sha / 8), mac);
    return sha / 8;
}

/* The application's secrets, of everything up to @messages (RFC 8446 7.1). */
static void has_master(const struct lone *l, const uint8_t *stage,
                       struct hf_span messages)
{
    const unsigned sha = l->s.hash->len * 8u;
    static const uint8_t zeroes[64];
    uint8_t salt[64], master[64], want[64];

    naive_derive(sha, stage, "derived", hf_span("", 0), salt);
    naive_hmac(sha, hf_span(salt, sha / 8), hf_span(zeroes, sha / 8), master);
    naive_derive(sha, master, "c ap traffic", messages, want);
    assert_memory_equal(l->s.client_secret, want, sha / 8);
    naive_derive(sha, master, "s ap traffic", messages, want);
    assert_memory_equal(l->s.server_secret, want, sha / 8);
}

static void is_resumable(const struct lone *l, const uint8_t *stage,
                         struct hf_span messages)
{
    const unsigned sha = l->s.hash->len * 8u;
    uint8_t want[64];

    naive_derive(sha, stage, "res master", messages, want);
    assert_memory_equal(l->s.resumption_secret, want, sha / 8);
}

static void a_server_sends_under_its_last_keys_from_then_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(suites); i++) {
        uint8_t mac[64], stage[64], text[128];
        struct lone l;
        size_t len;

        begin13(&l, HF_SERVER, suites[i]);
        memcpy(stage, l.hs->stage, sizeof(stage));
        len = naive_mac(&l, HF_SERVER, mac);
        assert_int_equal(hf_send_finished(l.hs), HF_STEP_DONE);
        was_sent(&l, mac, len);
        has_master(&l, stage, with(text, mac, len));
        is_under(&l, &l.s.out, l.s.server_secret);
        assert_null(l.s.in.aead); /* the client is still to be heard */
        assert_true(lone_zero(l.s.resumption_secret, 64));
        lone_end(&l);
    }
}

static void a_client_sends_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < HF_COUNT(suites); i++) {
        uint8_t mac[64], stage[64], text[128];
        struct lone l;
        size_t len;

        begin13(&l, HF_CLIENT, suites[i]);
        memcpy(stage, l.hs->stage, sizeof(stage));
        len = naive_mac(&l, HF_CLIENT, mac);
        assert_int_equal(hf_send_finished(l.hs), HF_STEP_DONE);
        was_sent(&l, mac, len);
        is_resumable(&l, stage, with(text, mac, len));
        is_under(&l, &l.s.out, l.s.client_secret);
        assert_null(l.s.in.aead);
        assert_int_equal(l.told_count, 0); /* its secrets were known before */
        lone_end(&l);
    }
}

static enum hf_step_result hear(struct lone *l, const uint8_t *mac, size_t len)
{
    const struct hf_message m = { .kind = HF_FINISHED,
                                  .body = hf_span(mac, len) };

    return l->s.version == HF_TLS13 ? hf_recv_finished(l->hs, &m)
                                    : hf_recv_finished12(l->hs, &m);
}

static void was_decided(const struct lone *l, bool ok)
{
    assert_int_equal(l->decided.id, HF_EV_FINISHED);
    assert_int_equal(l->decided.ok, ok);
    assert_string_equal(l->decided.inputs, l->s.role == HF_CLIENT
                                               ? "the server's"
                                               : "the client's");
}

static void the_peers_finished_is_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * HF_COUNT(suites); i++) {
        const enum hf_role role = i & 1 ? HF_CLIENT : HF_SERVER;
        uint8_t mac[64], stage[64];
        struct lone l;
        size_t len;

        begin13(&l, role, suites[i / 2]);
        memcpy(stage, l.hs->stage, sizeof(stage));
        len = naive_mac(&l, role == HF_CLIENT ? HF_SERVER : HF_CLIENT, mac);
        assert_int_equal(hear(&l, mac, len), HF_STEP_DONE);
        assert_true(l.hs->proofs.finished == HF_PROOF_FINISHED);
        was_decided(&l, true);
        assert_null(l.s.out.aead);
        if (role == HF_CLIENT) {
            has_master(&l, stage, said);
            is_under(&l, &l.s.in, l.s.server_secret);
        } else {
            is_resumable(&l, stage, said);
            is_under(&l, &l.s.in, l.s.client_secret);
        }
        lone_end(&l);
    }
}

/* Nothing is proved and nothing in force. */
static void is_refused(struct lone *l, const uint8_t *mac, size_t len,
                       unsigned code)
{
    l->s.error = (struct hf_error){ .code = HF_OK };
    assert_int_equal(hear(l, mac, len), HF_STEP_FAILED);
    assert_int_equal(l->s.error.code, code);
    assert_true(l->hs->proofs.finished == 0);
    assert_null(l->s.in.aead);
}

/* Each bit, and each length. */
static void check_refusals(struct lone *l, const uint8_t *mac, size_t len)
{
    uint8_t changed[65] = { 0 };
    char words[48];

    memcpy(changed, mac, len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        is_refused(l, changed, len, HF_E_BAD_FINISHED);
        assert_int_equal(l->s.error.alert, 51); /* decrypt_error */
        was_decided(l, false);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n <= len + 1; n++)
        if (n != len) {
            is_refused(l, changed, n, HF_E_BOUNDS);
            hf_format(words, sizeof(words), "Finished has %z bytes, not %z", n,
                      len);
            assert_string_equal(l->s.error.detail, words);
        }
}

static void any_other_finished_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * HF_COUNT(suites); i++) {
        const enum hf_role role = i & 1 ? HF_CLIENT : HF_SERVER;
        uint8_t mac[64];
        struct lone l;
        size_t len;

        begin13(&l, role, suites[i / 2]);
        len = naive_mac(&l, role, mac); /* our own, sent back */
        is_refused(&l, mac, len, HF_E_BAD_FINISHED);
        len = naive_mac(&l, role == HF_CLIENT ? HF_SERVER : HF_CLIENT, mac);
        check_refusals(&l, mac, len);
        lone_end(&l);
    }
}

/* ---- TLS 1.2 ----------------------------------------------------------------------- */

static unsigned kept;
static size_t kept_key;

static bool keep(void *ctx, struct hf_span key, struct hf_span session,
                 int64_t expires)
{
    (void)ctx;
    (void)session;
    (void)expires;
    kept++;
    kept_key = key.len;
    return true;
}

static int64_t clock_of_ours(void *ctx)
{
    (void)ctx;
    return 1000000;
}

static bool find_key(void *ctx, const uint8_t *name, struct hf_ticket_key *out,
                     bool *newest)
{
    (void)ctx;
    (void)name;
    memset(out, 7, sizeof(*out));
    *newest = true;
    return true;
}

/* A client has a ticket, a server an id of the session. */
static void begin12(struct lone *l, enum hf_role role)
{
    static uint8_t ticket[20] = { 1 };

    lone_begin(l, role, 0xc030, said);
    fill(l->s.master_secret, HF_MASTER_LEN, 44);
    naive_hash(384, said, l->hs->before);
    l->s.extended_master = role == HF_CLIENT;
    if (role == HF_CLIENT)
        l->hs->ticket = HF_SPAN(ticket);
    else
        l->hs->session_id_len = 32;
    l->set.clock = clock_of_ours;
    l->set.find_key = find_key;
    l->set.session_lifetime = 100;
    l->set.sessions.put = keep;
    kept = 0;
    lone_fail_at(0);
}

/* The session is sealed with SHA-256, which the provider of SHA-384 lacks. */
static void lend_hashes(void)
{
    lone_provider()->hashes = hf_libcrypto.hashes;
    lone_provider()->aeads = hf_libcrypto.aeads;
}

static void naive_mac12(const struct lone *l, enum hf_role role, uint8_t *mac)
{
    uint8_t digest[48];

    naive_hash(384, said, digest);
    naive_prf(384, HF_SPAN(l->s.master_secret),
              role == HF_CLIENT ? "client finished" : "server finished",
              HF_SPAN(digest), mac, 12);
}

static void change_cipher_spec_changes_keys(void **state)
{
    static const uint8_t record[] = { 20, 3, 3, 0, 1, 1 };

    (void)state;
    for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++) {
        struct lone l;

        begin12(&l, (enum hf_role)role);
        assert_int_equal(hf_send_ccs(l.hs), HF_STEP_DONE);
        assert_true(hf_span_equal(hf_buffer_bytes(&l.s.outgoing),
                                  HF_SPAN(record))); /* under the old ones */
        assert_int_equal(l.passed_count, 1);
        assert_true(l.passed.sent);
        assert_int_equal(l.passed.record, 20);
        assert_int_equal(l.passed.message, HF_CHANGE_CIPHER_SPEC);
        assert_int_equal(l.passed.epoch, HF_PLAIN);
        assert_int_equal(l.passed.len, 1);
        assert_non_null(l.s.out.aead);
        assert_null(l.s.in.aead);
        assert_int_equal(hf_recv_ccs(l.hs, NULL), HF_STEP_DONE);
        assert_non_null(l.s.in.aead);
        lone_end(&l);
    }
}

static void finished_says_twelve_bytes(void **state)
{
    (void)state;
    for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++) {
        uint8_t mac[12];
        struct lone l;

        begin12(&l, (enum hf_role)role);
        naive_mac12(&l, (enum hf_role)role, mac);
        assert_int_equal(hf_send_finished12(l.hs), HF_STEP_DONE);
        was_sent(&l, mac, 12);
        lone_end(&l);
    }
}

/* And the session can be resumed: a client keeps it under what it depends on, a
 * server under its id. */
static void the_peers_finished_ends_it(void **state)
{
    (void)state;
    for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++) {
        uint8_t mac[12];
        struct lone l;

        begin12(&l, (enum hf_role)role);
        naive_mac12(&l, role == HF_CLIENT ? HF_SERVER : HF_CLIENT, mac);
        lend_hashes();
        assert_int_equal(hear(&l, mac, 12), HF_STEP_DONE);
        assert_true(l.hs->proofs.finished == HF_PROOF_FINISHED);
        assert_int_equal(kept, 1);
        assert_int_equal(kept_key, role == HF_CLIENT ? HF_BINDING_LEN + 1 : 32);
        lone_end(&l);
    }
}

static void any_other_finished12_is_not_believed(void **state)
{
    (void)state;
    for (unsigned role = HF_CLIENT; role <= HF_SERVER; role++) {
        uint8_t mac[12];
        struct lone l;

        begin12(&l, (enum hf_role)role);
        naive_mac12(&l, (enum hf_role)role, mac); /* our own, sent back */
        is_refused(&l, mac, 12, HF_E_BAD_FINISHED);
        naive_mac12(&l, role == HF_CLIENT ? HF_SERVER : HF_CLIENT, mac);
        check_refusals(&l, mac, 12);
        assert_int_equal(kept, 0);
        lone_end(&l);
    }
}

static void nothing_comes_behind_finished12(void **state)
{
    uint8_t mac[12];
    struct lone l;

    (void)state;
    begin12(&l, HF_CLIENT);
    naive_mac12(&l, HF_SERVER, mac);
    hf_reassembly_add(&l.s.messages, hf_span("\x14", 1));
    is_refused(&l, mac, 12, HF_E_UNEXPECTED);
    assert_int_equal(l.s.error.alert, 10);
    assert_int_equal(kept, 0);
    lone_end(&l);
}

/* ---- the provider fails -------------------------------------------------------------- */

enum verb { SEND, HEAR, SEND12, HEAR12, SEND_CCS, HEAR_CCS, VERBS };

static void begin_verb(struct lone *l, enum verb verb, enum hf_role role)
{
    if (verb <= HEAR)
        begin13(l, role, 0x1301);
    else
        begin12(l, role);
    l->set.sessions.put = NULL;
}

static enum hf_step_result run(struct lone *l, enum verb verb)
{
    const enum hf_role peer = l->s.role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    uint8_t mac[64];

    switch (verb) {
    case SEND: return hf_send_finished(l->hs);
    case HEAR: return hear(l, mac, naive_mac(l, peer, mac));
    case SEND12: return hf_send_finished12(l->hs);
    case HEAR12: naive_mac12(l, peer, mac); return hear(l, mac, 12);
    case SEND_CCS: return hf_send_ccs(l->hs);
    case HEAR_CCS:
    case VERBS:
    default: return hf_recv_ccs(l->hs, NULL);
    }
}

static void each_failure_is_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * VERBS; i++) {
        const enum hf_role role = i & 1 ? HF_CLIENT : HF_SERVER;
        struct lone l;
        size_t calls;

        begin_verb(&l, (enum verb)(i / 2), role);
        assert_int_equal(run(&l, (enum verb)(i / 2)), HF_STEP_DONE);
        assert_int_equal(l.s.error.code, HF_OK);
        calls = lone_calls();
        lone_end(&l);
        assert_true(calls > 5);
        for (size_t n = 1; n <= calls; n++) {
            begin_verb(&l, (enum verb)(i / 2), role);
            lone_fail_at(n);
            assert_int_equal(run(&l, (enum verb)(i / 2)), HF_STEP_FAILED);
            assert_int_equal(l.s.error.code, HF_E_CRYPTO);
            lone_end(&l);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_sends_under_its_last_keys_from_then_on),
        cmocka_unit_test(a_client_sends_last),
        cmocka_unit_test(the_peers_finished_is_believed),
        cmocka_unit_test(any_other_finished_is_not),
        cmocka_unit_test(change_cipher_spec_changes_keys),
        cmocka_unit_test(finished_says_twelve_bytes),
        cmocka_unit_test(the_peers_finished_ends_it),
        cmocka_unit_test(any_other_finished12_is_not_believed),
        cmocka_unit_test(nothing_comes_behind_finished12),
        cmocka_unit_test(each_failure_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
