/* driver_test.c - the driver alone, with a handshake made by hand: what it makes
 * of messages, of ours and of the peer's.  What must have been proved at its
 * end is in proofs_test.c. */
#define HF_UNPOISONED
#include "handshake/handshake.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The proof at the end of a hello. */
static unsigned bound;
static bool cannot_bind;

bool __wrap_hf_bind_hello(struct hf_handshake *hs, struct hf_span hello);
bool __wrap_hf_bind_hello(struct hf_handshake *hs, struct hf_span hello)
{
    assert_int_equal(hello.at[0], HF_CLIENT_HELLO);
    bound++;
    return !cannot_bind || hf_fail(hs->error, HF_E_CRYPTO, NULL);
}

struct world {
    struct hf_settings settings;
    struct hf_session session;
    struct hf_handshake *hs;
    unsigned told;         /* messages that who watches was told of, */
    struct hf_event event; /* ... and the last of them */
};

static void watch(void *ctx, const struct hf_event *event)
{
    struct world *w = ctx;

    assert_int_equal(event->kind, HF_EVENT_MESSAGE);
    w->told++;
    w->event = *event;
}

static struct world *begin(enum hf_role role)
{
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.session.role = role;
    w.session.settings = &w.settings;
    w.session.watch = watch;
    w.session.watch_ctx = &w;
    w.hs = hf_handshake_new(&w.session);
    assert_non_null(w.hs);
    return &w;
}

static void end(struct world *w)
{
    hf_handshake_free(w->hs);
    hf_session_wipe(&w->session);
}

/* ---- the beginning and the end of its memory ------------------------------------------- */

static unsigned states_wiped;

static void wipe_state(struct hf_hash_state *state)
{
    assert_non_null(state);
    states_wiped++;
}

static unsigned shares_wiped[3];

static void wipe_share(void *state)
{
    shares_wiped[*(uint64_t *)state]++;
}

/* What it was given is not its own; what lies inside another is wiped with
 * that. */
static void what_it_made_is_wiped_once(void **state)
{
    static const struct hf_hash hash = { .wipe = wipe_state };
    static const struct hf_kx kx = { .wipe = wipe_share };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_ptr_equal(w->hs->session, &w->session);
    assert_ptr_equal(w->hs->settings, &w->settings);
    assert_ptr_equal(w->hs->error, &w->session.error);
    assert_ptr_equal(w->hs->transcript.crypto, &w->settings.crypto);
    assert_ptr_equal(w->hs->transcript.arena, &w->hs->arena);
    w->hs->transcript.hash = w->hs->master.hash = &hash;
    w->hs->share_count = HF_COUNT(shares_wiped);
    for (size_t i = 0; i < HF_COUNT(shares_wiped); i++) {
        w->hs->shares[i].kx = &kx;
        w->hs->shares[i].state[0] = i;
        shares_wiped[i] = 0;
    }
    w->hs->shares[1].in = &w->hs->shares[0];
    states_wiped = 0;
    end(w);
    assert_int_equal(shares_wiped[0], 1);
    assert_int_equal(shares_wiped[1], 0);
    assert_int_equal(shares_wiped[2], 1);
    assert_int_equal(states_wiped, 4); /* transcripts: two; a MAC's: two */
    hf_handshake_free(NULL);
}

static void without_memory_there_is_none(void **state)
{
    static struct hf_settings settings;
    struct hf_session session = { .settings = &settings };

    (void)state;
    fail_at = 1;
    assert_null(hf_handshake_new(&session));
    assert_int_equal(fail_at, 0);
}

/* ---- messages of ours ----------------------------------------------------------------- */

/* The header of the record that was made last, which takes it out. */
static void assert_record(struct world *w, unsigned type, unsigned version,
                          size_t len)
{
    struct hf_span out = hf_buffer_bytes(&w->session.outgoing);

    assert_int_equal(out.len, 5 + len);
    assert_int_equal(out.at[0], type);
    assert_int_equal(out.at[1] << 8 | out.at[2], version);
    assert_int_equal(out.at[3] << 8 | out.at[4], len);
    hf_buffer_drop(&w->session.outgoing, out.len);
}

/* RFC 8446 5.1: "MUST be set to 0x0303 for all records ... other than an
 * initial ClientHello". */
static void only_the_first_hello_is_in_a_record_of_tls_1_0(void **state)
{
    static const uint8_t hello[] = { HF_CLIENT_HELLO, 0, 0, 0 };
    static const uint8_t other[] = { HF_SERVER_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_true(hf_handshake_say(w->hs, HF_CLIENT_HELLO, HF_SPAN(hello)));
    assert_record(w, 22, 0x0301, 4);
    w->hs->facts = HF_FACT_TLS13 | HF_FACT_RETRY;
    assert_true(hf_handshake_say(w->hs, HF_CLIENT_HELLO, HF_SPAN(hello)));
    assert_record(w, 22, 0x0303, 4);
    end(w);
    w = begin(HF_SERVER);
    assert_true(hf_handshake_say(w->hs, HF_SERVER_HELLO, HF_SPAN(other)));
    assert_record(w, 22, 0x0303, 4);
    end(w);
}

static void a_message_that_does_not_fit_is_a_fault_of_ours(void **state)
{
    static const uint8_t mac[12] = { 1 };
    struct hf_finished finished = { HF_SPAN(mac) };

    (void)state;
    for (size_t cap = 0; cap <= sizeof(mac); cap++) {
        struct world *w = begin(HF_CLIENT);
        bool ok = hf_message_send(w->hs, HF_FINISHED, hf_finished, &finished,
                                  cap);

        assert_int_equal(ok, cap == sizeof(mac));
        assert_int_equal(w->session.error.code, ok ? HF_OK : HF_E_BUG);
        if (ok)
            assert_record(w, 22, 0x0303, 4 + sizeof(mac));
        else
            assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
        end(w);
    }
}

/* Whatever is not there for it, nothing is said and the reason is told. */
static void without_memory_nothing_is_said(void **state)
{
    static const uint8_t mac[12] = { 1 };
    struct hf_finished finished = { HF_SPAN(mac) };
    unsigned failed = 0;

    (void)state;
    for (unsigned n = 1;; n++) {
        struct world *w = begin(HF_CLIENT);
        bool ok;

        fail_at = n;
        ok = hf_message_send(w->hs, HF_FINISHED, hf_finished, &finished,
                             sizeof(mac));
        assert_int_equal(w->session.error.code,
                         ok ? HF_OK : HF_E_OUT_OF_MEMORY);
        assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len,
                         ok ? 5 + 4 + sizeof(mac) : 0);
        end(w);
        if (ok)
            break;
        failed++;
    }
    fail_at = 0;
    assert_true(failed >= 2);
}

static bool refuse_bytes(struct hf_hash_state *state, struct hf_span bytes)
{
    (void)state;
    (void)bytes;
    return false;
}

static void what_is_not_in_the_transcript_is_not_said(void **state)
{
    static const struct hf_hash hash = { .add = refuse_bytes,
                                         .wipe = wipe_state };
    static const uint8_t hello[] = { HF_SERVER_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_SERVER);

    (void)state;
    w->hs->transcript.hash = &hash;
    assert_false(hf_handshake_say(w->hs, HF_SERVER_HELLO, HF_SPAN(hello)));
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    assert_int_equal(w->told, 0);
    end(w);
}

/* What is said, and who is told: a retry is a ServerHello on the wire. */
static void each_message_is_told_under_its_own_name(void **state)
{
    static const struct {
        unsigned kind;
        uint8_t type;
    } rows[] = {
        { HF_HELLO_RETRY_REQUEST, 2 },
        { HF_SERVER_HELLO, 2 },
        { HF_FINISHED, 20 },
    };
    static const uint8_t mac[12] = { 1 };
    struct hf_finished finished = { HF_SPAN(mac) };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct world *w = begin(HF_SERVER);

        w->session.out.epoch = HF_PLAIN;
        assert_true(hf_message_send(w->hs, rows[i].kind, hf_finished, &finished,
                                    sizeof(mac)));
        assert_int_equal(hf_buffer_bytes(&w->session.outgoing).at[5],
                         rows[i].type);
        assert_int_equal(w->told, 1);
        assert_true(w->event.sent);
        assert_int_equal(w->event.record, 22);
        assert_int_equal(w->event.message, rows[i].kind);
        end(w);
    }
}

/* RFC 8446 4.2.11.2: a hello, and nothing else, may end in a proof over its
 * own beginning. */
static void a_hello_that_cannot_be_bound_is_not_said(void **state)
{
    static const uint8_t mac[12] = { 1 };
    struct hf_finished finished = { HF_SPAN(mac) };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    bound = 0;
    assert_true(hf_message_send(w->hs, HF_FINISHED, hf_finished, &finished,
                                sizeof(mac)));
    assert_int_equal(bound, 0);
    assert_true(hf_message_send(w->hs, HF_CLIENT_HELLO, hf_finished, &finished,
                                sizeof(mac)));
    assert_int_equal(bound, 1);
    end(w);
    w = begin(HF_CLIENT);
    cannot_bind = true;
    assert_false(hf_message_send(w->hs, HF_CLIENT_HELLO, hf_finished, &finished,
                                 sizeof(mac)));
    cannot_bind = false;
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    assert_int_equal(w->told, 0);
    end(w);
}

/* RFC 8446 D.4: "if not offering early data ...", once, and only if the
 * client's session id asks for it. */
static void the_dummy_ccs_is_sent_once_if_a_session_id_asks_for_it(void **state)
{
    static const struct hf_aead aead;
    struct world *w = begin(HF_SERVER);

    (void)state;
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    w->hs->session_id_len = 32;
    w->session.out.aead = &aead; /* too late */
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    assert_false(w->hs->dummy_ccs_sent);
    assert_int_equal(w->told, 0);
    w->session.out.aead = NULL;
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(w->told, 1);
    assert_true(w->event.sent);
    assert_int_equal(w->event.record, 20);
    assert_int_equal(w->event.message, HF_CHANGE_CIPHER_SPEC);
    assert_int_equal(w->event.bytes.len, 1);
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).at[5], 1);
    assert_record(w, 20, 0x0303, 1);
    assert_true(hf_send_dummy_ccs(w->hs));
    assert_int_equal(hf_buffer_bytes(&w->session.outgoing).len, 0);
    end(w);
}

/* ---- messages of the peer -------------------------------------------------------------- */

/* The step of the flow where @me hears @message first. */
static size_t step_of(enum hf_role me, unsigned message)
{
    for (size_t at = 0; at < hf_flow_steps; at++)
        if (hf_flow[at].who != me && hf_flow[at].says == message)
            return at;
    fail();
    return 0;
}

static const char *heard(enum hf_role me, unsigned due, unsigned facts,
                         unsigned came)
{
    static char detail[200];
    const uint8_t message[] = { (uint8_t)came, 0, 0, 0 };
    struct world *w = begin(me);

    w->hs->at = step_of(me, due);
    w->hs->facts = facts;
    hf_reassembly_add(&w->session.messages, HF_SPAN(message));
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_UNEXPECTED);
    assert_int_equal(w->told, 1); /* it came, whatever it is worth */
    assert_false(w->event.sent);
    assert_int_equal(w->event.record, 22);
    assert_int_equal(w->hs->at, step_of(me, due)); /* and nothing is done */
    hf_format(detail, sizeof(detail), "%s", w->session.error.detail);
    end(w);
    return detail;
}

/* What may be left out is not what was due, but what cannot. */
static void what_was_due_is_told(void **state)
{
    (void)state;
    assert_string_equal(
        heard(HF_CLIENT, HF_HELLO_RETRY_REQUEST, 0, HF_FINISHED),
        "finished (20) came where server_hello was due");
    assert_string_equal(heard(HF_CLIENT, HF_HELLO_RETRY_REQUEST, 0, 99),
                        "a message of an unknown type (99) came where "
                        "server_hello was due");
    assert_string_equal(heard(HF_SERVER, HF_CLIENT_HELLO, 0, HF_SERVER_HELLO),
                        "server_hello (2) came where client_hello was due");
    assert_string_equal(
        heard(HF_CLIENT, HF_CERTIFICATE_REQUEST, HF_FACT_TLS13, HF_FINISHED),
        "finished (20) came where certificate was due");
}

/* RFC 8446 5.1: what is due is only due under its own keys. */
static void what_comes_under_other_keys_is_refused(void **state)
{
    static const uint8_t hello[] = { HF_SERVER_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_CLIENT);
    size_t at = step_of(HF_CLIENT, HF_SERVER_HELLO);

    (void)state;
    w->hs->at = at;
    w->session.in.epoch = HF_TRAFFIC;
    hf_reassembly_add(&w->session.messages, HF_SPAN(hello));
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_UNEXPECTED);
    assert_string_equal(w->session.error.detail,
                        "server_hello came under the wrong keys");
    assert_int_equal(w->hs->at, at);
    assert_null(w->hs->transcript.kept[0].at); /* nor was it taken note of */
    end(w);
}

static void a_ccs_is_told_of_where_it_came_in(void **state)
{
    struct world *w = begin(HF_SERVER);

    (void)state;
    w->hs->at = step_of(HF_SERVER, HF_CLIENT_HELLO);
    hf_handshake_ccs(w->hs);
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_UNEXPECTED);
    assert_int_equal(w->told, 0); /* by the engine, and not again here */
    end(w);
}

static bool cannot_copy(struct hf_hash_state *to,
                        const struct hf_hash_state *from)
{
    (void)to;
    (void)from;
    return false;
}

static void a_transcript_that_cannot_be_copied_ends_it(void **state)
{
    static const struct hf_hash hash = { .copy = cannot_copy,
                                         .wipe = wipe_state };
    static const uint8_t hello[] = { HF_CLIENT_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_SERVER);

    (void)state;
    w->hs->at = step_of(HF_SERVER, HF_CLIENT_HELLO);
    w->hs->transcript.hash = &hash;
    hf_reassembly_add(&w->session.messages, HF_SPAN(hello));
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_CRYPTO);
    assert_int_equal(w->hs->at, step_of(HF_SERVER, HF_CLIENT_HELLO));
    end(w);
}

static void whoever_goes_on_in_our_turn_is_refused(void **state)
{
    static const uint8_t early[] = { HF_SERVER_HELLO, 0, 0, 0 };
    struct world *w = begin(HF_CLIENT);
    size_t ours = step_of(HF_SERVER, HF_CLIENT_HELLO); /* where we say it */

    (void)state;
    w->hs->at = ours;
    hf_reassembly_add(&w->session.messages, HF_SPAN(early));
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_equal(w->session.error.code, HF_E_UNEXPECTED);
    assert_string_equal(w->session.error.detail,
                        "the peer went on after its turn had ended");
    assert_int_equal(w->hs->at, ours);
    assert_int_equal(w->told, 0);
    end(w);
}

static void a_message_that_is_too_large_ends_it(void **state)
{
    static const uint8_t huge[] = { HF_SERVER_HELLO, 0xff, 0xff, 0xff };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->hs->at = step_of(HF_CLIENT, HF_SERVER_HELLO);
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_WAIT); /* nothing yet */
    hf_reassembly_add(&w->session.messages, HF_SPAN(huge));
    assert_int_equal(hf_handshake_run(w->hs), HF_STEP_FAILED);
    assert_int_not_equal(w->session.error.code, HF_OK);
    end(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_made_is_wiped_once),
        cmocka_unit_test(without_memory_there_is_none),
        cmocka_unit_test(without_memory_nothing_is_said),
        cmocka_unit_test(what_is_not_in_the_transcript_is_not_said),
        cmocka_unit_test(a_hello_that_cannot_be_bound_is_not_said),
        cmocka_unit_test(each_message_is_told_under_its_own_name),
        cmocka_unit_test(what_was_due_is_told),
        cmocka_unit_test(what_comes_under_other_keys_is_refused),
        cmocka_unit_test(a_ccs_is_told_of_where_it_came_in),
        cmocka_unit_test(a_transcript_that_cannot_be_copied_ends_it),
        cmocka_unit_test(whoever_goes_on_in_our_turn_is_refused),
        cmocka_unit_test(a_message_that_is_too_large_ends_it),
        cmocka_unit_test(only_the_first_hello_is_in_a_record_of_tls_1_0),
        cmocka_unit_test(a_message_that_does_not_fit_is_a_fault_of_ours),
        cmocka_unit_test(
            the_dummy_ccs_is_sent_once_if_a_session_id_asks_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
