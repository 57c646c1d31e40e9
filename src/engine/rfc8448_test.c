/* rfc8448_test.c - the traces of RFC 8448, replayed by both engines: the simple
 * handshake, its session resumed with 0-RTT data, the retry, client
 * authentication, compatibility mode.
 *
 * One engine stands at one end of a trace, client or server, whole: the public
 * functions of engine.h are called, nothing below.  What the trace's peer sent
 * is fed to it, record by record, and what it sends is compared.
 *
 * Replayed, that is computed by the engine and equal byte for byte: both key
 * shares from the trace's private keys; every HKDF-Extract, its input and its
 * secret; every HKDF-Expand-Label, its context (the transcript's hashes) and
 * its value, so every secret, Finished key, key and IV of both directions;
 * Certificate, CertificateVerify around the recorded signature, Finished, CCS;
 * the check of the peer's recorded signature and Finished; each record in both
 * directions, to close_notify.
 *
 * Injected, because its form is the sender's choice: the bytes of our own
 * ClientHello, HelloRetryRequest, ServerHello, EncryptedExtensions and
 * CertificateRequest.  Where such a message carries what was computed or chosen
 * (random, share, group, suite), ours is compared with the trace's first.  The
 * server of the retry returns a cookie, which ours never makes: it is hidden
 * from the reader that would refuse it.  A NewSessionTicket is sealed by the
 * test through the engine's own keys, for the engine sends none; the session in
 * it is handed to both ends when they ask for it, for it is sealed in its sender's
 * way (our binder is computed and compared).
 *
 * The trace puts several messages of a flight into one record, the engine each
 * into its own: then ours are opened and joined, compared with the trace's
 * payload, and sealed once more as one record.
 *
 * How: symbols are wrapped at link time (meson.build), so that nothing in the
 * library knows of this test.  RSA keys of 1024 bits pass because the test's
 * provider says so. */
#define HF_UNPOISONED
#include "engine/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- one end of a trace ---------------------------------------------------------------- */

/* The first certificate of our own Certificate message. */
static struct hf_span own_certificate(const struct bytes *message)
{
    return hf_span(message->at + 11, hf_number(message->at + 8, 3));
}

static int64_t trace_clock(void *ctx)
{
    (void)ctx;
    return TRACE_NOW;
}

static enum hf_strike claim(void *ctx, const uint8_t *id, int64_t now,
                            int64_t expires)
{
    (void)ctx;
    (void)id;
    /* The trace's ticket was 6 milliseconds old. */
    assert_int_equal(now, TRACE_NOW);
    assert_int_equal(expires, TRACE_NOW + 1 + HF_EARLY_WINDOW + 1);
    return HF_STRIKE_NEW;
}

/* What a session and early data need. */
static bool allow_early(struct hf_config *config)
{
    static const struct hf_strikes strikes = { NULL, claim };

    return hf_config_set_clock(config, trace_clock, NULL) &&
           hf_config_set_early_data(config, 1024) &&
           hf_config_set_strikes(config, &strikes);
}

static void begin(enum trace trace, enum hf_role role)
{
    static const uint16_t all[] = { 29, 23, 0 }, p256[] = { 23, 0 },
                          x25519[] = { 29, 0 };
    bool retry = trace == RETRY, asked = trace == CLIENT_AUTH;
    struct hf_config *config = hf_config_new();

    assert_non_null(config);
    replay = (struct replay){ .trace = trace, .role = role, .config = config };
    assert_true(hf_config_set_provider(config, trace_provider()) &&
                hf_config_insecure_no_verify(config) &&
                hf_config_set_questions(config, HF_ASK_SIGN) &&
                (trace != RESUMED || allow_early(config)) &&
                hf_config_set_groups(config, retry && role ? p256 : all) &&
                hf_config_set_shares(config, retry && role ? p256 : x25519) &&
                hf_config_set_client_auth(config, asked
                                                      ? HF_CLIENT_AUTH_REQUIRED
                                                      : HF_CLIENT_AUTH_NONE));
    if (role == HF_SERVER || asked) {
        struct bytes message;

        replay.trace = trace == RESUMED ? SIMPLE : trace;
        message = recorded(HF_CERTIFICATE, 0);
        replay.trace = trace;
        assert_true(hf_config_add_chain(config, own_certificate(&message)));
    }
    assert_true(hf_config_freeze(config));
    replay.conn = hf_conn_new(config, role, role ? NULL : "server");
    assert_non_null(replay.conn);
    replay.on = true;
}

static void end(void)
{
    replay.on = false;
    hf_conn_free(replay.conn);
    hf_config_free(replay.config);
}

/* The recorded signature answers the question. */
static void answer(void)
{
    struct bytes verify = recorded(HF_CERTIFICATE_VERIFY, 0);
    struct hf_question q = hf_conn_question(replay.conn);
    struct hf_answer a = { .signature = { verify.at + 8, verify.len - 8 } };

    assert_int_equal(q.kind, HF_ASK_SIGN);
    assert_int_equal(q.scheme, hf_number(verify.at + 4, 2));
    assert_true(hf_conn_answer(replay.conn, &a));
}

/* Give it @bytes; data must be @payload. */
static void give(struct bytes bytes, const struct bytes *payload)
{
    size_t at = 0, used;
    struct hf_span data;

    for (;;) {
        enum hf_outcome outcome = hf_conn_receive(replay.conn, bytes.at + at,
                                                  bytes.len - at, &used, &data);

        at += used;
        switch (outcome) {
        case HF_ASKS: answer(); break;
        case HF_READY: break;
        case HF_DATA:
        case HF_EARLY:
            assert_same(data, hf_span(payload->at, payload->len));
            break;
        case HF_FAILED:
            fail_msg("%s: %s", hf_error_name(hf_conn_error(replay.conn)->code),
                     hf_conn_error(replay.conn)->detail);
            return;
        case HF_NEED_BYTES:
        case HF_CLOSED:
        default: assert_int_equal(at, bytes.len); return;
        }
    }
}

static const struct bytes *derived_value(const char *label)
{
    for (size_t i = 0; i < replay.derived_count; i++)
        if (!strcmp(replay.derived[i].label, label))
            return &replay.derived[i].value;
    fail_msg("no %s yet", label);
    return NULL;
}

/* The keys of our own side's handshake records, derived anew. */
static void own_handshake_keys(struct hf_direction *d)
{
    const struct bytes *secret = derived_value(
        replay.role == HF_CLIENT ? "c hs traffic" : "s hs traffic");
    struct hf_session *s = &replay.conn->session;
    const struct hf_crypto *c = &s->settings->crypto;
    struct hf_hmac hmac = { .hash = NULL };
    uint8_t key[HF_AEAD_KEY_MAX], iv[HF_NONCE_LEN];

    assert_true(
        hf_hmac_key(&hmac, c, s->hash, hf_span(secret->at, secret->len)));
    assert_true(__real_hf_expand_label(&hmac, "key", hf_span(NULL, 0), key,
                                       s->aead->key_len));
    assert_true(
        __real_hf_expand_label(&hmac, "iv", hf_span(NULL, 0), iv, sizeof(iv)));
    assert_true(hf_direction_set(d, c->self, s->aead, key, iv, HF_HANDSHAKE,
                                 &s->error));
    hf_hmac_wipe(&hmac);
}

/* Our outgoing records hold @payload, in one piece or in several; sealed as
 * one they are @record. */
static void expect_flight(const struct bytes *payload,
                          const struct bytes *record)
{
    struct hf_direction in = { .aead = NULL }, out = { .aead = NULL };
    struct hf_span left = hf_conn_outgoing(replay.conn);
    struct hf_error error = { .code = HF_OK };
    uint8_t joined[BYTES_MAX], sealed[BYTES_MAX + 64];
    size_t len = 0;

    own_handshake_keys(&in);
    own_handshake_keys(&out);
    while (left.len) {
        struct hf_frame f;
        struct hf_span plain;
        uint8_t type;

        assert_int_equal(hf_frame_next(&f, (uint8_t *)(uintptr_t)left.at,
                                       left.len, HF_TLS13, true, &error),
                         HF_FRAME_WHOLE);
        assert_true(hf_record_open(&in, &f, &type, &plain, &error));
        assert_int_equal(type, HF_CONTENT_HANDSHAKE);
        assert_true(plain.len <= sizeof(joined) - len);
        hf_copy(joined + len, plain.at, plain.len);
        len += plain.len;
        left = hf_span_after(left, 5 + f.len);
    }
    assert_same(hf_span(joined, len), hf_span(payload->at, payload->len));
    len = hf_record_seal(&out, HF_CONTENT_HANDSHAKE, 0x0303,
                         hf_span(joined, len), sealed, &error);
    assert_same(hf_span(sealed, len), hf_span(record->at, record->len));
    hf_conn_sent(replay.conn, SIZE_MAX);
    hf_direction_wipe(&in);
    hf_direction_wipe(&out);
}

/* Make the engine send what stands in the trace: data, close, ticket. */
static void cause(const struct bytes *payload, struct bytes *made)
{
    struct hf_session *s = &replay.conn->session;
    size_t taken;

    if (payload->len == 2 && payload->at[0] == 1) {
        hf_conn_close(replay.conn);
    } else if (payload->at[0] == HF_NEW_SESSION_TICKET) {
        assert_true(hf_records_seal(&s->out, HF_CONTENT_HANDSHAKE, 0x0303,
                                    hf_span(payload->at, payload->len),
                                    &s->outgoing, &s->error));
    } else {
        made->len = hf_conn_send(replay.conn,
                                 hf_span(payload->at, payload->len), made->at,
                                 sizeof(made->at), &taken);
        assert_int_equal(taken, payload->len);
        return;
    }
    *made = bytes_of(hf_conn_outgoing(replay.conn));
    hf_conn_sent(replay.conn, made->len);
}

static void expect(const struct bytes *payload, const struct bytes *record)
{
    struct hf_span out;
    struct bytes made;

    if (hf_conn_ready(replay.conn) && !hf_conn_outgoing(replay.conn).len) {
        cause(payload, &made);
        assert_same(hf_span(made.at, made.len),
                    hf_span(record->at, record->len));
        return;
    }
    out = hf_conn_outgoing(replay.conn);
    if (replay.role == HF_CLIENT && payload->at[0] == 'A') { /* 0-RTT data */
        size_t taken;

        assert_int_equal(out.len, 0);
        assert_int_equal(hf_conn_early_left(replay.conn), 1024);
        made.len = hf_conn_send_early(replay.conn,
                                      hf_span(payload->at, payload->len),
                                      made.at, sizeof(made.at), &taken);
        assert_int_equal(taken, payload->len);
        assert_same(hf_span(made.at, made.len),
                    hf_span(record->at, record->len));
        return;
    }
    if (record->at[0] == HF_CONTENT_DATA &&
        payload->at[0] != HF_END_OF_EARLY_DATA) {
        expect_flight(payload, record);
        return;
    }
    assert_true(out.len >= record->len);
    assert_memory_equal(out.at, record->at, record->len);
    hf_conn_sent(replay.conn, record->len);
}

/* Every number of the trace was computed, and nothing that is not in it. */
static void check_derived(void)
{
    bool used[DERIVED_MAX] = { false };

    for (size_t i = 0; i < row_count; i++) {
        struct bytes input = unhex(rows[i].first);
        struct bytes value = unhex(rows[i].second);
        bool found = false;

        if (rows[i].trace != replay.trace || rows[i].who != NOBODY)
            continue;
        for (size_t k = 0; k < replay.derived_count; k++) {
            const struct derived *d = &replay.derived[k];

            if (d->what != rows[i].what || strcmp(d->label, rows[i].label) ||
                d->input.len != input.len || d->value.len != value.len ||
                memcmp(d->input.at, input.at, input.len) ||
                memcmp(d->value.at, value.at, value.len))
                continue;
            used[k] = found = true;
        }
        if (!found)
            fail_msg("\"%s\" of row %zu was not computed", rows[i].label, i);
    }
    for (size_t k = 0; k < replay.derived_count; k++)
        if (!used[k])
            fail_msg("\"%s\" is not in the trace", replay.derived[k].label);
}

/* RFC 8446 4.6.1: the trace's ticket has the nonce 00 00. */
static void derive_ticket_key(void)
{
    static const uint8_t nonce[2];
    struct hf_session *s = &replay.conn->session;
    struct hf_hmac hmac = { .hash = NULL };
    uint8_t key[HF_HASH_MAX];

    assert_true(hf_hmac_key(&hmac, &s->settings->crypto, s->hash,
                            hf_span(s->resumption_secret, s->hash->len)));
    assert_true(__wrap_hf_expand_label(&hmac, "resumption", HF_SPAN(nonce), key,
                                       s->hash->len));
    hf_hmac_wipe(&hmac);
}

/* A server forgets the secret with its tickets, so before that. */
enum hf_step_result __real_hf_job_give_tickets(struct hf_handshake *hs);
enum hf_step_result __wrap_hf_job_give_tickets(struct hf_handshake *hs);
enum hf_step_result __wrap_hf_job_give_tickets(struct hf_handshake *hs)
{
    if (replay.trace == SIMPLE)
        derive_ticket_key();
    if (replay.trace == RESUMED)
        return HF_STEP_DONE; /* the trace's gives none */
    return __real_hf_job_give_tickets(hs);
}

static void play(enum trace trace, enum hf_role role)
{
    begin(trace, role);
    if (role == HF_CLIENT)
        give((struct bytes){ .len = 0 }, NULL);
    for (size_t i = 0; i < row_count; i++) {
        struct bytes payload = unhex(rows[i].first);
        struct bytes record = unhex(rows[i].second);

        if (rows[i].what != A_RECORD || rows[i].trace != trace)
            continue;
        if (rows[i].who == (int)role)
            expect(&payload, &record);
        else
            give(record, &payload);
    }
    assert_int_equal(hf_conn_outgoing(replay.conn).len, 0);
    if (trace == SIMPLE && role == HF_CLIENT)
        derive_ticket_key();
    check_derived();
    end();
}

static void the_simple_handshake_is_replayed_by_both(void **state)
{
    (void)state;
    play(SIMPLE, HF_CLIENT);
    play(SIMPLE, HF_SERVER);
}

static void early_data_in_a_session_is_replayed_by_both(void **state)
{
    (void)state;
    play(RESUMED, HF_CLIENT);
    play(RESUMED, HF_SERVER);
}

static void the_retry_is_replayed_by_both(void **state)
{
    (void)state;
    play(RETRY, HF_CLIENT);
    play(RETRY, HF_SERVER);
}

static void client_authentication_is_replayed_by_both(void **state)
{
    (void)state;
    play(CLIENT_AUTH, HF_CLIENT);
    play(CLIENT_AUTH, HF_SERVER);
}

static void compatibility_mode_is_replayed_by_both(void **state)
{
    (void)state;
    play(COMPATIBLE, HF_CLIENT);
    play(COMPATIBLE, HF_SERVER);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_simple_handshake_is_replayed_by_both),
        cmocka_unit_test(early_data_in_a_session_is_replayed_by_both),
        cmocka_unit_test(the_retry_is_replayed_by_both),
        cmocka_unit_test(client_authentication_is_replayed_by_both),
        cmocka_unit_test(compatibility_mode_is_replayed_by_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
