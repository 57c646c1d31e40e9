/* chain_test.c - is the peer's chain trusted?  The handshake's own part in it,
 * with a verifier that says what it is told to: what it is asked, what its word
 * is worth, and who has the last one. */
#define HF_UNPOISONED
#include "handshake/handshake.h"
#include "base/starve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- the verifier -------------------------------------------------------------------- */

static struct {
    bool ok;
    uint64_t token;
    uint16_t code;
    unsigned asked;
    struct hf_verify v; /* what it was asked */
} verifier;

bool __wrap_hf_verify_chain(const struct hf_verify *v, struct hf_verified *out,
                            struct hf_error *error);
bool __wrap_hf_verify_chain(const struct hf_verify *v, struct hf_verified *out,
                            struct hf_error *error)
{
    verifier.asked++;
    verifier.v = *v;
    assert_true(out->token == 0); /* success is never the default */
    out->token = verifier.token;
    if (verifier.code)
        (void)hf_fail(error, verifier.code, "as told");
    return verifier.ok;
}

/* Timestamps are kept before that; there is seldom no memory for them. */
static bool no_scts;

bool __wrap_hf_keep_scts(struct hf_handshake *hs);
bool __wrap_hf_keep_scts(struct hf_handshake *hs)
{
    return !no_scts || hf_fail(hs->error, HF_E_OUT_OF_MEMORY, NULL);
}

/* ---- the world ------------------------------------------------------------------------- */

struct world {
    struct hf_settings settings;
    struct hf_session session;
    struct hf_handshake *hs;
    struct hf_error why;
    unsigned insecure, client_cert, events; /* that who watches was told of */
};

static void watch(void *ctx, const struct hf_event *event)
{
    struct world *w = ctx;

    w->events++;
    w->insecure += event->id == HF_EV_INSECURE && !event->ok;
    w->client_cert += event->id == HF_EV_CLIENT_CERT && event->ok;
}

static int64_t the_time(void *ctx)
{
    return *(const int64_t *)ctx;
}

static int64_t now = 1234567;

static struct world *begin(enum hf_role role)
{
    static struct world w;

    memset(&w, 0, sizeof(w));
    w.settings.clock = the_time;
    w.settings.clock_ctx = &now;
    w.session.role = role;
    w.session.settings = &w.settings;
    w.session.watch = watch;
    w.session.watch_ctx = &w;
    w.hs = hf_handshake_new(&w.session);
    assert_non_null(w.hs);
    w.hs->facts = HF_FACT_TLS13;
    memset(&verifier, 0, sizeof(verifier));
    return &w;
}

static void end(struct world *w)
{
    hf_handshake_free(w->hs);
    hf_session_wipe(&w->session);
}

static void say(bool ok, uint64_t token, uint16_t code)
{
    verifier.ok = ok;
    verifier.token = token;
    verifier.code = code;
}

/* ---- what is asked ---------------------------------------------------------------------- */

static void the_verifier_is_asked_what_the_settings_say(void **state)
{
    struct world *w = begin(HF_CLIENT);
    struct hf_settings *set = &w->settings;
    struct hf_cert *chain[] = { NULL, NULL };
    const struct hf_verify *v = &verifier.v;

    (void)state;
    set->store = (struct hf_store *)&now; /* nobody looks into it */
    set->known = (struct hf_known *)&now;
    set->min_rsa_bits = 3072;
    set->revocation = 2;
    set->cert_verify = (struct hf_numbers){ { 0x0403, 0x0503 }, 2 };
    set->no_time_check = true;
    w->session.peer = chain;
    w->session.peer_count = 2;
    w->hs->check_name = true;
    w->hs->stapled = true;
    w->hs->sent = HF_BIT(status_request);
    say(true, HF_VERIFIED_TOKEN, 0);
    assert_true(hf_chain_trusted(w->hs, &w->why));
    assert_int_equal(w->why.code, HF_OK);
    assert_ptr_equal(v->crypto, &set->crypto);
    assert_ptr_equal(v->store, set->store);
    assert_ptr_equal(v->known, set->known);
    assert_ptr_equal(v->chain, chain);
    assert_int_equal(v->count, 2);
    assert_ptr_equal(v->name, &w->hs->name);
    assert_int_equal(v->purpose, HF_PURPOSE_SERVER);
    assert_int_equal(v->now, now);
    assert_true(v->any_time);
    assert_int_equal(v->min_rsa_bits, 3072);
    assert_int_equal(v->leaf_usage, 0);
    assert_ptr_equal(v->schemes, set->cert_verify.at);
    assert_int_equal(v->scheme_count, 2);
    assert_int_equal(v->revocation, 2);
    assert_ptr_equal(v->crls, &set->crls);
    assert_ptr_equal(v->staples, w->hs->staples);
    assert_true(v->staple_asked);
    assert_null(v->tree);
    assert_ptr_equal(v->watch, watch);
    assert_ptr_equal(v->watch_ctx, w);
    w->session.peer = NULL;
    w->session.peer_count = 0;
    end(w);
}

static void a_server_asks_for_another_purpose_and_no_name(void **state)
{
    struct world *w = begin(HF_SERVER);

    (void)state;
    say(true, HF_VERIFIED_TOKEN, 0);
    assert_true(hf_chain_trusted(w->hs, &w->why));
    assert_int_equal(verifier.v.purpose, HF_PURPOSE_CLIENT);
    assert_null(verifier.v.name);
    assert_null(verifier.v.staples);
    assert_false(verifier.v.staple_asked);
    assert_false(verifier.v.any_time);
    end(w);
}

/* RSA key transport encrypts to the key of the leaf. */
static void the_use_of_the_key_is_asked_for(void **state)
{
    struct world *w = begin(HF_CLIENT);
    struct hf_cert leaf = { .key = { .kind = HF_KEY_RSA } };
    struct hf_cert *chain[] = { &leaf };

    (void)state;
    w->hs->facts = 0;
    w->session.peer = chain;
    say(true, HF_VERIFIED_TOKEN, 0);
    assert_true(hf_chain_trusted(w->hs, &w->why));
    assert_int_equal(verifier.v.leaf_usage, HF_USE_KEY_ENCIPHERMENT);
    w->session.peer = NULL;
    end(w);
}

static void without_a_clock_nobody_is_trusted(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->settings.clock = NULL;
    say(true, HF_VERIFIED_TOKEN, 0);
    assert_false(hf_chain_trusted(w->hs, &w->why));
    assert_int_equal(w->why.code, HF_E_BAD_OPTION);
    assert_int_equal(verifier.asked, 0);
    end(w);
}

/* ---- what its word is worth --------------------------------------------------------------- */

/* Trust is a value that one function writes: "true" alone is none. */
static void trust_is_a_proof_and_not_a_word(void **state)
{
    static const struct {
        bool ok;
        uint64_t token;
        uint16_t code;
        bool trusted;
        uint16_t why;
    } rows[] = {
        { true, HF_VERIFIED_TOKEN, 0, true, HF_OK },
        { true, 0, 0, false, HF_E_BUG },
        { true, HF_VERIFIED_TOKEN ^ 1, 0, false, HF_E_BUG },
        { false, HF_VERIFIED_TOKEN, HF_E_EXPIRED, false, HF_E_EXPIRED },
        { false, 0, HF_E_EXPIRED, false, HF_E_EXPIRED },
        { false, 0, 0, false, HF_E_BUG },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct world *w = begin(HF_CLIENT);

        say(rows[i].ok, rows[i].token, rows[i].code);
        assert_int_equal(hf_chain_trusted(w->hs, &w->why), rows[i].trusted);
        assert_int_equal(w->why.code, rows[i].why);
        assert_int_equal(w->session.error.code, HF_OK); /* not yet */
        end(w);
    }
}

/* The ways that were tried are kept if that is wanted, and only in vain. */
static void what_was_tried_is_kept_for_those_who_ask_why(void **state)
{
    (void)state;
    for (unsigned wanted = 0; wanted < 2; wanted++)
        for (unsigned ok = 0; ok < 2; ok++) {
            struct world *w = begin(HF_CLIENT);

            w->settings.why_not = wanted;
            /* Of an earlier try. */
            w->session.tried = hf_alloc(sizeof(*w->session.tried));
            w->session.tried->lost = 77;
            say(ok, ok ? HF_VERIFIED_TOKEN : 0, ok ? 0 : HF_E_EXPIRED);
            assert_int_equal(hf_chain_trusted(w->hs, &w->why), ok);
            assert_int_equal(w->session.tried != NULL, wanted && !ok);
            assert_int_equal(verifier.v.tree != NULL, wanted);
            if (w->session.tried) {
                assert_ptr_equal(w->session.tried, verifier.v.tree);
                assert_int_equal(w->session.tried->lost, 0);
            }
            end(w);
        }
}

static void without_memory_for_that_the_verdict_is_the_same(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->settings.why_not = true;
    say(false, 0, HF_E_EXPIRED);
    fail_at = 1;
    assert_false(hf_chain_trusted(w->hs, &w->why));
    assert_int_equal(fail_at, 0);
    assert_int_equal(w->why.code, HF_E_EXPIRED);
    assert_null(verifier.v.tree);
    assert_null(w->session.tried);
    end(w);
}

/* ---- the job ------------------------------------------------------------------------------ */

static void assert_job(struct world *w, enum hf_step_result result, bool proof,
                       uint16_t code)
{
    assert_int_equal(hf_job_verify_chain(w->hs), result);
    assert_true(w->hs->proofs.chain == (proof ? HF_PROOF_CHAIN : 0));
    assert_int_equal(w->session.error.code, code);
}

static void a_trusted_chain_is_proved(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    say(true, HF_VERIFIED_TOKEN, 0);
    assert_job(w, HF_STEP_DONE, true, HF_OK);
    assert_true(w->session.verified);
    assert_int_equal(w->events, 0);
    end(w);
    w = begin(HF_CLIENT);
    say(false, 0, HF_E_EXPIRED);
    assert_job(w, HF_STEP_FAILED, false, HF_E_EXPIRED);
    assert_false(w->session.verified);
    end(w);
}

static void without_its_timestamps_no_chain_is_asked_about(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    say(true, HF_VERIFIED_TOKEN, 0);
    no_scts = true;
    assert_job(w, HF_STEP_FAILED, false, HF_E_OUT_OF_MEMORY);
    w->settings.no_verify = true;
    assert_job(w, HF_STEP_FAILED, false, HF_E_OUT_OF_MEMORY);
    no_scts = false;
    assert_int_equal(verifier.asked, 0);
    assert_int_equal(w->insecure, 0);
    end(w);
}

static void whoever_wants_no_verification_is_told_so(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->settings.no_verify = true;
    say(false, 0, HF_E_EXPIRED);
    assert_job(w, HF_STEP_DONE, true, HF_OK);
    assert_false(w->session.verified); /* excused is not verified */
    assert_int_equal(verifier.asked, 0);
    assert_int_equal(w->insecure, 1);
    end(w);
}

static void the_application_may_have_the_last_word(void **state)
{
    (void)state;
    for (unsigned ours = 0; ours < 2; ours++)
        for (unsigned theirs = 0; theirs < 2; theirs++) {
            struct world *w = begin(HF_CLIENT);

            w->settings.questions = HF_ASK_VERIFY;
            say(ours, ours ? HF_VERIFIED_TOKEN : 0, ours ? 0 : HF_E_EXPIRED);
            assert_job(w, HF_STEP_WAIT, false, HF_OK);
            assert_int_equal(w->hs->question.kind, HF_ASK_VERIFY);
            assert_int_equal(w->hs->question.code, ours ? HF_OK : HF_E_EXPIRED);
            assert_int_equal(w->session.verified, ours);
            w->hs->answered = true;
            w->hs->answer.accept = theirs;
            assert_job(w, theirs ? HF_STEP_DONE : HF_STEP_FAILED, theirs,
                       theirs ? HF_OK : HF_E_VERDICT);
            assert_false(w->hs->answered); /* it counts once */
            assert_int_equal(verifier.asked, 1);
            end(w);
        }
}

/* Another question is no question about the chain. */
static void who_answers_other_questions_is_not_asked(void **state)
{
    struct world *w = begin(HF_CLIENT);

    (void)state;
    w->settings.questions = ~(unsigned)HF_ASK_VERIFY;
    say(false, 0, HF_E_EXPIRED);
    assert_job(w, HF_STEP_FAILED, false, HF_E_EXPIRED);
    end(w);
}

/* ---- what was sent -------------------------------------------------------------------------- */

static void a_chain_has_sixteen_certificates_at_most(void **state)
{
    static const uint8_t der[] = { 0x30, 0 };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    for (size_t i = 0; i < HF_CHAIN_MAX; i++) {
        assert_true(hf_keep_certificate(w->hs, HF_SPAN(der), true));
        assert_int_equal(w->session.peer_count, i + 1);
        assert_non_null(w->session.peer[i]);
    }
    for (size_t i = 1; i < HF_CHAIN_MAX; i++)
        assert_ptr_not_equal(w->session.peer[i], w->session.peer[i - 1]);
    assert_false(hf_keep_certificate(w->hs, HF_SPAN(der), true));
    assert_int_equal(w->session.error.code, HF_E_BUDGET);
    assert_string_equal(w->session.error.detail,
                        "17 certificates or more were sent, at most 16 are "
                        "read");
    assert_int_equal(w->session.peer_count, HF_CHAIN_MAX);
    end(w);
}

static void without_memory_none_is_kept(void **state)
{
    static const uint8_t der[] = { 0x30, 0 };

    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        struct world *w = begin(HF_CLIENT);

        assert_true(hf_keep_certificate(w->hs, HF_SPAN(der), true));
        fail_at = n;
        assert_false(hf_keep_certificate(w->hs, HF_SPAN(der), true));
        assert_int_equal(fail_at, 0);
        assert_int_equal(w->session.error.code, HF_E_OUT_OF_MEMORY);
        assert_int_equal(w->session.peer_count, 1);
        end(w);
    }
}

static void what_cannot_be_parsed_is_not_kept(void **state)
{
    static const uint8_t der[] = { 0x30, 3, 2, 1, 1 };
    struct world *w = begin(HF_CLIENT);

    (void)state;
    assert_false(hf_keep_certificate(w->hs, HF_SPAN(der), false));
    assert_int_equal(w->session.error.code, HF_E_CERT_DER);
    assert_int_equal(w->session.peer_count, 0);
    end(w);
}

/* An empty chain, by who was to show one. */
static void who_shows_none_is_refused_if_one_is_needed(void **state)
{
    static const struct {
        enum hf_role me;
        unsigned auth, version;
        uint16_t code;
        uint8_t alert;
    } rows[] = {
        { HF_CLIENT, 0, HF_TLS13, HF_E_EMPTY_CHAIN, 50 },
        { HF_CLIENT, 0, HF_TLS12, HF_E_EMPTY_CHAIN, 50 },
        { HF_SERVER, HF_CLIENT_AUTH_OPTIONAL, HF_TLS13, HF_OK, 0 },
        { HF_SERVER, HF_CLIENT_AUTH_OPTIONAL, HF_TLS12, HF_OK, 0 },
        /* RFC 8446 4.4.2.4: certificate_required; RFC 5246 7.4.6:
         * handshake_failure. */
        { HF_SERVER, HF_CLIENT_AUTH_REQUIRED, HF_TLS13,
          HF_E_NO_PEER_CERTIFICATE, 116 },
        { HF_SERVER, HF_CLIENT_AUTH_REQUIRED, HF_TLS12,
          HF_E_NO_PEER_CERTIFICATE, 40 },
    };

    (void)state;
    for (size_t i = 0; i < HF_COUNT(rows); i++) {
        struct world *w = begin(rows[i].me);
        bool may = rows[i].code == HF_OK;

        w->settings.client_auth = (uint8_t)rows[i].auth;
        w->session.version = (uint16_t)rows[i].version;
        assert_int_equal(hf_no_chain(w->hs), may);
        assert_int_equal(w->session.error.code, rows[i].code);
        assert_int_equal(w->session.error.alert, rows[i].alert);
        assert_int_equal(w->client_cert, may);
        assert_int_equal(w->hs->facts, HF_FACT_TLS13);
        end(w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verifier_is_asked_what_the_settings_say),
        cmocka_unit_test(a_server_asks_for_another_purpose_and_no_name),
        cmocka_unit_test(the_use_of_the_key_is_asked_for),
        cmocka_unit_test(without_a_clock_nobody_is_trusted),
        cmocka_unit_test(trust_is_a_proof_and_not_a_word),
        cmocka_unit_test(what_was_tried_is_kept_for_those_who_ask_why),
        cmocka_unit_test(without_memory_for_that_the_verdict_is_the_same),
        cmocka_unit_test(a_trusted_chain_is_proved),
        cmocka_unit_test(without_its_timestamps_no_chain_is_asked_about),
        cmocka_unit_test(whoever_wants_no_verification_is_told_so),
        cmocka_unit_test(the_application_may_have_the_last_word),
        cmocka_unit_test(who_answers_other_questions_is_not_asked),
        cmocka_unit_test(a_chain_has_sixteen_certificates_at_most),
        cmocka_unit_test(without_memory_none_is_kept),
        cmocka_unit_test(what_cannot_be_parsed_is_not_kept),
        cmocka_unit_test(who_shows_none_is_refused_if_one_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
